import hashlib
import os
import time
from pathlib import Path

import pytest

from gradviz.datasets.digests import file_digests
from gradviz.errors import DatasetError


def digest(content: bytes) -> list[str]:
    return [hashlib.sha256(content).hexdigest()]


def test_an_unchanged_file_is_hashed_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    path = tmp_path / "a.bin"
    path.write_bytes(b"abc")
    expected = [hashlib.sha256(b"abc").hexdigest()]
    assert file_digests([path]) == expected
    monkeypatch.setattr(hashlib, "file_digest", lambda *_: pytest.fail("read again"))
    assert file_digests([path]) == expected


def test_a_file_that_is_gone_is_named(tmp_path: Path):
    with pytest.raises(DatasetError, match=r"gone\.jpg cannot be read: No such file"):
        file_digests([tmp_path / "gone.jpg"])


def test_other_contents_of_the_same_size_and_time_are_read_again(tmp_path: Path):
    path, other = tmp_path / "a.bin", tmp_path / "other.bin"
    path.write_bytes(b"abc")
    kept = path.stat()
    assert file_digests([path]) == digest(b"abc")
    other.write_bytes(b"xyz")
    os.utime(other, ns=(kept.st_atime_ns, kept.st_mtime_ns))
    other.replace(path)
    assert path.stat().st_mtime_ns == kept.st_mtime_ns
    assert file_digests([path]) == digest(b"xyz"), "put in its place: another inode"
    time.sleep(0.05)  # more than a tick of the clock that file systems use
    path.write_bytes(b"uvw")
    os.utime(path, ns=(kept.st_atime_ns, kept.st_mtime_ns))
    assert file_digests([path]) == digest(b"uvw"), "written over: another time of change"
