"""The colours of every figure, on canvas and in Plotly, light and dark; photographs with their boxes."""

import io

from PIL import Image, ImageDraw

from gradviz.datasets import Box, ImageSet

SIDE = 640
"""Longer side, in pixels, of a photograph as a page shows it."""

# Role -> (light, dark). A colour means a role on every page: forward blue, backward red, product plum (blue times red),
# accent what one can move or has chosen, wrong amber. colour.js has the same table; a test compares the two.
ROLES = {
    "background": ("#ffffff", "#0f141b"),
    "sidebar": ("#f6f7f9", "#141a23"),
    "soft": ("#f2f4f7", "#1a222d"),
    "text": ("#18212d", "#e8edf3"),
    "muted": ("#566273", "#a3afbd"),
    "ticks": ("#8b95a3", "#75818f"),
    "line": ("#e2e6eb", "#27303c"),
    "forward": ("#1f4e8c", "#7db2ee"),
    "backward": ("#c43a1e", "#ff8a6b"),
    "product": ("#7a2a8c", "#d79be4"),
    "accent": ("#1f6f8b", "#6cc4de"),
    "right": ("#1b7f4d", "#6fd3a0"),
    "wrong": ("#a15c00", "#f0b35a"),
}

# Twenty hues for VOC's order, fitted so that classes which touch on a map stay apart with red-green blindness too:
# vehicles blue, animals warm, indoors green, persons mauve. Other data sets take them in order.
_LIGHT = (
    "#318cf7 #4f37af #f2740d #037c92 #72d662 #9f9dff #085884 #774501 #12d6c8 #fc9b9e "
    "#036150 #eab005 #ac1735 #46cafe #b574c9 #189b90 #c05f61 #52a726 #7457d1 #6d7803"
)
_DARK = (
    "#67a9fc #6f5fd3 #fe9658 #139db8 #8ae87b #b6b7fd #0a7cb9 #a46410 #25ebdb #feb8b9 "
    "#168871 #fdc332 #d14957 #89d9fe #ce8fe1 #13baad #dc7d7e #70c14d #9079ef #8a972b"
)
CLASS_COLOURS, CLASS_COLOURS_DARK = tuple(_LIGHT.split(" ")), tuple(_DARK.split(" "))
# Names as in Plotly.
CLASS_SYMBOLS = ("circle", "square", "diamond", "triangle-up")
# The symbol of each of the twenty: classes whose colours are close with red-green blindness, in one theme or the other,
# have different ones. tests/js/colour.test.js measures what is left.
_SYMBOLS = "02002312022101231331"
NO_CLASS = "#8a8f98"


def class_colour(index: int, *, dark: bool = False) -> str:
    """Return the colour of a class by its position in the data set's list of classes."""
    return (CLASS_COLOURS_DARK if dark else CLASS_COLOURS)[index % len(CLASS_COLOURS)]


def class_symbol(index: int) -> str:
    """Return the symbol of a class: no two of the first 80 have both colour and symbol in common."""
    repeated, place = divmod(index, len(_SYMBOLS))
    return CLASS_SYMBOLS[(int(_SYMBOLS[place]) + repeated) % len(CLASS_SYMBOLS)]


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
