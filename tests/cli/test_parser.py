"""What scripts rely on: names, options, exit codes, one JSON value, one line for a mistake."""

import io
import json
import os
import re
import signal
import subprocess
import sys
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest

from gradviz.cli.parser import COMMANDS, main, parser
from gradviz.errors import GradvizError
from gradviz.spec import OPTIONS, Spec
from tests.conftest import ROOT
from tests.small_sets import picture

COMMON = {
    "--network": ("vgg16", "network", "vgg16"),
    "--weights": ("w.pth", "weights", Path("w.pth")),
    "--split": ("train", "split", "train"),
    "--images": ("5", "images", 5),
    "--preprocess": ("tencrop", "preprocess", "tencrop"),
    "--pseudo-label": ("true", "pseudo_label", "true"),
    "--temperature": ("8", "temperature", 8.0),
    "--normalise": ("none", "normalise", "none"),
    "--seed": ("3", "seed", 3),
    "--device": ("cpu", "device", "cpu"),
    "--home": ("somewhere", "home", Path("somewhere")),
}
VERBS = {
    "extract": (),
    "features": ("--out", "F.npz"),
    "kernel": ("--representation", "x6", "--out", "K.npz"),
    "evaluate": ("--representation", "x6", "--train", "a", "--test", "b"),
    "embed": ("--representation", "x6", "--out", "m.csv"),
    "align": ("--representation", "x6", "--representation", "x7"),
    "neighbours": ("--representation", "x6", "--image", "000001"),
    "layers": ("--train", "a", "--test", "b"),
}


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_takes_the_common_options(verb):
    options = [text for option, (value, _, _) in COMMON.items() for text in (option, value)]
    arguments = parser().parse_args([verb, "voc2007", *VERBS[verb], *options, "--centre"])
    assert (arguments.dataset, arguments.centre) == ("voc2007", True)
    for _, name, value in COMMON.values():
        assert getattr(arguments, name) == value
    assert parser().parse_args([verb, "d", *VERBS[verb], "--temperature", "cv"]).temperature == "cv"


def test_the_readme_names_the_options_of_all_verbs():
    line = re.search(r"Options of\s+all: `(.*?)`;", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)[1]
    options = [*(choice.name for choice in fields(Spec)), "split", "device", "home"]
    assert line.split() == [f"--{name.replace('_', '-')}" for name in options]


def test_options_of_single_verbs_and_their_defaults():
    def read(*arguments):
        return vars(parser().parse_args(arguments))

    scoring = read("evaluate", "d", *VERBS["evaluate"], "--C", "cv", "--ap", "sklearn", "--json")
    assert (scoring["C"], scoring["ap"], scoring["json"]) == ("cv", "sklearn", True)
    scoring = read("evaluate", "d", *VERBS["evaluate"])
    assert (scoring["C"], scoring["ap"], scoring["temperature"], scoring["network"]) == (1.0, None, 1.0, "alexnet64")
    assert read("embed", "d", *VERBS["embed"])["neighbors"] == 15
    assert read("align", "d", *VERBS["align"])["representation"] == ["x6", "x7"]
    assert read("neighbours", "d", *VERBS["neighbours"])["top"] == 10
    assert read("layers", "d", *VERBS["layers"], "--csv")["csv"]
    assert (read("store")["action"], read("store", "clear")["action"]) == ("list", "clear")
    assert read("download", "voc2007", "--images", "500", "--url", "http://u")["images"] == 500
    for verb in ("networks", "datasets", "doctor"):
        assert read(verb, "--json")["json"]


def helped(capsys, *verb: str) -> str:
    with pytest.raises(SystemExit) as caught:
        main([*verb, "--help"])
    assert caught.value.code == 0
    return " ".join(capsys.readouterr().out.replace("-\n", "-").split())


def test_help_is_given_for_every_command(capsys):
    for verb in ((), *((name,) for name in COMMANDS)):
        said = helped(capsys, *verb)
        assert said.startswith("usage: gradviz")
        assert said.isascii(), "a terminal with another encoding could not print it"
        assert "None" not in said


OF_OTHER_VERBS = {**dict.fromkeys(("method", "neighbours", "min_dist", "perplexity"), "embed"), "top": "neighbours"}
"""Options that `evaluate` does not have."""


def test_every_option_of_the_table_is_explained_with_its_default(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "100000")  # in one line each
    said = {verb: helped(capsys, verb) for verb in ("evaluate", "embed", "neighbours")}
    verbs = OF_OTHER_VERBS
    read = {verb: vars(parser().parse_args([verb, "d", *VERBS[verb]])) for verb in VERBS}
    for name, option in OPTIONS.items():
        verb = verbs.get(name, "evaluate")
        assert option.explained(others=True) in said[verb], name
        if name not in ("train", "test"):  # which have to be given
            assert read[verb]["neighbors" if name == "neighbours" else name] == option.default
        if option.default:
            assert f"{option.explained(others=True)} Default: {option.default}." in said[verb]


@pytest.mark.parametrize("name", [name for name, option in OPTIONS.items() if option.values])
def test_a_new_value_in_the_table_is_taken_and_explained(name, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "100000")
    option, verb = OPTIONS[name], OF_OTHER_VERBS.get(name, "evaluate")
    flag = f"--{name.replace('_', '-')}"
    if option.read is None:
        with pytest.raises(GradvizError, match="invalid choice: 'novel'"):
            parser().parse_args([verb, "d", *VERBS[verb], flag, "novel"])
    monkeypatch.setitem(OPTIONS, name, replace(option, values={**option.values, "novel": "100 % new"}))
    assert "novel: 100 % new" in helped(capsys, verb)
    if option.read is None:
        assert vars(parser().parse_args([verb, "d", *VERBS[verb], flag, "novel"]))[name] == "novel"


# Mistakes

X6 = ("--representation", "x6")
SCORED = ("--representation", "x6", "--train", "train", "--test", "val")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ((), "COMMAND"),
        (("frobnicate",), "invalid choice: 'frobnicate'"),
        (("networks", "--frobnicate"), "unrecognized arguments: --frobnicate"),
        (("networks", "DATA"), "unrecognized arguments"),
        (("extract",), "DATASET"),
        (("extract", "nowhere"), "no data set or folder 'nowhere'"),
        (("extract", ""), "no data set or folder"),
        (("extract", "voc2012"), "python -m gradviz download voc2012"),
        (("extract", "EMPTY"), "EMPTY"),
        (("extract", "DATA", "--split", "test"), "no split 'test'; it has all, train, val"),
        (("extract", "DATA", "--network", "lenet"), "no network 'lenet'; `python -m gradviz networks` lists the"),
        (("extract", "DATA", "--network", "vgg16"), "python -m gradviz download vgg16"),
        (("extract", "DATA", "--network", "nothing.here:factory"), "nothing"),
        (("extract", "DATA", "--weights", "none.pth"), "none.pth"),
        (("extract", "DATA", "--weights", "TEXT"), "TEXT"),
        (("extract", "DATA", "--images", "-3"), "number of images must be 1 or more, not -3"),
        (("extract", "DATA", "--images", "0"), "number of images must be 1 or more"),
        (("extract", "DATA", "--images", "many"), "invalid int value: 'many'"),
        (("extract", "DATA", "--seed", "-1"), "seed must lie between"),
        (("extract", "DATA", "--preprocess", "crop"), "invalid choice: 'crop'"),
        (("extract", "DATA", "--device", "tpu"), "invalid choice: 'tpu'"),
        (("kernel", "DATA", *X6), "--out"),
        (("kernel", "DATA", "--representation", "x9", "--out", "K.npz"), "no representation 'x9'; choose from x5, "),
        (("kernel", "DATA", "--representation", "x6+x6", "--out", "K.npz"), "names a representation twice"),
        (("kernel", "DATA", *X6, "--out", "no/K.npz"), "There is no folder no"),
        (("kernel", "DATA", *X6, "--out", "."), "is a folder: name a file"),
        (("kernel", "DATA", *X6, "--out", "K.npz", "--temperature", "0"), "positive number, not 0"),
        (("kernel", "DATA", *X6, "--out", "K.npz", "--temperature", "-2"), "positive number, not -2"),
        (("kernel", "DATA", *X6, "--out", "K.npz", "--temperature", "hot"), "neither a positive number nor cv"),
        (("kernel", "DATA", *X6, "--out", "K.npz", "--temperature", "cv"), "only where a training split is scored"),
        (("kernel", "DATA", *X6, "--out", "K.npz", "--normalise", "l1"), "invalid choice: 'l1'"),
        (("kernel", "DATA", *X6, "--out", "K.npz", "--pseudo-label", "false"), "no pseudo-label 'false'"),
        (("kernel", "DATA", *X6, "--out", "K.npz", "--pseudo-label", "TEXT"), "TEXT holds no vector of numbers"),
        (("features", "DATA", "--out", "no/F.npz"), "There is no folder no"),
        (("evaluate", "DATA", *X6, "--train", "train"), "--test"),
        (("evaluate", "DATA", *X6, "--train", "train", "--test", "train"), "share 100 images"),
        (("evaluate", "DATA", *X6, "--train", "train", "--test", "all"), "share 100 images"),
        (("evaluate", "DATA", *X6, "--train", "train", "--test", "test"), "no split 'test'"),
        (("evaluate", "DATA", *SCORED, "--C", "-1"), "positive number, not -1"),
        (("evaluate", "DATA", *SCORED, "--C", "nan"), "positive number"),
        (("evaluate", "DATA", *SCORED, "--ap", "voc"), "invalid choice: 'voc'"),
        (("evaluate", "OWN", *X6, "--train", "all", "--test", "all"), "has no labels"),
        (("layers", "DATA", "--train", "train", "--test", "train"), "share 100 images"),
        (("embed", "DATA", *X6, "--out", "m.csv", "--neighbors", "-1"), "must be 2 or more, not -1"),
        (("embed", "DATA", *X6, "--out", "m.csv", "--neighbors", "few"), "invalid int value"),
        (("align", "DATA"), "--representation"),
        (("align", "DATA", *X6, "--representation", "x9"), "no representation 'x9'"),
        (("neighbours", "DATA", *X6, "--image", "nobody"), "no image 'nobody'; its ids look like"),
        (("neighbours", "DATA", *X6, "--image", "000001", "--top", "0"), "must be 1 or more, not 0"),
        (("layers", "DATA", "--train", "train", "--test", "val", "--split", "val"), "--split does not apply"),
        (("download", "voc2007", "--images", "5", "--url", "ftp://host/file.tar"), "starts with https:// or http://"),
        (("download", "imagenet"), "imagenet"),
        (("download", "vgg16", "--images", "5"), "--images goes with photographs"),
        (("download", "voc2007", "--images", "-5"), "ask for one or more"),
        (("store", "burn"), "invalid choice: 'burn'"),
    ],
)
def test_a_mistake_is_one_line_and_exit_code_2(
    arguments, says, gradviz, photographs, kept, tmp_path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GRADVIZ_HOME", str(kept))
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    (tmp_path / "EMPTY").mkdir()
    (tmp_path / "TEXT").write_text("no numbers, no weights\n")
    picture(tmp_path / "OWN" / "a.png", size=(90, 90))
    code, out, err = gradviz(*(photographs if argument == "DATA" else argument for argument in arguments))
    assert (code, out) == (2, "")
    assert err.startswith("gradviz: ")
    assert err.endswith("\n")
    assert err.count("\n") == 1, err
    assert says in err
    assert "Traceback" not in err
    assert sorted(path.name for path in tmp_path.iterdir() if path.name != "torch") == ["EMPTY", "OWN", "TEXT"]


def test_a_pseudo_label_of_another_length_is_one_line(gradviz, photographs, kept, tmp_path):
    np.save(tmp_path / "g.npy", np.full(10, 0.1))
    arguments = ("kernel", photographs, *X6, "--out", tmp_path / "K.npz", "--home", kept)
    code, _, err = gradviz(*arguments, "--pseudo-label", tmp_path / "g.npy")
    assert (code, err.count("\n")) == (2, 1)
    assert "must hold 200 numbers" in err


def test_weights_of_another_network_are_one_line(gradviz, photographs, kept, test_data):
    other = test_data / "weights/squeezenet1_0.safetensors"
    code, out, err = gradviz("extract", photographs, "--weights", other, "--home", kept)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert "alexnet64" in err


def test_findings_do_not_add_lines_to_a_mistake_of_another_kind(gradviz, photographs, kept, tmp_path):
    folder = tmp_path / "own"
    for name in ("a.png", "b.png"):
        picture(folder / name, size=(90, 90))
    (folder / "c.jpg").write_text("no picture")
    code, _, err = gradviz("kernel", folder, "--representation", "x9", "--out", tmp_path / "K.npz", "--home", kept)
    assert (code, err.count("\n")) == (2, 1)
    code, _, err = gradviz("kernel", folder, *X6, "--out", tmp_path / "K.npz", "--home", kept)
    assert code == 0
    assert "note: left out c.jpg: not a JPEG, PNG or WebP picture\n" in err


def test_a_home_that_cannot_be_used(gradviz, photographs, tmp_path):
    (tmp_path / "home").write_text("a file")
    asked = (photographs / "ImageSets/Main/train.txt").read_text().split()[0]
    few = ("--split", "val", "--images", "10", "--home", tmp_path / "home")
    code, out, err = gradviz("extract", photographs, *few)
    assert (code, out) == (2, "")
    assert err.splitlines()[-1].startswith("gradviz: The store in")
    code, out, err = gradviz("neighbours", photographs, *X6, "--image", asked, *few, "--json")
    assert (code, len(json.loads(out))) == (0, 10)


# Interruptions


class Impatient(io.StringIO):
    """Press Ctrl-C when the first progress is shown."""

    def write(self, text: str) -> int:
        if text.startswith("64 of"):
            signal.raise_signal(signal.SIGINT)
        return super().write(text)


def test_stopping_keeps_what_is_finished(photographs, tmp_path, monkeypatch, capsys):
    shown = Impatient()
    monkeypatch.setattr(sys, "stderr", shown)
    assert main(["extract", str(photographs), "--home", str(tmp_path)]) == 130
    assert shown.getvalue().splitlines()[-1] == "gradviz: stopped; what was finished is kept"
    assert capsys.readouterr().out == ""
    monkeypatch.undo()
    assert main(["extract", str(photographs), "--home", str(tmp_path), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["images"] == 160


def start(*arguments: object, **options) -> subprocess.Popen:
    command = [sys.executable, "-m", "gradviz", *map(str, arguments)]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, cwd=ROOT, stdout=pipe, stderr=pipe, text=True, **options)


@pytest.mark.skipif(os.name == "nt", reason="Windows has no broken pipes")
def test_a_reader_that_leaves_is_no_mistake():
    process = start("networks", "--json")
    process.stdout.close()
    assert process.stderr.read() == ""
    assert process.wait(timeout=60) == 0
    process.stderr.close()


def test_as_a_program(photographs, kept):
    arguments = ("evaluate", photographs, "--representation", "dW6", "--train", "train", "--test", "val", "--json")
    out, err = (process := start(*arguments, "--home", kept)).communicate(timeout=300)
    assert process.returncode == 0, err
    assert json.loads(out)["n_test"] == 60
    assert [line for line in err.splitlines() if not line.split(" %")[0].isdigit()] == []
    out, err = (process := start("evaluate", "nowhere")).communicate(timeout=60)
    assert (process.returncode, out, err.count("\n")) == (2, "", 1)
