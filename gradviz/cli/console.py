"""What the command line shows people: a progress line on standard error and plain tables."""

import sys
import time
from collections.abc import Iterable, Sequence
from types import TracebackType
from typing import Self

from gradviz.download.pace import Pace, time_text


class Line:
    """Rewrite one line of standard error on a terminal; elsewhere write a line at every tenth of the way."""

    def __init__(self) -> None:
        self._live = sys.stderr.isatty()
        self._shown, self._at = -1, 0.0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live and self._shown >= 0:
            print(file=sys.stderr)

    def __call__(self, done: int, total: int) -> None:
        """Report that `done` of `total` are finished."""
        step, now = 10 * done // max(total, 1), time.monotonic()
        if self._live and (done == total or now - self._at > 0.1):
            print(f"\r{self.text(done, total):70s}", end="", file=sys.stderr, flush=True)
            self._at = now
        elif not self._live and step != self._shown:
            print(self.text(done, total), file=sys.stderr, flush=True)
        self._shown = step

    def text(self, done: int, total: int) -> str:
        """Say in words how far it is."""
        raise NotImplementedError


class Bar(Line):
    """Count images, or thousandths of a longer way where no unit is given."""

    def __init__(self, unit: str = "") -> None:
        super().__init__()
        self.unit, self._start = unit, time.monotonic()

    def text(self, done: int, total: int) -> str:
        """Say how many, and how long the rest takes at this rate."""
        seconds = time.monotonic() - self._start
        left = f", {time_text(seconds / done * (total - done))} left" if 0 < done < total and seconds > 2 else ""
        return (f"{done} of {total} {self.unit}" if self.unit else f"{100 * done // max(total, 1)} %") + left


class TransferBar(Line):
    """Count bytes, with the rate and the time left."""

    def __init__(self) -> None:
        super().__init__()
        self._pace = Pace()

    def text(self, done: int, total: int) -> str:
        """Say how much, how fast and how long."""
        return self._pace.text

    def __call__(self, done: int, total: int) -> None:
        """Report that `done` of `total` bytes have come."""
        self._pace(done, total)
        super().__call__(done, total)


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Set cells in columns: numbers to the right, words to the left."""
    lines = [tuple(map(str, head)), *(tuple(map(str, row)) for row in rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    right = [len(lines) > 1 and all(_numeric(line[c]) for line in lines[1:]) for c in range(len(widths))]
    return "\n".join(
        "  ".join(t.rjust(w) if r else t.ljust(w) for t, w, r in zip(line, widths, right, strict=True)).rstrip()
        for line in lines
    )


def _numeric(text: str) -> bool:
    return not text or text == "-" or text.lstrip("-")[:1].isdigit()
