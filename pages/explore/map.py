"""Map the photographs by the layer's three kernels; a lasso shows the photographs inside, a click their nearest."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import streamlit as st

from gradviz.placement import moved
from gradviz.results import Map as Answer
from gradviz.spec import OPTIONS
from gradviz.ui import chosen, frame, options, polling, widgets
from gradviz.ui.components.maps import PARTS, ROLES, Change, Near, OwnPhotographs, Scene, Sheet, maps
from gradviz.ui.report import Asked
from gradviz.ui.selection import Selection, current
from gradviz.ui.text import plain
from gradviz.ui.visitor import Own
from pages.explore import map_controls, map_questions, map_scene
from pages.explore.map_colour import painted
from pages.explore.map_questions import Later, Made, Maps
from pages.explore.map_views import Facts

OUTLINES = (
    "<div class='gv-map-waiting' aria-hidden='true'><i></i><div><i></i><i></i><p>" + "<i></i>" * 40 + "</p></div></div>"
)
"""The page's places for maps and photographs, until the first map is there."""


def _page(selection: Selection) -> None:
    head = frame.head("Map", "Each dot is a photograph; dots close together are alike under the kernel", selection)
    if not widgets.has_layer(selection):
        return
    with st.container(key="gv-map-controls", horizontal=True, vertical_alignment="center"):
        colour = map_controls.colour(selection)
        map_controls.search(selection)
        how, answer = map_controls.how(selection)
        own = map_controls.own(selection)
    if absent := chosen.outside(selection.images, selection.split, selection.spec.images):
        st.info(plain(absent))
    found, later = Maps(selection, how, _large()), Later()
    view = options.stated("zoom", "a part of the map", PARTS, None)
    if not found.found:
        st.html(OUTLINES)
        if found.follow():
            st.rerun()
        raise polling.NotYet
    with st.container(key="gv-progress-map-labels"):
        facts: Facts = polling.ask(map_questions.facts(selection), slot="labels")
    points = map_scene.all_turned(found.found)
    mine, placed = _own(selection, own, how, found, points, later) if own else (None, ())
    _draw(selection, facts, found, points, colour, own, mine, how, later, view)
    with answer:
        _jitter(selection, how, found, later)
    answers = list(found.found.values())
    widgets.notes(sorted({note for one in answers for note in one.notes}), answers[0].rows.skipped)
    offers = _offers(selection, placed or [found.found[role] for role in ROLES if role not in found.former])
    head.export(offers, _asked(selection, how))
    later.begin()
    if found.follow() | later.follow():
        st.rerun()


def _large() -> str:
    """Return which map is large: what was clicked, or what the link says."""
    return options.stated("map", "the large map", ROLES, "product") or "product"


def _take(change: Change) -> None:
    """Take what somebody has done in the maps, before the page is run again."""
    now = chosen.current()
    chosen.change(
        change.ids if "ids" in change.said else now.ids,
        change.marked if "marked" in change.said else now.marked,
    )
    if "focus" in change.said:
        chosen.focus(change.focus)
        st.session_state["own focus"] = None
    if "own" in change.said:
        # No other page and nobody else has it, so it is no part of the selection and of links.
        st.session_state["own focus"] = change.own
    if "large" in change.said:
        options.state("map", change.large)
    if "view" in change.said:
        options.state("zoom", change.view)


def _draw(
    selection: Selection,
    facts: Facts,
    found: Maps,
    points: dict[str, np.ndarray],
    colour: tuple[str, str | None],
    own: Own | None,
    mine: OwnPhotographs | None,
    how: dict[str, Any],
    later: Later,
    view: str | None,
) -> None:
    shown = map_scene.shown(selection, facts)
    name, classes = chosen.current().marked, selection.images.classes
    marked = -1 if name is None or name not in classes else classes.index(name)
    # As the nearest: a gallery that is in one order beside maps of another temperature would mislead.
    question = map_questions.typical(found.of_rows(selection) or selection, shown, marked, facts.main.tolist())
    typical = later.soon(question, "typical", found.after)
    usually = map_questions.typical(selection, shown, marked, facts.main.tolist())
    if question.key != usually.key:
        later.ahead(usually, "next typical", found.after)
    ranked = [] if typical is None else typical.tolist()
    # Where nobody has chosen a photograph, the one that was in focus at first stays at another temperature or layer.
    usual = st.session_state.setdefault("map focus", {})
    if usual.get("shown") != shown or usual.get("id") not in facts.ids:
        usual |= {"shown": shown, "id": facts.ids[int(ranked[0])] if ranked else None}
    now = replace(map_scene.now(selection, facts, usual["id"], found.large), view=view)
    named = st.session_state.get("own focus") or ""
    if mine is not None and own is not None and named in mine.ids:
        now = replace(now, focus=len(facts.ids) + [*mine.ids].index(named))
    near = _near(selection, facts, found, how, now.focus, own, later)
    scored = _scored(selection, later) if colour[0] in map_controls.OF_SVM else None
    scene = Scene(
        map_scene.panels(selection, facts, found, how, points),
        map_scene.photographs(selection, facts),
        painted(colour[0], selection.images, facts, colour[1], scored),
        sheets=_sheets(selection, later),
        own=mine,
        near=near,
        typical=ranked,
        now=now,
        words=map_scene.words(selection, how, facts, found),
    )
    maps(scene, key="maps", on_change=_take)


def _near(
    selection: Selection,
    facts: Facts,
    found: Maps,
    how: dict[str, Any],
    focus: int | None,
    own: Own | None,
    later: Later,
) -> Near | None:
    """Return the nearest of the photograph in focus, under the choices that the maps on the page were made under."""
    asked = found.of_rows(selection)
    if focus is None or asked is None:
        return None
    if focus < len(facts.ids):
        own = None
    name = facts.ids[focus] if own is None else st.session_state["own focus"].removeprefix(map_scene.STAR)
    question, usual = (map_questions.rows(one, name, own) for one in (asked, selection))
    if question.key != usual.key:
        later.ahead(usual, "next nearest", found.after)
    rows = later.soon(question, "nearest", found.after)
    if rows is None:
        return None
    still = "" if question.key == usual.key else map_scene.differing(Made("", asked, how), selection, how)
    return replace(map_scene.near(selection, facts, focus, rows, own), fits=found.fits(asked), still=still)


def _sheets(selection: Selection, later: Later) -> list[Sheet]:
    """Return the sheets that are there; the next one is asked for once the one before has come."""
    there = []
    for number, question in enumerate(map_questions.sheets(selection)):
        sheet = later.get(question, f"sheet {number}")
        if sheet is None:
            break
        there.append(sheet)
    return there


def _scored(selection: Selection, later: Later) -> dict[str, Any] | None:
    splits = map_controls.halves(selection.images)
    if splits is None:
        return None
    after = widgets.features(selection, *splits)
    scored = later.get(map_questions.scores(selection, *splits), "scores of SVMs", after)
    return scored and {**scored, "splits": splits}


def _own(
    selection: Selection,
    own: Own,
    how: dict[str, Any],
    found: Maps,
    points: dict[str, np.ndarray],
    later: Later,
) -> tuple[OwnPhotographs | None, tuple[Answer, ...]]:
    """Return a visitor's own photographs as they are drawn, and the maps with them, once they are placed."""
    if found.former:
        return None, ()
    question = map_questions.placements(selection, own, how, [found.found[role] for role in ROLES])
    placed, sheet = later.get(question, "placing"), later.get(map_questions.own_sheet(own), "own sheet")
    if placed is None or sheet is None:
        return None, ()
    return map_scene.own_photographs(own, placed, points, sheet), placed


def _jitter(selection: Selection, how: dict[str, Any], found: Maps, later: Later) -> None:
    """Say how far points move under the next seed, where somebody has asked."""
    if not st.session_state.get("jitter asked") or how["method"] == "pca" or found.former:
        return
    other = {**how, "seed": how["seed"] + 1}
    lines = []
    for role, name in zip(ROLES, selection.triple, strict=True):
        one = later.get(map_questions.drawn(selection, name, other), f"map again {role}", found.after)
        if one is not None:
            shares = 100 * moved(found.found[role].points, one.points)
            lines.append(f"{role} {np.median(shares):.0f} % ({np.quantile(shares, 0.9):.0f} % for one in ten)")
    words = "; ".join(lines) if len(lines) == len(ROLES) else "being drawn"
    st.caption(f"Under seed {other['seed']} half of the points move, in the map's width, by at least: {words}.")


def _offers(selection: Selection, answers: tuple[Answer, ...] | list[Answer]) -> Iterator[widgets.Download]:
    # What a forward map does not depend on is left out of its question, and is still what was chosen.
    asked = {} if selection.images.features else {name: getattr(selection.spec, name) for name in map_questions.FREE}
    for one in answers:
        name = f"{map_scene.stem(selection)}_{one.representation}.csv"
        about = {**one.about, **asked, "layer": selection.layer.name}
        yield widgets.Download(f"{one.representation} as CSV", name, "text/csv", _builder(replace(one, about=about)))


def _asked(selection: Selection, how: dict[str, Any]) -> list[Asked]:
    """Return the maps as the command line draws them: the same points, before the page turns them."""
    more = {name: value for name, value in how.items() if name != "seed" and not _is_usual(name, value)}
    return [
        Asked(f"The map by {name}", "embed", selection, {"representation": name, "out": f"{name}.csv", **more})
        for name in selection.triple
    ]


def _is_usual(name: str, value: Any) -> bool:
    return value == OPTIONS[name].default


def _builder(one: Answer):
    def build() -> str:
        from gradviz.export import map_csv

        return map_csv(one)

    return build


_page(current())
