"""Models: body and explicit head give what the whole module gives, and bad weights are refused in one sentence."""

import json
import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from PIL import Image
from safetensors.torch import load_file, save_file

from gradviz.errors import ChoiceError, NetworkError
from gradviz.home import ASSETS
from gradviz.networks import loading, network
from gradviz.networks.building import build
from gradviz.networks.loading import load
from tests.random_networks import images, random_module

SHIPPED = ASSETS / "alexnet64.safetensors"


@pytest.fixture(autouse=True)
def own_folders(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))


def test_alexnet64_gives_the_logits_that_its_description_records(test_data: Path) -> None:
    check = json.loads((ASSETS / "alexnet64.json").read_text())["check"]
    model = load("alexnet64", device="cpu")
    outputs = model.forward(model.transform("center")(Image.open(test_data / check["photograph"]).convert("RGB")))
    assert torch.allclose(outputs["y8"][0], torch.tensor(check["logits"]), atol=1e-3, rtol=0)
    assert {name: tuple(y.shape) for name, y in outputs.items()} == {
        name: (1, width) for name, width in network("alexnet64").arrays.items()
    }


def test_hidden_outputs_are_from_before_the_activation() -> None:
    assert float(load("alexnet64", device="cpu").forward(images(2, 64))["y6"].min()) < 0


def test_names_of_classes_and_synsets() -> None:
    model = load("alexnet64", device="cpu")
    assert (model.classes[0], model.wnids[0], model.outputs) == ("Egyptian cat", "n02124075", 200)


def test_squeezenet_gives_the_modules_own_output_and_pooled_input(test_data: Path) -> None:
    file = test_data / "weights" / "squeezenet1_0.safetensors"
    module = build(network("squeezenet1_0"), 1000)
    module.load_state_dict(load_file(file), assign=True)
    seen = images(2)
    outputs = load("squeezenet1_0", weights=file, device="cpu").forward(seen)
    with torch.no_grad():
        assert torch.allclose(outputs["y10"], module(seen), atol=1e-4)
        features = module.get_submodule("features")
        assert torch.allclose(outputs["x9"], features(seen).mean(dim=(2, 3)), atol=1e-5)


@pytest.mark.parametrize("name", ["resnet18", "mobilenet_v3_large", "efficientnet_b0", "swin_t"])
def test_a_file_with_twenty_classes_loads(name: str, tmp_path: Path) -> None:
    module = random_module(name, classes=20)
    save_file(module.state_dict(), tmp_path / "tuned.safetensors")
    model = load(name, weights=tmp_path / "tuned.safetensors", device="cpu")
    assert (model.outputs, len(model.classes), model.layers[-1].outputs) == (20, 20, 20)
    seen = images(2)
    with torch.no_grad():
        assert torch.allclose(model.forward(seen)[model.network.outputs[-1]], module(seen), atol=1e-4)


@pytest.mark.parametrize(
    ("name", "side"),
    [
        ("convnext_tiny", 64),
        ("vit_b_16", 224),
        ("vgg11_bn", 64),
        ("resnext50_32x4d", 64),
        ("mobilenet_v2", 64),
        ("shufflenet_v2_x0_5", 64),
        ("efficientnet_v2_s", 64),
        ("swin_v2_t", 64),
        ("maxvit_t", 224),
    ],
)
def test_other_heads_are_proven_when_a_model_is_assembled(name: str, side: int) -> None:
    """Splitting compares logits and gradients with autograd; small images do where the architecture allows them."""
    net = replace(network(name), input_size=side)
    model = loading.assemble(net, random_module(name, side=side), digest="")
    assert [tuple(W.shape) for W in model.head.weights] == [(k.inputs, k.outputs) for k in net.layers]


@pytest.mark.parametrize("name", ["googlenet", "inception_v3", "densenet161", "mnasnet0_5", "regnet_y_400mf"])
def test_published_files_give_torchvisions_own_logits(name: str, tmp_path: Path) -> None:
    """torchvision finds in torch.hub's folder what it takes for the published file, and loads it in its own way."""
    net = network(name)
    whole = net.function()(**{k: v for k, v in net.options.items() if k == "init_weights"}).state_dict()
    own = random_module(name, side=net.input_size).state_dict()
    whole.update(own)
    if net.renames:  # DenseNet's files are so old that they lack versions and counters as well
        old = {re.sub(r"(denselayer\d+\.(?:norm|conv))([12])\.", r"\1.\2.", k): v for k, v in whole.items()}
        whole = {k: v for k, v in old.items() if "num_batches" not in k}
    assert bool(whole.keys() - own.keys()) == bool(net.unused or net.renames)
    hub = tmp_path / "torch/hub/checkpoints"
    hub.mkdir(parents=True)
    torch.save(whole, hub / net.file)
    (tmp_path / "w.pth").hardlink_to(hub / net.file)
    theirs = net.function()(weights=net.weights).eval()
    model = load(name, weights=tmp_path / "w.pth", device="cpu")
    seen = images(2, net.input_size)
    with torch.no_grad():
        truth = theirs(seen)
        assert torch.allclose(model.forward(seen)[net.outputs[-1]], truth, atol=1e-4)
        if net.unused:
            assert theirs.transform_input
            assert model.body.transform_input
            theirs.transform_input = False
            assert float((theirs(seen) - truth).norm() / truth.norm()) > 0.01, "or the images prove nothing"


def test_a_model_whose_file_lacks_counters_can_be_copied(tmp_path: Path) -> None:
    """A counter of batches left on torch's meta device could not go to another one."""
    state = {k: v for k, v in random_module("mnasnet0_5", side=64).state_dict().items() if "num_batches" not in k}
    save_file(state, tmp_path / "w.safetensors")
    model = load("mnasnet0_5", weights=tmp_path / "w.safetensors", device="cpu")
    copied = model.to(torch.device("cpu"))
    assert torch.equal(copied.forward(images(1, 64))["y1"], model.forward(images(1, 64))["y1"])


def refused(tmp_path: Path, state: dict, *, name: str = "alexnet64") -> str:
    save_file(state, tmp_path / "w.safetensors")
    with pytest.raises(NetworkError) as refusal:
        load(name, weights=tmp_path / "w.safetensors", device="cpu")
    assert "\n" not in str(refusal.value)
    return str(refusal.value).removeprefix(str(tmp_path / "w.safetensors"))


def test_unfitting_weights_are_refused_in_one_sentence(tmp_path: Path) -> None:
    state = load_file(SHIPPED)
    lacking = {k: v for k, v in state.items() if k != "features.3.bias"}
    assert refused(tmp_path, lacking) == " does not fit alexnet64: features.3.bias is missing."
    assert "features.0.weight has shape (48, 3, 5, 5), not (64, 3, 11, 11)" in refused(tmp_path, state, name="alexnet")
    assert "it has no fc.weight" in refused(tmp_path, state, name="resnet18")
    assert "alexnet64 has no extra" in refused(tmp_path, state | {"extra": torch.zeros(1)})
    broken = state | {"features.0.weight": torch.full((48, 3, 5, 5), torch.nan)}
    reason = "features.0.weight holds NaN or infinite values: the weights are not finite"
    assert refused(tmp_path, broken) == f" does not fit alexnet64: {reason}."


def test_an_altered_file_is_loaded_anew(tmp_path: Path) -> None:
    state = load_file(SHIPPED)
    save_file(state, tmp_path / "w.safetensors")
    before = load("alexnet64", weights=tmp_path / "w.safetensors", device="cpu")
    save_file(state | {"classifier.6.bias": state["classifier.6.bias"] + 1}, tmp_path / "w.safetensors")
    after = load("alexnet64", weights=tmp_path / "w.safetensors", device="cpu")
    assert before.digest != after.digest
    bias, earlier = after.head.biases[-1], before.head.biases[-1]
    assert bias is not None
    assert earlier is not None
    assert torch.allclose(bias, earlier + 1)


def test_missing_weights_say_how_to_get_them() -> None:
    with pytest.raises(NetworkError, match=r"python -m gradviz download alexnet` fetches alexnet-owt.* \(244 MB\)"):
        load("alexnet")


def test_a_model_is_loaded_once_and_draws_no_random_numbers() -> None:
    loading._loaded.clear()
    state = torch.get_rng_state()
    with ThreadPoolExecutor(4) as pool:
        loaded = list(pool.map(lambda _: load("alexnet64", device="cpu"), range(8)))
    assert len(set(map(id, loaded))) == 1
    assert torch.equal(state, torch.get_rng_state())


def test_few_models_are_kept(tmp_path: Path) -> None:
    state = load_file(SHIPPED)
    for i in range(4):
        save_file(state | {"classifier.6.bias": torch.full((200,), float(i))}, tmp_path / f"{i}.safetensors")
        load("alexnet64", weights=tmp_path / f"{i}.safetensors", device="cpu")
    assert len(loading._loaded) == 2


def test_eight_threads_share_a_model_and_leave_nothing_on_it() -> None:
    model = load("alexnet64", device="cpu")
    before = {name: tensor.clone() for name, tensor in model.body.state_dict().items()}
    seen = images(8, 64)
    alone = [model.forward(seen[i : i + 1]) for i in range(8)]
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(lambda i: model.forward(seen[i % 8 : i % 8 + 1]), range(200)))
    assert all(torch.equal(rows[name], alone[i % 8][name]) for i, rows in enumerate(together) for name in rows)
    assert all(torch.equal(tensor, before[name]) for name, tensor in model.body.state_dict().items())
    assert not any(m._forward_hooks or m._forward_pre_hooks or m._backward_hooks for m in model.body.modules())
    assert not any(parameter.requires_grad for parameter in model.body.parameters())


def test_a_copy_on_a_device_gives_the_same() -> None:
    model = load("alexnet64", device="cpu")
    copied = model.to(torch.device("cpu"))
    assert copied.head.weights[0].data_ptr() == model.head.weights[0].data_ptr()
    assert next(copied.body.parameters()).data_ptr() != next(model.body.parameters()).data_ptr()
    assert torch.equal(copied.forward(images(1, 64))["y8"], model.forward(images(1, 64))["y8"])


def test_devices() -> None:
    assert loading.resolve_device("cpu") == torch.device("cpu")
    with pytest.raises(ChoiceError, match="no device 'tpu'"):
        loading.resolve_device("tpu")
    if not torch.backends.mps.is_available():
        with pytest.raises(ChoiceError, match="offers no mps device"):
            loading.resolve_device("mps")
