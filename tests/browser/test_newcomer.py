"""A newcomer's first hour: nothing but the program, then photographs of one's own, and exported files."""

import csv
import io
import re
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Page, expect

from tests.archives import voc_archive
from tests.browser.chromium import page_of, serving
from tests.conftest import ROOT
from tests.server import Host

DEMO = ROOT / "assets" / "demo" / "JPEGImages"
SLOW = 120_000
"""Milliseconds for work that may have to compile UMAP on a busy machine first."""
HOSTILE = "<img src=x onerror=alert(1)>.jpg"
SAID_OF_ONE = {
    "Kernels": "1 photograph, each with each",
    "Map": "Too few images for UMAP: the kernel's two principal components are drawn.",
    "Neighbours": "One photograph has no neighbours: choose more in the sidebar.",
}
"""What pages say of a data set with one photograph."""

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of the dashboard, just started, with an empty home."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRADVIZ_HOME", str(tmp_path_factory.mktemp("newcomer")))
        with serving(ROOT / "app.py") as address:
            yield address


def demo(number: int) -> bytes:
    return (DEMO / f"{number:06d}.jpg").read_bytes()


def trip() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for number in range(11, 19):
            archive.writestr(f"trip/{'town' if number % 2 else 'country'}/{number}.jpg", demo(number))
    return buffer.getvalue()


def dropped(name: str, content: bytes) -> dict:
    return {"name": name, "mimeType": "application/octet-stream", "buffer": content}


def show_data(page: Page) -> None:
    page.get_by_role("link", name="Data").click()


def drop(page: Page, *files: dict) -> None:
    page.locator("input[type=file]").set_input_files(list(files))
    expect(page.get_by_text(re.compile("taken in"))).to_be_visible(timeout=SLOW)


def see(page: Page) -> None:
    """Open the view of one's own photographs."""
    page.get_by_role("button", name="See what they show").click()
    expect(page.locator(".grid").first).to_be_visible(timeout=SLOW)


def clear(page: Page) -> None:
    page.get_by_role("button", name="Clear").click()
    page.get_by_role("button", name="Delete", exact=True).click()


def rows(page: Page, button: str) -> list[dict[str, str]]:
    if button.startswith("Scores"):
        page.get_by_role("button", name="Export").click(timeout=SLOW)
    with page.expect_download(timeout=SLOW) as download:
        page.get_by_role("button", name=button).first.click()
    return list(csv.DictReader(io.StringIO(download.value.path().read_text(encoding="utf-8"))))


def mapped(page: Page) -> list[dict[str, str]]:
    page.get_by_role("link", name="Map").click()
    expect(page.locator(".maps-row")).to_have_count(3, timeout=SLOW)
    expect(page.get_by_test_id("stProgress")).to_have_count(0, timeout=SLOW)
    page.get_by_role("button", name="Export").click()
    expect(page.get_by_role("button", name="dW7 as CSV")).to_be_visible(timeout=SLOW)
    return rows(page, "dW7 as CSV")


def test_a_newcomer_sees_kernels_a_map_and_scores(browser, address: str, record_property) -> None:
    began = time.monotonic()
    with page_of(browser, address + "?images=100") as page:
        expect(page.locator(".net-class")).to_have_count(10, timeout=SLOW)
        record_property("seconds to the first photograph's way", round(time.monotonic() - began, 1))
        assert page.locator(".ten img").count() == 10
        began = time.monotonic()
        page.get_by_role("link", name="Kernels").click()
        expect(page.get_by_role("application", name=re.compile("^Heatmaps"))).to_be_visible(timeout=SLOW)
        record_property("seconds to the first kernels", round(time.monotonic() - began, 1))
        print(f"first kernels after {time.monotonic() - began:.1f} s")

        assert len(mapped(page)) == 100
        assert not page.get_by_text("Show my photographs").count()

        page.get_by_role("link", name="SVM").click()
        expect(page.locator(".scores-line").first).to_be_visible(timeout=SLOW)
        scores = rows(page, "Scores as CSV")
        assert "dW7" in {row["representation"] for row in scores}
        assert all(0 < float(row["mean_ap"]) <= 100 for row in scores)


def test_an_open_menu_stays_open_while_the_page_is_drawn_again(browser, address: str) -> None:
    with page_of(browser, address + "?images=100") as page:
        show_data(page)
        expect(page.get_by_role("heading", name="Data", exact=True)).to_be_visible(timeout=SLOW)
        page.get_by_role("button", name="Export").click(timeout=SLOW)
        offered = page.get_by_role("button", name="Photographs as CSV")
        expect(offered).to_be_visible(timeout=SLOW)
        page.keyboard.press("r")  # Streamlit's key for another run
        time.sleep(5)
        expect(offered).to_be_visible(timeout=1000)


def test_ones_own_photographs_get_scores_neighbours_and_map_points(browser, address: str, tmp_path: Path) -> None:
    with page_of(browser, address + "?images=100") as page:
        page.on("dialog", lambda dialog: pytest.fail("a script in a file's name ran"))
        show_data(page)
        drop(
            page,
            dropped("street.jpg", demo(1)),
            dropped(HOSTILE, demo(2)),
            dropped("broken.jpg", demo(3)[:900]),
            dropped("trip.zip", trip()),
        )
        expect(page.get_by_text("10 photographs taken in, 1 refused, 10 here now.")).to_be_visible(timeout=SLOW)
        see(page)
        expect(page.get_by_text("10 photographs taken in, 1 refused, 10 here now.")).to_be_visible(timeout=SLOW)
        seen = rows(page, "Scores as CSV")
        assert len(seen) == 10
        assert {"street.jpg", "11.jpg", "18.jpg"} <= {row["id"] for row in seen}
        assert {"id", "person", "sofa"} <= set(seen[0])
        assert {(row["dataset"], row["network"], row["representation"], row["temperature"]) for row in seen} == {
            ("demo", "alexnet64", "dW7", "1.0")
        }
        assert all(float(row["person"]) == float(row["person"]) for row in seen)
        page.locator(".grid button").first.click()
        expect(page.get_by_text("Product dW7")).to_be_visible(timeout=SLOW)
        expect(page.locator(".grid")).to_have_count(4, timeout=SLOW)

        points = mapped(page)
        expect(page.get_by_text("Show my photographs")).to_be_visible(timeout=SLOW)
        assert len(points) == 110
        assert {row["labels"] for row in points if row["id"] in ("11.jpg", "12.jpg")} == {"town", "country"}
        page.screenshot(path=tmp_path / "map.png")

        page.get_by_role("link", name="Data").click()
        clear(page)
        expect(page.get_by_text("10 photographs and all that was computed from them are deleted.")).to_be_visible()


def test_nobody_else_sees_them(browser, address: str) -> None:
    with page_of(browser, address + "?images=100") as page, page_of(browser, address + "?images=100") as other:
        show_data(page)
        drop(page, dropped("street.jpg", demo(1)))
        expect(page.get_by_text("1 photograph taken in")).to_be_visible(timeout=SLOW)
        show_data(other)
        expect(other.get_by_test_id("stFileUploaderDropzone")).to_be_visible(timeout=SLOW)
        assert "taken in" not in other.content()
        assert "street.jpg" not in other.content()
        assert len(mapped(other)) == 100
        assert not other.get_by_text("Show my photographs").count()


def test_ones_own_photographs_as_a_data_set(browser, address: str) -> None:
    with page_of(browser, address + "?images=100") as page:
        show_data(page)
        drop(page, dropped("trip.zip", trip()))
        see(page)
        expect(page.get_by_role("button", name="Export")).to_be_visible(timeout=SLOW)
        page.locator("section[data-testid=stSidebar] [data-testid=stSelectbox] input").first.click()
        page.get_by_role("option", name="your photographs").click()
        expect(page.get_by_text("Only you see these photographs")).to_be_visible(timeout=SLOW)
        page.get_by_role("link", name="Kernels").click()
        expect(page.locator("canvas").first).to_be_visible(timeout=SLOW)
        expect(page.get_by_text("8 of 8 images, 2 classes")).to_be_visible()
        link = page.url
        with page_of(browser, link) as other:
            expect(other.get_by_text("which cannot be shared")).to_be_visible(timeout=SLOW)
            expect(other.get_by_text("100 of 720 images")).to_be_visible(timeout=SLOW)
        page.get_by_role("link", name="Data").click()
        clear(page)
        expect(page.get_by_text("100 of 720 images")).to_be_visible(timeout=SLOW)


def test_one_photograph_of_ones_own_goes_through_the_pages(browser, address: str) -> None:
    """One alone, as most people begin: its way through the network, its kernel, and its map say what they can."""
    with page_of(browser, address + "?images=100") as page:
        show_data(page)
        drop(page, dropped("street.jpg", demo(1)))
        page.get_by_role("link", name="Network").click()
        expect(page.locator(".ten [title*='street.jpg'], .ten [alt*='street.jpg']").first).to_be_visible(timeout=SLOW)
        page.locator("section[data-testid=stSidebar] [data-testid=stSelectbox] input").first.click()
        page.get_by_role("option", name="your photographs").click()
        expect(page.get_by_text("1 of 1 image, 0 classes")).to_be_visible(timeout=SLOW)
        expect(page.locator(".net-class")).to_have_count(10, timeout=SLOW)
        for name, words in SAID_OF_ONE.items():
            page.get_by_role("link", name=name).click()
            expect(page.get_by_role("heading", name=name, exact=True)).to_be_visible(timeout=SLOW)
            expect(page.get_by_test_id("stMain").get_by_text(words)).to_be_visible(timeout=SLOW)
            expect(page.get_by_test_id("stException")).to_have_count(0)
        show_data(page)
        clear(page)


def test_the_back_button_keeps_the_choices(browser, address: str) -> None:
    with page_of(browser, address + "?images=100&temperature=8&layer=fc6") as page:
        expect(page.locator(".net-class")).to_have_count(10, timeout=SLOW)
        page.get_by_role("link", name="Kernels").click()
        expect(page.get_by_role("application", name=re.compile("^Heatmaps"))).to_be_visible(timeout=SLOW)
        show_data(page)
        expect(page.get_by_role("heading", name="Data", exact=True)).to_be_visible(timeout=SLOW)
        for name in ("Kernels", "Network"):
            heading = page.get_by_role("heading", name=name, exact=True)
            for _ in range(4):  # what a page adds to its address is a step of its own
                page.go_back()
                page.wait_for_timeout(1500)
                if heading.is_visible():
                    break
            expect(heading).to_be_visible(timeout=SLOW)
            asked = parse_qs(urlsplit(page.url).query)
            assert {key: asked.get(key) for key in ("images", "temperature", "layer")} == {
                "images": ["100"],
                "temperature": ["8"],
                "layer": ["fc6"],
            }
            sidebar = page.get_by_test_id("stSidebar")
            expect(sidebar.get_by_role("slider", name="Temperature")).to_have_attribute("aria-valuetext", "8")
            expect(sidebar.get_by_text("100 of 720 images")).to_be_visible()


def test_fetch_photographs_from_a_mirror(browser, address: str) -> None:
    name = "/VOCtrainval_06-Nov-2007.tar"
    with Host({name: voc_archive(40)}) as host, page_of(browser, address + "?images=100") as page:
        show_data(page)
        page.locator(".st-key-view").get_by_text("Fetch", exact=True).click()
        page.get_by_role("spinbutton", name="Photographs", exact=True).fill("12")
        page.get_by_role("button", name="Mirror").first.click()
        page.get_by_role("textbox", name="Mirror").fill(host.url(name))
        page.keyboard.press("Escape")
        page.get_by_test_id("stFormSubmitButton").get_by_role("button").first.click()
        expect(page.get_by_text("the published file has 460,032,000")).to_be_visible(timeout=SLOW)
        # A host that does not say how long the file is can be judged only by what comes.
        host.manners.length = False
        page.get_by_role("button", name="Try again").click()
        expect(page.get_by_text("voc2007 is here")).to_be_visible(timeout=SLOW)
        page.locator("section[data-testid=stSidebar] [data-testid=stSelectbox] input").first.click()
        page.get_by_role("option", name="voc2007", exact=True).click()
        expect(page.get_by_text(re.compile("12 of 12 images, ([0-9]+ of )?20 classes"))).to_be_visible(timeout=SLOW)
        assert {asked["path"] for asked in host.asked} == {name}
