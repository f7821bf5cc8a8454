"""What every format of data sets is held to, and that README shows the table as it is."""

import json
import shutil
from collections import Counter
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest

from gradviz.datasets import ImageSet, find
from gradviz.datasets.formats import FORMATS, recognised, sentence, table
from gradviz.datasets.reading import Format
from gradviz.errors import DatasetError
from tests.conftest import ROOT
from tests.datasets.examples import ALWAYS_SPLIT, EXAMPLES, LABELS, NEVER_SPLIT, SPLITS
from tests.small_sets import picture

every_format = pytest.mark.parametrize("form", FORMATS, ids=lambda form: form.name)


def example(form: Format, folder: Path, splits: dict[str, str] | None) -> Path:
    write = EXAMPLES.get(form.name)
    assert write is not None, f"{form.name!r} has no example: write one in tests/datasets/examples.py"
    folder.mkdir()
    return write(folder, splits)


def shown(images: ImageSet) -> Counter[tuple[str, ...]]:
    return Counter(images.labels_of(position) for position in range(len(images)))


def stem(identifier: str) -> str:
    return Path(identifier).stem


@every_format
def test_an_example_is_recognised_and_read_as_it_was_written(form: Format, tmp_path: Path):
    place = example(form, tmp_path / "example", SPLITS)
    assert recognised(place) is form
    assert form.recognises(place)
    images = find(place)
    assert sorted(map(stem, images.ids)) == sorted(LABELS)
    assert len(set(images.ids)) == len(images.ids)
    assert images.classes == ("cat", "dog")
    for position, identifier in enumerate(images.ids):
        assert images.labels_of(position) == (LABELS[stem(identifier)],)
    assert images.labels is not None
    assert sorted(np.unique(images.labels)) == [-1, 1]
    if form.name not in NEVER_SPLIT:
        assert {split: {stem(images.ids[i]) for i in positions} for split, positions in images.splits.items()} == {
            split: {name for name in SPLITS if SPLITS[name] == split} for split in ("train", "test")
        }
        assert images == find(place, seed=1), "splits are not drawn where they are given"


@pytest.mark.parametrize("form", [form for form in FORMATS if form.name not in ALWAYS_SPLIT], ids=lambda f: f.name)
def test_labels_without_splits_are_halved_by_the_seed(form: Format, tmp_path: Path):
    place = example(form, tmp_path / "example", None)
    images = find(place, seed=3)
    assert shown(images) == Counter((label,) for label in LABELS.values())
    halves = {split: Counter(images.labels_of(i) for i in members) for split, members in images.splits.items()}
    assert halves == {"train": {("cat",): 4, ("dog",): 2}, "val": {("cat",): 4, ("dog",): 2}}
    assert find(place, seed=3) == images
    assert any(find(place, seed=seed) != images for seed in range(3))


@every_format
def test_what_cannot_be_used_is_reported(form: Format, tmp_path: Path):
    images = find(example(form, tmp_path / "example", SPLITS))
    findings = [finding for finding in images.findings if finding.kind != "guessed"]
    assert len(findings) == 1, findings
    assert "gone" in findings[0].name
    assert findings[0].reason


@every_format
@pytest.mark.parametrize("content", [b"", b"\0\xff garbage \n\x80" * 50], ids=["empty", "garbage"])
def test_a_broken_one_is_refused_in_one_sentence(form: Format, content: bytes, tmp_path: Path):
    place = example(form, tmp_path / "example", SPLITS)
    for path in place.rglob("*") if place.is_dir() else [place]:
        if path.is_file():
            path.write_bytes(content)
    assert recognised(place) is form
    with pytest.raises(DatasetError) as caught:
        find(place)
    message = str(caught.value)
    assert str(place) in message
    assert "\n" not in message
    assert message.endswith(".")


@every_format
def test_damage_anywhere_never_raises_anything_else(form: Format, tmp_path: Path):
    place = example(form, tmp_path / "example", SPLITS)
    files = [path for path in sorted(place.rglob("*") if place.is_dir() else [place]) if path.is_file()]
    rng = np.random.default_rng(0)
    for _ in range(60):
        path = files[rng.integers(len(files))]
        whole = path.read_bytes()
        content = bytearray(whole[: rng.integers(len(whole))] if whole and rng.random() < 0.3 else whole)
        for spot in rng.integers(0, max(1, len(content)), 3 if content else 0):
            content[spot] = rng.integers(256)
        path.write_bytes(content)
        with suppress(DatasetError):
            assert len(find(place))
        path.write_bytes(whole)


def test_no_format_is_forgotten_in_the_table():
    files = [path for path in (ROOT / "gradviz/datasets").glob("*.py") if "\nFORMAT = " in path.read_text("utf-8")]
    assert len(files) == len(FORMATS), f"each needs its line in FORMATS: {sorted(path.stem for path in files)}"


def test_names_and_suffixes_belong_to_one_format():
    names = [form.name for form in FORMATS]
    suffixes = [suffix for form in FORMATS for suffix in form.suffixes]
    assert len(set(names)) == len(names)
    assert len(set(suffixes)) == len(suffixes)
    assert all(suffix.startswith(".") and suffix == suffix.lower() for suffix in suffixes)
    assert set(EXAMPLES) | ALWAYS_SPLIT <= set(names), "an example of a format that is not there any more"


def test_the_words_fit_where_they_are_shown():
    for form in FORMATS:
        for text in (form.name, form.layout, form.labels):
            assert text
            assert not {"\n", "|"} & set(text), "one cell of a table"
            assert not text.endswith(".")
            assert "<" not in "".join(text.split("`")[::2]), "Markdown takes it for HTML outside of backticks"
        assert form.name in sentence()
        assert form.looks in sentence(layouts=True)
    assert sentence().count(" or ") == 1


def test_the_readme_shows_the_table_as_it_is():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    wanted = table()
    title = wanted.splitlines()[0]
    assert title in readme, f"README.md needs this table:\n\n{wanted}\n"
    here = title + readme.partition(title)[2].partition("\n\n")[0]
    assert here == wanted, f"README.md shows another table of formats; it should be:\n\n{wanted}\n"


def test_help_doctor_and_messages_name_every_format(gradviz, capsys, tmp_path: Path):
    from gradviz.cli.doctor import examine

    with pytest.raises(SystemExit):
        gradviz("extract", "--help")
    helped = " ".join(capsys.readouterr().out.split())
    report = " ".join(examine(tmp_path, "cpu")["data sets"])
    for form in FORMATS:
        assert form.name in helped
        assert form.name in report
    with pytest.raises(DatasetError) as caught:
        find("nothing of this name")
    assert sentence(layouts=True) in str(caught.value)


@pytest.mark.parametrize("stray", ["a picture", "a folder", "an empty folder"])
@pytest.mark.parametrize("form", [form for form in FORMATS if not form.suffixes], ids=lambda form: form.name)
def test_what_lies_beside_a_wrapped_set_does_not_change_its_format(form: Format, stray: str, tmp_path: Path):
    example(form, tmp_path / "download", None).rename(tmp_path / "set")
    (tmp_path / "download" / "inner").mkdir(parents=True)
    (tmp_path / "set").rename(tmp_path / "download" / "inner" / "set")
    if stray == "an empty folder":
        (tmp_path / "logs" / "old").mkdir(parents=True)
    else:
        picture(tmp_path / ("x.jpg" if stray == "a picture" else "odd/x.jpg"))
    images = find(tmp_path)
    assert images.format == form.name
    if form.name == "a folder of pictures" and stray == "a folder":
        # Two folders may well be two classes: it is said that there are others in them.
        assert any(finding.kind == "guessed" and "cat, dog" in finding.reason for finding in images.findings)
        return
    assert {"cat", "dog"} <= set(images.classes)
    assert {images.labels_of(i) for i in range(len(images))} <= {("cat",), ("dog",), ()}
    if stray != "an empty folder" and len(images) == len(LABELS):
        assert any("x.jpg" in finding.name or "odd/" in finding.name for finding in images.findings)


FOLDERS = [form for form in FORMATS if not form.suffixes or form.name == "COCO instances"]


@pytest.mark.parametrize("form", [f for f in FOLDERS if f.name != "a folder in VOC layout"], ids=lambda form: form.name)
def test_the_folder_of_a_split_without_a_picture_is_named(form: Format, tmp_path: Path):
    place = example(form, tmp_path / "example", SPLITS)
    before = find(place)
    for above in (one for one in ("", "images/") if (place / one).is_dir()):
        (place / above / "valid/images").mkdir(parents=True)
        images = find(place)
        (more,) = set(images.findings) - set(before.findings)
        assert (more.name, more.kind) == (f"{above}valid", "left out")
        assert more.reason == "the folder of a split, but empty"
        assert (images.ids, images.classes, images.splits.keys()) == (before.ids, before.classes, before.splits.keys())
        shutil.rmtree(place / above / "valid")


def test_a_split_of_lists_alone_is_named(tmp_path: Path):
    place = EXAMPLES["a COCO export"](tmp_path, SPLITS)
    listed = json.loads((place / "train/_annotations.coco.json").read_text())
    (place / "valid").mkdir()
    empty = {"images": [], "annotations": [], "categories": listed["categories"]}
    (place / "valid/_annotations.coco.json").write_text(json.dumps(empty))
    (finding,) = [finding for finding in find(place).findings if finding.name == "valid"]
    assert finding.reason == "the folder of a split, but without a picture"


JOINED = ("YOLO", "pictures with VOC XML", "a folder of pictures")
"""Formats that say of each picture by itself what it shows: two folders of it are one data set."""


@pytest.mark.parametrize("form", [form for form in FOLDERS if form.name not in JOINED], ids=lambda form: form.name)
def test_two_of_a_format_side_by_side_ask_which(form: Format, tmp_path: Path):
    for name in ("a", "b"):
        example(form, tmp_path / name, SPLITS)
    with pytest.raises(DatasetError, match=f"holds several data sets, each {form.name}; name one of them: .*/a, .*/b"):
        find(tmp_path)
    assert len(find(tmp_path / "a")) == len(LABELS)
    for number in range(40):
        picture(tmp_path / "cat" / f"{number}.jpg", number)
    assert find(tmp_path).format == "a folder of pictures", "most pictures lie elsewhere: those two are classes"
