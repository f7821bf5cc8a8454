"""Photographs of a visitor's own: what they show by SVMs trained on the data set, and what is nearest to them."""

from typing import TYPE_CHECKING

import streamlit as st

from gradviz.datasets import ImageSet
from gradviz.ui import chosen, frame, options, polling, views, visitor, widgets
from gradviz.ui.components.gallery import grid
from gradviz.ui.components.strip import strip
from gradviz.ui.selection import Selection
from gradviz.ui.text import plain
from gradviz.words import counted
from pages.data import intake

if TYPE_CHECKING:
    from gradviz.results import Classification

NEAREST = 6
BEST = 5
"""Nearest photographs, and classes with the highest scores, that are shown for one photograph."""
COMPARED = 12
"""Photographs of the data set that are shown until there are some of the visitor's own."""
THEN = """
What you see then:

- what they show, by SVMs trained on the data set in the sidebar
- the nearest photographs under the forward, the backward and the product kernel
- where they lie on the map of the data set
- and, with folders or lists that name classes, a data set of your own: kernels, maps and SVMs trained on it
"""


def draw(selection: Selection, top: frame.Head) -> None:
    """Draw the place to drop photographs, and those that are here."""
    left, right = st.columns([1.2, 1], gap="large")
    with left:
        intake.drop()
    with right:
        intake.report()
        if visitor.own() is None:
            st.markdown(THEN)
    if own := visitor.own():
        _photographs(selection, own, top)
    elif _reference(selection):
        _compared(selection.images)


def _compared(images: ImageSet) -> None:
    """Show some of the photographs that one's own are compared with, evenly spaced; a click puts one in focus."""
    some = [images.ids[i * len(images) // COMPARED] for i in range(COMPARED)]
    pictures = widgets.thumbnails(images, list(dict.fromkeys(some)), {})
    st.markdown(f"**What they are compared with: {plain(images.name)}**")
    shown = [(name, picture, ", ".join(images.labels_of(images.source(name)))) for name, picture in pictures.items()]
    if shown and (clicked := strip(shown, key="compared with", focus=chosen.current().focus)):
        chosen.focus(clicked)
        st.rerun()


def _photographs(selection: Selection, own: visitor.Own, top: frame.Head) -> None:
    found = _classified(selection, own)
    if found:
        top.export([widgets.Download("Scores as CSV", _file(selection, found), "text/csv", lambda: _csv(found))])
    classes = found.classes if found else ()
    seen = dict(zip(found.rows.ids, found.scores, strict=True)) if found else {}
    captions = {name: caption(name, classes, seen[name]) if name in seen else name for name in own.images.ids}
    with st.container(height=340 if len(own.images) > 12 else "content", border=False):
        clicked = grid([(name, own.thumbnails[name], captions[name]) for name in captions], key="own")
    if clicked:
        st.session_state["own photograph"] = clicked
    opened = st.session_state.get("own photograph")
    if opened not in own.images.ids:
        st.caption("Click a photograph to see it and those nearest to it in the reference set.")
        return
    left, right = st.columns([1, 2.4], gap="large")
    with left:
        st.image(widgets.photo(own.images, opened), width="stretch")
        st.text(opened)
        if opened in seen:
            table = _table(classes, seen[opened])
            st.dataframe(table, hide_index=True, width="stretch", column_config=_COLUMNS)
            st.caption("A score above 0 means that the class is there; scores of different classes are not comparable.")
    if _reference(selection):
        with right:
            _nearest(selection, own, opened)


def _classified(selection: Selection, own: visitor.Own):
    """Classify the photographs with SVMs trained on the reference set; None where that cannot be done, or not yet."""
    if selection.own and selection.images.labels is not None:
        st.info("These are the data set now: the SVM page trains on them. Choose another one to have them classified.")
        return None
    if not _reference(selection) or selection.images.labels is None:
        st.info("Choose a data set with labels in the sidebar: SVMs trained on it then classify your photographs.")
        return None
    splits = ["all", *selection.images.splits]
    usual = next(split for split in ("trainval", "train", "all") if split in splits)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        train = st.selectbox(
            "What do they show? SVMs trained on", splits, splits.index(usual), key="trained on", width=260
        )
        # "Product dW10 (pooled approximation)" without its first word.
        kernels = {
            name: title.partition(" ")[2] for name, title in zip(selection.triple, selection.titles, strict=True)
        }
        representation = st.selectbox(
            "Kernel",
            list(kernels),
            2,
            key=f"seen by {selection.layer.name}",
            width=260,
            format_func=kernels.__getitem__,
        )
    title = f"SVMs look at {counted(len(own.images), 'photograph')} of yours"
    question = selection.whole.question(views.classification, own, representation, train, title=title)
    job = polling.follow(question, after=widgets.features(selection, train), slot="classify")
    if job is None:
        return None
    found = job.result
    widgets.notes(found.notes, found.rows.skipped)
    return found


def _reference(selection: Selection) -> bool:
    """Return whether the chosen data set consists of photographs other than the visitor's own."""
    return not selection.own and not selection.images.features


def caption(name: str, classes: tuple[str, ...], scores) -> str:
    """Say which classes are seen in a photograph: those with a score above 0, else the likeliest with its score."""
    best = sorted(((-float(score), label) for label, score in zip(classes, scores, strict=True)), key=lambda s: s[0])
    seen = [label for score, label in best[:3] if score < 0]
    if not seen and best:
        seen = [f"{best[0][1]}? {-best[0][0]:.2f}"]
    return f"{', '.join(seen)} · {name}" if seen else name


def _table(classes: tuple[str, ...], scores) -> list[dict]:
    best = sorted(zip(classes, scores, strict=True), key=lambda pair: -pair[1])[:BEST]
    return [{"seen": "✓" if score > 0 else "", "class": label, "score": float(score)} for label, score in best]


_COLUMNS = {
    "seen": st.column_config.TextColumn("seen", width=50),
    "score": st.column_config.NumberColumn(format="%.2f"),
}


def _nearest(selection: Selection, own: visitor.Own, opened: str) -> None:
    st.subheader("Nearest in the reference set")
    selection = selection.centring(options.switch("centre"))
    question = selection.unseeded.question(views.nearest, own, opened, NEAREST, title="The nearest photographs")
    job = polling.follow(question, after=widgets.features(selection), slot="nearest")
    if job is None:
        return
    for column, title, found in zip(st.columns(3), selection.titles, job.result, strict=True):
        pictures = widgets.thumbnails(selection.images, [near.id for near in found], {})
        with column:
            st.markdown(f"**{title}**")
            grid(
                [
                    (near.id, pictures[near.id], f"{near.value:.2f} {', '.join(near.labels)}")
                    for near in found
                    if near.id in pictures
                ],
                key=f"nearest {title}",
                width=96,
            )


def _file(selection: Selection, found: "Classification") -> str:
    of = (selection.images.name, selection.network.name, selection.layer.name, found.representation)
    return "_".join(("scores", *of, f"tau{selection.spec.temperature:g}", found.about["train"])) + ".csv"


def _csv(found: "Classification") -> str:
    from gradviz.export import classification_csv

    return classification_csv(found)
