"""Counts are written one way: digits grouped, and a noun that agrees with the number."""

import ast
import re

import pytest

from gradviz.words import counted
from tests.test_imports import SOURCES, tree

NOUNS = "bytes|chunks|classes|columns|entries|files|findings|images|jobs|megapixels|networks|numbers|photographs"
NOUNS += "|photos|pictures|results|rows|scans|times"
COUNT = re.compile(rf" ((chosen|listed|more|other|own|usable) )?({NOUNS}|chosen ones)\b(?!/)")
"""What follows a value that is a count; "images/s" follows a rate."""


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ((0, "image"), "0 images"),
        ((1, "image"), "1 image"),
        ((2, "image"), "2 images"),
        ((2476, "photograph"), "2,476 photographs"),
        ((1, "class", "classes"), "1 class"),
        ((1000, "class", "classes"), "1,000 classes"),
        ((1, "image has", "images have"), "1 image has"),
        ((3, "image has", "images have"), "3 images have"),
    ],
)
def test_a_noun_agrees_with_its_number(given, text):
    assert counted(*given) == text


def by_hand(source: ast.AST) -> list[str]:
    """List the places of f-strings with a value before a noun in the plural, whatever the value is."""
    found = []
    for text in (node for node in ast.walk(source) if isinstance(node, ast.JoinedStr)):
        for value, after in zip(text.values, text.values[1:], strict=False):
            if isinstance(value, ast.FormattedValue) and isinstance(after, ast.Constant) and COUNT.match(after.value):
                found.append(f"line {value.lineno}: {ast.unparse(value.value)}{after.value}")
    return found


@pytest.mark.parametrize("module", sorted(SOURCES))
def test_every_count_is_written_by_the_helper(module):
    assert by_hand(tree(module)) == []


@pytest.mark.parametrize(
    ("source", "number"),
    [
        ('f"{len(x)} photographs"', 1),
        ('f"{done:,} of {n:,} images, {len(c)} classes"', 2),
        ('f"{n} more networks"', 1),
        ("f\"{counted(n, 'image')}, {rate:.1f} images/s; {path} holds several networks\"", 0),
    ],
)
def test_a_count_by_hand_is_found(source, number):
    assert len(by_hand(ast.parse(source))) == number
