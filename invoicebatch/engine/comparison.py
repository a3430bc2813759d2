"""Comparing two billing runs: their documents read in one moment, put beside each other, and written as a workbook."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from invoicebatch.engine.base import clock
from invoicebatch.engine.base.workspace_base import WorkspaceBase
from invoicebatch.errors import SelectionError
from invoicebatch.files.whole import write_whole
from invoicebatch.formats.workbook.rows import TableExport
from invoicebatch.formats.workbook.table import write_table
from invoicebatch.model.comparison import COLUMNS, Billed, compare
from invoicebatch.model.shown import Tables
from invoicebatch.store import Session

Ids = npt.NDArray[np.int64]
_INVOICES = ("customer_id", "customer_name", "company_account_id", "kind", "currency", "total_cents")


def billed_in(month: str) -> str:
    """The condition of what was billed for a month; empty: the text is no month such as 2026-10."""
    if not re.fullmatch(r"\d{4}-(0[1-9]|1[0-2])", month):
        return ""
    period = pd.Period(month, "M")
    return f"period_end >= '{period.start_time:%Y-%m-%d}' and period_end <= '{period.end_time:%Y-%m-%d}'"


@dataclass(frozen=True)
class Comparison:
    """Two runs beside each other.

    Attributes:
        tables: by question (accounts, products, vat_rates, usages, movers, missing, new); the columns of
            `model.comparison.COLUMNS`.
        made_at: when, UTC.
        facts: what was compared, by name.
    """

    tables: Tables
    made_at: datetime
    facts: Mapping[str, str]

    def write(self, path: str | Path) -> Path:
        """Write a workbook, one sheet a question; returns its path.

        Raises:
            InputFileError: the file is there already.
        """
        exports = [
            TableExport(name, frame, COLUMNS[name], self.made_at, self.facts)
            for name, frame in self.tables.items()
        ]
        return write_whole(Path(path), lambda out: write_table(out, *exports))


def comparison(workspace: WorkspaceBase, now: Ids, before: Ids, facts: Mapping[str, str]) -> Comparison:
    """Compare two sets of documents.

    Args:
        workspace: where.
        now: int64 invoice ids of the run that is looked at.
        before: of the one it is compared with.
        facts: what these are, for the workbook's sheet about itself.

    Raises:
        SelectionError: one of them is empty.
        RulesError: rules/review.toml is wrong.
    """
    if not len(now) or not len(before):
        which = "first" if not len(now) else "second"
        raise SelectionError(f"The {which} of the two has no invoices.", "Choose another run or period.")
    with workspace.store.read() as session:
        billed, billed_before = _billed(session, now), _billed(session, before)
    found = workspace.reviewer.review(now).findings
    return Comparison(Tables(compare(billed, billed_before, found)), clock.now(), facts)


def _billed(session: Session, ids: Ids) -> Billed:
    key = pd.Series(ids)
    return Billed(
        session.overview(_INVOICES, clock.today(), ids),
        session.rows_of(
            "lines", "invoice_id", key, ["invoice_id", "item_id", "name", "net_cents", "vat_rate_bp"]
        ),
        session.rows_of("measurements", "invoice_id", key, ["invoice_id", "register", "unit", "usage"]),
    )
