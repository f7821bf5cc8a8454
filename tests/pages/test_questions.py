"""What the pages ask: keys that hold what the answer depends on, and lanes. Nothing is computed here."""

import io
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from queue import SimpleQueue

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from gradviz.home import ASSETS
from gradviz.ui import polling
from gradviz.ui.polling import Question
from gradviz.ui.queue import Queue
from gradviz.ui.visitor import Visitor
from pages.data import downloads
from tests.conftest import ROOT

PICTURE = (ASSETS / "demo/JPEGImages/000001.jpg").read_bytes()


@pytest.fixture
def asked(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., list[Question]]]:
    """Function that opens a page of the dashboard, does something there, and returns what its script asks then."""
    questions: list[Question] = []

    def follow(
        question: Question, *, after: Question | None = None, slot: str, errand: bool = False, quiet: bool = False
    ) -> None:
        questions.extend([question, after] if after else [question])

    def opened(
        page: str, *, visitor: Visitor | None = None, act: Callable[[AppTest], object] | None = None, **query: str
    ) -> list[Question]:
        app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60)
        app.query_params.update({"images": "50", **query})
        if visitor:
            app.session_state["visitor"] = visitor
            app.session_state["own photograph"] = "mine.jpg"
        app.run().switch_page(f"pages/{page}.py").run()
        questions.clear()
        if act:
            act(app)
        assert not app.run().exception
        return list(questions)

    monkeypatch.setattr(sys, "argv", ["app.py"])
    monkeypatch.setattr(polling, "follow", follow)
    st.cache_resource.clear()
    yield opened
    st.cache_resource.clear()


@pytest.fixture
def somebody(tmp_path: Path) -> Callable[[], Visitor]:
    def arrived() -> Visitor:
        visitor, file = Visitor(Queue(), tmp_path, SimpleQueue()), io.BytesIO(PICTURE)
        file.name = "mine.jpg"
        visitor.take([file], lambda done, total: None, lambda: False)
        return visitor

    return arrived


@pytest.mark.parametrize(("page", "verb"), [("data/data", "classification"), ("data/data", "nearest")])
def test_an_answer_about_ones_own_photographs_is_found_by_nobody_else(asked, somebody, page: str, verb: str) -> None:
    def key(visitor: Visitor | None) -> str | None:
        found = [
            question.key
            for question in asked(page, visitor=visitor, view="Add your own")
            if question.key.startswith(f'["ui/views:{verb}"')
        ]
        return found[0] if found else None

    first, second = somebody(), somebody()
    keys = [key(visitor) for visitor in (first, second, None)]
    assert len(set(keys)) == 3
    assert first.own().token in keys[0]
    assert second.own().token in keys[1]
    assert key(first) == keys[0]


def test_what_is_fetched_or_dropped_goes_through_the_transfer_lane(asked, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(downloads, "local", lambda: True)

    def drop(app: AppTest) -> None:
        app.file_uploader[0].set_value([("mine.jpg", PICTURE, "image/jpeg")]).run()

    def fetch(app: AppTest) -> None:
        next(button for button in app.button if button.label == "Download").click().run()

    taking, fetching = "Taking in 1 file", "Downloading 500 photographs of voc2007"
    for view, act, title in (("Add your own", drop, taking), ("Fetch", fetch, fetching)):
        questions = asked("data/data", act=act, view=view)
        assert {question.lane for question in questions if question.title == title} == {"transfer"}


@pytest.mark.parametrize(
    ("page", "verb", "drawn"),
    [("explore/kernels", "explore/kernels_job:kernels_view", False), ("explore/map", "explore/map_views:drawn", True)],
)
def test_the_seed_matters_only_where_something_is_drawn_at_random(asked, page: str, verb: str, drawn: bool) -> None:
    def keys(seed: str) -> list[str]:
        return [question.key for question in asked(page, seed=seed) if question.key.startswith(f'["{verb}"')]

    assert keys("1")
    assert (keys("1") != keys("2")) is drawn


def test_the_seed_matters_to_nothing_nearest(asked, somebody) -> None:
    visitor = somebody()
    keys = [
        [
            question.key
            for question in asked("data/data", visitor=visitor, seed=seed, view="Add your own")
            if "views:nearest" in question.key
        ]
        for seed in "12"
    ]
    assert keys[0]
    assert keys[0] == keys[1]
