"""The versions that a result was made with."""

import platform
from importlib.metadata import PackageNotFoundError, version

from gradviz import __version__

LIBRARIES = (
    *("torch", "torchvision", "streamlit", "plotly", "umap-learn", "scikit-learn"),
    *("numpy", "scipy", "pillow"),
)
"""What results or their presentation depend on, by the names under which it is installed."""


def versions() -> dict[str, str | None]:
    """List the versions of gradviz, Python and each library, None for one that is not installed."""
    found = {"gradviz": __version__, "python": platform.python_version()}
    return found | {name: _version(name) for name in LIBRARIES}


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
