"""The sample of pairs, and the pairs on which two kernels disagree."""

from itertools import combinations

import numpy as np
import pytest

from pages.explore import kernels_pairs
from pages.explore.kernels_pairs import pair_of, sample


@pytest.mark.parametrize("n", [2, 3, 20])
def test_pairs_are_counted_along_the_rows(n: int) -> None:
    rows, cols = pair_of(np.arange(n * (n - 1) // 2), n)
    assert list(zip(rows.tolist(), cols.tolist(), strict=True)) == list(combinations(range(n), 2))


def kernels(n: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(3)
    both = rng.random((2, n, n), dtype=np.float32)
    forward, backward = (both + both.transpose(0, 2, 1)) / 2
    return forward, backward


def test_a_sample_is_drawn_once_for_all_and_holds_the_kernels_own_values() -> None:
    forward, backward = kernels(120)
    labels = np.where(np.random.default_rng(0).random((120, 5)) < 0.3, 1, -1)
    found, again = sample(forward, backward, labels), sample(forward, backward, labels)
    assert len(found.rows) == kernels_pairs.PAIRS
    assert found.of == 7140
    assert len(set(zip(found.rows.tolist(), found.cols.tolist(), strict=True))) == kernels_pairs.PAIRS
    assert (found.rows < found.cols).all()
    np.testing.assert_array_equal(found.rows, again.rows)
    np.testing.assert_array_equal(found.forward, forward[found.rows, found.cols])
    for i in range(0, 3000, 500):
        row, col = found.rows[i], found.cols[i]
        assert found.shared[i] == bool(set(np.flatnonzero(labels[row] == 1)) & set(np.flatnonzero(labels[col] == 1)))


def test_the_lists_hold_the_extremes_among_the_few_most_alike() -> None:
    forward, backward = kernels(120)
    found = sample(forward, backward, None)
    assert found.shared is None
    few = sorted(range(3000), key=lambda i: -float(found.forward[i]))[:60]
    assert sorted(found.alike) == sorted(sorted(few, key=lambda i: float(found.backward[i]))[:3])
    few = sorted(range(3000), key=lambda i: -float(found.backward[i]))[:60]
    assert sorted(found.agreeing) == sorted(sorted(few, key=lambda i: float(found.forward[i]))[:3])


def test_few_photographs_give_all_their_pairs() -> None:
    forward, backward = kernels(5)
    assert len(sample(forward, backward, None).rows) == sample(forward, backward, None).of == 10
    assert len(sample(forward[:1, :1], backward[:1, :1], None).rows) == 0
