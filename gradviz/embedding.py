"""Maps of photographs: UMAP on the distances of a kernel, and how far a map can be trusted.

A kernel is an inner product in some feature space, so it gives distances, d_ij = sqrt(K_ii + K_jj - 2 K_ij), and
principal components (its leading eigenvectors once centred) without the features themselves. UMAP gets our own nearest
neighbours, and starts from the first two principal components: that works for any number of images, also when the
neighbourhood graph is not connected, and the large-scale order of the map means something.

McInnes, Healy, Melville, "UMAP", arXiv 1802.03426; Kobak, Linderman, "Initialization is critical for preserving global
data structure in both t-SNE and UMAP", Nature Biotechnology 39 (2021).
"""

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np

from gradviz.callbacks import Cancel, Progress, never, silent, stop_if
from gradviz.spec import check

BLOCK = 256
"""Rows of a kernel at a time, so that float64 copies stay small."""

# numba's documentation: the workqueue threading layer, its default where neither TBB nor OpenMP is installed, is not
# thread-safe and aborts the process on concurrent access. UMAP enters it when two maps are computed at once.
_ONE_AT_A_TIME = threading.Lock()


@dataclass(frozen=True)
class Embedding:
    """Hold a map of n images, and measures of how far it can be trusted."""

    points: np.ndarray
    """(n, 2) float32; only relative positions have a meaning."""
    trustworthiness: float
    """In [0, 1]: 1 if neighbours on the map are neighbours in the kernel; nan for fewer than four images."""
    neighbours: int
    """Neighbours of each image that the map was computed from, at most n - 1."""
    method: Literal["UMAP", "principal components"]


def nearest(
    K: np.ndarray, k: int, *, progress: Progress = silent, cancel: Cancel = never
) -> tuple[np.ndarray, np.ndarray]:
    """Find the k nearest other images of each image under a kernel.

    Parameters
    ----------
    K : ndarray of shape (n, n)
        The kernel.
    k : int
        Neighbours of each image; n - 1 is taken if there are fewer.
    progress, cancel : callable
        See gradviz.callbacks; progress counts images.

    Returns
    -------
    positions : ndarray of shape (n, k), int64
        Nearest first, equal distances in the data set's order.
    distances : ndarray of shape (n, k), float32
        Their distances, sqrt(K_ii + K_jj - 2 K_ij).
    """
    n = len(K)
    k = max(min(k, n - 1), 0)
    positions, distances = np.empty((n, k), np.int64), np.empty((n, k), np.float32)
    for start, block in _distances(K, cancel):
        stop = start + len(block)
        if k:
            positions[start:stop], distances[start:stop] = _smallest(block, k)
        progress(stop, n)
    return positions, distances


def embed(
    K: np.ndarray,
    *,
    neighbours: int = 15,
    seed: int = 0,
    progress: Progress = silent,
    cancel: Cancel = never,
) -> Embedding:
    """Map images onto a plane so that neighbours under the kernel stay neighbours.

    Where all images are neighbours of each other, UMAP has nothing to unfold: the map shows their first two principal
    components, which can be trusted more then.

    Parameters
    ----------
    K : ndarray of shape (n, n)
        The kernel.
    neighbours : int, default 15
        Weighs detail (few) against overall order (many).
    seed : int, default 0
        The same seed gives the same map again on one computer.
    progress, cancel : callable
        See gradviz.callbacks; progress counts images twice. UMAP itself cannot be stopped in between.

    Returns
    -------
    Embedding
        The map with its trustworthiness.

    Raises
    ------
    ChoiceError
        For fewer than two neighbours.
    """
    check("neighbours", neighbours)
    n = len(K)
    half = _halved(progress)
    positions, distances = nearest(K, neighbours, progress=half(0), cancel=cancel)
    points = _principal_plane(K)
    stop_if(cancel)
    unfold = neighbours < n - 1
    if unfold:
        points = _umap(K, positions, distances, points, seed)
    trust = trustworthiness(K, points, neighbours, progress=half(1), cancel=cancel)
    method = "UMAP" if unfold else "principal components"
    return Embedding(points.astype(np.float32), trust, positions.shape[1], method)


def trustworthiness(
    K: np.ndarray, points: np.ndarray, k: int, *, progress: Progress = silent, cancel: Cancel = never
) -> float:
    """Compute how far the k neighbours on a map are also neighbours under the kernel.

    1 - 2 / (n k (2n - 3k - 1)) times the sum, over map neighbours j of i, of how far the rank of j among i's nearest
    under the kernel exceeds k. Equal distances share the best rank.

    Parameters
    ----------
    K : ndarray of shape (n, n)
        The kernel.
    points : ndarray of shape (n, 2)
        The map.
    k : int
        Neighbours on the map; at most (n - 1) // 2 are taken, beyond which the measure is not normalised.
    progress, cancel : callable
        See gradviz.callbacks; progress counts images.

    Returns
    -------
    float
        In [0, 1]; nan for fewer than four images.

    References
    ----------
    Venna, Kaski, "Neighborhood preservation in nonlinear projection methods", ICANN 2001.
    """
    n = len(K)
    k = min(k, (n - 1) // 2)
    if k < 1 or n < 4:
        return float("nan")
    around = _map_neighbours(points, k)
    excess = 0
    for start, block in _distances(K, cancel):
        own = around[start : start + len(block)]
        for column in own.T:
            reach = np.take_along_axis(block, column[:, None], axis=1)
            rank = 1 + (block < reach).sum(axis=1)
            excess += int(np.maximum(rank - k, 0).sum())
        progress(start + len(block), n)
    return 1 - excess * 2 / (n * k * (2 * n - 3 * k - 1))


def warm_up() -> None:
    """Compile UMAP by mapping a few points, half a minute the first time, so that the first map need not wait."""
    embed(np.eye(8, dtype=np.float32), neighbours=3)


def _distances(K: np.ndarray, cancel: Cancel) -> Iterator[tuple[int, np.ndarray]]:
    """Yield blocks of rows of the distances, each with its first row's position; the diagonal is infinite."""
    squares = K.diagonal().astype(np.float64)
    for start in range(0, len(K), BLOCK):
        stop_if(cancel)
        block = K[start : start + BLOCK].astype(np.float64)
        block *= -2
        block += squares
        block += squares[start : start + BLOCK, None]
        np.maximum(block, 0, out=block)
        np.sqrt(block, out=block)
        own = np.arange(len(block))
        block[own, start + own] = np.inf
        yield start, block


def _smallest(distances: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """Find the k smallest of each row: columns (rows, k) and values, the first column of equals first."""
    limit = np.partition(distances, k - 1, axis=1)[:, k - 1, None]
    rows, columns = np.nonzero(distances <= limit)
    values = distances[rows, columns]
    order = np.lexsort((values, rows))
    first = np.searchsorted(rows, np.arange(len(distances)))
    chosen = order[first[:, None] + np.arange(k)]
    return columns[chosen], values[chosen]


def _principal_plane(K: np.ndarray) -> np.ndarray:
    """Project the images onto the first two principal components of the kernel: (n, 2), signs fixed.

    This is what scikit-learn's KernelPCA computes with its randomized solver, less its check of the eigenvalues: where
    images are all alike, these are rounding errors of either sign, and the check raises.
    """
    from sklearn.preprocessing import KernelCenterer
    from sklearn.utils.extmath import randomized_svd

    if len(K) < 2:
        return np.zeros((len(K), 2))
    vectors, values, _ = randomized_svd(KernelCenterer().fit_transform(K), 2, random_state=0)
    return vectors * np.sqrt(values)


def _umap(K: np.ndarray, positions: np.ndarray, distances: np.ndarray, start: np.ndarray, seed: int) -> np.ndarray:
    """Run UMAP's two stages, graph and layout, on one thread."""
    with _ONE_AT_A_TIME:
        # umap-learn lists these functions in its API guide. The class UMAP gives the same map (a test compares), but
        # takes the n x n matrix of distances, searches it for the neighbours again, and warns.
        from umap.umap_ import find_ab_params, fuzzy_simplicial_set, simplicial_set_embedding

        # Each image comes first among its own neighbours, as UMAP expects.
        n, k = len(K), positions.shape[1]
        positions = np.column_stack([np.arange(n), positions])
        distances = np.column_stack([np.zeros(n, np.float32), distances])
        random = np.random.RandomState(seed)
        graph = fuzzy_simplicial_set(K, k + 1, random, "precomputed", {}, positions, distances)[0]
        # Images at exactly the same place would never separate, so the start is jittered.
        start = start * (10 / max(np.abs(start).max(), 1e-12)) + random.normal(scale=1e-4, size=start.shape)
        a, b = find_ab_params(spread=1.0, min_dist=0.1)
        points, _ = simplicial_set_embedding(
            K,
            graph,
            n_components=2,
            initial_alpha=1.0,
            a=a,
            b=b,
            gamma=1.0,
            negative_sample_rate=5,
            n_epochs=None,
            init=start.astype(np.float32),
            random_state=random,
            metric="precomputed",
            metric_kwds={},
            densmap=False,
            densmap_kwds={},
            output_dens=False,
        )
    return points


def _map_neighbours(points: np.ndarray, k: int) -> np.ndarray:
    """Find the k nearest other points of each point: positions (n, k)."""
    from scipy.spatial import KDTree

    found = np.asarray(KDTree(points).query(points, k + 1)[1])
    others = found != np.arange(len(points))[:, None]
    others[others.all(axis=1), k] = False  # more than k points in one place: any k of them
    return found[others].reshape(-1, k)


def _halved(progress: Progress) -> Callable[[int], Progress]:
    """Report one of two passes over the images as half of the work."""
    return lambda half: lambda done, total: progress(half * total + done, 2 * total)
