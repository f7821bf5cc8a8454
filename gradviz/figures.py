"""Turn results into plotly figures; colours are explicit, so that they are the same in light, dark and reports."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from gradviz.representations import Kind

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

    from gradviz.results import Evaluation

# Three shades per kind, so that forward, backward and product are told apart at a glance.
COLOURS: dict[Kind, tuple[str, ...]] = {
    "forward": ("#3f8fd2", "#7db8e8", "#1f5f96"),
    "backward": ("#e08a2e", "#f0b878", "#a8611a"),
    "product": ("#9a5fc4", "#c49ae2", "#693a8e"),
    "concatenation": ("#3fa878", "#86cfae", "#23714e"),
}
LONGEST = 22
"""Letters of a class's name under its bars."""
_LINE = "rgba(128, 128, 128, 0.35)"


def colours(kinds: Sequence[Kind]) -> list[str]:
    """Choose the colour of each bar of a group: by kind, with a new shade for each further one of the same kind."""
    seen: dict[Kind, int] = {}
    found = []
    for kind in kinds:
        shades = COLOURS[kind]
        found.append(shades[seen.get(kind, 0) % len(shades)])
        seen[kind] = seen.get(kind, 0) + 1
    return found


def ap_bars(results: Sequence["Evaluation"], names: Sequence[str], kinds: Sequence[Kind]) -> "Figure":
    """Draw the average precision of every class, in percent: one group of bars per class, and mAP as the first group.

    A class without a positive test image has no bar.

    Parameters
    ----------
    results
        What `Experiment.evaluate` returned, one bar of each group per result.
    names, kinds
        What the legend calls the results, and the kinds of their representations, in the same order.

    Returns
    -------
    plotly.graph_objects.Figure
        On a transparent ground, 420 pixels high.
    """
    from plotly.graph_objects import Bar, Figure

    classes = list(dict.fromkeys(c for result in results for c in result.per_class))
    mean = "mean"
    while mean in classes:  # Plotly would draw both in one place
        mean += " of all"
    whole = [_wrapped(name) for name in (mean, *classes)]
    bars = [
        Bar(
            name=_plain(name),
            x=[mean, *classes],
            y=[result.mean_ap, *(result.per_class.get(c) for c in classes)],
            marker={"color": colour, "line": {"width": 0}},
            hovertext=whole,
            hovertemplate="%{hovertext}<br>" + _plain(name) + ": %{y:.1f} %<extra></extra>",
        )
        for result, name, colour in zip(results, names, colours(kinds), strict=True)
    ]
    axis = {"gridcolor": _LINE, "zerolinecolor": _LINE}
    return Figure(
        bars,
        {
            "barmode": "group",
            "bargap": 0.22,
            "bargroupgap": 0.05,
            "height": 420,
            "margin": {"l": 56, "r": 12, "t": 36, "b": 88},
            "legend": {"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom"},
            "showlegend": True,
            "paper_bgcolor": "rgba(0, 0, 0, 0)",
            "plot_bgcolor": "rgba(0, 0, 0, 0)",
            "xaxis": {
                "tickangle": -45,
                "type": "category",
                "tickvals": [mean, *classes],
                "ticktext": [_plain(_short(name)) for name in (mean, *classes)],
            },
            "yaxis": {**axis, "title": {"text": "average precision, %"}, "range": [0, 100], "dtick": 20},
            "shapes": [_divider()],
        },
    )


def _divider() -> dict:
    """Separate the mean from the classes."""
    line = {"color": _LINE, "width": 1, "dash": "dot"}
    return {"type": "line", "x0": 0.5, "x1": 0.5, "y0": 0, "y1": 1, "yref": "paper", "line": line}


def _short(name: str) -> str:
    """Shorten a name that would squeeze the bars; the hover has all of it."""
    return name if len(name) <= LONGEST else f"{name[: LONGEST - 1].rstrip()}…"


def _wrapped(name: str) -> str:
    """Break a long name into lines for the hover."""
    return "<br>".join(_plain(name[at : at + 60]) for at in range(0, len(name), 60))


def _plain(name: str) -> str:
    """Escape a text that Plotly would read as HTML or as a template."""
    return name.replace("&", "&amp;").replace("<", "&lt;").replace("%{", "% {")
