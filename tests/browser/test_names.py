"""Names of classes and files that would be scripts, links or pictures if a page took them for markup, and long ones."""

import csv
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from gradviz.home import ASSETS
from tests.browser.chromium import page_of, serving
from tests.conftest import ROOT
from tests.payloads import PAYLOADS
from tests.small_sets import picture

SLOW = 120_000
LONG = "W" * 110
"""Readers of names keep 120 letters."""

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of the dashboard on pictures of these classes, four of each."""
    folder = tmp_path_factory.mktemp("names")
    with (folder / "names.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["path", "label", "split"])
        for number, name in enumerate((*(name.replace(";", "") for name in PAYLOADS), LONG)):  # ; separates labels
            for copy in range(4):
                made = picture(folder / f"{number}-{copy}.png", 4 * number + copy)
                writer.writerow([made.name, name, "train" if copy < 2 else "test"])
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRADVIZ_HOME", str(tmp_path_factory.mktemp("home")))
        with serving(ROOT / "app.py", "--dataset", str(folder / "names.csv")) as address:
            yield address


def harmless(page: Page) -> None:
    """Check that no name became anything but text."""
    assert page.evaluate("window.bad") is None
    for dangerous in ("a[href*=evil]", "a[*|href*=evil]", "a[href^=javascript]", "img[src*=evil]", "iframe[srcdoc]"):
        assert page.locator(dangerous).count() == 0, dangerous
    assert page.evaluate("[...document.querySelectorAll('script')].every((s) => !s.text.includes('window.bad'))")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_names_of_classes_are_text_on_every_page_and_long_ones_squeeze_nothing(browser, address: str) -> None:
    with page_of(browser, address) as page:
        page.on("dialog", lambda dialog: pytest.fail("a script ran"))
        expect(page.locator(".net-class")).to_have_count(10, timeout=SLOW)
        page.locator(".ten button").nth(5).click()
        page.wait_for_timeout(1000)
        harmless(page)

        page.get_by_role("link", name="Kernels").click()
        expect(page.get_by_role("application", name=re.compile("^Heatmaps"))).to_be_visible(timeout=SLOW)
        box = page.locator("canvas").first.bounding_box()
        for share in (0.1, 0.5, 0.95):
            page.mouse.move(box["x"] + share * box["width"] / 3, box["y"] + box["height"] * 0.5)
            page.wait_for_timeout(100)
        page.mouse.click(box["x"] + 0.2 * box["width"], box["y"] + box["height"] * 0.5)
        harmless(page)

        page.get_by_role("link", name="SVM").click()
        expect(page.locator(".scores-line").first).to_be_visible(timeout=SLOW)
        page.wait_for_timeout(1000)
        harmless(page)
        names = page.locator(".scores-name").all_text_contents()
        assert len(names) == len(PAYLOADS) + 1
        assert '<a href="https://evil.example/1">click</a>' in names, "shown as it is"
        room = page.locator(".scores-name").evaluate_all("all => all.map((one) => one.getBoundingClientRect().width)")
        assert max(room) < 130, "the names leave room for the dots"
        for line in (page.locator(".scores-line").first, page.locator(".scores-line").last):
            line.click()
            page.wait_for_timeout(1500)
            harmless(page)
        page.locator("button[data-photo]").first.hover()
        page.wait_for_timeout(300)
        harmless(page)

        page.get_by_role("link", name="Map").click()
        expect(page.locator(".maps-legend").first).to_be_visible(timeout=SLOW)
        # All at once: the legend may be drawn again meanwhile.
        wide = page.locator(".maps-legend button").evaluate_all(
            "all => all.map((one) => one.getBoundingClientRect().width)"
        )
        assert wide
        assert max(wide) <= 202
        harmless(page)

        page.get_by_role("link", name="Data").click()
        expect(page.locator(".classes-name").first).to_be_visible(timeout=SLOW)
        expect(page.locator(".justified-item img[src]").first).to_be_visible(timeout=SLOW)
        widths = page.locator(".classes-name").evaluate_all("all => all.map((n) => n.getBoundingClientRect().width)")
        assert max(widths) < 160
        page.locator(".classes-line").first.click()
        expect(page.locator(".justified-item img[src]").first).to_be_visible(timeout=SLOW)
        harmless(page)
        files = [
            {"name": f"{name.replace('/', '')}.jpg", "mimeType": "image/jpeg", "buffer": content}
            for name, content in zip(PAYLOADS, pictures(), strict=False)
        ]
        page.locator("input[type=file]").set_input_files(files)
        expect(page.get_by_text(re.compile("20 photographs taken in"))).to_be_visible(timeout=SLOW)
        harmless(page)
        page.get_by_role("button", name="See what they show").click()
        expect(page.locator(".grid").first).to_be_visible(timeout=SLOW)
        page.locator(".grid button").first.click()
        expect(page.get_by_text("Product dW7")).to_be_visible(timeout=SLOW)
        harmless(page)


def pictures() -> Iterator[bytes]:
    return (path.read_bytes() for path in sorted((ASSETS / "demo/JPEGImages").iterdir()))


def test_a_file_that_the_browser_does_not_send_is_named_beside_the_good_one(browser, address: str, tmp_path: Path):
    large, good = tmp_path / "holiday.zip", tmp_path / "good.jpg"
    with large.open("wb") as file:
        file.truncate(230_000_000)
    good.write_bytes(next(pictures()))
    with page_of(browser, address) as page:
        page.get_by_role("link", name="Data").click()
        expect(page.locator("input[type=file]")).to_be_attached(timeout=SLOW)
        page.locator("input[type=file]").set_input_files([large, good])
        expect(page.get_by_text("1 photograph taken in, 1 refused, 1 here now.")).to_be_visible(timeout=30_000)
        expect(page.get_by_text("holiday.zip: larger than 200 MB")).to_be_visible()
        page.get_by_role("button", name="See what they show").click()
        expect(page.get_by_test_id("stDataFrame").first).to_be_visible(timeout=SLOW)
        page.get_by_role("button", name="Clear").click()
        page.get_by_role("button", name="Delete", exact=True).click()
        expect(page.get_by_text("1 refused")).to_have_count(0)
