import pytest

from gradviz.ui.text import plain
from tests.payloads import PAYLOADS


@pytest.mark.parametrize(
    "text",
    [
        "The store holds other arrays for these settings: empty it with `python -m gradviz store clear`.",
        "6 of 20 images (train) could not be read, such as a_b-c.jpg: cut.",
        "/home/somebody/x_y.tar is not there, 12.5 % of it!",
    ],
)
def test_a_sentence_stays_as_it_is(text: str) -> None:
    assert plain(text) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("*a*", r"\*a\*"),
        ("[a](javascript:b)", "\\[a\\](javascript:\N{WORD JOINER}b)"),
        ("<img src=x>", r"\<img src=x>"),
        ("https://a.b", "https:\N{WORD JOINER}//a.b"),
        ("www.a.b", "www\N{WORD JOINER}.a.b"),
        ("me@a.b", "me@\N{WORD JOINER}a.b"),
        (":material/home:", ":\N{WORD JOINER}material/home:"),
        ("# title", r"\# title"),
        ("1. item", r"1\. item"),
        ("- item", r"\- item"),
        ("$x$", r"\$x\$"),
        ("&lt;", r"\&lt;"),
        ("a\n# b", "a # b"),
        ("it`s", r"it\`s"),
    ],
)
def test_markup_is_text(text: str, shown: str) -> None:
    assert plain(text) == shown


def test_no_payload_keeps_its_markup() -> None:
    assert all(plain(payload) != payload for payload in PAYLOADS)
