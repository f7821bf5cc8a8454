"""Count, as jobs, what a data set shows: classes together and alone, objects and their boxes, sizes of pictures."""

import math
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from gradviz.callbacks import Cancel, Progress, stop_if
from gradviz.datasets import ImageSet
from gradviz.datasets.pictures import as_jpeg, picture_size, thumbnail
from gradviz.datasets.splits import ORDER
from gradviz.errors import DatasetError
from gradviz.ui.views import MOST_EXAMPLES

if TYPE_CHECKING:
    from gradviz.ui.selection import Selection

FACE = 48
"""Pixels of a class's picture."""
SERIATED = 400
"""Classes up to which they are ordered by what they share: the time grows with their third power."""
SIDE = 224
"""Longer side, in pixels, of a photograph in the gallery."""


@dataclass(frozen=True)
class Counts:
    """How many of n images show each of C classes, and which classes together.

    `shares` names splits that do not overlap, with "no split" last where some image is in none; `parts` (C, S) counts
    the images of each that show a class, `difficult` (C,) those that show it only by difficult objects. `together`
    (C, C) counts images that show both, `alone` (C,) those that show nothing else. `several` maps a number of classes
    to how many images show so many. `order` lists classes so that those often seen together are neighbours.
    """

    shares: tuple[tuple[str, int], ...]
    parts: NDArray[np.int64]
    difficult: NDArray[np.int64]
    together: NDArray[np.int64]
    alone: NDArray[np.int64]
    several: dict[int, int]
    order: tuple[int, ...]

    @property
    def shown(self) -> NDArray[np.int64]:
        """Images that show each class, (C,)."""
        return np.diagonal(self.together)

    @property
    def nbytes(self) -> int:
        """The bytes of the counts."""
        return self.together.nbytes + self.parts.nbytes


@dataclass(frozen=True)
class Contents:
    """The sizes (n, 2) of n pictures, (0, 0) where unreadable, the m boxes in them, and a picture of each class.

    `first` (n + 1,) says where the boxes of each picture begin; `corners` (m, 4) are xmin, ymin, xmax, ymax, 1-based
    and inclusive; `kind` (m,) is the position in `names`, which begin with the data set's classes.
    """

    sizes: NDArray[np.int32]
    first: NDArray[np.int64]
    corners: NDArray[np.int32]
    kind: NDArray[np.int32]
    difficult: NDArray[np.bool_]
    truncated: NDArray[np.bool_]
    names: tuple[str, ...]
    faces: dict[str, bytes]

    @property
    def nbytes(self) -> int:
        """The bytes of boxes and pictures."""
        return self.corners.nbytes + self.sizes.nbytes + sum(map(len, self.faces.values()))

    @property
    def of(self) -> NDArray[np.int64]:
        """Position of the picture of each box, (m,)."""
        return np.repeat(np.arange(len(self.sizes)), np.diff(self.first))

    def with_difficult(self, kind: int | None) -> NDArray[np.bool_]:
        """Whether each picture has a difficult object, of one class or of any, (n,)."""
        wanted = self.difficult & (np.True_ if kind is None else self.kind == kind)
        found = np.zeros(len(self.sizes), bool)
        found[self.of[wanted]] = True
        return found


def counts(selection: "Selection", progress: Progress, cancel: Cancel) -> Counts:
    """Count the labels of the whole data set, as a job."""
    images = selection.images
    n, classes = len(images), len(images.classes)
    labels = np.full((n, classes), -1, np.int8) if images.labels is None else images.labels
    shown = labels == 1
    difficult = labels == 0
    if images.unknown is not None:
        difficult &= ~images.unknown
    one = shown.astype(np.float32)
    together = np.rint(one.T @ one).astype(np.int64)
    how_many = shown.sum(axis=1)
    shares = disjoint(images)
    parts = np.stack([shown[members].sum(axis=0) for _, members in shares], axis=1)
    kinds, times = np.unique(how_many, return_counts=True) if classes else ([], [])
    return Counts(
        tuple((name, len(members)) for name, members in shares),
        parts.astype(np.int64),
        difficult.sum(axis=0),
        together,
        shown[how_many == 1].sum(axis=0),
        {int(kind): int(count) for kind, count in zip(kinds, times, strict=True)},
        seriated(together),
    )


def disjoint(images: ImageSet) -> list[tuple[str, NDArray[np.int64]]]:
    """List splits that share no image, in their usual order, and last what is in none of them."""
    usual = [*(name for name in ORDER if name in images.splits), *(s for s in images.splits if s not in ORDER)]
    taken, found = np.zeros(len(images), bool), []
    for name in usual:
        members = images.splits[name]
        if len(members) and not taken[members].any():
            taken[members] = True
            found.append((name, members))
    rest = np.flatnonzero(~taken)
    return [*found, ("no split", rest)] if len(rest) or not found else found


def seriated(together: NDArray[np.int64]) -> tuple[int, ...]:
    """Order C classes so that those which often share a photograph are neighbours.

    Average linkage with optimal leaf order on 1 - C_ij / sqrt(C_ii C_jj). Source: Bar-Joseph, Gifford, Jaakkola, "Fast
    optimal leaf ordering for hierarchical clustering", Bioinformatics 2001.
    """
    count = len(together)
    if not 2 < count <= SERIATED:
        return tuple(range(count))
    from scipy.cluster.hierarchy import leaves_list, linkage

    each = np.sqrt(np.maximum(np.diagonal(together), 1).astype(float))
    apart = 1 - together / np.outer(each, each)
    pairs = np.clip(apart[np.triu_indices(count, 1)], 0, None)
    order = leaves_list(linkage(pairs, "average", optimal_ordering=True))
    # A tree has no direction: the one nearer to the classes' own order.
    return tuple((order if np.arange(count) @ order >= np.arange(count) @ order[::-1] else order[::-1]).tolist())


def contents(selection: "Selection", progress: Progress, cancel: Cancel) -> Contents:
    """Read sizes and boxes of all pictures, and find a picture of each class, as a job."""
    images = selection.images
    total = len(images.paths) + min(len(images.classes), MOST_EXAMPLES)
    sizes = np.zeros((len(images.paths), 2), np.int32)
    names = {name: c for c, name in enumerate(images.classes)}
    first, boxes = [0], []
    for i, path in enumerate(images.paths):
        stop_if(cancel)
        sizes[i] = picture_size(path) or (0, 0)
        boxes += images.boxes(i)
        first.append(len(boxes))
        progress(i + 1, total)
    found = Contents(
        sizes,
        np.array(first, np.int64),
        np.array([(b.xmin, b.ymin, b.xmax, b.ymax) for b in boxes], np.int32).reshape(-1, 4),
        np.array([names.setdefault(box.name, len(names)) for box in boxes], np.int32),
        np.array([box.difficult for box in boxes], bool),
        np.array([box.truncated for box in boxes], bool),
        tuple(names),
        {},
    )
    for c in range(min(len(images.classes), MOST_EXAMPLES)):
        stop_if(cancel)
        face = _face(images, found, c)
        if face:
            found.faces[images.classes[c]] = face
        progress(len(images.paths) + c + 1, total)
    return found


def pictures(selection: "Selection", ids: Sequence[str], progress: Progress, cancel: Cancel) -> dict[str, bytes]:
    """Return photographs of the gallery as JPEGs by id, as a job; one that cannot be decoded is left out."""
    found = {}
    for done, name in enumerate(ids):
        stop_if(cancel)
        with suppress(DatasetError):
            found[name] = thumbnail(selection.images.paths[selection.images.source(name)], side=SIDE)
        progress(done + 1, len(ids))
    return found


def example(images: ImageSet, found: Contents, kind: int) -> tuple[int, NDArray[np.int32] | None] | None:
    """Choose the photograph of a class, and the box in it that shows the class best, None without boxes.

    It has one object alone if any has, whole and not difficult, nearest to a square and large.
    """
    of, labels = found.of, images.labels
    usable = (found.kind == kind) & ~found.difficult & (found.sizes[of].min(axis=1, initial=1) > 0)
    here = np.flatnonzero(usable)
    if len(here):
        several = np.diff(found.first)[of[here]] > 1
        width, height = (found.corners[here, 2:] - found.corners[here, :2] + 1).T
        whole = np.prod(found.sizes[of[here]], axis=1)
        slim = np.abs(np.log(width / height))
        rank = 4.0 * several + 2.0 * found.truncated[here] + slim - 0.5 * np.log(width * height / whole)
        best = int(here[np.argmin(rank)])
        return int(of[best]), found.corners[best]
    if labels is None or not images.paths:
        return None
    shown = np.flatnonzero((labels[:, kind] == 1) & (found.sizes[:, 0] > 0))
    if not len(shown):
        return None
    return int(shown[np.argmin((labels[shown] == 1).sum(axis=1))]), None


def _face(images: ImageSet, found: Contents, kind: int) -> bytes | None:
    chosen = example(images, found, kind)
    if chosen is None:
        return None
    position, box = chosen
    try:
        picture = images.open(position)
    except DatasetError:
        return None
    scale = picture.width / int(found.sizes[position, 0])  # a very large JPEG is decoded smaller
    area = square(picture.size, None if box is None else [float(corner) * scale for corner in box])
    buffer = picture.crop(area).resize((FACE, FACE), reducing_gap=3.0)
    return as_jpeg(buffer, quality=82)


def square(size: tuple[int, int], box: Sequence[float] | None) -> tuple[int, int, int, int]:
    """Return a square inside a picture, around a box with a margin, or in the middle: left, top, right, bottom."""
    width, height = size
    left, top, right, bottom = box or (0, 0, width, height)
    wanted = 1.12 * max(right - left, bottom - top) if box else min(size)
    side = max(1, min(math.ceil(wanted), *size))
    x = min(max(0, round((left + right - side) / 2)), width - side)
    y = min(max(0, round((top + bottom - side) / 2)), height - side)
    return x, y, x + side, y + side
