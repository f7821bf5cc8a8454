"""What a visitor has selected: some photographs, one in focus and one class, the same on every page and in links.

In the address, `chosen` is a bit for each of the data set's ids in ascending order, 414 characters of base64 for 2,476
photographs, behind a digest of these ids. One that does not fit is said, as the bits would mean other photographs.
"""

import base64
import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import streamlit as st

from gradviz.datasets import ImageSet
from gradviz.spec import OPTIONS
from gradviz.ui import refusals, visitor
from gradviz.words import counted

STEPS = 20
"""Former selections and marks that can be brought back."""


@dataclass(frozen=True)
class Chosen:
    """Hold what is selected: ids in the data set's order, the id in focus, and the class that is marked everywhere."""

    ids: tuple[str, ...] = ()
    focus: str | None = None
    marked: str | None = None


def ids_digest(ids: Iterable[str]) -> str:
    """Return eight characters that stand for a set of ids, whatever their order."""
    text = "\n".join(sorted(ids)).encode("utf-8", "surrogateescape")
    return base64.urlsafe_b64encode(hashlib.blake2b(text, digest_size=6).digest()).decode()


def written(chosen: Iterable[str], ids: Sequence[str]) -> str:
    """Return a selection among ids as it stands in the address."""
    wanted = set(chosen)
    bits = np.packbits([name in wanted for name in sorted(ids)], bitorder="little").tobytes()
    return ids_digest(ids) + base64.urlsafe_b64encode(bits).decode().rstrip("=")


def read(text: str, ids: Sequence[str]) -> tuple[str, ...] | None:
    """Return the selection that `written` has written, in the order of ids; None where it is of other ids."""
    digest, bits = text[:8], text[8:]
    if digest != ids_digest(ids):
        return None
    try:
        raw = base64.b64decode(bits + "=" * (-len(bits) % 4), altchars=b"-_", validate=True)
    except ValueError:
        return None
    if len(raw) != -(-len(ids) // 8):
        return None
    there = np.unpackbits(np.frombuffer(raw, np.uint8), count=len(ids), bitorder="little")
    wanted = {name for name, bit in zip(sorted(ids), there, strict=True) if bit}
    return tuple(name for name in ids if name in wanted)


def current() -> Chosen:
    """Return what is selected now."""
    return st.session_state.get("chosen", Chosen())


def follow(images: ImageSet) -> None:
    """Take what the address selects in the first run, keep what fits this data set, and state it in the address.

    What does not fit is said on the page.
    """
    if "chosen" not in st.session_state:
        st.session_state["chosen"] = _linked(images)
    here = ids_digest(images.ids)
    if st.session_state.setdefault("chosen among", here) != here:
        st.session_state["chosen among"], st.session_state["chosen before"] = here, []
        refusals.forget("among", "chosen", "focus", "class")
        former, known = current(), set(images.ids)
        selected = set(former.ids)
        kept = tuple(name for name in images.ids if name in selected)
        focus = former.focus if former.focus in known else None
        st.session_state["chosen"] = Chosen(kept, focus, former.marked if former.marked in images.classes else None)
    now = current()
    for name, value in (("chosen", now.ids), ("focus", now.focus), ("class", now.marked)):
        refusals.tell(name, value)
    _state(images)


def _linked(images: ImageSet) -> Chosen:
    given, focus, marked = (st.query_params.get(name) for name in ("chosen", "focus", "class"))
    ids = read(given, images.ids) if given else ()
    if ids is None:
        of_others = "The photographs that this link selects belong to another data set, so none is selected."
        refusals.note("chosen", of_others, ())
    if focus is not None and focus not in images.ids:
        said = f"This data set has no photograph {focus[:80]!r}, which the link puts in focus."
        refusals.note("focus", said, None)
        focus = None
    if marked is not None and marked not in images.classes:
        refusals.note("class", f"This data set has no class {marked[:80]!r}, which the link marks.", None)
        marked = None
    return Chosen(ids or (), focus, marked)


def _state(images: ImageSet) -> None:
    now = current()
    wanted = {"chosen": written(now.ids, images.ids) if now.ids else None, "focus": now.focus, "class": now.marked}
    for name, value in wanted.items():
        if value is None and name in st.query_params:
            del st.query_params[name]
        elif value is not None and st.query_params.get(name) != value:
            st.query_params[name] = value


def select(ids: Iterable[str]) -> None:
    """Select these photographs instead of those selected now."""
    _change(replace(current(), ids=tuple(ids)))


def outside(images: ImageSet, split: str, number: int | None) -> str | None:
    """Say in one sentence why the photograph in focus is not among those chosen, and how to see it; None where it is.

    `split` and `number` choose the photographs, as `ImageSet.select` takes them.
    """
    wanted = current().focus
    if wanted is None or wanted not in images.ids:
        return None
    position, positions = images.source(wanted), images.select(split, number)
    if position in positions:
        return None
    if position not in images.select(split):
        return f"{wanted} is not in the split {split}: choose another split in the sidebar to see it."
    most = f"{len(positions):,} of {counted(len(images.select(split)), 'photograph')}"
    return f"{wanted} is not among the chosen {most}: raise {OPTIONS['images'].title} in the sidebar to see it."


def focus(identifier: str | None) -> None:
    """Put one photograph in focus, or none."""
    if current().focus != identifier:
        st.session_state["chosen"] = replace(current(), focus=identifier)


def mark(name: str | None) -> None:
    """Mark every photograph that shows a class, or none."""
    _change(replace(current(), marked=name))


def change(ids: Iterable[str], marked: str | None) -> None:
    """Select these photographs and mark this class in one step, which `undo` takes back at once."""
    _change(replace(current(), ids=tuple(ids), marked=marked))


def clear() -> None:
    """Select nothing and mark no class."""
    _change(Chosen(focus=current().focus))


def undo() -> None:
    """Bring back what was selected and marked before the last change of either; what is in focus stays."""
    if before := st.session_state.get("chosen before"):
        st.session_state["chosen"] = replace(before.pop(), focus=current().focus)


def can_undo() -> bool:
    """Return whether there is something to bring back."""
    return bool(st.session_state.get("chosen before"))


def restrict(ids: Iterable[str] | None, name: str = "") -> None:
    """Go on with these photographs alone, under a name, or with None with all of the data set again."""
    st.session_state["among"] = None if ids is None else (tuple(ids), name)


def among(images: ImageSet) -> ImageSet:
    """Return the data set, or the part of it that the visitor or the link goes on with.

    A part of a visitor's own photographs keeps their name, by which they are told from what others may see.
    """
    if "among" not in st.session_state:
        given = st.query_params.get("among")
        ids = read(given, images.ids) if given else None
        if given and not ids:
            of_others = "The photographs that this link goes on with belong to another data set, so all are shown."
            refusals.note("among", of_others, None)
        st.session_state["among"] = (ids, st.query_params.get("among_name", "")[:80]) if ids else None
    wanted = st.session_state["among"]
    known = set(images.ids)
    if wanted and not known.issuperset(wanted[0]):
        wanted = st.session_state["among"] = None  # another data set was chosen
    refusals.tell("among", wanted)
    if not wanted:
        for name in ("among", "among_name"):
            st.query_params.pop(name, None)
        return images
    ids, name = wanted
    for key, value in (("among", written(ids, images.ids)), ("among_name", name)):
        if st.query_params.get(key) != value:
            st.query_params[key] = value
    whole, of, part = st.session_state.get("part", (None, None, None))
    if whole is not images or of != wanted:
        called = visitor.NAME if images.name == visitor.NAME else name or f"{len(ids):,} of {images.name}"
        part = images.subset(ids, called)
        st.session_state["part"] = images, wanted, part
    return part


def _change(new: Chosen) -> None:
    now = current()
    if (new.ids, new.marked) != (now.ids, now.marked):
        before = st.session_state.setdefault("chosen before", [])
        before.append(now)
        del before[:-STEPS]
    st.session_state["chosen"] = new


def summary(images: ImageSet, most: int = 3) -> str:
    """Say how many photographs are selected, and what these show: 3 of 50 selected, showing car 2 / 41, dog 1 / 20.

    A photograph counts for every class that it shows.
    """
    wanted = set(current().ids)
    inside = np.array([name in wanted for name in images.ids], dtype=bool)
    text = f"{int(inside.sum()):,} of {len(inside):,} selected"
    if images.labels is None or not inside.any():
        return text
    shown = images.labels == 1
    here, there = shown[inside].sum(axis=0), shown.sum(axis=0)
    order = [c for c in np.argsort(-here, kind="stable") if here[c]]
    parts = [f"{images.classes[c]} {here[c]:,} / {there[c]:,}" for c in order[:most]]
    more = len(order) - most
    tail = f" and {counted(more, 'more class', 'more classes')}" if more > 0 else ""
    return f"{text}, showing {', '.join(parts)}{tail}"


def elsewhere(images: ImageSet, shown: Sequence[int] | np.ndarray) -> str:
    """Say how many of those selected are among the images at the positions `shown`; nothing where all of them are."""
    here = {images.ids[i] for i in shown}
    inside = len(here.intersection(current().ids))
    return f"{inside:,} of them among the {len(here):,} chosen" if inside < len(current().ids) else ""
