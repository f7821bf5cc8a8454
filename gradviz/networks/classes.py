"""List the names of a network's classes, and those that show what a VOC class shows."""

import json
from functools import cache
from pathlib import Path
from typing import Any

from gradviz.home import ASSETS
from gradviz.networks import Network, weights

_MAP = Path(__file__).with_name("class_map.json")


@cache
def class_map() -> dict[str, list[dict[str, Any]]]:
    """Read the map from each VOC class to its ImageNet classes: wnid, index and name among ImageNet's 1,000."""
    return json.loads(_MAP.read_text(encoding="utf-8"))


@cache
def description(about: str) -> dict[str, Any]:
    """Read the description of a network that the program ships: its preprocessing, its classes, its training."""
    return json.loads((ASSETS / about).read_text(encoding="utf-8"))


def of(network: Network) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the names of a network's classes and their ImageNet synsets, in the order of its outputs.

    Names are known where the network has as many classes as its published weights; otherwise classes are numbered
    from 1. Of ImageNet's 1,000 synsets, those of the class map are known.

    Returns
    -------
    names, wnids
        Two tuples of length P; "" stands for a synset that is not known.
    """
    P = network.layers[-1].outputs
    known = ((), ())
    if network.about:
        entries = description(network.about)["classes"]
        known = tuple(c["name"] for c in entries), tuple(c["wnid"] for c in entries)
    elif published := weights.published(network):
        names = tuple(published.meta["categories"])
        mapped = {entry["index"]: entry["wnid"] for entries in class_map().values() for entry in entries}
        known = names, tuple(mapped.get(p, "") for p in range(len(names)))
    return known if len(known[0]) == P else (tuple(f"class {p}" for p in range(1, P + 1)), ("",) * P)
