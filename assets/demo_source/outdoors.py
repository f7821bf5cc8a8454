"""Paint the scenes under the sky, each from what landscape.py offers."""

import math

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from . import textures
from .landscape import (
    GREENS,
    barn,
    fence,
    flowers,
    hills,
    ridge,
    road_across,
    road_along,
    scenery,
    sky,
    skyline,
    street_lamps,
    track_along,
    track_towards,
    water_from,
)
from .paint import glyph, lit, noise, picture, plane, toned, whole
from .stage import Stage


def meadow(stage: Stage) -> None:
    """Paint a field of grass, sometimes with furrows, a fence, a barn and trees."""
    rng = stage.rng
    sky(stage)
    hills(stage)
    green = rng.choice(GREENS)
    plane(stage, textures.grass(green), stage.horizon, stage.height, rng.uniform(110, 150))
    if rng.random() < 0.25:
        low = stage.horizon + rng.uniform(0.1, 0.25) * (stage.height - stage.horizon)
        plane(stage, textures.ploughed((176, 150, 84)), stage.horizon, low, 90)
    houses = ("🏠", "🏡", "⛪") if rng.random() < 0.4 else ()
    scenery(stage, ("🌳", "🌳", "🌲", *houses), rng.randint(1, 6), 0.16, 0.02, 2.4)
    if rng.random() < 0.45:
        fence(stage, rng.uniform(0.14, 0.3))
    flowers(stage)
    stage.tufts = lit(tuple(c * 0.8 for c in green), stage.light)


def yard(stage: Stage) -> None:
    """Paint a farm's yard: earth and grass, a barn, bales."""
    rng = stage.rng
    sky(stage)
    hills(stage)
    green = rng.choice(GREENS)
    plane(stage, textures.grass(green), stage.horizon, stage.height, 120)
    plane(stage, textures.gravel((188, 160, 118)), stage.row_of(stage.near * 0.3), stage.height, 130)
    scenery(stage, ("🌳", "🌲"), 3, 0.14, 0.04, 2.4)
    barn(stage)
    fence(stage, rng.uniform(0.2, 0.3))


def sea(stage: Stage) -> None:
    """Paint the open sea, with the light's path on it and sometimes an island."""
    rng = stage.rng
    sky(stage)
    if rng.random() < 0.5:
        ridge(stage, rng.uniform(0.03, 0.12), (94, 116, 104), 0.7, 3)
    water_from(stage, stage.horizon, rng.uniform(0.25, 1))


def lake(stage: Stage) -> None:
    """Paint a lake with woods on the far shore and reeds on the near one."""
    rng = stage.rng
    sky(stage)
    hills(stage)
    ridge(stage, rng.uniform(0.05, 0.12), (60, 96, 62), 0.25, 24)
    scenery(stage, ("🌳", "🌲", "🌲", "🏡"), rng.randint(2, 6), 0.03, 0.0, 1.6)
    water_from(stage, stage.horizon + 2, rng.uniform(0, 0.2))


def beach(stage: Stage) -> None:
    """Paint sand before the sea, with a parasol or palms."""
    rng = stage.rng
    sky(stage)
    if rng.random() < 0.4:
        ridge(stage, rng.uniform(0.04, 0.14), (94, 120, 100), 0.7, 3)
    water_from(stage, stage.horizon, rng.uniform(0.3, 0.7))
    shore = stage.horizon + 0.24 * (stage.height - stage.horizon)
    sand = rng.choice(((232, 206, 158), (222, 190, 140), (240, 222, 184)))
    plane(stage, textures.mottled(sand, 0.12, seed=31, cells=40), shore, stage.height, 110)
    draw = ImageDraw.Draw(stage.image)
    foam = [(x, shore + 5 * math.sin(x / 60) + rng.uniform(-1, 1)) for x in range(0, stage.width + 8, 8)]
    draw.line(foam, fill=whole(lit((250, 250, 250), stage.light)), width=9, joint="curve")
    scenery(stage, ("🌴", "🌴", "⛱️"), rng.randint(0, 4), 0.45, 0.3, 2.0)


def park(stage: Stage) -> None:
    """Paint a park: mown grass, a path, trees."""
    rng = stage.rng
    sky(stage)
    if rng.random() < 0.4:
        skyline(stage)
    ridge(stage, rng.uniform(0.08, 0.2), (62, 108, 62), 0.3, 18)
    green = rng.choice(GREENS)
    plane(stage, textures.grass(green, stripes=rng.choice((0, 0, 0.06))), stage.horizon, stage.height, 120)
    path = textures.cobbles((206, 196, 178)) if rng.random() < 0.4 else textures.gravel((214, 190, 150))
    if rng.random() < 0.7:
        row = stage.row_of(stage.near * rng.uniform(0.45, 0.62))
        plane(stage, path, row, row + rng.uniform(0.14, 0.3) * (stage.height - stage.horizon), 150)
    scenery(stage, ("🌳", "🌳", "🌲"), rng.randint(2, 6), 0.3, 0.03, 2.3)
    flowers(stage)
    stage.tufts = lit(tuple(c * 0.8 for c in green), stage.light)


def street(stage: Stage) -> None:
    """Paint a street of a town: buildings, pavement, carriageway with markings."""
    rng = stage.rng
    sky(stage, rng.uniform(0, 0.5))
    skyline(stage)
    plane(stage, textures.cobbles((178, 174, 168)), stage.horizon, stage.height, 170)
    scenery(stage, ("🌳", "🚦", "🌲"), rng.randint(1, 4), 0.14, 0.06, 1.9)
    if rng.random() < 0.55:
        road_along(stage, 0.18)
    else:
        road_across(stage, 0.2)
    street_lamps(stage)


def country_road(stage: Stage) -> None:
    """Paint a road through fields."""
    rng = stage.rng
    sky(stage)
    hills(stage)
    green = rng.choice((*GREENS, (198, 172, 104)))
    plane(stage, textures.grass(green), stage.horizon, stage.height, 120)
    scenery(stage, ("🌳", "🌲", "🌳", "🏡"), rng.randint(1, 5), 0.14, 0.03, 2.4)
    if rng.random() < 0.55:
        road_along(stage, 0.2)
    else:
        road_across(stage, 0.22)
    street_lamps(stage)


def rail(stage: Stage) -> None:
    """Paint a railway on gravel, with wires, a platform or fields; towards us if the train comes towards us."""
    rng = stage.rng
    sky(stage)
    if rng.random() < 0.5:
        skyline(stage)
    else:
        hills(stage)
    green = rng.choice(GREENS)
    plane(stage, textures.grass(green), stage.horizon, stage.height, 120)
    scenery(stage, ("🌳", "🌲", "🏭", "🏠"), rng.randint(1, 4), 0.12, 0.02, 2.0)
    row = stage.row_of(stage.near * 0.62)
    subject = stage.items[0]
    if subject.figure.frontal:
        track_towards(stage, subject.x, 0.3 * subject.width / float(stage.scale_at(row)))
    else:
        track_along(stage, row)
    draw, scale = ImageDraw.Draw(stage.image), float(stage.scale_at(row))
    if rng.random() < 0.6:
        wire = row - 2.1 * scale
        draw.line([(0, wire), (stage.width, wire)], fill=whole(lit((60, 60, 66), stage.light)), width=3)
        for share in (rng.uniform(0.02, 0.2), rng.uniform(0.75, 0.97)):
            x = share * stage.width
            draw.line([(x, row), (x, wire - 0.2 * scale)], fill=whole(lit((84, 86, 92), stage.light)), width=8)
    if not subject.figure.frontal and rng.random() < 0.5:
        edge = stage.row_of(stage.near * 0.8)
        plane(stage, textures.tiles((196, 192, 186), (184, 180, 176)), edge, stage.height, 110)
        draw.rectangle([0, edge, stage.width, edge + 10], fill=whole(lit((240, 220, 120), stage.light)))


def airfield(stage: Stage) -> None:
    """Paint a runway with a tower and hangars far away."""
    rng = stage.rng
    sky(stage)
    ridge(stage, 0.05, (92, 120, 90), 0.6, 6)
    draw = ImageDraw.Draw(stage.image)
    for _ in range(rng.randint(1, 3)):
        x, wide = (rng.uniform(0, 0.9) * stage.width, rng.uniform(0.15, 0.3) * stage.width)
        high = rng.uniform(0.04, 0.08) * stage.height
        wall = whole(lit((170, 178, 186), stage.light, 0.5))
        draw.rectangle([x, stage.horizon - high, x + wide, stage.horizon + 6], fill=wall)
        draw.pieslice([x, stage.horizon - high * 1.6, x + wide, stage.horizon - high * 0.4], 180, 360, fill=wall)
    x, tower = rng.uniform(0.1, 0.9) * stage.width, 0.2 * stage.height
    draw.rectangle(
        [x - 9, stage.horizon - tower, x + 9, stage.horizon + 6], fill=whole(lit((200, 204, 208), stage.light, 0.4))
    )
    draw.polygon(
        [
            (x - 26, stage.horizon - tower - 26),
            (x + 26, stage.horizon - tower - 26),
            (x + 16, stage.horizon - tower + 8),
            (x - 16, stage.horizon - tower + 8),
        ],
        fill=whole(lit((70, 96, 120), stage.light, 0.3)),
    )
    plane(stage, textures.grass(rng.choice(GREENS)), stage.horizon, stage.height, 120)
    road_along(stage, 0.3)


def open_sky(stage: Stage) -> None:
    """Paint mostly sky, with a strip of land, town or sea at the bottom."""
    rng = stage.rng
    sky(stage, rng.uniform(0.2, 0.95))
    kind = rng.choice(("hills", "town", "sea", "clouds"))
    if kind == "town":
        skyline(stage)
        plane(stage, textures.grass(GREENS[0]), stage.horizon, stage.height, 120)
    elif kind == "sea":
        water_from(stage, stage.horizon, 0.5)
    elif kind == "hills":
        hills(stage)
        plane(stage, textures.grass(rng.choice(GREENS)), stage.horizon, stage.height, 120)
    else:
        cover = noise(stage.generator, stage.width, 200, 5, 5)
        white = np.asarray(lit((250, 250, 252), stage.light), np.float32) * (0.8 + 0.25 * cover[..., None])
        soft = Image.fromarray(
            (np.clip((cover - 0.2) * 3 + np.linspace(-2.6, 1.8, 200)[:, None], 0, 1) * 255).astype(np.uint8)
        )
        stage.image.paste(picture(white), (0, stage.height - 200), soft.filter(ImageFilter.GaussianBlur(3)))


def garden(stage: Stage) -> None:
    """Paint a terrace before a hedge or a house's wall."""
    rng = stage.rng
    sky(stage)
    if rng.random() < 0.5:
        wall = textures.mottled(
            lit(rng.choice(((214, 190, 160), (186, 110, 84), (226, 222, 210))), stage.light), 0.08, seed=37, cells=30
        )
        brick = np.tile(wall, (1, 3, 1))[: int(stage.horizon * 0.9) + 10, : stage.width]
        stage.image.paste(picture(brick), (0, int(stage.horizon * 0.1)))
        for _ in range(rng.randint(1, 2)):
            pane = glyph("🪟")
            side = round(0.26 * stage.height)
            pane = toned(pane.resize((side, side)), stage.light, 0, stage.side)
            stage.image.paste(
                pane, (round(rng.uniform(0, 0.85) * stage.width), round(stage.horizon * rng.uniform(0.25, 0.4))), pane
            )
    ridge(stage, rng.uniform(0.12, 0.3), (58, 104, 56), 0.1, 40)
    green = rng.choice(GREENS)
    plane(stage, textures.grass(green), stage.horizon, stage.height, 130)
    floor = rng.choice(
        (
            textures.tiles((206, 190, 170), (190, 172, 150)),
            textures.boards((168, 126, 88)),
            textures.cobbles((190, 182, 170)),
        )
    )
    plane(stage, floor, stage.row_of(stage.near * rng.uniform(0.3, 0.5)), stage.height, 110)
    scenery(stage, ("🌳", "🌲", "🌻", "🌷"), rng.randint(1, 4), 0.2, 0.04, 1.3)
