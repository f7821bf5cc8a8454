"""The Data page in Chromium, on real photographs: boxes and lines light up together, classes, gallery, selection."""

import re
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Page, expect

from gradviz.datasets import ImageSet, find
from gradviz.ui import chosen
from tests.browser.chromium import page_of

SLOW = 240_000

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def address(visited: str) -> str:
    return f"{visited}data?images=100"


@pytest.fixture(scope="module")
def images(voc_root: Path) -> ImageSet:
    return find(voc_root)


def query(page: Page) -> dict[str, list[str]]:
    return parse_qs(urlsplit(page.url).query)


def shown(page: Page) -> list[str]:
    """Return the ids of the photographs that are in the page, in their order."""
    items = page.locator(".justified-item").evaluate_all("all => all.map((i) => [+i.dataset.at, i.title])")
    return [title.split(":")[0] for _, title in sorted(items)]


def drawn(page: Page) -> None:
    """Wait until every photograph of the gallery that is in the page is drawn."""
    expect(page.locator(".justified-item img[src]").first).to_be_visible(timeout=SLOW)
    expect(page.locator(".justified-item img:not([src])")).to_have_count(0, timeout=SLOW)


@pytest.mark.parametrize(("width", "height"), [(1440, 900), (1280, 720), (1024, 768)])
def test_photographs_classes_and_boxes_are_in_the_first_view(browser, address: str, width: int, height: int) -> None:
    with page_of(browser, address, viewport={"width": width, "height": height}) as page:
        drawn(page)
        page.wait_for_timeout(800)
        inside = page.locator(".justified-item img").evaluate_all(
            "(all, height) => all.filter((i) => { const b = i.getBoundingClientRect();"
            " return i.naturalWidth > 100 && b.bottom <= height }).length",
            height,
        )
        assert inside >= 10
        assert page.locator(".classes-line").count() == 20
        for part in (".classes-list", ".annotated-picture", ".annotated-row >> nth=1", ".justified-view"):
            box = page.locator(part).first.bounding_box()
            assert box["y"] + box["height"] <= height, part
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        names = page.locator(".classes-name").evaluate_all("all => all.map((n) => n.textContent)")
        assert len(set(names)) == 20


def test_a_class_a_cell_and_a_filter_choose_photographs(browser, address: str, images: ImageSet) -> None:
    horse, person = (images.labels[:, images.classes.index(name)] == 1 for name in ("horse", "person"))
    with page_of(browser, address) as page:
        drawn(page)
        line = page.locator(".classes-line", has_text="horse")
        line.locator(".classes-name").click()
        expect(page.get_by_text("130 photographs show horse")).to_be_visible(timeout=SLOW)
        expect(page.get_by_text("193 boxes, 21 difficult")).to_be_visible()
        expect(page.locator(".classes-sentence")).to_have_text(
            re.compile("Of 130 .* 101 also show person, .* 27 nothing else")
        )
        page.wait_for_url(lambda url: parse_qs(urlsplit(url).query).get("class") == ["horse"])
        drawn(page)
        there = [name for name, inside in zip(images.ids, horse, strict=True) if inside]
        assert shown(page) == there[: len(shown(page))]
        cell = line.locator(f"[data-with='{images.classes.index('person')}']")
        cell.hover()
        expect(page.locator(".classes .tip")).to_have_text("horse and person: 101 of 130 (78 %)")
        cell.click()
        expect(page.get_by_text("101 photographs show horse and person")).to_be_visible(timeout=SLOW)
        page.locator(".st-key-show").get_by_text(re.compile("^val ")).click()
        page.wait_for_url(lambda url: parse_qs(urlsplit(url).query).get("show") == ["val"])
        val = set(images.splits["val"].tolist())
        both = [images.ids[i] for i in range(len(images)) if horse[i] and person[i] and i in val]
        expect(page.get_by_text(f"{len(both)} of 101 photographs that show horse and person")).to_be_visible()
        other = next(images.ids[i] for i in range(len(images)) if horse[i] and person[i] and i not in val)
        expect(page.locator(f".justified-item[title^='{other}']")).to_have_count(0, timeout=SLOW)
        drawn(page)
        assert shown(page) == both[: len(shown(page))]
        link = page.url
    with page_of(browser, link) as page:
        drawn(page)
        assert shown(page) == both[: len(shown(page))]
        page.locator(".classes select").select_option("number")
        expect(page.locator(".classes-name").first).to_have_text("person", timeout=SLOW)
        page.wait_for_url(lambda url: parse_qs(urlsplit(url).query).get("classes_by") == ["number"])


def test_boxes_and_lines_light_up_together(browser, address: str, images: ImageSet) -> None:
    boxes = images.boxes(images.source("004545"))
    with page_of(browser, f"{address}&focus=004545") as page:
        expect(page.locator(".annotated-box")).to_have_count(len(boxes), timeout=SLOW)
        rows = page.locator("button.annotated-row")
        expect(rows).to_have_count(len(boxes))
        scale = page.locator(".annotated-picture image").evaluate("i => i.width.baseVal.value") / 341
        for number, box in enumerate(boxes):
            rows.nth(number).hover()
            expect(page.locator(".annotated-box.lit")).to_have_attribute("data-object", str(number))
            assert rows.nth(number).get_attribute("class").endswith("lit")
            edge = page.locator(".annotated-box.lit .edge")
            width, height = (float(edge.get_attribute(side)) for side in ("width", "height"))
            assert width <= (box.xmax - box.xmin + 1) * scale + 0.1
            assert height <= (box.ymax - box.ymin + 1) * scale + 0.1
            assert ("difficult" in edge.get_attribute("class")) == box.difficult
        difficult = next(number for number, box in enumerate(boxes) if box.difficult)
        page.locator(f".annotated-box[data-object='{difficult}'] .area").hover()
        expect(page.locator("button.annotated-row.lit")).to_have_attribute("data-object", str(difficult))
        rows.nth(2).click()
        page.wait_for_url(lambda url: parse_qs(urlsplit(url).query).get("class") == [boxes[2].name])


def test_photographs_are_focused_selected_and_walked_through(browser, address: str, images: ImageSet) -> None:
    with page_of(browser, f"{address}&class=sofa") as page:
        drawn(page)
        ids = shown(page)
        items = page.locator(".justified-item")
        items.nth(2).click(position={"x": 30, "y": 40})
        page.wait_for_url(lambda url: parse_qs(urlsplit(url).query).get("focus") == [ids[2]])
        expect(page.locator(".annotated-caption b")).to_have_text(ids[2])
        items.nth(0).hover()
        items.nth(0).locator(".justified-tick").click()
        expect(page.get_by_role("button", name="1 selected")).to_be_visible(timeout=SLOW)
        items.nth(3).click(modifiers=["Shift"], position={"x": 30, "y": 40})
        expect(page.get_by_role("button", name="4 selected")).to_be_visible(timeout=SLOW)
        page.wait_for_function(
            "expected => new URLSearchParams(location.search).get('chosen') == expected",
            arg=chosen.written(ids[:4], images.ids),
        )
        expect(page.locator(".justified-item.selected")).to_have_count(4)
        items.nth(1).focus()
        page.keyboard.press("Space")
        expect(page.get_by_role("button", name="3 selected")).to_be_visible(timeout=SLOW)
        page.keyboard.press("ArrowRight")
        page.keyboard.press("Enter")
        page.wait_for_url(lambda url: parse_qs(urlsplit(url).query).get("focus") == [ids[2]])


def test_pictures_come_as_the_gallery_is_scrolled(browser, address: str, images: ImageSet) -> None:
    with page_of(browser, address) as page:
        drawn(page)
        for share in (0.5, 1.0):
            page.locator(".justified-view").evaluate(
                "(view, share) => view.scrollTo(0, share * view.scrollHeight)", share
            )
            page.wait_for_timeout(400)
            drawn(page)
        assert shown(page)[-1] == images.ids[-1]
        assert page.locator(".justified-item").count() < 100, "only what is in view"


def test_classes_can_be_chosen_by_keyboard(browser, address: str, images: ImageSet) -> None:
    with page_of(browser, address) as page:
        drawn(page)
        first, second = page.locator(".classes-name").all_text_contents()[:2]
        page.locator(".classes-line").first.focus()
        page.keyboard.press("ArrowDown")
        page.keyboard.press("ArrowRight")
        expect(page.locator(".classes .spoken")).to_have_text(re.compile(f"{second} and {first}: "))
        page.keyboard.press("Enter")
        page.wait_for_url(lambda url: parse_qs(urlsplit(url).query).get("also") == [first])
        assert query(page)["class"] == [second]


@pytest.mark.parametrize(("width", "height"), [(1440, 900), (1280, 720)])
def test_a_presentation_keeps_the_cells_and_has_the_rail_below(browser, address: str, width: int, height: int) -> None:
    with page_of(browser, f"{address}&present=true", viewport={"width": width, "height": height}) as page:
        drawn(page)
        names = page.locator(".classes-columns text")
        expect(names).to_have_count(20, timeout=SLOW)
        left = [names.nth(n).bounding_box()["x"] for n in range(3)]
        type_size = names.first.evaluate("e => parseFloat(getComputedStyle(e).fontSize)") * 17 / 14
        assert min(left[1] - left[0], left[2] - left[1]) >= type_size
        first = page.locator(".annotated-picture").bounding_box()
        assert page.locator(".st-key-gv-rail").bounding_box()["y"] > first["y"] + first["height"]
        tops = [part.bounding_box()["y"] for part in page.locator(".facts-part").all()]
        assert max(tops) - min(tops) < 10, "the facts stand in one line"
        cut = "texts => texts.filter(e => e.scrollWidth > e.clientWidth).map(e => e.textContent)"
        assert page.locator(".classes-name, .annotated-name span, .annotated-row .note").evaluate_all(cut) == []


def test_a_row_is_chosen_by_its_button(browser, address: str) -> None:
    with page_of(browser, f"{address}&view=Fetch") as page:
        row = page.locator(".cards-card[data-name='demo']")
        expect(row.locator("img")).to_have_count(6, timeout=SLOW)
        expect(page.locator(".cards-card[data-name='voc2012'] .outline")).to_have_count(6)
        row.get_by_role("button", name="Open: demo").click()
        page.wait_for_url(lambda url: parse_qs(urlsplit(url).query).get("data") == ["demo"], timeout=SLOW)
        expect(row.locator(".cards-state")).to_have_text("in use", timeout=SLOW)
        expect(row.get_by_role("button")).to_have_count(0)
        page.get_by_text("Networks", exact=True).click()
        # The data set's row, which is chosen too, may still be there for a moment.
        used = page.locator(".cards-card.chosen", has_text="AlexNet-64")
        expect(used).to_have_count(1, timeout=SLOW)
        expect(used.locator("svg .bar")).to_have_count(3)
