"""Read a plain folder of pictures: a subfolder's name is the class of what lies in it."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gradviz.datasets.image_set import ImageSet, halves
from gradviz.datasets.scan import Found, pictures_below, such_as
from gradviz.errors import DatasetError

LAYOUT = "JPEG, PNG or WebP pictures, in one subfolder a class or all together"
_SPLITS = ("train", "val", "test")


def read_folder(folder: Path, *, seed: int = 0, name: str | None = None) -> ImageSet:
    """Read pictures and, from the subfolders, classes and splits.

    Three layouts: pictures alone (no labels); `<class>/...` (a seeded stratified half is `train`, the other `val`);
    `train|val|test/<class>/...` (splits as found). A picture beside the class folders has no label: 0 for every class.
    Ids are paths below the folder. DatasetError if no picture is found.
    """
    root = folder.resolve()
    found, skipped = pictures_below(root, root)
    if not found:
        raise DatasetError(f"{folder} holds no usable picture{such_as(skipped)}: looked for {LAYOUT}.")
    parts = _split_folders(found)
    places = [picture.folders[1:] if parts else picture.folders for picture in found]
    names = [place[0] if place else None for place in places]
    classes, labels = one_label_each(names)
    if parts:
        splits = {
            split: [i for i, picture in enumerate(found) if picture.folders[0].lower() == split]
            for split in _SPLITS
            if split in parts
        }
    else:
        splits = {} if labels is None else halves(labels, seed=seed)
    return ImageSet(
        name=name or root.name or str(root),
        root=root,
        ids=tuple(picture.name for picture in found),
        paths=tuple(picture.path for picture in found),
        classes=classes,
        labels=labels,
        splits=splits,
        skipped=tuple(skipped),
    )


def one_label_each(names: Sequence[str | None]) -> tuple[tuple[str, ...], NDArray[np.int8] | None]:
    """Make classes and labels (n, C) of one class name an image; None is an image of unknown class: a row of 0."""
    classes = tuple(sorted({name for name in names if name is not None}))
    if not classes:
        return (), None
    column = {name: c for c, name in enumerate(classes)}
    labels = np.full((len(names), len(classes)), -1, np.int8)
    for row, name in enumerate(names):
        if name is None:
            labels[row] = 0
        else:
            labels[row, column[name]] = 1
    return classes, labels


def _split_folders(found: Sequence[Found]) -> set[str]:
    """Name the splits if every picture lies in <split>/<class>/: `train` with pictures right in it is a class."""
    if all(len(picture.folders) >= 2 and picture.folders[0].lower() in _SPLITS for picture in found):
        return {picture.folders[0].lower() for picture in found}
    return set()
