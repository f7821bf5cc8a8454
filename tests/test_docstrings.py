"""Functions that a notebook calls say what they take, return and raise, in numpydoc's sections."""

import ast
import re
from pathlib import Path

import pytest

import gradviz
from gradviz import errors

FOLDER = Path(gradviz.__file__).parent
FILES = [
    *("experiment", "board", "spec", "representations", "kernels", "metrics", "retrieval", "svm", "embedding"),
    *("figures", "export", "command_line"),
    *("results", "callbacks", "datasets/catalogue", "datasets/image_set", "datasets/reading"),
    *("networks/table", "networks/loading", "networks/weights", "networks/head", "networks/transforms"),
    *("networks/custom", "features/extraction", "features/compute", "features/pseudo_labels"),
    *("features/one_image", "features/stages"),
    *("features/store/__init__", "features/store/entry", "download/fetch", "download/voc", "download/weights"),
]
"""What people call from a notebook; what only gradviz itself calls is left out."""
COMMON = {"self", "cls", "progress", "cancel", "home"}
"""Explained once: the last three by gradviz.callbacks and gradviz.home."""
OWN_ERRORS = {name for name, found in vars(errors).items() if isinstance(found, type)}
OWN_ERRORS |= {"Missing", "Damaged", "HostError", "DamagedError"}
SHAPE = re.compile(r"\([\w.]+,[\w., ]*\)")


def public(body, owner=""):
    """Yield the name, the function and the docstring of each; a class's docstring speaks for its __init__."""
    for node in body:
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            yield from public(node.body, f"{node.name}.")
            for init in (n for n in node.body if isinstance(n, ast.FunctionDef) and n.name == "__init__"):
                yield f"{node.name}.__init__", init, ast.get_docstring(node) or ""
        elif isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
            yield owner + node.name, node, ast.get_docstring(node) or ""


def section(docstring, title):
    """Return a section's text, empty where there is none."""
    found = re.search(rf"^{title}\n-{{{len(title)}}}\n(.*?)(?=^\w+\n---|\Z)", docstring, re.M | re.S)
    return found[1] if found else ""


def faults(function, docstring):
    """Yield what a docstring lacks."""
    if not docstring:
        yield "no docstring"
    arguments = function.args
    every = (*arguments.posonlyargs, *arguments.args, arguments.vararg, *arguments.kwonlyargs, arguments.kwarg)
    taken = [one.arg for one in every if one and one.arg not in COMMON]
    named = re.findall(r"\w+", " ".join(re.findall(r"^([\w*][^:\n]*)", section(docstring, "Parameters"), re.M)))
    if len(taken) > 1 and set(taken) - set(named):
        yield f"Parameters without {', '.join(name for name in taken if name not in named)}"
    for node in (n for n in ast.walk(function) if isinstance(n, ast.Raise) and n.exc):
        name = getattr(node.exc.func if isinstance(node.exc, ast.Call) else node.exc, "id", "")
        if name in OWN_ERRORS and not re.search(rf"\bRaises?\b.*\b{name}\b", docstring, re.S):
            yield f"no Raises with {name}"
    first, result = docstring.split("\n\n")[0], ast.unparse(function.returns) if function.returns else ""
    if section(docstring, "Returns") or section(docstring, "Yields") or result == "Iterator[None]":
        return
    if re.search(r"\b(ndarray|NDArray|Tensor)\b", result):
        if not SHAPE.search(first):
            yield f"neither Returns nor a shape in the first sentence, for {result}"
    elif re.search(r"\b(dict|tuple|Mapping|Iterator)\b", result) and not re.match("Return|List|Yield", first):
        yield f"neither Returns nor a first sentence with Return or List, for {result}"


@pytest.mark.parametrize("file", FILES)
def test_docstrings_are_complete(file):
    functions = public(ast.parse((FOLDER / f"{file}.py").read_text("utf-8")).body)
    assert [f"{name}: {fault}" for name, function, doc in functions for fault in faults(function, doc)] == []


def test_what_is_missing_is_seen():
    source = """
def scale(K, by) -> np.ndarray:
    "Scale a kernel."
    if by < 0:
        raise ChoiceError("negative")
    return K * by
"""
    (function,) = ast.parse(source).body
    assert [*faults(function, ast.get_docstring(function))] == [
        "Parameters without K, by",
        "no Raises with ChoiceError",
        "neither Returns nor a shape in the first sentence, for np.ndarray",
    ]
