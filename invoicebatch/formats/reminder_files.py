"""Reminders put together: the letter, the page of its own, and copies of the invoices, which the archive keeps as they are.

What goes where, by mail or on paper, is the action's.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from invoicebatch.errors import RenderError
from invoicebatch.formats.archive.stored_documents import verified
from invoicebatch.formats.mail import Letter
from invoicebatch.formats.mail.bundled import room
from invoicebatch.formats.mail.reminders import Reminder, ReminderWriter
from invoicebatch.formats.pdf.copies import InvoiceCopy, copy_pdf
from invoicebatch.formats.pdf.job import account_folders
from invoicebatch.formats.pdf.reminder import ReminderPage, page_pdf
from invoicebatch.formats.pdf.text import Row, rows
from invoicebatch.model.action import Context
from invoicebatch.model.changes import Batch, RowFailure
from invoicebatch.model.outbox.payload import EmailPayload
from invoicebatch.model.outbox.weight import page_count
from invoicebatch.model.schema import TABLES


@dataclass(frozen=True, slots=True)
class Made:
    """A reminder with its letter, its page, and copies by invoice id; `left_out`: they are too large for a mail."""

    reminder: Reminder
    letter: Letter
    page: bytes
    copies: Mapping[int, bytes]
    left_out: bool = False


def readable(invoices: pd.DataFrame, context: Context) -> tuple[dict[int, Path], list[RowFailure]]:
    """The stored PDF of each row that has one, and the rows whose PDF is gone, changed or can't be read."""
    found, lost = verified(invoices[invoices["document_path"].notna()], context.document)
    broken = pd.Series(list(context.map(page_count, found["file"])), index=found.index, dtype="int64") == 0
    lost += [RowFailure(row, "its document can't be read as a PDF") for row in found["invoice_id"][broken]]
    good = found[~broken]
    return dict(zip(good["invoice_id"].tolist(), good["file"], strict=True)), lost


def made(
    known: list[Reminder], files: Mapping[int, Path], writer: ReminderWriter, batch: Batch, context: Context
) -> Iterator[Made | RowFailure]:
    """Each reminder with its files; where one can't be made its rows fail, and no others.

    Args:
        known: what the reminders say.
        files: see `readable`.
        writer: of their letters.
        batch: with tables `customers` and `company_accounts`.
        context: for settings and the process pool.
    """
    wanted = [(row, each.language) for each in known for row in each.ids if row in files]
    jobs = [InvoiceCopy(files[row], language) for row, language in wanted]
    copies = dict(zip((row for row, _ in wanted), context.map(copy_pdf, jobs), strict=True))
    pages = _Pages(writer, batch, context)
    ready: list[tuple[Reminder, Letter, ReminderPage, dict[int, bytes], bool]] = []
    for each in known:
        own = {row: copies[row] for row in each.ids if row in copies}
        left_out = _too_large(each, own, context)
        own = {} if left_out else own
        letter = writer.letter(each, str(each.row["channel"]), copies=bool(own))
        page = pages.of(each, copies=bool(own))
        if isinstance(letter, RenderError) or isinstance(page, str):
            reason = page if isinstance(page, str) else str(letter)
            yield from (RowFailure(row, reason.replace("\n", " ")) for row in each.ids)
        else:
            ready.append((each, letter, page, own, left_out))
    pdfs = context.map(page_pdf, [page for _, _, page, *_ in ready])
    for (each, letter, _, own, left_out), pdf in zip(ready, pdfs, strict=True):
        if isinstance(pdf, str):
            yield from (RowFailure(row, pdf) for row in each.ids)
        else:
            yield Made(each, letter, pdf, own, left_out)


def _too_large(reminder: Reminder, copies: Mapping[int, bytes], context: Context) -> bool:
    by_mail = reminder.row["channel"] == EmailPayload.channel
    return by_mail and sum(map(len, copies.values())) > room(context.settings.mail.max_megabytes)


class _Pages:
    """What the pages of a batch's reminders say."""

    def __init__(self, writer: ReminderWriter, batch: Batch, context: Context) -> None:
        self._writer, self._today = writer, context.today
        accounts = batch["company_accounts"]
        self._folders, self._broken = account_folders(accounts, context.settings, context.root)
        self._accounts = {row["company_account_id"]: row for row in rows(accounts)}
        self._buyers = {row["customer_id"]: row for row in rows(batch["customers"])}

    def of(self, reminder: Reminder, *, copies: bool) -> ReminderPage | str:
        """The page, or why there is none."""
        row = reminder.row
        account_id = row["company_account_id"]
        letter = self._writer.letter(reminder, "post", copies=copies)
        if isinstance(letter, RenderError):
            return str(letter)
        if account_id in self._broken:
            return self._broken[account_id]
        nobody: Row = dict.fromkeys(TABLES["customers"].frame_names)
        return ReminderPage(
            buyer=self._buyers.get(row["customer_id"], nobody),
            account=self._accounts[account_id],
            language=reminder.language,
            currency=row["currency"],
            day=self._today,
            subject=letter.subject,
            text=letter.text,
            table=reminder.named["table"],
            asked=reminder.asked,
            total_cents=reminder.total_cents,
            reference=reminder.reference,
            folders=self._folders[account_id],
        )
