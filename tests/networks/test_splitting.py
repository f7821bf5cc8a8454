"""A module is split where its fully connected layers begin, and refused where the split would be wrong."""

from collections.abc import Callable

import pytest
import torch
import torchvision
from torch import Tensor, nn

from gradviz.errors import NetworkError
from gradviz.networks.splitting import find_run, split
from tests.random_networks import images


class Between(nn.Module):
    """End in a Sequential, but do `then` to what it gives, or `before` to what it is given."""

    def __init__(self, classifier: nn.Module, before: Callable | None = None, then: Callable | None = None) -> None:
        super().__init__()
        self.features = nn.Conv2d(3, 2, 4)
        self.classifier = classifier
        self.before = before or (lambda x: x.flatten(1))
        self.then = then or (lambda y: y)

    def forward(self, x: Tensor) -> Tensor:
        return self.then(self.classifier(self.before(self.features(x))))


def reduced(y: Tensor) -> Tensor:
    """Average over rows, of logits alone."""
    return y.mean(1) if y.shape[-1] == 3 else y


def sequential() -> nn.Sequential:
    parts = (nn.Dropout(), nn.Linear(2, 5), nn.Dropout(), nn.ReLU(inplace=True), nn.Identity(), nn.Linear(5, 3))
    return nn.Sequential(*parts)


def test_the_run_begins_at_the_first_linear() -> None:
    run = find_run(Between(sequential()))
    assert (run.container, run.start, run.activations) == ("classifier", "1", ("relu",))
    assert [path for path, _ in run.linears] == ["classifier.1", "classifier.5"]


def test_layers_without_an_activation_between_them() -> None:
    assert find_run(nn.Sequential(nn.Tanhshrink(), nn.Linear(4, 3), nn.Linear(3, 2))).activations == ("identity",)


@pytest.mark.parametrize(
    ("activation", "name"),
    [
        (nn.LeakyReLU(0.2), "leaky_relu(0.2)"),
        (nn.LeakyReLU(3, inplace=True), "leaky_relu(3)"),
        (nn.LeakyReLU(), "leaky_relu"),
        (nn.ELU(0.7), "elu(0.7)"),
        (nn.ELU(alpha=1), "elu"),
        (nn.GELU("tanh"), "gelu(tanh)"),
    ],
)
def test_an_activation_keeps_its_parameter(activation: nn.Module, name: str) -> None:
    module = Between(nn.Sequential(nn.Linear(2, 5), activation, nn.Linear(5, 3))).eval()
    assert find_run(module).activations == (name,)
    _, head = split(module, first=1, input_size=4)
    y = torch.linspace(-3, 3, 7, dtype=torch.float64, requires_grad=True)
    expected = activation(y.clone())
    (slope,) = torch.autograd.grad(expected.sum(), y)
    assert torch.equal(head.activate(1, y.detach()), expected.detach())
    assert torch.equal(head.slope(1, y.detach()), slope)


def test_a_kind_of_activation_of_ones_own_leaves_the_last_layer() -> None:
    class Shifted(nn.ReLU):
        def forward(self, input: Tensor) -> Tensor:
            return super().forward(input + 1)

    module = Between(nn.Sequential(nn.Linear(2, 5), Shifted(), nn.Linear(5, 3))).eval()
    assert [path for path, _ in find_run(module).linears] == ["classifier.2"]
    assert len(split(module, first=1, input_size=4)[1].weights) == 1


def test_layers_called_by_hand_leave_the_last_one() -> None:
    module = nn.Module()
    module.fc1, module.fc2 = nn.Linear(4, 4), nn.Linear(4, 2)
    assert [path for path, _ in find_run(module).linears] == ["fc2"]


def test_the_body_ends_where_the_head_begins() -> None:
    body, head = split(Between(sequential()).eval(), first=6, input_size=4)
    assert body(images(2, 4)).shape == (2, 2)
    assert [tuple(W.shape) for W in head.weights] == [(2, 5), (5, 3)]
    assert not any(parameter.requires_grad for parameter in body.parameters())


def test_a_sequential_module_is_cut_itself() -> None:
    module = nn.Sequential(nn.Flatten(), nn.Linear(48, 4), nn.Softsign(), nn.Linear(4, 3)).eval()
    body, head = split(module, first=1, input_size=4)
    assert (len(list(body.children())), len(head.weights)) == (3, 1)


@pytest.mark.parametrize(
    ("module", "reason"),
    [
        (nn.Sequential(nn.Flatten(), nn.Linear(48, 3), nn.Softmax(dim=1)), "does not end in a fully connected layer"),
        (nn.Sequential(nn.Flatten(), nn.Linear(48, 3), nn.ReLU()), "does not end in a fully connected layer"),
        (nn.Conv2d(3, 3, 1), "does not end in a fully connected layer"),
        (nn.Sequential(nn.Linear(4, 4), nn.ReLU(), nn.Tanh(), nn.Linear(4, 2)), "ReLU|relu, tanh"),
        (Between(sequential(), then=lambda y: 2 * y), "do not reproduce"),
        (Between(sequential(), then=lambda y: y.log_softmax(1) + y), "do not reproduce"),
        (Between(nn.Linear(1, 3)), "cannot be run on two images"),
        (Between(nn.Sequential(nn.Linear(1, 3), nn.Flatten()), before=lambda x: x.flatten(2)), "one row of features"),
        (Between(nn.Linear(1, 3), before=lambda x: x.flatten(2)), "one row of logits"),
        (Between(nn.Linear(2, 3), lambda x: x.repeat(1, 1, 1, 2)[:, :, 0], reduced), "one row of features"),
    ],
)
def test_what_cannot_be_split_is_refused_in_one_line(module: nn.Module, reason: str) -> None:
    with pytest.raises(NetworkError, match=reason) as refusal:
        split(module.eval(), first=1, input_size=4)
    assert "\n" not in str(refusal.value)


def test_a_layer_used_twice_is_refused() -> None:
    shared = nn.Linear(4, 4)
    module = nn.Sequential(nn.Flatten(), nn.Linear(48, 4), nn.Softsign(), shared, nn.ReLU(), shared).eval()
    with pytest.raises(NetworkError, match="share one weight"):
        split(module, first=1, input_size=4)


def test_one_activation_may_stand_in_several_places() -> None:
    relu = nn.ReLU(inplace=True)
    parts = (nn.Linear(48, 6), relu, nn.Softsign(), nn.Linear(6, 5), relu, nn.Linear(5, 4), relu, nn.Linear(4, 3))
    body, head = split(nn.Sequential(nn.Flatten(), *parts).eval(), first=1, input_size=4)
    assert (head.activations, len(list(body.children()))) == (("relu", "relu"), 4)


def test_a_network_that_was_never_trained_is_refused_for_what_it_is() -> None:
    torch.manual_seed(0)
    module = torchvision.models.mobilenet_v3_small(num_classes=7).eval()
    with pytest.raises(NetworkError, match="between classes, as in one that was never trained"):
        split(module, first=1, input_size=64)


def test_weights_that_are_not_numbers_are_refused() -> None:
    module = Between(sequential()).eval()
    torch.nn.init.constant_(module.features.weight, torch.nan)
    with pytest.raises(NetworkError, match="relative error inf"):
        split(module, first=1, input_size=4)
