"""Erasing a customer takes what no law keeps, names the rest, and leaves a chain that can still be checked."""

import json
import subprocess
import sys
import zipfile
from datetime import date
from pathlib import Path

import duckdb
import pandas as pd
import pytest

from invoicebatch.engine.base import clock
from invoicebatch.errors import BusyError, NothingEligibleError, StaleError, UnknownNameError
from invoicebatch.files import verify_audit_pack
from invoicebatch.interfaces.api import Workspace, open_workspace
from invoicebatch.interfaces.cli.main import run
from tests.commands import killed_at
from tests.conftest import fill, small_frames
from tests.copies import made_once

ADDRESS, PHONE = "grace.hopper@cobol.example", "+31 20 555 0199"


@pytest.fixture
def customers(tmp_path: Path) -> Workspace:
    """K1 with a document of 2015 and one of 2026, K2 with one of 2015, both paid; K0 owes."""
    return made_once(tmp_path / "w", "customers with old and new documents", _made, new_id=False)


def _made(workspace: Workspace) -> None:
    frames = small_frames(4)  # 1 and 4 to K1, 2 to K2, 3 to K0
    frames["customers"] = frames["customers"].assign(
        phone=[None, PHONE, None],
        email=["k0@example.com", ADDRESS, "k2@example.com"],
        iban="NL91ABNA0417164300",
    )
    fill(workspace, frames)
    for ids, day in (([1, 2], date(2015, 5, 1)), ([3, 4], date(2026, 5, 1))):
        workspace.select(ids=ids).plan("approve", invoice_date=day, accept_review="old").apply()
        workspace.select(ids=ids).plan("create").apply()
    with workspace.store.write() as session:
        accounts = session.whole("company_accounts")[["company_account_id"]]
        session.update("company_accounts", accounts.assign(email="billing@stroom.example"), clock.now())
    with workspace.store.write() as session:
        paid = pd.DataFrame({"invoice_id": [1, 2, 4], "paid_cents": 12_100, "outstanding_cents": 0})
        session.update("invoices", paid, clock.now())
        booked = pd.to_datetime(["2015-06-01", "2015-06-01", "2026-06-01"]).astype("datetime64[s]")
        payments = pd.DataFrame(
            {"payment_id": ["P1", "P2", "P4"], "invoice_id": [1, 2, 4], "booked_on": booked}
        )
        session.insert("payments", payments.assign(amount_cents=12_100, reference="F2015"))
    workspace.select(ids=[1, 4]).plan("send_via.email").apply()  # its events seal what was changed by hand


def command(workspace: Workspace, *arguments: str) -> int:
    return run([*arguments, "-w", str(workspace.root)])


def test_what_no_law_keeps_goes_and_the_rest_is_named(
    customers: Workspace, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    customers.backup(tmp_path / "before.zip")
    old = customers.data / str(customers.select(ids=[1]).columns(["document_path"])["document_path"].iloc[0])
    new = customers.data / str(customers.select(ids=[4]).columns(["document_path"])["document_path"].iloc[0])
    assert ADDRESS.encode() in customers.store.file.read_bytes()
    capsys.readouterr()
    assert command(customers, "erase", "--customer", "K1") == 2  # asks
    assert "Kept: 1 document" in capsys.readouterr().out
    assert command(customers, "erase", "--customer", "K1", "--dry-run", "--json") == 0
    assert json.loads(capsys.readouterr().out)["mails"] == 1
    assert old.exists()
    assert command(customers, "erase", "--customer", "K1", "--yes", "--json") == 3
    said = json.loads(capsys.readouterr().out)
    assert (said["state"], said["done"]) == ("finished", 1)
    assert said["refused"][0]["reason"] == "kept until 2033-12-31 by AWR art. 52 (4)"
    assert str(tmp_path / "before.zip") in [one["path"] for one in said["details"]["elsewhere"]]
    assert not old.exists()
    assert new.exists()
    files = [path.read_bytes() for path in customers.root.rglob("*") if path.is_file()]
    assert not any(text.encode() in data for data in files for text in (ADDRESS, PHONE))
    with customers.store.read() as session:
        person = session.rows_of("customers", "customer_id", pd.Series(["K1"])).iloc[0]
        assert session.whole("outbox")["recipient"].tolist() == ["erased"]
    assert person[["email", "phone", "iban"]].isna().all()
    assert person["name"] == "Klant 1"
    assert customers.doctor().empty


def test_nothing_is_left_of_a_customer_whose_terms_are_over(customers: Workspace) -> None:
    report = customers.erase(customers.erasure("K2"))
    assert report.complete
    (number,) = report.done["number"]
    events = customers.history(number)
    assert events["event"].tolist() == ["approve", "create", "erased"]
    assert events["changes"].tolist() == [{}] * 3
    assert events["details"].iloc[0]["erased"].endswith("hash kept")
    assert customers.select(all=True).columns(["customer_id"])["customer_id"].tolist() == ["K1", "K0", "K1"]
    with pytest.raises(UnknownNameError):
        customers.erasure("K2")
    assert customers.doctor().empty


def test_nothing_goes_while_business_is_open(customers: Workspace) -> None:
    with pytest.raises(NothingEligibleError, match="F2026-000001 is not settled"):
        customers.erasure("K0")
    seen = customers.erasure("K2")
    with customers.store.write() as session:
        session.update("invoices", pd.DataFrame({"invoice_id": [2], "customer_id": ["K0"]}), clock.now())
    with pytest.raises(StaleError):
        customers.erase(seen)


_TEXTS = "run_id, invoice_id, event, strftime(\"at\", '%Y-%m-%d %H:%M:%S.%f'), \"user\", coalesce(from_status, ''), coalesce(to_status, '')"
PASSED_OFF = (
    "UPDATE events SET \"user\" = 'nobody', erased_by = (SELECT min(erased_by) FROM events), kept_sha256 ="
    f" sha256('events' || chr(31) || concat_ws(chr(31), {_TEXTS}, coalesce(details, '')))"
    " WHERE invoice_id = 1 AND event = 'create'"
)
"""Another event passed off as erased with the others, its hash and all."""


@pytest.mark.parametrize(
    "tampered",
    [
        "UPDATE events SET \"user\" = 'nobody' WHERE invoice_id = 2 AND event = 'create'",
        "UPDATE invoice_changes SET changes = '{\"total\": [\"1\", \"2\"]}' WHERE invoice_id = 2",
        "UPDATE events SET kept_sha256 = repeat('0', 64) WHERE invoice_id = 2 AND event = 'create'",
        "UPDATE events SET kept_sha256 = 'none' WHERE invoice_id = 2 AND event = 'create'",
        PASSED_OFF,
        "UPDATE events SET details = replace(details, 'sealed', 'opened') WHERE invoice_id = 0",
    ],
)  # fmt: skip
def test_any_other_alteration_is_still_named(customers: Workspace, tampered: str) -> None:
    customers.erase(customers.erasure("K2"))
    with duckdb.connect(str(customers.store.file)) as con:
        con.execute(tampered)
    assert set(customers.doctor()["check"]) == {"events"}


def test_a_pack_says_what_was_erased_and_names_what_was_altered(customers: Workspace, tmp_path: Path) -> None:
    with customers.store.write() as session:  # an answer that named the person
        details = pd.DataFrame(
            {"invoice_id": [4], "run_id": "R", "event": "bounce", "at": clock.now(), "user": "anna"}
        )
        session.add_events(
            details.assign(details=json.dumps({"answer": f"550 <{ADDRESS.upper()}>"})), "os", "host"
        )
    customers.erase(customers.erasure("K1"))
    pack = tmp_path / "a.zip"
    customers.audit_pack(pack, customers.select(ids=[4]))
    command = [sys.executable, "-I", "-S", verify_audit_pack.__file__, str(pack)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    assert "bounce" in done.stdout
    assert "hash kept" in done.stdout
    assert ADDRESS.upper() not in done.stdout
    with zipfile.ZipFile(pack) as archive:
        content = {name: archive.read(name) for name in archive.namelist()}
    assert not any(ADDRESS.encode() in data for data in content.values())
    for name, old, new in (
        ("chain/events.jsonl", b'"bounce"', b'"letter"'),
        ("chain/erasures.jsonl", b'\\"sealed\\"', b'\\"opened\\"'),
    ):
        assert old in content[name]
        with zipfile.ZipFile(tmp_path / "b.zip", "w") as archive:
            for other, data in content.items():
                archive.writestr(other, data.replace(old, new) if other == name else data)
        assert any("was altered or added" in one for one in verify_audit_pack.check(str(tmp_path / "b.zip")))


_POINTS = ("erase.begin", "erase.committed", "erase.file", "erase.removed", "erase.rewritten")
_FAST = (1, 3)


@pytest.mark.parametrize(
    "point",
    [n if n in _FAST else pytest.param(n, marks=pytest.mark.full) for n in range(1, len(_POINTS) + 1)],
)
def test_a_dead_process_leaves_nothing_half_erased_unsaid(customers: Workspace, point: int) -> None:
    arguments = ["erase", "--customer", "K2", "--yes", "-w", str(customers.root)]
    killed_at(point, *arguments)
    if point == 1:
        assert customers.doctor().empty
        assert customers.erasure("K2").gone["invoice_id"].tolist() == [2]
        return
    assert customers.doctor()["check"].tolist() == ["erasures"]
    with pytest.raises(BusyError, match="wait to be removed"):
        customers.runs.abandon(customers.runs.list()["run_id"].iloc[0])
    (report,) = customers.runs.resume()
    assert (report.state, len(report.done)) == ("finished", 1)
    assert customers.doctor().empty
    with pytest.raises(StaleError), customers.store.write() as session:  # the keys are there still
        session.insert("claims", pd.DataFrame({"invoice_id": [1], "run_id": "a"}))
        session.insert("claims", pd.DataFrame({"invoice_id": [1], "run_id": "b"}))
    assert not list(customers.data.rglob("*F2015-000002*"))
    assert b"k2@example.com" not in customers.store.file.read_bytes()
    assert customers.select(all=True).ids.tolist() == [1, 3, 4]


def test_a_backup_made_since_is_without_it(customers: Workspace, tmp_path: Path) -> None:
    customers.erase(customers.erasure("K2"))
    customers.backup(tmp_path / "after.zip")
    assert run(["restore", str(tmp_path / "after.zip"), str(tmp_path / "again")]) == 0
    again = open_workspace(tmp_path / "again")
    assert again.doctor().empty
    with pytest.raises(UnknownNameError):
        again.erasure("K2")


def test_what_another_customer_said_stays_and_what_runs_were_asked_can_still_be_read(
    customers: Workspace,
) -> None:
    asked = {"to": f"x{ADDRESS}; {ADDRESS.upper()}", "note": "call 0555 123, not 10555 123", "cents": 555123}
    with customers.store.write() as session:
        session.update(
            "customers",
            pd.DataFrame(
                {"customer_id": ["K1"], "email": f"{ADDRESS}; grace@home.example", "phone": "0555 123"}
            ),
            clock.now(),
        )
        run_id = session.whole("runs")["run_id"].iloc[0]
        session.note_run(
            run_id, parameters=json.dumps(asked), selection=f"mail to {ADDRESS}, Grace@home.example."
        )
        bounced = pd.DataFrame({"address": ["grace@home.example", "x@home.example"]})
        said = {"bounced_on": pd.Timestamp("2026-05-01"), "words": "550", "message_id": "m"}
        session.insert("bounced_addresses", bounced.assign(**said))
    customers.erase(customers.erasure("K1"))
    with customers.store.read() as session:
        row = session.run(run_id)
        left = session.whole("bounced_addresses")["address"].tolist()
    assert json.loads(row["parameters"]) == {
        "to": f"x{ADDRESS}; erased",
        "note": "call erased, not 10555 123",
        "cents": 555123,
    }
    assert row["selection"] == "mail to erased, erased."
    assert left == ["x@home.example"]
