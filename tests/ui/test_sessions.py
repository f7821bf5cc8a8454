"""Visitors who leave: what waits for them ends, what belonged to them goes, and who comes back finds everything."""

import inspect
import threading
import time

import pytest
from streamlit.runtime.memory_session_storage import MemorySessionStorage

from gradviz.ui import sessions
from gradviz.ui.sessions import AWAY, COLLECT, END, Monitor, Session


class Clock:
    """A clock that stands until it is put forward."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(sessions.time, "monotonic", clock)
    return clock


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """Ids of the sessions that are connected."""
    connected = {"a", "b"}
    monkeypatch.setattr(sessions, "connected", connected.__contains__)
    return connected


@pytest.fixture
def collected(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    times: list[int] = []
    monkeypatch.setattr(sessions.gc, "collect", lambda: times.append(1))
    return times


@pytest.fixture
def monitor(clock: Clock, here: set[str]) -> Monitor:
    return Monitor(lambda: False, clock)


def visit(monitor: Monitor, name: str) -> tuple[Session, list[str]]:
    session, said = Session(name), []
    session.when_away("test", lambda: said.append("away"))
    session.at_end("test", lambda: said.append("end") or True)
    monitor.note(session)
    return session, said


def after(seconds: float, clock: Clock, monitor: Monitor) -> None:
    clock.now += seconds
    monitor.look()


def test_who_leaves_waits_for_nothing_soon_and_leaves_nothing_later(monitor, clock, here) -> None:
    _, left = visit(monitor, "a")
    _, stayed = visit(monitor, "b")
    here.discard("a")
    after(AWAY - 1, clock, monitor)
    assert left == []
    after(2, clock, monitor)
    after(2, clock, monitor)
    assert left == ["away"]
    after(END, clock, monitor)
    assert left == ["away", "end"]
    assert [session.id for session in monitor.sessions()] == ["b"]
    assert stayed == []


def test_who_comes_back_in_time_loses_nothing(monitor, clock, here) -> None:
    session, said = visit(monitor, "a")
    here.discard("a")
    after(AWAY + 1, clock, monitor)
    after(120 - AWAY, clock, monitor)  # as long as Streamlit gives a session back
    here.add("a")
    after(1, clock, monitor)
    assert not session.away
    here.discard("a")
    after(END - 1, clock, monitor)
    assert said == ["away", "away"]
    assert monitor.sessions() == (session,)


def test_nothing_is_removed_before_streamlit_itself_gives_a_session_up() -> None:
    kept = inspect.signature(MemorySessionStorage).parameters["ttl_seconds"].default
    assert kept < END <= 180 - 2 * sessions.LOOK, "the Data page says three minutes"


def test_what_cannot_be_removed_yet_is_tried_again(monitor, clock, here) -> None:
    session = Session("a")
    answers = iter([False, False, True])
    session.at_end("folder", lambda: next(answers))
    monitor.note(session)
    here.discard("a")
    for expected in (1, 1, 0):
        after(END + 1, clock, monitor)
        assert len(monitor.sessions()) == expected


def test_a_fault_of_one_visitor_keeps_nobody_else(monitor, clock, here, caplog) -> None:
    broken = Session("a")
    broken.at_end("folder", lambda: 1 / 0)
    monitor.note(broken)
    _, said = visit(monitor, "b")
    here.clear()
    after(END + 1, clock, monitor)
    assert said[-1] == "end"
    assert "could not be removed" in caplog.text


def test_garbage_is_collected_when_somebody_has_left_and_nobody_waits(clock, here, collected) -> None:
    busy = [True]
    monitor = Monitor(lambda: busy[0], clock)
    visit(monitor, "a")
    here.discard("a")
    after(END + 1, clock, monitor)
    assert collected == []
    busy[0] = False
    after(1, clock, monitor)
    assert collected == [1]
    after(1, clock, monitor)
    assert collected == [1]
    after(COLLECT + 1, clock, monitor)
    assert collected == [1, 1]


def test_garbage_does_not_wait_for_ever_for_a_quiet_moment(clock, here, collected) -> None:
    monitor = Monitor(lambda: True, clock)
    after(COLLECT + 1, clock, monitor)
    assert collected == []
    after(sessions.BUSY, clock, monitor)
    assert collected == [1]


def test_the_thread_looks_until_it_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sessions, "LOOK", 0.01)
    looked = threading.Event()
    monkeypatch.setattr(Monitor, "look", lambda self: looked.set())
    monitor = Monitor(lambda: False).start()
    assert looked.wait(10)
    monitor.close()
    for _ in range(1000):
        if not [thread for thread in threading.enumerate() if thread.name == "gradviz-sessions"]:
            return
        time.sleep(0.01)
    raise AssertionError("the thread goes on")


def test_a_browser_is_known_by_its_secret_whatever_its_mask() -> None:
    from streamlit.web.server.starlette.starlette_app_utils import generate_xsrf_token_string

    mine, theirs = b"0123456789abcdef", b"fedcba9876543210"
    texts = [generate_xsrf_token_string(mine) for _ in range(3)]
    assert len(set(texts)) == 3
    assert {sessions.unmasked(text) for text in texts} == {mine.hex()}
    assert sessions.unmasked(generate_xsrf_token_string(theirs)) == theirs.hex()
    for text in ("", "2", "2|x|y|z", "2|||1"):
        assert sessions.unmasked(text) == ""
