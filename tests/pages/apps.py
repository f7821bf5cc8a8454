"""The dashboard in AppTest: how page tests start it, wait for it and read it."""

import ast
import time
from pathlib import Path
from typing import Any

from streamlit.testing.v1 import AppTest

from gradviz.datasets import find
from gradviz.experiment import Experiment
from gradviz.spec import Spec
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
    """Run the page until no job is under way."""
    for _ in range(600):
        app.run()
        assert not app.exception
        if not app.get("progress"):
            return app
        time.sleep(0.1)
    raise AssertionError("The work does not end")


def at(app: AppTest, page: str) -> AppTest:
    app.run()
    return settled(app.switch_page(page))


def lab(photographs: Path, **choices: Any) -> Experiment:
    return Experiment(find(photographs), Spec(images=IMAGES, **choices))


def said(app: AppTest) -> str:
    return "\n".join(element.value for element in (*app.markdown, *app.text, *app.caption))
