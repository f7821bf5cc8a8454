import inspect
import json
import math
import subprocess
import sys
from dataclasses import FrozenInstanceError, fields, replace
from pathlib import Path

import pytest

from gradviz.errors import ChoiceError
from gradviz.spec import C_GRID, OPTIONS, TEMPERATURE_GRID, Spec, check, number_or_cv, positive
from tests.conftest import ROOT


@pytest.mark.parametrize(
    ("choice", "says"),
    [
        ({"preprocess": "crop"}, "center, squash, tencrop"),
        ({"normalise": "l1"}, "l2, none"),
        ({"temperature": 0}, "temperature must be a positive number, not 0"),
        ({"temperature": -1.0}, "temperature must be a positive number"),
        ({"temperature": float("nan")}, "temperature must be a positive number"),
        ({"temperature": float("-inf")}, "temperature must be a positive number"),
        ({"images": 0}, "number of images must be 1 or more, not 0"),
        ({"images": -5}, "number of images must be 1 or more"),
        ({"seed": -1}, "seed must lie between 0 and 4294967295"),
        ({"seed": 2**32}, "seed must lie between"),
        ({"seed": None}, "seed must be a whole number, not None"),
        ({"images": "x"}, "number of images must be a whole number, not 'x'"),
        ({"images": True}, "number of images must be a whole number, not True"),
        ({"temperature": "high"}, "temperature must be a positive number or cv, not 'high'"),
        ({"temperature": 1e-310}, "temperature must be 1e-30 or more"),
        ({"centre": "no"}, "centre is on or off .*, not 'no'"),
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


def test_files_are_taken_as_text_or_as_paths():
    assert Spec(weights="a/w.pth", pseudo_label=Path("a/g.npy")) == Spec(
        weights=Path("a/w.pth"), pseudo_label="a/g.npy"
    )
    assert Spec(weights="a/w.pth").public()["weights"] == "w.pth"


@pytest.mark.parametrize("value", ["hot", "8", True, "", "nan"])
@pytest.mark.parametrize("name", ["temperature", "C"])
def test_a_number_is_a_number(name, value):
    with pytest.raises(ChoiceError, match=f"The {name} must be a positive number or cv, not {value!r}"):
        check(name, value)


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


# The table of options


@pytest.mark.parametrize("name", OPTIONS)
def test_an_option_is_described(name):
    option = OPTIONS[name]
    assert option.help[0].isupper()
    assert option.help.endswith(".")
    for text in (option.other, *option.values.values()):
        assert not text.endswith(".")
    if option.read is None and option.values:
        assert option.default is None or option.default in option.values
        with pytest.raises(ChoiceError, match=f"no {name} 'novel': choose {', '.join(option.values)}"):
            check(name, "novel")


def test_every_field_of_a_spec_is_an_option_with_its_default():
    for choice in fields(Spec):
        assert getattr(Spec(), choice.name) == OPTIONS[choice.name].default


@pytest.mark.parametrize("name", [f.name for f in fields(Spec) if OPTIONS[f.name].values and not OPTIONS[f.name].read])
def test_a_new_value_in_the_table_is_accepted(name, monkeypatch):
    option = OPTIONS[name]
    monkeypatch.setitem(OPTIONS, name, replace(option, values={**option.values, "novel": "new"}))
    assert getattr(Spec(**{name: "novel"}), name) == "novel"


def test_the_verbs_have_the_same_defaults():
    from gradviz.experiment import Experiment

    parameters = {
        "C": Experiment.evaluate,
        "ap": Experiment.evaluate,
        "neighbours": Experiment.embed,
        "top": Experiment.neighbours,
        "device": Experiment,
    }
    for name, verb in parameters.items():
        assert inspect.signature(verb).parameters[name].default == OPTIONS[name].default


def test_every_named_value_is_computed_somewhere():
    from gradviz.datasets import find
    from gradviz.features.pseudo_labels import pseudo_label
    from gradviz.metrics import AP_KINDS
    from gradviz.networks.loading import load, resolve_device
    from gradviz.networks.transforms import CROPS

    assert list(CROPS) == list(OPTIONS["preprocess"].values)
    assert list(AP_KINDS) == list(OPTIONS["ap"].values)
    with pytest.raises(ChoiceError, match=f"choose from {', '.join(OPTIONS['device'].values)}"):
        resolve_device("novel")
    model, demo = load("alexnet64", device="cpu"), find("demo")
    for name in OPTIONS["pseudo_label"].values:
        assert pseudo_label(name, model, demo).name == name


def test_grids_of_cross_validation_are_offered_values():
    assert TEMPERATURE_GRID == (1.0, 2.0, 4.0, 8.0, 16.0, 32.0)
    assert C_GRID == (0.01, 0.1, 1.0, 10.0, 100.0)
    assert set(TEMPERATURE_GRID) < set(OPTIONS["temperature"].offered)
    assert set(C_GRID) < set(OPTIONS["C"].offered)


def test_paths_may_be_given_as_text():
    assert Spec(weights="a/w.pth") == Spec(weights=Path("a/w.pth"))
    assert Spec(weights="a/w.pth").public()["weights"] == "w.pth"
    assert Spec(pseudo_label=Path("a/g.npy")) == Spec(pseudo_label="a/g.npy")


def test_the_temperature_may_be_infinite_and_is_written_as_json_can_say_it():
    spec = Spec(temperature=float("inf"))
    assert json.loads(json.dumps(spec.public(), allow_nan=False))["temperature"] == "inf"
    assert OPTIONS["temperature"].read("inf") == math.inf
    assert Spec(temperature="inf") == spec
    with pytest.raises(ChoiceError, match="C must be a positive number"):
        check("C", math.inf)
