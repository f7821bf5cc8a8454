"""A class at one server: who asks the same shares the answer, and no page sends more than it may."""

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest

from tests.browser.chromium import Address, serving
from tests.conftest import ROOT
from tests.visitors import Visitor

NOTED = """
import os
from gradviz.ui import queue
run = queue.Queue._run
def noted(self, job):
    with open(os.environ["GRADVIZ_HOME"] + ".jobs", "a") as file:
        file.write(f"{job.title} {hash(job.key)}\\n")
    run(self, job)
queue.Queue._run = noted
"""
"""Write down each job that is begun."""


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("class") / "home"


@pytest.fixture(scope="module")
def address(place: Path) -> Iterator[Address]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRADVIZ_HOME", str(place))
        with serving(ROOT / "app.py", before=NOTED) as address:
            yield address


def begun(place: Path) -> Counter[str]:
    return Counter(Path(f"{place}.jobs").read_text().splitlines())


def answered(address: Address, page: str, query: str, together: Barrier) -> str:
    """Ask with the others; return what is wrong with the answer, or nothing."""
    with Visitor(address, page, query) as visitor:
        together.wait()
        visitor.load().settled()
        wrong = visitor.errors or visitor.all("exception") or not visitor.all("bidi_component")
        return f"{page}?{query} shows {visitor.text()}" if wrong else ""


def test_each_question_of_a_class_is_computed_once_and_all_are_answered(address: Address, place: Path) -> None:
    asked = [(page, f"images=40&temperature={t}") for page in ("kernels", "map") for t in (1, 2)]
    for times in (2, 1):  # who comes later is given what is there
        visits = asked * times
        together = Barrier(len(visits))
        with ThreadPoolExecutor(len(visits)) as pool:  # each reads what it is sent, as a browser does
            wrong = [pool.submit(answered, address, *visit, together) for visit in visits]
        assert [one.result() for one in wrong] == [""] * len(visits)
        jobs = begun(place)
        assert jobs.total() >= len(asked)
        assert set(jobs.values()) == {1}, jobs


def test_no_page_of_all_photographs_sends_more_than_it_may(address: Address) -> None:
    sizes = {}
    with Visitor(address, "", "images=1") as first:
        pages = first.load().pages
    assert {"kernels", "map", "svm", "data"} < set(pages)
    for page in pages:
        with Visitor(address, page, "images=all") as visitor:
            visitor.load().settled(300)
            assert not visitor.all("exception"), visitor.text()
            sizes[page] = visitor.received / 1e6, visitor.largest / 1e6
    assert {page: figure for page, (_, figure) in sizes.items() if figure >= 5} == {}
    assert {page: whole for page, (whole, _) in sizes.items() if whole >= 15} == {}
