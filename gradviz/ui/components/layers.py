"""Show which result is best: the answer, curves over the temperature, a board to sort, photographs, and alignments.

All is sent as one message; what somebody clicks comes back as one change.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import streamlit as st

from gradviz.ui.components import pack, register

_component = register(
    "layers",
    "scores_symbols.js",
    "layers_layout.js",
    "layers_answer.js",
    "layers_curves.js",
    "layers_board.js",
    "layers_gains.js",
    "layers_evidence.js",
    "layers.js",
)

SORTS = ("network", "representation", "temperature", "mean", "alignment", "purity", "dimensions", "seconds")
"""What the board can be sorted by; with a minus the other way round."""


@dataclass(frozen=True)
class Result:
    """Name one result: its key, the network's title, representation, role, and the temperature ("inf", None).

    `formula` says that the name is made of the paper's symbols, `approximate` that it is a pooled approximation.
    """

    key: str
    title: str
    representation: str
    formula: bool
    role: str
    temperature: float | str | None
    approximate: bool = False


@dataclass(frozen=True)
class Line(Result):
    """One line of the board: mAP in percent with its interval, alignment, purity, sizes and seconds.

    `size` is what the sizes are sorted by.
    """

    mean: float | None = None
    interval: tuple[float, float] = (0.0, 0.0)
    alignment: float | None = None
    purity: float | None = None
    dimensions: str = ""
    size: float = 0.0
    seconds: float = 0.0
    best: bool = False


@dataclass(frozen=True)
class Point:
    """A curve at one temperature."""

    temperature: float | str | None
    mean: float
    interval: tuple[float, float]


@dataclass(frozen=True)
class Curve:
    """A representation at all its temperatures; `flat` without one, `joined` if it is a concatenation."""

    representation: str
    formula: bool
    role: str
    points: Sequence[Point]
    best: float | str | None
    flat: bool = False
    joined: bool = False


@dataclass(frozen=True)
class Panel:
    """The curves of one network."""

    title: str
    temperatures: Sequence[float | str]
    lines: Sequence[Curve]


@dataclass(frozen=True)
class Against(Result):
    """What the answer is better by than another result: words before and after its name, percent, interval."""

    relation: Mapping[str, str] = field(default_factory=dict)
    value: float = 0.0
    interval: tuple[float, float] | None = None
    certain: bool = True
    otherNetwork: bool = False  # noqa: N815 - the scripts' name


@dataclass(frozen=True)
class Gained(Result):
    """What a layer's gradient is better by than its input and output joined, which `above` names: percent, interval."""

    above: str = ""
    value: float = 0.0
    interval: tuple[float, float] | None = None
    certain: bool = True


@dataclass(frozen=True)
class Answer(Result):
    """The best result. `state` is chosen, or waiting while there may be a better one."""

    about: str = ""
    state: str = "waiting"
    tag: str = ""
    beside: str = ""
    value: float | None = None
    unit: str = ""
    interval: tuple[float, float] | None = None
    differences: Sequence[Against] = ()


@dataclass(frozen=True)
class Photo:
    """A photograph: a class that it shows or not, and its ranks for that class under two results."""

    id: str
    name: str
    shows: bool
    ranks: tuple[int, int] | None = None
    good: bool = True


@dataclass(frozen=True)
class Evidence:
    """The photographs, and the two results that they tell apart."""

    title: str
    note: str
    photos: Sequence[Photo]
    pair: tuple[Result, Result] | None = None


@dataclass(frozen=True)
class Matrix:
    """How alike kernels are: names, roles, with the labels (r,), with each other (r, r); None for a constant kernel."""

    names: Sequence[str]
    titles: Sequence[str]
    formulas: Sequence[bool]
    roles: Sequence[str]
    labels: Sequence[float | None]
    values: Sequence[Sequence[float | None]]


@dataclass(frozen=True)
class Scene:
    """All that is drawn but the photographs' pixels."""

    answer: Answer | None
    panels: Sequence[Panel]
    rows: Sequence[Line]
    networks: int
    sort: str
    against: str | None
    about: str
    train: str
    evidence: Evidence
    matrix: Matrix | None = None
    waiting: str = ""
    gains: Sequence[Gained] = ()


@dataclass(frozen=True)
class Change:
    """What somebody has just done: lines sorted, another result compared, a photograph or a cell opened."""

    sort: str | None = None
    against: str | None = None
    open: str | None = None
    cell: tuple[int, int] | None = None


def checked(told: object, scene: Scene) -> Change:
    """Return what of a change makes sense for what is drawn."""
    if not isinstance(told, Mapping):
        return Change()
    sort, against, opened, cell = (told.get(name) for name in ("sort", "against", "open", "cell"))
    count = len(scene.matrix.names) if scene.matrix else 0
    return Change(
        sort if isinstance(sort, str) and sort.removeprefix("-") in SORTS else None,
        against if against in [row.key for row in scene.rows] else None,
        opened if opened in [photo.id for photo in scene.evidence.photos] else None,
        _pair(cell, count),
    )


def _pair(cell: object, count: int) -> tuple[int, int] | None:
    if not isinstance(cell, list) or len(cell) != 2:
        return None
    i, j = cell
    return (i, j) if all(type(k) is int and 0 <= k < count for k in cell) else None


def layers(scene: Scene, photographs: Mapping[str, bytes], *, key: str, on_change: Callable[[Change], None]) -> None:
    """Draw all; `photographs` are JPEGs by id. The callback runs before the page does."""

    def changed() -> None:
        on_change(checked(st.session_state[key].get("change"), scene))

    header: dict[str, Any] = {**asdict(scene), "photographs": list(photographs)}
    _component(data=pack(header, *photographs.values()), key=key, on_change_change=changed)
