"""Maps turned onto each other and further images placed on them, against slow definitions."""

import numpy as np
import pytest
from scipy.linalg import orthogonal_procrustes

from gradviz.placement import levelled, moved, placed, turned


def points_of(n=60, seed=0):
    return np.random.default_rng(seed).standard_normal((n, 2)) * [3, 1]


def turn(points, degrees, *, mirror=False):
    angle = np.radians(degrees)
    rotation = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return points @ (rotation * [1, -1] if mirror else rotation)


@pytest.mark.parametrize("mirror", [False, True])
@pytest.mark.parametrize("degrees", [0, 24, 90, 201])
def test_a_map_turned_mirrored_and_shifted_comes_back(degrees, mirror):
    points = points_of()
    back = turned(turn(points, degrees, mirror=mirror) - np.array([5, 7]), points)
    np.testing.assert_allclose(back, points - points.mean(axis=0), atol=1e-12)


def test_turning_is_the_orthogonal_map_that_scipy_finds():
    a, b = points_of(seed=1), points_of(seed=2)
    a, b = a - a.mean(axis=0), b - b.mean(axis=0)
    np.testing.assert_allclose(turned(a, b), a @ orthogonal_procrustes(a, b)[0], atol=1e-12)


def test_no_other_angle_or_mirror_image_lies_closer():
    a, b = points_of(seed=3), 1 + points_of(seed=4)
    aim = b - b.mean(axis=0)
    least = np.linalg.norm(turned(a, b) - aim)
    centred = a - a.mean(axis=0)
    for degrees in range(0, 360, 3):
        for mirror in (False, True):
            assert np.linalg.norm(turn(centred, degrees, mirror=mirror) - aim) >= least - 1e-9


def test_turning_keeps_distances_and_precision():
    a, b = points_of(seed=1).astype(np.float32), points_of(seed=2)
    found = turned(a, b)
    assert found.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(found[3] - found[9]), np.linalg.norm(a[3] - a[9]), rtol=1e-5)


@pytest.mark.parametrize("degrees", [0, 30, 145, 260])
@pytest.mark.parametrize("mirror", [False, True])
def test_a_levelled_map_does_not_depend_on_how_it_came(degrees, mirror):
    points = points_of() ** 3
    level = levelled(points)
    np.testing.assert_allclose(levelled(turn(points, degrees, mirror=mirror) + 3), level, atol=1e-9)
    assert level[:, 0].std() > level[:, 1].std()
    assert ((level**3).sum(axis=0) > 0).all()


def test_nothing_has_moved_where_only_the_turn_or_the_size_differs():
    points = points_of()
    np.testing.assert_allclose(moved(points, 4 * turn(points, 77, mirror=True) + 9), 0, atol=1e-12)
    other = points.copy()
    other[5] += [0, 2]
    shares = moved(points, other)
    assert shares.argmax() == 5
    assert shares[5] == pytest.approx(2 / np.ptp(points[:, 0]), rel=0.1)


def slow_place(K, diagonal, points, k):
    found = []
    for row in K:
        squares = [d - 2 * v for d, v in zip(diagonal, row, strict=True)]
        order = sorted(range(len(points)), key=lambda i: squares[i])
        reach = squares[order[k]]
        weights = [reach - squares[i] for i in order[:k]]
        found.append(sum(w * points[i] for w, i in zip(weights, order[:k], strict=True)) / sum(weights))
    return np.array(found)


@pytest.mark.parametrize("k", [1, 5])
def test_places_are_weighted_means_of_the_nearest(k):
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((40, 6)), rng.standard_normal((7, 6))
    points = points_of(40)
    K, diagonal = y @ x.T, (x * x).sum(axis=1)
    np.testing.assert_allclose(placed(K, diagonal, points, k), slow_place(K, diagonal, points, k), rtol=1e-6, atol=1e-8)


def test_an_image_that_is_on_the_map_already_is_placed_near_its_point():
    x = np.random.default_rng(0).standard_normal((200, 2))
    found = placed(x @ x.T, (x * x).sum(axis=1), x)
    assert np.linalg.norm(found - x, axis=1).max() < 1.0
    assert np.median(np.linalg.norm(found - x, axis=1)) < 0.1


@pytest.mark.parametrize("n", [1, 2, 5, 6])
def test_small_maps_and_images_that_are_all_alike_have_a_place(n):
    points = points_of(n)
    found = placed(np.ones((2, n)), np.ones(n), points)
    np.testing.assert_allclose(found, np.tile(points[:5].mean(axis=0), (2, 1)), atol=1e-6)
