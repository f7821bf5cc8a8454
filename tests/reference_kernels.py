"""Slow and obviously right versions of kernels, rankings and neighbourhoods, written from their definitions."""

import math
from fractions import Fraction

import numpy as np


def cosine(a, b):
    """Divide the inner product by both lengths, one number at a time, exactly."""
    dot = sum(Fraction(float(x)) * Fraction(float(y)) for x, y in zip(a, b, strict=True))
    length = math.sqrt(sum(Fraction(float(x)) ** 2 for x in a)) * math.sqrt(sum(Fraction(float(y)) ** 2 for y in b))
    return float(dot) / length if length else 0.0


def trace_kernel(x, dy):
    """Form every gradient x dy^T (n, d, e) and take tr(G_i^T G_j)."""
    gradients = [np.outer(a, b) for a, b in zip(x, dy, strict=True)]
    return np.array([[np.trace(g.T @ h) for h in gradients] for g in gradients])


def explicit_kernel(terms, rows):
    """Form the vector that a representation stands for, and multiply: terms are (weight, names of factors).

    A product is the outer product of its unit factors, a sum puts its terms side by side, scaled by the root of their
    share of the weights.
    """
    total = sum(weight for weight, _ in terms)
    images = []
    for i in range(len(next(iter(rows.values())))):
        whole = []
        for weight, names in terms:
            outer = np.ones(1)
            for name in names:
                outer = np.outer(outer, rows[name][i] / np.linalg.norm(rows[name][i])).ravel()
            whole.append(math.sqrt(weight / total) * outer)
        images.append(np.concatenate(whole))
    return np.array([[a @ b for b in images] for a in images])


def centred(vectors, train):
    """Scale each vector to length 1, take away the mean of the training vectors so scaled, and scale again."""
    found = {}
    for name in vectors:
        x, of_train = vectors[name].astype(np.float64), train[name].astype(np.float64)
        mean = sum(row / np.linalg.norm(row) for row in of_train) / len(of_train)
        left = [row / np.linalg.norm(row) - mean for row in x]
        found[name] = np.array([row / np.linalg.norm(row) for row in left])
    return found


def groups(scores, labels):
    """List the images that count as groups of equal score, best first: for each whether its images are positive."""
    counted = [i for i in range(len(scores)) if labels[i] != 0]
    values = sorted({scores[i] for i in counted}, reverse=True)
    return [[labels[i] == 1 for i in counted if scores[i] == value] for value in values]


def curve(hits):
    """List (recall, precision) at the end of each group of equal scores, as fractions."""
    positives, points, found, seen = sum(map(sum, hits)), [], 0, 0
    for group in hits:
        found, seen = found + sum(group), seen + len(group)
        points.append((Fraction(found, positives), Fraction(found, seen)))
    return points


def eleven_point(hits):
    """Average, over recall levels 0, 0.1, ..., 1, the best precision at this recall or more."""
    points = curve(hits)
    levels = [max(p for r, p in points if r >= Fraction(step, 10)) for step in range(11)]
    return float(sum(levels) / 11)


def area(hits):
    """Add up, for every step of recall, its height times the best precision from there on."""
    points, total, before = curve(hits), Fraction(0), Fraction(0)
    for recall, _ in points:
        total += (recall - before) * max(p for r, p in points if r >= recall)
        before = recall
    return float(total)


def alignment(K, L):
    """Centre both kernels with H = I - 1/n and compare them as vectors."""
    n = len(K)
    H = np.eye(n) - np.ones((n, n)) / n
    k, l_ = H @ K @ H, H @ L @ H
    return np.sum(k * l_) / np.linalg.norm(k) / np.linalg.norm(l_)


def distances(K):
    """Apply d = sqrt(max(0, K_ii + K_jj - 2 K_ij)) to every pair."""
    n = len(K)
    return np.array([[math.sqrt(max(0.0, K[i, i] + K[j, j] - 2 * K[i, j])) for j in range(n)] for i in range(n)])


def nearest(K, k):
    """Sort the other images of each by distance, then by position."""
    d = distances(K.astype(np.float64))
    n = len(K)
    return np.array([sorted((j for j in range(n) if j != i), key=lambda j: (d[i, j], j))[:k] for i in range(n)])


def purity(neighbours, labels):
    """Ask every image with a class which of its neighbours share one."""
    classes = [set(np.flatnonzero(row == 1)) for row in labels]
    asked = [i for i, own in enumerate(classes) if own]
    return np.mean([np.mean([bool(classes[i] & classes[j]) for j in neighbours[i]]) for i in asked])
