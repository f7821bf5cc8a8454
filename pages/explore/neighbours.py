"""Show what one photograph finds under the layer's three kernels, and how well each of them does for all queries."""

from dataclasses import replace
from functools import partial
from typing import Any

import streamlit as st

from gradviz.errors import DatasetError
from gradviz.ui import address, frame, options, polling, widgets
from gradviz.ui.components import neighbours as component
from gradviz.ui.components.gallery import grid
from gradviz.ui.components.queries import WAYS, queries
from gradviz.ui.report import Asked
from gradviz.ui.selection import Selection, choose_pair, current
from gradviz.words import counted
from pages.explore import neighbours_query, neighbours_scene
from pages.explore.kernels_job import MOST
from pages.explore.neighbours_job import Found, Queries, found, neighbours_of
from pages.explore.neighbours_job import queries as all_queries
from pages.explore.neighbours_query import Query

KERNELS = "pages/explore/kernels.py"
KEY, FOOT = "neighbours", "queries"


def _page(selection: Selection) -> None:
    head = frame.head("Neighbours", _about(selection), selection)
    if not widgets.has_layer(selection):
        return
    if selection.chosen < 2:
        widgets.nothing("One photograph has no neighbours: choose more in the sidebar.")
        return
    if selection.chosen > MOST:
        widgets.nothing(
            f"This page compares at most {counted(MOST, 'photograph')}, and {selection.chosen:,} are chosen. Choose "
            "fewer in the sidebar; `python -m gradviz neighbours` has no such limit."
        )
        return
    with head.views(), st.container(horizontal=True, gap="small", width="content"):
        neighbours_query.buttons(selection)
    query, near = neighbours_query.current(selection), _near()
    question = selection.unseeded.question(
        found, query.identifier, query.own, near, title=f"What {query.identifier} finds", lane="light"
    )
    # Above the figure in every run: a figure that moves would be built anew.
    meanwhile = st.empty()
    if polling.answered(question.key) is None and KEY not in st.session_state.get("shown", {}):
        with meanwhile.container():
            _meanwhile(query)
    shown = polling.show(question, (selection, query, near), after=widgets.features(selection), slot=KEY)
    meanwhile.empty()
    selection, query, near = shown.choices
    with st.container(key=f"gv-figure-{KEY}", gap="small"):
        opened = _rows(selection, query, near, shown.result)
        below = st.container()
    every = _queries(selection, shown.result, below, former=shown.former)
    widgets.notes(shown.result.notes, shown.result.rows.skipped)
    head.export(_offers(selection, near, shown.result, every), _asked(selection, query, near))
    if opened:
        choose_pair((shown.result.identifier, opened))
        address.lead_to(KERNELS)


def _about(selection: Selection) -> str:
    layer = f", {selection.layer.name}" if selection.picked else ""
    return f"{selection.source}{layer}: the photographs nearest to one"


def _near() -> int:
    """Return how many photographs stand in a row."""
    usual = str(component.USUAL)
    return int(options.stated("near", "how many nearest", tuple(map(str, component.NEAR)), usual) or usual)


def _way() -> str:
    """Return which differences between two kernels the ten queries have."""
    return options.stated("way", "which queries differ most", WAYS, WAYS[0]) or WAYS[0]


def _meanwhile(query: Query) -> None:
    """Show the photograph itself while its neighbours are on their way."""
    try:
        picture = widgets.photo(query.images, query.identifier, boxes=False) if query.images.paths else b""
    except DatasetError:
        picture = b""
    if picture:
        grid([(query.name, picture, ", ".join(query.shows))], key="on the way", width=300)


def _rows(selection: Selection, query: Query, near: int, answer: Found) -> str | None:
    """Draw the query and its three rows; return the photograph with which it is to be opened as a pair."""
    return component.neighbours(
        neighbours_scene.scene(selection, query, near, answer),
        key=KEY,
        on_query=neighbours_query.choose,
        on_near=lambda value: options.state("near", str(value)),
        on_among=_choose_split,
    )


def _choose_split(name: str) -> None:
    st.session_state["split"] = name


def _queries(selection: Selection, answer: Found, place: Any, *, former: bool) -> Queries | None:
    """Draw all queries once they are there; until then what was shown last of the same photographs, dimmed."""
    rows, last = answer.rows, st.session_state.setdefault("queries shown", {})
    if rows.labels is None or not (rows.labels == 1).any():
        with place:
            queries(neighbours_scene.no_queries(rows.images.name), key=FOOT, on_query=_ignore, on_way=_ignore)
        return None
    way = _way()
    title = f"Average precision of {counted(len(rows.ids), 'query', 'queries')}"
    question = selection.unseeded.question(all_queries, way, title=title, lane="light")
    every = polling.answered(question.key)
    if not former:
        with st.container(key="gv-waiting-queries"):
            job = polling.follow(question, slot="queries", quiet=True)
        every = job.result if job else every
    shown, stale = every, False
    if every is not None:
        last["key"] = question.key
    else:
        shown, stale = polling.answered(last.get("key", "")), True
    with place:
        scene = neighbours_scene.queries(shown, answer.identifier, way, stale=stale and shown is not None)
        queries(scene, key=FOOT, on_query=neighbours_query.choose, on_way=lambda value: options.state("way", value))
    return every


def _ignore(_: str) -> None:
    """Do nothing: there is nothing to click."""


def _asked(selection: Selection, query: Query, near: int) -> list[Asked]:
    """Return the three rows as the command line lists them; it cannot name a visitor's own photograph."""
    here = replace(selection, place=None) if query.own else selection
    more = {"image": query.identifier, "top": near}
    return [
        Asked(f"The {near} nearest under {name}", "neighbours", here, {"representation": name, **more})
        for name in selection.triple
    ]


def _offers(selection: Selection, near: int, answer: Found, every: Queries | None) -> list[widgets.Download]:
    stem, seed = neighbours_scene.stem(selection), {"seed": selection.spec.seed}

    def rows() -> str:
        from gradviz.export import neighbours_csv

        # Nothing is drawn at random, so the question has no seed; it is still what was chosen.
        made = replace(answer, about={**answer.about, **seed})
        return neighbours_csv(neighbours_of(made, selection.triple, near))

    def scores(one: Queries) -> str:
        from gradviz.export import retrieval_csv

        return retrieval_csv(replace(one.all, about={**one.all.about, **seed}))

    name = f"{stem}_{answer.identifier}_top{near}.csv"
    offers = [widgets.Download("Three rows as CSV", name, "text/csv", rows)]
    if every is not None:
        offers.append(widgets.Download("All queries as CSV", f"{stem}_queries.csv", "text/csv", partial(scores, every)))
    return offers


_page(current())
