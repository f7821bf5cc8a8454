"""Show a few columns of short texts as a compact table."""

from collections.abc import Sequence
from dataclasses import dataclass

from gradviz.ui.components import nothing, pack, register

_component = register("lines", "lines.js")


@dataclass(frozen=True)
class Line:
    """A line: its name, its cells, whether it is here already, and whether a click leads somewhere."""

    name: str
    cells: tuple[str, ...]
    here: bool
    leads: bool = False
    about: str = ""


def lines(
    columns: Sequence[str], rows: Sequence[Line], *, key: str, right: Sequence[int] = (), folds: bool = False
) -> str | None:
    """Draw a table whose columns in `right` are aligned to the right; return the name of the line clicked.

    Of a table that `folds`, a low window shows the first seven lines.
    """
    header = {"columns": list(columns), "rows": [vars(row) for row in rows], "right": list(right), "folds": folds}
    clicked = _component(data=pack(header), key=key, on_name_change=nothing).name
    return clicked if clicked in [row.name for row in rows if row.leads] else None
