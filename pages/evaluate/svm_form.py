"""The choices of the SVM page: representations, splits, C, the kind of average precision, and the temperature."""

from typing import Any

import streamlit as st

from gradviz.representations import described, usual
from gradviz.spec import OPTIONS
from gradviz.ui import options
from gradviz.ui.selection import Selection
from gradviz.ui.text import plain


def question(selection: Selection) -> tuple[tuple[str, ...], dict[str, Any]] | None:
    """Draw the choices; return representations and choices once somebody presses the button."""
    _follow_layer(selection)
    names = options.bound(
        st.multiselect,
        "Representations",
        selection.offer.representations,
        default=_usual(selection),
        key="representations",
        help=_glossary(selection.picked.number if selection.picked else 6),
    )
    splits = list(selection.images.splits)
    first, second = _usual_splits(splits)
    columns = st.columns([1.3, 1.3, 1, 1.7, 1.2], vertical_alignment="bottom")
    with columns[0]:
        train = options.listed("train", splits, first)
    with columns[1]:
        test = options.listed("test", splits, second)
    with columns[2]:
        C = options.number("C")
    with columns[3]:
        ap = options.choice("ap", default=selection.images.ap)
    with columns[4]:
        tuned = options.bound(
            st.toggle,
            "τ by cv",
            key="tuned",
            help=f"Takes, instead of the sidebar's temperature, {OPTIONS['temperature'].values['cv']}. A temperature "
            "chosen by looking at the test score is exploration, not a result.",
            disabled=bool(selection.images.features),
        )
    _say_how_many(selection, train, test)
    if not st.button("Train", type="primary", icon=":material/model_training:", disabled=not names):
        return None
    temperature = "cv" if tuned and not selection.images.features else selection.spec.temperature
    return tuple(names), {"train": train, "test": test, "C": C, "ap": ap, "temperature": temperature}


def _say_how_many(selection: Selection, *splits: str) -> None:
    """Note that the sidebar's number of images applies here too, where it leaves some out."""
    counts = {
        s: (len(selection.images.select(s, selection.spec.images)), len(selection.images.select(s))) for s in splits
    }
    if any(taken < there for taken, there in counts.values()):
        words = ", ".join(f"{taken:,} of {there:,} images of {split}" for split, (taken, there) in counts.items())
        st.caption(f"Uses {plain(words)}, as set by Images in the sidebar; choose all there for final figures.")


def _usual(selection: Selection) -> list[str]:
    if selection.picked is None:
        return list(selection.offer.representations[:3])
    return [name for name in usual(selection.layer.number) if name in selection.offer.representations]


def _glossary(k: int) -> str:
    lines = [f"{name}: {title}" for name, title in described(k).items()]
    return "; ".join([*lines, f"{usual(k)[1]}: both side by side"]) + "."


def _usual_splits(splits: list[str]) -> tuple[str, str]:
    """Prefer to train on everything that is not tested on."""
    for pair in (("trainval", "test"), ("train", "test"), ("train", "val")):
        if set(pair) <= set(splits):
            return pair
    return splits[0], splits[1]


def _follow_layer(selection: Selection) -> None:
    """Start from the layer's own representations when another layer is chosen."""
    layer = (selection.source, selection.picked)
    if st.session_state.setdefault("layer of SVM", layer) != layer:
        st.session_state["layer of SVM"] = layer
        st.session_state["representations"] = _usual(selection)
