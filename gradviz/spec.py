"""What was chosen: one frozen record that every result and every export carries. Imports nothing heavy."""

import math
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from gradviz.errors import ChoiceError

TEMPERATURES = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0)
"""Among these `temperature="cv"` chooses, on the training split alone."""

CHOICES = {
    "preprocess": ("center", "squash", "tencrop"),
    "normalise": ("l2", "none"),
    "device": ("auto", "cpu", "cuda", "mps"),
}
"""The values of the options that have a fixed list."""


@dataclass(frozen=True, kw_only=True)
class Spec:
    """Say what was chosen.

    `network` is a name of the table or "package.module:factory"; `weights` a file with other weights of the same
    architecture; `images` bounds the number taken from each split (None: all); `pseudo_label` is uniform, predicted,
    true or the path of a vector; `temperature` a positive number or "cv".
    """

    network: str = "alexnet64"
    weights: Path | None = None
    images: int | None = None
    preprocess: Literal["center", "squash", "tencrop"] = "center"
    pseudo_label: str = "uniform"
    temperature: float | Literal["cv"] = 1.0
    normalise: Literal["l2", "none"] = "l2"
    centre: bool = False
    seed: int = 0
    tf32: bool = False

    def __post_init__(self) -> None:
        for name in ("preprocess", "normalise"):
            if getattr(self, name) not in CHOICES[name]:
                raise ChoiceError(f"There is no {name} {getattr(self, name)!r}: choose {', '.join(CHOICES[name])}.")
        if self.temperature != "cv":
            positive(self.temperature, "temperature")
        if self.images is not None and self.images < 1:
            raise ChoiceError(f"The number of images must be 1 or more, not {self.images}.")
        if not 0 <= self.seed < 2**32:
            raise ChoiceError(f"The seed must lie between 0 and {2**32 - 1}, not be {self.seed}.")

    def public(self) -> dict[str, Any]:
        """Give the choices as JSON values, without folders of this computer."""
        files = {"weights": self.weights.name if self.weights else None}
        if self.pseudo_label not in ("uniform", "predicted", "true"):
            files["pseudo_label"] = Path(self.pseudo_label).name
        return asdict(self) | files


def positive(value: float, what: str) -> float:
    """Return a positive finite number; ChoiceError names what it was meant for."""
    if not (math.isfinite(value) and value > 0):
        raise ChoiceError(f"The {what} must be a positive number, not {value}.")
    return float(value)


def number_or_cv(text: str) -> float | Literal["cv"]:
    """Read "cv" or a positive number."""
    if text == "cv":
        return "cv"
    try:
        return positive(float(text), "value")
    except ValueError:
        raise ChoiceError(f"{text!r} is neither a positive number nor cv") from None
