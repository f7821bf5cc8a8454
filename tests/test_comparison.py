"""Evaluations of real photographs compared, in percent."""

from dataclasses import replace

import numpy as np
import pytest

from gradviz.comparison import compare, incomparable, resampled
from gradviz.datasets import find
from gradviz.errors import ChoiceError
from gradviz.experiment import Experiment, Spec
from gradviz.metrics import mean_ap


@pytest.fixture(scope="module")
def runs(photographs, kept):
    lab = Experiment(find(photographs), Spec(temperature=8), home=kept, device="cpu")
    return [lab.evaluate(name, train="train", test="val") for name in ("dW6", "x6")]


def test_intervals_are_in_percent_and_of_the_evaluation_s_own_classes(runs):
    a, b = runs
    drawn = [resampled(run, draws=300) for run in runs]
    for run, one in zip(runs, drawn, strict=True):
        assert one.interval[0] < run.mean_ap < one.interval[1] + 5  # few images make 11-point values rise when drawn
        out = [value is None for value in run.per_class.values()]
        assert np.isnan(one.per_class).all(axis=0).tolist() == out
    found = compare(a, b, *drawn)
    labels = a.test.labels
    exact = [mean_ap(run.scores, labels, run.ap).per_class for run in runs]
    np.testing.assert_allclose(found.per_class, 100 * (exact[0] - exact[1]), atol=1e-9)
    assert found.mean == pytest.approx(a.mean_ap - b.mean_ap)
    assert found.interval[0] < found.mean < found.interval[1]


def test_what_cannot_be_compared_is_said(runs):
    a, b = runs
    drawn = [resampled(run, draws=20) for run in runs]
    assert incomparable(a, b) == ""
    fewer = replace(b, test=replace(b.test, positions=b.test.positions[1:]))
    assert incomparable(a, fewer) == "other test images"
    assert incomparable(a, replace(b, per_class=dict(list(b.per_class.items())[1:]))) == "other classes"
    with pytest.raises(ChoiceError, match="dW6 and x6 cannot be compared: they have other kinds of average precision"):
        compare(a, replace(b, ap="area"), *drawn)
