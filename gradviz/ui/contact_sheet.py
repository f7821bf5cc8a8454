"""Many small square photographs on one sheet, sent as one picture instead of thousands."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from math import ceil
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from PIL import Image

from gradviz.callbacks import Cancel, Progress, stop_if
from gradviz.datasets.pictures import as_jpeg, picture_size, reduced
from gradviz.errors import DatasetError
from gradviz.home import cores

if TYPE_CHECKING:
    from gradviz.datasets import ImageSet

EMPTY = "#8a8f98"
"""Where a photograph cannot be decoded."""
FINER = 2
"""Pixels along a side of which each of a small square is made, or more."""
AT_ONCE = 4
"""Photographs that are decoded at the same time, at most: a large PNG takes 100 MB."""


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

    def drawn(position: int) -> Image.Image | None:
        try:
            return square(images, position, side)
        except DatasetError:
            return None

    # Pillow lets go of Python's lock while it decodes.
    with ThreadPoolExecutor(min(cores(), AT_ONCE), "gradviz-pictures") as pool:
        try:
            for place, picture in enumerate(pool.map(drawn, map(int, positions))):
                stop_if(cancel)
                if picture is None:
                    missing.append(place)
                else:
                    whole.paste(picture, (place % across * side, place // across * side))
                progress(place + 1, len(positions))
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
    return Drawn(as_jpeg(whole, quality=78), tuple(missing))


def middle(images: "ImageSet", position: int, side: int) -> Image.Image:
    """Cut the square in the middle of a photograph; where the format has one, a small decoding will do."""
    picture = reduced(images.paths[position], least=FINER * side)
    return _resized(picture, picture.width / 2, picture.height / 2, min(picture.size), side)


def largest_object(images: "ImageSet", position: int, side: int) -> Image.Image:
    """Cut the square around the largest object that is not difficult, or the middle where there is none."""
    boxes = [box for box in images.boxes(position) if not box.difficult]
    size = picture_size(images.paths[position]) if boxes else None
    if size is None:
        return middle(images, position, side)
    box = max(boxes, key=lambda one: (one.xmax - one.xmin) * (one.ymax - one.ymin))
    least = min(size)
    reach = min(least, max(1.15 * max(box.xmax - box.xmin, box.ymax - box.ymin), 0.45 * least))
    picture = reduced(images.paths[position], least=ceil(FINER * side * least / reach))
    scale = picture.width / size[0]
    x, y = scale * (box.xmin + box.xmax) / 2, scale * (box.ymin + box.ymax) / 2
    return _resized(picture, x, y, scale * reach, side)


def _resized(picture: Image.Image, x: float, y: float, reach: float, side: int) -> Image.Image:
    reach = min(reach, *picture.size)  # a decoder rounds a smaller scale's sides
    left = min(max(x - reach / 2, 0), picture.width - reach)
    top = min(max(y - reach / 2, 0), picture.height - reach)
    return picture.resize((side, side), Image.Resampling.BILINEAR, (left, top, left + reach, top + reach))
