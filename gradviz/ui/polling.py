"""Ask for results without computing in a page: one queue for the whole process; progress, Stop and Try again."""

import threading
import time
from collections.abc import Callable, Collection, Hashable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import streamlit as st
from streamlit.runtime.scriptrunner import StopException

from gradviz.callbacks import Cancel, Progress
from gradviz.download.pace import time_text
from gradviz.ui import sessions
from gradviz.ui.budget import Budget
from gradviz.ui.queue import FullError, Job, Lane, Queue
from gradviz.ui.sessions import Session
from gradviz.ui.text import plain
from gradviz.ui.watchers import Watchers

POLL_SECONDS = 0.4
FULL_SECONDS = 5.0
"""Between two tries to get into a full waiting list."""
PATIENCE_SECONDS = 0.8
"""A job that ends within this time never shows a bar; a page waits as long for all its jobs together."""
KEPT = 64
"""Answers kept for everybody, as far as they fit into BUDGET."""
BUDGET = 600_000_000
"""Bytes of the kept answers: two of the largest, which are three kernels of 5,000 images each."""

_answered = threading.Event()
_asking = threading.RLock()
"""Held while a visitor's work is stopped or asked for: a tab that is being drawn asks for nothing stopped meanwhile."""


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


class NotYet(StopException):
    """Ends a page's run where it cannot go on before an answer is there.

    Unlike `st.stop`, after which Streamlit refuses to draw anything in this run, it lets app.py draw what stands beside
    the page, such as the list of what is under way.
    """


def ask(question: Question, *, after: Question | None = None, slot: str, errand: bool = False) -> Any:
    """Return the answer, or show the progress of the work and end this run of the page."""
    job = follow(question, after=after, slot=slot, errand=errand)
    if job is None:
        raise NotYet
    return job.result


@dataclass(frozen=True)
class Shown:
    """What a page draws: an answer, the choices under which it was asked for, and whether these are no longer current.

    A former answer stays on the page, dimmed, until the new one is there.
    """

    result: Any
    choices: Any
    former: bool = False


def show(question: Question, choices: Any, *, after: Question | None = None, slot: str) -> Shown:
    """Return the answer, or until it is there the one that was shown last in this slot, or end this run of the page.

    `choices` is whatever the page needs to draw the answer; the bar and Stop lie over the figure and move nothing.
    """
    shown = st.session_state.setdefault("shown", {})
    with st.container(key=f"gv-progress-{slot}"):
        job = follow(question, after=after, slot=slot)
    if job is not None:
        shown[slot] = question.key, choices
        return Shown(job.result, choices)
    key, former = shown.get(slot, ("", None))
    last = answered(key)
    if last is None:
        raise NotYet
    st.html(f"<style>.st-key-gv-figure-{slot} {{ opacity: 0.45; transition: opacity 0.2s; }}</style>")
    return Shown(last, former, former=True)


def answered(key: str) -> Any:
    """Return the answer to the question with this key if it is there already, without asking; else None."""
    job = queue().get(key)
    return job.result if job is not None and job.state == "done" else None


def follow(
    question: Question, *, after: Question | None = None, slot: str, errand: bool = False, quiet: bool = False
) -> Job | None:
    """Return the job once it is done; until then show its progress and return None, so that the page goes on without.

    However many slots wait, a page shows the progress of one job once, and one Stop, which stops all that the page
    waits for. What is `quiet` shows no progress itself.

    Questions with the same key are one job, whoever asks. `after` is answered first where the answer is not there yet.
    A session follows one job per `slot`, until it moves on to another question there, to another page, or away; a job
    that no session follows any more is cancelled. An `errand`, which a button has started, lasts until the session
    ends.
    """
    st.session_state.setdefault("asked", set()).add(slot)
    job = queue().get(question.key)
    asked = job is not None and (job.active or job.state == "done")
    if after is not None and not asked and follow(after, slot=f"{slot}, first", errand=errand, quiet=quiet) is None:
        return None
    with _asking:
        together = _stopped_by_now(question.key)
        if not together:
            _move_on(slot, question.key, errand)
            try:
                job = _submitted(question)
            except FullError as error:
                st.session_state["waits"] = True
                if _shows("full", slot):
                    st.fragment(_full, run_every=FULL_SECONDS)(error, time.monotonic())
                return None
    if together:
        # Others may still wait for it; who has stopped it does not.
        if _shows(together, slot):
            st.info(f"Stopped: {plain(question.title)}. What was finished is kept.")
            _again("Start", together.keys, slot)
        return None
    if job is not None and job.active:
        _wait(job)
    if job is not None and job.state == "done":
        _answered.set()
        _budget().use(question.key, job.result, most=BUDGET, count=KEPT)
        return job
    if job is not None and job.active:
        _in_progress(job, question, slot, errand=errand, quiet=quiet)
    elif job is not None and job.state == "failed":
        if _shows(question.key, slot):
            st.error(plain(job.error or ""))
            _again("Try again", {question.key}, slot)
    else:  # it was cancelled by the last one who followed it, just now
        st.rerun()
    return None


def begin(question: Question, *, after: Question | None = None, slot: str) -> None:
    """Start what the page will follow, or need next, without waiting: nothing is drawn, and nothing said of it.

    What is there, what this visitor has stopped and what waits for `after` stays as it is.
    """
    st.session_state.setdefault("asked", set()).add(slot)
    if after is not None and answered(after.key) is None:
        return
    with _asking:
        job = queue().get(question.key)
        if _stopped_by_now(question.key) or (job is not None and job.state in ("done", "failed")):
            return
        _move_on(slot, question.key, errand=False)
        with suppress(FullError):
            _submitted(question)


def _submitted(question: Question) -> Job:
    """Return the job of a question: the one that is there, else a new one; one that failed is tried again on demand."""
    job = queue().get(question.key)
    if job is not None and job.state != "cancelled" and not job.stopping:
        return job
    return queue().submit(question.key, question.function, lane=question.lane, title=question.title)


@contextmanager
def on_page(name: str) -> Iterator[None]:
    """Run a page: afterwards the session no longer waits for the figures of other pages, nor for those left out."""
    # All that the end needs is fetched here: in a run that another interrupts, Streamlit refuses its state.
    me, slots, asked = session(), st.session_state.setdefault("slots", {}), set()
    if st.session_state.get("page") != name:
        st.session_state.pop("stopping", None)
    st.session_state["page"], st.session_state["asked"] = name, asked
    st.session_state["shows"], st.session_state["patience"] = {}, PATIENCE_SECONDS
    st.session_state["waits"] = False
    finished = False
    try:
        yield
        finished = True
    except NotYet:
        finished = True
        raise
    finally:
        # A run that was interrupted by the next click may have asked for less than the page shows.
        for slot, (key, page) in [*slots.items()]:
            if page is not None and (page != name or (finished and slot not in asked)):
                del slots[slot]
                _leave(key, slots, me)
        if finished:
            st.session_state.pop("stopping", None)


def busy() -> bool:
    """Return whether the page waits for anything, or has in this run done without something that came meanwhile."""
    return st.session_state.get("waits", False) or bool(awaited())


def _wait(job: Job) -> None:
    """Wait a moment for a job; whoever clicks meanwhile is heard, since Streamlit cuts in where its state is used."""
    end = time.monotonic() + st.session_state.setdefault("patience", PATIENCE_SECONDS)
    while not job.wait(0.02) and st.session_state["patience"]:
        st.session_state["patience"] = max(end - time.monotonic(), 0.0)


def _in_progress(job: Job, question: Question, slot: str, *, errand: bool, quiet: bool) -> None:
    """Show how far a job is, and Stop, unless the page does so already; draw the page again once the job is done."""
    st.session_state["waits"] = True
    if quiet:
        st.fragment(_ended, run_every=POLL_SECONDS)(job)
    elif _shows(question.key, slot):
        with st.container(horizontal=True, vertical_alignment="bottom"):
            st.fragment(_progress, run_every=POLL_SECONDS)(job, question)
            if errand or _shows("stop", slot):
                stop_button(question.key, together=not errand, key=f"stop {slot}" if errand else "stop")


def stop_button(job: str, *, key: str, together: bool = False) -> None:
    """Draw a button that stops a job for this visitor, or all that the page waits for; it is not for fragments."""

    # It stands outside the fragment, has one name wherever it stands, and is heard twice. While a page is being drawn
    # again, Streamlit forgets a click in a fragment, and one on a button that the new run does not draw; the callback
    # of a button that no run has come to yet; and, where a third run cuts in before it comes to the button, the click.
    def stopped() -> None:
        stop(*dict.fromkeys([job, *(awaited() if together else ())]))
        last = queue().get(job)
        if together and last is not None and last.state == "done":
            # It came to its end under the hand: what is meant is what the page would go on to ask for.
            st.session_state["stopping"] = _Together(set())

    if st.button("Stop", key=key, icon=":material/stop_circle:", on_click=stopped):
        stopped()
        st.rerun()


def _shows(what: Hashable, slot: str) -> bool:
    """Return whether it is this slot that shows something which stands once on a page: the one that came first.

    The note of it outlives the run: a fragment that is drawn again shows what it showed.
    """
    return st.session_state.setdefault("shows", {}).setdefault(what, slot) == slot


def awaited() -> list[str]:
    """Return what this page waits for; an errand has a Stop of its own."""
    page = st.session_state.get("page", "")
    keys = dict.fromkeys(key for key, of in st.session_state.get("slots", {}).values() if of == page)
    return [key for key in keys if (job := queue().get(key)) is not None and job.active]


def _ended(job: Job) -> None:
    if not job.active:
        st.rerun()


def _full(error: FullError, since: float) -> None:
    st.info(f"{error} This page asks again by itself.")
    if time.monotonic() - since > FULL_SECONDS / 2:
        st.rerun()


def _progress(job: Job, question: Question) -> None:
    _ended(job)
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
        return f"waiting for {whose}, place {job.position:,} of {queue().waiting(job.lane):,} in the line"
    if question.words:
        return question.words()
    if not job.total:
        return "getting ready" if job.message == "Running" else job.message
    words = f"{share:.0%}"
    if not question.paced:
        return f"{words} after {time_text(job.seconds)}"
    return f"{words}, about {time_text(job.eta)} left" if job.eta and job.eta >= 1 and job.seconds > 2 else words


def is_mine(key: Hashable) -> bool:
    """Return whether this visitor waits for a job, in this tab or another."""
    return _watchers().waits(key, session())


@dataclass(eq=False)
class _Together:
    """What is stopped together is said once and starts together."""

    keys: set[str]


def stop(*keys: str) -> None:
    """Stop jobs together for this visitor, in all tabs of the browser and whatever a reload has left behind."""
    _stop(_Together(set()), *keys)


def _stop(together: _Together, *keys: str) -> None:
    with _asking:
        together.keys.update(keys)
        for key in keys:
            _stopped()[key] = together
            _watchers().leave_all_of(key, session())


def is_stopped(key: str) -> bool:
    """Return whether this visitor has stopped a job, in whichever tab."""
    return key in _stopped()


def _stopped_by_now(key: str) -> _Together | None:
    """Return what the visitor has stopped together with work that has not come to its end; None if it goes on."""
    job = queue().get(key)
    if job is not None and job.state in ("done", "failed"):
        return None
    late: _Together | None = st.session_state.get("stopping")
    if late is not None and key not in _stopped():
        _stop(late, key)
    return _stopped().get(key)


def restart(*keys: str) -> None:
    """Let jobs that have ended, or that this visitor has stopped, begin again where they are asked for."""
    for key in keys:
        _stopped().pop(key, None)
        job = queue().get(key)
        if job is not None and not job.active:
            queue().forget(key)


def _stopped() -> dict[str, _Together]:
    """Return the keys of the work that this visitor has stopped, in whichever tab: each with those stopped with it."""
    me = session()
    if not me.browser:
        return st.session_state.setdefault("stopped", {})
    return _stopped_by().setdefault(me.browser, {})


@st.cache_resource
def _stopped_by() -> dict[str, dict[str, _Together]]:
    return {}


def _again(label: str, keys: Collection[str], slot: str) -> None:
    st.button(label, key=f"again {slot}", icon=":material/play_circle:", on_click=lambda: restart(*keys))


@st.cache_resource
def _budget() -> Budget:
    return Budget(queue().forget)


@st.cache_resource
def _watchers() -> Watchers:
    return Watchers(queue().cancel)


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
    # another. Maps have a lock of their own, so that this is safe beside them.
    _answered.wait()
    import gradviz.svm  # noqa: F401 - scikit-learn comes with it, and kernels, seen first, need none of it

    quiet = 0
    while quiet < 3:
        time.sleep(1)
        quiet = 0 if jobs.jobs() else quiet + 1
    compile_maps()
