"""Draw in the browser what Plotly cannot: linked heatmaps, linked maps with a lasso, a gallery.

Each component is one Python face and one .js file. Data travel as raw bytes: the length of a JSON header (uint32,
little endian), the header, then the parts whose byte lengths the header lists. No data become HTML in the browser.
"""

import json
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import streamlit as st

_FOLDER = Path(__file__).parent


def pack(header: Mapping[str, Any], *parts: bytes) -> bytes:
    """Join a JSON header and binary parts into the one payload that a component receives."""
    text = json.dumps({**header, "parts": [len(part) for part in parts]}, separators=(",", ":")).encode()
    return b"".join((struct.pack("<I", len(text)), text, *parts))


def register(name: str, *scripts: str) -> Any:
    """Register a component made of common.js and the named scripts, joined: an inline module cannot import another."""
    source = "\n".join((_FOLDER / script).read_text(encoding="utf-8") for script in ("common.js", *scripts))
    css = (_FOLDER / "components.css").read_text(encoding="utf-8")
    return st.components.v2.component(f"gradviz_{name}", html="<div class='root'></div>", css=css, js=source)


def nothing() -> None:
    """Do nothing: Streamlit reports only those values for which a callback is declared."""
