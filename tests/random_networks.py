"""Networks with random weights whose gradients differ from image to image.

torchvision's fresh heads are almost flat: whatever is tested on them, dE/dy is nearly the same for all images. Here
logits are centred over a few images and scaled to a standard deviation of 3.
"""

import torch
from torch import Tensor, nn

from gradviz.networks import network


def images(n: int, side: int = 224, dtype: torch.dtype = torch.float32) -> Tensor:
    """Make n random images (n, 3, side, side) of different brightness and contrast."""
    generator = torch.Generator().manual_seed(7)
    coarse = torch.randn(n, 3, 8, 8, generator=generator, dtype=dtype)
    return nn.functional.interpolate(coarse, size=(side, side), mode="bilinear") * torch.linspace(0.5, 2, n)[
        :, None, None, None
    ].to(dtype)


def random_module(name: str, classes: int = 1000, side: int = 224) -> nn.Module:
    """Build a network of the table with random weights, in eval mode."""
    torch.manual_seed(0)
    entry = network(name)
    return lively(entry.function()(num_classes=classes, **entry.options).eval(), images(3, side))


@torch.no_grad()
def lively(module: nn.Module, seen: Tensor) -> nn.Module:
    """Centre and scale the last layer, so that the logits of `seen` have a standard deviation of 3."""
    last = [m for m in module.modules() if isinstance(m, nn.Linear)][-1]
    nn.init.normal_(last.weight)  # some of torchvision's fresh heads are all zero
    logits = module(seen)
    scale = 3 / (logits - logits.mean(dim=0)).std()
    if last.bias is not None:
        last.bias.copy_((last.bias - logits.mean(dim=0)) * scale)
    last.weight.mul_(scale)
    return module
