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
  const uploading = () =>
    [...document.querySelectorAll("[data-testid=stFileChip]")].some(
      (chip) => !chip.querySelector("[data-testid=stFileChipIconError]"))
  // Only when the others have come: another run of the page in the middle of an upload can lose it.
  const tell = (names, tries) =>
    uploading() && tries ? setTimeout(tell, 500, names, tries - 1) : setTriggerValue("names", names)
  const look = (event) => {
    const files = [...(event.dataTransfer?.files || event.target.files || [])]
    const names = files.filter((file) => file.size > data.limit).map((file) => file.name)
    if (names.length) setTimeout(tell, 1000, names, 1200)
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
    """Return the names of dropped files that have more than `limit` bytes, once, after those that were sent have come.

    None where there is no news.
    """
    names = _watcher(data={"limit": limit}, key=key, on_names_change=nothing).names
    return [str(name) for name in names[:_MOST]] if isinstance(names, list) else None
