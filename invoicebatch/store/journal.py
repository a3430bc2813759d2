"""The run journal: runs, their rows, claims and files. What a report says comes from here alone."""

from datetime import datetime
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from invoicebatch.errors import StaleError
from invoicebatch.model.changes import repeated
from invoicebatch.model.schema import TABLES
from invoicebatch.model.status import ArtefactStatus, RowOutcome, RunStatus
from invoicebatch.store import tables
from invoicebatch.store.frames import MANY, one_thread, registered
from invoicebatch.store.look import MADE_BY, TAKEN

EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - journal rows carry no updated_at


def start(con: Any, run: dict[str, Any], rows: pd.DataFrame) -> None:
    """Write a run with its rows, and claim those that are `claimed`.

    Args:
        con: an open connection inside a transaction.
        run: one value per column of `runs`.
        rows: invoice_id, position, row_version int64, outcome, number, reason.
    """
    tables.insert(con, "runs", pd.DataFrame([run]))
    tables.insert(con, "run_rows", rows.assign(run_id=repeated(run["run_id"], rows)))
    claimed = rows.loc[rows["outcome"] == RowOutcome.CLAIMED, ["invoice_id"]]
    tables.insert(con, "claims", claimed.assign(run_id=repeated(run["run_id"], claimed)))


def settle(con: Any, run_id: str, rows: pd.DataFrame) -> None:
    """Set what became of some rows: invoice_id, and any of outcome, number, reason."""
    tables.update(con, "run_rows", rows.assign(run_id=repeated(run_id, rows)), EPOCH)


def settle_as(con: Any, run_id: str, ids: npt.NDArray[np.int64], outcome: RowOutcome) -> None:
    """Set the same outcome of many rows.

    Args:
        con: an open connection inside a transaction.
        run_id: a run.
        ids: int64 ids of invoices that it has rows of, each once.
        outcome: what became of them.

    Raises:
        StaleError: it has no row of one of them.
    """
    sql = "UPDATE run_rows t SET outcome = $outcome FROM settled s WHERE t.run_id = $run AND t.invoice_id = s.id"
    with (
        registered(con, "settled", pa.table({"id": pa.array(ids, pa.int64())})),
        one_thread(con, when=len(ids) > MANY),
    ):
        ((count,),) = con.execute(sql, {"outcome": outcome.value, "run": run_id}).fetchall()
    if count != len(ids):
        raise StaleError(
            f"Nothing was written: run {run_id} has {count:,} of {len(ids):,} rows to be settled.",
            "Another process changed it meanwhile; see: invoicebatch runs.",
        )


def changed_since(con: Any, rows: pd.DataFrame) -> npt.NDArray[np.int64]:
    """Ids of the invoices that have another version now than rows of a run were claimed at, or are gone.

    Args:
        con: an open connection.
        rows: invoice_id, row_version int64.
    """
    claimed = pa.table({name: pa.array(rows[name], pa.int64()) for name in ("invoice_id", "row_version")})
    sql = (
        "SELECT c.invoice_id FROM claimed c ANTI JOIN invoices i"
        " ON i.invoice_id = c.invoice_id AND i.version = c.row_version"
    )
    with registered(con, "claimed", claimed), one_thread(con, when=len(rows) > MANY):
        found: npt.NDArray[np.int64] = con.sql(sql).fetchnumpy()["invoice_id"].astype("int64", copy=False)
    return found


def add_artefacts(con: Any, run_id: str, files: pd.DataFrame) -> None:
    """Note staged files: name, path, sha256 str, size int64 (bytes), invoice_id Int64."""
    if not files.empty:
        tables.insert(con, "artefacts", files.assign(run_id=run_id, status=ArtefactStatus.STAGED.value))


def mark_published(con: Any, run_id: str, files: pd.DataFrame) -> None:
    """Note published files: name and the final path."""
    if not files.empty:
        published = files[["name", "path"]].assign(run_id=run_id, status=ArtefactStatus.PUBLISHED.value)
        tables.update(con, "artefacts", published, EPOCH)


def finish(con: Any, run_id: str, status: RunStatus, now: datetime, totals: str | None = None) -> None:
    """Close a run and free its claims."""
    row: dict[str, Any] = {"run_id": run_id, "status": status.value, "finished_at": now}
    if totals is not None:
        row["totals"] = totals
    tables.update(con, "runs", pd.DataFrame([row]), EPOCH)
    con.execute("DELETE FROM claims WHERE run_id = ?", [run_id])


def note(con: Any, /, run_id: str, **values: Any) -> None:
    """Set columns of a run."""
    tables.update(con, "runs", pd.DataFrame([{"run_id": run_id, **values}]), EPOCH)


def holders(con: Any, ids: pd.Series) -> pd.DataFrame:
    """Which of the invoices a live run holds: invoice_id int64, run_id str."""
    return tables.rows_of(con, "claims", "invoice_id", ids)


def run(con: Any, run_id: str) -> dict[str, Any] | None:
    """A run's columns, or None."""
    found = tables.whole(con, "runs", "run_id = $run_id", {"run_id": run_id})
    return None if found.empty else {str(k): v for k, v in found.iloc[0].to_dict().items()}


def status_of_runs(con: Any, action: str) -> dict[str, str]:
    """The status of each run of an action, by run id."""
    return dict(con.execute("SELECT run_id, status FROM runs WHERE action = ?", [action]).fetchall())


def rows(con: Any, run_id: str) -> pd.DataFrame:
    """The rows of a run in their order, without its id."""
    return _rows(con, run_id, [name for name in TABLES["run_rows"].frame_names if name != "run_id"])


def taken(con: Any, run_id: str) -> pd.DataFrame:
    """The rows of a run that were not refused, in their order: columns `TAKEN`."""
    return _rows(con, run_id, [*TAKEN], f"AND outcome <> '{RowOutcome.REFUSED.value}'")


def _rows(con: Any, run_id: str, columns: list[str], where: str = "") -> pd.DataFrame:
    return tables.whole(
        con, "run_rows", f"run_id = $run_id {where}", {"run_id": run_id}, columns, ["position"]
    )


def made_by(con: Any, run_id: str) -> pd.DataFrame:
    """The invoices that a run made: invoice_id int64, number str."""
    return tables.whole(
        con, "invoices", f"invoice_id IN ({MADE_BY})", {"run": run_id}, ["invoice_id", "number"]
    )


def artefacts(con: Any, run_id: str) -> pd.DataFrame:
    """All files of a run by name."""
    return tables.whole(con, "artefacts", "run_id = $run_id", {"run_id": run_id})


def unfinished(con: Any) -> list[str]:
    """Ids of the runs that are neither finished nor abandoned nor queued, oldest first."""
    found = con.sql("SELECT run_id FROM runs WHERE status = 'running' ORDER BY created_at, run_id").fetchall()
    return [run_id for (run_id,) in found]
