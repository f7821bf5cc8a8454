"""Turn results into plotly figures; colours are explicit, so that they are the same in light, dark and reports."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from gradviz.representations import Kind
from gradviz.results import mean_name

if TYPE_CHECKING:
    from plotly.graph_objects import Figure, Scatter

    from gradviz.resampling import Difference
    from gradviz.results import Evaluation

# Two shades per kind: two results of one kind are told apart, and forward, backward and product at a glance.
COLOURS: dict[Kind, tuple[str, str]] = {
    "forward": ("#1f4e8c", "#5b9be0"),
    "backward": ("#c43a1e", "#f08a62"),
    "product": ("#7a2a8c", "#c078d0"),
    "concatenation": ("#2a6ebb", "#86b6ea"),
}
LONGEST = 22
"""Letters of a class's name beside its dots."""
_DARK = "#566273"
_RIGHT = 2
"""Plotly's number of the axis of the differences."""
_LINE = "rgba(128, 128, 128, 0.35)"


def ap_dots(
    a: "Evaluation",
    b: "Evaluation | None",
    difference: "Difference | None",
    *,
    names: Sequence[str],
    kinds: Sequence[Kind],
    title: str = "",
) -> "Figure":
    """Draw the average precision of every class under one or two results, in percent, and their difference.

    The classes are sorted by the first result, the greatest on top, above them the mean. A class that is left out has
    no dot. Beside them stand, where there are two, the differences: a thick bar is the 95 % interval of the class
    alone, a thin one those that hold for all classes at once.

    Parameters
    ----------
    a, b
        What `Experiment.evaluate` returned; None for no second one.
    difference
        What `gradviz.comparison.compare` says of both; None where they cannot be compared.
    names, kinds
        What the legend calls the results, and the kinds of their representations, in the same order.
    title
        What stands above the figure.

    Returns
    -------
    plotly.graph_objects.Figure
        On a transparent ground, 24 pixels high for each class.
    """
    from plotly.graph_objects import Figure, Scatter

    results = [result for result in (a, b) if result is not None]
    classes = sorted(a.per_class, key=lambda name: -_value(a.per_class[name]))
    mean = mean_name(a.per_class)  # Plotly would draw both in one place
    rows = (mean, *classes)
    whole = [_wrapped(name) for name in rows]
    found = [
        Scatter(
            name=_plain(name),
            x=[result.mean_ap, *(result.per_class.get(c) for c in classes)],
            y=list(rows),
            mode="markers",
            marker={"color": colour, "size": 10},
            hovertext=whole,
            hovertemplate="%{hovertext}<br>" + _plain(name) + ": %{x:.1f} %<extra></extra>",
        )
        for result, name, colour in zip(results, names, _colours(kinds), strict=True)
    ]
    if difference is not None:
        found += _differences(a, rows, whole, difference)
    axis = {"gridcolor": _LINE, "zerolinecolor": _LINE}
    right = {
        f"xaxis{_RIGHT}": {
            **axis,
            "domain": [0.62, 1],
            "title": {"text": "difference, points"},
            "zerolinecolor": "#8b95a3",
        }
    }
    return Figure(
        found,
        {
            "title": {"text": _plain(title), "font": {"size": 14}},
            "height": 150 + 24 * len(rows),
            "margin": {"l": 150, "r": 20, "t": 78, "b": 50},
            "legend": {"orientation": "h", "x": 0, "y": 1.0, "yanchor": "bottom"},
            "showlegend": True,
            "paper_bgcolor": "rgba(0, 0, 0, 0)",
            "plot_bgcolor": "rgba(0, 0, 0, 0)",
            "yaxis": {
                **axis,
                "type": "category",
                "autorange": "reversed",
                "tickvals": list(rows),
                "ticktext": [_plain(_short(name)) for name in rows],
            },
            "xaxis": {**axis, "domain": [0, 0.56 if difference is not None else 1], "title": {"text": "AP, %"}},
            **(right if difference is not None else {}),
        },
    )


def _differences(
    a: "Evaluation", rows: Sequence[str], whole: Sequence[str], difference: "Difference"
) -> Iterator["Scatter"]:
    """Yield the intervals of all classes at once, those of each class alone, and the mean's among these."""
    from plotly.graph_objects import Scatter

    place = {name: c for c, name in enumerate(a.per_class)}
    order = [place[name] for name in rows[1:]]
    values = [difference.mean, *difference.per_class[order].tolist()]
    low, high = difference.interval
    alone = [(low, high), *difference.intervals[order].tolist()]
    together = [(low, high), *difference.together[order].tolist()]
    for bounds, name, width in ((together, "95 % for all classes at once", 1), (alone, "95 %", 5)):
        yield Scatter(
            name=name,
            x=values,
            y=list(rows),
            xaxis=f"x{_RIGHT}",
            mode="markers",
            marker={"color": _DARK, "size": 7},
            error_x={
                "type": "data",
                "symmetric": False,
                "array": [end - value for value, (_, end) in zip(values, bounds, strict=True)],
                "arrayminus": [value - end for value, (end, _) in zip(values, bounds, strict=True)],
                "thickness": width,
                "width": 0,
                "color": _DARK if width == 1 else "#8b95a3",
            },
            hovertext=whole,
            hovertemplate="%{hovertext}<br>difference: %{x:.1f}<extra></extra>",
        )


def _colours(kinds: Sequence[Kind]) -> list[str]:
    """Choose a colour for each result: by kind, with another shade where two are of one kind."""
    return [COLOURS[kind][kinds[:place].count(kind)] for place, kind in enumerate(kinds)]


def _value(ap: float | None) -> float:
    return -1.0 if ap is None else ap


def _short(name: str) -> str:
    """Shorten a name that would squeeze the bars; the hover has all of it."""
    return name if len(name) <= LONGEST else f"{name[: LONGEST - 1].rstrip()}…"


def _wrapped(name: str) -> str:
    """Break a long name into lines for the hover."""
    return "<br>".join(_plain(name[at : at + 60]) for at in range(0, len(name), 60))


def _plain(name: str) -> str:
    """Escape a text that Plotly would read as HTML or as a template."""
    return name.replace("&", "&amp;").replace("<", "&lt;").replace("%{", "% {")
