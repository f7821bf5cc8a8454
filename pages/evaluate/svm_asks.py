"""What the SVM page can be asked for: a representation and all that its score depends on, and how a link says so."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from gradviz.errors import ChoiceError
from gradviz.home import home
from gradviz.networks import NETWORKS
from gradviz.networks.weights import locate
from gradviz.representations import kind_of, parse, symbol, tempered
from gradviz.spec import OPTIONS, Spec, number_or_cv
from gradviz.ui import widgets
from gradviz.ui.own_weights import own_weights
from gradviz.ui.polling import Question
from gradviz.ui.selection import Selection
from pages.evaluate import svm_views

_PUBLISHED = "published"
"""What a link calls the network's usual weights."""


@dataclass(frozen=True)
class Ask:
    """One result that can be asked for. `selection` has no choice that the representation does not depend on."""

    selection: Selection
    representation: str
    train: str
    test: str
    C: float | str
    ap: str

    @property
    def question(self) -> Question:
        """Ask for its scores."""
        title = f"SVMs on {self.representation} of {self.selection.source}"
        choices = {"train": self.train, "test": self.test, "C": self.C, "ap": self.ap}
        return self.selection.question(svm_views.scored, self.representation, choices, title=title, lane="light")

    @property
    def key(self) -> str:
        """Return a text that is the same for the same result."""
        return self.question.key

    @property
    def features(self) -> Question | None:
        """Ask for the forward pass that it needs."""
        return widgets.features(self.selection, self.train, self.test)

    @property
    def parsed(self):
        """Return the representation taken apart."""
        return parse(self.representation, self.selection.offer)

    @property
    def is_tempered(self) -> bool:
        """Return whether it depends on the temperature."""
        return _is_tempered(self.selection, self.representation)

    @property
    def is_formula(self) -> bool:
        """Return whether its name is made of the paper's symbols, such as dW7 or x6+x7, and not an array's."""
        return all(map(_is_symbol, self.representation.split("+")))

    @property
    def role(self) -> str:
        """Return forward, backward or product; a concatenation has the role that all its parts have in common."""
        roles = {part.kind for part in self.parsed.parts}
        return roles.pop() if len(roles) == 1 else "product"

    @property
    def what(self) -> str:
        """Say in a few words what it is."""
        kind = kind_of(self.representation)
        words = (
            "side by side"
            if kind == "concatenation"
            else "vectors of a file"
            if self.selection.images.features
            else kind
        )
        if is_approximate(self.selection, self.representation):
            words = "pooled approximation"
        return words if self.is_tempered or self.selection.images.features else f"{words}, no temperature"


def is_approximate(selection: Selection, representation: str) -> bool:
    """Return whether it holds a product of a pooled network's vectors, which only approximates its gradient."""
    if selection.images.features or not selection.network.pooled:
        return False
    return any(part.kind == "product" for part in parse(representation, selection.offer).parts)


def _is_symbol(name: str) -> bool:
    try:
        symbol(name)
    except ChoiceError:
        return False
    return True


def ask(selection: Selection, representation: str, choices: Mapping[str, Any]) -> Ask:
    """Bind a representation to the choices; `choices` are temperature, train, test, C and ap."""
    spec = replace(selection.spec, temperature=choices["temperature"])
    here = replace(selection.whole, spec=spec)
    asked = {name: choices[name] for name in ("train", "test", "C", "ap")}
    return Ask(replace(here, spec=_reduced(spec, here, representation)), representation, **asked)


def _is_tempered(selection: Selection, representation: str) -> bool:
    if selection.images.features:
        return False
    last = selection.network.numbers[-1]
    return any(tempered(name, last) for name in parse(representation, selection.offer).needs)


def _reduced(spec: Spec, selection: Selection, representation: str) -> Spec:
    """Return the choices that matter: x6 is the same at every temperature and under every pseudo-label."""
    plain = Spec()
    if not _is_tempered(selection, representation):
        spec = replace(spec, temperature=plain.temperature)
    needs = parse(representation, selection.offer).needs
    if selection.images.features or all(kind_of(name) == "forward" for name in needs):
        spec = replace(spec, pseudo_label=plain.pseudo_label)
    return spec


OF_SPEC = {
    "network": "network",
    "weights": "weights",
    "images": "images",
    "temperature": "temperature",
    "preprocess": "preprocess",
    "pseudo": "pseudo_label",
    "normalise": "normalise",
    "seed": "seed",
}
OF_SCORE = ("train", "test", "C", "ap")
WORDS = {"temperature": "τ", "preprocess": "preprocessing", "pseudo": "pseudo-label", "ap": "AP"}


def _facts(one: Ask) -> dict[str, str]:
    """Return all that a result is made with, by the names that links have for it."""
    spec = one.selection.spec
    facts = {name: _text(getattr(spec, field)) for name, field in OF_SPEC.items()}
    facts["images"] = _text(spec.images) if spec.images else "all"
    facts["weights"] = spec.weights.name if spec.weights else _PUBLISHED
    return facts | {name: _text(getattr(one, name)) for name in OF_SCORE}


def _text(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def differing(one: Ask, selection: Selection, choices: Mapping[str, Any]) -> dict[str, str]:
    """Return what a result is made with and the choices now are not; nothing for a result of these choices."""
    now = replace(selection.spec, temperature=choices["temperature"])
    if not one.is_tempered:
        now = replace(now, temperature=one.selection.spec.temperature)
    if one.selection.spec.pseudo_label != now.pseudo_label:
        now = replace(now, pseudo_label=_reduced(now, one.selection, one.representation).pseudo_label)
    asked = {name: choices[name] for name in OF_SCORE}
    here = _facts(Ask(replace(selection, spec=now), one.representation, **asked))
    return {name: value for name, value in _facts(one).items() if value != here[name]}


def in_words(facts: Mapping[str, str]) -> str:
    """Say what a result is made with: "τ 1, C 10"."""
    return ", ".join(f"{WORDS.get(name, name)} {value}" for name, value in facts.items())


def written(one: Ask, selection: Selection, choices: Mapping[str, Any]) -> str:
    """Return a result as it stands in the address: its representation, and what differs from the choices there."""
    facts = differing(one, selection, choices)
    return "|".join([one.representation, *(f"{name}={value}" for name, value in facts.items())])


def read(text: object, selection: Selection, choices: Mapping[str, Any]) -> Ask | None:
    """Return the result that `written` has written; None for one that cannot be asked for here."""
    if not isinstance(text, str) or len(text) > 500:
        return None
    name, *rest = [text] if text in selection.offer.representations else text.split("|")
    given = {key: value for key, _, value in (part.partition("=") for part in rest)}
    try:
        of_spec = {OF_SPEC[key]: _read(key, value) for key, value in given.items() if key in OF_SPEC}
        of_score = {key: _read(key, value) for key, value in given.items() if key in OF_SCORE}
        if len(of_spec) + len(of_score) < len(rest):
            return None
        spec = replace(selection.spec, **{"temperature": choices["temperature"], **of_spec})
        if "network" in given and not _is_here(spec):
            return None
        here = replace(selection, spec=spec)
        asked = {**choices, **of_score, "temperature": spec.temperature}
        if not {asked["train"], asked["test"]} <= {*selection.images.splits, "all"}:
            return None
        return ask(here, parse(name, here.offer).name, asked)
    except (ChoiceError, ValueError, KeyError):
        return None


def _is_here(spec: Spec) -> bool:
    network = NETWORKS.get(spec.network)
    return network is not None and (spec.weights is not None or locate(network) is not None)


def _read(name: str, value: str) -> Any:
    if name == "images":
        return None if value == "all" else int(value)
    if name == "seed":
        return int(value)
    if name in ("C", "temperature"):
        return number_or_cv(value)
    if name == "weights":
        if value not in (_PUBLISHED, *own_weights()):
            raise ChoiceError(f"There is no file of weights {value!r} here.")
        return None if value == _PUBLISHED else home() / "weights" / value
    if name == "ap" and value not in OPTIONS["ap"].values:
        raise ChoiceError(f"There is no average precision {value!r}.")
    return value


class Known:
    """All results that can be asked for here, as `in` sees them: those of the page, and whatever a link says."""

    def __init__(self, selection: Selection, choices: Mapping[str, Any]) -> None:
        self._here = selection, choices

    def __contains__(self, text: object) -> bool:
        """Return whether a text names one."""
        return read(text, *self._here) is not None
