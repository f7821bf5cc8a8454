"""Show one photograph with the boxes of its objects and a table of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from gradviz.ui.components import fingerprint, nothing, pack, register

_component = register("annotated", "photograph_fit.js", "annotated.js")


@dataclass(frozen=True)
class Shown:
    """What is drawn of a photograph.

    `size` is its width and height in pixels, `facts` a few words beside its id, `about` what it shows. Each of
    `objects` has name, colour (position of the class, -1 for none) and difficult; where `boxed`, also corners
    (1-based, inclusive), extent, area (share of the picture) and truncated, else count (photographs that show the
    class). `none` is said where there are no objects.
    """

    id: str
    size: tuple[int, int]
    facts: str
    about: str
    objects: Sequence[dict[str, Any]]
    boxed: bool
    none: str = ""


def annotated(shown: Shown, jpeg: bytes, *, key: str) -> str | None:
    """Draw the photograph; return the class whose line in the table was clicked in this run."""
    data = pack({**vars(shown), "digest": fingerprint({}, jpeg)}, jpeg)
    clicked = _component(data=data, key=key, on_chosen_change=nothing).chosen
    return clicked if clicked in [made["name"] for made in shown.objects] else None
