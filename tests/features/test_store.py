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
from gradviz.features.store import Damaged, Missing, Store, canonical, chunk_file, disk, older
from tests.disks import small_disk, unwritable
from tests.features.store_writer import CHUNK_ROWS, KEY, NAMES, ROWS, WIDTHS, content, fill
from tests.features.store_writer import CHUNKS as BLOCKS

WRITER = Path(__file__).with_name("store_writer.py")
CHUNKS, KEPT = frozenset(range(len(BLOCKS))), frozenset(NAMES)
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
    return all(np.array_equal(entry.read(name, NAMES), content(name), equal_nan=True) for name in WIDTHS)


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
    for name in WIDTHS:
        values = entry.read(name, NAMES)
        assert values.dtype == np.float32
        assert values.tobytes() == content(name).tobytes()
    assert entry.rows == KEPT
    assert entry.missing(NAMES) == ()
    assert entry.widths == WIDTHS
    assert entry.notes(NAMES) == {"image 0": "cut off", "image 64": "cut off", "image 128": "cut off"}


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(0, ROWS - 1)))
def test_any_rows_in_any_order(whole, rows):
    read = Store(whole).entry(KEY).read("x5", [NAMES[row] for row in rows])
    assert np.array_equal(read, content("x5")[rows], equal_nan=True)


@given(st.lists(st.integers(0, ROWS - 1)))
def test_rows_are_arranged_as_they_lie_on_the_disk(whole, rows):
    entry = Store(whole).entry(KEY)
    entry.missing([])
    order = entry.arranged([NAMES[row] for row in rows])
    assert [rows[place] for place in order] == sorted(rows)
    assert entry.arranged(["nobody", NAMES[5]]).tolist() == [1, 0]


def test_each_needed_chunk_is_read_once(filled, monkeypatch):
    asked, plain = [], chunk_file.read_array

    def counting(path, *arguments, **named):
        asked.append(path.name)
        return plain(path, *arguments, **named)

    monkeypatch.setattr(chunk_file, "read_array", counting)
    filled.entry(KEY).read("x5", [NAMES[row] for row in (149, 0, 1, 15, 16, 17, 100)])
    assert sorted(asked) == ["000000.chunk", "000001.chunk", "000006.chunk", "000009.chunk"]


def test_one_array_is_read_without_the_bytes_of_the_others(filled):
    entry = filled.entry(KEY)
    path = entry.folder / "000002.chunk"
    path.write_bytes(path.read_bytes()[:-10])  # of y6, which comes last
    assert np.array_equal(entry.read("x5", NAMES), content("x5"), equal_nan=True)
    with pytest.raises(Damaged):
        entry.read("y6", NAMES)


def test_other_programs_can_read_a_chunk_by_its_description(filled):
    whole = (filled.entry(KEY).folder / "000004.chunk").read_bytes()
    magic, length, checksum = struct.unpack("<8sII", whole[:16])
    header = whole[16 : 16 + length]
    assert (magic, zlib.crc32(header)) == (b"gradviz\x02", checksum)
    described = json.loads(header)
    assert (described["entry"], described["chunk"]) == (filled.entry(KEY).digest, 4)
    assert described["rows"] == list(NAMES[64:80])
    assert described["notes"] == {"image 64": "cut off"}
    assert list(described["arrays"]) == list(WIDTHS)
    for name, array in described["arrays"].items():
        frame = whole[16 + length + array["start"] :][: array["bytes"]]
        assert zlib.crc32(frame) == array["crc32"]
        values = np.frombuffer(zstandard.ZstdDecompressor().decompress(frame), "<f4").reshape(array["shape"])
        assert np.array_equal(values, content(name)[64:80], equal_nan=True)
    assert 16 + length + array["start"] + array["bytes"] == len(whole)


def test_only_finished_rows_are_served(store):
    entry = store.entry(KEY)
    with pytest.raises(Missing):
        entry.read("x5", NAMES[:1])
    assert entry.missing([NAMES[3], NAMES[1], NAMES[3]]) == (NAMES[3], NAMES[1])
    assert entry.widths == {}
    with entry.writing(WIDTHS) as writer:
        assert writer.missing([NAMES[20], NAMES[1], NAMES[1]]) == (NAMES[20], NAMES[1])
        writer.write(BLOCKS[1], {name: content(name)[16:32] for name in WIDTHS})
        assert writer.missing([NAMES[20], NAMES[1]]) == (NAMES[1],)
    assert entry.rows == set(BLOCKS[1])
    assert entry.missing(NAMES[:40]) == NAMES[:16] + NAMES[32:40]
    assert np.array_equal(entry.read("x5", BLOCKS[1]), content("x5")[16:32])
    with pytest.raises(Missing, match="1 of 17 rows") as error:
        entry.read("x5", NAMES[15:32])
    one_line(error)
    with pytest.raises(Missing, match="y7"):
        entry.read("y7", NAMES[16:17])


def test_a_larger_selection_adds_only_what_is_new(store):
    with store.entry(KEY).writing(WIDTHS) as writer:
        writer.write(NAMES[5:9], {name: content(name)[5:9] for name in WIDTHS})
    other = store.entry(KEY)
    with other.writing(WIDTHS) as writer:
        assert writer.missing(NAMES[4:12]) == (NAMES[4], *NAMES[9:12])
        writer.write([NAMES[4], *NAMES[9:12]], {n: content(n)[[4, 9, 10, 11]] for n in WIDTHS})
    assert np.array_equal(other.read("x5", NAMES[4:12]), content("x5")[4:12])
    assert sorted(path.name for path in other.folder.glob("*.chunk")) == ["000000.chunk", "000001.chunk"]


def test_what_another_process_writes_or_clears_is_seen(store, filled):
    reader = filled.entry(KEY)
    assert same(filled)
    assert np.array_equal(reader.read("x5", NAMES[:3]), content("x5")[:3])
    filled.clear()
    writer = filled.entry(KEY)
    with writer.writing(WIDTHS) as into:  # the same number of a chunk now holds other rows
        into.write(NAMES[16:32], {name: content(name)[16:32] for name in WIDTHS})
    with pytest.raises(Missing):
        reader.read("x5", NAMES[:3])
    assert reader.rows == set(NAMES[16:32])
    assert np.array_equal(reader.read("x5", NAMES[20:22]), content("x5")[20:22])
    assert filled.entries()[0].damaged == 0


def test_writing_again_changes_nothing_and_other_arrays_are_refused(filled):
    before = files(filled.root)
    entry = filled.entry(KEY)
    with entry.writing(WIDTHS):
        assert files(filled.root) == before
    for widths in ({"x5": WIDTHS["x5"]}, {**WIDTHS, "y6": (8,)}):
        with pytest.raises(StoreError, match="store clear") as error, entry.writing(widths):
            pass
        one_line(error)
    assert files(filled.root) == before


def test_rows_of_other_shapes_types_and_names_are_refused(filled):
    entry = filled.entry(KEY)
    good, names = {name: content(name)[:16] for name in WIDTHS}, [f"new {row}" for row in range(16)]
    bad = [(names, {**good, "x5": good["x5"][:8]}), (names, {**good, "x5": good["x5"].astype(np.float64)})]
    bad += [(names, {"x5": good["x5"]}), (names[:9], good), ([], {name: values[:0] for name, values in good.items()})]
    bad += [([*names[:15], names[0]], good)]
    with entry.writing(WIDTHS) as writer:
        for rows, arrays in bad:
            with pytest.raises(ValueError, match=r"float32|every array|a name of its own"):
                writer.write(rows, arrays)
    assert same(filled)
    with pytest.raises(RuntimeError):
        writer.write(names, good)


@pytest.mark.parametrize("widths", [{}, {"../x5": (1,)}])
def test_odd_arrays_are_refused(store, widths):
    with pytest.raises(ValueError, match="plain names"), store.entry(KEY).writing(widths):
        pass


def test_notes_of_some_rows(filled):
    entry = filled.entry(KEY)
    assert entry.notes(NAMES[:80]) == {"image 0": "cut off", "image 64": "cut off"}
    assert entry.notes([]) == {}
    with pytest.raises(Missing, match="1 of 2 rows"):
        entry.notes([NAMES[0], "nobody"])


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
            entry = Store(entry.folder.parent).entry(KEY)  # as the next process sees it
            kept = {number for number, names in enumerate(BLOCKS) if entry.rows >= set(names)}
            assert entry.rows == {name for number in kept for name in BLOCKS[number]}
            assert kept >= finished | said
            lost.append(len(list(entry.folder.glob("*.tmp"))))
            finished = kept
            interrupted += finished != CHUNKS
            rows = [row for row in range(ROWS) if row // CHUNK_ROWS in finished]
            for name in WIDTHS if rows else ():
                read = entry.read(name, [NAMES[row] for row in rows])
                assert np.array_equal(read, content(name)[rows], equal_nan=True)
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
    for name in WIDTHS:
        try:
            assert np.array_equal(store.entry(KEY).read(name, NAMES), content(name), equal_nan=True)
        except Missing:
            refused = True
    return refused


def test_flipped_bits_are_found_and_healed(filled, whole):
    seeded = random.Random(2)
    entry = filled.entry(KEY)
    good = files(whole)
    block_of = {f"{number:06d}.chunk": number for number in range(len(BLOCKS))}
    for count in range(1, FLIPS + 1):
        path = seeded.choice(sorted(path for path in entry.folder.iterdir() if path.is_file()))
        flip(path, seeded)
        assert served_or_refused(filled)
        described = path.name == "entry.json"
        assert (filled.entries()[0].key is None) == described
        # A damaged description is written again: the chunks need no computing. Others are written anew, as a new chunk.
        rows = [] if described else [block_of[path.name]]
        assert fill(filled.entry(KEY)) == rows
        assert same(filled)
        if rows:
            (new,) = (p for p in entry.folder.glob("*.chunk") if p.name not in block_of)
            block_of[new.name] = block_of.pop(path.name)
        assert {p.name for p in entry.folder.glob("*.*")} == {"entry.json", *block_of}
        assert files(filled.root)["entry.json"] == good["entry.json"]
        assert filled.entries()[0].damaged == count


def test_every_byte_of_what_is_not_an_array_is_watched(filled):
    """The random flips of the test above seldom meet these few bytes."""
    entry = filled.entry(KEY)
    path = entry.folder / "000000.chunk"
    whole = path.read_bytes()
    for byte in range(16 + struct.unpack("<8sII", whole[:16])[1]):
        path.write_bytes(flipped(whole, 8 * byte + byte % 8))
        with pytest.raises(chunk_file.CorruptError):
            chunk_file.read_rows(path, entry.digest, 0)
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
    assert np.array_equal(entry.read("x5", NAMES[:32]), content("x5")[:32], equal_nan=True)
    assert np.array_equal(entry.read("x5", NAMES[48:]), content("x5")[48:], equal_nan=True)
    with pytest.raises(Missing) as error:  # found at once, in the header, or as the array is read
        entry.read("y6", NAMES[30:60])
    one_line(error)
    for _ in range(2):
        with pytest.raises(Missing, match="16 of 30 rows"):
            entry.read("x5", NAMES[30:60])
    (info,) = (info for info in filled.entries() if info.key == KEY)
    assert info.damaged == 1
    assert entry.missing(NAMES) == BLOCKS[2]
    assert fill(entry) == [2]
    assert same(filled)


def test_a_chunk_that_is_damaged_while_it_is_known_is_named(filled):
    entry = filled.entry(KEY)
    entry.read("x5", NAMES)
    path = entry.folder / "000002.chunk"
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(Damaged, match=r"1 of 3 chunks of y6 .* set aside \(000002\.chunk\)") as error:
        entry.read("y6", NAMES[30:60])
    one_line(error)
    assert entry.missing(NAMES) == BLOCKS[2]


def test_a_chunk_that_vanished_is_computed_again(filled):
    entry = filled.entry(KEY)
    entry.read("x5", NAMES)
    (entry.folder / "000002.chunk").unlink()
    with pytest.raises(Missing, match="1 of 10 chunks"):
        entry.read("x5", NAMES)
    assert entry.missing(NAMES) == BLOCKS[2]
    assert fill(entry) == [2]
    assert same(filled)


def test_an_entry_in_the_wrong_folder_is_not_taken(filled):
    entry = filled.entry({**KEY, "data": "other"})
    shutil.copytree(filled.entry(KEY).folder, entry.folder)
    with pytest.raises(Missing):
        entry.read("x5", NAMES)
    # The description is set aside at once, and the chunks, which name another entry, as they are looked at.
    assert fill(entry) == sorted(CHUNKS)
    assert np.array_equal(entry.read("x5", NAMES), content("x5"), equal_nan=True)
    assert next(info for info in filled.entries() if info.digest == entry.digest).damaged == 11


def test_what_killed_writers_left_is_removed(filled, whole):
    folder = filled.entry(KEY).folder
    for name in ("entry.tmp", "000003.tmp", "other.chunk"):
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


def test_a_still_older_format_is_named_and_cleared_alone(store, filled):
    write_old_format(filled.entry({"other": True}).folder)
    assert {info.old: (info.key, info.rows, info.bytes > 1000) for info in filled.entries()} == {
        False: (KEY, ROWS, True),
        True: (None, 0, True),
    }
    with pytest.raises(Missing):
        filled.entry({"other": True}).read("x5", NAMES)
    size = filled.older()
    assert filled.clear(old=True) == size > 1000
    assert filled.older() == filled.clear(old=True) == 0
    assert same(filled)
    store.clear()
    write_old_format(store.entry(KEY).folder)
    assert fill(store.entry(KEY)) == sorted(CHUNKS)
    assert not store.entries()[0].old


# Rows that an earlier version numbered

OLD_KEY = {"data": "a set", "weights": "a1"}
BATCH = 16


def write_numbered(store: Store, key=OLD_KEY, *, chunks=range(3)) -> Path:
    """Make what an entry of the format before looked like: chunks of 64 rows, the last one short."""
    folder = store.entry(key).folder
    folder.mkdir(parents=True)
    shapes = {name: (ROWS, *width) for name, width in WIDTHS.items()}
    body = {"format": 2, "key": key, "rows": ROWS, "chunk_rows": 64, "shapes": shapes}
    (folder / "entry.json").write_bytes(disk.described(body))
    for chunk in chunks:
        rows = slice(64 * chunk, min(64 * (chunk + 1), ROWS))
        arrays = {name: content(name)[rows] for name in WIDTHS}
        chunk_file.write(disk.chunk_path(folder, chunk), folder.name, chunk, (), arrays, {"image 3": "cut off"})
    return folder


def adopt(store: Store, **changes) -> None:
    older.adopt(store.root, OLD_KEY, store.entry(KEY), WIDTHS, lambda: changes.get("names", NAMES), batch=BATCH)


def test_numbered_rows_are_moved_to_their_names(store):
    folder = write_numbered(store)
    assert [(info.old, info.key, info.rows) for info in store.entries()] == [(True, OLD_KEY, ROWS)]
    before = store.size()
    adopt(store)
    assert not folder.exists()
    assert store.older() == 0
    assert store.size() < before + 64 * 70
    failed = {3, 40, *range(64, 80), 149}
    short = set(range(128 + 22 // BATCH * BATCH, ROWS))  # of the last chunk's last batch
    kept = [row for row in range(ROWS) if row not in failed | short]
    entry = store.entry(KEY)
    assert entry.rows == {NAMES[row] for row in kept}
    for name in WIDTHS:
        assert np.array_equal(entry.read(name, [NAMES[row] for row in kept]), content(name)[kept])
    assert entry.notes([NAMES[row] for row in kept]) == {}


def test_what_is_not_quite_an_older_entry_is_none(store):
    folder = write_numbered(store)
    body = json.loads((folder / "entry.json").read_bytes())["entry"]
    assert older.load(folder).key == OLD_KEY
    for change in ({"format": 1}, {"key": {"another": "key"}}):
        (folder / "entry.json").write_bytes(disk.described(body | change))
        assert older.load(folder) is None
    (folder / "entry.json").write_bytes(disk.described(body) + b" ")
    assert older.load(folder) is None


def test_gradients_of_moved_rows_go_and_others_stay(store):
    write_numbered(store)
    mine = write_numbered(store, {"forward": OLD_KEY, "temperature": 8.0})
    other = write_numbered(store, {"forward": {"data": "another set"}})
    adopt(store)
    assert not mine.exists()
    assert other.exists()


def test_only_what_will_be_taken_over_is_said_to_wait(store):
    assert store.older_note() == ()
    write_old_format(store.entry({"other": True}).folder)
    write_numbered(store, {"kind": "backward", "network": "alexnet64"})
    write_numbered(store, {"kind": "forward", "network": "mine:make"})
    (note,) = store.older_note()
    assert ": this version does not read it; `python -m gradviz store clear --old` removes it." in note
    waiting = write_numbered(store, {"kind": "forward", "network": "alexnet64"})
    size = disk.size(waiting)
    assert store.older(waiting=True) == size < store.older()
    (note,) = store.older_note()
    assert note.startswith(
        f"{store.older() / 1e3:.1f} kB of features are in an older format: {size / 1e3:.1f} kB of it"
    )
    assert "are taken over where their data set is used again, the rest is not read" in note
    store.clear()
    write_numbered(store, {"kind": "forward", "network": "alexnet64"})
    (note,) = store.older_note()
    assert note.startswith(
        f"{size / 1e3:.1f} kB of features are in an older format: it is taken over where its data set"
    )


def test_numbered_rows_are_moved_once_and_damaged_ones_not_at_all(store):
    folder = write_numbered(store)
    flip(folder / "000000.chunk", random.Random(3))
    with store.entry(KEY).writing(WIDTHS) as writer:
        writer.write(NAMES[80:83], {name: content(name)[80:83] for name in WIDTHS})
    adopt(store)
    entry = store.entry(KEY)
    assert not entry.rows & set(NAMES[:64])
    assert np.array_equal(entry.read("x5", NAMES[80:120]), content("x5")[80:120])
    adopt(store)
    assert len(list(entry.folder.glob("*.chunk"))) == 3


@pytest.mark.parametrize("names", [NAMES[1:], ()])
def test_numbered_rows_of_another_number_of_names_stay(store, names):
    folder = write_numbered(store)
    adopt(store, names=names)
    assert folder.exists()
    assert store.entry(KEY).rows == set()


def test_numbered_rows_stay_on_a_full_disk(tmp_path):
    with small_disk(tmp_path / "disk", "600k") as root:
        store = Store(root)
        folder = write_numbered(store)
        (root / "other").write_bytes(bytes(1000 * 600 - store.size() - 20_000))
        adopt(store)
        assert len(list(folder.glob("*.chunk"))) == 3
        assert store.older() > 0


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
        with store.entry(KEY).writing(WIDTHS):
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
            filled.entry(KEY).writing(WIDTHS, timeout=0.1),
        ):
            pass
        one_line(error)
    assert fill(filled.entry(KEY)) == []


def test_a_crowd_of_threads_reads_while_one_writes(store):
    entry, wrong = store.entry(KEY), []

    def look():
        while (there := entry.rows) != KEPT:
            rows = [row for row in range(ROWS) if NAMES[row] in there]
            if not np.array_equal(entry.read("x5", [NAMES[row] for row in rows]), content("x5")[rows], equal_nan=True):
                wrong.append(rows)

    fill_one = threading.Thread(target=fill, args=(entry, 0.02))
    with entry.writing(WIDTHS):
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
    noise = {name: np.random.default_rng(0).random((ROWS, *WIDTHS[name]), dtype=np.float32) for name in WIDTHS}
    with entry.writing(WIDTHS) as writer:
        try:
            for chunk, names in enumerate(BLOCKS):
                rows = slice(chunk * CHUNK_ROWS, (chunk + 1) * CHUNK_ROWS)
                writer.write(names, {name: values[rows] for name, values in noise.items()})
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
        assert entry.rows == {name for chunk in written for name in BLOCKS[chunk]}
        assert {path.name for path in entry.folder.iterdir()} == {
            "entry.json",
            *(f"{chunk:06d}.chunk" for chunk in written),
        }
        entry.read("x5", NAMES[: len(written) * CHUNK_ROWS])
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
        ("read_bytes", (lambda: entry.read("x5", NAMES), lambda: entry.rows, lambda: entry.missing(NAMES))),
        ("open", (lambda: entry.read("x5", NAMES), lambda: entry.notes(NAMES))),
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
    entry = filled.entry(KEY)
    assert entry.missing(NAMES) == BLOCKS[3]
    assert filled.entries()[0].damaged == 1


def test_reading_while_somebody_clears_leaves_nothing(filled, monkeypatch):
    plain = disk.chunk_path
    monkeypatch.setattr(disk, "chunk_path", lambda *which: filled.clear() >= 0 and plain(*which))
    with pytest.raises(Missing):
        filled.entry(KEY).read("x5", NAMES)
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
    with other.writing({"y8": (3,)}) as writer:
        writer.write(NAMES[:60], {"y8": np.zeros((60, 3), np.float32)})
    os.utime(other.folder / "entry.json", (5, 5))
    first, second = filled.entries()
    assert (first.key, first.rows, first.damaged, first.old) == (KEY, ROWS, 0, False)
    assert (second.key, second.rows, second.used) == ({"other": True}, 60, 5)
    assert first.bytes + second.bytes == filled.size() > first.bytes > second.bytes > 0
    other.read("y8", NAMES[:1])
    assert filled.entries()[0].key == {"other": True}  # read last


def test_clear_frees_all_but_what_is_being_written(filled):
    other = filled.entry({"other": True})
    with other.writing({"y8": (3,)}):
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
        filled.entry(KEY).read("x5", NAMES)
    fill(filled.entry(KEY))
    assert same(filled)


def test_two_may_clear_at_once(filled):
    folders = [filled.entry({"number": number}) for number in range(20)]
    for entry in folders:
        with entry.writing({"x": (1,)}):
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
