"""Parse lists of COCO instances: what is read of the JSON, and what its values mean."""

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from math import ceil, floor
from pathlib import Path
from typing import Any

import msgspec

from gradviz.datasets.image_set import FindingKind
from gradviz.datasets.pictures import printable
from gradviz.errors import DatasetError

_LARGEST = 2**31 - 1

Counts = Counter[tuple[str, FindingKind]]
"""How often something was found: reason and kind of a finding -> count."""

# Only what is read here: msgspec passes over the rest, the segmentations above all, without building it.
Id = str | int | float | None


class Image(msgspec.Struct, gc=False):
    """Hold an entry of `images`."""

    id: Id = None
    file_name: Any = None
    width: Any = None
    height: Any = None


class Annotation(msgspec.Struct, gc=False):
    """Hold an entry of `annotations`."""

    image_id: Id = None
    category_id: Id = None
    bbox: Any = None
    iscrowd: Any = None


class Category(msgspec.Struct, gc=False):
    """Hold an entry of `categories`."""

    id: Id = None
    name: Any = None


class Document(msgspec.Struct, gc=False):
    """Hold a list of instances."""

    images: list[Image]
    annotations: list[Annotation]
    categories: list[Category]


def parse(file: Path) -> Document:
    """Read a list of instances. Raises DatasetError for anything else."""
    try:
        content = file.read_bytes()
        try:
            return msgspec.json.decode(content, type=Document)
        except msgspec.ValidationError:
            raise
        except msgspec.DecodeError:
            # Python's own writer puts NaN, and editors a byte order mark: not JSON, but files that people have.
            return msgspec.convert(json.loads(content), Document)
    except (OSError, ValueError, RecursionError, msgspec.MsgspecError) as error:
        reason = printable(str(error)) or type(error).__name__
        raise DatasetError(
            f"{file} is not a COCO instances file with images, annotations, categories: {reason}."
        ) from error


def has_size(image: Image) -> bool:
    """Check whether an entry says how large its picture is."""
    try:
        return int(image.width) > 0 and int(image.height) > 0
    except (TypeError, ValueError, OverflowError):
        return False


def corners_of(bbox: Any, image: Image) -> tuple[int, int, int, int] | None:
    """Convert [x, y, width, height], 0-based, to corners clipped to the picture; None if there is nothing to frame."""
    try:
        x, y, width, height = (float(value) for value in bbox)
        right, bottom = (min(int(side), _LARGEST) for side in (image.width, image.height))
        xmin, ymin = max(1, floor(x) + 1), max(1, floor(y) + 1)
        xmax, ymax = min(right, ceil(x + width)), min(bottom, ceil(y + height))
    except (TypeError, ValueError, OverflowError):
        return None
    return None if xmin > xmax or ymin > ymax else (xmin, ymin, xmax, ymax)


def comparable(ids: Iterable[Id]) -> Callable[[Id], Id]:
    """Return what makes ids comparable: 3, 3.0 and "3" are one, unless a file tells them apart."""
    raw = set(ids)
    return _plain if len({_plain(one) for one in raw}) == len(raw) else lambda one: one


def _plain(one: Id) -> Id:
    if isinstance(one, float) and one.is_integer():
        return int(one)
    if isinstance(one, str) and re.fullmatch(r"-?[0-9]{1,18}", one.strip()):
        return int(one)
    return one


def category_names(categories: Sequence[Category], key: Callable[[Id], Id], count: Counts) -> dict[Id, str]:
    """Map the id of each category to its name; one that has none, or two, is not known."""
    names: dict[Id, set[str]] = {}
    for entry in categories:
        named = entry.id is not None and entry.name is not None and str(entry.name).strip()
        names.setdefault(key(entry.id), set()).update([printable(str(entry.name), longest=1000)] if named else [])
    clear = {one: next(iter(said)) for one, said in names.items() if len(said) == 1}
    if len(clear) < len(names):
        count["categories have no name and id of their own", "not read"] += len(names) - len(clear)
    again = len(clear) - len(set(clear.values()))
    if again:
        count["categories have the name of another, and are one class with it", "joined"] += again
    return clear


def is_crowd(value: Any) -> bool | None:
    """Read iscrowd, absent or 0 or 1, in whatever type; None for anything else."""
    said = str(value).strip().lower()
    if said in ("none", "", "0", "0.0", "false"):
        return False
    return True if said in ("1", "1.0", "true") else None
