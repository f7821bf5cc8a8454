"""Build an image set from what a reader lists: classes, labels and splits, the part that all formats share."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gradviz.datasets.halves import halves
from gradviz.datasets.image_set import ApKind, Box, Finding, ImageSet, no_boxes
from gradviz.datasets.label_lists import alike
from gradviz.datasets.pictures import printable
from gradviz.datasets.repeats import Member, across_splits, copies, within_halves
from gradviz.datasets.scan import beside, empty_splits, inside, such_as, within
from gradviz.datasets.unshared import unshared
from gradviz.errors import DatasetError

_IN_NONE = "in no split"
_NAMED = 3
"""Classes that a finding names."""
DRAWN = "halves that are drawn at random: the labelled images have no splits of their own"


@dataclass(frozen=True, slots=True)
class Row:
    """Describe one image as a reader found it.

    Attributes
    ----------
    id
        Its name, unique in the set.
    path
        The picture; None in a set of features.
    labels
        Class -> 1 where the image shows it, 0 where it neither trains nor scores (only difficult objects), None where
        nobody knows (label 0 too). Classes that are not mentioned are -1. None instead of a mapping: nobody knows any.
    splits
        The splits that the image belongs to.
    """

    id: str
    path: Path | None = None
    labels: Mapping[str, int | None] | None = None
    splits: Sequence[str] = ()


@dataclass(frozen=True)
class Listing:
    """Hold what a reader found, in the order of the rows.

    Attributes
    ----------
    root
        The resolved folder (or file) that was read; no picture lies outside it.
    rows
        One for each usable image.
    findings
        What was left out, joined, guessed or not understood.
    name
        What the set calls itself; empty where that is the name of the file or folder.
    classes
        C names; None: those that the rows mention, sorted, and no labels at all if they mention none.
    splits
        Names in their order, whether rows mention them or not; None: those that the rows mention. If these mention
        none and there are labels, halves are drawn.
    ap, features, boxes_of
        As in `ImageSet`.
    masks
        Pictures that are no photographs but masks of them: named in a finding, and no part of any set.
    """

    root: Path
    rows: Sequence[Row]
    findings: Sequence[Finding] = ()
    name: str = ""
    classes: Sequence[str] | None = None
    splits: Sequence[str] | None = None
    ap: ApKind = "area"
    features: Mapping[str, NDArray[np.float32]] = field(default_factory=dict)
    boxes_of: Callable[[int], tuple[Box, ...]] = no_boxes
    masks: Sequence[Path] = ()

    def image_set(self, *, name: str, seed: int = 0, form: str = "") -> ImageSet:
        """Build the image set.

        Parameters
        ----------
        name
            What people call it.
        seed
            Draws the halves of labelled images without splits.
        form
            The format that it was read in.

        Raises
        ------
        DatasetError
            If ids repeat, or shapes do not fit together.
        """
        classes, labels, unknown = self._labels()
        own = self._own_splits()
        # Where no image has a label, there is nothing to draw from.
        drawn = None if own is not None or labels is None or not labels.any() else seed
        twice, noted = (None, []) if drawn is None else self._copies()
        splits = own or {} if drawn is None or labels is None else halves(labels, seed=seed, copies=twice)
        # What was drawn is said: it is the program's choice, not the data's.
        said = [_as_drawn(splits, classes, labels)] if drawn is not None and splits else []
        said += noted if drawn is not None else unshared(splits, classes, labels)
        said += [found for found in alike(classes) if found not in self.findings]
        beside = sum(not row.splits for row in self.rows if row.labels) if own else 0
        if beside and not any(_IN_NONE in found.reason for found in self.findings):
            said.append(Finding("labels", f"labelled images {_IN_NONE}: neither train nor score", "unlabelled", beside))
        return ImageSet(
            name=name,
            root=self.root,
            ids=tuple(row.id for row in self.rows),
            paths=tuple(row.path for row in self.rows if row.path is not None),
            classes=classes,
            labels=labels,
            unknown=unknown,
            splits=splits,
            findings=(*self.findings, *said),
            ap=self.ap,
            drawn=drawn,
            features=self.features,
            boxes_of=self.boxes_of,
            format=form,
            copies=twice,
        )

    def _copies(self) -> tuple[NDArray[np.int64] | None, list[Finding]]:
        """Number the photographs that are there twice, and say how many."""
        members = [Member(row.id, str(row.path), frozenset()) for row in self.rows if row.path is not None]
        twice = copies(members) if len(members) == len(self.rows) else None
        return twice, [] if twice is None else within_halves(members, twice, [row.labels for row in self.rows])

    def _labels(self) -> tuple[tuple[str, ...], NDArray[np.int8] | None, NDArray[np.bool_] | None]:
        if self.classes is None:
            classes = tuple(sorted({name for row in self.rows for name in row.labels or ()}))
            if not classes:
                return (), None, None
        else:
            classes = tuple(self.classes)
        column = {name: c for c, name in enumerate(classes)}
        labels = np.full((len(self.rows), len(classes)), -1, np.int8)
        unknown = np.zeros(labels.shape, np.bool_)
        for i, row in enumerate(self.rows):
            if row.labels is None:
                labels[i], unknown[i] = 0, True
            else:
                for name, value in row.labels.items():
                    labels[i, column[name]] = value or 0
                    unknown[i, column[name]] = value is None
        return classes, labels, unknown

    @property
    def _named_splits(self) -> Sequence[str]:
        if self.splits is not None:
            return self.splits
        return tuple(dict.fromkeys(split for row in self.rows for split in row.splits))

    def _own_splits(self) -> dict[str, NDArray[np.int64]] | None:
        """Return the splits that the data come with, None if there are none."""
        names = self._named_splits
        if self.splits is None and not names:
            return None
        members: dict[str, list[int]] = {name: [] for name in names}
        for i, row in enumerate(self.rows):
            for split in row.splits:
                members[split].append(i)
        return {name: np.array(positions, np.int64) for name, positions in members.items()}


def _no_folder(folder: Path) -> bool:
    return False


@dataclass(frozen=True)
class Format:
    """Describe a format of data sets: the words that people are shown, how it is recognised, how it is read.

    Attributes
    ----------
    name
        What it is called, with its article: it stands in sentences.
    layout
        What it looks like, in Markdown.
    labels
        Where labels and splits come from, in Markdown.
    listing
        Reads a file or folder. Raises DatasetError for what is not in this format; what is not usable within it is
        skipped and reported.
    suffixes
        The suffixes of files in this format, in lower case; none for a format of folders.
    fits
        Checks whether a folder is in this format.
    """

    name: str
    layout: str
    labels: str
    listing: Callable[[Path], Listing]
    suffixes: tuple[str, ...] = ()
    fits: Callable[[Path], bool] = _no_folder

    @property
    def looks(self) -> str:
        """Return the layout for a message in plain text."""
        return self.layout.replace("`", "")

    def recognises(self, path: Path) -> bool:
        """Check whether a file or folder is in this format: a file by its suffix, a folder by what lies in it."""
        return self.place(path) is not None

    def place(self, path: Path) -> Path | None:
        """Return what is read: the file, or the folder, or the only one in it, at the least depth, that fits."""
        if not path.is_dir():
            return path if path.suffix.lower() in self.suffixes else None
        fitting = self.fitting(path)
        return fitting[0] if len(fitting) == 1 else None

    def fitting(self, folder: Path) -> list[Path]:
        """Return the folder that fits, or the first one below it that is alone and fits, or all at the least depth."""
        alone = next((one for one in within(folder) if self.fits(one)), None)
        if alone is not None:
            return [alone]
        return next((found for level in inside(folder) if (found := [one for one in level if self.fits(one)])), [])

    def listed(self, path: Path) -> Listing:
        """List a file or folder, and name splits without pictures in it, and what lies beside the data set.

        Raises
        ------
        DatasetError
            If it is not in this format or damaged.
        """
        listing = self.listing(self.place(path) or path)
        if not path.is_dir():
            return listing
        whole, findings = path.resolve(), [*listing.findings]
        findings += empty_splits(listing.root, [finding.name for finding in findings])
        if listing.root != whole and listing.root.is_relative_to(whole):
            findings += beside(whole, listing.root)
        return replace(listing, findings=findings)

    def read(self, path: Path, *, seed: int = 0, name: str | None = None) -> ImageSet:
        """Read a file or folder.

        Parameters
        ----------
        path
            What to read.
        seed
            Draws `train` and `val` where images have labels but no splits.
        name
            What to call the set instead of by its file or folder.

        Raises
        ------
        DatasetError
            If it is not in this format, is damaged, or holds nothing usable.
        """
        listing = self.listed(path)
        if not listing.rows:
            verb = "holds" if path.is_dir() else "lists"
            said = f"{path} {verb} no usable picture{such_as(listing.findings)}: looked for {self.looks}."
            raise DatasetError(said, findings=listing.findings)
        members = [
            Member(row.id, str(row.path), frozenset(row.splits)) for row in listing.rows if row.path and row.splits
        ]
        listing = replace(listing, findings=[*listing.findings, *across_splits(members)])
        own = path.resolve().name if path.is_dir() else path.stem
        called = name or listing.name or own or str(listing.root)
        return listing.image_set(name=called, seed=seed, form=self.name)


def redrawn(images: ImageSet, seed: int) -> ImageSet:
    """Return the same images with the splits that this seed draws, where a seed drew them at all.

    Parameters
    ----------
    images
        The data set.
    seed
        Draws `train` and `val`.
    """
    if images.drawn is None or images.drawn == seed or images.labels is None:
        return images
    splits = halves(images.labels, seed=seed, copies=images.copies)
    said = _as_drawn(splits, images.classes, images.labels)
    findings = [said if found.reason.startswith(DRAWN) else found for found in images.findings]
    return replace(images, splits=splits, drawn=seed, findings=tuple(findings))


def _as_drawn(
    splits: Mapping[str, NDArray[np.int64]], classes: Sequence[str], labels: NDArray[np.int8] | None
) -> Finding:
    """Say that halves were drawn, which of them stayed empty, and which classes are in one of them alone."""
    empty = [
        f"; {name} is empty, for want of a second image" for name, positions in splits.items() if not len(positions)
    ]
    single: list[str] = []
    if not empty and labels is not None:
        there = np.array([(labels[positions] == 1).any(axis=0) for positions in splits.values()])
        single = [printable(name) for name, once in zip(classes, there.sum(axis=0) == 1, strict=True) if once]
    named = ", ".join(single[:_NAMED]) + (f" and {len(single) - _NAMED:,} more" if len(single) > _NAMED else "")
    alone = f"; in one half alone, for want of a second image, and so not scored: {named}" if single else ""
    return Finding(", ".join(splits), DRAWN + "".join(empty) + alone, "guessed")
