"""The audit: what must always hold in a workspace, checked over everything, each breach named."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import pandas as pd

from invoicebatch.engine.archive_check import archive_breaches, interrupted_archives
from invoicebatch.engine.base import clock
from invoicebatch.engine.base.workspace_base import WorkspaceBase
from invoicebatch.files.layout import wider_than
from invoicebatch.files.stored import DocumentState, document_state
from invoicebatch.model.money import format_cents

SERIES = ["company_account_id", "series", "period"]

_RESTORE = "Compare with a backup; no program should have done this."


def audit(workspace: WorkspaceBase) -> pd.DataFrame:
    """Every breach found: check str, subject str, problem str, advice str; empty: all is well."""
    with workspace.store.read() as session:
        parts = session.whole("archive_parts")
        orphans = session.archive_orphans(workspace.data)
        issued = session.whole("issued_numbers")
        counters = session.whole("number_counters")
        staged = session.whole("artefacts", "status = 'staged'")["path"]  # of a run that is to be resumed
        claims = session.whole("claims")
        runs = session.whole("runs")
        outbox = session.whole("outbox", "status = 'in_doubt'")
        invoices = session.overview(_INVOICE_COLUMNS, clock.today())
        lines = session.line_totals()
        doubled = session.doubled_rows()
    cut_off = interrupted_archives(runs)
    cut_off = cut_off[~cut_off.map(workspace.at_work).astype("bool")]
    archive = list(archive_breaches(workspace.data, parts, orphans, cut_off))
    # an unsound archive can't be read: what is checked over both is checked once it is mended
    lost = any(subject in set(parts["path"]) for _, subject, *_ in archive)
    with (workspace.store if lost else workspace.store.with_archive()).read() as session:
        documents = session.whole("documents", columns=("path", "sha256"))
        broken = {} if lost else session.broken_batches()
    checks: Iterable[Iterator[tuple[str, str, str, str]]] = (
        _numbers(issued, counters, invoices),
        _documents(workspace.data, documents, staged, invoices),
        _totals(invoices, lines),
        _claims(workspace, claims, runs),
        _erasures(workspace, runs),
        iter(archive),
        _messages(outbox),
        _events(broken),
        _doubled(doubled),
        _access(workspace),
    )
    found = [breach for check in checks for breach in check]
    return pd.DataFrame(found, columns=["check", "subject", "problem", "advice"])


def _events(broken: Mapping[int, str]) -> Iterator[tuple[str, str, str, str]]:
    advice = "Compare with a backup or an audit pack; no program should have done this."
    for batch, problem in broken.items():
        yield "events", f"batch {batch}", problem, advice


def _doubled(rows: Iterable[tuple[str, str]]) -> Iterator[tuple[str, str, str, str]]:
    for table, key in rows:
        yield "rows", f"{table} {key}", "is there more than once", _RESTORE


def _access(workspace: WorkspaceBase) -> Iterator[tuple[str, str, str, str]]:
    """The data folder closes all below it, so its rights alone count."""
    if rights := wider_than(workspace.data, workspace.settings.umask):
        digits = f"{0o777 & ~workspace.settings.umask:o}"
        yield (
            "access",
            str(workspace.data),
            f"is open to others than it should be ({rights})",
            f"Close it: chmod {digits} {workspace.data}; or set shared_with_group for the group.",
        )


_INVOICE_COLUMNS = (
    "invoice_id", "number", "kind", "company_account_id", "status", "line_total_cents", "document_path", "document_sha256", "total_cents",
    "prepaid_cents", "rounding_cents", "paid_cents", "credited_cents", "outstanding_cents",
)  # fmt: skip


def _numbers(
    issued: pd.DataFrame, counters: pd.DataFrame, invoices: pd.DataFrame
) -> Iterator[tuple[str, str, str, str]]:
    used = issued.groupby(SERIES, as_index=False).agg(
        last=("seq", "max"), count=("seq", "size"), first=("seq", "min")
    )
    merged = counters.merge(used, on=SERIES, how="left").fillna({"last": 0, "count": 0, "first": 1})
    for row in merged.to_dict("records"):
        name = f"{row['company_account_id']} {row['series']} {row['period']}".strip()
        if row["last"] + 1 != row["next_seq"]:
            yield (
                "numbers",
                name,
                f"the counter stands at {row['next_seq']}, the last number given is {row['last']:g}",
                _RESTORE,
            )
        if row["count"] and row["last"] - row["first"] + 1 != row["count"]:
            yield (
                "numbers",
                name,
                f"{row['last'] - row['first'] + 1 - row['count']:g} numbers are missing between the first and the last",
                _RESTORE,
            )
    given = invoices[invoices["number"].notna()][["invoice_id", "number"]]
    both = given.merge(
        issued[["invoice_id", "number"]], on="invoice_id", how="outer", suffixes=("", "_issued")
    )
    known = set(issued["invoice_id"])
    off = both[
        both["number"].notna() & both["invoice_id"].isin(known) & (both["number"] != both["number_issued"])
    ]
    for row in off.to_dict("records"):
        yield (
            "numbers",
            f"invoice {row['invoice_id']}",
            f"carries {row['number']}, but was given {row['number_issued']}",
            _RESTORE,
        )
    doubled = issued[issued.duplicated(["company_account_id", "number"], keep=False)]
    for number in doubled["number"].unique():
        yield "numbers", number, "was given twice", _RESTORE
    yield from _shared(invoices)


def _shared(invoices: pd.DataFrame) -> Iterator[tuple[str, str, str, str]]:
    """Documents of one seller under one number; credit notes may have a series of their own."""
    rows = invoices[invoices["number"].notna()]
    rows = rows.assign(credit=rows["kind"].astype("str").eq("credit_note"))
    key = ["company_account_id", "credit", "number"]
    for (account, _, number), same in rows[rows.duplicated(key, keep=False)].groupby(key, observed=True):
        ids = ", ".join(map(str, sorted(same["invoice_id"])))
        problem = f"is the number of {len(same)} documents of {account}: invoices {ids}"
        yield (
            "numbers",
            str(number),
            problem,
            "Ask the seller which one holds; both are here as they came in.",
        )


def _documents(
    data: Path, documents: pd.DataFrame, staged: "pd.Series[str]", invoices: pd.DataFrame
) -> Iterator[tuple[str, str, str, str]]:
    advice = "Restore it from a backup, or regenerate the invoice."
    published = documents[~documents["path"].isin(staged)]
    for path, sha256 in zip(published["path"], published["sha256"], strict=True):
        state = document_state(data, path, sha256)
        if state is not DocumentState.SOUND:
            yield "documents", path, state.sentence, advice
    current = invoices[invoices["document_sha256"].notna()]
    lost = current[~current["document_sha256"].isin(documents["sha256"])]
    for row in lost.to_dict("records"):
        yield (
            "documents",
            f"invoice {row['invoice_id']}",
            "names a document that the archive does not know",
            advice,
        )


def _totals(invoices: pd.DataFrame, lines: pd.Series) -> Iterator[tuple[str, str, str, str]]:
    advice = "The invoice was changed outside; credit it and bill again."
    approved = invoices[invoices["status"].isin(["approved", "created", "generation_failed"])]
    sums = approved["invoice_id"].map(lines).fillna(0).astype("int64")
    off = approved[sums != approved["line_total_cents"]]
    for invoice, have, want in zip(off["invoice_id"], off["line_total_cents"], sums[off.index], strict=True):
        yield (
            "totals",
            f"invoice {invoice}",
            f"line_total is {format_cents(have)}, its lines make {format_cents(want)}",
            advice,
        )
    due = (
        invoices["total_cents"] - invoices["prepaid_cents"] + invoices["rounding_cents"]
        - invoices["paid_cents"] - invoices["credited_cents"]
    )  # fmt: skip
    off = approved[(due != invoices["outstanding_cents"])[approved.index]]
    for invoice in off["invoice_id"]:
        yield (
            "totals",
            f"invoice {invoice}",
            "outstanding is not total less what was paid and credited",
            advice,
        )


def _claims(
    workspace: WorkspaceBase, claims: pd.DataFrame, runs: pd.DataFrame
) -> Iterator[tuple[str, str, str, str]]:
    for run_id, held in claims.groupby("run_id"):
        run = runs[runs["run_id"] == run_id]
        status = "unknown" if run.empty else str(run["status"].iloc[0])
        if status == "queued" or (status == "running" and workspace.at_work(str(run_id))):
            continue
        if status == "running":
            yield (
                "claims",
                f"run {run_id}",
                f"was interrupted and holds {len(held):,} invoices",
                f"invoicebatch resume {run_id}",
            )
        else:
            yield (
                "claims",
                f"run {run_id}",
                f"is {status}, but holds {len(held):,} invoices",
                "Report this as a fault.",
            )


def _erasures(workspace: WorkspaceBase, runs: pd.DataFrame) -> Iterator[tuple[str, str, str, str]]:
    begun = runs[runs["action"].eq("erase") & runs["status"].eq("running")]
    for run_id in begun["run_id"]:
        if not workspace.at_work(run_id):
            problem = "was interrupted: files of a customer that was erased may still be there"
            yield "erasures", f"run {run_id}", problem, f"invoicebatch resume {run_id}"


def _messages(outbox: pd.DataFrame) -> Iterator[tuple[str, str, str, str]]:
    for row in outbox.to_dict("records"):
        yield (
            "messages",
            f"{row['channel']} to {row['recipient']}",
            "may or may not have arrived: the hand-over was cut off",
            f"Ask the other side, then: invoicebatch outbox mark-sent|resend {row['message_id']}",
        )
