import json
import subprocess
import sys
from dataclasses import FrozenInstanceError
from pathlib import Path

import pytest

from gradviz.errors import ChoiceError
from gradviz.spec import Spec, number_or_cv, positive
from tests.conftest import ROOT


@pytest.mark.parametrize(
    ("choice", "says"),
    [
        ({"preprocess": "crop"}, "center, squash, tencrop"),
        ({"normalise": "l1"}, "l2, none"),
        ({"temperature": 0}, "temperature must be a positive number, not 0"),
        ({"temperature": -1.0}, "temperature must be a positive number"),
        ({"temperature": float("nan")}, "temperature must be a positive number"),
        ({"temperature": float("inf")}, "temperature must be a positive number"),
        ({"images": 0}, "number of images must be 1 or more, not 0"),
        ({"images": -5}, "number of images must be 1 or more"),
        ({"seed": -1}, "seed must lie between 0 and 4294967295"),
        ({"seed": 2**32}, "seed must lie between"),
    ],
)
def test_impossible_choices_are_refused_in_one_line(choice, says):
    with pytest.raises(ChoiceError, match=says) as caught:
        Spec(**choice)
    assert "\n" not in str(caught.value)


def test_a_spec_cannot_be_changed_and_compares_by_value():
    spec = Spec(temperature=8)
    assert spec == Spec(temperature=8) != Spec()
    assert hash(spec) == hash(Spec(temperature=8))
    with pytest.raises(FrozenInstanceError):
        spec.temperature = 4


def test_public_is_json_and_names_no_folder():
    spec = Spec(
        weights=Path("/home/somebody/mine.pth"), pseudo_label="/home/somebody/g.npy", temperature="cv", images=3
    )
    public = json.loads(json.dumps(spec.public()))
    assert public == {
        "network": "alexnet64",
        "weights": "mine.pth",
        "images": 3,
        "preprocess": "center",
        "pseudo_label": "g.npy",
        "temperature": "cv",
        "normalise": "l2",
        "centre": False,
        "seed": 0,
        "tf32": False,
    }
    assert Spec().public()["weights"] is None
    assert Spec(pseudo_label="true").public()["pseudo_label"] == "true"


def test_numbers_and_cv_are_read():
    assert (number_or_cv("cv"), number_or_cv("8"), number_or_cv("1e-2")) == ("cv", 8.0, 0.01)
    for text in ("", "CV", "eight", "0", "-1", "nan", "inf"):
        with pytest.raises(ChoiceError):
            number_or_cv(text)
    assert positive(2, "C") == 2.0


def test_a_spec_needs_no_heavy_library():
    heavy = "{'torch', 'numpy', 'sklearn', 'zarr', 'streamlit'}"
    code = f"import sys, gradviz.spec; sys.exit(bool({heavy} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT).returncode == 0
