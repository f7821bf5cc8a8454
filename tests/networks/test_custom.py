"""Any torch module that ends in fully connected layers can be used by name."""

import sys
from pathlib import Path

import pytest
import torch

from gradviz.errors import ChoiceError, NetworkError
from gradviz.networks.custom import load_own
from tests.random_networks import images

SOURCE = """
import torch
from torch import nn

class Own(nn.Module):
    input_size = 32
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 8, stride=8)
        self.classifier = nn.Sequential(nn.Linear(64, 6), nn.SiLU(), nn.Dropout(), nn.Linear(6, 5))
    def forward(self, x):
        return self.classifier(self.conv(x).flatten(1))

class Doubled(Own):
    def forward(self, x):
        return 2 * super().forward(x)

def good():
    torch.manual_seed(0)
    return Own()

made = []
def counted():
    made.append(Own())
    return made[-1]

KEPT = good()
def kept(): return KEPT

def doubled(): return Doubled()
KEPT = good()
def kept(): return KEPT
def locked():
    module = good()
    module.lock = __import__("threading").Lock()
    return module
def broken(): raise ValueError("no\\nweights")
def nothing(): return None
"""


@pytest.fixture(autouse=True)
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "mine.py").write_text(SOURCE)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", sys.path.copy())
    monkeypatch.delitem(sys.modules, "mine", raising=False)


def test_a_module_of_ones_own() -> None:
    model = load_own("mine:good", device="cpu")
    assert (model.network.input_size, model.outputs, model.head.activations) == (32, 5, ("silu",))
    assert model.network.numbers == (1, 2)
    assert [(k.name, k.module, k.inputs, k.outputs) for k in model.layers] == [
        ("fc1", "classifier.0", 64, 6),
        ("fc2", "classifier.3", 6, 5),
    ]
    assert model.forward(images(2, 32))["y2"].shape == (2, 5)
    assert model.preset.resize_size == [37]
    assert load_own("mine:good", device="cpu").digest == model.digest
    assert torch.equal(load_own("mine:good", device="cpu").head.weights[0], model.head.weights[0])


def test_a_factory_may_return_the_same_module_every_time() -> None:
    first, again = (load_own("mine:kept", device="cpu") for _ in range(2))
    assert torch.equal(first.forward(images(2, 32))["y2"], again.forward(images(2, 32))["y2"])
    assert first.digest == again.digest == load_own("mine:good", device="cpu").digest
    kept = sys.modules["mine"].KEPT
    assert kept.training
    assert len(kept.classifier) == 4
    assert all(parameter.requires_grad for parameter in kept.parameters())


@pytest.mark.parametrize(
    ("factory", "error", "reason"),
    [
        ("mine:doubled", NetworkError, "do not reproduce this network's gradients"),
        ("mine:locked", NetworkError, "mine:locked returns cannot be copied: TypeError: cannot pickle"),
        ("mine:broken", NetworkError, "mine:broken failed: ValueError: no weights"),
        ("mine:nothing", NetworkError, "must return a torch.nn.Module, not NoneType"),
        ("mine:absent", ChoiceError, "Cannot find the network 'mine:absent'"),
        ("nowhere.at.all:make", ChoiceError, "No module named 'nowhere'"),
        (":", ChoiceError, "Cannot find the network ':'"),
    ],
)
def test_others_are_refused_in_one_line(factory: str, error: type[Exception], reason: str) -> None:
    with pytest.raises(error, match=reason) as refusal:
        load_own(factory, device="cpu")
    assert "\n" not in str(refusal.value)


def test_a_factory_is_called_no_more_however_often_its_network_is_asked_for() -> None:
    model = load_own("mine:counted", device="cpu")
    assert load_own("mine:counted", device="cpu") is model
    assert load_own("mine:good", device="cpu") is not model
    assert load_own("mine:counted", device="cpu") is model
    assert len(sys.modules["mine"].made) == 2, "once to be used, once to see whether it gives the same weights"


def test_a_module_that_was_loaded_anew_is_another_network() -> None:
    model = load_own("mine:counted", device="cpu")
    del sys.modules["mine"]
    assert load_own("mine:counted", device="cpu") is not model


def test_a_factory_may_keep_its_module() -> None:
    model = load_own("mine:kept", device="cpu")
    seen = images(2, 32)
    whole = sys.modules["mine"].KEPT.eval()
    assert torch.allclose(whole(seen), model.forward(seen)["y2"], atol=1e-5)
    assert all(parameter.requires_grad for parameter in whole.parameters())
    for other in ("good", "counted"):
        load_own(f"mine:{other}", device="cpu")
    assert load_own("mine:kept", device="cpu").digest == model.digest
