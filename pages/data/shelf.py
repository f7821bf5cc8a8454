"""Show the data sets and networks that have a name as rows: a picture, what it is, whether it is here, one button."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import streamlit as st

from gradviz.datasets.pictures import PICTURE_SUFFIXES, thumbnail
from gradviz.datasets.scan import names_below
from gradviz.download.pace import size_text
from gradviz.errors import DatasetError
from gradviz.networks import NETWORKS
from gradviz.ui.components.cards import Card, cards
from gradviz.ui.selection import current

PLACES = 6
"""Photographs of a data set that its row shows."""
FETCH, OPEN, CHOOSE = "Fetch", "Open", "Choose"


def datasets(rows: Sequence[Mapping[str, Any]], fetched: Sequence[str], number: int) -> str | None:
    """Draw the data sets; return the one whose button asks to fetch so many photographs of it in this run.

    `fetched` names those that this visitor may have fetched.
    """
    images, shown = current().images, []
    for row in rows:
        title, _, about = row["what"].partition(": ")
        here, lies_here = row["state"] != "missing", row["where"].is_dir()
        # A folder that was named at the start may be the data set that could be fetched.
        folder = row["where"] if lies_here or not here else images.root
        chosen = row["name"] == images.name or (here and not lies_here)
        asks = f"{FETCH} {number:,}" if row["name"] in fetched and not here else ""
        shown.append(
            Card(
                row["name"],
                title if about or row["name"] in fetched else row["name"],
                (about or row["what"],),
                "in use" if chosen and lies_here else row["state"].replace("present", "here"),
                row["size"],
                here,
                chosen,
                OPEN if lies_here and not chosen else asks,
                pictures=_pictures(folder, folder.stat().st_mtime_ns) if here and folder else (),
            )
        )
    there = {card.name for card in shown if card.action == OPEN}
    clicked = cards(shown, key="data sets", photographs=PLACES, on_name=lambda name: _choose("data", name, there))
    return None if clicked in there else clicked


def networks(states: Mapping[str, Mapping[str, Any]], *, fetching: bool) -> str | None:
    """Draw the networks, those that are here first; return the one whose weights a button asks to fetch in this run."""
    selection = current()
    used = "" if selection.images.features else selection.network.name
    here = [name for name, state in states.items() if state["state"] == "present"]
    shown = []
    for name in [*here, *(name for name in states if name not in here)]:
        network, chosen = NETWORKS[name], name == used
        asks = FETCH if fetching and network.url else ""
        shown.append(
            Card(
                name,
                network.title,
                (
                    f"{network.parameters / 1e6:,.1f} M parameters",
                    f"{network.input_size} px; {', '.join(layer.name for layer in network.layers)}",
                ),
                "in use" if chosen else "here" if name in here else "missing",
                size_text(states[name]["bytes"]),
                name in here,
                chosen,
                ("" if chosen or not used else CHOOSE) if name in here else asks,
                layers=network.layers,
                group="On this computer" if name in here else network.family,
            )
        )
    clicked = cards(shown, key="networks", on_name=lambda name: _choose("network", name, here))
    return None if clicked in here else clicked


def _choose(widget: str, name: str, there: Sequence[str] | set[str]) -> None:
    """Have the sidebar go on with what is here already."""
    if name in there:
        st.session_state[widget] = name


@st.cache_data(max_entries=64, show_spinner=False)
def _pictures(where: Path, changed: int) -> tuple[bytes, ...]:
    """Return small JPEGs of photographs in a folder, evenly spaced."""
    inside = where / "JPEGImages"
    folder = inside if inside.is_dir() else where
    names = sorted(name for name in names_below(folder) if Path(name).suffix.lower() in PICTURE_SUFFIXES)
    found = []
    for name in names[:: max(1, len(names) // PLACES)][:PLACES]:
        with suppress(DatasetError):
            found.append(thumbnail(folder / name))
    return tuple(found)
