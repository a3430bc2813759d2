"""The schema's version and the steps from one to the next; the only place with DDL.

A new workspace gets the tables of `model.schema` at once; an older one is brought up step by step.
Each step is followed by a CHECKPOINT, so that no later transaction carries DDL in its log.
"""

import uuid
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from invoicebatch.errors import StorageError
from invoicebatch.model.schema import REVIEW_CHANGES, TABLES

LATEST: Final = 18

_META = "CREATE TABLE meta (key VARCHAR PRIMARY KEY, value VARCHAR NOT NULL)"


def _add_columns(con: Any, *columns: tuple[str, str]) -> None:
    """Add columns (table; name, type and default) that are not there yet."""
    for table, column in columns:
        con.execute(f"ALTER TABLE {table} ADD COLUMN IF NOT EXISTS {column}")


def _add_tables(con: Any, *names: str) -> None:
    """Make tables that are not there yet, as they are described now."""
    for name in names:
        con.execute(TABLES[name].ddl().replace("TABLE", "TABLE IF NOT EXISTS", 1))


def _jobs_name_their_run(con: Any) -> None:
    _add_columns(con, ("export_jobs", "run_id VARCHAR"))


def _invoices_may_be_open_items(con: Any) -> None:
    _add_columns(con, ("invoices", "is_open_item BOOLEAN DEFAULT false"))


def _invoices_keep_what_their_document_asks(con: Any) -> None:
    _add_columns(con, ("invoices", "due_at_issue DECIMAL(18, 2)"))
    con.execute(
        "UPDATE invoices SET due_at_issue = total - prepaid + rounding"
        " - CASE WHEN kind = 'credit_note' THEN credited ELSE 0 END WHERE document_version > 0"
    )


_BANK_COLUMNS: Final = (
    ("bundle_items", "payment_information_id VARCHAR"),
    ("bundle_items", "returned DECIMAL(18,2) DEFAULT 0"),
    ("bank_entries", "message VARCHAR"),
    ("bank_entries", "report VARCHAR"),
    ("bank_entries", "value_on DATE"),
    ("bank_entries", "reason_code VARCHAR"),
    ("bank_entries", "fee DECIMAL(18,2) DEFAULT 0"),
    ("bank_entries", "remark VARCHAR"),
    ("invoices", "return_code VARCHAR"),
    ("invoices", "returned_on DATE"),
    ("invoices", "return_count BIGINT"),
    ("invoices", "collect_again_on DATE"),
    ("mandates", "suspended_because VARCHAR"),
)


def _bank_reports_by_level(con: Any) -> None:
    """Items know their group, what went back of them; bundles count what their file holds."""
    _add_columns(con, *_BANK_COLUMNS)
    _add_tables(con, "bank_statements")
    con.execute("UPDATE bundle_items SET returned = amount WHERE status = 'returned'")
    con.execute(
        "UPDATE bundle_items t SET payment_information_id = 'IB' || upper(replace(t.bundle_id, '-', ''))[:24]"
        " || '-G' || lpad(s.place::VARCHAR, 2, '0') FROM (SELECT bundle_id, item_no, dense_rank() OVER"
        " (PARTITION BY bundle_id ORDER BY list_position(['CORE', 'B2B'], scheme),"
        " list_position(['FRST', 'RCUR', 'OOFF', 'FNAL'], sequence_type)) AS place"
        " FROM bundle_items WHERE status <> 'cancelled') s"
        " WHERE t.bundle_id = s.bundle_id AND t.item_no = s.item_no"
    )
    con.execute(
        "UPDATE payment_bundles b SET items = s.items, total = s.total FROM (SELECT bundle_id,"
        " count(*) FILTER (kept OR NOT any_kept) AS items, sum(amount) FILTER (kept OR NOT any_kept) AS total"
        " FROM (SELECT *, status <> 'cancelled' AS kept,"
        " bool_or(status <> 'cancelled') OVER (PARTITION BY bundle_id) AS any_kept FROM bundle_items)"
        " GROUP BY bundle_id) s WHERE b.bundle_id = s.bundle_id"
    )


def _events_are_chained(con: Any) -> None:
    """Events of before become the first batch: no later change of them escapes."""
    _add_tables(con, "invoice_changes", "event_chain")
    _add_columns(con, ("events", "batch BIGINT DEFAULT 1"))
    from invoicebatch.store import event_chain

    _events_may_be_erased(con)  # their hash asks for it
    event_chain.seal_first(con)
    _paths_start_at_the_data_folder(con)


def _paths_start_at_the_data_folder(con: Any) -> None:
    """Files and folders within it are named from there: a workspace may be moved."""
    ((file,),) = con.sql("SELECT path FROM duckdb_databases() WHERE database_name = 'workspace'").fetchall()
    prefix = f"{Path(str(file)).resolve().parent}/"
    for table, column in (("runs", "folder"), ("artefacts", "path")):
        con.execute(
            f"UPDATE {table} SET {column} = substr({column}, $length) WHERE starts_with({column}, $prefix)",
            {"length": len(prefix) + 1, "prefix": prefix},
        )


def _buyers_answer(con: Any) -> None:
    _add_tables(con, "buyer_answers")


def _customers_payments(con: Any) -> None:
    """Payments that came in, what they pay, and bookings that are no payments."""
    _add_tables(con, "incoming_payments", "payment_allocations")
    _add_columns(con, ("payments", "what VARCHAR DEFAULT 'payment'"))


_OUTGOING_COLUMNS: Final = (
    ("payment_bundles", "message_no BIGINT DEFAULT 1"),
    ("payment_bundles", "batch_booking BOOLEAN DEFAULT false"),
    ("payment_bundles", "scheme VARCHAR"),
    ("payment_bundles", "created_by VARCHAR"),
    ("payment_bundles", "released_by VARCHAR"),
    ("payment_bundles", "released_at TIMESTAMP"),
    ("payment_bundles", "released_sha256 VARCHAR"),
    *(("bundle_items", f"{name} VARCHAR") for name in ("street", "building", "free_line", "free_line_2")),
    ("bundle_items", "creditor_reference VARCHAR"),
    ("bundle_items", "recalled_at TIMESTAMP"),
    ("bundle_items", "previous_mandate_id VARCHAR"),
    ("mandates", "previous_mandate_id VARCHAR"),
    ("bundle_items", "payee_check VARCHAR"),
)


def _bank_files_that_stay(con: Any) -> None:
    """Bundles know who made and released them, which message they are, and their scheme (of two: none)."""
    _add_columns(con, *_OUTGOING_COLUMNS)
    con.execute(
        "UPDATE payment_bundles b SET scheme = s.scheme FROM (SELECT bundle_id, min(scheme) AS scheme"
        " FROM bundle_items GROUP BY bundle_id HAVING count(DISTINCT scheme) = 1) s"
        " WHERE b.bundle_id = s.bundle_id"
    )
    con.execute("UPDATE payment_bundles b SET created_by = r.user FROM runs r WHERE r.run_id = b.run_id")


def _reviews_are_marked(con: Any) -> None:
    _add_columns(con, ("invoices", "reviewed VARCHAR"))
    _add_tables(con, "billing_history")


def _payments_know_their_booking(con: Any) -> None:
    """So that a booking in bulk and its payments, reported apart, count once."""
    _add_columns(con, ("incoming_payments", "booking VARCHAR"), ("bank_entries", "booking VARCHAR"))


def _mandates_agree_on_notice(con: Any) -> None:
    _add_columns(con, ("mandates", "notice_days BIGINT"))


def _findings_are_kept(con: Any) -> None:
    _add_tables(con, "review_findings")
    _add_columns(
        con,
        ("company_accounts", "due_on_weekdays BOOLEAN DEFAULT false"),
        ("customers", "address_changed_on DATE"),
        ("customers", "address_before VARCHAR"),
        *(
            (table, column)
            for table in ("customers", "mandates")
            for column in ("iban_changed_on DATE", "iban_before VARCHAR")
        ),
    )


def _messages_carry_several(con: Any) -> None:
    _add_columns(con, ("outbox", "also VARCHAR"))


def _servers_report(con: Any) -> None:
    _add_tables(con, "delivery_reports", "bounced_addresses", "mailboxes")


def _events_may_be_erased(con: Any) -> None:
    columns = ("kept_sha256 VARCHAR", "erased_by VARCHAR")
    _add_columns(con, *((table, column) for table in ("events", "invoice_changes") for column in columns))


def _what_is_closed_may_leave(con: Any) -> None:
    _add_tables(con, "archived_invoices", "archive_parts")


def _journals_have_no_index(con: Any) -> None:
    """Tables that are no longer indexed are written anew; what the review judges by is counted."""
    con.execute(f"INSERT INTO meta VALUES ('{REVIEW_CHANGES}', '0') ON CONFLICT DO NOTHING")
    for table in TABLES.values():
        if not table.indexed:
            old, columns = f"{table.name}_indexed", ", ".join(f'"{c.name}"' for c in table.columns)
            con.execute(f"ALTER TABLE {table.name} RENAME TO {old}")
            con.execute(table.ddl())
            con.execute(f"INSERT INTO {table.name} ({columns}) SELECT {columns} FROM {old}")
            con.execute(f"DROP TABLE {old}")


_STEPS: Final[Mapping[int, Callable[[Any], None]]] = {
    2: _jobs_name_their_run,
    3: _invoices_may_be_open_items,
    4: _invoices_keep_what_their_document_asks,
    5: _bank_reports_by_level,
    6: _events_are_chained,
    7: _buyers_answer,
    8: _customers_payments,
    9: _bank_files_that_stay,
    10: _reviews_are_marked,
    11: _payments_know_their_booking,
    12: _mandates_agree_on_notice,
    13: _findings_are_kept,
    14: _messages_carry_several,
    15: _servers_report,
    16: _events_may_be_erased,
    17: _what_is_closed_may_leave,
    18: _journals_have_no_index,
}
"""Step to version n, for workspaces of version n - 1; version 1 is the first."""


def version_of(con: Any) -> int:
    """Schema version of an open database; 0: it has no tables of ours."""
    known = con.sql("SELECT 1 FROM information_schema.tables WHERE table_name = 'meta'").fetchall()
    if not known:
        return 0
    return whole_meta(con, "schema_version")


def workspace_id(con: Any) -> str:
    """The id given to the workspace when it was made."""
    return _meta(con, "workspace_id")


def whole_meta(con: Any, key: str) -> int:
    """A whole number that the database keeps about itself.

    Raises:
        StorageError: there is none, so the database is damaged.
    """
    value = _meta(con, key)
    if not value.isdecimal():
        raise _damaged(key, value)
    return int(value)


def _meta(con: Any, key: str) -> str:
    found = con.execute("SELECT value FROM meta WHERE key = ?", [key]).fetchall()
    if not found:
        raise _damaged(key, "")
    return str(found[0][0])


def _damaged(key: str, value: str) -> StorageError:
    what = f"is '{value}'" if value else "is missing"
    return StorageError(
        f"The database is damaged: its {key.replace('_', ' ')} {what}.", "Restore it from a backup."
    )


def place(con: Any) -> str | None:
    """The data folder that the workspace was last written in; missing: not noted yet."""
    found = con.sql("SELECT value FROM meta WHERE key = 'place'").fetchall()
    return str(found[0][0]) if found else None


def set_place(con: Any, folder: str, *, new_id: bool) -> None:
    """Note where the workspace is; with a new id it is a workspace of its own."""
    con.execute("INSERT OR REPLACE INTO meta VALUES ('place', $folder)", {"folder": folder})
    if new_id:
        con.execute("UPDATE meta SET value = $id WHERE key = 'workspace_id'", {"id": str(uuid.uuid4())})


def migrate(con: Any) -> None:
    """Bring the open database to `LATEST`; does nothing where it is."""
    version = version_of(con)
    if version == 0:
        _in_transaction(con, _create_all, LATEST)
        return
    for step in range(version + 1, LATEST + 1):
        _in_transaction(con, _STEPS[step], step)


def _in_transaction(con: Any, step: Callable[[Any], None], version: int) -> None:
    con.execute("BEGIN")
    try:
        step(con)
        con.execute("UPDATE meta SET value = ? WHERE key = 'schema_version'", [str(version)])
    except BaseException:
        con.execute("ROLLBACK")
        raise
    con.execute("COMMIT")
    con.execute("CHECKPOINT")


def _create_all(con: Any) -> None:
    con.execute(_META)
    con.execute(
        "INSERT INTO meta VALUES ('schema_version', '0'), ('workspace_id', ?), ('next_invoice_id', '1'),"
        f" ('{REVIEW_CHANGES}', '0')",
        [str(uuid.uuid4())],
    )
    for table in TABLES.values():
        con.execute(table.ddl())
