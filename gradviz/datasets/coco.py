"""Read COCO: lists of instances as JSON beside folders of pictures."""

import json
from array import array
from functools import partial
from math import ceil, floor
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from gradviz.datasets.image_set import Box, Finding
from gradviz.datasets.pictures import printable
from gradviz.datasets.reading import Format, Listing, Row
from gradviz.datasets.scan import below
from gradviz.errors import DatasetError

_PREFIX = "instances_"
_LARGEST = 2**31 - 1


def locate(folder: Path) -> list[Path]:
    """List the instance files of a folder, in its `annotations/` or right in it."""
    return sorted((folder / "annotations").glob("instances*.json")) or sorted(folder.glob("instances*.json"))


def read_coco(path: Path) -> Listing:
    """List the pictures of one instances file, or of every one in a folder: several files are splits.

    A class whose only instances in a picture are crowds has label 0 there: it neither trains nor scores. An instance
    counts for its picture's labels whether or not its box can be drawn. Ids are paths below the folder.

    Raises
    ------
    DatasetError
        If there is no instances file, or one is damaged.
    """
    files = [path] if path.is_file() else locate(path)
    if not files:
        raise DatasetError(f"{path} holds no COCO instances: looked for {FORMAT.looks}.")
    folder = files[0].parent.parent if files[0].parent.name == "annotations" else files[0].parent
    reader = _Reader(folder.resolve())
    splits = [file.stem.removeprefix(_PREFIX) for file in files] if len(files) > 1 else None
    for i, file in enumerate(files):
        reader.read(file, (splits[i],) if splits else ())
    return Listing(
        reader.root,
        tuple(reader.rows.values()),
        reader.findings,
        classes=sorted(reader.categories),
        splits=splits,
        boxes_of=reader.boxes.of_positions(),
    )


FORMAT = Format(
    name="COCO instances",
    layout="`annotations/instances_<split>.json` beside `<split>/` or `images/`",
    labels="from the annotations; classes with crowds alone count neither way; several files are splits",
    listing=read_coco,
    suffixes=(".json",),
    fits=lambda folder: bool(locate(folder)),
)


class _Reader:
    """Gather pictures, labels, boxes and complaints over several files."""

    def __init__(self, root: Path):
        self.root = root
        self.rows: dict[str, Row] = {}
        self.boxes = _Boxes()
        self.categories: set[str] = set()
        self.findings: list[Finding] = []

    def read(self, file: Path, splits: tuple[str, ...]) -> None:
        """Add what one file lists."""
        document = _document(file)
        names = {entry.id: printable(str(entry.name)) for entry in document.categories}
        self.categories |= set(names.values())
        folder = self._pictures_of(file, document.images)
        places: dict[_Id, tuple[int, dict[str, int], _Image]] = {}
        for image in document.images:
            labels: dict[str, int] = {}
            position = self._add(folder, str(image.file_name), labels, splits)
            if position is not None:
                places[image.id] = (position, labels, image)
        known = {image.id for image in document.images}
        lost = undrawable = 0
        for entry in document.annotations:
            if entry.image_id not in places or entry.category_id not in names:
                lost += entry.image_id in places or entry.image_id not in known
                continue
            position, labels, image = places[entry.image_id]
            name = names[entry.category_id]
            labels[name] = max(labels.get(name, 0), 0 if entry.iscrowd else 1)
            corners = _corners(entry.bbox, image)
            if corners is None:
                undrawable += 1
            else:
                self.boxes.add(position, name, corners, crowd=bool(entry.iscrowd))
        if lost:
            self._skip(file.name, f"{lost} annotations without a known picture or class")
        if undrawable:
            self._skip(file.name, f"{undrawable} boxes that do not fit a picture of known size; their labels count")

    def _pictures_of(self, file: Path, images: "list[_Image]") -> Path:
        """Choose the folder in which the first listed pictures are found."""
        split = file.stem.removeprefix(_PREFIX)
        inner = (split, f"images/{split}", "images", "data", "")
        candidates = [self.root / folder for folder in inner]
        first = [str(image.file_name) for image in images[:10]]
        return max(candidates, key=lambda folder: sum(isinstance(below(folder, name), Path) for name in first))

    def _add(self, folder: Path, name: str, labels: dict[str, int], splits: tuple[str, ...]) -> int | None:
        found = below(folder, name)
        if isinstance(found, str):
            return self._skip(name, found)
        identifier = found.relative_to(self.root).as_posix()
        if identifier in self.rows:
            return self._skip(name, "listed twice")
        self.rows[identifier] = Row(identifier, found, labels, splits)
        return len(self.rows) - 1

    def _skip(self, name: str, reason: str) -> None:
        self.findings.append(Finding(printable(name), reason))


class _Boxes:
    """Keep the boxes of many pictures in 28 bytes each: as objects, the 860,000 of train2017 would take 300 MB."""

    def __init__(self):
        self._columns: dict[str, int] = {}
        self._rows = array("i")

    def add(self, position: int, name: str, corners: tuple[int, int, int, int], *, crowd: bool) -> None:
        """Append a box of the picture at `position`."""
        column = self._columns.setdefault(name, len(self._columns))
        self._rows.extend((position, column, *corners, crowd))

    def of_positions(self) -> "partial[tuple[Box, ...]]":
        """Return a function from a position to its boxes, in the order in which they were added."""
        rows = np.array(self._rows, np.int32).reshape(-1, 7)
        return partial(_boxes_at, rows[np.argsort(rows[:, 0], kind="stable")], tuple(self._columns))


def _boxes_at(rows: NDArray[np.int32], names: tuple[str, ...], position: int) -> tuple[Box, ...]:
    first, end = np.searchsorted(rows[:, 0], (position, position + 1))
    found = rows[first:end].tolist()
    return tuple(Box(names[column], *corners, difficult=bool(crowd)) for _, column, *corners, crowd in found)


# Only what is read here: msgspec passes over the rest, the segmentations above all, without building it.
_Id = str | int | float | None


class _Image(msgspec.Struct, gc=False):
    id: _Id = None
    file_name: Any = None
    width: Any = None
    height: Any = None


class _Annotation(msgspec.Struct, gc=False):
    image_id: _Id = None
    category_id: _Id = None
    bbox: Any = None
    iscrowd: Any = None


class _Category(msgspec.Struct, gc=False):
    id: _Id = None
    name: Any = None


class _Document(msgspec.Struct, gc=False):
    images: list[_Image]
    annotations: list[_Annotation]
    categories: list[_Category]


def _document(file: Path) -> _Document:
    try:
        content = file.read_bytes()
        try:
            return msgspec.json.decode(content, type=_Document)
        except msgspec.ValidationError:
            raise
        except msgspec.DecodeError:
            # Python's own writer puts NaN, and editors a byte order mark: not JSON, but files that people have.
            return msgspec.convert(json.loads(content), _Document)
    except (OSError, ValueError, RecursionError, msgspec.MsgspecError) as error:
        reason = printable(str(error)) or type(error).__name__
        raise DatasetError(
            f"{file} is not a COCO instances file with images, annotations, categories: {reason}."
        ) from error


def _corners(bbox: Any, image: _Image) -> tuple[int, int, int, int] | None:
    """Convert [x, y, width, height], 0-based, to corners clipped to the picture; None if there is nothing to frame."""
    try:
        x, y, width, height = (float(value) for value in bbox)
        right, bottom = (min(int(side), _LARGEST) for side in (image.width, image.height))
        xmin, ymin = max(1, floor(x) + 1), max(1, floor(y) + 1)
        xmax, ymax = min(right, ceil(x + width)), min(bottom, ceil(y + height))
    except (TypeError, ValueError, OverflowError):
        return None
    return None if xmin > xmax or ymin > ymax else (xmin, ymin, xmax, ymax)
