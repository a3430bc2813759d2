"""Rates: how long a message must wait so that no limit a minute is passed. Shared by threads."""

from threading import Lock
from time import monotonic

_MINUTE = 60.0


class Pace:
    """Even spacing: `per_minute` messages a minute, each with a place of its own in time."""

    def __init__(self, per_minute: int) -> None:
        """A pace; 0 messages a minute: no limit."""
        self._gap = _MINUTE / per_minute if per_minute else 0.0
        self._next: dict[str, float] = {}
        self._lock = Lock()

    def wait(self, key: str = "") -> float:
        """Take the next place of a key and return the seconds until it is due."""
        if not self._gap:
            return 0.0
        with self._lock:
            now = monotonic()
            due = max(self._next.get(key, now), now)
            self._next[key] = due + self._gap
            return due - now
