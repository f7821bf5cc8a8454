"""List what is being computed, whose turn it is and how far it is, with a button that stops one's own."""

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from gradviz.ui import polling
from gradviz.ui.queue import Job
from gradviz.ui.text import plain


def work(place: DeltaGenerator) -> None:
    """Draw one line that opens the list; it is there while something runs or waits."""
    if not polling.queue().jobs():
        return
    mine = _mine()
    with place, st.popover("Work in progress", width="stretch", icon=":material/hourglass_top:"):
        for job in mine:
            with st.container(horizontal=True, vertical_alignment="center"):
                st.fragment(_line, run_every=polling.POLL_SECONDS)(job)
                polling.stop_button(str(job.key), key=f"stop job {job.key}")
        st.fragment(_others, run_every=polling.POLL_SECONDS)({job.key for job in mine})


def _mine() -> list[Job]:
    return [job for job in polling.queue().jobs() if polling.is_mine(job.key)]


def _line(job: Job) -> None:
    st.markdown(f"{plain(job.title)}  \n:gray[{_state(job)}]")


def _others(mine: set[object]) -> None:
    """List what others look at, which is theirs: neither its title nor its end. Draw all again once one's own ends."""
    if not polling.queue().jobs() or mine != {job.key for job in _mine()}:
        st.rerun()
    for job in polling.queue().jobs():
        if job.key not in mine:
            st.markdown(f"Work of another visitor  \n:gray[{_state(job)}]")


def _state(job: Job) -> str:
    if job.state == "waiting":
        return f"waits, place {job.position}"
    return f"{min(1.0, job.done / job.total):.0%}" if job.total else "runs"
