import json
from pathlib import Path

from gradviz.datasets import find
from gradviz.datasets.image_set import Box
from tests.small_sets import picture


def write(path: Path, labels: dict[str, str], classes: tuple[str, ...] = ("cat", "dog")) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    images = [{"id": i, "file_name": name, "width": 40, "height": 30} for i, name in enumerate(labels)]
    number = {name: i for i, name in enumerate(classes, 1)}
    annotations = [
        {"id": i, "image_id": i, "category_id": number[label], "bbox": [0, 0, 10, 10]}
        for i, label in enumerate(labels.values())
    ]
    categories = [{"id": i, "name": name} for name, i in number.items()]
    path.write_text(json.dumps({"images": images, "annotations": annotations, "categories": categories}))


def test_roboflow(tmp_path: Path):
    for split, names in (("train", "ab"), ("valid", "c"), ("test", "d")):
        for name in names:
            picture(tmp_path / split / f"{name}.jpg", ord(name))
        write(
            tmp_path / split / "_annotations.coco.json",
            {f"{name}.jpg": "cat" if name in "ac" else "dog" for name in names},
        )
    picture(tmp_path / "test/more.jpg")
    (tmp_path / "README.roboflow.txt").touch()
    images = find(tmp_path)
    assert images.format == "a COCO export"
    assert images.ids == ("test/d.jpg", "train/a.jpg", "train/b.jpg", "valid/c.jpg")
    assert images.labels.tolist() == [[-1, 1], [1, -1], [-1, 1], [1, -1]]
    assert {name: positions.tolist() for name, positions in images.splits.items()} == {
        "train": [1, 2],
        "val": [3],
        "test": [0],
    }
    assert images.boxes(3) == (Box("cat", 1, 1, 10, 10),)
    assert [(f.kind, f.reason, f.count) for f in images.findings] == [
        ("left out", "pictures that no list names", 1),
        ("guessed", "a class in train and val, but not in test", 1),
        ("guessed", "a class in train and test, but not in val", 1),
    ]


def test_a_class_that_one_list_does_not_know_is_unknown_there(tmp_path: Path):
    for split, classes in (("train", ("cat", "dog")), ("test", ("cat",))):
        picture(tmp_path / split / "a.jpg")
        write(tmp_path / split / "_annotations.coco.json", {"a.jpg": "cat"}, classes)
    images = find(tmp_path)
    assert images.labels.tolist() == [[1, 0], [1, -1]]
    assert images.unknown.tolist() == [[False, True], [False, False]]


def test_one_list_beside_the_pictures(tmp_path: Path):
    for place, listed, prefix in (
        ("data", "labels.json", ""),
        ("images", "result.json", "images/"),
        ("", "x.json", ""),
    ):
        root = tmp_path / listed
        for number, name in enumerate(("a.jpg", "b.jpg")):
            picture(root / place / name, number)
        write(root / listed, {f"{prefix}a.jpg": "cat", f"{prefix}b.jpg": "dog"})
        images = find(root)
        assert (images.format, images.labels.tolist()) == ("a COCO export", [[1, -1], [-1, 1]])
        assert [f.kind for f in images.findings] == ["guessed"]


def test_a_list_in_a_folder_of_its_own_has_its_pictures_beside_that(tmp_path: Path):
    for name in ("a.jpg", "b.jpg"):
        picture(tmp_path / "train" / name)
    write(tmp_path / "annotations/copy of instances_train.json", {"train/a.jpg": "cat", "train/b.jpg": "dog"})
    images = find(tmp_path)
    assert images.labels.tolist() == [[1, -1], [-1, 1]]
    assert all(path.is_file() for path in images.paths)
    assert (images.root, images.ids) == (tmp_path, ("train/a.jpg", "train/b.jpg"))


def test_pictures_of_a_list_of_key_points_are_not_said_to_be_left_out(tmp_path: Path):
    for place in ("train2017/a.jpg", "val2017/b.jpg", "val2017/c.jpg"):
        picture(tmp_path / place)
    write(tmp_path / "annotations/person_keypoints_val2017.json", {"b.jpg": "cat", "c.jpg": "dog", "gone.jpg": "dog"})
    images = find(tmp_path)
    assert images.ids == ("val2017/b.jpg", "val2017/c.jpg")
    assert [(f.name, f.reason) for f in images.findings if f.kind == "left out"] == [
        ("gone.jpg", "no such file"),
        ("train2017/a.jpg", "pictures that no list names"),
    ]


def test_of_several_lists_in_the_folder_of_a_split_the_instances_are_read(tmp_path: Path):
    for listed in ("_annotations.coco.json", "instances_val.json"):
        root = tmp_path / listed
        for split in ("train", "val"):
            picture(root / split / "a.jpg", len(split))
            for name in (listed, "person_keypoints.json"):
                write(root / split / name, {"a.jpg": "cat"}, ("cat",))
        images = find(root)
        assert images.ids == ("train/a.jpg", "val/a.jpg")
        assert [(f.name, f.kind) for f in images.findings] == [
            ("train/person_keypoints.json", "not read"),
            ("val/person_keypoints.json", "not read"),
        ]
