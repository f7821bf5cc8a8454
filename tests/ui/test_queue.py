import gc
import logging
import subprocess
import sys
import threading
import weakref
from pathlib import Path

import pytest

from gradviz.callbacks import stop_if
from gradviz.errors import Cancelled, GradvizError, StoreError
from gradviz.ui.queue import WORKERS, Queue

LONG = 30  # seconds after which a test gives up


class Gate:
    """A job that waits inside its function until it is released."""

    def __init__(self):
        self.entered, self.open, self.runs = threading.Event(), threading.Event(), 0

    def __call__(self, progress, cancel):
        self.runs += 1
        self.entered.set()
        assert self.open.wait(LONG)
        return "through"


@pytest.fixture
def queue():
    return Queue()


@pytest.fixture
def gate():
    gate = Gate()
    yield gate
    gate.open.set()


def ended(job):
    assert job.wait(LONG)
    return job


def test_a_result_is_kept_and_answered_at_once(queue):
    runs = []
    for _ in range(3):
        job = ended(queue.submit("key", lambda progress, cancel: runs.append(1) or "answer", title="Kernel"))
        assert (job.state, job.result, job.error, job.title, job.lane) == ("done", "answer", None, "Kernel", "heavy")
    assert runs == [1]
    assert queue.result("key") == "answer"
    assert queue.get("key") is job
    assert queue.result("other") is queue.get("other") is None
    queue.forget("key")
    assert queue.result("key") is None
    ended(queue.submit("key", lambda progress, cancel: runs.append(1)))
    assert runs == [1, 1]


def test_a_hundred_submits_compute_once(queue, gate):
    jobs, barrier = [], threading.Barrier(20)

    def visitor():
        barrier.wait(LONG)
        jobs.extend([queue.submit(("same", 1), gate) for _ in range(5)])

    visitors = [threading.Thread(target=visitor) for _ in range(20)]
    for thread in visitors:
        thread.start()
    for thread in visitors:
        thread.join(LONG)
    gate.open.set()
    assert len(jobs) == 100
    assert len(set(map(id, jobs))) == 1
    assert ended(jobs[0]).result == "through"
    assert gate.runs == 1


def test_many_visitors_with_many_keys(queue):
    runs, running, worst = [], [], []

    def work(key):
        def function(progress, cancel):
            running.append(key)
            worst.append(len(running))
            runs.append(key)
            running.remove(key)
            return key * 2

        return function

    def visitor():
        for key in range(30):
            job = queue.submit(key, work(key), lane="heavy" if key % 2 else "light")
            assert ended(job).result == key * 2

    visitors = [threading.Thread(target=visitor) for _ in range(8)]
    for thread in visitors:
        thread.start()
    for thread in visitors:
        thread.join(LONG)
        assert not thread.is_alive()
    assert sorted(runs) == list(range(30))
    assert max(worst) <= 3


def test_one_heavy_job_at_a_time_in_order_and_light_ones_beside_it(queue, gate):
    first = queue.submit("first", gate, title="Extraction")
    assert gate.entered.wait(LONG)
    order = []
    waiting = [queue.submit(name, lambda p, c, name=name: order.append(name)) for name in ("second", "third")]
    assert [job.position for job in (first, *waiting)] == [0, 1, 2]
    assert [job.message for job in waiting] == ["About to start", "Waiting for 1 other job"]
    assert queue.jobs() == (first, *waiting)
    light = [queue.submit(index, lambda p, c: threading.current_thread().name, lane="light") for index in range(5)]
    assert {ended(job).result.rsplit("-", 1)[0] for job in light} == {"gradviz-light"}
    assert (first.state, first.active, order) == ("running", True, [])
    gate.open.set()
    assert ended(waiting[1]).state == "done"
    assert order == ["second", "third"]
    assert queue.jobs() == ()


def test_transfers_hold_up_neither_kernels_nor_the_network(queue, gate):
    transfers = [queue.submit(index, gate, lane="transfer") for index in range(WORKERS["transfer"] + 2)]
    assert gate.entered.wait(LONG)
    beside = [queue.submit(lane, lambda p, c: "done", lane=lane) for lane in ("light", "heavy")]
    assert [ended(job).result for job in beside] == ["done", "done"]
    assert transfers[-1].state == "waiting"
    gate.open.set()
    assert {ended(job).result for job in transfers} == {"through"}


@pytest.mark.parametrize(("lane", "keys"), [("light", "ab"), ("maps", "abc")])
def test_light_jobs_and_the_maps_of_a_page_run_together(queue, lane, keys):
    barrier = threading.Barrier(len(keys))
    jobs = [queue.submit(key, lambda p, c: barrier.wait(LONG), lane=lane) for key in keys]
    assert {ended(job).state for job in jobs} == {"done"}


def test_progress_and_time_left(queue, monkeypatch):
    clock, at, going = [100.0], threading.Event(), threading.Event()
    monkeypatch.setattr("gradviz.ui.queue.time.monotonic", lambda: clock[0])

    def resumed(progress, cancel):
        progress(40, 100)  # what the store had
        clock[0] = 110.0
        progress(60, 100)
        at.set()
        going.wait(LONG)

    job = queue.submit("key", resumed)
    assert at.wait(LONG)
    assert (job.done, job.total, job.message, job.seconds) == (60, 100, "60 of 100", 10.0)
    assert job.eta == 20.0  # twenty in ten seconds, forty left
    going.set()
    ended(job)
    clock[0] = 500.0
    assert (job.seconds, job.eta, job.message, job.position) == (10.0, None, "Done", 0)


def test_no_estimate_before_there_is_a_pace(queue, gate):
    waiting = [queue.submit(key, gate) for key in "ab"]
    assert gate.entered.wait(LONG)
    assert [job.eta for job in waiting] == [None, None]
    assert waiting[1].seconds == 0.0


@pytest.mark.parametrize("way", ["progress", "cancel", "neither"])
def test_a_running_job_leaves_at_its_next_step(queue, way):
    steps, at, going = [], threading.Event(), threading.Event()

    def work(progress, cancel):
        for step in range(10):
            steps.append(step)
            if way == "progress":
                progress(step, 10)
            elif way == "cancel":
                stop_if(cancel)
            if step == 3:
                at.set()
                assert going.wait(LONG)
        return "all"

    job = queue.submit("key", work)
    assert at.wait(LONG)
    queue.cancel("key")
    assert job.message == "Stopping"
    going.set()
    assert ended(job).state == "cancelled"
    assert (job.result, job.error, job.message, queue.result("key")) == (None, None, "Stopped", None)
    assert len(steps) == (10 if way == "neither" else 5)
    assert ended(queue.submit("key", lambda p, c: "again")).result == "again"


def test_a_waiting_job_is_cancelled_at_once(queue, gate):
    queue.submit("first", gate)
    assert gate.entered.wait(LONG)
    jobs = [queue.submit(key, lambda p, c: "never") for key in "abc"]
    jobs[1].cancel()
    assert (jobs[1].state, jobs[1].wait(0), jobs[1].position) == ("cancelled", True, 0)
    assert [jobs[0].position, jobs[2].position] == [1, 2]
    again = queue.submit("b", lambda p, c: "again")
    assert again is not jobs[1]
    assert again.position == 3
    gate.open.set()
    assert ended(again).result == "again"
    jobs[1].cancel()
    again.cancel()  # ended jobs stay as they are
    assert (jobs[1].state, again.state) == ("cancelled", "done")
    queue.cancel("nobody")


@pytest.mark.parametrize("lane", ["heavy", "light"])
def test_asked_again_while_stopping_waits_for_the_old_one(queue, gate, lane):
    old = queue.submit("key", gate, lane=lane)
    assert gate.entered.wait(LONG)
    old.cancel()
    new = queue.submit("key", lambda p, c: old.state, lane=lane)
    assert new is not old
    assert queue.submit("key", gate, lane=lane) is new
    assert queue.get("key") is new
    gate.open.set()
    assert ended(new).result == "cancelled"  # the old one had left
    assert queue.get("key") is new


def test_an_error_for_the_user_is_shown_as_it_is_and_can_be_tried_again(queue, caplog):
    def full(progress, cancel):
        raise StoreError("The disk is full.")

    job = ended(queue.submit("key", full))
    assert (job.state, job.error, job.message, job.result) == ("failed", "The disk is full.", "The disk is full.", None)
    assert caplog.records == []
    assert queue.get("key") is job
    assert ended(queue.submit("key", lambda p, c: 1)).result == 1


@pytest.mark.parametrize(
    "problem", [KeyError("secret"), SystemExit(3), KeyboardInterrupt(), MemoryError(), GeneratorExit()]
)
def test_anything_else_is_logged_and_the_worker_lives(queue, caplog, problem):
    def broken(progress, cancel):
        raise problem

    with caplog.at_level(logging.ERROR, "gradviz.ui.queue"):
        job = ended(queue.submit("key", broken, title="Map"))
    assert job.state == "failed"
    assert "unexpected" in job.error
    assert "Map" in job.error
    assert "\n" not in job.error
    assert "secret" not in job.error
    assert "Traceback" in caplog.text
    assert type(problem).__name__ in caplog.text
    assert ended(queue.submit("next", lambda p, c: "alive")).result == "alive"


def test_a_job_may_leave_by_itself(queue):
    def leave(progress, cancel):
        raise Cancelled("Enough.")

    assert ended(queue.submit("key", leave)).state == "cancelled"


def test_too_many_jobs_are_refused_in_a_sentence(gate):
    queue = Queue(waiting=3)
    running = queue.submit("running", gate)
    assert gate.entered.wait(LONG)
    waiting = [queue.submit(key, gate) for key in range(3)]
    with pytest.raises(GradvizError, match="3 jobs are waiting") as error:
        queue.submit("more", gate)
    assert "\n" not in str(error.value)
    assert queue.submit(1, gate) is waiting[1]  # who waits already is not refused
    waiting[0].cancel()
    assert queue.submit("more", gate).position == 3
    assert running.state == "running"


def test_only_the_last_used_results_are_kept():
    queue = Queue(kept=3)

    class Big:
        pass

    def make(progress, cancel):
        return Big()

    big = weakref.ref(ended(queue.submit(0, make)).result)
    for key in (1, 2):
        ended(queue.submit(key, make))
    assert queue.result(0) is big()
    ended(queue.submit(3, make))
    assert queue.result(1) is None
    assert queue.result(0) is not None
    for key in (4, 5, 6):
        ended(queue.submit(key, make))
    gc.collect()
    assert big() is None


def test_an_ended_job_lets_go_of_its_function(queue):
    class Closure:
        def __call__(self, progress, cancel):
            return 1

    closure = Closure()
    alive = weakref.ref(closure)
    ended(queue.submit("key", closure))
    del closure
    gc.collect()
    assert alive() is None


def test_a_closing_process_does_not_wait_for_its_jobs():
    code = (
        "import time, gradviz.ui.queue as j; q = j.Queue(); job = q.submit('k', lambda p, c: time.sleep(600));"
        "q.submit('w', print)\nwhile job.state != 'running': time.sleep(0.01)"
    )
    root = Path(__file__).resolve().parents[2]
    process = subprocess.run([sys.executable, "-c", code], cwd=root, timeout=LONG, capture_output=True, check=True)
    assert process.stderr == b""


def test_all_jobs_of_somebody_are_dropped_at_once():
    jobs = Queue()
    for key in ("hers 1", "his 1"):
        jobs.submit(key, lambda progress, cancel: 1).wait(5)
    go_on = threading.Event()
    running = jobs.submit("hers 2", lambda progress, cancel: go_on.wait(5))
    waiting = jobs.submit("hers 3", lambda progress, cancel: 1)
    jobs.drop(lambda key: key.startswith("hers"))
    go_on.set()
    assert running.wait(5)
    assert waiting.wait(5)
    assert (running.state, waiting.state) == ("cancelled", "cancelled")
    assert [jobs.result(f"hers {i}") for i in (1, 2, 3)] == [None] * 3
    assert jobs.result("his 1") == 1
