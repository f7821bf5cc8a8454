"""What a page is for stands in its first view, in the windows of projectors and small screens, and while presented."""

import pytest
from playwright.sync_api import Locator

from tests.browser.chromium import page_of
from tests.browser.test_frame import PAGES, ready

IMAGES = 100
WINDOWS = [(1440, 900, False), (1280, 720, False), (1024, 768, False), (1280, 720, True)]
PARTS = {
    "Network": [
        ".ten img >> nth=9",
        ".net-drawing",
        ".net-class >> nth=9",
        ".net-slider input",
        ".net-panel:not([hidden])",
    ],
    "Kernels": [
        *(".kernels canvas >> nth=0", ".pairbox .frame >> nth=0", ".pairbox .frame >> nth=1", ".pairbox table"),
        *(".filmstrip .layer >> nth=0", ".scatter canvas >> nth=0", ".lists .pair >> nth=0", ".lists .pair >> nth=5"),
    ],
    "Map": [
        *(".maps-box.large .maps-stage", ".maps-smalls", ".maps-gallery .maps-tile >> nth=5", ".maps-row >> nth=2"),
        ".maps-legend",
    ],
    "Data": [
        *(".classes-list", ".annotated-picture", ".justified-view", ".justified-item >> nth=9"),
        *("[data-testid=stFileUploaderDropzone]", "[data-testid=stFormSubmitButton]", ".st-key-gv-rail-more"),
        ".st-key-gv-overview button",
    ],
}
"""What has to be seen of each page without scrolling."""
# While presented, Data has its rail below the photographs (test_data.py).
CASES = [(title, *window) for title in PARTS for window in WINDOWS if not (window[2] and title == "Data")]

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def address(visited: str) -> str:
    return visited


def below(part: Locator) -> float:
    """Return where a part of the page ends, in pixels of the window."""
    part.wait_for(timeout=60_000)
    box = part.bounding_box()
    assert box is not None
    return box["y"] + box["height"]


@pytest.mark.parametrize(("title", "width", "height", "present"), CASES)
def test_what_a_page_is_for_is_seen_without_scrolling(
    browser, address: str, title: str, width: int, height: int, present: bool
) -> None:
    path = "" if title == PAGES[0] else title.lower()
    link = f"{address}{path}?images={IMAGES}{'&present=true' if present else ''}"
    with page_of(browser, link, viewport={"width": width, "height": height}) as page:
        ready(page, title)
        ends = {part: below(page.locator(part).first) for part in PARTS[title]}
        assert {part: end for part, end in ends.items() if end > height} == {}
        main = page.get_by_test_id("stMain")
        assert main.evaluate("main => main.scrollWidth - main.clientWidth") <= 0
