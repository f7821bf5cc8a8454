"""Accept what a visitor drops, and report which files were taken and which refused."""

from collections.abc import Sequence
from typing import BinaryIO

import streamlit as st

from gradviz.datasets.pictures import printable
from gradviz.datasets.uploads import MB, Added, Limits
from gradviz.errors import GradvizError
from gradviz.ui import polling, visitor
from gradviz.ui.arrivals import Arrived
from gradviz.ui.components.too_large import too_large
from gradviz.ui.text import plain

_LIMITS = Limits()
_LARGEST = _LIMITS.zip_bytes // MB
"""What the uploader takes, in Streamlit's megabytes, which are a little larger."""
RULES = (
    f"JPEG, PNG or WebP, up to {_LIMITS.picture_bytes / MB:g} MB each, or a zip up to {_LIMITS.zip_bytes / MB:g} MB; "
    f"{_LIMITS.pictures} photographs at most. Folders in a zip name classes."
)
PRIVACY = (
    "Only you see them. They are deleted when you clear them, and within three minutes after you close or reload this "
    "page."
)


def drop() -> None:
    """Draw the uploader, and follow dropped files until they are taken in."""
    turn, arrivals = st.session_state.setdefault("drops", 0), visitor.arrivals()
    here = polling.session()
    here.at_end(arrivals, lambda: arrivals.leave(here.id))
    files = st.file_uploader(RULES, accept_multiple_files=True, key=f"drop {turn}", max_upload_size=_LARGEST)
    st.caption(PRIVACY)
    names = too_large(_LARGEST << 20, key="too large")
    if names is not None:
        st.session_state["not sent"] = names
    if files:
        # The next run draws an uploader with another key, so that Streamlit releases the files.
        st.session_state["drops"] = turn + 1
        st.session_state.pop("cleared", None)
        st.session_state.pop("not taken", None)
        try:
            st.session_state["intake"] = _question(arrivals.take(here.id, files))
        except GradvizError as error:
            st.session_state["not taken"] = str(error)
        st.rerun()
    if "not taken" in st.session_state:
        st.error(plain(st.session_state["not taken"]))
    if "intake" in st.session_state:
        _follow(st.session_state["intake"])


def report() -> None:
    """Report the last drop, and offer to delete everything."""
    here = visitor.current()
    if cleared := st.session_state.get("cleared"):
        st.info(f"{_photographs(cleared)} and all that was computed from them are deleted.")
    reported = here.report if here else Added(0)
    large = [(printable(name), f"larger than {_LARGEST} MB") for name in st.session_state.get("not sent", ())]
    accepted, refused = reported.accepted, [*large, *reported.refused]
    if not (accepted or refused):
        return
    own = visitor.own()
    with st.container(horizontal=True, vertical_alignment="center"):
        st.text(f"{_photographs(accepted)} taken in, {len(refused)} refused, {len(own.images) if own else 0} here now.")
        if own:
            st.button("Clear", icon=":material/delete:", on_click=_clear, help="Deletes your photographs at once.")
    if refused:
        # A table, because names may hold what Markdown would take for markup.
        rows = [{"refused": name, "reason": reason} for name, reason in refused]
        st.dataframe(rows, hide_index=True, height="content" if len(rows) < 4 else 145)


def _question(files: Sequence[BinaryIO | Arrived]) -> polling.Question:
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
    elif polling.follow(question, slot="intake", errand=True) is not None:
        polling.queue().forget(question.key)
        del st.session_state["intake"]
        st.rerun()


def _clear() -> None:
    for name in ("intake", "not sent", "not taken"):
        st.session_state.pop(name, None)
    st.session_state["cleared"] = visitor.arrived().clear()
    st.session_state.pop("own photograph", None)


def _photographs(count: int) -> str:
    return "1 photograph" if count == 1 else f"{count:,} photographs"
