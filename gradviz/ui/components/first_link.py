"""See to the first link of a visit, and to the way back from it.

A link may be from before there was a start page, and Streamlit may answer it with "Page not found".

Links that show a pair of photographs in Kernels once had no page in them: it opened at the bare address.

The "Page not found" is laid over the first link to a page after the server's start. A folder named pages/ makes
Streamlit expect its old kind of multipage app until st.navigation has run once. A link to /map then draws the right
page, but with that dialog over it.
"""

from pathlib import Path

import streamlit as st
from streamlit.components import v2
from streamlit.runtime.scriptrunner import get_script_run_ctx
from streamlit.runtime.scriptrunner_utils.script_run_context import ThreadState

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

STEPS = (
    Path(__file__).with_name("history.js").read_text(encoding="utf-8")
    + """
keepSteps(history, document, location)
export default function () {}
"""
)

_closer = v2.component("gradviz_first_link", html="<i hidden></i>", js=CLOSE)
_steps = v2.component("gradviz_history", html="<i hidden></i>", js=STEPS)


def of_server() -> bool:
    """Return whether Streamlit takes this run for one of its old kind of multipage app: the server's first."""
    ctx = get_script_run_ctx()
    return ctx is not None and ThreadState.get().active_script_hash != ctx.pages_manager.main_script_hash


def of_kernels() -> bool:
    """Return whether a visit begins with a pair, and without what the start page adds to it."""
    first = "arrived" not in st.session_state
    return first and len(st.query_params.get_all("pair")) == 2 and "focus" not in st.query_params


def arrive() -> None:
    """In the first run of a visit, watch for the dialog for five seconds, and take the history in hand."""
    if "arrived" not in st.session_state:
        st.session_state["arrived"] = True
        with st.sidebar:
            _closer(key="first-link")
            _steps(key="history")
