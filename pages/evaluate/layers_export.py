"""What the Layers page offers to take along: the board and the answer."""

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from gradviz.ui.report import Asked
from gradviz.ui.selection import Selection
from gradviz.ui.widgets import Download
from pages.evaluate.layers_job import Told

if TYPE_CHECKING:
    from gradviz.ranking import Scored
    from gradviz.results import BoardRow


def asked(networks: Sequence[Selection], choices: Mapping[str, Any]) -> list[Asked]:
    """Return the board of each network as the command line makes it; it scores the best one, so needs a test split."""
    if choices["test"] is None:
        return []
    more = {"cv": True, **{name: choices[name] for name in ("train", "test", "C", "ap")}}
    return [Asked(f"The board of {one.source}, the best and its score", "layers", one, more) for one in networks]


def offers(
    selection: Selection,
    rows: "Sequence[BoardRow]",
    ranked: "Sequence[BoardRow]",
    told: Told | None,
    differences: "Sequence[tuple[str, BoardRow, Scored]]",
) -> list[Download]:
    """Return the files; each is built when it is asked for."""
    name = f"layers_{selection.images.name}"

    def as_csv() -> str:
        from gradviz.export import board_csv

        return board_csv(rows)

    def as_json() -> str:
        from gradviz.export import choice_json
        from gradviz.ranking import gains

        test = told and (told.scored[0].run, told.scored[0].drawn)
        rivals = [(name, row, one.run, one.difference) for name, row, one in differences if one.difference]
        return json.dumps(choice_json(rows, ranked[0], test or None, rivals, gains(ranked)), indent=2)

    return [
        Download("Board as CSV", f"{name}.csv", "text/csv", as_csv),
        Download("Board, answer and choices as JSON", f"{name}.json", "application/json", as_json),
    ]
