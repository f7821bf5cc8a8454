"""What is declared, what travels in the wheel, and how an installed gradviz behaves outside the checkout."""

import ast
import http.client
import json
import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import sysconfig
import tomllib
import zipfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import gradviz
from gradviz.cli import main
from tests.browser.chromium import browsing, page_of
from tests.conftest import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
EXTRAS = PROJECT["optional-dependencies"]
TOOLS = {"hatchling", "pytest-xdist"}
"""Run as a program by these tests, or by pytest, not imported."""
STAYS_BEHIND = ("assets/demo_source/", "assets/render_demo.py", "assets/kernels.png", "assets/network.png")
"""The demo pictures' generator and the README's picture: in the sdist, not in the wheel."""
DASHBOARD = ("app.py", "pages", "assets", ".streamlit")


# What is declared


def distributions(*places: str) -> set[str]:
    """Return the distributions that the files in these places import."""
    files = [file for place in places for file in ROOT.glob(place)]
    nodes = [node for file in files for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))]
    names = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    names |= {node.module for node in nodes if isinstance(node, ast.ImportFrom) and node.module}
    tops = {name.split(".")[0] for name in names} - set(sys.stdlib_module_names)
    # Ours: the packages, and the generator in assets.
    tops -= {"gradviz", "pages", "tests", "render_demo"}
    where = packages_distributions()
    return {canonicalize_name(where[top][0] if top in where else top) for top in tops}


def declared(requirements: list[str]) -> set[str]:
    return {canonicalize_name(Requirement(text).name) for text in requirements}


def test_the_program_declares_what_it_imports_and_nothing_else():
    imported = distributions("app.py", "gradviz/**/*.py", "pages/**/*.py")
    assert {"torch", "zstandard"} <= imported
    assert imported - declared(PROJECT["dependencies"]) == set()
    assert declared(PROJECT["dependencies"]) - imported == set()


def test_the_tests_declare_what_they_import_beside_the_program():
    imported = distributions("tests/**/*.py") - declared(PROJECT["dependencies"])
    assert imported == declared(EXTRAS["test"] + EXTRAS["bench"]) - TOOLS


def test_every_declared_library_is_pinned_within_its_range():
    lines = (ROOT / ".ci/constraints.txt").read_text().splitlines()
    pins = dict(line.split("==") for line in lines if line and not line.startswith("#"))
    assert not [pin for pin in pins.values() if not re.fullmatch(r"[\d.a-z]+", pin)]
    pins = {str(canonicalize_name(name)): pin for name, pin in pins.items()}
    for text in [*PROJECT["dependencies"], *(r for extra in EXTRAS.values() for r in extra)]:
        requirement = Requirement(text)
        assert requirement.specifier.contains(pins[canonicalize_name(requirement.name)]), text
    told = re.search(r"tests run on Python (\S+) with (.*?) and the other", README, re.DOTALL)
    assert told
    assert {name.lower(): version for name, version in re.findall(r"(\S+) ([\d.]+)", told[2])} == {
        name: pins[name] for name in ("torch", "torchvision", "streamlit")
    }
    assert f"Programming Language :: Python :: {told[1]}" in PROJECT["classifiers"]


def test_the_version_is_told_everywhere(capsys):
    with pytest.raises(SystemExit, match="0"):
        main(["--version"])
    assert capsys.readouterr().out == f"gradviz {gradviz.__version__}\n"
    released = re.findall(r"^## \[(\d.*?)\] - (\S+)$", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    citation = (ROOT / "CITATION.cff").read_text()
    cited = dict(re.findall(r'^(version|date-released): "([^"]+)', citation, re.MULTILINE))
    assert (cited["version"], cited["date-released"]) == released[0]
    assert released[0][0] == gradviz.__version__


def test_the_licence_names_what_is_not_free_for_every_use():
    for file in ("LICENSE", "CITATION.cff", "assets/README.md", "README.md"):
        text = " ".join((ROOT / file).read_text().split())
        assert "alexnet64" in text, file
        assert "non-commercial" in text, file
    assert PROJECT["license"].startswith("MIT AND OFL-1.1 AND LicenseRef-")


# The wheel, installed into an environment of its own


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this checkout."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    (built,) = folder.iterdir()
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The `bin` of a fresh environment that holds gradviz from its wheel.

    The libraries are those of the environment that runs the tests: a .pth names its folders (a .pth in these folders,
    such as the one of an editable gradviz, is not followed then).
    """
    folder = tmp_path_factory.mktemp("installed")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    programs = folder / ("Scripts" if os.name == "nt" else "bin")
    python = programs / Path(sys.executable).name
    site = Path(told(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))").strip())
    (site / "libraries.pth").write_text(f"{sysconfig.get_path('purelib')}\n{sysconfig.get_path('platlib')}\n")
    # Somebody else's package of the same name as our folder of pages.
    (site / "pages").mkdir()
    (site / "pages" / "__init__.py").write_text("raise ImportError('somebody else')\n")
    pip = [sys.executable, "-m", "pip", "--python", str(python), "install", "-q", "--no-deps", "--no-index"]
    subprocess.run([*pip, str(wheel)], check=True, env=clean())
    return programs


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A working directory with a home whose files try to interfere: Streamlit's settings, a package named pages."""
    folder = tmp_path_factory.mktemp("elsewhere")
    for place in (folder, folder / "home"):
        (place / ".streamlit").mkdir(parents=True)
        (place / ".streamlit/config.toml").write_text(
            '[server]\naddress = "0.0.0.0"\nallowedHosts = ["*"]\n[client]\nshowErrorDetails = "full"\n'
        )
    (folder / "pages").mkdir()
    (folder / "pages/__init__.py").write_text("raise ImportError('somebody else')\n")
    return folder


def clean(**more: str) -> dict[str, str]:
    """Return the environment without what would lead to the checkout or change Streamlit's settings."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "STREAMLIT", "PIP_"))}
    return kept | more


def told(*command: object, cwd: Path | None = None, env: dict[str, str] | None = None) -> str:
    arguments = [*map(str, command)]
    ended = subprocess.run(arguments, cwd=cwd, env=env or clean(), capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


def python_of(installed: Path) -> Path:
    return installed / Path(sys.executable).name


def test_what_travels_in_the_wheel(wheel: Path):
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False).stdout.splitlines()
    if not listed:
        pytest.skip("Not a git checkout: nobody says which files belong to it")
    ours = [name for name in listed if (ROOT / name).is_file() and not name.startswith(STAYS_BEHIND)]
    expected = {name for name in ours if name.startswith("gradviz/")}
    expected |= {f"gradviz/dashboard/{name}" for name in ours if name.split("/")[0] in DASHBOARD}
    with zipfile.ZipFile(wheel) as archive:
        names = {name for name in archive.namelist() if ".dist-info/" not in name}
        about = next(archive.read(name).decode() for name in archive.namelist() if name.endswith("/METADATA"))
    assert names == expected
    assert f"Version: {gradviz.__version__}\n" in about
    assert wheel.stat().st_size < 30e6


def test_an_installed_gradviz_answers(installed: Path, elsewhere: Path, kept: Path):
    def run(*command: object) -> str:
        return told(*command, cwd=elsewhere, env=clean(GRADVIZ_HOME=str(kept)))

    python = python_of(installed)
    where = run(python, "-c", "import gradviz; print(gradviz.__file__)").strip()
    assert Path(where).is_relative_to(installed.parent)
    assert run(installed / "gradviz", "--version") == f"gradviz {gradviz.__version__}\n"
    assert "alexnet64" in run(python, "-m", "gradviz", "networks")
    verb = ("evaluate", "demo", "--representation", "dW6", "--train", "trainval", "--test", "test")
    assert f"gradviz {' '.join(verb)}" in README
    assert 55 < json.loads(run(installed / "gradviz", *verb, "--json"))["mean_ap"] < 70
    # The README's cell of a notebook, as it stands there.
    (cell,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    assert 55 < float(run(python, "-c", cell)) < 70


# The README's two commands. The gate runs the one for the tests as it stands; here are the parts of both.


def steps_under(mark: str) -> list[list[str]]:
    """Return the steps of the command under a mark of the README, each as its words."""
    command = README.partition(f"<!-- {mark} -->\n```sh\n")[2].partition("\n```")[0]
    return [shlex.split(step) for step in command.split("&&")]


@pytest.mark.parametrize("mark", ["start", "tests"])
def test_a_command_of_the_readme_installs_this_project(mark: str):
    environment, install, _ = steps_under(mark)
    assert environment == ["python3", "-m", "venv", ".venv"]
    assert install[:3] == [".venv/bin/pip", "install", "-r"]
    assert "-e ." in (ROOT / install[3]).read_text() or "-e .[test]" in (ROOT / install[3]).read_text()


def test_the_readmes_start_opens_the_dashboard(kept: Path):
    program, *words = steps_under("start")[-1]
    program = Path(sys.executable).parent / Path(program).name
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    variables = {"STREAMLIT_SERVER_HEADLESS": "true", "STREAMLIT_SERVER_PORT": str(port), "GRADVIZ_HOME": str(kept)}
    command = [str(program), *words]
    with subprocess.Popen(command, cwd=ROOT, env=clean(**variables), stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout
            assert any("URL: " in line for line in server.stdout)
            assert answer(port, f"localhost:{port}") == 101
        finally:
            server.kill()
    assert steps_under("tests")[-1] == [".venv/bin/python", "-m", "pytest", "-n", "2", "--dist", "loadfile"]


# The dashboard of an installed gradviz


@contextmanager
def dashboard(
    installed: Path, elsewhere: Path, kept: Path, *options: str, module: bool = False, hosts: str | None = None
) -> Iterator[tuple[int, subprocess.Popen[str]]]:
    """Run `gradviz app` in the hostile working directory: yield its port and the process."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    start = [python_of(installed), "-m", "gradviz"] if module else [installed / "gradviz"]
    command = [*map(str, start), "app", "--server.headless", "true", "--server.port", str(port), *options]
    variables = {"HOME": str(elsewhere / "home"), "USERPROFILE": str(elsewhere / "home"), "GRADVIZ_HOME": str(kept)}
    if hosts:
        variables["STREAMLIT_SERVER_ALLOWED_HOSTS"] = hosts
    pipe = subprocess.PIPE
    with subprocess.Popen(
        command, cwd=elsewhere, env=clean(**variables), stdout=pipe, stderr=subprocess.STDOUT, text=True
    ) as server:
        try:
            assert server.stdout
            said = ""
            while "URL: " not in said:
                said += (line := server.stdout.readline())
                assert line, said
            yield port, server
        finally:
            server.kill()


def answer(port: int, host: str) -> int:
    """Return the status with which the page's WebSocket is opened (101) or refused under a host's name."""
    asking = {"Host": host, "Connection": "Upgrade", "Upgrade": "websocket"}
    asking |= {"Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "A" * 22 + "=="}
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=20)) as connection:
        connection.request("GET", "/_stcore/stream", headers=asking)
        with connection.getresponse() as response:
            return response.status


def listening(port: int) -> set[str]:
    """Return the addresses, as the kernel writes them, on which something listens at this port."""
    found = set()
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        for row in Path(table).read_text().splitlines()[1:]:
            address, number = row.split()[1].split(":")
            if row.split()[3] == "0A" and int(number, 16) == port:
                found.add(address)
    return found


LOOPBACK = f"{int.from_bytes(socket.inet_aton('127.0.0.1'), sys.byteorder):08X}"
on_linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc/net/tcp")


@on_linux
@pytest.mark.parametrize("module", [False, True], ids=["gradviz", "python -m gradviz"])
def test_an_installed_dashboard_answers_this_computer_only(installed, elsewhere, kept, module):
    with dashboard(installed, elsewhere, kept, module=module) as (port, server):
        assert listening(port) == {LOOPBACK}
        assert answer(port, f"localhost:{port}") == 101
        assert answer(port, "attacker.example") == 403
        server.send_signal(signal.SIGINT)
        said = server.communicate(timeout=30)[0]
        assert server.returncode == 0, said
        assert "Traceback" not in said


@on_linux
def test_a_users_own_option_and_environment_win(installed, elsewhere, kept):
    wide = ("--server.address", "0.0.0.0")
    with dashboard(installed, elsewhere, kept, *wide, hosts="lecture.example") as (port, _):
        assert listening(port) == {"00000000"}
        assert answer(port, "lecture.example") == 101
        assert answer(port, "attacker.example") == 403


@pytest.fixture(scope="module")
def browser() -> Iterator:
    with browsing() as browser:
        yield browser


@pytest.mark.browser
def test_an_installed_dashboard_shows_its_pages_and_no_details_of_errors(installed, elsewhere, kept, browser):
    own = elsewhere / "holidays"
    for number in range(1, 9):
        (own / "ab"[number % 2]).mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / f"assets/demo/JPEGImages/{number:06d}.jpg", own / "ab"[number % 2])
    # A folder is named relative to where the command is typed.
    with (
        dashboard(installed, elsewhere, kept, "--dataset", "holidays", module=True) as (port, _),
        page_of(browser, f"http://127.0.0.1:{port}/?data=holidays") as page,
    ):
        page.locator("canvas").first.wait_for(timeout=120_000)
        page.get_by_text("8 of 8 images").wait_for()
        page.get_by_role("link", name="SVM").click()
        page.locator(".scores-line").first.wait_for(timeout=120_000)
        broken = next(installed.parent.rglob("dashboard/pages/data/data.py"))
        whole = broken.read_text()
        broken.write_text("raise RuntimeError('what nobody should read')\n")
        try:
            page.get_by_role("link", name="Data").click()
            page.get_by_test_id("stException").wait_for(timeout=120_000)
        finally:
            broken.write_text(whole)
        shown = page.get_by_test_id("stException").inner_text()
        assert "error" in shown.lower()
        assert "what nobody should read" not in page.content()
        assert "data.py" not in page.content()


# Mistakes


def test_a_dashboard_is_not_started_on_a_mistake(gradviz, monkeypatch):
    code, out, err = gradviz("app", "--dataset", "nonexistent")
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert "no data set or folder 'nonexistent'" in err
    code, out, err = gradviz("app", "photographs")
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert "unrecognized arguments: photographs" in err
    monkeypatch.setitem(sys.modules, "streamlit", None)
    code, out, err = gradviz("app")
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert "pip install streamlit" in err
