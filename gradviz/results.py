"""What the verbs answer: frozen records that figures draw and exports write; each says what it was made from."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradviz.features.extraction import Features


@dataclass(frozen=True)
class KernelResult:
    """Hold a kernel between two selections; `K_fw` and `K_bw` are there for a product alone.

    Arrays are float32 of shape (rows, cols).
    """

    representation: str
    rows: Features
    cols: Features
    K: np.ndarray
    K_fw: np.ndarray | None
    K_bw: np.ndarray | None
    notes: tuple[str, ...]
    about: Mapping[str, Any]


@dataclass(frozen=True)
class Evaluation:
    """Hold the scores of one representation: average precision in percent, by class and as their mean.

    A class without a positive test image has None in `per_class` and is left out of the mean. `scores` float64
    (test images, classes) are the SVMs' decisions for `test.ids`. `seconds` tells where the time went.
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


@dataclass(frozen=True)
class Map:
    """Hold a map: `points` float32 (n, 2) for `rows.ids`, and how far its neighbourhoods can be trusted.

    With `others`, photographs of somebody's own mapped together with the rows, their points follow: (n + m, 2).
    `purity` is the share of kernel neighbours that have a class in common, `chance` what any two images would give.
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


@dataclass(frozen=True)
class Alignments:
    """Hold the centred alignment of kernels with each other, float64 (r, r), and with the labels, (r,) or None."""

    representations: tuple[str, ...]
    between: np.ndarray
    with_labels: np.ndarray | None
    rows: Features
    about: Mapping[str, Any]


@dataclass(frozen=True)
class Neighbour:
    """Name an image near another one: its id, its classes and the kernel's value for the pair."""

    id: str
    labels: tuple[str, ...]
    value: float


@dataclass(frozen=True)
class LayerRow:
    """Hold what one representation is worth: mAP in percent, alignment with the labels, purity of neighbours."""

    representation: str
    mean_ap: float
    temperature: float
    alignment: float
    purity: float


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
