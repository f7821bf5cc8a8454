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
from sklearn.metrics import average_precision_score
from streamlit.testing.v1 import AppTest

from gradviz.board import at as at_temperature
from gradviz.board import board
from gradviz.comparison import resampled
from gradviz.home import ASSETS
from gradviz.ui import visitor
from gradviz.ui.queue import Queue
from gradviz.versions import versions
from tests.conftest import ROOT
from tests.pages.apps import at as opened
from tests.pages.apps import exporting, lab, settled

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
    pages = ROOT / "pages"
    offering = {
        path.relative_to(pages).as_posix()
        for path in pages.rglob("*.py")
        if "Download(" in path.read_text(encoding="utf-8")
    }
    assert offering == {
        "start/network.py",
        "explore/kernels.py",
        "explore/map.py",
        "explore/neighbours.py",
        "evaluate/svm.py",
        "evaluate/layers_export.py",
        "data/own.py",
        "data/photographs.py",
    }
    files = [*(ROOT / "pages").rglob("*.py"), *(ROOT / "gradviz/ui").rglob("*.py"), ROOT / "app.py"]
    buttons = {path.name for path in files if "st.download_button" in path.read_text(encoding="utf-8")}
    assert buttons == {"widgets.py"}


def at(app: AppTest, page: str, offered: dict) -> None:
    """Open a page, and forget what the first one offered on the way."""
    opened(app, page)
    offered.clear()
    exporting(app)


def built(offered: dict[str, Callable[[], bytes | str]], *endings: str) -> Files:
    """Return the files of a page but its report, which says what they say of what they were made from."""
    files = {name: build() for name, build in offered.items()}
    for name in files:
        assert re.fullmatch("[A-Za-z0-9_][A-Za-z0-9._-]*", name)
    (report,) = [files.pop(name) for name in list(files) if name.endswith("_report.html")]
    assert sorted(name.rpartition("_")[2] for name in files) == sorted(endings)
    assert isinstance(report, str)
    assert not re.findall(r"""<script[^>]+src=|<link[^>]+href=|url\(\s*["']?https?:""", report), "it needs no network"
    assert len(re.findall("<dt>Digest of the (?:data set|weights)</dt><dd>[0-9a-f]{64}</dd>", report)) == 2
    for name, number in versions().items():
        assert f"{name} {number}" in report
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
    ((name, content),) = built(offered, "n50.npz").items()
    assert name.startswith("kernel_Kase_50_")
    assert name.endswith("_AlexNet-64_fc7_dW7_tau1_n50.npz")
    with np.load(io.BytesIO(content), allow_pickle=False) as found:
        arrays = {key: found[key] for key in found.files}
    expected = lab(photographs, normalise="centred").kernel("dW7")
    assert arrays["ids"].tolist() == list(expected.rows.ids)
    assert np.array_equal(arrays["K"], expected.K)
    about = json.loads(str(arrays["about"]))
    assert (about["representation"], about["normalise"], about["images"]) == ("dW7", "centred", 50)
    assert (about["versions"], about["findings"]) == (versions(), [])
    assert len(about["weights_digest"]) == len(about["dataset_digest"]) == 64


def test_one_photographs_way(awkward: AppTest, offered, photographs: Path) -> None:
    awkward.query_params["temperature"] = "8"
    at(awkward, "pages/start/network.py", offered)
    files = built(offered, "classes.csv", "vectors.npz")
    table, arrays = (next(content for name, content in files.items() if name.endswith(end)) for end in ("csv", "npz"))
    found = rows(table)
    assert list(found[0]) == ["class", "logit", "p", "g", "gradient", "made_from"]
    about = json.loads(found[0]["made_from"])
    assert about["temperature"] == 8
    one = lab(photographs, temperature=8.0)
    images = one.images
    features = one.features(["x6", "y8", "dy7", "dy8"], np.array([images.source(about["photograph"])]))
    logits = features.arrays["y8"][0]
    order = np.argsort(-logits, kind="stable")
    assert [row["class"] for row in found] == [one.model.classes[c] for c in order]
    np.testing.assert_allclose([float(row["logit"]) for row in found], logits[order], rtol=1e-3, atol=1e-4)
    np.testing.assert_allclose(
        [float(row["gradient"]) for row in found], features.arrays["dy8"][0][order], rtol=1e-3, atol=1e-7
    )
    assert isinstance(arrays, bytes)
    with np.load(io.BytesIO(arrays), allow_pickle=False) as kept:
        told = json.loads(str(kept["about"]))
        assert told["photograph"] == about["photograph"]
        assert told["versions"] == versions()
        row = kept["temperatures"].tolist().index(8)
        np.testing.assert_allclose(kept["x6"], features.arrays["x6"][0], rtol=1e-3, atol=1e-4)
        np.testing.assert_allclose(kept["dy7"][row], features.arrays["dy7"][0], rtol=1e-3, atol=1e-7)
        np.testing.assert_allclose(kept["p"].sum(axis=1), 1, atol=1e-9)


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
        awkward.select_slider(key="C").set_value(C)
        awkward.multiselect(key="representations").set_value(["x6", "dW7"])
        settled(awkward)
    files = built(offered, ".csv", ".json", "images.csv", "figure.html")
    found = {name.rpartition("_")[2]: content for name, content in files.items()}
    table, told = rows(found[".csv"]), json.loads(found[".json"])
    assert len(table) == len(told) == 5, "those that the page opened on, x6+x7 among them, are kept"
    images = rows(found["images.csv"])
    assert len(images) == 5 * 50
    for row, one in zip(table, told, strict=True):
        spec = one["spec"]
        scored = lab(photographs).evaluate(spec["representation"], train="train", test="val", C=spec["C"])
        assert one["mean_ap"] == pytest.approx(scored.mean_ap)
        assert one["left_out"] == dict(scored.left_out)
        assert one["positives"] == scored.positives
        drawn = resampled(scored)
        assert one["intervals"]["mean_ap"] == pytest.approx(drawn.interval)
        assert [float(row[f"mean_ap_{end}"]) for end in ("low", "high")] == pytest.approx(drawn.interval, abs=0.005)
        low, high = drawn.intervals[list(scored.per_class).index("person")]
        assert (float(row["person low"]), float(row["person high"])) == pytest.approx((low, high), abs=0.005)
        assert row["person positives"] == str(scored.positives["person"])
        assert row["temperature"] == ("" if spec["representation"] != "dW7" else "1.0")
        mine = [line for line in images if (line["representation"], line["C"]) == (row["representation"], row["C"])]
        assert [line["id"] for line in mine] == list(scored.test.ids)
        c = list(scored.per_class).index("person")
        assert [float(line["person"]) for line in mine] == pytest.approx(scored.scores[:, c], abs=1e-6)
        assert [("person" in line["labels"].split(";")) for line in mine] == (scored.test.labels[:, c] == 1).tolist()
        assert float(row["mean_ap"]) == pytest.approx(scored.mean_ap, abs=0.005)
        assert (row["train"], row["test"], row["n_train"], row["n_test"]) == ("train", "val", "50", "50")
        assert (float(row["C"]), row["seed"], row["normalise"]) == (spec["C"], "0", "l2")
        assert row["weights_digest"] == spec["weights_digest"] == lab(photographs).model.digest
        assert {name: row[name] for name in ("gradviz", "torch", "numpy", "scikit-learn", "pillow")}.items() <= (
            versions().items()
        )
        assert float(row["class train"]) == pytest.approx(one["per_class"]["train"], abs=0.005)
        assert spec["versions"] == versions()
    assert len({tuple(row.values()) for row in table}) == 5
    figure = found["figure.html"]
    assert isinstance(figure, str)
    assert "plotly" in figure
    assert "C 10.0, eleven_point" in figure
    assert not re.findall(r"""<script[^>]+src=|<link[^>]+href=""", figure), "it needs no network"


def test_neighbours(awkward: AppTest, offered, photographs: Path) -> None:
    one = lab(photographs)
    rows_of_all = one.features(["x6", "dy7"])
    asked = rows_of_all.ids[3]
    awkward.query_params["focus"] = asked
    at(awkward, "pages/explore/neighbours.py", offered)
    files = built(offered, "top12.csv", "queries.csv")
    near, queries = (next(rows(c) for n, c in files.items() if n.endswith(end)) for end in ("top12.csv", "queries.csv"))
    assert len(near) == 3 * 12
    for name in ("x6", "dy7", "dW7"):
        expected = one.neighbours(name, asked, top=12)
        found = [row for row in near if row["representation"] == name]
        assert [row["id"] for row in found] == [n.id for n in expected]
        assert [row["rank"] for row in found] == [str(1 + k) for k in range(12)]
        assert [float(row["value"]) for row in found] == pytest.approx([n.value for n in expected], abs=1e-5)
        assert [row["classes"] for row in found] == ["; ".join(n.labels) for n in expected]
        of_query = set(one.images.labels_of(one.images.source(asked)))
        assert [set(filter(None, row["in_common"].split("; "))) for row in found] == [
            of_query & set(n.labels) for n in expected
        ]
    assert [row["id"] for row in queries] == list(rows_of_all.ids)
    shown, difficult = rows_of_all.labels == 1, rows_of_all.labels == 0
    shares = shown.astype(int) @ shown.T > 0
    unclear = ~shares & (shown.astype(int) @ difficult.T > 0)
    for name in ("x6", "dy7", "dW7"):
        K = one.kernel(name).K
        for k, row in enumerate(queries):
            others = (np.arange(len(K)) != k) & ~unclear[k]
            assert int(row["hits"]) == shares[k, others].sum()
            if shares[k, others].any():
                expected = 100 * average_precision_score(shares[k, others], K[k, others])
                assert float(row[f"ap_{name}"]) == pytest.approx(expected, abs=0.01)
            else:
                assert row[f"ap_{name}"] == ""
    for table in (near, queries):
        about = json.loads(table[0]["made_from"])
        assert about["representations"] == ["x6", "dy7", "dW7"]
        assert (about["temperature"], about["normalise"], about["seed"]) == (1, "l2", 0)
        assert about["versions"] == versions()
        assert len(about["weights_digest"]) == 64


def test_layers(awkward: AppTest, offered, photographs: Path) -> None:
    awkward.query_params["C"] = "10"
    at(awkward, "pages/evaluate/layers.py", offered)
    offered.pop(next(name for name in offered if name.endswith("_report.html")))  # test_report.py has it
    files = {name.rpartition(".")[2]: build() for name, build in offered.items()}
    assert all(re.fullmatch("layers_Kase_50_[A-Za-z0-9._-]*", name) for name in offered)
    table, told = rows(files["csv"]), json.loads(files["json"])
    expected = list(board(lab(photographs), train="train", C=10.0))
    assert len(table) == len(told["board"]) == len(expected)
    by_name = {(row.representation, row.temperature): row for row in expected}
    for row, one in zip(table, told["board"], strict=True):
        temperature = float(row["temperature"]) if row["temperature"] else None
        mine = by_name.pop((row["representation"], temperature))
        assert float(row["cv_mean_ap"]) == pytest.approx(mine.mean_ap, abs=0.005)
        assert one["cv_mean_ap"] == pytest.approx(mine.mean_ap)
        assert [float(row[f"cv_mean_ap_{end}"]) for end in ("low", "high")] == pytest.approx(mine.interval, abs=0.005)
        assert float(row["alignment"]) == pytest.approx(mine.alignment, abs=1e-3)
        assert (row["C"], row["train"], row["network"]) == ("10.0", "train", "alexnet64")
        assert row["weights_digest"] == lab(photographs).model.digest
    assert not by_name
    top = max(expected, key=lambda row: row.mean_ap)
    assert told["chosen"]["representation"] == top.representation
    score = at_temperature(lab(photographs), top.temperature).evaluate(
        top.representation, train="train", test="val", C=10.0
    )
    assert told["test"]["mean_ap"] == pytest.approx(score.mean_ap)
    assert told["made"]["versions"] == versions()


def test_scores_of_ones_own_photographs(start, offered, home: Path, tmp_path: Path) -> None:
    here = visitor.Visitor(Queue(), tmp_path, SimpleQueue())
    for number in range(3):
        upload = io.BytesIO(ASSETS.joinpath(f"demo/JPEGImages/{number + 1:06d}.jpg").read_bytes())
        upload.name = f"{number}.jpg"
        here.take([upload], lambda done, total: None, lambda: False)
    app = start()
    app.session_state["visitor"] = here
    app.query_params["images"] = "50"
    app.query_params["view"] = "Add your own"
    at(app, "pages/data/data.py", offered)
    ((name, content),) = built(offered, "trainval.csv").items()
    assert name == "scores_demo_alexnet64_fc7_dW7_tau1_trainval.csv"
    found = rows(content)
    about = ("dataset", "network", "representation", "temperature", "train")
    assert {tuple(row[column] for column in about) for row in found} == {
        ("demo", "alexnet64", "dW7", "1.0", "trainval")
    }
    assert [row["id"] for row in found] == ["0.jpg", "1.jpg", "2.jpg"]
    assert all(
        np.isfinite(float(value))
        for row in found
        for name, value in row.items()
        if name not in ("id", *about, "made_from")
    )
