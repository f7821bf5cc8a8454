"""Files to take along: readable without pickle, with every choice inside, whole or not at all."""

import csv
import io
import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import find, given
from hypothesis import strategies as st

from gradviz import export
from gradviz.datasets.image_set import Finding, ImageSet
from gradviz.errors import ChoiceError
from gradviz.experiment import Experiment
from gradviz.features.extraction import Features
from gradviz.results import Alignments, Classification, Evaluation, KernelResult, LayerRow, Map, ProductResult
from gradviz.spec import OPTIONS
from gradviz.versions import versions

IMAGES = ImageSet(
    name="farm",
    root=None,
    ids=("a,1", "b", "c", "d"),
    classes=("cat", "dog"),
    labels=np.array([[1, 1], [-1, 0], [1, -1], [-1, -1]], np.int8),
    splits={"train": np.array([0, 1]), "test": np.array([2]), "trainval": np.array([0, 1, 2])},
    features={"x5": np.eye(4, dtype=np.float32)},
)
ABOUT = {"dataset": "farm", "temperature": 8.0, "images": None}


def rows(*positions: int) -> Features:
    x = np.arange(2 * len(positions), dtype=np.float32).reshape(-1, 2)
    return Features(IMAGES, np.array(positions), {"x5": x, "dy6": -x})


def npz(write, *arguments) -> dict[str, np.ndarray]:
    file = io.BytesIO()
    write(*arguments, file)
    file.seek(0)
    with np.load(file, allow_pickle=False) as arrays:
        return {name: arrays[name] for name in arrays.files}


def read_csv(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text)))


def evaluation(**changes) -> Evaluation:
    fields = {
        "representation": "dW6",
        "mean_ap": 50.0,
        "per_class": {"cat": 50.0, "dog": None},
        "ap": "area",
        "C": {"cat": 1.0, "dog": 0.1},
        "temperature": 8.0,
        "train": rows(0, 1),
        "test": rows(2),
        "scores": np.zeros((1, 2)),
        "seconds": {"svm": 0.12345},
        "notes": ("one",),
        "about": ABOUT,
        "left_out": {"dog": "no positive test image"},
    }
    return Evaluation(**(fields | changes))


def test_features_have_ids_arrays_labels_splits_and_choices():
    arrays = npz(export.features_npz, rows(3, 0, 2), ABOUT)
    assert sorted(arrays) == ["about", "classes", "dy6", "ids", "labels", "split", "x5"]
    assert arrays["ids"].tolist() == ["d", "a,1", "c"]
    assert (arrays["x5"].dtype, arrays["x5"].shape) == (np.float32, (3, 2))
    assert arrays["labels"].tolist() == [[-1, -1], [1, 1], [1, -1]]
    assert arrays["split"].tolist() == ["", "train", "test"]
    assert json.loads(str(arrays["about"])) == {**ABOUT, "findings": [], "versions": versions()}


def test_kernels_have_their_factors_and_columns():
    K = np.ones((2, 1), np.float32)
    result = ProductResult("dW6", rows(0, 1), rows(2), 6 * K, (), ABOUT, 2 * K, 3 * K)
    arrays = npz(export.kernel_npz, result)
    assert (arrays["ids"].tolist(), arrays["cols"].tolist()) == (["a,1", "b"], ["c"])
    assert np.array_equal(arrays["K"], arrays["K_fw"] * arrays["K_bw"])
    square = rows(0, 1)
    arrays = npz(export.kernel_npz, KernelResult("x6", square, square, np.eye(2, dtype=np.float32), (), ABOUT))
    assert sorted(arrays) == ["K", "about", "ids"]
    assert arrays["K"].dtype == np.float32


def test_maps_quote_what_needs_it_and_join_labels():
    points = np.array([[1, 2], [0.1234567, -1e-9], [3, 4]], np.float32)
    result = Map("x6", rows(0, 1), rows(3), points, 0.9, 0.5, 0.4, (), ABOUT)
    found = read_csv(export.map_csv(result))
    assert json.loads(found[1][-1]) == export.made(ABOUT, rows(0, 1), rows(3))
    found[1][-1] = "..."
    assert found == [
        ["id", "x", "y", "labels", "made_from"],
        ["a,1", "1", "2", "cat;dog", "..."],
        ["b", "0.123457", "-1e-09", "", ""],
        ["d", "3", "4", "", ""],
    ]


def test_scores_of_ones_own_photographs():
    result = Classification("x6", ("cat", "dog"), rows(0), np.array([[0.5, -1]]), (), ABOUT)
    head, row = read_csv(export.classification_csv(result))
    assert (head, row[:-1]) == (["id", "cat", "dog", "made_from"], ["a,1", "0.5000", "-1.0000"])
    assert json.loads(row[-1])["versions"] == versions()


def test_evaluations_as_json_and_csv():
    told = json.loads(json.dumps(export.evaluation_json(evaluation()), allow_nan=False))
    assert told == {
        "mean_ap": 50.0,
        "per_class": {"cat": 50.0, "dog": None},
        "left_out": {"dog": "no positive test image"},
        "n_train": 2,
        "n_test": 1,
        "C": {"cat": 1.0, "dog": 0.1},
        "temperature": 8.0,
        "seconds": {"svm": 0.123},
        "notes": ["one"],
        "spec": {**ABOUT, "findings": [], "versions": versions()},
    }
    assert export.evaluation_json(evaluation(mean_ap=float("nan")))["mean_ap"] is None
    used = [versions()[name] for name in ("gradviz", "torch", "torchvision", "numpy", "scikit-learn", "pillow")]
    assert None not in used
    common = [
        "8.0",
        "area",
        "50.00",
        "50.00",
        "",
        "2",
        "1",
        "dog: no positive test image",
        "",
        "farm",
        "",
        "8.0",
        *used,
    ]
    assert read_csv(export.evaluations_csv(iter([evaluation(), evaluation(representation="x6")]))) == [
        [
            *("representation", "temperature", "ap", "mean_ap", "cat", "dog"),
            *("n_train", "n_test", "left_out", "findings", "dataset", "images", "temperature_option"),
            *("gradviz", "torch", "torchvision", "numpy", "scikit-learn", "pillow"),
        ],
        ["dW6", *common],
        ["x6", *common],
    ]


def test_the_table_has_the_penalties_that_were_chosen_by_cross_validation():
    results = [evaluation(about=ABOUT | {"C": "cv"}), evaluation(about=ABOUT | {"C": 1.0})]
    head, *lines = read_csv(export.evaluations_csv(results))
    assert [line[head.index("chosen_C")] for line in lines] == ["cat: 1.0; dog: 0.1", ""]


@pytest.mark.parametrize("name", ["file", "self", "args", "kwds", "allow_pickle", "arr_0"])
def test_arrays_of_any_name_are_written(name: str):
    one = rows(0, 2)
    arrays = npz(export.features_npz, replace(one, arrays={name: one.arrays["x5"]}), ABOUT)
    assert (arrays[name] == one.arrays["x5"]).all()


FINDINGS = (Finding("c.jpg", "no picture"), Finding("", "a guess", "guessed", 3), Finding("d.gif", "no picture"))


def test_every_export_has_the_findings_of_the_data_set():
    images = replace(IMAGES, findings=FINDINGS[:2])
    two, one = (replace(rows(*positions), images=images) for positions in ((0, 1), (2,)))
    one = replace(one, skipped=FINDINGS[2:])
    expected = [
        {"name": "c.jpg", "reason": "no picture", "kind": "left out", "count": 1},
        {"name": "", "reason": "a guess", "kind": "guessed", "count": 3},
        {"name": "d.gif", "reason": "no picture", "kind": "left out", "count": 1},
    ]
    scored = evaluation(train=two, test=one)
    K = np.ones((2, 1), np.float32)
    product = ProductResult("dW6", two, one, K, (), ABOUT, K, K)
    abouts = [
        json.loads(str(npz(export.features_npz, one, ABOUT)["about"])),
        json.loads(str(npz(export.kernel_npz, product)["about"])),
        export.evaluation_json(scored)["spec"],
        export.alignment_json(Alignments(("x6",), np.ones((1, 1)), None, one, ABOUT))["spec"],
    ]
    assert [about["findings"] for about in abouts] == [expected] * 4
    assert [about["versions"] for about in abouts] == [versions()] * 4
    head, row = read_csv(export.evaluations_csv([scored]))
    assert row[head.index("findings")] == "2 left out; 3 guessed"


@pytest.mark.parametrize("columns", [export.evaluations_csv, export.classification_csv])
def test_a_class_called_like_another_column_has_one_of_its_own(columns):
    names = ("mean", "mean_ap", "ap", "id", "dataset", "class mean_ap", "torch", "temperature_option", "n_train", "cat")
    figures = [float(310 + i) for i in range(len(names))]
    result = evaluation(per_class=dict(zip(names, figures, strict=True)))
    if columns is export.classification_csv:
        head, row = read_csv(columns(Classification("x6", names, rows(0), np.array([figures]), (), ABOUT)))
    else:
        head, row = read_csv(columns([result]))
    assert len(head) == len(set(head)) == len(row)
    of_classes = [
        title for title, cell in zip(head, row, strict=True) if cell.partition(".")[0] in map("{:.0f}".format, figures)
    ]
    assert len(of_classes) == len(names)
    assert {"mean", "cat"} <= set(of_classes)
    assert all(title.endswith(name) for title, name in zip(of_classes, names, strict=True))


NAMES = st.sampled_from(["", "a", "b", "a:b", "=a", "a,b", "1.0", "1"])
CHOICES = {
    "network": st.sampled_from(["alexnet64", "vgg16", "mine:net"]),
    "weights": st.none() | NAMES.filter(bool),
    "weights_digest": st.sampled_from(["1" * 64, "2" * 64]),
    "images": st.none() | st.integers(1, 3),
    "preprocess": st.sampled_from(list(OPTIONS["preprocess"].values)),
    "pseudo_label": st.sampled_from(list(OPTIONS["pseudo_label"].values)) | NAMES.filter(bool),
    "pseudo_label_digest": st.none() | st.sampled_from(["file:1", "file:2"]),
    "temperature": st.just("cv") | st.sampled_from([1.0, 1.0000000000000002, 8.0, 1e-3]),
    "normalise": st.sampled_from(list(OPTIONS["normalise"].values)),
    "centre": st.booleans(),
    "seed": st.integers(0, 2),
    "tf32": st.booleans(),
    "dataset": NAMES,
    "dataset_digest": st.sampled_from(["1" * 64, "2" * 64]),
    "train": NAMES,
    "test": NAMES,
    "C": st.just("cv") | st.sampled_from([1.0, 10.0, 1e-9]),
    "ap": st.sampled_from(list(OPTIONS["ap"].values)),
    "representation": st.sampled_from(["x6", "x6+x7", "dW6"]),
    "device": st.sampled_from(["cpu", "cuda:0"]),
}


@given(st.fixed_dictionaries(CHOICES), st.fixed_dictionaries(CHOICES))
def test_rows_of_scores_differ_where_a_choice_does_and_only_there(a, b):
    shown = [
        evaluation(
            about=about,
            representation=about["representation"],
            ap=about["ap"],
            temperature=4.0 if about["temperature"] == "cv" else about["temperature"],
        )
        for about in (a, b)
    ]
    head, first, second = read_csv(export.evaluations_csv(shown))
    assert len(head) == len(set(head))
    assert (first == second) == (a == b)
    for name in {name for name in a if a[name] != b[name]}:
        column = head.index("temperature_option" if name == "temperature" else name)
        assert first[column] != second[column], name


@pytest.mark.parametrize("name", CHOICES)
def test_a_changed_choice_changes_the_row(name):
    a = {choice: find(values, lambda value: value is not None) for choice, values in CHOICES.items()}
    b = a | {name: find(CHOICES[name], lambda value: value is not None and value != a[name])}
    shown = [evaluation(about=x, representation=x["representation"], ap=x["ap"]) for x in (a, b)]
    _, first, second = read_csv(export.evaluations_csv(shown))
    assert first != second


def test_the_choices_of_a_real_result_are_those_of_this_test():
    about = Experiment("demo").about(representation="x6", train="train", test="val", C=1.0, ap="area")
    assert set(about) == set(CHOICES)


def test_rows_of_scores_tell_what_made_them_different():
    made = {**ABOUT, "network": "alexnet", "C": 1.0, "normalise": "l2", "train": "train", "test": "test", "seed": 0}
    others = (
        {"network": "vgg16"},
        {"C": "cv"},
        {"normalise": "none"},
        {"train": "trainval"},
        {"test": "val"},
        {"pseudo_label": "true"},
        {"preprocess": "tencrop"},
        {"seed": 3},
        {"temperature": "cv"},
        {"images": 100},
    )
    head, *rows = read_csv(export.evaluations_csv([evaluation(about=made | other) for other in ({}, *others)]))
    assert len(head) == len(set(head))
    assert len({tuple(row) for row in rows}) == len(rows) == 11
    column = dict(zip(head, zip(*rows, strict=True), strict=True))
    assert column["network"] == ("alexnet", "vgg16", *["alexnet"] * 9)
    assert column["C"] == ("1.0", "1.0", "cv", *["1.0"] * 8)
    assert column["pseudo_label"] == (*[""] * 6, "true", *[""] * 4)
    assert column["temperature_option"] == (*["8.0"] * 9, "cv", "8.0")


def test_rows_of_scores_may_have_different_classes():
    rows = read_csv(export.evaluations_csv([evaluation(), evaluation(per_class={"dog": 10.0, "hen": 20.0})]))
    assert [row[4:7] for row in rows] == [["cat", "dog", "hen"], ["50.00", "", ""], ["", "10.00", "20.00"]]


def test_layers_without_a_figure_have_a_gap():
    layers = [LayerRow("x6", 44.174, 1.0, float("nan"), 0.25)]
    assert export.layers_json(layers) == [
        {"representation": "x6", "mean_ap": 44.174, "temperature": 1.0, "alignment": None, "purity": 0.25}
        | {"left_out": {}, "notes": (), "spec": {"versions": versions()}}
    ]
    assert export.layers_json([LayerRow("x6", 1.0, 1.0, 0.5, None)])[0]["purity"] is None
    row = LayerRow("x6", 1.0, 1.0, 0.5, None, {"cat": "no negative test image", "dog": "no positive test image"})
    left_out = "cat: no negative test image; dog: no positive test image"
    assert read_csv(export.layers_csv([row]))[1][:-1] == ["x6", "1.00", "1.0", "0.5000", "", left_out]
    head, line = read_csv(export.layers_csv([replace(layers[0], about=ABOUT)]))
    assert head == ["representation", "mean_ap", "temperature", "alignment", "purity", "left_out", "made_from"]
    assert line[:-1] == ["x6", "44.17", "1.0", "", "0.2500", ""]
    assert json.loads(line[-1]) == {**ABOUT, "versions": versions()}


def test_alignments_are_named():
    between = np.array([[1, 0.5], [0.5, np.nan]])
    result = Alignments(("x6", "x7"), between, np.array([0.1, 0.2]), rows(0, 1), ABOUT)
    told = export.alignment_json(result)
    assert told["between"] == {"x6": {"x6": 1.0, "x7": 0.5}, "x7": {"x6": 0.5, "x7": None}}
    assert (told["labels"], told["n"], told["representations"]) == ({"x6": 0.1, "x7": 0.2}, 2, ["x6", "x7"])
    json.dumps(told, allow_nan=False)
    assert export.alignment_json(Alignments(("x6",), np.ones((1, 1)), None, rows(0), ABOUT))["labels"] is None


def test_a_file_is_written_whole_or_not_at_all(tmp_path):
    path = tmp_path / "K.npz"
    export.save(path, lambda file: file.write(b"first"))

    def half(file) -> None:
        file.write(b"sec")
        raise OSError(28, "No space left on device")

    with pytest.raises(ChoiceError, match=r"K.npz cannot be written \(No space left on device\): .*--out"):
        export.save(path, half)
    assert path.read_bytes() == b"first"
    assert [file.name for file in tmp_path.iterdir()] == ["K.npz"]


@pytest.mark.parametrize("name", [".", "", "folder", "missing/K.npz", "file/K.npz"])
def test_places_that_cannot_be_written_are_told_before_the_work(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").touch()
    with pytest.raises(ChoiceError, match="--out"):
        export.check_place(type(tmp_path)(name))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "folder"]
