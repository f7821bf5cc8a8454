"""The canvas components in a real browser: drawn, zoomed, clicked, lassoed; markup in the data stays text."""

import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import expect

from gradviz.ui import components
from gradviz.ui.widgets import equation
from tests.browser.chromium import page_of, panels_of, serving

pytestmark = pytest.mark.browser
HERE = Path(__file__).parent


@pytest.fixture(scope="module")
def heatmaps():
    with serving(HERE / "harness_heatmaps.py") as address:
        yield address


@pytest.fixture(scope="module")
def maps():
    with serving(HERE / "harness_maps.py") as address:
        yield address


def drawn(page):
    canvas = page.locator("canvas[data-panels]")
    canvas.wait_for(timeout=60_000)
    return canvas


def view(canvas) -> list[float]:
    return [float(edge) for edge in canvas.get_attribute("data-view").split()]


def said(page, beginning: str):
    return page.locator("[data-testid=stText]").filter(has_text=beginning)


def at_cell(panel: tuple, row: int, col: int, n: int) -> tuple[float, float]:
    x, y, w, h = panel
    return x + w * (col + 0.5) / n, y + h * (row + 0.5) / n


def test_a_click_on_a_pair_reaches_python_with_the_values_in_the_tip(browser, heatmaps) -> None:
    with page_of(browser, f"{heatmaps}?n=40") as page:
        canvas = drawn(page)
        cells = np.random.default_rng(0).integers(0, 40, (20, 2)).tolist()
        for i, (row, col) in enumerate([(3, 30), (39, 0), (12, 14), *cells]):
            panel = panels_of(canvas)[i % 3]
            page.mouse.move(*at_cell(panel, row, col, 40))
            tip = page.locator(".tip").first
            expect(tip).to_contain_text(f"{row:06d}")
            expect(tip).to_contain_text(f"{col:06d}")
            page.mouse.click(*at_cell(panel, row, col, 40))
            expect(said(page, f"pair {row} {col} ")).to_be_visible()
            forward, backward, product = (float(v) for v in said(page, "pair").inner_text().split()[3:])
            shown = tip.locator(".value").inner_text().replace("K_fw", "").replace("K_bw", "")
            assert "-" not in shown, "a minus, no hyphen"
            shown = shown.replace("−", "-")
            left, result = shown.split("=")
            a, b = left.split("×")
            decimals = len(result.strip().split(".")[1])
            assert float(result) == round(float(a) * float(b), decimals)
            assert {len(text.strip().split(".")[1]) for text in (a, b)} == {decimals}
            assert abs(float(a) - forward) < 0.0006
            assert abs(float(b) - backward) < 0.0006
            assert abs(float(result) - product) < 0.0006
            row_at_right = page.locator(".pairbox tbody td.value")
            assert [cell.inner_text().replace("−", "-") for cell in row_at_right.all()] == [
                a.strip(),
                b.strip(),
                result.strip(),
            ]


def test_clicks_on_other_cells_count_however_soon_they_come(browser, heatmaps) -> None:
    with page_of(browser, f"{heatmaps}?n=40") as page:
        panel = panels_of(drawn(page))[2]
        cells = [(5, 6), (20, 31), (33, 2), (8, 39), (17, 19)]
        for row, col in cells:
            page.mouse.click(*at_cell(panel, row, col, 40))
        expect(said(page, "pair 17 19 ")).to_be_visible()
        expect(page.locator(".pairbox figcaption").first).to_contain_text("000017")


def test_a_click_on_a_photograph_with_itself_takes_its_neighbour(browser, heatmaps) -> None:
    with page_of(browser, f"{heatmaps}?n=40") as page:
        panel = panels_of(drawn(page))[2]
        for at, beside in ((17, 18), (39, 38)):
            page.mouse.click(*at_cell(panel, at, at, 40))
            expect(said(page, f"pair {at} {beside} ")).to_be_visible()
            expect(page.locator(".pairbox figcaption").last).to_contain_text(f"{beside:06d}")


def test_the_browser_writes_the_equation_as_python_does(browser) -> None:
    folder = Path(components.__file__).parent
    script = "".join((folder / name).read_text(encoding="utf-8") for name in ("equation.js", "heatmaps_cells.js"))
    values = np.random.default_rng(0).uniform(-1, 1, (500, 2)) ** (1, 3)
    # No product lies half-way between two decimals, where JavaScript rounds up and Python to the even one.
    table = [*values.tolist(), *(1000 * values[:100]).tolist()]
    table += [[1, 1], [1, -1], [0, 0.3], [0.4, 0], [0.02, 0.5], [0.0199, 1], [-1e-5, 1]]
    page = browser.new_page()
    try:
        shown = page.evaluate(
            """([script, table]) => {
              const equation = new Function(`${script}; return equation`)();
              const panels = [{ symbol: "K_fw" }, { symbol: "K_bw" }];
              return table.map(([a, b]) => equation(panels, [a, b, a * b], 3));
            }""",
            [script, table],
        )
    finally:
        page.close()
    assert shown == [equation(a, b, a * b) for a, b in table]
    assert len({text.count("≈") for text in shown}) == 2, "the table holds both kinds of equations"


def test_a_double_click_on_a_block_zooms_until_single_pairs_can_be_clicked(browser, heatmaps) -> None:
    with page_of(browser, f"{heatmaps}?n=1300") as page:
        canvas = drawn(page)
        x, y, w, h = panels_of(canvas)[2]
        place = (x + w * 0.2, y + h * 0.3)
        page.mouse.move(*place)
        expect(page.locator(".tip").first).to_contain_text("mean of 3 × 3 pairs")
        page.mouse.dblclick(*place)
        expect(said(page, "window (")).to_be_visible()
        expect(page.locator(".status").first).to_contain_text("each cell one pair")
        row0, row1, col0, col1 = view(canvas)
        assert row1 - row0 < 200
        assert col1 - col0 < 200
        row, col = int(row0 + (row1 - row0) / 3), int(col0 + (col1 - col0) / 4)
        across, down = (col + 0.5 - col0) / (col1 - col0), (row + 0.5 - row0) / (row1 - row0)
        page.mouse.move(x + w * across, y + h * down)
        expect(page.locator(".tip .value").first).to_contain_text("×")
        page.mouse.click(x + w * across, y + h * down)
        expect(said(page, f"pair {row} {col} ")).to_be_visible()
        assert view(canvas) == [row0, row1, col0, col1]
        page.get_by_role("button", name="Whole").click()
        expect(page.locator(".status").first).to_contain_text("mean of 3 × 3 pairs")


def test_a_click_on_a_mean_opens_the_pair_nearest_to_the_pointer(browser, heatmaps) -> None:
    """Its numbers are there once the pointer rests, without zooming in; the lens shows the pairs around it."""
    with page_of(browser, f"{heatmaps}?n=1300") as page:
        canvas = drawn(page)
        panel = panels_of(canvas)[2]
        for row, col in np.random.default_rng(1).integers(0, 1300, (20, 2)).tolist():
            x, y = (round(v) + 0.5 for v in at_cell(panel, row, col, 1300))
            row, col = (
                int((at - start) / length * 1300)
                for at, start, length in ((y, panel[1], panel[3]), (x, panel[0], panel[2]))
            )
            page.mouse.click(x, y)
            expect(said(page, f"pair {row} {col} ")).to_be_visible()
            values = [float(v) for v in said(page, "pair").inner_text().split()[3:]]
            cells = page.locator(".pairbox tbody td.value")
            for cell, value in zip(cells.all(), values, strict=True):
                expect(cell).to_have_text(re.compile(rf"^{re.escape(f'{value:.3f}'[:-1].replace('-', '−'))}"))
            expect(page.locator(".pairbox p.quiet")).to_contain_text("of 844,350 pairs" if row != col else "itself")
        assert view(canvas) == [0, 1300, 0, 1300]


def test_a_small_kernel_becomes_the_large_one(browser, heatmaps) -> None:
    with page_of(browser, f"{heatmaps}?n=60") as page:
        canvas = drawn(page)
        sizes = [w for _, _, w, _ in panels_of(canvas)]
        assert max(sizes) == sizes[2]
        page.get_by_role("button", name="Forward large").click()
        expect(said(page, "large 0")).to_be_visible()
        sizes = [w for _, _, w, _ in panels_of(canvas)]
        assert max(sizes) == sizes[0]
        page.mouse.click(*at_cell(panels_of(canvas)[1], 20, 40, 60))
        expect(page.locator(".pairbox h4").last).to_have_text("Forward around it, pair by pair")


def test_a_class_in_the_table_is_marked_and_zoomed_to(browser, heatmaps) -> None:
    with page_of(browser, f"{heatmaps}?n=200&table=1") as page:
        canvas = drawn(page)
        button = page.get_by_role("button", name=re.compile("^person"))
        button.click()
        expect(said(page, "marked person")).to_be_visible()
        expect(button).to_have_attribute("aria-pressed", "true")
        page.wait_for_timeout(500)
        button.click()
        expect(said(page, "marked person")).to_have_count(0)
        assert view(canvas) == [0, 200, 0, 200]


def test_selected_photographs_are_marked_along_both_axes_and_counted_in_the_table(browser, heatmaps) -> None:
    with page_of(browser, f"{heatmaps}?n=40&classes=2&table=1&selected=000030,000031,000005") as page:
        canvas = drawn(page)
        page.wait_for_timeout(500)
        (_, _, w, h) = panel = panels_of(canvas)[2]
        edge = 40 * 3 / w  # cells in three pixels
        there = colours(canvas, panel, (30, edge - 0.5), (31, edge - 0.5), (edge - 0.5, 5), (12, edge - 0.5), n=40)
        assert there[0] == there[1] == there[2] == [31, 111, 139] != there[3]
        assert h > 200
        assert page.locator(".classtable .rows .selected").all_inner_texts() == ["1", "2"]


def colours(canvas, panel: tuple, *cells: tuple[int, int], n: int) -> list[list[int]]:
    """Return what is drawn at cells, read from the canvas."""
    box = canvas.bounding_box()
    points = [(x - box["x"], y - box["y"]) for x, y in (at_cell(panel, row, col, n) for row, col in cells)]
    return canvas.evaluate(
        """(canvas, points) => {
          const ratio = canvas.width / canvas.clientWidth;
          const copy = Object.assign(document.createElement("canvas"), { width: canvas.width, height: canvas.height });
          const context = copy.getContext("2d", { willReadFrequently: true });
          context.drawImage(canvas, 0, 0);
          return points.map(([x, y]) => [...context.getImageData(x * ratio, y * ratio, 1, 1).data].slice(0, 3));
        }""",
        points,
    )


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_zero_is_the_ground_and_large_values_stand_out_in_both_themes(browser, heatmaps, scheme: str) -> None:
    with page_of(browser, f"{heatmaps}?n=40&classes=1", color_scheme=scheme) as page:
        canvas = drawn(page)
        page.wait_for_timeout(500)
        panel = panels_of(canvas)[2]
        cells = [(i, (i + 7) % 40) for i in range(40)]
        drawn_there = colours(canvas, panel, *cells, (20, 20), n=40)
        light = [sum(rgb) for rgb in drawn_there]
        if scheme == "dark":
            assert light[-1] == max(light), "the diagonal, 1, is the brightest"
            assert min(light) < 150
        else:
            assert light[-1] == min(light)
            assert max(light) > 650


def test_block_means_fill_every_block(browser, heatmaps) -> None:
    with page_of(browser, f"{heatmaps}?n=60&classes=3&means=1") as page:
        canvas = drawn(page)
        page.wait_for_timeout(500)
        drawn_there = colours(canvas, panels_of(canvas)[2], (30, 45), (35, 50), (40, 41), (2, 50), n=60)
        assert drawn_there[0] == drawn_there[1] == drawn_there[2] != drawn_there[3]


def test_the_picture_is_saved_twice_as_fine(browser, heatmaps, tmp_path: Path) -> None:
    with page_of(browser, f"{heatmaps}?n=60&table=1") as page:
        canvas = drawn(page)
        wide = canvas.bounding_box()["width"]
        with page.expect_download() as saved:
            page.get_by_role("button", name="PNG").click()
        saved.value.save_as(tmp_path / "figure.png")
        assert saved.value.suggested_filename == "kernels.png"
        with Image.open(tmp_path / "figure.png") as picture:
            assert picture.width == pytest.approx(2 * (wide + 2 * 12), abs=2), "with a margin"
            assert len(picture.convert("RGB").crop((0, 24, 600, 64)).getcolors(9999)) > 5, "the caption is in it"
            assert len(picture.convert("RGB").crop((0, 0, picture.width, 20)).getcolors(9999)) == 1


def test_wheel_drag_and_keys_move_the_view(browser, heatmaps) -> None:
    with page_of(browser, f"{heatmaps}?n=200&m=120") as page:
        canvas = drawn(page)
        assert view(canvas) == [0, 200, 0, 120]
        x, y, w, h = panels_of(canvas)[1]
        page.mouse.move(x + w / 4, y + h / 2)
        for _ in range(4):
            page.mouse.wheel(0, -120)
        page.wait_for_timeout(200)
        row0, row1, col0, col1 = view(canvas)
        assert (row0 + row1) / 2 == pytest.approx(100, abs=1)
        assert col0 + (col1 - col0) / 4 == pytest.approx(30, abs=1)
        page.mouse.down()
        page.mouse.move(x + w / 4 - 40, y + h / 2, steps=5)
        page.mouse.up()
        page.wait_for_timeout(200)
        assert view(canvas)[2] == pytest.approx(col0 + 40 / w * (col1 - col0), abs=0.5)
        canvas.focus()
        page.keyboard.press("0")
        page.wait_for_timeout(500)
        assert view(canvas) == [0, 200, 0, 120]
        page.keyboard.press("ArrowRight")
        page.keyboard.press("ArrowDown")
        page.keyboard.press("Enter")
        expect(said(page, "pair 101 61")).to_be_visible()
        assert "Product dW7" in canvas.get_attribute("aria-label")


def test_panels_stack_where_there_is_no_room(browser, heatmaps) -> None:
    with page_of(browser, f"{heatmaps}?n=60", viewport={"width": 1000, "height": 800}) as page:
        canvas = drawn(page)
        forward, backward, product = panels_of(canvas)
        assert forward[0] == backward[0] < product[0]
        assert product[2] > forward[2] == backward[2]
        page.set_viewport_size({"width": 560, "height": 800})
        page.wait_for_timeout(600)
        assert len({x for x, _, _, _ in panels_of(canvas)}) == 1


def lasso(page, panel: tuple, *corners: tuple[float, float]) -> None:
    """Draw a loop through places that are shares of a panel's width and height."""
    x, y, w, h = panel
    places = [(x + w * across, y + h * down) for across, down in corners]
    page.mouse.move(*places[0])
    page.mouse.down()
    for place in [*places[1:], places[0]]:
        page.mouse.move(*place, steps=4)
    page.mouse.up()


def map_of(page, role: str):
    canvas = page.locator(f"canvas[data-role={role}]")
    canvas.wait_for(timeout=60_000)
    return canvas


@pytest.mark.parametrize("role", ["product", "forward", "backward"])
def test_a_lasso_selects_in_all_maps_and_clear_empties_it(browser, maps, role: str) -> None:
    with page_of(browser, f"{maps}?n=300&thumbs=1") as page:
        (panel,) = panels_of(map_of(page, role))
        lasso(page, panel, (0.02, 0.02), (0.5, 0.02), (0.5, 0.98), (0.02, 0.98))
        expect(page.locator(".status").first).to_contain_text("of 300 selected")
        count = int(page.locator(".status").first.inner_text().split()[0])
        assert 10 < count < 290
        expect(said(page, f"selected {count} ")).to_be_visible()
        assert page.locator(".maps-gallery .maps-tile").count() >= min(count, 10)
        page.keyboard.down("Alt")
        lasso(page, panel, (0.02, 0.02), (0.5, 0.02), (0.5, 0.5), (0.02, 0.5))
        page.keyboard.up("Alt")
        expect(said(page, f"selected {count} ")).to_be_hidden()
        fewer = int(page.locator(".status").first.inner_text().split()[0])
        assert fewer < count
        page.keyboard.down("Shift")
        lasso(page, panel, (0.02, 0.02), (0.9, 0.02), (0.9, 0.9), (0.02, 0.9))
        page.keyboard.up("Shift")
        expect(said(page, f"selected {fewer} ")).to_be_hidden()
        assert int(page.locator(".status").first.inner_text().split()[0]) > fewer
        page.get_by_role("button", name="Clear").click()
        expect(said(page, "selected 0 ")).to_be_visible()
        canvas = map_of(page, "product")
        canvas.focus()
        page.keyboard.press("ArrowRight")
        expect(page.locator(".maps-tip .maps-tile").first).to_be_visible()
        page.keyboard.press(" ")
        expect(said(page, "selected 1 ")).to_be_visible()
        page.keyboard.press("Escape")
        expect(said(page, "selected 0 ")).to_be_visible()


def test_a_small_map_becomes_the_large_one_and_everything_stays(browser, maps) -> None:
    with page_of(browser, f"{maps}?n=300&thumbs=1") as page:
        (panel,) = panels_of(map_of(page, "product"))
        lasso(page, panel, (0.02, 0.02), (0.5, 0.02), (0.5, 0.98), (0.02, 0.98))
        expect(page.locator(".status").first).to_contain_text("of 300 selected")
        status = page.locator(".status").first.inner_text()
        page.locator(".maps-gallery .maps-tile").nth(3).click()
        focused = page.locator(".maps-near .maps-heading b").first
        expect(focused).to_contain_text("Nearest to ")
        near = focused.inner_text()
        page.get_by_role("button", name="Forward x").click()
        expect(said(page, "large forward")).to_be_visible()
        assert panels_of(map_of(page, "forward"))[0][2] > panels_of(map_of(page, "product"))[0][2]
        expect(page.locator(".status").first).to_have_text(status)
        expect(focused).to_have_text(near)
        expect(said(page, f"focus {near.split()[-1]} ")).to_be_visible()


def test_a_click_puts_a_photograph_in_focus_and_hovering_a_row_writes_the_equation(browser, maps) -> None:
    with page_of(browser, f"{maps}?n=300&thumbs=1") as page:
        canvas = map_of(page, "product")
        canvas.focus()
        page.keyboard.press("ArrowRight")
        page.keyboard.press("Enter")
        expect(said(page, "focus 0")).to_be_visible()
        rows = page.locator(".maps-row")
        expect(rows).to_have_count(3)
        expect(rows.first.locator(".maps-cell")).to_have_count(8)
        kept = page.locator(".maps-near .maps-quiet").first.inner_text()
        lost = page.locator(".maps-row .maps-sign.lost").count()
        assert f"{8 - lost} of 8 kept" in kept
        assert page.locator(".maps-row .maps-sign.gained").count() == lost
        cell = rows.nth(2).locator(".maps-cell").nth(2)
        cell.locator(".maps-tile").hover()
        equation = page.locator(".maps-equation")
        expect(equation).to_contain_text("hovered")
        left, result = equation.inner_text().removeprefix("hovered").split("=")
        a, b = (float(number) for number in left.split("×"))
        assert f"{a * b:.3f}" == result.strip() == cell.locator("span").inner_text()


def test_a_class_of_the_legend_is_marked_and_zooming_in_shows_photographs(browser, maps) -> None:
    with page_of(browser, f"{maps}?n=1200&thumbs=1") as page:
        canvas = map_of(page, "product")
        expect(canvas).not_to_have_attribute("data-stamps", "0")
        assert int(canvas.get_attribute("data-stamps")) > 10
        assert canvas.get_attribute("data-photographs") == "0"
        page.locator(".maps-entries button").filter(has_text="cat").click()
        expect(said(page, "marked cat")).to_be_visible()
        expect(page.locator(".status").first).to_contain_text("show cat")
        page.locator(".maps-entries button").filter(has_text="cat").click()
        expect(said(page, "marked None")).to_be_visible()
        page.get_by_label("From dots to photographs").fill("100")
        expect(canvas).not_to_have_attribute("data-photographs", "0")
        assert int(canvas.get_attribute("data-photographs")) > 60
        page.get_by_label("From dots to photographs").fill("0")
        expect(canvas).to_have_attribute("data-photographs", "0")
        ((x, y, w, h),) = panels_of(canvas)
        page.mouse.move(x + w / 2, y + h / 2)
        for _ in range(8):
            page.mouse.wheel(0, -120)
        expect(canvas).not_to_have_attribute("data-photographs", "0")
        page.get_by_role("button", name="Whole").click()
        expect(canvas).to_have_attribute("data-photographs", "0")


def test_the_saved_picture_holds_all_three_maps_at_twice_the_size(browser, maps, tmp_path) -> None:
    with page_of(browser, f"{maps}?n=300&thumbs=1") as page:
        map_of(page, "product")
        with page.expect_download() as download:
            page.get_by_role("button", name="PNG").click()
        assert download.value.suggested_filename == "map_harness.png"
        picture = Image.open(download.value.path())
        assert picture.width > 2000
        assert picture.height > 1300
        assert len(picture.convert("RGB").getcolors(1 << 24)) > 1000


def test_a_former_map_is_dim_and_says_of_what_and_is_not_saved(browser, maps) -> None:
    def opacity(page) -> str:
        return map_of(page, "product").evaluate("(canvas) => getComputedStyle(canvas).opacity")

    with page_of(browser, f"{maps}?n=300") as page:
        assert opacity(page) == "1"
        expect(page.locator(".maps-still").first).to_be_hidden()
    with page_of(browser, f"{maps}?n=300&former=1") as page:
        assert opacity(page) == "0.4"
        expect(page.locator(".maps-still")).to_have_text(["τ = 1"] * 3)
        saved = []
        page.on("download", lambda download: saved.append(download))
        page.get_by_role("button", name="PNG").click()
        expect(page.locator(".maps-said")).to_contain_text("not all maps are of the present choices")
        assert not saved


def test_a_star_of_ones_own_can_be_clicked_and_is_explained(browser, maps) -> None:
    with page_of(browser, f"{maps}?n=300&own=1") as page:
        canvas = map_of(page, "product")
        expect(page.locator(".maps-own")).to_contain_text("★ yours 1: each placed where its five nearest stand")
        ((x, y, w, h),) = panels_of(canvas)
        page.mouse.click(x + (w - 44) / 2, y + h / 2)  # the middle of the map, beside its tools
        expect(page.locator(".maps-near .maps-heading b").first).to_have_text("Nearest to ★ 0")
        expect(page.locator(".maps-row")).to_have_count(3)
        expect(page.locator(".maps-card b")).to_have_text("")


def test_an_empty_part_of_the_map_says_so_and_leads_back(browser, maps) -> None:
    with page_of(browser, f"{maps}?n=300&thumbs=1") as page:
        canvas = map_of(page, "product")
        empty, card = page.locator(".maps-empty"), page.locator(".maps-card")
        page.locator(".maps-gallery .maps-tile").first.click()
        expect(card).to_be_visible()
        expect(empty).to_be_hidden()
        canvas.focus()
        for _ in range(6):
            page.keyboard.press("+")
        for _ in range(100):
            page.keyboard.press("Shift+ArrowRight")
        expect(empty).to_be_visible()
        expect(card).to_be_hidden()
        empty.get_by_role("button", name="Whole").click()
        expect(empty).to_be_hidden()
        expect(card).to_be_visible()


def test_density_and_move_change_what_is_drawn(browser, maps) -> None:
    def ink(canvas) -> int:
        return canvas.evaluate(
            """(canvas) => {
              const { width, height } = canvas;
              const copy = Object.assign(document.createElement("canvas"), { width, height });
              const context = copy.getContext("2d", { willReadFrequently: true });
              context.drawImage(canvas, 0, 0);
              const { data } = context.getImageData(0, 0, copy.width, copy.height);
              return data.reduce((sum, value, k) => sum + (k % 4 === 3 && value > 0), 0);
            }"""
        )

    with page_of(browser, f"{maps}?n=300") as page:
        canvas = map_of(page, "product")
        page.wait_for_timeout(500)
        plain = ink(canvas)
        density = page.get_by_role("button", name="Density")
        density.click()
        page.wait_for_timeout(300)
        assert ink(canvas) > 1.5 * plain, "the wash covers more than the dots"
        density.click()
        page.wait_for_timeout(300)
        assert ink(canvas) == pytest.approx(plain, rel=0.02)
        page.get_by_role("button", name="Move").click()
        ((x, y, w, h),) = panels_of(canvas)
        page.mouse.move(x + w / 2, y + h / 2)
        page.mouse.down()
        page.mouse.move(x + w / 2 + 80, y + h / 2 - 30, steps=5)
        page.mouse.up()
        expect(canvas).to_have_attribute("data-view", re.compile(r"^1_-0\.\d+_-0\.\d+$"))
        expect(said(page, "selected 0 ")).to_be_visible()


def test_a_picture_of_the_gallery_can_be_clicked(browser, maps) -> None:
    with page_of(browser, f"{maps}?n=40") as page:
        map_of(page, "product")
        page.locator(".grid button").nth(2).click()
        expect(said(page, "clicked 000002")).to_be_visible()
        expect(page.locator(".grid img").nth(2)).to_have_js_property("naturalWidth", 128)


@pytest.mark.parametrize("harness", ["heatmaps", "maps"])
def test_markup_in_names_stays_text(browser, harness: str, request) -> None:
    address = request.getfixturevalue(harness)
    with page_of(browser, f"{address}?n=30&classes=3&hostile=1", color_scheme="dark") as page:
        canvas = drawn(page) if harness == "heatmaps" else map_of(page, "product")
        canvas.focus()
        for _ in range(1 if harness == "heatmaps" else 4):  # on a map the first ones may be one's own
            page.keyboard.press("ArrowRight")
        expect(page.locator(".tip").first).to_contain_text("<script>")
        page.keyboard.press("Enter")
        expect(said(page, "pair " if harness == "heatmaps" else "focus <img")).to_be_visible()
        assert page.evaluate("window.hacked") is None
        assert page.locator("img[src=x]").count() == 0
