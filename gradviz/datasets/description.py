"""Say what a data set holds and what its reader made of it, as the command line and the page show it."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradviz.datasets.image_set import Finding, ImageSet
from gradviz.datasets.undecodable import undecodable
from gradviz.words import counted

_SHOWN = 10
"""Findings that a command prints; `gradviz datasets` lists all."""
_LOST = ("left out", "not read")


def description(images: ImageSet, unusable: Mapping[int, Finding] | None = None) -> dict[str, Any]:
    """Describe a data set in JSON values.

    Parameters
    ----------
    images
        The data set.
    unusable
        What `undecodable` has found: the positions of pictures that do not count, with the reasons. None: it is asked.

    Returns
    -------
    dict
        name, format, images (how many can be used), classes (name -> how many are positive, difficult, negative,
        unknown), splits (name -> images), findings (kind, name, reason, count), ap.
    """
    unusable = undecodable(images) if unusable is None else unusable
    usable = np.ones(len(images), np.bool_)
    usable[list(unusable)] = False
    return {
        "name": images.name,
        "format": images.format,
        "images": int(usable.sum()),
        "classes": _classes(images, usable),
        "splits": {name: int(usable[positions].sum()) for name, positions in images.splits.items()},
        "findings": [as_row(finding) for finding in (*images.findings, *unusable.values())],
        "ap": images.ap,
    }


def as_row(finding: Finding) -> dict[str, Any]:
    """Return a finding as a row of a table."""
    return {"kind": finding.kind, "name": finding.name, "reason": finding.reason, "count": finding.count}


def as_lines(findings: Sequence[Finding], shown: int | None = _SHOWN) -> list[str]:
    """Return findings as lines of text, and a last line that says how many more there are."""
    lines = [f"{f.kind} {f.name}: {f.reason}{_times(f.count)}" for f in findings[:shown]]
    more = len(findings) - len(lines)
    return [*lines, f"and {counted(more, 'more finding')}, which `gradviz datasets PLACE` lists"] if more else lines


def in_short(findings: Iterable[Finding]) -> str:
    """Return how much of each kind there is, such as "12 left out, 3 guessed"; empty where there is nothing."""
    counts: Counter[str] = Counter()
    for finding in findings:
        counts[finding.kind] += finding.count
    return ", ".join(f"{count:,} {kind}" for kind, count in counts.items())


def lost(findings: Iterable[Finding]) -> int:
    """Count what was left out or not read."""
    return sum(finding.count for finding in findings if finding.kind in _LOST)


def _times(count: int) -> str:
    return f" ({counted(count, 'time')})" if count > 1 else ""


def _classes(images: ImageSet, usable: NDArray[np.bool_]) -> dict[str, dict[str, int]]:
    if images.labels is None:
        return {}
    labels = images.labels[usable]
    zero = labels == 0
    unknown = zero & images.unknown[usable] if images.unknown is not None else zero & False
    columns = {
        "positive": (labels == 1).sum(axis=0),
        "difficult": (zero & ~unknown).sum(axis=0),
        "negative": (labels == -1).sum(axis=0),
        "unknown": unknown.sum(axis=0),
    }
    return {name: {kind: int(counts[c]) for kind, counts in columns.items()} for c, name in enumerate(images.classes)}
