"""Turn maps onto each other, so that points move only where something changed, and place further images.

A map of distances has no axes: any rotation or mirror image of it is as good. Orthogonal Procrustes picks the one that
lies closest to another map of the same images (Schönemann, "A generalized solution of the orthogonal Procrustes
problem", Psychometrika 31, 1966).
"""

import numpy as np


def turned(points: np.ndarray, onto: np.ndarray) -> np.ndarray:
    """Rotate, mirror and shift a map so that it lies as close as possible to another one; it keeps its size.

    Parameters
    ----------
    points
        The map to turn, (n, 2).
    onto
        The map that stays, (n, 2), of the same images in the same order.

    Returns
    -------
    ndarray of shape (n, 2)
        The map turned, about the origin, in the precision of `points`.
    """
    a, b = _about_origin(points), _about_origin(onto)
    left, _, right = np.linalg.svd(a.T @ b)
    return (a @ (left @ right)).astype(points.dtype)


def levelled(points: np.ndarray) -> np.ndarray:
    """Turn a map in a way that depends on it alone: its longest axis lies level, its heavier tails right and up.

    Parameters
    ----------
    points
        The map, (n, 2).

    Returns
    -------
    ndarray of shape (n, 2)
        The map turned, about the origin, in the precision of `points`.
    """
    a = _about_origin(points)
    axes = np.linalg.svd(a.T @ a)[0]
    a = a @ axes
    tails = (a**3).sum(axis=0)
    return (a * np.where(tails < 0, -1, 1)).astype(points.dtype)


def moved(points: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Measure how far each point of a map lies from where another map has it, once that is turned onto the first.

    Parameters
    ----------
    points, others
        Two maps of the same images, (n, 2).

    Returns
    -------
    ndarray of shape (n,)
        Distances as shares of the first map's width: the longer side of the box around it. Both maps are first brought
        to the same size about their means.
    """
    a, b = _about_origin(points), _about_origin(others)
    b *= np.linalg.norm(a) / max(np.linalg.norm(b), 1e-300)
    width = float(np.ptp(a, axis=0).max()) if len(a) else 0.0
    return np.linalg.norm(turned(b, a) - a, axis=1) / (width or 1.0)


def placed(K: np.ndarray, diagonal: np.ndarray, points: np.ndarray, neighbours: int = 5) -> np.ndarray:
    """Place further images on a map: each at the weighted mean of its nearest images' points.

    Nearest by the kernel's distances; the weights fall linearly to zero at the first image that does not count, so that
    an image that is on the map already comes to lie near its own point. What is unlike everything still lies among what
    it is least unlike: a place says where an image belongs, not how well.

    Parameters
    ----------
    K
        The kernel of the m images with the n mapped ones, (m, n).
    diagonal
        The mapped images' kernel with themselves, (n,).
    points
        The map, (n, 2).
    neighbours
        How many images count.

    Returns
    -------
    ndarray of shape (m, 2)
        In the precision of `points`.
    """
    # An image's own kernel value is the same for all of a row: it changes no order, and is left at the least possible.
    squares = diagonal[None, :].astype(np.float64) - 2 * K.astype(np.float64)
    count = min(neighbours, len(points))
    order = np.argsort(squares, axis=1, kind="stable")[:, : count + 1]
    near = np.take_along_axis(squares, order, axis=1)
    reach = near[:, -1:] if len(points) > count else near[:, -1:] + np.ptp(near, axis=1, keepdims=True) + 1e-12
    weights = np.maximum(reach - near, 0)[:, :count]
    weights += 1e-9 * np.maximum(weights.max(axis=1, keepdims=True), 1e-12)  # all alike: their plain mean
    weights /= weights.sum(axis=1, keepdims=True)
    return np.einsum("mk,mkd->md", weights, points[order[:, :count]].astype(np.float64)).astype(points.dtype)


def _about_origin(points: np.ndarray) -> np.ndarray:
    return points.astype(np.float64) - points.mean(axis=0, dtype=np.float64)
