"""The dashboard in Chromium, on real photographs: figures drawn, cells clicked, photographs lassoed, SVMs trained."""

import re
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from gradviz.datasets import find
from gradviz.experiment import Experiment
from gradviz.results import KernelResult
from gradviz.spec import Spec
from gradviz.ui import chosen
from gradviz.ui.drawing import ROLES
from gradviz.ui.widgets import equation
from tests.browser.chromium import listen_to_type, page_of, panels_of

SLOW = 240_000
"""Milliseconds for work that may have to compile UMAP on a busy machine first."""
IMAGES = 100

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def address(visited: str) -> str:
    return f"{visited}kernels?images={IMAGES}"


@pytest.fixture(scope="module")
def kernel(voc_root: Path, place: Path) -> KernelResult:
    return Experiment(find(voc_root), Spec(images=IMAGES)).kernel("dW7")


def click_cell(page: Page, panel: int, row: float, col: float) -> None:
    """Click a panel at a share of its height and width."""
    canvas = page.locator("canvas[data-panels]")
    canvas.scroll_into_view_if_needed()
    left, top, width, height = panels_of(canvas)[panel]
    page.mouse.click(left + col * width, top + row * height)


def shown_pair(page: Page) -> list[str]:
    return parse_qs(urlsplit(page.url).query).get("pair", [])


def check_pair(page: Page, kernel: KernelResult, pair: list[str]) -> None:
    """Compare the equation on the page with the values that the verbs compute."""
    row, col = (kernel.rows.ids.index(name) for name in pair)
    forward, backward = float(kernel.K_fw[row, col]), float(kernel.K_bw[row, col])
    written = re.findall(r"-?\d+\.\d+", equation(forward, backward, forward * backward))
    cells = page.locator(".pairbox tbody td.value")
    expect(cells).to_have_count(3, timeout=SLOW)
    for cell, text in zip(cells.all(), written, strict=True):
        expect(cell).to_have_text(text.replace("-", "−"), timeout=SLOW)
    for text, K in zip(written, (kernel.K_fw, kernel.K_bw, kernel.K), strict=True):
        assert float(text) == pytest.approx(K[row, col], abs=0.51 * 10 ** -len(text.partition(".")[2]))
    for name in pair:
        labels = ", ".join(kernel.rows.images.labels_of(kernel.rows.images.source(name)))
        expect(page.get_by_role("img", name=f"{name}: {labels}").first).to_be_visible()
    expect(page.locator(".pairbox img:visible")).to_have_count(2)
    for picture in page.locator(".pairbox img").all():
        assert picture.evaluate("picture => picture.decode().then(() => picture.naturalWidth)") > 50


def test_cells_open_the_pair_and_a_link_opens_it_again(browser, address: str, kernel: KernelResult) -> None:
    with page_of(browser, address) as page:
        page.locator("canvas[data-panels]").wait_for(timeout=SLOW)
        expect(page.get_by_text("Look alike, gradients disagree")).to_be_visible(timeout=SLOW)
        seen = []
        cells = [(i % 3, *at) for i, at in enumerate(np.random.default_rng(0).uniform(0.02, 0.98, (17, 2)).tolist())]
        for panel, row, col in ((0, 0.303, 0.707), (1, 0.811, 0.113), (2, 0.517, 0.505), *cells):
            before = page.evaluate("location.search")
            click_cell(page, panel, row, col)
            page.wait_for_function("before => location.search != before", arg=before, timeout=SLOW)
            pair = shown_pair(page)
            check_pair(page, kernel, pair)
            seen.append(pair)
        assert len({tuple(pair) for pair in seen}) == 20
        link = page.url
    with page_of(browser, link) as page:
        check_pair(page, kernel, seen[-1])


def test_a_lasso_over_pairs_lists_them_and_a_small_kernel_chooses_its_layer(
    browser, address: str, kernel: KernelResult
) -> None:
    with page_of(browser, address) as page:
        expect(page.get_by_text("Look alike, gradients disagree")).to_be_visible(timeout=SLOW)
        expect(page.locator(".lists .pair canvas").first).to_be_visible(timeout=SLOW)
        plot = page.locator("canvas[data-plot]")
        left, top, wide, tall = (int(float(v)) for v in plot.get_attribute("data-plot").split())
        box = plot.bounding_box()
        corners = ((0.5, 0.02), (0.98, 0.02), (0.98, 0.98), (0.5, 0.98))
        points = [(box["x"] + left + x * wide, box["y"] + top + y * tall) for x, y in corners]
        page.mouse.move(*points[0])
        page.mouse.down()
        for point in points[1:]:
            page.mouse.move(*point, steps=6)
        page.mouse.up()
        heading = page.get_by_text(re.compile("pairs? in the lasso"))
        expect(heading).to_be_visible()
        count = int(heading.inner_text().split()[0].replace(",", ""))
        expect(page.locator(".lists .pair")).to_have_count(min(count, 30))
        names = page.locator(".lists .pair").evaluate_all("buttons => buttons.map(({ title }) => title)")
        values = page.locator(".lists .numbers").all_inner_texts()
        # At another size the lasso holds the same pairs, and at another temperature they have other values.
        page.set_viewport_size({"width": 1300, "height": 760})
        page.get_by_test_id("stSidebar").get_by_role("slider").nth(1).press("ArrowRight")
        expect(page.get_by_text(re.compile("pairs? from the lasso"))).to_be_visible(timeout=SLOW)
        assert page.locator(".lists .pair").evaluate_all("buttons => buttons.map(({ title }) => title)") == names
        assert page.locator(".lists .numbers").all_inner_texts() != values
        page.get_by_test_id("stSidebar").get_by_role("slider").nth(1).press("ArrowLeft")
        page.wait_for_url(lambda url: "temperature" not in url, timeout=SLOW)
        page.locator(".lists .pair").first.click()
        page.wait_for_function("() => location.search.includes('pair=')", timeout=SLOW)
        check_pair(page, kernel, shown_pair(page))
        page.get_by_role("button", name=re.compile("^Layer fc6")).click(timeout=SLOW)
        page.wait_for_function("() => location.search.includes('layer=fc6')", timeout=SLOW)
        expect(page.get_by_role("application", name=re.compile("Product dW6"))).to_be_visible(timeout=SLOW)
        assert parse_qs(urlsplit(page.url).query)["layer"] == ["fc6"]


def settled_map(page: Page) -> None:
    """Wait until all three maps, the small photographs and the nearest ones are there."""
    expect(page.locator(".maps-row")).to_have_count(3, timeout=SLOW)
    expect(page.get_by_test_id("stProgress")).to_have_count(0, timeout=SLOW)
    expect(page.locator("canvas[data-role=product]")).not_to_have_attribute("data-stamps", "0", timeout=SLOW)


def draw_loop(page: Page, role: str, width: float = 1.0, height: float = 0.7) -> int:
    """Draw a loop around a share of a map, from its upper left corner on, and return how many are selected."""
    ((left, top, whole, high),) = panels_of(page.locator(f"canvas[data-role={role}]"))
    page.mouse.move(left + 3, top + 3)
    page.mouse.down()
    for x, y in ((1, 0), (1, 1), (0, 1), (0, 0)):
        page.mouse.move(left + 3 + x * (width * whole - 6), top + 3 + y * (height * high - 6), steps=4)
    page.mouse.up()
    found = page.locator(".maps-gallery .status")
    expect(found).to_have_text(re.compile(r"^\d+ of \d+ selected"), timeout=SLOW)
    return int(found.inner_text().split()[0])


@pytest.mark.parametrize("role", ["product", "forward", "backward"])
def test_a_lasso_shows_photographs(browser, address: str, voc_root: Path, role: str) -> None:
    images = find(voc_root)
    with page_of(browser, address) as page:
        page.get_by_role("link", name="Map").click()
        settled_map(page)
        count = draw_loop(page, role)
        assert 0 < count < IMAGES
        page.wait_for_url(lambda url: "chosen" in parse_qs(urlsplit(url).query), timeout=SLOW)
        ids = chosen.read(parse_qs(urlsplit(page.url).query)["chosen"][0], images.ids)
        assert ids is not None
        assert len(ids) == count
        while page.locator(".maps-more").count():
            page.locator(".maps-more").first.click()
        tiles = page.locator(".maps-gallery .maps-tile")
        expect(tiles).to_have_count(count)
        # All at once: the most typical ones come first as soon as they are known.
        shown = set(tiles.evaluate_all("tiles => tiles.map((tile) => tile.getAttribute('aria-label').split(' ')[0])"))
        assert shown == set(ids)
        picture = tiles.first.evaluate("tile => tile.style.backgroundImage")
        assert picture.startswith('url("blob:')
        expect(page.get_by_role("button", name=f"{count} selected")).to_be_visible()


def test_a_selection_stays_at_another_temperature_and_layer_and_in_a_link(browser, address: str) -> None:
    with page_of(browser, address) as page:
        page.get_by_role("link", name="Map").click()
        settled_map(page)
        count = draw_loop(page, "product", 0.6)
        page.wait_for_url(lambda url: "chosen" in parse_qs(urlsplit(url).query), timeout=SLOW)
        chosen_before = parse_qs(urlsplit(page.url).query)["chosen"]
        page.get_by_test_id("stSidebar").get_by_role("slider").nth(1).press("ArrowRight")
        page.wait_for_url(lambda url: "temperature" in parse_qs(urlsplit(url).query), timeout=SLOW)
        settled_map(page)
        page.get_by_test_id("stSidebar").get_by_role("radio", name="fc8").or_(
            page.get_by_test_id("stSidebar").get_by_role("button", name="fc8")
        ).first.click()
        page.wait_for_url(lambda url: "layer" in parse_qs(urlsplit(url).query), timeout=SLOW)
        settled_map(page)
        assert parse_qs(urlsplit(page.url).query)["chosen"] == chosen_before
        expect(page.locator(".maps-gallery .status")).to_have_text(f"{count} of {IMAGES} selected")
        link = page.url
    with page_of(browser, link) as page:
        settled_map(page)
        expect(page.locator(".maps-gallery .status")).to_have_text(f"{count} of {IMAGES} selected")


def query(page: Page) -> dict[str, list[str]]:
    return parse_qs(urlsplit(page.url).query)


def zoomed(page: Page) -> str:
    """Zoom the large map in around its middle and return what the link then says."""
    ((left, top, width, height),) = panels_of(page.locator("canvas[data-role=product]"))
    page.mouse.move(left + 0.45 * width, top + 0.55 * height)
    for _ in range(4):
        page.mouse.wheel(0, -120)
    page.wait_for_url(lambda url: "zoom=" in url, timeout=SLOW)
    return query(page)["zoom"][0]


def in_view(page: Page) -> list[str]:
    """Select all that the large map shows and return what the link then says of it."""
    count = draw_loop(page, "product", 1.0, 1.0)
    page.wait_for_url(lambda url: "chosen=" in url, timeout=SLOW)
    assert 0 < count < IMAGES
    return query(page)["chosen"]


def test_the_part_of_the_map_that_is_looked_at_is_in_the_link(browser, address: str) -> None:
    with page_of(browser, address) as page:
        page.get_by_role("link", name="Map").click()
        settled_map(page)
        large = page.locator("canvas[data-role=product]")
        expect(large).to_have_attribute("data-view", "whole")
        view = zoomed(page)
        expect(large).to_have_attribute("data-view", view)
        link, there = page.url, in_view(page)
        page.get_by_test_id("stSidebar").get_by_role("slider").nth(1).press("ArrowRight")
        page.wait_for_url(lambda url: "temperature" in url, timeout=SLOW)
        expect(page.locator(".maps-row")).to_have_count(3, timeout=SLOW)
        page.get_by_test_id("stSidebar").get_by_role("radio", name="fc8").or_(
            page.get_by_test_id("stSidebar").get_by_role("button", name="fc8")
        ).first.click()
        page.wait_for_url(lambda url: "layer" in url, timeout=SLOW)
        expect(page.locator(".maps-row")).to_have_count(3, timeout=SLOW)
        expect(large).to_have_attribute("data-view", view)
        assert query(page)["zoom"] == [view]
        page.get_by_role("button", name="Whole").click()
        page.wait_for_url(lambda url: "zoom=" not in url, timeout=SLOW)
        expect(large).to_have_attribute("data-view", "whole")
    with page_of(browser, link) as page:
        expect(page.locator(".maps-row")).to_have_count(3, timeout=SLOW)
        expect(page.locator("canvas[data-role=product]")).to_have_attribute("data-view", view)
        assert in_view(page) == there


def test_the_part_of_the_kernels_that_is_looked_at_is_in_the_link(browser, address: str) -> None:
    with page_of(browser, address) as page:
        canvas = page.locator("canvas[data-panels]")
        expect(canvas).to_be_visible(timeout=SLOW)
        x, y, w, h = panels_of(canvas)[2]
        page.mouse.move(x + 0.7 * w, y + 0.3 * h)
        for _ in range(3):
            page.mouse.wheel(0, -120)
        page.wait_for_url(lambda url: "part=" in url, timeout=SLOW)
        view, link = canvas.get_attribute("data-view"), page.url
        page.get_by_role("link", name="Data").click()
        expect(page.get_by_role("heading", name="Data", exact=True)).to_be_visible(timeout=SLOW)
        page.get_by_role("link", name="Kernels").click()
        expect(canvas).to_be_visible(timeout=SLOW)
        check_view(canvas, view)
        assert query(page)["part"] == parse_qs(urlsplit(link).query)["part"]
    with page_of(browser, link) as page:
        canvas = page.locator("canvas[data-panels]")
        expect(canvas).to_be_visible(timeout=SLOW)
        check_view(canvas, view)
        page.get_by_role("button", name="Whole").click()
        page.wait_for_url(lambda url: "part=" not in url, timeout=SLOW)


def check_view(canvas, view: str) -> None:
    """Check that the same part is drawn, to a hundredth of a cell and the thousandth of what is in view."""
    expect(canvas).not_to_have_attribute("data-view", f"0.00 {IMAGES}.00 0.00 {IMAGES}.00", timeout=SLOW)
    edges, before = ([float(edge) for edge in text.split()] for text in (canvas.get_attribute("data-view"), view))
    assert edges == pytest.approx(before, abs=0.1)


def height_of(page: Page, selector: str) -> float:
    return page.locator(selector).first.evaluate("element => element.getBoundingClientRect().height")


def test_presenting_enlarges_the_kernels_and_keeps_zoom_and_pair(browser, address: str, kernel: KernelResult) -> None:
    with page_of(browser, address) as page:
        canvas = page.locator("canvas[data-panels]")
        expect(canvas).to_be_visible(timeout=SLOW)
        click_cell(page, 2, 0.31, 0.62)
        page.wait_for_function("() => location.search.includes('pair=')", timeout=SLOW)
        listen_to_type(page)
        for _ in range(3):
            page.mouse.wheel(0, -120)
        page.wait_for_timeout(600)
        page.mouse.move(5, 5)
        page.wait_for_function("() => window.type.A === 11 && window.type['Product'] === 13", timeout=SLOW)
        pair, view = query(page)["pair"], canvas.get_attribute("data-view")
        high = height_of(page, ".pairbox h4")
        page.get_by_test_id("stSidebar").get_by_text("Present", exact=True).click()
        page.wait_for_function("() => window.type.A > 13 && window.type['Product'] > 15.7", timeout=SLOW)
        assert page.evaluate("window.ink['× ']") == ROLES["text"][0], "no grey type"
        assert height_of(page, ".pairbox h4") == pytest.approx(high * 17 / 14, abs=1)
        assert (query(page)["pair"], canvas.get_attribute("data-view")) == (pair, view)
        check_pair(page, kernel, pair)
        # The pointer meets what is drawn there.
        click_cell(page, 1, 0.4, 0.2)
        page.wait_for_function("before => !location.search.includes(before)", arg=pair[0], timeout=SLOW)
        check_pair(page, kernel, shown_pair(page))
        page.get_by_test_id("stSidebar").get_by_text("Present", exact=True).click()
        page.wait_for_function("() => window.type.A === 11", timeout=SLOW)
        assert canvas.get_attribute("data-view") == view


def test_presenting_enlarges_the_map_and_keeps_zoom_and_selection(browser, address: str) -> None:
    with page_of(browser, address) as page:
        page.get_by_role("link", name="Map").click()
        settled_map(page)
        view, there = zoomed(page), in_view(page)
        high = height_of(page, ".maps-foot .maps-quiet")
        page.get_by_test_id("stSidebar").get_by_text("Present", exact=True).click()
        page.wait_for_url(lambda url: "present=true" in url, timeout=SLOW)
        expect(page.locator("canvas[data-role=product]")).to_have_attribute("data-view", view)
        page.wait_for_timeout(800)
        sharp = "canvas => canvas.width / canvas.getBoundingClientRect().width"
        assert page.locator("canvas[data-role=product]").evaluate(sharp) == pytest.approx(1, abs=0.01)
        assert height_of(page, ".maps-foot .maps-quiet") == pytest.approx(high * 17 / 14, abs=1)
        assert (query(page)["zoom"], query(page)["chosen"]) == ([view], there)


def test_svms_are_trained_and_drawn(browser, address: str, voc_root: Path, place: Path) -> None:
    with page_of(browser, address) as page:
        page.get_by_role("link", name="SVM").click()
        expect(page.get_by_role("heading", name="SVM", exact=True)).to_be_visible(timeout=SLOW)
        expect(page.locator(".scores-line").first).to_be_visible(timeout=SLOW)
        lab = Experiment(find(voc_root), Spec(images=IMAGES))
        scored = lab.evaluate("dW7", train="train", test="val")
        assert page.locator(".means-side.a > b").text_content() == f"{scored.mean_ap:.1f}"
        names = page.locator(".scores-name").all_text_contents()
        shown = page.locator(".scores-number.a").all_text_contents()
        assert dict(zip(names, shown, strict=True)) == {name: f"{ap:.1f}" for name, ap in scored.per_class.items()}


@pytest.mark.parametrize("pause", [0, 50, 150, 400])
def test_a_link_clicked_before_its_page_is_drawn_keeps_the_choices(browser, address: str, pause: int) -> None:
    query = {"images": [str(IMAGES)], "layer": ["fc8"], "temperature": ["8"], "normalise": ["none"]}
    with page_of(browser, f"{address}&layer=fc8&temperature=8&normalise=none") as page:
        page.get_by_role("link", name="SVM").wait_for(timeout=SLOW)
        for name, path in (("SVM", "svm"), ("Map", "map"), ("Data", "data")):
            page.wait_for_timeout(pause)
            page.get_by_role("link", name=name).click()
            page.wait_for_url(f"**/{path}**")
        expect(page.get_by_role("heading", name="Data", exact=True)).to_be_visible(timeout=SLOW)
        expect(page.get_by_text(f"{IMAGES} of 2,476 images")).to_be_visible()
        page.wait_for_url(lambda url: parse_qs(urlsplit(url).query) == query)


@pytest.mark.parametrize("pause", [100, 400])
def test_stop_pressed_while_the_page_is_being_drawn_again_stops(browser, address: str, pause: int) -> None:
    with page_of(browser, address.replace(f"images={IMAGES}", "images=all")) as page:
        page.get_by_role("link", name="Map").click()
        settled_map(page)
        page.get_by_text("More choices").click()
        seed = page.locator("[data-testid=stSidebar] input[type=number]")
        for number, wait in ((101 + pause, 900), (102 + pause, pause)):
            seed.fill(str(number))
            seed.press("Enter")
            page.wait_for_timeout(wait)
        expect(page.get_by_test_id("stStatusWidget").get_by_role("button")).to_have_count(0)
        stop = page.get_by_test_id("stMain").get_by_role("button", name="Stop")
        expect(stop).to_have_count(1)  # for a moment the former run's is there too
        stop.click()
        expect(page.get_by_text(re.compile("^Stopped: "))).to_be_visible(timeout=SLOW)
        expect(page.get_by_role("heading", name="Map", exact=True)).to_be_visible()


def test_choices_travel_from_page_to_page_in_the_address(browser, address: str) -> None:
    with page_of(browser, f"{address}&layer=fc8&temperature=8") as page:
        page.locator("canvas[data-panels]").wait_for(timeout=SLOW)
        for name in ("Network", "Map", "SVM", "Kernels"):
            page.get_by_role("link", name=name).click()
            expect(page.get_by_role("heading", name=name, exact=True)).to_be_visible(timeout=SLOW)
            expect(page.get_by_text(f"{IMAGES} of 2,476 images")).to_be_visible()
            query = parse_qs(urlsplit(page.url).query)
            assert query == {"images": [str(IMAGES)], "layer": ["fc8"], "temperature": ["8"]}


def pair_of(url: str) -> list[str] | None:
    """Return the pair that an address holds once its first photograph is in focus there too."""
    said = parse_qs(urlsplit(url).query)
    return said["pair"] if said.get("focus") == said.get("pair", [])[:1] else None


def test_one_step_back_leads_to_the_page_before_with_pair_and_choices(browser, address: str) -> None:
    with page_of(browser, f"{address}&temperature=8") as page:
        canvas = page.locator("canvas[data-panels]")
        canvas.wait_for(timeout=SLOW)
        page.get_by_role("link", name="Data").click()
        expect(page.get_by_role("heading", name="Data", exact=True)).to_be_visible(timeout=SLOW)
        page.get_by_role("link", name="Kernels").click()
        canvas.wait_for(timeout=SLOW)
        left, top, width, height = panels_of(canvas)[0]
        for share in (0.3, 0.6):
            before = query(page).get("pair")
            page.mouse.click(left + share * width, top + 0.45 * height)
            page.wait_for_url(lambda url, before=before: pair_of(url) not in (None, before), timeout=SLOW)
        left_at = parse_qs(urlsplit(page.url).query)
        page.get_by_role("link", name="Map").click()
        expect(page.get_by_role("heading", name="Map", exact=True)).to_be_visible(timeout=SLOW)
        page.go_back()
        expect(page.get_by_role("heading", name="Kernels", exact=True)).to_be_visible(timeout=SLOW)
        page.wait_for_url(lambda url: parse_qs(urlsplit(url).query) == left_at, timeout=SLOW)
        page.go_back()
        expect(page.get_by_role("heading", name="Data", exact=True)).to_be_visible(timeout=SLOW)
