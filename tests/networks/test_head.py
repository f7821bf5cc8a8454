"""The explicit head gives the gradients that autograd gives, image by image."""

from itertools import pairwise

import pytest
import torch
from torch import Tensor, nn

from gradviz.networks import head as heads
from gradviz.networks import loading, network
from gradviz.networks.head import ACTIVATIONS, Head
from gradviz.networks.splitting import find_run, split
from tests.random_networks import images, lively, random_module
from tests.reference import kernel_error, trace_kernels


class Tiny(nn.Sequential):
    """Flatten, one mixing layer, then `layers` fully connected ones with an activation between them."""

    def __init__(self, activation: type[nn.Module], layers: int) -> None:
        torch.manual_seed(layers)
        widths = [9, 7, 6, 5][: layers + 1]
        hidden = [part for i, o in pairwise(widths) for part in (nn.Linear(i, o), activation())]
        super().__init__(nn.Flatten(), nn.Linear(48, widths[0]), nn.Softsign(), *hidden[:-1])


def from_factors(head: Head, x: Tensor, temperature: float, g: Tensor | None) -> list[Tensor]:
    """Compute every layer's trace kernel as (x . x) * (dE/dy . dE/dy), in float64."""
    outputs = heads.forward(head, x)
    dys = heads.backward(head, outputs, temperature, g)
    kernels = []
    for k in range(head.first, head.last + 1):
        if k > head.first:
            x = head.activate(k - 1, outputs[f"y{k - 1}"])
        xd, dy = x.double(), dys[f"dy{k}"].double()
        kernels.append((xd @ xd.T) * (dy @ dy.T))
    return kernels


@pytest.mark.parametrize("temperature", [0.5, 8.0])
@pytest.mark.parametrize("labels", ["uniform", "vector", "rows", "one-hot"])
@pytest.mark.parametrize(("activation", "layers"), [("relu", 3), ("hardswish", 3), ("gelu", 2), ("relu", 1)])
def test_tiny_kernels_in_float64(activation: str, layers: int, labels: str, temperature: float) -> None:
    seen = images(5, 4, torch.float64)
    module = lively(Tiny(ACTIVATIONS[activation][0], layers).double().eval(), seen)
    linears = [linear for _, linear in find_run(module).linears]
    P = linears[-1].out_features
    g = {
        "uniform": None,
        "vector": torch.softmax(torch.arange(P).double(), 0),
        "rows": torch.softmax(torch.randn(5, P, dtype=torch.float64), 1),
        "one-hot": torch.eye(P, dtype=torch.float64)[[0, 1, 0, 2, 3]],
    }[labels]
    truth = trace_kernels(module, linears, seen, temperature, g)
    body, head = split(module, first=6, input_size=4)
    assert len(head.weights) == layers
    for K, exact in zip(from_factors(head, body(seen), temperature, g), truth, strict=True):
        assert kernel_error(K, exact) < 1e-10


@pytest.mark.parametrize("name", ["alexnet", "vgg11", "mobilenet_v3_small"])
def test_full_size_kernels_in_float32(name: str) -> None:
    module, seen = random_module(name, side=96), images(3, 96)
    truth = trace_kernels(module, [linear for _, linear in find_run(module).linears], seen)
    model = loading.assemble(network(name), module, digest="")
    outputs = model.forward(seen)
    assert float(outputs[model.network.outputs[0]].min()) < 0
    for K, exact in zip(from_factors(model.head, outputs[model.network.entry], 1.0, None), truth, strict=True):
        assert kernel_error(K, exact) < 1e-4
        cosine = exact / torch.outer(exact.diagonal().sqrt(), exact.diagonal().sqrt())
        assert float(cosine.min()) < 0.99, "the images' gradients must differ for this to prove anything"


def test_by_hand() -> None:
    head = Head((torch.tensor([[1.0, -1.0]]), torch.tensor([[1.0, 0.0], [0.0, 1.0]])), (None, None), ("relu",), first=7)
    outputs = heads.forward(head, torch.tensor([[2.0]]))
    assert {name: y.tolist() for name, y in outputs.items()} == {"x6": [[2]], "y7": [[2, -2]], "y8": [[2, 0]]}
    x = 1 / (1 + torch.exp(torch.tensor(-1.0)))  # softmax of (2, 0) / 2
    dys = heads.backward(head, outputs, temperature=2.0)
    assert torch.allclose(dys["dy8"], torch.stack([x - 0.5, 0.5 - x])[None] / 2)
    assert torch.allclose(dys["dy7"], torch.stack([x - 0.5, torch.tensor(0.0)])[None] / 2)
    assert list(dys) == ["dy7", "dy8"]


def test_these_activations_may_stand_between_fully_connected_layers() -> None:
    names = ["relu", "hardswish", "gelu", "silu", "tanh", "sigmoid", "elu", "leaky_relu", "identity"]
    assert list(ACTIVATIONS) == names


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_slopes_are_autograds_at_kinks_too(name: str) -> None:
    y = torch.tensor([-4.0, -3.0, -1.0, 0.0, 0.5, 3.0, 4.0], requires_grad=True)
    (truth,) = torch.autograd.grad(ACTIVATIONS[name][0]()(y * 1).sum(), y)
    head = Head((torch.eye(1), torch.eye(1)), (None, None), (name,), first=1)
    assert torch.allclose(head.slope(1, y.detach()), truth, atol=1e-6)


def test_a_confident_network_keeps_the_gradients_direction() -> None:
    y = torch.tensor([[0.0, 30.0, 1.0, 2.0]], dtype=torch.float64)
    onehot = torch.tensor([[0.0, 1.0, 0.0, 0.0]])
    small = torch.softmax(y, 1)[0, [0, 2, 3]]
    exact = torch.tensor([small[0], -small.sum(), small[1], small[2]])[None].double()
    for gradient in (heads.last_gradient(y, 1.0, onehot), heads.last_gradient(y.float(), 1.0, onehot)):
        assert torch.allclose(gradient, exact, rtol=1e-7, atol=0)


def test_rows_too_small_for_float32_keep_their_direction_in_every_layer() -> None:
    torch.manual_seed(0)
    weights = (torch.randn(4, 5), torch.randn(5, 3))
    exact_head = Head(tuple(W.double() for W in weights), (None, None), ("relu",), first=1)
    head = Head(weights, (None, None), ("relu",), first=1)
    y1 = torch.randn(1, 5)
    y2 = torch.tensor([[200.0, 0.0, 1.0]])
    onehot = torch.tensor([1.0, 0.0, 0.0])
    exact = heads.backward(exact_head, {"y1": y1.double(), "y2": y2.double()}, 1.0, onehot)
    lifted = heads.backward(head, {"y1": y1, "y2": y2}, 1.0, onehot)
    assert exact["dy2"].abs().max() < 1e-80
    for name in exact:
        a, b = exact[name] / exact[name].abs().max(), lifted[name].double() / lifted[name].abs().max()
        assert torch.nn.functional.cosine_similarity(a, b) > 1 - 1e-6
        assert lifted[name].norm() > 1e-14


def test_an_exactly_zero_gradient_stays_zero() -> None:
    y = torch.tensor([[5000.0, 0.0]])
    assert heads.last_gradient(y, 1.0, torch.tensor([1.0, 0.0])).tolist() == [[0.0, 0.0]]


@pytest.mark.parametrize("labels", ["uniform", "rounded", "one-hot", "some"])
def test_at_infinity_gradients_have_the_direction_that_they_tend_to(labels: str) -> None:
    torch.manual_seed(1)
    widths = [6, 8, 7, 5]
    head = Head(
        tuple(torch.randn(i, o, dtype=torch.float64) for i, o in pairwise(widths)), (None,) * 3, ("relu", "relu"), 6
    )
    x, P = torch.randn(9, 6, dtype=torch.float64), 5
    g = {
        "uniform": None,
        "rounded": torch.full((P,), 1 / P, dtype=torch.float32),
        "one-hot": torch.eye(P, dtype=torch.float64)[torch.arange(9) % P],
        "some": torch.eye(P, dtype=torch.float64)[torch.arange(9) % P],
    }[labels]
    uniform = torch.full((9, 1), labels in ("uniform", "rounded"))
    if labels == "some":  # as `true` gives an image that shows none of the network's classes
        g[:4], uniform[:4] = 1 / P, True
    ys = heads.forward(head, x)
    exact = heads.backward(head, ys, float("inf"), g)
    near = heads.backward(head, ys, 1e6, None if labels == "rounded" else g)
    for name, dy in exact.items():
        scale = torch.where(uniform, 1e12, 1e6)
        assert (near[name] * scale - dy).abs().max() < 1e-4 * dy.abs().max()
        cosine = torch.cosine_similarity(near[name] * scale, dy, dim=1)
        assert (cosine > 1 - 1e-9).all()
    assert torch.allclose(exact["dy8"].sum(dim=1), torch.zeros(9, dtype=torch.float64), atol=1e-12)


def test_at_infinity_a_uniform_label_leaves_the_centred_logits() -> None:
    y = torch.tensor([[3.0, 0.0, -6.0]])
    assert heads.last_gradient(y, float("inf")).tolist() == [[4 / 3, 1 / 3, -5 / 3]]
