"""Pseudo-labels are probability vectors that say what an image is taken to show."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from gradviz.errors import ChoiceError
from gradviz.features.pseudo_labels import matching, pseudo_label
from gradviz.networks.loading import load

NOTHING = SimpleNamespace(name="none", classes=(), labels=None, findings=())
SET = SimpleNamespace(
    name="farm",
    classes=("cow", "sheep", "person", "lemon"),
    labels=np.array([[1, -1, 1, -1], [1, 1, -1, -1], [-1, -1, 1, 0], [-1, -1, -1, 1]], np.int8),
)


@pytest.fixture(scope="module")
def model() -> object:
    return load("alexnet64", device="cpu")


def of(name: str, model: object) -> int:
    return next(p for p, full in enumerate(model.classes) if full.split(",")[0] == name)


def test_uniform_needs_no_vector(model: object) -> None:
    label = pseudo_label("uniform", model, NOTHING)
    assert (label.of(np.arange(2), np.zeros((2, 1, 200))), label.digest) == (None, "uniform")


def test_predicted_is_the_largest_logit_averaged_over_crops(model: object) -> None:
    y = np.zeros((2, 2, 200), np.float32)
    y[0, :, 3] = 1
    y[1, 0, 5], y[1, 1, 7] = 2, 3
    g = pseudo_label("predicted", model, NOTHING).of(np.arange(2), y)
    assert (g.shape, g.sum(), g[0, 3], g[1, 7]) == ((2, 200), 2, 1, 1)
    y[0] = np.nan
    assert pseudo_label("predicted", model, NOTHING).of(np.arange(2), y)[0].sum() == 1


def test_true_spreads_over_the_classes_that_match(model: object) -> None:
    label = pseudo_label("true", model, SET)
    g = label.of(np.array([0, 1, 2]), np.zeros((3, 1, 200)))
    ox, bighorn = of("ox", model), of("bighorn", model)
    assert (g[0, ox], g[0].sum()) == (1, 1)
    assert (g[1, ox], g[1, bighorn], g[1].sum()) == (0.5, 0.5, 1)
    assert np.allclose(g[2], 1 / 200)
    assert label.notes == ("alexnet64 has no class for person: images with nothing else get the uniform label.",)


def test_classes_that_are_not_vocs_match_by_name(model: object) -> None:
    assert matching(("lemon", "dog", "yeti"), model)[0] == (of("lemon", model),)
    assert len(matching(("dog",), model)[0]) == 6
    assert matching(("yeti",), model) == ((),)
    g = pseudo_label("true", model, SET).of(np.array([3]), np.zeros((1, 1, 200)))
    assert g[0, of("lemon", model)] == 1


@pytest.mark.parametrize("name", ["g.npy", "g.txt"])
def test_a_vector_from_a_file(name: str, model: object, tmp_path: Path) -> None:
    vector = np.arange(200) / np.arange(200).sum()
    (np.save if name.endswith(".npy") else np.savetxt)(tmp_path / name, vector)
    label = pseudo_label(str(tmp_path / name), model, NOTHING)
    assert np.allclose(label.of(np.arange(2), np.zeros((2, 200))), vector)
    assert label.digest.startswith("file:")


def test_what_cannot_be_is_refused(model: object, tmp_path: Path) -> None:
    with pytest.raises(ChoiceError, match="no labels"):
        pseudo_label("true", model, NOTHING)
    with pytest.raises(ChoiceError, match=r"No class of stars .* uniform or predicted"):
        pseudo_label("true", model, SimpleNamespace(name="stars", classes=("sun",), labels=np.ones((1, 1), np.int8)))
    with pytest.raises(ChoiceError, match=r"uniform, predicted, true or a file of 200 numbers"):
        pseudo_label("guess", model, NOTHING)
    for name, content, reason in (
        ("words.txt", "not a number", "no vector of numbers"),
        ("short.txt", "0.5\n0.5\n", "must hold 200 numbers"),
        ("empty.csv", "", "must hold 200 numbers"),
        ("pickle.npy", "cos\nsystem\n", "no vector of numbers"),
        ("sum.txt", "1\n" * 200, "sum to 1"),
    ):
        (tmp_path / name).write_text(content)
        with pytest.raises(ChoiceError, match=reason):
            pseudo_label(str(tmp_path / name), model, NOTHING)
