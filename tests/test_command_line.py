"""Command lines are what the parser and a POSIX shell take apart into the same choices."""

import math
import shlex
import subprocess
from dataclasses import fields
from pathlib import Path

import pytest

from gradviz.cli.parser import parser
from gradviz.command_line import command_line
from gradviz.spec import Spec
from tests.payloads import PAYLOADS


def parsed(line: str):
    program, *words = shlex.split(line)
    assert program == "gradviz"
    return parser().parse_args(words)


def spec_of(line: str) -> Spec:
    found = parsed(line)
    return Spec(**{field.name: getattr(found, field.name) for field in fields(Spec)})


def test_a_line_as_somebody_would_type_it():
    spec = Spec(network="alexnet64", temperature=8.0)
    choices = {"representation": "dW6", "train": "train", "test": "val", "C": 1.0}
    assert command_line("evaluate", "voc2007", spec, stated=("network",), **choices) == (
        "gradviz evaluate voc2007 --network alexnet64 --temperature 8 --representation dW6 "
        "--train train --test val --C 1"
    )
    assert command_line("datasets", "demo") == "gradviz datasets demo"


@pytest.mark.parametrize(
    "spec",
    [
        Spec(),
        Spec(network="vgg16", images=300, preprocess="tencrop", pseudo_label="predicted", temperature=math.inf),
        Spec(weights=Path("/tmp/my weights.pt"), temperature=0.30000000000000004, normalise="centred", seed=7),
        Spec(temperature="cv", centre=True, tf32=True),
    ],
)
def test_the_parser_reads_the_same_choices(spec: Spec):
    assert spec_of(command_line("kernel", "x", spec, representation="x6", out="k.npz")) == spec
    assert spec_of(command_line("kernel", "x", spec, stated=("network", "seed"), representation="x6", out="k")) == spec


@pytest.mark.parametrize("name", [*PAYLOADS, 'it\'s $HOME `id` \\ "x"; rm', "-rf", "--network=vgg16", "Käse 50 %"])
def test_names_pass_a_shell_as_they_are(name: str):
    line = command_line("neighbours", name, Spec(), representation="x6", image=name, top=3)
    found = parsed(line)
    assert (Path(found.dataset), found.image, found.top) == (Path(name), name, 3)
    words = subprocess.run(["sh", "-c", f"printf '%s\\0' {line}"], capture_output=True, text=True, check=True).stdout
    assert words.split("\0")[:-1] == shlex.split(line)


def test_lists_switches_and_what_is_not_chosen():
    line = command_line("align", "x", Spec(), split=None, representation=("x6", "dy7"), json=True)
    assert line == "gradviz align x --representation x6 --representation dy7 --json"
    assert parsed(command_line("embed", "x", Spec(), representation="x6", out="m", neighbours=5)).neighbors == 5
