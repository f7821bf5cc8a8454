"""Read text in columns, whatever separates them: commas, semicolons, tabs or bars, in UTF-8 or UTF-16."""

import codecs
import csv
import io
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from gradviz.datasets.pictures import printable
from gradviz.datasets.text import without_end_mark
from gradviz.errors import DatasetError

SEPARATORS = (",", ";", "\t", "|")
SAMPLE = 50
"""Lines that are looked at before the separator is chosen."""


class Line(NamedTuple):
    """Hold the cells of one entry, stripped; `spans` lines of the file, of which `number` is the first."""

    number: int
    cells: tuple[str, ...]
    spans: int

    def cell(self, column: int | None) -> str:
        """Return one cell; empty where there is no such column."""
        return self.cells[column] if column is not None and column < len(self.cells) else ""


def read_lines(path: Path, fits: Callable[[Sequence[Line]], tuple[int, int]]) -> list[Line]:
    """Read the entries of a file, separated as it fits best.

    Parameters
    ----------
    path
        The file.
    fits
        How well the first lines fit once they are separated: the larger, the better; of equals the first.

    Raises
    ------
    DatasetError
        If the file is not such a text, or a quotation mark is missing.
    """
    text = _text(path)
    separated: dict[str, list[Line]] = {}
    problem = ""
    for separator in SEPARATORS:
        try:
            separated[separator] = _separated(text, separator)
        except csv.Error as error:
            problem = problem or str(error)
    best = max(separated.values(), key=lambda lines: fits(lines[:SAMPLE]), default=[])
    # What is left where the right separator could not be used names no picture.
    if problem and not (best and fits(best[:SAMPLE])[0]):
        raise DatasetError(f"{path} cannot be read as a CSV: {printable(problem)}.")
    return best


def _text(path: Path) -> str:
    try:
        content = path.read_bytes()
        wide = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
        return without_end_mark(content.decode("utf-16" if wide else "utf-8-sig"))
    except (OSError, UnicodeError) as error:
        raise DatasetError(
            f"{path} cannot be read as a CSV in UTF-8: {printable(str(error))}; save it in UTF-8."
        ) from error


def _separated(text: str, separator: str) -> list[Line]:
    # Strict: a quotation mark that is never closed would swallow all further lines as one cell.
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    lines, before = [], 0
    try:
        for cells in reader:
            line = Line(before + 1, tuple(cell.strip() for cell in cells), reader.line_num - before)
            before = reader.line_num
            if any(line.cells):
                lines.append(line)
    except csv.Error as error:
        begins = f", in an entry that begins in line {before + 1}" if before + 1 < reader.line_num else ""
        raise csv.Error(f"line {reader.line_num}: {error}{begins}") from error
    return lines
