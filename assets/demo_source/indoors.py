"""Paint rooms: walls, windows, pictures, shelves, floors, rugs, lamps, and close views of a table's top."""

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from . import textures
from .paint import Colour, glow, glyph, gradient, lit, mix, noise, picture, plane, toned, whole
from .stage import Stage

WALLS = (
    (226, 216, 198),
    (196, 210, 208),
    (214, 190, 170),
    (168, 186, 170),
    (222, 200, 140),
    (150, 164, 186),
    (232, 230, 226),
    (190, 130, 110),
)


def room(stage: Stage, floor_at: float) -> None:
    """Paint a room whose floor begins at a share of the picture's height (below the horizon)."""
    rng = stage.rng
    foot = floor_at * stage.height
    _wall(stage, foot)
    left = rng.random() < 0.5
    _furnish(stage, foot, 0.0 if left else 0.5)
    if rng.random() < 0.6:
        _furnish(stage, foot, 0.5 if left else 0.0)
    floor = rng.choice(
        (
            textures.boards(rng.choice(((176, 122, 76), (132, 88, 56), (206, 170, 124)))),
            textures.boards((154, 108, 72), 12),
            textures.tiles((226, 220, 210), rng.choice(((190, 184, 176), (120, 130, 140)))),
            textures.mottled(rng.choice(((150, 120, 110), (120, 136, 150), (170, 160, 140))), 0.12, seed=41, cells=60),
        )
    )
    plane(stage, floor, foot, stage.height, rng.uniform(110, 180))
    draw = ImageDraw.Draw(stage.image)
    draw.rectangle([0, foot - 16, stage.width, foot], fill=whole(lit((236, 232, 224), stage.light)))
    _fade_floor(stage, foot)
    if rng.random() < 0.55:
        _rug(stage, foot)
    if stage.light.dark or rng.random() < 0.3:
        x, y = (rng.uniform(0.15, 0.85) * stage.width, rng.uniform(0.06, 0.2) * stage.height)
        glow(stage.image, x, y, 0.75 * stage.height, (255, 196, 120), 0.34)


def _wall(stage: Stage, foot: float) -> None:
    rng = stage.rng
    colour = lit(rng.choice(WALLS), stage.light)
    array = gradient(stage.width, int(foot) + 2, mix(colour, (255, 255, 255), 0.08), tuple(c * 0.88 for c in colour))
    array *= 0.97 + 0.06 * noise(stage.generator, stage.width, int(foot) + 2, 3, 4)[..., None]
    kind = rng.choice(("plain", "plain", "stripes", "brick", "panel", "dots"))
    step = rng.randint(26, 60)
    columns, rows = np.arange(stage.width), np.arange(array.shape[0])
    if kind == "stripes":
        array *= np.where((columns // step) % 2, 1, 0.93)[None, :, None]
    elif kind == "brick":
        high = step // 2
        offset = (rows // high % 2) * step // 2
        joint = (rows % high < 3)[:, None] | ((columns[None] + offset[:, None]) % step < 3)
        array *= np.where(joint, 0.86, 1)[..., None]
    elif kind == "panel":
        edge = int(foot * 0.62)
        array[edge:] *= np.where(columns % (step * 2) < 4, 0.8, 0.9)[None, :, None]
        array[edge : edge + 7] *= 0.75
    elif kind == "dots":
        near = np.hypot(columns[None] % step - step / 2, rows[:, None] % step - step / 2) < step * 0.13
        array *= np.where(near, 0.88, 1)[..., None]
    stage.image.paste(picture(array), (0, 0))


def _furnish(stage: Stage, foot: float, start: float) -> None:
    """Put a window, pictures or a bookcase into one half of the wall, which begins at a share of the width."""
    stage.rng.choice((_window, _window, _frame, _frame, _shelf))(stage, foot, start)


def _fade_floor(stage: Stage, foot: float) -> None:
    """Darken the floor towards the wall, as rooms do."""
    shade = np.zeros((stage.height, stage.width), np.uint8)
    rows = np.arange(int(foot), stage.height)
    shade[int(foot) :] = (70 * np.clip(1 - (rows - foot) / (0.3 * stage.height), 0, 1))[:, None]
    stage.image.paste((20, 16, 18), (0, 0), Image.fromarray(shade))


def _window(stage: Stage, foot: float, start: float) -> None:
    rng, draw = stage.rng, ImageDraw.Draw(stage.image)
    wide, high = rng.uniform(0.28, 0.44) * stage.height, rng.uniform(0.5, 0.68) * foot
    x, y = ((start + rng.uniform(0.12, 0.38)) * stage.width - wide / 2, foot * rng.uniform(0.06, 0.16))
    outside = gradient(int(wide), int(high), stage.light.top, stage.light.bottom)
    view = picture(outside)
    pen = ImageDraw.Draw(view)
    for k in range(6):
        cx = k * wide / 5
        pen.ellipse(
            [cx - wide * 0.16, high * 0.7, cx + wide * 0.16, high * 1.2],
            fill=whole(lit((70, 126, 70), stage.light, 0.3)),
        )
    stage.image.paste(view, (int(x), int(y)))
    white = whole(lit((246, 246, 244), stage.light))
    draw.rectangle([x - 8, y - 8, x + wide + 8, y + high + 8], outline=white, width=12)
    draw.line([(x + wide / 2, y), (x + wide / 2, y + high)], fill=white, width=8)
    draw.line([(x, y + high * 0.45), (x + wide, y + high * 0.45)], fill=white, width=8)
    draw.rectangle([x - 20, y + high + 4, x + wide + 20, y + high + 18], fill=white)
    if rng.random() < 0.6:
        cloth = rng.choice(((188, 70, 60), (80, 110, 150), (226, 214, 190), (110, 140, 100)))
        for left, right in ((x - 34, x + wide * 0.16), (x + wide * 0.84, x + wide + 34)):
            for k in range(6):
                a, b = (left + (right - left) * k / 6, left + (right - left) * (k + 1) / 6)
                tone = lit(tuple(c * (0.84 if k % 2 else 1.04) for c in cloth), stage.light)
                draw.rectangle([a, y - 18, b, y + high + 36], fill=whole(tone))


def _frame(stage: Stage, foot: float, start: float) -> None:
    """Hang one to three pictures on the wall."""
    rng, draw = stage.rng, ImageDraw.Draw(stage.image)
    x = (start + rng.uniform(0.04, 0.2)) * stage.width
    for _ in range(rng.randint(1, 3)):
        wide, high = (rng.uniform(0.13, 0.24) * stage.height, rng.uniform(0.13, 0.24) * stage.height)
        y = foot * rng.uniform(0.12, 0.3)
        if rng.random() < 0.3:
            painting = glyph("🖼️").resize((round(wide), round(wide)))
            painting = toned(painting, stage.light, 0, stage.side)
            stage.image.paste(painting, (round(x), round(y)), painting)
        else:
            edge = whole(lit(rng.choice(((60, 44, 34), (210, 176, 110), (240, 240, 238), (36, 36, 40))), stage.light))
            draw.rectangle([x, y, x + wide, y + high], fill=edge)
            inner = [x + 9, y + 9, x + wide - 9, y + high - 9]
            draw.rectangle(inner, fill=whole(lit((244, 240, 230), stage.light)))
            for _ in range(rng.randint(2, 5)):
                cx, cy = (rng.uniform(inner[0] + 12, inner[2] - 12), rng.uniform(inner[1] + 12, inner[3] - 12))
                tone = whole(
                    lit(rng.choice(((200, 90, 70), (90, 140, 170), (230, 190, 90), (80, 120, 90))), stage.light)
                )
                draw.ellipse([cx - 11, cy - 11, cx + 11, cy + 11], fill=tone)
        if x + wide > (start + 0.5) * stage.width:
            break
        x += wide + rng.uniform(0.04, 0.12) * stage.height


def _shelf(stage: Stage, foot: float, start: float) -> None:
    """Put a bookcase against the wall."""
    rng, draw = stage.rng, ImageDraw.Draw(stage.image)
    wide, top = rng.uniform(0.3, 0.5) * stage.height, foot * rng.uniform(0.1, 0.3)
    x = (start + rng.uniform(-0.05, 0.1)) * stage.width
    wood = lit(rng.choice(((124, 82, 52), (226, 220, 210), (90, 66, 50))), stage.light)
    draw.rectangle([x, top, x + wide, foot + 6], fill=whole(tuple(c * 0.62 for c in wood)))
    rows = 4
    storey = (foot - top) / rows
    for row in range(rows):
        floor = top + (row + 1) * storey
        book = x + 10
        while book < x + wide - 20:
            thick, high = rng.uniform(7, 17), storey * rng.uniform(0.55, 0.82)
            tone = rng.choice(
                ((170, 60, 54), (60, 92, 140), (70, 120, 84), (220, 190, 120), (90, 70, 100), (214, 208, 196))
            )
            if rng.random() < 0.9:
                draw.rectangle([book, floor - high, book + thick, floor], fill=whole(lit(tone, stage.light)))
            book += thick + 1
        draw.rectangle([x, floor, x + wide, floor + 8], fill=whole(wood))
    draw.rectangle([x, top, x + wide, foot + 6], outline=whole(wood), width=9)


def _rug(stage: Stage, foot: float) -> None:
    rng = stage.rng
    rug = Image.new("RGBA", stage.image.size)
    draw = ImageDraw.Draw(rug)
    colour = rng.choice(((172, 60, 56), (66, 96, 140), (206, 186, 150), (96, 130, 110), (140, 90, 130)))
    cx, top, low = (
        rng.uniform(0.4, 0.6) * stage.width,
        foot + 0.1 * (stage.height - foot),
        foot + 0.85 * (stage.height - foot),
    )
    far, near = 0.26 * stage.width, 0.42 * stage.width
    for shrink, factor in ((1, 1), (0.92, 0.72), (0.86, 1.12), (0.5, 0.85), (0.44, 1.05)):
        tone = whole(lit(tuple(c * factor for c in colour), stage.light), 255)
        middle, half = (top + low) / 2, (low - top) / 2 * shrink
        draw.polygon(
            [
                (cx - far * shrink, middle - half),
                (cx + far * shrink, middle - half),
                (cx + near * shrink, middle + half),
                (cx - near * shrink, middle + half),
            ],
            fill=tone,
        )
    stage.image.paste(rug, (0, 0), rug)


def counter(stage: Stage) -> None:
    """Paint the top of a table, a desk or a sill close by, before a wall or a window out of focus."""
    rng = stage.rng
    edge = stage.horizon + 0.3 * (stage.height - stage.horizon)
    _wall(stage, edge)
    _furnish(stage, edge, rng.choice((0.0, 0.5)))
    blurred = stage.image.filter(ImageFilter.GaussianBlur(rng.uniform(1.5, 5)))
    stage.image.paste(blurred, (0, 0))
    wood: Colour = rng.choice(((150, 100, 62), (206, 170, 124), (110, 74, 50), (232, 230, 226), (96, 100, 108)))
    top = rng.choice(
        (
            textures.boards(wood, 4),
            textures.mottled(wood, 0.1, seed=43, cells=30),
            textures.tiles((226, 224, 220), (208, 208, 206)),
        )
    )
    plane(stage, top, edge, stage.height, rng.uniform(400, 700))
    _fade_floor(stage, edge)
    if stage.light.dark or rng.random() < 0.3:
        glow(
            stage.image,
            rng.uniform(0.1, 0.9) * stage.width,
            0.1 * stage.height,
            0.8 * stage.height,
            (255, 196, 120),
            0.34,
        )
