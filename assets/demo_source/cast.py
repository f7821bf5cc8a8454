"""The cast: every class's figures with their height in the scenes, in persons' heights."""

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

from PIL import Image

from . import drawings
from .paint import glyph, grey, recolour

SKINS = ("🏻", "🏼", "🏽", "🏾", "🏿")
COATS = ((120, 118, 122), (238, 234, 228), (70, 66, 68), (170, 120, 80), (214, 190, 150))
BUSES = ((214, 64, 56), (70, 130, 210), (90, 160, 96), (240, 190, 70), (236, 238, 240))

Draw = Callable[[Random], Image.Image]


@dataclass(frozen=True)
class Part:
    """One labelled object of a figure, and its box as shares of the figure's width and height."""

    name: str
    box: tuple[float, float, float, float] = (0.0, 0.0, 1.0, 1.0)


@dataclass(frozen=True)
class Figure:
    """Describe a figure: how it is drawn, how tall it stands, where it belongs.

    `where` is "ground", "sky", "water", "rail", "table" or "wall"; `top` is the share of its height at which
    smaller things may stand on it (a table's board, a sofa's seat), None where nothing can; `turn` is how far it may
    lean, degrees; `sunk` the share of its height that is under water when it floats.
    """

    name: str
    draw: Draw
    height: float
    where: str = "ground"
    weight: float = 1.0
    frontal: bool = False
    top: float | None = None
    turn: float = 4.0
    sunk: float = 0.05
    parts: tuple[Part, ...] = field(default=())

    @property
    def labels(self) -> tuple[Part, ...]:
        """Return the labelled objects, one unless the figure is a rider and what is ridden."""
        return self.parts or (Part(self.name),)


def _plain(text: str) -> Draw:
    return lambda rng: glyph(text)


def _painted(text: str, least: int = 150, chance: float = 0.75) -> Draw:
    """Draw a glyph in a new colour most of the time."""

    def draw(rng: Random) -> Image.Image:
        sprite = glyph(text)
        return recolour(sprite, rng.randrange(256), least, rng.uniform(0.6, 1)) if rng.random() < chance else sprite

    return draw


def _furred(text: str, chance: float = 0.6, strength: float = 0.8) -> Draw:
    """Draw an animal with another coat most of the time."""

    def draw(rng: Random) -> Image.Image:
        sprite = glyph(text)
        return grey(sprite, rng.choice(COATS), strength) if rng.random() < chance else sprite

    return draw


def _liveried(text: str) -> Draw:
    def draw(rng: Random) -> Image.Image:
        return grey(glyph(text), rng.choice(BUSES), 0.55) if rng.random() < 0.75 else glyph(text)

    return draw


def _body(stem: str, ending: str = "", least: int = 190) -> Draw:
    """Draw a whole person: a skin tone and, mostly, clothes of another colour."""

    def draw(rng: Random) -> Image.Image:
        sprite = glyph(stem + rng.choice(SKINS) + ending)
        return recolour(sprite, rng.randrange(256), least, rng.uniform(0.5, 1)) if rng.random() < 0.7 else sprite

    return draw


NEVER = 256  # more saturation than any pixel has: the rowers' glyphs include blue water, which stays blue
HE, SHE = "\u200d♂️", "\u200d♀️"
RIDER, CYCLE = (Part("person", (0.05, 0.0, 0.85, 0.82)), Part("bicycle", (0.0, 0.36, 1.0, 1.0)))
JOCKEY, MOUNT = (Part("person", (0.25, 0.0, 0.72, 0.75)), Part("horse", (0.0, 0.12, 1.0, 1.0)))
ROWER, ROWED = (Part("person", (0.1, 0.0, 0.75, 0.62)), Part("boat", (0.0, 0.5, 1.0, 0.86)))
PAIR = (Part("person", (0.0, 0.0, 0.52, 1.0)), Part("person", (0.48, 0.0, 1.0, 1.0)))


def _people() -> tuple[Figure, ...]:
    standing = [Figure("person", _body("🧍", ending), 1.0, weight=2.5) for ending in ("", HE, SHE)]
    walking = [Figure("person", _body("🚶", ending), 1.0, weight=2.5) for ending in ("", HE, SHE)]
    running = [Figure("person", _body("🏃", ending), 1.0, weight=1.5) for ending in ("", HE, SHE)]
    others = [
        Figure("person", _body("💃"), 1.0, weight=0.7),
        Figure("person", _body("🕺"), 1.0, weight=0.7),
        Figure("person", _body("🧎", SHE), 0.75, weight=0.7),
        Figure("person", _body("⛹", HE), 1.05, weight=0.6),
        Figure("person", _body("🤾", SHE), 1.0, weight=0.5),
        Figure("person", _body("🧘", SHE), 0.62, weight=0.6),
        Figure("person", _body("👩", "\u200d🦽"), 0.85, weight=0.5),
        Figure("person", _body("👨", "\u200d🦯"), 1.0, weight=0.5),
        Figure("person", _body("👭"), 1.0, weight=0.9, parts=PAIR),
        Figure("person", _body("👫"), 1.0, weight=0.9, parts=PAIR),
        Figure("person", _body("👬"), 1.0, weight=0.6, parts=PAIR),
    ]
    return (*standing, *walking, *running, *others)


CAST: dict[str, tuple[Figure, ...]] = {
    "aeroplane": (
        Figure("aeroplane", _plain("✈️"), 1.0, "sky", 1.0, turn=40),
        Figure("aeroplane", _painted("🛩️", chance=0.6), 1.0, "sky", 1.5, turn=30),
        Figure("aeroplane", drawings.airliner, 0.7, "sky", 2.5, turn=14),
        Figure("aeroplane", drawings.airliner, 1.5, "ground", 2.0, turn=1),
        Figure("aeroplane", _painted("🛩️", chance=0.6), 1.3, "ground", 0.8, turn=10),
    ),
    "bicycle": (
        Figure("bicycle", _painted("🚲", 60, 0.8), 0.66, weight=2.0),
        Figure("bicycle", _body("🚴", SHE), 1.08, parts=(CYCLE, RIDER), weight=0.8),
        Figure("bicycle", _body("🚴", HE), 1.08, parts=(CYCLE, RIDER), weight=0.8),
    ),
    "bird": (
        Figure("bird", _painted("🐦", chance=0.5), 0.36),
        Figure("bird", _plain("🐦\u200d⬛"), 0.36),
        Figure("bird", _plain("🦃"), 0.5, weight=0.6),
        Figure("bird", _plain("🐓"), 0.46),
        Figure("bird", _plain("🦚"), 0.6, weight=0.6),
        Figure("bird", _plain("🪿"), 0.5),
        Figure("bird", _plain("🦩"), 0.8, weight=0.6),
        Figure("bird", _plain("🕊️"), 0.5, "sky", 1.5, turn=16),
        Figure("bird", _plain("🦅"), 0.6, "sky", 1.5, turn=16),
        Figure("bird", _painted("🦜", chance=0.3), 0.4, weight=0.6),
        Figure("bird", _plain("🦆"), 0.34, "water", 1.2, sunk=0.2),
        Figure("bird", _plain("🦢"), 0.46, "water", 1.6, sunk=0.1),
    ),
    "boat": (
        Figure("boat", _painted("⛵", chance=0.7), 2.3, "water", 3.0),
        Figure("boat", _painted("🚤", chance=0.6), 0.7, "water", 1.5),
        Figure("boat", _plain("🛥️"), 0.9, "water", 1.5),
        Figure("boat", _plain("⛴️"), 2.0, "water", 1.2),
        Figure("boat", _painted("🛳️", chance=0.5), 2.2, "water", 1.2),
        Figure("boat", _plain("🚢"), 2.2, "water", 1.2),
        Figure("boat", _plain("🛶"), 0.4, "water", 0.6),
        Figure("boat", _body("🚣", SHE, NEVER), 0.95, "water", 0.8, sunk=0.14, parts=(ROWED, ROWER)),
        Figure("boat", _body("🚣", HE, NEVER), 0.95, "water", 0.8, sunk=0.14, parts=(ROWED, ROWER)),
    ),
    "bottle": (
        Figure("bottle", drawings.bottle, 0.3, "table", 6.0, turn=1),
        Figure("bottle", _painted("🧴", 60), 0.22, "table", 0.8, turn=2),
        Figure("bottle", _plain("🍶"), 0.22, "table", 0.4, turn=2),
    ),
    "bus": (
        Figure("bus", _liveried("🚌"), 1.7, weight=2.0, turn=1),
        Figure("bus", _liveried("🚍"), 1.7, weight=1.5, frontal=True, turn=1),
        Figure("bus", _liveried("🚎"), 1.8, weight=1.5, turn=1),
        Figure("bus", _liveried("🚐"), 1.3, weight=0.8, turn=1),
    ),
    "car": (
        Figure("car", _painted("🚗"), 0.85, weight=2.0, turn=1),
        Figure("car", _painted("🚙"), 0.9, weight=2.0, turn=1),
        Figure("car", _painted("🚘"), 0.85, weight=1.5, frontal=True, turn=1),
        Figure("car", _painted("🚕", chance=0.3), 0.9, turn=1),
        Figure("car", _painted("🚖", chance=0.3), 0.9, weight=0.8, frontal=True, turn=1),
        Figure("car", _plain("🚓"), 0.9, weight=0.7, turn=1),
        Figure("car", _painted("🛻"), 0.95, turn=1),
        Figure("car", _painted("🏎️"), 0.6, weight=0.6, turn=1),
    ),
    "cat": (
        Figure("cat", _furred("🐈", 0.6), 0.42, weight=2.0),
        Figure("cat", _plain("🐈\u200d⬛"), 0.42),
        Figure("cat", lambda rng: drawings.sitting(rng, "🐱"), 0.48, weight=2.0),
    ),
    "chair": (
        Figure("chair", _painted("🪑", 60, 0.5), 0.62, turn=2),
        Figure("chair", drawings.chair, 0.64, weight=2.5, turn=2),
        Figure("chair", drawings.armchair, 0.7, weight=1.5, top=0.6, turn=0),
    ),
    "cow": (
        Figure("cow", _furred("🐄", 0.3, 0.5), 0.86, weight=3.0),
        Figure("cow", _furred("🐂", 0.4), 0.9, weight=1.5),
        Figure("cow", _plain("🐃"), 0.9, weight=0.7),
    ),
    "diningtable": (Figure("diningtable", drawings.table, 0.5, top=0.2, turn=0),),
    "dog": (
        Figure("dog", _furred("🐕", 0.5), 0.48, weight=1.5),
        Figure("dog", _plain("🐕\u200d🦺"), 0.55),
        Figure("dog", _furred("🐩", 0.4), 0.5, weight=0.8),
        Figure("dog", _furred("🦮", 0.4), 0.52),
        Figure("dog", lambda rng: drawings.sitting(rng, "🐶"), 0.55, weight=1.7),
    ),
    "horse": (
        Figure("horse", _furred("🐎", 0.6, 0.7), 1.0, weight=3.0),
        Figure("horse", _body("🏇"), 1.25, weight=1.2, parts=(MOUNT, JOCKEY)),
    ),
    "motorbike": (
        Figure("motorbike", _painted("🏍️"), 0.66, weight=1.5, turn=2),
        Figure("motorbike", _painted("🛵"), 0.68, turn=2),
    ),
    "person": _people(),
    "pottedplant": (
        Figure("pottedplant", _plain("🪴"), 0.55, turn=2),
        Figure("pottedplant", drawings.potted, 0.62, weight=3.0, turn=1),
    ),
    "sheep": (
        Figure("sheep", _plain("🐑"), 0.56, weight=2.0),
        Figure("sheep", _plain("🐏"), 0.6),
        Figure("sheep", _furred("🐑", 1.0, 0.6), 0.56, weight=0.6),
    ),
    "sofa": (
        Figure("sofa", drawings.sofa, 0.62, weight=3.5, top=0.6, turn=0),
        Figure("sofa", _painted("🛋️"), 0.95, weight=1.0, turn=0),
    ),
    "train": (
        Figure("train", lambda rng: drawings.locomotive_and_wagons(rng, "🚂", "🚃"), 1.6, "rail", 1.5, turn=0),
        Figure("train", _painted("🚃", 60, 0.5), 1.5, "rail", 0.8, turn=0),
        Figure("train", lambda rng: drawings.express(rng, "🚄"), 1.5, "rail", 1.5, turn=0),
        Figure("train", lambda rng: drawings.express(rng, "🚅"), 1.5, "rail", 1.0, turn=0),
        Figure("train", _painted("🚋", 60, 0.5), 1.7, "rail", 0.8, turn=0),
        Figure("train", _painted("🚆", 60, 0.4), 1.7, "rail", 1.5, frontal=True, turn=0),
        Figure("train", _painted("🚊", 60, 0.4), 1.8, "rail", 1.0, frontal=True, turn=0),
    ),
    "tvmonitor": (
        Figure("tvmonitor", drawings.screen, 0.46, "table", 3.5, turn=0),
        Figure("tvmonitor", _painted("📺", 60, 0.4), 0.44, "table", 1.0, turn=0),
        Figure("tvmonitor", _plain("🖥️"), 0.42, "table", 0.8, turn=0),
        Figure("tvmonitor", _plain("💻"), 0.34, "table", 0.6, turn=0),
    ),
}
CLASSES = tuple(CAST)


def choose(rng: Random, name: str, where: tuple[str, ...]) -> Figure | None:
    """Return one of the class's figures that belongs to one of the places, None when it has none there."""
    fitting = [figure for figure in CAST[name] if figure.where in where]
    if not fitting:
        return None
    return rng.choices(fitting, [figure.weight for figure in fitting])[0]
