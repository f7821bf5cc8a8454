"""Notice that a data set on disk was edited: by the times and sizes of its lists and folders, without reading any."""

import hashlib
import os
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from math import inf
from pathlib import Path

from gradviz.datasets.scan import DEEPEST, kind

_KEPT = 100_000
_MOST_LOOKS, _SHARED_SECONDS = 1_000, 1.0
_SETTLED_NS = 2_000_000_000
"""A folder whose last change is younger than this may change again without another time of change."""
_BESIDE = 2
"""Folders inside folders that are all looked at beside a file that lists pictures."""
_MOST_BESIDE = 1_000
"""Folders that are looked at further down: what lies beside a list may be a whole disk."""
_MOST_PICTURES = 1_000
"""Pictures that are looked at one by one, for those that are replaced in place: ten milliseconds."""

_Held = tuple[int, tuple[str, ...], tuple[str, ...], tuple[str, ...]]
_held: dict[str, _Held] = {}
_lock = threading.Lock()


def stamp(place: Path) -> str:
    """Return a text that changes when somebody edits a data set.

    A folder's lists (their times and sizes) and all its folders count, down to the depth that is read: a picture that
    comes or goes changes its folder. So do the first thousand pictures, which may be replaced in place. For a file
    that lists pictures, that file, the folders beside it and what is in them count.

    Parameters
    ----------
    place
        A folder or file; it may be missing.

    Returns
    -------
    str
        64 hex digits.
    """
    whole = hashlib.sha256()
    entries = _of_folder(place, DEEPEST, iter(range(_MOST_PICTURES))) if place.is_dir() else _of_file(place)
    for path, changed, size in entries:
        whole.update(f"{path}\0{changed}\0{size}\n".encode(errors="surrogateescape"))
    return whole.hexdigest()


def seen(place: Path, who: str) -> str:
    """Return the stamp of a place, as somebody else saw it within this second, or looked at now.

    A look is a thousand calls of the system, and where many visitors look at once each call waits for another thread.
    Whoever was the last to look always looks again, so that one who edits a data set alone sees every edit.

    Parameters
    ----------
    place
        As for `stamp`.
    who
        Names the visitor.
    """
    with _lock:
        while len(_looks) >= _MOST_LOOKS and place not in _looks:
            del _looks[next(iter(_looks))]
        look = _looks.setdefault(place, _Look())
    with look.lock:
        if look.who == who or time.monotonic() - look.ended > _SHARED_SECONDS:
            look.found, look.who, look.ended = stamp(place), who, time.monotonic()
        return look.found


@dataclass
class _Look:
    """The last look at a place: what was found, by whom, and when it ended."""

    found: str = ""
    who: str = ""
    ended: float = -inf
    lock: threading.Lock = field(default_factory=threading.Lock)


_looks: dict[Path, _Look] = {}


def _of_file(path: Path) -> Iterator[tuple[str, int, int]]:
    yield from _of_list(str(path))
    above = path.parent.parent if path.parent.name == "annotations" else path.parent
    yield from _of_folder(above, _BESIDE, iter(()), lists=False)
    yield from islice(
        _of_folder(above, DEEPEST, iter(range(_MOST_PICTURES)), lists=False), _MOST_BESIDE + _MOST_PICTURES
    )


def _of_list(path: str) -> Iterator[tuple[str, int, int]]:
    try:
        status = os.stat(path)  # noqa: PTH116 - 17,000 lists
        yield path, status.st_mtime_ns, status.st_size
    except OSError:
        yield path, 0, 0


def _of_folder(
    folder: str | Path,
    deepest: int,
    pictures: Iterator[int],
    *,
    lists: bool = True,
    above: tuple[tuple[int, int], ...] = (),
) -> Iterator[tuple[str, int, int]]:
    """List the entries of a folder and those below it; a link to a folder that holds it is not followed.

    `pictures` has an item for each picture that is still to be looked at.
    """
    place = _identity(folder)
    if place is None or place in above:
        return
    held = _entries(str(folder))
    if held is None:
        return
    changed, folders, files, photographs = held
    yield str(folder), changed, 0
    for path in files if lists else ():
        yield from _of_list(path)
    for path, _ in zip(photographs, pictures, strict=False):
        yield from _of_list(path)
    for path in folders if deepest else ():
        yield from _of_folder(path, deepest - 1, pictures, lists=lists, above=(*above, place))


def _identity(folder: str | Path) -> tuple[int, int] | None:
    try:
        status = os.stat(folder)  # noqa: PTH116
    except OSError:
        return None
    return status.st_dev, status.st_ino


def _entries(folder: str) -> _Held | None:
    """Return a folder's time of change, its folders, lists and pictures; listed again when the time is another."""
    try:
        changed = os.stat(folder).st_mtime_ns  # noqa: PTH116
        held = _held.get(folder)
        if held and held[0] == changed:
            return held
        with os.scandir(folder) as found:
            visible = sorted((entry for entry in found if not entry.name.startswith(".")), key=lambda entry: entry.name)
        folders = tuple(entry.path for entry in visible if _is_folder(entry))
        files = [(entry.path, kind(entry.name)) for entry in visible]
        pictures = [path for path, of_name in files if of_name == "picture"][:_MOST_PICTURES]
        held = changed, folders, tuple(path for path, of_name in files if of_name == "list"), tuple(pictures)
    except OSError:
        return None
    if time.time_ns() - changed > _SETTLED_NS:
        with _lock:
            while len(_held) >= _KEPT:
                del _held[next(iter(_held))]
            _held[folder] = held
    return held


def _is_folder(entry: os.DirEntry) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a ring of links
        return False
