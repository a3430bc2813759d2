"""Rows as plain values, for what only shows them: nothing here makes a frame, so that a short command starts fast."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

from invoicebatch.model.schema import JUDGED, TABLES, needs_today, overview_sql
from invoicebatch.model.status import WAITING, RowOutcome

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

Columns = Mapping[str, Sequence[Any]]
"""Rows by column, under its frame name; a missing value is None."""

OUTCOMES = tuple(
    outcome.value for outcome in RowOutcome if outcome not in (RowOutcome.CLAIMED, RowOutcome.RESERVED)
)
"""What can have become of a row of a run that is over."""

TAKEN = ("invoice_id", "row_version", "outcome", "part")
"""What a run at work needs of its rows."""

MADE_BY = (
    "SELECT invoice_id FROM events JOIN invoices USING (invoice_id)"
    " WHERE events.run_id = $run AND from_status IS NULL AND to_status IS NOT NULL ORDER BY invoice_id"
)
"""SQL: ids of the invoices that a run made; each was born by an event that it wrote."""


class Look:
    """One open connection that is only looked through."""

    def __init__(self, con: Any) -> None:
        self._con = con

    def overview(
        self,
        names: Iterable[str],
        today: date,
        *,
        ids: Sequence[int] | None = None,
        limit: int | None = None,
    ) -> Columns:
        """Overview columns (frame names) of some invoices.

        Args:
            names: frame names in `OVERVIEW`.
            today: the date that `overdue` is judged by.
            ids: invoice ids, in their order; None: all by invoice id.
            limit: rows at most.
        """
        names = list(names)
        params: dict[str, Any] = {"today": today} if needs_today(names) else {}
        most = "" if limit is None else f" LIMIT {int(limit)}"
        if ids is None:
            return self._columns(f"{overview_sql(names)} ORDER BY i.invoice_id{most}", names, params)
        wanted = "(SELECT unnest($ids::BIGINT[]) AS id, generate_subscripts($ids::BIGINT[], 1) AS place) w"
        sql = overview_sql(names, f"JOIN {wanted} ON w.id = i.invoice_id") + f" ORDER BY w.place{most}"
        return self._columns(sql, names, params | {"ids": list(ids)})

    def all_ids(self) -> "npt.NDArray[np.int64]":
        """Ids of all invoices, ascending."""
        (ids,) = self._con.sql("SELECT invoice_id FROM invoices ORDER BY invoice_id").fetchnumpy().values()
        found: npt.NDArray[np.int64] = ids.astype("int64", copy=False)
        return found

    def run_ids(self) -> list[str]:
        """Ids of all runs."""
        return [run_id for (run_id,) in self._rows("SELECT run_id FROM runs")]

    def ids_done_by(self, run_id: str) -> list[int]:
        """Ids of the invoices that a run did, in its order."""
        sql = "SELECT invoice_id FROM run_rows WHERE run_id = $run AND outcome = 'done' ORDER BY position"
        return [invoice_id for (invoice_id,) in self._rows(sql, {"run": run_id})]

    def ids_made_by(self, run_id: str) -> list[int]:
        """Ids of the invoices that a run made and that are there, ascending."""
        return [invoice_id for (invoice_id,) in self._rows(MADE_BY, {"run": run_id})]

    def table(
        self, name: str, where: str = "", params: Mapping[str, Any] | None = None, order: str = ""
    ) -> list[dict[str, Any]]:
        """Rows of a table, each by its frame names.

        Args:
            name: of the table.
            where: a fixed SQL condition over alias `t`; empty: all.
            params: its parameters.
            order: a fixed SQL order; empty: by key.
        """
        table = TABLES[name]
        select = ", ".join(c.select_sql(f't."{c.name}"') for c in table.columns)
        condition = f" WHERE {where}" if where else ""
        sql = f"SELECT {select} FROM {name} t{condition} ORDER BY {order or ', '.join(table.key)}"
        return [dict(zip(table.frame_names, row, strict=True)) for row in self._rows(sql, params)]

    def count(self, name: str) -> int:
        """Number of rows of a table."""
        ((rows,),) = self._rows(f"SELECT count(*) FROM {TABLES[name].name}")
        return int(rows)

    def filterable(self, columns: Iterable[str], today: date, limit: int | None = None) -> "pa.Table":
        """What a person's filter is evaluated on: `invoice_id` and columns under their stored names.

        Args:
            columns: frame names in `OVERVIEW`; amounts come as decimals.
            today: the date that `overdue` is judged by.
            limit: of how many rows; None: all.
        """
        names = ["invoice_id", *columns]
        params = {"today": today} if needs_today(names) else None
        few = "" if limit is None else f" LIMIT {limit:d}"
        return self._con.sql(overview_sql(names, money="decimal") + few, params=params).to_arrow_table()

    def ids_of(self, column: str, values: Sequence[str]) -> list[tuple[str, int | None]]:
        """Which invoices carry the given texts in a column of `invoices`: value and id, in the order of the values.

        A value that no invoice has comes with None.
        """
        source = "(SELECT unnest($values::VARCHAR[]) AS value, generate_subscripts($values::VARCHAR[], 1) AS place) w"
        return self._rows(
            f'SELECT w.value, i.invoice_id FROM {source} LEFT JOIN invoices i ON i."{column}" = w.value'
            " ORDER BY w.place, i.invoice_id",
            {"values": list(values)},
        )

    def archived(self, column: str, values: Sequence[Any]) -> bool:
        """Whether a document with one of these values in a column of `archived_invoices` is in the archive."""
        where = f't.restored_by IS NULL AND list_contains($values, t."{column}")'
        sql = f"SELECT 1 FROM archived_invoices t WHERE {where} LIMIT 1"
        return bool(self._rows(sql, {"values": list(values)}))

    def messages_carrying(self, invoice_id: int) -> list[dict[str, Any]]:
        """The messages that carry a document, as their first or a further one."""
        return self.table(
            "outbox",
            "t.invoice_id = $id OR list_contains(CAST(t.also AS BIGINT[]), $id)",
            {"id": invoice_id},
        )

    def outcome_counts(self) -> dict[str, dict[str, int]]:
        """How many rows of each run have which of `OUTCOMES`, by run id."""
        counts = ", ".join(f"count(*) FILTER (outcome = '{name}')" for name in OUTCOMES)
        rows = self._rows(f"SELECT run_id, {counts} FROM run_rows GROUP BY run_id")
        return {run_id: dict(zip(OUTCOMES, found, strict=True)) for run_id, *found in rows}

    def states_of_items(self) -> dict[str, dict[str, int]]:
        """How many payments of each bundle are in which state, by bundle id."""
        found: dict[str, dict[str, int]] = {}
        sql = "SELECT bundle_id, status, count(*) FROM bundle_items GROUP BY ALL"
        for bundle_id, status, items in self._rows(sql):
            found.setdefault(bundle_id, {})[status] = items
        return found

    def unjudged(self, by: str) -> int:
        """How many documents wait for the review; none where what waits was judged by these checks."""
        waiting = ", ".join(f"'{status.value}'" for status in WAITING)
        ((count,),) = self._rows(
            f"SELECT count(*) FROM invoices WHERE status IN ({waiting})"
            " AND NOT EXISTS (SELECT 1 FROM meta WHERE key = $key AND value = $by)",
            {"key": JUDGED, "by": by},
        )
        return int(count)

    def _columns(self, sql: str, names: list[str], params: Mapping[str, Any]) -> Columns:
        values = list(zip(*self._rows(sql, params), strict=True)) or [()] * len(names)
        return dict(zip(names, values, strict=True))

    def _rows(self, sql: str, params: Mapping[str, Any] | None = None) -> list[Any]:
        return list(
            self._con.execute(sql, dict(params)).fetchall() if params else self._con.sql(sql).fetchall()
        )
