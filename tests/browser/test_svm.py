"""The SVM page in Chromium, on real photographs: trained at once, scored anew, from numbers to photographs and back."""

import csv
import io
import json
import re
import time
import zipfile
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Page, expect

from gradviz.datasets import find
from gradviz.experiment import Experiment
from gradviz.spec import Spec
from tests.browser.chromium import page_of
from tests.conftest import ROOT

SLOW = 240_000
IMAGES = 100
PICTURE = re.compile("blob:")

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def address(visited: str) -> str:
    return f"{visited}svm?images={IMAGES}"


def opened(page: Page) -> Page:
    """Wait until both results, their intervals and the photographs are there."""
    expect(page.locator(".scores-line .thick").first).to_be_attached(timeout=SLOW)
    expect(page.locator(".scores-thumbnail img[src]").first).to_be_visible(timeout=SLOW)
    expect(page.locator(".scores-squares i").first).to_have_css("background-image", PICTURE, timeout=SLOW)
    return page


def means(page: Page) -> list[str]:
    return page.locator(".means-side > b").all_text_contents()


def of_lines(page: Page) -> dict[str, tuple[str, str]]:
    """Return what the list says of each class: AP under A and B."""
    found = page.locator(".scores-line").evaluate_all(
        "lines => lines.map((l) => ['.scores-name', '.scores-number.a', '.scores-number.b']"
        ".map((s) => l.querySelector(s).textContent))"
    )
    return {name: (a, b) for name, a, b in found}


def query(page: Page) -> dict[str, str]:
    return {name: values[-1] for name, values in parse_qs(urlsplit(page.url).query).items()}


def command(gradviz, voc_root: Path, place: Path, representation: str, *more: str) -> dict:
    asked = ("--representation", representation, "--train", "train", "--test", "val", "--images", str(IMAGES))
    code, out, err = gradviz("evaluate", voc_root, *asked, *more, "--json", "--home", place)
    assert code == 0, err
    return json.loads(out)


def shown(value: float | None) -> str:
    return "–" if value is None else f"{value:.1f}"


def test_it_opens_trained_and_a_moved_c_gives_the_command_lines_scores(
    browser, address: str, voc_root: Path, place: Path, gradviz, record_property
) -> None:
    began = time.monotonic()
    with page_of(browser, address) as page:
        expect(page.locator(".scores-line").first).to_be_visible(timeout=SLOW)
        record_property("seconds until the scores are there, features not kept", round(time.monotonic() - began, 1))
        opened(page)
        a, b = (command(gradviz, voc_root, place, name) for name in ("dW7", "x6+x7"))
        assert means(page)[:2] == [shown(a["mean_ap"]), shown(b["mean_ap"])]
        expected = {name: (shown(a["per_class"][name]), shown(b["per_class"][name])) for name in a["per_class"]}
        assert of_lines(page) == expected
        low, high = a["intervals"]["mean_ap"]
        expect(page.locator(".means-side.a .words")).to_contain_text(f"mAP, 95 %: {low:.1f} to {high:.1f}")
        positives = page.locator(".scores-line", has_text="person").locator(".scores-number.quiet").text_content()
        assert positives == str(a["positives"]["person"])

        slider = page.get_by_role("slider", name="C of the SVMs")
        for _ in range(3):  # 1, 2, 5, 10
            slider.press("ArrowRight")
        began = time.monotonic()
        page.wait_for_url(lambda url: parse_qs(urlsplit(url).query).get("C") == ["10"], timeout=SLOW)
        a, b = (command(gradviz, voc_root, place, name, "--C", "10") for name in ("dW7", "x6+x7"))
        wanted = [shown(a["mean_ap"]), shown(b["mean_ap"])]
        expect(page.locator(".means-side.a > b")).to_have_text(wanted[0], timeout=SLOW)
        expect(page.locator(".means-side.b > b")).to_have_text(wanted[1], timeout=SLOW)
        assert of_lines(page)["person"] == (shown(a["per_class"]["person"]), shown(b["per_class"]["person"]))
        record_property("seconds from the key to the scores", round(time.monotonic() - began, 1))
    with page_of(browser, address) as page:
        began = time.monotonic()
        expect(page.locator(".scores-line").first).to_be_visible(timeout=SLOW)
        record_property("seconds until the scores are there, features kept", round(time.monotonic() - began, 1))


def test_one_click_leads_from_a_weak_class_to_its_wrong_photographs(
    browser, address: str, voc_root: Path, place: Path
) -> None:
    scored = Experiment(find(voc_root), Spec(images=IMAGES)).evaluate("dW7", train="train", test="val")
    with page_of(browser, address) as page:
        opened(page)
        line = page.locator(".scores-line:not([aria-pressed=true])").last
        name = line.locator(".scores-name").text_content()
        line.click()
        expect(page.locator(".scores-panel h2")).to_have_text(name, timeout=SLOW)
        c = list(scored.per_class).index(name)
        label = scored.test.labels[:, c]
        order = sorted((i for i in range(len(label)) if label[i] < 0), key=lambda i: -scored.scores[i, c])
        strip = page.locator(".scores-strip", has=page.locator(".scores-title .wrong"))
        buttons = strip.locator("button[data-photo]")
        expect(buttons.first.locator("img")).to_have_attribute("src", PICTURE, timeout=SLOW)
        ids = buttons.evaluate_all("all => all.map((one) => one.dataset.photo)")
        assert ids == [scored.test.ids[i] for i in order[: len(ids)]]
        assert len(ids) >= 4
        assert query(page)["row"] == name

        buttons.nth(2).hover()
        expect(page.locator(".scores-facts")).to_contain_text(ids[2])
        expect(page.locator(".scores-facts strong")).to_contain_text(f"No {name}")
        assert page.locator(".scores-ranks b").count() == 4
        expect(page.locator(".scores-curve .ring")).to_have_count(2)
        expect(page.locator(".scores-photo image")).to_have_count(1)
        buttons.nth(2).click()
        page.wait_for_url(lambda url: parse_qs(urlsplit(url).query).get("focus") == [ids[2]], timeout=SLOW)


def test_the_keys_walk_through_the_classes(browser, address: str) -> None:
    with page_of(browser, address) as page:
        opened(page)
        names = page.locator(".scores-name").all_text_contents()
        page.locator(".scores-line").first.focus()
        page.keyboard.press("Enter")
        expect(page.locator(".scores-panel h2")).to_have_text(names[0], timeout=SLOW)
        page.keyboard.press("ArrowDown")
        expect(page.locator(".scores-panel h2")).to_have_text(names[1], timeout=SLOW)
        expect(page.locator(".scores-line[aria-pressed=true] .scores-name")).to_have_text(names[1])
        page.get_by_role("button", name="class", exact=True).click()
        page.wait_for_url(lambda url: "sort=class" in url, timeout=SLOW)
        assert page.locator(".scores-name").all_text_contents() == sorted(names)


def test_results_come_back_and_a_colleague_sees_the_same(browser, address: str) -> None:
    with page_of(browser, f"{address}&temperature=8") as page:
        opened(page)
        page.get_by_label("B: x6+x7. Choose another result").select_option("x6")
        expect(page.locator(".means-side.b .formula")).to_have_text("x6", timeout=SLOW)
        page.locator(".scores-line", has_text="car").first.click()
        expect(page.locator(".scores-panel h2")).to_have_text("car", timeout=SLOW)
        opened(page)
        here = means(page), of_lines(page), page.locator(".scores-panel .numbers").text_content()
        page.get_by_role("link", name="Kernels").click()
        expect(page.get_by_role("heading", name="Kernels", exact=True)).to_be_visible(timeout=SLOW)
        page.get_by_role("link", name="SVM").click()
        opened(page)
        assert (means(page), of_lines(page), page.locator(".scores-panel .numbers").text_content()) == here
        page.wait_for_url(lambda url: parse_qs(urlsplit(url).query).get("row") == ["car"], timeout=SLOW)
        link = page.url
    with page_of(browser, link) as page:
        opened(page)
        assert (means(page), of_lines(page), page.locator(".scores-panel .numbers").text_content()) == here


def test_the_export_is_what_the_command_line_says(browser, address: str, voc_root: Path, place: Path, gradviz) -> None:
    with page_of(browser, address) as page:
        opened(page)
        page.get_by_role("button", name="Export").click()
        with page.expect_download(timeout=SLOW) as download:
            page.get_by_role("button", name="Scores as CSV").click()
        table = list(csv.DictReader(io.StringIO(download.value.path().read_text(encoding="utf-8"))))
        assert {row["representation"] for row in table} == {"x6", "x6+x7", "dW7"}
        for row in table:
            told = command(gradviz, voc_root, place, row["representation"])
            assert float(row["mean_ap"]) == pytest.approx(told["mean_ap"], abs=0.005)
            for name, ap in told["per_class"].items():
                title = f"class {name}" if name in ("train",) else name
                assert row[title] == ("" if ap is None else f"{ap:.2f}")
                assert row[f"{name} positives"] == str(told["positives"][name])
        with page.expect_download(timeout=SLOW) as download:
            page.get_by_role("button", name="Scores and choices as JSON").click()
        exported = json.loads(download.value.path().read_text(encoding="utf-8"))
        assert {one["spec"]["representation"] for one in exported} == {"x6", "x6+x7", "dW7"}
        code, out, err = gradviz("evaluate", voc_root, "--like", download.value.path(), "--home", place)
        assert code == 0, out + err


def test_ones_own_photographs_with_class_folders_are_trained(browser, address: str) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for number in range(1, 17):
            picture = (ROOT / f"assets/demo/JPEGImages/{number:06d}.jpg").read_bytes()
            archive.writestr(f"{'cats' if number % 2 else 'dogs'}/{number:02d}.jpg", picture)
    with page_of(browser, address.replace("svm?", "data?view=Add+your+own&")) as page:
        file = {"name": "classes.zip", "mimeType": "application/zip", "buffer": packed.getvalue()}
        page.locator("input[type=file]").set_input_files([file])
        expect(page.get_by_text("16 photographs taken in")).to_be_visible(timeout=SLOW)
        page.locator("section[data-testid=stSidebar] [data-testid=stSelectbox] input").first.click()
        page.get_by_role("option", name="your photographs").click()
        expect(page.get_by_text("Only you see these photographs")).to_be_visible(timeout=SLOW)
        page.get_by_role("link", name="SVM").click()
        opened(page)
        assert set(of_lines(page)) == {"cats", "dogs"}
        assert all(value != "–" for value in means(page)[:2])


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("width", "height"), [(1440, 900), (1280, 720), (1024, 768)])
def test_nothing_that_matters_is_below_the_fold_or_cut(
    browser, address: str, scheme: str, width: int, height: int
) -> None:
    with page_of(browser, address, viewport={"width": width, "height": height}, color_scheme=scheme) as page:
        opened(page)
        page.wait_for_timeout(500)
        for part in (".scores-panel", ".scores-legend", ".means", ".scores-row button >> nth=-1"):
            box = page.locator(part).last.bounding_box()
            assert box["x"] + box["width"] <= width + 1, part
            assert box["y"] + box["height"] <= height + 1, part
        for part in (".scores-number", ".scores-caption b", ".scores-panel-head .numbers", ".means-side > b"):
            cut = page.locator(part).evaluate_all(
                "all => all.filter((one) => one.scrollWidth > one.clientWidth + 1 && getComputedStyle(one).display "
                "!== 'inline').map((one) => one.textContent)"
            )
            assert cut == [], part
        captions = page.locator(".scores-caption").evaluate_all(
            "all => all.filter((one) => one.querySelector('.a') && one.scrollWidth > one.clientWidth + 1).length"
        )
        assert captions == 0, "ranks are never cut"
        assert page.evaluate("document.documentElement.scrollHeight") <= height + 1


def test_a_presentation_fits_too(browser, address: str) -> None:
    with page_of(browser, f"{address}&present=true") as page:
        opened(page)
        page.wait_for_timeout(500)
        for part in (".scores-panel", ".scores-legend"):
            box = page.locator(part).bounding_box()
            assert box["y"] + box["height"] <= 901, part
            assert box["x"] + box["width"] <= 1441, part
