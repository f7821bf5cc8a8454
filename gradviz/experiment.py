"""The verbs: what people ask of photographs and a network, composed from the modules that compute.

from gradviz.datasets import find
from gradviz.experiment import Experiment, Spec

lab = Experiment(find("demo"), Spec(network="alexnet64", temperature=8))
print(lab.evaluate("dW6", train="trainval", test="test").mean_ap)
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from gradviz import kernels, metrics, results
from gradviz.callbacks import Cancel, Progress, never, part, silent
from gradviz.datasets import ImageSet
from gradviz.embedding import Embedding, check_neighbours, embed, nearest
from gradviz.errors import ChoiceError
from gradviz.features.extraction import Extracted, Extraction, Features
from gradviz.features.pseudo_labels import PseudoLabel, pseudo_label
from gradviz.features.store import Store
from gradviz.home import home as home_folder
from gradviz.kernels import Kernel
from gradviz.networks import Network, network
from gradviz.networks.custom import load_own
from gradviz.networks.loading import Model, load
from gradviz.representations import Offer, Representation, offered_by, parse
from gradviz.spec import TEMPERATURE_GRID, Spec

if TYPE_CHECKING:
    from gradviz.svm import OneVsRestSVC

__all__ = ["Experiment", "Spec"]


@dataclass(frozen=True)
class Experiment:
    """Bind an image set to a Spec, and answer questions about them; nothing is loaded before it is needed.

    Features are kept in `store` (default: `home`/store) and read from there the next time; weights are looked for in
    `home`. The methods are what the command line and the pages offer.
    """

    images: ImageSet
    spec: Spec = field(default_factory=Spec)
    home: Path | None = None
    store: Path | None = None
    device: str = "auto"

    @cached_property
    def model(self) -> Model:
        """Load the network; NetworkError when its weights are missing or do not fit."""
        if ":" in self.spec.network:
            return load_own(self.spec.network, device=self.device)
        return load(network(self.spec.network), weights=self.spec.weights, device=self.device, home=self.home)

    @cached_property
    def offered(self) -> tuple[str, ...]:
        """List the representations that can be asked for."""
        if self.images.features:
            return offered_by(self.images.features)
        return self._network.representations

    def parse(self, representation: str) -> Representation:
        """Read a representation's name; ChoiceError lists what there is."""
        name = self.images.name if self.images.features else self.spec.network
        return parse(representation, Offer(name, self.offered))

    def about(self, **more: Any) -> dict[str, Any]:
        """Say what a result is made from, as JSON values: data set, network and every choice."""
        made = {"dataset": self.images.name, "dataset_digest": self.images.digest, **self.spec.public()}
        made |= {"network": None} if self.images.features else {"weights_digest": self.model.digest}
        return made | more

    def extract(self, split: str | None = None, *, progress: Progress = silent, cancel: Cancel = never) -> Extracted:
        """Fill the store with the forward pass over a split; what is kept already is not computed again."""
        if self.images.features:
            raise ChoiceError(f"{self.images.name} holds features already: there are no images to extract them from.")
        return self._extraction.extract(self._select(split), progress=progress, cancel=cancel)

    def features(
        self,
        names: Sequence[str],
        split: str | None = None,
        *,
        progress: Progress = silent,
        cancel: Cancel = never,
    ) -> Features:
        """Give the named vectors (such as x5 and dy6) of a split, float32 of shape (n, d)."""
        return self.features_of(names, self._select(split), progress=progress, cancel=cancel)

    def features_of(
        self,
        names: Sequence[str],
        positions: Sequence[int],
        *,
        progress: Progress = silent,
        cancel: Cancel = never,
    ) -> Features:
        """Give the named vectors of the images at these positions of the data set."""
        positions = np.asarray(positions, np.int64)
        if self.images.features:
            return Features(self.images, positions, {name: self.images.features[name][positions] for name in names})
        if self.spec.temperature == "cv":
            raise ChoiceError("The temperature can be chosen by cv only where a training split is scored (evaluate).")
        return self._extraction.features(
            names,
            positions,
            temperature=self.spec.temperature,
            label=self._label,
            progress=progress,
            cancel=cancel,
        )

    def kernel(
        self,
        representation: str,
        split: str | None = None,
        *,
        cols: Features | None = None,
        progress: Progress = silent,
        cancel: Cancel = never,
    ) -> results.KernelResult:
        """Compute the kernel of a split with itself, or with other features (rows x columns)."""
        parsed = self.parse(representation)
        rows = self.features(parsed.needs, split, progress=part(progress, 0, 0.8), cancel=cancel)
        found = self.gram(parsed, rows, cols, progress=part(progress, 0.8, 1), cancel=cancel)
        K = kernels.centre(found.K) if self.spec.centre and cols is None else found.K
        return results.KernelResult(
            representation=parsed.name,
            rows=rows,
            cols=rows if cols is None else cols,
            K=K,
            K_fw=found.K_fw,
            K_bw=found.K_bw,
            notes=rows.notes + _zero_note(found),
            about=self.about(representation=parsed.name, split=split),
        )

    def gram(self, parsed: Representation, rows: Features, cols: Features | None, **callbacks: Any) -> Kernel:
        """Compute the kernel of features that are at hand, as the choice says but never centred."""
        others = None if cols is None else cols.arrays
        device = "cpu" if self.images.features else str(self.model.device)
        return kernels.kernel(parsed, rows.arrays, others, normalise=self.spec.normalise, device=device, **callbacks)

    @cached_property
    def factors(self) -> tuple[str, ...]:
        """List the single vectors that there are, in the network's order: x5, y6, dy6, x6, ..."""
        if self.images.features:
            return tuple(self.images.features)
        return tuple(name for name in self.offered if "+" not in name and not name.startswith("dW"))

    def evaluate(
        self,
        representation: str,
        *,
        train: str,
        test: str,
        C: float | Literal["cv"] = 1.0,
        ap: str | None = None,
        progress: Progress = silent,
        cancel: Cancel = never,
    ) -> results.Evaluation:
        """Train one SVM a class on `train` and score it on `test`: average precision in percent.

        `ap` is eleven_point, area or sklearn; without it the data set's own (eleven_point for VOC 2007, else area).
        With C or the temperature at "cv" they are chosen by cross-validation within `train` alone.
        """
        parsed, laps = self.parse(representation), _Laps()
        self._check_splits(train, test)
        if self.spec.temperature == "cv":
            chosen = self._at_best_temperature(parsed, train, C, ap or self.images.ap, part(progress, 0, 0.7), cancel)
            laps.end("temperature")
            again = part(progress, 0.7, 1)
            found = chosen.evaluate(representation, train=train, test=test, C=C, ap=ap, progress=again, cancel=cancel)
            return replace(found, seconds=laps.seconds | found.seconds, about={**found.about, "temperature": "cv"})
        kind = ap or self.images.ap
        rows = self.features(parsed.needs, train, progress=part(progress, 0, 0.4), cancel=cancel)
        cols = self.features(parsed.needs, test, progress=part(progress, 0.4, 0.8), cancel=cancel)
        laps.end("features")
        K_train, K_test, notes = self._train_and_test(parsed, rows, cols, cancel)
        laps.end("kernel")
        svm = self._machines(C, kind)
        svm.fit(K_train, rows.labels, progress=part(progress, 0.8, 1), cancel=cancel)
        scores = svm.decision_function(K_test)
        laps.end("svm")
        measured = metrics.mean_ap(scores, cols.labels, kind)
        return results.Evaluation(
            representation=parsed.name,
            mean_ap=100 * measured.mean,
            per_class={c: _percent(a) for c, a in zip(self.images.classes, measured.per_class, strict=True)},
            ap=kind,
            C=dict(zip(self.images.classes, np.asarray(svm.C_).tolist(), strict=True)),
            temperature=self.spec.temperature,
            train=rows,
            test=cols,
            scores=scores,
            seconds=laps.seconds,
            notes=_once(rows.notes, cols.notes, notes, _unscored_note(self.images, measured)),
            about=self.about(representation=parsed.name, train=train, test=test, C=C, ap=kind),
        )

    def embed(
        self,
        representation: str,
        split: str | None = None,
        *,
        neighbours: int = 15,
        others: "Experiment | None" = None,
        progress: Progress = silent,
        cancel: Cancel = never,
    ) -> results.Map:
        """Map a split with UMAP from the kernel's distances; the same seed gives the same picture.

        `others` are photographs to be mapped together with it, such as a visitor's own; the quality is the split's.
        """
        check_neighbours(neighbours)
        found = self.kernel(representation, split, progress=part(progress, 0, 0.5), cancel=cancel)
        extra = others and others.features(self.parse(representation).needs, cancel=cancel)
        K = self._united(found, extra, cancel) if extra else found.K
        drawn = embed(K, neighbours=neighbours, seed=self.spec.seed, progress=part(progress, 0.5, 1), cancel=cancel)
        purity = self._purity(found.K, found.rows, neighbours)
        return results.Map(
            representation=found.representation,
            rows=found.rows,
            others=extra,
            points=drawn.points,
            trustworthiness=drawn.trustworthiness,
            purity=purity and purity.value,
            chance=purity and purity.chance,
            notes=_once(found.notes, extra.notes if extra else (), _method_note(drawn)),
            about={**found.about, "neighbours": neighbours},
        )

    def align(
        self,
        representations: Sequence[str],
        split: str | None = None,
        *,
        progress: Progress = silent,
        cancel: Cancel = never,
    ) -> results.Alignments:
        """Compare kernels with each other and with the labels by centred kernel alignment (CKA)."""
        names = tuple(self.parse(text).name for text in representations)
        found = [
            self.kernel(name, split, progress=part(progress, i / len(names), (i + 1) / len(names)), cancel=cancel)
            for i, name in enumerate(names)
        ]
        between = np.array([[metrics.alignment(a.K, b.K) for b in found] for a in found])
        rows = found[0].rows
        labels = None if rows.labels is None else metrics.label_kernel(rows.labels)
        with_labels = None if labels is None else np.array([metrics.alignment(a.K, labels) for a in found])
        return results.Alignments(names, between, with_labels, rows, self.about(representations=names, split=split))

    def neighbours(
        self,
        representation: str,
        image: str,
        split: str | None = None,
        *,
        top: int = 10,
        of: "Experiment | None" = None,
        progress: Progress = silent,
        cancel: Cancel = never,
    ) -> tuple[results.Neighbour, ...]:
        """List the images whose kernel value with `image` is largest; ties keep the data set's order.

        `image` is one of this data set's, or with `of` one of another experiment's.
        """
        if top < 1:
            raise ChoiceError(f"The number of neighbours must be 1 or more, not {top}.")
        parsed, home_of = self.parse(representation), of or self
        asked = home_of.features_of(parsed.needs, [home_of.images.source(image)], cancel=cancel)
        rows = self.features(parsed.needs, split, progress=progress, cancel=cancel)
        K = self.gram(parsed, asked, rows, cancel=cancel).K
        K = (kernels.centre(K, self.gram(parsed, rows, None, cancel=cancel).K) if self.spec.centre else K)[0]
        order = [i for i in np.argsort(-K, kind="stable") if of or rows.ids[i] != image][:top]
        named = self.images.labels_of
        return tuple(results.Neighbour(rows.ids[i], named(rows.positions[i]), float(K[i])) for i in order)

    def classify(
        self,
        representation: str,
        others: "Experiment",
        *,
        train: str,
        C: float | Literal["cv"] = 1.0,
        progress: Progress = silent,
        cancel: Cancel = never,
    ) -> results.Classification:
        """Train one SVM a class on `train` and ask it about other photographs: which classes does it see there?"""
        parsed = self.parse(representation)
        self._require_labels()
        rows = self.features(parsed.needs, train, progress=part(progress, 0, 0.5), cancel=cancel)
        cols = others.features(parsed.needs, progress=part(progress, 0.5, 0.8), cancel=cancel)
        K_train, K_test, notes = self._train_and_test(parsed, rows, cols, cancel)
        svm = self._machines(C, self.images.ap)
        svm.fit(K_train, rows.labels, progress=part(progress, 0.8, 1), cancel=cancel)
        return results.Classification(
            representation=parsed.name,
            classes=self.images.classes,
            rows=cols,
            scores=svm.decision_function(K_test),
            notes=_once(rows.notes, cols.notes, notes),
            about=self.about(representation=parsed.name, train=train, C=C),
        )

    def layers(
        self,
        *,
        train: str,
        test: str,
        C: float | Literal["cv"] = 1.0,
        ap: str | None = None,
        progress: Progress = silent,
        cancel: Cancel = never,
    ) -> tuple[results.LayerRow, ...]:
        """Score every representation the network offers: mAP on `test`; alignment and purity on `test` too."""
        rows, offered = [], self.offered
        for i, name in enumerate(offered):
            here = part(progress, i / len(offered), (i + 1) / len(offered))
            scored = self.evaluate(name, train=train, test=test, C=C, ap=ap, progress=here, cancel=cancel)
            lab = replace(self, spec=replace(self.spec, temperature=scored.temperature))
            found = lab.kernel(name, test, cancel=cancel)
            aligned = metrics.alignment(found.K, metrics.label_kernel(found.rows.labels))
            purity = self._purity(found.K, found.rows, 10)
            rows.append(results.LayerRow(name, scored.mean_ap, scored.temperature, aligned, purity.value))
        return tuple(rows)

    @property
    def _network(self) -> Network:
        return self.model.network if ":" in self.spec.network else network(self.spec.network)

    @cached_property
    def _extraction(self) -> Extraction:
        store = Store(self.store or home_folder(self.home) / "store")
        return Extraction(self.images, self.model, store, preprocess=self.spec.preprocess, tf32=self.spec.tf32)

    @cached_property
    def _label(self) -> PseudoLabel:
        return pseudo_label(self.spec.pseudo_label, self.model, self.images)

    def _select(self, split: str | None) -> np.ndarray:
        return self.images.select(split, self.spec.images)

    def _train_and_test(
        self, parsed: Representation, rows: Features, cols: Features, cancel: Cancel
    ) -> tuple[np.ndarray, np.ndarray, tuple[str, ...]]:
        """Compute the kernel of the training images, and that of the test images with them."""
        train = self.gram(parsed, rows, None, cancel=cancel)
        test = self.gram(parsed, cols, rows, cancel=cancel)
        notes = _zero_note(train) + _zero_note(test)
        if self.spec.centre:
            return kernels.centre(train.K), kernels.centre(test.K, train.K), notes
        return train.K, test.K, notes

    def _united(self, found: results.KernelResult, extra: Features, cancel: Cancel) -> np.ndarray:
        """Compute the kernel of a split and other photographs together, (n + m, n + m)."""
        parsed, rows = self.parse(found.representation), found.rows
        plain = self.gram(parsed, rows, None, cancel=cancel).K if self.spec.centre else found.K
        between = self.gram(parsed, rows, extra, cancel=cancel).K
        among = self.gram(parsed, extra, None, cancel=cancel).K
        K = np.block([[plain, between], [between.T, among]])
        return kernels.centre(K) if self.spec.centre else K

    def _require_labels(self) -> None:
        if self.images.labels is None:
            raise ChoiceError(f"{self.images.name} has no labels, so nothing can be trained or scored on it.")

    def _check_splits(self, train: str, test: str) -> None:
        """Refuse what cannot be scored: no labels, or test images that were trained on."""
        self._require_labels()
        shared = np.intersect1d(self.images.select(train), self.images.select(test))
        if len(shared):
            raise ChoiceError(
                f"{train} and {test} of {self.images.name} share {len(shared)} images: "
                "choose splits that do not overlap."
            )

    def _machines(self, C: float | Literal["cv"], ap: str) -> "OneVsRestSVC":
        # scikit-learn takes seconds to load, and kernels, which people see first, need none of it.
        from gradviz.svm import OneVsRestSVC

        return OneVsRestSVC(C=C, seed=self.spec.seed, ap=ap)

    def _at_best_temperature(
        self, parsed: Representation, train: str, C: float | Literal["cv"], ap: str, progress: Progress, cancel: Cancel
    ) -> "Experiment":
        """Choose the temperature by cross-validation on the training split; the first of equals."""
        from gradviz.svm import cross_validate

        labs = [replace(self, spec=replace(self.spec, temperature=t)) for t in TEMPERATURE_GRID]
        if self.images.features or not any(self._network.tempered(name) for name in parsed.needs):
            return labs[0]
        scores = []
        for i, lab in enumerate(labs):
            here = part(progress, i / len(labs), (i + 1) / len(labs))
            rows = lab.features(parsed.needs, train, progress=here, cancel=cancel)
            K = lab.gram(parsed, rows, None, cancel=cancel).K
            K = kernels.centre(K) if self.spec.centre else K
            scores.append(cross_validate(K, rows.labels, C=C, seed=self.spec.seed, ap=ap, cancel=cancel))
        return labs[int(np.argmax(np.nan_to_num(scores, nan=-1)))]

    def _purity(self, K: np.ndarray, rows: Features, k: int) -> metrics.Purity | None:
        if rows.labels is None or len(rows.ids) < 2:
            return None
        return metrics.neighbour_purity(nearest(K, min(k, len(K) - 1))[0], rows.labels)


def _zero_note(kernel: Kernel) -> tuple[str, ...]:
    """Say how many images are similar to nothing."""
    if not kernel.zero_rows:
        return ()
    return (f"{kernel.zero_rows} images have an all-zero vector and are similar to nothing.",)


class _Laps:
    """Measure how long each stage of a verb takes."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._last = time.perf_counter()

    def end(self, stage: str) -> None:
        now = time.perf_counter()
        self.seconds[stage], self._last = now - self._last, now


def _percent(value: float) -> float | None:
    return None if np.isnan(value) else 100 * float(value)


def _once(*notes: tuple[str, ...]) -> tuple[str, ...]:
    """Join notes; what holds for both splits is said once."""
    return tuple(dict.fromkeys(chain(*notes)))


def _method_note(drawn: Embedding) -> tuple[str, ...]:
    if drawn.method == "UMAP":
        return ()
    return ("Too few images for UMAP: the kernel's two principal components are drawn.",)


def _unscored_note(images: ImageSet, measured: metrics.MeanAP) -> tuple[str, ...]:
    if not measured.left_out:
        return ()
    names = ", ".join(images.classes[c] for c in measured.left_out)
    return (f"No positive test image, so left out of the mean: {names}.",)
