"""Train a binary SVM for each class on kernels, and compare how well representations tell the classes apart."""

import json

import streamlit as st

from gradviz import figures
from gradviz.ui import polling, views, widgets
from gradviz.ui.selection import Selection, current
from gradviz.ui.text import plain
from pages.evaluate import svm_form, svm_history


def _page(selection: Selection) -> None:
    st.title("SVM", anchor=False)
    st.caption(
        "For each class, a binary SVM is trained on the kernel of the training images and ranks the test images. "
        "Average precision is 100 % where every image of the class is ranked above all others; images whose only "
        "objects of a class are marked difficult are ignored for that class."
    )
    if selection.images.labels is None or len(selection.images.splits) < 2:
        name = plain(selection.images.name)
        st.info(f"{name} has no labels or fewer than two splits, so nothing can be trained and scored.")
        return
    question = svm_form.question(selection)
    area = st.container()
    if question:
        st.session_state["training"] = (selection, *question)
    _draw(selection)
    if st.session_state.get("training"):
        with area:
            _train(*st.session_state["training"])


def _train(selection: Selection, names: tuple[str, ...], choices: dict) -> None:
    title = f"SVMs on {', '.join(names)} of {selection.source}"
    question = selection.whole.question(views.evaluations, names, choices, title=title, lane="light")
    features = widgets.features(selection, choices["train"], choices["test"])
    found = polling.ask(question, after=features, slot="svm", errand=True)
    svm_history.keep(selection, found)
    st.session_state["training"] = None
    st.rerun()


def _draw(selection: Selection) -> None:
    kept = svm_history.of(selection)
    if not kept:
        st.caption("Press Train to compare the representations chosen above.")
        return
    names = svm_history.names(kept)
    st.plotly_chart(figures.ap_bars(kept, names, svm_history.kinds(kept)), key="bars", config=widgets.PLOTLY)
    st.dataframe(svm_history.table(kept, names), hide_index=True, column_config=svm_history.columns())
    st.caption(
        "★ best mean. Choosing a temperature by these scores is exploration; τ by cv chooses it on the training split."
    )
    for run, name in zip(kept, names, strict=True):
        widgets.notes([f"{name}: {note}" for note in run.notes])
    _offer(selection, kept)


def _offer(selection: Selection, kept: list) -> None:
    def as_csv() -> str:
        from gradviz.export import evaluations_csv

        return evaluations_csv(kept)

    def as_json() -> str:
        from gradviz.export import evaluation_json

        return json.dumps([evaluation_json(run) for run in kept], indent=2)

    name = f"svm_{selection.images.name}"
    with st.container(horizontal=True):
        widgets.downloads(
            [
                widgets.Download("Scores as CSV", f"{name}.csv", "text/csv", as_csv),
                widgets.Download("Scores and choices as JSON", f"{name}.json", "application/json", as_json),
            ]
        )
        st.button("Clear", icon=":material/delete:", on_click=svm_history.clear, help="Forgets the results shown here.")


_page(current())
