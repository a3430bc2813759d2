"""Death of a process, played inside this one, for tests that go on in the same process."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any
from unittest import mock

from invoicebatch.engine.base import faultpoints
from invoicebatch.files.handover import HandoverLog
from invoicebatch.store.database import Database


class CrashError(BaseException):
    """The process is dead."""


@contextmanager
def crash_at(point: int) -> Iterator[None]:
    """Death at the n-th fault point: from then on nothing of the process reaches the disk."""
    passed, dead = [0], [False]

    def passing(_: str) -> None:
        passed[0] += 1
        if passed[0] >= point:
            dead[0] = True
            raise CrashError

    def mortal(original: Any) -> Any:
        def call(*args: Any, **more: Any) -> Any:
            if dead[0]:
                raise CrashError
            return original(*args, **more)

        return call

    with (
        mock.patch.object(faultpoints, "_armed", new=True),
        mock.patch.object(faultpoints, "_pass", passing),
        mock.patch.object(Database, "write", mortal(Database.write)),
        mock.patch.object(HandoverLog, "_write", mortal(HandoverLog._write)),
        mock.patch.object(shutil, "rmtree", mortal(shutil.rmtree)),
        suppress(CrashError),
    ):
        yield
