"""Small pieces that pages share: a pair of photographs, a row of download buttons, notes."""

import logging
import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from typing import NamedTuple

import streamlit as st

from gradviz.datasets import Finding, ImageSet
from gradviz.datasets.description import as_row, in_short
from gradviz.datasets.pictures import thumbnail
from gradviz.errors import DatasetError
from gradviz.ui import noted, views, visitor
from gradviz.ui.drawing import photograph
from gradviz.ui.polling import Question
from gradviz.ui.selection import Selection
from gradviz.ui.text import plain
from gradviz.words import counted

THUMBNAIL = 128
"""Longer side of a small photograph."""
LONGEST = 120
"""Characters of a file's name; file systems hold 255 bytes, and browsers add to a name that is taken."""
_DEVICE = re.compile("con|nul|aux|prn|com[0-9]|lpt[0-9]", re.IGNORECASE)
"""Names that Windows takes for devices, whatever suffix follows."""
MOST_FINDINGS = 500
"""Rows of a table of findings."""

_log = logging.getLogger(__name__)


class Download(NamedTuple):
    """A file to download: the button's label, the file's name and type, and the function that builds it on demand.

    The name may hold anything, such as the name of a folder; `downloads` makes it one that can be saved everywhere.
    """

    label: str
    name: str
    mime: str
    build: Callable[[], bytes | str]


def features(selection: Selection, *splits: str) -> Question | None:
    """Return the question for the forward pass, which takes long and needs the heavy lane.

    None where the features come from a file.
    """
    if selection.images.features:
        return None
    splits = splits or (selection.split,)
    number = sum(len(selection.images.select(split, selection.spec.images)) for split in splits)
    title = f"{selection.network.title} looks at {counted(number, 'photograph')}"
    return selection.forward.question(views.extract, splits, title=title)


def has_layer(selection: Selection) -> bool:
    """Return whether there is a layer to look at; show a message where there is none."""
    if selection.picked is None:
        nothing(f"{selection.images.name} has no layer with both factors, such as x6 and dy7: only SVMs can use it.")
    return selection.picked is not None


def nothing(why: str) -> None:
    """Say in one sentence why a page shows nothing of these photographs."""
    noted.nothing(why)
    st.info(plain(why))


def downloads(offers: Iterable[Download]) -> None:
    """Draw a row of buttons; each file is built when its button is clicked."""
    with st.container(horizontal=True):
        for offer in offers:
            st.download_button(
                offer.label,
                _logged(offer),
                file_name(offer.name),
                offer.mime,
                key=f"download-{offer.name}",
                on_click="ignore",
                icon=":material/download:",
            )


def file_name(text: str) -> str:
    """Return a name that every file system takes: letters without accents, digits, `.`, `_` and `-`.

    Any other sign becomes `_`, and so does what stands between folders; a device of Windows (con, nul) gets one more.
    The suffix stays where the name is cut.
    """
    plain = unicodedata.normalize("NFKD", text)
    plain = "".join(sign for sign in plain if not unicodedata.combining(sign))
    plain = re.sub("[^A-Za-z0-9._-]+", "_", plain).rstrip(".")
    if not plain or plain[0] in ".-":  # hidden, or taken for an option
        plain = f"_{plain}"
    device, dot, suffix = plain.partition(".")
    if _DEVICE.fullmatch(device):
        plain = f"{device}_{dot}{suffix}"
    stem, dot, suffix = plain.rpartition(".")
    return plain if len(plain) <= LONGEST else f"{(stem or suffix)[: LONGEST - 12]}{dot}{suffix[:11]}"


def _logged(offer: Download) -> Callable[[], bytes | str]:
    def build() -> bytes | str:
        try:
            return offer.build()
        except Exception:
            _log.exception("%s could not be built", offer.name)
            raise

    return build


def notes(lines: Sequence[str], skipped: Sequence[Finding] = ()) -> None:
    """Show what a result leaves out."""
    for line in lines:
        noted.note(line)
        st.caption(plain(line))
    if skipped:
        with st.expander(f"{counted(len(skipped), 'photograph')} could not be read"):
            st.dataframe([{"photograph": s.name, "reason": s.reason} for s in skipped], hide_index=True)


def findings(found: Sequence[Finding]) -> None:
    """Show in one line what a data set's reader left out, joined, guessed or did not read, and all of it on a click."""
    if found:
        # Wider than the sidebar, and not drawn before it is opened.
        with st.popover(in_short(found), width="stretch"):
            table_of_findings(found)


def table_of_findings(found: Sequence[Finding]) -> None:
    """Show findings as a table, whose cells are text whatever a file is called."""
    if found:
        st.dataframe([as_row(finding) for finding in found[:MOST_FINDINGS]], hide_index=True)
    if len(found) > MOST_FINDINGS:
        st.caption(f"The first {MOST_FINDINGS:,} of {len(found):,}; `gradviz datasets PLACE` lists all.")


def pair(images: ImageSet, chosen: tuple[str, str], *lines: str) -> None:
    """Show two photographs side by side with their ids and classes, and lines beside them, the first one larger."""
    *columns, beside = st.columns(3)
    for column, name in zip(columns, chosen, strict=True):
        position = images.source(name)
        with column:
            if images.paths:
                try:
                    st.image(photo(images, name), width="stretch")
                except DatasetError as error:
                    st.warning(plain(str(error)))
            # st.text: an id or a class may hold what Markdown would take for markup.
            st.text(f"{name}: {', '.join(images.labels_of(position)) or 'no class'}")
    with beside:
        st.markdown(f"##### {lines[0]}")
        for line in lines[1:]:
            st.text(line)


def thumbnails(
    images: ImageSet, ids: Sequence[str], made: Mapping[str, bytes], side: int = THUMBNAIL
) -> dict[str, bytes]:
    """Return JPEGs by id, no side longer than `side`; pictures that cannot be decoded are left out.

    They are taken from `made` where it has them. None where the data set has no pictures; a visitor's own never enter a
    cache that others share.
    """
    found = {}
    for name in ids if images.paths else ():
        with suppress(DatasetError):
            if images.name == visitor.NAME:
                found[name] = made.get(name) or thumbnail(images.paths[images.source(name)], side=side)
            else:
                found[name] = made.get(name) or _thumbnail(images.digest, name, side, images)
    return found


def photo(images: ImageSet, name: str, *, boxes: bool = True) -> bytes:
    """Return a photograph as a JPEG of moderate size; a visitor's own never enters a cache that others share."""
    if images.name == visitor.NAME:
        return photograph(images, images.source(name), boxes=boxes)
    return _photograph(images.digest, name, boxes, images)


@st.cache_data(max_entries=2000, show_spinner=False)
def _thumbnail(digest: str, name: str, side: int, _images: ImageSet) -> bytes:
    return thumbnail(_images.paths[_images.source(name)], side=side)


@st.cache_data(max_entries=64, show_spinner=False)
def _photograph(digest: str, name: str, boxes: bool, _images: ImageSet) -> bytes:
    return photograph(_images, _images.source(name), boxes=boxes)


def equation(forward: float, backward: float, product: float, decimals: int = 3) -> str:
    """Return K_fw × K_bw = K, all three with as many digits as it takes for the printed product to be right.

    Where no number of digits does, the sign is ≈. The browser does the same under the pointer (`equationParts` in
    equation.js), where Python cannot be asked; a test compares the two.
    """
    values = (forward, backward, product)
    for digits in range(decimals, decimals + 4):
        a, b, k = (_number(value, digits) for value in values)
        if _number(float(a) * float(b), digits) == k:
            return f"K_fw {a} × K_bw {b} = {k}"
    a, b, k = (_number(value, decimals) for value in values)
    return f"K_fw {a} × K_bw {b} ≈ {k}"


def _number(value: float, decimals: int) -> str:
    """Return the value with so many decimals, a zero without a sign."""
    text = f"{value:.{decimals}f}"
    return text if float(text) else f"{0:.{decimals}f}"
