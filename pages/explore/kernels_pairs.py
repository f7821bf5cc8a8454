"""A sample of pairs of photographs, and those on which the forward and the backward kernel disagree most."""

from dataclasses import dataclass

import numpy as np

PAIRS = 3000
"""Pairs that are drawn, or all where there are fewer."""
SEED = 0
SHARE = 0.02
"""Among this share, those most alike under one kernel, the ones least alike under the other are listed."""
LISTED = 3


@dataclass(frozen=True)
class Sample:
    """Hold m pairs of different photographs, positions `rows` < `cols`, with their values under both kernels.

    `shared` (m,) says whether the two have a label 1 in common, None without labels. `alike` and `agreeing` are
    positions in the sample: look alike but gradients disagree, and gradients agree but look different.
    """

    rows: np.ndarray
    cols: np.ndarray
    forward: np.ndarray
    backward: np.ndarray
    shared: np.ndarray | None
    alike: tuple[int, ...]
    agreeing: tuple[int, ...]
    of: int


def sample(K_fw: np.ndarray, K_bw: np.ndarray, labels: np.ndarray | None) -> Sample:
    """Draw PAIRS of the n (n - 1) / 2 pairs of two kernels (n, n) without replacement, the same ones for the same n."""
    n = len(K_fw)
    count = n * (n - 1) // 2
    chosen = np.arange(count) if count <= PAIRS else np.random.default_rng(SEED).choice(count, PAIRS, replace=False)
    rows, cols = pair_of(chosen, n)
    forward, backward = K_fw[rows, cols], K_bw[rows, cols]
    shared = None
    if labels is not None and (labels == 1).any():
        shared = ((labels[rows] == 1) & (labels[cols] == 1)).any(axis=1)
    alike, agreeing = _extreme(forward, backward), _extreme(backward, forward)
    return Sample(rows, cols, forward, backward, shared, alike, agreeing, count)


def pair_of(index: np.ndarray, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Return row and column of pairs counted along the rows above the diagonal of (n, n): (0, 1), (0, 2) and so on."""
    starts = np.concatenate([[0], np.cumsum(np.arange(n - 1, 0, -1))])
    rows = np.searchsorted(starts, index, side="right") - 1
    return rows, index - starts[rows] + rows + 1


def _extreme(much: np.ndarray, little: np.ndarray) -> tuple[int, ...]:
    """Find the pairs with the least of one value among the few with the most of another."""
    few = np.argsort(-much, kind="stable")[: max(LISTED, round(SHARE * len(much)))]
    return tuple(few[np.argsort(little[few], kind="stable")][:LISTED].tolist())
