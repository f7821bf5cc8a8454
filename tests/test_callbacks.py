import pytest

from gradviz.callbacks import never, part, silent, stop_if
from gradviz.errors import Cancelled


def test_work_stops_only_when_asked_to():
    stop_if(never)
    silent(1, 2)
    with pytest.raises(Cancelled, match="what was finished is kept"):
        stop_if(lambda: True)


def test_part_reports_thousandths_of_the_whole():
    seen = []
    report = part(lambda *step: seen.append(step), 0.4, 0.8)
    for done in (0, 1, 4):
        report(done, 4)
    report(0, 0)
    assert seen == [(400, 1000), (500, 1000), (800, 1000), (400, 1000)]


def test_parts_nest():
    seen = []
    outer = part(lambda *step: seen.append(step), 0.5, 1)
    part(outer, 0, 0.5)(3, 3)
    assert seen == [(750, 1000)]
