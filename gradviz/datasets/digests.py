"""Hash the contents of files, once as long as they stay as they are."""

import hashlib
import threading
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from gradviz.errors import DatasetError

_KEPT = 200_000
_TOGETHER = 32
_digests: dict[tuple[str, int, int, int, int], str] = {}
_lock = threading.Lock()


def file_digests(paths: Iterable[Path]) -> list[str]:
    """Return the SHA-256 of each file, computed in threads.

    A file is read again only when its path, size, inode or a time of change differ: a copy that keeps the time of
    modification (`cp -p`, `rsync -t`, an unpacked archive) still has another inode or another time of change.

    Raises
    ------
    DatasetError
        If a file is missing or cannot be read.
    """
    paths = list(paths)
    # A thread takes several: handing over one alone costs more than to see that it is unchanged.
    parts = (paths[start : start + _TOGETHER] for start in range(0, len(paths), _TOGETHER))
    with ThreadPoolExecutor(4) as pool:
        return [digest for part in pool.map(_of_several, parts) for digest in part]


def _of_several(paths: Sequence[Path]) -> list[str]:
    return [file_digest(path) for path in paths]


def file_digest(path: Path) -> str:
    """Return the SHA-256 of one file, as `file_digests` does."""
    try:
        stat = path.stat()
        key = (str(path), stat.st_size, stat.st_ino, stat.st_mtime_ns, stat.st_ctime_ns)
        known = _digests.get(key)
        if known is None:
            with path.open("rb") as file:
                known = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise DatasetError(f"{path} cannot be read: {error.strerror}.") from error
    with _lock:
        while len(_digests) >= _KEPT:
            del _digests[next(iter(_digests))]
        _digests[key] = known
    return known
