"""Fetch a published file: kept on the disk while it comes, resumed where it broke off, checked, then given its name.

While a file comes it is called NAME.part, and NAME.part.json says from where and which version. The last step is an
atomic rename after the digest was found right: a file that has its name is whole, whenever a process was killed.
"""

import hashlib
import json
import os
import re
import shutil
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import unquote

import httpx

from gradviz.callbacks import Cancel, Progress, never, silent, stop_if
from gradviz.download.http import DamagedError, HostError, ask, status_error
from gradviz.download.pace import size_text
from gradviz.errors import ChoiceError, DownloadError
from gradviz.words import counted

STALL = 30.0
"""Seconds without a byte after which a host counts as stalled."""

RETRIES = 3
PAUSE = 1.0
"""Other tries after a break, in a row without a megabyte gained, and seconds before the first; then 2, 4, ... times."""

RESTARTS = 5
"""How often one transfer may begin again because the host cannot go on, or has another file now."""

LARGEST = 4_000_000_000
"""Upper limit in bytes of a file whose size is not published."""

_GAIN = 1 << 20
_SPARE = 100_000_000
"""Bytes that stay free on the disk."""

Say = Callable[[str], None]
"""Called with one sentence when something happens that the user may wonder about."""
T = TypeVar("T")


@dataclass(frozen=True)
class Ways:
    """Say in the words of the place where somebody asks how a mirror is named, and another folder chosen."""

    mirror: str = "name a mirror with --url"
    home: str = "choose another folder with --home"


TERMINAL = Ways()
"""The options of the command line."""


def quiet(sentence: str) -> None:
    """Ignore a sentence."""


@dataclass(frozen=True)
class Remote:
    """Describe a published file: its address, its digest "md5:..." or "sha256:..." (a prefix is enough) and its size.

    `size` in bytes is exact, None where it is not published; then no more than `largest` bytes are taken (LARGEST
    where that is None too).
    """

    url: str
    digest: str
    size: int | None = None
    largest: int | None = None

    @property
    def name(self) -> str:
        """Return the file's name, as its address ends."""
        return unquote(re.split("[?#]", self.url)[0].rsplit("/", 1)[-1])

    @property
    def most(self) -> int:
        """Bytes that it may have."""
        return self.size or self.largest or LARGEST

    def at(self, mirror: str | None) -> "Remote":
        """Return the same file on another host: `mirror` is its full address, or that of the folder it lies in.

        Raises ChoiceError for an address that starts with neither https:// nor http://.
        """
        if not mirror:
            return self
        if "://" in mirror and not mirror.lower().startswith(("https://", "http://")):
            raise ChoiceError(f"{mirror} is not an address that starts with https:// or http://.")
        full = re.split("[?#]", mirror)[0].endswith(Path(self.name).suffix)
        return replace(self, url=mirror if full else f"{mirror.rstrip('/')}/{self.name}")


class Restarted(Exception):
    """Raised to a reader whose bytes so far do not belong to the file that is coming now."""


class Incoming(AbstractContextManager):
    """Read a remote file from its start, like a file, while it is kept in TARGET.part.

    What an earlier try has kept is read from the disk first. `kept` and `total` are in bytes; `pieced`: what is kept
    came in more than one answer. Its methods raise HostError, OSError and Cancelled.

    Parameters
    ----------
    remote
        The file.
    target
        Where it will be when it is whole.
    cancel, progress
        Progress counts bytes, the total is 0 while it is not known; cancel is asked between blocks.
    say
        Called with a sentence when something happens that the user may wonder about.
    """

    def __init__(self, remote: Remote, target: Path, *, cancel: Cancel, progress: Progress, say: Say):
        self.remote, self.cancel, self.progress, self.say = remote, cancel, progress, say
        self.part = target.with_name(f"{target.name}.part")
        self.notes = target.with_name(f"{target.name}.part.json")
        self._file = self.part.open("a+b")
        self.position, self.kept, self._restarts = 0, self.part.stat().st_size, 0
        noted = read_json(self.notes) if self.kept else {}
        self.total: int | None = remote.size or noted.get("total")
        self._validator = noted.get("validator") if noted.get("url") == remote.url else None
        self.pieced, self._growth = self.kept > 0, self._grow()
        if self.total is not None and self.kept > self.total:
            self._wipe()
        if self.kept:
            say(f"Going on after {size_text(self.kept)} of {remote.name}.")

    def __exit__(self, *_: object) -> None:
        self._growth.close()
        self._file.close()

    def read(self, count: int) -> bytes:
        """Return the next bytes, fewer than `count` at the end only.

        Raises Restarted when the host began again after bytes were given out; `position` is then 0.
        """
        start = self.position
        while self.kept < start + count and next(self._growth, False):
            pass
        if self.position < start:
            raise Restarted
        self._file.seek(start)
        data = self._file.read(count)
        self.position += len(data)
        return data

    def complete(self) -> str:
        """Write the rest to the disk and return the SHA-256 of all; DamagedError where it is not the published file."""
        for _ in self._growth:
            pass
        os.fsync(self._file.fileno())
        self.say(f"Checking {self.remote.name}.")
        return checked(self.part, self.remote, self.cancel, self.remote.url)

    def use(self, work: Callable[[], T]) -> T:
        """Return what `work` makes of the file: again where the host began again, once more where pieces do not fit."""
        again = True
        while True:
            try:
                return work()
            except Restarted:
                continue
            except DamagedError:
                again = again and self.pieced
                self._growth.close()
                self._wipe()
                if not again:
                    raise
                self.say(f"The parts of {self.remote.name} do not fit together: it begins again.")
                again, self._growth = False, self._grow()

    def _grow(self) -> Generator[bool, None, None]:
        """Append block after block until all is there; after a break ask again, but only a host that had answered."""
        answered, failures, best = False, 0, self.kept
        while self.kept != self.total:
            headers = {"Range": f"bytes={self.kept}-"} if self.kept else {}
            if self.kept and self._validator:
                headers["If-Range"] = self._validator
            try:
                with ask(self.remote.url, headers, timeout=STALL, cancel=self.cancel) as (answer, blocks):
                    answered = answered or answer.status_code in (200, 206, 416)
                    self._settle(answer)
                    for block in blocks:
                        if self.kept + len(block) > (self.total or self.remote.most):
                            self._wipe()
                            raise HostError(f"{answer.url.host} sends more than {self.remote.name} can hold.")
                        self._file.seek(self.kept)
                        self._file.write(block)
                        self._file.flush()
                        self.kept += len(block)
                        self.progress(self.kept, self.total or 0)
                        yield True
                        if self.kept == self.total:
                            return
                        if self.kept >= best + _GAIN:
                            failures, best = 0, self.kept
                if self.total:
                    raise HostError(f"{answer.url.host} cut the connection.", transient=True)
                self.total = self.kept
            except HostError as error:
                after = f" after {size_text(self.kept)}." if error.transient and self.kept else "."
                explained = HostError(str(error).removesuffix(".") + after, transient=error.transient)
                if not error.transient or not answered or failures == RETRIES:
                    raise explained from error
                failures += 1
                self.say(f"{explained} Trying again ({failures} of {RETRIES}).")
                end = time.monotonic() + PAUSE * 2 ** (failures - 1)
                while (left := end - time.monotonic()) > 0:
                    stop_if(self.cancel)
                    time.sleep(min(left, 0.1))

    def _settle(self, answer: httpx.Response) -> None:
        """Refuse what is not the file, and find out whether the answer goes on where the part ends or begins again."""
        host, status, name, header = answer.url.host, answer.status_code, self.remote.name, answer.headers.get
        if status not in (200, 206) and not (status == 416 and self.kept):
            raise status_error(host, status, self.remote.url)
        kind = header("Content-Type", "").split(";")[0].strip().lower()
        if status != 416 and kind in ("text/html", "application/xhtml+xml"):
            raise HostError(f"{host} sends a web page (a login, perhaps) instead of {name}.")
        versions = (header("ETag", ""), header("Last-Modified", ""))
        validator = next((text for text in versions if text and text.isascii() and not text.startswith("W/")), None)
        total = int(header("Content-Length", 0)) or None
        if status != 200:
            match = re.fullmatch(r"bytes (\d+)-\d+/(\d+|\*)", header("Content-Range", "").strip())
            total = int(match[2]) if match and match[2] != "*" else self.total
            changed = validator and self._validator and validator != self._validator
            if not match or int(match[1]) != self.kept or changed or (self.total and total != self.total):
                self._restart(host)
                raise HostError(f"{host} has another file now than the one that was begun.", transient=True)
            self.pieced = True
        if self.remote.size and total and total != self.remote.size:
            raise HostError(
                f"{host} offers {counted(total, 'byte')} as {name}, the published file has {self.remote.size:,}."
            )
        if total and total > self.remote.most:
            expected = size_text(self.remote.most)
            raise HostError(f"{host} offers {size_text(total)} as {name}, the published file has at most {expected}.")
        if status == 200 and self.kept:
            self.say(f"{host} cannot go on where the transfer stopped: it begins again.")
            self._restart(host)
        self._validator, self.total = validator, total or self.remote.size
        write_json(self.notes, {"url": self.remote.url, "validator": validator, "total": self.total})

    def _restart(self, host: str) -> None:
        """Forget what has come; HostError once that has happened too often."""
        self._wipe()
        self._restarts += 1
        if self._restarts > RESTARTS:
            raise HostError(
                f"{host} has begun {self.remote.name} {counted(self._restarts + 1, 'time')} and never come to its end."
            )

    def _wipe(self) -> None:
        self._file.truncate(0)
        self.notes.unlink(missing_ok=True)
        self.kept, self.position, self.pieced = 0, 0, False
        self._validator, self.total = None, self.remote.size


def fetch(
    remote: Remote,
    target: Path,
    url: str | None = None,
    *,
    cancel: Cancel = never,
    progress: Progress = silent,
    say: Say = quiet,
    ways: Ways = TERMINAL,
) -> str:
    """Download a file to `target` and return its SHA-256, which TARGET.sha256 then holds too (as sha256sum writes it).

    The caller holds the lock (`alone`).

    Parameters
    ----------
    remote
        The file, with its published digest.
    target
        Where it will be, once it is whole and checked.
    url
        A mirror: another address of the file or of its folder, or a path on this computer, which is copied.
    progress
        Called in bytes; the total is 0 while it is not known.
    say
        Called with a sentence when something happens that the user may wonder about.
    ways
        How messages say what can be done.

    Raises
    ------
    HostError, DownloadError, ChoiceError, OSError, Cancelled
        What has come by then is kept for the next time.
    """
    part = target.with_name(f"{target.name}.part")
    if local := local_mirror(url, remote.name):
        sha256 = checked(local, remote, cancel)
        shutil.copyfile(local, part)
    else:
        with Incoming(remote.at(url), target, cancel=cancel, progress=progress, say=say) as incoming:
            require_room(target.parent, (incoming.total or 0) - incoming.kept, ways)
            sha256 = incoming.use(incoming.complete)
    part.with_name(f"{part.name}.json").unlink(missing_ok=True)
    target.with_name(f"{target.name}.sha256").write_text(f"{sha256}  {target.name}\n", "ascii")
    part.replace(target)
    return sha256


def checked(path: Path, remote: Remote, cancel: Cancel = never, source: str | None = None) -> str:
    """Return the SHA-256 of a file that has the published digest.

    Parameters
    ----------
    path
        The file.
    remote
        What it should be.
    cancel
        Asked between megabytes.
    source
        The address that it came from, None for a file of the user's own.

    Raises
    ------
    DamagedError
        Where it does not have the digest.
    """
    kind, _, wanted = remote.digest.partition(":")
    published, own = hashlib.new(kind, usedforsecurity=False), hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            stop_if(cancel)
            published.update(block)
            own.update(block)
    if published.hexdigest().startswith(wanted):
        return own.hexdigest()
    if source:
        raise DamagedError(f"What {source} sends is not the published file.")
    raise DamagedError(f"{path} is cut or altered, it does not have the published digest: delete or replace it.")


def local_mirror(mirror: str | None, name: str) -> Path | None:
    """Find a file where a mirror is a path on this computer; None where it is an address.

    Parameters
    ----------
    mirror
        The path of the file or of its folder, or an address, or None.
    name
        The file's name, to look for in a folder.

    Raises
    ------
    DownloadError
        Where there is no such file.
    """
    if not mirror or "://" in mirror:
        return None
    path = Path(mirror).expanduser()
    path = path / name if path.is_dir() else path
    if not path.is_file():
        raise DownloadError(f"There is no file {path}: a mirror is an https address or a path on this computer.")
    return path


@contextmanager
def alone(lock: Path, remote: Remote, *, cancel: Cancel, say: Say, ways: Ways = TERMINAL) -> Iterator[None]:
    """Let one process at a time download a file to the lock's folder; the others wait and say so.

    Parameters
    ----------
    lock
        The file to hold.
    remote
        What is downloaded, for messages.
    cancel
        Asked while waiting.
    say
        Called with a sentence before waiting.
    ways
        How messages say what can be done.

    Yields
    ------
    None
        While the lock is held.

    Raises
    ------
    DownloadError
        For HostError and OSError inside the `with`, with what the user can do.
    Cancelled
        If `cancel` says so.
    """
    from filelock import FileLock, Timeout

    folder, held = lock.parent, FileLock(lock)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        try:
            held.acquire(blocking=False)
        except Timeout:
            say("Another process is downloading this already: waiting for it.")
            with suppress(Timeout):
                held.acquire(poll_interval=0.2, cancel_check=cancel)
            stop_if(cancel)
        yield
    except HostError as error:
        way_out = f"{ways.mirror}, or put {remote.name} from {remote.url} into {folder} yourself."
        raise DownloadError(f"{error} Start it again to go on, {way_out}") from error
    except OSError as error:
        way_out = f"free some space or {ways.home}, then start again; what has come is kept."
        raise DownloadError(f"{folder} cannot be written ({error.strerror}): {way_out}") from error
    finally:
        held.release()


def require_room(folder: Path, needed: int, ways: Ways = TERMINAL) -> None:
    """Refuse at the start what would fill the disk.

    Parameters
    ----------
    folder
        A folder on that disk.
    needed
        Bytes to be written; a spare of 100 MB must be free besides.
    ways
        How messages say what can be done.

    Raises
    ------
    DownloadError
        Where less is free.
    """
    free = shutil.disk_usage(folder).free
    if free < needed + _SPARE:
        lack = f"{size_text(needed + _SPARE)} are needed in {folder} and {size_text(free)} are free"
        raise DownloadError(f"{lack}: free some space or {ways.home}.")


def read_json(path: Path) -> dict[str, Any]:
    """Return a small record; empty where there is none or it is damaged."""
    try:
        found = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def write_json(path: Path, content: dict[str, Any]) -> None:
    """Write a small record in one step.

    Parameters
    ----------
    path
        The file.
    content
        JSON values.
    """
    temporary = path.with_name(f"{path.name}.new")
    temporary.write_text(json.dumps(content, indent=1), "utf-8")
    temporary.replace(path)
