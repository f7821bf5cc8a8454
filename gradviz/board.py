"""Which one should I use? Every representation at every temperature, compared on the training images alone.

A row of the board is the mean average precision over the folds of a cross-validation within the training split, with
the folds that choose C and the temperature elsewhere. `gradviz.ranking` chooses among the rows.

Most of the work is shared: a temperature changes gradients and the last softmax, so the kernels of all other vectors
are computed once, and the kernel of dW or of a concatenation is put together from those of its vectors.
"""

import math
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Literal

import numpy as np

from gradviz import kernels, metrics
from gradviz.callbacks import Cancel, Progress, never, part, silent, stop_if
from gradviz.embedding import nearest
from gradviz.errors import ChoiceError
from gradviz.experiment import Experiment
from gradviz.features.extraction import SCHEMA, Features
from gradviz.features.store import Store
from gradviz.home import home
from gradviz.metrics import Purity
from gradviz.networks import NETWORKS
from gradviz.networks.weights import locate, sha256
from gradviz.representations import Kind, Representation, kind_of, parse, tempered
from gradviz.resampling import around, resample
from gradviz.results import BoardRow, percent
from gradviz.spec import TEMPERATURE_GRID

TEMPERATURES = (*TEMPERATURE_GRID, math.inf)
"""What is tried: the grid of `temperature="cv"`, and what gradients tend to beyond it."""
NEIGHBOURS = 10
"""Neighbours of an image whose purity is measured."""
MOST = 1000
"""Images that kernels are compared with each other on; more say the same, and take their square."""

Wanted = tuple[str, float | None]
"""A representation and its temperature, None where it has none."""


def wanted(lab: Experiment, temperatures: Sequence[float] = TEMPERATURES) -> tuple[Wanted, ...]:
    """List the rows of the board, in the order in which they are computed: first what has no temperature.

    Parameters
    ----------
    lab
        Photographs and a network, or a file of features, where nothing has a temperature.
    temperatures
        What is tried for all others. At infinity the last softmax says the same of every image, and is left out.

    Returns
    -------
    tuple of (str, float or None)
        Representation and temperature.
    """
    last = None if lab.images.features else _last(lab)
    with_one = [name for name in lab.offer.representations if last is not None and _tempered(name, lab, last)]
    without = [name for name in lab.offer.representations if name not in with_one]
    return (
        *((name, None) for name in without),
        *((n, tau) for tau in temperatures for n in with_one if tau < math.inf or not _is_softmax(n, lab, last)),
    )


def board(
    lab: Experiment,
    rows: Collection[Wanted] | None = None,
    *,
    train: str,
    C: float | Literal["cv"] = 1.0,
    ap: str | None = None,
    progress: Progress = silent,
    cancel: Cancel = never,
) -> Iterator[BoardRow]:
    """Measure representations by cross-validation within the training split; yield each as soon as it is known.

    Parameters
    ----------
    lab
        Photographs and a network; the temperature of its Spec does not matter.
    rows
        Those of `wanted` to measure; None for all.
    train
        The split to learn from; nothing else is looked at.
    C
        The SVMs' penalty, or "cv": for each class the best on the same folds.
    ap
        eleven_point, area or sklearn; by default the data set's own.
    progress, cancel
        Progress counts thousandths of the work; cancel is asked between batches and classes.

    Yields
    ------
    BoardRow
        In the order of `wanted`. The interval is over training images, 95 %.

    Raises
    ------
    ChoiceError
        Where the data set has no labels, or there is no such split.
    """
    from gradviz.svm import check_C

    check_C(C)  # before any work
    every = wanted(lab) if rows is None else tuple(one for one in wanted(lab) if one in set(rows))
    if lab.images.labels is None:
        raise ChoiceError(f"{lab.images.name} has no labels, so nothing can be trained or scored on it.")
    by_temperature: dict[float | None, list[Representation]] = {}
    for name, tau in every:
        by_temperature.setdefault(tau, []).append(parse(name, lab.offer))
    shared, done = _Grams(lab, train), 0
    for tau, parsed in by_temperature.items():
        here = part(progress, done / len(every), (done + 1) / len(every))
        grams = shared.at(tau, parsed, here, cancel)
        for one in parsed:
            stop_if(cancel)
            yield _measured(one, tau, grams, train, C, ap or lab.images.ap, cancel)
            done += 1
            progress(round(1000 * done / len(every)), 1000)


def at(lab: Experiment, temperature: float | None) -> Experiment:
    """Return an experiment at a row's temperature, or as it is where the row has none.

    Parameters
    ----------
    lab
        The experiment.
    temperature
        That of the row.
    """
    spec = lab.spec
    if temperature is None:
        temperature = 1.0 if spec.temperature == "cv" else spec.temperature
    return replace(lab, spec=replace(spec, temperature=temperature))


def similarities(
    results: Sequence[tuple[Experiment, str, float | None]],
    train: str,
    *,
    most: int = MOST,
    progress: Progress = silent,
    cancel: Cancel = never,
) -> np.ndarray:
    """Compare kernels with each other by centred kernel alignment, on at most `most` training images.

    Parameters
    ----------
    results
        r experiments on the same photographs, each with a representation and its temperature, None for none.
    train
        The split.
    most
        The images, every so many in the order of their ids.
    progress, cancel
        Progress counts kernels; cancel is asked between them.

    Returns
    -------
    ndarray of shape (r, r), float64
        In [-1, 1]; nan for a constant kernel.

    Raises
    ------
    ChoiceError
        Where the photographs differ, or there is no such representation or split.
    """
    units, ids = [], None
    for i, (lab, representation, temperature) in enumerate(results):
        stop_if(cancel)
        here = at(lab, temperature)
        positions = _by_id(here, train)
        positions = positions[np.linspace(0, len(positions) - 1, min(most, len(positions))).round().astype(int)]
        parsed = parse(representation, here.offer)
        rows_of = here.features(parsed.needs, positions, cancel=cancel)
        if ids not in (None, rows_of.ids):
            raise ChoiceError("Kernels of different images cannot be compared.")
        ids = rows_of.ids
        K = kernels.kernel(parsed, rows_of.arrays, normalise=here.spec.normalise, cancel=cancel).K
        centred = kernels.centre(K.astype(np.float64)).ravel()
        norm = np.linalg.norm(centred)
        constant = norm <= 1e-12 * np.linalg.norm(K)
        units.append((centred / (np.nan if constant else norm)).astype(np.float32))
        progress(i + 1, len(results))
    stacked = np.stack(units) if units else np.zeros((0, 1), np.float32)
    found = np.zeros((len(units), len(units)))
    for start in range(0, stacked.shape[1], 65536):
        piece = stacked[:, start : start + 65536].astype(np.float64)
        found += piece @ piece.T
    return found


def stored(lab: Experiment, *splits: str) -> tuple[str, ...]:
    """List the networks that have looked at all images of some splits already, without loading one.

    Parameters
    ----------
    lab
        The photographs, their preprocessing and the store; its network does not matter.
    splits
        The splits.

    Returns
    -------
    tuple of str
        Names of networks with their published weights, in the table's order.
    """
    if lab.images.features:
        return ()
    store = Store(lab.store or home(lab.home) / "store")
    same = {"kind": "forward", "schema": SCHEMA, "preprocess": lab.spec.preprocess, "tf32": lab.spec.tf32}
    positions = np.unique(np.concatenate([lab.images.select(split, lab.spec.images) for split in splits]))
    names = set()
    for key in store.keys():  # noqa: SIM118 - a store is no mapping
        name = key.get("network")
        if name not in NETWORKS or name in names or any(key.get(k) != value for k, value in same.items()):
            continue
        file = locate(NETWORKS[name], lab.home)
        if file is None or sha256(file) != key.get("weights"):
            continue
        if not store.entry(key).missing([lab.images.contents[i] for i in positions]):
            names.add(name)
    return tuple(name for name in NETWORKS if name in names)


class _Grams:
    """The kernels of single vectors on the training images: those without a temperature are computed once."""

    def __init__(self, lab: Experiment, train: str) -> None:
        self._lab, self._positions = lab, _by_id(lab, train)
        self._kept: dict[str, np.ndarray] = {}
        self._features: Features | None = None

    def at(
        self, temperature: float | None, parsed: Sequence[Representation], progress: Progress, cancel: Cancel
    ) -> "_At":
        lab = at(self._lab, temperature)
        last = None if lab.images.features else _last(lab)
        needs = tuple(dict.fromkeys(name for one in parsed for name in one.needs))
        kept = self._features.arrays if self._features else {}
        absent = [name for name in needs if name not in kept]
        rows = self._features
        if absent or rows is None:
            rows = lab.features(absent or needs, self._positions, progress=progress, cancel=cancel)
        arrays = {**kept, **rows.arrays}
        plain = [name for name in arrays if last is None or not tempered(name, last)]
        self._features = replace(rows, arrays={name: arrays[name] for name in plain})
        return _At(lab, replace(rows, arrays=arrays), frozenset(plain), self._kept)


class _At:
    """The vectors at one temperature, and the kernel of each from the moment when it is first needed."""

    def __init__(self, lab: Experiment, rows: Features, plain: frozenset[str], kept: dict[str, np.ndarray]) -> None:
        self.rows, self.lab, self._plain, self._kept = rows, lab, plain, kept
        self.images = replace(rows, arrays={})
        self._here: dict[str, np.ndarray] = {}

    def kernel(self, parsed: Representation, cancel: Cancel) -> np.ndarray:
        """Put the kernel of a representation together from those of its vectors."""
        for name in parsed.needs:
            grams = self._kept if name in self._plain else self._here
            if name not in grams:
                grams[name] = _gram(self.lab, name, self.rows.arrays, cancel)
        return kernels.combined(parsed, {**self._kept, **self._here})


def _gram(lab: Experiment, name: str, arrays: Mapping[str, np.ndarray], cancel: Cancel) -> np.ndarray:
    device = "cpu" if lab.images.features else str(lab.model.device)
    parsed = parse(name, lab.offer)
    return kernels.kernel(parsed, arrays, normalise=lab.spec.normalise, device=device, cancel=cancel).K


def _measured(
    parsed: Representation,
    temperature: float | None,
    there: _At,
    train: str,
    C: float | Literal["cv"],
    ap: str,
    cancel: Cancel,
) -> BoardRow:
    from gradviz.svm import held_out

    begin, lab, rows = time.perf_counter(), there.lab, there.rows
    labels = rows.labels
    if labels is None:  # `board` has refused it
        raise ChoiceError(f"{lab.images.name} has no labels.")
    if lab.spec.normalise == "centred":
        K = kernels.kernel(parsed, rows.arrays, normalise="centred", cancel=cancel).K
        folded = held_out(
            kernels.CentredKernels(parsed, rows.arrays, cancel=cancel),
            labels,
            C=C,
            seed=lab.spec.seed,
            ap=ap,
            cancel=cancel,
        )
    else:
        K = there.kernel(parsed, cancel)
        folded = held_out(K, labels, C=C, seed=lab.spec.seed, ap=ap, cancel=cancel)
    seconds = time.perf_counter() - begin
    drawn = resample(folded.scores, labels, ap, folds=folded.folds, cancel=cancel)
    draws = 100 * drawn.mean
    purity = _purity(K, labels)
    return BoardRow(
        network=None if lab.images.features else lab.spec.network,
        representation=parsed.name,
        temperature=temperature,
        mean_ap=100 * folded.mean,
        interval=around(100 * folded.mean, draws),
        per_class={
            name: percent(value) for name, value in zip(lab.images.classes, folded.per_class.tolist(), strict=True)
        },
        alignment=metrics.alignment(K, metrics.label_kernel(labels)),
        purity=purity and purity.value,
        chance=purity and purity.chance,
        dimensions=_dimensions(parsed, rows.arrays),
        seconds=seconds,
        role=_role(parsed),
        train=there.images,
        about=there.lab.about(train=train, C=C, ap=ap, temperature=_as_json(temperature)),
        draws=draws,
    )


def _as_json(temperature: float | None) -> float | str | None:
    return "inf" if temperature == math.inf else temperature


def _role(parsed: Representation) -> Kind:
    kinds: list[Kind] = [one.kind for one in parsed.parts]
    return kinds[0] if len(set(kinds)) == 1 else "product"


def _purity(K: np.ndarray, labels: np.ndarray) -> Purity | None:
    if len(K) < 2:
        return None
    return metrics.neighbour_purity(nearest(K, min(NEIGHBOURS, len(K) - 1))[0], labels)


def _dimensions(parsed: Representation, arrays: Mapping[str, np.ndarray]) -> tuple[tuple[int, ...], ...]:
    """Return the sizes of the factors of every part."""
    return tuple(tuple(arrays[name].shape[1] for name in one.factors) for one in parsed.parts)


def _by_id(lab: Experiment, split: str) -> np.ndarray:
    """Select a split in the order of its ids, as `evaluate` does: folds then do not depend on the data set's order."""
    chosen = lab.images.select(split, lab.spec.images)
    if not len(chosen):
        raise ChoiceError(f"The split {split} of {lab.images.name} has no image: choose another one.")
    return np.array(sorted(chosen, key=lab.images.ids.__getitem__), np.int64)


def _last(lab: Experiment) -> int:
    """Return the number of the network's last layer; a network of the table is not loaded for it."""
    known = NETWORKS.get(lab.spec.network)
    return (known or lab.model.network).numbers[-1]


def _tempered(name: str, lab: Experiment, last: int) -> bool:
    return any(tempered(vector, last) for vector in parse(name, lab.offer).needs)


def _is_softmax(name: str, lab: Experiment, last: int | None) -> bool:
    """Return whether a representation holds a forward vector with a temperature."""
    needs = parse(name, lab.offer).needs
    return last is not None and any(kind_of(one) == "forward" and tempered(one, last) for one in needs)
