import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradviz.datasets.halves import halves

ONE_CLASS = [(1, -1), (-1, 1), (-1, -1), (0, 0)]


def lists(labels: np.ndarray, seed: int = 0) -> dict[str, list[int]]:
    return {name: positions.tolist() for name, positions in halves(labels, seed=seed).items()}


def many_labels(n: int, C: int, rate: float, seed: int = 0) -> np.ndarray:
    """Labels of n images, each class shown by fewer than the one before."""
    rng = np.random.default_rng(seed)
    shown = rng.random((n, C)) < rate / np.arange(1, C + 1)
    return np.where(shown, 1, -1).astype(np.int8)


@pytest.mark.parametrize(
    ("seed", "train", "val"),
    [
        (0, [0, 3, 4, 6, 7, 8], [1, 2, 9, 10]),
        (1, [1, 2, 3, 6, 7, 8], [0, 4, 9, 10]),
        (7, [0, 1, 3, 4, 8, 10], [2, 6, 7, 9]),
    ],
)
def test_a_seed_gives_the_same_halves_for_ever(seed: int, train: list[int], val: list[int]) -> None:
    """Figures of before there were images with several labels: results of folders of classes stay what they were."""
    kind = [0, 1, 0, 2, 1, -1, 0, 1, 0, 1, 0, -1]
    labels = np.array([[0 if k < 0 else 1 if c == k else -1 for c in range(3)] for k in kind], np.int8)
    assert lists(labels, seed) == {"train": train, "val": val}
    one = np.array([[1]] * 3 + [[-1]] * 4, np.int8)
    assert lists(one, 3) == {"train": [0, 2, 4, 6], "val": [1, 3, 5]}


@given(st.lists(st.sampled_from(ONE_CLASS), max_size=40), st.integers(0, 5))
def test_each_class_is_divided_and_the_unknown_left_out(rows: list, seed: int):
    labels = np.array(rows, np.int8).reshape(-1, 2)
    parts = halves(labels, seed=seed)
    train, val = set(parts["train"]), set(parts["val"])
    assert not train & val
    assert train | val == {i for i, row in enumerate(rows) if row != (0, 0)}
    singles = 0
    for kind in set(rows) - {(0, 0)}:
        members = {i for i, row in enumerate(rows) if row == kind}
        singles += len(members) == 1
        assert abs(len(members & train) - len(members & val)) <= 1
        assert members & train
    assert abs(len(train) - len(val)) <= 1 + singles
    assert all((halves(labels, seed=seed)[name] == parts[name]).all() for name in parts)


@given(st.lists(st.lists(st.sampled_from([1, -1, 0]), min_size=3, max_size=3), max_size=60), st.integers(0, 5))
def test_any_labels_give_two_halves_of_equal_size(rows: list, seed: int):
    labels = np.array([*rows, [1, 1, -1]], np.int8)
    parts = halves(labels, seed=seed)
    assert sorted([*parts["train"], *parts["val"]]) == np.flatnonzero((labels != 0).any(axis=1)).tolist()
    assert abs(len(parts["train"]) - len(parts["val"])) <= 1
    assert all((np.diff(part) > 0).all() for part in parts.values())
    assert lists(labels, seed) == lists(labels, seed)


def test_images_that_all_show_something_else_are_halved_too():
    """Each row of labels is there once: dealt out row by row, all 60 would be trained on and none scored."""
    codes = np.arange(1, 61)
    labels = np.where(codes[:, None] >> np.arange(6) & 1, 1, -1).astype(np.int8)
    parts = halves(labels, seed=0)
    assert [len(parts[name]) for name in ("train", "val")] == [30, 30]
    shown = (labels == 1).sum(axis=0)
    assert (abs(2 * (labels[parts["train"]] == 1).sum(axis=0) - shown) <= 2).all()


@pytest.mark.parametrize("seed", range(3))
def test_of_each_class_half_is_in_either_the_rarest_first(seed: int):
    labels = many_labels(5000, 40, rate=0.9, seed=seed)
    parts = halves(labels, seed=seed)
    assert len(parts["train"]) == len(parts["val"]) == 2500
    shown = (labels == 1).sum(axis=0)
    trained = (labels[parts["train"]] == 1).sum(axis=0)
    assert shown.min() > 20
    assert (abs(trained - shown / 2) <= 1).all()


def test_another_seed_gives_other_halves():
    for labels in (np.ones((40, 1), np.int8), many_labels(40, 5, rate=0.9)):
        assert lists(labels, 0) != lists(labels, 1)


@given(
    st.lists(st.tuples(st.sampled_from(ONE_CLASS), st.integers(0, 12)), max_size=40), st.integers(0, 3), st.booleans()
)
def test_copies_follow_the_first_and_nothing_else_moves(rows: list, seed: int, several: bool):
    labels = np.array([row for row, _ in rows], np.int8).reshape(-1, 2)
    if several and len(labels):
        labels[0] = 1
    copies = np.array([photograph for _, photograph in rows], np.int64)
    plain, together = halves(labels, seed=seed), halves(labels, seed=seed, copies=copies)
    of_image = {int(i): name for name, part in plain.items() for i in part}
    first: dict[int, str] = {}
    for i in sorted(of_image):
        first.setdefault(int(copies[i]), of_image[i])
    assert {int(i): name for name, part in together.items() for i in part} == {
        i: first[int(copies[i])] for i in of_image
    }
    assert all((np.diff(part) > 0).all() for part in together.values())


def test_halves_without_copies_are_those_of_the_seed():
    labels = many_labels(40, 5, rate=0.9)
    assert lists(labels, 3) == {
        name: part.tolist() for name, part in halves(labels, seed=3, copies=np.arange(40)).items()
    }
