"""Every page of app.py's table opens, shows something and has tests of its own; none is forgotten in the table."""

import ast
import io
import sys
import threading
from pathlib import Path
from queue import SimpleQueue

import numpy as np
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from gradviz.export import features_npz
from gradviz.home import ASSETS
from gradviz.ui import polling, visitor
from gradviz.ui.queue import WORKERS, Queue
from tests.conftest import ROOT
from tests.pages.apps import APP, lab, page_table, settled

PAGES = page_table()


@pytest.fixture
def demo(kept: Path, monkeypatch: pytest.MonkeyPatch):
    """The dashboard as a newcomer sees it: the demo set and default choices; features are kept between tests."""
    monkeypatch.setenv("GRADVIZ_HOME", str(kept))
    monkeypatch.setattr(sys, "argv", ["app.py"])
    st.cache_resource.clear()
    yield AppTest.from_file(str(APP), default_timeout=60)
    st.cache_resource.clear()


@pytest.mark.parametrize(("file", "title"), PAGES)
def test_a_page_opens_and_shows_something(file: str, title: str, demo: AppTest) -> None:
    demo.run()
    assert demo.selectbox(key="data").value == ASSETS.joinpath("demo").name
    settled(demo.switch_page(file))
    assert [element.value for element in demo.title] == [title]
    assert not demo.error
    assert len(list(demo.main)) > 1, f"{file} shows nothing below its title"


@pytest.mark.parametrize(("file", "title"), PAGES)
def test_a_page_opens_on_features_without_pictures(file: str, title: str, start, photographs: Path, tmp_path: Path):
    with (tmp_path / "given.npz").open("wb") as out:
        features_npz(lab(photographs).features(["x6", "dy7"]), {}, out)
    app = start(tmp_path / "given.npz")
    app.query_params["data"] = "given.npz"
    settled(app.run().switch_page(file))
    assert [element.value for element in app.title] == [title]
    assert not app.error


@pytest.mark.parametrize(("file", "title"), PAGES)
def test_a_page_shows_names_that_came_as_bytes_as_text(file: str, title: str, start, tmp_path: Path):
    def utf8(*texts: str) -> np.ndarray:
        return np.array([text.encode() for text in texts])

    rows = np.random.default_rng(0).normal(size=(12, 5)).astype(np.float32)
    labels = np.where(np.arange(12)[:, None] % 2 == np.arange(2), 1, -1)
    arrays = {"ids": utf8(*(f"Foto {n:02d} ä" for n in range(12))), "labels": labels, "classes": utf8("Käse", "Öl")}
    arrays |= {"x6": rows, "dy7": rows[:, ::-1], "split": utf8(*["train", "train", "prüfung"] * 4)}
    np.savez(tmp_path / "bytes.npz", **arrays)
    app = settled(start(tmp_path / "bytes.npz").run().switch_page(file))
    images = app.session_state["selection"].images
    assert (images.ids[0], images.classes, set(images.splits)) == ("Foto 00 ä", ("Käse", "Öl"), {"train", "prüfung"})
    assert [element.value for element in app.title] == [title]
    assert not app.error
    said = [element.value for kind in ("caption", "info", "markdown", "text") for element in app.get(kind)]
    assert not [text for text in said if "b'" in str(text) or "\\x" in str(text)]


@pytest.mark.parametrize(("file", "title"), PAGES)
def test_a_page_keeps_nothing_of_a_visitors_own_photographs(file: str, title: str, start, home: Path, tmp_path: Path):
    """Their features stay in the visitor's own folder, which goes with the visitor."""
    here = visitor.Visitor(Queue(), tmp_path, SimpleQueue())
    for number in range(4):
        upload = io.BytesIO(ASSETS.joinpath(f"demo/JPEGImages/{number + 1:06d}.jpg").read_bytes())
        upload.name = f"{number}.jpg"
        here.take([upload], lambda done, total: None, lambda: False)
    app = start()
    app.session_state["visitor"] = here
    app.query_params["data"] = visitor.NAME
    settled(app.run().switch_page(file))
    assert app.selectbox(key="data").value == visitor.NAME
    assert [element.value for element in app.title] == [title]
    assert not [path for path in home.rglob("*") if path.is_file()]


@pytest.mark.parametrize("file", [file for file, _ in PAGES])
def test_a_page_has_tests_of_its_own(file: str) -> None:
    """A page pages/SECTION/NAME.py has tests/pages/test_NAME_page.py, which sets PAGE to it and opens PAGE."""
    tests = ROOT / "tests/pages" / f"test_{Path(file).stem}_page.py"
    assert tests.is_file(), f"{file} has no tests: write {tests.relative_to(ROOT)} with PAGE = {file!r} and open it"
    tree = ast.parse(tests.read_text(encoding="utf-8"))
    set_to = [ast.literal_eval(n.value) for n in tree.body if isinstance(n, ast.Assign) and named(n.targets[0])]
    opened = [n for n in ast.walk(tree) if named(n) and isinstance(n.ctx, ast.Load)]
    assert set_to == [file], f"{tests.relative_to(ROOT)} must set PAGE = {file!r}"
    assert opened, f"{tests.relative_to(ROOT)} never opens PAGE"


def named(node: ast.AST) -> bool:
    return isinstance(node, ast.Name) and node.id == "PAGE"


def test_every_file_is_a_page_of_the_table_or_used_by_one() -> None:
    files = {path.relative_to(ROOT) for path in (ROOT / "pages").rglob("*.py") if path.name != "__init__.py"}
    used = set()
    for file in files:
        for node in ast.walk(ast.parse((ROOT / file).read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "pages":
                parts = node.module.split(".")
                used |= {Path(*parts, f"{alias.name}.py") for alias in node.names} | {Path(*parts).with_suffix(".py")}
    forgotten = files - used - {Path(file) for file, _ in PAGES}
    assert not forgotten, f"not in PAGES of app.py, and no page imports them: {sorted(map(str, forgotten))}"


@pytest.mark.parametrize("page", [file for file, _ in page_table()])
def test_what_a_page_waits_for_is_in_the_list_from_its_first_run_on(
    app: AppTest, monkeypatch: pytest.MonkeyPatch, page: str
) -> None:
    monkeypatch.setattr(polling, "PATIENCE_SECONDS", 0)
    release = threading.Event()
    for lane, workers in WORKERS.items():
        for number in range(workers):
            polling.queue().submit(
                f"{lane} {number}", lambda progress, cancel: release.wait(60), lane=lane, title="In the way"
            )
    try:
        app.run()
        app.switch_page(page).run()
        listed = [popover.proto.popover.label for popover in app.sidebar.get("popover")]
        assert "Work in progress" in listed
        assert app.button(key="stop")
        assert [one for one in app.button if str(one.key).startswith("stop job ")]
    finally:
        release.set()
