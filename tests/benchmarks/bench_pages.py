"""Time later visits to every page in Chromium, from the click to the last message that the server sends.

Run from the project's folder: python -m tests.benchmarks.bench_pages FOLDER [--images 300|all] [--rounds 5]
FOLDER is a data set with two splits, such as VOCdevkit/VOC2007. Features are stored in a temporary folder.
"""

import argparse
import os
import statistics
import tempfile
import time
from pathlib import Path

from tests.browser.chromium import browsing, serving

ROOT = Path(__file__).parents[2]
DRAWN = {
    "Network": ".net-class",
    "Kernels": "canvas",
    "Map": "canvas",
    "Neighbours": ".nb-square",
    "SVM": ".scores-line",
}
QUIET = 1.0
"""Seconds without a message after which a visit has ended."""


class Traffic:
    """The messages from the server: when they arrive and how large they are."""

    def __init__(self, page) -> None:
        self.frames: list[tuple[float, int]] = []
        page.on("websocket", lambda socket: socket.on("framereceived", self._note))

    def _note(self, payload: str | bytes) -> None:
        self.frames.append((time.perf_counter(), len(payload)))


def visit(page, traffic: Traffic, name: str) -> tuple[float, float]:
    """Go to a page by its link; return seconds until the last message, and megabytes received."""
    traffic.frames.clear()
    start = time.perf_counter()
    page.get_by_role("link", name=name, exact=True).click()
    page.get_by_role("heading", name=name, exact=True).wait_for()
    while not traffic.frames or time.perf_counter() - traffic.frames[-1][0] < QUIET:
        page.wait_for_timeout(50)
    return traffic.frames[-1][0] - start, sum(size for _, size in traffic.frames) / 1e6


def main() -> None:
    """Open every page once until it is drawn, then visit each several more times."""
    parser = argparse.ArgumentParser()
    parser.add_argument("folder")
    parser.add_argument("--images", default="300")
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as home:
        os.environ["GRADVIZ_HOME"] = home
        with serving(ROOT / "app.py", "--dataset", arguments.folder) as address, browsing() as browser:
            page = browser.new_page(viewport={"width": 1440, "height": 900})
            page.set_default_timeout(600_000)
            traffic = Traffic(page)
            page.goto(f"{address}kernels?images={arguments.images}")
            for name, drawn in DRAWN.items():
                page.locator("canvas").first.wait_for()
                page.get_by_role("link", name=name, exact=True).click()
                page.get_by_role("heading", name=name, exact=True).wait_for()
                page.locator(drawn).first.wait_for()
                visit(page, traffic, "Kernels")
            page.wait_for_timeout(40_000)  # UMAP is compiled in the background after the first answer
            for name in DRAWN:
                found = [visit(page, traffic, name) for _ in range(arguments.rounds) if visit(page, traffic, "Data")]
                seconds, megabytes = (statistics.median(column) for column in zip(*found, strict=True))
                slowest = max(time for time, _ in found)
                print(f"{name}: {seconds:.2f} s, slowest {slowest:.2f} s, {megabytes:.2f} MB")


if __name__ == "__main__":
    main()
