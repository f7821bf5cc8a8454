"""The same photograph in two splits is said, or kept in one half, at no more cost than to ask files for their size."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from gradviz import Experiment, Spec
from gradviz.datasets import find, repeats
from gradviz.datasets.reading import redrawn
from gradviz.datasets.repeats import Member, across_splits, copies
from tests.datasets.examples import EXAMPLES, SPLITS
from tests.small_sets import picture

KEPT = "the same photograph more than once: kept in one half"
OTHERWISE = "the same photograph, labelled in two ways"
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


def classes(root: Path, *names: str, twice: dict[str, str] | None = None) -> Path:
    for number, name in enumerate(names):
        picture(root / name, number)
    for copy, of in (twice or {}).items():
        shutil.copyfile(root / of, root / copy)
    return root


def sides(images) -> dict[str, str]:
    return {images.ids[i]: split for split, positions in images.splits.items() for i in positions}


NAMES = [f"{place}/{number}.jpg" for place in ("cat", "dog") for number in range(8)]


@pytest.mark.parametrize("seed", range(6))
def test_copies_are_kept_in_one_half_whoever_asks_and_nothing_else_moves(seed: int, tmp_path: Path):
    before = sides(find(classes(tmp_path, *NAMES), seed=seed))
    classes(tmp_path, twice={"cat/5.jpg": "cat/2.jpg", "cat/7.jpg": "cat/2.jpg", "dog/1.jpg": "dog/0.jpg"})
    images = find(tmp_path, seed=seed)
    first = {"cat/5.jpg": "cat/2.jpg", "cat/7.jpg": "cat/2.jpg", "dog/1.jpg": "dog/0.jpg"}
    assert sides(images) == {name: before[first.get(name, name)] for name in NAMES}
    assert [(f.name, f.kind, f.count) for f in images.findings if f.reason == KEPT] == [
        ("cat/2.jpg = cat/5.jpg, ...", "guessed", 2)
    ]
    page = redrawn(find(tmp_path), seed)
    notebook = Experiment(tmp_path, Spec(seed=seed)).images
    assert sides(page) == sides(notebook) == sides(images)
    assert page.findings == notebook.findings == images.findings
    assert page.digest == notebook.digest == images.digest


def test_a_part_keeps_its_copies_together_with_any_seed(tmp_path: Path):
    images = find(classes(tmp_path, *NAMES, twice={"cat/5.jpg": "cat/2.jpg"}))
    part = images.subset([name for name in NAMES if name != "cat/0.jpg"], "part")
    for seed in range(8):
        side = sides(redrawn(part, seed))
        assert side["cat/5.jpg"] == side["cat/2.jpg"]


def test_a_photograph_under_two_classes_is_said(tmp_path: Path):
    images = find(classes(tmp_path, *NAMES, twice={"dog/1.jpg": "cat/2.jpg"}))
    assert sides(images)["dog/1.jpg"] == sides(images)["cat/2.jpg"]
    assert [(f.name, f.kind, f.count) for f in images.findings if f.reason == OTHERWISE] == [
        ("cat/2.jpg = dog/1.jpg", "guessed", 1)
    ]


def test_copies_of_which_one_at_most_is_labelled_are_nobodys_leak(tmp_path: Path):
    images = find(classes(tmp_path, *NAMES, twice={"1.jpg": "cat/2.jpg", "2.jpg": "cat/2.jpg"}))
    assert not [f for f in images.findings if f.reason in (KEPT, OTHERWISE)]


def test_a_class_whose_images_are_all_copies_is_in_one_half_alone_and_said(tmp_path: Path):
    images = find(classes(tmp_path, *NAMES[:8], "owl/1.jpg", "owl/2.jpg", twice={"owl/2.jpg": "owl/1.jpg"}))
    assert sides(images)["owl/1.jpg"] == sides(images)["owl/2.jpg"]
    (said,) = [f.reason for f in images.findings if "drawn" in f.reason]
    assert said.endswith("for want of a second image, and so not scored: owl")


def test_copies_are_numbered_by_hand(tmp_path: Path):
    paths = [classes(tmp_path, "a.jpg", "b.jpg", "c.jpg", twice={"d.jpg": "b.jpg"}) / f"{name}.jpg" for name in "abcd"]
    numbers = copies([member(path) for path in paths])
    assert numbers is not None
    assert numbers.tolist() == [0, 1, 2, 1]
    assert copies([member(path) for path in paths[:3]]) is None
    assert copies([member(tmp_path / "gone.jpg")]) is None
    assert copies([]) is None
