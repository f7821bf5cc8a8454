"""Read features that were computed before, here or elsewhere: a data set without pictures."""

import json
import re
from pathlib import Path

import numpy as np

from gradviz.datasets.image_set import Finding
from gradviz.datasets.pictures import UNWRITABLE, printable
from gradviz.datasets.reading import Format, Listing, Row
from gradviz.datasets.split_cells import read_splits
from gradviz.datasets.zero_one import absent, unsaid, zero_is_absent
from gradviz.errors import ChoiceError, DatasetError
from gradviz.representations import check_name
from gradviz.words import counted

_LIKE_LABELS = re.compile(
    "(true|gt|image|class|multi)?_?labels?(_.*)?|ys?(_.*)?|targets?(_.*)?|(one|multi|k)_?hot|gt|ground_?truth|tags?"
    "|class_?ids?"
)
"""Names under which people keep labels; where such an array holds nothing but 1, 0 and -1, it is no feature."""
_NPY = b"\x93NUMPY"
_NOT_FINITE, _TOO_LARGE = "values that are not finite", "values that are too large for float32"
_RESERVED = ("about", "ids", "classes", "labels", "split")


def read_features(path: Path) -> Listing:
    """List the rows of an npz as `features --out` writes it; those not finite in float32 in some array are skipped.

    Any array of n rows of numbers is a vector of its name; one whose name cannot be asked for is named. Labels without
    any -1 are read as 0 and 1, unless this program wrote them; it alone names arrays by layers (`dW@features.8`).

    Raises
    ------
    DatasetError
        If the file is not such an npz, holds pickled arrays (they are refused), has no array that can be
        asked for by its name, or no row is finite.
    """
    arrays = _arrays(path)
    if "ids" not in arrays or arrays["ids"].ndim != 1:
        raise DatasetError(f"{path} has no array `ids` of one dimension: a features file holds {FORMAT.layout}.")
    ids = _texts(arrays["ids"])
    features, findings = _features(path, len(ids), arrays)
    finite, small = np.ones(len(ids), bool), np.ones(len(ids), bool)
    for array in features.values():
        finite &= np.isfinite(array).all(axis=1)
    with np.errstate(over="ignore"):  # what overflows float32 becomes infinite, and its row is skipped
        features = {key: array.astype(np.float32) for key, array in features.items()}
    for array in features.values():
        small &= np.isfinite(array).all(axis=1)
    keep = np.flatnonzero(finite & small)
    if not len(keep):
        reasons = [*[_NOT_FINITE] * (not finite.all()), *[_TOO_LARGE] * bool((finite & ~small).any())]
        why = f"all have {' or '.join(reasons)}" if ids else "it has 0 rows"
        raise DatasetError(f"{path} holds no usable row: {why}.")
    classes, labels, noted = _labels(path, arrays, len(ids))
    splits, said = _splits(path, arrays)
    noted += said
    named = sorted({split for i in keep for split in splits[i]})
    if named and (without := sum(not splits[i] for i in keep)):
        noted.append(Finding("split", "in no split: their cells are empty", "unlabelled", without))
    return Listing(
        path.resolve(),
        [Row(ids[i], None, labels[i], splits[i]) for i in keep],
        [
            *findings,
            *noted,
            *(Finding(ids[i], _TOO_LARGE if finite[i] else _NOT_FINITE) for i in np.flatnonzero(~(finite & small))),
        ],
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
            start = file.read(len(_NPY))
            file.seek(0)
            if start == _NPY:
                raise ValueError("one array instead of several")
            if start[:2] != b"PK":  # numpy would take it for a pickle
                raise ValueError("it does not begin as one that numpy.savez writes")
            arrays = np.load(file, allow_pickle=False)
            with arrays:
                return {key: arrays[key] for key in arrays.files}
    except Exception as error:
        # Damaged bytes raise whatever they lead to: zlib.error, NotImplementedError, RuntimeError, MemoryError ...
        pickled = "it holds Python objects, which are not read" if "allow_pickle" in str(error) else ""
        reason = pickled or printable(str(error)) or type(error).__name__
        raise DatasetError(f"{path} is not an npz of plain arrays: {reason}.") from error


def _features(path: Path, n: int, arrays: dict[str, np.ndarray]) -> tuple[dict[str, np.ndarray], list[Finding]]:
    """Return the arrays that are features, and a finding for each of the others."""
    features: dict[str, np.ndarray] = {}
    findings: list[Finding] = []
    for key in [key for key in arrays if key not in _RESERVED]:
        array = arrays[key]
        if UNWRITABLE.search(key):
            findings.append(Finding(printable(key), "an array that has to be renamed, in plain characters", "not read"))
            continue
        if not key.strip():
            findings.append(Finding(repr(key), "an array without a name: give it one, to be read", "not read"))
            continue
        if "@" in key and not _ours(arrays):
            reason = "an array that has to be renamed, without @: only files that this program wrote name layers so"
            findings.append(Finding(key, reason, "not read"))
            continue
        try:
            check_name(key)
        except ChoiceError as error:
            findings.append(Finding(key, _renamed(key, str(error)), "not read"))
            continue
        if array.ndim != 2 or len(array) != n or not array.shape[1] or array.dtype.kind not in "fiub":
            reason = f"{array.dtype} {array.shape}, not numbers of shape ({n}, d)"
            findings.append(Finding(key, reason, "not read"))
        elif _LIKE_LABELS.fullmatch(key.lower()) and np.isin(array, (-1, 0, 1)).all():
            reason = f"1, 0 and -1: rename it to labels, or to {key}_vector for example, to be read as features"
            findings.append(Finding(key, reason, "not read"))
        else:
            features[key] = array
    if not features and findings:
        raise DatasetError(f"{path}: {findings[0].name} is {findings[0].reason}.", findings=findings)
    if not features:
        raise DatasetError(f"{path} holds ids but no features: looked for {FORMAT.looks}.")
    return features, findings


def _renamed(key: str, error: str) -> str:
    """Say what to do with an array whose name means something else, or cannot be asked for."""
    plain = f"{key}_vector"
    try:
        check_name(plain)
    except ChoiceError:
        return f"an array that has to be renamed: {error.rstrip('.')}"
    return f"an array that has to be renamed, to {plain} for example, to be read as it is: {error.rstrip('.')}"


def _labels(
    path: Path, arrays: dict[str, np.ndarray], n: int
) -> tuple[list[str] | None, list[dict[str, int] | None], list[Finding]]:
    """Return the classes, None without labels, each row's labels that are not -1, and what was guessed."""
    if "labels" not in arrays:
        unused = [Finding("classes", "there are no labels beside it", "not read")] if "classes" in arrays else []
        return None, [None] * n, unused
    labels = arrays["labels"]
    if labels.ndim != 2 or len(labels) != n or labels.dtype.kind not in "fiub" or not np.isin(labels, (-1, 0, 1)).all():
        raise DatasetError(f"{path}: labels must be 1, 0 or -1 in an array of shape ({n}, classes).")
    classes = arrays["classes"] if "classes" in arrays else np.arange(labels.shape[1])
    if classes.shape != labels.shape[1:]:
        raise DatasetError(
            f"{path}: {counted(classes.size, 'class', 'classes')} for {counted(labels.shape[1], 'column')} of labels."
        )
    names = _texts(classes)
    nameless = [c for c, name in enumerate(names) if not name.strip()]
    findings = [Finding(f"class {c + 1}", "it has no name: it is called by its number", "guessed") for c in nameless]
    names = [f"class {c + 1}" if c in nameless else name for c, name in enumerate(names)]
    if len(set(names)) < len(names):
        raise DatasetError(f"{path}: two classes have the same name.")
    labels = labels.astype(np.int8)
    if (zero_is_absent(labels) or not labels.any()) and labels.size and not _ours(arrays):
        findings.append(absent("labels", int((labels == 0).sum())))
        labels = np.where(labels == 0, -1, labels)
    if not _ours(arrays):
        zeros = [(printable(name), labels[:, c]) for c, name in enumerate(names) if zero_is_absent(labels[:, c])]
        findings += [unsaid(name, int((column == 0).sum())) for name, column in zeros]
    return names, [{names[c]: int(row[c]) for c in np.flatnonzero(row != -1)} for row in labels], findings


def _ours(arrays: dict[str, np.ndarray]) -> bool:
    """Check whether this program wrote the file: its labels are meant as they are, with 0 for unknown."""
    try:
        about = json.loads(str(arrays["about"]))
        return isinstance(about, dict) and "versions" in about
    except (LookupError, ValueError, RecursionError):
        return False


def _splits(path: Path, arrays: dict[str, np.ndarray]) -> tuple[list[tuple[str, ...]], list[Finding]]:
    """Return each row's splits, none where it is in none, and what was guessed about them."""
    if "split" not in arrays:
        return [()] * len(arrays["ids"]), []
    if arrays["split"].shape != arrays["ids"].shape:
        raise DatasetError(f"{path}: split has shape {arrays['split'].shape}, ids {arrays['ids'].shape}.")
    cells = [text.strip() for text in _texts(arrays["split"])]
    splits, findings = read_splits(filter(None, cells))
    return [splits.get(cell, ()) for cell in cells], findings


def _texts(array: np.ndarray) -> list[str]:
    """Return names of any type as text; bytes are UTF-8."""
    values = array.tolist()
    texts = [value.decode("utf-8", "backslashreplace") if isinstance(value, bytes) else str(value) for value in values]
    return [printable(text, longest=1000) for text in texts]
