"""Put what a visitor uploads onto the disk as it comes: Streamlit itself keeps whole files in memory, without a bound.

Streamlit's store of uploaded files is told to hand every file that has come to this module, and keeps an empty one in
its place. The file waits in a folder of its session until it is taken in; what cannot wait, because too much waits
already or the disk is full, comes with the reason. So whatever arrives is taken in or named.
"""

import io
import shutil
import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from streamlit import runtime

from gradviz.datasets.uploads import MB
from gradviz.errors import GradvizError

WAITING = 1000 * MB
"""Bytes of one visitor that may wait to be taken in."""
SPARE = 500 * MB
"""Bytes that stay free on the disk."""


@dataclass(frozen=True)
class Arrived:
    """A file that has come: its name, and where it waits, or why it was refused."""

    name: str
    path: Path | None = None
    refused: str = ""

    def open(self) -> BinaryIO:
        """Open what has come."""
        return _Named(self.path, self.name) if self.path else io.BytesIO()

    def drop(self) -> None:
        """Remove it from the disk."""
        if self.path:
            self.path.unlink(missing_ok=True)


class _Named(io.BufferedReader):
    """A file on the disk under the name that its visitor gave it."""

    def __init__(self, path: Path, name: str) -> None:
        super().__init__(io.FileIO(path))
        self._given = name

    @property
    def name(self) -> str:
        return self._given


@dataclass(eq=False)
class Arrivals:
    """The files that wait, by session; `place` returns the folder where they may, or raises OSError or GradvizError."""

    place: Callable[[], Path]
    _files: dict[str, dict[str, Arrived]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def install(self) -> None:
        """Have the running server's store of uploaded files hand on what comes."""
        if not runtime.exists():
            return
        store: Any = runtime.get_instance().uploaded_file_mgr  # the protocol leaves out how a file comes
        keep = store.add_file

        def add_file(session_id: str, file: Any) -> None:
            self.add(session_id, file.file_id, file.name, file.data)
            keep(session_id, file._replace(data=b""))

        store.add_file = add_file

    def add(self, session: str, identifier: str, name: str, content: bytes) -> None:
        """Keep a file on the disk, or note why it cannot be kept."""
        with self._lock:
            files = self._files.setdefault(session, {})
            waiting = sum(file.path.stat().st_size for file in files.values() if file.path and file.path.exists())
            if waiting + len(content) > WAITING:
                files[identifier] = Arrived(
                    name, refused=f"more than {WAITING / MB:g} MB at once: drop it again when the others are taken in"
                )
                return
            try:
                folder = self._folder(session)
                folder.mkdir(parents=True, exist_ok=True, mode=0o700)
                path = folder / _plain(identifier)
                files[identifier] = Arrived(name, refused="cannot be kept: the disk of the dashboard is full")
                if shutil.disk_usage(folder).free < len(content) + SPARE:
                    return
                path.write_bytes(content)
                files[identifier] = Arrived(name, path)
            except (OSError, GradvizError) as error:
                reason = getattr(error, "strerror", None) or error
                files[identifier] = Arrived(name, refused=f"cannot be kept: {reason}")

    def take(self, session: str, uploaded: Iterable[Any]) -> list[Any]:
        """Return what has come of these files of Streamlit's; one that did not come this way is returned as it is."""
        with self._lock:
            files = self._files.get(session, {})
            return [files.pop(getattr(file, "file_id", ""), file) for file in uploaded]

    def leave(self, session: str) -> bool:
        """Remove what still waits; return True."""
        with self._lock:
            if self._files.pop(session, None) is not None:
                with suppress(OSError, GradvizError):
                    shutil.rmtree(self._folder(session), ignore_errors=True)
        return True

    def _folder(self, session: str) -> Path:
        return self.place() / "arrived" / _plain(session)


def _plain(identifier: str) -> str:
    """Keep what a file's name may hold: both come in an address that the visitor's browser states."""
    return "".join(letter for letter in identifier if letter.isascii() and (letter.isalnum() or letter in "-_"))[:80]
