"""Closed documents go to the archive and stay what they were: listed, exported, found, brought back when money moves."""

import json
import shutil
from datetime import date
from pathlib import Path
from threading import Event

import duckdb
import numpy as np
import pandas as pd
import pytest

from invoicebatch.actions import registry
from invoicebatch.engine.base import clock
from invoicebatch.engine.base.faultpoints import reach
from invoicebatch.engine.imports.number_ranges import given_numbers
from invoicebatch.engine.payments.proposing import _payers
from invoicebatch.errors import BusyError, SelectionError, StorageError, UsageError
from invoicebatch.interfaces.api import Workspace, open_workspace
from invoicebatch.interfaces.cli.main import run
from invoicebatch.store import Store
from invoicebatch.store.migrations import LATEST
from tests.commands import killed_at
from tests.conftest import _money_frames, fill
from tests.copies import copy_workspace, made_once
from tests.engine.payments.received import credit, read
from tests.ingest.bank.bank_files import entry, returned, transaction

NOW = "2026-11-26T10:00:00"
BEFORE = date(2025, 9, 1)
PAID = [1, 2, 3, 4, 5]
"""Of six documents of January and February 2025; 1 to 4 by direct debit, 5 by transfer."""


@pytest.fixture
def ws(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    """Six documents sent and exported, five of them paid; nearly two years later."""
    monkeypatch.setenv(clock.VARIABLE, NOW)
    return made_once(tmp_path / "w", "closed documents", _made, new_id=False)


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Five of them in the archive: made once."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(clock.VARIABLE, NOW)
        workspace = made_once(tmp_path_factory.mktemp("kept") / "w", "closed documents", _made, new_id=False)
        assert workspace.archive(BEFORE).documents == len(PAID)
    return workspace.root


@pytest.fixture
def archived(kept: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    """Five of them in the archive."""
    monkeypatch.setenv(clock.VARIABLE, NOW)
    return open_workspace(copy_workspace(kept, tmp_path / "w", new_id=False))


def _made(workspace: Workspace) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(clock.VARIABLE, "2025-01-20T10:00:00")
        days = [pd.Timestamp("2025-01-17")] * 3 + [pd.Timestamp("2025-02-03")] * 3
        numbers = [f"F2025-{i:06d}" for i in range(1, 7)]
        fill(
            workspace, _money_frames(6, None, {"invoice_date": days, "number": numbers, "due_date": pd.Timestamp("2025-02-10")})
        )  # fmt: skip
        everything = workspace.select(all=True)
        everything.plan("regenerate", reason="first").apply()
        everything.plan("mark_as.shipped").apply()
        everything.plan("mark_as.exported").apply()
        workspace.select(ids=PAID[:4]).plan("assign.bank_file").apply()
        for bundle in workspace.payments.list()["bundle_id"]:
            workspace.payments.write(bundle)
        patch.setenv(clock.VARIABLE, "2025-02-20T10:00:00")
        items = pd.concat([workspace.payments.items(one) for one in workspace.payments.list()["bundle_id"]])
        booked = [
            entry("121.00", details=transaction(one), day="2025-02-12") for one in items["end_to_end_id"]
        ]
        payer = {"name": "Klant 2", "iban": "DE89370400440532013000", "day": "2025-02-12"}
        read(workspace, *booked, credit("121.00", "F2025-000005", **payer), name="S0")


def state_of(workspace: Workspace) -> dict[str, str]:
    """Every table as it is read with the archive, as text."""
    with workspace.store.with_archive().read() as session:
        names = (
            "invoices",
            "lines",
            "documents",
            "payments",
            "bundle_items",
            "run_rows",
            "invoice_changes",
            "outbox",
        )
        return {name: session.whole(name).to_csv() for name in names}  # fmt: skip


def give_back(workspace: Workspace, invoice: int) -> None:
    """The bank gives a collection back, long after."""
    items = pd.concat([workspace.payments.items(one) for one in workspace.payments.list()["bundle_id"]])
    (end_to_end,) = items.loc[items["invoice_id"].eq(invoice), "end_to_end_id"]
    details = transaction(end_to_end, "121.00", "DBIT", returned("MD06"))
    done = read(workspace, entry("121.00", "DBIT", details, day="2026-11-25"), name="R1")
    assert done.refused.empty


def test_what_is_closed_goes_and_is_all_there_still(ws: Workspace) -> None:
    with ws.store.write() as session:  # 4, of the month after, deducts 3
        session.update("lines", pd.DataFrame({"invoice_id": [4], "line_no": 1, "advance_of": 3}), clock.now())
    before = state_of(ws)
    found = ws.archivable(BEFORE)
    assert (found.documents, found.stays.to_dict("records")) == (
        5,
        [{"reason": "something is outstanding", "rows": 1}],
    )
    done = ws.archive(BEFORE)
    assert ws.select(all=True).ids.tolist() == [6]
    assert ws.select(all=True, archived=True).ids.tolist() == PAID
    assert state_of(ws) == before
    places = {path.parent.relative_to(ws.data).as_posix() for path in ws.data.rglob("part-*.parquet")}
    assert {f"archive/lines/account=NL/period=2025-0{month}" for month in (1, 2)} <= places
    assert (done.files, done.size) == (
        len(list(ws.data.rglob("part-*"))), sum(path.stat().st_size for path in ws.data.rglob("part-*")),
    )  # fmt: skip
    assert ws.doctor().empty
    assert not list((ws.data / "staging").glob("*"))
    with ws.store.read() as session:
        left = {name: session.count(name) for name in ("invoices", "lines", "documents", "payments")}
    assert left == {"invoices": 1, "lines": 2, "documents": 1, "payments": 0}
    again = ws.archive(BEFORE)
    assert (again.documents, again.run_id) == (0, "")


def test_it_is_listed_downloaded_exported_and_never_changed(
    archived: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    place = ["-w", str(archived.root)]
    assert run(["list", "--archived", "--where", "customer_id = 'K2'", "--json", *place]) == 0
    assert [row["number"] for row in json.loads(capsys.readouterr().out)] == ["F2025-000002", "F2025-000005"]
    assert run(["run", "download.document", "--archived", "--numbers", "F2025-000002", *place]) == 0
    chosen = archived.select(numbers=["F2025-000001", "F2025-000002"], archived=True)
    report = chosen.plan("export.lines", format="parquet", mark_as_exported=True).apply()
    assert len(pd.read_parquet(report.files["path"].iloc[0])) == 4
    assert archived.runs.report(report.run_id).done["number"].tolist() == ["F2025-000001", "F2025-000002"]
    offered = set(chosen.actions()["action"])
    assert offered == {name for name, one in registry().items() if one.makes_files_only}
    assert {name.partition(".")[0] for name in offered} == {"export", "download"}
    for action in ("credit", "regenerate", "mark_as.not_exported", "export.external", "export.job"):
        with pytest.raises(UsageError, match="nothing for archived documents"):
            chosen.plan(action)
    capsys.readouterr()
    assert run(["run", "mark_as.exported", "--numbers", "F2025-000001", *place]) == 2
    assert "It is in the archive" in capsys.readouterr().err
    assert archived.doctor().empty


def test_an_export_of_it_that_was_cut_off_is_finished(archived: Workspace) -> None:
    stop = Event()
    stop.set()
    chosen = archived.select(all=True, archived=True)
    cut_off = chosen.plan("export.invoices", format="csv").apply(cancel=stop)
    assert (cut_off.state, len(cut_off.done)) == ("interrupted", 0)
    (report,) = archived.runs.resume()
    assert (report.state, report.done["invoice_id"].tolist()) == ("finished", PAID)
    assert len(pd.read_csv(report.files["path"].iloc[0])) == len(PAID)


def test_it_is_found_by_history_detail_audit_and_backup(archived: Workspace, tmp_path: Path) -> None:
    history = archived.history("F2025-000001")
    assert history["event"].iloc[0] == "regenerate"
    assert history["event"].iloc[-1].startswith("archived ")
    assert history["changes"].iloc[0]["document_version"]["after"] == "1"
    detail = archived.detail("F2025-000001")
    assert {"lines", "vat", "payments", "bank_files", "versions", "history"} <= set(detail.parts)
    assert detail.pdf
    assert archived.documents("F2025-000001")["state"].tolist() == ["sound"]
    report = archived.runs.report(archived.runs.list().query("action == 'mark_as.shipped'")["run_id"].iloc[0])
    assert len(report.done) == 6
    for which in (True, False):
        pack = tmp_path / f"{which}.zip"
        archived.audit_pack(pack, archived.select(all=True, archived=which))
        assert run(["audit", "verify", str(pack)]) == 0
    archived.backup(tmp_path / "first.zip")
    later = archived.backup(tmp_path / "second.zip", earlier=tmp_path / "first.zip")
    assert all(one.held_by == "first.zip" for one in later if "/archive/" in one.name)
    assert run(["restore", str(tmp_path / "second.zip"), str(tmp_path / "again")]) == 0
    again = open_workspace(tmp_path / "again")
    assert again.doctor().empty
    assert len(again.select(all=True, archived=True)) == len(PAID)


def test_a_debit_that_comes_back_brings_its_document_back(archived: Workspace) -> None:
    give_back(archived, 2)
    row = archived.select(ids=[2]).columns(["outstanding_cents", "return_code"]).iloc[0]
    assert (row["outstanding_cents"], row["return_code"]) == (12_100, "MD06")
    assert archived.select(all=True, archived=True).ids.tolist() == [1, 3, 4, 5]
    events = archived.history("F2025-000002")
    assert events["event"].tolist()[-2:] == ["restored", "payments.book"]
    assert events["details"].iloc[-2] == {"why": "R1.xml is about a payment of it"}
    assert archived.doctor().empty


def test_payments_bring_back_what_they_name_or_are_taken_off(archived: Workspace) -> None:
    said = read(archived, credit("121.00", "again: f2025 000005, F2025000004", day="2026-11-25"), name="S2")
    assert any(note.endswith("brought back: F2025-000004") for note in said.notes)
    paid = archived.payments.incoming().query("status == 'booked'")
    assert [one[0]["number"] for one in paid["booked"]] == ["F2025-000005"]
    archived.payments.unmatch(paid["payment_id"].iloc[0])
    assert archived.select(all=True).ids.tolist() == [4, 5, 6]
    assert archived.select(ids=[5]).frame["outstanding_cents"].tolist() == [12_100]
    assert archived.doctor().empty


def test_by_hand_and_to_the_archive_once_more(archived: Workspace) -> None:
    before = state_of(archived)
    assert run(["archive", "restore", "--numbers", "F2025-000001", "-w", str(archived.root)]) == 0
    with pytest.raises(SelectionError, match=r"Not in the archive: F2025-000001"):
        archived.restore(numbers=["F2025-000001", "F2025-000002"])
    restored = state_of(archived)
    assert {name: restored[name] for name in before if name != "run_rows"} == {
        name: rows for name, rows in before.items() if name != "run_rows"
    }
    archived.select(ids=[1]).plan("mark_as.not_exported").apply()
    assert archived.archive(BEFORE).documents == 0
    archived.select(ids=[1]).plan("mark_as.exported").apply()
    assert archived.archive(BEFORE).documents == 1
    assert archived.select(all=True, archived=True).ids.tolist() == PAID
    assert archived.history(1)["event"].str.startswith("archived ").sum() == 2
    assert archived.doctor().empty


def test_no_number_or_document_comes_twice(archived: Workspace, tmp_path: Path) -> None:
    with archived.store.with_archive().read() as session:
        old = session.rows_of("invoices", "invoice_id", pd.Series([1]))
    same = pd.DataFrame(
        {"external_id": [old["external_id"].iloc[0]], "number": ["F2025-000001"], "company_account_id": ["NL"],
         "customer_id": [old["customer_id"].iloc[0]], "currency": ["EUR"]}
    )  # fmt: skip
    other = same.assign(
        external_id="NEW-1", outstanding="10.00", invoice_date="2025-01-17", due_date="2025-02-17"
    )
    told = {}
    for name, rows in {"same": same, "changed": same.assign(customer_id="K0"), "other": other}.items():
        rows.to_csv(tmp_path / f"{name}.csv", index=False)
        kind = "open_items" if name == "other" else "invoices"
        told[name] = archived.import_files([tmp_path / f"{name}.csv"], kind=kind)
    assert told["same"].refused.empty
    assert "1 document in the archive, as they are here" in told["same"].notes
    assert "is in the archive" in told["changed"].refused["reason"].iloc[0]
    assert "another document of this company account has it" in told["other"].refused["reason"].iloc[0]
    assert archived.select(all=True).ids.tolist() == [6]
    with archived.store.write() as session:
        session.delete("number_ranges", session.whole("number_ranges"), clock.now())
        session.insert(
            "number_ranges",
            pd.DataFrame([{"company_account_id": "NL", "series": "invoice", "pattern": "F2025-{seq:06d}"}]),
        )
        requests = pd.DataFrame(
            {"invoice_id": [9], "company_account_id": "NL", "series": "invoice", "invoice_date": pd.Timestamp("2026-01-01")}
        )  # fmt: skip
        assert "F2025-000001 is given already" in session.allocate(requests, "R")["reason"].iloc[0]


def test_a_file_of_an_older_version_reads_with_defaults(archived: Workspace) -> None:
    with duckdb.connect() as con:
        for file in archived.data.rglob("archive/invoices/*/*/part-*"):
            part = file.with_suffix(".new")
            gone = "reviewed, is_open_item, document_version"
            con.execute(f"COPY (SELECT * EXCLUDE ({gone}) FROM '{file}') TO '{part}' (FORMAT parquet)")
            part.replace(file)
    with archived.store.write() as session:
        parts = session.whole("archive_parts")[["part", "name"]]
        session.update("archive_parts", parts.assign(schema_version=LATEST - 1), clock.now())
    archived.restore(ids=PAID[:2])
    for which, ids in ((True, PAID[2:]), (False, [1, 2, 6])):
        rows = archived.select(all=True, archived=which).frame
        assert rows["invoice_id"].tolist() == ids
    assert archived.select(ids=[1]).frame["document_version"].tolist() == [0]


@pytest.mark.parametrize(
    ("table", "values", "why"),
    [
        ("outbox", {"message_id": "m", "channel": "email", "recipient": "a@b.c", "payload": "{}", "run_id": "R",
                    "status": "in_doubt", "created_at": clock.now(), "updated_at": clock.now()}, "in doubt"),
        ("claims", {"run_id": "R"}, "a run holds it"),
        ("collection_cases", {"case_id": "c", "customer_id": "K1", "flow": "f", "status": "paused",
                              "opened_at": clock.now(), "updated_at": clock.now()}, "it is in collection"),
        ("bank_entries", {"entry_id": "e", "kind": "payment", "booked_on": pd.Timestamp("2025-05-01"), "amount_cents": 1,
                          "source": "s", "booked": False}, "not booked yet"),
    ],
)  # fmt: skip
def test_what_is_open_stays_with_all_that_belongs_to_it(
    ws: Workspace, table: str, values: dict[str, object], why: str
) -> None:
    with ws.store.write() as session:  # 1 credits 2, and advances of 3 are deducted by 4
        session.update("invoices", pd.DataFrame({"invoice_id": [1], "credit_of": [2]}), clock.now())
        session.update("lines", pd.DataFrame({"invoice_id": [4], "line_no": 1, "advance_of": 3}), clock.now())
        held = pd.DataFrame([{"invoice_id": invoice, **values} for invoice in (2, 4)])
        keys = {"outbox": "message_id", "collection_cases": "case_id", "bank_entries": "entry_id"}
        if name := keys.get(table):
            held[name] = [f"{held[name].iloc[0]}{at}" for at in range(2)]
        session.insert(table, held)
    found = ws.archivable(BEFORE)
    assert found.documents == 1
    told = found.stays.set_index("reason")["rows"]
    assert [rows for reason, rows in told.items() if why in str(reason)] == [2]
    assert [rows for reason, rows in told.items() if "what belongs to it stays" in str(reason)] == [2]


def test_what_the_review_compares_with_stays(ws: Workspace, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["archive", "--before", "2026-01-01", "-w", str(ws.root)]) == 2
    assert "after 2025-09-26 stays" in capsys.readouterr().err
    assert run(["archive", "--before", "2020-01-01", "--json", "-w", str(ws.root)]) == 4
    assert json.loads(capsys.readouterr().out)["documents"] == 0


def test_the_doctor_names_what_is_altered_missing_or_strange(archived: Workspace) -> None:
    lines, payments, *_ = sorted((archived.data / "archive").rglob("part-*"))
    lines.write_bytes(lines.read_bytes() + b"x")
    payments.rename(payments.with_name("part-strange.parquet"))
    found = archived.doctor()
    assert set(found["check"]) == {"archive"}
    assert found["problem"].tolist() == [
        "was changed since it was stored",
        "is missing",
        "is a file that the state does not know",
    ]
    with pytest.raises(StorageError, match="missing"):
        archived.select(all=True, archived=True).frame.info()
        archived.history("F2025-000001")


@pytest.mark.parametrize(
    "point", [n if n in (2, 4) else pytest.param(n, marks=pytest.mark.full) for n in range(1, 9)]
)
@pytest.mark.parametrize("way", ["resume", pytest.param("again", marks=pytest.mark.full)])
def test_a_dead_process_leaves_each_part_live_or_archived(ws: Workspace, point: int, way: str) -> None:
    before = state_of(ws)
    arguments = ["archive", "--before", str(BEFORE), "-w", str(ws.root)]
    killed_at(point, *arguments)
    live, gone = (ws.select(all=True, archived=which).ids.tolist() for which in (False, True))
    assert sorted(live + gone) == [1, 2, 3, 4, 5, 6]
    assert gone in ([], [1, 2, 3], PAID)
    assert state_of(ws) == before
    assert ws.doctor()["check"].tolist() == ["archive"]
    if way == "resume":
        ws.runs.resume()
    else:
        ws.archive(BEFORE)
    assert ws.select(all=True, archived=True).ids.tolist() == PAID
    assert state_of(ws) == before
    assert ws.doctor().empty


def test_an_archive_given_up_leaves_nothing_behind(ws: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(name: str) -> None:
        reach(name)
        if name == "archive.uncommitted":
            raise KeyboardInterrupt

    monkeypatch.setattr("invoicebatch.engine.run.archive.reach", stop)
    with pytest.raises(KeyboardInterrupt):
        ws.archive(BEFORE)
    monkeypatch.undo()
    assert list(ws.data.rglob("part-*"))
    assert ws.select(all=True).ids.tolist() == [*PAID, 6]
    ws.runs.abandon(ws.runs.list()["run_id"].iloc[0])
    assert not list(ws.data.rglob("part-*"))
    assert ws.doctor().empty


def test_two_at_once_archive_once(ws: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    def other(name: str) -> None:
        if name == "archive.begun":
            with pytest.raises(BusyError):  # the run is begun, and its process lives
                open_workspace(ws.root).archive(BEFORE)

    monkeypatch.setattr("invoicebatch.engine.run.archive.reach", other)
    assert ws.archive(BEFORE).documents == len(PAID)
    assert ws.doctor().empty


def test_erasing_reaches_the_archive(ws: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    assert ws.archive(BEFORE).documents == len(PAID)
    monkeypatch.setenv(clock.VARIABLE, "2033-01-01T10:00:00")
    assert ws.may_go()["invoice_id"].tolist() == PAID
    seen = ws.erasure("K1")
    assert seen.gone["invoice_id"].tolist() == [1, 4]
    ws.erase(seen)
    assert ws.doctor().empty
    assert not list(ws.data.rglob("part-*"))  # each held a document of the customer
    assert ws.select(all=True).ids.tolist() == [2, 3, 5, 6]
    monkeypatch.setenv(clock.VARIABLE, "2033-01-01T11:00:00")
    assert ws.archive(BEFORE).documents == 3
    assert np.isin(ws.select(all=True, archived=True).ids, [2, 3, 5]).all()


def test_payments_that_were_read_before_are_no_news_of_what_is_archived(
    ws: Workspace, tmp_path: Path
) -> None:
    with ws.store.read() as session:
        external_id = session.rows_of("invoices", "invoice_id", pd.Series([5]))["external_id"].iloc[0]
    rows = {"payment_id": ["P1", "P2"], "external_id": external_id, "booked_on": "2025-03-01"}
    pd.DataFrame(rows | {"amount": ["1.00", "-1.00"]}).to_csv(tmp_path / "paid.csv", index=False)
    ws.import_files([tmp_path / "paid.csv"], kind="payments")
    ws.archive(BEFORE)
    again = ws.import_files([tmp_path / "paid.csv"], kind="payments")
    assert (again.counts["unchanged"].tolist(), len(again.refused)) == ([2], 0)
    assert ws.select(all=True).ids.tolist() == [6]


def test_a_backup_in_which_a_customer_is_erased_is_made_again(
    ws: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ws.archive(BEFORE)
    monkeypatch.setenv(clock.VARIABLE, "2033-01-01T10:00:00")
    copy = Store.copy

    def erased_after(store: Store, target: Path) -> None:
        copy(store, target)
        ws.erase(ws.erasure("K1"))

    with monkeypatch.context() as patch:
        patch.setattr(Store, "copy", erased_after)
        with pytest.raises(BusyError, match="erased while the backup"):
            ws.backup(tmp_path / "b.zip")
    assert not (tmp_path / "b.zip").exists()
    assert ws.backup(tmp_path / "b.zip")


def test_erasing_leaves_a_bank_file_that_archived_documents_of_others_need(
    ws: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("invoicebatch.store.archive.closed.PART_DOCUMENTS", 1)
    ws.archive(BEFORE)
    monkeypatch.setenv(clock.VARIABLE, "2033-01-01T10:00:00")
    for customer, left in (("K1", [2, 3, 5]), ("K2", [3])):  # 1 to 4 are in one bundle
        seen = ws.erasure(customer)
        assert seen.bundles == ()
        ws.erase(seen)
        assert ws.select(all=True, archived=True).ids.tolist() == left
    assert ws.doctor().empty


def test_a_note_comes_back_with_the_advances_that_it_deducts(ws: Workspace) -> None:
    with ws.store.write() as session:
        session.update("lines", pd.DataFrame({"invoice_id": [4], "line_no": 1, "advance_of": 3}), clock.now())
    ws.archive(BEFORE)
    assert ws.restore(ids=[4], reason="it is wrong")["invoice_id"].tolist() == [3, 4]
    report = ws.select(ids=[4]).plan("credit", with_advances=True, reason="it is wrong").apply()
    assert report.done["invoice_id"].tolist() == [3, 4]
    assert ws.doctor().empty


def test_what_came_back_is_listed_when_it_is_paid_and_archived(ws: Workspace) -> None:
    give_back(ws, 2)
    payer = {"name": "Klant 2", "iban": "DE89370400440532013000", "day": "2026-11-25"}
    read(ws, credit("121.00", "F2025-000002", **payer), name="S3")
    before = ws.payments.returns()
    assert before["number"].tolist() == ["F2025-000002"]
    assert ws.archive(BEFORE).documents == len(PAID)
    pd.testing.assert_frame_equal(ws.payments.returns(), before)


def test_a_note_that_comes_once_more_as_it_is_here_brings_no_advance_back(
    ws: Workspace, tmp_path: Path
) -> None:
    with ws.store.write() as session:
        session.update("lines", pd.DataFrame({"invoice_id": [4], "line_no": 1, "advance_of": 3}), clock.now())
        stored = session.rows_of("invoices", "invoice_id", pd.Series([3, 4]))
        lines = session.rows_of("lines", "invoice_id", pd.Series([4]))
    ws.archive(BEFORE)
    advance, note = stored["external_id"]
    columns = ["external_id", "company_account_id", "customer_id", "currency"]
    stored[stored["invoice_id"].eq(4)][columns].to_csv(tmp_path / "invoices.csv", index=False)
    rows = {"external_id": note, "line_no": [1, 2], "name": lines["name"], "quantity": 1, "unit": "C62",
            "price": "50.00", "net": "50.00", "vat_category": "S", "vat_rate": "21",
            "advance_of_external_id": [advance, None]}  # fmt: skip
    pd.DataFrame(rows).to_csv(tmp_path / "lines.csv", index=False)
    told = ws.import_files([tmp_path / "invoices.csv", tmp_path / "lines.csv"])
    assert (len(told.refused), told.notes) == (0, ("1 document in the archive, as they are here",))
    assert ws.select(all=True).ids.tolist() == [6]
    pd.DataFrame(rows).assign(name="another").to_csv(tmp_path / "lines.csv", index=False)
    told = ws.import_files([tmp_path / "invoices.csv", tmp_path / "lines.csv"])
    assert told.refused["value"].tolist() == [note]
    assert "is in the archive" in told.refused["reason"].iloc[0]
    assert ws.select(all=True).ids.tolist() == [6]
    allowance = {"external_id": note, "allowance_no": [1], "is_charge": "no", "amount": "1.00", "reason": "Sale",
                 "vat_category": "S", "vat_rate": "21"}  # fmt: skip
    pd.DataFrame(allowance).to_csv(tmp_path / "allowances.csv", index=False)
    told = ws.import_files([tmp_path / "allowances.csv"], kind="allowance_charges")
    assert told.refused["value"].tolist() == [note]
    pd.DataFrame(rows).to_csv(tmp_path / "lines.csv", index=False)
    told = ws.import_files([tmp_path / f"{name}.csv" for name in ("invoices", "lines", "allowances")])
    assert told.refused["value"].tolist() == [note]


def test_an_archive_goes_on_after_one_of_its_parts_was_dissolved(
    ws: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(name: str) -> None:
        reach(name)
        if name == "archive.committed" and len(ws.select(all=True)) == 3:
            raise KeyboardInterrupt

    monkeypatch.setattr("invoicebatch.store.archive.closed.PART_DOCUMENTS", 1)
    monkeypatch.setattr("invoicebatch.engine.run.archive.reach", stop)
    with pytest.raises(KeyboardInterrupt):
        ws.archive(BEFORE)
    monkeypatch.setattr("invoicebatch.engine.run.archive.reach", reach)
    with ws.store.write() as session:  # as an erasure does
        session.dissolve_parts(ws.data, [session.whole("archived_invoices")["part"].max()], "E")
    ws.runs.resume()
    assert ws.select(all=True, archived=True).ids.tolist() == PAID


def test_who_paid_before_and_which_numbers_there_are_is_known_of_archived_documents(
    archived: Workspace,
) -> None:
    iban = "NL50INGB7320556819"
    with archived.store.write() as session:
        payments = session.whole("incoming_payments")[["payment_id", "version"]]
        session.update("incoming_payments", payments.assign(payer_iban=iban), clock.now())
    with archived.store.read() as session:
        assert _payers(session, pd.DataFrame({"payer_iban": [iban]}))["customer_id"].tolist() == ["K2"]
        numbers = given_numbers(session, pd.Series(["NL"]))["number"]
    assert set(numbers) == {f"F2025-{i:06d}" for i in (*PAID, 6)}


def test_an_archive_that_is_a_link_is_one_like_any_other(ws: Workspace, tmp_path: Path) -> None:
    (tmp_path / "nas").mkdir()
    (ws.data / "archive").symlink_to(tmp_path / "nas")
    assert ws.archive(BEFORE).documents == len(PAID)
    assert list((tmp_path / "nas").rglob("part-*"))
    assert ws.doctor().empty
    ws.backup(tmp_path / "b.zip")
    shutil.rmtree(ws.root)
    assert run(["restore", str(tmp_path / "b.zip"), str(tmp_path / "again")]) == 0
    again = open_workspace(tmp_path / "again")
    assert again.doctor().empty
    assert again.select(all=True, archived=True).ids.tolist() == PAID


@pytest.mark.parametrize("between", [" ", "\n", "/", "+", " & ", ", "])
def test_several_numbers_in_one_text_are_told_apart(archived: Workspace, between: str) -> None:
    with archived.store.read() as session:
        found = session.archived_named(pd.Series([f"F2025-000003{between}f2025000004."], dtype="str"))
    assert found["invoice_id"].tolist() == [3, 4]
