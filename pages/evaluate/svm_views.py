"""What the jobs of the SVM page compute: scores, their intervals, and the photographs that explain them."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

from gradviz.callbacks import Cancel, Progress, part, stop_if
from gradviz.datasets.pictures import picture_size, thumbnail
from gradviz.errors import DatasetError
from gradviz.ui.contact_sheet import contact_sheet, middle
from gradviz.ui.kept import Kept

if TYPE_CHECKING:
    from gradviz.datasets import Box, ImageSet
    from gradviz.experiment import Experiment, Prepared
    from gradviz.resampling import Difference, Resampled
    from gradviz.results import Evaluation
    from gradviz.ui.selection import Selection

SIDE = 320
"""Longer side of a photograph in the panel: sharp where a screen has two pixels for one."""
SMALL = 72
"""Side of a square in the list."""


class Picture(NamedTuple):
    """A photograph: JPEG, empty where it cannot be read; width and height; boxes of its objects."""

    jpeg: bytes
    size: tuple[int, int]
    boxes: "tuple[Box, ...]"


_kernels = Kept(240_000_000)
"""Kernels, so that another C trains and scores at once."""


def scored(
    selection: "Selection", representation: str, choices: Mapping[str, Any], progress: Progress, cancel: Cancel
) -> "Evaluation":
    """Train SVMs on one representation and score them; `choices` are train, test, C and ap."""
    lab = selection.experiment()
    if selection.spec.temperature == "cv":
        return lab.evaluate(representation, **choices, progress=progress, cancel=cancel)
    prepared = _prepared(selection, representation, choices, lab, part(progress, 0, 0.8), cancel)
    return lab.score(prepared, C=choices["C"], ap=choices["ap"], progress=part(progress, 0.8, 1), cancel=cancel)


def _prepared(
    selection: "Selection",
    representation: str,
    choices: Mapping[str, Any],
    lab: "Experiment",
    progress: Progress,
    cancel: Cancel,
) -> "Prepared":
    """Return the kernels, from the last time where they are kept; those of a visitor's own photographs never are."""
    splits = {name: choices[name] for name in ("train", "test")}
    key = selection.key("prepared", representation, splits)

    def made() -> "Prepared":
        found = lab.prepare(representation, **splits, progress=progress, cancel=cancel)
        if selection.spec.normalise == "centred":
            return found
        return replace(found, rows=replace(found.rows, arrays={}), cols=replace(found.cols, arrays={}))

    if selection.own is not None:
        return made()
    return _kernels.get(key, made, lambda found: found.trained.K.nbytes + found.asked.K.nbytes)


def drawn(run: "Evaluation", progress: Progress, cancel: Cancel) -> "Resampled":
    """Measure a result on test images drawn again and again."""
    from gradviz.comparison import resampled

    found = resampled(run, cancel=cancel)
    progress(1, 1)
    return found


def compared(
    a: "Evaluation", b: "Evaluation", drawn_a: "Resampled", drawn_b: "Resampled", progress: Progress, cancel: Cancel
) -> "Difference":
    """Compare two results by the same draws."""
    from gradviz.comparison import compare

    stop_if(cancel)
    found = compare(a, b, drawn_a, drawn_b)
    progress(1, 1)
    return found


def pictures(images: "ImageSet", positions: Sequence[int], progress: Progress, cancel: Cancel) -> dict[str, Picture]:
    """Return photographs by id, small enough that all that a pointer may come to are there before it does."""
    found = {}
    for number, position in enumerate(positions):
        stop_if(cancel)
        jpeg, size = b"", None
        with suppress(DatasetError):
            jpeg, size = thumbnail(images.paths[position], side=SIDE), picture_size(images.paths[position])
        found[images.ids[position]] = Picture(jpeg, size or (4, 3), images.boxes(position))
        progress(number + 1, len(positions))
    return found


def squares(images: "ImageSet", positions: Sequence[int], across: int, progress: Progress, cancel: Cancel) -> bytes:
    """Draw small squares of photographs, so many beside each other, as one JPEG."""
    return contact_sheet(images, positions, middle, side=SMALL, across=across, progress=progress, cancel=cancel).jpeg
