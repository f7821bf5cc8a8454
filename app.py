"""The dashboard, opened by `gradviz app` or, in a checkout, by `streamlit run app.py`."""

import streamlit as st

from gradviz.home import ASSETS
from gradviz.ui import polling
from gradviz.ui.components import first_link
from gradviz.ui.sidebar import sidebar

PAGES = {
    "Explore": [
        ("pages/explore/kernels.py", "Kernels", "grid_on"),
        ("pages/explore/map.py", "Map", "scatter_plot"),
    ],
    "Evaluate": [("pages/evaluate/svm.py", "SVM", "bar_chart")],
    "Data": [("pages/data/data.py", "Data", "photo_library")],
}
"""The pages by section: file, title and the name of a Material icon. The first one opens at the bare address."""

st.set_page_config("gradviz", str(ASSETS / "logo.svg"), layout="wide")
# Streamlit's own Stop ends the drawing of the page, not the work behind it, and would leave the page blank.
st.html(
    "<style>.stMainBlockContainer { padding: 3rem 2.5rem 4rem; } [data-testid=stStatusWidget] button { display: none; }"
    "</style>"
)
polling.warm_up()
# Before the pages' links: who follows one while the choices are being read would lose those in the address.
ready = sidebar()
page = st.navigation(
    {
        section: [st.Page(file, title=title, icon=f":material/{icon}:") for file, title, icon in pages]
        for section, pages in PAGES.items()
    }
)
first_link.dismiss_page_not_found()
if ready:
    with polling.on_page(page.url_path):
        page.run()
