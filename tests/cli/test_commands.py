"""What each command prints and writes, on real photographs."""

import csv
import json
from dataclasses import replace
from importlib import import_module

import numpy as np
import pytest

from gradviz.board import at, board
from gradviz.cli.parser import COMMANDS, main
from gradviz.comparison import resampled
from gradviz.datasets import DATASETS
from gradviz.experiment import Experiment
from gradviz.networks import NETWORKS, by_family
from gradviz.ranking import best, rivals
from gradviz.representations import Offer, offered
from gradviz.spec import Spec
from gradviz.versions import versions
from tests.archives import md5, voc_archive
from tests.server import Host
from tests.small_sets import picture

SPLITS = ("--train", "train", "--test", "val")


@pytest.fixture
def ask(gradviz, kept):
    """Run a command that must succeed in the shared home: arguments -> output, standard error."""

    def run(*arguments: object) -> tuple[str, str]:
        code, out, err = gradviz(*arguments, "--home", kept)
        assert code == 0, err
        return out, err

    return run


@pytest.fixture
def ask_json(ask):
    return lambda *arguments: json.loads(ask(*arguments, "--json")[0])


def read(path) -> dict[str, np.ndarray]:
    with np.load(path, allow_pickle=False) as arrays:
        return {name: arrays[name] for name in arrays.files}


# Tables


def test_networks(ask, ask_json, monkeypatch, tmp_path):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    rows = {row["name"]: row for row in ask_json("networks")}
    assert list(rows) == list(NETWORKS)
    for row in rows.values():
        assert list(row) == ["name", "family", "layers", "representations", "input_size", "parameters", "weights"]
    alexnet = rows["alexnet"]
    assert alexnet["layers"][1] == {"name": "fc7", "module": "classifier.4", "inputs": 4096, "outputs": 4096}
    assert alexnet["representations"] == list(offered((6, 7, 8)))
    assert alexnet["weights"] == {"state": "missing", "bytes": 244408911}
    assert (alexnet["input_size"], alexnet["parameters"]) == (224, 61100840)
    assert rows["alexnet64"]["weights"]["state"] == "present"
    lines = ask("networks")[0].splitlines()
    assert len(lines) == 1 + len(NETWORKS)
    head = ["family", "network", "layers", "input", "parameters", "weights", "size", "representations"]
    assert lines[0].split() == head
    assert [line.split()[0] for line in lines[1:] if not line.startswith(" ")] == list(by_family(NETWORKS))
    assert lines[2].split()[:5] == ["alexnet", "fc6", "fc7", "fc8", "224"]


def test_datasets(gradviz, tmp_path):
    for name in ("a", "b"):
        picture(tmp_path / "datasets/holidays" / name / f"{name}.png", size=(90, 90))
    code, out, _ = gradviz("datasets", "--json", "--home", tmp_path)
    rows = {row["name"]: row for row in json.loads(out)}
    assert (code, list(rows)) == (0, [*DATASETS, "holidays"])
    demo = rows["demo"]
    assert (demo["state"], demo["splits"]["test"] > 0, len(demo["classes"])) == ("present", True, 20)
    missing = rows["voc2012"]
    assert (missing["state"], missing["images"], missing["classes"]) == ("missing", None, [])
    assert missing["where"] == str(tmp_path / "datasets/voc2012/VOCdevkit/VOC2012")
    own = rows["holidays"]
    assert (own["images"], own["classes"], own["skipped"]) == (2, ["a", "b"], 0)
    assert "holidays" in gradviz("datasets", "--home", tmp_path)[1]


def test_datasets_of_a_place(gradviz, tmp_path):
    for split, name, number in (("train", "a", 1), ("train", "b", 2), ("valid", "a", 3), ("valid", "b", 4)):
        picture(tmp_path / "set" / split / name / f"{number}.png", number, size=(90, 90))
    (tmp_path / "set/labels.json").write_text("{}")
    code, out, err = gradviz("datasets", tmp_path / "set", "--json")
    assert (code, err) == (0, "")
    assert json.loads(out) == {
        "name": "set",
        "format": "a folder of pictures",
        "images": 4,
        "classes": {name: {"positive": 2, "difficult": 0, "negative": 2, "unknown": 0} for name in ("a", "b")},
        "splits": {"train": 2, "val": 2},
        "findings": [
            {
                "kind": "not read",
                "name": "labels.json",
                "reason": "may say what pictures show, but is in no layout that is read",
                "count": 1,
            }
        ],
        "ap": "area",
    }
    code, out, err = gradviz("datasets", tmp_path / "set")
    assert (code, err) == (0, "")
    blocks = [[line.split() for line in block.splitlines()] for block in out.split("\n\n")]
    assert blocks[0] == [["set:", *["a", "folder", "of", "pictures,", "4", "images,", "2", "classes,", "area", "AP"]]]
    assert blocks[1][1] == ["a", "2", "0", "2", "0"]
    assert blocks[2][1:] == [["train", "2"], ["val", "2"]]
    assert blocks[3][1][:4] == ["not", "read", "1", "labels.json"]


def test_a_picture_that_cannot_be_decoded_is_not_counted(gradviz, tmp_path):
    folder = tmp_path / "datasets/pets"
    for number in range(4):
        path = picture(folder / "train" / "ab"[number % 2] / f"{number}.png", size=(90, 90))
    path.write_bytes(path.read_bytes()[:900])
    told = json.loads(gradviz("datasets", folder, "--json")[1])
    assert (told["images"], told["splits"], told["classes"]["b"]["positive"]) == (3, {"train": 3}, 1)
    ((called, kind, reason),) = [(f["name"], f["kind"], f["reason"]) for f in told["findings"] if "train" in f["name"]]
    assert (called, kind) == ("train/b/3.png", "left out")
    assert reason.startswith("train/b/3.png is cut off, damaged or unreadable")
    rows = json.loads(gradviz("datasets", "--json", "--home", tmp_path)[1])
    (own,) = [row for row in rows if row["name"] == "pets"]
    assert (own["images"], own["splits"], own["skipped"]) == (3, {"train": 3}, 1)


def test_long_names_are_short_in_the_table_and_whole_in_json(gradviz, tmp_path):
    names = [f"{'long ' * 15}{middle}{' name' * 15}" for middle in "ab"]
    for name in [*names, "cat"]:
        picture(tmp_path / "set" / name / "1.png", size=(90, 90))
    assert sorted(json.loads(gradviz("datasets", tmp_path / "set", "--json")[1])["classes"]) == sorted([*names, "cat"])
    lines = gradviz("datasets", tmp_path / "set")[1].split("\n\n")[1].splitlines()
    shown = {line[:40].rstrip() for line in lines[1:]}
    assert len(shown) == 3
    assert max(map(len, lines)) < 90
    assert all("…" in name for name in shown - {"cat"})


def test_datasets_of_a_name_and_of_nothing(gradviz, tmp_path):
    code, out, _ = gradviz("datasets", "demo", "--json", "--home", tmp_path)
    told = json.loads(out)
    assert (code, told["name"], told["format"]) == (0, "demo", "a folder in VOC layout")
    assert len(told["classes"]) == 20
    code, out, err = gradviz("datasets", "nowhere", "--home", tmp_path)
    assert (code, out, err.count("\n")) == (2, "", 1)


def test_findings_are_printed_by_every_command_also_when_it_fails_because_of_them(gradviz, kept, tmp_path):
    folder = tmp_path / "own"
    for number in range(4):
        picture(folder / f"{number}.png", size=(90, 90))
    (folder / "train.csv").write_text("0.png,cat")
    said = "note: not read train.csv: not read with its folder: give this file itself, if it lists pictures"
    asked = (folder, "--representation", "x6", "--home", kept)
    code, _, err = gradviz("kernel", *asked, "--out", tmp_path / "K.npz")
    assert code == 0
    assert said in err.splitlines()
    for failing in (
        ("evaluate", *asked, *SPLITS),
        ("kernel", *asked, "--split", "test", "--out", tmp_path / "K.npz"),
        ("neighbours", *asked, "--image", "none"),
        ("extract", folder, "--split", "val", "--home", kept),
    ):
        code, _, err = gradviz(*failing)
        assert (code, err.splitlines()[0]) == (2, said), err
        assert err.splitlines()[1].startswith("gradviz: own has no")
    for path in folder.glob("*.png"):
        path.write_bytes(b"")
    code, out, err = gradviz("datasets", folder, "--json")
    assert (code, out) == (2, "")
    assert [line.split(":")[0] for line in err.splitlines()] == [
        *("note" for _ in range(5)),
        "gradviz",
    ]


# Photographs


def test_extract(gradviz, photographs, tmp_path):
    arguments = ("extract", photographs, "--split", "val", "--home", tmp_path)
    code, out, err = gradviz(*arguments, "--json")
    told = json.loads(out)
    assert (code, list(told)) == (0, ["images", "computed", "images_per_second", "seconds", "skipped", "spec"])
    assert (told["images"], told["skipped"]) == (60, [])
    assert (told["spec"]["network"], told["spec"]["split"], told["spec"]["findings"]) == ("alexnet64", "val", [])
    assert told["computed"] >= 60
    assert told["images_per_second"] == pytest.approx(told["computed"] / told["seconds"], rel=0.05)
    assert err.splitlines()[-1].startswith(f"{told['computed']} of {told['computed']} images")
    again = gradviz(*arguments)
    assert again[1].startswith("0 images computed in ")
    assert "60 chosen ones are ready, 0 skipped" in again[1]
    assert again[2] == ""


def test_extract_names_what_it_skipped(gradviz, tmp_path):
    picture(tmp_path / "own/a.png", size=(90, 90))
    broken = picture(tmp_path / "own/b.png", size=(90, 90))
    broken.write_bytes(broken.read_bytes()[:900])
    _, out, _ = gradviz("extract", tmp_path / "own", "--home", tmp_path / "home")
    assert out.splitlines()[0].endswith("1 skipped")
    assert out.splitlines()[1].startswith("skipped b")
    _, out, _ = gradviz("extract", tmp_path / "own", "--home", tmp_path / "home", "--json")
    (skipped,) = json.loads(out)["skipped"]
    assert skipped["id"].startswith("b")
    assert skipped["reason"]
    (finding,) = json.loads(out)["spec"]["findings"]
    assert (finding["name"], finding["reason"]) == (skipped["id"], skipped["reason"])


def test_features(ask, photographs, tmp_path):
    path = tmp_path / "F.npz"
    out, _ = ask("features", photographs, "--split", "val", "--out", path, "--temperature", "8")
    arrays = read(path)
    vectors = list(Offer.of_layers("alexnet64", (6, 7, 8)).vectors)
    assert {"x5", "y6", "dy6", "x6", "y7", "dy7", "x7", "y8", "dy8", "x8"} <= set(vectors)
    assert out == f"{path}: 60 images, {', '.join(vectors)}\n"
    assert sorted(arrays) == sorted([*vectors, "ids", "labels", "classes", "split", "about"])
    for name in vectors:
        assert (arrays[name].dtype, arrays[name].ndim, len(arrays[name])) == (np.float32, 2, 60)
    assert arrays["ids"].tolist() == (photographs / "ImageSets/Main/val.txt").read_text().split()
    assert np.array_equal(arrays["x6"], np.maximum(arrays["y6"], 0))
    assert np.allclose(arrays["dy8"], (arrays["x8"] - 1 / 200) / 8, atol=1e-5)
    about = json.loads(str(arrays["about"]))
    assert (about["split"], about["temperature"], about["network"]) == ("val", 8.0, "alexnet64")
    assert about["versions"]["numpy"] == np.__version__


def test_features_can_be_asked_like_photographs(ask, ask_json, photographs, tmp_path):
    path = tmp_path / "F.npz"
    ask("features", photographs, "--out", path)
    for source, name in ((path, "a"), (photographs, "b")):
        ask("kernel", source, "--representation", "dW6", "--out", tmp_path / f"{name}.npz")
    a, b = read(tmp_path / "a.npz"), read(tmp_path / "b.npz")
    assert all(np.array_equal(a[name], b[name]) for name in ("ids", "K", "K_fw", "K_bw"))
    scored = ("--representation", "dW6", *SPLITS, "--ap", "area")
    first, second = (ask_json("evaluate", source, *scored) for source in (path, photographs))
    assert first["per_class"] == second["per_class"]


def test_kernel(ask, photographs, tmp_path):
    path = tmp_path / "K.npz"
    out, _ = ask("kernel", photographs, "--representation", "dW7", "--split", "val", "--out", path)
    arrays = read(path)
    assert out == f"{path}: dW7, 60 x 60\n"
    assert sorted(arrays) == ["K", "K_bw", "K_fw", "about", "ids"]
    assert {arrays[name].dtype for name in ("K", "K_fw", "K_bw")} == {np.dtype(np.float32)}
    assert np.array_equal(arrays["K"], arrays["K_fw"] * arrays["K_bw"])
    assert json.loads(str(arrays["about"]))["representation"] == "dW7"
    ask("kernel", photographs, "--representation", "x6;x7", "--images", "20", "--out", path)
    arrays = read(path)
    assert sorted(arrays) == ["K", "about", "ids"]
    assert arrays["K"].shape == (20, 20)
    assert json.loads(str(arrays["about"]))["representation"] == "x6+x7"
    assert [file.name for file in tmp_path.iterdir()] == ["K.npz"]


def test_what_a_result_is_made_from_is_never_written_over(gradviz, tmp_path):
    own = picture(tmp_path / "pets" / "a.png", 1, size=(90, 90))
    picture(tmp_path / "pets" / "b.png", 2, size=(90, 90))
    vectors, label = tmp_path / "in.npz", tmp_path / "label.txt"
    np.savez(vectors, ids=np.array(["a", "b"]), x=np.eye(2))
    np.savetxt(label, np.full(200, 1 / 200))
    before = [path.read_bytes() for path in (own, vectors, label)]
    for asked, out in (
        ((vectors, "--representation", "x"), vectors),
        ((own.parent, "--representation", "x6"), own),
        ((own.parent, "--representation", "dy6", "--pseudo-label", label), label),
    ):
        code, _, err = gradviz("kernel", *asked, "--out", out, "--home", tmp_path / "home")
        assert (code, err.splitlines()[-1]) == (
            2,
            f"gradviz: {out} is read for this result and would be lost: name another file with --out.",
        )
    assert [path.read_bytes() for path in (own, vectors, label)] == before


def test_every_file_that_is_written_is_read_back_with_what_it_was_made_from(gradviz, tmp_path, capsys):
    folder = tmp_path / "pets"
    for i in range(8):
        picture(folder / ("cat" if i % 2 else "dog") / f"{i}.png", i, size=(90, 90))
    (folder / "cat" / "broken.png").write_bytes((folder / "cat" / "1.png").read_bytes()[:500])
    named = {"features": "f.npz", "kernel": "k.npz", "embed": "m.csv"}
    for name in COMMANDS:
        with pytest.raises(SystemExit):
            main([name, "--help"])
        assert ("--out" in capsys.readouterr().out) is (name in named), f"{name} is not read back here"
    asked = ("--normalise", "centred", "--seed", "3", "--temperature", "8", "--home", tmp_path / "home")
    for name, file in named.items():
        more = () if name == "features" else ("--representation", "dW6")
        code, _, err = gradviz(name, folder, *asked, *more, "--out", tmp_path / file)
        assert code == 0, err
    lab = Experiment(folder, Spec(normalise="centred", seed=3, temperature=8.0), home=tmp_path / "home")
    expected, vectors, kernel = lab.kernel("dW6"), read(tmp_path / "f.npz"), read(tmp_path / "k.npz")
    ids = expected.rows.ids
    assert len(ids) == 8
    for arrays in (vectors, kernel):
        assert arrays["ids"].tolist() == list(ids)
        about = json.loads(str(arrays["about"]))
        assert about.items() >= lab.about(split=None).items()
        assert about["versions"] == versions()
        found = [(f["kind"], f["name"], f["count"]) for f in about["findings"]]
        assert sorted(found) == [("guessed", "train, val", 1), ("left out", "cat/broken.png", 1)]
        assert about["findings"][0]["reason"]
    assert np.array_equal(kernel["K"], expected.K)
    assert np.array_equal(vectors["dy6"], lab.features(["dy6"]).arrays["dy6"])
    with (tmp_path / "m.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [(row["id"], row["labels"]) for row in rows] == [
        (i, lab.images.labels_of(lab.images.source(i))[0]) for i in ids
    ]


@pytest.mark.parametrize(
    "verb", ["extract", "features", "kernel", "evaluate", "embed", "align", "neighbours", "layers"]
)
def test_a_centred_kernel_is_accepted_everywhere_with_a_line_where_it_changes_nothing(
    verb, gradviz, photographs, kept, tmp_path
):
    asked = (photographs / "ImageSets/Main/val.txt").read_text().split()[0]
    more = {
        "features": ("--out", tmp_path / "f.npz"),
        "kernel": ("--representation", "x6", "--out", tmp_path / "k.npz"),
        "evaluate": ("--representation", "x6", *SPLITS),
        "embed": ("--representation", "x6", "--out", tmp_path / "m.csv"),
        "align": ("--representation", "x6"),
        "neighbours": ("--representation", "x6", "--image", asked),
        "layers": SPLITS,
    }.get(verb, ())
    outputs = []
    for centre in ((), ("--centre",)):
        code, out, err = gradviz(verb, photographs, *more, "--images", "12", "--home", kept, *centre)
        assert code == 0, err
        said = [line for line in err.splitlines() if "Centring the kernel changes nothing here" in line]
        assert len(said) == (bool(centre) and verb not in ("kernel", "neighbours"))
        outputs.append(out.partition(" s, ")[2] if verb == "extract" else out)
    if verb not in ("kernel", "neighbours", "extract"):
        assert outputs[0] == outputs[1]


def test_evaluate(ask, ask_json, photographs, kept):
    told = ask_json("evaluate", photographs, "--representation", "x6", *SPLITS)
    keys = ["mean_ap", "per_class", "positives", "intervals", "left_out", "n_train", "n_test", "C", "temperature"]
    assert list(told) == [*keys, "seconds", "notes", "spec"]
    assert (told["n_train"], told["n_test"]) == (100, 60)
    assert told["temperature"] is None, "x6 is the same at every temperature"
    assert ask_json("evaluate", photographs, "--representation", "dW7", *SPLITS)["temperature"] == 1.0
    scored = Experiment(photographs, home=kept).evaluate("x6", train="train", test="val")
    assert told["positives"] == dict(
        zip(told["per_class"], (scored.test.labels == 1).sum(axis=0).tolist(), strict=True)
    )
    drawn = resampled(scored)
    assert (told["intervals"]["share"], told["intervals"]["draws"]) == (0.95, 1000)
    assert told["intervals"]["mean_ap"] == pytest.approx(drawn.interval)
    for name, bounds in zip(told["per_class"], drawn.intervals.tolist(), strict=True):
        assert told["intervals"]["per_class"][name] == pytest.approx(bounds)
    assert list(told["per_class"]) == list(told["C"])
    assert len(told["per_class"]) == 20
    assert told["mean_ap"] == pytest.approx(np.mean(list(told["per_class"].values())))
    spec = told["spec"]
    assert (spec["representation"], spec["train"], spec["test"], spec["C"]) == ("x6", "train", "val", 1.0)
    assert (spec["ap"], spec["seed"], spec["normalise"]) == ("eleven_point", 0, "l2")
    out, _ = ask("evaluate", photographs, "--representation", "x6", *SPLITS)
    assert out.splitlines()[0].split() == ["class", "eleven_point", "AP,", "%", "95%", "interval", "positives", "C"]
    low, high = (f"{bound:.2f}" for bound in drawn.interval)
    assert out.splitlines()[-1].split() == ["mean", f"{told['mean_ap']:.2f}", low, "to", high]
    person = next(line.split() for line in out.splitlines() if line.startswith("person"))
    low, high = (f"{bound:.2f}" for bound in told["intervals"]["per_class"]["person"])
    assert person == [
        "person",
        f"{told['per_class']['person']:.2f}",
        low,
        "to",
        high,
        str(told["positives"]["person"]),
        "1",
    ]


def test_evaluate_says_null_for_what_cannot_be_scored(ask, ask_json, photographs):
    arguments = ("evaluate", photographs, "--representation", "x6", *SPLITS, "--images", "5")
    told = ask_json(*arguments)
    assert None in told["per_class"].values()
    assert told["left_out"] == {name: told["left_out"][name] for name, ap in told["per_class"].items() if ap is None}
    assert any(note.startswith("No positive test image, so left out of the mean: ") for note in told["notes"])
    out, err = ask(*arguments)
    for note in told["notes"]:
        assert f"note: {note}\n" in err
    assert any(line.split()[1] == "-" for line in out.splitlines())
    assert [name for name, bounds in told["intervals"]["per_class"].items() if bounds is None] == list(told["left_out"])


def test_evaluate_chooses(ask_json, photographs):
    told = ask_json("evaluate", photographs, "--representation", "x6", *SPLITS, "--C", "cv")
    assert set(told["C"].values()) <= {0.01, 0.1, 1.0, 10.0, 100.0}
    assert (told["spec"]["C"], told["spec"]["temperature"]) == ("cv", 1.0)
    told = ask_json("evaluate", photographs, "--representation", "dW8", *SPLITS, "--temperature", "cv")
    assert told["temperature"] in {1.0, 2.0, 4.0, 8.0, 16.0, 32.0}
    assert (told["spec"]["C"], told["spec"]["temperature"]) == (1.0, "cv")


def test_embed(ask, photographs, tmp_path):
    path = tmp_path / "map.csv"
    arguments = ("embed", photographs, "--representation", "x6", "--split", "val", "--images", "12")
    out, _ = ask(*arguments, "--neighbors", "11", "--out", path)
    assert out.startswith(f"{path}: 12 images; trustworthiness ")
    assert "neighbour purity" in out
    with path.open(newline="", encoding="utf-8") as file:
        head, *rows = csv.reader(file)
    assert (head, len(rows)) == (["id", "x", "y", "labels", "made_from"], 12)
    assert all(np.isfinite([float(x), float(y)]).all() for _, x, y, *_ in rows)
    assert any(labels for *_, labels, _ in rows)
    assert json.loads(rows[0][-1])["images"] == 12


def test_align(ask, ask_json, photographs):
    arguments = ("align", photographs, "--split", "val", "--representation", "x6", "--representation", "dW6")
    told = ask_json(*arguments)
    assert list(told) == ["representations", "between", "labels", "n", "notes", "spec"]
    assert told["between"]["x6"]["x6"] == pytest.approx(1)
    assert told["between"]["x6"]["dW6"] == told["between"]["dW6"]["x6"]
    assert (list(told["labels"]), told["n"]) == (["x6", "dW6"], 60)
    lines = ask(*arguments)[0].splitlines()
    assert lines[0].split() == ["x6", "dW6", "labels"]
    assert lines[1].split() == ["x6", "1.0000", f"{told['between']['x6']['dW6']:.4f}", f"{told['labels']['x6']:.4f}"]


def test_align_without_labels(ask, tmp_path):
    for i in range(4):
        picture(tmp_path / f"{i}.png", i, size=(90, 90))
    lines = ask("align", tmp_path, "--representation", "x6")[0].splitlines()
    assert [line.split() for line in lines] == [["x6"], ["x6", "1.0000"]]


def test_neighbours(ask, ask_json, photographs):
    asked = (photographs / "ImageSets/Main/val.txt").read_text().split()[3]
    arguments = ("neighbours", photographs, "--representation", "dW6", "--image", asked, "--top", "4")
    told = ask_json(*arguments)
    assert [list(row) for row in told] == [["id", "value", "labels", "spec"]] * 4
    spec = told[0]["spec"]
    assert (spec["image"], spec["top"], spec["representation"], spec["split"]) == (asked, 4, "dW6", None)
    assert (spec["findings"], "versions" in spec, "dataset_digest" in spec) == ([], True, True)
    assert asked not in {row["id"] for row in told}
    assert [row["value"] for row in told] == sorted((row["value"] for row in told), reverse=True)
    lines = ask(*arguments)[0].splitlines()
    assert [line.split()[0] for line in lines] == ["id", *(row["id"] for row in told)]


def test_layers(ask, ask_json, photographs):
    arguments = ("layers", photographs, *SPLITS, "--images", "20")
    told = ask_json(*arguments)
    assert [row["representation"] for row in told] == NETWORKS["alexnet64"].describe()["representations"]
    assert list(told[0]) == [
        "representation",
        "mean_ap",
        "temperature",
        "alignment",
        "purity",
        "left_out",
        "notes",
        "n_train",
        "n_test",
        "spec",
    ]
    assert told[0]["spec"]["network"] == "alexnet64"
    assert (told[0]["n_train"], told[0]["n_test"], told[0]["spec"]["findings"]) == (20, 20, [])
    rows = list(csv.DictReader(ask(*arguments, "--csv")[0].splitlines()))
    assert [float(row["mean_ap"]) for row in rows] == [round(row["mean_ap"], 2) for row in told]
    lines = ask(*arguments)[0].splitlines()
    assert lines[1].split()[:2] == ["x5", rows[0]["mean_ap"]]


OWN_NETWORK = """
import torch
from torch import nn

def small():
    torch.manual_seed(0)
    features = nn.Sequential(nn.AdaptiveAvgPool2d(4), nn.Flatten(), nn.LayerNorm(48, elementwise_affine=False))
    module = nn.Sequential(features, nn.Linear(48, 12), nn.ReLU(), nn.Linear(12, 7))
    for layer in (module[1], module[3]):
        nn.init.normal_(layer.weight, std=0.5)
    return module.eval()
"""


def test_layers_of_one_image_print_a_gap_for_purity(gradviz, tmp_path):
    asked = ("layers", "demo", "--images", 1, "--train", "train", "--test", "val", "--home", tmp_path)
    code, out, error = gradviz(*asked)
    assert (code, len(out.splitlines())) == (0, 1 + len(NETWORKS["alexnet64"].describe()["representations"]))
    assert {line.split()[-1] for line in out.splitlines()[1:]} == {"-"}
    assert "Traceback" not in error


def test_a_network_of_ones_own(ask_json, photographs, tmp_path, monkeypatch):
    (tmp_path / "mine_for_a_test.py").write_text(OWN_NETWORK)
    monkeypatch.syspath_prepend(tmp_path)
    told = ask_json("layers", photographs, *SPLITS, "--images", "30", "--network", "mine_for_a_test:small")
    names = [row["representation"] for row in told]
    assert names == list(offered((1, 2)))
    assert all(row["mean_ap"] > 0 for row in told)
    told = ask_json("evaluate", photographs, "--representation", "dW1", *SPLITS, "--network", "mine_for_a_test:small")
    assert told["spec"]["network"] == "mine_for_a_test:small"
    assert len(told["spec"]["weights_digest"]) == 64


def test_what_a_network_of_ones_own_prints_is_no_part_of_the_json(ask_json, photographs, tmp_path, monkeypatch):
    noisy = OWN_NETWORK.replace("def small():", 'print("imported")\n\ndef small():\n    print("building")')
    (tmp_path / "noisy_for_a_test.py").write_text(noisy)
    monkeypatch.syspath_prepend(tmp_path)
    asked = ("extract", photographs, "--images", "4", "--network", "noisy_for_a_test:small")
    assert ask_json(*asked)["images"] == 4


def test_weights_beside_a_network_of_ones_own_are_loaded_or_refused(gradviz, photographs, tmp_path, monkeypatch):
    import torch

    (tmp_path / "mine_with_weights.py").write_text(OWN_NETWORK)
    monkeypatch.syspath_prepend(tmp_path)
    mine = import_module("mine_with_weights")

    asked = ("evaluate", photographs, "--representation", "x1", *SPLITS, "--images", "30", "--home", tmp_path)
    asked += ("--json", "--network", "mine_with_weights:small")
    plain = json.loads(gradviz(*asked)[1])
    state = {name: tensor * 2 for name, tensor in mine.small().state_dict().items()}
    torch.save(state, tmp_path / "doubled.pth")
    doubled = json.loads(gradviz(*asked, "--weights", tmp_path / "doubled.pth")[1])
    assert doubled["spec"]["weights_digest"] != plain["spec"]["weights_digest"]
    torch.save({"other": torch.zeros(3)}, tmp_path / "other.pth")
    for file, reason in (("other.pth", "does not fit mine_with_weights:small"), ("absent.pth", "absent.pth")):
        code, out, error = gradviz(*asked, "--weights", tmp_path / file)
        assert (code, out, error.count("\n")) == (2, "", 1)
        assert reason in error


@pytest.mark.parametrize(
    "choice",
    [
        ("--preprocess", "squash"),
        ("--pseudo-label", "predicted"),
        ("--weights", "w.pth"),
        ("--temperature", "8"),
        ("--temperature", "cv"),
        ("--network", "vgg16"),
        ("--tf32",),
        ("--preprocess", "center"),
        ("--pseudo-label", "uniform"),
        ("--temperature", "1"),
        ("--device", "cpu"),
        ("--device", "auto"),
    ],
)
def test_what_is_about_a_network_is_refused_where_features_come_from_a_file(
    gradviz, ask, photographs, tmp_path, choice
):
    ask("features", photographs, "--out", tmp_path / "F.npz", "--images", "20")
    asked = ("kernel", tmp_path / "F.npz", "--representation", "x6", "--out", tmp_path / "K.npz")
    assert gradviz(*asked, "--normalise", "none", "--seed", "3")[0] == 0
    code, out, error = gradviz(*asked, *choice)
    assert (code, out) == (2, "")
    assert error == f"gradviz: F holds features already; leave out {choice[0]}: it changes nothing there.\n"


@pytest.mark.parametrize("verb", [("evaluate", "--representation", "x6"), ("layers",)])
def test_a_split_beside_train_and_test_is_refused(gradviz, photographs, kept, verb):
    code, out, error = gradviz(verb[0], photographs, *verb[1:], *SPLITS, "--split", "val", "--home", kept)
    assert (code, out) == (2, "")
    assert "--split does not apply here: --train and --test choose the images" in error


# What is kept and brought


def test_store(gradviz, photographs, tmp_path):
    home = ("--home", tmp_path)
    assert json.loads(gradviz("store", "--json", *home)[1]) == {"bytes": 0, "entries": []}
    gradviz("kernel", photographs, "--representation", "dy8", "--images", "5", "--out", tmp_path / "K.npz", *home)
    told = json.loads(gradviz("store", "list", "--json", *home)[1])
    assert {entry["key"]["kind"] for entry in told["entries"]} == {"forward", "backward"}
    assert told["bytes"] >= sum(entry["bytes"] for entry in told["entries"]) > 0
    lines = gradviz("store", *home)[1].splitlines()
    assert [line.split()[:3] for line in lines[1:3]] == [
        [kind, "alexnet64", "center"] for kind in (entry["key"]["kind"] for entry in told["entries"])
    ]
    assert ["1.0", "uniform", "5"] in [line.split()[3:6] for line in lines[1:3]]
    assert lines[-1].endswith(f"in {tmp_path / 'store'}")
    assert json.loads(gradviz("store", "clear", "--json", *home)[1])["freed"] > 0
    assert json.loads(gradviz("store", "--json", *home)[1])["entries"] == []
    assert gradviz("store", "clear", *home)[1] == "0 kB freed\n"


def test_store_names_what_is_in_an_older_format(gradviz, tmp_path):
    (tmp_path / "store" / ("0" * 64)).mkdir(parents=True)
    (tmp_path / "store" / ("0" * 64) / "manifest.json").write_text("{}")
    lines = gradviz("store", "--home", tmp_path)[1].splitlines()
    assert lines[1].endswith("older format")
    assert lines[2] == (
        "0.0 kB of features are in an older format: this version does not read it; "
        "`python -m gradviz store clear --old` removes it."
    )
    assert json.loads(gradviz("store", "--json", "--home", tmp_path)[1])["entries"][0]["old"]
    gradviz("extract", "demo", "--images", "3", "--home", tmp_path)
    assert json.loads(gradviz("store", "clear", "--old", "--json", "--home", tmp_path)[1])["freed"] == 2
    (left,) = json.loads(gradviz("store", "--json", "--home", tmp_path)[1])["entries"]
    assert (left["old"], left["rows"]) == (False, 3)
    code, _, error = gradviz("store", "--old", "--home", tmp_path)
    assert (code, error) == (
        2,
        "gradviz: --old goes with `store clear`: it removes what is in an older format alone.\n",
    )


def test_download(gradviz, tmp_path, monkeypatch):
    content = voc_archive(20, unlisted=2)
    entry = DATASETS["voc2007"]
    archive = replace(entry.archive, md5=md5(content), bytes=len(content), images=20)
    monkeypatch.setitem(DATASETS, "voc2007", replace(entry, archive=archive))
    with Host({"/VOCtrainval_06-Nov-2007.tar": content}) as host:
        code, out, err = gradviz("download", "voc2007", "--url", host.address, "--home", tmp_path)
        place = tmp_path / "datasets/voc2007/VOCdevkit/VOC2007"
        assert (code, out) == (0, f"voc2007 is in {place}\n"), err
        assert (place / "JPEGImages/000002.jpg").is_file()
        _, out, _ = gradviz("datasets", "--json", "--home", tmp_path)
        row = next(row for row in json.loads(out) if row["name"] == "voc2007")
        assert (row["state"], row["images"]) == ("present", 20)
        code, out, err = gradviz("download", "vgg16", "--url", host.url("/vgg16.pth"), "--home", tmp_path)
    assert (code, out) == (2, "")
    assert "404" in err.splitlines()[-1]
    assert err.splitlines()[-1].startswith("gradviz: ")


def test_layers_by_cross_validation_choose_on_the_training_split(ask, ask_json, gradviz, photographs, kept):
    arguments = ("layers", photographs, *SPLITS, "--images", "20", "--cv")
    found = ask_json(*arguments)
    lab = Experiment(photographs, Spec(images=20), home=kept)
    first, *_ = ranked = best(list(board(lab, train="train")))
    assert found["chosen"]["representation"] == first.representation
    assert found["chosen"]["cv_mean_ap"] == pytest.approx(first.mean_ap)
    run = at(lab, first.temperature).evaluate(first.representation, train="train", test="val")
    assert found["test"]["mean_ap"] == pytest.approx(run.mean_ap)
    assert [one["rival"] for one in found["differences"]] == list(rivals(ranked))
    assert found["made"]["train"] == "train"
    out, _ = ask(*arguments)
    lines = out.splitlines()
    assert lines[0].split() == [
        "representation",
        "tau",
        "mAP",
        "by",
        "cv,",
        "%",
        "95%",
        "interval",
        "alignment",
        "purity",
    ]
    assert len([line for line in lines if line.startswith(tuple(lab.offer.representations))]) == len(ranked)
    assert f"Chosen on train: {first.representation}" in out
    above = [line.split()[1].rstrip(":") for line in lines if ": dW" in line]
    assert above == [one["above"] for one in found["gains"]] == ["x5+x6", "x6+x7", "x7+y8"]
    assert f"{run.mean_ap:.2f}" in out
    csv_rows = list(csv.DictReader(ask(*arguments, "--csv")[0].splitlines()))
    assert len(csv_rows) == len(found["board"])
    code, _, err = gradviz(*arguments, "--temperature", "8", "--home", kept)
    assert (code, "tries all temperatures" in err) == (2, True)
