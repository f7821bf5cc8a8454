"""Maps of photographs: UMAP, t-SNE or principal components of a kernel, and how far a map can be trusted.

A kernel is an inner product in some feature space, so it gives distances, d_ij = sqrt(K_ii + K_jj - 2 K_ij), and
principal components (its leading eigenvectors once centred) without the features themselves. UMAP gets our own nearest
neighbours, and starts from the first two principal components: that works for any number of images, also when the
neighbourhood graph is not connected, and the large-scale order of the map means something.

McInnes, Healy, Melville, "UMAP", arXiv 1802.03426; Kobak, Linderman, "Initialization is critical for preserving global
data structure in both t-SNE and UMAP", Nature Biotechnology 39 (2021). t-SNE (van der Maaten, Hinton, JMLR 9, 2008) and
kernel PCA (Schölkopf, Smola, Müller, Neural Computation 10, 1998) are there to compare with: what all three show is no
artefact of one method.
"""

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from gradviz.callbacks import Cancel, Progress, never, silent, stop_if
from gradviz.spec import check

BLOCK = 256
"""Rows of a kernel at a time, so that float64 copies stay small."""

MANY = 1000
"""Images beyond which UMAP's layout takes fewer steps."""
EPOCHS = 200
"""Steps of UMAP's layout for many images: what umap-learn takes beyond 10,000, where up to there it takes 500.

They start from the principal plane, which leaves less to do: on the seven kernels of alexnet64's layers, 2,476
photographs, trustworthiness is 0.003 lower than with 500 steps, and the purity of neighbours 0.002 (two seeds differ by
0.001 and 0.003).
"""

# numba's documentation: the workqueue threading layer, its default where neither TBB nor OpenMP is installed, is not
# thread-safe and aborts the process on concurrent access. UMAP's graph enters it; the layout below does not.
_ONE_AT_A_TIME = threading.Lock()

Method = Literal["umap", "tsne", "pca"]


@dataclass(frozen=True)
class Embedding:
    """Hold a map of n images, and measures of how far it can be trusted."""

    points: np.ndarray
    """(n, 2) float32; only relative positions have a meaning."""
    trustworthiness: float
    """In [0, 1]: 1 if neighbours on the map are neighbours in the kernel; nan for fewer than four images."""
    neighbours: int
    """Neighbours of each image that UMAP was computed from, and that trustworthiness looks at, at most n - 1."""
    method: Literal["UMAP", "t-SNE", "principal components"]
    nearest: np.ndarray | None = None
    """(n, neighbours) positions of each image's nearest under the kernel, where the method looks for them: UMAP's."""


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
    method: Method = "umap",
    neighbours: int = 15,
    min_dist: float = 0.1,
    perplexity: float = 30.0,
    seed: int = 0,
    progress: Progress = silent,
    cancel: Cancel = never,
) -> Embedding:
    """Map images onto a plane so that neighbours under the kernel stay neighbours.

    Where all images are neighbours of each other, UMAP and t-SNE have nothing to unfold: the map shows their first two
    principal components, which can be trusted more then.

    Parameters
    ----------
    K : ndarray of shape (n, n)
        The kernel.
    method : {"umap", "tsne", "pca"}, default "umap"
        How the plane is found; "pca" draws nothing at random.
    neighbours : int, default 15
        Weighs detail (few) against overall order (many) in UMAP; any map's trustworthiness looks at as many.
    min_dist : float, default 0.1
        How close UMAP may draw two images, in [0, 0.99]; its clusters have a spread of 1.
    perplexity : float, default 30
        How many neighbours t-SNE has in mind; a third of the other images at most.
    seed : int, default 0
        The same seed gives the same map again on one computer.
    progress, cancel : callable
        See gradviz.callbacks; progress counts images twice. UMAP and t-SNE cannot be stopped in between.

    Returns
    -------
    Embedding
        The map with its trustworthiness.

    Raises
    ------
    ChoiceError
        For fewer than two neighbours, for a distance outside [0, 0.99], for a perplexity below 2, and for an unknown
        method.
    """
    for name, value in (
        ("method", method),
        ("neighbours", neighbours),
        ("min_dist", min_dist),
        ("perplexity", perplexity),
    ):
        check(name, value)
    n = len(K)
    half = _halved(progress)
    # Of t-SNE's perplexity a third of the images is the most that scikit-learn's search for neighbours allows.
    perplexity = min(perplexity, (n - 1) / 3)
    unfold = (method == "umap" and neighbours < n - 1) or (method == "tsne" and perplexity >= 1)
    points, positions = _principal_plane(K), None
    stop_if(cancel)
    if method == "umap":
        positions, distances = nearest(K, neighbours, progress=half(0), cancel=cancel)
        if unfold:
            points = _umap(K, positions, distances, points, min_dist, seed)
    elif unfold:
        points = _tsne(K, points, perplexity, seed, half(0), cancel)
    trust = trustworthiness(K, points, neighbours, progress=half(1), cancel=cancel)
    drawn = "principal components" if not unfold else "UMAP" if method == "umap" else "t-SNE"
    return Embedding(points.astype(np.float32), trust, max(min(neighbours, n - 1), 0), drawn, positions)


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
        reach = np.take_along_axis(block, around[start : start + len(block)], axis=1)
        block.sort(axis=1)
        rank = 1 + np.array([row.searchsorted(own) for row, own in zip(block, reach, strict=True)])
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


def _tsne(
    K: np.ndarray, start: np.ndarray, perplexity: float, seed: int, progress: Progress, cancel: Cancel
) -> np.ndarray:
    """Run t-SNE on the kernel's distances, from the principal plane."""
    from sklearn.manifold import TSNE

    distances = np.zeros(K.shape, np.float32)
    for first, block in _distances(K, cancel):
        distances[first : first + len(block)] = block
        progress(first + len(block), len(K))
    np.fill_diagonal(distances, 0)
    # As scikit-learn scales its own start: t-SNE needs a small one. Images in one place would stay there.
    start = start / max(start[:, 0].std(), 1e-12) * 1e-4
    start += np.random.RandomState(seed).normal(scale=1e-6, size=start.shape)
    first: Any = start.astype(np.float32)  # which scikit-learn takes, and its stubs do not
    drawn = TSNE(metric="precomputed", init=first, perplexity=perplexity, random_state=seed)
    return np.asarray(drawn.fit_transform(distances))


def _umap(
    K: np.ndarray, positions: np.ndarray, distances: np.ndarray, start: np.ndarray, min_dist: float, seed: int
) -> np.ndarray:
    """Run UMAP's two stages, graph and layout, each on one thread."""
    # Each image comes first among its own neighbours, as UMAP expects.
    n, k = len(K), positions.shape[1]
    positions = np.column_stack([np.arange(n), positions])
    distances = np.column_stack([np.zeros(n, np.float32), distances])
    random = np.random.RandomState(seed)
    with _ONE_AT_A_TIME:
        # umap-learn lists these functions in its API guide. The class UMAP gives the same map (a test compares), but
        # takes the n x n matrix of distances, searches it for the neighbours again, and warns.
        from umap.umap_ import find_ab_params, fuzzy_simplicial_set, simplicial_set_embedding

        _release_lock()
        graph = fuzzy_simplicial_set(K, k + 1, random, "precomputed", {}, positions, distances)[0]
    # Images at exactly the same place would never separate, so the start is jittered.
    start = start * (10 / max(np.abs(start).max(), 1e-12)) + random.normal(scale=1e-4, size=start.shape)
    a, b = find_ab_params(spread=1.0, min_dist=min_dist)
    points, _ = simplicial_set_embedding(
        K,
        graph,
        n_components=2,
        initial_alpha=1.0,
        a=a,
        b=b,
        gamma=1.0,
        negative_sample_rate=5,
        n_epochs=EPOCHS if n > MANY else None,
        init=start.astype(np.float32),
        random_state=random,
        metric="precomputed",
        metric_kwds={},
        densmap=False,
        densmap_kwds={},
        output_dens=False,
    )
    return points


def _release_lock() -> None:
    """Let pages be drawn, and other maps grow, while UMAP lays out a map: its steps then run without Python's lock.

    It has to be said before the function is compiled, when it is called first. Where a version of umap-learn has
    another function, a map is the same and only blocks the others.
    """
    from umap import layouts

    step = getattr(layouts, "_nb_optimize_layout_euclidean_single_epoch", None)
    if step is not None:
        step.targetoptions["nogil"] = True


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
