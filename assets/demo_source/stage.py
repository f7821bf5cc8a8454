"""Put figures on a stage: perspective, shadows, reflections, what hides what, and the boxes that follow."""

import math
from dataclasses import dataclass
from random import Random

import numpy as np
from PIL import Image, ImageChops, ImageDraw, ImageFilter

from .cast import Figure
from .paint import Colour, Light, toned

SUPERSAMPLING = 2
FAINT = 0.12  # an object of which less is visible is not labelled: nobody could see it
HARD = 0.5  # an object of which less is visible is difficult
SMALL = 18  # so is one smaller than this, final pixels


@dataclass
class Item:
    """One figure of a picture: where it stands, in supersampled pixels, and how."""

    figure: Figure
    sprite: Image.Image
    x: float
    foot: float
    height: float
    mirrored: bool
    angle: float
    depth: float  # drawing order: small is far away
    stretch: float = 1.0  # how much wider than drawn: bodies differ, and so does the angle they are seen from
    drawn: tuple[int, int, int, int] = (0, 0, 0, 0)  # the box after turning, set when painted

    @property
    def width(self) -> float:
        """Return the width on the stage, pixels."""
        return self.height * self.sprite.width / self.sprite.height * self.stretch

    @property
    def box(self) -> tuple[float, float, float, float]:
        """Return left, top, right and bottom before turning, pixels."""
        return (self.x - self.width / 2, self.foot - self.height, self.x + self.width / 2, self.foot)


@dataclass(frozen=True)
class Labelled:
    """One object of a picture: class, box in final pixels from 1, and VOC's flags."""

    name: str
    pose: str
    box: tuple[int, int, int, int]
    truncated: bool
    occluded: bool
    difficult: bool


class Stage:
    """A picture while it is painted. A person at the bottom edge is `near` pixels tall."""

    def __init__(self, rng: Random, size: tuple[int, int], horizon: float, light: Light):
        self.rng = rng
        self.generator = np.random.default_rng(rng.getrandbits(32))
        self.width, self.height = (side * SUPERSAMPLING for side in size)
        self.horizon = horizon * self.height
        self.light = light
        self.near = self.height * 0.8
        self.focal = 0.9 * self.width
        self.image = Image.new("RGB", (self.width, self.height))
        self.floor = 0.0  # where a room's floor begins, a share of the height
        self.side = rng.choice((-1, 1)) * rng.uniform(0.3, 1)
        self.items: list[Item] = []
        self._masks: list[tuple[Item, Image.Image, Image.Image]] = []
        self.tufts: Colour | None = None  # the colour of grass that stands before feet

    @property
    def slope(self) -> float:
        """Return by how much a person's height grows from one row to the next, pixels a row."""
        return self.near / (self.height - self.horizon)

    def scale_at(self, y):
        """Return the height of a person who stands at row y (a number or an array), pixels."""
        return np.maximum((y - self.horizon) * self.slope, 0.5)

    def row_of(self, scale: float) -> float:
        """Return the row at which a person is `scale` pixels tall."""
        return self.horizon + scale / self.slope

    def project(self, x: float, z: float) -> tuple[float, float]:
        """Return where a point of the ground lies in the picture; x and z in persons' heights."""
        scale = self.focal / z
        return self.width / 2 + x * scale, self.row_of(scale)

    def distance(self, y: float) -> float:
        """Return 0 for a row at the bottom edge, 1 for the horizon."""
        return min(1.0, max(0.0, 1 - (y - self.horizon) / (self.height - self.horizon)))

    def draw_items(self) -> None:
        """Paint the items, far ones first, each with its shadow or reflection."""
        for item in sorted(self.items, key=lambda i: i.depth):
            self._draw(item)

    def _draw(self, item: Item) -> None:
        high, wide = max(4, round(item.height)), max(4, round(item.width))
        sprite = item.sprite.resize((wide, high), Image.Resampling.LANCZOS)
        if item.mirrored:
            sprite = sprite.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
        sky = item.figure.where == "sky"
        distance = 0.35 if sky else self.distance(item.foot) ** 1.5
        sprite = toned(sprite, self.light, distance, self.side)
        if item.angle:
            sprite = sprite.rotate(item.angle, Image.Resampling.BICUBIC, expand=True)
            sprite = sprite.crop(sprite.getbbox())
        left, top = round(item.x - sprite.width / 2), round(item.foot - sprite.height)
        if item.figure.where == "water":
            sprite = self._afloat(sprite, left, top, item.figure.sunk)
        elif not sky:
            self._shadow(item, sprite)
        self._paste(sprite, left, top)
        self._remember(item, sprite, left, top)
        if self.tufts and item.figure.where == "ground":
            self._grow_tufts(item, sprite.width, self.tufts)

    def _paste(self, sprite: Image.Image, left: int, top: int) -> None:
        self.image.paste(sprite, (left, top), sprite)

    def _afloat(self, sprite: Image.Image, left: int, top: int, share: float) -> Image.Image:
        """Sink the hull a little and paint its reflection."""
        sunk = sprite.crop((0, 0, sprite.width, round(sprite.height * (1 - share))))
        mirror = sunk.transpose(Image.Transpose.FLIP_TOP_BOTTOM).filter(ImageFilter.GaussianBlur(3))
        mirror = mirror.resize((mirror.width, max(2, round(mirror.height * 0.55))))
        pixels = np.asarray(mirror).copy()
        rows = np.arange(pixels.shape[0])
        for row in rows:
            shift = round(3 * math.sin(row * 0.55) * (0.3 + row / len(rows)))
            pixels[row] = np.roll(pixels[row], shift, axis=0)
        pixels[..., 3] = pixels[..., 3] * (0.5 * (1 - rows / len(rows)))[:, None]
        reflected = Image.fromarray(pixels)
        self._paste(reflected, left, top + sunk.height - 1)
        foam = Image.new("RGBA", (sprite.width, 10))
        ImageDraw.Draw(foam).ellipse([0, 1, sprite.width - 1, 9], fill=(250, 252, 255, 90))
        self._paste(foam, left, top + sunk.height - 6)
        return sunk

    def _shadow(self, item: Item, sprite: Image.Image) -> None:
        wide, flat = (sprite.width * 1.05, max(5.0, min(sprite.height, sprite.width) * 0.16))
        soft = max(2.0, flat * 0.3)
        pad = round(soft * 3)
        shade = Image.new("L", (round(wide) + 2 * pad, round(flat) + 2 * pad))
        strength = self.light.shadow * (1 - 0.6 * self.distance(item.foot))
        ImageDraw.Draw(shade).ellipse([pad, pad, pad + wide, pad + flat], fill=round(255 * strength))
        ImageDraw.Draw(shade).ellipse(
            [pad + wide * 0.14, pad + flat * 0.3, pad + wide * 0.86, pad + flat * 0.9], fill=round(255 * strength * 1.4)
        )
        shade = shade.filter(ImageFilter.GaussianBlur(soft))
        x = item.x - wide / 2 - pad - self.side * wide * 0.08
        self.image.paste((14, 14, 22), (round(x), round(item.foot - flat * 0.66 - pad)), shade)

    def _grow_tufts(self, item: Item, wide: int, green: Colour) -> None:
        draw = ImageDraw.Draw(self.image)
        tall = max(3.0, 0.05 * self.scale_at(item.foot))
        for _ in range(max(6, wide // 5)):
            x = item.x + self.rng.uniform(-0.55, 0.55) * wide
            shade = self.rng.uniform(0.6, 1.15)
            colour = tuple(int(min(255, c * shade)) for c in green)
            foot = item.foot + self.rng.uniform(0, 0.5) * tall
            tip = (x + self.rng.uniform(-0.5, 0.5) * tall, foot - self.rng.uniform(0.5, 1.3) * tall)
            draw.line([(x, foot), tip], fill=colour, width=2)

    def _remember(self, item: Item, sprite: Image.Image, left: int, top: int) -> None:
        full = Image.new("L", (self.width, self.height))
        full.paste(sprite.getchannel("A"), (left, top))
        full = full.reduce(SUPERSAMPLING)
        self._masks = [(i, whole, ImageChops.subtract(seen, full)) for i, whole, seen in self._masks]
        if item.figure.name:
            self._masks.append((item, full, full))
            item.drawn = (left, top, left + sprite.width, top + sprite.height)

    def labels(self) -> list[Labelled]:
        """Return what can be seen, in drawing order."""
        found = []
        for item, full, seen in self._masks:
            for part in item.figure.labels:
                found.extend(self._label(item, part, full, seen))
        return found

    def _label(self, item: Item, part, full: Image.Image, seen: Image.Image) -> list[Labelled]:
        x0, y0, x1, y1 = part.box
        if item.mirrored:
            x0, x1 = 1 - x1, 1 - x0
        left, top, right, bottom = (edge / SUPERSAMPLING for edge in item.drawn)
        wide, high = right - left, bottom - top
        box = (left + x0 * wide, top + y0 * high, left + x1 * wide, top + y1 * high)
        width, height = full.size
        clipped = (max(0, round(box[0])), max(0, round(box[1])), min(width, round(box[2])), min(height, round(box[3])))
        if clipped[2] - clipped[0] < 4 or clipped[3] - clipped[1] < 4:
            return []
        inside = (clipped[2] - clipped[0]) * (clipped[3] - clipped[1]) / ((box[2] - box[0]) * (box[3] - box[1]))
        painted = np.asarray(full.crop(clipped), np.float32).sum()
        visible = float(np.asarray(seen.crop(clipped), np.float32).sum() / max(painted, 1.0))
        if visible * inside < FAINT:
            return []
        small = min(clipped[2] - clipped[0], clipped[3] - clipped[1]) < SMALL
        pose = "Frontal" if item.figure.frontal else ("Right" if item.mirrored else "Left")
        difficult = visible * inside < HARD or small
        corners = (clipped[0] + 1, clipped[1] + 1, clipped[2], clipped[3])
        return [Labelled(part.name, pose, corners, inside < 0.96, visible < 0.9, difficult)]

    def finished(self) -> Image.Image:
        """Return the picture in its final size, a little darker in the corners."""
        image = self.image.resize((self.width // SUPERSAMPLING, self.height // SUPERSAMPLING), Image.Resampling.LANCZOS)
        yy, xx = np.mgrid[-1 : 1 : image.height * 1j, -1 : 1 : image.width * 1j]
        corners = 1 - 0.13 * np.clip(xx**2 + yy**2 - 0.5, 0, 1.5)
        return Image.fromarray(np.clip(np.asarray(image) * corners[..., None], 0, 255).astype(np.uint8))
