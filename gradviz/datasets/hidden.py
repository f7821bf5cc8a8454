"""Tell what is hidden, or kept by systems and programs for themselves, and name the pictures in it."""

import os
from collections import Counter
from collections.abc import Callable, Iterable

from gradviz.datasets.grouping import NAMED, grouped
from gradviz.datasets.image_set import Finding
from gradviz.datasets.pictures import PICTURE_SUFFIXES, printable

HIDDEN = "pictures that are hidden"
_MACOS = "__MACOSX"
SYSTEM = "pictures in a folder that the system or a program keeps for itself"
_SYSTEM = frozenset(
    (
        *("__macosx", "@eadir", "#recycle", "@recycle", "#snapshot", "$recycle.bin"),
        *("system volume information", "found.000", "lost+found", "__pycache__", "node_modules"),
    )
)
"""Folders that systems and programs keep for themselves, in lower case: never a class."""


def is_hidden(name: str) -> bool:
    """Check whether a path has a part that is hidden, or that a system or a program keeps for itself."""
    return any(
        (part.startswith(".") and part not in (".", "..")) or part.lower() in _SYSTEM for part in name.split("/")
    )


def hidden_pictures(names: Iterable[str], starts_like_a_picture: Callable[[str], bool]) -> list[Finding]:
    """Name what is hidden, or in a folder of the system, and called like a picture, but for what macOS adds to files.

    Parameters
    ----------
    names
        Paths of which a part is hidden.
    starts_like_a_picture
        Looks into a file that is called like those of macOS: people call pictures so too.
    """
    files: list[str] = []
    inside: dict[str, Counter[str]] = {}
    for name in names:
        *folders, last = name.split("/")
        if os.path.splitext(last)[1].lower() not in PICTURE_SUFFIXES:  # noqa: PTH122
            continue
        if (last.startswith("._") or _MACOS in folders) and not starts_like_a_picture(name):
            continue
        first = next((depth for depth, part in enumerate(folders) if is_hidden(part)), None)
        if first is None:
            files.append(name)
        else:
            inside.setdefault(folders[first], Counter())["/".join(folders[: first + 1])] += 1
    findings = grouped(files, HIDDEN, "left out")
    for last, places in inside.items():
        reason = SYSTEM if last.lower() in _SYSTEM else HIDDEN
        if len(places) > NAMED:
            findings.append(Finding(printable(f"*/{last}/"), reason, count=places.total()))
        else:
            findings += [Finding(printable(f"{place}/"), reason, count=count) for place, count in places.items()]
    return findings
