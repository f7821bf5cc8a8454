"""Photographs as the pages show them: not larger than needed, with the boxes of their objects."""

import io

from PIL import Image, ImageDraw

from gradviz.datasets import Box, ImageSet
from gradviz.ui.palette import NO_CLASS, class_colour

SIDE = 640


def photograph(images: ImageSet, position: int, *, boxes: bool = True) -> bytes:
    """Give a JPEG, its longer side at most SIDE pixels; DatasetError for a picture that cannot be decoded."""
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
