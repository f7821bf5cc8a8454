"""What a notebook imports."""

import subprocess
import sys

import gradviz


def test_its_names_are_there_and_listed() -> None:
    from gradviz.datasets import find
    from gradviz.experiment import Experiment
    from gradviz.spec import Spec

    assert (gradviz.find, gradviz.Experiment, gradviz.Spec) == (find, Experiment, Spec)
    assert set(gradviz.__all__) <= set(dir(gradviz))
    assert not hasattr(gradviz, "bench")
    assert gradviz.__version__.count(".") == 2


def test_importing_it_loads_nothing_heavy_and_takes_no_time() -> None:
    code = """
import sys, time
start = time.perf_counter()
import gradviz
taken = time.perf_counter() - start
assert not {"torch", "numpy", "zarr", "sklearn", "streamlit", "plotly"} & set(sys.modules)
gradviz.Spec
assert "torch" not in sys.modules
assert taken < 0.3, taken
"""
    subprocess.run([sys.executable, "-c", code], check=True)
