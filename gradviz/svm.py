"""One-vs-rest support vector machines on a precomputed kernel, with difficult images left out class by class.

Each class is scikit-learn's SVC(kernel="precomputed"), so decisions are the same to the last bit but for the order of
the final sum. What is saved against a plain loop over the classes: the kernel is converted and checked once and shared
(rows that a class leaves out get weight 0, for which libsvm drops their pointers instead of copying the kernel),
classes train on threads (libsvm releases the GIL), and the decisions of all classes are one matrix product.
libsvm has no warm start, so each C of the grid starts afresh.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
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
from gradviz.spec import C_GRID

FOLDS = 3
BLOCK = 1024
"""Rows of a test kernel that are converted to float64 at a time."""

Regularisation = float | Literal["cv"]

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
        self, K: np.ndarray, y: np.ndarray, *, progress: Progress = silent, cancel: Cancel = never
    ) -> "OneVsRestSVC":
        """Train on the kernel of the training images.

        Parameters
        ----------
        K : ndarray of shape (n, n)
            The kernel; anything but float64 is converted once.
        y : ndarray of shape (n, classes)
            The labels: 1, -1, or 0 for an image that is difficult for the class and takes no part in its training.
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
            ap = grid_ap(K, labels, C_GRID, self.seed, self.ap, self.threads, _part(progress, 0, pieces), cancel)
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
    K: np.ndarray,
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
    K : ndarray of shape (n, n)
        The kernel of the training images.
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
    check_C(C)
    grid = C_GRID if C == "cv" else (float(C),)
    K = _sklearn.check_array(K, dtype=np.float64, order="C")
    per_class = grid_ap(K, np.asarray(labels), grid, seed, ap, threads, progress, cancel)
    best = np.take_along_axis(per_class, _best(per_class)[:, None], axis=1)
    return float(np.mean(best[~np.isnan(best)])) if not np.isnan(best).all() else float("nan")


def grid_ap(
    K: np.ndarray,
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
    K : ndarray of shape (n, n), float64
        The kernel of the training images.
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
    n_classes = labels.shape[1]
    folds = np.stack([_folds(labels[:, c], seed + c) for c in range(n_classes)], axis=1)
    found = np.full((FOLDS, n_classes, len(grid)), np.nan)

    def measure(piece: int) -> None:
        c, fold = divmod(piece, FOLDS)
        held = np.flatnonzero(folds[:, c] == fold)
        training = np.where(folds[:, c] == fold, 0, labels[:, c])
        if not (one_sided(labels[held, c], "test") or one_sided(training, "training")):
            fitted = [_fit_class(K, training, C) for C in grid]
            coefficients = np.stack([coefficients for coefficients, _ in fitted], axis=1)
            support = np.flatnonzero(coefficients.any(axis=1))
            scores = K[np.ix_(held, support)] @ coefficients[support]
            found[fold, c] = [average_precision(s, labels[held, c], ap) for s in scores.T]

    _in_threads(measure, range(n_classes * FOLDS), threads, progress, cancel)
    counted = ~np.isnan(found)
    total = np.where(counted, found, 0).sum(axis=0)
    return np.divide(total, counted.sum(axis=0), out=np.full(total.shape, np.nan), where=counted.any(axis=0))


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
