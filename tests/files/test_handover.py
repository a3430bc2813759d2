import errno
import os
from pathlib import Path
from unittest.mock import Mock

import pytest

from invoicebatch.errors import StorageError
from invoicebatch.files.handover import HandoverLog


def test_what_was_begun_and_answered_is_read_back(tmp_path):
    log = HandoverLog(tmp_path / "run.log")
    assert log.read() is None
    log.begin_group()
    log.started(["a", "b"])
    log.finished("a", {"status": "sent"})
    assert log.read() == {"a": {"status": "sent"}, "b": None}
    log.begin_group()
    assert log.read() == {}


def test_a_disk_that_takes_half_a_line_stops_the_hand_over(tmp_path, monkeypatch):
    """The system takes what fits and says so by a count only; the next line must stay readable."""
    log = HandoverLog(tmp_path / "run.log")
    log.begin_group()
    original, room = os.write, [9]

    def full(handle, content):
        if not room[0]:
            raise OSError(28, "No space left on device")
        taken = original(handle, content[: room[0]])
        room[0] -= taken
        return taken

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(StorageError, match="No space left"):
        log.started(["lost"])
    monkeypatch.setattr(os, "write", original)
    log.started(["kept"])
    assert log.read() == {"kept": None}


def test_a_log_that_can_not_be_removed_is_said_in_words(tmp_path, monkeypatch):
    log = HandoverLog(tmp_path / "log")
    log.begin_group()
    monkeypatch.setattr(Path, "unlink", Mock(side_effect=OSError(errno.EIO, "Input/output error")))
    with pytest.raises(StorageError, match="can't be written: Input/output error"):
        log.remove()
