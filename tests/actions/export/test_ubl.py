"""export.ubl through the engine: documents out, failures by rule id, imports that come back the same."""

import base64
import hashlib
import zipfile
from collections.abc import Callable
from pathlib import Path
from threading import Event

import pandas as pd
import pytest
from lxml import etree

from invoicebatch.formats.ubl import write_ubl
from invoicebatch.interfaces.api import Workspace, init_workspace, open_workspace
from invoicebatch.model.en16931.frames import Groups


@pytest.fixture
def workspace(tmp_path, make_documents) -> Workspace:
    """A workspace with six valid, created documents."""
    invoices, tables = make_documents(6, 2)
    workspace = init_workspace(tmp_path / "workspace")
    invoices = invoices.drop(columns=["mandate_id", "mandate_iban"]).assign(
        external_id=[f"X{i}" for i in invoices["invoice_id"]]
    )
    with workspace.store.write() as session:
        for name in ("company_accounts", "customers", "lines", "vat_breakdown"):
            session.insert(name, tables[name])
        session.insert("invoices", invoices)
        session.reserve_ids(6)
    return workspace


def export(workspace: Workspace, **params):
    return (
        workspace.select(**params.pop("selection", {"where": "status = 'created'"}))
        .plan("export.ubl", **params)
        .apply()
    )


def written(report) -> list[Path]:
    return [Path(file["path"]) for file in report.to_dict()["files"]]


def test_several_documents_go_into_one_archive(workspace):
    report = export(workspace)
    assert (len(report.done), len(report.failed)) == (6, 0)
    with zipfile.ZipFile(written(report)[0]) as archive:
        assert archive.namelist()[:3] == ["F2026-000001.xml", "F2026-000002.xml", "C2026-000003.xml"]
        roots = [etree.QName(etree.fromstring(archive.read(name))).localname for name in archive.namelist()]
    assert roots == ["Invoice", "Invoice", "CreditNote"] * 2


def test_one_document_is_a_file_of_its_number_and_only_it_is_marked(workspace):
    report = export(workspace, selection={"ids": [2]}, mark_as_exported=True)
    assert [file.name for file in written(report)] == ["F2026-000002.xml"]
    marked = workspace.select(where="export_status = 'exported'").frame
    assert marked["invoice_id"].tolist() == [2]


def test_a_row_that_breaks_rules_is_named_and_the_rest_is_written_and_marked(workspace):
    with workspace.store.write() as session:
        session._con.execute("UPDATE invoices SET total = 99 WHERE invoice_id = 1")
        session._con.execute("UPDATE lines SET unit = 'kWh' WHERE invoice_id = 4 AND line_no = 2")
    report = export(workspace, mark_as_exported=True)
    reasons = report.failed.set_index("invoice_id")["reason"]
    assert set(reasons.index) == {1, 4}
    assert "BR-CO-15" in reasons[1]
    assert "BR-CL-23: line 2: Unit is no unit" in reasons[4]
    assert "(kWh)" in reasons[4]
    assert workspace.select(where="export_status = 'exported'").columns(["invoice_id"])[
        "invoice_id"
    ].tolist() == [2, 3, 5, 6]


def test_nothing_valid_writes_no_file(workspace):
    with workspace.store.write() as session:
        session._con.execute("UPDATE company_accounts SET country = NULL")
    report = export(workspace)
    assert len(report.failed) == 6
    assert written(report) == []
    assert report.failed["reason"].str.contains("BR-09").all()


def test_a_private_person_gets_plain_en_16931(workspace):
    with workspace.store.write() as session:
        session._con.execute(
            "UPDATE customers SET is_business = false, endpoint_id = NULL, endpoint_scheme = NULL, vat_id = NULL,"
            " legal_id = NULL, legal_id_scheme = NULL"
        )
    report = export(workspace, selection={"ids": [1]})
    text = written(report)[0].read_text()
    assert "<cbc:CustomizationID>urn:cen.eu:en16931:2017</cbc:CustomizationID>" in text
    refused = export(workspace, selection={"ids": [1]}, profile="peppol")
    assert "PEPPOL-EN16931-R010" in refused.failed["reason"][0]


def test_documents_written_by_one_workspace_come_into_another(workspace, tmp_path):
    report = export(workspace)
    other = init_workspace(tmp_path / "other")
    first = other.import_files([written(report)[0]], kind="ubl")
    assert first.counts.set_index("table")["added"]["invoices"] == 6
    assert first.refused.empty
    again = other.import_files([written(report)[0]])
    assert again.counts.set_index("table")["unchanged"]["invoices"] == 6
    back = export(other)
    with zipfile.ZipFile(written(report)[0]) as one, zipfile.ZipFile(written(back)[0]) as two:
        for name in one.namelist():
            assert one.read(name) == two.read(name)


def with_pdf(workspace: Workspace, invoice_id: int, data: bytes) -> None:
    path = workspace.data / "documents" / f"{invoice_id}.pdf"
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(data)
    with workspace.store.write() as session:
        session._con.execute(
            "UPDATE invoices SET document_path = ?, document_sha256 = ?, document_version = 1 WHERE invoice_id = ?",
            [f"documents/{invoice_id}.pdf", hashlib.sha256(data).hexdigest(), invoice_id],
        )


def test_the_stored_pdf_goes_inside_with_its_own_bytes(workspace):
    pdf = b"%PDF-1.7 the bytes of the archive"
    with_pdf(workspace, 1, pdf)
    with_pdf(workspace, 2, b"x" * (11 << 20))
    with_pdf(workspace, 3, pdf)
    (workspace.data / "documents/3.pdf").write_bytes(b"changed")
    with (workspace.root / "invoicebatch.toml").open("a") as file:
        file.write("[einvoice]\nembed_pdf = true\n")
    folder = workspace.root / "in"
    folder.mkdir()
    (folder / "F2026-000001.pdf").write_bytes(b"another")
    workspace.import_attachments(folder)
    report = export(open_workspace(workspace.root), selection={"ids": [1, 2, 3, 4]})
    reasons = report.failed.set_index("invoice_id")["reason"]
    assert set(reasons.index) == {2, 3}
    assert "11.0 MB is larger than the 10 MB that Peppol BIS Billing 3.0.21 takes" in reasons[2]
    assert "3.pdf" in reasons[3]
    with zipfile.ZipFile(written(report)[0]) as archive:
        read = etree.fromstring(archive.read("F2026-000001.xml"))
        assert b"EmbeddedDocument" not in archive.read("F2026-000004.xml")
    inside = {o.get("filename"): o for o in read.iterfind(".//{*}EmbeddedDocumentBinaryObject")}
    contents = {name: base64.b64decode(found.text or "") for name, found in inside.items()}
    assert contents == {"F2026-000001.pdf": b"another", "F2026-000001-document.pdf": pdf}
    assert inside["F2026-000001-document.pdf"].get("mimeCode") == "application/pdf"


def test_two_documents_of_one_seller_with_one_number_are_named_by_the_audit(workspace, tmp_path):
    report = export(workspace, selection={"ids": [1]})
    other = init_workspace(tmp_path / "other")
    twin = tmp_path / "twin.xml"
    twin.write_bytes(written(report)[0].read_bytes().replace(b"REF-1", b"REF-X"))
    other.import_files([written(report)[0], twin])
    found = other.doctor()
    assert found["subject"].tolist() == ["F2026-000001"]
    assert "is the number of 2 documents of BE0403170701: invoices 1, 2" in found["problem"].iloc[0]


def test_our_own_documents_are_not_imported_twice(workspace):
    report = export(workspace)
    imported = workspace.import_files([written(report)[0]])
    assert len(imported.refused) == 6
    assert imported.refused["reason"].str.contains("is given to invoice X").all()
    assert len(workspace.select(where="status = 'created'").frame) == 6


def test_a_sample_of_each_structure_is_enough_and_a_failing_one_is_looked_into(workspace, monkeypatch):
    from invoicebatch.formats.validation import faults

    asked = []
    bad = [f"<cbc:ID>F2026-{n:06d}</cbc:ID><cbc:IssueDate>".encode() for n in (1, 4)]

    def failing(documents, stylesheets, advice):
        asked.append(len(documents))
        return [[checked_failure("X-1")] if any(own in d for own in bad) else [] for d in documents]

    from invoicebatch.formats.validation.schematron import Failure

    def checked_failure(rule):
        return Failure(rule, f"[{rule}]-Not so", "/", True)

    monkeypatch.setattr(faults, "run_schematron", failing)
    report = export(workspace, schematron="sample")
    assert report.failed.set_index("invoice_id")["reason"].to_dict() == {1: "X-1: Not so", 4: "X-1: Not so"}
    assert len(asked) < 6
    _, table = written(report)
    how = pd.read_csv(table).set_index("number")["schematron"]
    assert table.name == "ubl-checks.csv"
    assert how.to_dict() == {
        "F2026-000002": "document",
        "C2026-000003": "document",
        "F2026-000005": "document",  # one of its structure failed, so each was asked
        "C2026-000006": "structure",
    }
    monkeypatch.setattr(faults, "run_schematron", lambda *_, **__: pytest.fail("asked although none"))
    unasked = export(workspace, schematron="none")
    assert unasked.failed.empty
    assert [path.name for path in written(unasked)] == ["invoices-ubl.zip"]


def test_many_documents_are_read_written_and_judged_some_at_a_time(workspace, monkeypatch):
    from invoicebatch.formats import checked
    from invoicebatch.model.en16931 import derive

    with workspace.store.write() as session:
        session._con.execute("UPDATE invoices SET total = 99 WHERE invoice_id = 1")
        session._con.execute("UPDATE customers SET country = NULL WHERE customer_id = 'C00004'")
    plan = workspace.select(where="status = 'created'").plan("export.ubl")
    at_once, tables = export(workspace), dict(plan.preview)
    monkeypatch.setattr(derive, "_PIECE", 4)
    monkeypatch.setattr(checked, "SLICE", 3)
    some_at_a_time = export(workspace)
    assert len(some_at_a_time.failed) == 2
    assert some_at_a_time.failed.to_dict() == at_once.failed.to_dict()
    (first,), (second,) = written(at_once), written(some_at_a_time)
    assert first.read_bytes() == second.read_bytes()
    for name, table in plan.preview.items():
        pd.testing.assert_frame_equal(table, tables[name])


@pytest.fixture
def meanwhile(workspace, monkeypatch):
    """Have something happen while the first of several pieces of an export is written."""
    from invoicebatch.formats import checked
    from invoicebatch.model.en16931 import derive

    def during(happens: Callable[[], object]) -> None:
        waiting = [happens]

        def write(groups: Groups) -> list[bytes]:
            if waiting:
                waiting.pop()()
            return write_ubl(groups)

        monkeypatch.setattr(checked, "write_ubl", write)

    monkeypatch.setattr(derive, "_PIECE", 2)
    monkeypatch.setattr(checked, "SLICE", 1)
    return during


def change(workspace: Workspace, text: str) -> None:
    with workspace.store.write() as session:
        session._con.execute(text)


def test_an_invoice_that_goes_while_the_file_is_written_is_not_called_done(workspace, meanwhile):
    meanwhile(lambda: change(workspace, "DELETE FROM invoices WHERE invoice_id = 5"))
    report = export(workspace)
    assert report.done["invoice_id"].tolist() == [1, 2, 3, 4, 6]
    assert report.refused["invoice_id"].tolist() == [5]
    with zipfile.ZipFile(written(report)[0]) as archive:
        assert len(archive.namelist()) == 5


def test_where_all_invoices_go_while_the_file_is_written_the_run_ends_without_one(workspace, meanwhile):
    meanwhile(lambda: change(workspace, "DELETE FROM invoices"))
    report = export(workspace)
    assert len(report.refused) == 6
    assert written(report) == []


def test_e_invoices_of_one_file_know_one_state_of_a_customer(workspace, meanwhile):
    with workspace.store.write() as session:
        session._con.execute("UPDATE invoices SET customer_id = 'C00000'")
    meanwhile(lambda: change(workspace, "UPDATE customers SET name = 'Renamed'"))
    with zipfile.ZipFile(written(export(workspace))[0]) as archive:
        texts = [archive.read(name).decode() for name in archive.namelist()]
    assert len(texts) == 6
    assert not any("Renamed" in text for text in texts)


def test_an_export_that_is_cancelled_ends_with_the_slice_at_work(workspace, meanwhile):
    stop = Event()
    meanwhile(stop.set)
    plan = workspace.select(where="status = 'created'").plan("export.ubl")
    assert plan.apply(cancel=stop).done.empty
    (report,) = workspace.runs.resume(plan.run_id)
    assert len(report.done) == 6


def test_several_processes_write_the_same_file(workspace, monkeypatch):
    from invoicebatch.engine.base import executor
    from invoicebatch.formats import checked

    change(workspace, "UPDATE invoices SET total = 99 WHERE invoice_id = 1")
    alone = export(workspace)
    monkeypatch.setattr(checked, "SLICE", 2)
    monkeypatch.setattr(executor, "SECONDS_ALONE", 0)
    monkeypatch.setenv("INVOICEBATCH_EXECUTOR__PROCESSES", "2")
    spread = export(open_workspace(workspace.root))
    assert spread.failed.to_dict() == alone.failed.to_dict()
    assert len(spread.failed) == 1
    assert written(spread)[0].read_bytes() == written(alone)[0].read_bytes()


def test_what_only_warns_is_not_asked_and_what_is_fatal_is_found_all_the_same(workspace):
    from invoicebatch.formats.validation.official import ubl_schematron
    from invoicebatch.formats.validation.schematron import run_schematron

    document = written(export(workspace, selection={"ids": [1]}))[0].read_bytes()
    odd = document.replace(b"<cbc:IssueDate>", b"<cbc:UUID>1</cbc:UUID><cbc:IssueDate>")
    wrong = odd.replace(b">380<", b">999<")
    assert odd != document
    assert wrong != odd
    every = run_schematron([document, odd, wrong], [ubl_schematron()])
    assert [[failure.rule for failure in found] for found in every[:2]] == [[], ["UBL-CR-005"]]
    fatal = run_schematron([document, odd, wrong], [ubl_schematron()], advice=False)
    assert fatal == [[failure for failure in found if failure.fatal] for found in every]
    assert [bool(found) for found in fatal] == [False, False, True]


def test_meter_readings_go_out_as_attributes_and_in_the_energy_extension(workspace):
    with workspace.store.write() as session:
        session._con.execute(
            "INSERT INTO measurements (invoice_id, line_no, reading_no, connection_id, meter_id, register, date_from,"
            " date_to, value_from, value_to, usage, unit, method) VALUES (1, 1, 1, '871687400001234567', 'M7', 'high',"
            " '2026-10-01', '2026-10-31', 100, 200, 100, 'KWH', 'actual')"
        )
    report = export(workspace, selection={"ids": [1]}, energy_extension=True)
    root = etree.parse(written(report)[0]).getroot()
    prop = root.find(".//{*}AdditionalItemProperty")
    assert prop.findtext("{*}Name") == "Meter M7 high"
    assert prop.findtext("{*}Value") == "2026-10-01 – 2026-10-31: 100 – 200, 100 KWH, actual"
    reading = root.find(".//{urn:www.energie-efactuur.nl:profile:invoice:ver3.1}MeterReading")
    assert reading.findtext("{*}ConsumptionQuantity") == "100"
    assert reading.findtext("{*}LatestMeterReadingMethodCode") == "MRM001"


def test_what_would_break_on_another_day_is_told_row_by_row(workspace):
    with workspace.store.write() as session:
        session._con.execute("UPDATE invoices SET invoice_date = '2026-08-01'")
        session._con.execute(
            "UPDATE customers SET endpoint_id = '12345678901', endpoint_scheme = '0213' WHERE customer_id ="
            " (SELECT customer_id FROM invoices WHERE invoice_id = 2)"
        )
    assert export(workspace, mark_as_exported=False).failed.empty
    plan = workspace.select(where="status = 'created'").plan("export.ubl", as_of="2026-08-24")
    told = plan.preview["breaks on 2026-08-24"].set_index("number")["reason"]
    assert list(told.index) == ["F2026-000002"]
    assert "PEPPOL-EN16931-CL008" in told["F2026-000002"]
    report = export(workspace, as_of="2026-08-24", mark_as_exported=True)
    assert report.failed["invoice_id"].tolist() == [2]
    assert (len(report.done), written(report)) == (5, [])
    assert workspace.select(where="export_status = 'exported'").frame.empty
    later = export(workspace, as_of="2027-02-24")
    assert later.failed["reason"].str.contains("Peppol BIS Billing 3.0.22").all()


def test_the_preview_counts_what_breaks_which_rule(workspace):
    with workspace.store.write() as session:
        session._con.execute("UPDATE invoices SET buyer_reference = NULL WHERE invoice_id < 3")
    plan = workspace.select(where="status = 'created'").plan("export.ubl")
    rules = plan.preview["rules"].set_index("rule")["invoices"]
    assert rules["PEPPOL-EN16931-R003"] == 2
