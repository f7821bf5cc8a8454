"""List the networks: one literal table from which pickers, command line, loading, tests and documentation read.

Layer k of a network computes y_k = W_k^T x_{k-1} + b_k and x_k = f_k(y_k). AlexNet, VGG and AlexNet-64 keep the
paper's numbers 6, 7, 8; SqueezeNet's last convolution is its tenth layer; all others count from 1.

To add a network, add its entry to NETWORKS; nothing else knows a network by name. torchvision's take one line, in the
list of their family.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from importlib import import_module
from itertools import pairwise
from typing import Any

from gradviz.errors import ChoiceError
from gradviz.representations import layer_gradient, layer_input, layer_output, offered

_SECONDS_PER_BATCH = 2.0
_GMACS_PER_SECOND = 40.0
"""What two slow cores do in a second; it bounds a batch, so that work stops quickly when it is cancelled."""
_LARGEST_BATCH = 64


@dataclass(frozen=True)
class Layer:
    """Describe a fully connected layer.

    Parameters
    ----------
    name
        What people call it, such as fc7.
    module
        Its path in the torch module.
    number
        Its k.
    inputs, outputs
        Widths of x_{k-1} and y_k.
    """

    name: str
    module: str
    number: int
    inputs: int
    outputs: int


@dataclass(frozen=True)
class Network:
    """Describe a network: what it is called, how it is built, what it costs and where its weights are.

    Parameters
    ----------
    name, title, family
        What commands and links call it, what people call it, and the heading under which lists show it.
    layers
        The fully connected layers at its end, in order.
    builder
        `package.module:function` that returns the torch module and takes `num_classes` and `options`.
    input_size
        Side of the square that it sees, in pixels.
    parameters
        Number of parameters of what is built.
    gmacs
        10^9 multiplications for one image.
    bytes
        Size of the file of weights: what a download costs, as precisely as torchvision says it (within 1 KB).
    options
        Further keyword arguments of the builder.
    url
        Address of the published weights; None for what the program ships or the user brings.
    weights
        Member of the builder's torchvision enum of weights that `url` belongs to. Preprocessing and names of classes
        are read from it.
    about
        JSON file among the assets with the preprocessing and the classes of a network that the program ships.
    renames
        (pattern, replacement) of regular expressions that turn names of tensors in published files into today's.
    unused
        Regular expression of tensors in published files that training alone reads.
    pooled
        Whether the last layer is a convolution followed by ReLU and global average pooling.
    """

    name: str
    title: str
    family: str
    layers: tuple[Layer, ...]
    builder: str
    input_size: int
    parameters: int
    gmacs: float
    bytes: int
    options: Mapping[str, Any] = field(default_factory=dict, hash=False)
    url: str | None = None
    weights: str | None = None
    about: str | None = None
    renames: tuple[tuple[str, str], ...] = ()
    unused: str | None = None
    pooled: bool = False

    @property
    def first(self) -> int:
        """Return the number of the first fully connected layer."""
        return self.layers[0].number

    @property
    def entry(self) -> str:
        """Return the name of the head's input, such as x5."""
        return layer_input(self.first)

    @property
    def outputs(self) -> tuple[str, ...]:
        """Return the names of the layers' outputs before the activation: y6, y7, y8."""
        return tuple(layer_output(k) for k in self.numbers)

    @property
    def arrays(self) -> dict[str, int]:
        """Return the widths of all that a forward pass yields: x5 and every y."""
        return {self.entry: self.layers[0].inputs} | {layer_output(k.number): k.outputs for k in self.layers}

    @property
    def gradients(self) -> dict[str, int]:
        """Return the widths of all that a backward pass yields: every dy."""
        return {layer_gradient(k.number): k.outputs for k in self.layers}

    @property
    def numbers(self) -> tuple[int, ...]:
        """Return the numbers of the fully connected layers: 6, 7, 8."""
        return tuple(layer.number for layer in self.layers)

    @property
    def file(self) -> str:
        """Return the name of the published weights' file."""
        return self.url.rsplit("/", 1)[1] if self.url else f"{self.name}.safetensors"

    @property
    def sha256(self) -> str:
        """Return the first hex digits of the published file's SHA-256; empty where none is published.

        torch.hub writes them into the file's name.
        """
        return self.file.rsplit("-", 1)[1].split(".")[0] if self.url else ""

    def function(self) -> Callable[..., Any]:
        """Import and return the builder."""
        module, _, name = self.builder.partition(":")
        return getattr(import_module(module), name)

    def batch(self, device: str = "cpu") -> int:
        """Return the number of images to process at once: a power of two, at most 2 s on two slow cores."""
        if device.split(":")[0] != "cpu":
            return _LARGEST_BATCH
        affordable = int(_SECONDS_PER_BATCH * _GMACS_PER_SECOND / self.gmacs)
        return min(_LARGEST_BATCH, 1 << (max(1, affordable).bit_length() - 1))

    def describe(self) -> dict[str, Any]:
        """Return the table's row as JSON values."""
        fields = ("name", "module", "inputs", "outputs")
        return {
            "name": self.name,
            "family": self.family,
            "layers": [{field: getattr(layer, field) for field in fields} for layer in self.layers],
            "representations": list(offered(self.numbers)),
            "input_size": self.input_size,
            "parameters": self.parameters,
        }


def network(name: str) -> Network:
    """Find a network by name. Raises ChoiceError, which suggests similar names, where there is none."""
    if name not in NETWORKS:
        near = get_close_matches(name.lower(), NETWORKS, n=4) or list(NETWORKS)[:4]
        raise ChoiceError(
            f"There is no network {name!r}; `python -m gradviz networks` lists the {len(NETWORKS)} there are, "
            f"such as {', '.join(near)}."
        )
    return NETWORKS[name]


def by_family(names: Iterable[str]) -> dict[str, list[str]]:
    """Return the names of networks under their families, in the table's order."""
    wanted, groups = set(names), {}
    for net in NETWORKS.values():
        if net.name in wanted:
            groups.setdefault(net.family, []).append(net.name)
    return groups


def fully_connected(first: int, *layers: tuple[str, int, int], kind: str = "fc") -> tuple[Layer, ...]:
    """Return layers that are numbered from `first` on and called fc6, fc7, ...

    Parameters
    ----------
    first
        The number of the first one.
    *layers
        For each its path in the torch module, and the widths of its input and output.
    kind
        What stands before the number in the name.
    """
    return tuple(Layer(f"{kind}{k}", module, k, i, o) for k, (module, i, o) in enumerate(layers, first))


_Row = tuple[str, str, int, tuple[int, ...], int, float, int, str]


def _family(
    family: str,
    modules: Sequence[str],
    *rows: _Row,
    first: int = 1,
    kind: str = "fc",
    stem: str | None = None,
    weights: str = "IMAGENET1K_V1",
    **facts: Any,
) -> list[Network]:
    """Make the entries of torchvision networks that share the paths of their fully connected layers.

    Parameters
    ----------
    family, modules
        Their heading, and the paths.
    *rows
        Name (also that of torchvision's builder), title, input_size, inputs of each layer, parameters, gmacs, bytes,
        and what follows the name in the name of the file of weights.
    first, kind
        Number of the first layer, and what stands before it in the layer's name.
    stem
        What the names of the files begin with, where it is not the network's name.
    weights, **facts
        Further fields of Network.
    """
    networks = []
    for name, title, input_size, widths, parameters, gmacs, size, tail in rows:
        layers = zip(modules, pairwise((*widths, 1000)), strict=True)
        networks.append(
            Network(
                name,
                title,
                family,
                fully_connected(first, *((module, i, o) for module, (i, o) in layers), kind=kind),
                f"torchvision.models:{name}",
                input_size,
                parameters,
                gmacs,
                size,
                url=f"https://download.pytorch.org/models/{stem or name}{tail}.pth",
                weights=weights,
                **facts,
            )
        )
    return networks


# Two networks have no weights of torchvision's own recipe. Of the two kinds from SWAG (Meta, licence CC BY-NC 4.0) the
# linear classifiers on the frozen trunk are taken: they see 224 pixels as the others do, where the fine-tuned networks
# want 518 and 384 and three to six times the work.
_SWAG = "IMAGENET1K_SWAG_LINEAR_V1"
_VGG = (25088, 4096, 4096)
# Published before torchvision renamed modules of its own. Its loaders understand both.
_DENSE_LAYERS = ((r"(denselayer\d+\.(?:norm|conv))\.([12])\.", r"\1\2."),)
_MLP_BLOCKS = ((r"\.mlp\.linear_1\.", ".mlp.0."), (r"\.mlp\.linear_2\.", ".mlp.3."))
# torchvision turns transform_input on by itself, but only where it loads the weights itself: they come from another
# framework and expect pixels between -1 and 1. The auxiliary classifiers take part in training alone.
_GOOGLE = {"transform_input": True, "aux_logits": False, "init_weights": False}

_ENTRIES = (
    Network(
        "alexnet64",
        "AlexNet-64",
        "AlexNet",
        fully_connected(6, ("classifier.1", 2048, 1024), ("classifier.4", 1024, 1024), ("classifier.6", 1024, 200)),
        "gradviz.networks.alexnet64:AlexNet64",
        input_size=64,
        parameters=4_006_696,
        gmacs=0.071,
        bytes=16_028_248,
        about="alexnet64.json",
    ),
    *_family(
        "AlexNet",
        ("classifier.1", "classifier.4", "classifier.6"),
        ("alexnet", "AlexNet", 224, (9216, 4096, 4096), 61_100_840, 0.714, 244_408_911, "-owt-7be5be79"),
        first=6,
    ),
    *_family(
        "VGG",
        ("classifier.0", "classifier.3", "classifier.6"),
        ("vgg11", "VGG-11", 224, _VGG, 132_863_336, 7.609, 531_460_260, "-8a719046"),
        ("vgg11_bn", "VGG-11 BN", 224, _VGG, 132_868_840, 7.609, 531_503_251, "-6002323d"),
        ("vgg13", "VGG-13", 224, _VGG, 133_047_848, 11.308, 532_199_506, "-19584684"),
        ("vgg13_bn", "VGG-13 BN", 224, _VGG, 133_053_736, 11.308, 532_246_692, "-abd245e5"),
        ("vgg16", "VGG-16", 224, _VGG, 138_357_544, 15.47, 553_433_881, "-397923af"),
        ("vgg16_bn", "VGG-16 BN", 224, _VGG, 138_365_992, 15.47, 553_507_619, "-6c64b313"),
        ("vgg19", "VGG-19", 224, _VGG, 143_667_240, 19.632, 574_673_361, "-dcbb9e9d"),
        ("vgg19_bn", "VGG-19 BN", 224, _VGG, 143_678_248, 19.632, 574_769_594, "-c79401a0"),
        first=6,
    ),
    *_family(
        "ResNet",
        ("fc",),
        ("resnet18", "ResNet-18", 224, (512,), 11_689_512, 1.814, 46_830_571, "-f37072fd"),
        ("resnet34", "ResNet-34", 224, (512,), 21_797_672, 3.664, 87_320_166, "-b627a593"),
        ("resnet50", "ResNet-50", 224, (2048,), 25_557_032, 4.089, 102_530_333, "-0676ba61"),
        ("resnet101", "ResNet-101", 224, (2048,), 44_549_160, 7.801, 178_793_742, "-63fe2227"),
        ("resnet152", "ResNet-152", 224, (2048,), 60_192_808, 11.514, 241_627_562, "-394f9c45"),
        ("resnext50_32x4d", "ResNeXt-50 32x4d", 224, (2048,), 25_028_904, 4.23, 100_442_046, "-7cdf4587"),
        ("resnext101_32x8d", "ResNeXt-101 32x8d", 224, (2048,), 88_791_336, 16.414, 356_081_730, "-8ba56ff5"),
        ("resnext101_64x4d", "ResNeXt-101 64x4d", 224, (2048,), 83_455_272, 15.46, 334_829_191, "-173b62eb"),
        ("wide_resnet50_2", "Wide ResNet-50-2", 224, (2048,), 68_883_240, 11.398, 138_223_288, "-95faca4d"),
        ("wide_resnet101_2", "Wide ResNet-101-2", 224, (2048,), 126_886_696, 22.753, 254_694_916, "-32ee1156"),
    ),
    *_family(
        "DenseNet",
        ("classifier",),
        ("densenet121", "DenseNet-121", 224, (1024,), 7_978_856, 2.834, 32_342_954, "-a639ec97"),
        ("densenet161", "DenseNet-161", 224, (2208,), 28_681_000, 7.728, 115_730_285, "-8d451a50"),
        ("densenet169", "DenseNet-169", 224, (1664,), 14_149_480, 3.36, 57_365_496, "-b2777c0a"),
        ("densenet201", "DenseNet-201", 224, (1920,), 20_013_928, 4.291, 81_131_471, "-c1103571"),
        renames=_DENSE_LAYERS,
    ),
    *_family(
        "Inception",
        ("fc",),
        ("googlenet", "GoogLeNet", 224, (1024,), 6_624_904, 1.498, 52_146_733, "-1378be20"),
        ("inception_v3", "Inception v3", 299, (2048,), 23_834_568, 5.713, 108_950_192, "_google-0cc3c7bd"),
        options=_GOOGLE,
        unused=r"^(aux[12]|AuxLogits)\.",
    ),
    *_family(
        "MobileNet",
        ("classifier.1",),
        ("mobilenet_v2", "MobileNetV2", 224, (1280,), 3_504_872, 0.301, 14_213_448, "-b0353104"),
    ),
    *_family(
        "MobileNet",
        ("classifier.0", "classifier.3"),
        ("mobilenet_v3_small", "MobileNetV3 small", 224, (576, 1024), 2_542_856, 0.057, 10_306_551, "-047dcff4"),
        ("mobilenet_v3_large", "MobileNetV3 large", 224, (960, 1280), 5_483_032, 0.217, 22_139_423, "-8738ca79"),
    ),
    *_family(
        "MNASNet",
        ("classifier.1",),
        ("mnasnet0_5", "MNASNet 0.5", 224, (1280,), 2_218_512, 0.104, 9_008_316, "0.5_top1_67.823-3ffadce67e"),
        ("mnasnet0_75", "MNASNet 0.75", 224, (1280,), 3_170_208, 0.215, 12_900_631, "0_75-7090bc5f"),
        ("mnasnet1_0", "MNASNet 1.0", 224, (1280,), 4_383_312, 0.314, 17_736_663, "1.0_top1_73.512-f206786ef8"),
        ("mnasnet1_3", "MNASNet 1.3", 224, (1280,), 6_282_256, 0.526, 25_423_774, "1_3-a4c69d6f"),
        stem="mnasnet",
    ),
    *_family(
        "ShuffleNet",
        ("fc",),
        ("shufflenet_v2_x0_5", "ShuffleNetV2 x0.5", 224, (1024,), 1_366_792, 0.04, 5_538_578, "_x0.5-f707e7126e"),
        ("shufflenet_v2_x1_0", "ShuffleNetV2 x1.0", 224, (1024,), 2_278_604, 0.145, 9_218_032, "_x1-5666bf0f80"),
        ("shufflenet_v2_x1_5", "ShuffleNetV2 x1.5", 224, (1024,), 3_503_624, 0.296, 14_215_545, "_x1_5-3c479a10"),
        ("shufflenet_v2_x2_0", "ShuffleNetV2 x2.0", 224, (2048,), 7_393_996, 0.583, 29_814_161, "_x2_0-8be3c8ee"),
        stem="shufflenetv2",
    ),
    *_family(
        "EfficientNet",
        ("classifier.1",),
        ("efficientnet_b0", "EfficientNet-B0", 224, (1280,), 5_288_548, 0.386, 21_444_401, "_rwightman-7f5810bc"),
        ("efficientnet_b1", "EfficientNet-B1", 240, (1280,), 7_794_184, 0.687, 31_597_789, "_rwightman-bac287d4"),
        ("efficientnet_b2", "EfficientNet-B2", 288, (1408,), 9_109_994, 1.088, 36_882_612, "_rwightman-c35c1473"),
        ("efficientnet_b3", "EfficientNet-B3", 300, (1536,), 12_233_232, 1.827, 49_476_010, "_rwightman-b3899882"),
        ("efficientnet_b4", "EfficientNet-B4", 380, (1792,), 19_341_616, 4.394, 78_107_378, "_rwightman-23ab8bcd"),
        ("efficientnet_b5", "EfficientNet-B5", 456, (2048,), 30_389_784, 10.266, 122_540_786, "_lukemelas-1a07897c"),
        ("efficientnet_b6", "EfficientNet-B6", 528, (2304,), 43_040_704, 19.068, 173_394_625, "_lukemelas-24a108a5"),
        ("efficientnet_b7", "EfficientNet-B7", 600, (2560,), 66_347_960, 37.746, 267_046_093, "_lukemelas-c5b4e57e"),
        ("efficientnet_v2_s", "EfficientNetV2-S", 384, (1280,), 21_458_488, 8.366, 86_721_430, "-dd5fe13b"),
        ("efficientnet_v2_m", "EfficientNetV2-M", 480, (1280,), 54_139_356, 24.582, 218_114_294, "-dc08266a"),
        ("efficientnet_v2_l", "EfficientNetV2-L", 480, (1280,), 118_515_272, 56.08, 476_654_338, "-59c71312"),
    ),
    *_family(
        "RegNet",
        ("fc",),
        ("regnet_x_400mf", "RegNetX-400MF", 224, (400,), 5_495_976, 0.414, 22_290_629, "-adf1edd5"),
        ("regnet_x_800mf", "RegNetX-800MF", 224, (672,), 7_259_656, 0.8, 29_302_456, "-ad17e45c"),
        ("regnet_x_1_6gf", "RegNetX-1.6GF", 224, (912,), 9_190_136, 1.603, 37_055_627, "-e3633e7f"),
        ("regnet_x_3_2gf", "RegNetX-3.2GF", 224, (1008,), 15_296_552, 3.177, 61_610_131, "-f342aeae"),
        ("regnet_x_8gf", "RegNetX-8GF", 224, (1920,), 39_572_648, 7.995, 158_813_127, "-03ceed89"),
        ("regnet_x_16gf", "RegNetX-16GF", 224, (2048,), 54_278_536, 15.941, 217_712_689, "-2007eb11"),
        ("regnet_x_32gf", "RegNetX-32GF", 224, (2520,), 107_811_560, 31.736, 432_054_206, "-9d47f8d0"),
        ("regnet_y_400mf", "RegNetY-400MF", 224, (440,), 4_344_144, 0.402, 17_622_368, "-c65dace8"),
        ("regnet_y_800mf", "RegNetY-800MF", 224, (784,), 6_432_512, 0.834, 25_977_422, "-1b27b58c"),
        ("regnet_y_1_6gf", "RegNetY-1.6GF", 224, (888,), 11_202_430, 1.612, 45_248_152, "-b11a554e"),
        ("regnet_y_3_2gf", "RegNetY-3.2GF", 224, (1512,), 19_436_338, 3.176, 78_189_167, "-b5a9779c"),
        ("regnet_y_8gf", "RegNetY-8GF", 224, (2016,), 39_381_472, 8.473, 158_021_452, "-d0d0e4a8"),
        ("regnet_y_16gf", "RegNetY-16GF", 224, (3024,), 83_590_140, 15.912, 335_009_546, "-9e6ed7dd"),
        ("regnet_y_32gf", "RegNetY-32GF", 224, (3712,), 145_046_770, 32.28, 580_990_796, "-4dee3f7a"),
    ),
    *_family(
        "RegNet",
        ("fc",),
        ("regnet_y_128gf", "RegNetY-128GF", 224, (7392,), 644_812_894, 127.518, 2_581_136_933, "_lc_swag-cbe8ce12"),
        weights=_SWAG,
    ),
    *_family(
        "ConvNeXt",
        ("classifier.2",),
        ("convnext_tiny", "ConvNeXt tiny", 224, (768,), 28_589_128, 4.456, 114_419_565, "-983f1562"),
        ("convnext_small", "ConvNeXt small", 224, (768,), 50_223_688, 8.684, 201_015_165, "-0c510722"),
        ("convnext_base", "ConvNeXt base", 224, (1024,), 88_591_464, 15.355, 354_485_797, "-6075fbad"),
        ("convnext_large", "ConvNeXt large", 224, (1536,), 197_767_336, 34.361, 791_189_389, "-ea097f82"),
    ),
    *_family(
        "ViT",
        ("heads.head",),
        ("vit_b_16", "ViT-B/16", 224, (768,), 86_567_656, 17.564, 346_328_529, "-c867db91"),
        ("vit_b_32", "ViT-B/32", 224, (768,), 88_224_232, 4.409, 352_954_876, "-d86f8d99"),
        ("vit_l_16", "ViT-L/16", 224, (1024,), 304_326_632, 61.555, 1_217_420_853, "-852ce7e3"),
        ("vit_l_32", "ViT-L/32", 224, (1024,), 306_535_400, 15.378, 1_226_256_155, "-c7638314"),
        renames=_MLP_BLOCKS,
    ),
    *_family(
        "ViT",
        ("heads.head",),
        ("vit_h_14", "ViT-H/14", 224, (1280,), 632_045_800, 167.295, 2_528_335_888, "_lc_swag-c1eb923e"),
        renames=_MLP_BLOCKS,
        weights=_SWAG,
    ),
    *_family(
        "Swin",
        ("head",),
        ("swin_t", "Swin tiny", 224, (768,), 28_288_354, 4.491, 113_445_437, "-704ceda3"),
        ("swin_s", "Swin small", 224, (768,), 49_606_258, 8.741, 199_005_045, "-5e29d889"),
        ("swin_b", "Swin base", 224, (1024,), 87_768_224, 15.431, 351_654_642, "-68c6b09e"),
        ("swin_v2_t", "Swin V2 tiny", 256, (768,), 28_351_570, 5.94, 113_902_617, "-b137f0e2"),
        ("swin_v2_s", "Swin V2 small", 256, (768,), 49_737_442, 11.546, 199_937_229, "-637d8ceb"),
        ("swin_v2_b", "Swin V2 base", 256, (1024,), 87_930_848, 20.325, 352_711_606, "-781e5279"),
    ),
    *_family(
        "MaxViT",
        ("classifier.3", "classifier.5"),
        ("maxvit_t", "MaxViT tiny", 224, (512, 512), 30_919_624, 5.558, 124_538_323, "-bc5ab103"),
    ),
    *_family(
        "SqueezeNet",
        ("classifier.1",),
        ("squeezenet1_0", "SqueezeNet 1.0", 224, (512,), 1_248_424, 0.819, 5_010_551, "-b66bff10"),
        ("squeezenet1_1", "SqueezeNet 1.1", 224, (512,), 1_235_496, 0.349, 4_959_009, "-b8a52dc0"),
        first=10,
        kind="conv",
        pooled=True,
    ),
)

NETWORKS: dict[str, Network] = {net.name: net for net in _ENTRIES}
"""What there is, by name; families stand together."""
