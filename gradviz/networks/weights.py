"""Find files of weights, check that they are whole, and read them without running anything inside."""

import os
from collections.abc import Mapping
from functools import lru_cache
from hashlib import file_digest
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gradviz.errors import NetworkError
from gradviz.home import ASSETS, home
from gradviz.networks import Network

if TYPE_CHECKING:
    from torch import Tensor
    from torchvision.models import WeightsEnum


_PICKLES = (".pth", ".pt", ".ckpt", ".bin", ".tar")
"""Suffixes of files that torch.save writes; the last one is that of `model_best.pth.tar`."""
_CHECKPOINTS = ("state_dict", "model_state_dict", "model", "net", "network")
"""Where training checkpoints keep the tensors."""
_WRAPPERS = ("module", "_orig_mod")
"""What DataParallel and torch.compile add to the names of tensors."""


def published(network: Network) -> "WeightsEnum | None":
    """Return torchvision's own record of a network's weights: transforms, categories, size; None for other networks."""
    if network.weights is None:
        return None
    from torchvision.models import get_model_weights

    return get_model_weights(network.function())[network.weights]


def hub_folder() -> Path:
    """Return the folder in which torch.hub, and so torchvision, keeps what it downloads."""
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(os.environ.get("TORCH_HOME") or Path(cache) / "torch").expanduser() / "hub" / "checkpoints"


def candidates(network: Network, home_folder: str | Path | None = None) -> tuple[Path, ...]:
    """List where a network's weights may lie, the preferred place first.

    Parameters
    ----------
    network
        Entry of the table.
    home_folder
        Where gradviz keeps its files; None is the usual place.
    """
    own = home(home_folder) / "weights"
    named = f"{network.name}.safetensors"
    return tuple(dict.fromkeys((own / network.file, hub_folder() / network.file, own / named, ASSETS / named)))


def locate(network: Network, home_folder: str | Path | None = None) -> Path | None:
    """Find the weights on this computer; None where they are missing.

    Parameters
    ----------
    network, home_folder
        As for `candidates`.
    """
    return next((path for path in candidates(network, home_folder) if path.is_file()), None)


def weights_state(network: Network, home: str | Path | None = None) -> dict[str, Any]:
    """Return whether weights are `present` or `missing`, their bytes (of a download, if missing), and their path."""
    path = locate(network, home)
    if path is None:
        return {"state": "missing", "bytes": network.bytes, "path": None}
    return {"state": "present", "bytes": path.stat().st_size, "path": path}


def sha256(path: str | Path) -> str:
    """Return the SHA-256 of a file, 64 hex digits; read again only when its path, size or time of change differ.

    Raises NetworkError where it cannot be read.
    """
    path = Path(path)
    try:
        stat = path.stat()
        return _sha256(path, stat.st_size, stat.st_mtime_ns, stat.st_ino)
    except OSError as error:
        raise NetworkError(f"Cannot read the weights {path}: {error.strerror or error}.") from error


@lru_cache(maxsize=256)
def _sha256(path: Path, size: int, mtime_ns: int, inode: int) -> str:
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()


def check(path: Path, network: Network) -> str:
    """Compare a found file with its published digest and with the one written beside it.

    The published digest is a prefix of the SHA-256 in the file's name; `FILE.sha256` is what a download recorded.

    Parameters
    ----------
    path
        The file.
    network
        The entry whose weights it should hold.

    Returns
    -------
    str
        The file's SHA-256.

    Raises
    ------
    NetworkError
        For an altered file.
    """
    digest = sha256(path)
    beside = path.with_name(path.name + ".sha256")
    recorded = beside.read_text(encoding="ascii", errors="replace").split() if beside.is_file() else []
    prefix = network.sha256 if path.name == network.file else ""
    if not digest.startswith(prefix) or (recorded and digest != recorded[0].lower()):
        raise NetworkError(
            f"The weights {path} were cut or altered (their sha256 is {digest[:8]}..., not the published one): "
            "delete the file and fetch it again."
        )
    return digest


def read(path: str | Path) -> dict[str, "Tensor"]:
    """Read named tensors from a safetensors file or one of torch's; floating point numbers become float32.

    A file of torch's may hold the tensors themselves, or a training checkpoint with them under one of the usual names.
    Nothing but tensors and plain values is ever unpickled.

    Returns
    -------
    dict of str to Tensor
        In the file's shapes, on the CPU, under the file's names less a leading "module.".

    Raises
    ------
    NetworkError
        For a missing, cut or unsafe file.
    """
    path = Path(path)
    if not path.is_file():
        raise NetworkError(f"There is no file of weights {path}.")
    if path.suffix.lower() == ".safetensors":
        found = _read_safetensors(path)
    elif path.suffix.lower() in _PICKLES:
        found = _read_pickle(path)
    else:
        kinds = ", ".join((".safetensors", *_PICKLES[:-1]))
        raise NetworkError(f"Weights come as {kinds} or .pth.tar, not as {path.name!r}.")
    return {name: _own(tensor) for name, tensor in found.items()}


def bare(state: Mapping[str, "Tensor"], anchor: str, path: Path) -> dict[str, "Tensor"]:
    """Return the tensors under the names that the network itself has, without what wrappers put before or between.

    torch's DataParallel adds `module` (also in the middle: `features.module.0.weight`), its compiler `_orig_mod`, and
    trainers keep the network under a name of theirs, such as `model`. Which of them are there is read off the place of
    one tensor; whether all others are there too is for the caller to check.

    Parameters
    ----------
    state
        Tensors by name.
    anchor
        Name of the last layer's weight in the network.
    path
        What an error is about.

    Returns
    -------
    dict
        Tensors by the network's own names.

    Raises
    ------
    NetworkError
        Where two networks of this kind lie in one file.
    """
    short = {_shortened(name): tensor for name, tensor in state.items()}
    if len(short) < len(state):
        short = dict(state)
    ends = [name for name in short if name == anchor or name.endswith(f".{anchor}")]
    if anchor not in ends and len(ends) > 1:
        raise NetworkError(
            f"{path} holds several networks ({', '.join(name.removesuffix(anchor) for name in ends)}): "
            "save the state_dict of one of them alone."
        )
    prefix = "" if anchor in ends or not ends else ends[0].removesuffix(anchor)
    return {name.removeprefix(prefix): tensor for name, tensor in short.items() if name.startswith(prefix)}


def _shortened(name: str) -> str:
    return ".".join(part for part in name.split(".") if part not in _WRAPPERS)


def _own(tensor: "Tensor") -> "Tensor":
    """Copy a tensor out of the mapped file, so that what happens to the file later does not reach the network."""
    tensor = tensor.detach()
    return tensor.float().clone() if tensor.is_floating_point() else tensor.clone()


def _read_safetensors(path: Path) -> Mapping[str, "Tensor"]:
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        return load_file(path)
    except (SafetensorError, OSError, ValueError) as error:
        raise NetworkError(f"{path} is cut or not a safetensors file: fetch it again.") from error


def _read_pickle(path: Path) -> Mapping[str, "Tensor"]:
    import torch

    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # a hostile or cut file can fail in any way inside the reader
        raise NetworkError(
            f"{path} is cut, damaged or holds more than tensors (code, perhaps), so it was not opened: "
            "fetch it again, or save the state_dict alone, best as safetensors."
        ) from error
    for wrapper in _CHECKPOINTS:
        if isinstance(content, Mapping) and isinstance(content.get(wrapper), Mapping):
            content = content[wrapper]
    named = isinstance(content, Mapping) and all(isinstance(name, str) for name in content)
    found = {name: value for name, value in content.items() if isinstance(value, torch.Tensor)} if named else {}
    if not found:
        raise NetworkError(f"{path} holds no named tensors: save the network's state_dict.")
    return found
