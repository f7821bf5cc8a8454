"""What the jobs of the Map page compute: a map at a time, what is known of photographs, rows of kernels, sheets."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from gradviz.callbacks import Cancel, Progress, part, stop_if
from gradviz.datasets.main_class import main_classes
from gradviz.ui import chosen
from gradviz.ui.components.maps import Sheet
from gradviz.ui.contact_sheet import contact_sheet, largest_object

if TYPE_CHECKING:
    from gradviz.datasets import ImageSet
    from gradviz.results import Map, ProductResult
    from gradviz.ui.selection import Selection
    from gradviz.ui.visitor import Own

NEAREST = 8
"""Photographs in each row of nearest ones."""
COLUMNS = 25
"""Small photographs across a sheet."""
SHEET = 500
"""Small photographs on a sheet: under a megabyte."""


@dataclass(frozen=True)
class Facts:
    """What is known of the n chosen photographs without looking at them.

    `positions` (n,) in the data set, ascending; `labels` the classes that each shows; `main` (n,) its main class by
    `rule`, -1 for none; `splits` the smallest split that each is in, "" for none.
    """

    positions: np.ndarray
    ids: tuple[str, ...]
    labels: tuple[tuple[int, ...], ...]
    main: np.ndarray
    rule: str
    splits: tuple[str, ...]


def facts(selection: "Selection", progress: Progress, cancel: Cancel) -> Facts:
    """Read what is known of the chosen photographs."""
    images = selection.images
    positions = images.select(selection.split, selection.spec.images)
    labels = tuple(
        () if images.labels is None else tuple(np.flatnonzero(images.labels[i] == 1).tolist()) for i in positions
    )
    main = main_classes(images, positions)
    splits = dict.fromkeys(positions.tolist(), "")
    for name, of in sorted(images.splits.items(), key=lambda split: -len(split[1])):
        splits |= dict.fromkeys(set(of.tolist()) & splits.keys(), name)
    ids = tuple(images.ids[i] for i in positions)
    progress(1, 1)
    return Facts(positions, ids, labels, main.of, main.rule, tuple(splits[i] for i in positions.tolist()))


def drawn(
    selection: "Selection", representation: str, how: Mapping[str, Any], progress: Progress, cancel: Cancel
) -> "Map":
    """Map the chosen split by one kernel; `how` are method, neighbours, min_dist, perplexity and seed."""
    lab = selection.experiment()
    found = lab.embed(representation, selection.split, **how, progress=progress, cancel=cancel)
    return replace(found, rows=replace(found.rows, arrays={}))


def placements(
    selection: "Selection", own: "Own", found: Sequence["Map"], progress: Progress, cancel: Cancel
) -> tuple["Map", ...]:
    """Place a visitor's own photographs on maps that stay as they are."""
    lab, others = selection.experiment(), own.experiment(selection.spec)
    placed = []
    for i, drawn_one in enumerate(found):
        here = part(progress, i / len(found), (i + 1) / len(found))
        new = lab.place(drawn_one, others, selection.split, progress=here, cancel=cancel)
        placed.append(replace(new, others=new.others and replace(new.others, arrays={})))
    return tuple(placed)


@dataclass(frozen=True)
class Rows:
    """One photograph's rows of the layer's three kernels with the n chosen ones, NaN for what could not be read.

    `nearest` are positions in these n, the largest value first, equal ones in the data set's order.
    """

    identifier: str
    values: tuple[np.ndarray, np.ndarray, np.ndarray]
    nearest: tuple[tuple[int, ...], ...]


def rows(selection: "Selection", identifier: str, own: "Own | None", progress: Progress, cancel: Cancel) -> Rows:
    """Compute the rows of one photograph, of the data set or of a visitor's own: forward, backward, product."""
    lab, images = selection.experiment(), selection.images
    home = own.experiment(selection.spec) if own else lab
    position = home.images.source(identifier)
    name = selection.triple[2]
    asked = home.features(selection.triple[:2], [position], progress=part(progress, 0, 0.2), cancel=cancel)
    found: ProductResult = lab.kernel(  # pyright: ignore[reportAssignmentType] - of a product of two sides
        name, selection.split, cols=asked, progress=part(progress, 0.2, 1), cancel=cancel
    )
    positions = images.select(selection.split, selection.spec.images)
    there = np.searchsorted(positions, found.rows.positions)
    itself = np.flatnonzero(positions == position)[: 0 if own else 1]
    values, nearest = [], []
    for K in (found.K_fw, found.K_bw, found.K):
        row = np.full(len(positions), np.nan, np.float32)
        row[there] = K[:, 0]
        values.append(row)
        ranked = np.where(np.isnan(row), -np.inf, row)
        ranked[itself] = -np.inf
        order = np.argsort(-ranked, kind="stable")
        nearest.append(tuple(int(i) for i in order[:NEAREST] if ranked[i] > -np.inf))
    return Rows(identifier, (values[0], values[1], values[2]), tuple(nearest))


def typical(
    selection: "Selection", shown: str, marked: int, main: Sequence[int], progress: Progress, cancel: Cancel
) -> np.ndarray:
    """Order photographs by how typical they are of their class among those shown, the most typical first.

    `shown` is a selection as it stands in an address, empty for all; `main` has the main class of each chosen image.
    Typical is the mean of the product kernel with the other shown photographs of the same class. The `marked` class
    (-1 for none) comes first, then the largest; those without a class, and then the only ones of theirs, come last.
    Returns positions among the chosen images.
    """
    from gradviz import kernels
    from gradviz.representations import parse

    lab, images = selection.experiment(), selection.images
    positions = images.select(selection.split, selection.spec.images)
    wanted = set(chosen.read(shown, images.ids) or ()) if shown else set()
    places = np.array([i for i, p in enumerate(positions) if not shown or images.ids[p] in wanted], np.int64)
    of = np.asarray(main)[places]
    score = np.full(len(places), -np.inf)
    classes, sizes = np.unique(of, return_counts=True)
    size = dict(zip(classes.tolist(), sizes.tolist(), strict=True))
    needs = selection.triple[:2]
    found = lab.features(needs, positions[places], progress=part(progress, 0, 0.5), cancel=cancel)
    there = {int(p): row for row, p in enumerate(found.positions)}
    parsed, normalise = parse(selection.triple[2], lab.offer), selection.spec.normalise
    means = kernels.unit_means(found.arrays, needs) if normalise == "centred" else None
    for number, c in enumerate(classes):
        stop_if(cancel)
        mine = np.array([k for k in np.flatnonzero(of == c) if int(positions[places[k]]) in there], np.int64)
        if len(mine) > 1:
            at = [there[int(positions[places[k]])] for k in mine]
            some = {name: found.arrays[name][at] for name in needs}
            K = kernels.kernel(parsed, some, normalise=normalise, means=means).K
            score[mine] = (K.sum(axis=1, dtype=np.float64) - K.diagonal()) / (len(mine) - 1)
        part(progress, 0.5, 1)(number + 1, len(classes))
    rank = {c: (size[c] == 1, c != marked, c < 0, -size[c], c) for c in size}
    order = sorted(range(len(places)), key=lambda k: (*rank[int(of[k])], -score[k], k))
    return places[order]


def scores(selection: "Selection", train: str, test: str, progress: Progress, cancel: Cancel) -> dict[str, Any]:
    """Train SVMs on the product kernel of one split and score another: ids and scores (n, classes)."""
    lab = selection.experiment()
    found = lab.evaluate(selection.triple[2], train=train, test=test, progress=progress, cancel=cancel)
    return {"ids": found.test.ids, "scores": found.scores, "notes": found.notes}


def sheet(selection: "Selection", start: int, side: int, progress: Progress, cancel: Cancel) -> Sheet:
    """Draw small square photographs, `side` pixels wide, from the chosen one at `start` on, as one JPEG."""
    images = selection.images
    positions = images.select(selection.split, selection.spec.images)[start : start + SHEET]
    return sheet_of(images, positions, start, side, progress, cancel)


def sheet_of(
    images: "ImageSet", positions: Sequence[int] | np.ndarray, start: int, side: int, progress: Progress, cancel: Cancel
) -> Sheet:
    """Draw the photographs at some positions on one sheet; what cannot be decoded stays empty and is named."""
    made = contact_sheet(images, positions, largest_object, side=side, across=COLUMNS, progress=progress, cancel=cancel)
    return Sheet(start, len(positions), side, COLUMNS, made.missing, made.jpeg)
