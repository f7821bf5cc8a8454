"""The Data page: photographs of one's own, their classes and neighbours, and what can be fetched."""

import gc
import io
import threading
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from queue import SimpleQueue

import pytest
import streamlit as st
from filelock import FileLock
from streamlit.testing.v1 import AppTest

from gradviz.datasets import formats
from gradviz.datasets.description import description
from gradviz.errors import Cancelled
from gradviz.home import ASSETS
from gradviz.ui import polling, visitor
from gradviz.ui.components import cards, strip
from gradviz.ui.queue import Queue
from pages.data import downloads, intake, own, shelf
from tests.archives import picture
from tests.pages.apps import APP
from tests.pages.components import Components

PAGE = "pages/data/data.py"
DEMO = ASSETS / "demo" / "JPEGImages"
WAIT = 60


class Dropped(io.BytesIO):
    """A file as the uploader gives it: bytes with a name."""

    def __init__(self, name: str, content: bytes):
        super().__init__(content)
        self.name = name


def demo(number: int) -> bytes:
    return (DEMO / f"{number:06d}.jpg").read_bytes()


def packed(entries: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def silent(done: int, total: int) -> None:
    pass


def never() -> bool:
    return False


@pytest.fixture
def somebody(tmp_path: Path) -> visitor.Visitor:
    return visitor.Visitor(Queue(), tmp_path, SimpleQueue())


@pytest.fixture
def app(home: Path):
    st.cache_resource.clear()
    yield AppTest.from_file(str(APP), default_timeout=WAIT)
    st.cache_resource.clear()


def settled(at: AppTest) -> AppTest:
    """Run again until no job goes on: the page's own polling does not tick here."""
    end = time.monotonic() + WAIT
    at.run()
    while any(job.active for job in polling.queue().jobs()):
        assert time.monotonic() < end
        for job in polling.queue().jobs():
            job.wait(1)
        at.run()
    assert not at.exception
    return at.run()


def opened(at: AppTest, view: str = "These photographs") -> AppTest:
    at.query_params["images"] = "50"
    return show(settled(settled(at).switch_page(PAGE)), view)


def show(at: AppTest, view: str) -> AppTest:
    if at.segmented_control(key="view").value != view:
        at.segmented_control(key="view").set_value(view)
    return settled(at)


def clear(at: AppTest) -> AppTest:
    """Delete one's own photographs: the button stands in a popover that asks."""
    assert "Clear" in [popover.proto.popover.label for popover in at.get("popover")]
    at.button(key="delete own").click()
    return settled(at)


def texts(at: AppTest) -> str:
    said = [*at.text, *at.caption, *at.info, *at.error, *at.success]
    return "\n".join(element.value for element in said)


def table(at: AppTest, column: str):
    return next(frame.value for frame in at.dataframe if column in frame.value.columns)


def test_drop_see_and_clear(app: AppTest, home: Path):
    at = opened(app)
    assert "10 MB each" in at.file_uploader[0].label
    at.file_uploader[0].set_value(
        [
            ("one.jpg", demo(1), "image/jpeg"),
            ("<img src=x onerror=alert(1)>.jpg", demo(2), "image/jpeg"),
            ("broken.jpg", demo(3)[:900], "image/jpeg"),
            ("notes.txt", b"hello", "text/plain"),
            ("trip.zip", packed({"trip/cat/a.jpg": demo(4), "trip/dog/b.jpg": demo(5)}), "application/zip"),
        ]
    )
    settled(at)
    assert "4 photographs taken in, 2 refused, 4 here now." in texts(at)
    assert "broken.jpg: " in texts(at)
    assert "not a JPEG, PNG or WebP picture" in texts(at), "the whole reason"
    next(button for button in at.button if button.label == "See what they show").click()
    settled(at)
    assert at.segmented_control(key="view").value == "Add your own"
    assert "4 photographs taken in, 2 refused, 4 here now." in texts(at)
    refused = table(at, "refused")
    assert sorted(refused["refused"]) == ["broken.jpg", "notes.txt"]
    assert all(refused["reason"])
    assert not at.file_uploader[0].value, "the files stay in memory"
    files = list((home / "visitors").rglob("*.jpg"))
    assert len(files) == 4
    assert "Delete these 4 photographs, and all that was computed from them?" in texts(at)
    clear(at)
    assert "4 photographs and all that was computed from them are deleted." in texts(at)
    assert not [path for path in (home / "visitors").rglob("*") if path.is_file() and path.suffix != ".lock"]


def test_see_classes_neighbours_and_csv(app: AppTest, monkeypatch: pytest.MonkeyPatch):
    files, draw = {}, st.download_button

    def download(label, build, file_name, *more, **settings):
        files[label] = file_name
        return draw(label, build, file_name, *more, **settings)

    monkeypatch.setattr(st, "download_button", download)
    at = opened(app, "Add your own")
    at.file_uploader[0].set_value([("one.jpg", demo(1), "image/jpeg"), ("two.jpg", demo(2), "image/jpeg")])
    settled(at)
    assert any(button.label == "Scores as CSV" for button in at.get("download_button"))
    assert files["Scores as CSV"] == "scores_demo_alexnet64_fc7_dW7_tau1_trainval.csv"
    at.session_state["own photograph"] = "one.jpg"
    settled(at)
    seen = table(at, "score")
    assert list(seen["score"]) == sorted(seen["score"], reverse=True)
    assert list(seen["seen"] == "✓") == list(seen["score"] > 0)
    assert {"Forward x6", "Backward dy7", "Product dW7"} <= {text.value.strip("*") for text in at.markdown}
    at.switch_page("pages/explore/map.py")
    assert settled(at).toggle(key="mine").value


def test_until_there_are_some_the_reference_is_shown(app: AppTest, monkeypatch: pytest.MonkeyPatch):
    components = Components(monkeypatch, strip)
    at = opened(app, "Add your own")
    assert "**What they are compared with: demo**" in [text.value for text in at.markdown]
    shown = components.header("compared with")["ids"]
    assert len(set(shown)) == own.COMPARED
    components.say("compared with", id=shown[3])
    settled(at)
    assert at.query_params["focus"] == shown[3]
    at.file_uploader[0].set_value([("one.jpg", demo(1), "image/jpeg")])
    settled(at)
    assert not [text.value for text in at.markdown if "compared with" in text.value]


def test_kernel_and_split_of_the_svms_change_the_scores_of_ones_own(app: AppTest):
    at = opened(app, "Add your own")
    at.file_uploader[0].set_value([("one.jpg", demo(1), "image/jpeg")])
    settled(at)
    at.session_state["own photograph"] = "one.jpg"

    def scores() -> dict[str, float]:
        settled(at)
        seen = table(at, "score")
        return dict(zip(seen["class"], seen["score"], strict=True))

    selection = at.session_state["selection"]
    mine = at.session_state["visitor"].own().experiment(selection.spec)
    found = {}
    for representation, train in (("dW7", "trainval"), ("x6", "trainval"), ("x6", "train")):
        at.selectbox(key=f"seen by {selection.layer.name}").set_value(representation)
        at.selectbox(key="trained on").set_value(train)
        found[representation, train] = scores()
        answer = selection.experiment().classify(representation, mine, train=train)
        expected = dict(zip(answer.classes, answer.scores[0].tolist(), strict=True))
        listed = found[representation, train]
        assert listed == pytest.approx({name: expected[name] for name in listed}, abs=0.01)
    assert len({tuple(sorted(one.items())) for one in found.values()}) == 3


def test_ones_own_set_has_kernels_and_no_reference(app: AppTest):
    at = opened(app)
    at.file_uploader[0].set_value([("trip.zip", packed({f"{c}/{c}.jpg": demo(i) for i, c in enumerate("abc", 1)}), "")])
    settled(at)
    at.selectbox(key="data").select(visitor.NAME)
    show(at, "Add your own")
    assert "the SVM page trains on them" in texts(at)
    settled(at.switch_page("pages/explore/kernels.py"))
    assert "Only you see these photographs" in texts(at)
    assert "3 of 3 images, 3 classes" in texts(at)
    at.switch_page(PAGE)
    clear(settled(at))
    assert settled(at).selectbox(key="data").value == "demo"
    assert "3 photographs and all that was computed from them are deleted." in texts(at)
    assert "This link" not in texts(at), "nobody has used a link"


def test_a_link_to_somebodys_own_photographs_says_so(app: AppTest):
    app.query_params["data"] = visitor.NAME
    app.query_params["images"] = "50"
    assert "cannot be shared" in texts(app.run())
    assert app.selectbox(key="data").value == "demo"


def test_folder_results_and_secret_go_with_the_visitor(tmp_path: Path):
    jobs, gone = Queue(), SimpleQueue()
    somebody = visitor.Visitor(jobs, tmp_path, gone)
    somebody.take([Dropped("a.jpg", picture(1))], silent, never)
    own = somebody.own()
    assert own.store.parent == somebody.folder
    assert somebody.folder.stat().st_mode & 0o077 == 0
    key, folder = f"kernels {own.token}", somebody.folder
    ids = own.images.ids
    jobs.submit(key, lambda progress, cancel: ids).wait(5)
    del somebody
    gc.collect()
    assert folder.is_dir(), "a question about the photographs keeps them"
    del own
    gc.collect()
    assert not folder.exists()
    threading.Thread(target=visitor._sweep, args=(gone, jobs), daemon=True).start()
    end = time.monotonic() + 5
    while jobs.get(key) and time.monotonic() < end:
        time.sleep(0.01)
    assert jobs.get(key) is None


def test_two_visitors_share_nothing(tmp_path: Path):
    jobs, gone = Queue(), SimpleQueue()
    first, second = (visitor.Visitor(jobs, tmp_path, gone) for _ in range(2))
    for somebody in (first, second):
        somebody.take([Dropped("same.jpg", picture(1))], silent, never)
    a, b = first.own(), second.own()
    assert a.images.digest == b.images.digest
    assert a.token != b.token
    assert not {a.images.root, a.store} & {b.images.root, b.store}
    jobs.submit(a.token, lambda progress, cancel: "mine").wait(5)
    second.clear()
    assert jobs.result(a.token) == "mine"
    first.clear()
    assert jobs.get(a.token) is None
    assert first.own() is None


def test_more_photographs_make_another_set(somebody: visitor.Visitor):
    somebody.take([Dropped("a.jpg", picture(1))], silent, never)
    former = somebody.own()
    somebody.take([Dropped("b.jpg", picture(2)), Dropped("a.jpg", picture(1))], silent, never)
    own = somebody.own()
    assert own.images.ids == ("a.jpg", "b.jpg")
    assert own.thumbnails.keys() == set(own.images.ids)
    assert own.token != former.token
    assert own.store != former.store


def test_a_stop_keeps_what_came_before(somebody: visitor.Visitor):
    files = [Dropped(f"{i}.jpg", picture(i)) for i in range(4)]
    calls = iter([False, False, True])
    with pytest.raises(Cancelled):
        somebody.take(files, silent, lambda: next(calls))
    assert somebody.own().images.ids == ("0.jpg", "1.jpg")
    assert somebody.report.accepted == 2


def test_the_folder_of_a_killed_process_is_removed(home: Path):
    st.cache_resource.clear()
    for name in ("killed", "alive"):
        (home / "visitors" / name).mkdir(parents=True)
        (home / "visitors" / f"{name}.lock").touch()
    with FileLock(home / "visitors" / "alive.lock"):
        place, lock = visitor._place()
        assert sorted(path.name for path in (home / "visitors").iterdir() if path.is_dir()) == sorted(
            ["alive", place.name]
        )
    visitor._end(place, lock)
    assert not place.exists()
    st.cache_resource.clear()


RELAYED = (
    *("X-Envoy-External-Address", "Client-IP", "X-Cluster-Client-IP", "X-Original-Forwarded-For", "X-ProxyUser-Ip"),
    *("X-Remote-Addr", "Remote-Addr", "X-Scheme", "X-Request-Id", "X-Original-URI", "True-Client-IP", "CF-Ray"),
    *("CF-Connecting-IP", "X-Amzn-Trace-Id", "X-Azure-ClientIP", "Fly-Client-IP", "Fly-Region", "Fastly-Client-IP"),
    *("Forwarded", "Forwarded-For", "CDN-Loop", "WL-Proxy-Client-IP", "traceparent"),
)
OF_BROWSERS = (
    *("Connection", "Upgrade", "User-Agent", "Accept", "Accept-Encoding", "Accept-Language", "Cache-Control", "Pragma"),
    *("Cookie", "DNT", "Priority", "Referer", "Sec-Fetch-Site", "Sec-GPC", "Sec-WebSocket-Key", "Sec-CH-UA-Platform"),
    *("Sec-WebSocket-Version", "Sec-WebSocket-Protocol", "Sec-WebSocket-Extensions", "Upgrade-Insecure-Requests"),
)


@pytest.mark.parametrize(
    ("address", "headers", "expected"),
    [
        (None, {"Host": "localhost:8501"}, True),
        (None, {"Host": "127.0.0.1:8501"}, True),
        (None, {"Host": "[::1]:8501"}, True),
        (None, {"Host": "evil.example:8501"}, False),
        (None, {"Host": "localhost:8501", "X-Forwarded-For": "203.0.113.9"}, False),
        (None, {"Host": "localhost:8501", "x-forwarded-proto": "https"}, False),
        (None, {"Host": "localhost:8501", "X-Real-IP": "203.0.113.9"}, False),
        (None, {"Host": "127.0.0.1:8501", "Via": "1.1 proxy"}, False),
        *((None, {"Host": "localhost:8501", name: "203.0.113.9"}, False) for name in RELAYED),
        (None, {"Host": "localhost:8501", **dict.fromkeys(OF_BROWSERS, "x")}, True),
        (None, {"Host": "127.0.0.1:8501", "Origin": "https://class.example"}, False),
        (None, {"Host": "127.0.0.1:8501", "Origin": "http://127.0.0.1:8501"}, True),
        ("192.168.0.9", {"Host": "localhost:8501"}, False),
    ],
)
def test_only_this_computer_may_download(monkeypatch: pytest.MonkeyPatch, address, headers: dict, expected: bool):
    class Context:
        ip_address = address

    Context.headers = headers
    monkeypatch.setattr(downloads.st, "context", Context)
    listening = {"server.address": "127.0.0.1"}
    monkeypatch.setattr(downloads.st, "get_option", listening.__getitem__)
    assert downloads.local() is expected
    listening["server.address"] = None  # everywhere
    assert not downloads.local()


@pytest.mark.parametrize("here", [True, False])
@pytest.mark.parametrize(
    ("said", "expected"), [(["--allow-downloads"], True), (["--no-allow-downloads"], False), ([], None)]
)
def test_the_switch_decides_whoever_asks(monkeypatch: pytest.MonkeyPatch, here, said, expected):
    monkeypatch.setattr(downloads, "local", lambda: here)
    monkeypatch.setattr("sys.argv", ["app.py", "--dataset", "demo", *said])
    assert downloads.allowed() is (here if expected is None else expected)


def asking(components: Components, key: str) -> set[str]:
    """Return the rows whose button fetches something."""
    return {card["name"] for card in components.header(key)["cards"] if card["action"].startswith(shelf.FETCH)}


def test_elsewhere_nothing_can_be_fetched(app: AppTest, monkeypatch: pytest.MonkeyPatch):
    components = Components(monkeypatch, cards)
    monkeypatch.setattr(downloads, "local", lambda: False)
    at = opened(app)
    for view in ("These photographs", "Fetch", "Networks"):
        show(at, view)
        assert texts(at).count("Only the person who runs this dashboard can download") == 1, view
        assert not [button for button in at.button if button.label in ("Download", "Fetch", "Take")]
        assert not at.text_input
        if view == "Fetch":
            assert "missing" in {card["state"] for card in components.header("data sets")["cards"]}
            assert not asking(components, "data sets")
    assert len(components.header("networks")["cards"]) == len(downloads.NETWORKS)
    assert not asking(components, "networks")


def test_a_data_set_that_is_open_from_a_folder_is_not_called_missing(
    start: Callable[..., AppTest], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    components = Components(monkeypatch, cards)
    path = tmp_path / "VOC2012" / "cat" / "1.jpg"
    path.parent.mkdir(parents=True)
    path.write_bytes(demo(1))
    opened(start(tmp_path / "VOC2012"), "Fetch")
    states = {card["name"]: card["state"] for card in components.header("data sets")["cards"]}
    assert states["voc2012"] == downloads.OPEN
    assert states["voc2007"] == "missing"


def test_what_can_be_opened_is_the_table_of_formats(app: AppTest):
    at = opened(app, "Fetch")
    assert formats.table() in [text.value for text in at.markdown]
    assert "What can be opened" in [expander.label for expander in at.expander]


def test_the_data_set_is_shown_with_a_picture_of_each_class(app: AppTest):
    at = opened(app)
    images = at.session_state["selection"].images
    about = description(images)
    classes = table(at, "positive")
    assert classes["class"].tolist() == list(images.classes)
    for kind in ("positive", "difficult", "negative", "unknown"):
        assert classes[kind].tolist() == [counts[kind] for counts in about["classes"].values()]
    shown = [name for name, counts in about["classes"].items() if counts["positive"]]
    assert [name for name, uri in zip(classes["class"], classes["picture"], strict=True) if uri] == shown
    assert all(uri.startswith("data:image/jpeg;base64,") for uri in classes["picture"] if uri)
    splits = table(at, "split")
    assert dict(zip(splits["split"], splits["images"], strict=True)) == about["splits"]
    assert f"{len(images):,} images, 20 classes, {images.ap} AP" in texts(at)


def test_the_data_set_counts_pictures_that_can_be_decoded(start: Callable[..., AppTest], tmp_path: Path):
    for number in range(1, 7):
        path = tmp_path / "pets" / ("cat" if number % 2 else "dog") / f"{number}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(demo(number)[: None if number > 1 else 3000])
    at = opened(start(tmp_path / "pets"))
    assert "5 images, 2 classes, area AP" in texts(at)
    assert table(at, "positive")["positive"].tolist() == [2, 3]
    found = table(at, "kind")
    assert found["name"].tolist() == ["train, val", "cat/1.jpg"]
    assert "cat/1.jpg is cut off" in found["reason"][1]


def test_ones_own_set_is_described_from_ones_own_pictures(app: AppTest):
    at = opened(app)
    entries = {f"{c}/{c}.jpg": demo(i) for i, c in enumerate(("<b>", "C#", "кошки"), 1)} | {"list.json": b"{}"}
    at.file_uploader[0].set_value([("trip.zip", packed(entries), "")])
    settled(at)
    at.selectbox(key="data").select(visitor.NAME)
    settled(at)
    classes = table(at, "positive")
    assert classes["class"].tolist() == ["<b>", "C#", "кошки"]
    assert all(classes["picture"])
    assert table(at, "kind")["name"].tolist() == ["list.json", "train, val"]


def test_a_transfer_says_how_far_it_is(tmp_path: Path):
    def bring(progress, cancel, say):
        progress(1_000_000, 4_000_000)
        say("Unpacking.")
        return tmp_path

    seen = []
    transfer = downloads.Transfer("Fetching", bring)
    assert transfer.run(lambda done, total: seen.append((done, total)), never) == tmp_path
    assert seen == [(1_000_000, 4_000_000)]
    assert transfer.words() == "1.0 MB of 4.0 MB · Unpacking."


def test_the_rules_name_the_limits():
    assert all(limit in intake.RULES for limit in ("10 MB", "200 MB", "500"))


def test_a_row_shows_what_it_is_and_fetches_it(app: AppTest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    components, fetched = Components(monkeypatch, cards), []

    def make(*wanted):
        return downloads.Transfer("Fetching", lambda **how: fetched.append(wanted) or tmp_path)

    monkeypatch.setattr(downloads, "local", lambda: True)
    monkeypatch.setattr(downloads, "_photographs", make)
    monkeypatch.setattr(downloads, "_weights", make)
    at = opened(app, "Fetch")
    header, pictures = components.given["data sets"]
    rows = {card["name"]: card for card in header["cards"]}
    assert (rows["demo"]["state"], rows["demo"]["action"], rows["demo"]["pictures"]) == ("in use", "", shelf.PLACES)
    assert len(pictures) == shelf.PLACES
    assert all(picture[:3] == b"\xff\xd8\xff" for picture in pictures)
    assert (rows["voc2007"]["size"], rows["voc2007"]["pictures"]) == ("460.0 MB", 0)
    assert asking(components, "data sets") == {"voc2007", "voc2007-test", "voc2012"}
    components.say("data sets", name="voc2012")
    settled(at)
    assert fetched == [("voc2012", downloads.USUAL, None)]
    assert "voc2012 is here: choose it in the sidebar." in texts(at)
    show(at, "Networks")
    rows = {card["name"]: card for card in components.header("networks")["cards"]}
    assert next(iter(rows)) == "alexnet64"
    assert (rows["alexnet64"]["state"], rows["alexnet64"]["action"]) == ("in use", "")
    assert [layer["outputs"] for layer in rows["vgg16"]["layers"]] == [4096, 4096, 1000]
    components.say("networks", name="vgg16")
    settled(at)
    assert fetched[1:] == [("vgg16", None)]
    components.say("networks", name="nobody")
    settled(at)
    assert len(fetched) == 2
