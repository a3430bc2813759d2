"""Bank reports into a workspace: matched with our bundles, noted once, booked by a run of their own."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pandas as pd

from invoicebatch.engine.base import clock
from invoicebatch.engine.base.workspace_base import WorkspaceBase
from invoicebatch.engine.payments.booking import book
from invoicebatch.engine.payments.incoming import keep
from invoicebatch.engine.payments.matching import Matching, match
from invoicebatch.engine.payments.payee_checks import OF_WHOLE, keep_payee_checks
from invoicebatch.engine.payments.recall_answers import answered, refuse_recalls
from invoicebatch.engine.payments.returns import open_cases
from invoicebatch.engine.run.bring_back import bring_back
from invoicebatch.errors import InputFileError
from invoicebatch.model.counted import counted
from invoicebatch.model.payments.booking import AGAIN
from invoicebatch.model.payments.incoming.keep import received
from invoicebatch.model.payments.incoming.rules import PAID_TWICE
from invoicebatch.model.payments.incoming.texts import whole_texts
from invoicebatch.model.payments.matching import BOOKED, KINDS, Matches, matched, unknown
from invoicebatch.model.payments.recalls import ANSWERS, REFUSED
from invoicebatch.model.payments.repeated import fresh
from invoicebatch.model.payments.statements import foreign, gaps, own_account, unbalanced
from invoicebatch.model.schema.payments import BANK_STATEMENTS
from invoicebatch.model.shown import ShowsFrames
from invoicebatch.model.status import EntryKind
from invoicebatch.store import Session

if TYPE_CHECKING:
    from invoicebatch.ingest.bank.report import BankReport

_UNDECIDED = ("PART", "", *OF_WHOLE, REFUSED)

BACK: Final = (EntryKind.REJECTED, EntryKind.RETURNED)

_LISTED: Final = 10

CUSTOMER: Final = "customer_payment"
"""Kind of what customers paid by themselves, among what a report booked."""


@dataclass(frozen=True)
class BankImport(ShowsFrames):
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
    """Read a bank's report (pain.002, camt.029, camt.053, camt.054) and book what it says of our payments.

    The same file read again, or the same booking in another report, changes nothing. Entries that are not
    ours, or come too late, are named. A camt.052 is provisional: nothing of it is booked.

    Raises:
        InputFileError: not such a file, or of accounts that are not ours.
    """
    from invoicebatch.ingest.bank.report import read_bank_report

    report = read_bank_report(file, clock.today())
    if report.provisional:
        note = (
            f"{len(report.entries):,} entries are provisional: nothing is booked before the statement comes"
        )
        return BankImport(report.message, len(report.entries), _done(None), _none(), (note,))
    with workspace.store.write() as session:
        report, strangers = _own(session, report, file.name)
        report = answered(report, _items(session, report)) if report.answers_recall else report
        matches = _match(session, report)
        known = session.rows_of("bank_entries", "invoice_id", matches.entries["invoice_id"])
        new = fresh(matches.entries, known)
        bring_back(
            session, workspace, new.loc[~new["again"], "invoice_id"], f"{file.name} is about a payment of it"
        )
        remark = new["again"].map({True: AGAIN, False: None}).astype(object)
        session.insert("bank_entries", new.assign(source=file.name, booked=new["again"], remark=remark))
        missing = _keep_statements(session, report, file.name)
        kept = keep(session, report, _credits(report, matches), file.name)
        checked = keep_payee_checks(session, report, pd.Timestamp(clock.now()))
    refusals = refuse_recalls(workspace, report) if report.answers_recall else []
    left = book(workspace).rename(columns={"number": "end_to_end_id"})
    with workspace.store.read() as session:
        every = session.rows_of("bank_entries", "entry_id", matches.entries["entry_id"])
        returned = _without_case(session, every)
    stored = every[every["entry_id"].isin(new["entry_id"])]
    others, notes = _others(report, matches)
    cases = open_cases(workspace, returned)
    opened = [f"{counted(len(cases.done), 'collection case')} opened"] if cases and len(cases.done) else []
    found = [strangers, unbalanced(report.statements), matches.faults, others, left]
    refused = pd.concat([part[["end_to_end_id", "reason"]] for part in found], ignore_index=True)
    waiting = pd.concat([kept.new, kept.again])
    matching = match(workspace, waiting) if len(waiting) else None
    named = _named_in_archive(workspace, matching, file.name)
    again = len(matches.entries) - len(new) + int(stored["remark"].eq(AGAIN).sum()) + kept.seen
    repeated = [_repeated(again)] if again else []
    booked = pd.concat([_done(stored), _paid(matching)], ignore_index=True)
    told = _told(len(kept.new), matching) if len(kept.new) else []
    return BankImport(
        report.message,
        len(report.entries),
        booked,
        refused,
        (*told, *named, *kept.notes, *opened, *notes, *refusals, *checked, *missing, *repeated),
    )


def _named_in_archive(workspace: WorkspaceBase, matching: Matching | None, source: str) -> list[str]:
    """Bring back archived documents that payments name for which nothing else was found; a sentence on them."""
    if matching is None or matching.open.empty:
        return []
    with workspace.store.read() as session:
        found = session.archived_named(whole_texts(matching.open))
    if found.empty:
        return []
    with workspace.store.write() as session:
        back = bring_back(session, workspace, found["invoice_id"], f"{source} holds a payment that names it")
    if back.empty:
        return []
    listed = ", ".join(back["number"].head(_LISTED)) + (", …" if len(back) > _LISTED else "")
    return [f"payments name what was in the archive and paid already; it was brought back: {listed}"]


def _without_case(session: Session, entries: pd.DataFrame) -> pd.DataFrame:
    """What was given back and has no collection case since; an import that was cut off opened none."""
    back = entries[entries["booked"] & entries["remark"].isna() & entries["kind"].isin(BACK)]
    cases = session.rows_of("collection_cases", "invoice_id", back["invoice_id"])
    both = back.merge(cases[["invoice_id", "opened_at"]], on="invoice_id")
    followed = both.loc[both["opened_at"] >= both["booked_on"], "entry_id"]
    return back[~back["entry_id"].isin(followed)]


def _repeated(again: int) -> str:
    return f"{counted(again, 'entry was', 'entries were')} reported before; each counts once"


def _credits(report: "BankReport", matches: Matches) -> pd.DataFrame:
    """Entries of a statement that may be customers' payments."""
    return matches.others if report.is_statement else matches.others.iloc[:0]


def _paid(matching: Matching | None) -> pd.DataFrame:
    """What customers' payments that were booked by themselves came to, in the columns of `_done`."""
    rows = pd.DataFrame(columns=["payment_id", "amount_cents"]) if matching is None else matching.booked
    number, total = rows["payment_id"].nunique(), int(rows["amount_cents"].sum())
    kinds = pd.DataFrame({"kind": [CUSTOMER], "payments": [number], "total_cents": [total]})
    return kinds[kinds["payments"].gt(0)]


def _told(count: int, matching: Matching | None) -> list[str]:
    """What became of new payments of customers, in a sentence."""
    if matching is None:
        return []
    booked, proposed = (rows["payment_id"].nunique() for rows in (matching.booked, matching.proposed))
    rest = count - booked
    words = f"{counted(count, 'payment')} came in from customers: {booked:,} booked by what they name"
    more = f", {proposed:,} with a proposal" if proposed else ""
    wait = f", {rest:,} to be looked at{more}: invoicebatch payments incoming" if rest else ""
    return [words + wait, *_paid_twice(matching.proposed)]


def _paid_twice(proposed: pd.DataFrame) -> list[str]:
    """Payments of documents whose direct debit goes on, in a sentence."""
    rows = proposed[proposed["evidence"].str.contains(PAID_TWICE, regex=False)].drop_duplicates("payment_id")
    if rows.empty:
        return []
    listed = ", ".join(rows["number"].head(_LISTED)) + (", …" if len(rows) > _LISTED else "")
    those = counted(len(rows), "payment is", "payments are")
    words = f"{those} for documents whose direct debit goes on, so these {PAID_TWICE}; nothing is booked by itself"
    return [f"{words}: {listed}"]


def _own(session: Session, report: "BankReport", name: str) -> tuple["BankReport", pd.DataFrame]:
    """The report without statements of accounts that are not ours, and those, each named."""
    if not report.is_statement:
        return report, foreign(report.statements, ())
    accounts = [session.whole("company_accounts")["iban"], session.whole("payment_bundles")["iban"]]
    ours = set(pd.concat(accounts).dropna())
    named = {account: own_account(account, ours) for account in report.statements["account_iban"].unique()}
    statements = report.statements.assign(account_iban=report.statements["account_iban"].map(named))
    entries = report.entries.assign(account_iban=report.entries["account_iban"].map(named))
    strange = foreign(statements, ours)
    if len(strange) and len(strange) == len(statements):
        raise InputFileError(f"{name}: {strange['reason'].iloc[0]}.", "Check the accounts of the company.")
    kept = statements[statements["account_iban"].isin(ours)]
    mine = entries[entries["account_iban"].isin(ours)]
    return replace(report, entries=mine, statements=kept), strange


def _match(session: Session, report: "BankReport") -> Matches:
    """The report's entries with our items."""
    entries = report.entries
    if report.is_statement:
        entries = entries[entries["status"].eq(BOOKED)]
    return matched(entries, _items(session, replace(report, entries=entries)), report.message, report.counts)


def _items(session: Session, report: "BankReport") -> pd.DataFrame:
    """The items that a report can be about, with what is known of their bundle; no others are looked at."""
    entries = report.entries
    ids = pd.concat([entries["end_to_end_id"], entries["instruction_id"]])
    by_id = session.rows_of("bundle_items", "end_to_end_id", ids)
    whole = entries[entries["level"].ne("transaction") | entries["end_to_end_id"].eq("")]
    by_group = session.rows_of("bundle_items", "payment_information_id", whole["payment_information_id"])
    bundles = session.whole("payment_bundles")
    by_message = bundles.loc[bundles["message_id"].isin(set(whole["message_id"]) - {""}), "bundle_id"]
    groups = session.rows_of("bundle_items", "bundle_id", by_message)
    items = pd.concat([by_id, by_group, groups]).drop_duplicates(["bundle_id", "item_no"])
    of_bundle = ["bundle_id", "message_id", "part", "collection_date", "iban"]
    mine = bundles[of_bundle].rename(columns={"iban": "account_iban"})
    return items.drop(columns=["iban", "bic", "name"]).merge(mine, on="bundle_id")


def _others(report: "BankReport", matches: Matches) -> tuple[pd.DataFrame, list[str]]:
    """What is about none of our payments: named where it should be ours, else counted."""
    others = matches.others
    if not report.is_statement:
        undecided = report.entries[~report.entries["status"].isin([*KINDS, *_UNDECIDED])]
        notes = [
            f"status {status} of {counted(count, 'entry', 'entries')} decides nothing yet"
            for status, count in undecided["status"].value_counts(sort=False).items()
        ]
        return unknown(others[others["status"].isin([*KINDS, *ANSWERS])]), notes
    bad = others[others["fault"].ne("")]
    back = others["fault"].eq("") & others["returned"] & others["direction"].eq("debit")
    rest = others[others["fault"].eq("") & ~back]
    faults = pd.concat([unknown(bad).assign(reason=bad["fault"]), unknown(others[back])], ignore_index=True)
    early = report.entries[report.entries["status"].ne(BOOKED)]
    notes = [f"{len(early):,} entries are not booked yet; they are read when they are"] if len(early) else []
    rest = rest[~received(rest)]
    for direction, words in (("credit", "came in"), ("debit", "went out")):
        count = int(rest["direction"].eq(direction).sum())
        notes += [f"{count:,} payments {words} that are not from our bank files"] if count else []
    return faults, notes


_LOCAL_TIME: Final = r"^(\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d)?)?)"
"""The bank's own clock: what follows, parts of a second and the zone, is not kept."""


def _keep_statements(session: Session, report: "BankReport", source: str) -> list[str]:
    """Note the statements that were read; a sentence for each gap in their numbers."""
    if not report.message.startswith("camt.053"):
        return []
    statements = report.statements
    told = statements["made_at"].str.extract(_LOCAL_TIME, expand=False)
    made = pd.to_datetime(told, format="ISO8601", errors="coerce")
    read = BANK_STATEMENTS.conform(
        statements.assign(
            made_at=made.fillna(pd.Timestamp(clock.today())),
            message=report.message,
            source=source,
            read_at=pd.Timestamp(clock.now()).tz_localize(None),
        )
    ).drop_duplicates(list(BANK_STATEMENTS.key))
    known = session.rows_of("bank_statements", "account_iban", read["account_iban"])
    keys = [pd.MultiIndex.from_frame(rows[list(BANK_STATEMENTS.key)]) for rows in (read, known)]
    new = read[~keys[0].isin(keys[1])]
    session.insert("bank_statements", new)
    return gaps(known, new)


def _none() -> pd.DataFrame:
    return pd.DataFrame({"end_to_end_id": pd.Series(dtype="str"), "reason": pd.Series(dtype="str")})


def _done(entries: pd.DataFrame | None) -> pd.DataFrame:
    """What the entries that had an effect came to, a row a kind."""
    if entries is None:
        return pd.DataFrame(columns=["kind", "payments", "total_cents"])
    good = entries[entries["booked"] & entries["remark"].isna()]
    counts = good.assign(kind=good["kind"].astype("str")).groupby("kind", as_index=False)
    return counts.agg(payments=("entry_id", "size"), total_cents=("amount_cents", "sum"))
