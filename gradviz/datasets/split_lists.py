"""Read the classes of a split without folders of classes from the list beside its pictures, as Tiny ImageNet has it."""

from collections.abc import Sequence
from dataclasses import replace

from gradviz.datasets.image_set import Finding
from gradviz.datasets.layout import FLAT
from gradviz.datasets.pictures import printable
from gradviz.datasets.reading import Listing
from gradviz.datasets.scan import Found
from gradviz.datasets.text import read_text


def with_lists(listing: Listing, lists: Sequence[Found]) -> tuple[Listing, list[Found]]:
    """Return the listing with the labels that lists beside a split's pictures give, and the lists that are not used.

    A list is read only if it names, separated by tabs, every unlabelled picture below its folder once, each with a
    class that folders name too: `val_0.JPEG<tab>n01<tab>...`.
    """
    known = {name for row in listing.rows for name in row.labels or ()}
    unused = []
    for found in lists:
        folder = found.name.rpartition("/")[0]
        inside = {
            row.id.rpartition("/")[2]: row.id
            for row in listing.rows
            if row.labels is None and row.splits and row.id.startswith(f"{folder}/")
        }
        classes = _classes(found) if folder and inside and found.name.lower().endswith(".txt") else {}
        if not classes or classes.keys() != inside.keys() or not set(classes.values()) <= known:
            unused.append(found)
            continue
        of_row = {inside[name]: label for name, label in classes.items()}
        rows = [replace(row, labels={of_row[row.id]: 1}) if row.id in of_row else row for row in listing.rows]
        said = Finding(printable(found.name), "read as a picture and its class in each line", "guessed", len(of_row))
        findings = [f for f in listing.findings if (f.name, f.reason) != (printable(folder.rpartition("/")[2]), FLAT)]
        listing = replace(listing, rows=rows, findings=[*findings, said])
    return listing, unused


def _classes(found: Found) -> dict[str, str]:
    """Map the pictures' names to classes; nothing if a line has no tab or names a picture again."""
    try:
        lines = [line.split("\t") for line in read_text(found.path).splitlines() if line.strip()]
    except (OSError, ValueError):
        return {}
    classes = {cells[0].strip(): cells[1].strip() for cells in lines if len(cells) > 1}
    return classes if len(classes) == len(lines) else {}
