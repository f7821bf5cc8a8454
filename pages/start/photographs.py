"""Choose which photographs go through the network: ten to start from, one's own, and of these A and B."""

from collections.abc import Sequence

import numpy as np
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from gradviz.datasets import ImageSet
from gradviz.ui import address, chosen, options, visitor, widgets
from gradviz.ui.components.ten import ten
from gradviz.ui.selection import Selection, choose_pair, pair
from gradviz.ui.text import plain
from pages.data import intake
from pages.start.passing import Subject

COUNT = 10
OWN = "own on the network page"
"""The visitor's photographs that stand beside another data set: from "A" and "B" to their ids."""
SECOND = "second"
"""In the address "none" where B was let go."""
TEN = "ten"


def row(selection: Selection) -> tuple[Subject, Subject | None, DeltaGenerator]:
    """Draw the row of photographs; return those called A and B, and where something can be said beside them."""
    _notice_new(selection)
    number = _number()
    offered = choose_ten(selection.images, selection.images.select(selection.split, selection.spec.images), number)
    a, b = _pair(selection, offered)
    with st.container(key="gv-ten", horizontal=True, vertical_alignment="center", gap="small"):
        shown = _shown(selection, offered, a, b)
        ten(
            shown,
            key="ten photographs",
            a=a.name,
            b=b.name if b else None,
            selected=set(chosen.current().ids),
            on_pick=lambda *p: _pick(selection, a, b, *p),
        )
        with st.container(width="content", gap="xxsmall"):
            st.button("Another ten", key="another ten", on_click=_another, args=(number,), width="stretch")
            with st.popover("+ Your own", width="stretch"):
                intake.drop()
                intake.report()
        words = st.empty()
    return a, b, words


def choose_ten(images: ImageSet, positions: Sequence[int] | np.ndarray, number: int) -> list[str]:
    """Draw ten ids by a number: one a class, of the photographs that show it and as few others as any.

    Where there are fewer than ten classes the rest is drawn from all, as everything is without labels.
    """
    positions, random = np.asarray(positions, dtype=np.int64), np.random.default_rng(number)
    found: list[int] = []
    if images.labels is not None:
        shown = images.labels[positions] == 1
        others = shown.sum(axis=1)
        for c in random.permutation(len(images.classes)):
            with_it = np.flatnonzero(shown[:, c] & ~np.isin(positions, found))
            if len(with_it) and len(found) < COUNT:
                found.append(int(positions[random.choice(with_it[others[with_it] == others[with_it].min()])]))
    rest = positions[~np.isin(positions, found)]
    found += random.permutation(rest)[: COUNT - len(found)].tolist()
    return [images.ids[i] for i in found]


def companion(images: ImageSet, positions: Sequence[int] | np.ndarray, a: str) -> str | None:
    """Return another photograph to compare one with: the first that shows the same classes, else some of them."""
    at = images.source(a)
    others = [int(i) for i in positions if int(i) != at]
    if not others:
        return None
    if images.labels is None:
        return images.ids[others[0]]
    mine, theirs = images.labels[at] == 1, images.labels[others] == 1
    apart = (mine != theirs).sum(axis=1) - (mine & theirs).sum(axis=1)
    return images.ids[others[int(np.argmin(apart))]]


def _number() -> int:
    """Return the number that draws the ten, from this visit or from the link, and keep it in the URL."""
    if TEN not in st.session_state or address.returning():
        given = st.query_params.get(TEN, "0")
        fits = given.isascii() and given.isdigit() and len(given) < 7
        if not fits:
            st.info(f"This link asks for the ten photographs {plain(repr(given[:20]))}, which is no number.")
        st.session_state[TEN] = int(given) if fits else 0
    number = st.session_state[TEN]
    if number:
        st.query_params[TEN] = str(number)
    else:
        st.query_params.pop(TEN, None)
    return number


def _another(number: int) -> None:
    st.session_state[TEN] = number + 1


def _notice_new(selection: Selection) -> None:
    """Put a photograph that the visitor has just added in the place of A."""
    with visitor.newest("network") as new:
        if new and selection.own:
            chosen.focus(new)
        elif new:
            st.session_state[OWN] = {**st.session_state.get(OWN, {}), "A": new}


def _pair(selection: Selection, offered: Sequence[str]) -> tuple[Subject, Subject | None]:
    """Return A and B: what was chosen, else the first of the ten, and one like it."""
    images, focus, linked = selection.images, chosen.current().focus, pair()
    linked = linked if linked and set(linked) <= set(images.ids) else None
    first = focus or (linked[0] if linked else offered[0])
    a = _own(selection, "A") or Subject(images, first, selection.own)
    b = _own(selection, "B")
    if linked:
        options.state(SECOND, None)
    alone = options.stated(SECOND, "a second photograph", ("none",), None) == "none"
    if b is None and linked:
        other = linked[0] if linked[1] == first else linked[1]
        b = Subject(images, other, selection.own)
    elif b is None and not alone:
        other = companion(images, images.select(selection.split, selection.spec.images), first)
        b = Subject(images, other, selection.own) if other else None
    if linked and not a.beside and b and not b.beside and {a.id, b.id} != set(linked):
        choose_pair((a.id, b.id))
    if linked and not focus:
        # A link with a pair alone is one of Kernels (app.py); this page's says which photograph is A.
        st.query_params["focus"] = first
        chosen.focus(first)
    return a, b


def _own(selection: Selection, role: str) -> Subject | None:
    own, name = visitor.own(), st.session_state.get(OWN, {}).get(role)
    if selection.own or own is None or name not in own.images.ids:
        return None
    return Subject(own.images, name, own, beside=True)


def _shown(selection: Selection, offered: Sequence[str], a: Subject, b: Subject | None) -> list[tuple[str, bytes, str]]:
    """Return name, picture and classes of the row: A and B, the visitor's own, and the ten."""
    subjects = [a, *([b] if b and b.name != a.name else [])]
    if (own := visitor.own()) and not selection.own:
        subjects += [Subject(own.images, name, own, beside=True) for name in own.images.ids[-3:]]
    subjects += [Subject(selection.images, name, selection.own) for name in offered]
    named = list({subject.name: subject for subject in subjects}.values())[:COUNT]
    pictures = widgets.thumbnails(selection.images, [s.id for s in named if not s.beside], {})
    found = []
    for subject in named:
        picture = subject.own.thumbnails[subject.id] if subject.beside and subject.own else pictures.get(subject.id)
        if picture:
            found.append((subject.name, picture, subject.shows))
    return found


def _pick(selection: Selection, a: Subject, b: Subject | None, name: str, role: str) -> None:
    """Call a photograph A or B; what is B already is let go."""
    places = dict(st.session_state.get(OWN, {}))
    own = name.startswith("★ ") and name not in selection.images.ids
    if role == "B" and b and b.name == name:
        places.pop("B", None)
        _alone(True)
    elif own:
        places[role] = name.removeprefix("★ ")
        if role == "B":
            _alone(False)
    elif role == "A":
        places.pop("A", None)
        chosen.focus(name)
    else:
        places.pop("B", None)
        options.state(SECOND, None)
        if not a.beside:
            chosen.focus(a.id)
            choose_pair((a.id, name))
        else:
            choose_pair((name, name))
    st.session_state[OWN] = places


def let_go_of_own() -> None:
    """Put no photograph of the visitor's beside the data set any more."""
    st.session_state[OWN] = {}
    options.state(SECOND, None)


def _alone(alone: bool) -> None:
    """Let go of the pair; with `alone` nothing takes its place."""
    options.state(SECOND, "none" if alone else None)
    st.session_state["pair"] = None
    st.query_params.pop("pair", None)
