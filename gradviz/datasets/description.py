"""Say what a data set holds and what its reader made of it, as the command line and the page show it."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from gradviz.datasets.image_set import Finding, ImageSet

_SHOWN = 10
"""Findings that a command prints; `gradviz datasets` lists all."""
_LOST = ("left out", "not read")


def description(images: ImageSet) -> dict[str, Any]:
    """Describe a data set in JSON values: nothing is computed, and no picture is decoded.

    Returns
    -------
    dict
        name, format, images (how many can be used), classes (name -> how many are positive, difficult, negative,
        unknown), splits (name -> images), findings (kind, name, reason, count), ap.
    """
    return {
        "name": images.name,
        "format": images.format,
        "images": len(images),
        "classes": _classes(images),
        "splits": {name: len(positions) for name, positions in images.splits.items()},
        "findings": [as_row(finding) for finding in images.findings],
        "ap": images.ap,
    }


def as_row(finding: Finding) -> dict[str, Any]:
    """Return a finding as a row of a table."""
    return {"kind": finding.kind, "name": finding.name, "reason": finding.reason, "count": finding.count}


def as_lines(findings: Sequence[Finding], shown: int | None = _SHOWN) -> list[str]:
    """Return findings as lines of text, and a last line that says how many more there are."""
    lines = [f"{f.kind} {f.name}: {f.reason}{_times(f.count)}" for f in findings[:shown]]
    more = len(findings) - len(lines)
    return [*lines, f"and {more:,} more findings, which `gradviz datasets PLACE` lists"] if more else lines


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
    return f" ({count:,} times)" if count > 1 else ""


def _classes(images: ImageSet) -> dict[str, dict[str, int]]:
    if images.labels is None:
        return {}
    zero = images.labels == 0
    unknown = zero & images.unknown if images.unknown is not None else zero & False
    columns = {
        "positive": (images.labels == 1).sum(axis=0),
        "difficult": (zero & ~unknown).sum(axis=0),
        "negative": (images.labels == -1).sum(axis=0),
        "unknown": unknown.sum(axis=0),
    }
    return {name: {kind: int(counts[c]) for kind, counts in columns.items()} for c, name in enumerate(images.classes)}
