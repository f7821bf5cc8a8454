import platform

import numpy as np

import gradviz
from gradviz import versions as module
from gradviz.versions import versions


def test_python_and_every_library_are_named(monkeypatch):
    monkeypatch.setattr(module, "LIBRARIES", ("numpy", "a-library-that-nobody-wrote"))
    assert versions() == {
        "gradviz": gradviz.__version__,
        "python": platform.python_version(),
        "numpy": np.__version__,
        "a-library-that-nobody-wrote": None,
    }


def test_what_results_depend_on_is_listed():
    assert {"gradviz", "torch", "torchvision", "umap-learn", "scikit-learn", "scipy", "pillow"} <= {
        name for name, found in versions().items() if found
    }
