import json
from pathlib import Path

import torch

from gradviz.cli.doctor import examine
from gradviz.features.store import Store
from tests.disks import unwritable

HEADINGS = ["versions", "device", "memory", "home", "store", "networks", "data sets", "unfinished", "next"]


def test_what_is_there_and_what_is_missing(tmp_path: Path, monkeypatch):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    report = examine(tmp_path / "home", "cpu")
    assert list(report) == HEADINGS
    assert f"torch {torch.__version__.split('+')[0]}" in "\n".join(report["versions"])
    assert report["device"][0].startswith("cpu is used, threads: ")
    assert report["home"][0].startswith(f"{tmp_path / 'home'}, ")
    assert report["store"] == ["0 entries, 0 kB; `python -m gradviz store clear` empties it"]
    assert report["networks"][0] == "present: alexnet64"
    assert "alexnet (244.4 MB)" in report["networks"][1]
    assert report["networks"][-1] == "`python -m gradviz download NAME` fetches one"
    assert any(line.startswith("voc2007: missing, ") for line in report["data sets"])
    assert any(line.startswith("demo: present, ") for line in report["data sets"])
    assert report["unfinished"] == []
    assert not (tmp_path / "home").exists()


def test_unfinished_downloads_are_listed(tmp_path: Path):
    for part in ("weights/vgg16.pth.part", "datasets/voc2007.tar.part"):
        (tmp_path / part).parent.mkdir()
        (tmp_path / part).write_bytes(bytes(5000))
    report = examine(tmp_path, "cpu")
    assert [line.split(":")[0] for line in report["unfinished"]] == [
        str(tmp_path / "datasets/voc2007.tar.part"),
        str(tmp_path / "weights/vgg16.pth.part"),
    ]
    assert ": 5 kB, " in report["unfinished"][0]


def test_a_home_that_cannot_be_written_is_reported(tmp_path: Path):
    (tmp_path / "empty").mkdir()
    with unwritable(tmp_path / "empty", tmp_path / "home"):
        lines = examine(tmp_path / "home", "cpu")["home"]
    assert lines[1] == f"{tmp_path / 'home'} cannot be written: choose another folder with --home or GRADVIZ_HOME"


def test_entries_of_the_store_are_counted(tmp_path: Path):
    import numpy as np

    with Store(tmp_path / "store").entry({"a": 1}).writing({"x": (2,)}) as writer:
        writer.write(("a", "b", "c"), {"x": np.zeros((3, 2), np.float32)})
    assert examine(tmp_path, "cpu")["store"][0].startswith("1 entry, ")


def test_the_command_prints_every_line(gradviz, tmp_path: Path, monkeypatch):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    arguments = ("doctor", "--home", tmp_path, "--device", "cpu")
    code, out, _ = gradviz(*arguments, "--json")
    report = json.loads(out)
    assert (code, list(report)) == (0, HEADINGS)
    lines = gradviz(*arguments)[1].splitlines()
    assert len(lines) == sum(map(len, report.values()))
    assert lines[-1].startswith("next ")
    if not torch.cuda.is_available():
        code, out, err = gradviz("doctor", "--home", tmp_path, "--device", "cuda")
        assert (code, out, err.count("\n")) == (2, "", 1)
        assert "--device auto" in err
