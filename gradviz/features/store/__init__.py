"""Keep features on disk: arrays in whole chunks of rows, resumable after a kill, checked at every read.

One entry per key, one file per chunk of rows, which holds all its arrays and their checksums (see chunk_file.py):

    store/<sha256 of the key's canonical JSON>/entry.json        key and shapes, with a checksum of its own
                                               000005.chunk      rows 320 to 383 of every array, with their notes
                                               damaged/          what failed a check, set aside
    store/locks/<the same>.lock                one writer a key

A chunk's file appears in one step, when all of it is written: it is present or it is not, there is no list that could
say otherwise, and no call costs more for the chunks that are there already. What fails its checksum is moved away and
computed again; entry.json, whose content the caller knows, is written again. Nothing is ever pickled.

    entry = Store(home() / "store").entry({"weights": digest, "data": digest, ...})
    with entry.writing({"x5": (n, 1, 9216)}, cancel=cancel, waiting=progress) as writer:
        for chunk in writer.missing(chunks_of(rows)):
            writer.write(chunk, {"x5": compute(chunk)})
    x5 = entry.read("x5", rows)

A caller that cannot write (disk full, read-only folder: StoreError) still has the arrays it passed, goes on with them,
and tells the user. Any number of processes may read while one writes.

Measured against zarr v3 with a manifest, which this replaces (tests/benchmarks/bench_store.py): bookkeeping of 100,000
images 2 s instead of 68, writing 1.6 and reading 1.1 to 1.8 times as fast, the same size on the disk.
"""

import shutil
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from gradviz.features.store import disk
from gradviz.features.store.disk import canonical
from gradviz.features.store.entry import (
    CHUNK_ROWS,
    Damaged,
    Entry,
    Missing,
    Writer,
    by_chunk,
    chunks_of,
    rows_of,
    try_lock,
)

__all__ = [
    "CHUNK_ROWS",
    "WARN_BYTES",
    "Damaged",
    "Entry",
    "EntryInfo",
    "Missing",
    "Store",
    "Writer",
    "by_chunk",
    "canonical",
    "chunks_of",
    "rows_of",
]

WARN_BYTES = 10 * 1000**3
"""Beyond this size the user is told how large the store is."""


@dataclass(frozen=True)
class EntryInfo:
    """Describe an entry for a listing; `key` is None where the description is missing or damaged.

    An `old` one was written by an earlier version and is never read: it waits to be cleared.
    """

    digest: str
    key: dict | None
    rows: int  # of finished chunks
    total: int
    bytes: int
    used: float  # last read or write, in seconds since 1970
    damaged: int  # files ever set aside
    old: bool


class Store:
    """Find, list and remove the entries of one folder, which is made by the first write."""

    def __init__(self, root: str | Path) -> None:
        self.root = Path(root)

    def entry(self, key: Mapping) -> Entry:
        """Return the entry of a key that is plain JSON; nothing is read or made. Raises StoreError for other keys."""
        return Entry(self.root, dict(key))

    def entries(self) -> tuple[EntryInfo, ...]:
        """List what is kept, last used first."""
        infos = []
        for folder in self._folders():
            with disk.store_errors(self.root), suppress(FileNotFoundError):  # removed by somebody else meanwhile
                infos.append(_describe(folder))
        return tuple(sorted(infos, key=lambda info: -info.used))

    def size(self) -> int:
        """Count the bytes of everything kept."""
        return disk.size(self.root)

    def warning(self) -> str | None:
        """Return a sentence if the store has grown beyond WARN_BYTES."""
        size = self.size()
        if size <= WARN_BYTES:
            return None
        return f"The store holds {size / 1e9:.1f} GB in {self.root}: `python -m gradviz store clear` empties it."

    def clear(self) -> int:
        """Remove every entry and return the bytes freed; entries that somebody is writing stay, see `entries`."""
        freed = 0
        for folder in self._folders():
            with try_lock(self.root, folder.name) as free, disk.store_errors(self.root):
                if free and folder.is_dir():  # another one may have cleared it meanwhile
                    freed += disk.size(folder)
                    shutil.rmtree(folder)
        return freed

    def _folders(self) -> list[Path]:
        if not self.root.is_dir():
            return []
        return [folder for folder in sorted(self.root.iterdir()) if len(folder.name) == 64 and folder.is_dir()]


def _describe(folder: Path) -> EntryInfo:
    description = disk.load(folder)
    file = folder / disk.DESCRIPTION
    return EntryInfo(
        digest=folder.name,
        key=description.key if description else None,
        rows=description.count(disk.list_chunks(folder, description)) if description else 0,
        total=description.rows if description else 0,
        bytes=disk.size(folder),
        used=(file if file.exists() else folder).stat().st_mtime,
        damaged=disk.count_damaged(folder),
        old=not file.exists() and (folder / "manifest.json").exists(),
    )
