"""The Layers page: what it chooses is what the verbs choose, and every control changes what it should."""

import json
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from gradviz.board import at as at_temperature
from gradviz.board import board, similarities
from gradviz.ranking import best, gains, rivals, scored
from gradviz.ui.components import layers
from gradviz.ui.components.layers import Change, Line, Scene, checked
from gradviz.versions import versions
from pages.evaluate import layers_job
from tests.pages.apps import at, lab, late, settled

PAGE = "pages/evaluate/layers.py"


class Drawn:
    """Stand in for the figure, which has no browser in AppTest: keep what it is given, and make up clicks."""

    def __init__(self) -> None:
        self.scenes: list[Scene] = []
        self.photographs: dict[str, bytes] = {}
        self._change = Change()

    @property
    def scene(self) -> Scene:
        return self.scenes[-1]

    def line(self, name: str) -> Line:
        return next(line for line in self.scene.rows if line.representation == name)

    def say(self, app: AppTest, **change) -> None:
        self._change = Change(**change)
        app.button(key="made up").click()
        settled(app)

    def draw(self, scene: Scene, photographs, *, key: str, on_change: Callable[[Change], None]) -> None:
        self.scenes.append(scene)
        self.photographs = dict(photographs)
        # As that of a component, its callback runs before the page does.
        st.button("A click", key="made up", on_click=lambda: on_change(self._change))


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> Drawn:
    found = Drawn()
    monkeypatch.setattr(layers, "layers", found.draw)
    return found


@pytest.fixture(scope="module")
def verbs(photographs: Path, kept: Path):
    """Return the board that the verbs make, and the scores of the best and its rivals."""
    one = replace(lab(photographs), home=kept)
    rows = list(board(one, train="train"))
    ranked = best(rows)
    picks = [ranked[0], *rivals(ranked).values()]
    asked = {"train": "train", "test": "val"}
    return (
        one,
        rows,
        ranked,
        scored([at_temperature(one, r.temperature).evaluate(r.representation, **asked) for r in picks]),
    )


def of_address(app: AppTest, name: str) -> str | None:
    found = app.query_params.get(name)
    return found[-1] if isinstance(found, list) else found


def test_the_page_chooses_as_the_verbs_do_and_scores_the_choice_once(app: AppTest, drawn: Drawn, verbs) -> None:
    one, _, ranked, told = verbs
    at(app, PAGE)
    assert [(line.representation, line.mean) for line in drawn.scene.rows] == [
        (row.representation, pytest.approx(row.mean_ap, nan_ok=True)) for row in ranked
    ]
    answer = drawn.scene.answer
    assert (answer.representation, answer.state) == (ranked[0].representation, "chosen")
    assert answer.value == pytest.approx(told[0].run.mean_ap)
    assert answer.interval == pytest.approx(told[0].drawn.interval)
    assert [one.value for one in answer.differences] == pytest.approx([t.difference.mean for t in told[1:]])
    assert [tuple(one.interval) for one in answer.differences] == [
        pytest.approx(t.difference.interval) for t in told[1:]
    ]
    assert [line.best for line in drawn.scene.rows] == [True] + [False] * (len(ranked) - 1)
    assert [(one.representation, one.above, one.value, one.interval) for one in drawn.scene.gains] == [
        (gain.product.representation, gain.joined.representation, gain.value, gain.interval) for gain in gains(ranked)
    ]
    assert len(drawn.scene.gains) == 3
    matrix = drawn.scene.matrix
    asked = [
        (one, row.representation, row.temperature)
        for name in matrix.names
        for row in ranked
        if row.representation == name
    ]
    np.testing.assert_allclose(np.array(matrix.values, float), similarities(asked, "train"), atol=1e-3)


def test_what_comes_while_the_page_is_being_drawn_is_drawn(
    app: AppTest, drawn: Drawn, monkeypatch: pytest.MonkeyPatch
) -> None:
    at(app, PAGE)
    late(monkeypatch)
    app.run()
    assert drawn.scene.matrix is not None
    assert drawn.scene.answer.differences


def test_curves_show_every_temperature_and_its_limit(app: AppTest, drawn: Drawn, verbs) -> None:
    _, rows, _, _ = verbs
    at(app, PAGE)
    (panel,) = drawn.scene.panels
    assert panel.temperatures == [1, 2, 4, 8, 16, 32, "inf"]
    curves = {curve.representation: curve for curve in panel.lines}
    mine = [row.mean_ap for row in rows if row.representation == "dW7"]
    assert [point.mean for point in curves["dW7"].points] == pytest.approx(mine)
    assert curves["dW7"].points[-1].temperature == "inf"
    assert curves["x6"].flat
    assert [point.temperature for point in curves["x6"].points] == [None]
    assert curves["x6+x7"].joined
    assert all(curve.best == line.temperature for curve in panel.lines for line in [drawn.line(curve.representation)])


def test_ten_photographs_stand_in_the_first_view_and_then_those_that_moved(app: AppTest, drawn: Drawn, verbs) -> None:
    at(app, PAGE)
    first, last = drawn.scenes[0].evidence, drawn.scene.evidence
    assert len(first.photos) >= 10
    assert len(last.photos) == 10
    assert all(photo.ranks for photo in last.photos)
    assert [photo.good for photo in last.photos] == sorted((photo.good for photo in last.photos), reverse=True)
    assert len({photo.id for photo in last.photos}) == 10
    assert all(drawn.photographs[photo.id].startswith(b"\xff\xd8") for photo in last.photos)


def test_moved_photographs_are_those_of_a_plain_search(app: AppTest, verbs) -> None:
    told = verbs[3]
    a, b = told[0].run, told[-1].run
    found, labels = [], a.test.labels
    for c, name in enumerate(a.per_class):
        if a.per_class[name] is None or b.per_class[name] is None:
            continue
        counted = [i for i in range(len(a.test.ids)) if labels[i, c]]
        place = [{i: 1 + sum(run.scores[j, c] > run.scores[i, c] for j in counted) for i in counted} for run in (a, b)]
        n = sum(labels[i, c] == 1 for i in counted)
        found += [
            (abs(np.log2(place[1][i] / place[0][i])), a.test.ids[i])
            for i in counted
            if min(place[0][i], place[1][i]) <= n
        ]
    most: dict[str, float] = {}
    for steps, name in found:
        most[name] = max(most.get(name, 0), steps)
    moved = layers_job.moved(a, b)
    least = min(abs(np.log2(one.ranks[1] / one.ranks[0])) for one in moved)
    assert least == pytest.approx(sorted(most.values(), reverse=True)[len(moved) - 1])


def test_a_click_on_a_line_compares_with_it_and_a_second_one_no_more(app: AppTest, drawn: Drawn, verbs) -> None:
    one, _, ranked, told = verbs
    at(app, PAGE)
    other = ranked[-1]
    key = drawn.line(other.representation).key
    drawn.say(app, against=key)
    assert of_address(app, "against") == key
    assert drawn.scene.against == key
    run = at_temperature(one, other.temperature).evaluate(other.representation, train="train", test="val")
    assert drawn.scene.answer.differences[-1].value == pytest.approx(told[0].run.mean_ap - run.mean_ap)
    assert drawn.scene.evidence.pair[1].representation == other.representation
    drawn.say(app, against=key)
    assert of_address(app, "against") is None
    assert len(drawn.scene.answer.differences) == len(told) - 1


def test_a_click_on_a_heading_sorts_and_a_link_keeps_it(app: AppTest, drawn: Drawn) -> None:
    at(app, PAGE)
    assert drawn.scene.sort == "-mean"
    drawn.say(app, sort="-purity")
    assert drawn.scene.sort == "-purity"
    assert of_address(app, "board") == "-purity"


def test_a_link_says_sort_and_line_and_what_is_not_there_is_said(app: AppTest, drawn: Drawn) -> None:
    app.query_params["board"], app.query_params["against"] = "seconds", "alexnet64|nothing"
    at(app, PAGE)
    assert drawn.scene.sort == "seconds"
    assert drawn.scene.against is None
    assert any("nothing" in info.value for info in app.info)


def test_c_and_the_kind_of_average_precision_change_the_board(app: AppTest, drawn: Drawn, photographs: Path) -> None:
    at(app, PAGE)
    before = [line.mean for line in drawn.scene.rows]
    app.selectbox(key="ap").set_value("area")
    settled(app)
    assert [line.mean for line in drawn.scene.rows] != before
    row = next(board(lab(photographs), [("x6", None)], train="train", ap="area"))
    assert drawn.line("x6").mean == pytest.approx(row.mean_ap)
    app.selectbox(key="train").set_value("val")
    app.selectbox(key="test").set_value("train")
    settled(app)
    row = next(board(lab(photographs), [("x6", None)], train="val", ap="area"))
    assert drawn.line("x6").mean == pytest.approx(row.mean_ap)
    assert "on train" in drawn.scene.answer.unit


def test_a_cell_opens_its_layer_in_kernels(app: AppTest, drawn: Drawn) -> None:
    at(app, PAGE)
    names = list(drawn.scene.matrix.names)
    drawn.say(app, cell=(names.index("dW8"), names.index("x5")))
    assert [title.value for title in app.title] == ["Kernels"]
    assert of_address(app, "layer") == "fc8"


def test_what_is_stopped_keeps_its_rows_and_nothing_is_scored(
    app: AppTest, drawn: Drawn, monkeypatch: pytest.MonkeyPatch
) -> None:
    layers_job._boards.clear()
    measured, told, go_on, asked = layers_job.measured, layers_job.told, threading.Event(), []

    def held_up(selection, choices, progress, cancel):
        key = layers_job.key_of(selection, choices)

        def stopped() -> bool:
            while len(layers_job.rows_of(key)) >= 3 and not cancel() and not go_on.is_set():
                time.sleep(0.02)
            return cancel()

        return measured(selection, choices, progress, stopped)

    def noted(*given):
        asked.append(given)
        return told(*given)

    monkeypatch.setattr(layers_job, "measured", held_up)
    monkeypatch.setattr(layers_job, "told", noted)
    app.run()
    app.switch_page(PAGE)
    for _ in range(300):
        app.run()
        if drawn.scenes and len(drawn.scene.rows) == 3:
            break
        time.sleep(0.1)
    assert drawn.scene.answer.state == "waiting"
    assert drawn.scene.answer.beside == "3 of 57 results"
    app.button(key="stop").click()
    settled(app)
    assert len(drawn.scene.rows) == 3
    assert any("Stopped" in info.value for info in app.info)
    assert drawn.scene.answer.differences == []
    assert not asked
    go_on.set()
    next(button for button in app.button if button.label == "Start").click()
    settled(app)
    assert drawn.scene.answer.state == "chosen"
    assert len(asked) == 1


def test_the_exports_hold_the_board_the_choice_and_all_choices(app: AppTest, drawn: Drawn, verbs, photographs) -> None:
    from pages.evaluate import layers_export

    one, rows, ranked, told = verbs
    at(app, PAGE)
    selection = app.session_state["selection"]
    differences = [(name, row, t) for (name, row), t in zip(rivals(ranked).items(), told[1:], strict=True)]
    offers = layers_export.offers(selection, rows, ranked, layers_job.Told(told, []), differences)
    whole = json.loads(offers[1].build())
    assert whole["chosen"]["representation"] == drawn.scene.answer.representation
    assert whole["test"]["mean_ap"] == pytest.approx(drawn.scene.answer.value)
    assert whole["made"]["train"] == "train"
    assert len(whole["board"]) == len(rows)
    assert whole["board"][0]["weights_digest"] == one.model.digest
    assert whole["made"]["versions"] == versions()
    assert offers[0].build().count("\n") == len(rows) + 1


def test_photographs_without_labels_are_said_to_have_none(start, snapshots: Path, drawn: Drawn) -> None:
    app = at(start(snapshots), PAGE)
    assert any("no labels" in info.value for info in app.info)
    assert not drawn.scenes


def test_a_file_of_features_has_a_board_without_temperatures(start, drawn: Drawn, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    labels = np.where(np.arange(40)[:, None] % 2 == np.arange(2), 1, -1)
    vectors = {
        "x6": rng.normal(size=(40, 8)) + labels[:, :1],
        "dy7": rng.normal(size=(40, 5)),
        "clip": rng.normal(size=(40, 4)),
    }
    known = {"ids": np.array([f"{i:02d}" for i in range(40)]), "labels": labels, "classes": np.array(["a", "b"])}
    splits = np.array(["train", "train", "test", "test"] * 10)
    np.savez(tmp_path / "given.npz", **known, split=splits, **{k: v.astype(np.float32) for k, v in vectors.items()})
    app = start(tmp_path / "given.npz")
    app.query_params["data"] = "given.npz"
    at(app, PAGE)
    assert {line.representation for line in drawn.scene.rows} == {"x6", "dy7", "clip", "dW7"}
    assert {line.temperature for line in drawn.scene.rows} == {None}
    assert drawn.scene.answer.state == "chosen"
    assert drawn.line("dW7").dimensions == "8 × 5"
    assert not drawn.line("clip").formula


def test_one_split_is_chosen_on_and_not_scored(start, drawn: Drawn, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    labels = np.where(np.arange(30)[:, None] % 2 == np.arange(2), 1, -1)
    x = (rng.normal(size=(30, 8)) + labels[:, :1]).astype(np.float32)
    known = {"ids": np.array([f"{i:02d}" for i in range(30)]), "labels": labels, "classes": np.array(["a", "b"])}
    np.savez(tmp_path / "one.npz", **known, split=np.array(["train"] * 30), x6=x)
    app = start(tmp_path / "one.npz")
    app.query_params["data"] = "one.npz"
    at(app, PAGE)
    assert drawn.scene.answer.unit == "mAP by cv, 95 %"
    assert "one split" in drawn.scene.answer.beside


def test_only_what_is_drawn_can_be_clicked() -> None:
    from gradviz.ui.components.layers import Evidence, Matrix, Photo

    line = Line("a|x6", "A", "x6", True, "forward", None)
    matrix = Matrix(["x6", "x7"], ["x6", "x7"], [True] * 2, ["forward"] * 2, [None] * 2, [[1, 0.5], [0.5, 1]])
    evidence = Evidence("", "", [Photo("one", "car", True)])
    scene = Scene(None, (), [line], 1, "-mean", None, "", "train", evidence, matrix)
    told = {"sort": "-purity", "against": "a|x6", "open": "one", "cell": [1, 0]}
    assert checked(told, scene) == Change("-purity", "a|x6", "one", (1, 0))
    wrong = {"sort": "size", "against": "b|x6", "open": "two", "cell": [2, 0]}
    assert checked(wrong, scene) == checked(None, scene) == checked({"cell": [True, "0"]}, scene) == Change()


def test_too_few_photographs_to_hold_some_out_are_said(start, drawn: Drawn, tmp_path: Path) -> None:
    labels = np.array([[1, -1], [-1, 1], [1, -1], [-1, 1]])
    known = {"ids": np.array(list("abcd")), "labels": labels, "classes": np.array(["a", "b"])}
    x = np.random.default_rng(0).normal(size=(4, 3)).astype(np.float32)
    np.savez(tmp_path / "few.npz", **known, split=np.array(["train", "train", "test", "test"]), x6=x)
    app = start(tmp_path / "few.npz")
    app.query_params["data"] = "few.npz"
    at(app, PAGE)
    assert drawn.scene.answer is None
    assert [line.mean for line in drawn.scene.rows] == [None]
    assert any("Too few photographs" in caption.value for caption in app.caption)


def test_a_network_is_added_by_one_click_and_measured_too(
    app: AppTest, drawn: Drawn, kept: Path, test_data: Path
) -> None:
    weights = kept / "weights"
    weights.mkdir(exist_ok=True)
    linked = weights / "squeezenet1_0.safetensors"
    linked.symlink_to(test_data / "weights/squeezenet1_0.safetensors")
    try:
        app.query_params["images"] = "20"
        at(app, PAGE)
        assert {line.title for line in drawn.scene.rows} == {"AlexNet-64"}
        app.button(key="layers add").click()
        settled(app)
        settled(app)
        assert {line.title for line in drawn.scene.rows} == {"AlexNet-64", "SqueezeNet 1.0"}
        assert drawn.scene.networks == 2
        assert drawn.line("dW10").approximate
        assert drawn.line("dW10").title == "SqueezeNet 1.0"
        assert len(drawn.scene.panels) == 2
        assert all("SqueezeNet" not in button.label for button in app.button)
    finally:
        linked.unlink()
