"""What a cell of a workbook shows is what is read, or the cell is refused; an unknown value takes no default."""

import io
from collections.abc import Callable
from datetime import date
from typing import Any

import openpyxl
import pytest

from invoicebatch.ingest.intake import Intake

Take = Callable[..., Intake]
INVOICES = ["external_id", "company_account_id", "customer_id", "order_reference"]
LINES = ["external_id", "name", "quantity", "price", "vat_rate"]


def workbook(lines: list[list[Any]], invoice: list[Any], formats: dict[str, str]) -> bytes:
    """Two sheets; `formats` by sheet and cell, such as `lines!E2`."""
    book = openpyxl.Workbook()
    book.active.title = "invoices"
    book.create_sheet("lines")
    for row in (INVOICES, invoice):
        book["invoices"].append(row)
    for row in (LINES, *lines):
        book["lines"].append(row)
    for place, code in formats.items():
        sheet, _, cell = place.partition("!")
        book[sheet][cell].number_format = code
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def taken(take: Take, *, line: list[Any], invoice: list[Any], formats: dict[str, str]) -> Intake:
    return take({"b.xlsx": workbook([line], invoice, formats)})


@pytest.mark.parametrize(("rate", "code"), [(0.21, "0%"), (0.21, "0.00%"), (0.055, "0.0%"), (21, "0.00")])
def test_a_percent_cell_is_read_as_it_shows(take: Take, rate: float, code: str) -> None:
    line = ["A1", "Water", 1, 100, rate]
    intake = taken(take, line=line, invoice=["A1", "NL", "1", "x"], formats={"lines!E2": code})
    assert intake.refused.empty
    expected = round(rate * 10_000) if "%" in code else rate * 100
    assert intake.frames["lines"]["vat_rate_bp"].tolist() == [expected]
    assert intake.frames["invoices"]["vat_total_cents"].tolist() == [expected]


def test_a_percentage_that_is_shown_rounded_is_refused(take: Take) -> None:
    line = ["A1", "Water", 1, 100, 0.055]
    intake = taken(take, line=line, invoice=["A1", "NL", "1", "x"], formats={"lines!E2": "0%"})
    assert intake.frames["invoices"].empty
    assert "does not hold what it shows" in intake.refused["reason"].iloc[-1]


@pytest.mark.parametrize(
    ("price", "code"),
    [
        (2.7, "0"),
        (10.005, "#,##0.00"),
        (1500, "#,##0,"),
        (0.125, "0%"),
        (-5, "0;0"),
        (5, ";;;"),
        (0, "0;-0;;@"),
        (12345678, "0.00E+00"),
        (0.3, "# ?/?"),
        (5, '"yes"'),
        (7, "[<5]0;0.00"),
    ],
)
def test_a_number_that_is_shown_as_another_is_refused(take: Take, price: float, code: str) -> None:
    line = ["A1", "Water", 1, price, 21]
    intake = taken(take, line=line, invoice=["A1", "NL", "1", "x"], formats={"lines!D2": code})
    assert intake.frames["invoices"].empty
    assert intake.refused[["column", "row"]].iloc[-1].tolist() == ["price", 2]
    assert "does not hold what it shows" in intake.refused["reason"].iloc[-1]


@pytest.mark.parametrize(
    ("price", "code"),
    [
        (2.7, "0.00"),
        (1234.5, '_-"€" * #,##0.00_-;\\-"€" * #,##0.00_-;_-"€" * "-"??_-;_-@_-'),
        (-1234.5, '_-"€" * #,##0.00_-;\\-"€" * #,##0.00_-;_-"€" * "-"??_-;_-@_-'),
        (0, '_-"€" * #,##0.00_-;\\-"€" * #,##0.00_-;_-"€" * "-"??_-;_-@_-'),
        (-5, "0_);[Red](0)"),
        (-5, "[$€-413] #,##0.00"),
        (12000000, "0.00E+00"),
        (3, 'General" st"'),
        (5, "@"),
    ],
)
def test_a_number_is_read_where_its_format_shows_it(take: Take, price: float, code: str) -> None:
    line = ["A1", "Water", 1, price, 21]
    intake = taken(take, line=line, invoice=["A1", "NL", "1", "x"], formats={"lines!D2": code})
    assert intake.refused.empty
    assert [float(value) for value in intake.frames["lines"]["price"]] == [price]


@pytest.mark.parametrize(
    ("value", "code"), [(1234567, "#,##0"), (1230000, "0.00E+00"), (42, "0.00"), (4.2, "0"), (42, ";;;")]
)
def test_an_identifier_that_is_shown_otherwise_is_refused(take: Take, value: float, code: str) -> None:
    line = ["A1", "Water", 1, 100, 21]
    intake = taken(take, line=line, invoice=["A1", "NL", value, "x"], formats={"invoices!C2": code})
    assert intake.frames["invoices"].empty
    assert "format the column as text" in intake.refused["reason"].iloc[0]


@pytest.mark.parametrize(
    ("code", "whole"),
    [
        ("dd-mm-yyyy", True),
        ("[$-413]d mmmm yy;@", True),
        ("mmm-yy", False),
        ("dd/mm", False),
        ("h:mm", False),
    ],
)
def test_a_date_is_read_where_all_of_it_is_shown(take: Take, code: str, whole: bool) -> None:
    book = openpyxl.Workbook()
    book.active.title = "invoices"
    for row in (["external_id", "company_account_id", "invoice_date"], ["A1", "NL", date(2026, 4, 3)]):
        book.active.append(row)
    book.active["C2"].number_format = code
    out = io.BytesIO()
    book.save(out)
    assert take({"b.xlsx": out.getvalue()}).refused["column"].tolist() == ([] if whole else ["invoice_date"])


@pytest.mark.parametrize(
    "derived", [{"net": "price * quantity"}, {"unit": "price & ''", "price": "quantity * 1"}]
)
def test_an_expression_reads_no_number_that_is_shown_as_another(take: Take, derived: dict[str, str]) -> None:
    book = workbook([["A1", "Water", 3, 2.7, 21]], ["A1", "NL", "1", "x"], {"lines!D2": "0"})
    names = {name: name for name in ("external_id", "name", "vat_rate")}
    mapping = {
        "file": {"sheet": "lines"},
        "lines": names | {key: {"derived": text} for key, text in derived.items()},
    }
    intake = take({"b.xlsx": book}, mapping)
    assert intake.refused["column"].tolist() == ["price"]


@pytest.mark.parametrize("rate", ["0.5%", "0,62 %", "1.4", "1.75%", "5.2"])
def test_a_rate_below_one_percent_is_taken_with_its_sign(take: Take, rate: str) -> None:
    files = {"lines.csv": f'external_id,name,price,vat_rate\nA1,Water,100,"{rate}"\n'}
    expected = round(float(rate.rstrip("% ").replace(",", ".")) * 100)
    intake = take(files, decimal="," if "," in rate else ".")
    assert intake.frames["lines"]["vat_rate_bp"].tolist() == [expected]
    shown = ["A1", "Water", 1, 100, expected / 10_000]
    book = workbook([shown], ["A1", "NL", "1", "x"], {"lines!E2": "0.00%"})
    assert take({"b.xlsx": book}).frames["lines"]["vat_rate_bp"].tolist() == [expected]


@pytest.mark.parametrize("rate", ["0.21", "0.055", "0.99", "-0.21"])
def test_a_bare_share_is_no_percentage(take: Take, rate: str) -> None:
    intake = take({"lines.csv": f"external_id,name,price,vat_rate\nA1,Water,100,{rate}\n"})
    assert intake.frames["lines"].empty
    assert intake.refused["column"].tolist() == ["vat_rate"] * len(intake.refused)
    book = workbook([["A1", "Water", 1, 100, float(rate)]], ["A1", "NL", "1", "x"], {})
    assert take({"b.xlsx": book}).frames["invoices"].empty


@pytest.mark.parametrize(
    ("value", "code", "shown"),
    [
        (13, "00000000", "00000013"),
        (13, "General", "13"),
        (42, '"K-"0000', "K-0042"),
        (12345, "00-000", "12-345"),
    ],
)
def test_a_number_in_a_text_column_is_what_it_shows(take: Take, value: int, code: str, shown: str) -> None:
    line = ["A1", "Water", 1, 100, 21]
    intake = taken(take, line=line, invoice=["A1", "NL", value, "x"], formats={"invoices!C2": code})
    assert intake.frames["invoices"]["customer_id"].tolist() == [shown]


@pytest.mark.parametrize("value", [871687000000004229, date(2026, 4, 3)])
def test_what_no_longer_holds_its_text_is_refused(take: Take, value: object) -> None:
    line = ["A1", "Water", 1, 100, 21]
    intake = taken(take, line=line, invoice=["A1", "NL", "1", value], formats={})
    assert intake.frames["invoices"].empty
    assert "order_reference" in set(intake.refused["column"])


@pytest.mark.parametrize("cell", ["quantity", "price", "vat_rate"])
def test_a_formula_without_a_stored_value_refuses_its_document(take: Take, cell: str) -> None:
    line = dict(zip(LINES, ["A1", "Water", 100, 10, 21], strict=True)) | {cell: "=2*50"}
    intake = taken(take, line=list(line.values()), invoice=["A1", "NL", "1", "x"], formats={})
    assert intake.frames["invoices"].empty
    assert intake.refused["reason"].str.contains("without a stored value").any()


def test_a_mapping_reads_numbers_and_texts_each_as_they_are(take: Take) -> None:
    book = workbook(
        [["A1", "Water", 0.5, 10, 0.21]], ["A1", "NL", "1", "x"], {"lines!C2": "0%", "lines!E2": "0%"}
    )
    mapping = {
        "file": {"sheet": "lines"},
        "lines": {
            "external_id": "external_id",
            "name": {"derived": "name & ' ' & vat_rate"},
            "quantity": "quantity",
            "price": {"derived": "price * quantity"},
            "vat_rate": "vat_rate",
        },
    }
    (row,) = take({"b.xlsx": book}, mapping).frames["lines"].to_dict("records")
    assert (row["name"], row["vat_rate_bp"]) == ("Water 21%", 2100)
    assert (float(row["quantity"]), float(row["price"])) == (0.5, 5.0)
