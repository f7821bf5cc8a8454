"""A visitor's own photographs: they last as long as the session, and nobody else ever sees them."""

import atexit
import secrets
import shutil
import threading
import weakref
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from queue import SimpleQueue
from tempfile import mkdtemp
from typing import TYPE_CHECKING, BinaryIO

import streamlit as st
from filelock import FileLock, Timeout

from gradviz.callbacks import Cancel, Progress, part, stop_if
from gradviz.datasets import ImageSet
from gradviz.datasets.pictures import thumbnail
from gradviz.datasets.uploads import Added, Uploads
from gradviz.home import home
from gradviz.spec import Spec
from gradviz.ui.polling import queue
from gradviz.ui.queue import Queue

if TYPE_CHECKING:
    from gradviz.experiment import Experiment

NAME = "your photographs"


@dataclass(frozen=True)
class Own:
    """The photographs as they are now, for a question about them.

    `token` is in the key of every such question: nobody can guess it, and by it all answers are found and forgotten.
    The folder exists as long as somebody holds this object.
    """

    images: ImageSet
    token: str
    store: Path
    thumbnails: dict[str, bytes]
    keeper: "Visitor"

    def experiment(self, spec: Spec) -> "Experiment":
        """Return an experiment on all these photographs; their features stay in the visitor's own folder."""
        from gradviz.experiment import Experiment

        return Experiment(self.images, replace(spec, images=None), store=self.store)


class Visitor:
    """A folder with one visitor's photographs and features.

    It is deleted with this object, or when the process ends.
    """

    def __init__(self, jobs: Queue, place: Path, gone: "SimpleQueue[str]"):
        self.folder = Path(mkdtemp(prefix="visitor-", dir=place))
        self.report = Added(0)
        self._jobs = jobs
        self._uploads = Uploads(self.folder)
        self._secret = secrets.token_hex(16)
        self._round = 0
        self._found: tuple[ImageSet, str, Path, dict[str, bytes]] | None = None
        weakref.finalize(self, _leave, self.folder, self._secret, gone)

    def own(self) -> Own | None:
        """Return the photographs that there are, None without one."""
        found = self._found
        return Own(*found, self) if found else None

    def take(self, files: Sequence[BinaryIO], progress: Progress, cancel: Cancel) -> Added:
        """Add pictures and zips that have a `name`; what was added before a stop stays."""
        accepted, refused = 0, []
        try:
            for i, file in enumerate(files):
                stop_if(cancel)
                here = part(progress, i / len(files), (i + 1) / len(files))
                added = self._add(file, here, cancel)
                accepted += added.accepted
                refused += added.refused
                here(1, 1)
        finally:
            self.report = Added(accepted, tuple(refused))
            self._renew()
        return self.report

    def clear(self) -> int:
        """Delete the photographs and everything computed from them; return how many there were."""
        self._jobs.drop(lambda key: self._secret in str(key))
        count = len(self._uploads)
        self._uploads.clear()
        self.report = Added(0)
        self._renew()
        return count

    def key(self, *words: object) -> str:
        """Return the key of a job about this visitor's photographs."""
        return " ".join(map(str, (*words, self._secret, self._round)))

    def _add(self, file: BinaryIO, progress: Progress, cancel: Cancel) -> Added:
        start = file.read(4)
        file.seek(0)
        if start == b"PK\3\4" or file.name.lower().endswith(".zip"):
            return self._uploads.add_zip(file, progress=progress, cancel=cancel)
        return self._uploads.add(file.name, file)

    def _renew(self) -> None:
        """Rebuild the data set; the features of the previous one are of no use to it."""
        previous, self._found = self._found, None
        known = {}
        if previous:
            _, _, store, known = previous
            shutil.rmtree(store, ignore_errors=True)
        self._round += 1
        if len(self._uploads):
            images = self._uploads.image_set(NAME)
            made = {i: known.get(i) or thumbnail(path) for i, path in zip(images.ids, images.paths, strict=True)}
            store = self.folder / f"features-{self._round}"
            self._found = images, f"{self._secret} {self._round}", store, made


def current() -> Visitor | None:
    """Return this session's visitor, None before anything was dropped."""
    return st.session_state.get("visitor")


def arrived() -> Visitor:
    """Return this session's visitor, who has a folder from now on."""
    if "visitor" not in st.session_state:
        st.session_state["visitor"] = Visitor(queue(), _place()[0], _gone())
    return st.session_state["visitor"]


def own() -> Own | None:
    """Return this session's photographs, None where there are none."""
    visitor = current()
    return visitor.own() if visitor else None


def _leave(folder: Path, secret: str, gone: "SimpleQueue[str]") -> None:
    # The garbage collector may call this anywhere, even while this thread holds the queue's lock: only a SimpleQueue is
    # safe.
    gone.put(secret)
    shutil.rmtree(folder, ignore_errors=True)


@st.cache_resource
def _gone() -> "SimpleQueue[str]":
    """Return where the secrets of visitors who left are put; a thread forgets their results."""
    gone: SimpleQueue[str] = SimpleQueue()
    threading.Thread(target=_sweep, args=(gone, queue()), name="gradviz-visitors", daemon=True).start()
    return gone


def _sweep(gone: "SimpleQueue[str]", jobs: Queue) -> None:
    while True:
        secret = gone.get()
        jobs.drop(lambda key, secret=secret: secret in str(key))


@st.cache_resource
def _place() -> tuple[Path, FileLock]:
    """Create this process's folder for its visitors, and remove the folders of processes that were killed.

    A folder belongs to a running process as long as the lock beside it is held.
    """
    place = home() / "visitors"
    place.mkdir(parents=True, exist_ok=True, mode=0o700)
    for path in place.glob("*.lock"):
        try:
            with FileLock(path, timeout=0):
                shutil.rmtree(path.with_suffix(""), ignore_errors=True)
                path.unlink(missing_ok=True)
        except (Timeout, OSError):
            continue
    folder = place / secrets.token_hex(8)
    held = FileLock(folder.with_suffix(".lock"))
    held.acquire()
    folder.mkdir(mode=0o700)
    atexit.register(_end, folder, held)
    return folder, held


def _end(folder: Path, held: FileLock) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    held.release()
    Path(held.lock_file).unlink(missing_ok=True)
