"""What jobs compute for the pages: the results of the verbs, less the features, which no page draws."""

import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Literal, cast

import numpy as np

from gradviz import metrics
from gradviz.callbacks import Cancel, Progress, part, stop_if
from gradviz.datasets.pictures import thumbnail
from gradviz.errors import DatasetError, StoreError
from gradviz.home import home

# gradviz.experiment imports torch: seconds, which a page's script must not wait for.
if TYPE_CHECKING:
    from gradviz.datasets import ImageSet
    from gradviz.features.extraction import Features
    from gradviz.results import Classification, Evaluation, Map, Neighbour, ProductResult
    from gradviz.ui.selection import Selection
    from gradviz.ui.visitor import Own

MOST_EXAMPLES = 120
"""Classes that get a picture."""
MOST_THUMBNAILS = 1000
"""Pictures that are sent with a map, about 3.5 kB each, so that it stays under 5 MB."""
UNLABELLED = "no class"


def examples(selection: "Selection", progress: Progress, cancel: Cancel) -> dict[str, bytes]:
    """Return a small JPEG for each of the first classes, as a job.

    It is the first picture that shows the class, with as few others as any, and can be read.
    """
    images, found = selection.images, {}
    labels = np.zeros((len(images), len(images.classes)), np.int8) if images.labels is None else images.labels
    others = (labels == 1).sum(axis=1)
    for c, name in enumerate(images.classes[:MOST_EXAMPLES]):
        stop_if(cancel)
        shown = np.flatnonzero(labels[:, c] == 1)
        for position in shown[np.argsort(others[shown], kind="stable")][:3]:
            with suppress(DatasetError):
                found[name] = thumbnail(images.paths[position], side=64)
                break
        progress(c + 1, min(len(images.classes), MOST_EXAMPLES))
    return found


@dataclass(frozen=True)
class KernelView:
    """A layer's kernels with rows and columns ordered by class, as they are drawn.

    `K`, `K_fw`, `K_bw` are float32 (n, n) for `ids`; K is centred where the spec says so. `alignment` compares
    forward, backward and product with the labels, None without labels.
    """

    ids: tuple[str, ...]
    labels: tuple[tuple[str, ...], ...]
    blocks: tuple[tuple[str, int, int], ...]
    order: np.ndarray
    result: "ProductResult"
    alignment: tuple[float, ...] | None

    @property
    def arrays(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """K_fw, K_bw and K, in the order drawn."""
        return self.result.K_fw, self.result.K_bw, self.result.K

    @cached_property
    def signed(self) -> bool:
        """Whether some value is negative."""
        return min(float(K.min()) for K in self.arrays) < 0

    @property
    def comparable(self) -> bool:
        """Whether one colour scale suits all three, because they are cosines."""
        return self.result.about["normalise"] != "none"

    @cached_property
    def spans(self) -> tuple[float, ...]:
        """For each kernel the magnitude below which 99.5 % of its values between two different images lie."""
        return tuple(_usual_size(K) for K in self.arrays)

    def colours(self, *, own: bool) -> tuple[Literal["sequential", "diverging"], tuple[tuple[float, float], ...]]:
        """Return the colour scale, and for each kernel the values that get its first and last colour."""
        largest = 1.0 if self.comparable else max(float(np.abs(K).max()) for K in self.arrays)
        tops = self.spans if own else (largest,) * 3
        ranges = tuple((-top if self.signed else 0.0, top) for top in tops)
        return ("diverging" if self.signed else "sequential"), ranges

    @property
    def nbytes(self) -> int:
        """The bytes of the kernels."""
        return sum(K.nbytes for K in self.arrays)

    def exported(self) -> "ProductResult":
        """Return the result in the data set's own order, as the command line writes it."""
        back = np.argsort(self.order)
        return _permuted(self.result, back)


@dataclass(frozen=True)
class MapsView:
    """The three maps of a layer with what is needed to draw them, for `ids`.

    `first` (n,) is the first class that each image shows, -1 for none; `thumbnails` are small JPEGs by id, none where
    there are too many images to send them all. `own` are the ids of a visitor's own photographs, which come last:
    a star marks them.
    """

    maps: tuple["Map", ...]
    ids: tuple[str, ...]
    own: tuple[str, ...]
    labels: tuple[tuple[str, ...], ...]
    first: np.ndarray
    thumbnails: dict[str, bytes]

    @property
    def nbytes(self) -> int:
        """The bytes of the pictures, beside which everything else is small."""
        return sum(map(len, self.thumbnails.values()))


def extract(selection: "Selection", splits: Sequence[str], progress: Progress, cancel: Cancel) -> tuple[int, ...]:
    """Fill the store with the forward pass over splits; return the number of images of each.

    Where the disk is full or cannot be written, what follows computes what it needs itself, and has a note about it.
    """
    lab, counts = selection.experiment(), []
    if not _writable(lab.store or home()):
        return ()
    for i, split in enumerate(splits):
        here = part(progress, i / len(splits), (i + 1) / len(splits))
        try:
            counts.append(lab.extract(split, progress=here, cancel=cancel).images)
        except StoreError as error:
            if not isinstance(error.__cause__, OSError):
                raise
    return tuple(counts)


def kernels(selection: "Selection", progress: Progress, cancel: Cancel) -> KernelView:
    """Compute the layer's forward, backward and product kernel on the chosen split."""
    report = part(progress, 0, 0.95)
    found = selection.experiment().kernel(selection.triple[2], selection.split, progress=report, cancel=cancel)
    found = cast("ProductResult", found)  # of forward and backward vectors, as the third of a triple is
    rows = found.rows
    order, blocks = by_class(rows.labels, rows.images.classes, len(rows.ids))
    ordered = _permuted(replace(found, rows=_without_arrays(rows), cols=_without_arrays(rows)), order)
    alignment = None
    if blocks and rows.labels is not None:
        shown = metrics.label_kernel(rows.labels[order])
        alignment = tuple(metrics.alignment(K, shown) for K in (ordered.K_fw, ordered.K_bw, ordered.K))
    progress(1, 1)
    return KernelView(ordered.rows.ids, _named(ordered.rows), blocks, order, ordered, alignment)


def maps(selection: "Selection", own: "Own | None", progress: Progress, cancel: Cancel) -> MapsView:
    """Map the chosen split, together with a visitor's own photographs, by the layer's three kernels."""
    lab = selection.experiment()
    others = own and own.experiment(selection.spec)
    found = []
    for i, name in enumerate(selection.triple):
        here = part(progress, 0.3 * i, 0.3 * (i + 1))
        drawn = lab.embed(name, selection.split, others=others, progress=here, cancel=cancel)
        own_rows = drawn.others and _without_arrays(drawn.others)
        found.append(replace(drawn, rows=_without_arrays(drawn.rows), others=own_rows))
    rows, own_rows = found[0].rows, found[0].others
    pictures = {}
    if rows.images.paths and len(rows.ids) <= MOST_THUMBNAILS:
        pictures = thumbnails(rows.images, rows.positions, part(progress, 0.9, 1), cancel)
    ids, named, first = rows.ids, _named(rows), first_class(rows.labels, len(rows.ids))
    starred = ()
    if own and own_rows:
        starred = tuple(f"★ {name}" for name in own_rows.ids)
        pictures |= {star: own.thumbnails[name] for star, name in zip(starred, own_rows.ids, strict=True)}
        ids, named = ids + starred, named + _named(own_rows)
        first = np.concatenate([first, np.full(len(starred), -1)])
    return MapsView(tuple(found), ids, starred, named, first, pictures)


def evaluations(
    selection: "Selection",
    representations: Sequence[str],
    choices: dict,
    progress: Progress,
    cancel: Cancel,
) -> tuple["Evaluation", ...]:
    """Train and score one-vs-rest SVMs on each representation; `choices` are train, test, C, ap and temperature."""
    lab = selection.experiment()
    lab = replace(lab, spec=replace(lab.spec, temperature=choices["temperature"]))
    found = []
    for i, name in enumerate(representations):
        here = part(progress, i / len(representations), (i + 1) / len(representations))
        asked = {key: choices[key] for key in ("train", "test", "C", "ap")}
        found.append(lab.evaluate(name, **asked, progress=here, cancel=cancel))
    return tuple(found)


def classification(
    selection: "Selection", own: "Own", representation: str, train: str, progress: Progress, cancel: Cancel
) -> "Classification":
    """Train SVMs on the reference set and apply them to the visitor's photographs."""
    lab, others = selection.experiment(), own.experiment(selection.spec)
    found = lab.classify(representation, others, train=train, progress=progress, cancel=cancel)
    return replace(found, rows=replace(found.rows, arrays={}))


def nearest(
    selection: "Selection", own: "Own", photograph: str, top: int, progress: Progress, cancel: Cancel
) -> tuple[tuple["Neighbour", ...], ...]:
    """Find the reference photographs nearest to one of the visitor's under the layer's three kernels."""
    lab, others = selection.experiment(), own.experiment(selection.spec)
    found = []
    for i, name in enumerate(selection.triple):
        here = part(progress, i / 3, (i + 1) / 3)
        found.append(
            lab.neighbours(name, photograph, selection.split, top=top, of=others, progress=here, cancel=cancel)
        )
    return tuple(found)


def thumbnails(images: "ImageSet", positions: Sequence[int], progress: Progress, cancel: Cancel) -> dict[str, bytes]:
    """Return small JPEGs by id; a picture that cannot be decoded is left out."""
    made = {}
    for done, i in enumerate(positions):
        stop_if(cancel)
        try:
            made[images.ids[i]] = thumbnail(images.paths[i])
        except DatasetError:
            continue
        progress(done + 1, len(positions))
    return made


def _writable(place: str | Path) -> bool:
    """Return whether a folder, or where it would be made, can be written: nothing is computed to be thrown away."""
    folder = Path(place)
    there = next(path for path in (folder, *folder.parents) if path.exists())
    return os.access(there, os.W_OK)


def _usual_size(K: np.ndarray) -> float:
    step = -(-len(K) // 1000)  # a sample of a large kernel is enough
    sample = K[::step, ::step]
    apart = np.abs(sample[~np.eye(len(sample), dtype=bool)])
    return float(np.quantile(apart, 0.995)) or 1.0 if len(apart) else 1.0


def _named(rows: "Features") -> tuple[tuple[str, ...], ...]:
    return tuple(rows.images.labels_of(i) for i in rows.positions)


def _without_arrays(rows: "Features") -> "Features":
    """Leave the vectors out: a kept result would keep a hundred megabytes in memory."""
    return replace(rows, arrays={})


def _permuted(result: "ProductResult", order: np.ndarray) -> "ProductResult":
    both = np.ix_(order, order)
    rows = replace(result.rows, positions=result.rows.positions[order])
    return replace(result, rows=rows, cols=rows, K=result.K[both], K_fw=result.K_fw[both], K_bw=result.K_bw[both])


def first_class(labels: np.ndarray | None, n: int) -> np.ndarray:
    """Return for each of n images the first class that it shows, -1 for none: (n,) int64 from labels (n, classes)."""
    if labels is None or not labels.shape[1]:
        return np.full(n, -1)
    shown = labels == 1
    return np.where(shown.any(axis=1), shown.argmax(axis=1), -1)


def by_class(
    labels: np.ndarray | None, classes: Sequence[str], n: int
) -> tuple[np.ndarray, tuple[tuple[str, int, int], ...]]:
    """Order n images by the first class they show, in the order of the classes, images without one last.

    Returns positions (n,) and blocks (class, start, stop) in that order. Within a block the data set's order stays;
    without any label there are no blocks.
    """
    first = first_class(labels, n)
    if (first < 0).all():
        return np.arange(n), ()
    place = np.where(first < 0, len(classes), first)
    order = np.argsort(place, kind="stable")
    names = (*classes, UNLABELLED)
    found, starts = np.unique(place[order], return_index=True)
    stops = (*starts[1:].tolist(), n)
    blocks = tuple((names[c], start, stop) for c, start, stop in zip(found, starts.tolist(), stops, strict=True))
    return order, blocks
