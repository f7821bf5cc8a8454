from itertools import pairwise, permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score

from gradviz.errors import ChoiceError, GradvizError
from gradviz.metrics import (
    AP_KINDS,
    BLOCK,
    alignment,
    average_precision,
    label_kernel,
    mean_ap,
    neighbour_purity,
    precision_recall,
    rank_moves,
    ranks,
)
from tests import reference_kernels as reference

# Few distinct scores, so that most rankings have ties.
rankings = st.lists(st.tuples(st.integers(-3, 3), st.sampled_from([1, 0, -1])), min_size=1, max_size=40).filter(
    lambda pairs: any(label == 1 for _, label in pairs)
)


def arrays(pairs):
    return np.array([s for s, _ in pairs], float), np.array([label for _, label in pairs], np.int8)


def test_average_precision_by_hand():
    scores, labels = np.array([5.0, 4, 3, 2, 1]), np.array([1, -1, 1, 0, -1])
    # Precision after each image that counts: 1, 1/2, 2/3, 1/2; recall 1/2 until the third.
    assert average_precision(scores, labels, "eleven_point") == pytest.approx((6 * 1 + 5 * 2 / 3) / 11)
    assert average_precision(scores, labels, "area") == pytest.approx((1 + 2 / 3) / 2)
    assert average_precision(scores, labels, "sklearn") == pytest.approx((1 + 2 / 3) / 2)


def test_a_dip_in_precision_is_filled_by_what_comes_later_except_by_sklearn():
    scores, labels = np.array([4.0, 3, 2, 1]), np.array([-1, 1, 1, 1])
    assert average_precision(scores, labels, "area") == pytest.approx(3 / 4)
    assert average_precision(scores, labels, "eleven_point") == pytest.approx(3 / 4)
    assert average_precision(scores, labels, "sklearn") == pytest.approx((1 / 2 + 2 / 3 + 3 / 4) / 3)


@given(rankings)
def test_the_voc_kinds_equal_their_definitions(pairs):
    scores, labels = arrays(pairs)
    hits = reference.groups(scores.tolist(), labels.tolist())
    assert average_precision(scores, labels, "eleven_point") == pytest.approx(reference.eleven_point(hits), abs=1e-12)
    assert average_precision(scores, labels, "area") == pytest.approx(reference.area(hits), abs=1e-12)


@given(rankings, st.randoms(use_true_random=False))
def test_without_equal_scores_the_voc_kinds_are_the_devkits(pairs, random):
    labels = [label for _, label in pairs]
    scores = random.sample(range(1000), len(labels))
    hits = [[labels[i] == 1] for i in sorted(range(len(labels)), key=lambda i: -scores[i]) if labels[i]]
    found = {kind: average_precision(np.array(scores, float), np.array(labels), kind) for kind in AP_KINDS}
    assert found["eleven_point"] == pytest.approx(reference.eleven_point(hits), abs=1e-12)
    assert found["area"] == pytest.approx(reference.area(hits), abs=1e-12)


@given(rankings, st.randoms(use_true_random=False), st.sampled_from(sorted(AP_KINDS)))
def test_images_in_another_order_give_the_same_figure(pairs, random, kind):
    shuffled = random.sample(pairs, len(pairs))
    assert average_precision(*arrays(pairs), kind) == average_precision(*arrays(shuffled), kind)


@given(rankings)
def test_the_sklearn_kind_equals_sklearn(pairs):
    scores, labels = arrays(pairs)
    counted = labels != 0
    expected = average_precision_score(labels[counted] == 1, scores[counted])
    assert average_precision(scores, labels, "sklearn") == pytest.approx(expected, abs=1e-12)


@given(rankings, st.sampled_from(sorted(AP_KINDS)))
def test_only_the_order_of_the_scores_matters(pairs, kind):
    scores, labels = arrays(pairs)
    assert average_precision(scores, labels, kind) == average_precision(np.exp(scores) * 3 - 7, labels, kind)


@given(rankings, st.sampled_from(sorted(AP_KINDS)))
def test_it_is_one_for_a_perfect_ranking_and_never_more(pairs, kind):
    scores, labels = arrays(pairs)
    assert 0 < average_precision(scores, labels, kind) <= 1
    assert average_precision(labels.astype(float), labels, kind) == 1


@given(rankings, st.integers(-3, 3), st.sampled_from(sorted(AP_KINDS)))
def test_difficult_images_change_nothing(pairs, score, kind):
    assert average_precision(*arrays(pairs), kind) == average_precision(*arrays([*pairs, (score, 0)]), kind)


@pytest.mark.parametrize("n_pos", range(1, 60))
def test_recall_is_compared_in_integers(n_pos):
    # Three of ten found is recall 0.3, but 3/10 < 3 * 0.1 in floating point.
    labels = np.array([1, -1] * n_pos)
    expected = reference.eleven_point([[label == 1] for label in labels])
    assert average_precision(-np.arange(2.0 * n_pos), labels, "eleven_point") == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("kind", AP_KINDS)
def test_equal_scores_are_one_rank(kind):
    for labels in ([1, -1, -1, -1], [-1, -1, -1, 1], [0, -1, 1, -1, -1]):
        assert average_precision(np.zeros(len(labels)), np.array(labels), kind) == 0.25
    # One image alone in front, then a group of one positive and two others.
    scores, labels = np.array([1.0, 1, 2, 1]), np.array([1, -1, 1, -1])
    expected = {"eleven_point": (6 + 5 * 0.5) / 11, "area": 0.75, "sklearn": 0.75}[kind]
    assert average_precision(scores, labels, kind) == pytest.approx(expected)


def test_classes_that_say_nothing_are_left_out_of_the_mean_with_the_reason():
    scores = np.array([[2.0, 1, 1, 1, 2, 2], [1, 2, 2, 1, 1, 1]])
    labels = np.array([[1, -1, 0, 1, 1, 1], [-1, -1, -1, -1, 1, -1]])
    measured = mean_ap(scores, labels, "area", untrained={5: "no positive training image"})
    assert measured.per_class[0] == measured.mean == 1
    assert np.isnan(measured.per_class[1:]).all()
    assert measured.left_out == {
        1: "no positive test image",
        2: "no positive test image",
        3: "the same score for every test image",
        4: "no negative test image",
        5: "no positive training image",
    }
    nothing = mean_ap(scores[:, 1:3], labels[:, 1:3], "area")
    assert np.isnan(nothing.mean)
    assert list(nothing.left_out) == [0, 1]


def test_scores_that_differ_by_rounding_are_the_same():
    scores, labels = np.array([[1.0], [1 + 1e-9]]), np.array([[-1], [1]])
    assert mean_ap(scores, labels, "area").mean == 1
    found = mean_ap(scores, labels, "area", rounding=np.array([1e-8]))
    assert found.left_out == {0: "the same score for every test image"}


def test_difficult_images_do_not_make_a_decision_vary():
    scores, labels = np.array([[1.0], [1], [5]]), np.array([[-1], [1], [0]])
    assert mean_ap(scores, labels, "area").left_out == {0: "the same score for every test image"}


@pytest.mark.parametrize("kind", AP_KINDS)
@pytest.mark.parametrize("dtype", ["u1", "u2", "i1", "i8", "f2", "f4", "f8"])
def test_scores_of_any_number_type_rank_alike(kind, dtype):
    info = np.iinfo(dtype) if dtype[0] in "ui" else np.finfo(dtype)
    ranks = np.array([info.min, info.max, info.max // 2, info.max], dtype)
    labels = np.array([-1, 1, -1, -1])
    assert average_precision(ranks, labels, kind) == average_precision(np.array([0.0, 2, 1, 2]), labels, kind) == 0.5
    assert average_precision(ranks[:3], labels[:3], kind) == 1
    measured = mean_ap(ranks[:, None], labels[:, None], kind)
    assert (measured.mean, measured.left_out) == (0.5, {})


@pytest.mark.parametrize("kind", AP_KINDS)
@pytest.mark.parametrize("sign", [1, -1])
def test_equal_infinities_are_one_rank(kind, sign):
    scores, labels = np.array([sign, sign, 0, sign]) * [np.inf, np.inf, 1, np.inf], np.array([-1, 1, -1, 1])
    for order in permutations(range(4)):
        found = average_precision(scores[list(order)], labels[list(order)], kind)
        assert found == average_precision(np.array([sign, sign, 0, sign])[list(order)], labels[list(order)], kind)
    assert mean_ap(scores[:, None], labels[:, None], kind).mean == found
    constant = mean_ap(np.full((4, 1), sign * np.inf), labels[:, None], kind)
    assert constant.left_out == {0: "the same score for every test image"}


def test_wrong_input_is_explained():
    with pytest.raises(ChoiceError, match="choose from eleven_point, area, sklearn"):
        average_precision(np.ones(1), np.ones(1), "voc")
    with pytest.raises(GradvizError, match="not a number"):
        average_precision(np.array([1, np.nan]), np.ones(2), "area")
    with pytest.raises(GradvizError, match="A score is not a number"):
        mean_ap(np.array([[1], [np.nan], [np.inf]]), np.array([[1], [-1], [-1]]), "area")


def kernels(n, seed=0):
    rng = np.random.default_rng(seed)
    a, b = rng.standard_normal((n, 5)), rng.standard_normal((n, 7))
    return a @ a.T + 3, b @ b.T + (a @ a.T) ** 2


@pytest.mark.parametrize("n", [2, 7, BLOCK, 2 * BLOCK + 3])
def test_alignment_equals_its_definition(n):
    K, L = kernels(n)
    assert alignment(K, L) == pytest.approx(reference.alignment(K, L), abs=1e-12)
    assert alignment(K.astype(np.float32), L) == pytest.approx(reference.alignment(K, L), abs=1e-5)


def test_alignment_forgets_scale_and_origin():
    K, L = kernels(9)
    assert alignment(K, 5 * K + 100) == pytest.approx(1)
    assert alignment(K, L) == pytest.approx(alignment(L, 1e-12 * K + 1e-9))


@pytest.mark.parametrize("constant", [0.0, 0.1, 1 / 3, 1e6])
def test_alignment_with_a_constant_kernel_is_unknown(constant):
    n = BLOCK + 7  # sums of so many round
    assert np.isnan(alignment(kernels(n)[0], np.full((n, n), constant)))


def test_label_kernel_counts_shared_classes():
    labels = np.array([[1, 1, -1], [1, 0, -1], [1, 1, 1], [-1, 0, -1]], np.int8)
    assert label_kernel(labels).tolist() == [[2, 1, 2, 0], [1, 1, 1, 0], [2, 1, 3, 0], [0, 0, 0, 0]]


def test_purity_by_hand():
    labels = np.array([[1, -1], [1, 1], [-1, 1], [-1, 0]])
    found = neighbour_purity(np.array([[1, 2], [0, 2], [1, 3], [0, 1]]), labels)
    assert found.value == pytest.approx((1 / 2 + 1 + 1 / 2) / 3)
    assert found.chance == pytest.approx((1 / 3 + 2 / 3 + 1 / 3) / 3)


@given(st.integers(0, 10_000))
def test_purity_equals_its_definition_and_chance_is_that_of_all_others(seed):
    rng = np.random.default_rng(seed)
    n = 9
    labels = rng.choice([1, 0, -1], (n, 3))
    labels[0, 0] = 1
    others = np.array([[j for j in range(n) if j != i] for i in range(n)])
    found = neighbour_purity(others[:, :4], labels)
    assert found.value == pytest.approx(reference.purity(others[:, :4], labels))
    assert found.chance == pytest.approx(reference.purity(others, labels))


@pytest.mark.parametrize(("neighbours", "label"), [(np.array([[1], [0]]), -1), (np.empty((1, 0), int), 1)])
def test_purity_of_nothing_is_unknown(neighbours, label):
    found = neighbour_purity(neighbours, np.full((len(neighbours), 2), label))
    assert np.isnan([found.value, found.chance]).all()


# Down a ranking


@given(rankings)
def test_precision_and_recall_are_those_of_the_definition_and_average_to_the_kinds(pairs):
    scores, labels = arrays(pairs)
    found = precision_recall(scores, labels)
    seen = hits = 0
    total = sum(label == 1 for label in labels)
    expected = []
    for group in reference.groups(scores.tolist(), labels.tolist()):
        seen, hits = seen + len(group), hits + sum(group)
        expected.append((hits / total, hits / seen, seen))
    np.testing.assert_allclose(np.stack([found.recall, found.precision, found.seen], axis=1), expected, atol=1e-12)
    assert found.tenths.mean() == pytest.approx(average_precision(scores, labels, "eleven_point"), abs=1e-12)
    area = sum(
        (r - before) * max(p for q, p, _ in expected if q >= r)
        for before, (r, _, _) in zip([0, *(r for r, _, _ in expected)], expected, strict=False)
    )
    assert area == pytest.approx(average_precision(scores, labels, "area"), abs=1e-12)


def test_without_a_positive_image_there_is_no_curve():
    found = precision_recall(np.array([2.0, 1]), np.array([-1, 0]))
    assert [len(one) for one in (found.recall, found.precision, found.seen, found.tenths)] == [0] * 4


@given(rankings)
def test_a_rank_counts_the_higher_scores_among_those_that_count(pairs):
    scores, labels = arrays(pairs)
    expected = [
        0 if label == 0 else 1 + sum(other > score for other, of in zip(scores, labels, strict=True) if of != 0)
        for score, label in zip(scores, labels, strict=True)
    ]
    assert ranks(scores, labels).tolist() == expected


@given(st.lists(st.tuples(st.integers(0, 300), st.integers(0, 300)), max_size=40))
def test_moves_are_in_steps_of_a_factor_two_and_only_where_somebody_looks(pairs):
    a, b = np.array([p for p, _ in pairs], np.int64), np.array([q for _, q in pairs], np.int64)
    found = rank_moves(a, b).tolist()
    there = [i for i, (p, q) in enumerate(pairs) if p and q and p != q and min(p, q) <= 100]
    assert sorted(found) == there
    steps = [abs(np.log2(b[i] / a[i])) for i in found]
    assert all(one > other - 1e-12 for one, other in pairwise(steps))


def test_a_move_from_2_to_4_is_as_large_as_one_from_50_to_100_and_comes_before_it():
    assert rank_moves(np.array([100, 4, 7, 300, 0]), np.array([50, 2, 7, 900, 3])).tolist() == [1, 0]
    assert rank_moves(np.array([3, 1]), np.array([2, 2]), within=1).tolist() == [1]
