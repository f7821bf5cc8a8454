"""Keep features on disk: arrays in whole chunks of rows, resumable after a kill, checked at every read.

One entry per key, in zarr v3's own format, so that other programs can read it:

    store/<sha256 of the key's canonical JSON>/manifest.json      what is present; written last, atomically
                                               x5/zarr.json       one array a name: rows first, float32
                                               x5/c.0.0.0         one chunk: whole rows, zstd, then crc32c
                                               damaged/           what failed a check, set aside
    store/locks/<the same>.lock                one writer a key

zarr alone is not enough: a missing chunk reads as the fill value without an error, a flipped bit in zarr.json changes
the shape silently, and two writers of one chunk lose data. So a chunk is present only if the manifest lists it,
zarr.json must have the sha256 that the manifest says (and the manifest its own), chunks are written whole and under a
lock, and one that cannot be decoded is moved away and computed again. Nothing is ever pickled.

    entry = Store(home() / "store").entry({"weights": digest, "data": digest, ...})
    with entry.writing(cancel=cancel, waiting=progress):
        entry.create({"x5": (n, 1, 9216)})
        for chunk in entry.missing(chunks_of(rows)):
            entry.write(chunk, {"x5": compute(chunk)})
    x5 = entry.read("x5", rows)

A caller that cannot write (disk full, read-only folder: StoreError) still has the arrays it passed, goes on with them,
and tells the user. Any number of processes may read while one writes.
"""

import shutil
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from gradviz.features.store import disk
from gradviz.features.store.disk import canonical
from gradviz.features.store.entry import CHUNK_ROWS, Damaged, Entry, Missing, chunks_of, counts, rows_of, trying

__all__ = [
    "CHUNK_ROWS",
    "WARN_BYTES",
    "Damaged",
    "Entry",
    "EntryInfo",
    "Missing",
    "Store",
    "canonical",
    "chunks_of",
    "rows_of",
]

WARN_BYTES = 10 * 1000**3
"""A store larger than this is worth a word to its owner."""


@dataclass(frozen=True)
class EntryInfo:
    """Describe an entry for a listing; `key` is None where the manifest is missing or damaged."""

    digest: str
    key: dict | None
    rows: int  # of finished chunks
    total: int
    bytes: int
    used: float  # last read or write, in seconds since 1970
    damaged: int  # files ever set aside


class Store:
    """Find, list and remove the entries of one folder, which is made by the first write."""

    def __init__(self, root: str | Path) -> None:
        self.root = Path(root)

    def entry(self, key: Mapping) -> Entry:
        """Name the entry of a key that is plain JSON; nothing is read or made. Raises StoreError for other keys."""
        return Entry(self.root, dict(key))

    def entries(self) -> tuple[EntryInfo, ...]:
        """List what is kept, last used first."""
        infos = []
        for folder in self._folders():
            with disk.explained(self.root), suppress(FileNotFoundError):  # removed by somebody else meanwhile
                infos.append(_describe(folder))
        return tuple(sorted(infos, key=lambda info: -info.used))

    def size(self) -> int:
        """Count the bytes of everything kept."""
        return disk.size(self.root)

    def warning(self) -> str | None:
        """Say in a sentence that the store has grown beyond WARN_BYTES, or nothing."""
        size = self.size()
        if size <= WARN_BYTES:
            return None
        return f"The store holds {size / 1e9:.1f} GB in {self.root}: `python -m gradviz store clear` empties it."

    def clear(self) -> int:
        """Remove every entry and return the bytes freed; entries that somebody is writing stay, see `entries`."""
        freed = 0
        for folder in self._folders():
            with trying(self.root, folder.name) as free, disk.explained(self.root):
                if free:
                    freed += disk.size(folder)
                    (folder / "manifest.json").unlink(missing_ok=True)  # first, so that a kill leaves nothing listed
                    shutil.rmtree(folder)
        return freed

    def _folders(self) -> list[Path]:
        if not self.root.is_dir():
            return []
        return [folder for folder in sorted(self.root.iterdir()) if len(folder.name) == 64 and folder.is_dir()]


def _describe(folder: Path) -> EntryInfo:
    manifest = disk.load(folder)
    rows, total = counts(manifest)
    at = folder / "manifest.json" if manifest else folder
    return EntryInfo(
        digest=folder.name,
        key=manifest.key if manifest else None,
        rows=rows,
        total=total,
        bytes=disk.size(folder),
        used=at.stat().st_mtime,
        damaged=disk.count_damaged(folder),
    )
