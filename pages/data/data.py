"""See the photographs of a data set and what they show; add one's own, and fetch data sets and networks."""

import streamlit as st

from gradviz.datasets import formats
from gradviz.ui import frame, options
from gradviz.ui.selection import Selection, current
from gradviz.words import counted
from pages.data import downloads, own, photographs

VIEWS = ("These photographs", "Add your own", "Fetch", "Networks")


def _page(selection: Selection) -> None:
    images = selection.images
    classes = len(images.classes)
    about = f"{images.name}, {counted(classes, 'class', 'classes')}" if classes else images.name
    top = frame.head("Data", about, selection, whole=True)
    with top.views():
        view = _view()
    if view == "Add your own":
        own.draw(selection, top)
    elif view == "Fetch":
        _fetch()
    elif view == "Networks":
        downloads.networks()
    else:
        photographs.draw(selection, top)


def _view() -> str:
    """Draw the switch between the views, which a click elsewhere on the page may have moved."""
    if asked := st.session_state.pop("next view", None):
        st.session_state["view"] = asked
    more = {"required": True, "label_visibility": "collapsed"}
    return options.bound(st.segmented_control, "View", VIEWS, default=VIEWS[0], key="view", usual=VIEWS[0], **more)


def _fetch() -> None:
    downloads.datasets()
    with st.expander("What can be opened", expanded=True):
        st.markdown(formats.table())
        st.caption("Start the dashboard with `--dataset` and the folder or file: it then stands in the sidebar.")


_page(current())
