"""What jobs compute for the pages: the results of the verbs, less the features, which no page draws."""

import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from gradviz.callbacks import Cancel, Progress, part, stop_if
from gradviz.datasets.pictures import thumbnail
from gradviz.datasets.undecodable import undecodable
from gradviz.errors import DatasetError, StoreError
from gradviz.home import home

# gradviz.experiment imports torch: seconds, which a page's script must not wait for.
if TYPE_CHECKING:
    from gradviz.datasets import Finding
    from gradviz.results import Classification, Neighbour
    from gradviz.ui.selection import Selection
    from gradviz.ui.visitor import Own

MOST_EXAMPLES = 120
"""Classes that get a picture."""


def examples(selection: "Selection", progress: Progress, cancel: Cancel) -> dict[str, bytes]:
    """Return a small JPEG for each of the first classes, as a job.

    It is the first picture that shows the class, with as few others as any, and can be read.
    """
    images, found = selection.images, {}
    labels = np.zeros((len(images), len(images.classes)), np.int8) if images.labels is None else images.labels
    others = (labels == 1).sum(axis=1)
    for c, name in enumerate(images.classes[:MOST_EXAMPLES]):
        stop_if(cancel)
        shown = np.flatnonzero(labels[:, c] == 1)
        for position in shown[np.argsort(others[shown], kind="stable")][:3]:
            with suppress(DatasetError):
                found[name] = thumbnail(images.paths[position], side=64)
                break
        progress(c + 1, min(len(images.classes), MOST_EXAMPLES))
    return found


def unusable(selection: "Selection", progress: Progress, cancel: Cancel) -> "dict[int, Finding]":
    """Return the pictures that cannot be decoded, by position, as a job."""
    return undecodable(selection.images, progress=progress, cancel=cancel)


def extract(selection: "Selection", splits: Sequence[str], progress: Progress, cancel: Cancel) -> tuple[int, ...]:
    """Fill the store with the forward pass over splits; return the number of images of each.

    Where the disk is full or cannot be written, what follows computes what it needs itself, and has a note about it.
    """
    lab, counts = selection.experiment(), []
    if not _writable(lab.store or home()):
        return ()
    for i, split in enumerate(splits):
        here = part(progress, i / len(splits), (i + 1) / len(splits))
        try:
            counts.append(lab.extract(split, progress=here, cancel=cancel).images)
        except StoreError as error:
            if not isinstance(error.__cause__, OSError):
                raise
    return tuple(counts)


def classification(
    selection: "Selection", own: "Own", representation: str, train: str, progress: Progress, cancel: Cancel
) -> "Classification":
    """Train SVMs on the reference set and apply them to the visitor's photographs."""
    lab, others = selection.experiment(), own.experiment(selection.spec)
    found = lab.classify(representation, others, train=train, progress=progress, cancel=cancel)
    return replace(found, rows=replace(found.rows, arrays={}))


def nearest(
    selection: "Selection", own: "Own", photograph: str, top: int, progress: Progress, cancel: Cancel
) -> tuple[tuple["Neighbour", ...], ...]:
    """Find the reference photographs nearest to one of the visitor's under the layer's three kernels."""
    lab, others = selection.experiment(), own.experiment(selection.spec)
    found = []
    for i, name in enumerate(selection.triple):
        here = part(progress, i / 3, (i + 1) / 3)
        found.append(
            lab.neighbours(name, photograph, selection.split, top=top, of=others, progress=here, cancel=cancel)
        )
    return tuple(found)


def _writable(place: str | Path) -> bool:
    """Return whether a folder, or where it would be made, can be written: nothing is computed to be thrown away."""
    folder = Path(place)
    there = next(path for path in (folder, *folder.parents) if path.exists())
    return os.access(there, os.W_OK)
