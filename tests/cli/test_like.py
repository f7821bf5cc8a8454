"""`evaluate --like` repeats what an export says, or says in one sentence why it cannot."""

import importlib
import json
import shutil
import sys
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
    assert lines[-1][:5] == ["1", "of", "1", "result", "differs"]
    code, out, _ = like(path, "--json")
    (answer,) = json.loads(out)
    assert (code, answer["same"], answer["mean_ap"]) == (1, False, told["mean_ap"])
    assert answer["now"] != answer["mean_ap"]
    assert len(answer["differences"]) == len(lines) - 3


def test_classes_that_move_against_each_other_are_named(like, exported):
    path = exported("--images", "30")
    told = json.loads(path.read_text())
    per_class = {name: value for name, value in told["per_class"].items() if value is not None}
    (first, a), (second, b), *_ = per_class.items()
    changed = {**told, "per_class": {**told["per_class"], first: a + 1, second: b - 1}}
    path.write_text(json.dumps(changed))
    code, out, err = like(path)
    assert (code, out.startswith("The same within 0.01 mAP")) == (0, True), err
    assert f"the mean is the same, classes are not: {first} {a + 1:.2f}, now {a:.2f}, {second} {b - 1:.2f}" in err
    code, out, _ = like(path, "--json")
    (answer,) = json.loads(out)
    assert (code, answer["same"]) == (0, True)
    assert [d["class"] for d in answer["differences"]] == [first, second]


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
        ({"input_size": 32}, "network alexnet64 here is not the one that"),
        ({"std": [1, 1, 1]}, "its std is [0."),
        ({"mean": None}, ", not None."),
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


def test_figures_of_other_classes_are_refused_whatever_their_mean(like, exported):
    path = exported("--images", "30")
    told = json.loads(path.read_text())
    classes = list(told["per_class"])

    def answer(per_class: dict) -> str:
        path.write_text(json.dumps({**told, "per_class": per_class}))
        code, out, err = like(path)
        assert (code, out, err.count("\n")) == (2, "", 1)
        return err.removeprefix(f"gradviz: {path} has figures of other classes, which cannot be compared: ")

    here = ", ".join(map(repr, classes[:3])) + f" and {len(classes) - 3} more are only here.\n"
    others = {f"other {i}": value for i, value in enumerate(told["per_class"].values())}
    assert answer(others) == f"'other 0', 'other 1', 'other 2' and {len(classes) - 3} more are not here; {here}"
    assert answer({}) == here
    assert answer({**told["per_class"], "unicorn": None}) == "'unicorn' is not here.\n"
    assert answer({name: told["per_class"][name] for name in classes[1:]}) == f"{classes[0]!r} is only here.\n"


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


@pytest.fixture
def two_weights(exported, tmp_path) -> tuple[Path, list[Path]]:
    """Export evaluations with two files of weights and with the published ones, in one file."""
    tensors, files, rows = load_file(ASSETS / "alexnet64.safetensors"), [], []
    for name in ("a", "b"):
        files.append(tmp_path / f"{name}.safetensors")
        save_file(tensors | {"classifier.6.bias": tensors["classifier.6.bias"] + 3 * len(files)}, files[-1])
    for choice in (["--weights", files[0]], ["--weights", files[1]], []):
        rows.append(json.loads(exported("--images", "10", *choice).read_text()))
    path = tmp_path / "three.json"
    path.write_text(json.dumps(rows))
    return path, files


def test_each_row_finds_its_own_weights_in_whatever_order_they_are_given(like, two_weights):
    path, (a, b) = two_weights
    for order in ((a, b), (b, a)):
        code, out, err = like(path, *(word for file in order for word in ("--weights", file)))
        assert (code, out.startswith("The same within")) == (0, True), err


def test_weights_that_are_missing_are_named(like, two_weights, tmp_path):
    path, (a, b) = two_weights
    code, _, err = like(path)
    names = "a.safetensors, b.safetensors"
    assert (code, err.splitlines()[-1]) == (
        2,
        f"gradviz: {path} was made with the weights {names}: give each file with a --weights of its own.",
    )
    for given in ((a,), (a, tmp_path / "absent.safetensors"), (a, a)):
        code, _, err = like(path, *(word for file in given for word in ("--weights", file)))
        assert (code, err.splitlines()[-1]) == (
            2,
            f"gradviz: {path} was made with the weights b.safetensors: give the file with --weights.",
        )
    rows = json.loads(path.read_text())
    for row in rows[:2]:
        row["spec"]["weights"] = "w.pth"
    path.write_text(json.dumps(rows))
    assert like(path, "--weights", a, "--weights", b)[0] == 0, "a file may have another name now"
    digests = [f"w.pth (sha256 {row['spec']['weights_digest'][:8]}...)" for row in rows[:2]]
    assert f"the weights {', '.join(digests)}: give each" in like(path)[2]


def test_the_weights_of_a_network_of_ones_own_are_found_too(gradviz, like, exported, tmp_path, monkeypatch):
    (tmp_path / "made.py").write_text(
        "import torch\ndef net():\n    torch.manual_seed(0)\n    net = torch.nn.Sequential("
        "torch.nn.AdaptiveAvgPool2d(4), torch.nn.Flatten(), torch.nn.Linear(48, 5))\n"
        "    net.input_size = 32\n    return net\n"
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    rows, files = [], []
    for seed in range(2):
        files.append(tmp_path / f"{seed}.safetensors")
        save_file(
            {"2.weight": np.float32(np.random.default_rng(seed).random((5, 48))), "2.bias": np.zeros(5, "f4")},
            files[-1],
        )
        choice = ("--network", "made:net", "--representation", "y1", "--weights", files[-1])
        rows.append(json.loads(exported("--images", "10", *choice).read_text()))
    path = tmp_path / "two.json"
    path.write_text(json.dumps(rows))
    others = ASSETS / "alexnet64.safetensors"
    code, out, err = like(path, "--weights", others, "--weights", files[1], "--weights", files[0])
    assert (code, out.startswith("The same within")) == (0, True), err


OWN = """import torch
class Net(torch.nn.Module):
    input_size, mean, std = 32, [0.5, 0.5, 0.5], [0.5, 0.5, 0.5]
    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.pool, self.last = torch.nn.AdaptiveAvgPool2d(4), torch.nn.Linear(48, 5)
    def forward(self, x):
        return self.last(self.pool(x).flatten(1) + 0.0)
def make():
    return Net()
"""


@pytest.fixture
def own(tmp_path, monkeypatch) -> Callable[[str, str], None]:
    """Write the file of a network of one's own, with a change, so that it is imported afresh."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)

    def write(old: str = "", new: str = "") -> None:
        (tmp_path / "changing_net.py").write_text(OWN.replace(old, new) if old else OWN)
        sys.modules.pop("changing_net", None)
        importlib.invalidate_caches()

    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    write()
    return write


@pytest.mark.parametrize(
    ("old", "new", "names", "says"),
    [
        ("+ 0.0", "+ 9.0 * (x.mean((1, 2, 3)) > 0)[:, None]", {"function_digest"}, None),
        (
            "mean, std = 32, [0.5,",
            "mean, std = 32, [0.9,",
            {"mean", "function_digest"},
            "its mean is [0.9, 0.5, 0.5], not [0.5, 0.5, 0.5]; its code, or what it",
        ),
        (
            "[0.5, 0.5, 0.5]\n",
            "[0.5, 0.5, 0.9]\n",
            {"std", "function_digest"},
            "its std is [0.5, 0.5, 0.9], not [0.5, 0.5, 0.5]; its code, or what it",
        ),
        (
            "std = 32",
            "std = 40",
            {"input_size", "function_digest"},
            "its input_size is 40, not 32; its code, or what it",
        ),
    ],
)
def test_an_own_network_that_computes_something_else_is_told(old, new, names, says, own, like, exported):
    choice = ("--images", "30", "--network", "changing_net:make", "--representation", "x1")
    path = exported(*choice)
    first, specs = path.read_text(), [json.loads(path.read_text())["spec"]]
    assert like(path)[0] == 0
    own(old, new)
    specs.append(json.loads(exported(*choice).read_text())["spec"])
    assert {name for name in specs[0] if specs[0][name] != specs[1][name]} == names
    path.write_text(first)
    code, _, err = like(path)
    changed = "its code, or what it makes of the same images, has changed (function_digest)"
    if says:
        assert (code, err.splitlines()[-1].startswith("gradviz: The network changing_net:make here is")) == (2, True)
        assert says in err
        assert (changed in err) == ("function_digest" in names)
    else:
        assert code == 1
        assert f"note: the network changing_net:make is not as it was exported: {changed}\n" in err
    older = json.loads(first)
    for name in ("function_digest", "input_size", "mean", "std"):
        del older["spec"][name]
    path.write_text(json.dumps(older))
    code, _, err = like(path)
    assert code in (0, 1), err
    assert "not as it was exported" not in err


@pytest.fixture
def two_labels(photographs, kept, tmp_path) -> tuple[Path, list[Path]]:
    """Export evaluations with two files of pseudo-labels and with a named one, in one file."""
    files = [tmp_path / "g1.npy", tmp_path / "g2.txt"]
    np.save(files[0], np.eye(200)[0])
    np.savetxt(files[1], np.eye(200)[1])
    specs = [Spec(pseudo_label=str(choice), images=10) for choice in (*files, "uniform")]
    labs = [Experiment(photographs, spec, home=kept) for spec in specs]
    path = tmp_path / "three.json"
    path.write_text(json.dumps([evaluation_json(lab.evaluate("dy8", train="train", test="val")) for lab in labs]))
    return path, files


def test_each_row_finds_its_own_pseudo_label_in_whatever_order_they_are_given(like, two_labels, tmp_path):
    path, (a, b) = two_labels
    np.save(tmp_path / "other.npy", np.full(200, 1 / 200))
    (tmp_path / "text.npy").write_text("text")
    for order in ((a, b), (b, a), (tmp_path / "text.npy", tmp_path / "other.npy", b, a)):
        code, out, err = like(path, *(word for file in order for word in ("--pseudo-label", file)))
        assert (code, out.startswith("The same within")) == (0, True), err
    given = ("--pseudo-label", a, "--pseudo-label", b)
    code, out, _ = like(path, *given, "--json")
    told = [row["spec"]["pseudo_label"] for row in json.loads(out)]
    assert (code, told) == (0, ["g1.npy", "g2.txt", "uniform"])


def test_pseudo_labels_that_are_missing_are_named(like, two_labels, tmp_path):
    path, (a, _) = two_labels
    both = f"gradviz: {path} was made with the pseudo-labels g1.npy, g2.txt: give each file with a --pseudo-label of"
    assert like(path)[2].splitlines()[-1] == f"{both} its own."
    assert like(path, "--pseudo-label", "true")[2].splitlines()[-1] == f"{both} its own."
    for given in ((a,), (a, tmp_path / "absent.npy"), (a, a)):
        code, _, err = like(path, *(word for file in given for word in ("--pseudo-label", file)))
        last = f"gradviz: {path} was made with the pseudo-label g2.txt: give the file with --pseudo-label."
        assert (code, err.splitlines()[-1]) == (2, last)


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


@pytest.mark.parametrize("name", ["mean_ap", "temperature", "seed"])
def test_numbers_without_an_end_are_one_sentence(like, exported, name):
    path = exported("--images", "30")
    told = json.loads(path.read_text())
    (told if name == "mean_ap" else told["spec"])[name] = 10**400
    path.write_text(json.dumps(told))
    code, out, err = like(path)
    assert (code, out, err.count("\n")) == (2, "", 1)
