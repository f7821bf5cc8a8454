from pathlib import Path

import pytest

from gradviz.datasets.text import decoded, read_text


@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("text", ["000001  1\n", "straße 1\n", "a\n", "день 1\nabc -1\n" * 50])
def test_every_way_to_write_a_list(codec: str, text: str):
    if codec.endswith("e") and not text.isascii() and text.startswith("день"):
        return  # without a mark, letters of another script cannot be told from bytes of another kind
    assert decoded(text.encode(codec)) == text


@pytest.mark.parametrize("end", ["\x1a", "\n\x1a", "\r\n\x1a\x1a", "\n\x1a\n"])
def test_the_mark_with_which_dos_ends_a_file_is_left_out(end: str):
    assert decoded(f"a 1\nb \x1a 2{end}".encode()) == "a 1\nb \x1a 2\n"


def test_what_is_no_text_or_too_long_is_refused(tmp_path: Path):
    for content in (bytes(range(128, 256)), b"\xff\xfe\x00", b"ab\xe4\n"):
        with pytest.raises(UnicodeDecodeError):
            decoded(content)
    (tmp_path / "list.txt").write_text("0123456789")
    assert read_text(tmp_path / "list.txt", 10) == "0123456789"
    with pytest.raises(ValueError, match="not a file of less than"):
        read_text(tmp_path / "list.txt", 9)
    with pytest.raises(ValueError, match="not a file"):
        read_text(tmp_path)
