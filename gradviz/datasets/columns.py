"""Find out what the columns of a table of pictures hold: by their titles, and by what is checked in the cells."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from gradviz.datasets.delimited import SAMPLE, Line
from gradviz.datasets.image_set import Finding
from gradviz.datasets.pictures import PICTURE_SUFFIXES, printable
from gradviz.datasets.split_cells import known_splits, read_splits
from gradviz.errors import DatasetError

_PATHS = [
    re.compile(pattern)
    for pattern in (
        "(image|img|picture|photo)s?(_?(path|name|file|filename))?",
        "fname|files?(_?(name|path))?",
        "paths?",
        "name",
        "id|(image|img|file|picture|photo)_?id",
    )
]
"""Titles of columns of paths; of columns that name as many pictures, the first of these is meant."""
_LABELS = [
    re.compile(pattern)
    for pattern in (
        "finding_labels|((image|true|gt)_)?(label|class|category|categorie|tag|target)(e?s)?(_?(name|label))?",
        "choices?|ground_?truth|species(_?name)?|breeds?(_?name)?|diagnos[ie]s",
    )
]
"""Titles of columns of labels, those first that say it most plainly."""
_PRESENT = re.compile("(is_)?present|presence|confidence|exists")
"""Titles of columns that say for the label in their line whether the picture shows it."""
_SPLIT = re.compile("(data_)?(split|subset|set)s?|partition|phase|usage")
_HELD_OUT = re.compile("is_val(id)?")
_INDEX = re.compile(r"|index|idx|row|unnamed.*")
_TRUTH = {"1": 1, "+1": 1, "1.0": 1, "true": 1, "yes": 1, "0": 0, "0.0": 0, "false": 0, "no": 0, "-1": -1, "-1.0": -1}
_NUMBER = re.compile(r"[+-]?\d[\d\s.,:/eETZ+-]*")
"""A number, a date or a time."""
_ABOVE = 5
"""Lines among which titles are looked for."""
_POSITIONS = 3
"""Columns without titles that are read: path, label, split."""
_MOSTLY = 0.9
"""Cells of a column of ones and zeros that have to be such; the others are of unknown meaning, and named."""

Hit = Callable[[str], int]
"""Says how well a cell names a picture that is there: 0 not at all, 1 by a guess, 2 as it is written."""


@dataclass(frozen=True)
class Columns:
    """Say which column holds what, by number; None where there is none.

    `classes` are columns of ones and zeros, with their titles. `held_out` says true for val and false for train.
    `present` says 0 where a picture does not show the label of its line. `more` are further columns of labels; what
    `doubtful` ones hold may be labels.
    """

    path: int
    first: int
    """Place of the first line after the titles; 0 where there are none."""
    labels: int | None = None
    split: int | None = None
    held_out: int | None = None
    classes: Mapping[int, str] = field(default_factory=dict)
    present: int | None = None
    more: tuple[int, ...] = ()
    doubtful: tuple[int, ...] = ()
    findings: tuple[Finding, ...] = ()
    splits: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Cell of the column `split` -> the splits that it names."""

    def splits_of(self, line: Line) -> tuple[str, ...]:
        """Return the splits of a line; none where it is in none."""
        if self.held_out is not None:
            held_out = truth(line.cell(self.held_out))
            return () if held_out is None else ("val",) if held_out == 1 else ("train",)
        return self.splits.get(line.cell(self.split), ())

    def labels_of(self, line: Line) -> list[str]:
        """Return the cells of a line that hold labels."""
        return [] if self.labels is None else [line.cell(i) for i in (self.labels, *self.more)]


def truth(cell: str) -> int | None:
    """Read a cell of a column of ones and zeros: 1, 0 or -1; None for anything else."""
    return _TRUTH.get(cell.lower())


def score(lines: Sequence[Line], hit: Hit) -> tuple[int, int]:
    """Count the lines that name a picture, and the titles that are known: what tells a separator from others."""
    pictures = sum(any(hit(cell) for cell in line.cells) for line in lines)
    return pictures, max((sum(map(_known, _titles(line))) for line in lines[:_ABOVE]), default=0)


def understand(lines: Sequence[Line], hit: Hit, file: str, *, exported: bool = False) -> Columns:
    """Decide what each column holds.

    Parameters
    ----------
    lines
        All entries, at least one.
    hit
        Says how well a cell names a picture that is there.
    file
        What messages call the table.
    exported
        Whether it is known that every column of ones and zeros is a class, also one that is 1 or 0 throughout.

    Raises
    ------
    DatasetError
        For columns of ones and zeros without titles, or two with the same title.
    """
    first = _first(lines, hit)
    titles, body = _titles(lines[first - 1]) if first else [], lines[first:]
    width = max(len(line.cells) for line in lines)
    ranks = [_rank(_PATHS, titles[i]) if i < len(titles) else len(_PATHS) for i in range(width)]
    named = [i for i in range(width) if ranks[i] < len(_PATHS)]
    hits = [(sum(hit(line.cell(i)) for line in body[:SAMPLE]), -ranks[i]) for i in range(width)]
    path = max(named or range(width), key=hits.__getitem__)
    if not hits[path][0]:
        # A label 3 is no path to 3.jpg where another column has files of pictures, though none of them is there.
        plain = not _has_files(body, path)
        path = max((i for i in range(width) if plain or _has_files(body, i)), key=hits.__getitem__)
    others = [i for i in range(width) if i != path]
    if not first:
        return _with_splits(_untitled(path, others, body, file), body)
    above = [Finding(f"line {line.number}", "stands above the titles", "not read") for line in lines[: first - 1]]
    if not any(map(_known, titles)):
        called, reason = ", ".join(lines[first - 1].cells), "names no picture, as others do: read as titles"
        above.append(Finding(printable(f"line {lines[first - 1].number}: {called}"), reason, "guessed"))
        if path:
            above.append(Finding(_called(lines[first - 1], path), "the paths are read from it", "guessed"))
    found = _titled(path, others, lines[first - 1], body, file, exported)
    return _with_splits(replace(found, first=first, findings=(*above, *found.findings)), body)


def _with_splits(found: Columns, body: Sequence[Line]) -> Columns:
    splits, said = read_splits(_filled(body, found.split))
    return replace(found, splits=splits, findings=(*found.findings, *said))


def _first(lines: Sequence[Line], hit: Hit) -> int:
    """Find where the lines begin that follow the titles, of which there may be remarks above; 0 without titles."""
    for place, line in enumerate(lines[:_ABOVE]):
        if _names_picture(line, hit):
            return place if place and _are_titles(lines[place - 1], lines[place:][:SAMPLE], hit) else 0
        if any(map(_known, _titles(line))):
            return place + 1
    return 0


def _names_picture(line: Line, hit: Hit) -> bool:
    return any(_is_file(cell) or hit(cell) for cell in line.cells)


def _is_file(cell: str) -> bool:
    return cell.lower().endswith(tuple(PICTURE_SUFFIXES))


def _has_files(body: Sequence[Line], column: int) -> bool:
    return any(_is_file(line.cell(column)) for line in body[:SAMPLE])


def _are_titles(line: Line, body: Sequence[Line], hit: Hit) -> bool:
    """Check whether a line of unknown words stands above lines of pictures as titles do.

    It is as long as they are, nothing in it is a number or a path or comes again below it, and they all but few name
    pictures: what it says may also be an entry whose picture is missing.
    """
    untitled = [i for i, cell in enumerate(line.cells) if not cell]
    if len(line.cells) != len(body[0].cells) or not all(_counts(line, body, i) for i in untitled):
        return False
    if any(hit(below) for i in untitled for below in _filled(body, i)):
        return False
    if sum(_names_picture(below, hit) for below in body) < _MOSTLY * len(body):
        return False
    for i, cell in enumerate(line.cells):
        below = _filled(body, i)
        numbered = re.search(r"\d", cell) is not None and any(map(hit, below))
        if numbered or truth(cell) is not None or _NUMBER.fullmatch(cell) or set("/\\") & set(cell) or cell in below:
            return False
    return True


def _known(title: str) -> bool:
    known = any(known.fullmatch(title) for known in (*_PATHS, *_LABELS, _SPLIT, _HELD_OUT))
    return known or any(known.fullmatch(_unnumbered(title)) for known in _LABELS)


def _unnumbered(title: str) -> str:
    return re.sub(r"_?\d+$", "", title)


def _several(titles: Sequence[str], body: Sequence[Line], columns: Sequence[int]) -> list[int]:
    """Return the columns that hold labels together: label1, label2 and so on; none unless there are two of a kind."""
    alike: dict[str, list[int]] = {}
    for i in columns:
        if i < len(titles) and _rank(_LABELS, _unnumbered(titles[i])) < len(_LABELS) and not _ones_and_zeros(body, i):
            alike.setdefault(_unnumbered(titles[i]), []).append(i)
    return next((found for found in alike.values() if len(found) > 1), [])


def _beyond(body: Sequence[Line], labels: int | None, columns: Sequence[int]) -> tuple[list[int], list[int]]:
    """Tell which columns without titles, right of the labels, hold labels, and which may hold some.

    Where lines are of different lengths, half of what they hold has to stand in the column of labels too.
    """
    known = set(_filled(body, labels)) if labels is not None else set()
    shared = {i: sum(cell in known for cell in _filled(body, i)) for i in columns if labels is not None and i > labels}
    more = [i for i, count in shared.items() if count and 2 * count >= len(_filled(body, i))]
    return more, [i for i, count in shared.items() if count and i not in more]


def _beyond_said(more: Sequence[int], doubtful: Sequence[int]) -> list[Finding]:
    called = [", ".join(f"column {i + 1}" for i in columns) for columns in (more, doubtful)]
    findings = [Finding(called[0], "without a title: read as further labels", "guessed", len(more))] if more else []
    reason = "without a title, with some labels: where it has one, the classes are unknown"
    return findings + ([Finding(called[1], reason, "not read", len(doubtful))] if doubtful else [])


def _rank(known: Sequence[re.Pattern[str]], title: str) -> int:
    """Return the place of the first pattern that a title fits; their number where it fits none."""
    return next((place for place, pattern in enumerate(known) if pattern.fullmatch(title)), len(known))


def _titles(line: Line) -> list[str]:
    return [re.sub(r"[\s.-]+", "_", cell.lower()) for cell in line.cells]


def _titled(path: int, others: Sequence[int], first: Line, body: Sequence[Line], file: str, exported: bool) -> Columns:
    titles = _titles(first)
    filled = [i for i in others if _filled(body, i)]

    def first_of(*known: re.Pattern[str]) -> int | None:
        ranked = [(_rank(known, titles[i]), i) for i in filled if i < len(titles)]
        rank, found = min(ranked, default=(len(known), None))
        return found if rank < len(known) else None

    labels, split, held_out = first_of(*_LABELS), first_of(_SPLIT), first_of(_HELD_OUT)
    held_out = held_out if split is None else None
    findings = []
    if split is None and held_out is None:
        named = [i for i in filled if i != labels and _splits_alone(body, i)]
        if len(named) == 1:
            split = named[0]
            findings.append(Finding(_called(first, split), "the column is read as the splits", "guessed"))
    several = _several(titles, body, filled)
    if several and (labels is None or labels in several):
        labels, *several = several
    else:
        several = []
    present = first_of(_PRESENT) if labels is not None else None
    if present is not None and {truth(cell) for cell in _filled(body, present)} != {0, 1}:
        present = None
    rest = [i for i in filled if i not in (labels, split, held_out, present, *several)]
    more, doubtful = _beyond(body, labels, [i for i in rest if i >= len(titles)])
    rest = [i for i in rest if i not in (*more, *doubtful) and not _counts(first, body, i)]
    findings += _beyond_said(more, doubtful)
    classes: dict[int, str] = {}
    if labels is None:
        labels, classes, said_of = _guessed(first, body, rest, file, exported)
        findings += said_of
        empty = [_called(first, i) for i in others if i not in filled and i < len(titles) and first.cell(i)]
        findings += [Finding(name, "a column that is empty", "not read") for name in empty]
    said = {name for finding in findings for name in finding.name.split(", ")}
    unread = [_called(first, i) for i in rest if i not in classes and i != labels]
    unread = [name for name in unread if name not in said]
    if unread:
        findings.append(Finding(", ".join(unread), "columns that are not read", "not read", len(unread)))
    if present is not None:
        reason = "0 is read as absent; a class that no line of a picture names is unknown"
        findings.append(Finding(_called(first, present), reason, "guessed"))
    more = (*several, *more)
    return Columns(path, 1, labels, split, held_out, classes, present, more, tuple(doubtful), tuple(findings))


def _guessed(
    first: Line, body: Sequence[Line], rest: Sequence[int], file: str, exported: bool
) -> tuple[int | None, dict[int, str], list[Finding]]:
    """Return the column of labels or those that are classes, where no title says it: never both.

    A column that is 1 throughout says nothing of the pictures, and a text that comes again says more than a flag beside
    it, unless the columns of ones and zeros have exactly one 1 in each line, as only classes have.
    """
    flags = [i for i in rest if first.cell(i) and _ones_and_zeros(body, i)]
    names = [printable(first.cell(i)) for i in flags]
    if len(set(names)) < len(names):
        raise DatasetError(f"{file} has two columns with the title {max(names, key=names.count)!r}: rename one.")
    if exported and flags:
        return None, dict(zip(flags, names, strict=True)), []
    values = {i: {truth(cell) for cell in _filled(body, i)} for i in flags}
    ones = [i for i in flags if not values[i] & {0, -1}]
    classes = {i: name for i, name in zip(flags, names, strict=True) if i not in ones}
    telling = any(1 in values[i] for i in classes)
    texts = [i for i in rest if i not in flags and _is_text(first, body, i)]
    if telling and (not texts or _one_each(body, list(classes))):
        constant = [Finding(_called(first, i), "1 in every line, and so no class", "not read") for i in ones]
        return None, classes, constant
    if len(texts) > 1:
        named = ", ".join(_called(first, i) for i in texts)
        reason = "each could hold the labels: give one of them the title label"
        return None, {}, [Finding(named, reason, "not read", len(texts))]
    alone = rest[0] if len(rest) == 1 and not flags and _repeats(body, rest[0]) else None
    labels = texts[0] if texts else alone
    if labels is None:
        return None, {}, []
    return labels, {}, [Finding(_called(first, labels), "the column is read as the labels", "guessed")]


def _is_text(first: Line, body: Sequence[Line], column: int) -> bool:
    """Check for words of which some come again and not all are the same: not numbers, times or paths."""
    title = _titles(first)[column] if column < len(first.cells) else ""
    cells = _filled(body, column)
    words = [cell for cell in cells if not _NUMBER.fullmatch(cell)]
    known = _rank(_PATHS, title) < len(_PATHS)
    return not known and len(words) >= _MOSTLY * len(cells) and len(set(cells)) > 1 and _repeats(body, column)


def _one_each(body: Sequence[Line], columns: Sequence[int]) -> bool:
    """Check whether each line has exactly one 1 in these columns."""
    return len(columns) > 1 and all([truth(line.cell(i)) for i in columns].count(1) == 1 for line in body)


def _splits_alone(body: Sequence[Line], column: int) -> bool:
    """Check for a column of nothing but known splits, and of several."""
    cells = set(_filled(body, column))
    return len({known_splits(cell) for cell in cells}) > 1 and all(map(known_splits, cells))


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
    splits = [i for i in others[: _POSITIONS - 1] if all(map(known_splits, _filled(body, i)))]
    split = next((i for i in reversed(splits) if _filled(body, i)), None)
    labels = next((i for i in others if i != split), None)
    rest = [i for i in others[: _POSITIONS - 1] if i not in (labels, split) and _filled(body, i)]
    more, doubtful = _beyond(body, labels, rest)
    findings += _beyond_said(more, doubtful)
    rest = [i for i in rest if i not in (*more, *doubtful)]
    if rest:
        odd = next((value for value in _filled(body, rest[0]) if not known_splits(value)), "")
        reason = f"no known split, like {printable(odd)!r}: write a first line such as path,label,split"
        findings.append(Finding(f"column {rest[0] + 1}", reason, "not read"))
    return Columns(path, 0, labels, split, more=tuple(more), doubtful=tuple(doubtful), findings=tuple(findings))


def _filled(body: Sequence[Line], column: int | None) -> list[str]:
    return [cell for line in body if (cell := line.cell(column))]


def _ones_and_zeros(body: Sequence[Line], column: int) -> bool:
    cells = _filled(body, column)
    return bool(cells) and sum(truth(cell) is not None for cell in cells) >= _MOSTLY * len(cells)


def _repeats(body: Sequence[Line], column: int) -> bool:
    """Check whether a column has fewer values than cells, as names of classes have and captions have not."""
    cells = _filled(body, column)
    return len(set(cells)) < len(cells)
