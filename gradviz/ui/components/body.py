"""Draw a network as a small picture of its layers, to choose one by a click."""

from collections.abc import Callable, Sequence

import streamlit as st

from gradviz.networks import Layer
from gradviz.ui.components import pack, register

_component = register("body", "body_layout.js", "body.js")


def body(
    layers: Sequence[Layer],
    chosen: str,
    *,
    key: str,
    on_layer: Callable[[str], None],
    within: str = "convolutions",
) -> None:
    """Draw what comes before the layers as slabs and each layer as a bar.

    A bar's height grows with the logarithm of the layer's outputs. `within` says what the slabs are. `on_layer` gets
    the name of a layer that was clicked, before the page is run.
    """
    header = {
        "layers": [{"name": layer.name, "inputs": layer.inputs, "outputs": layer.outputs} for layer in layers],
        "chosen": chosen,
        "within": within,
    }

    def clicked() -> None:
        name = getattr(st.session_state.get(key), "layer", None)
        if name in [layer.name for layer in layers]:
            on_layer(name)

    _component(data=pack(header), key=key, on_layer_change=clicked)
