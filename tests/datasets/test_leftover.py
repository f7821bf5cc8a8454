"""Nothing that lies in the folder of a data set is dropped without a word, whatever its format."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from gradviz.datasets import find
from gradviz.datasets.formats import FORMATS
from gradviz.datasets.image_set import Finding
from gradviz.datasets.leftover import kept_unlabelled, leftover, unlisted
from gradviz.datasets.reading import Format
from tests.datasets.examples import EXAMPLES, SPLITS
from tests.small_sets import annotation, picture, voc, write_list

FOLDERS = [form for form in FORMATS if not form.suffixes]
STRAYS = (
    "odd.jpg",
    "more/deep/odd.jfif",
    "odd_without_a_suffix",
    "odd.jpg_large",
    "odd.csv",
    "more/odd.json",
    "odd.lst",
)


def named(place: Path) -> set[str]:
    return {finding.name for finding in find(place).findings}


def stray(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix in (".csv", ".json", ".lst"):
        path.write_text("[]")
    else:
        picture(path.parent / "made.jpg", 99).rename(path)


@pytest.mark.parametrize("name", STRAYS)
@pytest.mark.parametrize("form", FOLDERS, ids=lambda form: form.name)
def test_what_lies_in_a_folder_is_in_the_set_or_named(form: Format, name: str, tmp_path: Path):
    place = EXAMPLES[form.name](tmp_path, SPLITS)
    before = {*find(place).paths}
    stray(tmp_path / name)
    images = find(place)
    assert images.format == form.name
    said = {name, Path(name).name, f"{name.partition('/')[0]}/", name.partition("/")[0]}
    assert {*images.paths} - before or {finding.name for finding in images.findings} & said
    # Nothing that was read before is lost by what lies beside it.
    assert before <= {*images.paths}


@pytest.mark.parametrize("name", ["a.XML", "d.json", "sub/a.xml"])
def test_annotations_of_voc_are_read_or_named(name: str, tmp_path: Path):
    picture(tmp_path / "JPEGImages/a.jpg")
    picture(tmp_path / "JPEGImages/b.jpg", 1)
    annotation(tmp_path / "Annotations/b.xml", ("dog", 1, 1, 9, 9))
    annotation(tmp_path / "Annotations" / name, ("cat", 1, 1, 9, 9))
    images = find(tmp_path)
    if name == "a.XML":
        assert [images.labels_of(i) for i in range(2)] == [("cat",), ("dog",)]
        assert images.boxes(0)
    else:
        assert f"Annotations/{name}" in {finding.name for finding in images.findings}


def test_lists_right_in_image_sets_are_read_where_main_has_none(tmp_path: Path):
    voc(tmp_path, {"cat": {"a": 1, "b": -1}}, {"train": ["a"], "test": ["b"]})
    wanted = find(tmp_path)
    for path in (tmp_path / "ImageSets/Main").iterdir():
        path.rename(tmp_path / "ImageSets" / path.name)
    assert find(tmp_path) == wanted


def test_lists_of_voc_in_other_places_or_forms_are_named_or_read(tmp_path: Path):
    voc(tmp_path, {"cat": {"a": 1, "b": -1}}, {"train": ["a", "b"]})
    write_list(tmp_path, "val")
    main = tmp_path / "ImageSets/Main"
    (main / "train.txt").rename(main / "train.TXT")
    for name in (
        "ImageSets/test.txt",
        "ImageSets/Action/run_train.txt",
        "ImageSets/Main/val.csv",
        "ImageSets/Main/x/cat_val.txt",
    ):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("a 1\n")
    images = find(tmp_path)
    assert {split: len(positions) for split, positions in images.splits.items()} == {"train": 2}
    picture(tmp_path / "SegmentationClass/a.png")  # what the devkit has beside the photographs
    wanted = {"val.txt", "ImageSets/test.txt", "ImageSets/Action", "ImageSets/Main/val.csv"}
    assert {finding.name for finding in images.findings} == {*wanted, "ImageSets/Main/x/cat_val.txt"}


def test_folders_of_classes_in_jpegimages_alone_are_classes(tmp_path: Path):
    for number, name in enumerate(("cat/a", "cat/b", "dog/a", "dog/b")):
        picture(tmp_path / f"JPEGImages/{name}.jpg", number)
    assert find(tmp_path).classes == ("cat", "dog")
    (tmp_path / "Annotations").mkdir()
    picture(tmp_path / "JPEGImages/right.jpg")
    images = find(tmp_path)
    assert images.format == "a folder in VOC layout"
    assert [(finding.name, finding.count) for finding in images.findings] == [("JPEGImages/*.jpg", 4)]


def test_pictures_beside_data_of_fiftyone_are_named(tmp_path: Path):
    for split in ("train", "val"):
        picture(tmp_path / split / "data/a.jpg", len(split))
        (tmp_path / split / "labels.json").write_text(json.dumps({"classes": ["cat"], "labels": {"a": 0}}))
    shutil.copy(tmp_path / "val/data/a.jpg", tmp_path / "stray")
    picture(tmp_path / "train/z.jpg")
    (tmp_path / "x.csv").write_text("a")
    assert named(tmp_path) == {"stray", "train/z.jpg", "x.csv"}


@pytest.mark.parametrize("make", [EXAMPLES["a CSV"], EXAMPLES["COCO instances"]])
def test_pictures_that_a_list_passes_over_are_named(make: Callable, tmp_path: Path):
    place = make(tmp_path, None)
    place = place if place.is_file() else place / "annotations/instances_everything.json"
    before = named(place)
    beside = find(place).paths[0].parent
    picture(beside / "odd.jpg", 99)
    picture(beside / "made.png", 99).rename(beside / "odd")
    found = {name.rpartition("/")[2] for name in named(place) - before}
    assert found == {"odd", "odd.jpg"}


def test_only_folders_with_pictures_of_the_list_are_searched(tmp_path: Path):
    one, two = picture(tmp_path / "photos/a/1.jpg"), picture(tmp_path / "photos/b/2.jpg")
    picture(tmp_path / "photos/c/3.jpg")
    picture(tmp_path / "downloads/4.jpg")
    picture(tmp_path / "5.jpg")
    assert [f.name for f in unlisted(tmp_path, [one, two])] == ["photos/c/3.jpg"]
    assert [f.name for f in unlisted(tmp_path, [one, two, tmp_path / "5.jpg"])] == []
    assert unlisted(tmp_path, []) == []


def test_what_is_used_is_not_named(tmp_path: Path):
    used = picture(tmp_path / "a.jpg")
    (tmp_path / "list.txt").write_text("a")
    (tmp_path / "README.md").write_text("a")
    assert [f.name for f in leftover(tmp_path, [used])] == ["list.txt"]
    assert leftover(tmp_path, [used, tmp_path / "list.txt"]) == []


def test_of_pictures_that_stay_those_that_no_finding_names_are_named():
    found = [
        Finding("x/*.jpg", "odd", count=2),
        Finding("gone", "listed, but no picture"),
        Finding("list.txt", "no", "not read"),
    ]
    told = kept_unlabelled(found, ["x/1.jpg", "x/2.jpg", "y/3.jpg", "list.txt/4.jpg"])
    assert [(f.name, f.kind, f.count) for f in told] == [
        ("x/*.jpg", "unlabelled", 2),
        ("gone", "left out", 1),
        ("list.txt", "not read", 1),
        ("list.txt/4.jpg", "unlabelled", 1),
        ("y/3.jpg", "unlabelled", 1),
    ]
