"""Name what lies in the folder of a data set and is no part of it: no reader drops a file without a word."""

import os
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from gradviz.datasets.grouping import grouped
from gradviz.datasets.image_set import Finding
from gradviz.datasets.scan import DEEPEST, contents, unread

UNLISTED = "pictures that no list names"


def leftover(root: Path, used: Iterable[str | Path], reason: str = UNLISTED) -> list[Finding]:
    """Name everything below a folder that a reader has not used: pictures by their first bytes, lists by their suffix.

    Parameters
    ----------
    root
        The folder, as the paths in `used` begin.
    used
        Files that are read or named already: pictures, and lists that say what they show.
    reason
        Why a picture is no part of the set.
    """
    found = contents(root, passing={str(path) for path in used})
    return [*found.findings, *grouped([one.name for one in found.pictures], reason, "left out"), *unread(found.lists)]


def unlisted(root: Path, listed: Collection[Path]) -> list[Finding]:
    """Name the pictures that a list passes over, in the folders in which it names others.

    What lies elsewhere beside a list may be anything; but a folder that all its pictures are in is taken whole.

    Parameters
    ----------
    root
        The folder of the list.
    listed
        The pictures that it names.
    """
    used = {str(path) for path in listed}
    folders = {os.path.dirname(path) for path in used}  # noqa: PTH120 - a Path for each of many pictures is slow
    common = os.path.commonpath(folders) if folders else ""
    whole = common not in ("", str(root))
    names: set[str] = set()
    for folder in {common} if whole else folders:
        found = contents(Path(folder), passing=used, deepest=DEEPEST if whole else 0)
        names |= {
            one.path.relative_to(root).as_posix() for one in found.pictures if str(one.path.resolve()) not in used
        }
    return grouped(sorted(names), UNLISTED, "left out")


def kept_unlabelled(findings: Iterable[Finding], beside: Sequence[str]) -> list[Finding]:
    """Return the findings about an upload, whose pictures all stay: those beside its data set only have no label.

    Parameters
    ----------
    findings
        What the reader of a folder says.
    beside
        The paths of the pictures that it leaves out.
    """
    told, rest = [], {*beside}
    for finding in findings:
        about = {name for name in beside if _is_about(finding.name, name)} if finding.kind == "left out" else set()
        if about:
            rest -= about
            finding = replace(finding, reason=f"{finding.reason}: without label", kind="unlabelled")
        told.append(finding)
    return told + grouped(sorted(rest), "beside the data set: without label", "unlabelled")


def _is_about(said: str, name: str) -> bool:
    """Check whether a finding's name, of a file, a folder or all of a folder, is about a picture."""
    folder = said.rpartition("/")[0] if "*" in said else said.rstrip("/")
    return said == "*" or f"/{name}".endswith(f"/{folder}") or f"/{folder}/" in f"/{name}"
