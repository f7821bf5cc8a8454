"""How an entry lies on disk: its description, which chunk files it has, and what was set aside."""

import errno
import hashlib
import json
import os
import shutil
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from gradviz.errors import StoreError

DAMAGED = "damaged"
"""Folder of an entry for what failed a check."""

DESCRIPTION = "entry.json"

SUFFIX = ".chunk"

_FORMAT = 3
_FULL = {errno.ENOSPC, errno.EFBIG, getattr(errno, "EDQUOT", errno.ENOSPC)}
_DENIED = {errno.EACCES, errno.EPERM, errno.EROFS}


@dataclass(frozen=True)
class Description:
    """Describe what an entry holds: its key, and for each array the shape of one row."""

    key: dict
    widths: dict[str, tuple[int, ...]]


def canonical(key: Mapping) -> str:
    """Write a key as JSON that is the same for equal keys: sorted, no NaN, nothing that JSON would bend.

    Raises StoreError for other types, NaN, infinity and names that are not strings.
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


def digest(key: Mapping) -> str:
    """Return the SHA-256 of a key's canonical JSON."""
    return hashlib.sha256(canonical(key).encode()).hexdigest()


@contextmanager
def store_errors(root: Path) -> Iterator[None]:
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


def load(folder: Path) -> Description | None:
    """Read the description; None if there is none, or if it is not byte for byte what was written for this folder."""
    try:
        content = (folder / DESCRIPTION).read_bytes()
        body = json.loads(content)["entry"]
        description = Description(body["key"], {name: tuple(shape) for name, shape in body["widths"].items()})
        if content == _text(description) and digest(description.key) == folder.name:
            return description
    except (FileNotFoundError, NotADirectoryError, ValueError, KeyError, TypeError, AttributeError, StoreError):
        pass
    return None


def save(folder: Path, description: Description) -> None:
    """Write the description."""
    write_file(folder / DESCRIPTION, [_text(description)])


def write_file(path: Path, parts: Iterable[bytes]) -> None:
    """Make or replace a file in one step, or leave everything as it was. One writer at a time holds the entry's lock.

    The bytes are not forced onto the disk, which would take longer than all the rest: after a power cut a file may be
    short, which its checksums tell.
    """
    temporary = path.with_suffix(".tmp")
    try:
        with temporary.open("wb") as file:
            file.writelines(parts)
        temporary.replace(path)
    except OSError:
        with suppress(OSError):
            temporary.unlink()
        raise


def _text(description: Description) -> bytes:
    return described({"format": _FORMAT, "key": description.key, "widths": description.widths})


def described(body: dict) -> bytes:
    """Write a description with its checksum."""
    return json.dumps({"sha256": digest(body), "entry": body}, indent=1, sort_keys=True).encode()


def chunk_path(folder: Path, chunk: int) -> Path:
    """Return the file of a chunk."""
    return folder / f"{chunk:06d}{SUFFIX}"


def list_chunks(folder: Path) -> set[int]:
    """List the chunks that have a file, by one look at the folder."""
    return _numbers(folder)


def next_chunk(folder: Path, chunks: Iterable[int]) -> int:
    """Return a number that no chunk of the entry has or ever had."""
    return 1 + max(chain(chunks, _numbers(folder / DAMAGED)), default=-1)


def _numbers(folder: Path) -> set[int]:
    names = ()
    with suppress(FileNotFoundError, NotADirectoryError):
        names = os.listdir(folder)  # noqa: PTH208 - names only, thousands of them
    stems = (name.partition(SUFFIX)[0] for name in names if SUFFIX in name)
    return {int(stem) for stem in stems if stem.isdecimal()}


def tidy(folder: Path) -> set[int]:
    """Remove what a killed writer or an older format left, and list the chunks that have a file.

    A description that fails its check is set aside. Only for whoever holds the entry's lock.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if (folder / DESCRIPTION).exists() and load(folder) is None:
        set_aside(folder / DESCRIPTION)
    chunks = list_chunks(folder)
    known = {chunk_path(folder, chunk).name for chunk in chunks} | {DESCRIPTION, DAMAGED}
    for item in folder.iterdir():
        if item.name not in known:
            shutil.rmtree(item) if item.is_dir() and not item.is_symlink() else item.unlink()
    return chunks


def set_aside(path: Path) -> bool:
    """Move a file out of the way, so that it is absent and counted; return whether that could be done.

    A folder that cannot be written keeps the file: it fails its check each time.
    """
    aside = path.parent / DAMAGED
    try:
        aside.mkdir(exist_ok=True)
        path.replace(aside / f"{path.name}.{time.time_ns()}")
    except FileNotFoundError:  # another reader did it
        return True
    except OSError:
        return False
    return True


def count_damaged(folder: Path) -> int:
    """Count what was ever set aside."""
    return len(os.listdir(folder / DAMAGED)) if (folder / DAMAGED).is_dir() else 0  # noqa: PTH208


def size(folder: Path) -> int:
    """Count the bytes of all files below a folder."""
    total = 0
    for inside, _, names in os.walk(folder):
        for name in names:
            with suppress(OSError):  # renamed or removed meanwhile
                total += (Path(inside) / name).stat().st_size
    return total
