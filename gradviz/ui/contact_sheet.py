"""Many small square photographs on one sheet, sent as one picture instead of thousands."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from PIL import Image

from gradviz.callbacks import Cancel, Progress, stop_if
from gradviz.datasets.pictures import as_jpeg, open_picture, thumbnail
from gradviz.errors import DatasetError

if TYPE_CHECKING:
    from gradviz.datasets import ImageSet

EMPTY = "#8a8f98"
"""Where a photograph cannot be decoded."""


class Drawn(NamedTuple):
    """A sheet as JPEG, and the places on it that stay empty."""

    jpeg: bytes
    missing: tuple[int, ...]


def contact_sheet(
    images: "ImageSet",
    positions: Sequence[int] | np.ndarray,
    square: Callable[["ImageSet", int, int], Image.Image],
    *,
    side: int,
    across: int,
    progress: Progress,
    cancel: Cancel,
) -> Drawn:
    """Draw the photographs at some positions, `side` pixels wide each and `across` of them beside each other.

    `square` cuts one out of its photograph; what cannot be decoded stays empty.
    """
    lines = -(-len(positions) // across)
    whole = Image.new("RGB", (across * side, max(lines, 1) * side), EMPTY)
    missing = []
    for place, position in enumerate(positions):
        stop_if(cancel)
        try:
            whole.paste(square(images, int(position), side), (place % across * side, place // across * side))
        except DatasetError:
            missing.append(place)
        progress(place + 1, len(positions))
    return Drawn(as_jpeg(whole, quality=78), tuple(missing))


def middle(images: "ImageSet", position: int, side: int) -> Image.Image:
    """Cut the square in the middle of a photograph; where the format has one, a small decoding will do."""
    picture = open_picture(thumbnail(images.paths[position], side=2 * side))
    return _resized(picture, picture.width / 2, picture.height / 2, min(picture.size), side)


def largest_object(images: "ImageSet", position: int, side: int) -> Image.Image:
    """Cut the square around the largest object that is not difficult, or the middle where there is none."""
    boxes = [box for box in images.boxes(position) if not box.difficult]
    if not boxes:
        return middle(images, position, side)
    picture = images.open(position)
    box = max(boxes, key=lambda one: (one.xmax - one.xmin) * (one.ymax - one.ymin))
    least = min(picture.size)
    reach = min(least, max(1.15 * max(box.xmax - box.xmin, box.ymax - box.ymin), 0.45 * least))
    return _resized(picture, (box.xmin + box.xmax) / 2, (box.ymin + box.ymax) / 2, reach, side)


def _resized(picture: Image.Image, x: float, y: float, reach: float, side: int) -> Image.Image:
    left = min(max(x - reach / 2, 0), picture.width - reach)
    top = min(max(y - reach / 2, 0), picture.height - reach)
    return picture.resize((side, side), Image.Resampling.BILINEAR, (left, top, left + reach, top + reach))
