import os
import shutil
from pathlib import Path

import numpy as np
import pytest

from gradviz.datasets import find
from gradviz.datasets.image_set import Box, Finding
from gradviz.datasets.voc import FORMAT, locate
from gradviz.datasets.voc_xml import read_boxes
from gradviz.errors import DatasetError
from tests.small_sets import annotation, noted, picture, voc, write_list

read_voc = FORMAT.read
LABELS = {"train": {"000001": 1, "000002": -1, "000003": 0}, "cat": {"000001": -1, "000002": 1, "000003": 1}}
SPLITS = {"train": ["000001", "000002"], "val": ["000003"], "trainval": ["000001", "000002", "000003"]}
APART = Finding("train", "a class in train and trainval, but not in val", "guessed")


@pytest.fixture
def small(tmp_path: Path) -> Path:
    return voc(tmp_path / "VOC2012", LABELS, SPLITS)


def test_classes_labels_and_splits_are_those_of_the_files(small: Path):
    images = read_voc(small)
    assert images.ids == ("000001", "000002", "000003")
    assert images.classes == ("cat", "train"), "train_train.txt and train_val.txt belong to the class train"
    assert images.labels.tolist() == [[-1, 1], [1, -1], [1, 0]]
    assert {split: positions.tolist() for split, positions in images.splits.items()} == {
        "train": [0, 1],
        "val": [2],
        "trainval": [0, 1, 2],
    }
    assert list(images.splits) == ["train", "val", "trainval"]
    assert (images.name, images.ap, images.findings) == ("VOC2012", "area", (APART,))
    assert images.paths[0] == small / "JPEGImages/000001.jpg"
    assert images.labels_of(2) == ("cat",)
    assert images.boxes(2) == (Box("train", 1, 1, 20, 20, difficult=True), Box("cat", 1, 1, 20, 20))


def test_class_and_split_names_with_underscores(small: Path):
    write_list(small, "my_own", "000001")
    write_list(small, "traffic_light_my_own", "000001 1")
    write_list(small, "traffic_light_val", "000003 -1")
    images = read_voc(small)
    assert images.classes == ("cat", "traffic_light", "train")
    assert images.labels[:, 1].tolist() == [1, 0, -1]
    assert images.splits["my_own"].tolist() == [0]
    reason = "pairs of image and class in no list: neither train nor score"
    cat = Finding("cat", "a class in train and val and trainval, but not in my_own", "guessed")
    others = Finding("traffic_light, train", "a class in train and trainval and my_own, but not in val", "guessed", 2)
    assert images.findings == (Finding("labels", reason, "unlabelled"), cat, others)
    assert images.unknown is not None
    assert np.argwhere(images.unknown).tolist() == [[1, 1]], "000002 has no line for traffic_light; a 0 is difficult"


def test_a_split_without_a_file_is_what_its_class_files_list(small: Path):
    for split in ("train", "val", "trainval"):
        (small / f"ImageSets/Main/{split}.txt").unlink()
    images = read_voc(small)
    assert images.classes == ("cat", "train")
    assert images.splits["train"].tolist() == [0, 1]


def test_missing_pictures_are_said_and_the_rest_is_used(small: Path):
    (small / "JPEGImages/000003.jpg").unlink()
    images = read_voc(small)
    assert images.ids == ("000001", "000002")
    assert images.findings == (Finding("000003", "listed in val.txt, but no picture"),)
    assert list(images.splits) == ["train", "trainval"], "no split without an image"
    assert images.labels.shape == (2, 2)


def test_a_split_with_fewer_images_than_its_class_files(small: Path):
    write_list(small, "train", "000002")
    write_list(small, "trainval", "000002")
    images = read_voc(small)
    assert images.ids == ("000002", "000003")
    assert images.labels.tolist() == [[1, -1], [1, 0]]


def test_pictures_in_no_list_are_not_part_of_the_set(small: Path):
    for number in (8, 9):
        picture(small / f"JPEGImages/00000{number}.jpg")
    images = read_voc(small)
    assert len(images) == 3
    assert images.findings == (Finding("JPEGImages", "pictures that no list names", count=2), APART)


def test_without_lists_every_picture_is_there_unlabelled(tmp_path: Path):
    picture(tmp_path / "JPEGImages/b.jpg")
    picture(tmp_path / "JPEGImages/a.png")
    images = read_voc(tmp_path)
    assert (images.ids, images.classes, images.labels, dict(images.splits)) == (("a", "b"), (), None, {})


def test_hostile_ids_are_skipped_and_shown(small: Path, tmp_path: Path):
    picture(tmp_path / "secret.jpg")
    write_list(small, "train", "../../secret", "/etc/passwd", "000001", "..", "<script>alert(1)</script>")
    images = read_voc(small)
    assert images.splits["train"].tolist() == [0]
    assert all(path.resolve().is_relative_to(small) for path in images.paths)
    assert Finding("train.txt", "lines that are not ids, like '../../secret'", count=4) in images.findings


def test_wrong_and_contradicting_labels_are_counted(small: Path):
    write_list(small, "cat_train", "000001 7", "000002 1")
    write_list(small, "cat_trainval", "000001 7", "000002 -1", "000003 1")
    images = read_voc(small)
    assert images.labels[:, 0].tolist() == [0, 1, 1], "the first list counts, what is no label is unknown"
    reason = "labels that are not 1, 0, -1 or contradict an earlier list"
    assert images.findings[0] == Finding("cat", reason, "not read", 3)


def test_lists_that_are_no_text_are_skipped(small: Path):
    (small / "ImageSets/Main/noise.txt").write_bytes(bytes(range(128, 256)))
    (small / "ImageSets/Main/empty.txt").touch()
    write_list(small, "ragged", "a b c", "d")
    images = read_voc(small)
    assert list(images.splits) == ["train", "val", "trainval"]
    assert [s.name for s in images.findings] == ["noise.txt", "ragged.txt", "train"]


def test_pipes_are_not_waited_for(small: Path):
    os.mkfifo(small / "ImageSets/Main/pipe.txt")
    (small / "Annotations/000001.xml").unlink()
    os.mkfifo(small / "Annotations/000001.xml")
    images = read_voc(small)
    assert images.boxes(0) == ()
    assert [s.name for s in images.findings] == ["pipe.txt", "train"]


def test_links_that_somebody_put_there_are_followed(small: Path, tmp_path: Path):
    outside = picture(tmp_path / "outside" / "000001.jpg")
    (small / "JPEGImages/000001.jpg").unlink()
    (small / "JPEGImages/000001.jpg").symlink_to(outside)
    (tmp_path / "list.txt").write_text("000002\n")
    (small / "ImageSets/Main/test.txt").symlink_to(tmp_path / "list.txt")
    annotation(tmp_path / "outside.xml", ("cat", 1, 1, 5, 5))
    (small / "Annotations/000002.xml").unlink()
    (small / "Annotations/000002.xml").symlink_to(tmp_path / "outside.xml")
    (small / "JPEGImages").rename(tmp_path / "moved")
    (small / "JPEGImages").symlink_to(tmp_path / "moved")
    images = read_voc(small)
    apart = Finding("train", "a class in train and trainval, but not in val or test", "guessed")
    assert (images.ids, images.findings) == (("000001", "000002", "000003"), (apart,))
    assert images.splits["test"].tolist() == [1]
    assert images.boxes(1) == (Box("cat", 1, 1, 5, 5),)
    assert images.open(0).size == (40, 30)


def test_boxes_are_clipped_or_left_out(tmp_path: Path):
    path = annotation(
        tmp_path / "a.xml",
        ("clipped", -5, 0, 400, 300),
        ("outside", 50, 5, 60, 10),
        ("turned", 30, 5, 20, 10),
        ("", 1, 1, 5, 5),
        ("words", "x", 1, 5, 5),
        ("huge", "inf", 1, 5, 5),
        ("decimals", 1.6, "2.2", 5, 6),
        ("cat\n", 40, 30, 40, 30, 1),
    )
    assert read_boxes(path) == (
        Box("clipped", 1, 1, 40, 30),
        Box("decimals", 2, 2, 5, 6),
        Box("cat", 40, 30, 40, 30, difficult=True),
    )


@pytest.mark.parametrize(
    "text",
    [
        "",
        "<annotation>",
        "<annotation><size><width>wide</width></size></annotation>",
        '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><annotation><object><name>&x;</name></object></annotation>',
        '<!DOCTYPE a [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><annotation>&b;</annotation>',
        "<annotation>" + " " * 1_000_001 + "</annotation>",
    ],
)
def test_damaged_or_hostile_annotations_have_no_boxes(tmp_path: Path, text: str):
    (tmp_path / "a.xml").write_text(text)
    assert read_boxes(tmp_path / "a.xml") == ()
    assert read_boxes(tmp_path / "none.xml") == ()


@pytest.mark.parametrize("within", ["", "VOC2007", "VOCdevkit/VOC2007", "somewhere/VOCdevkit/VOC2007"])
def test_the_devkit_is_found_from_above(tmp_path: Path, within: str):
    voc(tmp_path / within, LABELS, SPLITS)
    start = tmp_path / "somewhere" if within.startswith("somewhere") else tmp_path
    assert locate(start) == tmp_path / within
    assert len(read_voc(start)) == 3


def test_a_devkit_with_two_years_asks_which(tmp_path: Path):
    for year in ("VOC2007", "VOC2012"):
        voc(tmp_path / "VOCdevkit" / year, LABELS, SPLITS)
    with pytest.raises(DatasetError, match=r"name one of them: .*VOC2007, .*VOC2012"):
        read_voc(tmp_path)


def test_eleven_points_for_2007_by_name_or_annotation(tmp_path: Path):
    assert read_voc(voc(tmp_path / "VOC2007", LABELS, SPLITS)).ap == "eleven_point"
    other = voc(tmp_path / "other", LABELS, SPLITS)
    assert read_voc(other).ap == "area"
    annotation(other / "Annotations/000001.xml", database="PASCAL VOC2007")
    assert read_voc(other).ap == "eleven_point"


def test_nothing_usable_is_an_error_that_says_what_was_looked_for(tmp_path: Path):
    with pytest.raises(DatasetError, match="looked for JPEGImages/"):
        read_voc(tmp_path)
    (tmp_path / "JPEGImages").mkdir()
    with pytest.raises(DatasetError, match="no usable picture: looked for JPEGImages/"):
        read_voc(tmp_path)


def test_twenty_payloads_stay_text(small: Path):
    payload = "<img src=x onerror=alert(1)>"
    for number in range(20):
        annotation(small / "Annotations/000001.xml", (payload.replace("<", "&lt;"), 1, 1, 5, 5 + number))
        assert read_voc(small).boxes(0)[0].name == payload


def test_the_real_photographs(voc_root: Path):
    images = read_voc(voc_root)
    assert (len(images), len(images.classes), images.ap, images.findings) == (2476, 20, "eleven_point", ())
    assert {split: len(positions) for split, positions in images.splits.items()} == {
        "train": 1238,
        "val": 1238,
        "trainval": 2476,
    }
    assert len(images.digest) == 64
    column = images.classes.index("train")
    for position in images.select("val", 60):
        names = {box.name for box in images.boxes(position)}
        assert set(images.labels_of(position)) <= names
        assert ("train" in names) == (images.labels[position, column] >= 0)
        only = names - {box.name for box in images.boxes(position) if not box.difficult}
        assert {images.classes[c] for c in np.flatnonzero(images.labels[position] == 0)} == only


def test_lists_of_ones_and_zeros_are_read_as_present_and_absent(tmp_path: Path):
    members = ["000001", "000002", "000003", "000004"]
    labels = {
        "cat": dict(zip(members, (1, 0, 1, 0), strict=True)),
        "dog": dict(zip(members, (0, 1, 0, 0), strict=True)),
    }
    root = voc(tmp_path / "VOC2012", labels, {"train": members[:2], "val": members[2:]})
    shutil.rmtree(root / "Annotations")
    images = read_voc(root)
    assert images.labels.tolist() == [[1, -1], [-1, 1], [1, -1], [-1, -1]]
    finding, apart = images.findings
    assert (finding.kind, finding.count) == ("guessed", 5)
    assert "0 is read as absent" in finding.reason
    assert apart == Finding("dog", "a class in train, but not in val", "guessed")
    write_list(root, "dog_val", "000003 -1", "000004 0")
    images = read_voc(root)
    assert images.labels.tolist() == [[1, 0], [0, 1], [1, -1], [0, 0]], "one -1, and 0 is VOC's own: unknown"
    named = [("cat", "guessed", 2), ("dog_train.txt", "guessed", 1)]
    *zeros, last = images.findings
    assert [(f.name, f.kind, f.count) for f in zeros] == named
    assert all("write -1 for absent" in f.reason for f in zeros)
    assert last == apart


def test_zeros_beside_difficult_objects_stay_what_voc_means_by_them(tmp_path: Path):
    members = ["000001", "000002", "000003"]
    root = voc(tmp_path / "VOC2012", {"cat": dict(zip(members, (1, 0, 0), strict=True))}, {"train": members})
    assert read_voc(root).labels.tolist() == [[1], [0], [0]], "their annotations have a difficult cat"
    annotation(root / "Annotations/000003.xml", ("dog", 1, 1, 20, 20))
    images = read_voc(root)
    assert images.labels[:, 0].tolist() == [1, 0, -1], "the annotation of 000003 is known, and has no cat"
    assert [(f.kind, f.name, f.count) for f in images.findings] == [("guessed", "labels", 1), ("guessed", "dog", 1)]


# What people bring


def lists_of(root: Path, splits: dict[str, list[str]], **classes: dict[str, str]) -> Path:
    for split, ids in splits.items():
        write_list(root, split, *ids)
    for name, lines in classes.items():
        write_list(root, name, *(f"{identifier} {label}" for identifier, label in lines.items()))
    return root


@pytest.mark.parametrize(
    "encode",
    [
        lambda text: text.encode("utf-8-sig"),
        lambda text: text.replace("\n", "\r\n").encode("utf-16"),
        lambda text: text.encode("utf-16-be"),
        lambda text: text.encode("utf-16-le"),
        lambda text: ("  \n" + text.replace("\n", "  \r\n\r\n")).encode(),
    ],
    ids=["BOM", "UTF-16", "big endian", "little endian", "blanks"],
)
def test_lists_of_every_editor_are_read(small: Path, encode):
    plain = read_voc(small)
    for path in (small / "ImageSets/Main").glob("*.txt"):
        path.write_bytes(encode(path.read_text()))
    assert read_voc(small) == plain
    assert read_voc(small).findings == (APART,)


@pytest.mark.parametrize("form", ["{}.jpg", "JPEGImages/{}", "/data/VOC2012/JPEGImages/{}.jpg", "{} "])
def test_ids_as_people_write_them(small: Path, form: str):
    plain = read_voc(small)
    for path in (small / "ImageSets/Main").glob("*.txt"):
        rows = [line.split() for line in path.read_text().splitlines()]
        path.write_text("".join(" ".join([form.format(row[0]), *row[1:]]) + "\n" for row in rows))
    assert read_voc(small) == plain


@pytest.mark.parametrize("name", ["IMG {} (copy)", "foto_ä{}+50%", "a.b.{}", "{} 1", "день {}"])
def test_ids_with_spaces_and_signs(tmp_path: Path, name: str):
    ids = [name.format(number) for number in range(4)]
    for number, identifier in enumerate(ids):
        picture(tmp_path / f"JPEGImages/{identifier}.jpg", number)
    cat = {identifier: "1" if i % 2 else "-1" for i, identifier in enumerate(ids)}
    lists_of(tmp_path, {"train": ids[:2], "val": ids[2:]}, cat_train=cat)
    images = read_voc(tmp_path)
    assert (images.ids, images.findings) == (tuple(ids), ())
    assert images.labels.tolist() == [[-1], [1], [-1], [1]]
    assert {split: len(positions) for split, positions in images.splits.items()} == {"train": 2, "val": 2}


def test_labels_without_lists_of_classes_are_those_of_the_annotations(tmp_path: Path):
    for name in "abcd":
        picture(tmp_path / f"JPEGImages/{name}.jpg", ord(name))
    annotation(tmp_path / "Annotations/a.xml", ("cat", 1, 1, 9, 9), ("dog", 1, 1, 9, 9, 1))
    annotation(tmp_path / "Annotations/b.xml", ("dog", 1, 1, 9, 9), ("dog", 1, 1, 9, 9, 1))
    annotation(tmp_path / "Annotations/c.xml")
    images = read_voc(tmp_path)
    assert images.classes == ("cat", "dog")
    assert images.labels.tolist() == [[1, 0], [-1, 1], [-1, -1], [0, 0]]
    assert images.unknown.tolist() == [[False] * 2, [False] * 2, [False] * 2, [True] * 2]
    assert list(images.splits) == ["train", "val"]
    assert [f.kind for f in images.findings] == ["unlabelled", "guessed"]
    annotation(tmp_path / "Annotations/z.xml", ("cat", 1, 1, 9, 9))
    assert Finding("z.xml", "an annotation without its picture") in read_voc(tmp_path).findings
    (tmp_path / "Annotations/z.xml").unlink()
    write_list(tmp_path, "train", "a", "b")
    write_list(tmp_path, "validation", "c")
    images = read_voc(tmp_path)
    assert (images.labels.tolist(), images.ids) == ([[1, 0], [-1, 1], [-1, -1]], ("a", "b", "c"))
    assert {split: positions.tolist() for split, positions in images.splits.items()} == {"train": [0, 1], "val": [2]}
    apart = Finding("cat, dog", "a class in train, but not in val", "guessed", 2)
    assert images.findings == (Finding("JPEGImages", "pictures that no list names", count=1), apart)


def test_lists_that_say_neither_class_nor_split_are_named_and_not_guessed(small: Path):
    plain = read_voc(small)
    write_list(small, "maletrain", "000001")
    write_list(small, "traffic_light", "000001", "000002")
    write_list(small, "cat_test", "000001")
    write_list(small, "light", "000001 1")
    write_list(small, "traffic_sign", "000001 1", "000002 -1")
    images = read_voc(small)
    assert images == plain
    assert {(f.kind, f.name) for f in images.findings} == {
        *(("not read", f"{name}.txt") for name in ("maletrain", "traffic_light", "cat_test", "light", "traffic_sign")),
        ("guessed", "train"),
    }


def test_zeros_and_ones_mean_absent_and_present(small: Path):
    plain = read_voc(small)
    for path in (small / "ImageSets/Main").glob("*_*.txt"):
        path.write_text(path.read_text().replace(" 0", " 1").replace("-1", "0"))
    images = read_voc(small)
    assert images.labels.tolist() == [[-1, 1], [1, -1], [1, 1]]
    assert plain.labels.tolist() == [[-1, 1], [1, -1], [1, 0]], "where there is a -1, 0 is difficult"
    assert [(f.kind, f.name) for f in images.findings] == [("guessed", "labels")]


def test_difficult_and_unknown_are_told_apart(small: Path):
    write_list(small, "cat_val")
    write_list(small, "cat_trainval", "000001 -1", "000002 1")
    images = read_voc(small)
    assert images.labels.tolist() == [[-1, 1], [1, -1], [0, 0]]
    assert images.unknown.tolist() == [[False, False], [False, False], [True, False]]


ENDLESS = "<size><width>7e400</width><height>30</height></size>"
NO_SIZES = ("", "<size/>", "<size><width>0</width><height>0</height></size>", "<size><width>x</width></size>", ENDLESS)


@pytest.mark.parametrize("size", NO_SIZES)
def test_boxes_without_a_good_size_are_clipped_to_the_picture(small: Path, size: str):
    path = small / "Annotations/000001.xml"
    text = annotation(path, ("cat", 5, 5, 400, 400)).read_text()
    start, end = text.index("<size>"), text.index("</size>") + len("</size>")
    path.write_text(text[:start] + size + text[end:])
    assert read_voc(small).boxes(0) == (Box("cat", 5, 5, 40, 30),)
    (small / "JPEGImages/000001.jpg").write_bytes((small / "JPEGImages/000001.jpg").read_bytes()[:20])
    assert read_voc(small).boxes(0) == (), "no picture, no size, no frame"


def test_devkits_side_by_side_ask_which(tmp_path: Path):
    for part in ("trainval", "test"):
        voc(tmp_path / part / "VOCdevkit/VOC2007", LABELS, SPLITS)
    with pytest.raises(DatasetError, match=r"name one of them: .*test/VOCdevkit/VOC2007, .*trainval/VOCdevkit/VOC2007"):
        find(tmp_path)
    assert len(find(tmp_path / "test")) == 3


def test_a_devkit_one_level_deeper_is_found(tmp_path: Path):
    voc(tmp_path / "archive/data/VOCdevkit/VOC2012", LABELS, SPLITS)
    (tmp_path / "archive/LICENSE").touch()
    images = find(tmp_path)
    assert (images.format, images.classes) == ("a folder in VOC layout", ("cat", "train"))


def test_splits_spelt_otherwise_have_their_usual_names_with_lists_of_classes_too(tmp_path: Path):
    labels = {"cat": {"a": 1, "b": -1, "c": 1}}
    images = find(voc(tmp_path, labels, {"training": ["a", "b"], "validation": ["c"]}))
    assert {split: list(positions) for split, positions in images.splits.items()} == {"train": [0, 1], "val": [2]}
    assert images.labels is not None
    assert images.labels.tolist() == [[1], [-1], [1]]


def test_what_lies_beside_a_devkit_is_named(tmp_path: Path):
    voc(tmp_path / "VOCdevkit/VOC2007", {"cat": {"a": 1, "b": -1}}, {"train": ["a"], "val": ["b"]})
    picture(tmp_path / "extra/1.jpg")
    images = find(tmp_path)
    assert [(f.name, f.kind, f.count) for f in images.findings] == [("extra/", "left out", 1), ("cat", "guessed", 1)]


@pytest.mark.parametrize("encode", [str.encode, lambda text: text.encode("utf-16")])
def test_classes_without_a_list_come_from_the_annotations(small: Path, encode):
    before = read_voc(small)
    text = (small / "Annotations/000001.xml").read_text()
    dog = "<object><name> dog </name><difficult>1</difficult><part><name>head</name></part></object>"
    content = text.replace("<source>", "<owner><name>?</name></owner><source>").replace("</ann", f"{dog}</ann")
    (small / "Annotations/000001.xml").write_bytes(encode(content))
    (small / "Annotations/000002.xml").unlink()
    images = read_voc(small)
    assert images.classes == ("cat", "dog", "train"), "neither the owner nor a part is a class"
    assert images.labels[:, [0, 2]].tolist() == before.labels.tolist(), "a list counts before the annotations"
    assert images.labels[:, 1].tolist() == [0, 0, -1]
    assert images.unknown[:, 1].tolist() == [False, True, False]
    reason = "classes without a list: their labels are those of the annotations"
    assert Finding("dog", reason, "guessed") in images.findings


def test_an_object_without_a_name_leaves_its_picture_unknown(small: Path):
    for path in (small / "ImageSets/Main").glob("*_*.txt"):
        path.unlink()
    assert read_voc(small).labels.tolist() == [[-1, 1], [1, -1], [1, 0]]
    for number, name in (("1", "<name> </name>"), ("2", "")):
        path = small / f"Annotations/00000{number}.xml"
        path.write_text(path.read_text().replace("</ann", f"<object>{name}</object></ann"))
    images = read_voc(small)
    assert images.labels.tolist() == [[0, 1], [1, 0], [1, 0]]
    assert images.unknown.tolist() == [[True, False], [False, True], [False, False]]
    reason = "an object without a name: the other classes of its picture are unknown"
    assert images.findings == (*(Finding(f"00000{n}.xml", reason, "not read") for n in (1, 2)), APART)


@pytest.mark.parametrize("lists", [True, False])
@pytest.mark.parametrize(
    "box",
    [(41, 1, 60, 9), (1, 31, 9, 40), (-9, 1, 0, 9), (9, 1, 8, 9), ("", 1, 8, 9)],
)
def test_boxes_that_are_not_drawn_are_named(small: Path, box: tuple, lists: bool):
    if not lists:
        for path in (small / "ImageSets/Main").glob("*_*.txt"):
            path.unlink()
    before = read_voc(small)
    assert before.findings == (APART,)
    annotation(small / "Annotations/000002.xml", ("cat", *box))
    images = read_voc(small)
    reason = "boxes do not fit the picture and are not drawn; their labels count"
    assert images.findings == (Finding("000002.xml", reason, "not read"), APART)
    assert images.boxes(1) == ()
    assert images.labels.tolist() == before.labels.tolist()


def test_labels_of_pictures_that_are_not_here_are_named(tmp_path: Path):
    root = voc(tmp_path / "VOC2012", {"cat": {"000001": 1, "000002": -1}}, {"train": ["000001"], "val": ["000002"]})
    write_list(root, "cat_train", "000001 1", "000777 1")
    (finding,) = [f for f in read_voc(root).findings if "no picture" in f.reason]
    assert (finding.name, finding.kind, finding.count) == ("000777", "left out", 1)


def test_a_list_of_ones_and_zeros_beside_another_with_minus_ones_is_named(tmp_path: Path):
    members = [f"00000{number}" for number in range(1, 7)]
    labels = dict(zip(members, (1, -1, 0, 1, 0, 0), strict=True))
    root = voc(tmp_path / "VOC2012", {"cat": labels}, {"train": members[:3], "val": members[3:]})
    assert noted(read_voc(root)) == (), "the annotations have a difficult cat for each 0"
    annotation(root / "Annotations/000005.xml", ("dog", 1, 1, 20, 20))
    (root / "Annotations/000006.xml").unlink()
    images = read_voc(root)
    assert images.labels[:, images.classes.index("cat")].tolist() == [1, -1, 0, 1, 0, 0]
    (finding,) = [f for f in images.findings if f.name == "cat_val.txt"]
    assert (finding.kind, finding.count) == ("guessed", 2)
    assert "no label of this list is -1, but some of the class's other lists are: 0 says neither" in finding.reason
    write_list(root, "cat_trainval", *(f"{identifier} {label}" for identifier, label in labels.items()))
    assert not [f for f in read_voc(root).findings if f.name == "cat_val.txt"], "a list with -1 has the same zeros"
