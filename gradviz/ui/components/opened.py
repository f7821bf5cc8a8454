"""Notice that a menu has been opened.

Streamlit's own menus can tell too, but then they also tell that they are closed. Whoever follows a link to another
page closes an open menu by that click, and what the menu tells of the page that is left undoes the click.
"""

from collections.abc import Callable

from streamlit.components import v2

# What stands in a menu is there only while it is open.
_mount = v2.component(
    "gradviz_opened",
    html="<i hidden></i>",
    js="""
export default function ({ data, setTriggerValue }) {
  if (!data.known) setTriggerValue("opened", true)
}
""",
)


def opened(act: Callable[[], None], *, known: bool, key: str) -> None:
    """Call `act`, and draw the page once more, when the menu in which this stands is open and that is not `known`."""
    _mount(data={"known": known}, key=key, on_opened_change=act)
