"""The browser of the tests in Chromium."""

from collections.abc import Iterator

import pytest

from tests.browser.chromium import browsing


@pytest.fixture(scope="module")
def browser() -> Iterator:
    """Chromium, one for each file of tests."""
    with browsing() as browser:
        yield browser
