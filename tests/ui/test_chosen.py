"""The selection that all pages share, and how it stands in the address."""

from pathlib import Path

import numpy as np
import pytest

from gradviz.datasets import ImageSet
from gradviz.errors import ChoiceError
from gradviz.export import selection_csv
from gradviz.ui import chosen

IDS = ("b", "a", "d", "c")


@pytest.fixture
def images(tmp_path: Path) -> ImageSet:
    labels = np.array([[1, -1], [1, 1], [-1, 1], [-1, -1]], np.int8)
    for name in IDS:
        (tmp_path / f"{name}.jpg").write_bytes(name.encode())
    paths = tuple(tmp_path / f"{name}.jpg" for name in IDS)
    return ImageSet("four", tmp_path, IDS, paths, ("car", "dog"), labels, {"train": np.array([0, 1]), "val": [2, 3]})


@pytest.fixture
def fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    """A visit in which nothing has been selected yet."""
    monkeypatch.setattr(chosen.st, "session_state", {})


def test_a_selection_comes_back_from_the_address_in_the_data_sets_order() -> None:
    for wanted in ((), ("b",), ("b", "c"), IDS):
        assert chosen.read(chosen.written(wanted, IDS), IDS) == wanted


def test_the_address_does_not_depend_on_the_order_of_ids_but_on_which_they_are() -> None:
    text = chosen.written(("a", "d"), IDS)
    assert chosen.read(text, sorted(IDS)) == ("a", "d")
    assert chosen.read(text, (*IDS, "e")) is None
    assert chosen.read(text, ("b", "a", "d", "x")) is None


@pytest.mark.parametrize("text", ["", "x", "A" * 8, "%%%"])
def test_what_is_no_selection_is_none(text: str) -> None:
    assert chosen.read(text, IDS) is None
    good = chosen.written(IDS, IDS)
    assert chosen.read(f"{good[:8]}{text}", IDS) is None


def test_2476_photographs_take_422_characters() -> None:
    ids = [f"{i:06}" for i in range(2476)]
    text = chosen.written(ids[::2], ids)
    assert len(text) == 8 + 414
    assert chosen.read(text, ids) == tuple(ids[::2])


def test_a_part_is_a_data_set_of_its_own(images: ImageSet) -> None:
    part = images.subset(["d", "b"], "two")
    assert (part.name, part.ids, part.labels.tolist()) == ("two", ("b", "d"), [[1, -1], [-1, 1]])
    assert {name: of.tolist() for name, of in part.splits.items()} == {"train": [0], "val": [1]}
    assert [path.name for path in part.paths] == ["b.jpg", "d.jpg"]
    assert list(images.subset(["c"], "one").splits) == ["val"]
    with pytest.raises(ChoiceError, match="No photograph"):
        images.subset([], "none")
    with pytest.raises(ChoiceError, match="no image 'x'"):
        images.subset(["x"], "none")


def test_a_selection_is_a_table(images: ImageSet) -> None:
    head, first, second = selection_csv(images, ("a", "c")).splitlines()
    assert head == "id,file,splits,classes,made_from"
    assert first.startswith("a,a.jpg,train,car; dog,")
    assert second == "c,c.jpg,val,,"


def test_undo_takes_back_one_change_of_selection_or_mark_at_a_time(fresh: None) -> None:
    chosen.select(("a",))
    chosen.select(("b", "c"))
    chosen.focus("d")
    chosen.mark("person")
    chosen.mark("person")  # no change
    chosen.undo()
    assert chosen.current() == chosen.Chosen(("b", "c"), "d")
    chosen.undo()
    assert chosen.current() == chosen.Chosen(("a",), "d"), "what is in focus is no part of it"
    chosen.undo()
    assert chosen.current() == chosen.Chosen(focus="d")
    assert not chosen.can_undo()


def test_a_mark_alone_can_be_undone(fresh: None) -> None:
    chosen.mark("person")
    assert chosen.can_undo()
    chosen.undo()
    assert chosen.current() == chosen.Chosen()


def test_a_loop_that_lets_a_class_go_is_one_step(fresh: None) -> None:
    chosen.mark("person")
    chosen.change(("a", "b"), None)
    chosen.undo()
    assert chosen.current() == chosen.Chosen(marked="person")
