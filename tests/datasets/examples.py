"""One small example of every format of data sets: what `test_formats.py` holds each of them to."""

import json
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np

from tests.small_sets import annotation, picture, voc

LABELS = {f"{number:02d}": "cat" if number < 8 else "dog" for number in range(12)}
"""Name of a picture -> the class that it shows."""
SPLITS = {name: "test" if int(name) % 3 == 0 else "train" for name in LABELS}

Splits = Mapping[str, str] | None


def csv(folder: Path, splits: Splits) -> Path:
    for number, name in enumerate(LABELS):
        picture(folder / f"{name}.jpg", number)
    lines = [f"{name}.jpg,{label}" + (f",{splits[name]}" if splits else "") for name, label in LABELS.items()]
    return _write(folder / "list.csv", "\n".join([*lines, "gone.jpg,cat"]))


def coco(folder: Path, splits: Splits) -> Path:
    categories = [{"id": 1, "name": "dog"}, {"id": 2, "name": "cat"}]
    for split in sorted(set(splits.values())) if splits else ["everything"]:
        names = [name for name in LABELS if not splits or splits[name] == split]
        for name in names:
            picture(folder / split / f"{name}.jpg", int(name))
        images = [{"id": int(name), "file_name": f"{name}.jpg", "width": 40, "height": 30} for name in names]
        annotations = [
            {"id": int(name), "image_id": int(name), "category_id": 1 + (LABELS[name] == "cat"), "bbox": [1, 1, 9, 9]}
            for name in names
        ]
        if split in ("everything", "test"):
            images.append({"id": 99, "file_name": "gone.jpg"})
        listed = {"images": images, "annotations": annotations, "categories": categories}
        _write(folder / "annotations" / f"instances_{split}.json", json.dumps(listed))
    return folder


def features(folder: Path, splits: Splits) -> Path:
    x = np.random.default_rng(0).normal(size=(len(LABELS) + 1, 4))
    x[-1, 0] = np.nan
    labels = [[1, -1] if label == "cat" else [-1, 1] for label in [*LABELS.values(), "cat"]]
    known = {"ids": [*LABELS, "gone"], "x6": x, "classes": ["cat", "dog"], "labels": labels}
    if splits:
        known["split"] = [*splits.values(), "test"]
    np.savez(folder / "f.npz", allow_pickle=False, **{key: np.array(value) for key, value in known.items()})
    return folder / "f.npz"


def pictures(folder: Path, splits: Splits) -> Path:
    for name, label in LABELS.items():
        picture(folder / (splits[name] if splits else "") / label / f"{name}.jpg", int(name))
    _write(folder / "gone.jpg", "")
    return folder


def voc_folder(folder: Path, splits: Splits) -> Path:
    labels = {shown: {name: 1 if label == shown else -1 for name, label in LABELS.items()} for shown in ("cat", "dog")}
    if not splits:  # labels in lists are labels of splits; without lists they are those of the annotations
        root = voc(folder / "VOC2012", labels, {"all": list(LABELS)})
        shutil.rmtree(root / "ImageSets")
        annotation(root / "Annotations/gone.xml", ("cat", 1, 1, 9, 9))
        return folder
    members = {split: [name for name in LABELS if splits[name] == split] for split in ("train", "test")}
    root = voc(folder / "VOC2012", labels, members)
    with (root / "ImageSets/Main/test.txt").open("a") as file:
        file.write("gone\n")
    for shown in labels:
        with (root / f"ImageSets/Main/{shown}_test.txt").open("a") as file:
            file.write("gone -1\n")
    return folder


def coco_export(folder: Path, splits: Splits) -> Path:
    whole = coco(folder / "whole", splits)
    for listed in (whole / "annotations").iterdir():
        split = listed.stem.removeprefix("instances_")
        if splits:
            (whole / split).rename(folder / split)
            listed.rename(folder / split / "_annotations.coco.json")
        else:
            (whole / split).rename(folder / "data")
            listed.rename(folder / "labels.json")
    shutil.rmtree(whole)
    return folder


def fiftyone(folder: Path, splits: Splits) -> Path:
    for split in sorted(set(splits.values())) if splits else [""]:
        names = [name for name in LABELS if not splits or splits[name] == split]
        for name in names:
            picture(folder / split / f"data/{name}.jpg", int(name))
        numbers = {name: 1 if LABELS[name] == "dog" else 0 for name in names}
        gone = {} if split == "train" else {"gone": 0}
        said = json.dumps({"classes": ["cat", "dog"], "labels": numbers | gone})
        _write(folder / split / "labels.json", said)
    return folder


def yolo(folder: Path, splits: Splits) -> Path:
    for name, label in LABELS.items():
        split = splits[name] if splits else ""
        picture(folder / "images" / split / f"{name}.jpg", int(name))
        _write(folder / "labels" / split / f"{name}.txt", f"{int(label == 'dog')} 0.5 0.5 0.2 0.2\n")
    _write(folder / "images" / ("test" if splits else "") / "gone.jpg", "")
    _write(folder / "data.yaml", "nc: 2\nnames: ['cat', 'dog']\n")
    return folder


def annotated(folder: Path, splits: Splits) -> Path:
    for name, label in LABELS.items():
        place = folder / (splits[name] if splits else "")
        picture(place / f"{name}.jpg", int(name))
        annotation(place / f"{name}.xml", (label, 1, 1, 9, 9))
    _write(folder / "gone.jpg", "")
    return folder


EXAMPLES: dict[str, Callable[[Path, Splits], Path]] = {
    "a folder in VOC layout": voc_folder,
    "COCO instances": coco,
    "a COCO export": coco_export,
    "a FiftyOne folder": fiftyone,
    "YOLO": yolo,
    "pictures with VOC XML": annotated,
    "a folder of pictures": pictures,
    "a CSV": csv,
    "an npz of features": features,
}
"""Name of a format -> writes an example into a new folder and returns what `find` is given: the folder or a file in it.

It holds LABELS, the splits if there are any, and one entry called `gone` that cannot be used.
"""
ALWAYS_SPLIT: set[str] = set()
"""Formats in which labels cannot be without splits."""
NEVER_SPLIT: set[str] = set()
"""Formats that cannot name splits."""


def _write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path
