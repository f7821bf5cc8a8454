"""The canvas components in a real browser: drawn, zoomed, clicked, lassoed; markup in the data stays text."""

from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import expect

from gradviz.ui import components
from gradviz.ui.widgets import equation
from tests.browser.chromium import browsing, page_of, panels_of, serving

pytestmark = pytest.mark.browser
HERE = Path(__file__).parent


@pytest.fixture(scope="module")
def browser():
    with browsing() as browser:
        yield browser


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
        for panel, (row, col) in zip(panels_of(canvas), ((3, 30), (39, 0), (12, 12)), strict=True):
            page.mouse.move(*at_cell(panel, row, col, 40))
            tip = page.locator(".tip").first
            expect(tip).to_contain_text(f"{row:06d}")
            expect(tip).to_contain_text(f"{col:06d}")
            page.mouse.click(*at_cell(panel, row, col, 40))
            expect(said(page, f"pair {row} {col} ")).to_be_visible()
            forward, backward, product = (float(v) for v in said(page, "pair").inner_text().split()[3:])
            shown = tip.locator(".value").inner_text().replace("K_fw", "").replace("K_bw", "")
            left, result = shown.split("=")
            a, b = left.split("×")
            decimals = len(result.strip().split(".")[1])
            assert float(result) == round(float(a) * float(b), decimals)
            assert abs(float(a) - forward) < 0.006
            assert abs(float(b) - backward) < 0.006
            assert abs(float(result) - product) < 0.006
            page.wait_for_timeout(400)  # two quick clicks would be a double click


def test_the_browser_writes_the_equation_as_python_does(browser) -> None:
    script = (Path(components.__file__).parent / "heatmaps.js").read_text(encoding="utf-8")
    values = np.random.default_rng(0).uniform(-1, 1, (500, 2)) ** (1, 3)
    # No product lies half-way between two decimals, where JavaScript rounds up and Python to the even one.
    table = [*values.tolist(), *(1000 * values[:100]).tolist()]
    table += [[1, 1], [1, -1], [0, 0.3], [0.4, 0], [0.02, 0.5], [0.0199, 1], [-1e-5, 1]]
    page = browser.new_page()
    try:
        shown = page.evaluate(
            """([script, table]) => {
              const plain = script.replace("export default function", "function main");
              const equation = new Function(`${plain}; return equation`)();
              const panels = [{ symbol: "K_fw" }, { symbol: "K_bw" }];
              return table.map(([a, b]) => equation(panels, [a, b, a * b], 2));
            }""",
            [script, table],
        )
    finally:
        page.close()
    assert shown == [equation(a, b, a * b) for a, b in table]
    assert len({text.count("≈") for text in shown}) == 2, "the table holds both kinds of equations"


def test_a_click_on_a_block_zooms_until_single_pairs_can_be_clicked(browser, heatmaps) -> None:
    with page_of(browser, f"{heatmaps}?n=1300") as page:
        canvas = drawn(page)
        x, y, w, h = panels_of(canvas)[2]
        place = (x + w * 0.2, y + h * 0.3)
        page.mouse.move(*place)
        expect(page.locator(".tip").first).to_contain_text("mean of 3 × 3 pairs")
        page.mouse.click(*place)
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


def test_wheel_drag_and_keys_move_the_view(browser, heatmaps) -> None:
    with page_of(browser, f"{heatmaps}?n=200&m=120&scale=diverging") as page:
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
        assert "product K" in canvas.get_attribute("aria-label")


def test_panels_stack_where_there_is_no_room(browser, heatmaps) -> None:
    with page_of(browser, f"{heatmaps}?n=60", viewport={"width": 1000, "height": 800}) as page:
        canvas = drawn(page)
        assert len({y for _, y, _, _ in panels_of(canvas)}) == 1
        page.set_viewport_size({"width": 560, "height": 800})
        page.wait_for_timeout(600)
        assert len({x for x, _, _, _ in panels_of(canvas)}) == 1


def test_a_lasso_selects_in_all_maps_and_clear_empties_it(browser, maps) -> None:
    with page_of(browser, f"{maps}?n=300&thumbs=1") as page:
        canvas = drawn(page)
        x, y, w, h = panels_of(canvas)[0]
        page.mouse.move(x + 2, y + 2)
        page.mouse.down()
        for across, down in ((w / 2, 2), (w / 2, h - 2), (2, h - 2)):
            page.mouse.move(x + across, y + down, steps=3)
        page.mouse.up()
        expect(page.locator(".status").first).to_contain_text("of 300 selected")
        count = int(page.locator(".status").first.inner_text().split()[0])
        assert 10 < count < 290
        expect(said(page, f"selected {count} ")).to_be_visible()
        page.get_by_role("button", name="Clear").click()
        expect(said(page, "selected 0 ")).to_be_visible()
        canvas.focus()
        page.keyboard.press("ArrowRight")
        expect(page.locator(".tip img").first).to_be_visible()
        page.keyboard.press("Enter")
        expect(said(page, "selected 1 ")).to_be_visible()


def test_a_picture_of_the_gallery_can_be_clicked(browser, maps) -> None:
    with page_of(browser, f"{maps}?n=40") as page:
        drawn(page)
        page.locator(".grid button").nth(2).click()
        expect(said(page, "clicked 000002")).to_be_visible()
        expect(page.locator(".grid img").nth(2)).to_have_js_property("naturalWidth", 128)


@pytest.mark.parametrize("harness", ["heatmaps", "maps"])
def test_markup_in_names_stays_text(browser, harness: str, request) -> None:
    address = request.getfixturevalue(harness)
    with page_of(browser, f"{address}?n=30&classes=3&hostile=1", color_scheme="dark") as page:
        canvas = drawn(page)
        canvas.focus()
        page.keyboard.press("ArrowRight")
        expect(page.locator(".tip").first).to_contain_text("<script>")
        page.keyboard.press("Enter")
        expect(said(page, "pair " if harness == "heatmaps" else "selected 1 ")).to_be_visible()
        assert page.evaluate("window.hacked") is None
        assert page.locator("img[src=x]").count() == 0
