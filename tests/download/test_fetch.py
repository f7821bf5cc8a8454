"""One file over http: resumed, checked, named only when whole; against a host that misbehaves in each way."""

import hashlib
import json
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from gradviz.download import fetch as fetching
from gradviz.download.fetch import Remote, fetch
from gradviz.download.http import HostError
from gradviz.errors import Cancelled, DownloadError
from tests.server import Host

ROOT = Path(__file__).resolve().parents[2]
CONTENT = hashlib.shake_256(b"a file").digest(300_000)
SHA = hashlib.sha256(CONTENT).hexdigest()
FILE = Remote("https://h.example/a.bin", f"sha256:{SHA[:8]}")
OTHER = hashlib.shake_256(b"another").digest(300_000)


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetching, "STALL", 0.3)
    monkeypatch.setattr(fetching, "PAUSE", 0.01)


@pytest.fixture
def host():
    with Host({"/a.bin": CONTENT}) as made:
        yield made


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "a.bin"


def remote(host: Host, **changes: Any) -> Remote:
    return Remote(**{"url": host.url("/a.bin"), "digest": f"sha256:{SHA[:8]}", "size": len(CONTENT)} | changes)


def part(target: Path) -> Path:
    return target.with_name("a.bin.part")


def break_off(host: Host, target: Path, after: int = 100_000) -> None:
    """Leave a part of the file, as a cancelled transfer does."""
    come = 0

    def progress(done: int, total: int) -> None:
        nonlocal come
        come = done

    with pytest.raises(Cancelled):
        fetch(remote(host), target, progress=progress, cancel=lambda: come >= after)
    assert not target.exists()
    assert part(target).stat().st_size >= after
    assert part(target).read_bytes() == CONTENT[: part(target).stat().st_size]
    host.asked.clear()


def test_file_comes_whole_with_progress_and_its_sha256(host, target):
    seen = []
    assert fetch(remote(host), target, progress=lambda done, total: seen.append((done, total))) == SHA
    assert target.read_bytes() == CONTENT
    assert seen == sorted(seen)
    assert seen[-1] == (len(CONTENT), len(CONTENT))
    assert sorted(path.name for path in target.parent.iterdir()) == ["a.bin", "a.bin.sha256"]
    assert (target.parent / "a.bin.sha256").read_text() == f"{SHA}  a.bin\n"


def test_md5_is_a_digest_too(host, target):
    digest = hashlib.md5(CONTENT, usedforsecurity=False).hexdigest()
    assert fetch(remote(host, digest=f"md5:{digest}"), target) == SHA


def test_cancelled_transfer_goes_on_where_it_stopped(host, target):
    break_off(host, target)
    kept = part(target).stat().st_size
    said = []
    fetch(remote(host), target, say=said.append)
    assert target.read_bytes() == CONTENT
    assert [(ask["Range"], ask["If-Range"]) for ask in host.asked] == [(f"bytes={kept}-", '"one"')]
    assert said[0].startswith("Going on after")


def test_date_serves_where_the_etag_is_weak(host, target):
    host.manners.etag, host.manners.modified = 'W/"one"', "Tue, 06 Nov 2007 12:00:00 GMT"
    break_off(host, target)
    fetch(remote(host), target)
    assert host.asked[0]["If-Range"] == "Tue, 06 Nov 2007 12:00:00 GMT"
    assert target.read_bytes() == CONTENT


@pytest.mark.parametrize("changes", [{}, {"etag": None}, {"chunked": True}, {"length": False}])
def test_cut_connections_are_resumed_within_one_call(host, target, changes):
    for name, value in changes.items():
        setattr(host.manners, name, value)
    host.manners.cuts = [70_000, 80_000]
    said = []
    fetch(remote(host), target, say=said.append)
    assert target.read_bytes() == CONTENT
    assert len(host.asked) == 3
    assert [s for s in said if "Trying again" in s]


def test_a_host_that_always_cuts_is_told_and_what_came_is_kept(host, target):
    host.manners.cuts = [10_000] * 50
    with pytest.raises(HostError, match=r"127\.0\.0\.1 cut the connection after 40 kB"):
        fetch(remote(host), target)
    assert len(host.asked) == 1 + fetching.RETRIES
    assert not target.exists()
    assert part(target).read_bytes() == CONTENT[:40_000]


def test_progress_earns_new_tries(host, target, monkeypatch):
    monkeypatch.setattr(fetching, "_GAIN", 20_000)
    host.manners.cuts = [30_000] * 9
    fetch(remote(host), target)
    assert target.read_bytes() == CONTENT


def test_host_without_ranges_begins_again(host, target):
    break_off(host, target)
    host.manners.ranges = False
    said = []
    fetch(remote(host), target, say=said.append)
    assert target.read_bytes() == CONTENT
    assert len(host.asked) == 1
    assert any("begins again" in s for s in said)


def test_host_without_ranges_that_always_cuts_is_given_up(host, target):
    host.manners.ranges, host.manners.cuts = False, [200_000] * 50
    with pytest.raises(HostError, match="cut the connection"):
        fetch(remote(host), target)
    assert not target.exists()


@pytest.mark.parametrize("honest", [True, False])
def test_changed_file_begins_again_and_is_never_mixed(host, target, honest):
    host.files["/a.bin"] = OTHER
    with pytest.raises(Cancelled):
        fetch(remote(host), target, cancel=lambda: part(target).exists() and part(target).stat().st_size > 100_000)
    host.files["/a.bin"], host.manners.etag, host.manners.honours_if_range = CONTENT, '"two"', honest
    fetch(remote(host), target)
    assert target.read_bytes() == CONTENT


def test_silent_change_is_found_by_the_digest_and_begins_again(host, target):
    host.manners.etag = None
    part(target).write_bytes(OTHER[:100_000])
    said = []
    fetch(remote(host), target, say=said.append)
    assert target.read_bytes() == CONTENT
    assert any("do not fit together" in s for s in said)


def test_another_mirror_goes_on_with_what_came(host, target):
    break_off(host, target)
    kept = part(target).stat().st_size
    with Host({"/other/a.bin": CONTENT}, etag='"elsewhere"') as mirror:
        fetch(remote(host).at(mirror.url("/other/")), target)
        assert (mirror.asked[0]["Range"], mirror.asked[0]["If-Range"]) == (f"bytes={kept}-", None)
    assert target.read_bytes() == CONTENT


@pytest.mark.parametrize("partial", ["bytes 0-99/300000", "bytes 5-299999/300000", "nonsense", "bytes 100-200/77"])
def test_a_partial_answer_that_does_not_fit_is_not_believed(host, target, partial):
    break_off(host, target)
    host.manners.partial = partial
    fetch(remote(host), target)
    assert target.read_bytes() == CONTENT


def test_range_beyond_the_end_begins_again(host, target):
    part(target).write_bytes(OTHER[:200_000])
    (target.parent / "a.bin.part.json").write_text(json.dumps({"url": host.url("/a.bin"), "validator": '"one"'}))
    host.files["/a.bin"] = CONTENT[:50_000]
    whole = hashlib.sha256(CONTENT[:50_000]).hexdigest()
    fetch(remote(host, digest=f"sha256:{whole}", size=None), target)
    assert target.read_bytes() == CONTENT[:50_000]


@pytest.mark.parametrize("length", [len(CONTENT), len(CONTENT) + 5])
def test_part_that_is_complete_or_too_long(host, target, length):
    part(target).write_bytes((CONTENT + b"later")[:length])
    fetch(remote(host), target)
    assert target.read_bytes() == CONTENT
    assert len(host.asked) == (length > len(CONTENT))


@pytest.mark.parametrize("notes", ["", "{", "[]", "null"])
def test_damaged_notes_do_no_harm(host, target, notes):
    break_off(host, target)
    (target.parent / "a.bin.part.json").write_text(notes)
    fetch(remote(host), target)
    assert target.read_bytes() == CONTENT


@pytest.mark.parametrize(
    ("manners", "sentence"),
    [
        ({"status": 404}, "does not have this file"),
        ({"status": 403}, "does not allow access"),
        ({"status": 500}, "has an internal error"),
        ({"kind": "text/html; charset=utf-8"}, "sends a web page"),
        ({"mute": True}, "has sent nothing for 0.3 s"),
    ],
)
def test_other_answers_are_one_sentence_and_leave_nothing_named(host, target, manners, sentence):
    for name, value in manners.items():
        setattr(host.manners, name, value)
    with pytest.raises(HostError, match=sentence) as error:
        fetch(remote(host), target)
    assert "\n" not in str(error.value)
    assert not target.exists()
    assert len(host.asked) == 1  # a host that has given nothing is not asked again and again


def test_stall_in_the_middle_keeps_what_came(host, target):
    host.manners.stall = 50_000
    with pytest.raises(HostError, match="has sent nothing"):
        fetch(remote(host), target)
    host.manners.stall = None
    assert part(target).stat().st_size == 200_000  # 50 kB in each of four answers
    fetch(remote(host), target)
    assert target.read_bytes() == CONTENT


def test_other_size_is_refused_before_it_comes(host, target):
    host.files["/a.bin"] = OTHER[:1000]
    with pytest.raises(HostError, match=r"offers 1,000 bytes as a\.bin, the published file has 300,000[.]"):
        fetch(remote(host), target)
    assert part(target).stat().st_size == 0


def test_endless_answer_is_stopped(host, target, monkeypatch):
    monkeypatch.setattr(fetching, "LARGEST", 100_000)
    host.manners.chunked = True
    with pytest.raises(HostError, match=r"more than a\.bin can hold"):
        fetch(remote(host, size=None), target)
    assert part(target).stat().st_size == 0


def test_wrong_content_is_refused_and_forgotten(host, target):
    host.files["/a.bin"] = OTHER
    with pytest.raises(HostError, match="is not the published file"):
        fetch(remote(host), target)
    assert not target.exists()
    assert part(target).stat().st_size == 0
    assert len(host.asked) == 1


def test_too_little_room_is_told_before_anything_comes(host, target, monkeypatch):
    usage = shutil.disk_usage(target.parent)._replace(free=fetching._SPARE + len(CONTENT) - 1)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    with pytest.raises(DownloadError, match="free some space"):
        fetch(remote(host), target)
    assert part(target).stat().st_size == 0


def test_local_mirror_is_found_checked_and_copied(tmp_path, target):
    stick = tmp_path / "stick"
    stick.mkdir()
    (stick / "a.bin").write_bytes(CONTENT)
    wanted = Remote("https://h.example/a.bin", f"sha256:{SHA[:8]}")
    assert fetch(wanted, target, str(stick)) == SHA
    assert target.read_bytes() == CONTENT
    assert (target.parent / "a.bin.sha256").read_text() == f"{SHA}  a.bin\n"
    target.unlink()
    (stick / "a.bin").write_bytes(OTHER)
    with pytest.raises(DownloadError, match="cut or altered"):
        fetch(wanted, target, str(stick / "a.bin"))
    assert not target.exists()
    assert not part(target).exists()
    with pytest.raises(DownloadError, match="There is no file"):
        fetching.local_mirror(str(stick / "b.bin"), "a.bin")
    assert fetching.local_mirror("https://h.example", "a.bin") is None


def test_second_process_waits_says_so_and_can_be_cancelled(tmp_path):
    lock = tmp_path / ".lock"
    said, stop, held, done = [], threading.Event(), threading.Event(), threading.Event()

    def first() -> None:
        with fetching.alone(lock, FILE, cancel=lambda: False, say=said.append):
            held.set()
            done.wait()

    holder = threading.Thread(target=first)
    holder.start()
    held.wait()
    assert said == []
    timer = threading.Timer(0.2, stop.set)
    timer.start()
    with pytest.raises(Cancelled), fetching.alone(lock, FILE, cancel=stop.is_set, say=said.append):
        pytest.fail("two at once")
    timer.join()
    assert said == ["Another process is downloading this already: waiting for it."]
    done.set()
    holder.join()
    with fetching.alone(lock, FILE, cancel=lambda: False, say=said.append):
        assert len(said) == 1


def test_killed_transfers_leave_a_part_that_goes_on(host, target):
    host.manners.pause, host.manners.block = 0.004, 2048
    script = (
        "import sys; from pathlib import Path\n"
        "from gradviz.download.fetch import Remote, fetch\n"
        f"fetch(Remote(sys.argv[1], 'sha256:{SHA[:8]}', {len(CONTENT)}), Path(sys.argv[2]))"
    )
    for share in (1, 2, 3):
        process = subprocess.Popen([sys.executable, "-c", script, host.url("/a.bin"), str(target)], cwd=ROOT)
        while process.poll() is None and not (part(target).exists() and part(target).stat().st_size > 60_000 * share):
            time.sleep(0.005)
        process.send_signal(signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL
        assert not target.exists()
        assert part(target).read_bytes() == CONTENT[: part(target).stat().st_size]
    host.manners.pause = 0
    kept = part(target).stat().st_size
    assert fetch(remote(host), target) == SHA
    assert host.asked[-1]["Range"] == f"bytes={kept}-"


def test_a_host_that_never_comes_to_the_end_is_given_up(host: Host, target: Path, monkeypatch) -> None:
    monkeypatch.setattr(fetching, "_GAIN", 1000)
    host.manners.ranges = False
    host.manners.cuts = [2000 * step for step in range(1, 100)]  # each time a little further: never three in a row
    said: list[str] = []
    with pytest.raises(HostError, match=r"127.0.0.1 has begun a.bin 7 times and never come to its end\.$"):
        fetch(remote(host), target, say=said.append)
    assert len(host.asked) == fetching.RESTARTS + 2
    assert len(said) >= fetching.RESTARTS
    assert not target.exists()


def test_a_host_that_has_another_file_each_time_is_given_up(host: Host, target: Path, monkeypatch) -> None:
    monkeypatch.setattr(fetching, "_GAIN", 1000)
    host.manners.cuts = [2000 * step for step in range(1, 200)]
    host.manners.partial = "bytes 7-300000/300001"
    with pytest.raises(HostError, match=r"7 times|another file"):
        fetch(remote(host), target)
    assert len(host.asked) <= 2 * (fetching.RESTARTS + 1)


@pytest.mark.parametrize("size", [len(CONTENT), None])
@pytest.mark.parametrize("stated", [True, False])
def test_more_than_was_published_is_refused_at_once(host: Host, target: Path, size: int | None, stated: bool) -> None:
    host.files["/a.bin"] = CONTENT * 4
    host.manners.length = stated
    with pytest.raises(HostError, match=r"offers|sends more than a\.bin can hold"):
        fetch(remote(host, size=size, largest=350_000), target)
    assert len(host.asked) == 1
    assert not target.exists()
    assert not part(target).exists() or part(target).stat().st_size <= 350_000
