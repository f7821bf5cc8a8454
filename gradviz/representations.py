"""Representations of a photograph by their names in the paper: `x6`, `dy7`, `dW8`, `x6+x7`.

A name stands for one or two vectors an image, the factors. For layer k, with y_k = W_k^T x_{k-1} + b_k:

    x_k   what leaves layer k             y_k   what its linear part gives          forward
    dy_k  dE/dy_k                                                                   backward
    dW_k  dE/dW_k = x_{k-1} (dE/dy_k)^T, kept as its two factors x_{k-1} and dy_k   product

A concatenation `x6+x7` (the paper's x6;x7) has parts, and the mean of their kernels.
Source: Gordo, Gaidon, Perronnin, "Deep Fishing: Gradient Features from Deep Nets", BMVC 2015 (arXiv 1507.06429).
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, Protocol

from gradviz.errors import ChoiceError

Kind = Literal["forward", "backward", "product", "concatenation"]


@dataclass(frozen=True)
class Family:
    """Say what one letter stands for: its kind and, for layer k, the vectors it is made of."""

    kind: Kind
    factors: tuple[tuple[str, int], ...]
    """Letter and offset of the layer: ("x", -1) is x_{k-1}."""
    title: str
    """With {k} for the layer and {before} for the one before it."""


REPRESENTATIONS: dict[str, Family] = {
    "x": Family("forward", (("x", 0),), "output of layer {k}"),
    "y": Family("forward", (("y", 0),), "layer {k} before its activation"),
    "dy": Family("backward", (("dy", 0),), "gradient at y{k}"),
    "dW": Family("product", (("x", -1), ("dy", 0)), "gradient of the weights of layer {k}: x{before} and dy{k}"),
}


@dataclass(frozen=True)
class Part:
    """Name one kernel and the vectors it is the product of: ("x5", "dy6") for dW6."""

    name: str
    kind: Kind
    factors: tuple[str, ...]
    title: str


@dataclass(frozen=True)
class Representation:
    """Name what an image is described by; more than one part makes a concatenation."""

    name: str
    parts: tuple[Part, ...]

    @property
    def kind(self) -> Kind:
        """Say whether it is a forward, backward or product representation, or a concatenation."""
        return self.parts[0].kind if len(self.parts) == 1 else "concatenation"

    @property
    def title(self) -> str:
        """Describe it in words."""
        return " and ".join(part.title for part in self.parts)

    @property
    def needs(self) -> tuple[str, ...]:
        """List the vectors to compute, each once: ("x5", "dy6") for dW6."""
        return tuple(dict.fromkeys(factor for part in self.parts for factor in part.factors))


class Offers(Protocol):
    """Anything that lists the representations it offers: a Network."""

    name: str
    representations: tuple[str, ...]


def parse(text: str, network: Offers) -> Representation:
    """Read a name such as `dW6`, `x6+x7` or `x6;x7`.

    Any of the network's single names can be concatenated, not only the concatenations that it lists.
    Raises ChoiceError with the list of names where the network lacks one, or where one comes twice.
    """
    names = tuple(name.strip() for name in re.split("[+;]", text))
    offered = tuple(name for name in network.representations if "+" not in name)
    unknown = [name for name in names if name not in offered]
    if unknown:
        raise ChoiceError(
            f"{network.name} has no representation {unknown[0]!r}; choose from {', '.join(offered)}, "
            "or join some of them with '+'."
        )
    if len(set(names)) < len(names):
        raise ChoiceError(f"{text!r} names a representation twice; name each once.")
    return Representation("+".join(names), tuple(_part(name) for name in names))


def _part(name: str) -> Part:
    letter, number = re.fullmatch(r"([A-Za-z]+)(\d+)", name).groups()
    family, k = REPRESENTATIONS[letter], int(number)
    factors = tuple(f"{factor}{k + offset}" for factor, offset in family.factors)
    return Part(name, family.kind, factors, family.title.format(k=k, before=k - 1))


@dataclass(frozen=True)
class Offer:
    """Name something and the representations it offers, where it is no network of the table."""

    name: str
    representations: tuple[str, ...]


def offered_by(factors: Iterable[str]) -> tuple[str, ...]:
    """List the single representations that follow from vectors: themselves, and dW6 where there are x5 and dy6."""
    factors = tuple(factors)
    products = (f"dW{name[2:]}" for name in factors if name.startswith("dy"))
    return factors + tuple(name for name in products if set(_part(name).factors) <= set(factors))
