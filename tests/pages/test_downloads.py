"""Every file that a page offers can be saved anywhere and read back, and says what it was made from."""

import csv
import io
import json
import re
from collections.abc import Callable
from pathlib import Path
from queue import SimpleQueue
from shutil import copytree

import numpy as np
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from gradviz.home import ASSETS
from gradviz.ui import visitor
from gradviz.ui.queue import Queue
from gradviz.versions import versions
from tests.conftest import ROOT
from tests.pages.apps import at as opened
from tests.pages.apps import lab, page_table, settled

Files = dict[str, bytes | str]


@pytest.fixture
def offered(monkeypatch: pytest.MonkeyPatch) -> dict[str, Callable[[], bytes | str]]:
    """Return what the pages give to download buttons, by the file's name; the buttons are drawn all the same."""
    found = {}
    draw = st.download_button

    def drawn(label, data, file_name, *more, **settings):
        found[file_name] = data
        return draw(label, data, file_name, *more, **settings)

    monkeypatch.setattr(st, "download_button", drawn)
    return found


@pytest.fixture
def awkward(start: Callable[..., AppTest], photographs: Path, tmp_path: Path) -> AppTest:
    """Return the dashboard on 20 photographs in a folder whose name no file may have."""
    app = start(copytree(photographs, tmp_path / "Käse: 50 % «фото» +?"))
    app.query_params["images"] = "50"
    return app


def test_every_page_that_offers_a_file_is_tested_here() -> None:
    offering = [file for file, _ in page_table() if "widgets.Download(" in (ROOT / file).read_text(encoding="utf-8")]
    tested = {"pages/explore/kernels.py", "pages/explore/map.py", "pages/evaluate/svm.py", "pages/data/data.py"}
    assert set(offering) == tested
    files = [*(ROOT / "pages").rglob("*.py"), *(ROOT / "gradviz/ui").rglob("*.py"), ROOT / "app.py"]
    buttons = {path.name for path in files if "st.download_button" in path.read_text(encoding="utf-8")}
    assert buttons == {"widgets.py"}


def at(app: AppTest, page: str, offered: dict) -> None:
    """Open a page, and forget what the first one offered on the way."""
    opened(app, page)
    offered.clear()
    settled(app)


def built(offered: dict[str, Callable[[], bytes | str]], *endings: str) -> Files:
    files = {name: build() for name, build in offered.items()}
    for name in files:
        assert re.fullmatch("[A-Za-z0-9_][A-Za-z0-9._-]*", name)
    assert sorted(name.rpartition("_")[2] for name in files) == sorted(endings)
    return files


def rows(text: bytes | str) -> list[dict[str, str]]:
    assert isinstance(text, str)
    head, *lines = csv.reader(io.StringIO(text))
    assert len(set(head)) == len(head)
    assert {len(line) for line in lines} == {len(head)}
    return list(csv.DictReader(io.StringIO(text)))


def test_kernels(awkward: AppTest, offered, photographs: Path) -> None:
    awkward.query_params["normalise"] = "centred"
    at(awkward, "pages/explore/kernels.py", offered)
    ((name, content),) = built(offered, "dW7.npz").items()
    assert name.startswith("kernel_Kase_50_")
    with np.load(io.BytesIO(content), allow_pickle=False) as found:
        arrays = {key: found[key] for key in found.files}
    expected = lab(photographs, normalise="centred").kernel("dW7")
    assert arrays["ids"].tolist() == list(expected.rows.ids)
    assert np.array_equal(arrays["K"], expected.K)
    about = json.loads(str(arrays["about"]))
    assert (about["representation"], about["normalise"], about["images"]) == ("dW7", "centred", 50)
    assert (about["versions"], about["findings"]) == (versions(), [])
    assert len(about["weights_digest"]) == len(about["dataset_digest"]) == 64


def test_maps(awkward: AppTest, offered, photographs: Path) -> None:
    at(awkward, "pages/explore/map.py", offered)
    for name, content in built(offered, "x6.csv", "dy7.csv", "dW7.csv").items():
        assert name.startswith("map_Kase_50_")
        found = rows(content)
        assert list(found[0]) == ["id", "x", "y", "labels", "made_from"]
        assert [row["id"] for row in found] == list(lab(photographs).features(["x6"]).ids)
        assert all(np.isfinite([float(row["x"]), float(row["y"])]).all() for row in found)


def test_scores(awkward: AppTest, offered, photographs: Path) -> None:
    at(awkward, "pages/evaluate/svm.py", offered)
    for C in ("1", "10"):
        awkward.selectbox(key="C").set_value(C)
        awkward.multiselect(key="representations").set_value(["x6", "dW7"])
        awkward.button[0].click()
        settled(awkward)
    files = built(offered, ".csv", ".json")
    found = {name.rpartition(".")[2]: content for name, content in files.items()}
    table, told = rows(found["csv"]), json.loads(found["json"])
    assert len(table) == len(told) == 4
    for row, one in zip(table, told, strict=True):
        spec = one["spec"]
        scored = lab(photographs).evaluate(spec["representation"], train="train", test="val", C=spec["C"])
        assert one["mean_ap"] == pytest.approx(scored.mean_ap)
        assert one["left_out"] == dict(scored.left_out)
        assert float(row["mean_ap"]) == pytest.approx(scored.mean_ap, abs=0.005)
        assert (row["train"], row["test"], row["n_train"], row["n_test"]) == ("train", "val", "50", "50")
        assert (float(row["C"]), row["seed"], row["normalise"]) == (spec["C"], "0", "l2")
        assert row["weights_digest"] == spec["weights_digest"] == lab(photographs).model.digest
        assert {name: row[name] for name in ("gradviz", "torch", "numpy", "scikit-learn", "pillow")}.items() <= (
            versions().items()
        )
        assert float(row["class train"]) == pytest.approx(one["per_class"]["train"], abs=0.005)
        assert spec["versions"] == versions()
    assert len({tuple(row.values()) for row in table}) == 4


def test_scores_of_ones_own_photographs(start, offered, home: Path, tmp_path: Path) -> None:
    here = visitor.Visitor(Queue(), tmp_path, SimpleQueue())
    for number in range(3):
        upload = io.BytesIO(ASSETS.joinpath(f"demo/JPEGImages/{number + 1:06d}.jpg").read_bytes())
        upload.name = f"{number}.jpg"
        here.take([upload], lambda done, total: None, lambda: False)
    app = start()
    app.session_state["visitor"] = here
    app.query_params["images"] = "50"
    at(app, "pages/data/data.py", offered)
    ((_, content),) = built(offered, "photographs.csv").items()
    found = rows(content)
    assert [row["id"] for row in found] == ["0.jpg", "1.jpg", "2.jpg"]
    assert all(
        np.isfinite(float(value)) for row in found for name, value in row.items() if name not in ("id", "made_from")
    )
