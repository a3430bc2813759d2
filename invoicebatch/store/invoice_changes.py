"""What each write changes of an invoice, before and after: kept by the store itself, so no writer can forget it."""

from datetime import datetime
from typing import Any, Final

from invoicebatch.model.schema import TABLES, Column

NEXT_BATCH: Final = "(SELECT coalesce(max(batch), 0) + 1 FROM event_chain)"
"""SQL: the batch of events that will be written next; changes are hashed with it."""


def note_update(con: Any, source: str, changed: list[Column], now: datetime) -> None:
    """Keep before and after of the rows that are about to be updated, as far as they differ.

    Args:
        con: an open connection inside the transaction of the update.
        source: the view that holds `invoice_id` and the new values.
        changed: the columns it changes.
        now: when.
    """
    pairs = {c.name: (f't."{c.name}"', c.write_sql(f's."{c.frame_name}"')) for c in changed}
    differ = " OR ".join(f"{old} IS DISTINCT FROM {new}" for old, new in pairs.values())
    if differ:
        _note(con, source, pairs, now, f"WHERE {differ}")


def note_delete(con: Any, source: str, now: datetime) -> None:
    """Keep the whole rows that are about to be deleted; see `note_update`."""
    pairs = {c.name: (f't."{c.name}"', "NULL") for c in TABLES["invoices"].columns}
    _note(con, source, pairs, now)


def _note(con: Any, source: str, pairs: dict[str, tuple[str, str]], now: datetime, where: str = "") -> None:
    values = ", ".join(
        f'"{name}" := CASE WHEN {old} IS DISTINCT FROM {new} THEN [{old}::VARCHAR, {new}::VARCHAR] END'
        for name, (old, new) in pairs.items()
    )
    con.execute(
        'INSERT INTO invoice_changes (invoice_id, version, "at", run_id, changes, batch)'
        f" SELECT t.invoice_id, t.version + 1, $now, c.run_id, to_json(struct_pack({values})), {NEXT_BATCH}"
        f" FROM invoices t JOIN {source} s ON s.invoice_id = t.invoice_id LEFT JOIN claims c ON c.invoice_id = t.invoice_id {where}",
        {"now": now},
    )
