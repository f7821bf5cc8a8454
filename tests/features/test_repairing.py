"""What is kept is read, what is absent or damaged is computed, and a disk that refuses stops nothing."""

from pathlib import Path

import numpy as np
import pytest

from gradviz.errors import Cancelled, DatasetError, StoreError
from gradviz.features.store import Damaged, Store
from gradviz.features.store.repairing import REPAIRS, Block, RepairingEntry
from tests.disks import small_disk, unwritable

ROWS, WIDTH = 150, 500  # three blocks of 64 rows, the last one short
X = np.random.default_rng(0).random((ROWS, WIDTH), dtype=np.float32)
NAMES = tuple(f"image {row}" for row in range(ROWS))
BLOCKS = (NAMES[:64], NAMES[64:128], NAMES[128:])


def named(*rows: int) -> list[str]:
    return [NAMES[row] for row in rows]


def of(*blocks: int) -> list[str]:
    """Return the rows of some blocks."""
    return [name for block in blocks for name in BLOCKS[block]]


class Work:
    """Compute rows in the blocks that they belong to, remember which blocks, and note that row 70 failed."""

    def __init__(self):
        self.blocks = []

    def __call__(self, rows, progress, cancel):
        wanted = [number for number, names in enumerate(BLOCKS) if set(names) & set(rows)]
        for done, number in enumerate(wanted, start=1):
            self.blocks.append(number)
            names = [name for name in BLOCKS[number] if name in rows]
            values = X[[NAMES.index(name) for name in names]]
            yield Block(names, {"x": values}, {"image 70": "cut off"} if "image 70" in names else {})
            progress(done, len(wanted))


def repairing(root: Path, work) -> RepairingEntry:
    return RepairingEntry(Store(root).entry({"a": 1}), {"x": (WIDTH,)}, work)


def flip(root: Path, chunk: int) -> None:
    """Flip a bit in the middle of a chunk's file."""
    path = next(root.glob(f"*/{chunk:06d}.chunk"))
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def test_only_what_is_absent_is_computed(tmp_path):
    work, steps = Work(), []
    table = repairing(tmp_path, work)
    assert table.fill(of(2), progress=lambda *step: steps.append(step)) == 22
    assert table.fill(of(0, 1, 2)) == 128
    assert table.fill(of(0, 1, 2)) == 0
    assert (work.blocks, steps) == ([2, 0, 1], [(1, 1)])
    again = repairing(tmp_path, work)
    assert np.array_equal(again.read("x", named(3, 70, 149)), X[[3, 70, 149]])
    assert again.notes(of(0, 1, 2)) == {"image 70": "cut off"}
    assert (work.blocks, table.trouble) == ([2, 0, 1], None)


def test_reading_computes_what_it_needs(tmp_path):
    work = Work()
    assert np.array_equal(repairing(tmp_path, work).read("x", named(64, 127)), X[[64, 127]])
    assert work.blocks == [1]


def test_damage_is_healed_with_the_right_values(tmp_path):
    work = Work()
    table = repairing(tmp_path, work)
    table.fill(of(0, 1, 2))
    flip(tmp_path, 1)
    assert np.array_equal(table.read("x", NAMES), X)
    assert work.blocks == [0, 1, 2, 1]
    assert Store(tmp_path).entries()[0].damaged == 1


def test_damaged_notes_are_healed_before_rows_are_read(tmp_path):
    work = Work()
    table = repairing(tmp_path, work)
    table.fill(of(0, 1, 2))
    path = next(tmp_path.glob("*/000001.chunk"))
    path.write_bytes(path.read_bytes()[:30])  # in the header
    table = repairing(tmp_path, work)
    assert table.notes(of(0, 1)) == {"image 70": "cut off"}
    assert work.blocks == [0, 1, 2, 1]
    assert np.array_equal(table.read("x", NAMES), X)


def test_damage_on_a_disk_that_cannot_be_written_is_healed_in_memory(tmp_path):
    work = Work()
    repairing(tmp_path / "whole", work).fill(of(0, 1, 2))
    flip(tmp_path / "whole", 1)
    with unwritable(tmp_path / "whole", tmp_path / "store"):
        table = repairing(tmp_path / "store", work)
        assert np.array_equal(table.read("x", NAMES), X)
        assert np.array_equal(table.read("x", NAMES[60:70]), X[60:70])
        assert table.notes(of(0, 1, 2)) == {"image 70": "cut off"}
        assert work.blocks == [0, 1, 2, 1]
        assert "could not be set aside" in str(table.trouble)


def test_a_disk_that_damages_whatever_it_keeps_is_blamed_in_the_end(tmp_path):
    work = Work()

    def spoiled(rows, progress, cancel):
        yield from work(rows, progress, cancel)
        flip(tmp_path, max(int(path.stem) for path in tmp_path.glob("*/*.chunk")))

    with pytest.raises(Damaged, match="damaged and set aside"):
        repairing(tmp_path, spoiled).read("x", NAMES[:5])
    assert work.blocks == [0] * REPAIRS


def test_a_store_that_cannot_be_written_keeps_results_in_memory(tmp_path):
    (tmp_path / "empty").mkdir()
    with unwritable(tmp_path / "empty", tmp_path / "store"):
        work = Work()
        table = repairing(tmp_path / "store", work)
        assert table.fill(of(0, 2)) == 86
        assert "GRADVIZ_HOME" in str(table.trouble)
        assert np.array_equal(table.read("x", NAMES), X)
        assert table.notes(of(0, 1, 2)) == {"image 70": "cut off"}
        assert work.blocks == [0, 2, 1]


def test_a_file_in_the_place_of_the_store_does_too(tmp_path):
    (tmp_path / "store").write_text("no folder")
    table = repairing(tmp_path / "store", Work())
    assert np.array_equal(table.read("x", NAMES), X)
    assert isinstance(table.trouble, StoreError)


def test_a_disk_that_fills_up_keeps_what_fits(tmp_path):
    with small_disk(tmp_path / "disk", "200k") as root:
        work = Work()
        table = repairing(root, work)
        assert table.fill(of(0, 1, 2)) == ROWS
        assert "disk is full" in str(table.trouble)
        assert Store(root).entry({"a": 1}).rows == set(BLOCKS[0])
        assert np.array_equal(table.read("x", named(0, 63, 64, 149)), X[[0, 63, 64, 149]])
        assert table.notes(of(0, 1, 2)) == {"image 70": "cut off"}
        assert work.blocks == [0, 1, 2]


def test_stopping_keeps_what_was_finished(tmp_path):
    work = Work()

    def stopped(rows, progress, cancel):
        yield from work(of(0), progress, cancel)
        raise Cancelled("stopped")

    table = repairing(tmp_path, stopped)
    with pytest.raises(Cancelled):
        table.fill(of(0, 1, 2))
    assert repairing(tmp_path, work).fill(of(0, 1, 2)) == 86
    assert work.blocks == [0, 1, 2]


def test_other_errors_are_not_taken_for_a_full_disk(tmp_path):
    def broken(rows, progress, cancel):
        raise DatasetError("no such picture") from FileNotFoundError()
        yield

    with pytest.raises(DatasetError):
        repairing(tmp_path, broken).fill(of(0))
    wide = RepairingEntry(Store(tmp_path).entry({"a": 1}), {"x": (WIDTH + 1,)}, Work())
    repairing(tmp_path, Work()).fill(of(0))
    with pytest.raises(StoreError, match="store clear"):
        wide.fill(of(1))


def test_waiting_for_another_writer_can_be_stopped(tmp_path):
    mine, yours = repairing(tmp_path, Work()), repairing(tmp_path, Work())
    with mine.entry.writing(mine.widths), pytest.raises(Cancelled):
        yours.fill(of(0), cancel=lambda: True)
    assert yours.trouble is None
