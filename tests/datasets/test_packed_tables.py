"""A zip is given as a whole: its tables are read with it, or it is said why not."""

import pytest

from gradviz.datasets.image_set import ImageSet
from gradviz.datasets.uploads import Uploads
from tests.datasets.test_uploads import jpeg, packed
from tests.small_sets import noted


@pytest.fixture
def uploads(tmp_path) -> Uploads:
    return Uploads(tmp_path)


def read(uploads: Uploads, pictures: str, **tables: str) -> ImageSet:
    entries = {f"{name}.jpg": jpeg(number) for number, name in enumerate(pictures.split())}
    uploads.add_zip(packed(entries | {name.replace("__", "/"): text.encode() for name, text in tables.items()}))
    return uploads.image_set()


def shown(images: ImageSet) -> list[tuple[str, ...]]:
    return [images.labels_of(i) for i in range(len(images))]


def splits(images: ImageSet) -> dict[str, list[int]]:
    return {split: list(positions) for split, positions in images.splits.items()}


@pytest.mark.parametrize("name", ["list.csv", "list.CSV", "list.tsv", "meta__list.csv"])
def test_a_table_is_read_whatever_its_suffix_and_wherever_it_lies(uploads: Uploads, name: str):
    separator = "\t" if "tsv" in name else ","
    images = read(uploads, "p/a p/b", **{name: f"path{separator}label\np/a.jpg{separator}cat\np/b.jpg{separator}dog\n"})
    assert shown(images) == [("cat",), ("dog",)]


def test_paths_from_the_folder_of_the_table_are_read(uploads: Uploads):
    images = read(
        uploads, "p/a p/b", meta__list="", **{"meta__list.csv": "path,label\n../p/a.jpg,cat\n../p/b.jpg,dog\n"}
    )
    assert shown(images) == [("cat",), ("dog",)]


def test_the_splits_of_the_folders_stay(uploads: Uploads):
    table = "path,label\ntrain/a.jpg,cat\ntrain/b.jpg,dog\n"
    images = read(uploads, "train/a train/b train/c valid/d valid/e", **{"list.csv": table})
    assert splits(images) == {"train": [0, 1, 2], "val": [3, 4]}
    assert shown(images) == [("cat",), ("dog",), (), (), ()]
    assert [(f.kind, f.name) for f in noted(images)] == [
        ("guessed", "splits"),
        ("unlabelled", "train/c.jpg"),
        ("unlabelled", "valid/d.jpg"),
        ("unlabelled", "valid/e.jpg"),
    ]


def test_splits_that_the_table_states_win(uploads: Uploads):
    table = "path,label,split\ntrain/a.jpg,cat,test\ntest/b.jpg,dog,train\n"
    assert splits(read(uploads, "train/a test/b test/c", **{"list.csv": table})) == {"train": [1], "test": [0]}


def test_tables_of_different_pictures_are_read_together(uploads: Uploads):
    tables = {"train.csv": "path,label\np/a.jpg,cat\np/b.jpg,dog\n", "test.csv": "path,label\np/c.jpg,cat\n"}
    images = read(uploads, "p/a p/b p/c", **tables)
    assert shown(images) == [("cat",), ("dog",), ("cat",)]
    assert splits(images) == {"train": [0, 1], "test": [2]}
    assert [(f.kind, f.name) for f in noted(images)] == [("guessed", "test.csv, train.csv"), ("guessed", "dog")]


def test_a_class_without_a_column_in_one_table_is_unknown_there(uploads: Uploads):
    tables = {
        "one.csv": "path,cat,dog\np/a.jpg,1,0\np/b.jpg,0,1\n",
        "two.csv": "path,cat,owl\np/c.jpg,1,0\np/d.jpg,0,1\n",
    }
    images = read(uploads, "p/a p/b p/c p/d", **tables)
    assert images.classes == ("cat", "dog", "owl")
    assert images.labels.tolist() == [[1, -1, 0], [-1, 1, 0], [1, 0, -1], [-1, 0, 1]]


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ('path,label\na.jpg,"cat\n', "not read: it cannot be read as a CSV: line 2: "),
        ("path,label,split\na.jpg,cat,train\na.jpg,cat,test\n", "not read: it, line 3: a.jpg is in test, but above "),
        ("price,date\n1,2\n", "lists no picture of the zip"),
    ],
)
def test_why_a_table_is_not_read_is_said(uploads: Uploads, table: str, said: str):
    images = read(uploads, "a b", **{"list.csv": table})
    (finding,) = images.findings
    assert (finding.name, finding.kind) == ("list.csv", "not read")
    assert finding.reason.startswith(said)
    assert "layout-" not in finding.reason


def test_no_more_than_ten_tables_are_tried(uploads: Uploads):
    images = read(uploads, "a b", **{f"{n}.csv": "path,label\na.jpg,cat\n" for n in range(11)})
    assert images.labels is None
    assert {f.reason for f in images.findings} == {"not read: there are more than 10 tables in the zip"}
