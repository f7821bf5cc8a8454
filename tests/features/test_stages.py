"""The stages that are shown follow a network's modules, and their numbers are what its modules yield."""

import copy

import pytest
import torch
from torch import nn

from gradviz.features.stages import STAGES, feature_map, observe
from gradviz.networks import network
from gradviz.networks.loading import load
from gradviz.networks.splitting import _cut, find_run


def body(name: str) -> tuple[nn.Module, int]:
    entry = network(name)
    module = entry.function()(num_classes=3, **entry.options).eval()
    return (module.features if entry.pooled else _cut(module, find_run(module))), entry.input_size


@pytest.mark.parametrize(
    ("name", "names", "sides"),
    [
        ("alexnet64", "conv1 conv2 conv3 conv4 conv5", [32, 16, 8, 8, 4]),
        ("resnet18", "conv1 layer1 layer2 layer3 layer4", [112, 56, 28, 14, 7]),
        ("squeezenet1_1", "conv1 fire3 fire5 fire7 fire9", None),
        ("mobilenet_v3_small", "conv1 block2 block4 block9 conv13", [112, 56, 28, 14, 7]),
        ("vit_b_32", "layer_1 layer_4 layer_7 layer_9 layer_11", [7] * 5),
        ("swin_t", "stage1 stage2 stage4 stage6 stage8", [56, 56, 28, 14, 7]),
    ],
)
def test_stages_follow_the_modules(name: str, names: str, sides: list[int] | None) -> None:
    module, side = body(name)
    stages, maps = observe(module, torch.randn(3, side, side))
    assert len(stages) == STAGES
    assert all(stage.mean.shape[0] == stage.mean.shape[1] for stage in stages)
    found = [len(stage.mean) for stage in stages]
    assert found == sorted(found, reverse=True)
    if sides:
        assert " ".join(stage.name for stage in stages) == names
        assert found == sides
    assert maps[0].shape[0] == stages[-1].channels


def test_the_means_are_those_of_the_activations() -> None:
    model = load("alexnet64", device="cpu")
    image = torch.randn(3, 64, 64, generator=torch.Generator().manual_seed(0))
    stages, maps = observe(model.body, image)
    layers = next(module for module in model.body.modules() if isinstance(module, nn.Sequential) and len(module) > 8)
    x, before = image[None].double(), []
    for layer in copy.deepcopy(layers).double():
        if isinstance(layer, nn.MaxPool2d):
            before.append(x)
        x = layer(x.clone())
    torch.testing.assert_close(stages[0].mean.double(), before[0][0].mean(dim=0), rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(stages[1].mean.double(), before[1][0].mean(dim=0), rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(stages[-1].mean.double(), x[0].mean(dim=0), rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(maps[0].double(), x[0], rtol=1e-4, atol=1e-5)


def test_tokens_and_channels_last_are_maps_too() -> None:
    values = torch.randn(1, 17, 6)
    found = feature_map(values)
    assert found is not None
    assert found.shape == (6, 4, 4)
    torch.testing.assert_close(found[:, 1, 2], values[0, 1 + 4 * 1 + 2])
    last = feature_map(torch.randn(1, 5, 5, 8))
    assert last is not None
    assert last.shape == (8, 5, 5)
    for none in (torch.randn(1, 10), torch.randn(2, 3, 4, 4), torch.randn(1, 8, 1, 1), "text", torch.randn(1, 6, 5)):
        assert feature_map(none) is None


def test_a_body_without_feature_maps_has_no_stages() -> None:
    stages, maps = observe(nn.Sequential(nn.Flatten(), nn.Linear(12, 4)), torch.randn(3, 2, 2))
    assert stages == ()
    assert maps == ()
