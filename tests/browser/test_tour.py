"""The tour in Chromium: its ten steps, walked to the end with a photograph of one's own, and what it explains."""

import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import axe_playwright_python
import pytest
from playwright.sync_api import Page, expect

from gradviz.ui.tour_steps import STEPS
from tests.browser.chromium import page_of, serving
from tests.conftest import ROOT
from tests.pages.apps import page_table

PHOTOGRAPH = ROOT / "assets/demo/JPEGImages/000003.jpg"
TITLES = dict(page_table())
FIGURES = {
    "Network": ".net-class",
    "Kernels": "canvas[data-panels]",
    "Map": ".maps-row",
    "Neighbours": ".nb-card",
    "SVM": ".scores-line",
    "Layers": ".gv-none",
    "Data": ".gv-none",
}
"""What is there once a page's figure is."""
SLOW = 60_000
"""Milliseconds for work that may have to compile UMAP on a busy machine first."""
AXE = Path(axe_playwright_python.__file__).parent / "axe.min.js"
SEEN = {"viewport": {"width": 1280, "height": 720}}

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def address(browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of the dashboard on the photographs that come with it, whose features are kept, and maps and scores."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRADVIZ_HOME", str(tmp_path_factory.mktemp("tour")))
        with serving(ROOT / "app.py") as address:
            with page_of(browser, address) as page:
                for title in ("Network", "Kernels", "Map", "SVM"):
                    if title != "Network":
                        page.get_by_role("link", name=title, exact=True).click()
                    drawn(page, title)
            yield address


def drawn(page: Page, title: str) -> None:
    """Wait until a page's figure is there and fits the choices."""
    expect(page.get_by_role("heading", name=title, exact=True)).to_be_visible(timeout=SLOW)
    expect(page.locator(FIGURES[title]).first).to_be_visible(timeout=SLOW)
    expect(page.get_by_test_id("stMain").get_by_test_id("stProgress")).to_have_count(0, timeout=SLOW)
    expect(page.get_by_test_id("stApp")).to_have_attribute("data-test-script-state", "notRunning", timeout=SLOW)


def bar(page: Page):
    return page.locator(".st-key-gv-tour")


def press(page: Page, name: str) -> None:
    bar(page).get_by_role("button", name=name, exact=True).click()


def at_step(page: Page, number: int) -> None:
    expect(bar(page).get_by_text(f"{number}/10", exact=True)).to_be_visible(timeout=SLOW)
    drawn(page, TITLES[STEPS[number - 1].page])


def shown(page: Page, number: int) -> None:
    page.wait_for_url(lambda url: parse_qs(urlsplit(url).query).get("tour") == [f"{number}-shown"], timeout=SLOW)
    drawn(page, TITLES[STEPS[number - 1].page])


def begin(page: Page) -> None:
    drawn(page, "Network")
    page.get_by_test_id("stSidebar").get_by_role("button", name="Tour").click()
    at_step(page, 1)


def longer(page: Page) -> int:
    """Return by how many pixels the page is longer than the window, once figures have their room."""
    page.wait_for_timeout(300)
    return page.get_by_test_id("stMain").evaluate("main => main.scrollHeight - main.clientHeight")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_tour_is_walked_to_its_end_with_a_photograph_of_ones_own(
    browser, address: str, tmp_path: Path, theme: str, record_property
) -> None:
    waits = {}
    with page_of(browser, address, color_scheme=theme, **SEEN) as page:
        began = time.monotonic()
        begin(page)
        waits["start"] = time.monotonic() - began
        for number in range(1, 11):
            at_step(page, number)
            assert longer(page) <= 0, f"the question of step {number}"
            if number == 10:
                page.get_by_test_id("stMain").get_by_role("button", name="+ Your own").click()
                began = time.monotonic()
                page.locator("input[type=file]").set_input_files(PHOTOGRAPH)
                expect(page.locator("img[alt^='★ 000003']").first).to_be_visible(timeout=SLOW)
                expect(page.get_by_text("1 photograph taken in")).to_be_visible(timeout=SLOW)
                page.keyboard.press("Escape")
                drawn(page, "Network")
                waits["own photograph"] = time.monotonic() - began
            began = time.monotonic()
            press(page, "Show")
            shown(page, number)
            waits[f"{number} shown"] = time.monotonic() - began
            assert bar(page).locator(".katex-error").count() == 0
            assert longer(page) <= 0, f"the answer of step {number}"
            page.screenshot(path=tmp_path / f"{theme}-{number:02d}.png")
            if number < 10:
                began = time.monotonic()
                press(page, "Next")
                at_step(page, number + 1)
                waits[f"{number + 1} asked"] = time.monotonic() - began
        expect(bar(page).get_by_role("button", name="Next", exact=True)).to_be_disabled()
        press(page, "Leave")
        expect(bar(page)).to_have_count(0, timeout=SLOW)
        drawn(page, "Network")
        assert longer(page) <= 0
    said = ", ".join(f"{name} {seconds:.1f}" for name, seconds in waits.items())
    print(f"seconds, {theme}: {said}; pictures in {tmp_path}")
    record_property(f"seconds of the tour, {theme}", said)


def test_back_in_the_browser_leads_to_the_step_before_on_another_page(browser, address: str) -> None:
    with page_of(browser, f"{address}?tour=5", **SEEN) as page:
        at_step(page, 5)
        press(page, "Next")
        at_step(page, 6)
        page.go_back()
        at_step(page, 5)
        expect(bar(page).get_by_text(STEPS[4].question)).to_be_visible()
        page.go_forward()
        at_step(page, 6)


def test_the_bar_is_within_reach_of_the_keyboard(browser, address: str) -> None:
    with page_of(browser, f"{address}?tour=1", **SEEN) as page:
        at_step(page, 1)
        show = bar(page).get_by_role("button", name="Show", exact=True)
        show.focus()
        page.keyboard.press("Enter")
        shown(page, 1)
        bar(page).get_by_role("button", name="Next", exact=True).focus()
        page.keyboard.press("Enter")
        at_step(page, 2)
        following = bar(page).get_by_role("button", name="Next", exact=True)
        expect(following).to_be_focused()
        assert following.evaluate("e => getComputedStyle(e).boxShadow + getComputedStyle(e).outlineStyle") != "nonenone"


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_bar_and_explanations_can_be_read_by_all(browser, address: str, theme: str) -> None:
    with page_of(browser, f"{address}?tour=3-shown", color_scheme=theme, **SEEN) as page:
        at_step(page, 3)
        page.get_by_role("button", name="Explain").click()
        body = page.get_by_test_id("stPopoverBody")
        body.get_by_text("Glossary", exact=True).click()
        expect(body.get_by_text("An order in which neighbours are alike.")).to_be_visible(timeout=SLOW)
        page.wait_for_timeout(500)  # until it has faded in
        page.evaluate(AXE.read_text(encoding="utf-8"))
        found = page.evaluate(
            "async () => (await axe.run({ include: ['.st-key-gv-tour', '[data-testid=stPopoverBody]'] },"
            " { resultTypes: ['violations'] })).violations.filter((v) => ['serious', 'critical'].includes(v.impact))"
            ".flatMap((v) => v.nodes.map((n) => [v.id, n.target.flat().join(' '), n.html.slice(0, 160)]))"
        )
        assert found == []


def test_each_page_explains_itself_in_formulas_that_are_typeset(browser, address: str) -> None:
    with page_of(browser, address, **SEEN) as page:
        for title in FIGURES:
            page.get_by_role("link", name=title, exact=True).click()
            expect(page.get_by_role("heading", name=title, exact=True)).to_be_visible(timeout=SLOW)
            page.get_by_role("button", name="Explain").click(timeout=SLOW)
            body = page.get_by_test_id("stPopoverBody")
            body.get_by_text("Glossary", exact=True).click(timeout=SLOW)
            expect(body.get_by_text("An order in which neighbours are alike.")).to_be_visible(timeout=SLOW)
            assert body.locator(".katex").count() > 10
            assert body.locator(".katex-error").count() == 0
            wide = "es => es.filter((e) => e.scrollWidth > e.clientWidth + 1).map((e) => e.textContent)"
            assert body.locator(".katex-display").evaluate_all(wide) == []
            page.keyboard.press("Escape")


def test_a_presentation_enlarges_the_bar(browser, address: str) -> None:
    sizes = []
    for present in ("", "&present=true"):
        with page_of(browser, f"{address}?tour=2{present}", viewport={"width": 1440, "height": 900}) as page:
            at_step(page, 2)
            question = bar(page).get_by_text(STEPS[1].question)
            sizes.append(question.evaluate("e => parseFloat(getComputedStyle(e).fontSize)"))
            assert longer(page) <= 0
    assert sizes[1] > 1.15 * sizes[0]
