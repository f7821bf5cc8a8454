"""Gradient features of deep networks: their kernels, maps and classifiers (Deep Fishing, BMVC 2015).

import gradviz

lab = gradviz.Experiment("demo", gradviz.Spec(network="alexnet64", temperature=8))
print(lab.evaluate("dW6", train="trainval", test="test").mean_ap)
"""

import os
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gradviz.datasets import find
    from gradviz.experiment import Experiment
    from gradviz.spec import Spec

__version__ = "0.2.0"

__all__ = ["Experiment", "Spec", "__version__", "find"]

# torch's threads spin while they wait for each other. Beside decoding threads, a web server and a browser they then
# take the CPU from the work itself: extraction ran at half its speed. Read once, when torch is loaded.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

_HOMES = {"Experiment": "gradviz.experiment", "Spec": "gradviz.spec", "find": "gradviz.datasets"}


def __getattr__(name: str) -> Any:
    """Import what a notebook needs when it is first asked for: gradviz.experiment loads torch, which takes seconds."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = getattr(import_module(_HOMES[name]), name)
    return globals()[name]


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
