"""The colours of every figure, the same in light and dark, on canvas and in Plotly; photographs with their boxes."""

import io

import numpy as np
from PIL import Image, ImageDraw

from gradviz.datasets import Box, ImageSet

SIDE = 640
"""Longer side, in pixels, of a photograph as a page shows it."""

# Twenty hues that can be distinguished on white and on near-black; where two are close, the classes' symbols differ.
CLASS_COLOURS = (
    "#e6194b",
    "#3cb44b",
    "#4363d8",
    "#f58231",
    "#911eb4",
    "#2ab7ca",
    "#d4a800",
    "#f032e6",
    "#7a9a01",
    "#8c5a2b",
    "#008080",
    "#b18be8",
    "#a3324e",
    "#5fc9a5",
    "#f2908a",
    "#5b6abf",
    "#c0792a",
    "#1f78b4",
    "#808080",
    "#b5549c",
)
# Names as in Plotly.
CLASS_SYMBOLS = ("circle", "square", "diamond", "triangle-up")
NO_CLASS = "#8a8f98"
OWN_PHOTOGRAPH = "#ff2d95"

# Anchors, equally spaced: viridis (van der Walt and Smith, CC0) and RdBu (ColorBrewer), blue below zero, red above.
_VIRIDIS = "440154 482878 3e4989 31688e 26828e 1f9e89 35b779 6ece58 b5de2b fde725"
_RED_BLUE = "053061 2166ac 4393c3 92c5de d1e5f0 f7f7f7 fddbc7 f4a582 d6604d b2182b 67001f"


def class_colour(index: int) -> str:
    """Return the colour of a class by its position in the data set's list of classes."""
    return CLASS_COLOURS[index % len(CLASS_COLOURS)]


def class_symbol(index: int) -> str:
    """Return the symbol of a class: it changes every five classes, so that no two of the first 80 look the same."""
    return CLASS_SYMBOLS[(index // 5 + index // len(CLASS_COLOURS)) % len(CLASS_SYMBOLS)]


def _table(anchors: str) -> np.ndarray:
    colours = np.array([list(bytes.fromhex(anchor)) for anchor in anchors.split()], dtype=np.float64)
    at = np.linspace(0, len(colours) - 1, 256)
    channels = [np.interp(at, np.arange(len(colours)), channel) for channel in colours.T]
    return np.rint(np.stack(channels, axis=1)).astype(np.uint8)


# Colour scales as uint8 arrays of shape (256, 3), lowest value first.
SCALES = {"sequential": _table(_VIRIDIS), "diverging": _table(_RED_BLUE)}


def photograph(images: ImageSet, position: int, *, boxes: bool = True) -> bytes:
    """Return a JPEG, its longer side at most SIDE pixels.

    Raises DatasetError for a picture that cannot be decoded.
    """
    picture = images.open(position)
    width, height = picture.size
    picture.thumbnail((SIDE, SIDE), Image.Resampling.LANCZOS)
    if boxes:
        scale = picture.width / width, picture.height / height
        pen = ImageDraw.Draw(picture)
        for box in images.boxes(position):
            _frame(pen, box, scale, _colour(images, box.name))
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=88)
    return buffer.getvalue()


def _frame(pen: ImageDraw.ImageDraw, box: Box, scale: tuple[float, float], colour: str) -> None:
    left, right = (edge * scale[0] for edge in (box.xmin - 1, box.xmax))
    top, bottom = (edge * scale[1] for edge in (box.ymin - 1, box.ymax))
    pen.rectangle((left, top, max(right - 1, left), max(bottom - 1, top)), outline=colour, width=2)


def _colour(images: ImageSet, name: str) -> str:
    return class_colour(images.classes.index(name)) if name in images.classes else NO_CLASS
