"""Events, kept so that a later change of them shows.

They are written in batches; each batch is hashed together with the changes of invoices made up to then,
and its hash with that of the batch before. The hash of the last batch, its head, stands for all of them.
A row whose text is erased keeps the hash that it was chained with; what is left of it is hashed into the event
that says who erased it.
"""

import hashlib
import json
from collections import defaultdict
from datetime import datetime
from itertools import pairwise
from typing import Any, Final

import numpy as np
import pandas as pd
import pyarrow as pa

from invoicebatch.model.schema import TABLES
from invoicebatch.model.status import ERASED
from invoicebatch.store import tables
from invoicebatch.store.frames import fetch, registered
from invoicebatch.store.invoice_changes import NEXT_BATCH


def add_events(con: Any, events: pd.DataFrame, known_by: str, host: str) -> None:
    """Write events as the next batch of the chain.

    Args:
        con: an open connection inside a transaction.
        events: columns of `events` but for `batch`; nothing is written where there are none.
        known_by: how the user is known.
        host: the machine.
    """
    if events.empty:
        return
    ((batch,),) = con.sql(f"SELECT {NEXT_BATCH}").fetchall()
    tables.insert(con, "events", events.assign(batch=batch))
    _seal(con, batch, events["at"].iloc[0], known_by, host)


def seal_first(con: Any) -> None:
    """Chain the events that were written before there was a chain; they have batch 1."""
    ((at,),) = con.sql('SELECT max("at") FROM events').fetchall()
    if at is not None and head(con)[0] == 0:
        _seal(con, 1, at, "not known", "not known")


def _seal(con: Any, batch: int, at: datetime, known_by: str, host: str) -> None:
    sha256 = _hash(con, batch)
    link = {
        "batch": batch,
        "at": at,
        "known_by": known_by,
        "host": host,
        "sha256": sha256,
        "head": hashlib.sha256(f"{head(con)[1]}{sha256}".encode()).hexdigest(),
    }
    tables.insert(con, "event_chain", pd.DataFrame([link]))


def broken_batches(con: Any) -> dict[int, str]:
    """Batches that are no longer what was hashed, each with what is wrong.

    Changes whose events follow, such as a number before its document is made, wait for them in the next batch.
    """
    chain = fetch(con, "SELECT * FROM event_chain ORDER BY batch", TABLES["event_chain"].columns)
    found = _hashes(con)
    waiting = head(con)[0] + 1
    if not con.sql(f"SELECT 1 FROM events WHERE batch = {waiting} LIMIT 1").fetchall():
        found = found.drop(waiting, errors="ignore")
    problems = dict.fromkeys(set(found.index) - set(chain["batch"]), "is missing in the chain")
    before, last = "", 0
    for row in chain.to_dict("records"):
        batch = row["batch"]
        if batch != last + 1:
            problems[batch] = f"follows on batch {last}: some are missing"
        elif found.get(batch) != row["sha256"]:
            problems[batch] = "events or changes were altered, removed or added"
        elif hashlib.sha256(f"{before}{row['sha256']}".encode()).hexdigest() != row["head"]:
            problems[batch] = "does not follow from the batch before it"
        before, last = row["head"], batch
    return problems | _unfounded_erasures(con)


def erase(con: Any, run_id: str, gone: "pd.Series[int]", others: "pd.Series[int]", texts: list[str]) -> str:
    """Empty events and changes that are not erased yet; their hashes stay, so the chain does too.

    Args:
        con: an open connection inside a transaction.
        run_id: the run that erases; an event of it, `ERASED`, must say the seal.
        gone: invoices all of whose rows are emptied.
        others: invoices whose events are emptied where their details hold one of `texts`.
        texts: what may not be read any more, in small letters.

    Returns:
        The seal: a hash over the kept hashes and what is left of their rows.
    """
    ids = pa.table({"id": pa.array([*gone, *others], pa.int64()), "all": [True] * len(gone) + [False] * len(others)})  # fmt: skip
    holds = "list_bool_or(list_transform($texts::VARCHAR[], lambda x: contains(lower(details), x)))"
    with registered(con, "erased", ids):
        for table, (column, empty) in _ERASABLE.items():
            condition = f"w.all OR ({holds})" if table == "events" else "w.all"
            con.execute(
                f"UPDATE {table} t SET kept_sha256 = {_row_hash(table)}, erased_by = $run, {column} = {empty}"
                f" FROM erased w WHERE t.invoice_id = w.id AND t.kept_sha256 IS NULL AND ({condition})",
                {"run": run_id} | ({"texts": texts} if table == "events" else {}),
            )
    return _seals(con).get(run_id, (0, seal([])))[1]


def seal(rows: list[str]) -> str:
    """The hash that stands for erased rows, of which each is `sha256(kept hash + hash of what is left)`."""
    return hashlib.sha256("".join(sorted(rows)).encode()).hexdigest()


def erased_rows(con: Any) -> dict[str, list[str]]:
    """Of each run that erased, its erased rows as `seal` takes them."""
    return dict(con.sql(f"SELECT erased_by, list(row) FROM ({_LEFT}) GROUP BY erased_by").fetchall())


def _seals(con: Any) -> dict[str, tuple[int, str]]:
    """Of each run that erased, the first batch of its rows and their seal."""
    sql = f"SELECT erased_by, min(batch), list(row) FROM ({_LEFT}) GROUP BY erased_by"
    return {run_id: (int(batch), seal(rows)) for run_id, batch, rows in con.sql(sql).fetchall()}


def _unfounded_erasures(con: Any) -> dict[int, str]:
    """Batches with rows that are marked as erased, and no event of the chain says so of just these."""
    said = con.sql(
        f"SELECT run_id, details FROM events WHERE event = '{ERASED}' AND invoice_id = 0"
    ).fetchall()
    seals = {run_id: json.loads(details or "{}").get("sealed") for run_id, details in said}
    return {
        batch: "rows are marked as erased that no event says were, or were altered since"
        for run_id, (batch, found) in _seals(con).items()
        if seals.get(run_id) != found
    }


def head(con: Any) -> tuple[int, str]:
    """Number and hash of the last batch; 0 and an empty text where there is none."""
    rows = con.sql("SELECT batch, head FROM event_chain ORDER BY batch DESC LIMIT 1").fetchall()
    return (int(rows[0][0]), str(rows[0][1])) if rows else (0, "")


def batches(con: Any) -> list[dict[str, Any]]:
    """The chain with the hashes of all rows of each batch: batch, sha256, head, rows."""
    rows = con.sql(
        f"SELECT batch, list(row ORDER BY row) AS rows FROM ({_row_hashes('')}) GROUP BY batch"
    ).fetchall()
    by_batch = dict(rows)
    chain = con.sql("SELECT batch, sha256, head FROM event_chain ORDER BY batch").fetchall()
    return [
        {"batch": batch, "sha256": sha256, "head": head, "rows": by_batch.get(batch, [])}
        for batch, sha256, head in chain
    ]


def hashed_rows(con: Any, table: str, ids: "pd.Series[int]") -> list[dict[str, Any]]:
    """The texts that were hashed of the rows of some invoices: batch, row (a list), and of an erased one kept, by.

    Changes that wait for their events are not hashed yet, and left out; see `broken_batches`.
    """
    hashed = f"t.batch < {NEXT_BATCH}" if table == "invoice_changes" else "true"
    texts = ", ".join(_texts(HASHED[table]))
    wanted = pa.table({"id": pa.array(ids.unique())})
    with registered(con, "wanted", wanted):
        found = con.sql(
            f"SELECT t.batch, [{texts}], t.kept_sha256, t.erased_by FROM {table} t"
            f" SEMI JOIN wanted w ON t.invoice_id = w.id WHERE {hashed} ORDER BY t.batch"
        ).fetchall()
    return [
        {"batch": batch, "row": row} | ({"kept": kept, "by": by} if kept else {})
        for batch, row, kept, by in found
    ]


_ERASABLE: Final = {"events": ("details", "NULL"), "invoice_changes": ("changes", "'{}'")}
"""By table, the column that is erased, and what stands there then."""

_PIECE: Final = 16_384
"""Hashes of rows that are at hand at once, as Arrow or as Python texts."""

HASHED: Final = {
    "events": ("run_id", "invoice_id", "event", "at", "user", "from_status", "to_status", "details"),
    "invoice_changes": ("invoice_id", "version", "at", "run_id", "changes"),
}
"""Columns that are hashed, by table, in this order; rows are hashed in the order of their texts."""


def _hashes(con: Any) -> "pd.Series[str]":
    """The hash of each batch, by its number: over the hashes of its rows, sorted."""
    found: defaultdict[int, Any] = defaultdict(hashlib.sha256)
    sql = f"SELECT batch, row FROM ({_row_hashes('')}) ORDER BY batch, row"
    with con.sql(sql).to_arrow_reader(_PIECE) as reader:
        for piece in reader:
            batches, rows = piece["batch"].to_numpy(), piece["row"].to_pylist()
            edges = [0, *(np.flatnonzero(np.diff(batches)) + 1), len(rows)]
            for start, end in pairwise(edges):
                found[int(batches[start])].update("".join(rows[start:end]).encode())
    return pd.Series({batch: sha256.hexdigest() for batch, sha256 in found.items()}, dtype="str")


def _hash(con: Any, batch: int) -> str:
    """What `_hashes` has of a batch that is whole; sorted here, in half the time and without a copy in the database."""
    where = f"WHERE batch = {int(batch)}"
    counts = " UNION ALL ".join(f"SELECT count(*) FROM {table} {where}" for table in HASHED)
    rows = np.empty(sum(count for (count,) in con.sql(counts).fetchall()), "S32")
    start = 0
    with con.sql(f"SELECT unhex(row) AS row FROM ({_row_hashes(where)})").to_arrow_reader(_PIECE) as reader:
        for piece in reader:
            hashes = piece["row"].cast(pa.binary(32))
            rows[start : start + len(hashes)] = np.frombuffer(hashes.buffers()[1], "S32", len(hashes))
            start += len(hashes)
    rows.sort()
    sha256 = hashlib.sha256()
    for start in range(0, len(rows), _PIECE):
        sha256.update(rows[start : start + _PIECE].tobytes().hex().encode())
    return sha256.hexdigest()


def _row_hashes(where: str) -> str:
    """SQL: the hash of each row, the kept one where it is any."""
    kept = "CASE WHEN regexp_full_match(kept_sha256, '[0-9a-f]{64}') THEN kept_sha256 END"
    return " UNION ALL ".join(
        f"SELECT batch, coalesce({kept}, {_row_hash(table)}) AS row FROM {table} {where}" for table in HASHED
    )


def _row_hash(table: str) -> str:
    """SQL: the hash of a row as it reads now."""
    return f"sha256(concat_ws(chr(31), '{table}', {', '.join(_texts(HASHED[table]))}))"


def _texts(columns: tuple[str, ...]) -> list[str]:
    """SQL: each value as it is hashed; a missing one is an empty text."""
    values = (
        f"strftime(\"{name}\", '%Y-%m-%d %H:%M:%S.%f')" if name == "at" else f'"{name}"::VARCHAR'
        for name in columns
    )
    return [f"coalesce({value}, '')" for value in values]


_LEFT: Final = " UNION ALL ".join(
    f"SELECT erased_by, batch, sha256(kept_sha256 || {_row_hash(table)}) AS row FROM {table} WHERE kept_sha256 IS NOT NULL"
    for table in HASHED
)
"""SQL: erased rows, each as `seal` takes it."""
