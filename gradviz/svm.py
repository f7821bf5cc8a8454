"""One-vs-rest support vector machines on a precomputed kernel, with difficult images left out class by class.

Each class is scikit-learn's SVC(kernel="precomputed"), so decisions are the same to the last bit but for the order of
the final sum. What is saved against a plain loop over the classes: the kernel is converted and checked once and shared
(rows that a class leaves out get weight 0, for which libsvm drops their pointers instead of copying the kernel),
classes train on threads (libsvm releases the GIL), and the decisions of all classes are one matrix product.
libsvm has no warm start, so each C of the grid starts afresh.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from sklearn import config_context
from sklearn.base import BaseEstimator
from sklearn.svm import SVC
from sklearn.utils import validation

from gradviz.callbacks import Cancel, Progress, never, silent, stop_if
from gradviz.errors import ChoiceError
from gradviz.home import cores
from gradviz.metrics import average_precision, mean_ap, one_sided
from gradviz.spec import C_GRID, FOLDS

BLOCK = 1024
"""Rows of a test kernel that are converted to float64 at a time."""

SPACE = 2 * 10**9
"""Bytes that the kernels of folds may take at the same time, one of them apart."""

Regularisation = float | Literal["cv"]
OfFold = Callable[[np.ndarray], np.ndarray]
"""From the images that are not held out, a mask of shape (n,), to the kernel (n, n), float64."""

_sklearn: Any = validation
"""scikit-learn has no annotations, and what a type checker infers from its default arguments is wrong."""


class OneVsRestSVC(BaseEstimator):
    """Train one binary SVM per class on a precomputed kernel; labels are 1, -1, or 0 for difficult.

    Parameters
    ----------
    C : float or "cv", default 1.0
        Penalty, a positive number; "cv" chooses it for each class from C_GRID: the value with the best average
        precision over seeded, stratified 3-fold cross-validation on the training images, the smallest of equals.
    seed : int, default 0
        Draws the folds of the cross-validation.
    ap : str, default "area"
        The average precision, a name in gradviz.metrics.AP_KINDS, that "cv" and `score` measure.
    threads : int or None, default None
        Classes trained at the same time; None takes all cores that this process may use.

    Attributes
    ----------
    C_ : ndarray of shape (classes,), float64
        The penalty of each class.
    dual_coef_ : ndarray of shape (n, classes), float64
        Coefficient of each training image in the decision of each class: 0 unless it is a support vector.
    intercept_ : ndarray of shape (classes,), float64
        Constant term of each class's decision.
    constant_ : ndarray of shape (classes,), bool
        Whether a class has no positive or no negative image, so that its decision is the intercept alone: 1 with
        positive images only, -1 with negative ones only, 0 with neither.
    rounding_ : ndarray of shape (classes,), float64
        Decisions of a class that differ by no more than this differ by rounding errors of the kernel alone.
    n_features_in_ : int
        The number of training images, n.
    """

    def __init__(self, C: Regularisation = 1.0, *, seed: int = 0, ap: str = "area", threads: int | None = None) -> None:
        self.C = C
        self.seed = seed
        self.ap = ap
        self.threads = threads

    def fit(
        self,
        K: np.ndarray,
        y: np.ndarray,
        *,
        of_fold: OfFold | None = None,
        progress: Progress = silent,
        cancel: Cancel = never,
    ) -> "OneVsRestSVC":
        """Train on the kernel of the training images.

        Parameters
        ----------
        K : ndarray of shape (n, n)
            The kernel; anything but float64 is converted once.
        y : ndarray of shape (n, classes)
            The labels: 1, -1, or 0 for an image that is difficult for the class and takes no part in its training.
        of_fold : callable or None, default None
            For a kernel that depends on what the training images are, as that of centred vectors does: the kernel where
            they are those of a mask. Folds of the cross-validation are then measured with it instead of K.
        progress, cancel : callable
            See gradviz.callbacks; progress counts pieces of work of about equal size.

        Returns
        -------
        OneVsRestSVC
            This estimator, fitted.

        Raises
        ------
        ChoiceError
            If C is neither "cv" nor a positive number.
        ValueError
            If K is not square, labels do not have two dimensions, or a value is not finite.
        Cancelled
            If `cancel` asked for it.
        """
        check_C(self.C)
        given = np.asarray(K).dtype
        K, labels = _sklearn.validate_data(self, K, y, dtype=np.float64, order="C", multi_output=True)
        if K.shape[0] != K.shape[1] or labels.ndim != 2:
            raise ValueError(
                f"A kernel of shape {K.shape} and labels of shape {labels.shape}: "
                "fit takes a square kernel (n, n) of the training images and labels (n, classes)."
            )
        n_classes = labels.shape[1]
        pieces = n_classes * (1 + FOLDS * (self.C == "cv"))
        if self.C == "cv":
            ap = grid_ap(
                of_fold or K, labels, C_GRID, self.seed, self.ap, self.threads, _part(progress, 0, pieces), cancel
            )
            self.C_ = np.array(C_GRID)[_best(ap)]
        else:
            self.C_ = np.full(n_classes, float(self.C))
        self.constant_ = np.array([bool(one_sided(y, "training")) for y in labels.T], bool)
        self.dual_coef_ = np.zeros(labels.shape)
        self.intercept_ = np.sign(labels.sum(axis=0, dtype=np.float64))

        def train(c: int) -> None:
            if not self.constant_[c]:
                self.dual_coef_[:, c], self.intercept_[c] = _fit_class(K, labels[:, c], self.C_[c])

        _in_threads(train, range(n_classes), self.threads, _part(progress, pieces - n_classes, pieces), cancel)
        exact = np.finfo(given if given.kind == "f" else np.float64).eps
        # Errors of single kernel values are independent, so that those of a sum grow like its root of squares.
        self.rounding_ = 4 * exact * max(K.max(), -K.min()) * np.linalg.norm(self.dual_coef_, axis=0)
        return self

    def decision_function(self, K: np.ndarray) -> np.ndarray:
        """Compute how clearly images belong to each class.

        Parameters
        ----------
        K : ndarray of shape (m, n)
            The kernel of m images with the n training images.

        Returns
        -------
        ndarray of shape (m, classes), float64
            Positive for images on the class's side; comparable between images, not between classes.

        Raises
        ------
        sklearn.exceptions.NotFittedError
            Before `fit`.
        ValueError
            If K does not have one column per training image, or a value is not finite.
        """
        _sklearn.check_is_fitted(self)
        K = _sklearn.validate_data(self, K, dtype=None, reset=False)
        scores = np.empty((len(K), len(self.intercept_)))
        for start in range(0, len(K), BLOCK):
            rows = slice(start, start + BLOCK)
            scores[rows] = K[rows].astype(np.float64, copy=False) @ self.dual_coef_
        return scores + self.intercept_

    def predict(self, K: np.ndarray) -> np.ndarray:
        """Return 1 or -1 for each image and class: (m, classes) int8 from a kernel (m, n)."""
        return np.where(self.decision_function(K) > 0, 1, -1).astype(np.int8)

    def score(self, K: np.ndarray, y: np.ndarray) -> float:
        """Return the mean average precision, in [0, 1], of the kind `ap`.

        Parameters
        ----------
        K : ndarray of shape (m, n)
            The kernel of m images with the n training images.
        y : ndarray of shape (m, classes)
            The labels: 1, -1, or 0 for an image that is left out of the class's score.
        """
        return mean_ap(self.decision_function(K), y, self.ap).mean

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.pairwise = True
        tags.target_tags.required = tags.target_tags.two_d_labels = tags.target_tags.multi_output = True
        tags.target_tags.single_output = False
        return tags


def check_C(C: Regularisation) -> None:  # noqa: N802
    """Raise ChoiceError unless C is "cv" or a positive number."""
    number = isinstance(C, (int, float, np.number)) and not isinstance(C, bool) and 0 < C < float("inf")
    if C != "cv" and not number:
        raise ChoiceError(f"C is {C!r}; give a positive number, or cv to choose it on the training images.")


def cross_validate(
    K: np.ndarray | OfFold,
    labels: np.ndarray,
    *,
    C: Regularisation = 1.0,
    seed: int = 0,
    ap: str = "area",
    threads: int | None = None,
    progress: Progress = silent,
    cancel: Cancel = never,
) -> float:
    """Compute the mean average precision of a kernel on held-out folds of its training images, to choose a kernel by.

    Parameters
    ----------
    K : ndarray of shape (n, n), or callable
        The kernel of the training images; or what gives it for the images that a fold does not hold out, a mask (n,).
    labels : ndarray of shape (n, classes)
        1, -1, or 0 for difficult.
    C : float or "cv", default 1.0
        Penalty; with "cv" each class counts with its best C, so that the same work answers for both choices.
    seed : int, default 0
        Draws the folds, which are the ones that choose C in OneVsRestSVC.
    ap : str, default "area"
        A name in gradviz.metrics.AP_KINDS.
    threads : int or None, default None
        Folds measured at the same time; None takes all cores that this process may use.
    progress, cancel : callable
        See gradviz.callbacks; progress counts folds of a class.

    Returns
    -------
    float
        In [0, 1], the mean over folds and classes; nan where no class can be held out.

    Raises
    ------
    ChoiceError
        If C is neither "cv" nor a positive number.
    """
    return held_out(K, labels, C=C, seed=seed, ap=ap, threads=threads, progress=progress, cancel=cancel).mean


@dataclass(frozen=True)
class HeldOut:
    """Hold what SVMs say of training images that they were not trained on.

    `scores` float64 (n, classes) rank the images of one fold of a class, and only those: every fold has SVMs of its
    own. `folds` (n, classes) is the fold of each image, -1 where nothing is decided: for difficult images, and in folds
    that lack positive or negative images; scores are nan there. `per_class` (classes,) is the average precision in
    [0, 1], averaged over the folds, nan where no fold is usable; `mean` is what `cross_validate` returns.
    """

    scores: np.ndarray
    folds: np.ndarray
    per_class: np.ndarray

    @property
    def mean(self) -> float:
        """Return the mean over the classes that are measured; nan where none is."""
        measured = self.per_class[~np.isnan(self.per_class)]
        return float(np.mean(measured)) if len(measured) else float("nan")


def held_out(
    K: np.ndarray | OfFold,
    labels: np.ndarray,
    *,
    C: Regularisation = 1.0,
    seed: int = 0,
    ap: str = "area",
    threads: int | None = None,
    progress: Progress = silent,
    cancel: Cancel = never,
) -> HeldOut:
    """Decide about every training image with SVMs that were trained on the other folds, as `cross_validate` does.

    Parameters
    ----------
    K : ndarray of shape (n, n), or callable
        The kernel of the training images; or what gives it for the images that a fold does not hold out, a mask (n,).
    labels : ndarray of shape (n, classes)
        1, -1, or 0 for difficult.
    C : float or "cv", default 1.0
        Penalty; with "cv" each class has the one that is best on these folds.
    seed : int, default 0
        Draws the folds.
    ap : str, default "area"
        A name in gradviz.metrics.AP_KINDS.
    threads : int or None, default None
        Folds measured at the same time; None takes all cores that this process may use.
    progress, cancel : callable
        See gradviz.callbacks; progress counts folds of a class.

    Returns
    -------
    HeldOut
        Decisions, folds and average precision.

    Raises
    ------
    ChoiceError
        If C is neither "cv" nor a positive number.
    """
    check_C(C)
    grid = C_GRID if C == "cv" else (float(C),)
    K = K if callable(K) else _sklearn.check_array(K, dtype=np.float64, order="C")
    labels = np.asarray(labels)
    scores, folds = _decisions(K, labels, grid, seed, threads, progress, cancel)
    of_grid = _fold_means(scores, folds, labels, ap)
    best = _best(of_grid)[:, None]
    chosen = np.take_along_axis(scores, best[None], axis=2)[:, :, 0]
    return HeldOut(chosen, folds, np.take_along_axis(of_grid, best, axis=1)[:, 0])


def grid_ap(
    K: np.ndarray | OfFold,
    labels: np.ndarray,
    grid: Sequence[float],
    seed: int,
    ap: str,
    threads: int | None,
    progress: Progress,
    cancel: Cancel,
) -> np.ndarray:
    """Cross-validate every class and C.

    A fold that lacks positive or negative images, or leaves none to train on, is left out of the mean.

    Parameters
    ----------
    K : ndarray of shape (n, n), float64, or callable
        The kernel of the training images; or what gives it for the images that a fold does not hold out, a mask (n,).
    labels : ndarray of shape (n, classes)
        1, -1, or 0 for difficult.
    grid : sequence of float
        The penalties to try.
    seed : int
        Draws the folds.
    ap : str
        A name in gradviz.metrics.AP_KINDS.
    threads : int or None
        Folds measured at the same time; None takes all cores that this process may use.
    progress, cancel : callable
        See gradviz.callbacks; progress counts folds of a class.

    Returns
    -------
    ndarray of shape (classes, len(grid)), float64
        The mean average precision over the folds, in [0, 1]; nan where no fold is usable.
    """
    scores, folds = _decisions(K, labels, grid, seed, threads, progress, cancel)
    return _fold_means(scores, folds, labels, ap)


def _fold_means(scores: np.ndarray, folds: np.ndarray, labels: np.ndarray, ap: str) -> np.ndarray:
    """Measure every fold by itself and average over those that are usable: (classes, grid)."""
    found = np.full((FOLDS, *scores.shape[1:]), np.nan)
    for fold, c in np.ndindex(FOLDS, labels.shape[1]):
        held = np.flatnonzero(folds[:, c] == fold)
        if len(held):
            found[fold, c] = [average_precision(s, labels[held, c], ap) for s in scores[held, c].T]
    counted = ~np.isnan(found)
    total = np.where(counted, found, 0).sum(axis=0)
    return np.divide(total, counted.sum(axis=0), out=np.full(total.shape, np.nan), where=counted.any(axis=0))


def _decisions(
    K: np.ndarray | OfFold,
    labels: np.ndarray,
    grid: Sequence[float],
    seed: int,
    threads: int | None,
    progress: Progress,
    cancel: Cancel,
) -> tuple[np.ndarray, np.ndarray]:
    """Decide about every training image with the fold left out that it is in, for every class and C.

    Returns the decisions (n, classes, grid) and the folds (n, classes). A fold that lacks positive or negative images,
    or leaves none to train on, decides nothing: there decisions are nan and the fold is -1, as for difficult images.
    """
    n_classes = labels.shape[1]
    folds = np.stack([_folds(labels[:, c], seed + c) for c in range(n_classes)], axis=1)
    scores = np.full((*labels.shape, len(grid)), np.nan)
    if callable(K):
        threads = min(threads or cores(), 1 + SPACE // (8 * len(labels) ** 2))

    def measure(piece: int) -> None:
        c, fold = divmod(piece, FOLDS)
        held = np.flatnonzero(folds[:, c] == fold)
        training = np.where(folds[:, c] == fold, 0, labels[:, c])
        if not (one_sided(labels[held, c], "test") or one_sided(training, "training")):
            here = K(folds[:, c] != fold) if callable(K) else K
            fitted = [_fit_class(here, training, C) for C in grid]
            coefficients = np.stack([coefficients for coefficients, _ in fitted], axis=1)
            support = np.flatnonzero(coefficients.any(axis=1))
            # Without the intercept, which changes no ranking within a fold.
            scores[held, c] = here[np.ix_(held, support)] @ coefficients[support]

    _in_threads(measure, range(n_classes * FOLDS), threads, progress, cancel)
    return scores, np.where(np.isnan(scores[:, :, 0]), -1, folds)


def _fit_class(K: np.ndarray, y: np.ndarray, C: float) -> tuple[np.ndarray, float]:
    """Train a binary SVM on the images with y other than 0: a coefficient for each image, and the intercept."""
    kept = np.flatnonzero(y)
    weights = None if len(kept) == len(y) else (y != 0).astype(np.float64)
    with config_context(assume_finite=True, skip_parameter_validation=True):
        svc = SVC(C=C, kernel="precomputed").fit(K, np.where(y > 0, 1, -1), sample_weight=weights)
    coefficients = np.zeros(len(y))
    # libsvm numbers the support vectors among the images with a weight, whatever the documentation of support_ says.
    coefficients[kept[svc.support_]] = svc.dual_coef_[0]
    return coefficients, svc.intercept_[0]


def _folds(y: np.ndarray, seed: int) -> np.ndarray:
    """Assign positives and negatives to FOLDS stratified folds in seeded random order; -1 for difficult images."""
    rng = np.random.default_rng(seed)
    folds = np.full(len(y), -1)
    for sign in (1, -1):
        members = rng.permutation(np.flatnonzero(y == sign))
        folds[members] = np.arange(len(members)) % FOLDS
    return folds


def _best(ap: np.ndarray) -> np.ndarray:
    """Choose a column of the grid for each class, the first of equals; C = 1, or the first, where none was measured."""
    unknown = np.isnan(ap).all(axis=1)
    best = np.argmax(np.nan_to_num(ap, nan=-1), axis=1)
    best[unknown] = C_GRID.index(1.0) if ap.shape[1] == len(C_GRID) else 0
    return best


def _in_threads(
    work: Callable[[int], None], pieces: range, threads: int | None, progress: Progress, cancel: Cancel
) -> None:
    """Do every piece, one per thread; callbacks are called from here, between two pieces."""
    pool = ThreadPoolExecutor(threads or cores())
    try:
        stop_if(cancel)
        for done, future in enumerate(as_completed([pool.submit(work, piece) for piece in pieces]), start=1):
            future.result()
            progress(done, len(pieces))
            stop_if(cancel)
    finally:
        pool.shutdown(cancel_futures=True)


def _part(progress: Progress, before: int, total: int) -> Progress:
    """Report one stage of longer work."""
    return lambda done, _: progress(before + done, total)
