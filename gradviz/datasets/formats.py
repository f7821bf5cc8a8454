"""List the formats of data sets, files and folders alike: the one place that a new format is added to."""

from collections.abc import Sequence
from importlib import import_module
from pathlib import Path

from gradviz.datasets.grouping import NAMED
from gradviz.datasets.layout import NEARLY_ALL
from gradviz.datasets.reading import Format
from gradviz.datasets.scan import kind, names_below
from gradviz.errors import DatasetError

# A format is a module of this package with a FORMAT, and its line here: by name, so that one line is all it takes.
# They are asked in this order; the first that recognises a file or folder reads it.
FORMATS: tuple[Format, ...] = tuple(
    import_module(f"gradviz.datasets.{module}").FORMAT
    for module in (
        "voc",
        "coco",
        "coco_exports",
        "fiftyone",
        "yolo",
        "annotated",
        "folder",  # any folder
        "table",
        "features_file",
    )
)


_PACKED = frozenset({".zip", ".tar", ".gz", ".tgz", ".bz2", ".xz", ".7z", ".rar"})


def recognised(path: Path) -> Format:
    """Return the format of a file or folder.

    Raises
    ------
    DatasetError
        If it is in none, or if a folder holds several data sets.
    """
    if path.is_dir():
        return _of_folder(path)
    for form in FORMATS:
        if form.recognises(path):
            return form
    if path.suffix.lower() in _PACKED:
        raise DatasetError(
            f"{path} is packed: unpack it and name the folder, or drop it on the Data page if it is a zip."
        )
    raise DatasetError(f"{path} is not a data set: name {sentence(layouts=True)}.")


def _of_folder(folder: Path) -> Format:
    """Return the format of a folder; none that takes several data sets of an earlier format together."""
    several: tuple[Format, list[Path]] | None = None
    for form in FORMATS:
        found = form.fitting(folder)
        if len(found) > 1:
            several = several or (form, found)
        elif found and not (several and _takes_together(found[0], several[1])):
            return form
    if several is None:
        raise DatasetError(f"{folder} is not a data set: name {sentence(layouts=True)}.")
    form, found = several
    listed = ", ".join(map(str, found[:NAMED])) + (", ..." if len(found) > NAMED else "")
    raise DatasetError(f"{folder} holds several data sets, each {form.name}; name one of them: {listed}.")


def _takes_together(folder: Path, inner: Sequence[Path]) -> bool:
    """Check whether data sets in a folder are nearly all of it; if not, they are classes beside others."""
    if not all(one.is_relative_to(folder) for one in inner):
        return False
    pictures = [folder / name for name in names_below(folder) if kind(name) == "picture"]
    inside = sum(any(picture.is_relative_to(one) for one in inner) for picture in pictures)
    return inside >= NEARLY_ALL * len(pictures)


def sentence(*, layouts: bool = False) -> str:
    """List what can be read, in words that a sentence can hold; `layouts` adds what each format looks like."""
    parts = [f"{form.name} ({form.looks})" if layouts else form.name for form in FORMATS]
    return f"{', '.join(parts[:-1])} or {parts[-1]}"


def table() -> str:
    """Return a Markdown table of what can be read: what it looks like, and where labels and splits come from."""
    rows = [f"| {form.name}: {form.layout} | {form.labels} |" for form in FORMATS]
    return "\n".join(["| layout | labels and splits |", "| --- | --- |", *rows])
