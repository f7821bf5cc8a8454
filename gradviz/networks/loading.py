"""Load a network: body and explicit head, proven against autograd, shared by everybody and never written to."""

import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from PIL import Image
from torch import Tensor, nn
from torch.nn import functional

from gradviz.errors import ChoiceError, NetworkError
from gradviz.networks import Layer, Network, table, transforms
from gradviz.networks import classes as class_names
from gradviz.networks import head as heads
from gradviz.networks import weights as files
from gradviz.networks.building import adapt, build, fill
from gradviz.networks.classes import description
from gradviz.networks.head import Head
from gradviz.networks.splitting import proof_images, split
from gradviz.networks.transforms import Preset

_KEPT = 2
"""Networks kept in memory; VGG takes half a gigabyte."""
_lock = threading.Lock()
_loaded: OrderedDict[tuple[str, str, str], "Model"] = OrderedDict()


@dataclass(frozen=True, eq=False)
class Model:
    """Hold a loaded network; threads may share it, since a forward pass writes nothing onto it.

    Parameters
    ----------
    network
        Entry of the table, with the widths of these weights.
    body, head
        The module up to the first fully connected layer, and the layers.
    preset
        The preprocessing that belongs to the weights.
    digest
        SHA-256 of the file of weights.
    function
        Digest of what a network of the user's own computes; empty for one of the table, whose name says it.
    notes
        What the user should know.
    device
        Where body and head are.
    classes, wnids
        Names and ImageNet synsets of the P classes ("" where no synset is known).
    """

    network: Network
    body: nn.Module
    head: Head
    preset: Preset
    digest: str
    device: torch.device
    classes: tuple[str, ...]
    wnids: tuple[str, ...]
    function: str = ""
    notes: tuple[str, ...] = ()

    @property
    def outputs(self) -> int:
        """Return the number of classes P."""
        return self.head.classes

    @property
    def layers(self) -> tuple[Layer, ...]:
        """Return the fully connected layers with the widths of these weights."""
        return self.network.layers

    @property
    def arrays(self) -> dict[str, int]:
        """Return the widths of what a forward pass yields: x5 and every y."""
        return self.network.arrays

    @property
    def batch(self) -> int:
        """Return the number of images to process at once."""
        return self.network.batch(self.device.type)

    def described(self) -> dict[str, object]:
        """Return as JSON values what its features depend on beside name and weights.

        `function_digest` (None for a network of the table, whose name says it), `input_size` in pixels, and `mean` and
        `std` of R, G, B.
        """
        return {
            "function_digest": self.function or None,
            "input_size": self.network.input_size,
            "mean": [float(value) for value in self.preset.mean],
            "std": [float(value) for value in self.preset.std],
        }

    def transform(self, name: str) -> Callable[[Image.Image], Tensor]:
        """Return the function from an RGB image to (crops, 3, s, s) for center, squash or tencrop."""
        return transforms.transform(self.preset, name)

    @torch.inference_mode()
    def forward(self, images: Tensor) -> dict[str, Tensor]:
        """Compute the head's input and every y_k.

        Parameters
        ----------
        images
            (b, 3, s, s), preprocessed.

        Returns
        -------
        dict of str to Tensor
            {"x5": (b, d), "y6": (b, d6), ...}, float32. SqueezeNet: y10 is the network's own output and x9 the last
            convolution's input, both globally averaged.
        """
        features = self.body(images)
        if not self.network.pooled:
            return heads.forward(self.head, features)
        W, b = self.head.weights[-1], self.head.biases[-1]
        y = functional.relu(functional.conv2d(features, W.T[:, :, None, None], b)).mean(dim=(2, 3))
        return {self.network.entry: features.mean(dim=(2, 3)), self.network.outputs[-1]: y}

    def to(self, device: torch.device) -> "Model":
        """Copy the model to another device; this one stays as it is."""
        import copy

        body = copy.deepcopy(self.body).to(device)
        return replace(self, body=body, head=self.head.to(device), device=device)


def resolve_device(name: str = "auto") -> torch.device:
    """Turn auto, cpu, cuda or mps into a device; auto takes the fastest.

    Raises ChoiceError where there is no such device.
    """
    there = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if name == "auto":
        return torch.device(next(kind for kind in ("cuda", "mps", "cpu") if there[kind]))
    if name not in there:
        raise ChoiceError(f"There is no device {name!r}; choose from auto, {', '.join(there)}.")
    if not there[name]:
        raise ChoiceError(f"This computer offers no {name} device to torch; use --device auto.")
    return torch.device(name)


def load(
    network: Network | str, *, weights: str | Path | None = None, device: str = "auto", home: str | Path | None = None
) -> Model:
    """Load a network with the weights found on this computer, or with those of a file.

    Nothing is ever downloaded. The last few networks are kept, by content.

    Parameters
    ----------
    network
        Entry of the table, or its name.
    weights
        A file with any number of classes; None looks for the published one.
    device
        auto, cpu, cuda or mps.
    home
        Where gradviz keeps its files; None is the usual place.

    Raises
    ------
    ChoiceError
        For an unknown network or device.
    NetworkError
        For missing, damaged, unsafe or unfitting weights.
    """
    network = table.network(network) if isinstance(network, str) else network
    path = Path(weights).expanduser() if weights is not None else files.locate(network, home)
    if path is None:
        fetched = f"`python -m gradviz download {network.name}` fetches {network.file} ({network.bytes / 1e6:.0f} MB)"
        named = "none are published: name a file of them with --weights"
        raise NetworkError(
            f"The weights of {network.name} are not on this computer: {fetched if network.url else named}."
        )
    target = resolve_device(device)
    digest = files.check(path, network)
    key = (network.name, digest, str(target))
    with _lock:
        if key not in _loaded:
            _loaded[key] = _load(network, path, digest, target)
        _loaded.move_to_end(key)
        while len(_loaded) > _KEPT:
            _loaded.popitem(last=False)
        return _loaded[key]


def _load(network: Network, path: Path, digest: str, device: torch.device) -> Model:
    anchor = f"{network.layers[-1].module}.weight"
    read = files.read(path)
    state = adapt(files.bare(read, anchor, path), network)
    last = state.get(anchor)
    if last is None:
        raise NetworkError(f"{path} does not fit {network.name}: it has no {anchor}.")
    if last.ndim == 0 or not len(last):
        raise NetworkError(f"{path} does not fit {network.name}: {anchor} has shape {tuple(last.shape)}, no classes.")
    module = build(network, len(last))
    fill(module, state, network, path)
    model = assemble(_with_classes(network, len(last)), module, digest=digest)
    model = replace(model, notes=files.average_note(read, anchor, path))
    return model if device.type == "cpu" else model.to(device)


def assemble(network: Network, module: nn.Module, *, digest: str) -> Model:
    """Turn a module on the CPU, in eval mode, into a model; the module is consumed.

    Parameters
    ----------
    network
        Its entry, with the widths of these weights.
    module
        The torch module with its weights.
    digest
        SHA-256 of the file of weights.

    Raises
    ------
    NetworkError
        Where its two parts do not reproduce it.
    """
    if network.pooled:
        body, head = _split_pooled(module, network)
    else:
        body, head = split(module, first=network.first, input_size=network.input_size)
    classes, wnids = class_names.of(network)
    model = Model(network, body, head, preset(network), digest, torch.device("cpu"), classes, wnids)
    if network.pooled:
        _check_pooled(model, module)
    return model


def preset(network: Network) -> Preset:
    """Return the preprocessing that was published with a network's weights, or ImageNet's usual one."""
    from torchvision.models import AlexNet_Weights

    published = files.published(network)
    if published:
        return published.transforms()
    side = network.input_size
    resized = description(network.about)["input"]["resize_shorter_side"] if network.about else round(side * 256 / 224)
    # torchvision keeps the class of these objects private; the enums of weights are the public way to it.
    return AlexNet_Weights.IMAGENET1K_V1.transforms(crop_size=side, resize_size=resized)


def _with_classes(network: Network, classes: int) -> Network:
    layers = (*network.layers[:-1], replace(network.layers[-1], outputs=classes))
    return replace(network, layers=layers)


def _split_pooled(module: nn.Module, network: Network) -> tuple[nn.Module, Head]:
    """Split SqueezeNet: conv10 has kernels of one pixel, so that W_10 is a matrix."""
    path = network.layers[-1].module
    weight, bias = (module.get_parameter(f"{path}.{kind}").detach() for kind in ("weight", "bias"))
    return module.get_submodule("features"), Head((weight[:, :, 0, 0].T,), (bias,), (), network.first)


def _check_pooled(model: Model, module: nn.Module) -> None:
    """Compare y10 with the whole module's output on two images; its dW10 is an approximation and has no identity."""
    side = model.network.input_size
    images = proof_images(side)
    with torch.inference_mode():
        truth = module(images)
        error = float((model.forward(images)[model.network.outputs[-1]] - truth).norm() / truth.norm())
    if not error <= 1e-3:
        raise NetworkError(f"{model.network.name} with these weights does not reproduce its module's output: damaged?")
