import json
from pathlib import Path

import pytest

from gradviz.datasets import find
from gradviz.datasets.folder import CAPTION, FORMAT
from gradviz.datasets.image_set import Finding
from gradviz.errors import DatasetError
from tests.small_sets import noted, picture

read_folder = FORMAT.read


def fill(root: Path, **counts: int) -> Path:
    for folder, (name, count) in enumerate(counts.items()):
        for number in range(count):
            picture(root / name.replace("__", "/") / f"{number}.jpg", 100 * folder + number)
    return root


def splits_of(images) -> dict[str, list[str]]:
    return {name: [images.ids[i] for i in positions] for name, positions in images.splits.items()}


def test_pictures_alone_have_no_labels(tmp_path: Path):
    picture(tmp_path / "b.png")
    picture(tmp_path / "a.webp")
    images = read_folder(tmp_path)
    assert (images.ids, images.labels, images.classes, dict(images.splits)) == (("a.webp", "b.png"), None, (), {})
    assert (images.ap, images.root, images.name) == ("area", tmp_path, tmp_path.name)
    assert images.open(0).size == (40, 30)


def test_subfolders_are_classes_halved_by_the_seed(tmp_path: Path):
    fill(tmp_path, cat=10, dog=4, train=6)
    images = read_folder(tmp_path)
    assert images.classes == ("cat", "dog", "train")
    assert images.labels_of(images.source("dog/3.jpg")) == ("dog",)
    assert (images.labels.sum(axis=1) == -1).all()
    splits = splits_of(images)
    assert sorted(splits["train"] + splits["val"]) == sorted(images.ids)
    for name, half in (("cat", 5), ("dog", 2), ("train", 3)):
        assert sum(identifier.startswith(f"{name}/") for identifier in splits["train"]) == half
    assert splits_of(read_folder(tmp_path)) == splits
    assert splits_of(read_folder(tmp_path, seed=1)) != splits


def test_split_folders_with_class_folders_are_splits(tmp_path: Path):
    fill(tmp_path, train__cat=2, train__dog=1, Test__cat=1, Test__owl__deeper=1)
    images = read_folder(tmp_path)
    assert images.classes == ("cat", "dog", "owl")
    assert splits_of(images) == {
        "train": ["train/cat/0.jpg", "train/cat/1.jpg", "train/dog/0.jpg"],
        "test": ["Test/cat/0.jpg", "Test/owl/deeper/0.jpg"],
    }
    assert images.labels_of(images.source("Test/owl/deeper/0.jpg")) == ("owl",)


def shown(images) -> dict[str, tuple[str, ...]]:
    return {identifier: images.labels_of(i) for i, identifier in enumerate(images.ids)}


def said(images) -> dict[tuple[str, str], int]:
    return {(finding.kind, finding.name): finding.count for finding in images.findings}


def test_halves_that_are_drawn_are_said(tmp_path: Path):
    images = read_folder(fill(tmp_path, cat=4, dog=4))
    assert list(images.splits) == ["train", "val"]
    assert said(images) == {("guessed", "train, val"): 1}
    assert images.format == "a folder of pictures"


def test_a_flat_split_has_pictures_without_labels(tmp_path: Path):
    images = read_folder(fill(tmp_path, train__cat=3, train__dog=3, test=5))
    assert images.classes == ("cat", "dog")
    assert {name: len(p) for name, p in images.splits.items()} == {"train": 6, "test": 5}
    assert not images.labels[images.splits["test"]].any()
    assert images.unknown[images.splits["test"]].all()
    assert said(images) == {("unlabelled", "test"): 5}


def test_flat_splits_alone_have_no_labels(tmp_path: Path):
    images = read_folder(fill(tmp_path, train=3, test=2))
    assert (images.labels, {name: len(p) for name, p in images.splits.items()}) == (None, {"train": 3, "test": 2})


@pytest.mark.parametrize(
    "top", ["", "data/", "my set/", "archive/dataset/images/"], ids=["nothing", "data", "own name", "three folders"]
)
def test_strays_beside_the_splits_are_unlabelled_and_named(tmp_path: Path, top: str):
    root = tmp_path / "root"
    folders = [f"{top}{split}/{name}" for split in ("training", "validation", "testing") for name in ("cat", "dog")]
    fill(root, **dict.fromkeys(folders, 4), **{f"{top}misc": 1})
    picture(root / f"{top}stray.jpg")
    images = read_folder(root)
    assert images.classes == ("cat", "dog")
    assert {name: len(p) for name, p in images.splits.items()} == {"train": 8, "val": 8, "test": 8}
    strays = [images.source(f"{top}{name}") for name in ("misc/0.jpg", "stray.jpg")]
    assert images.unknown[strays].all()
    assert said(images) == {("unlabelled", f"{top}misc/0.jpg"): 1, ("unlabelled", f"{top}stray.jpg"): 1}


@pytest.mark.parametrize(
    "names", [("images", "data"), ("JPEGImages", "train"), ("train", "test1"), ("IMAGES", "labels")]
)
def test_folders_that_name_no_class_are_refused(tmp_path: Path, names: tuple[str, str]):
    for name in names:
        fill(tmp_path, **{name: 3})
    with pytest.raises(DatasetError, match="name no class: give each class a folder of its own") as caught:
        read_folder(tmp_path)
    assert all(name in str(caught.value) for name in names)


def test_annotation_files_that_are_not_read_are_named(tmp_path: Path):
    fill(tmp_path, train__cat=2, train__dog=2, val=3)
    (tmp_path / "val/val_annotations.txt").write_text("0.jpg\tcat\t0\t0\t9\t9\n")
    (tmp_path / "export.json").write_text("[]")
    (tmp_path / "labels.csv").write_text("0.jpg,cat")
    (tmp_path / "README.txt").write_text("hello")
    assert said(read_folder(tmp_path)) == {
        ("not read", "val/val_annotations.txt"): 1,
        ("not read", "export.json"): 1,
        ("not read", "labels.csv"): 1,
        ("unlabelled", "val"): 3,
    }


def test_a_split_without_usable_pictures_says_what_it_follows_from(tmp_path: Path):
    fill(tmp_path, cat=1)
    (tmp_path / "cat/0.jpg").write_bytes(b"")
    with pytest.raises(DatasetError, match=r"skipped 1, such as cat/0\.jpg: the file is empty") as caught:
        read_folder(tmp_path)
    assert [finding.name for finding in caught.value.findings] == ["cat/0.jpg"]


def test_pictures_behind_links_are_read(tmp_path: Path):
    fill(tmp_path / "cache", a=2, b=2)
    (tmp_path / "set/dog").mkdir(parents=True)
    (tmp_path / "set/cat").symlink_to(tmp_path / "cache/a", target_is_directory=True)
    for number in range(2):
        (tmp_path / f"set/dog/{number}.jpg").symlink_to(tmp_path / f"cache/b/{number}.jpg")
    images = read_folder(tmp_path / "set")
    assert shown(images) == {
        "cat/0.jpg": ("cat",),
        "cat/1.jpg": ("cat",),
        "dog/0.jpg": ("dog",),
        "dog/1.jpg": ("dog",),
    }
    assert images.open(3).size == (40, 30)
    assert len(images.digest) == 64


def test_a_picture_beside_the_classes_is_of_unknown_class(tmp_path: Path):
    fill(tmp_path, cat=2, dog=2)
    picture(tmp_path / "what.jpg")
    images = read_folder(tmp_path)
    position = images.source("what.jpg")
    assert images.labels[position].tolist() == [0, 0]
    assert all(position not in positions for positions in images.splits.values())


def test_what_cannot_be_used_is_named(tmp_path: Path):
    fill(tmp_path, cat=1)
    (tmp_path / "cat" / "cut.jpg").write_bytes(b"")
    findings = read_folder(tmp_path).findings
    assert [(f.kind, f.name, f.reason) for f in findings] == [("left out", "cat/cut.jpg", "the file is empty")]


def test_an_empty_folder_says_what_was_looked_for(tmp_path: Path):
    with pytest.raises(DatasetError, match="no usable picture: looked for JPEG, PNG or WebP"):
        read_folder(tmp_path)
    (tmp_path / "phone.heic").write_bytes(b"\0\0\0\x18ftypheic\0\0\0\0")
    with pytest.raises(DatasetError, match=r"skipped 1, such as phone\.heic: HEIC.*export it as JPEG\)"):
        read_folder(tmp_path)


@pytest.mark.parametrize("other", ["images", "train", "test2", "JPEGImages"])
def test_one_folder_beside_one_that_names_no_class_is_one_sentence(tmp_path: Path, other: str):
    fill(tmp_path, **{"cat": 5, other: 2})
    with pytest.raises(DatasetError, match=f"a subfolder called {other}, which names no class"):
        read_folder(tmp_path)


def test_the_empty_folder_of_a_split_and_an_odd_list_are_named(tmp_path: Path):
    for number in range(5):
        fill(tmp_path, **{f"train__n{number}__images": 1})
        (tmp_path / f"train/n{number}/boxes.txt").touch()
    (tmp_path / "val").mkdir()
    (tmp_path / "test").mkdir()
    (tmp_path / "test/more.txt").touch()
    named = {finding.name: finding.count for finding in read_folder(tmp_path).findings}
    assert named == {"val": 1, "train/*.txt": 5, "test/more.txt": 1}


def test_a_file_that_links_put_under_two_classes_is_one_picture_with_both(tmp_path: Path):
    fill(tmp_path / "set", cat=2, dog=2)
    (tmp_path / "set/dog/again.jpg").symlink_to("../cat/0.jpg")
    images = read_folder(tmp_path / "set")
    assert len(images) == 4
    assert images.labels_of(images.source("cat/0.jpg")) == ("cat", "dog")
    ((called, kind, reason),) = [(f.name, f.kind, f.reason) for f in noted(images)]
    assert (called, kind) == ("dog/again.jpg", "joined")
    assert reason.startswith("the same file by way of a link")


def test_a_linked_folder_adds_its_split_and_its_class(tmp_path: Path):
    fill(tmp_path, train__cat=2, train__dog=2)
    (tmp_path / "val").mkdir()
    (tmp_path / "val/cat").symlink_to(tmp_path / "train/cat")
    images = read_folder(tmp_path)
    splits = {name: [images.ids[i] for i in members] for name, members in images.splits.items()}
    assert splits["val"] == ["train/cat/0.jpg", "train/cat/1.jpg"]
    assert len(splits["train"]) == len(images) == 4
    assert [(finding.name, finding.kind) for finding in noted(images)] == [
        ("val/cat/0.jpg", "joined"),
        ("val/cat/1.jpg", "joined"),
        ("dog", "guessed"),
    ]


def test_links_to_files_elsewhere_are_two_pictures_unless_they_are_one_file(tmp_path: Path):
    fill(tmp_path / "store", all=3)
    for place, number in (("cat/a", 0), ("cat/b", 1), ("dog/a", 1), ("dog/b", 2)):
        path = tmp_path / "set" / f"{place}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.symlink_to(tmp_path / f"store/all/{number}.jpg")
    images = read_folder(tmp_path / "set")
    assert images.ids == ("cat/a.jpg", "cat/b.jpg", "dog/b.jpg")
    assert [images.labels_of(i) for i in range(3)] == [("cat",), ("cat", "dog"), ("dog",)]


def test_samples_and_controls_are_two_classes(tmp_path: Path):
    fill(tmp_path, samples=4, controls=4)
    images = read_folder(tmp_path)
    assert images.classes == ("controls", "samples")
    assert [finding.name for finding in noted(images)] == ["samples"], "it is said that this is a guess"


@pytest.mark.parametrize(
    "folders",
    [
        ("trainA", "trainB", "testA", "testB"),
        ("train_a", "train_b", "test_a"),
        ("trainA", "trainB", "testA"),
        ("train_cats", "train_dogs", "test_cats", "test_dogs"),
    ],
)
def test_folders_that_mean_splits_though_not_which_are_refused(folders: tuple[str, ...], tmp_path: Path):
    fill(tmp_path, **dict.fromkeys(folders, 2))
    with pytest.raises(DatasetError, match=r"subfolders called .*train.* which name no class"):
        read_folder(tmp_path)


def test_folders_that_differ_in_case_only_are_said(tmp_path: Path):
    fill(tmp_path, Cat=2, cat=2, dog=2)
    assert [(f.name, f.kind) for f in noted(read_folder(tmp_path))] == [("Cat, cat", "guessed")]


def exported(root: Path, **splits: list[str]) -> Path:
    """Write pictures and the list of each split as Roboflow's export of several labels for a picture has them."""
    for number, (split, lines) in enumerate(splits.items()):
        for i in range(len(lines)):
            picture(root / split / f"{i}.jpg", 10 * number + i)
        entries = [f"{i}.jpg, {line}" for i, line in enumerate(lines)]
        (root / split / "_classes.csv").write_text("\n".join(["filename, cat, dog", *entries]) + "\n")
    return root


def test_the_lists_of_a_roboflow_export_give_the_labels_in_the_splits_of_its_folders(tmp_path: Path):
    exported(tmp_path, train=["1, 0", "1, 1", "0, 1"], valid=["0, 0", "0, 1"], test=["1, 0"])
    images = find(tmp_path)
    assert (images.format, images.classes) == ("a folder of pictures", ("cat", "dog"))
    labels = dict(zip(images.ids, images.labels.tolist(), strict=True))
    assert [labels[f"train/{i}.jpg"] for i in range(3)] == [[1, -1], [1, 1], [-1, 1]]
    assert [labels[f"valid/{i}.jpg"] for i in range(2)] == [[-1, -1], [-1, 1]]
    splits = {split: [images.ids[i] for i in positions] for split, positions in images.splits.items()}
    assert splits["val"] == ["valid/0.jpg", "valid/1.jpg"]
    assert {split: len(ids) for split, ids in splits.items()} == {"train": 3, "val": 2, "test": 1}
    assert labels["test/0.jpg"] == [1, -1], "a class that all pictures of a split show is still one"
    assert not [f for f in images.findings if "give this file" in f.reason or f.kind in ("unlabelled", "not read")]
    exported(tmp_path, test=["0, 0", "0, 0"])
    assert find(tmp_path).labels[:2].tolist() == [[-1, -1], [-1, -1]], "and one that none of them shows"


def test_the_list_of_an_export_that_gives_nothing_is_named(tmp_path: Path):
    exported(tmp_path, train=["1, 0", "0, 1"], valid=["0, 1", "1, 0"])
    (tmp_path / "valid/_classes.csv").write_text("filename, cat, dog\ngone.jpg, 1, 0\n")
    found = {(f.kind, f.name): f.reason for f in find(tmp_path).findings}
    assert found["not read", "valid/_classes.csv"] == "lists no picture of the folder"
    assert "not listed in train/_classes.csv" in found["unlabelled", "valid/0.jpg"]
    fill(tmp_path / "other", cat=1, dog=1)
    (tmp_path / "other/cat/_classes.csv").write_text("filename, cat, dog\n0.jpg, 1, 0\n")
    images = find(tmp_path / "other")
    assert [(f.kind, f.name) for f in images.findings if "give this file" in f.reason] == [
        ("not read", "cat/_classes.csv")
    ]


SENTENCES = ("a cat on a mat", "2 dogs on a beach, running", "une rue", "", "1girl, solo")


@pytest.mark.parametrize("beside", [{}, {"classes.txt": "a\nb\n"}, {"dataset.yaml": "names: [a]\n"}, {"x.names": "a"}])
@pytest.mark.parametrize("suffix", [".txt", ".caption"])
@pytest.mark.parametrize("place", ["", "10_person/"])
def test_captions_beside_pictures_give_no_labels_and_are_named(
    tmp_path: Path, place: str, suffix: str, beside: dict[str, str]
):
    for number, text in enumerate(SENTENCES):
        picture(tmp_path / f"{place}{number}.jpg", number)
        (tmp_path / f"{place}{number}{suffix}").write_text(text)
    for name, text in beside.items():
        (tmp_path / name).write_text(text)
    images = find(tmp_path)
    assert (len(images), images.classes, images.labels, dict(images.splits)) == (5, (), None, {})
    captions = Finding(f"{place}*{suffix}", CAPTION, "not read", 5)
    assert images.findings[0] == captions
    assert [f.name for f in images.findings[1:]] == list(beside)


def test_captions_of_classes_leave_the_classes(tmp_path: Path):
    fill(tmp_path, cat=2, dog=2)
    (tmp_path / "cat/0.txt").write_text("a cat")
    images = find(tmp_path)
    assert images.classes == ("cat", "dog")
    assert noted(images) == (Finding("cat/0.txt", CAPTION, "not read"),)


@pytest.mark.parametrize("name", ["annotations/captions_train.json", "captions.json"])
def test_captions_in_a_list_of_coco_are_named(tmp_path: Path, name: str):
    for number in range(2):
        picture(tmp_path / f"images/{number}.jpg", number)
    listed = {
        "images": [{"id": number, "file_name": f"{number}.jpg"} for number in range(2)],
        "annotations": [{"id": number, "image_id": number, "caption": "a cat"} for number in range(2)],
    }
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text(json.dumps(listed))
    images = find(tmp_path)
    assert (len(images), images.classes, images.labels) == (2, (), None)
    assert [(f.name, f.kind) for f in images.findings] == [(name, "not read")]
