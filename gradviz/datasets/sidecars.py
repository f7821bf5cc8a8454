"""Find the file that belongs to each picture: of the same name, beside it or in a folder of such files."""

from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath

from gradviz.datasets.scan import kind, names_below
from gradviz.datasets.splits import says_nothing, split_named

_FOLDERS = ("labels", "label", "annotations", "annotation", "annots", "xmls", "xml", "annotations/xmls", "txt")
_FOLDERS_OF_FOLDERS = 5


def sidecars(pictures: Iterable[str], files: Iterable[str]) -> dict[str, str]:
    """Map pictures to their files, both by their paths below one folder; pictures without one are not in the map."""
    of_place: dict[tuple[str, str], str] = {}
    for name in files:
        folder, stem = _parted(name)
        of_place.setdefault((folder.lower(), stem), name)
    filled = {folder for folder, _ in of_place}
    found, searched = {}, {}
    for name in pictures if of_place else ():
        folder, stem = _parted(name)
        if folder not in searched:  # there are many pictures in a folder
            searched[folder] = [place for place in dict.fromkeys(_folders(folder)) if place in filled]
        place = next((place for place in searched[folder] if (place, stem) in of_place), None)
        if place is not None:
            found[name] = of_place[place, stem]
    return found


def accompanied(folder: Path, suffix: str) -> list[str]:
    """List the files with a suffix that belong to pictures, by names alone; none unless every second has one."""
    names = names_below(folder, deepest=_FOLDERS_OF_FOLDERS)
    files = [name for name in names if name.lower().endswith(suffix)]
    pictures = [name for name in names if files and kind(name) == "picture"]
    found = sidecars(pictures, files)
    return list(found.values()) if 2 * len(found) >= len(pictures) else []


def split_of(name: str) -> str | None:
    """Return the split that one of a picture's folders names."""
    named = (split_named(folder) for folder in PurePosixPath(name).parts[:-1])
    return next((split for split in named if split), None)


def _parted(name: str) -> tuple[str, str]:
    """Return a file's folder and its name without the suffix."""
    folder, _, last = name.rpartition("/")
    stem, dot, _ = last.rpartition(".")
    return folder, stem if dot and stem else last


def _folders(folder: str) -> Iterator[str]:
    """List, in lower case, where the files of the pictures in a folder may lie: the nearest first."""
    parts = folder.lower().split("/") if folder else []
    yield "/".join(parts)
    for other in _FOLDERS:
        for place, part in reversed(list(enumerate(parts))):
            if says_nothing(part):
                yield "/".join([*parts[:place], other, *parts[place + 1 :]])
        yield "/".join([*parts, other])
        if parts:
            yield "/".join([*parts[:-1], other])
            yield "/".join([other, *parts])
