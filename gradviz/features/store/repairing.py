"""An entry of the store plus the function that computes it: reads recompute what is missing or corrupt.

If the disk is full or cannot be written, results stay in memory.
"""

from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np

from gradviz.callbacks import Cancel, Progress, never, silent
from gradviz.errors import StoreError
from gradviz.features.store import Damaged, Entry, Missing

REPAIRS = 5
"""How often damaged chunks are computed again before the disk itself is blamed."""


@dataclass(frozen=True)
class Block:
    """Hold some rows as they were computed.

    `notes` are on rows that cannot be computed at all: they are NaN, and kept like the others. `failed` are rows that
    could not be computed this time, with the reason: nothing of them is kept, and they are tried again.
    """

    rows: Sequence[str]
    arrays: Mapping[str, np.ndarray]
    notes: Mapping[str, str] = field(default_factory=dict)
    failed: Mapping[str, str] = field(default_factory=dict)


Compute = Callable[[Sequence[str], Progress, Cancel], Generator[Block]]
"""Compute these rows, a block at a time."""

_T = TypeVar("_T")


class RepairingEntry:
    """Return rows of an entry's arrays, computing what is not there.

    `trouble` is the StoreError of the first block that could not be kept; from then on blocks live in memory,
    for as long as this object does.
    """

    def __init__(self, entry: Entry, widths: Mapping[str, tuple[int, ...]], compute: Compute) -> None:
        self.entry, self.widths, self.compute = entry, widths, compute
        self.trouble: StoreError | None = None
        self._memory: dict[str, tuple[Block, int]] = {}
        self._failed: dict[str, str] = {}

    def fill(self, rows: Sequence[str], *, progress: Progress = silent, cancel: Cancel = never) -> int:
        """Compute those of these rows that are not kept, and return how many that were.

        Another process that is computing the same entry is waited for.
        """
        absent = self._beyond_memory(self.entry.missing(rows))
        if not absent:
            return 0
        try:
            with self.entry.writing(self.widths, absent, cancel=cancel, waiting=progress) as writer:
                return self._fill(self._beyond_memory(writer.missing(rows)), writer.write, progress, cancel)
        except StoreError as error:
            # Waiting in vain is the user's to solve; a disk that is full or read-only need not stop the work.
            if not isinstance(error.__cause__, OSError):
                raise
            self.trouble = error
            return self._fill(self._beyond_memory(self.entry.missing(rows)), self._hold, progress, cancel)

    def read(self, name: str, rows: Sequence[str]) -> np.ndarray:
        """Read rows of one array, float32, in their order; what is missing or damaged is computed first."""
        return self._repaired(rows, lambda: self._read(name, rows))

    def notes(self, rows: Sequence[str]) -> dict[str, str]:
        """Return why some of these rows cannot be had; what is missing or damaged is computed first."""
        notes = self._repaired(rows, lambda: self.entry.notes(self._beyond_memory(rows)))
        for row in rows:
            if row in self._memory and row in self._memory[row][0].notes:
                notes[row] = self._memory[row][0].notes[row]
            elif row in self._failed:
                notes[row] = self._failed[row]
        return notes

    def blocks(self, rows: Sequence[str], size: int) -> Iterator[np.ndarray]:
        """Split rows into parts of at most `size` that lie together on the disk: places in `rows`."""
        order = self.entry.arranged(rows)
        for start in range(0, len(rows), size):
            yield order[start : start + size]

    def _repaired(self, rows: Sequence[str], ask: Callable[[], _T]) -> _T:
        for _ in range(REPAIRS):
            try:
                return ask()
            except Missing as error:
                self.fill(rows)
                if isinstance(error, Damaged) and error.stuck:
                    self.trouble = error
        return ask()

    def _beyond_memory(self, rows: Sequence[str]) -> tuple[str, ...]:
        return tuple(row for row in rows if row not in self._memory and row not in self._failed)

    def _fill(self, rows: Sequence[str], write: Callable[..., None], progress: Progress, cancel: Cancel) -> int:
        with closing(self.compute(rows, progress, cancel)) as computed:
            for block in computed:
                self._failed |= block.failed
                if not block.rows:
                    continue
                try:
                    write(block.rows, block.arrays, block.notes)
                except StoreError as error:
                    self.trouble, write = error, self._hold
                    self._hold(block.rows, block.arrays, block.notes)
        return len(rows)

    def _hold(self, rows: Sequence[str], arrays: Mapping[str, np.ndarray], notes: Mapping[str, str]) -> None:
        block = Block(rows, arrays, notes)
        self._memory.update((name, (block, row)) for row, name in enumerate(rows))

    def _read(self, name: str, rows: Sequence[str]) -> np.ndarray:
        if not self._memory:
            return self.entry.read(name, rows)
        out = np.empty((len(rows), *self.widths[name]), np.float32)
        on_disk = [place for place, row in enumerate(rows) if row not in self._memory]
        for place, row in enumerate(rows):
            if row in self._memory:
                block, at = self._memory[row]
                out[place] = block.arrays[name][at]
        if on_disk:
            out[on_disk] = self.entry.read(name, [rows[place] for place in on_disk])
        return out
