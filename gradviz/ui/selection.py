"""What a visitor has chosen: the Selection that every page reads, and the chosen pair of photographs."""

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import streamlit as st

from gradviz.datasets import ImageSet
from gradviz.errors import ChoiceError
from gradviz.networks import NETWORKS, Layer, Network
from gradviz.representations import Offer, triple
from gradviz.spec import Spec
from gradviz.ui.polling import Question
from gradviz.ui.queue import Lane
from gradviz.ui.visitor import Own
from gradviz.words import counted

# gradviz.experiment imports torch: seconds, which a page's script must not wait for.
if TYPE_CHECKING:
    from gradviz.experiment import Experiment


@dataclass(frozen=True)
class Selection:
    """Hold the visitor's choices.

    `token` names the photographs as they lie on disk now; with it, and without reading a picture, results are found
    again. `picked` is the layer, None where a file of features has none with both factors. `own` is there where the
    data set is the visitor's own photographs. `place` is what the command line takes for the data set, None where it
    cannot name these photographs.
    """

    images: ImageSet
    token: str
    split: str
    spec: Spec
    picked: Layer | None
    own: Own | None = None
    place: str | None = None

    @property
    def layer(self) -> Layer:
        """Return the chosen layer; ChoiceError where there is none."""
        if self.picked is None:
            raise ChoiceError(f"{self.images.name} holds no layer with both factors, such as x6 and dy7.")
        return self.picked

    @property
    def network(self) -> Network:
        """Return the network's row of the table."""
        return NETWORKS[self.spec.network]

    @property
    def source(self) -> str:
        """Return the name of what the vectors come from: the network, or a file that holds them."""
        return self.images.name if self.images.features else self.network.title

    @property
    def offer(self) -> Offer:
        """List the representations that can be asked for."""
        if self.images.features:
            return Offer.of_vectors(self.source, tuple(self.images.features))
        return Offer.of_layers(self.source, self.network.numbers)

    @property
    def triple(self) -> tuple[str, str, str]:
        """Return the layer's forward, backward and product representation: x6, dy7, dW7."""
        return triple(self.layer.number)

    @property
    def titles(self) -> tuple[str, str, str]:
        """Return the names of the same three in figures."""
        forward, backward, product = self.triple
        pooled = self.network.pooled and not self.images.features
        remark = " (pooled approximation)" if pooled else ""
        return f"Forward {forward}", f"Backward {backward}", f"Product {product}{remark}"

    @property
    def chosen(self) -> int:
        """Count the images that the split and the number leave."""
        whole = len(self.images.select(self.split))
        return min(whole, self.spec.images or whole)

    @property
    def whole(self) -> "Selection":
        """Return the choices without split and layer, for a question that names its own."""
        return replace(self, split="all", picked=None)

    def centring(self, asked: bool) -> "Selection":
        """Return the choices with a centred kernel or not; pages offer this where it makes a difference."""
        return replace(self, spec=replace(self.spec, centre=asked))

    @property
    def unseeded(self) -> "Selection":
        """Return the choices without the seed, for what draws nothing at random: splits are drawn already."""
        return replace(self, spec=replace(self.spec, seed=Spec().seed))

    @property
    def forward(self) -> "Selection":
        """Return only those choices that the forward pass depends on, splits apart."""
        whole = self.spec
        spec = Spec(
            network=whole.network,
            weights=whole.weights,
            images=whole.images,
            preprocess=whole.preprocess,
            tf32=whole.tf32,
        )
        return replace(self.whole, spec=spec)

    def experiment(self) -> "Experiment":
        """Bind the photographs to the choices; features of a visitor's own photographs stay in the visitor's store."""
        from gradviz.experiment import Experiment

        return Experiment(self.images, self.spec, store=self.own.store if self.own else None)

    def key(self, verb: str, *arguments: Any) -> str:
        """Return the same text for the same question: a verb, all these choices and its arguments, never an array."""
        layer = self.picked and self.picked.name
        return json.dumps([verb, self.token, self.split, layer, asdict(self.spec), *arguments], default=_text)

    def question(
        self, view: Callable[..., Any], *arguments: Any, title: str, lane: Lane = "heavy", paced: bool = True
    ) -> Question:
        """Ask for view(selection, *arguments, progress, cancel); what the view is given is what its key holds.

        The view's file is part of the key: two pages may each have a view of the same name.
        """
        file = Path(view.__code__.co_filename)
        return Question(
            self.key(f"{file.parent.name}/{file.stem}:{view.__name__}", *arguments),
            title,
            lambda progress, cancel: view(self, *arguments, progress, cancel),
            lane,
            paced,
        )


def _text(value: Any) -> str:
    if isinstance(value, Own):
        return value.token
    if isinstance(value, Path):
        return str(value)
    raise TypeError(f"{value!r} cannot be part of a question's key.")


def current() -> Selection:
    """Return what the sidebar has read in this run."""
    return st.session_state["selection"]


def pair() -> tuple[str, str] | None:
    """Return the chosen pair of image ids, from this visit or from the link, and keep it in the URL of every page."""
    if "pair" not in st.session_state:
        given = st.query_params.get_all("pair")
        st.session_state["pair"] = tuple(given) if len(given) == 2 else None
    chosen = st.session_state["pair"]
    if chosen and st.query_params.get_all("pair") != list(chosen):
        st.query_params["pair"] = list(chosen)
    return chosen


def refused_pair(images: ImageSet, shown: Sequence[str]) -> str | None:
    """Say in one sentence why the pair that is asked for cannot be shown; None where there is none, or it can be.

    Parameters
    ----------
    images
        The data set.
    shown
        The ids of the images that are shown.
    """
    asked = pair() or st.query_params.get_all("pair")
    if not asked:
        return None
    if len(asked) != 2:
        return f"The link asks for the pair “{', '.join(asked)}”, which is not two images: click a cell to choose two."
    missing = [name for name in dict.fromkeys(asked) if name not in shown]
    unknown = [name for name in missing if name not in images.ids]
    if unknown:
        return f"{images.name} has no photograph {_either(unknown)}, so another pair is shown."
    if missing:
        are = "is" if len(missing) == 1 else "are"
        them = f"{' and '.join(missing)} {are} not among the {counted(len(shown), 'photograph')} shown"
        return f"{them}: raise Images or choose another split in the sidebar. Until then another pair is shown."
    return None


def _either(names: Sequence[str]) -> str:
    return " and no ".join(f"“{name[:80]}”" for name in names)


def choose_pair(chosen: tuple[str, str]) -> None:
    """Remember a pair of image ids."""
    st.session_state["pair"] = chosen
    st.query_params["pair"] = list(chosen)
