"""The edge of the view: what could be added to the data set, in short; each part opens at full width."""

import streamlit as st

from gradviz.download.pace import size_text
from gradviz.networks import NETWORKS
from gradviz.networks.weights import weights_states
from gradviz.ui import visitor
from gradviz.ui.components.lines import Line, lines
from gradviz.ui.components.strip import strip
from pages.data import downloads, intake

FEW = 5
"""Photographs of one's own that are shown here."""
MOST_NETWORKS = 14
"""Networks that are shown here; a low window shows half of them."""


def draw() -> None:
    """Draw the three parts one below the other."""
    with st.container(key="gv-rail-part-own"):
        _own()
    with st.container(key="gv-rail-part-fetch"):
        _heading("Fetch photographs", "500: some 50 MB")
        downloads.datasets(short=True)
    with st.container(key="gv-rail-part-networks"):
        _networks()


def _heading(title: str, beside: str) -> None:
    placed = {"horizontal_alignment": "distribute", "vertical_alignment": "center", "gap": None}
    with st.container(key=f"gv-rail-{title}", horizontal=True, **placed):
        st.markdown(f"**{title}**", width="content")
        st.caption(beside, width="content")


def _own() -> None:
    _heading("Add your own", "stays yours")
    intake.drop(short=True)
    intake.report(short=True)
    own = visitor.own()
    if own:
        few = [(name, own.thumbnails[name], "") for name in own.images.ids[:FEW]]
        if clicked := strip(few, key="own, in short"):
            st.session_state["own photograph"] = clicked
            _open("Add your own")
        if st.button("See what they show", width="stretch", icon=":material/arrow_forward:"):
            _open("Add your own")


def _networks() -> None:
    states = weights_states(NETWORKS.values())
    here = [name for name, state in states.items() if state["state"] == "present"]
    _heading("Networks", f"{len(here)} of {len(states)} here")
    names = [*here, *(name for name in states if name not in here)]
    shown = [
        Line(
            name,
            (
                NETWORKS[name].title,
                f"{NETWORKS[name].parameters / 1e6:,.1f}",
                size_text(states[name]["bytes"]),
            ),
            here=name in here,
            leads=True,
        )
        for name in names
    ]
    few = shown[: max(MOST_NETWORKS, len(here))]
    clicked = lines(("network", "params, M", "size"), few, right=(1, 2), key="networks, in short", folds=True)
    with st.container(key="gv-rail-more"):
        if len(few) < len(shown) and st.button("Show more", type="tertiary"):
            _open("Networks")
    if clicked:
        if clicked not in here:
            st.session_state["wanted first"] = clicked
        _open("Networks")


def _open(view: str) -> None:
    st.session_state["next view"] = view
    st.rerun()
