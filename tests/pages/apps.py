"""The dashboard in AppTest: how page tests start it, wait for it and read it."""

import ast
import json
import struct
import time
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from gradviz.datasets import find
from gradviz.experiment import Experiment
from gradviz.spec import Spec
from gradviz.ui import polling
from tests.conftest import ROOT

APP = ROOT / "app.py"
IMAGES = 50


def page_table() -> list[tuple[str, str]]:
    """List the pages of app.py: file and title."""
    nodes = ast.parse(APP.read_text(encoding="utf-8")).body
    table = next(
        node.value for node in nodes if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "PAGES"
    )
    return [(file, title) for pages in ast.literal_eval(table).values() for file, title, _ in pages]


def settled(app: AppTest) -> AppTest:
    """Run the page until no job is under way, the quiet ones included, and it has drawn what they found."""
    for _ in range(600):
        busy = bool(polling.queue().jobs())
        app.run()
        assert not app.exception
        if not (busy or app.get("progress") or polling.queue().jobs()):
            return app
        time.sleep(0.1)
    raise AssertionError("The work does not end")


def at(app: AppTest, page: str) -> AppTest:
    app.run()
    return settled(app.switch_page(page))


def exporting(app: AppTest) -> AppTest:
    """Open the page's Export menu: the browser says so, and the page is drawn with its figures noted."""
    app.session_state["report offered"] = app.title[0].value
    return settled(app)


def lab(photographs: Path, **choices: Any) -> Experiment:
    return Experiment(find(photographs), Spec(images=IMAGES, **choices))


def said(app: AppTest) -> str:
    return "\n".join(element.value for element in (*app.markdown, *app.text, *app.caption))


def told(app: AppTest) -> list[str]:
    """Return what stands in boxes on the page, line by line."""
    return [line for info in app.info for line in info.value.split("  \n")]


def payload(app: AppTest, key: str) -> tuple[dict[str, Any], list[bytes]]:
    """Return what a component was given: header and parts."""
    (data,) = [element.proto.bytes for element in app.get("bidi_component") if element.key == key]
    (size,) = struct.unpack("<I", data[:4])
    header, at, parts = json.loads(data[4 : 4 + size]), 4 + size, []
    for length in header["parts"]:
        parts.append(data[at : at + length])
        at += length
    return header, parts


def aligned(app: AppTest) -> list[list[float] | None]:
    """Return the alignments with the labels that the Kernels page shows for each layer, None without labels."""
    return [layer["alignment"] for layer in payload(app, "heatmaps-layers")[0]["layers"]]


def late(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every answer that is there be one that came just after the page had looked for it the first time."""
    answered, asked = polling.answered, set()

    def found(key: str) -> Any:
        if key in asked:
            return answered(key)
        if answered(key) is not None:
            asked.add(key)
        return None

    monkeypatch.setattr(polling, "answered", found)
