"""The Neighbours page in Chromium: rows, lines between them, clicks and keys, and a photograph of one's own."""

import re
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Page, expect

from gradviz.datasets import ImageSet, find
from gradviz.experiment import Experiment
from gradviz.home import ASSETS
from gradviz.spec import Spec
from tests.browser.chromium import page_of

SLOW = 240_000
IMAGES = 100
NEAR = 12

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def voc(voc_root: Path) -> ImageSet:
    return find(voc_root)


@pytest.fixture(scope="module")
def asked(voc: ImageSet) -> str:
    return voc.ids[voc.select("all", IMAGES)[7]]


@pytest.fixture(scope="module")
def link(visited: str, asked: str) -> str:
    return f"{visited}neighbours?images={IMAGES}&layer=fc6&temperature=8&focus={asked}"


def drawn(page: Page, query: str) -> None:
    """Wait until the rows of a query and the foot are there."""
    expect(page.locator(".nb-query h2")).to_have_text(f"Query {query}", timeout=SLOW)
    expect(page.locator(".nb-scatter canvas")).to_be_visible(timeout=SLOW)
    expect(page.locator(".asking, .stale")).to_have_count(0, timeout=SLOW)


def asks_for(page: Page, **wanted: str) -> None:
    """Wait until the address holds these choices."""
    page.wait_for_url(
        lambda url: all(parse_qs(urlsplit(url).query).get(name) == [value] for name, value in wanted.items()),
        timeout=SLOW,
    )


def rows(page: Page) -> list[list[tuple[str, str]]]:
    """Return for each row the ids and the values that stand there."""
    lines = page.locator(".nb-stage .nb-row").all()
    found = []
    for line in lines:
        ids = [label.split(", ")[1] for label in line.locator(".nb-square").evaluate_all(LABELS)]
        found.append([*zip(ids, line.locator(".nb-value").all_inner_texts(), strict=True)])
    return found


LABELS = "squares => squares.map((square) => square.getAttribute('aria-label'))"


def truth(voc: ImageSet, query: str) -> list[list[tuple[str, str]]]:
    """Return the same from the verb that the command line calls."""
    of = Experiment(voc, Spec(images=IMAGES, temperature=8.0))
    found = [of.neighbours(name, query, top=NEAR) for name in ("x5", "dy6", "dW6")]
    return [[(one.id, f"{one.value:.3f}".replace("-", "−")) for one in row] for row in found]


ENDS = """
() => {
  const root = [...document.querySelectorAll("*")].map((e) => e.shadowRoot).find((r) => r?.querySelector(".nb"))
    || document
  const stage = root.querySelector(".nb-stage").getBoundingClientRect()
  const middle = (square) => {
    const box = square.getBoundingClientRect()
    return [box.left + box.width / 2 - stage.left, box.top - stage.top, box.bottom - stage.top]
  }
  const all = (row) => [...root.querySelectorAll(`.nb-square[data-row="${row}"]`)]
  const squares = (row) => new Map(all(row).map((s) => [s.dataset.at, middle(s)]))
  const places = [squares(0), squares(1), squares(2)]
  const photographs = new Set(places.flatMap((one) => [...one.keys()]))
  const wrong = []
  let near = 0
  for (const line of root.querySelectorAll(".line[data-row]:not(.lit)")) {
    const row = Number(line.dataset.row)
    const [from, to] = [places[row].get(line.dataset.at), places[row + 1].get(line.dataset.at)]
    const long = line.getTotalLength()
    const [first, last] = [line.getPointAtLength(0), line.getPointAtLength(long)]
    if (from && Math.abs(first.x - from[0]) > 1.5) wrong.push(["from", line.dataset.at, first.x, from[0]])
    if (to && Math.abs(last.x - to[0]) > 1.5) wrong.push(["to", line.dataset.at, last.x, to[0]])
    if (from && first.y < from[2]) wrong.push(["over a photograph", line.dataset.at])
    if (to && last.y > to[1] + 1) wrong.push(["into a photograph", line.dataset.at])
    near += Boolean(from && to)
  }
  return { wrong, near, lines: root.querySelectorAll(".line[data-row]").length, photographs: photographs.size }
}
"""


def test_rows_hold_what_the_command_line_says_and_lines_join_the_same_photographs(
    browser, link: str, voc: ImageSet, asked: str
) -> None:
    with page_of(browser, link) as page:
        drawn(page, asked)
        shown = rows(page)
        assert shown == truth(voc, asked)
        found = page.evaluate(ENDS)
        assert found["wrong"] == []
        assert found["photographs"] == len({name for row in shown for name, _ in row})
        assert found["lines"] == 2 * found["photographs"]
        both = sum(len({n for n, _ in shown[k]} & {n for n, _ in shown[k + 1]}) for k in (0, 1))
        assert found["near"] == both > 0
        # So they do when the window is another one.
        page.set_viewport_size({"width": 1024, "height": 768})
        page.wait_for_timeout(500)
        assert page.evaluate(ENDS)["wrong"] == []


def test_a_click_makes_a_query_and_its_link_shows_the_same(browser, link: str, voc: ImageSet, asked: str) -> None:
    with page_of(browser, link) as page:
        drawn(page, asked)
        other = rows(page)[1][2][0]
        page.locator(".nb-stage .nb-row").nth(1).locator(".nb-square").nth(2).click()
        drawn(page, other)
        asks_for(page, focus=other)
        assert rows(page) == truth(voc, other)
        page.get_by_role("combobox", name="How many nearest").select_option("6")
        expect(page.locator(".nb-square")).to_have_count(18, timeout=SLOW)
        asks_for(page, near="6")
        page.get_by_role("button", name="loss", exact=True).click()
        asks_for(page, way="loss")
        expect(page.get_by_role("button", name="loss", exact=True)).to_have_attribute("aria-pressed", "true")
        drawn(page, other)
        ten = page.locator(".nb-ten button").evaluate_all(LABELS)
        with page_of(browser, page.url) as again:
            drawn(again, other)
            assert rows(again) == [row[:6] for row in truth(voc, other)]
            expect(again.get_by_role("button", name="loss", exact=True)).to_have_attribute("aria-pressed", "true")
            assert again.locator(".nb-ten button").evaluate_all(LABELS) == ten
        page.locator(".nb-ten button").first.click()
        drawn(page, ten[0].split(", ")[0])


def test_keys_lead_along_a_row_to_the_same_photograph_and_to_a_new_query(browser, link: str, asked: str) -> None:
    with page_of(browser, link) as page:
        drawn(page, asked)
        shown = [[name for name, _ in row] for row in rows(page)]
        page.locator(".nb-square[data-row='0']").first.focus()
        page.keyboard.press("ArrowRight")
        card = page.locator(".nb-card h2")
        expect(card).to_contain_text(shown[0][1])
        page.keyboard.press("ArrowDown")
        expect(card).to_contain_text(shown[0][1])
        at = page.locator(".nb-stage :focus")
        assert at.get_attribute("data-row") == "1"
        assert f"in Backward, {shown[0][1]}" in (at.get_attribute("aria-label") or "")
        kernels = [float(text.replace("−", "-")) for text in page.locator(".nb-card .value").all_inner_texts()]
        assert kernels[2] == pytest.approx(kernels[0] * kernels[1], abs=6e-4)
        page.keyboard.press("Enter")
        drawn(page, shown[0][1])


def test_a_shift_click_opens_the_pair_in_kernels(browser, link: str, asked: str) -> None:
    with page_of(browser, link) as page:
        drawn(page, asked)
        other = rows(page)[0][0][0]
        page.locator(".nb-square").first.click(modifiers=["Shift"])
        expect(page.get_by_role("heading", name="Kernels", exact=True)).to_be_visible(timeout=SLOW)
        expect(page.locator(".pairbox figcaption").first).to_contain_text(asked, timeout=SLOW)
        expect(page.locator(".pairbox figcaption").last).to_contain_text(other)


def test_a_query_of_the_plot_is_drawn_and_another_one_too(browser, link: str, asked: str) -> None:
    with page_of(browser, link) as page:
        drawn(page, asked)
        tip = page.locator(".nb-foot .tip")
        for _ in range(60):  # photographs that come late may move the plot away from under the pointer
            box = page.locator(".nb-scatter canvas").bounding_box()
            at = box["x"] + box["width"] / 3, box["y"] + 2 * box["height"] / 3
            page.mouse.move(*at)
            page.wait_for_timeout(500)
            if page.locator(".nb-scatter canvas").bounding_box() == box and "forward" in (tip.text_content() or ""):
                break
        expect(tip).to_contain_text("forward")
        name = tip.inner_text().split(":")[0]
        page.mouse.click(*at)
        drawn(page, name)
        page.get_by_role("button", name="Another query").click()
        expect(page.locator(".nb-query h2")).not_to_have_text(f"Query {name}", timeout=SLOW)


def test_a_photograph_of_ones_own_is_the_query(browser, link: str, asked: str) -> None:
    with page_of(browser, link) as page:
        drawn(page, asked)
        page.get_by_role("button", name="Your own…").click()
        page.locator("input[type=file]").set_input_files(ASSETS / "demo" / "JPEGImages" / "000004.jpg")
        drawn(page, "★ 000004.jpg")
        expect(page.locator(".nb-query p")).to_contain_text("It shows no class")
        expect(page.locator(".nb-mark i")).to_have_count(0)
        assert len(rows(page)[2]) == NEAR
        page.keyboard.press("Escape")
        page.locator(".nb-square").nth(1).click()
        expect(page.locator(".nb-query h2")).to_have_text(re.compile(r"^Query \d{6}$"), timeout=SLOW)
