"""The Network page: which photographs go through, what the browser is given, and what it answers."""

import io
from collections.abc import Callable
from functools import partial
from pathlib import Path
from queue import SimpleQueue
from types import SimpleNamespace

import numpy as np
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from gradviz.datasets import ImageSet, find
from gradviz.experiment import Experiment
from gradviz.export import features_npz
from gradviz.features.one_image import explicit_gradient
from gradviz.features.pseudo_labels import pseudo_label
from gradviz.home import ASSETS
from gradviz.spec import OPTIONS, Spec
from gradviz.ui import chosen, frame, polling, visitor
from gradviz.ui.components import network as component
from gradviz.ui.queue import Queue
from pages.start import photographs as choosing
from tests.pages.apps import at, lab, said, settled
from tests.ui.test_components import unpack

PAGE = "pages/start/network.py"
OFFERED = OPTIONS["temperature"].offered


class Browser:
    """What the browser is sent, in place of the component, and what it says: `next` runs before the next page does."""

    def __init__(self) -> None:
        self.sent: dict[str, tuple[dict, list[bytes]]] = {}
        self.callbacks: dict = {}
        self.on_pick: Callable[[str, str], None] | None = None
        self.next: list[Callable[[], None]] = []
        self.form = self.go = None

    def __call__(self, *, data: bytes, key: str, **callbacks):
        header, parts = unpack(data)
        self.sent[header["kind"]] = header, parts
        self.callbacks |= callbacks
        if header["kind"] != "network":
            return SimpleNamespace()
        said = SimpleNamespace(form=self.form, go=self.go)
        self.form = self.go = None  # a trigger lasts for one run
        return said

    def ten(self, *_, on_pick: Callable[[str, str], None], selected: set[str], **__) -> None:
        self.on_pick, self.selected = on_pick, selected

    def header(self, kind: str) -> dict:
        return self.sent[kind][0]

    def floats(self, kind: str, part: int) -> np.ndarray:
        return np.frombuffer(self.sent[kind][1][part], "<f4")

    def says(self, name: str, value: object) -> None:
        """Have the component report a value, as Streamlit does: its callback runs first."""

        def report() -> None:
            st.session_state["drawn-network"] = SimpleNamespace(**{name: value})
            self.callbacks[f"on_{name}_change"]()

        self.next.append(report)

    def picks(self, name: str, role: str) -> None:
        assert self.on_pick
        self.next.append(partial(self.on_pick, name, role))


@pytest.fixture
def browser(monkeypatch: pytest.MonkeyPatch) -> Browser:
    found, dress = Browser(), frame.dress

    def begin() -> bool:
        while found.next:
            found.next.pop()()
        return dress()

    monkeypatch.setattr(component, "_component", found)
    monkeypatch.setattr(choosing, "ten", found.ten)
    monkeypatch.setattr(frame, "dress", begin)
    return found


@pytest.fixture
def voc(photographs: Path) -> ImageSet:
    return find(photographs)


def query(app: AppTest, name: str) -> list[str]:
    """Return what stands in the address, which AppTest holds as text or as a list."""
    value = app.query_params[name]
    return value if isinstance(value, list) else [value]


def test_the_start_page_draws_a_photograph_with_its_real_values(app: AppTest, browser: Browser, voc: ImageSet) -> None:
    app.query_params["temperature"] = "8"
    settled(app)
    assert [title.value for title in app.title] == ["Network"]
    assert browser.header("network")["temperatures"] == list(OFFERED)
    assert browser.header("choices")["temperature"] == 8
    assert browser.header("choices")["layer"] == "fc7"
    for role in ("A", "B"):
        header = browser.header(role)
        position = voc.source(header["id"])
        features = Experiment(voc, Spec(temperature=8)).features(["x5", "x6", "y7", "dy7", "y8"], np.array([position]))
        count = len(header["stages"])
        assert count == 5
        np.testing.assert_allclose(browser.floats(role, 1 + count), features.arrays["x5"][0], rtol=1e-4, atol=1e-5)
        np.testing.assert_allclose(browser.floats(role, 4 + count), features.arrays["x6"][0], rtol=1e-4, atol=1e-5)
        np.testing.assert_allclose(browser.floats(role, 5 + count), features.arrays["y7"][0], rtol=1e-3, atol=1e-4)
        dy = browser.floats(role, 6 + count).reshape(len(OFFERED), -1)[OFFERED.index(8)]
        np.testing.assert_allclose(dy, features.arrays["dy7"][0], rtol=1e-3, atol=1e-8)
        p = browser.floats(role, 10 + count).reshape(len(OFFERED), -1)
        np.testing.assert_allclose(p.sum(axis=1), 1, atol=1e-5)
        assert p[OFFERED.index(8)].argmax() == features.arrays["y8"][0].argmax()


def test_a_and_b_stand_in_the_link(app: AppTest, browser: Browser, voc: ImageSet) -> None:
    a, b = voc.ids[3], voc.ids[7]
    app.query_params.update({"focus": a, "pair": [a, b]})
    settled(app)
    assert [title.value for title in app.title] == ["Network"]
    assert (browser.header("A")["id"], browser.header("B")["id"]) == (a, b)
    assert query(app, "focus") == [a]
    assert query(app, "pair") == [a, b]


def test_the_selection_of_all_pages_is_outlined_in_the_row(app: AppTest, browser: Browser, voc: ImageSet) -> None:
    app.query_params["chosen"] = chosen.written(voc.ids[3:6], voc.ids)
    at(app, PAGE)
    assert browser.selected == set(voc.ids[3:6])


def test_what_a_cell_shows_is_in_the_link(app: AppTest, browser: Browser) -> None:
    app.query_params["cells"] = "means"
    at(app, PAGE)
    assert browser.header("choices")["cells"] == "means"
    browser.says("cells", "largest")
    settled(app)
    assert browser.header("choices")["cells"] == "largest"
    assert "cells" not in app.query_params


def test_a_photograph_alone_is_in_the_link(app: AppTest, browser: Browser, voc: ImageSet) -> None:
    app.query_params["focus"] = voc.ids[3]
    at(app, PAGE)
    browser.picks(browser.header("B")["id"], "B")
    settled(app)
    assert browser.header("B")["digest"] is None
    assert query(app, "second") == ["none"]
    browser.picks(voc.ids[4], "B")
    settled(app)
    assert browser.header("B")["id"] == voc.ids[4]
    assert "second" not in app.query_params


def test_a_link_to_a_photograph_alone_shows_no_other(app: AppTest, browser: Browser, voc: ImageSet) -> None:
    app.query_params.update({"focus": voc.ids[3], "second": "none"})
    at(app, PAGE)
    assert (browser.header("A")["id"], browser.header("B")["digest"]) == (voc.ids[3], None)


def test_an_old_link_with_a_pair_alone_opens_kernels(app: AppTest, voc: ImageSet) -> None:
    app.query_params.update({"pair": [voc.ids[3], voc.ids[7]], "layer": "fc8"})
    settled(app)
    assert app.session_state["selection"].layer.name == "fc8"
    for _ in range(2):  # later runs state in the address what the first one has read from it
        settled(app)
    assert [title.value for title in app.title] == ["Kernels"]
    assert query(app, "pair") == [voc.ids[3], voc.ids[7]]
    assert query(app, "layer") == ["fc8"]
    assert query(app, "images") == ["50"]


def test_a_click_is_a_and_the_other_mode_is_b(app: AppTest, browser: Browser, voc: ImageSet) -> None:
    at(app, PAGE)
    first = browser.header("A")["id"]
    browser.picks(voc.ids[4], "B")
    settled(app)
    assert (browser.header("A")["id"], browser.header("B")["id"]) == (first, voc.ids[4])
    assert query(app, "pair") == [first, voc.ids[4]]
    browser.picks(voc.ids[9], "A")
    settled(app)
    assert (browser.header("A")["id"], browser.header("B")["id"]) == (voc.ids[9], voc.ids[4])
    assert query(app, "focus") == [voc.ids[9]]
    assert query(app, "pair") == [voc.ids[9], voc.ids[4]]
    browser.picks(voc.ids[4], "B")
    settled(app)
    assert browser.header("B")["digest"] is None
    assert "pair" not in app.query_params


def test_the_temperature_and_the_layer_of_the_drawing_are_the_sidebars(app: AppTest, browser: Browser) -> None:
    at(app, PAGE)
    before = browser.header("A")["digest"], browser.header("network")["digest"]
    browser.says("temperature", 8.0)
    browser.says("layer", "fc6")
    settled(app)
    assert app.select_slider(key="temperature").value == 8.0
    assert browser.header("choices")["temperature"] == 8.0
    assert browser.header("choices")["layer"] == "fc6"
    assert query(app, "temperature") == ["8"]
    assert query(app, "layer") == ["fc6"]
    now = browser.header("A")["digest"], browser.header("network")["digest"]
    assert now == before, "nothing that has not changed is sent again"
    browser.says("temperature", 7.5)
    browser.says("layer", "fc99")
    settled(app)
    assert browser.header("choices")["temperature"] == 8.0
    assert browser.header("choices")["layer"] == "fc6"


def test_the_formed_gradient_is_what_autograd_says(app: AppTest, browser: Browser, voc: ImageSet) -> None:
    app.query_params["temperature"] = "2"
    at(app, PAGE)
    assert browser.header("choices")["formed"] is None
    browser.form = "fc7"
    settled(app)
    formed = browser.header("choices")["formed"]
    model = Experiment(voc, Spec(temperature=2)).model
    label = pseudo_label("uniform", model, voc)
    position = voc.source(browser.header("A")["id"])
    found = explicit_gradient(model, voc, position, 7, temperature=2.0, label=label)
    assert formed["largest"] == pytest.approx(found.largest, rel=1e-4)
    assert formed["difference"] < 1e-5 * formed["largest"]
    assert formed["approximate"] == ""


@pytest.mark.parametrize(("where", "title"), [("kernels", "Kernels"), ("map", "Map")])
def test_the_pair_opens_elsewhere(app: AppTest, browser: Browser, where: str, title: str) -> None:
    at(app, PAGE)
    pair = [browser.header("A")["id"], browser.header("B")["id"]]
    browser.go = where
    app.run()
    assert [element.value for element in app.title] == [title]
    assert query(app, "pair") == pair
    assert query(app, "images") == ["50"]
    if where == "map":
        assert set(app.session_state["chosen"].ids) == set(pair)


def test_centred_kernels_are_those_of_kernels(app: AppTest, browser: Browser, photographs: Path) -> None:
    app.query_params.update({"normalise": "centred", "temperature": "8", "layer": "fc6"})
    at(app, PAGE)
    assert browser.header("network")["normalise"] == "centred"
    assert (browser.header("means")["layer"], browser.header("means")["temperature"]) == ("fc6", 8)
    found = lab(photographs, temperature=8.0, normalise="centred").kernel("dW6")
    row, col = (found.rows.ids.index(browser.header(role)["id"]) for role in ("A", "B"))
    step = OFFERED.index(8)
    for part, K in ((6, found.K_fw), (8, found.K_bw)):
        mean = browser.floats("means", 0 if part == 6 else 1)
        vectors = []
        for role in ("A", "B"):
            values = browser.floats(role, part)
            values = values if part == 6 else values.reshape(len(OFFERED), -1)[step]
            less = values / np.linalg.norm(values) - mean
            vectors.append(less / np.linalg.norm(less))
        assert vectors[0] @ vectors[1] == pytest.approx(float(K[row, col]), abs=1e-5)
    assert "have no places" in browser.header("choices")["nowhere"]


def test_another_ten_are_others_and_in_the_link(app: AppTest, browser: Browser) -> None:
    at(app, PAGE)
    first = browser.header("A")["id"]
    next(button for button in app.button if button.label == "Another ten").click()
    settled(app)
    assert query(app, "ten") == ["1"]
    assert browser.header("A")["id"] != first


def test_a_number_in_the_link_that_is_none_is_said(app: AppTest, browser: Browser) -> None:
    app.query_params["ten"] = "seven"
    app.run()
    assert "which is no number" in "\n".join(info.value for info in app.info)


def test_ten_photographs_show_ten_classes(voc: ImageSet) -> None:
    ids = choosing.choose_ten(voc, np.arange(160), 0)
    assert len(set(ids)) == 10
    assert ids == choosing.choose_ten(voc, np.arange(160), 0)
    assert ids != choosing.choose_ten(voc, np.arange(160), 1)
    shown = {voc.labels_of(voc.source(name)) for name in ids}
    assert len(shown) >= 9
    plain = voc.subset(voc.ids[:12], "twelve")
    assert len(set(choosing.choose_ten(plain, np.arange(12), 3))) == 10
    assert len(choosing.choose_ten(plain, np.arange(4), 3)) == 4


def test_the_companion_shows_the_same_classes_where_one_does(voc: ImageSet) -> None:
    for name in voc.ids[:20]:
        other = choosing.companion(voc, np.arange(160), name)
        assert other not in (None, name)
        mine = set(voc.labels_of(voc.source(name)))
        same = [i for i in voc.ids if i != name and set(voc.labels_of(voc.source(i))) == mine]
        if same:
            assert other == same[0]
    assert choosing.companion(voc, [3], voc.ids[3]) is None


def test_features_without_pictures_have_a_way_on(start, photographs: Path, tmp_path: Path) -> None:
    with (tmp_path / "given.npz").open("wb") as out:
        features_npz(lab(photographs).features(["x6", "dy7"]), {}, out)
    app = start(tmp_path / "given.npz")
    app.query_params["data"] = "given.npz"
    settled(app)
    assert "without pictures" in app.info[0].value
    assert [element.proto.page for element in app.get("page_link")] == ["svm"]


def own_of(tmp_path: Path, *numbers: int) -> visitor.Visitor:
    here = visitor.Visitor(Queue(), tmp_path, SimpleQueue())
    for number in numbers:
        add(here, number)
    return here


def add(here: visitor.Visitor, number: int) -> None:
    upload = io.BytesIO(ASSETS.joinpath(f"demo/JPEGImages/{number:06d}.jpg").read_bytes())
    upload.name = f"{number}.jpg"
    here.take([upload], lambda done, total: None, lambda: False)


def test_an_own_photograph_goes_through_beside_the_data_set(app: AppTest, browser: Browser, tmp_path: Path) -> None:
    here = own_of(tmp_path, 1)
    app.session_state["visitor"] = here
    at(app, PAGE)
    assert not browser.header("A")["id"].startswith("★")
    add(here, 2)
    settled(app)
    header = browser.header("A")
    assert header["id"].startswith("★ ")
    own = here.own()
    assert own is not None
    position = own.images.source(header["id"].removeprefix("★ "))
    features = own.experiment(Spec()).features(["x5"], np.array([position]))
    np.testing.assert_allclose(browser.floats("A", 6), features.arrays["x5"][0], rtol=1e-4, atol=1e-5)
    keys = [str(key) for key in polling.queue()._ended]
    assert any(own.token in key and "passage" in key for key in keys), "the visitor's token is in the key"
    choices = browser.header("choices")
    assert "not part of this data set" in choices["elsewhere"]
    assert choices["about"].startswith("my own photograph and ")
    assert "A link cannot carry your own photograph" in said(app)
    browser.says("own", True)
    settled(app)
    assert app.session_state["selection"].own
    assert browser.header("A")["id"] == header["id"].removeprefix("★ ")
    assert browser.header("choices")["elsewhere"] == ""
    assert "A link cannot carry" not in said(app)
    assert "★" not in str(app.query_params)


def test_what_the_network_does_not_know_is_said(app: AppTest, browser: Browser, voc: ImageSet) -> None:
    sheep = next(name for name in voc.ids if voc.labels_of(voc.source(name)) == ("person",))
    app.query_params["focus"] = sheep
    settled(app)
    assert "does not know person" in said(app)
