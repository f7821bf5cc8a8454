"""What the Layers page draws: rows of the board, curves, the answer and what it rests on, in words and numbers."""

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from gradviz.errors import ChoiceError
from gradviz.networks import NETWORKS
from gradviz.representations import kind_of, symbol
from gradviz.spec import FOLDS
from gradviz.ui.components.layers import (
    Against,
    Answer,
    Curve,
    Evidence,
    Gained,
    Line,
    Matrix,
    Panel,
    Photo,
    Point,
    Result,
)
from gradviz.ui.selection import Selection
from gradviz.words import counted
from pages.evaluate.layers_job import Pick, Told

if TYPE_CHECKING:
    from gradviz.ranking import Scored
    from gradviz.results import BoardRow

RELATIONS = {
    "gradient": "the best gradient",
    "forward": "the best forward row",
    "plain": "the best without a temperature",
    "runner-up": "the runner-up",
    "against": "which is selected: exploration",
}


def key_of(row: "BoardRow") -> str:
    """Return what names a line of the board in the address: network and representation."""
    return f"{row.network}|{row.representation}" if row.network else row.representation


def pick_of(row: "BoardRow") -> Pick:
    """Return the result that a row is about."""
    return Pick(row.network, row.representation, row.temperature)


def layer_of(row: "BoardRow") -> str:
    """Return the layer under which the Kernels page shows a row's kernel: that which x_k enters, or yields y_k."""
    layers = NETWORKS[row.network or ""].layers
    first = symbol(row.representation.split("+")[0])
    k = first.k + (first.letter == "x")
    return next((layer.name for layer in layers if layer.number == k), layers[-1].name)


def temperature(value: float | None) -> float | str | None:
    """Return a temperature as the scripts read it: JSON has no infinity."""
    return "inf" if value == math.inf else value


def _result(row: "BoardRow", selection: Selection) -> dict:
    network = NETWORKS.get(row.network or "")
    pooled = network is not None and network.pooled
    return {
        "key": key_of(row),
        "title": network.title if network else selection.source,
        "representation": row.representation,
        "formula": _is_formula(row.representation),
        "role": row.role,
        "temperature": temperature(row.temperature),
        "approximate": pooled and row.role == "product",
    }


def lines(ranked: "Sequence[BoardRow]", selection: Selection, *, chosen: bool) -> list[Line]:
    """Return a line for each representation at its best temperature; `chosen` marks the first as the choice."""
    return [
        Line(
            **_result(row, selection),
            mean=_number(row.mean_ap),
            interval=row.interval if not math.isnan(row.interval[0]) else (0.0, 0.0),
            alignment=_number(row.alignment),
            purity=_number(row.purity),
            dimensions=dimensions(row),
            size=float(sum(math.prod(factors) for factors in row.dimensions)),
            seconds=row.seconds,
            best=chosen and i == 0,
        )
        for i, row in enumerate(ranked)
    ]


def dimensions(row: "BoardRow") -> str:
    """Write the sizes of a representation: 3,072, or 2,048 × 1,024 for a product, which is kept as its factors."""
    if all(len(factors) == 1 for factors in row.dimensions):
        return f"{sum(factors[0] for factors in row.dimensions):,}"
    return " + ".join(" × ".join(f"{size:,}" for size in factors) for factors in row.dimensions)


def panels(rows: "Sequence[BoardRow]", ranked: "Sequence[BoardRow]", selection: Selection) -> list[Panel]:
    """Return the curves of each network over the temperature, the network of the best row first."""
    best = {(row.network, row.representation): row for row in ranked}
    found = []
    for network in dict.fromkeys(row.network for row in ranked):
        mine = [row for row in rows if row.network == network and not math.isnan(row.mean_ap)]
        curves: dict[str, list[BoardRow]] = {}
        for row in mine:
            curves.setdefault(row.representation, []).append(row)
        taus = sorted({row.temperature for row in mine if row.temperature is not None})
        drawn = [
            Curve(
                representation=name,
                formula=_is_formula(name),
                role=of[0].role,
                points=[
                    Point(temperature(row.temperature), row.mean_ap, row.interval)
                    for row in sorted(of, key=lambda row: row.temperature or 0)
                ],
                best=temperature(best[network, name].temperature),
                flat=of[0].temperature is None,
                joined=kind_of(name) == "concatenation",
            )
            for name, of in curves.items()
        ]
        title = NETWORKS[network].title if network in NETWORKS else selection.source
        found.append(Panel(title, [tau for tau in map(temperature, taus) if tau is not None], drawn))
    return found


def answer(
    ranked: "Sequence[BoardRow]",
    selection: Selection,
    told: "Scored | None",
    differences: "Sequence[tuple[str, BoardRow, Scored]]",
    *,
    train: str,
    test: str | None,
    complete: bool,
    waiting: str,
) -> Answer | None:
    """Say which row is best and how sure that is. `told` is its score on the test images, None while there is none."""
    if not ranked or math.isnan(ranked[0].mean_ap):
        return None
    first = ranked[0]
    about = "For these photographs"
    result = _result(first, selection)
    if result["approximate"]:
        about += " · ≈ pooled approximation"
    if told is None:
        return Answer(
            **result,
            about=about,
            state="chosen" if complete else "waiting",
            tag=f"chosen on {train} by {FOLDS}-fold cv" if complete else "best so far",
            beside=waiting or ("nothing to score on: one split" if test is None else ""),
            value=first.mean_ap,
            unit="mAP by cv, 95 %",
            interval=first.interval,
            differences=[],
        )
    low, high = told.drawn.interval
    return Answer(
        **result,
        about=about,
        state="chosen",
        tag=f"✓ chosen on {train} by {FOLDS}-fold cv",
        beside=f"scored once on {test}; cv said {first.mean_ap:.1f}",
        value=told.run.mean_ap,
        unit=f"mAP on {test}, 95 %",
        interval=(low, high),
        differences=[_against(name, row, one, first, selection) for name, row, one in differences],
    )


def _against(name: str, row: "BoardRow", one: "Scored", first: "BoardRow", selection: Selection) -> Against:
    difference = one.difference
    bounds = None if difference is None or np.isnan(difference.interval).any() else difference.interval
    value = 0.0 if difference is None else difference.mean
    return Against(
        **_result(row, selection),
        relation={"before": "below " if value < 0 else "above ", "after": f", {RELATIONS[name]}"},
        value=value,
        interval=bounds,
        certain=bool(bounds and (bounds[0] > 0 or bounds[1] < 0)),
        otherNetwork=row.network != first.network,
    )


def gained(ranked: "Sequence[BoardRow]", selection: Selection) -> list[Gained]:
    """Return what the gradient of each layer of the first network is better by than its input and output joined."""
    from gradviz.ranking import gains

    first = ranked[0].network if ranked else None
    found = [one for one in gains(ranked) if one.product.network == first]
    return [
        Gained(
            **_result(one.product, selection),
            above=one.joined.representation,
            value=one.value,
            interval=None if math.isnan(one.interval[0]) else one.interval,
            certain=one.interval[0] > 0 or one.interval[1] < 0,
        )
        for one in found
    ]


def evidence(
    told: Told | None, pair: "tuple[BoardRow, BoardRow] | None", faces: Sequence[tuple[str, str]], selection: Selection
) -> Evidence:
    """Return the photographs whose rank two results differ about most; before they are known, some of each class."""
    if told is None or pair is None or not told.moved:
        note = "" if told is None else "no rank moved"
        return Evidence(
            "The training photographs", note, [Photo(name, shows or "no class", bool(shows)) for name, shows in faces]
        )
    right = sum(one.good for one in told.moved)
    return Evidence(
        "Where they differ most",
        f"; right: {right} and {len(told.moved) - right}",
        [Photo(one.id, one.name, one.label > 0, one.ranks, one.good) for one in told.moved],
        (Result(**_result(pair[0], selection)), Result(**_result(pair[1], selection))),
    )


def matrix(ranked: "Sequence[BoardRow]", between: np.ndarray | None, selection: Selection) -> Matrix | None:
    """Return the alignment of all rows, in the order of networks and layers."""
    if between is None:
        return None
    several = len({row.network for row in ranked}) > 1
    results = [_result(row, selection) for row in ranked]
    return Matrix(
        names=[row.representation for row in ranked],
        titles=[
            f"{result['title']} {result['representation']}" if several else result["representation"]
            for result in results
        ],
        formulas=[result["formula"] for result in results],
        roles=[row.role for row in ranked],
        labels=[_number(row.alignment) for row in ranked],
        values=[[_number(round(value, 4)) for value in row] for row in between.tolist()],
    )


def about(ranked: "Sequence[BoardRow]", rows: "Sequence[BoardRow]", selection: Selection, choices: Mapping) -> str:
    """Say in a sentence what is compared."""
    networks = len({row.network for row in ranked})
    taus = len({row.temperature for row in rows if row.temperature is not None})
    parts = [counted(networks, "network")] if networks > 1 else []
    parts.append(counted(len(ranked), "representation"))
    if taus:
        parts.append(counted(taus, "temperature"))
    return ", ".join(
        [*parts, "C by cv" if choices["C"] == "cv" else f"C {choices['C']:g}", f"cv on {choices['train']}"]
    )


def _is_formula(name: str) -> bool:
    """Return whether a name is made of the paper's symbols, such as dW7 or x6+x7, and not an array's."""
    try:
        return bool([symbol(part) for part in name.split("+")])
    except ChoiceError:
        return False


def _number(value: float | None) -> float | None:
    return None if value is None or math.isnan(value) else value
