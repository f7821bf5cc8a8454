"""Find files of weights, check that they are whole, and read them without running anything inside."""

import os
import re
from collections.abc import Iterable, Mapping
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
KINDS = (".safetensors", *_PICKLES)
"""Suffixes of files that `read` takes."""
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
    return tuple(dict.fromkeys(folder / name for folder, name in _places(network, *_folders(home_folder))))


def _folders(home_folder: str | Path | None) -> tuple[Path, Path]:
    return home(home_folder) / "weights", hub_folder()


def _places(network: Network, own: Path, hub: Path) -> tuple[tuple[Path, str], ...]:
    named = f"{network.name}.safetensors"
    return (own, network.file), (hub, network.file), (own, named), (ASSETS, named)


def locate(network: Network, home_folder: str | Path | None = None) -> Path | None:
    """Find the weights on this computer; None where they are missing.

    Parameters
    ----------
    network, home_folder
        As for `candidates`.
    """
    return next((path for path in candidates(network, home_folder) if path.is_file()), None)


def weights_states(networks: Iterable[Network], home: str | Path | None = None) -> dict[str, dict[str, Any]]:
    """Return, by each network's name, what is known of its weights; each folder is read once.

    `state` is present or missing, `bytes` their size (of a download, if missing), `path` where they are, else None.
    """
    folders = _folders(home)
    there = {place: {path.name for path in place.glob("*")} for place in (*folders, ASSETS)}
    found = {}
    for network in networks:
        paths = (folder / name for folder, name in _places(network, *folders) if name in there[folder])
        found[network.name] = _state(network, next((path for path in paths if path.is_file()), None))
    return found


def _state(network: Network, path: Path | None) -> dict[str, Any]:
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

    A file of torch's may hold the tensors themselves, or a training checkpoint with them under one of the usual names;
    where it holds several mappings of tensors, their names stand before those of the tensors.
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
        Where two networks of this kind lie in one file, neither of which is called a moving average (ema).
    """
    short = _short(state)
    prefixes = _prefixes(short, anchor)
    plain = [prefix for prefix in prefixes if not _is_average(prefix)]
    if len(prefixes) > 1 and len(plain) != 1:
        raise NetworkError(
            f"{path} holds several networks ({', '.join(prefixes)}): save the state_dict of one of them alone."
        )
    prefix = next(iter(plain or prefixes), "")
    return {name.removeprefix(prefix): tensor for name, tensor in short.items() if name.startswith(prefix)}


def average_note(state: Mapping[str, "Tensor"], anchor: str, path: Path) -> tuple[str, ...]:
    """Say which network `bare` takes where a file holds one and the moving average of its weights; else nothing.

    Parameters
    ----------
    state, anchor, path
        As for `bare`.

    Returns
    -------
    tuple of str
        At most one note.
    """
    prefixes = _prefixes(_short(state), anchor)
    averages = [prefix.rstrip(".") for prefix in prefixes if _is_average(prefix)]
    if len(prefixes) < 2 or not averages:
        return ()
    (plain,) = (prefix.rstrip(".") for prefix in prefixes if not _is_average(prefix))
    return (
        f"{path.name} also holds a moving average of the weights ({', '.join(averages)}): {plain} is taken; to use the "
        "average, save its state_dict alone.",
    )


def unusable(tensor: "Tensor", own: "Tensor") -> str:
    """Return, in words after its name, why a file's tensor cannot take the place of a network's own; or "".

    Parameters
    ----------
    tensor
        Of the file.
    own
        Of the network, of any device: what counts is its kind of numbers.
    """
    import torch

    kind = str(tensor.dtype).removeprefix("torch.")
    if tensor.is_meta:
        return "has no values: it was saved from the device meta"
    if tensor.layout != torch.strided:
        return "is sparse: save it with .to_dense()"
    if tensor.is_quantized:
        return "is quantised: save the network as it was before that, or with .dequantize()"
    if tensor.is_complex():
        return f"holds complex numbers ({kind}), not real ones"
    if own.is_floating_point() != tensor.is_floating_point():
        expected = str(own.dtype).removeprefix("torch.")
        return f"holds {kind} values, not {expected}: save the network with the numbers that it computes with"
    if tensor.is_floating_point() and not bool(torch.isfinite(tensor).all()):
        return "holds NaN or infinite values: the weights are not finite"
    if tensor.is_floating_point() and not bool(torch.isfinite(tensor.to(own.dtype)).all()):
        return f"holds values that are too large for {str(own.dtype).removeprefix('torch.')}"
    return ""


def _short(state: Mapping[str, "Tensor"]) -> dict[str, "Tensor"]:
    short = {_shortened(name): tensor for name, tensor in state.items()}
    return short if len(short) == len(state) else dict(state)


def _prefixes(short: Mapping[str, "Tensor"], anchor: str) -> list[str]:
    """List what stands before the anchor; a part of a network may end in a layer of the same name."""
    found = [name.removesuffix(anchor) for name in short if name == anchor or name.endswith(f".{anchor}")]
    return [one for one in found if not any(one != other and one.startswith(other) for other in found)]


def _is_average(prefix: str) -> bool:
    """Check whether a name says that what it stands for is an exponential moving average of weights."""
    return "ema" in re.split("[._]", prefix.lower())


def _shortened(name: str) -> str:
    return ".".join(part for part in name.split(".") if part not in _WRAPPERS)


def _own(tensor: "Tensor") -> "Tensor":
    """Copy a tensor out of the mapped file, so that what happens to the file later does not reach the network."""
    import torch

    tensor = tensor.detach()
    if not tensor.is_floating_point():
        return tensor.clone()
    narrow = tensor.float().clone()
    dense = tensor.layout == torch.strided and not tensor.is_meta
    if dense and tensor.dtype == torch.float64 and bool((narrow.isinf() & tensor.isfinite()).any()):
        return tensor.clone()  # `unusable` says what is wrong with it
    return narrow


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
        if "TorchScript" in str(error):
            raise NetworkError(
                f"{path} is a scripted or traced module (TorchScript), which is not supported: save the state_dict of "
                "the module that it was made from."
            ) from error
        raise NetworkError(
            f"{path} is cut, damaged or holds more than tensors (code, perhaps), so it was not opened: "
            "fetch it again, or save the state_dict alone, best as safetensors."
        ) from error
    while isinstance(content, Mapping):
        inner = [key for key, value in content.items() if isinstance(value, Mapping) and _named(value)]
        if len(inner) != 1 or inner[0] not in _CHECKPOINTS:
            break
        content = content[inner[0]]
    found = _named(content)
    if not found:
        raise NetworkError(f"{path} holds no named tensors: save the network's state_dict.")
    return found


def _named(content: Any, depth: int = 3) -> dict[str, "Tensor"]:
    """Return the tensors in mappings from names, and in mappings within these, under the names joined by points."""
    import torch

    if not isinstance(content, Mapping) or not all(isinstance(name, str) for name in content):
        return {}
    found: dict[str, torch.Tensor] = {}
    for name, value in content.items():
        if isinstance(value, torch.Tensor):
            found[name] = value
        elif depth:
            found |= {f"{name}.{inner}": tensor for inner, tensor in _named(value, depth - 1).items()}
    return found
