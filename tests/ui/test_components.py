"""The Python faces of the canvas components: what is packed, and what is believed of what the browser sends back."""

import json
import struct
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from gradviz.ui import components, drawing
from gradviz.ui.components import heatmaps, maps
from gradviz.ui.components.heatmaps import LIMIT, Axis, Panel
from gradviz.ui.components.parts import Parts
from gradviz.ui.single_pairs import describe


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


def packed(values: np.ndarray, order: np.ndarray | None = None, **named) -> tuple[str, dict, list[bytes]]:
    about = Panel(0, **{"title": "Product dW7", "symbol": "K", "role": "product", **named}, pairs=describe(values))
    header, parts = unpack(heatmaps.panel(values, about, order))
    return header["digest"], header, parts


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
    cells = np.frombuffer(parts[0], "<u2").reshape(344, 200) / 65535 * (header["greatest"] - header["least"])
    np.testing.assert_allclose(cells + header["least"], slow_block_means(values, 3), atol=2e-5)


@pytest.mark.parametrize("n", [7, 600])
def test_a_kernel_travels_in_the_order_asked_for(n: int) -> None:
    values = np.random.default_rng(0).random((n, n), dtype=np.float32)
    values += values.T
    order = np.random.default_rng(1).permutation(n)
    _, header, parts = packed(values, order)
    side = -(-n // header["step"])
    cells = np.frombuffer(parts[0], "<u2").reshape(side, side) / 65535 * (header["greatest"] - header["least"])
    expected = slow_block_means(values[np.ix_(order, order)], header["step"])
    np.testing.assert_allclose(cells + header["least"], expected, atol=5e-5)
    assert unpack(heatmaps.axes(axis(n), order=order))[0]["order"] == header["order"] != packed(values)[1]["order"]


def test_colours_span_what_single_pairs_do_and_the_bar_shows_all_of_them() -> None:
    values = np.random.default_rng(0).random((60, 60), dtype=np.float32)
    values = (values + values.T) / 2
    _, header, parts = packed(values)
    pairs = values[np.triu_indices(60, 1)].astype(np.float64)
    assert header["limits"] == pytest.approx([*np.percentile(pairs, [2, 98]), pairs.max()], abs=1e-6)
    assert header["median"] == pytest.approx(np.median(pairs), abs=1e-6)
    assert np.frombuffer(parts[1], "<u4").sum() == header["count"] == len(pairs)
    assert np.frombuffer(parts[3], "<f4")[0] == pytest.approx(pairs.max())


def test_the_digest_covers_values_and_names() -> None:
    values = np.eye(4, dtype=np.float32)
    digests = {packed(values)[0], packed(values * 0.5)[0], packed(values, title="Backward dy7")[0]}
    assert len(digests) == 3
    assert packed(values)[0] in digests


def test_panels_that_do_not_fit_their_ids_are_refused() -> None:
    with pytest.raises(ValueError, match="shapes"):
        heatmaps.heatmaps([b""], b"", [np.eye(3)], rows=axis(3), cols=axis(4), version="v", key="k")


def test_the_detail_holds_the_window_of_each_panel() -> None:
    values = np.arange(60, dtype=np.float32).reshape(6, 10)
    header, parts = unpack(heatmaps.window_of([values, -values], (1, 3, 4, 9), "d"))
    least, greatest = header["ranges"][1]
    back = least + (greatest - least) * np.frombuffer(parts[1], "<u2").reshape(2, 5) / 65535
    np.testing.assert_allclose(back, -values[1:3, 4:9], atol=1e-3)
    assert (header["window"], header["version"]) == ([1, 3, 4, 9], "d")


def test_a_window_of_an_ordered_kernel_holds_pictures_too() -> None:
    values = np.random.default_rng(0).random((9, 9), dtype=np.float32)
    order = np.random.default_rng(1).permutation(9)
    payload = heatmaps.window_of([values], (2, 5, 1, 8), "d", order, pictures={"a": b"one", "b": b"two"}, kind="near")
    header, parts = unpack(payload)
    least, greatest = header["ranges"][0]
    back = least + (greatest - least) * np.frombuffer(parts[0], "<u2").reshape(3, 7) / 65535
    np.testing.assert_allclose(back, values[np.ix_(order, order)][2:5, 1:8], atol=2e-5)
    assert (header["kind"], header["ids"], parts[1:]) == ("near", ["a", "b"], [b"one", b"two"])


@pytest.mark.parametrize("change", [{"digest": "e"}, {"row": -1}, {"col": 50}, {"row": "3"}, {"col": None}])
def test_pairs_around_the_pointer_are_sent_where_it_is_on_this_picture(change: dict) -> None:
    asked = {"digest": "d", "row": 3, "col": 49}
    assert heatmaps.around(asked, "d", (50, 50)) == (0, 4 + heatmaps.AROUND, 49 - heatmaps.AROUND, 50)
    assert heatmaps.around(asked | change, "d", (50, 50)) is None
    assert heatmaps.around(7, "d", (50, 50)) is None


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


def scene(**more) -> maps.Scene:
    photographs = maps.Photographs(["a", "b", "c"], [[0], [], [1, 0]], [0, -1, 1], ["cat", "dog"])
    points = np.array([[0, 1], [2, 3], [4, 5]], np.float32)
    panels = [
        maps.Map(role, role.capitalize(), "x", str(number), points + number, 0.5, 0.2, 0.9)
        for number, role in enumerate(maps.ROLES)
    ]
    colour = {"kind": "groups", "title": "By class", "marks": True, "of": [0, 1, 1], "groups": []}
    return maps.Scene(**{"panels": panels, "photographs": photographs, "colour": colour, **more})


def test_maps_carry_points_pictures_and_own_photographs() -> None:
    sheet = maps.Sheet(0, 3, 16, 2, (1,), b"jpeg")
    own = maps.OwnPhotographs(
        ["mine"], [["cat"]], [np.full((1, 2), role) for role in range(3)], sheet._replace(count=1)
    )
    near = maps.Near(1, [[0, 2]] * 3, [np.array([0.5, np.nan, 0.25])] * 3, b"photo", "val")
    data, parts = maps.packed(scene(sheets=[sheet], own=own, near=near, typical=[2, 0, 1]), 7)
    header, none = unpack(data)
    assert none == []
    held = {name: unpack(part) for name, part in parts.items()}
    assert set(held) == {"names", *maps.ROLES, "sheet0", "own", "near"}
    for number, role in enumerate(maps.ROLES):
        points, (raw,) = held[role]
        np.testing.assert_array_equal(
            np.frombuffer(raw, "<f4").reshape(3, 2),
            [[number, number + 1], [number + 2, number + 3], [number + 4, number + 5]],
        )
        assert header["maps"][number]["points"] == points["digest"]
    names = held["names"][0]
    assert (names["ids"], names["labels"], names["main"]) == (["a", "b", "c"], [[0], [], [1, 0]], [0, -1, 1])
    assert names["classes"] == ["cat", "dog"]
    assert (held["sheet0"][0]["rows"], held["sheet0"][0]["missing"], held["sheet0"][1]) == (2, [1], [b"jpeg"])
    assert held["own"][0]["ids"] == ["mine"]
    assert [np.frombuffer(raw, "<f4").tolist() for raw in held["own"][1][:3]] == [[0, 0], [1, 1], [2, 2]]
    assert held["near"][0]["rows"] == [[0, 2]] * 3
    np.testing.assert_array_equal(np.frombuffer(held["near"][1][2], "<f4"), [0.5, np.nan, 0.25])
    assert held["near"][1][3] == b"photo"
    assert header["typical"] == [2, 0, 1]
    assert header["chosen"]["heard"] == 7
    with pytest.raises(ValueError, match="shape"):
        maps.points_part(np.zeros((2, 2)), 3)


def test_only_what_has_changed_is_sent_again() -> None:
    def parts(**more) -> dict[str, bytes]:
        return maps.packed(scene(**more), 0)[1]

    before = parts()
    panels = list(scene().panels)
    panels[2] = replace(panels[2], points=panels[2].points + 1)
    after = parts(panels=panels)
    assert {name for name in before if before[name] != after[name]} == {"product"}
    assert parts(now=maps.Now((0, 1), 1, 0, "forward"), colour={"kind": "scale"}) == before
    assert maps.packed(scene(now=maps.Now((0,))), 0)[0] != maps.packed(scene(), 0)[0]


def test_a_map_that_is_being_drawn_and_one_without_quality_have_their_place() -> None:
    panels = [replace(scene().panels[0], points=None, purity=None, trust=float("nan"))]
    header, _ = unpack(maps.packed(scene(panels=panels), 0)[0])
    assert header["maps"][0]["points"] is None
    assert header["maps"][0]["purity"] is header["maps"][0]["trust"] is None


@pytest.mark.parametrize(
    ("told", "change"),
    [
        ({"at": 1, "ids": ["c", "x", "a", 3]}, maps.Change(frozenset({"ids"}), ("a", "c"))),
        ({"ids": []}, maps.Change(frozenset({"ids"}))),
        ({"ids": ["b"], "marked": None}, maps.Change(frozenset({"ids", "marked"}), ("b",))),
        ({"focus": "b"}, maps.Change(frozenset({"focus"}), (), "b")),
        ({"marked": "dog"}, maps.Change(frozenset({"marked"}), (), None, "dog")),
        ({"large": "forward"}, maps.Change(frozenset({"large"}), large="forward")),
        ({"view": "3.2_0.1203_-0.05"}, maps.Change(frozenset({"view"}), view="3.2_0.1203_-0.05")),
        ({"view": None}, maps.Change(frozenset({"view"}))),
        ({"own": "★ mine"}, maps.Change(frozenset({"own"}), own="★ mine")),
        ({"own": "★ theirs"}, maps.Change()),
        ({"view": "61_0_0"}, maps.Change()),
        ({"focus": "x", "marked": "cow", "large": "sideways", "ids": "abc"}, maps.Change()),
        ({"focus": 3, "marked": 1, "large": ["forward"]}, maps.Change()),
        ("ids", maps.Change()),
        (None, maps.Change()),
    ],
)
def test_of_a_change_only_what_makes_sense_is_believed(told: object, change: maps.Change) -> None:
    assert maps.checked(told, scene().photographs, ["★ mine"]) == change


KERNEL, MAP = heatmaps.PARTS, maps.PARTS


@pytest.mark.parametrize(
    ("parts", "texts"),
    [
        (KERNEL, ["1_0_1", "1250_0.5_0.5", "12.34_0.0000001_0.12345"]),
        (MAP, ["1_0.25_-2", "60_0_0", "12.34_0.00001_-0.12345"]),
    ],
)
def test_parts_of_a_figure_are_understood(parts: Parts, texts: list[str]) -> None:
    assert [text for text in texts if text not in parts] == []


@pytest.mark.parametrize(
    ("parts", "texts"), [(KERNEL, ["1251_0_0", "3_1.1_0", "3_-0.1_0"]), (MAP, ["61_0_0", "3_2.1_0", "3_0_-2.1"])]
)
def test_what_is_no_part_of_a_figure_is_not(parts: Parts, texts: list[str]) -> None:
    nonsense: list[object] = ["", "3", "3_0", "0.5_0_0", "3_nan_0", "3_1e9_0", "3_0_0_0", "3_٣_0", None, 3.0]
    assert [text for text in [*nonsense, *texts] if text in parts] == []


def test_eighty_classes_look_different_and_twenty_have_colours_of_their_own() -> None:
    assert len({(drawing.class_colour(i), drawing.class_symbol(i)) for i in range(80)}) == 80
    assert len({drawing.class_colour(i) for i in range(20)}) == 20


def test_no_script_turns_text_into_markup() -> None:
    scripts = list(Path(components.__file__).parent.glob("*.js"))
    assert len(scripts) >= 7
    for script in scripts:
        # The name of SVG's elements looks like an address and is none.
        text = script.read_text(encoding="utf-8").replace('"http://www.w3.org/2000/svg"', "")
        for word in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "srcdoc", "http"):
            assert word not in text, f"{script.name} says {word}"


def show_everything() -> None:
    import numpy as np
    import streamlit as st

    from gradviz.ui.components.gallery import grid
    from gradviz.ui.components.heatmaps import Axis, Panel, axes, heatmaps, panel
    from gradviz.ui.components.maps import Map, Photographs, Scene, maps
    from gradviz.ui.single_pairs import describe

    ids = ["<b>a</b>", "b"]
    K, axis = np.eye(2, dtype=np.float32), Axis(ids, [["cat"], []], [("cat", np.int64(0), 1)])
    packed = panel(K, Panel(0, "Product dW7", "K", "product", describe(K)))
    event = heatmaps([packed], axes(axis, count=1), [K], rows=axis, version="v", key="k")
    of_map = Map("product", "K", "W", "7", np.eye(2))
    colour = {"kind": "groups", "title": "", "marks": False, "of": [0, 0], "groups": []}
    chosen = maps(Scene([of_map], Photographs(ids, [[], []], [-1, -1], []), colour), key="m", on_change=print)
    clicked = grid([("b", b"jpeg", "caption")], key="g")
    st.text(f"{event.pair} {event.window} {chosen} {clicked}")


def test_a_page_shows_all_three_and_nothing_is_chosen_yet() -> None:
    at = AppTest.from_function(show_everything, default_timeout=20).run()
    assert not at.exception
    assert at.text[0].value == "None None None None"
