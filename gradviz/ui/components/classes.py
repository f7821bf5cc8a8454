"""List a data set's classes with a picture, a bar and what they are seen with."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gradviz.ui.components import fingerprint, nothing, pack, register

ORDERS = ("shared", "number", "name")
"""Orders of the list: by what classes are seen with, by how many photographs show them, by name."""

WITH_CELLS = 60
"""Classes up to which all counts are sent: lines of more have no room for a cell each."""
MOST_WITH = 5

_component = register("classes", "classes_layout.js", "classes.js")


@dataclass(frozen=True)
class Numbers:
    """What is drawn of C classes, all counts of photographs.

    `split` (C, S) are those that show the class in each of the splits named by `parts`, `difficult` (C,) those that
    show it only by difficult objects, `together` (C, C) those that show both, `alone` (C,) those that show nothing
    else; `shared` is an order of the classes by what they share.
    """

    parts: Sequence[str]
    split: NDArray[np.int64]
    difficult: NDArray[np.int64]
    together: NDArray[np.int64]
    alone: NDArray[np.int64]
    shared: Sequence[int]


def classes(
    names: Sequence[str],
    numbers: Numbers,
    faces: Mapping[str, bytes],
    *,
    title: str,
    chosen: str | None,
    also: str | None,
    order: str,
    key: str,
) -> tuple[tuple[str, str | None] | None, str | None]:
    """Draw a line for each class; return what was clicked in this run: (class, another class or None), and an order.

    `chosen` is the class whose line is marked, `also` the class of the cell in it that is. `faces` are JPEGs by name.
    """
    place = {name: c for c, name in enumerate(names)}
    header = {
        "names": list(names),
        "title": title,
        "splits": list(numbers.parts),
        "split": numbers.split.tolist(),
        "difficult": numbers.difficult.tolist(),
        "together": _sparse(numbers.together),
        "alone": numbers.alone.tolist(),
        "shared": list(numbers.shared),
        "hint": "Click a class for its photographs" + (", a cell for those that show both." if len(names) > 1 else "."),
        "order": order,
        "chosen": place.get(chosen or "", -1),
        "also": place.get(also or "", -1),
    }
    pictures = [faces.get(name, b"") for name in names]
    data = pack({**header, "digest": fingerprint({}, *pictures)}, *pictures)
    found = _component(data=data, key=key, on_chosen_change=nothing, on_order_change=nothing)
    return _read(found.chosen, place), found.order if found.order in ORDERS else None


def _sparse(together: NDArray[np.int64]) -> list[list[tuple[int, int]]]:
    """Return for each class its own count and those it is seen with; only the most where there are many classes."""
    most = len(together) if len(together) <= WITH_CELLS else MOST_WITH
    rows = []
    for i, counts in enumerate(together):
        there = np.flatnonzero(counts)
        there = there[np.argsort(-counts[there], kind="stable")][: most + 1]
        rows.append([(int(j), int(counts[j])) for j in sorted({i, *there.tolist()})])
    return rows


def _read(given: object, known: Mapping[str, int]) -> tuple[str, str | None] | None:
    if not isinstance(given, Mapping) or given.get("name") not in known:
        return None
    also = given.get("also")
    return str(given["name"]), also if also in known else None
