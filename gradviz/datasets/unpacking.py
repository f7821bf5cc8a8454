"""Lay out the files of an upload in a folder, so that they are read like any folder, without trusting their names."""

import tempfile
import zipfile
from pathlib import Path

from gradviz.datasets.pictures import HEAD, UNWRITABLE

_LONGEST = 180
"""Bytes of one part of a path; file systems take 255."""
_UTF8 = 0x800


def original_name(info: zipfile.ZipInfo) -> str:
    """Return the path of an entry as its zip means it.

    Many programs write UTF-8 without saying so; zipfile then takes it for code page 437, which has a character for each
    byte, so that the bytes can be had back.
    """
    name = info.filename
    if not info.flag_bits & _UTF8:
        try:
            name = name.encode("cp437").decode("utf-8")
        except UnicodeError:
            name = info.filename
    return name


def leads_out(name: str) -> bool:
    """Check whether a path is absolute or goes up."""
    return name.startswith("/") or ".." in name.split("/") or ":" in name.split("/", maxsplit=1)[0][1:2]


class Unpacked:
    """Hold the layout of an upload: regular files in folders, under names that can be shown; never a link.

    A picture stands there with its first bytes only, which is what readers look at. Two names that differ stay two,
    also where what is shown of them is the same.
    """

    def __init__(self, above: Path):
        self.root = Path(tempfile.mkdtemp(prefix="layout-", dir=above)).resolve()
        self.pictures: dict[Path, str] = {}
        self._shown: dict[tuple[Path, str], str] = {}
        self._taken: set[tuple[Path, str]] = set()

    def add_picture(self, name: str, kept: Path, key: str) -> None:
        """Put a picture, which is kept elsewhere, where its name says."""
        with kept.open("rb") as file:
            self.pictures[self._write(name, file.read(HEAD))] = key

    def add_list(self, name: str, content: bytes) -> None:
        """Put a file that may say what pictures show where its name says."""
        self._write(name, content)

    def _write(self, name: str, content: bytes) -> Path:
        *folders, last = [part for part in name.split("/") if part not in ("", ".")]
        place = self.root
        for part in folders:
            shown = self._shown.get((place, part)) or self._free(place, part)
            self._shown[place, part] = shown
            place /= shown
        place.mkdir(parents=True, exist_ok=True)
        path = place / self._free(place, last)
        with path.open("xb") as file:
            file.write(content)
        return path

    def _free(self, place: Path, part: str) -> str:
        """Return the name as it can be shown; numbered where another has it, also but for upper and lower case."""
        stem, dot, suffix = UNWRITABLE.sub("?", part).rpartition(".")
        ending = dot + suffix if stem and len(suffix) < 20 else ""
        stem = (stem if ending else UNWRITABLE.sub("?", part)).encode()[:_LONGEST].decode(errors="ignore")
        candidate, number = stem + ending, 1
        while (place, candidate.casefold()) in self._taken:
            number += 1
            candidate = f"{stem} ({number}){ending}"
        self._taken.add((place, candidate.casefold()))
        return candidate
