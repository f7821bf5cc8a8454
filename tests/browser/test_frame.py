"""The frame of every page in Chromium: it fits the window, says what is missing, stops work, and can be read by all."""

import re
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import axe_playwright_python
import pytest
from playwright.sync_api import Page, expect

from gradviz.datasets import find
from gradviz.ui import chosen
from tests.browser.chromium import page_of
from tests.pages.apps import page_table

SLOW = 240_000
IMAGES = 100
PAGES = [title for _, title in page_table()]
AXE = Path(axe_playwright_python.__file__).parent / "axe.min.js"
STREAMLITS = {
    "list": ["[data-testid=stSidebarNavItems]"],
    "listitem": ["[data-testid=stSidebarNavItems]", "[data-testid=stSidebarNavLinkContainer]"],
}
"""What axe-core finds serious in Streamlit's own markup: rule -> selectors of the elements that contain it."""

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def address(visited: str) -> str:
    return visited


def path_of(title: str) -> str:
    """Return a page's path; the first one opens at the bare address and has none."""
    return "" if title == PAGES[0] else title.lower()


QUIET = """() => {
    const busy = '[data-stale=true], [data-testid=stProgress], [data-testid=stStatusWidget], [data-testid=stSkeleton]'
    if (document.querySelector(busy)) window.busyAt = performance.now()
    return performance.now() - (window.busyAt ??= performance.now()) > 1500
}"""
"""Nothing is fading, under way or being drawn, and has not been for a second and a half."""


def ready(page: Page, title: str) -> None:
    """Wait until a page is drawn and no work is under way."""
    expect(page.get_by_role("heading", name=title, exact=True)).to_be_visible(timeout=SLOW)
    page.wait_for_function(QUIET, timeout=SLOW)


@pytest.mark.parametrize(("width", "height"), [(1440, 900), (1280, 720), (1024, 768)])
def test_what_is_chosen_often_is_in_the_first_view(browser, address: str, width: int, height: int) -> None:
    with page_of(browser, f"{address}?images={IMAGES}", viewport={"width": width, "height": height}) as page:
        temperature = page.get_by_test_id("stSidebar").get_by_role("slider", name="Temperature")
        expect(temperature).to_be_visible(timeout=SLOW)
        page.wait_for_timeout(1000)
        assert temperature.bounding_box()["y"] + temperature.bounding_box()["height"] < min(height, 720)
        sidebar = page.get_by_test_id("stSidebar").bounding_box()
        assert sidebar["width"] <= 250
        assert page.locator(".strip img").count() == 5
        assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize(
    ("title", "width", "height", "present"),
    [
        ("Network", 1440, 900, False),
        ("Network", 1280, 720, False),
        ("Network", 1024, 768, False),
        ("Network", 1280, 720, True),
        ("Kernels", 1440, 900, False),
        ("Kernels", 1280, 720, False),
        ("Kernels", 1024, 768, False),
        ("Kernels", 1280, 720, True),
        ("Map", 1280, 720, False),
        ("Map", 1024, 768, False),
        ("Map", 1280, 720, True),
        ("Data", 1280, 720, False),
        ("Data", 1024, 768, False),
        ("Neighbours", 1440, 900, False),
        ("Neighbours", 1280, 720, False),
        ("Neighbours", 1024, 768, False),
        ("Neighbours", 1280, 720, True),
    ],
)
def test_a_figure_fills_the_window_and_no_more(
    browser, address: str, title: str, width: int, height: int, present: bool
) -> None:
    link = f"{address}{path_of(title)}?images={IMAGES}{'&present=true' if present else ''}"
    with page_of(browser, link, viewport={"width": width, "height": height}) as page:
        ready(page, title)
        for side in ("Width", "Height"):
            longer = page.get_by_test_id("stMain").evaluate(f"main => main.scroll{side} - main.client{side}")
            assert longer <= 0, f"{title} is {longer} pixels longer than a window of {width} x {height}"
        assert round(page.locator(".st-key-gv-head").evaluate("e => e.getBoundingClientRect().right")) == width
        for picked in page.get_by_test_id("stSidebar").get_by_role("combobox").all():
            assert picked.evaluate("e => e.scrollWidth - e.clientWidth") <= 0, picked.input_value()


@pytest.mark.parametrize("menu", ["Export", "Explain"])
def test_a_link_leads_to_its_page_while_a_menu_is_open(browser, address: str, menu: str) -> None:
    with page_of(browser, f"{address}kernels?images={IMAGES}") as page:
        ready(page, "Kernels")
        page.get_by_role("button", name=menu, exact=True).click()
        expect(page.get_by_test_id("stPopoverBody")).to_be_visible()
        if menu == "Export":
            expect(page.get_by_test_id("stPopoverBody").get_by_role("button", name="Report as HTML")).to_be_enabled()
        page.get_by_role("link", name="Data").click()
        expect(page.get_by_role("heading", name="Data", exact=True)).to_be_visible(timeout=SLOW)
        expect(page.get_by_test_id("stPopoverBody")).to_have_count(0)
        page.wait_for_timeout(1500)
        expect(page.get_by_role("heading", name="Data", exact=True)).to_be_visible()


@pytest.mark.parametrize("other", ["reload", "tab"])
def test_stop_stops_after_a_reload_and_for_other_tabs(browser, address: str, other: str) -> None:
    seed = {"reload": 11, "tab": 12}[other]
    with page_of(browser, f"{address}map?images=all&preprocess=squash&seed={seed}") as page:
        stop = page.get_by_test_id("stMain").get_by_role("button", name="Stop")
        expect(stop).to_be_visible(timeout=SLOW)
        if other == "tab":
            second = page.context.new_page()
            second.goto(page.url)
            expect(second.get_by_test_id("stMain").get_by_role("button", name="Stop")).to_be_visible(timeout=SLOW)
        else:
            page.reload()
        stop.click()
        expect(page.get_by_text(re.compile("^Stopped: "))).to_be_visible(timeout=SLOW)
        page.wait_for_timeout(1500)
        expect(page.get_by_text(re.compile("^Stopped: "))).to_be_visible()
        if other == "tab":
            expect(second.get_by_text(re.compile("^Stopped: "))).to_be_visible(timeout=SLOW)
        expect(page.get_by_role("button", name="Work in progress")).to_have_count(0)


def test_a_job_is_in_the_list_and_can_be_stopped_there(browser, address: str) -> None:
    with page_of(browser, f"{address}map?images=all&preprocess=squash&seed=13") as page:
        expect(page.get_by_test_id("stMain").get_by_role("button", name="Stop")).to_be_visible(timeout=SLOW)
        page.get_by_role("button", name="Work in progress").click()
        expect(page.get_by_test_id("stPopoverBody").get_by_text("2,476 ").first).to_be_visible()
        page.get_by_test_id("stPopoverBody").get_by_role("button", name="Stop").first.click()
        expect(page.get_by_text(re.compile("^Stopped: "))).to_be_visible(timeout=SLOW)


def test_a_selection_opens_in_a_fresh_browser_and_can_be_cleared_and_brought_back(
    browser, address: str, voc_root: Path
) -> None:
    ids = find(str(voc_root)).ids
    wanted = ids[10:40:3]
    link = f"{address}kernels?images={IMAGES}&chosen={chosen.written(wanted, ids)}&focus={wanted[0]}"
    with page_of(browser, link) as page:
        chip = page.get_by_role("button", name="10 selected")
        expect(chip).to_be_visible(timeout=SLOW)
        chip.click()
        page.get_by_role("button", name="Clear").click()
        expect(chip).to_have_count(0)
        page.wait_for_url(lambda url: "chosen" not in parse_qs(urlsplit(url).query))
        page.get_by_role("link", name="Map").click()
        expect(page.get_by_role("heading", name="Map", exact=True)).to_be_visible(timeout=SLOW)
        page.get_by_role("button", name="Selection").click()
        page.get_by_role("button", name="Undo").click()
        expect(chip).to_be_visible(timeout=SLOW)
        page.wait_for_url(lambda url: parse_qs(urlsplit(url).query).get("focus") == [wanted[0]])


def test_the_link_is_copied(browser, address: str) -> None:
    with page_of(browser, f"{address}data?images={IMAGES}", permissions=["clipboard-read", "clipboard-write"]) as page:
        page.get_by_role("button", name="Copy link").click(timeout=SLOW)
        expect(page.get_by_role("button", name="Copied")).to_be_visible()
        assert page.evaluate("navigator.clipboard.readText()") == page.url


def test_a_click_on_the_networks_picture_chooses_the_layer(browser, address: str) -> None:
    with page_of(browser, f"{address}kernels?images={IMAGES}") as page:
        layers = page.locator("svg.body .layer")
        expect(layers).to_have_count(3, timeout=SLOW)
        layers.nth(2).click()
        page.wait_for_url(lambda url: parse_qs(urlsplit(url).query).get("layer") == ["fc8"], timeout=SLOW)
        expect(page.locator("svg.body .chosen title")).to_have_text("fc8: 1,024 → 200")


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("title", PAGES)
def test_axe_core_finds_nothing_serious(browser, address: str, title: str, theme: str) -> None:
    with page_of(browser, f"{address}{path_of(title)}?images={IMAGES}", color_scheme=theme) as page:
        ready(page, title)
        page.evaluate(AXE.read_text(encoding="utf-8"))
        found = page.evaluate(
            "async () => (await axe.run(document, { resultTypes: ['violations'] })).violations"
            ".filter((v) => ['serious', 'critical'].includes(v.impact))"
            ".flatMap((v) => v.nodes.map((n) => [v.id, n.target.flat().join(' '), n.html.slice(0, 160)]))"
        )
        ours = [
            (rule, target, html)
            for rule, target, html in found
            if not any(page.evaluate(_INSIDE, [target, within]) for within in STREAMLITS.get(rule, []))
        ]
        assert ours == []


_INSIDE = (
    "([target, within]) => { try { return !!document.querySelector(target)?.closest(within) } catch { return false } }"
)
