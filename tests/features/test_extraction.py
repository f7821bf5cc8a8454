"""Photographs become features once: killed, damaged, shared, without a disk, and with photographs that are broken."""

import json
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest

from gradviz.callbacks import never
from gradviz.datasets import ImageSet, find
from gradviz.datasets.undecodable import undecodable
from gradviz.errors import Cancelled, DatasetError, StoreError
from gradviz.features import compute
from gradviz.features.extraction import Extraction
from gradviz.features.pseudo_labels import pseudo_label
from gradviz.features.store import Store, chunk_file, disk
from gradviz.networks.loading import load
from tests.conftest import ROOT
from tests.disks import small_disk, unwritable
from tests.small_sets import picture

NAMES = ("x5", "y6", "x6", "y8", "x8", "dy6", "dy8")


@pytest.fixture(scope="module")
def model():
    return load("alexnet64", device="cpu")


@pytest.fixture(scope="module")
def images(photographs: Path) -> ImageSet:
    return find(photographs)


def features(extraction: Extraction, names, positions, *, temperature=1.0, label="uniform", **callbacks):
    prepared = pseudo_label(label, extraction.model, extraction.images)
    return extraction.features(names, positions, temperature=temperature, label=prepared, **callbacks)


def same(a, b) -> bool:
    return a.ids == b.ids and all(np.array_equal(a.arrays[name], b.arrays[name]) for name in a.arrays)


class Counting:
    """Stand for a data set and count the photographs that are opened."""

    def __init__(self, images: ImageSet):
        self.images, self.opened = images, []

    def __getattr__(self, name: str):
        return getattr(self.images, name)

    def __len__(self) -> int:
        return len(self.images)

    def open(self, i: int):
        self.opened.append(i)
        return self.images.open(i)


# Order and content


def test_rows_come_in_the_order_that_was_asked_for(images, model, tmp_path):
    extraction = Extraction(images, model, Store(tmp_path))
    positions = np.array([150, 3, 77, 4])
    found = features(extraction, NAMES, positions)
    assert found.ids == tuple(images.ids[i] for i in positions)
    assert np.array_equal(found.labels, images.labels[positions])
    assert list(found.arrays) == list(NAMES)
    for row, i in enumerate(positions):
        alone = model.forward(model.transform("center")(images.open(i)))
        for name in ("x5", "y6", "y8"):
            assert np.allclose(found.arrays[name][row], alone[name][0].numpy(), atol=1e-4), name
        assert np.allclose(found.arrays["x6"][row], np.maximum(alone["y6"][0].numpy(), 0), atol=1e-4)
        assert np.allclose(found.arrays["x8"][row], alone["y8"][0].softmax(0).numpy(), atol=1e-5)
        dys = compute.backward(model.head, {name: y.numpy() for name, y in alone.items()})
        for name in ("dy6", "dy8"):
            assert np.allclose(found.arrays[name][row], dys[name][0], atol=1e-3 * np.abs(dys[name]).max()), name


def test_a_whole_set_comes_in_its_own_order(images, model, tmp_path):
    found = features(Extraction(images, model, Store(tmp_path)), ("y8", "dy8"), images.select())
    assert found.ids == images.ids
    one = features(Extraction(images, model, Store(tmp_path)), ("y8", "dy8"), np.array([5]))
    assert np.array_equal(one.arrays["dy8"][0], found.arrays["dy8"][5])


def test_ten_crops_are_averaged(snapshots, model, tmp_path):
    images = find(snapshots)
    extraction = Extraction(images, model, Store(tmp_path), preprocess="tencrop")
    found = features(extraction, ("x5", "x6", "dy8"), np.array([1]))
    crops = model.forward(model.transform("tencrop")(images.open(1)))
    assert len(crops["y6"]) == 10
    assert np.allclose(found.arrays["x5"][0], crops["x5"].mean(0).numpy(), atol=1e-4)
    assert np.allclose(found.arrays["x6"][0], crops["y6"].relu().mean(0).numpy(), atol=1e-4)
    each = compute.backward(model.head, {name: y.numpy() for name, y in crops.items()})["dy8"]
    assert np.allclose(found.arrays["dy8"][0], each.mean(axis=0), atol=1e-5)


# Nothing is computed twice


def test_a_larger_sample_computes_only_what_is_new(images, model, tmp_path):
    counted = Counting(images)
    extraction = Extraction(counted, model, Store(tmp_path))
    small, large = images.select("train", 40), images.select("train", 100)
    assert set(small) <= set(large)
    first = extraction.extract(small)
    assert (first.images, first.computed) == (40, 40)
    second = extraction.extract(large)
    assert (second.images, second.computed) == (100, 60)
    third = extraction.extract(large)
    assert (third.computed, third.rate, len(counted.opened)) == (0, 0.0, 100)
    assert len(set(counted.opened)) == 100


def test_temperature_and_pseudo_label_never_touch_a_photograph_again(photographs, model, tmp_path):
    root = tmp_path / "photographs"
    shutil.copytree(photographs, root)
    images = find(root)
    extraction = Extraction(images, model, Store(tmp_path / "store"))
    before = features(extraction, ("dy6", "dy8"), images.select("val"))
    shutil.rmtree(root / "JPEGImages")
    hot = features(extraction, ("dy6", "dy8"), images.select("val"), temperature=8)
    predicted = features(extraction, ("dy6", "dy8"), images.select("val"), label="predicted")
    true = features(extraction, ("dy6", "dy8"), images.select("val"), label="true")
    assert same(features(extraction, ("dy6", "dy8"), images.select("val")), before)
    rows = [found.arrays["dy8"] for found in (before, hot, predicted, true)]
    assert not any(np.array_equal(a, b) for i, a in enumerate(rows) for b in rows[:i])
    assert before.notes == ()
    assert "alexnet64 has no class for" in true.notes[0]
    keys = [entry.key for entry in Store(tmp_path / "store").entries()]
    assert sorted(key["kind"] for key in keys) == ["backward"] * 4 + ["forward"]
    kept = {(key["temperature"], key["pseudo_label"].split(":")[0]) for key in keys if key["kind"] == "backward"}
    assert kept == {(1.0, "uniform"), (8.0, "uniform"), (1.0, "predicted"), (1.0, "true")}


def test_a_rows_bits_do_not_depend_on_the_images_that_it_is_computed_with(images, model, tmp_path):
    asked = [5], [5, 9, 77], np.arange(64)[::-1], np.arange(90)
    for preprocess in ("center", "tencrop"):
        found = []
        for number, positions in enumerate(asked if preprocess == "center" else asked[:2]):
            store = Store(tmp_path / f"{preprocess} {number}")
            table = features(Extraction(images, model, store, preprocess=preprocess), NAMES, np.array(positions))
            row = table.ids.index(images.ids[5])
            found.append({name: values[row].tobytes() for name, values in table.arrays.items()})
        assert all(one == found[0] for one in found[1:]), preprocess


@pytest.mark.parametrize(
    "change",
    [
        {"name": "renamed"},
        {"root": None},
        {"labels": -np.ones((160, 20), np.int8)},
        {"classes": tuple("abcdefghijklmnopqrst")},
        {"splits": {"other": np.arange(3)}},
        {"ids": tuple(f"id {i}" for i in range(160))},
        {"drawn": 7, "ap": "area"},
    ],
)
def test_what_is_no_part_of_a_picture_computes_nothing_again(images, model, kept, change):
    features(Extraction(images, model, Store(kept / "store")), NAMES, images.select())
    other = Counting(replace(images, **change))
    again = features(Extraction(other, model, Store(kept / "store")), NAMES, other.select())
    assert other.opened == []
    assert len(again.ids) == 160


def test_data_sets_share_the_rows_of_pictures_that_they_share(images, snapshots, model, tmp_path):
    extraction = Extraction(images, model, Store(tmp_path))
    before = features(extraction, NAMES, images.select())
    few = Counting(find(snapshots))  # copies of six of them, elsewhere and under other names
    found = features(Extraction(few, model, Store(tmp_path)), NAMES, few.select())
    assert few.opened == []
    where = {digest: row for row, digest in enumerate(images.contents)}
    for name in NAMES:
        assert np.array_equal(found.arrays[name], before.arrays[name][[where[d] for d in few.contents]])


def test_more_photographs_compute_only_themselves(photographs, model, tmp_path):
    root = tmp_path / "grows"
    shutil.copytree(photographs, root)
    lists = root / "ImageSets/Main"
    whole = {path: path.read_text().splitlines(keepends=True) for path in lists.glob("*val.txt")}
    for path, lines in whole.items():
        path.write_text("".join(lines[:30]))
    assert Extraction(find(root), model, Store(tmp_path / "store")).extract(find(root).select()).computed == 130
    for path, lines in whole.items():
        path.write_text("".join(lines))
    assert Extraction(find(root), model, Store(tmp_path / "store")).extract(find(root).select()).computed == 30


def test_a_picture_that_is_there_twice_is_computed_once(snapshots, model, tmp_path):
    root = tmp_path / "twice"
    shutil.copytree(snapshots, root)
    first = min(root.iterdir())
    shutil.copyfile(first, root / "a copy.jpg")
    images = find(root)
    done = Extraction(images, model, Store(tmp_path / "store")).extract(images.select())
    assert (done.images, done.computed) == (7, 6)
    found = features(Extraction(images, model, Store(tmp_path / "store")), ("y8", "dy8"), images.select())
    rows = [images.ids.index("a copy.jpg"), images.ids.index(first.name)]
    assert np.array_equal(*(found.arrays["dy8"][row] for row in rows))


def test_true_labels_are_those_of_the_data_set_that_asks(images, model, tmp_path):
    store = Store(tmp_path)
    labels = np.array(images.labels)
    labels[:40] = np.roll(labels[:40], 3, axis=1)
    relabelled = replace(images, labels=labels)
    features(Extraction(images, model, store), ("dy8",), images.select(), label="true")
    for one in (relabelled, images):
        kept = features(Extraction(one, model, store), ("dy7", "dy8"), one.select(), label="true")
        fresh = features(Extraction(one, model, Store(tmp_path / "fresh")), ("dy7", "dy8"), one.select(), label="true")
        assert same(kept, fresh)
        shutil.rmtree(tmp_path / "fresh")
    assert len([entry for entry in store.entries() if entry.key["kind"] == "backward"]) == 1


def test_a_changed_picture_is_not_taken_for_what_it_was(snapshots, model, tmp_path):
    root = tmp_path / "own"
    shutil.copytree(snapshots, root)
    images, store = find(root), Store(tmp_path / "store")
    assert images.contents
    changed, gone = images.paths[1], images.paths[2]
    content, taken = changed.read_bytes(), gone.read_bytes()
    shutil.copyfile(images.paths[0], changed)
    gone.unlink()
    done = Extraction(images, model, store).extract(images.select())
    assert [(s.name, s.reason.removeprefix(f"{s.name} ")) for s in done.skipped] == [
        (images.ids[1], "was changed since the data set was opened: open it again."),
        (images.ids[2], "is cut off, damaged or unreadable: No such file or directory."),
    ]
    changed.write_bytes(content)
    gone.write_bytes(taken)
    again = find(root)
    done = Extraction(again, model, store).extract(again.select())
    assert (done.computed, done.skipped) == (2, ()), "what failed for a reason that passed is tried again"


def test_a_broken_picture_is_named_as_the_data_set_names_it(snapshots, model, tmp_path):
    root = tmp_path / "own"
    shutil.copytree(snapshots, root)
    path = find(root).paths[0]
    path.write_bytes(path.read_bytes()[:2000])
    store = Store(tmp_path / "store")
    for name in ("first", "second"):
        path = path.rename(path.with_name(f"{name}.jpg"))
        images = Counting(find(root))
        done = Extraction(images, model, store).extract(images.select())
        (skipped,) = done.skipped
        assert skipped.reason.startswith(f"{name}.jpg is cut off, damaged or unreadable: image file is truncated")
    assert images.opened == [], "it is known that this content cannot be decoded"


def test_what_the_description_says_of_a_broken_picture_is_what_an_extraction_finds(snapshots, model, tmp_path):
    root = tmp_path / "own"
    shutil.copytree(snapshots, root)
    for number, path in enumerate(find(root).paths[:4]):
        content = path.read_bytes()
        path.write_bytes(content[: len(content) // 2] if number else content + b"trailer")
    images = find(root)
    found = undecodable(images)
    assert len(found) == 3
    done = Extraction(images, model, Store(tmp_path / "store")).extract(images.select())
    assert done.skipped == tuple(found.values())


# Features of an earlier version


def write_older(images: ImageSet, model, root: Path) -> Path:
    """Keep the forward pass as the version before did: numbered rows under a key of the whole data set."""
    extraction = Extraction(images, model, Store(root))
    order = images.row_order
    found = features(Extraction(images, model, Store(root / "scratch")), tuple(model.arrays), order)
    shutil.rmtree(root / "scratch")
    folder = Store(root).entry(extraction._older_key).folder
    folder.mkdir(parents=True)
    shapes = {name: (len(order), 1, width) for name, width in model.arrays.items()}
    body = {"format": 2, "key": extraction._older_key, "rows": len(order), "chunk_rows": 64, "shapes": shapes}
    (folder / "entry.json").write_bytes(disk.described(body))
    for chunk in range(3):
        rows = slice(64 * chunk, 64 * (chunk + 1))
        arrays = {name: values[rows, None] for name, values in found.arrays.items()}
        chunk_file.write(disk.chunk_path(folder, chunk), folder.name, chunk, (), arrays, {})
    return folder


def test_the_key_of_the_version_before_is_what_it_was(images, model, tmp_path):
    ids = "\n".join(images.ids[i] for i in images.row_order)
    assert Extraction(images, model, Store(tmp_path), preprocess="squash", tf32=True)._older_key == {
        "kind": "forward",
        "schema": 1,
        "network": "alexnet64",
        "weights": model.digest,
        "dataset": "few",
        "images": images.digest,
        "rows": sha256(ids.encode()).hexdigest(),
        "preprocess": "squash",
        "dtype": "float32",
        "tf32": True,
    }


def test_features_of_the_version_before_are_taken_over(images, model, tmp_path):
    folder = write_older(images, model, tmp_path / "store")
    counted = Counting(images)
    done = Extraction(counted, model, Store(tmp_path / "store")).extract(images.select())
    assert done.computed == len(counted.opened) == 32, "the last batch of the old ones was not filled up"
    assert done.notes == ()
    assert not folder.exists()
    whole = features(Extraction(images, model, Store(tmp_path / "whole")), NAMES, images.select())
    assert same(features(Extraction(images, model, Store(tmp_path / "store")), NAMES, images.select()), whole)


def test_the_disk_does_not_grow_in_silence(images, snapshots, model, tmp_path):
    write_older(images, model, tmp_path / "store")
    few, store = find(snapshots), Store(tmp_path / "store")
    done = Extraction(few, model, store).extract(few.select())
    assert done.computed == 6
    assert "in an older format" in done.notes[0]
    assert "store clear --old" in done.notes[0]
    assert Extraction(few, model, store).extract(few.select()).notes == (), "nothing was added"
    hot = features(Extraction(few, model, store), ("dy8",), few.select(), temperature=8)
    assert hot.notes == ()


# Photographs that are broken


@pytest.fixture
def spoiled(photographs: Path, tmp_path: Path) -> tuple[ImageSet, set[str]]:
    """Photographs of which one is cut, one is garbled and one vanishes after the set was read."""
    root = tmp_path / "spoiled"
    shutil.copytree(photographs, root)
    cut, garbled, gone = (find(root).paths[i] for i in (2, 99, 150))
    cut.write_bytes(cut.read_bytes()[: cut.stat().st_size // 3])
    garbled.write_bytes(garbled.read_bytes()[:400] + bytes(3000))
    images = find(root)
    assert len(images) == 160
    assert images.digest
    gone.unlink()
    return images, {path.stem for path in (cut, garbled, gone)}


def test_unreadable_photographs_are_skipped_named_and_rows_stay_aligned(spoiled, images, model, tmp_path):
    broken, bad = spoiled
    done = Extraction(broken, model, Store(tmp_path / "store")).extract(broken.select())
    assert {s.name for s in done.skipped} == bad
    assert all(s.reason for s in done.skipped)
    assert (done.images, done.computed) == (160, 160)
    found = features(Extraction(broken, model, Store(tmp_path / "store")), ("y8", "dy8"), broken.select())
    assert found.skipped == done.skipped
    first = done.skipped[0]
    assert found.notes == (f"3 images could not be read and are left out, such as {first.reason}",)
    assert set(found.ids) == set(images.ids) - bad
    whole = features(Extraction(images, model, Store(tmp_path / "whole")), ("y8", "dy8"), images.select())
    for name in ("y8", "dy8"):
        rows = whole.arrays[name][[images.source(i) for i in found.ids]]
        assert np.allclose(found.arrays[name], rows, atol=1e-4 * np.abs(rows).max())
    assert np.array_equal(found.labels, images.labels[[images.source(i) for i in found.ids]])


def test_an_image_that_met_too_little_memory_is_read_the_next_time(images, model, tmp_path, monkeypatch):
    store, real = Store(tmp_path / "store"), ImageSet.open

    def full(self, i):
        if i == images.row_order[-1]:
            raise MemoryError
        return real(self, i)

    monkeypatch.setattr(ImageSet, "open", full)
    first = Extraction(images, model, store).extract(images.select())
    assert [(one.name, one.reason) for one in first.skipped] == [
        ((name := images.ids[images.row_order[-1]]), f"{name} The picture needs more memory than there is.")
    ]
    monkeypatch.undo()
    done = Extraction(images, model, store).extract(images.select())
    assert not done.skipped
    assert done.computed == 1, "what was computed before is kept"


def test_a_picture_of_extreme_proportions_is_a_row_like_any_other(model, tmp_path):
    for name, size in (("tall", (1, 400_000)), ("wide", (400_000, 1)), ("usual", (90, 90))):
        picture(tmp_path / "own" / f"{name}.png", size=size)
    found = Extraction(find(tmp_path / "own"), model, Store(tmp_path / "store")).extract(np.arange(3))
    assert (found.images, found.computed, found.skipped) == (3, 3, ())


def test_where_no_photograph_can_be_read_one_is_named(model, tmp_path):
    for name in ("a", "b"):
        whole = picture(tmp_path / "own" / f"{name}.png", size=(90, 90))
        whole.write_bytes(whole.read_bytes()[:900])
    images = find(tmp_path / "own")
    with pytest.raises(DatasetError, match=r"None of the 2 .* can be read, such as .*a"):
        Extraction(images, model, Store(tmp_path / "store")).extract(images.select())


# Disks and damage


def test_a_flipped_byte_is_found_and_healed(images, model, tmp_path):
    extraction = Extraction(images, model, Store(tmp_path))
    before = features(extraction, NAMES, images.select("train"))
    chunks = sorted(tmp_path.glob("*/*.chunk"))
    assert len(chunks) == 4  # two of the forward pass, two of the backward pass
    for path in chunks[:3]:
        content = bytearray(path.read_bytes())
        content[-10] ^= 16  # in the array that stands last, y8 or dy8
        path.write_bytes(content)
    again = Extraction(Counting(images), model, Store(tmp_path))
    assert same(features(again, NAMES, images.select("train")), before)
    assert len(set(again.images.opened)) == 64
    assert sum(entry.damaged for entry in Store(tmp_path).entries()) == 3
    quiet = Extraction(Counting(images), model, Store(tmp_path))
    assert same(features(quiet, NAMES, images.select("train")), before)
    assert quiet.images.opened == []


def test_a_full_disk_gives_the_result_with_a_note(images, model, tmp_path):
    expected = features(Extraction(images, model, Store(tmp_path / "whole")), NAMES, images.select("train"))
    with small_disk(tmp_path / "disk", "1m") as root:
        found = features(Extraction(images, model, Store(root)), NAMES, images.select("train"))
        assert same(found, expected)
        assert any("disk is full" in note and "The result is complete, but not kept" in note for note in found.notes)
        with pytest.raises(StoreError, match="disk is full"):
            Extraction(images, model, Store(root)).extract(images.select("train"))


def test_a_store_that_cannot_be_written_gives_the_result_with_one_note(images, model, tmp_path):
    expected = features(Extraction(images, model, Store(tmp_path / "whole")), NAMES, images.select("val"))
    (tmp_path / "empty").mkdir()
    with unwritable(tmp_path / "empty", tmp_path / "store"):
        found = features(Extraction(images, model, Store(tmp_path / "store")), NAMES, images.select("val"))
    assert same(found, expected)
    assert len(found.notes) == 1
    assert "GRADVIZ_HOME" in found.notes[0]


# Stopping, killing, sharing


def test_stopped_work_goes_on_where_it_was(images, model, tmp_path):
    extraction, seen = Extraction(images, model, Store(tmp_path)), []
    with pytest.raises(Cancelled):
        extraction.extract(images.select(), progress=lambda *at: seen.append(at), cancel=lambda: len(seen) >= 2)
    assert seen == [(64, 160), (128, 160)]
    rest = extraction.extract(images.select(), cancel=never)
    assert 0 < rest.computed < 160


def start(photographs: Path, home: Path, *options: str) -> subprocess.Popen:
    command = [sys.executable, "-m", "gradviz", "extract", photographs, "--home", home, "--json", *options]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, cwd=ROOT, stdout=pipe, stderr=pipe, text=True)


def wait_for(found, process: subprocess.Popen) -> None:
    while not found():
        assert process.poll() is None, process.communicate()
        time.sleep(0.005)


def arrays(home: Path) -> dict[str, np.ndarray]:
    (info,) = Store(home / "store").entries()
    entry = Store(home / "store").entry(info.key)
    return {name: entry.read(name, sorted(entry.rows)) for name in entry.widths}


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")
def test_a_killed_extraction_goes_on_bit_by_bit(voc_root, model, tmp_path):
    killed, whole = Store(tmp_path / "killed/store"), Store(tmp_path / "whole/store")
    process = start(voc_root, tmp_path / "killed", "--split", "train", "--images", "320", "--device", "cpu")
    wait_for(lambda: any(entry.rows for entry in killed.entries()), process)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert process.returncode == -signal.SIGKILL
    kept = killed.entries()[0].rows
    assert 0 < kept < 320
    images = find(voc_root)
    positions = images.select("train", 320)
    assert Extraction(images, model, killed).extract(positions).computed == 320 - kept
    assert Extraction(images, model, whole).extract(positions).computed == 320
    expected = arrays(tmp_path / "whole")
    assert sorted(expected) == ["x5", "y6", "y7", "y8"]
    for name, values in arrays(tmp_path / "killed").items():
        assert values.tobytes() == expected[name].tobytes(), name


def test_two_processes_compute_once(photographs, images, model, tmp_path):
    other = start(photographs, tmp_path)
    wait_for(lambda: list(tmp_path.glob("store/*/*.chunk")), other)
    mine = Extraction(images, model, Store(tmp_path / "store")).extract(images.select())
    out, err = other.communicate(timeout=300)
    assert other.returncode == 0, err
    theirs = json.loads(out)
    assert (mine.images, theirs["images"]) == (160, 160)
    assert mine.computed + theirs["computed"] == 160
    assert theirs["skipped"] == []
