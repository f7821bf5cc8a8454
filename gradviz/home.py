"""This computer: where gradviz keeps what it computes, where it finds what it ships, and how many cores it may use."""

import os
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent
DASHBOARD = _PACKAGE / "dashboard" if (_PACKAGE / "dashboard").is_dir() else _PACKAGE.parent
"""Folder of app.py, its pages, Streamlit's settings and the assets: in an installed package, or a checkout's top."""
ASSETS = DASHBOARD / "assets"
"""What the program ships: the small network, the demo pictures."""


def home(path: str | Path | None = None) -> Path:
    """Return the folder for features, data sets and weights: `path`, else $GRADVIZ_HOME, else ~/.cache/gradviz.

    Inside it: `store/` (features), `datasets/`, `weights/`. Nothing is created here.
    """
    chosen = path or os.environ.get("GRADVIZ_HOME") or Path.home() / ".cache" / "gradviz"
    return Path(chosen).expanduser().resolve()


def cores() -> int:
    """Count the CPU cores that this process may use: in a container or on a cluster fewer than the computer has."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
