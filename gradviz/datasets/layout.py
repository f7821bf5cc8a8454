"""Find out from the folders that pictures lie in which of them name splits and which name classes."""

import unicodedata
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Sequence
from typing import NamedTuple

from gradviz.datasets.image_set import Finding
from gradviz.datasets.pictures import printable
from gradviz.datasets.scan import NAMED
from gradviz.datasets.splits import says_nothing, split_named

NEARLY_ALL = 0.9
"""Share of the pictures that a layout must fit before the others are called strays."""
_MOST = 0.75
"""Share that a folder with several in it must hold before it is taken for one that is round all classes."""
_BESIDE_SPLITS = "beside the folders of the splits: without label and split"
_BESIDE_CLASSES = "beside the folders of the classes: without label"
_NO_CLASS = "a folder whose name is no class, beside folders that are classes: without label"
_FLAT = "a split without folders of classes: its pictures have no label"

Folders = tuple[str, ...]


class Place(NamedTuple):
    """Hold what a picture's place says: its class and its split, None where it says nothing."""

    label: str | None = None
    split: str | None = None


def laid_out(names: Sequence[str]) -> tuple[list[Place], list[Finding]]:
    """Return what the folders of each picture say, and what does not fit the layout of nearly all.

    Parameters
    ----------
    names
        The path of each picture below the folder of all, with `/` between its parts.
    """
    folders = [tuple(name.split("/")[:-1]) for name in names]
    round_all = _round_all(folders)
    depth = len(round_all)
    inner = [place[depth:] if place[:depth] == round_all else None for place in folders]
    fitting = [place for place in inner if place is not None]
    if _splits_on_top(fitting):
        return _with_splits(names, inner)
    if _splits_below(fitting):
        return _with_splits(names, [place and (place[1:2] + place[:1] + place[2:]) for place in inner])
    return _without_splits(names, inner)


def _round_all(folders: Sequence[Folders]) -> Folders:
    """Return the folders that (nearly) all pictures lie in, and that are neither splits nor classes."""
    passed, fit = [], list(folders)
    while fit:
        tops = Counter(place[0] for place in fit if place)
        if not tops or any(split_named(name) for name in tops):
            break
        name, count = tops.most_common(1)[0]
        below = [place[1:] for place in fit if place[:1] == (name,)]
        inner = {place[0] for place in below if place}
        splits = {split_named(folder) for folder in inner} - {None}
        if any(len(place) > 1 and place[0] != name and split_named(place[1]) for place in fit):
            break  # <class>/<split>/
        share = count / len(folders)
        # Two splits in it, or a name that says nothing, are proof enough; without, all but a few pictures have to be in
        # it, and no folder beside it.
        meant = share > 0.5 and (len(splits) > 1 or (says_nothing(name) and inner and len(tops) == 1))
        meant = meant or (share >= NEARLY_ALL and inner and (says_nothing(name) or bool(splits)))
        if share < 1 and not meant and not (share >= _MOST and len(inner) > 1 and len(tops) == 1):
            break
        passed.append(name)
        fit = below
    return tuple(passed)


def _splits_on_top(places: Sequence[Folders]) -> bool:
    """Check whether the top folders are splits: two of them with most pictures, or one that is nearly alone."""
    of_split = Counter(split_named(place[0]) if place else None for place in places)
    others = {place[0] for place in places if place and not split_named(place[0])}
    inside = sum(of_split.values()) - of_split.pop(None, 0)
    if len(of_split) > 1:
        return inside > 0.5 * len(places)
    classes = {place[1] for place in places if len(place) > 1 and split_named(place[0])}
    return bool(of_split) and (inside >= NEARLY_ALL * len(places) or (len(classes) > 1 and len(others) < 2))


def _splits_below(places: Sequence[Folders]) -> bool:
    """Check whether the folders below the top ones are splits: <class>/<split>/."""
    fit = [place for place in places if len(place) > 1 and split_named(place[1])]
    return (
        len(fit) >= NEARLY_ALL * len(places)
        and len({place[0] for place in fit}) > 1
        and len({split_named(place[1]) for place in fit}) > 1
    )


def _with_splits(names: Sequence[str], inner: Sequence[Folders | None]) -> tuple[list[Place], list[Finding]]:
    """Read <split>/<class>/..., the split's folder first."""
    tops = [split_named(place[0]) if place else None for place in inner]
    members: dict[str, list[int]] = defaultdict(list)
    for i, split in enumerate(tops):
        if split:
            members[split].append(i)
    places = [Place()] * len(names)
    findings = []
    for split, positions in members.items():
        rests = {i: _below_split(split, (inner[i] or ())[1:]) for i in positions}
        labelled = [i for i in positions if rests[i]]
        for i in positions:
            places[i] = Place(rests[i][0] if rests[i] else None, split)
        spelt = sorted({(inner[i] or ("",))[0] for i in positions})
        if labelled:
            findings += _strays([names[i] for i in positions if not rests[i]], _BESIDE_CLASSES)
        else:
            findings.append(Finding(printable(spelt[0]), _FLAT, count=len(positions)))
        if len(spelt) > 1:
            findings.append(Finding(printable(", ".join(spelt)), f"together the split {split}", "joined"))
    findings += _strays([names[i] for i, split in enumerate(tops) if not split], _BESIDE_SPLITS)
    return _one_spelling(places, findings)


def _below_split(split: str, rest: Folders) -> Folders:
    """Pass through what says nothing (train/images/) or the split once more (train/train/)."""
    while rest and (says_nothing(rest[0]) or split_named(rest[0]) == split):
        rest = rest[1:]
    return rest


def _without_splits(names: Sequence[str], inner: Sequence[Folders | None]) -> tuple[list[Place], list[Finding]]:
    """Read <class>/...; test/ or images/ beside classes is none of them, but train/ may be one: it runs on rails."""
    tops = {place[0] for place in inner if place}
    odd = {name for name in tops if says_nothing(name) or (split_named(name) and name.lower() != "train")}
    odd = odd if len(tops - odd) > 1 else set()
    places = [Place(place[0] if place and place[0] not in odd else None) for place in inner]
    findings = []
    if tops:
        findings += _strays([names[i] for i, place in enumerate(inner) if not place], _BESIDE_CLASSES)
    findings += _strays([names[i] for i, place in enumerate(inner) if place and place[0] in odd], _NO_CLASS)
    return _one_spelling(places, findings)


def _strays(names: Iterable[str], reason: str) -> list[Finding]:
    """Name pictures one by one, or by their folder where it holds many."""
    of_folder: dict[str, list[str]] = defaultdict(list)
    for name in names:
        of_folder[name.rpartition("/")[0]].append(name)
    findings = []
    for folder, alike in sorted(of_folder.items()):
        if len(alike) <= NAMED:
            findings += [Finding(printable(name), reason) for name in alike]
        else:
            findings.append(Finding(printable(f"{folder}/*" if folder else "*"), reason, count=len(alike)))
    return findings


def _one_spelling(places: list[Place], findings: list[Finding]) -> tuple[list[Place], list[Finding]]:
    """Join classes that are one word: accents stored in two ways, or Cat in one split and cat in another."""
    for key in (_composed, _folded):
        spellings: dict[str, Counter[str]] = defaultdict(Counter)
        for place in places:
            if place.label is not None:
                spellings[key(place.label)][place.label] += 1
        one = {}
        for counts in spellings.values():
            if len(counts) == 1 or (key is _folded and _side_by_side(counts, places)):
                continue
            first = min(counts, key=lambda name: (-counts[name], name))
            one |= dict.fromkeys(counts, first)
            others = ", ".join(repr(printable(name)) for name in sorted(counts) if name != first)
            number = sum(counts.values()) - counts[first]
            findings.append(Finding(printable(first), f"one class, also spelt {others}", "joined", number))
        places = [place._replace(label=one.get(place.label, place.label)) if one else place for place in places]
    return places, findings


def _side_by_side(spellings: Collection[str | None], places: Sequence[Place]) -> bool:
    """Check whether two spellings stand in one split: then whoever made the folders told them apart."""
    found = {place for place in places if place.label in spellings}
    return len(found) > len({place.split for place in found})


def _composed(name: str) -> str:
    return unicodedata.normalize("NFC", name).strip()


def _folded(name: str) -> str:
    return _composed(name).casefold()
