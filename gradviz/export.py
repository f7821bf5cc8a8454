"""Results as files to take along: CSV for tables, npz for arrays, JSON for scores; none needs pickle to be read.

An npz carries `about`, a JSON text with every choice, what was found wrong with the data set, and the versions of the
libraries; the JSON and the table of scores carry the same.
"""

import csv
import io
import json
import math
import os
import zipfile
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from gradviz.datasets import Finding
from gradviz.errors import ChoiceError
from gradviz.features.extraction import Features
from gradviz.results import Alignments, Classification, Evaluation, KernelResult, LayerRow, Map, ProductResult
from gradviz.versions import versions

MADE_FROM = "made_from"
"""The column that says what a table was made from: in its first line, since all lines have it in common."""
SCORED_WITH = ("gradviz", "torch", "torchvision", "numpy", "scikit-learn", "pillow")
"""The versions that a table of scores names; the other exports name all."""


def features_npz(features: Features, about: Mapping[str, Any], file: BinaryIO) -> None:
    """Write ids, one float32 array (n, d) per vector, and what is known: labels, classes, split.

    The file can be read as a data set again.

    Parameters
    ----------
    features
        What to write. `split` (n,) is the smallest split that an image is in.
    about
        What it was made from, as JSON values; the versions of the libraries are added.
    file
        Open for writing bytes.
    """
    known = {}
    if features.labels is not None:
        known |= {"labels": features.labels, "classes": np.array(features.images.classes)}
    if features.images.splits:
        known["split"] = np.array(_smallest_splits(features))
    _npz(file, made(about, features), {"ids": np.array(features.ids), **known, **features.arrays})


def _smallest_splits(features: Features) -> list[str]:
    by_size = sorted(features.images.splits.items(), key=lambda item: -len(item[1]))
    names = np.full(len(features.images), "", object)
    for name, positions in by_size:
        names[positions] = name
    return names[features.positions].tolist()


def kernel_npz(result: KernelResult, file: BinaryIO) -> None:
    """Write ids (and cols, if the columns are other images) and K, float32 (n, m); for a product K_fw, K_bw too.

    Parameters
    ----------
    result
        What `Experiment.kernel` returned.
    file
        Open for writing bytes.
    """
    arrays = {"ids": np.array(result.rows.ids), "K": result.K}
    if result.cols is not result.rows:
        arrays["cols"] = np.array(result.cols.ids)
    if isinstance(result, ProductResult):
        arrays |= {"K_fw": result.K_fw, "K_bw": result.K_bw}
    _npz(file, made(result.about, result.rows, result.cols), arrays)


def map_csv(result: Map) -> str:
    """Return CSV with the columns id,x,y,labels,made_from and one line per image.

    Several labels are separated by semicolons. `made_from` is `made` as JSON text, in the first line alone.
    """
    parts = [result.rows] if result.others is None else [result.rows, result.others]
    named = [
        (i, ";".join(rows.images.labels_of(p))) for rows in parts for i, p in zip(rows.ids, rows.positions, strict=True)
    ]
    lines = ((i, f"{x:.6g}", f"{y:.6g}", labels) for (i, labels), (x, y) in zip(named, result.points, strict=True))
    return _csv(("id", "x", "y", "labels", MADE_FROM), _with_origin(lines, made(result.about, *parts)))


def classification_csv(result: Classification) -> str:
    """Return CSV with one line per photograph: its id, the score of every class, and `made_from` as in `map_csv`.

    A class called like another column is written "class NAME".
    """
    rows = zip(result.rows.ids, result.scores, strict=True)
    head = ("id", *_class_columns(result.classes, ("id", MADE_FROM)), MADE_FROM)
    lines = ((i, *(f"{score:.4f}" for score in scores)) for i, scores in rows)
    return _csv(head, _with_origin(lines, made(result.about, result.rows)))


def evaluations_csv(results: Iterable[Evaluation]) -> str:
    """Return CSV with one line per result: mAP and the AP of every class, in percent, then what it was made from.

    `n_train` and `n_test` count images, `left_out` names the classes that are no part of the mean, `chosen_C` has the C
    of each class where it was chosen by cross-validation, `findings` counts what is wrong with the data set. Then
    follows the result's `about`, so that results of different choices never look alike; there `C` and
    `temperature_option` are what was asked for, which may be cv. What a result does not have is empty. A class called
    like another column is written "class NAME".
    """
    results = tuple(results)
    classes = tuple(dict.fromkeys(name for r in results for name in r.per_class))
    shown = {"representation", "temperature", "ap"}
    choices = tuple(dict.fromkeys(name for r in results for name in r.about if name not in shown))
    first = ("representation", "temperature", "ap", "mean_ap")
    chosen = ("chosen_C",) if any(r.about.get("C") == "cv" for r in results) else ()
    counts = ("n_train", "n_test", "left_out", *chosen, "findings")
    last = (*counts, *choices, "temperature_option", *SCORED_WITH)
    used = versions()
    lines = (
        (
            *(r.representation, r.temperature, r.ap, _percent(r.mean_ap)),
            *(_percent(r.per_class.get(name)) for name in classes),
            *(len(r.train.ids), len(r.test.ids), _reasons(r.left_out)),
            *(_reasons(r.C) if r.about.get("C") == "cv" else "" for _ in chosen),
            _counted(_findings(r.train, r.test)),
            *(_cell(r.about.get(name)) for name in choices),
            _cell(r.about.get("temperature")),
            *(_cell(used[name]) for name in SCORED_WITH),
        )
        for r in results
    )
    return _csv((*first, *_class_columns(classes, (*first, *last)), *last), lines)


def evaluation_json(result: Evaluation) -> dict[str, Any]:
    """Return an evaluation as JSON values; `gradviz evaluate --like` repeats it."""
    return {
        "mean_ap": _finite(result.mean_ap),
        "per_class": dict(result.per_class),
        "left_out": dict(result.left_out),
        "n_train": len(result.train.ids),
        "n_test": len(result.test.ids),
        "C": dict(result.C),
        "temperature": result.temperature,
        "seconds": {name: round(s, 3) for name, s in result.seconds.items()},
        "notes": list(result.notes),
        "spec": made(result.about, result.train, result.test),
    }


def layers_csv(rows: Iterable[LayerRow]) -> str:
    """Return CSV with one line per representation: mAP in percent, temperature, alignment, purity of neighbours.

    `left_out` names the classes that are no part of the mean; `made_from` is as in `map_csv`.
    """
    rows = tuple(rows)
    head = ("representation", "mean_ap", "temperature", "alignment", "purity", "left_out", MADE_FROM)
    lines = (
        (
            *(r.representation, _percent(r.mean_ap), r.temperature, _number(r.alignment), _number(r.purity)),
            _reasons(r.left_out),
        )
        for r in rows
    )
    return _csv(head, _with_origin(lines, _made_of_layer(rows[0]) if rows else {}))


def layers_json(rows: Iterable[LayerRow]) -> list[dict[str, Any]]:
    """Return the same as JSON values, each row with what it was made from; null for a figure that does not exist."""
    return [
        {f.name: _finite(getattr(row, f.name)) for f in fields(row) if f.name != "about"}
        | {"spec": _made_of_layer(row)}
        for row in rows
    ]


def alignment_json(result: Alignments) -> dict[str, Any]:
    """Return alignments as JSON values."""
    names = result.representations
    return {
        "representations": list(names),
        "between": {a: _named(names, row) for a, row in zip(names, result.between, strict=True)},
        "labels": None if result.with_labels is None else _named(names, result.with_labels),
        "n": len(result.rows.ids),
        "notes": list(result.notes),
        "spec": made(result.about, result.rows),
    }


def made(about: Mapping[str, Any], *features: Features) -> dict[str, Any]:
    """Return what a result was made from as JSON values: the choices, the findings of the data set, the versions.

    Parameters
    ----------
    about
        The result's `about`.
    features
        The features that it was computed from, whose images have the findings.
    """
    return {**about, "findings": [asdict(one) for one in _findings(*features)], "versions": versions()}


def _made_of_layer(row: LayerRow) -> dict[str, Any]:
    return {**row.about, "versions": versions()}


def _with_origin(lines: Iterable[Sequence[Any]], origin: Mapping[str, Any]) -> Iterator[tuple[Any, ...]]:
    text = json.dumps(origin, sort_keys=True)
    for line in lines:
        yield *line, text
        text = ""


def _findings(*features: Features) -> tuple[Finding, ...]:
    """List what the reader of the data set left out or guessed, and which pictures could not be decoded."""
    found = (one for rows in features for one in (*rows.images.findings, *rows.skipped))
    return tuple(dict.fromkeys(found))


def _counted(findings: Iterable[Finding]) -> str:
    """Return how many findings of each kind there are, such as "3 left out; 1 guessed"."""
    counts: dict[str, int] = {}
    for one in findings:
        counts[one.kind] = counts.get(one.kind, 0) + one.count
    return "; ".join(f"{n} {kind}" for kind, n in counts.items())


def _reasons(left_out: Mapping[str, object]) -> str:
    return "; ".join(f"{name}: {why}" for name, why in left_out.items())


def _class_columns(classes: Sequence[str], taken: Collection[str]) -> tuple[str, ...]:
    """Return a distinct title for the column of each class, its name where no other column is called so."""
    used, titles = {*taken, *classes}, []
    for name in classes:
        title = name
        while title in taken or (title != name and title in used):
            title = f"class {title}"
        used.add(title)
        titles.append(title)
    return tuple(titles)


def check_place(path: Path) -> None:
    """Raise ChoiceError where a file cannot be written; to be checked before the work that fills it."""
    if not path.name or path.is_dir():
        raise ChoiceError(f"{path} is a folder: name a file with --out.")
    if not path.parent.is_dir():
        raise ChoiceError(f"There is no folder {path.parent}: make it, or name another file with --out.")
    if not os.access(path.parent, os.W_OK):
        raise ChoiceError(f"{path.parent} cannot be written: name another file with --out.")


def save(path: Path, write: Callable[[BinaryIO], object]) -> None:
    """Write a file whole or not at all.

    Parameters
    ----------
    path
        Where it will be; a file that is there is replaced.
    write
        Called with a file that is open for writing bytes.

    Raises
    ------
    ChoiceError
        Where it cannot be written.
    """
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


def _npz(file: BinaryIO, about: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> None:
    """Write arrays under any names: `np.savez` takes them as keywords, of which it has `file` itself."""
    written = {"about": np.array(json.dumps(about, sort_keys=True)), **arrays}
    with zipfile.ZipFile(file, "w") as archive:
        for name, array in written.items():
            with archive.open(f"{name}.npy", "w", force_zip64=True) as entry:
                np.lib.format.write_array(entry, np.asanyarray(array), allow_pickle=False)


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


def _cell(value: Any) -> Any:
    return "" if value is None else value


def _percent(value: float | None) -> str:
    return "" if _finite(value) is None else f"{value:.2f}"


def _number(value: float | None) -> str:
    return "" if _finite(value) is None else f"{value:.4f}"
