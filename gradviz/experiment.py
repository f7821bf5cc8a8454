"""The verbs: what people ask of photographs and a network, composed from the modules that compute.

from gradviz.datasets import find
from gradviz.experiment import Experiment, Spec

lab = Experiment(find("demo"), Spec(network="alexnet64", temperature=8))
print(lab.evaluate("dW6", train="trainval", test="test").mean_ap)
"""

import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from gradviz import kernels, metrics, results
from gradviz.callbacks import Cancel, Progress, never, part, silent
from gradviz.datasets import ImageSet, find
from gradviz.datasets.reading import redrawn
from gradviz.embedding import Method, embed, nearest
from gradviz.errors import ChoiceError
from gradviz.features.extraction import Extracted, Extraction, Features
from gradviz.features.pseudo_labels import PseudoLabel, pseudo_label
from gradviz.features.store import Store
from gradviz.home import home as home_folder
from gradviz.kernels import Kernel, ProductKernel
from gradviz.networks import Network, network
from gradviz.networks.custom import load_own
from gradviz.networks.loading import Model, load
from gradviz.placement import placed
from gradviz.representations import Offer, Representation, parse, tempered
from gradviz.results import once, percent
from gradviz.spec import TEMPERATURE_GRID, Spec, check
from gradviz.words import counted

if TYPE_CHECKING:
    from gradviz.svm import OneVsRestSVC

__all__ = ["Experiment", "Spec"]

_OF_NETWORKS = ("network", "weights", "preprocess", "pseudo_label", "temperature", "tf32")
"""What is chosen for the way from photographs to features."""

Where = str | Sequence[int] | np.ndarray | None
"""Images of a data set: a split, or None for all, of which `Spec.images` takes so many; or positions in any order."""


@dataclass(frozen=True, init=False)
class Experiment:
    """Bind photographs to a Spec, and answer questions about them; nothing is loaded before it is needed.

    The methods are what the command line and the pages offer. All take `progress` and `cancel`, see gradviz.callbacks.

    Parameters
    ----------
    images
        A data set, or what `gradviz.datasets.find` takes: a name, a folder or a file, which is then read from `home`.
        Where labelled data come without splits, `spec.seed` draws train and val, whatever seed they were read with.
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
    ChoiceError
        Where a choice is about a network, but the data set holds features already.
    """

    images: ImageSet
    spec: Spec
    home: str | Path | None
    store: str | Path | None
    device: str

    def __init__(
        self,
        images: ImageSet | str | Path,
        spec: Spec | None = None,
        *,
        home: Path | str | None = None,
        store: Path | str | None = None,
        device: str = "auto",
    ) -> None:
        spec = spec or Spec()
        home, store = home and Path(home), store and Path(store)
        found = images if isinstance(images, ImageSet) else find(images, home=home, seed=spec.seed)
        vars(self).update(images=redrawn(found, spec.seed), spec=spec, home=home, store=store, device=device)
        plain = Spec()
        self.check_chosen([name for name in _OF_NETWORKS if getattr(spec, name) != getattr(plain, name)])

    def check_chosen(self, names: Collection[str]) -> None:
        """Check that what somebody chose, be it the default, can change something for these images.

        Parameters
        ----------
        names
            Fields of the Spec, or `device`.

        Raises
        ------
        ChoiceError
            For what is about a network, where the features come from a file.
        """
        useless = [name for name in (*_OF_NETWORKS, "device") if name in names]
        if self.images.features and useless:
            options = ", ".join(f"--{name.replace('_', '-')}" for name in useless)
            raise ChoiceError(
                f"{self.images.name} holds features already; leave out {options}: it changes nothing there."
            )

    # What it is about

    @cached_property
    def model(self) -> Model:
        """Load the network; NetworkError when its weights are missing or do not fit."""
        if ":" in self.spec.network:
            return load_own(self.spec.network, weights=self.spec.weights, device=self.device)
        return load(network(self.spec.network), weights=self.spec.weights, device=self.device, home=self.home)

    @cached_property
    def offer(self) -> Offer:
        """List what can be asked for: what the network offers, or what follows from the data set's own features."""
        if self.images.features:
            return Offer.of_vectors(self.images.name, tuple(self.images.features))
        return Offer.of_layers(self.spec.network, self._network.numbers)

    def about(self, **more: Any) -> dict[str, Any]:
        """Return what a result is made from, as JSON values: data set, network and every choice, and what `more` adds.

        Raises NetworkError where the weights, whose digest is part of it, are missing or do not fit.
        """
        made = {"dataset": self.images.name, "dataset_digest": self.images.digest, **self.spec.public()}
        if self.images.features:
            made |= {"network": None}
        else:
            file = self._label.digest if self._label.name == "file" else None
            made |= {"weights_digest": self.model.digest, "pseudo_label_digest": file, "device": str(self.model.device)}
            made |= self.model.described()
        return made | more

    # Features and kernels

    def extract(self, split: str | None = None, *, progress: Progress = silent, cancel: Cancel = never) -> Extracted:
        """Fill the store with the forward pass over a split; what is kept already is not computed again.

        Parameters
        ----------
        split
            A split of the data set; None for all images.
        progress, cancel
            Progress counts images; cancel is asked between batches.

        Returns
        -------
        Extracted
            How many images were selected and how many of them computed now, the seconds, and what was skipped.

        Raises
        ------
        ChoiceError
            Where there is no such split, or the data set holds features instead of pictures.
        DatasetError
            When not one of the images could be read.
        NetworkError
            When the weights are missing or do not fit.
        StoreError
            When the store cannot be written.
        """
        if self.images.features:
            raise ChoiceError(f"{self.images.name} holds features already: there are no images to extract them from.")
        return self._extraction.extract(self._positions(split), progress=progress, cancel=cancel)

    def features(
        self, names: Sequence[str], where: Where = None, *, progress: Progress = silent, cancel: Cancel = never
    ) -> Features:
        """Read or compute vectors (such as x5 and dy6) of a split, or of the images at some positions.

        Parameters
        ----------
        names
            Vectors; those of `offer.vectors` are there.
        where
            A split, None for all images (both bounded by `spec.images`), or positions (n,) in any order.
        progress, cancel
            Progress counts thousandths of the work; cancel is asked between batches.

        Returns
        -------
        Features
            Each vector as float32 of shape (n, d), a mean over crops; images that could not be decoded are left out.

        Raises
        ------
        ChoiceError
            Where there is no such split or vector, or the temperature is "cv", which needs a training split.
        DatasetError
            When not one of the images could be read.
        NetworkError
            When the weights are missing or do not fit.
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

        With the normalisation "centred" the mean is that of the split's images, as it is for maps, alignment and
        neighbours.

        Parameters
        ----------
        representation
            Such as x6, dW6 or x6+x7; see gradviz.representations.
        split
            The n row images; None for all.
        cols
            The m column images, with the vectors that the representation needs; None for the rows themselves.
        progress, cancel
            Progress counts thousandths of the work; cancel is asked between batches.

        Returns
        -------
        KernelResult
            K (n, m); a ProductResult, with K_fw and K_bw, for a product such as dW6. K alone is centred where the Spec
            says so and rows and columns are the same images.

        Raises
        ------
        ChoiceError
            Where there is no such representation or split.
        DatasetError, NetworkError
            As for `features`.
        """
        parsed = parse(representation, self.offer)
        rows = self.features(parsed.needs, split, progress=part(progress, 0, 0.8), cancel=cancel)
        means = self._means(parsed, rows)
        found = self._kernel(parsed, rows, cols, means, progress=part(progress, 0.8, 1), cancel=cancel)
        common = {
            "representation": parsed.name,
            "rows": rows,
            "cols": rows if cols is None else cols,
            "K": kernels.centre(found.K) if self.spec.centre and cols is None else found.K,
            "notes": rows.notes + results.zero_note(found, self.spec.normalise),
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
        """Compare kernels with each other and with the labels by centred kernel alignment (CKA).

        Parameters
        ----------
        representations
            r names, such as x6 and dW6.
        split
            The images; None for all.
        progress, cancel
            Progress counts thousandths of the work; cancel is asked between batches.

        Returns
        -------
        Alignments
            `between` (r, r), and `with_labels` (r,) or None where nothing is labelled; see gradviz.metrics.alignment.

        Raises
        ------
        ChoiceError
            Where there is no such representation or split.

        References
        ----------
        Kornblith, Norouzi, Lee, Hinton, "Similarity of Neural Network Representations Revisited", ICML 2019.
        """
        asked = tuple(parse(text, self.offer) for text in representations)
        names, n = tuple(parsed.name for parsed in asked), len(asked)
        found = [
            self._of_split(parsed, split, part(progress, i / n, (i + 1) / n), cancel) for i, parsed in enumerate(asked)
        ]
        rows = found[0][0]
        if len(rows.ids) < 2:
            raise ChoiceError("Kernels of one image cannot be compared: choose more images.")
        between = np.array([[metrics.alignment(a.K, b.K) for _, b in found] for _, a in found])
        labels = None if rows.labels is None else metrics.label_kernel(rows.labels)
        with_labels = None if labels is None else np.array([metrics.alignment(a.K, labels) for _, a in found])
        notes = once(rows.notes, results.centre_note(self.spec.centre))
        about = self.about(representations=names, split=split)
        return results.Alignments(names, between, with_labels, rows, about, notes)

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
    ) -> results.Neighbours:
        """List the images whose kernel value with `image` is largest; ties keep the data set's order.

        Parameters
        ----------
        representation
            Such as x6, dW6 or x6+x7.
        image
            The id of an image of this data set, or with `of` of another experiment's.
        split
            The images to choose from; None for all.
        top
            How many to list, at least 1.
        of
            The experiment that `image` belongs to, with the same Spec; None for this one, where no image is its own
            neighbour.
        progress, cancel
            Progress counts thousandths of the work; cancel is asked between batches.

        Returns
        -------
        Neighbours
            A tuple of at most `top`, the largest value first. Centred by the split's mean where the Spec says so.

        Raises
        ------
        ChoiceError
            Where there is no such representation, split or image, or `top` is less than 1.
        """
        check("top", top)
        parsed, home_of, where = parse(representation, self.offer), of or self, self._positions(split)
        position = home_of.images.source(image)
        rows = self.features(parsed.needs, where, progress=progress, cancel=cancel)
        asked = home_of.features(parsed.needs, [position], cancel=cancel)
        means = self._means(parsed, rows)
        between = self._kernel(parsed, asked, rows, means, cancel=cancel)
        zeros, K = results.zero_note(between, self.spec.normalise), between.K
        K = (kernels.centre(K, self._kernel(parsed, rows, None, means, cancel=cancel).K) if self.spec.centre else K)[0]
        order = [i for i in np.argsort(-K, kind="stable") if of or rows.ids[i] != image][:top]
        shown = self.images.labels_of
        return results.Neighbours(
            (results.Neighbour(rows.ids[i], shown(int(rows.positions[i])), float(K[i])) for i in order),
            rows=(rows, asked),
            notes=once(rows.notes, asked.notes, zeros),
            about=self.about(representation=parsed.name, split=split, image=image, top=top),
        )

    def embed(
        self,
        representation: str,
        split: str | None = None,
        *,
        method: Method = "umap",
        neighbours: int = 15,
        min_dist: float = 0.1,
        perplexity: float = 30.0,
        seed: int | None = None,
        others: "Experiment | None" = None,
        progress: Progress = silent,
        cancel: Cancel = never,
    ) -> results.Map:
        """Map a split from the kernel's distances; the same seed gives the same picture.

        Parameters
        ----------
        representation
            Such as x6, dW6 or x6+x7.
        split
            The n images to map; None for all.
        method
            umap, tsne, or pca, which draws nothing at random.
        neighbours
            The neighbours of each image that UMAP holds together, at least 2; quality is measured on as many.
        min_dist, perplexity
            How close UMAP may draw two images, and how many neighbours t-SNE has in mind.
        seed
            What the map draws with; None for the Spec's. The splits are the Spec's in any case.
        others
            An experiment with the same Spec on m further photographs, such as a visitor's own, to be mapped with
            the split; the purity is the split's alone.
        progress, cancel
            Progress counts thousandths of the work; UMAP and t-SNE cannot be stopped in between.

        Returns
        -------
        Map
            Points (n, 2), with others (n + m, 2), and how far they can be trusted; see gradviz.embedding.embed.

        Raises
        ------
        ChoiceError
            Where there is no such representation or split, and for a method or a number that cannot be.
        """
        how = {"method": method, "neighbours": neighbours, "min_dist": min_dist, "perplexity": perplexity}
        for name, value in how.items():
            check(name, value)
        seed = self.spec.seed if seed is None else seed
        parsed = parse(representation, self.offer)
        rows, found = self._of_split(parsed, split, part(progress, 0, 0.5), cancel)
        K, extra = found.K, None
        if others:
            extra, means = others.features(parsed.needs, cancel=cancel), self._means(parsed, rows)
            between = self._kernel(parsed, rows, extra, means, cancel=cancel).K
            K = np.block([[K, between], [between.T, self._kernel(parsed, extra, None, means, cancel=cancel).K]])
        drawn = embed(
            K,
            method=method,
            neighbours=neighbours,
            min_dist=min_dist,
            perplexity=perplexity,
            seed=seed,
            progress=part(progress, 0.5, 1),
            cancel=cancel,
        )
        purity = _purity(found.K, rows, neighbours, None if others else drawn.nearest)
        return results.Map(
            representation=parsed.name,
            rows=rows,
            others=extra,
            points=drawn.points,
            trustworthiness=drawn.trustworthiness,
            purity=purity and purity.value,
            chance=purity and purity.chance,
            notes=once(
                rows.notes,
                results.zero_note(found, self.spec.normalise),
                extra.notes if extra else (),
                results.method_note(drawn, method),
                results.centre_note(self.spec.centre),
            ),
            about=self.about(representation=parsed.name, split=split, **how) | {"seed": seed},
            method=drawn.method,
        )

    def place(
        self,
        drawn: results.Map,
        others: "Experiment",
        split: str | None = None,
        *,
        neighbours: int = 5,
        progress: Progress = silent,
        cancel: Cancel = never,
    ) -> results.Map:
        """Place further photographs on a map that stays as it is: each at the mean of its nearest under the kernel.

        Parameters
        ----------
        drawn
            What `embed` has returned for the split, without others.
        others
            An experiment with the same Spec on m further photographs, such as a visitor's own.
        split
            The split that was mapped.
        neighbours
            How many of the map's photographs decide where another one stands; see gradviz.placement.placed.
        progress, cancel
            Progress counts thousandths of the work.

        Returns
        -------
        Map
            The map with `others`: points (n + m, 2). Its quality stays that of the n.

        Raises
        ------
        ChoiceError
            Where the split is not what was mapped.
        """
        parsed = parse(drawn.representation, self.offer)
        rows = self.features(parsed.needs, split, progress=part(progress, 0, 0.6), cancel=cancel)
        if not np.array_equal(rows.positions, drawn.rows.positions):
            raise ChoiceError("The map does not show the images of this split.")
        extra = others.features(parsed.needs, progress=part(progress, 0.6, 0.9), cancel=cancel)
        means = self._means(parsed, rows)
        own = kernels.diagonal(parsed, rows.arrays, normalise=self.spec.normalise, means=means)
        between = self._kernel(parsed, extra, rows, means, cancel=cancel).K
        points = np.concatenate([drawn.points, placed(between, own, drawn.points, neighbours)])
        progress(1, 1)
        return replace(drawn, points=points, others=extra, notes=once(drawn.notes, extra.notes))

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

        The order of the images in the data set changes nothing: both splits are taken in the order of their ids. The
        normalisation "centred" takes the mean of the training images away from all, so that nothing of the test images
        is known in training, nor in cross-validation anything of the images that are held out.

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
            Where the data set has no labels, a split is empty, the splits share images, or C is no positive number.
        """
        check("C", C)
        check("ap", ap or self.images.ap)
        parsed, kind, laps = parse(representation, self.offer), ap or self.images.ap, _Laps()
        _ = self._labels  # that there are none says more than that the splits overlap
        self._check_splits(train, test)
        if self.spec.temperature == "cv":
            chosen = self._at_best_temperature(parsed, train, C, kind, part(progress, 0, 0.7), cancel)
            laps.end("temperature")
            again = part(progress, 0.7, 1)
            found = chosen.evaluate(representation, train=train, test=test, C=C, ap=ap, progress=again, cancel=cancel)
            return replace(found, seconds={**laps.seconds, **found.seconds}, about={**found.about, "temperature": "cv"})
        prepared = self.prepare(representation, train=train, test=test, progress=part(progress, 0, 0.8), cancel=cancel)
        return self.score(prepared, C=C, ap=ap, progress=part(progress, 0.8, 1), cancel=cancel)

    def prepare(
        self,
        representation: str,
        *,
        train: str,
        test: str,
        progress: Progress = silent,
        cancel: Cancel = never,
    ) -> "Prepared":
        """Compute the kernels that `score` trains and scores on, for any number of penalties.

        Parameters
        ----------
        representation, train, test
            As for `evaluate`.
        progress, cancel
            Progress counts thousandths of the work; cancel is asked between batches.

        Returns
        -------
        Prepared
            For `score` of the same experiment.

        Raises
        ------
        ChoiceError
            As for `evaluate`, and where the temperature is "cv": the penalty is part of that choice.
        """
        parsed, laps = parse(representation, self.offer), _Laps()
        labels = self._labels
        self._check_splits(train, test)
        rows = self.features(parsed.needs, self._by_id(train), progress=part(progress, 0, 0.5), cancel=cancel)
        cols = self.features(parsed.needs, self._by_id(test), progress=part(progress, 0.5, 1), cancel=cancel)
        laps.end("features")
        means = self._means(parsed, rows)
        trained = self._kernel(parsed, rows, None, means, cancel=cancel)
        asked = self._kernel(parsed, cols, rows, means, cancel=cancel)
        laps.end("kernel")
        untrained = {c: metrics.one_sided(y, "training") for c, y in enumerate(labels[rows.positions].T)}
        return Prepared(parsed, train, test, rows, cols, trained, asked, untrained, laps.seconds)

    def score(
        self,
        prepared: "Prepared",
        *,
        C: float | Literal["cv"] = 1.0,
        ap: str | None = None,
        progress: Progress = silent,
        cancel: Cancel = never,
    ) -> results.Evaluation:
        """Train one binary SVM per class on prepared kernels and score it, as `evaluate` does.

        Parameters
        ----------
        prepared
            What `prepare` returned.
        C, ap
            As for `evaluate`.
        progress, cancel
            Progress counts pieces of the work; cancel is asked between classes.

        Raises
        ------
        ChoiceError
            Where C is no positive number, there is no such average precision, or the temperature is "cv".
        """
        check("C", C)
        check("ap", ap or self.images.ap)
        if self.spec.temperature == "cv":
            raise ChoiceError("A temperature that is chosen by cv is chosen by evaluate.")
        kind, laps = ap or self.images.ap, _Laps()
        parsed, rows, cols = prepared.parsed, prepared.rows, prepared.cols
        trained, asked = prepared.trained, prepared.asked
        labels = self._labels
        svm = self._classifier(C, kind)
        of_fold = self._of_fold(parsed, rows, cancel) if C == "cv" else None
        svm.fit(trained.K, labels[rows.positions], of_fold=of_fold, progress=progress, cancel=cancel)
        scores = svm.decision_function(asked.K)
        laps.end("svm")
        asked_labels = labels[cols.positions]
        measured = metrics.mean_ap(scores, asked_labels, kind, untrained=prepared.untrained, rounding=svm.rounding_)
        left_out = {self.images.classes[c]: why for c, why in measured.left_out.items()}
        zeros = [results.zero_note(found, self.spec.normalise) for found in (trained, asked)]
        back = np.argsort(cols.positions)
        return results.Evaluation(
            representation=parsed.name,
            mean_ap=100 * measured.mean,
            per_class={c: percent(a) for c, a in zip(self.images.classes, measured.per_class, strict=True)},
            left_out=left_out,
            tempered=self._tempered(parsed),
            ap=kind,
            C=dict(zip(self.images.classes, np.asarray(svm.C_).tolist(), strict=True)),
            temperature=self.spec.temperature,
            train=replace(rows, positions=np.sort(rows.positions), arrays={}),
            test=replace(cols, positions=cols.positions[back], arrays={}),
            scores=scores[back],
            seconds={**prepared.seconds, **laps.seconds},
            notes=once(
                rows.notes,
                cols.notes,
                *zeros,
                results.centre_note(self.spec.centre),
                results.unscored_notes(left_out),
            ),
            about=self.about(representation=parsed.name, train=prepared.train, test=prepared.test, C=C, ap=kind),
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
        """Train one binary SVM per class on `train` and apply it to other photographs: which classes are there?

        Parameters
        ----------
        representation
            Such as x6, dW6 or x6+x7.
        others
            An experiment with the same Spec on the n photographs to classify.
        train
            The split to learn from.
        C
            The SVMs' penalty, or "cv": chosen per class by cross-validation within `train`.
        progress, cancel
            Progress counts thousandths of the work; cancel is asked between batches and classes.

        Returns
        -------
        Classification
            Scores (n, classes); a positive one says that the class is there.

        Raises
        ------
        ChoiceError
            Where the data set has no labels, or there is no such representation or split.
        """
        check("C", C)
        parsed, labels = parse(representation, self.offer), self._labels
        rows = self.features(parsed.needs, self._by_id(train), progress=part(progress, 0, 0.5), cancel=cancel)
        cols = others.features(parsed.needs, progress=part(progress, 0.5, 0.8), cancel=cancel)
        means = self._means(parsed, rows)
        trained = self._kernel(parsed, rows, None, means, cancel=cancel)
        asked = self._kernel(parsed, cols, rows, means, cancel=cancel)
        svm = self._classifier(C, self.images.ap)
        of_fold = self._of_fold(parsed, rows, cancel) if C == "cv" else None
        svm.fit(trained.K, labels[rows.positions], of_fold=of_fold, progress=part(progress, 0.8, 1), cancel=cancel)
        zeros = [results.zero_note(found, self.spec.normalise) for found in (trained, asked)]
        untrained = results.untrained_notes(
            {
                c: metrics.one_sided(y, "training")
                for c, y in zip(self.images.classes, labels[rows.positions].T, strict=True)
            }
        )
        return results.Classification(
            representation=parsed.name,
            classes=self.images.classes,
            rows=cols,
            scores=svm.decision_function(asked.K),
            notes=once(rows.notes, cols.notes, *zeros, results.centre_note(self.spec.centre), untrained),
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
        """Score every representation that is offered: mAP, alignment with the labels and purity, all on `test`.

        Parameters
        ----------
        train, test
            Splits without a common image.
        C, ap
            As for `evaluate`.
        progress, cancel
            Progress counts thousandths of the work; cancel is asked between batches and classes.

        Returns
        -------
        tuple of LayerRow
            One per name in `offer.representations`: mAP in percent; centred kernel alignment with the labels; the share
            of the ten nearest images that have a class in common, in [0, 1].

        Raises
        ------
        ChoiceError
            Where the data set has no labels, or the splits share images.
        """
        rows, names = [], self.offer.representations
        for i, name in enumerate(names):
            here = part(progress, i / len(names), (i + 1) / len(names))
            scored = self.evaluate(name, train=train, test=test, C=C, ap=ap, progress=here, cancel=cancel)
            asked, found = self._at(scored.temperature)._of_split(parse(name, self.offer), test, silent, cancel)
            aligned = metrics.alignment(found.K, metrics.label_kernel(self._labels[asked.positions]))
            purity = _purity(found.K, asked, 10)
            rows.append(
                results.LayerRow(
                    representation=name,
                    mean_ap=scored.mean_ap,
                    temperature=scored.temperature if scored.tempered else None,
                    alignment=aligned,
                    purity=purity and purity.value,
                    train=scored.train,
                    test=scored.test,
                    left_out=scored.left_out,
                    notes=scored.notes,
                    about=scored.about,
                )
            )
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
            chosen = self.images.select(where, self.spec.images)
            if not len(chosen):
                raise ChoiceError(
                    f"The split {where} of {self.images.name} has no image: choose another one.",
                    findings=self.images.findings,
                )
            return chosen
        return np.asarray(where, np.int64)

    def _by_id(self, split: str) -> np.ndarray:
        """Select a split in the order of its ids, so that rounding and folds do not depend on the data set's order."""
        return np.array(sorted(self._positions(split), key=self.images.ids.__getitem__), np.int64)

    def _means(self, parsed: Representation, rows: Features) -> dict[str, np.ndarray] | None:
        """Compute the means that the normalisation "centred" takes away; None for any other."""
        return kernels.unit_means(rows.arrays, parsed.needs) if self.spec.normalise == "centred" else None

    def _of_fold(self, parsed: Representation, rows: Features, cancel: Cancel) -> kernels.CentredKernels | None:
        """Return what gives the kernel of each fold of a cross-validation, where the mean is taken away; else None."""
        if self.spec.normalise != "centred":
            return None
        return kernels.CentredKernels(parsed, rows.arrays, cancel=cancel)

    def _kernel(
        self,
        parsed: Representation,
        rows: Features,
        cols: Features | None,
        means: dict[str, np.ndarray] | None,
        **callbacks: Any,
    ) -> Kernel:
        """Compute the kernel of features that are at hand, as the Spec says; the kernel itself is never centred.

        Centring it would change nothing for distances, for CKA and for an SVM, which has a bias.
        """
        others = None if cols is None else cols.arrays
        device = "cpu" if self.images.features else str(self.model.device)
        how = {"normalise": self.spec.normalise, "means": means, "device": device}
        return kernels.kernel(parsed, rows.arrays, others, **how, **callbacks)

    def _of_split(
        self, parsed: Representation, split: str | None, progress: Progress, cancel: Cancel
    ) -> tuple[Features, Kernel]:
        """Compute the features and the kernel of a split; the kernel itself is never centred."""
        rows = self.features(parsed.needs, split, progress=part(progress, 0, 0.8), cancel=cancel)
        means = self._means(parsed, rows)
        return rows, self._kernel(parsed, rows, None, means, progress=part(progress, 0.8, 1), cancel=cancel)

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
        """Refuse splits without images, and test images that were trained on."""
        for split in (train, test):
            self._positions(split)
        shared = np.intersect1d(self.images.select(train), self.images.select(test))
        if len(shared):
            raise ChoiceError(
                f"{train} and {test} of {self.images.name} share {counted(len(shared), 'image')}: "
                "choose splits that do not overlap."
            )

    def _classifier(self, C: float | Literal["cv"], ap: str) -> "OneVsRestSVC":
        # scikit-learn takes seconds to load, and kernels, which people see first, need none of it.
        from gradviz.svm import OneVsRestSVC

        return OneVsRestSVC(C=C, seed=self.spec.seed, ap=ap)

    def _tempered(self, parsed: Representation) -> bool:
        """Return whether a representation depends on the temperature; what comes from a file depends on nothing."""
        if self.images.features:
            return False
        return any(tempered(name, self._network.numbers[-1]) for name in parsed.needs)

    def _at_best_temperature(
        self, parsed: Representation, train: str, C: float | Literal["cv"], ap: str, progress: Progress, cancel: Cancel
    ) -> "Experiment":
        """Choose the temperature by cross-validation on the training split; the first of equals."""
        from gradviz.svm import cross_validate

        labs = [self._at(temperature) for temperature in TEMPERATURE_GRID]
        if not self._tempered(parsed):
            return labs[0]
        scores = []
        for i, lab in enumerate(labs):
            here = part(progress, i / len(labs), (i + 1) / len(labs))
            rows = lab.features(parsed.needs, self._by_id(train), progress=here, cancel=cancel)
            K = lab._of_fold(parsed, rows, cancel) or lab._kernel(parsed, rows, None, None, cancel=cancel).K
            labels = self._labels[rows.positions]
            scores.append(cross_validate(K, labels, C=C, seed=self.spec.seed, ap=ap, cancel=cancel))
        return labs[int(np.argmax(np.nan_to_num(scores, nan=-1)))]


@dataclass(frozen=True)
class Prepared:
    """Hold what `Experiment.score` needs of one representation.

    `trained` (n, n) and `asked` (m, n) are the kernels of the training and of the test images, `rows` and `cols` the
    images, whose vectors are needed only where they are centred. `untrained` says for the position of each class that
    cannot be learnt why, `seconds` what each stage took.
    """

    parsed: Representation
    train: str
    test: str
    rows: Features
    cols: Features
    trained: Kernel
    asked: Kernel
    untrained: dict[int, str]
    seconds: dict[str, float]


def _purity(K: np.ndarray, rows: Features, k: int, found: np.ndarray | None = None) -> metrics.Purity | None:
    """Measure how often the k nearest images share a class; None without labels or without another image.

    `found` are the positions of these nearest, where they are known.
    """
    if rows.labels is None or len(rows.ids) < 2:
        return None
    found = nearest(K, k)[0] if found is None else found
    return metrics.neighbour_purity(found, rows.labels)


class _Laps:
    """Measure how long each stage of a verb takes, in seconds."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._last = time.perf_counter()

    def end(self, stage: str) -> None:
        now = time.perf_counter()
        self.seconds[stage], self._last = now - self._last, now
