"""The sidebar: what links choose, and which data sets, features and options there are."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from shutil import copy, copytree

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from gradviz.datasets import find
from gradviz.experiment import Experiment
from gradviz.export import features_npz
from gradviz.spec import OPTIONS, Spec
from gradviz.ui import sidebar
from gradviz.ui.sidebar import named
from tests.pages.apps import at, lab, settled


def test_a_link_that_means_nothing_falls_back(app: AppTest) -> None:
    app.query_params.update(
        {"data": "none", "split": "none", "images": "-1", "network": "vgg99", "layer": "fc99", "temperature": "hot"}
        | {"seed": "x", "centre": "perhaps", "pseudo": "?", "preprocess": "", "normalise": "l3", "pair": ["a", "b"]}
    )
    settled(app)
    selection = app.session_state["selection"]
    assert selection.spec == Spec(images=300)
    assert (selection.split, selection.layer.name) == ("all", "fc7")
    assert not app.error


def test_a_link_opens_the_same_view(app: AppTest) -> None:
    app.query_params.update(
        {"split": "val", "images": "100", "network": "alexnet64", "layer": "fc8", "temperature": "16", "seed": "5"}
        | {"preprocess": "squash", "pseudo": "predicted", "normalise": "none", "centre": "true"}
        | {"C": "10", "ap": "sklearn", "train": "val", "test": "train"}
    )
    found = widgets(at(app, "pages/evaluate/svm.py"))
    selection = app.session_state["selection"]
    assert (selection.split, selection.layer.name) == ("val", "fc8")
    choices = {"preprocess": "squash", "pseudo_label": "predicted", "normalise": "none", "seed": 5}
    assert selection.spec == Spec(images=100, temperature=16.0, **choices)
    assert [found[key].value for key in ("C", "ap", "train", "test")] == ["10", "sklearn", "val", "train"]


def test_a_folder_without_labels_can_be_looked_at(start: Callable[..., AppTest], snapshots: Path) -> None:
    app = settled(start(snapshots))
    assert not app.metric
    at(app, "pages/explore/map.py")
    at(app, "pages/evaluate/svm.py")
    assert "nothing can be trained" in app.info[0].value


def features(path: Path, photographs: Path, *names: str) -> Path:
    found = lab(photographs).features(names)
    with path.open("wb") as file:
        features_npz(found, {}, file)
    return path


def test_features_from_a_file_are_shown_without_a_network(
    start: Callable[..., AppTest], photographs: Path, tmp_path: Path
) -> None:
    app = settled(start(features(tmp_path / "f.npz", photographs, "x6", "dy7")))
    assert len(app.metric) == 3
    assert "Network" not in [box.label for box in app.selectbox]
    at(app, "pages/explore/map.py")
    at(app, "pages/evaluate/svm.py")
    app.button[0].click()
    settled(app)
    assert app.dataframe[0].value["result"].tolist() == ["x6", "dW7"]


def test_features_without_a_gradient_are_for_svms_alone(
    start: Callable[..., AppTest], photographs: Path, tmp_path: Path
) -> None:
    app = settled(start(features(tmp_path / "f.npz", photographs, "x6", "x7")))
    assert "no layer with both factors" in app.info[0].value
    at(app, "pages/explore/map.py")
    assert "no layer with both factors" in app.info[0].value
    at(app, "pages/evaluate/svm.py")
    assert app.multiselect(key="representations").value == ["x6", "x7"]


def test_a_data_set_that_cannot_be_read_is_said(start: Callable[..., AppTest], tmp_path: Path) -> None:
    app = start(tmp_path).run()
    assert not app.exception
    assert str(tmp_path) in app.error[0].value


# Options: names in the URL that links rely on, and on which page they stand

KEYS = {
    "split": "split",
    "images": "images",
    "network": "network",
    "preprocess": "preprocess",
    "pseudo_label": "pseudo",
    "temperature": "temperature",
    "normalise": "normalise",
    "seed": "seed",
    "train": "train",
    "test": "test",
    "C": "C",
    "ap": "ap",
}
ELSEWHERE = {"weights", "tf32", "device", "neighbours", "top"}
"""Options of the command line alone."""
KERNELS = {"centre"}
"""Options that mean something on the Kernels page and for nearest photographs, and stand nowhere else."""


def widgets(app: AppTest) -> dict:
    return {w.key: w for kind in ("selectbox", "select_slider", "toggle", "number_input") for w in app.get(kind)}


def test_every_option_is_on_a_page_or_of_the_command_line_alone(app: AppTest) -> None:
    assert set(OPTIONS) == set(KEYS) | ELSEWHERE | KERNELS
    found = widgets(at(app, "pages/evaluate/svm.py"))
    for name, key in KEYS.items():
        assert found[key].label == OPTIONS[name].title, name
        assert found[key].help.startswith(OPTIONS[name].help), name


def test_a_centred_kernel_is_offered_where_it_makes_a_difference(app: AppTest) -> None:
    app.query_params["centre"] = "true"
    for page, there in (
        ("explore/map", False),
        ("evaluate/svm", False),
        ("explore/kernels", True),
        ("data/data", False),
    ):
        found = widgets(at(app, f"pages/{page}.py"))
        assert ("centre" in found) is there, page
        assert not app.session_state["selection"].spec.centre, "what other pages ask for does not depend on it"
        if there:
            assert found["centre"].value is True
            assert (found["centre"].label, found["centre"].help) == (OPTIONS["centre"].title, OPTIONS["centre"].help)


def test_the_widgets_start_at_the_defaults(app: AppTest) -> None:
    del app.query_params["images"]
    found = widgets(at(app, "pages/evaluate/svm.py"))
    selection = app.session_state["selection"]
    assert selection.spec == Spec(images=300)
    assert found["C"].value == f"{OPTIONS['C'].default:g}"
    assert found["ap"].value == selection.images.ap == "eleven_point"


@pytest.mark.parametrize("name", [name for name, option in OPTIONS.items() if option.values and name in KEYS])
def test_a_new_value_in_the_table_is_offered_and_explained(
    name: str, app: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    option = OPTIONS[name]
    more = {"values": {**option.values, "novel": "what only this test knows"}}
    if option.offered:
        more["offered"] = (*option.offered, 77.0)
    monkeypatch.setitem(OPTIONS, name, replace(option, **more))
    widget = widgets(at(app, "pages/evaluate/svm.py"))[KEYS[name]]
    if option.offered:
        assert "77" in widget.options
    if name != "temperature":  # its named value, cv, is the SVM page's toggle
        assert "novel" in widget.options
        assert "**novel**: what only this test knows" in widget.help


def test_without_labels_the_true_ones_are_not_offered(start: Callable[..., AppTest], snapshots: Path) -> None:
    found = widgets(settled(start(snapshots)))["pseudo"]
    assert found.options == ["uniform", "predicted"]
    assert "**true**" not in found.help


# Data sets


def test_folders_of_one_name_are_told_apart(start: Callable[..., AppTest], snapshots: Path, tmp_path: Path) -> None:
    places = [copytree(snapshots, tmp_path / name / "val") for name in ("a", "b")]
    app = settled(start(*places))
    assert app.selectbox(key="data").options[:2] == ["a/val", "b/val"]
    app.selectbox(key="data").set_value("b/val")
    settled(app)
    assert app.session_state["selection"].images.root == places[1]


def test_names_are_the_shortest_that_differ(tmp_path: Path) -> None:
    folders = [tmp_path / name for name in ("a/val", "b/val", "b/test", "c/b/test")]
    for folder in folders:
        folder.mkdir(parents=True)
    short = named([str(folder) for folder in [*folders, folders[0]]])
    assert list(short) == ["a/val", "b/val", f"{tmp_path.name}/b/test", "c/b/test"]
    assert list(short.values()) == list(map(str, folders))
    assert named(["voc2007", "demo"]) == {"voc2007": "voc2007", "demo": "demo"}


def test_names_that_data_sets_have_already_are_not_taken(tmp_path: Path) -> None:
    folders = [tmp_path / name for name in ("x/demo", "y/demo", "z/your photographs")]
    for folder in folders:
        folder.mkdir(parents=True)
    assert named([str(folders[0])], ["demo"]) == {"x/demo": str(folders[0])}
    assert named(["demo", *map(str, folders)], ["demo"]) == {
        "demo": "demo",
        "x/demo": str(folders[0]),
        "y/demo": str(folders[1]),
        "z/your photographs": str(folders[2]),
    }


def test_a_folder_called_like_a_data_set_is_offered_beside_it(
    start: Callable[..., AppTest], snapshots: Path, tmp_path: Path
) -> None:
    app = settled(start(copytree(snapshots, tmp_path / "demo")))
    offered = app.selectbox(key="data").options
    assert {f"{tmp_path.name}/demo", "demo"} <= set(offered)
    assert app.session_state["selection"].images.root == tmp_path / "demo"
    app.selectbox(key="data").set_value("demo")
    settled(app)
    assert len(app.session_state["selection"].images.classes) == 20


def test_edits_in_place_are_noticed(start: Callable[..., AppTest], photographs: Path, tmp_path: Path) -> None:
    root = copytree(photographs, tmp_path / "edited")
    app = start(root)
    app.query_params["images"] = "50"
    settled(app)
    before = app.session_state["selection"]
    path = root / "ImageSets/Main/cat_train.txt"
    lines = path.read_text().splitlines()
    with path.open("r+") as file:  # into the same file, which leaves its folder as it was
        file.write("\n".join([lines[0].split()[0] + "  1", *lines[1:]]))
        file.truncate()
    settled(app)
    after = app.session_state["selection"]
    assert after.images.labels_of(after.images.source(lines[0].split()[0])).count("cat") == 1
    assert after.token != before.token


def test_a_picture_that_is_added_to_a_class_is_noticed(
    start: Callable[..., AppTest], snapshots: Path, tmp_path: Path
) -> None:
    for label in ("train/cat", "train/dog", "test/cat"):
        copytree(snapshots, tmp_path / "pets" / label)
    app = settled(start(tmp_path / "pets"))
    before = app.session_state["selection"]
    copy(next(snapshots.iterdir()), tmp_path / "pets/train/cat/new.jpg")
    settled(app)
    after = app.session_state["selection"]
    assert len(after.images) == len(before.images) + 1
    assert after.token != before.token


def test_what_a_reader_found_stands_in_one_line_under_the_data_set(
    start: Callable[..., AppTest], snapshots: Path, tmp_path: Path
) -> None:
    for label in ("cat", "dog"):
        copytree(snapshots, tmp_path / "pets" / label)
    for number in range(12):
        (tmp_path / f"pets/cat/broken {number}.jpg").touch()
    app = settled(start(tmp_path / "pets"))
    popover, *_ = app.sidebar.get("popover")
    assert popover.proto.popover.label == "12 left out, 1 guessed"
    table = popover.dataframe[0].value
    assert list(table.columns) == ["kind", "name", "reason", "count"]
    assert table["name"].tolist() == [*sorted(f"cat/broken {number}.jpg" for number in range(12)), "train, val"]


def test_findings_stand_below_the_error_that_follows_from_them(start: Callable[..., AppTest], tmp_path: Path) -> None:
    (tmp_path / "empty.jpg").touch()
    app = start(tmp_path).run()
    assert "no usable picture" in app.error[0].value
    assert [popover.proto.popover.label for popover in app.get("popover")] == ["1 left out"]
    assert app.dataframe[0].value["name"].tolist() == ["empty.jpg"]


def test_another_seed_does_not_read_the_data_set_again(
    start: Callable[..., AppTest], snapshots: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = []
    monkeypatch.setattr(sidebar, "find", lambda place, **more: read.append(place) or find(place, **more))
    app = settled(start(snapshots))
    for seed in (3, 4):
        app.number_input(key="seed").set_value(seed)
        settled(app)
    assert app.session_state["selection"].spec.seed == 4
    assert read == [str(snapshots)]


def test_a_seed_draws_the_same_halves_as_on_the_command_line(
    start: Callable[..., AppTest], snapshots: Path, tmp_path: Path
) -> None:
    for label in ("cat", "dog"):
        copytree(snapshots, tmp_path / "pets" / label)
    app = start(tmp_path / "pets")
    app.query_params["seed"] = "3"
    settled(app)
    linked = app.session_state["selection"]
    app.number_input(key="seed").set_value(0)
    settled(app)
    changed = app.session_state["selection"]
    for selection, seed in ((linked, 3), (changed, 0)):
        expected = Experiment(tmp_path / "pets", Spec(seed=seed)).images.splits
        assert {name: s.tolist() for name, s in selection.images.splits.items()} == {
            name: s.tolist() for name, s in expected.items()
        }
    assert linked.images.splits["train"].tolist() != changed.images.splits["train"].tolist()
    assert linked.forward.key("extract") != changed.forward.key("extract")


def test_a_file_with_an_array_of_no_usable_name_is_explained(start: Callable[..., AppTest], tmp_path: Path) -> None:
    np.savez(tmp_path / "f.npz", ids=np.array(["a", "b"]), **{"fc6+fc7": np.eye(2)})
    app = settled(start(tmp_path / "f.npz"))
    assert "'fc6+fc7' cannot be asked for: rename it" in app.error[0].value
