"""Learn the names of files that the browser does not even send, because they are larger than the uploader takes.

Streamlit shows them in the uploader alone, which is replaced as soon as another file of the same drop is taken in.
"""

from streamlit.components import v2

from gradviz.ui.components import nothing

_WATCH = """
const watched = new WeakSet() // by parentElement: another run of the page calls this again

export default function ({ data, parentElement, setTriggerValue }) {
  if (watched.has(parentElement)) return
  watched.add(parentElement)
  const look = (event) => {
    const files = [...(event.dataTransfer?.files || event.target.files || [])]
    if (files.length) setTriggerValue("names", files.filter((file) => file.size > data.limit).map((file) => file.name))
  }
  document.addEventListener("change", look, true)
  document.addEventListener("drop", look, true)
  return () => {
    document.removeEventListener("change", look, true)
    document.removeEventListener("drop", look, true)
  }
}
"""
_MOST = 1000

_watcher = v2.component("gradviz_too_large", html="<i hidden></i>", js=_WATCH)


def too_large(limit: int, *, key: str) -> list[str] | None:
    """Return the names of the files just dropped that have more than `limit` bytes, None where nothing was dropped."""
    names = _watcher(data={"limit": limit}, key=key, on_names_change=nothing).names
    return [str(name) for name in names[:_MOST]] if isinstance(names, list) else None
