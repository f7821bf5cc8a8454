"""Back and Forward in Chromium: the page before, with the choices it was left with."""

from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Page, expect

from gradviz.ui import address as addresses
from tests.browser.chromium import page_of, panels_of, serving
from tests.conftest import ROOT

SLOW = 240_000
"""Milliseconds for work that may have to compile UMAP on a busy machine first."""

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def address(browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of the dashboard on the photographs that come with it; somebody has been there before."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRADVIZ_HOME", str(tmp_path_factory.mktemp("steps")))
        with serving(ROOT / "app.py") as address:
            with page_of(browser, f"{address}?images=50") as page:
                expect(page.get_by_role("heading", name="Network", exact=True)).to_be_visible(timeout=SLOW)
            yield address


def query(page: Page) -> dict[str, list[str]]:
    return parse_qs(urlsplit(page.url).query)


def until(page: Page, **expected: str) -> dict[str, list[str]]:
    """Wait until the address holds these choices; return all of it."""

    def there(url: str) -> bool:
        found = parse_qs(urlsplit(url).query)
        return all(found.get(name) == [value] for name, value in expected.items())

    page.wait_for_url(there, timeout=SLOW)
    return query(page)


def choose(page: Page, key: str, words: str) -> None:
    page.locator(f".st-key-{key}").get_by_text(words, exact=True).click()
    expect(chosen(page, key)).to_have_text(words)


def chosen(page: Page, key: str):
    """Return the chosen button of a segmented control."""
    return page.locator(f".st-key-{key} [role=radio][aria-checked=true]")


def choose_pair(page: Page, row: float, col: float) -> list[str]:
    before = query(page).get("pair")
    left, top, width, height = panels_of(page.locator("canvas[data-panels]"))[0]
    page.mouse.click(left + col * width, top + row * height)

    def there(url: str) -> bool:
        found = parse_qs(urlsplit(url).query)
        return found.get("pair") not in (None, before) and found.get("focus") == found["pair"][:1]

    page.wait_for_url(there, timeout=SLOW)
    return query(page)["pair"]


def at(page: Page, title: str) -> None:
    expect(page.get_by_role("heading", name=title, exact=True)).to_be_visible(timeout=SLOW)


def go(page: Page, title: str) -> None:
    page.get_by_role("link", name=title, exact=True).click()
    at(page, title)


def same(page: Page, expected: dict[str, list[str]]) -> None:
    page.wait_for_url(lambda url: parse_qs(urlsplit(url).query) == expected, timeout=SLOW)


def test_back_and_forward_lead_to_pages_with_their_choices(browser, address: str) -> None:
    with page_of(browser, f"{address}kernels?images=50&temperature=8") as page:
        canvas = page.locator("canvas[data-panels]")
        canvas.wait_for(timeout=SLOW)
        choose(page, "order", "Seriation")
        until(page, order="Seriation")
        canvas.wait_for(timeout=SLOW)
        pair = choose_pair(page, 0.3, 0.6)
        kernels = until(page, order="Seriation", temperature="8")
        go(page, "Map")
        choose(page, "colour", "Split")
        maps = until(page, colour="Split", temperature="8")
        assert "order" not in maps
        page.go_back()
        at(page, "Kernels")
        same(page, kernels)
        expect(chosen(page, "order")).to_have_text("Seriation")
        canvas.wait_for(timeout=SLOW)
        assert query(page) == kernels
        assert query(page)["pair"] == pair
        page.go_forward()
        at(page, "Map")
        same(page, maps)
        expect(chosen(page, "colour")).to_have_text("Split")
        # A link leads to the page as it was left; another step there, and both remain what they were.
        go(page, "Kernels")
        until(page, order="Seriation")
        expect(chosen(page, "order")).to_have_text("Seriation")
        choose(page, "order", "Id")
        canvas.wait_for(timeout=SLOW)
        until(page, order="Id")
        for title, order in (("Map", None), ("Kernels", "Seriation")):
            page.go_back()
            at(page, title)
            if order:
                expect(chosen(page, "order")).to_have_text(order)
                same(page, kernels)
            else:
                expect(chosen(page, "colour")).to_have_text("Split")
                same(page, maps)


def test_back_leads_to_the_data_page_from_where_its_button_led(browser, address: str) -> None:
    with page_of(browser, f"{address}data?images=50&focus=000001&classes_by=name") as page:
        button = page.locator(".st-key-open-in-Map").get_by_role("button")
        button.wait_for(timeout=SLOW)
        data = query(page)
        assert data["classes_by"] == ["name"]
        button.click()
        at(page, "Map")
        assert addresses.LEAVING not in query(page)
        page.go_back()
        at(page, "Data")
        page.wait_for_url(lambda url: data.items() <= parse_qs(urlsplit(url).query).items(), timeout=SLOW)


def test_an_address_is_read_as_it_is_meant(browser, address: str) -> None:
    with page_of(
        browser, f"{address}kernels?images=050&temperature=8.0&tempature=4&embed_options=show_padding"
    ) as page:
        at(page, "Kernels")
        expect(page.get_by_text("50 of 720 images")).to_be_visible(timeout=SLOW)
        told = page.get_by_text("The link names “tempature”, which gradviz does not know.")
        expect(told).to_be_visible(timeout=SLOW)
        expect(page.get_by_text("which is not offered here")).to_have_count(0)
        same(page, {"images": ["50"], "temperature": ["8"], "embed_options": ["show_padding"]})
