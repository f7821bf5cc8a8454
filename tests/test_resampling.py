"""Intervals by drawing the test images again, against drawing them one by one."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gradviz.errors import Cancelled, ChoiceError, GradvizError
from gradviz.metrics import AP_KINDS, average_precision, mean_ap
from gradviz.resampling import Resampled, difference, resample

# Few distinct scores, so that many rankings have ties beside those of an image that is drawn twice.
sets = st.lists(
    st.tuples(st.integers(-4, 4), st.integers(-4, 4), st.sampled_from([1, 1, 0, -1]), st.sampled_from([1, -1])),
    min_size=1,
    max_size=30,
)


def slowly(scores: np.ndarray, labels: np.ndarray, kind: str, draws: int, seed: int) -> np.ndarray:
    """Repeat each image as often as it is drawn, and rank the copies."""
    n, n_classes = labels.shape
    times = np.random.default_rng(seed).multinomial(n, np.full(n, 1 / n), size=draws)
    found = np.full((draws, n_classes), np.nan)
    for draw, counts in enumerate(times):
        copies = np.repeat(np.arange(n), counts)
        for c in range(n_classes):
            if {1, -1} <= set(labels[copies, c].tolist()):
                found[draw, c] = average_precision(scores[copies, c], labels[copies, c], kind)
    return found


@pytest.mark.parametrize("kind", AP_KINDS)
@settings(deadline=None, max_examples=60)
@given(rows=sets, seed=st.integers(0, 3))
def test_every_draw_is_that_of_the_copied_images(kind, rows, seed):
    table = np.array(rows)
    scores, labels = table[:, :2].astype(float), table[:, 2:].astype(np.int8)
    found = resample(scores, labels, kind, draws=12, seed=seed)
    np.testing.assert_allclose(found.per_class, slowly(scores, labels, kind, 12, seed), atol=1e-12)


def ranked(n=400, classes=5, seed=0, noise=1.0):
    random = np.random.default_rng(seed)
    labels = np.where(random.random((n, classes)) < 0.15, 1, -1).astype(np.int8)
    return labels, labels * 0.8 + random.normal(size=(n, classes)) * noise


def test_a_seed_draws_the_same_images_for_every_ranking_and_another_seed_others():
    labels, scores = ranked()
    assert np.array_equal(resample(scores, labels, "area").per_class, resample(scores, labels, "area").per_class)
    assert not np.array_equal(resample(scores, labels, "area", seed=1).mean, resample(scores, labels, "area").mean)
    # A score with another scale ranks the same, so nothing differs in any draw.
    same = difference(*(resample(s, labels, "area") for s in (scores, 3 * scores + 1)), *np.zeros((2, 5)))
    assert (same.mean, same.interval) == (0, (0, 0))
    assert not same.certain.any()


def test_the_interval_holds_the_score_of_the_whole_about_as_often_as_it_says():
    everything, scores = ranked(n=20_000, classes=1)
    truth = average_precision(scores[:, 0], everything[:, 0], "area")
    random, held = np.random.default_rng(7), 0
    for _ in range(200):
        part = random.choice(len(scores), 500, replace=False)
        low, high = resample(scores[part], everything[part], "area", draws=300).interval
        held += low <= truth <= high
    assert 180 <= held <= 199


def test_paired_intervals_are_narrower_than_two_apart():
    labels, scores = ranked()
    near = scores + np.random.default_rng(3).normal(size=scores.shape) * 0.2
    a, b = resample(scores, labels, "area"), resample(near, labels, "area")
    exact = [mean_ap(s, labels, "area") for s in (scores, near)]
    found = difference(a, b, exact[0].per_class, exact[1].per_class)
    assert found.mean == pytest.approx(exact[0].mean - exact[1].mean)
    assert np.array_equal(found.draws, (a.per_class - b.per_class).mean(axis=1))
    apart = difference(a, resample(near, labels, "area", seed=1), exact[0].per_class, exact[1].per_class)
    assert np.ptp(found.interval) < 0.5 * np.ptp(apart.interval)


def test_all_classes_at_once_lie_within_the_wider_intervals():
    labels, scores = ranked(classes=20)
    other = ranked(classes=20)[0] * 0.8 + np.random.default_rng(5).normal(size=scores.shape)
    a, b = resample(scores, labels, "area"), resample(other, labels, "area")
    exact = [mean_ap(s, labels, "area").per_class for s in (scores, other)]
    found = difference(a, b, *exact)
    drawn = a.per_class - b.per_class
    deviations = np.abs(drawn - drawn.mean(axis=0))
    inside = (deviations <= (found.together[:, 1] - found.per_class) + 1e-12).all(axis=1)
    assert inside.mean() == pytest.approx(0.95, abs=0.002)
    alone = ((drawn >= found.intervals[:, 0]) & (drawn <= found.intervals[:, 1])).all(axis=1)
    assert alone.mean() < 0.6  # each holds for itself; of twenty, one is beyond nearly always


def test_rankings_without_a_difference_rarely_get_a_star_and_a_real_one_gets_it():
    stars = 0
    for seed in range(40):
        labels, first = ranked(n=250, classes=20, seed=seed)
        second = labels * 0.8 + np.random.default_rng(1000 + seed).normal(size=first.shape)
        a, b = (resample(s, labels, "area", draws=400) for s in (first, second))
        found = difference(a, b, *(mean_ap(s, labels, "area").per_class for s in (first, second)))
        stars += bool(found.certain.any())
    assert stars <= 8  # 5 % of 40 are 2; single intervals would give about 26
    labels, first = ranked(n=600)
    worse = first.copy()
    worse[:, 2] = np.random.default_rng(9).normal(size=len(first))
    found = difference(
        *(resample(s, labels, "area") for s in (first, worse)),
        *(mean_ap(s, labels, "area").per_class for s in (first, worse)),
    )
    assert found.certain.tolist() == [False, False, True, False, False]
    assert found.together[2, 0] > 0.2


def test_what_is_left_out_stays_out_of_every_mean():
    labels, scores = ranked()
    labels[:, 1] = -1  # no positive image
    found = resample(scores, labels, "area", left_out={3})
    assert np.isnan(found.per_class[:, [1, 3]]).all()
    assert np.allclose(found.mean, found.per_class[:, [0, 2, 4]].mean(axis=1))
    per_class = np.where([True, False, True, False, True], 0.5, np.nan)
    both = difference(found, found, per_class, per_class)
    assert np.isnan(both.together[[1, 3]]).all()
    assert not np.isnan(both.together[[0, 2, 4]]).any()
    assert not both.certain.any()
    nothing = difference(found, found, np.full(5, np.nan), per_class)
    assert np.isnan([nothing.mean, *nothing.interval]).all()


def test_a_class_that_few_draws_show_has_the_interval_of_those_that_do():
    labels, scores = np.full((30, 1), -1, np.int8), np.arange(30.0)[:, None]
    labels[20] = 1
    found = resample(scores, labels, "sklearn", draws=500)
    missed = np.isnan(found.per_class[:, 0])
    assert missed.mean() == pytest.approx((1 - 1 / 30) ** 30, abs=0.06)
    low, high = found.intervals[0]
    assert 0 < low < high <= 1
    assert Resampled(np.full((3, 2), np.nan)).intervals.shape == (2, 2)


def test_bad_questions_are_refused_and_work_can_be_cancelled():
    labels, scores = ranked()
    with pytest.raises(ChoiceError, match="no average precision 'best'"):
        resample(scores, labels, "best")
    with pytest.raises(GradvizError, match="not a number"):
        resample(np.full_like(scores, np.nan), labels, "area")
    with pytest.raises(Cancelled):
        resample(scores, labels, "area", cancel=lambda: True)


def test_differences_of_a_class_that_few_draws_show_are_compared_by_those_that_do():
    labels = np.full((30, 1), -1, np.int8)
    labels[20] = 1
    scores = np.arange(30.0)[:, None]
    a, b = (resample(one, labels, "sklearn", draws=500) for one in (scores, -scores))
    found = difference(a, b, np.array([0.9]), np.array([0.2]))
    drawn = (a.per_class - b.per_class)[:, 0]
    drawn = drawn[~np.isnan(drawn)]
    reach = np.quantile(np.abs(drawn - drawn.mean()), 0.95)
    assert 0 < len(drawn) < 500
    assert found.together[0] == pytest.approx([0.7 - reach, 0.7 + reach])


@settings(deadline=None, max_examples=60)
@given(rows=sets, seed=st.integers(0, 3), parts=st.lists(st.integers(-1, 2), min_size=30, max_size=30))
def test_folds_are_ranked_by_themselves_in_every_draw(rows, seed, parts):
    table = np.array(rows)
    scores, labels = table[:, :2].astype(float), table[:, 2:].astype(np.int8)
    folds = np.stack([parts[: len(table)], parts[::-1][: len(table)]], axis=1)
    n, draws = len(table), 8
    unseen = np.where(folds < 0, np.nan, scores)
    found = resample(unseen, labels, "area", folds=folds, draws=draws, seed=seed)
    times = np.random.default_rng(seed).multinomial(n, np.full(n, 1 / n), size=draws)
    for draw, counts in enumerate(times):
        for c in range(2):
            values = []
            for fold in range(3):
                copies = np.repeat(np.arange(n), counts * (folds[:, c] == fold))
                if {1, -1} <= set(labels[copies, c].tolist()):
                    values.append(average_precision(scores[copies, c], labels[copies, c], "area"))
            np.testing.assert_allclose(found.per_class[draw, c], np.mean(values) if values else np.nan, atol=1e-12)
