"""Find out what the columns of a table of pictures hold: by their titles, and by what is checked in the cells."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from gradviz.datasets.delimited import SAMPLE, Line
from gradviz.datasets.image_set import Finding
from gradviz.datasets.pictures import PICTURE_SUFFIXES, printable
from gradviz.datasets.splits import split_named
from gradviz.errors import DatasetError

_PATH = re.compile("path|fname|name|id|(image|img|file|picture|photo)s?(_?(path|name|file|filename|id))?")
_LABEL = re.compile("finding_labels|(label|class|category|categorie|tag|target)(e?s)?(_?(name|label))?")
_SPLIT = re.compile("(data_)?(split|subset|set)s?|partition|phase|usage")
_HELD_OUT = re.compile("is_val(id)?")
_INDEX = re.compile(r"|index|idx|row|unnamed.*")
_TRUTH = {"1": 1, "+1": 1, "1.0": 1, "true": 1, "yes": 1, "0": 0, "0.0": 0, "false": 0, "no": 0, "-1": -1, "-1.0": -1}
_ABOVE = 5
"""Lines among which titles are looked for."""
_POSITIONS = 3
"""Columns without titles that are read: path, label, split."""
_MOSTLY = 0.9
"""Cells of a column of ones and zeros that have to be such; the others are of unknown meaning, and named."""


@dataclass(frozen=True)
class Columns:
    """Say which column holds what, by number; None where there is none.

    `classes` are columns of ones and zeros, with their titles. `held_out` says true for val and false for train.
    """

    path: int
    first: int
    """Place of the first line after the titles; 0 where there are none."""
    labels: int | None = None
    split: int | None = None
    held_out: int | None = None
    classes: Mapping[int, str] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()

    def split_of(self, line: Line) -> str:
        """Return the split of a line; empty where it is in none."""
        if self.held_out is not None:
            held_out = truth(line.cell(self.held_out))
            return "" if held_out is None else "val" if held_out == 1 else "train"
        text = line.cell(self.split)
        return split_named(text) or printable(text)


def truth(cell: str) -> int | None:
    """Read a cell of a column of ones and zeros: 1, 0 or -1; None for anything else."""
    return _TRUTH.get(cell.lower())


def score(lines: Sequence[Line], is_picture: Callable[[str], bool]) -> tuple[int, int]:
    """Count the lines that name a picture, and the titles that are known: what tells a separator from others."""
    pictures = sum(any(is_picture(cell) for cell in line.cells) for line in lines)
    return pictures, max((sum(map(_known, _titles(line))) for line in lines[:_ABOVE]), default=0)


def understand(lines: Sequence[Line], is_picture: Callable[[str], bool], file: str) -> Columns:
    """Decide what each column holds.

    Parameters
    ----------
    lines
        All entries, at least one.
    is_picture
        Checks whether a cell names a picture that is there.
    file
        What messages call the table.

    Raises
    ------
    DatasetError
        For columns of ones and zeros without titles, or two with the same title.
    """
    first = _first(lines, is_picture)
    titles, body = _titles(lines[first - 1]) if first else [], lines[first:]
    width = max(len(line.cells) for line in lines)
    named = [i for i, title in enumerate(titles) if _PATH.fullmatch(title)]
    hits = [sum(is_picture(line.cell(i)) for line in body[:SAMPLE]) for i in range(width)]
    path = max(named or range(width), key=hits.__getitem__)
    if named and not hits[path] and any(hits):
        path = max(range(width), key=hits.__getitem__)
    others = [i for i in range(width) if i != path]
    if not first:
        return _untitled(path, others, body, file)
    above = [Finding(f"line {line.number}", "stands above the titles", "not read") for line in lines[: first - 1]]
    found = _titled(path, others, lines[first - 1], body)
    names = list(found.classes.values())
    if len(set(names)) < len(names):
        raise DatasetError(f"{file} has two columns with the title {max(names, key=names.count)!r}: rename one.")
    return replace(found, first=first, findings=(*above, *found.findings))


def _first(lines: Sequence[Line], is_picture: Callable[[str], bool]) -> int:
    """Find where the lines begin that follow the titles, of which there may be remarks above; 0 without titles."""
    for place, line in enumerate(lines[:_ABOVE]):
        if any(cell.lower().endswith(tuple(PICTURE_SUFFIXES)) or is_picture(cell) for cell in line.cells):
            return 0
        if any(map(_known, _titles(line))):
            return place + 1
    return 0


def _known(title: str) -> bool:
    return any(known.fullmatch(title) for known in (_PATH, _LABEL, _SPLIT, _HELD_OUT))


def _titles(line: Line) -> list[str]:
    return [re.sub(r"[\s.-]+", "_", cell.lower()) for cell in line.cells]


def _titled(path: int, others: Sequence[int], first: Line, body: Sequence[Line]) -> Columns:
    titles = _titles(first)

    def first_of(known: re.Pattern[str]) -> int | None:
        return next((i for i in others if i < len(titles) and known.fullmatch(titles[i])), None)

    labels, split, held_out = first_of(_LABEL), first_of(_SPLIT), first_of(_HELD_OUT)
    held_out = held_out if split is None else None
    rest = [i for i in others if i not in (labels, split, held_out) and not _counts(first, body, i)]
    findings: list[Finding] = []
    classes: dict[int, str] = {}
    if labels is None:
        classes = {i: printable(first.cell(i)) for i in rest if first.cell(i) and _ones_and_zeros(body, i)}
        if not classes and len(rest) == 1 and _repeats(body, rest[0]):
            labels = rest[0]
            findings.append(Finding(_called(first, labels), "the column is read as the labels", "guessed"))
    unread = [_called(first, i) for i in rest if i not in classes and i != labels]
    if unread:
        findings.append(Finding(", ".join(unread), "columns that are not read", "not read", len(unread)))
    return Columns(path, 1, labels, split, held_out, classes, tuple(findings))


def _called(first: Line, column: int) -> str:
    return printable(first.cell(column)) or f"column {column + 1}"


def _counts(first: Line, body: Sequence[Line], column: int) -> bool:
    """Check for a column that only counts the lines, as pandas writes it, or that is empty."""
    title = _titles(first)[column] if column < len(first.cells) else ""
    cells = [line.cell(column) for line in body]
    return not any(cells) or (_INDEX.fullmatch(title) is not None and len(set(cells)) == len(cells))


def _untitled(path: int, others: Sequence[int], body: Sequence[Line], file: str) -> Columns:
    """Read `path,label[,split]`, in which the path is wherever the pictures are."""
    if len(others) > 1 and all(_ones_and_zeros(body, i) for i in others):
        raise DatasetError(f"{file} has columns of 0 and 1 without titles: write a first line such as path,cat,dog.")
    findings = [Finding(f"column {path + 1}", "the paths are read from it", "guessed")] if path else []
    body = [line for line in body if len(line.cells) <= _POSITIONS]
    splits = [i for i in others[: _POSITIONS - 1] if all(map(split_named, _filled(body, i)))]
    split = next((i for i in reversed(splits) if _filled(body, i)), None)
    labels = next((i for i in others if i != split), None)
    rest = [i for i in others[: _POSITIONS - 1] if i not in (labels, split) and _filled(body, i)]
    if rest:
        odd = next((value for value in _filled(body, rest[0]) if split_named(value) is None), "")
        reason = f"no known split, like {printable(odd)!r}: write a first line such as path,label,split"
        findings.append(Finding(f"column {rest[0] + 1}", reason, "not read"))
    return Columns(path, 0, labels, split, findings=tuple(findings))


def _filled(body: Sequence[Line], column: int) -> list[str]:
    return [cell for line in body if (cell := line.cell(column))]


def _ones_and_zeros(body: Sequence[Line], column: int) -> bool:
    cells = _filled(body, column)
    return bool(cells) and sum(truth(cell) is not None for cell in cells) >= _MOSTLY * len(cells)


def _repeats(body: Sequence[Line], column: int) -> bool:
    """Check whether a column has fewer values than cells, as names of classes have and captions have not."""
    cells = _filled(body, column)
    return len(set(cells)) < len(cells)
