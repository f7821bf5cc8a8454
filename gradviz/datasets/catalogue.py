"""List the data sets that have a name, and find one by its name or its place on disk."""

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, NamedTuple

from gradviz.datasets import voc
from gradviz.datasets.formats import recognised, sentence
from gradviz.datasets.image_set import Finding, ImageSet, joined
from gradviz.datasets.leftover import unlisted
from gradviz.datasets.pictures import printable
from gradviz.datasets.scan import any_picture
from gradviz.datasets.unshared import unshared
from gradviz.errors import DatasetError
from gradviz.home import ASSETS
from gradviz.home import home as home_folder


@dataclass(frozen=True)
class Archive:
    """Describe a published tar: its address, digest and size; the members below `prefix` make the set.

    `splits` are the lists in it that name its photographs, `images` of them together.
    """

    url: str
    md5: str
    bytes: int
    prefix: str
    splits: tuple[str, ...]
    images: int


@dataclass(frozen=True)
class Dataset:
    """Describe a data set that has a name.

    `folder` is its place below the home's `datasets/`, or below the program's assets where `shipped`.
    `joins` names data sets whose splits belong to it too once they are there, as in the official devkit.
    """

    name: str
    title: str
    folder: str
    archive: Archive | None = None
    shipped: bool = False
    joins: tuple[str, ...] = ()

    def where(self, home: str | Path | None = None) -> Path:
        """Return the folder that holds it once it is there."""
        return (ASSETS if self.shipped else home_folder(home) / "datasets") / self.folder

    def present(self, home: str | Path | None = None) -> bool:
        """Check whether its pictures are there."""
        return (self.where(home) / "JPEGImages").is_dir()


_OXFORD = "https://thor.robots.ox.ac.uk/pascal/VOC"

DATASETS: dict[str, Dataset] = {
    entry.name: entry
    for entry in (
        Dataset("demo", "Scenes rendered for this program, 20 VOC classes", "demo", shipped=True),
        Dataset(
            "voc2007",
            "PASCAL VOC 2007, train and val: 5,011 photographs, 20 classes",
            "voc2007/VOCdevkit/VOC2007",
            Archive(
                f"{_OXFORD}/voc2007/VOCtrainval_06-Nov-2007.tar",
                "c52e279531787c972589f7e41ab4ae64",
                460_032_000,
                "VOCdevkit/VOC2007/",
                ("train", "val", "trainval"),
                5011,
            ),
            joins=("voc2007-test",),
        ),
        Dataset(
            "voc2007-test",
            "PASCAL VOC 2007, test: 4,952 photographs, 20 classes",
            "voc2007-test/VOCdevkit/VOC2007",
            Archive(
                f"{_OXFORD}/voc2007/VOCtest_06-Nov-2007.tar",
                "b6e924de25625d8de591ea690078ad9f",
                451_020_800,
                "VOCdevkit/VOC2007/",
                ("test",),
                4952,
            ),
        ),
        Dataset(
            "voc2012",
            "PASCAL VOC 2012, train and val: 11,540 photographs, 20 classes",
            "voc2012/VOCdevkit/VOC2012",
            Archive(
                f"{_OXFORD}/voc2012/VOCtrainval_11-May-2012.tar",
                "6cd6e144f989b92b3379bac3b3de84fd",
                1_999_639_040,
                "VOCdevkit/VOC2012/",
                ("train", "val", "trainval"),
                11_540,
            ),
        ),
    )
}


def downloadable() -> tuple[str, ...]:
    """List the names of the data sets that can be downloaded."""
    return tuple(entry.name for entry in DATASETS.values() if entry.archive)


class Known(NamedTuple):
    """Describe one data set: what it is, where it is or would be, and whether it is there."""

    name: str
    description: str
    where: Path
    state: Literal["present", "missing"]


def known(home: str | Path | None = None) -> list[Known]:
    """List the named data sets, then the folders with pictures that people put into the home's `datasets/`.

    Parameters
    ----------
    home
        None for $GRADVIZ_HOME or its default.
    """
    listed = [
        Known(entry.name, entry.title, entry.where(home), "present" if entry.present(home) else "missing")
        for entry in DATASETS.values()
    ]
    own = [path for path in _own_folders(home) if any_picture(path)]
    return listed + [Known(path.name, "A folder of your own", path, "present") for path in own]


def find(name_or_folder: str | Path, *, home: str | Path | None = None, seed: int = 0) -> ImageSet:
    """Read a data set by its name, or from a folder or file in one of the `FORMATS`.

    Parameters
    ----------
    name_or_folder
        A name in `known()`, or a path. A name wins over a folder of the same name if the data set is there.
    home
        Where named data sets lie, in `datasets/`; None for $GRADVIZ_HOME or its default.
    seed
        Draws `train` and `val` for images that have labels but no splits.

    Returns
    -------
    ImageSet
        Its pictures are decoded when they are asked for.

    Raises
    ------
    DatasetError
        If there is none, it is damaged, or holds nothing usable. The message lists the names that are known and what a
        folder or file has to look like.
    """
    text = str(name_or_folder)
    entry = DATASETS.get(text)
    path = Path(text)
    there = bool(text.strip()) and os.path.exists(path)  # noqa: PTH110 - Path.exists raises on names that are too long
    if entry and entry.present(home):
        sets = [voc.FORMAT.read(part.where(home), name=text) for part in _parts(entry) if part.present(home)]
        return _named(_together(sets), path if there else None)
    own = {folder.name: folder for folder in _own_folders(home)}
    if text in own:
        images = recognised(own[text]).read(own[text], seed=seed, name=text)
        return _named(images, path if there and not path.samefile(own[text]) else None)
    if there:
        images = recognised(path).read(path, seed=seed)
        passed = unlisted(images.root, images.paths) if path.is_file() and images.root else []
        return replace(images, findings=(*images.findings, *passed)) if passed else images
    raise DatasetError(_advice(entry, home) if entry else _unknown(text, home))


def places(name_or_folder: str | Path, *, home: str | Path | None = None) -> list[Path]:
    """List the folders or the file that `find` reads, or would read once they are there."""
    text = str(name_or_folder)
    entry = DATASETS.get(text)
    if entry and entry.present(home):
        return [part.where(home) for part in _parts(entry)]
    own = {folder.name: folder for folder in _own_folders(home)}
    return [own.get(text, Path(text))]


def _together(sets: Sequence[ImageSet]) -> ImageSet:
    """Join the parts of a data set, and compare the splits of all of them instead of those of each part."""
    if len(sets) == 1:
        return sets[0]
    images = joined(sets)
    apart = [found for one in sets for found in unshared(one.splits, one.classes, one.labels)]
    findings = [found for found in images.findings if found not in apart]
    return replace(images, findings=(*findings, *unshared(images.splits, images.classes, images.labels)))


def _named(images: ImageSet, folder: Path | None) -> ImageSet:
    """Say that a folder of the same name lies here too, where there is one."""
    if folder is None:
        return images
    reason = f"the data set of this name; a folder here is called so too, and ./{folder} names it"
    return replace(images, findings=(*images.findings, Finding(images.name, reason, "guessed")))


def _parts(entry: Dataset) -> list[Dataset]:
    """List the entry and what adds a split to it; the first is the entry itself."""
    return [entry, *(DATASETS[name] for name in entry.joins)]


def _own_folders(home: str | Path | None) -> list[Path]:
    """List the visible folders in the home's `datasets/` that no named data set occupies."""
    datasets = home_folder(home) / "datasets"
    taken = {Path(entry.folder).parts[0] for entry in DATASETS.values()}
    if not datasets.is_dir():
        return []
    return sorted(
        path for path in datasets.iterdir() if path.is_dir() and path.name not in taken and path.name[0] not in "._"
    )


def _advice(entry: Dataset, home: str | Path | None) -> str:
    if entry.archive is None:
        return f"The data set {entry.name} is not in this copy of the program: expected it in {entry.where(home)}."
    size = round(entry.archive.bytes / 2**20)
    return f"The data set {entry.name} is not here yet: `python -m gradviz download {entry.name}` fetches {size:,} MB."


def _unknown(text: str, home: str | Path | None) -> str:
    names = ", ".join(entry.name for entry in known(home))
    return f"There is no data set or folder {printable(text)!r}: known are {names}; or name {sentence(layouts=True)}."
