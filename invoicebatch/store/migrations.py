"""The schema's version and the steps from one to the next; the only place with DDL.

A new workspace gets the tables of `model.schema` at once; an older one is brought up step by step.
Each step is followed by a CHECKPOINT, so that no later transaction carries DDL in its log.
"""

import uuid
from collections.abc import Callable, Mapping
from typing import Any, Final

from invoicebatch.errors import StorageError
from invoicebatch.model.schema import TABLES

LATEST: Final = 4

_META = "CREATE TABLE meta (key VARCHAR PRIMARY KEY, value VARCHAR NOT NULL)"


def _jobs_name_their_run(con: Any) -> None:
    con.execute("ALTER TABLE export_jobs ADD COLUMN run_id VARCHAR")


def _invoices_may_be_open_items(con: Any) -> None:
    con.execute("ALTER TABLE invoices ADD COLUMN IF NOT EXISTS is_open_item BOOLEAN DEFAULT false")


def _invoices_keep_what_their_document_asks(con: Any) -> None:
    con.execute("ALTER TABLE invoices ADD COLUMN IF NOT EXISTS due_at_issue DECIMAL(18, 2)")
    con.execute(
        "UPDATE invoices SET due_at_issue = total - prepaid + rounding"
        " - CASE WHEN kind = 'credit_note' THEN credited ELSE 0 END WHERE document_version > 0"
    )


_STEPS: Final[Mapping[int, Callable[[Any], None]]] = {
    2: _jobs_name_their_run,
    3: _invoices_may_be_open_items,
    4: _invoices_keep_what_their_document_asks,
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
        "INSERT INTO meta VALUES ('schema_version', '0'), ('workspace_id', ?), ('next_invoice_id', '1')",
        [str(uuid.uuid4())],
    )
    for table in TABLES.values():
        con.execute(table.ddl())
