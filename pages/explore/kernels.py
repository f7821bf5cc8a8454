"""Show a layer's forward, backward and product kernel, and the photographs behind a cell."""

import io
from dataclasses import replace

import streamlit as st

from gradviz.ui import options, polling, views, widgets
from gradviz.ui.components.heatmaps import Axis, Panel, heatmaps
from gradviz.ui.selection import Selection, choose_pair, current, pair

MOST = 5000
"""Images whose kernels a page holds: three matrices of 5,000 x 5,000 take 300 MB."""

ALIGNMENT = (
    "Centred kernel alignment (CKA): 1 where the kernel is high for exactly those photographs that share classes, "
    "about 0 where it is unrelated to them."
)


def _page(selection: Selection) -> None:
    st.title("Kernels", anchor=False)
    st.caption(
        "Each cell compares two photographs: how similar are the inputs of the layer (forward), the gradients at its "
        "output (backward), and the gradients of its weights (product = forward × backward)? Rows and columns are "
        "ordered by class. Click a cell to see its two photographs."
    )
    if not widgets.has_layer(selection):
        return
    if selection.chosen > MOST:
        st.info(
            f"This page draws at most {MOST:,} images, and {selection.chosen:,} are chosen. Choose fewer in the "
            "sidebar; `python -m gradviz kernel` has no such limit."
        )
        return
    figure = st.container()
    selection = selection.centring(options.switch("centre"))
    with figure:
        _drawn(selection)


def _drawn(selection: Selection) -> None:
    title = f"Kernels of {selection.chosen:,} images, {selection.source} {selection.layer.name}"
    question = selection.unseeded.question(views.kernels, title=title, lane="light")
    view = polling.ask(question, after=widgets.features(selection), slot="kernels")
    _heatmaps(selection, view)
    _pair(selection, view)
    _alignment(selection, view)
    widgets.notes(view.result.notes, view.result.rows.skipped)
    name = f"kernel_{selection.images.name}_{selection.source}_{selection.triple[2]}.npz"
    widgets.downloads(
        [widgets.Download("Kernels as npz", name, "application/octet-stream", lambda: _npz(selection, view))]
    )


def _heatmaps(selection: Selection, view: views.KernelView) -> None:
    figure = st.container()
    own = options.bound(
        st.toggle,
        "Separate colour scale for each kernel",
        not view.comparable,
        key="own",
        help="Otherwise all three share one scale, so that their colours can be compared.",
    )
    scale, ranges = view.colours(own=own)
    panels = [
        Panel(title, K, symbol, *limits)
        for title, K, symbol, limits in zip(selection.titles, view.arrays, ("K_fw", "K_bw", "K"), ranges, strict=True)
    ]
    with figure:
        event = heatmaps(
            panels,
            rows=Axis(view.ids, view.labels, view.blocks),
            key="heatmaps",
            scale=scale,
            unit="cosine" if view.comparable else "inner product",
            product=not selection.spec.centre,
            pair=_chosen(view),
        )
    if event.pair and event.pair != pair():
        choose_pair(event.pair)
        st.rerun()


def _chosen(view: views.KernelView) -> tuple[str, str] | None:
    chosen = pair()
    return chosen if chosen and set(chosen) <= set(view.ids) else None


def _pair(selection: Selection, view: views.KernelView) -> None:
    chosen = _chosen(view)
    if chosen is None:
        return
    row, col = (view.ids.index(name) for name in chosen)
    forward, backward, product = (float(K[row, col]) for K in view.arrays)
    lines = [widgets.equation(forward, backward, forward * backward)]
    lines.append("K_fw, forward: how similar the layer's inputs are")
    lines.append("K_bw, backward: how similar the gradients at its output are")
    lines.append("their product: how similar the gradients of its weights are")
    if selection.spec.centre:
        lines.append(f"K after centring: {product:.4f}")
    widgets.pair(selection.images, chosen, *lines)


def _alignment(selection: Selection, view: views.KernelView) -> None:
    if view.alignment is None:
        return
    for column, name, value in zip(st.columns(3), selection.triple, view.alignment, strict=True):
        column.metric(f"Label alignment of {name}", f"{value:.3f}", help=ALIGNMENT)


def _npz(selection: Selection, view: views.KernelView) -> bytes:
    from gradviz.export import kernel_npz

    file, result = io.BytesIO(), view.exported()
    kernel_npz(replace(result, about={**result.about, "seed": selection.spec.seed}), file)
    return file.getvalue()


_page(current())
