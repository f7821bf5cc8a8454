from types import SimpleNamespace

import pytest

from gradviz.errors import ChoiceError
from gradviz.representations import parse

ALEXNET = SimpleNamespace(name="alexnet", representations=("x5", "y6", "dy6", "dW6", "x6", "dW7", "x7", "x5+x6"))
SQUEEZENET = SimpleNamespace(name="squeezenet1_0", representations=("x9", "y10", "dy10", "dW10", "x10", "x9+y10"))


@pytest.mark.parametrize(
    ("text", "kind", "needs"),
    [
        ("x6", "forward", ("x6",)),
        ("y6", "forward", ("y6",)),
        ("dy6", "backward", ("dy6",)),
        ("dW6", "product", ("x5", "dy6")),
        ("x5+x6", "concatenation", ("x5", "x6")),
        ("dW6+x5+dW7", "concatenation", ("x5", "dy6", "x6", "dy7")),
    ],
)
def test_a_name_says_its_kind_and_what_it_needs(text, kind, needs):
    found = parse(text, ALEXNET)
    assert (found.name, found.kind, found.needs) == (text, kind, needs)


def test_the_product_of_a_two_digit_layer_takes_the_layer_before():
    assert parse("dW10", SQUEEZENET).needs == ("x9", "dy10")


@pytest.mark.parametrize("text", ["x6;x7", "x6 + x7", " x6; x7"])
def test_the_papers_semicolon_and_spaces_mean_the_same(text):
    assert parse(text, ALEXNET) == parse("x6+x7", ALEXNET)


@pytest.mark.parametrize("text", ["x9", "dw6", "", "x6+", "x5+x6+q", "dW6 dW7", "x5+x6;banana"])
def test_a_name_that_the_network_lacks_is_refused_with_the_list(text):
    with pytest.raises(ChoiceError, match="; choose from x5, y6, dy6, dW6, x6, dW7, x7, or join"):
        parse(text, ALEXNET)


def test_a_name_given_twice_is_refused():
    with pytest.raises(ChoiceError, match="twice"):
        parse("x6;x6", ALEXNET)


def test_titles_name_the_layers():
    assert parse("dW6", ALEXNET).title == "gradient of the weights of layer 6: x5 and dy6"
    assert parse("x6+x7", ALEXNET).title == "output of layer 6 and output of layer 7"
