"""How long work reports and how it is stopped: two callables that every verb of the core takes."""

from collections.abc import Callable

from gradviz.errors import Cancelled

Progress = Callable[[int, int], None]
"""Called with (done, total) in images, classes or bytes; the core prints nothing."""

Cancel = Callable[[], bool]
"""Asked between batches; True stops the work."""


def silent(done: int, total: int) -> None:
    """Ignore progress."""


def never() -> bool:
    """Let the work go on."""
    return False


def stop_if(cancel: Cancel) -> None:
    """Raise Cancelled once the callback says so."""
    if cancel():
        raise Cancelled("Stopped before the end; what was finished is kept.")


def part(progress: Progress, start: float, end: float) -> Progress:
    """Report a step of longer work, as thousandths of the whole between the fractions `start` and `end`."""

    def report(done: int, total: int) -> None:
        progress(round(1000 * (start + (end - start) * done / max(total, 1))), 1000)

    return report
