"""Turn a selection of photographs into features by way of the store: nothing is computed twice.

The forward pass is one entry for each (weights, photographs, preprocessing): the head's input x and y_k of every
layer, crop by crop. dE/dy_k for a temperature and a pseudo-label is a second entry, computed from the first one and
the head's weights, never by touching a photograph again. Rows stand in the data set's own row order, so that a
sample is a prefix and a larger sample computes only what is new.
"""

import time
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256

import numpy as np

from gradviz.callbacks import Cancel, Progress, never, part, silent
from gradviz.datasets import ImageSet, Skipped
from gradviz.errors import DatasetError
from gradviz.features import compute
from gradviz.features.pseudo_labels import PseudoLabel
from gradviz.features.store import Store, chunks_of, rows_of
from gradviz.features.store.repairing import Chunk, RepairingEntry
from gradviz.networks.loading import Model
from gradviz.networks.transforms import crops as crops_of
from gradviz.representations import source

SCHEMA = 1
"""Raised whenever the meaning of a stored array changes; older entries are then never read."""

READ_ROWS = 512
"""Rows of the store read at once."""


@dataclass(frozen=True)
class Features:
    """Hold the features of a selection: row n of every array belongs to the image `ids[n]`."""

    images: ImageSet
    positions: np.ndarray
    """(n,) the images' places in the data set."""
    arrays: Mapping[str, np.ndarray]
    """From a vector's name to float32 of shape (n, d)."""
    skipped: tuple[Skipped, ...] = ()
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
    skipped: tuple[Skipped, ...]

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
        start, forward = time.perf_counter(), self._forward()
        computed = forward.fill(self._chunks(positions), progress=progress, cancel=cancel)
        if forward.trouble:
            raise forward.trouble
        _, skipped = self._readable(positions, forward)
        return Extracted(len(positions), computed, time.perf_counter() - start, skipped)

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
        forward, chunks = self._forward(), self._chunks(positions)
        forward.fill(chunks, progress=part(progress, 0, 0.9 if backwards else 1), cancel=cancel)
        positions, skipped = self._readable(positions, forward)
        tables = dict.fromkeys(network.arrays, forward)
        if backwards:
            backward = self._backward(forward, temperature, label)
            backward.fill(chunks, progress=part(progress, 0.9, 1), cancel=cancel)
            tables |= dict.fromkeys(network.gradients, backward)
        rows = self._rows(positions)
        arrays = {
            name: self._in_order(self._vector(tables[kept], name, kept, np.sort(rows), temperature), rows)
            for name, kept in sources.items()
        }
        troubles = [f"{kept.trouble} The result is complete, but not kept." for kept in tables.values() if kept.trouble]
        notes = _skipped_note(skipped) + (label.notes if backwards else ()) + tuple(dict.fromkeys(troubles))
        return Features(self.images, positions, arrays, skipped, notes)

    @cached_property
    def _key(self) -> dict:
        ids = "\n".join(self.images.ids[i] for i in self.images.row_order)
        return {
            "kind": "forward",
            "schema": SCHEMA,
            "network": self.model.network.name,
            "weights": self.model.digest,
            "dataset": self.images.name,
            "images": self.images.digest,
            "rows": sha256(ids.encode()).hexdigest(),
            "preprocess": self.preprocess,
            "dtype": "float32",
            "tf32": self.tf32,
        }

    @cached_property
    def _row_of(self) -> np.ndarray:
        """Map every position to its row in the store."""
        rows = np.empty(len(self.images), np.int64)
        rows[self.images.row_order] = np.arange(len(self.images))
        return rows

    def _rows(self, positions: np.ndarray) -> np.ndarray:
        return self._row_of[positions]

    def _chunks(self, positions: np.ndarray) -> tuple[int, ...]:
        return chunks_of(self._rows(positions))

    @staticmethod
    def _in_order(sorted_rows: np.ndarray, rows: np.ndarray) -> np.ndarray:
        """Reorder what was read in the store's ascending order into the order of `rows`."""
        out = np.empty_like(sorted_rows)
        out[np.argsort(rows)] = sorted_rows
        return out

    def _readable(self, positions: np.ndarray, forward: RepairingEntry) -> tuple[np.ndarray, tuple[Skipped, ...]]:
        """Leave out the images that could not be decoded."""
        failed = forward.notes(self._chunks(positions))
        skipped = tuple(
            Skipped(self.images.ids[i], failed[self.images.ids[i]]) for i in positions if self.images.ids[i] in failed
        )
        readable = np.array([i for i in positions if self.images.ids[i] not in failed], np.int64)
        if not len(readable):
            reason = f", such as {skipped[0].name}: {skipped[0].reason}" if skipped else ""
            raise DatasetError(f"None of the {len(positions)} chosen images of {self.images.name} can be read{reason}")
        return readable, skipped

    def _vector(self, table: RepairingEntry, name: str, kept: str, rows: np.ndarray, temperature: float) -> np.ndarray:
        """Compute a vector from what is kept, a few chunks at a time: ten crops are ten times the result."""
        pieces = []
        for start in range(0, len(rows), READ_ROWS):
            arrays = {kept: table.read(kept, rows[start : start + READ_ROWS])}
            pieces.append(compute.vector(name, arrays, self.model.head, temperature))
        return np.concatenate(pieces)

    def _forward(self) -> RepairingEntry:
        crops = crops_of(self.preprocess)
        shapes = {name: (len(self.images), crops, width) for name, width in self.model.network.arrays.items()}
        return RepairingEntry(self.store.entry(self._key), shapes, self._compute_forward)

    def _compute_forward(self, chunks: Sequence[int], progress: Progress, cancel: Cancel) -> Generator[Chunk]:
        order = self.images.row_order
        blocks = [order[list(rows_of(chunk, len(order)))] for chunk in chunks]
        captured = compute.capture(
            self.model,
            self.images,
            blocks,
            preprocess=self.preprocess,
            tf32=self.tf32,
            progress=progress,
            cancel=cancel,
        )
        for block in captured:
            yield block.arrays, {self.images.ids[i]: reason for i, reason in block.failed.items()}

    def _backward(self, forward: RepairingEntry, temperature: float, label: PseudoLabel) -> RepairingEntry:
        network = self.model.network
        shapes = {name: (len(self.images), width) for name, width in network.gradients.items()}
        key = {
            "kind": "backward",
            "schema": SCHEMA,
            "network": network.name,
            "dataset": self.images.name,
            "preprocess": self.preprocess,
            "forward": self._key,
            "temperature": float(temperature),
            "pseudo_label": label.digest,
        }

        def of(chunks: Sequence[int], progress: Progress, cancel: Cancel) -> Generator[Chunk]:
            for done, chunk in enumerate(chunks):
                rows = np.array(rows_of(chunk, len(self.images)))
                ys = {name: forward.read(name, rows) for name in network.outputs}
                g = label.of(self.images.row_order[rows], ys[network.outputs[-1]])
                yield compute.backward(self.model.head, ys, temperature=temperature, g=g), {}
                progress(done + 1, len(chunks))

        return RepairingEntry(self.store.entry(key), shapes, of)


def _skipped_note(skipped: Sequence[Skipped]) -> tuple[str, ...]:
    """Describe how many images are missing from the result."""
    if not skipped:
        return ()
    return (
        f"{len(skipped)} images could not be read and are left out, such as {skipped[0].name}: {skipped[0].reason}",
    )
