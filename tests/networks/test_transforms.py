"""Photographs become what torchvision's own transforms make of them."""

import numpy as np
import pytest
import torch
from PIL import Image
from torchvision import transforms

from gradviz.errors import ChoiceError
from gradviz.networks import NETWORKS, loading, network
from gradviz.networks.classes import description
from gradviz.networks.transforms import crops, transform

MEAN, STD = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]


@pytest.fixture(scope="module")
def picture() -> Image.Image:
    """A picture of 120 x 90 pixels whose two halves differ."""
    noise = np.random.default_rng(0).integers(0, 128, (90, 120, 3))
    noise[:, 60:] += 100
    return Image.fromarray(noise.astype(np.uint8))


def test_alexnet64_sees_the_centre_as_it_was_trained(picture: Image.Image) -> None:
    steps = (transforms.Resize(64), transforms.CenterCrop(64), transforms.ToTensor(), transforms.Normalize(MEAN, STD))
    seen = transform(loading.preset(network("alexnet64")), "center")(picture)
    assert torch.equal(seen[0], torch.as_tensor(transforms.Compose(steps)(picture)))


@pytest.mark.parametrize("name", ["alexnet", "swin_t", "efficientnet_b0"])
def test_center_is_the_published_transform(name: str, picture: Image.Image) -> None:
    preset = loading.preset(network(name))
    assert torch.equal(transform(preset, "center")(picture)[0], preset(picture))
    assert preset.crop_size == [network(name).input_size]


def test_the_numbers_are_those_of_the_description() -> None:
    """The shipped network's description says how its training pictures were prepared."""
    preset, said = loading.preset(network("alexnet64")), description("alexnet64.json")["input"]
    assert (preset.crop_size, preset.resize_size) == ([said["size"]], [said["resize_shorter_side"]])
    assert (preset.mean, preset.std, preset.antialias) == (said["mean"], said["std"], True)


@pytest.mark.parametrize("kind", ["center", "squash", "tencrop"])
def test_shapes(kind: str, picture: Image.Image) -> None:
    """Many networks share a preset; each is looked at once."""
    presets = {repr(loading.preset(net)): net for net in NETWORKS.values()}
    assert len(presets) > 10
    for shown, net in presets.items():
        side = net.input_size
        assert transform(loading.preset(net), kind)(picture).shape == (crops(kind), 3, side, side), shown


def test_squash_shows_the_whole_picture(picture: Image.Image) -> None:
    steps = (transforms.Resize((64, 64)), transforms.ToTensor(), transforms.Normalize(MEAN, STD))
    seen = transform(loading.preset(network("alexnet64")), "squash")(picture)
    assert torch.equal(seen[0], torch.as_tensor(transforms.Compose(steps)(picture)))


def test_ten_crops_are_five_and_their_mirror_images(picture: Image.Image) -> None:
    seen = transform(loading.preset(network("alexnet64")), "tencrop")(picture)
    corners = seen[:4], seen[5:9]  # the centre of an odd width is off by a pixel in the mirror
    assert torch.equal(corners[1], corners[0].flip(3)[[1, 0, 3, 2]])
    assert len({tuple(crop.flatten().tolist()) for crop in seen}) == 10


def test_an_unknown_preprocessing_lists_the_three() -> None:
    with pytest.raises(ChoiceError, match="center, squash, tencrop"):
        crops("zoom")
