"""The table of networks says what torchvision builds."""

import subprocess
import sys

import pytest

from gradviz.errors import ChoiceError
from gradviz.networks import NETWORKS, loading, network
from gradviz.networks.splitting import find_run

FULLY_CONNECTED = [name for name, net in NETWORKS.items() if not net.pooled]


def test_the_table_has_the_seventeen_networks() -> None:
    assert (
        " ".join(NETWORKS)
        == "alexnet64 alexnet vgg11 vgg13 vgg16 vgg19 resnet18 resnet50 densenet121 mobilenet_v3_small "
        "mobilenet_v3_large efficientnet_b0 convnext_tiny vit_b_16 swin_t squeezenet1_0 squeezenet1_1"
    )


@pytest.mark.parametrize("name", FULLY_CONNECTED)
def test_layers_are_those_that_end_the_built_module(name: str) -> None:
    net = network(name)
    found = find_run(loading.build(net, net.layers[-1].outputs)).linears
    assert [(k.module, k.inputs, k.outputs) for k in net.layers] == [
        (path, linear.in_features, linear.out_features) for path, linear in found
    ]


@pytest.mark.parametrize("name", ["squeezenet1_0", "squeezenet1_1"])
def test_squeezenets_last_layer_is_conv10(name: str) -> None:
    net = network(name)
    (layer,) = net.layers
    conv = loading.build(net, 1000).get_submodule(layer.module)
    assert (layer.name, conv.in_channels, conv.out_channels, conv.kernel_size) == ("conv10", 512, 1000, (1, 1))


@pytest.mark.parametrize("name", NETWORKS)
def test_parameters_and_input_size_are_those_of_the_module(name: str) -> None:
    net = network(name)
    assert net.parameters == sum(p.numel() for p in loading.build(net, net.layers[-1].outputs).parameters())
    assert loading.preset(net).crop_size == [net.input_size]


@pytest.mark.parametrize("name", [name for name, net in NETWORKS.items() if net.url])
def test_weights_are_torchvisions(name: str) -> None:
    from torchvision.models import get_model_weights

    net, published = network(name), get_model_weights(name).IMAGENET1K_V1
    assert net.url == published.url
    assert net.gmacs == published.meta["_ops"]
    assert abs(net.bytes - published.meta["_file_size"] * 2**20) < 600
    assert net.file.endswith(f"-{net.sha256}.pth")
    assert len(net.sha256) == 8


def test_names_follow_the_paper() -> None:
    assert " ".join(network("alexnet").describe()["representations"]) == (
        "x5 y6 dy6 dW6 x6 y7 dy7 dW7 x7 y8 dy8 dW8 x8 x5+x6 x6+x7 x7+y8"
    )
    assert network("resnet18").describe()["representations"] == ["x0", "y1", "dy1", "dW1", "x1", "x0+y1"]
    assert network("squeezenet1_0").describe()["representations"] == ["x9", "y10", "dy10", "dW10", "x10", "x9+y10"]
    assert [k.name for k in network("vgg11").layers] == ["fc6", "fc7", "fc8"]
    assert [k.name for k in network("mobilenet_v3_small").layers] == ["fc1", "fc2"]
    assert network("alexnet64").arrays == {"x5": 2048, "y6": 1024, "y7": 1024, "y8": 200}
    assert network("alexnet64").gradients == {"dy6": 1024, "dy7": 1024, "dy8": 200}


@pytest.mark.parametrize("name", NETWORKS)
def test_a_batch_is_a_power_of_two_of_at_most_64(name: str) -> None:
    size = network(name).batch("cpu")
    assert size in (1, 2, 4, 8, 16, 32, 64)
    assert network(name).batch("cuda:0") == 64


def test_batches_follow_the_cost() -> None:
    assert [network(n).batch() for n in ("alexnet64", "alexnet", "vgg11", "vgg16")] == [64, 64, 8, 4]


def test_describe_is_what_the_command_line_prints() -> None:
    row = network("alexnet").describe()
    assert row["layers"][1] == {"name": "fc7", "module": "classifier.4", "inputs": 4096, "outputs": 4096}
    assert (row["name"], row["input_size"], row["parameters"]) == ("alexnet", 224, 61100840)


def test_an_unknown_name_lists_the_networks() -> None:
    with pytest.raises(ChoiceError, match=r"no network 'lenet'.*alexnet64, alexnet, vgg11"):
        network("lenet")


def test_the_table_is_read_without_torch() -> None:
    code = "import sys, gradviz.networks.weights; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
