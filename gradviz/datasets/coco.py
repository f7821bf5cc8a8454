"""Read COCO: lists of instances as JSON beside folders of pictures."""

import os
from array import array
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gradviz.datasets.coco_json import (
    Annotation,
    Counts,
    Id,
    Image,
    category_names,
    comparable,
    corners_of,
    has_size,
    is_crowd,
    parse,
)
from gradviz.datasets.far_paths import UPLOADED, pictures_by_name
from gradviz.datasets.image_set import Box, Finding
from gradviz.datasets.leftover import leftover
from gradviz.datasets.pictures import own_size, printable
from gradviz.datasets.reading import Format, Listing, Row
from gradviz.datasets.scan import below, files_in
from gradviz.datasets.splits import split_named
from gradviz.errors import DatasetError

_PREFIX = "instances_"
_MANY_FOLDERS = 50


def locate(folder: Path) -> list[Path]:
    """List the instance files of a folder, in its `annotations/` or right in it."""
    places = (folder / "annotations", folder)
    listed = (
        [path for path in files_in(place, ".json") if path.name.lower().startswith("instances")] for place in places
    )
    return next(filter(None, listed), [])


def read_coco(path: Path) -> Listing:
    """List the pictures of one instances file, or of every one in a folder: several files are splits.

    A class whose only instances in a picture are crowds has label 0 there: it neither trains nor scores. So has a class
    that no list with the picture knows, and every class where the category of an instance is not known. An instance
    counts for its picture's labels whether or not its box can be drawn. A picture that is listed again, in the same
    list or another, has all its labels and is in each of the splits. Ids are paths below the folder.

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
    stems = [file.stem.removeprefix(_PREFIX) for file in files]
    splits = [split_named(stem) or stem for stem in stems] if len(files) > 1 else None
    for split in sorted({split for split in splits or () if (splits or []).count(split) > 1}):
        listed = ", ".join(stem for stem in stems if (split_named(stem) or stem) == split)
        reader.findings.append(Finding(printable(listed), f"together the split {split}", "joined"))
    for i, file in enumerate(files):
        reader.read(file, (splits[i],) if splits else ())
    return Listing(
        reader.root,
        reader.rows(),
        reader.findings + (_beside(files, reader) if path.is_dir() else []),
        classes=sorted(reader.categories),
        splits=list(dict.fromkeys(splits)) if splits else None,
        boxes_of=reader.boxes.of_positions(distinct=reader.joined),
    )


FORMAT = Format(
    name="COCO instances",
    layout="`annotations/instances_<split>.json` beside `<split>/` or `images/`",
    labels="from the annotations; classes with crowds alone count neither way; several files are splits",
    listing=read_coco,
    suffixes=(".json",),
    fits=lambda folder: bool(locate(folder)),
)


@dataclass(slots=True)
class _Picture:
    """Gather what all lists say of one picture; `known` are the classes of these lists."""

    position: int
    id: str
    path: Path
    labels: dict[str, int] = field(default_factory=dict)
    splits: dict[str, None] = field(default_factory=dict)
    known: frozenset[str] = frozenset()
    doubtful: bool = False

    def row(self, classes: Collection[str]) -> Row:
        """Return the row: a class is absent only where somebody looked for it."""
        unknown = classes if self.doubtful else [name for name in classes if name not in self.known]
        return Row(self.id, self.path, dict.fromkeys(unknown) | self.labels, tuple(self.splits))


class _Reader:
    """Gather pictures, labels, boxes and findings over several files."""

    def __init__(self, root: Path):
        self.root = root
        self.pictures: dict[str, _Picture] = {}
        self.used: set[str] = set()
        self.boxes = _Boxes()
        self.categories: set[str] = set()
        self.findings: list[Finding] = []
        self.joined = False

    def rows(self) -> tuple[Row, ...]:
        """Return what was gathered."""
        return tuple(picture.row(self.categories) for picture in self.pictures.values())

    def read(self, file: Path, splits: tuple[str, ...]) -> None:
        """Add what one file lists."""
        document, count = parse(file), Counts()
        category = comparable(entry.id for entry in document.categories)
        names = category_names(document.categories, category, count)
        self.categories |= set(names.values())
        image = comparable(entry.id for entry in document.images)
        places = self._places(file, document.images, image, count)
        used = any(entry.image_id is not None and image(entry.image_id) in places for entry in document.annotations)
        if document.annotations and not used:
            count["no annotation is of a picture in the list: all classes are unknown", "not read"] += 1
        for entries in places.values():
            for picture, _ in entries:
                picture.splits |= dict.fromkeys(splits)
                picture.known |= frozenset(names.values())
                picture.doubtful |= _several(entries) or (not used and bool(document.annotations))
        for entry in document.annotations:
            listed = None if entry.image_id is None else places.get(image(entry.image_id))
            name = None if entry.category_id is None else names.get(category(entry.category_id))
            if listed is None:
                count["annotations of pictures that are not in the list", "left out"] += 1
            elif _several(listed):
                count["annotations of an id that several pictures have: their classes are unknown", "not read"] += 1
            elif listed and name is None:
                listed[0][0].doubtful = True
                count["annotations of no known category: their pictures' classes are unknown", "not read"] += 1
            elif listed and name:
                self._add(*listed[0], name, entry, count)
        self.findings += [Finding(file.name, reason, kind, n) for (reason, kind), n in count.items()]

    def _places(
        self, file: Path, images: Sequence[Image], key: Callable[[Id], Id], count: Counts
    ) -> dict[Id, list[tuple[_Picture, Image]]]:
        """Map each listed id to its entries and their pictures: to none where the picture is not there."""
        places: dict[Id, list[tuple[_Picture, Image]]] = {}
        here: set[int] = set()
        finder = _Finder(self.root, file.stem.removeprefix(_PREFIX), [str(image.file_name) for image in images])
        for image, found in zip(images, finder.find_all(), strict=True):
            entries = places.setdefault(key(image.id), [])
            if isinstance(found, str):
                self.findings.append(Finding(printable(str(image.file_name)), found))
                continue
            self.used.add(str(found))
            new = _Picture(len(self.pictures), found.relative_to(self.root).as_posix(), found)
            picture = self.pictures.setdefault(_same(found), new)
            if picture is not new:
                self.joined = True
                where = "in the same list" if picture.position in here else "of an earlier list"
                count[f"pictures {where}, whose labels are joined", "joined"] += 1
            here.add(picture.position)
            if image.id is None:
                picture.doubtful = True
                count["pictures have no id: their classes are unknown", "not read"] += 1
            entries.append((picture, image))
        for guess, times in finder.guesses.items():
            if times:
                count[guess, "guessed"] += times
        if finder.elsewhere:
            count[f"pictures are found in {', '.join(sorted(finder.elsewhere))}", "guessed"] += finder.times
        return places

    def _add(self, picture: _Picture, image: Image, name: str, entry: Annotation, count: Counts) -> None:
        crowd = is_crowd(entry.iscrowd)
        if crowd is None:
            count["values of iscrowd are neither 0 nor 1 and are read as 1", "guessed"] += 1
        picture.labels[name] = max(picture.labels.get(name, 0), int(crowd is False))
        if not has_size(image):
            image.width, image.height = own_size(picture.path) or (None, None)
        corners = corners_of(entry.bbox, image)
        if corners is None:
            count["boxes do not fit a picture of known size; their labels count", "not read"] += 1
        else:
            self.boxes.add(picture.position, name, corners, crowd=crowd is not False)


def _same(path: Path) -> str:
    """Return what is the same for all ways to a picture; to resolve each of 118,000 would take seconds."""
    return os.path.realpath(path) if path.is_symlink() else os.path.normpath(path)


def _beside(files: Sequence[Path], reader: _Reader) -> list[Finding]:
    """Name what lies beside the lists and is not read: other lists, and pictures that no list names."""
    others = files_in(files[0].parent, "" if files[0].parent.name == "annotations" else ".json")
    others = [path for path in others if path not in files]
    findings = [Finding(printable(other.name), "only instances*.json is read", "not read") for other in others]
    above = reader.root / "annotations" if files[0].parent.name == "annotations" else reader.root
    return findings + leftover(reader.root, (*reader.used, *(above / path.name for path in (*files, *others))))


def _several(entries: Sequence[tuple[_Picture, Image]]) -> bool:
    return len({picture.position for picture, _ in entries}) > 1


class _Finder:
    """Find the pictures of one list: in the folder in which most of them are, else in the only one that has it.

    `elsewhere` are those other folders, `times` how often they were needed.
    """

    def __init__(self, root: Path, split: str, names: Sequence[str]):
        self.root, self._names = root, names
        self.guesses = Counter[str]()
        usual = [root / folder for folder in (split, f"images/{split}", "images", "data", "")]
        more = [folder for parent in (root, root / "images") for folder in _folders(parent)]
        slashed = [name.replace("\\", "/") for name in names]
        self._best = max(usual, key=lambda folder: sum(os.path.isfile(folder / name) for name in slashed))  # noqa: PTH113
        self._others = [folder for folder in dict.fromkeys([*usual, *more]) if folder != self._best]
        self.elsewhere: set[str] = set()
        self.times = 0

    def find_all(self) -> list[Path | str]:
        """Return the picture of each name, or why there is none; where no path leads to one, by the files' names."""
        found = [self._find(name) for name in self._names]
        elsewhere = any("/" in name or "\\" in name for name in self._names)
        if not elsewhere or any(isinstance(one, Path) for one in found):
            return found
        there = pictures_by_name(self.root)
        parts = [_far(name, there) for name in self._names]
        times = Counter(parts)
        ways = [there[part] if times[part] == 1 and part in there else () for part in parts]
        found = [way[0] if len(way) == 1 else one for way, one in zip(ways, found, strict=True)]
        reason = "no path leads to a picture: they are found by the names of the files"
        self.guesses[reason] += sum(isinstance(one, Path) for one in found)
        return found

    def _find(self, name: str) -> Path | str:
        found = self._way(name)
        if isinstance(found, Path) or "\\" not in name:
            return found
        slashed = self._way(_slashed(name))
        if isinstance(slashed, Path):
            self.guesses["a backslash is read as a slash"] += 1
            return slashed
        return found

    def _way(self, name: str) -> Path | str:
        found = below(self._best, name)
        if isinstance(found, Path):
            return found
        ways = [(folder, below(folder, name)) for folder in self._others]
        others = {way.resolve(): (folder, way) for folder, way in ways if isinstance(way, Path)}
        if len(others) > 1:
            return f"in several folders: {', '.join(self._called(folder) for folder, _ in others.values())}"
        for folder, way in others.values():
            self.elsewhere.add(self._called(folder))
            self.times += 1
            return way
        return found

    def _called(self, folder: Path) -> str:
        return printable(f"{folder.relative_to(self.root).as_posix()}/").removeprefix("./") or "the folder itself"


def _slashed(name: str) -> str:
    return name.replace("\\", "/")


def _far(name: str, there: Collection[str]) -> str:
    """Return the name of the file that a path of another computer ends in, as a picture is called here."""
    part = _slashed(name).rpartition("/")[2]
    return part if part in there else UPLOADED.sub("", part, count=1)


def _folders(parent: Path) -> list[Path]:
    """List the visible folders in one; none where there are too many to look into each for each picture."""
    try:
        found = sorted(path for path in parent.iterdir() if path.is_dir() and path.name[0] not in "._")
    except OSError:
        return []
    return found if len(found) <= _MANY_FOLDERS else []


class _Boxes:
    """Keep the boxes of many pictures in 28 bytes each: as objects, the 860,000 of train2017 would take 300 MB."""

    def __init__(self):
        self._columns: dict[str, int] = {}
        self._rows = array("i")

    def add(self, position: int, name: str, corners: tuple[int, int, int, int], *, crowd: bool) -> None:
        """Append a box of the picture at `position`."""
        column = self._columns.setdefault(name, len(self._columns))
        self._rows.extend((position, column, *corners, crowd))

    def of_positions(self, *, distinct: bool) -> "partial[tuple[Box, ...]]":
        """Return a function from a position to its boxes, in the order in which they were added.

        `distinct` where lists overlap, and name a box again.
        """
        rows = np.array(self._rows, np.int32).reshape(-1, 7)
        return partial(_boxes_at, rows[np.argsort(rows[:, 0], kind="stable")], tuple(self._columns), distinct)


def _boxes_at(rows: NDArray[np.int32], names: tuple[str, ...], distinct: bool, position: int) -> tuple[Box, ...]:
    first, end = np.searchsorted(rows[:, 0], (position, position + 1))
    found = rows[first:end].tolist()
    boxes = tuple(Box(names[column], *corners, difficult=bool(crowd)) for _, column, *corners, crowd in found)
    return tuple(dict.fromkeys(boxes)) if distinct else boxes
