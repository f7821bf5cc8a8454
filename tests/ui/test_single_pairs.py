"""Numbers of single pairs, compared with slow definitions in float64."""

import numpy as np
import pytest

from gradviz.ui import single_pairs
from gradviz.ui.single_pairs import BINS, describe, means_of_blocks, place


def kernel(n: int, seed: int = 0) -> np.ndarray:
    x = np.random.default_rng(seed).normal(size=(n, 6))
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    return (x @ x.T).astype(np.float32)


def slow_pairs(K: np.ndarray) -> np.ndarray:
    return np.array([float(K[i, j]) for i in range(len(K)) for j in range(i + 1, len(K))])


@pytest.mark.parametrize("n", [2, 3, 40])
def test_limits_median_and_quantiles_are_those_of_single_pairs(n: int) -> None:
    K = kernel(n)
    pairs, found = slow_pairs(K), describe(K)
    assert found.count == len(pairs) == n * (n - 1) // 2
    assert (found.low, found.high) == pytest.approx(np.percentile(pairs, [2, 98]), abs=1e-7)
    assert found.median == pytest.approx(np.median(pairs), abs=1e-7)
    assert found.below == pytest.approx((pairs < 0).mean())
    shares = np.linspace(0, 1, single_pairs.POINTS)
    np.testing.assert_allclose(found.quantiles, np.quantile(pairs, shares, method="nearest"), atol=1e-7)
    np.testing.assert_allclose(found.largest, np.sort(pairs)[::-1][: single_pairs.TOP], atol=1e-7)


def test_the_histogram_counts_every_pair_where_it_lies() -> None:
    K = kernel(50)
    found, pairs = describe(K), slow_pairs(K)
    counts, _ = np.histogram(pairs, np.linspace(*found.axis, BINS + 1))
    assert found.axis[0] <= pairs.min()
    assert found.axis[1] >= 1
    np.testing.assert_array_equal(found.histogram, counts)


def test_limits_do_not_depend_on_the_diagonal_nor_on_the_order() -> None:
    K = kernel(30)
    order = np.random.default_rng(1).permutation(30)
    other = K[np.ix_(order, order)].copy()
    np.fill_diagonal(other, 7)
    assert (describe(other).low, describe(other).high) == (describe(K).low, describe(K).high)


def test_places_count_the_pairs_above() -> None:
    K = kernel(30)
    K[3, 4] = K[4, 3] = K[7, 8] = K[8, 7] = 0.99  # equal pairs share a place
    pairs = slow_pairs(K)
    for row, col in ((3, 4), (8, 7), (0, 1), (20, 5)):
        assert place(K, row, col) == sum(pairs > float(K[row, col])) + 1
    assert place(K, 3, 4) == place(K, 7, 8) == 1


def test_means_of_blocks_leave_photographs_with_themselves_out() -> None:
    K = kernel(25)
    block = np.random.default_rng(2).integers(0, 4, 25)
    block[block == 3] = 2
    block[11] = 3
    found = means_of_blocks(K, block, 4)
    for a in range(4):
        for b in range(4):
            values = [float(K[i, j]) for i in np.flatnonzero(block == a) for j in np.flatnonzero(block == b) if i != j]
            assert found[a, b] == pytest.approx(np.mean(values) if values else np.nan, abs=1e-6, nan_ok=True)
    assert np.isnan(found[3, 3])


def test_one_photograph_and_kernels_between_different_photographs_are_described_too() -> None:
    assert describe(np.ones((1, 1), np.float32)).count == 1
    wide = np.random.default_rng(0).random((4, 7)).astype(np.float32)
    assert describe(wide).count == 28
    assert describe(wide).median == pytest.approx(np.median(wide.astype(np.float64)), abs=1e-7)
