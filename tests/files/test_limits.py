"""What is far larger than it looks, or never ends, is refused in words at every door, before it is unpacked."""

import os
import zipfile
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from invoicebatch.files.limits import DOCUMENT_TAGS, TABLE_COLUMNS, UNREADABLE_DOCUMENTS
from invoicebatch.interfaces.api import Workspace, init_workspace
from invoicebatch.interfaces.cli.main import run

UBL = "urn:oasis:names:specification:ubl:schema:xsd:Invoice-2"


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return init_workspace(tmp_path_factory.mktemp("limits"))


def _repeated(file: Path, value: pa.Array, rows: int) -> None:
    indices = pa.Array.from_buffers(pa.int32(), rows, [None, pa.py_buffer(bytes(4 * rows))])
    pq.write_table(pa.table({"invoice": pa.DictionaryArray.from_arrays(indices, value)}), file)


def many_rows(file: Path) -> None:
    _repeated(file, pa.array(["A"]), 20_000_000)


def long_texts(file: Path) -> None:
    _repeated(file, pa.array(["x" * 1_000_000]), 1_500)


def many_columns(file: Path) -> None:
    file.write_text(",".join(f"c{n}" for n in range(TABLE_COLUMNS + 1)) + "\n")


def many_siblings(file: Path) -> None:
    file.write_text(f'<Invoice xmlns="{UBL}">{"<a/>" * (DOCUMENT_TAGS + 1)}</Invoice>')


def many_documents(file: Path) -> None:
    with zipfile.ZipFile(file, "w") as archive:
        for number in range(UNREADABLE_DOCUMENTS + 1):
            archive.writestr(f"{number}.xml", f'<Invoice xmlns="{UBL}"/>')


def endless(file: Path) -> None:
    file.symlink_to("/dev/zero")


ATTACKS = [
    ("import {} --kind lines", many_rows, 2, "unpacks to 80,000,000 bytes"),
    ("import {} --kind lines", long_texts, 2, "unpacks to 1,500,000,000 bytes"),
    ("import {} --kind lines", many_columns, 2, "at most 2,000 are read"),
    ("import {} --kind ubl", many_siblings, 3, "more than 2,000,000 tags"),
    ("import {} --kind ubl", many_documents, 2, "1,000 documents one after the other"),
    *(
        (command, endless, 2, "device or a pipe")
        for command in (
            "import {}", "import {} --kind ubl", "payments import {}", "einvoice import {}", "list --ids @{}",
            "sheet check {}.csv", "restore {} {}.new", "backup {}.zip --earlier {}",
        )
    ),
    ("audit verify {}", endless, 2, "it is no file"),
]  # fmt: skip


@pytest.mark.parametrize(("command", "make", "code", "words"), ATTACKS)
def test_a_bomb_is_refused_in_words(
    command: str,
    make: Callable[[Path], None],
    code: int,
    words: str,
    workspace: Workspace,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    file = tmp_path / "bomb"
    arguments = command.replace("{}", str(file)).split()
    make(Path(f"{file}.csv") if command.endswith(".csv") else file)
    where = [] if arguments[0] in ("restore", "audit") else ["-w", str(workspace.root)]
    assert run([*arguments, *where]) == code
    shown = capsys.readouterr()
    assert words in " ".join((shown.out + shown.err).split())


def test_a_table_that_repeats_itself_is_read(workspace: Workspace, tmp_path: Path) -> None:
    rows = 5_000
    file = tmp_path / "customers.parquet"
    ids = pa.array([f"K{n}" for n in range(rows)])
    pq.write_table(pa.table({"customer_id": ids, "name": ["x" * 500] * rows, "country": ["NL"] * rows}), file)
    assert run(["import", os.fspath(file), "--kind", "customers", "-w", str(workspace.root)]) == 0
    with workspace.store.read() as session:
        assert len(session.whole("customers")) == rows
