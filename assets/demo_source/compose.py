"""Compose a picture: its subject first, then the scene around it, then the company."""

from random import Random

from PIL import Image, ImageDraw

from . import landscape
from .cast import Figure, choose
from .paint import LIGHTS, whole
from .scenes import HOMES, INSIDE, ODD, OUTSIDE, SCENES, SEED, SIZES, plan
from .stage import Item, Labelled, Stage


def _cabinet(rng: Random) -> Image.Image:
    """Draw a low cupboard or a desk for screens to stand on; it has no label."""
    image = Image.new("RGBA", (1100, 460))
    draw = ImageDraw.Draw(image)
    wood = rng.choice(((150, 104, 66), (226, 224, 220), (96, 68, 50), (190, 150, 104)))
    draw.rectangle([30, 60, 1070, 430], fill=whole(tuple(c * 0.8 for c in wood), 255))
    for k in range(3):
        x = 50 + k * 338
        draw.rectangle([x, 90, x + 324, 400], fill=whole(tuple(c * 0.95 for c in wood), 255))
        draw.ellipse([x + 150, 236, x + 174, 260], fill=(60, 58, 56, 255))
    for x in (60, 1000):
        draw.rectangle([x, 430, x + 40, 459], fill=(50, 42, 38, 255))
    draw.polygon([(70, 0), (1030, 0), (1099, 62), (0, 62)], fill=whole(tuple(min(255, c * 1.1) for c in wood), 255))
    draw.rectangle([0, 62, 1099, 84], fill=whole(tuple(c * 0.9 for c in wood), 255))
    return image


LARGE = ("sofa", "diningtable", "tvmonitor")  # of which a room has two at most
CABINET = Figure("", _cabinet, 0.42, "ground", top=0.1, turn=0)


def _carries(figure: Figure, name: str) -> bool:
    """Return whether a thing of class `name` may stand on a figure: pets sit on seats, bottles stand on boards."""
    if figure.top is None:
        return False
    if name in ("cat", "dog"):
        return figure.name in ("sofa", "chair") or (figure.name == "diningtable" and name == "cat")
    return name == "bottle" and figure.name in ("diningtable", "")


class Composer:
    """Compose one picture: the subject first, then the scene around it, then the company."""

    def __init__(self, rng: Random, scene_name: str, subject: str):
        self.rng, self.scene = rng, SCENES[scene_name]
        lights = INSIDE if self.scene.inside else OUTSIDE
        light = LIGHTS[rng.choices(list(lights), list(lights.values()))[0]]
        size = rng.choice(SIZES)
        self.stage = Stage(rng, size, rng.uniform(*self.scene.horizon), light)
        self.stage.floor = rng.uniform(0.54, 0.66)
        self._subject(subject)
        self.scene.paint(self.stage)
        self._company(subject)

    def _figure(self, name: str) -> Figure:
        """Return a figure of a class, one that belongs in the scene where there is one."""
        where = self.scene.where
        if "table" in where:
            where = ("table", "ground")
        if "ground" in where and not self.stage.items:
            where = tuple(place for place in where if place != "water")  # the subject stands on the beach
        found = choose(self.rng, name, where) or choose(self.rng, name, ("ground", "table", "water", "rail", "sky"))
        if found is None:
            raise ValueError(f"The cast has no figure of the class {name}.")
        return found

    def _item(self, figure: Figure, x: float, foot: float, height: float, depth: float | None = None) -> Item:
        rng = self.rng
        return Item(
            figure,
            figure.draw(rng),
            x,
            foot,
            height,
            mirrored=rng.random() < 0.5,
            angle=rng.gauss(0, 0.5) * figure.turn if figure.where != "sky" else rng.uniform(-1, 1) * figure.turn,
            depth=depth if depth is not None else (-1.0 if figure.where == "sky" else foot),
            stretch=rng.uniform(0.82, 1.14),
        )

    def _subject(self, name: str) -> None:
        rng, stage = self.rng, self.stage
        figure = self._figure(name)
        if figure.where == "table" and "table" not in self.scene.where:
            self._supported(figure)
            return
        item = self._item(figure, (0.5 + rng.gauss(0, 0.09)) * stage.width, 0, 100)
        close = rng.random() < 0.1
        share = rng.uniform(0.95, 1.25) if close else rng.uniform(0.4, 0.9)
        item.height = share * min(stage.height, 1.08 * stage.width * item.sprite.height / item.sprite.width)
        if figure.where == "sky":
            room = max(stage.horizon, 0.45 * stage.height)
            item.height = min(item.height * 0.85, room * 0.95)
            item.foot = min(room, item.height / 2 + room * rng.uniform(0.35, 0.6))
            stage.near = stage.height * rng.uniform(0.25, 0.4)
        else:
            self._stand(item, close)
        stage.items.append(item)

    def _stand(self, item: Item, close: bool) -> None:
        """Choose the row where the subject stands; the scale of the whole picture follows from it."""
        rng, stage = self.rng, self.stage
        least = max(0.5, (stage.floor * stage.height - stage.horizon) / (stage.height - stage.horizon) + 0.15)
        share = rng.uniform(1.0, 1.1) if close else rng.uniform(min(least, 0.85), 0.97)
        if item.figure.where == "rail":
            share = 0.62
            stage.near = item.height / item.figure.height / 0.62
        ground = stage.height - stage.horizon
        item.foot = stage.horizon + share * ground
        if item.foot - item.height < -0.05 * stage.height and not close:
            item.height = item.foot + 0.02 * stage.height
        stage.near = item.height / item.figure.height / share
        item.depth = item.foot

    def _supported(self, figure: Figure) -> None:
        """Make the subject stand on a table or a cupboard."""
        rng, stage = self.rng, self.stage
        below = (choose(rng, "diningtable", ("ground",)) if figure.name == "bottle" else None) or CABINET
        holder = self._item(below, (0.5 + rng.gauss(0, 0.06)) * stage.width, 0, 100)
        # A screen is as tall as its cupboard, a bottle about half as tall as its table: both must fit.
        holder.height = rng.uniform(*((0.2, 0.32) if below is CABINET else (0.34, 0.5))) * stage.height
        self._stand(holder, close=False)
        stage.items.append(holder)
        for _ in range(1 if figure.name == "tvmonitor" else rng.randint(2, 4)):
            self._on(holder, figure if figure.name == "tvmonitor" else self._figure("bottle"), rng.uniform(1.1, 1.6))

    def _on(self, holder: Item, figure: Figure, larger: float = 1.0) -> None:
        left, top, right, bottom = holder.box
        span = 0.22 if figure.name == "tvmonitor" else 0.36
        x = (left + right) / 2 + self.rng.uniform(-span, span) * (right - left)
        if figure.name == "tvmonitor" and not any(i.figure.name == "tvmonitor" for i in self.stage.items):
            x = (left + right) / 2
        foot = top + ((holder.figure.top or 0) + self.rng.uniform(-0.02, 0.04)) * (bottom - top)
        height = holder.height / holder.figure.height * figure.height * larger
        self.stage.items.append(self._item(figure, x, foot, height, holder.depth + 0.01 + self.rng.random() * 0.01))

    def _company(self, subject: str) -> None:
        rng = self.rng
        company = dict(self.scene.company)
        count = rng.choices((0, 1, 2, 3, 4), (0.2, 0.3, 0.25, 0.15, 0.1))[0]
        if self.scene.inside and count < 2 and rng.random() < 0.5:
            count += 1
        for _ in range(count):
            for _ in range(8):
                name = rng.choices(list(company), list(company.values()))[0]
                if self._join(name):
                    break

    def _join(self, name: str) -> bool:
        rng, stage = self.rng, self.stage
        if name in LARGE and sum(item.figure.name == name for item in stage.items) >= 2:
            return False
        figure = self._figure(name)
        if figure.where not in (*self.scene.where, "table") and figure.where != "ground":
            return False
        holders = [item for item in stage.items if _carries(item.figure, name)]
        on_top = figure.where == "table" or (name in ("cat", "dog") and rng.random() < 0.5)
        if on_top and holders and "table" not in self.scene.where:
            self._on(rng.choice(holders), figure)
            return True
        if figure.where == "table" and "table" not in self.scene.where:
            return name == "tvmonitor" and self._with_cabinet(figure)
        if figure.where == "sky":
            height = rng.uniform(0.1, 0.24) * stage.height
            foot = rng.uniform(0.1, 0.85) * stage.horizon + height / 2
        else:
            foot = self._row(figure)
            height = float(stage.scale_at(foot)) * figure.height * rng.uniform(0.92, 1.08)
        return self._fits(self._item(figure, rng.uniform(0.1, 0.9) * stage.width, foot, height))

    def _row(self, figure: Figure) -> float:
        rng, stage = self.rng, self.stage
        if figure.where == "rail":
            return stage.row_of(stage.near * 0.62)
        if figure.where == "water" and "ground" in self.scene.where:
            return stage.horizon + rng.uniform(0.06, 0.2) * (stage.height - stage.horizon)
        least = self.scene.nearest
        if stage.floor and self.scene.inside and "table" not in self.scene.where:
            least = (stage.floor * stage.height - stage.horizon) / (stage.height - stage.horizon) + 0.05
        return stage.horizon + rng.uniform(least, 1.02) * (stage.height - stage.horizon)

    def _with_cabinet(self, figure: Figure) -> bool:
        stage = self.stage
        foot = (stage.floor + 0.03) * stage.height
        height = float(stage.scale_at(foot)) * CABINET.height
        if self._fits(self._item(CABINET, self.rng.uniform(0.1, 0.9) * stage.width, foot, height)):
            self._on(stage.items[-1], figure)
            return True
        return False

    def _fits(self, item: Item) -> bool:
        """Take an item in unless it is too large, too small, or hides or is hidden too much."""
        stage = self.stage
        if not 0.09 * stage.height < item.height < 0.95 * stage.height or item.width > 1.1 * stage.width:
            return False
        for other in stage.items:
            a, b = item.box, other.box
            wide, high = (min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1]))
            if wide > 0 and high > 0:
                smaller = min(item.width * item.height, other.width * other.height)
                hides = item.depth > other.depth and wide * high > 0.35 * other.width * other.height
                if wide * high > 0.6 * smaller or hides:
                    return False
        stage.items.append(item)
        return True


def compose(index: int) -> tuple[Image.Image, list[Labelled]]:
    """Return picture number `index` of the plan and what is in it."""
    subject = plan()[index]
    for attempt in range(20):
        rng = Random(f"{SEED}/{index}/{attempt}")
        homes = HOMES[subject]
        scene = rng.choices(list(homes), list(homes.values()))[0]
        if rng.random() < ODD and SCENES[scene].where[0] == "ground":
            scene = rng.choice([name for name, other in SCENES.items() if other.where[0] == "ground"])
        composer = Composer(rng, scene, subject)
        composer.stage.draw_items()
        if scene == "lake" and rng.random() < 0.6:
            landscape.reeds(composer.stage)
        labels = composer.stage.labels()
        if 1 <= len(labels) <= 5 and any(label.name == subject for label in labels):
            return composer.stage.finished(), labels
    raise RuntimeError(f"picture {index} ({subject}) found no arrangement")
