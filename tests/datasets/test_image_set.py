import hashlib
import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradviz.datasets.image_set import Box, Finding, ImageSet, joined
from gradviz.errors import ChoiceError, DatasetError
from tests.small_sets import picture


def features_only(n: int, splits: dict | None = None, **more: object) -> ImageSet:
    ids = tuple(f"image{i}" for i in range(n))
    return ImageSet("set", None, ids, splits=splits or {}, features={"x": np.ones((n, 2))}, **more)


def by_hash(ids: list[str]) -> list[str]:
    return sorted(ids, key=lambda identifier: hashlib.sha256(identifier.encode()).hexdigest())


def positions(n: int) -> st.SearchStrategy:
    return st.lists(st.integers(0, n - 1), min_size=1, unique=True)


def membership(n: int) -> st.SearchStrategy:
    return st.dictionaries(st.sampled_from("abcd"), positions(n), max_size=4)


@given(st.data())
def test_a_sample_has_the_smallest_hashes_and_a_larger_one_contains_it(data: st.DataObject):
    size = data.draw(st.integers(1, 60))
    images = features_only(size, {"train": data.draw(positions(size))})
    split = data.draw(st.sampled_from([None, "all", "train"]))
    n = data.draw(st.integers(1, size + 5))
    smaller, larger = images.select(split, n), images.select(split, n + data.draw(st.integers(0, 20)))
    whole = range(size) if split in (None, "all") else images.splits["train"]
    assert {images.ids[i] for i in smaller} == set(by_hash([images.ids[i] for i in whole])[:n])
    assert set(smaller) <= set(larger)
    assert list(smaller) == sorted(smaller)


@given(st.data())
def test_a_sample_is_a_prefix_of_each_group_in_row_order(data: st.DataObject):
    size = data.draw(st.integers(1, 60))
    splits = data.draw(membership(size))
    images = features_only(size, splits)
    assert sorted(images.row_order) == list(range(size))
    group = [frozenset(name for name in splits if i in splits[name]) for i in images.row_order]
    starts = [row for row in range(size) if row == 0 or group[row] != group[row - 1]]
    assert len(starts) == len(set(group)), "a group lies in one piece"
    split = data.draw(st.sampled_from(["all", *splits]))
    chosen = set(images.select(split, data.draw(st.integers(1, size))))
    for start, end in zip(starts, [*starts[1:], size], strict=True):
        taken = [position in chosen for position in images.row_order[start:end]]
        assert taken == sorted(taken, reverse=True)


def test_a_split_that_is_called_all_is_what_it_says():
    assert list(features_only(3, {"all": [1]}).select("all")) == [1]


def test_an_unknown_split_id_or_number_is_a_choice_error():
    images = features_only(3, {"train": [0, 1], "val": [2]})
    with pytest.raises(ChoiceError, match="no split 'test'; it has all, train, val"):
        images.select("test")
    with pytest.raises(ChoiceError, match="at least 1, not 0"):
        images.select("train", 0)
    with pytest.raises(ChoiceError, match=r"no image 'dog'.*image0"):
        images.source("dog")
    assert images.source("image2") == 2


def test_arrays_are_copies_that_nobody_can_write():
    labels, positions = np.array([[1], [-1]], np.int8), np.array([1, 0])
    images = features_only(2, {"train": positions}, classes=("cat",), labels=labels)
    labels[0] = -1
    positions[0] = 0
    assert images.labels_of(0) == ("cat",)
    assert images.labels_of(1) == ()
    assert list(images.splits["train"]) == [0, 1]
    for array in (images.labels, images.splits["train"], images.features["x"], images.row_order):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 0
    with pytest.raises(TypeError):
        images.splits["val"] = positions


def test_what_does_not_fit_together_is_refused():
    with pytest.raises(DatasetError, match="same id"):
        ImageSet("set", None, ("a", "a"), (Path("a"), Path("b")))
    with pytest.raises(DatasetError, match=r"2 ids but 1 picture\."):
        ImageSet("set", None, ("a", "b"), (Path("a"),))
    with pytest.raises(DatasetError, match=r"shape \(1, 1\) for 2"):
        features_only(2, classes=("cat",), labels=np.ones((1, 1)))


def test_the_digest_changes_with_everything_that_a_result_depends_on(tmp_path: Path):
    path = picture(tmp_path / "a.png", 1)

    def build(**changes: object) -> ImageSet:
        told = {"ids": ("a",), "classes": ("cat",), "labels": [[1]], "splits": {"train": [0]}} | changes
        return ImageSet("set", tmp_path, paths=(path,), **told)

    digests = {
        build(**changes).digest
        for changes in (
            {},
            {"ids": ("b",)},
            {"classes": ("dog",)},
            {"labels": [[0]]},
            {"splits": {}},
            {"ap": "eleven_point"},
        )
    }
    assert len(digests) == 6
    assert build().digest in digests
    assert build() == build()
    assert len({build(), build(), build(ids=("b",))}) == 2
    picture(path, 2)
    os.utime(path, ns=(1, 1))
    assert build().digest not in digests


def test_the_digest_of_features_sees_their_values():
    one = ImageSet("set", None, ("a",), features={"x": np.zeros((1, 2))})
    other = ImageSet("set", None, ("a",), features={"x": np.ones((1, 2))})
    assert one != other


def test_open_gives_rgb_and_features_have_no_pictures(tmp_path: Path):
    images = ImageSet("set", tmp_path, ("a",), (picture(tmp_path / "a.png"),))
    assert images.open(0).mode == "RGB"
    assert images.boxes(0) == ()
    assert images.labels_of(0) == ()
    with pytest.raises(DatasetError, match="not pictures"):
        features_only(1).open(0)


def test_joined_sets_keep_labels_splits_and_boxes(tmp_path: Path):
    def part(ids: str, classes: tuple[str, ...], labels: list, splits: dict, shift: int) -> ImageSet:
        paths = tuple(tmp_path / identifier for identifier in ids)
        boxes = [(Box(f"{identifier}{shift}", 1, 1, 2, 2),) for identifier in ids]
        return ImageSet(
            f"part{shift}", tmp_path, tuple(ids), paths, classes, np.array(labels), splits, boxes_of=boxes.__getitem__
        )

    first = part("ab", ("cat", "dog"), [[1, -1], [-1, 1]], {"train": [0], "all": [0, 1]}, 1)
    second = part("cbd", ("dog", "owl"), [[1, -1], [-1, -1], [0, 1]], {"test": [0, 2], "all": [0, 1, 2]}, 2)
    images = joined([first, second])
    assert (images.name, images.ids, images.classes) == ("part1", ("a", "b", "c", "d"), ("cat", "dog", "owl"))
    assert images.labels.tolist() == [[1, -1, 0], [-1, 1, 0], [0, 1, -1], [0, 0, 1]]
    assert {split: list(positions) for split, positions in images.splits.items()} == {
        "train": [0],
        "all": [0, 1, 2, 3],
        "test": [2, 3],
    }
    assert images.findings == (Finding("b", "already in another part of part1"),)
    assert [images.boxes(i)[0].name for i in range(4)] == ["a1", "b1", "c2", "d2"]
    assert images.paths == tuple(tmp_path / identifier for identifier in "abcd")
