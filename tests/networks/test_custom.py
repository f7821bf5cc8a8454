"""Any torch module that ends in fully connected layers can be used by name."""

import importlib
import shutil
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


# As people write them

HABITS = """
import sys
import torch
import torch.nn.functional as F
from torch import nn

def traced():
    net = nn.Sequential(body(), nn.Linear(32, 5)).eval()
    return torch.jit.trace(net, torch.zeros(1, 3, 64, 64))
def scripted_inside(): return nn.Sequential(torch.jit.script(body()), nn.Linear(32, 5))
def sloped(): return nn.Sequential(body(), nn.Linear(32, 16), nn.PReLU(), nn.Linear(16, 5))
def body():
    return nn.Sequential(nn.Conv2d(3, 8, 5, 4), nn.ReLU(), nn.AdaptiveAvgPool2d(2), nn.Flatten())

def net(*last, seed=0):
    torch.manual_seed(seed)
    return nn.Sequential(body(), *(last or (nn.Linear(32, 24), nn.ReLU(), nn.Linear(24, 10))))

class Net(nn.Module):
    input_size = 64
    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.b, self.fc1, self.fc2 = body(), nn.Linear(32, 24), nn.Linear(24, 10)
    def forward(self, x):
        return self.fc2(F.relu(self.fc1(self.b(x))))

class AuxLast(Net):
    def __init__(self):
        super().__init__()
        self.aux = nn.Linear(32, 10)

def sized(size):
    module = Net()
    module.input_size = size
    return module

def size_list(): return sized([3, 48, 48])
def size_tuple(): return sized((48, 48))
def size_none(): return sized(None)
def size_oblong(): return sized((48, 64))
def size_word(): return sized("large")
def declared(**more):
    module = Net()
    vars(module).update({"mean": [0.5] * 3, "std": [0.25] * 3} | more)
    return module
def own_scale(): return declared()
def bgr(): return declared(input_space="BGR", input_range=[0, 255])
def one_mean(): return declared(mean=[0.5])
def no_mean(): return declared(mean=[float("nan"), 0.5, 0.5])
def no_std(): return declared(std=[0.25, 0.0, 0.25])
def two_std(): return declared(std=[0.25, 0.25])
def inner_scale():
    module = Net()
    module.register_buffer("mean", torch.zeros(1, 3, 1, 1))
    return module
def asserts():
    class A(Net):
        def forward(self, x):
            assert x.shape[-1] == 384, "Input height doesn't match model (384)."
    return A()
def needs_mask():
    class A(Net):
        def forward(self, x, mask): return super().forward(x)
    return A()
def wants_dict():
    class A(Net):
        def forward(self, x): return super().forward(x["pixels"])
    return A()
def exits_in_forward():
    class A(Net):
        def forward(self, x): sys.exit("no GPU")
    return A()
def two_outputs():
    class A(Net):
        def forward(self, x): return super().forward(x), x
    return A()
def exits(): sys.exit("usage: train.py DATA")
def raises(): raise OSError("weights.pth: no such file")
def wants_more(path): return Net()
def aux_last(): return AuxLast()
def attends(last=lambda: nn.Linear(24, 10)):
    class A(nn.Module):
        input_size = 32
        def __init__(self):
            super().__init__()
            torch.manual_seed(0)
            self.b, self.fc1 = body(), nn.Linear(32, 24)
            self.fc2 = last()
            self.attention = nn.MultiheadAttention(32, 4, batch_first=True)
        def forward(self, x):
            h = self.b(x)[:, None]
            return self.fc2(F.relu(self.fc1((h + self.attention(h, h, h)[0])[:, 0])))
    return A()
def attends_alone(): return attends(lambda: nn.Sequential(nn.Linear(24, 10), nn.Softmax(1)))
def by_its_weight():
    class A(Net):
        def forward(self, x): return F.linear(F.relu(self.fc1(self.b(x))), self.fc2.weight, self.fc2.bias)
    return A()
def lazy(): return net(nn.LazyLinear(24), nn.ReLU(), nn.LazyLinear(10))
def weight_norm():
    module = Net()
    nn.utils.parametrizations.weight_norm(module.fc2)
    return module
def spectral_norm():
    module = Net().eval()
    nn.utils.parametrizations.spectral_norm(module.fc2)
    return module
def pruned():
    import torch.nn.utils.prune as prune
    module = Net()
    prune.l1_unstructured(module.fc2, "weight", 0.5)
    return module
def not_finite():
    module = Net()
    module.b[0].weight.data[0] = float("nan")
    return module
def too_large():
    module = Net().double()
    module.b[0].weight.data[0] = 1e300
    return module
def batch_norm(): return net(nn.BatchNorm1d(32, track_running_stats=False), nn.Linear(32, 10))
def batch_norm_2d():
    torch.manual_seed(0)
    norm = nn.BatchNorm2d(8, track_running_stats=False)
    return nn.Sequential(nn.Conv2d(3, 8, 5, 4), norm, body_end(), nn.Linear(32, 10))
def normed():
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(3, 8, 5, 4), nn.BatchNorm2d(8), body_end(), nn.Linear(32, 10))
def body_end(): return nn.Sequential(nn.AdaptiveAvgPool2d(2), nn.Flatten())
def across_the_batch():
    class A(Net):
        def forward(self, x):
            h = F.relu(self.fc1(self.b(x)))
            return self.fc2(h - h.mean(0))
    return A()
def of_five():
    class A(Net):
        def forward(self, x):
            h = F.relu(self.fc1(self.b(x)))
            return self.fc2(h - (h.mean(0) if len(h) > 4 else 0))
    return A()
def attends_across():
    class A(Net):
        def __init__(self):
            super().__init__()
            self.mix = nn.MultiheadAttention(24, 2)
        def forward(self, x):
            h = F.relu(self.fc1(self.b(x)))
            return self.fc2(h + self.mix(h, h, h)[0])
    return A()
def lazy_norm():
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(3, 8, 5, 4), nn.LazyBatchNorm2d(), body_end(), nn.LazyLinear(10))
def prints():
    print("building")
    return Net()
def dropout():
    class A(Net):
        def forward(self, x): return self.fc2(F.dropout(F.relu(self.fc1(self.b(x))), 0.5, training=True))
    return A()
def tied():
    layer = nn.Linear(32, 32)
    return net(layer, nn.ReLU(), layer)
def softmax(): return net(nn.Linear(32, 10), nn.Softmax(1))
def unseeded():
    return nn.Sequential(body(), nn.Linear(32, 10))
instance = Net()
def interrupted(): raise KeyboardInterrupt
def picky():
    class A(Net):
        def forward(self, x):
            if x.max() > 100: raise IndexError("too bright")
            return super().forward(x)
    return A()
def small_size(): return sized(32.7)
def endless_mean(): return declared(mean=[0, float("inf"), 0])
def negative_std(): return declared(std=[-1, 1, 1])
class Counting(Net):
    calls = 0
    def forward(self, x):
        self.calls += 1
        return super().forward(x * (2 if self.calls > 12 else 1))
def counting(): return Counting()
class Averaging(Net):
    def __init__(self):
        super().__init__()
        self.register_buffer("average", torch.zeros(1))
    def forward(self, x):
        self.average.mul_(0.999).add_(x.mean() * 0.001)
        return super().forward(x - self.average)
def averaging(): return Averaging()
class Brightest(Net):
    seen = 0.0
    def forward(self, x):
        self.seen = max(self.seen, float(x.abs().max()))
        return super().forward(x / self.seen)
def brightest(): return Brightest()
last = []
def remembering():
    class A(Net):
        def forward(self, x):
            before = last[-1] if last else x
            last[:] = [x.clone()]
            return super().forward(x + before)
    return A()
class Rarely(Net):
    def forward(self, x): return super().forward(F.dropout(x, 1e-6))
def rarely(): return Rarely()
def writes():
    class A(Net):
        def forward(self, x): return super().forward(x.mul_(0.5))
    return A()
def notes_down():
    class A(Net):
        shift = None
        def forward(self, x):
            self.seen, self.size = x, x.shape
            if self.shift is None: self.shift = torch.ones(3, 1, 1)
            return super().forward(x + self.shift)
    return A()
def hooked(model=None):
    model = model or net()
    model.register_forward_pre_hook(lambda module, given: (given[0] * 3,))
    return model
class Inside(nn.Module):
    def __init__(self, model):
        super().__init__()
        self.model = model
    def forward(self, x): return self.model(x)
def compiled(): return torch.compile(net(), backend="eager")
def compiled_inside(): return Inside(torch.compile(net(), backend="eager"))
def parallel(): return nn.DataParallel(net())
def sets_process():
    import os
    os.chdir("/")
    torch.set_default_dtype(torch.float64)
    torch.set_grad_enabled(False)
    torch.set_default_device("meta")
    with torch.device("cpu"): return net()
def stamped():
    import time
    return declared(made_at=time.perf_counter())
"""


@pytest.fixture
def habits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "habits.py").write_text(HABITS)
    (tmp_path / "bad_syntax.py").write_text("def net(:\n    pass\n")
    (tmp_path / "undefined.py").write_text("model = Backbone()\n")
    (tmp_path / "leaves.py").write_text("import sys\nsys.exit(3)\n")
    (tmp_path / "reads.py").write_text("import torch\nstate = torch.load('backbone.pth')\n")
    for name in ("habits", "bad_syntax", "undefined", "leaves", "reads"):
        monkeypatch.delitem(sys.modules, name, raising=False)


@pytest.mark.filterwarnings("ignore:.*torch.jit:FutureWarning")
@pytest.mark.parametrize(
    ("factory", "reason"),
    [
        ("habits:size_oblong", r"input_size \(48, 64\): it must be a square"),
        ("habits:size_word", "no usable input_size: ValueError: invalid literal"),
        ("habits:bgr", r"expects BGR with values in \[0, 255\]: give it a forward that takes RGB between 0 and 1"),
        *((f"habits:{name}", "not three numbers") for name in ("one_mean", "two_std")),
        ("habits:no_mean", r"has the mean \[nan, 0.5, 0.5\]: its numbers must be finite"),
        ("habits:no_std", r"has the std \[0.25, 0.0, 0.25\]: its numbers must be finite and positive"),
        ("habits:small_size", "has the input_size 32.7: it must be a square of whole pixels"),
        ("habits:endless_mean", r"has the mean \[0.0, inf, 0.0\]: its numbers must be finite"),
        ("habits:negative_std", r"has the std \[-1.0, 1.0, 1.0\]: its numbers must be finite and positive"),
        ("habits:counting", "cannot be used: its forward changes calls, so that"),
        ("habits:averaging", "cannot be used: its forward changes average, so that"),
        ("habits:brightest", "cannot be used: its forward changes seen, so that"),
        ("habits:remembering", "makes something else of the same images each time: it depends on what ran before"),
        ("habits:rarely", "makes something else of the same images each time: it draws at random"),
        ("habits:asserts", r"64 x 64 pixels: AssertionError: Input height doesn't match model \(384\)"),
        ("habits:needs_mask", "TypeError: .*missing 1 required positional argument: 'mask'"),
        ("habits:wants_dict", "cannot be run on two images of 64 x 64 pixels: IndexError"),
        ("habits:exits_in_forward", "SystemExit: no GPU"),
        ("habits:two_outputs", "must return one row of logits per image, not tuple"),
        ("habits:exits", "habits:exits failed: SystemExit: usage: train.py DATA"),
        ("habits:raises", "habits:raises failed: OSError: weights.pth: no such file"),
        ("habits:wants_more", "failed: TypeError: .*missing 1 required"),
        ("habits:aux_last", "AuxLast holds aux as its last fully connected layer, but its forward does not use it"),
        ("habits:pruned", "cannot be copied: fc2 is pruned or has a spectral_norm: call torch.nn.utils.prune.remove"),
        ("habits:not_finite", "b.0.weight holds values that are not finite"),
        ("habits:too_large", "b.0.weight holds values that are too large for float32"),
        ("habits:batch_norm", "cannot be run on one image: .*depends on the other images of its batch"),
        ("habits:batch_norm_2d", "changes when it is alone; it depends on the other images of its batch"),
        ("habits:across_the_batch", "changes when it is alone; it depends on the other images of its batch"),
        ("habits:attends_across", "changes when it is alone; it depends on the other images of its batch"),
        ("habits:of_five", "changes when it is alone; it depends on the other images of its batch"),
        ("habits:dropout", "do not reproduce|draws at random"),
        ("habits:tied", "share one weight"),
        ("habits:traced", r"returns a scripted or traced module \(TorchScript\), which is not supported: return the"),
        ("habits:scripted_inside", "returns a scripted or traced module"),
        ("habits:softmax", "does not end in a fully connected layer .* but in Softmax"),
        ("habits:instance", "no function that returns a network, but of type Net"),
        ("bad_syntax:net", "bad_syntax cannot be imported: SyntaxError: invalid syntax"),
        ("undefined:model", "undefined cannot be imported: NameError: name 'Backbone' is not defined"),
        ("leaves:net", "leaves cannot be imported: SystemExit: 3"),
        ("reads:net", r"reads cannot be imported: FileNotFoundError: .*'backbone\.pth'"),
    ],
)
def test_ordinary_faults_are_one_sentence_that_names_the_cause(habits: None, factory: str, reason: str) -> None:
    with pytest.raises((NetworkError, ChoiceError), match=reason) as refusal:
        load_own(factory, device="cpu")
    assert "\n" not in str(refusal.value)


NOT_CALLED = "not offered: the weight is used without a call of the layer, as torch.nn.MultiheadAttention does with its"


def test_the_last_layer_that_is_called_is_taken_and_others_are_named(habits: None, tmp_path: Path) -> None:
    model = load_own("habits:attends", device="cpu")
    assert [(k.name, k.module, k.inputs, k.outputs) for k in model.layers] == [("fc1", "fc2", 24, 10)]
    assert model.notes == (f"attention.out_proj is {NOT_CALLED} out_proj.",)
    whole = sys.modules["habits"].attends().eval()
    seen = images(2, 32)
    assert torch.allclose(whole(seen), model.forward(seen)["y1"], atol=1e-5)
    torch.save(whole.state_dict(), tmp_path / "w.pth")
    assert load_own("habits:attends", weights=tmp_path / "w.pth", device="cpu").digest == model.digest


@pytest.mark.parametrize(
    ("factory", "reason"),
    [
        ("habits:attends_alone", f"but in Softmax. attention.out_proj is {NOT_CALLED}"),
        ("habits:by_its_weight", f"fc1, the last .* that it calls, does not give its logits. fc2 is {NOT_CALLED}"),
    ],
)
def test_a_network_that_calls_no_last_layer_is_told_so(habits: None, factory: str, reason: str) -> None:
    with pytest.raises(NetworkError, match=reason):
        load_own(factory, device="cpu")


@pytest.mark.parametrize("factory", ["writes", "notes_down", "hooked", "compiled", "compiled_inside", "parallel"])
def test_habits_that_do_no_harm(habits: None, factory: str) -> None:
    model = load_own(f"habits:{factory}", device="cpu")
    whole, seen = getattr(sys.modules["habits"], factory)().eval(), images(2, 64)
    assert torch.allclose(whole(seen.clone()), model.forward(seen.clone())[model.network.outputs[-1]], atol=1e-5)
    assert model.notes == ()
    assert len(model.layers) == (1 if factory in ("writes", "notes_down") else 2)


def test_what_a_factory_sets_for_the_whole_process_is_put_back(habits: None) -> None:
    def settings() -> tuple:
        return Path.cwd(), torch.get_default_dtype(), torch.get_default_device(), torch.is_grad_enabled()

    before = settings()
    load_own("habits:sets_process", device="cpu")
    assert settings() == before


def test_a_setting_that_is_never_the_same_is_said(habits: None) -> None:
    (note,) = load_own("habits:stamped", device="cpu").notes
    assert "sets made_at to something else each time it is called: its features are computed anew" in note


def test_a_wish_to_stop_is_no_fault_of_the_network(habits: None) -> None:
    with pytest.raises(KeyboardInterrupt):
        load_own("habits:interrupted", device="cpu")


@pytest.mark.parametrize(("factory", "side"), [("size_list", 48), ("size_tuple", 48), ("size_none", 224)])
def test_sizes_as_people_write_them(habits: None, factory: str, side: int) -> None:
    assert load_own(f"habits:{factory}", device="cpu").preset.crop_size == [side]


def test_the_scale_that_a_network_declares_is_given(habits: None) -> None:
    assert (load_own("habits:own_scale", device="cpu").preset.mean, [0.25] * 3) == ([0.5] * 3, [0.25] * 3)
    assert load_own("habits:own_scale", device="cpu").preset.std == [0.25] * 3
    usual = load_own("habits:size_none", device="cpu").preset
    assert load_own("habits:inner_scale", device="cpu").preset.mean == usual.mean != [0.5] * 3


@pytest.mark.filterwarnings("ignore:Lazy modules:UserWarning")
def test_lazy_layers_are_run_once(habits: None) -> None:
    model = load_own("habits:lazy", device="cpu")
    assert [(k.inputs, k.outputs) for k in model.layers] == [(32, 24), (24, 10)]
    assert model.notes == ()
    assert [(k.inputs, k.outputs) for k in load_own("habits:lazy_norm", device="cpu").layers] == [(32, 10)]


EDITED = """
import torch
from torch import nn
from torch.nn import functional as F
LIMIT = 8.0
def clipped(x): return x.clamp(max=LIMIT)
class Net(nn.Module):
    input_size = 32
    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.conv, self.fc = nn.Conv2d(3, 4, 8, stride=8), nn.Linear(64, 5)
    def forward(self, x):
        x = F.relu(clipped(self.conv(x)))
        return self.fc(x.flatten(1))
def make(): return Net()
"""


def test_any_edit_of_the_code_is_another_function(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def function(text: str) -> str:
        (tmp_path / "edited.py").write_text(text)
        monkeypatch.delitem(sys.modules, "edited", raising=False)
        importlib.invalidate_caches()
        shutil.rmtree(tmp_path / "__pycache__", ignore_errors=True)
        return load_own("edited:make", device="cpu").function

    plain = function(EDITED)
    assert function(EDITED) == plain
    for old, new in (("F.relu(", "F.relu6("), ("8.0", "9.0"), ("max=LIMIT", "min=-LIMIT")):
        assert function(EDITED.replace(old, new)) != plain, new


SETTINGS = """
import torch
from torch import nn
from torch.nn import functional as F
LEVEL = 20
class Net(nn.Module):
    input_size, mean, std = 32, [0, 0, 0], [SCALE] * 3
    def __init__(self, level):
        super().__init__()
        torch.manual_seed(0)
        self.conv, self.fc, self.level = nn.Conv2d(3, 4, 8, stride=8), nn.Linear(64, 5), level
    def forward(self, x):
        return self.fc(F.relu(self.conv(self.seen(x) * SCALE)).flatten(1))
    def seen(self, x): return torch.where(x > self.level, x, 0 * x)
def attribute(): return Net(LEVEL)
def closure():
    level = LEVEL
    class Closed(Net):
        def seen(self, x): return torch.where(x > level, x, 0 * x)
    return Closed(0)
def outside():
    class Asking(Net):
        def seen(self, x): return torch.where(x > __import__("levels").LEVEL, x, 0 * x)
    return Asking(0)
"""


@pytest.mark.parametrize("factory", ["attribute", "closure", "outside"])
def test_another_setting_is_another_function(factory: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A network that sees 0 to 255 and takes what is dark for black: noise of the size 1 does not tell how dark."""
    monkeypatch.setattr(sys, "dont_write_bytecode", True)

    def function(level: int, scale: str = "1 / 255") -> str:
        text = SETTINGS.replace("SCALE", scale).replace("LEVEL = 20", "from levels import LEVEL")
        (tmp_path / "levels.py").write_text(f"LEVEL = {level}")
        (tmp_path / "setting.py").write_text(text)
        for name in ("levels", "setting"):
            monkeypatch.delitem(sys.modules, name, raising=False)
        importlib.invalidate_caches()
        return load_own(f"setting:{factory}", device="cpu").function

    assert function(20) == function(20)
    assert len({function(level) for level in (20, 120, 250)}) == 3
    if factory != "outside":
        assert function(300) != function(310), "beyond white it is the setting that tells"


@pytest.mark.parametrize("factory", ["weight_norm", "spectral_norm"])
def test_weights_that_are_computed_become_plain(habits: None, factory: str) -> None:
    model = load_own(f"habits:{factory}", device="cpu")
    whole = getattr(sys.modules["habits"], factory)().eval()
    seen = images(2, 64)
    assert torch.allclose(whole(seen), model.forward(seen)["y1"], atol=1e-5)


def test_an_unseeded_factory_is_said(habits: None) -> None:
    (note,) = load_own("habits:unseeded", device="cpu").notes
    assert "gives other weights each time it is called: results cannot be repeated" in note
    assert load_own("habits:size_none", device="cpu").notes == ()


def test_what_fails_on_photographs_only_is_one_sentence_too(habits: None) -> None:
    model = load_own("habits:picky", device="cpu")
    assert model.forward(images(1, 64))["y1"].shape == (1, 10)
    with pytest.raises(NetworkError, match="habits:picky failed on photographs: IndexError: too bright"):
        model.forward(torch.full((1, 3, 64, 64), 200.0))


# Weights beside it


def test_a_file_of_weights_is_loaded_into_a_network_of_ones_own(habits: None, tmp_path: Path) -> None:
    plain = load_own("habits:size_none", device="cpu")
    state = sys.modules["habits"].Net().state_dict()
    other = {name: tensor + 0.01 for name, tensor in state.items()}
    torch.save({"state_dict": {f"module.{name}": tensor for name, tensor in other.items()}}, tmp_path / "w.pth.tar")
    model = load_own("habits:size_none", weights=str(tmp_path / "w.pth.tar"), device="cpu")
    assert torch.equal(model.head.weights[0], other["fc2.weight"].T)
    assert model.digest != plain.digest
    assert load_own("habits:size_none", device="cpu").digest == plain.digest
    unseeded = sys.modules["habits"].unseeded().state_dict()
    torch.save(unseeded, tmp_path / "u.pt")
    assert load_own("habits:unseeded", weights=tmp_path / "u.pt", device="cpu").notes == (), "the file holds them all"


def test_of_a_network_and_its_moving_average_the_first_is_taken_and_said(habits: None, tmp_path: Path) -> None:
    load_own("habits:size_none", device="cpu")
    state = sys.modules["habits"].Net().state_dict()
    doubled = {name: 2 * tensor for name, tensor in state.items()}
    torch.save({"model_ema": doubled, "model": state}, tmp_path / "w.pth")
    model = load_own("habits:size_none", weights=tmp_path / "w.pth", device="cpu")
    assert torch.equal(model.head.weights[-1], state["fc2.weight"].T)
    assert [note for note in model.notes if "moving average of the weights (model_ema): model is taken" in note]
    torch.save({"model_ema": doubled, "model": state, "teacher": state}, tmp_path / "w.pth")
    with pytest.raises(NetworkError, match="holds several networks"):
        load_own("habits:size_none", weights=tmp_path / "w.pth", device="cpu")


def test_a_file_may_lack_the_counters_of_batches(habits: None, tmp_path: Path) -> None:
    plain = load_own("habits:normed", device="cpu")
    state = sys.modules["habits"].normed().state_dict()
    assert state.pop("1.num_batches_tracked") == 0
    torch.save(state, tmp_path / "w.pth")
    assert load_own("habits:normed", weights=tmp_path / "w.pth", device="cpu").digest == plain.digest


@pytest.mark.filterwarnings("ignore:.*sparse:UserWarning")
@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda state: state.pop("fc1.bias"), "w.pth does not fit habits:size_none: fc1.bias is missing"),
        (lambda state: state.update(more=torch.zeros(1)), "it has no more"),
        (lambda state: state.update({"fc1.bias": torch.zeros(3)}), r"fc1.bias has shape \(3,\), not \(24,\)"),
        (lambda state: state.update({"fc1.bias": state["fc1.bias"].int()}), "fc1.bias holds int32 values, not float32"),
        (lambda state: state.update({"fc1.bias": state["fc1.bias"] > 0}), "fc1.bias holds bool values, not float32"),
        (lambda state: state.update({"fc1.bias": state["fc1.bias"] / 0}), "fc1.bias holds NaN or infinite values"),
        (lambda state: state.update({"fc1.weight": state["fc1.weight"].to_sparse()}), "fc1.weight is sparse"),
    ],
)
def test_weights_that_do_not_fit_are_refused(habits: None, tmp_path: Path, change: object, reason: str) -> None:
    load_own("habits:size_none", device="cpu")
    state = sys.modules["habits"].Net().state_dict()
    change(state)
    torch.save(state, tmp_path / "w.pth")
    with pytest.raises(NetworkError, match=reason):
        load_own("habits:size_none", weights=tmp_path / "w.pth", device="cpu")
    with pytest.raises(NetworkError, match=r"absent\.pth"):
        load_own("habits:size_none", weights=tmp_path / "absent.pth", device="cpu")


def test_what_parts_the_layers_that_are_offered_from_others_is_said(habits: None) -> None:
    torch.manual_seed(0)
    model = load_own("habits:sloped", device="cpu")
    assert [weight.shape for weight in model.head.weights] == [(16, 5)]
    (note,) = [note for note in model.notes if "PReLU" in note]
    assert note.startswith(
        "The fully connected layers before 2 (PReLU) are not offered, since gradients are written out"
    )
    assert "LeakyReLU" in note
    assert not [note for note in load_own("habits:size_none", device="cpu").notes if "not offered" in note]
