"""An audit pack: all that is known of some invoices, in a form that outlives the program and can be checked."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from invoicebatch.engine.base import clock
from invoicebatch.engine.base.workspace_base import WorkspaceBase
from invoicebatch.files import verify_audit_pack
from invoicebatch.files.csv_text import table_bytes
from invoicebatch.files.hashed_zip import Entry, Listed, write_hashed_zip
from invoicebatch.files.stored import DocumentState, document_state
from invoicebatch.formats import gobd as gobd_index
from invoicebatch.model.schema import INVOICE_TABLES, documentation
from invoicebatch.store import Session

FORM: Final = "invoicebatch audit pack 1"

_BY_INVOICE: Final = (
    "invoices", *INVOICE_TABLES, "bundle_items", "payments", "bank_entries", "run_rows", "events",
    "invoice_changes",
)  # fmt: skip
_BY_OTHERS: Final = {
    "customers": ("invoices", "customer_id"),
    "mandates": ("invoices", "customer_id"),
    "company_accounts": ("invoices", "company_account_id"),
    "payment_bundles": ("bundle_items", "bundle_id"),
    "runs": ("events", "run_id"),
    "artefacts": ("events", "run_id"),
    "event_chain": ("events", "batch"),
}
"""Table, and by which column of which other table its rows are found."""


@dataclass(frozen=True, slots=True)
class AuditPack:
    """What was written.

    Attributes:
        file: the pack.
        files: what it holds.
        head: head of the chain of events; keep it apart from the pack.
        manifest_sha256: hash of the pack's list of files; likewise.
        missing: files that the state names and that are not there, or not what they were.
    """

    file: Path
    files: list[Listed]
    head: str
    manifest_sha256: str
    missing: list[str]


def write_audit_pack(
    workspace: WorkspaceBase, ids: npt.NDArray[np.int64], target: Path, *, gobd: bool = False
) -> AuditPack:
    """Write an audit pack of some invoices.

    It holds their tables as Parquet and CSV with a description, stored documents, electronic invoices and
    bank files, their events with the chain, and `verify.py`, which checks it with Python alone.

    Args:
        workspace: where.
        ids: int64 invoice ids.
        target: the ZIP file; it must not be there.
        gobd: with the index that German tax auditors' programs read the tables by.

    Raises:
        InputFileError: the target exists.
        StorageError: the disk failed.
    """
    with workspace.store.with_archive().read() as session:
        tables = _tables(session, pd.Series(ids))
        chained = {name: session.hashed_rows(name, pd.Series(ids)) for name in ("events", "invoice_changes")}
        chained["batches"] = batches = session.chain_batches()
        chained["erasures"] = _erasures(session, chained)
    head = batches[-1]["head"] if batches else ""
    documents = dict(_documents(workspace.data, tables))
    missing = [name for name, path in documents.items() if path is None]
    about = {
        "form": FORM,
        "workspace": workspace.id,
        "at": f"{clock.now():%Y-%m-%dT%H:%M:%S}",
        "by": workspace.user,
        "invoices": len(ids),
        "head": head,
        "missing": missing,
    }
    entries: Iterator[Entry] = chain(
        [("verify.py", Path(verify_audit_pack.__file__)), ("tables.md", documentation().encode())],
        ((f"chain/{name}.jsonl", _json_lines(rows)) for name, rows in chained.items()),
        _table_files(tables),
        _gobd_index(tables, about) if gobd else [],
        ((f"files/{name}", path) for name, path in documents.items() if path is not None),
    )
    files, sealed = write_hashed_zip(target.resolve(), entries, about, manifest="manifest.json")
    return AuditPack(target, files, head, sealed, missing)


def _erasures(session: Session, chained: Mapping[str, list[dict[str, Any]]]) -> list[dict[str, Any]]:
    """Of each run that erased any of these rows: its event of the chain, and what its seal is made of."""
    wanted = {row["by"] for rows in chained.values() for row in rows if "by" in row}
    erased = session.erased_rows()
    events = session.hashed_rows("events", pd.Series([0]))
    return [
        {"by": event["row"][0], "event": event, "rows": erased[event["row"][0]]}
        for event in events
        if event["row"][0] in wanted
    ]


def _tables(session: Session, ids: "pd.Series[int]") -> dict[str, pa.Table]:
    tables = {name: session.stored_rows(name, "invoice_id", ids) for name in _BY_INVOICE}
    tables["outbox"] = session.stored_rows("outbox", "message_id", session.messages_carrying(ids))
    for name, (source, column) in _BY_OTHERS.items():
        tables[name] = session.stored_rows(name, column, tables[source][column].to_pandas())
    return tables


def _table_files(tables: Mapping[str, pa.Table]) -> Iterator[Entry]:
    for name, table in tables.items():
        sink = pa.BufferOutputStream()
        pq.write_table(table, sink)
        yield f"tables/{name}.parquet", sink.getvalue().to_pybytes()
        yield f"tables/{name}.csv", table_bytes(table)


def _gobd_index(tables: Mapping[str, pa.Table], about: Mapping[str, Any]) -> Iterator[Entry]:
    """The tables that have columns, from whoever the selected documents are."""
    accounts = tables["company_accounts"].to_pandas()[["legal_name", "name", "city"]].fillna("")
    names = accounts["legal_name"].where(accounts["legal_name"].ne(""), accounts["name"])
    described = {name: (f"tables/{name}.csv", table.schema) for name, table in tables.items()}
    supplier, place = (", ".join(dict.fromkeys(texts)) for texts in (names, accounts["city"]))
    comment = f"{about['invoices']} documents of workspace {about['workspace']}, as of {about['at']}"
    yield "index.xml", gobd_index.index_xml(described, supplier, place, comment)
    yield gobd_index.DTD, gobd_index.grammar()


def _documents(data: Path, tables: Mapping[str, pa.Table]) -> Iterator[tuple[str, Path | None]]:
    """Each file that the rows name, by its name in the pack; None: it is not what it was, or gone."""
    own = tables["artefacts"].to_pandas()
    wanted = set(tables["invoices"]["invoice_id"].to_pylist())
    bundles = set(tables["payment_bundles"]["file_path"].drop_null().to_pylist())
    kept = own["invoice_id"].isin(wanted) | own["path"].isin(bundles)
    versions = tables["documents"].to_pandas()[["path", "sha256"]]
    for row in pd.concat([versions, own.loc[kept, ["path", "sha256"]]]).drop_duplicates().to_dict("records"):
        name, path = str(row["path"]), data / str(row["path"])
        sound = document_state(data, name, row["sha256"], path.parent) is DocumentState.SOUND
        if Path(name).is_absolute():
            name = f"elsewhere/{row['sha256'][:12]}-{path.name}"
        yield name, path if sound else None


def _json_lines(rows: Iterable[Mapping[str, Any]]) -> bytes:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()
