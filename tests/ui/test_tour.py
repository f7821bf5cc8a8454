"""The texts on demand: how long they are, that every term in them is explained, and what the steps are made of."""

import re

import pytest

from gradviz.ui import explained, tour
from gradviz.ui.tour_steps import STEPS, TITLES
from tests.pages.apps import page_table

TERM = re.compile(r"\*([^*\n]+)\*")
FORMULA = re.compile(r"\$\$.*?\$\$|\$[^$]*\$", re.DOTALL)
JARGON = (
    *("activation", "alignment", "average precision", "bootstrap", "CKA", "cosine", "cross-validation", "gradient"),
    *("interval", "kernel", "layer", "logit", "loss", "mAP", "margin", "outer product", "pseudo-label", "purity"),
    *("ReLU", "seriation", "softmax", "split", "SVM", "temperature", "trace kernel", "trustworthiness", "UMAP", "unit"),
    *("vector", "weight", "eigenvalue", "logistic", "hyperparameter", "regularis", "embedding", "tensor"),
)
"""Words of the field; each that stands in a text is explained somewhere."""
KNOWN = {
    "margin": "SVM",
    "ReLU": "activation",
    "CKA": "alignment",
    "vector": "cosine",
    "weight": "layer",
}
"""Words that the entry of another term explains, or says with what they mean."""


def steps() -> dict[str, str]:
    return {f"step {n}": f"{step.question} {step.look} {step.answer}" for n, step in enumerate(STEPS, 1)}


TEXTS = {**explained.PAGES, **steps()}


def words(text: str) -> list[str]:
    """Count a formula as one word: it is read as one."""
    return re.findall(r"[\w§][\w’'-]*", FORMULA.sub(" § ", text))


def singular(term: str) -> str:
    for name in explained.GLOSSARY:
        if term.lower() in {name.lower(), f"{name}s".lower()}:
            return name
    return ""


def test_the_text_is_short() -> None:
    counts = {name: len(words(text)) for name, text in TEXTS.items()}
    counts["glossary"] = len(words(explained.glossary()))
    print(counts, sum(counts.values()))
    assert 1200 <= sum(counts.values()) <= 1900
    assert all(50 <= counts[title] <= 150 for title in explained.PAGES)
    assert all(len(meaning.split()) <= 40 for meaning in explained.GLOSSARY.values())


def test_every_page_has_a_text_and_no_other_has() -> None:
    assert list(explained.PAGES) == [title for _, title in page_table()]


@pytest.mark.parametrize("name", [*TEXTS, "glossary"])
def test_what_is_called_a_term_is_in_the_glossary(name: str) -> None:
    text = FORMULA.sub("", TEXTS.get(name) or " ".join(explained.GLOSSARY.values()))
    assert [term for term in TERM.findall(text) if not singular(term)] == []
    assert name == "glossary" or TERM.findall(text), f"{name} marks no term"


@pytest.mark.parametrize("name", [*TEXTS, "glossary"])
def test_no_word_of_the_field_is_left_unexplained(name: str) -> None:
    text = TEXTS.get(name) or " ".join(explained.GLOSSARY.values())
    used = [word for word in JARGON if re.search(rf"\b{word}", FORMULA.sub("", text))]
    left = [word for word in used if not (singular(word) or word in KNOWN)]
    assert left == []
    assert all(re.search(word, explained.GLOSSARY[entry]) for word, entry in KNOWN.items())


def test_the_glossary_is_in_the_order_of_the_alphabet() -> None:
    names = [name.lower() for name in explained.GLOSSARY]
    assert names == sorted(names)
    assert explained.glossary().count("\n\n") == len(names) - 1


@pytest.mark.parametrize("text", [*TEXTS.values(), *explained.GLOSSARY.values()])
def test_formulas_end_where_they_should(text: str) -> None:
    """A formula on lines of its own has its signs on lines of their own, or the lines after it are lost in it."""
    assert text.count("$") % 2 == 0
    assert [line for line in text.split("\n") if "$$" in line and line != "$$"] == []
    inside = "".join(FORMULA.findall(text))
    assert inside.count("{") == inside.count("}")
    assert "*" not in inside


def test_there_are_ten_steps_and_each_asks_before_it_tells() -> None:
    assert len(STEPS) == 10
    files = [file for file, _ in page_table()]
    assert TITLES.items() <= dict(page_table()).items()
    for step in STEPS:
        assert step.page in TITLES
        assert "?" in step.question
        assert step.needs in ("pictures", "layer", "network", "labels")
        assert len(words(step.question)) <= 20
        assert len(words(step.answer)) <= 60
    assert (STEPS[0].page, STEPS[-1].page) == (files[0], files[0])


def test_the_tour_goes_by_the_temperature_of_each_step() -> None:
    assert [(step.temperature, step.then) for step in STEPS if step.then] == [(1, 8), (1, 8)]
    assert STEPS[6].figure["large"] == "backward"


@pytest.mark.parametrize(("number", "shown", "text"), [(1, False, "1"), (7, True, "7-shown"), (10, False, "10")])
def test_a_step_is_written_and_read(number: int, shown: bool, text: str) -> None:
    at = tour.At(number, shown)
    assert at.written == text
    assert tour.KNOWN[text] == at
    assert at.step is STEPS[number - 1]


@pytest.mark.parametrize("text", ["0", "11", "07", "", "7-", "seven", "7 shown"])
def test_no_other_text_is_a_step(text: str) -> None:
    assert text not in tour.KNOWN


def test_names_of_the_layer_stand_where_the_text_leaves_them_room() -> None:
    names = {"layer": "fc6", "product": "dW6", "beside": "x5+x6"}
    for step in STEPS:
        for text in (step.question, step.look, step.answer):
            left = tour.named(text, names)
            assert not re.search(r"\{(layer|product|beside|forward)\}", left)
    assert tour.named(STEPS[8].question, names).startswith("dW6 or x5+x6: ")
