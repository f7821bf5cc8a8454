"""`gradviz evaluate DATASET --like FILE`: repeat exported scores and compare the figures.

An export holds every choice, the digests of what it was made from, and the versions, so that nothing has to be guessed:
what is not the same here is refused in one sentence before anything is computed, and figures that differ all the same
are listed.
"""

import json
from argparse import Namespace
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gradviz.errors import ChoiceError
from gradviz.spec import OPTIONS, Spec

if TYPE_CHECKING:
    from gradviz.experiment import Experiment
    from gradviz.results import Evaluation

TOLERANCE = 0.01
"""In percent of average precision: more than rounding does on another computer, less than any choice does."""

ALLOWED = {"weights", "pseudo_label", "device"}
"""Options beside --like: where files are that an export only names, and what figures hardly depend on."""

SCORING = ("representation", "train", "test", "C", "ap")

_TYPES: dict[str, tuple[type, ...]] = {
    **dict.fromkeys(("preprocess", "pseudo_label", "normalise", "representation", "train", "test", "ap"), (str,)),
    **dict.fromkeys(("network", "weights"), (str, type(None))),
    **dict.fromkeys(("temperature", "C"), (float, int, str)),
    **dict.fromkeys(("centre", "tf32"), (bool,)),
    **{"images": (int, type(None)), "seed": (int,), "versions": (dict,)},
}
"""What JSON has for each choice; whether there is such a value is checked where it is used."""


@dataclass(frozen=True)
class Exported:
    """Hold one exported evaluation: its figures in percent (None where there is none) and what it was made from."""

    mean_ap: float | None
    per_class: Mapping[str, float | None]
    spec: Mapping[str, Any]

    @property
    def version(self) -> str:
        """Return the version of gradviz that wrote it."""
        versions = self.spec.get("versions")
        return str(versions["gradviz"]) if isinstance(versions, dict) and "gradviz" in versions else "unknown"


@dataclass(frozen=True)
class Difference:
    """Hold a figure that is not the exported one, of a class or of the mean (`name` None), in percent."""

    name: str | None
    exported: float | None
    now: float | None


def read(path: Path) -> tuple[Exported, ...]:
    """Read the evaluations of a JSON export.

    Raises ChoiceError where the file is not one, or was written by a version that recorded less, or knew more.
    """
    no_export = ChoiceError(
        f"{path} is not an export of scores: give what `gradviz evaluate --json` prints, or the JSON of the SVM page."
    )
    try:
        value = json.loads(path.read_text("utf-8-sig"))
    except OSError as error:
        raise ChoiceError(f"{path} cannot be read ({error.strerror}): name an export of scores.") from error
    except (ValueError, RecursionError):
        raise no_export from None
    found = value if isinstance(value, list) else [value]
    if not found:
        raise no_export
    exported = []
    for one in found:
        try:
            exported.append(Exported(_figure(one["mean_ap"]), _figures(one["per_class"]), dict(one["spec"])))
        except (LookupError, TypeError, ValueError, AttributeError):
            raise no_export from None
    for one in exported:
        _check_recorded(path, one)
    return tuple(exported)


def _figures(value: Any) -> dict[str, float | None]:
    return {str(name): _figure(figure) for name, figure in value.items()}


def _figure(value: Any) -> float | None:
    return None if value is None else float(value)


def _check_recorded(path: Path, one: Exported) -> None:
    """Refuse an export that does not hold every choice, or holds one that is unknown here."""
    choices = {choice.name for choice in fields(Spec)}
    needed = [*sorted(choices), *SCORING, "dataset_digest", "versions"]
    needed += [] if one.spec.get("network") is None else ["weights_digest"]
    lacking = [name for name in needed if name not in one.spec]
    if lacking:
        raise ChoiceError(
            f"{path} was written by an older gradviz (version {one.version}), which did not record "
            f"{', '.join(lacking)}: it cannot be repeated; evaluate with options and export again."
        )
    known = {*needed, "weights_digest", "dataset", "device", "pseudo_label_digest", "findings"}
    if unknown := sorted(set(one.spec) - known):
        raise ChoiceError(
            f"{path} was written by another gradviz (version {one.version}), with choices that this one does not have: "
            f"{', '.join(unknown)}. Repeat it with that version."
        )
    for name, types in _TYPES.items():
        if type(one.spec[name]) not in types:
            raise ChoiceError(f"{path} has a value for {name} that cannot be: {one.spec[name]!r}.")


def experiments(path: Path, exported: Sequence[Exported], arguments: Namespace) -> "list[Experiment]":
    """Return the experiment of each evaluation, with everything that it was made from compared with what is here."""
    from gradviz.experiment import Experiment
    from gradviz.home import home

    named = OPTIONS["pseudo_label"].values
    own_weights = any(one.spec["weights"] for one in exported)
    if "pseudo_label" in arguments.given and all(one.spec["pseudo_label"] in named for one in exported):
        raise ChoiceError(f"{path} was made with no pseudo-label from a file: leave out --pseudo-label.")
    if arguments.weights and all(one.spec["network"] is None for one in exported):
        raise ChoiceError(f"{path} was made from features, without a network: leave out --weights.")
    found = []
    for one in exported:
        choices = {choice.name: one.spec[choice.name] for choice in fields(Spec)}
        if one.spec["weights"] and not arguments.weights:
            raise ChoiceError(f"{path} was made with the weights {one.spec['weights']}: give the file with --weights.")
        if one.spec["weights"] or not own_weights:
            choices["weights"] = arguments.weights
        if one.spec["pseudo_label"] not in named:
            if arguments.pseudo_label in named:
                label = one.spec["pseudo_label"]
                raise ChoiceError(f"{path} was made with the pseudo-label {label}: give the file with --pseudo-label.")
            choices["pseudo_label"] = arguments.pseudo_label
        choices["network"] = one.spec["network"] or OPTIONS["network"].default
        lab = Experiment(arguments.dataset, Spec(**choices), home=home(arguments.home), device=arguments.device)
        _check_same(path, one, lab, arguments)
        found.append(lab)
    return found


def _check_same(path: Path, one: Exported, lab: "Experiment", arguments: Namespace) -> None:
    if lab.images.digest != one.spec["dataset_digest"]:
        raise ChoiceError(
            f"{arguments.dataset} is not what {path} was made from ({one.spec.get('dataset')}): its photographs, "
            "labels or splits are others, so the figures cannot be compared."
        )
    here = lab.about()
    if here.get("weights_digest") != one.spec.get("weights_digest"):
        raise ChoiceError(
            f"The weights of {one.spec['network']} here are not those that {path} was made with: give these with "
            "--weights."
        )
    if here.get("pseudo_label_digest") != one.spec.get("pseudo_label_digest"):
        raise ChoiceError(f"{arguments.pseudo_label} is not the pseudo-label that {path} was made with.")


def asked(one: Exported) -> dict[str, Any]:
    """Return the arguments of `Experiment.evaluate` that give the evaluation again."""
    return {name: one.spec[name] for name in SCORING}


def differences(one: Exported, now: "Evaluation") -> tuple[Difference, ...]:
    """List the figures that differ by more than TOLERANCE, the mean first; none where the mean does not."""
    mean = None if now.mean_ap != now.mean_ap else now.mean_ap
    if _equal(one.mean_ap, mean):
        return ()
    names = dict.fromkeys([*one.per_class, *now.per_class])
    pairs = [(name, one.per_class.get(name), now.per_class.get(name)) for name in names]
    classes = (Difference(*pair) for pair in pairs if not _equal(*pair[1:]))
    return (Difference(None, one.mean_ap, mean), *classes)


def _equal(a: float | None, b: float | None) -> bool:
    return a is b if a is None or b is None else abs(a - b) <= TOLERANCE


def version_notes(exported: Sequence[Exported]) -> tuple[str, ...]:
    """List the libraries that had another version when the figures were exported."""
    from gradviz.export import SCORED_WITH
    from gradviz.versions import versions

    here, notes = versions(), {}
    for one in exported:
        there = one.spec["versions"]
        for name in SCORED_WITH:
            if there.get(name) != here[name]:
                notes[f"exported with {name} {there.get(name) or 'of an unknown version'}, here is {here[name]}"] = None
    return tuple(notes)
