"""How fast a transfer is and how long it will take, in words for the command line and the page."""

import time
from collections import deque
from collections.abc import Callable

WINDOW = 10.0
"""Seconds over which the rate is taken: long enough to be calm, short enough to follow a change."""


def size_text(count: float) -> str:
    """Write a number of bytes as "512 kB", "12.3 MB" or "1.20 GB" (powers of 1000)."""
    if count < 1e6:
        return f"{count / 1e3:.0f} kB"
    return f"{count / 1e6:.1f} MB" if count < 1e9 else f"{count / 1e9:.2f} GB"


def time_text(seconds: float) -> str:
    """Write a duration as "40 s", "3 min 20 s" or "2 h 5 min"."""
    minutes, seconds = divmod(round(seconds), 60)
    if not minutes:
        return f"{seconds} s"
    return f"{minutes} min {seconds} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


class Pace:
    """Turn progress calls in bytes into one line: what has come, the rate over ten seconds, the time left.

    It is called like a progress callback, so that it can stand between a verb and a display.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic):
        self._clock, self._total = clock, 0
        self._points: deque[tuple[float, int]] = deque()

    def __call__(self, done: int, total: int) -> None:
        """Take in one report of `done` out of `total` bytes; a step back (a new start) forgets the rate."""
        if self._points and done < self._points[-1][1]:
            self._points.clear()
        now, self._total = self._clock(), total
        self._points.append((now, done))
        while len(self._points) > 2 and self._points[1][0] <= now - WINDOW:
            self._points.popleft()

    @property
    def rate(self) -> float | None:
        """Bytes a second until now, None before there is anything to measure."""
        if len(self._points) < 2 or (passed := self._clock() - self._points[0][0]) <= 0:
            return None
        return (self._points[-1][1] - self._points[0][1]) / passed

    @property
    def text(self) -> str:
        """Line such as "120.0 MB of 439.0 MB, 3.2 MB/s, 1 min 40 s left"."""
        if not self._points:
            return "waiting for the first bytes"
        done, rate = self._points[-1][1], self.rate
        parts = [f"{size_text(done)} of {size_text(self._total)}" if self._total else size_text(done)]
        if rate:
            parts.append(f"{size_text(rate)}/s")
        if rate and done < self._total:
            parts.append(f"{time_text((self._total - done) / rate)} left")
        elif rate == 0 and done < self._total:
            parts.append("nothing comes at the moment")
        return ", ".join(parts)
