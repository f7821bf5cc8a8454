"""Modules are built from the table without memory or random numbers, and files of any age fit into them."""

import re
from dataclasses import replace

import pytest
import torch
from torch import nn

from gradviz.networks import network
from gradviz.networks.building import adapt, build


class Drawn(nn.Module):
    """Have as many layers as two random numbers say, which cannot be known on the meta device."""

    def __init__(self, num_classes: int) -> None:
        super().__init__()
        hidden = 2 + int(torch.rand(1).item())
        self.register_buffer("scale", torch.ones(3))
        self.stack = nn.Sequential(*(nn.Linear(4, 4) for _ in range(hidden)), nn.BatchNorm1d(4))
        self.fc = nn.Linear(4, num_classes)


@pytest.mark.parametrize("name", ["alexnet64", "regnet_x_400mf", "googlenet", "inception_v3", "swin_t", "maxvit_t"])
def test_building_moves_no_random_numbers(name: str) -> None:
    state = torch.get_rng_state()
    module = build(network(name), 7)
    assert torch.equal(state, torch.get_rng_state())
    assert all(parameter.is_meta for parameter in module.parameters())
    assert not module.training
    assert list(module.parameters())[-1].shape[0] == 7


def test_a_builder_that_reads_tensors_and_draws_is_built_all_the_same() -> None:
    state = torch.get_rng_state()
    module = build(replace(network("resnet18"), builder="tests.networks.test_building:Drawn"), 5)
    assert torch.equal(state, torch.get_rng_state())
    assert all(parameter.is_meta for parameter in module.parameters())
    assert isinstance(module, Drawn)
    assert (len(module.stack), module.fc.out_features, module.get_buffer("scale").tolist()) == (3, 5, [1, 1, 1])


@pytest.mark.parametrize("how", [{"widht": 3}, {"num_classes": 3}])
def test_wrong_options_are_an_error(how: dict) -> None:
    with pytest.raises(TypeError):
        build(replace(network("resnet18"), options=how), 5)


@pytest.mark.parametrize("name", ["densenet121", "densenet161", "densenet169", "densenet201"])
def test_old_names_of_densenets_are_understood(name: str) -> None:
    new = build(network(name), 1000).state_dict()
    old = {re.sub(r"(denselayer\d+\.(?:norm|conv))([12])\.", r"\1.\2.", key): value for key, value in new.items()}
    assert len(old.keys() - new.keys()) > 500
    assert adapt(old, network(name)).keys() == adapt(new, network(name)).keys() == new.keys()


@pytest.mark.parametrize("name", ["vit_b_16", "vit_l_32", "vit_h_14"])
def test_old_names_of_vits_are_understood(name: str) -> None:
    module = build(network(name), 1000)
    new = module.state_dict()
    old = {key.replace(".mlp.0.", ".mlp.linear_1.").replace(".mlp.3.", ".mlp.linear_2."): t for key, t in new.items()}
    assert len(old.keys() - new.keys()) >= 48
    assert adapt(old, network(name)).keys() == adapt(new, network(name)).keys() == new.keys()
    module.load_state_dict(old, assign=True)  # torchvision renames the same ones


def test_auxiliary_classifiers_are_left_out() -> None:
    for name in ("googlenet", "inception_v3"):
        net = network(name)
        whole = build(replace(net, options={"init_weights": False}), 1000).state_dict()
        assert adapt(whole, net).keys() == build(net, 1000).state_dict().keys() < whole.keys()
