"""The photograph that the Data page opens on is chosen by one rule, whatever the data set."""

import io
from pathlib import Path

import numpy as np
from PIL import Image, ImageStat

from gradviz.datasets import Box, ImageSet, find
from gradviz.datasets.pictures import thumbnail
from pages.data import census
from pages.data.opener import LARGE, LIT, MOST, WIDE, best, liveliest

CLASSES = ("cat", "dog", "cow")
LARGE_CAT, LARGE_DOG = Box("cat", 1, 1, 50, 50), Box("dog", 61, 1, 110, 60)


def found(pictures: dict[str, tuple[tuple[int, int], tuple[Box, ...]]]) -> tuple[ImageSet, census.Contents]:
    """Return a set of pictures, each a size and boxes, and its contents."""
    boxes = [box for _, of in pictures.values() for box in of]
    labels = np.array([[1 if any(b.name == c for b in of) else -1 for c in CLASSES] for _, of in pictures.values()])
    contents = census.Contents(
        np.array([size for size, _ in pictures.values()], np.int32),
        np.cumsum([0, *(len(of) for _, of in pictures.values())]),
        np.array([(b.xmin, b.ymin, b.xmax, b.ymax) for b in boxes], np.int32).reshape(-1, 4),
        np.array([CLASSES.index(b.name) for b in boxes], np.int32),
        np.array([b.difficult for b in boxes], bool),
        np.array([b.truncated for b in boxes], bool),
        CLASSES,
        {},
    )
    ids = tuple(pictures)
    return ImageSet("x", None, ids, tuple(Path(name) for name in ids), CLASSES, labels.astype(np.int8)), contents


def chosen(marked: str | None = None, **pictures: tuple[tuple[int, int], tuple[Box, ...]]) -> str:
    images, contents = found(pictures)
    return best(images, contents, np.arange(len(images)), marked)[0]


def test_a_wide_picture_with_large_objects_of_several_classes_is_taken() -> None:
    small, wide = Box("cow", 1, 1, 9, 9), (150, 100)
    pictures = {
        "one": (wide, (LARGE_CAT,)),
        "tall": ((100, 150), (LARGE_CAT, LARGE_DOG)),
        "busy": (wide, (LARGE_CAT, LARGE_DOG, small, small)),
        "good": (wide, (LARGE_CAT, LARGE_DOG)),
        "unsure": (wide, (LARGE_CAT, Box("dog", 61, 1, 110, 60, difficult=True))),
        "unreadable": ((0, 0), (LARGE_CAT, LARGE_DOG)),
    }
    assert chosen(**pictures) == "good"
    del pictures["good"]
    assert chosen(**pictures) == "busy"
    del pictures["busy"]
    assert chosen(**pictures) == "one"


def test_the_class_that_is_marked_is_one_of_the_large_objects() -> None:
    wide = (150, 100)
    pictures = {
        "small": (wide, (LARGE_CAT, LARGE_DOG, Box("cow", 1, 1, 9, 9))),
        "large": (wide, (Box("cow", 1, 1, 60, 60),)),
    }
    assert chosen("cow", **pictures) == "large"
    assert chosen(None, **pictures) == "small"


def test_without_boxes_labels_count_and_ties_go_to_the_first() -> None:
    images, contents = found({"a": ((150, 100), ()), "b": ((150, 100), ()), "c": ((150, 100), ())})
    assert best(images, contents, np.arange(3), None) == ["a", "b", "c"]
    labels = np.array([[1, -1, -1], [1, 1, -1], [1, 1, -1]], np.int8)
    labelled = ImageSet("x", None, images.ids, images.paths, CLASSES, labels)
    assert best(labelled, contents, np.arange(3), None) == ["b", "c", "a"]
    assert best(images, contents, np.array([], int), None) == []


def test_the_demo_set_opens_on_such_a_picture() -> None:
    images = find("demo")
    selection = type("Chosen", (), {"images": images})()
    contents = census.contents(selection, lambda done, total: None, lambda: False)
    names = best(images, contents, np.arange(len(images)), None)
    assert len(set(names)) == MOST
    for name in names:
        position = images.source(name)
        width, height = contents.sizes[position]
        assert WIDE[0] <= width / height <= WIDE[1]
        boxes = [box for box in images.boxes(position) if not (box.difficult or box.truncated)]
        shares = [(b.xmax - b.xmin + 1) * (b.ymax - b.ymin + 1) / (width * height) for b in boxes]
        large = [b.name for b, share in zip(boxes, shares, strict=True) if LARGE[0] <= share <= LARGE[1]]
        assert len(large) >= 3
        assert len(set(large)) >= 3
    pictures = {name: thumbnail(images.paths[images.source(name)]) for name in names}
    taken = liveliest(pictures)
    assert taken in names
    with Image.open(io.BytesIO(pictures[taken])) as picture:
        assert LIT[0] <= ImageStat.Stat(picture.convert("L")).mean[0] <= LIT[1]


def test_the_most_colourful_picture_in_good_light_is_taken() -> None:
    def plain(*rgb: int) -> bytes:
        buffer = io.BytesIO()
        Image.new("RGB", (32, 24), rgb).save(buffer, "JPEG")
        return buffer.getvalue()

    pictures = {
        "dark": plain(60, 0, 0),
        "grey": plain(140, 140, 140),
        "green": plain(60, 190, 60),
        "pale": plain(250, 250, 150),
    }
    assert liveliest(pictures) == "green"
    del pictures["green"]
    assert liveliest(pictures) == "grey"
    del pictures["grey"]
    assert liveliest(pictures) == "dark"
    assert liveliest({}) is None
