"""`gradviz app`: the dashboard under Streamlit, wherever gradviz is installed and whatever the working directory is.

The settings are those of `.streamlit/config.toml` beside app.py. Streamlit reads that file after the user's
`~/.streamlit/config.toml` and the working directory's, so what it sets holds; environment variables (STREAMLIT_...)
and options on the command line come later still and win.
"""

import argparse
import importlib.util
import runpy
import sys
from collections.abc import Sequence
from pathlib import Path

from gradviz.errors import GradvizError
from gradviz.home import DASHBOARD

EPILOG = """\
Further options go to Streamlit as they are, such as --server.port 8600 or --server.headless true. The dashboard answers
this computer only; for others, say where it listens and what they type: --server.address 0.0.0.0
--server.allowedHosts 192.168.1.20. `python -m streamlit run --help` lists all options. Ctrl-C ends it."""


def add_options(parser: argparse.ArgumentParser) -> None:
    """Describe the sub-command's own option and whose the others are."""
    parser.usage = f"{parser.prog} [-h] [--dataset FOLDER ...] [--[no-]allow-downloads] [STREAMLIT'S OPTIONS]"
    parser.epilog = EPILOG
    parser.add_argument(
        "--dataset",
        nargs="+",
        action="extend",
        default=[],
        metavar="FOLDER",
        help="photographs to choose from beside those on this computer: a name (see datasets) or a folder",
    )
    parser.add_argument(
        "--allow-downloads",
        action=argparse.BooleanOptionalAction,
        help="let visitors fetch data sets and weights onto this computer; without the option only where the "
        "dashboard listens on this computer alone and nothing in a request speaks of a proxy. Behind a proxy on the "
        "same computer say --no-allow-downloads: one that adds no header cannot be noticed",
    )


def parse(parser: argparse.ArgumentParser, argv: Sequence[str] | None) -> argparse.Namespace:
    """Read the command line; what `app` does not know itself is kept for Streamlit, elsewhere it is a mistake."""
    arguments, further = parser.parse_known_args(argv)
    stray = further if arguments.run is not run else [word for word in further[:1] if not word.startswith("--")]
    if stray:
        parser.error(f"unrecognized arguments: {' '.join(stray)}")
    arguments.further = further
    return arguments


def run(arguments: argparse.Namespace) -> None:
    """Serve the dashboard until it is stopped."""
    if importlib.util.find_spec("streamlit") is None:
        raise GradvizError("The dashboard needs Streamlit, which is not installed: `pip install streamlit`.")
    from gradviz.datasets import find

    chosen = [str(Path(name).expanduser()) for name in arguments.dataset]
    for name in chosen:
        find(name)
    for_page = [text for name in chosen for text in ("--dataset", name)]
    if arguments.allow_downloads is not None:
        for_page.append("--allow-downloads" if arguments.allow_downloads else "--no-allow-downloads")
    # What `python -m streamlit run` does, without a second process that signals would have to reach, and without the
    # working directory on the path, where a folder named like one of our packages may lie.
    sys.argv = ["streamlit", "run", str(DASHBOARD / "app.py"), *arguments.further, "--", *for_page]
    runpy.run_module("streamlit", run_name="__main__", alter_sys=True)
