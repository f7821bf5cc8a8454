"""All counts of the Data page: the tables that say what the program makes of a data set."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from tests.datasets.test_features_file import IDS, LABELS, X, save
from tests.pages.apps import APP, said, settled
from tests.small_sets import picture, voc

PAGE = "pages/data/data.py"
KINDS = ("positive", "difficult", "negative", "unknown")


@pytest.fixture
def data(kept: Path, monkeypatch: pytest.MonkeyPatch):
    """Return a function that opens the Data page on data sets."""

    def opened(*places: Path, **query: str) -> AppTest:
        monkeypatch.setattr(sys, "argv", ["app.py", *(text for place in places for text in ("--dataset", str(place)))])
        app = AppTest.from_file(str(APP), default_timeout=60)
        app.query_params.update(query)
        app.run()
        return settled(app.switch_page(PAGE))

    monkeypatch.setenv("GRADVIZ_HOME", str(kept))
    st.cache_resource.clear()
    yield opened
    st.cache_resource.clear()


@pytest.fixture
def few(tmp_path: Path) -> Path:
    """Return a set of four pictures: two show a cat, one of them and another a dog; a third dog is difficult."""
    labels = {"cat": {"a": 1, "b": 1, "c": -1, "d": -1}, "dog": {"a": 1, "b": -1, "c": 1, "d": 0}}
    return voc(tmp_path / "few", labels, {"train": ["a", "b", "c"], "val": ["d"]})


def counts(app: AppTest) -> dict[str, list[int]]:
    """Return the numbers of each class in the table."""
    table = frame(app, "positive").set_index("class")
    return {name: [int(table.loc[name, kind]) for kind in KINDS] for name in table.index}


def frame(app: AppTest, column: str) -> Any:
    (found,) = [shown.value for shown in app.dataframe if column in shown.value.columns]
    return found


def test_each_kind_of_label_is_counted(data: Callable[..., AppTest], few: Path) -> None:
    app = data(few)
    assert "All counts" in [popover.proto.popover.label for popover in app.get("popover")]
    assert counts(app) == {"cat": [2, 0, 2, 0], "dog": [2, 1, 1, 0]}
    splits = frame(app, "split")
    assert dict(zip(splits["split"], splits["images"], strict=True)) == {"train": 3, "val": 1}
    assert "few: a folder in VOC layout; 4 images, 2 classes, " in said(app)


def test_all_of_the_set_counts_whatever_the_sidebar_chooses(data: Callable[..., AppTest], few: Path) -> None:
    app = data(few)
    whole = counts(app), frame(app, "split")["images"].tolist()
    app.selectbox(key="split").set_value("val")
    settled(app)
    app.query_params["class"] = "cat"
    assert (counts(settled(app)), frame(app, "split")["images"].tolist()) == whole


def test_another_data_set_has_other_counts(data: Callable[..., AppTest], few: Path, tmp_path: Path) -> None:
    for name in ("cow", "sheep", "sheep"):
        picture(tmp_path / "farm" / name / f"{len(list((tmp_path / 'farm').rglob('*.png')))}.png", len(name))
    app = data(few, tmp_path / "farm")
    assert list(counts(app)) == ["cat", "dog"]
    app.selectbox(key="data").set_value("farm")
    settled(app)
    assert counts(app) == {"cow": [1, 0, 2, 0], "sheep": [2, 0, 1, 0]}
    assert all(uri.startswith("data:image/jpeg;base64,") for uri in frame(app, "positive")["picture"])


def test_pictures_that_nobody_labelled_have_no_table_of_classes(data: Callable[..., AppTest], tmp_path: Path) -> None:
    for number in range(3):
        picture(tmp_path / "plain" / f"{number}.png", number)
    app = data(tmp_path / "plain")
    assert "3 images, 0 classes, " in said(app)
    assert not [shown for shown in app.dataframe if {"positive", "split"} & set(shown.value.columns)]


def test_vectors_have_counts_and_no_pictures(data: Callable[..., AppTest], tmp_path: Path) -> None:
    told = {"labels": LABELS, "classes": np.array(["cat", "dog"])}
    app = data(save(tmp_path, ids=IDS, x6=X, dy7=X, **told))
    assert counts(app) == {"cat": [2, 1, 1, 0], "dog": [2, 0, 2, 0]}
    assert "picture" not in frame(app, "positive").columns
