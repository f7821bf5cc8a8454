"""What folders say: each case is folders with their number of pictures, and the classes and splits that they mean."""

from pathlib import Path

import pytest

from gradviz.datasets.folder import arranged
from gradviz.datasets.image_set import Finding
from gradviz.datasets.layout import laid_out
from gradviz.datasets.scan import Found
from gradviz.datasets.splits import no_class, says_nothing, split_named


def names(folders: dict[str, int]) -> list[str]:
    return [
        f"{folder}{'/' if folder else ''}{number}.jpg" for folder, count in folders.items() for number in range(count)
    ]


def meant(folders: dict[str, int]) -> dict[str, set[tuple[str | None, str | None]]]:
    found, places = {}, laid_out(names(folders))[0]
    for name, place in zip(names(folders), places, strict=True):
        found.setdefault(name.rpartition("/")[0], set()).add(tuple(place))
    return {folder: said.pop() for folder, said in found.items() if len(said) == 1}


def said(folders: dict[str, int]) -> list[Finding]:
    """What is found in a folder of such pictures, from where they lie to which splits show which classes."""
    found = [Found(name, Path(name)) for name in names(folders)]
    return [*arranged(Path(), found, []).image_set(name="set").findings]


CASES = {
    "splits with a word more": {"cars_train": (None, "train"), "cars_test": (None, "test")},
    "splits with a word before": {
        "Final_Training/Images/1": ("1", "train"),
        "Final_Training/Images/2": ("2", "train"),
        "Final_Test/Images": (None, "test"),
    },
    "words of splits in classes": {"test tube": ("test tube", None), "steam train": ("steam train", None)},
    "one word of a split": {"crash_test": ("crash_test", None), "cat": ("cat", None), "dog": ("dog", None)},
    "the classes of the splits in another folder": {
        "train/cat": ("cat", "train"),
        "train/dog": ("dog", "train"),
        "holdout/cat": ("cat", None),
        "holdout/dog": ("dog", None),
    },
    "labelled and not": {
        "train/labeled/cat": ("cat", "train"),
        "train/labeled/dog": ("dog", "train"),
        "train/unlabeled": (None, "train"),
        "test/cat": ("cat", "test"),
        "test/dog": ("dog", "test"),
    },
    "keras": {"train/cat": ("cat", "train"), "train/dog": ("dog", "train"), "validation/cat": ("cat", "val")},
    "upper case": {"TRAIN/Cat": ("Cat", "train"), "VALID/Cat": ("Cat", "val"), "TEST/Dog": ("Dog", "test")},
    "sets": {"training_set/cat": ("cat", "train"), "test_set/dog": ("dog", "test"), "dev/dog": ("dog", "val")},
    "kaggle": {"train/train/cat": ("cat", "train"), "train/train/dog": ("dog", "train"), "test/test": (None, "test")},
    "intel": {
        "seg_train/seg_train/sea": ("sea", "train"),
        "seg_test/seg_test/sky": ("sky", "test"),
        "seg_pred/seg_pred": (None, None),
    },
    "images within splits": {"train/images/cat": ("cat", "train"), "test/images/dog": ("dog", "test")},
    "splits within images": {"dataset/images/train/cat": ("cat", "train"), "dataset/images/val/dog": ("dog", "val")},
    "unlabelled splits": {"train/images": (None, "train"), "valid/images": (None, "val")},
    "tiny imagenet": {
        "train/n1/images": ("n1", "train"),
        "train/n2/images": ("n2", "train"),
        "val/images": (None, "val"),
    },
    "imagenet": {
        "ILSVRC/Data/CLS-LOC/train/n1": ("n1", "train"),
        "ILSVRC/Data/CLS-LOC/train/n2": ("n2", "train"),
        "ILSVRC/Data/CLS-LOC/val": (None, "val"),
    },
    "splits within classes": {
        "cat/train": ("cat", "train"),
        "cat/test": ("cat", "test"),
        "dog/train": ("dog", "train"),
        "dog/test": ("dog", "test"),
    },
    "classes": {
        "cat": ("cat", None),
        "dog/puppies": ("dog", None),
        "Größe": ("Größe", None),
        "собака": ("собака", None),
    },
    "a train on rails": {"bus": ("bus", None), "car": ("car", None), "train": ("train", None)},
    "kinds of trains": {"bus": ("bus", None), "car": ("car", None), "train/steam": ("train", None)},
    "a test beside classes": {"bus": ("bus", None), "car": ("car", None), "test": (None, None)},
    "images beside classes": {"bus": ("bus", None), "car": ("car", None), "images": (None, None)},
    "one folder": {"holiday": (None, None)},
    "one folder in another": {"photos/holiday": (None, None)},
    "one split": {"train/bus": ("bus", "train"), "train/car": ("car", "train")},
    "years": {"train2017/bus": ("bus", "train"), "val2017/car": ("car", "val")},
    "masks beside images": {"images/cat": ("cat", None), "images/dog": ("dog", None), "masks": (None, None)},
    "masks of classes": {"images/cat": ("cat", None), "images/dog": ("dog", None), "masks/cat": (None, None)},
    "samples": {"dataset/cat": ("cat", None), "dataset/dog": ("dog", None), "samples": (None, None)},
    "masks in splits": {
        "train/images": (None, "train"),
        "train/masks": (None, None),
        "val/images": (None, "val"),
        "val/masks": (None, None),
    },
    "previews in classes": {"cat": ("cat", None), "cat/thumbs": (None, None), "dog": ("dog", None)},
    "a class of masks": {"mask": ("mask", None), "no_mask": ("no_mask", None), "bad_mask": ("bad_mask", None)},
    "unlabelled beside a split": {
        "train/cat": ("cat", "train"),
        "train/dog": ("dog", "train"),
        "unlabelled": (None, None),
        "extra": (None, None),
    },
    "classes twice": {
        "train/cat": ("cat", "train"),
        "train/dog": ("dog", "train"),
        "cat": (None, None),
        "dog": (None, None),
    },
    "a folder round splits beside others": {
        "mine/train/cat": ("cat", "train"),
        "mine/train/dog": ("dog", "train"),
        "more": (None, None),
        "other": (None, None),
    },
    "nothing": {"": (None, None)},
}


@pytest.mark.parametrize("case", CASES)
def test_what_folders_mean(case: str):
    assert meant(dict.fromkeys(CASES[case], 5)) == CASES[case]


def test_the_order_of_the_pictures_means_nothing():
    for case, expected in CASES.items():
        listed = names(dict.fromkeys(expected, 5))
        places = dict(zip(listed, laid_out(listed)[0], strict=True))
        assert dict(zip(listed[::-1], laid_out(listed[::-1])[0], strict=True)) == places, case


def test_a_few_strays_beside_one_folder_do_not_make_it_a_class():
    assert meant({"mine/cat": 12, "mine/dog": 12, "": 1}) == {
        "mine/cat": ("cat", None),
        "mine/dog": ("dog", None),
        "": (None, None),
    }
    assert meant({"images/cat": 12, "images/dog": 12, "extra": 1})["images/cat"] == ("cat", None)
    assert meant({"set/train/a": 2, "set/train/b": 1, "set/test/a": 1, "docs": 1, "": 2}) == {
        "set/train/a": ("a", "train"),
        "set/train/b": ("b", "train"),
        "set/test/a": ("a", "test"),
        "docs": (None, None),
        "": (None, None),
    }
    classes = {"cat/train": 30, "cat/test": 30, "dog/train": 2, "dog/test": 1}
    assert meant(classes)["dog/test"] == ("dog", "test"), "a class of many is not round the others"
    assert meant({"data/a": 1, "data/b": 1, "": 1}) == {"data/a": ("a", None), "data/b": ("b", None), "": (None, None)}
    assert meant({"cat/old": 40, "cat/new": 40, "dog": 5})["dog"] == ("dog", None), "few of a class are no strays"


def test_samples_are_a_class_where_more_than_their_name_says_so():
    assert meant({"samples": 9, "controls": 5}) == {"samples": ("samples", None), "controls": ("controls", None)}
    assert meant({"samples": 5, "controls": 5, "blanks": 5})["samples"] == ("samples", None)
    assert meant({"samples": 2, "cat": 5, "dog": 5})["samples"] == (None, None), "a few of each class"
    assert meant({"samples": 5, "images": 5})["samples"] == (None, None)
    assert meant({"samples/cat": 5, "samples/dog": 5}) == {"samples/cat": ("cat", None), "samples/dog": ("dog", None)}
    assert meant({"train/samples": 5, "train/controls": 5, "test/samples": 5, "test/controls": 5}) == {
        "train/samples": ("samples", "train"),
        "train/controls": ("controls", "train"),
        "test/samples": ("samples", "test"),
        "test/controls": ("controls", "test"),
    }
    assert meant({"train/samples": 5, "test/samples": 5}) == {
        "train/samples": (None, "train"),
        "test/samples": (None, "test"),
    }
    assert meant({"train/samples/cat": 5, "train/samples/dog": 5, "test": 5})["train/samples/cat"] == ("cat", "train")


def test_one_class_in_two_spellings_is_joined_and_said():
    places, findings = laid_out(names({"train/Cat": 4, "train/dog": 4, "test/cat": 3, "test/Dog": 1}))
    assert {place.label for place in places} == {"Cat", "dog"}
    assert [(f.kind, f.name, f.count) for f in findings] == [("joined", "Cat", 3), ("joined", "dog", 1)]
    places, findings = laid_out(names({"Tu\u0308r": 2, "T\u00fcr": 3, "Tor": 2}))
    assert {place.label for place in places} == {"T\u00fcr", "Tor"}
    assert [(f.kind, f.count) for f in findings] == [("joined", 2)]
    places, findings = laid_out(names({"Polish": 2, "polish": 3}))
    assert {place.label for place in places} == {"Polish", "polish"}
    assert findings == [], "side by side they are meant"


def test_two_folders_of_one_split_are_joined_and_said():
    _, findings = laid_out(names({"train/a": 4, "train/b": 4, "val/a": 2, "valid/b": 2}))
    assert [(f.kind, f.name) for f in findings] == [("joined", "val, valid")]


def test_strays_are_named_one_by_one_or_by_their_folder():
    _, findings = laid_out(names({"train/a": 9, "test/a": 9, "misc": 4, "": 2}))
    assert [(f.name, f.count) for f in findings] == [("0.jpg", 1), ("1.jpg", 1), ("misc/*", 4)]


def test_names_of_splits():
    for split, spelt in {
        "train": "train Training TRAIN trn train_set training-data train2017 trainset train_images seg_train",
        "val": "val valid VALIDATION dev val_2012 validation.set",
        "test": "test testing eval Test test_set testset evaluation",
    }.items():
        assert {split_named(name) for name in spelt.split()} == {split}
    for name in (
        "trains",
        "cat",
        "train_val",
        "trainval",
        "contest",
        "evaluate me",
        "value",
        "tests",
        "",
        "2017",
        "test1",
    ):
        assert split_named(name) is None, name
    assert no_class("test1")
    assert says_nothing("JPEGImages")
    assert not no_class("trains")


def test_what_lies_round_classes_is_none_whatever_the_shares():
    for inner in ("images", "data", "train"):
        places = meant({f"{inner}/cat": 2, f"{inner}/dog": 2, "unlabelled": 90, "": 4})
        assert {label for label, _ in places.values()} == {"cat", "dog", None}, inner


def test_a_class_with_folders_in_it_is_said_to_be_a_guess():
    _, findings = laid_out(names({"fold1/cat": 3, "fold1/dog": 3, "fold2/cat": 3, "fold2/dog": 3}))
    assert [(f.kind, f.name, f.count) for f in findings] == [("guessed", "fold1, fold2", 2)]
    findings = said({"train/pets/cat": 3, "train/pets/dog": 3, "test/bird": 3})
    assert [(f.kind, f.name) for f in findings] == [("guessed", "pets"), ("guessed", "bird"), ("guessed", "pets")]
    assert laid_out(names({"cat/images": 3, "dog/images": 3}))[1] == []


def test_products_side_by_side_say_what_is_taken_for_class_and_for_split():
    folders = {f"{one}/{place}": 3 for one in ("bottle", "cable") for place in ("train/good", "test/good", "test/cut")}
    assert {tuple(place) for place in laid_out(names(folders))[0]} == {
        (one, split) for one in ("bottle", "cable") for split in ("train", "test")
    }
    reason = (
        "read as a class, with folders in it (cut, good) that are read as none; train and test in it read as the splits"
    )
    assert said(folders) == [Finding("bottle, cable", reason, "guessed", 2)]


def test_one_split_below_the_classes_is_one_as_above_them():
    folders = {"cat/train": 3, "dog/train": 3}
    assert meant(folders) == {"cat/train": ("cat", "train"), "dog/train": ("dog", "train")}
    assert said(folders) == []


def test_splits_below_some_classes_alone_are_none_and_said():
    findings = said({"cat/train": 3, "cat/test": 2, "dog": 5})
    reason = "called like a split, but read as none: pictures of other classes are in no such folder"
    assert findings[0] == Finding("cat/test, cat/train", reason, "guessed", 5)
    assert "drawn at random" in findings[1].reason


def test_names_of_splits_with_other_words_are_guessed_and_said():
    findings = laid_out(names({"a/cars_train": 2, "a/cars_test": 2}))[1]
    assert [(f.name, f.kind) for f in findings] == [
        ("cars_train", "unlabelled"),
        ("cars_test", "unlabelled"),
        ("a/cars_test", "guessed"),
        ("a/cars_train", "guessed"),
    ]


def test_a_class_of_one_split_alone_is_said():
    folders = {f"{split}/{name}": 3 for split in ("train", "test") for name in ("cat", "dog", "owl")}
    assert said(folders) == []
    found = said(folders | {"train/extra": 1})
    assert [(f.name, f.kind, f.count) for f in found] == [("extra", "guessed", 1)]


def test_classes_that_the_splits_do_not_share_are_said_however_many_they_are():
    found = said({"train/cat": 3, "train/dog": 3, "val/cats": 3, "val/dogs": 3})
    assert [(f.name, f.reason, f.kind, f.count) for f in found] == [
        ("cat, dog", "a class in train, but not in val", "guessed", 2),
        ("cats, dogs", "a class in val, but not in train", "guessed", 2),
    ]
    others = {f"train/a{i}": 1 for i in range(10)} | {f"test/b{i}": 1 for i in range(10)}
    assert [(f.name, f.count) for f in said(others)] == [("a0, a1, a2, ...", 10), ("b0, b1, b2, ...", 10)]
    shared = {f"{split}/cat": 3 for split in ("train", "val", "test")}
    found = said(shared | {"train/dog": 3, "val/dog": 3, "test/owl": 1})
    assert [(f.name, f.reason) for f in found] == [
        ("dog", "a class in train and val, but not in test"),
        ("owl", "a class in test, but not in train or val"),
    ]


def test_a_class_that_one_split_spells_otherwise_is_shared_and_splits_without_labels_lack_none():
    findings = said({"train/Cat": 4, "train/dog": 4, "val/cat": 3, "val/dog": 1, "test": 5})
    assert [(f.name, f.kind) for f in findings] == [("test", "unlabelled"), ("Cat", "joined")]
    findings = said({"train/cat": 4, "train/dog": 4})
    assert findings == [], "of one split there is nothing to compare"
