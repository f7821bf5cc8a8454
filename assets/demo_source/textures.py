"""Make the textures that lie on the ground: grass, sand, asphalt, water, boards, tiles."""

from functools import lru_cache

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from .paint import TILE, Colour, noise


def _seamless(array: np.ndarray) -> np.ndarray:
    """Blend a texture with itself moved by half, so that its edges meet."""
    ramp = 1 - np.abs(np.linspace(-1, 1, TILE, dtype=np.float32))
    weight = np.clip(np.minimum(ramp[:, None], ramp[None]) * 4, 0, 1)
    if array.ndim == 3:
        weight = weight[..., None]
    return array * weight + np.roll(array, (TILE // 2, TILE // 2), (0, 1)) * (1 - weight)


@lru_cache(maxsize=32)
def _bumps(seed: int, cells: float, octaves: int) -> np.ndarray:
    return _seamless(noise(np.random.default_rng(seed), TILE, TILE, cells, octaves))


def mottled(base: Colour, contrast: float, seed: int = 1, cells: float = 10, octaves: int = 5) -> np.ndarray:
    """Return a texture of one colour with lighter and darker patches."""
    return np.asarray(base, np.float32) * (1 + contrast * (_bumps(seed, cells, octaves)[..., None] - 0.5) * 2)


@lru_cache(maxsize=4)
def _blades(seed: int) -> np.ndarray:
    generator = np.random.default_rng(seed)
    sheet = Image.new("L", (TILE, TILE), 128)
    draw = ImageDraw.Draw(sheet)
    for x, y, lean, length, shade in generator.random((5200, 5)):
        x0, y0 = x * TILE, y * TILE
        end = (x0 + (lean - 0.5) * 12, y0 - 6 - length * 16)
        for dx in (0, TILE):
            draw.line([(x0 - dx, y0), (end[0] - dx, end[1])], fill=int(60 + 150 * shade), width=2)
    return np.asarray(sheet, np.float32) / 128


def grass(base: Colour, stripes: float = 0.0) -> np.ndarray:
    """Return grass: blades over patches, mown in stripes when asked."""
    tile = mottled(base, 0.3, seed=3, cells=4) * (0.45 + 0.55 * _blades(5)[..., None])
    bands = np.where((np.arange(TILE) // (TILE // 4)) % 2, 1 + stripes, 1 - stripes)
    return tile * bands[None, :, None]


def ploughed(base: Colour) -> np.ndarray:
    """Return furrows that run away from the eye."""
    furrow = 1 + 0.28 * np.sin(np.arange(TILE) * 2 * np.pi * 16 / TILE)
    return mottled(base, 0.22, seed=7, cells=12) * furrow[None, :, None]


def asphalt(base: Colour) -> np.ndarray:
    """Return a road's surface."""
    grain = np.random.default_rng(11).normal(1, 0.06, (TILE, TILE, 1))
    return mottled(base, 0.12, seed=11, cells=3, octaves=3) * grain


def gravel(base: Colour) -> np.ndarray:
    """Return small stones."""
    return mottled(base, 0.5, seed=13, cells=80, octaves=2) * (0.8 + 0.4 * _bumps(14, 6, 3)[..., None])


@lru_cache(maxsize=8)
def _crests(seed: int) -> np.ndarray:
    """Return waves: noise much longer across than away, with bright crests."""
    long = Image.fromarray(noise(np.random.default_rng(seed), TILE, TILE, 6, 5)).resize((TILE, TILE // 4))
    tall = np.tile(np.asarray(long), (4, 1))
    return _seamless(tall)


def water(base: Colour, crest: Colour, roughness: float) -> np.ndarray:
    """Return a water surface; roughness 0 (a pond) to 1 (a rough sea)."""
    waves = _crests(17)[..., None]
    tile = np.asarray(base, np.float32) * (1 + (0.25 + 0.3 * roughness) * (waves - 0.5) * 2)
    foam = np.clip((waves - 0.78 + 0.12 * roughness) * 6, 0, 1) * (0.3 + 0.6 * roughness)
    return tile * (1 - foam) + np.asarray(crest, np.float32) * foam


def boards(base: Colour, across: int = 8) -> np.ndarray:
    """Return floor boards that run away from the eye."""
    generator = np.random.default_rng(19)
    width = TILE // across
    tile = mottled(base, 0.06, seed=19, cells=8) * np.ones((TILE, TILE, 1), np.float32)
    grain = np.repeat(noise(generator, TILE, 8, 60, 2), TILE // 8, axis=0)[..., None]
    tile *= 0.93 + 0.14 * grain
    for column in range(across):
        left, joint = column * width, int(generator.integers(TILE))
        for rows in (slice(0, joint), slice(joint, TILE)):
            tile[rows, left : left + width] *= generator.uniform(0.86, 1.1)
        tile[:, left : left + 3] *= 0.62
        tile[joint : joint + 4, left : left + width] *= 0.62
    return tile


def tiles(first: Colour, second: Colour, across: int = 4) -> np.ndarray:
    """Return square tiles in two colours with joints."""
    width = TILE // across
    row, column = np.mgrid[0:TILE, 0:TILE] // width
    even = ((row + column) % 2 == 0)[..., None]
    tile = np.where(even, np.asarray(first, np.float32), np.asarray(second, np.float32))
    offset = np.mgrid[0:TILE, 0:TILE] % width
    tile[(offset < 4).any(axis=0)] *= 0.75
    return tile * (0.96 + 0.08 * _bumps(23, 5, 3)[..., None])


def cobbles(base: Colour) -> np.ndarray:
    """Return paving stones laid in courses."""
    generator = np.random.default_rng(29)
    sheet = Image.new("L", (TILE, TILE), 70)
    draw = ImageDraw.Draw(sheet)
    size = TILE // 16
    for row in range(16):
        for column in range(-1, 16):
            x, y = column * size + (row % 2) * size // 2, row * size
            shade = int(generator.integers(105, 150))
            draw.rounded_rectangle([x + 2, y + 2, x + size - 3, y + size - 3], size // 5, fill=shade)
    soft = sheet.filter(ImageFilter.GaussianBlur(1))
    return np.asarray(base, np.float32) * (np.asarray(soft, np.float32) / 128)[..., None]
