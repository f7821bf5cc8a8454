"""Download the published VOC archives: whole and checked, or the first photographs of the archive while it comes.

In the home's `datasets/`: NAME/ (the data set, only ever there when complete), NAME/download.json (what it is),
NAME.tar.part (what has come so far, for whole and subset alike, so that more photographs later go on from there).
"""

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Literal, TypedDict, cast

from gradviz.callbacks import Cancel, Progress, never, silent
from gradviz.datasets.catalogue import DATASETS, Archive, Dataset, downloadable
from gradviz.download import fetch
from gradviz.download.archives import unpack
from gradviz.errors import ChoiceError
from gradviz.home import home as home_folder
from gradviz.words import counted


class Record(TypedDict):
    """Describe a downloaded data set: all of a checked archive, or photographs taken from an unchecked beginning."""

    state: Literal["whole", "unverified prefix"]
    images: int
    source: str
    sha256: str | None
    pictures_before_lists: bool


def record(what: str, home: str | Path | None = None) -> Record | None:
    """Return what is known about a downloaded data set; None where it is not there or came another way."""
    entry = DATASETS.get(what)
    if entry is None or entry.archive is None or not entry.present(home):
        return None
    return cast(Record, fetch.read_json(_top(entry, home) / "download.json")) or None


def download(
    what: str,
    *,
    images: int | None = None,
    url: str | None = None,
    home: str | Path | None = None,
    progress: Progress = silent,
    cancel: Cancel = never,
    say: fetch.Say = fetch.quiet,
    ways: fetch.Ways = fetch.TERMINAL,
) -> Path:
    """Download a data set of the table and return its folder.

    An archive of the official name in the home's `datasets/` is used without asking a host.

    Parameters
    ----------
    what
        One of gradviz.datasets.catalogue.downloadable().
    images
        Read the archive only until so many photographs that ImageSets/Main lists are there: an "unverified prefix",
        because the digest is that of the whole.
    url
        A mirror (the archive or the folder it lies in) or a path on this computer.
    progress
        Called in bytes; for a subset the total is an estimate.
    say
        Called with a sentence when something happens that the user may wonder about.
    ways
        How messages say what can be done.

    Raises
    ------
    DownloadError, ChoiceError, Cancelled
        What has come by then is kept for the next time.
    """
    entry = DATASETS.get(what)
    if entry is None or entry.archive is None:
        raise ChoiceError(f"There is no data set {what!r} to download: choose one of {', '.join(downloadable())}.")
    if images is not None and images < 1:
        raise ChoiceError(f"{counted(images, 'photograph')} cannot be downloaded: ask for one or more.")
    top, archive = _top(entry, home), entry.archive
    official = fetch.Remote(archive.url, f"md5:{archive.md5}", archive.bytes)
    with fetch.alone(top.with_name(f".{what}.lock"), official, cancel=cancel, say=say, ways=ways):
        _clean(top)
        there = record(what, home)
        more = there and there["state"] != "whole" and (images is None or images > there["images"])
        if more or not entry.present(home):  # what came by hand, without a record, is all of it
            _download(entry, archive, official, top, images, url, progress=progress, cancel=cancel, say=say, ways=ways)
        if (record(what, home) or {}).get("state") == "whole":
            for path in top.parent.glob(f"{what}.tar.part*"):
                path.unlink()
    return entry.where(home)


def _download(
    entry: Dataset,
    archive: Archive,
    official: fetch.Remote,
    top: Path,
    images: int | None,
    url: str | None,
    *,
    progress: Progress,
    cancel: Cancel,
    say: fetch.Say,
    ways: fetch.Ways,
) -> None:
    """Find or fetch the archive, take it apart and put the result in place."""
    staging, by_hand, remote = _hidden(top, "staging"), top.with_name(official.name), official.at(url)
    local = fetch.local_mirror(url, official.name) or (by_hand if by_hand.is_file() else None)
    # A subset's part of the archive is that of its pictures, and 3 % of annotations and lists.
    expected = round(archive.bytes * min(1, images / archive.images + 0.03)) if images else archive.bytes

    def take(read: Callable[[int], bytes]) -> bool:
        shutil.rmtree(staging, ignore_errors=True)
        staging.mkdir(parents=True)
        year = Path(entry.folder).name
        return unpack(read, staging, year=year, splits=archive.splits, images=images, cancel=cancel)

    def take_file(path: Path) -> bool:
        say(f"Unpacking {official.name}.")
        with path.open("rb") as file:

            def read(count: int) -> bytes:
                data = file.read(count)
                progress(file.tell(), path.stat().st_size)
                return data

            return take(read)

    def coming(done: int, total: int) -> None:
        progress(done, max(done, min(expected, total or expected)))

    try:
        sha256, target = None, top.with_name(f"{entry.name}.tar")
        if local:
            fetch.require_room(top.parent, expected, ways)
            say(f"Using {local}{', checking it first' if images is None else ''}.")
            sha256 = fetch.checked(local, official, cancel) if images is None else None
            pictures_first = take_file(local)
        else:
            with fetch.Incoming(remote, target, cancel=cancel, progress=coming, say=say) as incoming:
                fetch.require_room(top.parent, 2 * expected - min(incoming.kept, expected), ways)
                if images is None:
                    sha256 = incoming.use(incoming.complete)
                    pictures_first = take_file(incoming.part)
                else:
                    pictures_first = incoming.use(lambda: take(incoming.read))
                    progress(incoming.position, incoming.position)
        if images is not None and pictures_first:
            say("This archive has its pictures before its lists: all of them were kept until the lists came.")
        made = Record(
            state="whole" if images is None else "unverified prefix",
            images=len(list(staging.glob("VOCdevkit/*/JPEGImages/*"))),
            source=str(local or remote.url),
            sha256=sha256,
            pictures_before_lists=pictures_first,
        )
        fetch.write_json(staging / "download.json", dict(made))
        _place(staging, top)
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def _place(staging: Path, top: Path) -> None:
    """Rename the finished folder to its own name, in place of a smaller subset; only now it counts as there."""
    if hasattr(os, "sync"):
        os.sync()  # a name must not reach the disk before the files it stands for
    if top.exists():
        top.rename(_hidden(top, "old"))
    staging.rename(top)
    shutil.rmtree(_hidden(top, "old"), ignore_errors=True)


def _clean(top: Path) -> None:
    """Put right what a killed process left: a half-made folder goes, a data set moved aside comes back."""
    shutil.rmtree(_hidden(top, "staging"), ignore_errors=True)
    if _hidden(top, "old").exists() and not top.exists():
        _hidden(top, "old").rename(top)
    shutil.rmtree(_hidden(top, "old"), ignore_errors=True)


def _hidden(top: Path, what: str) -> Path:
    return top.with_name(f".{top.name}.{what}")


def _top(entry: Dataset, home: str | Path | None) -> Path:
    return home_folder(home) / "datasets" / entry.name
