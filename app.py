"""Open the dashboard: `streamlit run app.py`; with your own photographs `streamlit run app.py -- --dataset FOLDER`."""

import streamlit as st

from gradviz.home import ASSETS
from gradviz.ui import polling, state
from gradviz.ui.components import first_link

st.set_page_config("gradviz", str(ASSETS / "logo.svg"), layout="wide")
st.html("<style>.stMainBlockContainer { padding: 3rem 2.5rem 4rem; }</style>")
polling.warm_up()
page = st.navigation(
    {
        "Explore": [
            st.Page("pages/explore/kernels.py", title="Kernels", icon=":material/grid_on:", default=True),
            st.Page("pages/explore/map.py", title="Map", icon=":material/scatter_plot:"),
        ],
        "Evaluate": [st.Page("pages/evaluate/svm.py", title="SVM", icon=":material/bar_chart:")],
        "Data": [st.Page("pages/data/data.py", title="Data", icon=":material/photo_library:")],
    }
)
state.sidebar()
first_link.dismiss_page_not_found()
page.run()
