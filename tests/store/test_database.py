"""The database file: who else has it open, what is wrong with it; the order of what comes out."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Barrier

import pandas as pd
import pytest

from invoicebatch.errors import BusyError, StorageError
from invoicebatch.interfaces.api import Workspace

Make = Callable[..., Workspace]


@contextmanager
def opened_elsewhere(workspace: Workspace, *, read_only: bool) -> Iterator[None]:
    """Another program has the file open, and knows nothing of our locks."""
    code = (
        "import sys, duckdb\n"
        f"con = duckdb.connect(sys.argv[1], read_only={read_only})\n"
        "print('open', flush=True)\nsys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, str(workspace.store.file)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as program:
        assert program.stdout is not None
        assert program.stdout.readline() == "open\n"
        yield


def test_a_file_that_another_program_has_open_is_busy(make_workspace: Make) -> None:
    workspace = make_workspace(2)
    with opened_elsewhere(workspace, read_only=False):
        with pytest.raises(BusyError, match="open in another program"), workspace.store.read():
            pass
        with pytest.raises(BusyError, match="open in another program"), workspace.store.write():
            pass
    with workspace.store.write() as session:
        assert session.count("invoices") == 2


def test_a_file_that_another_program_reads_can_be_read_and_not_written(make_workspace: Make) -> None:
    workspace = make_workspace(2)
    with opened_elsewhere(workspace, read_only=True):
        with workspace.store.read() as session:
            assert session.count("invoices") == 2
        with pytest.raises(BusyError, match="open in another program"), workspace.store.write():
            pass


def test_the_file_is_free_for_other_programs_once_a_session_has_ended(make_workspace: Make) -> None:
    workspace = make_workspace(2)
    with pytest.raises(KeyError), workspace.store.write():
        raise KeyError("whatever went wrong")
    for session in (workspace.store.read, workspace.store.write):
        with session() as open_one:
            assert open_one.count("invoices") == 2
        with opened_elsewhere(workspace, read_only=False):
            pass


def test_readers_in_many_threads_read_side_by_side(make_workspace: Make) -> None:
    workspace, together = make_workspace(2), Barrier(6)

    def count(_: int) -> int:
        with workspace.store.read() as session:
            together.wait()  # all six have the file open now
            return session.count("invoices")

    with ThreadPoolExecutor(6) as pool:
        assert list(pool.map(count, range(6))) == [2] * 6


def test_a_damaged_file_is_not_called_busy(make_workspace: Make) -> None:
    workspace = make_workspace(1)
    workspace.store.file.write_bytes(b"no database" * 1000)
    for session in (workspace.store.read, workspace.store.write):
        with pytest.raises(StorageError, match="can't be used") as caught, session():
            pass
        assert "restore it from a backup" in caught.value.hint


def test_messages_of_one_moment_come_by_invoice(make_workspace: Make) -> None:
    workspace = make_workspace(3)
    early, late = pd.Timestamp("2026-11-21"), pd.Timestamp("2026-11-22")
    messages = pd.DataFrame(
        {"message_id": ["c", "a", "d", "b"], "run_id": "r", "invoice_id": [3, 1, 1, 2], "channel": "email",
         "recipient": "x", "payload": "{}", "status": "pending", "created_at": [late, late, early, late],
         "updated_at": late}
    )  # fmt: skip
    with workspace.store.write() as session:
        session.insert("outbox", messages)
    with workspace.store.read() as session:
        assert session.outbox_heads("run_id = 'r'")["message_id"].tolist() == ["d", "a", "b", "c"]
