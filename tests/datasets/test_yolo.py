from pathlib import Path

import pytest

from gradviz.datasets import find
from gradviz.datasets.image_set import Box
from gradviz.datasets.yolo import FORMAT
from gradviz.errors import DatasetError
from tests.small_sets import annotation, picture

read_yolo = FORMAT.read


def write(root: Path, entries: dict[str, str]) -> Path:
    """Write pictures, and the text of other files."""
    for number, (name, text) in enumerate(entries.items()):
        if name.endswith(".jpg"):
            picture(root / name, number)
        else:
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(text)
    return root


def test_classes_boxes_and_splits(tmp_path: Path):
    write(
        tmp_path,
        {"images/train/a.jpg": "", "images/train/b.jpg": "", "images/val/c.jpg": "", "images/val/d.jpg": ""}
        | {"labels/train/a.txt": "1 0.5 0.5 0.5 0.2\n0 0.1 0.1 0.2 0.2 0.9\n", "labels/train/b.txt": ""}
        | {"labels/val/c.txt": "0 0.1 0.1 0.2 0.1 0.2 0.2\n"}
        | {"data.yaml": "train: images/train\nval: images/val\nnc: 2\nnames: [cat, 'hot dog']\n"},
    )
    images = find(tmp_path)
    assert (images.format, images.classes) == ("YOLO", ("cat", "hot dog"))
    assert images.labels.tolist() == [[1, 1], [-1, -1], [1, -1], [0, 0]]
    assert images.unknown.tolist() == [[False] * 2, [False] * 2, [False] * 2, [True] * 2]
    assert {name: positions.tolist() for name, positions in images.splits.items()} == {"train": [0, 1], "val": [2, 3]}
    assert images.boxes(0) == (Box("hot dog", 11, 13, 30, 18), Box("cat", 1, 1, 8, 6))
    assert images.boxes(2) == (), "a polygon is not drawn"
    assert [(f.kind, f.name, f.count) for f in images.findings] == [
        ("unlabelled", "labels", 1),
        ("guessed", "hot dog", 1),
    ], "val shows no hot dog"


@pytest.mark.parametrize(
    "entries",
    [
        {"train/images/a.jpg": "", "train/labels/a.txt": "0 .5 .5 .1 .1", "valid/images/b.jpg": ""}
        | {"valid/labels/b.txt": "1 .5 .5 .1 .1", "data.yaml": "names:\n  0: cat\n  1: dog\nnc: 2\n"},
        {"images/a.jpg": "", "labels/a.txt": "0 .5 .5 .1 .1", "images/b.jpg": "", "labels/b.txt": "1 .5 .5 .1 .1"}
        | {"classes.txt": "cat\ndog\n", "notes.json": "{}"},
        {"a.jpg": "", "a.txt": "0 .5 .5 .1 .1", "b.jpg": "", "b.txt": "1 .5 .5 .1 .1", "classes.txt": "cat\ndog"},
        {"obj_train_data/a.jpg": "", "obj_train_data/a.txt": "0 .5 .5 .1 .1", "obj_train_data/b.jpg": ""}
        | {"obj_train_data/b.txt": "1 .5 .5 .1 .1", "obj.names": "cat\ndog\n"},
        {
            "x/Images/a.jpg": "",
            "x/Labels/a.txt": "0 .5 .5 .1 .1",
            "x/Images/b.jpg": "",
            "x/Labels/b.txt": "1 .5 .5 .1 .1",
        }
        | {"x/DATA.YAML": 'names:\n- cat # meows\n- "dog"\npath: ..\n'},
    ],
    ids=["roboflow", "label studio", "labelImg", "darknet", "a folder round it"],
)
def test_layouts_that_programs_write(tmp_path: Path, entries: dict[str, str]):
    images = find(write(tmp_path, entries))
    assert (images.format, images.classes) == ("YOLO", ("cat", "dog"))
    assert images.labels.tolist() == [[1, -1], [-1, 1]]
    assert [f for f in images.findings if f.kind != "guessed"] == []


def test_splits_that_data_yaml_states(tmp_path: Path):
    entries = {f"images/{s}/{s}{i}.jpg": "" for s in "ab" for i in range(2)}
    entries |= {f"labels/{s}/{s}{i}.txt": "0 .5 .5 .1 .1" for s in "ab" for i in range(2)}
    stated = "path: /content/set\ntrain: ./images/a\nval: some.txt\nnames: {0: cat}\n"
    images = find(write(tmp_path, entries | {"some.txt": "/content/set/images/b/b1.jpg\n", "data.yaml": stated}))
    assert {s: [images.ids[i] for i in positions] for s, positions in images.splits.items()} == {
        "train": ["images/a/a0.jpg", "images/a/a1.jpg"],
        "val": ["images/b/b1.jpg"],
    }
    assert [(f.kind, f.name, f.count) for f in images.findings] == [("unlabelled", "labels", 1)]
    assert "in no split" in images.findings[0].reason


def test_classes_without_names_are_called_by_their_numbers_and_that_is_said(tmp_path: Path):
    images = find(write(tmp_path, {"images/a.jpg": "", "labels/a.txt": "7 .5 .5 .1 .1"}))
    assert (images.format, images.classes) == ("YOLO", ("7",))
    assert ("guessed", "classes") in {(f.kind, f.name) for f in images.findings}


def test_what_cannot_be_told_is_unknown_and_named(tmp_path: Path):
    entries = {f"images/{name}.jpg": "" for name in "abcd"} | {"classes.txt": "cat\ndog\n"}
    labels = {"a": "0 .5 .5 .1 .1", "b": "5 .5 .5 .1 .1\n0 .5 .5 .1 .1", "c": "cat .5 .5 .1 .1", "d": "1 .5 .5 .1 .1"}
    images = find(write(tmp_path, entries | {f"labels/{name}.txt": text for name, text in labels.items()}))
    assert images.labels.tolist() == [[1, -1], [0, 0], [0, 0], [-1, 1]]
    assert {(f.kind, f.name) for f in images.findings} >= {("unlabelled", "images/b.jpg"), ("not read", "labels/c.txt")}
    (tmp_path / "images/a.jpg").unlink()
    assert ("not read", "labels/a.txt") in {(f.kind, f.name) for f in find(tmp_path).findings}


def test_captions_and_numbers_are_not_yolo(tmp_path: Path):
    for text in ("a cat on a mat", "7", "1 2"):
        write(tmp_path / text, {"a/1.jpg": "", "a/1.txt": text, "b/2.jpg": "", "b/2.txt": text})
        images = find(tmp_path / text)
        assert (images.format, images.classes) == ("a folder of pictures", ("a", "b"))
        assert {(f.kind, f.name) for f in images.findings if f.kind == "not read"} == {
            ("not read", "a/1.txt"),
            ("not read", "b/2.txt"),
        }


def test_no_usable_label_is_one_sentence(tmp_path: Path):
    write(tmp_path, {"images/a.jpg": "", "labels/a.txt": "garbage", "data.yaml": "names: [cat]"})
    with pytest.raises(DatasetError, match="has no label file in YOLO's form"):
        read_yolo(tmp_path)


def test_two_sets_that_call_their_classes_differently_ask_which(tmp_path: Path):
    for name, classes in (("a", "[cat, dog]"), ("b", "[cat, dog, cow]"), ("c", "[dog, cat]")):
        write(tmp_path / "two" / name, {"images/1.jpg": "", "labels/1.txt": "0 .5 .5 .1 .1\n"})
        write(tmp_path / "two" / name, {"data.yaml": f"names: {classes}\n"})
    with pytest.raises(DatasetError, match=r"holds several data sets: a/data\.yaml and c/data\.yaml give"):
        find(tmp_path / "two")
    assert find(tmp_path / "two/c").labels_of(0) == ("dog",)
    write(tmp_path / "two", {"data.yaml": "names: [cow]\n"})
    assert find(tmp_path / "two").classes == ("cow",), "what stands above them speaks for all"
    (tmp_path / "two/data.yaml").unlink()
    (tmp_path / "two/c/data.yaml").unlink()
    assert find(tmp_path / "two").classes == ("cat", "dog")


def test_two_numbers_of_one_name_and_a_split_without_pictures_are_said(tmp_path: Path):
    yaml = "train: images/train\nval: images/nowhere\nnames: [cat, dog, cat]\n"
    entries = {"images/train/a.jpg": "", "labels/train/a.txt": "2 0.5 0.5 0.2 0.2\n", "data.yaml": yaml}
    images = find(write(tmp_path, entries))
    assert images.classes == ("cat", "dog")
    assert [(f.kind, f.name) for f in images.findings] == [("joined", "cat"), ("left out", "images/nowhere")]


@pytest.mark.parametrize(("suffix", "beside"), [("jfif", "txt"), ("jpg_large", "xml"), ("", "txt")])
def test_pictures_with_odd_suffixes_alone_keep_their_labels(suffix: str, beside: str, tmp_path: Path):
    for number, name in enumerate("ab"):
        picture(tmp_path / "made.jpg", number).rename(tmp_path / (f"{name}.{suffix}" if suffix else name))
        if beside == "xml":
            annotation(tmp_path / f"{name}.xml", ("cat", 1, 1, 9, 9))
    if beside == "txt":
        write(tmp_path, {"a.txt": "0 0.5 0.5 0.2 0.2\n", "b.txt": "0 0.5 0.5 0.2 0.2\n", "classes.txt": "cat\n"})
    images = find(tmp_path)
    assert [images.labels_of(i) for i in range(2)] == [("cat",)] * 2


def test_pairs_of_folders_that_mean_splits_are_splits(tmp_path: Path):
    sides = {f"cars_{split}/images/{split}": "0 0.5 0.5 0.2 0.2\n" for split in ("train", "test")}
    write(tmp_path, {f"{name}.jpg": "" for name in sides} | {"classes.txt": "car\n"})
    write(tmp_path, {f"{name}.txt": text for name, text in sides.items()})
    images = find(tmp_path)
    assert (images.format, sorted(images.splits)) == ("YOLO", ["test", "train"])


@pytest.mark.parametrize("names", [{"classes.txt": "cat\ndog\n"}, {}])
def test_a_number_below_0_is_said_to_be_no_class(tmp_path: Path, names: dict[str, str]):
    labels = {"a": "0 .5 .5 .1 .1", "b": "-1 .5 .5 .1 .1\n0 .5 .5 .1 .1", "c": "1 .5 .5 .1 .1", "d": "-7 .5 .5 .1 .1"}
    entries = {f"images/{name}.jpg": "" for name in labels} | names
    images = find(write(tmp_path, entries | {f"labels/{name}.txt": text for name, text in labels.items()}))
    assert images.classes == (("cat", "dog") if names else ("0", "1"))
    assert images.labels.tolist() == [[1, -1], [0, 0], [-1, 1], [0, 0]]
    assert [(f.name, f.reason) for f in images.findings if f.kind == "unlabelled"] == [
        ("images/b.jpg", "a box of class -1, but classes are numbered from 0: unknown"),
        ("images/d.jpg", "a box of class -7, but classes are numbered from 0: unknown"),
    ]
    for name in labels:
        (tmp_path / f"labels/{name}.txt").write_text("-1 .5 .5 .1 .1")
    images = read_yolo(tmp_path)
    assert (images.labels is None or not images.labels.any(), images.findings[0].name) == (True, "images/*.jpg")


def test_lines_of_numbers_below_0_alone_are_not_yolo(tmp_path: Path):
    for name in "ab":
        write(tmp_path, {f"{name}/1.jpg": "", f"{name}/1.txt": "-12 5 6 7 8"})
    assert find(tmp_path).format == "a folder of pictures"
