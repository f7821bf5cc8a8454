"""Visitors of a real server who upload and leave: what becomes of their photographs, their uploads and their work."""

import io
import os
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gradviz.datasets.uploads import MB
from gradviz.home import ASSETS
from tests.browser.chromium import Address, serving
from tests.conftest import ROOT
from tests.visitors import Visitor, memory

PICTURES = sorted((ASSETS / "demo/JPEGImages").iterdir())
SHORT = """
from gradviz.ui import arrivals, sessions
sessions.LOOK, sessions.AWAY, sessions.END = 0.2, 2.0, 12.0
arrivals.WAITING = 120_000_000
"""
"""In place of twenty seconds, and of two and a half minutes."""


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("left")


@pytest.fixture(scope="module")
def address(place: Path) -> Iterator[Address]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRADVIZ_HOME", str(place))
        with serving(ROOT / "app.py", before=SHORT) as address:
            yield address


def on_data_page(address: Address, images: int = 50) -> Visitor:
    return Visitor(address, "data", f"view=Add+your+own&images={images}").load().settled()


def dropped(visitor: Visitor, *files: tuple[str, bytes]) -> Visitor:
    visitor.drop(*files)
    return visitor.until(lambda: "taken in," in visitor.text())


def left(place: Path) -> list[Path]:
    # os.walk passes over folders that are removed meanwhile, rglob does not.
    files = (Path(folder, name) for folder, _, names in os.walk(place / "visitors") for name in names)
    return [path for path in files if path.suffix != ".lock"]


def before(seconds: float, there: Callable[[], bool]) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if there():
            return True
        time.sleep(0.1)
    return False


def test_photographs_of_visitors_who_have_left_are_gone(address: Address, place: Path) -> None:
    visitors = [on_data_page(address) for _ in range(3)]
    for number, visitor in enumerate(visitors):
        dropped(visitor, (f"{number}.jpg", PICTURES[number].read_bytes()))
    assert len([path for path in left(place) if path.suffix == ".jpg"]) == 3
    for visitor in visitors[:2]:
        visitor.close()
    assert before(60, lambda: len([path for path in left(place) if path.suffix == ".jpg"]) == 1)
    visitors[2].run().until(lambda: "2.jpg" in visitors[2].text())  # who stays keeps everything
    visitors[2].close()
    assert before(60, lambda: not left(place)), left(place)


def test_a_lost_connection_loses_no_photograph(address: Address, place: Path) -> None:
    with on_data_page(address) as visitor:
        dropped(visitor, ("mine.jpg", PICTURES[3].read_bytes()))
        session = visitor.session
        visitor.socket.close()
        time.sleep(3)
        visitor.reconnect()
        time.sleep(11)
        visitor.run().until(lambda: "mine.jpg" in visitor.text())
        assert visitor.session == session
        assert [path for path in left(place) if path.suffix == ".jpg"]
    assert before(60, lambda: not left(place)), left(place)


def test_uploads_take_no_memory_and_each_is_taken_in_or_named(address: Address, place: Path) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.write(PICTURES[5], "trip/one.jpg")
        archive.writestr("trip/noise.bin", bytes(50 * MB))
    packed = buffer.getvalue()
    with on_data_page(address) as visitor:
        dropped(visitor, ("first.jpg", PICTURES[7].read_bytes())).settled()
        before_it = memory(address.process.pid)
        dropped(visitor, ("good.jpg", PICTURES[6].read_bytes()), *((f"{i}.zip", packed) for i in range(8)))
        visitor.until(lambda: "7.zip" in visitor.text())
        grown = memory(address.process.pid) - before_it
        text = visitor.text()
        assert "3 photographs taken in, 6 refused, 3 here now" in text
        assert all(name in text for name in (*(f"{i}.zip" for i in range(2, 8)), "more than 120 MB at once"))
        assert visitor.errors == []
        # The rest is what comes with a first answer, scikit-learn for instance; kept, the files would be 400 MB.
        assert grown < 250 * MB, f"{grown / MB:.0f} MB for 400 MB of uploads"
        assert not list((place / "visitors").glob("*/arrived/*/*")), "freed once taken in"
    assert before(60, lambda: not left(place)), left(place)


def test_what_was_dropped_and_never_taken_in_is_removed_too(address: Address, place: Path) -> None:
    with on_data_page(address) as visitor:
        urls = visitor.urls("a.jpg")
        visitor.put(urls[0], "a.jpg", PICTURES[7].read_bytes())
        assert visitor.session in [path.parent.name for path in left(place)]
    assert before(60, lambda: not left(place)), left(place)


def test_maps_of_visitors_who_have_left_are_drawn_no_further(address: Address) -> None:
    visitors = [Visitor(address, "map", f"images=200&seed={seed}").load() for seed in range(1, 7)]
    last = Visitor(address, "map", "images=200&seed=99").load()
    began = time.monotonic()
    for visitor in visitors:
        visitor.close()
    last.until(lambda: not last.all("progress") or "place 1 of 1" in last.text() or "place" not in last.text(), 60)
    last.settled()
    assert time.monotonic() - began < 100
    last.close()
