"""Build a network's torch module from its entry in the table, and fill it with the tensors of a file."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from gradviz.errors import NetworkError
from gradviz.networks import Network
from gradviz.networks.weights import unusable

_COUNTER = "num_batches_tracked"
"""Batches that a normalisation has seen in training: old files lack it, and nothing at test time reads it."""


def build(network: Network, classes: int) -> nn.Module:
    """Build a network's module in eval mode without memory for its weights and without random numbers.

    Parameters
    ----------
    network
        Entry of the table.
    classes
        Number of outputs P.

    Returns
    -------
    nn.Module
        Its parameters lie on torch's meta device: they have shapes alone.
    """
    builder = network.function()
    try:
        with torch.device("meta"):
            return builder(num_classes=classes, **network.options).eval()
    except RuntimeError:
        # A builder that reads numbers from tensors, as RegNet's does with its widths, needs these tensors for real.
        # It might draw numbers as well, which must not move torch's own generator.
        with torch.random.fork_rng(devices=[]), _EmptyOnMeta():
            return builder(num_classes=classes, **network.options).eval()


class _EmptyOnMeta(TorchFunctionMode):
    """Put uninitialised tensors, which is what torch's layers begin as, on the meta device, and no others."""

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        return func(*args, **(kwargs | {"device": "meta"} if func is torch.empty else kwargs))


def adapt(state: Mapping[str, Tensor], network: Network) -> dict[str, Tensor]:
    """Rename the tensors of a published file as the module names them, and leave out what it never reads."""
    adapted = {}
    for name, tensor in state.items():
        if network.unused and re.search(network.unused, name):
            continue
        for pattern, replacement in network.renames:
            name = re.sub(pattern, replacement, name)
        adapted[name] = tensor
    return adapted


def fill(module: nn.Module, state: Mapping[str, Tensor], network: Network, path: Path) -> None:
    """Put a file's tensors into a module.

    Parameters
    ----------
    module
        As `build` returns it.
    state
        Tensors by name, as `adapt` returns them.
    network, path
        What an error is about.

    Raises
    ------
    NetworkError
        Names the first tensor that is missing, of another shape or kind of numbers, not finite or too many.
    """
    # state_dict() also carries the versions of the modules' formats, without which some modules take it for an old one.
    own = module.state_dict()
    wanted = {name: tensor.shape for name, tensor in own.items() if not name.endswith(_COUNTER)}
    given = {name: tensor.shape for name, tensor in state.items() if not name.endswith(_COUNTER)}
    for name, shape in wanted.items():
        if name not in given:
            raise NetworkError(f"{path} does not fit {network.name}: {name} is missing.")
        if given[name] != shape:
            raise NetworkError(
                f"{path} does not fit {network.name}: {name} has shape {tuple(given[name])}, not {tuple(shape)}."
            )
        if reason := unusable(state[name], own[name]):
            raise NetworkError(f"{path} does not fit {network.name}: {name} {reason}.")
    if unknown := sorted(given.keys() - wanted.keys()):
        raise NetworkError(f"{path} does not fit {network.name}: {network.name} has no {unknown[0]}.")
    for name, tensor in own.items():
        own[name] = state[name] if name in wanted else torch.zeros(tensor.shape, dtype=tensor.dtype)
    module.load_state_dict(own, assign=True)
    module.requires_grad_(False)
