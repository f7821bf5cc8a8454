from types import SimpleNamespace

import numpy as np
import streamlit as st

from pages.evaluate import svm_history

ABOUT = {"network": "alexnet64", "temperature": 1.0, "C": 1.0, "train": "train", "test": "val", "preprocess": "center"}
ABOUT |= {"pseudo_label": "uniform", "normalise": "l2", "centre": False, "seed": 0}
ROWS = SimpleNamespace(ids=("a", "b"))
HERE = SimpleNamespace(token="here")


def run(representation: str = "dW7", mean_ap: float = 50.0, **about: object) -> SimpleNamespace:
    about = {**ABOUT, "representation": representation, **about}
    temperature = 4.0 if about["temperature"] == "cv" else about["temperature"]
    return SimpleNamespace(
        representation=representation,
        mean_ap=mean_ap,
        temperature=temperature,
        ap="area",
        train=ROWS,
        test=ROWS,
        seconds={"svm": 0.5, "kernel": 1.0},
        about=about,
    )


def test_names_say_what_differs_and_nothing_else() -> None:
    assert svm_history.names([run("x6"), run("dW7")]) == ["x6", "dW7"]
    assert svm_history.names([run(), run(temperature="cv"), run(C="cv")]) == [
        "dW7, τ 1, C 1",
        "dW7, τ 4 (cv), C 1",
        "dW7, τ 1, C cv",
    ]


def test_kinds_need_no_network() -> None:
    kept = [run("x6"), run("dy10", network="squeezenet1_0"), run("dW1", network="resnet18"), run("x6+x7")]
    kept += [run("fc7"), run("dW@features.8"), run("dynamics:fc7"), run("0.75clip+0.25x6")]
    plain = ["forward", "forward", "product", "concatenation"]
    assert svm_history.kinds(kept) == ["forward", "backward", "product", "concatenation", *plain]


def test_the_table_marks_the_best() -> None:
    kept = [run(mean_ap=40.0), run("x6", mean_ap=np.float64(44.5))]
    rows = svm_history.table(kept, svm_history.names(kept))
    assert [row["best"] for row in rows] == ["", "★"]
    assert rows[0]["seconds"] == 1.5
    assert rows[0]["train → test"] == "train (2) → val (2)"


def test_the_same_question_again_replaces_its_answer_and_old_ones_go() -> None:
    st.session_state.clear()
    svm_history.keep(HERE, [run(mean_ap=40.0), run("x6")])
    svm_history.keep(HERE, [run(mean_ap=41.0)])
    assert [(r.representation, r.mean_ap) for r in svm_history.of(HERE)] == [("x6", 50.0), ("dW7", 41.0)]
    assert svm_history.of(SimpleNamespace(token="elsewhere")) == []
    svm_history.keep(HERE, [run(seed=seed) for seed in range(1, svm_history.MOST + 1)])
    assert [r.about["seed"] for r in svm_history.of(HERE)] == list(range(1, svm_history.MOST + 1))
    svm_history.clear()
    assert svm_history.of(HERE) == []
