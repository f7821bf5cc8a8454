"""Read what an earlier version kept, so that it need not be computed again: row n of an entry was image n of a set.

Its key held the digest of the whole data set, so that its rows are known only where the same data set is opened again:
`adopt` then moves them, chunk by chunk, to where rows are named by what they were made of. Gradients that were made
from them go. What is in a still older
format (zarr arrays beside a manifest) is recognised, and waits to be cleared.
"""

import json
import shutil
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from gradviz.callbacks import Cancel, never
from gradviz.errors import StoreError
from gradviz.features.store import chunk_file, disk
from gradviz.features.store.chunk_file import CorruptError
from gradviz.features.store.entry import Entry, Writer, try_lock

_FORMAT = 2


@dataclass(frozen=True)
class Older:
    """Describe an entry of the format before this one: `shapes` maps an array to (rows, ...)."""

    folder: Path
    key: dict
    rows: int
    chunk_rows: int
    shapes: dict[str, tuple[int, ...]]

    def rows_of(self, chunk: int) -> range:
        """List the rows of a chunk; the last one may be short."""
        return range(chunk * self.chunk_rows, min((chunk + 1) * self.chunk_rows, self.rows))

    @property
    def count(self) -> int:
        """Count the rows of the chunks that are there."""
        return sum(len(self.rows_of(chunk)) for chunk in disk.list_chunks(self.folder))

    def read(self, chunk: int) -> dict[str, np.ndarray]:
        """Read a chunk, name -> (rows of the chunk, ...). Raises CorruptError."""
        path, n = disk.chunk_path(self.folder, chunk), len(self.rows_of(chunk))
        return {
            name: chunk_file.read_array(path, self.folder.name, chunk, name, (n, *shape[1:]))
            for name, shape in self.shapes.items()
        }


def recognised(folder: Path) -> bool:
    """Check whether a folder of the store is in an older format."""
    return (folder / "manifest.json").exists() if not (folder / disk.DESCRIPTION).exists() else bool(load(folder))


def waits(folder: Path) -> bool:
    """Check whether an entry's rows are taken over where its data set is used again, as forward passes of the networks
    of the table are; those of networks of the user's own, gradients and what is in a still older format are not."""
    old = load(folder)
    return old is not None and old.key.get("kind") == "forward" and ":" not in old.key.get("network", ":")


def note(size: int, waiting: int) -> str:
    """Say what becomes of what is in an older format, in one sentence.

    Parameters
    ----------
    size, waiting
        Its bytes, and how many of them will be taken over.
    """
    fate = "it is taken over where its data set is used again"
    if not waiting:
        fate = "this version does not read it"
    elif waiting < size:
        fate = f"{_text(waiting)} of it are taken over where their data set is used again, the rest is not read"
    return (
        f"{_text(size)} of features are in an older format: {fate}; `python -m gradviz store clear --old` removes it."
    )


def _text(size: int) -> str:
    return f"{size / 1e6:,.1f} MB" if size >= 1e6 else f"{size / 1e3:.1f} kB"


def load(folder: Path) -> Older | None:
    """Read the description of an entry of the format before this one; None for anything else."""
    with suppress(OSError, ValueError, KeyError, TypeError, AttributeError, StoreError):
        content = (folder / disk.DESCRIPTION).read_bytes()
        body = json.loads(content)["entry"]
        if body["format"] == _FORMAT and content == disk.described(body) and disk.digest(body["key"]) == folder.name:
            shapes = {name: tuple(shape) for name, shape in body["shapes"].items()}
            return Older(folder, body["key"], body["rows"], body["chunk_rows"], shapes)
    return None


def adopt(
    root: Path,
    key: Mapping,
    entry: Entry,
    widths: Mapping[str, tuple[int, ...]],
    names: Callable[[], Sequence[str]],
    *,
    batch: int,
    cancel: Cancel = never,
) -> None:
    """Move the rows of an older entry, if it is there, to `entry`; nothing is ever there twice but one chunk.

    Rows that failed then are left to be computed, and so are those of a chunk's last batch where it was a short one:
    it was not filled up then, so that their last digits depended on its size.

    Parameters
    ----------
    root, key
        The store, and the key of the older entry.
    entry, widths
        Where its rows go, and the shape of a row of each array.
    names
        Returns the name of each of its rows.
    batch
        Images of a batch.
    cancel
        Asked while somebody else is writing there.
    """
    old = load(root / disk.digest(key))
    if old is None or {name: shape[1:] for name, shape in old.shapes.items()} != dict(widths):
        return
    named = names()
    with suppress(StoreError), try_lock(root, old.folder.name) as free:  # a full disk keeps what is there
        if not free or len(named) != old.rows:
            return
        with entry.writing(widths, cancel=cancel) as writer:
            for chunk in sorted(disk.list_chunks(old.folder)):
                _move(old, chunk, named, writer, batch)
        with disk.store_errors(root):
            shutil.rmtree(old.folder)
            _remove_children(root, old.key)


def _remove_children(root: Path, key: dict) -> None:
    """Remove the older gradients that were made from an entry: they are computed again from its rows in seconds."""
    for folder in list(root.iterdir()):
        child = load(folder) if len(folder.name) == 64 else None
        if child and child.key.get("forward") == key:
            with try_lock(root, folder.name) as free:
                if free:
                    shutil.rmtree(folder)


def _move(old: Older, chunk: int, names: Sequence[str], writer: Writer, batch: int) -> None:
    rows = old.rows_of(chunk)
    with suppress(CorruptError, FileNotFoundError):
        arrays = old.read(chunk)
        whole = len(rows) // batch * batch
        finite = np.logical_and.reduce([np.isfinite(a).all(axis=tuple(range(1, a.ndim))) for a in arrays.values()])
        lacking = set(writer.missing(names[row] for row in rows))
        kept = {}
        for place in range(whole):
            if finite[place] and names[rows[place]] in lacking:
                kept.setdefault(names[rows[place]], place)
        if kept:
            places = list(kept.values())
            writer.write(tuple(kept), {name: array[places] for name, array in arrays.items()})
    with disk.store_errors(old.folder.parent):
        disk.chunk_path(old.folder, chunk).unlink(missing_ok=True)
