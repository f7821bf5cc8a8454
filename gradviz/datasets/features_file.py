"""Read features that were computed before, here or elsewhere: a data set without pictures."""

import zipfile
from pathlib import Path

import numpy as np

from gradviz.datasets.image_set import ImageSet, Skipped, halves
from gradviz.datasets.pictures import printable
from gradviz.errors import ChoiceError, DatasetError
from gradviz.representations import vector_symbol

LAYOUT = "`ids` (n), arrays (n, d) of numbers, and if known `classes` (C), `labels` (n, C) of 1, 0, -1, `split` (n)"
_RESERVED = ("about", "ids", "classes", "labels", "split")


def read_features(path: Path, *, seed: int = 0, name: str | None = None) -> ImageSet:
    """Read an npz as `features --out` writes it; rows that are not finite in some array are skipped.

    A labelled set without `split` is halved by `seed`. DatasetError if the file is no such npz; pickled arrays are
    refused.
    """
    arrays = _arrays(path)
    if "ids" not in arrays or arrays["ids"].ndim != 1:
        raise DatasetError(f"{path} has no array `ids` of one dimension: a features file holds {LAYOUT}.")
    ids = [printable(str(identifier)) for identifier in arrays["ids"]]
    features = {key: array for key, array in arrays.items() if key not in _RESERVED}
    _check(path, len(ids), features)
    finite = np.ones(len(ids), bool)
    with np.errstate(over="ignore"):  # what overflows float32 becomes infinite, and its row is skipped
        features = {key: array.astype(np.float32) for key, array in features.items()}
    for array in features.values():
        finite &= np.isfinite(array).all(axis=1)
    keep = np.flatnonzero(finite)
    if not len(keep):
        raise DatasetError(f"{path} holds no usable row: all have values that are not finite.")
    classes, labels = _labels(path, arrays, len(ids))
    labels = None if labels is None else labels[keep]
    return ImageSet(
        name=name or path.stem,
        root=path.resolve(),
        ids=tuple(ids[i] for i in keep),
        classes=classes,
        labels=labels,
        splits=_splits(path, arrays, keep) or ({} if labels is None else halves(labels, seed=seed)),
        skipped=tuple(Skipped(ids[i], "values that are not finite") for i in np.flatnonzero(~finite)),
        features={key: array[keep] for key, array in features.items()},
    )


def _arrays(path: Path) -> dict[str, np.ndarray]:
    try:
        with path.open("rb") as file:
            arrays = np.load(file, allow_pickle=False)
            if not isinstance(arrays, np.lib.npyio.NpzFile):
                raise ValueError("one array instead of several")
            with arrays:
                return {key: arrays[key] for key in arrays.files}
    except (OSError, ValueError, EOFError, TypeError, zipfile.BadZipFile) as error:
        raise DatasetError(f"{path} is no npz of plain arrays: {printable(str(error))}.") from error


def _check(path: Path, n: int, features: dict[str, np.ndarray]) -> None:
    if not features:
        raise DatasetError(f"{path} holds ids but no features: looked for {LAYOUT}.")
    for key, array in features.items():
        if array.ndim != 2 or len(array) != n or array.dtype.kind not in "fiub":
            raise DatasetError(
                f"{path}: {printable(key)} is {array.dtype} {array.shape}, not numbers of shape ({n}, d)."
            )
        try:
            vector_symbol(printable(key))
        except ChoiceError as error:
            raise DatasetError(f"{path} has an array whose name says nothing: {error}") from error


def _labels(path: Path, arrays: dict[str, np.ndarray], n: int) -> tuple[tuple[str, ...], np.ndarray | None]:
    if "labels" not in arrays:
        return (), None
    labels = arrays["labels"]
    if labels.ndim != 2 or len(labels) != n or not np.isin(labels, (-1, 0, 1)).all():
        raise DatasetError(f"{path}: labels must be 1, 0 or -1 in an array of shape ({n}, classes).")
    classes = arrays.get("classes", np.arange(labels.shape[1]))
    if classes.shape != labels.shape[1:]:
        raise DatasetError(f"{path}: {classes.size} classes for {labels.shape[1]} columns of labels.")
    return tuple(printable(str(c)) for c in classes), labels


def _splits(path: Path, arrays: dict[str, np.ndarray], keep: np.ndarray) -> dict[str, np.ndarray]:
    if "split" not in arrays:
        return {}
    split = arrays["split"].astype(str)
    if split.shape != arrays["ids"].shape:
        raise DatasetError(f"{path}: split has shape {split.shape}, ids {arrays['ids'].shape}.")
    return {printable(str(s)): np.flatnonzero(split[keep] == s) for s in np.unique(split[keep]) if s}
