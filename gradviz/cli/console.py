"""What the command line shows people: a progress bar on standard error and plain tables."""

import sys
import time
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

from gradviz.download.pace import Pace, time_text
from gradviz.words import counted

if TYPE_CHECKING:
    from tqdm import tqdm


class Line(AbstractContextManager):
    """Draw a bar on a terminal; elsewhere write a line at every tenth of the way. Both go to standard error."""

    def __init__(self) -> None:
        self._live, self._tenth = sys.stderr.isatty(), -1
        self._bar: tqdm | None = None

    def __exit__(self, *_: object) -> None:
        if self._bar:
            self._bar.close()

    def __call__(self, done: int, total: int) -> None:
        """Report that `done` of `total` are finished."""
        if self._live:
            from tqdm import tqdm

            text = self.text(done, total)
            if self._bar is None:
                self._bar = tqdm(desc=text, total=total, bar_format="|{bar:20}| {desc}", miniters=0, file=sys.stderr)
            self._bar.total = total
            self._bar.set_description_str(text, refresh=False)
            self._bar.update(done - self._bar.n)
        elif self._tenth != (tenth := 10 * done // max(total, 1)):
            print(self.text(done, total), file=sys.stderr, flush=True)
            self._tenth = tenth

    def say(self, sentence: str) -> None:
        """Write a note above the bar."""
        if self._bar:
            self._bar.write(f"note: {sentence}", file=sys.stderr)
        else:
            print(f"note: {sentence}", file=sys.stderr)

    def text(self, done: int, total: int) -> str:
        """Describe how far it is."""
        raise NotImplementedError


class Bar(Line):
    """Count in a unit, such as "image", or in thousandths of the whole where none is given."""

    def __init__(self, unit: str = "") -> None:
        super().__init__()
        self.unit, self._start = unit, time.monotonic()

    def text(self, done: int, total: int) -> str:
        """Describe how many, and how long the rest takes at this rate."""
        seconds = time.monotonic() - self._start
        left = f", {time_text(seconds / done * (total - done))} left" if 0 < done < total and seconds > 2 else ""
        return (f"{done:,} of {counted(total, self.unit)}" if self.unit else f"{100 * done // max(total, 1)} %") + left


class TransferBar(Line):
    """Count bytes, with the rate and the time left."""

    def __init__(self) -> None:
        super().__init__()
        self._pace = Pace()

    def text(self, done: int, total: int) -> str:
        """Describe how much, how fast and how long."""
        return self._pace.text

    def __call__(self, done: int, total: int) -> None:
        """Report that `done` of `total` bytes have come."""
        self._pace(done, total)
        super().__call__(done, total)


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Set cells in columns: numbers to the right, words to the left; the digits of whole numbers are grouped."""
    lines = [tuple(map(_cell, line)) for line in (head, *rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    right = [len(lines) > 1 and all(_numeric(line[c]) for line in lines[1:]) for c in range(len(widths))]
    return "\n".join(
        "  ".join(t.rjust(w) if r else t.ljust(w) for t, w, r in zip(line, widths, right, strict=True)).rstrip()
        for line in lines
    )


def shortened(names: Sequence[str], longest: int = 40) -> list[str]:
    """Return names for a column: long ones without their middle, and with a number where two of these are alike."""
    shown = {name: name for name in names if len(name) <= longest}
    taken = set(shown)
    for name in names:
        number, mark = 1, ""
        while name not in shown:
            kept = longest - 1 - len(mark)
            short = f"{name[: kept // 2]}…{name[-(kept - kept // 2) :]}{mark}"
            if short not in taken:
                shown[name] = short
                taken.add(short)
            number += 1
            mark = f" ({number})"
    return [shown[name] for name in names]


def _cell(value: object) -> str:
    return f"{value:,}" if type(value) is int else str(value)


def _numeric(text: str) -> bool:
    return not text or text == "-" or text.lstrip("-")[:1].isdigit()
