from pathlib import Path

import pytest

from gradviz.datasets.folder import FORMAT
from gradviz.errors import DatasetError
from tests.small_sets import picture

read_folder = FORMAT.read


def fill(root: Path, **counts: int) -> Path:
    for name, count in counts.items():
        for number in range(count):
            picture(root / name.replace("__", "/") / f"{number}.jpg", number)
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
    assert [(s.name, s.reason) for s in read_folder(tmp_path).findings] == [("cat/cut.jpg", "the file is empty")]


def test_an_empty_folder_says_what_was_looked_for(tmp_path: Path):
    with pytest.raises(DatasetError, match="no usable picture: looked for JPEG, PNG or WebP"):
        read_folder(tmp_path)
    (tmp_path / "phone.heic").write_bytes(b"\0\0\0\x18ftypheic\0\0\0\0")
    with pytest.raises(DatasetError, match=r"skipped 1, such as phone\.heic: HEIC.*export it as JPEG\)"):
        read_folder(tmp_path)
