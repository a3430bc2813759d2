"""An audit pack can be checked with Python alone, and shows every altered, missing or added byte, event and change."""

import csv
import io
import json
import subprocess
import sys
import zipfile
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pandas as pd
import pytest
from lxml import etree

from invoicebatch.interfaces.api import Workspace
from invoicebatch.interfaces.cli.main import run

Change = Callable[[dict[str, bytes]], None]


@pytest.fixture(scope="module")
def packed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A pack of two of three invoices, one of them created."""
    from invoicebatch.interfaces.api import init_workspace
    from tests.conftest import small_frames

    workspace = init_workspace(tmp_path_factory.mktemp("audit") / "w")
    with workspace.store.write() as session:
        for table, frame in small_frames(3).items():
            session.insert(table, frame)
        session.reserve_ids(3)
    workspace.select(all=True).plan("approve", invoice_date=date(2026, 11, 22)).apply()
    workspace.select(ids=[1]).plan("create").apply()
    file = workspace.root / "pack.zip"
    assert run(["audit", "write", str(file), "--ids", "1,2", "--gobd", "-w", str(workspace.root)]) == 0
    return file


def verified(folder: Path, pack: Path, *options: str) -> tuple[int, str]:
    """The pack's own check, with the standard library alone."""
    with zipfile.ZipFile(pack) as archive:
        (folder / "verify.py").write_bytes(archive.read("verify.py"))
    command = [sys.executable, "-I", "-S", str(folder / "verify.py"), str(pack), *options]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def test_a_pack_holds_the_invoices_alone_and_is_sound(packed: Path, tmp_path: Path) -> None:
    assert verified(tmp_path, packed) == (
        0,
        "The pack is whole: every file, event and change is as it was written.\n",
    )
    with zipfile.ZipFile(packed) as archive:
        names = archive.namelist()
        with archive.open("tables/invoices.parquet") as file:
            invoices = pd.read_parquet(file)
        events = archive.read("tables/events.csv").decode().splitlines()
    assert invoices["invoice_id"].tolist() == [1, 2]
    assert len(events) == 1 + 3  # two approved, one created
    assert [name for name in names if name.endswith(".pdf")]


def altered(archive: dict[str, bytes], name: str, old: bytes, new: bytes) -> None:
    assert old in archive[name]
    archive[name] = archive[name].replace(old, new, 1)


def relisted(archive: dict[str, bytes]) -> None:
    """The list of files made anew, as somebody would who knows the form."""
    import hashlib

    manifest = json.loads(archive["manifest.json"])
    for file in manifest["files"]:
        file["sha256"] = hashlib.sha256(archive[file["name"]]).hexdigest()
    archive["manifest.json"] = json.dumps(manifest).encode()


def without_first_line(archive: dict[str, bytes]) -> None:
    archive["chain/events.jsonl"] = archive["chain/events.jsonl"].partition(b"\n")[2]


def one_more_event(archive: dict[str, bytes]) -> None:
    first = json.loads(archive["chain/events.jsonl"].splitlines()[0])
    first["row"][2] = "credit"
    archive["chain/events.jsonl"] += json.dumps(first).encode() + b"\n"
    relisted(archive)


def other_amount(archive: dict[str, bytes]) -> None:
    altered(archive, "chain/invoice_changes.jsonl", b"approved", b"created!")
    relisted(archive)


def shorter_chain(archive: dict[str, bytes]) -> None:
    lines = archive["chain/batches.jsonl"].splitlines(keepends=True)
    archive["chain/batches.jsonl"] = b"".join(lines[:-1])
    relisted(archive)


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (
            lambda a: altered(a, "tables/invoices.csv", b"121.00", b"120.00"),
            "tables/invoices.csv was altered",
        ),
        (lambda a: a.pop("tables/lines.parquet"), "tables/lines.parquet is missing"),
        (lambda a: a.update({"extra.txt": b"x"}), "extra.txt was added"),
        (without_first_line, "chain/events.jsonl was altered"),
        (one_more_event, "was altered or added"),
        (other_amount, "was altered or added"),
        (shorter_chain, "the chain ends in"),
    ],
)
def test_what_was_altered_is_named(packed: Path, tmp_path: Path, change: Change, problem: str) -> None:
    with zipfile.ZipFile(packed) as archive:
        content = {name: archive.read(name) for name in archive.namelist()}
    change(content)
    with zipfile.ZipFile(tmp_path / "other.zip", "w") as archive:
        for name, data in content.items():
            archive.writestr(name, data)
    code, said = verified(tmp_path, tmp_path / "other.zip")
    assert (code, problem in said) == (1, True), said
    assert run(["audit", "verify", str(tmp_path / "other.zip")]) == 3


def test_the_index_for_tax_auditors_says_what_each_file_holds(packed: Path) -> None:
    with zipfile.ZipFile(packed) as archive:
        index = etree.fromstring(archive.read("index.xml"))
        grammar = etree.DTD(io.BytesIO(archive.read("gdpdu-01-09-2004.dtd")))
        assert grammar.validate(index), grammar.error_log
        assert index.findtext("DataSupplier/Name") == "Stroom BV"
        names = {name for name in archive.namelist() if name.endswith(".csv")}
        assert {table.findtext("URL") for table in index.iter("Table")} == names
        for table in index.iter("Table"):
            columns = [column for column in table.find("VariableLength") if column.find("Name") is not None]
            text = archive.read(table.findtext("URL")).decode()
            rows = list(csv.reader(io.StringIO(text, newline="")))
            assert [column.findtext("Name") for column in columns] == rows[0]
            for row in rows[int(table.findtext("Range/From")) - 1 :]:
                for column, value in zip(columns, row, strict=True):
                    decimals = column.findtext("Numeric/Accuracy")
                    if value and decimals is not None:
                        assert len(value.partition(".")[2]) == int(decimals)
                    if value and column.find("Date") is not None:
                        date.fromisoformat(value)


def test_a_pack_made_anew_is_told_by_the_hash_that_was_kept(packed: Path, tmp_path: Path) -> None:
    assert verified(tmp_path, packed, "--manifest", "0" * 64)[0] == 1
    assert verified(tmp_path, packed, "--head", "0" * 64)[0] == 1
    (tmp_path / "no.zip").write_bytes(b"no")
    assert run(["audit", "verify", str(tmp_path / "no.zip")]) == 2


def test_a_file_that_is_gone_is_named_and_the_rest_is_packed(
    make_workspace: Callable[..., Workspace], capsys: pytest.CaptureFixture[str]
) -> None:
    workspace = make_workspace(1)
    workspace.select(all=True).plan("approve", invoice_date=date(2026, 11, 22)).apply()
    workspace.select(all=True).plan("create").apply()
    (path,) = workspace.select(all=True).columns(["document_path"])["document_path"]
    (workspace.data / path).unlink()
    assert run(["audit", "write", str(workspace.root / "p.zip"), "-w", str(workspace.root)]) == 3
    assert f"Missing: {path}" in capsys.readouterr().out
    with workspace.store.read() as session:
        batch, head = session.chain_head()
    assert run(["audit", "head", "-w", str(workspace.root)]) == 0
    assert capsys.readouterr().out == f"Batch {batch}: {head}\n"
