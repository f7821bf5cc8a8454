"""One picture with a small square of every photograph, for wherever the page means one of them."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from gradviz.callbacks import Cancel, Progress
from gradviz.ui.contact_sheet import contact_sheet, middle

if TYPE_CHECKING:
    from gradviz.ui.selection import Selection


def sprite_side(count: int) -> int:
    """Return the pixels along a side of each of so many thumbnails, so that all together stay below 2 MB."""
    return next(side for side, most in ((96, 400), (64, 1200), (48, 2600), (32, 10**9)) if count <= most)


@dataclass(frozen=True)
class Sprite:
    """Hold square thumbnails of photographs in one JPEG, `across` beside each other, `side` pixels each.

    One that could not be read is grey.
    """

    ids: tuple[str, ...]
    side: int
    across: int
    jpeg: bytes


def sprite_view(selection: "Selection", ids: tuple[str, ...] | None, progress: Progress, cancel: Cancel) -> Sprite:
    """Make one small picture of every chosen photograph, or of some, all in one file.

    No layer or temperature changes them.
    """
    images = selection.images
    positions = images.select(selection.split, selection.spec.images)
    if ids is not None:
        positions = [images.source(name) for name in ids]
    side = sprite_side(len(positions))
    across = int(np.ceil(np.sqrt(len(positions))))
    made = contact_sheet(images, positions, middle, side=side, across=across, progress=progress, cancel=cancel)
    return Sprite(tuple(images.ids[i] for i in positions), side, across, made.jpeg)
