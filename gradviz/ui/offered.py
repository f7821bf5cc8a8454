"""Keep what download buttons offer for a while after the page has been drawn anew.

Streamlit forgets a button's file as soon as a run of the script ends, though the browser may still show the button of
the run before: a click then, or a moment earlier, would give no file, without a word.
"""

import threading
import time
from contextlib import suppress
from functools import wraps
from typing import Any

from streamlit.runtime.media_file_manager import MediaFileManager

SECONDS = 30
"""As long as a page may take to be drawn, and a browser to fetch the file."""
_HELD = "gradviz: offered a moment ago"
"""Stands for a session that still uses the files."""


def keep() -> None:
    """See to it, once for the process, that no file is forgotten within SECONDS."""
    remove = MediaFileManager.remove_orphaned_files
    if hasattr(remove, "__wrapped__"):
        return
    since: dict[str, float] = {}
    waiting = threading.Lock()

    @wraps(remove)
    def remove_old(self: Any) -> None:
        with suppress(AttributeError):  # another version of Streamlit may have other names for these
            _hold(self, since)
        remove(self)
        # What a visitor who has left was offered goes too when nobody draws a page any more.
        if since and waiting.acquire(blocking=False):
            timer = threading.Timer(SECONDS + 1, later, (self,))
            timer.daemon = True
            timer.start()

    def later(manager: Any) -> None:
        waiting.release()
        manager.remove_orphaned_files()

    MediaFileManager.remove_orphaned_files = remove_old


def _hold(manager: Any, since: dict[str, float]) -> None:
    with manager._lock:
        used, now = manager._files_by_session_and_coord, time.monotonic()
        used.pop(_HELD, None)
        alone = {*manager._file_metadata, *manager._deferred_callables} - {
            i for of in used.values() for i in of.values()
        }
        for name in since.keys() - alone:
            del since[name]
        for name in alone:
            since.setdefault(name, now)
        used[_HELD] = {name: name for name in alone if now - since[name] < SECONDS}
