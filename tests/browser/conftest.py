"""Chromium, and a dashboard on the real photographs, one for each file of tests."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.chromium import Address, browsing, page_of, serving
from tests.conftest import ROOT

SLOW = 240_000
expect.set_options(timeout=30_000)  # what comes at once on an idle machine does not on a busy one


@pytest.fixture(scope="module")
def browser() -> Iterator:
    with browsing() as browser:
        yield browser


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Empty home that the server and the tests share."""
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("home")
        patch.setenv("GRADVIZ_HOME", str(folder))
        yield folder


@pytest.fixture(scope="module")
def voc_server(voc_root: Path, place: Path) -> Iterator[Address]:
    with serving(ROOT / "app.py", "--dataset", str(voc_root)) as address:
        yield address


@pytest.fixture(scope="module")
def visited(browser, voc_server: Address) -> Address:
    """Return the server's address once somebody has been there.

    Streamlit knows the pages' names after the first visit (tests/browser/test_first_link.py).
    """
    with page_of(browser, f"{voc_server}?images=100") as page:
        expect(page.get_by_role("heading", name="Network", exact=True)).to_be_visible(timeout=SLOW)
    return voc_server
