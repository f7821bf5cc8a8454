"""Tell masks from photographs: they are called like the photographs beside them, but for a word of masks."""

import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence, Set
from pathlib import Path
from typing import NamedTuple

from gradviz.datasets.grouping import NAMED, grouped
from gradviz.datasets.image_set import Finding
from gradviz.datasets.pictures import printable
from gradviz.datasets.scan import Found
from gradviz.datasets.splits import paired, says_nothing, split_named

MASKS = "masks of the pictures beside them, and no photographs"
_NO_PNG = "called like masks of the pictures beside them, but no PNGs: taken for photographs"
_PLAIN = frozenset(("mask", "masks", "segmentationmask", "segmentationmasks"))
"""What people call folders of masks, and of few other things, without what parts the words: JPEGs are masks there."""
_NAMED = _PLAIN | frozenset(
    (
        "of masks",
        *("groundtruth", "groundtruths", "gt", "gtfine", "gtcoarse", "segmentation", "segmentations", "seg", "segs"),
        *("label", "labels", "annotation", "annotations", "annot", "annots", "trimap", "trimaps"),
        *("segmentationclass", "segmentationclassraw", "segmentationobject"),
    )
)
"""What people call folders of masks; some are names of classes, too."""
_SPLIT = "(?:training|train|trn|validation|valid|val|dev|testing|test|evaluation|eval)"
_OF_SPLIT = re.compile(f"{_SPLIT}(?P<after>.+)|(?P<before>.+?){_SPLIT}")
_MASK = re.compile(
    r"[ _.-](mask|gt|seg|segmentation|label|ground[ _-]?truth)([ _.-]?\d+)?$"
    r"|_gt(fine|coarse)_(label(train)?ids|instanceids|color)$"  # Cityscapes
)
_NUMBER = re.compile(r"[ _.-]?\d+$")
_OF_MASKS = re.compile(r"[a-z][ _.-]masks?$")
_OF_CAMERA = re.compile(r"_leftimg8bit$")
_NEARLY_ALL = 0.9
_FEWEST = 2
"""Photographs with a mask in their own folder before words in names are believed: one may be called so by chance."""

Folders = tuple[str, ...]


class Sorted(NamedTuple):
    """Hold the photographs, in their order, the files of their masks, and what is said about these."""

    photographs: list[Found]
    masks: list[Path]
    findings: list[Finding]


def without_masks(found: Sequence[Found]) -> Sorted:
    """Part pictures into photographs and masks, which are counted by their folders.

    Masks have no class and are in no split; as photographs they would be mapped, and learnt from, beside the others.

    Parameters
    ----------
    found
        Pictures of one folder.
    """
    folders = [one.folders for one in found]
    places = folders_of_masks([one.name for one in found], folders)
    inside = [next((p[:d] for d in range(1, len(p) + 1) if p[:d] in places), None) if places else None for p in folders]
    rest = [one for one, place in zip(found, inside, strict=True) if place is None]
    beside, doubtful = _in_one_folder(rest)
    masks = [one for one, place in zip(found, inside, strict=True) if place is not None or one.name in beside]
    if len(masks) == len(found):
        return Sorted([*found], [], [])
    counts = Counter("/".join(place) + "/" for place in inside if place is not None)
    counts.update(beside[one.name] for one in rest if one.name in beside)
    left = [one for one in rest if one.name not in beside]
    findings = _said(counts) + grouped(doubtful, _NO_PNG, "guessed")
    return Sorted(left, [one.path for one in masks], findings)


def _said(counts: Counter[str]) -> list[Finding]:
    """Name each place with masks and their number; many that are called alike are one."""
    alike: dict[str, list[str]] = defaultdict(list)
    for place in counts:
        alike[place.rstrip("/").rpartition("/")[2] + "/" * place.endswith("/")].append(place)
    findings = []
    for last, places in sorted(alike.items()):
        if len(places) > NAMED:
            findings.append(Finding(printable(f"*/{last}"), MASKS, count=sum(counts[place] for place in places)))
        else:
            findings += [Finding(printable(place), MASKS, count=counts[place]) for place in sorted(places)]
    return findings


def folders_of_masks(names: Sequence[str], folders: Sequence[Folders]) -> set[Folders]:
    """List the folders of masks: called so, and with PNGs called like photographs of the folder beside or round them.

    `ground_truth/broken/000_mask.png` is the mask of `test/broken/000.png`, and `train_masks/1_mask.png` that of
    `train/1.jpg`. The folder beside has to be one of a split, or one whose name says nothing: classes number their
    pictures alike, too.

    Parameters
    ----------
    names
        The path of each picture, with `/` between its parts.
    folders
        The folders of each picture.
    """
    every = {place[: depth + 1] for place in set(folders) for depth in range(len(place))}
    called = {place: name for place in every if (name := _called(place[-1])) in _NAMED}
    if not called:
        return set()
    inside: dict[Folders, list[int]] = defaultdict(list)
    for i, place in enumerate(folders):
        for depth in range(len(place)):
            if place[: depth + 1] in called:
                inside[place[: depth + 1]].append(i)
    known = {(place, stem) for name, place in zip(names, folders, strict=True) for stem in _of_photograph(_stem(name))}
    meant = paired(place for place in set(folders) if not any(place[:d] in called for d in range(1, len(place) + 1)))
    beside: dict[Folders, list[Folders]] = defaultdict(list)
    classes: dict[Folders, list[Folders]] = defaultdict(list)
    for place in sorted(every - called.keys()):
        plain = says_nothing(place[-1]) or split_named(place[-1]) or place in meant
        (beside if plain else classes)[place[:-1]].append(place)
    for above, pairs in _classes_with_masks(called, classes).items():
        beside[above] += pairs
    plain = [place for place, name in called.items() if name in _PLAIN and beside[place[:-1]]]
    found = set()
    for place, positions in inside.items():
        above = place[:-1]
        pngs = [i for i in positions if _is_png(names[i])]
        ends = {i: (folders[i][len(place) :], _stem(names[i])) for i in positions}
        of = {i: _counterparts(known, [above, *beside[above]], *ends[i]) for i in positions}
        masks = [i for i in (positions if called[place] in _PLAIN else pngs) if of[i]]
        if called[place] in _PLAIN:
            # One folder for all classes, whose pictures do not number alike.
            of_class = [_counterparts(known, classes[above], *ends[i]) for i in pngs]
            alone = [of_one[0] for of_one in of_class if len(of_one) == 1]
            masks = max(masks, alone if len(set(alone)) > 1 else [], key=len)
            # images/ and masks/ in folder after folder, with names of their own.
            masks = max(masks, pngs if place in plain and len(plain) > 1 else [], key=len)
        if len(masks) >= _NEARLY_ALL * len(positions):
            found.add(place)
    return found


def _classes_with_masks(
    called: Mapping[Folders, str], classes: Mapping[Folders, list[Folders]]
) -> dict[Folders, list[Folders]]:
    """Map folders to those in them that all have another for their masks beside them: cat, cat_mask, dog, dog_masks.

    Of two alone, face and face_mask, both may be classes.
    """
    of_masks: dict[Folders, set[str]] = defaultdict(set)
    for place in called:
        if word := _OF_MASKS.search(place[-1].lower()):
            of_masks[place[:-1]].add(place[-1][: word.start() + 1].lower())
    return {
        above: [*classes[above]]
        for above, named in of_masks.items()
        if len(named) > 1 and above in classes and {place[-1].lower() for place in classes[above]} == named
    }


def _counterparts(
    known: Set[tuple[Folders, str]], around: Sequence[Folders], below: Folders, stem: str
) -> list[Folders]:
    """List the folders that have the photograph of a mask, `stem` in the folders `below` that of masks.

    annotations/trimaps/1.png may be the mask of images/1.jpg, as may ground_truth/1/mask_a.png.
    """
    stems = {stem, _MASK.sub("", stem)}
    ends = [(below[depth:], one) for depth in range(len(below) + 1) for one in stems]
    ends += [(below[depth:-1], below[-1].lower()) for depth in range(len(below))]
    return [folder for folder in around if any((folder + end, one) in known for end, one in ends)]


def _in_one_folder(found: Sequence[Found]) -> tuple[dict[str, str], list[str]]:
    """Map masks that lie among the photographs to what their place is called: `1_mask.png` beside `1.png`.

    Nearly all photographs of the folder have to have one. Others that are called so are listed: who wears a mask may be
    called so, too.
    """
    of_folder: dict[str, dict[str, list[Found]]] = defaultdict(lambda: defaultdict(list))
    for one in found:
        of_folder[one.name.rpartition("/")[0]][_stem(one.name)].append(one)
    masks: dict[str, str] = {}
    doubtful: list[str] = []
    photographs = 0
    for folder, of_stem in of_folder.items():
        words = {stem: word for stem in of_stem if (word := _MASK.search(stem)) and stem[: word.start()] in of_stem}
        masked = {stem[: word.start()] for stem, word in words.items()} - words.keys()
        if masked and len(masked) >= _NEARLY_ALL * (len(of_stem) - len(words)):
            photographs += len(masked)
            for stem, word in words.items():
                place = f"{folder and folder + '/'}*{_NUMBER.sub('', word[0])}*.png"
                masks |= {one.name: place for one in of_stem[stem] if _is_png(one.name)}
                doubtful += [one.name for one in of_stem[stem] if not _is_png(one.name)]
    return (masks, doubtful) if photographs >= _FEWEST else ({}, [])


def _called(name: str) -> str:
    """Return the name of a folder without what parts its words, and without a split: train_masks, valannot.

    Any other word before masks means no more than that: colour_masks, image mask.
    """
    if split_named(name):
        return ""
    together = re.sub(r"[ _.-]", "", name.lower())
    of_split = None if together in _NAMED else _OF_SPLIT.fullmatch(together)
    core = (of_split["after"] or of_split["before"]) if of_split else together
    return "of masks" if core not in _NAMED and _OF_MASKS.search(name.lower()) else core


def _is_png(name: str) -> bool:
    return name.lower().endswith(".png")


def _of_photograph(stem: str) -> set[str]:
    return {stem, _OF_CAMERA.sub("", stem)}


def _stem(name: str) -> str:
    """Return a picture's name without folders and suffix, in lower case."""
    last = name.rpartition("/")[2].lower()
    return last.rpartition(".")[0] or last
