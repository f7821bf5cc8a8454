"""How sure a mean average precision is, and the difference between two: the test images drawn again and again.

The bootstrap draws as many test images as there are, with replacement, and measures both rankings on the same draws;
what the draws of the images do to a score, or to a difference, is its uncertainty. It says nothing of other training
images.
"""

import math
from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from gradviz.callbacks import Cancel, never, stop_if
from gradviz.metrics import AP_KINDS, check_kind, ranking

DRAWS = 1000
LEVEL = 0.95
"""Share of the draws that an interval holds."""


@dataclass(frozen=True)
class Resampled:
    """Hold the average precision of every class in every draw, float64 (draws, classes), in [0, 1].

    A class that is left out is nan, and so is a draw without a positive or a negative image of the class.
    """

    per_class: np.ndarray

    @cached_property
    def mean(self) -> np.ndarray:
        """Return the mean over the classes of each draw, (draws,)."""
        return _mean(self.per_class)

    @property
    def interval(self) -> tuple[float, float]:
        """Return the bounds that hold the mean in 95 % of the draws."""
        low, high = _bounds(self.mean[:, None])[0]
        return float(low), float(high)

    @property
    def intervals(self) -> np.ndarray:
        """Return the same bounds for each class, (classes, 2)."""
        return _bounds(self.per_class)


@dataclass(frozen=True)
class Difference:
    """Hold what one ranking is better by than another on the same test images, in [-1, 1].

    `interval` bounds the difference of the means, `intervals` (classes, 2) that of each class alone. One class in
    twenty lies beyond its own interval by chance; `together` (classes, 2) are wider, so that all classes at once lie
    within them in 95 % of the draws. `draws` float64 (draws,) are the differences of the means.
    """

    mean: float
    interval: tuple[float, float]
    per_class: np.ndarray
    intervals: np.ndarray
    together: np.ndarray
    draws: np.ndarray

    @property
    def certain(self) -> np.ndarray:
        """Return for each class whether it differs when all are looked at together, bool (classes,)."""
        low, high = self.together.T
        return (low > 0) | (high < 0)


def resample(
    scores: np.ndarray,
    labels: np.ndarray,
    kind: str,
    *,
    left_out: Collection[int] = (),
    folds: np.ndarray | None = None,
    draws: int = DRAWS,
    seed: int = 0,
    cancel: Cancel = never,
) -> Resampled:
    """Measure the average precision of every class on images drawn again; the same seed draws the same images.

    Parameters
    ----------
    scores : ndarray of shape (n, classes)
        The higher, the surer.
    labels : ndarray of shape (n, classes)
        1, -1, or 0 for images that are left out of their class.
    kind : str
        A name in gradviz.metrics.AP_KINDS.
    left_out
        Positions of classes that are not measured.
    folds : ndarray of shape (n, classes), optional
        The fold of a cross-validation that each image is in, -1 for none: every fold is ranked by itself, and the
        average precision of a class is the mean over its folds that have a positive and a negative image.
    draws, seed : int
        How often n images are drawn with replacement, and what the draws begin with.
    cancel
        Asked between classes.

    Returns
    -------
    Resampled
        The average precision in every draw.

    Raises
    ------
    ChoiceError
        If there is no such kind.
    GradvizError
        If a score is nan.

    References
    ----------
    Efron, Tibshirani, "An Introduction to the Bootstrap", 1993, chapter 13 (percentile intervals).
    """
    check_kind(kind)
    n, n_classes = labels.shape
    # How often each image is drawn; images first, so that a class reads whole rows in the order of its ranking.
    times = np.random.default_rng(seed).multinomial(n, np.full(n, 1 / n), size=draws).T.astype(np.int32, order="C")
    per_class = np.full((draws, n_classes), np.nan)
    for c in range(n_classes):
        stop_if(cancel)
        if c in left_out:
            continue
        if folds is None:
            per_class[:, c] = _drawn(scores[:, c], labels[:, c], kind, times)
            continue
        members = [np.flatnonzero(folds[:, c] == fold) for fold in np.unique(folds[:, c]) if fold >= 0]
        of_folds = [_drawn(scores[held, c], labels[held, c], kind, times[held]) for held in members]
        if of_folds:
            per_class[:, c] = _mean(np.stack(of_folds, axis=1))
    return Resampled(per_class)


def _drawn(scores: np.ndarray, labels: np.ndarray, kind: str, times: np.ndarray) -> np.ndarray:
    """Measure one class in every draw; an image drawn twice is two images of equal score."""
    if not (labels == 1).any():
        return np.full(times.shape[1], np.nan)
    order, last = ranking(scores, labels)
    positive = labels[order] > 0
    seen = times[order]
    # Only ranks with a positive image matter, and their counts are whole numbers: nothing is rounded.
    rank = np.searchsorted(last, np.flatnonzero(positive))
    ends = last[np.unique(rank)]
    found = np.add.reduceat(seen[positive], np.unique(rank, return_index=True)[1], axis=0).cumsum(axis=0)
    np.cumsum(seen, axis=0, out=seen)
    some = (found[-1] > 0) & (found[-1] < seen[-1])
    ap = np.full(times.shape[1], np.nan)
    # Until the first image is drawn nothing is seen nor found; its precision is then 0, which never counts.
    ap[some] = AP_KINDS[kind](found[:, some].T, np.maximum(seen[ends][:, some], 1).T)
    return ap


def difference(
    a: Resampled, b: Resampled, per_class_a: np.ndarray, per_class_b: np.ndarray, level: float = LEVEL
) -> Difference:
    """Compare two rankings of the same test images, drawn with the same seed.

    Parameters
    ----------
    a, b
        Both in every draw.
    per_class_a, per_class_b : ndarray of shape (classes,)
        Both on the test images themselves; nan for a class that is left out. The means are over the classes that both
        have.
    level : float
        Share of the draws that the intervals hold.

    Returns
    -------
    Difference
        a minus b: positive where a is better.

    References
    ----------
    Westfall, Young, "Resampling-Based Multiple Testing", 1993 (intervals that hold together, by the largest
    standardised deviation of each draw).
    """
    per_class = per_class_a - per_class_b
    drawn = a.per_class - b.per_class
    drawn[:, np.isnan(per_class)] = np.nan
    means = _mean(drawn)
    low, high = _bounds(means[:, None], level)[0]
    return Difference(
        mean=float(_mean(per_class[None])[0]),
        interval=(float(low), float(high)),
        per_class=per_class,
        intervals=_bounds(drawn, level),
        together=_together(per_class, drawn, level),
        draws=means,
    )


def _together(per_class: np.ndarray, drawn: np.ndarray, level: float) -> np.ndarray:
    """Widen the intervals of all classes by one factor of their standard errors, so that they hold at once."""
    bounds = np.repeat(per_class[:, None], 2, axis=1)
    there = np.flatnonzero(~np.isnan(per_class))
    centred = drawn[:, there] - np.nanmean(drawn[:, there], axis=0) if len(there) else drawn[:, there]
    error = np.sqrt(np.nanmean(centred**2, axis=0)) if len(there) else np.zeros(0)
    varies = error > 0
    if varies.any():
        deviations = np.abs(centred[:, varies]) / error[varies]
        # Of a few test images a draw may have none of a class that could be measured.
        largest = np.nanmax(deviations[~np.isnan(deviations).all(axis=1)], axis=1)
        reach = np.quantile(largest, level) * error
        bounds[there] += np.stack([-reach, reach], axis=1)
    return bounds


def _mean(per_class: np.ndarray) -> np.ndarray:
    """Average over the classes that are there, (draws,); nan where none is."""
    there = ~np.isnan(per_class)
    counts = there.sum(axis=1)
    totals = np.where(there, per_class, 0.0).sum(axis=1)
    return np.divide(totals, counts, out=np.full(len(per_class), np.nan), where=counts > 0)


def _bounds(values: np.ndarray, level: float = LEVEL) -> np.ndarray:
    """Return the percentiles that hold a share of the draws (draws, m), as (m, 2); nan where there is none."""
    bounds = np.full((values.shape[1], 2), np.nan)
    there = ~np.isnan(values).all(axis=0)
    if there.any():
        bounds[there] = np.nanquantile(values[:, there], [(1 - level) / 2, (1 + level) / 2], axis=0).T
    return bounds


def around(value: float, draws: np.ndarray) -> tuple[float, float]:
    """Return an interval as wide as that of 95 % of the draws, around a value; nan where nothing could be drawn.

    Images that are drawn twice have equal ranks, which raises average precision, the more so in small folds: the draws
    say how far a figure varies, not where it lies.
    """
    if np.isnan(draws).all():
        return math.nan, math.nan
    low, high = np.nanquantile(draws, [(1 - LEVEL) / 2, (1 + LEVEL) / 2]) + value - np.nanmean(draws)
    return float(low), float(high)
