"""Turn a selection of photographs into features by way of the store: nothing is computed twice.

The forward pass is one entry for each (weights, function, preprocessing, precision): the head's input x and y_k of
every layer, crop by crop, in rows that are named by the digests of the pictures' files. So rows are shared by all data
sets that hold a picture, and names, labels, splits and seeds are no concern of theirs. dE/dy_k for a temperature and a
pseudo-label is a second entry, computed from the first one and the head's weights, never by touching a photograph
again. A larger sample computes only what is new.
"""

import math
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from hashlib import sha256
from pathlib import Path

import numpy as np
from PIL import Image

from gradviz.callbacks import Cancel, Progress, never, part, silent
from gradviz.datasets import Finding, ImageSet
from gradviz.datasets.digests import file_digest
from gradviz.datasets.pictures import open_picture, printable
from gradviz.errors import DatasetError
from gradviz.features import compute
from gradviz.features.pseudo_labels import PseudoLabel
from gradviz.features.store import CHUNK_ROWS, Store, older
from gradviz.features.store.repairing import Block, RepairingEntry
from gradviz.networks.loading import Model
from gradviz.networks.transforms import Preset, transform
from gradviz.networks.transforms import crops as crops_of
from gradviz.representations import source
from gradviz.words import counted

SCHEMA = 2
"""Raised whenever the meaning of a stored array changes, or pictures can be read that could not be read before."""

READ_ROWS = 512
"""Rows of the store read at once."""

_OLDER_SCHEMA = 1
"""Of entries whose rows were the images of one data set; they are adopted where this is opened again."""

_PROBES = Path(__file__).with_name("probes")
"""Pictures of the kinds that decoders have seen differently: what is made of them tells one decoder from another."""


@dataclass(frozen=True)
class Features:
    """Hold the features of a selection: row n of every array belongs to the image `ids[n]`."""

    images: ImageSet
    positions: np.ndarray
    """(n,) the images' places in the data set."""
    arrays: Mapping[str, np.ndarray]
    """From a vector's name to float32 of shape (n, d)."""
    skipped: tuple[Finding, ...] = ()
    """Selected images that could not be decoded."""
    notes: tuple[str, ...] = ()
    """What the user should know."""

    @cached_property
    def ids(self) -> tuple[str, ...]:
        """List the image of each row."""
        return tuple(self.images.ids[i] for i in self.positions)

    @cached_property
    def labels(self) -> np.ndarray | None:
        """Return the labels of the rows, int8 of shape (n, classes), or None."""
        return None if self.images.labels is None else self.images.labels[self.positions]


@dataclass(frozen=True)
class Extracted:
    """Describe what an extraction did: images selected, images computed now, seconds, and what was skipped."""

    images: int
    computed: int
    seconds: float
    skipped: tuple[Finding, ...]
    notes: tuple[str, ...] = ()

    @property
    def rate(self) -> float:
        """Return images per second of this run, 0 when everything was kept from before."""
        return self.computed / self.seconds if self.computed else 0.0


@dataclass(frozen=True, eq=False)
class Extraction:
    """Bind photographs, network and preprocessing to a store.

    The entry depends on nothing else: another device reads the same one (its figures agree to 1e-4).
    """

    images: ImageSet
    model: Model
    store: Store
    preprocess: str = "center"
    tf32: bool = False

    def extract(self, positions: np.ndarray, *, progress: Progress = silent, cancel: Cancel = never) -> Extracted:
        """Fill the store for these images. Raises StoreError when the store cannot be written."""
        start, forward = time.perf_counter(), self._forward(cancel)
        computed = forward.fill(self._rows(self._stored(positions)), progress=progress, cancel=cancel)
        if forward.trouble:
            raise forward.trouble
        _, skipped = self._readable(positions, forward)
        notes = self.model.notes + (self.store.older_note() if computed else ())
        return Extracted(len(positions), computed, time.perf_counter() - start, skipped, notes)

    def features(
        self,
        names: Sequence[str],
        positions: np.ndarray,
        *,
        temperature: float,
        label: PseudoLabel,
        progress: Progress = silent,
        cancel: Cancel = never,
    ) -> Features:
        """Read the named vectors of the images at `positions`, computing what is not kept yet.

        When the store cannot be written the result is complete all the same, and a note says so.

        Parameters
        ----------
        names
            Vectors, such as x5 and dy6.
        positions
            (n,) places of images in the data set, in any order.
        temperature, label
            What gradients and the last softmax depend on.
        progress, cancel
            Progress counts thousandths of the work; cancel is asked between batches.

        Raises
        ------
        ChoiceError
            For a vector that the network does not have.
        DatasetError
            When not one of the images could be read.
        """
        network = self.model.network
        sources = {name: source(name, (*network.arrays, *network.gradients)) for name in names}
        backwards = any(kept in network.gradients for kept in sources.values())
        forward = self._forward(cancel)
        after = 0.9 if backwards else 1
        stored = self._rows(self._stored(positions))
        computed = forward.fill(stored, progress=part(progress, 0, after), cancel=cancel)
        positions, skipped = self._readable(positions, forward)
        rows = {name: self._rows(positions) for name in network.arrays}
        tables = dict.fromkeys(network.arrays, forward)
        if backwards:
            backward = self._backward(forward, temperature, label, positions)
            ordered = self._rows(self._stored(positions), label)
            backward.fill(ordered, progress=part(progress, after, 1), cancel=cancel)
            tables |= dict.fromkeys(network.gradients, backward)
            rows |= {name: self._rows(positions, label) for name in network.gradients}
        arrays = {
            name: self._vector(tables[kept], name, kept, rows[kept], temperature) for name, kept in sources.items()
        }
        troubles = [f"{kept.trouble} The result is complete, but not kept." for kept in tables.values() if kept.trouble]
        notes = self.model.notes + _skipped_note(skipped) + (label.notes if backwards else ())
        notes += tuple(dict.fromkeys(troubles)) + (self.store.older_note() if computed else ())
        return Features(self.images, positions, arrays, skipped, notes)

    @cached_property
    def key(self) -> dict:
        """Return what the forward pass depends on beside the picture, as JSON values."""
        return {
            "kind": "forward",
            "schema": SCHEMA,
            "network": "own" if self.model.function else self.model.network.name,
            "weights": self.model.digest,
            "function": self.model.function,
            # `pixels` says it too; without it here, every store of today would have to be computed again.
            "preprocess": self.preprocess,
            "pixels": _pixels(self.model.preset, self.preprocess, open_picture),
            "dtype": "float32",
            "tf32": self.tf32,
        }

    def backward_key(self, temperature: float, label: PseudoLabel) -> dict:
        """Return what dE/dy depends on beside the rows of the forward pass, as JSON values.

        Parameters
        ----------
        temperature, label
            Softmax temperature and pseudo-label.
        """
        return {
            "kind": "backward",
            "schema": SCHEMA,
            "forward": self.key,
            "temperature": "inf" if temperature == math.inf else float(temperature),
            "pseudo_label": label.digest,
        }

    @property
    def _widths(self) -> dict[str, tuple[int, ...]]:
        crops = crops_of(self.preprocess)
        return {name: (crops, width) for name, width in self.model.network.arrays.items()}

    def _rows(self, positions: np.ndarray, label: PseudoLabel | None = None) -> tuple[str, ...]:
        """Return the names of images' rows in the store; of gradients where there is a pseudo-label."""
        contents = self.images.contents
        suffixes = label.suffixes(positions) if label else ("",) * len(positions)
        return tuple(contents[i] + suffix for i, suffix in zip(positions, suffixes, strict=True))

    def _stored(self, positions: np.ndarray) -> np.ndarray:
        """Order positions as they are to lie in the store: a sample of a split is then in few chunks."""
        return positions[np.argsort(self._place[positions])]

    @cached_property
    def _place(self) -> np.ndarray:
        place = np.empty(len(self.images), np.int64)
        place[self.images.row_order] = np.arange(len(self.images))
        return place

    def _readable(self, positions: np.ndarray, forward: RepairingEntry) -> tuple[np.ndarray, tuple[Finding, ...]]:
        """Leave out the images that could not be decoded."""
        rows = self._rows(positions)
        failed = forward.notes(rows)
        skipped = tuple(
            Finding(self.images.ids[i], f"{printable(self.images.ids[i])} {failed[row]}")
            for i, row in zip(positions, rows, strict=True)
            if row in failed
        )
        readable = np.array([i for i, row in zip(positions, rows, strict=True) if row not in failed], np.int64)
        if not len(readable):
            reason = f", such as {skipped[0].name}: {skipped[0].reason}" if skipped else ""
            raise DatasetError(
                f"None of the {counted(len(positions), 'chosen image')} of {self.images.name} can be read{reason}"
            )
        return readable, skipped

    def _vector(
        self, table: RepairingEntry, name: str, kept: str, rows: Sequence[str], temperature: float
    ) -> np.ndarray:
        """Compute a vector from what is kept, a few chunks at a time: ten crops are ten times the result."""
        out = None
        for places in table.blocks(rows, READ_ROWS):
            arrays = {kept: table.read(kept, [rows[int(place)] for place in places])}
            piece = compute.vector(name, arrays, self.model.head, temperature)
            out = np.empty((len(rows), *piece.shape[1:]), piece.dtype) if out is None else out
            out[places] = piece
        return np.empty((0, 0), np.float32) if out is None else out

    def _forward(self, cancel: Cancel) -> RepairingEntry:
        entry = self.store.entry(self.key)
        if not self.model.function:
            batch = max(1, self.model.batch // crops_of(self.preprocess))
            older.adopt(
                self.store.root, self._older_key, entry, self._widths, self._older_rows, batch=batch, cancel=cancel
            )
        return RepairingEntry(entry, self._widths, self._compute_forward)

    @property
    def _older_key(self) -> dict:
        """Return the key under which an earlier version kept this data set's forward pass."""
        ids = "\n".join(self.images.ids[i] for i in self.images.row_order)
        return {
            "kind": "forward",
            "schema": _OLDER_SCHEMA,
            "network": self.model.network.name,
            "weights": self.model.digest,
            "dataset": self.images.name,
            "images": self.images.digest,
            "rows": sha256(ids.encode()).hexdigest(),
            "preprocess": self.preprocess,
            "dtype": "float32",
            "tf32": self.tf32,
        }

    def _older_rows(self) -> tuple[str, ...]:
        return self._rows(self.images.row_order)

    def _compute_forward(self, rows: Sequence[str], progress: Progress, cancel: Cancel) -> Generator[Block]:
        where = self._where
        positions = np.array([where[row] for row in rows], np.int64)
        captured = compute.capture(
            self.model,
            _Unchanged(self.images),
            [positions[start : start + CHUNK_ROWS] for start in range(0, len(rows), CHUNK_ROWS)],
            preprocess=self.preprocess,
            tf32=self.tf32,
            progress=progress,
            cancel=cancel,
        )
        contents = self.images.contents
        for found in captured:
            # A picture may have another name elsewhere: of the reason only what follows the name is kept.
            reasons = {
                i: reason.removeprefix(printable(self.images.ids[i])).strip() for i, reason in found.failed.items()
            }
            kept = np.array([i not in found.passing for i in found.positions.tolist()])
            yield Block(
                tuple(contents[i] for i in found.positions[kept]),
                {name: array[kept] for name, array in found.arrays.items()},
                {contents[i]: reason for i, reason in reasons.items() if i not in found.passing},
                {contents[i]: reasons[i] for i in found.passing},
            )

    @cached_property
    def _where(self) -> dict[str, int]:
        """Map each row to an image that it is computed from; the same picture may be there more than once."""
        return {row: i for i, row in enumerate(self.images.contents)}

    def _backward(
        self, forward: RepairingEntry, temperature: float, label: PseudoLabel, images: np.ndarray
    ) -> RepairingEntry:
        """Return the entry of dE/dy, which can compute the rows of these images."""
        network = self.model.network
        entry = self.store.entry(self.backward_key(temperature, label))
        where = dict(zip(self._rows(images, label), images.tolist(), strict=True))

        def of(rows: Sequence[str], progress: Progress, cancel: Cancel) -> Generator[Block]:
            for start in range(0, len(rows), CHUNK_ROWS):
                here = tuple(rows[start : start + CHUNK_ROWS])
                positions = np.array([where[row] for row in here], np.int64)
                ys = {name: forward.read(name, self._rows(positions)) for name in network.outputs}
                g = label.of(positions, ys[network.outputs[-1]])
                yield Block(here, compute.backward(self.model.head, ys, temperature=temperature, g=g))
                progress(start + len(here), len(rows))

        return RepairingEntry(entry, {name: (width,) for name, width in network.gradients.items()}, of)


class _Unchanged:
    """Open pictures as long as their files are those whose digests name the rows."""

    def __init__(self, images: ImageSet) -> None:
        self._images = images

    def open(self, position: int) -> Image.Image:
        """Open one picture. Raises DatasetError, and ChangedError where its file was changed or taken away."""
        try:
            picture = self._images.open(position)
        except DatasetError as error:
            if isinstance(error.__cause__, OSError) and error.__cause__.errno is not None:
                raise
            self._check(position)
            raise
        self._check(position)
        return picture

    def _check(self, position: int) -> None:
        name = printable(self._images.ids[position])
        try:
            same = file_digest(self._images.paths[position]) == self._images.contents[position]
        except DatasetError:
            raise compute.ChangedError(f"{name} was taken away while it was being read.") from None
        if not same:
            raise compute.ChangedError(f"{name} was changed since the data set was opened: open it again.")


@lru_cache(64)
def _pixels(preset: Preset, preprocess: str, decoder: Callable[[Path], Image.Image]) -> str:
    """Hash what decoder and preprocessing make of a few small pictures, once a process.

    Decoders of JPEG and WebP, and Pillow's and torchvision's resizing, may change with a version or may not: of
    Pillow 11.3, 12.0 and 13.0 all decode 525 pictures alike, and 13.0 resizes them differently. So the pixels
    themselves are in the key instead of any version.
    """
    prepared, seen = transform(preset, preprocess), sha256()
    for probe in sorted(_PROBES.iterdir()):
        if probe.suffix in (".jpg", ".png", ".webp"):
            pixels = prepared(decoder(probe))
            seen.update(f"{tuple(pixels.shape)}".encode() + pixels.numpy().tobytes())
    return seen.hexdigest()


def _skipped_note(skipped: Sequence[Finding]) -> tuple[str, ...]:
    """Describe how many images are missing from the result."""
    if not skipped:
        return ()
    first = skipped[0]
    example = first.reason if first.reason.startswith(first.name) else f"{first.name}: {first.reason}"
    are = counted(len(skipped), "image could not be read and is", "images could not be read and are")
    return (f"{are} left out{': ' if len(skipped) == 1 else ', such as '}{example}",)
