"""Progress and cancellation callbacks, which every verb of the core takes."""

from collections.abc import Callable

from gradviz.errors import Cancelled

Progress = Callable[[int, int], None]
"""Called with (done, total), counts of images, classes or bytes; the core itself prints nothing."""

Cancel = Callable[[], bool]
"""Called between batches; returns True to stop the work."""


def silent(done: int, total: int) -> None:
    """Ignore progress.

    Parameters
    ----------
    done, total
        As Progress is called.
    """


def never() -> bool:
    """Return False: the work is never stopped."""
    return False


def stop_if(cancel: Cancel) -> None:
    """Raise Cancelled if the callback returns True."""
    if cancel():
        raise Cancelled("Stopped before the end; what was finished is kept.")


def part(progress: Progress, start: float, end: float) -> Progress:
    """Return a callback for one step of longer work; it reports thousandths of the whole.

    Parameters
    ----------
    progress
        The callback for the whole.
    start, end
        The fractions of the whole, in [0, 1], between which the step lies.
    """

    def report(done: int, total: int) -> None:
        progress(round(1000 * (start + (end - start) * done / max(total, 1))), 1000)

    return report
