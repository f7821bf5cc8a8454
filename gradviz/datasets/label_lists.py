"""Read labels that are written as text: one name, or several names in one cell."""

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeGuard

from gradviz.datasets.image_set import Finding
from gradviz.datasets.pictures import printable

_SEPARATORS = {"|": "a bar", ",": "a comma", "/": "a slash", "+": "a plus", " ": "a space"}
"""Beside the semicolon, in this order: what may separate the names in one cell, where the other cells confirm it."""
_KEYS = re.compile("choices?|[a-z]*labels?|class(es)?|categor(y|ies)|name")
"""Keys of objects in JSON that hold names of classes."""
_NOTHING = frozenset({"nan", "na", "n/a", "<na>", "#n/a", "null", "none", "-", "--", "---", "?", "??", "???"})
"""What programs and people write into an empty cell."""


@dataclass(frozen=True)
class Labels:
    """Hold each picture's labels as a `Row` takes them, what was guessed, and the classes where they are known."""

    of_pictures: Sequence[Mapping[str, int | None] | None]
    findings: list[Finding] = field(default_factory=list)
    classes: Sequence[str] | None = None


def label_lists(cells: Sequence[Sequence[str]]) -> Labels:
    """Read the labels of each picture from its cells: its classes are all that any of them names.

    Names are separated by semicolons. Another separator is believed only where names that it yields are there in other
    cells as well. A picture without a name is of unknown class.
    """
    parts = [[name for cell in own for name in _names(cell)] for own in cells]
    findings: list[Finding] = []
    empty = [part for own in parts for part in own if part.lower() in _NOTHING]
    if empty:
        findings.append(Finding(empty[0], "read as no label", "guessed", len(empty)))
    parts = [[part for part in own if part.lower() not in _NOTHING] for own in parts]
    distinct = {part for own in parts for part in own}
    for separator, called in _SEPARATORS.items():
        there = [part for own in parts for part in own if separator in part.strip(separator)]
        believed = _believed(distinct, separator)
        if there and believed == "yes":
            findings.append(Finding("labels", f"{called} is read as what separates several", "guessed", len(there)))
            parts = [[name.strip() for part in own for name in part.split(separator) if name.strip()] for own in parts]
            break
        if there and believed == "perhaps":
            reason = "read as one class; separate several by semicolons"
            findings.append(Finding(printable(there[0]), reason, "guessed", len(there)))
    labels = [{printable(name, longest=1000): 1 for name in own} or None for own in parts]
    classes = {name for own in labels for name in own or ()}
    findings += alike(classes)
    unknown = sum(own is None for own in labels)
    if classes and unknown:
        findings.append(Finding("labels", "pictures without a label are of unknown class", "guessed", unknown))
    return Labels(labels, findings)


def _names(cell: str) -> list[str]:
    """Split a cell at its semicolons; a list as Python or JSON writes it at its commas."""
    objects = _in_objects(cell)
    if objects:
        return objects
    listed = re.fullmatch(r"\[(.*)\]", cell)
    names = (name.strip().strip("'\"") for name in listed[1].split(",")) if listed else cell.split(";")
    return [name.strip() for name in names if name.strip()]


def _in_objects(cell: str) -> list[str]:
    """Return the names in JSON as annotation programs write it: {"choices": ["a"]}, [{"rectanglelabels": ["a"]}]."""
    if "{" not in cell[:2]:
        return []
    try:
        found = json.loads(cell)
    except (ValueError, RecursionError):
        return []
    names: list[str] = []
    for one in found if isinstance(found, list) else [found]:
        for key, value in one.items() if isinstance(one, dict) else ():
            if _KEYS.fullmatch(key.lower()):
                names += [name.strip() for name in (value if isinstance(value, list) else [value]) if _is_name(name)]
    return names


def _is_name(value: object) -> TypeGuard[str]:
    return isinstance(value, str) and bool(value.strip())


def _believed(cells: Iterable[str], separator: str) -> Literal["yes", "perhaps", "no"]:
    """Judge whether the parts of cells are names: those of a list are there on their own or in other lists too.

    Bars and commas hardly stand in names, so that half of the parts suffice. Names may well have spaces: there have to
    be as many lists as names in them ("sofa", "bed" and "sofa bed" are three names).
    """
    named = [{part.strip() for part in cell.split(separator)} - {""} for cell in cells]
    alone = {name for names in named if len(names) == 1 for name in names}
    lists = [names for names in named if len(names) > 1]
    times = Counter(name for names in lists for name in names)
    shared = sum(count for name, count in times.items() if name in alone or count > 1)
    if separator in "|,":
        return "yes" if lists and 2 * shared >= times.total() else "perhaps"
    if shared == times.total() and len(lists) >= len(times) and alone & times.keys():
        return "yes"
    return "perhaps" if any(names <= alone for names in lists) or (alone and shared) else "no"


def alike(classes: Iterable[str]) -> list[Finding]:
    """Name classes that differ in upper and lower case only: they may be meant as one."""
    ways: dict[str, list[str]] = {}
    for name in sorted(classes):
        ways.setdefault(re.sub(r"\s+", " ", name.casefold().strip()), []).append(name)
    same = [names for names in ways.values() if len(names) > 1]
    return [
        Finding(", ".join(names), "differ in case or spaces only, and are classes of their own", "guessed")
        for names in same
    ]
