"""Resize pictures of extreme proportions without the parts that no crop shows, to the same bits as Pillow.

A picture of 1 x 8,000 pixels whose shorter side becomes 256 is 256 x 2,048,000 then: 2 GB, of which a crop shows a
thousandth. Pillow enlarges the width first and the height then, and rounds in between. The long side is resampled here,
by Pillow's own arithmetic, only where it is needed; the short one by Pillow. See `ImagingResample` in
https://github.com/python-pillow/Pillow/blob/main/src/libImaging/Resample.c.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from torchvision.transforms import InterpolationMode

LARGE = 10_000_000
"""Pixels up to which a resized picture is made whole."""

_PRECISION = 22


def _bilinear(x: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.where(x < 1, 1 - x, 0)


def _bicubic(x: NDArray[np.float64]) -> NDArray[np.float64]:
    a = -0.5
    return np.where(x < 1, ((a + 2) * x - (a + 3)) * x * x + 1, np.where(x < 2, (((x - 5) * x + 8) * x - 4) * a, 0))


_FILTERS: dict[InterpolationMode, tuple[Image.Resampling, float, Callable[[NDArray], NDArray]]] = {
    InterpolationMode.BILINEAR: (Image.Resampling.BILINEAR, 1.0, _bilinear),
    InterpolationMode.BICUBIC: (Image.Resampling.BICUBIC, 2.0, _bicubic),
}
"""What torchvision's presets use: Pillow's name, the filter's support, and the filter of |x|."""


def ends_and_middle(
    image: Image.Image, shorter: int, side: int, interpolation: InterpolationMode
) -> Image.Image | None:
    """Resize a picture so that its shorter side is `shorter`, leaving out what crops of `side` do not show.

    Returns
    -------
    PIL.Image.Image or None
        A picture whose centre and corner crops of `side` x `side` pixels, mirrored or not, are those of the whole
        resized picture, bit for bit. None where the whole is not large, or no larger than the picture was: it can be
        resized as usual.
    """
    long, short = max(image.size), min(image.size)
    length = int(shorter * long / short)
    if length * shorter <= LARGE or short > shorter or shorter < side or interpolation not in _FILTERS:
        return None
    axis = image.size.index(long)
    size = (length, shorter) if axis == 0 else (shorter, length)
    spare = length - side
    # The middle of an odd rest is rounded to even, and mirrored to the other side: both are kept, and the parity.
    end = side + (spare // 2 - side) % 2
    ranges = ((0, end), (spare // 2, side + spare % 2), (length - end, end))
    parts = [_part(image, size, axis, start, count, interpolation) for start, count in ranges]
    return Image.fromarray(np.concatenate(parts, axis=1 - axis))


def _part(
    image: Image.Image, size: tuple[int, int], axis: int, start: int, count: int, interpolation: InterpolationMode
) -> NDArray[np.uint8]:
    """Resize to `size`, and return `count` columns (axis 0) or rows (axis 1) from `start` on."""
    resampling, _, _ = _FILTERS[interpolation]
    weights = [_weights(image.size[axis], size[axis], start + i, interpolation) for i in range(count)]
    low = weights[0][0]
    high = max(first + len(of) for first, of in weights)
    if axis == 0:
        window = _along(np.asarray(image.crop((low, 0, high, image.height))), 1, low, weights)
        return np.asarray(Image.fromarray(window).resize((count, size[1]), resampling))
    strip = image.crop((0, low, image.width, high)).resize((size[0], high - low), resampling)
    return _along(np.asarray(strip), 0, low, weights)


def _weights(length: int, new: int, position: int, interpolation: InterpolationMode) -> tuple[int, NDArray[np.int64]]:
    """Return the first pixel that a resized one is made of, and the weights of it and the following, of 2**22."""
    _, radius, filter_of = _FILTERS[interpolation]
    scale = length / new
    stretch = max(scale, 1.0)
    support = radius * stretch
    centre = (position + 0.5) * scale
    first = max(0, int(centre - support + 0.5))
    last = min(length, int(centre + support + 0.5))
    plain = filter_of(np.abs((np.arange(last - first) + first - centre + 0.5) * (1 / stretch)))
    total = 0.0
    for weight in plain.tolist():  # in Pillow's order: a sum of floats depends on it
        total += weight
    scaled = (plain / total if total else plain) * (1 << _PRECISION)
    return first, np.trunc(scaled + np.where(scaled < 0, -0.5, 0.5)).astype(np.int64)


def _along(
    pixels: NDArray[np.uint8], axis: int, low: int, weights: list[tuple[int, NDArray[np.int64]]]
) -> NDArray[np.uint8]:
    """Resample along one axis of (height, width, 3); `low` is where these pixels begin in the picture."""
    lines = np.moveaxis(pixels, axis, 0).astype(np.int64)
    made = [np.tensordot(of, lines[first - low : first - low + len(of)], 1) for first, of in weights]
    rounded = (np.stack(made) + (1 << (_PRECISION - 1))) >> _PRECISION
    return np.ascontiguousarray(np.moveaxis(np.clip(rounded, 0, 255).astype(np.uint8), 0, axis))
