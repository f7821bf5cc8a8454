"""A link to a page, opened before anything else on a fresh server, shows the page and nothing over it."""

import pytest
from playwright.sync_api import expect

from tests.browser.chromium import browsing, serving
from tests.conftest import ROOT

pytestmark = pytest.mark.browser


def test_the_first_link_shows_its_page(home):
    with serving(ROOT / "app.py") as address, browsing() as browser:
        page = browser.new_page()
        page.goto(f"{address}svm?images=50&layer=fc6")
        expect(page.get_by_text("50 of 720 images")).to_be_visible(timeout=120_000)
        expect(page.get_by_role("heading", name="SVM")).to_be_visible()
        expect(page.get_by_role("dialog")).to_have_count(0)
        page.get_by_role("link", name="Kernels").click()
        expect(page.locator("canvas").first).to_be_visible(timeout=120_000)
