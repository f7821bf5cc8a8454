"""An entry of the store plus the function that computes it: reads recompute what is missing or corrupt.

If the disk is full or cannot be written, results stay in memory.
"""

from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import closing
from typing import TypeVar

import numpy as np

from gradviz.callbacks import Cancel, Progress, never, silent
from gradviz.errors import StoreError
from gradviz.features.store import Damaged, Entry, Missing, by_chunk, chunks_of, rows_of

REPAIRS = 5
"""How often damaged chunks are computed again before the disk itself is blamed."""

Chunk = tuple[Mapping[str, np.ndarray], Mapping[str, str]]
"""The arrays of one chunk of rows, and notes on rows that failed."""

Compute = Callable[[Sequence[int], Progress, Cancel], Generator[Chunk]]
"""Compute these chunks, one after the other."""

_T = TypeVar("_T")


class RepairingEntry:
    """Return rows of an entry's arrays, computing what is not there.

    `trouble` is the StoreError of the first chunk that could not be kept; from then on chunks live in memory,
    for as long as this object does.
    """

    def __init__(self, entry: Entry, shapes: Mapping[str, tuple[int, ...]], compute: Compute) -> None:
        self.entry, self.shapes, self.compute = entry, shapes, compute
        self.trouble: StoreError | None = None
        self._memory: dict[int, Chunk] = {}
        self._total = next(iter(shapes.values()))[0]

    def fill(self, chunks: Sequence[int], *, progress: Progress = silent, cancel: Cancel = never) -> int:
        """Compute those of these chunks that are not kept, and return how many rows that were.

        Another process that is computing the same entry is waited for.
        """
        if not self._without_memory(self.entry.missing(chunks)):
            return 0
        try:
            with self.entry.writing(self.shapes, cancel=cancel, waiting=progress) as writer:
                absent = self._without_memory(writer.missing(chunks))
                return self._fill(absent, writer.write, progress, cancel)
        except StoreError as error:
            # Waiting in vain is the user's to solve; a disk that is full or read-only need not stop the work.
            if not isinstance(error.__cause__, OSError):
                raise
            self.trouble = error
            return self._fill(self._without_memory(self.entry.missing(chunks)), self._hold, progress, cancel)

    def read(self, name: str, rows: np.ndarray) -> np.ndarray:
        """Read rows (ascending) of one array, float32; what is missing or damaged is computed first."""
        return self._repaired(chunks_of(rows), lambda: self._read(name, rows))

    def notes(self, chunks: Sequence[int]) -> dict[str, str]:
        """Merge the notes of these chunks; what is missing or damaged is computed first."""
        notes = self._repaired(chunks, lambda: self.entry.notes(self._without_memory(chunks)))
        for chunk in self._memory.keys() & set(chunks):
            notes |= self._memory[chunk][1]
        return notes

    def _repaired(self, chunks: Sequence[int], ask: Callable[[], _T]) -> _T:
        for _ in range(REPAIRS):
            try:
                return ask()
            except Missing as error:
                self.fill(chunks)
                if isinstance(error, Damaged) and error.stuck:
                    self.trouble = error
                    self._fill(error.stuck, self._hold, silent, never)
        return ask()

    def _without_memory(self, chunks: Sequence[int]) -> tuple[int, ...]:
        return tuple(chunk for chunk in chunks if chunk not in self._memory)

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
        places = by_chunk(rows)
        out = np.empty((len(rows), *self.shapes[name][1:]), np.float32)
        for chunk in places.keys() & self._memory:
            place = places.pop(chunk)
            out[place] = self._memory[chunk][0][name][rows[place] - rows_of(chunk, self._total).start]
        if places:
            on_disk = np.concatenate([np.arange(place.start, place.stop) for place in places.values()])
            out[on_disk] = self.entry.read(name, rows[on_disk])
        return out
