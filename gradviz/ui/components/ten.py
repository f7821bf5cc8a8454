"""Show a row of photographs of which one is called A and another B."""

from collections.abc import Callable, Collection, Mapping, Sequence

import streamlit as st

from gradviz.ui.components import fingerprint, pack, register

_component = register("ten", "ten.js")


def ten(
    images: Sequence[tuple[str, bytes, str]],
    *,
    key: str,
    a: str,
    b: str | None,
    selected: Collection[str] = (),
    on_pick: Callable[[str, str], None],
) -> None:
    """Draw (id, JPEG bytes, what it shows) as square buttons; on_pick(id, "A" or "B") runs before the page does.

    Those among `selected`, the visitor's selection of all pages, have an outline.
    """
    names = [name for name, _, _ in images]
    header = {"ids": names, "shows": [shows for _, _, shows in images]}
    pictures = [picture for _, picture, _ in images]

    def picked() -> None:
        pick = getattr(st.session_state.get(key), "pick", None)
        if isinstance(pick, Mapping) and pick.get("id") in names and pick.get("role") in ("A", "B"):
            on_pick(pick["id"], pick["role"])

    told = {"a": a, "b": b, "selected": [name for name in names if name in selected]}
    data = pack({**header, **told, "digest": fingerprint(header, *pictures)}, *pictures)
    _component(data=data, key=key, on_pick_change=picked)
