"""Choose the photograph that the page shows until somebody has chosen one: large objects of several classes, in colour.

One rule for all data sets. `best` ranks by what is in the pictures, `liveliest` takes the most colourful of those.
"""

import io
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageStat

from gradviz.datasets import ImageSet
from pages.data.census import Contents

LARGE = 0.05, 0.6
"""Shares of a picture between which an object in it is large, and no wall before the others."""
WIDE = (1.2, 1.8)
"""Ratios of width to height that fill the frame."""
LIT = 100, 190
"""Mean grey, of 255, between which a picture is neither dark nor pale."""
MOST = 8
"""Photographs among which the most colourful is taken."""
CLASSES, OBJECTS = 3, 4
"""More classes, or more large objects, than these make no photograph better."""


def best(images: ImageSet, found: Contents, positions: NDArray[np.int64], marked: str | None) -> list[str]:
    """Return up to MOST of the photographs at these positions, the best first.

    The first criterion on which two differ decides: it can be decoded; a large object shows the class that is marked;
    it is wide; up to three classes among its large objects, which are whole and not difficult; up to four of these;
    few other boxes; a large least of its large objects. Where there are no boxes, labels count as objects. Of equals
    the first in the data set's order is the best.
    """
    n = len(found.sizes)
    width, height = found.sizes.astype(float).T
    ratio = np.divide(width, height, out=np.zeros(n), where=height > 0)
    wide = (ratio >= WIDE[0]) & (ratio <= WIDE[1])
    of, area = found.of, np.prod(found.corners[:, 2:] - found.corners[:, :2] + 1.0, axis=1)
    share = area / np.maximum(1.0, (width * height)[of])
    large = (share >= LARGE[0]) & (share <= LARGE[1]) & ~found.difficult & ~found.truncated
    shown = np.zeros((n, len(found.names)), bool)
    shown[of[large], found.kind[large]] = True
    if not len(of) and images.labels is not None:
        shown = images.labels == 1
    classes = shown.sum(axis=1)
    objects = np.bincount(of[large], minlength=n)
    clutter = np.bincount(of[~large], minlength=n)
    least = np.full(n, 1.0)
    np.minimum.at(least, of[large], share[large])
    of_class = shown[:, images.classes.index(marked)] if marked else np.ones(n, bool)
    # The last key is the first criterion.
    keys = (-least, clutter, -objects.clip(max=OBJECTS), -classes.clip(max=CLASSES), ~wide, ~of_class, ratio == 0)
    order = np.lexsort([key[positions] for key in keys])
    return [images.ids[i] for i in positions[order[:MOST]]]


def liveliest(pictures: Mapping[str, bytes]) -> str | None:
    """Return the most saturated of small JPEGs by id that are neither dark nor pale, else of all; None for none."""
    lit, all_of_them = {}, {}
    for name, jpeg in pictures.items():
        with Image.open(io.BytesIO(jpeg)) as picture:
            _, saturation, _ = ImageStat.Stat(picture.convert("HSV")).mean
            (grey,) = ImageStat.Stat(picture.convert("L")).mean
        all_of_them[name] = saturation
        if LIT[0] <= grey <= LIT[1]:
            lit[name] = saturation
    usable = lit or all_of_them
    return max(usable, key=usable.__getitem__) if usable else None
