"""Read the splits that the cells of a column name: one, or several in a cell, as VOC's pictures are in trainval too."""

import re
from collections import Counter
from collections.abc import Iterable

from gradviz.datasets.image_set import Finding
from gradviz.datasets.pictures import printable
from gradviz.datasets.splits import split_named

_APART = re.compile(r"\s*(?:[;|,/+&]|\band\b)\s*")
_PLAIN = set(";|,")
"""Separators that hardly stand in the name of one split."""


def known_splits(cell: str) -> tuple[str, ...]:
    """Return train, val or test, or several of them, for a cell that names nothing else; none for any other."""
    if own := split_named(cell):
        return (own,)
    found = [split_named(part) for part in _parts(cell)]
    return tuple(dict.fromkeys(filter(None, found))) if all(found) else ()


def read_splits(cells: Iterable[str]) -> tuple[dict[str, tuple[str, ...]], list[Finding]]:
    """Map the cells of a column, of which none is empty, to their splits, and say where one names several.

    The parts of a cell are splits if each means one that is known, or stands alone in another cell.
    """
    counts = Counter(cells)
    alone = {cell for cell in counts if len(_parts(cell)) < 2}
    splits: dict[str, tuple[str, ...]] = {}
    several: list[str] = []
    doubtful: list[str] = []
    for cell in counts:
        own, parts = split_named(cell), _parts(cell)
        if not own and len(parts) > 1 and all(split_named(part) or part in alone for part in parts):
            splits[cell] = tuple(dict.fromkeys(split_named(part) or printable(part) for part in parts))
            several.append(cell)
            continue
        splits[cell] = (own or printable(cell),)
        if not own and len(parts) > 1 and (_PLAIN & set(cell) or any(map(split_named, parts))):
            doubtful.append(cell)
    findings = []
    if several:
        reason = "several splits in one cell: the picture is in each of them"
        findings.append(Finding(printable(several[0]), reason, "guessed", sum(counts[cell] for cell in several)))
    if doubtful:
        reason = "read as the name of one split: of what may be several, not each is known"
        findings.append(Finding(printable(doubtful[0]), reason, "guessed", sum(counts[cell] for cell in doubtful)))
    return splits, findings


def _parts(cell: str) -> list[str]:
    """Part a cell at what may separate names, or at spaces if that alone makes each a known split."""
    bare = re.sub(r"[\[\](){}'\"]", " ", cell).strip()
    parts = [part.strip() for part in _APART.split(bare) if part.strip()]
    words = bare.split()
    return words if len(parts) == 1 and len(words) > 1 and all(map(split_named, words)) else parts
