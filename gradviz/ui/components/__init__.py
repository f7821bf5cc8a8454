"""Draw in the browser what Plotly cannot: linked heatmaps, linked maps with a lasso, a gallery.

Each component is a Python module and its .js files. Data are sent as raw bytes: the length of a JSON header (uint32,
little endian), the header, then the parts whose byte lengths the header lists. Data never become HTML in the browser.
"""

import hashlib
import json
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from streamlit.components import v2

from gradviz.ui import noted

_FOLDER = Path(__file__).parent
CSS = (_FOLDER / "components.css").read_text(encoding="utf-8")
SCRIPTS: dict[str, str] = {}
"""The script of each component by its name, as the browser gets it; reports hold the same."""


def pack(header: Mapping[str, Any], *parts: bytes) -> bytes:
    """Join a JSON header and binary parts into the payload that a component receives."""
    text = json.dumps({**header, "parts": [len(part) for part in parts]}, separators=(",", ":")).encode()
    return b"".join((struct.pack("<I", len(text)), text, *parts))


def fingerprint(header: Mapping[str, Any], *parts: bytes) -> str:
    """Return a short digest of what a component is given, by which its script notices that nothing has changed."""
    return hashlib.blake2b(json.dumps(header).encode() + b"".join(parts), digest_size=8).hexdigest()


def register(name: str, *scripts: str) -> Any:
    """Register a component whose script is the shared ones and those named joined: inline modules import nothing."""
    scripts = ("colour.js", "common.js", *scripts)
    source = "\n".join((_FOLDER / script).read_text(encoding="utf-8") for script in scripts)
    SCRIPTS[name] = source
    mount = v2.component(f"gradviz_{name}", html="<div class='root'></div>", css=CSS, js=source)

    def draw(*, data: bytes, key: str, **callbacks: Any) -> Any:
        noted.figure(name, key, data)
        return mount(data=data, key=key, **callbacks)

    return draw


def nothing() -> None:
    """Do nothing: Streamlit reports only those values for which a callback is declared."""
