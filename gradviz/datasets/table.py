"""Read a CSV that lists pictures: `path,label;label[,split]`."""

import csv
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gradviz.datasets.image_set import ImageSet, Skipped, halves
from gradviz.datasets.pictures import printable
from gradviz.datasets.scan import below, such_as
from gradviz.errors import DatasetError

LAYOUT = "lines of path,label;label[,split], paths relative to the file"
_TITLES = frozenset({"path", "file", "filename", "image", "id"})


def read_table(path: Path, *, seed: int = 0, name: str | None = None) -> ImageSet:
    """Read the pictures that a CSV lists; a first line of titles is recognised.

    A picture without a label shows none of the classes (-1 for each). If no line has a split, a labelled set is halved
    by `seed`; else a line without one is in no split. Ids are the paths as listed. DatasetError if nothing is usable.
    """
    rows = _rows(path)
    root = path.resolve().parent
    paths: dict[str, Path] = {}
    names: list[tuple[str, ...]] = []
    splits: dict[str, list[int]] = {}
    skipped: list[Skipped] = []
    for line, row in rows:
        listed, label, split = (*(cell.strip() for cell in row), "", "")[:3]
        found = "more than three columns" if len(row) > 3 else below(root, listed)
        if listed in paths:
            found = "listed twice"
        if isinstance(found, str):
            skipped.append(Skipped(printable(f"line {line}: {listed}"), found))
            continue
        if split:
            splits.setdefault(printable(split), []).append(len(paths))
        paths[listed] = found
        names.append(tuple(printable(part.strip()) for part in label.split(";") if part.strip()))
    if not paths:
        raise DatasetError(f"{path} lists no usable picture{such_as(skipped)}: looked for {LAYOUT}.")
    classes, labels = many_labels(names)
    if labels is not None and not splits:
        splits = halves(labels, seed=seed)
    return ImageSet(
        name=name or path.stem,
        root=root,
        ids=tuple(paths),
        paths=tuple(paths.values()),
        classes=classes,
        labels=labels,
        splits=splits,
        skipped=tuple(skipped),
    )


def many_labels(names: Sequence[Sequence[str]]) -> tuple[tuple[str, ...], NDArray[np.int8] | None]:
    """Make classes and labels (n, C) of any number of class names an image; no labels at all give None."""
    classes = tuple(sorted({name for row in names for name in row}))
    if not classes:
        return (), None
    labels = np.full((len(names), len(classes)), -1, np.int8)
    for row, present in enumerate(names):
        labels[row, [classes.index(name) for name in present]] = 1
    return classes, labels


def _rows(path: Path) -> list[tuple[int, list[str]]]:
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.reader(file)
            rows = [(reader.line_num, row) for row in reader if any(cell.strip() for cell in row)]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DatasetError(f"{path} cannot be read as a CSV in UTF-8: {printable(str(error))}.") from error
    if rows and rows[0][1][0].strip().lower() in _TITLES:
        rows = rows[1:]
    return rows
