import struct
import zlib
from pathlib import Path

import pytest
from PIL import Image

from gradviz.datasets import find
from gradviz.datasets.description import description
from gradviz.datasets.pictures import is_whole, open_picture
from gradviz.datasets.undecodable import undecodable
from gradviz.errors import Cancelled, DatasetError
from tests.small_sets import picture

PREVIEW = b"\xff\xe1\x00\x0cExif\0\0\xff\xd8\xff\xd9"


def kinds(folder: Path) -> list[Path]:
    """Write a whole picture of each kind."""
    paths = [picture(folder / f"a{suffix}", size=(90, 90)) for suffix in (".jpg", ".png", ".webp")]
    return [*paths, picture(folder / "progressive.jpg", size=(90, 90), progressive=True)]


def decodes(path: Path) -> bool:
    try:
        open_picture(path)
    except DatasetError:
        return False
    return True


@pytest.mark.parametrize("number", range(4))
def test_what_is_cut_anywhere_is_doubtful_and_what_is_whole_is_not(tmp_path: Path, number: int):
    path = kinds(tmp_path)[number]
    content = path.read_bytes()
    assert is_whole(path)
    for end in (17, 40, 150, len(content) // 2, len(content) - 20):
        path.write_bytes(content[:end])
        assert not is_whole(path)


def test_what_stands_behind_a_picture_does_not_make_it_doubtful(tmp_path: Path):
    for path in kinds(tmp_path):
        path.write_bytes(path.read_bytes() + b"\0" * 100 + b"SEFT trailer")
        assert decodes(path)
    assert undecodable(find(tmp_path)) == {}
    assert is_whole(tmp_path / "a.jpg"), "it need not be decoded to be sure"
    assert is_whole(tmp_path / "progressive.jpg")


def test_the_end_of_a_preview_is_not_the_end_of_the_picture(tmp_path: Path):
    path = picture(tmp_path / "a.jpg", size=(90, 90))
    content = path.read_bytes()
    path.write_bytes(content[:2] + PREVIEW + content[2:])
    assert is_whole(path)
    path.write_bytes(content[:2] + PREVIEW + content[2:-300] + b"\0")
    assert not is_whole(path)
    path.write_bytes(content[:2] + PREVIEW)
    assert undecodable(find(tmp_path)), "the end comes before any scan"


def test_what_is_refused_for_its_size_is_named(tmp_path: Path):
    picture(tmp_path / "a.png")

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", 9000, 9000, 8, 0, 0, 0, 0))
    (tmp_path / "b.png").write_bytes(b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", b"") + chunk(b"IEND", b""))
    (found,) = undecodable(find(tmp_path)).values()
    assert (found.name, found.kind) == ("b.png", "left out")
    assert "9000 x 9000 pixels" in found.reason


def cut_set(root: Path) -> Path:
    """Write two classes of four pictures, with one of train and one of test cut off."""
    for i, place in enumerate(f"{s}/{c}/{n}.jpg" for s in ("train", "test") for c in ("cat", "dog") for n in "ab"):
        picture(root / place, i, size=(90, 90))
    for place in ("train/cat/a.jpg", "test/dog/b.jpg"):
        content = (root / place).read_bytes()
        (root / place).write_bytes(content[: len(content) // 2])
    return root


def test_the_description_counts_what_can_be_used(tmp_path: Path):
    images = find(cut_set(tmp_path))
    about = description(images)
    assert (len(images), about["images"], about["splits"]) == (8, 6, {"train": 3, "test": 3})
    assert {name: counts["positive"] for name, counts in about["classes"].items()} == {"cat": 3, "dog": 3}
    assert {name: counts["negative"] for name, counts in about["classes"].items()} == {"cat": 3, "dog": 3}
    assert [finding["name"] for finding in about["findings"]] == ["test/dog/b.jpg", "train/cat/a.jpg"]


def test_a_file_that_is_away_is_no_finding_and_the_search_can_be_stopped(tmp_path: Path):
    images = find(cut_set(tmp_path))
    images.paths[images.source("test/dog/b.jpg")].unlink()
    seen: list[tuple[int, int]] = []
    found = undecodable(images, progress=lambda *counts: seen.append(counts))
    assert [finding.name for finding in found.values()] == ["train/cat/a.jpg"]
    assert seen == [(8, 8)]
    with pytest.raises(Cancelled):
        undecodable(images, cancel=lambda: True)


def test_whole_pictures_are_not_decoded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    kinds(tmp_path)
    images = find(tmp_path)

    def refused(self: object) -> None:
        raise AssertionError("decoded")

    monkeypatch.setattr(Image.Image, "load", refused)
    assert undecodable(images) == {}
