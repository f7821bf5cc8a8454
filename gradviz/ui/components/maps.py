"""Show three maps of the same photographs, linked: one large, two beside it, with gallery, legend and neighbours.

What changes seldom is sent in calls of its own, which hold it under its digest: names, the points of each map, sheets
of small photographs, the kernel rows of the photograph in focus. The call that draws refers to them by digest, so
that a new temperature sends the points of two maps, and a selection sends nothing but itself.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import streamlit as st

from gradviz.ui.components import fingerprint, pack, register
from gradviz.ui.components.parts import Parts

_component = register(
    "maps", "maps_geometry.js", "maps_bank.js", "maps_draw.js", "maps_side.js", "maps_page.js", "maps.js"
)

ROLES = ("forward", "backward", "product")


@dataclass(frozen=True)
class Map:
    """One map: its role, points (n, 2) with NaN for what it does not show, and how good it is.

    `title`, `symbol` and `sub` are its name and formula. `points` is None while it is being drawn for the first time;
    `former` says that they are of earlier choices, `still` of which.
    """

    role: str
    title: str
    symbol: str
    sub: str
    points: np.ndarray | None
    purity: float | None = None
    chance: float | None = None
    trust: float | None = None
    approximate: bool = False
    former: bool = False
    still: str = ""


@dataclass(frozen=True)
class Photographs:
    """The n photographs on the maps: ids, the classes that each shows, and its main class by `rule`, -1 for none."""

    ids: Sequence[str]
    labels: Sequence[Sequence[int]]
    main: Sequence[int]
    classes: Sequence[str]
    pictures: bool = True
    rule: str = ""


class Sheet(NamedTuple):
    """Small square photographs in one JPEG, row by row: those of positions start to start + count.

    `missing` counts from the sheet's first place and names those that could not be read.
    """

    start: int
    count: int
    side: int
    columns: int
    missing: tuple[int, ...]
    jpeg: bytes


@dataclass(frozen=True)
class OwnPhotographs:
    """A visitor's own m photographs: names, labels, a point in each map (m, 2), and their sheet."""

    ids: Sequence[str]
    labels: Sequence[Sequence[str]]
    points: Sequence[np.ndarray]
    sheet: Sheet


@dataclass(frozen=True)
class Near:
    """The photograph in focus: its position, its nearest in each map's kernel, and the three kernels' rows (n,).

    `photo` is a JPEG, empty where there is none; `split` the one that the photograph belongs to. `fits` says for each
    map whether it shows the kernel of the row under the same choices, and `still` which these are, if former ones.
    """

    index: int
    rows: Sequence[Sequence[int]]
    values: Sequence[np.ndarray]
    photo: bytes = b""
    split: str = ""
    fits: tuple[bool, ...] = (True,) * 3
    still: str = ""


@dataclass(frozen=True)
class Now:
    """What is chosen: selected positions, the position in focus, the marked class, which map is large, and its view.

    A position in focus from n on is of the visitor's own photographs.
    """

    selected: Sequence[int] = ()
    focus: int | None = None
    marked: int | None = None
    large: str = "product"
    view: str | None = None


@dataclass(frozen=True)
class Change:
    """What somebody has just changed in the maps; what is missing from `said` stays as it is."""

    said: frozenset[str] = frozenset()
    ids: tuple[str, ...] = ()
    focus: str | None = None
    marked: str | None = None
    large: str | None = None
    view: str | None = None
    own: str | None = None


PARTS = Parts(60, -2, 2)
"""The parts of a map that can be looked at; their middle is moved right and up, in lengths of the map's longer side.

So a part means the same on another map and in another window.
"""


@dataclass(frozen=True)
class Words:
    """What the maps say: a line under them, and title, line and file name of a saved picture."""

    footnote: str = ""
    title: str = ""
    line: str = ""
    file: str = "maps.png"


def checked_ids(chosen: Any, ids: Sequence[str]) -> tuple[str, ...]:
    """Return the known ids among those that the browser sent, in the order of ids."""
    wanted = {name for name in chosen if isinstance(name, str)} if isinstance(chosen, list) else set()
    return tuple(name for name in ids if name in wanted)


def checked(change: Any, photographs: Photographs, own: Sequence[str] = ()) -> Change:
    """Return what of a change makes sense for these photographs, and a visitor's `own`."""
    if not isinstance(change, dict):
        return Change()
    said, known = set(), set(photographs.ids)
    ids: tuple[str, ...] = ()
    if isinstance(change.get("ids"), list):
        said.add("ids")
        ids = checked_ids(change["ids"], photographs.ids)
    focus = change.get("focus")
    if isinstance(focus, str) and focus in known:
        said.add("focus")
    mine = change.get("own")
    if isinstance(mine, str) and mine in own:
        said.add("own")
    marked = change.get("marked")
    if "marked" in change and (marked is None or marked in photographs.classes):
        said.add("marked")
    large = change.get("large")
    if isinstance(large, str) and large in ROLES:
        said.add("large")
    view = change.get("view")
    if "view" in change and (view is None or view in PARTS):
        said.add("view")
    return Change(
        frozenset(said),
        ids,
        focus if "focus" in said else None,
        marked if "marked" in said else None,
        large if "large" in said else None,
        view if "view" in said else None,
        mine if "own" in said else None,
    )


def names_part(photographs: Photographs) -> tuple[str, bytes]:
    """Pack names and labels; return the digest that stands for them, and the bytes."""
    header = {
        "kind": "names",
        "ids": list(photographs.ids),
        "labels": [[int(c) for c in shown] for shown in photographs.labels],
        "main": [int(c) for c in photographs.main],
        "classes": list(photographs.classes),
        "pictures": photographs.pictures,
        "rule": photographs.rule,
    }
    return _part(header)


def points_part(points: np.ndarray, count: int) -> tuple[str, bytes]:
    """Pack one map's points, which must be (count, 2)."""
    if points.shape != (count, 2):
        raise ValueError(f"A map of shape {points.shape} for {count} ids.")
    return _part({"kind": "points"}, np.ascontiguousarray(points, dtype="<f4").tobytes())


def sheet_part(sheet: Sheet) -> tuple[str, bytes]:
    """Pack a sheet of small photographs."""
    return _part({"kind": "sheet", **_of_sheet(sheet)}, sheet.jpeg)


def own_part(own: OwnPhotographs) -> tuple[str, bytes]:
    """Pack a visitor's own photographs with their points in each map."""
    header = {"kind": "own", "ids": list(own.ids), "labels": [list(names) for names in own.labels]}
    points = [np.ascontiguousarray(found, dtype="<f4").tobytes() for found in own.points]
    return _part({**header, **_of_sheet(own.sheet)}, *points, own.sheet.jpeg)


def near_part(near: Near) -> tuple[str, bytes]:
    """Pack the kernels' rows of the photograph in focus."""
    header = {"kind": "near", "index": near.index, "rows": [list(map(int, row)) for row in near.rows]}
    values = [np.ascontiguousarray(row, dtype="<f4").tobytes() for row in near.values]
    header |= {"split": near.split, "fits": near.fits, "still": near.still}
    return _part(header, *values, near.photo)


def _of_sheet(sheet: Sheet) -> dict[str, Any]:
    rows = -(-sheet.count // sheet.columns)
    return {**sheet._asdict(), "jpeg": None, "rows": rows, "missing": list(sheet.missing)}


def _part(header: Mapping[str, Any], *parts: bytes) -> tuple[str, bytes]:
    digest = fingerprint(header, *parts)
    return digest, pack({**header, "digest": digest}, *parts)


@dataclass(frozen=True)
class Scene:
    """All that is drawn."""

    panels: Sequence[Map]
    photographs: Photographs
    colour: Mapping[str, Any]
    sheets: Sequence[Sheet] = ()
    own: OwnPhotographs | None = None
    near: Near | None = None
    typical: Sequence[int] = ()
    now: Now = field(default_factory=Now)
    words: Words = field(default_factory=Words)


def packed(scene: Scene, heard: int) -> tuple[bytes, dict[str, bytes]]:
    """Pack a scene: the call that draws, and the parts that it refers to, each under the name of its own call."""
    parts: dict[str, tuple[str, bytes]] = {"names": names_part(scene.photographs)}
    count = len(scene.photographs.ids)
    for panel in scene.panels:
        if panel.points is not None:
            parts[panel.role] = points_part(panel.points, count)
    for number, sheet in enumerate(scene.sheets):
        parts[f"sheet{number}"] = sheet_part(sheet)
    if scene.own is not None:
        parts["own"] = own_part(scene.own)
    if scene.near is not None:
        parts["near"] = near_part(scene.near)
    digests = {name: digest for name, (digest, _) in parts.items()}
    header = {
        "kind": "view",
        "maps": [
            {
                **{
                    name: getattr(panel, name)
                    for name in ("role", "title", "symbol", "sub", "approximate", "former", "still")
                },
                **{name: _number(getattr(panel, name)) for name in ("purity", "chance", "trust")},
                "points": digests.get(panel.role),
            }
            for panel in scene.panels
        ],
        "names": digests["names"],
        "sheets": [digests[f"sheet{number}"] for number in range(len(scene.sheets))],
        "own": digests.get("own"),
        "near": digests.get("near"),
        "colour": {**scene.colour, "digest": fingerprint(scene.colour)},
        "typical": [int(i) for i in scene.typical],
        "chosen": {
            "heard": heard,
            "selected": [int(i) for i in scene.now.selected],
            "focus": scene.now.focus,
            "marked": scene.now.marked,
            "large": scene.now.large,
            "view": scene.now.view,
        },
        "about": {"title": scene.words.title, "line": scene.words.line, "file": scene.words.file},
        "footnote": scene.words.footnote,
    }
    return pack(header), {name: data for name, (_, data) in parts.items()}


def maps(scene: Scene, *, key: str, on_change: Callable[[Change], None]) -> None:
    """Draw the maps; `on_change` is called before the next run with what somebody has changed."""
    heard = st.session_state.setdefault(f"{key} heard", {"at": 0})

    def changed() -> None:
        told = st.session_state[key].get("change")
        if isinstance(told, dict) and isinstance(told.get("at"), (int, float)):
            heard["at"] = max(heard["at"], told["at"])
        on_change(checked(told, scene.photographs, scene.own.ids if scene.own else ()))

    data, parts = packed(scene, heard["at"])
    with st.container(key=f"gv-bank-{key}"):
        for name, part in parts.items():
            _component(data=part, key=f"{key} {name}")
    _component(data=data, key=key, on_change_change=changed)


def _number(value: float | None) -> float | None:
    return None if value is None or not np.isfinite(value) else float(value)
