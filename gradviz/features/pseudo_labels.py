"""Choose the pseudo-label g of E = -sum_p g_p log x_{L,p}: what an image is taken to show.

The paper's choice is the uniform g_p = 1/P, because at test time nothing is known about an image.
"""

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import numpy as np

from gradviz.datasets import ImageSet
from gradviz.errors import ChoiceError
from gradviz.networks.classes import class_map
from gradviz.networks.loading import Model
from gradviz.spec import OPTIONS
from gradviz.words import counted


@dataclass(frozen=True, eq=False)
class PseudoLabel:
    """Hold a pseudo-label g.

    `name` is uniform, predicted, true or file; `digest` tells one from another and is part of the store's key: what a
    data set's labels add to it image by image is in `suffixes`. `vector` is a file's, (P,) float64. For `true`,
    `matches` has the network's classes for each class of the data set, whose labels are `labels` (n, C).
    """

    name: str
    digest: str
    vector: np.ndarray | None = None
    matches: tuple[tuple[int, ...], ...] = ()
    labels: np.ndarray | None = None
    notes: tuple[str, ...] = ()

    def of(self, positions: np.ndarray, y: np.ndarray) -> np.ndarray | None:
        """Compute g for some images.

        predicted: one-hot of the largest logit, averaged over crops. true: spread evenly over the network's classes
        that match what the image shows; an image without a match gets the uniform 1/P.

        Parameters
        ----------
        positions
            (n,) the images' places in the data set.
        y
            Their logits, (n, crops, P) or (n, P).

        Returns
        -------
        ndarray or None
            One vector per image (n, P), one for all (P,), or None for the uniform 1/P.
        """
        P = y.shape[-1]
        if self.name == "predicted":
            logits = y.mean(axis=1) if y.ndim == 3 else y
            return np.eye(P, dtype=np.float32)[np.nan_to_num(logits, nan=-np.inf).argmax(axis=1)]
        if self.labels is None:
            return self.vector
        shown = self._shown(positions, P)
        count = shown.sum(axis=1, keepdims=True)
        return np.where(count > 0, shown / np.maximum(count, 1), 1 / P)

    def suffixes(self, positions: np.ndarray) -> tuple[str, ...]:
        """Return for each image what its g depends on beside the network: its labels, where g is made from them.

        With it a row of the store has another name as soon as a label is corrected, or where another data set gives
        the same picture other labels; and the same name where they mean the same to the network.
        """
        if self.labels is None:
            return ("",) * len(positions)
        P = 1 + max((p for indices in self.matches for p in indices), default=0)
        return tuple(
            f":{','.join(map(str, np.flatnonzero(row)))}" if row.any() else ":" for row in self._shown(positions, P)
        )

    def _shown(self, positions: np.ndarray, P: int) -> np.ndarray:
        """Return which of the network's classes match what images show, bool (n, P)."""
        labels = np.zeros((0, len(self.matches))) if self.labels is None else self.labels
        members = np.zeros((len(self.matches), P))
        for c, indices in enumerate(self.matches):
            members[c, list(indices)] = 1
        return (labels[positions] == 1).astype(float) @ members > 0


def pseudo_label(kind: str, model: Model, images: ImageSet) -> PseudoLabel:
    """Prepare a pseudo-label by name, or from a file.

    Parameters
    ----------
    kind
        uniform, predicted, true, or the path of a file with P numbers (.npy, or text).
    model
        The network, whose P classes the pseudo-label is about.
    images
        The data set, whose labels `true` takes.

    Raises
    ------
    ChoiceError
        Where the data set has no labels, no class matches, or the file holds no probability vector.
    """
    if kind in ("uniform", "predicted"):
        return PseudoLabel(kind, kind)
    if kind == "true":
        return _true(model, images)
    return _from_file(Path(kind).expanduser(), model.outputs)


def _true(model: Model, images: ImageSet) -> PseudoLabel:
    if images.labels is None:
        raise ChoiceError(
            f"{images.name} has no labels; choose the pseudo-label uniform or predicted.", findings=images.findings
        )
    matches = matching(images.classes, model)
    if not any(matches):
        raise ChoiceError(
            f"No class of {images.name} is known among {model.network.name}'s classes; "
            "choose the pseudo-label uniform or predicted."
        )
    without = [c for c, found in zip(images.classes, matches, strict=True) if not found]
    note = (
        f"{model.network.name} has no class for {', '.join(without)}: images with nothing else get the uniform label."
    )
    return PseudoLabel("true", "true", matches=matches, labels=images.labels, notes=(note,) if without else ())


def matching(classes: Sequence[str], model: Model) -> tuple[tuple[int, ...], ...]:
    """Find the network's classes for each class of a data set: by ImageNet synset for VOC's names, else by name.

    Parameters
    ----------
    classes
        The C names of the data set's classes.
    model
        The network.

    Returns
    -------
    tuple of tuple of int
        For each of the C classes the positions of the network's classes, ascending; empty where none matches.
    """
    by_wnid = {wnid: p for p, wnid in enumerate(model.wnids) if wnid}
    by_name = {name.lower(): p for p, name in enumerate(model.classes)}
    return tuple(_match(name, by_wnid, by_name) for name in classes)


def _match(name: str, by_wnid: Mapping[str, int], by_name: Mapping[str, int]) -> tuple[int, ...]:
    found = [by_wnid[entry["wnid"]] for entry in class_map().get(name, ()) if entry["wnid"] in by_wnid]
    return tuple(sorted(found)) or ((by_name[name.lower()],) if name.lower() in by_name else ())


def _from_file(path: Path, P: int) -> PseudoLabel:
    if not path.is_file():
        named = ", ".join(OPTIONS["pseudo_label"].values)
        raise ChoiceError(
            f"There is no pseudo-label {str(path)!r}: choose {named} or a file of {counted(P, 'number')}."
        )
    vector, digest = read(path)
    if len(vector) != P or not np.all(vector >= 0) or abs(vector.sum() - 1) > 1e-4:
        raise ChoiceError(
            f"{path} must hold {counted(P, 'number that is', 'numbers that are')} not negative and sum to 1."
        )
    return PseudoLabel("file", digest, vector=vector / vector.sum())


def read(path: Path) -> tuple[np.ndarray, str]:
    """Read a file of numbers.

    Parameters
    ----------
    path
        .npy, or text with one number a line.

    Returns
    -------
    vector, digest
        (n,) float64 as they are, and what tells them from others, whatever their file is called.

    Raises
    ------
    ChoiceError
        Where there is no such file, or it holds something else.
    """
    try:
        with warnings.catch_warnings(action="ignore"):  # that a text is empty: its length says so below
            vector = np.load(path, allow_pickle=False) if path.suffix == ".npy" else np.loadtxt(path, ndmin=1)
        vector = np.asarray(vector, np.float64).ravel()
    except (ValueError, OSError) as error:
        raise ChoiceError(f"{path} holds no vector of numbers (.npy, or text with one number a line).") from error
    return vector, "file:" + sha256(vector.tobytes()).hexdigest()
