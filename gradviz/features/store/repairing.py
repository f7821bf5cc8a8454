"""One entry of the store together with the way to compute it: reading repairs, and a full disk stops nothing."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing

import numpy as np

from gradviz.callbacks import Cancel, Progress, never, silent
from gradviz.errors import StoreError
from gradviz.features.store import Entry, Missing, chunks_of, rows_of

REPAIRS = 5
"""How often damaged chunks are computed again before the disk itself is blamed."""

Chunk = tuple[Mapping[str, np.ndarray], Mapping[str, str]]
"""The arrays of one chunk of rows, and notes on rows that failed."""

Compute = Callable[[Sequence[int], Progress, Cancel], Iterator[Chunk]]
"""Compute these chunks, one after the other."""


class Kept:
    """Give rows of an entry's arrays, computing what is not there.

    `trouble` is the StoreError of the first chunk that could not be written; from then on chunks live in memory,
    for as long as this object does.
    """

    def __init__(self, entry: Entry, shapes: Mapping[str, tuple[int, ...]], compute: Compute) -> None:
        self.entry, self.shapes, self.compute = entry, shapes, compute
        self.trouble: StoreError | None = None
        self._memory: dict[int, Chunk] = {}
        self._total = next(iter(shapes.values()))[0]

    def fill(self, chunks: Sequence[int], *, progress: Progress = silent, cancel: Cancel = never) -> int:
        """Compute those of these chunks that are not kept, and say how many rows that were.

        Another process that is computing the same entry is waited for.
        """
        if not self._absent(chunks):
            return 0
        try:
            with self.entry.writing(cancel=cancel, waiting=progress) as writer:
                writer.create(self.shapes)
                return self._fill(self._absent(chunks), writer.write, progress, cancel)
        except StoreError as error:
            # Waiting in vain is the user's to solve; a disk that is full or read-only need not stop the work.
            if not isinstance(error.__cause__, OSError):
                raise
            self.trouble = error
            return self._fill(self._absent(chunks), self._hold, progress, cancel)

    def read(self, name: str, rows: np.ndarray) -> np.ndarray:
        """Read rows (ascending) of one array, float32; damaged chunks are computed again first."""
        for _ in range(REPAIRS):
            self.fill(chunks_of(rows))
            try:
                return self._read(name, rows)
            except Missing as error:
                damaged = error
        raise damaged

    @property
    def notes(self) -> dict[str, str]:
        """Merge the notes of all chunks."""
        return self.entry.notes | {name: why for _, notes in self._memory.values() for name, why in notes.items()}

    def _absent(self, chunks: Sequence[int]) -> tuple[int, ...]:
        return tuple(chunk for chunk in self.entry.missing(chunks) if chunk not in self._memory)

    def _fill(self, chunks: Sequence[int], write: Callable[..., None], progress: Progress, cancel: Cancel) -> int:
        with closing(self.compute(chunks, progress, cancel)) as computed:
            for chunk, (arrays, notes) in zip(chunks, computed, strict=True):
                try:
                    write(chunk, arrays, notes)
                except StoreError as error:
                    self.trouble, write = error, self._hold
                    self._hold(chunk, arrays, notes)
        return sum(len(rows_of(chunk, self._total)) for chunk in chunks)

    def _hold(self, chunk: int, arrays: Mapping[str, np.ndarray], notes: Mapping[str, str]) -> None:
        self._memory[chunk] = (arrays, notes)

    def _read(self, name: str, rows: np.ndarray) -> np.ndarray:
        if not self._memory:
            return self.entry.read(name, rows)
        pieces = []
        for chunk in chunks_of(rows):
            of_chunk = rows_of(chunk, self._total)
            here = rows[(rows >= of_chunk.start) & (rows < of_chunk.stop)]
            held = self._memory.get(chunk)
            pieces.append(held[0][name][here - of_chunk.start] if held else self.entry.read(name, here))
        return np.concatenate(pieces)
