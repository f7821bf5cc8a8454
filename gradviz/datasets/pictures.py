"""Decode untrusted images safely: JPEG, PNG and WebP, recognised by content, within limits of size and memory."""

import io
import os
import re
import warnings
from pathlib import Path
from typing import BinaryIO

import numpy as np
from PIL import Image, JpegImagePlugin, PngImagePlugin, WebPImagePlugin

from gradviz.errors import DatasetError
from gradviz.words import counted

MEGAPIXEL = 1_000_000
MAX_MEGAPIXELS = 25
"""Above this a JPEG is decoded at half or quarter scale, and a PNG is refused."""
MAX_JPEG_MEGAPIXELS = 200
"""Above this even the reduced JPEG takes longer than a page should wait."""
MAX_PROGRESSIVE_MEGAPIXELS = 30
"""A progressive JPEG keeps all coefficients (up to 8 bytes a pixel) in memory, whatever the scale."""
MAX_SCANS = 64
"""Cameras and programs write about ten; 160 kB with a thousand take 18 seconds to decode."""
MAX_WEBP_MEGAPIXELS = 15
"""The decoder of WebP holds the picture four times. With these limits no picture takes more than 300 MB."""
MAX_FILE_BYTES = 100_000_000
HEAD = 16
"""Bytes that suffice to recognise the format."""

UNWRITABLE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
"""Characters that break a line, reverse it or have no encoding. (Screenshots have odd spaces, families joiners.)"""

PICTURE_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp"})
OTHER_SUFFIXES = frozenset({".heic", ".heif", ".avif", ".gif", ".bmp", ".tif", ".tiff", ".jp2", ".svg"})
"""Pictures that people have and that are not read: reported as findings instead of ignored."""

_OPENERS = {
    "JPEG": JpegImagePlugin.JpegImageFile,
    "PNG": PngImagePlugin.PngImageFile,
    "WebP": WebPImagePlugin.WebPImageFile,
}
_FOREIGN = {b"GIF8": "GIF", b"BM": "BMP", b"II*\0": "TIFF", b"MM\0*": "TIFF", b"\0\0\0\x0cjP  ": "JPEG 2000"}
_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""EXIF orientation -> what turns the picture upright."""
_ORIENTATION_TAG = 0x0112

# Pillow warns about odd metadata, which is of no use here and would land on somebody's terminal. Set once: changing
# the filters around each call is not safe while other threads decode.
warnings.filterwarnings("ignore", module=r"PIL\.")


def picture_format(head: bytes) -> str | None:
    """Recognise JPEG, PNG or WebP by the first bytes of a file; None for anything else."""
    if head.startswith(b"\xff\xd8\xff"):
        return "JPEG"
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "PNG"
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return "WebP"
    return None


def why_not(head: bytes) -> str:
    """Explain why a file that starts with `head` is not read, and what to do."""
    if not head:
        return "the file is empty"
    if head[4:8] == b"ftyp":
        return "HEIC, AVIF or video: export it as JPEG"
    for start, name in _FOREIGN.items():
        if head.startswith(start):
            return f"a {name} is not read: save it as JPEG or PNG"
    return "not a JPEG, PNG or WebP picture"


def printable(name: str, longest: int = 120) -> str:
    """Return an untrusted name as one line of a message: control characters replaced, shortened."""
    line = UNWRITABLE.sub("?", name)
    return line if len(line) <= longest else line[: longest - 1] + "…"


def own_size(picture: Path) -> tuple[int, int] | None:
    """Read a picture's width and height from its header, without decoding it; None where it has no good one."""
    try:
        with Image.open(picture, formats=("JPEG", "PNG", "WEBP")) as image:
            return image.size
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return None


def open_picture(source: Path | bytes, *, name: str | None = None) -> Image.Image:
    """Decode a picture: RGB, upright, on white where it was transparent, without metadata.

    Parameters
    ----------
    source
        The file, or its contents.
    name
        What messages call it.

    Returns
    -------
    PIL.Image.Image
        A JPEG of more than 25 megapixels comes at half or quarter scale.

    Raises
    ------
    DatasetError
        If it is not a JPEG, PNG or WebP, or is too large, cut off or damaged.
    """
    return _decode(source, name, smallest=None)


def reduced(source: Path | bytes, *, name: str | None = None, least: int) -> Image.Image:
    """Decode a picture as `open_picture` does, a JPEG at the smallest scale that leaves both sides `least` pixels.

    Its scales are 1, 1/2, 1/4 and 1/8; a picture with a shorter side than `least` comes as it is.
    """
    return _decode(source, name, smallest=least)


def thumbnail(source: Path | bytes, *, name: str | None = None, side: int = 128) -> bytes:
    """Return a small JPEG, its longer side at most `side` pixels. Raises DatasetError as `open_picture` does."""
    picture = _decode(source, name, smallest=2 * side)
    picture.thumbnail((side, side), Image.Resampling.LANCZOS)
    return as_jpeg(picture, quality=80)


def picture_size(path: Path) -> tuple[int, int] | None:
    """Return width and height of a picture as it stands upright, from its header; None where that cannot be read."""
    try:
        with path.open("rb") as file:
            kind = picture_format(file.read(HEAD))
            if kind is None:
                return None
            file.seek(0)
            picture = _OPENERS[kind](file, path.name)
            width, height = picture.size
            return (height, width) if _orientation(picture) >= 5 else (width, height)
    except Exception:
        # Headers of hostile files fail in any way inside the decoder, as in `_decode`.
        return None


def as_jpeg(picture: Image.Image, *, quality: int) -> bytes:
    """Encode an RGB picture, without any metadata."""
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=quality)
    return buffer.getvalue()


def is_whole(source: Path) -> bool:
    """Check by its header and its end whether a picture can be decoded, a hundred times faster than to decode it.

    Where it says no, `open_picture` decides: programs leave things behind a picture. Damage in the middle stays unseen.

    Raises
    ------
    OSError
        If the file cannot be opened.
    """
    with source.open("rb") as file:
        try:
            _, kind, _ = _opened(file, source.name)
            return _ENDS[kind](file)
        except Exception:  # what decoders raise is for `open_picture` to name
            return False


def _jpeg_ends(file: BinaryIO) -> bool:
    """Look for the marker of the end: last in the file, or behind a scan; the one of a preview is in a segment."""
    file.seek(-2, os.SEEK_END)
    if file.read() == b"\xff\xd9":
        return True
    file.seek(0)
    content, place, scans = file.read(), 2, 0
    while found := _MARKER.search(content, place):
        if found[0] == b"\xff\xd9":
            return scans > 0
        scans += found[0] == b"\xff\xda"
        place = found.end() + int.from_bytes(content[found.end() : found.end() + 2], "big")
    return False


def _png_ends(file: BinaryIO) -> bool:
    file.seek(-8, os.SEEK_END)
    return file.read(4) == b"IEND"


def _webp_ends(file: BinaryIO) -> bool:
    size = file.seek(0, os.SEEK_END)
    file.seek(4)
    return int.from_bytes(file.read(4), "little") + 8 <= size


_MARKER = re.compile(rb"\xff[\xc0-\xcf\xd9-\xfe]")
"""A marker of a JPEG with a length behind it, or of the end; compressed data have none of these."""
_ENDS = {"JPEG": _jpeg_ends, "PNG": _png_ends, "WebP": _webp_ends}


def _decode(source: Path | bytes, name: str | None, *, smallest: int | None) -> Image.Image:
    label = printable(name or (source.name if isinstance(source, Path) else "The picture"))
    try:
        file = source.open("rb") if isinstance(source, Path) else io.BytesIO(source)
        with file:
            return _read(file, label, smallest)
    except DatasetError:
        raise
    except OSError as error:
        raise DatasetError(f"{label} is cut off, damaged or unreadable: {_reason(error)}.") from error
    except MemoryError as error:
        raise DatasetError(f"{label} needs more memory than there is: make it smaller.") from error
    except Exception as error:
        # Decoders meet hostile bytes here and raise whatever these lead to: SyntaxError, zlib.error, OverflowError.
        raise DatasetError(f"{label} is damaged: {_reason(error)}.") from error


def _reason(error: Exception) -> str:
    reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return printable(reason.strip().rstrip(".")) or type(error).__name__


def _read(file: BinaryIO, label: str, smallest: int | None) -> Image.Image:
    picture, kind, scale = _opened(file, label)
    if kind == "JPEG" and (scale > 1 or smallest):
        width, height = (smallest, smallest) if smallest else (side // scale for side in picture.size)
        picture.draft("RGB", (width, height))
    picture.load()
    turn = _UPRIGHT.get(_orientation(picture))
    upright = _rgb(picture)
    del picture  # before the next copy is made: a large one takes 100 MB
    upright = upright.copy() if turn is None else upright.transpose(turn)
    upright.info.clear()
    return upright


def _opened(file: BinaryIO, label: str) -> tuple[Image.Image, str, int]:
    """Read the header; return the picture, its format and the scale to decode it at. Refuses what is too large."""
    head = file.read(HEAD)
    kind = picture_format(head)
    if kind is None:
        raise DatasetError(f"{label} cannot be used: {why_not(head)}.")
    if file.seek(0, os.SEEK_END) > MAX_FILE_BYTES:
        raise DatasetError(f"{label} is refused: larger than {MAX_FILE_BYTES // 10**6} MB.")
    file.seek(0)
    # The class itself instead of Image.open: that one warns or raises by limits of its own before ours are asked.
    picture = _OPENERS[kind](file, label)
    scale = _scale(picture, kind, label)
    if "progressive" in picture.info and _scans(file) > MAX_SCANS:
        raise DatasetError(f"{label} is refused: a JPEG of more than {counted(MAX_SCANS, 'scan')}; save it again.")
    return picture, kind, scale


def _scale(picture: Image.Image, kind: str, label: str) -> int:
    """Choose the scale (1, 2, 4) that keeps the decoded picture within the limit; refuse what none can."""
    pixels = picture.width * picture.height
    limit = {"JPEG": MAX_JPEG_MEGAPIXELS, "WebP": MAX_WEBP_MEGAPIXELS}.get(kind, MAX_MEGAPIXELS)
    if "progressive" in picture.info:
        limit = MAX_PROGRESSIVE_MEGAPIXELS
    if pixels > limit * MEGAPIXEL:
        size = f"{picture.width} x {picture.height}"
        raise DatasetError(
            f"{label} is refused: {size} pixels, more than {counted(limit, 'megapixel')}; make it smaller."
        )
    return next(s for s in (1, 2, 4) if pixels <= s * s * MAX_MEGAPIXELS * MEGAPIXEL)


def _scans(file: BinaryIO) -> int:
    """Count the scans of a JPEG; its compressed data never contain the marker."""
    place = file.tell()
    file.seek(0)
    scans = file.read().count(b"\xff\xda")
    file.seek(place)
    return scans


def _orientation(picture: Image.Image) -> int:
    try:
        return picture.getexif().get(_ORIENTATION_TAG, 1)
    except Exception:
        # Damaged metadata beside a good picture: shown as it is stored.
        return 1


def _rgb(picture: Image.Image) -> Image.Image:
    if picture.mode == "RGB":
        return picture
    if picture.mode.startswith("I"):  # 16-bit grey: convert() would clip at 255
        return Image.fromarray((np.asarray(picture) >> 8).astype(np.uint8)).convert("RGB")
    if picture.has_transparency_data:
        return _on_white(picture)
    return picture.convert("RGB")


def _on_white(picture: Image.Image, rows: int = 512) -> Image.Image:
    """Composite a transparent picture onto white, in bands: whole, the intermediate images would take 300 MB."""
    white = Image.new("RGB", picture.size, "white")
    for top in range(0, picture.height, rows):
        band = picture.crop((0, top, picture.width, min(top + rows, picture.height))).convert("RGBA")
        white.paste(band.convert("RGB"), (0, top), band.getchannel("A"))
    return white
