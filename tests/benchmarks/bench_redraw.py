"""Time in Chromium what a change of a choice costs with features kept, from the click to the new figure.

Run from the project's folder: python -m tests.benchmarks.bench_redraw FOLDER [--images 300|all] [--rounds 2]
FOLDER is a data set with two splits, such as VOCdevkit/VOC2007. Features are stored in a temporary folder. Each change
is the first to its layer or temperature in that run; the rounds differ in preprocessing and thus in all features.
"""

import argparse
import os
import statistics
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

from tests.benchmarks.bench_pages import Traffic
from tests.browser.chromium import browsing, serving

ROOT = Path(__file__).parents[2]
ROLES = ("forward", "backward", "product")
_CANVASES = """
    const roots = [...document.querySelectorAll("*")].flatMap((one) => (one.shadowRoot ? [one.shadowRoot] : []))
    const canvases = roots.flatMap((root) => [...root.querySelectorAll("canvas[data-version]")])
    const versions = canvases.map((canvas) => [canvas.dataset.role || "kernels", canvas.dataset.version])
"""
VERSIONS = f"() => {{ {_CANVASES}; return Object.fromEntries(versions) }}"
CHANGED = f"""before => {{ {_CANVASES}
    return versions.length && versions.every(([role, version]) => version && version !== before[role])
}}"""
TIMED = f"""before => {{
    const changed = {CHANGED}
    let start
    for (const kind of ["pointerdown", "keydown"])
        addEventListener(kind, () => (start ??= performance.now()), {{ capture: true, once: true }})
    window.drawn = new Promise((done) => {{
        const look = () => (start && changed(before) ? done(performance.now() - start) : requestAnimationFrame(look))
        look()
    }})
}}"""
"""Take the time from the press of a button or key to the frame in which the figures have changed."""
QUIET = "() => !document.querySelector('[data-testid=stProgress], [data-testid=stStatusWidgetRunningIcon]')"


def timed(page, act: Callable[[], None], same: tuple[str, ...] = ()) -> float:
    """Return the seconds from an act until every figure but those in `same` is a new one, and drawn."""
    before = {role: version for role, version in page.evaluate(VERSIONS).items() if role not in same}
    page.evaluate(TIMED, before)
    act()
    return page.evaluate("window.drawn") / 1000


def settle(page) -> None:
    """Wait until nothing is being computed for the page any more."""
    page.locator("canvas[data-version]").first.wait_for()
    page.wait_for_function(CHANGED, arg={}, polling="raf")
    quiet(page)


def quiet(page) -> None:
    """Wait until two seconds have passed without a bar or work in the list."""
    still = 0
    while still < 8:
        page.wait_for_timeout(250)
        listed = page.get_by_role("button", name="Work in progress").count()
        still = still + 1 if not listed and page.evaluate(QUIET) else 0


def warmer(page) -> None:
    """Move the temperature one step up."""
    page.get_by_role("slider", name="Temperature").press("ArrowRight")


def round_of(page, address: str, name: str, images: str, preprocess: str) -> dict[str, float]:
    """Open a page and change layer and temperature, each to what was not seen in this run."""
    page.goto(f"{address}{name.lower()}?images={images}&preprocess={preprocess}&temperature=1")
    settle(page)
    found = {}
    for layer in ("fc8", "fc6"):
        found[f"layer to {layer}"] = timed(page, page.get_by_role("radio", name=layer).click)
        settle(page)
    found["layer, seen before"] = timed(page, page.get_by_role("radio", name="fc8").click)
    settle(page)
    for step in (2, 4):
        found[f"temperature to {step}"] = timed(page, lambda: warmer(page), ("forward",))
        settle(page)
    return found


def main() -> None:
    """Open Kernels and Map, change what can be changed, and print medians over rounds."""
    parser = argparse.ArgumentParser()
    parser.add_argument("folder")
    parser.add_argument("--images", default="300")
    parser.add_argument("--rounds", type=int, default=2, choices=(1, 2))
    arguments = parser.parse_args()
    crops = ("center", "squash")[: arguments.rounds]
    with tempfile.TemporaryDirectory() as home:
        os.environ["GRADVIZ_HOME"] = home
        start = time.perf_counter()
        with serving(ROOT / "app.py", "--dataset", arguments.folder) as address, browsing() as browser:
            page = browser.new_page(viewport={"width": 1440, "height": 900})
            page.set_default_timeout(600_000)
            traffic = Traffic(page)
            page.goto(f"{address}?images={arguments.images}")
            page.locator(".net-photo img").first.wait_for()
            print(f"first page, new server and empty store: {time.perf_counter() - start:.1f} s")
            start = time.perf_counter()
            page.reload()
            page.locator(".net-photo img").first.wait_for()
            print(f"first page, warm: {time.perf_counter() - start:.1f} s")
            page.wait_for_timeout(40_000)  # UMAP is compiled in the background after the first answer
            for name in ("Kernels", "Map"):
                traffic.frames.clear()
                rows = defaultdict(list)
                for crop in crops:
                    for what, seconds in round_of(page, address, name, arguments.images, crop).items():
                        rows[what].append(seconds)
                for what, seconds in rows.items():
                    each = ", ".join(f"{one:.2f}" for one in seconds)
                    print(f"{name}, {what}: median {statistics.median(seconds):.2f} s ({each})", flush=True)
                largest = max(size for _, size in traffic.frames) / 1e6
                print(f"{name}: largest message {largest:.2f} MB", flush=True)


if __name__ == "__main__":
    main()
