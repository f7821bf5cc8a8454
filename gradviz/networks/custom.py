"""Load a network of the user's own: any torch module that ends in fully connected layers."""

import copy
import hashlib
import importlib
import math
import os
import sys
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.parameter import is_lazy
from torch.nn.utils import parametrize

from gradviz.errors import ChoiceError, GradvizError, NetworkError
from gradviz.networks import Network, fingerprint, fully_connected
from gradviz.networks import weights as files
from gradviz.networks.loading import Model, assemble, resolve_device
from gradviz.networks.splitting import check_alone, check_lasting, ended_note, find_called, proof_images, uncalled_notes

_GMACS = 4.0
"""Taken as the cost of one image, of the size of ResNet-50; it decides the size of a batch."""
_SIDE = 224
_COUNTER = "num_batches_tracked"

_KEPT = 2
_lock = threading.Lock()
_loaded: OrderedDict[tuple[str, str, str], tuple[Callable[[], object], Model]] = OrderedDict()


def load_own(factory: str, *, weights: str | Path | None = None, device: str = "auto") -> Model:
    """Load what `package.module:factory` returns: a torch module with its weights, of which a copy is taken.

    The module maps (b, 3, s, s) to one row of logits per image: RGB between 0 and 1, less the mean and divided by the
    standard deviation that are its attributes `mean` and `std` (lists of three), or else ImageNet's. s is its attribute
    `input_size` (s, or a sequence that ends in s, s), or 224. Its trailing nn.Linear layers become fc1, fc2, ...;
    modules nested beyond the last container count as body, and layers whose weights are used without a call of the
    layer, as in torch.nn.MultiheadAttention, are not offered. The last few networks are kept, for as long as the name
    stands for the same function. The factory is called twice: where it gives other weights the second time, a note
    says so. What torch.compile or DataParallel made of a module is taken for the module.

    Parameters
    ----------
    factory
        `package.module:factory`, to be called without arguments; the working directory is looked at, too.
    weights
        A file whose tensors take the place of the module's.
    device
        auto, cpu, cuda or mps.

    Raises
    ------
    ChoiceError
        Where there is no such factory.
    NetworkError
        Where its code fails, the weights do not fit, its forward changes it or draws at random, or the explicit layers
        do not reproduce the module's gradients.
    """
    target, function = resolve_device(device), _function(factory)
    key = (factory, "" if weights is None else files.sha256(Path(weights).expanduser()), str(target))
    with _lock:
        if key not in _loaded or _loaded[key][0] is not function:
            _loaded[key] = function, _load(factory, function, weights, target)
        _loaded.move_to_end(key)
        while len(_loaded) > _KEPT:
            _loaded.popitem(last=False)
        return _loaded[key][1]


def _load(factory: str, function: Callable[[], object], weights: str | Path | None, target: torch.device) -> Model:
    module, side, notes = _built(factory, function, weights)
    digest, settings = _digest(module), fingerprint.settings(module)
    notes += _notes(factory, digest, settings, _built(factory, function, weights)[0])
    with _code_of(f"{factory} cannot be used"):
        structure = repr(module)
        parameters = sum(p.numel() for p in module.parameters())
        run = find_called(module, side)
    notes += uncalled_notes(run.uncalled) + ended_note(run.ended_by)
    widths = [(name, linear.in_features, linear.out_features) for name, linear in run.linears]
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
    scale = _scale(module, factory)
    with _code_of(f"{factory} cannot be used"):
        classes = [type(part) for part in module.modules()]
        code = fingerprint.digest(function, classes, apart=module, of=[function, *classes])
        check_lasting(module, side, factory)
        model = assemble(network, module, digest=digest)
        check_alone(model.body, side, factory)
    model.preset.mean, model.preset.std = scale.get("mean", model.preset.mean), scale.get("std", model.preset.std)
    digest = _function_digest(model, structure, code, settings)
    model = replace(model, body=_Guarded(model.body, factory), function=digest, notes=notes)
    return model if target.type == "cpu" else model.to(target)


def _notes(factory: str, digest: str, settings: Mapping[str, str], again: nn.Module) -> tuple[str, ...]:
    """Say what is not the same when the factory is called once more."""
    if _digest(again) != digest:
        return (
            f"{factory} gives other weights each time it is called: results cannot be repeated. Set torch's seed in "
            "it, or name a file of weights with --weights.",
        )
    others = fingerprint.settings(again)
    changed = sorted(name for name in {**settings, **others} if settings.get(name) != others.get(name))
    if not changed:
        return ()
    return (f"{factory} sets {changed[0]} to something else each time it is called: its features are computed anew.",)


def _built(
    factory: str, function: Callable[[], object], weights: str | Path | None
) -> tuple[nn.Module, int, tuple[str, ...]]:
    """Call the factory; return a copy of its module on the CPU in eval mode, the side of what it sees, and notes."""
    with _code_of(f"{factory} failed"), _process_kept():
        module = function()
    module = _unwrapped(module)
    if not isinstance(module, nn.Module):
        raise NetworkError(f"{factory} must return a torch.nn.Module, not {type(module).__name__}.")
    if any(isinstance(part, torch.jit.ScriptModule) for part in module.modules()):
        raise NetworkError(
            f"{factory} returns a scripted or traced module (TorchScript), which is not supported: return the "
            "torch.nn.Module that it was made from."
        )
    side = _side(module, factory)
    with _code_of(f"The module that {factory} returns cannot be run"):
        _initialise(module, side)
    with _code_of(f"The module that {factory} returns cannot be copied", partial(_uncopied, module)):
        module = copy.deepcopy(module)
        for part in module.modules():
            for name, child in list(part._modules.items()):
                if _unwrapped(child) is not child:
                    part._modules[name] = _unwrapped(child)
    with _code_of(f"The module that {factory} returns cannot be run"):
        finite = _finite(module)
        module = module.float().cpu().eval()
        if large := sorted(finite - _finite(module)):
            raise NetworkError(f"{factory} cannot be used: {large[0]} holds values that are too large for float32.")
        _fold(module)
    notes = () if weights is None else _fill(module, Path(weights).expanduser(), factory, side)
    if endless := module.state_dict().keys() - _finite(module):
        raise NetworkError(f"{factory} cannot be used: {min(endless)} holds values that are not finite.")
    return module, side, notes


def _finite(module: nn.Module) -> set[str]:
    """Name what a module holds and is no dense tensor with a value that is not finite."""
    return {
        name
        for name, tensor in module.state_dict().items()
        if not isinstance(tensor, Tensor)
        or tensor.layout != torch.strided
        or not tensor.is_floating_point()
        or bool(torch.isfinite(tensor).all())
    }


def _unwrapped(module: Any) -> Any:
    """Return what torch.compile or DataParallel holds: the same network, whose layers can be found."""
    while type(module).__name__ == "OptimizedModule" or isinstance(module, nn.DataParallel):
        module = module.module if isinstance(module, nn.DataParallel) else module._orig_mod
    return module


@contextmanager
def _process_kept() -> Iterator[None]:
    """Put back what a function may set for the whole process: the folder, torch's type and device, gradients."""
    folder, dtype, device, grad = (
        Path.cwd(),
        torch.get_default_dtype(),
        torch.get_default_device(),
        torch.is_grad_enabled(),
    )
    try:
        yield
    finally:
        os.chdir(folder)
        torch.set_default_dtype(dtype)
        torch.set_grad_enabled(grad)
        if torch.get_default_device() != device:
            torch.set_default_device(device)


def _initialise(module: nn.Module, side: int) -> None:
    """Run a module with lazy layers once: then they learn their widths and draw their weights, and can be copied."""
    if not any(is_lazy(tensor) for tensor in _tensors(module)):
        return
    device = next((tensor.device for tensor in _tensors(module) if not is_lazy(tensor)), torch.device("cpu"))
    modes = [(part, part.training) for part in module.modules()]
    module.eval()
    with torch.no_grad():
        module(torch.zeros(1, 3, side, side, device=device))
    for part, training in modes:
        part.training = training


def _fold(module: nn.Module) -> None:
    """Turn weights that are computed from others, as weight_norm's and spectral_norm's are, into plain ones."""
    for part in list(module.modules()):
        if parametrize.is_parametrized(part):
            for name in list(part.parametrizations):  # pyright: ignore
                parametrize.remove_parametrizations(part, name, leave_parametrized=True)


def _uncopied(module: nn.Module) -> str:
    """Name what is known to make copies impossible, and what to do."""
    for name, part in module.named_modules():
        own = {key for key, _ in part.named_parameters(recurse=False)}
        if any(key.endswith("_g") and f"{key[:-1]}v" in own for key in own):
            return f"{name} uses torch.nn.utils.weight_norm: call remove_weight_norm on it"
        if any(key.endswith("_orig") for key in own):
            return f"{name} is pruned or has a spectral_norm: call torch.nn.utils.prune.remove or remove_spectral_norm"
    return ""


def _fill(module: nn.Module, path: Path, factory: str, side: int) -> tuple[str, ...]:
    """Put a file's tensors into the module, and say which are taken; NetworkError names the first that does not fit."""
    with _code_of(f"{factory} cannot be used"):
        own = {name: tensor for name, tensor in module.state_dict().items() if isinstance(tensor, Tensor)}
        last = find_called(module, side).linears[-1][0]
    state: Mapping[str, Tensor] = files.read(path)
    notes = ()
    if not own.keys() <= state.keys():
        read, anchor = state, f"{last}.weight"
        state, notes = files.bare(read, anchor, path), files.average_note(read, anchor, path)
    for name, tensor in own.items():
        if name not in state and not name.endswith(_COUNTER):
            raise NetworkError(f"{path} does not fit {factory}: {name} is missing.")
        if name in state and state[name].shape != tensor.shape:
            shapes = f"{tuple(state[name].shape)}, not {tuple(tensor.shape)}"
            raise NetworkError(f"{path} does not fit {factory}: {name} has shape {shapes}.")
        if name in state and not name.endswith(_COUNTER) and (reason := files.unusable(state[name], tensor)):
            raise NetworkError(f"{path} does not fit {factory}: {name} {reason}.")
    if unknown := sorted(state.keys() - own.keys()):
        raise NetworkError(f"{path} does not fit {factory}: it has no {unknown[0]}.")
    with _code_of(f"{factory} cannot take the weights of {path}"):
        module.load_state_dict(state, strict=False)
    return notes


def _side(module: nn.Module, factory: str) -> int:
    """Return the side of the square that a module says it sees."""
    with _code_of(f"{factory} has no usable input_size"):
        size: Any = getattr(module, "input_size", None)
        sides = list(size) if isinstance(size, Sequence) else [_SIDE if size is None else size]
        whole = all(int(side) == float(side) for side in sides)
        sides = [int(side) for side in sides][-2:]
    if not sides or len(set(sides)) > 1 or sides[0] < 1 or not whole:
        raise NetworkError(
            f"{factory} has the input_size {size!r}: it must be a square of whole pixels, such as 224 or (3, 224, 224)."
        )
    return sides[0]


def _scale(module: nn.Module, factory: str) -> dict[str, list[float]]:
    """Return the mean and the standard deviation that a module says its input has; refuse what cannot be given."""
    scale = {}
    with _code_of(f"{factory} has no usable mean or std"):
        for name in ("mean", "std"):
            given: Any = getattr(module, name, None)
            if isinstance(given, Sequence):  # a tensor would be part of a normalisation of the module's own
                scale[name] = [float(value) for value in given]
    for name, values in scale.items():
        if len(values) != 3:
            raise NetworkError(f"{factory} has a {name} that is not three numbers, one for each of R, G, B: {values}.")
        if not all(math.isfinite(v) and (v > 0 or name == "mean") for v in values):
            kind = "finite" if name == "mean" else "finite and positive"
            raise NetworkError(f"{factory} has the {name} {values}: its numbers must be {kind}.")
    space, span = getattr(module, "input_space", "RGB"), getattr(module, "input_range", None)
    if space != "RGB" or (isinstance(span, Sequence) and list(span) != [0, 1]):
        raise NetworkError(
            f"{factory} expects {space} with values in {span or [0, 1]}: give it a forward that takes RGB between 0 "
            "and 1, normalised by its mean and std."
        )
    return scale


class _Guarded(nn.Module):
    """Run a body that is somebody else's code, and say in one sentence what went wrong in it."""

    def __init__(self, body: nn.Module, factory: str) -> None:
        super().__init__()
        self.body, self.factory = body, factory

    def forward(self, images: Tensor) -> Tensor:
        """Compute what the body computes. Raises NetworkError, or OutOfMemoryError, which has a remedy."""
        with _code_of(f"{self.factory} failed on photographs"):
            return self.body(images)


@contextmanager
def _code_of(what: str, cause: Callable[[], str] = str) -> Iterator[None]:
    """Turn whatever the user's code raises into one sentence, but for a wish to stop and for too little memory.

    `cause` names it better than the error does, where it can.
    """
    try:
        yield
    except (GradvizError, torch.OutOfMemoryError):
        raise
    except (Exception, SystemExit) as error:
        said = " ".join(str(error).split())
        raise NetworkError(f"{what}: {cause() or f'{type(error).__name__}: {said}'}.") from error


def _function(factory: str) -> Callable[[], object]:
    module_name, _, name = factory.partition(":")
    if str(Path.cwd()) not in sys.path:
        sys.path.insert(0, str(Path.cwd()))
    try:
        function = getattr(importlib.import_module(module_name), name)
    except (Exception, SystemExit) as error:  # importing runs somebody else's code
        said = " ".join(str(error).split())
        known = isinstance(error, (ImportError, AttributeError, ValueError))
        why = said if known else f"{module_name} cannot be imported: {type(error).__name__}: {said}"
        raise ChoiceError(f"Cannot find the network {factory!r} (package.module:factory): {why}.") from error
    if not callable(function) or isinstance(function, nn.Module):
        kind = type(function).__name__
        raise ChoiceError(f"{factory} is no function that returns a network, but of type {kind}: write a def for it.")
    return function


def _tensors(module: nn.Module) -> Iterator[Tensor]:
    yield from module.parameters()
    yield from module.buffers()


def _digest(module: nn.Module) -> str:
    """Hash names, shapes and values of all tensors."""
    digest = hashlib.sha256()
    for name, tensor in module.state_dict().items():
        if isinstance(tensor, Tensor):
            digest.update(f"{name} {tuple(tensor.shape)} {tensor.dtype}".encode())
            digest.update(fingerprint.raw(tensor))
    return digest.hexdigest()


def _function_digest(model: Model, structure: str, code: str, settings: Mapping[str, str]) -> str:
    """Hash what a network computes beside its weights: structure, code, settings, and what it makes of some images.

    The images are those that every network is proven on, and others that span what its own mean and standard deviation
    make of black to white: plain ones, a slope, and noise.
    """
    side = model.network.input_size
    digest = hashlib.sha256(f"{structure} {side} {code} {sorted(settings.items())}".encode())
    mean, std = (torch.tensor(values)[:, None, None] for values in (model.preset.mean, model.preset.std))
    plain = torch.linspace(0, 1, 3)[:, None, None, None].expand(3, 3, side, side)
    slope = torch.linspace(0, 1, side).expand(1, 3, side, side)
    noise = torch.rand(1, 3, side, side, generator=torch.Generator().manual_seed(1))
    pictures = (torch.cat([plain, slope, noise]) - mean) / std
    for name, values in model.forward(torch.cat([proof_images(side), pictures])).items():
        digest.update(f"{name} {tuple(values.shape)}".encode() + values.numpy().tobytes())
    return digest.hexdigest()
