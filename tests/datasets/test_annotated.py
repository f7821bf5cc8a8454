from pathlib import Path

import pytest

from gradviz.datasets import find
from gradviz.datasets.image_set import Box
from tests.small_sets import annotation, picture


@pytest.mark.parametrize(
    ("pictures", "annotations", "splits"),
    [
        ("{}.jpg", "{}.xml", None),
        ("images/{}.png", "annotations/{}.xml", None),
        ("images/{}.png", "annotations/xmls/{}.xml", None),
        ("train/{}.jpg", "train/{}.xml", {"train": 3}),
        ("images/val/{}.jpg", "Annotations/val/{}.xml", {"val": 3}),
        ("data/set/images/{}.jpg", "data/set/labels/{}.xml", None),
    ],
)
def test_labels_and_boxes_are_those_of_the_xml(tmp_path: Path, pictures: str, annotations: str, splits: dict | None):
    for name in "abc":
        picture(tmp_path / pictures.format(name))
    annotation(tmp_path / annotations.format("a"), ("cat", 1, 1, 20, 20), ("dog", 1, 1, 9, 9, 1))
    annotation(tmp_path / annotations.format("b"), ("dog", 2, 2, 20, 20))
    images = find(tmp_path)
    assert (images.format, images.classes) == ("pictures with VOC XML", ("cat", "dog"))
    assert images.labels.tolist() == [[1, 0], [-1, 1], [0, 0]], "c has no annotation"
    assert images.unknown.tolist() == [[False, False], [False, False], [True, True]]
    assert images.boxes(1) == (Box("dog", 2, 2, 20, 20),)
    assert images.boxes(2) == ()
    found = {name: len(positions) for name, positions in images.splits.items()}
    assert found == splits if splits else sum(found.values()) == 2, "the unknown one is in no half"
    assert ("unlabelled", "annotations", 1) in {(f.kind, f.name, f.count) for f in images.findings}


def test_xml_of_another_kind_is_not_read_but_named(tmp_path: Path):
    for name in ("cat/1", "dog/2"):
        picture(tmp_path / f"{name}.jpg")
        (tmp_path / f"{name}.xml").write_text("<photo><title>sea</title></photo>")
    images = find(tmp_path)
    assert (images.format, images.classes) == ("a folder of pictures", ("cat", "dog"))
    assert {f.name for f in images.findings if f.kind == "not read"} == {"cat/1.xml", "dog/2.xml"}


def test_damaged_annotations_leave_labels_unknown_and_are_named(tmp_path: Path):
    for name in "abc":
        picture(tmp_path / f"{name}.jpg")
        annotation(tmp_path / f"{name}.xml", ("cat", 1, 1, 9, 9))
    (tmp_path / "b.xml").write_text("<annotation><object>")
    images = find(tmp_path)
    assert images.labels.tolist() == [[1], [0], [1]]
    assert ("not read", "b.xml") in {(f.kind, f.name) for f in images.findings}


def test_an_object_without_a_name_leaves_its_picture_unknown(tmp_path: Path):
    for name in "abc":
        picture(tmp_path / f"{name}.jpg")
        annotation(tmp_path / f"{name}.xml", ("cat" if name == "a" else "dog", 1, 1, 9, 9))
    (tmp_path / "b.xml").write_text("<annotation><object><difficult>0</difficult></object></annotation>")
    annotation(tmp_path / "c.xml", ("dog", 50, 50, 60, 60))
    images = find(tmp_path)
    assert images.labels.tolist() == [[1, -1], [0, 0], [-1, 1]]
    assert images.unknown.tolist() == [[False, False], [True, True], [False, False]]
    assert [(f.name, f.kind) for f in images.findings[:2]] == [("b.xml", "not read"), ("c.xml", "not read")]
