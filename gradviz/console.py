"""What the command line shows people: a progress line on standard error and plain tables."""

import sys
import time
from collections.abc import Iterable, Sequence
from types import TracebackType
from typing import Self


class Bar:
    """Show progress on standard error: one line that is rewritten on a terminal, a line every 10 % elsewhere."""

    def __init__(self, unit: str = "") -> None:
        self.unit, self.start = unit, time.monotonic()
        self.live, self.shown = sys.stderr.isatty(), -1

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self.live and self.shown >= 0:
            print(file=sys.stderr)

    def __call__(self, done: int, total: int) -> None:
        """Report that `done` of `total` are finished."""
        step = int((100 if self.live else 10) * done / max(total, 1))
        if step == self.shown:
            return
        self.shown = step
        seconds = time.monotonic() - self.start
        left = f", {seconds / done * (total - done):.0f} s left" if 0 < done < total and seconds > 2 else ""
        text = (f"{done} of {total} {self.unit}" if self.unit else f"{100 * done // max(total, 1)} %") + left
        print(f"\r{text:60s}" if self.live else text, end="" if self.live else "\n", file=sys.stderr, flush=True)


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Set cells in columns: numbers to the right, words to the left."""
    lines = [tuple(map(str, head)), *(tuple(map(str, row)) for row in rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    right = [len(lines) > 1 and all(_numeric(line[c]) for line in lines[1:]) for c in range(len(widths))]
    return "\n".join(
        "  ".join(t.rjust(w) if r else t.ljust(w) for t, w, r in zip(line, widths, right, strict=True)).rstrip()
        for line in lines
    )


def megabytes(size: int) -> str:
    """Write a number of bytes as people read it."""
    return f"{size / 1e9:.2f} GB" if size >= 1e9 else f"{size / 1e6:.1f} MB"


def _numeric(text: str) -> bool:
    return not text or text == "-" or text[:1].isdigit() or text[:1] == "-"
