"""The view of a data set: facts, classes, the photograph in focus with its boxes, and the gallery."""

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from gradviz.datasets import ImageSet
from gradviz.errors import DatasetError
from gradviz.spec import Spec
from gradviz.ui import address, chosen, frame, noted, options, polling, widgets
from gradviz.ui.components.annotated import Shown, annotated
from gradviz.ui.components.classes import ORDERS, Numbers, classes
from gradviz.ui.components.facts import facts
from gradviz.ui.report import Asked
from gradviz.ui.selection import Selection
from gradviz.ui.text import plain
from gradviz.words import counted
from pages.data import census, gallery, opener, overview, rail

DIFFICULT = "some difficult"
SEVERAL = 5
"""Numbers of classes in a photograph that have a column of their own."""
ROOT = Path(__file__).parents[2]
LEADS_TO = {
    "Network": "pages/start/network.py",
    "Neighbours": "pages/explore/neighbours.py",
    "Map": "pages/explore/map.py",
    "Kernels": "pages/explore/kernels.py",
}
"""Pages that show the photograph in focus."""


def draw(selection: Selection, top: frame.Head) -> None:
    """Draw the data set, and beside it what could be added to it."""
    with st.container(key="gv-data", horizontal=True, gap="medium"):
        with st.container(key="gv-data-main"):
            _draw(selection, top)
        with st.container(key="gv-rail"), noted.apart():
            rail.draw()


def _draw(selection: Selection, top: frame.Head) -> None:
    images = selection.images
    # What is in the pictures depends on none of the choices.
    bare = replace(selection.whole, spec=Spec())
    counted = polling.follow(bare.question(census.counts, title="Counting classes", lane="light"), slot="counts")
    if counted is None:
        return
    counts: census.Counts = counted.result
    with st.container(key="gv-facts", horizontal=True, vertical_alignment="center", gap="small"):
        place, beside = st.container(), st.container(key="gv-overview")
    marked, also, order = _chosen(images)
    area = st.container()
    reading = st.container()
    found = _contents(bare, reading) if images.paths else None
    with place:
        facts(_facts(images, counts, found), key="facts")
    positions = _positions(images, counts, found, marked, also)
    focus = chosen.current().focus or (_opener(selection, found, positions, marked) if found else None)
    with area:
        _upper(selection, counts, found, marked, also, order, focus)
    which = "all"
    if found is not None:
        which, positions = _gallery(selection, counts, found, positions, marked, also, focus)
    elif not images.paths:
        st.caption(f"{plain(images.name)} holds vectors, not pictures: {', '.join(plain(x) for x in images.features)}.")
    with beside:
        overview.draw(selection)
    named = [marked, also, which if which != "all" else None]
    asked = [Asked("Photographs of each class and split, and what the reader found", "datasets", selection, {})]
    top.export(_offers(images, counts, positions, [name for name in named if name]), asked)


def _contents(bare: Selection, place) -> census.Contents | None:
    title = f"Sizes and boxes of {counted(len(bare.images), 'photograph')}"
    with place:
        job = polling.follow(bare.question(census.contents, title=title, lane="light"), slot="contents")
    return job.result if job else None


def _chosen(images: ImageSet) -> tuple[str | None, str | None, str]:
    """Return the class that is marked, the one that is to be seen with it, and the order of the list."""
    marked = chosen.current().marked
    others = [name for name in images.classes if name != marked] if marked else []
    also = options.stated("also", "the class seen with it", others, None)
    return marked, also, options.stated("classes_by", "the order", ORDERS, ORDERS[0]) or ORDERS[0]


def _facts(images: ImageSet, counts: census.Counts, found: census.Contents | None) -> list[dict[str, Any]]:
    left_out = sum(finding.count for finding in images.findings if finding.kind == "left out")
    one = len(images) == 1
    what = (
        ("photograph" if one else "photographs") if images.paths else ("row of features" if one else "rows of features")
    )
    said: list[dict[str, Any]] = [{"number": len(images), "lines": [f"{what} read;", f"{left_out:,} left out"]}]
    shares = [f"{count:,} {name}" for name, count in counts.shares]
    if images.splits:
        said.append({"lines": shares if len(shares) < 4 else [*shares[:2], f"and {len(shares) - 2} more splits"]})
    if images.classes:
        columns = [(str(k), n) for k, n in sorted(counts.several.items())]
        if len(columns) > SEVERAL + 1:
            columns = [*columns[:SEVERAL], ("more", sum(n for _, n in columns[SEVERAL:]))]
        about = "How many photographs show so many classes"
        said.append({"lines": ["classes", "in each"], "columns": columns, "about": about})
    if found is not None and len(found.kind):
        both = int((found.difficult & found.truncated).sum())
        difficult, cut = int(found.difficult.sum()), int(found.truncated.sum())
        lines = [f"objects; {difficult:,} difficult,", f"{cut:,} truncated"]
        said.append({"number": len(found.kind), "lines": lines, "about": f"{both:,} are both"})
    return said


def _positions(
    images: ImageSet, counts: census.Counts, found: census.Contents | None, marked: str | None, also: str | None
) -> NDArray[np.int64]:
    """Return the photographs that show the class that is marked, and the one to be seen with it."""
    inside = np.ones(len(images), bool)
    for name in (marked, also):
        if name is not None and images.labels is not None:
            inside &= images.labels[:, images.classes.index(name)] == 1
    return np.flatnonzero(inside)


def _opener(
    selection: Selection, found: census.Contents, positions: NDArray[np.int64], marked: str | None
) -> str | None:
    """Return the photograph that is shown where nobody has chosen one."""
    names = opener.best(selection.images, found, positions, marked)
    made = selection.own.thumbnails if selection.own else {}
    return opener.liveliest(widgets.thumbnails(selection.images, names, made)) or next(iter(names), None)


def _upper(
    selection: Selection,
    counts: census.Counts,
    found: census.Contents | None,
    marked: str | None,
    also: str | None,
    order: str,
    focus: str | None,
) -> None:
    images = selection.images
    if not images.paths:
        _classes(images, counts, found, marked, also, order)
        return
    left, right = st.columns([1.52, 1], gap="small")
    with left:
        if images.classes:
            _classes(images, counts, found, marked, also, order)
        else:
            st.info("Nothing here says what the images show: kernels, maps and neighbours work, SVMs need labels.")
    with right:
        if focus is not None and found is not None:
            _photograph(images, counts, found, focus)


def _classes(images: ImageSet, counts: census.Counts, found, marked, also, order) -> None:
    parts = [name for name, _ in counts.shares] if images.splits else ["photographs"]
    numbers = Numbers(parts, counts.parts, counts.difficult, counts.together, counts.alone, counts.order)
    clicked, asked = classes(
        images.classes,
        numbers,
        found.faces if found else {},
        title="Photographs of each class",
        chosen=marked,
        also=also,
        order=order,
        key="classes",
    )
    if asked and asked != order:
        options.state("classes_by", asked)
        st.rerun()
    if clicked:
        name, other = clicked
        # A second click on the same lets it go.
        same = (name, other) == (marked, also)
        chosen.mark(None if same and other is None else name)
        options.state("also", None if same else other)
        st.rerun()


def _photograph(images: ImageSet, counts: census.Counts, found: census.Contents, name: str) -> None:
    position = images.source(name)
    try:
        jpeg = widgets.photo(images, name, boxes=False)
    except DatasetError as error:
        st.warning(plain(str(error)))
        return
    if clicked := annotated(shown(images, counts, found, position), jpeg, key="photograph"):
        chosen.mark(clicked)
        options.state("also", None)
        st.rerun()
    with st.container(key="gv-open-in", horizontal=True, vertical_alignment="center", gap="small"):
        st.caption("open in", width="content")
        for title, file in LEADS_TO.items():
            if (ROOT / file).is_file() and st.button(title, key=f"open in {title}"):
                chosen.focus(name)
                address.lead_to(file)


def shown(images: ImageSet, counts: census.Counts, found: census.Contents, position: int) -> Shown:
    """Return what is drawn of one photograph: its boxes, or where it has none, its classes."""
    width, height = (int(side) for side in found.sizes[position])
    own = slice(*found.first[position : position + 2])
    splits = [name for name, members in images.splits.items() if position in members] if images.splits else []
    names = [name for name, _ in counts.shares if name in splits] or splits
    objects: list[dict[str, Any]] = [
        {
            "name": found.names[kind],
            "colour": int(kind) if kind < len(images.classes) else -1,
            "corners": corners.tolist(),
            "extent": f"{corners[2] - corners[0] + 1} × {corners[3] - corners[1] + 1}",
            "area": float(np.prod(corners[2:] - corners[:2] + 1) / max(1, width * height)),
            "difficult": bool(difficult),
            "truncated": bool(truncated),
        }
        for kind, corners, difficult, truncated in zip(
            found.kind[own], found.corners[own], found.difficult[own], found.truncated[own], strict=True
        )
    ]
    boxed = bool(objects)
    words = [*names[:1], f"{width:,} × {height:,} pixels"]
    if boxed:
        words.append("1 object" if len(objects) == 1 else f"{len(objects)} objects")
    elif images.labels is not None:
        row = images.labels[position]
        unsure = (row == 0) & (True if images.unknown is None else ~images.unknown[position])
        objects = [
            {"name": images.classes[c], "colour": int(c), "count": int(counts.shown[c]), "difficult": bool(unsure[c])}
            for c in np.flatnonzero((row == 1) | unsure)
        ]
    none = "" if objects or not images.classes else "Nothing says what it shows."
    about = ", ".join(dict.fromkeys(made["name"] for made in objects)) or "no class"
    return Shown(images.ids[position], (max(1, width), max(1, height)), ", ".join(words), about, objects, boxed, none)


def _gallery(
    selection: Selection,
    counts: census.Counts,
    found: census.Contents,
    positions: NDArray[np.int64],
    marked: str | None,
    also: str | None,
    focus: str | None,
) -> tuple[str, NDArray[np.int64]]:
    """Draw the gallery, and return which of the photographs the filter leaves, and their positions."""
    images = selection.images
    kind = images.classes.index(marked) if marked else None
    inside = {"all": positions}
    inside |= {
        name: np.intersect1d(positions, images.splits[name]) for name, _ in counts.shares if name in images.splits
    }
    if found.difficult.any():
        inside[DIFFICULT] = positions[found.with_difficult(kind)[positions]]
    with st.container(key="gv-gallery-head", horizontal=True, vertical_alignment="center", gap="small"):
        heading, boxes = st.container(width="content"), st.container()
        which = _filter({name: len(some) for name, some in inside.items()})
        left = inside[which]
        heading.markdown(_heading(len(left), len(positions), marked, also), width="content")
        boxes.caption(_boxes(found, left, kind))
    with st.container(key="gv-gallery"):
        gallery.draw(selection, found, left, kind, focus=focus)
    return which, left


def _filter(counts: Mapping[str, int]) -> str:
    """Draw the filters with their counts, which are no part of the link."""
    kept = options.stated("show", "the photographs", tuple(counts), "all") or "all"
    if st.session_state.get("show", kept) == kept:
        st.session_state["show"] = kept
    which = st.segmented_control(
        "Show",
        tuple(counts),
        key="show",
        format_func=lambda name: f"{name} {counts[name]:,}",
        required=True,
        label_visibility="collapsed",
        width="content",
    )
    options.state("show", which or kept)
    return options.stated("show", "the photographs", tuple(counts), "all") or "all"


def _heading(left: int, count: int, marked: str | None, also: str | None) -> str:
    """Say how many photographs the filter leaves of how many, and what they show."""
    photographs = counted(count, "photograph")
    if marked is None:
        return f"**{photographs}**" if left == count else f"**{left:,} of {photographs}**"
    names = plain(f"{marked} and {also}" if also else marked)
    show = "shows" if count == 1 else "show"
    return (
        f"**{photographs} {show} {names}**" if left == count else f"**{left:,} of {photographs} that {show} {names}**"
    )


def _boxes(found: census.Contents, positions: NDArray[np.int64], kind: int | None) -> str:
    wanted = np.isin(found.of, positions)
    if kind is not None:
        wanted &= found.kind == kind
    count, difficult = int(wanted.sum()), int((wanted & found.difficult).sum())
    if not count:
        return ""
    return f"{count:,} {'box' if count == 1 else 'boxes'}" + (
        f", {difficult:,} difficult (dashed)" if difficult else ""
    )


def _offers(
    images: ImageSet, counts: census.Counts, positions: NDArray[np.int64], named: Sequence[str]
) -> list[widgets.Download]:
    """Offer the photographs that are shown, in a file called by what they are chosen by, and the classes of all."""

    def of_photographs() -> str:
        from gradviz.export import selection_csv  # torch comes with it

        return selection_csv(images, [images.ids[i] for i in positions])

    file = "_".join(["photographs", images.name, *named, str(len(positions))]) + ".csv"
    offers = [widgets.Download("Photographs as CSV", file, "text/csv", of_photographs)]
    if images.classes:
        name = f"classes_{images.name}.csv"
        offers.insert(0, widgets.Download("Classes as CSV", name, "text/csv", lambda: classes_csv(images, counts)))
    return offers


def classes_csv(images: ImageSet, counts: census.Counts) -> str:
    """Return CSV text: one line for each class, with its photographs, and those that also show each other class."""
    file = io.StringIO()
    table = csv.writer(file, lineterminator="\n")
    splits = [f"split {name}" for name, _ in counts.shares]
    table.writerow(["class", "photographs", *splits, "only_difficult", "alone", *(f"with {c}" for c in images.classes)])
    for c, name in enumerate(images.classes):
        numbers = (counts.shown[c], *counts.parts[c], counts.difficult[c], counts.alone[c], *counts.together[c])
        table.writerow([name, *map(int, numbers)])
    return file.getvalue()
