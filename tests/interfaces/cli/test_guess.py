"""`import FILE --guess` writes a mapping that the next import takes, and imports nothing itself."""

import json
from pathlib import Path

from invoicebatch.engine.workspace import Workspace
from tests.commands import command

FILE = """Rechnungsnr;Kundennr;Kunde;Rechnungsdatum;Leistung;Nettobetrag;MwSt-Satz
R1;K1;Ada;03.11.2026;Beitrag;1.250,50;19
R2;K2;Bob;03.11.2026;Beitrag;16,76;19
"""


def test_a_mapping_is_written_and_nothing_is_imported(make_workspace, tmp_path: Path) -> None:
    workspace: Workspace = make_workspace(1)
    before = len(workspace.select(all=True).frame)
    (tmp_path / "beitraege.csv").write_bytes(FILE.encode("cp1252"))
    where = ("-w", str(workspace.root))
    said = command(tmp_path, "import", "beitraege.csv", "--guess", *where)
    assert said.returncode == 0, said.stderr
    assert "Nothing was imported." in said.stdout
    assert said.stdout.rstrip().endswith("invoicebatch import beitraege.csv --map beitraege")
    assert (workspace.root / "rules" / "mappings" / "beitraege.toml").is_file()
    assert len(workspace.select(all=True).frame) == before
    assert command(tmp_path, "import", "beitraege.csv", "--mapping", "beitraege", *where).returncode == 0
    totals = workspace.select(where="external_id in ('R1', 'R2')").frame["total_cents"]
    assert sorted(totals) == [1_994, 148_810]


def test_a_mapping_is_never_written_over(make_workspace, tmp_path: Path) -> None:
    workspace: Workspace = make_workspace(1)
    (tmp_path / "beitraege.csv").write_text(FILE)
    asked = ("import", "beitraege.csv", "--guess", "--map", "own.toml", "--json", "-w", str(workspace.root))
    first = command(tmp_path, *asked)
    assert json.loads(first.stdout)["kinds"] == ["invoices", "lines", "customers"]
    again = command(tmp_path, *asked)
    assert again.returncode == 2
    assert "There is a mapping own.toml already." in again.stderr
