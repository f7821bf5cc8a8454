"""Find the file that belongs to each picture: of the same name, beside it or in a folder of such files."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from gradviz.datasets.scan import is_picture, kind, names_below
from gradviz.datasets.splits import paired, says_nothing, split_named

_FOLDERS = ("labels", "label", "annotations", "annotation", "annots", "xmls", "xml", "annotations/xmls", "txt")
_FOLDERS_OF_FOLDERS = 5
_ASKED = 100
"""Files with odd suffixes that are looked into."""


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
    """List the files with a suffix that belong to pictures, by names alone; none unless every second has one.

    Where no name ends as those of pictures do, a few files are looked into.
    """
    names = names_below(folder, deepest=_FOLDERS_OF_FOLDERS)
    files = [name for name in names if name.lower().endswith(suffix)]
    pictures = [name for name in names if files and kind(name) == "picture"]
    if files and not pictures:
        odd = [name for name in names if kind(name) == "unknown"][:_ASKED]
        pictures = [name for name in odd if is_picture(folder / name)]
    found = sidecars(pictures, files)
    return list(found.values()) if 2 * len(found) >= len(pictures) else []


def splits_of(names: Sequence[str]) -> list[str | None]:
    """Return, for each picture, the split that one of its folders names; cars_train and cars_test are a pair."""
    folders = [tuple(name.split("/")[:-1]) for name in names]
    places = dict.fromkeys(folders)
    meant = paired(places)
    splits = {
        place: next((s for d, name in enumerate(place) if (s := meant.get(place[: d + 1]) or split_named(name))), None)
        for place in places
    }
    return [splits[place] for place in folders]


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
