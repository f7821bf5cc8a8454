"""Read features that were computed before, here or elsewhere: a data set without pictures."""

from pathlib import Path

import numpy as np

from gradviz.datasets.image_set import Finding
from gradviz.datasets.pictures import printable
from gradviz.datasets.reading import Format, Listing, Row
from gradviz.errors import ChoiceError, DatasetError
from gradviz.representations import vector_symbol

_RESERVED = ("about", "ids", "classes", "labels", "split")


def read_features(path: Path) -> Listing:
    """List the rows of an npz as `features --out` writes it; those that are not finite in some array are skipped.

    Raises
    ------
    DatasetError
        If the file is not such an npz, holds pickled arrays (they are refused), or no row is finite.
    """
    arrays = _arrays(path)
    if "ids" not in arrays or arrays["ids"].ndim != 1:
        raise DatasetError(f"{path} has no array `ids` of one dimension: a features file holds {FORMAT.layout}.")
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
    splits = _splits(path, arrays)
    named = sorted({splits[i] for i in keep} - {""})
    return Listing(
        path.resolve(),
        [Row(ids[i], None, labels[i], (splits[i],) if splits[i] else ()) for i in keep],
        [Finding(ids[i], "values that are not finite") for i in np.flatnonzero(~finite)],
        classes=classes,
        splits=named or None,
        features={key: array[keep] for key, array in features.items()},
    )


FORMAT = Format(
    name="an npz of features",
    layout="`ids` (n), arrays (n, d) of numbers, and if known `classes` (C), `labels` (n, C) of 1, 0, -1, `split` (n)",
    labels="as in the file, which `features --out` writes; no pictures needed",
    listing=read_features,
    suffixes=(".npz",),
)


def _arrays(path: Path) -> dict[str, np.ndarray]:
    try:
        with path.open("rb") as file:
            arrays = np.load(file, allow_pickle=False)
            if not isinstance(arrays, np.lib.npyio.NpzFile):
                raise ValueError("one array instead of several")
            with arrays:
                return {key: arrays[key] for key in arrays.files}
    except Exception as error:
        # Damaged bytes raise whatever they lead to: zlib.error, NotImplementedError, RuntimeError, MemoryError ...
        reason = printable(str(error)) or type(error).__name__
        raise DatasetError(f"{path} is not an npz of plain arrays: {reason}.") from error


def _check(path: Path, n: int, features: dict[str, np.ndarray]) -> None:
    if not features:
        raise DatasetError(f"{path} holds ids but no features: looked for {FORMAT.looks}.")
    for key, array in features.items():
        if array.ndim != 2 or len(array) != n or array.dtype.kind not in "fiub":
            raise DatasetError(
                f"{path}: {printable(key)} is {array.dtype} {array.shape}, not numbers of shape ({n}, d)."
            )
        try:
            vector_symbol(printable(key))
        except ChoiceError as error:
            raise DatasetError(f"{path} has an array whose name says nothing: {error}") from error


def _labels(path: Path, arrays: dict[str, np.ndarray], n: int) -> tuple[list[str] | None, list[dict[str, int] | None]]:
    """Return the classes, None without labels, and each row's labels that are not -1."""
    if "labels" not in arrays:
        return None, [None] * n
    labels = arrays["labels"]
    if labels.ndim != 2 or len(labels) != n or not np.isin(labels, (-1, 0, 1)).all():
        raise DatasetError(f"{path}: labels must be 1, 0 or -1 in an array of shape ({n}, classes).")
    classes = arrays["classes"] if "classes" in arrays else np.arange(labels.shape[1])
    if classes.shape != labels.shape[1:]:
        raise DatasetError(f"{path}: {classes.size} classes for {labels.shape[1]} columns of labels.")
    names = [printable(str(c)) for c in classes]
    if len(set(names)) < len(names):
        raise DatasetError(f"{path}: two classes have the same name.")
    return names, [{names[c]: int(row[c]) for c in np.flatnonzero(row != -1)} for row in labels]


def _splits(path: Path, arrays: dict[str, np.ndarray]) -> list[str]:
    """Return each row's split, empty where it is in none."""
    if "split" not in arrays:
        return [""] * len(arrays["ids"])
    split = arrays["split"].astype(str)
    if split.shape != arrays["ids"].shape:
        raise DatasetError(f"{path}: split has shape {split.shape}, ids {arrays['ids'].shape}.")
    return [printable(name) for name in split.tolist()]
