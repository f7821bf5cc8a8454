"""Taking VOC archives apart: in any order, cut, altered and hostile."""

import io
import tarfile
from pathlib import Path

import pytest

from gradviz.download import archives
from gradviz.download.archives import unpack
from gradviz.download.http import DamagedError
from gradviz.errors import Cancelled
from tests.archives import OFFICIAL, PICTURES_FIRST, member, picture, voc_archive

SPLITS = ("train", "val", "trainval")


def take(content: bytes, folder: Path, images: int | None = None, **more):
    return unpack(io.BytesIO(content).read, folder, year="VOC2007", splits=SPLITS, images=images, **more)


def names(folder: Path, kind: str) -> list[str]:
    return sorted(path.stem for path in (folder / "VOCdevkit/VOC2007" / kind).iterdir())


def files(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if not path.is_dir()}


@pytest.mark.parametrize("order", [OFFICIAL, PICTURES_FIRST, tuple(reversed(OFFICIAL))])
def test_whole_archive_in_any_order(tmp_path, order):
    assert take(voc_archive(20, unlisted=4, order=order), tmp_path) == (order[0] == "JPEGImages")
    listed = set((tmp_path / "VOCdevkit/VOC2007/ImageSets/Main/trainval.txt").read_text().split())
    assert set(names(tmp_path, "JPEGImages")) >= listed
    assert len(listed) == 20
    assert len(names(tmp_path, "ImageSets/Main")) == 63
    assert (tmp_path / "VOCdevkit/VOC2007/JPEGImages/000001.jpg").read_bytes() == picture(1)


@pytest.mark.parametrize("order", [OFFICIAL, PICTURES_FIRST, tuple(reversed(OFFICIAL))])
def test_subset_holds_the_first_listed_photographs_with_their_annotations(tmp_path, order):
    # 24 pictures, of which 5, 10, 14 and 19 are in no list: the first seven that are end with the 8th.
    take(voc_archive(20, unlisted=4, order=order), tmp_path, 7)
    kept = [f"{i:06d}" for i in (1, 2, 3, 4, 6, 7, 8)]
    assert names(tmp_path, "JPEGImages") == names(tmp_path, "Annotations") == kept
    main = tmp_path / "VOCdevkit/VOC2007/ImageSets/Main"
    assert (main / "train.txt").read_text().split() == ["000001", "000003", "000007"]
    assert (main / "val.txt").read_text().split() == ["000002", "000004", "000006", "000008"]
    assert (main / "dog_trainval.txt").read_text().splitlines() == [f"{i} -1" for i in kept]
    assert (main / "bird_val.txt").read_text().splitlines()[0] == "000002  1"


def test_official_order_reads_no_further_than_needed(tmp_path):
    content = voc_archive(200, unlisted=10)
    stream = io.BytesIO(content)
    unpack(stream.read, tmp_path, year="VOC2007", splits=SPLITS, images=10)
    assert stream.tell() < len(content) / 2


def test_more_than_there_are_gives_all_that_are_listed(tmp_path):
    take(voc_archive(8, unlisted=2), tmp_path, 100)
    assert len(names(tmp_path, "JPEGImages")) == 8


@pytest.mark.parametrize("images", [None, 15])
@pytest.mark.parametrize("order", [OFFICIAL, PICTURES_FIRST])
def test_cut_archive_is_refused_wherever_it_is_cut(tmp_path, images, order):
    content = voc_archive(16, unlisted=2, order=order)
    for share in (0.0, 0.001, 0.2, 0.35, 0.5, 0.7):
        with pytest.raises(DamagedError, match="cut"):
            take(content[: int(share * len(content))], tmp_path / str(share), images)


@pytest.mark.parametrize("content", [b"<!doctype html><p>Please log in</p>" * 100, b"\x1f\x8b\x08" + b"x" * 5000, b"x"])
def test_something_else_is_refused(tmp_path, content):
    with pytest.raises(DamagedError, match="no tar at all"):
        take(content, tmp_path)


def test_a_picture_that_cannot_be_decoded_is_named(tmp_path):
    with pytest.raises(DamagedError, match=r"damaged: 000003\.jpg"):
        take(voc_archive(8, broken=[3]), tmp_path, 5)


EVIL = b"evil"
JPEGS = "VOCdevkit/VOC2007/JPEGImages"
HOSTILE = [
    (member("../outside.jpg", size=4), EVIL),
    (member("/tmp/gradviz-outside.jpg", size=4), EVIL),
    (member(f"{JPEGS}/../../../../outside.jpg", size=4), EVIL),
    (member(f"{JPEGS}/..\\outside.jpg", size=4), EVIL),
    (member(f"{JPEGS}/.hidden.jpg", size=4), EVIL),
    (member(f"{JPEGS}/000001.jpg\n.sh", size=4), EVIL),
    (member(f"{JPEGS}/000001.exe", size=4), EVIL),
    (member(f"{JPEGS}/deep/000001.jpg", size=4), EVIL),
    (member("VOCdevkit/VOC2012/JPEGImages/2012_000001.jpg", size=4), EVIL),
    (member(f"{JPEGS}/link.jpg", tarfile.SYMTYPE, "/etc/passwd"), b""),
    (member(f"{JPEGS}/hard.jpg", tarfile.LNKTYPE, "/etc/passwd"), b""),
    (member(f"{JPEGS}/device.jpg", tarfile.CHRTYPE), b""),
    (member(f"{JPEGS}/pipe.jpg", tarfile.FIFOTYPE), b""),
    (member("VOCdevkit", tarfile.SYMTYPE, ".."), b""),
    (member("VOCdevkit/VOC2007", tarfile.SYMTYPE, "../.."), b""),
    (member(JPEGS, tarfile.SYMTYPE, "/tmp"), b""),
]


@pytest.mark.parametrize("images", [None, 20])
def test_hostile_members_leave_no_trace(tmp_path, images):
    inside = tmp_path / "a" / "b" / "staging"
    take(voc_archive(20, unlisted=0, first=HOSTILE), inside, images)
    honest = tmp_path / "honest"
    take(voc_archive(20, unlisted=0), honest, images)
    assert files(inside) == files(honest)
    assert files(tmp_path) == {f"{root}/{name}" for root in ("a/b/staging", "honest") for name in files(honest)}
    assert not Path("/tmp/gradviz-outside.jpg").exists()
    assert not any(path.is_symlink() for path in inside.rglob("*"))


@pytest.mark.parametrize("name", [f"{JPEGS}/000001.jpg", "README"])
def test_claimed_size_is_not_believed(tmp_path, name):
    header = member(name, size=10**12).tobuf()
    with pytest.raises(DamagedError, match="more than 50 MB"):
        take(header + voc_archive(4), tmp_path)


def test_sparse_file_does_not_grow(tmp_path):
    # A few bytes that claim to unfold to 40 MB of zeros.
    info = member(f"{JPEGS}/000001.jpg", tarfile.GNUTYPE_SPARSE, size=0)
    header = bytearray(info.tobuf(tarfile.GNU_FORMAT))
    header[386:398] = header[398:410] = b"%011o\0" % 0
    header[483:495] = b"%011o\0" % 40_000_000
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    assert tarfile.TarInfo.frombuf(bytes(header), "ascii", "strict").type == tarfile.GNUTYPE_SPARSE
    take(bytes(header) + voc_archive(4), tmp_path)
    assert (tmp_path / JPEGS / "000001.jpg").read_bytes() == picture(1)


def test_long_header_does_not_fill_the_memory(tmp_path, monkeypatch):
    monkeypatch.setattr(archives, "LARGEST_MEMBER", 1_000_000)
    header = member("././@PaxHeader", tarfile.XHDTYPE, size=3_000_000).tobuf()
    stream = io.BytesIO(header + b"x" * 3_000_000 + voc_archive(4))
    with pytest.raises(DamagedError, match="more than 1 MB"):
        unpack(stream.read, tmp_path, year="VOC2007", splits=SPLITS)
    assert stream.tell() < 2_200_000


def test_too_many_members_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(archives, "MOST_MEMBERS", 50)
    with pytest.raises(DamagedError, match="more than 50 files"):
        take(voc_archive(20), tmp_path)


def test_cancel_is_asked_between_members(tmp_path):
    asked = iter([False] * 10)
    with pytest.raises(Cancelled):
        take(voc_archive(20), tmp_path, cancel=lambda: next(asked, True))
    assert len(files(tmp_path)) == 9  # the archive begins with a folder
