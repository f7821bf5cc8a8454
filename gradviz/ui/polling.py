"""Ask for results without computing in a page: one queue for the whole process; progress, Stop and Try again."""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, is_dataclass
from typing import Any

import streamlit as st
from streamlit.runtime.scriptrunner import StopException

from gradviz.callbacks import Cancel, Progress
from gradviz.datasets import ImageSet
from gradviz.download.pace import time_text
from gradviz.ui import sessions
from gradviz.ui.queue import FullError, Job, Lane, Queue
from gradviz.ui.sessions import Session
from gradviz.ui.text import plain

POLL_SECONDS = 0.4
FULL_SECONDS = 5.0
"""Between two tries to get into a full waiting list."""
PATIENCE_SECONDS = 0.25
"""A job that ends within this time never shows a bar."""
KEPT = 64
"""Answers kept for everybody, as far as they fit into BUDGET."""
BUDGET = 600_000_000
"""Bytes of the kept answers: two of the largest, which are three kernels of 5,000 images each."""

_answered = threading.Event()


@st.cache_resource
def queue() -> Queue:
    """Return the only queue of the process."""
    return Queue(kept=KEPT)


@st.cache_resource(on_release=sessions.Monitor.close)
def monitor() -> sessions.Monitor:
    """Return what notices that visitors leave."""
    return sessions.Monitor(lambda: bool(queue().jobs())).start()


def session() -> Session:
    """Return the session whose page is running."""
    return sessions.current(monitor())


@dataclass(frozen=True)
class Question:
    """What a page wants to know: the same `key` means the same answer, `title` describes the work.

    `paced` is False where the time left cannot be estimated from the share that is done; `words` describes the state
    of the running job better than that share.
    """

    key: str
    title: str
    function: Callable[[Progress, Cancel], Any]
    lane: Lane = "heavy"
    paced: bool = True
    words: Callable[[], str] | None = None


def ask(question: Question, *, after: Question | None = None, slot: str, errand: bool = False) -> Any:
    """Return the answer, or show the progress of the work and end this run of the page."""
    job = follow(question, after=after, slot=slot, errand=errand)
    return st.stop() if job is None else job.result


def follow(question: Question, *, after: Question | None = None, slot: str, errand: bool = False) -> Job | None:
    """Return the job once it is done; until then show its progress and return None, so that the page goes on without.

    Questions with the same key are one job, whoever asks. `after` is answered first where the answer is not there yet.
    A session follows one job per `slot`, until it moves on to another question there, to another page, or away; a job
    that no session follows any more is cancelled. An `errand`, which a button has started, lasts until the session
    ends.
    """
    st.session_state.setdefault("asked", set()).add(slot)
    job = queue().get(question.key)
    asked = job is not None and (job.active or job.state == "done")
    if after is not None and not asked and follow(after, slot=f"{slot}, first", errand=errand) is None:
        return None
    _move_on(slot, question.key, errand)
    stopped = st.session_state.setdefault("stopped", set())
    if question.key not in stopped and (job is None or job.state == "cancelled"):
        try:
            job = queue().submit(question.key, question.function, lane=question.lane, title=question.title)
        except FullError as error:
            st.fragment(_full, run_every=FULL_SECONDS)(error, time.monotonic())
            return None
    if job is not None and job.active:
        job.wait(PATIENCE_SECONDS)
    if job is not None and job.state == "done":
        _answered.set()
        _budget().use(question.key, job.result)
        return job
    if job is not None and job.active:
        with st.container(horizontal=True, vertical_alignment="bottom"):
            st.fragment(_progress, run_every=POLL_SECONDS)(job, question)
            # Outside the fragment and without a callback: while the whole page is being drawn, Streamlit forgets a
            # click in a fragment, and the callback of a widget that the run has not come to yet.
            if st.button("Stop", key=f"stop {slot}", icon=":material/stop_circle:"):
                stopped.add(question.key)
                _watchers().leave(question.key, session())
                st.rerun()
    elif job is not None and job.state == "failed":
        st.error(plain(job.error or ""))
        _again("Try again", question.key, slot)
    elif question.key not in stopped:  # it was cancelled by the last one who followed it, just now
        st.rerun()
    else:
        st.info(f"Stopped: {plain(question.title)}. What was finished is kept.")
        _again("Start", question.key, slot)
    return None


@contextmanager
def on_page(name: str) -> Iterator[None]:
    """Run a page: afterwards the session no longer waits for the figures of other pages, nor for those left out."""
    # All that the end needs is fetched here: in a run that is stopped, Streamlit refuses its state.
    me, slots, asked = session(), st.session_state.setdefault("slots", {}), set()
    st.session_state["page"], st.session_state["asked"] = name, asked
    finished = False
    try:
        yield
        finished = True
    except StopException:
        finished = True
        raise
    finally:
        # A run that was interrupted by the next click may have asked for less than the page shows.
        for slot, (key, page) in [*slots.items()]:
            if page is not None and (page != name or (finished and slot not in asked)):
                del slots[slot]
                _leave(key, slots, me)


def _full(error: FullError, since: float) -> None:
    st.info(f"{error} This page asks again by itself.")
    if time.monotonic() - since > FULL_SECONDS / 2:
        st.rerun()


def _progress(job: Job, question: Question) -> None:
    if not job.active:
        st.rerun()
    share = min(job.done / job.total, 1.0) if job.total else 0.0
    st.progress(share, text=plain(f"{job.title}: {_standing(job, share, question)}"))


def _standing(job: Job, share: float, question: Question) -> str:
    """Describe the state of a job; the title of work that only others wait for stays theirs."""
    if job.state == "waiting":
        ahead = [other for other in queue().jobs() if other.lane == job.lane and other.state == "running"]
        if not ahead:
            return job.message
        mine = [other.title for other in ahead if _watchers().waits(other.key, session())]
        whose = f"“{mine[0]}”" if mine else "the work of another visitor"
        return f"waiting for {whose}, place {job.position} of {queue().waiting(job.lane)} in the line"
    if question.words:
        return question.words()
    if not job.total:
        return "getting ready" if job.message == "Running" else job.message
    words = f"{share:.0%}"
    if not question.paced:
        return f"{words} after {time_text(job.seconds)}"
    return f"{words}, about {time_text(job.eta)} left" if job.eta is not None and job.seconds > 2 else words


def _again(label: str, key: str, slot: str) -> None:
    def start() -> None:
        st.session_state["stopped"].discard(key)
        queue().forget(key)

    st.button(label, key=f"again {slot}", icon=":material/play_circle:", on_click=start)


class _Watchers:
    """Which sessions wait for which job, so that a visitor who moves on does not stop the work of another."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._by_key: dict[Hashable, dict[Session, bool]] = {}

    def join(self, key: Hashable, session: Session, *, errand: bool) -> None:
        """Note that a session waits for a job."""
        with self._lock:
            self._by_key.setdefault(key, {})[session] = errand
        session.when_away(self, lambda: self._leave_all(session, errands=False))
        session.at_end(self, lambda: self._leave_all(session, errands=True))

    def waits(self, key: Hashable, session: Session) -> bool:
        """Return whether a session waits for a job."""
        with self._lock:
            return session in self._by_key.get(key, ())

    def leave(self, key: Hashable, session: Session) -> None:
        """Note that a session waits no longer; cancel the job once nobody waits for it."""
        with self._lock:
            watching = self._by_key.get(key, {})
            watching.pop(session, None)
            if not watching:
                self._by_key.pop(key, None)
                queue().cancel(key)

    def _leave_all(self, session: Session, *, errands: bool) -> bool:
        with self._lock:
            keys = [key for key, of in self._by_key.items() if session in of and (errands or not of[session])]
        for key in keys:
            self.leave(key, session)
        return True


class _Budget:
    """The memory that kept answers take, and its bound."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._sizes: OrderedDict[str, int] = OrderedDict()

    def use(self, key: str, answer: Any) -> None:
        """Note that an answer was read; forget those read longest ago while all together are too large."""
        with self._lock:
            if key not in self._sizes:
                self._sizes[key] = size_of(answer)
            self._sizes.move_to_end(key)
            while len(self._sizes) > 1 and (sum(self._sizes.values()) > BUDGET or len(self._sizes) > KEPT):
                queue().forget(self._sizes.popitem(last=False)[0])


def size_of(answer: Any) -> int:
    """Estimate the bytes of an answer: its own `nbytes`, else the arrays, bytes and texts in its fields and items.

    The data set that answers point to is not counted: all of them share it.
    """
    if hasattr(answer, "nbytes"):
        return int(answer.nbytes)
    if isinstance(answer, (bytes, str)):
        return len(answer)
    if isinstance(answer, Mapping):
        return sum(map(size_of, answer.values()))
    if isinstance(answer, (tuple, list)):
        return sum(map(size_of, answer))
    if is_dataclass(answer) and not isinstance(answer, ImageSet):
        return sum(map(size_of, vars(answer).values()))
    return 0


@st.cache_resource
def _budget() -> _Budget:
    return _Budget()


@st.cache_resource
def _watchers() -> _Watchers:
    return _Watchers()


def _move_on(slot: str, key: str, errand: bool) -> None:
    slots = st.session_state.setdefault("slots", {})
    previous, _ = slots.get(slot, (None, None))
    slots[slot] = key, None if errand else st.session_state.get("page", "")
    _watchers().join(key, session(), errand=errand)
    if previous not in (None, key):
        _leave(previous, slots, session())


def _leave(key: str, slots: Mapping[str, tuple[str, str | None]], me: Session) -> None:
    """Wait no longer for a job, unless another slot asks for the same."""
    if all(key != other for other, _ in slots.values()):
        _watchers().leave(key, me)


@st.cache_resource
def warm_up() -> None:
    """Import and compile what the first results need while the first page is being read."""
    threading.Thread(target=_prepare, args=(queue(),), name="gradviz-warm-up", daemon=True).start()


def _prepare(jobs: Queue) -> None:
    import gradviz.experiment  # torch comes with it
    from gradviz.embedding import warm_up as compile_maps

    # The compilation takes half a minute of CPU time, so it begins when somebody has got an answer and nobody waits for
    # another. Maps have a lock of their own, so that this is safe outside the heavy lane.
    _answered.wait()
    import gradviz.svm  # noqa: F401 - scikit-learn comes with it, and kernels, seen first, need none of it

    quiet = 0
    while quiet < 3:
        time.sleep(1)
        quiet = 0 if jobs.jobs() else quiet + 1
    compile_maps()
