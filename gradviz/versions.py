"""The versions that a result was made with."""

import platform
from importlib.metadata import PackageNotFoundError, version

LIBRARIES = ("torch", "torchvision", "streamlit", "plotly", "umap-learn", "scikit-learn", "numpy")


def versions() -> dict[str, str | None]:
    """Name the versions of Python and of each library, None for one that is not installed."""
    return {"python": platform.python_version()} | {name: _version(name) for name in LIBRARIES}


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
