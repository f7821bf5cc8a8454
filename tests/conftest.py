"""What many tests share: the photographs, and how their absence is told."""

import os
import shutil
from pathlib import Path

import pytest
from hypothesis import settings

# The first example of a test may have to import torch.
settings.register_profile("gradviz", deadline=None)
settings.load_profile("gradviz")

ROOT = Path(__file__).resolve().parent.parent


def missing(what: str) -> None:
    """Skip, saying so; with CI set the absence is a failure."""
    if os.environ.get("CI"):
        pytest.fail(f"{what}, and CI is set: it must be there")
    pytest.skip(what)


@pytest.fixture(scope="session")
def test_data() -> Path:
    """Folder with real photographs (VOCdevkit/VOC2007) and weights."""
    data = Path(os.environ.get("GRADVIZ_TEST_DATA") or ROOT / "../shared/data").resolve()
    if not (data / "VOCdevkit/VOC2007/JPEGImages").is_dir():
        missing("No photographs: set GRADVIZ_TEST_DATA to the folder that holds VOCdevkit and weights")
    return data


@pytest.fixture(scope="session")
def voc_root(test_data: Path) -> Path:
    """Folder of the 2,476 real VOC 2007 photographs in the devkit's layout."""
    return test_data / "VOCdevkit" / "VOC2007"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Point GRADVIZ_HOME at an empty folder for the test."""
    folder = tmp_path / "home"
    monkeypatch.setenv("GRADVIZ_HOME", str(folder))
    return folder


@pytest.fixture(scope="session")
def photographs(voc_root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder in VOC layout with 160 of the real photographs, 100 in train and 60 in val; tests leave it as it is."""
    root = tmp_path_factory.mktemp("photographs") / "few"
    lists = voc_root / "ImageSets" / "Main"
    for folder in ("JPEGImages", "Annotations", "ImageSets/Main"):
        (root / folder).mkdir(parents=True)
    for split, n in (("train", 100), ("val", 60)):
        for path in (lists / f"{split}.txt", *lists.glob(f"*_{split}.txt")):
            (root / "ImageSets/Main" / path.name).write_text("".join(path.read_text().splitlines(keepends=True)[:n]))
        for identifier in (root / "ImageSets/Main" / f"{split}.txt").read_text().split():
            for place in (f"JPEGImages/{identifier}.jpg", f"Annotations/{identifier}.xml"):
                shutil.copyfile(voc_root / place, root / place)
    return root


@pytest.fixture(scope="session")
def snapshots(photographs: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Plain folder with six of these photographs, as somebody's own: no labels, no splits."""
    folder = tmp_path_factory.mktemp("own") / "holidays"
    folder.mkdir()
    for identifier in (photographs / "ImageSets/Main/val.txt").read_text().split()[:6]:
        shutil.copyfile(photographs / f"JPEGImages/{identifier}.jpg", folder / f"{identifier}.jpg")
    return folder


@pytest.fixture(scope="session")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One home for all tests that are content with features which another test has computed."""
    return tmp_path_factory.mktemp("kept")


@pytest.fixture
def gradviz(capsys: pytest.CaptureFixture[str]):
    """Return a function that runs the command line in this process: arguments -> exit code, output, standard error."""
    from gradviz.cli import main

    def run(*arguments: object) -> tuple[int, str, str]:
        code = main([str(argument) for argument in arguments])
        return code, *capsys.readouterr()

    return run
