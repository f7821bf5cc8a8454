"""What a network is made of beside its weights has a digest: another one for any edit, the same in every process."""

import importlib
import os
import subprocess
import sys
from itertools import count
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from gradviz.networks import fingerprint

SOURCE = """
import enum, functools, types
import torch
from torch import nn
import helper

LIMIT = 8
RATE = 0.5
TABLE = {"low": [1, 2], "high": (3, 4)}
KNOWN = frozenset(["a", "b", "c"])
class Kind(enum.Enum):
    FIRST = 1
    SECOND = 2
def inner(x): return x * RATE
def wrapped(function):
    @functools.wraps(function)
    def wrapper(x): return function(x) + 10
    return wrapper
@wrapped
def outer(x, base=2): return inner(x) ** base if x not in {"u", "v", "w"} else 20
@functools.lru_cache
def cached(x): return x + 30
class Base:
    factor = 40
    @staticmethod
    def of_static(x): return x + 50
    @classmethod
    def of_class(cls, x): return x + 60
    @property
    def of_property(self): return 70
    @functools.cached_property
    def once(self): return 80
class Own(Base):
    def __init__(self): self.level = 90
    def run(self, x, *, key=100):
        def nested(y): return y + 110
        scaled = functools.partial(inner, 120)
        return outer(min(x, LIMIT)), TABLE, KNOWN, Kind.FIRST, cached(x), nested(x), scaled, helper.clipped(x)
def make(): return Own()
"""
HELPER = "def clipped(x): return x + 130\ndef unused(x): return x + 140\n"

NUMBERS = count()
"""Of modules, which Python imports once."""


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    monkeypatch.syspath_prepend(str(tmp_path))

    def of(old: str = "", new: str = "") -> str:
        source, helper = (text.replace(old, new) if old else text for text in (SOURCE, HELPER))
        number = next(NUMBERS)
        (tmp_path / f"helper{number}.py").write_text(helper)
        (tmp_path / f"mine{number}.py").write_text(source.replace("import helper", f"import helper{number} as helper"))
        importlib.invalidate_caches()
        module = importlib.import_module(f"mine{number}")
        return fingerprint.digest(module.make, module.Own())

    return of


@pytest.mark.parametrize(
    "old",
    [
        *("LIMIT = 8", "RATE = 0.5", "[1, 2]", "(3, 4)", '"c"', "Kind.FIRST", "+ 10", "base=2", '"w"', "20", "+ 30"),
        *("40", "50", "60", "70", "80", "90", "100", "110", "120", "130"),
    ],
)
def test_any_edit_of_what_is_used_is_another_digest(made, old: str) -> None:
    new = {'"c"': '"d"', '"w"': '"z"', "Kind.FIRST": "Kind.SECOND"}.get(old) or old[:-1] + "9" + old[-1]
    assert made(old, new) != made()


def test_what_is_not_used_or_only_names_a_module_is_no_part(made) -> None:
    assert made() == made() == made("140", "150")


VALUES = (
    *(None, True, 1, 1.0, "1", b"1", 1j, (1,), [1], {1}, {1: 2}, {2: 1}, range(3), torch.float32, Path("1")),
    *(np.float32(1), np.arange(3), np.arange(3.0), torch.ones(1), torch.zeros(1), torch.ones(1, 1)),
    *(torch.ones(1, dtype=torch.bfloat16), torch.ones(1, dtype=torch.complex64), torch.ones(2).to_sparse()),
    *(nn.ReLU(), nn.Linear(1, 1), torch.relu, torch.sigmoid, np.sqrt, int, float),
)


def test_values_of_every_kind_differ() -> None:
    digests = [fingerprint.digest(value) for value in VALUES]
    assert digests == [fingerprint.digest(value) for value in VALUES]
    assert len(set(digests)) == len(digests)


def test_circles_and_deep_things_end() -> None:
    class Node:
        pass

    node, ring = Node(), []
    node.other = node
    ring.append(ring)
    chain = None
    for _ in range(3000):
        link = Node()
        link.next, chain = chain, link
    assert len({fingerprint.digest(one) for one in (node, ring, chain)}) == 3


def test_a_digest_is_the_same_in_every_process() -> None:
    code = (
        "from gradviz.networks import fingerprint\n"
        "class A: names = {'a', 'b', 'c', 'd'}\n"
        "def f(x): return x in {'e', 'f', 'g', 'h'}\n"
        "print(fingerprint.digest(A(), f))\n"
    )

    def told(seed: str) -> str:
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        return subprocess.run(
            [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
        ).stdout

    assert told("1") == told("2") == told("3")


class Part(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.fc, self.limit, self.places = nn.Linear(2, 2), 5.0, torch.arange(3)
        self.hidden, self.up = [nn.Linear(2, 2)], [self]
        self.register_buffer("kept", torch.ones(1))
        self.register_buffer("passing", torch.ones(1), persistent=False)


def test_settings_are_what_the_weights_leave_out() -> None:
    torch.manual_seed(0)
    module = nn.Sequential(Part())
    plain = fingerprint.settings(module)
    assert {"0.limit", "0.places", "0.hidden", "0.up", "0.passing"} <= plain.keys()
    assert not {"0.fc", "0.kept", "0.fc.weight", "training"} & plain.keys()
    assert fingerprint.weights(module).keys() == {"0.fc.weight", "0.fc.bias", "0.kept"}

    def changed() -> set[str]:
        now = fingerprint.settings(module)
        found, plain_now = {name for name in {**plain, **now} if plain.get(name) != now.get(name)}, dict(now)
        plain.clear()
        plain.update(plain_now)
        return found

    part = module[0]
    assert changed() == set()
    part.eval()
    part.fc.weight.data += 1
    assert changed() == set(), "weights and the mode are no settings"
    part.limit = 6.0
    assert changed() == {"0.limit"}
    part.places[0] = 7
    assert changed() == {"0.places"}
    part.hidden[0].weight.data += 1
    assert changed() == {"0.hidden"}
    part.passing += 1
    assert changed() == {"0.passing"}
    part.fc.register_forward_pre_hook(lambda _, given: given)
    assert changed() == {"0.fc.hooks"}
    first = fingerprint.weights(module)
    part.fc.bias.data += 1
    assert {name for name, value in fingerprint.weights(module).items() if value != first[name]} == {"0.fc.bias"}
