"""Do what the store does for `evaluate`, on tiny arrays, and count it: store_costs.py ROOT ROWS."""

import json
import sys
from collections import Counter
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from gradviz.features.store import CHUNK_ROWS, Store
from gradviz.features.store.repairing import Block, RepairingEntry

READ_ROWS = 512
"""Rows that extraction reads at once."""


def evaluate(root: Path, rows: int, temperature: float = 1.0) -> None:
    """Extract, read notes and features, then fill and read a backward entry that reads the forward one by chunks."""

    names = [f"{row:064x}" for row in range(rows)]
    number = {name: row for row, name in enumerate(names)}

    def blocks(wanted):
        return (wanted[start : start + CHUNK_ROWS] for start in range(0, len(wanted), CHUNK_ROWS))

    def compute_forward(wanted, progress, cancel):
        for block in blocks(wanted):
            values = np.array([number[name] for name in block], np.float32).reshape(-1, 1, 1).repeat(2, 2)
            notes = {block[0]: "cut off"} if number[block[0]] % 6400 == 0 else {}
            yield Block(block, dict.fromkeys(("x5", "y6", "y7", "y8"), values), notes)

    def compute_backward(wanted, progress, cancel):
        for block in blocks(wanted):
            ys = {name: forward.read(name, block) for name in ("y6", "y7", "y8")}
            yield Block(block, {f"d{name}": y[:, 0] for name, y in ys.items()})

    store = Store(root)
    forward = RepairingEntry(
        store.entry({"kind": "forward"}), dict.fromkeys(("x5", "y6", "y7", "y8"), (1, 2)), compute_forward
    )
    backward = RepairingEntry(
        store.entry({"kind": "backward", "temperature": temperature}),
        {f"d{name}": (2,) for name in ("y6", "y7", "y8")},
        compute_backward,
    )
    forward.fill(names)
    assert len(forward.notes(names)) == -(-rows // 6400)
    backward.fill(names)
    assert np.array_equal(backward.read("dy6", names)[:, 0], np.arange(rows, dtype=np.float32))
    for places in forward.blocks(names, READ_ROWS):
        forward.read("x5", [names[place] for place in places])


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
