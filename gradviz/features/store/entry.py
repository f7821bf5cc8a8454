"""Read and write the arrays of one key, chunk by chunk."""

import os
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np

from gradviz.callbacks import Cancel, Progress, never, silent, stop_if
from gradviz.errors import StoreError
from gradviz.features.store import chunk_file, disk
from gradviz.features.store.chunk_file import CorruptError
from gradviz.features.store.disk import Description, store_errors

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
        The chunks that could not be set aside.
    """

    def __init__(self, sentence: str, stuck: Collection[int]) -> None:
        super().__init__(sentence)
        self.stuck = tuple(stuck)


def chunks_of(rows: Iterable[int], chunk_rows: int = CHUNK_ROWS) -> tuple[int, ...]:
    """List the chunks that hold these rows, ascending.

    Parameters
    ----------
    rows
        In any order.
    chunk_rows
        Rows of a chunk.
    """
    return tuple(np.unique(np.asarray(rows, dtype=np.int64) // chunk_rows).tolist())


def rows_of(chunk: int, total: int, chunk_rows: int = CHUNK_ROWS) -> range:
    """List the rows of a chunk; the last one may be short.

    Parameters
    ----------
    chunk
        Its number, from 0.
    total
        Rows of the entry.
    chunk_rows
        Rows of a chunk.
    """
    return range(chunk * chunk_rows, min((chunk + 1) * chunk_rows, total))


def by_chunk(rows: np.ndarray, chunk_rows: int = CHUNK_ROWS) -> dict[int, slice]:
    """Return the place in `rows` of the rows of each chunk.

    Parameters
    ----------
    rows : ndarray of shape (n,)
        Ascending.
    chunk_rows : int
        Rows of a chunk.
    """
    chunks, starts = np.unique(rows // chunk_rows, return_index=True)
    ends = np.append(starts, len(rows))[1:]
    return {int(chunk): slice(start, end) for chunk, start, end in zip(chunks, starts, ends, strict=True)}


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
    """Hold the arrays of one key. All have the same rows; what a row stands for is the caller's business.

    Nothing is remembered between calls, so that chunks which another process has finished are seen. Each call looks
    into the folder at most once, whatever the number of chunks; reading opens only the chunks that it needs.

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

    @contextmanager
    def writing(
        self,
        shapes: Mapping[str, tuple[int, ...]],
        chunk_rows: int = CHUNK_ROWS,
        *,
        cancel: Cancel = never,
        waiting: Progress = silent,
        timeout: float = PATIENCE,
    ) -> Iterator["Writer"]:
        """Hold the entry for writing arrays; whoever comes second waits and finds them finished. Reading needs no lock.

        Parameters
        ----------
        shapes
            Name -> (rows, ...), with the same rows for all.
        chunk_rows
            Rows of a chunk.
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
            If names are not plain, or arrays have different numbers of rows.
        """
        wanted = {name: tuple(int(side) for side in shape) for name, shape in shapes.items()}
        if len({shape[0] for shape in wanted.values()}) != 1 or not all(name.isidentifier() for name in wanted):
            raise ValueError(f"arrays of one entry have plain names and the same number of rows, got {wanted}")
        description = Description(self.key, next(iter(wanted.values()))[0], chunk_rows, wanted)
        with self._lock(cancel, waiting, timeout):
            writer = self._prepare(description)
            try:
                yield writer
            finally:
                writer.closed = True

    @contextmanager
    def _lock(self, cancel: Cancel, waiting: Progress, timeout: float) -> Iterator[None]:
        finished, since = -1, time.monotonic()
        while True:
            with try_lock(self._root, self.digest) as free:
                if free:
                    yield
                    return
            description = self._load()
            done, total = (description.count(self._list(description)), description.rows) if description else (0, 0)
            if done != finished:
                finished, since = done, time.monotonic()
            elif time.monotonic() - since > timeout:
                raise StoreError(
                    f"Somebody else has been computing these features for {timeout:.0f} s without a result: "
                    "stop that process, or try again later."
                )
            waiting(done, total)
            stop_if(cancel)
            time.sleep(_POLL)

    def _prepare(self, description: Description) -> "Writer":
        there = self._load()
        if there and (there.shapes, there.chunk_rows) != (description.shapes, description.chunk_rows):
            raise StoreError(
                f"The store holds other arrays for these settings ({self.folder.name[:12]}): "
                "empty it with `python -m gradviz store clear`."
            )
        with store_errors(self._root):
            finished = disk.tidy(self.folder, description)
            if there is None:
                disk.save(self.folder, description)
        return Writer(self, description, finished)

    def missing(self, chunks: Iterable[int] | None = None) -> tuple[int, ...]:
        """List those of these chunks (default: all of the entry's) that are not finished, ascending.

        Raises Missing where all are asked for and nothing is kept yet.
        """
        description = self._load()
        if chunks is None:
            if description is None:
                raise Missing("Nothing is kept for these settings yet: extract the features first.")
            chunks = description.all_chunks
        return tuple(sorted(set(chunks) - self._list(description)))

    @property
    def finished(self) -> frozenset[int]:
        """List the chunks that are present."""
        return frozenset(self._list(self._load()))

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Return the shape of every array, (rows, ...); nothing before the first writer."""
        description = self._load()
        return dict(description.shapes) if description else {}

    def notes(self, chunks: Iterable[int] | None = None) -> dict[str, str]:
        """Return the notes of these chunks, by default of all finished ones.

        Raises Missing and Damaged like `read`.
        """
        merged: dict[str, str] = {}

        def take(chunk: int, path: Path) -> None:
            merged.update(chunk_file.read_notes(path, self.digest, chunk))

        self._visit(sorted(self.finished if chunks is None else set(chunks)), "the notes", take)
        return merged

    def read(self, name: str, rows: Iterable[int] | None = None) -> np.ndarray:
        """Read rows of one array; each needed chunk is decoded once.

        Parameters
        ----------
        name
            One of the entry's arrays.
        rows
            Ascending; all by default.

        Returns
        -------
        float32 of shape (rows, ...).

        Raises
        ------
        Missing
            If a row's chunk is not finished; its child Damaged if a check failed: then the chunk was set aside, and
            `missing` lists it from now on. Both mean: compute it, then read again.
        """
        description = self._load()
        if description is None or name not in description.shapes:
            raise Missing(f"{name} is not kept for these settings: extract the features first.")
        rows = np.arange(description.rows) if rows is None else np.asarray(rows, dtype=np.int64)
        if rows.size and (rows[0] < 0 or rows[-1] >= description.rows or np.any(np.diff(rows) < 0)):
            raise ValueError(f"rows ascend and lie within 0..{description.rows - 1}")
        sides = description.shapes[name][1:]
        out = np.empty((len(rows), *sides), np.float32)
        places = by_chunk(rows, description.chunk_rows)

        def take(chunk: int, path: Path) -> None:
            of_chunk = description.rows_of(chunk)
            values = chunk_file.read_array(path, self.digest, chunk, name, (len(of_chunk), *sides))
            # "clip" spares a copy of the rows, which "raise" needs to undo.
            np.take(values, rows[places[chunk]] - of_chunk.start, axis=0, out=out[places[chunk]], mode="clip")

        self._visit(places, name, take)
        return out

    def _visit(self, chunks: Collection[int], what: str, take: Callable[[int, Path], None]) -> None:
        def visit(chunk: int) -> str:
            path = disk.chunk_path(self.folder, chunk)
            try:
                take(chunk, path)
            except FileNotFoundError:
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
        if bad := sorted(damaged + stuck):
            files = ", ".join(disk.chunk_path(self.folder, chunk).name for chunk in bad[:5])
            raise Damaged(
                f"{len(bad)} of {len(found)} chunks of {what} in {self.folder} were damaged and "
                f"{'could not be ' if stuck else ''}set aside ({files}{', ...' if bad[5:] else ''}): "
                "extract the features again, only these are computed.",
                stuck,
            )
        if absent:
            raise Missing(f"{len(absent)} of {len(found)} chunks of {what} are not computed yet: extract them first.")

    def _load(self) -> Description | None:
        with store_errors(self._root):
            return disk.load(self.folder)

    def _list(self, description: Description | None) -> set[int]:
        with store_errors(self._root):
            return set() if description is None else disk.list_chunks(self.folder, description)


class Writer:
    """Write the chunks of an entry that is held for writing; `Entry.writing` makes it.

    Parameters
    ----------
    entry
        The entry.
    description
        Its key, and the shapes of its arrays.
    finished
        The chunks that have a file.
    """

    def __init__(self, entry: Entry, description: Description, finished: set[int]) -> None:
        self.closed = False
        self._entry, self._description, self._finished = entry, description, finished

    def missing(self, chunks: Iterable[int] | None = None) -> tuple[int, ...]:
        """List those of these chunks (default: all) that are not finished, ascending; the folder is not asked again."""
        return tuple(sorted(set(self._description.all_chunks if chunks is None else chunks) - self._finished))

    def write(self, chunk: int, arrays: Mapping[str, np.ndarray], notes: Mapping[str, str] | None = None) -> None:
        """Keep one whole chunk of every array; the chunk is present from then on, for everybody.

        Parameters
        ----------
        chunk
            Its number, from 0.
        arrays
            Name -> float32 of shape (rows of the chunk, ...), every array of the entry; a row that failed is NaN.
        notes
            Something about these rows (say, id -> why it was skipped).

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
        shapes, rows = self._description.shapes, len(self._description.rows_of(chunk))
        if set(arrays) != set(shapes):
            raise ValueError(f"write takes every array of the entry, got {sorted(arrays)}")
        for name, array in arrays.items():
            shape = (rows, *shapes[name][1:])
            if not rows or array.shape != shape or array.dtype != np.float32:
                raise ValueError(f"chunk {chunk} of {name} is float32 {shape}, got {array.dtype} {array.shape}")
        entry = self._entry
        with store_errors(entry.folder.parent):
            chunk_file.write(disk.chunk_path(entry.folder, chunk), entry.digest, chunk, arrays, notes)
        self._finished.add(chunk)
