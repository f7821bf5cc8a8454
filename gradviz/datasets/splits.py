"""Recognise the names that people give to splits, and those of folders that say nothing of what is in them."""

import re
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
_YEAR = re.compile(r"[ _.-]?(19|20)\d\d$")
_SAYS_NOTHING = frozenset(
    (
        *("data", "dataset", "datasets", "image", "images", "img", "imgs", "jpg", "jpeg", "jpegs", "jpegimages", "png"),
        *("picture", "pictures", "photo", "photos", "photographs", "all", "all_images", "raw", "files", "input"),
        *("masks", "thumbs", "thumbnail", "thumbnails", "preview", "previews", "samples"),
        *("obj_train_data", "obj_valid_data", "obj_test_data", "annotations", "labels", "pngimages"),
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
def says_nothing(name: str) -> bool:
    """Check whether a folder's name says that there are pictures, but not what they show: images, data, JPEGImages."""
    return name.strip().lower() in _SAYS_NOTHING


def is_copy(name: str) -> bool:
    """Check whether a folder's name says that it holds copies of pictures or masks: of no class beside the pictures."""
    return name.strip().lower() in _COPIES


def no_class(name: str) -> bool:
    """Check whether a folder's name can be that of no class: it names a split (numbered, perhaps) or says nothing."""
    return says_nothing(name) or split_named(re.sub(r"[ _.-]?\d+$", "", name)) is not None
