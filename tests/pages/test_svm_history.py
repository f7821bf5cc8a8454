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
        tempered=representation.startswith("d"),
        ap="area",
        train=ROWS,
        test=ROWS,
        seconds={"svm": 0.5, "kernel": 1.0},
        about=about,
    )


def asked(key: str) -> SimpleNamespace:
    return SimpleNamespace(selection=HERE, key=key, what="product")


def test_names_say_what_differs_and_nothing_else() -> None:
    assert svm_history.names([run("x6"), run("dW7")]) == ["x6", "dW7"]
    assert svm_history.names([run(), run(temperature="cv"), run(C="cv")]) == [
        "dW7, τ 1, C 1",
        "dW7, τ 4 (cv), C 1",
        "dW7, τ 1, C cv",
    ]


def test_what_does_not_depend_on_the_temperature_is_never_told_apart_by_it() -> None:
    kept = [run("x6", temperature=8.0), run(), run(temperature=8.0)]
    assert svm_history.names(kept) == ["x6", "dW7, τ 1", "dW7, τ 8"]


def test_the_table_has_the_best_first_and_marks_what_was_made_otherwise(monkeypatch) -> None:
    one = svm_history.Kept(asked("one"), run(mean_ap=40.0))
    best = svm_history.Kept(asked("best"), run("x6", mean_ap=np.float64(44.5)))
    other = {"one": {"temperature": "1", "C": "10"}, "best": {}}
    monkeypatch.setattr(svm_history.svm_asks, "differing", lambda ask, *_: other[ask.key])
    rows = svm_history.table([one, best], [SimpleNamespace(interval=(38.04, 42.0)), None], HERE, {})
    assert [row["result"] for row in rows] == ["x6", "dW7"]
    assert [row["interval"] for row in rows] == ["", "38.0 to 42.0"]
    assert [row["made with"] for row in rows] == ["these choices", "other choices: τ 1, C 10"]
    assert [row["τ"] for row in rows] == [None, 1.0]
    assert rows[1]["seconds"] == 1.5
    assert rows[1]["train → test"] == "train (2) → val (2)"


def test_all_results_are_kept_each_once() -> None:
    st.session_state.clear()
    first = svm_history.keep(asked("one"), run(mean_ap=40.0))
    assert svm_history.keep(asked("one"), run(mean_ap=40.0)) is first
    assert svm_history.get(asked("one")) is first
    for number in range(40):
        svm_history.keep(asked(f"number {number}"), run(seed=number))
    assert [kept.ask.key for kept in svm_history.of(HERE)] == ["one", *(f"number {number}" for number in range(40))]
    assert svm_history.of(SimpleNamespace(token="elsewhere")) == []
    svm_history.clear()
    assert svm_history.of(HERE) == []
