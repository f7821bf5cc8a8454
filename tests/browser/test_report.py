"""Reports in Chromium: downloaded from the dashboard, opened from a file without a network."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import expect

from gradviz.home import ASSETS
from tests.browser.chromium import page_of, panels_of, serving
from tests.browser.conftest import SLOW
from tests.conftest import ROOT
from tests.payloads import PAYLOADS

pytestmark = pytest.mark.browser

LIMIT = 25_000_000
DRAWN = """canvas => {
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  return new Set(new Uint32Array(data.buffer)).size;
}"""
"""How many colours a canvas has: a blank one has a single one."""


@contextmanager
def opened(browser, file: Path, **options) -> Iterator:
    """Open a file where there is no network; nothing may ask for one, and nothing may go wrong."""
    with page_of(browser, file.as_uri(), offline=True, **options) as page:
        asked = []
        page.on("request", lambda request: asked.append(request.url))
        yield page
        assert [url for url in asked if not url.startswith(("blob:", "data:", "file:"))] == []


def saved(page, button: str, file: Path) -> Path:
    menu = page.get_by_role("button", name="Export", exact=True)
    if not page.get_by_role("button", name=button).is_visible():
        menu.click()
    with page.expect_download(timeout=SLOW) as download:
        page.get_by_role("button", name=button).click()
    download.value.save_as(file)
    page.keyboard.press("Escape")
    assert file.stat().st_size < LIMIT
    return file


def test_reports_are_opened_from_a_file(browser, visited: str, tmp_path: Path) -> None:
    with page_of(browser, f"{visited}kernels?images=50&temperature=8") as page:
        expect(page.locator(".st-key-heatmaps-layers canvas").first).to_be_visible(timeout=SLOW)
        one = saved(page, "Report as HTML", tmp_path / "kernels.html")
        seconds = []
        for button in ("Everything as HTML", "Open all pages again"):  # the second time all is computed
            page.get_by_role("button", name="Export", exact=True).click()
            began = time.monotonic()
            page.get_by_role("button", name=button).click()
            expect(page.get_by_role("heading", name="Kernels", exact=True)).to_be_hidden(timeout=SLOW)
            expect(page.get_by_role("heading", name="Kernels", exact=True)).to_be_visible(timeout=SLOW)
            expect(page.locator(".st-key-gv-report-walk")).to_be_hidden(timeout=SLOW)
            seconds.append(time.monotonic() - began)  # told, not tested: no test depends on the machine's speed
        everything = saved(page, "Everything as HTML", tmp_path / "everything.html")
        assert "temperature=8" in page.url
    print(f"everything: {everything.stat().st_size:,} bytes, {seconds[1]:.1f} s")

    with opened(browser, one) as page:
        canvas = page.locator("[data-key=heatmaps] canvas").first
        expect(canvas).to_be_visible()
        page.wait_for_function(
            "key => document.querySelector(key)?.shadowRoot.querySelector('canvas')?.dataset.panels",
            arg="[data-key=heatmaps]",
        )
        assert canvas.evaluate(DRAWN) > 100
        left, top, width, height = panels_of(canvas)[2]
        page.mouse.move(left + width / 3, top + height / 2)
        tip = page.locator("[data-key=heatmaps] .tip")
        expect(tip).to_contain_text("×")
        before = canvas.get_attribute("data-view")
        page.mouse.wheel(0, -600)
        expect(canvas).not_to_have_attribute("data-view", before)
        line = page.locator(".command pre").first
        expect(line).to_contain_text("--images 50 --temperature 8 --representation dW7")

    for scheme, ground in (("light", "rgb(255, 255, 255)"), ("dark", "rgb(15, 20, 27)")):
        with opened(browser, everything, color_scheme=scheme) as page:
            names = page.locator("nav a").all_inner_texts()
            assert names == ["Network", "Kernels", "Map", "Neighbours", "SVM", "Layers", "Data"]
            assert page.locator("body").evaluate("body => getComputedStyle(body).backgroundColor") == ground
            for name in names:
                page.get_by_role("link", name=name, exact=True).click()
                shown = page.locator("section:not([hidden])")
                expect(shown.get_by_role("heading", name=name, exact=True)).to_be_visible()
                figure = shown.locator(".figures").locator("canvas, svg, img").first
                expect(figure).to_be_visible()
                assert shown.locator(".figures").evaluate("box => box.getBoundingClientRect().height") > 300, name


def test_names_are_text_in_a_report(browser, place: Path, tmp_path: Path) -> None:
    root = tmp_path / "names"
    pictures = sorted((ASSETS / "demo/JPEGImages").glob("*.jpg"))
    rows = ["file,label,split"]
    root.mkdir()
    for number in range(40):
        with Image.open(pictures[number]) as picture:
            picture.save(root / f"{number}.jpg")
        name = PAYLOADS[number % 20].replace('"', '""')
        rows.append(f'{number}.jpg,"{name}",{"train" if number < 20 else "test"}')
    (root / "labels.csv").write_text("\n".join(rows), encoding="utf-8")
    with serving(ROOT / "app.py", "--dataset", str(root / "labels.csv")) as address:
        with page_of(browser, address) as page:
            expect(page.get_by_role("heading", name="Network", exact=True)).to_be_visible(timeout=SLOW)
        with page_of(browser, f"{address}data") as page:
            expect(page.locator(".st-key-photograph svg").first).to_be_visible(timeout=SLOW)
            file = saved(page, "Report as HTML", tmp_path / "names.html")
    with opened(browser, file) as page:
        text = page.locator("[data-key=classes]").evaluate("host => host.shadowRoot.textContent")
        for part in (part for payload in PAYLOADS for part in payload.split(";")):  # which separates classes in a list
            assert part.strip() in text
        assert page.evaluate("window.bad") is None
        assert page.locator("iframe, sup, img[src=x], [href*=evil], [onload], [onerror]").count() == 0
