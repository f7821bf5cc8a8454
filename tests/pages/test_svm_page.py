"""The SVM page opens on two results, compares them class by class and shows where they fail, as the verbs have it."""

import io
import shutil
import threading
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from queue import SimpleQueue

import numpy as np
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from gradviz.callbacks import stop_if
from gradviz.comparison import compare, resampled
from gradviz.experiment import Experiment
from gradviz.export import features_npz
from gradviz.home import ASSETS
from gradviz.results import Evaluation
from gradviz.spec import Spec
from gradviz.ui import address, polling, visitor
from gradviz.ui.components import scores
from gradviz.ui.components.scores import Change, Detail, Equation, Line, Pictures, Scene
from gradviz.ui.queue import Queue
from pages.evaluate import svm_views
from tests.pages import apps
from tests.pages.apps import lab, late, said, told

PAGE = "pages/evaluate/svm.py"


def settled(app: AppTest) -> AppTest:
    """Wait for the results and all that follows them; after a rerun AppTest knows the widgets only in the next run."""
    return apps.settled(apps.settled(app).run())


def at(app: AppTest, page: str) -> AppTest:
    return settled(apps.at(app, page))


class Drawn:
    """What the page has given to its components last; `say` and `pick` do in the next run what the browser reports."""

    def __init__(self) -> None:
        self.scenes: list[Scene] = []
        self.equations: list[Equation] = []
        self.pictures = Pictures()
        self._change: Change | None = None
        self._picked: tuple[str, str] | None = None

    @property
    def scene(self) -> Scene:
        return self.scenes[-1]

    @property
    def equation(self) -> Equation:
        return self.equations[-1]

    @property
    def detail(self) -> Detail:
        assert self.scene.detail is not None
        return self.scene.detail

    def line(self, name: str) -> Line:
        return next(line for line in self.scene.lines if line.name == name)

    def row(self, kind: str) -> list[str]:
        return list(next(strip.ids for strip in self.detail.strips if strip.kind == kind))

    def say(self, app: AppTest, **change: str) -> None:
        self._change = Change(**change)
        settled(app)

    def pick(self, app: AppTest, side: str, key: str) -> None:
        assert key in [choice.key for choice in self.equation.choices]
        self._picked = side, key
        settled(app)

    def draw_equation(self, shown: Equation, *, key: str, on_change: Callable[[str, str], None]) -> None:
        self.equations.append(shown)
        if self._picked:
            picked, self._picked = self._picked, None
            on_change(*picked)
            st.rerun()

    def draw_scores(self, scene: Scene, pictures: Pictures, *, key: str, on_change: Callable[[Change], None]) -> None:
        self.scenes.append(scene)
        self.pictures = pictures
        if self._change:
            change, self._change = self._change, None
            on_change(change)
            st.rerun()


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> Iterator[Drawn]:
    found = Drawn()
    monkeypatch.setattr(scores, "equation", found.draw_equation)
    monkeypatch.setattr(scores, "scores", found.draw_scores)
    return found


def means(found: Drawn) -> tuple[float | None, float | None]:
    return found.equation.a.mean, found.equation.b and found.equation.b.mean


def names(found: Drawn) -> tuple[str, str | None]:
    return found.equation.a.name, found.equation.b and found.equation.b.name


def results(app: AppTest) -> dict[str, float]:
    table = app.dataframe[0].value
    return dict(zip(table["result"].tolist(), table["mAP"].tolist(), strict=True))


def evaluated(photographs: Path, *representations: str, temperature: float = 1.0, **choices) -> list[Evaluation]:
    asked = {"train": "train", "test": "val", **choices}
    one = lab(photographs, temperature=temperature)
    return [one.evaluate(name, **asked) for name in representations]


# Numbers


def test_the_page_opens_trained_and_its_numbers_are_those_of_the_verbs(
    app: AppTest, drawn: Drawn, photographs: Path
) -> None:
    at(app, PAGE)
    a, b = evaluated(photographs, "dW7", "x6+x7")
    assert names(drawn) == ("dW7", "x6+x7")
    assert means(drawn) == (pytest.approx(a.mean_ap), pytest.approx(b.mean_ap))
    drawn_a, drawn_b = resampled(a), resampled(b)
    both = compare(a, b, drawn_a, drawn_b)
    assert drawn.equation.difference == pytest.approx(both.mean)
    assert drawn.equation.interval == pytest.approx(both.interval)
    assert drawn.equation.a.interval == pytest.approx(drawn_a.interval)
    assert [line.name for line in drawn.scene.lines] == list(a.per_class)
    for c, line in enumerate(drawn.scene.lines):
        assert (line.a, line.b) == (a.per_class[line.name], b.per_class[line.name])
        assert line.positives == int((a.test.labels[:, c] == 1).sum())
        assert line.star is bool(both.certain[c] and line.positives >= 5)
        if line.a is not None:
            assert line.alone == pytest.approx(both.intervals[c].tolist())
            assert line.together == pytest.approx(both.together[c].tolist())
    assert set(results(app)) == {"x6", "x6+x7", "dW7"}
    assert results(app)["dW7"] == pytest.approx(a.mean_ap)
    assert not app.warning
    assert "trained on train (50), scored on val (50), 11-point" in said(app)
    assert "Split in the sidebar does not matter here" in said(app)
    assert "at once" in drawn.scene.legend
    assert drawn.scene.focus == min((ap, name) for name, ap in a.per_class.items() if ap is not None)[1]


def test_c_scores_anew_and_nothing_that_was_trained_is_dropped(app: AppTest, drawn: Drawn, photographs: Path) -> None:
    at(app, PAGE)
    for C in ("10", "0.05", "cv"):
        app.select_slider(key="C").set_value(C)
        settled(app)
        a, b = evaluated(photographs, "dW7", "x6+x7", C=C if C == "cv" else float(C))
        assert means(drawn) == (pytest.approx(a.mean_ap), pytest.approx(b.mean_ap))
    kept = results(app)
    assert set(kept) == {f"{name}, C {C}" for name in ("x6", "x6+x7", "dW7") for C in ("1", "10", "0.05", "cv")}
    assert kept["dW7, C 10"] == pytest.approx(evaluated(photographs, "dW7", C=10.0)[0].mean_ap)
    next(button for button in app.button if button.label == "Clear").click()
    settled(app)
    assert set(results(app)) == {"x6", "x6+x7", "dW7"}, "what the choices now give is made again"


def test_both_results_are_asked_for_before_the_page_waits_for_one(
    app: AppTest, drawn: Drawn, monkeypatch: pytest.MonkeyPatch
) -> None:
    at(app, PAGE)
    asked = {name: threading.Event() for name in ("dW7", "x6+x7", "x6")}
    together: list[bool] = []
    scored = svm_views.scored

    def slowly(selection, representation, *rest):
        asked[representation].set()
        if representation == "dW7":
            together.append(asked["x6+x7"].wait(0.5))
        return scored(selection, representation, *rest)

    monkeypatch.setattr(svm_views, "scored", slowly)
    app.select_slider(key="C").set_value("10")
    settled(app)
    assert together == [True]


def test_draws_of_former_scores_end_where_new_scores_are_asked_for(
    app: AppTest, drawn: Drawn, monkeypatch: pytest.MonkeyPatch
) -> None:
    at(app, PAGE)
    go_on = threading.Event()
    scored = svm_views.scored

    def draw_on(run, progress, cancel):
        while not go_on.wait(0.02):
            stop_if(cancel)
        return resampled(run)

    def score_on(*given):
        go_on.wait(60)
        return scored(*given)

    monkeypatch.setattr(svm_views, "drawn", draw_on)
    try:
        app.select_slider(key="C").set_value("10")
        for _ in range(50):
            app.run()
            if drawn.equation.a.interval is None and any("Intervals" in job.title for job in polling.queue().jobs()):
                break
        assert not drawn.scene.former, "scores are shown before they are drawn again and again"
        monkeypatch.setattr(svm_views, "scored", score_on)
        app.select_slider(key="C").set_value("0.05")
        app.run()
        assert drawn.scene.former
        for _ in range(100):
            drawing = [job.title for job in polling.queue().jobs() if "Intervals" in job.title]
            if not drawing:
                break
            time.sleep(0.05)
        assert drawing == []
    finally:
        go_on.set()
    settled(app)
    assert drawn.equation.a.interval is not None


def test_sixteen_results_are_all_there(app: AppTest, drawn: Drawn) -> None:
    at(app, PAGE)
    offered = app.multiselect(key="representations").options
    assert len(offered) > 12 - 1
    app.multiselect(key="representations").set_value(offered)
    settled(app)
    app.select_slider(key="temperature").set_value(8.0)
    settled(app)
    kept = results(app)
    tempered = [name for name in offered if name.startswith("d") or name == "x8"]
    assert len(kept) == len(offered) + len(tempered)
    assert len(drawn.equation.choices) == len(kept)
    assert {choice.key for choice in drawn.equation.choices} >= set(offered)


def test_forward_results_have_no_temperature_and_are_made_once(app: AppTest, drawn: Drawn, photographs: Path) -> None:
    at(app, PAGE)
    before = means(drawn)
    app.select_slider(key="temperature").set_value(8.0)
    settled(app)
    (product,) = evaluated(photographs, "dW7", temperature=8.0)
    assert means(drawn) == (pytest.approx(product.mean_ap), before[1])
    assert drawn.equation.a.temperature == "τ 8"
    assert drawn.equation.b is not None
    assert (drawn.equation.b.temperature, drawn.equation.b.what) == ("", "side by side, no temperature")
    table = app.dataframe[0].value
    assert sorted(table["result"]) == ["dW7, τ 1", "dW7, τ 8", "x6", "x6+x7"]
    assert table.set_index("result")["τ"].isna().to_dict() == {
        **{"x6": True, "x6+x7": True},
        **{"dW7, τ 1": False, "dW7, τ 8": False},
    }
    assert table.set_index("result")["made with"].to_dict()["dW7, τ 1"] == "other choices: τ 1"
    assert table.set_index("result")["made with"].to_dict()["x6"] == "these choices"


def test_results_made_under_other_choices_are_marked_where_they_are_shown(app: AppTest, drawn: Drawn) -> None:
    at(app, PAGE)
    first = means(drawn)[0]
    app.select_slider(key="temperature").set_value(8.0)
    settled(app)
    other = next(choice for choice in drawn.equation.choices if choice.group == "Made under other choices")
    assert other.key == "dW7|temperature=1"
    drawn.pick(app, "b", other.key)
    assert names(drawn) == ("dW7", "dW7")
    assert drawn.equation.b is not None
    assert (drawn.equation.b.note, drawn.equation.b.mean) == ("τ 1", first)
    assert (drawn.equation.a.note, drawn.equation.a.place, drawn.equation.b.place) == ("", 0, 1), "two colours"
    assert app.query_params["B"] in (other.key, [other.key])
    assert drawn.equation.difference == pytest.approx(means(drawn)[0] - first)
    app.select_slider(key="images").set_value("100")
    settled(app)
    assert drawn.equation.b.note == "τ 1"
    assert drawn.equation.difference is None or len(drawn.scene.lines) > 0


def test_results_on_other_test_images_have_no_paired_interval(app: AppTest, drawn: Drawn) -> None:
    at(app, PAGE)
    app.query_params["images"] = "100"  # as the browser does with the slider
    app.select_slider(key="images").set_value("100")
    settled(app)
    drawn.pick(app, "b", "dW7|images=50")
    assert drawn.equation.difference is None
    assert drawn.equation.why == "other test images"
    assert "other test images" in drawn.scene.legend
    assert all(line.difference is None for line in drawn.scene.lines)


@pytest.mark.parametrize(
    ("kind", "key", "value", "choices"),
    [
        ("selectbox", "ap", "area", {"ap": "area"}),
        ("toggle", "tuned", True, {"temperature": "cv"}),
    ],
)
def test_every_other_control_changes_the_numbers(
    app: AppTest, drawn: Drawn, photographs: Path, kind: str, key: str, value: object, choices: dict
) -> None:
    at(app, PAGE)
    before = means(drawn)
    getattr(app, kind)(key=key).set_value(value)
    settled(app)
    temperature = choices.pop("temperature", 1.0)
    (a,) = evaluated(photographs, "dW7", temperature=temperature, **choices)
    assert means(drawn)[0] == pytest.approx(a.mean_ap)
    assert means(drawn)[0] != pytest.approx(before[0]) or a.temperature == 1


def test_one_choice_trains_at_several_temperatures(app: AppTest, drawn: Drawn, photographs: Path) -> None:
    at(app, PAGE)
    app.multiselect(key="taus").set_value(["4", "16"])
    settled(app)
    kept = results(app)
    assert set(kept) == {"x6", "x6+x7", "dW7, τ 1", "dW7, τ 4", "dW7, τ 16"}
    for temperature in (4.0, 16.0):
        (scored,) = evaluated(photographs, "dW7", temperature=temperature)
        assert kept[f"dW7, τ {temperature:g}"] == pytest.approx(scored.mean_ap)
    assert names(drawn) == ("dW7", "x6+x7")
    assert drawn.equation.a.temperature == "τ 1"


def test_the_splits_are_chosen_here(app: AppTest, drawn: Drawn, photographs: Path) -> None:
    app.query_params.update({"train": "val", "test": "train"})
    at(app, PAGE)
    (a,) = evaluated(photographs, "dW7", train="val", test="train")
    assert means(drawn)[0] == pytest.approx(a.mean_ap)
    app.selectbox(key="split").set_value("val")
    settled(app)
    assert means(drawn)[0] == pytest.approx(a.mean_ap)


def test_training_on_the_test_split_is_refused_in_one_sentence(app: AppTest, drawn: Drawn) -> None:
    at(app, PAGE)
    app.selectbox(key="test").set_value("train")
    settled(app)
    assert "do not overlap" in app.error[0].value
    assert drawn.scene.former
    app.selectbox(key="test").set_value("val")
    settled(app)
    assert not app.error
    assert not drawn.scene.former
    assert len(app.dataframe[0].value) == 3


def test_without_representations_the_page_says_what_to_do(app: AppTest, drawn: Drawn) -> None:
    at(app, PAGE)
    app.multiselect(key="representations").set_value([])
    settled(app)
    assert [info.value for info in app.info] == ["Choose at least one representation under Training."]
    app.multiselect(key="representations").set_value(["x6"])
    settled(app)
    assert names(drawn) == ("x6", None)
    assert drawn.equation.difference is None
    assert "Choose a second result" in drawn.scene.legend
    assert [strip.kind for strip in drawn.detail.strips] == ["right", "wrong", "missed"]


# What follows the layer, the link and the session


def test_representations_follow_the_layer(app: AppTest, drawn: Drawn) -> None:
    at(app, PAGE)
    assert app.multiselect(key="representations").value == ["x6", "x6+x7", "dW7"]
    app.segmented_control(key="layer").set_value("fc6")
    settled(app)
    assert app.multiselect(key="representations").value == ["x5", "x5+x6", "dW6"]
    assert names(drawn) == ("dW6", "x5+x6")


def test_representations_added_by_hand_stay_at_another_layer(app: AppTest, drawn: Drawn) -> None:
    app.query_params["representations"] = ["x6", "x6+x7", "dW7", "y6", "x5"]
    at(app, PAGE)
    assert app.multiselect(key="representations").value == ["x6", "x6+x7", "dW7", "y6", "x5"]
    app.segmented_control(key="layer").set_value("fc6")
    settled(app)
    assert app.multiselect(key="representations").value == ["x5", "x5+x6", "dW6", "y6"]
    assert names(drawn) == ("dW6", "x5+x6")


def test_a_link_shows_the_same_and_results_come_back(
    start: Callable[..., AppTest], app: AppTest, drawn: Drawn, photographs: Path
) -> None:
    at(app, PAGE)
    app.select_slider(key="temperature").set_value(8.0)
    settled(app)
    app.multiselect(key="representations").set_value(["x6", "dW7", "dW8"])
    app.select_slider(key="C").set_value("10")
    app.selectbox(key="ap").set_value("area")
    settled(app)
    drawn.pick(app, "a", "dW8")
    drawn.pick(app, "b", "dW7|temperature=1|C=1|ap=eleven_point")
    drawn.pick(app, "b", "x6+x7|C=1|ap=eleven_point")
    drawn.pick(app, "b", "dW7")
    drawn.say(app, focus="car")
    drawn.say(app, sort="-difference")
    here = drawn.scene, drawn.equation.a, drawn.equation.b
    wanted = {"row": "car", "sort": "-difference", "A": "dW8", "B": "dW7"}
    said_there = {name: app.query_params[name] for name in wanted}
    assert {name: value if isinstance(value, str) else value[0] for name, value in said_there.items()} == wanted
    # What widgets choose is put into the address by the browser.
    link = dict(app.query_params) | {
        "temperature": "8",
        "C": "10",
        "ap": "area",
        "representations": ["x6", "dW7", "dW8"],
    }

    at(app, "pages/data/data.py")
    at(app, PAGE)
    assert (drawn.scene, drawn.equation.a, drawn.equation.b) == here, "leave and come back"
    assert len(app.dataframe[0].value) > 3

    other = start(photographs)
    other.query_params.update(link)
    at(other, PAGE)
    assert (drawn.scene, drawn.equation.a, drawn.equation.b) == here, "a colleague presses nothing"
    assert not told(other)


def test_a_link_to_a_result_of_other_choices_trains_it(app: AppTest, drawn: Drawn, photographs: Path) -> None:
    app.query_params.update({"A": "dW8|temperature=4|C=10", "B": "y7|images=50"})
    at(app, PAGE)
    (a,) = evaluated(photographs, "dW8", temperature=4.0, C=10.0)
    assert (means(drawn)[0], drawn.equation.a.note) == (pytest.approx(a.mean_ap), "τ 4, C 10")
    assert names(drawn) == ("dW8", "y7")
    assert drawn.equation.b is not None
    assert drawn.equation.b.note == ""


@pytest.mark.parametrize(
    "text", ["dW99", "dW7|C=0", "dW7|network=vgg99", "dW7|train=mars", "dW7|weights=../../x.pth", "dW7|x=1", "<b>", "|"]
)
def test_a_link_to_a_result_that_cannot_be_is_said(app: AppTest, drawn: Drawn, text: str) -> None:
    app.query_params.update({"A": text, "row": "unicorn"})
    at(app, PAGE)
    here = told(app)
    assert f"The link asks for the result A “{text}”, which is not offered here." in [
        line.replace("\\", "") for line in here
    ]
    assert names(drawn)[0] == "dW7"
    assert any("the class in focus" in line for line in here)


# Classes and photographs


def test_a_weak_class_leads_to_its_wrong_photographs(app: AppTest, drawn: Drawn, photographs: Path) -> None:
    at(app, PAGE)
    a, b = evaluated(photographs, "dW7", "x6+x7")
    for name in ("car", "person"):
        drawn.say(app, focus=name)
        assert drawn.detail.name == name
        c = list(a.per_class).index(name)
        label, ids = a.test.labels[:, c], a.test.ids
        order = [i for i in np.argsort(-a.scores[:, c], kind="stable") if label[i]]
        positions = {i: rank for rank, i in enumerate(order, 1)}
        there = {i: rank for rank, i in enumerate([i for i in np.argsort(-b.scores[:, c]) if label[i]], 1)}
        right = [i for i in order if label[i] > 0]
        wrong = [i for i in order if label[i] < 0]
        assert drawn.row("right") == [ids[i] for i in right[:8]]
        assert drawn.row("wrong") == [ids[i] for i in wrong[:8]]
        assert drawn.row("missed") == [ids[i] for i in right[::-1] if positions[i] > len(right)][:8]
        moved = sorted(order, key=lambda i: (-abs(np.log2(there[i] / positions[i])), min(positions[i], there[i])))
        moved = [i for i in moved if there[i] != positions[i]]
        assert drawn.row("moved") == [ids[i] for i in moved if label[i] > 0][:8]
        assert drawn.row("moved down") == [ids[i] for i in moved if label[i] < 0 and positions[i] > there[i]][:8]
        assert drawn.row("moved up") == [ids[i] for i in moved if label[i] < 0 and positions[i] < there[i]][:8]
        assert list(drawn.line(name).first) == [ids[i] for i in wrong[:3]]
        first = drawn.detail.photos[ids[wrong[0]]]
        assert first.ranks == [positions[wrong[0]], there[wrong[0]]]
        assert first.scores == pytest.approx([a.scores[wrong[0], c], b.scores[wrong[0], c]])
        found = sum(label[i] > 0 for i in order[: first.ranks[0]])
        assert first.cuts[0] == pytest.approx((found / len(right), found / first.ranks[0]))
        assert first.shows == lab(photographs).images.labels_of(lab(photographs).images.source(ids[wrong[0]]))
        assert drawn.detail.counted == int((label != 0).sum())
        assert np.mean(drawn.detail.curves[0].tenths) * 100 == pytest.approx(a.per_class[name], abs=0.01)
        assert set(drawn.pictures.photos) == set(drawn.detail.photos)
        assert all(one.jpeg.startswith(b"\xff\xd8") for one in drawn.pictures.photos.values())
    assert set(drawn.pictures.faces) == set(a.per_class)
    assert set(drawn.pictures.ids) == {name for line in drawn.scene.lines for name in line.first}
    assert drawn.pictures.squares.startswith(b"\xff\xd8")


def test_what_comes_while_the_page_is_being_drawn_is_drawn(
    app: AppTest, drawn: Drawn, monkeypatch: pytest.MonkeyPatch
) -> None:
    at(app, PAGE)
    late(monkeypatch)
    app.run()
    assert drawn.scene.detail is not None
    assert any(line.together for line in drawn.scene.lines)
    assert drawn.pictures.squares


def test_a_photograph_that_is_opened_is_in_focus_everywhere(
    app: AppTest, drawn: Drawn, monkeypatch: pytest.MonkeyPatch
) -> None:
    led: list[str] = []
    monkeypatch.setattr(address, "lead_to", led.append)
    at(app, PAGE)
    wanted = drawn.row("wrong")[2]
    drawn.say(app, open=wanted)
    assert app.query_params["focus"] in (wanted, [wanted])
    assert led == ["pages/explore/neighbours.py"]
    assert drawn.scene.shown == wanted


def test_a_click_on_a_first_mistake_puts_its_class_and_itself_in_focus(app: AppTest, drawn: Drawn) -> None:
    at(app, PAGE)
    line = next(line for line in drawn.scene.lines if line.name != drawn.scene.focus and line.a is not None)
    drawn.say(app, focus=line.name, seen=line.first[1])
    assert (drawn.scene.focus, drawn.scene.shown) == (line.name, line.first[1])
    assert line.first[1] in drawn.detail.photos


def test_a_class_marked_on_another_page_is_in_focus_here(app: AppTest, drawn: Drawn) -> None:
    app.query_params["class"] = "person"
    at(app, PAGE)
    assert drawn.scene.focus == "person"
    drawn.say(app, focus="car")
    assert drawn.scene.focus == "car"


# Data sets of other kinds


def labelled(path: Path, labels: np.ndarray, split: list[str], **arrays: np.ndarray) -> Path:
    n, classes = labels.shape
    arrays = arrays or {"x6": np.random.default_rng(0).standard_normal((n, 4)) + labels[:, :1]}
    names = ["cat", "mean", "dog", "<b>x</b>"][:classes]
    np.savez(path, ids=np.arange(n).astype(str), labels=labels, classes=names, split=split, **arrays)
    return path


def test_classes_that_are_left_out_of_the_mean_are_named(start, drawn: Drawn, tmp_path: Path) -> None:
    labels = np.where(np.random.default_rng(0).random((40, 3)) < 0.5, 1, -1)
    labels[:20, 1], labels[20:, 2] = -1, 1
    app = start(labelled(tmp_path / "f.npz", labels, ["train"] * 20 + ["test"] * 20))
    app.query_params.update({"data": "f.npz", "normalise": "centred"})
    at(app, PAGE)
    assert "no positive training image: mean" in drawn.scene.unseen
    assert "no negative test image: dog" in drawn.scene.unseen
    scored = Experiment(tmp_path / "f.npz", Spec(normalise="centred")).evaluate("x6", train="train", test="test")
    assert means(drawn) == (pytest.approx(scored.per_class["cat"]), None)
    assert [line.a for line in drawn.scene.lines] == [scored.per_class["cat"], None, None]
    assert drawn.detail.name == "cat"
    drawn.say(app, focus="dog")
    assert drawn.row("wrong") == []


@pytest.mark.parametrize("tests", [1, 6])
def test_two_classes_one_positive_and_one_test_image_are_shown(start, drawn: Drawn, tmp_path: Path, tests: int) -> None:
    labels = np.where(np.arange(30)[:, None] % 2 == [0, 1], 1, -1)
    labels[24:, 1] = -1
    labels[24, :] = [-1, 1]
    split = ["train"] * 24 + ["test"] * tests + [""] * (6 - tests)
    rng = np.random.default_rng(1)
    arrays = {"x6": rng.standard_normal((30, 4)) + labels[:, :1], "y6": rng.standard_normal((30, 3))}
    app = start(labelled(tmp_path / "two.npz", labels, split, **arrays))
    app.query_params["data"] = "two.npz"
    at(app, PAGE)
    assert not app.error
    assert [line.positives for line in drawn.scene.lines] == ([0, 1] if tests == 1 else [2, 1])
    if tests == 1:
        assert drawn.equation.a.mean is None
        assert "no negative test image" in drawn.scene.unseen
    else:
        assert drawn.line("mean").a is not None


def test_arrays_of_any_name_are_trained_on(start: Callable[..., AppTest], drawn: Drawn, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    labels = np.where(np.arange(40)[:, None] % 2 == [0, 1], 1, 0)
    arrays = {
        "fc7": rng.normal(size=(40, 6)),
        "dynamics": labels + rng.normal(size=(40, 2)),
        "dW of features.8": np.eye(40),
    }
    np.savez(tmp_path / "given.npz", ids=np.arange(40), labels=labels, **arrays)
    app = at(start(tmp_path / "given.npz"), PAGE)
    assert app.multiselect(key="representations").value == ["fc7", "dynamics", "dW of features.8"]
    assert not app.error
    assert set(results(app)) == {"fc7", "dynamics", "dW of features.8"}
    assert not drawn.equation.a.formula
    assert drawn.pictures == Pictures()
    assert {choice.key for choice in drawn.equation.choices} == {"fc7", "dynamics", "dW of features.8"}


def test_a_temperature_is_not_offered_for_features_from_a_file(
    start, drawn: Drawn, photographs: Path, tmp_path: Path
) -> None:
    with (tmp_path / "given.npz").open("wb") as out:
        features_npz(lab(photographs).features(["x6", "dy7"]), {}, out)
    app = start(tmp_path / "given.npz")
    app.query_params.update({"data": "given.npz", "tuned": "true"})
    at(app, PAGE)
    assert app.toggle(key="tuned").disabled
    assert not app.error
    assert app.dataframe[0].value["mAP"].notna().all()
    assert app.dataframe[0].value["τ"].isna().all()
    assert drawn.equation.a.temperature == ""


def test_ones_own_photographs_with_class_folders_are_trained_and_scored(
    start: Callable[..., AppTest], drawn: Drawn, home: Path, tmp_path: Path
) -> None:
    here = visitor.Visitor(Queue(), tmp_path, SimpleQueue())
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for number in range(16):
            picture = ASSETS.joinpath(f"demo/JPEGImages/{number + 1:06d}.jpg").read_bytes()
            archive.writestr(f"{'cats' if number % 2 else 'dogs'}/{number:02d}.jpg", picture)
    packed.name = "classes.zip"
    packed.seek(0)
    here.take([packed], lambda done, total: None, lambda: False)
    app = start()
    app.session_state["visitor"] = here
    app.query_params["data"] = visitor.NAME
    at(app, PAGE)
    assert not app.error
    assert [line.name for line in drawn.scene.lines] == ["cats", "dogs"]
    mine = here.own()
    assert mine is not None
    scored = mine.experiment(Spec()).evaluate("dW7", train="train", test="val")
    assert means(drawn)[0] == pytest.approx(scored.mean_ap)
    assert all(one.jpeg for one in drawn.pictures.photos.values())
    assert not [path for path in home.rglob("*") if path.is_file()], "nothing of them is kept elsewhere"


# Weights of one's own


def test_weights_that_lie_in_the_home_can_be_chosen(
    start: Callable[..., AppTest], drawn: Drawn, photographs: Path, home: Path
) -> None:
    folder = home / "weights"
    folder.mkdir(parents=True)
    hostile = "<img src=x onerror=alert(1)>.safetensors"
    shutil.copyfile(ASSETS / "alexnet64.safetensors", folder / "mine.safetensors")
    shutil.copyfile(ASSETS / "alexnet64.safetensors", folder / hostile)
    (folder / "notes.txt").write_text("no weights")
    (folder / "evil.pth").write_bytes(b"\x80\x04cposix\nsystem\n.")
    app = start(photographs)
    app.query_params["images"] = "50"
    at(app, PAGE)
    offered = app.selectbox(key="weights").options
    assert offered == ["of AlexNet-64", hostile, "evil.pth", "mine.safetensors"]
    first = means(drawn)
    app.selectbox(key="weights").set_value("mine.safetensors")
    settled(app)
    assert app.session_state["selection"].spec.weights == folder / "mine.safetensors"
    assert means(drawn) == (pytest.approx(first[0]), pytest.approx(first[1]))
    assert drawn.equation.a.note == ""
    assert "made with" in app.dataframe[0].value
    assert (app.dataframe[0].value["made with"] == "other choices: weights published").sum() == 3
    app.selectbox(key="weights").set_value("evil.pth")
    settled(app)
    assert "was not opened" in app.error[0].value


def test_a_link_names_weights_of_that_folder_alone(app: AppTest) -> None:
    app.query_params["weights"] = "../../etc/passwd.pth"
    at(app, PAGE)
    assert app.session_state["selection"].spec.weights is None
