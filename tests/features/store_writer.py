"""Fill a store's entry, slowly if asked, in a process that a test can kill: store_writer.py ROOT SECONDS_A_CHUNK.

`store_writer.py` alone does so in a fresh fork for each root that it reads: two hundred starts of Python take long.
"""

import os
import sys
import time
from functools import cache
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from gradviz.callbacks import never, silent  # noqa: E402
from gradviz.features.store import Entry, Store  # noqa: E402

KEY = {"weights": "a1", "data": "b2", "crops": 1}
ROWS, CHUNK_ROWS = 150, 16  # ten chunks, the last one short
WIDTHS = {"x5": (2, 300), "y6": (7,)}
NAMES = tuple(f"image {row}" for row in range(ROWS))
CHUNKS = [NAMES[start : start + CHUNK_ROWS] for start in range(0, ROWS, CHUNK_ROWS)]


@cache
def content(name: str) -> np.ndarray:
    """Make the values that the entry must hold, the same in every process: half zeros, and some rows that failed."""
    drawn = np.random.default_rng(len(name) + WIDTHS[name][-1])
    values = drawn.standard_normal((ROWS, *WIDTHS[name]), dtype=np.float32)
    values = np.maximum(values, 0)
    values[[3, 40, 149]] = np.nan
    values[64:80] = np.nan  # a whole chunk that failed
    return values


def fill(entry: Entry, seconds: float = 0.0, report=silent, cancel=never) -> list[int]:
    """Compute what is missing, as extraction does, and tell which blocks were computed."""
    wanted = {name: content(name) for name in WIDTHS}
    computed = []
    with entry.writing(WIDTHS, NAMES, cancel=cancel, waiting=report) as writer:
        missing = set(writer.missing(NAMES))
        for number, names in enumerate(CHUNKS):
            if not missing.intersection(names):
                continue
            time.sleep(seconds)
            rows = slice(number * CHUNK_ROWS, number * CHUNK_ROWS + len(names))
            arrays = {name: values[rows] for name, values in wanted.items()}
            writer.write(names, arrays, {names[0]: "cut off"} if number % 4 == 0 else None)
            computed.append(number)
            print(f"{number}\n", end="", flush=True)  # in one piece, wherever a kill meets it
    return computed


def serve() -> None:
    """Fork a writer for each root; print its process, the chunks it finished and, asked by a second line, its end."""
    while line := sys.stdin.readline():
        child = os.fork()
        if not child:
            fill(Store(line.strip()).entry(KEY))
            os._exit(0)
        print(f"process {child}\n", end="", flush=True)
        sys.stdin.readline()
        os.waitpid(child, 0)
        print("end", flush=True)


if __name__ == "__main__":
    import filelock  # noqa: F401 - what is imported before "start" costs no time after it

    for name in WIDTHS:
        content(name)
    if not sys.argv[1:]:
        serve()
    else:
        told = []
        print("start", flush=True)
        fill(Store(sys.argv[1]).entry(KEY), float(sys.argv[2]), report=lambda done, total: told.append((done, total)))
        print("waited" if told else "at once", flush=True)
