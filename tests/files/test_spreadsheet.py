"""Reading hostile and foreign files: a clear refusal, within bounded memory."""

import io
import subprocess
import sys
import textwrap
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from invoicebatch.errors import InputFileError
from invoicebatch.files.spreadsheet import Fault, Spreadsheet
from invoicebatch.files.spreadsheet_guard import refuse_other_kinds

SHEET = "xl/worksheets/sheet1.xml"
LAUGHS = b'<!DOCTYPE worksheet [<!ENTITY a0 "lol">' + b"".join(
    b'<!ENTITY a%d "%s">' % (i, b"&a%d;" % (i - 1) * 10) for i in range(1, 10)
)


@pytest.fixture
def plain(tmp_path: Path) -> Path:
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    sheet.title = "S"
    sheet.append(["text", 1.5, True, None, "=1+1", "#N/A"])
    sheet.append(["_x000D_", 13, False])
    book.save(tmp_path / "plain.xlsx")
    return tmp_path / "plain.xlsx"


def changed(path: Path, edit: Callable[[str, bytes], bytes], more: dict[str, bytes] | None = None) -> Path:
    out = path.with_name("changed.xlsx")
    with zipfile.ZipFile(path) as source, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as target:
        for name in source.namelist():
            target.writestr(name, edit(name, source.read(name)))
        for name, data in (more or {}).items():
            target.writestr(name, data)
    return out


def in_sheet(old: bytes, new: bytes) -> Callable[[str, bytes], bytes]:
    def edit(name: str, data: bytes) -> bytes:
        if name != SHEET:
            return data
        assert old in data
        return data.replace(old, new, 1)

    return edit


def rows(path: Path) -> list[dict[int, object]]:
    return [row.cells for row in Spreadsheet(path).rows("S")]


def test_values_keep_their_types(plain: Path) -> None:
    first, second = rows(plain)
    assert (first[1], first[2], first[3]) == ("text", 1.5, True)
    assert 4 not in first
    assert first[5] == Fault("the formula =1+1, which has no value yet")
    assert first[6] == Fault("#N/A")
    assert second == {1: "\r", 2: 13.0, 3: False}


def test_only_wanted_columns(plain: Path) -> None:
    assert [row.cells for row in Spreadsheet(plain).rows("S", frozenset({2}))] == [{2: 1.5}, {2: 13.0}]


def test_cells_and_rows_without_references_are_counted(plain: Path) -> None:
    def edit(name: str, data: bytes) -> bytes:
        if name != SHEET:
            return data
        start, stop = data.index(b"<sheetData>"), data.index(b"</sheetData>")
        body = b"<sheetData><row><c><v>1</v></c><c/><c><v>3</v></c></row><row><c><v>4</v></c></row>"
        return data[:start] + body + data[stop:]

    assert rows(changed(plain, edit)) == [{1: 1.0, 3: 3.0}, {1: 4.0}]


CELLS = [
    '<c r="{}"/>', '<c r="{}" s="1"/>', '<c r="{}"></c>', '<c r="{}"><v>1.5</v></c>', '<c r="{}" s="2"><v></v></c>',
    '<c r="{}" t="s"><v>0</v></c>', '<c r="{}" t="s"><v>9</v></c>', '<c r="{}" t="b"><v>1</v></c>', '<c t="b" r="{}"><v>0</v></c>',
    '<c r="{}" t="e"><v>#N/A</v></c>', '<c r="{}"><f>1+1</f></c>', '<c r="{}" t="str"><f>A1</f><v>x_x0041_</v></c>',
    '<c r="{}" t="inlineStr"><is><t>a_x0041_</t></is></c>', '<c r="{}" t="inlineStr"><is><t/></is></c>',
    '<c r="{}" t="inlineStr"><is><t xml:space="preserve"> a </t></is></c>', '<c r="{}" t="inlineStr"/>',
    '<c r="{}" t="inlineStr"><is><t>a &amp; b</t></is></c>', '<c r="{}" t="inlineStr"><is><t>a\r\nb</t></is></c>',
    '<c r="{}" t="inlineStr"><is><r><t>a</t></r><r><t>b</t></r></is></c>', '<c r="{}"><v>2</v><extLst/></c>',
    '<c r="{}" t="inlineStr"><is><t><![CDATA[<c r="A1"><v>5</v></c>]]></t></is></c>', "<c r='{}'><v>3</v></c>",
    '<!-- <c r="A1"/> --><c r="{}"><v>4</v></c>', '<c r="{}" t="d"><v>2026-01-20</v></c>', "<c><v>7</v></c>", "",
]  # fmt: skip
EXCEL = '<row r="{}" spans="1:3" x14ac:dyDescent="0.25">'
ROW_HEADS = [
    EXCEL,
    '<row r="{}">',
    '<row r="{}" spans="1:3" hidden="1">',
    "<row>",
    '<row hidden="true" r="{}">',
    '<row r="{}" ht="15">',
]


@given(
    st.lists(st.tuples(st.sampled_from(ROW_HEADS), st.lists(st.sampled_from(CELLS), max_size=4)), max_size=6)
)
def test_a_few_columns_are_what_they_are_among_all(drawn: list[tuple[str, list[str]]]) -> None:
    texts = []
    for number, (head, cells) in enumerate(drawn, start=5):
        placed = "".join(cell.format(f"{'ABCD'[at]}{number}") for at, cell in enumerate(cells))
        texts.append(f"{head.format(number)}{placed}</row>")
    with TemporaryDirectory() as folder:
        book = openpyxl.Workbook()
        book.worksheets[0].title = "S"
        book.worksheets[0].append(["first"])
        path = Path(folder) / "a.xlsx"
        book.save(path)
        more = in_sheet(b"</sheetData>", "".join(texts).encode() + b"</sheetData>")
        named = in_sheet(b"<worksheet ", b'<worksheet xmlns:x14ac="urn:x14ac" ')
        path = changed(path, lambda name, data: named(name, more(name, data)))
        every = list(Spreadsheet(path).rows("S"))
        wanted = frozenset({1, 3})
        few = list(Spreadsheet(path).rows("S", wanted, frozenset({4}), lambda values: 3 in values))
    for row, all_of_it in zip(few, every, strict=True):
        columns = wanted | ({4} if 3 in all_of_it.cells else set())
        assert row == replace(all_of_it, cells={k: v for k, v in all_of_it.cells.items() if k in columns})


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"</sheetData>", b'</sheetData><rowBreaks count="1"><brk id="6" man="1"/></rowBreaks>'),
        (b"</sheetData>", b"</sheetData>" + b"\n" * 5000 + b"<!-- the end -->"),
        (b"<sheetData>", b"<sheetData>" + b" \r\n" * 200_000),
        (b"<worksheet ", b'<!-- <sheetData><row r="1"/> --><worksheet '),
        (b"</sheetData>", b'<row\r\n r="30"><c r="A30" t="b"><v>1</v></c></row></sheetData>'),
        (b"</sheetData>", b'<row r="30"><c r="A130" s="30" t="b"><v>1</v></c></row></sheetData>'),
        (b"</sheetData>", b'<row r="30"><c r="A30"/><c r="A30" t="b"><v>1</v></c></row></sheetData>'),
    ],
    ids=["page breaks", "much after", "much before", "comment", "line in a tag", "other row", "double"],
)
def test_what_stands_around_rows_changes_none_of_them(plain: Path, old: bytes, new: bytes) -> None:
    path = changed(plain, in_sheet(old, new))
    every = list(Spreadsheet(path).rows("S"))
    few = list(Spreadsheet(path).rows("S", frozenset({1})))
    assert [(row.number, row.cells.get(1)) for row in few] == [
        (row.number, row.cells.get(1)) for row in every
    ]


@pytest.mark.parametrize(
    "between",
    [
        b"<!-- <row r='9'/> -->",
        b'<sow r="9"><c r="A9"/></sow>',
        b"text",
        b"</oops>",
        b'<row r="9"></row ><row r="10"></row>',
    ],
)
def test_what_is_no_row_among_rows_is_refused(plain: Path, between: bytes) -> None:
    path = changed(plain, in_sheet(b"</sheetData>", between + b"</sheetData>"))
    with pytest.raises(InputFileError):
        list(Spreadsheet(path).rows("S", frozenset({1})))


def test_a_sheet_that_is_cut_off_is_refused(plain: Path) -> None:
    for end in (b"</sheetData>", b"</row>"):
        cut = changed(plain, lambda name, data, end=end: data[: data.rindex(end)] if name == SHEET else data)
        with pytest.raises(InputFileError):
            list(Spreadsheet(cut).rows("S", frozenset({1})))


def test_absurd_dimensions_cost_nothing(plain: Path) -> None:
    cell = b'<row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData>'
    assert rows(changed(plain, in_sheet(b"</sheetData>", cell)))[-1] == {16_384: 1.0}


@pytest.mark.parametrize(
    "row",
    [
        b'<row r="1048577"><c r="A1048577"><v>1</v></c></row>',
        b'<row r="99"><c r="XFE99"><v>1</v></c></row>',
        b'<row r="99"><c r="ABCD99"><v>1</v></c></row>',
        b'<row r="99"><c r="$A$99"><v>1</v></c></row>',
        b'<row r="1"><c r="A1"><v>1</v></c></row>',
        b'<row r="' + b"9" * 5000 + b'"><c><v>1</v></c></row>',
        b'<row r="99">' + b"<c><v>1</v></c>" * 20_000 + b"</row>",
    ],
    ids=["row", "column", "letters", "dollars", "order", "digits", "cells"],
)
def test_impossible_places_are_refused(plain: Path, row: bytes) -> None:
    with pytest.raises(InputFileError):
        rows(changed(plain, in_sheet(b"</sheetData>", row + b"</sheetData>")))


@pytest.mark.parametrize(
    "doctype",
    [LAUGHS + b"]>", b'<!DOCTYPE worksheet [<!ENTITY e SYSTEM "file:///etc/hostname">]>'],
    ids=["billion laughs", "outside file"],
)
@pytest.mark.parametrize("part", [SHEET, "xl/workbook.xml", "xl/_rels/workbook.xml.rels"])
def test_doctypes_are_refused_in_every_part(plain: Path, part: str, doctype: bytes) -> None:
    def edit(name: str, data: bytes) -> bytes:
        return (
            doctype + data[data.find(b"?>") + 2 if data.startswith(b"<?") else 0 :] if name == part else data
        )

    with pytest.raises(InputFileError, match="DOCTYPE"):
        rows(changed(plain, edit))


def test_zip_bombs_are_refused_before_they_unpack(plain: Path) -> None:
    with pytest.raises(InputFileError, match="ZIP bomb"):
        rows(changed(plain, in_sheet(b"<sheetData>", b" " * (60 << 20) + b"<sheetData>")))
    with pytest.raises(InputFileError, match="more parts"):
        rows(changed(plain, lambda _, data: data, {f"p{i}": b"" for i in range(3_000)}))


def test_an_endless_row_and_endless_text_are_refused(plain: Path) -> None:
    noise = b"".join(b"<c><v>%d</v></c>" % (i * 7919 % 100_003) for i in range(800_000))
    with pytest.raises(InputFileError, match="one element"):
        rows(changed(plain, in_sheet(b"</sheetData>", b"<row>" + noise + b"</row></sheetData>")))


def test_macros_are_refused(plain: Path) -> None:
    with pytest.raises(InputFileError, match="macros"):
        rows(changed(plain, lambda _, data: data, {"xl/vbaProject.bin": b"x"}))


def test_old_and_locked_and_renamed_files_are_told_apart(plain: Path, tmp_path: Path) -> None:
    import msoffcrypto.format.ooxml

    locked = io.BytesIO()
    with plain.open("rb") as file:
        msoffcrypto.format.ooxml.OOXMLFile(file).encrypt("secret", locked)
    kinds = {
        "password": locked.getvalue(),
        "old .xls": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x00" * 600,
        "CSV": b"Run;Action\n",
        "web page": b"<html></html>",
        "empty": b"",
        "PDF": b"%PDF-1.7",
    }
    for words, data in kinds.items():
        path = tmp_path / "renamed.xlsx"
        path.write_bytes(data)
        with pytest.raises(InputFileError, match=words):
            refuse_other_kinds(path)
    with pytest.raises(InputFileError, match="can't be read"):
        Spreadsheet(tmp_path / "missing.xlsx")


def test_other_archives_and_damaged_files_are_refused(plain: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.xlsx"
    with zipfile.ZipFile(other, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
    with pytest.raises(InputFileError, match="is an OpenDocument file"):
        Spreadsheet(other)
    data = plain.read_bytes()
    for cut in (len(data) // 2, len(data) - 30, 100):
        other.write_bytes(data[:cut])
        with pytest.raises(InputFileError):
            rows(other)
    texts = "".join(f"<si><t>text {n}</t></si>" for n in range(100))
    strings = f'<sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">{texts}</sst>'
    data = changed(plain, lambda _, data: data, {"xl/sharedStrings.xml": strings.encode()}).read_bytes()
    for part in (SHEET, "xl/sharedStrings.xml"):
        swapped = bytearray(data)
        start = data.index(part.encode()) + 60
        swapped[start : start + 40] = bytes(40)
        other.write_bytes(bytes(swapped))
        with pytest.raises(InputFileError):
            rows(other)


@pytest.mark.parametrize("digits", ["²", "9" * 5000])
def test_digits_that_are_no_number_are_no_text_of_the_book(plain: Path, digits: str) -> None:
    row = f'<row><c t="s"><v>{digits}</v></c></row>'.encode()
    found = rows(changed(plain, in_sheet(b"</sheetData>", row + b"</sheetData>")))
    assert found[-1] == {1: Fault("a lost text")}


def test_hostile_files_stay_within_bounded_memory(plain: Path, tmp_path: Path) -> None:
    bombs = []
    for number, body in enumerate((b" " * (150 << 20), b"<row>" + b"<c><v>1</v></c>" * (5 << 20))):
        path = tmp_path / f"bomb{number}.xlsx"
        path.write_bytes(changed(plain, in_sheet(b"<sheetData>", b"<sheetData>" + body)).read_bytes())
        bombs.append(str(path))
    code = textwrap.dedent(
        f"""
        import resource, pathlib
        from invoicebatch.errors import InputFileError
        from invoicebatch.files.spreadsheet import Spreadsheet
        size = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (size + (120 << 20),) * 2)
        for path in {bombs!r}:
            try: list(Spreadsheet(pathlib.Path(path)).rows("S"))
            except InputFileError: print("refused")
        """
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120
    )
    assert done.stdout.split() == ["refused", "refused"]
