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
from contextlib import suppress
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from gradviz.datasets import Finding, ImageSet
from gradviz.errors import ChoiceError
from gradviz.features.extraction import Extracted, Features
from gradviz.features.one_image import Passage
from gradviz.resampling import LEVEL, Difference, Resampled
from gradviz.results import (
    Alignments,
    BoardRow,
    Classification,
    Evaluation,
    Gain,
    KernelResult,
    LayerRow,
    Map,
    Neighbours,
    ProductResult,
    Retrieval,
)
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


def selection_csv(images: ImageSet, ids: Sequence[str]) -> str:
    """Return CSV with one line for each id: its file, its splits and classes, and `made_from` as in `map_csv`.

    Parameters
    ----------
    images
        The data set.
    ids
        Which of its images, in the order of the lines.

    Returns
    -------
    str
        The table.

    Raises
    ------
    ChoiceError
        For an id that is not in the data set.
    """
    head = ("id", "file", "splits", "classes")
    positions = [images.source(identifier) for identifier in ids]
    splits = {name: set(of.tolist()) for name, of in images.splits.items()}
    lines = [
        (
            images.ids[i],
            images.paths[i].name if images.paths else "",
            "; ".join(name for name, of in splits.items() if i in of),
            "; ".join(images.labels_of(i)),
        )
        for i in positions
    ]
    return _csv((*head, MADE_FROM), _with_origin(lines, made({"dataset": images.name, "digest": images.digest})))


def passage_csv(passage: Passage, classes: Sequence[str], temperature: float, about: Mapping[str, Any]) -> str:
    """Return CSV with a line for each class of the network, the likeliest first, and `made_from` as in `map_csv`.

    Parameters
    ----------
    passage
        One photograph's way through the network.
    classes
        The P names of the network's classes.
    temperature
        One of the passage's.
    about
        What it was made from, as JSON values; the versions of the libraries are added.
    """
    y = passage.vectors[max((name for name in passage.vectors if name.startswith("y")), key=lambda name: int(name[1:]))]
    p, g = passage.probabilities[passage.temperatures.index(temperature)], passage.g
    lines = (
        (classes[c], *(f"{value:.9g}" for value in (y[c], p[c], g[c], (p[c] - g[c]) / temperature)))
        for c in np.argsort(-y, kind="stable")
    )
    return _csv(("class", "logit", "p", "g", "gradient", MADE_FROM), _with_origin(lines, made(about)))


def passage_npz(passage: Passage, about: Mapping[str, Any], file: BinaryIO) -> None:
    """Write every vector of one photograph: x and y (d,), p and every dE/dy with a row for each temperature, and g.

    Parameters
    ----------
    passage
        One photograph's way through the network.
    about
        As in `passage_csv`.
    file
        Open for writing bytes.
    """
    more = {"p": passage.probabilities, "g": passage.g, "temperatures": np.array(passage.temperatures)}
    _npz(file, made(about), {**passage.vectors, **passage.gradients, **more})


def classification_csv(result: Classification) -> str:
    """Return CSV with one line per photograph: its id, the score of every class, what the SVMs look through and learn
    from, and `made_from` as in `map_csv`.

    A class called like another column is written "class NAME".
    """
    rows = zip(result.rows.ids, result.scores, strict=True)
    seen_by = ("dataset", "network", "representation", "temperature", "train")
    through = [_cell(result.about.get(name)) for name in seen_by]
    head = ("id", *_class_columns(result.classes, ("id", *seen_by, MADE_FROM)), *seen_by, MADE_FROM)
    lines = ((i, *(f"{score:.4f}" for score in scores), *through) for i, scores in rows)
    return _csv(head, _with_origin(lines, made(result.about, result.rows)))


def evaluations_csv(results: Iterable[Evaluation], drawn: Sequence[Resampled | None] = ()) -> str:
    """Return CSV with one line per result: mAP and the AP of every class, in percent, then what it was made from.

    Parameters
    ----------
    results
        The evaluations.
    drawn
        What `gradviz.comparison.resampled` makes of each, or None; with it the bounds of 95 % intervals are there too:
        mean_ap_low, mean_ap_high, "CLASS low" and "CLASS high".

    Returns
    -------
    str
        "CLASS positives" counts the test images that show it. A result that does not depend on the temperature has
        none. `n_train` and `n_test` count images, `left_out` names the classes that are no part of the mean, `chosen_C`
        has the C of each class where it was chosen by cross-validation, `findings` counts what is wrong with the data
        set. Then follows the result's `about`, so that results of different choices never look alike; there `C` and
        `temperature_option` are what was asked for, which may be cv. What a result does not have is empty. A class
        called like another column is written "class NAME".
    """
    results = tuple(results)
    drawn = tuple(drawn) or (None,) * len(results)
    classes = tuple(dict.fromkeys(name for r in results for name in r.per_class))
    bounds = any(drawn)
    beside = ("positives", *(("low", "high") if bounds else ()))
    shown = {"representation", "temperature", "ap"}
    choices = tuple(dict.fromkeys(name for r in results for name in r.about if name not in shown))
    first = ("representation", "temperature", "ap", "mean_ap", *(("mean_ap_low", "mean_ap_high") if bounds else ()))
    chosen = ("chosen_C",) if any(r.about.get("C") == "cv" for r in results) else ()
    counts = ("n_train", "n_test", "left_out", *chosen, "findings")
    last = (*counts, *choices, "temperature_option", *SCORED_WITH)
    used = versions()
    lines = (
        (
            *(r.representation, r.temperature if r.tempered else "", r.ap, _percent(r.mean_ap)),
            *(map(_percent, one.interval if one else (None, None)) if bounds else ()),
            *(_percent(r.per_class.get(name)) for name in classes),
            *_beside_classes(r, one, classes, bounds=bounds),
            *(len(r.train.ids), len(r.test.ids), _reasons(r.left_out)),
            *(_reasons(r.C) if r.about.get("C") == "cv" else "" for _ in chosen),
            _counted(_findings(r.train, r.test)),
            *(_cell(r.about.get(name)) for name in choices),
            _cell(r.about.get("temperature")),
            *(_cell(used[name]) for name in SCORED_WITH),
        )
        for r, one in zip(results, drawn, strict=True)
    )
    of_classes = _class_columns(classes, (*first, *last))
    more = _class_columns([f"{name} {what}" for what in beside for name in classes], (*first, *last, *of_classes))
    return _csv((*first, *of_classes, *more, *last), lines)


def _beside_classes(
    result: Evaluation, drawn: Resampled | None, classes: Sequence[str], *, bounds: bool
) -> Iterator[Any]:
    """List the positives of every class and, with `bounds`, the lower and then the upper end of its interval."""
    yield from (_cell(result.positives.get(name)) for name in classes)
    if bounds:
        of = _bounds(result, drawn) if drawn else {}
        for end in (0, 1):
            yield from (_percent((of.get(name) or (None, None))[end]) for name in classes)


def _bounds(result: Evaluation, drawn: Resampled) -> dict[str, tuple[float, float] | None]:
    """Return the interval of each class, None where it has none."""
    of = zip(result.per_class, drawn.intervals.tolist(), strict=True)
    return {name: None if any(map(math.isnan, bounds)) else (bounds[0], bounds[1]) for name, bounds in of}


def image_scores_csv(results: Iterable[Evaluation]) -> str:
    """Return CSV with one line per result and test image: what the SVM of each class says of it, and what it shows.

    `labels` are the classes that it shows, `difficult` those that it shows by difficult objects only, `unknown` those
    of which nobody knows, separated by semicolons: it is left out for both. Scores of different classes are not on one
    scale. Then follow the result's `about` and the versions, as in `evaluations_csv`.
    """
    results = tuple(results)
    classes = tuple(dict.fromkeys(name for r in results for name in r.per_class))
    choices = tuple(dict.fromkeys(name for r in results for name in r.about if name != "representation"))
    first, used = ("representation", "id", "labels", "difficult", "unknown"), versions()
    lines = (
        (
            *(r.representation, name, *_shown(r, row)),
            *(f"{found[c]:.6f}" if c in found else "" for c in classes),
            *(_cell(r.about.get(choice)) for choice in choices),
            *(_cell(used[name]) for name in SCORED_WITH),
        )
        for r in results
        for row, name in enumerate(r.test.ids)
        for found in (dict(zip(r.per_class, r.scores[row].tolist(), strict=True)),)
    )
    last = (*choices, *SCORED_WITH)
    return _csv((*first, *_class_columns(classes, (*first, *last)), *last), lines)


def _shown(result: Evaluation, row: int) -> tuple[str, str, str]:
    """Return the classes that a test image shows, those with difficult objects only, and those that are unknown."""
    labels, unknown = result.test.labels, result.test.images.unknown
    if labels is None:
        return "", "", ""
    nobody = np.zeros(labels.shape[1], np.bool_) if unknown is None else unknown[result.test.positions[row]]
    named = [*zip(result.per_class, labels[row].tolist(), nobody.tolist(), strict=True)]
    return (
        ";".join(name for name, value, _ in named if value == 1),
        ";".join(name for name, value, lost in named if value == 0 and not lost),
        ";".join(name for name, value, lost in named if value == 0 and lost),
    )


def evaluation_json(result: Evaluation, drawn: Resampled | None = None) -> dict[str, Any]:
    """Return an evaluation as JSON values; `gradviz evaluate --like` repeats it.

    Parameters
    ----------
    result
        The evaluation.
    drawn
        What `gradviz.comparison.resampled` makes of it; its 95 % intervals are then part of it.

    Returns
    -------
    dict
        `temperature` is None where the representation does not depend on it; `positives` counts the test images that
        show each class.
    """
    return {
        "mean_ap": _finite(result.mean_ap),
        "per_class": dict(result.per_class),
        "positives": result.positives,
        **({"intervals": _intervals(result, drawn)} if drawn else {}),
        "left_out": dict(result.left_out),
        "n_train": len(result.train.ids),
        "n_test": len(result.test.ids),
        "C": dict(result.C),
        "temperature": _temperature(result.temperature) if result.tempered else None,
        "seconds": {name: round(s, 3) for name, s in result.seconds.items()},
        "notes": list(result.notes),
        "spec": made(result.about, result.train, result.test),
    }


def _intervals(result: Evaluation, drawn: Resampled) -> dict[str, Any]:
    found = {name: bounds and list(bounds) for name, bounds in _bounds(result, drawn).items()}
    mean = [_finite(bound) for bound in drawn.interval]
    return {"share": LEVEL, "draws": len(drawn.per_class), "mean_ap": mean, "per_class": found}


def board_csv(rows: Iterable[BoardRow]) -> str:
    """Return CSV with one line per representation and temperature: cross-validated mAP in percent, and all else of it.

    Then follow the average precision of each class, and what the line was made from.

    Parameters
    ----------
    rows
        Of any networks.
    """
    rows = tuple(rows)
    classes = tuple(dict.fromkeys(name for row in rows for name in row.per_class))
    first = ("network", "representation", "temperature", "cv_mean_ap", "cv_mean_ap_low", "cv_mean_ap_high")
    first += ("alignment", "purity", "dimensions", "seconds", "n_train")
    choices = tuple(dict.fromkeys(name for row in rows for name in row.about if name not in first))
    last = (*choices, "findings", *SCORED_WITH)
    used = versions()
    lines = (
        (
            *(row.network or "", row.representation, "" if row.temperature is None else f"{row.temperature:g}"),
            *(_percent(row.mean_ap), *map(_percent, row.interval), _number(row.alignment), _number(row.purity)),
            "+".join("x".join(map(str, factors)) for factors in row.dimensions),
            *(f"{row.seconds:.3f}", len(row.train.ids)),
            *(_percent(row.per_class.get(name)) for name in classes),
            *(_cell(row.about.get(name)) for name in choices),
            _counted(_findings(row.train)),
            *(_cell(used[name]) for name in SCORED_WITH),
        )
        for row in rows
    )
    return _csv((*first, *_class_columns(classes, (*first, *last)), *last), lines)


def board_json(rows: Iterable[BoardRow]) -> list[dict[str, Any]]:
    """Return the rows of a board as JSON values: figures in percent, "inf" for the limit of the temperature."""
    return [
        {
            "network": row.network,
            "representation": row.representation,
            "temperature": None if row.temperature is None else _temperature(row.temperature),
            "cv_mean_ap": _finite(row.mean_ap),
            "cv_interval": [_finite(bound) for bound in row.interval],
            "cv_per_class": dict(row.per_class),
            "alignment": _finite(row.alignment),
            "purity": _finite(row.purity),
            "dimensions": [list(factors) for factors in row.dimensions],
            "seconds": round(row.seconds, 3),
            "n_train": len(row.train.ids),
            "weights_digest": row.about.get("weights_digest"),
        }
        for row in rows
    ]


def choice_json(
    rows: Sequence[BoardRow],
    chosen: BoardRow,
    test: tuple[Evaluation, Resampled] | None,
    rivals: Iterable[tuple[str, BoardRow, Evaluation, Difference]],
    gains: Iterable[Gain],
) -> dict[str, Any]:
    """Return a board with what was chosen on it as JSON values.

    Parameters
    ----------
    rows
        Of any networks.
    chosen
        The best of them.
    test
        Its score on the test images, and what `gradviz.comparison.resampled` makes of it; None without test images.
    rivals
        What the best is compared with on the test images: what it is, its row, its score, and the best minus it.
    gains
        What `gradviz.ranking.gains` returns.

    Returns
    -------
    dict
        `board`, `chosen`, `test` as `evaluation_json` has it or None, `differences` and `gains` in percent, and `made`,
        all that the rows have in common, with findings and versions.
    """
    common = {key: value for key, value in rows[0].about.items() if all(row.about.get(key) == value for row in rows)}
    return {
        "chosen": board_json([chosen])[0],
        "test": evaluation_json(*test) if test else None,
        "differences": [
            {
                "rival": name,
                **{
                    key: board_json([row])[0][key] for key in ("network", "representation", "temperature", "cv_mean_ap")
                },
                "test_mean_ap": _finite(run.mean_ap),
                "difference": _finite(difference.mean),
                "interval": [_finite(bound) for bound in difference.interval],
            }
            for name, row, run, difference in rivals
        ],
        "gains": [
            {
                "network": gain.product.network,
                "representation": gain.product.representation,
                "temperature": board_json([gain.product])[0]["temperature"],
                "above": gain.joined.representation,
                "cv_gain": _finite(gain.value),
                "interval": [_finite(bound) for bound in gain.interval],
            }
            for gain in gains
        ],
        "board": board_json(rows),
        "made": _made(common, _findings(*(row.train for row in rows))),
    }


def extracted_json(done: Extracted, images: ImageSet, about: Mapping[str, Any]) -> dict[str, Any]:
    """Return what an extraction did as JSON values, and the choices that it was made with.

    Parameters
    ----------
    done
        What `Experiment.extract` returned.
    images
        Its data set, whose findings are added to what was skipped.
    about
        What the experiment says of its choices.
    """
    return {
        "images": done.images,
        "computed": done.computed,
        "images_per_second": round(done.rate, 1),
        "seconds": round(done.seconds, 3),
        "skipped": [{"id": s.name, "reason": s.reason} for s in done.skipped],
        "spec": _made(about, dict.fromkeys((*images.findings, *done.skipped))),
    }


def layers_csv(rows: Iterable[LayerRow]) -> str:
    """Return CSV with one line per representation: mAP in percent, temperature, alignment, purity of neighbours.

    `left_out` names the classes that are no part of the mean, `n_train` and `n_test` count images; `made_from` is as in
    `map_csv`.
    """
    rows = tuple(rows)
    counts = ("n_train", "n_test")
    head = ("representation", "mean_ap", "temperature", "alignment", "purity", "left_out", *counts, MADE_FROM)
    lines = (
        (
            *(r.representation, _percent(r.mean_ap), _cell(r.temperature), _number(r.alignment), _number(r.purity)),
            *(_reasons(r.left_out), len(r.train.ids), len(r.test.ids)),
        )
        for r in rows
    )
    return _csv(head, _with_origin(lines, made(rows[0].about, rows[0].train, rows[0].test) if rows else {}))


def layers_json(rows: Iterable[LayerRow]) -> list[dict[str, Any]]:
    """Return the same as JSON values, each row with what it was made from; null for a figure that does not exist."""
    return [
        {f.name: _finite(getattr(row, f.name)) for f in fields(row) if f.name not in ("about", "train", "test")}
        | {"temperature": None if row.temperature is None else _temperature(row.temperature)}
        | {"n_train": len(row.train.ids), "n_test": len(row.test.ids)}
        | {"spec": made(row.about, row.train, row.test)}
        for row in rows
    ]


def neighbours_json(found: Neighbours) -> list[dict[str, Any]]:
    """Return neighbours as JSON values, each with what it was made from."""
    spec = made(found.about, *found.rows)
    return [{"id": n.id, "value": round(n.value, 6), "labels": list(n.labels), "spec": spec} for n in found]


def neighbours_csv(found: Sequence[Neighbours]) -> str:
    """Return CSV with one line per neighbour, under one kernel after another: which, its rank, value and classes.

    `in_common` are the classes that it shares with the image that was asked for. `made_from` is as in `map_csv`; its
    `representations` are all of them.

    Parameters
    ----------
    found
        What is near the same image under each kernel, as `Experiment.neighbours` returns it.
    """
    lines = []
    for one in found:
        asked = one.rows[-1]
        shown = asked.images.labels_of(int(asked.positions[0]))
        name = one.about["representation"]
        lines += [
            (name, rank, n.id, f"{n.value:.6f}", "; ".join(n.labels), "; ".join(c for c in shown if c in n.labels))
            for rank, n in enumerate(one, 1)
        ]
    names = [one.about["representation"] for one in found]
    about = {name: value for name, value in found[0].about.items() if name != "representation"} if found else {}
    origin = made({**about, "representations": names}, *(found[0].rows if found else ()))
    head = ("representation", "rank", "id", "value", "classes", "in_common", MADE_FROM)
    return _csv(head, _with_origin(lines, origin))


def retrieval_csv(result: Retrieval) -> str:
    """Return CSV with one line per query: its classes, how many others share one, its average precision in percent.

    There is a column for each kernel, empty where the query shares a class with no other; `made_from` is as in
    `map_csv`.
    """
    rows = result.rows
    lines = (
        (name, "; ".join(rows.images.labels_of(int(position))), hits, *(_percent(value) for value in ap))
        for name, position, hits, ap in zip(rows.ids, rows.positions, result.hits, result.ap.T, strict=True)
    )
    head = ("id", "classes", "hits", *(f"ap_{name}" for name in result.representations), MADE_FROM)
    return _csv(head, _with_origin(lines, made(result.about, rows)))


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
    return _made(about, _findings(*features))


def _made(about: Mapping[str, Any], findings: Iterable[Finding]) -> dict[str, Any]:
    return {**about, "findings": [asdict(one) for one in findings], "versions": versions()}


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


def check_place(path: Path, inputs: Iterable[Path] = ()) -> None:
    """Check that a file can be written, before the work that fills it.

    Parameters
    ----------
    path
        Where it will be.
    inputs
        Files that it is made from.

    Raises
    ------
    ChoiceError
        Where it cannot be written, or is one of the inputs.
    """
    if not path.name or path.is_dir():
        raise ChoiceError(f"{path} is a folder: name a file with --out.")
    if _is_special(path):
        if not os.access(path, os.W_OK):
            raise ChoiceError(f"{path} cannot be written: name another file with --out.")
        return
    folder = path.resolve().parent if path.is_symlink() else path.parent
    if not folder.is_dir():
        raise ChoiceError(f"There is no folder {folder}: make it, or name another file with --out.")
    if not os.access(folder, os.W_OK):
        raise ChoiceError(f"{folder} cannot be written: name another file with --out.")
    if path.exists() and any(_same(one.expanduser(), path) for one in inputs):
        raise ChoiceError(f"{path} is read for this result and would be lost: name another file with --out.")


def _same(one: Path, other: Path) -> bool:
    with suppress(OSError, ValueError):  # an input may be a name instead of a path
        return one.samefile(other)
    return False


def _is_special(path: Path) -> bool:
    """Check whether a path is a device or a pipe, which takes what is written and cannot be replaced by a file."""
    return path.exists() and not path.is_file()


def save(path: Path, write: Callable[[BinaryIO], object]) -> None:
    """Write a file whole or not at all.

    Parameters
    ----------
    path
        Where it will be; a file that is there is replaced, and so is what a link leads to. What is no file, such as
        a pipe, is written into.
    write
        Called with a file that is open for writing bytes.

    Raises
    ------
    ChoiceError
        Where it cannot be written.
    """
    check_place(path)
    try:
        if _is_special(path):
            with path.open("wb") as file:
                write(file)
        else:
            _replace(path.resolve(), write)
    except OSError as error:
        raise ChoiceError(f"{path} cannot be written ({error.strerror}): name another file with --out.") from error


def _replace(path: Path, write: Callable[[BinaryIO], object]) -> None:
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with part.open("wb") as file:
            write(file)
        part.replace(path)
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


def _temperature(value: float) -> float | str:
    """Return a temperature as a JSON value, which has no infinity."""
    return "inf" if value == math.inf else value


def _cell(value: Any) -> Any:
    return "" if value is None else value


def _percent(value: float | None) -> str:
    return "" if _finite(value) is None else f"{value:.2f}"


def _number(value: float | None) -> str:
    return "" if _finite(value) is None else f"{value:.4f}"
