"""A set of photographs with labels and splits: what every data set becomes, wherever it comes from."""

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from pathlib import Path
from types import MappingProxyType
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from gradviz.datasets.digests import file_digests
from gradviz.datasets.pictures import open_picture
from gradviz.errors import ChoiceError, DatasetError
from gradviz.words import counted

ApKind = Literal["eleven_point", "area"]
FindingKind = Literal["left out", "unlabelled", "joined", "guessed", "not read"]
EVERYTHING = "all"
"""The split that exists in every data set: all its images."""
_MOST_SAMPLES = 32


@dataclass(frozen=True)
class Box:
    """Hold the box of one object: corners in pixels, 1-based and inclusive as in VOC, inside the picture."""

    name: str
    xmin: int
    ymin: int
    xmax: int
    ymax: int
    difficult: bool = False
    truncated: bool = False


@dataclass(frozen=True)
class Finding:
    """Record what a reader left out, joined, guessed, did not understand or took without a label, `count` times."""

    name: str
    reason: str
    kind: FindingKind = "left out"
    count: int = 1


def no_boxes(position: int) -> tuple[Box, ...]:
    """Return no boxes: `boxes_of` of a data set without annotations."""
    return ()


@dataclass(frozen=True, eq=False)
class ImageSet:
    """Hold n images with their labels and splits; nothing is decoded until `open`.

    Attributes
    ----------
    name
        What people call it.
    root
        The folder (or file) it was read from; no picture lies outside it. None for a visitor's own pictures.
    ids
        n distinct names.
    paths
        n files, or none where the set holds features instead of pictures.
    classes
        C names.
    labels
        int8 of shape (n, C): 1 positive, -1 negative, 0 left out of training and scoring (only difficult objects, or
        unknown). None if nothing is labelled.
    unknown
        bool of shape (n, C): which of the zeros are there because nobody knows; the others are difficult. None if no
        label is unknown. Results do not depend on it, and so the digest does not.
    splits
        Name -> ascending int64 positions.
    findings
        What was left out, joined, guessed or not understood while reading.
    ap
        The average precision that people use with this set.
    drawn
        The seed that drew the splits; None where they are the data's own.
    features
        Name -> float32 of shape (n, d) for a set without pictures, else empty.
    boxes_of
        Reads the boxes of one position.
    format
        What the format is called that it was read from.
    copies
        int64 of shape (n,), where a seed draws the splits: one number for the photographs that are files of the same
        bytes. None if no two are. Results depend on it by way of the splits alone, and so the digest does not.

    Raises
    ------
    DatasetError
        If ids repeat, or shapes do not fit together.

    Notes
    -----
    Arrays are write-protected copies. Two sets are equal when their digests are.
    """

    name: str
    root: Path | None
    ids: tuple[str, ...]
    paths: tuple[Path, ...] = ()
    classes: tuple[str, ...] = ()
    labels: NDArray[np.int8] | None = None
    splits: Mapping[str, NDArray[np.int64]] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()
    ap: ApKind = "area"
    drawn: int | None = None
    features: Mapping[str, NDArray[np.float32]] = field(default_factory=dict)
    boxes_of: Callable[[int], tuple[Box, ...]] = field(default=no_boxes, repr=False)
    unknown: NDArray[np.bool_] | None = None
    format: str = ""
    copies: NDArray[np.int64] | None = None

    def __post_init__(self):
        n = len(self.ids)
        if len(set(self.ids)) != n:
            raise DatasetError(f"{self.name}: two images have the same id.")
        if not self.features and len(self.paths) != n:
            raise DatasetError(f"{self.name}: {counted(n, 'id')} but {counted(len(self.paths), 'picture')}.")
        if self.labels is not None:
            if np.shape(self.labels) != (n, len(self.classes)):
                raise DatasetError(f"{self.name}: labels of shape {np.shape(self.labels)} for {counted(n, 'image')}.")
            self._set("labels", _frozen(self.labels, np.int8))
        if self.unknown is not None:
            if self.labels is None or np.shape(self.unknown) != self.labels.shape or self.labels[self.unknown].any():
                raise DatasetError(f"{self.name}: what is unknown must have the label 0.")
            self._set("unknown", _frozen(self.unknown, np.bool_) if np.any(self.unknown) else None)
        if self.copies is not None:
            if np.shape(self.copies) != (n,):
                raise DatasetError(f"{self.name}: copies of shape {np.shape(self.copies)} for {counted(n, 'image')}.")
            self._set("copies", _frozen(self.copies, np.int64))
        splits = {name: _frozen(np.unique(positions), np.int64) for name, positions in self.splits.items()}
        self._set("splits", MappingProxyType(splits))
        self._set("features", MappingProxyType({name: _frozen(x, np.float32) for name, x in self.features.items()}))

    def _set(self, name: str, value: object) -> None:
        object.__setattr__(self, name, value)

    def __len__(self) -> int:
        return len(self.ids)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ImageSet) and self.digest == other.digest

    def __hash__(self) -> int:
        return hash(self.digest)

    def open(self, position: int) -> Image.Image:
        """Decode one picture: RGB, upright. Raises DatasetError, naming it, if that cannot be done safely."""
        if not self.paths:
            raise DatasetError(f"{self.name} holds features, not pictures.")
        return open_picture(self.paths[position], name=self.ids[position])

    def boxes(self, position: int) -> tuple[Box, ...]:
        """Return the boxes of one picture; none if its annotation is missing or damaged."""
        return self.boxes_of(position)

    def labels_of(self, position: int) -> tuple[str, ...]:
        """Return the classes that the image shows."""
        if self.labels is None:
            return ()
        return tuple(self.classes[c] for c in np.flatnonzero(self.labels[position] == 1))

    def source(self, identifier: str) -> int:
        """Return the position of an id. Raises ChoiceError if there is none."""
        try:
            return self._positions[identifier]
        except KeyError:
            like = ", ".join(self.ids[:3])
            raise ChoiceError(
                f"{self.name} has no image {identifier!r}; its ids look like {like}.", findings=self.findings
            ) from None

    def select(self, split: str | None = None, n: int | None = None) -> NDArray[np.int64]:
        """Choose the images of a split, or n of them.

        The n images are those with the smallest SHA-256 of the id: no seed is needed, and a larger n contains the
        smaller. A split with fewer than n images is returned whole.

        Parameters
        ----------
        split
            A name in `splits`; None or "all" for every image.
        n
            How many, at least 1; None for all of the split.

        Returns
        -------
        ndarray
            Ascending int64 positions, which are nobody's to change.

        Raises
        ------
        ChoiceError
            If there is no such split, or n is less than 1.
        """
        if split is not None and split in self.splits:
            positions = self.splits[split]
        elif split is None or split == EVERYTHING:
            positions = np.arange(len(self))
        else:
            there = ", ".join([EVERYTHING, *self.splits])
            raise ChoiceError(f"{self.name} has no split {split!r}; it has {there}.", findings=self.findings)
        if n is None or n >= len(positions):
            return positions
        if n < 1:
            raise ChoiceError(f"The number of images must be at least 1, not {n}.")
        key = split, n
        if (kept := self._samples.get(key)) is None:
            nearest = np.argsort(self._rank[positions])[:n]
            kept = np.sort(positions[nearest])
            kept.flags.writeable = False
            self._samples[key] = kept
            for oldest in list(self._samples)[:-_MOST_SAMPLES]:  # a list, as other threads choose as well
                self._samples.pop(oldest, None)
        return kept

    @cached_property
    def _samples(self) -> dict[tuple[str | None, int], NDArray[np.int64]]:
        """Keep what `select` has chosen last: a page asks a dozen times for the same."""
        return {}

    def subset(self, ids: Iterable[str], name: str) -> "ImageSet":
        """Return the set that holds these images alone, in this set's order; splits that lose all theirs are gone.

        Parameters
        ----------
        ids
            At least one id.
        name
            What people call the part.

        Returns
        -------
        ImageSet
            The part.

        Raises
        ------
        ChoiceError
            For an id that is not here, or without any.
        """
        kept = np.unique([self.source(identifier) for identifier in ids]).astype(np.int64)
        if not len(kept):
            raise ChoiceError(f"No photograph of {self.name} is chosen.", findings=self.findings)
        splits = {split: np.flatnonzero(np.isin(kept, positions)) for split, positions in self.splits.items()}
        return replace(
            self,
            name=name,
            ids=tuple(self.ids[i] for i in kept),
            paths=tuple(self.paths[i] for i in kept) if self.paths else (),
            labels=None if self.labels is None else self.labels[kept],
            unknown=None if self.unknown is None else self.unknown[kept],
            copies=None if self.copies is None else self.copies[kept],
            splits={split: positions for split, positions in splits.items() if len(positions)},
            features={name: x[kept] for name, x in self.features.items()},
            boxes_of=partial(_boxes_of_origin, tuple((self, int(i)) for i in kept)),
        )

    @cached_property
    def row_order(self) -> NDArray[np.int64]:
        """Return the order of the store's rows, positions (n,): images that share their splits stand together.

        Inside such a group they are ordered by the SHA-256 of the id. A sample of a split is then a prefix of each
        group of that split, and lies in few chunks.
        """
        membership = np.zeros((len(self.splits), len(self)), bool)
        for row, name in enumerate(sorted(self.splits)):
            membership[row, self.splits[name]] = True
        return _frozen(np.lexsort([self._rank, *membership]), np.int64)

    @cached_property
    def contents(self) -> tuple[str, ...]:
        """List the SHA-256 of each picture's file; DatasetError if one cannot be read."""
        return tuple(file_digests(self.paths))

    @cached_property
    def digest(self) -> str:
        """Identify everything that a result may depend on, contents, ids, labels and splits: 64 hex digits."""
        whole = hashlib.sha256()
        for line in zip(self.ids, self.contents, strict=False):
            whole.update("\t".join(line).encode() + b"\n")
        if not self.paths:
            whole.update("\n".join(self.ids).encode())
        for name in sorted(self.features):
            whole.update(f"feature {name} {self.features[name].shape}".encode() + self.features[name].tobytes())
        whole.update("\t".join([self.ap, *self.classes]).encode())
        if self.labels is not None:
            whole.update(self.labels.tobytes())
        for name in sorted(self.splits):
            whole.update(f"split {name} {len(self.splits[name])}".encode() + self.splits[name].tobytes())
        return whole.hexdigest()

    @cached_property
    def _positions(self) -> dict[str, int]:
        return {identifier: position for position, identifier in enumerate(self.ids)}

    @cached_property
    def _rank(self) -> NDArray[np.int64]:
        """Place of each image when all are sorted by the SHA-256 of their ids."""
        order = sorted(range(len(self)), key=lambda i: hashlib.sha256(self.ids[i].encode()).digest())
        rank = np.empty(len(self), np.int64)
        rank[order] = np.arange(len(self))
        return rank


def joined(sets: Sequence[ImageSet]) -> ImageSet:
    """Join data sets under the name, root and average precision of the first.

    Splits of the same name grow together. A class that one set does not know has label 0 there. An id that came before
    is a finding.
    """
    first = sets[0]
    origin: dict[str, tuple[ImageSet, int]] = {}
    findings: list[Finding] = []
    for one in sets:
        findings += one.findings
        for position, identifier in enumerate(one.ids):
            if identifier in origin:
                findings.append(Finding(identifier, f"already in another part of {first.name}"))
            else:
                origin[identifier] = (one, position)
    place = {identifier: i for i, identifier in enumerate(origin)}
    classes = sorted({name for one in sets for name in one.classes})
    labels = np.zeros((len(origin), len(classes)), np.int8)
    unknown = np.ones(labels.shape, np.bool_)
    splits: dict[str, list[int]] = {}
    for one in sets:
        mine = [i for i, identifier in enumerate(one.ids) if origin[identifier][0] is one]
        if one.labels is not None:
            rows = [place[one.ids[i]] for i in mine]
            known = np.ix_(rows, [classes.index(name) for name in one.classes])
            labels[known] = one.labels[mine]
            unknown[known] = False if one.unknown is None else one.unknown[mine]
        for split, positions in one.splits.items():
            splits.setdefault(split, []).extend(place[one.ids[i]] for i in positions)
    return replace(
        first,
        ids=tuple(origin),
        paths=tuple(one.paths[i] for one, i in origin.values()),
        classes=tuple(classes),
        labels=labels if classes else None,
        unknown=unknown if classes else None,
        splits=splits,
        findings=tuple(findings),
        copies=None,
        boxes_of=partial(_boxes_of_origin, tuple(origin.values())),
    )


def _boxes_of_origin(origin: Sequence[tuple[ImageSet, int]], position: int) -> tuple[Box, ...]:
    one, own = origin[position]
    return one.boxes(own)


def _frozen(values: object, dtype: type) -> np.ndarray:
    array = np.array(values, dtype)
    array.flags.writeable = False
    return array
