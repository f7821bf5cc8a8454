"""The verbs: what people ask of photographs and a network, composed from the modules that compute.

from gradviz.datasets import find
from gradviz.experiment import Experiment, Spec

lab = Experiment(find("demo"), Spec(network="alexnet64", temperature=8))
print(lab.evaluate("dW6", train="trainval", test="test").mean_ap)
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from gradviz import kernels, metrics, results
from gradviz.callbacks import Cancel, Progress, never, part, silent
from gradviz.datasets import ImageSet, find
from gradviz.embedding import check_neighbours, embed, nearest
from gradviz.errors import ChoiceError
from gradviz.features.extraction import Extracted, Extraction, Features
from gradviz.features.pseudo_labels import PseudoLabel, pseudo_label
from gradviz.features.store import Store
from gradviz.home import home as home_folder
from gradviz.kernels import Kernel, ProductKernel
from gradviz.networks import Network, network
from gradviz.networks.custom import load_own
from gradviz.networks.loading import Model, load
from gradviz.representations import Offer, Representation, parse, tempered
from gradviz.results import once, percent
from gradviz.spec import TEMPERATURE_GRID, Spec

if TYPE_CHECKING:
    from gradviz.svm import OneVsRestSVC

__all__ = ["Experiment", "Spec"]

Where = str | Sequence[int] | np.ndarray | None
"""Images of a data set: a split, or None for all, of which `Spec.images` takes so many; or positions in any order."""


@dataclass(frozen=True, init=False)
class Experiment:
    """Bind photographs to a Spec, and answer questions about them; nothing is loaded before it is needed.

    The methods are what the command line and the pages offer. All take `progress` and `cancel`, see gradviz.callbacks.

    Parameters
    ----------
    images
        A data set, or what `gradviz.datasets.find` takes: a name, a folder or a file. It is then read from `home`, and
        `spec.seed` draws train and val for labelled data without splits.
    spec
        What was chosen; by default what the command line chooses.
    home
        Where weights and data sets are looked for; by default $GRADVIZ_HOME.
    store
        Where features are kept and read from the next time; by default `home`/store.
    device
        auto, cpu, cuda or mps.

    Raises
    ------
    DatasetError
        Where no data set has this name, or it cannot be read.
    """

    images: ImageSet
    spec: Spec
    home: Path | None
    store: Path | None
    device: str

    def __init__(
        self,
        images: ImageSet | str | Path,
        spec: Spec | None = None,
        *,
        home: Path | None = None,
        store: Path | None = None,
        device: str = "auto",
    ) -> None:
        spec = spec or Spec()
        found = images if isinstance(images, ImageSet) else find(images, home=home, seed=spec.seed)
        vars(self).update(images=found, spec=spec, home=home, store=store, device=device)

    # What it is about

    @cached_property
    def model(self) -> Model:
        """Load the network; NetworkError when its weights are missing or do not fit."""
        if ":" in self.spec.network:
            return load_own(self.spec.network, device=self.device)
        return load(network(self.spec.network), weights=self.spec.weights, device=self.device, home=self.home)

    @cached_property
    def offer(self) -> Offer:
        """List what can be asked for: what the network offers, or what follows from the data set's own features."""
        if self.images.features:
            return Offer.of_vectors(self.images.name, tuple(self.images.features))
        return Offer.of_layers(self.spec.network, self._network.numbers)

    def about(self, **more: Any) -> dict[str, Any]:
        """Describe what a result is made from, as JSON values: data set, network and every choice."""
        made = {"dataset": self.images.name, "dataset_digest": self.images.digest, **self.spec.public()}
        made |= {"network": None} if self.images.features else {"weights_digest": self.model.digest}
        return made | more

    # Features and kernels

    def extract(self, split: str | None = None, *, progress: Progress = silent, cancel: Cancel = never) -> Extracted:
        """Fill the store with the forward pass over a split; what is kept already is not computed again."""
        if self.images.features:
            raise ChoiceError(f"{self.images.name} holds features already: there are no images to extract them from.")
        return self._extraction.extract(self._positions(split), progress=progress, cancel=cancel)

    def features(
        self, names: Sequence[str], where: Where = None, *, progress: Progress = silent, cancel: Cancel = never
    ) -> Features:
        """Read or compute vectors (such as x5 and dy6) of a split, or of the images at some positions.

        Returns
        -------
        Features
            Each vector as float32 of shape (n, d); images that could not be decoded are left out.
        """
        positions = self._positions(where)
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
        """Compute the kernel of a split with itself, or with other features (rows x columns).

        Returns
        -------
        KernelResult
            A ProductResult, with K_fw and K_bw, for a product such as dW6. K alone is centred where the Spec says so.
        """
        parsed = parse(representation, self.offer)
        rows = self.features(parsed.needs, split, progress=part(progress, 0, 0.8), cancel=cancel)
        found = self._kernel(parsed, rows, cols, progress=part(progress, 0.8, 1), cancel=cancel)
        common = {
            "representation": parsed.name,
            "rows": rows,
            "cols": rows if cols is None else cols,
            "K": kernels.centre(found.K) if self.spec.centre and cols is None else found.K,
            "notes": rows.notes + results.zero_note(found),
            "about": self.about(representation=parsed.name, split=split),
        }
        if isinstance(found, ProductKernel):
            return results.ProductResult(**common, K_fw=found.K_fw, K_bw=found.K_bw)
        return results.KernelResult(**common)

    def align(
        self,
        representations: Sequence[str],
        split: str | None = None,
        *,
        progress: Progress = silent,
        cancel: Cancel = never,
    ) -> results.Alignments:
        """Compare kernels with each other and with the labels by centred kernel alignment (CKA)."""
        asked = tuple(parse(text, self.offer) for text in representations)
        names, n = tuple(parsed.name for parsed in asked), len(asked)
        found = [
            self._of_split(parsed, split, part(progress, i / n, (i + 1) / n), cancel) for i, parsed in enumerate(asked)
        ]
        between = np.array([[metrics.alignment(a.K, b.K) for _, b in found] for _, a in found])
        rows = found[0][0]
        labels = None if rows.labels is None else metrics.label_kernel(rows.labels)
        with_labels = None if labels is None else np.array([metrics.alignment(a.K, labels) for _, a in found])
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
        parsed, home_of = parse(representation, self.offer), of or self
        asked = home_of.features(parsed.needs, [home_of.images.source(image)], cancel=cancel)
        rows = self.features(parsed.needs, split, progress=progress, cancel=cancel)
        K = self._kernel(parsed, asked, rows, cancel=cancel).K
        K = (kernels.centre(K, self._kernel(parsed, rows, None, cancel=cancel).K) if self.spec.centre else K)[0]
        order = [i for i in np.argsort(-K, kind="stable") if of or rows.ids[i] != image][:top]
        shown = self.images.labels_of
        return tuple(results.Neighbour(rows.ids[i], shown(int(rows.positions[i])), float(K[i])) for i in order)

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
        parsed = parse(representation, self.offer)
        rows, found = self._of_split(parsed, split, part(progress, 0, 0.5), cancel)
        K, extra = found.K, None
        if others:
            extra = others.features(parsed.needs, cancel=cancel)
            between = self._kernel(parsed, rows, extra, cancel=cancel).K
            K = np.block([[K, between], [between.T, self._kernel(parsed, extra, None, cancel=cancel).K]])
        drawn = embed(K, neighbours=neighbours, seed=self.spec.seed, progress=part(progress, 0.5, 1), cancel=cancel)
        purity = _purity(found.K, rows, neighbours)
        return results.Map(
            representation=parsed.name,
            rows=rows,
            others=extra,
            points=drawn.points,
            trustworthiness=drawn.trustworthiness,
            purity=purity and purity.value,
            chance=purity and purity.chance,
            notes=once(rows.notes, results.zero_note(found), extra.notes if extra else (), results.method_note(drawn)),
            about=self.about(representation=parsed.name, split=split, neighbours=neighbours),
        )

    # Classifiers

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
        """Train one binary SVM per class on `train` and score it on `test`: average precision in percent.

        Parameters
        ----------
        representation
            Such as x6, dW6 or x6+x7.
        train, test
            Splits without a common image.
        C
            The SVMs' penalty, or "cv": chosen per class by cross-validation within `train` alone, as the temperature is
            where the Spec says "cv".
        ap
            eleven_point, area or sklearn; by default the data set's own (eleven_point for VOC 2007, else area).

        Raises
        ------
        ChoiceError
            Where the data set has no labels, or the splits share images.
        """
        parsed, kind, laps = parse(representation, self.offer), ap or self.images.ap, _Laps()
        labels = self._labels
        self._check_splits(train, test)
        if self.spec.temperature == "cv":
            chosen = self._at_best_temperature(parsed, train, C, kind, part(progress, 0, 0.7), cancel)
            laps.end("temperature")
            again = part(progress, 0.7, 1)
            found = chosen.evaluate(representation, train=train, test=test, C=C, ap=ap, progress=again, cancel=cancel)
            return replace(found, seconds={**laps.seconds, **found.seconds}, about={**found.about, "temperature": "cv"})
        rows = self.features(parsed.needs, train, progress=part(progress, 0, 0.4), cancel=cancel)
        cols = self.features(parsed.needs, test, progress=part(progress, 0.4, 0.8), cancel=cancel)
        laps.end("features")
        trained = self._kernel(parsed, rows, None, cancel=cancel)
        asked = self._kernel(parsed, cols, rows, cancel=cancel)
        laps.end("kernel")
        svm = self._classifier(C, kind)
        svm.fit(trained.K, labels[rows.positions], progress=part(progress, 0.8, 1), cancel=cancel)
        scores = svm.decision_function(asked.K)
        laps.end("svm")
        measured = metrics.mean_ap(scores, labels[cols.positions], kind)
        zeros = (*results.zero_note(trained), *results.zero_note(asked))
        return results.Evaluation(
            representation=parsed.name,
            mean_ap=100 * measured.mean,
            per_class={c: percent(a) for c, a in zip(self.images.classes, measured.per_class, strict=True)},
            ap=kind,
            C=dict(zip(self.images.classes, np.asarray(svm.C_).tolist(), strict=True)),
            temperature=self.spec.temperature,
            train=rows,
            test=cols,
            scores=scores,
            seconds=laps.seconds,
            notes=once(rows.notes, cols.notes, zeros, results.unscored_note(self.images, measured)),
            about=self.about(representation=parsed.name, train=train, test=test, C=C, ap=kind),
        )

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
        """Train one binary SVM per class on `train` and apply it to other photographs: which classes are there?"""
        parsed, labels = parse(representation, self.offer), self._labels
        rows = self.features(parsed.needs, train, progress=part(progress, 0, 0.5), cancel=cancel)
        cols = others.features(parsed.needs, progress=part(progress, 0.5, 0.8), cancel=cancel)
        trained = self._kernel(parsed, rows, None, cancel=cancel)
        asked = self._kernel(parsed, cols, rows, cancel=cancel)
        svm = self._classifier(C, self.images.ap)
        svm.fit(trained.K, labels[rows.positions], progress=part(progress, 0.8, 1), cancel=cancel)
        return results.Classification(
            representation=parsed.name,
            classes=self.images.classes,
            rows=cols,
            scores=svm.decision_function(asked.K),
            notes=once(rows.notes, cols.notes, results.zero_note(trained), results.zero_note(asked)),
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
        """Score every representation that is offered: mAP, alignment with the labels and purity, all on `test`."""
        rows, names = [], self.offer.representations
        for i, name in enumerate(names):
            here = part(progress, i / len(names), (i + 1) / len(names))
            scored = self.evaluate(name, train=train, test=test, C=C, ap=ap, progress=here, cancel=cancel)
            asked, found = self._at(scored.temperature)._of_split(parse(name, self.offer), test, silent, cancel)
            aligned = metrics.alignment(found.K, metrics.label_kernel(self._labels[asked.positions]))
            purity = _purity(found.K, asked, 10)
            rows.append(results.LayerRow(name, scored.mean_ap, scored.temperature, aligned, purity and purity.value))
        return tuple(rows)

    # What the verbs share

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

    def _at(self, temperature: float) -> "Experiment":
        return replace(self, spec=replace(self.spec, temperature=temperature))

    def _positions(self, where: Where) -> np.ndarray:
        if where is None or isinstance(where, str):
            return self.images.select(where, self.spec.images)
        return np.asarray(where, np.int64)

    def _kernel(self, parsed: Representation, rows: Features, cols: Features | None, **callbacks: Any) -> Kernel:
        """Compute the kernel of features that are at hand, as the Spec says but never centred.

        Centring would change nothing for distances, for CKA and for an SVM, which has a bias.
        """
        others = None if cols is None else cols.arrays
        device = "cpu" if self.images.features else str(self.model.device)
        return kernels.kernel(parsed, rows.arrays, others, normalise=self.spec.normalise, device=device, **callbacks)

    def _of_split(
        self, parsed: Representation, split: str | None, progress: Progress, cancel: Cancel
    ) -> tuple[Features, Kernel]:
        """Compute the features and the kernel of a split, never centred."""
        rows = self.features(parsed.needs, split, progress=part(progress, 0, 0.8), cancel=cancel)
        return rows, self._kernel(parsed, rows, None, progress=part(progress, 0.8, 1), cancel=cancel)

    @property
    def _labels(self) -> np.ndarray:
        """Return the labels of all images, int8 (n, classes); ChoiceError where there are none."""
        if self.images.labels is None:
            raise ChoiceError(
                f"{self.images.name} has no labels, so nothing can be trained or scored on it.",
                findings=self.images.findings,
            )
        return self.images.labels

    def _check_splits(self, train: str, test: str) -> None:
        """Refuse test images that were trained on."""
        shared = np.intersect1d(self.images.select(train), self.images.select(test))
        if len(shared):
            raise ChoiceError(
                f"{train} and {test} of {self.images.name} share {len(shared)} images: "
                "choose splits that do not overlap."
            )

    def _classifier(self, C: float | Literal["cv"], ap: str) -> "OneVsRestSVC":
        # scikit-learn takes seconds to load, and kernels, which people see first, need none of it.
        from gradviz.svm import OneVsRestSVC

        return OneVsRestSVC(C=C, seed=self.spec.seed, ap=ap)

    def _at_best_temperature(
        self, parsed: Representation, train: str, C: float | Literal["cv"], ap: str, progress: Progress, cancel: Cancel
    ) -> "Experiment":
        """Choose the temperature by cross-validation on the training split; the first of equals."""
        from gradviz.svm import cross_validate

        labs = [self._at(temperature) for temperature in TEMPERATURE_GRID]
        if self.images.features or not any(tempered(name, self._network.numbers[-1]) for name in parsed.needs):
            return labs[0]
        scores = []
        for i, lab in enumerate(labs):
            here = part(progress, i / len(labs), (i + 1) / len(labs))
            rows = lab.features(parsed.needs, train, progress=here, cancel=cancel)
            K = lab._kernel(parsed, rows, None, cancel=cancel).K
            labels = self._labels[rows.positions]
            scores.append(cross_validate(K, labels, C=C, seed=self.spec.seed, ap=ap, cancel=cancel))
        return labs[int(np.argmax(np.nan_to_num(scores, nan=-1)))]


def _purity(K: np.ndarray, rows: Features, k: int) -> metrics.Purity | None:
    """Measure how often the k nearest images share a class; None without labels or without another image."""
    if rows.labels is None or len(rows.ids) < 2:
        return None
    return metrics.neighbour_purity(nearest(K, min(k, len(K) - 1))[0], rows.labels)


class _Laps:
    """Measure how long each stage of a verb takes, in seconds."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._last = time.perf_counter()

    def end(self, stage: str) -> None:
        now = time.perf_counter()
        self.seconds[stage], self._last = now - self._last, now
