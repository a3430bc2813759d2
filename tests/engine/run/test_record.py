"""Imports, address changes and messages sent again stand among the runs: who, what file, what changed."""

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from invoicebatch.errors import UnknownNameError
from invoicebatch.interfaces.api import Workspace
from invoicebatch.interfaces.cli.main import run
from tests.engine.sending import with_documents

Make = Callable[..., Workspace]

CUSTOMERS = "customer_id,name,street,postcode,city,country\n"
MOVED = (
    CUSTOMERS
    + "K0,Klant 0,Nieuwe Weg 9,1011 AA,Amsterdam,NL\nK9,Nieuw,Straat 1,1012AB,Amsterdam,NL\n,Niemand,,,,NL\n"
)


@pytest.fixture
def moved(make_workspace: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    """A workspace into which Ann imported a customer's new address, a new customer and a faulty row."""
    workspace = make_workspace(2)
    (tmp_path / "moved.csv").write_text(MOVED)
    monkeypatch.setenv("INVOICEBATCH_USER", "ann")
    workspace.import_files([tmp_path / "moved.csv"], kind="customers")
    return workspace


def _shown(capsys: pytest.CaptureFixture[str], *arguments: str) -> Any:
    capsys.readouterr()
    run([*arguments, "--json"])
    return json.loads(capsys.readouterr().out)


def test_an_address_change_says_who_changed_what_from_which_file(
    moved: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    where = ("-w", str(moved.root))
    (listed,) = _shown(capsys, "runs", *where)
    assert (listed["action"], listed["state"], listed["user"]) == ("import", "finished", "ann")
    assert listed["selection"] == "moved.csv: customers 1 added, 1 changed"
    told = _shown(capsys, "show", listed["run_id"][:8], *where)
    assert (told["user"], told["selection"]) == ("ann", listed["selection"])
    assert told["details"]["files"][0]["file"] == "moved.csv"
    changed, refused = sorted(Path(file["path"]) for file in told["files"])
    assert '"moved.csv",4,"customer_id"' in refused.read_text()
    assert list(csv.reader(changed.read_text().splitlines())) == [
        ["table", "key", "column", "before", "after"],
        ["customers", "K0", "street", "Kade 1", "Nieuwe Weg 9"],
    ]
    assert run(["show", listed["run_id"], *where]) == 0
    assert "import: moved.csv: customers 1 added, 1 changed (by ann)" in capsys.readouterr().out
    assert "moved.csv" in moved.runs.report(listed["run_id"])._repr_html_()


def test_there_is_nothing_to_resume_or_to_give_up(
    moved: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    (run_id,) = moved.runs.list()["run_id"]
    where = ("-w", str(moved.root))
    assert run(["resume", *where]) == 4
    assert run(["resume", run_id[:8], *where]) == 0
    assert "It is finished already: there was nothing to resume." in capsys.readouterr().out
    with pytest.raises(UnknownNameError, match=r"The import .* is finished; only an unfinished run"):
        moved.runs.abandon(run_id)
    assert moved.doctor().empty


def test_the_invoices_of_an_import_can_be_selected(make_workspace: Make, tmp_path: Path) -> None:
    workspace = make_workspace(2)
    (tmp_path / "new.csv").write_text("external_id,customer_id\nN1,K0\n")
    (tmp_path / "lines.csv").write_text("external_id,name,quantity,price,vat_rate\nN1,Gas,1,10.00,21\n")
    files = [tmp_path / "new.csv", tmp_path / "lines.csv"]
    assert workspace.import_files(files).refused.empty
    (run_id,) = workspace.runs.list()["run_id"]
    assert workspace.select(run=run_id).columns(["external_id"])["external_id"].tolist() == ["N1"]
    workspace.import_files(files)
    assert workspace.runs.list()["selection"].tolist()[0] == "new.csv, lines.csv: nothing changed"


def test_messages_sent_again_or_marked_stand_among_the_runs(
    make_workspace: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = with_documents(make_workspace(count=2, status="created"))
    sent = workspace.select(ids=[1]).plan("send_via.email").apply()
    (message,) = workspace.outbox.list()["message_id"]
    monkeypatch.setenv("INVOICEBATCH_USER", "ben")
    workspace.outbox.resend([message])
    newest = workspace.runs.list().iloc[0]
    assert (newest["action"], newest["user"], newest["selected"]) == ("outbox.resend", "ben", 1)
    assert newest["selection"] == f"1 message of run {sent.run_id[:8]}"
    assert json.loads(newest["parameters"]) == {"messages": [message]}
    assert workspace.runs.report(newest["run_id"]).done["invoice_id"].tolist() == [1]
