"""Find out from the folders that pictures lie in which of them name splits and which name classes."""

import unicodedata
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from gradviz.datasets.grouping import NAMED
from gradviz.datasets.image_set import Finding
from gradviz.datasets.pictures import printable
from gradviz.datasets.splits import ORDER, is_copy, is_mask, may_be_class, no_class, paired, says_nothing, split_named

NEARLY_ALL = 0.9
"""Share of the pictures that a layout must fit before the others are called strays."""
_MOST = 0.75
"""Share that a folder with several in it must hold before it is taken for one that is round all classes."""
_BESIDE_SPLITS = "beside the folders of the splits: without label and split"
_MORE_OF_CLASSES = "beside the folders of the splits, with folders of their classes: labelled, but in no split"
_BESIDE_CLASSES = "beside the folders of the classes: without label"
_NO_CLASS = "a folder whose name is no class, beside folders that are classes: without label"
_NO_SPLIT = "called like a split, but read as none: pictures of other classes are in no such folder"
_COPIES = "a folder of masks, previews or samples beside the pictures: without label and split"
FLAT = "a split without folders of classes: its pictures have no label"

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
    whole = [tuple(name.split("/")[:-1]) for name in names]
    meant = paired(whole)
    folders = [_as_meant(place, meant) for place in whole] if meant else whole
    aside = _aside(folders)
    kept = [i for i, copy in enumerate(aside) if not copy]
    found, findings = _arranged([names[i] for i in kept], [folders[i] for i in kept])
    laid = iter(found)
    places = [Place() if copy else next(laid) for copy in aside]
    called = {split: printable(place[-1]) for place, split in meant.items()}
    findings = [replace(f, name=called.get(f.name, f.name)) if f.reason == FLAT else f for f in findings]
    findings += [
        Finding(printable("/".join(place)), f"read as the split {one}", "guessed") for place, one in meant.items()
    ]
    return places, findings + _strays([name for name, copy in zip(names, aside, strict=True) if copy], _COPIES)


def _as_meant(folders: Folders, meant: Mapping[Folders, str]) -> Folders:
    return tuple(meant.get(folders[: depth + 1], name) for depth, name in enumerate(folders))


def _arranged(names: Sequence[str], folders: Sequence[Folders]) -> tuple[list[Place], list[Finding]]:
    round_all = _round_all(folders)
    depth = len(round_all)
    inner = [place[depth:] if place[:depth] == round_all else None for place in folders]
    fitting = [place for place in inner if place is not None]
    if _splits_on_top(fitting):
        return _with_splits(names, inner)
    if _splits_below(fitting):
        swapped = [place and (place[1:2] + place[:1] + place[2:]) for place in inner]
        return _with_splits(names, swapped, below=True)
    return _without_splits(names, inner)


def _aside(folders: Sequence[Folders]) -> list[bool]:
    """Tell which pictures lie in a folder of masks or previews: beside the pictures themselves, never a class."""
    inside: dict[Folders, set[str]] = defaultdict(set)
    for place in set(folders):
        for depth, name in enumerate(place):
            inside[place[:depth]].add(name)
    holding = Counter(place[:depth] for place in folders for depth in range(len(place) + 1))
    directly = set(folders)

    def copies(above: Folders, name: str) -> bool:
        others = {other for other in inside[above] if not is_copy(other)}
        if not is_copy(name) or any(name.lower() in other.lower() for other in others):
            return False  # mask and no_mask are two classes
        if may_be_class(name) and len(others) > 1:
            fewest = min(holding[*above, other] for other in others)
            return above in directly or holding[*above, name] < fewest
        if above in directly or any(says_nothing(other) or split_named(other) for other in others):
            return True
        return len(others) > 1 and not is_mask(name)  # masks of the pictures are told by their names: these are worn

    found = {place: any(copies(place[:depth], name) for depth, name in enumerate(place)) for place in directly}
    return [found[place] for place in folders]


def _round_all(folders: Sequence[Folders]) -> Folders:
    """Return the folders that (nearly) all pictures lie in, and that are neither splits nor classes."""
    passed, fit = [], list(folders)
    while fit:
        tops = Counter(place[0] for place in fit if place)
        if not tops or any(split_named(name) for name in tops):
            break
        if holding := _holders(fit):
            name = max(sorted(holding), key=tops.__getitem__)
            passed.append(name)
            fit = [place[1:] for place in fit if place[:1] == (name,)]
            continue
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
        if share < 1 and not meant and not (share >= _MOST and len(_branches(below)) > 1 and len(tops) == 1):
            break
        passed.append(name)
        fit = below
    return tuple(passed)


def _holders(places: Sequence[Folders]) -> set[str]:
    """List the top folders that cannot be classes, whatever lies beside them: classes or splits of classes are in them.

    Their names say nothing and they hold two folders, or one of the splits in them does. Where several hold splits,
    they are classes.
    """
    of_top: dict[str, list[Folders]] = defaultdict(list)
    for place in places:
        if place:
            of_top[place[0]].append(place[1:])
    with_splits = {name for name, below in of_top.items() if any(place and split_named(place[0]) for place in below)}
    if len(with_splits) > 1:
        return set()
    if with_splits:
        return {name for name in with_splits if _split_of_classes(of_top[name])}
    return {name for name, below in of_top.items() if says_nothing(name) and len(_classes_in(below)) > 1}


def _split_of_classes(places: Sequence[Folders]) -> bool:
    """Check whether one of the top folders is a split with two classes in it."""
    for name in {place[0] for place in places if place}:
        split = split_named(name)
        if split:
            rests = _below_split(split, [place[1:] for place in places if place[:1] == (name,)])
            if len({rest[0] for rest in rests if rest}) > 1:
                return True
    return False


def _classes_in(places: Iterable[Folders]) -> set[str]:
    """List the folders below those whose names say nothing."""
    found = set()
    for place in places:
        while place and says_nothing(place[0]):
            place = place[1:]
        if place:
            found.add(place[0])
    return found


def _splits_on_top(places: Sequence[Folders]) -> bool:
    """Check whether the top folders are splits: two with most pictures, one nearly alone, or one with classes in it."""
    if _split_of_classes(places):
        return True
    of_split = Counter(split_named(place[0]) if place else None for place in places)
    inside = sum(of_split.values()) - of_split.pop(None, 0)
    if len(of_split) > 1:
        return inside > 0.5 * len(places)
    return bool(of_split) and inside >= NEARLY_ALL * len(places)


def _splits_below(places: Sequence[Folders]) -> bool:
    """Check whether the folders below the top ones are splits: <class>/<split>/, be it one split alone."""
    fit = [place for place in places if len(place) > 1 and split_named(place[1])]
    return len(fit) >= NEARLY_ALL * len(places) and len({place[0] for place in fit}) > 1


def _with_splits(
    names: Sequence[str], inner: Sequence[Folders | None], *, below: bool = False
) -> tuple[list[Place], list[Finding]]:
    """Read <split>/<class>/..., the split's folder first; `below` where it lies below that of the class."""
    tops = [split_named(place[0]) if place else None for place in inner]
    members: dict[str, list[int]] = defaultdict(list)
    for i, split in enumerate(tops):
        if split:
            members[split].append(i)
    places = [Place()] * len(names)
    findings = []
    further: dict[str, set[Folders]] = defaultdict(set)
    for split, positions in members.items():
        rests = dict(zip(positions, _below_split(split, [(inner[i] or ())[1:] for i in positions]), strict=True))
        labelled = [i for i in positions if rests[i]]
        for i in positions:
            places[i] = Place(rests[i][0] if rests[i] else None, split)
            _note(further, rests[i])
        spelt = sorted({(inner[i] or ("",))[0] for i in positions})
        if labelled:
            findings += _strays([names[i] for i in positions if not rests[i]], _BESIDE_CLASSES)
        else:
            findings.append(Finding(printable(spelt[0]), FLAT, "unlabelled", len(positions)))
        if len(spelt) > 1:
            findings.append(Finding(printable(", ".join(spelt)), f"together the split {split}", "joined"))
    outside = [i for i, split in enumerate(tops) if not split]
    labels, said = _of_known_classes({i: inner[i] or () for i in outside}, {place.label for place in places})
    for i, label in labels.items():
        places[i] = Place(label)
    findings += said
    findings += _strays([names[i] for i in outside if places[i].label is None], _BESIDE_SPLITS)
    inside = [split for split in ORDER if below and split in members]
    return _one_spelling(places, findings + _doubtful(further, inside))


def _of_known_classes(
    outside: Mapping[int, Folders], known: Collection[str | None]
) -> tuple[dict[int, str], list[Finding]]:
    """Return the labels of pictures beside the splits, in folders that hold nothing but folders of their classes."""
    of_top: dict[str, list[int]] = defaultdict(list)
    for i, place in outside.items():
        of_top[place[0] if place else ""].append(i)
    labels: dict[int, str] = {}
    findings = []
    for top, positions in of_top.items():
        below = {i: "".join(outside[i][1:2]) for i in positions}
        if all(name in known for name in below.values()):
            labels |= below
            findings.append(Finding(printable(top), _MORE_OF_CLASSES, "guessed", len(positions)))
    return labels, findings


def _below_split(split: str, rests: Iterable[Folders]) -> list[Folders]:
    """Pass through what says nothing (train/images/) or the split once more (train/train/), or is samples alone."""
    found = []
    for rest in rests:
        while rest and (says_nothing(rest[0]) or split_named(rest[0]) == split):
            rest = rest[1:]
        found.append(rest)
    tops = {rest[0] for rest in found if rest}
    return [rest[1:] for rest in found] if tops and all(map(may_be_class, tops)) else found


def _without_splits(names: Sequence[str], inner: Sequence[Folders | None]) -> tuple[list[Place], list[Finding]]:
    """Read <class>/...; test/ or images/ beside classes is none of them, but train/ may be one: it runs on rails."""
    tops = {place[0] for place in inner if place}
    odd = {name for name in tops if no_class(name) and name.lower() != "train"}
    odd = odd if len(tops - odd) > 1 else set()
    places = [Place(place[0] if place and place[0] not in odd else None) for place in inner]
    findings = []
    if tops:
        findings += _strays([names[i] for i, place in enumerate(inner) if not place], _BESIDE_CLASSES)
    findings += _strays([names[i] for i, place in enumerate(inner) if place and place[0] in odd], _NO_CLASS)
    findings += _unused_splits([place for place in inner if place and place[0] not in odd])
    below: dict[str, set[Folders]] = defaultdict(set)
    for place in inner:
        if place and place[0] not in odd:
            _note(below, place)
    return _one_spelling(places, findings + _doubtful(below))


def _unused_splits(places: Sequence[Folders]) -> list[Finding]:
    """Name the folders called like splits that some classes have and others lack: their pictures go into new halves."""
    inside = Counter(place[:2] for place in places if len(place) > 1 and split_named(place[1]))
    listed = ", ".join("/".join(place) for place in sorted(inside)[:NAMED]) + (", ..." if len(inside) > NAMED else "")
    return [Finding(printable(listed), _NO_SPLIT, "guessed", inside.total())] if inside else []


def _note(below: dict[str, set[Folders]], place: Folders) -> None:
    """Keep which folders lie in the folder of a class."""
    if place:
        below[place[0]].add(tuple(name for name in place[1:] if not says_nothing(name) and not split_named(name)))


def _branches(places: Collection[Folders]) -> set[str]:
    """List the folders side by side at the least depth that has several; none where there is but one all the way."""
    fit = set(places)
    while fit := {place for place in fit if place}:
        names = {place[0] for place in fit}
        if len(names) > 1:
            return names
        fit = {place[1:] for place in fit}
    return set()


def _doubtful(below: dict[str, set[Folders]], splits: Sequence[str] = ()) -> list[Finding]:
    """Say which folders were taken for classes though they may be round the classes, or may be a split.

    `splits` are those in the folders of the classes.
    """
    findings = []
    inside = {name: _branches(places) for name, places in below.items()}
    several = sorted(name for name, folders in inside.items() if folders)
    if several:
        listed = ", ".join(several[:NAMED]) + (", ..." if len(several) > NAMED else "")
        example = ", ".join(sorted(inside[several[0]])[:NAMED])
        reason = f"read as a class, with folders in it ({printable(example)}) that are read as none"
        if splits:
            reason += f"; {' and '.join(splits)} in it read as the split" + "s" * (len(splits) > 1)
        findings.append(Finding(printable(listed), reason, "guessed", len(several)))
    findings += [
        Finding(printable(name), "read as a class, not as a split", "guessed")
        for name in sorted(below)
        if split_named(name) == "train"
    ]
    findings += [
        Finding(printable(name), "read as a class, not as samples of the others", "guessed")
        for name in sorted(below)
        if may_be_class(name)
    ]
    findings += [
        Finding(printable(name), "read as a class, not as masks of the others", "guessed")
        for name in sorted(below)
        if is_mask(name) and len(below) > 1 and not any("mask" in other.lower() for other in below if other != name)
    ]
    return findings


def _strays(names: Iterable[str], reason: str) -> list[Finding]:
    """Name pictures one by one, or by their folder where it holds many."""
    of_folder: dict[str, list[str]] = defaultdict(list)
    for name in names:
        of_folder[name.rpartition("/")[0]].append(name)
    findings = []
    for folder, alike in sorted(of_folder.items()):
        if len(alike) <= NAMED:
            findings += [Finding(printable(name), reason, "unlabelled") for name in alike]
        else:
            findings.append(Finding(printable(f"{folder}/*" if folder else "*"), reason, "unlabelled", len(alike)))
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
