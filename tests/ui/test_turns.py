"""Pages take turns, and nobody waits long for one."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from threading import Event, Semaphore

import pytest

from gradviz.ui import turns
from tests.conftest import ROOT


@pytest.fixture(autouse=True)
def fresh(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(turns, "_turns", Semaphore(turns.AT_ONCE))
    monkeypatch.setattr(turns, "PATIENCE_SECONDS", 60)
    yield
    assert turns._turns.acquire(timeout=0), "the turn was given back"
    assert not turns._turns.acquire(timeout=0), "and once"


def test_one_page_is_drawn_at_a_time():
    drawing, most = [], []

    def draw(number: int) -> None:
        with turns.turn():
            drawing.append(number)
            most.append(len(drawing))
            time.sleep(0.01)
            drawing.remove(number)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(draw, range(24)))
    assert most == [1] * 24


def test_while_a_page_waits_others_are_drawn():
    drawn = Event()

    def first() -> None:
        with turns.turn(), turns.aside():
            assert drawn.wait(60)

    def second() -> None:
        with turns.turn():
            drawn.set()

    with ThreadPoolExecutor(2) as pool:
        for done in [pool.submit(first), pool.submit(second)]:
            done.result()


def test_nobody_waits_long_for_a_page_that_takes_long(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(turns, "PATIENCE_SECONDS", 0.01)
    drawn = Event()

    def slow() -> None:
        with turns.turn():
            assert drawn.wait(60)

    def other() -> None:
        with turns.turn(), turns.aside():
            drawn.set()

    with ThreadPoolExecutor(2) as pool:
        for done in [pool.submit(slow), pool.submit(other)]:
            done.result()


@pytest.mark.parametrize("inside", [False, True])
def test_whoever_is_interrupted_gives_the_turn_back(*, inside: bool):
    with suppress(KeyError), turns.turn():
        if inside:
            with turns.aside():
                raise KeyError
        raise KeyError


def test_what_has_no_turn_gives_none_back():
    with turns.aside():
        pass


def test_the_whole_page_is_drawn_in_turn():
    *_, last = (ROOT / "app.py").read_text(encoding="utf-8").split("\n\n\n")
    assert last == "with turns.turn():\n    draw()\n"
