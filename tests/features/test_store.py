import hashlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
import zarr
from hypothesis import given, settings
from hypothesis import strategies as st

from gradviz.errors import Cancelled, StoreError
from gradviz.features import store as store_module
from gradviz.features.store import Damaged, Missing, Store, canonical, chunks_of
from tests.disks import small_disk, unwritable
from tests.features.store_writer import CHUNK_ROWS, KEY, ROWS, SHAPES, content, fill

WRITER = Path(__file__).with_name("store_writer.py")
CHUNKS = frozenset(range(10))


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished store, to be copied."""
    root = tmp_path_factory.mktemp("whole")
    fill(Store(root).entry(KEY))
    return root


@pytest.fixture
def filled(whole: Path, tmp_path: Path) -> Store:
    shutil.copytree(whole, tmp_path / "store")
    return Store(tmp_path / "store")


def files(root: Path) -> dict[str, str]:
    """Digest of every file of the entry."""
    folder = Store(root).entry(KEY).folder
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
    }


def start(root: Path, seconds: float) -> subprocess.Popen:
    return subprocess.Popen([sys.executable, WRITER, root, str(seconds)], stdout=subprocess.PIPE, text=True)


def same(store: Store) -> bool:
    entry = store.entry(KEY)
    return all(np.array_equal(entry.read(name), content(name), equal_nan=True) for name in SHAPES)


def one_line(error: pytest.ExceptionInfo) -> str:
    text = str(error.value)
    assert "\n" not in text
    assert text.endswith(".")
    return text


# Keys


def test_equal_keys_are_one_entry(store):
    first = store.entry({"b": [1, 2.5, None, True], "a": {"y": "é", "x": 1}})
    second = store.entry({"a": {"x": 1, "y": "é"}, "b": (1, 2.5, None, True)})
    assert first.digest == second.digest
    assert first.digest == hashlib.sha256(b'{"a":{"x":1,"y":"\\u00e9"},"b":[1,2.5,null,true]}').hexdigest()
    assert first.digest != store.entry({"a": {"x": 1, "y": "e"}, "b": [1, 2.5, None, True]}).digest


@pytest.mark.parametrize(
    "value", [float("nan"), float("inf"), np.float32(1), np.arange(3), Path("x"), b"x", {1: "x"}, {"x"}, object()]
)
def test_keys_that_are_no_json_are_refused(store, value):
    with pytest.raises(StoreError, match="plain JSON") as error:
        store.entry({"deep": [value]})
    one_line(error)


@given(st.dictionaries(st.text(), st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()))
def test_canonical_json_is_read_back(key):
    if any(value in (float("inf"), -float("inf")) for value in key.values() if isinstance(value, float)):
        with pytest.raises(StoreError):
            canonical(key)
    else:
        assert json.loads(canonical(key)) == key
        assert canonical(dict(reversed(key.items()))) == canonical(key)


# Writing and reading


def test_rows_come_back_bit_for_bit(filled):
    entry = filled.entry(KEY)
    for name in SHAPES:
        values = entry.read(name)
        assert values.dtype == np.float32
        assert values.tobytes() == content(name).tobytes()
    assert entry.finished == CHUNKS
    assert entry.missing() == ()
    assert entry.shapes == SHAPES
    assert entry.notes == {"image 0": "cut off", "image 4": "cut off", "image 8": "cut off"}


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(0, ROWS - 1)))
def test_any_ascending_rows(whole, rows):
    rows = sorted(rows)
    assert np.array_equal(Store(whole).entry(KEY).read("x5", rows), content("x5")[rows], equal_nan=True)


@pytest.mark.parametrize("rows", [[2, 1], [-1, 3], [0, ROWS]])
def test_other_rows_are_refused(filled, rows):
    with pytest.raises(ValueError, match="ascend"):
        filled.entry(KEY).read("x5", rows)


def test_each_needed_chunk_is_read_once(filled, monkeypatch):
    asked = []
    plain = zarr.storage.LocalStore.get

    async def counting(self, key, *arguments, **named):
        asked.append(key)
        return await plain(self, key, *arguments, **named)

    monkeypatch.setattr(zarr.storage.LocalStore, "get", counting)
    filled.entry(KEY).read("x5", [0, 1, 15, 16, 17, 100, 149])
    assert sorted(key for key in asked if key.startswith("c.")) == ["c.0.0.0", "c.1.0.0", "c.6.0.0", "c.9.0.0"]


def test_other_programs_can_read_the_arrays(filled):
    array = zarr.open_array(filled.entry(KEY).folder / "x5", mode="r")
    assert np.array_equal(array[:], content("x5"), equal_nan=True)
    assert array.chunks == (CHUNK_ROWS, 2, 300)
    assert np.isnan(array.fill_value)
    codecs = [codec.to_dict()["name"] for codec in array.metadata.codecs]
    assert codecs == ["bytes", "zstd", "crc32c"]


def test_only_finished_chunks_are_served(store):
    entry = store.entry(KEY)
    with pytest.raises(Missing):
        entry.read("x5")
    with pytest.raises(Missing):
        entry.missing()
    assert entry.missing([3, 1]) == (1, 3)
    with entry.writing():
        entry.create(SHAPES, CHUNK_ROWS)
        entry.write(1, {name: content(name)[16:32] for name in SHAPES})
    assert entry.finished == {1}
    assert entry.missing([0, 1, 2]) == (0, 2)
    assert np.array_equal(entry.read("x5", range(16, 32)), content("x5")[16:32])
    with pytest.raises(Missing, match="1 of 2 chunks") as error:
        entry.read("x5", range(15, 32))
    one_line(error)
    with pytest.raises(Missing, match="y7"):
        entry.read("y7", [16])


def test_create_again_changes_nothing_and_other_shapes_are_refused(filled):
    before = files(filled.root)
    entry = filled.entry(KEY)
    with entry.writing():
        entry.create(SHAPES, CHUNK_ROWS)
        assert files(filled.root) == before
        for shapes, chunk_rows in (({"x5": SHAPES["x5"]}, CHUNK_ROWS), (SHAPES, 32)):
            with pytest.raises(StoreError, match="store clear") as error:
                entry.create(shapes, chunk_rows)
            one_line(error)


def test_half_chunks_and_other_types_are_refused(filled):
    entry = filled.entry(KEY)
    good = {name: content(name)[:16] for name in SHAPES}
    bad = [(0, {**good, "x5": good["x5"][:8]}), (0, {**good, "x5": good["x5"].astype(np.float64)})]
    bad += [(0, {"x5": good["x5"]}), (9, good), (10, {name: values[:0] for name, values in good.items()})]
    with entry.writing():
        for chunk, arrays in bad:
            with pytest.raises(ValueError, match=r"float32|every array"):
                entry.write(chunk, arrays)
    assert same(filled)
    with pytest.raises(RuntimeError):
        entry.write(0, good)


@pytest.mark.parametrize("shapes", [{}, {"x5": (3, 1), "y6": (4, 1)}, {"../x5": (3, 1)}])
def test_odd_arrays_are_refused(store, shapes):
    entry = store.entry(KEY)
    with entry.writing(), pytest.raises(ValueError, match="plain names"):
        entry.create(shapes)


def test_chunks_of():
    assert chunks_of([0, 63, 64, 200]) == (0, 1, 3)
    assert chunks_of([], 16) == ()
    assert chunks_of(np.array([5, 9]), 5) == (1,)


def test_nothing_is_unpickled(store, monkeypatch):
    def refuse(*_, **__):
        raise AssertionError("unpickled")

    for name in ("load", "loads", "Unpickler"):
        monkeypatch.setattr(f"pickle.{name}", refuse)
    fill(store.entry(KEY))
    assert same(store)


# Kills and flips


def killed_while_writing(root: Path, after: int, delay: float) -> set[int]:
    """Kill a writer soon after it finished some chunks and name the chunks that it said were finished."""
    writer = start(root, 0.01)
    said = [writer.stdout.readline().strip() for _ in range(after + 1)]
    time.sleep(delay)
    writer.kill()
    said += writer.stdout.read().split()
    writer.wait()
    writer.stdout.close()
    assert writer.returncode in (-signal.SIGKILL, 0)
    return {int(word) for word in said if word.isdigit()}


def test_killed_writers_lose_at_most_one_chunk(store, whole):
    seeded = random.Random(1)
    entry, finished = store.entry(KEY), frozenset()
    for _ in range(4):
        said = killed_while_writing(store.root, 1, seeded.uniform(0, 0.03))
        assert said
        assert entry.finished >= finished | said
        finished = entry.finished
        rows = [row for row in range(ROWS) if row // CHUNK_ROWS in finished]
        assert np.array_equal(entry.read("x5", rows), content("x5")[rows], equal_nan=True)
    fill(entry)
    assert files(store.root) == files(whole)  # bit-identical, and nothing else lies about


def flip(path: Path, seeded: random.Random) -> None:
    content = bytearray(path.read_bytes())
    content[seeded.randrange(len(content))] ^= 1 << seeded.randrange(8)
    path.write_bytes(content)


def served_or_refused(store: Store) -> bool:
    """Read every array; whatever is served must be right. Tell whether anything was refused."""
    refused = False
    for name in SHAPES:
        try:
            assert np.array_equal(store.entry(KEY).read(name), content(name), equal_nan=True)
        except Missing:
            refused = True
    return refused


@pytest.mark.parametrize("pattern", ["*/c.*", "*/zarr.json", "manifest.json"])
def test_flipped_bits_are_found_and_healed(filled, whole, pattern):
    seeded = random.Random(2)
    entry = filled.entry(KEY)
    good = files(whole)
    for count in range(1, 16):
        path = seeded.choice(sorted(path for path in entry.folder.glob(pattern) if "damaged" not in path.parts))
        flip(path, seeded)
        assert served_or_refused(filled)
        if pattern == "manifest.json":
            assert filled.entries()[0].key is None
        computed = fill(entry)
        expected = {"*/c.*": 1, "*/zarr.json": 0, "manifest.json": 10}[pattern]
        assert len(computed) == expected  # a damaged description is written anew: the chunks need no computing
        assert same(filled)
        assert {name: sum_ for name, sum_ in files(filled.root).items() if "damaged" not in name} == good
        assert filled.entries()[0].damaged == count


@pytest.mark.parametrize("harm", ["gone", "cut", "empty", "swapped length"])
def test_harmed_chunks_are_computed_again(filled, harm):
    entry = filled.entry(KEY)
    path = entry.folder / "x5" / "c.2.0.0"
    if harm == "gone":
        path.unlink()
    elif harm == "cut":
        path.write_bytes(path.read_bytes()[:-100])
    elif harm == "empty":
        path.write_bytes(b"")
    else:  # a valid chunk of another array: its checksum is right, its length is not
        shutil.copy(entry.folder / "y6" / "c.2.0", path)
    assert np.array_equal(entry.read("x5", range(32)), content("x5")[:32], equal_nan=True)
    for _ in range(2):
        with pytest.raises(Damaged, match="1 chunks") as error:
            entry.read("x5", range(30, 60))
        one_line(error)
    assert filled.entries()[0].damaged == 1
    assert entry.missing() == (2,)
    assert fill(entry) == [2]
    assert same(filled)


def test_an_entry_in_the_wrong_folder_is_not_taken(filled):
    entry = filled.entry({**KEY, "data": "other"})
    shutil.copytree(filled.entry(KEY).folder, entry.folder)
    with pytest.raises(Missing):
        entry.read("x5")
    assert fill(entry) == sorted(CHUNKS)


def test_what_killed_writers_left_is_removed(filled, whole):
    folder = filled.entry(KEY).folder
    for name in ("manifest.tmp", "x5/c.3.0.8f.partial", "x5/c.77.0.0"):
        (folder / name).write_bytes(b"half")
    (folder / "y9").mkdir()
    (folder / "y9" / "zarr.json").write_text("{}")
    assert fill(filled.entry(KEY)) == []
    assert files(filled.root) == files(whole)


# Two at once


def test_two_processes_compute_each_chunk_once(store):
    writers = [start(store.root, 0.1) for _ in range(2)]
    said = [writer.communicate(timeout=60)[0].split() for writer in writers]
    assert [writer.returncode for writer in writers] == [0, 0]
    chunks = [[int(word) for word in words if word.isdigit()] for words in said]
    assert sorted(chunks[0] + chunks[1]) == sorted(CHUNKS)
    assert sorted(map(len, chunks)) == [0, 10]
    assert said[0 if not chunks[0] else 1][-1] == "waited"
    assert same(store)


@contextmanager
def held(store: Store):
    """Let another thread hold the entry."""
    ready, enough = threading.Event(), threading.Event()

    def hold():
        with store.entry(KEY).writing():
            ready.set()
            enough.wait(30)

    thread = threading.Thread(target=hold)
    thread.start()
    assert ready.wait(30)
    try:
        yield
    finally:
        enough.set()
        thread.join()


def test_waiting_says_how_far_the_other_is_and_can_be_left(filled):
    told = []
    with held(filled):
        with pytest.raises(Cancelled):
            fill(filled.entry(KEY), report=lambda done, total: told.append((done, total)), cancel=lambda: len(told) > 1)
        assert told == [(ROWS, ROWS)] * 2
        assert same(filled)  # reading waits for nobody
        with (
            pytest.raises(StoreError, match="without a result") as error,
            filled.entry(KEY).writing(timeout=0.1),
        ):
            pass
        one_line(error)
    assert fill(filled.entry(KEY)) == []


def test_a_crowd_of_threads_reads_while_one_writes(store):
    entry, wrong = store.entry(KEY), []

    def look():
        while entry.finished != CHUNKS:
            rows = [row for row in range(ROWS) if row // CHUNK_ROWS in entry.finished]
            if not np.array_equal(entry.read("x5", rows), content("x5")[rows], equal_nan=True):
                wrong.append(rows)

    fill_one = threading.Thread(target=fill, args=(entry, 0.02))
    with entry.writing():
        entry.create(SHAPES, CHUNK_ROWS)
    readers = [threading.Thread(target=look) for _ in range(4)]
    for thread in (*readers, fill_one):
        thread.start()
    for thread in (fill_one, *readers):
        thread.join(60)
        assert not thread.is_alive()
    assert wrong == []


# Disks


def keep_what_fits(root: Path) -> tuple[list[int], str]:
    """Write until the disk refuses."""
    entry, written = Store(root).entry(KEY), []
    noise = {name: np.random.default_rng(0).random(SHAPES[name], dtype=np.float32) for name in SHAPES}
    with entry.writing():
        entry.create(SHAPES, CHUNK_ROWS)
        try:
            for chunk in entry.missing():
                rows = slice(chunk * CHUNK_ROWS, (chunk + 1) * CHUNK_ROWS)
                entry.write(chunk, {name: values[rows] for name, values in noise.items()})
                written.append(chunk)
        except StoreError as error:
            return written, str(error)
    return written, ""


def test_full_disk(tmp_path):
    with small_disk(tmp_path / "disk", "120k") as root:
        written, message = keep_what_fits(root)
        assert 0 < len(written) < len(CHUNKS)
        assert "disk is full" in message
        assert "store clear" in message
        assert "\n" not in message
        entry = Store(root).entry(KEY)
        assert entry.finished == set(written)
        assert not [path for path in root.rglob("*") if path.suffix in (".partial", ".tmp")]
        on_disk = {int(path.name.split(".")[1]) for path in entry.folder.glob("*/c.*")}
        assert on_disk == set(written)
        entry.read("x5", range(len(written) * CHUNK_ROWS))
        assert Store(root).clear() > 0
        assert keep_what_fits(root)[0] == written


def test_a_limit_on_file_sizes_is_told_as_a_full_disk(store):
    resource = pytest.importorskip("resource", reason="Windows has no limit on file sizes")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (6000, hard))
    try:
        written, message = keep_what_fits(store.root)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert written == []
    assert "disk is full" in message
    assert [path.name for path in store.entry(KEY).folder.rglob("c.*")] == []


def test_read_only_folder(whole, tmp_path):
    with unwritable(whole, tmp_path / "store"):
        store = Store(tmp_path / "store")
        assert same(store)
        with pytest.raises(StoreError, match="GRADVIZ_HOME") as error:
            fill(store.entry(KEY))
        one_line(error)
        with pytest.raises(StoreError, match="GRADVIZ_HOME"):
            store.clear()
        assert len(store.entries()) == 1


def test_trouble_of_the_system_is_no_damage(filled, monkeypatch):
    def too_many(*_):
        raise OSError(24, "Too many open files")

    monkeypatch.setattr(Path, "read_bytes", too_many)
    entry = filled.entry(KEY)
    for ask in (lambda: entry.read("x5"), lambda: entry.finished, lambda: entry.missing([0])):
        with pytest.raises(StoreError, match="Too many open files") as error:
            ask()
        assert not isinstance(error.value, Missing)
        one_line(error)
    monkeypatch.undo()
    monkeypatch.setattr(zarr.Array, "__getitem__", too_many)
    with pytest.raises(StoreError, match="Try again") as error:
        entry.read("x5")
    one_line(error)
    monkeypatch.undo()
    assert same(filled)
    assert filled.entries()[0].damaged == 0


def test_reading_while_somebody_clears_leaves_nothing(filled, monkeypatch):
    monkeypatch.setattr("gradviz.features.store.disk.intact", lambda *_: filled.clear() > 0)
    with pytest.raises(Missing):
        filled.entry(KEY).read("x5")
    assert filled.size() == 0


def test_a_folder_that_cannot_be_made(tmp_path):
    (tmp_path / "file").write_text("")
    store = Store(tmp_path / "file" / "store")
    with pytest.raises(StoreError, match="GRADVIZ_HOME") as error:
        fill(store.entry(KEY))
    one_line(error)
    assert store.entries() == ()
    assert store.size() == 0


# Listing and clearing


def test_entries_say_what_is_kept(filled):
    other = filled.entry({"other": True})
    with other.writing():
        other.create({"y8": (100, 3)}, 60)
        other.write(0, {"y8": np.zeros((60, 3), np.float32)})
    os.utime(other.folder / "manifest.json", (5, 5))
    first, second = filled.entries()
    assert (first.key, first.rows, first.total, first.damaged) == (KEY, ROWS, ROWS, 0)
    assert (second.key, second.rows, second.total, second.used) == ({"other": True}, 60, 100, 5)
    assert first.bytes + second.bytes == filled.size() > first.bytes > second.bytes > 0
    other.read("y8", [0])
    assert filled.entries()[0].key == {"other": True}  # read last


def test_clear_frees_all_but_what_is_being_written(filled):
    other = filled.entry({"other": True})
    with other.writing():
        other.create({"y8": (100, 3)})
    with held(filled):
        assert filled.clear() > 0
        assert [info.key for info in filled.entries()] == [KEY]
        assert same(filled)
    size = filled.size()
    assert filled.clear() == size
    assert filled.entries() == ()
    assert filled.size() == 0
    assert Store(filled.root / "nowhere").clear() == 0
    with pytest.raises(Missing):
        filled.entry(KEY).read("x5")
    fill(filled.entry(KEY))
    assert same(filled)


def test_a_large_store_is_worth_a_word(filled, monkeypatch):
    assert filled.warning() is None
    monkeypatch.setattr(store_module, "WARN_BYTES", filled.size() - 1)
    assert "store clear" in filled.warning()
