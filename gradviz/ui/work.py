"""Ask for results without computing in a page: one queue for the whole process, progress, stop and try again."""

import logging
import threading
from collections.abc import Callable
from typing import Any
from weakref import WeakSet

import streamlit as st

from gradviz.callbacks import Cancel, Progress
from gradviz.errors import GradvizError
from gradviz.jobs import Job, Lane, Queue

POLL_SECONDS = 0.4
PATIENCE_SECONDS = 0.25
"""A job that ends within this time never shows a bar."""
KEPT = 8
"""Results kept for everybody; the largest, three kernels of 5,000 images, takes 300 MB."""

_log = logging.getLogger(__name__)


@st.cache_resource
def queue() -> Queue:
    """Give the process its only queue."""
    return Queue(kept=KEPT)


def ask(
    key: str, title: str, function: Callable[[Progress, Cancel], Any], *, lane: Lane = "heavy", slot: str = "page"
) -> Any:
    """Return the result of a job, or show how it goes and stop the run.

    `key` names the question; jobs of the same key are one job, whoever asks. `title` says what is being done.
    A session looks at one job a `slot`: when it moves on to another question there, the former job is cancelled unless
    another session waits for it too. Leaving the page lets a job go on.
    """
    _move_on(slot, key)
    try:
        job = _job(key, title, function, lane, slot)
    except GradvizError as error:
        st.error(str(error))
        st.stop()
    if job.active:
        job.wait(PATIENCE_SECONDS)
    if job.state == "done":
        return job.result
    if job.active:
        st.fragment(_progress, run_every=POLL_SECONDS)(job, slot)
    elif job.state == "failed":
        st.error(job.error)
        _again("Try again", key, slot)
    else:
        _stopped(title, key, slot)
    st.stop()
    return None


def _job(key: str, title: str, function: Callable[[Progress, Cancel], Any], lane: Lane, slot: str) -> Job:
    """Find the job, or start it unless it failed or this visitor stopped it."""
    job = queue().get(key)
    stopped = key in st.session_state.setdefault("stopped", set())
    if job is None and stopped:
        _stopped(title, key, slot)
        st.stop()
    if job is None or (job.state == "cancelled" and not stopped):
        job = queue().submit(key, function, lane=lane, title=title)
    return job


def _progress(job: Job, slot: str) -> None:
    if not job.active:
        st.rerun()
    share = min(job.done / job.total, 1.0) if job.total else 0.0
    left = job.eta
    words = f"{share:.0%}" if job.state == "running" and job.total else job.message
    if left is not None and job.seconds > 2:
        words += f", about {_duration(left)} left"
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.progress(share, text=f"{job.title}: {words}")
        if st.button("Stop", key=f"stop-{slot}", icon=":material/stop_circle:"):
            st.session_state["stopped"].add(job.key)
            _watchers().leave(job.key, _me())
            st.rerun()


def _stopped(title: str, key: str, slot: str) -> None:
    st.info(f"Stopped: {title}. What was finished is kept.")
    _again("Start", key, slot)


def _again(label: str, key: str, slot: str) -> None:
    def start() -> None:
        st.session_state["stopped"].discard(key)
        queue().forget(key)

    st.button(label, key=f"again-{slot}", icon=":material/play_circle:", on_click=start)


def _duration(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"


class _Session:
    """Stand for one visitor; gone when Streamlit drops the session."""


class _Watchers:
    """Know which sessions wait for which job, so that one's change of mind does not stop another's work."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._by_key: dict[str, WeakSet[_Session]] = {}

    def join(self, key: str, session: _Session) -> None:
        with self._lock:
            self._by_key = {k: sessions for k, sessions in self._by_key.items() if len(sessions)}
            self._by_key.setdefault(key, WeakSet()).add(session)

    def leave(self, key: str, session: _Session) -> None:
        """Cancel the job once nobody waits for it any more."""
        with self._lock:
            sessions = self._by_key.get(key, WeakSet())
            sessions.discard(session)
            if not len(sessions):
                queue().cancel(key)


@st.cache_resource
def _watchers() -> _Watchers:
    return _Watchers()


def _me() -> _Session:
    return st.session_state.setdefault("session", _Session())


def _move_on(slot: str, key: str) -> None:
    slots = st.session_state.setdefault("slots", {})
    former = slots.get(slot)
    slots[slot] = key
    _watchers().join(key, _me())
    if former not in (None, key) and former not in [k for s, k in slots.items() if s != slot]:
        _watchers().leave(former, _me())


@st.cache_resource
def warm_up() -> None:
    """Import and compile what the first results need while the first page is being read."""
    threading.Thread(target=_prepare, name="gradviz-warm-up", daemon=True).start()


def _prepare() -> None:
    import time

    import gradviz.experiment  # torch and scikit-learn

    # UMAP's compilation takes 15 s of the processor: it waits until nobody waits for anything. embed() has a lock of
    # its own, so that this is safe outside the heavy lane, where it would hold up the first visitor.
    time.sleep(2)
    while queue().jobs():
        time.sleep(0.5)
    import numpy as np

    from gradviz.embedding import embed

    try:
        embed(np.eye(40, dtype=np.float32))
    except GradvizError:
        _log.exception("Maps could not be prepared")
