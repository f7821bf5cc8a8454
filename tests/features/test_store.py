import errno
import hashlib
import json
import os
import random
import shutil
import struct
import subprocess
import sys
import threading
import time
import zlib
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from gradviz.errors import Cancelled, StoreError
from gradviz.features import store as store_module
from gradviz.features.store import Damaged, Missing, Store, by_chunk, canonical, chunk_file, chunks_of, disk
from tests.disks import small_disk, unwritable
from tests.features.store_writer import CHUNK_ROWS, KEY, ROWS, SHAPES, content, fill

WRITER = Path(__file__).with_name("store_writer.py")
CHUNKS = frozenset(range(10))
KILLS = FLIPS = 200


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
    assert entry.notes() == {"image 0": "cut off", "image 4": "cut off", "image 8": "cut off"}


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
    asked, plain = [], chunk_file.read_array

    def counting(path, *arguments):
        asked.append(path.name)
        return plain(path, *arguments)

    monkeypatch.setattr(chunk_file, "read_array", counting)
    filled.entry(KEY).read("x5", [0, 1, 15, 16, 17, 100, 149])
    assert sorted(asked) == ["000000.chunk", "000001.chunk", "000006.chunk", "000009.chunk"]


def test_one_array_is_read_without_the_bytes_of_the_others(filled):
    entry = filled.entry(KEY)
    path = entry.folder / "000002.chunk"
    path.write_bytes(path.read_bytes()[:-10])  # of y6, which comes last
    assert np.array_equal(entry.read("x5"), content("x5"), equal_nan=True)
    with pytest.raises(Damaged):
        entry.read("y6")


def test_other_programs_can_read_a_chunk_by_its_description(filled):
    whole = (filled.entry(KEY).folder / "000004.chunk").read_bytes()
    magic, length, checksum = struct.unpack("<8sII", whole[:16])
    header = whole[16 : 16 + length]
    assert (magic, zlib.crc32(header)) == (b"gradviz\x02", checksum)
    described = json.loads(header)
    assert (described["entry"], described["chunk"]) == (filled.entry(KEY).digest, 4)
    assert described["notes"] == {"image 4": "cut off"}
    assert list(described["arrays"]) == list(SHAPES)
    for name, array in described["arrays"].items():
        frame = whole[16 + length + array["start"] :][: array["bytes"]]
        assert zlib.crc32(frame) == array["crc32"]
        values = np.frombuffer(zstandard.ZstdDecompressor().decompress(frame), "<f4").reshape(array["shape"])
        assert np.array_equal(values, content(name)[64:80], equal_nan=True)
    assert 16 + length + array["start"] + array["bytes"] == len(whole)


def test_only_finished_chunks_are_served(store):
    entry = store.entry(KEY)
    with pytest.raises(Missing):
        entry.read("x5")
    with pytest.raises(Missing):
        entry.missing()
    assert entry.missing([3, 1]) == (1, 3)
    assert entry.shapes == {}
    with entry.writing(SHAPES, CHUNK_ROWS) as writer:
        assert writer.missing([2, 1, 1]) == (1, 2)
        writer.write(1, {name: content(name)[16:32] for name in SHAPES})
        assert writer.missing([2, 1]) == (2,)
    assert entry.finished == {1}
    assert entry.missing([0, 1, 2]) == (0, 2)
    assert np.array_equal(entry.read("x5", range(16, 32)), content("x5")[16:32])
    with pytest.raises(Missing, match="1 of 2 chunks") as error:
        entry.read("x5", range(15, 32))
    one_line(error)
    with pytest.raises(Missing, match="y7"):
        entry.read("y7", [16])


def test_writing_again_changes_nothing_and_other_shapes_are_refused(filled):
    before = files(filled.root)
    entry = filled.entry(KEY)
    with entry.writing(SHAPES, CHUNK_ROWS):
        assert files(filled.root) == before
    for shapes, chunk_rows in (({"x5": SHAPES["x5"]}, CHUNK_ROWS), (SHAPES, 32)):
        with pytest.raises(StoreError, match="store clear") as error, entry.writing(shapes, chunk_rows):
            pass
        one_line(error)
    assert files(filled.root) == before


def test_half_chunks_and_other_types_are_refused(filled):
    entry = filled.entry(KEY)
    good = {name: content(name)[:16] for name in SHAPES}
    bad = [(0, {**good, "x5": good["x5"][:8]}), (0, {**good, "x5": good["x5"].astype(np.float64)})]
    bad += [(0, {"x5": good["x5"]}), (9, good), (10, {name: values[:0] for name, values in good.items()})]
    with entry.writing(SHAPES, CHUNK_ROWS) as writer:
        for chunk, arrays in bad:
            with pytest.raises(ValueError, match=r"float32|every array"):
                writer.write(chunk, arrays)
    assert same(filled)
    with pytest.raises(RuntimeError):
        writer.write(0, good)


@pytest.mark.parametrize("shapes", [{}, {"x5": (3, 1), "y6": (4, 1)}, {"../x5": (3, 1)}])
def test_odd_arrays_are_refused(store, shapes):
    with pytest.raises(ValueError, match="plain names"), store.entry(KEY).writing(shapes):
        pass


def test_notes_of_some_chunks(filled):
    entry = filled.entry(KEY)
    assert entry.notes([0, 1, 2, 3, 4]) == {"image 0": "cut off", "image 4": "cut off"}
    assert entry.notes([]) == {}
    with pytest.raises(Missing, match="1 of 2 chunks"):
        entry.notes([0, 10])


def test_chunks_of():
    assert chunks_of([0, 63, 64, 200]) == (0, 1, 3)
    assert chunks_of([], 16) == ()
    assert chunks_of(np.array([5, 9]), 5) == (1,)


@given(st.lists(st.integers(0, 99)), st.integers(1, 30))
def test_by_chunk_splits_ascending_rows(rows, chunk_rows):
    rows = np.array(sorted(rows), np.int64)
    places = by_chunk(rows, chunk_rows)
    assert tuple(places) == chunks_of(rows, chunk_rows)
    assert np.array_equal(np.concatenate([rows[:0], *(rows[place] for place in places.values())]), rows)
    assert all(set(rows[place] // chunk_rows) == {chunk} for chunk, place in places.items())


def test_nothing_is_unpickled(store, monkeypatch):
    def refuse(*_, **__):
        raise AssertionError("unpickled")

    for name in ("load", "loads", "Unpickler"):
        monkeypatch.setattr(f"pickle.{name}", refuse)
    fill(store.entry(KEY))
    assert same(store)


# Kills and flips


@contextmanager
def nursery():
    """Start the process that forks writers."""
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen([sys.executable, WRITER], **pipes) as process:
        yield process
        process.stdin.close()


def killed_while_writing(writers: subprocess.Popen, root: Path, delay: float) -> set[int]:
    """Kill a writer at some moment of its life and list the chunks that it said were finished."""
    writers.stdin.write(f"{root}\n")
    writers.stdin.flush()
    said = []
    while not (said and said[-1].startswith("process")):
        said.append(writers.stdout.readline().strip())
    time.sleep(delay)
    os.kill(int(said[-1].split()[1]), 9)
    writers.stdin.write("\n")  # now it may be waited for; before, its number could have become another's
    writers.stdin.flush()
    while said[-1] != "end":
        said.append(writers.stdout.readline().strip())
    return {int(word) for word in said if word.isdigit()}


@pytest.mark.skipif(not hasattr(os, "fork"), reason="Windows has no fork")
def test_killed_writers_lose_at_most_one_chunk(whole, tmp_path):
    seeded, entry, finished, interrupted, lost = random.Random(1), None, frozenset(), 0, []
    with nursery() as writers:
        for number in range(KILLS):
            if entry is None:
                entry, finished = Store(tmp_path / str(number)).entry(KEY), frozenset()
            said = killed_while_writing(writers, entry.folder.parent, seeded.uniform(0, 0.006))
            assert entry.finished >= finished | said
            lost.append(len(list(entry.folder.glob("*.tmp"))))
            finished = entry.finished
            interrupted += finished != CHUNKS
            rows = [row for row in range(ROWS) if row // CHUNK_ROWS in finished]
            for name in SHAPES if rows else ():
                assert np.array_equal(entry.read(name, rows), content(name)[rows], equal_nan=True)
            if finished == CHUNKS or number == KILLS - 1:
                fill(entry)
                assert files(entry.folder.parent) == files(whole)  # bit-identical, and nothing else lies about
                entry = None
    assert interrupted > KILLS // 10
    assert max(lost) <= 1


def flipped(content: bytes, bit: int) -> bytes:
    return content[: bit // 8] + bytes([content[bit // 8] ^ 1 << bit % 8]) + content[bit // 8 + 1 :]


def flip(path: Path, seeded: random.Random) -> None:
    content = path.read_bytes()
    path.write_bytes(flipped(content, seeded.randrange(8 * len(content))))


def served_or_refused(store: Store) -> bool:
    """Read every array; whatever is served must be right. Tell whether anything was refused."""
    refused = False
    for name in SHAPES:
        try:
            assert np.array_equal(store.entry(KEY).read(name), content(name), equal_nan=True)
        except Missing:
            refused = True
    return refused


def test_flipped_bits_are_found_and_healed(filled, whole):
    seeded = random.Random(2)
    entry = filled.entry(KEY)
    good = files(whole)
    for count in range(1, FLIPS + 1):
        path = seeded.choice(sorted(path for path in entry.folder.iterdir() if path.is_file()))
        flip(path, seeded)
        assert served_or_refused(filled)
        described = path.name == "entry.json"
        assert (filled.entries()[0].key is None) == described
        # A damaged description is written again: the chunks need no computing.
        assert fill(entry) == ([] if described else [int(path.stem)])
        assert same(filled)
        assert {name: sum_ for name, sum_ in files(filled.root).items() if "damaged" not in name} == good
        assert filled.entries()[0].damaged == count


def test_every_byte_of_what_is_not_an_array_is_watched(filled):
    """The random flips of the test above seldom meet these few bytes."""
    entry = filled.entry(KEY)
    path = entry.folder / "000000.chunk"
    whole = path.read_bytes()
    for byte in range(16 + struct.unpack("<8sII", whole[:16])[1]):
        path.write_bytes(flipped(whole, 8 * byte + byte % 8))
        with pytest.raises(chunk_file.CorruptError):
            chunk_file.read_notes(path, entry.digest, 0)
    described = (entry.folder / "entry.json").read_bytes()
    for byte in range(len(described)):
        (entry.folder / "entry.json").write_bytes(flipped(described, 8 * byte + byte % 8))
        assert disk.load(entry.folder) is None


@pytest.mark.parametrize("harm", ["cut", "cut header", "empty", "another chunk", "another entry"])
def test_harmed_chunks_are_computed_again(filled, harm):
    entry = filled.entry(KEY)
    path = entry.folder / "000002.chunk"
    if harm == "another chunk":  # its checksums are right, its place is not
        shutil.copy(entry.folder / "000003.chunk", path)
    elif harm == "another entry":
        fill(filled.entry({**KEY, "crops": 2}))
        shutil.copy(filled.entry({**KEY, "crops": 2}).folder / path.name, path)
    else:
        path.write_bytes(path.read_bytes()[: {"cut": -100, "cut header": 100, "empty": 0}[harm]])
    assert np.array_equal(entry.read("x5", range(32)), content("x5")[:32], equal_nan=True)
    assert np.array_equal(entry.read("x5", range(48, ROWS)), content("x5")[48:], equal_nan=True)
    with pytest.raises(Damaged, match=r"1 of 3 chunks of y6 .* set aside \(000002\.chunk\)") as error:
        entry.read("y6", range(30, 60))
    one_line(error)
    for _ in range(2):
        with pytest.raises(Missing, match="1 of 3 chunks"):
            entry.read("x5", range(30, 60))
    (info,) = (info for info in filled.entries() if info.key == KEY)
    assert info.damaged == 1
    assert entry.missing() == (2,)
    assert fill(entry) == [2]
    assert same(filled)


def test_a_chunk_that_vanished_is_computed_again(filled):
    entry = filled.entry(KEY)
    (entry.folder / "000002.chunk").unlink()
    with pytest.raises(Missing, match="1 of 10 chunks"):
        entry.read("x5")
    assert entry.missing() == (2,)
    assert fill(entry) == [2]
    assert same(filled)


def test_an_entry_in_the_wrong_folder_is_not_taken(filled):
    entry = filled.entry({**KEY, "data": "other"})
    shutil.copytree(filled.entry(KEY).folder, entry.folder)
    with pytest.raises(Missing):
        entry.read("x5")
    # The description is set aside at once; the chunks name another entry and go as they are read.
    assert fill(entry) == []
    with pytest.raises(Damaged, match="10 of 10"):
        entry.read("x5")
    assert fill(entry) == sorted(CHUNKS)
    assert np.array_equal(entry.read("x5"), content("x5"), equal_nan=True)


def test_what_killed_writers_left_is_removed(filled, whole):
    folder = filled.entry(KEY).folder
    for name in ("entry.tmp", "000003.tmp", "000077.chunk", "other.chunk"):
        (folder / name).write_bytes(b"half")
    (folder / "y9").mkdir()
    (folder / "y9" / "file").write_text("{}")
    assert fill(filled.entry(KEY)) == []
    assert files(filled.root) == files(whole)


def write_old_format(folder: Path) -> None:
    """Make what an entry looked like before: zarr arrays beside a manifest."""
    (folder / "x5").mkdir(parents=True)
    (folder / "manifest.json").write_text('{"manifest": {"schema": 1}}')
    (folder / "x5" / "zarr.json").write_text("{}")
    (folder / "x5" / "c.0.0.0").write_bytes(bytes(1000))


def test_an_older_format_is_named_replaced_and_cleared(store, whole):
    for key in (KEY, {"other": True}):
        write_old_format(store.entry(key).folder)
    assert [(info.old, info.key, info.rows, info.bytes > 1000) for info in store.entries()] == [
        (True, None, 0, True)
    ] * 2
    with pytest.raises(Missing):
        store.entry(KEY).read("x5")
    assert fill(store.entry(KEY)) == sorted(CHUNKS)
    assert files(store.root) == files(whole)
    assert {info.old: info.key for info in store.entries()} == {False: KEY, True: None}
    assert store.clear() > 0
    assert (store.entries(), store.size()) == ((), 0)


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
        with store.entry(KEY).writing(SHAPES, CHUNK_ROWS):
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
            filled.entry(KEY).writing(SHAPES, CHUNK_ROWS, timeout=0.1),
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
    with entry.writing(SHAPES, CHUNK_ROWS):
        pass
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
    with entry.writing(SHAPES, CHUNK_ROWS) as writer:
        try:
            for chunk in writer.missing():
                rows = slice(chunk * CHUNK_ROWS, (chunk + 1) * CHUNK_ROWS)
                writer.write(chunk, {name: values[rows] for name, values in noise.items()})
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
        assert {path.name for path in entry.folder.iterdir()} == {
            "entry.json",
            *(f"{chunk:06d}.chunk" for chunk in written),
        }
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
    assert [path.name for path in store.entry(KEY).folder.iterdir()] == ["entry.json"]


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
    def too_many(*_, **__):
        raise OSError(24, "Too many open files")

    entry = filled.entry(KEY)
    for name, asks in (
        ("read_bytes", (lambda: entry.read("x5"), lambda: entry.finished, lambda: entry.missing([0]))),
        ("open", (lambda: entry.read("x5"), lambda: entry.notes())),
    ):
        with monkeypatch.context() as patched:
            patched.setattr(Path, name, too_many)
            for ask in asks:
                with pytest.raises(StoreError, match="Too many open files") as error:
                    ask()
                assert not isinstance(error.value, Missing)
                one_line(error)
    assert same(filled)
    assert filled.entries()[0].damaged == 0


def test_a_chunk_that_the_disk_cannot_read_is_damaged(filled, monkeypatch):
    plain = Path.open

    def broken(self, *arguments, **named):
        if self.name == "000003.chunk":
            raise OSError(errno.EIO, "Input/output error")
        return plain(self, *arguments, **named)

    monkeypatch.setattr(Path, "open", broken)
    with pytest.raises(Damaged, match="000003"):
        filled.entry(KEY).read("x5")
    assert filled.entries()[0].damaged == 1


def test_reading_while_somebody_clears_leaves_nothing(filled, monkeypatch):
    plain = disk.chunk_path
    monkeypatch.setattr(disk, "chunk_path", lambda *which: filled.clear() >= 0 and plain(*which))
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
    with other.writing({"y8": (100, 3)}, 60) as writer:
        writer.write(0, {"y8": np.zeros((60, 3), np.float32)})
    os.utime(other.folder / "entry.json", (5, 5))
    first, second = filled.entries()
    assert (first.key, first.rows, first.total, first.damaged, first.old) == (KEY, ROWS, ROWS, 0, False)
    assert (second.key, second.rows, second.total, second.used) == ({"other": True}, 60, 100, 5)
    assert first.bytes + second.bytes == filled.size() > first.bytes > second.bytes > 0
    other.read("y8", [0])
    assert filled.entries()[0].key == {"other": True}  # read last


def test_clear_frees_all_but_what_is_being_written(filled):
    other = filled.entry({"other": True})
    with other.writing({"y8": (100, 3)}):
        pass
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


def test_two_may_clear_at_once(filled):
    folders = [filled.entry({"number": number}) for number in range(20)]
    for entry in folders:
        with entry.writing({"x": (1, 1)}):
            pass
    with ThreadPoolExecutor(4) as pool:
        freed = list(pool.map(lambda _: filled.clear(), range(8)))
    assert sum(freed) > 0
    assert filled.entries() == ()


def test_a_large_store_is_worth_a_word(filled, monkeypatch):
    assert filled.warning() is None
    monkeypatch.setattr(store_module, "WARN_BYTES", filled.size() - 1)
    assert "store clear" in filled.warning()


# Bookkeeping


def test_what_an_evaluation_costs_grows_with_the_number_of_chunks(tmp_path):
    """Listing the folder, or writing a list of all chunks, once for each chunk would make it grow with the square."""
    script, found = Path(__file__).with_name("store_costs.py"), {}
    for chunks in (100, 200):
        command = [sys.executable, script, tmp_path / str(chunks), str(64 * chunks)]
        found[chunks] = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    for what, once in found[100].items():
        assert found[200][what] <= 2.2 * once, (what, found)
    assert 0 < found[200]["names"] < 10 * 200, found  # a few looks at each folder
