"""A link may name a data set or a network that is not on this computer: that is said, and nothing else is shown for it.

The choices of the sidebar fall back to what is here, so that the visitor can go on; the page itself waits for a click,
a choice or the arrival of what was missing. Only the Data page shows itself below, as what is missing is fetched there.
"""

from collections.abc import Collection

import streamlit as st

from gradviz.datasets.catalogue import DATASETS
from gradviz.networks import NETWORKS
from gradviz.ui import visitor
from gradviz.ui.text import plain


def look(choice: str, here: Collection[str]) -> None:
    """Note what the address chooses and is not here, before the widget of that choice is drawn, in the first run.

    The widget takes what it does not have out of the address, so that it stands there under another name, for whoever
    opens the page again or passes its link on, until the visitor goes on.
    """
    wanted = st.session_state.setdefault("linked", {})
    if choice not in wanted:
        given = st.query_params.get(choice)
        wanted[choice] = st.query_params.get(_MISSING.format(choice), given if given not in here else None)
    if wanted[choice] in here:
        # It has arrived meanwhile: the link means it.
        st.session_state[choice] = st.session_state.setdefault("choices", {})[choice] = wanted[choice]
        wanted[choice] = None


_MISSING = "missing_{}"


def settle(choice: str, fallen_back_to: str) -> None:
    """Let go of what was missing as soon as the visitor chooses something else than what was fallen back to."""
    wanted = st.session_state.get("linked", {})
    first = st.session_state.setdefault("fallen back to", {}).setdefault(choice, fallen_back_to)
    if first != fallen_back_to:
        wanted[choice] = None
    name, missing = _MISSING.format(choice), wanted.get(choice)
    if missing is None:
        st.query_params.pop(name, None)
    elif st.query_params.get(name) != missing:
        st.query_params[name] = missing


def missing(*, on_data: bool = False) -> tuple[str, ...]:
    """Return a sentence for each thing that the link names and is not here, as the Data page says it or another one."""
    wanted = st.session_state.get("linked", {})
    page = "This page" if on_data else "The Data page"
    return tuple(_SENTENCES[choice](name, page) for choice, name in wanted.items() if name is not None)


def tell(*, on_data: bool) -> None:
    """Say what is missing and how to get it, with a button that goes on with what is here."""
    choices = st.session_state["choices"]
    instead = " and ".join(plain(str(choices[name])) for name, lost in st.session_state["linked"].items() if lost)
    with st.container(key="gv-missing", horizontal=True, vertical_alignment="center"):
        st.info("  \n".join(missing(on_data=on_data)))
        st.button(f"Go on with {instead}", key="go on", on_click=_go_on)


def _go_on() -> None:
    st.session_state["linked"] = dict.fromkeys(st.session_state["linked"])


def _no_data(name: str, page: str) -> str:
    if name == visitor.NAME:
        return "This link shows somebody's own photographs, which cannot be shared."
    shown = plain(f"“{name[:80]}”")
    if name.lower() in DATASETS:
        return (
            f"This link looks at {shown}, which is not on this computer. {page} fetches it, or in a terminal "
            f"`python -m gradviz download {name.lower()}`."
        )
    return (
        f"This link looks at the data set {shown}, which is not on this computer. Whoever has it starts the dashboard "
        "with `python -m gradviz app --dataset FOLDER`."
    )


def _no_network(name: str, page: str) -> str:
    if name in NETWORKS:
        return (
            f"This link looks through {plain(NETWORKS[name].title)}, whose weights are not on this computer. {page} "
            f"fetches them, or in a terminal `python -m gradviz download {name}`."
        )
    return f"This link names the network {plain(f'“{name[:80]}”')}, which gradviz does not know."


_SENTENCES = {"data": _no_data, "network": _no_network}
