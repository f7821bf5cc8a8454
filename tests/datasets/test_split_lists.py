from pathlib import Path

import pytest

from gradviz.datasets import find
from tests.small_sets import picture


def tiny(root: Path, text: str) -> Path:
    for number in range(4):
        picture(root / f"train/n{number % 2}/images/{number}.jpg", number)
        picture(root / f"val/images/val_{number}.jpg", 10 + number)
    (root / "val/val_annotations.txt").write_text(text)
    return root


def test_the_list_beside_a_splits_pictures_gives_their_classes(tmp_path: Path):
    lines = [f"val_{number}.jpg\tn{number // 2}\t0\t0\t9\t9" for number in range(4)]
    images = find(tiny(tmp_path, "\n".join(lines)))
    assert [images.labels_of(i) for i in images.splits["val"]] == [("n0",), ("n0",), ("n1",), ("n1",)]
    assert [(f.kind, f.name, f.count) for f in images.findings] == [("guessed", "val/val_annotations.txt", 4)]


@pytest.mark.parametrize("text", ["", "val_0.jpg\tn0", "\n".join(f"val_{i}.jpg\tother" for i in range(4)), "a b\n"])
def test_a_list_of_another_kind_is_named_and_not_read(tmp_path: Path, text: str):
    images = find(tiny(tmp_path, text))
    assert {images.labels_of(i) for i in images.splits["val"]} == {()}
    assert ("not read", "val/val_annotations.txt") in {(f.kind, f.name) for f in images.findings}
