"""A remote file while it comes, read like a file; what whole transfers do is tested with `fetch`."""

import hashlib
import resource
from pathlib import Path

import pytest

from gradviz.callbacks import never, silent
from gradviz.download import fetch as fetching
from gradviz.download.fetch import Incoming, Remote, Restarted, alone, fetch, quiet
from gradviz.errors import DownloadError
from tests.server import Host

CONTENT = hashlib.shake_256(b"a file").digest(300_000)


@pytest.fixture
def host(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(fetching, "STALL", 0.3)
    monkeypatch.setattr(fetching, "PAUSE", 0.01)
    with Host({"/a.bin": CONTENT}) as made:
        yield made


def begin(host: Host, folder: Path) -> Incoming:
    remote = Remote(host.url("/a.bin"), "md5:", len(CONTENT))
    return Incoming(remote, folder / "a.bin", cancel=never, progress=silent, say=quiet)


def test_reads_what_is_asked_for_and_keeps_it_for_the_next_reader(host, tmp_path):
    host.manners.stall = 64_000
    with begin(host, tmp_path) as coming:
        assert coming.read(10) + coming.read(50_000) == CONTENT[:50_010]
    asked = len(host.asked)
    with begin(host, tmp_path) as coming:
        assert coming.read(30_000) == CONTENT[:30_000]
        assert coming.position == 30_000
    assert len(host.asked) == asked


def test_the_end_is_short_and_then_empty(host, tmp_path):
    with begin(host, tmp_path) as coming:
        assert coming.read(10**6) == CONTENT
        assert coming.read(10) == b""


def test_full_disk_in_the_middle_is_told_and_what_came_is_kept(host, tmp_path):
    remote, target = Remote(host.url("/a.bin"), "md5:", len(CONTENT)), tmp_path / "a.bin"
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, hard))
    try:
        with (
            pytest.raises(DownloadError, match=r"cannot be written \(File too large\): free some space"),
            alone(tmp_path / ".lock", remote, cancel=never, say=quiet),
        ):
            fetch(remote, target)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    fetch(remote, target)
    assert host.asked[-1]["Range"] == "bytes=100000-"
    assert target.read_bytes() == CONTENT


def test_reader_is_told_when_the_bytes_before_no_longer_count(host, tmp_path):
    host.manners.cuts = [50_000]
    with begin(host, tmp_path) as coming:
        assert coming.read(40_000) == CONTENT[:40_000]
        host.manners.ranges = False
        with pytest.raises(Restarted):
            coming.read(100_000)
        assert coming.read(100) == CONTENT[:100]


@pytest.mark.parametrize(
    ("mirror", "full"),
    [
        (None, "https://h.example/x/a.bin"),
        ("http://class.local/voc", "http://class.local/voc/a.bin"),
        ("http://class.local/voc/", "http://class.local/voc/a.bin"),
        ("http://class.local/other.bin", "http://class.local/other.bin"),
    ],
)
def test_mirror_is_a_file_or_a_folder(mirror, full):
    assert Remote("https://h.example/x/a.bin", "md5:0").at(mirror).url == full
