"""The options, each defined once, and Spec: the frozen record of what was chosen that every result carries.

The command line (choices, default, --help), the pages (widgets, their values and help) and Spec (defaults, validation)
read OPTIONS, so that a new value is one line here. A value that names a way of computing also needs that way where it
is computed; a test compares the two. Imports nothing heavy.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, fields
from numbers import Integral, Real
from pathlib import Path
from typing import Any, Literal

from gradviz.errors import ChoiceError


def positive(value: float, what: str) -> float:
    """Return a positive finite number as float.

    Parameters
    ----------
    value
        The number.
    what
        What it was meant for, in the words of the message.

    Raises
    ------
    ChoiceError
        For zero, a negative number, infinity or nan.
    """
    if not (math.isfinite(value) and value > 0):
        raise ChoiceError(f"The {what} must be a positive number, not {value}.")
    return float(value)


def number_or_cv(text: str) -> float | Literal["cv"]:
    """Read "cv" or a positive number. Raises ChoiceError for any other text."""
    if text == "cv":
        return "cv"
    try:
        return positive(float(text), "value")
    except ValueError:
        raise ChoiceError(f"{text!r} is neither a positive number nor cv") from None


def temperature_or_cv(text: str) -> float | Literal["cv"]:
    """Read "cv", "inf" or a positive number. Raises ChoiceError for any other text."""
    return math.inf if text == "inf" else number_or_cv(text)


@dataclass(frozen=True, kw_only=True)
class Option:
    """Describe an option.

    Parameters
    ----------
    title
        What a page writes above the widget.
    help
        One sentence on what the option does.
    default
        The value where nobody chooses; None: it depends on the data, as `help` says. False: the option is a switch.
    values
        The values that have a name, each with what it means.
    read
        How the command line reads other values from text; without it `values` are all there are.
    other
        What these other values are, in the words of `--help`.
    offered
        The numbers, in order, that a page offers where any number can be typed on the command line.
    bounds
        The least and the largest number; None where there is no largest.
    noun
        What messages call it, if not by its name.
    """

    title: str = ""
    help: str
    default: Any = None
    values: Mapping[str, str] = field(default_factory=dict)
    read: Callable[[str], Any] | None = None
    other: str = ""
    offered: tuple[float, ...] = ()
    bounds: tuple[float, float | None] | None = None
    noun: str = ""

    def explained(self, *, mark: str = "", others: bool = False) -> str:
        """Return the help with what each value means.

        Parameters
        ----------
        mark
            Stands before and after the name of each value.
        others
            Whether to add what values without a name are.
        """
        meanings = [f"{mark}{name}{mark}: {meaning}" for name, meaning in self.values.items()]
        if others and self.other:
            meanings.append(f"or {self.other}" if meanings else self.other)
        return f"{self.help} {'; '.join(meanings)}." if meanings else self.help


def _range(grid: tuple[float, ...]) -> str:
    return f"{min(grid):g} to {max(grid):g}"


_TEMPERATURES = (0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0)
TEMPERATURE_GRID = _TEMPERATURES[2:8]
"""Among these `temperature="cv"` chooses, on the training split alone."""

C_GRID = (0.01, 0.1, 1.0, 10.0, 100.0)
"""Among these `C="cv"` chooses. Meant for normalised kernels, whose diagonal is 1; raw kernels have another scale."""

FOLDS = 3
"""Parts of the training images that cross-validation holds out in turn."""

OPTIONS: dict[str, Option] = {
    "split": Option(title="Split", help="The part of the data set to use: all images, or one of its splits.", read=str),
    "images": Option(
        title="Images",
        help="At most this many images of each split, always the same ones; a larger number includes a smaller one's.",
        read=int,
        offered=(50, 100, 200, 300, 500, 1000, 2000, 5000),
        bounds=(1, None),
        noun="number of images",
    ),
    "network": Option(
        title="Network",
        help="The network that looks at the images.",
        default="alexnet64",
        read=str,
        other="A name that the command `networks` lists, or package.module:factory for one of your own",
    ),
    "weights": Option(title="Weights", help="A file with other weights of the same architecture.", read=Path),
    "preprocess": Option(
        title="Preprocessing",
        help="How a photograph becomes the network's square input.",
        default="center",
        values={
            "center": "the central square, as the network was trained",
            "squash": "the whole picture, squeezed into a square",
            "tencrop": "ten crops; each vector is its mean over them, and dW the product of two such means",
        },
    ),
    "pseudo_label": Option(
        title="Pseudo-label",
        help="What the gradient takes an image to show.",
        default="uniform",
        values={
            "uniform": "all classes alike, as in the paper, because at test time nothing is known about an image",
            "predicted": "the class that the network gives the highest score",
            "true": "the network's classes that match the image's labels",
        },
        read=str,
        other="a file with the probability of each class",
    ),
    "temperature": Option(
        title="Temperature τ",
        help="Scores are divided by it before the softmax; a high temperature evens out the network's certainty, so "
        "that the gradient reflects many classes instead of one.",
        default=1.0,
        values={"cv": f"the best of {_range(TEMPERATURE_GRID)} by cross-validation on the training split"},
        read=temperature_or_cv,
        other="a positive number, or inf for the direction that gradients tend to",
        offered=_TEMPERATURES,
        bounds=(1e-30, None),  # dE/dy grows as 1 / tau, and float32 ends at 3e38
    ),
    "normalise": Option(
        title="Normalisation",
        help="The length and the origin of the vectors, for every representation alike.",
        default="l2",
        values={
            "l2": "every vector has length 1, so that kernels are cosines",
            "none": "vectors as they are: long ones weigh more",
            "centred": "length 1, minus the mean of the training images (where nothing is trained, of those shown), "
            "and length 1 again, so that what all vectors have in common does not count",
        },
    ),
    "centre": Option(
        title="Centre the kernel",
        help="Moves the kernel's origin to the mean of the images, for kernels and neighbours; SVMs, alignment and "
        "maps do not depend on it.",
        default=False,
    ),
    "seed": Option(
        title="Seed",
        help="Maps, cross-validation and the halves of data without splits are drawn at random; the same seed gives "
        "the same result.",
        default=0,
        read=int,
        bounds=(0, 2**32 - 1),
    ),
    "tf32": Option(help="Allow TF32 products on a GPU: faster, with about three exact digits.", default=False),
    "device": Option(
        help="Where the network runs.",
        default="auto",
        values={
            "auto": "the fastest device of this computer",
            "cpu": "the CPU",
            "cuda": "an NVIDIA GPU",
            "mps": "an Apple GPU",
        },
    ),
    "train": Option(title="Train on", help="The split to learn from.", read=str),
    "test": Option(title="Test on", help="The split to score.", read=str),
    "C": Option(
        title="C of the SVMs",
        help="How much a training image on the wrong side costs.",
        default=1.0,
        values={"cv": f"for each class the best of {_range(C_GRID)} by cross-validation on the training split"},
        read=number_or_cv,
        other="a positive number",
        offered=(0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0),
    ),
    "ap": Option(
        title="Average precision",
        help="How average precision is computed; by default as the data set is usually scored, eleven_point for "
        "VOC 2007 and area elsewhere.",
        values={
            "eleven_point": "11-point interpolated (VOC 2007)",
            "area": "area under the interpolated curve (VOC 2010 on)",
            "sklearn": "as sklearn.metrics.average_precision_score",
        },
    ),
    "method": Option(
        title="Method",
        help="How a map is drawn from a kernel.",
        default="umap",
        values={
            "umap": "neighbours stay neighbours, and clusters keep their large-scale order",
            "tsne": "t-SNE: neighbours stay neighbours, distances between clusters mean little",
            "pca": "the kernel's first two principal components: distances are true, most of them hidden",
        },
    ),
    "neighbours": Option(
        title="Neighbours",
        help="The neighbours of each image that UMAP holds together.",
        default=15,
        read=int,
        bounds=(2, None),
        noun="number of neighbours that UMAP holds together",
    ),
    "min_dist": Option(
        title="Least distance",
        help="How close UMAP may draw two images.",
        default=0.1,
        read=float,
        other="a number between 0 and 0.99",
        offered=(0.0, 0.05, 0.1, 0.25, 0.5, 0.8),
        bounds=(0, 0.99),
        noun="least distance of two images",
    ),
    "perplexity": Option(
        title="Perplexity",
        help="How many neighbours t-SNE has in mind; at most a third of the images.",
        default=30.0,
        read=float,
        other="a number of 2 or more",
        offered=(5.0, 10.0, 20.0, 30.0, 50.0, 100.0),
        bounds=(2, None),
    ),
    "top": Option(
        help="The number of images to list.", default=10, read=int, bounds=(1, None), noun="number of images to list"
    ),
}


def check(name: str, value: Any) -> None:
    """Check whether an option can have a value.

    Parameters
    ----------
    name
        A key of OPTIONS.
    value
        As Spec or a verb takes it; None passes where an option has no default.

    Raises
    ------
    ChoiceError
        If it cannot; the message has the values that there are.
    """
    option = OPTIONS[name]
    noun = option.noun or name
    if value is None and option.default is None:
        return
    if isinstance(option.default, bool) and not isinstance(value, bool):
        raise ChoiceError(f"The option {name} is on or off (True or False), not {value!r}.")
    if option.values and option.read is None and value not in option.values:
        raise ChoiceError(f"There is no {name} {value!r}: choose {', '.join(option.values)}.")
    if option.read is temperature_or_cv and value == math.inf:
        return
    if option.read in (number_or_cv, temperature_or_cv) and value not in option.values:
        _check_bounds(positive(_number(value, noun, Real, "positive number or cv"), noun), option.bounds, noun)
    if option.read is float:
        _check_bounds(_number(value, noun, Real, "number"), option.bounds, noun)
    if option.read is int:
        _check_bounds(_number(value, noun, Integral, "whole number"), option.bounds, noun)


def _number(value: Any, noun: str, kind: type, words: str) -> Any:
    if not isinstance(value, kind) or isinstance(value, bool):
        raise ChoiceError(f"The {noun} must be a {words}, not {value!r}.")
    return value


def _check_bounds(value: float, bounds: tuple[float, float | None] | None, noun: str) -> None:
    least, most = bounds or (-math.inf, None)
    if most is None and value < least:
        raise ChoiceError(f"The {noun} must be {least:g} or more, not {value}.")
    if not math.isfinite(value):
        raise ChoiceError(f"The {noun} must be finite, not {value}.")
    if most is not None and not least <= value <= most:
        raise ChoiceError(f"The {noun} must lie between {least:g} and {most}, not be {value}.")


@dataclass(frozen=True, kw_only=True)
class Spec:
    """Hold what was chosen; OPTIONS has the values and the meaning of each field.

    `network` is a name of the table or "package.module:factory"; `weights` a file, as text or a Path, with other
    weights of the same architecture; `images` bounds the number taken from each split (None: all); `pseudo_label` has
    a name or is the path of a vector; `temperature` is a positive number, infinity (also as "inf") or "cv". Raises
    ChoiceError for values that cannot be.
    """

    network: str = OPTIONS["network"].default
    weights: Path | None = OPTIONS["weights"].default  # text becomes a Path
    images: int | None = OPTIONS["images"].default
    preprocess: str = OPTIONS["preprocess"].default
    pseudo_label: str = OPTIONS["pseudo_label"].default
    temperature: float | Literal["cv"] = OPTIONS["temperature"].default
    normalise: str = OPTIONS["normalise"].default
    centre: bool = OPTIONS["centre"].default
    seed: int = OPTIONS["seed"].default
    tf32: bool = OPTIONS["tf32"].default

    def __post_init__(self) -> None:
        if self.weights is not None:
            object.__setattr__(self, "weights", Path(self.weights))
        object.__setattr__(self, "pseudo_label", str(self.pseudo_label))
        if self.temperature == "inf":  # as `public` writes it
            object.__setattr__(self, "temperature", math.inf)
        for choice in fields(self):
            check(choice.name, getattr(self, choice.name))

    def public(self) -> dict[str, Any]:
        """Return the choices as JSON values, without folders of this computer."""
        files = {"weights": self.weights.name if self.weights else None}
        if self.temperature == math.inf:
            files["temperature"] = "inf"  # JSON has no infinity
        if self.pseudo_label not in OPTIONS["pseudo_label"].values:
            files["pseudo_label"] = Path(self.pseudo_label).name
        return asdict(self) | files
