"""Turn a photograph into what a network sees, by torchvision's own steps and numbers."""

from collections.abc import Callable

import torch
from PIL import Image
from torch import Tensor
from torchvision.transforms import functional
from torchvision.transforms._presets import ImageClassification

from gradviz.errors import ChoiceError

CROPS = {"center": 1, "squash": 1, "tencrop": 10}
"""The ways and the number of crops that each makes of a photograph."""


def crops(preprocess: str) -> int:
    """Count the crops of a preprocessing; ChoiceError lists the three."""
    if preprocess not in CROPS:
        raise ChoiceError(f"There is no preprocessing {preprocess!r}; choose from {', '.join(CROPS)}.")
    return CROPS[preprocess]


def transform(preset: ImageClassification, preprocess: str) -> Callable[[Image.Image], Tensor]:
    """Make the function from an RGB image to (crops, 3, s, s), float32, normalised.

    `preset` is what torchvision publishes with weights. `center`: the shorter side resized, the centre cut out.
    `squash`: the whole picture resized to the square. `tencrop`: four corners and centre, each also mirrored, of a
    picture whose shorter side is 256/224 of the crop or the preset's own size, whichever is larger.
    """
    crops(preprocess)
    side = preset.crop_size[0]

    def resized(image: Image.Image, size: list[int]) -> Image.Image:
        return functional.resize(image, size, interpolation=preset.interpolation, antialias=preset.antialias)

    def tensor(image: Image.Image) -> Tensor:
        values = functional.convert_image_dtype(functional.pil_to_tensor(image), torch.float)
        return functional.normalize(values, mean=preset.mean, std=preset.std)

    def center(image: Image.Image) -> Tensor:
        return preset(image)[None]

    def squash(image: Image.Image) -> Tensor:
        return tensor(resized(image, [side, side]))[None]

    def tencrop(image: Image.Image) -> Tensor:
        larger = max(preset.resize_size[0], round(side * 256 / 224))
        return torch.stack([tensor(crop) for crop in functional.ten_crop(resized(image, [larger]), [side, side])])

    return {"center": center, "squash": squash, "tencrop": tencrop}[preprocess]
