"""Apply a network's fully connected layers forwards and backwards, explicitly and out of place.

For layer k: y_k = W_k^T x_{k-1} + b_k, x_k = f_k(y_k), and x_L = softmax(y_L / tau). With E = -sum_p g_p log x_{L,p},
summed over images:

    dE/dy_L = (x_L - g) / tau        dE/dy_k = (W_{k+1} dE/dy_{k+1}) * f_k'(y_k)        dE/dW_k = x_{k-1} (dE/dy_k)^T

Hooks on torchvision's modules would be a trap: their activations work in place, so that a hooked y6 is already x6.
Reference: Gordo, Gaidon, Perronnin, "Deep Fishing: Gradient Features from Deep Nets", BMVC 2015 (arXiv 1507.06429).
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor, nn
from torch.nn import functional

from gradviz.representations import layer_gradient, layer_input, layer_output

FLOOR = 2.0**-40
"""Rows of dE/dy_L whose largest component is smaller are rescaled to this size; see `last_gradient`."""

UNIFORM = 1e-6
"""A pseudo-label is uniform where no component differs from 1/P by a larger part of it: float32 rounds by less."""

ACTIVATIONS: dict[str, tuple[type[nn.Module], Callable[..., Tensor]]] = {
    "relu": (nn.ReLU, functional.relu),
    "hardswish": (nn.Hardswish, functional.hardswish),
    "gelu": (nn.GELU, functional.gelu),
    "silu": (nn.SiLU, functional.silu),
    "tanh": (nn.Tanh, torch.tanh),
    "sigmoid": (nn.Sigmoid, torch.sigmoid),
    "elu": (nn.ELU, functional.elu),
    "leaky_relu": (nn.LeakyReLU, functional.leaky_relu),
    "identity": (nn.Identity, lambda y: y),
}
"""The elementwise f_k by name: torch's module, and the function with the default of its parameter, if it has one."""

PARAMETERS: dict[str, tuple[str, float | str]] = {
    "gelu": ("approximate", "none"),
    "elu": ("alpha", 1.0),
    "leaky_relu": ("negative_slope", 0.01),
}
"""The parameter of an f_k and its default; another value stands behind the name, as in `leaky_relu(0.2)`."""


def activation_name(module: nn.Module) -> str | None:
    """Return the name of an activation with its parameter, None for a module that is none of them."""
    name = _NAMES.get(type(module))
    if name not in PARAMETERS:
        return name
    parameter, default = PARAMETERS[name]
    value = getattr(module, parameter)
    return name if value == default else f"{name}({value})"


def _function(name: str) -> Callable[[Tensor], Tensor]:
    name, bracket, text = name.partition("(")
    function = ACTIVATIONS[name][1]
    if not bracket:
        return function
    parameter, default = PARAMETERS[name]
    return partial(function, **{parameter: type(default)(text.removesuffix(")"))})


_NAMES = {module: name for name, (module, _) in ACTIVATIONS.items()}


@dataclass(frozen=True, eq=False)
class Head:
    """Hold the fully connected layers.

    Parameters
    ----------
    weights
        W_k of shape (inputs, outputs).
    biases
        b_k of shape (outputs,), or None.
    activations
        Names of the hidden f_k, one fewer than there are layers; see `activation_name`.
    first
        Number of the first layer.
    """

    weights: tuple[Tensor, ...]
    biases: tuple[Tensor | None, ...]
    activations: tuple[str, ...]
    first: int

    @property
    def last(self) -> int:
        """Return the number of the last layer."""
        return self.first + len(self.weights) - 1

    @property
    def outputs(self) -> tuple[str, ...]:
        """Return the names of the layers' outputs before the activation: y6, y7, y8."""
        return tuple(layer_output(k) for k in range(self.first, self.last + 1))

    @property
    def classes(self) -> int:
        """Return the number of classes P."""
        return self.weights[-1].shape[1]

    def activate(self, k: int, y: Tensor) -> Tensor:
        """Apply the hidden layer's f_k elementwise.

        Parameters
        ----------
        k
            Number of the layer.
        y
            y_k of any shape.

        Returns
        -------
        Tensor
            x_k in the shape and dtype of `y`, which stays as it is.
        """
        return _function(self.activations[k - self.first])(y)

    def slope(self, k: int, y: Tensor) -> Tensor:
        """Compute f_k'(y) elementwise, at kinks as torch's autograd defines it.

        Parameters
        ----------
        k
            Number of the layer.
        y
            y_k of any shape.

        Returns
        -------
        Tensor
            In the shape and dtype of `y`.
        """
        name = self.activations[k - self.first]
        if name == "relu":
            return (y > 0).to(y.dtype)
        if name == "identity":
            return torch.ones_like(y)
        with torch.inference_mode(False), torch.enable_grad():
            y = y.clone().requires_grad_()
            return torch.autograd.grad(_function(name)(y).sum(), y)[0]

    def to(self, device: torch.device | str) -> "Head":
        """Copy the head to a device."""
        biases = tuple(None if b is None else b.to(device) for b in self.biases)
        return Head(tuple(W.to(device) for W in self.weights), biases, self.activations, self.first)


def forward(head: Head, x: Tensor) -> dict[str, Tensor]:
    """Compute every y_k from the head's input, such as x5.

    Parameters
    ----------
    head
        The fully connected layers.
    x
        (n, d).

    Returns
    -------
    dict of str to Tensor
        The input and the outputs: {"x5": (n, d), "y6": (n, d6), ...}.
    """
    outputs = {layer_input(head.first): x}
    for k, (W, b) in enumerate(zip(head.weights, head.biases, strict=True), head.first):
        y = x @ W if b is None else torch.addmm(b, x, W)
        outputs[layer_output(k)] = y
        if k < head.last:
            x = head.activate(k, y)
    return outputs


def backward(
    head: Head, ys: Mapping[str, Tensor], temperature: float = 1.0, g: Tensor | None = None
) -> dict[str, Tensor]:
    """Compute dE/dy_k of every layer; row n belongs to image n alone.

    Parameters
    ----------
    head
        The fully connected layers.
    ys
        Every y_k, as `forward` returns them.
    temperature
        tau, by which y_L is divided before the softmax.
    g
        The pseudo-label: one probability vector (P,), or one per row (n, P); None is the uniform 1/P.

    Returns
    -------
    dict of str to Tensor
        {"dy6": (n, d6), ...} in the dtype of `ys`. In float32, rows of a very confident network are rescaled, all
        layers by one factor; see `last_gradient`.
    """
    k = head.last
    y = ys[layer_output(k)]
    gradient = last_gradient(y, temperature, g).to(y)
    gradients = {layer_gradient(k): gradient}
    while k > head.first:
        k -= 1
        gradient = (gradient @ head.weights[k + 1 - head.first].T) * head.slope(k, ys[layer_output(k)])
        gradients[layer_gradient(k)] = gradient
    return dict(reversed(gradients.items()))


def last_gradient(y: Tensor, temperature: float = 1.0, g: Tensor | None = None) -> Tensor:
    """Compute dE/dy_L = (softmax(y_L / tau) - g) / tau.

    Parameters
    ----------
    y
        y_L of shape (n, P).
    temperature, g
        As in `backward`.

    Returns
    -------
    Tensor
        Shape (n, P), float64.

    Notes
    -----
    Where g puts more than half its weight on a class p, x_p - g_p is taken as minus the sum of the other components
    (they sum to zero): a confident x_p is 1 to rounding, and the difference would lose the direction.

    Such rows can also be too small for float32, or for the products with W that follow. Where a row of a float32 y has
    its largest component below 2^-40 it is scaled up to that size. Directions, and so every l2-normalised kernel, are
    kept; a raw kernel sees 1e-12 instead of less. Rows of exact zeros stay.

    As tau grows the gradient vanishes, but its direction does not: softmax(y / tau) = 1/P + (y - mean(y)) / (P tau) +
    O(1/tau^2). At infinity the row is what it tends to, scaled up: tau^2 dE/dy_L -> (y - mean(y)) / P for the uniform
    g, and tau dE/dy_L -> 1/P - g for any other, where nothing is left of the image but its g.
    """
    device = "cpu" if y.device.type == "mps" else y.device  # mps has no float64
    if temperature == math.inf:
        return _limit(y.to(device, torch.float64), g)
    x = torch.softmax(y.to(device, torch.float64) / temperature, dim=1)
    g = torch.full_like(x[:1], 1 / x.shape[1]) if g is None else g.to(x).expand_as(x)
    gradient = x - g
    weight, p = g.max(dim=1, keepdim=True)
    if bool((weight > 0.5).any()):
        others = -gradient.scatter(1, p.expand(len(x), 1), 0.0).sum(dim=1, keepdim=True)
        exact = torch.where(weight > 0.5, others, gradient.gather(1, p.expand(len(x), 1)))
        gradient = gradient.scatter(1, p.expand(len(x), 1), exact)
    gradient = gradient / temperature
    if y.dtype == torch.float64:
        return gradient
    largest = gradient.abs().amax(dim=1, keepdim=True)
    small = (largest > 0) & (largest < FLOOR)
    return torch.where(small, gradient / torch.where(small, largest, 1.0) * FLOOR, gradient)


def _limit(y: Tensor, g: Tensor | None) -> Tensor:
    """Compute what dE/dy_L tends to as the temperature grows, up to a positive factor; see `last_gradient`."""
    P = y.shape[1]
    centred = (y - y.mean(dim=1, keepdim=True)) / P
    if g is None:
        return centred
    constant = 1 / P - g.to(y).expand_as(y)
    uniform = constant.abs().amax(dim=1, keepdim=True) < UNIFORM / P
    return torch.where(uniform, centred, constant)
