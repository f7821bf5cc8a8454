"""The Layers page in Chromium, on real photographs: rows come, Stop keeps them, and a link shows the same."""

import re
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Page, expect

from gradviz.board import at, board
from gradviz.datasets import find
from gradviz.experiment import Experiment
from gradviz.ranking import best
from gradviz.spec import Spec
from tests.browser.chromium import page_of

SLOW = 240_000
IMAGES = 100
PICTURE = re.compile("blob:")

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def address(visited: str) -> str:
    return f"{visited}layers?images={IMAGES}"


def shown(page: Page) -> list[tuple[str, str]]:
    """Return what the board says: representation and mAP."""
    found = page.locator(".layers-line").evaluate_all(
        "lines => lines.map((l) => ['.representation', '.mean'].map((s) => l.querySelector(s).textContent))"
    )
    return [(name, mean) for name, mean in found]


def test_rows_come_are_kept_by_stop_and_end_in_the_verbs_choice(browser, address: str, voc_root: Path) -> None:
    with page_of(browser, address) as page:
        expect(page.locator(".layers-line").first).to_be_visible(timeout=SLOW)
        expect(page.locator(".layers .tag.waiting")).to_have_text("best so far")
        page.get_by_role("button", name="Stop").click()
        expect(page.get_by_role("button", name="Start")).to_be_visible(timeout=SLOW)
        page.wait_for_timeout(2500)
        stopped = shown(page)
        assert stopped
        assert not page.locator(".layers-differences .line").count(), "nothing is scored before all is there"
        page.get_by_role("button", name="Start").click()
        expect(page.locator(".layers-differences .line").first).to_be_visible(timeout=SLOW)
        lab = Experiment(find(voc_root), Spec(images=IMAGES))
        ranked = best(list(board(lab, train="train")))
        assert shown(page) == [(row.representation, f"{row.mean_ap:.1f}") for row in ranked]
        run = at(lab, ranked[0].temperature).evaluate(ranked[0].representation, train="train", test="val")
        expect(page.locator(".layers-answer .score > b")).to_have_text(f"{run.mean_ap:.1f}")
        expect(page.locator(".layers-photos img[src]")).to_have_count(10, timeout=SLOW)
        expect(page.locator(".layers-matrix canvas")).to_be_visible(timeout=SLOW)


def test_a_click_compares_sorts_and_a_link_shows_the_same(browser, address: str) -> None:
    with page_of(browser, address) as page:
        expect(page.locator(".layers-differences .line").first).to_be_visible(timeout=SLOW)
        line = page.locator(".layers-line").nth(5)
        key = line.get_attribute("data-key")
        line.click()
        page.wait_for_url(lambda url: parse_qs(urlsplit(url).query).get("against") == [key], timeout=SLOW)
        expect(page.locator(".layers-line[aria-pressed=true]")).to_have_attribute("data-key", key, timeout=SLOW)
        page.get_by_role("button", name="purity").click()
        page.wait_for_url(lambda url: "board=-purity" in url, timeout=SLOW)
        expect(page.locator(".layers-head .sorted")).to_have_text("purity", timeout=SLOW)
        purities = [float(text) for text in page.locator(".layers-line .purity").all_text_contents()]
        assert purities == sorted(purities, reverse=True)
        expect(page.locator(".layers-answer")).to_contain_text("which is selected", timeout=SLOW)
        words, rows, link = page.locator(".layers-answer").inner_text(), shown(page), page.url
    with page_of(browser, link) as page:
        expect(page.locator(".layers-answer")).to_contain_text("which is selected", timeout=SLOW)
        assert page.locator(".layers-answer").inner_text() == words
        assert shown(page) == rows
        page.locator(".layers-photos button").first.click()
        page.wait_for_url(lambda url: "focus=" in url, timeout=SLOW)
