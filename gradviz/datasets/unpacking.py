"""Lay out the files of an upload in a folder, so that they are read like any folder, without trusting their names."""

import re
import tempfile
import zipfile
from collections.abc import Sequence
from pathlib import Path

from gradviz.datasets.pictures import HEAD, UNWRITABLE

_LONGEST = 255
"""Bytes of one part of a path that file systems take."""
_NUMBER = 10
"""Bytes that are kept free for a number where a part is cut."""
_UTF8 = 0x800


def original_name(info: zipfile.ZipInfo) -> str:
    """Return the path of an entry as its zip means it.

    Many programs write UTF-8 without saying so; zipfile then takes it for code page 437, which has a character for each
    byte, so that the bytes can be had back.
    """
    return _utf8(info) or info.filename


def is_guessed(info: zipfile.ZipInfo) -> bool:
    """Check whether nothing says in which code page the name of an entry is written."""
    return not info.filename.isascii() and _utf8(info) is None


def _utf8(info: zipfile.ZipInfo) -> str | None:
    if info.flag_bits & _UTF8:
        return info.filename
    try:
        return info.filename.encode("cp437").decode("utf-8")
    except UnicodeError:
        return None


def parts_of(name: str) -> tuple[str, ...]:
    """Return the folders and the file's name of a path: ./a//b.jpg lies where a/b.jpg does."""
    return tuple(part for part in name.split("/") if part not in ("", "."))


def leads_out(name: str) -> bool:
    """Check whether a path is absolute or goes up."""
    return name.startswith("/") or ".." in name.split("/") or re.match("[A-Za-z]:/", name) is not None


class Unpacked:
    """Hold the layout of an upload: regular files in folders, under names that can be shown; never a link.

    A picture stands there with its first bytes only, which is what readers look at. Two names that differ stay two,
    also where what is shown of them is the same, or where they differ in case only and the file system does not tell.
    """

    def __init__(self, above: Path):
        self.root = Path(tempfile.mkdtemp(prefix="layout-", dir=above)).resolve()
        self.pictures: dict[Path, str] = {}
        self.names: dict[Path, str] = {}
        """Picture -> its path in the zip."""
        self.renamed: dict[str, str] = {}
        """Name of a file or folder -> what it is called in the zip, where a file system cannot have that."""
        self._tells_case = not (self.root.parent / self.root.name.upper()).exists()
        self._shown: dict[tuple[Path, str], str] = {}
        self._taken: set[tuple[Path, str]] = set()

    def add_picture(self, name: str, kept: Path, key: str) -> None:
        """Put a picture, which is kept elsewhere, where its name says."""
        with kept.open("rb") as file:
            path = self._write(name, file.read(HEAD))
        self.pictures[path], self.names[path] = key, name

    def add_list(self, name: str, content: bytes) -> None:
        """Put a file that may say what pictures show where its name says."""
        self._write(name, content)

    def add_folder(self, name: str) -> None:
        """Make a folder, which may stay empty."""
        self._folder(parts_of(name))

    def _folder(self, parts: Sequence[str]) -> Path:
        place = self.root
        for part in parts:
            shown = self._shown.get((place, part)) or self._free(place, part)
            self._shown[place, part] = shown
            place /= shown
        place.mkdir(parents=True, exist_ok=True)
        return place

    def _write(self, name: str, content: bytes) -> Path:
        *folders, last = parts_of(name)
        place = self._folder(folders)
        path = place / self._free(place, last)
        with path.open("xb") as file:
            file.write(content)
        return path

    def _free(self, place: Path, part: str) -> str:
        """Return the name as it can be shown; numbered where another has it, and cut where it is too long."""
        called = UNWRITABLE.sub("?", part)
        stem, dot, suffix = called.rpartition(".")
        ending = dot + suffix if stem and len(suffix) < 20 else ""
        stem = stem if ending else called
        if len(called.encode()) > _LONGEST:
            stem = stem.encode()[: _LONGEST - _NUMBER - len(ending.encode())].decode(errors="ignore")
        candidate, number = stem + ending, 1
        while (place, self._as_told(candidate)) in self._taken:
            number += 1
            candidate = f"{stem} ({number}){ending}"
        self._taken.add((place, self._as_told(candidate)))
        # One whose name cannot be shown keeps its number: without it, two classes would look the same.
        if candidate != called == part:
            self.renamed[candidate] = called
        return candidate

    def _as_told(self, name: str) -> str:
        return name if self._tells_case else name.casefold()
