"""Weights that lie on this computer, in whichever format, are taken into the home once they fit."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torchvision.models import squeezenet1_0

from gradviz.download import fetch
from gradviz.download.weights import download_weights, found_in, take_weights
from gradviz.errors import ChoiceError, DownloadError, NetworkError
from gradviz.networks import NETWORKS
from gradviz.networks.loading import load
from gradviz.networks.weights import locate

NAME = "squeezenet1_0"


@pytest.fixture(scope="module")
def state() -> dict[str, torch.Tensor]:
    torch.manual_seed(0)
    return {name: tensor.clone() for name, tensor in squeezenet1_0(num_classes=7).state_dict().items()}


@pytest.fixture
def mine(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    folder = tmp_path / "mine"
    folder.mkdir()
    return folder


@pytest.mark.parametrize("suffix", [".safetensors", ".pth"])
@pytest.mark.parametrize("named", ["file", "folder"])
@pytest.mark.parametrize("through", ["take", "mirror"])
def test_a_file_or_its_folder(mine: Path, home: Path, state, suffix: str, named: str, through: str) -> None:
    file = mine / f"tuned{suffix}"
    save_file(state, file) if suffix == ".safetensors" else torch.save({"state_dict": state}, file)
    place = file if named == "file" else mine
    path = take_weights(NAME, place) if through == "take" else download_weights(NAME, url=str(place))
    assert path == home / "weights" / f"{NAME}.safetensors" == locate(NETWORKS[NAME])
    taken = load(NAME, device="cpu")
    assert taken.outputs == 7
    given = load(NAME, weights=file, device="cpu")
    pictures = torch.rand(1, 3, 224, 224)
    assert torch.equal(taken.body(pictures), given.body(pictures))
    assert file.is_file(), "copied"
    assert [path.name for path in (home / "weights").iterdir() if path.suffix == ".part"] == []


def test_weights_of_another_network_are_not_taken(mine: Path, home: Path, state) -> None:
    save_file(state, mine / "x.safetensors")
    with pytest.raises(NetworkError, match="does not fit"):
        take_weights("alexnet", mine / "x.safetensors")
    assert locate(NETWORKS["alexnet"]) is None


def test_what_is_no_weights_is_said_by_what_it_is(mine: Path, home: Path, state) -> None:
    with pytest.raises(NetworkError, match=r"Cannot read the weights .*nowhere\.safetensors: No such file"):
        take_weights(NAME, mine / "nowhere.safetensors")
    with pytest.raises(ChoiceError, match="holds no file of weights: name the file itself"):
        take_weights(NAME, mine)
    (mine / "notes.txt").write_text("hello")
    with pytest.raises(NetworkError, match="Weights come as"):
        take_weights(NAME, mine / "notes.txt")
    (mine / "cut.safetensors").write_bytes(b"x" * 100)
    with pytest.raises(NetworkError, match="is cut or not a safetensors file"):
        download_weights(NAME, url=str(mine / "cut.safetensors"))


def test_the_networks_own_file_is_found_among_others(mine: Path) -> None:
    wanted = NETWORKS[NAME]
    for name in ("a.pth", "b.pt"):
        (mine / name).touch()
    with pytest.raises(ChoiceError, match="several files"):
        found_in(wanted, mine)
    (mine / f"{NAME}-tuned.pth").touch()
    assert found_in(wanted, mine) == mine / f"{NAME}-tuned.pth"
    (mine / f"{NAME}.safetensors").touch()
    assert found_in(wanted, mine) == mine / f"{NAME}.safetensors"
    (mine / wanted.file).touch()
    assert found_in(wanted, mine) == mine / wanted.file


def test_a_hint_says_what_there_is_where_somebody_asks(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetch, "RETRIES", 0)
    here = fetch.Ways("name a mirror under Mirror", "have GRADVIZ_HOME name another folder")
    with pytest.raises(DownloadError, match="name a mirror under Mirror") as said:
        download_weights(NAME, url="http://127.0.0.1:9/", ways=here)
    assert "--" not in str(said.value)
    with pytest.raises(DownloadError, match="name a mirror with --url"):
        download_weights(NAME, url="http://127.0.0.1:9/")
    with pytest.raises(DownloadError, match="GRADVIZ_HOME"):
        fetch.require_room(home, 10**18, here)
