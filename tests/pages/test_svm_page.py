"""The SVM page trains, compares and forgets; its scores are those of the verbs."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from gradviz.experiment import Experiment
from gradviz.export import features_npz
from gradviz.spec import Spec
from tests.pages.apps import at, lab, settled

PAGE = "pages/evaluate/svm.py"


def test_svms_are_trained_compared_and_forgotten(app: AppTest, photographs: Path) -> None:
    at(app, PAGE)
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
    at(app, PAGE)
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
    at(app, PAGE)
    assert app.multiselect(key="representations").value == ["x6", "x6+x7", "dW7"]
    app.selectbox(key="layer").set_value("fc6")
    settled(app)
    assert app.multiselect(key="representations").value == ["x5", "x5+x6", "dW6"]


def test_classes_that_are_left_out_of_the_mean_are_named(start: Callable[..., AppTest], tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    labels = np.where(rng.random((40, 3)) < 0.5, 1, -1)
    labels[:20, 1], labels[20:, 2] = -1, 1
    np.savez(
        tmp_path / "f.npz",
        ids=np.arange(40).astype(str),
        x6=rng.standard_normal((40, 4)),
        labels=labels,
        classes=["cat", "mean", "dog"],
        split=np.repeat(["train", "test"], 20),
    )
    app = start(tmp_path / "f.npz")
    app.query_params.update({"data": "f.npz", "normalise": "centred"})
    at(app, PAGE)
    app.button[0].click()
    settled(app)
    captions = [caption.value for caption in app.caption]
    assert "x6: No positive training image, so left out of the mean: mean." in captions
    assert "x6: No negative test image, so left out of the mean: dog." in captions
    scored = Experiment(tmp_path / "f.npz", Spec(normalise="centred")).evaluate("x6", train="train", test="test")
    assert app.dataframe[0].value["mAP"].tolist() == [pytest.approx(scored.per_class["cat"])]


def test_arrays_of_any_name_are_trained_on(start: Callable[..., AppTest], tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    labels = np.where(np.arange(40)[:, None] % 2 == [0, 1], 1, 0)
    arrays = {
        "fc7": rng.normal(size=(40, 6)),
        "dynamics": labels + rng.normal(size=(40, 2)),
        "dW@features.8": np.eye(40),
    }
    np.savez(tmp_path / "given.npz", ids=np.arange(40), labels=labels, **arrays)
    app = at(start(tmp_path / "given.npz"), PAGE)
    assert app.multiselect(key="representations").value == ["fc7", "dynamics", "dW@features.8"]
    app.button[0].click()
    settled(app)
    assert not app.error
    assert app.dataframe[0].value["result"].tolist() == ["fc7", "dynamics", "dW@features.8"]


def test_a_temperature_is_not_offered_for_features_from_a_file(start, photographs: Path, tmp_path: Path) -> None:
    with (tmp_path / "given.npz").open("wb") as out:
        features_npz(lab(photographs).features(["x6", "dy7"]), {}, out)
    app = start(tmp_path / "given.npz")
    app.query_params.update({"data": "given.npz", "tuned": "true"})
    at(app, PAGE)
    assert app.toggle(key="tuned").disabled
    app.button[0].click()
    settled(app)
    assert not app.error
    assert app.dataframe[0].value["mAP"].notna().all()
