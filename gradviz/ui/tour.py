"""Walk through the pages in ten steps, a question before each answer, in a bar above the page.

The step stands in the address: tour=3, and tour=3-shown once its answer is. A step acts as clicks do: it sets the
temperature, say, and opens a page. Whoever leaves the tour finds the choices of before.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import streamlit as st
from streamlit.components import v2

from gradviz.representations import usual
from gradviz.ui import address, chosen, options
from gradviz.ui.selection import Selection, current
from gradviz.ui.text import plain
from gradviz.ui.tour_steps import NETWORK, STEPS, TITLES, Step

_BEFORE, _GOES = "before the tour", "the tour goes"
_USUAL = {"pseudo": "uniform", "normalise": "l2", "centre": False}
"""Choices that the texts take for granted, beside the layer and the temperature."""
_WIDGETS = ("layer", "temperature", *_USUAL)
_FIGURES = sorted({name for step in STEPS for name in step.figure})


@dataclass(frozen=True)
class At:
    """Where somebody is in the tour: the step's number, from 1, and whether its answer is shown."""

    number: int
    shown: bool = False

    @property
    def written(self) -> str:
        """Return it as it stands in the address."""
        return f"{self.number}-shown" if self.shown else f"{self.number}"

    @property
    def step(self) -> Step:
        """Return the step."""
        return STEPS[self.number - 1]


KNOWN = {at.written: at for number in range(1, len(STEPS) + 1) for at in (At(number), At(number, True))}
"""What the address may say."""

# The figures below measure the room that the bar leaves them when the window's size changes.
_room = v2.component(
    "gradviz_tour",
    html="<i hidden></i>",
    js="""
export default function ({ parentElement }) {
  const bar = parentElement.getRootNode().host?.closest(".st-key-gv-tour") ?? document.querySelector(".st-key-gv-tour")
  const tell = () => dispatchEvent(new Event("resize"))
  const watch = new ResizeObserver(tell)
  if (bar) watch.observe(bar)
  return () => {
    watch.disconnect()
    requestAnimationFrame(tell)
  }
}
""",
)


def switch() -> None:
    """Draw what starts the tour."""
    about = "Ten steps through the pages, with a question at each; leaving brings your choices back."
    st.button("Tour", key="tour start", on_click=_start, type="tertiary", icon=":material/explore:", help=about)


def destination() -> str | None:
    """Return the page that a step has to be opened on, once, after a click in the bar."""
    at = KNOWN.get(options.said("tour") or "")
    return at.step.page if at is not None and st.session_state.pop(_GOES, False) else None


def is_at(file: str, path: str) -> bool:
    """Return whether a page's file is the one at a path; the first page has none."""
    return (path or Path(NETWORK).stem) == Path(file).stem


def guide(path: str) -> None:
    """Draw the bar above the page at this path; the tour is off by default."""
    at = KNOWN.get(options.stated("tour", "a step of the tour", KNOWN, None) or "")
    if at is None:
        st.session_state.pop(_BEFORE, None)
        return
    here = is_at(at.step.page, path)
    if _BEFORE not in st.session_state:  # a link
        st.session_state[_BEFORE] = _kept()
        for name, value in at.step.figure.items():
            if not here or name not in st.query_params:  # the page itself reads its address
                options.state(name, st.query_params.get(name, value))
        if not here:
            address.lead_to(at.step.page)
    if st.session_state["pair"] is None and at.step.afresh:
        st.query_params.pop("pair", None)
    _draw(at, here=here)


def _draw(at: At, *, here: bool) -> None:
    selection, step = current(), at.step
    lacks = _lacks(selection, step.needs)
    names = _names(selection)
    with st.container(key="gv-tour", gap=None):
        with st.container(key="gv-tour-line", horizontal=True, vertical_alignment="center", gap="small"):
            st.markdown(f"{at.number}/{len(STEPS)}", width="content")
            st.markdown(named(step.question, names))
            if not here:
                st.button(f"Go to {TITLES[step.page]}", key="tour go", on_click=_go, args=(at,), type="primary")
            elif not at.shown and not lacks:
                st.button("Show", key="tour show", on_click=_show, args=(at,), type="primary")
            st.button("Back", key="tour back", on_click=_go, args=(At(at.number - 1),), disabled=at.number == 1)
            last = at.number == len(STEPS)
            st.button("Next", key="tour next", on_click=_go, args=(At(at.number + 1),), disabled=last)
            st.button("Leave", key="tour leave", on_click=_leave)
        st.markdown(lacks or named(step.answer if at.shown else step.look, names))
        _room(key="tour-room")


def _start() -> None:
    st.session_state.setdefault(_BEFORE, _kept())
    _go(At(1))


def _go(at: At) -> None:
    """Open a step, before the page is run."""
    options.state("tour", at.written)
    st.session_state[_GOES] = True
    step = at.step
    _set({**_USUAL, **_usual_layer(), "temperature": step.then if at.shown and step.then else step.temperature})
    for name, value in step.figure.items():
        options.state(name, value)
    if step.afresh:
        chosen.focus(None)
        st.session_state["pair"] = None


def _show(at: At) -> None:
    options.state("tour", At(at.number, True).written)
    if at.step.then:
        _set({"temperature": at.step.then})


def _leave() -> None:
    before = st.session_state.pop(_BEFORE, None)
    if before is None:  # of two clicks, the second one
        return
    options.state("tour", None)
    _set(before["widgets"])
    for name, value in before["figures"].items():
        options.state(name, value)
    if before["of"] == _of():
        st.session_state["chosen"] = before["chosen"]
        st.session_state["pair"] = before["pair"]
        st.query_params.pop("pair", None)


def _kept() -> dict[str, Any]:
    choices = st.session_state.get("choices", {})
    return {
        "of": _of(),
        "widgets": {name: choices[name] for name in _WIDGETS if name in choices},
        "figures": {name: options.said(name) for name in _FIGURES},
        "chosen": chosen.current(),
        "pair": st.session_state.get("pair"),
    }


def _of() -> tuple[Any, ...]:
    """Return what photographs and layers belong to."""
    choices = st.session_state.get("choices", {})
    return choices.get("data"), choices.get("network")


def _set(choices: Mapping[str, Any]) -> None:
    """Make choices that widgets have; a data set may have fewer of them."""
    there = st.session_state.get("choices", {})
    for name, value in choices.items():
        if name in there and (name != "layer" or value in _layers()):
            # Also where choices are kept: a page that is left before it is drawn loses the widget's own.
            st.session_state[name] = there[name] = value


def _layers() -> list[str]:
    selection = current()
    return [] if selection.images.features else [layer.name for layer in selection.network.layers]


def _usual_layer() -> dict[str, str]:
    names = _layers()
    return {"layer": names[1 if len(names) == 3 else -1]} if names else {}


def _lacks(selection: Selection, needs: str) -> str:
    """Say why a step has nothing to show on this data set; nothing where it has."""
    name, images = plain(selection.images.name), selection.images
    go_on = "this step has nothing to show: go on with Next."
    if needs == "pictures" and not images.paths:
        return f"{name} holds features without pictures, so {go_on}"
    if needs in ("layer", "network") and selection.picked is None:
        return f"{name} has no layer with both factors, so {go_on}"
    if needs == "network" and images.features:
        return f"{name} holds features of one temperature, so {go_on}"
    if needs == "labels" and (images.labels is None or len(images.splits) < 2):
        return f"{name} has no labels or fewer than two splits, so {go_on}"
    return ""


def _names(selection: Selection) -> dict[str, str]:
    if selection.picked is None:
        return {"layer": "the layer", "product": "its gradient", "beside": "its input"}
    _, beside, product = usual(selection.layer.number)
    return {"layer": selection.layer.name, "product": product, "beside": beside}


def named(text: str, names: Mapping[str, str]) -> str:
    """Put the layer's own names into a text."""
    for name, value in names.items():
        text = text.replace(f"{{{name}}}", value)
    return text
