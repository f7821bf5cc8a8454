"""What a query finds, compared with slow definitions and with scikit-learn."""

import math

import numpy as np
import pytest
from sklearn.metrics import average_precision_score

from gradviz.callbacks import Cancelled
from gradviz.errors import GradvizError
from gradviz.retrieval import BLOCK, average_precisions, compared, differing, nearest_first, precisions, relevance


def judged(asked: int, other: int, labels: np.ndarray) -> int:
    """Compare two photographs class by class."""
    mine = {c for c, label in enumerate(labels[asked]) if label == 1}
    theirs = {c for c, label in enumerate(labels[other]) if label == 1}
    unsure = {c for c, label in enumerate(labels[other]) if label == 0}
    if other == asked:
        return 0
    return 1 if mine & theirs else 0 if mine & unsure else -1


def slow(values: np.ndarray, of: list[int]) -> float:
    """For each hit, count hits and all others that are at least as near, and average the shares."""
    counted = [i for i, one in enumerate(of) if one]
    hits = [i for i in counted if of[i] == 1]
    shares = []
    for hit in hits:
        above = [i for i in counted if values[i] >= values[hit]]
        shares.append(len([i for i in above if of[i] == 1]) / len(above))
    return sum(shares) / len(shares) if shares else math.nan


def photographs(n: int, classes: int = 4, seed: int = 0) -> tuple[list[np.ndarray], np.ndarray]:
    random = np.random.default_rng(seed)
    labels = random.choice(np.array([1, 0, -1], np.int8), (n, classes), p=(0.2, 0.1, 0.7))
    vectors = random.normal(size=(3, n, 5)).astype(np.float32)
    # Whole numbers of eighths, so that many values are equal, half of them negative.
    return [np.round(8 * x @ x.T) / 8 for x in vectors], labels


@pytest.mark.parametrize("n", [2, 3, 40, BLOCK + 7])
def test_every_query_is_scored_as_the_slow_definition_and_scikit_learn_do(n: int) -> None:
    kernels, labels = photographs(n)
    steps = []
    ap, hits = average_precisions(kernels, labels, progress=lambda *step: steps.append(step))
    assert steps[-1] == (n, n)
    assert ap.shape == (3, n)
    for q in range(n):
        of = [judged(q, other, labels) for other in range(n)]
        assert hits[q] == of.count(1)
        for k, K in enumerate(kernels):
            np.testing.assert_allclose(ap[k, q], slow(K[q], of), rtol=1e-12)
            there = np.array(of) != 0
            if hits[q]:
                truth = np.array(of)[there] == 1
                np.testing.assert_allclose(ap[k, q], average_precision_score(truth, K[q][there]), rtol=1e-12)
    if n > 20:
        assert np.isfinite(ap).any()
        assert np.isnan(ap).any()


def test_a_hit_shares_a_class_and_who_has_it_only_as_difficult_counts_neither_way() -> None:
    labels = np.array([[1, 1, -1], [1, -1, -1], [0, -1, 1], [-1, 0, 1], [0, 1, -1], [-1, -1, 1]], np.int8)
    assert relevance(labels[:1], labels).tolist() == [[1, 1, 0, 0, 1, -1]]
    nothing = np.array([[-1, 0, -1]], np.int8)
    assert relevance(nothing, labels).tolist() == [[-1] * 6]


def test_one_class_makes_every_other_a_hit_and_no_class_in_common_leaves_the_query_without() -> None:
    kernels, _ = photographs(6)
    ap, hits = average_precisions(kernels, np.ones((6, 1), np.int8))
    assert (ap == 1).all()
    assert hits.tolist() == [5] * 6
    ap, hits = average_precisions(kernels, np.where(np.eye(6) == 1, 1, -1).astype(np.int8))
    assert np.isnan(ap).all()
    assert not hits.any()
    assert compared(ap).queries == 0
    assert np.isnan(compared(ap).mean).all()


def test_precisions_come_in_the_order_in_which_hits_are_found() -> None:
    values = np.array([0.9, 0.8, 0.8, 0.1, -0.3, 0.7], np.float32)
    relevant = np.array([1, -1, 1, 1, 1, 0])
    assert precisions(values, relevant).tolist() == pytest.approx([1, 2 / 3, 3 / 4, 4 / 5])
    assert precisions(values, np.full(6, -1)).tolist() == []
    with pytest.raises(GradvizError, match="not a number"):
        precisions(np.array([0.5, np.nan]), np.array([1, -1]))


def test_equal_values_keep_the_order_of_the_photographs() -> None:
    values = np.array([0.5, -0.25, 0.5, 1.0, -0.25, 0.5])
    assert nearest_first(values).tolist() == [3, 0, 2, 5, 1, 4]
    assert nearest_first(values, 3).tolist() == [0, 2, 5, 1, 4]


def test_kernels_are_compared_over_the_queries_that_have_a_hit() -> None:
    ap = np.array([[0.2, 0.5, np.nan, 0.4], [0.4, 0.5, np.nan, 0.1], [0.3, 0.1, np.nan, 0.4]])
    found = compared(ap)
    assert found.queries == 3
    np.testing.assert_allclose(found.mean, [1.1 / 3, 1 / 3, 0.8 / 3])
    # The second query is shared by two kernels, and so is the fourth.
    np.testing.assert_allclose(found.best, [1 / 3, 1.5 / 3, 0.5 / 3])
    np.testing.assert_allclose(found.worst, [1 / 3, 1 / 3, 1 / 3])
    np.testing.assert_allclose([found.best.sum(), found.worst.sum()], 1)


def test_the_queries_that_differ_most_either_way_or_one_way() -> None:
    first = np.array([0.5, 0.2, 0.9, np.nan, 0.4, 0.4])
    second = np.array([0.7, 0.6, 0.2, 0.3, 0.4, 0.6])
    assert differing(first, second, "either", 3).tolist() == [2, 1, 0]
    assert differing(first, second, "gain", 9).tolist() == [1, 0, 5]
    assert differing(first, second, "loss", 9).tolist() == [2]


def test_it_can_be_stopped_between_blocks() -> None:
    kernels, labels = photographs(BLOCK + 1)
    asked = iter([False, True])
    with pytest.raises(Cancelled):
        average_precisions(kernels, labels, cancel=lambda: next(asked))
