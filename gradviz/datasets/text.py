"""Read the text of lists that people write with many programs: UTF-8 or UTF-16, with or without a byte order mark."""

import codecs
from pathlib import Path

MAX_BYTES = 100_000_000


def read_text(path: Path, largest: int = MAX_BYTES) -> str:
    """Return the text of a regular file of at most `largest` bytes.

    Raises
    ------
    OSError, ValueError
        If it is no such file, or no text in UTF-8 or UTF-16; a sentence's end that says why.
    """
    if not path.is_file() or path.stat().st_size > largest:
        raise ValueError(f"not a file of less than {largest // 1_000_000} MB")
    return decoded(path.read_bytes())


def decoded(content: bytes) -> str:
    """Return bytes as text by their byte order mark; without one, UTF-16 is told by the zeros in it."""
    return without_end_mark(_decoded(content))


def without_end_mark(text: str) -> str:
    """Return a text without the Ctrl-Z with which DOS and its editors end a file: it is no line, nor part of one."""
    ended = text.rstrip("\x1a\r\n ")
    return ended + "\n" if "\x1a" in text[len(ended) :] else text


def _decoded(content: bytes) -> str:
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return content.decode("utf-16")
    start = content[:200]
    if len(start) > 3 and 0 in start:
        for zeros, codec in ((start[1::2], "utf-16-le"), (start[0::2], "utf-16-be")):
            if zeros.count(0) > 0.8 * len(zeros):
                return content.decode(codec)
    return content.decode("utf-8-sig")
