"""Run work in the background for the pages: one job per key, four lanes, progress, cancel.

A page never computes: it submits a function, polls the job, and shows its result. The heavy lane (network) has one
worker, because there is one device; the maps' lane has one for each of the three maps of a page, which grow side by
side; the light lane (kernels, SVMs, neighbours) has two, so that a small question never waits for an extraction; the
transfer lane (downloads, uploads) has its own, because these take minutes in which they mostly wait for somebody
else's computer. A job takes progress and cancel like every verb of the core and knows nothing of the page; once
stopped, its next `progress` raises Cancelled.
"""

import logging
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Hashable
from typing import Any, Literal

from gradviz.callbacks import Cancel, Progress
from gradviz.errors import Cancelled, GradvizError
from gradviz.words import counted

Function = Callable[[Progress, Cancel], Any]
Lane = Literal["heavy", "maps", "light", "transfer"]
State = Literal["waiting", "running", "done", "failed", "cancelled"]

WORKERS: dict[Lane, int] = {"heavy": 1, "maps": 3, "light": 2, "transfer": 3}
"""Threads of each lane."""

WAITING = 1000
"""Jobs that may wait: far more than the visitors of one computer ask for, so that every question has its turn."""

_log = logging.getLogger(__name__)


class FullError(GradvizError):
    """Report that too many jobs wait already."""


class Job:
    """One piece of work as it stands; only its queue changes it."""

    def __init__(self, queue: "Queue", key: Hashable, function: Function, lane: Lane, title: str) -> None:
        self.key = key
        self.lane: Lane = lane
        self.title = title
        self.state: State = "waiting"
        self.done = 0
        self.total = 0
        self.result: Any = None
        self.error: str | None = None
        self._queue = queue
        self._function = function
        self._stop = threading.Event()
        self._ended = threading.Event()
        self._started = self._finished = 0.0
        self._first: tuple[float, int] | None = None  # time and count of the first report

    @property
    def active(self) -> bool:
        """Whether the job waits or runs."""
        return self.state in ("waiting", "running")

    @property
    def stopping(self) -> bool:
        """Whether the job still runs, but will end as stopped."""
        return self.active and self._stop.is_set()

    @property
    def position(self) -> int:
        """The job's place, from 1, among those that wait in its lane; 0 once it has started."""
        return self._queue._position(self)

    @property
    def seconds(self) -> float:
        """How long the job has been running, or ran."""
        if not self._started:
            return 0.0
        return (self._finished or time.monotonic()) - self._started

    @property
    def eta(self) -> float | None:
        """The estimated seconds left, from the pace since the first report (resumed work starts in the middle)."""
        first, done, total = self._first, self.done, self.total
        if self.state != "running" or first is None or done <= first[1] or total < done:
            return None
        return (total - done) * (time.monotonic() - first[0]) / (done - first[1])

    @property
    def message(self) -> str:
        """The job's state in a few words."""
        if self.state == "failed":
            return self.error or ""
        if self.state == "waiting":
            before = self.position - 1
            return f"Waiting for {counted(before, 'other job')}" if before > 0 else "About to start"
        if self.state == "running":
            if self.stopping:
                return "Stopping"
            return f"{self.done:,} of {self.total:,}" if self.total else "Running"
        return {"done": "Done", "cancelled": "Stopped"}[self.state]

    def cancel(self) -> None:
        """Stop the job: at once if it waits, at its next step if it runs, not at all if it has ended."""
        self._queue._cancel(self)

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until the job has ended and return whether it has. Not for pages, which poll."""
        return self._ended.wait(timeout)


class Queue:
    """The jobs of one process.

    At most `waiting` jobs wait, and at most `kept` ended ones (the last used) are remembered with their results.
    """

    def __init__(self, *, waiting: int = WAITING, kept: int = 32) -> None:
        self._limit = waiting
        self._kept = kept
        self._changed = threading.Condition()
        self._lanes: dict[Lane, deque[Job]] = {lane: deque() for lane in WORKERS}
        self._running: dict[Hashable, Job] = {}
        self._ended: OrderedDict[Hashable, Job] = OrderedDict()
        self._threads: list[threading.Thread] = []

    def submit(self, key: Hashable, function: Function, *, lane: Lane = "heavy", title: str = "") -> Job:
        """Submit work and return its job: the active or finished one of this key, else a new one.

        A failed, cancelled or stopping job is replaced by a new one. Raises FullError if too many jobs wait.
        """
        with self._changed:
            job = self._find(key)
            if job is not None and (job.state == "done" or (job.active and not job.stopping)):
                return job
            if sum(map(len, self._lanes.values())) >= self._limit:
                raise FullError(
                    f"{counted(self._limit, 'job is', 'jobs are')} waiting already, as many as this computer takes on."
                )
            job = Job(self, key, function, lane, title or str(key))
            self._lanes[lane].append(job)
            self._ended.pop(key, None)
            self._start_threads()
            self._changed.notify_all()
            return job

    def get(self, key: Hashable) -> Job | None:
        """Return the job of a key: the waiting one, else the running one, else the ended one if it is remembered."""
        with self._changed:
            return self._find(key)

    def result(self, key: Hashable) -> Any:
        """Return the kept result of a key, without waiting; None if there is none (yet, or any more)."""
        job = self.get(key)
        return job.result if job is not None else None

    def cancel(self, key: Hashable) -> None:
        """Stop the job of a key, if there is an active one."""
        job = self.get(key)
        if job is not None:
            self._cancel(job)

    def forget(self, key: Hashable) -> None:
        """Forget an ended job and its result, so that the next submit computes again."""
        with self._changed:
            self._ended.pop(key, None)

    def drop(self, belongs: Callable[[Hashable], bool]) -> None:
        """Stop and forget all jobs whose key belongs to somebody who has left."""
        with self._changed:
            for job in [*self.jobs(), *self._ended.values()]:
                if belongs(job.key):
                    self._cancel(job)
                    self._ended.pop(job.key, None)

    def jobs(self) -> tuple[Job, ...]:
        """List the active jobs: those that run, then those that wait, in order."""
        with self._changed:
            return (*self._running.values(), *(job for lane in self._lanes.values() for job in lane))

    def waiting(self, lane: Lane) -> int:
        """Count the jobs that wait in a lane."""
        with self._changed:
            return len(self._lanes[lane])

    def _find(self, key: Hashable) -> Job | None:
        for lane in self._lanes.values():
            for job in lane:
                if job.key == key:
                    return job
        if key in self._running:
            return self._running[key]
        if key in self._ended:
            self._ended.move_to_end(key)
        return self._ended.get(key)

    def _position(self, job: Job) -> int:
        with self._changed:
            lane = self._lanes[job.lane]
            return lane.index(job) + 1 if job in lane else 0

    def _cancel(self, job: Job) -> None:
        with self._changed:
            job._stop.set()
            if job.state == "waiting":
                self._lanes[job.lane].remove(job)
                self._end(job, "cancelled")

    def _start_threads(self) -> None:
        # Daemons, so that a closing process does not wait for an extraction: the store is consistent at any moment.
        if not self._threads:
            for lane, number in WORKERS.items():
                for index in range(number):
                    name = f"gradviz-{lane}-{index}"
                    self._threads.append(threading.Thread(target=self._work, args=(lane,), name=name, daemon=True))
            for thread in self._threads:
                thread.start()

    def _work(self, lane: Lane) -> None:
        while True:
            with self._changed:
                # A key that is still stopping in another worker waits until that one has left.
                while (job := next((j for j in self._lanes[lane] if j.key not in self._running), None)) is None:
                    self._changed.wait()
                self._lanes[lane].remove(job)
                self._running[job.key] = job
                job.state, job._started = "running", time.monotonic()
            self._run(job)
            del job  # an idle worker keeps no result alive

    def _run(self, job: Job) -> None:
        def progress(done: int, total: int) -> None:
            job.done, job.total = done, total
            if job._first is None:
                job._first = (time.monotonic(), done)
            if job._stop.is_set():
                raise Cancelled("Stopped before the end; what was finished is kept.")

        state: State = "failed"
        result, error = None, None
        try:
            result = job._function(progress, job._stop.is_set)
            state = "done"
        except Cancelled:
            state = "cancelled"
        except GradvizError as problem:
            error = str(problem)
        except BaseException:  # SystemExit too: a worker outlives whatever a job does
            _log.exception("The job %r failed unexpectedly", job.title)
            error = f"Something unexpected stopped “{job.title}”: the log has the details. Try again, or report it."
        with self._changed:
            del self._running[job.key]
            if job._stop.is_set():
                state, result, error = "cancelled", None, None
            job.result, job.error = result, error
            self._end(job, state)

    def _end(self, job: Job, state: State) -> None:
        job.state, job._finished = state, time.monotonic()
        del job._function  # an ended job that is remembered keeps nothing alive but its result
        if self._find(job.key) is None:  # else it was asked for again while it stopped
            self._ended[job.key] = job
            while len(self._ended) > self._kept:
                self._ended.popitem(last=False)
        job._ended.set()
        self._changed.notify_all()
