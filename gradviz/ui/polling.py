"""Ask for results without computing in a page: one queue for the whole process; progress, Stop and Try again."""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, is_dataclass
from typing import Any
from weakref import WeakSet

import streamlit as st

from gradviz.callbacks import Cancel, Progress
from gradviz.datasets import ImageSet
from gradviz.download.pace import time_text
from gradviz.errors import GradvizError
from gradviz.ui.queue import Job, Lane, Queue

POLL_SECONDS = 0.4
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


def ask(question: Question, *, after: Question | None = None, slot: str) -> Any:
    """Return the answer, or show the progress of the work and end this run of the page."""
    job = follow(question, after=after, slot=slot)
    return st.stop() if job is None else job.result


def follow(question: Question, *, after: Question | None = None, slot: str) -> Job | None:
    """Return the job once it is done; until then show its progress and return None, so that the page goes on without.

    Questions with the same key are one job, whoever asks. `after` is answered first where the answer is not there yet.
    A session follows one job per `slot`: when it moves on to another question there, the previous job is cancelled
    unless another session waits for it too. A job goes on when its page is left.
    """
    job = queue().get(question.key)
    asked = job is not None and (job.active or job.state == "done")
    if after is not None and not asked and follow(after, slot=f"{slot}, first") is None:
        return None
    _move_on(slot, question.key)
    stopped = st.session_state.setdefault("stopped", set())
    if question.key not in stopped and (job is None or job.state == "cancelled"):
        job = _submitted(question)
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
                _watchers().leave(question.key, _me())
                st.rerun()
    elif job is not None and job.state == "failed":
        st.error(job.error)
        _again("Try again", question.key, slot)
    else:
        st.info(f"Stopped: {question.title}. What was finished is kept.")
        _again("Start", question.key, slot)
    return None


def _submitted(question: Question) -> Job:
    try:
        return queue().submit(question.key, question.function, lane=question.lane, title=question.title)
    except GradvizError as error:
        st.error(str(error))
        return st.stop()


def _progress(job: Job, question: Question) -> None:
    if not job.active:
        st.rerun()
    share = min(job.done / job.total, 1.0) if job.total else 0.0
    st.progress(share, text=f"{job.title}: {_standing(job, share, question)}")


def _standing(job: Job, share: float, question: Question) -> str:
    """Describe the state of a job; the title of work that only others wait for stays theirs."""
    if job.state == "waiting":
        ahead = [other for other in queue().jobs() if other.lane == job.lane and other.state == "running"]
        if not ahead:
            return job.message
        mine = [other.title for other in ahead if _watchers().waits(other.key, _me())]
        more = f" and {job.position - 1} more" if job.position > 1 else ""
        return f"waiting for {f'“{mine[0]}”' if mine else 'the work of another visitor'}{more}"
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


class _Session:
    """One visitor; gone when Streamlit drops the session."""


class _Watchers:
    """Which sessions wait for which job, so that a visitor who moves on does not stop the work of another."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._by_key: dict[Hashable, WeakSet[_Session]] = {}

    def join(self, key: Hashable, session: _Session) -> None:
        with self._lock:
            self._by_key = {k: sessions for k, sessions in self._by_key.items() if len(sessions)}
            self._by_key.setdefault(key, WeakSet()).add(session)

    def waits(self, key: Hashable, session: _Session) -> bool:
        with self._lock:
            return session in self._by_key.get(key, ())

    def leave(self, key: Hashable, session: _Session) -> None:
        """Note that a session waits no longer; cancel the job once nobody waits for it."""
        with self._lock:
            sessions = self._by_key.get(key)
            if sessions is not None:
                sessions.discard(session)
            if not sessions:
                queue().cancel(key)


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


def _me() -> _Session:
    return st.session_state.setdefault("session", _Session())


def _move_on(slot: str, key: str) -> None:
    slots = st.session_state.setdefault("slots", {})
    previous = slots.get(slot)
    slots[slot] = key
    _watchers().join(key, _me())
    if previous not in (None, key) and previous not in [k for s, k in slots.items() if s != slot]:
        _watchers().leave(previous, _me())


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
