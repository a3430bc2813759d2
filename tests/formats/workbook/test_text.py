"""Text cells: whatever a customer is called comes back as that text, in every reader."""

import csv
import io
import re
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import openpyxl
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from python_calamine import CalamineWorkbook

from invoicebatch.formats.workbook.columns import choose_columns
from invoicebatch.formats.workbook.flat import write_csv
from invoicebatch.formats.workbook.rows import TableExport
from invoicebatch.formats.workbook.table import write_table
from invoicebatch.formats.workbook.text import MAX_CELL, fit

ATTACKS = [
    "=cmd|' /C calc'!A0",
    "=1+1",
    "+1",
    "-1",
    "@x",
    "@SUM(1+1)*cmd|' /C calc'!A0",
    "\t=1+1",
    "\r=1+1",
    "\n=1+1",
    " =1+1",
    "＝1+1",
    '=HYPERLINK("http://127.0.0.1","x")',
    "http://example.invalid/a",
    "mailto:a@example.invalid",
    "_x000D_",
    "a_x000D_x0041_b",
    "_x005F_x000D_",
    "_xZZZZ_ and _x12_",
    "'apostrophe",
    "''",
    '<b>&amp;</b> "quoted" ]]>',
    "  spaces around  ",
    "line\nbreak",
    "carriage\rreturn",
    "emoji 🧾👩🏽‍💻",
    "שלום عربي",
    "\u202eright to left override",
    "00050",
    "1e5",
    "TRUE",
    "2026-01-01",
    "#N/A",
    "NL91ABNA0417164300",
    "\x7f\x85\u2028",
    ',;\t"',
]


def export_of(texts: list[str]) -> TableExport:
    frame = pd.DataFrame({"invoice_id": range(len(texts))})
    frame["number"] = pd.Series([f"N{i}" for i in range(len(texts))], dtype="str")
    frame["customer_name"] = pd.Series(texts, dtype="str")
    frame["currency"] = pd.Series(["EUR"] * len(texts), dtype="str")
    columns = choose_columns("invoices", ("number", "customer_name"))
    return TableExport("invoices", frame, columns, datetime(2026, 11, 22, 12, 0, tzinfo=UTC))


def workbook_bytes(texts: list[str]) -> bytes:
    out = io.BytesIO()
    write_table(out, export_of(texts))
    return out.getvalue()


def by_openpyxl(data: bytes, count: int) -> list[object]:
    rows = openpyxl.load_workbook(io.BytesIO(data)).worksheets[0].iter_rows(min_row=2, max_row=count + 1)
    cells = [row[1] for row in rows]
    assert {cell.data_type for cell in cells} <= {"s", "n"}
    assert all(cell.hyperlink is None for cell in cells)
    return [cell.value for cell in cells]


def by_calamine(data: bytes, count: int) -> list[object]:
    sheet = CalamineWorkbook.from_filelike(io.BytesIO(data)).get_sheet_by_index(0)
    return [row[1] for row in sheet.to_python()[1 : count + 1]]


@pytest.mark.parametrize("reader", [by_openpyxl, by_calamine])
def test_hostile_text_comes_back_as_the_same_text(reader: Callable[[bytes, int], list[object]]) -> None:
    assert reader(workbook_bytes(ATTACKS), len(ATTACKS)) == ATTACKS


def test_hostile_text_survives_libreoffice(tmp_path: Path, soffice: Callable[[Path, str], Path]) -> None:
    path = tmp_path / "attacks.xlsx"
    path.write_bytes(workbook_bytes(ATTACKS))
    assert b"<f" not in sheet_xml(soffice(path, "xlsx").read_bytes())
    with soffice(path, "csv").open(encoding="utf-8", newline="") as file:
        read = [row[1] for row in csv.reader(file)][1 : len(ATTACKS) + 1]
    assert read == ATTACKS


def sheet_xml(data: bytes) -> bytes:
    return zipfile.ZipFile(io.BytesIO(data)).read("xl/worksheets/sheet1.xml")


def test_control_characters_become_visible() -> None:
    data = workbook_bytes(["a\x00b\x0bc\ufffed\uffff", "\x1f"])
    assert by_openpyxl(data, 2) == ["a\ufffdb\ufffdc\ufffdd\ufffd", "\ufffd"]


def test_no_formula_but_the_totals() -> None:
    xml = sheet_xml(workbook_bytes(ATTACKS))
    assert re.findall(rb"<f>[^<]*</f>", xml) == []
    assert b"<hyperlink" not in xml


@pytest.mark.parametrize("text", ["x" * 40_000, "🧾" * 20_000, "é" * 32_767, "x" * 32_768])
def test_text_longer_than_a_cell_is_cut_visibly(text: str) -> None:
    (value,) = by_openpyxl(workbook_bytes([text]), 1)
    assert isinstance(value, str)
    units = len(value.encode("utf-16-le")) // 2
    assert units <= MAX_CELL
    if len(text.encode("utf-16-le")) // 2 > MAX_CELL:
        assert value.endswith("…")
        assert text.startswith(value[:-1])
        assert units >= MAX_CELL - 1
    else:
        assert value == text


def test_fit_keeps_null() -> None:
    assert fit(pa.array([None, "x" * 40_000])).to_pylist()[0] is None


_CELL = st.text(st.characters(exclude_categories=["Cs"], exclude_characters=[chr(c) for c in range(32) if c not in (9, 10, 13)] + ["\ufffe", "\uffff"]), min_size=1, max_size=40)  # fmt: skip


@settings(max_examples=30, deadline=None)
@given(st.lists(_CELL, min_size=1, max_size=20))
def test_any_text_comes_back(texts: list[str]) -> None:
    data = workbook_bytes(texts)
    assert by_openpyxl(data, len(texts)) == texts
    assert by_calamine(data, len(texts)) == texts


def test_csv_starts_no_formula() -> None:
    out = io.BytesIO()
    write_csv(out, export_of(ATTACKS))
    rows = list(csv.reader(io.StringIO(out.getvalue().decode("utf-8-sig"), newline="")))
    read = [row[1] for row in rows[1:]]
    assert not [text for text in read if text.lstrip()[:1] in tuple("=+-@\t\r＝＋－＠") and text.strip()]
    assert [text if text == original else text.removeprefix("'") for text, original in zip(read, ATTACKS, strict=True)] == ATTACKS  # fmt: skip
