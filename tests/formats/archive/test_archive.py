"""ZIP archives and the names inside them."""

import io
import subprocess
import zipfile
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from invoicebatch.formats.archive.zip import Entry, unique_names, write_zip


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
