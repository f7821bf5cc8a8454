"""Where photographs and a choice meet: the network, its features from the store, and their kernels."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from gradviz import kernels, results
from gradviz.callbacks import Cancel, Progress, never, part, silent
from gradviz.datasets import ImageSet
from gradviz.errors import ChoiceError
from gradviz.extraction import Extracted, Extraction, Features
from gradviz.home import home as home_folder
from gradviz.kernels import Kernel
from gradviz.models import Model, load
from gradviz.networks import Network, network
from gradviz.own_network import load_own
from gradviz.pseudo_labels import PseudoLabel, pseudo_label
from gradviz.representations import Offer, Representation, offered_by, parse
from gradviz.spec import Spec
from gradviz.store import Store


@dataclass(frozen=True)
class Bench:
    """Bind photographs to a choice; nothing is loaded before it is needed.

    Features are kept in `store` (default: `home`/store) and read from there the next time; weights are looked for in
    `home`.
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
            notes=rows.notes + zero_note(found),
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


def zero_note(kernel: Kernel) -> tuple[str, ...]:
    """Say how many images are similar to nothing."""
    if not kernel.zero_rows:
        return ()
    return (f"{kernel.zero_rows} images have an all-zero vector and are similar to nothing.",)
