"""The scenes, who meets whom in them, and which subject each picture of the set has."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from random import Random

from . import indoors, outdoors
from .cast import CLASSES
from .stage import Stage

SEED = 20150908
SIZES = ((320, 240), (320, 240), (320, 240), (340, 256), (300, 240), (256, 256), (240, 300), (256, 320))
OUTSIDE = {"day": 4, "bright": 4, "golden": 3, "overcast": 3, "dusk": 2, "night": 1.6, "fog": 1.4}
INSIDE = {"day": 5, "bright": 3, "golden": 3, "overcast": 2, "dusk": 2, "night": 2}


@dataclass(frozen=True)
class Scene:
    """Describe a scene: how it is painted, where its eye level may be, who comes along, and how often."""

    paint: Callable[[Stage], None]
    horizon: tuple[float, float]
    company: Mapping[str, float]
    where: tuple[str, ...] = ("ground", "sky")
    inside: bool = False
    nearest: float = 0.3  # how near to the horizon (0) or the bottom edge (1) the farthest figure may stand


def _room(stage: Stage) -> None:
    indoors.room(stage, stage.floor)


SCENES: dict[str, Scene] = {
    "open sky": Scene(outdoors.open_sky, (0.82, 0.96), {"aeroplane": 2, "bird": 3}, ("sky",)),
    "airfield": Scene(outdoors.airfield, (0.4, 0.55), {"aeroplane": 3, "person": 2, "car": 1, "bus": 1}),
    "sea": Scene(
        outdoors.sea, (0.35, 0.55), {"boat": 5, "bird": 1.5, "aeroplane": 0.3}, ("water", "sky"), nearest=0.15
    ),
    "lake": Scene(outdoors.lake, (0.35, 0.5), {"boat": 2.5, "bird": 4}, ("water", "sky"), nearest=0.2),
    "beach": Scene(
        outdoors.beach,
        (0.35, 0.48),
        {"person": 4, "dog": 1.5, "bird": 1.5, "boat": 2, "chair": 0.7, "bicycle": 0.3},
        ("ground", "sky", "water"),
        nearest=0.4,
    ),
    "street": Scene(
        outdoors.street,
        (0.4, 0.52),
        {"person": 5, "car": 4, "bus": 1.5, "bicycle": 1.5, "motorbike": 1.5, "dog": 0.6, "pottedplant": 0.3},
    ),
    "road": Scene(
        outdoors.country_road,
        (0.4, 0.54),
        {"car": 3, "person": 2, "motorbike": 1.5, "bicycle": 1.2, "bus": 0.7, "horse": 0.4, "cow": 0.3},
    ),
    "meadow": Scene(
        outdoors.meadow, (0.34, 0.52), {"cow": 2.5, "sheep": 2.5, "horse": 2, "person": 1.6, "dog": 1, "bird": 1}
    ),
    "yard": Scene(
        outdoors.yard, (0.36, 0.48), {"bird": 2, "dog": 1.2, "cat": 1, "person": 2, "cow": 1, "horse": 1, "sheep": 0.8}
    ),
    "park": Scene(outdoors.park, (0.36, 0.5), {"person": 5, "dog": 2, "bird": 1.5, "bicycle": 1.6, "cat": 0.5}),
    "rail": Scene(
        outdoors.rail,
        (0.38, 0.5),
        {"person": 4, "car": 0.6, "bird": 0.4, "dog": 0.4},
        ("ground", "rail", "sky"),
        nearest=0.75,
    ),
    "room": Scene(
        _room,
        (0.3, 0.4),
        {
            "person": 2.5,
            "cat": 1.4,
            "dog": 1.2,
            "pottedplant": 2,
            "chair": 1.6,
            "sofa": 2,
            "tvmonitor": 1.2,
            "diningtable": 0.3,
        },
        ("ground",),
        True,
    ),
    "dining": Scene(
        _room,
        (0.28, 0.38),
        {"chair": 5, "bottle": 2.5, "person": 3, "pottedplant": 1, "diningtable": 1, "cat": 0.3},
        ("ground",),
        True,
    ),
    "counter": Scene(
        indoors.counter,
        (0.2, 0.34),
        {"bottle": 4, "pottedplant": 1, "tvmonitor": 0.6, "cat": 0.5},
        ("table",),
        True,
        0.45,
    ),
    "desk": Scene(
        _room,
        (0.3, 0.4),
        {"chair": 2.5, "tvmonitor": 1, "person": 1.5, "pottedplant": 1.4, "cat": 0.4, "bottle": 0.5},
        ("ground",),
        True,
    ),
    "garden": Scene(
        outdoors.garden,
        (0.36, 0.48),
        {
            "pottedplant": 3,
            "chair": 2.5,
            "person": 2,
            "cat": 1.2,
            "dog": 1,
            "bottle": 0.6,
            "bird": 0.8,
            "diningtable": 0.8,
        },
        ("ground",),
    ),
}

HOMES: dict[str, dict[str, float]] = {
    "aeroplane": {"open sky": 6, "airfield": 4},
    "bicycle": {"street": 3.5, "park": 3.5, "road": 3},
    "bird": {"open sky": 2, "lake": 3, "yard": 1.5, "park": 1.5, "meadow": 1, "beach": 1},
    "boat": {"sea": 7, "lake": 3},
    "bottle": {"counter": 7, "dining": 3},
    "bus": {"street": 8, "road": 2},
    "car": {"street": 6, "road": 4},
    "cat": {"room": 4, "garden": 3, "yard": 2, "counter": 1},
    "chair": {"room": 2.5, "dining": 3, "garden": 2, "desk": 2.5},
    "cow": {"meadow": 8, "yard": 2},
    "diningtable": {"dining": 8, "garden": 2},
    "dog": {"park": 4, "room": 3, "beach": 1.5, "yard": 1.5},
    "horse": {"meadow": 6, "yard": 2, "road": 1, "beach": 1},
    "motorbike": {"street": 5, "road": 5},
    "person": {
        "park": 2.5,
        "street": 2.5,
        "beach": 2,
        "meadow": 1,
        "room": 1.5,
        "dining": 0.7,
        "garden": 1,
        "rail": 0.6,
    },
    "pottedplant": {"room": 3, "garden": 4, "counter": 2, "desk": 1},
    "sheep": {"meadow": 9, "yard": 1},
    "sofa": {"room": 1},
    "train": {"rail": 1},
    "tvmonitor": {"room": 4, "desk": 4, "counter": 2},
}
ODD = 0.04  # the share of pictures whose subject is where nobody expects it


# Pictures of every class; those that seldom keep others company have more.
EACH = 33
MORE = {
    "person": 18,
    "train": 9,
    "aeroplane": 7,
    "boat": 6,
    "sofa": 7,
    "bus": 3,
    "cow": 2,
    "sheep": 2,
    "horse": 3,
    "diningtable": 3,
}


def plan() -> list[str]:
    """Return the subject of every picture, the classes in a mixed order."""
    subjects = [name for name in CLASSES for _ in range(EACH + MORE.get(name, 0))]
    Random(SEED).shuffle(subjects)
    return subjects
