"""One photograph through a network: every number against the whole module in float64 and autograd."""

import copy
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from gradviz.datasets import ImageSet, find
from gradviz.errors import ChoiceError
from gradviz.experiment import Experiment
from gradviz.features.one_image import Passage, explicit_gradient, follow, places
from gradviz.features.pseudo_labels import pseudo_label
from gradviz.networks import network
from gradviz.networks.loading import Model, assemble, load
from gradviz.networks.transforms import seen
from gradviz.spec import Spec
from tests.random_networks import images as noise

TEMPERATURES = (0.5, 1.0, 8.0)


@pytest.fixture(scope="module")
def pictures(voc_root: Path) -> ImageSet:
    return find(voc_root)


@pytest.fixture(scope="module")
def model() -> Model:
    return load("alexnet64", device="cpu")


def passage(model: Model, images: ImageSet, position: int, kind: str = "uniform", **more) -> Passage:
    label = pseudo_label(kind, model, images)
    return follow(model, images, position, temperatures=TEMPERATURES, label=label, **more)


def whole(model: Model) -> nn.Module:
    """Body and head as one module in float64, built from the explicit parts."""
    layers: list[nn.Module] = []
    for W, b in zip(model.head.weights, model.head.biases, strict=True):
        linear = nn.Linear(*W.shape).double()
        linear.weight.data, linear.bias.data = W.T.double(), b.double()
        layers += [linear, nn.ReLU()]
    return nn.Sequential(copy.deepcopy(model.body).double(), *layers[:-1])


@pytest.mark.parametrize("kind", ["uniform", "predicted"])
def test_every_vector_is_what_the_whole_module_computes_in_float64(model: Model, pictures: ImageSet, kind: str) -> None:
    found, module = passage(model, pictures, 5, kind), whole(model)
    ys: list[torch.Tensor] = []
    for layer in module:
        if isinstance(layer, nn.Linear):
            layer.register_forward_hook(lambda _, __, output: ys.append(output))
    view = model.transform("center")(pictures.open(5)).double()
    logits = module(view)
    np.testing.assert_allclose(found.vectors["x5"], module[0](view)[0].detach(), rtol=1e-4, atol=1e-5)
    for k, y in zip((6, 7, 8), ys, strict=True):
        np.testing.assert_allclose(found.vectors[f"y{k}"], y[0].detach(), rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(found.vectors["x7"], ys[1][0].detach().clamp_min(0), rtol=1e-4, atol=1e-4)
    g = torch.full((200,), 1 / 200, dtype=torch.float64)
    if kind == "predicted":
        g = torch.eye(200, dtype=torch.float64)[logits[0].argmax()]
    np.testing.assert_allclose(found.g, g, atol=1e-12)
    for t, tau in enumerate(TEMPERATURES):
        energy = -(g * torch.log_softmax(logits[0] / tau, dim=0)).sum()
        for k, dy in zip((6, 7, 8), torch.autograd.grad(energy, ys, retain_graph=True), strict=True):
            scale = float(dy.abs().max())
            np.testing.assert_allclose(found.gradients[f"dy{k}"][t], dy[0], atol=1e-4 * scale)
        p = torch.softmax(logits[0] / tau, dim=0).detach()
        np.testing.assert_allclose(found.probabilities[t], p, rtol=1e-3, atol=1e-9)
        np.testing.assert_allclose((found.probabilities[t] - found.g) / tau, (p - g) / tau, atol=1e-5)


@pytest.mark.parametrize("preprocess", ["center", "tencrop"])
def test_two_photographs_give_the_entry_of_the_kernel(model: Model, pictures: ImageSet, preprocess: str) -> None:
    chosen = pictures.select(None, 6)[[1, 4]]
    a, b = (passage(model, pictures, int(i), preprocess=preprocess) for i in chosen)
    assert a.crops == (10 if preprocess == "tencrop" else 1)
    spec = Spec(images=6, temperature=8, preprocess=preprocess)
    kernel = Experiment(pictures, spec, device="cpu").kernel("dW7")
    row, col = (kernel.rows.ids.index(pictures.ids[i]) for i in chosen)
    for name, K in (("x6", kernel.K_fw), ("dy7", kernel.K_bw)):
        one, other = (p.vectors[name] if name == "x6" else p.gradients[name][2] for p in (a, b))
        cosine = one @ other / np.linalg.norm(one) / np.linalg.norm(other)
        assert cosine == pytest.approx(K[row, col], abs=2e-6)


@pytest.mark.parametrize("k", [6, 7, 8])
@pytest.mark.parametrize("kind", ["uniform", "predicted"])
def test_the_gradient_that_autograd_forms_is_the_outer_product(
    model: Model, pictures: ImageSet, k: int, kind: str
) -> None:
    label = pseudo_label(kind, model, pictures)
    found = explicit_gradient(model, pictures, 3, k, temperature=2.0, label=label)
    passed = passage(model, pictures, 3, kind)
    assert found.shape == (len(passed.vectors[f"x{k - 1}"]), len(passed.gradients[f"dy{k}"][0]))
    assert 0 <= found.difference < 1e-5 * found.largest
    slow = np.outer(passed.vectors[f"x{k - 1}"], follow_at(model, pictures, 3, 2.0, kind).gradients[f"dy{k}"][0])
    assert found.largest == pytest.approx(np.abs(slow).max(), rel=1e-4)
    with pytest.raises(ChoiceError, match="no fully connected layer 9"):
        explicit_gradient(model, pictures, 3, 9, temperature=2.0, label=label)


def follow_at(model: Model, images: ImageSet, position: int, tau: float, kind: str) -> Passage:
    return follow(model, images, position, temperatures=[tau], label=pseudo_label(kind, model, images))


def test_ten_crops_are_no_product_and_the_difference_says_so(model: Model, pictures: ImageSet) -> None:
    label = pseudo_label("uniform", model, pictures)
    found = explicit_gradient(model, pictures, 3, 6, temperature=1.0, label=label, preprocess="tencrop")
    assert found.difference > 1e-3 * found.largest


@pytest.fixture(scope="module")
def pooled() -> Model:
    """SqueezeNet with random weights and its usual head: a convolution that stands at every place."""
    torch.manual_seed(1)
    entry = network("squeezenet1_1")
    return assemble(entry, entry.function()(num_classes=1000, **entry.options).eval(), digest="random")


def test_where_it_is_from_adds_up_for_flat_and_pooled_maps(model: Model, pooled: Model, pictures: ImageSet) -> None:
    for net, how, side in ((model, "flat", 4), (pooled, "pooled", 13)):
        a, b = (passage(net, pictures, i) for i in (2, 9))
        entry = net.network.entry
        assert a.place is not None
        assert a.place.how == how
        shares = places(a, b)
        assert shares is not None
        for share in shares:
            assert share.shape == (side, side)
            assert share.sum() == pytest.approx(float(a.vectors[entry] @ b.vectors[entry]), rel=1e-4)
        slow = np.zeros((side, side))
        for i in range(side):
            for j in range(side):
                other = b.place.values[:, i, j] if how == "flat" else b.place.values.mean(axis=(1, 2)) / side**2
                slow[i, j] = float(a.place.values[:, i, j].astype(np.float64) @ other.astype(np.float64))
        np.testing.assert_allclose(shares[0], slow, rtol=1e-5, atol=1e-9)


def test_ten_crops_have_no_places(model: Model, pictures: ImageSet) -> None:
    a = passage(model, pictures, 2, preprocess="tencrop")
    assert a.place is None
    assert places(a, a) is None


def test_a_pooled_layer_says_by_how_much_it_is_an_approximation(pooled: Model, pictures: ImageSet) -> None:
    net = pooled
    found = explicit_gradient(net, pictures, 2, 10, temperature=1.0, label=pseudo_label("uniform", net, pictures))
    module = nn.Sequential(net.body, nn.Conv2d(512, 1000, 1), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten())
    module[1].weight.data, module[1].bias.data = net.head.weights[0].T[:, :, None, None], net.head.biases[0]
    logits = module(net.transform("center")(pictures.open(2)))
    energy = -torch.log_softmax(logits, dim=1).mean()
    true = torch.autograd.grad(energy, module[1].weight)[0][:, :, 0, 0].T.numpy()
    passed = passage(net, pictures, 2)
    product = np.outer(passed.vectors["x9"], passed.gradients["dy10"][1])
    assert found.largest == pytest.approx(np.abs(true).max(), rel=1e-4)
    assert found.difference == pytest.approx(np.abs(true - product).max(), rel=1e-3)


@pytest.mark.parametrize("size", [(500, 375), (90, 64), (64, 200)])
def test_what_is_shown_is_what_the_network_sees(model: Model, size: tuple[int, int]) -> None:
    """What is bright in the middle of the part that `seen` names is bright in the middle of what the network gets."""
    left, top, right, bottom = seen(model.preset, "center", size)
    assert right - left == pytest.approx(bottom - top)
    picture = np.zeros((size[1], size[0], 3), np.uint8)
    edge = 0.25 * (right - left)
    picture[round(top + edge) : round(bottom - edge), round(left + edge) : round(right - edge)] = 255
    view = model.transform("center")(Image.fromarray(picture))[0].mean(dim=0)
    bright = (view - view.min()) / (view.max() - view.min()) > 0.5
    rows, cols = (torch.nonzero(bright.any(dim=d)).flatten() for d in (1, 0))
    for found in (rows, cols):
        assert int(found[0]) == pytest.approx(16, abs=2)
        assert int(found[-1]) == pytest.approx(47, abs=2)
    assert seen(model.preset, "squash", size) == (0, 0, *size)


def test_the_body_is_watched_without_a_trace(model: Model, pictures: ImageSet) -> None:
    before = {name: len(module._forward_hooks) for name, module in model.body.named_modules()}
    view = noise(2, 64)
    first = model.forward(view)["y8"]
    passage(model, pictures, 1)
    assert {name: len(module._forward_hooks) for name, module in model.body.named_modules()} == before
    assert torch.equal(model.forward(view)["y8"], first)
