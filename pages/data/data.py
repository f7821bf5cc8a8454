"""Add photographs of one's own, see what the data set is made of, and download data sets and networks."""

import streamlit as st

from gradviz.datasets import formats
from gradviz.ui import options, polling, views, visitor, widgets
from gradviz.ui.components.gallery import grid
from gradviz.ui.selection import Selection, current
from pages.data import downloads, intake, overview

NEAREST = 6
BEST = 5
"""Nearest photographs, and classes with the highest scores, that are shown for one photograph."""


def _page(selection: Selection) -> None:
    st.title("Data")
    titles = ["Your photographs", "The data set", "Reference data", "Networks"]
    mine, chosen, sets, networks = st.tabs(titles, key="about")
    with mine:
        left, right = st.columns([1.2, 1], gap="large")
        with left:
            intake.drop()
        with right:
            intake.report()
        if own := visitor.own():
            _photographs(selection, own)
    with chosen:
        overview.draw(selection)
    with sets:
        downloads.datasets()
        with st.expander("What can be opened"):
            st.markdown(formats.table())
            st.caption("Start the dashboard with `--dataset` and the folder or file: it then stands in the sidebar.")
    with networks:
        downloads.networks()


def _photographs(selection: Selection, own: visitor.Own) -> None:
    found = _classified(selection, own)
    classes = found.classes if found else ()
    seen = dict(zip(found.rows.ids, found.scores, strict=True)) if found else {}
    captions = {name: _caption(name, classes, seen[name]) if name in seen else name for name in own.images.ids}
    with st.container(height=340 if len(own.images) > 12 else "content", border=False):
        clicked = grid([(name, own.thumbnails[name], captions[name]) for name in captions], key="own")
    if clicked:
        st.session_state["own photograph"] = clicked
    chosen = st.session_state.get("own photograph")
    if chosen not in own.images.ids:
        st.caption("Click a photograph to see it and those nearest to it in the reference set.")
        return
    left, right = st.columns([1, 1.4])
    with left:
        st.image(widgets.photo(own.images, chosen), width="stretch")
        st.text(chosen)
    with right:
        if chosen in seen:
            table = _table(classes, seen[chosen])
            st.dataframe(table, hide_index=True, width="content", column_config=_COLUMNS)
            st.caption("A score above 0 means that the class is there; scores of different classes are not comparable.")
    if _reference(selection):
        _nearest(selection, own, chosen)


def _classified(selection: Selection, own: visitor.Own):
    """Classify the photographs with SVMs trained on the reference set; None where that cannot be done, or not yet."""
    if not _reference(selection) or selection.images.labels is None:
        st.info("Choose a data set with labels in the sidebar: SVMs trained on it then classify your photographs.")
        return None
    splits = ["all", *selection.images.splits]
    usual = next(split for split in ("trainval", "train", "all") if split in splits)
    row = st.container(horizontal=True, vertical_alignment="bottom")
    with row:
        train = st.selectbox(
            "What do they show? SVMs trained on", splits, splits.index(usual), key="trained on", width=260
        )
        representation = st.selectbox("Kernel", selection.triple, 2, key=f"seen by {selection.layer.name}", width=120)
    title = f"SVMs look at {len(own.images):,} photographs of yours"
    question = selection.whole.question(views.classification, own, representation, train, title=title)
    job = polling.follow(question, after=widgets.features(selection, train), slot="classify")
    if job is None:
        return None
    found = job.result
    with row:
        widgets.downloads([widgets.Download("Scores as CSV", "photographs.csv", "text/csv", lambda: _csv(found))])
    widgets.notes(found.notes, found.rows.skipped)
    return found


def _reference(selection: Selection) -> bool:
    """Return whether the chosen data set consists of photographs other than the visitor's own."""
    return not selection.own and not selection.images.features


def _caption(name: str, classes: tuple[str, ...], scores) -> str:
    best = sorted((-score, label) for label, score in zip(classes, scores, strict=True) if score > 0)
    return f"{', '.join(label for _, label in best[:3]) or 'no class'} · {name}"


def _table(classes: tuple[str, ...], scores) -> list[dict]:
    best = sorted(zip(classes, scores, strict=True), key=lambda pair: -pair[1])[:BEST]
    return [{"seen": "✓" if score > 0 else "", "class": label, "score": float(score)} for label, score in best]


_COLUMNS = {
    "seen": st.column_config.TextColumn("", width=40),
    "score": st.column_config.NumberColumn(format="%.2f"),
}


def _nearest(selection: Selection, own: visitor.Own, chosen: str) -> None:
    st.subheader("Nearest in the reference set")
    selection = selection.centring(options.switch("centre"))
    question = selection.unseeded.question(views.nearest, own, chosen, NEAREST, title="The nearest photographs")
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


def _csv(found) -> str:
    from gradviz.export import classification_csv

    return classification_csv(found)


_page(current())
