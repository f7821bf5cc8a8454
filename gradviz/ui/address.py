"""The address: the names that it may have, its numbers read as numbers, and the way back to a former one.

A step in the browser's history is an address like any other: whoever goes back finds the page with the choices in it.
What is selected is the same on every page, and no step takes it away.
"""

import math
import re
from pathlib import Path

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from gradviz.spec import OPTIONS
from gradviz.ui import chosen, refusals

_RENAMED = {"pseudo_label": "pseudo"}
NUMBERS = frozenset({"ten", "near", *(name for name, option in OPTIONS.items() if option.offered or option.bounds)})
"""Names whose values are numbers, or one of a few words."""
NAMES = frozenset(
    {
        *(_RENAMED.get(name, name) for name, option in OPTIONS.items() if option.title),
        *("data", "layer", "present", "pair", "chosen", "focus", "class", "among", "among_name"),
        *("missing_data", "missing_network", "tour"),
        *("cells", "second", "ten"),  # of Network
        *("order", "means", "scale", "range", "large", "part"),  # of Kernels
        *("colour", "svm_class", "map", "zoom"),  # of Map
        *("near", "way"),  # of Neighbours
        *("representations", "tuned", "taus", "A", "B", "row", "sort"),  # of SVM
        *("board", "against"),  # of Layers
        *("view", "show", "also", "classes_by"),  # of Data
    }
)
"""All names that an address may have; a choice under another name cannot be drawn (options.py)."""
MOST = 5
"""Unknown names that are named."""
LEAVING = "leaving"
"""Tells the browser that a page is about to be left (history.js)."""

_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)(e[+-]?[0-9]+)?", re.IGNORECASE)


def returning() -> bool:
    """Return whether this run is a step back or forward in the browser's history."""
    ctx = get_script_run_ctx()
    return ctx is not None and ctx.is_history_navigation


def step() -> None:
    """Take the pair and the focus of a former address, before anything is drawn: a click may end a run there."""
    if not returning():
        return
    if "chosen" in st.session_state:
        if len(st.query_params.get_all("pair")) == 2:
            st.session_state.pop("pair", None)
        if focus := st.query_params.get("focus"):
            chosen.focus(focus)
    # Says the address once more: what the run before has stated may have reached the browser after the step.
    st.query_params.update({})


def read() -> bool:
    """Read an address that comes from outside: say which names are unknown, and write its numbers as everywhere.

    Returns whether the run has to begin again, as Streamlit gives widgets what stood in the address at its beginning.
    """
    st.query_params.pop(LEAVING, None)
    if unknown := [name for name in st.query_params if name not in NAMES]:
        told = st.session_state.setdefault("unknown names", [])
        told += [name for name in unknown if name not in told]
        refusals.note("names", f"The link names {_listed(told)}, which gradviz does not know.", None)
        for name in unknown:
            del st.query_params[name]
    refusals.tell("names", None)
    if "numbers read" in st.session_state:
        return False  # widgets have them, and Streamlit lets nobody else write them
    given = {name: st.query_params.get_all(name) for name in NUMBERS if name in st.query_params}
    plain = {name: [as_offered(name, text) for text in texts] for name, texts in given.items()}
    if plain != given:
        st.query_params.update(plain)
    st.session_state["numbers read"] = True
    return plain != given


def as_offered(name: str, text: str) -> str:
    """Return a number as the widget of an option writes it, 8 for 8.0, +8 or 08; any other text as it is."""
    if len(text) > 40 or not _NUMBER.fullmatch(text.strip()) or not math.isfinite(number := float(text)):
        return text
    offered = OPTIONS[name].offered if name in OPTIONS else ()
    if number in offered:
        return f"{number:g}"
    return str(int(number)) if number.is_integer() else repr(number)


def lead_to(page: str | Path) -> None:
    """Open a page as a click on its link does: the choices that all pages share are stated again there."""
    # Without query_params, Streamlit refuses to leave a page while choices stand in the address.
    st.switch_page(page, query_params={LEAVING: "1"})


def _listed(names: list[str]) -> str:
    shown = [f"“{name[:80]}”" for name in names[:MOST]]
    more = len(names) - MOST
    shown += [f"{more:,} more"] if more > 0 else []
    return " and ".join([", ".join(shown[:-1]), shown[-1]] if len(shown) > 1 else shown)
