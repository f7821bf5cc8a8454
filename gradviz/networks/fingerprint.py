"""Hash what a network of the user's own is made of beside its weights: its code, and the settings that it runs with.

A digest is the same in every process: no address, no order of a set, no name of a module or file is part of it. What
is torch's, Python's or numpy's own is left out but for its name, since its version does not change what a network
means; and so is the code of installed packages that have no part of the network in them.
"""

import hashlib
import sys
from collections import deque
from collections.abc import Iterable, Mapping
from enum import Enum
from functools import partial
from pathlib import PurePath
from types import BuiltinFunctionType, CodeType, FunctionType, MethodType, ModuleType
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

_LIBRARIES = frozenset({"torch", "torchvision", "numpy", "gradviz", *sys.stdlib_module_names})
_RECORDS = frozenset({"types", "argparse"})
"""Python's own modules whose objects are what somebody put into them."""
_TEXTS = (bool, int, float, complex, str, bytes, range, type(None), torch.dtype, torch.device)
_OF_MODULE = frozenset(vars(nn.Module()))
_OF_CLASS = frozenset({"__annotations__", "__dict__", "__doc__", "__module__", "__slots__", "__weakref__"})
_DEEP = 16
"""Containers within containers beyond this are taken for a circle."""


def digest(*values: object, apart: nn.Module | None = None, of: Iterable[object] = ()) -> str:
    """Hash values with all that they are made of: items, attributes, code, and what the code refers to by name.

    Parameters
    ----------
    values
        Anything: plain values, tensors, arrays, functions, classes, modules.
    apart
        A module that is hashed elsewhere: where values refer to it or to its parts, nothing of them is hashed.
    of
        Functions and classes whose packages are followed although they are installed.
    """
    reader = _Reader(map(id, apart.modules()) if apart else (), {_package(one) for one in of})
    for value in values:
        reader.read(value)
    return reader.finished()


def settings(module: nn.Module) -> dict[str, str]:
    """Return the digest of every attribute, hook and buffer that is no part of a module's weights, by dotted name."""
    return {
        f"{path}.{name}".strip("."): digest(value, apart=module)
        for path, part in module.named_modules()
        for name, value in _held(part).items()
    }


def weights(module: nn.Module) -> dict[str, str]:
    """Return the digest of every tensor of a module's weights, by dotted name."""
    return {name: digest(tensor) for name, tensor in module.state_dict().items() if isinstance(tensor, Tensor)}


def raw(tensor: Tensor) -> bytes:
    """Return a tensor's values as bytes."""
    dense = tensor.detach() if tensor.layout == torch.strided else tensor.detach().to_dense()
    if dense.device.type == "meta":
        return b""
    dense = dense.int_repr() if dense.is_quantized else dense.resolve_conj().resolve_neg()
    return dense.cpu().contiguous().reshape(-1).view(torch.uint8).numpy().tobytes()


def _held(part: nn.Module) -> dict[str, Any]:
    """Return the attributes, hooks and buffers of a module that `state_dict` leaves out."""
    held: dict[str, Any] = {name: value for name, value in vars(part).items() if name not in _OF_MODULE}
    held |= {name: part._buffers.get(name) for name in getattr(part, "_non_persistent_buffers_set", ())}
    # Their keys count the hooks of the process.
    hooks = [*part._forward_pre_hooks.values(), *part._forward_hooks.values()]
    return held | {"hooks": hooks} if hooks else held


class _Reader:
    """Hash values one after the other; functions, classes and objects once each, in the order in which they are met.

    They wait in a line, since chains of functions are longer than Python's stack.
    """

    def __init__(self, apart: Iterable[int], packages: set[str]) -> None:
        self._apart, self._packages, self._sha = {*apart}, packages, hashlib.sha256()
        self._met: dict[int, object] = {}
        self._waiting: deque[Any] = deque()

    def read(self, value: object) -> None:
        self._value(value, 0)
        while self._waiting:
            self._thing(self._waiting.popleft())

    def finished(self) -> str:
        return self._sha.hexdigest()

    def _say(self, text: str) -> None:
        self._sha.update(f"{len(text)} {text}".encode("utf-8", "backslashreplace"))

    def _value(self, value: Any, depth: int) -> None:
        kind = type(value)
        if isinstance(value, Enum):
            self._say(f"{kind.__name__} {value.name}")
        elif isinstance(value, PurePath):
            self._say(f"path {value}")
        elif isinstance(value, _TEXTS):
            self._say(f"{kind.__name__} {value!r}")
        elif isinstance(value, Tensor):
            self._say(f"tensor {tuple(value.shape)} {value.dtype}")
            self._sha.update(raw(value))
        elif isinstance(value, (np.ndarray, np.generic)) and value.dtype.kind != "O":
            self._say(f"array {value.shape} {value.dtype}")
            self._sha.update(value.tobytes())
        elif isinstance(value, (Mapping, list, tuple, set, frozenset)):
            self._items(value, depth)
        else:
            named = isinstance(value, (type, FunctionType, BuiltinFunctionType)) and self._leaves_out(value)
            self._say(f"{kind.__name__} {getattr(value, '__qualname__', '') if named else ''}")
            if id(value) not in self._met:
                self._met[id(value)] = value  # kept, so that no other gets its id
                self._waiting.append(value)

    def _items(self, value: Any, depth: int) -> None:
        self._say(f"{type(value).__name__} {len(value)}")
        if depth > _DEEP:
            return
        if isinstance(value, (set, frozenset)):
            for text in sorted(digest(item) for item in value):
                self._say(text)
            return
        for item in value.items() if isinstance(value, Mapping) else value:
            self._value(item, depth + 1)

    def _thing(self, value: Any) -> None:
        if isinstance(value, FunctionType):
            self._function(value)
        elif isinstance(value, type):
            self._class(value)
        elif isinstance(value, ModuleType) or id(value) in self._apart:
            pass
        elif isinstance(value, (staticmethod, classmethod, MethodType)):
            self._value(value.__func__, 0)
            self._value(getattr(value, "__self__", None), 0)
        elif isinstance(value, property):
            self._value((value.fget, value.fset), 0)
        elif isinstance(value, partial):
            self._value((value.func, value.args, value.keywords), 0)
        elif isinstance(value, nn.Module):
            self._module(value)
        else:
            self._object(value)

    def _module(self, module: nn.Module) -> None:
        self._apart |= set(map(id, module.modules()))
        for path, part in module.named_modules():
            self._value((path, type(part), _held(part)), 0)
        self._value({name: held for name, held in module.state_dict().items() if isinstance(held, Tensor)}, 0)

    def _object(self, value: Any) -> None:
        kind = type(value)
        if _package(kind) in _LIBRARIES and kind.__module__ not in _RECORDS:
            # What functools.lru_cache and cached_property leave of a function.
            self._value((getattr(value, "__wrapped__", None), getattr(value, "func", None)), 0)
            return
        self._value(kind, 0)
        slots = [name for one in kind.__mro__ for name in _names(vars(one).get("__slots__", ()))]
        held = {name: getattr(value, name) for name in slots if hasattr(value, name)} | getattr(value, "__dict__", {})
        self._value(sorted(held.items(), key=lambda item: item[0]), 0)

    def _class(self, value: type) -> None:
        for one in value.__mro__:
            if self._leaves_out(one):
                self._say(one.__qualname__)
                continue
            for name, held in vars(one).items():
                if name not in _OF_CLASS and not name.startswith(("__static_", "__first", "_abc_")):
                    self._value((name, held), 0)

    def _function(self, function: FunctionType) -> None:
        if self._leaves_out(function):
            return
        self._value((function.__defaults__, function.__kwdefaults__), 0)
        for cell in function.__closure__ or ():
            try:
                self._value(cell.cell_contents, 0)
            except ValueError:  # still empty
                self._say("empty")
        self._code(function.__code__, function.__globals__)

    def _code(self, code: CodeType, names: Mapping[str, object]) -> None:
        self._sha.update(code.co_code)
        self._value(code.co_names, 0)
        for constant in code.co_consts:
            if isinstance(constant, CodeType):
                self._code(constant, names)
            else:
                self._value(constant, 0)
        for name in code.co_names:
            value = names.get(name)
            if isinstance(value, ModuleType):
                if not self._leaves_out(value):
                    self._value([vars(value).get(other) for other in code.co_names], 0)
            elif name in names:
                self._value((name, value), 0)

    def _leaves_out(self, value: Any) -> bool:
        package = _package(value)
        return package in _LIBRARIES or (package not in self._packages and _installed(package))


def _names(slots: Any) -> tuple[str, ...]:
    return (slots,) if isinstance(slots, str) else tuple(slots)


def _package(value: Any) -> str:
    """Return the name of the package that a module, a class or a function comes from."""
    name = value.__name__ if isinstance(value, ModuleType) else getattr(value, "__module__", None)
    return (name or "builtins").partition(".")[0]


def _installed(package: str) -> bool:
    file = getattr(sys.modules.get(package), "__file__", None) or ""
    return not {"site-packages", "dist-packages"}.isdisjoint(PurePath(file).parts)
