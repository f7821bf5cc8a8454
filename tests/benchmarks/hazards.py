"""Run the store's and the queue's hazards in full numbers, by hand: python -m tests.benchmarks.hazards [COUNT].

The suite runs a few of each; this runs COUNT (200) kills, flips and bursts of clicks, and a tenth as many pairs.
"""

import contextlib
import io
import random
import sys
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path

import numpy as np

from gradviz.features.store import Store
from gradviz.ui.queue import Queue
from tests.features.store_writer import CHUNK_ROWS, KEY, ROWS, content, fill
from tests.features.test_store import CHUNKS, files, flip, killed_while_writing, same, served_or_refused, start


def quietly(entry) -> list[int]:
    """Fill the entry without what the writer prints."""
    with contextlib.redirect_stdout(io.StringIO()):
        return fill(entry)


def kills(count: int, folder: Path) -> str:
    """Kill writers at random moments; after each, whatever the manifest lists must be right."""
    seeded, most, rounds, mid_write = random.Random(0), 0, 0, 0
    quietly(Store(folder / "whole").entry(KEY))
    entry = None
    for number in range(count):
        if entry is None or entry.finished == CHUNKS:
            rounds += 1
            entry = Store(folder / str(number)).entry(KEY)
        said = killed_while_writing(entry.folder.parent, 0, seeded.uniform(0, 0.15))
        finished = entry.finished
        assert said <= finished
        rows = [row for row in range(ROWS) if row // CHUNK_ROWS in finished]
        if rows:
            assert np.array_equal(entry.read("x5", rows), content("x5")[rows], equal_nan=True)
        left = {path.name for path in entry.folder.rglob("*") if path.is_file()}
        on_disk = {int(name.split(".")[1]) for name in left if name.startswith("c.")}
        most = max(most, len(on_disk - finished))
        mid_write += bool(on_disk - finished) or any(name.endswith((".partial", ".tmp")) for name in left)
        if finished == CHUNKS or number == count - 1:
            quietly(entry)
            assert files(entry.folder.parent) == files(folder / "whole")
    return (
        f"{count} kills: 0 wrong reads, at most {most} chunk lost, {mid_write} in mid-write, {rounds} entries identical"
    )


def flips(count: int, folder: Path) -> str:
    """Flip bits anywhere in the entry; what is read must be right, and the entry must be repaired."""
    seeded, store = random.Random(0), Store(folder / "flips")
    entry = store.entry(KEY)
    quietly(entry)
    found, computed = Counter(), 0
    for _ in range(count):
        paths = sorted(path for path in entry.folder.rglob("*") if path.is_file() and "damaged" not in path.parts)
        path = seeded.choice(paths)
        flip(path, seeded)
        found[path.name.split(".")[0], served_or_refused(store)] += 1
        computed += len(quietly(entry))
        assert same(store)
    missed = sum(number for (_, refused), number in found.items() if not refused)
    kinds = {kind: number for (kind, _), number in found.items()}
    return f"{count} flips {kinds}: 0 wrong reads, {missed} not noticed, {computed} chunks recomputed"


def pairs(count: int, folder: Path) -> str:
    """Let two processes fill one entry."""
    for number in range(count):
        root = folder / f"pair{number}"
        writers = [start(root, 0.02) for _ in range(2)]
        said = " ".join(writer.communicate(timeout=60)[0] for writer in writers).split()
        assert sorted(int(word) for word in said if word.isdigit()) == sorted(CHUNKS)
        assert same(Store(root))
    return f"{count} pairs of processes: each chunk computed once"


def clicks(count: int) -> str:
    """Click in bursts: every burst of a key is one job, and every job that starts finishes."""
    queue, starts, finishes = Queue(), [], []

    def work(progress, cancel):
        starts.append(1)
        for step in range(5):
            progress(step, 5)
            time.sleep(0.001)
        finishes.append(1)

    for burst in range(count):
        visitors = [threading.Thread(target=queue.submit, args=(burst, work)) for _ in range(20)]
        for visitor in visitors:
            visitor.start()
        for visitor in visitors:
            visitor.join()
        assert queue.get(burst).wait(60)
    assert len(starts) == len(finishes) == count
    return f"{count} bursts of 20 clicks: {len(starts)} starts, {len(finishes)} finishes"


def main() -> None:
    """Run everything and print a line about each."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for hazard in (lambda: clicks(count), lambda: flips(count, folder), lambda: kills(count, folder)):
            began = time.perf_counter()
            print(f"{hazard()} ({time.perf_counter() - began:.0f} s)", flush=True)
        print(pairs(max(count // 10, 1), folder))


if __name__ == "__main__":
    main()
