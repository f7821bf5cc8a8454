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
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import cache
from multiprocessing import get_context
from pathlib import Path
from urllib.parse import urlsplit

from gradviz.home import ASSETS
from tests.benchmarks.hazards_core import Found
from tests.browser.chromium import Address, browsing, serving
from tests.conftest import ROOT
from tests.test_package import answer
from tests.visitors import Visitor, memory, processor

VISITORS, TABS, GROUPS = 50, 3, 5
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
    time.sleep(20)
    return found


def close() -> None:
    """Stop the server."""
    _open.close()


def picture(number: int) -> bytes:
    """Return a picture of the demo set."""
    pictures = sorted((ASSETS / "demo/JPEGImages").iterdir())
    return pictures[number % len(pictures)].read_bytes()


@dataclass
class Part:
    """What happened to some of a class: seconds of loads and reruns, messages looked into, foreign names in them."""

    loads: list[float] = field(default_factory=list)
    reruns: list[float] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    looked: int = 0
    foreign: int = 0

    def visit(self, where: str, number: int) -> None:
        """Be one visitor."""
        seeded = random.Random(number)
        time.sleep(seeded.uniform(0, ARRIVING))
        try:
            with Visitor(where, PAGES[number % len(PAGES)], "images=100") as visitor:
                visitor.load()
                self.loads.append(visitor.waited[0])
                for action in range(ACTIONS):
                    pause = time.monotonic() + seeded.uniform(0.5, 1.5) * PAUSE
                    visitor.until(lambda until=pause: time.monotonic() > until)
                    _act(visitor, number, action)
                visitor.settled()
                self.reruns += visitor.waited[1:]
                self.looked += visitor.messages
                self.foreign += len(visitor.markers - {str(number).encode()})
        except Exception as error:
            self.failed.append(f"{type(error).__name__}: {str(error)[:150]}")


def _act(visitor: Visitor, number: int, action: int) -> None:
    runs = len(visitor.waited)
    if number % 5 == 0 and action == 1:
        visitor.page = "data"
        visitor.run().until(lambda: len(visitor.waited) > runs and bool(visitor.all("file_uploader")))
        visitor.drop((f"marker-{number}-{action}.jpg", picture(number)))
        return
    if action % 3 == 2:
        visitor.page = PAGES[(number + action) % len(PAGES)]
    else:
        visitor.query = f"images=100&temperature={2 ** (1 + (number + action) % 3)}"
    visitor.run().until(lambda: len(visitor.waited) > runs)


def part_of_class(where: str, numbers: Sequence[int]) -> Part:
    """Be some visitors, in a process of their own: fifty in one would wait for each other."""
    part = Part()
    threads = [threading.Thread(target=part.visit, args=(where, number)) for number in numbers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return part


def tabs(where: str) -> list[float]:
    """Open the tabs of Chromium, change page in each, and return the seconds until each showed a figure."""
    took = []
    with browsing() as browser:
        pages = []
        for _ in range(TABS):
            began, page = time.monotonic(), browser.new_page()
            page.goto(where + "?images=100")
            page.locator("canvas").first.wait_for(timeout=60_000)
            took.append(time.monotonic() - began)
            pages.append(page)
        for page in pages:
            page.get_by_role("link", name="Data").click()
            page.locator("input[type=file]").wait_for(state="attached", timeout=60_000)
    return took


@dataclass
class Class(Part):
    """What happened to all of it; the server's memory and processor time."""

    tabs: list[float] = field(default_factory=list)
    grown: float = 0.0
    seconds: float = 0.0
    used: float = 0.0


@cache
def of_fifty() -> Class:
    """Let the class come, act and leave; done once."""
    server = address().process.pid
    with ProcessPoolExecutor(GROUPS + 1, mp_context=get_context("spawn")) as pool:
        list(pool.map(time.sleep, [5] * (GROUPS + 1)))  # what starting them takes is no server's
        before, used, began = memory(server), processor(server), time.monotonic()
        highest = before
        groups = [range(first, VISITORS, GROUPS) for first in range(GROUPS)]
        parts = [pool.submit(part_of_class, str(address()), group) for group in groups]
        browser = pool.submit(tabs, str(address()))
        while not all(future.done() for future in (*parts, browser)):
            time.sleep(1)
            highest = max(highest, memory(server))
    found = Class(tabs=[] if browser.exception() else browser.result())
    for part in (future.result() for future in parts):
        for name in ("loads", "reruns", "failed", "looked", "foreign"):
            setattr(found, name, getattr(found, name) + getattr(part, name))
    found.grown = (highest - before) / 1e6
    found.seconds, found.used = time.monotonic() - began, processor(server) - used
    return found


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
    return Found(f"{found.looked:,} messages", f"{found.foreign} foreign", not found.foreign and found.looked >= 1000)


def figures(folder: Path) -> Found:
    """Return the bytes that the pages of all images send, and the largest message."""
    sizes = []
    with Visitor(address(), "", "images=1") as first:
        pages = first.load().pages
    for page in pages:
        with Visitor(address(), page, "images=all") as visitor:
            visitor.load().settled()
            sizes.append((visitor.received / 1e6, visitor.largest / 1e6))
    page, figure = max(size for size, _ in sizes), max(size for _, size in sizes)
    return Found(
        f"{len(pages)} pages, 720 images", f"page {page:.1f} MB, figure {figure:.1f} MB", page < 15 and figure < 5
    )


def strangers(folder: Path) -> Found:
    """Ask under foreign names and origins, and for pages with nonsense in their addresses."""
    there, shown = address(), 0
    refused = 0
    for name in ("evil.example", "evil.example:8501", "localhost.evil.example"):
        refused += answer(urlsplit(there).port or 0, name) != 101
    nonsense = ("images=x", "layer=../../etc/passwd", "data=%00", "temperature=nan", "seed=-1", "pair=a&pair=b")
    for query in nonsense:
        with Visitor(there, "", query) as visitor:
            visitor.load().settled()
            text = visitor.text()
            shown += "Traceback" in text or "site-packages" in text or 'File "' in text
    figure = f"{refused} of 3 foreign names refused, {shown} tracebacks shown"
    return Found(f"3 names, {len(nonsense)} addresses", figure, not shown and refused == 3)
