"""What a photograph finds: how well a kernel's row ranks the photographs that share a class with it.

Each photograph is a query once, and all others are ranked by their kernel value with it. A hit shows a class of the
query's (label 1 in both). Who shows none, but has one of these as difficult, or nobody knows, counts neither way, as in
gradviz.metrics. The average precision of the query is scikit-learn's: the mean, over the hits, of the precision there.
Equal values are one rank.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from gradviz.callbacks import Cancel, Progress, never, silent, stop_if
from gradviz.errors import GradvizError

BLOCK = 128
"""Queries at a time: between two blocks the work can be stopped."""

Way = Literal["either", "gain", "loss"]
"""Which differences between two average precisions are looked for: of either sign, above zero, below."""


def relevance(asked: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Say for each query which photographs are hits.

    Parameters
    ----------
    asked : ndarray of shape (q, classes)
        The labels of the queries: 1, -1, or 0 for difficult.
    labels : ndarray of shape (n, classes)
        Those of the photographs, in the same classes.

    Returns
    -------
    ndarray of shape (q, n), int8
        1 for a photograph that shares a class with the query, 0 for one that shares none but has a class of the query
        as difficult, else -1.
    """
    wanted = (asked == 1).astype(np.float32)
    shared = wanted @ (labels == 1).astype(np.float32).T > 0
    unsure = wanted @ (labels == 0).astype(np.float32).T > 0
    return np.where(shared, 1, np.where(unsure, 0, -1)).astype(np.int8)


def nearest_first(values: np.ndarray, itself: int | None = None) -> np.ndarray:
    """Order photographs by their kernel value with a query, the largest first, equal ones in their own order.

    Parameters
    ----------
    values : ndarray of shape (n,)
        A row of the kernel; negative values too.
    itself : int or None, default None
        The position of the query, which is left out; None where it is not among them.

    Returns
    -------
    ndarray of shape (n,) or (n - 1,)
        Positions.
    """
    order = np.argsort(-values, kind="stable")
    return order if itself is None else order[order != itself]


def precisions(values: np.ndarray, relevant: np.ndarray) -> np.ndarray:
    """Compute the precision at each hit, the best hit first: their mean is the average precision.

    Parameters
    ----------
    values : ndarray of shape (n,)
        A row of the kernel.
    relevant : ndarray of shape (n,)
        1 for a hit, -1 for a miss, 0 for what is left out, the query itself among it.

    Returns
    -------
    ndarray of shape (hits,), float64
        In (0, 1]; among equal values, that of all of them together.

    Raises
    ------
    GradvizError
        If a value is nan.
    """
    ranked = np.sort(values[relevant != 0])
    if len(ranked) and np.isnan(ranked[-1]):
        raise GradvizError(
            "A kernel value is not a number, so nothing can be ranked; leave out the images that failed."
        )
    hits = np.sort(values[relevant == 1])
    best_first = hits[::-1]
    found = len(hits) - np.searchsorted(hits, best_first, side="left")
    return found / (len(ranked) - np.searchsorted(ranked, best_first, side="left"))


def average_precisions(
    kernels: Sequence[np.ndarray], labels: np.ndarray, *, progress: Progress = silent, cancel: Cancel = never
) -> tuple[np.ndarray, np.ndarray]:
    """Compute the average precision of every photograph as a query, under several kernels of the same photographs.

    Parameters
    ----------
    kernels : sequence of ndarray of shape (n, n)
        In any precision.
    labels : ndarray of shape (n, classes)
        1, -1, or 0 for difficult.
    progress, cancel
        Progress counts queries; cancel is asked between blocks of them.

    Returns
    -------
    ap : ndarray of shape (kernels, n), float64
        In [0, 1]; nan for a query without a hit.
    hits : ndarray of shape (n,), int64
        How many other photographs share a class with each.

    Raises
    ------
    GradvizError
        If a value is nan.
    """
    n = len(labels)
    found, hits = np.full((len(kernels), n), np.nan), np.zeros(n, np.int64)
    for start in range(0, n, BLOCK):
        stop_if(cancel)
        relevant = relevance(labels[start : start + BLOCK], labels)
        relevant[np.arange(len(relevant)), np.arange(start, start + len(relevant))] = 0
        hits[start : start + BLOCK] = (relevant == 1).sum(axis=1)
        for row, of in enumerate(relevant, start):
            for k, K in enumerate(kernels):
                if hits[row]:
                    found[k, row] = precisions(K[row], of).mean()
        progress(min(start + BLOCK, n), n)
    return found, hits


@dataclass(frozen=True)
class Comparison:
    """Compare kernels over all queries that have a hit.

    `mean` (kernels,) is the mean average precision in [0, 1]. `best` and `worst` (kernels,) are the shares of queries
    that a kernel is best or worst for; where several are, they share the query. All are nan without such a query.
    """

    mean: np.ndarray
    best: np.ndarray
    worst: np.ndarray
    queries: int


def compared(ap: np.ndarray) -> Comparison:
    """Compare kernels by the average precision (kernels, queries) of each query, nan where it has none."""
    known = ap[:, ~np.isnan(ap).any(axis=0)]
    if not known.shape[1]:
        unknown = np.full(len(ap), np.nan)
        return Comparison(unknown, unknown, unknown, 0)
    best, worst = known == known.max(axis=0), known == known.min(axis=0)
    shares = [(one / one.sum(axis=0)).mean(axis=1) for one in (best, worst)]
    return Comparison(known.mean(axis=1), shares[0], shares[1], known.shape[1])


def differing(first: np.ndarray, second: np.ndarray, way: Way, most: int) -> np.ndarray:
    """List the queries whose average precision differs most between two kernels.

    Parameters
    ----------
    first, second : ndarray of shape (n,)
        Average precisions; nan where a query has none.
    way : str
        either, gain (second above first) or loss.
    most : int
        How many to list.

    Returns
    -------
    ndarray of shape (at most `most`,)
        Positions, the largest difference first, equal ones in their order; none without a difference.
    """
    change = np.nan_to_num(second - first)
    size = {"either": np.abs(change), "gain": change, "loss": -change}[way]
    order = np.argsort(-size, kind="stable")[:most]
    return order[size[order] > 0]
