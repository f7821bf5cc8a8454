"""Read COCO: lists of instances as JSON beside folders of pictures."""

import json
from collections.abc import Sequence
from functools import partial
from math import ceil, floor
from pathlib import Path
from typing import Any

import numpy as np

from gradviz.datasets.image_set import Box, ImageSet, Skipped, halves
from gradviz.datasets.pictures import printable
from gradviz.datasets.scan import below, such_as
from gradviz.errors import DatasetError

LAYOUT = "annotations/instances_<split>.json beside <split>/ or images/"
_PREFIX = "instances_"


def locate(folder: Path) -> list[Path]:
    """List the instance files of a folder, in its `annotations/` or right in it."""
    return sorted((folder / "annotations").glob("instances*.json")) or sorted(folder.glob("instances*.json"))


def read_coco(path: Path, *, seed: int = 0, name: str | None = None) -> ImageSet:
    """Read one instances file, or every one of a folder: several files are splits, a single one is halved by `seed`.

    A class whose only instances in a picture are crowds has label 0 there: it neither trains nor scores. Ids are paths
    below the folder. DatasetError if nothing usable is found.
    """
    files = [path] if path.is_file() else locate(path)
    if not files:
        raise DatasetError(f"{path} holds no COCO instances: looked for {LAYOUT}.")
    folder = files[0].parent.parent if files[0].parent.name == "annotations" else files[0].parent
    reader = _Reader(folder.resolve())
    splits = {file.stem.removeprefix(_PREFIX): reader.read(file) for file in files}
    if not reader.paths:
        raise DatasetError(f"{path} lists no usable picture{such_as(reader.skipped)}: looked for {LAYOUT}.")
    classes = tuple(sorted(reader.categories))
    labels = _labels(classes, reader.boxes)
    return ImageSet(
        name=name or (path.stem if path.is_file() else path.resolve().name),
        root=reader.root,
        ids=tuple(reader.paths),
        paths=tuple(reader.paths.values()),
        classes=classes,
        labels=labels,
        splits=splits if len(files) > 1 else halves(labels, seed=seed),
        skipped=tuple(reader.skipped),
        boxes_of=partial(_boxes_at, tuple(tuple(boxes) for boxes in reader.boxes)),
    )


def _boxes_at(boxes: Sequence[tuple[Box, ...]], position: int) -> tuple[Box, ...]:
    return boxes[position]


def _labels(classes: Sequence[str], boxes: Sequence[Sequence[Box]]) -> np.ndarray:
    column = {name: c for c, name in enumerate(classes)}
    labels = np.full((len(boxes), len(classes)), -1, np.int8)
    for row, objects in enumerate(boxes):
        for box in objects:
            labels[row, column[box.name]] = max(labels[row, column[box.name]], 0 if box.difficult else 1)
    return labels


class _Reader:
    """Gather pictures, boxes and complaints over several files."""

    def __init__(self, root: Path):
        self.root = root
        self.paths: dict[str, Path] = {}
        self.boxes: list[list[Box]] = []
        self.categories: set[str] = set()
        self.skipped: list[Skipped] = []

    def read(self, file: Path) -> list[int]:
        """Add what one file lists; return the positions of its pictures."""
        images, annotations, categories = _parts(file)
        names = {entry.get("id"): printable(str(entry.get("name"))) for entry in categories}
        self.categories |= set(names.values())
        folder = self._pictures_of(file, images)
        places: dict[object, tuple[int, dict[str, Any]]] = {}
        for entry in images:
            position = self._add(folder, str(entry.get("file_name")))
            if position is not None:
                places[entry.get("id")] = (position, entry)
        known = {entry.get("id") for entry in images}
        wrong = 0
        for entry in annotations:
            if entry.get("image_id") in places:
                position, image = places[entry["image_id"]]
                box = _box(entry, names, image)
                wrong += box is None
                self.boxes[position] += [box] if box else []
            else:
                wrong += entry.get("image_id") not in known
        if wrong:
            self.skipped.append(Skipped(file.name, f"{wrong} annotations without a known picture, class or box"))
        return [position for position, _ in places.values()]

    def _pictures_of(self, file: Path, images: list[dict[str, Any]]) -> Path:
        """Choose the folder in which the first listed pictures are found."""
        split = file.stem.removeprefix(_PREFIX)
        candidates = [self.root / split, self.root / "images" / split, self.root / "images", self.root]
        first = [str(entry.get("file_name")) for entry in images[:10]]
        return max(candidates, key=lambda folder: sum(isinstance(below(folder, name), Path) for name in first))

    def _add(self, folder: Path, name: str) -> int | None:
        found = below(folder, name)
        if isinstance(found, str):
            self.skipped.append(Skipped(printable(name), found))
            return None
        identifier = found.relative_to(self.root).as_posix()
        if identifier in self.paths:
            self.skipped.append(Skipped(printable(name), "listed twice"))
            return None
        self.paths[identifier] = found
        self.boxes.append([])
        return len(self.paths) - 1


def _parts(file: Path) -> tuple[list[dict[str, Any]], ...]:
    try:
        document = json.loads(file.read_bytes())
        parts = tuple(document[part] for part in ("images", "annotations", "categories"))
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        reason = printable(str(error)) or type(error).__name__
        raise DatasetError(
            f"{file} is no COCO instances file with images, annotations, categories: {reason}."
        ) from error
    hashable = (str, int, float, type(None))
    for part in parts:
        if not isinstance(part, list) or not all(
            isinstance(entry, dict)
            and all(isinstance(entry.get(key), hashable) for key in ("id", "image_id", "category_id"))
            for entry in part
        ):
            raise DatasetError(f"{file} is no COCO instances file: images, annotations, categories must list objects.")
    return parts


def _box(entry: dict[str, Any], names: dict[object, str], image: dict[str, Any]) -> Box | None:
    """Turn [x, y, width, height], 0-based, into corners clipped to the picture; None if there is nothing to frame."""
    name = names.get(entry.get("category_id"))
    try:
        x, y, width, height = (float(value) for value in entry["bbox"])
        right, bottom = int(image["width"]), int(image["height"])
        xmin, ymin = max(1, floor(x) + 1), max(1, floor(y) + 1)
        xmax, ymax = min(right, ceil(x + width)), min(bottom, ceil(y + height))
    except (KeyError, TypeError, ValueError, OverflowError):
        return None
    if name is None or xmin > xmax or ymin > ymax:
        return None
    return Box(name, xmin, ymin, xmax, ymax, difficult=bool(entry.get("iscrowd")))
