"""Note what a page draws while it is drawn, for its report: figures with what they were given, choices and notes.

Of each figure the last one is kept, by reference. What stands beside the page, such as the sidebar, is not noted.
"""

from dataclasses import dataclass, field

import streamlit as st


@dataclass
class Noted:
    """What one page has drawn: figures by key as (component, data), choices by title, notes, and why there is none."""

    figures: dict[str, tuple[str, bytes]] = field(default_factory=dict)
    choices: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    why: str = ""


def aside() -> None:
    """Note nothing from here on, until a page begins."""
    st.session_state["noted"] = None


def page() -> Noted:
    """Begin to note a page, and return what it will have drawn; its fragments add to it when they are drawn again."""
    st.session_state["noted"] = found = Noted()
    return found


def current() -> Noted | None:
    """Return what is being noted."""
    return st.session_state.get("noted")


def figure(component: str, key: str, data: bytes) -> None:
    """Note what a component was given."""
    if noted := current():
        noted.figures[key] = component, data


def choice(title: str, value: object) -> None:
    """Note a choice of the page's own."""
    if (noted := current()) and title and value not in (None, [], ""):
        shown = ", ".join(map(str, value)) if isinstance(value, list | tuple) else value
        noted.choices[title] = f"{shown:g}" if isinstance(shown, float) else str(shown)


def note(line: str) -> None:
    """Note what a result leaves out."""
    if (noted := current()) and line not in noted.notes:
        noted.notes.append(line)


def nothing(why: str) -> None:
    """Note in one sentence why the page shows nothing of these photographs."""
    if noted := current():
        noted.why = why
