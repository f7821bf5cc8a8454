"""Name a network's classes, and find those that show what a VOC class shows."""

import json
from functools import cache
from pathlib import Path
from typing import Any

from gradviz.home import ASSETS
from gradviz.networks import NETWORKS, Network

_MAP = Path(__file__).with_name("class_map.json")


@cache
def class_map() -> dict[str, list[dict[str, Any]]]:
    """Read the map from each VOC class to its ImageNet classes: wnid, index and name among ImageNet's 1,000."""
    return json.loads(_MAP.read_text(encoding="utf-8"))


def of(network: Network) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Give the names and the ImageNet synsets (wnid, or "") of a network's classes, in the order of its outputs.

    Known where the network has as many classes as its published weights; otherwise classes are numbered from 1.
    Of ImageNet's 1,000 synsets, those of the class map are known.
    """
    P = network.layers[-1].outputs
    if network.name not in NETWORKS or NETWORKS[network.name].layers[-1].outputs != P:
        return tuple(f"class {p}" for p in range(1, P + 1)), ("",) * P
    if network.url is None:
        about = json.loads((ASSETS / f"{network.name}.json").read_text(encoding="utf-8"))
        return tuple(c["name"] for c in about["classes"]), tuple(c["wnid"] for c in about["classes"])
    from torchvision.models import get_model_weights

    wnids = [""] * P
    for entries in class_map().values():
        for entry in entries:
            wnids[entry["index"]] = entry["wnid"]
    return tuple(get_model_weights(network.name).IMAGENET1K_V1.meta["categories"]), tuple(wnids)
