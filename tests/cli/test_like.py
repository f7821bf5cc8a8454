"""`evaluate --like` repeats what an export says, or says in one sentence why it cannot."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from gradviz.experiment import Experiment
from gradviz.export import evaluation_json
from gradviz.home import ASSETS
from gradviz.spec import Spec
from tests.small_sets import picture

EVALUATE = ("--representation", "x6", "--train", "train", "--test", "val")


@pytest.fixture
def like(gradviz, photographs: Path, kept: Path):
    """Run `evaluate --like` on the photographs: arguments -> exit code, output, standard error."""
    return lambda file, *more, place=photographs: gradviz("evaluate", place, "--like", file, "--home", kept, *more)


@pytest.fixture
def exported(gradviz, photographs: Path, kept: Path, tmp_path: Path) -> Callable[..., Path]:
    """Write what `evaluate --json` prints, after a change, and return the file."""

    def write(*choices: object, change: Callable[[dict], object] = lambda told: None) -> Path:
        code, out, err = gradviz("evaluate", photographs, *EVALUATE, *choices, "--json", "--home", kept)
        assert code == 0, err
        told = json.loads(out)
        change(told)
        path = tmp_path / "export.json"
        path.write_text(json.dumps(told))
        return path

    return write


def test_an_export_is_repeated_with_every_choice(like, exported):
    path = exported("--images", "40", "--C", "10", "--normalise", "centred", "--ap", "sklearn", "--seed", "3")
    told = json.loads(path.read_text())
    code, out, err = like(path)
    assert (code, out) == (0, f"The same within 0.01 mAP: x6 {told['mean_ap']:.2f}.\n"), err
    code, out, _ = like(path, "--json", "--device", "cpu")
    (answer,) = json.loads(out)
    assert (code, answer["same"], answer["differences"]) == (0, True, [])
    assert answer["mean_ap"] == told["mean_ap"]


def test_the_json_of_the_page_and_results_that_chose_are_repeated(like, photographs, kept, tmp_path):
    labels = tmp_path / "g.npy"
    np.save(labels, np.full(200, 1 / 200))
    specs = Spec(temperature="cv", images=30), Spec(pseudo_label=str(labels), images=30, temperature=8)
    labs = [Experiment(photographs, spec, home=kept) for spec in specs]
    rows = [evaluation_json(lab.evaluate("dW8", train="train", test="val", C="cv")) for lab in labs]
    path = tmp_path / "svm_few.json"
    path.write_text(json.dumps(rows))
    code, out, err = like(path, "--pseudo-label", labels)
    assert code == 0, err
    assert out.startswith("The same within 0.01 mAP: dW8 ")
    code, _, err = like(path)
    assert (code, err) == (
        2,
        f"gradviz: {path} was made with the pseudo-label g.npy: give the file with --pseudo-label.\n",
    )
    np.save(labels, np.eye(200)[0])
    code, _, err = like(path, "--pseudo-label", labels)
    assert (code, err) == (2, f"gradviz: {labels} is not the pseudo-label that {path} was made with.\n")


@pytest.mark.parametrize("name", ["normalise", "C", "images", "representation", "train"])
def test_differing_rows_are_listed_and_end_with_1(name, like, exported):
    other = {"normalise": "none", "C": 0.001, "images": 25, "representation": "y8", "train": "few"}
    path = exported("--images", "30")
    told = json.loads(path.read_text())
    if name == "train":
        told["mean_ap"] += 0.02
    else:
        told["spec"][name] = other[name]
    path.write_text(json.dumps(told))
    code, out, err = like(path)
    assert code == 1, err
    lines = [line.split() for line in out.splitlines()]
    assert lines[0] == ["representation", "class", "exported", "AP,", "%", "now"]
    assert lines[1][1:3] == ["mean", f"{told['mean_ap']:.2f}"]
    assert lines[-1][:5] == ["1", "of", "1", "results", "differ"]
    code, out, _ = like(path, "--json")
    (answer,) = json.loads(out)
    assert (code, answer["same"], answer["mean_ap"]) == (1, False, told["mean_ap"])
    assert answer["now"] != answer["mean_ap"]
    assert len(answer["differences"]) == len(lines) - 3


def test_a_mean_within_the_tolerance_is_the_same(like, exported):
    def nearly(told: dict) -> None:
        told["mean_ap"] += 0.009

    assert like(exported("--images", "30", change=nearly))[0] == 0


def test_a_mean_that_does_not_exist_is_compared_too(like, exported):
    path = exported("--images", "1")
    assert json.loads(path.read_text())["mean_ap"] is None
    assert like(path)[:2] == (0, "The same within 0.01 mAP: x6 -.\n")

    def invented(told: dict) -> None:
        told["mean_ap"] = 100.0

    assert like(exported("--images", "1", change=invented))[0] == 1


def test_a_class_called_mean_is_told_from_the_mean(gradviz, tmp_path):
    rng = np.random.default_rng(0)
    labels = np.where(rng.random((40, 2)) < 0.5, 1, -1)
    arrays = {"ids": np.arange(40).astype(str), "x5": rng.standard_normal((40, 4)), "labels": labels}
    np.savez(tmp_path / "f.npz", **arrays, classes=["mean", "b"], split=np.repeat(["train", "test"], 20))
    asked = ("evaluate", tmp_path / "f.npz", "--representation", "x5", "--train", "train", "--test", "test")
    code, out, err = gradviz(*asked)
    assert (code, [line.split("  ")[0] for line in out.splitlines()]) == (0, ["class", "mean", "b", "mean of all"]), err
    told = json.loads(gradviz(*asked, "--json")[1])
    assert list(told["per_class"]) == ["mean", "b"]
    path = tmp_path / "e.json"
    told["mean_ap"] = told["per_class"]["mean"] = 1.0
    path.write_text(json.dumps(told))
    code, out, _ = gradviz("evaluate", tmp_path / "f.npz", "--like", path)
    named = [next(filter(None, line.split("  ")[1:])).strip() for line in out.splitlines()[1:3]]
    assert (code, named) == (1, ["mean of all", "mean"])
    code, _, err = gradviz("evaluate", tmp_path / "f.npz", "--like", path, "--weights", "w.pth")
    assert (code, err.count("\n")) == (2, 1)
    assert "was made from features, without a network: leave out --weights" in err


NO_EXPORT = "is not an export of scores: give what `gradviz evaluate --json` prints, or the JSON of the SVM page"


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", NO_EXPORT),
        (b"no JSON", NO_EXPORT),
        (b"\xff\xfe\x00", NO_EXPORT),
        (b"[" * 100_000, NO_EXPORT),
        (b"[]", NO_EXPORT),
        (b"{}", NO_EXPORT),
        (b"3", NO_EXPORT),
        (b'["a"]', NO_EXPORT),
        (b'{"mean_ap": 3, "per_class": [1], "spec": {}}', NO_EXPORT),
        (b'{"mean_ap": "high", "per_class": {}, "spec": {}}', NO_EXPORT),
        (b'{"mean_ap": 3, "per_class": {}, "spec": 4}', NO_EXPORT),
        (b'[{"representation": "x5", "mean_ap": 30.0, "temperature": 1.0}]', NO_EXPORT),
        (
            b'{"mean_ap": 3, "per_class": {}, "spec": {}}',
            "older gradviz (version unknown), which did not record centre, ",
        ),
        (None, "cannot be read (No such file or directory): name an export of scores"),
    ],
)
def test_a_file_that_is_no_export_is_one_sentence(content, says, like, tmp_path):
    path = tmp_path / "file.json"
    if content is not None:
        path.write_bytes(content)
    code, out, err = like(path)
    assert (code, out, err.count("\n")) == (2, "", 1), err
    assert err.startswith(f"gradviz: {path} ")
    assert says in err


def changed(**spec: object) -> Callable[[dict], object]:
    return lambda told: told["spec"].update(spec)


@pytest.mark.parametrize(
    ("spec", "says"),
    [
        ({"network": "lenet"}, "no network 'lenet'"),
        ({"network": "vgg16"}, "python -m gradviz download vgg16"),
        ({"network": "nothing.here:factory"}, "nothing"),
        ({"weights": "mine.pth"}, "was made with the weights mine.pth: give the file with --weights"),
        ({"weights_digest": "0" * 64}, "weights of alexnet64 here are not those that"),
        ({"dataset_digest": "0" * 64}, "its photographs, labels or splits are others, so the figures cannot"),
        ({"smoothing": 3}, "choices that this one does not have: smoothing"),
        ({"temperature": "hot"}, "temperature must be a positive number or cv, not 'hot'"),
        ({"seed": "x"}, "has a value for seed that cannot be: 'x'"),
        ({"images": [1]}, "has a value for images that cannot be: [1]"),
        ({"versions": []}, "has a value for versions that cannot be: []"),
        ({"C": -1}, "C must be a positive number"),
        ({"ap": "voc"}, "no ap 'voc'"),
        ({"representation": "x99"}, "no representation 'x99'"),
        ({"representation": 6}, "has a value for representation that cannot be: 6"),
        ({"train": "few"}, "no split 'few'"),
        ({"train": 5}, "has a value for train that cannot be: 5"),
        ({"centre": 1}, "has a value for centre that cannot be: 1"),
    ],
)
def test_what_is_not_here_is_one_sentence(spec, says, like, exported, tmp_path, monkeypatch):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    code, out, err = like(exported("--images", "10", change=changed(**spec)))
    assert (code, out) == (2, ""), err
    line = err.splitlines()[-1]
    assert line.startswith("gradviz: ")
    assert says in line
    assert "Traceback" not in err


def test_an_older_export_that_lacks_a_choice_says_which(like, exported):
    def older(told: dict) -> None:
        del told["spec"]["normalise"], told["spec"]["dataset_digest"]
        told["spec"]["versions"]["gradviz"] = "0.1.0"

    path = exported("--images", "10", change=older)
    code, _, err = like(path)
    assert (code, err) == (
        2,
        f"gradviz: {path} was written by an older gradviz (version 0.1.0), which did not record normalise, "
        "dataset_digest: it cannot be repeated; evaluate with options and export again.\n",
    )


def test_an_export_of_another_version_is_repeated_and_this_is_said(like, exported):
    def older(told: dict) -> None:
        told["spec"]["versions"] |= {"gradviz": "0.1.0", "torch": "2.10.0"}

    code, out, err = like(exported("--images", "10", change=older))
    assert (code, out.startswith("The same within")) == (0, True)
    assert "note: exported with gradviz 0.1.0, here is " in err
    assert "note: exported with torch 2.10.0, here is " in err


def test_the_same_contents_under_another_name_are_repeated_and_others_refused(like, exported, photographs, tmp_path):
    path = exported("--images", "30")
    copy = shutil.copytree(photographs, tmp_path / "elsewhere")
    assert like(path, place=copy)[0] == 0
    labels = copy / "ImageSets/Main/cat_val.txt"
    lines = labels.read_text().splitlines()
    lines[0] = f"{lines[0].split()[0]} {-1 if lines[0].split()[1] == '1' else 1}"
    labels.write_text("\n".join(lines) + "\n")
    code, _, err = like(path, place=copy)
    assert (code, err.splitlines()[-1]) == (
        2,
        f"gradviz: {copy} is not what {path} was made from (few): its photographs, labels or splits are others, so the "
        "figures cannot be compared.",
    )


def test_halves_that_a_seed_drew_are_drawn_again(gradviz, kept, tmp_path):
    for i in range(24):
        picture(tmp_path / "pets" / ("cat" if i % 2 else "dog") / f"{i}.png", i, size=(70, 70))
    asked = ("evaluate", tmp_path / "pets", *EVALUATE, "--home", kept)
    path = tmp_path / "e.json"
    path.write_text(gradviz(*asked, "--seed", "5", "--json")[1])
    assert gradviz("evaluate", tmp_path / "pets", "--like", path, "--home", kept)[0] == 0
    told = json.loads(path.read_text())
    told["spec"]["seed"] = 6
    path.write_text(json.dumps(told))
    code, _, err = gradviz("evaluate", tmp_path / "pets", "--like", path, "--home", kept)
    assert code == 2
    assert "is not what" in err


def test_weights_of_a_file_are_given_again(like, exported, tmp_path):
    tensors = load_file(ASSETS / "alexnet64.safetensors")
    mine, others = tmp_path / "mine.safetensors", tmp_path / "others.safetensors"
    save_file(tensors | {"classifier.6.bias": tensors["classifier.6.bias"] + 1}, mine)
    save_file(tensors, others)
    path = exported("--images", "10", "--weights", mine)
    assert like(path, "--weights", mine)[0] == 0
    code, _, err = like(path, "--weights", others)
    assert code == 2
    assert "weights of alexnet64 here are not those that" in err


@pytest.mark.parametrize(
    "more",
    [
        *(("--C", "1"), ("--representation", "x6"), ("--train", "train"), ("--temperature", "1"), ("--centre",)),
        *(("--normalise", "l2"), ("--images", "9"), ("--seed", "0"), ("--split", "val"), ("--network", "alexnet64")),
    ],
)
def test_choices_beside_the_file_are_refused_even_where_they_are_the_default(more, like, tmp_path):
    code, _, err = like(tmp_path / "any.json", *more)
    assert (code, err) == (2, f"gradviz: --like takes every choice from the file: leave out {more[0]}.\n")


def test_a_pseudo_label_beside_an_export_without_one_is_refused(like, exported):
    path = exported("--images", "10")
    code, _, err = like(path, "--pseudo-label", "true")
    assert code == 2
    assert err == f"gradviz: {path} was made with no pseudo-label from a file: leave out --pseudo-label.\n"
