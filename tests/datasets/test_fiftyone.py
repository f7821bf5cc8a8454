import json
from pathlib import Path

import pytest

from gradviz.datasets import find
from gradviz.errors import DatasetError
from tests.small_sets import picture


def write(root: Path, document: object, pictures: str = "abcd") -> Path:
    for name in pictures:
        picture(root / f"data/{name}.jpg", ord(name))
    (root / "labels.json").write_text(json.dumps(document))
    return root


def test_classes_by_number_by_name_several_and_in_boxes(tmp_path: Path):
    said = {"a": 0, "b": "dog", "c": [0, 1], "d.jpg": [{"label": 1, "bounding_box": [0, 0, 1, 1]}]}
    images = find(write(tmp_path, {"classes": ["cat", "dog"], "labels": said}))
    assert (images.format, images.ids, images.classes) == (
        "a FiftyOne folder",
        ("a.jpg", "b.jpg", "c.jpg", "d.jpg"),
        ("cat", "dog"),
    )
    assert images.labels.tolist() == [[1, -1], [-1, 1], [1, 1], [-1, 1]]


def test_what_cannot_be_told_is_unknown_and_named(tmp_path: Path):
    said = {"a": 0, "b": 9, "c": None, "gone": 1}
    images = find(write(tmp_path, {"classes": ["cat", "dog"], "labels": said}))
    assert images.labels.tolist() == [[1, -1], [0, 0], [0, 0], [0, 0]]
    assert {(f.kind, f.name, f.count) for f in images.findings} >= {
        ("left out", "gone", 1),
        ("unlabelled", "data", 2),
        ("not read", "labels.json", 1),
    }


@pytest.mark.parametrize("document", [[], {"labels": 1}, {"classes": 3, "labels": {}}, "x"])
def test_another_labels_json_is_one_sentence(tmp_path: Path, document: object):
    with pytest.raises(DatasetError, match=r"labels\.json is not FiftyOne's: looked for data/"):
        find(write(tmp_path, document))


def test_folders_of_splits_and_a_class_that_only_one_of_them_knows(tmp_path: Path):
    write(tmp_path / "train", {"classes": ["cat", "dog"], "labels": {"a": 0, "b": 1}}, "ab")
    write(tmp_path / "validation", {"classes": ["cat"], "labels": {"c": 0, "gone": 0}}, "c")
    picture(tmp_path / "more/1.jpg")
    images = find(tmp_path)
    assert images.ids == ("train/data/a.jpg", "train/data/b.jpg", "validation/data/c.jpg")
    assert images.labels.tolist() == [[1, -1], [-1, 1], [1, 0]]
    assert {split: list(positions) for split, positions in images.splits.items()} == {"train": [0, 1], "val": [2]}
    assert {(f.name, f.count) for f in images.findings} == {("validation/gone", 1), ("more", 1), ("dog", 1)}


def test_a_class_named_twice_is_one_and_said(tmp_path: Path):
    images = find(write(tmp_path, {"classes": ["cat", "dog", "cat"], "labels": {"a": 0, "b": 1, "c": 2, "d": 1}}))
    assert images.classes == ("cat", "dog")
    assert ("cat", "joined", 1) in [(f.name, f.kind, f.count) for f in images.findings]
