"""Show what could be fetched or chosen as rows with a picture, a few words, a state and one button."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import streamlit as st

from gradviz.networks import Layer
from gradviz.ui.components import fingerprint, pack, register

_component = register("cards", "body_layout.js", "cards.js")


@dataclass(frozen=True)
class Card:
    """What a row shows.

    `name` is what commands and links call it, `title` what people call it; `lines` are a few words each. `state` says
    whether it is here, `size` how large it is, `here` and `chosen` how it is drawn. `action` is the words of its
    button, "" for none. The picture is the drawing of `layers`, or else `pictures`: small JPEGs.
    Rows of one `group` that follow each other stand under its name.
    """

    name: str
    title: str
    lines: tuple[str, ...]
    state: str
    size: str
    here: bool
    chosen: bool = False
    action: str = ""
    layers: tuple[Layer, ...] = ()
    pictures: tuple[bytes, ...] = ()
    group: str = ""


def cards(shown: Sequence[Card], *, key: str, photographs: int = 0, on_name: Callable[[str], None]) -> str | None:
    """Draw the rows; return the name of the one whose button was clicked in this run.

    `photographs` is how many places for pictures a row has, 0 where the rows are drawings of layers. `on_name` gets
    that name too, before the page is run.
    """
    names = [card.name for card in shown if card.action]
    header = {"cards": [_described(card) for card in shown], "photographs": photographs}
    pictures = [picture for card in shown for picture in card.pictures]

    def clicked() -> None:
        name = getattr(st.session_state.get(key), "name", None)
        if name in names:
            on_name(name)

    data = pack({**header, "digest": fingerprint(header, *pictures)}, *pictures)
    name = _component(data=data, key=key, on_name_change=clicked).name
    return name if name in names else None


def _described(card: Card) -> dict[str, object]:
    layers = [{"name": layer.name, "inputs": layer.inputs, "outputs": layer.outputs} for layer in card.layers]
    return {**vars(card), "layers": layers, "pictures": len(card.pictures)}
