"""Rates and times in words."""

from gradviz.download.pace import Pace, size_text, time_text


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_sizes_and_times_in_words():
    assert [size_text(x) for x in (1500, 12_340_000, 1_999_639_040)] == ["2 kB", "12.3 MB", "2.00 GB"]
    assert [time_text(x) for x in (4.4, 200, 7500)] == ["4 s", "3 min 20 s", "2 h 5 min"]


def test_rate_and_time_left_by_hand():
    clock = Clock()
    pace = Pace(clock)
    assert pace.text == "waiting for the first bytes"
    pace(0, 439_000_000)
    clock.now = 5
    pace(20_000_000, 439_000_000)
    assert pace.rate == 4e6
    assert pace.text == "20.0 MB of 439.0 MB, 4.0 MB/s, 1 min 45 s left"


def test_rate_follows_the_last_ten_seconds_only():
    clock = Clock()
    pace = Pace(clock)
    for second in range(41):
        clock.now = second
        pace(second * 1_000_000 if second <= 20 else 20_000_000 + (second - 20) * 3_000_000, 10**9)
    assert pace.rate == 3e6


def test_a_new_start_forgets_the_rate_and_silence_is_said():
    clock = Clock()
    pace = Pace(clock)
    pace(50, 100)
    clock.now = 1
    pace(10, 100)
    assert pace.rate is None
    clock.now = 2
    pace(10, 100)
    assert pace.text.endswith("nothing comes at the moment")
