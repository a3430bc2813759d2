"""Readers: encodings, delimiters, row numbers, Parquet types, hostile workbooks."""

import io
import zipfile
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import msoffcrypto.format.ooxml as ooxml
import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from invoicebatch.errors import InputFileError
from invoicebatch.ingest.cells import Refusals
from invoicebatch.ingest.readers.file import SourceFile, read_file
from invoicebatch.ingest.readers.options import Options

Read = Callable[..., SourceFile]


@pytest.fixture
def read(tmp_path: Path) -> Read:
    def read_bytes(
        content: bytes, name: str = "x.csv", refused: Refusals | None = None, **options: object
    ) -> SourceFile:
        path = tmp_path / name
        path.write_bytes(content)
        return read_file(path, Options(**options), refused or Refusals())

    return read_bytes


def columns(source: SourceFile) -> dict[str, list[str | None]]:
    return {name: values.to_pylist() for name, values in source.tables[0][1].columns.items()}


def book(
    rows: list[list[object]], sheets: tuple[str, ...] = ("Sheet",), top: int = 1, left: int = 1
) -> bytes:
    workbook = openpyxl.Workbook()
    workbook.remove(workbook.active)
    for title in sheets:
        sheet = workbook.create_sheet(title)
        for r, row in enumerate(rows):
            for c, value in enumerate(row):
                sheet.cell(top + r, left + c, value)
    buffer = io.BytesIO()
    workbook.save(buffer)
    return buffer.getvalue()


TEXT = "naam;prijs\nJosé;1,50\nZoë;2\n"


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16", "utf-16-le", "utf-16-be", "utf-32"]
)
def test_encodings_are_found_out(read: Read, encoding: str) -> None:
    source = read(TEXT.encode(encoding))
    assert columns(source) == {"naam": ["José", "Zoë"], "prijs": ["1,50", "2"]}
    assert source.notes == (["x.csv was read as Windows-1252"] if encoding == "cp1252" else [])


def test_damaged_text_is_an_error_not_a_guess(read: Read) -> None:
    with pytest.raises(InputFileError, match="damaged characters, the first in line 3"):
        read("naam\nJosé Zoë Añna\n".encode() + b"Br\xfcce\n" + "Ümit".encode())
    with pytest.raises(InputFileError, match="can't be read as cp1252"):
        read(b"a\nx\x81y\n")
    with pytest.raises(InputFileError, match="can't be read as ascii"):
        read(TEXT.encode(), encoding="ascii")
    with pytest.raises(InputFileError, match="no encoding klingon"):
        read(TEXT.encode(), encoding="klingon")


@pytest.mark.parametrize("mark", [",", ";", "\t", "|"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_delimiters_and_line_ends_are_found_out(read: Read, mark: str, end: str) -> None:
    text = end.join([f"a{mark}b", f'"x{mark}y"{mark}2', f"3{mark}4", ""])
    assert columns(read(text.encode())) == {"a": [f"x{mark}y", "3"], "b": ["2", "4"]}


def test_the_separator_line_of_excel_is_understood(read: Read) -> None:
    assert columns(read(b"sep=|\r\na|b\r\n1|2\r\n")) == {"a": ["1"], "b": ["2"]}


def test_decimal_commas_do_not_win_over_semicolons(read: Read) -> None:
    assert columns(read(b"a;b\n1,5;2,5\n3,5;4,5\n"))["b"] == ["2,5", "4,5"]


def test_row_numbers_hold_around_blank_and_ragged_rows(read: Read) -> None:
    refused = Refusals()
    source = read(b'\na,b\n1,2\n\n3\n"x\ny",4\n5,6,7\n8,9\n', refused=refused)
    assert source.tables[0][1].rows.tolist() == [3, 6, 8]
    assert refused.frame()["row"].tolist() == [5, 7]
    assert refused.frame()["reason"][0].startswith("1 cells where the header has 2")


@pytest.mark.parametrize("rest", ['3,"4\n5,6\n7,8\n', '3,4,"5\n6,7\n8,9\n', '"3\n5,6\n'])
def test_an_open_quotation_mark_is_an_error_not_a_loss(read: Read, rest: str) -> None:
    with pytest.raises(InputFileError, match="never closed"):
        read(b"a,b\n1,2\n" + rest.encode())


def test_an_inch_mark_is_no_open_quotation_mark(read: Read) -> None:
    assert columns(read(b'a,b\n1,5" pipe\n2,x\n'))["b"] == ['5" pipe', "x"]


def test_header_row_and_repeated_headers(read: Read) -> None:
    source = read(b"Report of May\n\nid,name,name,\n1,a,b,c\n", header_row=3)
    assert columns(source) == {"id": ["1"], "name": ["a"], "name #3": ["b"], "column #4": ["c"]}
    with pytest.raises(InputFileError, match="should be in row 9"):
        read(b"a,b\n1,2\n", header_row=9)


def test_control_characters_and_blanks_are_cleaned(read: Read) -> None:
    text = "a,b\n\u00a0 x\x07y \u2003,\x0b\n"
    assert columns(read(text.encode())) == {"a": ["x y"], "b": [None]}


def test_parquet_types_become_exact_text(read: Read) -> None:
    table = pa.table(
        {
            "id": pa.array(["00013", "7"]).dictionary_encode(),
            "amount": pa.array([0.1 + 0.2, 1e-7]),
            "exact": pa.array([Decimal("1.50"), None], pa.decimal128(9, 2)),
            "day": pa.array([date(2026, 1, 2), None]),
            "at": pa.array([datetime(2026, 1, 2, 3, 4), None]),  # noqa: DTZ001
            "flag": pa.array([True, False]),
            "nested": pa.array([[1], [2]]),
        }
    )
    buffer = io.BytesIO()
    pq.write_table(table, buffer)
    source = read(buffer.getvalue(), "x.parquet")
    assert columns(source) == {
        "id": ["00013", "7"],
        "amount": ["0.3", "0.0000001"],
        "exact": ["1.50", None],
        "day": ["2026-01-02", None],
        "at": ["2026-01-02 03:04:00.000000", None],
        "flag": ["true", "false"],
    }
    assert source.notes == ["x.parquet: column nested holds no plain values and was not read"]


def test_workbook_cells_become_text_and_keep_their_zeros(read: Read) -> None:
    rows = [["id", "amount", "day", "ok"], ["00013", 2.55, date(2026, 3, 4), True], [13, 1000000, None, "x"]]
    source = read(book(rows), "x.xlsx")
    assert columns(source) == {
        "id": ["00013", "13"],
        "amount": ["2.55", "1000000"],
        "day": ["2026-03-04", None],
        "ok": ["true", "x"],
    }
    assert source.tables[0][1].native["id"].tolist() == [False, True]


def test_a_table_that_starts_lower_keeps_its_row_numbers(read: Read) -> None:
    cells = read(book([["a", "b"], [1, 2]], top=4, left=3), "x.xlsx").tables[0][1]
    assert cells.rows.tolist() == [5]
    assert {name: values.to_pylist() for name, values in cells.columns.items()} == {"a": ["1"], "b": ["2"]}


def test_a_workbook_called_csv_is_read_by_what_it_is(read: Read) -> None:
    assert columns(read(book([["a"], ["x"]]), "x.csv")) == {"a": ["x"]}


def test_sheets_are_chosen_by_name(read: Read) -> None:
    content = book([["a"], ["x"]], ("One", "Two"))
    assert [sheet for sheet, _ in read(content, "x.xlsx").tables] == ["One", "Two"]
    assert read(content, "x.xlsx", sheet="Two").tables[0][1].file == "x.xlsx"
    with pytest.raises(InputFileError, match="no sheet 'Three'"):
        read(content, "x.xlsx", sheet="Three")


def test_a_protected_workbook_is_named_as_such(read: Read) -> None:
    buffer = io.BytesIO()
    ooxml.OOXMLFile(io.BytesIO(book([["a"], [1]]))).encrypt("secret", buffer)
    with pytest.raises(InputFileError, match="protected by a password"):
        read(buffer.getvalue(), "x.xlsx")


def test_a_workbook_that_claims_absurd_dimensions_ends_only_its_reader(read: Read) -> None:
    far = openpyxl.Workbook()
    far.active["A1"] = "a"
    far.active["XFD1048576"] = 1
    buffer = io.BytesIO()
    far.save(buffer)
    with pytest.raises(InputFileError):
        read(buffer.getvalue(), "x.xlsx")


def test_archives_that_are_no_workbook_or_a_bomb(read: Read) -> None:
    plain = io.BytesIO()
    with zipfile.ZipFile(plain, "w") as archive:
        archive.writestr("invoices.csv", "a,b")
    with pytest.raises(InputFileError, match="is an archive"):
        read(plain.getvalue(), "x.xlsx")
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", b"<x/>")
        archive.writestr("xl/worksheets/sheet1.xml", bytes(60 << 20))
    with pytest.raises(InputFileError, match="absurd size"):
        read(bomb.getvalue(), "x.xlsx")


@pytest.mark.parametrize("cut", [50, 300, 2000])
def test_a_damaged_workbook_is_one_error(read: Read, cut: int) -> None:
    content = book([["a", "b"], ["x", 1]])
    with pytest.raises(InputFileError):
        read(content[:cut] + content[cut + 40 :], "x.xlsx")


def test_an_empty_workbook(read: Read) -> None:
    with pytest.raises(InputFileError, match=r"x\.xlsx is empty"):
        read(book([]), "x.xlsx")


def test_a_formula_that_ended_in_an_error_refuses_its_row(read: Read) -> None:
    refused = Refusals()
    rows = [["id", "total"], ["A", 1], ["B", "#REF!"], ["C", "#N/A"], ["#DIV/0!", 2]]
    source = read(book(rows, top=3, left=2), "x.xlsx", refused)
    assert columns(source)["id"] == ["A"]
    assert refused.frame()[["row", "column"]].to_numpy().tolist() == [[5, "total"], [6, "total"], [7, "id"]]


def test_devices_and_pipes_are_no_files() -> None:
    with pytest.raises(InputFileError, match="no file, but a device"):
        read_file(Path("/dev/zero"), Options(), Refusals())
