"""What a link asks for in vain, said in one box at the top of the page.

A sentence stays until another value is chosen than the one that came instead, or until somebody closes the box. It is
said where its choice is drawn, so a page says nothing about the choices of another one.
"""

from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from gradviz.ui.text import plain


def place() -> DeltaGenerator:
    """Return the place of the box, at the beginning of a run; what it says is known in the end."""
    st.session_state["refused here"] = {}
    return st.container()


def note(key: str, sentence: str, instead: Any) -> None:
    """Keep a sentence about what a choice could not be, and what it is instead."""
    st.session_state.setdefault("refused", {})[key] = instead, sentence


def tell(key: str, value: Any) -> None:
    """Say the sentence about a choice whose value is this, if there is one, and forget it if the value is another."""
    refused = st.session_state.setdefault("refused", {})
    if key in refused and refused[key][0] != value:
        del refused[key]
    if key in refused:
        st.session_state.setdefault("refused here", {})[key] = refused[key][1]


def forget(*keys: str) -> None:
    """Forget what was refused to these choices."""
    for key in keys:
        st.session_state.get("refused", {}).pop(key, None)


def draw(where: DeltaGenerator) -> None:
    """Draw the box with a line for each sentence, if there are any."""
    here = st.session_state["refused here"]
    if here:
        with where.container(key="gv-refused"):
            st.info("  \n".join(map(plain, here.values())))
            more: dict[str, Any] = {"type": "tertiary", "help": "Close", "icon": ":material/close:"}
            st.button("Close what is said", key="refused closed", on_click=forget, args=tuple(here), **more)
