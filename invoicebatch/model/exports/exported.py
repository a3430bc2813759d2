"""What every export action shares: its parameters, and marking exactly the rows that were written.

Pure; the files themselves are made by `formats`.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Literal

import numpy as np
import pandas as pd
from pydantic import Field

from invoicebatch.model.action import Params
from invoicebatch.model.changes import Changes, RowUnchanged, failures
from invoicebatch.model.status import ExportStatus


class ExportParams(Params):
    """Parameters of the exports that write a table."""

    format: Literal["xlsx", "csv", "parquet"] = Field("xlsx", description="Kind of file")
    mark_as_exported: bool = Field(
        default=False, description="Mark the invoices that are in the file as exported"
    )
    columns: tuple[str, ...] = Field((), description="Columns, in order: number,total; empty: the settings'")
    language: Literal["", "en", "nl", "fr", "de"] = Field(
        "", description="Language of the titles; empty: as the settings say"
    )


def mark_exported(written: pd.DataFrame, now: datetime, *, mark: bool) -> dict[str, pd.DataFrame]:
    """Updates that mark rows as exported, as `Changes.updates` wants them.

    Args:
        written: rows that are in the published file; `invoice_id` int64.
        now: when they were exported.
        mark: whether to mark at all.
    """
    if not mark or written.empty:
        return {}
    marked = pd.DataFrame({"invoice_id": written["invoice_id"].to_numpy()})
    marked["export_status"] = ExportStatus.EXPORTED.value
    marked["exported_at"] = np.datetime64(now.replace(tzinfo=None), "us")
    return {"invoices": marked}


def exported(good: pd.DataFrame, failed: pd.DataFrame, now: datetime, *, mark: bool) -> Changes:
    """The changes of an export: marks on what was written, failures for what was not.

    Args:
        good: rows that are in the published file.
        failed: rows that are not: invoice_id int64, reason str.
        now: when they were exported.
        mark: whether to mark what was written.
    """
    totals = {"total_cents": int(good["total_cents"].sum())} if "total_cents" in good else {}
    return Changes(
        updates=mark_exported(good, now, mark=mark),
        failures=failures(failed["invoice_id"], failed["reason"]),
        totals=totals,
    )


def without_rows(invoices: pd.DataFrame, rows: pd.DataFrame, reason: str) -> Iterator[RowUnchanged]:
    """Each invoice that none of the rows belongs to: there is nothing of it to write.

    Args:
        invoices: the selection; `invoice_id`.
        rows: what the file holds; `invoice_id`.
        reason: why such an invoice is not in the file.
    """
    empty = invoices.loc[~invoices["invoice_id"].isin(rows["invoice_id"]), "invoice_id"]
    for invoice_id in empty.tolist():
        yield RowUnchanged(invoice_id, reason)
