"""Time in Chromium what Neighbours, SVM, Layers and the report cost with features kept.

Run from the project's folder: python -m tests.benchmarks.bench_deciding FOLDER [--rounds 3]
FOLDER is a data set with two splits, such as VOCdevkit/VOC2007; all its images are taken. Features are stored in a
temporary folder.
"""

import argparse
import os
import statistics
import tempfile
import time
from pathlib import Path

from tests.benchmarks.bench_redraw import quiet
from tests.browser.chromium import browsing, serving

ROOT = Path(__file__).parents[2]
CLICKED = """([selector, before]) => {
    const text = () => [...document.querySelectorAll("*")].map((e) => e.shadowRoot).filter(Boolean)
        .map((r) => r.querySelector(selector)?.textContent).find((t) => t !== undefined)
    let start
    for (const kind of ["pointerdown", "keydown"])
        addEventListener(kind, () => (start ??= performance.now()), { capture: true, once: true })
    window.done = new Promise((done) => {
        const look = () => {
            const now = text()
            start && now && now !== before ? done(performance.now() - start) : requestAnimationFrame(look)
        }
        look()
    })
}"""
"""Take the time from the press of a button or key to the frame in which a text has changed."""


def changes(page, selector: str, act) -> float:
    """Return the seconds from an act until the text of an element is another one."""
    page.evaluate(CLICKED, [selector, page.locator(selector).first.text_content()])
    act()
    return page.evaluate("window.done") / 1000


def said(what: str, seconds: list[float]) -> None:
    each = ", ".join(f"{one:.2f}" for one in seconds)
    print(f"{what}: median {statistics.median(seconds):.2f} s ({each})", flush=True)


def opening(page, address: str, name: str, ready: str) -> float:
    """Open a page in a new visit; return the seconds until its figure is there."""
    start = time.perf_counter()
    page.goto(f"{address}{name}")
    page.locator(ready).first.wait_for()
    return time.perf_counter() - start


def main() -> None:
    """Open each page, act, and print medians over rounds."""
    parser = argparse.ArgumentParser()
    parser.add_argument("folder")
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    rounds = range(arguments.rounds)
    with tempfile.TemporaryDirectory() as home:
        os.environ["GRADVIZ_HOME"] = home
        with serving(ROOT / "app.py", "--dataset", arguments.folder) as address, browsing() as browser:
            page = browser.new_page(viewport={"width": 1440, "height": 900})
            page.set_default_timeout(600_000)
            opening(page, address, "neighbours?images=all", ".nb-scatter canvas")
            page.wait_for_timeout(40_000)  # UMAP is compiled in the background after the first answer
            seconds = []
            for k in rounds:
                quiet(page)
                square = page.locator(".nb-stage .nb-row").nth(1).locator(".nb-square").nth(2 + k)
                seconds.append(changes(page, ".nb-query h2", square.click))
            said("Neighbours, click to the new query", seconds)

            seconds = [opening(page, address, f"svm?images=all&temperature={2**k}", ".scores-line") for k in rounds]
            said("SVM, opens trained, a temperature not seen before", seconds)
            slider = page.get_by_role("slider", name="C of the SVMs")
            seconds = []
            for _ in rounds:
                quiet(page)
                seconds.append(changes(page, ".means-side.a > b", lambda: slider.press("ArrowRight")))
            said("SVM, a step of C to the new scores", seconds)

            start = time.perf_counter()
            page.goto(f"{address}layers?images=all")
            page.locator(".layers-line").first.wait_for()
            first = time.perf_counter() - start
            page.locator(".layers-differences .line").first.wait_for()
            print(f"Layers: first row {first:.1f} s, all rows and the score {time.perf_counter() - start:.1f} s")

            page.goto(f"{address}?images=all&temperature=64")
            quiet(page)
            for name in ("Everything as HTML", "Open all pages again"):
                report(page, name)


WALKED = """() => {
    const start = performance.now()
    const seen = []
    window.walked = new Promise((done) => {
        const look = () => {
            const title = document.querySelector("h1")?.textContent
            if (title && title !== seen.at(-1)?.[0]) seen.push([title, (performance.now() - start) / 1000])
            const walks = document.querySelector(".st-key-gv-report-walk")
            if (seen.length > 2 && title === seen[0][0] && !walks) done(seen)
            else requestAnimationFrame(look)
        }
        look()
    })
}"""
"""Note when which page is there, until the walk is back where it began."""


def report(page, button: str) -> None:
    """Have a report of all pages written, and print when each page was there and how long the file took."""
    page.get_by_role("button", name="Export", exact=True).click()
    page.get_by_role("button", name=button).wait_for()
    page.evaluate(WALKED)
    start = time.perf_counter()
    page.get_by_role("button", name=button).click()
    pages = [f"{title} {seconds:.1f}" for title, seconds in page.evaluate("window.walked")[1:]]
    page.get_by_role("button", name="Export", exact=True).click()
    with page.expect_download() as download:
        page.get_by_role("button", name="Everything as HTML").first.click()
    size = Path(download.value.path()).stat().st_size / 1e6
    page.keyboard.press("Escape")
    print(f"Report, {button}: {time.perf_counter() - start:.1f} s ({', '.join(pages)}), {size:.1f} MB", flush=True)


if __name__ == "__main__":
    main()
