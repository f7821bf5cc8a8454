"""Pages are drawn in turn.

What draws a page is Python, of which one thread runs at a time. Pages that are drawn side by side hand Python's lock to
each other at every call of the system: for fifty visitors on two cores 19 of 20 pages were there within 1.4 to 2.8 s
when they were drawn one after the other, within 7 s two at a time, and within 9 s side by side.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

AT_ONCE = 1
PATIENCE_SECONDS = 1.0
"""Nobody waits longer for somebody else's page, which may read a large data set for the first time."""

_turns = threading.Semaphore(AT_ONCE)
_held = threading.local()


@contextmanager
def turn() -> Iterator[None]:
    """Wait for the turn, draw, and give it on."""
    _take()
    try:
        yield
    finally:
        _give()


@contextmanager
def aside() -> Iterator[None]:
    """Let others draw while this page waits for something, or reads."""
    held = getattr(_held, "turn", False)
    _give()
    yield
    if held:  # who is interrupted draws no more
        _take()


def _take() -> None:
    _held.turn = _turns.acquire(timeout=PATIENCE_SECONDS)


def _give() -> None:
    if getattr(_held, "turn", False):
        _held.turn = False
        _turns.release()
