"""Split labelled images into halves: `train` and `val` for data without splits of its own."""

import numpy as np
from numpy.typing import NDArray

SIDES = ("train", "val")


def halves(
    labels: NDArray[np.int8], *, seed: int, copies: NDArray[np.int64] | None = None
) -> dict[str, NDArray[np.int64]]:
    """Split into `train` and `val`, half of each class in either; images of unknown class go to neither.

    Where an image shows one class at most, each class is halved on its own: odd classes favour train and val in turn,
    and a class with one image goes to train. Where images show several, the rows of `labels` hardly repeat, and the
    halves are drawn by iterative stratification. Copies of a photograph then follow the first of them, as else what
    is learnt would be scored; no other image moves for that.

    Parameters
    ----------
    labels
        Shape (n, C) of 1, -1 and 0.
    seed
        Draws who goes where.
    copies
        Shape (n,): one number for all copies of a photograph; None where there are none.

    Returns
    -------
    dict
        Split -> ascending positions.
    """
    rng = np.random.default_rng(seed)
    known = np.flatnonzero((labels != 0).any(axis=1))
    one_class = ((labels[known] == 1).sum(axis=1) <= 1).all() and (labels[known] != 0).all()
    if one_class:
        parts = _by_class(labels, known, rng)
    else:
        side = _stratified(labels[known] == 1, rng)
        parts = [known[side == 0], known[side == 1]]
    if copies is not None:
        parts = _together(parts, copies)
    return {name: np.sort(part) for name, part in zip(SIDES, parts, strict=True)}


def _together(parts: list[NDArray[np.int64]], copies: NDArray[np.int64]) -> list[NDArray[np.int64]]:
    """Move copies to where the first of them that is in a half is."""
    side = np.full(len(copies), -1)
    for number, part in enumerate(parts):
        side[part] = number
    inside = np.flatnonzero(side >= 0)
    _, first, of_image = np.unique(copies[inside], return_index=True, return_inverse=True)
    side[inside] = side[inside][first][of_image]
    return [np.flatnonzero(side == number) for number in range(len(parts))]


def _by_class(labels: NDArray[np.int8], known: NDArray[np.int64], rng: np.random.Generator) -> list[NDArray[np.int64]]:
    _, kind = np.unique(labels[known], axis=0, return_inverse=True)
    parts: list[list[NDArray[np.int64]]] = [[], []]
    larger, smaller = 0, 1
    for k in range(kind.max(initial=-1) + 1):
        members = rng.permutation(known[kind == k])
        if len(members) == 1:
            parts[0].append(members)
            continue
        parts[larger].append(members[0::2])
        parts[smaller].append(members[1::2])
        if len(members) % 2:
            larger, smaller = smaller, larger
    return [np.concatenate([np.empty(0, np.int64), *part]) for part in parts]


def _stratified(shown: NDArray[np.bool_], rng: np.random.Generator) -> NDArray[np.int8]:
    """Return the side, 0 or 1, of each of n images that show some of C classes, bool (n, C).

    The rarest class that is left is dealt out first: each of its images goes where most of the class is still wanted,
    then where most of all its classes are, then where most images are. Neither side takes more than half of all images,
    rounded up. Source: Sechidis, Tsoumakas, Vlahavas, "On the stratification of multi-label data", ECML PKDD 2011.
    """
    n = len(shown)
    side = np.full(n, -1, np.int8)
    order = rng.permutation(n)
    coin = rng.integers(2, size=n)
    classes = [np.flatnonzero(row) for row in shown]
    wanted = np.tile(shown.sum(axis=0) / 2, (2, 1))
    left = shown.sum(axis=0)
    room = [(n + 1) // 2, (n + 1) // 2]

    def place(image: int, best: int) -> None:
        best = best if room[best] else 1 - best
        side[image] = best
        room[best] -= 1
        wanted[best, classes[image]] -= 1
        left[classes[image]] -= 1

    while left.any():
        rarest = int(np.argmin(np.where(left, left, n + 1)))
        for image in order[shown[order, rarest] & (side[order] < 0)].tolist():
            first, second = ((wanted[s, rarest], wanted[s, classes[image]].sum(), room[s]) for s in (0, 1))
            place(image, int(coin[image]) if first == second else int(second > first))
    for image in order[side[order] < 0].tolist():
        place(image, int(coin[image]) if room[0] == room[1] else int(room[1] > room[0]))
    return side
