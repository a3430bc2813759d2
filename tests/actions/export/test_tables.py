"""Table exports: who is in the file is exactly who is marked."""

import io
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import numpy as np
import openpyxl
import pandas as pd
import pytest
from pydantic import ValidationError

from invoicebatch.actions.export import invoices, lines, measurements
from invoicebatch.model.action import Action
from invoicebatch.model.changes import Artefact, Batch, RowUnchanged
from invoicebatch.model.exports.exported import ExportParams
from invoicebatch.model.schema import TABLES
from invoicebatch.settings import Settings

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
ACTIONS = [invoices.ACTION, lines.ACTION, measurements.ACTION]


def lent(of: Batch) -> Any:
    """What the engine lends: it reads the rows of one invoice at a time."""

    def pieces(ids: Any, _columns: Any, reads: Any, _size: int = 1) -> Iterator[Batch]:
        for one in ids.tolist():
            tables = {name: of[name][of[name]["invoice_id"] == one] for name in reads}
            yield Batch(of.invoices[of.invoices["invoice_id"] == one], tables)

    return SimpleNamespace(
        run_id="run-1",
        now=NOW,
        user="ann",
        selection="status = 'created'",
        settings=Settings(),
        pieces=pieces,
    )


CTX: Any = SimpleNamespace(now=NOW)


def batch() -> Batch:
    frame = pd.DataFrame({"invoice_id": np.array([11, 12, 13]), "total_cents": [100, 200, 400]})
    frame["number"] = pd.Series(["A1", "A2", "A3"], dtype="str")
    frame["currency"] = pd.Series(["EUR"] * 3, dtype="str")
    rows = pd.DataFrame({"invoice_id": [11, 13, 13], "line_no": [1, 1, 2], "name": ["a", "b", "c"]})
    readings = pd.DataFrame({"invoice_id": [13], "line_no": [2], "reading_no": [1], "meter_id": ["M"]})
    tables = {
        "lines": TABLES["lines"].conform(rows),
        "measurements": TABLES["measurements"].conform(readings),
    }
    return Batch(frame, tables)


def run(action: Action, params: ExportParams, of: Batch) -> tuple[list[Artefact], Batch]:
    assert action.artefacts is not None
    made = list(action.artefacts(of, params, lent(of)))
    left = [each for each in made if isinstance(each, RowUnchanged)]
    frame = pd.DataFrame(
        {
            "invoice_id": pd.Series([f.invoice_id for f in left], dtype="int64"),
            "reason": pd.Series([f.reason for f in left], dtype="str"),
        }
    )
    return [each for each in made if isinstance(each, Artefact)], replace(of, unchanged=frame)


def content(artefact: Artefact) -> bytes:
    assert callable(artefact.content)
    out = io.BytesIO()
    artefact.content(out)
    return out.getvalue()


EXPECTED = {"export.invoices": [11, 12, 13], "export.lines": [11, 13], "export.measurements": [13]}


@pytest.mark.parametrize("action", ACTIONS, ids=lambda a: a.name)
def test_marked_are_exactly_those_in_the_file(action: Action) -> None:
    params = ExportParams(mark_as_exported=True)
    files, after = run(action, params, batch())
    sheet = openpyxl.load_workbook(io.BytesIO(content(files[0]))).worksheets[0]
    numbers = [row[0] for row in sheet.iter_rows(min_row=2, values_only=True)]
    changes = action.transform(after, params, CTX)
    marked = changes.updates["invoices"]
    assert marked["invoice_id"].tolist() == EXPECTED[action.name]
    assert {f"A{i - 10}" for i in EXPECTED[action.name]} == set(numbers) - {"Total"}
    assert set(marked["export_status"]) == {"exported"}
    assert set(marked["exported_at"]) == {pd.Timestamp(NOW.replace(tzinfo=None))}
    assert sorted([*marked["invoice_id"], *after.unchanged["invoice_id"]]) == [11, 12, 13]


@pytest.mark.parametrize("action", ACTIONS, ids=lambda a: a.name)
def test_nothing_is_marked_unless_asked(action: Action) -> None:
    _, after = run(action, ExportParams(), batch())
    assert action.transform(after, ExportParams(), CTX).updates == {}


def test_an_invoice_without_lines_is_named() -> None:
    _, after = run(lines.ACTION, ExportParams(), batch())
    assert after.unchanged.to_dict("records") == [{"invoice_id": 12, "reason": "it has no lines to export"}]


def test_no_file_where_there_is_nothing_to_write() -> None:
    of = batch()
    empty = replace(of, tables={name: frame.iloc[:0] for name, frame in of.tables.items()})
    files, after = run(measurements.ACTION, ExportParams(mark_as_exported=True), empty)
    assert files == []
    assert measurements.ACTION.transform(after, ExportParams(mark_as_exported=True), CTX).updates == {}


@pytest.mark.parametrize(("kind", "magic"), [("xlsx", b"PK"), ("csv", b"\xef\xbb\xbf"), ("parquet", b"PAR1")])
def test_every_format_is_written(kind: Any, magic: bytes) -> None:
    (file,), _ = run(invoices.ACTION, ExportParams(format=kind), batch())
    assert file.name == f"invoices.{kind}"
    assert content(file).startswith(magic)


def test_the_file_says_which_run_and_selection_it_is() -> None:
    (file,), _ = run(invoices.ACTION, ExportParams(), batch())
    properties = openpyxl.load_workbook(io.BytesIO(content(file))).custom_doc_props.props
    told = {each.name: each.value for each in properties}
    assert told["invoicebatch.run_id"] == "run-1"
    assert told["invoicebatch.selection"] == "status = 'created'"


def test_columns_may_be_given_as_one_text() -> None:
    assert ExportParams(columns="number, total").columns == ("number", "total")  # type: ignore[arg-type]
    with pytest.raises(ValidationError):
        ExportParams(format="pdf")  # type: ignore[arg-type]


def test_a_workbook_says_choices_in_words_and_a_csv_as_they_are_stored(make_workspace):
    workspace = make_workspace(1, status="generation_failed")
    said = {}
    for kind in ("xlsx", "csv"):
        plan = workspace.select(all=True).plan("export.invoices", format=kind, columns=("kind", "status"))
        path = plan.apply().files["path"].iloc[0]
        frame = pd.read_excel(path, engine="openpyxl") if kind == "xlsx" else pd.read_csv(path)
        said[kind] = frame.iloc[0, :2].tolist()
    assert said == {"xlsx": ["Invoice", "Generation failed"], "csv": ["invoice", "generation_failed"]}
