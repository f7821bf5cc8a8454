"""Names, their grammar, and what one line of the table does."""

import ast
import json
import re

import numpy as np
import pytest

from gradviz import representations
from gradviz.datasets.image_set import ImageSet
from gradviz.errors import ChoiceError
from gradviz.experiment import Experiment, Spec
from gradviz.representations import (
    REPRESENTATIONS,
    Offer,
    Vector,
    described,
    kind_of,
    offered,
    parse,
    source,
    symbol,
    tempered,
    triple,
    usual,
)
from tests.conftest import ROOT

ALEXNET = Offer(
    "alexnet",
    (
        *("x5", "y6", "dy6", "dW6", "x6", "y7", "dy7", "dW7", "x7", "y8", "dy8", "dW8", "x8"),
        *("x5+x6", "x6+x7", "x7+y8"),
    ),
)
SQUEEZENET = Offer("squeezenet1_0", ("x9", "y10", "dy10", "dW10", "x10", "x9+y10"))


@pytest.fixture(autouse=True)
def letters(monkeypatch):
    """Keep to the paper's letters: a new one is no reason to edit these tests."""
    for letter in set(REPRESENTATIONS) - {"y", "dy", "dW", "x"}:
        monkeypatch.delitem(REPRESENTATIONS, letter)


def test_a_layers_names_come_in_the_tables_order():
    assert Offer.of_layers("alexnet", (6, 7, 8)) == ALEXNET
    assert Offer.of_layers("squeezenet1_0", (10,)) == SQUEEZENET
    assert offered((1,)) == ("x0", "y1", "dy1", "dW1", "x1", "x0+y1")
    assert ALEXNET.singles == ALEXNET.representations[:13]
    assert ALEXNET.vectors == ("x5", "y6", "dy6", "x6", "y7", "dy7", "x7", "y8", "dy8", "x8")
    assert ALEXNET.layers == (6, 7, 8)
    assert (triple(7), usual(7)) == (("x6", "dy7", "dW7"), ("x6", "x6+x7", "dW7"))


@pytest.mark.parametrize(
    ("text", "kind", "needs"),
    [
        ("x6", "forward", ("x6",)),
        ("y6", "forward", ("y6",)),
        ("dy6", "backward", ("dy6",)),
        ("dW6", "product", ("x5", "dy6")),
        ("x5+x6", "concatenation", ("x5", "x6")),
        ("dW6+x5+dW7", "concatenation", ("x5", "dy6", "x6", "dy7")),
        ("x6:x6", "product", ("x6",)),
        ("x5:x5:dy6", "product", ("x5", "dy6")),
        ("0.75dW6+0.25x6", "concatenation", ("x5", "dy6", "x6")),
    ],
)
def test_a_name_says_its_kind_and_what_it_needs(text, kind, needs):
    found = parse(text, ALEXNET)
    assert (found.name, found.kind, found.needs) == (text, kind, needs)
    assert parse(text) == found


def test_the_product_of_a_two_digit_layer_takes_the_layer_before():
    assert parse("dW10", SQUEEZENET).needs == ("x9", "dy10")


@pytest.mark.parametrize(
    ("name", "texts"),
    [
        ("x6+x7", ("x6;x7", "x6 + x7", " x6; x7", "0.5x6+0.5x7", "2 x6 + 2 x7")),
        ("x7+x6", ("x7;x6",)),
        ("dW6", ("x5:dy6", "dy6:x5", " dy6 : x5 ", "3dW6")),
        ("x5:x5:dy6", ("dW6:x5", "x5:dW6", "dy6:x5:x5")),
        ("x5:x5:dy6:dy6", ("dW6:dW6",)),
        ("x6:dy6", ("dy6:x6",)),
        ("0.75dW6+0.25x6", ("0.75 dW6; 0.25 x6", "3dW6+1x6", "0.750x5:dy6+0.25x6")),
        ("1x6+2x7", ("0.1x6+0.2x7", "10x6+20x7")),
        ("0.999999x6+0.000001x7", ("999999x6+1x7",)),
    ],
)
def test_there_is_one_name_for_all_ways_to_write_it(name, texts):
    for text in (name, *texts):
        assert parse(text, ALEXNET) == parse(name, ALEXNET)
        assert parse(text, ALEXNET).name == name


def test_weights_are_whole_numbers_in_lowest_terms():
    weights = {text: [part.weight for part in parse(text).parts] for text in ("0.75dW6+0.25x6", "x6+x7", "1x6+2x7")}
    assert weights == {"0.75dW6+0.25x6": [3, 1], "x6+x7": [1, 1], "1x6+2x7": [1, 2]}


@pytest.mark.parametrize(
    "text",
    ["x9", "dw6", "", "x6+", "x5+x6+q", "dW6 dW7", "x5+x6;banana", "x6:", ":", "x6:x9", "-1x6", "1e3x6", "0.5", "x06"],
)
def test_a_name_that_the_network_lacks_is_refused_with_the_list(text):
    with pytest.raises(ChoiceError, match=r"alexnet has no .*; choose from x5, y6, dy6, dW6, x6, y7, dy7.*, or join"):
        parse(text, ALEXNET)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("x6;x6", "twice"),
        ("x6+0.5x6", "twice"),
        ("dW6+x5:dy6", "twice"),
        ("0.5x6+x7", "weights some parts only: weight each"),
        ("0x6+1x7", "weight of zero"),
        ("0.1234567x6+1x7", "too finely graded"),
        ("1000001x6+1x7", "too finely graded"),
        ("dW@features.8", "by its module"),
        ("x6+dW@features.8:x6", "by its module"),
    ],
)
def test_what_the_grammar_does_not_allow_is_explained(text, reason):
    with pytest.raises(ChoiceError, match=reason):
        parse(text, ALEXNET)


def test_the_finest_weights_are_a_million_to_one():
    assert [part.weight for part in parse("1000000x6+1x7", ALEXNET).parts] == [1_000_000, 1]


@pytest.mark.parametrize("name", ["clip", "dyfoo", "no7letter7", "x", "", "x-1", "x6+x7", "6x", "x" + "9" * 5000])
def test_names_of_nothing_are_refused(name):
    for refuses in (symbol, parse):
        if refuses is parse and name == "x6+x7":
            continue
        with pytest.raises(ChoiceError, match="is not one of y, dy, dW, x with the number of a layer, such as x6"):
            refuses(name)


def test_a_product_is_not_a_vector():
    with pytest.raises(ChoiceError, match="'dW6' is a product, which is not kept as one vector, but as x5 and dy6"):
        Offer.of_vectors("file", ("dW6",))


OWN = ("fc7", "clip", "dyfoo", "resnet 50", "dW@features.8", "q7", "prüfung", "x")


@pytest.mark.parametrize("name", OWN)
def test_a_file_may_give_its_vectors_any_name(name):
    file = Offer.of_vectors("file", ("x5", "dy6", *OWN))
    assert file.representations == ("x5", "dy6", *OWN, "dW6")
    assert (file.vectors, file.layers) == (("x5", "dy6", *OWN), (6,))
    found = parse(name, file)
    assert (found.name, found.kind, found.needs, kind_of(name)) == (name, "forward", (name,), "forward")
    assert parse(f" {name} ; x5", file).name == f"{name}+x5"
    assert parse(f"3{name}+1dW6", file).needs == (name, "x5", "dy6")
    product = parse(f"dy6:{name}:{name}", file)
    assert (product.name, product.kind, product.needs) == (f"{name}:{name}:dy6", "product", (name, "dy6"))
    assert parse(product.name, file) == product
    (part,) = product.parts
    assert (part.of_kind("forward"), part.of_kind("backward")) == ((name, name), ("dy6",))
    with pytest.raises(ChoiceError, match=r"has no representation|by its module"):
        parse(f"{name}.", file)


@pytest.mark.parametrize(
    "name", ["fc6+fc7", "a;b", "a:b", "a@b:c", "a b@c", "@a", "7fc", "0.5", "", " ", " fc7", "fc7\n"]
)
def test_names_that_the_grammar_takes_apart_are_refused(name):
    with pytest.raises(ChoiceError, match=r"cannot be asked for: rename it, without \+ ; : @ and not begin"):
        Offer.of_vectors("file", ("x5", name))


@pytest.mark.parametrize("name", ["x6", "dy6", "dW6", "x6+x7", "x6:x6", "0.75dW6+0.25x6"])
def test_the_kind_of_a_name_is_the_same_without_an_offer(name):
    assert kind_of(name) == parse(name, ALEXNET).kind


def test_products_follow_from_vectors():
    file = Offer.of_vectors("file", ("dy10", "x9", "dy6", "x6", "dy7"))
    assert file.representations == ("dy10", "x9", "dy6", "x6", "dy7", "dW7", "dW10")
    assert (file.vectors, file.layers) == (file.representations[:5], (7, 10))
    assert parse("x6:dy7+x9", file).name == "dW7+x9"


def test_titles_name_the_layers():
    assert parse("dW6", ALEXNET).title == "gradient of the weights of layer 6: x5 and dy6"
    assert parse("x6+x7", ALEXNET).title == "output of layer 6 and output of layer 7"
    assert described(7)["dy7"] == "gradient at y7"


def test_vectors_are_computed_from_what_is_kept():
    kept = ("x5", "y6", "y7", "dy6")
    assert {name: source(name, kept) for name in ("x5", "x6", "y7", "dy6")} == {
        "x5": "x5",
        "x6": "y6",
        "y7": "y7",
        "dy6": "dy6",
    }
    with pytest.raises(ChoiceError, match="There is no 'x8' here: it cannot be computed from x5, y6, y7, dy6"):
        source("x8", kept)


# What one line does


@pytest.fixture
def root(letters, monkeypatch):
    """Add a letter: the signed square root of what leaves a layer."""
    line = Vector(
        "forward",
        "signed square root of the output of layer {k}",
        of="x",
        compute=lambda x, layer: x.sign() * x.abs().sqrt(),
    )
    monkeypatch.setitem(REPRESENTATIONS, "s", line)


def test_one_line_is_offered_with_all_that_follows_from_it(root):
    assert " ".join(offered((6, 7))) == "x5 s5 y6 dy6 dW6 x6 s6 y7 dy7 dW7 x7 s7 x5+x6 x6+y7"
    assert [tempered(name, 7) for name in ("s5", "s6", "s7")] == [False, False, True]
    assert [source(name, ("x5", "y6", "y7")) for name in ("s5", "s6", "s7")] == ["x5", "y6", "y7"]
    assert described(6)["s6"] == "signed square root of the output of layer 6"
    network = Offer.of_layers("alexnet", (6, 7, 8))
    assert parse("s6:s6+dW6", network).needs == ("s6", "x5", "dy6")
    assert parse("dy7:s6", network).name == "s6:dy7"


def test_one_line_is_computed_crop_by_crop_and_goes_all_the_way(root, snapshots, tmp_path, gradviz):
    options = (snapshots, "--home", tmp_path, "--device", "cpu")
    lab = Experiment(snapshots, Spec(preprocess="tencrop"), home=tmp_path, device="cpu")
    code, out, _ = gradviz("networks", "--json", "--home", tmp_path)
    assert code == 0
    assert {"s5", "s6", "s8"} <= set(json.loads(out)[0]["representations"])
    found = lab.features(("s6", "s8", "s5"))
    crops = np.stack([lab.model.transform("tencrop")(lab.images.open(i)).numpy() for i in range(len(lab.images))])
    import torch

    passed = lab.model.forward(torch.from_numpy(crops).flatten(0, 1))
    for name, x in (("s5", passed["x5"]), ("s6", passed["y6"].relu()), ("s8", passed["y8"].softmax(1))):
        slow = (x.sign() * x.abs().sqrt()).unflatten(0, (-1, 10)).mean(1)
        assert np.allclose(found.arrays[name], slow, atol=1e-3), name
    code, out, _ = gradviz("features", *options, "--out", tmp_path / "f.npz")
    assert (code, "s6" in out) == (0, True)
    again = Experiment(tmp_path / "f.npz")
    assert np.array_equal(again.kernel("s6:s6").K, Experiment(snapshots, home=tmp_path, device="cpu").kernel("s6:s6").K)
    assert set(again.offer.representations) >= {"s6", "dW6"}
    code, _, error = gradviz("kernel", *options, "--representation", "s9", "--out", tmp_path / "K.npz")
    assert (code, "choose from x5, s5, y6" in error) == (2, True)


def test_one_line_is_scored_and_its_temperature_chosen(root, photographs, kept):
    lab = Experiment(photographs, Spec(images=20, temperature="cv"), home=kept, device="cpu")
    rows = {row.representation: row for row in lab.layers(train="train", test="val", ap="area")}
    assert {"s5", "s6", "s7", "s8"} <= set(rows)
    assert rows["s6"].temperature is None
    assert "temperature" in lab.evaluate("s8", train="train", test="val", ap="area").seconds


def test_an_array_of_any_name_goes_all_the_way(tmp_path):
    values = np.array([[3, 4], [0, 1]], np.float32)
    images = ImageSet(name="v", root=None, ids=("a", "b"), features={"clip": values, "dyfoo": values[::-1]})
    lab = Experiment(images, home=tmp_path)
    assert np.allclose(lab.kernel("clip").K, [[1, 0.8], [0.8, 1]])
    assert np.allclose(lab.kernel("clip:dyfoo").K, [[1, 0.64], [0.64, 1]])
    with pytest.raises(ChoiceError, match="v has no representation 'x6'; choose from clip, dyfoo, or"):
        lab.kernel("x6")


def test_letters_are_spelled_in_their_table_alone():
    spelled, ends_of_a_line = [], {"x0", "x1", "y0", "y1"}  # in Plotly's words
    for path in [*ROOT.glob("gradviz/**/*.py"), *ROOT.glob("pages/**/*.py")]:
        if path.samefile(representations.__file__):
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module == "gradviz.representations":
                spelled += [
                    f"{path}: {alias.name}" for alias in node.names if alias.name in ("named", "REPRESENTATIONS")
                ]
            if isinstance(node, ast.Constant) and re.fullmatch(r"d[yWx][0-9]*|[xy][0-9]{1,2}", str(node.value)):
                spelled += [f"{path}:{node.lineno}: {node.value}"] if node.value not in ends_of_a_line else []
    assert not spelled


def test_the_factors_of_a_product_are_told_apart():
    (part,) = parse("dW6").parts
    assert (part.of_kind("forward"), part.of_kind("backward")) == (("x5",), ("dy6",))
