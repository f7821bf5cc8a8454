"""Say in one line what there is: numbers with a few words each."""

from collections.abc import Mapping, Sequence
from typing import Any

from gradviz.ui.components import pack, register

_component = register("facts", "facts.js")


def facts(found: Sequence[Mapping[str, Any]], *, key: str) -> None:
    """Draw facts side by side.

    Each has `lines` of words and may have a `number` before them, `columns` ((name, count), ...) behind them, and an
    `about` that appears under the pointer.
    """
    _component(data=pack({"facts": [dict(fact) for fact in found]}), key=key)
