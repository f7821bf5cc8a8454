"""The dashboard in Chromium, on real photographs: figures drawn, cells clicked, photographs lassoed, SVMs trained."""

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Page, expect

from gradviz.datasets import find
from gradviz.experiment import Experiment
from gradviz.results import KernelResult
from gradviz.spec import Spec
from gradviz.ui.widgets import equation
from tests.browser.chromium import browsing, page_of, panels_of, serving
from tests.conftest import ROOT

SLOW = 240_000
"""Milliseconds for work that may have to compile UMAP on a busy machine first."""
IMAGES = 100

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Empty home that the server and the test share."""
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("pages")
        patch.setenv("GRADVIZ_HOME", str(folder))
        yield folder


@pytest.fixture(scope="module")
def address(voc_root: Path, place: Path) -> Iterator[str]:
    """Address of the dashboard on the real photographs."""
    with serving(ROOT / "app.py", "--dataset", str(voc_root)) as address:
        yield f"{address}?images={IMAGES}"


@pytest.fixture(scope="module")
def browser() -> Iterator:
    with browsing() as browser:
        yield browser


@pytest.fixture(scope="module")
def kernel(voc_root: Path, place: Path) -> KernelResult:
    return Experiment(find(voc_root), Spec(images=IMAGES)).kernel("dW7")


def click_cell(page: Page, panel: int, row: float, col: float) -> None:
    """Click a panel at a share of its height and width, later than a double click would."""
    page.wait_for_timeout(500)
    canvas = page.locator("canvas").first
    canvas.scroll_into_view_if_needed()
    left, top, width, height = panels_of(canvas)[panel]
    page.mouse.click(left + col * width, top + row * height)


def shown_pair(page: Page) -> list[str]:
    return parse_qs(urlsplit(page.url).query).get("pair", [])


def check_pair(page: Page, kernel: KernelResult, pair: list[str]) -> None:
    """Compare the equation on the page with the values that the verbs compute."""
    row, col = (kernel.rows.ids.index(name) for name in pair)
    forward, backward = float(kernel.K_fw[row, col]), float(kernel.K_bw[row, col])
    line = page.get_by_role("heading", name="K_fw")
    expect(line).to_have_text(equation(forward, backward, forward * backward), timeout=SLOW)
    printed = re.findall(r"-?\d+\.\d+", line.inner_text())
    for text, K in zip(printed, (kernel.K_fw, kernel.K_bw, kernel.K), strict=True):
        assert float(text) == pytest.approx(K[row, col], abs=0.51 * 10 ** -len(text.partition(".")[2]))
    for name in pair:
        labels = ", ".join(kernel.rows.images.labels_of(kernel.rows.images.source(name)))
        expect(page.get_by_text(f"{name}: {labels}").first).to_be_visible()
    expect(page.locator("[data-testid=stImage] img")).to_have_count(2)


def test_cells_open_the_pair_and_a_link_opens_it_again(browser, address: str, kernel: KernelResult) -> None:
    with page_of(browser, address) as page:
        expect(page.locator("canvas").first).to_be_visible(timeout=SLOW)
        seen = []
        for panel, row, col in ((0, 0.303, 0.707), (1, 0.811, 0.113), (2, 0.517, 0.505)):
            before = page.evaluate("location.search")
            click_cell(page, panel, row, col)
            page.wait_for_function("before => location.search != before", arg=before, timeout=SLOW)
            pair = shown_pair(page)
            check_pair(page, kernel, pair)
            seen.append(pair)
        assert len({tuple(pair) for pair in seen}) == 3
        link = page.url
    with page_of(browser, link) as page:
        check_pair(page, kernel, seen[-1])


def test_a_lasso_shows_photographs(browser, address: str) -> None:
    with page_of(browser, address) as page:
        page.get_by_role("link", name="Map").click()
        expect(page.get_by_role("button", name="dW7 as CSV")).to_be_visible(timeout=SLOW)
        left, top, width, height = panels_of(page.locator("canvas").first)[1]
        page.mouse.move(left + 4, top + 4)
        page.mouse.down()
        for x, y in ((1, 0), (1, 0.7), (0, 0.7), (0, 0)):
            page.mouse.move(left + 4 + x * (width - 8), top + 4 + y * (height - 8), steps=4)
        page.mouse.up()
        found = page.get_by_text(re.compile(r"^\d+ photographs"))
        expect(found).to_be_visible(timeout=SLOW)
        count = int(found.inner_text().split()[0])
        assert 0 < count < IMAGES
        pictures = page.locator(".grid img")
        expect(pictures).to_have_count(min(count, 60))
        assert pictures.first.evaluate("picture => picture.decode().then(() => picture.naturalWidth)") > 50


def test_svms_are_trained_and_drawn(browser, address: str, voc_root: Path, place: Path) -> None:
    with page_of(browser, address) as page:
        page.get_by_role("link", name="SVM").click()
        expect(page.get_by_role("heading", name="SVM", exact=True)).to_be_visible(timeout=SLOW)
        page.get_by_role("button", name="Train", exact=True).click()
        expect(page.locator(".js-plotly-plot .bars .point").first).to_be_visible(timeout=SLOW)
        assert page.locator(".js-plotly-plot .trace.bars").count() == 3
        lab = Experiment(find(voc_root), Spec(images=IMAGES))
        scored = lab.evaluate("dW7", train="train", test="val")
        drawn = page.locator(".js-plotly-plot").evaluate("plot => [...plot.data[2].y].map(Number)")
        assert drawn[0] == pytest.approx(scored.mean_ap)
        assert drawn[1:] == pytest.approx(list(scored.per_class.values()))


@pytest.mark.parametrize("pause", [0, 50, 150, 400])
def test_a_link_clicked_before_its_page_is_drawn_keeps_the_choices(browser, address: str, pause: int) -> None:
    query = {"images": [str(IMAGES)], "layer": ["fc8"], "temperature": ["8"], "normalise": ["none"]}
    with page_of(browser, f"{address}&layer=fc8&temperature=8&normalise=none") as page:
        page.get_by_role("link", name="SVM").wait_for(timeout=SLOW)
        for name, path in (("SVM", "svm"), ("Map", "map"), ("Data", "data")):
            page.wait_for_timeout(pause)
            page.get_by_role("link", name=name).click()
            page.wait_for_url(f"**/{path}**")
        expect(page.get_by_role("heading", name="Data", exact=True)).to_be_visible(timeout=SLOW)
        expect(page.get_by_text(f"{IMAGES} of 2,476 images")).to_be_visible()
        page.wait_for_url(lambda url: parse_qs(urlsplit(url).query) == query)


@pytest.mark.parametrize("pause", [100, 400])
def test_stop_pressed_while_the_page_is_being_drawn_again_stops(browser, address: str, pause: int) -> None:
    with page_of(browser, address.replace(f"images={IMAGES}", "images=1000")) as page:
        page.get_by_role("link", name="Map").click()
        expect(page.get_by_role("button", name="dW7 as CSV")).to_be_visible(timeout=SLOW)
        page.get_by_text("More choices").click()
        seed = page.locator("[data-testid=stSidebar] input[type=number]")
        for number, wait in ((101 + pause, 900), (102 + pause, pause)):
            seed.fill(str(number))
            seed.press("Enter")
            page.wait_for_timeout(wait)
        expect(page.get_by_test_id("stStatusWidget").get_by_role("button")).to_have_count(0)
        page.get_by_test_id("stMain").get_by_role("button", name="Stop").click()
        expect(page.get_by_text("Stopped: ")).to_be_visible(timeout=SLOW)
        expect(page.get_by_role("heading", name="Map", exact=True)).to_be_visible()


def test_choices_travel_from_page_to_page_in_the_address(browser, address: str) -> None:
    with page_of(browser, f"{address}&layer=fc8&temperature=8") as page:
        expect(page.locator("canvas").first).to_be_visible(timeout=SLOW)
        for name in ("Map", "SVM", "Kernels"):
            page.get_by_role("link", name=name).click()
            expect(page.get_by_role("heading", name=name, exact=True)).to_be_visible(timeout=SLOW)
            expect(page.get_by_text(f"{IMAGES} of 2,476 images")).to_be_visible()
            query = parse_qs(urlsplit(page.url).query)
            assert query == {"images": [str(IMAGES)], "layer": ["fc8"], "temperature": ["8"]}
