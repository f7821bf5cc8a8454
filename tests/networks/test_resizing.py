"""Pictures of extreme proportions become, bit for bit, what they become when they are resized whole."""

import tracemalloc

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from torchvision.transforms import InterpolationMode, functional

from gradviz.networks import loading, network, resizing
from gradviz.networks.resizing import ends_and_middle
from gradviz.networks.transforms import transform

MODES = (InterpolationMode.BILINEAR, InterpolationMode.BICUBIC)
KINDS = ("center", "squash", "tencrop")
SIZES = [(1, 500), (501, 1), (3, 700), (701, 3), (11, 900), (40, 1500), (1501, 41), (120, 90)]


def noise(width: int, height: int, seed: int = 0) -> Image.Image:
    return Image.fromarray(np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("name", "sizes"), [("alexnet64", SIZES), ("swin_t", SIZES[2:4])])
def test_what_a_network_sees_is_the_same(name: str, sizes: list, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    preset = loading.preset(network(name))
    assert preset.interpolation in MODES
    see = transform(preset, kind)
    for seed, size in enumerate(sizes):
        picture = noise(*size, seed)
        with monkeypatch.context() as patched:
            patched.setattr(resizing, "LARGE", 10**12)
            whole = see(picture)
            patched.setattr(resizing, "LARGE", 0)
            assert torch.equal(see(picture), whole), size


@settings(max_examples=80)
@given(
    *(st.integers(1, 12), st.integers(1, 300), st.booleans()),
    *(st.integers(12, 40), st.integers(0, 9), st.sampled_from(MODES)),
)
def test_the_crops_are_those_of_the_whole(
    short: int, more: int, tall: bool, side: int, extra: int, mode: InterpolationMode
) -> None:
    picture = noise(short, short + more, side) if tall else noise(short + more, short, side)
    whole = functional.resize(picture, [side + extra], interpolation=mode)
    if max(whole.size) < 3 * side + 4:
        return
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(resizing, "LARGE", 0)
        parts = ends_and_middle(picture, side + extra, side, mode)
    assert parts is not None
    assert max(parts.size) <= 3 * side + 3
    for one, other in zip(*(functional.ten_crop(image, [side, side]) for image in (whole, parts)), strict=True):
        assert np.array_equal(one, other)


def test_ordinary_pictures_are_resized_as_usual() -> None:
    for size in ((500, 375), (5000, 5000), (3000, 100), (60_000, 300)):
        assert ends_and_middle(noise(*size), 256, 224, InterpolationMode.BILINEAR) is None
    assert ends_and_middle(noise(1, 8000), 256, 224, InterpolationMode.NEAREST) is None
    assert ends_and_middle(noise(1, 8000), 224, 256, InterpolationMode.BILINEAR) is None, "a crop with a margin"


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("size", [(1, 8000), (8000, 1), (1, 400_000), (400_000, 1), (3, 500_000)])
def test_extreme_proportions_take_little_memory(size: tuple[int, int], kind: str) -> None:
    """The whole of 1 x 8,000 takes 2 GB."""
    resource = pytest.importorskip("resource")
    see = transform(loading.preset(network("alexnet")), kind)
    see(noise(40, 30))
    picture = Image.new("RGB", size, (10, 200, 30))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    tracemalloc.start()
    seen = see(picture)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 60_000_000
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 300_000, "kB, with what Pillow takes"
    assert seen.shape[1:] == (3, 224, 224)
    assert torch.allclose(seen, seen[:, :, :1, :1].expand_as(seen)), "of one colour"
