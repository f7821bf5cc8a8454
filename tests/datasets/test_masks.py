"""Masks beside the photographs are no class and in no split, whatever their folder is called; classes are no masks."""

from pathlib import Path

import pytest

from gradviz.datasets import find
from gradviz.datasets.masks import folders_of_masks
from tests.small_sets import noted, picture

PHOTOGRAPHS = (
    "train/good/000.png",
    "train/good/001.png",
    "test/good/000.png",
    "test/broken/000.png",
    "test/cut/000.png",
)
MASKS = ("ground_truth/broken/000_mask.png", "ground_truth/cut/000_mask.png")


def masks(*names: str) -> set[str]:
    return {"/".join(place) for place in folders_of_masks(names, [tuple(name.split("/")[:-1]) for name in names])}


def test_masks_of_faults_are_in_no_class_and_in_no_split_and_are_named(tmp_path: Path):
    for number, name in enumerate((*PHOTOGRAPHS, *MASKS)):
        picture(tmp_path / name, number)
    images = find(tmp_path)
    assert images.classes == ("broken", "cut", "good")
    assert {split: [images.ids[i] for i in positions] for split, positions in images.splits.items()} == {
        "train": sorted(PHOTOGRAPHS[:2]),
        "test": sorted(PHOTOGRAPHS[2:]),
    }
    assert {images.labels_of(images.source(name)) for name in MASKS} == {()}
    said = {f.name: f.reason for f in noted(images) if f.kind == "unlabelled"}
    assert said == dict.fromkeys(
        MASKS, "a folder of masks, previews or samples beside the pictures: without label and split"
    )


@pytest.mark.parametrize(
    ("folder", "names"),
    [
        ("ground_truth", (*PHOTOGRAPHS, *MASKS)),
        ("set/Ground Truth", ("set/test/a/1.JPG", "set/Ground Truth/a/1.png")),
        ("gt", ("images/1.jpg", "gt/1.png")),
        ("train/gt", ("train/images/1.jpg", "train/gt/1.png", "val/images/2.jpg")),
        ("labels", ("images/train/1.jpg", "labels/train/1.png")),
        ("ground_truth", ("cat/1.jpg", "dog/1.jpg", "ground_truth/cat/1.png", "ground_truth/dog/1_gt.png")),
        ("cat/seg", ("cat/1.jpg", "cat/seg/1.png", "dog/1.jpg")),
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
    ],
)
def test_classes_that_number_their_pictures_alike_are_no_masks(names: tuple[str, ...]):
    assert masks(*names) == set()
