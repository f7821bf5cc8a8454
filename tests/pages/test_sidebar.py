"""The sidebar: what links choose, and which data sets, features and options there are."""

import io
import json
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from queue import SimpleQueue
from shutil import copy, copytree

import numpy as np
import pytest
import streamlit as st
import torch
import torchvision
from streamlit.delta_generator import DeltaGenerator
from streamlit.testing.v1 import AppTest

from gradviz.datasets import find
from gradviz.experiment import Experiment
from gradviz.export import features_npz
from gradviz.home import ASSETS
from gradviz.spec import OPTIONS, Spec
from gradviz.ui import chosen, sidebar, visitor, work
from gradviz.ui.queue import Queue
from gradviz.ui.sidebar import named
from tests.pages.apps import aligned, at, lab, payload, said, settled, told


def test_a_link_that_means_nothing_falls_back(app: AppTest) -> None:
    app.query_params.update(
        {"split": "none", "images": "-1", "layer": "fc99", "temperature": "hot"}
        | {"seed": "x", "centre": "perhaps", "pseudo": "?", "preprocess": "", "normalise": "l3", "pair": ["a", "b"]}
    )
    settled(app)
    selection = app.session_state["selection"]
    assert selection.spec == Spec(images=300)
    assert (selection.split, selection.layer.name) == ("all", "fc7")
    assert not app.error
    here = told(app)
    for asked in (
        *("Split “none”", "Images “-1”", "Layer “fc99”", "Temperature τ “hot”"),
        *("Seed “x”", "Centre the kernel “perhaps”", "Pseudo-label “?”", "Preprocessing “”", "Normalisation “l3”"),
    ):
        assert f"The link asks for {asked}, which is not offered here." in here, asked
    app.select_slider(key="images").set_value("100")
    settled(app)
    assert "Images “-1”" not in "\n".join(told(app))


def test_a_choice_counts_in_the_run_after_the_servers_first(app: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    """AppTest begins like a server's first run each time; what is drawn again within a run is like a later one."""
    settled(app)
    draw, drawn = work.work, []

    def again(place: DeltaGenerator) -> None:
        drawn.append(place)
        if len(drawn) == 1:
            st.rerun()
        draw(place)

    monkeypatch.setattr(work, "work", again)
    app.run()
    assert len(drawn) == 2
    app.select_slider(key="images").set_value("100").run()
    assert app.session_state["selection"].spec.images == 100


@pytest.mark.parametrize(
    ("page", "keys"),
    [
        ("evaluate/svm", {"C", "ap", "train", "test", "tuned", "representations"}),
        ("explore/kernels", {"order", "means", "scale", "range", "centre"}),
    ],
)
def test_what_a_page_does_not_have_is_said_on_it(app: AppTest, page: str, keys: set[str]) -> None:
    app.query_params.update(dict.fromkeys(keys, "novel"))
    at(app, f"pages/{page}.py")
    assert len(app.info) == 1
    here = told(app)
    assert len(here) == len(keys)
    assert all(line.endswith("“novel”, which is not offered here.") for line in here)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"data": "VOC2012"}, "“VOC2012”, which is not on this computer. The Data page fetches it"),
        ({"data": "mine"}, "“mine”, which is not on this computer. Whoever has it"),
        ({"data": "your photographs"}, "somebody's own photographs, which cannot be shared"),
        ({"network": "vgg16"}, "VGG-16, whose weights are not on this computer. The Data page fetches them"),
        ({"network": "vgg99"}, "the network “vgg99”, which gradviz does not know"),
    ],
)
def test_a_link_to_what_is_not_here_says_so_and_shows_nothing_else(
    app: AppTest, given: dict[str, str], words: str
) -> None:
    app.query_params.update(given)
    app.run()
    assert words in app.info[0].value
    assert not app.title
    at(app, "pages/data/data.py")
    assert [title.value for title in app.title] == ["Data"]
    assert words.replace("The Data page", "This page") in app.info[0].value
    app.switch_page("pages/explore/kernels.py").run()
    assert not app.title
    app.button(key="go on").click()
    settled(app)
    assert [title.value for title in app.title] == ["Kernels"]
    assert not app.info


def test_what_a_link_misses_stays_in_the_address_until_the_visitor_goes_on(start: Callable[..., AppTest]) -> None:
    app = start()
    app.query_params.update({"data": "VOC2012", "network": "vgg16"})
    app.run()
    left = {name: app.query_params[name] for name in ("missing_data", "missing_network")}
    assert left == {"missing_data": "VOC2012", "missing_network": "vgg16"}
    again = start()
    again.query_params.update(left)
    again.run()
    assert "“VOC2012”, which is not on this computer" in again.info[0].value
    assert "VGG-16, whose weights are not on this computer" in again.info[0].value
    again.button(key="go on").click()
    settled(again)
    assert not again.info
    assert not {"missing_data", "missing_network"} & {*again.query_params}


def test_what_a_link_missed_elsewhere_is_shown_where_it_is(start: Callable[..., AppTest], photographs: Path) -> None:
    app = start(photographs)
    app.query_params.update({"missing_data": photographs.name, "images": "50"})
    settled(app)
    assert not app.info
    assert app.session_state["selection"].images.root == photographs
    assert "missing_data" not in app.query_params


def test_another_choice_lets_go_of_what_a_link_misses(start: Callable[..., AppTest], photographs: Path) -> None:
    app = start(photographs)
    app.query_params.update({"data": "mine", "images": "50"})
    app.run()
    assert app.info
    app.selectbox(key="data").set_value("demo")
    settled(app)
    assert not app.info
    assert app.session_state["selection"].images.name == "demo"


def test_what_a_link_misses_is_shown_as_soon_as_it_is_here(
    start: Callable[..., AppTest], photographs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = start(photographs)
    app.query_params.update({"data": "other", "images": "50"})
    app.run()
    assert app.info
    copytree(photographs, tmp_path / "other")
    monkeypatch.setattr(sys, "argv", ["app.py", "--dataset", str(photographs), "--dataset", str(tmp_path / "other")])
    settled(app)
    assert not app.info
    assert app.session_state["selection"].images.root == tmp_path / "other"


def test_a_selection_is_in_the_link_and_comes_back(app: AppTest, photographs: Path) -> None:
    settled(app)
    images = app.session_state["selection"].images
    wanted = images.ids[3:9]
    app.query_params.update({"chosen": chosen.written(wanted, images.ids), "focus": wanted[0], "class": "person"})
    del app.session_state["chosen"]
    settled(app)
    assert app.session_state["chosen"] == chosen.Chosen(wanted, wanted[0], "person")
    app.button(key="clear selection").click()
    settled(app)
    assert app.session_state["chosen"].ids == ()
    assert "chosen" not in app.query_params
    app.button(key="undo").click()
    settled(app)
    assert app.session_state["chosen"].ids == wanted
    assert app.query_params["chosen"] in (text := chosen.written(wanted, images.ids), [text])


def test_a_selection_of_other_photographs_is_said(app: AppTest) -> None:
    app.query_params.update({"chosen": chosen.written(["x"], ["x", "y"]), "focus": "x", "class": "unicorn"})
    settled(app)
    expected = [
        "The photographs that this link selects belong to another data set, so none is selected.",
        "This data set has no photograph 'x', which the link puts in focus.",
        "This data set has no class 'unicorn', which the link marks.",
    ]
    assert told(app) == expected
    assert app.session_state["chosen"] == chosen.Chosen()
    app.run()
    assert told(app) == expected, "in every run"
    app.session_state["chosen"] = chosen.Chosen(marked="person")
    settled(app)
    assert told(app) == expected[:2], "until something else is marked"
    app.button(key="refused closed").click()
    settled(app)
    assert not app.info


@pytest.mark.parametrize(
    ("file", "label"),
    [("pages/explore/kernels.py", "4 selected, 1 of them among the 50 chosen"), ("pages/data/data.py", "4 selected")],
)
def test_how_many_are_selected_is_one_truth_on_all_pages(app: AppTest, file: str, label: str) -> None:
    """One of the four is among the 50 photographs that the sidebar leaves; Data shows all, other pages these alone."""
    at(app, file)
    images = app.session_state["selection"].images
    here = set(images.select("all", 50).tolist())
    wanted = [next(i for i in range(len(images)) if i in here), *[i for i in range(len(images)) if i not in here][:3]]
    app.session_state["chosen"] = chosen.Chosen(tuple(images.ids[i] for i in sorted(wanted)))
    settled(app)
    assert label in [popover.proto.popover.label for popover in app.get("popover")]
    words = said(app)
    assert f"4 of {len(images)} selected, " in words
    assert "1 of them among the 50 chosen in the sidebar" in words
    app.session_state["chosen"] = chosen.Chosen((images.ids[wanted[0]],))
    settled(app)
    assert "1 selected" in [popover.proto.popover.label for popover in app.get("popover")]
    assert "among the" not in said(app)


def test_one_goes_on_with_what_is_selected_and_returns(app: AppTest) -> None:
    settled(app)
    images = app.session_state["selection"].images
    wanted = tuple(images.ids[i] for i in images.select("all", 12))
    app.session_state["chosen"] = chosen.Chosen(wanted)
    settled(app)
    app.text_input(key="selection name").set_value("a dozen").run()
    app.button(key="go on alone").click()
    settled(app)
    part = app.session_state["selection"].images
    assert (part.ids, part.name) == (wanted, "a dozen")
    assert app.query_params["among_name"] in ("a dozen", ["a dozen"])
    next(button for button in app.button if button.label.startswith("Return to all")).click()
    settled(app)
    assert app.session_state["selection"].images.ids == images.ids
    assert "among" not in app.query_params


def test_a_part_of_other_photographs_is_said(app: AppTest) -> None:
    app.query_params.update({"among": chosen.written(["x"], ["x", "y"])})
    settled(app)
    assert "belong to another data set, so all are shown" in app.info[0].value
    assert len(app.session_state["selection"].images) == 160


def test_presenting_enlarges_the_type(app: AppTest) -> None:
    settled(app)
    app.toggle(key="present").set_value(True)
    settled(app)
    assert any("font-size: 17px" in found.body for found in app.get("html"))


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
    assert not app.info, "every value is understood"


def test_a_folder_without_labels_can_be_looked_at(start: Callable[..., AppTest], snapshots: Path) -> None:
    app = at(start(snapshots), "pages/explore/kernels.py")
    assert aligned(app) == [None, None, None]
    assert payload(app, "heatmaps")[0]["classes"] == []
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
    app = at(start(features(tmp_path / "f.npz", photographs, "x6", "dy7")), "pages/explore/kernels.py")
    assert [len(values) for values in aligned(app)] == [3]
    assert "Network" not in [box.label for box in app.selectbox]
    at(app, "pages/explore/map.py")
    at(app, "pages/evaluate/svm.py")
    assert sorted(app.dataframe[0].value["result"]) == ["dW7", "x6"]


def test_features_without_a_gradient_are_for_svms_alone(
    start: Callable[..., AppTest], photographs: Path, tmp_path: Path
) -> None:
    app = at(start(features(tmp_path / "f.npz", photographs, "x6", "x7")), "pages/explore/kernels.py")
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
MAPS = {"method", "neighbours", "min_dist", "perplexity"}
"""Options of the Map page."""
ELSEWHERE = {"tf32", "device", "top"}
"""Options of the command line alone."""
IN_THE_HOME = {"weights"}
"""Options that are there where files of one's own are (tests/pages/test_svm_page.py)."""
KERNELS = {"centre"}
"""Options that mean something on the Kernels page and for nearest photographs, and stand nowhere else."""


def widgets(app: AppTest) -> dict:
    return {w.key: w for kind in ("selectbox", "select_slider", "toggle", "number_input") for w in app.get(kind)}


def test_every_option_is_on_a_page_or_of_the_command_line_alone(app: AppTest) -> None:
    assert set(OPTIONS) == set(KEYS) | ELSEWHERE | IN_THE_HOME | KERNELS | MAPS
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


def test_an_edit_of_a_coco_list_is_noticed(start: Callable[..., AppTest], snapshots: Path, tmp_path: Path) -> None:
    root = tmp_path / "instances"
    copytree(snapshots, root / "images")
    names = sorted(path.name for path in (root / "images").iterdir())[:8]
    written = {
        "images": [{"id": i, "file_name": name, "width": 40, "height": 30} for i, name in enumerate(names)],
        "annotations": [
            {"id": i, "image_id": i, "category_id": 1 + i % 2, "bbox": [0, 0, 9, 9]} for i in range(len(names))
        ],
        "categories": [{"id": 1, "name": "cat"}, {"id": 2, "name": "dog"}],
    }
    (root / "instances.json").write_text(json.dumps(written))
    app = settled(start(root / "instances.json"))
    images = app.session_state["selection"].images
    assert images.labels_of(images.source(f"images/{names[0]}")) == ("cat",)
    written["annotations"][0]["category_id"] = 2
    (root / "instances.json").write_text(json.dumps(written))
    settled(app)
    images = app.session_state["selection"].images
    assert images.labels_of(images.source(f"images/{names[0]}")) == ("dog",)


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
    assert popover.proto.popover.label == "12 left out, 13 guessed"
    table = popover.dataframe[0].value
    assert list(table.columns) == ["kind", "name", "reason", "count"]
    first = min(path.name for path in snapshots.iterdir())
    same = f"cat/{first} = dog/{first}, ..."
    broken = sorted(f"cat/broken {number}.jpg" for number in range(12))
    assert table["name"].tolist() == [*broken, "train, val", same, same], "copies, each of both classes"


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


def test_a_part_of_ones_own_photographs_stays_ones_own(
    start: Callable[..., AppTest], home: Path, tmp_path: Path
) -> None:
    """By their name they are told from what a cache may keep for everybody."""
    here = visitor.Visitor(Queue(), tmp_path, SimpleQueue())
    for number in range(4):
        upload = io.BytesIO(ASSETS.joinpath(f"demo/JPEGImages/{number + 1:06d}.jpg").read_bytes())
        upload.name = f"{number}.jpg"
        here.take([upload], lambda done, total: None, lambda: False)
    app = start()
    app.session_state["visitor"] = here
    app.query_params["data"] = visitor.NAME
    settled(app)
    whole = app.session_state["selection"]
    app.session_state["among"] = (whole.images.ids[1:3], "two of mine")
    settled(app)
    part = app.session_state["selection"]
    assert part.images.ids == whole.images.ids[1:3]
    assert part.images.name == visitor.NAME
    assert part.own is not None
    assert part.token != whole.token
    assert whole.own is not None
    assert whole.own.token in part.token


def test_a_network_is_offered_for_weights_of_ones_own_alone(
    start: Callable[..., AppTest], photographs: Path, home: Path
) -> None:
    (home / "weights").mkdir(parents=True)
    torch.manual_seed(0)
    own = torchvision.models.shufflenet_v2_x0_5(num_classes=7).state_dict()
    torch.save(own, home / "weights" / "mine.pth")
    app = start(photographs)
    at(app, "pages/explore/kernels.py")
    app.selectbox(key="network").set_value("shufflenet_v2_x0_5")
    settled(app)
    assert "weights" in app.error[0].value
    assert "not on this computer" in app.error[0].value
    app.selectbox(key="weights").set_value("mine.pth")
    settled(app)
    assert not app.error
    header, _ = payload(app, "heatmaps")
    assert header["axes"][0]["ids"]
    # A colleague with the file sees the same; one without it is told so.
    app.query_params.update({"network": "shufflenet_v2_x0_5", "weights": "mine.pth"})
    other = start(photographs)
    other.query_params.update(app.query_params)
    at(other, "pages/explore/kernels.py")
    assert not other.error
    assert other.session_state["selection"].spec == app.session_state["selection"].spec
    (home / "weights" / "mine.pth").unlink()
    without = start(photographs)
    without.query_params.update(app.query_params)
    at(without, "pages/explore/kernels.py")
    assert "whose weights are not on this computer" in "\n".join(told(without))
