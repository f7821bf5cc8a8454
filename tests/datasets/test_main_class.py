"""The one class of a photograph, from boxes and without."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from gradviz.datasets import Box, ImageSet, find
from gradviz.datasets.main_class import LARGEST, RAREST, main_classes

CLASSES = ("bird", "boat", "cat")
LABELS = np.array([[-1, 1, 1], [-1, -1, -1], [1, -1, 1], [-1, -1, 1], [-1, 1, -1], [0, -1, -1]], np.int8)
IDS = tuple("abcdef")


def images(tmp_path: Path, boxes: dict[int, tuple[Box, ...]] | None = None) -> ImageSet:
    paths = tuple(tmp_path / f"{name}.jpg" for name in IDS)
    made = ImageSet("six", tmp_path, IDS, paths, CLASSES, LABELS)
    return replace(made, boxes_of=lambda position: (boxes or {}).get(position, ()))


def test_without_boxes_the_rarest_class_counts_and_difficult_ones_do_not(tmp_path: Path) -> None:
    assert main_classes(images(tmp_path), range(6)).of.tolist() == [1, -1, 0, 2, 1, -1]
    assert main_classes(images(tmp_path), range(6)).rule == RAREST
    assert main_classes(images(tmp_path), [3, 0]).of.tolist() == [2, 1]


def test_the_largest_object_counts_unless_it_is_difficult_or_no_label(tmp_path: Path) -> None:
    boxes = {
        0: (Box("boat", 1, 1, 10, 10), Box("cat", 1, 1, 20, 20)),
        2: (Box("bird", 1, 1, 50, 50, difficult=True), Box("cat", 5, 5, 6, 6)),
        3: (Box("bird", 1, 1, 50, 50), Box("tree", 1, 1, 90, 90)),
    }
    found = main_classes(images(tmp_path, boxes), range(6))
    assert found.of.tolist() == [2, -1, 2, 2, 1, -1]
    assert found.rule == LARGEST


def test_without_labels_there_is_none(tmp_path: Path) -> None:
    bare = replace(images(tmp_path), classes=(), labels=None)
    found = main_classes(bare, range(6))
    assert found.of.tolist() == [-1] * 6
    assert found.rule == ""


def test_the_figures_of_the_reference_photographs(voc_root: Path) -> None:
    voc = find(str(voc_root))
    found = main_classes(voc, range(len(voc)))
    counts = {name: int((found.of == c).sum()) for c, name in enumerate(voc.classes)}
    assert found.rule == LARGEST
    assert (counts["person"], counts["bottle"]) == (536, 33)
    assert sum(counts.values()) == len(voc)
    shown = voc.labels == 1
    assert all(shown[i, c] for i, c in enumerate(found.of))
