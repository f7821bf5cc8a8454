"""Say which classes some splits show and others lack, whatever the format: none is both learnt and scored there."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from gradviz.datasets.grouping import NAMED
from gradviz.datasets.image_set import Finding
from gradviz.datasets.pictures import printable

_MOST = 6
"""Findings, one for each choice of splits, before they are one: of ten folds, each rare class lacks others."""


def unshared(
    splits: Mapping[str, NDArray[np.int64]], classes: Sequence[str], labels: NDArray[np.int8] | None
) -> list[Finding]:
    """Say which classes are shown in some splits and not in others: they may be misspelt, or no classes.

    A split in which no label is known lacks nothing, and of a class that no split shows there is nothing to compare.

    Parameters
    ----------
    splits
        The data's own: name -> positions.
    classes
        C names.
    labels
        Shape (n, C) of 1, -1 and 0; None if nothing is labelled.
    """
    if labels is None:
        return []
    shown = {
        name: (labels[positions] == 1).any(axis=0) for name, positions in splits.items() if labels[positions].any()
    }
    having: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for c, name in enumerate(classes):
        inside = tuple(split for split in shown if shown[split][c])
        if inside and len(inside) < len(shown):
            having[inside].append(name)
    if len(having) > _MOST:
        names = sorted(name for alike in having.values() for name in alike)
        return [_finding(names, f"a class in some of {' and '.join(map(printable, shown))}, but not in all")]
    findings = []
    for inside, names in sorted(having.items(), key=lambda one: sorted(one[1])):
        lacking = [printable(split) for split in shown if split not in inside]
        reason = f"a class in {' and '.join(map(printable, inside))}, but not in {' or '.join(lacking)}"
        findings.append(_finding(sorted(names), reason))
    return findings


def _finding(names: Sequence[str], reason: str) -> Finding:
    listed = ", ".join(names[:NAMED]) + (", ..." if len(names) > NAMED else "")
    return Finding(printable(listed), reason, "guessed", len(names))
