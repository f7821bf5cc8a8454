"""The slow, obviously right way to compute what the program computes fast. One section a subject."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

# --- gradients -------------------------------------------------------------------------------------------------------


def energy(logits: Tensor, temperature: float = 1.0, g: Tensor | None = None) -> Tensor:
    """Return E = -sum_p g_p log softmax(y_L / tau)_p of one row of logits."""
    log_x = torch.log_softmax(logits / temperature, dim=-1)
    return -log_x.mean() if g is None else -(g * log_x).sum()


def image_gradients(
    module: nn.Module, linears: list[nn.Linear], image: Tensor, temperature: float = 1.0, g: Tensor | None = None
) -> list[Tensor]:
    """Return the explicit dE/dW_k, (inputs, outputs), of each layer for one image (3, s, s), by autograd."""
    for parameter in module.parameters():
        parameter.requires_grad_(False)
    for linear in linears:
        linear.weight.requires_grad_(True)
    gradients = torch.autograd.grad(energy(module(image[None])[0], temperature, g), [k.weight for k in linears])
    return [gradient.T for gradient in gradients]


def trace_kernels(
    module: nn.Module, linears: list[nn.Linear], images: Tensor, temperature: float = 1.0, g: Tensor | None = None
) -> list[Tensor]:
    """Return K_ij = tr(dE/dW_k(i)^T dE/dW_k(j)) in float64 for every layer; g is None, (P,) or (n, P)."""
    rows = [None if g is None else (g if g.ndim == 1 else g[i]) for i in range(len(images))]
    each = [image_gradients(module, linears, image, temperature, row) for image, row in zip(images, rows, strict=True)]
    kernels = []
    for k in range(len(linears)):
        K = torch.empty(len(each), len(each), dtype=torch.float64)
        for i, a in enumerate(each):
            for j, b in enumerate(each[: i + 1]):
                K[i, j] = K[j, i] = (a[k] * b[k]).sum(dtype=torch.float64)
        kernels.append(K)
    return kernels


def kernel_error(K: Tensor, truth: Tensor) -> float:
    """Return the largest |dK_ij| / sqrt(K_ii K_jj)."""
    scale = truth.diagonal().sqrt()
    return float(((K - truth).abs() / torch.outer(scale, scale)).max())


# --- representations -------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Crop:
    """Hold what one crop of one image is at every layer: x_k, y_k, dE/dy_k and dE/dW_k by k."""

    x: dict[int, Tensor]
    y: dict[int, Tensor]
    dy: dict[int, Tensor]
    gradient: dict[int, Tensor]


def crop(
    x: Tensor,
    weights: Sequence[Tensor],
    activations: Sequence[Callable[[Tensor], Tensor]],
    first: int,
    temperature: float = 1.0,
) -> Crop:
    """Go through the layers with one row x (d,), and back by autograd; layers have no bias."""
    last = first + len(weights) - 1
    Ws = {k: W.clone().requires_grad_() for k, W in enumerate(weights, first)}
    xs, ys = {first - 1: x}, {}
    for k, W in Ws.items():
        ys[k] = xs[k - 1] @ W
        xs[k] = torch.softmax(ys[k] / temperature, 0) if k == last else activations[k - first](ys[k])

    def gradients(of: dict[int, Tensor]) -> dict[int, Tensor]:
        each = torch.autograd.grad(energy(ys[last], temperature), tuple(of.values()), retain_graph=True)
        return dict(zip(of, each, strict=True))

    return Crop(xs, ys, gradients(ys), gradients(Ws))


ORACLES: dict[str, Callable[[Crop, int], Tensor]] = {
    "x": lambda crop, k: crop.x[k],
    "y": lambda crop, k: crop.y[k],
    "dy": lambda crop, k: crop.dy[k],
    "dW": lambda crop, k: crop.gradient[k].flatten(),
}
"""What each letter of REPRESENTATIONS means: from one crop and a layer's number to the representation, a vector."""
