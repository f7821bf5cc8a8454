import os
from pathlib import Path

import pytest

from gradviz.datasets import find
from gradviz.datasets.hidden import HIDDEN, SYSTEM
from gradviz.datasets.image_set import Finding
from gradviz.datasets.scan import Found, any_picture, below, contents, unread, within
from gradviz.errors import DatasetError
from tests.datasets.examples import EXAMPLES, SPLITS
from tests.small_sets import noted, picture


def pictures_below(folder: Path, **limits: int) -> tuple[list[Found], list[Finding]]:
    found = contents(folder, **limits)
    return found.pictures, [*found.findings, *unread(found.lists)]


def test_pictures_are_told_by_their_first_bytes(tmp_path: Path):
    picture(tmp_path / "b.png")
    picture(tmp_path / "a" / "deep" / "c.jpg")
    picture(tmp_path / "d.jpeg").rename(tmp_path / "without_suffix")
    (tmp_path / "empty.jpg").touch()
    (tmp_path / "page.jpg").write_text("<html>404</html>")
    (tmp_path / "phone.heic").write_bytes(b"\0\0\0\x18ftypheic\0\0\0\0")
    (tmp_path / "pointer.jpg").write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0\n")
    (tmp_path / ".hidden.jpg").touch()
    picture(tmp_path / "__MACOSX" / "x.jpg")
    found, skipped = pictures_below(tmp_path)
    assert [(f.name, f.folders) for f in found] == [
        ("a/deep/c.jpg", ("a", "deep")),
        ("b.png", ()),
        ("without_suffix", ()),
    ]
    assert {s.name: s.reason for s in skipped} == {
        ".hidden.jpg": HIDDEN,
        "__MACOSX/": SYSTEM,
        "empty.jpg": "the file is empty",
        "page.jpg": "not a JPEG, PNG or WebP picture",
        "phone.heic": "HEIC, AVIF or video: export it as JPEG",
        "pointer.jpg": "a pointer of Git LFS, not the file itself: `git lfs pull` fetches it",
    }


ODD = (
    *("a.jfif", "b.jpe", "c.pjpeg", "d.mpo", "e.jpg_large", "f.jpg?w=640", "g.2019.07.21", "h.JPG", "i.jpg.part"),
    "j.image",
)


def test_a_picture_may_have_any_suffix(tmp_path: Path):
    content = picture(tmp_path / "x.jpg").read_bytes()
    (tmp_path / "x.jpg").unlink()
    for name in ODD:
        (tmp_path / name).write_bytes(content)
    found, findings = pictures_below(tmp_path)
    assert [f.name for f in found] == sorted(ODD)
    assert findings == []
    assert any_picture(tmp_path)


def test_files_that_nobody_takes_for_data_are_passed_over_and_all_others_named(tmp_path: Path):
    picture(tmp_path / "a.jpg")
    for name in ("README.txt", "README.roboflow.txt", "LICENSE", "Thumbs.db", "desktop.ini", ".DS_Store", "index.html"):
        (tmp_path / name).write_text("x")
    for name in ("labels.csv", "val_annotations.txt", "movie.mp4", "notes for us", "license_plates.csv"):
        (tmp_path / name).write_text("x")
    for number in range(5):
        picture(tmp_path / f"cat/{number}.jpg")
        (tmp_path / f"cat/{number}.json").write_text("{}")
    _, findings = pictures_below(tmp_path)
    named = {(f.kind, f.name): f.count for f in findings}
    assert named == {
        ("left out", "movie.mp4"): 1,
        ("left out", "notes for us"): 1,
        ("not read", "labels.csv"): 1,
        ("not read", "license_plates.csv"): 1,
        ("not read", "val_annotations.txt"): 1,
        ("not read", "cat/*.json"): 5,
    }


def test_links_are_followed_but_not_in_a_circle(tmp_path: Path):
    root, outside = tmp_path / "root", tmp_path / "outside"
    picture(root / "own.jpg")
    picture(outside / "deep/other.jpg")
    (root / "inner.jpg").symlink_to(root / "own.jpg")
    (root / "out.jpg").symlink_to(outside / "deep/other.jpg")
    (root / "folder").symlink_to(outside)
    (outside / "deep/up").symlink_to(root)
    (root / "gone.jpg").symlink_to(root / "nothing.jpg")
    (root / "ring.jpg").symlink_to(root / "ring.jpg")
    os.mkfifo(root / "pipe.jpg")
    found, skipped = pictures_below(root)
    assert [f.name for f in found] == ["folder/deep/other.jpg", "inner.jpg", "out.jpg", "own.jpg"]
    assert {s.name: s.reason for s in skipped} == {
        "folder/deep/up": "a link to a folder that holds it",
        "gone.jpg": "a link to a file that is not there",
        "ring.jpg": "cannot be read: Too many levels of symbolic links",
        "pipe.jpg": "not a file",
    }


def test_names_that_cannot_be_written_down_are_skipped(tmp_path: Path):
    picture(tmp_path / "good.jpg")
    picture(tmp_path / "Screenshot at 9.41\u202fAM.png")
    picture(tmp_path / "line\nbreak.jpg")
    picture(tmp_path / "folder\nbreak" / "a.jpg")
    picture(tmp_path / "x.jpg").rename(os.fsdecode(os.fsencode(tmp_path) + b"/\xff\xfe.jpg"))
    found, skipped = pictures_below(tmp_path)
    assert [f.name for f in found] == ["Screenshot at 9.41\u202fAM.png", "good.jpg"]
    assert {s.name for s in skipped} == {"line?break.jpg", "folder?break/a.jpg", "??.jpg"}
    assert {s.reason for s in skipped} == {"a name with characters that cannot be written down"}


def test_folders_are_followed_to_a_depth(tmp_path: Path):
    picture(tmp_path / "1/2/3/a.jpg")
    found, skipped = pictures_below(tmp_path, deepest=2)
    assert (found, [s.name for s in skipped]) == ([], ["1/2/3"])


def test_a_folder_that_cannot_be_listed_is_an_error(tmp_path: Path):
    with pytest.raises(DatasetError, match="cannot be read: No such file"):
        pictures_below(tmp_path / "none")


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
    (tmp_path / "kept.jpg").symlink_to(good)
    (root / "linked.jpg").symlink_to(tmp_path / "secret.jpg")
    assert below(root, "linked.jpg") == root / "linked.jpg", "a link that is there may lead anywhere"
    (tmp_path / "way").symlink_to(root)
    assert below(root, str(tmp_path / "way/a.jpg")) == good
    (root / "door").symlink_to(tmp_path / "other/inside", target_is_directory=True)
    picture(tmp_path / "other/inside/x.jpg")
    picture(tmp_path / "other/b.jpg")
    assert below(root, "door/../b.jpg") == "no such file", "what .. means behind a link is another folder"
    for odd in ("a\0b", "x" * 5000, "\udcff.jpg"):
        assert isinstance(below(root, odd), str)


def test_a_folder_that_lies_alone_is_passed_through(tmp_path: Path):
    inner = picture(tmp_path / "archive/data/cat/1.jpg").parent.parent
    picture(inner / "dog/1.jpg")
    (tmp_path / "archive/README.md").touch()
    assert within(tmp_path) == [tmp_path, tmp_path / "archive", inner]
    picture(tmp_path / "archive/stray.jpg")
    assert within(tmp_path) == [tmp_path, tmp_path / "archive"]


SYSTEMS = (
    "@eaDir",
    "$RECYCLE.BIN",
    "System Volume Information",
    "__pycache__",
    "lost+found",
    "node_modules",
    "#recycle",
)


def test_folders_of_the_system_are_no_classes_and_named_where_they_hold_pictures(tmp_path: Path):
    for colour, place in enumerate(("cat", "dog")):
        picture(tmp_path / place / "1.jpg", colour)
        picture(tmp_path / place / "@eaDir" / "1.jpg" / "THUMB.jpg")
    for number, place in enumerate(SYSTEMS, 1):
        for one in range(number):
            picture(tmp_path / place / f"{one}.jpg")
    (tmp_path / "lost+found" / "notes.bin").touch()
    (tmp_path / ".git").mkdir()
    images = find(tmp_path)
    assert images.classes == ("cat", "dog")
    said = {(f.name, f.reason, f.count) for f in noted(images)}
    inner = {(f"{place}/@eaDir/", SYSTEM, 1) for place in ("cat", "dog")}
    assert said == inner | {(f"{place}/", SYSTEM, number) for number, place in enumerate(SYSTEMS, 1)}


def test_hidden_pictures_are_counted_but_for_those_that_macos_adds(tmp_path: Path):
    for place in "abcd":
        picture(tmp_path / place / "1.jpg")
        picture(tmp_path / place / ".thumbs" / "1.jpg")
        (tmp_path / place / "._1.jpg").touch()
        (tmp_path / place / ".DS_Store").touch()
    picture(tmp_path / "a" / ".0.jpg")
    picture(tmp_path / ".kept" / "deep" / "x.png")
    (tmp_path / ".kept" / "deep" / "._x.png").touch()
    (tmp_path / ".kept" / "readme.txt").touch()
    (tmp_path / ".round").symlink_to(tmp_path)
    (tmp_path / "__MACOSX").mkdir()
    (tmp_path / "__MACOSX" / "._x.jpg").write_bytes(b"\0\5\x16\7\0\2\0\0Mac OS X")
    picture(tmp_path / "b" / "._mine.jpg")
    found, findings = pictures_below(tmp_path)
    assert [f.name for f in found] == [f"{place}/1.jpg" for place in "abcd"]
    assert {(f.name, f.reason, f.kind, f.count) for f in findings} == {
        ("a/.0.jpg", HIDDEN, "left out", 1),
        ("b/._mine.jpg", HIDDEN, "left out", 1),
        (".kept/", HIDDEN, "left out", 1),
        ("*/.thumbs/", HIDDEN, "left out", 4),
    }


def test_of_a_folder_too_deep_it_is_said_how_many_pictures_it_holds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    deep = "/".join("12345678")
    for number, place in enumerate(("a.jpg", f"{deep}/b.jpg", f"{deep}/9/c.jpg", f"{deep}/9/10/d.jpg")):
        picture(tmp_path / place, number)
    picture(tmp_path / "e.jpg").rename(tmp_path / deep / "9/without_suffix")
    (tmp_path / deep / "9/notes.txt").touch()
    (tmp_path / deep / "9/.f.jpg").touch()
    (tmp_path / deep / "papers").mkdir()
    (tmp_path / deep / "papers/notes.txt").touch()
    assert [(f.name, f.reason, f.count, f.kind) for f in contents(tmp_path).findings] == [
        (f"{deep}/9", "pictures in a folder too deep inside others", 3, "left out"),
        (f"{deep}/papers", "a folder too deep inside others", 1, "left out"),
    ]
    monkeypatch.setattr("gradviz.datasets.scan._MOST_COUNTED", 2)
    found = {f.name: (f.reason, f.count) for f in contents(tmp_path).findings}
    # notes.txt is one of the three that are looked at.
    assert found[f"{deep}/9"] == ("at least so many pictures in a folder too deep inside others", 2)
    assert found[f"{deep}/papers"] == ("a folder too deep inside others", 1)
    (found_in_set,) = [f for f in find(tmp_path).findings if f.name == f"{deep}/9"]
    assert found_in_set.kind == "left out"


SILENT = ("README", "about", "LICENSE", "Notes", "readme.md", "page.html", "set.pdf", "copying.txt", "thumbs.db")


def test_a_picture_that_is_called_like_a_file_for_people_is_a_picture(tmp_path: Path):
    for number, name in enumerate(SILENT):
        picture(tmp_path / "cat/x.jpg", number).rename(tmp_path / "cat" / name)
    found = contents(tmp_path)
    assert ([f.path.name for f in found.pictures], found.findings, found.lists) == (sorted(SILENT), [], [])
    assert any_picture(tmp_path)
    for name in SILENT:
        (tmp_path / "cat" / name).write_text("hello")
    assert contents(tmp_path) == ([], [], []), "text is passed over"
    assert not any_picture(tmp_path)


def test_a_picture_called_readme_beside_the_data_set_is_named(tmp_path: Path):
    EXAMPLES["COCO instances"](tmp_path / "set", SPLITS)
    picture(tmp_path / "x.jpg", 9).rename(tmp_path / "about")
    (tmp_path / "README").write_text("hello")
    picture(tmp_path / "other/1.jpg", 10)
    found = find(tmp_path)
    assert found.format == "COCO instances"
    assert {f.name for f in found.findings} == {"gone.jpg", "about", "other/"}
