"""Read YOLO: a text file for each picture, with a line for each box, and the names of the classes in another file."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from math import ceil, floor
from pathlib import Path, PurePosixPath

from PIL import Image

from gradviz.datasets.grouping import grouped, repeated
from gradviz.datasets.image_set import Box, Finding
from gradviz.datasets.masks import without_masks
from gradviz.datasets.pictures import printable
from gradviz.datasets.reading import Format, Listing, Row
from gradviz.datasets.scan import Found, contents, kind, names_below, unread
from gradviz.datasets.sidecars import accompanied, sidecars, splits_of
from gradviz.datasets.splits import ORDER
from gradviz.datasets.text import read_text
from gradviz.datasets.yolo_names import class_names, is_names, rival, stated_splits
from gradviz.errors import DatasetError

_MAX_BYTES = 10_000_000
_ASKED = 50
"""Label files that are looked into before the folder is taken for YOLO."""

Lines = list[tuple[int, tuple[float, ...]]]


@dataclass(frozen=True)
class _Labelled:
    """Hold a picture and what its label file says: None where there is none, or it is not YOLO's."""

    picture: Found
    lines: Lines | None


def read_yolo(folder: Path) -> Listing:
    """List pictures with the classes of their boxes; folders called like splits are splits.

    An empty file of labels means none of the classes. A picture without one, or with lines that are not YOLO's or name
    no class, has unknown labels. Where no file names the classes they are called by their numbers. Ids are paths below
    the folder.

    Raises
    ------
    DatasetError
        If the folder cannot be read, no label file is YOLO's, or two data sets lie in it that call classes differently.
    """
    root = folder.resolve()
    found = contents(root)
    names, source = class_names(found.lists)
    if names and source and (other := rival(found.lists, names, source)):
        raise DatasetError(
            f"{folder} holds several data sets: {printable(source)} and {printable(other)} give the same numbers to "
            "other classes; name the folder of one of them."
        )
    of_name = {listed.name: listed.path for listed in found.lists}
    texts = [name for name in of_name if name.lower().endswith(".txt") and not is_names(name)]
    pictures = without_masks(found.pictures)
    beside = sidecars((picture.name for picture in pictures.photographs), texts)
    read = [_Labelled(p, _lines(of_name[beside[p.name]]) if p.name in beside else None) for p in pictures.photographs]
    if all(one.lines is None for one in read):
        raise DatasetError(f"{folder} has no label file in YOLO's form: looked for {FORMAT.looks}.")
    findings = [*found.findings, *pictures.findings, *_problems(read, beside)]
    if names is None:
        names = {number: str(number) for one in read for number, _ in one.lines or () if number >= 0}
        said = "no data.yaml, classes.txt or .names names the classes: they are called by their numbers"
        findings += [Finding("classes", said, "guessed", len(names))] if names else []
    lowest = {one.picture.name: min((number for number, _ in one.lines or ()), default=0) for one in read}
    for below in sorted({number for number in lowest.values() if number < 0}, reverse=True):
        reason = f"a box of class {below}, but classes are numbered from 0: unknown"
        findings += grouped([name for name, number in lowest.items() if number == below], reason, "unlabelled")
    nameless = [one for one in read if any(number not in names and number >= 0 for number, _ in one.lines or ())]
    findings += grouped(
        [one.picture.name for one in nameless], "a box of a class without a name: unknown", "unlabelled"
    )
    stated, lists = stated_splits(found.lists)
    in_split = splits_of([one.picture.name for one in read])
    findings += repeated(names.values(), "the name of several numbers, which are one class")
    rows = [_row(one, names, stated, split) for one, split in zip(read, in_split, strict=True)]
    used = {*beside.values(), source, *lists}
    splits = [split for split in ORDER if any(split in row.splits for row in rows)]
    findings += [
        Finding(printable(min(stated[split], key=len)), f"stated as the split {split}, but no picture is there")
        for split in ORDER
        if stated.get(split) and split not in splits
    ]
    return Listing(
        root,
        rows,
        [*findings, *unread(listed for listed in found.lists if listed.name not in used)],
        classes=list(dict.fromkeys(names[number] for number in sorted(names))) or None,
        splits=splits or None,
        boxes_of=partial(_boxes_at, tuple(read), names),
        masks=pictures.masks,
    )


def _row(one: _Labelled, names: Mapping[int, str], stated: Mapping[str, set[str]], folder: str | None) -> Row:
    name = one.picture.name
    above = {name, *(str(folder) for folder in PurePosixPath(name).parents)}
    splits = tuple(split for split in ORDER if above & stated.get(split, set())) or (folder,)
    numbers = {number for number, _ in one.lines or ()}
    known = one.lines is not None and numbers <= names.keys()
    labels = {names[number]: 1 for number in sorted(numbers)} if known else None
    return Row(name, one.picture.path, labels, tuple(split for split in splits if split))


def _problems(read: Sequence[_Labelled], beside: Mapping[str, str]) -> list[Finding]:
    damaged = [beside[one.picture.name] for one in read if one.lines is None and one.picture.name in beside]
    absent = sum(one.picture.name not in beside for one in read)
    findings = grouped(damaged, "lines that are not a class's number and a box: labels unknown", "not read")
    if absent:
        findings.append(Finding("labels", "pictures without a label file: labels unknown", "unlabelled", absent))
    return findings


def _lines(path: Path) -> Lines | None:
    """Return the number of the class and the numbers of the box in each line; None if they are anything else."""
    try:
        lines = [line.split() for line in read_text(path, _MAX_BYTES).splitlines() if line.strip()]
        read = [(int(cells[0]), tuple(float(cell) for cell in cells[1:])) for cells in lines]
    except (OSError, ValueError):
        return None
    # A box, perhaps with a score; a polygon, or a box with key points, has more numbers.
    return read if all(len(box) >= 4 for _, box in read) else None


def _boxes_at(read: tuple[_Labelled, ...], names: Mapping[int, str], position: int) -> tuple[Box, ...]:
    one = read[position]
    try:
        with Image.open(one.picture.path, formats=("JPEG", "PNG", "WEBP")) as image:
            width, height = image.size
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return ()
    boxes = (_box(names.get(number), numbers, width, height) for number, numbers in one.lines or ())
    return tuple(box for box in boxes if box is not None)


def _box(name: str | None, numbers: tuple[float, ...], width: int, height: int) -> Box | None:
    """Convert centre and size, as shares of the picture's, to corners; polygons are not drawn."""
    if name is None or len(numbers) not in (4, 5) or not all(-1 <= number <= 2 for number in numbers[:4]):
        return None
    x, y, w, h = numbers[:4]
    xmin, ymin = max(1, floor((x - w / 2) * width) + 1), max(1, floor((y - h / 2) * height) + 1)
    xmax, ymax = min(width, ceil((x + w / 2) * width)), min(height, ceil((y + h / 2) * height))
    return None if xmin > xmax or ymin > ymax else Box(name, xmin, ymin, xmax, ymax)


def _fits(folder: Path) -> bool:
    """Check by what they hold whether the text files beside pictures are YOLO's: captions are not."""
    beside = accompanied(folder, ".txt")
    read = [_lines(folder / name) for name in beside[:_ASKED]]
    # Lines with a number below 0 may be anything, unless others are YOLO's.
    read = [None if any(number < 0 for number, _ in lines or ()) else lines for lines in read]
    fit = 2 * sum(lines is not None for lines in read) >= len(read)
    names = names_below(folder) if beside else []
    if not any(is_names(name) for name in names):
        return fit and any(read)
    # Right beside the pictures lie captions, too, whatever else is there: only labels lie in a folder of their own.
    places = {PurePosixPath(name).parent for name in names if kind(name) == "picture"}
    return fit or any(PurePosixPath(name).parent not in places for name in beside)


FORMAT = Format(
    name="YOLO",
    layout="`images/` and `labels/` (in or above `train/`, `val/`, `test/`) with `data.yaml` or `classes.txt`",
    labels="from the classes of the boxes; folders called `train`, `val`, `test` are splits",
    listing=read_yolo,
    fits=_fits,
)
