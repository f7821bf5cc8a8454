"""Keep features on disk: rows under names of their own, in chunks, resumable after a kill, checked at every read.

One entry per key, one file per chunk of rows, which holds their names, all arrays and the checksums (chunk_file.py):

    store/<sha256 of the key's canonical JSON>/entry.json        key and arrays, with a checksum of its own
                                               000005.chunk      up to 64 rows of every array, with names and notes
                                               damaged/          what failed a check, set aside
    store/locks/<the same>.lock                one writer a key

The name of a row says what it was made of, such as the digest of a picture: data sets that share pictures share rows.
Which rows there are, and where, is read from the chunks themselves. A chunk's file appears in one step, when all of it
is written, and is never changed: it is present or it is not, and there is no list that could say otherwise. What fails
its checksum is moved away, and its rows are computed again into a new chunk; entry.json, whose content the caller
knows, is written again. Nothing is ever pickled.

    entry = Store(home() / "store").entry({"weights": digest, ...})
    with entry.writing({"x5": (1, 9216)}, rows, cancel=cancel, waiting=progress) as writer:
        for block in blocks_of(writer.missing(rows)):
            writer.write(block, {"x5": compute(block)})
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

from gradviz.features.store import chunk_file, disk, older
from gradviz.features.store.chunk_file import CorruptError
from gradviz.features.store.disk import canonical
from gradviz.features.store.entry import CHUNK_ROWS, Damaged, Entry, Missing, Writer, try_lock

__all__ = [
    "CHUNK_ROWS",
    "WARN_BYTES",
    "Damaged",
    "Entry",
    "EntryInfo",
    "Missing",
    "Store",
    "Writer",
    "canonical",
]

WARN_BYTES = 10 * 1000**3
"""Beyond this size the user is told how large the store is."""


@dataclass(frozen=True)
class EntryInfo:
    """Describe an entry for a listing; `key` is None where the description is missing or damaged.

    An `old` one was written by an earlier version: it waits until its data set is used again, if it is one that can be
    taken over then, see older.py, or to be cleared.
    """

    digest: str
    key: dict | None
    rows: int
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

    def keys(self) -> tuple[dict, ...]:
        """List the keys of what is kept, without a look at how much of each there is."""
        found = (disk.load(folder) for folder in self._folders())
        return tuple(description.key for description in found if description)

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

    def older(self, *, waiting: bool = False) -> int:
        """Count the bytes of what is in an older format, or of that part of it which will be taken over."""
        counted = older.waits if waiting else older.recognised
        return sum(disk.size(folder) for folder in self._folders() if counted(folder))

    def older_note(self) -> tuple[str, ...]:
        """Return a sentence on how much is in an older format and what becomes of it, or none."""
        size = self.older()
        return (older.note(size, self.older(waiting=True)),) if size else ()

    def clear(self, *, old: bool = False) -> int:
        """Remove every entry, or those in an older format alone, and return the bytes freed.

        Entries that somebody is writing stay, see `entries`.
        """
        freed = 0
        for folder in self._folders():
            if old and not older.recognised(folder):
                continue
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
    description, old = disk.load(folder), older.load(folder)
    file = folder / disk.DESCRIPTION
    rows = _count(folder) if description else old.count if old else 0
    return EntryInfo(
        digest=folder.name,
        key=description.key if description else old.key if old else None,
        rows=rows,
        bytes=disk.size(folder),
        used=(file if file.exists() else folder).stat().st_mtime,
        damaged=disk.count_damaged(folder),
        old=older.recognised(folder),
    )


def _count(folder: Path) -> int:
    """Count the rows that are kept."""
    rows: set[str] = set()
    for chunk in disk.list_chunks(folder):
        with suppress(CorruptError):
            rows.update(chunk_file.read_rows(disk.chunk_path(folder, chunk), folder.name, chunk)[0])
    return len(rows)
