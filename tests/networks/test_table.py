"""Every entry of the table is what its builder builds and what torchvision publishes."""

import ast
import re
from dataclasses import replace
from functools import cache
from itertools import chain

import pytest
import torchvision
from torch import nn
from torchvision.models import WeightsEnum, get_model_weights, list_models

from gradviz.errors import ChoiceError
from gradviz.networks import NETWORKS, by_family, loading, network, table
from gradviz.networks.building import build
from gradviz.networks.splitting import find_run
from gradviz.networks.weights import published
from gradviz.representations import offered
from tests.conftest import ROOT

PUBLISHED = [name for name, net in NETWORKS.items() if net.weights]


@cache
def built(name: str) -> nn.Module:
    return build(network(name), network(name).layers[-1].outputs)


def test_every_classifier_of_torchvision_has_an_entry() -> None:
    assert sorted(PUBLISHED) == list_models(module=torchvision.models)
    assert len(table._ENTRIES) == len(NETWORKS), "a name stands twice"


@pytest.mark.parametrize("name", NETWORKS)
def test_an_entry_is_what_its_builder_builds(name: str) -> None:
    net, module = network(name), built(name)
    if net.pooled:
        (layer,) = net.layers
        conv = module.get_submodule(layer.module)
        assert (conv.in_channels, conv.out_channels, conv.kernel_size) == (layer.inputs, layer.outputs, (1, 1))
    else:
        found = find_run(module).linears
        assert [(k.module, k.inputs, k.outputs) for k in net.layers] == [
            (path, linear.in_features, linear.out_features) for path, linear in found
        ]
    assert net.parameters == sum(p.numel() for p in module.parameters())
    assert all(p.is_meta for p in module.parameters())
    # A tensor that no file of weights holds would stay without a value.
    assert {key for key, _ in chain(module.named_parameters(), module.named_buffers())} == module.state_dict().keys()


@pytest.mark.parametrize("name", PUBLISHED)
def test_an_entry_is_what_torchvision_publishes(name: str) -> None:
    net, record = network(name), published(network(name))
    assert record
    assert net.builder == f"torchvision.models:{name}"
    assert net.url == record.url
    assert net.gmacs == record.meta["_ops"]
    assert abs(net.bytes - record.meta["_file_size"] * 2**20) < 600
    assert loading.preset(net).crop_size == [net.input_size]
    assert net.layers[-1].outputs == len(record.meta["categories"])
    assert net.file.endswith(f"-{net.sha256}.pth")
    assert len(net.sha256) in (8, 10)
    assert set(net.sha256) <= set("0123456789abcdef")
    unread = 0
    if net.unused:  # torchvision counts Inception's auxiliary classifier, but not GoogLeNet's
        with_them = build(replace(net, options={"init_weights": False}), 1000)
        unread = sum(p.numel() for p in with_them.parameters()) - net.parameters
        assert unread > 0
    assert record.meta["num_params"] - net.parameters in {0, unread}


@pytest.mark.parametrize("name", PUBLISHED)
def test_options_are_those_with_which_torchvision_loads(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Some builders choose options by themselves, but only when they are given weights; here these are never read."""
    monkeypatch.setattr(WeightsEnum, "get_state_dict", lambda *_, **__: {})
    monkeypatch.setattr(nn.Module, "load_state_dict", lambda *_, **__: None)
    net = network(name)
    theirs = build(replace(net, options={"weights": net.weights}), 1000)
    assert {path: settings(module) for path, module in built(name).named_modules()} == {
        path: settings(module)
        for path, module in theirs.named_modules()
        if not (net.unused and re.search(net.unused, f"{path}."))
    }


def settings(module: nn.Module) -> dict[str, object]:
    """Return what is set on a module; auxiliary classifiers play no part at test time."""
    plain = {k: v for k, v in vars(module).items() if isinstance(v, bool | int | float | str | tuple)}
    return {"class": type(module), **plain, "aux_logits": None}


def test_the_recipe_of_torchvision_is_taken_where_there_is_one() -> None:
    others = [name for name in PUBLISHED if network(name).weights != "IMAGENET1K_V1"]
    assert others == ["regnet_y_128gf", "vit_h_14"]
    for name in others:
        assert "IMAGENET1K_V1" not in get_model_weights(network(name).function()).__members__
        assert network(name).weights == "IMAGENET1K_SWAG_LINEAR_V1"


def test_files_of_weights_have_names_of_their_own() -> None:
    assert len({net.file for net in NETWORKS.values()}) == len(NETWORKS)


def test_families_stand_together() -> None:
    groups = by_family(NETWORKS)
    assert [name for names in groups.values() for name in names] == list(NETWORKS)
    assert by_family(["swin_t", "vgg16", "vgg11"]) == {"VGG": ["vgg11", "vgg16"], "Swin": ["swin_t"]}
    assert all(net.family and net.title for net in NETWORKS.values())


def test_names_follow_the_paper() -> None:
    for name, numbers in (("alexnet", (6, 7, 8)), ("resnet18", (1,)), ("squeezenet1_0", (10,))):
        assert network(name).describe()["representations"] == list(offered(numbers))
    assert [k.name for k in network("vgg11").layers] == ["fc6", "fc7", "fc8"]
    assert [k.name for k in network("mobilenet_v3_small").layers] == ["fc1", "fc2"]
    assert [k.name for k in network("squeezenet1_1").layers] == ["conv10"]
    assert network("alexnet64").arrays == {"x5": 2048, "y6": 1024, "y7": 1024, "y8": 200}
    assert network("alexnet64").gradients == {"dy6": 1024, "dy7": 1024, "dy8": 200}


def test_a_batch_is_the_largest_power_of_two_that_takes_two_seconds() -> None:
    """Two slow cores do 40 * 10^9 multiplications a second."""
    for net in NETWORKS.values():
        size = net.batch("cpu")
        assert size in (1, 2, 4, 8, 16, 32, 64), net.name
        assert size == 1 or size * net.gmacs <= 80, net.name
        assert size == 64 or 2 * size * net.gmacs > 80, net.name
        assert net.batch("cuda:0") == 64


def test_batches_follow_the_cost() -> None:
    names = ("alexnet64", "alexnet", "vgg11", "vgg16", "vit_h_14")
    assert [network(name).batch() for name in names] == [64, 64, 8, 4, 1]


def test_describe_is_what_the_command_line_prints() -> None:
    row = network("alexnet").describe()
    assert row["layers"][1] == {"name": "fc7", "module": "classifier.4", "inputs": 4096, "outputs": 4096}
    assert (row["name"], row["family"], row["input_size"]) == ("alexnet", "AlexNet", 224)
    assert row["parameters"] == 61100840


def test_an_unknown_name_is_answered_with_similar_ones() -> None:
    with pytest.raises(ChoiceError, match=rf"no network 'ResNet-50'; .* lists the {len(NETWORKS)} .*resnet50"):
        network("ResNet-50")
    first = ", ".join(list(NETWORKS)[:4])
    with pytest.raises(ChoiceError, match=rf"such as {first}\.$"):
        network("?")


def test_nothing_but_the_table_asks_for_a_networks_name() -> None:
    wrong = []
    for file in [*(ROOT / "gradviz").rglob("*.py"), *(ROOT / "pages").rglob("*.py"), ROOT / "app.py"]:
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Compare | ast.MatchValue):
                constants = [n.value for n in ast.walk(node) if isinstance(n, ast.Constant)]
                wrong += [f"{file.relative_to(ROOT)}, line {node.lineno}: {c}" for c in constants if c in NETWORKS]
    assert not wrong, "make it a field of Network: " + "; ".join(wrong)
