"""Draw one or two photographs on their way through a network, forward and backward, in one component.

It is sent in pieces, so that nothing is sent again that has not changed: the network, each photograph with its vectors
for every temperature, where the pair's similarity comes from, and what is chosen.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import streamlit as st

from gradviz.networks import Layer
from gradviz.ui.components import fingerprint, nothing, pack, register

_SCRIPTS = ("numbers", "layout", "strips", "flow", "classes", "cells", "outer", "product", "pair", "save")
_component = register("network", *(f"network_{name}.js" for name in _SCRIPTS), "network.js")

CELLS = ("largest", "means")


class Stage(NamedTuple):
    """A stage of the body: its name, places along a side, channels, and mean activations (m, m), m at most the side."""

    name: str
    side: int
    channels: int
    mean: np.ndarray


@dataclass(frozen=True, eq=False)
class Photograph:
    """One photograph as it is drawn.

    `picture` is a square JPEG of what the network sees. Per layer: x (d,), y (d,) and dE/dy (T, d); p (T, P), g (P,).
    """

    id: str
    shows: str
    picture: bytes
    crops: int
    stages: Sequence[Stage]
    layers: Sequence[tuple[np.ndarray, np.ndarray, np.ndarray]]
    p: np.ndarray
    g: np.ndarray


@dataclass(frozen=True)
class Drawn:
    """The network: its names, layers and the activations between them, the temperatures, and what kernels compare."""

    name: str
    layers: Sequence[Layer]
    activations: Sequence[str]
    classes: Sequence[str]
    temperatures: Sequence[float]
    pooled: bool
    normalise: str
    pseudo: str


@dataclass(frozen=True)
class Choices:
    """What is chosen and what is known of it: the opened layer, the temperature, the gradient that was formed.

    `about` says in exported pictures where the photographs are from and names the network; `elsewhere` says why the
    pair cannot be opened on other pages, `nowhere` why no places are shown; `cells`, one of CELLS, is what a cell of
    the opened gradient shows of its block.
    """

    layer: str
    temperature: float
    about: str = ""
    formed: Mapping[str, Any] | None = None
    elsewhere: str = ""
    nowhere: str = ""
    cells: str = CELLS[0]


class Event(NamedTuple):
    """What was asked for in this run: the layer whose gradient to form, and the page to open the pair on."""

    form: str | None
    go: str | None


def network(
    drawn: Drawn,
    a: Photograph,
    b: Photograph | None,
    places: tuple[np.ndarray, np.ndarray] | None,
    choices: Choices,
    *,
    means: tuple[np.ndarray, np.ndarray] | None = None,
    key: str,
    on_temperature: Callable[[float], None],
    on_layer: Callable[[str], None],
    on_cells: Callable[[str], None],
    on_own: Callable[[], None],
) -> Event:
    """Draw it; the callbacks run before the page does, with the temperature, the layer's name or the cells chosen.

    `on_own` asks for the visitor's own photographs as the data set.

    `places` are the shares (H, W) of both photographs in the inner product of the head's inputs; `means` those of the
    opened layer's x and dE/dy at the temperature chosen, of length 1, where kernels are centred.
    """
    about = {
        **{"kind": "network", "bus": key, "name": drawn.name, "activations": list(drawn.activations)},
        "layers": [_layer(layer) for layer in drawn.layers],
        **{"classes": list(drawn.classes), "temperatures": list(drawn.temperatures), "pooled": drawn.pooled},
        **{"normalise": drawn.normalise, "pseudo": drawn.pseudo},
    }
    digest = fingerprint(about)

    def state(name: str) -> Any:
        return getattr(st.session_state.get(key), name, None)

    def temperature() -> None:
        value = state("temperature")
        if value in drawn.temperatures:
            on_temperature(value)

    def layer() -> None:
        if state("layer") in [layer.name for layer in drawn.layers]:
            on_layer(state("layer"))

    def cells() -> None:
        if state("cells") in CELLS:
            on_cells(state("cells"))

    def own() -> None:
        if state("own"):
            on_own()

    with st.container(gap=None):
        found = _component(
            data=pack({**about, "digest": digest}),
            key=key,
            on_temperature_change=temperature,
            on_layer_change=layer,
            on_cells_change=cells,
            on_own_change=own,
            on_form_change=nothing,
            on_go_change=nothing,
        )
        _component(data=photograph("A", a, key, digest), key=f"{key}-A")
        empty = pack({"kind": "B", "bus": key, "network": digest, "digest": None})
        _component(data=photograph("B", b, key, digest) if b else empty, key=f"{key}-B")
        _component(data=_places(places, a, b, key), key=f"{key}-places")
        of = {"kind": "means", "bus": key, "layer": choices.layer, "temperature": choices.temperature}
        _component(data=pack(of, *map(_floats, means or ())), key=f"{key}-means")
        _component(data=pack({"kind": "choices", "bus": key, **vars(choices)}), key=f"{key}-choices")
    form = found.form if found.form in [layer.name for layer in drawn.layers] else None
    return Event(form, found.go if found.go in ("kernels", "map") else None)


def _layer(layer: Layer) -> dict[str, Any]:
    return {"name": layer.name, "number": layer.number, "inputs": layer.inputs, "outputs": layer.outputs}


def photograph(role: str, photo: Photograph, bus: str, network: str) -> bytes:
    """Pack one photograph, as the one called A or B."""
    parts = [photo.picture, *(_floats(stage.mean) for stage in photo.stages)]
    for x, y, dy in photo.layers:
        parts += [_floats(x), _floats(y), _floats(dy)]
    parts += [_floats(photo.p), _floats(photo.g)]
    stages = [
        {"name": stage.name, "side": stage.side, "channels": stage.channels, "drawn": len(stage.mean)}
        for stage in photo.stages
    ]
    header = {"bus": bus, "network": network, "id": photo.id, "shows": photo.shows, "crops": photo.crops}
    header |= {"stages": stages}
    return pack({"kind": role, **header, "digest": fingerprint(header, *parts)}, *parts)


def _places(places: tuple[np.ndarray, np.ndarray] | None, a: Photograph, b: Photograph | None, bus: str) -> bytes:
    header: dict[str, Any] = {"kind": "shares", "bus": bus}
    if places is None or b is None:
        return pack(header)
    return pack({**header, "side": len(places[0]), "ids": [a.id, b.id]}, *map(_floats, places))


def _floats(values: np.ndarray) -> bytes:
    return np.ascontiguousarray(values, "<f4").tobytes()
