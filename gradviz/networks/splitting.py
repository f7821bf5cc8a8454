"""Split a torch module into its body and its explicit head, and prove on two images that nothing was lost."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor, nn

from gradviz.errors import NetworkError
from gradviz.networks.fingerprint import settings, weights
from gradviz.networks.head import ACTIVATIONS, Head, activation_name, backward, forward
from gradviz.representations import layer_gradient, layer_output

TOLERANCE = 1e-3
"""Largest relative error (Frobenius norm) of logits and gradients between the split and the whole module."""
SAME = 1e-3
"""Logits that differ by less between classes give gradients of which float32 loses more than TOLERANCE."""

_INERT = (nn.Dropout, nn.Identity, nn.Flatten)
"""Modules that change nothing in a row of features at test time."""


@dataclass(frozen=True)
class Run:
    """Hold the fully connected layers that end a module: the container's path, its first child to cut, the layers.

    `uncalled` are layers after them whose weights are used without a call of the layer, so that they cannot be cut off.
    `ended_by` is what stands before them where other fully connected layers stand before that.
    """

    container: str
    start: str
    linears: tuple[tuple[str, nn.Linear], ...]
    activations: tuple[str, ...]
    uncalled: tuple[str, ...] = ()
    ended_by: str = ""


def find_run(module: nn.Module, uncalled: tuple[str, ...] = ()) -> Run:
    """Find the trailing run of nn.Linear, elementwise activations, Dropout, Flatten and Identity in one container.

    Parameters
    ----------
    module
        What ends in fully connected layers.
    uncalled
        Layers to leave out, with the modules around them that hold no other: see `find_called`.

    Raises
    ------
    NetworkError
        Where the module does not end in a fully connected layer.
    """
    left_out = {module.get_submodule(path) for path in uncalled}
    path, container = "", module
    children = _children(container, left_out)
    while children and not isinstance(children[-1][1], nn.Linear) and list(children[-1][1].children()):
        name, container = children[-1]
        path = f"{path}.{name}".strip(".")
        children = _children(container, left_out)
    if not isinstance(container, nn.Sequential):
        children = children[-1:]
    run: list[tuple[str, nn.Module]] = []
    ended_by = ""
    for place, (name, child) in reversed([*enumerate(children)]):
        if not isinstance(child, (nn.Linear, *_INERT)) and activation_name(child) is None:
            if any(isinstance(before, nn.Linear) for _, before in children[:place]):
                ended_by = f"{f'{path}.{name}'.strip('.')} ({type(child).__name__})"
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
            + "".join(f" {note}" for note in uncalled_notes(uncalled))
        )
    linears = tuple((f"{path}.{name}".strip("."), child) for name, child in run if isinstance(child, nn.Linear))
    return Run(path, run[0][0], linears, _between([child for _, child in run]), uncalled, ended_by)


def find_called(module: nn.Module, input_size: int) -> Run:
    """Find the trailing run whose layers a module calls when it sees images; gradients of its parameters are switched
    off.

    torch.nn.MultiheadAttention, for one, takes the weight of its out_proj without calling it. Raises NetworkError as
    `find_run` does, and where the forward does not use the layers.
    """
    return _find_and_run(module, proof_images(input_size))[0]


def uncalled_notes(uncalled: tuple[str, ...]) -> tuple[str, ...]:
    """Name the layers that are not offered because they are not called, in one sentence, or none."""
    if not uncalled:
        return ()
    which = f"{', '.join(uncalled)} {'is' if len(uncalled) == 1 else 'are'}"
    return (
        f"{which} not offered: the weight is used without a call of the layer, as torch.nn.MultiheadAttention does "
        "with its out_proj.",
    )


def ended_note(ended_by: str) -> tuple[str, ...]:
    """Say which module no layer before is offered for, in one sentence, or nothing where there are none before."""
    if not ended_by:
        return ()
    known = ", ".join(module.__name__ for module, _ in ACTIVATIONS.values() if module is not nn.Identity)
    return (
        f"The fully connected layers before {ended_by} are not offered, since gradients are written out for these "
        f"activations alone: {known}.",
    )


def _find_and_run(module: nn.Module, images: Tensor) -> tuple[Run, Tensor, tuple[Tensor, ...]]:
    """Find the run, and the logits and gradients of the whole module, leaving out what it does not call."""
    uncalled: tuple[str, ...] = ()
    while True:
        run = find_run(module, uncalled)
        called: set[nn.Module] = set()
        note = partial(_note, called)
        hooks = [linear.register_forward_hook(note) for _, linear in run.linears]
        try:
            with _seeing(module, images):
                logits, gradients = _by_autograd(module, run, images.to(run.linears[0][1].weight.dtype))
        finally:
            for hook in hooks:
                hook.remove()
        found = tuple(path for path, linear in run.linears if linear not in called)
        if not found:
            return run, logits, gradients
        uncalled += found


def _note(called: set[nn.Module], layer: nn.Module, *_: object) -> None:
    called.add(layer)


@contextmanager
def _seeing(module: nn.Module, images: Tensor) -> Iterator[None]:
    """Turn whatever a module raises on images, which may be somebody else's code, into one sentence."""
    name, side = type(module).__name__, images.shape[-1]
    try:
        yield
    except NetworkError:
        raise
    except Exception as error:
        said = " ".join(str(error).split())[:300]
        raise NetworkError(
            f"{name} cannot be run on two images of {side} x {side} pixels: {type(error).__name__}: {said}"
        ) from error


def _children(module: nn.Module, left_out: Collection[nn.Module] = ()) -> list[tuple[str, nn.Module]]:
    # _modules, since named_children() leaves out a module, such as one ReLU, that stands in two places.
    children = [(name, child) for name, child in module._modules.items() if child is not None]
    return [(name, child) for name, child in children if not _is_left_out(child, left_out)]


def _is_left_out(module: nn.Module, left_out: Collection[nn.Module]) -> bool:
    linears = {part for part in module.modules() if isinstance(part, nn.Linear)}
    return bool(linears) and linears <= {*left_out}


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
        elif not isinstance(child, _INERT) and (name := activation_name(child)):
            seen.append(name)
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
    images = proof_images(input_size)
    run, logits, gradients = _find_and_run(module, images)
    head = Head(
        weights=tuple(linear.weight.detach().T for _, linear in run.linears),
        biases=tuple(None if linear.bias is None else linear.bias.detach() for _, linear in run.linears),
        activations=run.activations,
        first=first,
    )
    try:
        with _seeing(module, images):
            body = _cut(module, run)
            _compare(head, body, images.to(head.weights[0].dtype), logits, gradients)
    except NetworkError as error:
        if not run.uncalled:
            raise
        (note,) = uncalled_notes(run.uncalled)
        raise NetworkError(
            f"{type(module).__name__} cannot be used: {run.linears[-1][0]}, the last fully connected layer that it "
            f"calls, does not give its logits. {note}"
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
        # A forward may write into its input.
        together, again = body(images.clone()), body(images.clone())
        if not _error(again, together) <= TOLERANCE:
            raise NetworkError(f"{name} makes something else of the same images each time: it draws at random.")
        why = "it depends on the other images of its batch, as a normalisation over the batch does"
        try:
            alone = torch.cat([body(image[None].clone()) for image in images[:2]]).repeat(4, *[1] * (together.ndim - 1))
        except Exception as error:
            said = " ".join(str(error).split())[:300]
            raise NetworkError(f"{name} cannot be run on one image: {type(error).__name__}: {said}; {why}.") from error
    if alone.shape != together.shape or not _error(alone, together) <= TOLERANCE:
        raise NetworkError(f"{name} cannot be used: what it makes of an image changes when it is alone; {why}.")


def check_lasting(module: nn.Module, input_size: int, name: str) -> None:
    """Refuse a module that is not the same after a forward pass, or that gives the same images something else then.

    What it makes of two images is compared before and after others went through, and so are its weights and settings,
    once it has seen the two: what it notes down about its input, or makes for its first use, may stay. Raises
    NetworkError; a module that cannot be run at all passes, since `split` says what is wrong with it.
    """
    images = proof_images(input_size)
    try:
        with torch.no_grad():
            module(images.clone())
            first, state, drawn = module(images.clone()), _state(module), torch.get_rng_state()
            module(-3 * images)
            again, after, moved = module(images.clone()), _state(module), torch.get_rng_state()
    except Exception:
        return
    changed = sorted(what for what in {**state, **after} if state.get(what) != after.get(what))
    if changed:
        raise NetworkError(
            f"{name} cannot be used: its forward changes {changed[0]}, so that what it makes of a photograph may "
            "depend on those before it. Let it do so in training alone (`if self.training:`)."
        )
    if not torch.equal(drawn, moved):
        raise NetworkError(f"{name} makes something else of the same images each time: it draws at random.")
    if isinstance(first, Tensor) and isinstance(again, Tensor) and not _error(again, first) <= TOLERANCE:
        raise NetworkError(f"{name} makes something else of the same images each time: it depends on what ran before.")


def _state(module: nn.Module) -> dict[str, str]:
    return {**weights(module), **settings(module)}


def _cut(module: nn.Module, run: Run) -> nn.Module:
    """Remove the run, and what follows it, from its container, which keeps its own forward and hooks."""
    container = module.get_submodule(run.container)
    if not isinstance(container, nn.Sequential):
        setattr(container, run.start, nn.Identity())
        return module
    names = list(container._modules)
    for name in names[names.index(run.start) :]:
        del container._modules[name]
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
        logits = module(images.clone())  # it may write into its input
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
        x = body(images.clone())
        if x.ndim != 2 or x.shape[1] != head.weights[0].shape[0]:
            raise NetworkError("The first fully connected layer does not receive one row of features per image.")
        outputs = forward(head, x)
        dys = backward(head, outputs)
        of_logits = wrong = _error(outputs[head.outputs[-1]], logits)
        for k, gradient in enumerate(gradients, head.first):
            if k > head.first:
                x = head.activate(k - 1, outputs[layer_output(k - 1)])
            wrong = max(wrong, _error(dys[layer_gradient(k)].T @ x, gradient))
    apart = float((logits.amax(1) - logits.amin(1)).min())
    if of_logits <= TOLERANCE < wrong and apart < SAME:
        raise NetworkError(
            f"This network's logits differ by {apart:.1g} between classes, as in one that was never trained: rounding "
            "is larger than its gradients, so that there is nothing to look at. Give it trained weights."
        )
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
