"""Tell folders of masks from those of classes: their pictures are called like photographs in the folder beside them."""

import re
from collections import defaultdict
from collections.abc import Sequence

from gradviz.datasets.splits import says_nothing, split_named

_NAMED = frozenset(
    (
        *("groundtruth", "groundtruths", "gt", "mask", "masks", "segmentation", "segmentations", "seg", "segs"),
        *("segmentationmasks", "label", "labels", "annotation", "annotations"),
    )
)
"""What people call folders of masks, without what parts the words; some are names of classes, too."""
_MASK = re.compile(r"[ _.-](mask|gt|seg|segmentation|label|ground[ _-]?truth)$")
_NEARLY_ALL = 0.9

Folders = tuple[str, ...]


def folders_of_masks(names: Sequence[str], folders: Sequence[Folders]) -> set[Folders]:
    """List the folders of masks: called so, and with PNGs called like photographs of the folder beside or round them.

    `ground_truth/broken/000_mask.png` is the mask of `test/broken/000.png`. The folder beside has to be one of a split,
    or one whose name says nothing: classes number their pictures alike, too.

    Parameters
    ----------
    names
        The path of each picture, with `/` between its parts.
    folders
        The folders of each picture.
    """
    every = {place[: depth + 1] for place in set(folders) for depth in range(len(place))}
    called = {place for place in every if re.sub(r"[ _.-]", "", place[-1].lower()) in _NAMED}
    if not called:
        return set()
    inside: dict[Folders, list[int]] = defaultdict(list)
    for i, place in enumerate(folders):
        for depth in range(len(place)):
            if place[: depth + 1] in called:
                inside[place[: depth + 1]].append(i)
    known = {(place, _stem(name)) for name, place in zip(names, folders, strict=True)}
    beside: dict[Folders, set[str]] = defaultdict(set)
    for place in every:
        if says_nothing(place[-1]) or split_named(place[-1]):
            beside[place[:-1]].add(place[-1])
    found = set()
    for place, positions in inside.items():
        above = place[:-1]
        around = [above, *((*above, name) for name in sorted(beside[above] - {place[-1]}))]
        masks = 0
        for i in positions:
            below, stem = folders[i][len(place) :], _stem(names[i])
            stems = {stem, _MASK.sub("", stem)}
            there = any((other + below, one) in known for other in around for one in stems)
            masks += there and names[i].lower().endswith(".png")
        if masks >= _NEARLY_ALL * len(positions):
            found.add(place)
    return found


def _stem(name: str) -> str:
    """Return a picture's name without folders and suffix, in lower case."""
    last = name.rpartition("/")[2].lower()
    return last.rpartition(".")[0] or last
