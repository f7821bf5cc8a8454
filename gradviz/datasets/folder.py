"""Read a plain folder of pictures: a subfolder's name is the class of what lies in it."""

from collections.abc import Sequence
from pathlib import Path

from gradviz.datasets.reading import Format, Listing, Row
from gradviz.datasets.scan import Found, pictures_below

_SPLITS = ("train", "val", "test")


def read_folder(folder: Path) -> Listing:
    """List pictures and, from the subfolders, classes and splits.

    Three layouts: pictures alone (no labels); `<class>/...` (no splits); `train|val|test/<class>/...`. A picture beside
    the class folders is of unknown class. Ids are paths below the folder.

    Raises
    ------
    DatasetError
        If the folder cannot be read.
    """
    root = folder.resolve()
    found, findings = pictures_below(root, root)
    splits = _split_folders(found)
    rows = [_row(picture, split=bool(splits)) for picture in found]
    return Listing(root, rows, findings, splits=splits or None)


def _row(picture: Found, *, split: bool) -> Row:
    place = picture.folders[1:] if split else picture.folders
    splits = (picture.folders[0].lower(),) if split else ()
    return Row(picture.name, picture.path, {place[0]: 1} if place else None, splits)


def _split_folders(found: Sequence[Found]) -> list[str]:
    """List the splits if every picture lies in <split>/<class>/: `train` with pictures right in it is a class."""
    if not all(len(picture.folders) >= 2 and picture.folders[0].lower() in _SPLITS for picture in found):
        return []
    here = {picture.folders[0].lower() for picture in found}
    return [split for split in _SPLITS if split in here]


FORMAT = Format(
    name="a folder of pictures",
    layout="JPEG, PNG or WebP pictures, in one subfolder per class or all together",
    labels="the subfolder's name; `train/`, `val/`, `test/` above them are splits; "
    "none for pictures side by side: kernels, maps and neighbours still work",
    listing=read_folder,
    fits=Path.is_dir,
)
