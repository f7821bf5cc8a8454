"""All layers of the network as small kernels, with their alignment to the labels: computed in the background."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from gradviz import metrics
from gradviz.callbacks import Cancel, Progress, part, stop_if
from gradviz.networks import Layer
from gradviz.ui.components.heatmaps import block_means, quantise
from gradviz.ui.kept import Kept
from pages.explore import kernels_job
from pages.explore.kernels_job import class_order, layer_of

if TYPE_CHECKING:
    from gradviz.ui.selection import Selection

_kept = Kept(1_000_000)
SIDE = 64
"""Cells along a side of a small kernel, at most."""


@dataclass(frozen=True)
class Strip:
    """Hold what a layer's column shows: names of the three, cells as uint16 (side, side) with their scale, alignment.

    `cells` are bytes between `ranges`; `limits` are what colours span: 2nd and 98th percentile, the largest pair.
    """

    name: str
    triple: tuple[str, str, str]
    side: int
    cells: tuple[bytes, ...]
    ranges: tuple[tuple[float, float], ...]
    limits: tuple[tuple[float, float, float], ...]
    alignment: tuple[float, ...] | None


def layers_view(
    selection: "Selection", layers: tuple[tuple[str, int], ...], progress: Progress, cancel: Cancel
) -> list[Strip]:
    """Compute the three kernels of every layer (name, number), in the order of classes, as few cells as are shown."""
    found, shown = [], None
    for i, (name, number) in enumerate(layers):
        here = replace(selection, picked=Layer(name, "", number, 0, 0))
        kernels = layer_of(here, part(progress, i / len(layers), (i + 0.9) / len(layers)), cancel)
        order, _ = class_order(here, kernels.main, part(progress, (i + 0.9) / len(layers), 1), cancel)
        step = max(1, -(-len(order) // SIDE))
        cells, ranges = [], []
        for K in kernels.arrays:
            raw, low, high = quantise(block_means(K, step, order))
            cells.append(raw)
            ranges.append((low, high))
        limits = tuple((p.low, p.high, float(p.largest[0])) for p in kernels.pairs)
        labels = kernels.result.rows.labels
        alignment = None
        if labels is not None and (labels == 1).any():
            shown = metrics.label_kernel(labels) if shown is None else shown
            alignment = _alignment(here, kernels, shown, cancel)
        side = -(-len(order) // step)
        found.append(Strip(name, here.triple, side, tuple(cells), tuple(ranges), limits, alignment))
    return found


def _alignment(
    selection: "Selection", layer: kernels_job.Layer, shown: np.ndarray, cancel: Cancel
) -> tuple[float, ...]:
    """Compare a layer's three kernels with that of the labels; forward's does not change with the temperature."""
    found = []
    keys = (kernels_job.forward_key(selection), kernels_job.layer_key(selection), kernels_job.layer_key(selection))
    for i, K in enumerate(layer.arrays):
        stop_if(cancel)

        def made(K: np.ndarray = K) -> float:
            return metrics.alignment(K, shown)

        found.append(made() if selection.own else _kept.get((keys[i], i), made, lambda _: 1000))
    return tuple(found)
