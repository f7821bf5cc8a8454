import io
import struct
import tracemalloc
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from gradviz.datasets import pictures
from gradviz.datasets.pictures import open_picture, printable, thumbnail
from gradviz.errors import DatasetError
from tests.small_sets import picture


def encode(image: Image.Image, kind: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def png_bomb(width: int, height: int) -> bytes:
    """A valid grey PNG of zeros, a few kB whatever its size."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    packer = zlib.compressobj(9)
    rows = b"".join(packer.compress(bytes((width + 7) // 8 + 1)) for _ in range(height)) + packer.flush()
    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


GRADIENT = Image.fromarray(np.arange(64 * 48 * 3, dtype=np.uint32).reshape(48, 64, 3).astype(np.uint8))


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WebP"])
def test_formats_are_told_by_content_not_by_suffix(tmp_path: Path, kind: str):
    path = tmp_path / "picture.txt"
    path.write_bytes(encode(GRADIENT, kind))
    opened = open_picture(path)
    assert (opened.mode, opened.size) == ("RGB", (64, 48))
    assert pictures.picture_format(path.read_bytes()[:16]) == kind


def test_png_is_returned_exactly():
    assert (np.asarray(open_picture(encode(GRADIENT, "PNG"))) == np.asarray(GRADIENT)).all()


def test_a_jpeg_within_the_limit_is_decoded_as_pillow_does():
    content = encode(GRADIENT, "JPEG")
    assert (np.asarray(open_picture(content)) == np.asarray(Image.open(io.BytesIO(content)))).all()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "the file is empty"),
        (b"<html>", "not a JPEG, PNG or WebP"),
        (b"\0\0\0\x18ftypheic\0\0\0\0", "export it as JPEG"),
        (b"GIF89a.......", "a GIF is not read"),
        (b"II*\0........", "a TIFF is not read"),
        (b"\xff\xd8\xff", "damaged"),
        (b"\x89PNG\r\n\x1a\n" + b"x" * 40, "damaged"),
        (b"RIFF\x10\0\0\0WEBPVP8 ....", "damaged"),
    ],
)
def test_what_is_no_picture_is_refused_with_a_reason(content: bytes, said: str):
    with pytest.raises(DatasetError, match=said) as caught:
        open_picture(content, name="holiday.jpg")
    assert str(caught.value).startswith("holiday.jpg ")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WebP"])
def test_a_file_cut_anywhere_is_refused_by_name(tmp_path: Path, kind: str):
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 256, (96, 96, 3), np.uint8))
    whole = encode(noise, kind)
    path = tmp_path / "cut.bin"
    for part in (0.02, 0.3, 0.6, 0.9):
        path.write_bytes(whole[: int(part * len(whole))])
        with pytest.raises(DatasetError, match=r"cut\.bin"):
            open_picture(path)


def test_flipped_bytes_never_raise_anything_else():
    rng = np.random.default_rng(1)
    good = [encode(GRADIENT, kind) for kind in ("JPEG", "PNG", "WebP")]
    for trial in range(200):
        content = bytearray(good[trial % 3])
        for place in rng.integers(0, len(content), 5):
            content[place] ^= 1 << rng.integers(8)
        try:
            opened = open_picture(bytes(content))
        except DatasetError:
            continue
        assert opened.mode == "RGB"


def test_a_missing_file_and_a_folder_are_data_errors(tmp_path: Path):
    with pytest.raises(DatasetError, match="No such file"):
        open_picture(tmp_path / "no.jpg")
    with pytest.raises(DatasetError, match="Is a directory"):
        open_picture(tmp_path)


def test_a_bomb_is_refused_before_it_is_unpacked():
    bomb = png_bomb(12_000, 12_000)
    assert len(bomb) < 30_000
    tracemalloc.start()
    with pytest.raises(DatasetError, match=r"12000 x 12000 pixels, more than 25 megapixels"):
        open_picture(bomb)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 2_000_000


@pytest.mark.parametrize("size", [(5200, 5000), (10_400, 9_600)])
def test_a_large_jpeg_is_decoded_at_reduced_scale(size: tuple[int, int]):
    grey = Image.new("L", size, 120)
    grey.paste(240, (0, 0, size[0] // 2, size[1] // 2))
    opened = open_picture(encode(grey, "JPEG"))
    assert opened.size == tuple(side // 2 for side in size)
    assert opened.size[0] * opened.size[1] <= 25_000_000
    assert opened.getpixel((10, 10))[0] > 230
    assert opened.getpixel((opened.width - 10, 10))[0] < 130


def test_jpegs_that_no_scale_makes_cheap_are_refused(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(pictures, "MAX_PROGRESSIVE_MEGAPIXELS", 0.003)
    with pytest.raises(DatasetError, match="64 x 48 pixels"):
        open_picture(encode(GRADIENT, "JPEG", progressive=True))
    assert open_picture(encode(GRADIENT, "JPEG")).size == (64, 48)
    monkeypatch.setattr(pictures, "MAX_JPEG_MEGAPIXELS", 0.003)
    monkeypatch.setattr(pictures, "MAX_WEBP_MEGAPIXELS", 0.003)
    for kind in ("JPEG", "WebP"):
        with pytest.raises(DatasetError, match="64 x 48 pixels"):
            open_picture(encode(GRADIENT, kind))


def test_a_jpeg_of_a_thousand_scans_is_refused():
    content = encode(GRADIENT, "JPEG", progressive=True)
    last = content[content.rfind(b"\xff\xda") : -2]
    assert open_picture(content).size == (64, 48)
    with pytest.raises(DatasetError, match="more than 64 scans"):
        open_picture(content[:-2] + 1000 * last + content[-2:])


def test_a_picture_that_takes_too_much_memory_is_refused_by_name(monkeypatch: pytest.MonkeyPatch):
    def full(picture: Image.Image) -> Image.Image:
        raise MemoryError

    monkeypatch.setattr(pictures, "_rgb", full)
    with pytest.raises(DatasetError, match=r"^a\.png needs more memory than there is: make it smaller\.$"):
        open_picture(encode(GRADIENT, "PNG"), name="a.png")


def test_a_file_of_too_many_bytes_is_not_read(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(pictures, "MAX_FILE_BYTES", 100)
    with pytest.raises(DatasetError, match="larger than"):
        open_picture(encode(GRADIENT, "PNG"))


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WebP"])
def test_pictures_stand_upright(kind: str, orientation: int):
    corner = Image.new("RGB", (64, 32), "black")
    corner.paste("white", (0, 0, 16, 16))
    exif = Image.Exif()
    exif[0x0112] = orientation
    opened = open_picture(encode(corner, kind, exif=exif))
    white = {1: (0, 0), 2: (1, 0), 3: (1, 1), 4: (0, 1), 5: (0, 0), 6: (1, 0), 7: (1, 1), 8: (0, 1)}[orientation]
    assert opened.size == ((64, 32) if orientation < 5 else (32, 64))
    at = (white[0] * (opened.width - 1), white[1] * (opened.height - 1))
    assert opened.getpixel(at)[0] > 200
    assert np.asarray(opened).mean() < 60
    assert opened.info == {}
    assert len(opened.getexif()) == 0


@pytest.mark.filterwarnings("ignore:Corrupt EXIF:UserWarning", "ignore:Truncated File Read:UserWarning")
def test_damaged_exif_does_not_cost_the_picture():
    for garbage in (b"Exif\0\0II*\0\xff\xff\xff\xff", b"Exif\0\0MM\0*\0\0\0\x08\0\x05\1\x12", b"Exif\0\0garbage"):
        assert open_picture(encode(GRADIENT, "JPEG", exif=garbage)).size == (64, 48)


def test_transparency_is_laid_on_white():
    clear = Image.new("RGBA", (30, 1100), (200, 0, 0, 0))
    clear.paste((0, 0, 200, 255), (0, 1000, 30, 1100))
    half = Image.new("LA", (8, 8), (0, 128))
    palette = Image.new("P", (8, 8), 1)
    palette.putpalette([10, 20, 30, 40, 50, 60])
    assert open_picture(encode(clear, "PNG")).getpixel((5, 5)) == (255, 255, 255)
    assert open_picture(encode(clear, "PNG")).getpixel((5, 1050)) == (0, 0, 200)
    assert open_picture(encode(clear, "WebP", lossless=True)).getpixel((5, 5)) == (255, 255, 255)
    assert open_picture(encode(half, "PNG")).getpixel((0, 0)) == (127, 127, 127)
    assert open_picture(encode(palette, "PNG", transparency=b"\xff\x00")).getpixel((0, 0)) == (255, 255, 255)
    assert open_picture(encode(palette, "PNG")).getpixel((0, 0)) == (40, 50, 60)


def test_other_colour_modes_become_rgb():
    deep = Image.fromarray(np.full((4, 4), 40_000, np.uint16))
    assert open_picture(encode(deep, "PNG")).getpixel((0, 0)) == (156, 156, 156)
    cmyk = open_picture(encode(Image.new("CMYK", (16, 16), (0, 255, 255, 0)), "JPEG")).getpixel((5, 5))
    assert cmyk[0] > 230
    assert max(cmyk[1:]) < 30
    assert open_picture(encode(Image.new("1", (4, 4), 1), "PNG")).getpixel((0, 0)) == (255, 255, 255)


def test_thumbnails_are_small_upright_jpegs(tmp_path: Path):
    exif = Image.Exif()
    exif[0x0112] = 6
    path = picture(tmp_path / "large.jpg", 3, size=(1600, 800), exif=exif)
    content = thumbnail(path)
    with Image.open(io.BytesIO(content)) as small:
        assert (small.format, small.size) == ("JPEG", (64, 128))
    assert len(content) < 8_000
    with Image.open(io.BytesIO(thumbnail(encode(GRADIENT, "PNG")))) as small:
        assert small.size == (64, 48)


def test_printable_keeps_messages_on_one_line():
    assert printable("a\nb\x1b[31m\u202e.jpg") == "a?b?[31m?.jpg"
    assert len(printable("x" * 500)) == 120


def test_all_real_photographs_open(voc_root: Path):
    for path in sorted((voc_root / "JPEGImages").iterdir())[::50]:
        with Image.open(path) as plain:
            assert (np.asarray(open_picture(path)) == np.asarray(plain.convert("RGB"))).all()
