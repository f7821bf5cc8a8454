"""Accept what a visitor drops, and report which files were taken and which refused."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import BinaryIO

import streamlit as st

from gradviz.datasets.pictures import printable
from gradviz.datasets.uploads import MB, Added, Limits
from gradviz.errors import GradvizError
from gradviz.ui import polling, visitor
from gradviz.ui.arrivals import Arrivals
from gradviz.ui.components.too_large import too_large
from gradviz.ui.text import plain

_LIMITS = Limits()
RULES = (
    f"JPEG, PNG or WebP, up to {_LIMITS.picture_bytes / MB:g} MB each, or a zip up to {_LIMITS.zip_bytes / MB:g} MB; "
    f"{_LIMITS.pictures} photographs at most. Folders and lists in a zip name classes and splits."
)
PRIVACY = (
    "Only you see them. They are deleted when you clear them, and within three minutes after you close or reload this "
    "page."
)


@dataclass
class _Drops:
    """What this session has dropped. One object: a run may be interrupted wherever the session's state is touched, and
    a file that was taken from the uploader and not noted here would be lost."""

    turn: int = 0
    taking: polling.Question | None = None
    trouble: str = ""
    not_sent: list[str] = field(default_factory=list)
    not_sent_in: int = 0
    cleared: int = 0


def drop() -> None:
    """Draw the uploader, and follow dropped files until they are taken in."""
    drops, arrivals, here = _drops(), visitor.arrivals(), polling.session()
    here.at_end(arrivals, lambda: arrivals.leave(here.id))
    files = st.file_uploader(
        RULES, accept_multiple_files=True, key=f"drop {drops.turn}", max_upload_size=_LIMITS.zip_bytes // MB
    )
    st.caption(PRIVACY)
    names = too_large(_LIMITS.zip_bytes // MB << 20, key="too large")
    if names is not None:
        drops.not_sent, drops.not_sent_in = names, drops.turn
    if files:
        _take(drops, arrivals, here.id, files)
        st.rerun()
    if drops.trouble:
        st.error(plain(drops.trouble))
    if drops.taking:
        _follow(drops, drops.taking)


def report() -> None:
    """Report the last drop, and offer to delete everything."""
    drops, here = _drops(), visitor.current()
    if drops.cleared:
        st.info(f"{_photographs(drops.cleared)} and all that was computed from them are deleted.")
    reported = here.report if here else Added(0)
    large = [(printable(name), f"larger than {_LIMITS.zip_bytes // MB} MB") for name in drops.not_sent]
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


def _drops() -> _Drops:
    return st.session_state.setdefault("drops", _Drops())


def _take(drops: _Drops, arrivals: Arrivals, session: str, files: Sequence[BinaryIO]) -> None:
    """Have the files taken in; from the second line on nothing interrupts."""
    trouble, here = "", None
    try:
        here = visitor.arrived()
    except GradvizError as error:
        trouble = str(error)
    # The next run draws an uploader with another key, so that Streamlit releases the files.
    drops.turn += 1
    drops.trouble, drops.cleared = trouble, 0
    if drops.turn > drops.not_sent_in + 1:  # of an earlier drop
        drops.not_sent = []
    taken = arrivals.take(session, files)
    if here:
        drops.taking = polling.Question(
            here.key("taking in", drops.turn),
            "Taking in " + ("a file" if len(files) == 1 else f"{len(files)} files"),
            lambda progress, cancel: here.take(taken, progress, cancel),
            "transfer",
        )


def _follow(drops: _Drops, question: polling.Question) -> None:
    stopped = question.key in st.session_state.get("stopped", ())
    job = polling.queue().get(question.key)
    if stopped and (job is None or not job.active):
        drops.taking = None
    elif polling.follow(question, slot="intake", errand=True) is not None:
        polling.queue().forget(question.key)
        drops.taking = None
        st.rerun()


def _clear() -> None:
    drops, here = _drops(), visitor.arrived()
    drops.taking, drops.not_sent, drops.trouble, drops.cleared = None, [], "", here.clear()
    st.session_state.pop("own photograph", None)


def _photographs(count: int) -> str:
    return "1 photograph" if count == 1 else f"{count:,} photographs"
