"""The hazards of a class at one server: fifty visitors by websocket and three tabs of Chromium.

They arrive within thirty seconds and act once in ten: most move the temperature or change page, every fifth one uploads
a picture of a name that nobody else has. Rows 6, 7, 8 and 23 read one and the same run.
"""

import os
import random
import statistics
import tempfile
import threading
import time
from contextlib import ExitStack
from functools import cache
from pathlib import Path
from typing import Any

import httpx

from gradviz.home import ASSETS
from tests.benchmarks.hazards_core import Found
from tests.browser.chromium import Address, browsing, serving
from tests.conftest import ROOT
from tests.visitors import Visitor, memory, processor

VISITORS, TABS = 50, 3
ARRIVING, PAUSE, ACTIONS = 30.0, 10.0, 6
PAGES = ("", "map", "svm", "data")

_open = ExitStack()


@cache
def address() -> Address:
    """Start the server once, and let it answer one visitor: what comes with the first answer is no visitor's."""
    os.environ["GRADVIZ_HOME"] = _open.enter_context(tempfile.TemporaryDirectory())
    found = _open.enter_context(serving(ROOT / "app.py"))
    with Visitor(found, "", "images=100") as first:
        first.load().settled()
        first.page = "map"
        first.run().settled()
        first.page = "data"
        first.run().settled()
        first.drop(("first.jpg", picture(0))).until(lambda: "taken in," in first.text()).settled()
    time.sleep(5)
    return found


def close() -> None:
    """Stop the server."""
    _open.close()


def picture(number: int) -> bytes:
    """Return a picture of the demo set."""
    pictures = sorted((ASSETS / "demo/JPEGImages").iterdir())
    return pictures[number % len(pictures)].read_bytes()


class Class:
    """What happened to a class: seconds of loads and reruns, markers looked for, memory and processor time."""

    def __init__(self) -> None:
        self.loads: list[float] = []
        self.reruns: list[float] = []
        self.failed: list[str] = []
        self.looked = self.foreign = 0
        self.tabs: list[float] = []
        self.grown = self.seconds = self.used = 0.0

    def visit(self, number: int) -> None:
        """Be one visitor."""
        seeded, mine = random.Random(number), f"marker-{number:03d}-"
        time.sleep(seeded.uniform(0, ARRIVING))
        try:
            with Visitor(address(), PAGES[number % len(PAGES)], "images=100") as visitor:
                visitor.load()
                self.loads.append(visitor.waited[0])
                for action in range(ACTIONS):
                    pause = time.monotonic() + seeded.uniform(0.5, 1.5) * PAUSE
                    visitor.until(lambda until=pause: time.monotonic() > until, 2 * PAUSE)
                    self._act(visitor, number, action, mine)
                    text = visitor.text()
                    for other in range(VISITORS):
                        if other != number:
                            self.looked += 1
                            self.foreign += f"marker-{other:03d}-" in text
                self.reruns += visitor.waited[1:]
        except Exception as error:
            self.failed.append(f"{type(error).__name__}: {str(error)[:150]}")

    def _act(self, visitor: Visitor, number: int, action: int, mine: str) -> None:
        if number % 5 == 0 and action == 1:
            visitor.page = "data"
            runs = len(visitor.waited)
            visitor.run().until(lambda: len(visitor.waited) > runs and bool(visitor.all("file_uploader")))
            visitor.drop((f"{mine}{action}.jpg", picture(number)))
        elif action % 3 == 2:
            visitor.page = PAGES[(number + action) % len(PAGES)]
            runs = len(visitor.waited)
            visitor.run().until(lambda: len(visitor.waited) > runs)
        else:
            visitor.query = f"images=100&temperature={2 ** (1 + (number + action) % 3)}"
            runs = len(visitor.waited)
            visitor.run().until(lambda: len(visitor.waited) > runs)

    def tab(self) -> None:
        """Be the tabs of Chromium: each opens, and changes its page."""
        try:
            with browsing() as browser:
                pages: list[Any] = []
                for _ in range(TABS):
                    began, page = time.monotonic(), browser.new_page()
                    page.goto(address() + "?images=100")
                    page.locator("canvas").first.wait_for(timeout=60_000)
                    self.tabs.append(time.monotonic() - began)
                    pages.append(page)
                for page in pages:
                    page.get_by_role("link", name="Data").click()
                    page.locator("input[type=file]").wait_for(state="attached", timeout=60_000)
        except Exception as error:
            self.failed.append(f"tab: {type(error).__name__}: {str(error)[:150]}")


@cache
def of_fifty() -> Class:
    """Let the class come, act and leave; done once."""
    server, everybody = address().process.pid, Class()
    before, used, began = memory(server), processor(server), time.monotonic()
    threads = [threading.Thread(target=everybody.visit, args=(number,)) for number in range(VISITORS)]
    threads.append(threading.Thread(target=everybody.tab))
    for thread in threads:
        thread.start()
    highest = before
    while any(thread.is_alive() for thread in threads):
        time.sleep(1)
        highest = max(highest, memory(server))
    everybody.grown = (highest - before) / 1e6
    everybody.seconds, everybody.used = time.monotonic() - began, processor(server) - used
    return everybody


def _late(times: list[float]) -> float:
    return statistics.quantiles(times, n=20)[-1] if len(times) > 1 else float("inf")


def memory_of_class(folder: Path) -> Found:
    """Return by how much the server grew."""
    found = of_fifty()
    return Found(f"{VISITORS} + {TABS} tabs", f"+ {found.grown:.0f} MB at most", found.grown < 100)


def load_of_class(folder: Path) -> Found:
    """Return how long loads and reruns took."""
    found = of_fifty()
    load, rerun = _late(found.loads), _late(found.reruns)
    figure = (
        f"{len(found.loads)} loaded, P95 {load:.2f} s; {len(found.reruns)} reruns, P95 {rerun:.2f} s; tabs "
        f"{', '.join(f'{t:.1f}' for t in found.tabs)} s; server {found.used:.0f} of {found.seconds:.0f} s; failed: "
        f"{found.failed[:2] or 0}"
    )
    whole = len(found.loads) == VISITORS and len(found.tabs) == TABS and not found.failed
    return Found(f"{VISITORS} + {TABS} tabs", figure, whole and load < 5 and rerun < 1)


def markers(folder: Path) -> Found:
    """Return how often a visitor saw the name of another's picture."""
    found = of_fifty()
    return Found(f"{found.looked:,} looks", f"{found.foreign} foreign", not found.foreign and found.looked >= 1000)


def figures(folder: Path) -> Found:
    """Return the bytes that the pages of all images send, and the largest message."""
    sizes = []
    for page in ("", "map", "svm", "data"):
        with Visitor(address(), page, "images=all") as visitor:
            visitor.load().settled()
            sizes.append((visitor.received / 1e6, visitor.largest / 1e6))
    page, figure = max(size for size, _ in sizes), max(size for _, size in sizes)
    return Found("4 pages, 720 images", f"page {page:.1f} MB, figure {figure:.1f} MB", page < 15 and figure < 5)


def strangers(folder: Path) -> Found:
    """Ask under foreign names and origins, and for pages with nonsense in their addresses."""
    there, shown = address(), 0
    refused = 0
    for name in ("evil.example", "evil.example:8501", "localhost.evil.example"):
        answer = httpx.get(there + "_stcore/host-config", headers={"Host": name})
        refused += answer.status_code >= 400
    nonsense = ("images=x", "layer=../../etc/passwd", "data=%00", "temperature=nan", "seed=-1", "pair=a&pair=b")
    for query in nonsense:
        with Visitor(there, "", query) as visitor:
            visitor.load().settled()
            text = visitor.text()
            shown += "Traceback" in text or "site-packages" in text or 'File "' in text
    figure = f"{refused} of 3 foreign names refused, {shown} tracebacks shown"
    return Found(f"3 names, {len(nonsense)} addresses", figure, not shown and refused == 3)
