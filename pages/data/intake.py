"""Accept what a visitor drops, and report which files were taken and which refused."""

from collections.abc import Sequence
from typing import BinaryIO

import streamlit as st

from gradviz.datasets.uploads import MB, Limits
from gradviz.ui import polling, visitor

_LIMITS = Limits()
RULES = (
    f"JPEG, PNG or WebP, up to {_LIMITS.picture_bytes / MB:g} MB each, or a zip up to {_LIMITS.zip_bytes / MB:g} MB; "
    f"{_LIMITS.pictures} photographs at most. Folders and lists in a zip name classes and splits."
)
PRIVACY = "Only you see them. They are deleted when you clear them, and when you close or reload this page."


def drop() -> None:
    """Draw the uploader, and follow dropped files until they are taken in."""
    turn = st.session_state.setdefault("drops", 0)
    files = st.file_uploader(
        RULES, accept_multiple_files=True, key=f"drop {turn}", max_upload_size=_LIMITS.zip_bytes // MB
    )
    st.caption(PRIVACY)
    if files:
        # The next run draws an uploader with another key, so that Streamlit releases the files.
        st.session_state["drops"] = turn + 1
        st.session_state["intake"] = _question(files)
        st.session_state.pop("cleared", None)
        st.rerun()
    if "intake" in st.session_state:
        _follow(st.session_state["intake"])


def report() -> None:
    """Report the last drop, and offer to delete everything."""
    here = visitor.current()
    if cleared := st.session_state.get("cleared"):
        st.info(f"{_photographs(cleared)} and all that was computed from them are deleted.")
    if here is None or not (here.report.accepted or here.report.refused):
        return
    accepted, refused = here.report.accepted, here.report.refused
    own = here.own()
    with st.container(horizontal=True, vertical_alignment="center"):
        st.text(f"{_photographs(accepted)} taken in, {len(refused)} refused, {len(own.images) if own else 0} here now.")
        if own:
            st.button("Clear", icon=":material/delete:", on_click=_clear, help="Deletes your photographs at once.")
    if refused:
        # A table, because names may hold what Markdown would take for markup.
        rows = [{"refused": name, "reason": reason} for name, reason in refused]
        st.dataframe(rows, hide_index=True, height="content" if len(rows) < 4 else 145)


def _question(files: Sequence[BinaryIO]) -> polling.Question:
    here = visitor.arrived()
    return polling.Question(
        here.key("taking in", st.session_state["drops"]),
        "Taking in " + ("a file" if len(files) == 1 else f"{len(files)} files"),
        lambda progress, cancel: here.take(files, progress, cancel),
        "transfer",
    )


def _follow(question: polling.Question) -> None:
    stopped = question.key in st.session_state.get("stopped", ())
    job = polling.queue().get(question.key)
    if stopped and (job is None or not job.active):
        del st.session_state["intake"]
    elif polling.follow(question, slot="intake") is not None:
        polling.queue().forget(question.key)
        del st.session_state["intake"]
        st.rerun()


def _clear() -> None:
    st.session_state.pop("intake", None)
    st.session_state["cleared"] = visitor.arrived().clear()
    st.session_state.pop("own photograph", None)


def _photographs(count: int) -> str:
    return "1 photograph" if count == 1 else f"{count:,} photographs"
