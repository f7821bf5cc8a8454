"""The Network page in Chromium: what moves together, what is written out, and where it leads."""

import re
from itertools import pairwise
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pytest
from PIL import Image, ImageFilter
from playwright.sync_api import Page, expect

from gradviz.datasets import ImageSet, find
from gradviz.experiment import Experiment
from gradviz.home import ASSETS
from gradviz.spec import Spec
from tests.browser.chromium import listen_to_type, page_of

SLOW = 240_000
"""Milliseconds for what may have to import torch on a busy machine first."""
IMAGES = 50
TOGETHER = 0.2
"""Seconds within which a step of the slider has moved bars, strips and numbers, on a quiet machine."""
ALIKE = 7
"""The mean difference, of 255, between a part of the page and the same part of its picture, which is twice as fine."""

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def voc(voc_root: Path) -> ImageSet:
    return find(voc_root)


@pytest.fixture(scope="module")
def ids(voc: ImageSet) -> tuple[str, str]:
    """A and B."""
    chosen = voc.select("all", IMAGES)
    return voc.ids[chosen[4]], voc.ids[chosen[11]]


@pytest.fixture(scope="module")
def address(voc_server: str) -> str:
    return voc_server


@pytest.fixture(scope="module")
def link(address: str, ids: tuple[str, str]) -> str:
    return f"{address}?images={IMAGES}&layer=fc6&temperature=8&focus={ids[0]}&pair={ids[0]}&pair={ids[1]}"


def drawn(page: Page) -> None:
    expect(page.locator(".net-class")).to_have_count(10, timeout=SLOW)
    page.wait_for_timeout(300)


def number(text: str) -> float:
    """Read a number as it is printed: 1.07 · 10¹³, −0.0025."""
    plain, _, power = text.replace("−", "-").replace("×", "").replace(",", "").partition("·")
    digits = power.strip().removeprefix("10").translate(str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-"))
    return float(plain) * 10 ** int(digits or 0)


def features(voc: ImageSet, name: str, tau: float, *vectors: str) -> list[np.ndarray]:
    found = Experiment(voc, Spec(temperature=tau)).features(vectors, np.array([voc.source(name)]))
    return [found.arrays[vector][0].astype(np.float64) for vector in vectors]


MOVE = """
async ([slider, step]) => {
  const root = slider.getRootNode()
  const look = () => ({
    bar: root.querySelectorAll(".net-class .bar.forward i")[1].style.width,
    number: root.querySelector(".net-sums").textContent,
    strips: root.querySelector(".net-canvas").toDataURL(),
    k: root.querySelector(".net-large.backward span").textContent,
  })
  const before = look()
  const start = performance.now()
  slider.value = step
  slider.dispatchEvent(new Event("input", { bubbles: true }))
  let after = look()
  while (after.number === before.number && performance.now() - start < 5000) {
    await new Promise(requestAnimationFrame)
    after = look()
  }
  const seconds = (performance.now() - start) / 1000
  return { seconds, moved: Object.keys(before).filter((key) => before[key] !== after[key]) }
}
"""


def test_the_slider_moves_bars_strips_and_numbers_and_then_the_page(browser, link: str, voc, ids) -> None:
    with page_of(browser, link) as page:
        drawn(page)
        slider = page.locator(".net-slider input")
        handle = slider.element_handle()
        times = []
        for step in (2, 3, 4, 6, 2):
            moved = page.evaluate(MOVE, [handle, step])
            assert moved["moved"] == ["bar", "number", "strips", "k"]
            times.append(moved["seconds"])
        assert min(times) < TOGETHER, times
        assert parse_qs(urlsplit(page.url).query)["temperature"] == ["8"]
        slider.dispatch_event("change")
        page.wait_for_url(lambda url: "temperature" not in parse_qs(urlsplit(url).query), timeout=SLOW)
        y, _ = features(voc, ids[0], 1.0, "y8", "dy8")
        p = np.exp(y - y.max())
        p /= p.sum()
        sums = page.locator(".net-sums .number")
        assert number(sums.first.inner_text()) == pytest.approx(p.max(), rel=6e-3)
        assert number(sums.last.inner_text()) == pytest.approx(p.max() - 1 / 200, rel=6e-3)
        expect(page.locator("[data-testid=stSidebar]").get_by_text("1", exact=True).first).to_be_visible()


def test_a_class_is_written_out_with_numbers_that_agree(browser, link: str, voc, ids) -> None:
    with page_of(browser, link) as page:
        drawn(page)
        y, dy = features(voc, ids[0], 8.0, "y8", "dy8")
        order = np.argsort(-y)
        for place in (0, 3, 9):
            page.locator(".net-class").nth(place).hover()
            lines = page.locator(".net-sums > div")
            own, total, p = re.search(r"= ([\d.,]+) / ([\d.,]+) = ([\d.]+)$", lines.first.inner_text()).groups()
            assert number(own) / number(total) == pytest.approx(number(p), rel=6e-3)
            assert number(own) == pytest.approx(np.exp(y[order[place]] / 8), rel=6e-3)
            assert number(total) == pytest.approx(np.exp(y / 8).sum(), rel=6e-3)
            one, g, made = re.search(r"\(([\d.]+) − ([\d.]+)\) / 8 = (.+)$", lines.last.inner_text()).groups()
            digits = len(made.lstrip("−").lstrip("0.").replace(".", ""))
            assert float(f"{(float(one) - float(g)) / 8:.{digits}g}") == number(made)
            assert number(made) == pytest.approx(dy[order[place]], rel=6e-3)


def test_a_click_on_weights_opens_their_gradient_in_place(browser, link: str, voc, ids) -> None:
    with page_of(browser, link) as page:
        drawn(page)
        page.locator(".net-svg .weight").nth(1).click()
        expect(page.locator(".net-panel h2").first).to_contain_text("W7 opened")
        expect(page.locator(".root.alone .net-drawing")).to_be_visible()
        page.wait_for_url(lambda url: "layer" not in parse_qs(urlsplit(url).query), timeout=SLOW)  # fc7, the default
        x, dy = features(voc, ids[0], 8.0, "x6", "dy7")
        box = page.locator(".net-outer").bounding_box()
        for across, down in ((0.3, 0.4), (0.6, 0.7), (0.45, 0.25)):
            page.mouse.move(box["x"] + across * box["width"], box["y"] + down * box["height"])
            lines = page.locator(".net-cell > div")
            texts = [line.inner_text() for line in lines.all()]
            row, col = (int(re.search(r"unit ([\d,]+)", text)[1].replace(",", "")) for text in texts[:2])
            a, b, product = (number(line.locator(".number").inner_text()) for line in lines.all())
            power = 10.0 ** round(np.log10(abs(product)) - np.log10(abs(x[row] * dy[col])))
            assert a == pytest.approx(x[row], rel=1e-3)
            assert b == pytest.approx(dy[col] * power, rel=1e-3)
            digits = len(texts[2].split("\n")[-1].lstrip("−").lstrip("0.").replace(".", ""))
            assert float(f"{a * b:.{digits}g}") == product
            assert "1,024 × 1,024 = 1.0 million numbers, kept as 2,048." in page.locator(".net-words").inner_text()
        page.get_by_role("button", name="Form it by autograd").click()
        expect(page.locator(".net-formed .number")).to_have_count(2, timeout=SLOW)
        difference, largest = (number(line.inner_text()) for line in page.locator(".net-formed .number").all())
        assert largest == pytest.approx(np.abs(np.outer(x, dy)).max(), rel=6e-2)
        assert difference < 1e-5 * largest


def means_of_blocks(values: np.ndarray, blocks: int = 96) -> np.ndarray:
    edges = np.arange(blocks + 1) * len(values) // blocks
    return np.array([values[start:end].mean() for start, end in pairwise(edges)])


def test_a_cell_is_the_largest_entry_or_the_mean_of_its_block(browser, link: str, voc, ids, tmp_path) -> None:
    with page_of(browser, link) as page:
        drawn(page)
        picture, choice = page.locator(".net-outer"), page.get_by_role("group", name="What each cell shows")
        largest = picture.evaluate("canvas => canvas.toDataURL()")
        assert "each cell: the largest entry of" in picture.get_attribute("aria-label")
        choice.get_by_role("button", name="Largest").focus()
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        means = choice.get_by_role("button", name="Block means")
        expect(means).to_have_attribute("aria-pressed", "true")
        assert picture.evaluate("canvas => canvas.toDataURL()") != largest
        x, dy = features(voc, ids[0], 8.0, "x5", "dy6")
        label = picture.get_attribute("aria-label")
        assert "each cell: the mean of about 21 × 11 entries" in label
        most = np.abs(np.outer(means_of_blocks(x), means_of_blocks(dy))).max()
        assert number(label.rpartition("to ")[2]) == pytest.approx(most, rel=6e-3)
        box = picture.bounding_box()
        for across, down in ((0.3, 0.4), (0.6, 0.7), (0.45, 0.25)):
            page.mouse.move(box["x"] + across * box["width"], box["y"] + down * box["height"])
            lines = page.locator(".net-cell > div")
            texts = [line.inner_text() for line in lines.all()]
            units = [re.search(r"mean of .+ over units ([\d,]+) to ([\d,]+)", text).groups() for text in texts[:2]]
            (top, bottom), (left, right) = [[int(unit.replace(",", "")) for unit in pair] for pair in units]
            a, b, product = (number(line.locator(".number").inner_text()) for line in lines.all())
            block = np.outer(x[top : bottom + 1], dy[left : right + 1])
            power = 10.0 ** round(np.log10(abs(product)) - np.log10(abs(block.mean())))
            assert a == pytest.approx(x[top : bottom + 1].mean(), rel=1e-3)
            assert b == pytest.approx(dy[left : right + 1].mean() * power, rel=1e-3)
            assert product == pytest.approx(block.mean() * power, rel=6e-3)
            assert texts[2].startswith("mean of dE/dW")
        with page.expect_download() as saved:
            page.get_by_role("button", name="PNG").click()
        assert saved.value.suggested_filename == file_of("outer", voc, f"photograph {ids[0]}, block means")
        saved.value.save_as(tmp_path / "outer.png")
        with Image.open(tmp_path / "outer.png") as image:
            assert image.size[0] >= 2 * box["width"]
        # The choice stays with another layer, temperature and photograph.
        page.locator(".net-svg .weight").nth(1).click()
        expect(page.locator(".net-panel h2").first).to_contain_text("W7 opened")
        expect(means).to_have_attribute("aria-pressed", "true")
        slider = page.locator(".net-slider input")
        slider.focus()
        page.keyboard.press("ArrowLeft")
        page.wait_for_url(lambda url: parse_qs(urlsplit(url).query)["temperature"] == ["4"], timeout=SLOW)
        page.locator(".ten button").nth(4).click()
        page.wait_for_url(lambda url: parse_qs(urlsplit(url).query)["focus"] != [ids[0]], timeout=SLOW)
        page.wait_for_timeout(1500)
        expect(means).to_have_attribute("aria-pressed", "true")
        expect(page.locator(".net-cell")).to_contain_text("mean of")
        choice.get_by_role("button", name="Largest").click()
        expect(page.locator(".net-cell")).not_to_contain_text("mean of")


def file_of(what: str, voc: ImageSet, photographs: str) -> str:
    set_of = f"{voc.name} ({len(voc):,} photographs)"
    told = f"{set_of} AlexNet-64 fc6 tau = 8 pseudo-label uniform normalise l2 {photographs}"
    return f"{what}_{re.sub('[^A-Za-z0-9.]+', '_', told)}.png"


@pytest.mark.parametrize(("theme", "panel"), [("light", ""), ("dark", ""), ("light", "Two photographs, one number")])
def test_the_whole_drawing_is_saved(browser, link: str, voc, ids, theme: str, panel: str, tmp_path) -> None:
    window = {"width": 1280, "height": 720} if panel else {"width": 1440, "height": 900}
    with page_of(browser, link, color_scheme=theme, viewport=window) as page:
        drawn(page)
        if panel:
            page.get_by_role("button", name=panel).click()
        page.mouse.move(0, 0)
        with page.expect_download() as saved:
            page.get_by_role("button", name="Save picture").click()
        assert saved.value.suggested_filename == file_of("network", voc, f"photographs A {ids[0]} and B {ids[1]}")
        saved.value.save_as(tmp_path / "network.png")
        page.screenshot(path=tmp_path / "page.png")
        whole = page.locator(".root", has=page.locator(".net-drawing"))
        root, (width, height) = whole.bounding_box(), whole.evaluate("root => [root.clientWidth, root.clientHeight]")
        with Image.open(tmp_path / "network.png") as image, Image.open(tmp_path / "page.png") as seen:
            picture, seen = image.convert("RGB"), seen.convert("RGB")
        margin, caption = 12, 20
        assert picture.size == (2 * (width + 2 * margin), 2 * (height + 2 * margin + caption))
        assert picture.getpixel((0, 0)) == ((255, 255, 255) if theme == "light" else (15, 20, 27))
        assert len(picture.crop((0, 0, picture.width, 2 * (margin + caption))).getcolors(1 << 16)) > 20
        # Letters have other edges at another size: compared is what is left when both are blurred.
        half, seen = (one.filter(ImageFilter.BoxBlur(2)) for one in (picture.reduce(2), seen))
        least = {".net-photo img": 1000, ".net-svg .mark rect": 60, ".net-class": 60, ".net-sums": 60, ".net-veil": 200}
        least |= {".net-strips": 100, ".net-outer": 200, ".net-equation": 60, ".net-svg .weight": 20, ".net-slider": 20}
        for selector, colours in {**least, ".net-said": 20}.items():
            parts = [part for part in page.locator(selector).all() if part.is_visible()]
            assert parts or panel
            for part in parts:
                box = part.bounding_box()
                left, top, width, height = (round(box[side]) for side in ("x", "y", "width", "height"))
                x, y = left - round(root["x"]) + margin, top - round(root["y"]) + margin + caption
                fine = picture.crop((2 * x, 2 * y, 2 * (x + width), 2 * (y + height)))
                assert len(fine.getcolors(1 << 20)) >= colours, selector
                there = np.asarray(seen.crop((left, top, left + width, top + height)), float)
                # Parts that begin between two pixels are painted at either.
                moved = [(x + dx, y + dy) for dx in (-1, 0, 1) for dy in (-1, 0, 1)]
                here = [half.crop((x, y, x + width, y + height)) for x, y in moved]
                difference = min(np.abs(np.asarray(one, float) - there).mean() for one in here)
                assert difference < ALIKE, (selector, difference)


def test_the_second_photographs_k_is_that_of_kernels(browser, link: str, voc, ids) -> None:
    lab = Experiment(voc, Spec(images=IMAGES, temperature=8))
    found = lab.kernel("dW6")
    row, col = (found.rows.ids.index(name) for name in ids)
    values = [float(K[row, col]) for K in (found.K_fw, found.K_bw, found.K)]
    with page_of(browser, link) as page:
        drawn(page)
        texts = [part.inner_text() for part in page.locator(".net-equation .number").all()]
        assert len(texts) == 3
        for text, value in zip(texts, values, strict=True):
            assert text.replace("−", "-") == f"{value:.{len(text.partition('.')[2])}f}"
        assert f"{float(texts[0]) * float(texts[1]):.3f}" == texts[2]
        veils = page.locator(".net-veil")
        expect(veils).to_have_count(2)
        page.get_by_role("button", name="Open in Kernels").click()
        page.wait_for_url("**/kernels**", timeout=SLOW)
        expect(page.get_by_role("heading", name="Kernels", exact=True)).to_be_visible(timeout=SLOW)
        query = parse_qs(urlsplit(page.url).query)
        assert query["pair"] == list(ids)
        assert query["temperature"] == ["8"]


def test_a_strip_says_its_values(browser, link: str, voc, ids) -> None:
    with page_of(browser, link) as page:
        drawn(page)
        (x,) = features(voc, ids[0], 8.0, "x5")
        mark = page.locator(".net-svg .mark rect").first.bounding_box()
        page.mouse.move(mark["x"] + 5, mark["y"] + mark["height"] / 3)
        tip = page.locator(".tip").filter(has_text="of A")
        expect(tip).to_be_visible()
        unit, value = re.search(r"unit ([\d,]+): (.+)$", tip.inner_text()).groups()
        assert number(value) == pytest.approx(x[int(unit.replace(",", ""))], rel=1e-3)


def test_clicks_choose_a_and_b(browser, link: str) -> None:
    with page_of(browser, link) as page:
        drawn(page)
        buttons = page.locator(".ten button")
        before = page.locator(".net-photo span").all_inner_texts()
        buttons.nth(4).click()
        expect(buttons.nth(0)).to_have_class("chosen")
        page.wait_for_function("before => location.search != before", arg=urlsplit(link).query, timeout=SLOW)
        page.wait_for_timeout(1500)
        page.locator(".ten button").nth(6).click(modifiers=["Shift"])
        page.wait_for_timeout(1500)
        after = page.locator(".net-photo span").all_inner_texts()
        assert after != before
        query = parse_qs(urlsplit(page.url).query)
        assert query["focus"] == query["pair"][:1]
        expect(page.locator(".net-photo img")).to_have_count(2, timeout=SLOW)


def test_an_old_link_opens_kernels(browser, address: str, ids) -> None:
    with page_of(browser, f"{address}?images={IMAGES}&layer=fc6&pair={ids[0]}&pair={ids[1]}") as page:
        expect(page.get_by_role("heading", name="Kernels", exact=True)).to_be_visible(timeout=SLOW)
        page.wait_for_url(lambda url: urlsplit(url).path == "/kernels", timeout=SLOW)
        page.wait_for_url(lambda url: parse_qs(urlsplit(url).query).get("layer") == ["fc6"], timeout=SLOW)
        assert parse_qs(urlsplit(page.url).query)["pair"] == list(ids)


def test_an_own_photograph_goes_through(browser, address: str) -> None:
    with page_of(browser, f"{address}?images={IMAGES}") as page:
        drawn(page)
        page.get_by_role("button", name="+ Your own").click()
        page.locator("input[type=file]").set_input_files(ASSETS / "demo/JPEGImages/000003.jpg")
        expect(page.locator(".net-photo span").first).to_have_text("A yours", timeout=SLOW)
        picture = page.locator(".net-photo img").first
        assert picture.evaluate("picture => picture.decode().then(() => picture.naturalWidth)") == 320
        assert "★" not in page.url
        expect(page.get_by_role("button", name="Open in Kernels")).to_be_hidden()
        expect(page.get_by_text("not part of this data set")).to_be_visible()
        page.get_by_role("button", name="Choose yours as the data set").click()
        page.wait_for_function("() => location.search.includes('data=your+photographs')", timeout=SLOW)


@pytest.mark.parametrize("ten", [1, 2, 3, 4])
def test_an_own_photograph_goes_through_before_the_page_is_drawn(browser, address: str, ten: int) -> None:
    with page_of(browser, f"{address}?images={IMAGES}&ten={ten}") as page:
        page.get_by_role("button", name="+ Your own").click(timeout=SLOW)
        page.locator("input[type=file]").set_input_files(ASSETS / "demo/JPEGImages/000003.jpg")
        expect(page.locator(".net-photo span").first).to_have_text("A yours", timeout=SLOW)


@pytest.mark.parametrize(("width", "height"), [(1280, 720), (1024, 768)])
def test_a_small_window_shows_everything_above_its_edge(browser, link: str, width: int, height: int) -> None:
    with page_of(browser, link, viewport={"width": width, "height": height}) as page:
        drawn(page)
        shown = page.locator(".net-panel")
        assert [panel.is_visible() for panel in shown.all()] == [True, False]
        for part in (".net-slider", ".net-outer", ".net-words"):
            box = page.locator(part).bounding_box()
            assert box["y"] + box["height"] <= height, part
            assert box["x"] + box["width"] <= width, part
        page.get_by_role("button", name="Two photographs, one number").click()
        assert [panel.is_visible() for panel in shown.all()] == [False, True]
        box = page.locator(".net-sum").bounding_box()
        assert box["y"] + box["height"] <= height
        assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_presenting_enlarges_the_type_at_once_and_no_line_of_it_is_cut(browser, link: str) -> None:
    with page_of(browser, link) as page:
        drawn(page)
        listen_to_type(page)
        page.set_viewport_size({"width": 1441, "height": 900})  # drawn again
        page.wait_for_function("() => window.type['A·B'] === 11", timeout=SLOW)
        page.get_by_test_id("stSidebar").get_by_text("Present", exact=True).click()
        page.wait_for_function("() => Math.abs(window.type['A·B'] - (11 * 17) / 14) < 0.01", timeout=SLOW)
        for width, height in ((1441, 900), (1280, 720), (1024, 768)):
            page.set_viewport_size({"width": width, "height": height})
            page.wait_for_timeout(800)
            (side,) = page.locator(".net-side").all()
            assert side.evaluate("side => side.scrollWidth <= side.clientWidth")
            for line in page.locator(".net-sums div, .net-foot span, .net-foot i").all():
                assert line.evaluate("line => line.scrollWidth <= line.clientWidth"), line.inner_text()


def test_everything_is_reached_by_the_keyboard(browser, link: str) -> None:
    with page_of(browser, link) as page:
        drawn(page)
        page.locator(".net-svg .weight").nth(2).focus()
        page.keyboard.press("Enter")
        expect(page.locator(".net-panel h2").first).to_contain_text("W8 opened")
        page.keyboard.press("Escape")
        expect(page.locator(".root.alone")).to_have_count(0)
        page.locator(".net-outer").focus()
        before = page.locator(".net-cell").inner_text()
        page.keyboard.press("ArrowUp")
        page.keyboard.press("ArrowLeft")
        assert page.locator(".net-cell").inner_text() != before
        page.locator(".net-class").nth(5).focus()
        expect(page.locator(".net-class").nth(5)).to_have_class(re.compile("hovered"))
        page.locator(".net-slider input").focus()
        page.keyboard.press("ArrowLeft")
        page.wait_for_url(lambda url: parse_qs(urlsplit(url).query)["temperature"] == ["4"], timeout=SLOW)
        for image in page.locator(".stMain img").all():
            assert image.get_attribute("alt")
