"""CONTRIBUTING is true: its map is the imports' own table, and its recipes work when they are followed in a copy."""

import ast
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.test_imports import FLOORS, SOURCES

TEXT = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")


def about(room: str) -> str:
    """Return what a room says of itself: the first line of its docstring."""
    source = SOURCES[room if room in SOURCES else f"gradviz.{room}"]
    return (ast.get_docstring(ast.parse(source.read_text(encoding="utf-8"))) or "").splitlines()[0]


def the_map() -> str:
    """Render the floors, the highest first."""
    lines = ["| floor | room | what it is |", "| --- | --- | --- |"]
    for height, rooms in reversed(list(enumerate(FLOORS, 1))):
        lines += [f"| {height} | `{room}` | {about(room)} |" for room in rooms]
    return "\n".join(lines)


def test_the_map_is_the_one_that_the_imports_are_held_to():
    shown = TEXT.partition("<!-- map -->\n")[2].partition("\n<!-- end of map -->")[0]
    assert shown == the_map(), f"put this between the map's two marks:\n{the_map()}"


def follow(title: str, copy: Path) -> list[Path]:
    """Do what the examples under a heading say; return the files that were touched."""
    section = TEXT.partition(f"### {title}\n")[2].partition("\n### ")[0]
    examples = re.findall(r"```python\n# (\S+?)(?:, after `(.*)`)?\n(.*?)```", section, re.DOTALL)
    for name, anchor, code in examples:
        file = copy / name
        assert file.exists() == bool(anchor), f"{name} is new where no anchor is given"
        lines = file.read_text(encoding="utf-8").splitlines(keepends=True) if anchor else []
        place = next((i for i, line in enumerate(lines, 1) if anchor in line), 0)
        assert bool(place) == bool(anchor), f"{name} has no line with {anchor}"
        file.write_text("".join([*lines[:place], code, *lines[place:]]), encoding="utf-8")
    return [copy / name for name, _, _ in examples]


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project with one more network, format, representation and page, each added as CONTRIBUTING says."""
    root = tmp_path_factory.mktemp("copy") / "gradviz"
    for name in ("gradviz", "pages", "tests", ".streamlit"):
        shutil.copytree(ROOT / name, root / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("app.py", "pyproject.toml", "README.md", "CONTRIBUTING.md"):
        shutil.copyfile(ROOT / name, root / name)
    (root / "assets").symlink_to(ROOT / "assets")
    assert [len(follow(title, root)) for title in ("Network", "Data set format", "Representation", "Page")] == [
        1,
        2,
        1,
        2,
    ]
    return root


def python(copy: Path, *arguments: str, code: int = 0) -> str:
    """Run Python in the copy; return all that it says."""
    environment = os.environ | {"PYTHONPATH": str(copy), "GRADVIZ_HOME": str(copy / "home")}
    command = [sys.executable, *arguments]
    done = subprocess.run(command, cwd=copy, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout + (done.stderr if code else "")


def pictures(folder: Path) -> Path:
    """Write a list of JSON lines with two classes of the demo's pictures."""
    folder.mkdir()
    names = sorted((ROOT / "assets/demo/JPEGImages").iterdir())[:12]
    for name in names:
        shutil.copyfile(name, folder / name.name)
    lines = [{"path": name.name, "label": "one" if i % 2 else "two"} for i, name in enumerate(names)]
    (folder / "list.jsonl").write_text("\n".join(map(json.dumps, lines)))
    return folder / "list.jsonl"


def test_what_was_added_works(copy: Path, tmp_path: Path):
    weights = tmp_path / "ten.safetensors"
    python(
        copy,
        "-c",
        "import torch; from safetensors.torch import save_file; from gradviz.networks import NETWORKS\n"
        "torch.manual_seed(0)\n"
        f"save_file(NETWORKS['alexnet64_10'].function()(num_classes=10).state_dict(), {str(weights)!r})",
    )
    listed = {row["name"]: row for row in json.loads(python(copy, "-m", "gradviz", "networks", "--json"))}
    assert "s7" in listed["alexnet64_10"]["representations"]
    line = ["-m", "gradviz", "evaluate", str(pictures(tmp_path / "pictures")), "--network", "alexnet64_10"]
    line += ["--weights", str(weights), "--representation", "s7", "--train", "train", "--test", "val", "--json"]
    scored = json.loads(python(copy, *line))
    assert set(scored["per_class"]) == {"one", "two"}
    assert "JSON lines" in python(copy, "-m", "gradviz", "evaluate", "--help")
    said = python(
        copy,
        "-c",
        "import sys; sys.argv = ['app.py']\n"
        "from streamlit.testing.v1 import AppTest\n"
        "from tests.pages.apps import APP, at\n"
        "page = at(AppTest.from_file(str(APP), default_timeout=60), 'pages/explore/alignment.py')\n"
        "print(page.title[0].value, list(page.dataframe[0].value))",
    )
    assert said.splitlines()[-1] == "Alignment ['x6', 'dy7', 'dW7']"


def test_what_was_added_passes_and_what_was_forgotten_is_named(copy: Path):
    tests = ("tests/networks/test_table.py", "tests/networks/test_classes.py", "tests/test_imports.py")
    python(copy, "-m", "pytest", "-q", "-p", "no:cacheprovider", *tests)
    said = python(
        copy,
        *("-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/datasets/test_formats.py"),
        *("tests/pages/test_every_page.py", "tests/features/test_compute.py", "-k", "not opens and not damage"),
        code=1,
    )
    for forgotten in (
        "JSON lines",
        "pages/explore/alignment.py has no tests: write tests/pages/test_alignment_page.py",
        "REPRESENTATIONS has 's': give tests/reference.py its slow definition in ORACLES",
    ):
        assert forgotten in said, said[-3000:]
