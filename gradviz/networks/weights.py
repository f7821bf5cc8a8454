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


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file, 64 hex digits; read again only when its path, size or time of change differ.

    Raises NetworkError where it cannot be read.
    """
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


def read(path: Path) -> dict[str, "Tensor"]:
    """Read named tensors from a safetensors, .pth or .pt file; floating point numbers become float32.

    A .pth file may hold the tensors themselves or a training checkpoint with them under `state_dict` or `model`.
    Nothing but tensors is ever unpickled.

    Returns
    -------
    dict of str to Tensor
        In the file's shapes, on the CPU, under the file's names less a leading "module.".

    Raises
    ------
    NetworkError
        For a missing, cut or unsafe file.
    """
    if not path.is_file():
        raise NetworkError(f"There is no file of weights {path}.")
    readers = {".safetensors": _read_safetensors, ".pth": _read_pickle, ".pt": _read_pickle}
    if path.suffix.lower() not in readers:
        raise NetworkError(f"Weights come as .safetensors, .pth or .pt, not as {path.name!r}.")
    found = readers[path.suffix.lower()](path)
    return {name.removeprefix("module."): _own(tensor) for name, tensor in found.items()}


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
    for wrapper in ("state_dict", "model"):
        if isinstance(content, Mapping) and isinstance(content.get(wrapper), Mapping):
            content = content[wrapper]
    if not (isinstance(content, Mapping) and content and all(isinstance(v, torch.Tensor) for v in content.values())):
        raise NetworkError(f"{path} holds no named tensors: save the network's state_dict.")
    return content
