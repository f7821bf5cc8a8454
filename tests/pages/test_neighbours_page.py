"""The Neighbours page: what it shows is what the verbs compute, and each control changes it."""

import csv
import io
import json
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from queue import SimpleQueue
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from gradviz.datasets import ImageSet, find
from gradviz.experiment import Experiment
from gradviz.export import features_npz
from gradviz.home import ASSETS
from gradviz.metrics import average_precision
from gradviz.networks import NETWORKS
from gradviz.spec import Spec
from gradviz.ui import chosen, frame, visitor, widgets
from gradviz.ui.components import neighbours, queries
from gradviz.ui.queue import Queue
from gradviz.ui.selection import Selection
from tests.pages.apps import IMAGES, at, lab, said, settled
from tests.pages.components import unpacked

PAGE = "pages/explore/neighbours.py"
NAMES = ("x6", "dy7", "dW7")


class Browser:
    """What the two components were given last, in place of them, and what they say before the next run."""

    def __init__(self) -> None:
        self.given: dict[str, tuple[dict, list[bytes]]] = {}
        self.callbacks: dict[str, Callable[[], None]] = {}
        self.next: list[Callable[[], None]] = []
        self.pair: str | None = None

    def __call__(self, *, data: bytes, key: str, **callbacks: Callable[[], None]) -> SimpleNamespace:
        self.given[key] = unpacked(data)
        self.callbacks |= {f"{key} {name}": call for name, call in callbacks.items()}
        pair, self.pair = self.pair, None if key == "neighbours" else self.pair
        return SimpleNamespace(pair=pair)

    def says(self, app: AppTest, key: str, name: str, value: object) -> AppTest:
        """Have a component report a value, as Streamlit does: its callback runs before the page."""

        def report() -> None:
            st.session_state[key] = SimpleNamespace(**{name: value})
            self.callbacks[f"{key} on_{name}_change"]()

        self.next.append(report)
        return settled(app)

    @property
    def rows(self) -> dict:
        return self.given["neighbours"][0]

    @property
    def foot(self) -> dict:
        return self.given["queries"][0]

    @property
    def query(self) -> str:
        return self.rows["asked"]["id"]

    def nearest(self, row: int) -> list[tuple[str, float]]:
        """Return id and value of each photograph in a row."""
        seen = self.rows["photographs"]
        return [(seen[k]["id"], seen[k]["values"][row]) for k in self.rows["rows"][row]["nearest"]]


@pytest.fixture
def browser(monkeypatch: pytest.MonkeyPatch) -> Browser:
    found, dress = Browser(), frame.dress

    def begin() -> None:
        while found.next:
            found.next.pop()()
        dress()

    monkeypatch.setattr(neighbours, "_component", found)
    monkeypatch.setattr(queries, "_component", found)
    monkeypatch.setattr(frame, "dress", begin)
    return found


@pytest.fixture
def images(photographs: Path) -> ImageSet:
    return find(photographs)


def shown_as(browser: Browser, lab: Experiment, names: tuple[str, ...] = NAMES, **how: Any) -> None:
    """Compare the rows with what the verb answers, which is what the command line prints."""
    for row, name in enumerate(names):
        truth = lab.neighbours(name, browser.query, top=browser.rows["near"], **how)
        ids, values = zip(*browser.nearest(row), strict=True)
        assert list(ids) == [one.id for one in truth], name
        np.testing.assert_allclose(values, [one.value for one in truth], atol=2e-6)


def judged(of: Experiment, query: str) -> tuple[list[str], np.ndarray]:
    """Return the chosen photographs, and for each whether it is a hit, by sets of names."""
    rows = of.kernel("x6").rows
    classes = set(rows.images.labels_of(rows.images.source(query)))
    wanted = [c for c, name in enumerate(rows.images.classes) if name in classes]
    relevant = []
    for name, labels in zip(rows.ids, rows.labels[:, wanted], strict=True):
        relevant.append(0 if name == query else 1 if (labels == 1).any() else 0 if (labels == 0).any() else -1)
    return list(rows.ids), np.array(relevant)


def test_rows_scores_and_card_are_those_of_the_verbs(app: AppTest, browser: Browser, photographs: Path) -> None:
    at(app, PAGE)
    of = lab(photographs)
    shown_as(browser, of)
    ids, relevant = judged(of, browser.query)
    row = ids.index(browser.query)
    found = of.kernel("dW7")
    kernels = (found.K_fw, found.K_bw, found.K)
    for k, K in enumerate(kernels):
        truth = 100 * average_precision(K[row], relevant, "sklearn")
        assert browser.rows["rows"][k]["ap"] == pytest.approx(truth, abs=1e-4)
        ranks, shares = (np.frombuffer(browser.given["neighbours"][1][k + part], kind) for part, kind in PARTS)
        assert 100 * shares.mean() == pytest.approx(truth, abs=1e-4)
        order = [i for i in np.argsort(-K[row], kind="stable") if i != row]
        assert ranks.tolist() == [r for r, i in enumerate(order, 1) if relevant[i] == 1]
    for one in browser.rows["photographs"]:
        forward, backward, product = one["values"]
        assert product == pytest.approx(forward * backward, abs=1e-6)
        assert one["judged"] == relevant[ids.index(one["id"])]
        assert one["ranks"] == [1 + sum(K[row] > K[row, ids.index(one["id"])]) - 1 for K in kernels]
    assert browser.rows["total"] == IMAGES - 1
    classes = browser.rows["asked"]["classes"]
    images = find(photographs)
    assert classes == list(images.labels_of(images.source(browser.query)))


PARTS = ((1, "<u4"), (4, "<f4"))
"""Where the ranks and the precisions of the first row are, and what they are written as."""


def test_all_queries_are_scored_and_the_table_and_the_ten_follow(
    app: AppTest, browser: Browser, photographs: Path
) -> None:
    at(app, PAGE)
    of = lab(photographs)
    found = of.kernel("dW7")
    ids = list(found.rows.ids)
    truth = np.full((3, IMAGES), np.nan)
    for q, name in enumerate(ids):
        _, relevant = judged(of, name)
        for k, K in enumerate((found.K_fw, found.K_bw, found.K)):
            truth[k, q] = 100 * average_precision(K[q], relevant, "sklearn")
    first, second = (np.frombuffer(part, "<f4") for part in browser.given["queries"][1][:2])
    np.testing.assert_allclose(first, truth[0], rtol=1e-4)
    np.testing.assert_allclose(second, truth[2], rtol=1e-4)
    known = truth[:, ~np.isnan(truth[0])]
    assert browser.foot["counted"] == known.shape[1] < IMAGES + 1
    for k, line in enumerate(browser.foot["lines"]):
        assert line["mean"] == pytest.approx(known[k].mean(), abs=1e-4)
        best = [
            (known[:, q].max() == known[k, q]) / (known[:, q] == known[:, q].max()).sum() for q in range(known.shape[1])
        ]
        assert line["best"] == pytest.approx(100 * np.mean(best), abs=1e-6)
    change = np.nan_to_num(truth[2] - truth[0])
    for way, size in (("either", np.abs(change)), ("gain", change), ("loss", -change)):
        if way != "either":
            browser.says(app, "queries", "way", way)
            assert app.query_params["way"] in (way, [way])
        order = [int(i) for i in np.argsort(-size, kind="stable")[:10] if size[i] > 0]
        assert browser.foot["ten"] == order
        assert browser.foot["way"] == way
    ours = browser.foot["ten"][0]
    browser.says(app, "queries", "query", ids[ours])
    assert browser.query == ids[ours]
    assert browser.foot["query"] == ours


def test_a_click_makes_a_photograph_the_query_on_every_page_and_in_the_link(
    app: AppTest, browser: Browser, photographs: Path
) -> None:
    at(app, PAGE)
    (other, _), before = browser.nearest(1)[3], browser.query
    browser.says(app, "neighbours", "query", other)
    assert browser.query == other != before
    assert app.session_state["chosen"].focus == other
    assert app.query_params["focus"] in (other, [other])
    shown_as(browser, lab(photographs))


def test_another_query_is_drawn_by_the_seed(app: AppTest, browser: Browser, photographs: Path) -> None:
    at(app, PAGE)
    seen = [browser.query]
    for _ in range(3):
        settled(app.button(key="another query").click().run())
        seen.append(browser.query)
        assert app.query_params["focus"] in (seen[-1], [seen[-1]])
    assert all(a != b for a, b in pairwise(seen))
    assert browser.rows["rows"][0]["ap"] is not None
    shown_as(browser, lab(photographs))
    app.session_state["chosen"] = chosen.Chosen()
    app.session_state["seed"] = 5
    settled(app)
    assert browser.query != seen[0]


def test_how_many_are_nearest_and_among_which_follow_the_pickers_and_the_link(
    app: AppTest, browser: Browser, photographs: Path, images: ImageSet
) -> None:
    at(app, PAGE)
    assert [len(row["nearest"]) for row in browser.rows["rows"]] == [12] * 3
    browser.says(app, "neighbours", "near", 24)
    assert [len(row["nearest"]) for row in browser.rows["rows"]] == [24] * 3
    assert app.query_params["near"] in ("24", ["24"])
    browser.says(app, "neighbours", "near", 6)
    shown_as(browser, lab(photographs))
    whole = browser.rows["rows"][2]["ap"]
    asked = images.ids[images.select("train", IMAGES)[3]]
    browser.says(app, "neighbours", "among", "val")
    assert app.selectbox(key="split").value == "val"
    browser.says(app, "neighbours", "query", browser.nearest(0)[0][0])
    app.session_state["chosen"] = chosen.Chosen(focus=asked)
    settled(app)
    assert browser.query == asked, "a photograph of train may look for its like in val"
    assert browser.rows["total"] == len(images.select("val", IMAGES))
    shown_as(browser, lab(photographs), split="val")
    assert browser.rows["rows"][2]["ap"] != whole
    assert browser.foot["query"] is None


def test_a_link_opens_the_same_view(app: AppTest, browser: Browser, photographs: Path, images: ImageSet) -> None:
    asked = images.ids[images.select("val", IMAGES)[2]]
    app.query_params.update({"focus": asked, "near": "6", "split": "val", "layer": "fc6", "way": "gain"})
    at(app, PAGE)
    assert (browser.query, browser.rows["near"], browser.rows["split"]) == (asked, 6, "val")
    assert browser.foot["way"] == "gain"
    shown_as(browser, lab(photographs), ("x5", "dy6", "dW6"), split="val")


def test_a_pair_opens_in_kernels(app: AppTest, browser: Browser) -> None:
    at(app, PAGE)
    query, (other, _) = browser.query, browser.nearest(2)[0]
    browser.pair = other
    app.run()
    assert [title.value for title in app.title] == ["Kernels"]
    assert app.session_state["pair"] == (query, other)


def test_the_temperature_changes_backward_and_product_alone(app: AppTest, browser: Browser, photographs: Path) -> None:
    at(app, PAGE)
    before = [browser.nearest(row) for row in range(3)]
    app.select_slider(key="temperature").set_value(8.0)
    settled(app)
    assert browser.nearest(0) == before[0]
    assert browser.nearest(1) != before[1]
    shown_as(browser, lab(photographs, temperature=8.0))


def test_exports_hold_rows_and_scores_with_every_choice(
    app: AppTest, browser: Browser, photographs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    offered: dict[str, widgets.Download] = {}
    monkeypatch.setattr(widgets, "downloads", lambda offers: offered.update({one.label: one for one in offers}))
    app.query_params.update({"near": "6", "seed": "7"})
    at(app, PAGE)
    rows, every = offered["Three rows as CSV"], offered["All queries as CSV"]
    assert rows.name == f"neighbours_few_AlexNet-64_fc7_dW7_tau1_all_n{IMAGES}_{browser.query}_top6.csv"
    lines = list(csv.DictReader(io.StringIO(rows.build())))
    ranks = [(line["representation"], int(line["rank"])) for line in lines]
    assert ranks == [(name, rank) for name in NAMES for rank in range(1, 7)]
    of = lab(photographs)
    for name in NAMES:
        truth = of.neighbours(name, browser.query, top=6)
        ours = [line for line in lines if line["representation"] == name]
        assert [(line["id"], line["classes"]) for line in ours] == [(one.id, "; ".join(one.labels)) for one in truth]
        assert [float(line["value"]) for line in ours] == pytest.approx([one.value for one in truth], abs=2e-6)
    shown = {one["id"]: one["marks"] for one in browser.rows["photographs"]}
    classes = browser.rows["asked"]["classes"]
    for line in lines:
        shared = [name for name, mark in zip(classes, shown[line["id"]], strict=True) if mark == 1]
        assert line["in_common"] == "; ".join(shared)
    made = json.loads(lines[0]["made_from"])
    assert (made["image"], made["top"], made["representations"]) == (browser.query, 6, list(NAMES))
    assert made["seed"] == 7
    assert {"weights_digest", "dataset_digest", "temperature", "normalise", "versions", "split"} <= set(made)
    lines = list(csv.DictReader(io.StringIO(every.build())))
    assert len(lines) == IMAGES
    first, second = (np.frombuffer(part, "<f4") for part in browser.given["queries"][1][:2])
    for column, values in (("ap_x6", first), ("ap_dW7", second)):
        for line, value in zip(lines, values, strict=True):
            assert (line[column] == "") == np.isnan(value)
            assert line[column] == "" or float(line[column]) == pytest.approx(value, abs=0.006)
    assert json.loads(lines[0]["made_from"])["temperature"] == 1.0


def few(folder: Path, labels: np.ndarray | None, n: int = 3, **more: Any) -> Path:
    """Write features of n photographs, some values equal and some negative, and return the file."""
    random = np.random.default_rng(1)
    x, dy = (random.choice([-1.0, 1.0], (n, 4)).astype(np.float32) for _ in range(2))
    arrays: dict[str, Any] = {"ids": np.array([f"p{i}" for i in range(n)]), "x6": x, "dy7": dy, **more}
    if labels is not None:
        arrays |= {"labels": labels, "classes": np.array([f"class {c}" for c in range(labels.shape[1])])}
    np.savez(folder / "few.npz", **arrays)
    return folder / "few.npz"


@pytest.mark.parametrize("classes", ["none", "one", "apart"])
def test_three_photographs_without_classes_with_one_and_with_none_in_common(
    classes: str, start, browser: Browser, tmp_path: Path
) -> None:
    labels = {"none": None, "one": np.ones((3, 1)), "apart": np.where(np.eye(3) == 1, 1, -1)}[classes]
    file = few(tmp_path, labels)
    at(start(file), PAGE)
    assert [len(row["nearest"]) for row in browser.rows["rows"]] == [2] * 3
    assert browser.rows["total"] == 2
    shown_as(browser, Experiment(find(file), Spec()), tuple(NAMES))
    aps = [row["ap"] for row in browser.rows["rows"]]
    about = browser.rows["asked"]["about"]
    if classes == "one":
        assert aps == [100.0] * 3
        assert about == "2 of the 2 others show it too."
        assert [line["best"] for line in browser.foot["lines"]] == pytest.approx([100 / 3] * 3)
        assert browser.foot["ten"] == []
    else:
        assert aps == [None] * 3
        assert ("Without classes" in about) if classes == "none" else ("is undefined" in about)
        assert "no query has an average precision" in browser.foot["said"]
        judged = {one["judged"] for one in browser.rows["photographs"]}
        assert judged == ({None} if classes == "none" else {-1})


def test_equal_and_negative_values_are_in_the_data_sets_order(start, browser: Browser, tmp_path: Path) -> None:
    labels = np.where(np.random.default_rng(3).random((20, 3)) < 0.5, 1, -1)
    file = few(tmp_path, labels, 20)
    app = at(start(file), PAGE)
    values = [value for _, value in browser.nearest(2)]
    assert len(set(values)) < len(values)
    of = Experiment(find(file), Spec())
    shown_as(browser, of)
    browser.says(app, "neighbours", "near", 24)
    assert min(value for _, value in browser.nearest(2)) < 0
    shown_as(browser, of)


def test_fewer_than_two_photographs_have_no_neighbours(start, tmp_path: Path) -> None:
    app = at(start(few(tmp_path, None, 1)), PAGE)
    assert "One photograph has no neighbours" in app.info[0].value


def test_who_shows_no_class_has_no_score_and_difficult_ones_are_left_out(
    start, browser: Browser, tmp_path: Path
) -> None:
    labels = np.array([[1, -1], [0, -1], [1, -1], [-1, 1], [-1, -1], [-1, 1]])
    app = start(few(tmp_path, labels, 6))
    app.query_params["focus"] = "p0"
    at(app, PAGE)
    assert browser.rows["asked"]["about"] == "1 of the 5 others shows it too. 1 more only as difficult: left out."
    assert {one["id"]: one["judged"] for one in browser.rows["photographs"]} == {
        "p1": 0,
        "p2": 1,
        "p3": -1,
        "p4": -1,
        "p5": -1,
    }
    browser.says(app, "neighbours", "query", "p4")
    assert browser.rows["asked"]["about"].startswith("It shows no class")
    assert {one["judged"] for one in browser.rows["photographs"]} == {None}


def test_a_pooled_approximation_is_called_so(monkeypatch: pytest.MonkeyPatch, app: AppTest, browser: Browser) -> None:
    at(app, PAGE)
    assert not any(row["approximate"] for row in browser.rows["rows"])
    pooled = replace(NETWORKS["alexnet64"], pooled=True)
    monkeypatch.setattr(Selection, "network", property(lambda _: pooled))
    browser.says(app, "neighbours", "near", 6)
    assert [row["approximate"] for row in browser.rows["rows"]] == [False, False, True]


def test_ones_own_photograph_is_a_query_and_a_click_returns_to_the_set(
    app: AppTest, browser: Browser, photographs: Path, tmp_path: Path
) -> None:
    at(app, PAGE)
    here = visitor.Visitor(Queue(), tmp_path, SimpleQueue())
    upload = io.BytesIO(ASSETS.joinpath("demo/JPEGImages/000001.jpg").read_bytes())
    upload.name = "mine.jpg"
    here.take([upload], lambda done, total: None, lambda: False)
    app.session_state["visitor"] = here
    settled(app)
    asked = browser.rows["asked"]
    assert (asked["id"], asked["name"], asked["own"]) == ("mine.jpg", "★ mine.jpg", True)
    assert "A link cannot carry" in asked["about"]
    own = here.own()
    assert own is not None
    of = lab(photographs)
    shown_as(browser, of, of=own.experiment(of.spec))
    assert browser.rows["total"] == IMAGES
    assert browser.rows["rows"][0]["ap"] is None
    assert browser.foot["query"] is None
    browser.pair = browser.nearest(0)[0][0]
    app.run()
    assert [title.value for title in app.title] == ["Neighbours"], "a pair with one's own cannot be opened elsewhere"
    other = browser.nearest(0)[1][0]
    browser.says(app, "neighbours", "query", other)
    assert browser.rows["asked"]["id"] == other
    assert not browser.rows["asked"]["own"]


def test_features_without_pictures_have_rows_too(start, browser: Browser, photographs: Path, tmp_path: Path) -> None:
    with (tmp_path / "given.npz").open("wb") as out:
        features_npz(lab(photographs).features(["x6", "dy7"]), {}, out)
    app = at(start(tmp_path / "given.npz"), PAGE)
    assert not app.error
    assert not browser.rows["pictured"]
    assert browser.rows["rows"][0]["ap"] is not None
    assert "Your own" not in said(app)
