"""What a visitor has chosen: the sidebar's widgets, bound to the URL, and the Selection that every page reads."""

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import streamlit as st

from gradviz.datasets import ImageSet, find, known, voc
from gradviz.download.pace import size_text
from gradviz.errors import GradvizError
from gradviz.networks import NETWORKS, Layer, Network
from gradviz.networks.weights import weights_state
from gradviz.representations import Offer, offered_by
from gradviz.spec import Spec
from gradviz.ui import visitor

NUMBERS = (50, 100, 200, 300, 500, 1000, 2000, 5000, "all")
TEMPERATURES = (0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0)
PREPROCESS = {
    "center": "the central square, as the network was trained",
    "squash": "the whole picture, squeezed into a square",
    "tencrop": "ten crops; each vector is its mean over them, and dW the product of two such means",
}
PSEUDO_LABELS = {
    "uniform": "all classes alike, as in the paper: nothing is known about an image",
    "predicted": "the class that the network gives the highest score",
    "true": "the network's classes that match what the image shows",
}
NORMALISE = {
    "l2": "every vector has length 1, so that kernels are cosines",
    "none": "vectors as they are: long ones weigh more",
}


@dataclass(frozen=True)
class Selection:
    """Hold the visitor's choices.

    `token` names the photographs as they lie on disk now; with it, and without reading a picture, results are found
    again. `layer` is None where a file of features has none with both factors. `own` is there where the data set is
    the visitor's own photographs.
    """

    images: ImageSet
    token: str
    split: str
    spec: Spec
    layer: Layer | None
    own: visitor.Own | None = None

    @property
    def network(self) -> Network:
        """Give the network's row of the table."""
        return NETWORKS[self.spec.network]

    @property
    def source(self) -> str:
        """Name where the vectors come from: the network, or a file that holds them."""
        return self.images.name if self.images.features else self.network.title

    @property
    def offer(self) -> Offer:
        """List the representations that can be asked for."""
        names = offered_by(self.images.features) if self.images.features else self.network.representations
        return Offer(self.source, names)

    @property
    def triple(self) -> tuple[str, str, str]:
        """Name the layer's forward, backward and product representation: x6, dy7, dW7."""
        k = self.layer.number
        return f"x{k - 1}", f"dy{k}", f"dW{k}"

    @property
    def titles(self) -> tuple[str, str, str]:
        """Name the same three as figures do."""
        forward, backward, product = self.triple
        pooled = self.network.pooled and not self.images.features
        remark = " (pooled approximation)" if pooled else ""
        return f"Forward {forward}", f"Backward {backward}", f"Product {product}{remark}"

    def key(self, verb: str, *more: Any) -> str:
        """Name a question about this split: the same text for the same question, and never an array in it."""
        return json.dumps([verb, self.token, self.split, self.spec.public(), *more])

    @property
    def chosen(self) -> int:
        """Count the images that the split and the number leave."""
        return len(self.images.select(self.split, self.spec.images))


def current() -> Selection:
    """Give what the sidebar has read in this run."""
    return st.session_state["selection"]


def sidebar() -> None:
    """Draw the widgets that every page shares, and keep what they say; stop the run where no data set can be read."""
    places, own = _places(), visitor.own()
    if own:
        places[visitor.NAME] = visitor.NAME
    if not places:
        st.info(
            "There is no data set on this computer. `python -m gradviz download voc2007 --images 500` fetches "
            "photographs, or start with `python -m gradviz app --dataset FOLDER`."
        )
        st.stop()
    if not own and st.query_params.get("data") == visitor.NAME:
        st.info("This link shows somebody's own photographs, and these cannot be shared.")
    with st.sidebar:
        name = st.selectbox("Data set", list(places), key="data", bind="query-params")
    mine = own if name == visitor.NAME else None
    images, token = (mine.images, mine.token) if mine else _opened(places[name])
    with st.sidebar:
        splits = ["all", *images.splits]
        split = st.selectbox(
            "Split", splits, key="split", bind="query-params", help="The part of the data set that is shown."
        )
        number = st.select_slider(
            "Images",
            NUMBERS,
            value=300,
            key="images",
            bind="query-params",
            help="At most so many of the split, always the same ones; more of them contain the fewer.",
        )
        number = None if number == "all" else number
        chosen, there = len(images.select(split, number)), len(images.select(split))
        st.caption(f"{chosen:,} of {there:,} images, {len(images.classes)} classes")
        if images.skipped:
            with st.expander(f"{len(images.skipped)} entries left out"):
                st.dataframe([{"entry": s.name, "reason": s.reason} for s in images.skipped[:200]], hide_index=True)
        spec, layer = (_given if images.features else _network)(images, number)
        if mine:
            st.caption("Only you see these photographs: a link to this view cannot be shared.")
    pair()
    st.session_state["selection"] = Selection(images, token, split, spec, layer, mine)


def _given(images: ImageSet, number: int | None) -> tuple[Spec, Layer | None]:
    """Ask what can be chosen for features that were computed elsewhere."""
    numbers = [int(name[2:]) for name in offered_by(images.features) if name.startswith("dW")]
    layer = _layer([Layer(f"fc{k}", "", k, 0, 0) for k in numbers]) if numbers else None
    with st.expander("More choices"):
        return Spec(images=number, **_of_kernels()), layer


def _network(images: ImageSet, number: int | None) -> tuple[Spec, Layer]:
    present, missing = _weights()
    network = NETWORKS[st.selectbox("Network", present, key="network", bind="query-params")]
    if missing:
        with st.popover(f"{len(missing)} more networks", width="stretch"):
            st.caption("Their weights are not on this computer. Fetch one on the Data page, or in a terminal:")
            st.code("python -m gradviz download vgg16", language="bash")
            st.caption("  \n".join(f"{name}: {size}" for name, size in missing.items()))
    layer = _layer(network.layers)
    temperature = st.select_slider(
        "Temperature τ",
        TEMPERATURES,
        value=1.0,
        format_func=lambda t: f"{t:g}",
        key="temperature",
        bind="query-params",
        help="Scores are divided by τ before the softmax. A high τ evens out the network's certainty, "
        "so that the gradient speaks of many classes instead of one.",
    )
    with st.expander("More choices"):
        preprocess = _choice("Picture to square", PREPROCESS, "preprocess")
        labels = {k: v for k, v in PSEUDO_LABELS.items() if k != "true" or images.labels is not None}
        pseudo = _choice("Pseudo-label", labels, "pseudo", "What the gradient takes the image to show: ")
        choices = {"preprocess": preprocess, "pseudo_label": pseudo, **_of_kernels()}
    return Spec(network=network.name, images=number, temperature=temperature, **choices), layer


def _layer(layers: Sequence[Layer]) -> Layer:
    named = {layer.name: layer for layer in layers}
    usual = list(named).index("fc7") if "fc7" in named else len(named) - 1
    about = "The fully connected layer k whose gradient is looked at."
    return named[st.selectbox("Layer", list(named), index=usual, key="layer", bind="query-params", help=about)]


def _of_kernels() -> dict[str, Any]:
    normalise = _choice("Length of the vectors", NORMALISE, "normalise")
    about = "Moves the origin to the mean of the images."
    centre = st.toggle("Centre the kernel", key="centre", bind="query-params", help=about)
    about = "Maps and cross-validation draw at random; the same seed gives the same result."
    seed = st.number_input("Seed", 0, 2**31, 0, key="seed", bind="query-params", help=about)
    return {"normalise": normalise, "centre": centre, "seed": int(seed)}


def _choice(label: str, options: dict[str, str], key: str, lead: str = "") -> str:
    text = lead + "; ".join(f"**{name}**: {meaning}" for name, meaning in options.items()) + "."
    return st.selectbox(label, list(options), key=key, bind="query-params", help=text)


def pair() -> tuple[str, str] | None:
    """Give the chosen pair of image ids, from this visit or from the link, and keep it in the URL of every page."""
    if "pair" not in st.session_state:
        given = st.query_params.get_all("pair")
        st.session_state["pair"] = tuple(given) if len(given) == 2 else None
    chosen = st.session_state["pair"]
    if chosen and st.query_params.get_all("pair") != list(chosen):
        st.query_params["pair"] = list(chosen)
    return chosen


def choose_pair(chosen: tuple[str, str]) -> None:
    """Remember a pair of image ids."""
    st.session_state["pair"] = chosen
    st.query_params["pair"] = list(chosen)


def _places() -> dict[str, str]:
    """Map the names to choose from to what `find` takes: what --dataset named, then what is on this computer."""
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument("--dataset", action="append", default=[])
    places = {}
    for given in parser.parse_known_args(sys.argv[1:])[0].dataset:
        path = Path(given).expanduser()
        places[path.resolve().name if path.exists() else given] = str(path)
    for entry in known():
        if entry.state == "present":
            places.setdefault(entry.name, entry.name)
    return places


def _opened(place: str) -> tuple[ImageSet, str]:
    entries = [entry for entry in known() if entry.state == "present"]
    where = next((entry.where for entry in entries if entry.name == place), Path(place))
    # The names too: a data set is read together with the parts of it that are there.
    token = json.dumps([place, *_times(where), *(entry.name for entry in entries)])
    try:
        return _found(place, token), token
    except GradvizError as error:
        st.error(str(error))
        st.stop()


@st.cache_resource(max_entries=8, show_spinner="Reading the list of photographs")
def _found(place: str, token: str) -> ImageSet:
    return find(place)


def _times(where: Path) -> Iterator[int]:
    """Tell when a data set last changed: its file, or the folders of pictures and lists."""
    if not where.is_dir():
        return iter([where.stat().st_mtime_ns] if where.exists() else [])
    root = voc.locate(where) or where
    folders = [root, root / "ImageSets" / "Main", *(path for path in sorted(root.iterdir()) if path.is_dir())]
    return (folder.stat().st_mtime_ns for folder in folders if folder.is_dir())


def _weights() -> tuple[list[str], dict[str, str]]:
    """List the networks whose weights are here, and the size of each that is not."""
    states = {name: weights_state(network) for name, network in NETWORKS.items()}
    missing = {name: size_text(s["bytes"]) for name, s in states.items() if s["state"] == "missing"}
    return [name for name in states if name not in missing], missing
