"""Name many files in few findings."""

import os
from collections import Counter
from collections.abc import Iterable, Sequence

from gradviz.datasets.image_set import Finding, FindingKind
from gradviz.datasets.pictures import printable

NAMED = 3
"""Files of one kind that are named one by one; more of them are one finding with their count."""


def grouped(names: Sequence[str], reason: str, of_kind: FindingKind) -> list[Finding]:
    """Make findings of files: one each for a few of the same suffix and folder, one for many.

    Few in each of many folders side by side are many, too; one that lies elsewhere is still named.
    """
    alike: dict[tuple[str, str], list[str]] = {}
    for name in sorted(names):
        alike.setdefault((os.path.dirname(name), os.path.splitext(name)[1].lower()), []).append(name)  # noqa: PTH120, PTH122
    few: dict[tuple[str, str], list[str]] = {}
    findings = []
    for (folder, suffix), listed in alike.items():
        if len(listed) > NAMED:
            findings.append(_many(folder, suffix, reason, of_kind, len(listed)))
        else:
            # A file right in the scanned folder has no neighbours one folder up.
            above = os.path.dirname(folder) if folder else "."  # noqa: PTH120
            few.setdefault((above, suffix), []).extend(listed)
    for (folder, suffix), listed in few.items():
        if len(listed) > NAMED:
            findings.append(_many(folder, suffix, reason, of_kind, len(listed)))
        else:
            findings += [Finding(printable(name), reason, of_kind) for name in listed]
    return findings


def repeated(names: Iterable[str], reason: str) -> list[Finding]:
    """Name what is there more than once."""
    times = Counter(names)
    return [Finding(printable(name), reason, "joined", count - 1) for name, count in times.items() if count > 1]


def _many(folder: str, suffix: str, reason: str, of_kind: FindingKind, count: int) -> Finding:
    return Finding(printable(f"{folder and folder + '/'}*{suffix}"), reason, of_kind, count)
