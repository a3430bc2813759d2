"""Moving documents out of the live tables into Parquet, and back: whole parts, inside the caller's transaction.

A part is written, read back and compared with what the tables hold; only then its rows are deleted.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

import pandas as pd
import pyarrow as pa

from invoicebatch.errors import StorageError
from invoicebatch.files.names import safe_name
from invoicebatch.files.platform import sync_path
from invoicebatch.files.publish import publish, sha256_of, storage_error, sync_folders
from invoicebatch.files.stored import CLOSED
from invoicebatch.model.schema import TABLES
from invoicebatch.store.archive.reading import files_of, quoted, rows_in
from invoicebatch.store.archive.tables import MOVED, OWNER, PART, columns_of
from invoicebatch.store.checks import SOURCE
from invoicebatch.store.frames import fetch, registered
from invoicebatch.store.migrations import LATEST
from invoicebatch.store.tables import insert, rows_of, whole

FOLDER: Final = CLOSED
"""In the data folder: `archive/<table>/account=<account>/period=<month>/part-<part>.parquet`."""

_AT_ONCE: Final = 30_720
"""Rows of a row group, which is what is held until it is written."""

_KEYS: Final = ("invoice_id", "external_id", "company_account_id", "customer_id", "number")


def write(con: Any, data: Path, part: str, place: tuple[str, str], about: dict[str, Any]) -> pd.DataFrame:
    """Write the documents in `GOING` as files of the archive, whole, synced and under their names.

    Args:
        con: an open connection inside a transaction.
        data: the data folder.
        part: name of the part.
        place: account and month of its documents.
        about: run_id, created_at of the files.

    Returns:
        Rows of `archive_parts`, one a table that has rows of them.

    Raises:
        StorageError: the disk failed, or what is read back is not what the tables hold.
    """
    made = [_write_table(con, data, part, name, place) for name in MOVED]
    files = pd.DataFrame([one for one in made if one]).assign(part=part, schema_version=LATEST, **about)
    sync_folders([data / path for path in files["path"]])
    return files


def _write_table(con: Any, data: Path, part: str, name: str, place: tuple[str, str]) -> dict[str, Any] | None:
    if not _content(con, name, _live(name))[0]:
        return None
    account, month = place
    folder = Path(FOLDER) / name / f"account={safe_name(account)}" / f"period={month}"
    target, staged = data / folder / f"part-{part}.parquet", data / "staging" / part / f"{name}.parquet"
    rows = f"SELECT {columns_of(name)}, {MOVED[name].owner} AS {OWNER}, '{part}' AS {PART} FROM {name} t"
    try:
        staged.parent.mkdir(parents=True, exist_ok=True)
        con.execute(
            f"COPY ({rows} WHERE {MOVED[name].where} ORDER BY {OWNER}, {', '.join(TABLES[name].key)})"
            f" TO '{quoted(staged)}' (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE {_AT_ONCE})"
        )
        sync_path(staged)
    except OSError as error:
        raise storage_error(staged, error) from error
    found, wanted = _content(con, name, _stored(staged, name)), _content(con, name, _live(name))
    if found != wanted:
        raise StorageError(
            f"{name} of part {part} can't be read back as it was written; nothing was archived of it.",
            "Check the disk, then: invoicebatch resume",
        )
    sha256, size = sha256_of(staged), staged.stat().st_size
    path = publish(staged, target, sha256)
    staged.unlink(missing_ok=True)
    return {
        "name": name,
        "path": str(path.relative_to(data)),
        "sha256": sha256,
        "size": size,
        "rows": found[0],
    }


def _live(name: str) -> str:
    return f"(SELECT {columns_of(name)} FROM {name} t WHERE {MOVED[name].where})"


def _stored(path: Path, name: str) -> str:
    return f"(SELECT {columns_of(name)} FROM read_parquet('{quoted(path)}'))"


def _content(con: Any, name: str, rows: str) -> tuple[Any, ...]:
    """What tells one content of a table from another: rows, a hash over all of them, the sum of each amount."""
    sums = "".join(f', sum("{c.name}")' for c in TABLES[name].columns if "DECIMAL(18,2)" in c.sql_type)
    packed = ", ".join(f'"{c.name}" := "{c.name}"' for c in TABLES[name].columns)
    sql = f"SELECT count(*), bit_xor(hash(struct_pack({packed}))){sums} FROM {rows}"
    return tuple(con.sql(sql).fetchall()[0])


def move_out(con: Any, files: pd.DataFrame) -> None:
    """Delete the documents in `GOING` from the live tables, and note where they are."""
    part = files["part"].iloc[0]
    keys = ", ".join(f'"{name}"' for name in _KEYS)
    con.execute(
        f"INSERT INTO archived_invoices (part, {keys}) SELECT $part, {keys} FROM invoices t WHERE {MOVED['invoices'].where}",
        {"part": part},
    )
    for name in files["name"]:
        con.execute(f"DELETE FROM {name} t WHERE {MOVED[name].where}")
    insert(con, "archive_parts", files)


def archived(con: Any, column: str, values: "pd.Series[Any]") -> pd.DataFrame:
    """The documents in the archive with such a value in a column of `archived_invoices`: its columns."""
    found = rows_of(con, "archived_invoices", column, values)
    return found[found["restored_by"].isna()].reset_index(drop=True)


def with_matters(con: Any, data: Path, ids: Iterable[int]) -> list[int]:
    """The archived ones among some documents, with their matters and those of the advances that these deduct."""
    documents = files_of(con, data, "invoices")
    if not documents:
        return []
    stored = rows_in(con, "invoices", documents)
    rows = f"(SELECT invoice_id, coalesce(credit_of, invoice_id) AS matter FROM ({stored}))"
    wanted = f"SELECT matter FROM {rows} WHERE invoice_id IN (SELECT unnest($ids::BIGINT[]))"
    if lines := files_of(con, data, "lines"):
        notes = f"SELECT invoice_id FROM {rows} WHERE matter IN ({wanted})"
        advances = f"SELECT advance_of FROM ({rows_in(con, 'lines', lines)}) WHERE invoice_id IN ({notes})"
        wanted += f" UNION ALL SELECT matter FROM {rows} WHERE invoice_id IN ({advances})"
    found = con.sql(
        f"SELECT invoice_id FROM {rows} WHERE matter IN ({wanted}) ORDER BY invoice_id",
        params={"ids": list(ids)},
    )
    return [invoice_id for (invoice_id,) in found.fetchall()]


def stored_rows(con: Any, data: Path, name: str, ids: list[int]) -> pd.DataFrame:
    """A table's rows of archived documents, as a frame of it."""
    wanted = TABLES[name].columns
    files = files_of(con, data, name)
    rows, params = f"SELECT * FROM {name} WHERE false", {}
    if files:
        rows, params = (
            rows_in(con, name, files, f"p.{OWNER} IN (SELECT unnest($ids::BIGINT[]))"),
            {"ids": ids},
        )
    columns = ", ".join(c.select_sql(f't."{c.name}"') for c in wanted)
    return fetch(con, f"SELECT {columns} FROM ({rows}) t ORDER BY ALL", wanted, params)


def named_in(con: Any, texts: "pd.Series[str]") -> pd.DataFrame:
    """The archived documents whose number is a word of a text, however it is spelled: invoice_id, number."""
    splits = (
        rf"string_split_regex(text, '[\s|,;:{also}]+')" for also in ("", "/+&")
    )  # numbers may hold a slash
    words = _plain(f"unnest({' || '.join(splits)})")
    with registered(con, SOURCE, pa.table({"text": pa.array(texts.dropna(), pa.string())})):
        found = con.sql(
            "SELECT DISTINCT a.invoice_id, a.number FROM archived_invoices a SEMI JOIN (SELECT"
            f" {words} AS word FROM {SOURCE}) t"
            f" ON t.word = {_plain('a.number')} WHERE a.restored_by IS NULL ORDER BY a.invoice_id"
        ).df()
    named: pd.DataFrame = found.astype({"invoice_id": "int64", "number": "str"})
    return named


def _plain(text: str) -> str:
    return f"regexp_replace(upper({text}), '[^A-Z0-9]', '', 'g')"


def move_in(con: Any, data: Path, ids: list[int], restored_by: str) -> None:
    """Bring archived documents back into the live tables; the files stay as they are.

    Raises:
        StorageError: a file of the archive is missing.
    """
    for name in reversed(MOVED):
        if files := files_of(con, data, name):
            rows = rows_in(con, name, files, f"p.{OWNER} IN (SELECT unnest($ids::BIGINT[]))")
            con.execute(f"INSERT INTO {name} ({columns_of(name)}) {rows}", {"ids": ids})
    con.execute(
        "UPDATE archived_invoices SET restored_by = $by"
        " WHERE restored_by IS NULL AND invoice_id IN (SELECT unnest($ids::BIGINT[]))",
        {"by": restored_by, "ids": ids},
    )


def files_with_customer(con: Any, customer_id: str) -> pd.DataFrame:
    """The files of parts that hold documents of a customer, brought back since or not: rows of `archive_parts`."""
    held = "part IN (SELECT part FROM archived_invoices WHERE customer_id = $customer)"
    return whole(con, "archive_parts", held, {"customer": customer_id})


def dissolve(con: Any, data: Path, parts: list[str], restored_by: str) -> list[int]:
    """Bring all documents of some parts back, and forget the parts; their files are the caller's to remove.

    Returns:
        The documents that were brought back.
    """
    key = {"parts": parts}
    among = "WHERE list_contains($parts, part)"
    found = con.execute(
        f"SELECT invoice_id FROM archived_invoices {among} AND restored_by IS NULL ORDER BY invoice_id", key
    ).fetchall()
    ids = [invoice_id for (invoice_id,) in found]
    move_in(con, data, ids, restored_by)
    con.execute(f"DELETE FROM archived_invoices {among}", key)
    con.execute(f"DELETE FROM archive_parts {among}", key)
    return ids


def orphans(con: Any, data: Path, prefix: str = "") -> list[Path]:
    """Files of the archive that the state does not name: of parts that were never committed.

    Args:
        con: an open connection.
        data: the data folder.
        prefix: only of parts whose name begins so.
    """
    known = {data / path for (path,) in con.sql("SELECT path FROM archive_parts").fetchall()}
    found = (data / FOLDER).glob(f"*/*/*/part-{prefix}*")
    return sorted(path for path in found if path not in known)
