"""Read a CSV that lists pictures: `path,label;label[,split]`, or columns with titles."""

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, partial
from pathlib import Path
from typing import NamedTuple

from gradviz.datasets.columns import Columns, score, truth, understand
from gradviz.datasets.delimited import Line, read_lines
from gradviz.datasets.far_paths import UPLOADED, last_part, pictures_by_name
from gradviz.datasets.image_set import Finding
from gradviz.datasets.label_lists import Labels, label_lists
from gradviz.datasets.pictures import PICTURE_SUFFIXES, printable
from gradviz.datasets.reading import Format, Listing, Row
from gradviz.datasets.scan import TABLE_SUFFIXES, below
from gradviz.datasets.sidecars import splits_of
from gradviz.datasets.zero_one import absent, unsaid, zero_is_absent
from gradviz.errors import DatasetError

EXPORTED = "_classes.csv"
"""What Roboflow calls the list that it writes beside the pictures of each split: a column for each class."""


def read_table(path: Path, above: Path | None = None) -> Listing:
    """List the pictures of a CSV by its titles, or by position where it has none.

    Classes are labels in one column, or the titles of columns of ones and zeros. A picture on several lines has all
    their labels; one without any label is of unknown class (0 for each). A line without a split is in none. Ids are the
    paths as first listed. Where no line has a split, the folders of the pictures may name several.

    Parameters
    ----------
    path
        The file.
    above
        The folder that holds all pictures: paths are relative to it or to the file. None for the file's own folder.

    Raises
    ------
    DatasetError
        If the file is not such a text, has columns of ones and zeros without titles, or says other splits of a picture
        on another line.
    """
    folder = path.resolve().parent
    root = above.resolve() if above else folder
    located = cache(partial(_located, root, folder.relative_to(root).as_posix()))

    lines = read_lines(path, lambda sample: score(sample, partial(_hit, located)))
    if not lines:
        return Listing(root, ())
    exported = path.name == EXPORTED
    columns = understand(lines, partial(_hit, located), str(path), exported=exported)
    if not any(_hit(located, line.cell(columns.path)) for line in lines[columns.first :]):
        located = cache(partial(_by_name, pictures_by_name(root), located, _last_parts(lines)))
        columns = understand(lines, partial(_hit, located), str(path), exported=exported)
    findings = list(columns.findings)
    entries: dict[Path, _Entry] = {}
    again: list[int] = []
    guesses: Counter[str] = Counter()
    for line in lines[columns.first :]:
        place = located(line.cell(columns.path))
        reason = place.found if isinstance(place.found, str) else _refusal(line, columns)
        if isinstance(place.found, str) or reason:
            name = printable(f"line {line.number}: {line.cell(columns.path)}")
            # Each line that such a cell swallows may have been a picture's; a long remark elsewhere is of one.
            findings.append(Finding(name, reason, count=line.spans if _goes_on(line, columns) else 1))
            continue
        guesses[place.guess] += 1
        entry = entries.setdefault(place.found.resolve(), _Entry(place.id, place.found))
        again += [line.number] if entry.lines else []
        entry.add(line, columns, path)
    findings += [Finding("paths", guess, "guessed", count) for guess, count in guesses.items() if guess]
    if again:
        findings.append(Finding("lines", f"pictures are listed again, as in line {again[0]}", "joined", len(again)))
    labels = _labels(list(entries.values()), columns, exported)
    rows = [
        Row(entry.id, entry.path, mine, entry.splits)
        for entry, mine in zip(entries.values(), labels.of_pictures, strict=True)
    ]
    rows, said = _by_folders(root, rows)
    return Listing(root, rows, [*findings, *labels.findings, *said], classes=labels.classes)


FORMAT = Format(
    name="a CSV",
    layout="lines of `path,label;label[,split]` or columns with titles, paths relative to the file",
    labels="from the columns `label` and `split`, or a column of ones and zeros for each class",
    listing=read_table,
    suffixes=TABLE_SUFFIXES,
)


def _by_folders(root: Path, rows: list[Row]) -> tuple[list[Row], list[Finding]]:
    """Return the rows in the splits that the folders of their pictures name, where these are several and none has one.

    Halves drawn across them would mix what somebody kept apart.
    """
    if any(row.splits for row in rows):
        return rows, []
    named = splits_of([row.path.relative_to(root).as_posix() if row.path else "" for row in rows])
    if len({*named} - {None}) < 2:
        return rows, []
    rows = [replace(row, splits=(split,) if split else ()) for row, split in zip(rows, named, strict=True)]
    reason = "the list has none: they are those that the folders of the pictures name"
    return rows, [Finding("splits", reason, "guessed", sum(split is not None for split in named))]


class _Place(NamedTuple):
    """Hold the picture that a path leads to, or why there is none; its id; and what was guessed about the path."""

    found: Path | str
    id: str
    guess: str = ""


@dataclass
class _Entry:
    """Gather the lines of one picture."""

    id: str
    path: Path
    lines: list[Line] = field(default_factory=list)
    splits: tuple[str, ...] = ()

    def add(self, line: Line, columns: Columns, file: Path) -> None:
        """Add a line; DatasetError if an earlier one puts the picture into other splits."""
        splits = columns.splits_of(line)
        if splits and self.splits and {*splits} != {*self.splits}:
            raise DatasetError(
                f"{file}, line {line.number}: {printable(self.id)} is in {' and '.join(splits)}, but above it is in "
                f"{' and '.join(self.splits)}: write all splits of a picture into one cell, such as train;val."
            )
        self.splits = splits or self.splits
        self.lines.append(line)


def _located(root: Path, folder: str, listed: str) -> _Place:
    """Find a picture by its path, relative to a folder below the root or else to the root."""
    ways = [_way(root, prefix, listed) for prefix in dict.fromkeys((folder, "."))]
    return next((way for way in ways if isinstance(way.found, Path)), ways[0])


def _way(root: Path, folder: str, listed: str) -> _Place:
    prefix = "" if folder == "." or listed.startswith("/") else f"{folder}/"
    found = below(root, prefix + listed)
    if isinstance(found, Path):
        return _Place(found, listed)
    slashes = listed.replace("\\", "/")
    if isinstance(slashed := below(root, prefix + slashes), Path):
        return _Place(slashed, slashes, "a backslash is read as a slash")
    ways = [below(root, prefix + listed + suffix) for suffix in sorted(PICTURE_SUFFIXES)] if listed else []
    there = [way for way in ways if isinstance(way, Path)]
    return _Place(there[0], listed, "the picture's suffix is added") if len(there) == 1 else _Place(found, listed)


def _hit(located: Callable[[str], _Place], listed: str) -> int:
    place = located(listed)
    return 0 if isinstance(place.found, str) else 1 if place.guess else 2


def _by_name(
    pictures: Mapping[str, Sequence[Path]],
    located: Callable[[str], _Place],
    listed_as: Mapping[str, Collection[str]],
    listed: str,
) -> _Place:
    """Find a picture by its file's name alone, for a list in which no path leads to one: a list of another computer.

    Only one path of the list, and only one picture, may have this name. Label Studio puts eight digits before it.
    """
    name = last_part(listed)
    name = name if name in pictures else UPLOADED.sub("", name, count=1)
    if name not in pictures or len(listed_as[name]) > 1:
        return located(listed)
    there = pictures[name]
    guess = "no path leads to a picture: they are found by the names of the files"
    return _Place(there[0], listed, guess) if len(there) == 1 else located(listed)


def _last_parts(lines: Sequence[Line]) -> dict[str, set[str]]:
    """Return the cells that end in each name, with and without the digits that Label Studio puts before it."""
    found: dict[str, set[str]] = {}
    for line in lines:
        for cell in line.cells:
            name = last_part(cell)
            for way in (name, UPLOADED.sub("", name, count=1)):
                found.setdefault(way, set()).add(cell)
    return found


def _refusal(line: Line, columns: Columns) -> str:
    """Explain why a line of a picture that is there cannot be used; empty if it can."""
    if not columns.first and len(line.cells) > 3:
        return "more than three columns"
    return "a cell that goes on in the next line" if _goes_on(line, columns) else ""


def _goes_on(line: Line, columns: Columns) -> bool:
    cells = (line.cell(columns.path), line.cell(columns.split), *columns.labels_of(line))
    return any("\n" in cell or "\r" in cell for cell in cells)


def _labels(entries: Sequence[_Entry], columns: Columns, exported: bool) -> Labels:
    """Return the labels of each picture."""
    if columns.classes:
        return _ones_and_zeros(entries, columns, exported)
    if columns.present is not None:
        return _present_and_absent(entries, columns)
    labels = label_lists([[cell for line in entry.lines for cell in columns.labels_of(line)] for entry in entries])
    known = {name for own in labels.of_pictures for name in own or ()}
    doubtful = [any(line.cell(i) in known for line in e.lines for i in columns.doubtful) for e in entries]
    if not any(doubtful):
        return labels
    of_pictures = [None if doubt else own for own, doubt in zip(labels.of_pictures, doubtful, strict=True)]
    return replace(labels, of_pictures=of_pictures, classes=sorted(known))


def _present_and_absent(entries: Sequence[_Entry], columns: Columns) -> Labels:
    """Read lines that each say of one label whether the picture shows it; what no line says is unknown."""
    lines = [(entry, line) for entry in entries for line in entry.lines]
    labels = label_lists([columns.labels_of(line) for _, line in lines])
    classes = sorted({name for own in labels.of_pictures for name in own or ()})
    said: dict[int, dict[str, int | None]] = {id(entry): dict.fromkeys(classes) for entry in entries}
    for (entry, line), own in zip(lines, labels.of_pictures, strict=True):
        shown = truth(line.cell(columns.present))
        value = None if shown is None else 1 if shown == 1 else -1
        for name in own or ():
            before = said[id(entry)][name]
            said[id(entry)][name] = value if before is None else max(before, value or before)
    return Labels([said[id(entry)] for entry in entries], labels.findings, classes)


def _ones_and_zeros(entries: Sequence[_Entry], columns: Columns, exported: bool) -> Labels:
    """Read a class from each column of ones and zeros; what is neither is unknown.

    In an exported list 0 is absent, also where no picture has a 1.
    """
    names = list(columns.classes.values())
    values = [[[truth(line.cell(i)) for i in columns.classes] for line in entry.lines] for entry in entries]
    known = [value for lines in values for line in lines for value in line if value is not None]
    zero = -1 if zero_is_absent(known) or (exported and -1 not in known) else 0
    findings = [absent("labels", known.count(0))] if zero and 0 in known else []
    for i, name in enumerate(names):
        column = [value for lines in values for line in lines if (value := line[i]) is not None]
        if not zero and zero_is_absent(column):
            findings.append(unsaid(printable(name), column.count(0)))
    empty = sum(not line.cell(i) for entry in entries for line in entry.lines for i in columns.classes)
    if empty:
        findings.append(Finding("labels", "empty cells: unknown", "guessed", empty))
    strange = [
        (line.number, line.cell(i), name)
        for entry in entries
        for line in entry.lines
        for i, name in columns.classes.items()
        if line.cell(i) and truth(line.cell(i)) is None
    ]
    if strange:
        number, cell, name = strange[0]
        reason = f"neither 1 nor 0, like {printable(cell)!r} for {name} in line {number}: unknown"
        findings.append(Finding("labels", reason, "not read", len(strange)))
    of_pictures = []
    for lines in values:
        mine: dict[str, int | None] = {}
        for i, name in enumerate(names):
            said = {zero if line[i] == 0 else line[i] for line in lines} - {None}
            value = 1 if 1 in said else -1 if said == {-1} else 0 if 0 in said else None
            if value != -1:
                mine[name] = value
        of_pictures.append(mine)
    return Labels(of_pictures, findings, names)
