"""`gradviz evaluate DATASET --like FILE`: repeat exported scores and compare the figures.

An export holds every choice, the digests of what it was made from, and the versions, so that nothing has to be guessed:
what is not the same here is refused in one sentence before anything is computed, and figures that differ all the same
are listed.
"""

import json
from argparse import Namespace
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gradviz.errors import ChoiceError, NetworkError
from gradviz.spec import OPTIONS, Spec

if TYPE_CHECKING:
    from gradviz.experiment import Experiment
    from gradviz.results import Evaluation

TOLERANCE = 0.01
"""In percent of average precision: more than rounding does on another computer, less than any choice does."""

ALLOWED = {"weights", "pseudo_label", "device"}
"""Options beside --like: where files are that an export only names, and what figures hardly depend on."""

SCORING = ("representation", "train", "test", "C", "ap")

_NAMED = 3
"""Classes that are named where they are others."""
_OF_INPUT = ("input_size", "mean", "std")
_COMPUTES = "its code, or what it makes of the same images, has changed (function_digest)"

_LARGEST = 2**63
"""JSON has whole numbers of any length."""
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
        except (LookupError, TypeError, ValueError, AttributeError, OverflowError):
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
    known |= {*_OF_INPUT, "function_digest"}
    if unknown := sorted(set(one.spec) - known):
        raise ChoiceError(
            f"{path} was written by another gradviz (version {one.version}), with choices that this one does not have: "
            f"{', '.join(unknown)}. Repeat it with that version."
        )
    for name, types in _TYPES.items():
        value = one.spec[name]
        if type(value) not in types or (type(value) is int and abs(value) > _LARGEST):
            raise ChoiceError(f"{path} has a value for {name} that cannot be: {one.spec[name]!r}.")


def experiments(path: Path, exported: Sequence[Exported], arguments: Namespace) -> "list[Experiment]":
    """Return the experiment of each evaluation, with everything that it was made from compared with what is here."""
    from gradviz.experiment import Experiment
    from gradviz.home import home

    if "pseudo_label" in arguments.given and not any(map(_LABEL.is_named_by, exported)):
        raise ChoiceError(f"{path} was made with no pseudo-label from a file: leave out --pseudo-label.")
    if arguments.weights and all(one.spec["network"] is None for one in exported):
        raise ChoiceError(f"{path} was made from features, without a network: leave out --weights.")
    weights, labels = (_files(path, exported, arguments, kind) for kind in (_WEIGHTS, _LABEL))
    found = []
    for one, file, label in zip(exported, weights, labels, strict=True):
        choices = {choice.name: one.spec[choice.name] for choice in fields(Spec)}
        choices |= {"weights": file, "pseudo_label": label or one.spec["pseudo_label"]}
        choices["network"] = one.spec["network"] or OPTIONS["network"].default
        lab = Experiment(arguments.dataset, Spec(**choices), home=home(arguments.home), device=arguments.device)
        lab.check_chosen(arguments.given & {"device"})
        _check_same(path, one, lab, arguments)
        found.append(lab)
    return found


def _digest_of_weights(one: Exported, file: Path, arguments: Namespace) -> str:
    """Return the digest of the file, or, in a network of one's own, of its tensors."""
    from gradviz.networks.custom import load_own
    from gradviz.networks.weights import sha256

    name = one.spec["network"] or ""
    return load_own(name, weights=file, device=arguments.device).digest if ":" in name else sha256(file)


def _digest_of_label(one: Exported, file: Path, arguments: Namespace) -> str:
    from gradviz.features.pseudo_labels import read

    return read(file)[1]


@dataclass(frozen=True)
class _Kind:
    """Describe a kind of files that an export only names, beside their digests."""

    option: str
    nouns: tuple[str, str]
    """One of them and several."""
    digest: Callable[[Exported, Path, Namespace], str]

    def is_named_by(self, one: Exported) -> bool:
        return one.spec["network"] is not None and one.spec[self.option] not in (None, *OPTIONS[self.option].values)

    def recorded(self, one: Exported) -> str | None:
        return one.spec.get(f"{self.option}_digest")

    def lacking(self, path: Path, missing: Sequence[Exported]) -> ChoiceError:
        digests = {self.recorded(one): one.spec[self.option] for one in missing}
        names, flag = list(digests.values()), f"--{self.option.replace('_', '-')}"
        if len(names) == 1:
            return ChoiceError(f"{path} was made with the {self.nouns[0]} {names[0]}: give the file with {flag}.")
        if len(set(names)) < len(names):
            hashes = (str(digest).removeprefix("file:")[:8] for digest in digests)
            names = [f"{name} (sha256 {found}...)" for name, found in zip(names, hashes, strict=True)]
        return ChoiceError(
            f"{path} was made with the {self.nouns[1]} {', '.join(names)}: give each file with a {flag} of its own."
        )


_WEIGHTS = _Kind("weights", ("weights", "weights"), _digest_of_weights)
_LABEL = _Kind("pseudo_label", ("pseudo-label", "pseudo-labels"), _digest_of_label)


def _files(path: Path, exported: Sequence[Exported], arguments: Namespace, kind: _Kind) -> list[Path | None]:
    """Choose for each evaluation the given file that it was made with, by its digest; None where it names none.

    A single file for a single digest is taken as it is: what is wrong with it is said where it is loaded.
    """
    values = OPTIONS[kind.option].values
    given = [Path(file).expanduser() for file in arguments.every.get(kind.option, []) if str(file) not in values]
    own = [one for one in exported if kind.is_named_by(one)]
    if own and not given:
        raise kind.lacking(path, own)
    if len(given) < 2 and len({kind.recorded(one) for one in own}) < 2:
        return [given[0] if given and (one in own or not own) else None for one in exported]
    found = [_match(one, given, arguments, kind) if one in own or not own else None for one in exported]
    if missing := [one for one, file in zip(exported, found, strict=True) if file is None and one in own]:
        raise kind.lacking(path, missing)
    return found


def _match(one: Exported, given: Sequence[Path], arguments: Namespace, kind: _Kind) -> Path | None:
    for file in given:
        with suppress(NetworkError, ChoiceError):  # the file may be another row's
            if kind.digest(one, file, arguments) == kind.recorded(one):
                return file
    return None


def _check_same(path: Path, one: Exported, lab: "Experiment", arguments: Namespace) -> None:
    if lab.images.digest != one.spec["dataset_digest"]:
        raise ChoiceError(
            f"{arguments.dataset} is not what {path} was made from ({one.spec.get('dataset')}): its photographs, "
            "labels or splits are others, so the figures cannot be compared."
        )
    _check_classes(path, one, lab.images.classes)
    here = lab.about()
    if here.get("weights_digest") != one.spec.get("weights_digest"):
        raise ChoiceError(
            f"The weights of {one.spec['network']} here are not those that {path} was made with: give these with "
            "--weights."
        )
    if changed := [
        f"its {name} is {here.get(name)}, not {was}" for name, was in _described(one) if here.get(name) != was
    ]:
        changed += [_COMPUTES] * _computes_other(one, lab)
        raise ChoiceError(
            f"The network {one.spec['network']} here is not the one that {path} was made with: {'; '.join(changed)}."
        )
    if here.get("pseudo_label_digest") != one.spec.get("pseudo_label_digest"):
        raise ChoiceError(f"{lab.spec.pseudo_label} is not the pseudo-label that {path} was made with.")


def _check_classes(path: Path, one: Exported, classes: Sequence[str]) -> None:
    """Refuse figures of other classes: the same mean of them would be chance."""
    there, here = (
        [repr(name) for name in a if name not in b] for a, b in ((one.per_class, classes), (classes, one.per_class))
    )
    if there or here:
        sides = [f"{_some(there)} {'is' if len(there) == 1 else 'are'} not here"] if there else []
        sides += [f"{_some(here)} {'is' if len(here) == 1 else 'are'} only here"] if here else []
        raise ChoiceError(f"{path} has figures of other classes, which cannot be compared: {'; '.join(sides)}.")


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more


def _described(one: Exported) -> list[tuple[str, Any]]:
    """List what an export says of the network's input; older ones say nothing."""
    if one.spec["network"] is None:
        return []
    return [(name, one.spec[name]) for name in _OF_INPUT if name in one.spec]


def _computes_other(one: Exported, lab: "Experiment") -> bool:
    """Check whether the network computes something else than the exported one, where the export says what it did."""
    return "function_digest" in one.spec and lab.about().get("function_digest") != one.spec["function_digest"]


def network_notes(exported: "Sequence[Exported]", labs: "Sequence[Experiment]") -> tuple[str, ...]:
    """List the networks of one's own that have other code now.

    Their figures are compared all the same, since another Python or processor may change the digest as well.
    """
    others = (one.spec["network"] for one, lab in zip(exported, labs, strict=True) if _computes_other(one, lab))
    return tuple(dict.fromkeys(f"the network {name} is not as it was exported: {_COMPUTES}" for name in others))


def asked(one: Exported) -> dict[str, Any]:
    """Return the arguments of `Experiment.evaluate` that give the evaluation again."""
    return {name: one.spec[name] for name in SCORING}


def differences(one: Exported, now: "Evaluation") -> tuple[Difference, ...]:
    """List the figures that differ by more than TOLERANCE, the mean first."""
    mean = None if now.mean_ap != now.mean_ap else now.mean_ap
    names = dict.fromkeys([*one.per_class, *now.per_class])
    figures = [(None, one.mean_ap, mean), *((name, one.per_class.get(name), now.per_class.get(name)) for name in names)]
    return tuple(Difference(*figure) for figure in figures if not _equal(*figure[1:]))


def repeats(found: Sequence[Difference]) -> bool:
    """Say whether the mean is the exported one, of which `found` are the differences."""
    return all(one.name is not None for one in found)


def class_notes(one: Exported, found: Sequence[Difference]) -> tuple[str, ...]:
    """Say which classes differ where the mean does not: they moved against each other."""
    if not found or not repeats(found):
        return ()
    moved = ", ".join(f"{d.name} {_digits(d.exported)}, now {_digits(d.now)}" for d in found)
    return (f"{one.spec['representation']}: the mean is the same, classes are not: {moved}",)


def _digits(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"


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
