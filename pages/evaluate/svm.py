"""Train one SVM a class on kernels, and compare how well representations tell the classes apart."""

import json

import streamlit as st

from gradviz import figures
from gradviz.metrics import AP_KINDS
from gradviz.representations import parse
from gradviz.ui import runs, state, tasks, widgets, work

PENALTIES = ("0.1", "1", "10", "cv")


def _page(selection: state.Selection) -> None:
    st.title("SVM", anchor=False)
    st.caption(
        "One linear classifier a class learns from the kernel of the training images and ranks the test images. "
        "Average precision is 100 % where every image of the class comes before every other one; images whose only "
        "objects of a class are marked difficult count neither way for it."
    )
    if selection.images.labels is None or len(selection.images.splits) < 2:
        st.info(f"{selection.images.name} has no labels or not two splits, so nothing can be trained and scored on it.")
        return
    question = _question(selection)
    area = st.container()
    if question:
        st.session_state["training"] = (selection, *question)
    _draw(selection)
    if st.session_state.get("training"):
        with area:
            _train(*st.session_state["training"])


def _question(selection: state.Selection) -> tuple[tuple[str, ...], dict] | None:
    """Draw the choices; give them once somebody presses the button."""
    _follow_layer(selection)
    names = st.multiselect(
        "Representations",
        selection.offer.representations,
        default=_usual(selection),
        key="representations",
        bind="query-params",
        help="x: what leaves a layer; y: the same before its activation; dy: the gradient there; dW: the gradient of "
        "the layer's weights, the product of x and dy; x6+x7: both side by side.",
    )
    splits = list(selection.images.splits)
    first, second = _usual_splits(splits)
    columns = st.columns([1.3, 1.3, 1, 1.7, 1.2], vertical_alignment="bottom")
    with columns[0]:
        train = st.selectbox("Train on", splits, index=splits.index(first), key="train", bind="query-params")
    with columns[1]:
        test = st.selectbox("Test on", splits, index=splits.index(second), key="test", bind="query-params")
    with columns[2]:
        C = st.selectbox(
            "C",
            PENALTIES,
            index=1,
            key="C",
            bind="query-params",
            help="How much a wrong training image costs. cv chooses it for each class by cross-validation on the "
            "training split.",
        )
    with columns[3]:
        kinds = list(AP_KINDS)
        ap = st.selectbox(
            "Average precision",
            kinds,
            index=kinds.index(selection.images.ap),
            key="ap",
            bind="query-params",
            help="; ".join(f"{name}: {kind.title}" for name, kind in AP_KINDS.items()) + ".",
        )
    with columns[4]:
        tuned = st.toggle(
            "τ by cv",
            key="tuned",
            bind="query-params",
            help="Chooses the temperature by cross-validation on the training split, instead of the sidebar's. A "
            "temperature chosen by looking at the test score is exploration, not a result.",
        )
    if not st.button("Train", type="primary", icon=":material/model_training:", disabled=not names):
        return None
    temperature = "cv" if tuned else selection.spec.temperature
    choices = {"train": train, "test": test, "C": "cv" if C == "cv" else float(C), "ap": ap}
    return tuple(names), {**choices, "temperature": temperature}


def _usual(selection: state.Selection) -> list[str]:
    if selection.layer is None:
        return list(selection.offer.representations[:3])
    forward, _, product = selection.triple
    both = f"{forward}+x{selection.layer.number}"
    return [name for name in (forward, both, product) if name in selection.offer.representations]


def _usual_splits(splits: list[str]) -> tuple[str, str]:
    """Prefer to learn from all that is not tested on."""
    for pair in (("trainval", "test"), ("train", "test"), ("train", "val")):
        if set(pair) <= set(splits):
            return pair
    return splits[0], splits[1]


def _follow_layer(selection: state.Selection) -> None:
    """Start from the layer's own representations when another layer is chosen."""
    layer = (selection.source, selection.layer and selection.layer.name)
    if st.session_state.setdefault("layer of SVM", layer) != layer:
        st.session_state["layer of SVM"] = layer
        st.session_state["representations"] = _usual(selection)


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
    kinds = [parse(run.representation, selection.offer).kind for run in kept]
    st.plotly_chart(figures.ap_bars(kept, names, kinds), key="bars", config=widgets.PLOTLY)
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
