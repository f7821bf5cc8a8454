"""Files of weights: found, told from damaged ones, and read without running anything."""

import os
import pickle
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from gradviz.errors import NetworkError
from gradviz.home import ASSETS
from gradviz.networks import network, weights
from gradviz.networks.loading import load


@pytest.fixture(autouse=True)
def hub(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make separate folders for gradviz and for torch.hub."""
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    return tmp_path / "torch" / "hub" / "checkpoints"


@pytest.fixture
def tensors() -> dict[str, torch.Tensor]:
    return {"fc.weight": torch.arange(6.0).reshape(2, 3), "fc.bias": torch.tensor([1.0, -1.0])}


class Touch:
    """Create a file when unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple:
        return Path.touch, (self.path,)


def test_missing_weights_are_listed_with_the_size_of_a_download() -> None:
    assert weights.weights_states([network("alexnet")])["alexnet"] == {
        "state": "missing",
        "bytes": 244408911,
        "path": None,
    }


def test_the_shipped_network_is_there() -> None:
    state = weights.weights_states([network("alexnet64")])["alexnet64"]
    assert (state["state"], state["path"]) == ("present", ASSETS / "alexnet64.safetensors")


def test_one_altered_byte_of_the_shipped_network_is_refused(home: Path) -> None:
    own = home / "weights"
    own.mkdir(parents=True)
    for file in ASSETS.glob("alexnet64.safetensors*"):
        shutil.copy(file, own)
    path = own / "alexnet64.safetensors"
    assert weights.locate(network("alexnet64")) == path
    weights.check(path, network("alexnet64"))
    with path.open("r+b") as file:
        file.seek(5_000_000)
        (byte,) = file.read(1)
        file.seek(5_000_000)
        file.write(bytes([byte ^ 1]))
    with pytest.raises(NetworkError, match="altered"):
        weights.check(path, network("alexnet64"))


def test_torch_hubs_own_folder_is_used(hub: Path) -> None:
    hub.mkdir(parents=True)
    (hub / "alexnet-owt-7be5be79.pth").write_bytes(b"12345")
    state = weights.weights_states([network("alexnet")])["alexnet"]
    assert state == {"state": "present", "bytes": 5, "path": hub / "alexnet-owt-7be5be79.pth"}


def test_the_folder_without_TORCH_HOME_is_torchs(monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: N802
    monkeypatch.delenv("TORCH_HOME")
    assert weights.hub_folder() == Path(torch.hub.get_dir()) / "checkpoints"


def test_the_home_comes_first(home: Path, hub: Path) -> None:
    for folder in (home / "weights", hub):
        folder.mkdir(parents=True)
        (folder / "resnet18-f37072fd.pth").touch()
    assert weights.locate(network("resnet18")) == home / "weights" / "resnet18-f37072fd.pth"


def test_an_altered_published_file_is_refused(home: Path) -> None:
    (home / "weights").mkdir(parents=True)
    path = home / "weights" / "resnet18-f37072fd.pth"
    path.write_bytes(b"not what was published")
    with pytest.raises(NetworkError, match=r"cut or altered .* delete the file and fetch it again"):
        weights.check(path, network("resnet18"))


def test_one_altered_byte_is_noticed_at_the_next_look(tmp_path: Path) -> None:
    path = tmp_path / "resnet18.safetensors"
    path.write_bytes(b"weights")
    path.with_name(path.name + ".sha256").write_text(f"{weights.sha256(path)}  {path.name}\n")
    assert weights.check(path, network("resnet18")) == weights.sha256(path)
    path.write_bytes(b"weighty")
    with pytest.raises(NetworkError, match="altered"):
        weights.check(path, network("resnet18"))


def test_a_file_is_hashed_once_while_it_stays_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "w.safetensors"
    path.write_bytes(b"weights")
    first = weights.sha256(path)
    monkeypatch.setattr(weights, "file_digest", lambda *_: pytest.fail("hashed again"))
    assert weights.sha256(path) == first


def save_legacy(tensors: dict, path: Path) -> None:
    """Write as torch did before 1.6, when most of torchvision's files were published."""
    torch.save(tensors, path, _use_new_zipfile_serialization=False)


@pytest.mark.parametrize(
    ("name", "save"),
    [("w.safetensors", save_file), ("w.pth", torch.save), ("w.pt", torch.save), ("w.pth", save_legacy)],
)
def test_every_format_gives_the_same_tensors(tmp_path: Path, tensors: dict, name: str, save: Callable) -> None:
    path = tmp_path / name
    save(tensors, path)
    read = weights.read(path)
    assert {k: v.tolist() for k, v in read.items()} == {k: v.tolist() for k, v in tensors.items()}


@pytest.mark.parametrize("wrapper", ["state_dict", "model"])
def test_a_training_checkpoint_is_unwrapped(tmp_path: Path, tensors: dict, wrapper: str) -> None:
    parallel = {f"module.{name}": tensor for name, tensor in tensors.items()}
    torch.save({wrapper: parallel, "epoch": 3}, tmp_path / "w.pth")
    read = weights.read(tmp_path / "w.pth")
    assert weights.bare(read, "fc.weight", tmp_path / "w.pth").keys() == tensors.keys()


def test_half_precision_becomes_float32(tmp_path: Path, tensors: dict) -> None:
    save_file({name: tensor.half() for name, tensor in tensors.items()}, tmp_path / "w.safetensors")
    assert all(tensor.dtype == torch.float32 for tensor in weights.read(tmp_path / "w.safetensors").values())


def test_what_was_read_does_not_change_with_the_file(tmp_path: Path, tensors: dict) -> None:
    path = tmp_path / "w.safetensors"
    save_file(tensors, path)
    read = weights.read(path)
    with path.open("r+b") as file:
        file.seek(-8, os.SEEK_END)
        file.write(b"\xff" * 8)
    assert {k: v.tolist() for k, v in read.items()} == {k: v.tolist() for k, v in tensors.items()}


def test_a_pickle_with_code_is_refused_and_not_run(tmp_path: Path) -> None:
    proof = tmp_path / "executed"
    for name, save in (("w.pth", torch.save), ("w.pt", lambda thing, path: path.write_bytes(pickle.dumps(thing)))):
        save({"fc.weight": Touch(proof)}, tmp_path / name)
        with pytest.raises(NetworkError, match=r"so it was not opened: .* save the state_dict alone"):
            weights.read(tmp_path / name)
    assert not proof.exists()


@pytest.mark.parametrize("name", ["w.safetensors", "w.pth"])
@pytest.mark.parametrize("kept", [0.0, 0.1, 0.5, 0.99])
def test_a_cut_file_is_refused_in_one_line(tmp_path: Path, tensors: dict, name: str, kept: float) -> None:
    path = tmp_path / name
    (save_file if path.suffix == ".safetensors" else torch.save)(tensors, path)
    path.write_bytes(path.read_bytes()[: int(kept * path.stat().st_size)])
    with pytest.raises(NetworkError) as refusal:
        weights.read(path)
    assert "\n" not in str(refusal.value)
    assert str(path) in str(refusal.value)


def test_other_content_is_refused(tmp_path: Path) -> None:
    torch.save([1, 2, 3], tmp_path / "list.pth")
    with pytest.raises(NetworkError, match="no named tensors"):
        weights.read(tmp_path / "list.pth")
    (tmp_path / "w.onnx").touch()
    with pytest.raises(NetworkError, match=r"as \.safetensors, \.pth, .* or \.pth\.tar, not as 'w\.onnx'"):
        weights.read(tmp_path / "w.onnx")
    with pytest.raises(NetworkError, match="no file of weights"):
        weights.read(tmp_path / "nothing.pth")


# Names that wrappers and trainers give


def wrapped(name: str) -> str:
    """Name a tensor as torch's own AlexNet recipe does: DataParallel around the features alone."""
    return name.replace("features.", "features.module.")


@pytest.mark.parametrize(
    ("file", "rename", "wrapper"),
    [
        ("w.pth", wrapped, None),
        ("w.pth.tar", wrapped, "state_dict"),
        ("w.pth", lambda name: f"module.{name}", "state_dict"),
        ("w.pt", lambda name: f"_orig_mod.{name}", None),
        ("w.pt", lambda name: f"module._orig_mod.{name}", "model"),
        ("w.ckpt", lambda name: f"model.{name}", "state_dict"),
        ("w.ckpt", lambda name: f"model.module.{wrapped(name)}", "state_dict"),
        ("w.bin", lambda name: f"net.backbone.{name}", None),
        ("w.pt", lambda name: name, "model_state_dict"),
        ("w.pt", lambda name: name, "net"),
    ],
)
def test_checkpoints_of_trainers_are_read(tmp_path: Path, file: str, rename: Callable, wrapper: str | None) -> None:
    state = weights.read(ASSETS / "alexnet64.safetensors")
    named = {rename(name): tensor for name, tensor in state.items()}
    if file.endswith(".ckpt"):
        named["criterion.weight"] = torch.ones(3)
    torch.save(
        {wrapper: named, "epoch": 3, "arch": "alexnet", "best": torch.tensor(0.5)} if wrapper else named,
        tmp_path / file,
    )
    model = load("alexnet64", weights=str(tmp_path / file), device="cpu")
    expected = load("alexnet64", device="cpu")
    seen = torch.randn(2, 3, 64, 64, generator=torch.Generator().manual_seed(1))
    assert all(torch.equal(values, expected.forward(seen)[name]) for name, values in model.forward(seen).items())


def test_two_networks_in_one_file_are_not_guessed_between(tmp_path: Path) -> None:
    state = weights.read(ASSETS / "alexnet64.safetensors")
    both = {f"{which}.{name}": tensor for which in ("student", "teacher") for name, tensor in state.items()}
    both = {name: tensor.clone() for name, tensor in both.items()}
    save_file(both, tmp_path / "both.safetensors")
    with pytest.raises(
        NetworkError, match=r"holds several networks \(student\., teacher\.\): save the state_dict of one"
    ):
        load("alexnet64", weights=tmp_path / "both.safetensors", device="cpu")


def test_a_tensor_that_is_missing_under_a_prefix_is_named(tmp_path: Path) -> None:
    state = weights.read(ASSETS / "alexnet64.safetensors")
    named = {f"model.{name}": tensor for name, tensor in state.items() if name != "features.0.bias"}
    torch.save(named, tmp_path / "w.ckpt")
    with pytest.raises(NetworkError, match=r"does not fit alexnet64: features\.0\.bias is missing"):
        load("alexnet64", weights=tmp_path / "w.ckpt", device="cpu")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ({"classifier.6.weight": torch.zeros(0, 1024)}, "no classes"),
        ({"classifier.6.weight": torch.tensor(1.0)}, r"has shape \(\), no classes"),
        ({"classifier.6.weight": torch.zeros(3)}, "has shape|is missing"),
        ({0: torch.zeros(3), 1: torch.zeros(2)}, "holds no named tensors"),
        ({"state_dict": {}}, "holds no named tensors"),
        ({"classifier.6.weight": 3}, "holds no named tensors"),
        ({"encoder.weight": torch.zeros(3)}, "it has no classifier.6.weight"),
    ],
)
def test_odd_checkpoints_are_one_sentence(tmp_path: Path, content: dict, reason: str) -> None:
    torch.save(content, tmp_path / "w.pth")
    with pytest.raises(NetworkError, match=reason) as refusal:
        load("alexnet64", weights=tmp_path / "w.pth", device="cpu")
    assert "\n" not in str(refusal.value)


def test_code_inside_a_checkpoint_is_refused_whatever_its_name(tmp_path: Path) -> None:
    proof = tmp_path / "executed"
    for name in ("w.pth.tar", "w.ckpt", "w.bin"):
        torch.save({"state_dict": {"fc.weight": Touch(proof)}}, tmp_path / name)
        with pytest.raises(NetworkError, match="so it was not opened"):
            weights.read(tmp_path / name)
    assert not proof.exists()


# Numbers that are no weights


LAST = "classifier.6.weight"


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda w: w.to(torch.int64), "holds int64 values, not float32"),
        (lambda w: w > 0, "holds bool values, not float32"),
        (lambda w: w.to(torch.complex64), r"holds complex numbers \(complex64\)"),
        (lambda w: w.double().to_sparse(), r"is sparse: save it with \.to_dense\(\)"),
        (lambda w: w.double().to("meta"), "has no values: it was saved from the device meta"),
        (lambda w: w.to_sparse(), r"is sparse: save it with \.to_dense\(\)"),
        (lambda w: w.to_sparse_csr(), r"is sparse: save it with \.to_dense\(\)"),
        (lambda w: torch.quantize_per_tensor(w, 0.1, 0, torch.qint8), "is quantised: save"),
        (lambda w: w.to("meta"), "has no values: it was saved from the device meta"),
        (lambda w: w * torch.nan, "holds NaN or infinite values: the weights are not finite"),
        (lambda w: w.double() * 1e300, "holds values that are too large for float32"),
        (lambda w: w / 0, "holds NaN or infinite values: the weights are not finite"),
    ],
)
@pytest.mark.filterwarnings("ignore::UserWarning", "ignore::DeprecationWarning")
def test_numbers_that_are_no_weights_are_one_sentence(tmp_path: Path, change: Callable, reason: str) -> None:
    state = weights.read(ASSETS / "alexnet64.safetensors")
    torch.save(state | {LAST: change(state[LAST])}, tmp_path / "w.pth")
    with pytest.raises(NetworkError, match=rf"w\.pth does not fit alexnet64: {LAST} {reason}") as refusal:
        load("alexnet64", weights=tmp_path / "w.pth", device="cpu")
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64, torch.float8_e4m3fn])
def test_any_floating_point_numbers_are_weights(tmp_path: Path, dtype: torch.dtype) -> None:
    state = weights.read(ASSETS / "alexnet64.safetensors")
    torch.save({name: tensor.to(dtype) for name, tensor in state.items()}, tmp_path / "w.pth")
    model = load("alexnet64", weights=tmp_path / "w.pth", device="cpu")
    assert torch.equal(model.head.weights[-1], state[LAST].to(dtype).float().T)


@pytest.mark.parametrize(
    ("plain", "average"),
    [("model", "model_ema"), ("state_dict", "ema_state_dict"), ("state_dict", "state_dict_ema"), ("net", "ema")],
)
def test_of_a_network_and_its_moving_average_the_first_is_taken_and_said(
    tmp_path: Path, plain: str, average: str
) -> None:
    state = weights.read(ASSETS / "alexnet64.safetensors")
    doubled = {f"module.{name}": 2 * tensor for name, tensor in state.items()}
    torch.save({average: doubled, plain: state, "optimizer": {"state": {0: torch.ones(1)}}}, tmp_path / "w.pth")
    model = load("alexnet64", weights=tmp_path / "w.pth", device="cpu")
    assert torch.equal(model.head.weights[-1], state[LAST].T)
    assert model.notes == (
        f"w.pth also holds a moving average of the weights ({average}): {plain} is taken; to use the average, save its "
        "state_dict alone.",
    )
    torch.save({average: doubled, "epoch": 3}, tmp_path / "w.pth")
    alone = load("alexnet64", weights=tmp_path / "w.pth", device="cpu")
    assert torch.equal(alone.head.weights[-1], 2 * state[LAST].T)
    assert alone.notes == ()


@pytest.mark.parametrize(
    "names", [("model", "teacher"), ("generator", "discriminator"), ("model", "model_ema", "best")]
)
def test_two_networks_under_keys_side_by_side_are_not_guessed_between(tmp_path: Path, names: tuple) -> None:
    state = weights.read(ASSETS / "alexnet64.safetensors")
    torch.save(dict.fromkeys(names, state), tmp_path / "w.pth")
    listed = re.escape(", ".join(f"{name}." for name in names))
    with pytest.raises(NetworkError, match=rf"several networks \({listed}\): save the state_dict"):
        load("alexnet64", weights=tmp_path / "w.pth", device="cpu")


def test_tensors_of_something_else_beside_a_network_do_no_harm(tmp_path: Path) -> None:
    state = weights.read(ASSETS / "alexnet64.safetensors")
    content = {"model": {**state}, "criterion": {"weight": torch.ones(3)}, "epoch": 3, "args": {"lr": 0.1}}
    torch.save(content, tmp_path / "w.pth")
    assert torch.equal(load("alexnet64", weights=tmp_path / "w.pth", device="cpu").head.weights[-1], state[LAST].T)
    part = {"model.fc.weight": torch.ones(1), "model.block.fc.weight": torch.zeros(1)}
    assert weights.bare(part, "fc.weight", tmp_path).keys() == {"fc.weight", "block.fc.weight"}


@pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::UserWarning")
def test_a_file_of_torchscript_is_told_what_to_do(tmp_path: Path) -> None:
    torch.jit.trace(torch.nn.Linear(2, 2), torch.ones(1, 2)).save(tmp_path / "w.pt")
    with pytest.raises(
        NetworkError, match=r"scripted or traced module \(TorchScript\), .*: save the state_dict of the"
    ):
        weights.read(tmp_path / "w.pt")
