"""Fetch one published file: resumed where it broke off, checked, and only then given its name.

The last step is an atomic rename after the digest was found right, so a file that has its name is whole, whenever a
process was killed.
"""

import hashlib
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from gradviz.callbacks import Cancel, Progress, never, silent, stop_if
from gradviz.download.http import HostError
from gradviz.download.resumable import Incoming, Remote, Say, quiet
from gradviz.errors import DownloadError


def fetch(
    remote: Remote,
    target: Path,
    *,
    cancel: Cancel = never,
    progress: Progress = silent,
    say: Say = quiet,
) -> str:
    """Bring a file to `target` and give its sha256; it has this name only when whole and right.

    TARGET.sha256 then holds the sha256 (as sha256sum writes it) for later starts. Progress is in bytes. The caller
    holds the lock (`alone`). Raises DownloadError (HostError where the host is at fault) and Cancelled.
    """
    with Incoming(remote, target, cancel=cancel, progress=progress, say=say) as incoming:
        sha256 = _complete(incoming, say)
        if sha256 is None and incoming.pieced:
            incoming.discard()
            say(f"The parts of {remote.name} do not fit together: it begins again.")
            sha256 = _complete(incoming, say)
        if sha256 is None:
            incoming.discard()
            raise HostError(f"What {urlsplit(remote.url).hostname} sends as {remote.name} is not the published file.")
    incoming.notes.unlink(missing_ok=True)
    _finish(incoming.part, target, sha256)
    return sha256


def _complete(incoming: Incoming, say: Say) -> str | None:
    """Bring all of a file and give its sha256, None where it is not the published one."""
    incoming.complete()
    say(f"Checking {incoming.remote.name}.")
    right, sha256 = check(incoming.part, incoming.remote.digest, incoming.cancel)
    return sha256 if right else None


def adopt(path: Path, remote: Remote, target: Path, *, cancel: Cancel = never) -> str:
    """Copy a file that is on this computer to `target`, checked as in `fetch`; DownloadError where it is another."""
    right, sha256 = check(path, remote.digest, cancel)
    if not right:
        raise DownloadError(f"{path} is cut or altered: it does not have the published digest of {remote.name}.")
    part = target.with_name(f"{target.name}.part")
    shutil.copyfile(path, part)
    _finish(part, target, sha256)
    return sha256


def local_mirror(mirror: str | None, name: str) -> Path | None:
    """Find a file where a mirror is a path on this computer (the file or its folder); None where it is an address."""
    if not mirror or "://" in mirror:
        return None
    path = Path(mirror).expanduser()
    path = path / name if path.is_dir() else path
    if not path.is_file():
        raise DownloadError(f"There is no file {path}: a mirror is an https address or a path on this computer.")
    return path


def _finish(part: Path, target: Path, sha256: str) -> None:
    target.with_name(f"{target.name}.sha256").write_text(f"{sha256}  {target.name}\n", "ascii")
    part.replace(target)


def check(path: Path, digest: str, cancel: Cancel = never) -> tuple[bool, str]:
    """Compare a file with "md5:..." or "sha256:..." (a prefix is enough): whether it fits, and its sha256."""
    kind, _, wanted = digest.partition(":")
    published, own = hashlib.new(kind, usedforsecurity=False), hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            stop_if(cancel)
            published.update(block)
            own.update(block)
    return published.hexdigest().startswith(wanted), own.hexdigest()


@contextmanager
def alone(lock: Path, *, cancel: Cancel, say: Say) -> Iterator[None]:
    """Let one process at a time work on what the lock file stands for; the others wait and say so."""
    from filelock import FileLock, Timeout

    lock.parent.mkdir(parents=True, exist_ok=True)
    held = FileLock(lock)
    try:
        held.acquire(timeout=0)
    except Timeout:
        say("Another process is bringing this already: waiting for it.")
        try:
            held.acquire(timeout=-1, poll_interval=0.2, cancel_check=cancel)
        except Timeout:
            stop_if(cancel)
            raise
    try:
        yield
    finally:
        held.release()
