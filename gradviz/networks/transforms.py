"""Turn a photograph into what a network sees, by torchvision's own steps and numbers."""

from collections.abc import Callable
from typing import Any, Protocol

import torch
from PIL import Image
from torch import Tensor
from torchvision.transforms import InterpolationMode, functional

from gradviz.errors import ChoiceError
from gradviz.networks.resizing import ends_and_middle

CROPS = {"center": 1, "squash": 1, "tencrop": 10}
"""The ways and the number of crops that each makes of a photograph."""


class Preset(Protocol):
    """Describe what torchvision publishes with weights: a function from an RGB image to (3, s, s), and its numbers."""

    crop_size: list[int]
    resize_size: list[int]
    mean: list[float]
    std: list[float]
    interpolation: InterpolationMode
    antialias: bool | None

    def __call__(self, image: Image.Image, /) -> Tensor:
        """Resize, crop and normalise an image."""
        ...


def crops(preprocess: str) -> int:
    """Count the crops of a preprocessing. Raises ChoiceError, which lists the three, for another one."""
    if preprocess not in CROPS:
        raise ChoiceError(f"There is no preprocessing {preprocess!r}; choose from {', '.join(CROPS)}.")
    return CROPS[preprocess]


def seen(preset: Preset, preprocess: str, size: tuple[int, int]) -> tuple[float, float, float, float]:
    """Return the part of a photograph that a network sees, in its pixels: left, top, right, bottom.

    Parameters
    ----------
    preset
        What torchvision publishes with weights.
    preprocess
        center or squash; of the ten crops it is the middle one.
    size
        Width and height of the photograph.

    Raises
    ------
    ChoiceError
        For another preprocessing.
    """
    crops(preprocess)
    width, height = size
    if preprocess == "squash":
        return 0.0, 0.0, float(width), float(height)
    side = preset.crop_size[0]
    resized = preset.resize_size[0]
    if preprocess == "tencrop":
        resized = max(resized, round(side * 256 / 224))
    shown = min(width, height) * min(1.0, side / resized)
    left, top = (width - shown) / 2, (height - shown) / 2
    return left, top, left + shown, top + shown


def transform(preset: Preset, preprocess: str) -> Callable[[Image.Image], Tensor]:
    """Return the function from an RGB image to (crops, 3, s, s), float32, normalised.

    Parameters
    ----------
    preset
        What torchvision publishes with weights.
    preprocess
        `center`: the shorter side resized, the centre cut out. `squash`: the whole picture resized to the square.
        `tencrop`: four corners and centre, each also mirrored, of a picture whose shorter side is 256/224 of the crop
        or the preset's own size, whichever is larger.

    Raises
    ------
    ChoiceError
        For another preprocessing.
    """
    crops(preprocess)
    side = preset.crop_size[0]

    def resized(image: Any, size: list[int]) -> Any:  # images; torchvision's type hints know tensors alone
        return functional.resize(image, size, interpolation=preset.interpolation, antialias=preset.antialias)

    def tensor(image: Any) -> Tensor:
        values = functional.convert_image_dtype(functional.pil_to_tensor(image), torch.float)
        return functional.normalize(values, mean=preset.mean, std=preset.std)

    def center(image: Image.Image) -> Tensor:
        parts: Any = ends_and_middle(image, preset.resize_size[0], side, preset.interpolation)
        return (tensor(functional.center_crop(parts, [side, side])) if parts else preset(image))[None]

    def squash(image: Image.Image) -> Tensor:
        return tensor(resized(image, [side, side]))[None]

    def tencrop(image: Image.Image) -> Tensor:
        larger = max(preset.resize_size[0], round(side * 256 / 224))
        shown: Any = ends_and_middle(image, larger, side, preset.interpolation) or resized(image, [larger])
        return torch.stack([tensor(crop) for crop in functional.ten_crop(shown, [side, side])])

    return {"center": center, "squash": squash, "tencrop": tencrop}[preprocess]
