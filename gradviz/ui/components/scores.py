"""Compare two results: the equation of their means, a line for each class, and one class's photographs.

The equation is a component of its own, since a control of the page stands beside it. The lines are sent as numbers;
photographs come in calls of their own, and stay until others are there.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, NamedTuple

import streamlit as st

from gradviz.ui.components import fingerprint, pack, register

_equation = register("means", "scores_symbols.js", "means.js")
_component = register(
    "scores",
    "photograph_fit.js",
    "scores_symbols.js",
    "scores_layout.js",
    "scores_list.js",
    "scores_curve.js",
    "scores_panel.js",
    "scores.js",
)

SORTS = ("class", "positives", "a", "b", "difference")
"""What the lines can be sorted by; with a minus the other way round."""


@dataclass(frozen=True)
class Side:
    """One of the two results: its name, whether it is a formula, role, mAP in percent and what is said beside it.

    `place` numbers the results of one role, so that no two share a colour; `note` marks one of other choices.
    """

    key: str
    name: str
    formula: bool
    role: str
    place: int
    mean: float | None
    interval: tuple[float, float] | None = None
    temperature: str = ""
    what: str = ""
    note: str = ""


class Choice(NamedTuple):
    """A result that can be chosen: key, text, and the group that it is listed in."""

    key: str
    text: str
    group: str


@dataclass(frozen=True)
class Equation:
    """A minus B; `why` says why there is no difference."""

    a: Side
    b: Side | None
    choices: Sequence[Choice]
    difference: float | None = None
    interval: tuple[float, float] | None = None
    why: str = ""


@dataclass(frozen=True)
class Line:
    """One class: its colour, positive test images, AP of A and B in percent, their difference and its bounds.

    `alone` are the bounds of this class, `together` those that hold for all classes at once; `why` says why there is no
    AP. `first` are the ids of A's first mistakes.
    """

    name: str
    colour: int
    positives: int
    a: float | None
    b: float | None = None
    difference: float | None = None
    alone: tuple[float, float] | None = None
    together: tuple[float, float] | None = None
    star: bool = False
    why: str = ""
    first: Sequence[str] = ()


@dataclass(frozen=True)
class Curve:
    """Recall and precision down a ranking, and the points whose precision is averaged, if there are such."""

    recall: Sequence[float]
    precision: Sequence[float]
    tenths: Sequence[float] = ()


@dataclass(frozen=True)
class Photo:
    """What is said of a photograph: label (1 or -1), classes, rank, score, precision and recall there under A and B."""

    label: int
    shows: Sequence[str]
    ranks: Sequence[int]
    scores: Sequence[float]
    cuts: Sequence[tuple[float, float]]


class Strip(NamedTuple):
    """A row of photographs: which of them, title, what is said beside it, and ids."""

    kind: str
    title: str
    about: str
    ids: Sequence[str]


@dataclass(frozen=True)
class Detail:
    """The class in focus: its curves under A and B, photographs by id, and rows of them."""

    name: str
    counted: int
    curves: Sequence[Curve]
    photos: Mapping[str, Photo]
    strips: Sequence[Strip]


@dataclass(frozen=True)
class Scene:
    """All that is drawn but the photographs. `shown` is the one in focus; `former`: newer results are on their way."""

    a: Side
    b: Side | None
    lines: Sequence[Line]
    sort: str
    focus: str | None
    detail: Detail | None
    legend: str
    shown: str | None = None
    former: bool = False
    unseen: str = ""


@dataclass(frozen=True)
class Pictures:
    """The photographs: faces of classes by name, squares of `ids` in one JPEG, `across` a row, the panel's by id."""

    faces: Mapping[str, bytes] = field(default_factory=dict)
    squares: bytes = b""
    ids: Sequence[str] = ()
    across: int = 1
    photos: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Change:
    """What somebody has just done: a class put in focus, lines sorted, a photograph opened."""

    focus: str | None = None
    sort: str | None = None
    open: str | None = None
    seen: str | None = None


def equation(shown: Equation, *, key: str, on_change: Callable[[str, str], None]) -> None:
    """Draw the means and their difference; the callback gets "a" or "b" and the key of what was chosen for it."""
    known = {choice.key for choice in shown.choices}

    def changed() -> None:
        told = st.session_state[key].get("change")
        if isinstance(told, Mapping) and told.get("side") in ("a", "b") and told.get("key") in known:
            on_change(told["side"], told["key"])

    header = asdict(shown) | {"choices": [choice._asdict() for choice in shown.choices]}
    _equation(data=pack(header), key=key, on_change_change=changed)


def checked(told: object, scene: Scene) -> Change:
    """Return what of a change makes sense for what is drawn."""
    if not isinstance(told, Mapping):
        return Change()
    focus, sort, opened, seen = (told.get(name) for name in ("focus", "sort", "open", "seen"))
    photos = scene.detail.photos if scene.detail else {}
    ids = {name for line in scene.lines for name in line.first} | {*photos}
    return Change(
        focus if focus in [line.name for line in scene.lines] else None,
        sort if isinstance(sort, str) and sort.removeprefix("-") in SORTS else None,
        opened if opened in ids else None,
        seen if seen in ids else None,
    )


def scores(scene: Scene, pictures: Pictures, *, key: str, on_change: Callable[[Change], None]) -> None:
    """Draw the lines and the panel; the callback runs before the page does."""

    def changed() -> None:
        on_change(checked(st.session_state[key].get("change"), scene))

    with st.container(key=f"gv-bank-{key}"):
        for kind, header, parts in _of(pictures):
            whole = {"kind": kind, "bus": key, **header}
            data = pack({**whole, "digest": fingerprint(whole, *parts)}, *parts)
            _component(data=data, key=f"{key} {kind}")
    _component(data=pack({"kind": "view", "bus": key, **asdict(scene)}), key=key, on_change_change=changed)


def _of(pictures: Pictures) -> list[tuple[str, dict[str, Any], list[bytes]]]:
    """Return the calls that hold photographs: kind, header and parts."""
    photos = pictures.photos
    facts = {
        "ids": list(photos),
        "sizes": [list(one.size) for one in photos.values()],
        "boxes": [
            [[box.xmin, box.ymin, box.xmax, box.ymax, box.name, box.difficult] for box in one.boxes]
            for one in photos.values()
        ],
    }
    return [
        ("faces", {"names": list(pictures.faces)}, [*pictures.faces.values()]),
        ("squares", {"across": pictures.across, "ids": list(pictures.ids)}, [pictures.squares]),
        ("photos", facts, [one.jpeg for one in photos.values()]),
    ]
