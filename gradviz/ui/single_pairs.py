"""What a figure of a kernel needs to know of its single pairs: limits of colours, histogram, places, block means."""

from dataclasses import dataclass

import numpy as np

PERCENTILES = (2.0, 98.0)
"""Between these, among single pairs of different photographs, colours are linear."""
BINS = 150
POINTS = 257
"""Quantiles of the pairs that are kept, the least and the greatest included."""
TOP = 4096
"""Largest pairs that are kept one by one, so that the place of a pair among them is exact."""


@dataclass(frozen=True)
class Pairs:
    """Describe the n (n - 1) / 2 values of a symmetric kernel between two different photographs."""

    count: int
    low: float
    """Their 2nd percentile."""
    high: float
    """Their 98th percentile."""
    median: float
    below: float
    """The share of pairs below zero."""
    quantiles: np.ndarray
    """float32 (POINTS,), equally spaced shares from the least to the greatest."""
    largest: np.ndarray
    """float32, at most TOP, in descending order."""
    axis: tuple[float, float]
    """What the histogram spans: -0.1 to 1, wider where values are."""
    histogram: np.ndarray
    """uint32 (BINS,), how many pairs lie in each equal part of the axis."""


def single_pairs(K: np.ndarray) -> np.ndarray:
    """Return the values of K (n, n) above its diagonal, (n (n - 1) / 2,).

    A single photograph is its own pair, and between different photographs (n, m) every value is a pair.
    """
    if len(K) < 2 or K.shape[0] != K.shape[1]:
        return K.reshape(-1)
    found = np.empty(len(K) * (len(K) - 1) // 2, K.dtype)
    at = 0
    for row in range(len(K) - 1):
        found[at : at + len(K) - row - 1] = K[row, row + 1 :]
        at += len(K) - row - 1
    return found


def describe(K: np.ndarray) -> Pairs:
    """Describe the single pairs of a symmetric kernel (n, n): sorted once, everything exact."""
    values = np.sort(single_pairs(K))
    count = len(values)
    at = np.linspace(0, count - 1, POINTS)
    low, median, high = (_quantile(values, share / 100) for share in (PERCENTILES[0], 50, PERCENTILES[1]))
    axis = (min(-0.1, float(values[0]), float(K.min())), max(1.0, float(K.max())))
    edges = np.linspace(*axis, BINS + 1)
    inside = np.searchsorted(values, edges[1:-1], side="left")
    return Pairs(
        count=count,
        low=low,
        high=high,
        median=median,
        below=float(np.searchsorted(values, 0, side="left") / count),
        quantiles=values[np.rint(at).astype(np.int64)].astype(np.float32),
        largest=values[: -TOP - 1 : -1].astype(np.float32),
        axis=axis,
        histogram=np.diff(inside, prepend=0, append=count).astype(np.uint32),
    )


def _quantile(values: np.ndarray, share: float) -> float:
    """Interpolate between the two values of an ascending array that a share lies between, as np.percentile does."""
    at = share * (len(values) - 1)
    first = int(at)
    low, high = float(values[first]), float(values[min(first + 1, len(values) - 1)])
    return low + (at - first) * (high - low)


def place(K: np.ndarray, row: int, col: int) -> int:
    """Return the place of a pair among all, 1 for the largest: how many are above it, plus one."""
    value = K[row, col]
    above = np.count_nonzero(np.greater(K, value)) - np.count_nonzero(np.diagonal(K) > value)
    return int(above) // 2 + 1


def means_of_blocks(K: np.ndarray, block: np.ndarray, count: int) -> np.ndarray:
    """Average K (n, n) over pairs of blocks, photographs with themselves left out: float32 (count, count).

    `block` (n,) says where each photograph stands. A block of one has no pair within: its mean is nan.
    """
    members = [np.flatnonzero(block == b) for b in range(count)]
    rows = np.stack([K[inside].sum(axis=0, dtype=np.float64) for inside in members])
    sums = np.stack([rows[:, inside].sum(axis=1) for inside in members], axis=1)
    sizes = np.bincount(block, minlength=count)
    pairs = np.outer(sizes, sizes) - np.diag(sizes)
    sums -= np.diag(np.bincount(block, weights=np.diagonal(K), minlength=count))
    return np.divide(sums, pairs, out=np.full((count, count), np.nan), where=pairs > 0).astype(np.float32)
