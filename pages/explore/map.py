"""Map the photographs by the layer's three kernels; a lasso shows the photographs inside."""

import streamlit as st

from gradviz.ui import polling, views, visitor, widgets
from gradviz.ui.components.gallery import grid
from gradviz.ui.components.maps import Map, maps
from gradviz.ui.selection import Selection, current

SHOWN = 60
"""Photographs of a selection that the gallery shows."""


def _page(selection: Selection) -> None:
    st.title("Map", anchor=False)
    st.caption(
        "Each point is a photograph; photographs close together are similar under the kernel. Distances between groups "
        "and the axes mean little (UMAP). Draw around points in one map to find them in the others and to see them."
    )
    if not widgets.has_layer(selection):
        return
    own = _own(selection)
    title = f"Maps of {selection.chosen:,} images, {selection.source} {selection.layer.name}"
    question = selection.question(views.maps, own, title=title, paced=False)
    view = polling.ask(question, after=widgets.features(selection), slot="maps")
    chosen = maps(
        [Map(title, found.points, _quality(found)) for title, found in zip(selection.titles, view.maps, strict=True)],
        ids=view.ids,
        labels=view.labels,
        classes=selection.images.classes,
        class_of=view.first.tolist(),
        own=view.own,
        key="maps",
        thumbnails=view.thumbnails,
    )
    _explain(view.maps[0])
    _gallery(selection, view, chosen)
    widgets.notes(view.maps[0].notes, view.maps[0].rows.skipped)
    widgets.downloads(_offer(selection, found) for found in view.maps)


def _own(selection: Selection) -> visitor.Own | None:
    """Return the visitor's photographs where they are to be shown beside the data set."""
    own = visitor.own()
    if own is None or selection.own or selection.images.features:
        return None
    if not st.toggle("Show my photographs", value=True, key="mine"):
        return None
    st.caption(
        "★ marks yours. The maps are computed again from all photographs together, so the whole layout may change; the "
        "figures below the titles do not count yours."
    )
    return own


def _quality(found) -> str:
    purity = "" if found.purity is None else f", purity {found.purity:.2f}"
    return f"trustworthiness {found.trustworthiness:.2f}{purity}"


def _explain(found) -> None:
    st.caption(
        "Trustworthiness: 1 where neighbours on the map are also neighbours under the kernel."
        + (
            ""
            if found.purity is None
            else " Purity: the share of a photograph's nearest neighbours under the kernel "
            f"that show one of its classes, {found.chance:.2f} by chance."
        )
    )


def _gallery(selection: Selection, view: views.MapsView, chosen: tuple[str, ...]) -> None:
    if not chosen or not selection.images.paths:
        return
    labels = dict(zip(view.ids, map(", ".join, view.labels), strict=True))
    st.subheader(f"{len(chosen):,} photographs" + (f", the first {SHOWN}" if len(chosen) > SHOWN else ""), anchor=False)
    shown = chosen[:SHOWN]
    pictures = widgets.thumbnails(selection.images, shown, view.thumbnails)
    grid([(name, picture, labels[name]) for name, picture in pictures.items()], key="gallery")


def _offer(selection: Selection, found) -> widgets.Download:
    def build() -> str:
        from gradviz.export import map_csv

        return map_csv(found)

    name = f"map_{selection.images.name}_{selection.source}_{found.representation}.csv"
    return widgets.Download(f"{found.representation} as CSV", name, "text/csv", build)


_page(current())
