"""Read annotations in PASCAL VOC's XML: one file a picture, with the objects that it shows."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import parse
from PIL import Image

from gradviz.datasets.image_set import Box, Finding
from gradviz.datasets.pictures import printable
from gradviz.datasets.scan import grouped

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

_MAX_BYTES = 1_000_000


def read_boxes(annotation: Path, picture: Path | None = None) -> tuple[Box, ...]:
    """Read the objects of one annotation, clipped to the picture; none if the file is missing or damaged.

    An object without a name or with a box outside the picture is left out. Entities and DTDs are refused (defusedxml).
    Where the annotation has no good size, it is that of the picture.
    """
    tree = _tree(annotation)
    size = None if tree is None else _size(tree) or (picture and _own_size(picture))
    if tree is None or size is None:
        return ()
    boxes = (_box(item, *size) for item in tree.iterfind("object"))
    return tuple(box for box in boxes if box is not None)


def read_labels(annotation: Path) -> dict[str, int] | None:
    """Return the classes of the objects: 1, or 0 where all are difficult; None if the file cannot be read."""
    tree = _tree(annotation)
    if tree is None:
        return None
    labels: dict[str, int] = {}
    for item in tree.iterfind("object"):
        name = _name(item)
        if name:
            labels[name] = max(labels.get(name, 0), 0 if _flag(item, "difficult") else 1)
    return labels


def labels_from(annotations: Sequence[Path | None]) -> tuple[list[dict[str, int] | None], list[Finding]]:
    """Return the labels in each annotation, None where there is none or it cannot be read, and what was not read."""
    labels = [None if path is None else read_labels(path) for path in annotations]
    damaged = [path for path, found in zip(annotations, labels, strict=True) if path is not None and found is None]
    absent = sum(path is None for path in annotations)
    findings = grouped([path.name for path in damaged], "not an annotation in VOC's XML: labels unknown", "not read")
    if absent:
        findings.append(Finding("annotations", "pictures without an annotation: labels unknown", count=absent))
    return labels, findings


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


def _own_size(picture: Path) -> tuple[int, int] | None:
    """Read a picture's size from its header, without decoding it."""
    try:
        with Image.open(picture, formats=("JPEG", "PNG", "WEBP")) as image:
            return image.size
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return None


def _name(item: "Element") -> str:
    return printable((item.findtext("name") or "").strip())


def _flag(item: "Element", name: str) -> bool:
    return (item.findtext(name) or "").strip().lower() in ("1", "true")


def _box(item: "Element", width: int, height: int) -> Box | None:
    try:
        corners = [round(float(item.findtext(f"bndbox/{side}", ""))) for side in ("xmin", "ymin", "xmax", "ymax")]
    except (ValueError, OverflowError):
        return None
    name = _name(item)
    xmin, ymin = (max(1, corner) for corner in corners[:2])
    xmax, ymax = min(width, corners[2]), min(height, corners[3])
    if not name or xmin > xmax or ymin > ymax:
        return None
    return Box(name, xmin, ymin, xmax, ymax, _flag(item, "difficult"), _flag(item, "truncated"))
