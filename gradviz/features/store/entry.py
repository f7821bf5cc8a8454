"""Read and write the rows of one key by their names, chunk by chunk."""

import os
import threading
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np

from gradviz.callbacks import Cancel, Progress, never, silent, stop_if
from gradviz.errors import StoreError
from gradviz.features.store import chunk_file, disk
from gradviz.features.store.chunk_file import CorruptError, OtherRowsError
from gradviz.features.store.disk import Description, store_errors
from gradviz.words import counted

CHUNK_ROWS = 64
"""Rows of a chunk: the most that a kill can lose, and a multiple of every batch."""

PATIENCE = 600.0
"""Seconds to wait for another process that finishes no chunk; far longer than any chunk takes."""

_POLL = 0.2
_THREADS = 4
"""Chunks decoded at once."""


class Missing(StoreError):
    """Raise for rows that are not kept: compute them first."""


class Damaged(Missing):
    """Raise for kept rows that failed a check.

    Parameters
    ----------
    sentence
        What happened, and what to do.
    stuck
        Whether a chunk of theirs could not be set aside.
    """

    def __init__(self, sentence: str, *, stuck: bool) -> None:
        super().__init__(sentence)
        self.stuck = stuck


@contextmanager
def try_lock(root: Path, digest: str) -> Iterator[bool]:
    """Try once for the lock of an entry; the system releases a killed holder's lock.

    Parameters
    ----------
    root
        Folder of the store.
    digest
        Of the entry's key.

    Yields
    ------
    bool
        Whether it was free, and is held until the end of the `with`.

    Raises
    ------
    StoreError
        If the folder cannot be written.
    """
    from filelock import FileLock, Timeout

    with store_errors(root):
        locks = root / "locks"
        locks.mkdir(parents=True, exist_ok=True)
        # Lock files stay: removing one while somebody waits for it would make two holders.
        lock = FileLock(locks / f"{digest}.lock", fallback_to_soft=False)
        try:
            lock.acquire(blocking=False)
        except Timeout:
            lock = None
    try:
        yield lock is not None
    finally:
        if lock is not None:
            lock.release()


class Entry:
    """Hold the rows of one key, each under a name that says what it was made of, such as the digest of a picture.

    Where a row stands is read from the chunks themselves, each once: the folder is looked at again where a row is
    asked for that is not known yet, so that chunks which another process has finished are seen.

    Parameters
    ----------
    root
        Folder of the store.
    key
        What the arrays depend on, in plain JSON.

    Raises
    ------
    StoreError
        If the key is not plain JSON.
    """

    def __init__(self, root: Path, key: dict) -> None:
        self.key = key
        self.digest = disk.digest(key)
        self.folder = root / self.digest
        self._root = root
        self._guard = threading.RLock()
        self._description: Description | None = None
        self._chunks: dict[int, tuple[str, ...]] = {}
        self._place: dict[str, tuple[int, int]] = {}
        self._notes: dict[str, str] = {}
        self._stuck: set[int] = set()

    @contextmanager
    def writing(
        self,
        widths: Mapping[str, tuple[int, ...]],
        rows: Collection[str] = (),
        *,
        cancel: Cancel = never,
        waiting: Progress = silent,
        timeout: float = PATIENCE,
    ) -> Iterator["Writer"]:
        """Hold the entry for writing arrays; whoever comes second waits and finds them there. Reading needs no lock.

        Parameters
        ----------
        widths
            Name -> shape of a row, () for a number.
        rows
            Names of the rows that are wanted, for `waiting`.
        cancel
            Asked several times a second while somebody else holds the entry.
        waiting
            Called as often with (rows finished by them, rows in all).
        timeout
            Seconds to wait for a holder who finishes no chunk.

        Yields
        ------
        Writer
            Writes until the end of the `with`.

        Raises
        ------
        StoreError
            If the folder cannot be written, if the entry holds other arrays than these, or if the holder finishes no
            chunk for `timeout` seconds.
        Cancelled
            If `cancel` says so.
        ValueError
            If names are not plain, or there is none.
        """
        wanted = {name: tuple(int(side) for side in shape) for name, shape in widths.items()}
        if not wanted or not all(name.isidentifier() for name in wanted):
            raise ValueError(f"arrays of an entry have plain names, got {wanted}")
        with self._lock(rows, cancel, waiting, timeout):
            writer = self._prepare(Description(self.key, wanted))
            try:
                yield writer
            finally:
                writer.closed = True

    @contextmanager
    def _lock(self, rows: Collection[str], cancel: Cancel, waiting: Progress, timeout: float) -> Iterator[None]:
        finished, since = -1, time.monotonic()
        while True:
            with try_lock(self._root, self.digest) as free:
                if free:
                    yield
                    return
            self._look()
            if len(self._place) != finished:
                finished, since = len(self._place), time.monotonic()
            elif time.monotonic() - since > timeout:
                raise StoreError(
                    f"Somebody else has been computing these features for {timeout:.0f} s without a result: "
                    "stop that process, or try again later."
                )
            waiting(sum(name in self._place for name in rows), len(rows))
            stop_if(cancel)
            time.sleep(_POLL)

    def _prepare(self, description: Description) -> "Writer":
        there = self._load()
        if there and there.widths != description.widths:
            raise StoreError(
                f"The store holds other arrays for these settings ({self.folder.name[:12]}): "
                "empty it with `python -m gradviz store clear`."
            )
        with store_errors(self._root):
            chunks = disk.tidy(self.folder)
            if there is None:
                disk.save(self.folder, description)
            self._look()
            number = disk.next_chunk(self.folder, chunks)
        return Writer(self, description, number)

    def missing(self, rows: Iterable[str]) -> tuple[str, ...]:
        """List those of these rows that are not kept, each once, in their order."""
        self._look()
        return self.unknown(rows)

    def unknown(self, rows: Iterable[str]) -> tuple[str, ...]:
        """List those of these rows that were not there at the last look."""
        return tuple(row for row in dict.fromkeys(rows) if row not in self._place)

    @property
    def rows(self) -> frozenset[str]:
        """List the rows that are kept."""
        self._look()
        return frozenset(self._place)

    @property
    def widths(self) -> dict[str, tuple[int, ...]]:
        """Return the shape of a row of every array; nothing before the first writer."""
        description = self._load()
        return dict(description.widths) if description else {}

    def notes(self, rows: Iterable[str]) -> dict[str, str]:
        """Return the notes on these rows. Raises Missing for rows that are not kept."""
        rows = tuple(rows)
        self._check(rows, "the notes")
        return {row: self._notes[row] for row in rows if row in self._notes}

    def arranged(self, rows: Sequence[str]) -> np.ndarray:
        """Order rows as they lie on the disk, those that are not there last: places in `rows`, int64 (n,)."""
        nowhere = (np.iinfo(np.int64).max, 0)
        where = np.array([self._place.get(row, nowhere) for row in rows], np.int64).reshape(-1, 2)
        return np.lexsort([where[:, 1], where[:, 0]])

    def read(self, name: str, rows: Sequence[str]) -> np.ndarray:
        """Read rows of one array; each needed chunk is decoded once.

        Parameters
        ----------
        name
            One of the entry's arrays.
        rows
            Names, in any order.

        Returns
        -------
        float32 of shape (rows, ...).

        Raises
        ------
        Missing
            If a row is not kept; its child Damaged if a check failed: then the chunk was set aside, and `missing`
            lists its rows from now on. Both mean: compute it, then read again.
        """
        if self._description is None:
            self._look()
        description = self._description
        if description is None or name not in description.widths:
            raise Missing(f"{name} is not kept for these settings: extract the features first.")
        sides = description.widths[name]
        out = np.empty((len(rows), *sides), np.float32)
        with self._guard:
            self._check(rows, name)
            where = np.array([self._place[row] for row in rows], np.int64).reshape(-1, 2)
            expected = {chunk: self._chunks[chunk] for chunk in np.unique(where[:, 0]).tolist()}

        def take(chunk: int, path: Path) -> None:
            names = expected[chunk]
            values = chunk_file.read_array(path, self.digest, chunk, name, (len(names), *sides), rows=names)
            here = np.flatnonzero(where[:, 0] == chunk)
            out[here] = values[where[here, 1]]

        self._visit(expected, name, take)
        return out

    def _check(self, rows: Iterable[str], what: str) -> None:
        """Raise Missing unless all rows are known; the folder is looked at only where one is not."""
        if self.unknown(rows) and (absent := self.missing(rows)):
            total = len(set(rows))
            raise Missing(
                f"{len(absent):,} of {counted(total, 'row')} of {what} are not computed yet: extract them first."
            )

    def _visit(self, chunks: Collection[int], what: str, take: Callable[[int, Path], None]) -> None:
        def visit(chunk: int) -> str:
            path = disk.chunk_path(self.folder, chunk)
            try:
                take(chunk, path)
            except (FileNotFoundError, OtherRowsError):
                return "absent"
            except CorruptError:
                return "damaged" if disk.set_aside(path) else "stuck"
            return ""

        # Decompression and checksums release the GIL. One chunk is not worth a thread, which is started when used.
        with store_errors(self._root), ThreadPoolExecutor(_THREADS, thread_name_prefix="store") as pool:
            found = dict(zip(chunks, (pool.map if len(chunks) > 1 else map)(visit, chunks), strict=True))
        with suppress(OSError):
            os.utime(self.folder / disk.DESCRIPTION)  # its time is the entry's last use
        absent, damaged, stuck = ([c for c in found if found[c] == which] for which in ("absent", "damaged", "stuck"))
        with self._guard:
            self._stuck.update(stuck)
            for chunk in (*absent, *damaged, *stuck):
                self._forget(chunk)
        if bad := sorted(damaged + stuck):
            files = ", ".join(disk.chunk_path(self.folder, chunk).name for chunk in bad[:5])
            raise Damaged(
                f"{len(bad):,} of {counted(len(found), 'chunk')} of {what} in {self.folder} were damaged and "
                f"{'could not be ' if stuck else ''}set aside ({files}{', ...' if bad[5:] else ''}): "
                "extract the features again, only these are computed.",
                stuck=bool(stuck),
            )
        if absent:
            raise Missing(
                f"{len(absent):,} of {counted(len(found), 'chunk')} of {what} are not computed yet: extract them first."
            )

    def _load(self) -> Description | None:
        with store_errors(self._root):
            return disk.load(self.folder)

    def _look(self) -> None:
        """Read the names of the rows of chunks that are new since the last look, and forget those that are gone."""
        with self._guard, store_errors(self._root):
            self._description = disk.load(self.folder)
            there = disk.list_chunks(self.folder) if self._description else set()
            for chunk in self._chunks.keys() - there:
                self._forget(chunk)
            for chunk in sorted(there - self._chunks.keys() - self._stuck):
                path = disk.chunk_path(self.folder, chunk)
                try:
                    self._take(chunk, *chunk_file.read_rows(path, self.digest, chunk))
                except FileNotFoundError:  # cleared meanwhile
                    continue
                except CorruptError:
                    if not disk.set_aside(path):
                        self._stuck.add(chunk)

    def _take(self, chunk: int, rows: tuple[str, ...], notes: Mapping[str, str]) -> None:
        with self._guard:
            self._chunks[chunk] = rows
            self._place.update((name, (chunk, row)) for row, name in enumerate(rows))
            self._notes.update(notes)

    def _forget(self, chunk: int) -> None:
        for row in self._chunks.pop(chunk, ()):
            if self._place.get(row, (None,))[0] == chunk:
                del self._place[row]
                self._notes.pop(row, None)


class Writer:
    """Write the chunks of an entry that is held for writing; `Entry.writing` makes it.

    Parameters
    ----------
    entry
        The entry.
    description
        Its key, and the shapes of its arrays.
    number
        That of the next chunk.
    """

    def __init__(self, entry: Entry, description: Description, number: int) -> None:
        self.closed = False
        self._entry, self._description, self._number = entry, description, number

    def missing(self, rows: Iterable[str]) -> tuple[str, ...]:
        """List those of these rows that are not kept, each once; the folder is not asked again."""
        return self._entry.unknown(rows)

    def write(
        self, rows: Sequence[str], arrays: Mapping[str, np.ndarray], notes: Mapping[str, str] | None = None
    ) -> None:
        """Keep some rows of every array as one chunk; they are present from then on, for everybody.

        Parameters
        ----------
        rows
            Their names, each once.
        arrays
            Name -> float32 of shape (rows, ...), every array of the entry; a row that failed is NaN.
        notes
            Something about these rows (say, why one was skipped).

        Raises
        ------
        StoreError
            If the disk is full or cannot be written: then nothing of this chunk is kept, the chunks before it are, and
            the caller, who still has its arrays, goes on with them and tells the user.
        ValueError
            If an array is absent, or has another shape or dtype.
        RuntimeError
            After the end of the `with`.
        """
        if self.closed:
            raise RuntimeError("a writer writes inside `with entry.writing(...):`")
        names, widths = tuple(rows), self._description.widths
        if not names or len(set(names)) < len(names):
            raise ValueError("a chunk holds one row or more, each of a name of its own")
        if set(arrays) != set(widths):
            raise ValueError(f"write takes every array of the entry, got {sorted(arrays)}")
        for name, array in arrays.items():
            shape = (len(names), *widths[name])
            if array.shape != shape or array.dtype != np.float32:
                raise ValueError(f"{name} of these rows is float32 {shape}, got {array.dtype} {array.shape}")
        entry, chunk = self._entry, self._number
        with store_errors(entry.folder.parent):
            chunk_file.write(disk.chunk_path(entry.folder, chunk), entry.digest, chunk, names, arrays, notes)
        self._number += 1
        entry._take(chunk, names, notes or {})
