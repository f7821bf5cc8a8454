"""Read tables with the folder that they lie in: a zip is given as a whole, and no list in it can be named itself."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from gradviz.datasets import table
from gradviz.datasets.grouping import grouped
from gradviz.datasets.image_set import Finding
from gradviz.datasets.pictures import printable
from gradviz.datasets.reading import Listing, Row
from gradviz.datasets.scan import UNREAD_TABLE, contents
from gradviz.datasets.splits import split_named
from gradviz.errors import DatasetError

_MOST = 10
"""Tables that are tried as lists of the pictures."""

Tables = Mapping[str, Listing]


def with_tables(root: Path, listing: Listing) -> Listing:
    """Return the listing of an unpacked folder with the labels of its tables, where nothing else gives any.

    Tables of different pictures are read together, and train.csv beside test.csv are splits; of tables that name a
    picture again only the one with most pictures is read. Splits that no table states are those of the folders.

    Parameters
    ----------
    root
        The folder; tables may name pictures relative to it or to their own folder.
    listing
        What its folders and other lists say.
    """
    if any(row.labels is not None for row in listing.rows):
        return _told(listing, "not read: what the pictures show is told without it")
    tables = {found.name: found.path for found in contents(root).lists if table.FORMAT.recognises(found.path)}
    if len(tables) > _MOST:
        return _told(listing, f"not read: there are more than {_MOST} tables in the zip")
    return labelled_by(tables, root, listing, "lists no picture of the zip")


def labelled_by(tables: Mapping[str, Path], root: Path, listing: Listing, without: str) -> Listing:
    """Return the listing with the labels of tables, name -> file; `without` is why one without pictures is not used."""
    read: dict[str, Listing] = {}
    findings = [finding for finding in listing.findings if finding.reason != UNREAD_TABLE]
    for name, path in tables.items():
        reason = without
        try:
            part = table.read_table(path, root)
        except DatasetError as error:
            reason = f"not read: {str(error).replace(str(path), 'it').rstrip('.')}"
        else:
            if part.rows:
                read[name] = part
                continue
        findings.append(Finding(printable(name), reason, "not read"))
    return _joined(listing, read, findings) if read else replace(listing, findings=findings)


def _told(listing: Listing, reason: str) -> Listing:
    """Say of tables why they are not read, instead of what to do with one on disk."""
    findings = [replace(f, reason=reason) if f.reason == UNREAD_TABLE else f for f in listing.findings]
    return replace(listing, findings=findings)


def _joined(listing: Listing, read: Tables, findings: list[Finding]) -> Listing:
    used = _apart(read)
    rows, said = _rows(used)
    whole, more = _with_folders(rows, listing)
    called = printable(", ".join(used))
    findings = [finding for finding in findings if finding.kind != "unlabelled"]
    for name, part in used.items():
        above = f"{printable(name)}: " if len(used) > 1 else ""
        findings += [replace(finding, name=above + finding.name) for finding in part.findings]
    unnamed = [row.id for row in listing.rows if row.path not in rows]
    findings += [*said, *more, *grouped(unnamed, f"not listed in {called}: without label", "unlabelled")]
    if len(used) < len(read):
        findings.append(Finding(called, "the list that is read: none names more pictures", "guessed"))
    reason = f"not read, because {called} is: put all pictures into one list"
    findings += [Finding(printable(name), reason, "not read") for name in read if name not in used]
    classes = dict.fromkeys(name for part in used.values() for name in part.classes or ())
    classes |= dict.fromkeys(name for row in whole for name in row.labels or ())
    return replace(listing, rows=whole, findings=findings, classes=list(classes) or None, splits=None)


def _apart(read: Tables) -> dict[str, Listing]:
    """Return the tables of which none names a picture of another, those with most pictures first."""
    used: dict[str, Listing] = {}
    taken: set[Path | None] = set()
    for name in sorted(read, key=lambda name: (-len(read[name].rows), name)):
        paths = {row.path for row in read[name].rows}
        if not paths & taken:
            used[name] = read[name]
            taken |= paths
    return dict(sorted(used.items()))


def _rows(used: Tables) -> tuple[dict[Path | None, Row], list[Finding]]:
    """Return the rows of all tables by their pictures; a class that a table has no column for is unknown in it."""
    columns = {name for part in used.values() for name in part.classes or ()}
    named = {name: split_named(name.rpartition("/")[2].rpartition(".")[0]) for name in used}
    own = any(row.splits for part in used.values() for row in part.rows)
    are_splits = not own and len(used) > 1 and all(named.values())
    rows = {}
    for name, part in used.items():
        unknown = dict.fromkeys(columns - set(part.classes or ()) if part.classes else ())
        for row in part.rows:
            labels = None if row.labels is None else {**unknown, **row.labels}
            rows[row.path] = replace(row, labels=labels, splits=(str(named[name]),) if are_splits else row.splits)
    if len(used) < 2:
        return rows, []
    reason = "read as the lists of splits" if are_splits else "read together, as one list"
    return rows, [Finding(printable(", ".join(used)), reason, "guessed", len(used))]


def _with_folders(rows: Mapping[Path | None, Row], listing: Listing) -> tuple[list[Row], list[Finding]]:
    """Return the rows of all pictures, in the splits of their folders unless a table states others."""
    fits = all(
        not rows[row.path].splits or rows[row.path].splits == row.splits for row in listing.rows if row.path in rows
    )
    stated = any(row.splits for row in rows.values())
    whole = []
    for row in listing.rows:
        labels, splits = (rows[row.path].labels, rows[row.path].splits) if row.path in rows else (None, ())
        whole.append(replace(row, labels=labels, splits=row.splits if fits else splits))
    guessed = sum(bool(row.splits) for row in whole) if fits and not stated else 0
    reason = "the list has none: they are those that the folders of the pictures name"
    return whole, [Finding("splits", reason, "guessed", guessed)] if guessed else []
