import os
import threading
import time

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.model_selection import cross_val_score
from sklearn.svm import SVC
from sklearn.utils.estimator_checks import check_estimator

from gradviz import svm as svm_module
from gradviz.errors import Cancelled, ChoiceError
from gradviz.metrics import average_precision, mean_ap
from gradviz.svm import C_GRID, FOLDS, OneVsRestSVC, _fit_class, _folds, cross_validate, held_out


def problem(n=90, m=40, classes=4, seed=0, difficult=0.1):
    """Make a linear kernel (n + m images, training images first) and labels in which every class can be half learnt."""
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((n + m, 12))
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    labels = np.where(x @ rng.standard_normal((12, classes)) + rng.standard_normal((n + m, classes)) > 0.8, 1, -1)
    labels[rng.random(labels.shape) < difficult] = 0
    K = x @ x.T
    return K[:n, :n], K[n:, :n], labels[:n].astype(np.int8), labels[n:].astype(np.int8)


def plain_loop(K, K_test, labels, Cs):
    """Train scikit-learn's SVC class by class on copies of the kernel without the difficult images."""
    scores = []
    for y, C in zip(labels.T, Cs, strict=True):
        kept = y != 0
        svc = SVC(kernel="precomputed", C=C).fit(K[np.ix_(kept, kept)], y[kept])
        scores.append(svc.decision_function(K_test[:, kept]))
    return np.stack(scores, axis=1)


@pytest.mark.parametrize("threads", [None, 1, 3])
@pytest.mark.parametrize("C", [0.01, 1.0, 100.0])
def test_decisions_are_those_of_scikit_learns_loop(C, threads):
    K, K_test, labels, _ = problem()
    svm = OneVsRestSVC(C, threads=threads).fit(K, labels)
    np.testing.assert_allclose(svm.decision_function(K_test), plain_loop(K, K_test, labels, [C] * 4), atol=1e-9)
    assert svm.C_.tolist() == [C] * 4
    assert (svm.dual_coef_[labels == 0] == 0).all()


def test_a_float32_kernel_gives_nearly_the_same():
    K, K_test, labels, _ = problem()
    exact, rounded = OneVsRestSVC().fit(K, labels), OneVsRestSVC().fit(K.astype(np.float32), labels)
    scores = rounded.decision_function(K_test.astype(np.float32))
    assert scores.dtype == np.float64
    np.testing.assert_allclose(scores, exact.decision_function(K_test), atol=1e-2)


def test_difficult_images_neither_train_nor_score_their_class_but_do_others():
    K, K_test, labels, test_labels = problem(difficult=0)
    labels[:20, 1] = 0
    before = labels.copy()
    svm = OneVsRestSVC().fit(K, labels)
    assert (svm.dual_coef_[:20, 1] == 0).all()
    assert (svm.dual_coef_[:20, 0] != 0).any()
    test_labels[:5] = 0
    scores = svm.decision_function(K_test)
    assert svm.score(K_test, test_labels) == pytest.approx(mean_ap(scores[5:], test_labels[5:], "area").mean)
    assert np.array_equal(labels, before)


def test_classes_that_cannot_be_learnt_get_a_constant_decision_and_are_marked():
    K, K_test, labels, _ = problem()
    labels[:, 0][labels[:, 0] == 1] = -1
    labels[:, 1][labels[:, 1] == -1] = 0
    labels[:, 2] = 0
    for C in (1.0, "cv"):
        svm = OneVsRestSVC(C).fit(K, labels)
        assert svm.constant_.tolist() == [True, True, True, False]
        scores = svm.decision_function(K_test)
        assert (scores[:, :3] == [-1, 1, 0]).all()
        assert scores[:, 3].std() > 0
        assert svm.C_[:3].tolist() == [1, 1, 1]


def grid_by_hand(K, labels, c, seed):
    """Average precision of one class for each C, mean over the folds, with copies instead of weights."""
    y = labels[:, c]
    folds = _folds(y, seed + c)
    means = []
    for C in C_GRID:
        aps = []
        for fold in range(FOLDS):
            held, train = folds == fold, (folds != fold) & (y != 0)
            svc = SVC(kernel="precomputed", C=C).fit(K[np.ix_(train, train)], y[train])
            aps.append(average_precision(svc.decision_function(K[np.ix_(held, train)]), y[held], "area"))
        means.append(np.mean(aps))
    return np.array(means)


def test_cv_takes_the_best_c_of_each_class_on_the_training_images():
    K, K_test, labels, _ = problem(seed=3)
    by_hand = np.stack([grid_by_hand(K, labels, c, seed=5) for c in range(4)])
    svm = OneVsRestSVC("cv", seed=5).fit(K, labels)
    assert svm.C_.tolist() == [C_GRID[i] for i in by_hand.argmax(axis=1)]
    assert len(set(svm.C_)) > 1
    np.testing.assert_allclose(svm.decision_function(K_test), plain_loop(K, K_test, labels, svm.C_), atol=1e-9)
    assert cross_validate(K, labels, C="cv", seed=5) == pytest.approx(by_hand.max(axis=1).mean(), abs=1e-9)
    assert cross_validate(K, labels, C=10, seed=5) == pytest.approx(by_hand[:, 3].mean(), abs=1e-9)


def test_a_kernel_that_depends_on_the_training_images_is_made_for_each_fold():
    """The kernel of a fold is the whole one to a power that the fold decides: folds that are mixed up would be seen."""
    K, _, labels, _ = problem(seed=3, difficult=0.3)
    asked = []

    def of_fold(known):
        asked.append(known)
        return np.sign(K) * np.abs(K) ** (1 + known[:10].sum())

    def by_hand(c):
        folds = _folds(labels[:, c], 5 + c)
        aps = []
        for fold in range(FOLDS):
            held, known = folds == fold, folds != fold
            here, train = np.sign(K) * np.abs(K) ** (1 + known[:10].sum()), known & (labels[:, c] != 0)
            for C in C_GRID:
                svc = SVC(kernel="precomputed", C=C).fit(here[np.ix_(train, train)], labels[train, c])
                scores = svc.decision_function(here[np.ix_(held, train)])
                aps.append(average_precision(scores, labels[held, c], "area"))
        return np.reshape(aps, (FOLDS, len(C_GRID))).mean(axis=0)

    expected = np.stack([by_hand(c) for c in range(4)])
    svm = OneVsRestSVC("cv", seed=5).fit(K, labels, of_fold=of_fold)
    assert svm.C_.tolist() == [C_GRID[i] for i in expected.argmax(axis=1)]
    assert svm.C_.tolist() != OneVsRestSVC("cv", seed=5).fit(K, labels).C_.tolist()
    assert cross_validate(of_fold, labels, C="cv", seed=5) == pytest.approx(expected.max(axis=1).mean(), abs=1e-9)
    whole = [_fit_class(K, y, C)[0] for y, C in zip(labels.T, svm.C_, strict=True)]
    assert np.array_equal(svm.dual_coef_, np.stack(whole, axis=1)), "the final training sees the whole kernel"
    assert all(known[labels.all(axis=1)].sum() < labels.all(axis=1).sum() for known in asked), "something is held out"


def test_kernels_of_folds_that_fill_the_memory_are_made_one_after_the_other(monkeypatch):
    K, _, labels, _ = problem()
    monkeypatch.setattr(svm_module, "SPACE", 8 * len(K) ** 2 - 1)
    here, most = 0, []

    def of_fold(known):
        nonlocal here
        here += 1
        most.append(here)
        time.sleep(0.01)
        here -= 1
        return K

    assert cross_validate(of_fold, labels, threads=8) == cross_validate(K, labels)
    assert max(most) == 1


def test_the_seed_decides_and_the_threads_do_not():
    K, _, labels, _ = problem()
    scores = [cross_validate(K, labels, seed=0, threads=threads) for threads in (1, 2)]
    assert scores[0] == scores[1]
    assert scores[0] != cross_validate(K, labels, seed=1)


def test_folds_are_stratified_and_leave_difficult_images_out():
    y = np.array([1] * 7 + [-1] * 30 + [0] * 5)
    folds = _folds(y, seed=0)
    assert (folds[37:] == -1).all()
    assert sorted(np.bincount(folds[:7]).tolist()) == [2, 2, 3]
    assert np.bincount(folds[7:37]).tolist() == [10, 10, 10]
    assert (folds == _folds(y, seed=0)).all()
    assert (folds != _folds(y, seed=1)).any()


def test_a_class_with_fewer_positives_than_folds_is_measured_where_it_can_be():
    K, _, labels, _ = problem(classes=1)
    labels[:, 0] = -1
    labels[:2, 0] = 1
    assert 0 < cross_validate(K, labels) <= 1
    labels[1, 0] = -1
    assert np.isnan(cross_validate(K, labels)), "one positive cannot both train and be held out"
    assert OneVsRestSVC("cv").fit(K, labels).C_.tolist() == [1]


def test_it_is_a_scikit_learn_estimator_on_kernels():
    K, _, labels, _ = problem()
    svm = OneVsRestSVC(3.0, seed=2, ap="sklearn", threads=1)
    assert clone(svm).get_params() == svm.get_params() == {"C": 3.0, "seed": 2, "ap": "sklearn", "threads": 1}
    scores = cross_val_score(svm, K, labels, cv=3)  # cuts rows and columns of the kernel
    assert ((scores > 0.3) & (scores <= 1)).all()
    predicted = svm.fit(K, labels).predict(K)
    assert (np.sign(svm.decision_function(K)) == predicted).all()


def test_scikit_learns_common_checks_pass():
    # The one that is skipped needs SCIPY_ARRAY_API to be set before scipy is imported.
    results = check_estimator(OneVsRestSVC(threads=1), on_skip=None)
    assert {result["check_name"] for result in results if result["status"] != "passed"} <= {"check_array_api_input"}


def test_shapes_that_do_not_fit_are_refused():
    K, K_test, labels, _ = problem()
    for kernel, y in ((K_test, labels[:40]), (K, labels[:, 0])):
        with pytest.raises(ValueError, match="square kernel"):
            OneVsRestSVC().fit(kernel, y)
    with pytest.raises(ValueError, match="expecting 90 features"):
        OneVsRestSVC().fit(K, labels).decision_function(K_test[:, :50])


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="This system cannot bind a thread to a core")
def test_no_more_threads_train_than_there_are_cores_for_them(monkeypatch):
    K, _, labels, _ = problem(classes=8)
    trainers, fit_class, allowed = set(), svm_module._fit_class, os.sched_getaffinity(0)

    def noted(*arguments):
        trainers.add(threading.get_ident())
        time.sleep(0.01)
        return fit_class(*arguments)

    monkeypatch.setattr(svm_module, "_fit_class", noted)
    os.sched_setaffinity(0, {min(allowed)})
    try:
        OneVsRestSVC().fit(K, labels)
    finally:
        os.sched_setaffinity(0, allowed)
    assert len(trainers) == 1


@pytest.mark.parametrize("C", [0, -1, "best", float("nan"), float("inf"), None, True])
def test_a_senseless_c_is_refused(C):
    K, _, labels, _ = problem()
    with pytest.raises(ChoiceError, match="positive number, or cv"):
        OneVsRestSVC(C).fit(K, labels)
    with pytest.raises(ChoiceError, match="positive number, or cv"):
        cross_validate(K, labels, C=C)


@pytest.mark.parametrize(("C", "pieces"), [(1.0, 4), ("cv", 4 + 4 * FOLDS)])
def test_progress_reaches_the_end_and_is_reported_by_the_calling_thread(C, pieces):
    K, _, labels, _ = problem()
    seen = []
    OneVsRestSVC(C).fit(K, labels, progress=lambda *step: seen.append((*step, threading.get_ident())))
    assert seen == [(done, pieces, threading.get_ident()) for done in range(1, pieces + 1)]


@pytest.mark.parametrize("C", [1.0, "cv"])
def test_cancel_stops_between_classes(C, monkeypatch):
    K, _, labels, _ = problem(classes=8)
    seen, trained, fit_class = [], [], svm_module._fit_class

    def slow(*arguments):
        trained.append(arguments)
        time.sleep(0.05)
        return fit_class(*arguments)

    monkeypatch.setattr(svm_module, "_fit_class", slow)
    fits = 8 if C == 1.0 else 8 * FOLDS * len(C_GRID)
    with pytest.raises(Cancelled):
        OneVsRestSVC(C, threads=1).fit(
            K, labels, progress=lambda done, _: seen.append(done), cancel=lambda: len(seen) == 1
        )
    assert seen == [1]
    assert len(trained) < fits


@pytest.mark.parametrize("scale", [1.0, 1e6, 1e-6])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_decisions_that_differ_by_rounding_alone_are_told_from_others(dtype, scale):
    K, K_test, labels, _ = problem()
    eps = np.finfo(dtype).eps
    rng = np.random.default_rng(0)
    noise = rng.uniform(-eps / 2, eps / 2, (len(K), len(K)))
    same, same_test = 1 + noise + noise.T, 1 + rng.uniform(-eps / 2, eps / 2, K_test.shape)
    svm = OneVsRestSVC().fit((scale * same).astype(dtype), labels)
    assert (np.ptp(svm.decision_function((scale * same_test).astype(dtype)), axis=0) <= svm.rounding_).all()
    svm = OneVsRestSVC().fit((scale * K).astype(dtype), labels)
    apart = np.ptp(svm.decision_function((scale * K_test).astype(dtype)), axis=0)
    assert (apart > (1000 if scale == 1 else 1) * svm.rounding_).all()


def test_a_fold_without_a_negative_image_measures_nothing():
    K = problem(n=30)[0]
    y = np.ones(30, np.int8)
    y[:2] = -1
    folds = _folds(y, 0)
    lacking = next(fold for fold in range(FOLDS) if not (y[folds == fold] == -1).any())
    figures = []
    for fold in {0, 1, 2} - {lacking}:
        held, rest = np.flatnonzero(folds == fold), np.flatnonzero(folds != fold)
        svc = SVC(kernel="precomputed").fit(K[np.ix_(rest, rest)], y[rest])
        figures.append(average_precision(svc.decision_function(K[np.ix_(held, rest)]), y[held], "area"))
    assert np.mean(figures) < 1
    assert cross_validate(K, y[:, None]) == pytest.approx(np.mean(figures))


@pytest.mark.parametrize("C", [1.0, "cv"])
def test_decisions_about_held_out_images_are_those_of_a_plain_loop(C):
    K, _, labels, _ = problem()
    found = held_out(K, labels, C=C, seed=3, ap="area")
    assert found.mean == cross_validate(K, labels, C=C, seed=3, ap="area")
    for c, y in enumerate(labels.T):
        folds = _folds(y, 3 + c)
        assert (found.folds[:, c] == folds).all()
        assert (np.isnan(found.scores[:, c]) == (y == 0)).all()
        best = (-1.0, None)
        for penalty in C_GRID if C == "cv" else (C,):
            scores = np.full(len(y), np.nan)
            for fold in range(FOLDS):
                held, rest = np.flatnonzero(folds == fold), np.flatnonzero((folds != fold) & (y != 0))
                svc = SVC(kernel="precomputed", C=penalty).fit(K[np.ix_(rest, rest)], y[rest])
                scores[held] = svc.decision_function(K[np.ix_(held, rest)]) - svc.intercept_
            ap = np.mean([average_precision(scores[folds == f], y[folds == f], "area") for f in range(FOLDS)])
            if ap > best[0]:
                best = ap, scores
        assert found.per_class[c] == pytest.approx(best[0])
        np.testing.assert_allclose(found.scores[y != 0, c], best[1][y != 0], atol=1e-9)


def test_folds_that_decide_nothing_are_marked():
    K, _, labels, _ = problem(classes=1)
    labels[:, 0] = -1
    labels[:2, 0] = 1
    found = held_out(K, labels)
    lacking = next(fold for fold in range(FOLDS) if not (_folds(labels[:, 0], 0)[:2] == fold).any())
    assert (found.folds[_folds(labels[:, 0], 0) == lacking] == -1).all()
    assert (np.isnan(found.scores) == (found.folds == -1)).all()
    assert found.per_class[0] == found.mean
    labels[1, 0] = -1
    assert np.isnan(held_out(K, labels).mean)
