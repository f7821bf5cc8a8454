"""Show which data sets and networks are here, and download others for the person at this computer."""

import argparse
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from gradviz.datasets import known
from gradviz.datasets.catalogue import DATASETS, Dataset
from gradviz.download.fetch import Ways
from gradviz.download.pace import Pace, size_text
from gradviz.download.voc import download, record
from gradviz.download.weights import download_weights, take_weights
from gradviz.networks import NETWORKS
from gradviz.networks.weights import weights_states
from gradviz.ui import polling
from gradviz.ui.components.lines import Line, lines
from gradviz.ui.selection import current
from gradviz.words import counted
from pages.data import shelf

USUAL = 500
"""Photographs to start with: some 50 MB, a minute or two."""
NUMBERS = (100, USUAL, 1000, 2000, None)
"""Photographs to choose from where there is little room; None for all."""
_LOOPBACK = ("localhost", "127.0.0.1", "::1")
_RELAYED = re.compile(
    r"x-.*|(cf|fly|akamai|fastly|cdn|true|wl-proxy|proxy)-.*|.*-(ip|addr)|forwarded(-.*)?|via|traceparent|b3"
)
"""Headers that come from a proxy: no browser sends them on its own with the request that opens a page."""
OPEN = "open from a folder"
"""State of a data set that is not where downloads go, but was given by its folder and is looked at."""
PAGE = Ways("name a mirror under Mirror", "have GRADVIZ_HOME name another folder")
"""What the page has instead of the command line's options."""
ELSEWHERE = "Only the person who runs this dashboard can download, on its computer: `python -m gradviz download {}`."


def datasets(*, short: bool = False) -> None:
    """Draw the data sets and the form that downloads one; in short where there is little room."""
    rows, may, clicked = [_row(*entry) for entry in known()], allowed(), None
    if short:
        _in_short(rows)
        place = st.container()
    else:
        place = st.container(key="gv-fetch")
        clicked = shelf.datasets(rows, _offered() if may else (), USUAL)
    with place:
        if may:
            wanted = (_wanted_in_short if short else _wanted)()
            _fetch("photographs", wanted or ((clicked, USUAL, None) if clicked else None), _photographs)
        else:
            st.caption(ELSEWHERE.format("voc2007 --images 500"))


def _wanted() -> tuple | None:
    with st.form("fetch photographs", border=False), st.container(horizontal=True, vertical_alignment="bottom"):
        what = st.selectbox("Data set", _offered(), key="wanted data", width=200)
        number = st.number_input("Photographs", 1, 20_000, USUAL, step=100, key="wanted images", width=160)
        whole = st.checkbox("All of them, checked against the published digest", key="wanted whole")
        pressed = st.form_submit_button("Download", icon=":material/download:", key="fetch photographs now")
        url = _mirror("photographs")
    return (what, None if whole else int(number), url) if pressed else None


def _wanted_in_short() -> tuple | None:
    with st.form("fetch photographs", border=False), st.container(horizontal=True, vertical_alignment="bottom"):
        hidden: Any = {"label_visibility": "collapsed"}
        what = st.selectbox("Data set", _offered(), key="wanted data", **hidden)
        number = st.selectbox(
            "Photographs", NUMBERS, 1, key="wanted number", format_func=_number_text, width=74, **hidden
        )
        pressed = st.form_submit_button("Fetch", type="primary", key="fetch photographs now")
    return (what, number, None) if pressed else None


def _offered() -> list[str]:
    return [name for name, entry in DATASETS.items() if entry.archive]


def _number_text(number: int | None) -> str:
    return "all" if number is None else f"{number:,}"


def _in_short(rows: Sequence[Mapping[str, Any]]) -> None:
    shown = []
    for row in rows:
        entry = DATASETS.get(row["name"])
        archive = entry.archive if entry else None
        here = row["state"] != "missing"
        count = f"{archive.images:,}" if archive else ""
        state = "open" if row["state"] == OPEN else "here" if here else row["size"]
        about = f"{row['what']} ({OPEN})" if row["state"] == OPEN else row["what"]
        shown.append(Line(row["name"], (row["name"], count, state), here, about=about))
    lines(("data set", "photographs", "size"), shown, right=(1, 2), key="data sets, in short")


def networks() -> None:
    """Draw the forms that bring weights, and the networks."""
    states, may = weights_states(NETWORKS.values()), allowed()
    form = st.container(key="gv-weights")
    clicked = shelf.networks(states, fetching=may)
    with form:
        if may:
            _forms(states, clicked)
        else:
            st.caption(ELSEWHERE.format("vgg16"))


def _forms(states: Mapping[str, Mapping[str, Any]], clicked: str | None) -> None:
    """Draw the forms that fetch published weights, those of the row that was clicked, and that take a file of here."""
    missing = [name for name, state in states.items() if state["state"] == "missing" and NETWORKS[name].url]
    fetch, take = st.columns([1, 1.2], gap="medium")
    wanted = (clicked, None) if clicked else None
    if missing:
        first = st.session_state.pop("wanted first", None)
        if first in missing:
            st.session_state["wanted network"] = st.session_state["network here"] = first
        with fetch, st.form("fetch weights", border=False), _in_a_row():
            what = st.selectbox(
                "Fetch the published weights of", missing, key="wanted network", width=210, format_func=_with_family
            )
            pressed = st.form_submit_button("Download", icon=":material/download:", key="fetch weights now")
            url = _mirror("weights")
        wanted = (what, url) if pressed else wanted
    with fetch:
        _fetch("weights", wanted, _weights)
    if missing:
        with take:
            _fetch("weights here", _from_this_computer(missing), _taken)


def _from_this_computer(missing: Sequence[str]) -> tuple | None:
    with st.form("take weights", border=False), _in_a_row():
        what = st.selectbox(
            "Take from this computer those of", missing, key="network here", width=210, format_func=_with_family
        )
        place = st.text_input(
            "The file of weights, or its folder",
            key="weights here",
            placeholder="/home/me/squeezenet1_0.safetensors",
            help="safetensors, or what torch.save writes. They are copied once they are known to fit the network.",
        )
        pressed = st.form_submit_button("Take", icon=":material/folder_open:", key="take weights now")
    if pressed and not place.strip():
        st.error("Name a file of weights, or the folder that it lies in.")
    return (what, place.strip()) if pressed and place.strip() else None


def _in_a_row() -> DeltaGenerator:
    return st.container(horizontal=True, vertical_alignment="bottom")


def _with_family(name: str) -> str:
    return f"{NETWORKS[name].family}: {name}"


def allowed() -> bool:
    """Return whether this visitor may have the server fetch what they name: as the start of the dashboard said, or,
    where it said nothing, only at the computer that serves the page."""
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument("--allow-downloads", action=argparse.BooleanOptionalAction)
    said = parser.parse_known_args(sys.argv[1:])[0].allow_downloads
    return local() if said is None else said


def local() -> bool:
    """Return whether the server listens on this computer alone and the page came with no sign of another in between.

    A proxy on the same computer that rewrites Host and Origin and adds no header leaves no sign: --no-allow-downloads
    is for that.
    """
    headers = {name.lower(): value for name, value in st.context.headers.items()}
    relayed = any(map(_RELAYED.fullmatch, headers))
    names = [f"//{headers.get('host', 'localhost')}", *(headers[name] for name in ("origin",) if name in headers)]
    own = all(urlsplit(name).hostname in _LOOPBACK for name in names)
    alone = st.get_option("server.address") in _LOOPBACK
    return alone and own and not relayed and st.context.ip_address in (None, "127.0.0.1", "::1")


@dataclass
class Transfer:
    """Hold what a download reports while it runs."""

    title: str
    bring: Callable[..., Path]
    pace: Pace | None = field(default_factory=Pace)
    said: list[str] = field(default_factory=list)

    def run(self, progress: Callable[[int, int], None], cancel: Callable[[], bool]) -> Path:
        """Download, as a job."""

        def both(done: int, total: int) -> None:
            if self.pace:
                self.pace(done, total)
            progress(done, total)

        return self.bring(progress=both, cancel=cancel, say=self.said.append)

    def words(self) -> str:
        """Return amount, rate and time left, and what happened last."""
        return " · ".join([*([self.pace.text] if self.pace else []), *self.said[-1:]]) or "getting ready"


@st.cache_resource
def _transfers() -> dict[str, Transfer]:
    """Return the downloads shared by the windows of one person: the same download is one job."""
    return {}


def _photographs(what: str, images: int | None, url: str | None) -> Transfer:
    amount = "all of" if images is None else f"{counted(images, 'photograph')} of"
    return Transfer(
        f"Downloading {amount} {what}", lambda **how: download(what, images=images, url=url, ways=PAGE, **how)
    )


def _weights(what: str, url: str | None) -> Transfer:
    return Transfer(
        f"Downloading the weights of {what}", lambda **how: download_weights(what, url=url, ways=PAGE, **how)
    )


def _taken(what: str, place: str) -> Transfer:
    return Transfer(f"Taking the weights of {what}", partial(take_weights, what, place, ways=PAGE), None)


def _fetch(kind: str, wanted: tuple | None, make: Callable[..., Transfer]) -> None:
    """Start what is wanted, and follow what this session has started until it is done."""
    slot = f"fetching {kind}"
    if wanted:
        st.session_state[slot] = wanted
        st.session_state.pop(f"{slot} done", None)
        _forget(repr(("fetch", kind, wanted)))
    wanted = st.session_state.get(slot)
    if wanted is None:
        if done := st.session_state.get(f"{slot} done"):
            st.success(f"{done} is here: choose it in the sidebar.")
        return
    key = repr(("fetch", kind, wanted))
    transfer = _transfers().setdefault(key, make(*wanted))
    question = polling.Question(key, transfer.title, transfer.run, "transfer", words=transfer.words)
    if polling.follow(question, slot=slot, errand=True) is None:
        return
    _forget(key)
    _transfers().pop(key, None)
    del st.session_state[slot]
    st.session_state[f"{slot} done"] = wanted[0]
    st.rerun()


def _forget(key: str) -> None:
    """Allow a finished download to start again: its files may have been removed meanwhile."""
    polling.restart(key)


def _mirror(kind: str) -> str | None:
    with st.popover("Mirror"):
        given = st.text_input(
            "Mirror",
            key=f"mirror of {kind}",
            placeholder="https://… or a folder",
            help="Another address of the file or of its folder, or its path on this computer.",
        )
    return given.strip() or None


def _row(name: str, description: str, where: Path, state: str) -> Mapping[str, Any]:
    entry = DATASETS.get(name)
    archive = entry and entry.archive
    made = record(name) if archive else None
    if made:
        state = "whole" if made["state"] == "whole" else f"{made['state']}, {counted(made['images'], 'photograph')}"
    elif state == "missing" and entry and _is_open(entry):
        state = OPEN
    size = archive.bytes if archive and state in ("missing", OPEN) else _bytes(where, where.stat().st_mtime_ns)
    return {"name": name, "what": description, "where": where, "state": state, "size": size_text(size)}


def _is_open(entry: Dataset) -> bool:
    """Return whether the data set that is looked at lies in a folder called like the one that can be downloaded."""
    root = current().images.root
    return root is not None and root.name.lower() == entry.name


@st.cache_data(max_entries=64, show_spinner=False)
def _bytes(where: Path, changed: int) -> int:
    return sum(path.stat().st_size for path in where.rglob("*") if path.is_file())
