"""Show what a photograph finds: three rows of its nearest, joined by lines, and how good each is."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import streamlit as st

from gradviz.ui.components import fingerprint, nothing, pack, register

_SCRIPTS = ("geometry", "band", "rows", "lines")
_component = register("neighbours", "equation.js", *(f"neighbours_{name}.js" for name in _SCRIPTS), "neighbours.js")

NEAR = (6, 12, 24)
"""How many may stand in a row."""
USUAL = 12


@dataclass(frozen=True)
class Asked:
    """The query: its id and name, its classes, the split it is in, and a sentence on who shares a class with it.

    `own` says that it is a visitor's own; `photo` is a JPEG, empty where there is none.
    """

    id: str
    name: str
    classes: Sequence[str]
    split: str
    about: str
    own: bool
    photo: bytes


@dataclass(frozen=True)
class Row:
    """A kernel: its role, title, symbol and name, whether that is an approximation, and how good it is.

    `nearest` are positions in `Scene.photographs`. `ap` is the query's average precision in percent; `precisions`
    (hits,) that at each hit, `ranks` (hits,) where they stand, 1 for the nearest.
    """

    role: str
    title: str
    symbol: str
    of: str
    approximate: bool
    nearest: Sequence[int]
    ap: float | None
    precisions: np.ndarray
    ranks: np.ndarray


@dataclass(frozen=True)
class Photograph:
    """A photograph that is among the nearest of a row: what it shows, its value and rank in each row, and its JPEG.

    `judged` is 1 for a hit, -1 for a miss, 0 for one that is left out, None where nothing is; `marks` has the same for
    each class of the query.
    """

    id: str
    shows: str
    values: tuple[float, float, float]
    ranks: tuple[int, int, int]
    judged: int | None
    marks: tuple[int, ...]
    picture: bytes


@dataclass(frozen=True)
class Scene:
    """All that is drawn.

    `among` are the splits to choose from, each with the number of its photographs, and `split` the one chosen; `total`
    counts those that are ranked. `unit` says that values are cosines, `pictured` that the data set has pictures.
    """

    asked: Asked
    rows: tuple[Row, Row, Row]
    photographs: Sequence[Photograph]
    near: int
    among: Sequence[tuple[str, int]]
    split: str
    total: int
    unit: bool
    pictured: bool


def packed(scene: Scene) -> bytes:
    """Pack a scene: words and numbers as JSON; the photograph, ranks and precisions of hits, and pictures."""
    words = [{**asdict(one), "picture": None} for one in scene.photographs]
    rows = [{**vars(row), "nearest": list(row.nearest), "precisions": None, "ranks": None} for row in scene.rows]
    header: dict[str, Any] = {
        "asked": {**vars(scene.asked), "classes": list(scene.asked.classes), "photo": None},
        "rows": rows,
        "photographs": words,
        "nears": NEAR,
        "among": [list(one) for one in scene.among],
        **{name: getattr(scene, name) for name in ("near", "split", "total", "unit", "pictured")},
    }
    ranks = [np.ascontiguousarray(row.ranks, "<u4").tobytes() for row in scene.rows]
    shares = [np.ascontiguousarray(row.precisions, "<f4").tobytes() for row in scene.rows]
    parts = [scene.asked.photo, *ranks, *shares, *(one.picture for one in scene.photographs)]
    return pack({**header, "digest": fingerprint(header, *parts)}, *parts)


def neighbours(
    scene: Scene,
    *,
    key: str,
    on_query: Callable[[str], None],
    on_near: Callable[[int], None],
    on_among: Callable[[str], None],
) -> str | None:
    """Draw it; the callbacks run before the page does, with what was chosen.

    Returns the photograph that is to be opened together with the query, if one was asked for in this run.
    """
    ids = {one.id for one in scene.photographs}

    def told(name: str) -> Any:
        return getattr(st.session_state.get(key), name, None)

    def query() -> None:
        if told("query") in ids:
            on_query(told("query"))

    def near() -> None:
        if told("near") in NEAR:
            on_near(told("near"))

    def among() -> None:
        if told("among") in [name for name, _ in scene.among]:
            on_among(told("among"))

    found = _component(
        data=packed(scene),
        key=key,
        on_query_change=query,
        on_near_change=near,
        on_among_change=among,
        on_pair_change=nothing,
    )
    return found.pair if found.pair in ids and not scene.asked.own else None
