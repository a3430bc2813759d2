"""Exports: values, types, totals, titles and splitting, read back by other programs."""

import io
import re
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from invoicebatch.errors import ParameterError
from invoicebatch.formats.workbook.columns import choose_columns, export_rows, known_columns
from invoicebatch.formats.workbook.export import export_file
from invoicebatch.formats.workbook.flat import write_csv, write_parquet
from invoicebatch.formats.workbook.rows import TableExport, regrouped, survey
from invoicebatch.formats.workbook.table import write_table
from invoicebatch.formats.workbook.titles import LANGUAGES, column_of, title
from invoicebatch.model.schema import TABLES
from invoicebatch.settings import Export, Settings

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def lines_export(rows: int = 3, currencies: tuple[str, ...] = ("EUR",), **options: Any) -> TableExport:
    invoices = pd.DataFrame({"invoice_id": [7, 3]})
    invoices["number"] = pd.Series(["2026-0007", None], dtype="str")
    invoices["customer_id"] = pd.Series(["00050", "00051"], dtype="str")
    invoices["customer_name"] = pd.Series(["Bakkerij & Zn", "=1+1"], dtype="str")
    invoices["currency"] = pd.Series((currencies * 2)[:2], dtype="str")
    invoices["invoice_date"] = pd.to_datetime(pd.Series(["2026-11-22", None])).astype("datetime64[s]")
    lines = TABLES["lines"].conform(
        pd.DataFrame(
            {
                "invoice_id": [3, 7, 7][:rows],
                "line_no": [1, 2, 1][:rows],
                "name": ["Gas", "Grid", "Power"][:rows],
                "quantity": [Decimal("1.5"), Decimal(0), Decimal(-2)][:rows],
                "unit": ["MTQ", "C62", "KWH"][:rows],
                "price": [Decimal("0.123456"), Decimal(100), Decimal(1)][:rows],
                "net_cents": [12345, -5, 0][:rows],
                "vat_rate_bp": [2100, 900, 0][:rows],
                "period_start": [date(2026, 1, 1), None, date(1899, 12, 31)][:rows],
            }
        )
    )
    columns = choose_columns("lines", ())
    frame = export_rows("lines", columns, invoices, {"lines": lines})
    return TableExport("lines", frame, columns, NOW, {"run_id": "run-1"}, **options)


def written(export: TableExport) -> bytes:
    out = io.BytesIO()
    write_table(out, export)
    return out.getvalue()


def read(export: TableExport) -> list[dict[str, Any]]:
    rows = list(openpyxl.load_workbook(io.BytesIO(written(export)), data_only=True).worksheets[0].values)
    return [dict(zip(rows[0], row, strict=True)) for row in rows[1:]]


def test_rows_follow_the_selection_and_keep_their_values() -> None:
    rows = read(lines_export())
    assert [(r["Number"], r["Line"]) for r in rows[:3]] == [("2026-0007", 1), ("2026-0007", 2), (None, 1)]
    first, second, third = rows[:3]
    assert first["Customer no."] == "00050"
    assert first["Invoice date"] == pd.Timestamp("2026-11-22")
    assert (first["Net amount"], second["Net amount"], third["Net amount"]) == (0, -0.05, 123.45)
    assert (first["VAT rate"], second["VAT rate"], third["VAT rate"]) == (0, 0.09, 0.21)
    assert (first["Quantity"], second["Quantity"], third["Quantity"]) == (-2, 0, 1.5)
    assert third["Price"] == 0.123456
    assert third["Customer"] == "=1+1"
    assert third["Period from"] == pd.Timestamp("2026-01-01")
    assert first["Period from"] == "1899-12-31"
    assert second["Period from"] is None


def test_totals_are_formulas_with_their_value() -> None:
    export = lines_export()
    sheet = openpyxl.load_workbook(io.BytesIO(written(export))).worksheets[0]
    column = [cell.value for cell in sheet[1]].index("Net amount") + 1
    assert sheet.cell(5, column).value == "=SUBTOTAL(109,ib_lines[Net amount])"
    assert read(export)[3]["Net amount"] == 123.40
    assert read(export)[3]["Number"] == "Total"


def test_libreoffice_computes_the_same_total(tmp_path: Path, soffice: Callable[[Path, str], Path]) -> None:
    path = tmp_path / "lines.xlsx"
    path.write_bytes(written(lines_export()))
    sheet = openpyxl.load_workbook(soffice(path, "xlsx"), data_only=True).worksheets[0]
    titles = [cell.value for cell in sheet[1]]
    assert sheet.cell(5, titles.index("Net amount") + 1).value == pytest.approx(123.40)


def test_different_currencies_are_never_summed() -> None:
    export = lines_export(currencies=("EUR", "GBP"))
    assert survey([export.frame], export.columns).sums == {}
    assert read(export)[3]["Net amount"] is None


def test_currency_is_minded_even_where_its_column_is_left_out() -> None:
    export = lines_export(currencies=("EUR", "GBP"))
    without = [c for c in export.columns if c.name != "currency"]
    frame = TableExport("lines", export.frame, without, NOW)
    assert survey([frame.frame], without).sums == {}


@pytest.mark.parametrize("language", LANGUAGES)
def test_titles_are_distinct_in_every_language(language: Any) -> None:
    for name in ("invoices", "lines", "measurements"):
        titles = [title(column, language) for column in known_columns(name)]
        shown = TableExport(name, pd.DataFrame(), choose_columns(name, ()), NOW, language=language).titles
        assert len(set(shown)) == len(shown)
        assert all(titles)


def test_dutch_export_has_dutch_titles() -> None:
    rows = read(lines_export(language="nl"))
    assert rows[0]["Nettobedrag"] == 0
    assert rows[3]["Nummer"] == "Totaal"


def test_titles_are_known_again_in_every_language() -> None:
    names = ("run", "action", "number", "total")
    assert column_of(" WAAROM  niet ", ("why_not",)) == "why_not"
    assert [column_of(title(n, lang), names) for lang in LANGUAGES for n in names] == list(names) * 4
    assert column_of("anything", names) is None


def test_columns_are_chosen_and_ordered() -> None:
    assert [c.name for c in choose_columns("lines", ("net", "number"))] == ["net", "number"]
    assert choose_columns("invoices", ("total_cents",))[0].name == "total"
    with pytest.raises(ParameterError, match="totle"):
        choose_columns("invoices", ("totle",))
    with pytest.raises(ParameterError, match="twice"):
        choose_columns("invoices", ("total", "total_cents"))


def test_default_columns_all_exist() -> None:
    for name in ("invoices", "lines", "measurements"):
        assert choose_columns(name, ())


def test_properties_name_the_run_and_bytes_repeat() -> None:
    data = written(lines_export())
    workbook = openpyxl.load_workbook(io.BytesIO(data))
    properties = {p.name: p.value for p in workbook.custom_doc_props.props}
    assert properties["invoicebatch.run_id"] == "run-1"
    assert workbook.properties.created == NOW.replace(tzinfo=None)
    assert "run-1" in [cell.value for cell in workbook.worksheets[1]["B"]]
    assert written(lines_export()) == data


def test_empty_export_is_a_valid_workbook(tmp_path: Path, soffice: Callable[[Path, str], Path]) -> None:
    export = lines_export()
    empty = TableExport("lines", export.frame.iloc[:0], export.columns, NOW)
    assert read(empty) == []
    path = tmp_path / "empty.xlsx"
    path.write_bytes(written(empty))
    assert soffice(path, "xlsx").exists()


def test_a_long_export_is_split_into_numbered_workbooks() -> None:
    name, write = export_file(lines_export(), "xlsx", most_rows=2)
    out = io.BytesIO()
    write(out)
    assert name == "lines.zip"
    parts = zipfile.ZipFile(out)
    assert parts.namelist() == ["lines-1.xlsx", "lines-2.xlsx"]
    counts = [
        len(list(openpyxl.load_workbook(io.BytesIO(parts.read(part))).worksheets[0].values)) - 2
        for part in parts.namelist()
    ]
    assert counts == [2, 1]


@pytest.mark.parametrize("kind", ["xlsx", "csv", "parquet", "split"])
def test_rows_that_are_read_piece_by_piece_make_the_same_file(kind: Any) -> None:
    whole = lines_export()
    rows = [whole.frame.iloc[[place]] for place in range(len(whole.frame))]
    read = replace(whole, frame=whole.frame.head(2), read=lambda _: iter(rows), rows=len(rows))
    files = []
    for export in (whole, read):
        out = io.BytesIO()
        form, most = ("xlsx", 2) if kind == "split" else (kind, 10)
        export_file(export, form, most_rows=most)[1](out)
        files.append(out.getvalue())
    assert files[0] == files[1]


@pytest.mark.parametrize("sizes", [[4, 4, 2], [3, 5, 1, 1], [10], [1] * 10, []])
def test_rows_are_grouped_and_none_is_read_ahead(sizes: list[int]) -> None:
    rows = pd.DataFrame({"row": range(sum(sizes))})
    edges = [sum(sizes[:n]) for n in range(len(sizes) + 1)]
    read = []

    def pieces() -> Iterator[pd.DataFrame]:
        for start, end in pairwise(edges):
            read.append(end)
            yield rows.iloc[start:end]

    given = 0
    for group in regrouped(pieces(), 4):
        found = pd.concat(list(group))["row"].tolist()
        assert found == list(range(given, min(given + 4, len(rows))))
        given += len(found)
        holding_the_last = [end for end in read if end >= given]
        assert holding_the_last == read[-1:]
    assert given == len(rows)


def test_a_sheet_is_never_overfilled() -> None:
    export = lines_export()
    frame = pd.DataFrame({"invoice_id": range(1_048_576)})
    with pytest.raises(ValueError, match="more than a sheet holds"):
        written(TableExport("lines", frame, export.columns, NOW))


def test_csv_is_plain_and_exact() -> None:
    out = io.BytesIO()
    write_csv(out, lines_export(), Export(csv_delimiter=";"))
    header, first, *_, last, end = out.getvalue().decode("utf-8-sig").split("\r\n")
    assert header.startswith('"Number";"Invoice date";')
    assert first.startswith('"2026-0007";2026-11-22;"00050"')
    assert '"\'=1+1"' in last
    assert ";123.45;21.00;2026-01-01;" in last
    assert end == ""


def test_csv_takes_the_decimal_mark_of_the_readers_language() -> None:
    out = io.BytesIO()
    write_csv(out, lines_export(), Export(csv_delimiter=";", csv_decimal=","))
    last = out.getvalue().decode("utf-8-sig").split("\r\n")[-2]
    assert ";123,45;21,00;2026-01-01;" in last
    with pytest.raises(ValueError, match="the delimiter too"):
        Settings.model_validate({"export": {"csv_decimal": ","}})


def test_parquet_keeps_types() -> None:
    out = io.BytesIO()
    write_parquet(out, lines_export())
    table = pq.read_table(io.BytesIO(out.getvalue()))
    assert table.schema.field("net").type == pa.decimal128(18, 2)
    assert table.schema.field("period_start").type == pa.date32()
    assert table["net"].to_pylist() == [Decimal("0.00"), Decimal("-0.05"), Decimal("123.45")]
    assert table["vat_rate"].to_pylist() == [Decimal("0.00"), Decimal("9.00"), Decimal("21.00")]
    assert table["customer_name"].to_pylist()[2] == "=1+1"
    assert table.schema.metadata[b"invoicebatch.run_id"] == b"run-1"


def test_readings_carry_line_and_invoice() -> None:
    export = lines_export()
    invoices = pd.DataFrame({"invoice_id": [7], "number": pd.Series(["2026-0007"], dtype="str")})
    invoices["currency"] = pd.Series(["EUR"], dtype="str")
    lines = export.frame[["invoice_id", "line_no", "name", "unit"]]
    readings = TABLES["measurements"].conform(
        pd.DataFrame(
            {
                "invoice_id": [7, 7, 9],
                "line_no": [1, 1, 1],
                "reading_no": [2, 1, 1],
                "meter_id": ["M1", "M1", "M9"],
                "register": ["low", "high", "low"],
                "usage": [Decimal(10), Decimal("5.5"), Decimal(1)],
                "unit": ["KWH"] * 3,
            }
        )
    )
    columns = choose_columns("measurements", ("number", "name", "register", "usage", "unit"))
    rows = export_rows("measurements", columns, invoices, {"lines": lines, "measurements": readings})
    assert rows[["number", "name", "register"]].to_numpy().tolist() == [
        ["2026-0007", "Power", "high"],
        ["2026-0007", "Power", "low"],
    ]
    assert survey([rows], columns).sums["usage"] == Decimal("15.5")


def shown(value: float, code: str) -> str:
    """A number as its format code says (ECMA-376 part 1, 18.8.31), in the digits this project uses.

    A point of the code is shown whatever follows it; `_` keeps room as wide as the next character.
    """
    section = code.split(";")[1 if value < 0 and ";" in code else 0].replace("[Red]", "")
    section = re.sub("_.", " ", section)
    places = re.search(r"[#,0]+(?:\.([0#]*))?", section)
    assert places is not None
    digits = places[1] or ""
    scaled_value = round(abs(value) * (100 if "%" in section else 1), 9)
    text = f"{scaled_value:,.{len(digits)}f}"
    optional = len(digits) - len(digits.rstrip("#"))
    while optional and text.endswith("0"):
        text, optional = text[:-1], optional - 1
    return section.replace(places[0], text, 1).rstrip()


def test_quantities_prices_and_rates_show_their_decimals_and_no_point_without_any() -> None:
    export = lines_export()
    frame = export.frame.assign(vat_rate_bp=[2000, 550, 575], quantity=export.frame["quantity"] * 1000)
    sheet = openpyxl.load_workbook(io.BytesIO(written(replace(export, frame=frame)))).worksheets[0]
    titles = [cell.value for cell in sheet[1]]

    def column(title: str) -> list[str]:
        cells = [sheet.cell(row, titles.index(title) + 1) for row in (2, 3, 4)]
        return [shown(cell.value, cell.number_format) for cell in cells]

    assert shown(0.2, "0.##%") == "20.%"  # what optional digits would show
    assert column("VAT rate") == ["20%", "5.5%", "5.75%"]
    assert column("Quantity") == ["-2,000", "0", "1,500"]
    assert column("Price") == ["1.00", "100.00", "0.123456"]
