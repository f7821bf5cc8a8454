"""A question's key tells apart whatever its answer depends on: no page may show another choice's result."""

from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gradviz.datasets import ImageSet, find
from gradviz.errors import ChoiceError
from gradviz.networks import NETWORKS
from gradviz.representations import Offer
from gradviz.spec import Spec
from gradviz.ui import widgets
from gradviz.ui.selection import Selection
from gradviz.ui.visitor import Own

OTHER = {
    "network": "vgg16",
    "weights": Path("a/w.pth"),
    "images": 7,
    "preprocess": "squash",
    "pseudo_label": "a/g.npy",
    "temperature": 8.0,
    "normalise": "none",
    "centre": True,
    "seed": 3,
    "tf32": True,
}
FORWARD = {"network", "weights", "images", "preprocess", "tf32"}
"""What the forward pass depends on; gradients, kernels and maps are made from its result."""


@pytest.fixture(scope="module")
def demo() -> ImageSet:
    return find("demo")


@pytest.fixture
def selection(demo: ImageSet) -> Selection:
    return Selection(demo, "token", "train", Spec(), NETWORKS["alexnet64"].layers[1])


def view(selection, *arguments):
    return selection, *arguments


def own(token: str, demo: ImageSet) -> Own:
    return Own(demo, token, Path("store"), {}, None)


def test_equal_choices_are_one_question(selection: Selection, demo: ImageSet) -> None:
    again = replace(selection, spec=Spec(), picked=replace(selection.layer))
    assert again is not selection
    assert selection.question(view, ("x6", "dW6"), title="").key == again.question(view, ("x6", "dW6"), title="").key
    assert selection.key("map", own("mine", demo)) == again.key("map", own("mine", demo))


@pytest.mark.parametrize("name", [field.name for field in fields(Spec)])
def test_every_field_of_the_spec_is_in_the_key(selection: Selection, name: str) -> None:
    other = replace(selection, spec=replace(selection.spec, **{name: OTHER[name]}))
    assert other.key("kernels") != selection.key("kernels")


@pytest.mark.parametrize("name", ["weights", "pseudo_label"])
def test_files_of_one_name_in_two_folders_differ(selection: Selection, name: str) -> None:
    path = Path(OTHER[name])
    first, second = (
        replace(selection, spec=replace(selection.spec, **{name: type(OTHER[name])(Path(folder) / path.name)}))
        for folder in ("a", "b")
    )
    assert first.key("kernels") != second.key("kernels")


def test_photographs_split_layer_verb_and_arguments_are_in_the_key(selection: Selection, demo: ImageSet) -> None:
    others = [
        selection.key("kernels"),
        selection.key("maps"),
        replace(selection, token="changed").key("kernels"),
        replace(selection, split="val").key("kernels"),
        replace(selection, picked=NETWORKS["alexnet64"].layers[2]).key("kernels"),
        replace(selection, picked=None).key("kernels"),
        selection.key("kernels", "x6"),
        selection.key("kernels", None),
        selection.key("kernels", own("mine", demo)),
        selection.key("kernels", own("yours", demo)),
        selection.key("kernels", "000001", 6),
        selection.key("kernels", ("x6", "x7")),
        selection.key("kernels", {"train": "train", "C": 1.0}),
        selection.key("kernels", {"train": "train", "C": "cv"}),
    ]
    assert len(set(others)) == len(others)


def test_views_of_the_same_name_in_two_pages_are_two_questions(selection: Selection) -> None:
    keys = []
    for page in ("here", "there"):
        content: dict[str, Any] = {}
        exec(compile("def view(selection, progress, cancel): ...", f"pages/explore/{page}.py", "exec"), content)
        keys.append(selection.question(content["view"], title="Work").key)
    assert keys[0] != keys[1]


def test_a_view_is_given_what_its_key_holds(selection: Selection, demo: ImageSet) -> None:
    mine = own("mine", demo)
    question = selection.question(view, mine, "x6", title="Work", lane="light", paced=False)
    assert question.function(print, any) == (selection, mine, "x6", print, any)
    assert question.key == selection.key("ui/test_selection:view", mine, "x6")
    assert (question.title, question.lane, question.paced) == ("Work", "light", False)
    assert "mine" in question.key, "a visitor's results are forgotten by the secret in their keys"


def test_arrays_cannot_be_in_a_key(selection: Selection) -> None:
    with pytest.raises(TypeError, match="cannot be part of"):
        selection.key("kernels", np.zeros(3))


@pytest.mark.parametrize("name", [field.name for field in fields(Spec)])
def test_the_forward_pass_is_asked_for_once_whatever_is_made_from_it(selection: Selection, name: str) -> None:
    other = replace(selection, spec=replace(selection.spec, **{name: OTHER[name]}))
    assert (widgets.features(other).key != widgets.features(selection).key) == (name in FORWARD)
    assert getattr(other.forward.spec, name) == (OTHER[name] if name in FORWARD else getattr(Spec(), name))


def test_the_forward_pass_is_of_splits_and_of_no_layer(selection: Selection) -> None:
    asked = widgets.features(selection)
    assert asked.key == widgets.features(replace(selection, picked=None)).key
    assert asked.key == widgets.features(replace(selection, split="val"), "train").key
    assert len({asked.key, *(widgets.features(selection, *s).key for s in (("val",), ("train", "val")))}) == 3


def test_a_question_that_names_its_own_splits_does_not_depend_on_the_sidebars(selection: Selection) -> None:
    other = replace(selection, split="val", picked=None)
    assert other.whole == selection.whole
    assert replace(selection, spec=Spec(seed=1)).whole != selection.whole


def test_features_of_a_file_are_called_by_its_name_and_offer_what_it_holds(
    selection: Selection, demo: ImageSet
) -> None:
    x6, dy7 = (np.ones((len(demo), 3), np.float32) for _ in range(2))
    given = ImageSet("f", None, demo.ids, (), features={"x6": x6, "dy7": dy7})
    of_file = replace(selection, images=given)
    network = NETWORKS["alexnet64"]
    assert (of_file.source, selection.source) == ("f", network.title)
    assert of_file.offer == Offer.of_vectors("f", ("x6", "dy7"))
    assert selection.offer == Offer.of_layers(network.title, network.numbers)
    pooled = next(net for net in NETWORKS.values() if net.pooled)
    for images, said in ((demo, True), (given, False)):
        titles = replace(selection, images=images, spec=Spec(network=pooled.name)).titles
        assert titles[2].endswith("(pooled approximation)") is said
    assert not any("pooled" in title for title in selection.titles)


def test_without_a_layer_asking_for_one_is_a_mistake(selection: Selection) -> None:
    with pytest.raises(ChoiceError, match="no layer with both factors"):
        replace(selection, picked=None).triple  # noqa: B018
