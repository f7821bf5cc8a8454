"""Reports of the pages: every command in them gives the numbers that the page shows, and all pages are one file."""

import io
import json
import re
import shlex
import struct
import time
from base64 import b64decode
from collections.abc import Callable
from html import unescape
from pathlib import Path

import numpy as np
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from gradviz.export import features_npz
from gradviz.ui import polling
from tests.pages.apps import aligned, at, exporting, lab, page_table, payload, settled

KERNELS, MAP, DATA = "pages/explore/kernels.py", "pages/explore/map.py", "pages/data/data.py"
NEIGHBOURS, NETWORK = "pages/explore/neighbours.py", "pages/start/network.py"
SVM, LAYERS = "pages/evaluate/svm.py", "pages/evaluate/layers.py"

Offered = dict[str, Callable[[], str]]


@pytest.fixture
def offered(monkeypatch: pytest.MonkeyPatch) -> Offered:
    """Return what the pages give to download buttons, by the button's label."""
    found, draw = {}, st.download_button

    def drawn(label, data, *more, **settings):
        found[label] = data
        return draw(label, data, *more, **settings)

    monkeypatch.setattr(st, "download_button", drawn)
    return found


def commands(file: str) -> list[list[str]]:
    """Return the words of each command in a report."""
    lines = [unescape(line) for line in re.findall(r'<div class="command"><pre>(.*?)</pre>', file, re.DOTALL)]
    words = [shlex.split(line) for line in lines]
    assert all(line[0] == "gradviz" for line in words)
    return [line[1:] for line in words]


def figures(file: str) -> list[dict[str, tuple[str, bytes]]]:
    """Return the figures of each page by key: component and data."""
    text = re.findall(r'<script type="application/json" id="gv-report">(.*?)</script>', file, re.DOTALL)[0]
    return [{f["key"]: (f["component"], b64decode(f["data"])) for f in page} for page in json.loads(text)["pages"]]


def header(data: bytes) -> dict:
    (size,) = struct.unpack("<I", data[:4])
    return json.loads(data[4 : 4 + size])


def report(app: AppTest, page: str, offered: Offered) -> str:
    exporting(at(app, page))
    return offered["Report as HTML"]()


def told(gradviz, *words: str) -> object:
    code, out, err = gradviz(*words, "--json")
    assert code == 0, err
    return json.loads(out)


@pytest.fixture
def chosen(app: AppTest) -> AppTest:
    """Return the dashboard with choices that are nobody's defaults."""
    app.query_params["temperature"] = "8"
    app.query_params["layer"] = "fc6"
    return app


def written(words: list[str], folder: Path, gradviz) -> Path:
    """Run a command that writes a file, into a folder; return the file."""
    place = words.index("--out") + 1
    out = folder / words[place]
    code, _, err = gradviz(*words[:place], out, *words[place + 1 :])
    assert code == 0, err
    return out


def test_kernels(chosen: AppTest, offered: Offered, gradviz, tmp_path: Path) -> None:
    file = report(chosen, KERNELS, offered)
    kernel, *alignments = commands(file)
    shown = header(figures(file)[0]["heatmaps-mark"][1])
    assert shown == payload(chosen, "heatmaps-mark")[0], "the report has what the page has"
    with np.load(written(kernel, tmp_path, gradviz)) as found:
        ids = found["ids"].tolist()
        i, j = (ids.index(name) for name in shown["pair"])
        assert [found[name][i, j] for name in ("K_fw", "K_bw", "K")] == pytest.approx(shown["values"], abs=1e-6)
    assert "dW6" in kernel
    for words, layer in zip(alignments, aligned(chosen), strict=True):
        assert list(told(gradviz, *words)["labels"].values()) == pytest.approx(layer, abs=1e-5)


def test_figures_are_kept_for_an_open_menu_only(chosen: AppTest, offered: Offered) -> None:
    exporting(at(chosen, KERNELS))
    assert "heatmaps" in chosen.session_state["noted"].figures
    assert chosen.session_state["noted"].choices
    settled(chosen)
    assert not chosen.session_state["noted"].figures
    held = next(button for button in chosen.button if button.label == "Report as HTML")
    assert held.disabled


def test_kernels_that_are_centred(chosen: AppTest, offered: Offered, gradviz, tmp_path: Path) -> None:
    chosen.query_params["centre"] = "true"
    file = report(chosen, KERNELS, offered)
    shown = header(figures(file)[0]["heatmaps-mark"][1])
    with np.load(written(commands(file)[0], tmp_path, gradviz)) as found:
        ids = found["ids"].tolist()
        i, j = (ids.index(name) for name in shown["pair"])
        assert found["K"][i, j] == pytest.approx(shown["values"][2], abs=1e-6)
    assert "<dt>Centre the kernel</dt><dd>on</dd>" in file


def test_maps(chosen: AppTest, offered: Offered, gradviz, tmp_path: Path) -> None:
    chosen.query_params["method"] = "tsne"
    chosen.query_params["perplexity"] = "5"
    chosen.query_params["seed"] = "3"
    file = report(chosen, MAP, offered)
    assert len(figures(file)[0]) > 3
    for words in commands(file):
        name = words[words.index("--representation") + 1]
        page = offered[f"{name} as CSV"]().splitlines()
        assert [line.split(",")[:3] for line in written(words, tmp_path, gradviz).read_text().splitlines()] == [
            line.split(",")[:3] for line in page
        ]
    assert len(commands(file)) == 3


def test_neighbours(chosen: AppTest, offered: Offered, gradviz) -> None:
    chosen.query_params["near"] = "24"
    file = report(chosen, NEIGHBOURS, offered)
    scene = header(figures(file)[0]["neighbours"][1])
    photographs = scene["photographs"]
    for words, row in zip(commands(file), scene["rows"], strict=True):
        found = told(gradviz, *words)
        assert [one["id"] for one in found] == [photographs[at]["id"] for at in row["nearest"]]
        values = [photographs[at]["values"][scene["rows"].index(row)] for at in row["nearest"]]
        assert [one["value"] for one in found] == pytest.approx(values, abs=1e-4)
        assert len(found) == 24


def test_scores(chosen: AppTest, offered: Offered, gradviz) -> None:
    chosen.query_params["C"] = "10"
    chosen.query_params["B"] = "x6|C=1"
    file = report(chosen, SVM, offered)
    shown = header(figures(file)[0]["svm-equation"][1])
    runs = [told(gradviz, *words) for words in commands(file)]
    assert [one["mean_ap"] for one in runs] == pytest.approx([shown["a"]["mean"], shown["b"]["mean"]], abs=1e-9)
    assert [(one["spec"]["representation"], one["spec"]["C"]) for one in runs] == [("dW6", 10), ("x6", 1)]
    lines = header(figures(file)[0]["svm"][1])["lines"]
    for line in lines:
        assert line["a"] == pytest.approx(runs[0]["per_class"][line["name"]])


def test_layers(chosen: AppTest, offered: Offered, gradviz) -> None:
    file = report(chosen, LAYERS, offered)
    (words,) = commands(file)
    found, page = told(gradviz, *words), json.loads(offered["Board, answer and choices as JSON"]())
    for one in (found, page):
        assert one["chosen"].pop("seconds") > 0
    assert found["chosen"] == page["chosen"]
    assert found["gains"] == page["gains"]
    assert len(found["gains"]) == 3
    assert found["test"]["mean_ap"] == pytest.approx(page["test"]["mean_ap"])
    assert [row["cv_mean_ap"] for row in found["board"]] == pytest.approx([row["cv_mean_ap"] for row in page["board"]])
    answer = header(figures(file)[0]["layers"][1])["answer"]
    assert answer["value"] == pytest.approx(found["test"]["mean_ap"])


def test_one_photographs_way(chosen: AppTest, offered: Offered, gradviz, tmp_path: Path, photographs: Path) -> None:
    ids = lab(photographs).features(["x6"]).ids
    chosen.query_params["pair"] = [ids[3], ids[7]]
    chosen.query_params["focus"] = ids[3]
    file = report(chosen, NETWORK, offered)
    vectors, kernel = commands(file)
    with np.load(written(vectors, tmp_path, gradviz)) as found:
        row = found["ids"].tolist().index(ids[3])
        with np.load(io.BytesIO(offered["Vectors as npz"]())) as page:
            step = page["temperatures"].tolist().index(8)
            np.testing.assert_allclose(found["x6"][row], page["x6"], rtol=1e-3, atol=1e-4)
            np.testing.assert_allclose(found["dy6"][row], page["dy6"][step], rtol=1e-3, atol=1e-7)
    with np.load(written(kernel, tmp_path, gradviz)) as found:
        i, j = (found["ids"].tolist().index(name) for name in (ids[3], ids[7]))
        assert found["K"][i, j] == pytest.approx(lab(photographs, temperature=8.0).kernel("dW6").K[3, 7], abs=1e-6)
    assert f"Pair: {ids[3]} and {ids[7]}" in file


def test_counts(chosen: AppTest, offered: Offered, gradviz) -> None:
    file = report(chosen, DATA, offered)
    (words,) = commands(file)
    found = told(gradviz, *words)
    shown = header(figures(file)[0]["classes"][1])
    facts = header(figures(file)[0]["facts"][1])["facts"]
    assert facts[0]["number"] == found["images"]
    assert {name: counts["positive"] for name, counts in found["classes"].items()} == dict(
        zip(shown["names"], np.sum(shown["split"], axis=1).tolist(), strict=True)
    )
    assert not [name for name, _ in figures(file)[0].values() if name in ("cards", "lines")], "what could be fetched"


def walked(app: AppTest, offered: Offered) -> str:
    """Let the program open all pages; return its file. AppTest does not stay on a page that a script has opened."""
    files = {title: file for file, title in page_table()}
    app.button(key="report everything").click()
    for _ in range(600):
        app.run()
        assert not app.exception
        if "Everything as HTML" in offered:
            return offered["Everything as HTML"]()
        app.switch_page(files[app.session_state["report of everything"].opens])
        time.sleep(0.05)
    raise AssertionError("The walk does not end")


def test_everything(chosen: AppTest, offered: Offered) -> None:
    at(chosen, KERNELS)
    settled(chosen)
    file = walked(chosen, offered)
    titles = re.findall(r"<h1>(.*?)</h1>", file)
    assert titles == [title for _, title in page_table()]
    for title, drawn in zip(titles, figures(file), strict=True):
        assert drawn, title
    by_title = dict(zip(titles, figures(file), strict=True))
    assert {"heatmaps", "heatmaps-panel-2", "heatmaps-layers", "heatmaps-pairs", "heatmaps-sprite"} <= set(
        by_title["Kernels"]
    )
    assert {"svm", "svm-equation"} <= set(by_title["SVM"])
    assert header(by_title["Layers"]["layers"][1])["answer"]["value"] is not None
    assert len(commands(file)) == 2 + 4 + 3 + 3 + 2 + 1 + 1
    assert [title.value for title in chosen.title] == ["Kernels"], "it ends where it began"
    assert chosen.select_slider(key="temperature").value == 8


def test_stop_ends_the_walk(chosen: AppTest, offered: Offered, monkeypatch: pytest.MonkeyPatch) -> None:
    at(chosen, KERNELS)
    settled(chosen)
    monkeypatch.setattr(polling, "busy", lambda: True)
    chosen.button(key="report everything").click().run()
    assert "Report: 0 of 7 pages" in [element.value for element in chosen.sidebar.markdown]
    chosen.button(key="stop report").click().run()
    monkeypatch.undo()
    settled(chosen)
    assert not [button for button in chosen.button if button.key == "stop report"]
    assert [title.value for title in chosen.title] == ["Kernels"]


def test_whoever_opens_another_page_ends_the_walk(chosen: AppTest, offered, monkeypatch: pytest.MonkeyPatch) -> None:
    at(chosen, KERNELS)
    settled(chosen)
    monkeypatch.setattr(polling, "busy", lambda: True)
    chosen.button(key="report everything").click().run()
    chosen.switch_page(DATA).run()
    assert [title.value for title in chosen.title] == ["Data"]
    assert not [button for button in chosen.button if button.key == "stop report"]


def test_a_page_that_has_nothing_of_these_data_says_why(start, photographs: Path, tmp_path: Path, offered) -> None:
    with (tmp_path / "given.npz").open("wb") as out:
        features_npz(lab(photographs).features(["x6", "dy7"]), {}, out)
    app = start(tmp_path / "given.npz")
    app.query_params["data"] = "given.npz"
    at(app, DATA)
    settled(app)
    file = walked(app, offered)
    titles = re.findall(r"<h1>(.*?)</h1>", file)
    assert titles == [title for _, title in page_table()]
    why = dict(re.findall(r'<h1>(\w+)</h1>.*?\n<p class="why">(.*?)</p>', file))
    assert "features without pictures" in why["Network"]
    assert "--network" not in "".join(" ".join(words) for words in commands(file))


def test_a_part_that_was_chosen_here_has_no_command(chosen: AppTest, offered: Offered) -> None:
    at(chosen, KERNELS)
    ids = chosen.session_state["selection"].images.ids
    chosen.session_state["among"] = (ids[:20], "twenty")
    exporting(chosen)
    file = offered["Report as HTML"]()
    assert commands(file) == []
    assert "The command line cannot name these photographs" in file
