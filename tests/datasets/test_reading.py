from pathlib import Path

import numpy as np
import pytest

from gradviz.datasets.image_set import Box, Finding
from gradviz.datasets.reading import DRAWN, Format, Listing, Row, redrawn
from gradviz.errors import DatasetError


def row(identifier: str, *splits: str, **labels: int) -> Row:
    return Row(identifier, Path(identifier), labels, splits)


def splits_of(listing: Listing, seed: int = 0) -> dict[str, list[int]]:
    return {name: list(positions) for name, positions in listing.image_set(name="set", seed=seed).splits.items()}


def test_rows_become_labels_by_hand():
    rows = [row("a", b=1, a=1), row("b"), row("c", b=1), row("d", a=0), Row("e", Path("e"))]
    images = Listing(Path(), rows).image_set(name="set")
    assert images.classes == ("a", "b")
    assert images.labels is not None
    assert images.labels.tolist() == [[1, 1], [-1, -1], [-1, 1], [0, -1], [0, 0]], "d is difficult, e unknown"
    assert images.labels.dtype == np.int8
    assert (images.ids, images.paths) == (tuple("abcde"), tuple(map(Path, "abcde")))


def test_rows_without_labels_have_no_classes_and_no_halves():
    images = Listing(Path(), [row("a"), Row("b", Path("b"))]).image_set(name="set")
    assert (images.classes, images.labels, dict(images.splits)) == ((), None, {})


def test_classes_that_are_given_keep_their_order_and_need_no_image():
    images = Listing(Path(), [row("a", cat=1)], classes=("owl", "cat")).image_set(name="set")
    assert images.classes == ("owl", "cat")
    assert images.labels is not None
    assert images.labels.tolist() == [[-1, 1]]


def test_splits_are_those_of_the_rows_those_that_are_given_or_halves():
    rows = [row("a", "test", "all", c=1), row("b", c=1), row("c", "all", c=1)]
    assert splits_of(Listing(Path(), rows)) == {"test": [0], "all": [0, 2]}
    assert list(splits_of(Listing(Path(), rows, splits=("all", "val", "test"))).items()) == [
        ("all", [0, 2]),
        ("val", []),
        ("test", [0]),
    ]
    plain = Listing(Path(), [row(str(i), c=1) for i in range(20)])
    assert {name: len(positions) for name, positions in splits_of(plain).items()} == {"train": 10, "val": 10}
    assert splits_of(plain) == splits_of(plain, 0) != splits_of(plain, 1)
    assert splits_of(Listing(Path(), plain.rows, splits=())) == {}


def test_what_else_a_listing_says_is_passed_on():
    finding, box = Finding("x", "y"), Box("c", 1, 1, 2, 2)
    features = {"f": np.ones((1, 2), np.float32)}
    listing = Listing(
        Path("r"), [Row("a")], [finding], ap="eleven_point", features=features, boxes_of=lambda position: (box,)
    )
    images = listing.image_set(name="set")
    assert (images.name, images.root, images.findings, images.ap) == ("set", Path("r"), (finding,), "eleven_point")
    assert (images.paths, images.features["f"].tolist(), images.boxes(0)) == ((), [[1, 1]], (box,))


def test_a_format_names_what_it_reads_and_reports_what_is_empty(tmp_path: Path):
    file = tmp_path / "list.xyz"
    file.touch()

    def form(*rows: Row, name: str = "", findings: tuple[Finding, ...] = ()) -> Format:
        listing = Listing(tmp_path, rows, findings, name)
        return Format("an XYZ", "lines of `x y z`", "none", lambda path: listing, suffixes=(".xyz",))

    assert form(row("a")).read(file).name == "list"
    assert form(row("a")).read(tmp_path).name == tmp_path.name
    assert form(row("a"), name="its own").read(file).name == "its own"
    assert form(row("a"), name="its own").read(file, name="asked").name == "asked"
    with pytest.raises(DatasetError, match=r"list\.xyz lists no usable picture: looked for lines of x y z\.$"):
        form().read(file)
    with pytest.raises(DatasetError, match=r"holds no usable picture \(skipped 1, such as a: gone\): looked for"):
        form(findings=(Finding("a", "gone"),)).read(tmp_path)
    assert form().recognises(file)
    assert not form().recognises(tmp_path)
    assert not form().recognises(tmp_path / "list.csv")


def test_no_halves_are_drawn_where_no_image_has_a_label():
    rows = [Row(name, Path(name)) for name in "abc"]
    images = Listing(Path(), rows, classes=("cat",)).image_set(name="set")
    assert (dict(images.splits), images.drawn, images.findings) == ({}, None, ())


def test_a_half_that_stays_empty_is_said(tmp_path: Path):
    rows = [Row(name, tmp_path / name, {name: 1}) for name in "abcd"]
    images = Listing(tmp_path, rows).image_set(name="one a class")
    assert {name: len(positions) for name, positions in images.splits.items()} == {"train": 4, "val": 0}
    empty = "; val is empty, for want of a second image"
    assert images.findings == (Finding("train, val", DRAWN + empty, "guessed"),)
    several = Listing(tmp_path, [Row("a", tmp_path / "a", {"cat": 1, "dog": 1})]).image_set(name="one picture")
    found = {tuple(redrawn(several, seed).findings) for seed in range(8)}
    assert found == {
        (Finding("train, val", f"{DRAWN}; {name} is empty, for want of a second image", "guessed"),)
        for name in ("train", "val")
    }, "a coin decides, and what is said follows it"
    pairs = Listing(tmp_path, [*rows, *(Row(f"{r.id}2", tmp_path / r.id, r.labels) for r in rows)])
    assert pairs.image_set(name="two a class").findings == (Finding("train, val", DRAWN, "guessed"),)


def test_classes_that_only_one_half_has_are_said(tmp_path: Path):
    names = ["cat"] * 6 + ["dog", "cow", "hen", "ewe"]
    rows = [Row(f"{i}", tmp_path / f"{i}", {name: 1}) for i, name in enumerate(names)]
    images = Listing(tmp_path, rows).image_set(name="rare ones")
    single = "; in one half alone, for want of a second image, and so not scored: cow, dog, ewe and 1 more"
    assert images.findings == (Finding("train, val", DRAWN + single, "guessed"),)
    assert redrawn(images, 3).findings == images.findings


def test_labelled_images_that_are_in_no_split_are_counted(tmp_path: Path):
    rows = [Row(f"{i}", tmp_path / f"{i}", {"cat": 1}, splits=(("train",), ("val",), ())[i % 3]) for i in range(6)]
    images = Listing(tmp_path, rows).image_set(name="parted")
    assert [(f.kind, f.count) for f in images.findings if "in no split" in f.reason] == [("unlabelled", 2)]


def test_classes_that_differ_in_case_or_spaces_only_are_named_whatever_the_format(tmp_path: Path):
    rows = [Row(f"{i}", tmp_path / f"{i}", {name: 1}) for i, name in enumerate(("cat", "Cat ", "dog", "cow") * 2)]
    images = Listing(tmp_path, rows).image_set(name="spelt")
    assert [f.name for f in images.findings if "differ in case or spaces only" in f.reason] == ["Cat , cat"]
