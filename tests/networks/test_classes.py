"""The class map joins VOC's classes to ImageNet's, and each network's classes have the right names."""

import json
from dataclasses import replace

import pytest
from torchvision.models import AlexNet_Weights

from gradviz.home import ASSETS
from gradviz.networks import NETWORKS, classes, weights
from gradviz.networks import network as find

VOC = (
    "aeroplane bicycle bird boat bottle bus car cat chair cow diningtable dog horse motorbike person pottedplant "
    "sheep sofa train tvmonitor"
)
ENTRIES = [entry for entries in classes.class_map().values() for entry in entries]
SHIPPED = {c["wnid"]: c["name"] for c in json.loads((ASSETS / "alexnet64.json").read_text())["classes"]}


def test_every_voc_class_has_a_match_among_imagenets_thousand() -> None:
    assert " ".join(classes.class_map()) == VOC
    assert all(classes.class_map().values())


def test_names_and_indices_are_torchvisions() -> None:
    categories = AlexNet_Weights.IMAGENET1K_V1.meta["categories"]
    assert [entry["name"] for entry in ENTRIES] == [categories[entry["index"]] for entry in ENTRIES]


def test_indices_follow_the_order_of_the_synsets() -> None:
    """ImageNet's 1,000 classes are numbered in the order of their wnids, and no class shows two of VOC's."""
    ordered = sorted(ENTRIES, key=lambda entry: entry["index"])
    assert [entry["wnid"] for entry in ordered] == sorted({entry["wnid"] for entry in ENTRIES})


def test_synsets_have_the_names_that_the_shipped_network_gives_them() -> None:
    shared = [entry for entry in ENTRIES if entry["wnid"] in SHIPPED]
    assert len(shared) == 30
    assert all(SHIPPED[entry["wnid"]].startswith(entry["name"]) for entry in shared)


def test_classes_of_the_table() -> None:
    assert classes.of(find("alexnet64"))[1][:2] == ("n02124075", "n04067472")
    names, wnids = classes.of(find("resnet18"))
    assert (names[404], wnids[404], wnids[0], len(wnids)) == ("airliner", "n02690373", "", 1000)
    assert all(len(classes.of(net)[0]) == net.layers[-1].outputs for net in NETWORKS.values())


def test_names_of_classes_are_those_published_with_the_weights() -> None:
    published = {name: record for name, net in NETWORKS.items() if (record := weights.published(net))}
    assert set(published) == {name for name, net in NETWORKS.items() if net.weights}
    for name, record in published.items():
        assert classes.of(find(name))[0] == tuple(record.meta["categories"]), name


@pytest.mark.parametrize("name", ["alexnet64", "resnet18"])
def test_other_classes_are_numbered(name: str) -> None:
    net = find(name)
    tuned = replace(net, layers=(*net.layers[:-1], replace(net.layers[-1], outputs=20)))
    assert classes.of(tuned) == (tuple(f"class {p}" for p in range(1, 21)), ("",) * 20)
