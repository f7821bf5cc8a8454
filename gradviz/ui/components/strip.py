"""Show a row of small photographs that fill the width, as in the sidebar."""

from collections.abc import Sequence

from gradviz.ui.components import fingerprint, nothing, pack, register

_component = register("strip", "strip.js")


def strip(images: Sequence[tuple[str, bytes, str]], *, key: str, focus: str | None = None) -> str | None:
    """Draw (id, JPEG bytes, what it shows) as square buttons side by side; return the id clicked in this run."""
    names = [name for name, _, _ in images]
    header = {"ids": names, "shows": [shows for _, _, shows in images]}
    pictures = [picture for _, picture, _ in images]
    data = pack({**header, "focus": focus, "digest": fingerprint(header, *pictures)}, *pictures)
    clicked = _component(data=data, key=key, on_id_change=nothing).id
    return clicked if clicked in names else None
