"""List the formats of data sets, files and folders alike: the one place that a new format is added to."""

from importlib import import_module
from pathlib import Path

from gradviz.datasets.reading import Format
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
    for form in FORMATS:
        if form.recognises(path):
            return form
    if path.suffix.lower() in _PACKED:
        raise DatasetError(
            f"{path} is packed: unpack it and name the folder, or drop it on the Data page if it is a zip."
        )
    raise DatasetError(f"{path} is not a data set: name {sentence(layouts=True)}.")


def sentence(*, layouts: bool = False) -> str:
    """List what can be read, in words that a sentence can hold; `layouts` adds what each format looks like."""
    parts = [f"{form.name} ({form.looks})" if layouts else form.name for form in FORMATS]
    return f"{', '.join(parts[:-1])} or {parts[-1]}"


def table() -> str:
    """Return a Markdown table of what can be read: what it looks like, and where labels and splits come from."""
    rows = [f"| {form.name}: {form.layout} | {form.labels} |" for form in FORMATS]
    return "\n".join(["| layout | labels and splits |", "| --- | --- |", *rows])
