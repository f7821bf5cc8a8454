"""Which sessions wait for which job."""

import threading
from collections.abc import Callable, Hashable

from gradviz.ui.sessions import Session


class Watchers:
    """Remember which sessions wait for which job, so that a visitor who moves on does not stop the work of another."""

    def __init__(self, cancel: Callable[[Hashable], None]) -> None:
        self._cancel = cancel
        self._lock = threading.Lock()
        self._by_key: dict[Hashable, dict[Session, bool]] = {}

    def join(self, key: Hashable, session: Session, *, errand: bool) -> None:
        """Note that a session waits for a job."""
        with self._lock:
            self._by_key.setdefault(key, {})[session] = errand
        session.when_away(self, lambda: self._leave_all(session, errands=False))
        session.at_end(self, lambda: self._leave_all(session, errands=True))

    def waits(self, key: Hashable, session: Session) -> bool:
        """Return whether a session waits for a job."""
        with self._lock:
            watching = self._by_key.get(key, {})
            return session in watching or any(session.browser and one.browser == session.browser for one in watching)

    def leave(self, key: Hashable, session: Session) -> None:
        """Note that a session waits no longer; cancel the job once nobody waits for it."""
        with self._lock:
            watching = self._by_key.get(key, {})
            watching.pop(session, None)
            if not watching:
                self._by_key.pop(key, None)
                self._cancel(key)

    def leave_all_of(self, key: Hashable, me: Session) -> None:
        """Note that no session of a visitor's browser waits any longer; where it has no name, it is this one alone."""
        with self._lock:
            mine = [one for one in self._by_key.get(key, {}) if me.browser and one.browser == me.browser]
        for one in mine or [me]:
            self.leave(key, one)

    def _leave_all(self, session: Session, *, errands: bool) -> bool:
        with self._lock:
            keys = [key for key, of in self._by_key.items() if session in of and (errands or not of[session])]
        for key in keys:
            self.leave(key, session)
        return True
