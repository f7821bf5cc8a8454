"""Show what the program makes of the chosen data set as tables: classes with a picture of each, splits, findings."""

from base64 import b64encode
from dataclasses import replace

import streamlit as st

from gradviz.datasets import Finding
from gradviz.datasets.description import description, in_short
from gradviz.spec import Spec
from gradviz.ui import polling, views, widgets
from gradviz.ui.selection import Selection
from gradviz.words import counted

_COLUMNS = {
    "picture": st.column_config.ImageColumn("picture", width=70),
    "class": st.column_config.TextColumn(width=160),
}
_ROW = 56
"""Pixels of a row with a picture."""


def draw(selection: Selection) -> None:
    """Offer the same as `gradviz datasets PLACE` says: what a reader should know of the data, and all counts."""
    unusable = _undecodable(selection)
    about = description(selection.images, unusable)
    found = [*selection.images.findings, *unusable.values()]
    if found:
        number = sum(finding.count for finding in found)
        with st.popover(f"{counted(number, 'finding')}", help=f"What the reader found: {in_short(found)}"):
            st.markdown(f"**What the reader found: {in_short(found)}**")
            widgets.table_of_findings(found)
    with st.popover("All counts", help="Every class and split with its numbers"):
        form = about["format"] or "photographs of your own"
        images, classes = counted(about["images"], "image"), counted(len(about["classes"]), "class", "classes")
        st.text(f"{about['name']}: {form}; {images}, {classes}, {about['ap']} AP")
        left, right = st.columns([2, 1], gap="large")
        with left:
            if about["classes"]:
                _classes(selection, about["classes"])
        with right:
            if about["splits"]:
                splits = [{"split": name, "images": count} for name, count in about["splits"].items()]
                st.dataframe(splits, hide_index=True, width="stretch", key="splits of the data set")


def _undecodable(selection: Selection) -> dict[int, Finding]:
    """Return the pictures that cannot be decoded; none while they are looked for."""
    bare = replace(selection.whole, spec=Spec())  # no choice changes which these are
    question = bare.question(views.unusable, title="Pictures that cannot be decoded", lane="light", paced=False)
    job = polling.follow(question, slot="undecodable", quiet=True)
    return job.result if job else {}


def _classes(selection: Selection, classes: dict[str, dict[str, int]]) -> None:
    pictures = {}
    if selection.images.paths:
        # What a picture looks like depends on none of the choices.
        bare = replace(selection.whole, spec=Spec())
        question = bare.question(views.examples, title="A picture of each class", lane="light", paced=False)
        job = polling.follow(question, slot="examples", quiet=True)
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
