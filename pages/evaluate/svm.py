"""Train one SVM a class on kernels, and compare how well representations tell the classes apart."""

import json

import streamlit as st

from gradviz import figures
from gradviz.ui import runs, state, tasks, training, widgets, work


def _page(selection: state.Selection) -> None:
    st.title("SVM", anchor=False)
    st.caption(
        "For each class, one linear classifier learns from the kernel of the training images and ranks the test "
        "images. Average precision is 100 % where every image of the class comes before every other one; images whose "
        "only objects of a class are marked difficult count neither way for it."
    )
    if selection.images.labels is None or len(selection.images.splits) < 2:
        st.info(f"{selection.images.name} has no labels or not two splits, so nothing can be trained and scored on it.")
        return
    question = training.question(selection)
    area = st.container()
    if question:
        st.session_state["training"] = (selection, *question)
    _draw(selection)
    if st.session_state.get("training"):
        with area:
            _train(*st.session_state["training"])


def _train(selection: state.Selection, names: tuple[str, ...], choices: dict) -> None:
    question = work.Question(
        selection.key("evaluate", names, choices),
        f"SVMs on {', '.join(names)} of {selection.source}",
        lambda progress, cancel: tasks.evaluations(selection, names, choices, progress, cancel),
        lane="light",
    )
    found = work.ask(question, after=widgets.features(selection, choices["train"], choices["test"]), slot="svm")
    runs.keep(selection, found)
    st.session_state["training"] = None
    st.rerun()


def _draw(selection: state.Selection) -> None:
    kept = runs.of(selection)
    if not kept:
        st.caption("Press Train to compare the representations chosen above.")
        return
    names = runs.names(kept)
    st.plotly_chart(figures.ap_bars(kept, names, runs.kinds(kept)), key="bars", config=widgets.PLOTLY)
    st.dataframe(runs.table(kept, names), hide_index=True, column_config=runs.columns())
    st.caption(
        "★ best mean. Choosing a temperature by these scores is exploration; τ by cv chooses it on the training split."
    )
    for run, name in zip(kept, names, strict=True):
        widgets.notes([f"{name}: {note}" for note in run.notes])
    _offer(selection, kept)


def _offer(selection: state.Selection, kept: list) -> None:
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
        st.button("Clear", icon=":material/delete:", on_click=runs.clear, help="Forgets the results shown here.")


_page(state.current())
