"""The frame of every page: its colours and sizes, and the line at its top with title, selection, link and exports."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import streamlit as st
from streamlit.components import v2
from streamlit.delta_generator import DeltaGenerator

from gradviz.datasets import ImageSet
from gradviz.ui import chosen, explained, options, report, widgets
from gradviz.ui.components.opened import opened
from gradviz.ui.drawing import ROLES
from gradviz.ui.selection import Selection
from gradviz.ui.text import plain

_CSS = Path(__file__).with_suffix(".css").read_text(encoding="utf-8")

TYPE, LARGE = 14, 17
"""Pixels of the pages' type, as .streamlit/config.toml has it, and while they are being presented."""
PRESENTING = f"""
html {{ font-size: {LARGE}px !important; }}
:root {{ --gv-muted: var(--gv-text); --gv-quiet: var(--gv-text); --gv-scale: {LARGE / TYPE:.4f}; }}
@media (max-height: 800px) {{ .st-key-gv-ten > :last-child {{ display: none; }} }}
"""
"""Type and contrast for a projector; the components enlarge what they draw by the same factor."""

_link = v2.component(
    "gradviz_link",
    html="<button type='button'>Copy link</button><span role='status'></span>",
    css="""
    :host { display: block; }
    button {
      font: inherit; font-size: 0.93rem; color: inherit; background: transparent; cursor: pointer; white-space: nowrap;
      min-height: 1.9rem; border: 1px solid var(--st-border-color); border-radius: 6px; padding: 0.1rem 0.7rem;
    }
    button:hover, button:focus-visible { border-color: var(--st-primary-color); color: var(--st-primary-color); }
    span { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
    """,
    js="""
export default function ({ parentElement }) {
  const [button, spoken] = [parentElement.querySelector("button"), parentElement.querySelector("span")]
  const say = (text) => {
    button.textContent = spoken.textContent = text
    setTimeout(() => (button.textContent = "Copy link"), 1500)
  }
  button.onclick = async () => {
    try {
      await navigator.clipboard.writeText(location.href)
      say("Copied")
    } catch {
      // A page that came without encryption from another computer may not write there.
      prompt("The link to this view:", location.href)
    }
  }
}
""",
)


class Head:
    """The line at the top of a page; `export` adds what can be taken along, once it is known."""

    def __init__(self, title: str, about: str, selection: Selection | None, *, whole: bool) -> None:
        self._section = report.section(title, about, selection)
        with st.container(key="gv-head", horizontal=True, vertical_alignment="center", gap="small"):
            st.title(title, anchor=False, width="content")
            self._about = st.empty()
            self.say(about)
            self._views = st.container(width="content")
            if selection is not None:
                _chip(selection, whole=whole)
            _explain(title)
            _link(key="gv-link", width="content")
            # No st.empty: it would take the menu away in every run, and close it under the hand of whoever opened it.
            self._exports = st.container(width="content")

    def say(self, about: str) -> None:
        """Replace the sentence, once it is known what exactly the page shows."""
        self._about.caption(plain(about))
        self._section.about = about

    def views(self) -> DeltaGenerator:
        """Return the place in the line for the switch between a page's views."""
        return self._views.container(key="gv-views", width="content")

    def export(self, offers: Iterable[widgets.Download], asked: Sequence[report.Asked] = ()) -> None:
        """Offer files, built when they are asked for, in a menu; reports hold what is `asked` as commands."""
        section, images = self._section, self._section.selection and self._section.selection.images
        report.complete(section, asked)
        with self._exports.popover("Export", width="content", key="export menu"):
            widgets.downloads(offers)
            if images:
                self._report(images.name)
                self._everything(images.name)

    def _report(self, name: str) -> None:
        """Offer a report of this page: whoever opens the menu has it drawn once more, with its figures noted."""
        label, section = "Report as HTML", self._section
        opened(lambda: report.offer(section.title), known=section.noted.whole, key="gv-export-opened")
        if section.noted.whole:
            report.offered()
            file = f"{section.title.lower()}_{name}_report.html"
            widgets.downloads([widgets.Download(label, file, "text/html", report.built([section]))])
        else:
            st.button(label, key="report of this page", icon=":material/download:", disabled=True)

    def _everything(self, name: str) -> None:
        """Offer a report of all pages: first to open them, and once that is done the file."""
        if all_pages := report.sections():
            file = f"everything_{name}_report.html"
            widgets.downloads([widgets.Download("Everything as HTML", file, "text/html", report.built(all_pages))])
        label = "Open all pages again" if all_pages else "Everything as HTML"
        about = "Opens one page after the other and writes all of them into one file."
        more = {"help": about, "on_click": report.begin, "args": (self._section.title,)}
        st.button(label, key="report everything", icon=":material/menu_book:", **more)


def head(title: str, about: str, selection: Selection | None = None, *, whole: bool = False) -> Head:
    """Draw the line at the top: the page's name, one plain sentence, what is selected, a link, and exports.

    `whole` says that the page shows all of the data set, whatever split and number are chosen in the sidebar.
    """
    return Head(title, about, selection, whole=whole)


def dress() -> None:
    """Write the pages' style, with large type and high contrast while they are being presented."""
    presenting = str(options.ahead("present")).lower() == "true"
    dark = 1 if st.context.theme.type == "dark" else 0
    roles = "".join(f"--gv-{role}: {pair[dark]};" for role, pair in ROLES.items())
    st.html(f"<style>:root {{ {roles} }}{_CSS}{PRESENTING if presenting else ''}</style>")


def present() -> None:
    """Draw the switch of the presentation mode."""
    about = "Larger type and more contrast, for a projector."
    options.bound(st.toggle, "Present", False, key="present", usual=False, help=about)


def _explain(title: str) -> None:
    """Explain a page and the terms in its text, for those who ask."""
    with st.popover("Explain", width="content"), st.container(key="gv-explain"):
        st.markdown(explained.PAGES.get(title, ""))
        with st.expander("Glossary"):
            st.markdown(explained.glossary())


def _chip(selection: Selection, *, whole: bool) -> None:
    now = chosen.current()
    if not (now.ids or now.marked or chosen.can_undo()):
        return
    label = f"{len(now.ids):,} selected" if now.ids else now.marked or "Selection"
    elsewhere = chosen.elsewhere(selection.images, selection.images.select(selection.split, selection.spec.images))
    if elsewhere and not whole:
        label = f"{label}, {elsewhere}"
    with st.container(key="gv-chip", width="content"), st.popover(plain(label), width="content"):
        st.text(chosen.summary(selection.images))
        if elsewhere:
            st.text(f"{elsewhere} in the sidebar")
        if now.marked:
            st.text(f"Marked: every photograph that shows {now.marked}")
        with st.container(horizontal=True):
            st.button("Clear", on_click=chosen.clear, key="clear selection", icon=":material/close:")
            st.button("Undo", on_click=chosen.undo, key="undo", disabled=not chosen.can_undo(), icon=":material/undo:")
        if now.ids:
            _take_along(selection, now.ids)


def _take_along(selection: Selection, ids: tuple[str, ...]) -> None:
    images = selection.images
    name = st.text_input("Name", f"{len(ids):,} of {images.name}", key="selection name", max_chars=80)
    file = f"selection_{name}.csv"
    widgets.downloads([widgets.Download("CSV", file, "text/csv", lambda: _csv(images, ids))])
    st.button(
        "Go on with these alone",
        key="go on alone",
        on_click=chosen.restrict,
        args=(ids, name),
        icon=":material/filter_alt:",
        help="Every page then shows these photographs only, until you return to all in the sidebar.",
    )


def _csv(images: ImageSet, ids: tuple[str, ...]) -> str:
    from gradviz.export import selection_csv  # torch comes with it

    return selection_csv(images, ids)
