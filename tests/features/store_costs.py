"""Do what the store does for `evaluate`, on tiny arrays, and count it: store_costs.py ROOT ROWS."""

import json
import sys
from collections import Counter
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from gradviz.features.store import Store, chunks_of, rows_of
from gradviz.features.store.repairing import RepairingEntry

READ_ROWS = 512
"""Rows that extraction reads at once."""


def evaluate(root: Path, rows: int, temperature: float = 1.0) -> None:
    """Extract, read notes and features, then fill and read a backward entry that reads the forward one by chunks."""

    def compute_forward(chunks, progress, cancel):
        for chunk in chunks:
            n = len(rows_of(chunk, rows))
            notes = {f"image {chunk}": "cut off"} if chunk % 100 == 0 else {}
            yield {name: np.full((n, 1, 2), chunk, np.float32) for name in ("x5", "y6", "y7", "y8")}, notes

    def compute_backward(chunks, progress, cancel):
        for chunk in chunks:
            ys = {name: forward.read(name, np.array(rows_of(chunk, rows))) for name in ("y6", "y7", "y8")}
            yield {f"d{name}": y[:, 0] for name, y in ys.items()}, {}

    store, chunks, everything = Store(root), chunks_of(range(rows)), np.arange(rows)
    shapes = dict.fromkeys(("x5", "y6", "y7", "y8"), (rows, 1, 2))
    forward = RepairingEntry(store.entry({"kind": "forward"}), shapes, compute_forward)
    backward = RepairingEntry(
        store.entry({"kind": "backward", "temperature": temperature}),
        {f"d{name}": (rows, 2) for name in ("y6", "y7", "y8")},
        compute_backward,
    )
    forward.fill(chunks)
    assert len(forward.notes(chunks)) == -(-len(chunks) // 100)
    backward.fill(chunks)
    assert np.array_equal(backward.read("dy6", everything)[:, 0], everything // 64)
    for start in range(0, rows, READ_ROWS):
        forward.read("x5", everything[start : start + READ_ROWS])


def count(root: Path, rows: int) -> dict[str, int]:
    """Count calls into the file system, names listed and bytes moved by a cold evaluation and another temperature."""
    counted, on = Counter(), [True]

    def hook(event: str, arguments: tuple) -> None:
        if on[0] and event in ("open", "os.rename", "os.remove", "os.utime", "os.mkdir", "os.listdir", "os.scandir"):
            on[0] = False
            counted["calls"] += 1
            if event in ("os.listdir", "os.scandir"):
                counted["names"] += len(list(Path(arguments[0]).iterdir()))
            on[0] = True

    io = Path("/proc/self/io")
    before = _bytes(io)
    sys.addaudithook(hook)
    evaluate(root, rows)
    evaluate(root, rows, temperature=8.0)
    on[0] = False
    return {"calls": counted["calls"], "names": counted["names"], "bytes": _bytes(io) - before}


def _bytes(io: Path) -> int:
    """Return the bytes that this process has read and written, as far as the system knows."""
    if not io.exists():
        return 0
    fields = dict(line.split(": ") for line in io.read_text().splitlines())
    return int(fields["rchar"]) + int(fields["wchar"])


if __name__ == "__main__":
    evaluate(Path(sys.argv[1]) / "first", 64)  # imports what is imported late
    print(json.dumps(count(Path(sys.argv[1]) / "counted", int(sys.argv[2]))))
