import json
import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from gradviz.datasets.coco import FORMAT
from gradviz.datasets.image_set import Box, Finding, ImageSet
from gradviz.errors import DatasetError
from tests.small_sets import noted, picture

read_coco = FORMAT.read
UNRESOLVED = "annotations of no known category: their pictures' classes are unknown"
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
        "train": [0, 1],
        "val": [2],
    }
    assert images.boxes(0) == (Box("dog", 10, 5, 20, 30), Box("cat", 1, 1, 10, 10, difficult=True))
    assert images.boxes(2) == ()
    assert images.open(2).size == (40, 30)
    apart = Finding("cat, dog", "a class in train, but not in val", "guessed", 2)
    assert (images.ap, noted(images)) == ("area", (apart,))


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
    assert {s.name: s.reason for s in noted(images)} == {
        "2.jpg": "no such file",
        "../../secret.jpg": "leads out of the folder",
        "/etc/passwd": "leads out of the folder",
        "None": "no such file",
        "instances_all.json": "annotations of pictures that are not in the list",
    }
    assert noted(images)[-4:] == (
        Finding("instances_all.json", "pictures in the same list, whose labels are joined", "joined"),
        Finding(
            "instances_all.json", "annotations of no known category: their pictures' classes are unknown", "not read"
        ),
        Finding("instances_all.json", "boxes do not fit a picture of known size; their labels count", "not read", 3),
        Finding("instances_all.json", "annotations of pictures that are not in the list"),
    )


@pytest.mark.parametrize(
    ("size", "bbox", "drawable"),
    [
        ({}, (0, 0, 10, 10), 1),
        ({"width": 40, "height": 30}, None, 0),
        ({"width": 40, "height": 30}, (50, 50, 5, 5), 0),
        ({"width": 40, "height": 30}, (0, 0, 0, 0), 0),
        ({"width": "wide", "height": 30}, (0, 0, 10, 10), 1),
        ({"width": None, "height": None}, (0, 0, 10, 10), 1),
        ({"width": 0, "height": 0}, (0, 0, 10, 10), 1),
        ({}, (50, 50, 5, 5), 0),
        ({"width": 1e30, "height": 1e30}, (0, 0, 1e40, 10), 1),
        ({"width": 40, "height": 30}, (0, 0, 10, 10), 1),
    ],
)
def test_labels_do_not_depend_on_boxes_that_can_be_drawn(tmp_path: Path, size: dict, bbox: object, drawable: int):
    images = [{"id": n, "file_name": f"{n}.jpg"} | size for n in range(3)]
    for n in range(3):
        picture(tmp_path / f"{n}.jpg", n)
    path = write(tmp_path / "instances.json", images, [instance(0, 7, bbox), instance(1, 3, bbox, crowd=1)])
    found = read_coco(path)
    assert found.labels.tolist() == [[-1, 1], [0, -1], [-1, -1]]
    assert [len(found.boxes(n)) for n in range(3)] == [drawable, drawable, 0]
    said = Finding(path.name, "boxes do not fit a picture of known size; their labels count", "not read", 2)
    assert noted(found) == (() if drawable else (said,))


@pytest.mark.parametrize("size", [{}, {"width": "", "height": None}, {"width": 0, "height": 0}, {"width": [1]}])
def test_boxes_of_a_picture_without_a_good_size_are_clipped_to_its_own(tmp_path: Path, size: dict):
    picture(tmp_path / "0.jpg", size=(40, 30))
    images = [{"id": 0, "file_name": "0.jpg"} | size]
    found = read_coco(write(tmp_path / "instances.json", images, [instance(0, 3, (30, 20, 100, 100))]))
    assert found.boxes(0) == (Box("cat", 31, 21, 40, 30),)
    assert not noted(found)


@pytest.mark.parametrize("outline", [{}, {"segmentation": {"counts": "PYi1", "size": [40, 40]}, "area": 9}])
def test_an_object_without_any_box_is_a_label(tmp_path: Path, outline: dict):
    picture(tmp_path / "0.jpg", 0)
    images = [{"id": 0, "file_name": "0.jpg", "width": 40, "height": 40}]
    found = read_coco(
        write(tmp_path / "instances.json", images, [{"id": 1, "image_id": 0, "category_id": 7} | outline])
    )
    assert found.labels.tolist() == [[-1, 1]]
    assert found.boxes(0) == ()
    assert [(one.kind, one.count) for one in noted(found)] == [("not read", 1)]


def test_boxes_stay_in_the_order_of_the_file(tmp_path: Path):
    rng = np.random.default_rng(0)
    numbers = rng.integers(0, 4, 200).tolist()
    annotations = [instance(n, 3 + 4 * (i % 2), (i % 30, 0, 1, 1), crowd=i % 3 == 0) for i, n in enumerate(numbers)]
    for n in range(4):
        picture(tmp_path / f"{n}.jpg", n)
    images = read_coco(write(tmp_path / "instances.json", [image(n) for n in range(4)], annotations))
    for n in range(4):
        assert images.boxes(n) == tuple(
            Box("dog" if i % 2 else "cat", i % 30 + 1, 1, i % 30 + 1, 1, difficult=i % 3 == 0)
            for i, number in enumerate(numbers)
            if number == n
        )


def test_what_python_writes_beyond_json_is_read(tmp_path: Path):
    picture(tmp_path / "1.jpg")
    path = write(tmp_path / "instances.json", [image(1)], [instance(1, 3), instance(1, 7, (float("nan"), 0, 5, 5))])
    assert b"NaN" in path.read_bytes()
    images = read_coco(path)
    assert (images.labels.tolist(), len(images.boxes(0))) == ([[1, 1]], 1)
    text = path.read_text("utf-8")
    for encoding in ("utf-8-sig", "utf-16"):
        path.write_text(text, encoding)
        assert read_coco(path).ids == ("1.jpg",)


def test_segmentations_are_not_built(tmp_path: Path):
    picture(tmp_path / "1.jpg")
    outline = {"segmentation": [[n / 7 for n in range(200_000)]]}
    path = write(tmp_path / "instances.json", [image(1)], [instance(1, 3) | outline])
    read_coco(path)
    tracemalloc.start()
    read_coco(path)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 1.2 * path.stat().st_size, "little more than the file"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "Expecting value"),
        ("[]", "Expected `object`, got `array`"),
        ("{}", "missing required field `images`"),
        ("null", "got `null`"),
        ("[" * 100_000, "got `array`"),
        ('{"images": [' + "[" * 100_000, "got `array`"),
        ('{"images": [], "info": ' + "[" * 100_000, "recursion"),
        ('{"images": 1, "annotations": [], "categories": []}', r"Expected `array`, got `int` - at `\$\.images`"),
        ('{"images": [1], "annotations": [], "categories": []}', r"at `\$\.images\[0\]`"),
        ('{"images": [{"id": []}], "annotations": [], "categories": []}', r"got `array` - at `\$\.images\[0\]\.id`"),
        ('{"images": [], "annotations": [{"image_id": {}}], "categories": []}', r"annotations\[0\]\.image_id`"),
        ('{"images": [], "annotations": [', "Expecting value"),
    ],
)
def test_what_is_not_an_instances_file_is_refused_in_one_line(tmp_path: Path, text: str, said: str):
    path = tmp_path / "instances.json"
    path.write_text(text)
    with pytest.raises(DatasetError, match=f"is not a COCO instances file with images.*{said}") as caught:
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


def three(folder: Path, annotations: list, images: list | None = None, categories: object = CATEGORIES) -> ImageSet:
    """Read a list of three pictures."""
    for number in range(3):
        picture(folder / "images" / f"{number}.jpg", number)
    listed = [image(number) for number in range(3)] if images is None else images
    return read_coco(write(folder / "annotations/instances_all.json", listed, annotations, categories))


def kinds(images: ImageSet) -> list[tuple[str, int]]:
    return [(finding.kind, finding.count) for finding in noted(images)]


@pytest.mark.parametrize("crowd", [0, "0", False, None, "", 0.0, "false"])
def test_no_crowd_however_it_is_written(tmp_path: Path, crowd: object):
    images = three(tmp_path, [instance(0, 3) | {"iscrowd": crowd}, instance(1, 3) | {"iscrowd": "1"}])
    assert images.labels[:, 0].tolist() == [1, 0, -1]
    assert not noted(images)


def test_an_iscrowd_that_is_not_understood_counts_neither_way(tmp_path: Path):
    images = three(tmp_path, [instance(0, 3) | {"iscrowd": "maybe"}, instance(1, 3)])
    assert images.labels[:, 0].tolist() == [0, 1, -1]
    assert kinds(images) == [("guessed", 1)]


def test_ids_are_the_same_as_text_and_as_numbers(tmp_path: Path):
    texts = [image(number) | {"id": f"{number}"} for number in range(3)]
    images = three(tmp_path, [instance(0, 3) | {"category_id": "3"}, instance(1, 7) | {"category_id": 7.0}], texts)
    assert (images.labels.tolist(), noted(images)) == ([[1, -1], [-1, 1], [-1, -1]], ())
    apart = [image(0) | {"id": "1"}, image(1), image(2) | {"id": "01"}]
    images = three(tmp_path, [instance(1, 3) | {"image_id": "1"}, instance(1, 7)], apart)
    assert (images.labels.tolist(), noted(images)) == ([[1, -1], [-1, 1], [-1, -1]], ()), "where they tell apart"


@pytest.mark.parametrize(
    ("categories", "category"),
    [
        (CATEGORIES, 99),
        (CATEGORIES, None),
        ([{"id": 3, "name": "cat"}, {"id": 7}], 7),
        ([{"id": 3, "name": "cat"}, {"id": 7, "name": "dog"}, {"id": 7, "name": "owl"}], 7),
        ([{"id": 3, "name": "cat"}, {"name": "dog"}], 7),
    ],
)
def test_a_category_that_is_not_known_leaves_its_picture_unknown(tmp_path: Path, categories: list, category: object):
    images = three(
        tmp_path, [instance(0, 3), instance(1, 3), instance(1, 7) | {"category_id": category}], None, categories
    )
    cats = images.labels[:, images.classes.index("cat")]
    others = images.labels[:, [name != "cat" for name in images.classes]]
    assert cats.tolist() == [1, 1, -1]
    assert (others[1] == 0).all(), "what was there may have been any of them"
    assert (others[[0, 2]] == -1).all()
    assert Finding("instances_all.json", UNRESOLVED, "not read") in noted(images)


def test_an_id_of_two_pictures_or_of_none_leaves_them_unknown(tmp_path: Path):
    images = three(tmp_path, [instance(0, 3), instance(1, 3)], [image(0), image(1), image(1, "2.jpg")])
    assert images.labels[:, 0].tolist() == [1, 0, 0]
    assert kinds(images) == [("not read", 1)]
    images = three(tmp_path, [instance(0, 3)], [image(0), image(1) | {"id": None}, {"file_name": "2.jpg"}])
    assert images.labels[:, 0].tolist() == [1, 0, 0]
    assert kinds(images) == [("not read", 2)]
    images = three(tmp_path, [instance(77, 3), instance(78, 3)])
    assert (images.labels == 0).all(), "every annotation is of something else"
    assert kinds(images) == [("not read", 1), ("left out", 2)]


def test_one_entry_an_annotator_is_one_picture(tmp_path: Path):
    entries = [image(0), image(1), image(2), image(10, "0.jpg"), image(11, "./1.jpg")]
    images = three(tmp_path, [instance(0, 3), instance(10, 7), instance(10, 3), instance(11, 7, crowd=1)], entries)
    assert images.ids == ("images/0.jpg", "images/1.jpg", "images/2.jpg")
    assert images.labels.tolist() == [[1, 1], [-1, 0], [-1, -1]]
    assert [box.name for box in images.boxes(0)] == ["cat", "dog"], "a frame that two drew alike is there once"
    assert kinds(images) == [("joined", 2)]


def test_overlapping_lists_keep_their_splits_and_their_labels(tmp_path: Path):
    for number in range(4):
        picture(tmp_path / "images" / f"{number}.jpg", number)
    lists = {"train": (0, 1), "val": (2, 3), "trainval": (0, 1, 2, 3), "minival": (3,)}
    for split, numbers in lists.items():
        annotations = [instance(n, 3) for n in numbers if n % 2]
        write(tmp_path / f"annotations/instances_{split}.json", [image(n) for n in numbers], annotations)
    images = read_coco(tmp_path)
    named = {split: sorted(int(Path(images.ids[i]).stem) for i in members) for split, members in images.splits.items()}
    assert named == {split: list(numbers) for split, numbers in lists.items()}
    assert {i: images.labels_of(n) for n, i in enumerate(images.ids)} == {
        f"images/{n}.jpg": ("cat",) if n % 2 else () for n in range(4)
    }
    assert all(len(images.boxes(n)) == int(Path(i).stem) % 2 for n, i in enumerate(images.ids))
    assert sum(count for kind, count in kinds(images) if kind == "joined") == 5


def test_a_class_is_absent_only_where_a_list_knows_it(tmp_path: Path):
    for number in range(3):
        picture(tmp_path / f"{number}.jpg", number)
    write(tmp_path / "annotations/instances_a.json", [image(0), image(1)], [instance(0, 3)], [{"id": 3, "name": "cat"}])
    write(tmp_path / "annotations/instances_b.json", [image(1), image(2)], [instance(2, 1)], [{"id": 1, "name": "dog"}])
    assert read_coco(tmp_path).labels.tolist() == [[1, 0], [-1, -1], [0, 1]]


def test_folders_are_judged_by_all_entries(tmp_path: Path):
    for number in range(40):
        picture(tmp_path / "images" / f"{number + 60}.jpg", number + 1)
    picture(tmp_path / "all/3.jpg")
    images = read_coco(write(tmp_path / "annotations/instances_all.json", [image(n) for n in range(100)], []))
    assert len(images) == 41
    assert "all/3.jpg" in images.ids, "the only folder that has it"
    assert sorted(kinds(images))[:2] == [("guessed", 1), ("left out", 1)]
    assert sum(count for kind, count in kinds(images) if kind == "left out") == 59


def test_a_picture_in_several_other_folders_is_not_guessed(tmp_path: Path):
    for place in ("images/1.jpg", "images/2.jpg", "old/3.jpg", "new/3.jpg", "new/4.jpg"):
        picture(tmp_path / place, len(place))
    images = read_coco(write(tmp_path / "annotations/instances_all.json", [image(n) for n in range(1, 5)], []))
    assert images.ids == ("images/1.jpg", "images/2.jpg", "new/4.jpg")
    assert ("3.jpg", "in several folders: new/, old/") in [(f.name, f.reason) for f in noted(images)]


def test_two_lists_of_one_split_are_joined_and_said(tmp_path: Path):
    for number, split in enumerate(("train2014", "train2017", "val2017", "minival"), 1):
        picture(tmp_path / "images" / f"{number}.jpg", number)
        write(tmp_path / f"annotations/instances_{split}.json", [image(number)], [instance(number, 3)])
    images = read_coco(tmp_path)
    assert {split: len(positions) for split, positions in images.splits.items()} == {"minival": 1, "train": 2, "val": 1}
    assert [(f.name, f.reason) for f in images.findings if f.kind == "joined"] == [
        ("train2014, train2017", "together the split train")
    ]


def test_categories_of_one_name_are_joined_and_said(tmp_path: Path):
    picture(tmp_path / "images/1.jpg")
    categories = [{"id": 3, "name": "cat"}, {"id": 7, "name": "cat"}, {"id": 8, "name": "dog"}]
    images = read_coco(write(tmp_path / "instances.json", [image(1)], [instance(1, 7)], categories).parent)
    assert images.classes == ("cat", "dog")
    assert ("joined", 1) in [(f.kind, f.count) for f in images.findings if "name of another" in f.reason]


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (("images\\1.jpg", "images\\2.jpg"), "a backslash is read as a slash"),
        (
            ("..\\far\\1.jpg", "C:\\me\\2.jpg"),
            "no path leads to a picture",
        ),
        (("/home/me/1.jpg", "/home/me/0a1b2c3d-2.jpg"), "no path leads to a picture"),
    ],
)
def test_names_of_another_computer_are_understood(names: tuple[str, str], said: str, tmp_path: Path):
    for number in (1, 2):
        picture(tmp_path / f"images/{number}.jpg", number)
    entries = [image(number, name) for number, name in zip((1, 2), names, strict=True)]
    write(tmp_path / "instances.json", entries, [instance(1, 3), instance(2, 7)])
    images = read_coco(tmp_path)
    assert len(images) == 2
    (finding,) = [f for f in images.findings if f.reason.startswith(said)]
    assert (finding.kind, finding.count) == ("guessed", 2)
