"""The dashboard of the page tests."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from tests.pages.apps import APP, IMAGES


@pytest.fixture
def start(kept: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., AppTest]]:
    """Return a function that starts the dashboard on data sets; nothing has run yet."""

    def started(*places: Path) -> AppTest:
        monkeypatch.setattr(sys, "argv", ["app.py", *(text for place in places for text in ("--dataset", str(place)))])
        return AppTest.from_file(str(APP), default_timeout=60)

    monkeypatch.setenv("GRADVIZ_HOME", str(kept))
    st.cache_resource.clear()
    yield started
    st.cache_resource.clear()


@pytest.fixture
def app(start: Callable[..., AppTest], photographs: Path) -> AppTest:
    """Return the dashboard on 50 of the photographs."""
    app = start(photographs)
    app.query_params["images"] = str(IMAGES)
    return app
