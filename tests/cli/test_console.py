import io
import sys
import time

import pytest

from gradviz.cli.console import Bar, TransferBar, shortened, table


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def terminal(monkeypatch):
    """Return a function that replaces standard error by a terminal; pytest undoes what is put there earlier."""

    def put() -> Terminal:
        made = Terminal()
        monkeypatch.setattr(sys, "stderr", made)
        return made

    return put


def test_elsewhere_than_on_a_terminal_a_line_is_written_at_every_tenth(capsys):
    with Bar("image") as bar:
        for done in range(0, 101):
            bar(done, 100)
    out, err = capsys.readouterr()
    assert out == ""
    assert err.splitlines() == [f"{done} of 100 images" for done in range(0, 101, 10)]


def test_thousandths_are_shown_as_percent(capsys):
    bar = Bar()
    bar(0, 1000)
    bar(499, 1000)
    assert capsys.readouterr().err.splitlines() == ["0 %", "49 %"]


def test_nothing_to_do_divides_by_nothing(capsys):
    Bar("image")(0, 0)
    assert capsys.readouterr().err == "0 of 0 images\n"


def test_the_time_left_is_said_once_it_can_be_known():
    bar = Bar("image")
    bar._start -= 30
    assert bar.text(100, 300) == "100 of 300 images, 1 min 0 s left"
    assert bar.text(300, 300) == "300 of 300 images"


def test_a_terminal_gets_one_line_rewritten(terminal):
    shown = terminal()
    with Bar("image") as bar:
        for done in range(1000):
            bar(done, 1000)
        bar(1000, 1000)
    written = shown.getvalue()
    assert written.count("\n") == 1
    assert written.endswith("\n")
    assert 2 <= written.count("\r") < 200
    assert "1,000 of 1,000 images" in written.rsplit("\r", 1)[1]


def test_a_bar_that_never_moved_leaves_no_line(terminal):
    shown = terminal()
    with Bar("image"):
        pass
    assert shown.getvalue() == ""


def test_a_bar_fills_and_may_begin_again(terminal):
    shown = terminal()
    with Bar("image") as bar:
        for done, total in ((0, 10), (5, 10), (1, 20), (20, 20)):
            bar(done, total)
            time.sleep(0.11)
    drawn = [line.rstrip() for line in shown.getvalue().split("\r") if line.strip()]
    assert drawn[:3] == [
        "|                    | 0 of 10 images",
        "|##########          | 5 of 10 images",
        "|#                   | 1 of 20 images",
    ]
    assert drawn[-1] == "|####################| 20 of 20 images"


@pytest.mark.parametrize("live", [False, True])
def test_a_note_has_a_line_of_its_own(terminal, monkeypatch, live):
    shown = terminal()
    monkeypatch.setattr(shown, "isatty", lambda: live)
    with TransferBar() as bar:
        bar.say("Going on after 1 kB.")
        bar(1000, 4000)
        bar.say("Trying again.")
        bar(4000, 4000)
    lines = [line.rsplit("\r", 1)[-1].rstrip() for line in shown.getvalue().splitlines()]
    notes = [line for line in lines if line.startswith("note")]
    assert notes == ["note: Going on after 1 kB.", "note: Trying again."]
    assert "4 kB of 4 kB" in lines[-1]
    assert shown.getvalue().endswith("\n")


def test_a_line_ends_before_an_error_is_told(terminal):
    shown = terminal()
    with pytest.raises(ValueError, match="no"), Bar("image") as bar:  # noqa: PT012
        bar(1, 3)
        raise ValueError("no")
    assert shown.getvalue().endswith("\n")


def test_transfers_count_bytes(capsys):
    with TransferBar() as bar:
        bar(0, 2_000_000)
        bar(2_000_000, 2_000_000)
    first, last = capsys.readouterr().err.splitlines()
    assert first.startswith("0 kB of 2.0 MB")
    assert last.startswith("2.0 MB of 2.0 MB")


def test_numbers_stand_to_the_right_words_to_the_left():
    assert table(("class", "AP"), [("cat", "7.50"), ("aeroplane", "41.06"), ("mean", "-")]).splitlines() == [
        "class         AP",
        "cat         7.50",
        "aeroplane  41.06",
        "mean           -",
    ]


def test_whole_numbers_in_tables_have_grouped_digits():
    assert table(("split", "images"), [("train", 2476), ("val", 12)]).splitlines() == [
        "split  images",
        "train   2,476",
        "val        12",
    ]


def test_a_table_without_rows_is_its_head():
    assert table(("kind", "size"), []) == "kind  size"


def test_long_names_lose_their_middle_and_stay_distinct():
    names = ["cat", "a" * 40, "x" * 41, "x" * 42, f"{'x' * 18}…{'x' * 17} (3)", "x" * 300]
    shown = shortened(names)
    assert shown[:2] == names[:2]
    assert shown[2] == f"{'x' * 19}…{'x' * 20}"
    assert all(len(name) <= 40 for name in shown)
    assert len(set(shown)) == len(names)
