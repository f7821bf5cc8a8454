"""Read a CSV that lists pictures: `path,label;label[,split]`."""

import csv
from pathlib import Path

from gradviz.datasets.image_set import Finding
from gradviz.datasets.pictures import printable
from gradviz.datasets.reading import Format, Listing, Row
from gradviz.datasets.scan import below
from gradviz.errors import DatasetError

_TITLES = frozenset({"path", "file", "filename", "image", "id"})


def read_table(path: Path) -> Listing:
    """List the pictures of a CSV; a first line of titles is recognised.

    A picture without a label shows none of the classes (-1 for each). A line without a split is in none. Ids are the
    paths as listed.

    Raises
    ------
    DatasetError
        If the file is not a CSV in UTF-8.
    """
    root = path.resolve().parent
    rows: dict[str, Row] = {}
    findings: list[Finding] = []
    for line, cells in _lines(path):
        listed, labels, split = (*(cell.strip() for cell in cells), "", "")[:3]
        found = "more than three columns" if len(cells) > 3 else below(root, listed)
        if listed in rows:
            found = "listed twice"
        if isinstance(found, str):
            findings.append(Finding(printable(f"line {line}: {listed}"), found))
            continue
        names = [printable(part.strip()) for part in labels.split(";") if part.strip()]
        rows[listed] = Row(listed, found, dict.fromkeys(names, 1), (printable(split),) if split else ())
    return Listing(root, tuple(rows.values()), findings)


FORMAT = Format(
    name="a CSV",
    layout="lines of `path,label;label[,split]`, paths relative to the file",
    labels="from the second and third column",
    listing=read_table,
    suffixes=(".csv",),
)


def _lines(path: Path) -> list[tuple[int, list[str]]]:
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.reader(file)
            rows = [(reader.line_num, row) for row in reader if any(cell.strip() for cell in row)]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DatasetError(f"{path} cannot be read as a CSV in UTF-8: {printable(str(error))}.") from error
    if rows and rows[0][1][0].strip().lower() in _TITLES:
        rows = rows[1:]
    return rows
