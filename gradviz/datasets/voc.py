"""Read a folder in the layout of PASCAL VOC 2007 to 2012."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import parse

from gradviz.datasets.image_set import ApKind, Box, Finding
from gradviz.datasets.pictures import printable
from gradviz.datasets.reading import Format, Listing, Row
from gradviz.datasets.scan import inside, pictures_below
from gradviz.datasets.zero_one import absent, zero_is_absent
from gradviz.errors import DatasetError

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

_ID = re.compile(r"\w[\w.-]{0,199}")
_OFFICIAL = ("train", "val", "trainval", "test")
_MAX_LIST_BYTES = 100_000_000
_MAX_ANNOTATION_BYTES = 1_000_000


def locate(folder: Path) -> Path | None:
    """Find the folder that holds JPEGImages: `folder`, or the only one in it or in its VOCdevkit; None without one.

    Raises
    ------
    DatasetError
        If a devkit holds several years.
    """
    if (folder / "JPEGImages").is_dir():
        return folder
    for devkit in (folder / "VOCdevkit", folder):
        years = sorted(path.parent for path in devkit.glob("VOC*/JPEGImages"))
        if len(years) > 1:
            names = ", ".join(str(year) for year in years)
            raise DatasetError(f"{devkit} holds several data sets, name one of them: {names}.")
        if years:
            return years[0]
    return None


def read_voc(folder: Path) -> Listing:
    """List pictures, classes, labels and splits as found; boxes are read when asked for.

    The images are those that the lists in ImageSets/Main name and that are there; without lists, every picture,
    unlabelled. An image that no list of a class mentions has label 0 for that class. `<filename>` in annotations is
    ignored, no path is ever built from the contents of a file.

    Raises
    ------
    DatasetError
        If the folder is not in this layout, holds several years, or its pictures lie elsewhere.
    """
    located = locate(folder)
    if located is None:
        raise DatasetError(f"{folder} is not in VOC layout: looked for {FORMAT.looks}.")
    root = located.resolve()
    pictures, findings = _pictures(root)
    lists, problems = _lists(root)
    findings += problems
    splits, labelled = _splits_and_classes(lists)
    ids = sorted(set().union(*splits.values())) if splits else sorted(pictures)
    findings += _absent(ids, pictures, splits)
    ids = [identifier for identifier in ids if identifier in pictures]
    boxes_of = partial(_boxes_at, root / "Annotations", tuple(ids))
    labels, problems = _labels(labelled, ids, boxes_of)
    ordered = _ordered(splits)
    members = {split: set(splits[split]) for split in ordered}
    rows = [Row(i, pictures[i], labels[i], tuple(split for split in ordered if i in members[split])) for i in ids]
    return Listing(
        root,
        rows,
        findings + problems,
        name=root.name,
        classes=sorted(labelled) or None,
        splits=[split for split in ordered if any(split in row.splits for row in rows)],
        ap=_ap(root, ids[0] if ids else ""),
        boxes_of=boxes_of,
    )


FORMAT = Format(
    name="a folder in VOC layout",
    layout="`JPEGImages/` with pictures, `ImageSets/Main/` with `train.txt` and `<class>_train.txt`, "
    "`Annotations/` with XML files",
    labels="from `<class>_<split>.txt`; difficult ones count neither way",
    listing=read_voc,
    fits=lambda folder: locate(folder) is not None,
)


def read_boxes(annotation: Path) -> tuple[Box, ...]:
    """Read the objects of one annotation, clipped to the picture; none if the file is missing or damaged.

    An object without a name or with a box outside the picture is left out. Entities and DTDs are refused (defusedxml).
    """
    try:
        if not annotation.is_file() or annotation.stat().st_size > _MAX_ANNOTATION_BYTES:
            return ()
        tree = parse(annotation, forbid_dtd=True)
        width, height = (int(tree.findtext(f"size/{side}", "0")) for side in ("width", "height"))
    except (OSError, SyntaxError, ValueError, DefusedXmlException):
        return ()
    boxes = (_box(item, width, height) for item in tree.iterfind("object"))
    return tuple(box for box in boxes if box is not None)


def _box(item: "Element", width: int, height: int) -> Box | None:
    try:
        corners = [round(float(item.findtext(f"bndbox/{side}", ""))) for side in ("xmin", "ymin", "xmax", "ymax")]
    except (ValueError, OverflowError):
        return None
    name = item.findtext("name", "").strip()
    xmin, ymin = (max(1, corner) for corner in corners[:2])
    xmax, ymax = min(width, corners[2]), min(height, corners[3])
    if not name or xmin > xmax or ymin > ymax:
        return None
    difficult, truncated = (item.findtext(flag, "0").strip() == "1" for flag in ("difficult", "truncated"))
    return Box(printable(name), xmin, ymin, xmax, ymax, difficult, truncated)


def _boxes_at(annotations: Path, ids: tuple[str, ...], position: int) -> tuple[Box, ...]:
    path = annotations / f"{ids[position]}.xml"
    return read_boxes(path) if inside(annotations.parent, path) else ()


def _pictures(root: Path) -> tuple[dict[str, Path], list[Finding]]:
    """Map id -> picture."""
    folder = root / "JPEGImages"
    if not inside(root, folder):
        raise DatasetError(f"{folder} is a link that leads out of {root}: put the pictures there or name their folder.")
    found, findings = pictures_below(folder, root, deepest=0)
    pictures: dict[str, Path] = {}
    for picture in found:
        identifier = picture.path.stem
        if not _ID.fullmatch(identifier):
            findings.append(Finding(picture.name, "a name that is not a VOC id"))
        elif identifier in pictures:
            findings.append(Finding(picture.name, f"the second picture called {identifier}"))
        else:
            pictures[identifier] = picture.path
    return pictures, findings


def _lists(root: Path) -> tuple[dict[str, list[tuple[str, ...]]], list[Finding]]:
    """Read ImageSets/Main/*.txt: name -> rows of (id,) or of (id, label)."""
    lists: dict[str, list[tuple[str, ...]]] = {}
    findings: list[Finding] = []
    is_id = cache(_ID.fullmatch)  # an id stands in up to 60 lists
    for path in sorted((root / "ImageSets" / "Main").glob("*.txt")):
        try:
            if not inside(root, path):
                raise ValueError("a link that leads out of the folder")
            if not path.is_file() or path.stat().st_size > _MAX_LIST_BYTES:
                raise ValueError("not a file of less than 100 MB")
            rows = [tuple(line.split()) for line in path.read_text("utf-8").splitlines()]
        except (OSError, ValueError) as error:
            findings.append(Finding(printable(path.name), f"the list cannot be read: {printable(str(error))}"))
            continue
        rows = [row for row in rows if row]
        columns = len(rows[0]) if rows and len(rows[0]) in (1, 2) else 0
        fits = [len(row) == columns and is_id(row[0]) is not None for row in rows]
        if not all(fits):
            example = printable(" ".join(rows[fits.index(False)]))
            findings.append(Finding(printable(path.name), f"{fits.count(False)} lines are not ids, like {example!r}"))
        lists[path.stem] = [row for row, fit in zip(rows, fits, strict=True) if fit]
    return lists, findings


def _splits_and_classes(
    lists: Mapping[str, list[tuple[str, ...]]],
) -> tuple[dict[str, list[str]], dict[str, list[tuple[str, str]]]]:
    """Separate split files and class files by columns, not by name: `train_val` is the class train's list for val.

    Returns split -> ids, and class -> rows of (id, label). A split without its own file is what its class files list.
    """
    splits = {stem: [row[0] for row in rows] for stem, rows in lists.items() if rows and len(rows[0]) == 1}
    labelled: dict[str, list[tuple[str, str]]] = {}
    implied: dict[str, list[str]] = {}
    for stem, rows in lists.items():
        if not rows or len(rows[0]) != 2:
            continue
        endings = [split for split in {*splits, *_OFFICIAL} if stem.endswith(f"_{split}")]
        split = max(endings, key=len) if endings else stem.rpartition("_")[2]
        labelled.setdefault(stem.removesuffix(f"_{split}"), []).extend(
            (identifier, label) for identifier, label in rows
        )
        if split not in splits:
            implied.setdefault(split, []).extend(row[0] for row in rows)
    return splits | implied, labelled


def _labels(
    labelled: Mapping[str, list[tuple[str, str]]], ids: Sequence[str], boxes_of: Callable[[int], tuple[Box, ...]]
) -> tuple[dict[str, dict[str, int] | None], list[Finding]]:
    """Return each image's labels, None if there is no class, and complaints.

    Where no list holds a -1, a 0 means absent, unless annotations show that such images have difficult objects.
    """
    if not labelled:
        return dict.fromkeys(ids), []
    value = {"1": 1, "+1": 1, "0": 0, "-1": -1}
    labels: dict[str, dict[str, int]] = {identifier: {} for identifier in ids}
    findings: list[Finding] = []
    zeros: list[tuple[str, str]] = []
    unmentioned = 0
    for name, rows in sorted(labelled.items()):
        known: dict[str, str] = {}
        wrong = 0
        for identifier, label in rows:
            wrong += label not in value or known.setdefault(identifier, label) != label
        for identifier, mine in labels.items():
            mine[name] = value[known[identifier]] if identifier in known else 0
            if identifier in known and mine[name] == 0:
                zeros.append((identifier, name))
        unmentioned += len(labels.keys() - known.keys())
        if wrong:
            findings.append(Finding(printable(name), f"{wrong} labels are not 1, 0, -1 or contradict an earlier list"))
    if unmentioned:
        findings.append(
            Finding("labels", f"{unmentioned} pairs of image and class are in no list: neither train nor score")
        )
    if zeros and zero_is_absent([value for mine in labels.values() for value in mine.values()]):
        asked = {identifier for identifier, _ in zeros}
        seen = {i: {box.name for box in boxes_of(n)} for n, i in enumerate(ids) if i in asked}
        difficult = any(name in seen[i] for i, name in zeros)
        meant = [(i, name) for i, name in zeros if name not in seen[i] and (seen[i] or not difficult)]
        for identifier, name in meant:
            labels[identifier][name] = -1
        findings += [absent("labels", len(meant))] if meant else []
    return dict(labels), findings


def _absent(ids: Iterable[str], pictures: Mapping[str, Path], splits: Mapping[str, list[str]]) -> list[Finding]:
    listed_in = {identifier: split for split in reversed(_ordered(splits)) for identifier in splits[split]}
    return [Finding(i, f"listed in {listed_in[i]}.txt, but no picture") for i in ids if i not in pictures]


def _ordered(splits: Iterable[str]) -> list[str]:
    return sorted(splits, key=lambda split: (_OFFICIAL.index(split) if split in _OFFICIAL else len(_OFFICIAL), split))


def _ap(root: Path, first: str) -> ApKind:
    if "2007" in root.name:
        return "eleven_point"
    path = root / "Annotations" / f"{first}.xml"
    try:
        small = inside(root, path) and path.is_file() and path.stat().st_size <= _MAX_ANNOTATION_BYTES
        return "eleven_point" if small and "VOC2007" in path.read_text("utf-8") else "area"
    except (OSError, ValueError):
        return "area"
