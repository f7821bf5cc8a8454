"""The first view of the Data page: facts, classes, the photograph in focus and the gallery, on the demo set."""

import csv
import io
import sys
from pathlib import Path
from queue import SimpleQueue

import numpy as np
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from gradviz.datasets import Box, ImageSet, find
from gradviz.ui import visitor
from gradviz.ui.components import annotated, classes, facts, justified, lines
from gradviz.ui.queue import Queue
from pages.data import census, downloads, gallery, own, photographs
from tests.archives import picture as jpeg
from tests.pages.apps import APP, said, settled, told
from tests.pages.components import Components
from tests.small_sets import picture

PAGE = "pages/data/data.py"


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> Components:
    return Components(monkeypatch, annotated, classes, facts, justified, lines)


@pytest.fixture
def data(kept: Path, drawn: Components, monkeypatch: pytest.MonkeyPatch):
    """Return a function that opens the Data page with these words in the address."""

    def opened(*places: Path, **query: str) -> AppTest:
        arguments = [text for place in places for text in ("--dataset", str(place))]
        monkeypatch.setattr(sys, "argv", ["app.py", *arguments])
        app = AppTest.from_file(str(APP), default_timeout=60)
        app.query_params.update({"images": "50", **query})
        app.run()
        app.query_params.update(query)  # those of this page alone are gone with the first one
        return settled(app.switch_page(PAGE))

    monkeypatch.setattr(downloads, "local", lambda: True)
    monkeypatch.setenv("GRADVIZ_HOME", str(kept))
    st.cache_resource.clear()
    yield opened
    st.cache_resource.clear()


@pytest.fixture(scope="module")
def demo() -> ImageSet:
    return find("demo")


def ids_with(images: ImageSet, *names: str) -> list[str]:
    wanted = [images.classes.index(name) for name in names]
    return [images.ids[i] for i in np.flatnonzero((images.labels[:, wanted] == 1).all(axis=1))]


def test_the_numbers_are_those_of_labels_and_boxes(data, drawn: Components, demo: ImageSet) -> None:
    data()
    boxes = [box for i in range(len(demo)) for box in demo.boxes(i)]
    numbers = [fact.get("number") for fact in drawn.header("facts")["facts"]]
    assert numbers == [len(demo), None, None, len(boxes)]
    words = " ".join(line for fact in drawn.header("facts")["facts"] for line in fact["lines"])
    assert f"{sum(box.difficult for box in boxes):,} difficult" in words
    assert f"{sum(box.truncated for box in boxes):,} truncated" in words
    shown, header = demo.labels == 1, drawn.header("classes")
    for c, name in enumerate(demo.classes):
        assert dict(map(tuple, header["together"][c])) == {
            j: int(both) for j, both in enumerate((shown[:, [c]] & shown).sum(axis=0)) if both
        }, name
    assert header["difficult"] == (demo.labels == 0).sum(axis=0).tolist()
    assert header["alone"] == [int((shown[:, c] & (shown.sum(axis=1) == 1)).sum()) for c in range(20)]
    assert header["splits"] == ["train", "val", "test"]
    for k, split in enumerate(header["splits"]):
        assert [row[k] for row in header["split"]] == shown[demo.splits[split]].sum(axis=0).tolist()
    assert all(drawn.given["classes"][1]), "a picture of each class"


def test_a_class_is_chosen_by_its_line_and_let_go_by_a_second_click(data, drawn: Components, demo: ImageSet) -> None:
    app = data()
    assert drawn.header("gallery")["ids"] == list(demo.ids)
    drawn.say("classes", chosen={"name": "horse", "also": None})
    settled(app)
    assert app.session_state["chosen"].marked == "horse"
    assert app.query_params["class"] == "horse"
    assert drawn.header("gallery")["ids"] == ids_with(demo, "horse")
    assert drawn.header("classes")["chosen"] == demo.classes.index("horse")
    drawn.say("classes", chosen={"name": "horse", "also": "person"})
    settled(app)
    assert drawn.header("gallery")["ids"] == ids_with(demo, "horse", "person")
    assert app.query_params["also"] == "person"
    assert f"{len(ids_with(demo, 'horse', 'person'))} photographs show horse and person" in said(app)
    for _ in range(2):
        drawn.say("classes", chosen={"name": "horse", "also": None})
        settled(app)
    assert app.session_state["chosen"].marked is None
    assert "also" not in app.query_params
    assert drawn.header("gallery")["ids"] == list(demo.ids)


def test_a_link_opens_class_photograph_and_filter(data, drawn: Components, demo: ImageSet) -> None:
    name = ids_with(demo, "horse")[3]
    app = data(**{"class": "horse", "also": "person", "focus": name, "show": "val", "classes_by": "number"})
    both = set(ids_with(demo, "horse", "person"))
    assert drawn.header("gallery")["ids"] == [demo.ids[i] for i in demo.splits["val"] if demo.ids[i] in both]
    assert drawn.header("photograph")["id"] == name
    assert drawn.header("classes")["order"] == "number"
    assert not app.info


def test_what_a_link_asks_for_in_vain_is_said(data) -> None:
    app = data(**{"class": "horse", "also": "unicorn", "classes_by": "size", "show": "banana"})
    assert told(app) == [
        "The link asks for the class seen with it “unicorn”, which is not offered here.",
        "The link asks for the order “size”, which is not offered here.",
        "The link asks for the photographs “banana”, which is not offered here.",
    ]


def test_filters_and_order(data, drawn: Components, demo: ImageSet) -> None:
    app = data(**{"class": "sofa"})
    show = app.segmented_control(key="show")
    difficult = [
        name
        for name in ids_with(demo, "sofa")
        if any(box.difficult and box.name == "sofa" for box in demo.boxes(demo.source(name)))
    ]
    for value in ("train", "val", "test"):
        app.segmented_control(key="show").set_value(value)
        settled(app)
        inside = {demo.ids[i] for i in demo.splits[value]}
        assert drawn.header("gallery")["ids"] == [name for name in ids_with(demo, "sofa") if name in inside]
    app.segmented_control(key="show").set_value(photographs.DIFFICULT)
    settled(app)
    assert drawn.header("gallery")["ids"] == difficult
    assert app.query_params["show"] == photographs.DIFFICULT
    assert len(show.options) == 5
    drawn.say("classes", order="name")
    settled(app)
    assert drawn.header("classes")["order"] == "name"
    assert app.query_params["classes_by"] == "name"


def test_photographs_come_into_focus_and_are_selected(data, drawn: Components, demo: ImageSet) -> None:
    app = data(**{"class": "horse"})
    there = ids_with(demo, "horse")
    drawn.say("gallery", focus=there[2])
    settled(app)
    assert app.session_state["chosen"].focus == drawn.header("photograph")["id"] == there[2]
    assert drawn.header("gallery-feed")["focus"] == there[2]
    drawn.say("gallery", picked={"ids": there[:4], "add": True})
    settled(app)
    assert app.session_state["chosen"].ids == tuple(there[:4])
    assert drawn.header("gallery-feed")["selected"] == there[:4]
    drawn.say("gallery", picked={"ids": [there[1], "nobody"], "add": False})
    settled(app)
    assert app.session_state["chosen"].ids == (there[0], *there[2:4])
    drawn.say("gallery", left=True)
    settled(app)
    assert app.session_state["chosen"].marked is None
    assert app.session_state["chosen"].ids == (there[0], *there[2:4])


def test_the_gallery_sends_what_is_in_view(data, drawn: Components, demo: ImageSet) -> None:
    app = data()
    header, pictures = drawn.given["gallery-feed"]
    assert header["ids"] == list(demo.ids[: justified.FIRST])
    assert all(content[:3] == b"\xff\xd8\xff" for content in pictures)
    digest = drawn.header("gallery")["digest"]
    drawn.say("gallery", wanted={"digest": digest, "from": 600, "to": 640})
    app.run()
    settled(app)
    for wanted, ids in (
        ({"digest": digest, "from": 700, "to": 9_000}, demo.ids[700:]),
        ({"digest": "another", "from": 5, "to": 9}, demo.ids[: justified.FIRST]),
        ({"digest": digest, "from": -3, "to": 4}, demo.ids[: justified.FIRST]),
    ):
        for _ in range(20):  # the browser keeps saying it, until the pictures have been made
            drawn.say("gallery", wanted=wanted)
            app.run()
            if drawn.header("gallery-feed")["ids"] == list(ids):
                break
        assert drawn.header("gallery-feed")["ids"] == list(ids)


def test_boxes_on_the_photograph_and_in_the_gallery(data, drawn: Components, demo: ImageSet) -> None:
    name = next(name for name in demo.ids if len(demo.boxes(demo.source(name))) > 3)
    app = data(focus=name)
    boxes = demo.boxes(demo.source(name))
    header = drawn.header("photograph")
    with demo.open(demo.source(name)) as opened:
        width, height = opened.size
    assert header["size"] == [width, height]
    assert [made["corners"] for made in header["objects"]] == [[b.xmin, b.ymin, b.xmax, b.ymax] for b in boxes]
    areas = [(b.xmax - b.xmin + 1) * (b.ymax - b.ymin + 1) / (width * height) for b in boxes]
    assert [made["area"] for made in header["objects"]] == pytest.approx(areas)
    assert header["facts"].endswith(f"{width} × {height} pixels, {len(boxes)} objects")
    _, (sizes, first, corners, kinds, _) = drawn.given["gallery"]
    place, begins = demo.source(name), np.frombuffer(first, "<u4")
    there = np.frombuffer(corners, "<u2").reshape(-1, 4)[begins[place] : begins[place + 1]]
    assert there.tolist() == [[b.xmin, b.ymin, b.xmax, b.ymax] for b in boxes]
    assert np.frombuffer(sizes, "<u2").reshape(-1, 2)[place].tolist() == [width, height]
    drawn.say("photograph", chosen=boxes[0].name)
    settled(app)
    assert app.session_state["chosen"].marked == boxes[0].name
    _, (*_, kinds, _) = drawn.given["gallery"]
    assert set(np.frombuffer(kinds, "<u2").tolist()) == {demo.classes.index(boxes[0].name)}, "boxes of the class alone"


def test_the_photograph_opens_on_another_page(data, drawn: Components, demo: ImageSet) -> None:
    app = data()
    name = drawn.header("photograph")["id"]
    assert app.session_state["chosen"].focus is None
    app.button(key="open in Map").click().run()
    assert [title.value for title in app.title] == ["Map"]
    assert app.session_state["chosen"].focus == name


def test_lines_of_the_rail_lead_to_the_whole_view(data, drawn: Components) -> None:
    app = data()
    assert drawn.header("networks, in short")["rows"][0]["name"] == "alexnet64"
    assert "voc2007" in [row["name"] for row in drawn.header("data sets, in short")["rows"]]
    drawn.say("networks, in short", name="vgg16")
    settled(app)
    assert app.segmented_control(key="view").value == "Networks"
    assert app.selectbox(key="wanted network").value == "vgg16"
    app.segmented_control(key="view").set_value("These photographs")
    settled(app)
    assert app.segmented_control(key="view").value == "These photographs"
    next(button for button in app.button if button.label.endswith(" more")).click()
    settled(app)
    assert app.segmented_control(key="view").value == "Networks"


def test_exports_name_photographs_and_classes(data, demo: ImageSet, monkeypatch: pytest.MonkeyPatch) -> None:
    offered, files, draw = {}, {}, st.download_button

    def download(label, build, file_name, *more, **settings):
        offered[label], files[label] = build, file_name
        return draw(label, build, file_name, *more, **settings)

    monkeypatch.setattr(st, "download_button", download)
    app = data(**{"class": "horse"})
    rows = list(csv.DictReader(io.StringIO(offered["Photographs as CSV"]())))
    assert [row["id"] for row in rows] == ids_with(demo, "horse")
    assert files["Photographs as CSV"] == f"photographs_demo_horse_{len(rows)}.csv"
    app = data(**{"class": "horse", "also": "person", "show": "val"})
    both, val = ids_with(demo, "horse", "person"), {demo.ids[i] for i in demo.splits["val"]}
    rows = list(csv.DictReader(io.StringIO(offered["Photographs as CSV"]())))
    assert [row["id"] for row in rows] == [name for name in both if name in val]
    assert 0 < len(rows) < len(both)
    assert files["Photographs as CSV"] == f"photographs_demo_horse_person_val_{len(rows)}.csv"
    assert f"**{len(rows)} of {len(both)} photographs that show horse and person**" in said(app)
    table = {row["class"]: row for row in csv.DictReader(io.StringIO(offered["Classes as CSV"]()))}
    assert list(table) == list(demo.classes)
    assert int(table["horse"]["photographs"]) == len(ids_with(demo, "horse"))
    assert int(table["horse"]["with person"]) == len(ids_with(demo, "horse", "person"))
    assert int(table["horse"]["split val"]) == int(
        (demo.labels[demo.splits["val"], demo.classes.index("horse")] == 1).sum()
    )


def unlabelled(folder: Path) -> Path:
    folder.mkdir()
    for number in range(6):
        picture(folder / f"{number}.png", number)
    return folder


def test_photographs_without_labels_are_a_gallery(data, drawn: Components, tmp_path: Path) -> None:
    app = data(unlabelled(tmp_path / "plain"), data="plain")
    assert "Nothing here says what the images show" in app.info[0].value
    assert "classes" not in drawn.given
    assert len(drawn.header("gallery")["ids"]) == 6
    assert drawn.header("photograph")["objects"] == []
    assert drawn.header("facts")["facts"] == [{"number": 6, "lines": ["photographs read;", "0 left out"]}]


@pytest.mark.parametrize("count", [1, 200])
def test_one_class_and_two_hundred(data, drawn: Components, tmp_path: Path, count: int) -> None:
    place = tmp_path / "many"
    for c in range(count):
        (place / f"class {c}").mkdir(parents=True)
        for copy in range(2):
            picture(place / f"class {c}" / f"{c}-{copy}.png", 2 * c + copy)
    if count == 1:
        unlabelled(place / "other")
    data(place, data="many")
    header = drawn.header("classes")
    assert len(header["names"]) == (count if count > 1 else 2)
    assert sorted(header["shared"]) == list(range(len(header["names"])))
    assert not drawn.header("photograph")["boxed"]
    (made, *_) = drawn.header("photograph")["objects"]
    assert made["name"] in header["names"]


def test_ones_own_photographs_are_shown_from_their_own_thumbnails(data, drawn: Components, tmp_path: Path) -> None:
    here = visitor.Visitor(Queue(), tmp_path, SimpleQueue())
    for number in range(3):
        upload = io.BytesIO(jpeg(number))
        upload.name = f"{number}.jpg"
        here.take([upload], lambda done, total: None, lambda: False)
    app = data()
    app.session_state["visitor"] = here
    settled(app)
    app.selectbox(key="data").select(visitor.NAME)
    settled(app)
    header, pictures = drawn.given["gallery-feed"]
    assert dict(zip(header["ids"], pictures, strict=True)) == here.own().thumbnails
    assert here.own().token.split()[0] not in str(drawn.given)


def test_the_album_forgets_what_was_used_longest_ago() -> None:
    album = gallery.Album(most=10)
    album.add("set", {"a": b"1234", "b": b"1234"})
    assert album.find("set", ["a", "nobody"]) == {"a": b"1234"}
    album.add("set", {"c": b"1234"})
    assert album.find("set", "abc") == {"a": b"1234", "c": b"1234"}
    album.add("set", {"a": b"12"})
    assert album.find("set", "ac") == {"a": b"12", "c": b"1234"}
    assert album.find("other", "ac") == {}


def test_splits_that_overlap_are_not_counted_twice() -> None:
    images = ImageSet(
        "x",
        None,
        tuple("abcdef"),
        tuple(Path(c) for c in "abcdef"),
        splits={"trainval": [0, 1, 2], "val": [1], "train": [0, 2], "extra": [4]},
    )
    assert [(name, members.tolist()) for name, members in census.disjoint(images)] == [
        ("train", [0, 2]),
        ("val", [1]),
        ("extra", [4]),
        ("no split", [3, 5]),
    ]


def test_the_picture_of_a_class_shows_one_whole_object() -> None:
    boxes = {
        0: (Box("cat", 1, 1, 90, 90), Box("dog", 1, 1, 20, 20)),
        1: (Box("cat", 11, 11, 60, 60),),
        2: (Box("cat", 1, 1, 95, 95, truncated=True),),
        3: (Box("cat", 1, 1, 99, 99, difficult=True),),
        4: (Box("cat", 1, 1, 99, 9),),
    }
    found = census.Contents(
        np.full((5, 2), 100, np.int32),
        np.cumsum([0, *(len(of) for of in boxes.values())]),
        np.array([(b.xmin, b.ymin, b.xmax, b.ymax) for of in boxes.values() for b in of], np.int32),
        np.array([b.name == "dog" for of in boxes.values() for b in of], np.int32),
        np.array([b.difficult for of in boxes.values() for b in of]),
        np.array([b.truncated for of in boxes.values() for b in of]),
        ("cat", "dog"),
        {},
    )
    labels = np.array([[1, 1], [1, -1], [1, -1], [0, -1], [1, -1]], np.int8)
    images = ImageSet("x", None, tuple("abcde"), tuple(Path(c) for c in "abcde"), ("cat", "dog"), labels)
    position, box = census.example(images, found, 0)
    assert (position, box.tolist()) == (1, [11, 11, 60, 60])
    assert census.example(images, found, 1)[0] == 0
    assert found.with_difficult(None).tolist() == found.with_difficult(0).tolist() == [False, False, False, True, False]
    assert not found.with_difficult(1).any()
    for size, box in (((100, 50), None), ((100, 50), [90, 0, 100, 50]), ((30, 90), [0, 60, 30, 90])):
        left, top, right, bottom = census.square(size, box)
        assert right - left == bottom - top > 0
        assert 0 <= left < right <= size[0]
        assert 0 <= top < bottom <= size[1]


def test_classes_often_seen_together_are_neighbours() -> None:
    together = np.array([[9, 0, 8, 0], [0, 9, 0, 7], [8, 0, 9, 0], [0, 7, 0, 9]])
    order = census.seriated(together)
    assert {order[:2], order[2:]} in ({(0, 2), (1, 3)}, {(0, 2), (3, 1)}, {(2, 0), (1, 3)}, {(2, 0), (3, 1)})
    assert census.seriated(np.array([[3, 1], [1, 3]])) == (0, 1)
    assert census.seriated(np.zeros((0, 0), np.int64)) == ()


@pytest.mark.parametrize(
    ("scores", "expected"),
    [([0.5, -1, 0.9], "train, boat · x.jpg"), ([-0.6, -0.2, -0.9], "car? -0.20 · x.jpg")],
)
def test_a_caption_names_the_likeliest_class_with_its_score(scores: list[float], expected: str) -> None:
    assert own.caption("x.jpg", ("boat", "car", "train"), scores) == expected


def test_counts_agree_with_the_sketch_of_real_photographs(voc_root: Path) -> None:
    images = find(voc_root)
    boxes = [box for i in range(len(images)) for box in images.boxes(i)]
    assert (len(boxes), sum(b.difficult for b in boxes), sum(b.truncated for b in boxes)) == (7467, 1492, 3895)
    counts = census.counts(type("Chosen", (), {"images": images})(), lambda done, total: None, lambda: False)
    horse, person = images.classes.index("horse"), images.classes.index("person")
    assert (counts.shown[horse], counts.together[horse, person], counts.alone[horse]) == (130, 101, 27)
    assert counts.parts[horse].tolist() == [71, 59]
    assert counts.several == {1: 1607, 2: 742, 3: 107, 4: 19, 5: 1}
