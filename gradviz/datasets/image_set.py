"""A set of photographs with labels and splits: what every data set becomes, wherever it comes from."""

import hashlib
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from pathlib import Path
from types import MappingProxyType
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from gradviz.datasets.pictures import open_picture
from gradviz.errors import ChoiceError, DatasetError

ApKind = Literal["eleven_point", "area"]
EVERYTHING = "all"
"""The split that exists in every data set: all its images."""


@dataclass(frozen=True)
class Box:
    """Frame one object: corners in pixels, 1-based and inclusive as in VOC, inside the picture."""

    name: str
    xmin: int
    ymin: int
    xmax: int
    ymax: int
    difficult: bool = False
    truncated: bool = False


@dataclass(frozen=True)
class Skipped:
    """Name an entry that was left out, and why."""

    name: str
    reason: str


def no_boxes(position: int) -> tuple[Box, ...]:
    """Stand for a data set without annotations."""
    return ()


@dataclass(frozen=True, eq=False)
class ImageSet:
    """Hold what is known of n images; nothing is decoded until `open`.

    Attributes:
        name: what people call it.
        root: the folder (or file) it was read from; no picture lies outside it. None for a visitor's own pictures.
        ids: n distinct names.
        paths: n files, or none where the set holds features instead of pictures.
        classes: C names.
        labels: int8 (n, C); 1 positive, -1 negative, 0 left out of training and scoring (only difficult objects, or
            unknown). None if nothing is labelled.
        splits: name -> ascending int64 positions.
        skipped: what was left out while reading.
        ap: the average precision that people use with this set.
        features: name -> float32 (n, d) for a set without pictures, else empty.
        boxes_of: reads the boxes of one position.

    Arrays are write-protected copies. Two sets are equal when their digests are.
    """

    name: str
    root: Path | None
    ids: tuple[str, ...]
    paths: tuple[Path, ...] = ()
    classes: tuple[str, ...] = ()
    labels: NDArray[np.int8] | None = None
    splits: Mapping[str, NDArray[np.int64]] = field(default_factory=dict)
    skipped: tuple[Skipped, ...] = ()
    ap: ApKind = "area"
    features: Mapping[str, NDArray[np.float32]] = field(default_factory=dict)
    boxes_of: Callable[[int], tuple[Box, ...]] = field(default=no_boxes, repr=False)

    def __post_init__(self):
        n = len(self.ids)
        if len(set(self.ids)) != n:
            raise DatasetError(f"{self.name}: two images have the same id.")
        if not self.features and len(self.paths) != n:
            raise DatasetError(f"{self.name}: {n} ids but {len(self.paths)} pictures.")
        if self.labels is not None:
            if np.shape(self.labels) != (n, len(self.classes)):
                raise DatasetError(f"{self.name}: labels of shape {np.shape(self.labels)} for {n} images.")
            self._set("labels", _frozen(self.labels, np.int8))
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
        """Decode one picture: RGB, upright. DatasetError, naming it, if that cannot be done safely."""
        if not self.paths:
            raise DatasetError(f"{self.name} holds features, no pictures.")
        return open_picture(self.paths[position], name=self.ids[position])

    def boxes(self, position: int) -> tuple[Box, ...]:
        """Read the boxes of one picture; none if its annotation is missing or damaged."""
        return self.boxes_of(position)

    def labels_of(self, position: int) -> tuple[str, ...]:
        """Name the classes that the image shows."""
        if self.labels is None:
            return ()
        return tuple(self.classes[c] for c in np.flatnonzero(self.labels[position] == 1))

    def source(self, identifier: str) -> int:
        """Find the position of an id; ChoiceError if there is none."""
        try:
            return self._positions[identifier]
        except KeyError:
            like = ", ".join(self.ids[:3])
            raise ChoiceError(f"{self.name} has no image {identifier!r}; its ids look like {like}.") from None

    def select(self, split: str | None = None, n: int | None = None) -> NDArray[np.int64]:
        """Choose positions, ascending: a split (None or "all": everything), or n images of it.

        The n images are those with the smallest sha256 of the id: no seed is needed, and a larger n contains the
        smaller. A split with fewer than n images is returned whole.
        """
        if split in self.splits:
            positions = self.splits[split]
        elif split is None or split == EVERYTHING:
            positions = np.arange(len(self))
        else:
            raise ChoiceError(f"{self.name} has no split {split!r}; it has {', '.join([EVERYTHING, *self.splits])}.")
        if n is None or n >= len(positions):
            return positions
        if n < 1:
            raise ChoiceError(f"The number of images must be at least 1, not {n}.")
        nearest = np.argsort(self._rank[positions])[:n]
        return np.sort(positions[nearest])

    @cached_property
    def row_order(self) -> NDArray[np.int64]:
        """Order of the store's rows: images that share their splits together, by sha256 of the id inside such a group.

        A sample of a split is then a prefix of each group of that split, and lies in few chunks.
        """
        membership = np.zeros((len(self.splits), len(self)), bool)
        for row, name in enumerate(sorted(self.splits)):
            membership[row, self.splits[name]] = True
        return _frozen(np.lexsort([self._rank, *membership]), np.int64)

    @cached_property
    def digest(self) -> str:
        """Identify everything that a result may depend on: contents, ids, labels, splits. 64 hex digits."""
        whole = hashlib.sha256()
        for line in zip(self.ids, file_digests(self.paths), strict=False):
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
        """Place of each image when all are sorted by the sha256 of their ids."""
        order = sorted(range(len(self)), key=lambda i: hashlib.sha256(self.ids[i].encode()).digest())
        rank = np.empty(len(self), np.int64)
        rank[order] = np.arange(len(self))
        return rank


def halves(labels: NDArray[np.int8], *, seed: int) -> dict[str, NDArray[np.int64]]:
    """Split into `train` and `val`, half of each kind of image in either; images of unknown class go to neither.

    A kind is a row of `labels` (n, C). Odd kinds favour train and val in turn; a kind with one image goes to train.
    """
    rng = np.random.default_rng(seed)
    known = np.flatnonzero((labels != 0).any(axis=1))
    _, kind = np.unique(labels[known], axis=0, return_inverse=True)
    parts: dict[str, list[NDArray[np.int64]]] = {"train": [], "val": []}
    larger, smaller = "train", "val"
    for k in range(kind.max(initial=-1) + 1):
        members = rng.permutation(known[kind == k])
        if len(members) == 1:
            parts["train"].append(members)
            continue
        parts[larger].append(members[0::2])
        parts[smaller].append(members[1::2])
        if len(members) % 2:
            larger, smaller = smaller, larger
    return {name: np.sort(np.concatenate([np.empty(0, np.int64), *part])) for name, part in parts.items()}


def joined(sets: Sequence[ImageSet]) -> ImageSet:
    """Put data sets together under the name, root and average precision of the first.

    Splits of the same name grow together. A class that one set does not know has label 0 there. An id that came before
    is skipped.
    """
    first = sets[0]
    origin: dict[str, tuple[ImageSet, int]] = {}
    skipped: list[Skipped] = []
    for one in sets:
        skipped += one.skipped
        for position, identifier in enumerate(one.ids):
            if identifier in origin:
                skipped.append(Skipped(identifier, f"already in another part of {first.name}"))
            else:
                origin[identifier] = (one, position)
    place = {identifier: i for i, identifier in enumerate(origin)}
    classes = sorted({name for one in sets for name in one.classes})
    labels = np.zeros((len(origin), len(classes)), np.int8)
    splits: dict[str, list[int]] = {}
    for one in sets:
        mine = [i for i, identifier in enumerate(one.ids) if origin[identifier][0] is one]
        if one.labels is not None:
            rows = [place[one.ids[i]] for i in mine]
            labels[np.ix_(rows, [classes.index(name) for name in one.classes])] = one.labels[mine]
        for split, positions in one.splits.items():
            splits.setdefault(split, []).extend(place[one.ids[i]] for i in positions)
    return replace(
        first,
        ids=tuple(origin),
        paths=tuple(one.paths[i] for one, i in origin.values()),
        classes=tuple(classes),
        labels=labels if classes else None,
        splits=splits,
        skipped=tuple(skipped),
        boxes_of=partial(_boxes_of_origin, tuple(origin.values())),
    )


def _boxes_of_origin(origin: Sequence[tuple[ImageSet, int]], position: int) -> tuple[Box, ...]:
    one, own = origin[position]
    return one.boxes(own)


def _frozen(values: object, dtype: type) -> np.ndarray:
    array = np.array(values, dtype)
    array.flags.writeable = False
    return array


_KEPT_DIGESTS = 200_000
_digests: dict[tuple[str, int, int], str] = {}
_digests_lock = threading.Lock()


def file_digests(paths: Iterable[Path]) -> list[str]:
    """Hash the contents of files, in threads; a file whose size and time have not changed is not read again."""
    with ThreadPoolExecutor(4) as pool:
        return list(pool.map(_file_digest, paths))


def _file_digest(path: Path) -> str:
    try:
        stat = path.stat()
        key = (str(path), stat.st_size, stat.st_mtime_ns)
        known = _digests.get(key)
        if known is None:
            with path.open("rb") as file:
                known = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise DatasetError(f"{path} cannot be read: {error.strerror}.") from error
    with _digests_lock:
        while len(_digests) >= _KEPT_DIGESTS:
            del _digests[next(iter(_digests))]
        _digests[key] = known
    return known
