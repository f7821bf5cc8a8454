"""How an entry lies on disk: the manifest, zarr arrays in whole chunks, and the checks that zarr leaves out."""

import errno
import hashlib
import json
import math
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import numpy as np

from gradviz.errors import StoreError

DAMAGED = "damaged"
"""Folder of an entry for what failed a check."""

# zstd 1: on features that are half zeros 0.57 of the bytes, written at 200 and read at 1,000 MB/s on two slow cores.
# Level 3 gains 2 % and writes at 150 MB/s, level 6 gains 3 % and writes at 60.
_LEVEL = 1
_SCHEMA = 1
_FULL = {errno.ENOSPC, errno.EFBIG, getattr(errno, "EDQUOT", errno.ENOSPC)}
_DENIED = {errno.EACCES, errno.EPERM, errno.EROFS}


@dataclass
class Manifest:
    """List what of an entry is present; the file carries the sha256 of its own content."""

    key: dict
    rows: int
    chunk_rows: int
    shapes: dict[str, tuple[int, ...]]
    sums: dict[str, str] = field(default_factory=dict)  # name -> sha256 of its zarr.json
    chunks: dict[int, dict[str, str]] = field(default_factory=dict)  # finished chunk -> its notes

    @property
    def all_chunks(self) -> range:
        """Name every chunk that the entry will have."""
        return range(-(-self.rows // self.chunk_rows))

    def file(self, name: str, chunk: int) -> str:
        """Name the file of a chunk inside the array's folder."""
        return "c." + ".".join([str(chunk)] + ["0"] * (len(self.shapes[name]) - 1))

    def rows_of(self, chunk: int) -> range:
        """Name the rows of a chunk; the last one may be short, one beyond the end is empty."""
        return range(chunk * self.chunk_rows, min((chunk + 1) * self.chunk_rows, self.rows))


def canonical(key: Mapping) -> str:
    """Write a key as JSON that is the same for equal keys: sorted, no NaN, nothing that JSON would bend.

    Raises StoreError for other types, NaN, infinity and names that are no strings.
    """

    def plain(value: object) -> object:
        if isinstance(value, Mapping) and all(isinstance(name, str) for name in value):
            return {name: plain(item) for name, item in value.items()}
        if isinstance(value, list | tuple):
            return [plain(item) for item in value]
        if value is None or type(value) in (str, int, float, bool):
            return value
        raise StoreError(f"A store's key must be plain JSON, and {value!r:.80} is not: write it as text or a number.")

    try:
        return json.dumps(plain(key), sort_keys=True, separators=(",", ":"), allow_nan=False)
    except ValueError as error:
        raise StoreError(f"A store's key must be plain JSON: {error}.") from error


def sha256(content: bytes) -> str:
    """Digest bytes as hex."""
    return hashlib.sha256(content).hexdigest()


@contextmanager
def explained(root: Path) -> Iterator[None]:
    """Turn an error of the file system into a StoreError that says what to do."""
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            why = "the disk is full. Free some space, or empty the store with `python -m gradviz store clear`"
        elif error.errno in _DENIED:
            why = "access is denied. Set GRADVIZ_HOME to a folder of your own"
        else:
            why = f"{error.strerror or type(error).__name__}. Look at that disk, or set GRADVIZ_HOME to another"
        raise StoreError(f"The store in {root} cannot be used: {why}.") from error


def load(folder: Path) -> Manifest | None:
    """Read the manifest; None if there is none or if it does not agree with its own checksum or its folder's name."""
    try:
        stored = json.loads((folder / "manifest.json").read_bytes())
        body = stored["manifest"]
        if stored["sha256"] != sha256(canonical(body).encode()) or body["schema"] != _SCHEMA:
            return None
        if sha256(canonical(body["key"]).encode()) != folder.name:
            return None
    except (FileNotFoundError, NotADirectoryError, ValueError, KeyError, TypeError, StoreError):
        return None
    return Manifest(
        key=body["key"],
        rows=body["rows"],
        chunk_rows=body["chunk_rows"],
        shapes={name: tuple(shape) for name, shape in body["shapes"].items()},
        sums=body["sums"],
        chunks={int(chunk): notes for chunk, notes in body["chunks"].items()},
    )


def save(folder: Path, manifest: Manifest) -> None:
    """Replace the manifest in one step, after its bytes are on the disk.

    Chunks are not synced: after a power cut, one that the manifest lists may be short, which its checksum tells.
    """
    body = {
        "schema": _SCHEMA,
        "key": manifest.key,
        "rows": manifest.rows,
        "chunk_rows": manifest.chunk_rows,
        "shapes": manifest.shapes,
        "sums": manifest.sums,
        "chunks": {str(chunk): notes for chunk, notes in sorted(manifest.chunks.items())},
    }
    text = json.dumps({"sha256": sha256(canonical(body).encode()), "manifest": body}, indent=1)
    temporary = folder / "manifest.tmp"  # one writer at a time holds the lock
    try:
        with temporary.open("w", encoding="ascii") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(folder / "manifest.json")
    except OSError:
        with suppress(OSError):
            temporary.unlink()
        raise
    if os.name == "posix":  # Windows cannot sync folders
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def intact(folder: Path, manifest: Manifest, name: str) -> bool:
    """Tell whether an array's zarr.json is the one that the manifest saw."""
    try:
        return sha256((folder / name / "zarr.json").read_bytes()) == manifest.sums.get(name)
    except FileNotFoundError:
        return False


def with_files(folder: Path, manifest: Manifest) -> set[int]:
    """Name the listed chunks whose files are all there."""
    there: dict[str, set[str]] = {}
    for name in manifest.shapes:
        with suppress(FileNotFoundError):
            there[name] = set(os.listdir(folder / name))  # noqa: PTH208 - names only, thousands of them
    return {
        chunk
        for chunk in manifest.chunks
        if all(manifest.file(name, chunk) in there.get(name, ()) for name in manifest.shapes)
    }


def present(folder: Path, manifest: Manifest | None) -> set[int]:
    """Name the chunks that can be read: listed, files there, descriptions unaltered."""
    if manifest is None or not all(intact(folder, manifest, name) for name in manifest.shapes):
        return set()
    return with_files(folder, manifest)


def make_array(path: Path, shape: tuple[int, ...], chunk_rows: int) -> None:
    """Write a zarr.json: float32, fill value NaN, chunks of whole rows, zstd, then crc32c (sees every flip)."""
    import zarr
    from zarr.codecs import Crc32cCodec, ZstdCodec
    from zarr.storage import LocalStore

    zarr.create_array(
        LocalStore(path),
        shape=shape,
        chunks=(chunk_rows, *shape[1:]),
        dtype="float32",
        fill_value=np.nan,
        compressors=[ZstdCodec(level=_LEVEL), Crc32cCodec()],
        chunk_key_encoding={"name": "default", "separator": "."},
    )


def open_array(path: Path, *, read_only: bool):
    """Open an array so that a chunk without a file is an error, and a chunk of NaN is written like any other."""
    import zarr

    store = _strict_store()(path, read_only=read_only)
    mode = "r" if read_only else "r+"
    return zarr.open_array(store, mode=mode, zarr_format=3).with_config({"write_empty_chunks": True})


@cache
def _strict_store() -> type:
    from zarr.storage import LocalStore

    class StrictStore(LocalStore):
        """Raise where zarr would read a missing chunk as NaN."""

        async def get(self, key, prototype=None, byte_range=None):
            value = await super().get(key, prototype, byte_range)
            if value is None:
                raise FileNotFoundError(errno.ENOENT, "no such chunk", str(self.root / key))
            return value

    return StrictStore


def broken(folder: Path, manifest: Manifest, name: str, chunk: int) -> bool:
    """Decode one chunk without zarr and tell whether its file is missing or damaged.

    zarr also raises where nothing is wrong with the file (while the interpreter closes, say), so its word is not enough
    to throw a chunk away. Trouble of the file system itself is raised as OSError.
    """
    from numcodecs import Zstd
    from numcodecs.checksum32 import CRC32C

    try:
        raw = (folder / name / manifest.file(name, chunk)).read_bytes()
    except FileNotFoundError:
        return True
    except OSError as error:
        if error.errno == errno.EIO:  # the disk cannot read it any more
            return True
        raise
    try:
        content = Zstd().decode(CRC32C(location="end").decode(raw))
    except (RuntimeError, ValueError):
        return True
    return len(content) != 4 * manifest.chunk_rows * math.prod(manifest.shapes[name][1:])


def set_aside(folder: Path, relative: str) -> None:
    """Move a file out of the way, so that it is absent, and let it be counted; one that vanished is counted too.

    A folder that cannot be written keeps the file: it fails its check each time.
    """
    label = relative.replace("/", ".") + "."
    with suppress(OSError):
        (folder / DAMAGED).mkdir(exist_ok=True)
        try:
            (folder / relative).replace(folder / DAMAGED / f"{label}{time.time_ns()}")
        except FileNotFoundError:  # vanished, or moved here by an earlier read
            if not any(path.name.startswith(label) for path in (folder / DAMAGED).iterdir()):
                (folder / DAMAGED / f"{label}missing").touch()


def count_damaged(folder: Path) -> int:
    """Count what was ever set aside."""
    return len(os.listdir(folder / DAMAGED)) if (folder / DAMAGED).is_dir() else 0  # noqa: PTH208


def size(folder: Path) -> int:
    """Count the bytes of all files below a folder."""
    total = 0
    for path in folder.rglob("*") if folder.is_dir() else ():
        with suppress(OSError):  # renamed or removed meanwhile
            total += path.stat().st_size if path.is_file() else 0
    return total
