"""A visitor's own photographs: they last as long as the session, and nobody else ever sees them.

They are removed when the session has ended (gradviz/ui/sessions.py), with this process, and, after a kill, when the
dashboard starts again.
"""

import atexit
import secrets
import shutil
import threading
import weakref
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from queue import SimpleQueue
from tempfile import mkdtemp
from typing import TYPE_CHECKING, BinaryIO

import streamlit as st
from filelock import FileLock, Timeout

from gradviz.callbacks import Cancel, Progress, part, stop_if
from gradviz.datasets import ImageSet
from gradviz.datasets.pictures import printable, thumbnail
from gradviz.datasets.uploads import Added, Uploads
from gradviz.errors import StoreError
from gradviz.home import home
from gradviz.spec import Spec
from gradviz.ui.arrivals import Arrivals, Arrived
from gradviz.ui.polling import queue, session
from gradviz.ui.queue import Queue

if TYPE_CHECKING:
    from gradviz.experiment import Experiment

NAME = "your photographs"


@dataclass(frozen=True)
class Own:
    """The photographs as they are now, for a question about them.

    `token` is in the key of every such question: nobody can guess it, and by it all answers are found and forgotten.
    The folder exists until the visitor leaves, or nobody holds this object any more.
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

    It is deleted by `leave`, with this object, or when the process ends.
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

    def take(self, files: Sequence[BinaryIO | Arrived], progress: Progress, cancel: Cancel) -> Added:
        """Add pictures and zips that have a `name`, and let go of each; what was added before a stop stays."""
        accepted, refused = 0, []
        try:
            for i, file in enumerate(files):
                stop_if(cancel)
                here = part(progress, i / len(files), (i + 1) / len(files))
                added = self._take(file, here, cancel)
                accepted += added.accepted
                refused += added.refused
                here(1, 1)
        finally:
            for file in files:
                file.drop() if isinstance(file, Arrived) else file.close()
            self.report = Added(accepted, tuple(refused))
            self._renew()
        return self.report

    def clear(self) -> int:
        """Delete the photographs and everything computed from them; return how many there were."""
        self._jobs.drop(self._mine)
        count = len(self._uploads)
        self._uploads.clear()
        self.report = Added(0)
        self._renew()
        return count

    def leave(self) -> bool:
        """Delete everything for good; return False while a job may still write, then this is to be called again."""
        self._jobs.drop(self._mine)
        self._uploads.clear()
        self._found = None
        shutil.rmtree(self.folder, ignore_errors=True)
        return not any(self._mine(job.key) for job in self._jobs.jobs()) and not self.folder.exists()

    def _mine(self, key: object) -> bool:
        return self._secret in str(key)

    def key(self, *words: object) -> str:
        """Return the key of a job about this visitor's photographs."""
        return " ".join(map(str, (*words, self._secret, self._round)))

    def _take(self, file: BinaryIO | Arrived, progress: Progress, cancel: Cancel) -> Added:
        if not isinstance(file, Arrived):
            return self._add(file, progress, cancel)
        if file.refused:
            return Added(0, ((printable(file.name), file.refused),))
        with file.open() as content:
            added = self._add(content, progress, cancel)
        file.drop()
        return added

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
    """Return this session's visitor, who has a folder from now on.

    Raises StoreError where no folder can be made.
    """
    if "visitor" not in st.session_state:
        try:
            here = Visitor(queue(), _place()[0], _gone())
        except OSError as error:
            raise StoreError(
                f"Photographs cannot be taken in: {home()} cannot be written ({error.strerror}). Whoever runs this "
                "dashboard can free some space there, or choose another folder in GRADVIZ_HOME."
            ) from error
        st.session_state["visitor"] = here
        session().at_end(here, here.leave)
    return st.session_state["visitor"]


@st.cache_resource
def arrivals() -> Arrivals:
    """Return what keeps the uploads of all visitors until they are taken in, and have the server use it."""
    arrivals = Arrivals(lambda: _place()[0])
    arrivals.install()
    return arrivals


def own() -> Own | None:
    """Return this session's photographs, None where there are none."""
    visitor = current()
    return visitor.own() if visitor else None


@contextmanager
def newest(page: str) -> Iterator[str | None]:
    """Give the photograph that the visitor has added since this page was last drawn, None without such.

    It counts as known when the block has ended: a run may be interrupted at each of its lines.
    """
    here, key = own(), f"own known to the {page} page"
    ids = here.images.ids if here else ()
    known = st.session_state.get(key, ids)
    new = [name for name in ids if name not in known]
    yield new[-1] if new else None
    st.session_state[key] = ids


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
    # Taken in the thread of a page, which ends, and released in another one.
    held = FileLock(folder.with_suffix(".lock"), thread_local=False)
    folder.mkdir(mode=0o700)
    try:
        held.acquire()
    except OSError:  # a full disk: the next visitor tries again
        folder.rmdir()
        raise
    atexit.register(_end, folder, held)
    return folder, held


def _end(folder: Path, held: FileLock) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    held.release()
    Path(held.lock_file).unlink(missing_ok=True)
