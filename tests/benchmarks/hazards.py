"""Run the store's and the queue's hazards in full numbers, by hand: python -m tests.benchmarks.hazards [COUNT].

The suite runs a few of each, and all 200 kills and flips; this runs COUNT (200) bursts of clicks, a tenth in pairs.
"""

import sys
import tempfile
import threading
import time
from pathlib import Path

from gradviz.features.store import Store
from gradviz.ui.queue import Queue
from tests.features.test_store import CHUNKS, same, start


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
    """Click in bursts: every burst of a key is one job, and every start is a finish."""
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
    """Run everything and print a line each."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for hazard in (lambda: clicks(count), lambda: pairs(max(count // 10, 1), folder)):
            began = time.perf_counter()
            print(f"{hazard()} ({time.perf_counter() - began:.0f} s)", flush=True)


if __name__ == "__main__":
    main()
