"""Show which data sets and networks are here, and download others for the person at this computer."""

import argparse
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import streamlit as st

from gradviz.datasets import known
from gradviz.datasets.catalogue import DATASETS
from gradviz.download.pace import Pace, size_text
from gradviz.download.voc import download, record
from gradviz.download.weights import download_weights
from gradviz.networks import NETWORKS
from gradviz.networks.weights import weights_state
from gradviz.ui import polling

USUAL = 500
"""Photographs to start with: some 50 MB, a minute or two."""
_LOOPBACK = ("localhost", "127.0.0.1", "::1")
_RELAYED = {"forwarded", "via", "x-real-ip", "x-client-ip", "x-original-host", "true-client-ip", "cf-connecting-ip"}
_COLUMNS = {"what": st.column_config.TextColumn("")}
ELSEWHERE = "Only the person who runs this dashboard can download, on its computer: `python -m gradviz download {}`."


def datasets() -> None:
    """Draw the table of data sets and the form that downloads one."""
    rows = [_row(*entry) for entry in known()]
    st.dataframe(rows, hide_index=True, width="stretch", column_config=_COLUMNS)
    if not allowed():
        st.caption(ELSEWHERE.format("voc2007 --images 500"))
        return
    with st.form("fetch photographs", border=False), st.container(horizontal=True, vertical_alignment="bottom"):
        offered = [name for name, entry in DATASETS.items() if entry.archive]
        what = st.selectbox("Data set", offered, key="wanted data", width=200)
        number = st.number_input("Photographs", 1, 20_000, USUAL, step=100, key="wanted images", width=160)
        whole = st.checkbox("All of them, checked against the published digest", key="wanted whole")
        pressed = st.form_submit_button("Download", icon=":material/download:", key="fetch photographs now")
        url = _mirror("photographs")
    _fetch("photographs", (what, None if whole else int(number), url) if pressed else None, _photographs)


def networks() -> None:
    """Draw the table of networks and the form that downloads one."""
    states = {name: weights_state(network) for name, network in NETWORKS.items()}
    rows = [
        {
            "family": NETWORKS[name].family,
            "name": name,
            "what": NETWORKS[name].title,
            "state": state["state"],
            "size": size_text(state["bytes"]),
            "layers": ", ".join(layer.name for layer in NETWORKS[name].layers),
        }
        for name, state in states.items()
    ]
    st.dataframe(rows, hide_index=True, width="stretch", column_config=_COLUMNS)
    if not allowed():
        st.caption(ELSEWHERE.format("vgg16"))
        return
    missing = [name for name, state in states.items() if state["state"] == "missing" and NETWORKS[name].url]
    wanted = None
    if missing:
        with st.form("fetch weights", border=False), st.container(horizontal=True, vertical_alignment="bottom"):
            what = st.selectbox("Network", missing, key="wanted network", width=260, format_func=_with_family)
            pressed = st.form_submit_button("Download", icon=":material/download:", key="fetch weights now")
            url = _mirror("weights")
        wanted = (what, url) if pressed else None
    _fetch("weights", wanted, _weights)


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
    relayed = any(name in _RELAYED or name.startswith("x-forwarded") for name in headers)
    names = [f"//{headers.get('host', 'localhost')}", *(headers[name] for name in ("origin",) if name in headers)]
    own = all(urlsplit(name).hostname in _LOOPBACK for name in names)
    alone = st.get_option("server.address") in _LOOPBACK
    return alone and own and not relayed and st.context.ip_address in (None, "127.0.0.1", "::1")


@dataclass
class Transfer:
    """Hold what a download reports while it runs."""

    title: str
    bring: Callable[..., Path]
    pace: Pace = field(default_factory=Pace)
    said: list[str] = field(default_factory=list)

    def run(self, progress: Callable[[int, int], None], cancel: Callable[[], bool]) -> Path:
        """Download, as a job."""

        def both(done: int, total: int) -> None:
            self.pace(done, total)
            progress(done, total)

        return self.bring(progress=both, cancel=cancel, say=self.said.append)

    def words(self) -> str:
        """Return amount, rate and time left, and what happened last."""
        return " · ".join([self.pace.text, *self.said[-1:]])


@st.cache_resource
def _transfers() -> dict[str, Transfer]:
    """Return the downloads shared by the windows of one person: the same download is one job."""
    return {}


def _photographs(what: str, images: int | None, url: str | None) -> Transfer:
    amount = "all of" if images is None else f"{images:,} photographs of"
    return Transfer(f"Downloading {amount} {what}", lambda **how: download(what, images=images, url=url, **how))


def _weights(what: str, url: str | None) -> Transfer:
    return Transfer(f"Downloading the weights of {what}", lambda **how: download_weights(what, url=url, **how))


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
    st.session_state.setdefault("stopped", set()).discard(key)
    polling.queue().forget(key)


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
        state = "whole" if made["state"] == "whole" else f"{made['state']}, {made['images']:,} photographs"
    size = archive.bytes if archive and state == "missing" else _bytes(where, where.stat().st_mtime_ns)
    return {"name": name, "what": description, "state": state, "size": size_text(size)}


@st.cache_data(max_entries=64, show_spinner=False)
def _bytes(where: Path, changed: int) -> int:
    return sum(path.stat().st_size for path in where.rglob("*") if path.is_file())
