"""Change one operator, constant, condition or returned value at a time and list the changes that no test notices.

Run from the project's folder: python -m tests.benchmarks.mutants [MINUTES] [SEED] [FILE ...]
A sample of all mutants is drawn with the seed (0), and as many are tried as fit into the minutes (15); with names of
files, of those alone. Each is written into a copy of the checkout and tried by the tests of its module, until one
fails.
"""

import ast
import copy
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from tests.conftest import ROOT

TESTS = {
    "gradviz/networks/head.py": "tests/networks/test_head.py",
    "gradviz/networks/splitting.py": "tests/networks/test_splitting.py tests/networks/test_custom.py",
    "gradviz/networks/custom.py": "tests/networks/test_custom.py tests/test_identity.py",
    "gradviz/networks/fingerprint.py": "tests/networks/test_fingerprint.py tests/networks/test_custom.py",
    "gradviz/networks/weights.py": "tests/networks/test_weights.py tests/networks/test_loading.py",
    "gradviz/networks/loading.py": "tests/networks/test_loading.py tests/networks/test_custom.py",
    "gradviz/features/compute.py": "tests/features/test_compute.py tests/features/test_extraction.py",
    "gradviz/features/extraction.py": "tests/test_identity.py tests/features/test_extraction.py",
    "gradviz/features/pseudo_labels.py": "tests/features/test_pseudo_labels.py tests/test_identity.py",
    "gradviz/features/store/entry.py": "tests/features/test_store.py tests/features/test_repairing.py",
    "gradviz/features/store/older.py": "tests/features/test_store.py tests/features/test_extraction.py",
    "gradviz/features/store/repairing.py": "tests/features/test_repairing.py",
    "gradviz/export.py": "tests/test_export.py",
    "gradviz/cli/like.py": "tests/cli/test_like.py",
    "gradviz/kernels.py": "tests/test_kernels.py",
    "gradviz/metrics.py": "tests/test_metrics.py",
    "gradviz/svm.py": "tests/test_svm.py",
    "gradviz/representations.py": "tests/test_representations.py tests/test_identity.py",
    "gradviz/ui/selection.py": "tests/ui/test_selection.py tests/test_identity.py",
}
SWAPS = {
    **{ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.FloorDiv: ast.Mult},
    **{ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq},
    **{ast.And: ast.Or, ast.Or: ast.And, ast.In: ast.NotIn, ast.NotIn: ast.In, ast.Is: ast.IsNot, ast.IsNot: ast.Is},
}


def mutants(file: str) -> Iterator[tuple[str, str]]:
    """Yield what was changed, and the source with this one change."""
    tree = ast.parse((ROOT / file).read_text())
    for number, node in enumerate(ast.walk(tree)):
        for what, change in changes(node):
            other = copy.deepcopy(tree)
            change(next(n for i, n in enumerate(ast.walk(other)) if i == number))
            yield f"{file}:{getattr(node, 'lineno', 0)} {what}", ast.unparse(ast.fix_missing_locations(other))


def changes(node: ast.AST) -> list:
    """List the changes of a node: a description, and a function that makes it."""
    found = []
    for field, operator in ((f, getattr(node, f, None)) for f in ("op", "ops")):
        first = operator[0] if isinstance(operator, list) and operator else operator
        if type(first) in SWAPS:
            new = SWAPS[type(first)]()
            value = [new, *operator[1:]] if isinstance(operator, list) else new
            name = f"{type(first).__name__} -> {type(new).__name__}"
            found.append((name, lambda n, field=field, value=value: setattr(n, field, value)))
    if isinstance(node, ast.Constant) and type(node.value) in (int, float, bool):
        other = (not node.value) if isinstance(node.value, bool) else node.value + 1
        found.append((f"{node.value} -> {other}", lambda n: setattr(n, "value", other)))
    if isinstance(node, (ast.If, ast.IfExp, ast.While)):
        found.append(("not", lambda n: setattr(n, "test", ast.UnaryOp(ast.Not(), n.test))))
    if isinstance(node, ast.Return) and node.value and not isinstance(node.value, ast.Constant):
        found.append(("return None", lambda n: setattr(n, "value", ast.Constant(None))))
    if isinstance(node, ast.Dict) and len(node.keys) > 1:
        found += [(f"without {ast.unparse(k)}", lambda n, i=i: _drop(n, i)) for i, k in enumerate(node.keys) if k]
    return found


def _drop(node: ast.Dict, i: int) -> None:
    del node.keys[i], node.values[i]


def main() -> None:
    """Try a sample and print it."""
    minutes, seed = (float(text) for text in [*sys.argv[1:3], *("15", "0")[len(sys.argv) - 1 :]])
    whole = [(file, *mutant) for file in sys.argv[3:] or TESTS for mutant in mutants(file)]
    random.Random(int(seed)).shuffle(whole)
    until, ends = time.monotonic() + 60 * minutes, Counter()
    folder = Path(tempfile.mkdtemp())
    shutil.copytree(ROOT, folder / "copy", ignore=shutil.ignore_patterns(".git", ".venv", "__pycache__"))
    environment = {**os.environ, "PYTHONPATH": str(folder / "copy"), "PYTHONDONTWRITEBYTECODE": "1"}
    environment.setdefault("GRADVIZ_TEST_DATA", str(ROOT.parent / "shared" / "data"))
    for file, what, source in whole:
        if time.monotonic() > until:
            break
        (folder / "copy" / file).write_text(source)
        command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *TESTS[file].split()]
        try:
            run = subprocess.run(
                command, cwd=folder / "copy", env=environment, capture_output=True, timeout=300, check=False
            )
            end = "killed" if run.returncode == 1 else "broken" if run.returncode else "survived"
        except subprocess.TimeoutExpired:
            end = "timed out"
        ends[end] += 1
        print(f"{end:9s} {what}", flush=True)
        shutil.copyfile(ROOT / file, folder / "copy" / file)
    shutil.rmtree(folder)
    told = ", ".join(f"{count} {end}" for end, count in sorted(ends.items()))
    print(f"{told}; a sample of {len(whole)} drawn with the seed {seed:g}")


if __name__ == "__main__":
    main()
