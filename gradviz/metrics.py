"""How good a ranking, a kernel or a neighbourhood is, judged by labels in {1, 0, -1}: present, difficult, absent.

An image is difficult for a class if all its instances of that class are marked so; it then counts neither as a hit nor
as a miss.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from gradviz.errors import ChoiceError, GradvizError

BLOCK = 256
"""Rows of a kernel at a time, so that float64 copies stay small."""


# The three kinds see rankings as two arrays (..., ranks): `found` counts the positive images down to the end of each
# group of equal scores, best group first, `seen` all images down to there. Ranks without a positive image may be left
# out, since none of the kinds takes a precision from there that is not larger at the rank before.


def _at_tenths(found: np.ndarray, seen: np.ndarray) -> np.ndarray:
    """Return the best precision at recall >= 0, 0.1, ..., 1, (..., 11); the recall is compared in integers."""
    precision, all_found = found / seen, found[..., -1:]
    best = [np.where(10 * found >= step * all_found, precision, 0.0).max(axis=-1) for step in range(11)]
    return np.stack(best, axis=-1)


def _eleven_point(found: np.ndarray, seen: np.ndarray) -> np.ndarray:
    """Average the best precision at recall >= 0, 0.1, ..., 1."""
    return _at_tenths(found, seen).mean(axis=-1)


def _area(found: np.ndarray, seen: np.ndarray) -> np.ndarray:
    """Add up the steps of recall, each times the best precision at this recall or more."""
    best_from_here = np.maximum.accumulate((found / seen)[..., ::-1], axis=-1)[..., ::-1]
    return np.sum(np.diff(found, prepend=0) * best_from_here, axis=-1) / found[..., -1]


def _sklearn(found: np.ndarray, seen: np.ndarray) -> np.ndarray:
    """Add up the steps of recall, each times the precision there."""
    return np.sum(np.diff(found, prepend=0) * (found / seen), axis=-1) / found[..., -1]


AP_KINDS: dict[str, Callable[[np.ndarray, np.ndarray], np.ndarray]] = {
    "eleven_point": _eleven_point,
    "area": _area,
    "sklearn": _sklearn,
}
"""How each kind of average precision is computed from a ranking; OPTIONS says what they are."""


@dataclass(frozen=True)
class MeanAP:
    """Hold the average precision of every class, in [0, 1], and the mean."""

    mean: float
    """Over the classes that are scored; nan if none is."""
    per_class: np.ndarray
    """(classes,) float64, nan for a class that is left out."""
    left_out: Mapping[int, str]
    """From the position of each class that is left out to the reason, such as "no positive test image"."""


def check_kind(kind: str) -> None:
    """Raise ChoiceError unless there is an average precision of this name.

    Parameters
    ----------
    kind
        A name in AP_KINDS.

    Raises
    ------
    ChoiceError
        If there is no such kind.
    """
    if kind not in AP_KINDS:
        raise ChoiceError(f"There is no average precision {kind!r}; choose from {', '.join(AP_KINDS)}.")


def average_precision(scores: np.ndarray, labels: np.ndarray, kind: str) -> float:
    """Compute how well scores rank the images labelled 1 above those labelled -1.

    Equal scores are one rank: precision and recall are taken only where a group of equal scores ends, as scikit-learn
    does. So the order of the images never matters, and a constant score is worth the share of positive images. The
    VOC devkit takes precision and recall after every image instead, and so prefers, among equal scores, whichever
    image its file lists first; without equal scores both are the same.

    Parameters
    ----------
    scores : ndarray of shape (n,)
        The higher, the surer; whole numbers and infinities too.
    labels : ndarray of shape (n,)
        1, -1, or 0 for images that are left out.
    kind : str
        A name in AP_KINDS.

    Returns
    -------
    float
        In [0, 1]; nan without a positive image.

    Raises
    ------
    ChoiceError
        If there is no such kind.
    GradvizError
        If a score is nan.

    References
    ----------
    Everingham et al., "The PASCAL Visual Object Classes Challenge: a Retrospective", IJCV 2015, section 2.2.
    """
    check_kind(kind)
    order, last = ranking(scores, labels)
    positive = np.asarray(labels)[order] > 0
    if not positive.any():
        return float("nan")
    return float(AP_KINDS[kind](np.cumsum(positive)[last], last + 1))


def ranking(scores: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Rank the images that are not left out, the highest score first.

    Parameters
    ----------
    scores : ndarray of shape (n,)
        The higher, the surer; whole numbers and infinities too.
    labels : ndarray of shape (n,)
        1, -1, or 0 for images that are left out.

    Returns
    -------
    order : ndarray of shape (m,)
        Positions of the images that count.
    last : ndarray of shape (ranks,)
        Where in `order` each group of equal scores ends.

    Raises
    ------
    GradvizError
        If a score is nan.
    """
    counted = np.flatnonzero(labels)
    # Whole numbers have no minus of their own: that of 200 is 56 as uint8, and of -128 it is -128 as int8.
    scores = np.asarray(scores, np.float64)[counted]
    if np.isnan(scores).any():
        raise GradvizError("A score is not a number, so the images cannot be ranked; leave out the images that failed.")
    order = np.argsort(-scores)
    ranked = scores[order]
    last = np.flatnonzero(np.append(ranked[1:] != ranked[:-1], True))  # infinities have no difference to be zero
    return counted[order], last


@dataclass(frozen=True)
class PrecisionRecall:
    """Hold how precision and recall go down a ranking, after each group of equal scores, the best group first.

    `recall` and `precision` (m,) are in [0, 1], `seen` (m,) counts the images down to there. `tenths` (11,) are the
    best precisions at recall >= 0, 0.1, ..., 1, whose mean is the average precision eleven_point.
    """

    recall: np.ndarray
    precision: np.ndarray
    seen: np.ndarray
    tenths: np.ndarray


def precision_recall(scores: np.ndarray, labels: np.ndarray) -> PrecisionRecall:
    """Follow precision and recall down a ranking, as `average_precision` sees them.

    Parameters
    ----------
    scores : ndarray of shape (n,)
        The higher, the surer.
    labels : ndarray of shape (n,)
        1, -1, or 0 for images that are left out.

    Returns
    -------
    PrecisionRecall
        A point for each group of equal scores; none without a positive image.

    Raises
    ------
    GradvizError
        If a score is nan.
    """
    order, last = ranking(scores, labels)
    positive = np.asarray(labels)[order] > 0
    if not positive.any():
        nothing = np.zeros(0)
        return PrecisionRecall(nothing, nothing, nothing.astype(np.int64), nothing)
    found, seen = np.cumsum(positive)[last], last + 1
    return PrecisionRecall(found / found[-1], found / seen, seen, _at_tenths(found, seen))


def ranks(scores: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Number the images of a ranking, the highest score first; equal scores share the first of their numbers.

    Parameters
    ----------
    scores : ndarray of shape (n,)
        The higher, the surer.
    labels : ndarray of shape (n,)
        1, -1, or 0 for images that are left out.

    Returns
    -------
    ndarray of shape (n,), int64
        From 1 on; 0 for an image that is left out.

    Raises
    ------
    GradvizError
        If a score is nan.
    """
    order, last = ranking(scores, labels)
    found = np.zeros(len(labels), np.int64)
    first = np.concatenate([[0], last[:-1] + 1])
    found[order] = np.repeat(first, np.diff(last, prepend=-1)) + 1
    return found


def rank_moves(a: np.ndarray, b: np.ndarray, *, within: int = 100) -> np.ndarray:
    """List the images whose rank differs most between two rankings of the same images.

    A rank twice or half as large is one step, wherever it is: from 2 to 4 as from 50 to 100.

    Parameters
    ----------
    a, b : ndarray of shape (n,)
        What `ranks` returns.
    within
        Only images that one of the two ranks so far up, since nobody looks further down.

    Returns
    -------
    ndarray of shape (m,)
        Positions, the most steps first, then the best of the two ranks; images that did not move are not among them.
    """
    there = np.flatnonzero((a > 0) & (b > 0) & (a != b) & (np.minimum(a, b) <= within))
    steps = np.abs(np.log2(b[there] / a[there]))
    return there[np.lexsort((np.minimum(a, b)[there], -steps))]


def mean_ap(
    scores: np.ndarray,
    labels: np.ndarray,
    kind: str,
    *,
    untrained: Mapping[int, str] | None = None,
    rounding: np.ndarray | None = None,
) -> MeanAP:
    """Compute the average precision of each class, and the mean over those where it says something.

    A class without a positive or without a negative image, or whose scores are all equal, has no ranking to be
    measured: it is left out of the mean, with the reason.

    Parameters
    ----------
    scores : ndarray of shape (n, classes)
        The higher, the surer.
    labels : ndarray of shape (n, classes)
        1, -1, or 0 for images that are left out.
    kind : str
        A name in AP_KINDS.
    untrained
        From the position of each class that has to be left out for another reason to this reason.
    rounding : ndarray of shape (classes,), optional
        Differences between the scores of a class that are no more than rounding errors; 0 by default.

    Returns
    -------
    MeanAP
        The figures, and which classes are left out.

    Raises
    ------
    ChoiceError, GradvizError
        As for `average_precision`.
    """
    scores, n_classes = np.asarray(scores, np.float64), labels.shape[1]
    rounding = np.zeros(n_classes) if rounding is None else rounding
    left_out, per_class = {}, np.full(n_classes, np.nan)
    for c in range(n_classes):
        why = (untrained or {}).get(c) or _unmeasurable(scores[:, c], labels[:, c], rounding[c])
        if why:
            left_out[c] = why
        else:
            per_class[c] = average_precision(scores[:, c], labels[:, c], kind)
    measured = per_class[~np.isnan(per_class)]
    return MeanAP(float(measured.mean()) if len(measured) else float("nan"), per_class, left_out)


def _unmeasurable(scores: np.ndarray, labels: np.ndarray, rounding: float) -> str:
    """Return why a class has no ranking to be measured; an empty text where it has one."""
    if why := one_sided(labels, "test"):
        return why
    least, most = scores[labels != 0].min(), scores[labels != 0].max()
    return "the same score for every test image" if most <= least + rounding else ""


def one_sided(labels: np.ndarray, part: str) -> str:
    """Return which kind of image the labels of a class lack, in words; empty where both kinds are there.

    Parameters
    ----------
    labels : ndarray of shape (n,)
        1, -1, or 0 for difficult.
    part : str
        What the images are for, such as "test".
    """
    for sign, name in ((1, "positive"), (-1, "negative")):
        if not (labels == sign).any():
            return f"no {name} {part} image"
    return ""


def label_kernel(labels: np.ndarray) -> np.ndarray:
    """Count the classes that every two images have in common: (n, n) float32 from labels (n, classes).

    Only the label 1 counts; an image without labels has a row of zeros.
    """
    shown = (labels == 1).astype(np.float32)
    return shown @ shown.T


def alignment(K: np.ndarray, L: np.ndarray) -> float:
    """Compute the centred kernel alignment of two kernels, <Kc, Lc> / (|Kc| |Lc|), in float64.

    Parameters
    ----------
    K, L : ndarray of shape (n, n)
        Symmetric kernels of the same images.

    Returns
    -------
    float
        1 for kernels equal up to scale and origin, about 0 for unrelated ones; nan if one is constant.

    References
    ----------
    Kornblith, Norouzi, Lee, Hinton, "Similarity of Neural Network Representations Revisited", ICML 2019.
    """
    mean_k, mean_l = K.mean(axis=0, dtype=np.float64), L.mean(axis=0, dtype=np.float64)
    both = k_only = l_only = k_raw = l_raw = 0.0
    for start in range(0, len(K), BLOCK):
        rows = slice(start, start + BLOCK)
        k, k_all = _centred(K, rows, mean_k)
        l_, l_all = _centred(L, rows, mean_l)
        both, k_only, l_only = both + np.vdot(k, l_), k_only + np.vdot(k, k), l_only + np.vdot(l_, l_)
        k_raw, l_raw = k_raw + k_all, l_raw + l_all
    rounding = 1e-24
    if k_only <= rounding * k_raw or l_only <= rounding * l_raw:
        return float("nan")
    return float(both / np.sqrt(k_only) / np.sqrt(l_only))


def _centred(K: np.ndarray, rows: slice, means: np.ndarray) -> tuple[np.ndarray, float]:
    """Return some rows of the centred kernel, and their squared norm before centring."""
    block = K[rows].astype(np.float64)
    before = float(np.vdot(block, block))
    block -= means
    block += means.mean() - means[rows, None]
    return block, before


@dataclass(frozen=True)
class Purity:
    """Hold how often neighbours share a class, in [0, 1]; nan where no image has a class."""

    value: float
    chance: float
    """The same for neighbours drawn at random."""


def neighbour_purity(neighbours: np.ndarray, labels: np.ndarray) -> Purity:
    """Compute the share of each image's neighbours that show at least one of its classes, averaged over the images.

    Images without a class are left out of the average; as neighbours they count as sharing no class.

    Parameters
    ----------
    neighbours : ndarray of shape (n, k)
        Positions of each image's neighbours, the image itself not among them.
    labels : ndarray of shape (n, classes)
        Only the label 1 counts.

    Returns
    -------
    Purity
        The share, and what neighbours drawn at random would give.
    """
    shown = (labels == 1).astype(np.float32)
    asked = np.flatnonzero(shown.any(axis=1))
    if not len(asked) or not neighbours.shape[1]:
        return Purity(float("nan"), float("nan"))
    shares = [(shown[asked] * shown[column[asked]]).any(axis=1).mean() for column in neighbours.T]
    sets, counts = np.unique(shown, axis=0, return_counts=True)
    meeting = (sets @ sets.T > 0) @ counts - 1
    labelled = sets.any(axis=1)
    chance = np.average(meeting[labelled], weights=counts[labelled]) / (len(labels) - 1)
    return Purity(float(np.mean(shares)), float(chance))
