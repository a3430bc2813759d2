"""Reports of mail servers, from the mailbox or from files, brought to the mails they are about in batches."""

from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from threading import Event
from typing import Final

import pandas as pd

from invoicebatch.delivery.mail.bounces import beginning, files_in, reports_in
from invoicebatch.delivery.mail.mailbox import Mailbox
from invoicebatch.engine.base import clock
from invoicebatch.engine.base.faultpoints import reach
from invoicebatch.engine.base.progress import Progress, automatic
from invoicebatch.engine.base.workspace_base import WorkspaceBase
from invoicebatch.engine.imports.delivery_reports import COLUMNS, book
from invoicebatch.errors import InputFileError

_BATCH: Final = 250
"""Mails a commit."""


def import_bounces(workspace: WorkspaceBase, paths: Sequence[Path]) -> pd.DataFrame:
    """Read the reports among mails (`.eml`), in folders and Maildirs; what was taken before changes nothing.

    Returns:
        file, recipient, message_id, number, text, outcome str; see `book`. Mails that are no reports are among them.

    Raises:
        InputFileError: a path does not exist or can't be read.
    """
    found = [pd.DataFrame(columns=list(COLUMNS), dtype="str")]
    try:
        files = files_in(paths)
        while batch := list(islice(files, _BATCH)):
            reports = [report for file in batch for report in reports_in(beginning(file), file.name)]
            found.append(book(workspace, reports)[list(COLUMNS)])
    except OSError as error:
        raise InputFileError(
            f"{error.filename} can't be read: {error.strerror}",
            "Give mails, or the folder they are stored in.",
        ) from error
    return pd.concat(found, ignore_index=True)


def poll_bounces(
    workspace: WorkspaceBase, *, progress: bool | Progress = False, cancel: Event | None = None
) -> pd.DataFrame:
    """Read what came to the mailbox since it was last read, until `cancel` is set; see `import_bounces`.

    Reports on our mails move away or are marked as read once they are booked; all else stays as it is.

    Raises:
        TemporaryError: the mailbox can't be reached.
        SettingsError: it refuses the login, or what is asked of it.
    """
    settings = workspace.settings.mail.bounces
    found = [pd.DataFrame(columns=list(COLUMNS), dtype="str")]
    if not settings.host:
        return found[0]
    bar = automatic(progress)
    with Mailbox(settings, workspace.root) as box:
        uids = box.uids(_last_uid(workspace, box))
        bar.start("Mailbox", len(uids))
        try:
            waits = False
            for at in range(0, len(uids), _BATCH):
                if cancel and cancel.is_set():
                    break
                batch = uids[at : at + _BATCH]
                rows, waiting = _read(workspace, box, batch)
                if not waits:
                    _note_last_uid(workspace, box, min([*(uid - 1 for uid in waiting), batch[-1]]))
                waits = waits or bool(waiting)
                found.append(rows)
                bar.advance(len(batch))
        finally:
            bar.stop()
    return pd.concat(found, ignore_index=True)


def _read(workspace: WorkspaceBase, box: Mailbox, uids: Sequence[int]) -> tuple[pd.DataFrame, list[int]]:
    """Book what some mails report and put them away; the rows with news, and mails to read again later."""
    named = {f"{box.folder} {uid}": uid for uid in uids}
    places = {uid: place for place, uid in named.items()}
    reports = [report for uid, content in box.read(uids) for report in reports_in(content, places[uid])]
    rows = book(workspace, reports)
    reach("bounces.booked")
    booked = rows["file"][rows["booked"]].drop_duplicates()
    box.put_away([named[place] for place in booked if place in named])
    reach("bounces.put_away")
    waiting = [named[place] for place in rows["file"][rows["waits"]].unique()]
    return rows.loc[~rows["known"], list(COLUMNS)], waiting


def _last_uid(workspace: WorkspaceBase, box: Mailbox) -> int:
    """Number of the last mail that is done with; 0: none is, or the numbers mean other mails now."""
    with workspace.store.read() as session:
        kept = session.rows_of("mailboxes", "mailbox", pd.Series([box.name]))
    kept = kept[kept["validity"] == box.validity]
    return int(kept["last_uid"].iloc[0]) if len(kept) else 0


def _note_last_uid(workspace: WorkspaceBase, box: Mailbox, uid: int) -> None:
    place = pd.DataFrame({"mailbox": [box.name], "validity": [box.validity], "last_uid": [uid]})
    with workspace.store.write() as session:
        if session.rows_of("mailboxes", "mailbox", place["mailbox"]).empty:
            session.insert("mailboxes", place)
        else:
            session.update("mailboxes", place, clock.now())
