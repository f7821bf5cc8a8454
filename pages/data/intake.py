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
from gradviz.words import counted

_LIMITS = Limits()
RULES = (
    f"JPEG, PNG or WebP, up to {_LIMITS.picture_bytes / MB:g} MB each, or a zip up to {_LIMITS.zip_bytes / MB:g} MB; "
    f"{counted(_LIMITS.pictures, 'photograph')} at most. Folders and lists in a zip name classes and splits."
)
PRIVACY = (
    "Only you see them. They are deleted when you clear them, and within three minutes after you close or reload this "
    "page."
)
PRIVACY_SHORT = "Only you see them; they go with this visit."
FEW = 5
"""Refused files that are named where there is little room."""


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


def drop(*, short: bool = False) -> None:
    """Draw the uploader, and follow dropped files until they are taken in."""
    drops, arrivals, here = _drops(), visitor.arrivals(), polling.session()
    here.at_end(arrivals, lambda: arrivals.leave(here.id))
    # Streamlit's own words in the box know one size alone; the style hides them and the rules say both.
    with st.container(key="gv-drop-short" if short else "gv-drop"):
        files = st.file_uploader(
            RULES,
            accept_multiple_files=True,
            key=f"drop {drops.turn}",
            max_upload_size=_LIMITS.zip_bytes // MB,
            label_visibility="collapsed" if short else "visible",
        )
    st.caption(f"{RULES} {PRIVACY_SHORT}" if short else PRIVACY)
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


def report(*, short: bool = False) -> None:
    """Report the last drop, and offer to delete everything."""
    drops, here = _drops(), visitor.current()
    if drops.cleared:
        them = "it are" if drops.cleared == 1 else "them are"
        st.info(f"{counted(drops.cleared, 'photograph')} and all that was computed from {them} deleted.")
    reported = here.report if here else Added(0)
    large = [(printable(name), f"larger than {_LIMITS.zip_bytes // MB} MB") for name in drops.not_sent]
    accepted, refused = reported.accepted, [*large, *reported.refused]
    if not (accepted or refused):
        return
    own = visitor.own()
    with st.container(horizontal=True, vertical_alignment="center"):
        there = len(own.images) if own else 0
        st.text(f"{counted(accepted, 'photograph')} taken in, {len(refused):,} refused, {there:,} here now.")
        if own:
            _offer_to_clear(len(own.images))
    if refused and short:
        lines = [f"{name}: {reason}" for name, reason in refused[:FEW]]
        st.text("\n".join([*lines, *([f"and {len(refused) - FEW:,} more"] if len(refused) > FEW else [])]))
    elif refused:
        # A table, because names may hold what Markdown would take for markup.
        rows = [{"refused": name, "reason": reason} for name, reason in refused]
        columns = {"reason": st.column_config.TextColumn(width="large")}
        height = "content" if len(rows) < 4 else 145
        st.dataframe(rows, hide_index=True, height=height, column_config=columns)


def _offer_to_clear(count: int) -> None:
    with st.popover("Clear", icon=":material/delete:"):
        these = "this photograph" if count == 1 else f"these {counted(count, 'photograph')}"
        st.text(f"Delete {these}, and all that was computed from {'it' if count == 1 else 'them'}?")
        st.button("Delete", type="primary", on_click=_clear, key="delete own")


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
            f"Taking in {counted(len(files), 'file')}",
            lambda progress, cancel: here.take(taken, progress, cancel),
            "transfer",
        )


def _follow(drops: _Drops, question: polling.Question) -> None:
    stopped = polling.is_stopped(question.key)
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
