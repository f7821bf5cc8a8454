"""Show how well three kernels do for all queries: average precisions as points, a table, and ten to look at."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import streamlit as st

from gradviz.ui.components import fingerprint, pack, register

_component = register("queries", "queries_geometry.js", "queries.js")

WAYS = ("either", "gain", "loss")


@dataclass(frozen=True)
class Line:
    """A kernel over all queries, in percent: its mean average precision, and for how many it is best and worst."""

    role: str
    title: str
    mean: float
    best: float
    worst: float


@dataclass(frozen=True)
class Scene:
    """All queries.

    `first` and `second` (n,) are their average precisions under the forward and the product kernel in percent, nan
    where there is none; `ten` are positions of those listed, `shows` and `pictures` what is known of these. `query` is
    the position of the one that is looked at. `said` stands there instead of figures; `stale` dims them.
    """

    ids: Sequence[str]
    first: np.ndarray
    second: np.ndarray
    lines: Sequence[Line]
    ten: Sequence[int]
    shows: Sequence[str]
    pictures: Sequence[bytes]
    way: str
    query: int | None = None
    counted: int = 0
    said: str = ""
    stale: bool = False


def nothing_to_show(said: str) -> Scene:
    """Return a scene of words alone."""
    none = np.empty(0, np.float32)
    return Scene((), none, none, (), (), (), (), WAYS[0], said=said)


def packed(scene: Scene) -> bytes:
    """Pack a scene: words as JSON, the two average precisions as float32, and the pictures of the ten."""
    header: dict[str, Any] = {
        "ids": list(scene.ids),
        "lines": [vars(line) for line in scene.lines],
        "ten": [int(i) for i in scene.ten],
        "shows": list(scene.shows),
        "ways": WAYS,
        **{name: getattr(scene, name) for name in ("way", "query", "counted", "said", "stale")},
    }
    parts = [np.ascontiguousarray(one, "<f4").tobytes() for one in (scene.first, scene.second)]
    parts += scene.pictures
    return pack({**header, "pictured": fingerprint({}, *scene.pictures)}, *parts)


def queries(scene: Scene, *, key: str, on_query: Callable[[str], None], on_way: Callable[[str], None]) -> None:
    """Draw it; the callbacks run before the page does, with the query or the kind of difference chosen."""
    ids = set(scene.ids)

    def told(name: str) -> Any:
        return getattr(st.session_state.get(key), name, None)

    def query() -> None:
        if told("query") in ids:
            on_query(told("query"))

    def way() -> None:
        if told("way") in WAYS:
            on_way(told("way"))

    _component(data=packed(scene), key=key, on_query_change=query, on_way_change=way)
