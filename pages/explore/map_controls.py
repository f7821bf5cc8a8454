"""The line above the maps: what colours the points, a search, how the maps are drawn, one's own photographs."""

from collections.abc import Mapping
from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from gradviz.datasets import ImageSet
from gradviz.spec import OPTIONS
from gradviz.ui import chosen, options, visitor
from gradviz.ui.selection import Selection

COLOURS = ("Class", "Labels", "Split", "SVM score", "Error", "None")
OF_SVM = ("SVM score", "Error")
MOST_FOUND = 20_000
"""Photographs of a data set up to which the search offers those that are not on the maps."""


def halves(images: ImageSet) -> tuple[str, str] | None:
    """Return the splits that an SVM is trained and scored on for the colours; None where there are none."""
    if images.labels is None:
        return None
    for pair in (("trainval", "test"), ("train", "test"), ("train", "val")):
        if set(pair) <= set(images.splits):
            return pair
    return None


def colours(images: ImageSet) -> list[str]:
    """List what can colour the points of a data set."""
    there = {
        "Class": images.labels is not None,
        "Labels": images.labels is not None,
        "Split": bool(images.splits),
        "SVM score": halves(images) is not None,
        "Error": halves(images) is not None,
        "None": True,
    }
    return [name for name in COLOURS if there[name]]


def colour(selection: Selection) -> tuple[str, str | None]:
    """Draw the choice of what colours the points; return it and, for SVMs, the class."""
    offered = colours(selection.images)
    about = (
        "Class: the main class. Labels: how many classes a photograph shows. SVM score and Error: a class's SVM on the "
        "product kernel, trained on one split and scored on the other."
    )
    found = options.bound(
        st.segmented_control,
        "Colour",
        offered,
        default=offered[0],
        key="colour",
        usual=offered[0],
        required=True,
        label_visibility="collapsed",
        help=about,
    )
    if found not in OF_SVM:
        return found, None
    classes = list(selection.images.classes)
    more = {"label_visibility": "collapsed", "key": "svm_class", "usual": classes[0], "width": 150}
    return found, options.bound(st.selectbox, "Class of the SVM", classes, **more)


def search(selection: Selection) -> None:
    """Draw the search: an id puts its photograph in focus, a class is marked.

    Photographs that are not on the maps are found too, behind those that are, up to MOST_FOUND.
    """
    images = selection.images
    here = [images.ids[i] for i in images.select(selection.split, selection.spec.images)]
    away = set(images.ids) - set(here) if len(images) <= MOST_FOUND else set()

    def found() -> None:
        wanted = st.session_state["search"]
        if wanted in images.classes:
            chosen.mark(wanted)
        elif wanted is not None:
            chosen.focus(wanted)
        st.session_state["search"] = None

    st.selectbox(
        "Search",
        [*images.classes, *here, *(name for name in images.ids if name in away)],
        index=None,
        format_func=lambda name: f"{name} (not on the maps)" if name in away else name,
        key="search",
        on_change=found,
        placeholder="id or class",
        label_visibility="collapsed",
        width=170,
    )


def how(selection: Selection) -> tuple[dict[str, Any], DeltaGenerator]:
    """Draw how maps are made; return it as `Experiment.embed` takes it, and the place in the menu for an answer."""
    named = {"umap": "UMAP", "tsne": "t-SNE", "pca": "PCA"}
    now = options.ahead("method")
    with st.popover(named.get(str(now), named[OPTIONS["method"].default]), width="content", help="How maps are drawn"):
        method = options.choice("method")
        neighbours = options.bound(
            st.number_input,
            OPTIONS["neighbours"].title,
            2,
            500,
            int(OPTIONS["neighbours"].default),
            key="neighbours",
            usual=int(OPTIONS["neighbours"].default),
            help=f"{OPTIONS['neighbours'].help} Purity and trustworthiness look at as many.",
        )
        found = {"method": method, "neighbours": int(neighbours), "seed": _seed(selection, method)}
        if method == "umap":
            found["min_dist"] = float(options.slider("min_dist"))
        if method == "tsne":
            found["perplexity"] = float(options.slider("perplexity"))
        if method != "pca":
            st.button(
                "How far do points move under another seed?",
                key="jitter",
                help="Draws each map once more with the next seed and turns it onto this one.",
                on_click=lambda: st.session_state.update({"jitter asked": True}),
            )
        answer = st.container(key="gv-map-jitter")
    return found, answer


def _seed(selection: Selection, method: str) -> int:
    """Draw the seed again, here where it is used: one seed everywhere."""

    def changed() -> None:
        st.session_state["seed"] = st.session_state["map seed"]

    now = selection.spec.seed
    if st.session_state.get("map seed") != now:
        st.session_state["map seed"] = now
    option = OPTIONS["seed"]
    if method != "pca":
        st.number_input(option.title, 0, 2**32 - 1, key="map seed", on_change=changed, help=option.help)
    return now


def described(how: Mapping[str, Any], method: str = "") -> str:
    """Say how the maps were drawn; `method` is what was drawn, where it is known, as `Embedding` names it."""
    if how["method"] == "pca":
        return "kernel PCA"
    if method == "principal components":
        return "kernel PCA (too few photographs for more)"
    if how["method"] == "tsne":
        return f"t-SNE, perplexity {how['perplexity']:g}, seed {how['seed']}"
    return f"UMAP, {how['neighbours']} neighbours, least distance {how['min_dist']:g}, seed {how['seed']}"


def own(selection: Selection) -> visitor.Own | None:
    """Return the visitor's photographs where they are to be shown beside the data set."""
    mine = visitor.own()
    if mine is None or selection.own or selection.images.features:
        return None
    about = "Yours are marked by a star and stand where their five nearest under each kernel stand; the map stays."
    return mine if st.toggle("Show my photographs", value=True, key="mine", help=about) else None
