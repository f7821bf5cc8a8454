"""Send one or two photographs through the network, forward and backward, and show what a gradient is made of."""

import io
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import streamlit as st

from gradviz.errors import DatasetError
from gradviz.networks.classes import class_map
from gradviz.ui import address, chosen, frame, options, polling, visitor, widgets
from gradviz.ui.components import network as component
from gradviz.ui.components.gallery import grid
from gradviz.ui.polling import Shown
from gradviz.ui.report import Asked
from gradviz.ui.selection import Selection, choose_pair, current, refused_pair
from gradviz.ui.text import plain
from gradviz.words import counted
from pages.start import photographs
from pages.start.passing import TEMPERATURES, Passed, Subject, form_question, means, question

KERNELS, MAP, SVM = "pages/explore/kernels.py", "pages/explore/map.py", "pages/evaluate/svm.py"
FORM = "gradient to form"


def _page(selection: Selection) -> None:
    top = frame.head("Network", "One photograph through the network: forward in black, backward in red", selection)
    if not selection.images.paths:
        widgets.nothing(
            f"{selection.images.name} holds features without pictures, so there is nothing to send through."
        )
        st.page_link(SVM, label="Train on its features", icon=":material/bar_chart:")
        return
    if refused := refused_pair(selection.images, selection.images.ids):
        st.info(plain(refused))
    a, b, words = photographs.row(selection)
    asked = question(selection, a)
    job = polling.queue().get(asked.key)
    # What stands above the drawing is there in every run, for a drawing that moves is built anew; so is what stands
    # below: progress.
    on_the_way = st.empty()
    if (job is None or job.state != "done") and "network" not in st.session_state.get("shown", {}):
        with on_the_way.container():
            _meanwhile(a, b)
    shown = polling.show(asked, (selection, a), slot="network")
    on_the_way.empty()
    figure, below = st.container(key="gv-figure-network"), st.container()
    with below:
        second = polling.follow(question(selection, b), slot="network second") if b else None
    seen_by, photograph = shown.choices
    words.caption(_about(seen_by, photograph, b, shown.result))
    _drawn(shown, second.result if second else None, b, figure, below)
    top.export(_exports(shown), _asked(seen_by, photograph, b))


def _meanwhile(a: Subject, b: Subject | None) -> None:
    """Show the photographs themselves while the first one is on its way."""
    pictures = []
    for subject in (a, b):
        with suppress(DatasetError):
            if subject:
                pictures.append((subject.name, widgets.photo(subject.images, subject.id), subject.shows))
    grid(pictures, key="on the way", width=300)


def _about(selection: Selection, a: Subject, b: Subject | None, found: Passed) -> str:
    """Say what to do, whether the network knows the classes of what it is shown, and what a link leaves out."""
    names, synsets = found.classes, found.synsets
    labels = () if a.beside else a.images.labels_of(a.images.source(a.id))
    known = {*synsets, *map(str.lower, names)}
    strange = [
        label
        for label in labels
        if label.lower() not in known and not known & {one["wnid"] for one in class_map().get(label, ())}
    ]
    what, title = "Click: A. Shift-click: B.", selection.network.title
    if a.beside or (b and b.beside):
        what += " A link cannot carry your own photograph: it opens another one."
    if strange:
        unknown = f"{title} does not know {' and '.join(strange)}"
        return plain(f"{what} {unknown}: how it mistakes {'it' if len(strange) == 1 else 'them'} is in the gradient.")
    return plain(
        f"{what} {title} knows {counted(len(names), 'class', 'classes')}; how sure it is of each is in the gradient."
    )


def _drawn(shown: Shown, second: Passed | None, b: Subject | None, figure: Any, below: Any) -> None:
    selection, a = shown.choices
    found: Passed = shown.result
    same = second is not None and second.weights == found.weights
    other = second if same else None
    spec, network = selection.spec, selection.network
    drawn = component.Drawn(
        network.name,
        found.layers,
        found.activations,
        found.classes,
        TEMPERATURES,
        network.pooled,
        spec.normalise,
        spec.pseudo_label,
    )
    with below:
        formed, taken_away = _formed(selection, a, found), _means(selection)
    with figure:
        event = component.network(
            drawn,
            found.photograph,
            other.photograph if other else None,
            _places(selection, found, other),
            component.Choices(
                selection.layer.name,
                spec.temperature,
                f"{_whose(selection, a, b if other else None)}, {network.title}",
                formed,
                elsewhere=_elsewhere(a, b),
                nowhere=_nowhere(selection, found),
                cells=options.stated("cells", "what a cell of the gradient shows", component.CELLS, "largest") or "",
            ),
            means=taken_away,
            key="drawn-network",
            on_temperature=_choose_temperature,
            on_layer=_choose_layer,
            on_cells=lambda cells: options.state("cells", cells),
            on_own=partial(_choose_own, a, b),
        )
    if event.form:
        st.session_state[FORM] = (a.name, event.form)
        st.rerun()
    if event.go and b:
        _go(event.go, a, b)


def _places(selection: Selection, a: Passed, b: Passed | None) -> tuple[np.ndarray, np.ndarray] | None:
    from gradviz.features.one_image import places

    return places(a.passage, b.passage) if b and selection.spec.normalise != "centred" else None


def _means(selection: Selection) -> tuple[np.ndarray, np.ndarray] | None:
    """Return what centred kernels take away, once it is there."""
    if selection.spec.normalise != "centred":
        return None
    asked = selection.unseeded.question(
        means, title=f"The mean of {counted(selection.chosen, 'photograph')}", lane="light"
    )
    job = polling.follow(asked, after=widgets.features(selection), slot="network means")
    return job.result if job else None


def _nowhere(selection: Selection, found: Passed) -> str:
    if selection.spec.normalise == "centred":
        return "Centred vectors have no places: what all photographs have in common is taken away first."
    if found.passage.crops > 1:
        return "Ten crops have no place in common, so it cannot be shown where the similarity is from."
    return "" if found.passage.place else "This layer is not fed by a feature map."


def _elsewhere(a: Subject, b: Subject | None) -> str:
    """Say why the pair cannot be opened elsewhere."""
    own = a.beside or (b and b.beside)
    return "Your own photographs are not part of this data set." if own else ""


def _whose(selection: Selection, a: Subject, b: Subject | None) -> str:
    """Say where the photographs of the drawing are from, how many there are, and how many a mean was taken of."""
    names = [
        "my own photograph" if one.beside else f"{one.images.name} ({counted(len(one.images), 'photograph')})"
        for one in (a, b)
        if one
    ]
    whose = " and ".join(dict.fromkeys(names))
    if selection.spec.normalise != "centred":
        return whose
    return f"{whose}, less the mean of {counted(selection.chosen, 'photograph')} of {selection.images.name}"


def _formed(selection: Selection, a: Subject, found: Passed) -> dict[str, Any] | None:
    """Return what autograd says of the layer's gradient, once it was asked for."""
    if st.session_state.get(FORM) != (a.name, selection.layer.name):
        return None
    job = polling.follow(form_question(selection, a), slot="form")
    if job is None:
        return None
    reason = ""
    if selection.network.pooled:
        reason = (
            "Not rounding: the layer stands at every place and is averaged, so x and dE/dy approximate its gradient."
        )
    elif found.passage.crops > 1:
        reason = "Not rounding: x and dE/dy are means over ten crops, and a product of means is no mean of products."
    return {
        "id": a.name,
        "layer": selection.layer.name,
        "temperature": selection.spec.temperature,
        "difference": job.result.difference,
        "largest": job.result.largest,
        "approximate": reason,
    }


def _choose_temperature(value: float) -> None:
    st.session_state["temperature"] = value


def _choose_layer(name: str) -> None:
    st.session_state["layer"] = name


def _choose_own(a: Subject, b: Subject | None) -> None:
    """Go on with the visitor's photographs as the data set, and with those of them that are looked at."""
    own = [one.id for one in (a, b) if one and one.beside]
    st.session_state["data"] = visitor.NAME
    chosen.restrict(None)
    chosen.focus(own[0])
    photographs.let_go_of_own()
    if len(own) > 1:
        choose_pair((own[0], own[1]))
    else:
        st.session_state["pair"] = None
        st.query_params.pop("pair", None)


def _go(where: str, a: Subject, b: Subject) -> None:
    choose_pair((a.id, b.id))
    if where == "map":
        chosen.select((a.id, b.id))
    address.lead_to(KERNELS if where == "kernels" else MAP)


def _exports(shown: Shown) -> list[widgets.Download]:
    (selection, a), found = shown.choices, shown.result
    stem = f"network_{a.images.name}_{selection.network.name}_{a.id}_tau{selection.spec.temperature:g}"
    return [
        widgets.Download("Classes as CSV", f"{stem}_classes.csv", "text/csv", lambda: _csv(selection, a, found)),
        widgets.Download(
            "Vectors as npz", f"{stem}_vectors.npz", "application/octet-stream", lambda: _npz(selection, a, found)
        ),
    ]


def _asked(selection: Selection, a: Subject, b: Subject | None) -> list[Asked]:
    """Return the vectors of the photographs, and the pair's kernels, as the command line computes them."""
    here = replace(selection, split="all", place=None if a.beside or (b and b.beside) else selection.place)
    chosen_ones = {selection.images.ids[i] for i in selection.images.select("all", selection.spec.images)}
    if not {one.id for one in (a, b) if one} <= chosen_ones:
        here = replace(here, spec=replace(here.spec, images=None))
    found = [Asked(f"The row {a.id} of each vector", "features", here, {"out": "features.npz"})]
    if b:
        product = selection.triple[2]
        gives = f"K, K_fw and K_bw of {a.id} and {b.id}"
        found.append(Asked(gives, "kernel", here, {"representation": product, "out": f"{product}.npz"}))
    return found


def _made(selection: Selection, a: Subject) -> dict[str, Any]:
    """Return what is told of a photograph's way: data set, network, every choice, and which photograph it was."""
    about = a.experiment(selection.spec).about(photograph=a.id)
    return {**about, "temperature": selection.spec.temperature}


def _csv(selection: Selection, a: Subject, found: Passed) -> str:
    from gradviz.export import passage_csv

    tau = TEMPERATURES[TEMPERATURES.index(selection.spec.temperature)]
    return passage_csv(found.passage, found.classes, tau, _made(selection, a))


def _npz(selection: Selection, a: Subject, found: Passed) -> bytes:
    from gradviz.export import passage_npz

    file = io.BytesIO()
    passage_npz(found.passage, _made(selection, a), file)
    return file.getvalue()


_page(current())
