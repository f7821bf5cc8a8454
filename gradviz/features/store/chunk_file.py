"""Write and read one chunk of rows as one file: their names, all arrays, the notes, a checksum of every byte.

    magic             8 bytes: b"gradviz" and the version of this format
    length, crc32     of the header, two little-endian uint32
    header            JSON: entry (digest of the key), chunk, rows (their names), notes {row: text},
                      arrays {name: {shape, start, bytes, crc32}}
    arrays            from `start` after the header: float32, little-endian, rows first, one zstd frame each

The magic is compared and the two crc32 of what is stored see every flipped bit; that the header names its entry, its
chunk and its rows tells a file that stands in the wrong place. One array is read without the bytes of the others.
"""

import errno
import json
import math
import os
import struct
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import numpy as np
import zstandard

from gradviz.features.store.disk import write_file

# zstd 1 leaves 0.3 to 0.45 of the bytes after a ReLU and 0.92 of dense ones, written at 500 and read at 1,400 MB/s on
# one slow core. lz4 leaves 0.4 to 0.5 and 1.0 at twice the speed; shuffling bytes gains on dense rows what it loses on
# others.
_LEVEL = 1
_MAGIC = b"gradviz\x02"
_PREFIX = struct.Struct("<8sII")
_FLOAT = np.dtype("<f4")


class CorruptError(Exception):
    """Raise for a file that is not, byte for byte, what was written for this chunk."""


class OtherRowsError(Exception):
    """Raise for a whole chunk that holds other rows than the reader believes: the entry was cleared and begun anew."""


def write(
    path: Path,
    entry: str,
    chunk: int,
    rows: Sequence[str],
    arrays: Mapping[str, np.ndarray],
    notes: Mapping[str, str] | None,
) -> None:
    """Make the file in one step: whoever sees it sees all of it."""
    compress = zstandard.ZstdCompressor(_LEVEL).compress
    frames = {name: compress(np.ascontiguousarray(array, _FLOAT).data) for name, array in arrays.items()}
    table, start = {}, 0
    for name, frame in frames.items():
        table[name] = {"shape": arrays[name].shape, "start": start, "bytes": len(frame), "crc32": zlib.crc32(frame)}
        start += len(frame)
    about = {"entry": entry, "chunk": chunk, "rows": list(rows), "notes": dict(notes or {}), "arrays": table}
    header = json.dumps(about).encode()
    write_file(path, [_PREFIX.pack(_MAGIC, len(header), zlib.crc32(header)), header, *frames.values()])


def read_rows(path: Path, entry: str, chunk: int) -> tuple[tuple[str, ...], dict[str, str]]:
    """Return the names of a chunk's rows, and its notes. Raises CorruptError, or OSError for the file system's own."""
    with _opened(path) as file:
        header = _header(file, entry, chunk)
    return tuple(header.get("rows", ())), header["notes"]


def read_array(
    path: Path, entry: str, chunk: int, name: str, shape: tuple[int, ...], *, rows: Sequence[str] | None = None
) -> np.ndarray:
    """Return one array of this shape, if the chunk's rows are those that are expected (None: whatever they are).

    Raises CorruptError, OtherRowsError, or OSError for trouble of the file system itself.
    """
    with _opened(path) as file:
        header = _header(file, entry, chunk)
        if rows is not None and tuple(header.get("rows", ())) != tuple(rows):
            raise OtherRowsError(f"{path} holds other rows")
        stored = header["arrays"].get(name)
        if stored is None or tuple(stored["shape"]) != shape:
            raise CorruptError(f"{path} has no {name} of shape {shape}")
        file.seek(stored["start"], os.SEEK_CUR)
        frame = file.read(stored["bytes"])
    if zlib.crc32(frame) != stored["crc32"]:
        raise CorruptError(f"{name} of {path} is not what was written")
    try:
        content = zstandard.ZstdDecompressor().decompress(frame)
    except zstandard.ZstdError as error:
        raise CorruptError(f"{name} of {path} cannot be decompressed") from error
    if len(content) != _FLOAT.itemsize * math.prod(shape):
        raise CorruptError(f"{name} of {path} has another length")
    return np.frombuffer(content, _FLOAT).reshape(shape)


@contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    try:
        with path.open("rb") as file:
            yield file
    except OSError as error:
        if error.errno == errno.EIO:  # the disk cannot read it any more
            raise CorruptError(f"{path} cannot be read from the disk") from error
        raise


def _header(file: BinaryIO, entry: str, chunk: int) -> dict:
    prefix = file.read(_PREFIX.size)
    magic, length, checksum = _PREFIX.unpack(prefix.ljust(_PREFIX.size, b"\0"))
    if magic != _MAGIC or length > os.fstat(file.fileno()).st_size:  # a flipped length would reserve gigabytes
        raise CorruptError("this is not the beginning of a chunk")
    text = file.read(length)
    if zlib.crc32(text) != checksum:
        raise CorruptError("the header is not what was written")
    header = json.loads(text)
    if (header["entry"], header["chunk"]) != (entry, chunk):
        raise CorruptError("the chunk belongs elsewhere")
    return header
