"""Recognise the names that people give to splits, and those of folders that say nothing of what is in them."""

import re
from collections.abc import Iterable
from functools import lru_cache

ORDER = ("train", "val", "test")
_WORDS = {
    "train": ("train", "training", "trn"),
    "val": ("val", "valid", "validation", "validate", "dev", "development"),
    "test": ("test", "testing", "eval", "evaluation"),
}
_SPLIT_OF = {word: split for split, words in _WORDS.items() for word in words}
# Words that people put beside them: training_set, test-images, seg_train, images.val.
_BESIDE = frozenset(
    ("set", "data", "dataset", "image", "images", "img", "imgs", "pictures", "photos", "split", "folder", "seg", "new")
)
_RUN_TOGETHER = re.compile(r"(train|training|val|valid|validation|test|testing)(set|data|images|imgs)")
_JOINT = re.compile(r"(?<=[a-z])(?=[A-Z0-9])|(?<=[0-9])(?=[A-Za-z])")
_SHORT = 2
_YEAR = re.compile(r"[ _.-]?(19|20)\d\d$")
_SAYS_NOTHING = frozenset(
    (
        *("data", "dataset", "datasets", "image", "images", "img", "imgs", "jpg", "jpeg", "jpegs", "jpegimages", "png"),
        *("picture", "pictures", "photo", "photos", "photographs", "all", "all_images", "raw", "files", "input"),
        *("thumbs", "thumbnail", "thumbnails", "preview", "previews"),
        *("obj_train_data", "obj_valid_data", "obj_test_data", "annotations", "labels", "pngimages", "leftimg8bit"),
        *("labeled", "labelled", "unlabeled", "unlabelled"),
    )
)
_COPIES = frozenset(("mask", "masks", "thumbs", "thumbnail", "thumbnails", "preview", "previews", "samples"))


@lru_cache(10_000)
def split_named(name: str) -> str | None:
    """Return train, val or test for a name that means it (Training, valid, test_set, val2017); None for any other."""
    text = _YEAR.sub("", name.strip().lower())
    if together := _RUN_TOGETHER.fullmatch(text):
        return _SPLIT_OF[together[1]]
    words = [word for word in re.split(r"[ _.-]+", text) if word and word not in _BESIDE]
    return _SPLIT_OF.get(words[0]) if len(words) == 1 else None


@lru_cache(10_000)
def hinted(name: str) -> tuple[str, str] | None:
    """Return the split that one word of a name means, and the other words: Final_Training, cars_test, trainA."""
    words = [word for word in re.split(r"[\W_]+", _JOINT.sub("_", name).lower()) if word]
    splits = [word for word in words if word in _SPLIT_OF]
    if len(splits) != 1 or split_named(name):
        return None
    return _SPLIT_OF[splits[0]], " ".join(word for word in words if word != splits[0] and word not in _BESIDE)


def paired(folders: Iterable[tuple[str, ...]]) -> dict[tuple[str, ...], str]:
    """Map folders to the splits that their names mean beside each other: cars_train and cars_test are a pair.

    Alone such a name may be a class. Where the other words differ too (trainA, trainB, testA), nothing is a split.
    """
    found: dict[tuple[str, ...], str] = {}
    inside: dict[tuple[str, ...], set[str]] = {}
    for place in set(folders):
        for depth, name in enumerate(place):
            inside.setdefault(place[:depth], set()).add(name)
    for above, names in inside.items():
        said = {name: split for name in sorted(names) if (split := hinted(name))}
        splits, rests = ({one[part] for one in said.values()} for part in (0, 1))
        if len(splits) > 1 and len(rests) == 1 and 2 * len(said) >= len(names):
            found |= {(*above, name): split for name, (split, _) in said.items()}
    return found


def mean_splits(names: Iterable[str]) -> list[str]:
    """List the names that mean splits beside each other, though not which: trainA, testA and testB; train_1, test_2."""
    said = {name: hinted(name) for name in names}
    splits: dict[str, set[str]] = {}
    for split, rest in filter(None, said.values()):
        splits.setdefault(rest, set()).add(split)
    several = len(set().union(*splits.values())) > 1
    short = all(said.values()) and all(len(rest) <= _SHORT for rest in splits)
    twice = any(len(inside) > 1 for inside in splits.values())
    return sorted(name for name, one in said.items() if one) if several and (short or twice) else []


@lru_cache(10_000)
def says_nothing(name: str) -> bool:
    """Check whether a folder's name says that there are pictures, but not what they show: images, data, JPEGImages."""
    return name.strip().lower() in _SAYS_NOTHING


def is_copy(name: str) -> bool:
    """Check whether a folder's name says that it holds copies of pictures or masks: of no class beside the pictures."""
    return name.strip().lower() in _COPIES


def is_mask(name: str) -> bool:
    """Check whether a folder is called mask or masks: of pictures, or what people wear."""
    return name.strip().lower() in ("mask", "masks")


def may_be_class(name: str) -> bool:
    """Check whether a name of copies is also one that people give to a class: samples beside controls."""
    return name.strip().lower() == "samples"


def is_beside(name: str) -> bool:
    """Check whether a folder's name says that it holds what goes with pictures: labels, masks or copies of them."""
    return is_copy(name) or name.strip().lower() in ("labels", "annotations")


def no_class(name: str) -> bool:
    """Check whether a folder's name can be that of no class: it names a split (numbered, perhaps) or says nothing."""
    return says_nothing(name) or split_named(re.sub(r"[ _.-]?\d+$", "", name)) is not None
