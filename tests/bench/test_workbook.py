"""Selection sheets and exports beside other writers: seconds, memory above the input, size, in one run."""

import subprocess
import sys
from pathlib import Path

import pytest

COMMON = """
import io, resource, sys, time
from datetime import UTC, date, datetime
from pathlib import Path
import numpy as np, pandas as pd
def peak(): return int(next(l for l in open("/proc/self/status") if l.startswith("VmHWM")).split()[1]) // 1024
def texts(values): return pd.Series(values, dtype="str")
def overview(n):
    rng = np.random.default_rng(7); i = np.arange(n)
    days = pd.Series(pd.Timestamp("2026-01-01") + pd.to_timedelta(i % 300, unit="D")).astype("datetime64[s]")
    total = rng.integers(100, 900_000, n)
    return pd.DataFrame({
        "invoice_id": i + 1, "version": 1 + i % 4, "document_version": i % 2,
        "number": texts([f"F2026-{k:06d}" for k in i]), "customer_id": texts([f"{k % 5000:05d}" for k in i]),
        "customer_name": texts([f"Customer {k % 5000} & Sons" for k in i]),
        "kind": pd.Categorical.from_codes(i % 3, ["invoice", "advance", "credit_note"]),
        "status": pd.Categorical.from_codes(i % 4, ["empty", "approved", "created", "generation_failed"]),
        "company_account_id": texts(["NL"] * n), "invoice_date": days, "due_date": days + pd.Timedelta(days=14),
        "currency": texts(["EUR"] * n), "total_cents": total, "outstanding_cents": total,
        "payment_status": pd.Categorical.from_codes(i % 2, ["open", "overdue"]),
        "shipping_status": pd.Categorical.from_codes(i % 2, ["to_send", "sent"]),
        "export_status": pd.Categorical.from_codes(i % 2, ["unexported", "exported"]),
        "review": pd.Categorical.from_codes(i % 2, ["fine", "look"]),
        "review_reasons": texts([None, "total is unusual"] * (n // 2) + [None] * (n % 2))})
"""

SHEET = (
    COMMON
    + """
from invoicebatch.formats.workbook.sheet.model import LAYOUT, SheetAction, SheetMeta, SheetRows, sheet_columns
from invoicebatch.formats.workbook.sheet.rows import SheetBody, Verdicts
from invoicebatch.formats.workbook.sheet.write import write_sheet
what, n, path = sys.argv[1], int(sys.argv[2]), sys.argv[3]
frame = overview(n); meta = SheetMeta("s", "w", datetime(2026, 11, 22, tzinfo=UTC), "ann", "all")
status = frame["status"].astype("str")
def allowed(k): return (frame["status"].cat.codes % 4 == k % 4).to_numpy()
actions = [SheetAction(f"a{k}", f"Action {k}", "") for k in range(20)]
verdicts = Verdicts([action.title for action in actions], n)
reasons = [("status is " + status + ", not right").mask(allowed(k), "").astype("category") for k in range(20)]
verdicts.add(np.arange(n), [allowed(k) for k in range(20)], reasons)
def read(): yield from (frame.iloc[k : k + 65536].reset_index(drop=True) for k in range(0, n, 65536))
sums = {name: int(frame[name].sum()) for name in ("total_cents", "outstanding_cents")}
shown = SheetRows(verdicts.allowed, verdicts.why_not, verdicts.texts, ["EUR"], sums, read)
import openpyxl, xlsxwriter
before, start, cpu = peak(), time.perf_counter(), time.process_time()
if what == "ours":
    with open(path, "wb") as out: write_sheet(out, shown, actions, meta)
else:
    body = pd.concat(SheetBody(shown, actions, meta).pieces(), ignore_index=True); names = list(LAYOUT)
    body["why_not"] = pd.array(list(shown.texts), dtype="str").take(body["why_not"].to_numpy())
    columns = sheet_columns(); data = []
    for name in names:
        values = body[columns[name].frame_name]
        if columns[name].type == "money": values = values / 100
        elif columns[name].type == "date": values = pd.Series(values.dt.to_pydatetime(), dtype=object)
        data.append(values.astype(object).where(values.notna(), None).tolist())
    rows = list(zip(*data))
    if what.startswith("openpyxl"):
        from openpyxl.worksheet.datavalidation import DataValidation
        from openpyxl.styles import Protection
        book = openpyxl.Workbook(write_only=what == "openpyxl write_only")
        sheet = book.create_sheet("Invoices") if book.write_only else book.active
        from openpyxl.cell import WriteOnlyCell
        def cell(value, number_format):
            made = WriteOnlyCell(sheet, value); made.number_format = number_format; return made
        kinds = [columns[name].type for name in names]
        styled = {k: ("#,##0.00" if t == "money" else "yyyy-mm-dd") for k, t in enumerate(kinds) if t in ("money", "date")}
        rule = DataValidation(type="list", formula1='"a,b,c"'); rule.add(f"B6:B{n + 5}"); sheet.data_validations.append(rule)
        sheet.protection.sheet = True
        sheet.append(names)
        for number, row in enumerate(rows, 2):
            if book.write_only: sheet.append([cell(v, styled[k]) if k in styled else v for k, v in enumerate(row)])
            else:
                sheet.append(row)
                for k, f in styled.items(): sheet.cell(number, k + 1).number_format = f
        book.save(path)
    else:
        book = xlsxwriter.Workbook(path, {"strings_to_formulas": False, "strings_to_urls": False})
        sheet = book.add_worksheet("Invoices")
        money, day = book.add_format({"num_format": "#,##0.00"}), book.add_format({"num_format": "yyyy-mm-dd"})
        kinds = [columns[name].type for name in names]
        sheet.write_row(0, 0, names)
        for number, row in enumerate(rows, 1):
            for k, value in enumerate(row):
                if value is None: continue
                if kinds[k] == "money": sheet.write_number(number, k, value, money)
                elif kinds[k] == "date": sheet.write_datetime(number, k, value, day)
                elif isinstance(value, str): sheet.write_string(number, k, value)
                else: sheet.write_number(number, k, value)
        sheet.data_validation(1, 1, n, 1, {"validate": "list", "source": ["a", "b"]}); sheet.protect()
        book.close()
print(f"write {what:20} {n:8,} x {len(LAYOUT)}: {time.perf_counter() - start:6.2f} s (CPU {time.process_time() - cpu:6.2f}), {peak() - before:5} MB above the input, {Path(path).stat().st_size / 1e6:.1f} MB file")
"""
)

READ = """
import sys, time, openpyxl
from pathlib import Path
peak = lambda: int(next(l for l in open("/proc/self/status") if l.startswith("VmHWM")).split()[1]) // 1024
from invoicebatch.interfaces.sheet.read import read_sheet
what, path = sys.argv[1], sys.argv[2]
before, start, cpu = peak(), time.perf_counter(), time.process_time()
if what == "ours": count = len(read_sheet(path).rows)
else:
    sheet = openpyxl.load_workbook(path, read_only=what.endswith("read_only"), data_only=True)["Invoices"]
    sheet.reset_dimensions() if what.endswith("read_only") else None
    count = sum(1 for row in sheet.iter_rows(min_row=6, values_only=True))
print(f"read  {what:20} {count:8,} rows: {time.perf_counter() - start:6.2f} s (CPU {time.process_time() - cpu:6.2f}), {peak() - before:5} MB more")
"""

LINES = (
    COMMON
    + """
from invoicebatch.formats.workbook.cells import scaled
from invoicebatch.formats.workbook.columns import choose_columns, export_rows
from invoicebatch.formats.workbook.flat import write_csv, write_parquet
from invoicebatch.formats.workbook.rows import TableExport
from invoicebatch.formats.workbook.table import write_table
import pyarrow as pa
what, n, path = sys.argv[1], int(sys.argv[2]), sys.argv[3]
invoices = overview(n // 5); i = np.arange(n)
quantity = pd.Series(pd.arrays.ArrowExtensionArray(scaled(pa.array(np.random.default_rng(1).integers(1, 10**9, n)), 6)))
lines = pd.DataFrame({"invoice_id": i // 5 + 1, "line_no": i % 5 + 1, "name": texts(["Power", "Gas", "Grid", "Fee", "Tax"] * (n // 5)),
    "description": texts([f"Period 2026-01, meter {k}" for k in i]), "quantity": quantity, "unit": texts(["KWH"] * n), "price": quantity,
    "net_cents": i % 100_000, "vat_rate_bp": 2100, "period_start": pd.Series(np.full(n, np.datetime64("2026-01-01", "s"))),
    "period_end": pd.Series(np.full(n, np.datetime64("2026-01-31", "s")))})
before, start, cpu = peak(), time.perf_counter(), time.process_time()
columns = choose_columns("lines", ())
rows = export_rows("lines", columns, invoices, {"lines": lines})
export = TableExport("lines", rows, columns, datetime(2026, 11, 22, tzinfo=UTC))
with open(path, "wb") as out: {"xlsx": write_table, "csv": write_csv, "parquet": write_parquet}[what](out, export)
print(f"lines {what:20} {n:8,} x {len(columns)}: {time.perf_counter() - start:6.2f} s (CPU {time.process_time() - cpu:6.2f}), {peak() - before:5} MB above the input, {Path(path).stat().st_size / 1e6:.1f} MB file")
"""
)


def measure(script: str, *arguments: object) -> str:
    command = [sys.executable, "-c", script, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    print("\n" + done.stdout.strip())
    return done.stdout


@pytest.mark.bench
@pytest.mark.parametrize("count", [10_000, 100_000])
@pytest.mark.parametrize("what", ["ours", "openpyxl", "openpyxl write_only", "xlsxwriter"])
def test_writing_a_sheet(what: str, count: int, tmp_path: Path) -> None:
    assert "MB file" in measure(SHEET, what, count, tmp_path / "sheet.xlsx")


@pytest.mark.bench
@pytest.mark.parametrize("count", [10_000, 100_000])
def test_reading_a_sheet_back(count: int, tmp_path: Path) -> None:
    measure(SHEET, "ours", count, tmp_path / "sheet.xlsx")
    for what in ("ours", "openpyxl read_only", "openpyxl"):
        assert f"{count:,} rows" in measure(READ, what, tmp_path / "sheet.xlsx")


@pytest.mark.bench
@pytest.mark.parametrize("what", ["xlsx", "csv", "parquet"])
def test_a_million_lines(what: str, tmp_path: Path) -> None:
    assert "1,000,000" in measure(LINES, what, 1_000_000, tmp_path / f"lines.{what}")
