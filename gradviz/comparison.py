"""Compare evaluations on the same test images: intervals of a score, and of the difference between two."""

from dataclasses import replace

import numpy as np

from gradviz.callbacks import Cancel, never
from gradviz.errors import ChoiceError
from gradviz.resampling import DRAWS, Difference, Resampled, difference, resample
from gradviz.results import Evaluation


def resampled(run: Evaluation, *, draws: int = DRAWS, seed: int = 0, cancel: Cancel = never) -> Resampled:
    """Draw the test images of an evaluation again and again, and measure each time: in percent, as it does itself.

    Parameters
    ----------
    run
        The evaluation; classes that it leaves out stay so.
    draws, seed, cancel
        See gradviz.resampling.resample; runs to be compared need the same draws.

    Returns
    -------
    Resampled
        Average precision in percent, (draws, classes).
    """
    classes = tuple(run.per_class)
    left_out = {c for c, name in enumerate(classes) if run.per_class[name] is None}
    found = resample(run.scores, labels(run), run.ap, left_out=left_out, draws=draws, seed=seed, cancel=cancel)
    return replace(found, per_class=100 * found.per_class)


def compare(a: Evaluation, b: Evaluation, drawn_a: Resampled, drawn_b: Resampled) -> Difference:
    """Say by how much one evaluation is better than another, with intervals paired by test image: in percent.

    Parameters
    ----------
    a, b
        Two evaluations of the same test images.
    drawn_a, drawn_b
        What `resampled` makes of them with the same draws and seed.

    Returns
    -------
    Difference
        a minus b.

    Raises
    ------
    ChoiceError
        Where the two have other test images, labels, classes or kinds of average precision.
    """
    if why := incomparable(a, b):
        raise ChoiceError(f"{a.representation} and {b.representation} cannot be compared: they have {why}.")
    return difference(drawn_a, drawn_b, _per_class(a), _per_class(b))


def incomparable(a: Evaluation, b: Evaluation) -> str:
    """Return why two evaluations cannot be compared image by image, such as "other test images"; empty where they can.

    Parameters
    ----------
    a, b
        The evaluations.
    """
    if a.test.ids != b.test.ids:
        return "other test images"
    if tuple(a.per_class) != tuple(b.per_class) or not np.array_equal(labels(a), labels(b)):
        return "other classes"
    return "" if a.ap == b.ap else "other kinds of average precision"


def labels(run: Evaluation) -> np.ndarray:
    """Return the labels of the test images, int8 (n, classes)."""
    found = run.test.labels
    if found is None:  # nothing is scored without labels
        raise ChoiceError(f"{run.representation} was scored on images without labels.")
    return found


def _per_class(run: Evaluation) -> np.ndarray:
    return np.array([np.nan if value is None else value for value in run.per_class.values()])
