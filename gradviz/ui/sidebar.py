"""The widgets that every page shares, bound to the URL: data set, images, network, layer and how kernels are made."""

import argparse
import json
import re
import sys
from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

import streamlit as st

from gradviz.datasets import ImageSet, find, known
from gradviz.datasets.catalogue import places as places_of
from gradviz.datasets.changes import seen
from gradviz.datasets.reading import redrawn
from gradviz.download.pace import size_text
from gradviz.errors import GradvizError
from gradviz.home import home
from gradviz.networks import NETWORKS, Layer, Network, by_family
from gradviz.networks.weights import weights_states
from gradviz.representations import Offer
from gradviz.spec import OPTIONS, Spec
from gradviz.ui import chosen, frame, links, options, tour, visitor, widgets
from gradviz.ui.components.body import body
from gradviz.ui.components.strip import strip
from gradviz.ui.own_weights import own_weights
from gradviz.ui.selection import Selection, pair
from gradviz.ui.sessions import browser
from gradviz.ui.text import plain
from gradviz.words import counted

FEW = 5
"""Photographs that the sidebar shows."""
FIRST_LOOK = 300
"""Images that a page starts with, for an answer within seconds; the option's own default is all."""


def sidebar() -> bool:
    """Draw the widgets, keep what they say as the Selection, and return whether there is a readable data set."""
    places, own = _places(), visitor.own()
    if own:
        places[visitor.NAME] = visitor.NAME
    if not places:
        st.info(
            "There is no data set on this computer. `python -m gradviz download voc2007 --images 500` fetches "
            "photographs, or start with `python -m gradviz app --dataset FOLDER`."
        )
        return False
    links.look("data", places)
    with st.sidebar:
        name = options.bound(st.selectbox, "Data set", list(places), key="data", usual=next(iter(places)), quiet=True)
    links.settle("data", name)
    mine = own if name == visitor.NAME else None
    try:
        images, token = _own(mine) if mine else _opened(places[name])
    except GradvizError as error:
        st.error(plain(str(error)))
        widgets.findings(error.findings)
        return False
    images = chosen.among(images)
    if part := st.session_state["among"]:
        token = json.dumps([token, chosen.ids_digest(part[0]), images.name])
    chosen.follow(images)
    with st.sidebar:
        if part:
            st.button(f"Return to all of {plain(name)}", on_click=chosen.restrict, args=(None,), width="stretch")
        row = st.container()
        widgets.findings(images.findings)
        number = _number()
        below = st.container()
        spec, layer, split = (_given if images.features else _network)(images, number)
        here, there = len(images.select(split, number)), len(images.select(split))
        below.caption(f"{here:,} of {counted(there, 'image')}, {_classes(images, split, number)}")
        if mine:
            st.caption("Only you see these photographs: a link to this view cannot be shared.")
        with row:
            _photographs(images, split, number)
        with st.container(key="gv-ways", horizontal=True, vertical_alignment="center"):
            frame.present()
            tour.switch()
    pair()
    place = None if mine or part else places[name]
    st.session_state["selection"] = Selection(images, token, split, spec, layer, mine, place)
    return True


def _classes(images: ImageSet, split: str, number: int | None) -> str:
    """Count the classes, and where fewer images are chosen than there are, those that these show."""
    all_of_them = counted(len(images.classes), "class", "classes")
    if images.labels is None:
        return all_of_them
    shown = int((images.labels[images.select(split, number)] == 1).any(axis=0).sum())
    return all_of_them if shown == len(images.classes) else f"{shown:,} of {all_of_them}"


def _photographs(images: ImageSet, split: str, number: int | None) -> None:
    """Show five photographs of those chosen; a click puts one in focus, on every page."""
    if not images.paths:
        return
    positions = images.select(split, number)
    some = [images.ids[i] for i in positions[:: max(1, len(positions) // FEW)][:FEW]]
    pictures = widgets.thumbnails(images, some, {})
    shown = [(name, picture, ", ".join(images.labels_of(images.source(name)))) for name, picture in pictures.items()]
    if shown and (clicked := strip(shown, key="photographs", focus=chosen.current().focus)):
        chosen.focus(clicked)
        st.rerun()


def _number() -> int | None:
    option = OPTIONS["images"]
    texts = [*(f"{value:g}" for value in option.offered), "all"]
    usual = str(FIRST_LOOK)
    text = options.bound(st.select_slider, option.title, texts, usual, key="images", usual=usual, help=option.help)
    return None if text == "all" else int(text)


def _given(images: ImageSet, number: int | None) -> tuple[Spec, Layer | None, str]:
    """Draw what can be chosen for features that were computed elsewhere."""
    numbers = Offer.of_vectors(images.name, tuple(images.features)).layers
    layer = _layer([Layer(f"fc{k}", "", k, 0, 0) for k in numbers]) if numbers else None
    with st.expander("More choices"):
        split = options.listed("split", ["all", *images.splits])
        return Spec(images=number, **_of_kernels()), layer, split


def _network(images: ImageSet, number: int | None) -> tuple[Spec, Layer, str]:
    present, missing = _weights()
    files = own_weights()
    # Any network may be the one that files of one's own belong to.
    offered = [*present, *missing] if files else present
    links.look("network", offered)
    network = NETWORKS[options.listed("network", offered, quiet=True)]
    links.settle("network", network.name)
    layer = _layer(network.layers)
    temperature = options.slider("temperature")
    with st.expander("More choices"):
        split = options.listed("split", ["all", *images.splits])
        preprocess = options.choice("preprocess")
        pseudo = options.choice("pseudo_label", key="pseudo", without=("true",) if images.labels is None else ())
        choices = {"preprocess": preprocess, "pseudo_label": pseudo, **_of_kernels()}
        weights = _weights_of(network, files, here=network.name in present) if files else None
        _elsewhere(missing)
    return Spec(network=network.name, weights=weights, images=number, temperature=temperature, **choices), layer, split


def _weights_of(network: Network, files: Sequence[str], *, here: bool) -> Path | None:
    """Draw the choice of other weights among files of one's own in the home; None for the network's usual."""
    about = f"{OPTIONS['weights'].help} It lies in the folder weights of GRADVIZ_HOME: {home() / 'weights'}."
    usual = f"of {network.title}{'' if here else ', not here'}"
    with_usual = (usual, *(name for name in files if name != usual))
    found = options.bound(st.selectbox, OPTIONS["weights"].title, with_usual, key="weights", usual=usual, help=about)
    return None if found == usual else home() / "weights" / found


def _elsewhere(missing: Mapping[str, str]) -> None:
    """List the networks whose weights are not here, with their sizes."""
    if missing:
        with st.popover(counted(len(missing), "more network"), width="stretch"):
            st.caption("Their weights are not on this computer. Fetch one on the Data page, or in a terminal:")
            st.code("python -m gradviz download vgg16", language="bash")
            groups = by_family(missing).items()
            st.caption("  \n".join(f"**{f}**: " + ", ".join(f"{n} ({missing[n]})" for n in ns) for f, ns in groups))


def _layer(layers: Sequence[Layer]) -> Layer:
    named = {layer.name: layer for layer in layers}
    # The second of three layers, as AlexNet and VGG have them, else the last one.
    usual = 1 if len(named) == 3 else len(named) - 1
    about = "The fully connected layer k whose gradient is looked at."
    names = list(named)
    # The picture comes first and needs to know the choice, which the buttons under it read.
    now = options.ahead("layer")
    body(layers, now if now in named else names[usual], key="body", on_layer=_choose_layer)
    more = {"required": True, "label_visibility": "collapsed", "help": about, "width": "stretch"}
    more |= {"default": names[usual], "usual": names[usual]}
    return named[options.bound(st.segmented_control, "Layer", names, key="layer", **more)]


def _choose_layer(name: str) -> None:
    st.session_state["layer"] = name


def _of_kernels() -> dict[str, Any]:
    return {
        "normalise": options.choice("normalise"),
        "seed": options.integer("seed"),
    }


def _places() -> dict[str, str]:
    """Map the names to choose from to what `find` takes: what --dataset named, then what is on this computer."""
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument("--dataset", action="append", default=[])
    here = [entry.name for entry in known() if entry.state == "present"]
    return named(parser.parse_known_args(sys.argv[1:])[0].dataset, here) | {name: name for name in here}


def named(given: Sequence[str], taken: Sequence[str] = ()) -> dict[str, str]:
    """Map the shortest endings that tell paths apart (val, or a/val and b/val) to the paths.

    What is given by a name in `taken` keeps it; no path is called like one of them, or like a visitor's photographs.
    """
    paths = {text: Path(text).expanduser() for text in given}
    whole = {
        text: (text,) if text in taken else (path.resolve() if path.exists() else Path(text)).parts
        for text, path in paths.items()
    }
    places = {}
    for text, parts in whole.items():
        others = [other for other in (*whole.values(), *((name,) for name in (*taken, visitor.NAME))) if other != parts]
        lengths = (n for n in range(1, len(parts)) if all(other[-n:] != parts[-n:] for other in others))
        places[str(Path(*parts[-next(lengths, len(parts)) :]))] = text if text in taken else str(paths[text])
    return places


def _own(mine: visitor.Own) -> tuple[ImageSet, str]:
    """Return a visitor's photographs with the splits that the seed draws where they have none of their own."""
    if mine.images.drawn is None:
        return mine.images, mine.token
    return redrawn(mine.images, _seed()), f"{mine.token} {_seed()}"


def _opened(place: str) -> tuple[ImageSet, str]:
    who = browser()
    there = json.dumps([place, *(seen(part, who) for part in places_of(place))])
    images = _found(place, there)
    # Only splits that a seed has drawn are drawn again with another one; reading a list takes seconds.
    images, splits = _split(place, there, None if images.drawn is None else _seed())
    return images, json.dumps([there, splits])


@st.cache_resource(max_entries=8, show_spinner="Reading the list of photographs")
def _found(place: str, there: str) -> ImageSet:
    return find(place)


@st.cache_resource(max_entries=8, show_spinner=False)
def _split(place: str, there: str, seed: int | None) -> tuple[ImageSet, str]:
    """Return a data set and a digest of its splits, since a seed may have drawn them."""
    images = _found(place, there)
    images = images if seed is None else redrawn(images, seed)
    splits = sha256()
    for name, positions in sorted(images.splits.items()):
        splits.update(f"{name} {len(positions)}".encode() + positions.tobytes())
    return images, splits.hexdigest()


def _seed() -> int:
    """Return the seed, whose widget is drawn later: it draws train and val for labelled data without splits."""
    given = str(options.ahead("seed"))
    return int(given) if re.fullmatch("[0-9]{1,10}", given) else OPTIONS["seed"].default


def _weights() -> tuple[list[str], dict[str, str]]:
    """List the networks whose weights are here, and the size of each that is not."""
    states = weights_states(NETWORKS.values())
    missing = {name: size_text(s["bytes"]) for name, s in states.items() if s["state"] == "missing"}
    return [name for name in states if name not in missing], missing
