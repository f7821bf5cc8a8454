"""The choices of the SVM page: representations, splits, C, the kind of average precision, and the temperature."""

from dataclasses import dataclass
from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from gradviz.representations import described, usual
from gradviz.spec import OPTIONS
from gradviz.ui import options
from gradviz.ui.selection import Selection
from gradviz.ui.text import plain
from gradviz.words import counted
from pages.evaluate import svm_asks
from pages.evaluate.svm_asks import Ask


@dataclass(frozen=True)
class Form:
    """What is chosen: representations, and for all of them temperature, train, test, C and ap."""

    representations: tuple[str, ...]
    choices: dict[str, Any]
    temperatures: tuple[float, ...] = ()

    def asks(self, selection: Selection) -> list[Ask]:
        """List the results of these choices, and then those at further temperatures that depend on them."""
        found = [svm_asks.ask(selection, name, self.choices) for name in self.representations]
        for temperature in self.temperatures:
            others = {**self.choices, "temperature": temperature}
            found += [svm_asks.ask(selection, one.representation, others) for one in found if one.is_tempered]
        return list({one.key: one for one in found}.values())


def draw(selection: Selection, menu: DeltaGenerator, beside: DeltaGenerator) -> Form:
    """Draw the choices: C, which is moved most, beside the scores, the others in a menu."""
    _follow_layer(selection)
    with beside:
        C = options.number("C")
    with menu, st.popover("Training", width="content"):
        names = options.bound(
            st.multiselect,
            "Representations",
            selection.offer.representations,
            default=_usual(selection),
            key="representations",
            usual=_usual(selection),
            help=_glossary(selection.picked.number if selection.picked else 6),
        )
        _approximate(selection)
        splits = list(selection.images.splits)
        first, second = usual_splits(splits)
        left, right = st.columns(2)
        with left:
            train = options.listed("train", splits, first)
        with right:
            test = options.listed("test", splits, second)
        ap = options.choice("ap", default=selection.images.ap)
        tuned = options.bound(
            st.toggle,
            "τ by cv",
            key="tuned",
            usual=False,
            help=f"Takes, instead of the sidebar's temperature, {OPTIONS['temperature'].values['cv']}. A temperature "
            "chosen by looking at the test score is exploration, not a result.",
            disabled=bool(selection.images.features),
        )
        option = OPTIONS["temperature"]
        further = options.bound(
            st.multiselect,
            "Also at τ",
            [f"{value:g}" for value in option.offered],
            default=[],
            key="taus",
            usual=[],
            help="Trains what depends on the temperature at these too; all are listed under Results.",
            disabled=bool(selection.images.features),
        )
        _say_how_many(selection, train, test)
        st.caption("Split in the sidebar does not matter here: Train on and Test on say which photographs are used.")
    temperature = "cv" if tuned and not selection.images.features else selection.spec.temperature
    choices = {"temperature": temperature, "train": train, "test": test, "C": C, "ap": ap}
    return Form(tuple(names), choices, () if selection.images.features else tuple(map(float, further)))


def sentence(selection: Selection, form: Form) -> str:
    """Say what is trained on what, and how it is scored."""
    train, test = form.choices["train"], form.choices["test"]
    n, m = (len(selection.images.select(split, selection.spec.images)) for split in (train, test))
    kind = OPTIONS["ap"].values.get(form.choices["ap"], form.choices["ap"])
    return f"One SVM a class, trained on {train} ({n:,}), scored on {test} ({m:,}), {kind}"


def _say_how_many(selection: Selection, *splits: str) -> None:
    """Note that the sidebar's number of images applies here too, where it leaves some out."""
    counts = {
        s: (len(selection.images.select(s, selection.spec.images)), len(selection.images.select(s))) for s in splits
    }
    if any(taken < there for taken, there in counts.values()):
        words = ", ".join(
            f"{taken:,} of {counted(there, 'image')} of {split}" for split, (taken, there) in counts.items()
        )
        st.caption(f"Uses {plain(words)}, as set by Images in the sidebar; choose all there for final figures.")


def _approximate(selection: Selection) -> None:
    """Say which representations are approximations."""
    offered = [name for name in selection.offer.singles if svm_asks.is_approximate(selection, name)]
    if offered:
        st.caption(f"{', '.join(offered)}: pooled approximation of the gradient.")


def _usual(selection: Selection) -> list[str]:
    if selection.picked is None:
        return list(selection.offer.representations[:3])
    return [name for name in usual(selection.layer.number) if name in selection.offer.representations]


def _glossary(k: int) -> str:
    lines = [f"{name}: {title}" for name, title in described(k).items()]
    return "; ".join([*lines, f"{usual(k)[1]}: both side by side"]) + "."


def usual_splits(splits: list[str]) -> tuple[str, str]:
    """Prefer to train on everything that is not tested on."""
    for pair in (("trainval", "test"), ("train", "test"), ("train", "val")):
        if set(pair) <= set(splits):
            return pair
    return splits[0], splits[1]


def _follow_layer(selection: Selection) -> None:
    """Put another layer's own representations in the place of the former layer's; those added by hand stay."""
    now = selection.source, selection.picked, tuple(_usual(selection))
    before = st.session_state.setdefault("layer of SVM", now)
    if before[:2] != now[:2]:
        st.session_state["layer of SVM"] = now
        names = st.session_state.get("representations", st.session_state["choices"].get("representations", ()))
        added = [name for name in names if name not in before[2] and name in selection.offer.representations]
        st.session_state["representations"] = list(dict.fromkeys([*_usual(selection), *added]))
