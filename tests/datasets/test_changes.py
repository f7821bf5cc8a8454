import os
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event

import pytest

from gradviz.datasets import changes
from gradviz.datasets.changes import seen, stamp
from tests.datasets.examples import EXAMPLES, SPLITS
from tests.small_sets import picture


def aged(place: Path) -> Path:
    """Return the place as it is long after the last change, when its folders are remembered."""
    for path in [*place.rglob("*"), place]:
        if not path.is_symlink():
            os.utime(path, (time.time() - 1000,) * 2)
    return place


def written(path: Path, text: str) -> None:
    """Write in place, into the same file, as some editors do."""
    with path.open("r+") as file:
        file.truncate()
        file.write(text)


EDITS: dict[str, tuple[str, Callable[[Path], object]]] = {
    "a COCO list in place": (
        "COCO instances",
        lambda root: written(root / "annotations/instances_test.json", "{}"),
    ),
    "a VOC list in place": (
        "a folder in VOC layout",
        lambda root: written(root / "VOC2012/ImageSets/Main/cat_train.txt", "01 1"),
    ),
    "an annotation in place": (
        "a folder in VOC layout",
        lambda root: written(root / "VOC2012/Annotations/01.xml", "<annotation/>"),
    ),
    "a label in place": ("YOLO", lambda root: written(root / "labels/train/01.txt", "")),
    "the names of classes": ("YOLO", lambda root: written(root / "data.yaml", "names: [a, b]")),
    "a picture of a class": ("a folder of pictures", lambda root: picture(root / "train/cat/new.jpg")),
    "a picture less": ("a folder of pictures", lambda root: (root / "train/cat/01.jpg").unlink()),
    "a picture in place": ("a folder of pictures", lambda root: written(root / "train/cat/01.jpg", "gone")),
    "another class": ("a folder of pictures", lambda root: picture(root / "test/owl/new.jpg")),
}


@pytest.mark.parametrize("edit", EDITS)
def test_an_edit_is_noticed_and_nothing_else(edit: str, tmp_path: Path):
    form, change = EDITS[edit]
    place = aged(EXAMPLES[form](tmp_path, SPLITS))
    before = stamp(place)
    assert stamp(place) == before
    change(place)
    after = stamp(place)
    assert after != before
    assert stamp(place) == after


def test_a_file_that_lists_pictures_and_the_folders_beside_it(tmp_path: Path):
    place = EXAMPLES["a CSV"](tmp_path, SPLITS)
    picture(tmp_path / "more/1.jpg")
    aged(tmp_path)
    seen = {stamp(place)}
    written(place, place.read_text() + "more/2.jpg,cat,train\n")
    seen.add(stamp(place))
    picture(tmp_path / "more/2.jpg")
    seen.add(stamp(place))
    assert len(seen) == 3
    listed = EXAMPLES["COCO instances"](tmp_path / "coco", SPLITS) / "annotations/instances_test.json"
    before = stamp(listed)
    picture(tmp_path / "coco/test/gone.jpg")
    assert stamp(listed) != before


@pytest.mark.parametrize("form", ["a CSV", "COCO instances"])
def test_pictures_deep_beside_a_list_are_noticed(form: str, tmp_path: Path):
    place = EXAMPLES[form](tmp_path, SPLITS)
    place = place if place.is_file() else place / "annotations/instances_test.json"
    picture(tmp_path / "x/y/z/a/1.jpg")
    aged(tmp_path)
    seen = {stamp(place), stamp(place)}
    picture(tmp_path / "x/y/z/a/2.jpg")
    seen.add(stamp(place))
    written(tmp_path / "x/y/z/a/1.jpg", "none")
    seen.add(stamp(place))
    assert len(seen) == 3


def test_two_changes_within_one_tick_are_noticed(tmp_path: Path):
    place = EXAMPLES["a folder of pictures"](tmp_path, SPLITS)
    now = time.time_ns()
    os.utime(place / "train", ns=(now, now))
    stamp(place)
    picture(place / "train/owl/1.jpg")
    os.utime(place / "train", ns=(now, now))
    before = stamp(place)
    picture(place / "train/owl/2.jpg")
    assert stamp(place) != before, "a folder that changed just now is not remembered"


def test_folders_that_stay_are_not_listed_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    place = aged(EXAMPLES["a folder of pictures"](tmp_path, SPLITS))
    before = stamp(place)
    monkeypatch.setattr(changes.os, "scandir", None)
    assert stamp(place) == before


def test_what_is_not_there_has_a_stamp_too(tmp_path: Path):
    assert stamp(tmp_path / "none.csv") == stamp(tmp_path / "none.csv")
    (tmp_path / "ring").symlink_to(tmp_path / "ring")
    stamp(tmp_path)


def test_links_round_in_a_circle_are_followed_once(tmp_path: Path):
    picture(tmp_path / "cat/0.jpg")
    for number in range(8):
        (tmp_path / f"cat/{number}").symlink_to(tmp_path / "cat")
        (tmp_path / f"cat/up{number}").symlink_to(tmp_path)
    started = time.monotonic()
    stamp(tmp_path)
    assert time.monotonic() - started < 2


def test_a_class_shares_a_look_and_whoever_asks_again_looks_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    looks = []
    monkeypatch.setattr(changes, "stamp", lambda place: looks.append(place) or str(len(looks)))
    assert [seen(tmp_path, who) for who in ("one", "two", "three")] == ["1"] * 3
    assert seen(tmp_path, "one") == "2", "they may have edited it meanwhile"
    assert seen(tmp_path, "two") == "2"
    assert seen(tmp_path / "elsewhere", "two") == "3"
    monkeypatch.setattr(changes, "_SHARED_SECONDS", 0)
    assert seen(tmp_path, "two") == "4", "what another one saw is old"


def test_those_who_come_while_somebody_looks_wait_for_that_look(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    looks, begun, on = [], Event(), Event()

    def look(place: Path) -> str:
        looks.append(place)
        begun.set()
        assert on.wait(60)
        return str(len(looks))

    monkeypatch.setattr(changes, "stamp", look)
    with ThreadPoolExecutor(8) as pool:
        first = pool.submit(seen, tmp_path, "first")
        assert begun.wait(60)
        others = [pool.submit(seen, tmp_path, str(number)) for number in range(7)]
        on.set()
        assert {first.result(), *(other.result() for other in others)} == {"1"}
