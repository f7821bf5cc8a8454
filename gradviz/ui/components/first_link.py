"""Close the "Page not found" that Streamlit lays over the first link to a page after the server's start.

A folder named pages/ makes Streamlit expect its old kind of multipage app until st.navigation has run once. A link to
/map then draws the right page, but with that dialog over it.
"""

import streamlit as st
from streamlit.components import v2

CLOSE = """
export default function () {
  const until = Date.now() + 5000
  const look = () => {
    for (const dialog of document.querySelectorAll("[role=dialog]")) {
      if (dialog.textContent.includes("Page not found")) {
        return dialog.querySelector("button[aria-label=Close]")?.click()
      }
    }
    if (Date.now() < until) setTimeout(look, 50)
  }
  look()
}
"""

_closer = v2.component("gradviz_first_link", html="<i hidden></i>", js=CLOSE)


def dismiss_page_not_found() -> None:
    """Watch for the dialog for five seconds in the first run of a visit; it cannot appear later."""
    if "arrived" not in st.session_state:
        st.session_state["arrived"] = True
        with st.sidebar:
            _closer(key="first-link")
