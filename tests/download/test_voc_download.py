"""VOC data sets by name: whole and in part, from hosts good and bad, across kills, never half a data set."""

import hashlib
import json
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from gradviz.datasets import DATASETS, find
from gradviz.download import fetch as fetching
from gradviz.download.voc import download, record
from gradviz.errors import Cancelled, ChoiceError, DatasetError, DownloadError
from tests.archives import PICTURES_FIRST, md5, voc_archive
from tests.server import Host

ROOT = Path(__file__).resolve().parents[2]
NAME = "VOCtrainval_06-Nov-2007.tar"
PATH = f"/voc2007/{NAME}"
CONTENT = voc_archive(60, unlisted=4)


def publish(monkeypatch: pytest.MonkeyPatch, url: str, content: bytes = CONTENT, what: str = "voc2007") -> None:
    """Let the table point to an archive of ours."""
    entry = DATASETS[what]
    archive = replace(entry.archive, url=url, md5=md5(content), bytes=len(content), images=60)
    monkeypatch.setitem(DATASETS, what, replace(entry, archive=archive))


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetching, "STALL", 0.3)
    monkeypatch.setattr(fetching, "PAUSE", 0.01)


@pytest.fixture
def host(monkeypatch: pytest.MonkeyPatch):
    with Host({PATH: CONTENT}) as made:
        publish(monkeypatch, made.url(PATH))
        yield made


def left(home: Path) -> list[str]:
    """Names in datasets/ but for the lock."""
    return sorted(path.name for path in (home / "datasets").iterdir() if path.suffix != ".lock")


def apart(count: int) -> set[tuple[str, int]]:
    """What is said of so few photographs: so many classes are in one split alone, and as many in the other."""
    sides = (("train", "val"), ("val", "train"))
    return {(f"a class in {there} and trainval, but not in {lacking}", count) for there, lacking in sides}


def test_whole_data_set_loads_and_nothing_else_is_left(host, home):
    seen = []
    folder = download("voc2007", progress=lambda *step: seen.append(step))
    assert folder == home / "datasets/voc2007/VOCdevkit/VOC2007"
    images = find("voc2007")
    assert (len(images.ids), len(images.classes), images.ap) == (60, 20, "eleven_point")
    assert {name: len(positions) for name, positions in images.splits.items()} == {
        "train": 30,
        "val": 30,
        "trainval": 60,
    }
    assert {(f.reason, f.count) for f in images.findings} == apart(10)
    assert images.boxes(0)[0].name == "dog"
    assert record("voc2007") == {
        "state": "whole",
        "images": 60,
        "source": host.url(PATH),
        "sha256": hashlib.sha256(CONTENT).hexdigest(),
        "pictures_before_lists": False,
    }
    assert left(home) == ["voc2007"]
    assert (len(CONTENT), len(CONTENT)) in seen


def test_what_is_there_is_not_fetched_again(host, home):
    download("voc2007")
    assert download("voc2007") == download("voc2007", images=5) == DATASETS["voc2007"].where()
    assert len(host.asked) == 1


def test_home_by_argument(host, home, tmp_path):
    folder = download("voc2007", home=tmp_path / "elsewhere")
    assert folder.is_relative_to(tmp_path / "elsewhere")
    assert not home.exists()


def test_test_split_and_the_other_year(host, home, monkeypatch):
    for what, year, splits in (
        ("voc2007-test", "VOC2007", ("test",)),
        ("voc2012", "VOC2012", ("train", "val", "trainval")),
    ):
        content = voc_archive(20, year=year, splits=splits)
        host.files[f"/{what}.tar"] = content
        publish(monkeypatch, host.url(f"/{what}.tar"), content, what)
        assert download(what).name == year
        assert tuple(find(what).splits) == splits


def test_subset_loads_and_says_what_it_is(host, home):
    seen = []
    download("voc2007", images=12, progress=lambda *step: seen.append(step))
    images = find("voc2007")
    assert len(images.ids) == 12
    assert images.labels.shape == (12, 20)
    assert set(images.splits) == {"train", "val", "trainval"}
    assert {(f.reason, f.count) for f in images.findings} == apart(6)
    found = record("voc2007")
    assert (found["state"], found["images"], found["sha256"]) == ("unverified prefix", 12, None)
    assert all(done <= total for done, total in seen)
    assert seen[-1][0] == seen[-1][1] < len(CONTENT)


def test_more_photographs_and_then_all_go_on_with_what_came(host, home):
    part = home / "datasets/voc2007.tar.part"
    download("voc2007", images=5)
    kept = part.stat().st_size
    download("voc2007", images=10)
    assert len(find("voc2007").ids) == record("voc2007")["images"] == 10
    download("voc2007", images=40)
    assert len(find("voc2007").ids) == 40
    download("voc2007")
    assert record("voc2007")["state"] == "whole"
    ranges = [ask["Range"] for ask in host.asked]
    assert ranges[0] is None
    assert all(int(r.removeprefix("bytes=").rstrip("-")) >= kept for r in ranges[1:])
    assert left(home) == ["voc2007"]


def test_pictures_before_lists_are_kept_and_said(host, home, monkeypatch):
    content = voc_archive(60, unlisted=4, order=PICTURES_FIRST)
    host.files[PATH] = content
    publish(monkeypatch, host.url(PATH), content)
    said = []
    download("voc2007", images=12, say=said.append)
    assert len(find("voc2007").ids) == 12
    assert record("voc2007")["pictures_before_lists"]
    assert any("before its lists" in sentence for sentence in said)


@pytest.mark.parametrize("ranges", [True, False])
@pytest.mark.parametrize("images", [None, 50])
def test_connection_cut_in_the_middle(host, home, images, ranges):
    host.manners.ranges, host.manners.cuts = ranges, [len(CONTENT) // 3, len(CONTENT) // 4]
    download("voc2007", images=images)
    assert len(find("voc2007").ids) == (images or 60)


def test_host_that_always_begins_again_is_given_up(host, home):
    host.manners.ranges, host.manners.cuts = False, [len(CONTENT) // 2] * 50
    with pytest.raises(DownloadError, match="cut the connection after"):
        download("voc2007", images=60)
    assert len(host.asked) == 1 + fetching.RETRIES


def test_subset_survives_a_part_that_was_damaged_on_the_disk(host, home):
    part = home / "datasets/voc2007.tar.part"
    part.parent.mkdir(parents=True)
    part.write_bytes(CONTENT[:60_000] + bytes(40_000))
    download("voc2007", images=50)
    assert len(find("voc2007").ids) == 50


@pytest.mark.parametrize("images", [None, 12])
@pytest.mark.parametrize(
    ("manners", "sentence"),
    [
        ({"status": 404}, "does not have this file"),
        ({"status": 503}, "is busy"),
        ({"kind": "text/html"}, "sends a web page"),
        ({"mute": True}, "has sent nothing"),
        ({"stall": 20_000}, "has sent nothing"),
        ({"cuts": [1000] * 30}, "cut the connection"),
    ],
)
def test_bad_hosts_are_explained_with_what_to_do(host, home, images, manners, sentence):
    for name, value in manners.items():
        setattr(host.manners, name, value)
    with pytest.raises(DownloadError, match=sentence) as error:
        download("voc2007", images=images)
    message = str(error.value)
    assert "--url" in message
    assert f"put {NAME} from {host.url(PATH)} into {home / 'datasets'}" in message
    assert "\n" not in message
    assert not DATASETS["voc2007"].present()
    assert record("voc2007") is None


@pytest.mark.parametrize("images", [None, 12])
def test_something_else_of_the_right_size_is_refused(host, home, images):
    host.files[PATH] = b"<p>login</p>".ljust(len(CONTENT))
    with pytest.raises(DownloadError, match="is not the published file" if images is None else "no tar at all"):
        download("voc2007", images=images)
    assert left(home) == ["voc2007.tar.part"]
    assert (home / "datasets/voc2007.tar.part").stat().st_size == 0


def test_altered_byte_is_refused(host, home):
    altered = bytearray(CONTENT)
    altered[len(altered) // 2] ^= 1
    host.files[PATH] = bytes(altered)
    with pytest.raises(DownloadError, match="is not the published file"):
        download("voc2007")
    assert not DATASETS["voc2007"].present()


@pytest.mark.parametrize("surplus", [1, 5_000_000])
@pytest.mark.parametrize("chunked", [False, True])
@pytest.mark.parametrize("images", [None, 60])
def test_mirror_that_sends_more_without_a_length_ends_in_a_sentence(host, home, images, chunked, surplus):
    host.files[PATH] = CONTENT[:-1000] + bytes(1000 + surplus)
    host.manners.length, host.manners.chunked = False, chunked
    host.manners.block = 5003  # so that none ends where the published archive does
    with pytest.raises(DownloadError, match=r"sends more than VOCtrainval_06-Nov-2007\.tar can hold"):
        download("voc2007", images=images)
    assert len(host.asked) == 1
    assert (home / "datasets/voc2007.tar.part").stat().st_size == 0
    assert not DATASETS["voc2007"].present()


def test_host_that_is_down(home, monkeypatch):
    with Host() as gone:
        publish(monkeypatch, gone.url(PATH))
    with pytest.raises(DownloadError, match="refuses the connection"):
        download("voc2007", images=3)


@pytest.mark.parametrize("images", [None, 3])
def test_archive_brought_by_hand_is_used_and_stays(host, home, images):
    (home / "datasets").mkdir(parents=True)
    (home / "datasets" / NAME).write_bytes(CONTENT)
    download("voc2007", images=images)
    assert len(find("voc2007").ids) == (images or 60)
    assert host.asked == []
    assert left(home) == [NAME, "voc2007"]


def test_archive_brought_by_hand_that_is_cut_is_refused(host, home):
    (home / "datasets").mkdir(parents=True)
    (home / "datasets" / NAME).write_bytes(CONTENT[:-600])
    with pytest.raises(DownloadError, match="cut or altered"):
        download("voc2007")
    assert left(home) == [NAME]


def test_mirrors_by_address_and_by_path(host, home, tmp_path):
    with Host({f"/class/{NAME}": CONTENT}) as mirror:
        download("voc2007", images=3, url=mirror.url("/class"))
        assert record("voc2007")["source"] == mirror.url(f"/class/{NAME}")
    (tmp_path / NAME).write_bytes(CONTENT)
    download("voc2007", url=str(tmp_path))
    assert record("voc2007")["source"] == str(tmp_path / NAME)
    assert (tmp_path / NAME).exists()
    assert host.asked == []


def test_folder_put_there_by_hand_is_left_alone(host, home, voc_root):
    folder = home / "datasets/voc2007/VOCdevkit/VOC2007"
    shutil.copytree(voc_root / "ImageSets", folder / "ImageSets")
    (folder / "JPEGImages").mkdir()
    assert download("voc2007") == folder
    assert record("voc2007") is None
    assert host.asked == []


def test_wrong_wishes(home):
    with pytest.raises(ChoiceError, match="voc2007, voc2007-test, voc2012"):
        download("demo")
    with pytest.raises(ChoiceError, match="one or more"):
        download("voc2007", images=0)


def test_too_little_room_is_told_first(host, home, monkeypatch):
    usage = shutil.disk_usage("/")._replace(free=fetching._SPARE + 2 * len(CONTENT) - 1)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    with pytest.raises(DownloadError, match="free some space"):
        download("voc2007")
    assert host.asked == []
    download("voc2007", images=3)


def test_folder_that_cannot_be_written_is_told(host, tmp_path):
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(DownloadError, match="cannot be written"):
        download("voc2007", home=tmp_path / "file")


def test_cancel_while_unpacking_leaves_no_data_set(host, home):
    staging = home / "datasets/.voc2007.staging"
    with pytest.raises(Cancelled):
        download("voc2007", cancel=lambda: (staging / "VOCdevkit/VOC2007/JPEGImages").exists())
    assert not DATASETS["voc2007"].present()
    assert not staging.exists()
    download("voc2007")
    assert len(host.asked) == 1  # the archive itself was whole and is not fetched again
    assert left(home) == ["voc2007"]


@pytest.mark.parametrize("renamed", [False, True])
def test_kill_between_the_two_renames_is_put_right(host, home, renamed):
    download("voc2007", images=5)
    top, old = home / "datasets/voc2007", home / "datasets/.voc2007.old"
    if renamed:
        shutil.copytree(top, old)
    else:
        top.rename(old)
    download("voc2007", images=5)
    assert len(find("voc2007").ids) == 5
    assert not old.exists()
    assert len(host.asked) == 1


SLOW_UNPACKING = """
import sys, tarfile, time
from dataclasses import replace
from gradviz.datasets import DATASETS
from gradviz.download import voc as module
url, digest, size, images, pause = sys.argv[1:]
entry = DATASETS["voc2007"]
DATASETS["voc2007"] = replace(entry, archive=replace(entry.archive, url=url, md5=digest, bytes=int(size)))
extract = tarfile.TarFile.extract
def slow(self, *args, **kwargs):
    time.sleep(float(pause))
    return extract(self, *args, **kwargs)
tarfile.TarFile.extract = slow
module.download("voc2007", images=int(images) or None)
"""


def killed(host: Host, images: int, pause: float, when) -> None:
    """Start a download in a process of its own and kill it when `when()` holds."""
    arguments = [host.url(PATH), md5(CONTENT), str(len(CONTENT)), str(images), str(pause)]
    process = subprocess.Popen([sys.executable, "-c", SLOW_UNPACKING, *arguments], cwd=ROOT)
    while process.poll() is None and not when():
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL


@pytest.mark.parametrize("images", [0, 50])
def test_kill_in_the_transfer(host, home, images):
    part = home / "datasets/voc2007.tar.part"
    host.manners.pause, host.manners.block = 0.01, 2048
    killed(host, images, 0, lambda: part.exists() and part.stat().st_size > len(CONTENT) / 3)
    assert not DATASETS["voc2007"].present()
    with pytest.raises(DatasetError, match="not here yet"):
        find("voc2007")
    host.manners.pause = 0
    download("voc2007", images=images or None)
    assert len(find("voc2007").ids) == (images or 60)
    assert int(host.asked[-1]["Range"].removeprefix("bytes=").rstrip("-")) > len(CONTENT) / 3


@pytest.mark.parametrize("images", [0, 50])
def test_kill_in_the_extraction(host, home, images):
    pictures = home / "datasets/.voc2007.staging/VOCdevkit/VOC2007/JPEGImages"
    killed(host, images, 0.004, lambda: pictures.exists() and len(list(pictures.iterdir())) > 10)
    assert pictures.exists()
    assert not DATASETS["voc2007"].present()
    with pytest.raises(DatasetError, match="not here yet"):
        find("voc2007")
    before = len(host.asked)
    download("voc2007", images=images or None)
    assert len(find("voc2007").ids) == (images or 60)
    assert not pictures.exists()
    assert images or len(host.asked) == before


def test_archive_that_a_kill_left_behind_goes(host, home):
    download("voc2007")
    (home / "datasets/voc2007.tar.part").write_bytes(CONTENT)
    (home / "datasets/voc2007.tar.part.json").write_text("{}")
    download("voc2007")
    assert left(home) == ["voc2007"]


def test_record_that_is_damaged_counts_as_brought_by_hand(host, home):
    download("voc2007", images=5)
    (home / "datasets/voc2007/download.json").write_text(json.dumps([1])[:2])
    assert record("voc2007") is None
    assert download("voc2007", images=3).is_dir()
