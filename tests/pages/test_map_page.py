"""The Map page: what each control changes in what is drawn, and what is asked."""

import io
import itertools
import json
import struct
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from gradviz.datasets import ImageSet
from gradviz.datasets.main_class import main_classes
from gradviz.home import ASSETS
from gradviz.ui import chosen, polling, visitor
from gradviz.ui.components import maps
from gradviz.ui.queue import WORKERS, Job, Queue
from pages.explore import map_colour, map_views
from tests.pages.apps import IMAGES, at, lab, said, settled

PAGE = "pages/explore/map.py"


@pytest.fixture
def scenes(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[maps.Scene]]:
    """What the page has drawn, the newest last; `change` does what the browser would report."""
    drawn: list[maps.Scene] = []
    pack = maps.packed

    def packed(scene: maps.Scene, heard: int) -> tuple[bytes, dict[str, bytes]]:
        drawn.append(scene)
        return pack(scene, heard)

    monkeypatch.setattr(maps, "packed", packed)
    return drawn


def header(part: bytes) -> dict[str, Any]:
    (size,) = struct.unpack("<I", part[:4])
    return json.loads(part[4 : 4 + size])


def test_the_map_page_shows_and_offers_every_map(app: AppTest, scenes: list[maps.Scene]) -> None:
    at(app, PAGE)
    assert [found.key for found in app.get("bidi_component")].count("maps") == 1
    scene = scenes[-1]
    assert [(panel.role, panel.former) for panel in scene.panels] == [(role, False) for role in maps.ROLES]
    assert all(panel.points is not None and np.isfinite(panel.points).all() for panel in scene.panels)
    assert [button.proto.label for button in app.get("download_button")] == ["x6 as CSV", "dy7 as CSV", "dW7 as CSV"]
    assert len(scene.photographs.ids) == IMAGES
    assert sum(sheet.count for sheet in scene.sheets) == IMAGES
    assert scene.near is not None
    assert scene.near.photo.startswith(b"\xff\xd8")
    assert sorted(scene.typical) == list(range(IMAGES))
    for text in ("few", "AlexNet-64"):
        assert text in scene.words.title
    for text in (f"{IMAGES} photographs", "fc7", "temperature 1", "UMAP, 15 neighbours", "seed 0"):
        assert text in scene.words.line
    assert scene.words.file == f"map_few_AlexNet-64_fc7_tau1_all_{IMAGES}.png"


def test_no_message_is_large(app: AppTest, scenes: list[maps.Scene]) -> None:
    at(app, PAGE)
    data, parts = maps.packed(scenes[-1], 0)
    assert max(map(len, [data, *parts.values()])) < 5_000_000


def test_rows_of_the_photograph_in_focus_are_those_of_the_definition(
    app: AppTest, scenes: list[maps.Scene], photographs: Path
) -> None:
    at(app, PAGE)
    wanted = scenes[-1].photographs.ids[7]
    app.selectbox(key="search").set_value(wanted)
    settled(app)
    assert app.query_params["focus"] in (wanted, [wanted])
    near = scenes[-1].near
    assert near is not None
    assert scenes[-1].photographs.ids[near.index] == wanted
    found = lab(photographs).features(["x6", "dy7"])
    x, dy = (found.arrays[name].astype(np.float64) for name in ("x6", "dy7"))
    x, dy = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True) for vectors in (x, dy))
    forward, backward = x @ x[7], dy @ dy[7]
    for row, values, expected in zip(near.rows, near.values, (forward, backward, forward * backward), strict=True):
        np.testing.assert_allclose(values, expected, atol=1e-5)
        others = np.where(np.arange(IMAGES) == 7, -np.inf, expected)
        assert list(row) == np.argsort(-others, kind="stable")[:8].tolist()


@pytest.mark.parametrize("page", [PAGE, "pages/explore/kernels.py"])
def test_a_photograph_outside_the_chosen_ones_is_said(app: AppTest, photographs: Path, page: str) -> None:
    images = lab(photographs).images
    here = set(images.select("all", IMAGES).tolist())
    absent = next(name for i, name in enumerate(images.ids) if i not in here)
    app.query_params["focus"] = absent
    at(app, page)
    sentence = f"{absent} is not among the chosen {IMAGES} of {len(images):,} photographs: raise Images in the sidebar"
    assert [info.value for info in app.info if info.value.startswith(sentence)]
    app.session_state["chosen"] = chosen.Chosen(focus=images.ids[min(here)])
    settled(app)
    assert not [info.value for info in app.info if "not among" in info.value]


def test_the_search_finds_photographs_outside_the_chosen_ones(app: AppTest, photographs: Path) -> None:
    at(app, PAGE)
    images = lab(photographs).images
    here = set(images.select("all", IMAGES).tolist())
    absent = next(name for i, name in enumerate(images.ids) if i not in here)
    assert f"{absent} (not on the maps)" in app.selectbox(key="search").options
    app.selectbox(key="search").set_value(absent)
    settled(app)
    assert any(info.value.startswith(f"{absent} is not among the chosen") for info in app.info)


def test_a_class_that_is_searched_is_marked(app: AppTest, scenes: list[maps.Scene]) -> None:
    at(app, PAGE)
    app.selectbox(key="search").set_value("person")
    settled(app)
    scene = scenes[-1]
    assert app.query_params["class"] in ("person", ["person"])
    assert scene.now.marked == list(scene.photographs.classes).index("person")
    shown = [i for i, labels in enumerate(scene.photographs.labels) if scene.now.marked in labels]
    assert sorted(scene.typical) == shown
    assert app.selectbox(key="search").value is None


def test_what_the_browser_reports_is_taken_over(app: AppTest, scenes: list[maps.Scene]) -> None:
    at(app, PAGE)
    ids = scenes[-1].photographs.ids
    app.session_state["chosen"] = chosen.Chosen((ids[3], ids[5], ids[9]), ids[5])
    settled(app)
    assert list(scenes[-1].now.selected) == [3, 5, 9]
    assert scenes[-1].now.focus == 5
    assert sorted(scenes[-1].typical) == [3, 5, 9]
    assert "3 selected" in scenes[-1].words.line
    before = [panel.points for panel in scenes[-1].panels]
    app.select_slider(key="temperature").set_value(8.0)
    settled(app)
    after = scenes[-1]
    assert list(after.now.selected) == [3, 5, 9], "ids, not a shape"
    assert np.array_equal(after.panels[0].points, before[0]), "forward does not depend on the temperature"
    assert not np.array_equal(after.panels[2].points, before[2])


def test_the_typical_are_those_nearest_to_their_class_on_average(app: AppTest, scenes: list, photographs: Path) -> None:
    at(app, PAGE)
    found = lab(photographs).features(["x6", "dy7"])
    x, dy = (found.arrays[name].astype(np.float64) for name in ("x6", "dy7"))
    K = np.prod(
        [
            (v / np.linalg.norm(v, axis=1, keepdims=True)) @ (v / np.linalg.norm(v, axis=1, keepdims=True)).T
            for v in (x, dy)
        ],
        axis=0,
    )
    main = np.array(scenes[-1].photographs.main)

    def ordered(shown: list[int], marked: int) -> None:
        assert sorted(scenes[-1].typical) == shown
        groups = [(c, list(run)) for c, run in itertools.groupby(scenes[-1].typical, key=lambda i: main[i])]
        sizes = [len(run) for _, run in groups]
        assert len({c for c, _ in groups}) == len(groups), "class by class"
        if marked >= 0:
            assert groups[0][0] == marked
            sizes = sizes[1:]
        assert sizes == sorted(sizes, reverse=True)
        for c, run in groups:
            others = [[j for j in shown if main[j] == c and j != i] for i in run]
            if len(run) > 1:
                mean = [K[i, of].mean() for i, of in zip(run, others, strict=True)]
                assert (np.diff(mean) < 1e-5).all()

    ordered(list(range(IMAGES)), -1)
    sizes = np.bincount(main[main >= 0])
    assert (sizes == 1).any()
    assert sizes[main[scenes[-1].typical[0]]] == sizes.max()
    assert sizes[main[scenes[-1].typical[-1]]] == 1
    name = scenes[-1].photographs.classes[int(np.flatnonzero(sizes == 2)[0])]
    app.selectbox(key="search").set_value(name)
    settled(app)
    marked = scenes[-1].now.marked
    ordered([i for i, labels in enumerate(scenes[-1].photographs.labels) if marked in labels], marked)


@pytest.mark.parametrize(
    ("colour", "title", "groups"),
    [
        ("Class", "By largest object", 20),
        ("Labels", "By number of labels", None),
        ("Split", "By split, the smallest that a photograph is in", None),
        ("None", "One colour for all", 1),
    ],
)
def test_colours_sort_the_photographs(app: AppTest, scenes: list[maps.Scene], colour: str, title: str, groups) -> None:
    app.query_params["colour"] = colour
    at(app, PAGE)
    drawn = scenes[-1].colour
    assert drawn["title"] == title
    assert len(drawn["groups"]) == groups if groups else len(drawn["groups"]) > 1
    assert len(drawn["of"]) == IMAGES
    assert [group["count"] for group in drawn["groups"]] == np.bincount(
        drawn["of"], minlength=len(drawn["groups"])
    ).tolist()
    if colour == "Class":
        labels = scenes[-1].photographs.labels
        assert [group["shown"] for group in drawn["groups"]] == [sum(c in shown for shown in labels) for c in range(20)]
    if colour == "Labels":
        names = [drawn["groups"][g]["name"] for g in drawn["of"]]
        words = {1: "one label", 2: "two labels", 3: "three labels"}
        assert names == [words.get(len(shown), "four or more") for shown in scenes[-1].photographs.labels]


def test_the_svms_score_and_errors_colour_the_scored_half(app: AppTest, scenes: list, photographs: Path) -> None:
    at(app, PAGE)
    assert not [box for box in app.selectbox if box.key == "svm_class"]
    app.segmented_control(key="colour").set_value("SVM score")
    settled(app)
    app.selectbox(key="svm_class").set_value("person")
    settled(app)
    drawn, ids = scenes[-1].colour, scenes[-1].photographs.ids
    scored = lab(photographs).evaluate("dW7", train="train", test="val")
    c = list(scored.per_class).index("person")
    expected = {name: row[c] for name, row in zip(scored.test.ids, scored.scores, strict=True)}
    for name, value in zip(ids, drawn["values"], strict=True):
        assert (value is None) == (name not in expected)
        assert value is None or value == pytest.approx(expected[name], abs=1e-3)
    app.segmented_control(key="colour").set_value("Error")
    settled(app)
    drawn = scenes[-1].colour
    hits = [g["name"] for g in drawn["groups"]].index("person found")
    person = list(scenes[-1].photographs.classes).index("person")
    for name, shown, group in zip(ids, scenes[-1].photographs.labels, drawn["of"], strict=True):
        assert (group == hits) == (name in expected and expected[name] > 0 and person in shown)


@pytest.mark.parametrize(
    ("choices", "words"),
    [
        ({"method": "tsne", "perplexity": "10"}, "t-SNE, perplexity 10, seed 0"),
        ({"method": "pca"}, "kernel PCA"),
        ({"neighbours": "60", "seed": "3"}, "kernel PCA (too few photographs for more)"),
        ({"neighbours": "5", "min_dist": "0.5", "seed": "3"}, "UMAP, 5 neighbours, least distance 0.5, seed 3"),
    ],
)
def test_how_maps_are_drawn_is_chosen_and_said(app: AppTest, scenes: list, photographs: Path, choices, words) -> None:
    app.query_params.update(choices)
    at(app, PAGE)
    assert scenes[-1].words.footnote.startswith(words)
    assert f", {words}" in scenes[-1].words.line
    asked = {name: float(value) if name != "method" else value for name, value in choices.items()}
    how = {name: int(value) if name in ("neighbours", "seed") else value for name, value in asked.items()}
    expected = lab(photographs).embed("dW7", **how).points
    drawn = scenes[-1].panels[2].points
    apart = [np.linalg.norm(points[:, None] - points[None], axis=2) for points in (drawn, expected)]
    np.testing.assert_allclose(apart[0], apart[1], rtol=1e-3, atol=1e-3, err_msg="turned, and otherwise the same")


def test_the_seed_beside_the_method_is_the_sidebars(app: AppTest, scenes: list[maps.Scene]) -> None:
    at(app, PAGE)
    app.number_input(key="map seed").set_value(4)
    settled(app)
    assert app.session_state["selection"].spec.seed == 4
    assert "seed 4" in scenes[-1].words.footnote


def test_how_far_points_move_under_another_seed_is_said_on_request(app: AppTest) -> None:
    at(app, PAGE)
    assert "Under seed" not in said(app)
    app.button(key="jitter").click()
    settled(app)
    line = next(caption.value for caption in app.caption if caption.value.startswith("Under seed 1 "))
    assert all(f"{role} " in line for role in maps.ROLES)
    assert line.count(" %") == 6


def test_a_map_of_former_choices_says_so_and_its_nearest_are_of_the_same(
    app: AppTest, scenes: list[maps.Scene], monkeypatch: pytest.MonkeyPatch
) -> None:
    at(app, PAGE)
    before = scenes[-1]
    assert before.near is not None
    patience = polling.PATIENCE_SECONDS
    monkeypatch.setattr(polling, "PATIENCE_SECONDS", 0)
    release = threading.Event()
    for number in range(WORKERS["maps"]):
        polling.queue().submit(
            f"in the way {number}", lambda progress, cancel: release.wait(60), lane="maps", title="In the way"
        )
    try:
        app.select_slider(key="temperature").set_value(8.0)
        app.run()
        while "temperature 8" not in scenes[-1].words.line:
            app.run()
        now = scenes[-1]
        assert [panel.former for panel in now.panels] == [False, True, True], "forward has no temperature"
        assert [panel.still for panel in now.panels[1:]] == ["τ = 1, until the new map is there"] * 2
        assert now.near is not None
        assert (now.near.still, now.near.fits) == ("τ = 1", (True, True, True))
        for row, former in zip(now.near.values, before.near.values, strict=True):
            np.testing.assert_array_equal(row, former)
        assert [button.proto.label for button in app.get("download_button")] == ["x6 as CSV"]
        app.button(key="stop").click()
        app.run()
        assert [panel.still for panel in scenes[-1].panels[1:]] == ["stopped: still τ = 1"] * 2
    finally:
        release.set()
        monkeypatch.setattr(polling, "PATIENCE_SECONDS", patience)  # what comes within it is drawn in the same run
    next(button for button in app.button if button.label == "Start").click()
    settled(app)
    now = scenes[-1]
    assert not any(panel.former or panel.still for panel in now.panels)
    assert now.near is not None
    assert now.near.still == ""
    assert not np.array_equal(now.near.values[1], before.near.values[1])


def test_maps_and_what_belongs_to_them_are_begun_before_any_is_waited_for(
    app: AppTest, scenes: list[maps.Scene], monkeypatch: pytest.MonkeyPatch
) -> None:
    at(app, PAGE)
    events: list[tuple[str, str]] = []
    submit, wait = Queue.submit, polling._wait

    def submitted(queue: Queue, key: str, *arguments: Any, **options: Any) -> Job:
        events.append(("begun", options["title"]))
        return submit(queue, key, *arguments, **options)

    def waited(job: Job) -> None:
        events.append(("waited for", job.title))
        wait(job)

    release = threading.Event()
    for number in range(WORKERS["maps"]):
        polling.queue().submit(
            f"before {number}", lambda progress, cancel: release.wait(60), lane="maps", title="Other"
        )
    monkeypatch.setattr(Queue, "submit", submitted)
    monkeypatch.setattr(polling, "_wait", waited)
    try:
        app.select_slider(key="temperature").set_value(8.0)
        while not any(kind == "waited for" for kind, _ in events):
            app.run()
    finally:
        release.set()
    first = next(number for number, event in enumerate(events) if event[0] == "waited for")
    begun = [title for _, title in events[:first]]
    assert len([title for title in begun if title.startswith("Map of ")]) == 2, "forward has no temperature"
    assert {"The most typical photographs first"} < set(begun)
    assert any(title.startswith("Nearest photographs") for title in begun)


def test_maps_are_turned_onto_each_other(app: AppTest, scenes: list[maps.Scene]) -> None:
    at(app, PAGE)
    forward, backward, product = (panel.points for panel in scenes[-1].panels)
    for points in (backward, product):
        cross = points.T.astype(np.float64) @ forward
        np.testing.assert_allclose(cross, cross.T, atol=1e-3 * np.abs(cross).max())
        assert (np.linalg.eigvalsh((cross + cross.T) / 2) > -1e-3 * np.abs(cross).max()).all()


def test_a_link_says_which_map_is_large_and_what_it_cannot(app: AppTest, scenes: list[maps.Scene]) -> None:
    app.query_params["map"] = "backward"
    at(app, PAGE)
    assert scenes[-1].now.large == "backward"
    assert app.query_params["map"] in ("backward", ["backward"])


def test_a_part_of_the_map_is_in_the_link_and_stays_at_another_temperature_and_layer(
    app: AppTest, scenes: list[maps.Scene]
) -> None:
    def stated() -> list[str]:
        return app.query_params.get("zoom", [])

    app.query_params["zoom"] = "3.2_0.1203_-0.05"
    at(app, PAGE)
    assert scenes[-1].now.view == "3.2_0.1203_-0.05"
    app.select_slider(key="temperature").set_value(8.0)
    settled(app)
    app.session_state["layer"] = "fc6"
    settled(app)
    assert (scenes[-1].panels[2].title, scenes[-1].now.view) == ("Product", "3.2_0.1203_-0.05")
    assert list(stated()) in (["3.2_0.1203_-0.05"], list("3.2_0.1203_-0.05"))
    app.session_state["stated zoom"] = None  # what `options.state` says
    settled(app)
    assert scenes[-1].now.view is None
    assert not stated()


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("map", "sideways"),
        ("zoom", "500_0_0"),
        ("colour", "Taste"),
        ("method", "som"),
        ("neighbours", "1"),
        ("min_dist", "7"),
    ],
)
def test_what_a_link_cannot_mean_is_said(app: AppTest, key: str, value: str) -> None:
    app.query_params[key] = value
    at(app, PAGE)
    assert any(value in info.value for info in app.info)


def test_photographs_without_labels_have_a_map_in_one_colour(start, snapshots: Path, scenes: list) -> None:
    at(start(snapshots), PAGE)
    scene = scenes[-1]
    assert scene.colour["title"] == "One colour for all"
    assert all(panel.purity is None for panel in scene.panels)
    assert scene.near is not None


def test_own_photographs_are_placed_and_the_map_stays(
    app: AppTest, scenes: list, tmp_path: Path, photographs: Path
) -> None:
    at(app, PAGE)
    before = [panel.points for panel in scenes[-1].panels]
    assert "mine" not in [toggle.key for toggle in app.toggle]
    here = visitor.Visitor(Queue(), tmp_path, SimpleQueue())
    upload = io.BytesIO((ASSETS / "demo/JPEGImages/000001.jpg").read_bytes())
    upload.name = "mine.jpg"
    here.take([upload], lambda done, total: None, lambda: False)
    app.session_state["visitor"] = here
    settled(app)
    scene = scenes[-1]
    assert [np.array_equal(panel.points, points) for panel, points in zip(scene.panels, before, strict=True)] == [
        True
    ] * 3
    assert scene.own is not None
    assert list(scene.own.ids) == ["★ mine.jpg"]
    for points, mapped in zip(scene.own.points, before, strict=True):
        low, high = mapped.min(axis=0), mapped.max(axis=0)
        assert ((points >= low - 1e-4) & (points <= high + 1e-4)).all(), "among the others"
    app.session_state["own focus"] = "★ mine.jpg"  # what a click on the star says
    settled(app)
    scene = scenes[-1]
    assert scene.now.focus == IMAGES
    near = scene.near
    assert near is not None
    assert (near.index, near.split, near.photo[:2]) == (IMAGES, "yours", b"\xff\xd8")
    assert app.query_params.get("focus") != ["★ mine.jpg"], "links are for others"
    mine, theirs = here.own(), lab(photographs)
    assert mine is not None
    asked = mine.experiment(theirs.spec)
    for name, row, values in zip(("x6", "dy7", "dW7"), near.rows, near.values, strict=True):
        expected = theirs.neighbours(name, "mine.jpg", "all", top=8, of=asked)
        np.testing.assert_allclose([values[i] for i in row], [one.value for one in expected], atol=1e-5)
        assert [scene.photographs.ids[i] for i in row] == [one.id for one in expected]
    app.toggle(key="mine").set_value(False)
    settled(app)
    assert scenes[-1].own is None


def test_facts_are_those_of_the_data_set(photographs: Path) -> None:
    from gradviz.ui.selection import Selection

    images = lab(photographs).images
    selection = Selection(images, "token", "all", lab(photographs).spec, None)
    found = map_views.facts(selection, lambda done, total: None, lambda: False)
    assert found.ids == tuple(images.ids[i] for i in images.select("all", IMAGES))
    for i, position in enumerate(found.positions.tolist()):
        assert tuple(images.classes[c] for c in found.labels[i]) == images.labels_of(position)
        assert position in images.splits[found.splits[i]]
    assert found.main.tolist() == main_classes(images, found.positions).of.tolist()
    assert found.rule == "largest object"


def test_a_sheet_holds_each_photograph_and_names_what_cannot_be_read(photographs: Path, tmp_path: Path) -> None:
    from PIL import Image

    images = lab(photographs).images
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(b"\xff\xd8\xff and no more")
    images = replace(images, paths=(images.paths[0], broken, *images.paths[2:]))
    sheet = map_views.sheet_of(images, range(30), 0, 32, lambda done, total: None, lambda: False)
    assert (sheet.missing, sheet.count, sheet.columns) == ((1,), 30, 25)
    picture = Image.open(io.BytesIO(sheet.jpeg))
    assert picture.size == (25 * 32, 2 * 32)
    colours = [
        np.asarray(picture.crop((32 * k + 8, 8, 32 * k + 24, 24)), float).std(axis=(0, 1)).max() for k in range(3)
    ]
    assert colours[1] < 3 < min(colours[0], colours[2])


def test_colours_without_splits_or_labels_are_not_offered() -> None:
    from pages.explore import map_controls

    bare = ImageSet("bare", None, ("a",), (Path("a.jpg"),))
    assert map_controls.colours(bare) == ["None"]
    facts = map_views.Facts(np.array([0]), ("a",), ((),), np.array([-1]), "", ("",))
    assert map_colour.painted("None", bare, facts, None, None)["of"] == [0]
