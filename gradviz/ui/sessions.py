"""Notice when a visitor leaves: Streamlit has no event for it, so a thread looks every few seconds.

A closed tab leaves a session that Streamlit keeps for two minutes, so that a browser which lost its connection finds
everything again. So there are two moments: a session that has been away for a while waits for nothing any more, and
one that cannot come back has ended, and what belonged to it is removed. Neither is left to the garbage collector:
sessions are full of reference cycles, and Streamlit's own collection after every run is off (.streamlit/config.toml).
The same thread collects now and then, when nobody is waiting for anything.
"""

import gc
import logging
import threading
import time
from collections.abc import Callable

import streamlit as st
from streamlit import runtime
from streamlit.runtime.scriptrunner import get_script_run_ctx

LOOK = 2.0
"""Seconds between two looks."""
AWAY = 20.0
"""Seconds without a connection after which a session waits for nothing."""
END = 150.0
"""Seconds without a connection after which a session has ended; Streamlit gives it back for 120."""
COLLECT = 300.0
"""Seconds between two collections of garbage, less where somebody has left."""
QUIET = 3.0
"""Seconds without a run of a page before garbage is collected, which stops everything for half a second."""
BUSY = 120.0
"""Seconds for which a collection that is due waits for such a moment."""

_log = logging.getLogger(__name__)


class Session:
    """One visitor's visit, from the first run of a page to the end of Streamlit's session.

    `browser` is the same for all tabs of a browser and after a reload, empty where nothing tells.
    """

    def __init__(self, identifier: str, browser: str = "") -> None:
        self.id = identifier
        self.browser = browser
        self.away = False
        self._seen = time.monotonic()
        self._when_away: dict[object, Callable[[], object]] = {}
        self._at_end: dict[object, Callable[[], bool]] = {}

    def when_away(self, of: object, act: Callable[[], object]) -> None:
        """Call `act` whenever the connection has been gone for AWAY seconds; one action for each `of`."""
        self._when_away.setdefault(of, act)

    def at_end(self, of: object, act: Callable[[], bool]) -> None:
        """Call `act` when the session has ended, and again at every look until it returns True: all is removed."""
        self._at_end.setdefault(of, act)

    def look(self, here: bool, now: float) -> bool:
        """Act on whether the session is connected now; return whether it has ended and nothing is left of it."""
        if here:
            self._seen, self.away = now, False
        if now - self._seen > AWAY and not self.away:
            self.away = True
            for act in [*self._when_away.values()]:
                act()
        if now - self._seen > END:
            for of, act in [*self._at_end.items()]:
                if act():
                    del self._at_end[of]
            return not self._at_end
        return False


class Monitor:
    """The sessions of the process, and the thread that looks after them."""

    def __init__(self, busy: Callable[[], bool], clock: Callable[[], float] = time.monotonic) -> None:
        self._busy, self._clock = busy, clock
        self._sessions: set[Session] = set()
        self._lock = threading.Lock()
        self._closed = threading.Event()
        self._ran = self._collected = clock()
        self._left: float | None = None

    def start(self) -> "Monitor":
        """Begin to look."""
        threading.Thread(target=self._watch, name="gradviz-sessions", daemon=True).start()
        return self

    def close(self) -> None:
        """Look no more."""
        self._closed.set()

    def note(self, session: Session) -> None:
        """Note that a page of this session runs."""
        self._ran = self._clock()
        with self._lock:
            self._sessions.add(session)

    def sessions(self) -> tuple[Session, ...]:
        """List the sessions that have not ended."""
        with self._lock:
            return tuple(self._sessions)

    def look(self) -> None:
        """Look at every session once, then collect garbage if it is time."""
        now = self._clock()
        for session in self.sessions():
            try:
                ended = session.look(connected(session.id), now)
            except Exception:
                _log.exception("What a visitor left behind could not be removed")
                continue
            if ended:
                with self._lock:
                    self._sessions.discard(session)
                self._left = self._left or now
        if self._due(now):
            gc.collect()
            self._collected, self._left = self._clock(), None

    def _due(self, now: float) -> bool:
        since = self._left or (self._collected + COLLECT)
        if now < since:
            return False
        quiet = now - self._ran > QUIET and not self._busy()
        return quiet or now - since > BUSY

    def _watch(self) -> None:
        while not self._closed.wait(LOOK):
            self.look()


def connected(identifier: str) -> bool:
    """Return whether a browser is connected to this session; True where pages run without a server."""
    return not runtime.exists() or runtime.get_instance().is_active_session(identifier)


def browser() -> str:
    """Return what stands for the browser of the page that is running: the same in all its tabs, empty without one.

    It is Streamlit's cookie against forged requests, a secret that comes with the connection of every tab.
    """
    return unmasked(str(st.context.cookies.get("_streamlit_xsrf", "")))


def unmasked(cookie: str) -> str:
    """Return the secret in the cookie's text, "2|mask|masked|time" in hex: the mask is another one in every answer."""
    parts = cookie.strip("\"'").split("|")
    try:
        mask, masked = bytes.fromhex(parts[1]), bytes.fromhex(parts[2])
    except (IndexError, ValueError, TypeError):
        return ""
    return bytes(byte ^ mask[i % len(mask)] for i, byte in enumerate(masked)).hex() if mask else ""


def current(monitor: Monitor) -> Session:
    """Return the session whose page is running, which the monitor looks after from now on."""
    if "session" not in st.session_state:
        context = get_script_run_ctx()
        st.session_state["session"] = Session(context.session_id if context else "", browser())
    monitor.note(st.session_state["session"])
    return st.session_state["session"]
