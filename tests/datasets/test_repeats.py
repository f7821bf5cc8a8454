"""The same photograph in two splits is said, and costs no more than to ask files for their size."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from gradviz.datasets import find, repeats
from gradviz.datasets.repeats import Member, across_splits
from tests.datasets.examples import EXAMPLES, SPLITS
from tests.small_sets import picture

REASON = "the same photograph in test and in train, which raises the scores"


def member(path: Path, *splits: str) -> Member:
    return Member(path.name, str(path), frozenset(splits))


@pytest.mark.parametrize("name", ["a folder of pictures", "a CSV", "YOLO", "COCO instances", "a folder in VOC layout"])
def test_a_photograph_in_train_and_in_test_is_said(name: str, tmp_path: Path):
    place = EXAMPLES[name](tmp_path, SPLITS)
    before = find(place)
    assert REASON not in {f.reason for f in before.findings}
    paths = {split: before.paths[positions[0]] for split, positions in before.splits.items()}
    shutil.copyfile(paths["train"], paths["test"])
    images = find(place)
    assert [(f.kind, f.count) for f in images.findings if f.reason == REASON] == [("guessed", 1)]
    assert (images.ids, images.labels.tolist()) == (before.ids, before.labels.tolist()), "it stays two pictures"


def test_photographs_are_counted_once_and_those_of_one_split_are_nobodys_leak(tmp_path: Path):
    for number in range(3):
        for place in ("train/a", "test/a", "test/b"):
            picture(tmp_path / f"{place}{number}.jpg", number)
    for place in ("train/c", "train/d"):
        picture(tmp_path / f"{place}.jpg", 9)
    found = [f for f in find(tmp_path).findings if f.reason == REASON]
    assert [(f.name, f.count) for f in found] == [("test/a0.jpg = train/a0.jpg, ...", 3)]


def test_a_split_that_holds_another_is_no_leak(tmp_path: Path):
    one, two = picture(tmp_path / "1.jpg"), picture(tmp_path / "2.jpg")
    assert across_splits([member(one, "train", "trainval"), member(two, "trainval")]) == []
    (found,) = across_splits([member(one, "train", "trainval"), member(two, "trainval", "val")])
    assert (found.name, found.reason) == (
        "1.jpg = 2.jpg",
        "the same photograph in train and in val, which raises the scores",
    )


def test_files_of_one_size_that_end_otherwise_are_not_read_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    whole: list[Path] = []
    digests = repeats.file_digests
    monkeypatch.setattr(repeats, "file_digests", lambda paths: digests(whole.extend(paths) or whole))
    rng = np.random.default_rng(0)
    members = []
    for number in range(4):
        path = tmp_path / f"{number}.jpg"
        path.write_bytes(rng.bytes(5000))
        members.append(member(path, "train" if number % 2 else "test"))
    assert (across_splits(members), whole) == ([], [])
    end = rng.bytes(300)
    for one in members[:2]:
        Path(one.path).write_bytes(rng.bytes(4700) + end)
    assert across_splits(members) == []
    assert [path.name for path in whole] == ["0.jpg", "1.jpg"], "the same end, and yet another photograph"


def test_files_that_are_gone_are_passed_over(tmp_path: Path):
    assert across_splits([member(tmp_path / "1.jpg", "train"), member(tmp_path / "2.jpg", "test")]) == []
    assert across_splits([]) == []
