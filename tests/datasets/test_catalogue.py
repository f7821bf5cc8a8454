import dataclasses
import importlib.util
import re
from pathlib import Path

import numpy as np
import pytest

from gradviz.datasets import DATASETS, find, known
from gradviz.datasets import catalogue as catalogue_module
from gradviz.errors import DatasetError
from tests.small_sets import picture, voc

LABELS = {"cat": {"a": 1, "b": -1}}
SPLITS = {"train": ["a"], "val": ["b"]}


def test_the_table_names_what_a_download_needs():
    assert list(DATASETS) == ["demo", "voc2007", "voc2007-test", "voc2012"]
    for name, entry in DATASETS.items():
        assert entry.name == name
        assert entry.shipped == (entry.archive is None)
        if entry.archive:
            assert re.fullmatch(r"https://.*\.tar", entry.archive.url)
            assert re.fullmatch(r"[0-9a-f]{32}", entry.archive.md5)
            assert entry.archive.bytes % 512 == 0, "a tar is made of blocks"
            assert entry.folder.endswith(entry.archive.prefix.rstrip("/"))


def test_the_digests_are_those_that_torchvision_publishes():
    # Read, not imported: the import takes ten seconds.
    source = Path(importlib.util.find_spec("torchvision").origin).with_name("datasets") / "voc.py"
    published = source.read_text()
    for name in ("voc2007", "voc2007-test", "voc2012"):
        archive = DATASETS[name].archive
        entry = published.partition(f'"url": "{archive.url}"')[2].partition("}")[0]
        assert f'"md5": "{archive.md5}"' in entry


def test_a_name_is_found_in_the_home_once_it_is_there(home: Path):
    with pytest.raises(
        DatasetError, match=r"voc2012 is not here yet: `python -m gradviz download voc2012` fetches 1,907 MB"
    ):
        find("voc2012")
    voc(home / "datasets/voc2012/VOCdevkit/VOC2012", LABELS, SPLITS)
    images = find("voc2012")
    assert (images.name, images.ids) == ("voc2012", ("a", "b"))
    assert find("voc2012", home=home) == images
    states = {entry.name: entry.state for entry in known()}
    assert states["voc2012"] == "present"
    assert states["voc2007"] == "missing"


def test_a_demo_set_that_is_missing_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(catalogue_module, "ASSETS", tmp_path)
    with pytest.raises(DatasetError, match=r"demo is not in this copy of the program: expected it in .*demo"):
        find("demo")
    voc(tmp_path / "demo", LABELS, SPLITS)
    assert find("demo").name == "demo"


def test_a_name_wins_over_a_folder_only_if_it_is_there(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    picture(tmp_path / "voc2007" / "x.jpg")
    assert find("voc2007").ids == ("x.jpg",)
    voc(home / "datasets/voc2007/VOCdevkit/VOC2007", LABELS, SPLITS)
    images = find("voc2007")
    assert images.ids == ("a", "b")
    found = [(f.kind, f.name) for f in images.findings]
    assert found == [("guessed", "cat"), ("guessed", "voc2007")], "the choice between the two is said"
    assert "./voc2007 names it" in images.findings[-1].reason
    assert find("./voc2007").ids == ("x.jpg",)
    picture(home / "datasets/holiday/1.jpg")
    assert find("holiday").findings == ()
    picture(tmp_path / "holiday/2.jpg")
    assert [(f.kind, f.name) for f in find("holiday").findings] == [("guessed", "holiday")]


def test_the_official_test_split_joins_train_and_val(home: Path):
    voc(home / "datasets/voc2007/VOCdevkit/VOC2007", LABELS, SPLITS)
    voc(home / "datasets/voc2007-test/VOCdevkit/VOC2007", {"cat": {"c": 1}}, {"test": ["c"]})
    images = find("voc2007")
    assert images.ids == ("a", "b", "c")
    assert {split: list(positions) for split, positions in images.splits.items()} == {
        "train": [0],
        "val": [1],
        "test": [2],
    }
    assert images.labels.tolist() == [[1], [-1], [1]]
    assert [box.name for box in images.boxes(2)] == ["cat"]
    assert (images.ap, images.name) == ("eleven_point", "voc2007")
    assert find("voc2007-test").ids == ("c",)


def test_folders_in_the_home_are_known_by_name(home: Path):
    picture(home / "datasets/holiday/sea/1.jpg")
    picture(home / "datasets/.partial/1.jpg")
    (home / "datasets/empty").mkdir()
    assert [entry.name for entry in known()][4:] == ["holiday"]
    assert find("holiday").name == "holiday"
    with pytest.raises(DatasetError, match="no usable picture"):
        find("empty")


def test_a_folder_is_read_by_its_layout(tmp_path: Path):
    voc(tmp_path / "v" / "VOCdevkit" / "VOC2012", LABELS, SPLITS)
    assert find(tmp_path / "v").classes == ("cat",)
    for number in range(6):
        picture(tmp_path / f"plain/{'cat' if number % 2 else 'dog'}/{number}.jpg", number)
    plain = find(str(tmp_path / "plain"))
    assert plain.classes == ("cat", "dog")
    assert plain == find(tmp_path / "plain", seed=0)
    picture(tmp_path / "c/images/1.jpg")
    (tmp_path / "c/annotations").mkdir()
    (tmp_path / "c/annotations/instances_x.json").write_text(
        '{"images": [{"id": 1, "file_name": "1.jpg"}], "annotations": [], "categories": [{"id": 1, "name": "owl"}]}'
    )
    assert find(tmp_path / "c").classes == ("owl",)
    assert find(tmp_path / "c/annotations/instances_x.json").classes == ("owl",)


def test_files_are_read_by_their_suffix(tmp_path: Path):
    picture(tmp_path / "1.jpg")
    (tmp_path / "list.csv").write_text("1.jpg,cat\n")
    np.savez(tmp_path / "f.npz", ids=np.array(["one"]), x6=np.ones((1, 3)))
    assert find(tmp_path / "list.csv").classes == ("cat",)
    assert find(tmp_path / "f.npz").ids == ("one",)
    (tmp_path / "set.zip").touch()
    with pytest.raises(DatasetError, match=r"set\.zip is packed: unpack it and name the folder"):
        find(tmp_path / "set.zip")
    with pytest.raises(DatasetError, match=r"1\.jpg is not a data set: name a folder in VOC layout"):
        find(tmp_path / "1.jpg")


def test_an_unknown_name_gets_one_sentence(home: Path):
    with pytest.raises(
        DatasetError, match=r"no data set or folder 'vocc': known are demo, voc2007,.*or name a folder in VOC"
    ) as caught:
        find("vocc")
    assert "\n" not in str(caught.value)
    for odd in ("", "a\nb", "x" * 5000, "a\0b"):
        with pytest.raises(DatasetError) as caught:
            find(odd)
        assert "\n" not in str(caught.value)


def test_the_table_cannot_be_changed_by_accident():
    with pytest.raises(dataclasses.FrozenInstanceError):
        DATASETS["demo"].name = "other"
