"""Sheets of small photographs: each in its place, cut where it should be, whatever scale it is decoded at."""

import io
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from gradviz.datasets import ImageSet, find
from gradviz.datasets.image_set import Box
from gradviz.errors import Cancelled
from gradviz.ui.contact_sheet import contact_sheet, largest_object, middle

SIDE, ACROSS = 48, 5
MOST = 12.0
"""Mean difference from a cut in the whole photograph, of 255: what JPEG and a smaller decoding do."""


@pytest.fixture(scope="module")
def images(photographs: Path) -> ImageSet:
    return find(photographs)


def tiles(jpeg: bytes, count: int) -> list[np.ndarray]:
    sheet = np.asarray(Image.open(io.BytesIO(jpeg)).convert("RGB"), np.float64)
    places = [(place // ACROSS * SIDE, place % ACROSS * SIDE) for place in range(count)]
    return [sheet[y : y + SIDE, x : x + SIDE] for y, x in places]


def whole(picture: Image.Image, left: float, top: float, reach: float) -> np.ndarray:
    """Cut from the photograph at its full size."""
    box = (left, top, left + reach, top + reach)
    return np.asarray(picture.resize((SIDE, SIDE), Image.Resampling.BILINEAR, box), np.float64)


def drawn(images: ImageSet, positions: list[int], square) -> tuple[list[np.ndarray], tuple[int, ...]]:
    seen = []
    made = contact_sheet(
        images,
        positions,
        square,
        side=SIDE,
        across=ACROSS,
        progress=lambda done, total: seen.append((done, total)),
        cancel=lambda: False,
    )
    assert seen == [(done, len(positions)) for done in range(1, len(positions) + 1)]
    return tiles(made.jpeg, len(positions)), made.missing


def test_each_middle_is_in_its_place(images: ImageSet) -> None:
    positions = [17, 3, 40, 5, 8, 100, 2]
    found, missing = drawn(images, positions, middle)
    assert missing == ()
    for tile, position in zip(found, positions, strict=True):
        picture = images.open(position)
        least = min(picture.size)
        true = whole(picture, (picture.width - least) / 2, (picture.height - least) / 2, least)
        assert np.abs(tile - true).mean() < MOST


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_an_object_is_cut_from_where_its_box_is(tmp_path: Path, share: float) -> None:
    """In a photograph of 1600 x 1200 whose quarters have different colours, the box is in the last one."""
    picture = np.zeros((1200, 1600, 3), np.uint8)
    for number, colour in enumerate(((255, 0, 0), (0, 255, 0), (0, 0, 255), (250, 250, 0))):
        y, x = number // 2 * 600, number % 2 * 800
        picture[y : y + 600, x : x + 800] = colour
    (tmp_path / "one").mkdir()
    Image.fromarray(picture).save(tmp_path / "one" / "a.jpg", quality=95)
    half = round(share * 270)
    boxes = (
        Box("thing", 1200 - half, 900 - half, 1200 + half, 900 + half),
        Box("thing", 1, 1, 1600, 1200, difficult=True),
    )
    there = replace(find(tmp_path), boxes_of=lambda position: boxes)
    (tile,), _ = drawn(there, [0], largest_object)
    assert np.abs(tile - (250, 250, 0)).mean() < MOST


def test_what_cannot_be_decoded_is_named_and_the_others_are_there(images: ImageSet, tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    for number in range(3):
        content = images.paths[number].read_bytes()
        (tmp_path / "one" / f"{number}.jpg").write_bytes(content)
    here = find(tmp_path)
    broken = here.paths[1]
    broken.write_bytes(broken.read_bytes()[:400])
    found, missing = drawn(here, [0, 1, 2], middle)
    assert missing == (1,)
    assert np.ptp(found[1].mean(axis=(0, 1))) < 20, "grey"
    assert found[2].std() > 10


def test_it_can_be_stopped(images: ImageSet) -> None:
    asked = []

    def slow(images: ImageSet, position: int, side: int) -> Image.Image:
        asked.append(position)
        time.sleep(0.005)
        return Image.new("RGB", (side, side))

    with pytest.raises(Cancelled):
        contact_sheet(
            images,
            range(2000),
            slow,
            side=SIDE,
            across=ACROSS,
            progress=lambda done, total: None,
            cancel=lambda: len(asked) > 3,
        )
    assert len(asked) < 2000
