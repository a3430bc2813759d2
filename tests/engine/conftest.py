"""A guard for all tests of the engine: no session may be opened inside another of the same thread."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from invoicebatch.store.database import Database


@pytest.fixture(autouse=True)
def one_session_a_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    """A reader inside a reader waits for a writer that waits for the outer one: both would stand still."""
    held = threading.local()

    def guarded(open_session: Any) -> Any:
        @contextmanager
        def session(database: Database) -> Iterator[Any]:
            paths = held.__dict__.setdefault("paths", set())
            assert database.path not in paths, "a session inside a session"
            paths.add(database.path)
            try:
                with open_session(database) as con:
                    yield con
            finally:
                paths.discard(database.path)

        return session

    monkeypatch.setattr(Database, "read", guarded(Database.read))
    monkeypatch.setattr(Database, "write", guarded(Database.write))
