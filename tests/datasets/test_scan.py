import os
from pathlib import Path

import pytest

from gradviz.datasets.scan import below, inside, pictures_below
from gradviz.errors import DatasetError
from tests.small_sets import picture


def test_pictures_are_told_by_their_first_bytes(tmp_path: Path):
    picture(tmp_path / "b.png")
    picture(tmp_path / "a" / "deep" / "c.jpg")
    picture(tmp_path / "d.jpeg").rename(tmp_path / "without_suffix")
    (tmp_path / "notes").write_text("no picture, and nobody says so")
    (tmp_path / "labels.csv").write_text("x")
    (tmp_path / "empty.jpg").touch()
    (tmp_path / "page.jpg").write_text("<html>404</html>")
    (tmp_path / "phone.heic").write_bytes(b"\0\0\0\x18ftypheic\0\0\0\0")
    (tmp_path / ".hidden.jpg").touch()
    picture(tmp_path / "__MACOSX" / "x.jpg")
    found, skipped = pictures_below(tmp_path, tmp_path)
    assert [(f.name, f.folders) for f in found] == [
        ("a/deep/c.jpg", ("a", "deep")),
        ("b.png", ()),
        ("without_suffix", ()),
    ]
    assert {s.name: s.reason for s in skipped} == {
        "empty.jpg": "the file is empty",
        "page.jpg": "not a JPEG, PNG or WebP picture",
        "phone.heic": "HEIC, AVIF or video: export it as JPEG",
    }


def test_links_out_of_the_folder_are_not_followed(tmp_path: Path):
    root, outside = tmp_path / "root", tmp_path / "outside"
    picture(root / "own.jpg")
    picture(outside / "secret.jpg")
    (root / "inner.jpg").symlink_to(root / "own.jpg")
    (root / "out.jpg").symlink_to(outside / "secret.jpg")
    (root / "folder").symlink_to(outside)
    (root / "gone.jpg").symlink_to(root / "nothing.jpg")
    (root / "ring.jpg").symlink_to(root / "ring.jpg")
    os.mkfifo(root / "pipe.jpg")
    found, skipped = pictures_below(root, root)
    assert [f.name for f in found] == ["inner.jpg", "own.jpg"]
    assert {s.name for s in skipped} == {"out.jpg", "folder", "gone.jpg", "ring.jpg", "pipe.jpg"}
    assert not inside(root, root / "out.jpg")


def test_names_that_cannot_be_written_down_are_skipped(tmp_path: Path):
    picture(tmp_path / "good.jpg")
    picture(tmp_path / "Screenshot at 9.41\u202fAM.png")
    picture(tmp_path / "line\nbreak.jpg")
    picture(tmp_path / "folder\nbreak" / "a.jpg")
    picture(tmp_path / "x.jpg").rename(os.fsdecode(os.fsencode(tmp_path) + b"/\xff\xfe.jpg"))
    found, skipped = pictures_below(tmp_path, tmp_path)
    assert [f.name for f in found] == ["Screenshot at 9.41\u202fAM.png", "good.jpg"]
    assert {s.name for s in skipped} == {"line?break.jpg", "folder?break/a.jpg", "??.jpg"}
    assert {s.reason for s in skipped} == {"a name with characters that cannot be written down"}


def test_folders_are_followed_to_a_depth(tmp_path: Path):
    picture(tmp_path / "1/2/3/a.jpg")
    found, skipped = pictures_below(tmp_path, tmp_path, deepest=2)
    assert (found, [s.name for s in skipped]) == ([], ["1/2/3"])


def test_a_folder_that_cannot_be_listed_is_an_error(tmp_path: Path):
    with pytest.raises(DatasetError, match="cannot be read: No such file"):
        pictures_below(tmp_path / "none", tmp_path)


def test_listed_paths_stay_below_the_root(tmp_path: Path):
    root = tmp_path / "root"
    good = picture(root / "a.jpg")
    picture(tmp_path / "secret.jpg")
    (root / "text.jpg").write_text("hello")
    assert below(root, "a.jpg") == good
    assert below(root, str(good)) == good
    assert below(root, "../secret.jpg") == "leads out of the folder"
    assert below(root, "/etc/passwd") == "leads out of the folder"
    assert below(root, "b.jpg") == "no such file"
    assert below(root, "text.jpg") == "not a JPEG, PNG or WebP picture"
    for odd in ("a\0b", "x" * 5000, "\udcff.jpg"):
        assert isinstance(below(root, odd), str)
