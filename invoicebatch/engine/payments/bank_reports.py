"""Bank reports into a workspace: matched with our bundles, noted once, booked by a run of their own."""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from invoicebatch.engine.base import clock
from invoicebatch.engine.base.workspace_base import WorkspaceBase
from invoicebatch.engine.payments.booking import book
from invoicebatch.errors import InputFileError
from invoicebatch.ingest.bank import BankReport, read_bank_report
from invoicebatch.model.payments.matching import matched, with_groups
from invoicebatch.store import Session


@dataclass(frozen=True)
class BankImport:
    """What a bank's report came to.

    Attributes:
        message: name of the message.
        read: entries read.
        booked: kind str, payments int64, total_cents int64: one row a kind.
        refused: end_to_end_id (or the invoice's number), reason: entries without effect, each named.
        notes: sentences on what was read over.
    """

    message: str
    read: int
    booked: pd.DataFrame
    refused: pd.DataFrame
    notes: tuple[str, ...]


def read_report(workspace: WorkspaceBase, file: Path) -> BankImport:
    """Read a bank's report (pain.002, camt.053, camt.054) and book what it says of our payments.

    The same file read again changes nothing. Entries that are not ours, doubled, or come too late are named.

    Raises:
        InputFileError: not such a file.
    """
    try:
        data = file.read_bytes()
    except OSError as error:
        raise InputFileError(f"{file} can't be read: {error.strerror}") from error
    report = read_bank_report(data, file.name, clock.today())
    with workspace.store.write() as session:
        entries, faults = _match(session, report)
        known = session.rows_of("bank_entries", "entry_id", entries["entry_id"])["entry_id"]
        fresh = entries[~entries["entry_id"].isin(known)]
        session.insert("bank_entries", fresh.assign(source=file.name, booked=False))
    left = book(workspace).rename(columns={"number": "end_to_end_id"})
    refused = pd.concat([faults, left], ignore_index=True)[["end_to_end_id", "reason"]]
    again = len(entries) - len(fresh)
    notes = (*report.notes, *([f"{again:,} entries were read before"] if again else []))
    return BankImport(report.message, len(report.entries), _done(fresh), refused, notes)


def _match(session: Session, report: BankReport) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The report's entries with our items; only bundles it can be about are looked at."""
    by_id = session.rows_of("bundle_items", "end_to_end_id", report.entries["end_to_end_id"])
    bundles = session.whole("payment_bundles")
    stems = set(report.entries["payment_information_id"].str[:26]) - {""}
    about = (
        bundles["bundle_id"].isin(by_id["bundle_id"])
        | bundles["message_id"].isin(set(report.entries["message_id"]) - {""})
        | bundles["message_id"].str[:26].isin(stems)
    )
    mine = bundles.loc[about, ["bundle_id", "message_id"]]
    items = session.rows_of("bundle_items", "bundle_id", mine["bundle_id"])
    return matched(
        report.entries,
        with_groups(items).merge(mine, on="bundle_id"),
        f"{report.message} {report.report_id}",
    )


def _done(entries: pd.DataFrame) -> pd.DataFrame:
    counts = entries.groupby("kind", as_index=False).agg(
        payments=("entry_id", "size"), total_cents=("amount_cents", "sum")
    )
    return counts.astype({"kind": "str"})
