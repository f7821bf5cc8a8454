"""See a network's body at work on one image: what leaves its modules, as mean activations of a few stages.

Which stages there are follows from the modules as they are called, not from a list of networks: a convolution with what
comes right after it, or a block of them, and of these at most STAGES, the last before each change of size first.
"""

import copy
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from math import isqrt

import torch
from torch import Tensor, nn

STAGES = 5
"""Stages that are shown."""
_LARGEST = 2_000_000
"""Numbers of a feature map that is kept whole."""
_NAMES = {
    **{"Conv2d": "conv", "Conv2dNormActivation": "conv", "Sequential": "stage"},
    **{"InvertedResidual": "block", "MaxVitBlock": "block"},
}
"""What stages are called whose module has a number for a name."""


@dataclass(frozen=True, eq=False)
class Stage:
    """Hold what leaves one stage: its name, the number of channels, and their mean at every place (H, W), float32."""

    name: str
    channels: int
    mean: Tensor


@dataclass(eq=False)
class _Call:
    """One call of a module: its name in its parent, the calls within it, and its output as a feature map, if it is."""

    name: str
    module: nn.Module
    within: "list[_Call]" = field(default_factory=list)
    channels: int = 0
    mean: Tensor | None = None

    @property
    def size(self) -> int:
        """Count the calls within this one, at any depth."""
        return 1 + sum(call.size for call in self.within)

    @property
    def makes(self) -> bool:
        """Whether this call makes features instead of passing them on: a block, or a module with a matrix."""
        return bool(self.within) or any(p.ndim > 1 for p in self.module.parameters(recurse=False))


@torch.inference_mode()
def observe(body: nn.Module, image: Tensor) -> tuple[tuple[Stage, ...], tuple[Tensor, ...]]:
    """Send one image through a body and describe what happens on the way.

    The body stays as it is, and other threads may use it meanwhile: a copy that shares its weights is watched.

    Parameters
    ----------
    body
        What comes before the fully connected layers, in eval mode.
    image
        (3, s, s), preprocessed, on the body's device.

    Returns
    -------
    stages
        At most STAGES, in order; none where the body makes no feature maps.
    maps
        The last feature maps (C, H, W), the last one first: what the fully connected layers may have been fed from.
    """
    shared = {id(tensor): tensor for tensor in (*body.parameters(), *body.buffers())}
    watched = copy.deepcopy(body, shared)
    names = {id(module): path.rpartition(".")[2] for path, module in watched.named_modules()}
    root = _Call("", watched)
    stack, last, maps = [root], [root], []

    def enter(module: nn.Module, _: object) -> None:
        call = _Call(names.get(id(module), ""), module)
        stack[-1].within.append(call)
        stack.append(call)

    def leave(module: nn.Module, _: object, output: object) -> None:
        call = stack.pop()
        found = feature_map(output)
        if found is not None:
            # Here, since the next module may write into the output.
            call.channels, call.mean = len(found), found.mean(dim=0).float().cpu()
            last[0] = call
            if found.numel() <= _LARGEST:
                maps[:] = [found.clone(), *maps[:2]]

    for module in watched.modules():
        module.register_forward_pre_hook(enter)
        module.register_forward_hook(leave)
    watched(image[None])
    return _stages(root.within[0], last[0]), tuple(maps)


def feature_map(output: object) -> Tensor | None:
    """Return an output for one image as (C, H, W): channels first, channels last, or tokens; None for anything else."""
    if not isinstance(output, Tensor) or not output.ndim or len(output) != 1:
        return None
    one = output[0]
    if one.ndim == 3:
        one = one if one.shape[1] == one.shape[2] else one.permute(2, 0, 1)
        return one if one.shape[1] == one.shape[2] > 1 else None
    if one.ndim == 2:
        for others in (0, 1):  # without and with a token that stands for the class
            side = isqrt(len(one) - others)
            if side > 1 and side * side == len(one) - others:
                return one[others:].T.unflatten(1, (side, side))
    return None


@dataclass(eq=False)
class _Unit:
    """A stage that could be shown: the call that made it, and the last that passed it on at the same size."""

    made: _Call
    shown: _Call


def _stages(root: _Call, last: _Call) -> tuple[Stage, ...]:
    units = _units(root.within)
    while 0 < len(units) < STAGES:
        at = max(range(len(units)), key=lambda i: units[i].made.size)
        inner = _units(units[at].made.within)
        if not inner:
            break
        units[at : at + 1] = inner
    if not units:
        return ()
    units[-1].shown = last
    return tuple(_stage(units[i], i + 1) for i in _few([_side(unit) for unit in units]))


def _side(unit: _Unit) -> int:
    return 0 if unit.shown.mean is None else len(unit.shown.mean)


def _units(calls: Sequence[_Call]) -> list[_Unit]:
    """Part a sequence of calls into stages; pooling between two of them belongs to neither."""
    units: list[_Unit] = []
    for call in calls:
        if call.mean is None:
            units += _units(call.within)
        elif call.makes:
            units.append(_Unit(call, call))
        elif units and units[-1].shown.mean is not None and units[-1].shown.mean.shape == call.mean.shape:
            units[-1].shown = call
    return units


def _few(sides: Sequence[int]) -> list[int]:
    """Choose at most STAGES places: the last of each size, fewer where these are too many, more where they are few."""
    chosen = [i for i, side in enumerate(sides) if i + 1 == len(sides) or sides[i + 1] != side]
    if len(chosen) > STAGES:
        return [chosen[round(i * (len(chosen) - 1) / (STAGES - 1))] for i in range(STAGES)]
    while len(chosen) < min(STAGES, len(sides)):
        edges = [-1, *chosen]
        gaps = [(after - before, before) for before, after in zip(edges, chosen, strict=False)]
        gap, before = max(gaps, key=lambda gap: gap[0])
        chosen = sorted([*chosen, before + gap // 2])
    return chosen


def _stage(unit: _Unit, number: int) -> Stage:
    name, kind = unit.made.name, type(unit.made.module).__name__
    if not re.search("[a-zA-Z]", name) or name == "conv":
        name = f"{_NAMES.get(kind, kind.lower())}{number}"
    assert unit.shown.mean is not None
    return Stage(name.removeprefix("encoder_"), unit.shown.channels, unit.shown.mean)
