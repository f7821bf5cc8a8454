"""Files to take along: readable without pickle, with every choice inside, whole or not at all."""

import csv
import io
import json
import math
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import find, given
from hypothesis import strategies as st

from gradviz import export
from gradviz.datasets.image_set import Finding, ImageSet
from gradviz.errors import ChoiceError
from gradviz.experiment import Experiment
from gradviz.features.extraction import Extracted, Features
from gradviz.resampling import Resampled
from gradviz.results import (
    Alignments,
    BoardRow,
    Classification,
    Evaluation,
    KernelResult,
    LayerRow,
    Map,
    Neighbour,
    Neighbours,
    ProductResult,
    Retrieval,
)
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
    about = {**ABOUT, "dataset": "VOC", "network": "vgg16", "representation": "x6", "temperature": 8.0, "train": "val"}
    result = Classification("x6", ("cat", "dog"), rows(0), np.array([[0.5, -1]]), (), about)
    head, row = read_csv(export.classification_csv(result))
    assert head == ["id", "cat", "dog", "dataset", "network", "representation", "temperature", "train", "made_from"]
    assert row[:-1] == ["a,1", "0.5000", "-1.0000", "VOC", "vgg16", "x6", "8.0", "val"]
    assert json.loads(row[-1])["versions"] == versions()


def test_evaluations_as_json_and_csv():
    told = json.loads(json.dumps(export.evaluation_json(evaluation()), allow_nan=False))
    assert told == {
        "mean_ap": 50.0,
        "per_class": {"cat": 50.0, "dog": None},
        "positives": {"cat": 1, "dog": 0},
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
        "1",
        "0",
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
            *("representation", "temperature", "ap", "mean_ap", "cat", "dog", "cat positives", "dog positives"),
            *("n_train", "n_test", "left_out", "findings", "dataset", "images", "temperature_option"),
            *("gradviz", "torch", "torchvision", "numpy", "scikit-learn", "pillow"),
        ],
        ["dW6", *common],
        ["x6", *common],
    ]


def test_exports_have_the_intervals_that_are_given():
    drawn = Resampled(np.array([[float(k), np.nan] for k in range(101)]))
    told = export.evaluation_json(evaluation(), drawn)
    bounds = [2.5, 97.5]
    assert told["intervals"] == {
        "share": 0.95,
        "draws": 101,
        "mean_ap": pytest.approx(bounds),
        "per_class": {"cat": pytest.approx(bounds), "dog": None},
    }
    json.dumps(told, allow_nan=False)
    head, *lines = read_csv(export.evaluations_csv([evaluation(), evaluation()], [drawn, None]))
    columns = ("mean_ap_low", "mean_ap_high", "cat low", "cat high", "dog low", "dog high", "cat positives")
    assert [[line[head.index(name)] for name in columns] for line in lines] == [
        ["2.50", "97.50", "2.50", "97.50", "", "", "1"],
        ["", "", "", "", "", "", "1"],
    ]


def test_what_does_not_depend_on_the_temperature_has_none():
    scored = evaluation(representation="x6", tempered=False)
    assert export.evaluation_json(scored)["temperature"] is None
    head, line = read_csv(export.evaluations_csv([scored]))
    assert (line[head.index("temperature")], line[head.index("temperature_option")]) == ("", "8.0")


def test_a_class_called_like_a_column_beside_a_class_has_one_of_its_own():
    names = ("cat", "cat positives")
    head, line = read_csv(export.evaluations_csv([evaluation(per_class=dict.fromkeys(names, 31.0), left_out={})]))
    assert len(head) == len(set(head)) == len(line)
    assert [title for title, cell in zip(head, line, strict=True) if cell == "31.00"] == list(names)


def test_scores_of_every_image_have_what_it_shows_and_what_they_were_made_from():
    first = evaluation(test=rows(1, 2), scores=np.array([[0.25, -1.5], [1e-7, 2]]))
    second = evaluation(representation="x6", test=rows(2), scores=np.array([[3.0, 4]]), about=ABOUT | {"C": 10.0})
    head, *lines = read_csv(export.image_scores_csv([first, second]))
    assert head == [
        "representation",
        "id",
        "labels",
        "difficult",
        "unknown",
        "cat",
        "dog",
        "dataset",
        "temperature",
        "images",
        "C",
        *export.SCORED_WITH,
    ]
    assert [line[:7] for line in lines] == [
        ["dW6", "b", "", "dog", "", "0.250000", "-1.500000"],
        ["dW6", "c", "cat", "", "", "0.000000", "2.000000"],
        ["x6", "c", "cat", "", "", "3.000000", "4.000000"],
    ]
    assert [line[head.index("C")] for line in lines] == ["", "", "10.0"]
    assert lines[0][-1] == versions()["pillow"]
    lost = replace(IMAGES, unknown=np.array([[False, False], [False, True], [False, False], [False, False]]))
    (line,) = read_csv(
        export.image_scores_csv([evaluation(test=replace(rows(1), images=lost), scores=np.zeros((1, 2)))])
    )[1:]
    assert line[2:5] == ["", "", "dog"], "nobody knows, which is not difficult"


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
    labelled = replace(IMAGES, classes=names, labels=np.ones((4, len(names)), np.int8))
    result = evaluation(per_class=dict(zip(names, figures, strict=True)), test=replace(rows(2), images=labelled))
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
    "function_digest": st.none() | st.sampled_from(["1" * 64, "2" * 64]),
    "input_size": st.sampled_from([32, 64]),
    "mean": st.sampled_from([[0.5, 0.5, 0.5], [0.5, 0.5, 0.4]]),
    "std": st.sampled_from([[0.5, 0.5, 0.5], [0.5, 0.5, 0.4]]),
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
    of = {"train": rows(0, 1), "test": rows(2)}
    layers = [LayerRow("x6", 44.174, 1.0, float("nan"), 0.25, **of)]
    assert export.layers_json(layers) == [
        {"representation": "x6", "mean_ap": 44.174, "temperature": 1.0, "alignment": None, "purity": 0.25}
        | {"left_out": {}, "notes": (), "n_train": 2, "n_test": 1, "spec": {"findings": [], "versions": versions()}}
    ]
    assert export.layers_json([LayerRow("x6", 1.0, None, 0.5, None, **of)])[0]["purity"] is None
    plain, endless = LayerRow("x6", 1.0, None, 0.5, None, **of), LayerRow("dW6", 1.0, math.inf, 0.5, None, **of)
    assert [row["temperature"] for row in export.layers_json([plain, endless])] == [None, "inf"]
    assert [line[2] for line in read_csv(export.layers_csv([plain, endless]))[1:]] == ["", "inf"]
    reasons = {"cat": "no negative test image", "dog": "no positive test image"}
    row = LayerRow("x6", 1.0, 1.0, 0.5, None, reasons, **of)
    left_out = "cat: no negative test image; dog: no positive test image"
    assert read_csv(export.layers_csv([row]))[1][:-1] == ["x6", "1.00", "1.0", "0.5000", "", left_out, "2", "1"]
    head, line = read_csv(export.layers_csv([replace(layers[0], about=ABOUT)]))
    figures = ["representation", "mean_ap", "temperature", "alignment", "purity"]
    assert head == [*figures, "left_out", "n_train", "n_test", "made_from"]
    assert line[:-1] == ["x6", "44.17", "1.0", "", "0.2500", "", "2", "1"]
    assert json.loads(line[-1]) == {**ABOUT, "findings": [], "versions": versions()}


SPOILED = replace(IMAGES, findings=(Finding("z.txt", "not read"),))


def spoiled(*positions: int) -> Features:
    return replace(rows(*positions), images=SPOILED, skipped=(Finding("b", "b cannot be decoded"),))


X6 = {"representation": "x6"}


def test_everything_that_is_exported_carries_its_findings():
    expected = ["z.txt", "b"]

    def named(made: dict) -> list[str]:
        return [one["name"] for one in made["findings"]]

    of = {"train": spoiled(0, 1), "test": spoiled(2)}
    layer = LayerRow("x6", 44.0, 1.0, 0.5, 0.25, about=ABOUT, **of)
    assert named(export.layers_json([layer])[0]["spec"]) == expected
    assert named(json.loads(read_csv(export.layers_csv([layer, layer]))[1][-1])) == expected
    near = Neighbours([Neighbour("c", ("cat",), 0.1234567)], rows=of.values(), notes=(), about=ABOUT)
    (told,) = export.neighbours_json(near)
    assert (told["id"], told["value"], told["labels"], named(told["spec"])) == ("c", 0.123457, ["cat"], expected)
    assert told["spec"]["dataset"] == "farm"
    table = read_csv(export.neighbours_csv([Neighbours(near, rows=of.values(), notes=(), about=ABOUT | X6)]))
    assert table[1][:5] == ["x6", "1", "c", "0.123457", "cat"]
    assert named(json.loads(table[1][-1])) == expected
    every = Retrieval(
        ("x6", "dW7"), of["train"], np.array([[50, np.nan], [25.125, np.nan]]), np.array([1, 0]), (), ABOUT
    )
    table = read_csv(export.retrieval_csv(every))
    assert table[0] == ["id", "classes", "hits", "ap_x6", "ap_dW7", "made_from"]
    assert [line[2:5] for line in table[1:]] == [["1", "50.00", "25.12"], ["0", "", ""]]
    assert named(json.loads(table[1][-1])) == expected
    assert table[2][-1] == ""
    done = Extracted(3, 2, 0.5, of["train"].skipped)
    told = export.extracted_json(done, SPOILED, ABOUT)
    assert named(told.pop("spec")) == expected
    figures = {"images": 3, "computed": 2, "images_per_second": 4.0, "seconds": 0.5}
    assert told == figures | {"skipped": [{"id": "b", "reason": "b cannot be decoded"}]}
    assert named(export.evaluation_json(evaluation(**of, about=ABOUT))["spec"]) == expected
    assert named(export.alignment_json(Alignments(("x6",), np.eye(1), None, of["test"], ABOUT))["spec"]) == expected


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


def test_a_link_is_followed_to_the_file_that_is_replaced(tmp_path):
    for name in ("there", "new"):
        (tmp_path / name).mkdir()
        link = tmp_path / f"{name}.npz"
        link.symlink_to(tmp_path / name / "K.npz")
    (tmp_path / "there" / "K.npz").write_bytes(b"before")
    for name in ("there", "new"):
        export.save(tmp_path / f"{name}.npz", lambda file: file.write(b"now"))
        assert (tmp_path / f"{name}.npz").is_symlink()
        assert [(one.name, one.read_bytes()) for one in (tmp_path / name).iterdir()] == [("K.npz", b"now")]
    (tmp_path / "nowhere.npz").symlink_to(tmp_path / "missing" / "K.npz")
    with pytest.raises(ChoiceError, match=r"no folder .*missing"):
        export.check_place(tmp_path / "nowhere.npz")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="a system without named pipes")
@pytest.mark.parametrize("linked", [False, True])
def test_a_pipe_is_written_into_and_stays(linked, tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    path = pipe
    if linked:
        path = tmp_path / "link"
        path.symlink_to(pipe)
    with ThreadPoolExecutor() as pool:
        came = pool.submit(pipe.read_bytes)
        export.save(path, lambda file: export.features_npz(rows(0, 1), ABOUT, file))
        with np.load(io.BytesIO(came.result(timeout=60))) as read:
            assert len(read["ids"]) == 2
    assert pipe.is_fifo()
    assert {one.name for one in tmp_path.iterdir()} == {"pipe", path.name}


def test_what_is_read_is_not_written_over(tmp_path):
    read, other, link = (tmp_path / name for name in ("in.npz", "other.npz", "link.npz"))
    read.touch()
    link.symlink_to(read)
    export.check_place(other, [read])
    other.touch()
    export.check_place(other, [read, tmp_path / "a name"])
    for path in (read, link, tmp_path / "." / "in.npz"):
        with pytest.raises(ChoiceError, match=r"is read for this result and would be lost: name another .*--out"):
            export.check_place(path, [tmp_path / "a name", read])


@pytest.mark.parametrize("name", [".", "", "folder", "missing/K.npz", "file/K.npz"])
def test_places_that_cannot_be_written_are_told_before_the_work(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").touch()
    with pytest.raises(ChoiceError, match="--out"):
        export.check_place(type(tmp_path)(name))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "folder"]


def test_a_board_is_read_back_with_all_that_it_was_made_from():
    nan, made = math.nan, {"train": "train", "weights": None, "weights_digest": "ab", "images": None}
    two = [
        BoardRow("alexnet64", "dW6", math.inf, 47.25, (45.0, 49.5), {"cat": 50.5, "dog": None}, 0.27, 0.5, 0.2,
                 ((2048, 1024),), 0.25, "product", rows(0, 1, 2), {**made, "temperature": "inf"}, np.full(3, nan)),
        BoardRow(None, "clip+x6", None, nan, (nan, nan), {"cat": None, "dog": None}, nan, None,
                 None, ((8,), (4,)), 0.1, "forward", rows(0, 1), {**made, "weights_digest": "cd"}, np.full(3, nan)),
    ]  # fmt: skip
    text = export.board_csv(two)
    assert len(set(head := text.splitlines()[0].split(","))) == len(head)
    first, second = csv.DictReader(io.StringIO(text))
    assert (first["temperature"], first["cv_mean_ap"], first["cv_mean_ap_low"]) == ("inf", "47.25", "45.00")
    assert (first["dimensions"], first["cat"], first["dog"], first["train"], first["weights"]) == (
        "2048x1024", "50.50", "", "train", "",
    )  # fmt: skip
    assert [second[name] for name in ("network", "temperature", "cv_mean_ap")] == [""] * 3
    assert (second["dimensions"], second["n_train"], second["weights_digest"]) == ("8+4", "2", "cd")
    assert {name: first[name] for name in export.SCORED_WITH} == {n: str(versions()[n]) for n in export.SCORED_WITH}
    rest = export.choice_json(two, two[0], None, [], [])["made"]
    assert (rest["train"], rest["versions"]) == ("train", versions())
    assert "weights_digest" not in rest, "not that of both"
    found = json.loads(json.dumps(export.board_json(two), allow_nan=False))
    assert found[0]["temperature"] == "inf"
    assert found[1]["cv_mean_ap"] is None
    assert found[1]["temperature"] is None
