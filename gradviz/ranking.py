"""What follows from the rows of a board: the best, what it is compared with, and what each gradient gains.

The best row is chosen without a look at the test images, and so may be scored on them: once. Its own cross-validated
figure is a little too good, being the largest of many.
"""

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from gradviz.callbacks import Cancel, never
from gradviz.comparison import compare, resampled
from gradviz.representations import symbol, triple
from gradviz.resampling import Difference, Resampled, around
from gradviz.results import BoardRow, Evaluation, Gain


def best(rows: Collection[BoardRow]) -> list[BoardRow]:
    """Return each representation at its best temperature, the best representation first; of equals the first measured.

    Parameters
    ----------
    rows
        Of any networks, for the same images.
    """
    found: dict[tuple[str | None, str], BoardRow] = {}
    for row in rows:
        key = row.network, row.representation
        if key not in found or _value(row) > _value(found[key]):
            found[key] = row
    return sorted(found.values(), key=_value, reverse=True)


def rivals(ranked: Sequence[BoardRow]) -> dict[str, BoardRow]:
    """Return what the first of `ranked` is compared with: the best forward row, that without a temperature, the next.

    Where the first is a forward row itself, the best gradient is compared with it instead. No row is there twice.

    Parameters
    ----------
    ranked
        What `best` returns.

    Returns
    -------
    dict of str to BoardRow
        Under "forward", "plain", "gradient" and "runner-up", in this order, as far as there are such.
    """
    if not ranked:
        return {}
    first, *others = ranked
    forward = _is_forward(first)
    found: dict[str, BoardRow | None] = {
        "gradient": next((row for row in others if not _is_forward(row)), None) if forward else None,
        "forward": None if forward else next((row for row in others if _is_forward(row)), None),
        "plain": None
        if forward
        else next((row for row in others if _is_forward(row) and row.temperature is None), None),
        "runner-up": others[0] if others else None,
    }
    kept: dict[str, BoardRow] = {}
    for name, row in found.items():
        if row is not None and all(row is not other for other in kept.values()):
            kept[name] = row
    return kept


def gains(ranked: Sequence[BoardRow]) -> list[Gain]:
    """Compare the gradient of each layer, dW6, with what it is made of where nothing is multiplied, x5+x6.

    Parameters
    ----------
    ranked
        What `best` returns: the gradient is at its best temperature, which makes the gain a little too good.

    Returns
    -------
    list of Gain
        By network, as it comes first, and layer.
    """
    found = []
    by_name = {(row.network, row.representation): row for row in ranked if not math.isnan(row.mean_ap)}
    joined = [row for row in by_name.values() if row.network and "+" in row.representation and _is_forward(row)]
    for network in dict.fromkeys(row.network for row in ranked):
        for row in sorted((row for row in joined if row.network == network), key=_first_layer):
            product = by_name.get((network, triple(_first_layer(row) + 1)[2]))
            if product is not None:
                found.append(_gain(product, row))
    return found


def _first_layer(row: BoardRow) -> int:
    """Return the number of the first vector of a concatenation: 5 for x5+x6, what enters and leaves layer 6."""
    return symbol(row.representation.split("+")[0]).k


def _gain(product: BoardRow, joined: BoardRow) -> Gain:
    value = product.mean_ap - joined.mean_ap
    return Gain(product, joined, value, around(value, product.draws - joined.draws))


@dataclass(frozen=True)
class Scored:
    """Hold the score of a result on the test images, and what the first of several is better by.

    `difference` is the first minus this one, in percent, with intervals paired by test image; None for the first.
    """

    run: Evaluation
    drawn: Resampled
    difference: Difference | None


def scored(runs: Sequence[Evaluation], *, cancel: Cancel = never) -> list[Scored]:
    """Compare results with the first on the test images.

    Parameters
    ----------
    runs
        What `at(lab, row.temperature).evaluate(...)` returns for some rows, on the same test images.
    cancel
        Asked between classes.

    Raises
    ------
    ChoiceError
        Where their test images differ.
    """
    drawn = [resampled(run, cancel=cancel) for run in runs]
    return [
        Scored(run, of, compare(runs[0], run, drawn[0], of) if i else None)
        for i, (run, of) in enumerate(zip(runs, drawn, strict=True))
    ]


def _is_forward(row: BoardRow) -> bool:
    return row.role == "forward"


def _value(row: BoardRow) -> float:
    return -1.0 if math.isnan(row.mean_ap) else row.mean_ap
