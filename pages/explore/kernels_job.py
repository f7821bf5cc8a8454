"""What jobs compute for the Kernels page: a layer's three kernels, their numbers, and the figure in some order."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from gradviz.callbacks import Cancel, Progress, part
from gradviz.datasets.main_class import MainClasses, main_classes
from gradviz.representations import triple
from gradviz.spec import Spec
from gradviz.ui.components import heatmaps
from gradviz.ui.kept import Kept
from gradviz.ui.single_pairs import Pairs, describe, means_of_blocks
from pages.explore import kernels_order as orders
from pages.explore.kernels_pairs import Sample, sample

# gradviz.experiment imports torch: seconds, which a page's script must not wait for.
if TYPE_CHECKING:
    from gradviz.features.extraction import Features
    from gradviz.results import KernelResult, ProductResult
    from gradviz.ui.selection import Selection

MOST = 5000
"""Images whose kernels a page holds: three matrices of 5,000 x 5,000 take 300 MB."""
ROLES = ("forward", "backward", "product")
SYMBOLS = ("K_fw", "K_bw", "K")

_kept = Kept(300_000_000)
"""Kernels of the layers and temperatures seen last; a visitor's own photographs are never among them."""


@dataclass(frozen=True)
class Layer:
    """A layer's kernels in the data set's order, float32 (n, n) each, and what their single pairs are like.

    `main` (n,) is the main class of each photograph by `rule` (gradviz/datasets/main_class.py), -1 for none.
    """

    result: "ProductResult"
    pairs: tuple[Pairs, Pairs, Pairs]
    main: np.ndarray
    rule: str
    sample: Sample

    @property
    def worth_a_look(self) -> tuple[int, int]:
        """Positions of the pair that is shown before one is chosen: alike to the eye, and not to the gradients."""
        if not self.sample.alike:
            return 0, 0
        return int(self.sample.rows[self.sample.alike[0]]), int(self.sample.cols[self.sample.alike[0]])

    @property
    def arrays(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """K_fw, K_bw and K."""
        return self.result.K_fw, self.result.K_bw, self.result.K

    @property
    def nbytes(self) -> int:
        """The bytes of the kernels."""
        return sum(K.nbytes for K in self.arrays)


@dataclass(frozen=True)
class KernelView:
    """A layer's kernels as they are drawn: the place of each photograph, blocks of classes, and what is sent.

    `order` (n,) holds positions in `layer`'s order, `ids` the photographs' names as they stand on the axes. `panels`
    are the payloads of forward, backward and product, `names` that of the axes, and `version` names all of them.
    """

    layer: Layer
    ids: tuple[str, ...]
    order: np.ndarray
    blocks: orders.Blocks
    panels: tuple[bytes, bytes, bytes]
    names: bytes
    version: str

    @property
    def arrays(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """K_fw, K_bw and K in the data set's order."""
        return self.layer.arrays

    @property
    def result(self) -> "ProductResult":
        """Return the verbs' result, in the data set's order, as the command line writes it."""
        return self.layer.result

    @property
    def nbytes(self) -> int:
        """The bytes of kernels and payloads."""
        return self.layer.nbytes + sum(map(len, self.panels))

    def at(self, row: str, col: str) -> tuple[float, float, float]:
        """Return K_fw, K_bw and K of two photographs."""
        i, j = (self.layer.result.rows.ids.index(name) for name in (row, col))
        forward, backward, product = (float(K[i, j]) for K in self.arrays)
        return forward, backward, product


def kernels_view(
    selection: "Selection", order: str, first: str | None, progress: Progress, cancel: Cancel
) -> KernelView:
    """Compute the layer's three kernels on the chosen split, and what the page draws of them.

    `order` is class, seriation, like or id; `first` is the photograph that "like" begins with, None for any.
    """
    layer = layer_of(selection, part(progress, 0, 0.8), cancel)
    rows = layer.result.rows
    blocks: orders.Blocks = ()
    if order == "class":
        places, blocks = class_order(selection, layer.main, part(progress, 0.8, 0.85), cancel)
    elif order == "seriation":
        places = orders.by_seriation(layer.result.K)
    elif order == "like":
        places = orders.like(layer.result.K, rows.ids.index(first) if first in rows.ids else layer.worth_a_look[0])
    else:
        places = np.array(sorted(range(len(rows.ids)), key=rows.ids.__getitem__), np.int64)

    def packed(i: int) -> bytes:
        K, about = layer.arrays[i], heatmaps.Panel(i, selection.titles[i], SYMBOLS[i], ROLES[i], layer.pairs[i])
        return heatmaps.panel(K, about, places, means=_means(K, places, blocks) if blocks else None)

    with ThreadPoolExecutor(2) as pool:
        forward, backward, product = pool.map(packed, range(3))
    ids = tuple(rows.ids[i] for i in places)
    names = _names(selection, layer, places, blocks)
    version = heatmaps.digest_of(names, forward, backward, product)
    return KernelView(layer, ids, places, blocks, (forward, backward, product), names, version)


def layer_of(selection: "Selection", progress: Progress, cancel: Cancel) -> Layer:
    """Compute a layer's kernels and their numbers, or find them among those kept."""
    return remembered(
        selection,
        layer_key(selection),
        lambda: _layer(selection, progress, cancel),
        lambda layer: layer.nbytes - layer.result.K_fw.nbytes,
    )


def class_order(
    selection: "Selection", main: np.ndarray, progress: Progress, cancel: Cancel
) -> tuple[np.ndarray, orders.Blocks]:
    """Order photographs by class.

    What leads the way is the input of the network's last layer, so that neither the layer that is looked at nor the
    temperature moves a photograph.
    """

    def made() -> tuple[np.ndarray, orders.Blocks]:
        if (main < 0).all():
            return np.arange(len(main)), ()
        lab = selection.experiment()
        name = triple(lab.offer.layers[-1])[0]
        rows = lab.features([name], selection.split, progress=progress, cancel=cancel)
        from gradviz.kernels import normalise

        return orders.by_class(normalise(rows.arrays[name]), main, rows.images.classes)

    return remembered(selection, order_key(selection), made, lambda found: found[0].nbytes)


def _main(selection: "Selection", rows: "Features") -> MainClasses:
    """Return the main class of each photograph, for which an annotation of each is read: once for all layers."""
    return remembered(
        selection,
        json.dumps(["main classes", selection.token, rows.images.name, *rows.ids]),
        lambda: main_classes(rows.images, rows.positions),
        lambda found: found.of.nbytes,
    )


def layer_key(selection: "Selection") -> str:
    """Name a layer's kernels: all choices but the seed."""
    return selection.unseeded.key("layer kernels")


def forward_key(selection: "Selection") -> str:
    """Name a layer's forward kernel: the choices that it depends on."""
    return _without_gradient(selection).key("forward kernel")


def order_key(selection: "Selection") -> str:
    """Name the order by class: the choices that the forward pass depends on, and the split."""
    return replace(selection.forward, split=selection.split).key("class order")


def _without_gradient(selection: "Selection") -> "Selection":
    plain = Spec()
    spec = replace(
        selection.spec, temperature=plain.temperature, pseudo_label=plain.pseudo_label, centre=False, seed=plain.seed
    )
    return replace(selection, spec=spec)


def _layer(selection: "Selection", progress: Progress, cancel: Cancel) -> Layer:
    # Torch comes with these: seconds, which a page's script must not wait for.
    from gradviz.kernels import Kernel, centre
    from gradviz.results import ProductResult, zero_note

    names, lab = selection.triple, selection.experiment()
    forward, forward_pairs = _forward(selection, part(progress, 0, 0.4), cancel)
    plain = selection.centring(False).experiment()  # the product alone is centred
    backward = plain.kernel(names[1], selection.split, progress=part(progress, 0.4, 0.8), cancel=cancel)
    K_fw, K_bw = forward.K, backward.K
    product = K_fw * K_bw
    if selection.spec.centre:
        product = centre(product)
    rows = replace(forward.rows, arrays={})
    # A zero vector on either side leaves nothing of the product.
    zero = 0 if selection.spec.normalise == "none" else int(np.sum((np.diag(K_fw) == 0) | (np.diag(K_bw) == 0)))
    found = ProductResult(
        representation=names[2],
        rows=rows,
        cols=rows,
        K=product,
        notes=rows.notes + zero_note(Kernel(product, zero, zero), selection.spec.normalise),
        about=lab.about(representation=names[2], split=selection.split),
        K_fw=K_fw,
        K_bw=K_bw,
    )
    progress(900, 1000)
    main = _main(selection, rows)
    with ThreadPoolExecutor(2) as pool:
        backward_pairs, product_pairs = pool.map(describe, (K_bw, product))
    pairs = (forward_pairs, backward_pairs, product_pairs)
    return Layer(found, pairs, main.of, main.rule, sample(K_fw, K_bw, rows.labels))


def _forward(selection: "Selection", progress: Progress, cancel: Cancel) -> tuple["KernelResult", Pairs]:
    """Return the forward kernel, which neither temperature nor pseudo-label changes, and its numbers."""

    def made() -> tuple["KernelResult", Pairs]:
        lab = _without_gradient(selection).experiment()
        found = lab.kernel(selection.triple[0], selection.split, progress=progress, cancel=cancel)
        bare = replace(found.rows, arrays={})
        return replace(found, rows=bare, cols=bare), describe(found.K)

    return remembered(selection, forward_key(selection), made, lambda found: found[0].K.nbytes)


def remembered(selection: "Selection", key: str, make: Callable[[], Any], size: Callable[[Any], int]) -> Any:
    """Return what is kept under a key, made now where it is not; of a visitor's own photographs nothing is kept."""
    return make() if selection.own else _kept.get(key, make, size)


def _names(selection: "Selection", layer: Layer, places: np.ndarray, blocks: orders.Blocks) -> bytes:
    """Pack the photographs' names and classes in an order: seldom another one."""
    rows = layer.result.rows

    def made() -> bytes:
        labels = tuple(rows.images.labels_of(i) for i in rows.positions[places])
        axis = heatmaps.Axis(tuple(rows.ids[i] for i in places), labels, blocks)
        return heatmaps.axes(axis, order=places, classes=_classes(layer, blocks), rule=layer.rule)

    key = json.dumps([selection.token, rows.images.name, *(rows.ids[i] for i in places), blocks])
    return remembered(selection, key, made, len)


def _means(K: np.ndarray, places: np.ndarray, blocks: orders.Blocks) -> np.ndarray:
    block = np.empty(len(places), np.int64)
    for i, (_, start, stop) in enumerate(blocks):
        block[places[start:stop]] = i
    return means_of_blocks(K, block, len(blocks))


def _classes(layer: Layer, blocks: orders.Blocks) -> list[dict[str, Any]]:
    """List the classes in the order of their blocks, with how many photographs stand there and how many show one."""
    rows = layer.result.rows
    if rows.labels is None:
        return []
    show = (rows.labels == 1).sum(axis=0)
    column = {name: c for c, name in enumerate(rows.images.classes)}
    if not blocks:
        return [{"name": name, "index": c, "here": None, "show": int(show[c])} for name, c in column.items() if show[c]]
    return [
        {
            "name": name,
            "index": column.get(name),
            "here": stop - start,
            "show": int(show[column[name]]) if name in column else stop - start,
        }
        for name, start, stop in blocks
    ]
