"""Which classes the splits do not share is said in the same words for every format that has splits, and once."""

from pathlib import Path

import numpy as np
import pytest

from gradviz.datasets import find
from gradviz.datasets.catalogue import DATASETS
from gradviz.datasets.image_set import Finding
from gradviz.datasets.unshared import unshared
from tests.datasets.examples import EXAMPLES, LABELS, NEVER_SPLIT
from tests.small_sets import voc

APART = {name: "test" if label == "dog" and int(name) % 2 else "train" for name, label in LABELS.items()}
"""Splits in which every cat is in train."""
A_CAT = Finding("cat", "a class in train, but not in test", "guessed")


def found(splits: dict[str, list[int]], labels: list[list[int]]) -> list[tuple[str, str, int]]:
    positions = {name: np.array(rows, np.int64) for name, rows in splits.items()}
    names = [chr(ord("a") + c) for c in range(len(labels[0]))]
    return [(f.name, f.reason, f.count) for f in unshared(positions, names, np.array(labels, np.int8))]


@pytest.mark.parametrize("name", sorted(EXAMPLES.keys() - NEVER_SPLIT))
def test_a_class_that_no_test_image_shows_is_said_whatever_the_format(name: str, tmp_path: Path):
    findings = find(EXAMPLES[name](tmp_path, APART)).findings
    assert [f for f in findings if "but not in" in f.reason] == [A_CAT]


def test_classes_are_compared_by_hand():
    labels = [[1, -1, -1], [-1, 1, -1], [1, 1, -1], [0, 0, 0]]
    assert found({"train": [0, 1], "test": [2]}, labels) == [], "c is shown nowhere"
    assert found({"train": [0], "test": [2]}, labels) == [("b", "a class in test, but not in train", 1)]
    assert found({"train": [0], "val": [1], "test": [2]}, labels) == [
        ("a", "a class in train and test, but not in val", 1),
        ("b", "a class in val and test, but not in train", 1),
    ]
    assert found({"train": [0, 1], "test": [3]}, labels) == [], "nothing is known of what test shows"
    assert found({"train": [0, 1], "test": []}, labels) == []
    assert found({"train": [0, 1], "test": [1, 3]}, labels) == [("a", "a class in train, but not in test", 1)]
    assert found({"train": [0]}, labels) == [], "of one split there is nothing to compare"
    assert unshared({"train": np.arange(2)}, (), None) == []


def test_a_split_that_shows_nothing_of_all_that_is_known_is_said():
    assert found({"train": [0, 1], "test": [2]}, [[1, -1], [-1, 1], [-1, -1]]) == [
        ("a, b", "a class in train, but not in test", 2)
    ]


def test_many_folds_are_one_finding():
    labels = np.where(np.eye(10, dtype=bool), 1, -1).tolist()
    (only,) = found({f"fold{n}": [n] for n in range(10)}, labels)
    assert (only[0], only[2]) == ("a, b, c, ...", 10)
    assert only[1].startswith("a class in some of fold0 and fold1 and ")


def test_the_splits_of_a_joined_data_set_are_compared_together(tmp_path: Path):
    labels = {"cat": {"a": 1, "b": 1, "c": 1, "d": -1}, "dog": {"a": -1, "b": 1, "c": -1, "d": 1}}
    part = {name: {i: of[i] for i in "cd"} for name, of in labels.items()}
    for name, said, splits in (
        ("voc2007", labels, {"train": ["a"], "val": ["b"]}),
        ("voc2007-test", part, {"test": ["c", "d"]}),
    ):
        voc(DATASETS[name].where(tmp_path), {c: dict(of) for c, of in said.items()}, splits)
    assert [f for f in find("voc2007", home=tmp_path).findings if "but not in" in f.reason] == [
        Finding("dog", "a class in val and test, but not in train", "guessed")
    ]
