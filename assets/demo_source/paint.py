"""Paint surfaces: noise, skies' gradients, textured ground in perspective, glyphs and their light."""

import math
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont

FONT = Path("/usr/share/fonts/truetype/noto/NotoColorEmoji.ttf")
GLYPH_SIZE = 109  # the only size of the font's bitmaps, pixels per em
ENLARGED = 3  # glyphs are kept three times larger, with their edges made crisp again
TILE = 512  # side of a ground texture, texels

Colour = tuple[float, ...]


@dataclass(frozen=True)
class Light:
    """The light of a picture: colours in 0..255, gain per channel, haze from 0 (clear) to 1 (gone)."""

    name: str
    top: Colour
    bottom: Colour
    gain: Colour
    haze: float
    shadow: float
    dark: bool = False


LIGHTS = {
    light.name: light
    for light in (
        Light("day", (62, 132, 214), (196, 224, 246), (1.02, 1.02, 1.0), 0.28, 0.42),
        Light("bright", (34, 108, 206), (150, 204, 244), (1.08, 1.07, 1.02), 0.15, 0.5),
        Light("golden", (98, 138, 190), (255, 208, 146), (1.1, 0.98, 0.8), 0.32, 0.42),
        Light("dusk", (52, 50, 112), (246, 142, 108), (0.86, 0.7, 0.74), 0.34, 0.32),
        Light("night", (8, 12, 38), (36, 48, 88), (0.5, 0.53, 0.72), 0.3, 0.34, dark=True),
        Light("fog", (186, 194, 200), (216, 220, 221), (0.95, 0.97, 0.98), 0.72, 0.2),
        Light("overcast", (144, 156, 170), (206, 212, 216), (0.9, 0.92, 0.95), 0.36, 0.26),
    )
}


def noise(generator: np.random.Generator, width: int, height: int, cells: float, octaves: int = 4) -> np.ndarray:
    """Return smooth noise in 0..1, float32 (height, width), with about `cells` bumps across the width."""
    total = np.zeros((height, width), np.float32)
    weight = 0.0
    for octave in range(octaves):
        columns = max(2, round(cells * 2**octave))
        rows = max(2, round(columns * height / width))
        small = Image.fromarray(generator.random((rows, columns), dtype=np.float32))
        total += np.asarray(small.resize((width, height), Image.Resampling.BICUBIC)) * 0.55**octave
        weight += 0.55**octave
    total /= weight
    low, high = float(total.min()), float(total.max())
    return (total - low) / max(high - low, 1e-6)


def gradient(width: int, height: int, top: Colour, bottom: Colour, power: float = 1.0) -> np.ndarray:
    """Return a vertical gradient, float32 (height, width, 3)."""
    t = np.linspace(0, 1, height, dtype=np.float32)[:, None, None] ** power
    rows = np.asarray(top, np.float32) * (1 - t) + np.asarray(bottom, np.float32) * t
    return np.broadcast_to(rows, (height, width, 3)).copy()


def picture(array: np.ndarray) -> Image.Image:
    """Turn an array of colours in 0..255 into an RGB picture."""
    return Image.fromarray(np.clip(array, 0, 255).astype(np.uint8))


def mix(a: Colour, b: Colour, t: float) -> Colour:
    """Return the colour a share t of the way from a to b."""
    return tuple(x * (1 - t) + y * t for x, y in zip(a, b, strict=True))


def whole(colour: Colour, alpha: int | None = None) -> tuple[int, ...]:
    """Return a colour as PIL wants it."""
    rounded = tuple(int(min(255, max(0, c))) for c in colour)
    return rounded if alpha is None else (*rounded, alpha)


def lit(colour: Colour, light: Light, distance: float = 0.0) -> Colour:
    """Return a surface's colour in a light, `distance` 0 (near) to 1 (at the horizon)."""
    shone = tuple(c * g for c, g in zip(colour, light.gain, strict=True))
    return mix(shone, light.bottom, light.haze * distance)


@lru_cache(maxsize=1)
def _font() -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(str(FONT), GLYPH_SIZE, layout_engine=ImageFont.Layout.RAQM)


@lru_cache(maxsize=512)
def glyph(text: str) -> Image.Image:
    """Return a glyph enlarged, RGBA, cropped to what is painted."""
    sheet = Image.new("RGBA", (480, 200))
    ImageDraw.Draw(sheet).text((20, 20), text, font=_font(), embedded_color=True)
    sheet = sheet.crop(sheet.getbbox())
    # Transparent black would bleed into the edges on enlarging: enlarge with multiplied alpha.
    large = sheet.convert("RGBa").resize((sheet.width * ENLARGED, sheet.height * ENLARGED), Image.Resampling.BICUBIC)
    large = large.convert("RGBA")
    alpha = large.getchannel("A").point([min(255, max(0, round((v - 128) * 2.4 + 128))) for v in range(256)])
    large = large.filter(ImageFilter.UnsharpMask(4, 70, 2))
    large.putalpha(alpha)
    return large


def recolour(sprite: Image.Image, turn: int, least: int = 150, pale: float = 1.0) -> Image.Image:
    """Turn the hue of strongly coloured pixels by `turn` of 256; skin and greys have less saturation than `least`."""
    hue, saturation, value = (np.asarray(c) for c in sprite.convert("RGB").convert("HSV").split())
    strong = saturation >= least
    turned = np.where(strong, (hue.astype(np.int16) + turn) % 256, hue).astype(np.uint8)
    paled = np.where(strong, saturation * pale, saturation).astype(np.uint8)
    out = Image.merge("HSV", [Image.fromarray(c) for c in (turned, paled, value)]).convert("RGBA")
    out.putalpha(sprite.getchannel("A"))
    return out


def grey(sprite: Image.Image, tint: Colour, strength: float = 1.0) -> Image.Image:
    """Tint a sprite, keeping its lights and darks: a ginger cat becomes a grey or white one."""
    values = np.asarray(sprite.convert("L"), np.float32)[..., None] / 190
    dyed = values * np.asarray(tint, np.float32)
    mixed = dyed * strength + np.asarray(sprite.convert("RGB"), np.float32) * (1 - strength)
    out = picture(mixed).convert("RGBA")
    out.putalpha(sprite.getchannel("A"))
    return out


def toned(sprite: Image.Image, light: Light, distance: float, side: float) -> Image.Image:
    """Shade a sprite as a body: lighter above and towards `side` (-1 left, 1 right), with the picture's light."""
    pixels = np.asarray(sprite.convert("RGB"), np.float32)
    height, width = pixels.shape[:2]
    rows = np.linspace(1.1, 0.84, height, dtype=np.float32)[:, None, None]
    columns = np.linspace(1 - 0.1 * side, 1 + 0.1 * side, width, dtype=np.float32)[None, :, None]
    shaded = pixels * rows * columns * np.asarray(light.gain, np.float32)
    amount = light.haze * distance
    out = picture(shaded * (1 - amount) + np.asarray(light.bottom, np.float32) * amount).convert("RGBA")
    out.putalpha(sprite.getchannel("A"))
    return out


def plane(stage, tile: np.ndarray, top: float, bottom: float, texels: float, stretch: float = 1.0) -> None:
    """Paint rows top..bottom with a texture (TILE, TILE, 3) lying on the ground, `texels` to a person's height."""
    y0, y1 = (max(math.floor(top), math.floor(stage.horizon) + 1, 0), min(math.ceil(bottom), stage.height))
    if y1 <= y0:
        return
    scale = stage.scale_at(np.arange(y0, y1, dtype=np.float32) + 0.5)[:, None]  # pixels to a person's height
    x = (np.arange(stage.width, dtype=np.float32)[None] - stage.width / 2) / scale
    z = np.broadcast_to(stage.focal / scale, x.shape)
    coarse = np.asarray(Image.fromarray(tile.astype(np.uint8)).reduce(4), np.float32)
    mean = tile.reshape(-1, 3).mean(axis=0)
    u, v = (x * texels).astype(np.int64), (z * texels * stretch).astype(np.int64)
    fine = tile[v % TILE, u % TILE]
    far = coarse[(v // 4) % (TILE // 4), (u // 4) % (TILE // 4)]
    step = texels * np.maximum(1, stage.focal / scale * stretch * stage.slope / scale) / scale  # texels a pixel
    to_far = np.clip((step - 1.5) / 3, 0, 1)[..., None]
    to_mean = np.clip((step - 6) / 16, 0, 1)[..., None]
    rows = (fine * (1 - to_far) + far * to_far) * (1 - to_mean) + mean * to_mean
    distance = np.clip(1 - (np.arange(y0, y1) - stage.horizon) / (stage.height - stage.horizon), 0, 1)
    amount = (stage.light.haze * distance**2)[:, None, None]
    rows = rows * np.asarray(stage.light.gain) * (1 - amount) + np.asarray(stage.light.bottom) * amount
    stage.image.paste(picture(rows), (0, y0))


def glow(image: Image.Image, x: float, y: float, radius: float, colour: Colour, strength: float) -> None:
    """Add a round light to a picture."""
    box = [round(x - radius), round(y - radius), round(x + radius), round(y + radius)]
    left, top, right, bottom = (max(0, box[0]), max(0, box[1]), min(image.width, box[2]), min(image.height, box[3]))
    if right <= left or bottom <= top:
        return
    yy, xx = np.mgrid[top:bottom, left:right]
    fall = np.clip(1 - np.hypot(xx - x, yy - y) / radius, 0, 1) ** 2
    under = np.asarray(image.crop((left, top, right, bottom)), np.float32)
    image.paste(picture(under + fall[..., None] * np.asarray(colour) * strength), (left, top))
