"""Read annotations in PASCAL VOC's XML: one file a picture, with the objects that it shows."""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import parse

from gradviz.datasets.grouping import grouped
from gradviz.datasets.image_set import Box, Finding
from gradviz.datasets.pictures import own_size, printable

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

_MAX_BYTES = 1_000_000
_NAMES = re.compile(rb"<name\b[^>]*>\s*([^<]*?)\s*<")


def read_boxes(annotation: Path, picture: Path | None = None) -> tuple[Box, ...]:
    """Read the objects of one annotation, clipped to the picture; none if the file is missing or damaged.

    An object without a name or with a box outside the picture is left out. Entities and DTDs are refused (defusedxml).
    Where the annotation has no good size, it is that of the picture.
    """
    tree = _tree(annotation)
    size = None if tree is None else _size(tree) or (picture and own_size(picture))
    if tree is None or size is None:
        return ()
    boxes = (_box(item, *size) for item in tree.iterfind("object"))
    return tuple(box for box in boxes if box is not None)


class Shown(NamedTuple):
    """Hold what one annotation says: class -> 1, or 0 where all its objects are difficult, and what was not read."""

    labels: dict[str, int]
    has_nameless: bool
    has_unfit: bool


def read_shown(annotation: Path, picture: Path | None = None) -> Shown | None:
    """Return what the objects of an annotation are; None if the file cannot be read."""
    tree = _tree(annotation)
    if tree is None:
        return None
    labels: dict[str, int] = {}
    items = tree.findall("object")
    for item in items:
        if name := _name(item):
            labels[name] = max(labels.get(name, 0), 0 if _flag(item, "difficult") else 1)
    boxed = [item for item in items if item.find("bndbox") is not None]
    size = (_size(tree) or (picture and own_size(picture))) if boxed else None
    unfit = size is not None and any(_corners(item, *size) is None for item in boxed)
    return Shown(labels, not all(_name(item) for item in items), unfit)


def labels_from(
    annotations: Sequence[Path | None], pictures: Sequence[Path]
) -> tuple[Sequence[Mapping[str, int | None] | None], list[Finding]]:
    """Return the labels in each picture's annotation, None where it has none or it cannot be read, and what was not.

    An object without a name may be of any class: those that its picture is not said to show are unknown.
    """
    shown = [
        None if path is None else read_shown(path, picture) for path, picture in zip(annotations, pictures, strict=True)
    ]
    classes = {name for found in shown for name in (found.labels if found else ())}
    labels = [found and (dict.fromkeys(classes) if found.has_nameless else {}) | found.labels for found in shown]
    absent = sum(path is None for path in annotations)
    there = [(path.name, found) for path, found in zip(annotations, shown, strict=True) if path is not None]
    damaged = [name for name, found in there if found is None]
    nameless = [name for name, found in there if found and found.has_nameless]
    findings = grouped(damaged, "not an annotation in VOC's XML: labels unknown", "not read")
    findings += grouped(nameless, "an object without a name: the other classes of its picture are unknown", "not read")
    findings += unfit_boxes(name for name, found in there if found and found.has_unfit)
    if absent:
        findings.append(Finding("annotations", "pictures without an annotation: labels unknown", "unlabelled", absent))
    return labels, findings


def unfit_boxes(names: Iterable[str]) -> list[Finding]:
    """Name the annotations with boxes that are not drawn."""
    return grouped([*names], "boxes do not fit the picture and are not drawn; their labels count", "not read")


def is_plain(annotation: Path, classes: Collection[str]) -> bool:
    """Check at a glance, since to parse 17,000 files takes long, that there are only these classes and sound boxes.

    False where it takes a closer look. True for a file that is not there.
    """
    try:
        if not annotation.is_file() or annotation.stat().st_size > _MAX_BYTES:
            return True
        content = annotation.read_bytes()
    except OSError:
        return True
    if b"\0" in content:
        return False
    # Before the objects may stand the owner's name; within them, those of their parts.
    objects = content[max(0, content.find(b"<object")) :]
    try:
        if not {name.decode() for name in _NAMES.findall(objects)} <= {*classes}:
            return False
        width, height = (_numbers(content, side)[0] for side in (b"width", b"height"))
        sides = ((b"xmin", b"xmax", width), (b"ymin", b"ymax", height))
        return all(
            max(1, first) <= min(most, last)
            for low, high, most in sides
            for first, last in zip(_numbers(objects, low), _numbers(objects, high), strict=True)
        )
    except (ValueError, IndexError, OverflowError):
        return False


def is_foreign(annotation: Path) -> bool:
    """Check whether a file is sound XML, but of another kind."""
    tree = _parsed(annotation)
    return tree is not None and tree.tag != "annotation"


def _tree(annotation: Path) -> "Element | None":
    tree = _parsed(annotation)
    return tree if tree is not None and tree.tag == "annotation" else None


def _parsed(annotation: Path) -> "Element | None":
    try:
        if not annotation.is_file() or annotation.stat().st_size > _MAX_BYTES:
            return None
        return parse(annotation, forbid_dtd=True).getroot()
    except (OSError, SyntaxError, ValueError, DefusedXmlException):
        return None


def _size(tree: "Element") -> tuple[int, int] | None:
    try:
        width, height = (int(float(tree.findtext(f"size/{side}", ""))) for side in ("width", "height"))
    except (ValueError, OverflowError):
        return None
    return (width, height) if width > 0 and height > 0 else None


def _name(item: "Element") -> str:
    return printable((item.findtext("name") or "").strip())


def _flag(item: "Element", name: str) -> bool:
    return (item.findtext(name) or "").strip().lower() in ("1", "true")


def _corners(item: "Element", width: int, height: int) -> tuple[int, int, int, int] | None:
    """Return xmin, ymin, xmax, ymax, clipped to the picture; None for a box that is not there or lies outside."""
    try:
        corners = [round(float(item.findtext(f"bndbox/{side}", ""))) for side in ("xmin", "ymin", "xmax", "ymax")]
    except (ValueError, OverflowError):
        return None
    xmin, ymin = (max(1, corner) for corner in corners[:2])
    xmax, ymax = min(width, corners[2]), min(height, corners[3])
    return None if xmin > xmax or ymin > ymax else (xmin, ymin, xmax, ymax)


def _box(item: "Element", width: int, height: int) -> Box | None:
    name, corners = _name(item), _corners(item, width, height)
    if not name or corners is None:
        return None
    return Box(name, *corners, _flag(item, "difficult"), _flag(item, "truncated"))


def _numbers(content: bytes, tag: bytes) -> list[int]:
    return [round(float(text)) for text in re.findall(rb"<%b>([^<]*)<" % tag, content)]
