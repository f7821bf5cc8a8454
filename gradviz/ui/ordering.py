"""Order the images of a kernel by class, so that blocks become visible."""

from collections.abc import Sequence

import numpy as np

UNLABELLED = "no class"


def first_class(labels: np.ndarray | None, n: int) -> np.ndarray:
    """Give for each of n images the first class that it shows, -1 for none: (n,) int64 from labels (n, classes)."""
    if labels is None or not labels.shape[1]:
        return np.full(n, -1)
    shown = labels == 1
    return np.where(shown.any(axis=1), shown.argmax(axis=1), -1)


def by_class(
    labels: np.ndarray | None, classes: Sequence[str], n: int
) -> tuple[np.ndarray, tuple[tuple[str, int, int], ...]]:
    """Order n images by the first class they show, in the classes' order, images without one last.

    Returns positions (n,) and blocks (class, start, stop) in that order. Inside a block the data set's order stays;
    without any label there are no blocks.
    """
    first = first_class(labels, n)
    if (first < 0).all():
        return np.arange(n), ()
    place = np.where(first < 0, len(classes), first)
    order = np.argsort(place, kind="stable")
    names = (*classes, UNLABELLED)
    found, starts = np.unique(place[order], return_index=True)
    stops = (*starts[1:].tolist(), n)
    blocks = tuple((names[c], start, stop) for c, start, stop in zip(found, starts.tolist(), stops, strict=True))
    return order, blocks
