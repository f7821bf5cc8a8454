"""Orders of a kernel's photographs: by class, by seriation, like one of them."""

import numpy as np
import pytest

from pages.explore import kernels_order as orders
from pages.explore.kernels_order import UNLABELLED, best_order, by_class, by_seriation, like

CLASSES = ("bird", "boat", "cat")


def units(*angles: float) -> np.ndarray:
    return np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)


def test_images_are_ordered_by_their_main_class_and_unlabelled_ones_come_last() -> None:
    vectors = units(0.5, 0, 0.1, 2.0, 0.6, 0)
    order, blocks = by_class(vectors, np.array([1, -1, 0, 2, 1, -1]), CLASSES)
    assert order[[0, 3, 4, 5]].tolist() == [2, 3, 1, 5]
    assert sorted(order[1:3]) == [0, 4]
    assert blocks == (("bird", 0, 1), ("boat", 1, 3), ("cat", 3, 4), (UNLABELLED, 4, 6))


def test_without_labels_the_order_stays() -> None:
    order, blocks = by_class(units(1, 2, 3), np.full(3, -1), ("a", "b"))
    assert order.tolist() == [0, 1, 2]
    assert blocks == ()


def test_alike_classes_stand_beside_each_other_and_the_most_typical_photograph_first() -> None:
    rng = np.random.default_rng(0)
    main = rng.integers(0, 3, 60)
    angles = np.array([0.0, 1.4, 0.5])[main] + rng.normal(0, 0.1, 60)
    vectors = units(*angles)
    order, blocks = by_class(vectors, main, CLASSES)
    assert [name for name, _, _ in blocks] == ["bird", "cat", "boat"], "cat lies between the two"
    K = vectors.astype(np.float64) @ vectors.T
    for name, start, stop in blocks:
        members = order[start:stop]
        assert (main[members] == CLASSES.index(name)).all()
        within = K[np.ix_(members, members)].sum(axis=1)
        assert (np.diff(within) <= 1e-5).all()


def test_seriation_finds_a_line_again_and_always_the_same_way() -> None:
    places = np.random.default_rng(0).permutation(40)
    points = np.column_stack([np.cos(places / 60), np.sin(places / 60)])
    found = by_seriation((points @ points.T).astype(np.float32))
    line = places[found]
    assert np.array_equal(line, np.arange(40)) or np.array_equal(line, np.arange(40)[::-1])
    assert found[0] < found[-1]
    np.testing.assert_array_equal(found, by_seriation((points @ points.T).astype(np.float32)))


def length(distances: np.ndarray, order: np.ndarray) -> float:
    return float(distances[order[:-1], order[1:]].sum())


def test_seriation_of_many_is_complete_deterministic_and_shorter_than_the_tree_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from scipy.cluster.hierarchy import leaves_list, linkage
    from scipy.spatial.distance import squareform

    monkeypatch.setattr(orders, "MOST_LEAVES", 30)
    x = np.random.default_rng(1).normal(size=(150, 4))
    distances = np.linalg.norm(x[:, None] - x[None], axis=2)
    found = best_order(distances.copy())
    assert sorted(found) == list(range(150))
    np.testing.assert_array_equal(found, best_order(distances.copy()))
    tree = leaves_list(linkage(squareform(distances, checks=False), "average"))
    assert length(distances, found) < length(distances, tree)
    monkeypatch.setattr(orders, "MOST_LEAVES", 150)
    assert length(distances, best_order(distances.copy())) <= length(distances, found)


@pytest.mark.parametrize("n", [1, 2, 3])
def test_few_photographs_have_an_order_too(n: int) -> None:
    assert sorted(by_seriation(np.eye(n, dtype=np.float32))) == list(range(n))


def test_like_one_photograph_begins_with_it() -> None:
    K = np.array([[1, 0.2, 0.9, 0.9], [0.2, 1, 0, 0], [0.9, 0, 5, 0], [0.9, 0, 0, 1]], np.float32)
    assert like(K, 0).tolist() == [0, 2, 3, 1]
    assert like(K, 1).tolist() == [1, 0, 2, 3]
