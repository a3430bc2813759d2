"""What a customers' sheet changes: read back by cell, judged against the stored customers, taken in by the import.

The import keeps the events; a sheet taken in twice changes nothing.
"""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import pandas as pd

from invoicebatch.engine.workspace import Workspace
from invoicebatch.errors import InputFileError
from invoicebatch.files.column_letters import column_letter
from invoicebatch.files.csv_text import csv_bytes
from invoicebatch.files.spreadsheet import Fault, Spreadsheet
from invoicebatch.files.whole import temporary_folder, write_whole
from invoicebatch.formats.workbook.customers import EDITABLE, HEADER_ROW, KEYS, SHEET, TITLES, checks
from invoicebatch.formats.workbook.sheet.model import META
from invoicebatch.ingest.intake import read_files
from invoicebatch.interfaces.customers_sheet.write import as_text
from invoicebatch.interfaces.sheet.plan_sheet import check_workspace
from invoicebatch.model.shown import ShowsFrames

_WRITE: Final = "Write one with: invoicebatch sheet write FILE.xlsx --kind customers"
_READ: Final = ("customer_id", *EDITABLE, *KEYS)


@dataclass(frozen=True)
class CustomersPlan(ShowsFrames):
    """What a customers' sheet would change, or changed.

    Attributes:
        path: the sheet.
        workspace_id: workspace it was written from.
        rows: one row a row that differs from what was written, or is in doubt: row int64, customer_id, outcome
            (`would change`, `unchanged`, `refused`; once it ran `changed`), reason, all str.
        changes: customer_id and `EDITABLE` as text, of those that would change.
    """

    path: Path
    workspace_id: str
    rows: pd.DataFrame
    changes: pd.DataFrame

    def count(self, outcome: str) -> int:
        """Rows with an outcome."""
        return int(self.rows["outcome"].eq(outcome).sum())

    @property
    def complete(self) -> bool:
        """Whether no row is refused."""
        return not self.count("refused")


def is_customers_sheet(path: str | Path) -> bool:
    """Whether a file is a customers' sheet, as far as its pages tell."""
    file = Path(path)
    return file.suffix.lower() == ".xlsx" and SHEET in Spreadsheet(file).sheets


def plan_customers(workspace: Workspace, path: str | Path) -> CustomersPlan:
    """Judge every row of a customers' sheet; nothing changes.

    Raises:
        InputFileError: no customers' sheet, damaged, or written from another workspace.
    """
    file = Path(path)
    rows, meta, letters = _read(file)
    plan = CustomersPlan(file, meta["workspace_id"], rows[["row", "customer_id"]], rows)
    check_workspace(workspace, plan)
    outcome, reason = _judged(workspace, rows, meta["selection_id"], letters)
    touched = outcome != ""
    told = rows[["row", "customer_id"]].assign(outcome=outcome, reason=reason)[touched]
    wanted = rows[outcome == "would change"]
    told = _refused_by_import(told, wanted, letters)
    good = told.loc[told["outcome"] == "would change", "customer_id"]
    values = wanted.loc[wanted["customer_id"].isin(good), ["customer_id", *EDITABLE]]
    return replace(plan, rows=told.reset_index(drop=True), changes=values.reset_index(drop=True))


def run_customers(workspace: Workspace, plan: CustomersPlan) -> CustomersPlan:
    """Take in what a plan would change; returns it with what became of its rows.

    Raises:
        BusyError: the workspace is in another process's hands.
    """
    if plan.changes.empty:
        return plan
    with temporary_folder() as folder:
        workspace.import_files([_csv(plan.changes, folder / f"{plan.path.stem}.csv")], kind="customers")
    return replace(
        plan, rows=plan.rows.assign(outcome=plan.rows["outcome"].replace("would change", "changed"))
    )


def _read(file: Path) -> tuple[pd.DataFrame, dict[str, str], dict[str, str]]:
    """The sheet's rows as text, its facts, and the letter of each column."""
    book = Spreadsheet(file)
    if SHEET not in book.sheets or META not in book.sheets:
        raise InputFileError(f"{file.name} is no customers' sheet", _WRITE)
    meta = {str(row.cells.get(1)): str(row.cells.get(2, "")) for row in book.rows(META)}
    if not meta.get("selection_id") or not meta.get("workspace_id"):
        raise InputFileError(f"{file.name} has lost the id of its selection", _WRITE)
    titles = {words: name for name, words in TITLES.items()}
    listed: list[dict[str, Any]] = []
    places: dict[str, int] = {}
    for row in book.rows(SHEET):
        if row.number == HEADER_ROW:
            places = {titles[str(v)]: place for place, v in row.cells.items() if str(v) in titles}
            if missing := [name for name in _READ if name not in places]:
                raise InputFileError(f"{file.name} has no column {', '.join(missing)}", _WRITE)
        elif row.number > HEADER_ROW:
            cells = {name: row.cells.get(places[name]) for name in _READ}
            faults = [
                f"{column_letter(places[n] - 1)}{row.number}: {v.text}"
                for n, v in cells.items()
                if isinstance(v, Fault)
            ]
            texts = {name: _text(value) for name, value in cells.items()}
            if any(texts.values()):
                listed.append({"row": row.number, "problem": "; ".join(faults), **texts})
    frame = pd.DataFrame(listed, columns=["row", "problem", *_READ]).astype({"row": "int64"})
    frame = frame.astype(dict.fromkeys(("problem", *_READ), "str"))
    return frame, meta, {name: column_letter(place - 1) for name, place in places.items()}


def _text(value: Any) -> str:
    if value is None or isinstance(value, Fault):
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value).strip()


def _judged(
    workspace: Workspace, rows: pd.DataFrame, selection_id: str, letters: dict[str, str]
) -> "tuple[pd.Series[str], pd.Series[str]]":
    """Outcome (empty: nothing was changed in the row) and reason of each row."""
    with workspace.store.read() as session:
        stored = as_text(session.rows_of("customers", "customer_id", rows["customer_id"]))
    now = rows[["customer_id"]].merge(stored, on="customer_id", how="left").fillna("").set_axis(rows.index)
    own = pd.Series(checks(selection_id, rows, ()), rows.index, dtype="str").eq(rows["check"])
    untouched = pd.Series(checks(selection_id, rows, EDITABLE), rows.index, dtype="str").eq(rows["seen"])
    same = (rows[list(EDITABLE)] == now[list(EDITABLE)]).all(axis=1)
    cell = letters["customer_id"] + rows["row"].astype("str")
    told = rows[list(EDITABLE)].agg("\x1f".join, axis=1) if len(rows) else rows["row"].astype("str")
    first = rows.groupby("customer_id")["row"].transform("first").astype("str")
    differently = told.groupby(rows["customer_id"]).transform("nunique").gt(1)
    again = rows.duplicated("customer_id", keep=False) & own & (differently | rows.duplicated("customer_id"))
    reason = pd.Series("", rows.index, dtype="str")
    for wrong, words in (
        (rows["problem"] != "", rows["problem"]),
        (
            ~own,
            cell
            + ": the key of this row does not belong to its customer; was it inserted or changed by hand?",
        ),
        (again, cell + ": the same customer stands in several rows, first in row " + first),
        (now["version"] == "", cell + ": there is no such customer any more"),
        (
            now["version"] != rows["version"],
            cell + ": the customer changed since the sheet was written; write a new one",
        ),
    ):
        reason = reason.mask((reason == "") & wrong, words)
    quiet = untouched & own & ~again & (rows["problem"] == "")
    done = same & own & ~again & (rows["problem"] == "") & ~quiet
    outcome = pd.Series("refused", rows.index, dtype="str").mask(reason == "", "would change")
    outcome = outcome.mask(done, "unchanged").mask(quiet, "")
    return outcome, reason.mask(done, "the customer has these values already").mask(quiet, "")


def _refused_by_import(told: pd.DataFrame, wanted: pd.DataFrame, letters: dict[str, str]) -> pd.DataFrame:
    """The rows with those refused whose values the import would refuse, by cell."""
    if wanted.empty:
        return told
    with temporary_folder() as folder:
        csv = _csv(wanted[["customer_id", *EDITABLE]], folder / "customers.csv")
        refused = read_files([csv], "customers", None).refused
    found: dict[int, str] = {}
    for fault in refused.to_dict("records"):
        row = int(wanted["row"].iloc[int(fault["row"]) - 2])
        cell = f"{letters.get(str(fault['column']), '')}{row}"
        found[row] = "; ".join(
            filter(None, [found.get(row), f"{cell}: {fault['value']!r}: {fault['reason']}"])
        )
    bad = told["row"].isin(found)
    return told.assign(
        outcome=told["outcome"].mask(bad, "refused"), reason=told["reason"].mask(bad, told["row"].map(found))
    )


def _csv(values: pd.DataFrame, path: Path) -> Path:
    """The values as a file that the import reads."""
    return write_whole(
        path, csv_bytes(values.mask(values == ""), plain=list(values.columns)), on_clash="replace"
    )
