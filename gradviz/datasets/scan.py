"""List the pictures in folders without decoding any and without leaving the folder."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from gradviz.datasets.image_set import Finding
from gradviz.datasets.pictures import (
    HEAD,
    OTHER_SUFFIXES,
    PICTURE_SUFFIXES,
    UNWRITABLE,
    picture_format,
    printable,
    why_not,
)
from gradviz.errors import DatasetError

DEEPEST = 8
"""Folders inside folders that are followed."""

_UNWRITABLE_NAME = "a name with characters that cannot be written down"


@dataclass(frozen=True)
class Found:
    """Locate a picture; `name` is its path below the scanned folder, with `/` between the parts."""

    name: str
    path: Path

    @property
    def folders(self) -> tuple[str, ...]:
        """Return the folders between the scanned one and the picture."""
        return tuple(self.name.split("/")[:-1])


def pictures_below(folder: Path, root: Path, *, deepest: int = DEEPEST) -> tuple[list[Found], list[Finding]]:
    """List the pictures in `folder` and the folders below it, by name.

    A picture is a regular file that starts like a JPEG, PNG or WebP, whatever its suffix. Finding, with the reason:
    files that pretend to be pictures, links that lead out of `root`, names that cannot be written down. Other files and
    hidden ones are ignored.

    Parameters
    ----------
    folder
        Where to look.
    root
        A resolved folder that no picture may lie outside of.
    deepest
        How many folders inside folders are followed.

    Raises
    ------
    DatasetError
        If `folder` cannot be read.
    """
    found: list[Found] = []
    findings: list[Finding] = []
    for name, entry in _files(folder, "", deepest, root, findings):
        reason = _refusal(name, entry, root)
        if reason is None:
            found.append(Found(name, Path(entry.path)))
        elif reason:
            findings.append(Finding(printable(name), reason))
    return sorted(found, key=lambda picture: picture.name), findings


def any_picture(folder: Path) -> bool:
    """Check whether a folder holds a usable picture, looking no further than the first."""
    root = folder.resolve()
    try:
        return any(_refusal(name, entry, root) is None for name, entry in _files(folder, "", DEEPEST, root, []))
    except DatasetError:
        return False


def inside(root: Path, path: Path) -> bool:
    """Check whether a path stays below a resolved root once every link is followed."""
    return path.resolve().is_relative_to(root)


def below(root: Path, relative: str) -> Path | str:
    """Return the picture below `root` that a list names by its path, or the reason why there is none."""
    if UNWRITABLE.search(relative):
        return _UNWRITABLE_NAME
    try:
        path = root / relative
        if not inside(root, path):
            return "leads out of the folder"
        if not path.is_file():
            return "no such file"
        return _content(path) or path
    except (OSError, ValueError, RuntimeError) as error:  # too long, a zero byte, a ring of links
        return f"not a usable path: {printable(str(error))}"


def such_as(findings: Sequence[Finding]) -> str:
    """Summarise how many entries were skipped, with the first as an example; empty if none was."""
    return f" (skipped {len(findings)}, such as {findings[0].name}: {findings[0].reason})" if findings else ""


def _files(
    folder: Path, prefix: str, deepest: int, root: Path, findings: list[Finding]
) -> Iterator[tuple[str, os.DirEntry]]:
    try:
        with os.scandir(folder) as entries:
            listed = sorted(entries, key=lambda entry: entry.name)
    except OSError as error:
        if not prefix:
            raise DatasetError(f"The folder {printable(str(folder))} cannot be read: {error.strerror}.") from error
        findings.append(Finding(printable(prefix), f"the folder cannot be read: {error.strerror}"))
        return
    for entry in listed:
        name = prefix + entry.name
        if entry.name.startswith(".") or entry.name == "__MACOSX":
            continue
        if not entry.is_dir(follow_symlinks=False):
            if entry.is_symlink() and Path(entry.path).is_dir():
                findings.append(Finding(printable(name), "a link to a folder is not followed"))
            else:
                yield name, entry
        elif deepest > 0:
            yield from _files(Path(entry.path), name + "/", deepest - 1, root, findings)
        else:
            findings.append(Finding(printable(name), "a folder too deep inside others"))


def _refusal(name: str, entry: os.DirEntry, root: Path) -> str | None:
    """Explain why an entry is not a picture: None if it is one, "" if nobody would take it for one."""
    suffix = os.path.splitext(entry.name)[1].lower()  # noqa: PTH122 - a Path for each of 17,000 entries is slow
    pretends = suffix in PICTURE_SUFFIXES or suffix in OTHER_SUFFIXES
    if not (pretends or not suffix):
        return ""
    if UNWRITABLE.search(name):
        return _UNWRITABLE_NAME
    try:
        if entry.is_symlink() and not inside(root, Path(entry.path)):
            return "a link that leads out of the folder"
        if not entry.is_file():
            return "not a file" if pretends else ""
        reason = _content(Path(entry.path))
    except (OSError, RuntimeError) as error:
        reason = f"cannot be read: {getattr(error, 'strerror', None) or error}"
    return reason if pretends or reason is None else ""


def _content(path: Path) -> str | None:
    with path.open("rb", buffering=0) as file:
        head = file.read(HEAD)
    return None if picture_format(head) else why_not(head)
