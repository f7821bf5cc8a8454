import re
from types import SimpleNamespace

import numpy as np
import pytest

from gradviz import figures
from gradviz.representations import REPRESENTATIONS
from gradviz.resampling import Difference
from tests.payloads import PAYLOADS


def run(**per_class: float | None) -> SimpleNamespace:
    found = [value for value in per_class.values() if value is not None]
    return SimpleNamespace(mean_ap=sum(found) / len(found), per_class=per_class)


FIRST, SECOND = run(bird=40.0, boat=60.0, cow=20.0), run(bird=30.0, boat=None, cow=25.0)
BETWEEN = Difference(
    mean=2.5,
    interval=(-1.0, 6.0),
    per_class=np.array([10.0, np.nan, -5.0]),
    intervals=np.array([[6.0, 13.0], [np.nan, np.nan], [-8.0, -2.0]]),
    together=np.array([[1.0, 19.0], [np.nan, np.nan], [-14.0, 4.0]]),
    draws=np.zeros(3),
)
NAMES, KINDS = ["dW7", "x6"], ["product", "forward"]


def dots(a=FIRST, b=None, difference=None, names=NAMES[:1], kinds=KINDS[:1], **more):
    return figures.ap_dots(a, b, difference, names=names, kinds=kinds, **more)


def test_a_row_for_the_mean_and_each_class_the_greatest_first() -> None:
    first, second = dots(FIRST, SECOND, names=NAMES, kinds=KINDS).data
    assert tuple(first.y) == tuple(second.y) == ("mean", "boat", "bird", "cow")
    assert tuple(first.x) == (40.0, 60.0, 40.0, 20.0)
    assert tuple(second.x) == (27.5, None, 30.0, 25.0)
    assert (first.name, second.name) == ("dW7", "x6")


def test_differences_have_the_bounds_of_the_class_alone_and_of_all_at_once() -> None:
    *_, together, alone = dots(FIRST, SECOND, BETWEEN, names=NAMES, kinds=KINDS).data
    for trace, low, high in (
        (together, (-1.0, 1.0, -14.0), (6.0, 19.0, 4.0)),
        (alone, (-1.0, 6.0, -8.0), (6.0, 13.0, -2.0)),
    ):
        there = [0, 2, 3]
        assert np.take(trace.x, there).tolist() == [2.5, 10.0, -5.0]
        assert np.isnan(trace.x[1])
        assert (np.take(trace.x, there) - np.take(trace.error_x.arrayminus, there)).tolist() == list(low)
        assert (np.take(trace.x, there) + np.take(trace.error_x.array, there)).tolist() == list(high)
    assert alone.error_x.thickness > together.error_x.thickness


def test_colours_are_explicit_and_tell_kinds_and_results_apart() -> None:
    for kinds in (KINDS, ["forward", "forward"]):
        found = [trace.marker.color for trace in dots(FIRST, SECOND, names=NAMES, kinds=kinds).data]
        assert len(set(found)) == 2
        assert found[0] == figures.COLOURS[kinds[0]][0]
    assert dots().layout.paper_bgcolor == "rgba(0, 0, 0, 0)"


def test_every_kind_of_representation_has_colours() -> None:
    assert {family.kind for family in REPRESENTATIONS.values()} | {"concatenation"} == set(figures.COLOURS)
    assert len({colour for pair in figures.COLOURS.values() for colour in pair}) == 2 * len(figures.COLOURS)


@pytest.mark.parametrize("name", ["<b>x</b>", "%{x}", "a & b"])
def test_a_name_is_text_in_the_hover(name: str) -> None:
    figure = dots(names=[name], title=name)
    (trace,) = figure.data
    assert "<b>" not in trace.hovertemplate + figure.layout.title.text
    assert trace.hovertemplate.count("%{") == 2
    assert "& " not in trace.hovertemplate


def test_a_class_called_mean_has_dots_of_its_own() -> None:
    (trace,) = dots(SimpleNamespace(mean_ap=50.0, per_class={"mean": 40.0})).data
    assert tuple(trace.y) == ("mean of all", "mean")
    assert tuple(trace.x) == (50.0, 40.0)


def test_names_of_classes_are_text_everywhere_in_the_chart() -> None:
    figure = dots(SimpleNamespace(mean_ap=50.0, per_class=dict.fromkeys(PAYLOADS, 40.0)), names=[PAYLOADS[0]])
    (trace,) = figure.data
    shown = [*figure.layout.yaxis.ticktext, *trace.hovertext, trace.name, trace.hovertemplate]
    assert len(figure.layout.yaxis.ticktext) == len(PAYLOADS) + 1
    assert not re.findall("<(?!br>|extra>|/extra>)", "".join(shown))
    assert trace.hovertemplate.count("%{") == 2


def test_a_long_name_is_shortened_beside_its_dots_and_whole_in_the_hover() -> None:
    long = "n" * 149 + "z"
    figure = dots(SimpleNamespace(mean_ap=5.0, per_class={long: 4.0, "cat": 5.0}))
    assert list(figure.layout.yaxis.ticktext) == ["mean", "cat", "n" * 21 + "…"]
    assert figure.data[0].hovertext[2].replace("<br>", "") == long
    assert list(figure.layout.yaxis.tickvals) == list(figure.data[0].y)
