"""Representations of a photograph by their names in the paper: `x6`, `dy7`, `dW8`, `x6+x7`.

For layer k of a network, with y_k = W_k^T x_{k-1} + b_k:

    x_k   what leaves layer k             y_k   its linear part, before f_k         forward
    dy_k  dE/dy_k                                                                   backward
    dW_k  dE/dW_k = x_{k-1} (dE/dy_k)^T, kept as its two factors x_{k-1} and dy_k   product

REPRESENTATIONS has one line for each letter. All else reads it: what a network or a file of features offers, how a
vector is computed, and whether it depends on the temperature. Names follow this grammar:

    representation = term { "+" term }             the paper's ";" means the same as "+"
    term           = [ weight ] product            every term has a weight, or none has
    product        = factor { ":" factor }
    factor         = letter number | letter "@" module
    weight         = a positive decimal number without sign or exponent, such as 2 or 0.75

The kernel of a product is the product of its factors' kernels: `x5:dy6` is what dW6 stands for, `x6:x6` is x6's
quadratic kernel, and a factor may be a product itself (`x5:dW6` is `x5:x5:dy6`). The kernel of a sum is the mean of its
terms' kernels, weighted by the weights divided by their sum (the paper's concatenation x6;x7 is the plain mean).
A layer by its module's name (`dW@features.8`) is reserved: it is refused for now.

A file of features may hold arrays under any other name, such as `fc7` or `clip`: each is a forward vector of that name,
and stands where the grammar has letter and number. So do those of this program that are named by a module.

Source: Gordo, Gaidon, Perronnin, "Deep Fishing: Gradient Features from Deep Nets", BMVC 2015 (arXiv 1507.06429).
"""

import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from math import lcm
from typing import TYPE_CHECKING, Literal, NamedTuple

from gradviz.errors import ChoiceError

if TYPE_CHECKING:
    from torch import Tensor

Kind = Literal["forward", "backward", "product", "concatenation"]

FINEST = 10**6
"""The largest whole number among weights in lowest terms: float32 holds such numbers exactly."""


@dataclass(frozen=True)
class At:
    """Describe layer k to a function that computes one of its vectors.

    `activation` is the hidden layer's f_k, None for the last layer.
    """

    k: int
    activation: "Callable[[Tensor], Tensor] | None"
    temperature: float


@dataclass(frozen=True)
class Vector:
    """Describe a letter that stands for one vector per image and layer.

    A letter without `of` is yielded by the network itself: by its forward pass for each crop, or by its backward pass,
    whose vectors are means over the crops. Any other is computed by `compute` from the letter `of` of the same layer:
    crop by crop, and then averaged over the crops.
    """

    kind: Literal["forward", "backward"]
    title: str
    """With {k} for the layer's number."""
    of: str = ""
    compute: "Callable[[Tensor, At], Tensor] | None" = None
    """From (..., d), crop by crop, to (..., e); elementwise in d or not, but each row by itself."""
    temperature: Literal["never", "last", "always"] = "never"
    """Which layers' vectors depend on the softmax's temperature; what `of` depends on is added."""
    input: bool = False
    """Whether there is one of the head's input too, layers 0 to L instead of 1 to L; `of` hands this on."""


@dataclass(frozen=True)
class Product:
    """Describe a letter that stands for an outer product of vectors, which is never formed."""

    title: str
    """With {k} for the layer's number and {before} for that of the layer before."""
    factors: tuple[tuple[str, int], ...]
    """Letter and offset of the layer: ("x", -1) is x_{k-1}."""
    kind: Literal["product"] = "product"


def _output(y: "Tensor", layer: At) -> "Tensor":
    """Compute x_k = f_k(y_k), and x_L = softmax(y_L / tau) in float64."""
    return layer.activation(y) if layer.activation else (y.double() / layer.temperature).softmax(dim=-1)


REPRESENTATIONS: dict[str, Vector | Product] = {
    "y": Vector("forward", "layer {k} before its activation"),
    "dy": Vector("backward", "gradient at y{k}", temperature="always"),
    "dW": Product("gradient of the weights of layer {k}: x{before} and dy{k}", (("x", -1), ("dy", 0))),
    "x": Vector("forward", "output of layer {k}", of="y", compute=_output, temperature="last", input=True),
}
"""Every letter, in the order in which the representations of a layer are listed."""


class Symbol(NamedTuple):
    """Hold one name taken apart: `dW6` is the letter dW of layer 6."""

    letter: str
    k: int

    @property
    def name(self) -> str:
        """Write it as one name."""
        return named(self.letter, self.k)

    @property
    def factors(self) -> tuple["Symbol", ...]:
        """List the vectors it is a product of; a vector is its own only factor."""
        entry = REPRESENTATIONS[self.letter]
        if isinstance(entry, Vector):
            return (self,)
        return tuple(sorted((Symbol(letter, self.k + offset) for letter, offset in entry.factors), key=_place))


class Own(NamedTuple):
    """Hold a vector that a file of features gives a name of its own: `fc7`."""

    name: str

    @property
    def factors(self) -> tuple["Own", ...]:
        """List the vectors it is a product of: itself."""
        return (self,)


@dataclass(frozen=True)
class Part:
    """Describe one term of a representation, and so one kernel: dW6 with the factors ("x5", "dy6").

    `factors` are vectors, forward ones first; one that is there twice is squared. `weight` is a whole number: the
    kernel counts so many times in the mean.
    """

    name: str
    kind: Kind
    factors: tuple[str, ...]
    title: str
    weight: int = 1

    def of_kind(self, kind: Kind) -> tuple[str, ...]:
        """List the factors of one kind, forward or backward."""
        return tuple(name for name in self.factors if _entry(name).kind == kind)


@dataclass(frozen=True)
class Representation:
    """Describe what an image is described by; more than one part makes a concatenation."""

    name: str
    parts: tuple[Part, ...]

    @property
    def kind(self) -> Kind:
        """Return whether it is a forward, backward or product representation, or a concatenation."""
        return self.parts[0].kind if len(self.parts) == 1 else "concatenation"

    @property
    def title(self) -> str:
        """Describe it in words."""
        return " and ".join(part.title for part in self.parts)

    @property
    def needs(self) -> tuple[str, ...]:
        """List the vectors to compute, each once: ("x5", "dy6") for dW6."""
        return tuple(dict.fromkeys(factor for part in self.parts for factor in part.factors))


@dataclass(frozen=True)
class Offer:
    """List what can be asked of a network, or of a file of features, which is called `name` in messages."""

    name: str
    representations: tuple[str, ...]

    @classmethod
    def of_layers(cls, name: str, numbers: Sequence[int]) -> "Offer":
        """Return what a network offers.

        Parameters
        ----------
        name
            What messages call it.
        numbers
            The numbers of its fully connected layers, in order, such as 6, 7, 8.
        """
        return cls(name, offered(tuple(numbers)))

    @classmethod
    def of_vectors(cls, name: str, vectors: Collection[str]) -> "Offer":
        """Return what follows from vectors: themselves, and dW6 where there are x5 and dy6.

        Parameters
        ----------
        name
            What messages call the file or data set that has them.
        vectors
            Their names.

        Raises
        ------
        ChoiceError
            For a name that cannot be asked for, see `check_name`.
        """
        for vector in vectors:
            check_name(vector)
        numbers = sorted({found.k for vector in vectors if (found := _known(vector))})
        letters = [letter for letter, entry in REPRESENTATIONS.items() if isinstance(entry, Product)]
        products = (Symbol(letter, k) for k in numbers for letter in letters)
        found = (product.name for product in products if {factor.name for factor in product.factors} <= set(vectors))
        return cls(name, (*vectors, *found))

    @property
    def singles(self) -> tuple[str, ...]:
        """List the representations that consist of one letter and one number."""
        return tuple(name for name in self.representations if "+" not in name)

    @property
    def vectors(self) -> tuple[str, ...]:
        """List the vectors among them: all but products and concatenations."""
        return tuple(name for name in self.singles if isinstance(_entry(name), Vector))

    @property
    def layers(self) -> tuple[int, ...]:
        """List the numbers of the layers with a forward, a backward and a product representation."""
        numbers = sorted({found.k for name in self.singles if (found := _known(name))})
        return tuple(k for k in numbers if set(triple(k)) <= set(self.singles))

    def refusal(self, text: str) -> ChoiceError:
        """Return the error for a name that is not offered."""
        return ChoiceError(
            f"{self.name} has no representation {text!r}; choose from {', '.join(self.singles)}, "
            "or join some of them with '+'."
        )


def named(letter: str, k: int) -> str:
    """Write the name of a letter of a layer: `x6`.

    Parameters
    ----------
    letter
        A key of REPRESENTATIONS.
    k
        The number of the layer.
    """
    return f"{letter}{k}"


def layer_input(k: int) -> str:
    """Return the name of what enters layer k: x5 for layer 6."""
    return named("x", k - 1)


def layer_output(k: int) -> str:
    """Return the name of what layer k yields before its activation: y6."""
    return named("y", k)


def layer_gradient(k: int) -> str:
    """Return the name of the gradient at `layer_output`: dy6."""
    return named("dy", k)


def symbol(name: str) -> Symbol:
    """Take one name apart, such as dW6. Raises ChoiceError for a name that is not a known letter and a number."""
    found = _known(name)
    if found is None:
        letters = ", ".join(REPRESENTATIONS)
        raise ChoiceError(f"{name!r} is not one of {letters} with the number of a layer, such as {triple(7)[0]}.")
    return found


def check_name(name: str) -> None:
    """Check that an array of a file can be asked for by its name, alone and in sums and products.

    Raises
    ------
    ChoiceError
        For a product's name, and for a name that the grammar would take apart.
    """
    if _known(name):
        vector_symbol(name)
    elif not _BY_MODULE.fullmatch(name) and (not name.strip() or name != name.strip() or _TAKEN_APART.search(name)):
        raise ChoiceError(
            f"An array called {name!r} cannot be asked for: rename it, without + ; : @ and not beginning with a number."
        )


def kind_of(name: str) -> Kind:
    """Return the kind of a representation by its full name, whatever network or file it is of."""
    if len(terms := re.split("[+;]", name)) > 1:
        return "concatenation"
    return "product" if ":" in terms[0] else _entry(name).kind


def vector_symbol(name: str) -> Symbol:
    """Take the name of a vector apart. Raises ChoiceError for any other name, a product's as well."""
    found = symbol(name)
    if isinstance(REPRESENTATIONS[found.letter], Product):
        factors = " and ".join(factor.name for factor in found.factors)
        raise ChoiceError(f"{name!r} is a product, which is not kept as one vector, but as {factors}.")
    return found


def offered(numbers: tuple[int, ...]) -> tuple[str, ...]:
    """List what can become a kernel, for layers with these numbers: x5 y6 dy6 dW6 x6 ... x8, then x5+x6 ... x7+y8."""
    return _offered(numbers, tuple(REPRESENTATIONS))


@lru_cache(maxsize=256)
def _offered(numbers: tuple[int, ...], letters: tuple[str, ...]) -> tuple[str, ...]:
    first, last = numbers[0], numbers[-1]
    symbols = (Symbol(letter, k) for k in range(first - 1, last + 1) for letter in letters)
    singles = [one.name for one in symbols if all(k >= first or _of_input(letter) for letter, k in one.factors)]
    neighbours = [(named("x", k - 1), named("x" if k < last else "y", k)) for k in numbers]
    return (*singles, *map("+".join, neighbours))


def triple(k: int) -> tuple[str, str, str]:
    """Return the forward, backward and product representation of layer k: x6, dy7, dW7."""
    product = Symbol("dW", k)
    forward, backward = product.factors
    return forward.name, backward.name, product.name


def usual(k: int) -> tuple[str, str, str]:
    """Return what layer k is compared by first: its input, input and output together, and the product."""
    forward, _, product = triple(k)
    return forward, f"{forward}+{named('x', k)}", product


def described(k: int) -> dict[str, str]:
    """Return every representation of layer k with what it is, in words."""
    return {named(letter, k): parse(named(letter, k)).title for letter in REPRESENTATIONS}


def tempered(name: str, last: int) -> bool:
    """Return whether a vector depends on the softmax's temperature.

    Parameters
    ----------
    name
        Of the vector, such as x8.
    last
        The number of the network's last layer.

    Raises
    ------
    ChoiceError
        For a name that stands for no vector.
    """
    letter, k = vector_symbol(name)
    entry = _vector(letter)
    if entry.temperature == "always" or (entry.temperature == "last" and k == last):
        return True
    return bool(entry.of) and tempered(named(entry.of, k), last)


def source(name: str, kept: Collection[str]) -> str:
    """Find the vector that a vector is computed from, among those that are kept: y6 for x6, x5 for x5.

    Parameters
    ----------
    name
        The vector to compute.
    kept
        The names of those that are at hand.

    Raises
    ------
    ChoiceError
        Where none of them leads to it, or a name stands for no vector.
    """
    letter, k = vector_symbol(name)
    while named(letter, k) not in kept:
        letter = _vector(letter).of
        if not letter:
            raise ChoiceError(f"There is no {name!r} here: it cannot be computed from {', '.join(kept)}.")
    return named(letter, k)


def compute(name: str, kept: str, values: "Tensor", layer: At) -> "Tensor":
    """Compute a vector from the one that `source` found, crop by crop.

    Parameters
    ----------
    name, kept
        The vector to compute, and the one to compute it from.
    values : Tensor of shape (..., d)
        The latter, one row per image and crop.
    layer
        Activation and temperature of their layer.

    Returns
    -------
    Tensor of shape (..., e)
        Not averaged over crops yet.
    """
    if name == kept:
        return values
    entry = _vector(symbol(name).letter)
    values = compute(named(entry.of, layer.k), kept, values, layer)
    return entry.compute(values, layer) if entry.compute else values


def parse(text: str, offer: Offer | None = None) -> Representation:
    """Read a name such as `dW6`, `x6+x7`, `x5:x5:dy6` or `0.75dW6+0.25x6`; the grammar stands above.

    Parameters
    ----------
    text
        The name.
    offer
        What there is: every factor must be one of its single names. None: any layer will do.

    Returns
    -------
    Representation
        Its name is the same for all ways to write it: `x6; x7` is x6+x7, `dy6:x5` is dW6, `3dW6+1x6` is 0.75dW6+0.25x6.

    Raises
    ------
    ChoiceError
        For a name that is not offered (the message lists what is), for a representation named twice, and for weights
        that are zero, missing for some terms, or too finely graded.
    """
    weights, parts = [], []
    for term in re.split("[+;]", text):
        weight = _WEIGHT.match(term.strip())
        weights.append(weight and weight[0])
        parts.append(_part(term.strip()[weight.end() if weight else 0 :].split(":"), offer))
    if len({part.name for part in parts}) < len(parts):
        raise ChoiceError(f"{text!r} names a representation twice; name each once.")
    if not any(weights):
        return Representation("+".join(part.name for part in parts), tuple(parts))
    if not all(weights):
        raise ChoiceError(f"{text!r} weights some parts only: weight each of them, or none.")
    return _weighted(text, [Fraction(weight) for weight in weights], parts)


_WEIGHT = re.compile(r"[0-9]{1,20}(\.[0-9]{1,20})?")
_TAKEN_APART = re.compile("^[0-9]|[+;:@]")
_BY_MODULE = re.compile(r"[A-Za-z]+@[\w.]+")
"""Vectors of convolutional layers, which this program writes."""


def _part(factors: Sequence[str], offer: Offer | None) -> Part:
    symbols = [_factor(text.strip(), offer) for text in factors]
    if len(symbols) == 1:
        (one,) = symbols
    else:
        vectors = tuple(sorted((vector for one in symbols for vector in one.factors), key=_place))
        numbers = sorted({vector.k for vector in vectors if isinstance(vector, Symbol)})
        known = (Symbol(letter, k) for letter in REPRESENTATIONS for k in numbers)
        one = next((product for product in known if product.factors == vectors), None)
        if one is None:
            names = tuple(vector.name for vector in vectors)
            return Part(":".join(names), "product", names, "product of " + ", ".join(names))
    if isinstance(one, Own):
        return Part(one.name, "forward", (one.name,), one.name)
    entry = REPRESENTATIONS[one.letter]
    title = entry.title.format(k=one.k, before=one.k - 1)
    return Part(one.name, entry.kind, tuple(factor.name for factor in one.factors), title)


def _factor(text: str, offer: Offer | None) -> Symbol | Own:
    if offer and text in offer.singles and not _known(text):
        return Own(text)
    if "@" in text:
        raise ChoiceError(f"{text!r} names a layer by its module, which is not possible yet: write its number.")
    if offer and text not in offer.singles:
        raise offer.refusal(text)
    return symbol(text)


def _weighted(text: str, weights: Sequence[Fraction], parts: Sequence[Part]) -> Representation:
    if not all(weights):
        raise ChoiceError(f"{text!r} has a weight of zero: leave that part out.")
    shares = [weight / sum(weights) for weight in weights]
    scale = lcm(*(share.denominator for share in shares))
    whole = [int(share * scale) for share in shares]
    if max(whole) > FINEST:
        raise ChoiceError(f"The weights of {text!r} are too finely graded: round them to a few digits.")
    if len(set(whole)) == 1:  # the plain mean, and its name
        return Representation("+".join(part.name for part in parts), tuple(parts))
    # Shares where they are short decimals, else whole numbers: one name for one mean, and it can be read again.
    written = [_decimal(share) for share in shares] if FINEST % scale == 0 else list(map(str, whole))
    name = "+".join(number + part.name for number, part in zip(written, parts, strict=True))
    weighted = [Part(p.name, p.kind, p.factors, p.title, w) for p, w in zip(parts, whole, strict=True)]
    return Representation(name, tuple(weighted))


def _decimal(share: Fraction) -> str:
    return f"{float(share):.6f}".rstrip("0")


def _place(vector: Symbol | Own) -> tuple[bool, int, int, str]:
    """Return a vector's place in a product: forward before backward, names of one's own first, lower layers first."""
    if isinstance(vector, Own):
        return False, -1, 0, vector.name
    return _entry(vector.name).kind != "forward", vector.k, list(REPRESENTATIONS).index(vector.letter), ""


def _known(name: str) -> Symbol | None:
    """Take apart a name of the table's letters; None for any other."""
    found = re.fullmatch(r"([A-Za-z]+)(0|[1-9][0-9]{0,8})", name)
    return Symbol(found[1], int(found[2])) if found and found[1] in REPRESENTATIONS else None


_OWN = Vector("forward", "a vector of a file of features")


def _entry(name: str) -> Vector | Product:
    """Return the table's line for a name: for any name of one's own that of a forward vector."""
    found = _known(name)
    return REPRESENTATIONS[found.letter] if found else _OWN


def _vector(letter: str) -> Vector:
    entry = REPRESENTATIONS[letter]
    if isinstance(entry, Product):
        raise TypeError(f"{letter} is not a vector")
    return entry


def _of_input(letter: str) -> bool:
    entry = _vector(letter)
    return entry.input or bool(entry.of and _of_input(entry.of))
