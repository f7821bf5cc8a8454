"""Bring the published VOC archives: whole and checked, or the first photographs of the archive while it comes.

In the home's `datasets/`: NAME/ (the data set, only ever there when complete), NAME/download.json (what it is),
NAME.tar.part (what has come so far, for whole and subset alike, so that more photographs later go on from there).
"""

import os
import shutil
from pathlib import Path
from typing import Literal, TypedDict

from gradviz.callbacks import Cancel, Progress, never, silent
from gradviz.datasets.catalogue import DATASETS, Archive, Dataset
from gradviz.download.archive import ArchiveError, Contents, unpack
from gradviz.download.fetch import alone, check, fetch, local_mirror
from gradviz.download.http import HostError
from gradviz.download.resumable import Incoming, Remote, Restarted, Say, quiet, read_json, require_room, write_json
from gradviz.errors import ChoiceError, DownloadError
from gradviz.home import home as home_folder

_TRAINVAL = ("train", "val", "trainval")
_LISTS: dict[str, tuple[tuple[str, ...], int]] = {
    "voc2007": (_TRAINVAL, 5011),
    "voc2007-test": (("test",), 4952),
    "voc2012": (_TRAINVAL, 11540),
}
"""The lists in each archive and how many photographs they name."""


class Record(TypedDict):
    """Say what a downloaded data set is: all of a checked archive, or photographs taken from an unchecked beginning."""

    state: Literal["whole", "unverified prefix"]
    images: int
    source: str
    sha256: str | None
    pictures_before_lists: bool


def record(what: str, home: str | Path | None = None) -> Record | None:
    """Give what is known about a downloaded data set; None where it is not there or came another way."""
    entry = DATASETS.get(what)
    if entry is None or entry.archive is None:
        return None
    found = read_json(_top(entry, home) / "download.json")
    return found if found and entry.present(home) else None


def download(
    what: str,
    *,
    images: int | None = None,
    url: str | None = None,
    home: str | Path | None = None,
    progress: Progress = silent,
    cancel: Cancel = never,
    say: Say = quiet,
) -> Path:
    """Bring a data set of the table (voc2007, voc2007-test, voc2012) and give its folder.

    With `images` the archive is read only until so many photographs that ImageSets/Main lists are there: an
    "unverified prefix", because the digest is that of the whole. `url` is a mirror (the archive or the folder it lies
    in) or a path on this computer. An archive of the official name in the home's `datasets/` is used without asking a
    host. Progress is in bytes (for a subset the total is an estimate), `say` gets sentences for the user. Raises
    DownloadError, ChoiceError and Cancelled; what has come by then is kept for the next time.
    """
    entry = _entry(what)
    if images is not None and images < 1:
        raise ChoiceError(f"{images} photographs cannot be downloaded: ask for one or more.")
    job = _Job(entry, _top(entry, home), images, url, progress, cancel, say)
    try:
        with alone(job.top.with_name(f".{what}.lock"), cancel=cancel, say=say):
            _clean(job.top)
            if not _enough(entry.present(home), record(what, home), images):
                job.run()
            if (record(what, home) or {}).get("state") == "whole":
                job.drop_archive()
    except (HostError, ArchiveError) as error:
        raise DownloadError(f"{error} {job.advice}") from error
    except OSError as error:
        raise DownloadError(
            f"{job.top.parent} cannot be written ({error.strerror}): free some space or choose another folder with "
            "--home, then start again."
        ) from error
    return entry.where(home)


class _Job:
    """Carry one download from the archive, wherever it is, to the finished folder."""

    def __init__(
        self,
        entry: Dataset,
        top: Path,
        images: int | None,
        url: str | None,
        progress: Progress,
        cancel: Cancel,
        say: Say,
    ):
        self.top, self.images, self.url = top, images, url
        self.progress, self.cancel, self.say = progress, cancel, say
        self.archive: Archive = entry.archive
        self.year = Path(entry.folder).name
        self.splits, self.listed = _LISTS[entry.name]
        self.official = Remote(self.archive.url, f"md5:{self.archive.md5}", self.archive.bytes)
        self.staging = top.with_name(f".{entry.name}.staging")
        self.fetched = top.with_name(f"{entry.name}.tar")

    @property
    def advice(self) -> str:
        """What to do when a host or an archive is no use."""
        return (
            "Start it again to go on, name a mirror with --url, or put "
            f"{self.official.name} from {self.archive.url} into {self.top.parent} yourself."
        )

    def run(self) -> None:
        """Find or fetch the archive, take it apart and put the result in place."""
        try:
            local = local_mirror(self.url, self.official.name) or self._local()
            if self.images is None:
                self._whole(local)
            else:
                self._subset(local)
        finally:
            shutil.rmtree(self.staging, ignore_errors=True)

    def _local(self) -> Path | None:
        """Find the archive in the home, under its own name (brought by hand) or ours."""
        places = (self.fetched, self.top.with_name(self.official.name))
        return next((path for path in places if path.is_file()), None)

    def _whole(self, local: Path | None) -> None:
        if local is None:
            part = self.fetched.with_name(f"{self.fetched.name}.part")
            come = part.stat().st_size if part.is_file() else 0
            require_room(self.top.parent, 2 * self.archive.bytes - come)
            remote = self.official.at(self.url)
            sha256 = fetch(remote, self.fetched, cancel=self.cancel, progress=self.progress, say=self.say)
            local, source = self.fetched, remote.url
        else:
            require_room(self.top.parent, self.archive.bytes)
            self.say(f"Using {local}, checking it first.")
            right, sha256 = check(local, self.official.digest, self.cancel)
            if not right:
                raise DownloadError(
                    f"{local} is cut or altered, it has not the published md5: delete it and start again."
                )
            source = str(local)
        self.say(f"Unpacking {local.name}.")
        contents = self._unpack_file(local)
        self._place(contents, "whole", source, sha256)

    def drop_archive(self) -> None:
        """Remove the archive that was fetched; one that was brought by hand stays."""
        for path in (self.fetched, self.fetched.with_name(f"{self.fetched.name}.sha256")):
            path.unlink(missing_ok=True)

    def _subset(self, local: Path | None) -> None:
        if local is not None:
            self.say(f"Using {local}.")
            return self._place(self._unpack_file(local), "unverified prefix", str(local), None)
        expected = self._expected_bytes()
        require_room(self.top.parent, 2 * expected)
        remote = self.official.at(self.url)

        def progress(done: int, total: int) -> None:
            self.progress(done, max(done, min(expected, total or expected)))

        with Incoming(remote, self.fetched, cancel=self.cancel, progress=progress, say=self.say) as incoming:
            contents = self._unpack_incoming(incoming)
            self.progress(incoming.position, incoming.position)
        return self._place(contents, "unverified prefix", remote.url, None)

    def _expected_bytes(self) -> int:
        """Estimate how much of the archive holds so many photographs: their share, and 3 % of annotations and lists."""
        return round(self.archive.bytes * min(1, self.images / self.listed + 0.03))

    def _unpack_incoming(self, incoming: Incoming) -> Contents:
        """Take an archive apart while it comes, from its first byte again where the host could not go on.

        What an earlier try left on the disk may be at fault where it is damaged, so it then comes once more.
        """
        again = True
        while True:
            try:
                return self._unpack(incoming)
            except Restarted:
                continue
            except ArchiveError:
                again = again and incoming.pieced
                incoming.discard()
                if not again:
                    raise
                again = False

    def _unpack_file(self, path: Path) -> Contents:
        with path.open("rb") as file:
            return self._unpack(_Counted(file, path.stat().st_size, self.progress))

    def _unpack(self, stream: "Incoming | _Counted") -> Contents:
        shutil.rmtree(self.staging, ignore_errors=True)
        self.staging.mkdir(parents=True)
        return unpack(stream, self.staging, year=self.year, splits=self.splits, images=self.images, cancel=self.cancel)

    def _place(self, contents: Contents, state: str, source: str, sha256: str | None) -> None:
        """Give the finished folder its name, in place of a smaller subset; only now it counts as there."""
        if self.images is not None and contents.pictures_first:
            self.say("This archive has its pictures before its lists: all of them were kept until the lists came.")
        count = sum(1 for _ in (contents.folder / "JPEGImages").iterdir())
        made = Record(
            state=state,
            images=count,
            source=source,
            sha256=sha256,
            pictures_before_lists=contents.pictures_first,
        )
        write_json(self.staging / "download.json", dict(made))
        if hasattr(os, "sync"):
            os.sync()  # a name must not reach the disk before the files it stands for
        old = _old(self.top)
        if self.top.exists():
            self.top.rename(old)
        self.staging.rename(self.top)
        shutil.rmtree(old, ignore_errors=True)


class _Counted:
    """Read a file and report how far."""

    def __init__(self, file, size: int, progress: Progress):
        self._file, self._size, self._progress = file, size, progress

    def read(self, count: int) -> bytes:
        """Give the next bytes."""
        data = self._file.read(count)
        self._progress(self._file.tell(), self._size)
        return data


def _entry(what: str) -> Dataset:
    entry = DATASETS.get(what)
    if entry is None or entry.archive is None:
        raise ChoiceError(f"There is no data set {what!r} to download: choose one of {', '.join(_LISTS)}.")
    return entry


def _top(entry: Dataset, home: str | Path | None) -> Path:
    return home_folder(home) / "datasets" / entry.name


def _old(top: Path) -> Path:
    return top.with_name(f".{top.name}.old")


def _clean(top: Path) -> None:
    """Put right what a killed process left: a half-made folder goes, a data set moved aside comes back."""
    shutil.rmtree(top.with_name(f".{top.name}.staging"), ignore_errors=True)
    old = _old(top)
    if old.exists() and not top.exists():
        old.rename(top)
    shutil.rmtree(old, ignore_errors=True)


def _enough(present: bool, there: Record | None, images: int | None) -> bool:
    """Tell whether what is there already (all of it, where it came by hand) is what is asked for, or more."""
    if not present or there is None:
        return present
    return there["state"] == "whole" or (images is not None and there["images"] >= images)
