"""Hold the direction of imports: a module knows only what stands below it."""

import ast
import subprocess
import sys
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

# From the bottom up; every module (a package counts as one) has its place here, and a new one must be given its own.
# Modules of a strand may import each other and everything in lower layers; strands of a layer do not know each other.
LAYERS: tuple[tuple[tuple[str, ...], ...], ...] = (
    (("errors", "callbacks", "home"),),
    (("pace", "connection", "incoming", "transfer"), ("heads", "alexnet64", "preprocess"), ("versions",)),
    (("networks", "class_names"), ("datasets",), ("representations", "kernels"), ("metrics",), ("store",)),
    (("weights", "weights_download", "splitting", "models", "own_network", "features", "pseudo_labels"), ("kept",)),
    (("extraction",), ("svm",), ("embedding",)),
    (("spec", "results", "bench", "experiment"), ("distributed",)),
    (("figures",), ("export",), ("console",)),
    (("commands", "doctor", "cli", "__main__"), ("jobs", "ui")),
    (("app", "pages"),),
)
ONLY = {"streamlit": {"ui", "app", "pages"}, "dask": {"distributed"}, "umap": {"embedding"}}
PICKLES = {"pickle", "_pickle", "dill", "joblib", "cloudpickle", "shelve", "marshal"}
# These answer `networks`, `datasets` and the first look at a page, which should not wait for torch.
QUICK = ("errors", "callbacks", "home", "networks", "datasets", "metrics", "store", "jobs")


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


def unit(module: str) -> str:
    """Name the module or package that stands in LAYERS."""
    parts = module.split(".")
    return parts[1] if parts[0] == "gradviz" and len(parts) > 1 else parts[0]


def imports(module: str, *, late: bool = True) -> set[str]:
    """Name what a module imports, dotted; those inside functions too if `late`."""
    nodes, names = [tree(module)], set()
    while nodes:
        node = nodes.pop()
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module} imports relatively"
            whole = {f"{node.module}.{alias.name}" for alias in node.names}
            names |= {name if name in SOURCES else node.module for name in whole}
        if late or not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            nodes += ast.iter_child_nodes(node)
    return names


def place(name: str) -> tuple[int, int]:
    """Find layer and strand of a unit."""
    return next(
        (height, index) for height, layer in enumerate(LAYERS) for index, strand in enumerate(layer) if name in strand
    )


def of_ours(names: set[str]) -> set[str]:
    return {unit(name) for name in names if name.split(".")[0] in ("gradviz", "app", "pages")} - {"gradviz"}


def test_every_module_has_one_place():
    placed = [name for layer in LAYERS for strand in layer for name in strand]
    assert len(placed) == len(set(placed))
    unplaced = {unit(module) for module in SOURCES} - {"gradviz"} - set(placed)
    assert not unplaced, f"say in LAYERS where these stand: {sorted(unplaced)}"


@pytest.mark.parametrize("module", sorted(set(SOURCES) - {"gradviz"}))
def test_a_module_imports_only_what_stands_below(module):
    height, strand = place(unit(module))
    for name in of_ours(imports(module)):
        below, other = place(name)
        assert below < height or (below, other) == (height, strand), f"{module} imports {name}"


def test_the_package_itself_imports_nothing():
    assert of_ours(imports("gradviz", late=False)) == set()


def test_no_circle():
    graph = {}
    for module in SOURCES:
        graph.setdefault(unit(module), set()).update(of_ours(imports(module, late=False)) - {unit(module)})
    list(TopologicalSorter(graph).static_order())


@pytest.mark.parametrize("module", sorted(SOURCES))
def test_some_libraries_have_one_home(module):
    names = {name.split(".")[0] for name in imports(module)}
    for library, homes in ONLY.items():
        assert library not in names or unit(module) in homes, f"{module} imports {library}"


def unpickles(node: ast.AST) -> bool:
    """Tell whether this piece of code could unpickle something: numpy and torch have to be told not to."""
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


@pytest.mark.parametrize("module", sorted(SOURCES))
def test_nothing_is_unpickled(module):
    lines = [node.lineno for node in ast.walk(tree(module)) if unpickles(node)]
    assert not lines, f"{module}, lines {lines}"


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
    core = [module for module in SOURCES if unit(module) not in ("ui", "app", "pages", "__main__")]
    import_without(core, {"streamlit", "plotly", "umap", "dask"})


def test_tables_and_jobs_import_without_anything_heavy():
    quick = [module for module in SOURCES if unit(module) in QUICK]
    import_without(quick, {"torch", "torchvision", "zarr", "sklearn", "umap", "streamlit", "plotly"})
