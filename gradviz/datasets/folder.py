"""Read a plain folder of pictures: a subfolder's name is the class of what lies in it."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from gradviz.datasets.image_set import Finding
from gradviz.datasets.layout import Place, laid_out
from gradviz.datasets.pictures import printable
from gradviz.datasets.reading import Format, Listing, Row
from gradviz.datasets.scan import Found, contents, is_empty, unread, within
from gradviz.datasets.split_lists import with_lists
from gradviz.datasets.splits import ORDER, no_class, split_named
from gradviz.errors import DatasetError


def read_folder(folder: Path) -> Listing:
    """List pictures and, from the subfolders, classes and splits.

    The layouts: pictures alone (no labels); `<class>/...` (no splits); `<split>/<class>/...`, where a split may have no
    class folders; `<class>/<split>/...`. A folder round all of it is passed through. What does not fit the layout that
    the others are in is part of the set without label and split, and a finding. Ids are paths below the folder.

    Raises
    ------
    DatasetError
        If the folder cannot be read, or the names of its subfolders can be those of no classes.
    """
    root = folder.resolve()
    found = contents(root)
    listing, unused = with_lists(arranged(root, found.pictures, found.findings), found.lists)
    return replace(listing, findings=[*listing.findings, *unread(unused), *_empty_splits(root)])


def _empty_splits(root: Path) -> list[Finding]:
    """Name folders called like splits in which there is nothing."""
    empty = [
        path
        for folder in within(root)
        for path in sorted(folder.iterdir())
        if split_named(path.name) and path.is_dir() and is_empty(path)
    ]
    return [Finding(printable(path.relative_to(root).as_posix()), "the folder of a split, but empty") for path in empty]


def arranged(root: Path, found: Sequence[Found], findings: Sequence[Finding]) -> Listing:
    """Return the pictures of a folder with what their places say about them."""
    places, remarks = laid_out([picture.name for picture in found])
    _check(root, places)
    splits = [split for split in ORDER if any(place.split == split for place in places)]
    rows = [
        Row(
            picture.name,
            picture.path,
            None if place.label is None else {place.label: 1},
            (place.split,) if place.split else (),
        )
        for picture, place in zip(found, places, strict=True)
    ]
    return Listing(root, rows, [*findings, *remarks], splits=splits or None)


def _check(root: Path, places: Sequence[Place]) -> None:
    """Refuse classes whose names say that nobody meant them as classes; train beside two others may run on rails."""
    names = {place.label for place in places if place.label is not None}
    odd = sorted(name for name in names if no_class(name))
    rails = [name for name in odd if name.lower() == "train"]
    if odd and not (odd == rails and len(names) > len(odd) + 1):
        listed = printable(", ".join(odd))
        called = "a subfolder called" if len(odd) == 1 else "subfolders called"
        verb = "names" if len(odd) == 1 else "name"
        raise DatasetError(
            f"{root} has {called} {listed}, which {verb} no class: give each class a folder of its own, or name "
            "the one folder that holds the pictures."
        )


FORMAT = Format(
    name="a folder of pictures",
    layout="JPEG, PNG or WebP pictures, in one subfolder per class or all together",
    labels="the subfolder's name; `train/`, `val/` (`valid/`, `validation/`), `test/` above or below them are splits; "
    "none for pictures side by side: kernels, maps and neighbours still work",
    listing=read_folder,
    fits=Path.is_dir,
)
