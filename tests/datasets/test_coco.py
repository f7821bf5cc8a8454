import json
from pathlib import Path

import pytest

from gradviz.datasets.coco import FORMAT
from gradviz.datasets.image_set import Box, Skipped
from gradviz.errors import DatasetError
from tests.small_sets import picture

read_coco = FORMAT.read
CATEGORIES = [{"id": 7, "name": "dog"}, {"id": 3, "name": "cat"}]


def image(number: int, name: str | None = None) -> dict:
    return {"id": number, "file_name": name or f"{number}.jpg", "width": 40, "height": 30}


def instance(number: int, category: int, bbox: object = (0, 0, 10, 10), crowd: int = 0) -> dict:
    return {"id": number * 100, "image_id": number, "category_id": category, "bbox": bbox, "iscrowd": crowd}


def write(path: Path, images: object, annotations: object, categories: object = CATEGORIES) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"images": images, "annotations": annotations, "categories": categories}))
    return path


def test_two_files_are_two_splits(tmp_path: Path):
    for split, numbers in (("train2017", (1, 2)), ("val2017", (3,))):
        for number in numbers:
            picture(tmp_path / split / f"{number}.jpg", number)
    write(
        tmp_path / "annotations/instances_train2017.json",
        [image(1), image(2)],
        [instance(1, 7, (9.5, 4.2, 10, 100)), instance(1, 3, crowd=1), instance(2, 3, crowd=1), instance(2, 3)],
    )
    write(tmp_path / "annotations/instances_val2017.json", [image(3)], [])
    images = read_coco(tmp_path)
    assert images.ids == ("train2017/1.jpg", "train2017/2.jpg", "val2017/3.jpg")
    assert images.classes == ("cat", "dog")
    assert images.labels.tolist() == [[0, 1], [1, -1], [-1, -1]], "only a crowd of cats: 0"
    assert {split: list(positions) for split, positions in images.splits.items()} == {
        "train2017": [0, 1],
        "val2017": [2],
    }
    assert images.boxes(0) == (Box("dog", 10, 5, 20, 30), Box("cat", 1, 1, 10, 10, difficult=True))
    assert images.boxes(2) == ()
    assert images.open(2).size == (40, 30)
    assert (images.ap, images.skipped) == ("area", ())


def test_one_file_is_halved_by_the_seed(tmp_path: Path):
    for number in range(8):
        picture(tmp_path / "images" / f"{number}.jpg", number)
    path = write(tmp_path / "instances.json", [image(n) for n in range(8)], [instance(n, 3) for n in range(4)])
    images = read_coco(path)
    assert {split: len(positions) for split, positions in images.splits.items()} == {"train": 4, "val": 4}
    assert read_coco(path) == images
    assert read_coco(tmp_path, seed=3) != images


def test_entries_that_cannot_be_used_are_skipped_and_shown(tmp_path: Path):
    picture(tmp_path / "secret.jpg")
    root = tmp_path / "set"
    picture(root / "images/1.jpg")
    write(
        root / "annotations/instances_all.json",
        [image(1), image(2), image(3, "../../secret.jpg"), image(4, "/etc/passwd"), image(5, "1.jpg"), {"id": 6}],
        [
            instance(1, 3),
            instance(1, 99),
            instance(1, 3, (100, 100, 5, 5)),
            instance(1, 3, "box"),
            instance(1, 3, (0, 0, float("nan"), 5)),
            instance(2, 3),
            instance(77, 3),
        ],
    )
    images = read_coco(root)
    assert images.ids == ("images/1.jpg",)
    assert images.boxes(0) == (Box("cat", 1, 1, 10, 10),)
    assert {s.name: s.reason for s in images.skipped} == {
        "2.jpg": "no such file",
        "../../secret.jpg": "leads out of the folder",
        "/etc/passwd": "leads out of the folder",
        "1.jpg": "listed twice",
        "None": "no such file",
        "instances_all.json": "3 boxes that do not fit a picture of known size; their labels count",
    }
    assert images.skipped[-2] == Skipped("instances_all.json", "2 annotations without a known picture or class")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        "null",
        "[" * 100_000,
        '{"images": 1, "annotations": [], "categories": []}',
        '{"images": [1], "annotations": [], "categories": []}',
        '{"images": [{"id": []}], "annotations": [], "categories": []}',
    ],
)
def test_what_is_not_an_instances_file_is_refused_in_one_line(tmp_path: Path, text: str):
    path = tmp_path / "instances.json"
    path.write_text(text)
    with pytest.raises(DatasetError, match="is not a COCO instances file") as caught:
        read_coco(path)
    assert "\n" not in str(caught.value)


def test_a_list_without_pictures_says_what_was_looked_for(tmp_path: Path):
    write(tmp_path / "instances.json", [image(1)], [])
    with pytest.raises(
        DatasetError, match=r"no usable picture \(skipped 1, such as 1\.jpg: no such file\): looked for ann"
    ):
        read_coco(tmp_path)
    write(tmp_path / "instances.json", [], [])
    with pytest.raises(DatasetError, match="no usable picture: looked for"):
        read_coco(tmp_path)
    with pytest.raises(DatasetError, match="holds no COCO instances"):
        read_coco(tmp_path / "nowhere")
