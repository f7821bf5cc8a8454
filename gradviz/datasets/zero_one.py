"""Read labels that are written 1 and 0 where 1 and -1 is meant: without any -1, 0 is "absent", not "unknown"."""

import numpy as np

from gradviz.datasets.image_set import Finding


def zero_is_absent(values: "np.ndarray | list[int]") -> bool:
    """Check whether labels hold 1 and 0 but no -1: else every class would be without a negative image."""
    there = set(np.unique(np.asarray(values, np.float64)).tolist())
    return {0, 1} <= there and -1 not in there


def unsaid(name: str, count: int) -> Finding:
    """Return the finding for a class called `name` that has no -1 where others have: its zeros may mean absent."""
    reason = "no label of this class is -1, but some of others are: 0 says neither; write -1 for absent"
    return Finding(name, reason, "guessed", count)


def unsaid_in_list(name: str, count: int) -> Finding:
    """Return the finding for a list called `name` without a -1, of a class that has some in its other lists."""
    reason = "no label of this list is -1, but some of the class's other lists are: 0 says neither; write -1 for absent"
    return Finding(name, reason, "guessed", count)


def absent(name: str, count: int) -> Finding:
    """Return the finding for a list or file called `name` of whose labels `count` were read so."""
    return Finding(name, "no label is -1, so 0 is read as absent, not as unknown", "guessed", count)
