"""Paint what scenes under the sky are made of: sky, hills, buildings, trees, fences, water, roads."""

import numpy as np
from PIL import Image, ImageDraw

from . import textures
from .paint import Colour, glow, glyph, gradient, lit, mix, noise, picture, plane, toned, whole
from .stage import Stage

GREENS = ((92, 148, 62), (112, 160, 70), (74, 130, 66), (138, 158, 78), (100, 140, 52))


def sky(stage: Stage, clouds: float | None = None) -> None:
    """Paint the sky with sun or moon, stars and clouds down to a little below the horizon."""
    light, rng = stage.light, stage.rng
    height = min(stage.height, int(stage.horizon) + 8)
    colours = gradient(stage.width, height, light.top, light.bottom, 0.85)
    stage.image.paste(picture(colours), (0, 0))
    x, y = rng.uniform(0.08, 0.92) * stage.width, rng.uniform(0.1, 0.75) * stage.horizon
    radius = 0.035 * stage.height
    if light.dark:
        draw = ImageDraw.Draw(stage.image)
        for _ in range(70):
            sx, sy = rng.uniform(0, stage.width), rng.uniform(0, stage.horizon * 0.9)
            size = rng.choice((1, 1, 2))
            draw.ellipse([sx, sy, sx + size, sy + size], fill=(220, 226, 255))
        glow(stage.image, x, y, radius * 5, (120, 130, 170), 0.5)
        draw.ellipse([x - radius, y - radius, x + radius, y + radius], fill=(240, 238, 220))
    elif light.name in ("golden", "dusk"):
        y = stage.horizon * rng.uniform(0.7, 0.95)
        glow(stage.image, x, y, stage.width * 0.4, (150, 90, 40), 0.6)
        disc = ImageDraw.Draw(stage.image)
        disc.ellipse([x - radius, y - radius, x + radius, y + radius], fill=(255, 236, 190))
    elif light.name in ("day", "bright") and rng.random() < 0.4:
        glow(stage.image, x, y, stage.width * 0.25, (110, 105, 80), 0.8)
        glow(stage.image, x, y, radius * 2.2, (255, 250, 210), 1.4)
    _clouds(stage, height, rng.uniform(0.1, 0.75) if clouds is None else clouds)


def _clouds(stage: Stage, height: int, amount: float) -> None:
    puffs = noise(stage.generator, stage.width, height, stage.rng.uniform(2, 4), 5)
    streaks = noise(stage.generator, stage.width * 2, max(8, height // 2), 5, 4)
    streaks = np.asarray(Image.fromarray(streaks[:, : stage.width]).resize((stage.width, height)))
    shape = 0.6 * puffs + 0.4 * streaks
    cover = np.clip((shape - (0.78 - 0.45 * amount)) * 4, 0, 1)
    white = mix((255, 255, 255), stage.light.bottom, 0.25)
    colour = tuple(c * (0.35 if stage.light.dark else 1) for c in lit(white, stage.light))
    under = np.asarray(stage.image.crop((0, 0, stage.width, height)), np.float32)
    shaded = np.asarray(colour) * (1.04 - 0.22 * np.roll(shape, -8, axis=0)[..., None])
    alpha = (cover * 0.88)[..., None]
    stage.image.paste(picture(under * (1 - alpha) + shaded * alpha), (0, 0))


def ridge(stage: Stage, height: float, colour: Colour, distance: float, rough: float = 4) -> None:
    """Paint a line of hills or woods that reaches `height` (a share of the picture) above the horizon."""
    line = noise(stage.generator, stage.width, 8, rough, 5)[4]
    line = stage.horizon - (0.25 + 0.75 * line) * height * stage.height
    points = [(x, float(line[x])) for x in range(0, stage.width, 4)]
    draw = ImageDraw.Draw(stage.image)
    tone = whole(lit(colour, stage.light, distance))
    draw.polygon(
        [(0, stage.horizon + 4), *points, (stage.width, points[-1][1]), (stage.width, stage.horizon + 4)], fill=tone
    )


def hills(stage: Stage) -> None:
    """Paint two or three lines of hills, the far ones in the haze; sometimes mountains with snow behind."""
    if stage.rng.random() < 0.25:
        _mountains(stage)
    green = stage.rng.choice(GREENS)
    for distance, height in ((0.9, 0.16), (0.6, 0.1), (0.35, 0.05)):
        if stage.rng.random() < 0.8:
            ridge(stage, height * stage.rng.uniform(0.6, 1.4), tuple(c * 0.8 for c in green), distance)


def _mountains(stage: Stage) -> None:
    draw = ImageDraw.Draw(stage.image)
    rock, snow = (lit((104, 116, 138), stage.light, 0.8), lit((246, 248, 252), stage.light, 0.5))
    for _ in range(stage.rng.randint(2, 4)):
        x, high = (stage.rng.uniform(0, 1) * stage.width, stage.rng.uniform(0.16, 0.32) * stage.height)
        wide, top = high * stage.rng.uniform(1.2, 1.9), stage.horizon - high
        draw.polygon([(x - wide, stage.horizon + 4), (x, top), (x + wide, stage.horizon + 4)], fill=whole(rock))
        cap = [
            (x - wide * 0.3, top + high * 0.3),
            (x, top),
            (x + wide * 0.3, top + high * 0.3),
            (x + wide * 0.1, top + high * 0.22),
        ]
        draw.polygon(
            [*cap, (x - wide * 0.05, top + high * 0.34), (x - wide * 0.15, top + high * 0.22)], fill=whole(snow)
        )


def scenery(stage: Stage, texts: tuple[str, ...], count: int, near: float, far: float, size: float) -> None:
    """Put trees, houses and the like on the ground between two rows (shares of the way to the bottom edge)."""
    rng, found = stage.rng, []
    for _ in range(count):
        y = stage.horizon + rng.uniform(far, near) * (stage.height - stage.horizon)
        found.append((y, rng.choice(texts), rng.uniform(-0.05, 1.05) * stage.width, rng.uniform(0.75, 1.25)))
    for y, text, x, factor in sorted(found):
        sprite = glyph(text)
        high = max(0.06 * stage.height, float(stage.scale_at(y)) * size) * factor
        high = min(high, 0.62 * stage.height)
        sprite = sprite.resize((max(2, round(high * sprite.width / sprite.height)), max(2, round(high))))
        if rng.random() < 0.5:
            sprite = sprite.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
        sprite = toned(sprite, stage.light, stage.distance(y) ** 1.5, stage.side)
        wide, flat = sprite.width, max(3, sprite.width // 12)
        shade = Image.new("L", (wide, flat * 2))
        ImageDraw.Draw(shade).ellipse([0, 0, wide - 1, flat * 2 - 1], fill=round(150 * stage.light.shadow))
        stage.image.paste((14, 16, 20), (round(x - wide / 2), round(y) - flat), shade)
        stage.image.paste(sprite, (round(x - wide / 2), round(y - sprite.height + 2)), sprite)


def skyline(stage: Stage) -> None:
    """Paint two rows of buildings with windows, lit at night."""
    rng, draw = stage.rng, ImageDraw.Draw(stage.image)
    foot = stage.horizon + 6
    for distance, tallest in ((0.8, 0.42), (0.3, 0.34)):
        x = -rng.uniform(0, 40)
        while x < stage.width:
            wide, high = (rng.uniform(0.09, 0.2) * stage.height, rng.uniform(0.35, 1) * tallest * stage.height)
            base = rng.choice(
                ((196, 180, 160), (160, 98, 80), (150, 160, 170), (214, 204, 188), (118, 124, 138), (198, 150, 110))
            )
            wall = lit(base, stage.light, distance)
            draw.rectangle([x, foot - high, x + wide, foot], fill=whole(wall))
            draw.rectangle([x, foot - high, x + wide, foot - high + 6], fill=whole(tuple(c * 0.8 for c in wall)))
            draw.rectangle([x + wide * 0.86, foot - high, x + wide, foot], fill=whole(tuple(c * 0.86 for c in wall)))
            _windows(stage, draw, x, foot - high + 12, wide, high - 18, wall)
            x += wide + (0 if rng.random() < 0.75 else rng.uniform(4, 40))


def _windows(
    stage: Stage, draw: ImageDraw.ImageDraw, x: float, y: float, wide: float, high: float, wall: Colour
) -> None:
    columns, rows = max(2, int(wide / 22)), max(2, int(high / 30))
    cell, storey = wide * 0.86 / columns, high / rows
    for row in range(rows):
        for column in range(columns):
            left, top = x + (column + 0.22) * cell, y + (row + 0.15) * storey
            glass = mix(tuple(c * 0.5 for c in wall), stage.light.bottom, 0.3)
            if stage.light.dark or stage.light.name == "dusk":
                glass = (252, 214, 130) if stage.rng.random() < 0.45 else tuple(c * 0.5 for c in wall)
            draw.rectangle([left, top, left + cell * 0.56, top + storey * 0.6], fill=whole(glass))


def flowers(stage: Stage) -> None:
    """Scatter flowers over the grass."""
    rng, draw = stage.rng, ImageDraw.Draw(stage.image)
    colour = rng.choice(((250, 250, 244), (250, 220, 70), (214, 70, 80), (170, 110, 210)))
    for _ in range(rng.choice((0, 0, 60, 140))):
        y = stage.horizon + rng.uniform(0.08, 1) * (stage.height - stage.horizon)
        size = float(stage.scale_at(y)) * 0.018 + 0.8
        x = rng.uniform(0, stage.width)
        draw.ellipse([x - size, y - size * 0.8, x + size, y + size * 0.8], fill=whole(lit(colour, stage.light)))


def fence(stage: Stage, share: float) -> None:
    """Paint a fence across the picture."""
    y = stage.horizon + share * (stage.height - stage.horizon)
    scale = float(stage.scale_at(y))
    colour = whole(lit(stage.rng.choice(((236, 232, 224), (134, 100, 70))), stage.light, stage.distance(y)))
    draw, high = ImageDraw.Draw(stage.image), max(10.0, 0.6 * scale)
    for rail in (0.3, 0.75):
        draw.rectangle([0, y - high * rail - high * 0.09, stage.width, y - high * rail], fill=colour)
    x = -stage.rng.uniform(0, high)
    while x < stage.width:
        draw.rectangle([x, y - high, x + high * 0.12, y], fill=colour)
        x += high * 0.9


def barn(stage: Stage) -> None:
    """Paint a barn with a gambrel roof and a crossed door."""
    rng, draw = stage.rng, ImageDraw.Draw(stage.image)
    x, foot = (rng.uniform(0.05, 0.6) * stage.width, stage.horizon + 0.16 * (stage.height - stage.horizon))
    high, wide = (rng.uniform(0.24, 0.34) * stage.height, rng.uniform(0.36, 0.5) * stage.height)
    wall = lit(rng.choice(((168, 52, 44), (146, 104, 70), (200, 190, 176))), stage.light, 0.2)
    roof = lit((92, 84, 84), stage.light, 0.2)
    white = whole(lit((240, 238, 232), stage.light, 0.2))
    draw.rectangle([x, foot - high * 0.62, x + wide, foot], fill=whole(wall))
    for plank in range(1, 12):
        px = x + wide * plank / 12
        draw.line([(px, foot - high * 0.62), (px, foot)], fill=whole(tuple(c * 0.85 for c in wall)), width=2)
    draw.polygon(
        [
            (x - 10, foot - high * 0.6),
            (x + wide * 0.2, foot - high),
            (x + wide * 0.8, foot - high),
            (x + wide + 10, foot - high * 0.6),
        ],
        fill=whole(roof),
    )
    door = [x + wide * 0.36, foot - high * 0.44, x + wide * 0.64, foot]
    draw.rectangle(door, fill=whole(tuple(c * 0.6 for c in wall)), outline=white, width=4)
    draw.line([door[0], door[1], door[2], door[3]], fill=white, width=4)
    draw.line([door[2], door[1], door[0], door[3]], fill=white, width=4)


def water_from(stage: Stage, top: float, roughness: float) -> None:
    """Paint water from a row down to the bottom edge, the sky's light on its far part; roughness 0 to 1."""
    rng = stage.rng
    deep = mix(rng.choice(((34, 96, 140), (40, 120, 140), (30, 82, 122))), stage.light.top, 0.3)
    tile = textures.water(deep, mix((250, 252, 255), stage.light.bottom, 0.3), roughness)
    plane(stage, tile, top, stage.height, rng.uniform(130, 220), 1.3)
    band = max(2, int((stage.height - stage.horizon) * 0.5))
    under = np.asarray(stage.image.crop((0, int(top), stage.width, int(top) + band)), np.float32)
    fade = np.linspace(0.6, 0, under.shape[0], dtype=np.float32)[:, None, None]
    mirrored = np.asarray(stage.light.bottom, np.float32) * 0.9
    stage.image.paste(picture(under * (1 - fade) + mirrored * fade), (0, int(top)))


def reeds(stage: Stage) -> None:
    """Paint reeds before everything else, in a corner."""
    rng, draw = stage.rng, ImageDraw.Draw(stage.image)
    corner = rng.choice((0.0, 1.0))
    for _ in range(rng.randint(14, 30)):
        x = (corner + rng.gauss(0, 0.08)) * stage.width
        high = rng.uniform(0.14, 0.34) * stage.height
        tip = (x + rng.uniform(-0.05, 0.05) * stage.width, stage.height - high)
        colour = lit(rng.choice(((70, 116, 56), (104, 132, 60), (52, 92, 50))), stage.light)
        draw.line([(x, stage.height + 5), tip], fill=whole(colour), width=rng.randint(3, 6))
        if rng.random() < 0.3:
            draw.ellipse([tip[0] - 5, tip[1], tip[0] + 5, tip[1] + 40], fill=whole(lit((110, 70, 40), stage.light)))


def road_along(stage: Stage, far: float) -> None:
    """Lay a road from left to right, from a share of the ground down to the bottom edge."""
    rng = stage.rng
    top = stage.horizon + far * (stage.height - stage.horizon)
    tone = rng.choice((92, 104, 120))
    plane(stage, textures.asphalt((tone, tone, tone + 4)), top, stage.height, 120)
    draw = ImageDraw.Draw(stage.image)
    kerb = max(4, round(0.03 * float(stage.scale_at(top)) + 3))
    draw.rectangle([0, top - kerb, stage.width, top], fill=whole(lit((196, 194, 188), stage.light)))
    middle = stage.row_of(stage.near * rng.uniform(0.5, 0.6))
    scale = float(stage.scale_at(middle))
    x, high = -rng.uniform(0, scale), max(3, 0.055 * scale)
    while x < stage.width:
        draw.polygon(
            [(x, middle), (x + scale * 0.8, middle), (x + scale * 0.8 + 4, middle + high), (x - 4, middle + high)],
            fill=whole(lit((236, 234, 226), stage.light)),
        )
        x += scale * 1.7


def road_across(stage: Stage, half: float) -> None:
    """Lay a road that runs away from the eye to the horizon."""
    rng = stage.rng
    before = stage.image.copy()
    tone = rng.choice((92, 104, 120))
    plane(stage, textures.asphalt((tone, tone, tone + 4)), stage.horizon, stage.height, 120)
    width = max(2.2, half * 2 * stage.width / stage.near * 1.9)
    vanish = (stage.width * rng.uniform(0.4, 0.6), stage.horizon)
    bottom = width * stage.near / 2
    mask = Image.new("L", stage.image.size)
    ImageDraw.Draw(mask).polygon(
        [vanish, (stage.width / 2 + bottom, stage.height), (stage.width / 2 - bottom, stage.height)], fill=255
    )
    stage.image.paste(before, (0, 0), mask.point(lambda v: 255 - v))
    draw = ImageDraw.Draw(stage.image)
    white = whole(lit((238, 236, 228), stage.light))

    def at(offset: float, t: float) -> tuple[float, float]:
        foot = stage.width / 2 + offset * bottom
        return vanish[0] + (foot - vanish[0]) * t, vanish[1] + (stage.height - vanish[1]) * t

    for edge in (-0.94, 0.91):
        draw.polygon([at(edge, 0), at(edge, 1), at(edge + 0.03, 1)], fill=white)
    t = 1.0
    while t > 0.06:
        draw.polygon([at(-0.018, t), at(0.018, t), at(0.018, t * 0.72), at(-0.018, t * 0.72)], fill=white)
        t *= 0.5


def street_lamps(stage: Stage) -> None:
    """Light lamps along a road by night."""
    if not stage.light.dark:
        return
    draw = ImageDraw.Draw(stage.image)
    for share in (0.12, 0.5, 0.88):
        x = (share + stage.rng.uniform(-0.08, 0.08)) * stage.width
        y, foot = (stage.horizon - 0.2 * stage.height, stage.horizon + 0.12 * stage.height)
        draw.line([(x, y), (x, foot)], fill=(40, 42, 52), width=5)
        glow(stage.image, x, y, 0.3 * stage.height, (255, 210, 130), 0.75)
        draw.ellipse([x - 9, y - 7, x + 9, y + 7], fill=(255, 240, 200))


def track_along(stage: Stage, row: float) -> None:
    """Lay a railway track from left to right."""
    depth = 0.12 * (stage.height - stage.horizon)
    plane(stage, textures.gravel((146, 136, 128)), row - depth, row + depth, 160)
    draw, scale = ImageDraw.Draw(stage.image), float(stage.scale_at(row))
    wood, steel = (whole(lit((96, 76, 62), stage.light)), whole(lit((170, 172, 180), stage.light)))
    top, low = row - depth * 0.3, row + depth * 0.6
    for x in range(-20, stage.width, max(10, round(scale * 0.16))):
        draw.polygon([(x, top), (x + scale * 0.07, top), (x + scale * 0.05, low), (x - scale * 0.03, low)], fill=wood)
    for y in (row - depth * 0.2, row + depth * 0.4):
        draw.rectangle([0, y, stage.width, y + 4], fill=steel)


def track_towards(stage: Stage, x: float, half: float) -> None:
    """Lay a railway track from the horizon towards us; half its gauge is `half` of a person's height."""
    before, draw = stage.image.copy(), ImageDraw.Draw(stage.image)
    plane(stage, textures.gravel((146, 136, 128)), stage.horizon, stage.height, 160)
    bottom, end = float(stage.scale_at(stage.height)) * half, stage.height
    mask = Image.new("L", stage.image.size, 255)
    ImageDraw.Draw(mask).polygon([(x, stage.horizon), (x + bottom * 2, end), (x - bottom * 2, end)], fill=0)
    stage.image.paste(before, (0, 0), mask)
    wood, steel = (whole(lit((96, 76, 62), stage.light)), whole(lit((170, 172, 180), stage.light)))
    z = stage.focal / stage.near * 0.98
    while z < stage.focal / stage.near * 9:
        near, far = stage.row_of(stage.focal / z), stage.row_of(stage.focal / (z + 0.1))
        wide, less = (stage.focal / z * half * 1.45, stage.focal / (z + 0.1) * half * 1.45)
        draw.polygon([(x - wide, near), (x + wide, near), (x + less, far), (x - less, far)], fill=wood)
        z += 0.26
    for side in (-1, 1):
        foot = x + side * bottom
        draw.polygon([(x, stage.horizon), (foot + 9, end), (foot - 9, end)], fill=steel)
