"""What is wrong outside the program (bytes, variables, addresses, the database file) is said, never "Unexpected error"."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from invoicebatch.engine.base import clock
from invoicebatch.errors import FilterError, SettingsError
from invoicebatch.interfaces.api import Workspace
from invoicebatch.interfaces.cli.main import run
from tests.engine.sending import configure, with_documents

Make = Callable[..., Workspace]


def said(capsys: pytest.CaptureFixture[str]) -> str:
    shown = capsys.readouterr().err
    assert "Unexpected" not in shown
    assert "Traceback" not in shown
    return shown


@pytest.mark.parametrize(
    "arguments",
    [
        ["list", "--where", "customer_name = 'a\udcff'"],
        ["list", "--numbers", "\udcff"],
        ["run", "approve", "--all", "-p", "invoice_date=\udcff"],
        ["import", "/nowhere/\udcff.csv"],
    ],
)
def test_a_byte_that_is_no_utf8_is_named(
    make_workspace: Make, capsys: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    assert run([*arguments, "-w", str(make_workspace(1).root)]) == 2
    assert "is not text in UTF-8" in said(capsys)


@pytest.mark.parametrize("text", ["customer_name = '\udcff'", "number = 'a\0b'"])
def test_a_filter_from_python_is_refused_too(make_workspace: Make, text: str) -> None:
    with pytest.raises(FilterError, match="no text in UTF-8"):
        make_workspace(1).select(where=text)


@pytest.mark.parametrize("moment", ["garbage", "2026-13-01", "31-12-2026"])
def test_a_moment_that_is_none_is_named(
    make_workspace: Make, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    workspace = make_workspace(1)
    monkeypatch.setenv(clock.VARIABLE, moment)
    for command in (["list"], ["run", "approve", "--all"], ["doctor"]):
        assert run([*command, "-w", str(workspace.root)]) == 2
        assert f"INVOICEBATCH_NOW is no moment: '{moment}'" in said(capsys)
    with pytest.raises(SettingsError):
        clock.today()


@pytest.mark.parametrize(
    ("kind", "url"),
    [
        ("http", "https://desk:secret@ledger.example:port/in"),
        ("http", "https://desk:secret@ledger.example:99999/in"),
        ("http", "https://[ledger/in"),
        ("database", "postgresql://desk:secret@ledger.example:port/books"),
        ("files", "ftp://desk:secret@ledger.example:port/in"),
    ],
)
def test_an_address_that_is_none_is_named_without_its_password(
    make_workspace: Make, capsys: pytest.CaptureFixture[str], kind: str, url: str
) -> None:
    workspace = configure(
        with_documents(make_workspace(1, status="created")),
        f'[external.ledger]\nkind = "{kind}"\nurl = "{url}"\n',
    )
    assert run(["run", "export.external", "--all", "-w", str(workspace.root)]) == 3
    shown = " ".join(capsys.readouterr().out.split())
    assert "address of the external system" in shown
    assert "can't be used: its host or its port is none" in shown
    assert "secret" not in shown


def _meta(workspace: Workspace, key: str, value: str | None) -> None:
    """Change what the database keeps about itself, as no program of ours does."""
    with duckdb.connect(str(workspace.store.file)) as con:
        if value is None:
            con.execute("DELETE FROM meta WHERE key = ?", [key])
        else:
            con.execute("UPDATE meta SET value = ? WHERE key = ?", [value, key])


@pytest.mark.parametrize(
    ("value", "code", "says"),
    [
        ("two", 1, "its schema version is 'two'"),
        (None, 1, "its schema version is missing"),
        ("999", 2, "has schema version 999"),
    ],
)
def test_a_version_that_can_not_be_used_is_named_by_every_command(
    make_workspace: Make, capsys: pytest.CaptureFixture[str], value: str | None, code: int, says: str
) -> None:
    workspace = make_workspace(1)
    _meta(workspace, "schema_version", value)
    for command in (["list", "-w", str(workspace.root)], ["init", str(workspace.root)]):
        assert run(command) == code
        assert says in said(capsys)


def test_a_counter_that_is_damaged_is_named(
    make_workspace: Make, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    workspace = make_workspace(1)
    _meta(workspace, "next_invoice_id", "many")
    (tmp_path / "new.csv").write_text("external_id,customer_id\nN1,K0\n")
    (tmp_path / "lines.csv").write_text("external_id,name,quantity,price,vat_rate\nN1,Gas,1,10.00,21\n")
    files = [str(tmp_path / name) for name in ("new.csv", "lines.csv")]
    assert run(["import", *files, "-w", str(workspace.root)]) == 1
    assert "its next invoice id is 'many'" in said(capsys)


@pytest.mark.parametrize("part", [0.0, 0.001, 0.3, 0.6, 0.9])
def test_init_does_not_take_a_file_that_was_cut_off(
    make_workspace: Make, capsys: pytest.CaptureFixture[str], part: float
) -> None:
    workspace = make_workspace(5)
    file = workspace.store.file
    os.truncate(file, int(file.stat().st_size * part))
    before = file.read_bytes()
    assert run(["init", str(workspace.root)]) == 1
    told = capsys.readouterr()
    assert "Workspace:" not in told.out
    assert "cut off" in told.err
    assert "from a backup" in told.err
    assert "disk" not in told.err
    assert file.read_bytes() == before


def test_init_of_a_good_workspace_changes_nothing(make_workspace: Make, tmp_path: Path) -> None:
    workspace = make_workspace(3)
    copy = Path(shutil.copytree(workspace.root, tmp_path / "copy"))
    assert run(["init", str(copy)]) == 0
    assert len(Workspace(copy).select(all=True)) == 3


TOLD = """
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs are born deaf to it
from invoicebatch.interfaces.cli import main
from invoicebatch.store import filters
evaluate = filters.Filter.matching
def told(*given):
    filters._select = lambda _: "SELECT invoice_id FROM invoices WHERE (SELECT count(*) FROM range(100000000) a, range(100000) b WHERE a.range * b.range % 7 = 3) > 1"
    print("begun", flush=True)
    return evaluate(*given)
filters.Filter.matching = told
filters.MAX_SECONDS = 600
main.main(sys.argv[1:])
"""


@pytest.mark.parametrize("wait", [0.0, 0.2, 1.0])
def test_ctrl_c_inside_a_query_gives_130(make_workspace: Make, wait: float) -> None:
    command = [sys.executable, "-c", TOLD, "list", "--where", "true", "-w", str(make_workspace(2).root)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "begun\n"
            time.sleep(wait)
            process.send_signal(signal.SIGINT)
            _, err = process.communicate(timeout=300)
        finally:
            process.kill()
    assert process.returncode == 130, err
    assert err == "Interrupted. What was begun can be finished with: invoicebatch resume\n"
