"""Components in AppTest, which has no browser: what they are given is read, and what they say is made up."""

import json
import struct
from types import SimpleNamespace
from typing import Any

import pytest

SAID = ("chosen", "order", "focus", "picked", "wanted", "left", "id", "name")


def unpacked(payload: bytes) -> tuple[dict, list[bytes]]:
    """Return header and parts of what a component is given."""
    (size,) = struct.unpack("<I", payload[:4])
    header, at, parts = json.loads(payload[4 : 4 + size]), 4 + size, []
    for length in header["parts"]:
        parts.append(payload[at : at + length])
        at += length
    return header, parts


class Components:
    """Stand in for the components of some modules: `given` by key, and `say` for the next run."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *modules: Any) -> None:
        self.given: dict[str, tuple[dict, list[bytes]]] = {}
        self._next: dict[str, dict[str, Any]] = {}
        for module in modules:
            monkeypatch.setattr(module, "_component", self._drawn)

    def say(self, key: str, **values: Any) -> None:
        """Have a component say something in the next run, once, as a trigger does."""
        self._next[key] = values

    def header(self, key: str) -> dict:
        return self.given[key][0]

    def _drawn(self, *, data: bytes, key: str, **_: Any) -> SimpleNamespace:
        self.given[key] = unpacked(data)
        return SimpleNamespace(**{**dict.fromkeys(SAID), **self._next.pop(key, {})})
