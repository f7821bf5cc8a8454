"""Read COCO as annotation programs export it: a list in each split's folder, or one beside the pictures."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from gradviz.datasets.coco import read_coco
from gradviz.datasets.image_set import Box, Finding
from gradviz.datasets.leftover import leftover
from gradviz.datasets.reading import Format, Listing, Row
from gradviz.datasets.scan import files_in
from gradviz.datasets.splits import ORDER, split_named

_KEYS = (b'"images"', b'"annotations"', b'"categories"')
_PEEK = 1 << 16
_ROBOFLOW = "_annotations.coco.json"
_INSTANCES = ("instances", _ROBOFLOW)


def read_exports(folder: Path) -> Listing:
    """List the pictures of `<split>/_annotations.coco.json` (Roboflow), or of the one list beside `data/` or `images/`.

    A class that a split's list does not know is unknown there. A list alone in `annotations/` is about the pictures
    beside that folder. Ids are paths below the folder.

    Raises
    ------
    DatasetError
        If a list is damaged.
    """
    own = folder.resolve()
    files = _lists(own)
    # The pictures of such a list lie above it: they are in the set, not beside it.
    root = own.parent if own.name == "annotations" and [file.parent for file in files] == [own] else own
    parts = [(file, read_coco(file)) for file in files]
    listed = [row.path for _, part in parts for row in part.rows if row.path is not None]
    findings = []
    for file, part in parts:
        above = "" if file.parent == own else f"{file.parent.name}/"
        findings += [Finding(above + f.name, f.reason, f.kind, f.count) for f in part.findings]
    findings += leftover(root, (*listed, *files))
    classes = sorted({name for _, part in parts for name in part.classes or ()})
    rows = [
        _row(root, row, set(classes) - set(part.classes or ()), split_named(file.parent.name))
        for file, part in parts
        for row in part.rows
    ]
    splits = [split for split in ORDER if any(split in row.splits for row in rows)]
    ends = tuple((part, position) for _, part in parts for position in range(len(part.rows)))
    return Listing(root, rows, findings, classes=classes, splits=splits or None, boxes_of=partial(_boxes_at, ends))


def _row(root: Path, row: Row, unknown: set[str], split: str | None) -> Row:
    labels = None if row.labels is None else {**row.labels, **dict.fromkeys(unknown)}
    inside = row.path is not None and row.path.is_relative_to(root)
    name = row.path.relative_to(root).as_posix() if row.path and inside else row.id
    return Row(name, row.path, labels, (split,) if split else ())


def _boxes_at(ends: Sequence[tuple[Listing, int]], position: int) -> tuple[Box, ...]:
    part, own = ends[position]
    return part.boxes_of(own)


def _lists(folder: Path) -> list[Path]:
    """List the exports: those in the folders of splits, or else the only one in the folder itself."""
    try:
        inner = [path for path in sorted(folder.iterdir()) if path.is_dir() and split_named(path.name)]
    except OSError:
        return []
    found = [file for path in inner for file in _of_split(path)]
    own = [file for file in files_in(folder, ".json") if _is_coco(file)]
    return found or (own if len(own) == 1 else [])


def _of_split(folder: Path) -> list[Path]:
    """List the exports in one folder: those of instances, where key points or captions of the same pictures are there.

    What is not listed is named with the rest.
    """
    found = [file for file in files_in(folder, ".json") if _is_coco(file)]
    return [file for file in found if file.name.lower().startswith(_INSTANCES)] or found


def _is_coco(path: Path) -> bool:
    """Check whether a file holds the keys of COCO, in its first or last part: the middle may be a gigabyte.

    Captions have two of the keys, and no classes.
    """
    try:
        if not path.is_file() or path.name.endswith(_ROBOFLOW):
            return path.is_file()
        with path.open("rb") as file:
            start = file.read(_PEEK)
            file.seek(max(0, path.stat().st_size - _PEEK))
            text = start + file.read(_PEEK)
    except OSError:
        return False
    captions = b'"caption"' in text and b'"categor' not in text
    return sum(key in text for key in _KEYS) > 1 and not captions


FORMAT = Format(
    name="a COCO export",
    layout="`<split>/_annotations.coco.json` beside the split's pictures, or `labels.json` beside `data/` or `images/`",
    labels="from the annotations; the folders are splits",
    listing=read_exports,
    fits=lambda folder: bool(_lists(folder)),
)
