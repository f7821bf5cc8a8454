"""Follow one photograph through a network: the body at work, every vector of the head, and the gradients of its layers.

Everything for all temperatures at once, since only the last softmax and what comes back from it depend on them:

    y_k = W_k^T x_{k-1} + b_k      p = softmax(y_L / tau)      dE/dy_L = (p - g) / tau      dE/dW_k = x_{k-1} dy_k^T

Vectors are those of the store, mean over crops, so that products of two photographs are entries of the kernels.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from gradviz.callbacks import Cancel, Progress, never, silent, stop_if
from gradviz.datasets import ImageSet
from gradviz.errors import ChoiceError
from gradviz.features import compute
from gradviz.features.pseudo_labels import PseudoLabel
from gradviz.features.stages import Stage, observe
from gradviz.networks import head as heads
from gradviz.networks.loading import Model
from gradviz.representations import layer_gradient, layer_input, layer_output
from gradviz.spec import check

_SAME = 1e-4
"""Largest relative difference between the head's input and what its feature map gives."""
_ROWS = 1024
"""Rows of an explicit gradient compared at once."""


@dataclass(frozen=True, eq=False)
class Place:
    """Say how the head's input comes from a feature map (C, H, W): as it is ("flat"), or its mean ("pooled")."""

    how: Literal["flat", "pooled"]
    values: np.ndarray


@dataclass(frozen=True, eq=False)
class Passage:
    """Hold one photograph's way through a network.

    Parameters
    ----------
    stages
        The body at work.
    vectors
        x_{k-1} of every layer and every y_k, (d,) float32.
    temperatures
        T values of tau.
    probabilities
        p (T, P), float64.
    g
        The pseudo-label (P,), float64.
    gradients
        dE/dy_k (T, d) by name, float32.
    crops
        How many crops of the photograph the vectors are means of.
    place
        Where the head's input lies in the photograph; None where it comes from no feature map, or from ten crops.
    """

    stages: tuple[Stage, ...]
    vectors: Mapping[str, np.ndarray]
    temperatures: tuple[float, ...]
    probabilities: np.ndarray
    g: np.ndarray
    gradients: Mapping[str, np.ndarray]
    crops: int
    place: Place | None

    @property
    def nbytes(self) -> int:
        """The bytes of its arrays."""
        arrays = [*self.vectors.values(), *self.gradients.values(), self.probabilities]
        maps = [stage.mean for stage in self.stages]
        return (
            sum(a.nbytes for a in arrays)
            + sum(m.nbytes for m in maps)
            + (self.place.values.nbytes if self.place else 0)
        )


def follow(
    model: Model,
    images: ImageSet,
    position: int,
    *,
    temperatures: Sequence[float],
    label: PseudoLabel,
    preprocess: str = "center",
    tf32: bool = False,
    progress: Progress = silent,
    cancel: Cancel = never,
) -> Passage:
    """Send one photograph through a network, forward and, for every temperature, backward.

    Parameters
    ----------
    model, images, position
        The network, the data set, and the photograph's place in it.
    temperatures
        T values of tau.
    label
        The pseudo-label.
    preprocess, tf32
        As in `compute.capture`.
    progress, cancel
        Progress counts the forward pass and temperatures.

    Returns
    -------
    Passage

    Raises
    ------
    DatasetError
        For a photograph that cannot be decoded.
    ChoiceError
        For an impossible temperature or preprocessing.
    """
    steps = len(temperatures) + 1
    with compute.precision(tf32), torch.inference_mode():
        views = _views(model, images, position, preprocess)
        outputs = model.forward(views)
        stages, maps = observe(model.body, views[len(views) // 2 if len(views) > 1 else 0])
    progress(1, steps)
    network, head = model.network, model.head
    arrays, target = _arrays(outputs), _target(label, position, outputs[network.outputs[-1]])
    passed = []
    for done, tau in enumerate(temperatures):
        stop_if(cancel)
        passed.append(_backward(head, outputs, tau, target))
        progress(2 + done, steps)
    logits = arrays[network.outputs[-1]][0].astype(np.float64)
    inputs = [layer_input(layer.number) for layer in network.layers]
    vectors = {name: compute.vector(name, arrays, head)[0] for name in (*inputs, *network.outputs)}
    return Passage(
        stages,
        vectors,
        tuple(temperatures),
        np.stack([_softmax(logits / tau).mean(axis=0) for tau in temperatures]),
        target,
        {name: np.stack([one[name] for one in passed]) for name in network.gradients},
        len(logits),
        _place(vectors[network.entry], maps) if len(logits) == 1 else None,
    )


def _views(model: Model, images: ImageSet, position: int, preprocess: str) -> Tensor:
    """Return what the network sees of a photograph, (crops, 3, s, s)."""
    return model.transform(preprocess)(images.open(position)).to(model.device)


def _arrays(outputs: Mapping[str, Tensor]) -> dict[str, np.ndarray]:
    """Return vectors as the store has them, (1, crops, d)."""
    return {name: values.cpu().numpy()[None] for name, values in outputs.items()}


def _target(label: PseudoLabel, position: int, logits: Tensor) -> np.ndarray:
    """Return the pseudo-label (P,) of a photograph with these logits (crops, P)."""
    g = label.of(np.array([position]), logits.cpu().numpy()[None])
    P = logits.shape[-1]
    whole = np.full(P, 1 / P) if g is None else np.asarray(g, np.float64).reshape(-1, P)[0]
    return whole / whole.sum()


def _backward(head: heads.Head, outputs: Mapping[str, Tensor], tau: float, g: np.ndarray) -> dict[str, np.ndarray]:
    """Return dE/dy_k (d,) of every layer, the mean over crops."""
    check("temperature", tau)
    with torch.inference_mode():
        gradients = heads.backward(head, outputs, tau, torch.from_numpy(g))
        return {name: values.mean(dim=0).cpu().numpy() for name, values in gradients.items()}


def _softmax(y: np.ndarray) -> np.ndarray:
    weights = np.exp(y - y.max(axis=-1, keepdims=True))
    return weights / weights.sum(axis=-1, keepdims=True)


def _place(x: np.ndarray, maps: Sequence[Tensor]) -> Place | None:
    """Find the feature map that the head's input comes from."""
    for found in maps:
        for seen in (found, functional.relu(found)):
            if _same(seen.flatten(), x):
                return Place("flat", seen.float().cpu().numpy())
            if _same(seen.mean(dim=(1, 2)), x):
                return Place("pooled", seen.float().cpu().numpy())
    return None


def _same(made: Tensor, x: np.ndarray) -> bool:
    values = made.float().cpu().numpy()
    return values.shape == x.shape and bool(np.abs(values - x).max() <= _SAME * max(np.abs(x).max(), 1e-30))


def places(a: Passage, b: Passage) -> tuple[np.ndarray, np.ndarray] | None:
    """Say where in two photographs the inner product of the head's inputs comes from.

    Parameters
    ----------
    a, b
        Two photographs through the same network.

    Returns
    -------
    tuple of ndarray or None
        What each place of a and of b adds, (H, W) float64: either sums to x(a) . x(b). Of a flat map it is the same
        for both, the sum over channels of x(a) x(b) at the place; of a pooled one a place of a is taken with the mean
        of b. None without feature maps.
    """
    if a.place is None or b.place is None or a.place.values.shape != b.place.values.shape:
        return None
    of_a, of_b = (p.values.astype(np.float64) for p in (a.place, b.place))
    if a.place.how == "flat":
        shared = (of_a * of_b).sum(axis=0)
        return shared, shared
    count = of_a.shape[1] * of_a.shape[2]
    mean_a, mean_b = (values.mean(axis=(1, 2)) for values in (of_a, of_b))
    return np.tensordot(mean_b, of_a, 1) / count, np.tensordot(mean_a, of_b, 1) / count


@dataclass(frozen=True)
class Explicit:
    """Compare the gradient that autograd forms with the outer product of its factors: the largest difference between
    their entries, the largest entry, and the number of entries."""

    difference: float
    largest: float
    shape: tuple[int, int]


def explicit_gradient(
    model: Model,
    images: ImageSet,
    position: int,
    k: int,
    *,
    temperature: float,
    label: PseudoLabel,
    preprocess: str = "center",
    tf32: bool = False,
    progress: Progress = silent,
    cancel: Cancel = never,
) -> Explicit:
    """Form dE/dW_k by autograd, with all its entries, and compare it with x_{k-1} (dE/dy_k)^T.

    Parameters
    ----------
    model, images, position, label, preprocess, tf32
        As in `follow`.
    k
        Number of the layer.
    temperature
        tau.
    progress, cancel
        Progress counts rows of the gradient.

    Returns
    -------
    Explicit
        The difference is rounding, except where the two factors are an approximation: pooled networks and ten crops.

    Raises
    ------
    ChoiceError
        Where the network has no such layer.
    DatasetError
        For a photograph that cannot be decoded.
    """
    network, head = model.network, model.head
    if k not in network.numbers:
        raise ChoiceError(f"{network.name} has no fully connected layer {k}.")
    with compute.precision(tf32), torch.inference_mode():
        views = _views(model, images, position, preprocess)
        outputs = model.forward(views)
    target = _target(label, position, outputs[network.outputs[-1]])
    dy = torch.from_numpy(_backward(head, outputs, temperature, target)[layer_gradient(k)])
    x = torch.from_numpy(compute.vector(layer_input(k), _arrays(outputs), head)[0])
    g = torch.from_numpy(target).to(head.weights[0])
    with compute.precision(tf32):
        if network.pooled:
            gradient = _of_convolution(model, views, temperature, g)
        else:
            gradient = _of_layer(model, outputs[network.entry], k, temperature, g)
    gradient = gradient.cpu()
    difference = largest = 0.0
    for start in range(0, len(gradient), _ROWS):
        stop_if(cancel)
        rows, product = gradient[start : start + _ROWS], torch.outer(x[start : start + _ROWS], dy)
        difference = max(difference, float((rows - product).abs().max()))
        largest = max(largest, float(rows.abs().max()))
        progress(min(start + _ROWS, len(gradient)), len(gradient))
    return Explicit(difference, largest, (gradient.shape[0], gradient.shape[1]))


def _of_layer(model: Model, x: Tensor, k: int, temperature: float, g: Tensor) -> Tensor:
    """Return dE/dW_k (inputs, outputs) by autograd, the mean over crops of the head's input x (crops, d)."""
    head, at = model.head, k - model.head.first
    with torch.inference_mode(False), torch.enable_grad():
        weights = [W.clone().requires_grad_() if i == at else W for i, W in enumerate(head.weights)]
        whole = heads.Head(tuple(weights), head.biases, head.activations, head.first)
        y = heads.forward(whole, x.clone())[layer_output(head.last)]
        return torch.autograd.grad(_energy(y, temperature, g).mean(), weights[at])[0]


def _of_convolution(model: Model, views: Tensor, temperature: float, g: Tensor) -> Tensor:
    """Return dE/dW of the last convolution, applied at every place and averaged, as SqueezeNet has it."""
    with torch.inference_mode(False), torch.enable_grad():
        with torch.no_grad():
            seen = model.body(views.clone())
        W, b = model.head.weights[-1].clone().requires_grad_(), model.head.biases[-1]
        y = functional.relu(functional.conv2d(seen, W.T[:, :, None, None], b)).mean(dim=(2, 3))
        return torch.autograd.grad(_energy(y, temperature, g).mean(), W)[0]


def _energy(y: Tensor, temperature: float, g: Tensor) -> Tensor:
    """Compute E = -sum_p g_p log softmax(y / tau)_p of each row."""
    return -(torch.log_softmax(y / temperature, dim=1) * g).sum(dim=1)
