"""Show any number of photographs, with the boxes of their objects, in rows that fill the width.

The layout is sent once and the pictures as they come into view: `justified` draws and says what is wanted, `feed`
sends it, with the focus and the selection, which change more often than the layout.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gradviz.ui.components import fingerprint, nothing, pack, register

FIRST = 36
"""Photographs whose pictures are sent before any are asked for."""
MOST = 144
"""Pictures that are sent at once, some 10 kB each."""

_component = register("justified", "photograph_fit.js", "justified.js")


@dataclass(frozen=True)
class Layout:
    """What stands in the gallery: n ids, the positions in `classes` of what each shows, and m boxes.

    `sizes` (n, 2) are width and height; `first` (n + 1,) says where the boxes of each photograph begin; `corners`
    (m, 4) are 1-based and inclusive, `kind` (m,) is the position of the class, `difficult` (m,) draws it dashed.
    """

    ids: Sequence[str]
    shows: Sequence[Sequence[int]]
    classes: Sequence[str]
    sizes: NDArray[np.integer]
    first: NDArray[np.integer]
    corners: NDArray[np.integer]
    kind: NDArray[np.integer]
    difficult: NDArray[np.bool_]


@dataclass(frozen=True)
class Asked:
    """What somebody did in this run: the photograph clicked, ids to select or to leave out, and what is in view.

    `left` is whether Escape was pressed.
    """

    digest: str
    focus: str | None
    picked: tuple[str, ...]
    add: bool
    wanted: tuple[int, int]
    left: bool


def justified(layout: Layout, *, source: str, least: int, key: str) -> Asked:
    """Draw the gallery of a data set that `source` names.

    It takes what the window leaves below its beginning, at least `least` pixels.
    """
    parts = [
        np.maximum(layout.sizes, 1).clip(max=65_535).astype("<u2").tobytes(),
        layout.first.astype("<u4").tobytes(),
        layout.corners.clip(0, 65_535).astype("<u2").tobytes(),
        layout.kind.astype("<u2").tobytes(),
        layout.difficult.astype("u1").tobytes(),
    ]
    header = {
        "ids": list(layout.ids),
        "shows": [list(of) for of in layout.shows],
        "classes": list(layout.classes),
        "source": source,
        "least": least,
    }
    digest = fingerprint(header, *parts)
    found = _component(
        data=pack({**header, "digest": digest}, *parts),
        key=key,
        on_focus_change=nothing,
        on_picked_change=nothing,
        on_left_change=nothing,
        on_wanted_change=nothing,
    )
    known = set(layout.ids)
    picked = found.picked if isinstance(found.picked, Mapping) else {}
    ids = tuple(name for name in picked.get("ids", ()) if name in known)
    focus = found.focus if found.focus in known else None
    wanted = _range(found.wanted, digest, len(layout.ids))
    return Asked(digest, focus, ids, bool(picked.get("add")), wanted, bool(found.left))


def feed(
    asked: Asked,
    pictures: Mapping[str, bytes],
    *,
    source: str,
    focus: str | None,
    follow: str | None,
    selected: Sequence[str],
    key: str,
):
    """Send pictures by id to the gallery, and what is in focus and selected; an empty one cannot be shown.

    The gallery scrolls to `follow`.
    """
    header = {"feed": asked.digest, "source": source, "ids": list(pictures), "focus": focus, "follow": follow}
    _component(data=pack({**header, "selected": list(selected)}, *pictures.values()), key=key)


def _range(given: object, digest: str, count: int) -> tuple[int, int]:
    """Return the places in view; the first ones while the browser has not said, or has said it of another gallery."""
    if isinstance(given, Mapping) and given.get("digest") == digest:
        start, stop = given.get("from"), given.get("to")
        if isinstance(start, int) and isinstance(stop, int) and 0 <= start < stop:
            return min(start, count), min(stop, start + MOST, count)
    return 0, min(FIRST, count)
