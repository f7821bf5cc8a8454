"""What jobs compute about a visitor's own photographs beside a reference data set."""

from dataclasses import replace
from typing import TYPE_CHECKING

from gradviz.callbacks import Cancel, Progress, part

if TYPE_CHECKING:
    from gradviz.results import Classification, Neighbour
    from gradviz.ui.state import Selection
    from gradviz.ui.visitor import Own


def classification(
    selection: "Selection", own: "Own", representation: str, train: str, progress: Progress, cancel: Cancel
) -> "Classification":
    """Train the reference set's SVMs and ask them about the visitor's photographs."""
    lab, others = _experiment(selection), own.experiment(selection.spec)
    found = lab.classify(representation, others, train=train, progress=progress, cancel=cancel)
    return replace(found, rows=replace(found.rows, arrays={}))


def neighbours(
    selection: "Selection", own: "Own", photograph: str, top: int, progress: Progress, cancel: Cancel
) -> tuple[tuple["Neighbour", ...], ...]:
    """Find the reference photographs nearest to one of the visitor's under the layer's three kernels."""
    lab, others = _experiment(selection), own.experiment(selection.spec)
    found = []
    for i, name in enumerate(selection.triple):
        here = part(progress, i / 3, (i + 1) / 3)
        found.append(
            lab.neighbours(name, photograph, selection.split, top=top, of=others, progress=here, cancel=cancel)
        )
    return tuple(found)


def _experiment(selection: "Selection"):
    from gradviz.experiment import Experiment

    return Experiment(selection.images, selection.spec)
