"""Name the networks: one literal table from which pickers, command line, tests and documentation read.

Layer k of a network computes y_k = W_k^T x_{k-1} + b_k and x_k = f_k(y_k). AlexNet, VGG and AlexNet-64 keep the
paper's numbers 6, 7, 8; SqueezeNet's last convolution is its tenth layer; all others count from 1.
"""

from dataclasses import dataclass
from typing import Any

from gradviz.errors import ChoiceError
from gradviz.representations import named, offered

_SECONDS_PER_BATCH = 2.0
_GMACS_PER_SECOND = 40.0
"""What two slow cores do in a second; it bounds a batch, so that work stops quickly when it is cancelled."""
_LARGEST_BATCH = 64


@dataclass(frozen=True)
class Layer:
    """Describe a fully connected layer: its name (fc7), torch module path, number k, and widths of x_{k-1} and y_k."""

    name: str
    module: str
    number: int
    inputs: int
    outputs: int


@dataclass(frozen=True)
class Network:
    """Describe a network: what it is called, its fully connected layers, what it costs and where its weights are.

    `input_size` is the side of the square in pixels; `gmacs` are 10^9 multiplications for one image; `bytes` and `url`
    belong to the published file of weights (`url` is None for what the program ships or the user brings).
    `pooled` marks a last layer that is a convolution followed by ReLU and global average pooling.
    """

    name: str
    title: str
    layers: tuple[Layer, ...]
    input_size: int
    parameters: int
    gmacs: float
    bytes: int
    url: str | None = None
    pooled: bool = False

    @property
    def first(self) -> int:
        """Number of the first fully connected layer."""
        return self.layers[0].number

    @property
    def entry(self) -> str:
        """Name of the head's input, such as x5."""
        return named("x", self.first - 1)

    @property
    def outputs(self) -> tuple[str, ...]:
        """Names of the layers' outputs before the activation: y6, y7, y8."""
        return tuple(named("y", k) for k in self.numbers)

    @property
    def arrays(self) -> dict[str, int]:
        """Widths of all that a forward pass yields: x5 and every y."""
        return {self.entry: self.layers[0].inputs} | {named("y", k.number): k.outputs for k in self.layers}

    @property
    def gradients(self) -> dict[str, int]:
        """Widths of all that a backward pass yields: every dy."""
        return {named("dy", k.number): k.outputs for k in self.layers}

    @property
    def numbers(self) -> tuple[int, ...]:
        """Numbers of the fully connected layers: 6, 7, 8."""
        return tuple(layer.number for layer in self.layers)

    @property
    def file(self) -> str:
        """Name of the published weights' file."""
        return self.url.rsplit("/", 1)[1] if self.url else f"{self.name}.safetensors"

    @property
    def sha256(self) -> str:
        """Begin of the published file's sha256 in hexadecimal digits, as torch.hub writes it into names; else empty."""
        return self.file.rsplit("-", 1)[1].split(".")[0] if self.url else ""

    def batch(self, device: str = "cpu") -> int:
        """Give the number of images to process at once: a power of two, at most 2 s on two slow cores."""
        if device.split(":")[0] != "cpu":
            return _LARGEST_BATCH
        affordable = int(_SECONDS_PER_BATCH * _GMACS_PER_SECOND / self.gmacs)
        return min(_LARGEST_BATCH, 1 << (max(1, affordable).bit_length() - 1))

    def describe(self) -> dict[str, Any]:
        """Give the table's row as JSON values."""
        fields = ("name", "module", "inputs", "outputs")
        return {
            "name": self.name,
            "layers": [{field: getattr(layer, field) for field in fields} for layer in self.layers],
            "representations": list(offered(self.numbers)),
            "input_size": self.input_size,
            "parameters": self.parameters,
        }


def network(name: str) -> Network:
    """Find a network by name; ChoiceError lists what there is."""
    if name not in NETWORKS:
        raise ChoiceError(f"There is no network {name!r}; choose from {', '.join(NETWORKS)}.")
    return NETWORKS[name]


def fully_connected(first: int, *layers: tuple[str, int, int]) -> tuple[Layer, ...]:
    """Number layers, given as (module, inputs, outputs), from `first` on and call them fc6, fc7, ..."""
    return tuple(Layer(f"fc{k}", module, k, i, o) for k, (module, i, o) in enumerate(layers, first))


_HOST = "https://download.pytorch.org/models/"
_VGG_HEAD = fully_connected(
    6, ("classifier.0", 25088, 4096), ("classifier.3", 4096, 4096), ("classifier.6", 4096, 1000)
)
_CONV10 = (Layer("conv10", "classifier.1", 10, 512, 1000),)

NETWORKS: dict[str, Network] = {
    net.name: net
    for net in (
        Network(
            "alexnet64",
            "AlexNet-64",
            fully_connected(6, ("classifier.1", 2048, 1024), ("classifier.4", 1024, 1024), ("classifier.6", 1024, 200)),
            input_size=64,
            parameters=4_006_696,
            gmacs=0.071,
            bytes=16_028_248,
        ),
        Network(
            "alexnet",
            "AlexNet",
            fully_connected(
                6, ("classifier.1", 9216, 4096), ("classifier.4", 4096, 4096), ("classifier.6", 4096, 1000)
            ),
            input_size=224,
            parameters=61_100_840,
            gmacs=0.714,
            bytes=244_408_911,
            url=_HOST + "alexnet-owt-7be5be79.pth",
        ),
        Network(
            "vgg11",
            "VGG-11",
            _VGG_HEAD,
            input_size=224,
            parameters=132_863_336,
            gmacs=7.609,
            bytes=531_460_260,
            url=_HOST + "vgg11-8a719046.pth",
        ),
        Network(
            "vgg13",
            "VGG-13",
            _VGG_HEAD,
            input_size=224,
            parameters=133_047_848,
            gmacs=11.308,
            bytes=532_199_506,
            url=_HOST + "vgg13-19584684.pth",
        ),
        Network(
            "vgg16",
            "VGG-16",
            _VGG_HEAD,
            input_size=224,
            parameters=138_357_544,
            gmacs=15.470,
            bytes=553_433_881,
            url=_HOST + "vgg16-397923af.pth",
        ),
        Network(
            "vgg19",
            "VGG-19",
            _VGG_HEAD,
            input_size=224,
            parameters=143_667_240,
            gmacs=19.632,
            bytes=574_673_361,
            url=_HOST + "vgg19-dcbb9e9d.pth",
        ),
        Network(
            "resnet18",
            "ResNet-18",
            fully_connected(1, ("fc", 512, 1000)),
            input_size=224,
            parameters=11_689_512,
            gmacs=1.814,
            bytes=46_830_571,
            url=_HOST + "resnet18-f37072fd.pth",
        ),
        Network(
            "resnet50",
            "ResNet-50",
            fully_connected(1, ("fc", 2048, 1000)),
            input_size=224,
            parameters=25_557_032,
            gmacs=4.089,
            bytes=102_530_333,
            url=_HOST + "resnet50-0676ba61.pth",
        ),
        Network(
            "densenet121",
            "DenseNet-121",
            fully_connected(1, ("classifier", 1024, 1000)),
            input_size=224,
            parameters=7_978_856,
            gmacs=2.834,
            bytes=32_342_954,
            url=_HOST + "densenet121-a639ec97.pth",
        ),
        Network(
            "mobilenet_v3_small",
            "MobileNetV3 small",
            fully_connected(1, ("classifier.0", 576, 1024), ("classifier.3", 1024, 1000)),
            input_size=224,
            parameters=2_542_856,
            gmacs=0.057,
            bytes=10_306_551,
            url=_HOST + "mobilenet_v3_small-047dcff4.pth",
        ),
        Network(
            "mobilenet_v3_large",
            "MobileNetV3 large",
            fully_connected(1, ("classifier.0", 960, 1280), ("classifier.3", 1280, 1000)),
            input_size=224,
            parameters=5_483_032,
            gmacs=0.217,
            bytes=22_139_423,
            url=_HOST + "mobilenet_v3_large-8738ca79.pth",
        ),
        Network(
            "efficientnet_b0",
            "EfficientNet-B0",
            fully_connected(1, ("classifier.1", 1280, 1000)),
            input_size=224,
            parameters=5_288_548,
            gmacs=0.386,
            bytes=21_444_401,
            url=_HOST + "efficientnet_b0_rwightman-7f5810bc.pth",
        ),
        Network(
            "convnext_tiny",
            "ConvNeXt tiny",
            fully_connected(1, ("classifier.2", 768, 1000)),
            input_size=224,
            parameters=28_589_128,
            gmacs=4.456,
            bytes=114_419_565,
            url=_HOST + "convnext_tiny-983f1562.pth",
        ),
        Network(
            "vit_b_16",
            "ViT-B/16",
            fully_connected(1, ("heads.head", 768, 1000)),
            input_size=224,
            parameters=86_567_656,
            gmacs=17.564,
            bytes=346_328_529,
            url=_HOST + "vit_b_16-c867db91.pth",
        ),
        Network(
            "swin_t",
            "Swin tiny",
            fully_connected(1, ("head", 768, 1000)),
            input_size=224,
            parameters=28_288_354,
            gmacs=4.491,
            bytes=113_445_437,
            url=_HOST + "swin_t-704ceda3.pth",
        ),
        Network(
            "squeezenet1_0",
            "SqueezeNet 1.0",
            _CONV10,
            input_size=224,
            parameters=1_248_424,
            gmacs=0.819,
            bytes=5_010_551,
            url=_HOST + "squeezenet1_0-b66bff10.pth",
            pooled=True,
        ),
        Network(
            "squeezenet1_1",
            "SqueezeNet 1.1",
            _CONV10,
            input_size=224,
            parameters=1_235_496,
            gmacs=0.349,
            bytes=4_959_009,
            url=_HOST + "squeezenet1_1-b8a52dc0.pth",
            pooled=True,
        ),
    )
}
"""What there is, by name. `bytes` is what a download costs, as precisely as torchvision says it (within 1 KB)."""
