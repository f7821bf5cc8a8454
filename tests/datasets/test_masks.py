"""Masks of the photographs beside them are no photographs, whatever their folder is called; classes are no masks."""

import io
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradviz.datasets import find
from gradviz.datasets.image_set import Finding
from gradviz.datasets.masks import MASKS, folders_of_masks, without_masks
from gradviz.datasets.scan import Found
from gradviz.datasets.uploads import Uploads
from tests.small_sets import annotation, noted, picture

PHOTOGRAPHS = (
    "train/good/000.png",
    "train/good/001.png",
    "test/good/000.png",
    "test/broken/000.png",
    "test/cut/000.png",
)
OF_FAULTS = ("ground_truth/broken/000_mask.png", "ground_truth/cut/000_mask.png")


def fill(root: Path, *names: str) -> Path:
    for number, name in enumerate(names):
        picture(root / name, number)
    return root


def left_out(root: Path) -> list[tuple[str, int]]:
    return [(f.name, f.count) for f in find(root).findings if f.reason == MASKS]


def masks(*names: str) -> set[str]:
    return {"/".join(place) for place in folders_of_masks(names, [tuple(name.split("/")[:-1]) for name in names])}


def test_masks_of_faults_are_in_no_class_and_in_no_split_and_are_named(tmp_path: Path):
    for number, name in enumerate((*PHOTOGRAPHS, *OF_FAULTS)):
        picture(tmp_path / name, number)
    images = find(tmp_path)
    assert images.classes == ("broken", "cut", "good")
    assert {split: [images.ids[i] for i in positions] for split, positions in images.splits.items()} == {
        "train": sorted(PHOTOGRAPHS[:2]),
        "test": sorted(PHOTOGRAPHS[2:]),
    }
    assert len(images) == len(PHOTOGRAPHS), "masks are no photographs"
    assert [f for f in noted(images) if f.kind == "left out"] == [Finding("ground_truth/", MASKS, count=2)]


@pytest.mark.parametrize(
    ("folder", "names"),
    [
        ("ground_truth", (*PHOTOGRAPHS, *OF_FAULTS)),
        ("set/Ground Truth", ("set/test/a/1.JPG", "set/Ground Truth/a/1.png")),
        ("gt", ("images/1.jpg", "gt/1.png")),
        ("train/gt", ("train/images/1.jpg", "train/gt/1.png", "val/images/2.jpg")),
        ("labels", ("images/train/1.jpg", "labels/train/1.png")),
        ("ground_truth", ("cat/1.jpg", "dog/1.jpg", "ground_truth/cat/1.png", "ground_truth/dog/1_gt.png")),
        ("cat/seg", ("cat/1.jpg", "cat/seg/1.png", "dog/1.jpg")),
        ("masks", ("images/1.jpg", "masks/1.jpg")),
        ("train_masks", ("train/1.jpg", "train_masks/1_mask.png")),
        ("valannot", ("val/1.png", "valannot/1.png")),
        ("masks training", ("images training/1.png", "masks training/1.png")),
        ("gt", ("trucks_train/1.png", "trucks_test/2.png", "gt/1.png")),
        ("annotations", ("images/1.jpg", "annotations/trimaps/1.png")),
        ("gtFine", ("leftImg8bit/val/a/a_1_leftImg8bit.png", "gtFine/val/a/a_1_gtFine_labelIds.png")),
        ("ground_truth", ("test/cut/1.png", "ground_truth/cut/1/0.png", "ground_truth/cut/1/1.png")),
        ("colour_masks", ("images/1.jpg", "colour_masks/1.png")),
        ("SegmentationClass", ("images/1.jpg", "SegmentationClass/1.png")),
        ("masks", ("cat/a.jpg", "dog/b.jpg", "masks/a.png", "masks/b.png")),
    ],
)
def test_folders_of_masks(folder: str, names: tuple[str, ...]):
    assert masks(*names) == {folder}


@pytest.mark.parametrize(
    "names",
    [
        ("bmw/1.png", "gt/1.png"),
        ("bmw/front/1.png", "gt/front/1.png"),
        ("train/bmw/1.png", "train/gt/1.png", "test/bmw/1.png", "test/gt/1.png"),
        ("images/1.jpg", "gt/1.jpg"),
        ("images/1.jpg", "gt/1.png", "gt/2.png", "gt/3.png"),
        ("images/cat/1.png", "labels/dog/1.png"),
        ("masks/venice/1.png", "masks/basel/1.png"),
        ("masks/train/venice/1.png", "masks/train/basel/1.png", "masks/test/venice/1.png"),
        ("labels/1.png", "labels/2.png"),
        ("labels/1.png", "masks/1.png"),
        ("hats/1.png", "masks/1.png"),
        ("hats/1.png", "shirts/1.png", "masks/1.png"),
        ("hats/h1.png", "shirts/s1.png", "masks/m1.png"),
        ("face/1.png", "face_mask/1.png"),
        ("mask/1.png", "no_mask/1.png"),
        ("with_mask/1.png", "without_mask/1.png"),
        ("seg_train/seg_train/sea/1.png", "seg_test/seg_test/sea/1.png", "seg_pred/seg_pred/1.png"),
        ("photos/1.png", "masks/a.png"),
    ],
)
def test_classes_that_number_their_pictures_alike_are_no_masks(names: tuple[str, ...]):
    assert masks(*names) == set()


def test_each_of_several_classes_may_have_a_folder_of_masks():
    assert masks("cat/1.jpg", "cat_mask/1.png", "dog/1.jpg", "dog_masks/1.png") == {"cat_mask", "dog_masks"}
    assert masks("cat/1.jpg", "cat_mask/1.png", "dog/1.jpg", "dog_masks/1.png", "owl/1.jpg") == set()


def test_masks_with_names_of_their_own_are_told_by_the_folders_beside_them():
    nuclei = [f"{one}/{place}.png" for one in "ab" for place in ("images/x", "masks/1", "masks/2")]
    assert masks(*nuclei) == {"a/masks", "b/masks"}
    assert masks(*[name.replace(".png", ".jpg") for name in nuclei]) == set()


def test_masks_among_the_photographs_are_left_out_and_counted_by_their_place(tmp_path: Path):
    scans = [f"{place}/{place} ({n}){end}.png" for place in ("ill", "well") for n in (1, 2) for end in ("", "_mask")]
    images = find(fill(tmp_path, *scans, "ill/ill (1)_mask_1.png"))
    assert (len(images), images.classes, (images.labels == 1).sum(axis=0).tolist()) == (4, ("ill", "well"), [2, 2])
    assert left_out(tmp_path) == [("ill/*_mask*.png", 3), ("well/*_mask*.png", 2)]


@pytest.mark.parametrize(
    "names",
    [
        ("a.png", "a_mask.png"),
        ("a.png", "a_mask.png", "b.png", "c.png"),
        ("a_mask.png", "b_mask.png", "mask.png"),
    ],
)
def test_a_word_of_masks_says_nothing_where_other_photographs_have_none(names: tuple[str, ...], tmp_path: Path):
    assert (len(find(fill(tmp_path, *names))), left_out(tmp_path)) == (len(names), [])


def test_people_with_masks_are_photographs_and_said(tmp_path: Path):
    images = find(fill(tmp_path, *(f"{n}{end}.jpg" for n in range(4) for end in ("", "_mask"))))
    reason = "called like masks of the pictures beside them, but no PNGs: taken for photographs"
    assert (len(images), [(f.name, f.reason, f.count) for f in images.findings]) == (8, [("*.jpg", reason, 4)])


def test_what_people_wear_is_a_class(tmp_path: Path):
    worn = fill(
        tmp_path / "worn", *(f"{place}/{place}{n}.jpg" for place in ("hats", "shirts", "masks") for n in (1, 2))
    )
    images = find(worn)
    assert images.classes == ("hats", "masks", "shirts")
    assert [(f.name, f.reason) for f in noted(images)] == [("masks", "read as a class, not as masks of the others")]
    carnival = fill(tmp_path / "carnival", *(f"masks/{place}/{n}.png" for place in ("basel", "venice") for n in (1, 2)))
    assert (find(carnival).classes, noted(find(carnival))) == (("basel", "venice"), ())
    assert find(carnival / "masks").classes == ("basel", "venice")
    both = fill(tmp_path / "both", "mask/1.png", "mask/2.png", "no_mask/1.png", "no_mask/2.png")
    assert (find(both).classes, noted(find(both))) == (("mask", "no_mask"), ())
    labels = fill(tmp_path / "labels of wine", "labels/red/1.png", "labels/white/1.png")
    assert find(labels).classes == ("red", "white")


def test_masks_in_many_places_are_one_finding(tmp_path: Path):
    names = [f"p{n}/{place}/1.png" for n in range(5) for place in ("images", "masks")]
    assert len(find(fill(tmp_path, *names))) == 5
    assert left_out(tmp_path) == [("*/masks/", 5)]


def test_masks_have_no_labels_of_yolo_or_of_an_annotation(tmp_path: Path):
    yolo = fill(tmp_path / "yolo", "images/1.jpg", "images/2.jpg", "masks/1.png", "masks/2.png")
    (yolo / "labels").mkdir()
    for number in (1, 2):
        (yolo / f"labels/{number}.txt").write_text("0 0.5 0.5 0.2 0.2\n")
    images = find(yolo)
    assert (images.format, images.ids) == ("YOLO", ("images/1.jpg", "images/2.jpg"))
    assert left_out(yolo) == [("masks/", 2)]
    pets = fill(
        tmp_path / "pets", "images/1.jpg", "images/2.jpg", "annotations/trimaps/1.png", "annotations/trimaps/2.png"
    )
    annotation(pets / "annotations/xmls/1.xml", ("cat", 1, 1, 9, 9))
    images = find(pets)
    assert (images.format, images.ids) == ("pictures with VOC XML", ("images/1.jpg", "images/2.jpg"))
    assert left_out(pets) == [("annotations/", 2)]


def test_masks_in_a_zip_are_left_out_too(tmp_path: Path):
    place = fill(tmp_path / "set", *PHOTOGRAPHS, *OF_FAULTS)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for path in sorted(place.rglob("*.png")):
            archive.write(path, path.relative_to(place))
    uploads = Uploads(tmp_path / "staging")
    uploads.add("000_mask.png", (place / OF_FAULTS[0]).read_bytes())
    added = uploads.add_zip(buffer)
    assert (added.accepted, added.refused) == (len(PHOTOGRAPHS), ())
    images = uploads.image_set()
    assert (len(images), images.classes) == (len(PHOTOGRAPHS) + 1, ("broken", "cut", "good"))
    assert images.labels_of(images.source("000_mask.png")) == (), "it came as a photograph as well"
    assert [(f.name, f.kind, f.count) for f in images.findings if f.reason == MASKS] == [
        ("ground_truth/", "left out", 2)
    ]
    assert len([path for path in uploads.folder.rglob("*") if path.is_file()]) == len(images)


WORDS = (
    "images",
    "masks",
    "mask",
    "train",
    "train_masks",
    "gt",
    "labels",
    "cat",
    "cat_mask",
    "dog",
    "dog_mask",
    "gtFine",
)
ENDS = ("1.png", "2.png", "1.jpg", "1_mask.png", "2_mask.png", "1_mask_2.png", "1_gt.png", "a_1_gtFine_color.png")
PATHS = st.tuples(st.lists(st.sampled_from(WORDS), max_size=3), st.sampled_from(ENDS))


@given(st.lists(PATHS, max_size=30, unique_by=str))
def test_every_picture_is_a_photograph_or_a_mask_that_is_counted(paths: list[tuple[list[str], str]]):
    found = [Found(name, Path(name)) for name in ("/".join([*folders, end]) for folders, end in paths)]
    parted = without_masks(found)
    assert {one.path for one in parted.photographs} | {*parted.masks} == {one.path for one in found}
    assert len(parted.photographs) + len(parted.masks) == len(found)
    assert sum(f.count for f in parted.findings if f.kind == "left out") == len(parted.masks)
    assert parted.photographs or not found, "masks are masks of photographs"
    assert [one for one in found if one in parted.photographs] == parted.photographs, "in their order"
