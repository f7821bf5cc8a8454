"""A remote file while it comes: kept on the disk, resumed where it broke off, read like a file meanwhile.

While a file comes it is called NAME.part, beside it NAME.part.json says from where and which version.
"""

import json
import os
import re
import shutil
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self
from urllib.parse import unquote, urlsplit

from gradviz.callbacks import Cancel, Progress, stop_if
from gradviz.download import http
from gradviz.download.http import HostError
from gradviz.download.pace import size_text
from gradviz.errors import DownloadError

STALL = 30.0
"""Seconds without a byte after which a host counts as stalled."""

RETRIES = 3
PAUSE = 1.0
"""Other tries after a break, in a row without a megabyte gained, and seconds before the first; then 2, 4, ... times."""

LARGEST = 4_000_000_000
"""Bytes after which a file of unknown size is no longer believed."""

_GAIN = 1 << 20
_SPARE = 100_000_000
"""Bytes that stay free on the disk."""

Say = Callable[[str], None]
"""Called with one sentence when something happens that the user may wonder about."""


def quiet(sentence: str) -> None:
    """Ignore a sentence."""


@dataclass(frozen=True)
class Remote:
    """Name a published file: its address, its digest "md5:..." or "sha256:..." (a prefix is enough) and its size.

    `size` in bytes is exact, None where it is not published.
    """

    url: str
    digest: str
    size: int | None = None

    @property
    def name(self) -> str:
        """File name."""
        return unquote(urlsplit(self.url).path.rsplit("/", 1)[-1])

    def at(self, mirror: str | None) -> "Remote":
        """Name the same file on another host: `mirror` is its full address, or that of the folder it lies in."""
        if not mirror:
            return self
        full = mirror if urlsplit(mirror).path.endswith(Path(self.name).suffix) else f"{mirror.rstrip('/')}/{self.name}"
        return replace(self, url=full)


class Restarted(Exception):
    """Tell a reader that the bytes it was given do not go with those to come."""


class Incoming:
    """Read a remote file from its start, like a file, while it is kept in TARGET.part.

    What an earlier try has kept is read from the disk first. `read` raises Restarted when the host could not go on
    where it stopped and bytes were already given out; `position` is then 0. `pieced` tells that what is kept came in
    more than one answer. Raises HostError and Cancelled.
    """

    def __init__(self, remote: Remote, target: Path, *, cancel: Cancel, progress: Progress, say: Say):
        self.remote, self.cancel, self.progress, self.say = remote, cancel, progress, say
        self.part = target.with_name(f"{target.name}.part")
        self.notes = target.with_name(f"{target.name}.part.json")
        self.position = 0
        self.total = remote.size
        self._validator: str | None = None
        self._answer: http.Answer | None = None
        self._connection = ExitStack()
        self._reached, self._failures, self._best = False, 0, 0
        self.pieced, self.kept = False, 0

    def __enter__(self) -> Self:
        self.part.parent.mkdir(parents=True, exist_ok=True)
        self._file = self.part.open("r+b" if self.part.exists() else "w+b")
        self.kept = self._best = self.part.stat().st_size
        self.pieced = self.kept > 0
        noted = read_json(self.notes)
        if noted.get("url") == self.remote.url:
            self._validator = noted.get("validator")
        if self.kept and self.total is None:
            self.total = noted.get("total")
        if self.kept and self.total is not None and self.kept > self.total:
            self._wipe()
        if self.kept:
            self.say(f"Going on after {size_text(self.kept)} of {self.remote.name}.")
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()
        self._file.close()

    def read(self, count: int) -> bytes:
        """Give the next bytes, fewer than `count` at the end only."""
        wanted = self.position + count
        while self.kept < wanted and self._more():
            pass
        self._file.seek(self.position)
        data = self._file.read(count)
        self.position += len(data)
        return data

    def complete(self) -> None:
        """Bring the rest to the disk."""
        while self._more():
            pass
        self._file.flush()
        os.fsync(self._file.fileno())

    def discard(self) -> None:
        """Forget what was kept, because it turned out wrong; the next read begins at the first byte."""
        self.position, self.pieced = 0, False
        self._disconnect()
        self._wipe()

    def _more(self) -> bool:
        """Append the next block to the part; False at the end of the file."""
        while self.total is None or self.kept < self.total:
            try:
                block = next(self._connected().blocks, b"")
                if block:
                    self._append(block)
                    return True
                if self.total is None:
                    self.total = self.kept
                    return False
                raise HostError(f"{self._host} cut the connection after {size_text(self.kept)}.", passing=True)
            except HostError as error:
                self._disconnect()
                self._pause_or_raise(error)
        return False

    def _append(self, block: bytes) -> None:
        if self.kept + len(block) > (self.total or LARGEST):
            self._wipe()
            raise HostError(f"{self._host} sends more than {self.remote.name} can hold.")
        try:
            self._file.seek(self.kept)
            self._file.write(block)
            self._file.flush()
        except OSError as error:
            raise DownloadError(
                f"{self.part} cannot be written ({error.strerror}): free some space or choose another folder with "
                f"--home, then start again; {size_text(self.kept)} are kept."
            ) from error
        self.kept += len(block)
        if self.kept >= self._best + _GAIN:
            self._failures, self._best = 0, self.kept
        self.progress(self.kept, self.total or 0)

    def _connected(self) -> http.Answer:
        """Open the connection if there is none; what the host answers decides where the part goes on."""
        if self._answer is not None:
            return self._answer
        headers = {"User-Agent": "gradviz", "Accept-Encoding": "identity"}
        if self.kept:
            headers["Range"] = f"bytes={self.kept}-"
            if self._validator:
                headers["If-Range"] = self._validator
        asked = http.ask(self.remote.url, headers, timeout=STALL, cancel=self.cancel)
        answer = self._connection.enter_context(asked)
        if answer.status not in (200, 206):
            self._not_the_file(answer)
        self._reached = True
        self._refuse_web_page(answer)
        if answer.status == 206:
            total = self._continued(answer)
            self.pieced = True
        else:
            length = answer.headers.get("Content-Length", "")
            total = int(length) if length.isdigit() else None
        self._refuse_other_size(total)
        if answer.status == 200 and self.kept:
            self.say(f"{self._host} cannot go on where the transfer stopped: it begins again.")
            self._wipe()
        self._validator = _validator(answer)
        self.total = total or self.remote.size
        if self.total:
            require_room(self.part.parent, self.total - self.kept)
        write_json(self.notes, {"url": self.remote.url, "validator": self._validator, "total": self.total})
        self._answer = answer
        return answer

    def _not_the_file(self, answer: http.Answer) -> None:
        if answer.status == 416 and self.kept:
            self._wipe()
            self._reached = True
            raise HostError(f"{self._host} has less of the file than was kept: it has changed.", passing=True)
        raise http.status_error(self.remote.url, answer.status)

    def _continued(self, answer: http.Answer) -> int | None:
        """Check that a partial answer goes on exactly where the part ends, in the same file; its whole size."""
        match = re.fullmatch(r"bytes (\d+)-\d+/(\d+|\*)", answer.headers.get("Content-Range", "").strip())
        total = int(match[2]) if match and match[2] != "*" else self.total
        validator = _validator(answer)
        changed = validator and self._validator and validator != self._validator
        if not match or int(match[1]) != self.kept or changed or (self.total and total != self.total):
            self._wipe()
            raise HostError(f"{self._host} went on with another file: it has changed.", passing=True)
        return total

    def _refuse_web_page(self, answer: http.Answer) -> None:
        if answer.headers.get_content_type() in ("text/html", "application/xhtml+xml"):
            raise HostError(f"{self._host} sends a web page (a login, perhaps) instead of {self.remote.name}.")

    def _refuse_other_size(self, total: int | None) -> None:
        if self.remote.size and total and total != self.remote.size:
            raise HostError(
                f"{self._host} offers {total} bytes as {self.remote.name}, the published file has {self.remote.size}."
            )

    def _pause_or_raise(self, error: HostError) -> None:
        """Wait a little before another try; a host that was never reached in this run is told at once."""
        if not error.passing or not self._reached or self._failures >= RETRIES:
            raise error
        end = time.monotonic() + PAUSE * 2**self._failures
        self._failures += 1
        self.say(f"{error} Trying again ({self._failures} of {RETRIES}).")
        while (left := end - time.monotonic()) > 0:
            stop_if(self.cancel)
            time.sleep(min(left, 0.1))

    def _wipe(self) -> None:
        self._file.seek(0)
        self._file.truncate()
        self.notes.unlink(missing_ok=True)
        self.kept, self._validator, self.total = 0, None, self.remote.size
        if self.position:
            self._disconnect()
            self.position = 0
            raise Restarted

    def _disconnect(self) -> None:
        self._connection.close()
        self._answer = None

    @property
    def _host(self) -> str:
        return urlsplit(self.remote.url).hostname or self.remote.url


def require_room(folder: Path, needed: int) -> None:
    """Refuse at the start what would fill the disk: `needed` bytes and a spare of 100 MB must be free."""
    exists = next(place for place in (folder, *folder.parents) if place.is_dir())
    free = shutil.disk_usage(exists).free
    if free < needed + _SPARE:
        raise DownloadError(
            f"{size_text(needed + _SPARE)} are needed in {folder} and {size_text(free)} are free: "
            "free some space or choose another folder with --home."
        )


def _validator(answer: http.Answer) -> str | None:
    """Give what tells one version of the file from another: a strong ETag, else the date."""
    etag = answer.headers.get("ETag")
    return etag if etag and not etag.startswith("W/") else answer.headers.get("Last-Modified")


def read_json(path: Path) -> dict:
    """Read a small record; empty where there is none or it is damaged."""
    try:
        found = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def write_json(path: Path, content: dict) -> None:
    """Write a small record in one step."""
    temporary = path.with_name(f"{path.name}.new")
    temporary.write_text(json.dumps(content, indent=1), "utf-8")
    temporary.replace(path)
