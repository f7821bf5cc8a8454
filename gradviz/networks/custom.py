"""Load a network of the user's own: any torch module that ends in fully connected layers."""

import copy
import hashlib
import importlib
import sys
import threading
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path

import torch
from torch import nn

from gradviz.errors import ChoiceError, NetworkError
from gradviz.networks import Network, fully_connected
from gradviz.networks.loading import Model, assemble, resolve_device
from gradviz.networks.splitting import find_run

_GMACS = 4.0
"""Taken as the cost of one image, of the size of ResNet-50; it decides the size of a batch."""

_KEPT = 2
_lock = threading.Lock()
_loaded: OrderedDict[tuple[str, str], tuple[Callable[[], object], Model]] = OrderedDict()


def load_own(factory: str, *, device: str = "auto") -> Model:
    """Load what `package.module:factory` returns: a torch module with its weights, of which a copy is taken.

    The module maps (b, 3, s, s), normalised with ImageNet's mean and standard deviation, to one row of logits per
    image. s is its attribute `input_size`, or 224. Its trailing nn.Linear layers become fc1, fc2, ...; modules nested
    beyond the last container count as body. The factory is called once: the last few networks are kept, for as long
    as the name stands for the same function.

    Parameters
    ----------
    factory
        `package.module:factory`, to be called without arguments.
    device
        auto, cpu, cuda or mps.

    Raises
    ------
    ChoiceError
        Where there is no such factory.
    NetworkError
        Where the explicit layers do not reproduce the module's gradients.
    """
    target, function = resolve_device(device), _function(factory)
    key = (factory, str(target))
    with _lock:
        if key not in _loaded or _loaded[key][0] is not function:
            _loaded[key] = function, _load(factory, function, target)
        _loaded.move_to_end(key)
        while len(_loaded) > _KEPT:
            _loaded.popitem(last=False)
        return _loaded[key][1]


def _load(factory: str, function: Callable[[], object], target: torch.device) -> Model:
    module = _copied(_made(factory, function), factory).float().cpu().eval()
    side = int(getattr(module, "input_size", 224))
    digest = _digest(module)
    parameters = sum(p.numel() for p in module.parameters())
    widths = [(name, linear.in_features, linear.out_features) for name, linear in find_run(module).linears]
    network = Network(
        factory,
        type(module).__name__,
        "own",
        fully_connected(1, *widths),
        builder=factory,
        input_size=side,
        parameters=parameters,
        gmacs=_GMACS,
        bytes=4 * parameters,
    )
    model = assemble(network, module, digest=digest)
    return model if target.type == "cpu" else model.to(target)


def _function(factory: str) -> Callable[[], object]:
    module_name, _, name = factory.partition(":")
    if str(Path.cwd()) not in sys.path:
        sys.path.insert(0, str(Path.cwd()))
    try:
        return getattr(importlib.import_module(module_name), name)
    except (ImportError, AttributeError, ValueError) as error:
        raise ChoiceError(f"Cannot find the network {factory!r} (package.module:factory): {error}.") from error


def _made(factory: str, function: Callable[[], object]) -> nn.Module:
    try:
        module = function()
    except Exception as error:  # somebody else's code can fail in any way
        raise NetworkError(f"{factory} failed: {type(error).__name__}: {_one_line(error)}") from error
    if not isinstance(module, nn.Module):
        raise NetworkError(f"{factory} must return a torch.nn.Module, not {type(module).__name__}.")
    return module


def _copied(module: nn.Module, factory: str) -> nn.Module:
    """Copy a module, since splitting consumes it and the factory may return the same one every time."""
    try:
        return copy.deepcopy(module)
    except Exception as error:  # copying runs somebody else's code, too
        raise NetworkError(
            f"The module that {factory} returns cannot be copied: {type(error).__name__}: {_one_line(error)}"
        ) from error


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())


def _digest(module: nn.Module) -> str:
    """Hash names, shapes and values of all tensors, and the module's structure."""
    digest = hashlib.sha256(repr(module).encode())
    for name, tensor in module.state_dict().items():
        digest.update(f"{name} {tuple(tensor.shape)} {tensor.dtype}".encode())
        digest.update(tensor.detach().contiguous().numpy().tobytes())
    return digest.hexdigest()
