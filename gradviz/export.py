"""Results as files to take along: CSV for tables, npz for arrays, JSON for scores; none needs pickle to be read.

An npz carries `about`, a JSON text with every choice and the versions of the libraries; so does the JSON.
"""

import csv
import io
import json
import math
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from gradviz.errors import ChoiceError
from gradviz.features.extraction import Features
from gradviz.results import Alignments, Classification, Evaluation, KernelResult, LayerRow, Map
from gradviz.versions import versions


def features_npz(features: Features, about: Mapping[str, Any], file: BinaryIO) -> None:
    """Write ids, one float32 array (n, d) a vector, and what is known: labels, classes, split.

    `split` (n,) names the smallest split that an image is in; the file can be read as a data set again.
    """
    known = {}
    if features.labels is not None:
        known |= {"labels": features.labels, "classes": np.array(features.images.classes)}
    if features.images.splits:
        known["split"] = np.array(_smallest_splits(features))
    _npz(file, about, ids=np.array(features.ids), **known, **features.arrays)


def _smallest_splits(features: Features) -> list[str]:
    by_size = sorted(features.images.splits.items(), key=lambda item: -len(item[1]))
    names = np.full(len(features.images), "", object)
    for name, positions in by_size:
        names[positions] = name
    return names[features.positions].tolist()


def kernel_npz(result: KernelResult, file: BinaryIO) -> None:
    """Write ids (and cols, if the columns are other images) and K, float32 (n, m); for a product K_fw, K_bw too."""
    arrays = {"ids": np.array(result.rows.ids), "K": result.K}
    if result.cols is not result.rows:
        arrays["cols"] = np.array(result.cols.ids)
    if result.K_fw is not None:
        arrays |= {"K_fw": result.K_fw, "K_bw": result.K_bw}
    _npz(file, result.about, **arrays)


def map_csv(result: Map) -> str:
    """Write id,x,y,labels with one line an image; several labels are parted by semicolons."""
    parts = [result.rows] if result.others is None else [result.rows, result.others]
    named = [
        (i, ";".join(rows.images.labels_of(p))) for rows in parts for i, p in zip(rows.ids, rows.positions, strict=True)
    ]
    lines = ((i, f"{x:.6g}", f"{y:.6g}", labels) for (i, labels), (x, y) in zip(named, result.points, strict=True))
    return _csv(("id", "x", "y", "labels"), lines)


def classification_csv(result: Classification) -> str:
    """Write one line a photograph: its id and the score of every class."""
    rows = zip(result.rows.ids, result.scores, strict=True)
    return _csv(("id", *result.classes), ((i, *(f"{score:.4f}" for score in scores)) for i, scores in rows))


def evaluations_csv(results: Iterable[Evaluation]) -> str:
    """Write one line a representation: its mAP and the AP of every class, in percent."""
    results = tuple(results)
    classes = tuple(results[0].per_class)
    head = ("representation", "temperature", "ap", "mean_ap", *classes)
    return _csv(
        head,
        ((r.representation, r.temperature, r.ap, *map(_percent, (r.mean_ap, *r.per_class.values()))) for r in results),
    )


def evaluation_json(result: Evaluation) -> dict[str, Any]:
    """Give an evaluation as JSON values."""
    return {
        "mean_ap": _finite(result.mean_ap),
        "per_class": dict(result.per_class),
        "n_train": len(result.train.ids),
        "n_test": len(result.test.ids),
        "C": dict(result.C),
        "temperature": result.temperature,
        "seconds": {name: round(s, 3) for name, s in result.seconds.items()},
        "notes": list(result.notes),
        "spec": {**result.about, "versions": versions()},
    }


def layers_csv(rows: Iterable[LayerRow]) -> str:
    """Write one line a representation: mAP in percent, temperature, alignment with the labels, purity of neighbours."""
    head = ("representation", "mean_ap", "temperature", "alignment", "purity")
    lines = (
        (r.representation, _percent(r.mean_ap), r.temperature, _number(r.alignment), _number(r.purity)) for r in rows
    )
    return _csv(head, lines)


def layers_json(rows: Iterable[LayerRow]) -> list[dict[str, Any]]:
    """Give the same as JSON values; null for a figure that does not exist."""
    return [{name: _finite(value) for name, value in asdict(row).items()} for row in rows]


def alignment_json(result: Alignments) -> dict[str, Any]:
    """Give alignments as JSON values."""
    names = result.representations
    return {
        "representations": list(names),
        "between": {a: _named(names, row) for a, row in zip(names, result.between, strict=True)},
        "labels": None if result.with_labels is None else _named(names, result.with_labels),
        "n": len(result.rows.ids),
        "spec": {**result.about, "versions": versions()},
    }


def check_place(path: Path) -> None:
    """Raise ChoiceError where a file cannot be written; worth asking before the work that fills it."""
    if not path.name or path.is_dir():
        raise ChoiceError(f"{path} is a folder: name a file with --out.")
    if not path.parent.is_dir():
        raise ChoiceError(f"There is no folder {path.parent}: make it, or name another file with --out.")
    if not os.access(path.parent, os.W_OK):
        raise ChoiceError(f"{path.parent} cannot be written: name another file with --out.")


def save(path: Path, write: Callable[[BinaryIO], object]) -> None:
    """Write a file whole or not at all; ChoiceError when the folder cannot take it."""
    check_place(path)
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with part.open("wb") as file:
            write(file)
        part.replace(path)
    except OSError as error:
        raise ChoiceError(f"{path} cannot be written ({error.strerror}): name another file with --out.") from error
    finally:
        part.unlink(missing_ok=True)


def _npz(file: BinaryIO, about: Mapping[str, Any], **arrays: np.ndarray) -> None:
    text = json.dumps({**about, "versions": versions()}, sort_keys=True)
    np.savez(file, about=np.array(text), **arrays)


def _csv(head: Iterable[str], lines: Iterable[Iterable[Any]]) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(head)
    writer.writerows(lines)
    return out.getvalue()


def _named(names: Sequence[str], values: np.ndarray) -> dict[str, float | None]:
    return {name: _finite(value) for name, value in zip(names, values.tolist(), strict=True)}


def _finite(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _percent(value: float | None) -> str:
    return "" if _finite(value) is None else f"{value:.2f}"


def _number(value: float | None) -> str:
    return "" if _finite(value) is None else f"{value:.4f}"
