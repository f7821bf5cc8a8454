import re
from types import SimpleNamespace

import pytest

from gradviz import figures
from gradviz.representations import REPRESENTATIONS
from tests.payloads import PAYLOADS

FIRST = SimpleNamespace(mean_ap=50.0, per_class={"bird": 40.0, "boat": 60.0})
SECOND = SimpleNamespace(mean_ap=30.0, per_class={"bird": 30.0, "boat": None})


def test_one_group_of_bars_a_class_after_the_mean() -> None:
    figure = figures.ap_bars([FIRST, SECOND], ["x6", "dW7"], ["forward", "product"])
    first, second = figure.data
    assert tuple(first.x) == tuple(second.x) == ("mean", "bird", "boat")
    assert tuple(first.y) == (50.0, 40.0, 60.0)
    assert tuple(second.y) == (30.0, 30.0, None)
    assert (first.name, second.name) == ("x6", "dW7")
    assert tuple(figure.layout.yaxis.range) == (0, 100)


def test_colours_are_explicit_and_tell_kinds_and_results_apart() -> None:
    figure = figures.ap_bars([FIRST] * 3, ["x6", "x7", "dW7"], ["forward", "forward", "product"])
    found = [bar.marker.color for bar in figure.data]
    assert found == [figures.COLOURS["forward"][0], figures.COLOURS["forward"][1], figures.COLOURS["product"][0]]
    assert figure.layout.paper_bgcolor == "rgba(0, 0, 0, 0)"


def test_every_kind_of_representation_has_colours() -> None:
    assert {family.kind for family in REPRESENTATIONS.values()} | {"concatenation"} == set(figures.COLOURS)


@pytest.mark.parametrize("name", ["<b>x</b>", "%{x}", "a & b"])
def test_a_name_is_text_in_the_hover(name: str) -> None:
    (bar,) = figures.ap_bars([FIRST], [name], ["forward"]).data
    assert "<b>" not in bar.hovertemplate
    assert bar.hovertemplate.count("%{") == 2
    assert "& " not in bar.hovertemplate


def test_a_class_called_mean_has_bars_of_its_own() -> None:
    (bar,) = figures.ap_bars([SimpleNamespace(mean_ap=50.0, per_class={"mean": 40.0})], ["x6"], ["forward"]).data
    assert tuple(bar.x) == ("mean of all", "mean")
    assert tuple(bar.y) == (50.0, 40.0)


def test_names_of_classes_are_text_everywhere_in_the_chart() -> None:
    result = SimpleNamespace(mean_ap=50.0, per_class=dict.fromkeys(PAYLOADS, 40.0))
    figure = figures.ap_bars([result], [PAYLOADS[0]], ["forward"])
    (bar,) = figure.data
    shown = [*figure.layout.xaxis.ticktext, *bar.hovertext, bar.name, bar.hovertemplate]
    assert len(figure.layout.xaxis.ticktext) == len(PAYLOADS) + 1
    assert not re.findall("<(?!br>|extra>|/extra>)", "".join(shown))
    assert bar.hovertemplate.count("%{") == 2


def test_a_long_name_is_shortened_under_its_bars_and_whole_in_the_hover() -> None:
    long = "n" * 149 + "z"
    figure = figures.ap_bars([SimpleNamespace(mean_ap=5.0, per_class={long: 4.0, "cat": 5.0})], ["x6"], ["forward"])
    assert list(figure.layout.xaxis.ticktext) == ["mean", "n" * 21 + "…", "cat"]
    assert figure.data[0].hovertext[1].replace("<br>", "") == long
    assert list(figure.layout.xaxis.tickvals) == list(figure.data[0].x)
