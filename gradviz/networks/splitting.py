"""Split a torch module into its body and its explicit head, and prove on two images that nothing was lost."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from gradviz.errors import NetworkError
from gradviz.networks.head import ACTIVATIONS, Head, backward, forward
from gradviz.representations import layer_gradient, layer_output

TOLERANCE = 1e-3
"""Largest relative error (Frobenius norm) of logits and gradients between the split and the whole module."""

_INERT = (nn.Dropout, nn.Identity, nn.Flatten)
"""Modules that change nothing in a row of features at test time."""
_NAMES = {module: name for name, (module, _) in ACTIVATIONS.items()}


@dataclass(frozen=True)
class Run:
    """Hold the fully connected layers that end a module: the container's path, its first child to cut, the layers."""

    container: str
    start: str
    linears: tuple[tuple[str, nn.Linear], ...]
    activations: tuple[str, ...]


def find_run(module: nn.Module) -> Run:
    """Find the trailing run of nn.Linear, elementwise activations, Dropout, Flatten and Identity in one container.

    Raises
    ------
    NetworkError
        Where the module does not end in a fully connected layer.
    """
    path, container = "", module
    children = _children(container)
    while children and not isinstance(children[-1][1], nn.Linear) and list(children[-1][1].children()):
        name, container = children[-1]
        path = f"{path}.{name}".strip(".")
        children = _children(container)
    if not isinstance(container, nn.Sequential):
        children = children[-1:]
    run: list[tuple[str, nn.Module]] = []
    for name, child in reversed(children):
        if not isinstance(child, (nn.Linear, *_INERT, *_NAMES)):
            break
        run.insert(0, (name, child))
    while run and not isinstance(run[0][1], nn.Linear):
        run.pop(0)
    while run and isinstance(run[-1][1], _INERT):
        run.pop()
    if not run or not isinstance(run[-1][1], nn.Linear):
        last = type(run[-1][1] if run else children[-1][1] if children else module).__name__
        raise NetworkError(
            f"{type(module).__name__} does not end in a fully connected layer (nn.Linear), but in {last}."
        )
    linears = tuple((f"{path}.{name}".strip("."), child) for name, child in run if isinstance(child, nn.Linear))
    return Run(path, run[0][0], linears, _between([child for _, child in run]))


def _children(module: nn.Module) -> list[tuple[str, nn.Module]]:
    # _modules, since named_children() leaves out a module, such as one ReLU, that stands in two places.
    return [(name, child) for name, child in module._modules.items() if child is not None]


def _between(run: list[nn.Module]) -> tuple[str, ...]:
    """List the names of the activations between each layer and the next."""
    names: list[str] = []
    seen: list[str] = []
    for child in run[1:]:
        if isinstance(child, nn.Linear):
            if len(seen) > 1:
                raise NetworkError(
                    f"Two activations follow each other before a fully connected layer: {', '.join(seen)}."
                )
            names.append(seen[0] if seen else "identity")
            seen = []
        elif not isinstance(child, _INERT):
            seen.append(_NAMES[type(child)])
    return tuple(names)


def split(module: nn.Module, *, first: int, input_size: int) -> tuple[nn.Module, Head]:
    """Take the trailing fully connected layers off a module in eval mode.

    The module is consumed: it becomes the body, and nothing is written onto it afterwards. Before and after, two
    random images go through: logits and every dE/dW_k of the explicit head are compared with autograd through the
    whole module, so that hidden activations and everything between the layers are proven, not assumed.

    Parameters
    ----------
    module
        In eval mode, on the CPU.
    first
        Number of its first fully connected layer.
    input_size
        Side of the random images, in pixels.

    Returns
    -------
    body, head
        What remains of the module, and its fully connected layers.

    Raises
    ------
    NetworkError
        Where the two parts do not reproduce the module.
    """
    run = find_run(module)
    head = Head(
        weights=tuple(linear.weight.detach().T for _, linear in run.linears),
        biases=tuple(None if linear.bias is None else linear.bias.detach() for _, linear in run.linears),
        activations=run.activations,
        first=first,
    )
    images = proof_images(input_size).to(head.weights[0].dtype)
    name = type(module).__name__
    try:
        logits, gradients = _by_autograd(module, run, images)
        body = _cut(module, run)
        _compare(head, body, images, logits, gradients)
    except NetworkError:
        raise
    except Exception as error:  # the module may be somebody else's code, which can fail in any way
        said = " ".join(str(error).split())[:300]
        raise NetworkError(
            f"{name} cannot be run on two images of {input_size} x {input_size} pixels: {type(error).__name__}: {said}"
        ) from error
    return body, head


def proof_images(side: int) -> Tensor:
    """Return the two random images (2, 3, side, side) that every network is proven on."""
    return torch.randn(2, 3, side, side, generator=torch.Generator().manual_seed(0))


def check_alone(body: nn.Module, input_size: int, name: str) -> None:
    """Refuse a body whose features of an image depend on the other images of its batch, or on chance.

    Eight images, the two in turn, go through together, twice, and one at a time. Raises NetworkError.
    """
    images = proof_images(input_size).repeat(4, 1, 1, 1)
    with torch.no_grad():
        together, again = body(images), body(images)
        if not _error(again, together) <= TOLERANCE:
            raise NetworkError(f"{name} makes something else of the same images each time: it draws at random.")
        why = "it depends on the other images of its batch, as a normalisation over the batch does"
        try:
            alone = torch.cat([body(image[None]) for image in images[:2]]).repeat(4, *[1] * (together.ndim - 1))
        except Exception as error:
            said = " ".join(str(error).split())[:300]
            raise NetworkError(f"{name} cannot be run on one image: {type(error).__name__}: {said}; {why}.") from error
    if alone.shape != together.shape or not _error(alone, together) <= TOLERANCE:
        raise NetworkError(f"{name} cannot be used: what it makes of an image changes when it is alone; {why}.")


def _cut(module: nn.Module, run: Run) -> nn.Module:
    """Remove the run from its container."""
    container = module.get_submodule(run.container)
    if not isinstance(container, nn.Sequential):
        setattr(container, run.start, nn.Identity())
        return module
    children = _children(container)
    kept = nn.Sequential(*(child for _, child in children[: [name for name, _ in children].index(run.start)])).eval()
    if not run.container:
        return kept
    parent, _, name = run.container.rpartition(".")
    setattr(module.get_submodule(parent), name, kept)
    return module


def _by_autograd(module: nn.Module, run: Run, images: Tensor) -> tuple[Tensor, tuple[Tensor, ...]]:
    """Run the whole module with a graph over its head alone; return logits, and dE/dW_k shaped as torch stores W_k."""
    weights = [linear.weight for _, linear in run.linears]
    if len({id(weight) for weight in weights}) < len(weights):
        raise NetworkError(f"Two fully connected layers at the end of {type(module).__name__} share one weight.")
    for parameter in module.parameters():
        parameter.requires_grad_(False)
    for weight in weights:
        weight.requires_grad_(True)
    with torch.enable_grad():
        logits = module(images)
        if not isinstance(logits, Tensor) or logits.ndim != 2:
            given = f"a tensor {tuple(logits.shape)}" if isinstance(logits, Tensor) else type(logits).__name__
            raise NetworkError(f"{type(module).__name__} must return one row of logits per image, not {given}.")
        energy = -torch.log_softmax(logits, dim=1).mean(dim=1).sum()
        used = torch.autograd.grad(energy, weights, allow_unused=True) if energy.requires_grad else [None]
        gradients = tuple(gradient for gradient in used if gradient is not None)
        if len(gradients) < len(weights):
            unused = next(path for (path, _), gradient in zip(run.linears, used, strict=False) if gradient is None)
            raise NetworkError(
                f"{type(module).__name__} holds {unused} as its last fully connected layer, but its forward does not "
                "use it: register the layer that gives the logits last."
            )
    for weight in weights:
        weight.requires_grad_(False)
    return logits.detach(), gradients


def _compare(head: Head, body: nn.Module, images: Tensor, logits: Tensor, gradients: tuple[Tensor, ...]) -> None:
    """Compare the split network with the whole one.

    E is summed over the two images, so dE/dW_k = X_{k-1}^T dE/dY_k: a matrix of rank two that fixes both factors.
    """
    with torch.no_grad():
        x = body(images)
        if x.ndim != 2 or x.shape[1] != head.weights[0].shape[0]:
            raise NetworkError("The first fully connected layer does not receive one row of features per image.")
        outputs = forward(head, x)
        dys = backward(head, outputs)
        wrong = _error(outputs[head.outputs[-1]], logits)
        for k, gradient in enumerate(gradients, head.first):
            if k > head.first:
                x = head.activate(k - 1, outputs[layer_output(k - 1)])
            wrong = max(wrong, _error(dys[layer_gradient(k)].T @ x, gradient))
    if not wrong <= TOLERANCE:
        raise NetworkError(
            "The explicit fully connected layers do not reproduce this network's gradients "
            f"(relative error {wrong:.1g} on two images), since something else is computed between or after them: it "
            "cannot be used."
        )


def _error(value: Tensor, truth: Tensor) -> float:
    """Compute the relative error in the Frobenius norm, infinite for anything that is not finite."""
    error = float((value - truth).norm() / truth.norm().clamp_min(1e-30))
    return error if error == error else float("inf")
