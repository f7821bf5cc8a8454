"""What jobs compute for the Neighbours page: what one photograph finds, and what each of them does."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from gradviz.callbacks import Cancel, Progress, part
from gradviz.datasets.pictures import thumbnail
from gradviz.errors import DatasetError
from gradviz.retrieval import average_precisions, differing, nearest_first, precisions, relevance
from gradviz.ui import visitor
from gradviz.ui.kept import Kept
from pages.explore.kernels_job import Layer, layer_key, layer_of, remembered

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gradviz.datasets import ImageSet
    from gradviz.features.extraction import Features
    from gradviz.results import Neighbours, Retrieval
    from gradviz.retrieval import Way
    from gradviz.ui.selection import Selection
    from gradviz.ui.visitor import Own

TEN = 10
"""Queries that are listed because two kernels differ on them."""
SIDE = 224
"""Pixels along the longer side of a photograph in the rows."""

_pictures = Kept(60_000_000)
"""Photographs of the rows seen last; a visitor's own are never among them."""


@dataclass(frozen=True)
class Found:
    """What a query finds among n photographs under K_fw, K_bw and K.

    `values` float32 (3, n); `order` (3, m) has their positions, the nearest first, without the query itself. `classes`
    are those that the query shows, and `labels` int8 (n, classes) what the others have of them: 1, 0 for difficult,
    -1. `relevant` int8 (n,), see gradviz.retrieval, is None where nothing is right or wrong; `precisions` has that at
    each hit under each kernel. `of` is the data set that the query belongs to, `pictures` has those of the nearest.
    """

    identifier: str
    of: "Features"
    rows: "Features"
    values: np.ndarray
    order: np.ndarray
    classes: tuple[str, ...]
    labels: np.ndarray
    relevant: np.ndarray | None
    precisions: tuple[np.ndarray, ...]
    approximate: bool
    pictures: dict[str, bytes]
    notes: tuple[str, ...]
    about: dict

    @property
    def ap(self) -> tuple[float, ...] | None:
        """Return the average precision of the query under each kernel, in percent; None where it is undefined."""
        if not self.precisions or not len(self.precisions[0]):
            return None
        return tuple(100 * float(one.mean()) for one in self.precisions)


def found(
    selection: "Selection", identifier: str, own: "Own | None", near: int, progress: Progress, cancel: Cancel
) -> Found:
    """Rank the chosen photographs by their kernel values with one, of the data set or of a visitor's own.

    `near` is the number of photographs in each row, which are read.
    """
    layer = layer_of(selection, part(progress, 0, 0.8), cancel)
    rows = layer.result.rows
    itself = rows.ids.index(identifier) if own is None and identifier in rows.ids else None
    images = own.images if own else rows.images
    asked = replace(rows, images=images, positions=np.array([images.source(identifier)]), skipped=(), notes=())
    if itself is None:
        values, notes = _of_another(selection, identifier, own, part(progress, 0.8, 0.95), cancel)
    else:
        values, notes = np.stack([K[itself] for K in layer.arrays]), layer.result.notes
    order = np.stack([nearest_first(row, itself) for row in values])
    classes, labels, relevant = _judged(asked, rows, itself)
    seen = dict.fromkeys(rows.ids[i] for i in order[:, :near].ravel())
    return Found(
        identifier,
        asked,
        rows,
        values,
        order,
        classes,
        labels,
        relevant,
        () if relevant is None else tuple(precisions(row, relevant) for row in values),
        selection.network.pooled and not selection.images.features,
        pictures(rows.images, tuple(seen)),
        notes,
        {**layer.result.about, "image": identifier},
    )


def neighbours_of(found: Found, representations: "Sequence[str]", top: int) -> "tuple[Neighbours, ...]":
    """Return what `Experiment.neighbours` answers for each of the three kernels, from what is there already."""
    from gradviz.results import Neighbour, Neighbours

    rows, answers = found.rows, []
    for name, values, order in zip(representations, found.values, found.order, strict=True):
        near = (
            Neighbour(rows.ids[i], rows.images.labels_of(int(rows.positions[i])), float(values[i])) for i in order[:top]
        )
        about = {**found.about, "representation": name, "top": top}
        answers.append(Neighbours(near, rows=(rows, found.of), notes=found.notes, about=about))
    return tuple(answers)


@dataclass(frozen=True)
class Queries:
    """What every photograph finds, and the ones whose average precision differs most between forward and product.

    `ten` are positions in `all`'s rows, with `pictures` of them.
    """

    all: "Retrieval"
    ten: np.ndarray
    pictures: dict[str, bytes]


def queries(selection: "Selection", way: "Way", progress: Progress, cancel: Cancel) -> Queries:
    """Let each of the chosen photographs be the query once, under the layer's three kernels."""
    layer = layer_of(selection, part(progress, 0, 0.3), cancel)
    every = remembered(
        selection,
        f"queries {layer_key(selection)}",
        partial(_every, selection, layer, part(progress, 0.3, 0.95), cancel),
        lambda one: one.ap.nbytes + one.hits.nbytes,
    )
    ten = differing(every.ap[0], every.ap[2], way, TEN)
    rows = every.rows
    return Queries(every, ten, pictures(rows.images, tuple(rows.ids[i] for i in ten)))


def _every(selection: "Selection", layer: Layer, progress: Progress, cancel: Cancel) -> "Retrieval":
    from gradviz.results import Retrieval

    rows, names = layer.result.rows, selection.triple
    labels = rows.labels
    if labels is None:
        raise DatasetError(f"{rows.images.name} has no classes, so nothing that a query finds is right or wrong.")
    ap, hits = average_precisions(layer.arrays, labels, progress=progress, cancel=cancel)
    about = {name: value for name, value in layer.result.about.items() if name != "representation"}
    return Retrieval(names, rows, 100 * ap, hits, layer.result.notes, {**about, "representations": list(names)})


def _of_another(
    selection: "Selection", identifier: str, own: "Own | None", progress: Progress, cancel: Cancel
) -> tuple[np.ndarray, tuple[str, ...]]:
    """Compute the rows (3, n) of a photograph that is not among the chosen ones."""
    lab = selection.experiment()
    home = own.experiment(selection.spec) if own else lab
    position = home.images.source(identifier)
    asked = home.features(selection.triple[:2], [position], progress=part(progress, 0, 0.4), cancel=cancel)
    result = lab.kernel(
        selection.triple[2], selection.split, cols=asked, progress=part(progress, 0.4, 1), cancel=cancel
    )
    K = [getattr(result, name)[:, 0] for name in ("K_fw", "K_bw", "K")]
    return np.stack(K), result.notes


def _judged(
    asked: "Features", rows: "Features", itself: int | None
) -> tuple[tuple[str, ...], np.ndarray, np.ndarray | None]:
    """Return the classes of the query, what the others have of them, and which of the others are hits."""
    names, classes = asked.images.labels_of(int(asked.positions[0])), rows.images.classes
    if rows.labels is None or not names:
        return names, np.empty((len(rows.ids), 0), np.int8), None
    there = [classes.index(name) for name in names if name in classes]
    mine = np.full((1, len(classes)), -1, np.int8)
    mine[0, there] = 1
    relevant = relevance(mine, rows.labels)[0]
    if itself is not None:
        relevant[itself] = 0
    # A visitor's photograph may show a class that the data set does not know.
    labels = np.full((len(rows.ids), len(names)), -1, np.int8)
    labels[:, [k for k, name in enumerate(names) if name in classes]] = rows.labels[:, there]
    return names, labels, relevant


def pictures(images: "ImageSet", ids: tuple[str, ...]) -> dict[str, bytes]:
    """Return small JPEGs by id; what cannot be decoded is left out. A visitor's own are not kept."""
    if not images.paths:
        return {}

    def made(name: str) -> bytes:
        try:
            return thumbnail(images.paths[images.source(name)], side=SIDE)
        except DatasetError:
            return b""

    def one(name: str) -> bytes:
        if images.name == visitor.NAME:
            return made(name)
        return _pictures.get((images.digest, name), partial(made, name), len)

    with ThreadPoolExecutor(2) as pool:  # decoding takes no lock of Python's
        found = dict(zip(ids, pool.map(one, ids), strict=True))
    return {name: picture for name, picture in found.items() if picture}
