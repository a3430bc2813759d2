"""What the review finds, kept until anything changes that it was judged by: then it counts as not judged."""

from collections.abc import Iterable
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from invoicebatch.model.schema import JUDGED, OVERVIEW, REVIEW_CHANGES, TABLES
from invoicebatch.model.status import WAITING
from invoicebatch.store.checks import SOURCE
from invoicebatch.store.frames import fetch, registered, to_arrow

_NAME: Final = "review_findings"
_JUDGED_BY: Final = frozenset(
    {
        *(
            "invoices",
            "lines",
            "measurements",
            "billing_history",
            "customers",
            "mandates",
            "company_accounts",
        ),
        *("payments", "payment_plans", "instalments", "collection_cases", "payment_bundles"),
    }
)
"""Tables that a check may speak of."""

_LATER: Final = frozenset(
    {
        *(
            "document_version",
            "document_path",
            "document_sha256",
            "shipping_status",
            "shipping_channel",
            "sent_at",
        ),
        *("export_status", "exported_at", "payment_bundle_id", "collection_case_id", "payment_plan_id"),
        *(
            "return_code",
            "returned_on",
            "return_count",
            "collect_again_on",
            "due_at_issue",
            "reviewed",
            "updated_at",
        ),
    }
)
"""Columns of an invoice that only change after its approval; `reviewed` is looked at when findings are read."""


def forget(con: Any, table: str, columns: Iterable[str] | None = None) -> None:
    """A table changed (None: whole rows of it): what was judged by it is not judged any more."""
    if table not in _JUDGED_BY or (
        table == "invoices" and columns is not None and _LATER.issuperset(columns)
    ):
        return
    con.execute("DELETE FROM meta WHERE key = $judged", {"judged": JUDGED})
    con.execute(f"UPDATE meta SET value = (value::BIGINT + 1)::VARCHAR WHERE key = '{REVIEW_CHANGES}'")


def changes(con: Any) -> int:
    """How often anything changed that the review may judge by."""
    ((count,),) = con.sql(f"SELECT value::BIGINT FROM meta WHERE key = '{REVIEW_CHANGES}'").fetchall()
    return int(count)


def judged_by(con: Any) -> str | None:
    """By which checks all that waits for approval was judged; None: it was not, or something changed since."""
    found = con.execute("SELECT value FROM meta WHERE key = $judged", {"judged": JUDGED}).fetchall()
    return str(found[0][0]) if found else None


def waiting(con: Any) -> npt.NDArray[np.int64]:
    """Ids of what waits for approval, ascending."""
    wanted = ", ".join(f"'{status.value}'" for status in WAITING)
    found = con.sql(f"SELECT invoice_id FROM invoices WHERE status IN ({wanted}) ORDER BY invoice_id")
    ids: npt.NDArray[np.int64] = found.to_arrow_table()["invoice_id"].to_numpy()
    return ids


def keep_findings(con: Any, findings: pd.DataFrame, checks: str) -> None:
    """Keep what was found of all that waits for approval.

    Args:
        con: an open connection.
        findings: invoice_id int64, stops, looks str; documents that nothing was found of are left out.
        checks: what they were judged by.
    """
    table = TABLES[_NAME]
    con.execute(f"DELETE FROM {_NAME} WHERE true")
    with registered(con, SOURCE, to_arrow(findings, table)):
        con.execute(
            f"INSERT OR REPLACE INTO {_NAME} (invoice_id, stops, looks) SELECT invoice_id, stops, looks FROM {SOURCE}"
        )
    con.execute("INSERT OR REPLACE INTO meta VALUES ($judged, $checks)", {"judged": JUDGED, "checks": checks})


def kept_findings(con: Any, severity: str, ids: npt.NDArray[np.int64] | None = None) -> pd.DataFrame:
    """What is kept of documents: invoice_id int64, stops or looks str; what nothing was found of is left out.

    What was marked as reviewed need not be looked at again.

    Args:
        con: an open connection.
        severity: `stop` or `look`.
        ids: of which documents; None: of all that waited for approval when they were judged.
    """
    name = f"{severity}s"
    unseen = "AND i.reviewed IS NULL" if severity == "look" else ""
    columns = [OVERVIEW["invoice_id"].column, TABLES[_NAME].column(name)]
    found = f"SELECT v.invoice_id, v.{name} FROM {_NAME} v JOIN invoices i USING (invoice_id)"
    rest = f"WHERE v.{name} IS NOT NULL {unseen} ORDER BY v.invoice_id"
    if ids is None:
        return fetch(con, f"{found} {rest}", columns)
    with registered(con, SOURCE, pa.table({"id": pa.array(ids, pa.int64())})):
        return fetch(con, f"{found} SEMI JOIN {SOURCE} s ON s.id = v.invoice_id {rest}", columns)


def unknown_products(con: Any, names: Iterable[str]) -> list[str]:
    """Those of some names that no line has, as the name of what it bills."""
    source = pa.table({"name": pa.array(list(names), pa.string())})
    with registered(con, SOURCE, source):
        found = con.sql(f"SELECT s.name FROM {SOURCE} s ANTI JOIN lines l ON l.name = s.name ORDER BY s.name")
        return [str(name) for (name,) in found.fetchall()]
