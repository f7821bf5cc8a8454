"""A file that is offered can be had as long as its button may be seen, also while the page is being drawn again."""

import time

import pytest
from streamlit.runtime.media_file_manager import MediaFileManager
from streamlit.runtime.media_file_storage import MediaFileStorageError
from streamlit.runtime.memory_media_file_storage import MemoryMediaFileStorage

from gradviz.ui import offered


@pytest.fixture
def files(monkeypatch: pytest.MonkeyPatch) -> MediaFileManager:
    """Return a server's files, which forgets none too early."""
    # As it is without anything that was kept before.
    plain = MediaFileManager.remove_orphaned_files
    monkeypatch.setattr(MediaFileManager, "remove_orphaned_files", getattr(plain, "__wrapped__", plain))
    offered.keep()
    offered.keep()
    return MediaFileManager(MemoryMediaFileStorage("/media"))


def begin(files: MediaFileManager) -> None:
    """Begin a run, as Streamlit does."""
    files.clear_session_refs()


def name_of(url: str) -> str:
    return url.rpartition("/")[2].partition(".")[0]


def test_a_button_of_the_run_before_gives_its_file(files: MediaFileManager) -> None:
    begin(files)
    first = files.add_deferred(lambda: "a,b\n", "text/csv", "0.1", "a.csv")
    files.remove_orphaned_files()
    for _ in range(3):  # runs that end before they come to the button
        begin(files)
        files.remove_orphaned_files()
    url = files.execute_deferred(first)
    for _ in range(3):
        begin(files)
        files.remove_orphaned_files()
    found = files.read_file(name_of(url))
    assert found is not None
    assert found.content == b"a,b\n"


def test_what_was_offered_long_ago_is_forgotten(files: MediaFileManager, monkeypatch: pytest.MonkeyPatch) -> None:
    begin(files)
    first = files.add_deferred(lambda: "a,b\n", "text/csv", "0.1", "a.csv")
    url = files.execute_deferred(first)
    begin(files)
    files.remove_orphaned_files()
    now = offered.time.monotonic()
    monkeypatch.setattr(offered.time, "monotonic", lambda: now + offered.SECONDS + 1)
    again = files.add_deferred(lambda: "c\n", "text/csv", "0.1", "a.csv")
    for _ in range(2):  # Streamlit marks files first, and removes them in the run after
        files.remove_orphaned_files()
    with pytest.raises(MediaFileStorageError):
        files.execute_deferred(first)
    assert files.read_file(name_of(url)) is None
    assert files.execute_deferred(again)


def test_what_was_offered_is_forgotten_when_nobody_draws_a_page_any_more(
    files: MediaFileManager, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(offered, "SECONDS", 0.2)
    begin(files)
    first = files.add_deferred(lambda: "a,b\n", "text/csv", "0.1", "a.csv")
    url = files.execute_deferred(first)
    begin(files)
    files.remove_orphaned_files()
    end = time.monotonic() + 20
    while files.read_file(name_of(url)) is not None and time.monotonic() < end:
        time.sleep(0.1)
    assert files.read_file(name_of(url)) is None
    with pytest.raises(MediaFileStorageError):
        files.execute_deferred(first)
