"""What the verbs answer: frozen records that figures draw and exports write, and the notes that come with them.

`about` says what a result was made from, as JSON values; `notes` are sentences for the user.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import Any, Self

import numpy as np

from gradviz.embedding import Embedding
from gradviz.features.extraction import Features
from gradviz.kernels import Kernel
from gradviz.representations import Kind
from gradviz.words import counted

CENTRE_NOTE = (
    "Centring the kernel changes nothing here: SVMs, alignment and maps do not depend on its origin. "
    "The normalisation centred takes the mean away from the vectors, which does make a difference."
)


@dataclass(frozen=True)
class KernelResult:
    """Hold a kernel between two selections: `K` float32 of shape (rows, cols)."""

    representation: str
    rows: Features
    cols: Features
    K: np.ndarray
    notes: tuple[str, ...]
    about: Mapping[str, Any]


@dataclass(frozen=True)
class ProductResult(KernelResult):
    """Hold the kernel of a product such as dW6 with those of its two sides, float32 (rows, cols): K = K_fw * K_bw.

    K alone may have been centred.
    """

    K_fw: np.ndarray
    K_bw: np.ndarray


@dataclass(frozen=True)
class Evaluation:
    """Hold the scores of one representation: average precision in percent, by class and as their mean.

    A class in `left_out`, which says why (such as "no positive test image"), has None in `per_class` and is no part of
    the mean. `scores` float64 (test images, classes) are the SVMs' decisions for `test.ids`. `train` and `test` hold
    the images, without their vectors. `seconds` are those of each stage. A representation that is not `tempered` is the
    same at every temperature, and has none.
    """

    representation: str
    mean_ap: float
    per_class: Mapping[str, float | None]
    ap: str
    C: Mapping[str, float]
    temperature: float
    train: Features
    test: Features
    scores: np.ndarray
    seconds: Mapping[str, float]
    notes: tuple[str, ...]
    about: Mapping[str, Any]
    left_out: Mapping[str, str] = field(default_factory=dict)
    tempered: bool = True

    @property
    def positives(self) -> dict[str, int]:
        """Return how many test images show each class; what rests on few of them is not sure."""
        labels = self.test.labels
        counts = [0] * len(self.per_class) if labels is None else (labels == 1).sum(axis=0).tolist()
        return dict(zip(self.per_class, counts, strict=True))


@dataclass(frozen=True)
class Map:
    """Hold a map: `points` float32 (n, 2) for `rows.ids`, and how far its neighbourhoods can be trusted.

    With `others`, photographs of somebody's own mapped with the rows or placed among them, their points follow:
    (n + m, 2).
    `purity` is the share of kernel neighbours that have a class in common, `chance` what any two images would give.
    `method` is what was drawn, as `gradviz.embedding.Embedding` names it: too few images have principal components.
    """

    representation: str
    rows: Features
    others: Features | None
    points: np.ndarray
    trustworthiness: float | None
    purity: float | None
    chance: float | None
    notes: tuple[str, ...]
    about: Mapping[str, Any]
    method: str = ""


@dataclass(frozen=True)
class Alignments:
    """Hold the centred alignment of kernels with each other, float64 (r, r), and with the labels, (r,) or None."""

    representations: tuple[str, ...]
    between: np.ndarray
    with_labels: np.ndarray | None
    rows: Features
    about: Mapping[str, Any]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Neighbour:
    """Describe an image near another one: its id, its classes and the kernel's value for the pair."""

    id: str
    labels: tuple[str, ...]
    value: float


class Neighbours(tuple[Neighbour, ...]):
    """Hold the images nearest to one image, the largest value first.

    `rows` are those that it was looked for among, and the image itself, without their vectors.
    """

    rows: tuple[Features, ...]
    notes: tuple[str, ...]
    about: Mapping[str, Any]

    def __new__(
        cls, found: Iterable[Neighbour], *, rows: Iterable[Features], notes: tuple[str, ...], about: Mapping[str, Any]
    ) -> Self:
        """Return a tuple that has what it was made from with it."""
        self = super().__new__(cls, found)
        self.rows = tuple(replace(one, arrays={}) for one in rows)
        self.notes, self.about = notes, about
        return self


@dataclass(frozen=True)
class Retrieval:
    """Hold what each of n photographs finds among the others, as a query, under several kernels.

    `ap` float64 (kernels, n) is the average precision in percent (gradviz.retrieval), nan for a query that shares a
    class with no other; `hits` (n,) counts those that it shares one with. `rows` are the photographs, without their
    vectors.
    """

    representations: tuple[str, ...]
    rows: Features
    ap: np.ndarray
    hits: np.ndarray
    notes: tuple[str, ...]
    about: Mapping[str, Any]


@dataclass(frozen=True)
class LayerRow:
    """Hold what one representation is worth: mAP in percent, alignment with the labels, purity of neighbours.

    A single test image has no neighbours, and so no purity. `left_out` has the classes that are no part of the mean,
    each with the reason, `notes` what else a user should know. A representation without a temperature has None. `train`
    and `test` hold the images, without their vectors.
    """

    representation: str
    mean_ap: float
    temperature: float | None
    alignment: float
    purity: float | None
    train: Features = field(kw_only=True)
    test: Features = field(kw_only=True)
    left_out: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    about: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class BoardRow:
    """Hold what cross-validation within the training images says of one representation at one temperature.

    `mean_ap`, its `interval` and `per_class` are in percent. `interval` is as wide as that of 95 % of the draws of
    training images, and around `mean_ap`, which lies lower than the draws: images that are drawn twice raise it. A
    class that could not be measured has None. `alignment` is that with the labels, `purity` the share of the ten
    nearest images that have a class in common, in [0, 1], and `chance` what any two images would give. `dimensions` are
    the sizes of the factors of every part. `seconds` are those of the SVMs. `role` is forward, backward or product; a
    concatenation has the one that all its parts have in common, else product. A representation without a temperature
    has None, features of a file have no `network`. `train` holds the images, without their vectors; `about` is what all
    was made from, as JSON values. `draws` float64 (draws,) are the figures in percent on training images drawn again,
    the same images for every row.
    """

    network: str | None
    representation: str
    temperature: float | None
    mean_ap: float
    interval: tuple[float, float]
    per_class: Mapping[str, float | None]
    alignment: float
    purity: float | None
    chance: float | None
    dimensions: tuple[tuple[int, ...], ...]
    seconds: float
    role: Kind
    train: Features
    about: Mapping[str, Any]
    draws: np.ndarray = field(repr=False, compare=False)


@dataclass(frozen=True)
class Gain:
    """Hold what a layer's gradient is better by than its input and output joined, by cross-validation, in percent.

    `interval` holds 95 % of the draws of training images, the same for both; nan where nothing could be drawn.
    """

    product: BoardRow
    joined: BoardRow
    value: float
    interval: tuple[float, float]


@dataclass(frozen=True)
class Classification:
    """Hold what SVMs trained on one data set see in other photographs: `scores` float64 (n, classes) for `rows.ids`.

    A positive score says that the class is there; scores of different classes are not on one scale.
    """

    representation: str
    classes: tuple[str, ...]
    rows: Features
    scores: np.ndarray
    notes: tuple[str, ...]
    about: Mapping[str, Any]


def zero_note(kernel: Kernel, normalise: str) -> tuple[str, ...]:
    """Return a note on how many images are similar to nothing, or none.

    Parameters
    ----------
    kernel
        The kernel of these images.
    normalise
        The normalisation that it was made with.
    """
    if not kernel.zero_rows:
        return ()
    why = "an all-zero vector" if normalise != "centred" else "a vector that is all zero or equals the mean"
    return (
        f"{counted(kernel.zero_rows, f'image has {why} and is', f'images have {why} and are')} similar to nothing.",
    )


def centre_note(asked: bool) -> tuple[str, ...]:
    """Return a note that a centred kernel was asked for where it makes no difference, or none."""
    return (CENTRE_NOTE,) if asked else ()


def method_note(drawn: Embedding, asked: str) -> tuple[str, ...]:
    """Return a note on how a map was drawn where it was not as asked, or none.

    Parameters
    ----------
    drawn
        The map.
    asked
        The method that was asked for: umap, tsne or pca.
    """
    if asked == "pca" or drawn.method != "principal components":
        return ()
    name = {"umap": "UMAP", "tsne": "t-SNE"}[asked]
    return (f"Too few images for {name}: the kernel's two principal components are drawn.",)


def unscored_notes(left_out: Mapping[str, str]) -> tuple[str, ...]:
    """List the classes that could not be scored, a sentence for each reason."""
    return _grouped(left_out, "left out of the mean")


def untrained_notes(reasons: Mapping[str, str]) -> tuple[str, ...]:
    """List the classes that could not be learnt, a sentence for each reason; an empty reason is none."""
    return _grouped({name: why for name, why in reasons.items() if why}, "the same score for every photograph")


def _grouped(reasons: Mapping[str, str], consequence: str) -> tuple[str, ...]:
    by_reason: dict[str, list[str]] = {}
    for name, why in reasons.items():
        by_reason.setdefault(why, []).append(name)
    return tuple(
        f"{why[0].upper()}{why[1:]}, so {consequence}: {', '.join(names)}." for why, names in by_reason.items()
    )


def mean_name(classes: Iterable[str]) -> str:
    """Return what a row or bar for the mean is called, so that no class is called the same."""
    name = "mean"
    while name in classes:
        name += " of all"
    return name


def once(*notes: tuple[str, ...]) -> tuple[str, ...]:
    """Return the notes joined; one that holds for both splits is there once."""
    return tuple(dict.fromkeys(chain(*notes)))


def percent(value: float) -> float | None:
    """Return a share in percent, None for NaN."""
    return None if np.isnan(value) else 100 * float(value)
