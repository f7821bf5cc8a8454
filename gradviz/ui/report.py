"""Reports: what a page shows, or all pages, as one file with the figures, and the commands that give the same numbers.

A page is drawn only while it is open, so a report of everything opens one page after the other, waits until each has
all that it asks for, and comes back to where it began.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from gradviz.command_line import command_line
from gradviz.ui import address, chosen, noted, polling
from gradviz.ui.noted import Noted
from gradviz.ui.selection import Selection
from gradviz.ui.selection import pair as chosen_pair
from gradviz.words import counted

MOST_IDS = 50
"""Selected photographs that are named."""
_LOOK_SECONDS = 0.5
"""Between two looks at whether the page that is open has all that it asks for."""
_OWN = "The command line cannot name these photographs: they are yours, or a part that was chosen here."


_OFFERED = "report offered"
"""In the session: the title of the page whose menu has been opened, until the page is drawn with its figures noted."""


class Asked(NamedTuple):
    """A question as the command line takes it: what it gives, the verb, whose choices, and the verb's own options."""

    gives: str
    verb: str
    selection: Selection
    options: Mapping[str, Any]


@dataclass
class Section:
    """What a report holds of one page; `why` says in one sentence why it holds no figures."""

    title: str
    about: str
    selection: Selection | None
    noted: Noted
    selected: tuple[str, ...] = ()
    commands: tuple[tuple[str, str], ...] = ()
    unnamed: str = ""

    @property
    def why(self) -> str:
        """Say in one sentence why there is no figure; nothing where there is one."""
        if self.noted.why or self.noted.figures:
            return self.noted.why
        return "This page had no figure: its work was stopped, has failed, or nothing was chosen."


def section(title: str, about: str, selection: Selection | None) -> Section:
    """Begin the section of the page that is being drawn."""
    found = Section(title, about, selection, noted.current() or Noted(), _selected(selection))
    st.session_state["section"] = found
    return found


def _selected(selection: Selection | None) -> tuple[str, ...]:
    """Say what is selected on all pages."""
    if selection is None:
        return ()
    now, lines = chosen.current(), []
    if now.ids:
        names, more = ", ".join(now.ids[:MOST_IDS]), len(now.ids) - MOST_IDS
        lines.append(f"{chosen.summary(selection.images)}: {names}{f' and {more:,} more' if more > 0 else ''}")
    if now.focus:
        lines.append(f"In focus: {now.focus}")
    if now.marked:
        lines.append(f"Marked: {now.marked}")
    if pair := chosen_pair():
        lines.append(f"Pair: {pair[0]} and {pair[1]}")
    return tuple(lines)


def written(asked: Sequence[Asked]) -> tuple[tuple[str, str], ...]:
    """Return (what it gives, command) for those questions whose photographs the command line can name."""
    return tuple((one.gives, _command(one, place)) for one in asked if (place := one.selection.place) is not None)


def _command(one: Asked, place: str) -> str:
    if one.verb == "datasets":
        return command_line(one.verb, place)
    selection = one.selection
    stated = () if selection.images.features else ("network",)
    split = None if selection.split == "all" else selection.split
    return command_line(one.verb, place, selection.spec, stated=stated, split=split, **one.options)


def complete(section: Section, asked: Sequence[Asked]) -> None:
    """Add the commands to a section."""
    section.commands = written(asked)
    unnamed = [one for one in asked if one.selection.place is None]
    section.unnamed = _OWN if unnamed else ""


def built(sections: Sequence[Section]) -> Callable[[], str]:
    """Return what builds the file; it asks for the digest of the weights, and so imports torch."""

    def build() -> str:
        from gradviz.ui.report_page import page

        return page(sections)

    return build


# Everything

_ERRAND = "report of everything"


@dataclass
class Errand:
    """A walk through the pages: those seen, the one that is being opened from which, and the one where it began.

    It is `done` once all are seen, and `back` where it began then.
    """

    began: str
    opens: str
    leaves: str = ""
    seen: dict[str, Section] = field(default_factory=dict)
    done: bool = False
    back: bool = False


def wanted(title: str) -> bool:
    """Return whether a report of the page with this title is on offer, or being made: its figures have to be noted."""
    errand: Errand | None = st.session_state.get(_ERRAND)
    return st.session_state.get(_OFFERED) == title or (errand is not None and not errand.done)


def offer(title: str) -> None:
    """Have the page's figures noted when it is drawn next."""
    st.session_state[_OFFERED] = title


def offered() -> None:
    """Have them noted no longer."""
    st.session_state[_OFFERED] = ""


def begin(title: str) -> None:
    """Begin to open all pages, from the one with this title."""
    st.session_state[_ERRAND] = Errand(title, title)


def end() -> None:
    """Open no more pages, and let go of those seen."""
    st.session_state.pop(_ERRAND, None)


def sections() -> tuple[Section, ...] | None:
    """Return all pages once they have been seen; else None."""
    errand: Errand | None = st.session_state.get(_ERRAND)
    return tuple(errand.seen.values()) if errand and errand.done else None


def walk(title: str, pages: Mapping[str, str], place: DeltaGenerator) -> None:
    """Take one more step, at the end of a page's run, and say how far it is; `pages` are the files by title."""
    errand: Errand | None = st.session_state.get(_ERRAND)
    if errand is None or errand.back:
        return
    if title == errand.leaves:
        address.lead_to(pages[errand.opens])  # another run of the former page has come in between
    if title != errand.opens:
        end()  # somebody has opened another page
        return
    errand.leaves, errand.back = "", errand.done
    if errand.back:
        return
    if title not in errand.seen and not polling.busy():
        errand.seen[title] = st.session_state["section"]
    missing = [name for name in pages if name not in errand.seen]
    if title in errand.seen:
        errand.done = not missing
        errand.seen = {name: errand.seen[name] for name in pages if name in errand.seen}
        errand.opens = missing[0] if missing else errand.began
        if errand.opens == title:
            errand.back = True
            st.rerun()  # the menu has the file now
        errand.leaves = title
        address.lead_to(pages[errand.opens])
    with place, st.container(horizontal=True, vertical_alignment="center", key="gv-report-walk"):
        st.markdown(f"Report: {len(errand.seen):,} of {counted(len(pages), 'page')}")
        st.button("Stop", key="stop report", icon=":material/stop_circle:", on_click=end)
        st.fragment(_look, run_every=_LOOK_SECONDS)(time.monotonic())


def _look(since: float) -> None:
    """Draw the page again once it waits for nothing more; not at once, as it was drawn `since` a moment ago."""
    if not polling.awaited() and time.monotonic() - since > _LOOK_SECONDS / 2:
        st.rerun()
