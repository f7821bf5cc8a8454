"""Every page, run by AppTest on photographs: what it shows is what the verbs compute."""

import json
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from gradviz.datasets import find
from gradviz.experiment import Experiment
from gradviz.export import features_npz
from gradviz.features.pseudo_labels import KINDS
from gradviz.spec import CHOICES, Spec
from gradviz.ui import state
from gradviz.ui.widgets import equation

APP = str(Path(__file__).parents[2] / "app.py")
IMAGES = 50


@pytest.fixture
def start(kept: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Path], AppTest]]:
    """Give a function that starts the dashboard on a data set; nothing has run yet."""

    def started(dataset: Path) -> AppTest:
        monkeypatch.setattr(sys, "argv", ["app.py", "--dataset", str(dataset)])
        return AppTest.from_file(APP, default_timeout=60)

    monkeypatch.setenv("GRADVIZ_HOME", str(kept))
    st.cache_resource.clear()
    yield started
    st.cache_resource.clear()


@pytest.fixture
def app(start: Callable[[Path], AppTest], photographs: Path) -> AppTest:
    """Give the dashboard on 50 of the photographs."""
    app = start(photographs)
    app.query_params["images"] = str(IMAGES)
    return app


def settled(app: AppTest) -> AppTest:
    """Run the page until no job is under way."""
    for _ in range(600):
        app.run()
        assert not app.exception
        if not app.get("progress"):
            return app
        time.sleep(0.1)
    raise AssertionError("The work does not end")


def at(app: AppTest, page: str) -> AppTest:
    app.run()
    return settled(app.switch_page(page))


def lab(photographs: Path, **choices: object) -> Experiment:
    return Experiment(find(photographs), Spec(images=IMAGES, **choices))


def said(app: AppTest) -> str:
    return "\n".join(element.value for element in (*app.markdown, *app.text, *app.caption))


def test_the_kernels_page_draws_and_compares_with_the_labels(app: AppTest, photographs: Path) -> None:
    settled(app)
    assert [title.value for title in app.title] == ["Kernels"]
    assert {"heatmaps", "heatmaps-mark"} <= {element.key for element in app.get("bidi_component")}
    measured = lab(photographs).align(["x6", "dy7", "dW7"]).with_labels
    assert [metric.value for metric in app.metric] == [f"{value:.3f}" for value in measured]


def test_a_pair_in_the_link_is_shown_with_its_values(app: AppTest, photographs: Path) -> None:
    found = lab(photographs, temperature=8.0).kernel("dW8")
    app.query_params.update({"pair": [found.rows.ids[3], found.rows.ids[7]], "layer": "fc8", "temperature": "8"})
    settled(app)
    forward, backward = float(found.K_fw[3, 7]), float(found.K_bw[3, 7])
    assert equation(forward, backward, forward * backward) in said(app)
    for row in (3, 7):
        assert f"{found.rows.ids[row]}: " in said(app)
    assert app.query_params["pair"] == [found.rows.ids[3], found.rows.ids[7]]


def test_a_link_that_means_nothing_falls_back(app: AppTest) -> None:
    app.query_params.update(
        {"data": "none", "split": "none", "images": "-1", "network": "vgg99", "layer": "fc99", "temperature": "hot"}
        | {"seed": "x", "centre": "perhaps", "pseudo": "?", "preprocess": "", "normalise": "l3", "pair": ["a", "b"]}
    )
    settled(app)
    selection = app.session_state["selection"]
    assert selection.spec == Spec(images=300)
    assert (selection.split, selection.layer.name) == ("all", "fc7")
    assert not app.error


def test_centred_kernels_keep_the_equation_of_their_factors(app: AppTest, photographs: Path) -> None:
    found = lab(photographs, centre=True).kernel("dW7")
    app.query_params.update({"centre": "true", "pair": [found.rows.ids[0], found.rows.ids[1]]})
    settled(app)
    assert f"K after centring: {found.K[0, 1]:.4f}" in said(app)


def test_the_map_page_offers_every_map(app: AppTest) -> None:
    at(app, "pages/explore/map.py")
    assert len(app.get("bidi_component")) == 1
    assert [button.proto.label for button in app.get("download_button")] == [
        "x6 as CSV",
        "dy7 as CSV",
        "dW7 as CSV",
    ]


def test_svms_are_trained_compared_and_forgotten(app: AppTest, photographs: Path) -> None:
    at(app, "pages/evaluate/svm.py")
    app.multiselect(key="representations").set_value(["x6", "dW7"])
    app.button[0].click()
    settled(app)
    scored = [lab(photographs).evaluate(name, train="train", test="val") for name in ("x6", "dW7")]
    table = app.dataframe[0].value
    assert table["mAP"].tolist() == pytest.approx([result.mean_ap for result in scored])
    assert table["best"].tolist().index("★") == int(np.argmax([result.mean_ap for result in scored]))
    bars = json.loads(app.get("plotly_chart")[0].proto.spec)["data"]
    assert [bar["name"] for bar in bars] == ["x6", "dW7"]

    app.selectbox(key="C").set_value("10")
    app.button[0].click()
    settled(app)
    assert app.dataframe[0].value["result"].tolist() == ["x6, C 1", "dW7, C 1", "x6, C 10", "dW7, C 10"]
    next(button for button in app.button if button.label == "Clear").click()
    app.run()
    assert not app.dataframe


def test_training_on_the_test_split_is_refused_in_one_sentence(app: AppTest) -> None:
    at(app, "pages/evaluate/svm.py")
    app.selectbox(key="test").set_value("train")
    app.button[0].click()
    settled(app)
    assert "do not overlap" in app.error[0].value
    app.selectbox(key="test").set_value("val")
    app.button[0].click()
    settled(app)
    assert not app.error
    assert len(app.dataframe[0].value) == 3


def test_representations_follow_the_layer(app: AppTest) -> None:
    at(app, "pages/evaluate/svm.py")
    assert app.multiselect(key="representations").value == ["x6", "x6+x7", "dW7"]
    app.selectbox(key="layer").set_value("fc6")
    settled(app)
    assert app.multiselect(key="representations").value == ["x5", "x5+x6", "dW6"]


def test_a_folder_without_labels_can_be_looked_at(start: Callable[[Path], AppTest], snapshots: Path) -> None:
    app = settled(start(snapshots))
    assert not app.metric
    at(app, "pages/explore/map.py")
    at(app, "pages/evaluate/svm.py")
    assert "nothing can be trained" in app.info[0].value


def features(path: Path, photographs: Path, *names: str) -> Path:
    found = lab(photographs).features(names)
    with path.open("wb") as file:
        features_npz(found, {}, file)
    return path


def test_features_from_a_file_are_shown_without_a_network(
    start: Callable[[Path], AppTest], photographs: Path, tmp_path: Path
) -> None:
    app = settled(start(features(tmp_path / "f.npz", photographs, "x6", "dy7")))
    assert len(app.metric) == 3
    assert "Network" not in [box.label for box in app.selectbox]
    at(app, "pages/explore/map.py")
    at(app, "pages/evaluate/svm.py")
    app.button[0].click()
    settled(app)
    assert app.dataframe[0].value["result"].tolist() == ["x6", "dW7"]


def test_features_without_a_gradient_are_for_svms_alone(
    start: Callable[[Path], AppTest], photographs: Path, tmp_path: Path
) -> None:
    app = settled(start(features(tmp_path / "f.npz", photographs, "x6", "x7")))
    assert "no layer with both factors" in app.info[0].value
    at(app, "pages/explore/map.py")
    assert "no layer with both factors" in app.info[0].value
    at(app, "pages/evaluate/svm.py")
    assert app.multiselect(key="representations").value == ["x6", "x7"]


def test_a_data_set_that_cannot_be_read_is_said(start: Callable[[Path], AppTest], tmp_path: Path) -> None:
    app = start(tmp_path).run()
    assert not app.exception
    assert str(tmp_path) in app.error[0].value


def test_the_choices_explained_are_those_that_there_are() -> None:
    assert tuple(state.PSEUDO_LABELS) == KINDS
    assert tuple(state.PREPROCESS) == CHOICES["preprocess"]
    assert tuple(state.NORMALISE) == CHOICES["normalise"]
