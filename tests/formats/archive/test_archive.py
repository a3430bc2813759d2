"""ZIP archives and the names inside them."""

import io
import subprocess
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from invoicebatch.formats.archive.document_zip import Document, document_files
from invoicebatch.formats.archive.stored_documents import document_list, download_names
from invoicebatch.formats.archive.zip import Entry, unique_names, write_zip
from invoicebatch.model.changes import Artefact, RowFailure


class OneWay(io.RawIOBase):
    """A stream that can only be written to, such as a pipe."""

    def __init__(self) -> None:
        self.data = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, block: object) -> int:
        self.data += bytes(block)  # type: ignore[call-overload]
        return len(block)  # type: ignore[arg-type]


def entries(folder: Path) -> list[Entry]:
    file = folder / "a.pdf"
    file.write_bytes(b"%PDF" + bytes(range(256)) * 40)
    return [Entry("x/a.pdf", file), Entry("index.csv", b"number;file\r\n" * 50)]


def test_what_goes_in_comes_out(tmp_path: Path) -> None:
    out = io.BytesIO()
    write_zip(entries(tmp_path), out)
    with zipfile.ZipFile(out) as found:
        assert found.read("x/a.pdf") == (tmp_path / "a.pdf").read_bytes()
        assert found.read("index.csv") == b"number;file\r\n" * 50
        assert [i.compress_type for i in found.infolist()] == [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED]


def test_it_streams_and_other_programs_open_it(tmp_path: Path) -> None:
    stream = OneWay()
    write_zip(entries(tmp_path), stream)  # type: ignore[arg-type]
    file = tmp_path / "out.zip"
    file.write_bytes(stream.data)
    assert zipfile.ZipFile(file).testzip() is None
    subprocess.run(["unzip", "-tq", str(file)], check=True, capture_output=True)


def test_the_same_files_give_the_same_bytes(tmp_path: Path) -> None:
    first, second = io.BytesIO(), io.BytesIO()
    write_zip(entries(tmp_path), first)
    write_zip(entries(tmp_path), second)
    assert first.getvalue() == second.getvalue()


def test_more_entries_than_plain_zip_can_count(tmp_path: Path) -> None:
    out = io.BytesIO()
    write_zip([Entry(f"{n}.txt", b"") for n in range(66_000)], out)
    with zipfile.ZipFile(out) as found:
        assert len(found.namelist()) == 66_000


@given(st.lists(st.sampled_from(["a.pdf", "A.pdf", "b.pdf", "a (2).pdf", "x/a.pdf"])))
def test_names_are_unique_on_any_system(names: list[str]) -> None:
    found = unique_names(names)
    assert len({name.casefold() for name in found}) == len(names)


HOSTILE = ["../../up", "C:\\x", "con", "", "a/b", "a-b", "A-B", "naïve", "nai\u0308ve", "東" * 200]


def invoices(numbers: list[str], **columns: object) -> pd.DataFrame:
    frame = pd.DataFrame(
        {"number": numbers, "company_account_id": "NL", "kind": "invoice", "currency": "EUR"}
    )
    return frame.assign(
        customer_id=[f"../C{n}" for n in range(len(numbers))], customer_name=numbers, total_cents=-1250,
        invoice_date=pd.Timestamp("2026-11-22"), document_sha256="00",
    ).assign(**columns)  # fmt: skip


@pytest.mark.parametrize("layout", ["flat", "by_customer", "by_month"])
def test_documents_of_any_name_unpack_side_by_side_inside_the_folder(tmp_path: Path, layout: str) -> None:
    names = download_names(invoices(HOSTILE), layout)
    file = tmp_path / "all.zip"
    with file.open("wb") as out:
        write_zip([Entry(name, str(at).encode()) for at, name in enumerate(names)], out)
    subprocess.run(["unzip", "-q", str(file), "-d", str(tmp_path / "out")], check=True, capture_output=True)
    found = [path for path in tmp_path.rglob("*.pdf") if path.is_file()]
    assert all(path.is_relative_to(tmp_path / "out") for path in found)
    assert {path.read_bytes() for path in found} == {str(at).encode() for at in range(len(HOSTILE))}


def test_one_number_of_two_accounts_names_the_account() -> None:
    rows = invoices(["2026/1", "2026-1", "2026-2"], company_account_id=["NL", "BE", "NL"])
    assert download_names(rows) == ["2026-1_NL.pdf", "2026-1_BE.pdf", "2026-2.pdf"]


def test_the_list_of_documents_says_which_file_is_which() -> None:
    rows = invoices(["2026-1", "2026-2"])
    header, first, *_ = document_list(rows, download_names(rows)).decode("utf-8-sig").splitlines()
    assert (
        header
        == '"number","file","kind","invoice_date","customer_id","customer_name","currency","total","sha256"'
    )
    assert first == '"2026-1","2026-1.pdf","invoice",2026-11-22,"../C0","2026-1","EUR",-12.50,"00"'


def test_xml_of_one_invoice_is_a_file() -> None:
    assert list(document_files([], 1, "all.zip")) == []
    (single,) = document_files([Document(1, "2026/1", b"<a/>")], 1, "all.zip")
    assert isinstance(single, Artefact)
    assert (single.name, single.content, single.invoice_id) == ("2026-1.xml", b"<a/>", 1)


def test_xml_of_several_is_a_zip_without_doubled_names_and_what_failed_is_told() -> None:
    failures = [RowFailure(number, "no") for number in (1, 3, 5)]
    made = [
        failures[0],
        Document(2, "2026/1", b"<a/>"),
        failures[1],
        Document(4, "2026-1", b"<b/>"),
        failures[2],
    ]
    out = io.BytesIO()
    told = []
    for item in document_files(made, 5, "all.zip"):
        told.append(item)
        if isinstance(item, Artefact):
            item.content(out)  # type: ignore[operator]
    assert [item for item in told if isinstance(item, RowFailure)] == failures
    with zipfile.ZipFile(out) as found:
        assert {name: found.read(name) for name in found.namelist()} == {
            "2026-1.xml": b"<a/>",
            "2026-1 (2).xml": b"<b/>",
        }


def test_documents_are_made_while_their_zip_is_written() -> None:
    made = []

    def documents() -> Iterator[Document]:
        for number in range(100):
            made.append(number)
            yield Document(number, f"N{number}", b"<a/>")

    files = document_files(documents(), 100, "all.zip")
    artefact = next(files)
    assert isinstance(artefact, Artefact)
    assert len(made) == 1
    out = io.BytesIO()
    artefact.content(out)  # type: ignore[operator]
    with zipfile.ZipFile(out) as found:
        assert len(found.namelist()) == len(made) == 100


def test_one_document_of_several_selected_is_a_zip_all_the_same() -> None:
    (only,) = document_files([Document(1, "2026-1", b"<a/>")], 2, "all.zip")
    assert isinstance(only, Artefact)
    only.content(out := io.BytesIO())  # type: ignore[operator]
    with zipfile.ZipFile(out) as found:
        assert (only.name, found.namelist()) == ("all.zip", ["2026-1.xml"])
