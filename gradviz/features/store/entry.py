"""Read and write the arrays of one key, chunk by chunk."""

import os
import shutil
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np

from gradviz.callbacks import Cancel, Progress, never, silent, stop_if
from gradviz.errors import StoreError
from gradviz.features.store import disk
from gradviz.features.store.disk import Manifest, explained

CHUNK_ROWS = 64
"""Rows of a chunk: the most that a kill can lose, and a multiple of every batch."""

PATIENCE = 600.0
"""Seconds to wait for another process that finishes no chunk; far longer than any chunk takes."""

_POLL = 0.2


class Missing(StoreError):
    """Say that rows were asked for which are not kept: compute them first."""


class Damaged(Missing):
    """Say that kept rows failed a check; they were set aside and have to be computed again."""


def chunks_of(rows: Iterable[int], chunk_rows: int = CHUNK_ROWS) -> tuple[int, ...]:
    """Name the chunks that hold these rows, ascending."""
    return tuple(np.unique(np.asarray(rows, dtype=np.int64) // chunk_rows).tolist())


def rows_of(chunk: int, total: int, chunk_rows: int = CHUNK_ROWS) -> range:
    """Name the rows of a chunk; the last one may be short."""
    return range(chunk * chunk_rows, min((chunk + 1) * chunk_rows, total))


@contextmanager
def trying(root: Path, digest: str) -> Iterator[bool]:
    """Try once for the lock of an entry and say whether it was free; the system releases a killed holder's lock.

    Raises StoreError if the folder cannot be written.
    """
    from filelock import FileLock, Timeout

    with explained(root):
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
    """Hold the arrays of one key. All have the same rows; what a row stands for is the caller's business."""

    def __init__(self, root: Path, key: dict) -> None:
        self.key = key
        self.digest = disk.sha256(disk.canonical(key).encode())
        self.folder = root / self.digest
        self._root = root
        self._held = False

    @contextmanager
    def writing(
        self, *, cancel: Cancel = never, waiting: Progress = silent, timeout: float = PATIENCE
    ) -> Iterator["Entry"]:
        """Hold the entry for writing; whoever comes second waits and then finds the chunks finished.

        While somebody else holds it, `waiting(rows finished by them, rows in all)` is called and `cancel` is asked
        several times a second. Raises StoreError if the folder cannot be written, or if the holder finishes no chunk
        for `timeout` seconds; Cancelled if told so. Reading needs no lock.
        """
        finished, since = -1, time.monotonic()
        while True:
            with trying(self._root, self.digest) as free:
                if free:
                    with explained(self._root):
                        self._tidy()
                    self._held = True
                    try:
                        yield self
                    finally:
                        self._held = False
                    return
            done, total = counts(self._load())
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

    def create(self, shapes: Mapping[str, tuple[int, ...]], chunk_rows: int = CHUNK_ROWS) -> None:
        """Make the arrays, name -> (rows, ...); where they exist, check them and mend a damaged zarr.json.

        Raises StoreError if the entry holds other arrays than these.
        """
        wanted = {name: tuple(int(side) for side in shape) for name, shape in shapes.items()}
        if len({shape[0] for shape in wanted.values()}) != 1 or not all(name.isidentifier() for name in wanted):
            raise ValueError(f"arrays of one entry have plain names and the same number of rows, got {wanted}")
        manifest = self._manifest_held()
        if manifest is None:
            rows = next(iter(wanted.values()))[0]
            manifest = Manifest(key=self.key, rows=rows, chunk_rows=chunk_rows, shapes=wanted)
        if (manifest.shapes, manifest.chunk_rows) != (wanted, chunk_rows):
            raise StoreError(
                f"The store holds other arrays for these settings ({self.folder.name[:12]}): "
                "empty it with `python -m gradviz store clear`."
            )
        with explained(self._root):
            bad = [name for name in wanted if not disk.intact(self.folder, manifest, name)]
            for name in bad:
                if (self.folder / name / "zarr.json").exists():
                    disk.set_aside(self.folder, f"{name}/zarr.json")
                disk.make_array(self.folder / name, wanted[name], chunk_rows)
                manifest.sums[name] = disk.sha256((self.folder / name / "zarr.json").read_bytes())
            if bad:
                disk.save(self.folder, manifest)

    def missing(self, chunks: Iterable[int] | None = None) -> tuple[int, ...]:
        """Name those of these chunks (default: all of the entry's) that are not finished, ascending."""
        manifest = self._load()
        if chunks is None:
            if manifest is None:
                raise Missing("Nothing is kept for these settings yet: extract the features first.")
            chunks = manifest.all_chunks
        return tuple(sorted(set(chunks) - self._present(manifest)))

    def write(self, chunk: int, arrays: Mapping[str, np.ndarray], notes: Mapping[str, str] | None = None) -> None:
        """Keep one whole chunk of every array, name -> (rows of the chunk, ...) float32; a row that failed is NaN.

        `notes` says something about these rows (say, id -> why it was skipped). Raises StoreError if the disk is full
        or cannot be written: then nothing of this chunk is kept, the chunks before it are, and the caller, who still
        has its arrays, goes on with them and tells the user.
        """
        manifest = self._manifest_held()
        if manifest is None or set(arrays) != set(manifest.shapes):
            raise ValueError(f"write takes every array of create, got {sorted(arrays)}")
        rows = manifest.rows_of(chunk)
        for name, array in arrays.items():
            shape = (len(rows), *manifest.shapes[name][1:])
            if not rows or array.shape != shape or array.dtype != np.float32:
                raise ValueError(f"chunk {chunk} of {name} is float32 {shape}, got {array.dtype} {array.shape}")
        try:
            with explained(self._root):
                for name, array in arrays.items():
                    disk.open_array(self.folder / name, read_only=False)[rows.start : rows.stop] = array
                manifest.chunks[chunk] = dict(notes or {})
                disk.save(self.folder, manifest)
        except StoreError:
            for name in arrays:
                with suppress(OSError):
                    (self.folder / name / manifest.file(name, chunk)).unlink()
            raise

    @property
    def finished(self) -> frozenset[int]:
        """Name the chunks that are present."""
        return frozenset(self._present(self._load()))

    @property
    def notes(self) -> dict[str, str]:
        """Merge the notes of all finished chunks."""
        manifest = self._load()
        chunks = sorted(self._present(manifest))
        return {name: note for chunk in chunks for name, note in manifest.chunks[chunk].items()}

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Give the shape of every array, (rows, ...); nothing before `create`."""
        manifest = self._load()
        return dict(manifest.shapes) if manifest else {}

    def read(self, name: str, rows: Iterable[int] | None = None) -> np.ndarray:
        """Read rows (ascending; default all) of one array as float32 (rows, ...); each needed chunk is decoded once.

        Raises Missing if a row's chunk is not finished, and its child Damaged if a check failed: what failed was set
        aside, and `missing` names it from now on. Both mean: compute it, then read again.
        """
        manifest = self._load()
        if manifest is None or name not in manifest.shapes:
            raise Missing(f"{name} is not kept for these settings: extract the features first.")
        rows = np.arange(manifest.rows) if rows is None else np.asarray(rows, dtype=np.int64)
        if rows.size and (rows[0] < 0 or rows[-1] >= manifest.rows or np.any(np.diff(rows) < 0)):
            raise ValueError(f"rows ascend and lie within 0..{manifest.rows - 1}")
        chunks = chunks_of(rows, manifest.chunk_rows)
        absent = len(set(chunks) - set(manifest.chunks))
        if absent:
            raise Missing(f"{absent} of {len(chunks)} chunks of {name} are not computed yet: extract them first.")
        with explained(self._root):
            intact = disk.intact(self.folder, manifest, name)
        if not intact:
            disk.set_aside(self.folder, f"{name}/zarr.json")
            raise Damaged(f"The description of the kept {name} was damaged and set aside: extract the features again.")
        with suppress(OSError):
            os.utime(self.folder / "manifest.json")  # its time is the entry's last use
        if not rows.size:
            return np.empty((0, *manifest.shapes[name][1:]), dtype=np.float32)
        try:
            return _select(disk.open_array(self.folder / name, read_only=True), rows)
        except MemoryError:
            raise
        except Exception as error:  # zarr has many errors and names no chunk
            raise self._diagnosed(name, chunks, manifest, error) from error

    def _diagnosed(self, name: str, chunks: Iterable[int], manifest: Manifest, error: Exception) -> StoreError:
        with explained(self._root):
            bad = [chunk for chunk in chunks if disk.broken(self.folder, manifest, name, chunk)]
        for chunk in bad:
            disk.set_aside(self.folder, f"{name}/{manifest.file(name, chunk)}")
        if bad:
            return Damaged(
                f"{len(bad)} chunks of the kept {name} were damaged and set aside: extract the features again, "
                "only these are computed."
            )
        reason = " ".join(str(error).split())
        return StoreError(f"The kept {name} cannot be read from {self.folder}: {reason}. Try again.")

    def _manifest_held(self) -> Manifest | None:
        if not self._held:
            raise RuntimeError("create and write belong inside `with entry.writing():`")
        return self._load()

    def _load(self) -> Manifest | None:
        with explained(self._root):
            return disk.load(self.folder)

    def _present(self, manifest: Manifest | None) -> set[int]:
        with explained(self._root):
            return disk.present(self.folder, manifest)

    def _tidy(self) -> None:
        # Removes what a killed or failed writer left (temporary files, chunks that no manifest lists), and unlists
        # chunks that readers set aside.
        self.folder.mkdir(parents=True, exist_ok=True)
        manifest = disk.load(self.folder)
        if manifest is None and (self.folder / "manifest.json").exists():
            disk.set_aside(self.folder, "manifest.json")
        if manifest is not None:
            kept = disk.with_files(self.folder, manifest)
            if kept != set(manifest.chunks):
                manifest.chunks = {chunk: notes for chunk, notes in manifest.chunks.items() if chunk in kept}
                disk.save(self.folder, manifest)
        names = manifest.shapes if manifest else {}
        for item in self.folder.iterdir():
            if item.name in names:
                known = {manifest.file(item.name, chunk) for chunk in manifest.chunks} | {"zarr.json"}
                for path in item.iterdir():
                    if path.name not in known:
                        path.unlink()
            elif item.is_dir() and item.name != disk.DAMAGED:
                shutil.rmtree(item)
            elif item.is_file() and item.name != "manifest.json":
                item.unlink()


def counts(manifest: Manifest | None) -> tuple[int, int]:
    """Count the rows of finished chunks, and the rows in all."""
    if manifest is None:
        return 0, 0
    return sum(len(manifest.rows_of(chunk)) for chunk in manifest.chunks), manifest.rows


def _select(array, rows: np.ndarray) -> np.ndarray:
    first, last = int(rows[0]), int(rows[-1]) + 1
    whole = np.array_equal(rows, np.arange(first, last))
    return np.ascontiguousarray(array[first:last] if whole else array.oindex[rows])
