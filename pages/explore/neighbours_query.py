"""Which photograph is the query: the one in focus on all pages, one of the visitor's own, or one that is drawn."""

from dataclasses import dataclass

import numpy as np
import streamlit as st

from gradviz.datasets import ImageSet
from gradviz.ui import chosen, visitor
from gradviz.ui.components.gallery import grid
from gradviz.ui.selection import Selection
from gradviz.ui.visitor import Own
from pages.data import intake

OWN = "own query"
"""The visitor's photograph that is the query, with what was in focus when it became so: who then puts another one in
focus, on whatever page, means that one."""
DRAWN = "queries drawn"
MOST_OFFERED = 24
"""Photographs of one's own to choose from, those added last."""


@dataclass(frozen=True)
class Query:
    """A photograph to look for: `images` is the data set it is from; `own` is there where that stands beside it."""

    images: ImageSet
    identifier: str
    own: Own | None = None

    @property
    def name(self) -> str:
        """Return what it is called; one's own have a star."""
        return f"★ {self.identifier}" if self.own else self.identifier

    @property
    def shows(self) -> tuple[str, ...]:
        """Return its classes."""
        return self.images.labels_of(self.images.source(self.identifier))


def current(selection: Selection) -> Query:
    """Return the query; where nobody has chosen one, the first that the seed draws."""
    focus, own = chosen.current().focus, _beside(selection)
    name, then = st.session_state.get(OWN, (None, None))
    if own is not None and name in own.images.ids and then == focus:
        return Query(own.images, name, own)
    return Query(selection.images, focus or draw(selection, 0))


def choose(identifier: str) -> None:
    """Make a photograph of the data set the query, on every page."""
    st.session_state.pop(OWN, None)
    chosen.focus(identifier)


def draw(selection: Selection, number: int) -> str:
    """Draw a query by the seed and a number: one that shares a class with another of the chosen ones, if any does."""
    images = selection.images
    positions = images.select(selection.split, selection.spec.images)
    if images.labels is not None:
        shown = images.labels[positions] == 1
        shared = shown & (shown.sum(axis=0) > 1)
        positions = positions[shared.any(axis=1)] if shared.any() else positions
    return images.ids[np.random.default_rng([selection.spec.seed, number]).choice(positions)]


def buttons(selection: Selection) -> None:
    """Draw what brings another query: one that is drawn, or one of the visitor's own."""
    _notice_new(selection)
    st.button("Another query", key="another query", on_click=_another, args=(selection,))
    if selection.images.features:
        return
    with st.popover("Your own…", width="content"):
        intake.drop(short=True)
        intake.report(short=True)
        own = _beside(selection)
        if own is None:
            return
        ids = own.images.ids[-MOST_OFFERED:]
        clicked = grid([(name, own.thumbnails[name], name) for name in ids], key="own queries", width=84)
        if clicked:
            _choose_own(clicked)
            st.rerun()


def _another(selection: Selection) -> None:
    """Draw until it is another photograph, which two draws in a row may not be."""
    now = current(selection).identifier
    for _ in range(8):
        st.session_state[DRAWN] = st.session_state.get(DRAWN, 0) + 1
        drawn = draw(selection, st.session_state[DRAWN])
        if drawn != now:
            break
    choose(drawn)


def _beside(selection: Selection) -> Own | None:
    """Return the visitor's photographs where they stand beside another data set that has pictures too."""
    return None if selection.own or selection.images.features else visitor.own()


def _notice_new(selection: Selection) -> None:
    """Make a photograph that the visitor has just added the query."""
    with visitor.newest("neighbours") as new:
        if new and selection.own:
            chosen.focus(new)
        elif new and not selection.images.features:
            _choose_own(new)


def _choose_own(name: str) -> None:
    st.session_state[OWN] = name, chosen.current().focus
