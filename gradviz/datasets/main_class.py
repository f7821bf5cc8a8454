"""Give each photograph the one class that it stands under where a figure has room for one: a block, a colour."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from gradviz.datasets.image_set import ImageSet

LARGEST = "largest object"
RAREST = "rarest class"


class MainClasses(NamedTuple):
    """The main class of n images: positions in the data set's classes, -1 for none, int64 of shape (n,); and its rule.

    `rule` says what decided: LARGEST where some picture has boxes, else RAREST where some image is labelled, else "".
    """

    of: NDArray[np.int64]
    rule: str


def main_classes(images: ImageSet, positions: Sequence[int] | NDArray[np.int64]) -> MainClasses:
    """Return the main class of each image.

    It is the class of the largest box that is not marked difficult and whose class the image is labelled with; where a
    picture has no such box, the class among its labels that the fewest images of the whole data set show (the first of
    equals).

    Parameters
    ----------
    images
        The data set; its annotations are read, one file a picture.
    positions
        n positions in it.

    Returns
    -------
    MainClasses
        Class of each position, and the rule.
    """
    rarest = _rarest(images, positions)
    if images.labels is None or not images.classes:
        return MainClasses(rarest, "")
    column = {name: c for c, name in enumerate(images.classes)}
    found, boxed = rarest.copy(), False
    for row, position in enumerate(positions):
        areas = [
            ((box.xmax - box.xmin + 1) * (box.ymax - box.ymin + 1), column[box.name])
            for box in images.boxes(int(position))
            if not box.difficult and box.name in column and images.labels[position, column[box.name]] == 1
        ]
        if areas:
            boxed = True
            found[row] = max(areas, key=lambda area: area[0])[1]
    rule = LARGEST if boxed else RAREST if (rarest >= 0).any() else ""
    return MainClasses(found, rule)


def _rarest(images: ImageSet, positions: Sequence[int] | NDArray[np.int64]) -> NDArray[np.int64]:
    if images.labels is None or not images.classes:
        return np.full(len(positions), -1, np.int64)
    shown = images.labels == 1
    order = np.argsort(shown.sum(axis=0), kind="stable")
    ranked = shown[np.asarray(positions, dtype=np.int64)][:, order]
    return np.where(ranked.any(axis=1), order[ranked.argmax(axis=1)], -1).astype(np.int64)
