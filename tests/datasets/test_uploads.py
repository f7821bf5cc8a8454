import gc
import io
import stat
import struct
import tracemalloc
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from gradviz.datasets import Finding
from gradviz.datasets.formats import FORMATS
from gradviz.datasets.hidden import HIDDEN, SYSTEM
from gradviz.datasets.reading import DRAWN, Format
from gradviz.datasets.unpacking import Unpacked
from gradviz.datasets.uploads import Added, Limits, Uploads
from gradviz.errors import Cancelled, DatasetError
from tests.datasets.examples import EXAMPLES, LABELS, NEVER_SPLIT, SPLITS
from tests.datasets.test_pictures import png_bomb
from tests.small_sets import noted, picture


def jpeg(number: int, size: tuple[int, int] = (40, 30), **options: object) -> bytes:
    buffer = io.BytesIO()
    pixels = np.random.default_rng(number).integers(0, 255, (size[1], size[0], 3), np.uint8)
    Image.fromarray(pixels).save(buffer, "JPEG", **options)
    return buffer.getvalue()


def packed(entries: dict[str, bytes], compression: int = zipfile.ZIP_DEFLATED) -> io.BytesIO:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return buffer


@pytest.fixture
def uploads(tmp_path: Path) -> Uploads:
    return Uploads(tmp_path / "staging")


def files_in(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def test_files_become_an_unlabelled_set(uploads: Uploads):
    assert uploads.add("b.jpg", jpeg(1)) == Added(1)
    assert uploads.add("a.jpg", io.BytesIO(jpeg(2))) == Added(1)
    images = uploads.image_set()
    assert (images.ids, images.labels, images.classes, images.findings) == (("a.jpg", "b.jpg"), None, (), ())
    assert images.open(0).size == (40, 30)
    assert len(uploads) == 2


def test_a_zip_is_labelled_by_its_folders(uploads: Uploads):
    content = {
        "trip/cat/1.jpg": jpeg(1),
        "trip/dog/1.jpg": jpeg(2),
        "trip/dog/deep/2.jpg": jpeg(3),
        "trip/cat/notes.txt": b"",
        "__MACOSX/trip/cat/._1.jpg": b"x",
    }
    assert uploads.add_zip(packed(content)) == Added(3)
    uploads.add("own.jpg", jpeg(4))
    images = uploads.image_set()
    assert images.ids == ("1 (2).jpg", "1.jpg", "2.jpg", "own.jpg")
    assert images.classes == ("cat", "dog")
    assert images.labels.tolist() == [[-1, 1], [1, -1], [-1, 1], [0, 0]]
    single = "; in one half alone, for want of a second image, and so not scored: cat"
    assert images.findings == (Finding("train, val", DRAWN + single, "guessed"),)


def test_hidden_pictures_and_folders_of_the_system_in_a_zip_are_named(uploads: Uploads):
    content = {f"trip/{c}/{i}.jpg": jpeg(10 * k + i) for k, c in enumerate(("cat", "dog")) for i in range(2)}
    content |= {"trip/cat/.0.jpg": jpeg(5), "trip/cat/._0.jpg": b"x", "__MACOSX/trip/cat/1.jpg": b"x"}
    content |= {"trip/dog/._own.jpg": jpeg(9)}
    content |= {"trip/@eaDir/1.jpg": jpeg(6), "trip/@eaDir/2.jpg": jpeg(7), "trip/.hid/z.jpg": jpeg(8)}
    assert uploads.add_zip(packed(content)) == Added(4)
    images = uploads.image_set()
    assert images.classes == ("cat", "dog")
    assert [(f.name, f.reason, f.count) for f in images.findings[:4]] == [
        ("trip/cat/.0.jpg", HIDDEN, 1),
        ("trip/dog/._own.jpg", HIDDEN, 1),
        ("trip/@eaDir/", SYSTEM, 2),
        ("trip/.hid/", HIDDEN, 1),
    ]


def test_labelled_pictures_without_splits_are_parted_like_a_folder(uploads: Uploads):
    uploads.add_zip(packed({f"{c}/{c}{i}.jpg": jpeg(10 * k + i) for k, c in enumerate("ab") for i in range(4)}))
    uploads.add("own.jpg", jpeg(99))
    images = uploads.image_set()
    assert images.drawn == 0
    train, val = (images.splits[name] for name in ("train", "val"))
    assert not np.intersect1d(train, val).size
    assert [(images.labels[part] == 1).sum(axis=0).tolist() for part in (train, val)] == [[2, 2], [2, 2]]
    assert images.ids.index("own.jpg") not in [*train, *val], "nobody knows what it shows"
    other = uploads.image_set(seed=3)
    assert other.splits.keys() == images.splits.keys()
    assert any(other.splits[name].tolist() != images.splits[name].tolist() for name in ("train", "val"))


def test_a_long_name_keeps_its_beginning_and_its_suffix(uploads: Uploads):
    uploads.add(f"summer in the mountains {'x' * 200}.jpeg", jpeg(1))
    (name,) = uploads.image_set().ids
    assert name.startswith("summer in the mountains xxx")
    assert name.endswith(".jpeg")
    assert len(name) == 100


def test_a_zip_without_folders_that_differ_has_no_labels(uploads: Uploads):
    uploads.add_zip(packed({"holiday/1.jpg": jpeg(1), "holiday/2.jpg": jpeg(2)}))
    assert uploads.image_set().labels is None


def test_the_same_picture_is_one_picture(uploads: Uploads):
    for _ in range(3):
        assert uploads.add("a.jpg", jpeg(1)) == Added(1)
    assert uploads.add_zip(packed({"x/copy.jpg": jpeg(1), "y/again.jpg": jpeg(1)})) == Added(2)
    images = uploads.image_set()
    assert (images.ids, images.labels_of(0)) == (("a.jpg",), ("x", "y"))
    assert len(files_in(uploads.folder)) == 1


def test_pictures_are_made_small_upright_and_lose_their_exif(uploads: Uploads):
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x010E] = "taken at home"
    uploads.add("a.jpg", jpeg(1, (2000, 1500), exif=exif, comment=b"secret"))
    (kept,) = uploads.image_set().paths
    with Image.open(kept) as image:
        assert (image.format, image.size) == ("JPEG", (1024, 1365))
        assert len(image.getexif()) == 0
    content = kept.read_bytes()
    assert b"home" not in content
    assert b"secret" not in content


def test_a_very_long_picture_is_kept_within_what_a_jpeg_can_hold(uploads: Uploads):
    buffer = io.BytesIO()
    Image.new("RGB", (90_000, 200)).save(buffer, "PNG")
    assert uploads.add("strip.png", buffer.getvalue()) == Added(1)
    assert max(uploads.image_set().open(0).size) == 8192


@pytest.mark.parametrize("size", [(1, 8000), (8000, 1), (1, 90_000)])
def test_a_picture_one_pixel_wide_takes_next_to_no_memory(uploads: Uploads, size: tuple[int, int]):
    buffer = io.BytesIO()
    Image.new("RGB", size, (200, 30, 30)).save(buffer, "PNG")
    tracemalloc.start()
    try:
        assert uploads.add("thread.png", buffer.getvalue()) == Added(1)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 5_000_000
    shown = uploads.image_set().open(0)
    assert max(shown.size) <= 8192
    assert max(abs(a - b) for a, b in zip(shown.getpixel((0, 0)), (200, 30, 30), strict=True)) < 8


def test_what_cannot_be_used_is_named_with_the_reason(uploads: Uploads):
    cases = {
        "cut.jpg": (jpeg(1)[:300], "cut off"),
        "bomb.png": (png_bomb(12_000, 12_000), "more than 25 megapixels"),
        "phone.heic": (b"\0\0\0\x18ftypheic\0\0\0\0", "export it as JPEG"),
        "page.jpg": (b"<html>", "not a JPEG, PNG or WebP picture"),
        "empty.jpg": (b"", "the file is empty"),
    }
    for name, (content, said) in cases.items():
        ((refused, reason),) = uploads.add(name, content).refused
        assert refused == name
        assert said in reason
    added = uploads.add_zip(packed({name: content for name, (content, _) in cases.items()} | {"good.jpg": jpeg(2)}))
    assert (added.accepted, [name for name, _ in added.refused]) == (1, list(cases))
    assert [s.name for s in uploads.image_set().findings] == list(cases)
    assert len(files_in(uploads.folder)) == 1


class Unread(io.BytesIO):
    def read(self, *_: int) -> bytes:
        raise AssertionError("read before its size was checked")


def test_sizes_are_checked_before_reading(tmp_path: Path):
    uploads = Uploads(tmp_path, Limits(picture_bytes=1000, zip_bytes=5000))
    assert uploads.add("a.jpg", Unread(bytes(1001))) == Added(0, (("a.jpg", "larger than 0.001 MB"),))
    (refusal,) = uploads.add_zip(Unread(bytes(5001))).refused
    assert refusal == ("the zip", "refused: larger than 0.005 MB")
    default = Limits()
    assert (default.picture_bytes, default.zip_bytes, default.pictures) == (10_000_000, 200_000_000, 500)


def test_a_visitor_has_room_for_so_many_pictures(tmp_path: Path):
    uploads = Uploads(tmp_path, Limits(pictures=2))
    added = uploads.add_zip(packed({f"{n}.jpg": jpeg(n) for n in range(4)}))
    assert added.accepted == 2
    assert added.refused == tuple((f"{n}.jpg", "more than 2 pictures: remove some first") for n in (2, 3))
    assert uploads.add("0.jpg", jpeg(0)) == Added(1), "what is there already may come again"
    uploads.clear()
    assert uploads.add("3.jpg", jpeg(3)) == Added(1)


def test_zip_bombs_are_refused(tmp_path: Path):
    uploads = Uploads(tmp_path, Limits(picture_bytes=100_000, zip_bytes=200_000, zip_entries=20))
    large = packed({"a.jpg": bytes(100_001), "b.jpg": jpeg(1)})
    assert uploads.add_zip(large) == Added(1, (("a.jpg", "larger than 0.1 MB"),))
    ((_, reason),) = uploads.add_zip(packed({f"{n}.jpg": bytes(99_999) for n in range(5)})).refused
    assert reason == "refused: unpacks to more than 0.4 MB"
    ((_, reason),) = uploads.add_zip(packed({f"{n}.txt": b"" for n in range(21)})).refused
    assert reason == "refused: more than 20 files"


def test_an_end_record_that_lies_does_not_get_past_the_limit(tmp_path: Path):
    uploads = Uploads(tmp_path, Limits(zip_entries=20))
    content = bytearray(packed({f"{n}.txt": b"" for n in range(21)}).getvalue())
    end = content.rfind(b"PK\5\6")
    content[end + 8 : end + 12] = struct.pack("<HH", 1, 1)
    assert uploads.add_zip(io.BytesIO(content)).refused == (("the zip", "refused: more than 20 files"),)
    content[end:end] = b"PK\6\7" + bytes(16)
    assert uploads.add_zip(io.BytesIO(content)).refused == (("the zip", "refused: more than 20 files"),)


def test_a_size_that_lies_does_not_get_past_the_limit(tmp_path: Path):
    uploads = Uploads(tmp_path, Limits(picture_bytes=1000))
    content = packed({"a.jpg": bytes(50_000)}).getvalue().replace(struct.pack("<I", 50_000), struct.pack("<I", 900))
    added = uploads.add_zip(io.BytesIO(content))
    assert added.accepted == 0
    assert added.refused[0][0] == "a.jpg"


def test_paths_in_a_zip_lead_nowhere(tmp_path: Path):
    staging = tmp_path / "a" / "b"
    uploads = Uploads(staging)
    link = zipfile.ZipInfo("link.jpg")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    buffer = packed(
        {"../../up.jpg": jpeg(1), "/etc/abs.jpg": jpeg(2), "a\\..\\back.jpg": jpeg(3), "ok/fine.jpg": jpeg(4)}
    )
    with zipfile.ZipFile(buffer, "a") as archive:
        archive.writestr(link, "/etc/passwd")
    added = uploads.add_zip(buffer)
    assert added.accepted == 1
    assert {name for name, _ in added.refused} == {"../../up.jpg", "/etc/abs.jpg", "a\\..\\back.jpg", "link.jpg"}
    kept = files_in(tmp_path)
    assert len(kept) == 1
    assert kept[0].is_relative_to(uploads.folder)


def test_encrypted_and_oddly_packed_entries_are_refused(uploads: Uploads):
    content = bytearray(packed({"a.jpg": jpeg(1)}).getvalue())
    for header, offset in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        content[content.find(header) + offset] |= 1
    assert uploads.add_zip(io.BytesIO(content)) == Added(0, (("a.jpg", "encrypted"),))
    ((_, reason),) = uploads.add_zip(packed({"a.jpg": jpeg(1)}, zipfile.ZIP_BZIP2)).refused
    assert reason.startswith("packed in a way")


def test_damaged_zips_never_raise(uploads: Uploads):
    whole = packed({f"{n}.jpg": jpeg(n) for n in range(3)}).getvalue()
    rng = np.random.default_rng(0)
    for content in (b"", b"PK", b"PK\5\6", whole[:-30], whole[:500], b"x" * 70_000):
        added = uploads.add_zip(io.BytesIO(content))
        assert added == Added(0, (("the zip", "not a readable zip file"),))
    for _ in range(100):
        content = bytearray(whole)
        for place in rng.integers(0, len(whole), 4):
            content[place] ^= 1 << rng.integers(8)
        assert uploads.add_zip(io.BytesIO(content)).accepted <= 3
    assert len(uploads) <= 500
    uploads.image_set()


def test_a_zip_whose_list_of_files_is_cut_short_says_so(uploads: Uploads):
    whole = packed({f"{kind}/{i}.jpg": jpeg(i) for i, kind in enumerate(("cat", "dog", "cat", "dog"))}).getvalue()
    # The third entry of the directory claims a comment that swallows the rest of the directory.
    third = [i for i in range(len(whole)) if whole[i : i + 4] == b"PK\1\2"][2]
    end = whole.rindex(b"PK\5\6")
    name = struct.unpack_from("<H", whole, third + 28)[0]
    damaged = bytearray(whole)
    struct.pack_into("<H", damaged, third + 32, end - third - 46 - name)
    added = uploads.add_zip(io.BytesIO(bytes(damaged)))
    assert added.refused[0] == ("the zip", "damaged: 3 of the 4 files in it can be found; create the zip again")
    assert len(uploads.image_set()) == 3


def test_an_empty_zip_says_so(uploads: Uploads):
    assert uploads.add_zip(packed({"readme.txt": b"x"})) == Added(0, (("the zip", "no picture in it"),))
    with pytest.raises(DatasetError, match="There is no picture yet"):
        uploads.image_set()


def classes_of(entries: dict[str, bytes], uploads: Uploads) -> dict[str, tuple[str, ...]]:
    assert uploads.add_zip(packed(entries)).refused == ()
    images = uploads.image_set()
    return {identifier: images.labels_of(i) for i, identifier in enumerate(images.ids)}


def test_classes_are_told_apart_by_their_whole_names(uploads: Uploads):
    names = ["кошки", "собаки", "C+", "C#", "Größe", "a:b", "<b>", "x" * 150, "x" * 151]
    found = classes_of({f"top/{name}/{i}.jpg": jpeg(i) for i, name in enumerate(names)}, uploads)
    assert found == {f"{i}.jpg": (name,) for i, name in enumerate(names)}


def test_names_that_look_the_same_stay_two_classes(uploads: Uploads):
    found = classes_of({"a\u202ab/1.jpg": jpeg(1), "a\u202eb/2.jpg": jpeg(2), "c/3.jpg": jpeg(3)}, uploads)
    assert found == {"1.jpg": ("a?b",), "2.jpg": ("a?b (2)",), "3.jpg": ("c",)}


@pytest.mark.parametrize("tells_case", [True, False])
def test_classes_that_differ_in_case_only_or_are_long_keep_their_names(
    uploads: Uploads, tells_case: bool, monkeypatch: pytest.MonkeyPatch
):
    if not tells_case:  # what a file system that does not tell case apart says of any folder
        monkeypatch.setattr(Unpacked, "_as_told", lambda self, name: name.casefold())
    names = ["Cat", "cat", "x" * 255, "ы" * 200, "ы" * 201]
    found = classes_of({f"{name}/{i}.jpg": jpeg(i) for i, name in enumerate(names)}, uploads)
    assert found == {f"{i}.jpg": (name,) for i, name in enumerate(names)}
    renamed = [f.count for f in uploads.image_set().findings if "the file system cannot have" in f.reason]
    assert renamed == [2 if tells_case else 3]


def test_a_list_in_a_zip_names_files_that_differ_in_case_only(uploads: Uploads):
    long = "y" * 200
    table = f"path,label\na/img.jpg,cat\na/IMG.JPG,dog\na/{long}.jpg,owl\n".encode()
    entries = {"a/img.jpg": jpeg(1), "a/IMG.JPG": jpeg(2), f"a/{long}.jpg": jpeg(3), "l.csv": table}
    assert sorted(classes_of(entries, uploads).values()) == [("cat",), ("dog",), ("owl",)]


def test_only_a_drive_leads_out_by_its_colon(uploads: Uploads):
    added = uploads.add_zip(packed({"a:b/1.jpg": jpeg(1), "C:/2.jpg": jpeg(2), "d:\\3.jpg": jpeg(3)}))
    assert (added.accepted, {name for name, _ in added.refused}) == (1, {"C:/2.jpg", "d:\\3.jpg"})


def without_utf8_flag(buffer: io.BytesIO) -> io.BytesIO:
    content = bytearray(buffer.getvalue())
    for header, offset in ((b"PK\3\4", 7), (b"PK\1\2", 9)):
        place = content.find(header)
        while place >= 0:
            content[place + offset] &= ~0x8
            place = content.find(header, place + 4)
    return io.BytesIO(content)


def test_utf8_that_a_zip_does_not_announce_is_read(uploads: Uploads):
    entries = {"кошки/1.jpg": jpeg(1), "собаки/2.jpg": jpeg(2), "plain/3.jpg": jpeg(3)}
    uploads.add_zip(without_utf8_flag(packed(entries)))
    assert uploads.image_set().classes == ("plain", "кошки", "собаки")


def test_another_code_page_is_told_apart_too(uploads: Uploads):
    # Russian in code page 866, as the Explorer writes it: the letters are wrong, the classes are right.
    content = packed({"AAAAA/1.jpg": jpeg(1), "BBBBB/2.jpg": jpeg(2)}).getvalue()
    for ascii, text in ((b"AAAAA", "кошки"), (b"BBBBB", "песик")):
        content = content.replace(ascii, text.encode("cp866"))
    uploads.add_zip(io.BytesIO(content))
    assert [f.count for f in uploads.image_set().findings if "code page 437" in f.reason] == [2]
    assert len(uploads.image_set().classes) == 2


def test_files_that_are_no_pictures_never_choose_the_folder(uploads: Uploads):
    entries = {"pets/cat/1.jpg": jpeg(1), "pets/dog/2.jpg": jpeg(2), "LICENSE": b"x", "about/terms.txt": b"x"}
    assert classes_of(entries, uploads) == {"1.jpg": ("cat",), "2.jpg": ("dog",)}


def test_splits_above_classes_are_splits(uploads: Uploads):
    names = [f"set/{split}/{name}" for split in ("train", "valid", "test") for name in ("cat", "dog")]
    uploads.add_zip(packed({f"{name}/{i}.jpg": jpeg(i) for i, name in enumerate(names)}))
    images = uploads.image_set()
    assert images.classes == ("cat", "dog")
    assert {split: positions.tolist() for split, positions in images.splits.items()} == {
        "train": [0, 1],
        "val": [2, 3],
        "test": [4, 5],
    }


@pytest.mark.parametrize("form", FORMATS, ids=lambda form: form.name)
@pytest.mark.parametrize("top", ["", "around/"])
def test_a_zip_is_read_like_the_folder_that_it_holds(form: Format, top: str, tmp_path: Path, uploads: Uploads):
    """All layouts but features, which are no pictures."""
    if ".npz" in form.suffixes:
        return
    splits = None if form.name in NEVER_SPLIT else SPLITS
    EXAMPLES[form.name](tmp_path / "example", splits)
    files = {path.relative_to(tmp_path / "example"): path for path in files_in(tmp_path / "example")}
    uploads.add_zip(packed({f"{top}{name}": path.read_bytes() for name, path in files.items()}))
    images = uploads.image_set()
    assert {Path(i).stem: images.labels_of(n) for n, i in enumerate(images.ids)} == {
        name: (label,) for name, label in LABELS.items()
    }
    assert {name: len(positions) for name, positions in images.splits.items()} == (
        {"train": 8, "test": 4} if splits else {}
    )
    assert any("gone" in finding.name for finding in images.findings)
    assert not list(uploads.folder.glob("layout-*")), "what was unpacked is gone"


def test_a_layout_that_cannot_be_read_is_a_sentence_and_the_pictures_stay(uploads: Uploads):
    entries = {"images/1.jpg": jpeg(1), "data/2.jpg": jpeg(2)}
    ((name, reason),) = uploads.add_zip(packed(entries)).refused
    assert (name, reason.count("\n")) == ("the zip", 0)
    assert "subfolders called data, images, which name no class" in reason
    assert str(uploads.folder) not in reason
    images = uploads.image_set()
    assert (len(images), images.labels) == (2, None)


def test_what_a_zip_does_not_say_about_pictures_of_another_is_unknown(uploads: Uploads):
    uploads.add_zip(packed({"cat/1.jpg": jpeg(1), "dog/2.jpg": jpeg(2)}))
    uploads.add_zip(packed({"sea/3.jpg": jpeg(3), "sky/1.jpg": jpeg(1)}))
    images = uploads.image_set()
    assert images.classes == ("cat", "dog", "sea", "sky")
    assert images.labels.tolist() == [[1, -1, -1, 1], [-1, 1, 0, 0], [0, 0, 1, -1]]
    assert images.unknown.tolist() == [[False] * 4, [False, False, True, True], [True, True, False, False]]
    assert [(f.kind, f.name) for f in images.findings] == [("joined", "1.jpg"), ("guessed", "train, val")]


def test_lists_that_are_not_read_and_files_of_other_kinds_are_named(uploads: Uploads):
    entries = {"cat/1.jfif": jpeg(1), "dog/2": jpeg(2), "train.json": b"{}", "clip.mp4": b"x" * 50, "Thumbs.db": b"x"}
    assert uploads.add_zip(packed(entries)) == Added(2)
    assert {(f.kind, f.name) for f in uploads.image_set().findings} == {
        ("not read", "train.json"),
        ("left out", "clip.mp4"),
        ("guessed", "train, val"),
    }


def test_lists_in_a_zip_lead_nowhere(tmp_path: Path):
    picture(tmp_path / "secret.jpg")
    uploads = Uploads(tmp_path / "a" / "b")
    link = zipfile.ZipInfo("door")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    rows = f"../../../../secret.jpg,cat\n{tmp_path / 'secret.jpg'},cat\ndoor/secret.jpg,cat\n1.jpg,dog\n"
    buffer = packed({"list.csv": rows.encode(), "1.jpg": jpeg(1), "../up.txt": b"x", "/etc/x.xml": b"x"})
    with zipfile.ZipFile(buffer, "a") as archive:
        archive.writestr(link, str(tmp_path))
    added = uploads.add_zip(buffer)
    assert {name for name, _ in added.refused} == {"../up.txt", "/etc/x.xml"}
    images = uploads.image_set()
    assert (images.ids, images.classes) == (("1.jpg",), ("dog",))
    assert {path.relative_to(tmp_path).parts[0] for path in files_in(tmp_path)} == {"a", "secret.jpg"}
    assert not [path for path in tmp_path.rglob("*") if path.is_symlink()]


def test_names_are_sanitised_and_unique(uploads: Uploads):
    names = [
        "<script>alert(1)</script>.jpg",
        "../../x.jpg",
        "C:\\pictures\\x.jpg",
        "a\nb.jpg",
        "...",
        "x" * 300 + ".jpg",
    ]
    for number, name in enumerate(names):
        assert uploads.add(name, jpeg(number)).accepted == 1
    ids = uploads.image_set().ids
    assert set(ids) == {"script_.jpg", "x.jpg", "x (2).jpg", "a_b.jpg", "picture", "x" * 96 + ".jpg"}


def test_visitors_do_not_see_each_other(tmp_path: Path):
    one, other = Uploads(tmp_path), Uploads(tmp_path)
    one.add("same.jpg", jpeg(1))
    other.add("same.jpg", jpeg(2))
    assert not one.folder.is_relative_to(other.folder)
    assert len(one.image_set()) == len(other.image_set()) == 1
    assert one.image_set() != other.image_set()
    one.clear()
    assert files_in(one.folder) == []
    assert other.image_set().open(0).size == (40, 30)
    with pytest.raises(DatasetError):
        one.image_set()


def test_a_visitor_who_leaves_leaves_nothing(tmp_path: Path):
    uploads = Uploads(tmp_path)
    uploads.add("a.jpg", jpeg(1))
    assert files_in(tmp_path)
    del uploads
    gc.collect()
    assert list(tmp_path.iterdir()) == []


def test_cancel_stops_between_pictures_and_keeps_what_came(uploads: Uploads):
    done = []
    archive = packed({f"{n}.jpg": jpeg(n) for n in range(5)})
    with pytest.raises(Cancelled):
        uploads.add_zip(archive, progress=lambda *report: done.append(report), cancel=lambda: len(done) == 2)
    assert done == [(1, 5), (2, 5)]
    assert len(uploads) == 2


def test_a_full_disk_is_said_and_leaves_no_part(uploads: Uploads, monkeypatch: pytest.MonkeyPatch):
    def full(path: Path, content: bytes) -> None:
        path.touch()
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    assert uploads.add("a.jpg", jpeg(1)).refused == (("a.jpg", "cannot be kept: No space left on device"),)
    assert files_in(uploads.folder) == []


def test_real_photographs_in_a_zip(uploads: Uploads, voc_root: Path):
    paths = sorted((voc_root / "JPEGImages").iterdir())[:12]
    assert uploads.add_zip(packed({path.name: path.read_bytes() for path in paths})) == Added(12)
    images = uploads.image_set()
    assert images.ids == tuple(path.name for path in paths)
    with Image.open(paths[0]) as original:
        difference = np.asarray(images.open(0)).astype(int) - np.asarray(original.convert("RGB"))
    assert np.abs(difference).mean() < 4


def test_a_file_on_disk_is_taken_too(uploads: Uploads, tmp_path: Path):
    with picture(tmp_path / "a.png").open("rb") as file:
        assert uploads.add("a.png", file) == Added(1)


def test_of_two_lists_in_a_zip_it_is_said_which_is_read(uploads: Uploads):
    entries = {f"p/{number}.jpg": jpeg(number) for number in range(5)}
    entries["a.csv"] = b"path,label\np/0.jpg,cat\np/1.jpg,dog\n"
    entries["b.csv"] = b"path,label\np/2.jpg,cat\np/3.jpg,dog\np/0.jpg,cat\n"
    entries["c.csv"] = b"price,date\n1,2\n"
    assert uploads.add_zip(packed(entries)).accepted == 5
    images = uploads.image_set()
    assert [images.labels_of(i) for i in range(5)] == [("cat",), (), ("cat",), ("dog",), ()]
    found = {finding.name: (finding.kind, finding.reason) for finding in noted(images)}
    assert found["b.csv"] == ("guessed", "the list that is read: none names more pictures")
    assert found["a.csv"] == ("not read", "not read, because b.csv is: put all pictures into one list")
    assert found["c.csv"] == ("not read", "lists no picture of the zip")
    assert found["p/1.jpg"] == found["p/4.jpg"] == ("unlabelled", "not listed in b.csv: without label")
    assert len(found) == 5


def test_a_list_in_a_zip_whose_folders_are_classes_is_named(uploads: Uploads):
    entries = {f"{name}/{number}.jpg": jpeg(number) for number, name in enumerate(("cat", "dog"))}
    uploads.add_zip(packed(entries | {"list.csv": b"path,label\ncat/0.jpg,x\n"}))
    (finding,) = noted(uploads.image_set())
    assert (finding.name, finding.reason) == ("list.csv", "not read: what the pictures show is told without it")


@pytest.mark.parametrize("mark", ["/", "\\"])
def test_the_empty_folder_of_a_split_in_a_zip_is_named(uploads: Uploads, mark: str):
    entries = {f"set/train/{name}/{number}.jpg": jpeg(number) for number, name in enumerate(("cat", "dog"))}
    empty = {f"set{mark}val{mark}": b"", "../test/": b"", f"{'long' * 100}/": b"", f"{'deep/' * 2000}val/": b""}
    uploads.add_zip(packed(empty | entries))
    assert [(f.name, f.reason) for f in noted(uploads.image_set())] == [("set/val", "the folder of a split, but empty")]
    assert not list(uploads.folder.rglob("test"))


def test_a_picture_that_comes_again_elsewhere_is_said(uploads: Uploads):
    uploads.add_zip(packed({"train/cat/1.jpg": jpeg(1), "train/dog/2.jpg": jpeg(2), "test/cat/3.jpg": jpeg(1)}))
    assert [(f.kind, f.name, f.reason) for f in uploads.image_set().findings] == [
        ("joined", "1.jpg", "came more than once, in test and train: it is in each of these splits"),
        ("guessed", "dog", "a class in train, but not in test"),
    ]
    uploads.clear()
    for _ in range(2):  # the same zip twice changes nothing
        uploads.add_zip(packed({"train/cat/1.jpg": jpeg(1), "train/dog/2.jpg": jpeg(2), "train/cat/3.jpg": jpeg(1)}))
    assert [(f.kind, f.name, f.reason) for f in uploads.image_set().findings] == [
        ("joined", "1.jpg", "came more than once, under other names: one picture")
    ]


def test_zips_that_put_a_picture_into_different_splits_are_said(uploads: Uploads):
    for split in ("train", "test"):
        uploads.add_zip(packed({f"{split}/cat/1.jpg": jpeg(1), f"{split}/dog/2.jpg": jpeg(2)}))
    assert {(f.name, f.kind) for f in uploads.image_set().findings} == {("1.jpg", "joined"), ("2.jpg", "joined")}


def test_a_picture_in_two_lists_of_one_zip_came_once(uploads: Uploads):
    lists = {f"ImageSets/Main/{split}.txt": b"a\n" for split in ("train", "trainval")}
    uploads.add_zip(packed({"JPEGImages/a.jpg": jpeg(1), **lists}))
    assert uploads.image_set().findings == ()


@pytest.mark.parametrize(
    ("entries", "wanted"),
    [
        ({"JPEGImages/b.jpg": 2, "d.jpg": 3, "more/e.jpg": 4}, {"JPEGImages", "d.jpg", "more/e.jpg"}),
        ({"JPEGImages/a.png": 2}, {"a.png"}),
    ],
)
def test_pictures_of_a_zip_that_its_data_set_leaves_out_stay_without_label(
    uploads: Uploads, entries: dict[str, int], wanted: set[str]
):
    lists = {"ImageSets/Main/train.txt": b"a\n", "ImageSets/Main/cat_train.txt": b"a 1\n"}
    pictures = {name: jpeg(number) for name, number in entries.items()}
    uploads.add_zip(packed({"JPEGImages/a.jpg": jpeg(1), **lists, **pictures}))
    images = uploads.image_set()
    assert len(images) == 1 + len(entries)
    assert {f.name for f in images.findings if f.kind == "unlabelled"} == wanted
    assert not [f for f in images.findings if f.kind == "left out"]


def test_pictures_of_a_layout_that_is_refused_are_not_left_out(uploads: Uploads):
    uploads.add_zip(packed({f"{folder}/{n}.jpg": jpeg(n) for n, folder in enumerate(("trainA", "trainB", "testA"))}))
    (finding,) = uploads.image_set().findings
    assert (finding.kind, finding.count) == ("unlabelled", 3)
    uploads.clear()
    uploads.add_zip(packed({"a/b/c/d/e/f/g/h/i/cat/1.jpg": jpeg(1), "a/b/c/d/e/f/g/h/i/dog/2.jpg": jpeg(2)}))
    assert [f.kind for f in uploads.image_set().findings] == ["unlabelled"]


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("again", ["x/0.jpg", "./x//0.jpg"])
def test_of_two_files_of_one_name_in_a_zip_the_last_is_read_and_the_other_named(uploads: Uploads, again: str):
    buffer = packed({"x/0.jpg": jpeg(0), "y/1.jpg": jpeg(1), "list.csv": b"path,label\nx/0.jpg,old\n"})
    with zipfile.ZipFile(buffer, "a") as archive:
        archive.writestr(again, jpeg(2, size=(60, 50)))
        archive.writestr("list.csv", b"path,label\nx/0.jpg,new\n")
    reason = "the zip holds a later file of the same name, which is read instead of this one"
    assert uploads.add_zip(buffer) == Added(2, (("x/0.jpg", reason), ("list.csv", reason)))
    images = uploads.image_set()
    assert [images.open(i).size for i in range(len(images))] == [(60, 50), (40, 30)]
    left = [(f.name, f.reason) for f in images.findings if f.kind == "left out"]
    assert left == [("x/0.jpg", reason), ("list.csv", reason)]
    assert not any("file system" in f.reason for f in images.findings)


def test_a_picture_that_is_called_like_a_file_for_people_is_one_of_the_zips(uploads: Uploads):
    names = ("README", "about", "notes.md", "copying.txt")
    entries = {f"cat/{name}": jpeg(number) for number, name in enumerate(names)} | {"cat/license": b"text"}
    assert uploads.add_zip(packed(entries)) == Added(4)
    assert sorted(uploads.image_set().ids) == sorted(names)
