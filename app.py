"""The dashboard, opened by `gradviz app` or, in a checkout, by `streamlit run app.py`."""

from typing import Any, Literal

import streamlit as st

from gradviz.home import ASSETS
from gradviz.ui import address, frame, links, noted, offered, polling, refusals, report, tour, work
from gradviz.ui.components import first_link
from gradviz.ui.sidebar import sidebar

PAGES = {
    "": [("pages/start/network.py", "Network", "schema")],
    "Explore": [
        ("pages/explore/kernels.py", "Kernels", "grid_on"),
        ("pages/explore/map.py", "Map", "scatter_plot"),
        ("pages/explore/neighbours.py", "Neighbours", "linear_scale"),
    ],
    "Evaluate": [
        ("pages/evaluate/svm.py", "SVM", "bar_chart"),
        ("pages/evaluate/layers.py", "Layers", "leaderboard"),
    ],
    "Data": [("pages/data/data.py", "Data", "photo_library")],
}
"""The pages by section: file, title and the name of a Material icon. The first one opens at the bare address."""
KERNELS = PAGES["Explore"][0][0]

address.step()
st.set_page_config("gradviz", str(ASSETS / "logo.svg"), layout="wide")
st.logo(str(ASSETS / "logo.svg"))
frame.dress()
polling.warm_up()
offered.keep()


def navigation(position: Literal["sidebar", "hidden"] = "sidebar") -> Any:
    """Draw the links to the pages, and return the page that is open."""
    return st.navigation(
        {
            section: [st.Page(file, title=title, icon=f":material/{icon}:") for file, title, icon in pages]
            for section, pages in PAGES.items()
        },
        position=position,
    )


if first_link.of_server():
    navigation("hidden")
refused = refusals.place()
if address.read():
    navigation("hidden")  # or Streamlit would not know the page again
    st.rerun()
# Before any choice is read, so that all of them stay in the address.
if first_link.of_kernels() and not navigation().url_path:
    st.switch_page(KERNELS, query_params={name: st.query_params.get_all(name) for name in st.query_params})
# Before the choices of the next step are stated, so that the step that is left keeps its own in its address.
if (there := tour.destination()) and not tour.is_at(there, navigation().url_path):
    address.lead_to(there)
noted.aside()
# Before the pages' links: who follows one while the choices are being read would lose those in the address.
ready = sidebar()
jobs, walking = st.sidebar.container(), st.sidebar.container()
page = navigation()
first_link.arrive()


def finish() -> None:
    """Draw what is known only in the end: what was asked for in vain, and what the page waits for."""
    refusals.draw(refused)
    work.work(jobs)
    report.walk(page.title, {title: file for pages in PAGES.values() for file, title, _ in pages}, walking)


missing, on_data = ready and links.missing(), page.url_path == "data"
if missing:
    links.tell(on_data=on_data)
if missing and not on_data:
    refusals.draw(refused)
elif ready:
    tour.guide(page.url_path)
    try:
        noted.page(whole=report.wanted(page.title))
        with polling.on_page(page.url_path):
            page.run()
    except polling.NotYet:
        finish()
        raise  # or Streamlit would take the run for a whole one, and forget the widgets that it has not come to
    finish()
