"""The Python faces of the canvas components: what is packed, and what is believed of what the browser sends back."""

import json
import struct
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from gradviz.ui import components, drawing
from gradviz.ui.components import heatmaps, maps
from gradviz.ui.components.heatmaps import LIMIT, Axis, Panel


def unpack(payload: bytes) -> tuple[dict, list[bytes]]:
    (size,) = struct.unpack("<I", payload[:4])
    header, at, parts = json.loads(payload[4 : 4 + size]), 4 + size, []
    for length in header["parts"]:
        parts.append(payload[at : at + length])
        at += length
    assert at == len(payload)
    return header, parts


def axis(count: int) -> Axis:
    return Axis([f"{i:05d}" for i in range(count)], [["cat", "dog"]] * count, [("cat", 0, count)])


def packed(values: np.ndarray, **header) -> tuple[str, dict, list[bytes]]:
    full = {"ranges": [(0.0, 1.0)], "scale": "sequential", **header}
    digest, payload = heatmaps.overview([Panel("K", values)], axis(values.shape[0]), axis(values.shape[1]), full)
    return digest, *unpack(payload)


def slow_block_means(values: np.ndarray, step: int) -> np.ndarray:
    n, m = values.shape
    return np.array([[values[r : r + step, c : c + step].mean() for c in range(0, m, step)] for r in range(0, n, step)])


@pytest.mark.parametrize(("shape", "step"), [((10, 10), 5), ((11, 13), 5), ((4, 9), 3), ((7, 2), 4), ((3, 3), 1)])
def test_block_means_average_what_is_left_at_the_edges(shape: tuple[int, int], step: int) -> None:
    values = np.random.default_rng(0).normal(size=shape).astype(np.float32)
    before = values.copy()
    np.testing.assert_allclose(heatmaps.block_means(values, step), slow_block_means(values, step), atol=1e-6)
    np.testing.assert_array_equal(values, before)


@pytest.mark.parametrize(("n", "step"), [(1, 1), (512, 1), (513, 2), (1024, 2), (1025, 3), (2476, 5)])
def test_the_overview_never_has_more_blocks_than_the_limit(n: int, step: int) -> None:
    assert heatmaps.step_for((n, 3)) == heatmaps.step_for((3, n)) == step
    assert -(-n // step) <= LIMIT


def test_quantised_values_are_exact_to_the_promised_digits() -> None:
    values = np.random.default_rng(0).uniform(-0.2, 1, (50, 40)).astype(np.float32)
    cells, low, high = heatmaps.quantise(values)
    back = low + (high - low) * np.frombuffer(cells, "<u2").reshape(50, 40) / 65535
    assert np.abs(back - values).max() < 2e-5
    assert back.min() == values.min()
    assert back.max() == pytest.approx(values.max(), abs=1e-7)


def test_constant_values_quantise_to_themselves_and_missing_ones_are_refused() -> None:
    cells, low, _ = heatmaps.quantise(np.full((2, 2), 0.25, np.float32))
    assert low == 0.25
    assert not any(cells)
    with pytest.raises(ValueError, match="finite"):
        heatmaps.quantise(np.array([[1, np.nan]], np.float32))


def test_a_large_kernel_travels_as_block_means() -> None:
    values = np.random.default_rng(0).random((1030, 600), dtype=np.float32)
    _, header, parts = packed(values)
    assert header["step"] == 3
    panel = header["panels"][0]
    cells = np.frombuffer(parts[1], "<u2").reshape(344, 200) / 65535 * (panel["greatest"] - panel["least"])
    np.testing.assert_allclose(cells + panel["least"], slow_block_means(values, 3), atol=2e-5)


def test_the_digest_covers_values_and_names() -> None:
    values = np.eye(4, dtype=np.float32)
    digests = {packed(values)[0], packed(values * 0.5)[0], packed(values, unit="cosine")[0]}
    assert len(digests) == 3
    assert packed(values)[0] in digests


def test_panels_that_do_not_fit_their_ids_are_refused() -> None:
    header = {"ranges": [(0, 1)], "scale": "sequential"}
    with pytest.raises(ValueError, match="shapes"):
        heatmaps.overview([Panel("K", np.eye(3))], axis(3), axis(4), header)


def test_the_detail_holds_the_window_of_each_panel() -> None:
    values = np.arange(60, dtype=np.float32).reshape(6, 10)
    header, parts = unpack(heatmaps.detail([Panel("a", values), Panel("b", -values)], (1, 3, 4, 9), "k", "d"))
    least, greatest = header["ranges"][1]
    back = least + (greatest - least) * np.frombuffer(parts[1], "<u2").reshape(2, 5) / 65535
    np.testing.assert_allclose(back, -values[1:3, 4:9], atol=1e-3)
    assert header["window"] == [1, 3, 4, 9]


def test_a_diverging_scale_is_symmetric_about_zero() -> None:
    panel = Panel("K", np.array([[-0.25, 1.0]]))
    assert heatmaps.colour_range(panel, "diverging", None, None) == (-1, 1)
    assert heatmaps.colour_range(panel, "sequential", None, None) == (-0.25, 1)
    assert heatmaps.colour_range(panel, "sequential", 0, 0.5) == (0, 0.5)
    assert heatmaps.colour_range(Panel("K", panel.values, lo=-3), "sequential", 0, 0.5) == (-3, 0.5)
    assert heatmaps.colour_range(Panel("K", np.zeros((1, 1))), "sequential", None, None) == (0, 1)


WINDOW = {"digest": "d", "row0": 0, "row1": 512, "col0": 100, "col1": 600}


@pytest.mark.parametrize(
    "change",
    [
        {"digest": "e"},
        {"row0": -1},
        {"row1": 513},
        {"col1": 601},
        {"row1": 0},
        {"row0": "0"},
        {"col0": 1.5},
        {"col1": True},
    ],
)
def test_a_window_that_does_not_fit_is_not_answered(change: dict) -> None:
    assert heatmaps.checked_window(WINDOW, "d", (600, 600)) == (0, 512, 100, 600)
    assert heatmaps.checked_window(WINDOW | change, "d", (600, 600)) is None
    assert heatmaps.checked_window("window", "d", (600, 600)) is None


@pytest.mark.parametrize("clicked", [None, "00001", {}, {"row_id": "00001"}, {"row_id": "00001", "col_id": ["00002"]}])
def test_only_pairs_of_known_ids_are_reported(clicked: object) -> None:
    assert heatmaps.checked_pair({"row_id": "00001", "col_id": "00002"}, axis(3), axis(3)) == ("00001", "00002")
    assert heatmaps.checked_pair(clicked, axis(3), axis(3)) is None


def test_only_known_ids_are_selected_and_in_their_order() -> None:
    assert maps.checked_ids(["c", "x", "a", 3], ["a", "b", "c"]) == ("a", "c")
    assert maps.checked_ids("abc", ["a", "b", "c"]) == ()
    assert maps.checked_ids(None, ["a"]) == ()


def test_maps_carry_points_pictures_and_own_photographs() -> None:
    points = np.array([[0, 1], [2, 3], [4, 5]])
    names = {"labels": [["cat"], [], ["dog"]], "classes": ["cat", "dog"], "class_of": np.array([0, -1, 1])}
    thumbnails = {"a": b"one", "c": b"three"}
    arguments = {"ids": ["a", "b", "c"], "own": {"b"}, "thumbnails": thumbnails, "height": 300, **names}
    header, parts = unpack(maps.payload([maps.Map("forward", points)], **arguments))
    np.testing.assert_array_equal(np.frombuffer(parts[0], "<f4").reshape(3, 2), points)
    assert parts[1] == b"onethree"
    assert header["picture_bytes"] == [3, 0, 5]
    assert header["own"] == [1]
    assert [entry["name"] for entry in header["classes"]] == ["cat", "dog"]
    with pytest.raises(ValueError, match="shapes"):
        maps.payload([maps.Map("forward", points[:2])], **arguments)


def test_eighty_classes_look_different_and_twenty_have_colours_of_their_own() -> None:
    assert len({(drawing.class_colour(i), drawing.class_symbol(i)) for i in range(80)}) == 80
    assert len({drawing.class_colour(i) for i in range(20)}) == 20


def test_colour_scales_order_their_values() -> None:
    weights = np.array([0.2126, 0.7152, 0.0722])
    light = drawing.SCALES["sequential"] @ weights
    assert (np.diff(light) > -0.5).all()
    assert light[-1] - light[0] > 150
    diverging = drawing.SCALES["diverging"]
    assert diverging.shape == (256, 3)
    assert diverging[127].min() > 240
    assert diverging[0].argmax() == 2
    assert diverging[255].argmax() == 0


def test_no_script_turns_text_into_markup() -> None:
    scripts = list(Path(components.__file__).parent.glob("*.js"))
    assert len(scripts) == 6
    for script in scripts:
        text = script.read_text(encoding="utf-8")
        for word in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "srcdoc", "http"):
            assert word not in text, f"{script.name} says {word}"


def show_everything() -> None:
    import numpy as np
    import streamlit as st

    from gradviz.ui.components.gallery import grid
    from gradviz.ui.components.heatmaps import Axis, Panel, heatmaps
    from gradviz.ui.components.maps import Map, maps

    ids = ["<b>a</b>", "b"]
    event = heatmaps([Panel("K", np.eye(2))], rows=Axis(ids, [["cat"], []], [("cat", np.int64(0), 1)]), key="k")
    chosen = maps([Map("K", np.eye(2))], ids=ids, labels=[[], []], class_of=[-1, -1], key="m")
    clicked = grid([("b", b"jpeg", "caption")], key="g")
    st.text(f"{event.pair} {event.window} {chosen} {clicked}")


def test_a_page_shows_all_three_and_nothing_is_chosen_yet() -> None:
    at = AppTest.from_function(show_everything, default_timeout=20).run()
    assert not at.exception
    assert at.text[0].value == "None None () None"
