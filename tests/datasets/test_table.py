from pathlib import Path

import pytest

from gradviz.datasets.table import FORMAT
from gradviz.errors import DatasetError
from tests.small_sets import picture

read_table = FORMAT.read


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for number in range(6):
        picture(tmp_path / f"set/p/{number}.jpg", number)
    picture(tmp_path / "secret.jpg")
    return tmp_path / "set"


def write(folder: Path, text: str) -> Path:
    path = folder / "list.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_labels_and_splits_as_listed(folder: Path):
    path = write(folder, '\ufeffpath,labels,split\np/0.jpg,cat; dog,train\n\np/1.jpg,,val\n"p/2.jpg",dog\n')
    images = read_table(path)
    assert images.ids == ("p/0.jpg", "p/1.jpg", "p/2.jpg")
    assert images.classes == ("cat", "dog")
    assert images.labels.tolist() == [[1, 1], [-1, -1], [-1, 1]]
    assert {split: list(positions) for split, positions in images.splits.items()} == {"train": [0], "val": [1]}
    assert (images.name, images.root, images.ap) == ("list", folder, "area")
    assert images.open(0).size == (40, 30)


def test_without_splits_labelled_pictures_are_halved(folder: Path):
    path = write(folder, "".join(f"p/{n}.jpg,{'cat' if n < 4 else 'dog'}\n" for n in range(6)))
    images = read_table(path)
    assert {split: len(positions) for split, positions in images.splits.items()} == {"train": 3, "val": 3}
    assert read_table(path) == images
    assert any(read_table(path, seed=seed) != images for seed in range(1, 5))


def test_without_labels_there_are_no_splits(folder: Path):
    images = read_table(write(folder, "p/0.jpg\np/1.jpg\n"))
    assert (images.labels, images.classes, dict(images.splits)) == (None, (), {})


def test_lines_that_cannot_be_used_are_skipped_by_number(folder: Path):
    images = read_table(write(folder, "p/0.jpg,cat\n../secret.jpg,cat\np/0.jpg,dog\nno.jpg,x\np/1.jpg,a,b,c\n"))
    assert images.ids == ("p/0.jpg",)
    assert [(s.name, s.reason) for s in images.findings if s.kind != "guessed"] == [
        ("line 2: ../secret.jpg", "leads out of the folder"),
        ("line 3: p/0.jpg", "listed twice"),
        ("line 4: no.jpg", "no such file"),
        ("line 5: p/1.jpg", "more than three columns"),
    ]


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", b"a" * 200_000, b"", b"path,label\n", b"nothing.jpg,cat\n"])
def test_what_lists_no_picture_is_refused_in_one_line(tmp_path: Path, content: bytes):
    (tmp_path / "list.csv").write_bytes(content)
    with pytest.raises(DatasetError, match=r"list\.csv") as caught:
        read_table(tmp_path / "list.csv")
    assert "\n" not in str(caught.value)
