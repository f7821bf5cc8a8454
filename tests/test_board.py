"""The board of representations: each figure is that of the verbs, and the test images are never looked at."""

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from gradviz import board as boards
from gradviz import metrics
from gradviz.board import at, board, similarities, stored, wanted
from gradviz.datasets import ImageSet, find
from gradviz.errors import Cancelled, ChoiceError
from gradviz.experiment import Experiment
from gradviz.features.extraction import Features
from gradviz.kernels import CentredKernels, kernel
from gradviz.ranking import best, gains, rivals, scored
from gradviz.representations import parse
from gradviz.resampling import resample
from gradviz.results import BoardRow
from gradviz.spec import TEMPERATURE_GRID, Spec
from gradviz.svm import cross_validate, held_out

IMAGES = 40
NO_IMAGES = Features(ImageSet("none", root=None, ids=(), splits={}), np.array([], int), {})


@pytest.fixture(scope="module")
def lab(photographs: Path, kept: Path) -> Experiment:
    return Experiment(find(photographs), Spec(images=IMAGES), home=kept)


@pytest.fixture(scope="module")
def rows(lab: Experiment) -> list[BoardRow]:
    return list(board(lab, train="train"))


def test_every_representation_has_a_row_for_each_temperature_that_it_depends_on(lab, rows):
    named = [(row.representation, row.temperature) for row in rows]
    assert tuple(named) == wanted(lab)
    taus = {name: [tau for other, tau in named if other == name] for name, _ in named}
    assert set(taus) == set(lab.offer.representations)
    assert taus["x6"] == taus["x6+x7"] == taus["x7+y8"] == taus["y8"] == [None]
    assert taus["dW6"] == taus["dy8"] == [*TEMPERATURE_GRID, math.inf]
    assert taus["x8"] == list(TEMPERATURE_GRID), "at infinity the softmax says the same of every image"


@pytest.mark.parametrize("normalise", ["l2", "centred", "none"])
@pytest.mark.parametrize(("name", "tau"), [("x5+x6", None), ("dW7", 8.0), ("dy8", math.inf), ("x8", 2.0)])
def test_a_row_is_what_a_plain_computation_gives(lab, name, tau, normalise):
    lab = replace(lab, spec=replace(lab.spec, normalise=normalise))
    (row,) = board(lab, [(name, tau)], train="train", C=10.0, ap="area")
    here, parsed = at(lab, tau), parse(name, lab.offer)
    ids = sorted(lab.images.ids[i] for i in lab.images.select("train", IMAGES))
    positions = np.array([lab.images.source(one) for one in ids])
    vectors = here.features(parsed.needs, positions)
    K = here.kernel(name, "train").K
    order = [here.kernel(name, "train").rows.ids.index(one) for one in ids]
    K = K[np.ix_(order, order)]
    folded = CentredKernels(parsed, vectors.arrays) if normalise == "centred" else K
    labels = lab.images.labels[positions]
    assert row.mean_ap == pytest.approx(100 * cross_validate(folded, labels, C=10.0, ap="area"), abs=1e-6)
    measured = [value for value in row.per_class.values() if value is not None]
    assert row.mean_ap == pytest.approx(np.mean(measured))
    assert row.alignment == pytest.approx(metrics.alignment(K, metrics.label_kernel(labels)), abs=1e-6)
    assert 0 < row.chance < 1
    assert row.interval[0] < row.mean_ap < row.interval[1]
    assert row.dimensions == tuple(tuple(vectors.arrays[v].shape[1] for v in part.factors) for part in parsed.parts)
    assert row.role == {"x5+x6": "forward", "dW7": "product", "dy8": "backward", "x8": "forward"}[name]
    assert row.network == "alexnet64"


def test_only_training_images_are_looked_at(lab, monkeypatch):
    asked, features = [], Experiment.features

    def noted(self, names, where=None, **callbacks):
        asked.extend(np.asarray(where).tolist())
        return features(self, names, where, **callbacks)

    monkeypatch.setattr(Experiment, "features", noted)
    list(board(lab, [("x6", None), ("dW8", 4.0)], train="train"))
    assert set(asked) == set(lab.images.select("train", IMAGES).tolist())


def test_what_has_no_temperature_is_read_and_multiplied_once(lab, monkeypatch):
    made, gram = [], boards._gram

    def noted(lab, name, *others):
        made.append(name)
        return gram(lab, name, *others)

    monkeypatch.setattr(boards, "_gram", noted)
    list(board(lab, [("x6", None), ("dW7", 1.0), ("dy7", 1.0), ("dW7", 8.0)], train="train"))
    assert sorted(made) == ["dy7", "dy7", "x6"]


def test_the_choice_is_that_of_a_temperature_by_cv(lab, rows):
    lab = replace(lab, spec=replace(lab.spec, temperature="cv"))
    among = [row for row in rows if row.representation == "dW7" and row.temperature != math.inf]
    assert best(among)[0].temperature == lab.evaluate("dW7", train="train", test="val").temperature


def row(name: str, value: float, tau: float | None = None, role: str = "forward", network: str = "a") -> BoardRow:
    nothing = {"per_class": {}, "alignment": 0.0, "purity": None, "chance": None, "dimensions": (), "about": {}}
    more = {"seconds": 0.0, "role": role, "train": NO_IMAGES, "draws": np.array([value - 1, value, value + 4])}
    return BoardRow(network, name, tau, value, (0, 1), **nothing, **more)


def test_the_best_rows_and_what_they_are_compared_with():
    table = [
        row("x6", 40),
        row("x8", 41, 1.0),
        row("x8", 43, 4.0),
        row("x8", 43, 8.0),
        row("dW6", 45, 1.0, "product"),
        row("dW6", 47, math.inf, "product"),
        row("dy6", math.nan, 1.0, "backward"),
        row("dy6", 44, 1.0, "backward", "b"),
    ]
    ranked = best(table)
    assert [(one.network, one.representation, one.temperature) for one in ranked] == [
        ("a", "dW6", math.inf),
        ("b", "dy6", 1.0),
        ("a", "x8", 4.0),
        ("a", "x6", None),
        ("a", "dy6", 1.0),
    ]
    assert {name: one.representation for name, one in rivals(ranked).items()} == {
        "forward": "x8",
        "plain": "x6",
        "runner-up": "dy6",
    }
    forward_first = best([row("x8", 50, 4.0), *table[4:6], row("x6", 49)])
    assert {name: one.representation for name, one in rivals(forward_first).items()} == {
        "gradient": "dW6",
        "runner-up": "x6",
    }
    assert rivals([]) == rivals(ranked[:1]) == {}


def test_gradients_are_compared_with_input_and_output_joined_on_the_same_draws(lab, rows):
    ranked = best(rows)
    found = gains(ranked)
    assert [(one.product.representation, one.joined.representation) for one in found] == [
        ("dW6", "x5+x6"), ("dW7", "x6+x7"), ("dW8", "x7+y8")
    ]  # fmt: skip
    positions = np.array([lab.images.source(one) for one in sorted(ranked[0].train.ids)])
    labels = lab.images.labels[positions]
    for one in found:
        assert one.product in ranked, "at its best temperature"
        folded = []
        for row in (one.product, one.joined):
            parsed = parse(row.representation, lab.offer)
            K = kernel(parsed, at(lab, row.temperature).features(parsed.needs, positions).arrays).K
            folded.append(held_out(K, labels, C=1.0, ap=lab.images.ap))
        assert one.value == pytest.approx(100 * (folded[0].mean - folded[1].mean), abs=1e-6)
        drawn = [resample(of.scores, labels, lab.images.ap, folds=of.folds).mean for of in folded]
        apart = 100 * (drawn[0] - drawn[1])
        bounds = np.nanquantile(apart, [0.025, 0.975]) - np.nanmean(apart) + one.value
        assert one.interval == pytest.approx(tuple(bounds), abs=1e-6)


def test_a_gain_needs_both(lab):
    table = [row("dW6", 45, 2.0, "product"), row("x5+x6", 42), row("x6+x7", 43), row("dW8", math.nan, 1.0, "product"),
             row("x7+y8", 40), row("dW6", 50, 2.0, "product", "b"), row("x5+x6", 51, None, "forward", "b")]  # fmt: skip
    found = gains(best(table))
    assert [(one.product.network, one.joined.representation, one.value) for one in found] == [
        ("b", "x5+x6", -1), ("a", "x5+x6", 3)
    ]  # fmt: skip
    assert found[1].interval == pytest.approx((3, 3)), "the draws are paired"
    assert gains([]) == []


def test_scores_are_those_of_evaluate_and_differences_are_paired(lab, rows):
    ranked = best(rows)
    picks = [ranked[0], *rivals(ranked).values()]
    runs = [at(lab, one.temperature).evaluate(one.representation, train="train", test="val") for one in picks]
    found = scored(runs)
    assert found[0].difference is None
    for one in found[1:]:
        assert one.difference.mean == pytest.approx(found[0].run.mean_ap - one.run.mean_ap)
        assert one.difference.interval[0] <= one.difference.interval[1]


def test_kernels_are_compared_as_align_does(lab, rows):
    ranked = [one for one in best(rows) if one.temperature in (None, 1.0)][:3]
    ranked += [row("x6", 1.0)] if all(one.representation != "x6" for one in ranked) else []
    asked = [(lab, one.representation, one.temperature) for one in ranked]
    found = similarities(asked, "train")
    exact = lab.align([one.representation for one in ranked], "train").between
    np.testing.assert_allclose(found, exact, atol=1e-6)
    few = similarities(asked, "train", most=10)
    assert np.diagonal(few) == pytest.approx(1)


def test_networks_that_have_seen_the_photographs_are_found_in_the_store(photographs, tmp_path):
    lab = Experiment(find(photographs), Spec(images=8), home=tmp_path)
    assert stored(lab, "train", "val") == ()
    lab.extract("train")
    assert stored(lab, "train") == ("alexnet64",)
    assert stored(lab, "train", "val") == ()
    for other in (replace(lab.spec, preprocess="squash"), replace(lab.spec, images=9)):
        assert stored(replace(lab, spec=other), "train") == ()


def test_without_labels_or_with_a_wrong_c_it_is_refused(lab, snapshots, kept):
    with pytest.raises(ChoiceError, match="no labels"):
        next(board(Experiment(find(snapshots), home=kept), train="all"))
    with pytest.raises(ChoiceError, match="positive number"):
        next(board(lab, train="train", C=-1))
    with pytest.raises(ChoiceError):
        next(board(lab, train="nowhere"))


def test_it_counts_and_stops(lab):
    seen: list[tuple[int, int]] = []
    rows = [("x6", None), ("x7", None), ("y8", None)]
    list(board(lab, rows, train="train", progress=lambda *step: seen.append(step)))
    assert seen[-1] == (1000, 1000)
    assert seen == sorted(seen)
    stops, found = iter([False] * 8 + [True] * 1000), []
    stopped = board(lab, rows, train="train", cancel=lambda: next(stops))
    with pytest.raises(Cancelled):
        found.extend(stopped)
    assert len(found) < 3
