"""A home that is full or cannot be written: results are shown with a note, an upload says what is wrong."""

import subprocess
from contextlib import suppress
from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from gradviz.home import ASSETS
from gradviz.ui import visitor
from tests.disks import small_disk
from tests.pages.apps import APP, said, settled

PICTURE = (ASSETS / "demo/JPEGImages/000001.jpg").read_bytes()


@pytest.fixture(params=["read-only", "full"])
def app(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    st.cache_resource.clear()
    with small_disk(tmp_path / "disk", "100k") as disk:
        if request.param == "read-only":
            subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
        else:
            (disk / "taken").write_bytes(bytes(96 * 1024))
        monkeypatch.setenv("GRADVIZ_HOME", str(disk / "home"))
        monkeypatch.setattr("sys.argv", ["app.py"])
        app = AppTest.from_file(str(APP), default_timeout=60)
        app.query_params["images"] = "50"
        yield app
        with suppress(OSError):
            visitor._end(*visitor._place())  # the lock would keep the disk
        st.cache_resource.clear()


@pytest.mark.parametrize("page", ["pages/explore/kernels.py", "pages/explore/map.py"])
def test_results_are_shown_with_a_note(app: AppTest, page: str) -> None:
    settled(app)
    settled(app.switch_page(page))
    assert [error.value for error in app.error] == []
    assert "The result is complete, but not kept." in said(app)
    assert any("as " in button.label for button in app.get("download_button"))


@pytest.mark.parametrize("view", ["These photographs", "Add your own"])
def test_an_upload_ends_in_one_sentence(app: AppTest, view: str) -> None:
    app.query_params["view"] = view
    settled(settled(app).switch_page("pages/data/data.py"))
    app.file_uploader[0].set_value([("one.jpg", PICTURE, "image/jpeg")])
    settled(app)
    errors = [error.value for error in app.error]
    refused = [frame.value["reason"][0] for frame in app.dataframe if "refused" in frame.value.columns]
    # Where there is little room it is a line of text.
    refused += [text.value for text in app.text if text.value.startswith("one.jpg: ")]
    (shown,) = errors + refused
    assert "cannot be written" in shown or "cannot be kept" in shown
    assert "\n" not in shown
