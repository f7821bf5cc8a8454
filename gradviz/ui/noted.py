"""Note what a page draws while it is drawn, for its report: figures with what they were given, choices and notes.

Of each figure the last one is kept, and only while a report is on offer: for a class of fifty they would be a hundred
megabytes. What stands beside the page, such as the sidebar, is not noted.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import streamlit as st


@dataclass
class Noted:
    """What one page has drawn: figures by key as (component, data), choices by title, notes, and why there is none.

    Without `whole` there are no figures.
    """

    whole: bool = True
    figures: dict[str, tuple[str, bytes]] = field(default_factory=dict)
    choices: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    why: str = ""


def aside() -> None:
    """Note nothing from here on, until a page begins."""
    st.session_state["noted"] = None


@contextmanager
def apart() -> Iterator[None]:
    """Note nothing of a part of the page that is not about the photographs, such as what could be fetched."""
    before = current()
    aside()
    try:
        yield
    finally:
        st.session_state["noted"] = before


def page(*, whole: bool) -> Noted:
    """Begin to note a page, and return what it will have drawn; its fragments add to it when they are drawn again."""
    st.session_state["noted"] = found = Noted(whole)
    return found


def current() -> Noted | None:
    """Return what is being noted."""
    return st.session_state.get("noted")


def figure(component: str, key: str, data: bytes) -> None:
    """Note what a component was given."""
    if (noted := current()) and noted.whole:
        noted.figures[key] = component, data


def choice(title: str, value: object) -> None:
    """Note a choice of the page's own."""
    if (noted := current()) and title and value not in (None, [], ""):
        noted.choices[title] = in_words(value)


def in_words(value: object) -> str:
    """Write a value as people read it: on, 8, x6, dW7."""
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, list | tuple):
        return ", ".join(map(in_words, value))
    return f"{value:g}" if isinstance(value, float) else "" if value is None else str(value)


def note(line: str) -> None:
    """Note what a result leaves out."""
    if (noted := current()) and line not in noted.notes:
        noted.notes.append(line)


def nothing(why: str) -> None:
    """Note in one sentence why the page shows nothing of these photographs."""
    if noted := current():
        noted.why = why
