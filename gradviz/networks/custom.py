"""Load a network of the user's own: any torch module that ends in fully connected layers."""

import copy
import hashlib
import importlib
import sys
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import CodeType, FunctionType
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.parameter import is_lazy
from torch.nn.utils import parametrize

from gradviz.errors import ChoiceError, GradvizError, NetworkError
from gradviz.networks import Network, fully_connected
from gradviz.networks import weights as files
from gradviz.networks.loading import Model, assemble, resolve_device
from gradviz.networks.splitting import check_alone, find_run, proof_images

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
    modules nested beyond the last container count as body. The last few networks are kept, for as long as the name
    stands for the same function. The factory is called twice: where it gives other weights the second time, a note
    says so.

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
        Where its code fails, the weights do not fit, or the explicit layers do not reproduce the module's gradients.
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
    module, side = _built(factory, function, weights)
    digest = _digest(module)
    again = _digest(_built(factory, function, weights)[0])
    notes = ()
    if again != digest:
        notes = (
            f"{factory} gives other weights each time it is called: results cannot be repeated. Set torch's seed in "
            "it, or name a file of weights with --weights.",
        )
    with _code_of(f"{factory} cannot be used"):
        structure = repr(module)
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
    scale = _scale(module, factory)
    with _code_of(f"{factory} cannot be used"):
        model = assemble(network, module, digest=digest)
        check_alone(model.body, side, factory)
    model.preset.mean, model.preset.std = scale.get("mean", model.preset.mean), scale.get("std", model.preset.std)
    model = replace(model, body=_Guarded(model.body, factory), function=_function_digest(model, structure), notes=notes)
    return model if target.type == "cpu" else model.to(target)


def _built(factory: str, function: Callable[[], object], weights: str | Path | None) -> tuple[nn.Module, int]:
    """Call the factory; return a copy of its module on the CPU in eval mode, and the side of what it sees."""
    with _code_of(f"{factory} failed"):
        module = function()
    if not isinstance(module, nn.Module):
        raise NetworkError(f"{factory} must return a torch.nn.Module, not {type(module).__name__}.")
    side = _side(module, factory)
    with _code_of(f"The module that {factory} returns cannot be run"):
        _initialise(module, side)
    with _code_of(f"The module that {factory} returns cannot be copied", partial(_uncopied, module)):
        module = copy.deepcopy(module)
    with _code_of(f"The module that {factory} returns cannot be run"):
        module = module.float().cpu().eval()
        _fold(module)
    if weights is not None:
        _fill(module, Path(weights).expanduser(), factory)
    for name, tensor in module.state_dict().items():
        dense = isinstance(tensor, Tensor) and tensor.layout == torch.strided
        if dense and tensor.is_floating_point() and not bool(torch.isfinite(tensor).all()):
            raise NetworkError(f"{factory} cannot be used: {name} holds values that are not finite.")
    return module, side


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


def _fill(module: nn.Module, path: Path, factory: str) -> None:
    """Put a file's tensors into the module; NetworkError names the first that does not fit."""
    with _code_of(f"{factory} cannot be used"):
        own = {name: tensor for name, tensor in module.state_dict().items() if isinstance(tensor, Tensor)}
        last = find_run(module).linears[-1][0]
    state: Mapping[str, Tensor] = files.read(path)
    if not own.keys() <= state.keys():
        state = files.bare(state, f"{last}.weight", path)
    for name, tensor in own.items():
        if name not in state and not name.endswith(_COUNTER):
            raise NetworkError(f"{path} does not fit {factory}: {name} is missing.")
        if name in state and state[name].shape != tensor.shape:
            shapes = f"{tuple(state[name].shape)}, not {tuple(tensor.shape)}"
            raise NetworkError(f"{path} does not fit {factory}: {name} has shape {shapes}.")
    if unknown := sorted(state.keys() - own.keys()):
        raise NetworkError(f"{path} does not fit {factory}: it has no {unknown[0]}.")
    with _code_of(f"{factory} cannot take the weights of {path}"):
        module.load_state_dict(state, strict=False)


def _side(module: nn.Module, factory: str) -> int:
    """Return the side of the square that a module says it sees."""
    with _code_of(f"{factory} has no usable input_size"):
        size: Any = getattr(module, "input_size", None)
        sides = list(size) if isinstance(size, Sequence) else [_SIDE if size is None else size]
        sides = [int(side) for side in sides][-2:]
    if not sides or len(set(sides)) > 1 or sides[0] < 1:
        raise NetworkError(f"{factory} has the input_size {size!r}: it must be a square, such as 224 or (3, 224, 224).")
    return sides[0]


def _scale(module: nn.Module, factory: str) -> dict[str, list[float]]:
    """Return the mean and the standard deviation that a module says its input has; refuse what cannot be given."""
    scale = {}
    with _code_of(f"{factory} has no usable mean or std"):
        for name in ("mean", "std"):
            given: Any = getattr(module, name, None)
            if isinstance(given, Sequence):  # a tensor would be part of a normalisation of the module's own
                scale[name] = [float(value) for value in given]
    if any(len(values) != 3 or not all(v == v for v in values) for values in scale.values()) or not all(
        scale.get("std", [1.0])
    ):
        raise NetworkError(f"{factory} has a mean or std that is not three numbers, one for each of R, G, B.")
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
            digest.update(_bytes(tensor.detach()))
    return digest.hexdigest()


def _bytes(tensor: Tensor) -> bytes:
    dense = tensor.to_dense() if tensor.layout != torch.strided else tensor
    return torch.view_as_real(dense).numpy().tobytes() if dense.is_complex() else dense.contiguous().numpy().tobytes()


def _function_digest(model: Model, structure: str) -> str:
    """Hash what a network computes beside its weights: its structure, its code, and what it makes of some images.

    The images are those that every network is proven on, and smooth ones, dark and bright, which saturate it.
    """
    side = model.network.input_size
    digest = hashlib.sha256(f"{structure} {side}".encode())
    for code in _code(model.body):
        digest.update(code)
    smooth = torch.stack([torch.full((3, side, side), value) for value in (-2.5, 0.0, 2.5)])
    slope = torch.linspace(-2.5, 2.5, side).expand(1, 3, side, side)
    for name, values in model.forward(torch.cat([proof_images(side), smooth, slope])).items():
        digest.update(f"{name} {tuple(values.shape)}".encode() + values.numpy().tobytes())
    return digest.hexdigest()


def _code(body: nn.Module) -> Iterator[bytes]:
    """Yield the bytecode and the constants of a network's own classes and of the functions that they call.

    What is torch's own is left out: its version does not change what a network means.
    """
    seen: set[CodeType] = set()

    def of(code: CodeType, names: Mapping[str, object]) -> Iterator[bytes]:
        if code in seen:
            return
        seen.add(code)
        yield code.co_code + repr(code.co_names).encode()
        for constant in code.co_consts:
            if isinstance(constant, CodeType):
                yield from of(constant, names)
            else:
                yield repr(constant).encode()
        for name in code.co_names:
            called = names.get(name)
            if isinstance(called, FunctionType) and not _of_torch(called.__module__):
                yield from of(called.__code__, called.__globals__)
            elif isinstance(called, (int, float, str, tuple)):
                yield f"{name} {called!r}".encode()

    classes = dict.fromkeys(one for part in body.modules() for one in type(part).__mro__)
    for one in classes:
        if not _of_torch(one.__module__):
            for value in vars(one).values():
                function = getattr(value, "__func__", value)
                if isinstance(function, FunctionType):
                    yield from of(function.__code__, function.__globals__)


def _of_torch(module: str) -> bool:
    return module.partition(".")[0] in ("torch", "torchvision", "builtins", "gradviz")
