"""The figures that any correct implementation reaches on 2,476 real photographs, for two networks."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from gradviz.datasets import find
from gradviz.experiment import Experiment, Spec
from gradviz.metrics import mean_ap
from tests.conftest import ROOT

TOLERANCE = 0.3
"""In percent of mean average precision."""

# Network, representation, temperature, 11-point mAP, area mAP, in percent. They were measured with scikit-learn's own
# SVC on kernels of l2-normalised factors: C = 1, trained on train, scored on val.
TABLE = [
    ("squeezenet1_0", "x9", 1, 71.52, 73.19),
    ("squeezenet1_0", "y10", 1, 74.32, 76.10),
    ("squeezenet1_0", "x10", 1, 65.15, 66.15),
    ("squeezenet1_0", "dy10", 1, 65.05, 66.08),
    ("squeezenet1_0", "dW10", 1, 67.73, 68.96),
    ("squeezenet1_0", "dy10", 8, 77.27, 79.35),
    ("squeezenet1_0", "dW10", 8, 77.74, 79.68),
    ("alexnet64", "x5", 1, 41.06, 40.29),
    ("alexnet64", "x6", 1, 44.17, 43.55),
    ("alexnet64", "x7", 1, 41.91, 41.06),
    ("alexnet64", "y8", 1, 41.19, 40.30),
    ("alexnet64", "x8", 1, 34.38, 32.91),
    ("alexnet64", "x5+x6", 1, 43.94, 43.41),
    ("alexnet64", "dW6", 1, 45.53, 44.69),
    ("alexnet64", "dW6", 8, 46.13, 45.59),
    ("alexnet64", "x6+x7", 1, 43.40, 42.73),
    ("alexnet64", "dW7", 1, 44.28, 43.50),
    ("alexnet64", "dW7", 8, 45.28, 44.65),
    ("alexnet64", "x7+y8", 1, 42.02, 41.32),
    ("alexnet64", "dW8", 1, 39.66, 38.92),
    ("alexnet64", "dW8", 8, 43.34, 42.30),
    ("alexnet64", "dy6", 1, 39.18, 38.29),
    ("alexnet64", "dy7", 1, 38.97, 37.84),
    ("alexnet64", "dy8", 1, 33.72, 32.28),
    ("alexnet64", "dy8", 8, 41.75, 40.87),
]

# The same with every factor of length 1, less the mean of the training photographs, of length 1 again; 11-point mAP.
CENTRED = [("squeezenet1_0", "y10", 1, 75.72), ("squeezenet1_0", "dW10", 8, 75.02), ("alexnet64", "dW6", 8, 45.78)]


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One home for the module, so that each network sees each photograph once."""
    return tmp_path_factory.mktemp("protocol")


@pytest.fixture(scope="module")
def photographs(voc_root: Path):
    return find(voc_root)


@pytest.mark.parametrize(("network", "representation", "temperature", "eleven_point", "area"), TABLE)
def test_published_figures(photographs, kept, test_data, network, representation, temperature, eleven_point, area):
    weights = None if network == "alexnet64" else test_data / "weights" / f"{network}.safetensors"
    lab = Experiment(photographs, Spec(network=network, weights=weights, temperature=temperature), home=kept)
    found = lab.evaluate(representation, train="train", test="val", C=1.0)
    assert (len(found.train.ids), len(found.test.ids), found.ap) == (1238, 1238, "eleven_point")
    by_area = 100 * mean_ap(found.scores, found.test.labels, "area").mean
    print(f"{network} {representation} {temperature}: {found.mean_ap:.2f} {by_area:.2f}")
    assert found.mean_ap == pytest.approx(eleven_point, abs=TOLERANCE)
    assert by_area == pytest.approx(area, abs=TOLERANCE)


@pytest.mark.parametrize(("network", "representation", "temperature", "eleven_point"), CENTRED)
def test_published_figures_of_centred_factors(
    photographs, kept, test_data, network, representation, temperature, eleven_point
):
    weights = None if network == "alexnet64" else test_data / "weights" / f"{network}.safetensors"
    spec = Spec(network=network, weights=weights, temperature=temperature, normalise="centred")
    found = Experiment(photographs, spec, home=kept).evaluate(representation, train="train", test="val", C=1.0)
    print(f"{network} {representation} {temperature} centred: {found.mean_ap:.2f}")
    assert found.mean_ap == pytest.approx(eleven_point, abs=TOLERANCE)


def test_command_line_reaches_the_same_figure(voc_root, kept):
    command = [sys.executable, "-m", "gradviz", "evaluate", str(voc_root), "--representation", "dW7"]
    command += ["--train", "train", "--test", "val", "--C", "1", "--temperature", "8", "--ap", "area", "--json"]
    environment = {**os.environ, "GRADVIZ_HOME": str(kept)}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert answer["mean_ap"] == pytest.approx(44.65, abs=TOLERANCE)
    assert (answer["n_train"], answer["n_test"], answer["spec"]["ap"]) == (1238, 1238, "area")
