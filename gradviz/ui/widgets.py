"""Small pieces that pages share: a pair of photographs, the row of downloads, remarks."""

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

import streamlit as st

from gradviz.datasets import ImageSet, Skipped
from gradviz.errors import DatasetError, GradvizError
from gradviz.ui.photos import photograph

_log = logging.getLogger(__name__)


class Download(NamedTuple):
    """Offer a file: the button's text, its name, its type, and how it is made when somebody asks for it."""

    label: str
    name: str
    mime: str
    build: Callable[[], bytes | str]


@contextmanager
def guarded() -> Iterator[None]:
    """Show a mistake of the user as one sentence; the rest of the page stays."""
    try:
        yield
    except GradvizError as error:
        st.error(str(error))


def downloads(offers: Iterable[Download]) -> None:
    """Draw a row of buttons; each file is made when it is asked for."""
    with st.container(horizontal=True):
        for offer in offers:
            st.download_button(
                offer.label,
                _logged(offer),
                offer.name,
                offer.mime,
                key=f"download-{offer.name}",
                on_click="ignore",
                icon=":material/download:",
            )


def _logged(offer: Download) -> Callable[[], bytes | str]:
    def build() -> bytes | str:
        try:
            return offer.build()
        except Exception:
            _log.exception("%s could not be made", offer.name)
            raise

    return build


def notes(lines: Sequence[str], skipped: Sequence[Skipped] = ()) -> None:
    """Say what a result leaves out."""
    for line in lines:
        st.caption(line)
    if skipped:
        with st.expander(f"{len(skipped)} photographs could not be read"):
            st.dataframe([{"photograph": s.name, "reason": s.reason} for s in skipped], hide_index=True)


def pair(images: ImageSet, chosen: tuple[str, str]) -> None:
    """Show two photographs side by side with their ids and classes."""
    for column, name in zip(st.columns(2), chosen, strict=True):
        position = images.source(name)
        with column:
            if images.paths:
                try:
                    st.image(_photograph(images.digest, name, images), width="stretch")
                except DatasetError as error:
                    st.warning(str(error))
            # st.text: an id or a class may hold what Markdown would take for markup.
            st.text(f"{name}\n{', '.join(images.labels_of(position)) or 'no class'}")


@st.cache_data(max_entries=64, show_spinner=False)
def _photograph(digest: str, name: str, _images: ImageSet) -> bytes:
    return photograph(_images, _images.source(name))


def equation(forward: float, backward: float, product: float) -> str:
    """Write K_fw × K_bw = K with as many digits as it takes for the printed product to be right."""
    shown = _number(product, 2)
    decimals = len(shown.partition(".")[2])
    for more in range(4):
        a, b = _number(forward, 2 + more), _number(backward, 2 + more)
        if float(f"{float(a) * float(b):.{decimals}f}") == float(shown):
            return f"K_fw {a} × K_bw {b} = {shown}"
    return f"K_fw {_number(forward, 5)} × K_bw {_number(backward, 5)} ≈ {shown}"


def _number(value: float, decimals: int) -> str:
    """Write two decimals, or three significant digits where these would be too few."""
    small = 0 < abs(value) < 2 / 10**decimals
    text = f"{value:.{decimals + 1 if small else decimals}f}"
    return text if float(text) else f"{0:.{decimals}f}"
