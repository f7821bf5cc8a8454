"""Show thumbnails as one grid."""

import hashlib
from collections.abc import Sequence

from gradviz.ui.components import nothing, pack, register

_component = register("gallery", "gallery.js")


def grid(images: Sequence[tuple[str, bytes, str]], *, key: str, width: int = 128) -> str | None:
    """Draw (id, JPEG bytes, caption) as a grid of pictures about width pixels wide; return the id clicked."""
    pictures = [picture for _, picture, _ in images]
    names = [name for name, _, _ in images]
    header = {"ids": names, "captions": [caption for _, _, caption in images], "width": width}
    digest = hashlib.blake2b(repr(header).encode() + b"".join(pictures), digest_size=8).hexdigest()
    clicked = _component(data=pack({**header, "digest": digest}, *pictures), key=key, on_id_change=nothing).id
    return clicked if clicked in names else None
