"""Damaged data sets: no traceback, and nothing lost without a finding. For minutes: tests.benchmarks.fuzz_readers."""

from pathlib import Path

import pytest

from tests.benchmarks.fuzz_readers import FORMATS, trial


@pytest.mark.parametrize("name", FORMATS)
def test_damage_is_read_or_refused_and_never_loses_anything_in_silence(name: str, tmp_path: Path):
    failures = [found for seed in range(25) if (found := trial(name, seed, tmp_path))]
    assert not failures, "\n".join(map(str, failures))


@pytest.mark.parametrize("name", FORMATS)
def test_without_damage_everything_is_there(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("tests.benchmarks.fuzz_readers.DAMAGE", (lambda path, rng: "nothing",))
    monkeypatch.setattr("tests.benchmarks.fuzz_readers.packed", lambda path, rng: "nothing")
    assert trial(name, 0, tmp_path) is None


@pytest.mark.parametrize("lost", ["picture", "label"])
def test_what_is_lost_in_silence_is_noticed(lost: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    from tests.benchmarks import fuzz_readers

    class Fewer:
        def __init__(self, images):
            self.ids = images.ids[1:] if lost == "picture" else images.ids

        def __len__(self):
            return len(self.ids)

        def labels_of(self, position):
            return ()

    read = fuzz_readers._read
    monkeypatch.setattr(fuzz_readers, "DAMAGE", (lambda path, rng: "nothing",))
    monkeypatch.setattr(fuzz_readers, "_read", lambda *where: (Fewer(read(*where)[0]), 0))
    found = trial("csv_positions", 0, tmp_path)
    assert found is not None
    assert "lost without a finding" in found.reason
