"""Read FiftyOne's folders: pictures in data/, and their classes in labels.json."""

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Any

from gradviz.datasets.grouping import repeated
from gradviz.datasets.image_set import Finding
from gradviz.datasets.leftover import leftover
from gradviz.datasets.pictures import printable
from gradviz.datasets.reading import Format, Listing, Row
from gradviz.datasets.scan import contents, names_below, unread
from gradviz.datasets.splits import ORDER, split_named
from gradviz.datasets.text import read_text
from gradviz.errors import DatasetError

_FILE = "labels.json"
_OUTSIDE = "pictures outside data/"


def read_fiftyone(folder: Path) -> Listing:
    """List the pictures in `data/` with the classes in `labels.json`: {"classes": [...], "labels": {name: class}}.

    A class is a name or a number in the list; a picture may have several, or boxes with a `label`. Pictures that the
    file does not mention, or gives no class, have unknown labels. Both may lie in the folders of splits; a class that
    the file of one does not know is unknown there. Ids are paths below `data/`, or below the folder of the splits.

    Raises
    ------
    DatasetError
        If a labels.json is damaged.
    """
    root = folder.resolve()
    if _is_part(root):
        part = _part(root)
        return replace(part, findings=[*part.findings, *leftover(root, _used(root), _OUTSIDE)])
    parts = [(split, path, _part(path)) for split, path in _splits(root)]
    if not parts:
        raise DatasetError(f"{folder} is not FiftyOne's: looked for {FORMAT.looks}.")
    classes = list(dict.fromkeys(name for _, _, part in parts for name in part.classes or ()))
    rows, findings = [], []
    spelt: dict[str, list[str]] = {}
    for split, path, part in parts:
        spelt.setdefault(split, []).append(path.name)
        unknown = dict.fromkeys(name for name in classes if name not in (part.classes or ()))
        findings += [Finding(f"{path.name}/{f.name}", f.reason, f.kind, f.count) for f in part.findings]
        for row in part.rows:
            labels = None if row.labels is None else {**row.labels, **unknown}
            rows.append(Row(f"{path.name}/data/{row.id}", row.path, labels, (split,)))
    findings += [
        Finding(printable(", ".join(names)), f"together the split {split}", "joined")
        for split, names in spelt.items()
        if len(names) > 1
    ]
    used = [file for _, path, _ in parts for file in _used(path)]
    others = [path for path in sorted(root.iterdir()) if path not in {path for _, path, _ in parts}]
    for path in others:
        if path.is_dir() and path.name[0] not in "._" and (pictures := contents(path).pictures):
            findings.append(Finding(printable(path.name), "pictures beside the splits", count=len(pictures)))
            used += [picture.path for picture in pictures]
    findings += leftover(root, used, _OUTSIDE)
    splits = [split for split in ORDER if any(split in row.splits for row in rows)]
    return Listing(root, rows, findings, classes=classes or None, splits=splits)


def _is_part(folder: Path) -> bool:
    return (folder / "data").is_dir() and (folder / _FILE).is_file()


def _splits(folder: Path) -> list[tuple[str, Path]]:
    """List the folders of splits that hold pictures and classes, with the split."""
    try:
        found = [(split_named(path.name), path) for path in sorted(folder.iterdir())]
    except OSError:
        return []
    return [(split, path) for split, path in found if split and _is_part(path)]


def _used(folder: Path) -> list[Path]:
    """List what a part was read from; what else lies in its data/ is named there."""
    return [folder / _FILE, *(folder / "data" / name for name in names_below(folder / "data"))]


def _part(root: Path) -> Listing:
    document = _document(root / _FILE)
    if document is None:
        raise DatasetError(f"{root / _FILE} is not FiftyOne's: looked for {FORMAT.looks}.")
    found = contents(root / "data")
    classes = [printable(str(name)) for name in document.get("classes") or ()]
    said = document["labels"]
    again = repeated(classes, "named several times in the list of classes: one class")
    rows, wrong, silent, used = [], 0, 0, set()
    for picture in found.pictures:
        key = next((k for k in (_bare(picture.name), picture.name) if k in said), None)
        used.add(key)
        labels = None
        if key is None or said[key] is None:
            silent += 1
        else:
            labels = _labels(said[key], classes)
            wrong += labels is None
        rows.append(Row(picture.name, picture.path, labels))
    findings = [*found.findings, *unread(found.lists), *again]
    findings += [Finding(printable(str(name)), "listed, but no picture") for name in said if name not in used]
    if silent:
        findings.append(Finding("data", f"pictures without a label in {_FILE}: unknown", "unlabelled", silent))
    if wrong:
        findings.append(Finding(_FILE, "entries that are no class: labels unknown", "not read", wrong))
    mentioned = sorted({name for row in rows for name in row.labels or ()} - set(classes))
    return Listing(root, rows, findings, classes=list(dict.fromkeys([*classes, *mentioned])) or None)


def _bare(name: str) -> str:
    return str(PurePosixPath(name).with_suffix(""))


def _labels(value: Any, classes: list[str]) -> dict[str, int] | None:
    """Return the classes of one picture; None if some cannot be told."""
    names = [_name(item, classes) for item in (value if isinstance(value, list) else [value])]
    return None if None in names else {name: 1 for name in names if name is not None}


def _name(item: Any, classes: list[str]) -> str | None:
    if isinstance(item, Mapping):
        item = item.get("label")
    if isinstance(item, str) and item:
        return printable(item)
    if isinstance(item, int) and not isinstance(item, bool) and 0 <= item < len(classes):
        return classes[item]
    return None


def _document(path: Path) -> dict[str, Any] | None:
    try:
        document = json.loads(read_text(path))
    except (OSError, ValueError, RecursionError):
        return None
    fits = isinstance(document, dict) and isinstance(document.get("labels"), dict)
    return document if fits and isinstance(document.get("classes") or [], list) else None


FORMAT = Format(
    name="a FiftyOne folder",
    layout="`data/` with pictures and `labels.json` with `classes` and `labels`, or both in the folder of each split",
    labels="from `labels.json`; the folders are splits",
    listing=read_fiftyone,
    fits=lambda folder: _is_part(folder) or bool(_splits(folder)),
)
