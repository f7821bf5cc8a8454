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


# The three kinds see a ranking as two arrays: `found` (ranks,) counts the positive images down to the end of each group
# of equal scores, best group first, `seen` (ranks,) all images down to there.


def _eleven_point(found: np.ndarray, seen: np.ndarray) -> float:
    """Average the best precision at recall >= 0, 0.1, ..., 1; the recall is compared in integers."""
    precision = found / seen
    return float(np.mean([precision[10 * found >= step * found[-1]].max() for step in range(11)]))


def _area(found: np.ndarray, seen: np.ndarray) -> float:
    """Add up the steps of recall, each times the best precision at this recall or more."""
    best_from_here = np.maximum.accumulate((found / seen)[::-1])[::-1]
    return float(np.sum(np.diff(found, prepend=0) * best_from_here) / found[-1])


def _sklearn(found: np.ndarray, seen: np.ndarray) -> float:
    """Add up the steps of recall, each times the precision there."""
    return float(np.sum(np.diff(found, prepend=0) * (found / seen)) / found[-1])


AP_KINDS: dict[str, Callable[[np.ndarray, np.ndarray], float]] = {
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


def average_precision(scores: np.ndarray, labels: np.ndarray, kind: str) -> float:
    """Compute how well scores rank the images labelled 1 above those labelled -1.

    Equal scores are one rank: precision and recall are taken only where a group of equal scores ends, as scikit-learn
    does. So the order of the images never matters, and a constant score is worth the share of positive images. The
    VOC devkit takes precision and recall after every image instead, and so prefers, among equal scores, whichever
    image its file lists first; without equal scores both are the same.

    Parameters
    ----------
    scores : ndarray of shape (n,)
        The higher, the surer.
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
    if kind not in AP_KINDS:
        raise ChoiceError(f"There is no average precision {kind!r}; choose from {', '.join(AP_KINDS)}.")
    counted = np.flatnonzero(labels)
    scores, positive = np.asarray(scores)[counted], np.asarray(labels)[counted] > 0
    if np.isnan(scores).any():
        raise GradvizError("A score is not a number, so the images cannot be ranked; leave out the images that failed.")
    if not positive.any():
        return float("nan")
    order = np.argsort(-scores)
    last = np.flatnonzero(np.append(np.diff(scores[order]) != 0, True))
    return AP_KINDS[kind](np.cumsum(positive[order])[last], last + 1)


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
    n_classes = labels.shape[1]
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
    return one_sided(labels, "test") or (
        "the same score for every test image" if np.ptp(scores[labels != 0]) <= rounding else ""
    )


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
