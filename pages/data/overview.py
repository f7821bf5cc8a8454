"""Show what the program makes of the chosen data set: its classes with a picture of each, splits and findings."""

from base64 import b64encode
from dataclasses import replace

import streamlit as st

from gradviz.datasets.description import description
from gradviz.spec import Spec
from gradviz.ui import polling, views, widgets
from gradviz.ui.selection import Selection

_COLUMNS = {
    "picture": st.column_config.ImageColumn("", width=70),
    "class": st.column_config.TextColumn(width=160),
}
_ROW = 56
"""Pixels of a row with a picture."""


def draw(selection: Selection) -> None:
    """Draw the same as `gradviz datasets PLACE` says."""
    about = description(selection.images)
    with st.container(horizontal=True):
        st.text(f"{about['name']}: {about['format'] or 'photographs of your own'}")
        st.text(f"{about['images']:,} images, {len(about['classes']):,} classes, {about['ap']} AP")
    left, right = st.columns([2, 1], gap="large")
    with left:
        if about["classes"]:
            _classes(selection, about["classes"])
        else:
            st.info("Nothing here says what the images show: kernels, maps and neighbours work, SVMs need labels.")
    with right:
        if about["splits"]:
            splits = [{"split": name, "images": count} for name, count in about["splits"].items()]
            st.dataframe(splits, hide_index=True, width="stretch", key="splits of the data set")
        widgets.table_of_findings(selection.images.findings)


def _classes(selection: Selection, classes: dict[str, dict[str, int]]) -> None:
    pictures = {}
    if selection.images.paths:
        # What a picture looks like depends on none of the choices.
        bare = replace(selection.whole, spec=Spec())
        question = bare.question(views.examples, title="A picture of each class", lane="light", paced=False)
        job = polling.follow(question, slot="examples")
        pictures = job.result if job else {}
    rows = [{"picture": _uri(pictures.get(name)), "class": name, **counts} for name, counts in classes.items()]
    if not pictures:
        rows = [{column: value for column, value in row.items() if column != "picture"} for row in rows]
    st.dataframe(
        rows,
        hide_index=True,
        width="stretch",
        column_config=_COLUMNS,
        row_height=_ROW if pictures else None,
        key="classes of the data set",
    )


def _uri(jpeg: bytes | None) -> str | None:
    return f"data:image/jpeg;base64,{b64encode(jpeg).decode()}" if jpeg else None
