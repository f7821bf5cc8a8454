"""What jobs compute for the pages: results of the verbs, without the features that no page draws."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from gradviz import metrics
from gradviz.callbacks import Cancel, Progress, part
from gradviz.datasets.pictures import thumbnail
from gradviz.errors import DatasetError
from gradviz.ui.ordering import by_class, first_class

# gradviz.experiment imports torch: seconds, which a page's script must not wait for.
if TYPE_CHECKING:
    from gradviz.datasets import ImageSet
    from gradviz.experiment import Experiment
    from gradviz.extraction import Features
    from gradviz.results import Evaluation, KernelResult, Map
    from gradviz.ui.state import Selection

MOST_THUMBNAILS = 1000
"""Pictures that travel with a map, about 3.5 kB each, so that it stays under 5 MB."""


@dataclass(frozen=True)
class KernelView:
    """Hold a layer's kernels with rows and columns ordered by class, as they are drawn.

    `K`, `K_fw`, `K_bw` are float32 (n, n) for `ids`; K is centred where the spec says so. `alignment` compares
    forward, backward and product with the labels, None without labels.
    """

    ids: tuple[str, ...]
    labels: tuple[tuple[str, ...], ...]
    blocks: tuple[tuple[str, int, int], ...]
    order: np.ndarray
    result: "KernelResult"
    alignment: tuple[float, ...] | None

    @property
    def arrays(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Give K_fw, K_bw and K in the order drawn."""
        return self.result.K_fw, self.result.K_bw, self.result.K

    def exported(self) -> "KernelResult":
        """Give the result in the data set's own order, as the command line writes it."""
        back = np.argsort(self.order)
        return _permuted(self.result, back)


@dataclass(frozen=True)
class MapsView:
    """Hold the three maps of a layer with what is needed to draw them.

    `first` (n,) is the first class that each image shows, -1 for none; `thumbnails` are small JPEGs by id, none where
    there are too many images to send them all.
    """

    maps: tuple["Map", ...]
    labels: tuple[tuple[str, ...], ...]
    first: np.ndarray
    thumbnails: dict[str, bytes]


def kernels(selection: "Selection", progress: Progress, cancel: Cancel) -> KernelView:
    """Compute the layer's forward, backward and product kernel on the chosen split."""
    found = _experiment(selection).kernel(
        selection.triple[2], selection.split, progress=part(progress, 0, 0.95), cancel=cancel
    )
    rows = found.rows
    order, blocks = by_class(rows.labels, rows.images.classes, len(rows.ids))
    ordered = _permuted(replace(found, rows=_without_arrays(rows), cols=_without_arrays(rows)), order)
    alignment = None
    if blocks:
        shown = metrics.label_kernel(rows.labels[order])
        alignment = tuple(metrics.alignment(K, shown) for K in (ordered.K_fw, ordered.K_bw, ordered.K))
    progress(1, 1)
    named = tuple(rows.images.labels_of(i) for i in ordered.rows.positions)
    return KernelView(ordered.rows.ids, named, blocks, order, ordered, alignment)


def maps(selection: "Selection", neighbours: int, progress: Progress, cancel: Cancel) -> MapsView:
    """Map the chosen split by the layer's forward, backward and product kernel."""
    lab = _experiment(selection)
    found = []
    for i, name in enumerate(selection.triple):
        here = part(progress, 0.3 * i, 0.3 * (i + 1))
        drawn = lab.embed(name, selection.split, neighbours=neighbours, progress=here, cancel=cancel)
        found.append(replace(drawn, rows=_without_arrays(drawn.rows)))
    rows = found[0].rows
    pictures = {}
    if rows.images.paths and len(rows.ids) <= MOST_THUMBNAILS:
        pictures = thumbnails(rows.images, rows.positions, part(progress, 0.9, 1), cancel)
    named = tuple(rows.images.labels_of(i) for i in rows.positions)
    return MapsView(tuple(found), named, first_class(rows.labels, len(rows.ids)), pictures)


def evaluations(
    selection: "Selection",
    representations: Sequence[str],
    choices: dict,
    progress: Progress,
    cancel: Cancel,
) -> tuple["Evaluation", ...]:
    """Train and score one-vs-rest SVMs on each representation; `choices` are train, test, C, ap and temperature."""
    lab = _experiment(selection)
    lab = replace(lab, spec=replace(lab.spec, temperature=choices["temperature"]))
    found = []
    for i, name in enumerate(representations):
        here = part(progress, i / len(representations), (i + 1) / len(representations))
        asked = {key: choices[key] for key in ("train", "test", "C", "ap")}
        scored = lab.evaluate(name, **asked, progress=here, cancel=cancel)
        found.append(replace(scored, train=_without_arrays(scored.train), test=_without_arrays(scored.test)))
    return tuple(found)


def thumbnails(images: "ImageSet", positions: Sequence[int], progress: Progress, cancel: Cancel) -> dict[str, bytes]:
    """Make small JPEGs by id; a picture that cannot be decoded is left out."""
    made = {}
    for done, i in enumerate(positions):
        try:
            made[images.ids[i]] = thumbnail(images.paths[i])
        except DatasetError:
            continue
        progress(done + 1, len(positions))
    return made


def _experiment(selection: "Selection") -> "Experiment":
    from gradviz.experiment import Experiment

    return Experiment(selection.images, selection.spec)


def _without_arrays(rows: "Features") -> "Features":
    """Leave the vectors out: a kept result would hold on to a hundred megabytes."""
    return replace(rows, arrays={})


def _permuted(result: "KernelResult", order: np.ndarray) -> "KernelResult":
    both = np.ix_(order, order)
    rows = replace(result.rows, positions=result.rows.positions[order])
    return replace(result, rows=rows, cols=rows, K=result.K[both], K_fw=result.K_fw[both], K_bw=result.K_bw[both])
