import hashlib
import os
import subprocess
import sys
import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.datasets import make_blobs
from sklearn.manifold import trustworthiness as sklearn_trustworthiness

from gradviz.embedding import BLOCK, embed, nearest, trustworthiness, warm_up
from gradviz.errors import Cancelled, ChoiceError
from gradviz.metrics import neighbour_purity
from tests import reference_kernels as reference
from tests.conftest import ROOT


def kernel_of(n, seed=0, dtype=np.float32):
    x = np.random.default_rng(seed).standard_normal((n, 6))
    return (x @ x.T).astype(dtype)


def groups(n=120):
    """Make a kernel of three well separated groups of directions, and labels that name the groups."""
    x, group = make_blobs(n, 20, centers=3, cluster_std=0.5, random_state=0)
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    return (x @ x.T).astype(np.float32), np.where(np.eye(3)[group] == 1, 1, -1)


def test_nearest_by_hand():
    x = np.array([[0.0], [1], [3], [7]])
    positions, distances = nearest(x @ x.T, 2)
    assert positions.tolist() == [[1, 2], [0, 2], [1, 0], [2, 1]]
    assert distances.tolist() == [[1, 3], [1, 2], [2, 3], [4, 6]]


@pytest.mark.parametrize(("n", "k"), [(5, 1), (5, 4), (BLOCK + 9, 15)])
def test_nearest_sorts_the_distances_of_the_definition(n, k):
    K = kernel_of(n)
    positions, distances = nearest(K, k)
    expected = reference.nearest(K, k)
    assert np.array_equal(positions, expected)
    all_distances = reference.distances(K.astype(np.float64))
    np.testing.assert_allclose(distances, np.take_along_axis(all_distances, expected, axis=1), rtol=1e-6)


@given(st.integers(0, 10_000), st.integers(1, 9))
def test_equal_distances_keep_the_order_of_the_data_set(seed, k):
    x = np.random.default_rng(seed).integers(0, 3, (9, 2)).astype(np.float64)
    assert np.array_equal(nearest(x @ x.T, k)[0], reference.nearest(x @ x.T, k))


def test_duplicates_are_at_distance_zero_and_never_their_own_neighbour():
    K = np.ones((6, 6), np.float32)
    K[0, 1] = K[1, 0] = 1 + 1e-6  # rounding: the square of the distance is below zero
    positions, distances = nearest(K, 3)
    assert (distances == 0).all()
    assert (positions != np.arange(6)[:, None]).all()


@pytest.mark.parametrize("n", [0, 1, 3])
def test_there_are_at_most_all_the_others(n):
    positions, distances = nearest(kernel_of(n), 15)
    assert positions.shape == distances.shape == (n, max(n - 1, 0))


@pytest.mark.parametrize(("n", "k"), [(9, 1), (40, 5), (BLOCK + 30, 15)])
def test_trustworthiness_is_scikit_learns(n, k):
    K = kernel_of(n, dtype=np.float64)
    points = np.random.default_rng(1).standard_normal((n, 2))
    expected = sklearn_trustworthiness(reference.distances(K), points, n_neighbors=k, metric="precomputed")
    assert trustworthiness(K, points, k) == pytest.approx(expected, abs=1e-12)


def test_trustworthiness_of_a_faithful_map_is_one_and_of_a_torn_one_less():
    points = np.random.default_rng(0).standard_normal((50, 2))
    K = points @ points.T
    assert trustworthiness(K, points, 5) == 1
    assert trustworthiness(K, points[::-1], 5) < 0.7
    assert trustworthiness(K, np.zeros((50, 2)), 5) < 0.9, "points in one place still have neighbours"


def test_groups_stay_together():
    K, labels = groups()
    drawn = embed(K, neighbours=10)
    assert drawn.points.shape == (120, 2)
    assert drawn.points.dtype == np.float32
    assert (drawn.neighbours, drawn.method) == (10, "UMAP")
    assert drawn.trustworthiness > 0.9
    points = drawn.points.astype(float)
    assert neighbour_purity(nearest(points @ points.T, 10)[0], labels).value == 1


def test_a_seed_gives_the_same_map_again():
    K = groups()[0]
    drawn = embed(K, seed=3).points
    assert np.array_equal(drawn, embed(K, seed=3).points)
    assert not np.array_equal(drawn, embed(K, seed=4).points)


def test_threads_of_another_process_take_turns_and_draw_the_same_map():
    # numba's "workqueue" threads, its only ones where neither TBB nor OpenMP is there, end a process in which two
    # threads enter them at once. The first map compiles everything, so that the others really meet.
    program = (
        "import hashlib, threading; from test_embedding import groups; from gradviz.embedding import embed\n"
        "def draw(): print(hashlib.sha256(embed(groups()[0], seed=3).points.tobytes()).hexdigest() + '\\n', end='')\n"
        "draw(); threads = [threading.Thread(target=lambda: [draw() for _ in range(4)]) for _ in range(4)]\n"
        "[thread.start() for thread in threads]; [thread.join() for thread in threads]"
    )
    paths = os.pathsep.join([str(ROOT), str(ROOT / "tests")])
    environment = os.environ | {"PYTHONPATH": paths, "NUMBA_THREADING_LAYER": "workqueue"}
    command = [sys.executable, "-c", program]
    other = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert other.returncode == 0, other.stderr
    assert other.stdout.split() == [hashlib.sha256(embed(groups()[0], seed=3).points.tobytes()).hexdigest()] * 17


@pytest.mark.parametrize("n", [1, 2, 3, 4, 5, 15, 16])
def test_where_all_are_neighbours_principal_components_are_drawn(n):
    K = kernel_of(n)
    drawn = embed(K, neighbours=15)
    assert (drawn.method, drawn.neighbours) == ("principal components", n - 1)
    x = np.random.default_rng(0).standard_normal((n, 6))
    x -= x.mean(axis=0)
    expected = np.linalg.svd(x, full_matrices=False)[1][:2]
    found = np.linalg.norm(drawn.points, axis=0)
    np.testing.assert_allclose(found[: len(expected)], expected, rtol=1e-4, atol=1e-3)
    assert np.isnan(drawn.trustworthiness) == (n < 4)


@pytest.mark.parametrize("n", [4, 5, 17, 40])
@pytest.mark.parametrize("K", [np.eye(40), np.ones((40, 40)), np.zeros((40, 40)), kernel_of(40)], ids="INZK")
def test_degenerate_kernels_have_a_finite_map(n, K):
    drawn = embed(K[:n, :n].astype(np.float32), neighbours=2)
    assert np.isfinite(drawn.points).all()
    assert drawn.method == "UMAP"


@given(st.integers(0, 10_000), st.integers(2, 20))
def test_photographs_that_are_all_alike_have_a_map(seed, n):
    # The centred kernel holds nothing but rounding errors, of either sign.
    x = np.repeat(np.random.default_rng(seed).standard_normal((1, 7)).astype(np.float32), n, axis=0)
    x += np.random.default_rng(seed + 1).standard_normal(x.shape).astype(np.float32) * 1e-7
    points = embed(x @ x.T, neighbours=n).points
    assert np.abs(points).max() < 0.01


def test_pieces_without_a_link_are_drawn():
    K = np.kron(np.eye(5), np.ones((8, 8))) + np.eye(40) * 0.1
    assert np.isfinite(embed(K.astype(np.float32), neighbours=3).points).all()


def test_the_stages_give_what_the_class_umap_gives(monkeypatch):
    from umap import UMAP, umap_

    K, starts = groups(60)[0], []
    layout = umap_.simplicial_set_embedding

    def noted(*arguments, **options):
        starts.append((options["init"], options["random_state"].get_state()))
        return layout(*arguments, **options)

    monkeypatch.setattr(umap_, "simplicial_set_embedding", noted)
    drawn = embed(K, neighbours=10).points
    monkeypatch.undo()
    init, state = starts[0]
    random = np.random.RandomState()
    random.set_state(state)
    distances = reference.distances(K.astype(np.float64)).astype(np.float32)
    model = UMAP(n_neighbors=11, metric="precomputed", init=init, random_state=random, n_jobs=1)
    with pytest.warns(UserWarning, match="using precomputed metric"):
        expected = model.fit_transform(distances)
    assert np.array_equal(drawn, expected)


@pytest.mark.parametrize(("n", "dtype"), [(12, np.float64), (90, np.float32)])
def test_principal_components_are_those_of_the_centred_kernel(n, dtype):
    K = kernel_of(n, dtype=dtype)
    drawn = embed(K, method="pca", seed=1)
    assert drawn.method == "principal components"
    assert np.array_equal(drawn.points, embed(K, method="pca", seed=2).points), "nothing is drawn at random"
    wide = K.astype(np.float64)
    centring = np.eye(n) - 1 / n
    values, vectors = np.linalg.eigh(centring @ wide @ centring)
    expected = vectors[:, [-1, -2]] * np.sqrt(values[[-1, -2]])
    signs = np.sign((expected * drawn.points).sum(axis=0))
    np.testing.assert_allclose(drawn.points, expected * signs, atol=2e-3)


def test_t_sne_keeps_groups_together_and_is_the_same_again():
    K, labels = groups()
    drawn = embed(K, method="tsne", perplexity=20, seed=3)
    assert (drawn.method, drawn.points.dtype, drawn.points.shape) == ("t-SNE", np.float32, (120, 2))
    assert np.array_equal(drawn.points, embed(K, method="tsne", perplexity=20, seed=3).points)
    assert not np.array_equal(drawn.points, embed(K, method="tsne", perplexity=20, seed=4).points)
    assert not np.array_equal(drawn.points, embed(K, method="tsne", perplexity=5, seed=3).points)
    assert drawn.trustworthiness > 0.9
    points = drawn.points.astype(float)
    assert neighbour_purity(nearest(points @ points.T, 10)[0], labels).value == 1


@pytest.mark.parametrize("n", [1, 2, 3, 4, 5, 20])
def test_t_sne_of_few_images_takes_what_there_is(n):
    drawn = embed(kernel_of(n), method="tsne")
    assert np.isfinite(drawn.points).all()
    assert drawn.method == ("t-SNE" if n >= 4 else "principal components")


def test_images_may_come_closer_with_a_smaller_least_distance():
    K = groups()[0]
    near, far = (nearest(points @ points.T, 1)[1].mean() for points in (_drawn(K, 0.0), _drawn(K, 0.9)))
    assert near < far / 2


def _drawn(K, min_dist):
    return embed(K, min_dist=min_dist).points.astype(float)


@pytest.mark.parametrize(
    ("choice", "words"),
    [
        ({"method": "som"}, "choose umap, tsne, pca"),
        ({"min_dist": 1.0}, "between 0 and 0.99"),
        ({"min_dist": float("nan")}, "finite"),
        ({"min_dist": "0"}, "must be a number"),
        ({"perplexity": 1}, "2 or more"),
        ({"perplexity": float("inf")}, "finite"),
    ],
)
def test_what_a_map_cannot_be_drawn_with_is_refused(choice, words):
    with pytest.raises(ChoiceError, match=words):
        embed(kernel_of(9), **choice)


def test_warming_up_says_nothing():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warm_up()


def test_one_neighbour_is_too_few():
    with pytest.raises(ChoiceError, match="2 or more"):
        embed(kernel_of(9), neighbours=1)


def test_progress_reaches_the_end_and_cancel_is_heard():
    seen, n = [], BLOCK + 1
    embed(kernel_of(n), neighbours=5, progress=lambda *step: seen.append(step))
    assert seen == [(BLOCK, 2 * n), (n, 2 * n), (n + BLOCK, 2 * n), (2 * n, 2 * n)]
    with pytest.raises(Cancelled):
        embed(kernel_of(9), cancel=lambda: True)


def test_the_steps_of_a_layout_leave_the_interpreter_to_others():
    from umap import layouts

    embed(groups(60)[0], neighbours=10)
    step = layouts._get_optimize_layout_euclidean_single_epoch_fn(parallel=False)
    assert step.targetoptions["nogil"]
    assert step.signatures, "the function that was told so is the one that has run"
