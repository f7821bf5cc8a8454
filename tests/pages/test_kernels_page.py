"""The Kernels page shows what the verbs compute."""

import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from gradviz.datasets.main_class import main_classes
from gradviz.export import features_npz
from gradviz.ui import chosen
from gradviz.ui.components.heatmaps import block_means
from pages.explore import kernels_job, kernels_layers, kernels_sprite
from tests.pages.apps import IMAGES, aligned, at, lab, payload, said, settled, told

PAGE = "pages/explore/kernels.py"
NAMES = ("forward", "backward", "product")


def drawn(app: AppTest, panel: int) -> np.ndarray:
    """Return the values of a panel as the browser gets them."""
    header, parts = payload(app, f"heatmaps-panel-{panel}")
    cells = np.frombuffer(parts[0], "<u2").reshape(header["shape"])
    return header["least"] + (header["greatest"] - header["least"]) * cells / 65535


def order(app: AppTest) -> list[str]:
    return payload(app, "heatmaps")[0]["axes"][0]["ids"]


def arranged(app: AppTest, found) -> tuple[np.ndarray, ...]:
    """Return the verbs' kernels in the order drawn."""
    places = [found.rows.ids.index(name) for name in order(app)]
    return tuple(K[np.ix_(places, places)] for K in (found.K_fw, found.K_bw, found.K))


def test_the_kernels_page_draws_and_compares_with_the_labels(app: AppTest, photographs: Path) -> None:
    at(app, PAGE)
    assert [title.value for title in app.title] == ["Kernels"]
    assert {"heatmaps", "heatmaps-mark", "heatmaps-sprite", "heatmaps-pairs"} <= {
        element.key for element in app.get("bidi_component")
    }
    for i, K in enumerate(arranged(app, lab(photographs).kernel("dW7"))):
        np.testing.assert_allclose(drawn(app, i), K, atol=2e-5)
    layers = payload(app, "heatmaps-layers")[0]["layers"]
    assert [layer["name"] for layer in layers] == ["fc6", "fc7", "fc8"]
    for layer, found in zip(layers, aligned(app), strict=True):
        measured = lab(photographs).align(layer["triple"]).with_labels
        assert found == pytest.approx(list(measured), abs=1e-6)


def test_photographs_stand_in_blocks_of_their_main_class_with_both_counts(app: AppTest, photographs: Path) -> None:
    at(app, PAGE)
    found = lab(photographs).kernel("dW7")
    images = found.rows.images
    main = main_classes(images, found.rows.positions)
    header, _ = payload(app, "heatmaps")
    of = dict(zip(found.rows.ids, main.of, strict=True))
    named = {row["name"]: row for row in header["classes"]}
    for name, start, stop in header["axes"][0]["blocks"]:
        c = images.classes.index(name)
        assert {of[one] for one in order(app)[start:stop]} == {c}
        assert (named[name]["here"], named[name]["index"]) == (int((main.of == c).sum()), c)
        assert named[name]["show"] == int((images.labels[found.rows.positions, c] == 1).sum())
    assert header["rule"] == main.rule
    blocks = header["axes"][0]["blocks"]
    means = np.frombuffer(payload(app, "heatmaps-panel-2")[1][4], "<f4").reshape(len(blocks), len(blocks))
    K = arranged(app, found)[2].astype(np.float64)
    for i, (_, top, bottom) in enumerate(blocks):
        for j, (_, left, right) in enumerate(blocks):
            part = K[top:bottom, left:right]
            apart = part[~np.eye(len(part), dtype=bool)] if i == j else part
            assert means[i, j] == pytest.approx(apart.mean() if apart.size else np.nan, abs=1e-6, nan_ok=True)


def test_a_pair_in_the_link_is_shown_with_its_values(app: AppTest, photographs: Path) -> None:
    found = lab(photographs, temperature=8.0).kernel("dW8")
    app.query_params.update({"pair": [found.rows.ids[3], found.rows.ids[7]], "layer": "fc8", "temperature": "8"})
    settled(app)
    header, parts = payload(app, "heatmaps-mark")
    assert header["pair"] == header["ids"] == [found.rows.ids[3], found.rows.ids[7]]
    assert all(part[:2] == b"\xff\xd8" for part in parts), "both photographs are sent"
    row, col = (order(app).index(name) for name in header["pair"])
    values = [drawn(app, i)[row, col] for i in range(3)]
    assert values == pytest.approx([found.K_fw[3, 7], found.K_bw[3, 7], found.K[3, 7]], abs=2e-5)
    assert header["values"] == [float(K[3, 7]) for K in (found.K_fw, found.K_bw, found.K)], "exact, not rounded"
    pairs = found.K[np.triu_indices(len(found.K), 1)]
    assert header["place"] == int((pairs > found.K[3, 7]).sum()) + 1
    assert app.query_params["pair"] == [found.rows.ids[3], found.rows.ids[7]]


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        (["foo"], "The link asks for the pair “foo”, which is not two images: click a cell to choose two."),
        (["a", "b", "c"], "The link asks for the pair “a, b, c”, which is not two images: click a cell to choose two."),
        (["a*", "b"], r"few has no photograph “a\*” and no “b”, so another pair is shown."),
        (["", "b"], "few has no photograph “b”, so another pair is shown."),
        (["", ""], None),
        ([], None),
    ],
)
def test_a_pair_that_cannot_be_shown_is_said(app: AppTest, photographs: Path, asked: list[str], says: str) -> None:
    ids = lab(photographs).kernel("dW8").rows.ids
    app.query_params["pair"] = [name or ids[place] for place, name in enumerate(asked)]
    at(app, PAGE)
    assert [info.value for info in app.info] == ([says] if says else [])


def test_a_pair_beyond_the_chosen_number_is_said(app: AppTest, photographs: Path) -> None:
    images = lab(photographs).images
    few = images.select(None, 50)
    beyond = [name for i, name in enumerate(images.ids) if i not in few][:2]
    app.query_params.update({"images": "50", "pair": beyond})
    at(app, PAGE)
    assert [info.value for info in app.info] == [
        f"{beyond[0]} and {beyond[1]} are not among the 50 photographs shown: raise Images or choose another split in "
        "the sidebar. Until then another pair is shown."
    ]


def test_a_pair_is_shown_before_one_is_chosen_and_stays_out_of_the_address(app: AppTest) -> None:
    at(app, PAGE)
    shown = payload(app, "heatmaps-mark")[0]["pair"]
    assert set(shown) <= set(order(app))
    assert shown[0] != shown[1]
    assert "pair" not in app.query_params


def test_centred_kernels_keep_the_equation_of_their_factors(app: AppTest, photographs: Path) -> None:
    found = lab(photographs, centre=True).kernel("dW7")
    app.query_params.update({"centre": "true", "pair": [found.rows.ids[0], found.rows.ids[1]]})
    settled(app)
    for i, K in enumerate(arranged(app, found)):
        np.testing.assert_allclose(drawn(app, i), K, atol=2e-5)
    assert payload(app, "heatmaps-mark")[0]["product"] is False, "no equation is written where it does not hold"
    assert payload(app, "heatmaps-pairs")[0]["centred"] is True, "the lists have the product as it is"
    assert "and their product, centred" in said(app)
    assert "= product" not in said(app)
    app.toggle(key="centre").set_value(False)
    settled(app)
    assert payload(app, "heatmaps-mark")[0]["product"] is True
    assert payload(app, "heatmaps-pairs")[0]["centred"] is False
    assert "three cosines: forward × backward = product" in said(app)
    np.testing.assert_allclose(drawn(app, 2), drawn(app, 0) * drawn(app, 1), atol=1e-4)


# Controls: each has an effect on a number, the figure's data or the selection, and stands in the address


def test_the_order_by_id_by_likeness_and_by_seriation(app: AppTest, photographs: Path) -> None:
    at(app, PAGE)
    found = lab(photographs).kernel("dW7")
    by_class = order(app)
    app.segmented_control(key="order").set_value("id")
    settled(app)
    assert order(app) == sorted(found.rows.ids)
    assert payload(app, "heatmaps")[0]["axes"][0]["blocks"] == []
    app.session_state["pair"] = (found.rows.ids[5], found.rows.ids[6])
    app.segmented_control(key="order").set_value("like")
    settled(app)
    expected = sorted(range(IMAGES), key=lambda i: (i != 5, -float(found.K[5, i])))
    assert order(app) == [found.rows.ids[i] for i in expected]
    app.segmented_control(key="order").set_value("seriation")
    settled(app)
    serial = order(app)
    assert sorted(serial) == sorted(by_class)
    K = arranged(app, found)[2]
    neighbours = np.diagonal(K, 1).mean()
    app.segmented_control(key="order").set_value("class")
    settled(app)
    assert order(app) == by_class
    assert neighbours > np.diagonal(arranged(app, found)[2], 1).mean()


@pytest.mark.parametrize(
    ("key", "value", "told"),
    [
        ("scale", "rank", ("colour", "rank")),
        ("scale", "root", ("colour", "root")),
        ("range", "shared", ("shared", True)),
    ],
)
def test_colours_are_told_to_the_browser(app: AppTest, key: str, value: str, told: tuple) -> None:
    at(app, PAGE)
    assert payload(app, "heatmaps-mark")[0]["how"][told[0]] in ("linear", False)
    before = [payload(app, f"heatmaps-panel-{i}")[0]["digest"] for i in range(3)]
    app.segmented_control(key=key).set_value(value)
    settled(app)
    assert payload(app, "heatmaps-mark")[0]["how"][told[0]] == told[1]
    assert [payload(app, f"heatmaps-panel-{i}")[0]["digest"] for i in range(3)] == before, "kernels are not sent again"


def test_block_means_are_told_to_the_browser(app: AppTest) -> None:
    at(app, PAGE)
    assert payload(app, "heatmaps-mark")[0]["how"]["means"] is False
    app.toggle(key="means").set_value(True)
    settled(app)
    assert payload(app, "heatmaps-mark")[0]["how"]["means"] is True


def test_a_link_says_which_kernel_is_large(app: AppTest) -> None:
    app.query_params["large"] = "backward"
    at(app, PAGE)
    assert payload(app, "heatmaps-mark")[0]["large"] == 1
    assert app.query_params["large"] == "backward"


def test_the_part_that_is_looked_at_is_in_the_link_beside_that_of_the_map(app: AppTest) -> None:
    app.query_params.update({"part": "3.2_0.412_0.73", "zoom": "2_0_0"})
    at(app, PAGE)
    assert payload(app, "heatmaps-mark")[0]["view"] == "3.2_0.412_0.73"
    app.select_slider(key="temperature").set_value(8.0)
    settled(app)
    assert payload(app, "heatmaps-mark")[0]["view"] == "3.2_0.412_0.73"
    assert app.query_params["part"] in ("3.2_0.412_0.73", ["3.2_0.412_0.73"])
    assert app.query_params["zoom"] in ("2_0_0", ["2_0_0"])
    app.session_state["stated part"] = None  # what `options.state` says
    settled(app)
    assert payload(app, "heatmaps-mark")[0]["view"] is None
    assert "part" not in app.query_params


def test_a_link_opens_the_same_figure(app: AppTest) -> None:
    app.query_params.update({"order": "Id", "means": "true", "scale": "Rank", "range": "Shared"})
    at(app, PAGE)
    assert order(app) == sorted(order(app))
    how = payload(app, "heatmaps-mark")[0]["how"]
    assert (how["means"], how["colour"], how["shared"]) == (True, "rank", True)


def test_how_kernels_and_maps_are_coloured_are_two_choices(app: AppTest) -> None:
    at(app, PAGE)
    app.segmented_control(key="scale").set_value("rank")
    settled(app)
    at(app, "pages/explore/map.py")
    assert app.segmented_control(key="colour").value == "Class"
    at(app, PAGE)
    assert app.segmented_control(key="scale").value == "rank"
    assert not [info.value for info in app.info if "not offered" in info.value]


def test_the_part_that_is_looked_at_and_the_views_of_data_have_different_names(app: AppTest) -> None:
    app.query_params.update({"part": "3.2_0.412_0.73", "view": "Fetch"})
    at(app, PAGE)
    assert told(app) == []
    at(app, "pages/data/data.py")
    assert told(app) == []
    assert app.segmented_control(key="view").value == "Fetch"


def test_what_a_link_says_wrongly_is_said(app: AppTest) -> None:
    app.query_params.update({"large": "sideways", "order": "upside down", "part": "3_2_0"})
    at(app, PAGE)
    assert set(told(app)) == {
        "The link asks for Order “upside down”, which is not offered here.",
        "The link asks for the large kernel “sideways”, which is not offered here.",
        "The link asks for a part of the kernels “3_2_0”, which is not offered here.",
    }
    assert payload(app, "heatmaps-mark")[0]["large"] == 2


def test_a_photograph_in_focus_is_the_row_of_the_pair(app: AppTest, photographs: Path) -> None:
    found = lab(photographs).kernel("dW7")
    app.query_params["focus"] = found.rows.ids[9]
    at(app, PAGE)
    row, col = payload(app, "heatmaps-mark")[0]["pair"]
    values = np.where(np.arange(IMAGES) == 9, -np.inf, found.K[9])
    assert (row, col) == (found.rows.ids[9], found.rows.ids[int(values.argmax())])


def test_a_marked_class_is_marked_on_every_photograph_that_shows_it(app: AppTest, photographs: Path) -> None:
    app.query_params["class"] = "train"
    at(app, PAGE)
    assert payload(app, "heatmaps-mark")[0]["marked"] == "train"
    header, _ = payload(app, "heatmaps")
    which = header["names"].index("train")
    images = lab(photographs).images
    shown = {
        name
        for name, labels in zip(header["axes"][0]["ids"], header["axes"][0]["labels"], strict=True)
        if which in labels
    }
    chosen = [images.ids[i] for i in images.select("all", IMAGES)]
    c = images.classes.index("train")
    assert shown == {name for name in chosen if images.labels[images.source(name), c] == 1}


@pytest.mark.parametrize("order", ["class", "id"])
def test_the_selection_of_all_pages_is_marked_where_its_photographs_stand(
    app: AppTest, photographs: Path, order: str
) -> None:
    images = lab(photographs).images
    here = [images.ids[i] for i in images.select("all", IMAGES)]
    wanted = [*here[3:20:4], *(name for name in images.ids if name not in here)][:7]
    app.query_params.update({"chosen": chosen.written(wanted, images.ids), "order": order})
    at(app, PAGE)
    (places,) = payload(app, "heatmaps-mark")[0]["selected"]
    ids = payload(app, "heatmaps")[0]["axes"][0]["ids"]
    assert [ids[at] for at in places] == [name for name in ids if name in wanted]
    assert len(places) == 5
    assert "5 selected" in payload(app, "heatmaps-mark")[0]["how"]["caption"]


# What is sent again


def test_a_temperature_step_sends_no_forward_kernel_and_moves_no_photograph(app: AppTest) -> None:
    at(app, PAGE)
    before = [payload(app, f"heatmaps-panel-{i}") for i in range(3)]
    axes = payload(app, "heatmaps")
    app.select_slider(key="temperature").set_value(8.0)
    settled(app)
    after = [payload(app, f"heatmaps-panel-{i}") for i in range(3)]
    assert after[0] == before[0]
    assert payload(app, "heatmaps") == axes
    assert all(after[i][0]["digest"] != before[i][0]["digest"] for i in (1, 2))


def test_a_layer_keeps_the_photographs_in_their_places(app: AppTest) -> None:
    at(app, PAGE)
    axes = payload(app, "heatmaps")
    app.session_state["layer"] = "fc6"
    settled(app)
    assert payload(app, "heatmaps-panel-2")[0]["title"] == "Product dW6"
    assert payload(app, "heatmaps") == axes


def test_the_saved_picture_says_what_it_shows(app: AppTest) -> None:
    app.query_params.update({"layer": "fc6", "temperature": "8"})
    at(app, PAGE)
    how = payload(app, "heatmaps-mark")[0]["how"]
    for word in ("50 photographs", "AlexNet-64 fc6", "τ = 8", "dW6"):
        assert word in how["caption"]
    assert how["file"].endswith("_AlexNet-64_fc6_dW6_tau8_n50.png")


# Kinds of data


def test_features_alone_have_kernels_without_photographs(
    start: Callable[..., AppTest], photographs: Path, tmp_path: Path
) -> None:
    with (tmp_path / "given.npz").open("wb") as out:
        features_npz(lab(photographs).features(["x6", "dy7"]), {}, out)
    app = start(tmp_path / "given.npz")
    at(app, PAGE)
    assert not app.error
    header, parts = payload(app, "heatmaps-mark")
    assert (header["ids"], parts, header["how"]["thumbs"]) == ([], [], False)
    assert "heatmaps-sprite" not in {element.key for element in app.get("bidi_component")}
    assert [layer["name"] for layer in payload(app, "heatmaps-layers")[0]["layers"]] == ["fc7"]


def test_photographs_without_labels_have_no_blocks(start: Callable[..., AppTest], snapshots: Path) -> None:
    app = start(snapshots)
    at(app, PAGE)
    header, _ = payload(app, "heatmaps")
    assert (header["axes"][0]["blocks"], header["classes"], header["rule"]) == ([], [], "")
    assert payload(app, "heatmaps-panel-0")[1][4] == b""


def test_kernels_that_are_not_cosines_are_told_so(app: AppTest) -> None:
    app.query_params["normalise"] = "none"
    at(app, PAGE)
    assert payload(app, "heatmaps-mark")[0]["unit"] is False
    assert "inner products" in said(app)


def test_many_images_travel_as_means(app: AppTest, photographs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gradviz.ui.components.heatmaps.LIMIT", 20)
    at(app, PAGE)
    header, parts = payload(app, "heatmaps-panel-2")
    assert header["step"] == 3
    cells = np.frombuffer(parts[0], "<u2").reshape(17, 17) / 65535 * (header["greatest"] - header["least"])
    K = arranged(app, lab(photographs).kernel("dW7"))[2]
    np.testing.assert_allclose(cells + header["least"], block_means(K, 3), atol=2e-5)
    pinned, windows = payload(app, "heatmaps-pinned")
    row0, row1, col0, col1 = pinned["window"]
    values = np.frombuffer(windows[2], "<u2").reshape(row1 - row0, col1 - col0) / 65535
    least, greatest = pinned["ranges"][2]
    np.testing.assert_allclose(least + (greatest - least) * values, K[row0:row1, col0:col1], atol=2e-5)


def test_a_former_figure_stays_with_its_layers_until_the_next_one_is_there(
    app: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    at(app, PAGE)
    before = {key: payload(app, key) for key in ("heatmaps", "heatmaps-panel-2", "heatmaps-layers", "heatmaps-mark")}
    going = threading.Event()
    view = kernels_job.layer_of

    def waiting(*arguments):
        going.wait(60)
        return view(*arguments)

    monkeypatch.setattr(kernels_job, "layer_of", waiting)
    app.select_slider(key="temperature").set_value(8.0)
    app.run()
    assert app.get("progress")
    assert {key: payload(app, key) for key in before} == before
    assert "opacity" in "".join(element.proto.body for element in app.get("html"))
    going.set()
    settled(app)
    assert payload(app, "heatmaps-panel-2") != before["heatmaps-panel-2"]
    assert "τ = 8" in payload(app, "heatmaps-mark")[0]["how"]["caption"]


def test_the_layers_of_the_former_temperature_stay_dimmed_until_the_new_ones_are_there(
    app: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    def dims() -> bool:
        return "gv-behind-layers" in "".join(element.proto.body for element in app.get("html"))

    at(app, PAGE)
    before, sprite = payload(app, "heatmaps-layers"), payload(app, "heatmaps-sprite")
    product = payload(app, "heatmaps-panel-2")
    assert not dims()
    going = threading.Event()
    layer_of = kernels_layers.layer_of

    def waiting(*arguments):
        going.wait(60)
        return layer_of(*arguments)

    monkeypatch.setattr(kernels_layers, "layer_of", waiting)
    app.select_slider(key="temperature").set_value(8.0)
    app.run()
    for _ in range(100):
        if payload(app, "heatmaps-panel-2") != product:
            break
        app.run()
    assert payload(app, "heatmaps-panel-2") != product
    assert (payload(app, "heatmaps-layers"), payload(app, "heatmaps-sprite")) == (before, sprite)
    assert dims()
    going.set()
    settled(app)
    assert payload(app, "heatmaps-layers") != before
    assert not dims()


def test_photographs_of_the_first_view_have_small_pictures_before_all_have(
    app: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    going = threading.Event()
    draw = kernels_sprite.contact_sheet

    def waiting(images, positions, *more, **named):
        if len(positions) == IMAGES:
            going.wait(60)
        return draw(images, positions, *more, **named)

    monkeypatch.setattr(kernels_sprite, "contact_sheet", waiting)
    app.run()
    app.switch_page(PAGE)
    for _ in range(200):
        app.run()
        if "heatmaps-sprite" in {element.key for element in app.get("bidi_component")}:
            break
    ids = payload(app, "heatmaps-sprite")[0]["ids"]
    axes, pairs = payload(app, "heatmaps")[0]["axes"][0], payload(app, "heatmaps-pairs")
    rows, cols = (np.frombuffer(part, "<u4") for part in pairs[1][:2])
    listed = {pairs[0]["ids"][side[i]] for i in pairs[0]["alike"] + pairs[0]["agreeing"] for side in (rows, cols)}
    assert 10 <= len(ids) < IMAGES
    assert set(ids) == listed | {axes["ids"][start] for _, start, _ in axes["blocks"]}
    going.set()
    settled(app)
    assert len(payload(app, "heatmaps-sprite")[0]["ids"]) == IMAGES
