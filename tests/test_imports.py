"""Hold the house's plan: which rooms there are, and that each knows only what stands below it."""

import ast
import subprocess
import sys
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.pages.apps import page_table

# Floors from the bottom up. A room imports what stands on lower floors; within a package modules know each other as
# long as no circle comes of it. A new module at the top of gradviz/ has to be given its floor here.
FLOORS: tuple[tuple[str, ...], ...] = (
    ("errors", "home", "versions", "words"),
    ("callbacks", "representations"),
    ("networks", "metrics", "placement", "spec"),
    ("datasets", "kernels", "svm", "embedding", "resampling", "retrieval", "command_line"),
    ("features", "download"),
    ("results",),
    ("experiment", "comparison", "figures", "export"),
    ("board", "ranking"),
    ("cli", "ui"),
    ("__main__", "app", "pages"),
)
ONLY = {"streamlit": {"ui", "app", "pages"}, "umap": {"embedding"}}
PICKLES = {"pickle", "_pickle", "dill", "joblib", "cloudpickle", "shelve", "marshal"}
# These answer `networks`, `datasets` and the first look at a page, which should not wait for torch.
QUICK = (
    *("gradviz.errors", "gradviz.callbacks", "gradviz.home", "gradviz.metrics", "gradviz.representations"),
    *("gradviz.spec", "gradviz.networks.table", "gradviz.networks.weights", "gradviz.networks.classes"),
    *("gradviz.datasets.formats", "gradviz.datasets.catalogue", "gradviz.features.store", "gradviz.ui.queue"),
)


def sources() -> dict[str, Path]:
    """Find every module of the program: dotted name -> file."""
    files = [*(ROOT / "gradviz").rglob("*.py"), *(ROOT / "pages").rglob("*.py"), *ROOT.glob("app.py")]
    found = {}
    for file in files:
        parts = file.relative_to(ROOT).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = file
    return found


SOURCES = sources()


@cache
def tree(module: str) -> ast.Module:
    return ast.parse(SOURCES[module].read_text(encoding="utf-8"))


def room(module: str) -> str:
    """Return the module or package that stands in FLOORS."""
    parts = module.split(".")
    return parts[1] if parts[0] == "gradviz" and len(parts) > 1 else parts[0]


def imports(module: str, *, late: bool = True) -> set[str]:
    """Return what a module imports, dotted; what stands inside functions or under TYPE_CHECKING too if `late`."""
    nodes, names = [tree(module)], set()
    while nodes:
        node = nodes.pop()
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module} imports relatively"
            whole = {f"{node.module}.{alias.name}" for alias in node.names}
            names |= {name if name in SOURCES else node.module for name in whole}
        deferred = isinstance(node, ast.FunctionDef) or (
            isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
        )
        if late or not deferred:
            nodes += ast.iter_child_nodes(node)
    return names


def of_ours(names: set[str]) -> set[str]:
    return {name for name in names if name.split(".")[0] in ("gradviz", "app", "pages")} - {"gradviz"}


def test_every_module_imports_only_what_stands_below():
    floor = {name: height for height, names in enumerate(FLOORS) for name in names}
    homeless = {room(module) for module in SOURCES} - {"gradviz"} - set(floor)
    assert not homeless, f"say in FLOORS where these stand: {sorted(homeless)}"
    wrong = [
        f"{module} imports {name}"
        for module in sorted(set(SOURCES) - {"gradviz"})
        for name in sorted(of_ours(imports(module)))
        if room(name) != room(module) and floor[room(name)] >= floor[room(module)]
    ]
    assert not wrong, "\n".join(wrong)


def test_no_module_stands_in_a_circle():
    graph = {module: of_ours(imports(module, late=False)) & set(SOURCES) - {module} for module in SOURCES}
    list(TopologicalSorter(graph).static_order())


def test_some_libraries_have_one_home_and_nothing_is_unpickled():
    wrong = []
    for module in sorted(SOURCES):
        names = {name.split(".")[0] for name in imports(module)}
        wrong += [
            f"{module} imports {lib}" for lib, homes in ONLY.items() if lib in names and room(module) not in homes
        ]
        wrong += [f"{module}, line {node.lineno} unpickles" for node in ast.walk(tree(module)) if unpickles(node)]
    assert not wrong, "\n".join(wrong)


def unpickles(node: ast.AST) -> bool:
    """Return whether this piece of code could unpickle something: numpy and torch have to be told not to."""
    if isinstance(node, ast.ImportFrom):
        return node.module in PICKLES
    if isinstance(node, ast.Import):
        return any(
            alias.name in PICKLES - {"pickle"} or (alias.name == "pickle" and alias.asname) for alias in node.names
        )
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "pickle":
        return node.attr != "UnpicklingError"  # the name of an error does no harm
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and isinstance(node.func.value, ast.Name):
        safe = {"np": ("allow_pickle", False), "torch": ("weights_only", True)}.get(node.func.value.id)
        if node.func.attr == "load" and safe:
            given = {word.arg: word.value.value for word in node.keywords if isinstance(word.value, ast.Constant)}
            return given.get(safe[0]) is not safe[1]
    return False


@pytest.mark.parametrize(
    "code",
    [
        "pickle.loads(x)",
        "from pickle import loads",
        "import pickle as p",
        "import joblib",
        "np.load(x)",
        "torch.load(x, map_location='cpu')",
        "torch.load(x, weights_only=False)",
    ],
)
def test_code_that_unpickles_is_recognised(code):
    assert any(map(unpickles, ast.walk(ast.parse(code))))


def import_without(modules: list[str], libraries: set[str]) -> None:
    """Import modules in a fresh process in which some libraries cannot be imported."""
    code = f"""
import importlib, sys
class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {sorted(libraries)!r}:
            raise ImportError(name + " is not there")
sys.meta_path.insert(0, Refuse())
for name in {modules!r}:
    importlib.import_module(name)
"""
    result = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr


def test_the_core_imports_without_streamlit_plotly_and_umap():
    core = [module for module in SOURCES if room(module) not in ("ui", "app", "pages", "__main__")]
    import_without(core, {"streamlit", "plotly", "umap"})


def test_pages_and_what_they_share_import_without_anything_heavy():
    """A page's script must not wait for torch: jobs import it."""
    opened = {f"pages.{'.'.join(Path(file).with_suffix('').parts[1:])}" for file, _ in page_table()}
    beside = [module for module in SOURCES if room(module) in ("ui", "pages") and module not in opened]
    assert len(beside) > 40
    import_without(beside, {"torch", "torchvision", "zarr", "sklearn", "scipy", "umap"})


def test_tables_and_jobs_import_without_anything_heavy():
    import_without(list(QUICK), {"torch", "torchvision", "zarr", "sklearn", "umap", "streamlit", "plotly"})
