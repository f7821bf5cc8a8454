"""Read a plain folder of pictures: a subfolder's name is the class of what lies in it."""

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from gradviz.datasets.grouping import grouped
from gradviz.datasets.image_set import Finding
from gradviz.datasets.label_lists import alike
from gradviz.datasets.layout import Place, laid_out
from gradviz.datasets.masks import without_masks
from gradviz.datasets.packed_tables import labelled_by
from gradviz.datasets.pictures import printable
from gradviz.datasets.reading import Format, Listing, Row
from gradviz.datasets.scan import Found, contents, unread
from gradviz.datasets.sidecars import sidecars
from gradviz.datasets.split_lists import with_lists
from gradviz.datasets.splits import ORDER, mean_splits, no_class
from gradviz.datasets.table import EXPORTED
from gradviz.errors import DatasetError

CAPTION = "a text of the picture that is called so, a caption perhaps: no label is read from it"
_CAPTIONS = (".txt", ".caption", ".captions")


def read_folder(folder: Path) -> Listing:
    """List pictures and, from the subfolders, classes and splits.

    The layouts: pictures alone (no labels); `<class>/...` (no splits); `<split>/<class>/...`, where a split may have no
    class folders; `<class>/<split>/...`. A folder round all of it is passed through. What does not fit the layout that
    the others are in is part of the set without label and split, and a finding; masks of pictures are no part of it,
    and a finding. Where no folder is a class, lists as Roboflow writes them into each split, `_classes.csv`, give the
    labels. Ids are paths below the folder.

    Raises
    ------
    DatasetError
        If the folder cannot be read, or the names of its subfolders can be those of no classes.
    """
    root = folder.resolve()
    found = contents(root)
    pictures = without_masks(found.pictures)
    listing = arranged(root, pictures.photographs, [*found.findings, *pictures.findings])
    listing, unused = with_lists(replace(listing, masks=pictures.masks), found.lists)
    tables = {one.name: one.path for one in unused if one.path.name == EXPORTED}
    if tables and all(row.labels is None for row in listing.rows):
        listing = labelled_by(tables, root, listing, "lists no picture of the folder")
        unused = [one for one in unused if one.name not in tables]
    said = _captions([one.name for one in pictures.photographs], unused)
    return replace(listing, findings=[*listing.findings, *said])


def _captions(pictures: Sequence[str], lists: Sequence[Found]) -> list[Finding]:
    """Name the lists that are not used, and apart from them the texts that pictures have of their own."""
    texts = [one.name for one in lists if one.name.lower().endswith(_CAPTIONS)]
    captions = {*sidecars(pictures, texts).values()}
    findings = grouped(sorted(captions), CAPTION, "not read")
    return findings + unread(one for one in lists if one.name not in captions)


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
    rows, again = _joined(root, rows)
    remarks += alike({name for row in rows for name in row.labels or ()})
    return Listing(root, rows, [*findings, *remarks, *again], splits=splits or None)


def _joined(root: Path, rows: Sequence[Row]) -> tuple[list[Row], list[Finding]]:
    """Make one row of a file that links put into several folders: it has all their labels and splits."""
    paths = [str(row.path) for row in rows]
    holding = {os.path.dirname(path) for path in paths}  # noqa: PTH120 - a Path for each of many pictures is slow
    if all(os.path.realpath(path) == path for path in holding) and not any(map(os.path.islink, paths)):
        return list(rows), []
    folders: dict[Path, str] = {}
    one: dict[str, Row] = {}
    again: dict[str, list[str]] = {}
    for row in rows:
        path = row.path or root
        if path.parent not in folders:  # to resolve each of many pictures would take seconds
            folders[path.parent] = os.path.realpath(path.parent)
        file = os.path.realpath(path) if path.is_symlink() else os.path.join(folders[path.parent], path.name)  # noqa: PTH118
        first = one.setdefault(file, row)
        if first is row:
            continue
        labels = None if first.labels is None and row.labels is None else {**(first.labels or {}), **(row.labels or {})}
        splits = tuple(split for split in ORDER if split in {*first.splits, *row.splits})
        one[file] = replace(first, labels=labels, splits=splits)
        again.setdefault(first.id, []).append(row.id)
    reason = "the same file by way of a link: one picture, with the labels and splits of all its places"
    names = [name for listed in again.values() for name in listed]
    return list(one.values()), grouped(names, reason, "joined")


def _check(root: Path, places: Sequence[Place]) -> None:
    """Refuse classes whose names say that nobody meant them as classes; train beside two others may run on rails."""
    names = {place.label for place in places if place.label is not None}
    odd = sorted({*(name for name in names if no_class(name)), *mean_splits(names)})
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
