"""In which order a kernel's photographs stand: by class, by seriation, like one of them, by id."""

from collections.abc import Sequence

import numpy as np

UNLABELLED = "no class"
MOST_LEAVES = 400
"""Leaves whose best order is found exactly: the work grows with the cube, and nothing can stop it."""

Blocks = tuple[tuple[str, int, int], ...]
"""Class, first place and the place after the last."""


def by_class(vectors: np.ndarray, main: np.ndarray, classes: Sequence[str]) -> tuple[np.ndarray, Blocks]:
    """Order n photographs in blocks of their main class, alike blocks beside each other, the most typical first.

    Parameters
    ----------
    vectors
        (n, d) of length 1: how alike two photographs are is their product.
    main
        (n,) positions in classes, -1 for none: these come last.
    classes
        The names.

    Returns
    -------
    ndarray, tuple
        Positions (n,), and (class, start, stop) in that order; without any label the order stays and there are no
        blocks.
    """
    there = np.unique(main[main >= 0])
    if not len(there):
        return np.arange(len(main)), ()
    sums = np.stack([vectors[main == c].sum(axis=0, dtype=np.float64) for c in there])
    lengths = np.linalg.norm(sums, axis=1)
    units = sums / np.where(lengths > 0, lengths, 1)[:, None]
    groups, at = [], 0
    blocks = []
    for place in best_order(np.maximum(1 - units @ units.T, 0)):
        members = np.flatnonzero(main == there[place])
        typical = vectors[members] @ sums[place]
        groups.append(members[np.argsort(-typical, kind="stable")])
        blocks.append((classes[int(there[place])], at, at + len(members)))
        at += len(members)
    rest = np.flatnonzero(main < 0)
    if len(rest):
        groups.append(rest)
        blocks.append((UNLABELLED, at, len(main)))
    return np.concatenate(groups), tuple(blocks)


def by_seriation(K: np.ndarray) -> np.ndarray:
    """Order photographs so that alike ones stand beside each other, by the distances of a kernel (n, n)."""
    own = np.diagonal(K)
    squares = -2 * K
    squares += own[:, None]
    squares += own[None, :]
    return best_order(np.sqrt(np.maximum(squares, 0, out=squares), out=squares))


def like(K: np.ndarray, first: int) -> np.ndarray:
    """Order photographs by their value with one of them, largest first; it comes before all."""
    values = K[first].astype(np.float64)
    values[first] = np.inf
    return np.argsort(-values, kind="stable")


def best_order(distances: np.ndarray) -> np.ndarray:
    """Order n things so that neighbours are near: the optimal order of the leaves of average linkage.

    Above MOST_LEAVES things the tree is cut into that many branches, whose order is optimal by their mean distances,
    and within a branch the tree's own order stays.

    Parameters
    ----------
    distances
        (n, n), symmetric, zero on the diagonal.

    Returns
    -------
    ndarray
        Positions (n,); of the two directions the one that begins with the smaller position.

    References
    ----------
    Bar-Joseph, Gifford, Jaakkola, "Fast optimal leaf ordering for hierarchical clustering", Bioinformatics 2001.
    """
    from scipy.cluster.hierarchy import fcluster, leaves_list, linkage, optimal_leaf_ordering
    from scipy.spatial.distance import squareform

    n = len(distances)
    if n < 3:
        return np.arange(n)
    np.fill_diagonal(distances, 0)
    condensed = squareform(distances, checks=False)
    tree = linkage(condensed, "average")
    if n <= MOST_LEAVES:
        order = leaves_list(optimal_leaf_ordering(tree, condensed))
    else:
        leaves = leaves_list(tree)
        branch = fcluster(tree, MOST_LEAVES, "maxclust") - 1
        count = int(branch.max()) + 1
        inside = np.zeros((n, count), distances.dtype)
        inside[np.arange(n), branch] = 1
        sizes = inside.sum(axis=0)
        means = inside.T @ distances @ inside / np.outer(sizes, sizes)
        members = [leaves[branch[leaves] == b] for b in range(count)]
        order = np.concatenate([members[b] for b in best_order((means + means.T) / 2)]) if count > 2 else leaves
    return order[::-1].copy() if order[0] > order[-1] else order.astype(np.int64)
