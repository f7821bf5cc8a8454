"""The photographs of a class, or all, as a gallery: each can be put in focus or selected."""

import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from gradviz.datasets import ImageSet
from gradviz.spec import Spec
from gradviz.ui import chosen, polling
from gradviz.ui.components import fingerprint
from gradviz.ui.components.justified import Layout, feed, justified
from gradviz.ui.selection import Selection
from gradviz.words import counted
from pages.data import census

MOST = 20_000
"""Photographs that the gallery lists: more would make the message too large."""
LEAST = 112
"""Pixels of the gallery's height in a low window: two rows, in which ten photographs have room."""
KEPT = 64_000_000
"""Bytes of the pictures that are kept for all visitors."""


class Album:
    """Pictures of galleries by data set and id, those used last, for all visitors; none of anybody's own."""

    def __init__(self, most: int = KEPT) -> None:
        self._most, self._bytes = most, 0
        self._lock = threading.Lock()
        self._kept: OrderedDict[tuple[str, str], bytes] = OrderedDict()

    def find(self, token: str, ids: Sequence[str]) -> dict[str, bytes]:
        """Return the pictures that are here, by id."""
        with self._lock:
            found = {name: self._kept[token, name] for name in ids if (token, name) in self._kept}
            for name in found:
                self._kept.move_to_end((token, name))
        return found

    def add(self, token: str, pictures: dict[str, bytes]) -> None:
        """Keep pictures, and let go of those used longest ago."""
        with self._lock:
            for name, jpeg in pictures.items():
                self._bytes += len(jpeg) - len(self._kept.pop((token, name), b""))
                self._kept[token, name] = jpeg
            while self._bytes > self._most:
                self._bytes -= len(self._kept.popitem(last=False)[1])


@st.cache_resource
def _album() -> Album:
    return Album()


def layout(images: ImageSet, found: census.Contents, positions: NDArray[np.int64], kind: int | None) -> Layout:
    """Return what stands in the gallery: photographs with their boxes, all or those of one class."""
    counts = found.first[positions + 1] - found.first[positions]
    row = np.repeat(np.arange(len(positions)), counts)
    begin = np.concatenate([[0], np.cumsum(counts)])
    box = np.arange(len(row)) - begin[row] + found.first[positions][row]
    if kind is not None:
        of_kind = found.kind[box] == kind
        row, box = row[of_kind], box[of_kind]
    labels = images.labels
    return Layout(
        [images.ids[i] for i in positions],
        [[] if labels is None else np.flatnonzero(labels[i] == 1).tolist() for i in positions],
        images.classes,
        found.sizes[positions],
        np.searchsorted(row, np.arange(len(positions) + 1)),
        found.corners[box],
        found.kind[box],
        found.difficult[box],
    )


def draw(
    selection: Selection,
    found: census.Contents,
    positions: NDArray[np.int64],
    kind: int | None,
    *,
    focus: str | None,
) -> None:
    """Draw the gallery of the photographs at these positions, and do what is clicked in it."""
    images, source = selection.images, fingerprint({"": selection.token})
    if len(positions) > MOST:
        st.caption(f"The first {MOST:,} of {counted(len(positions), 'photograph')}.")
    shown = layout(images, found, positions[:MOST], kind)
    asked = justified(shown, source=source, least=LEAST, key="gallery")
    _act(images, asked)
    wanted = [shown.ids[i] for i in range(*asked.wanted)]
    now = chosen.current()
    pictures = _pictures(selection, wanted)
    # A photograph that nobody has chosen is marked where it stands, and the gallery begins at its beginning.
    feed(asked, pictures, source=source, focus=focus, follow=now.focus, selected=now.ids, key="gallery-feed")


def _act(images: ImageSet, asked) -> None:
    now = chosen.current()
    if asked.focus and asked.focus != now.focus:
        chosen.focus(asked.focus)
        st.rerun()
    if asked.picked:
        wanted = {*now.ids, *asked.picked} if asked.add else set(now.ids) - set(asked.picked)
        chosen.select(name for name in images.ids if name in wanted)
        st.rerun()
    if asked.left and now.marked:
        chosen.mark(None)
        st.rerun()


def _pictures(selection: Selection, ids: Sequence[str]) -> dict[str, bytes]:
    """Return the pictures that are here, and have the others made."""
    if selection.own:
        return {name: selection.own.thumbnails[name] for name in ids}
    here = _album().find(selection.token, ids)
    missing = tuple(name for name in ids if name not in here)
    if missing:
        # What a picture looks like depends on none of the choices.
        bare = replace(selection.whole, spec=Spec())
        title = f"{counted(len(missing), 'photograph')} for the gallery"
        question = bare.question(census.pictures, missing, title=title, lane="light", paced=False)
        job = polling.follow(question, slot="gallery")
        if job is not None:
            _album().add(selection.token, {name: job.result.get(name, b"") for name in missing})
            here |= _album().find(selection.token, missing)
            polling.queue().forget(question.key)
    return here
