import json

import pandas as pd
import pytest
import sqlalchemy as sa

from invoicebatch.engine.base import clock
from invoicebatch.interfaces.api import init_workspace
from tests.delivery.webserver import web_service
from tests.engine.sending import configure, outbox, with_documents


@pytest.fixture
def ready(make_workspace):
    return with_documents(make_workspace(count=5, status="created"))


@pytest.fixture
def sample_documents(tmp_path):
    workspace = init_workspace(tmp_path / "sample")
    workspace.load_sample(60, 7)
    return workspace


def database(workspace, more=""):
    url = f"sqlite:///{workspace.root / 'there.db'}"
    return configure(
        workspace, f'[external.erp]\nkind = "database"\nurl = "{url}"\nwait_seconds = 0.05\n{more}'
    ), url


def export(workspace, **params):
    return workspace.runs.apply(workspace.select(all=True).plan("export.external", **params))


def marked(workspace):
    with workspace.store.read() as session:
        rows = session.whole("invoices")
    return sorted(rows[rows["export_status"] == "exported"]["invoice_id"])


def test_the_second_run_sends_what_is_new_or_changed_only(ready):
    workspace, url = database(ready)
    assert len(export(workspace, mark_as_exported=True).done) == 5
    assert marked(workspace) == [1, 2, 3, 4, 5]
    again = export(workspace)
    assert len(again.failed) == 5
    assert again.failed["reason"].str.contains("has not changed").all()
    with workspace.store.write() as session:
        session.update("invoices", pd.DataFrame({"invoice_id": [3], "outstanding_cents": [100]}), clock.now())
    third = export(workspace)
    assert third.done["invoice_id"].tolist() == [3]
    assert len(export(workspace, again=True).done) == 5
    engine = sa.create_engine(url)
    with engine.connect() as connection:
        found = connection.execute(sa.text("SELECT count(*), min(outstanding) FROM invoices")).one()
    assert (found[0], float(found[1])) == (5, 1.0)


def test_only_what_arrived_is_marked_and_the_rest_is_named(ready):
    def answer(request):
        return (422, b"unknown customer") if request.json["number"].endswith("2") else (200, b"ok")

    with web_service(answer) as service:
        workspace = configure(
            ready, f'[external.erp]\nkind = "http"\nurl = "{service.url}"\nwait_seconds = 0.05\n'
        )
        report = export(workspace, mark_as_exported=True)
    assert report.failed["invoice_id"].tolist() == [2]
    assert "unknown customer" in report.failed["reason"].iloc[0]
    assert marked(workspace) == [1, 3, 4, 5]


def test_a_service_that_stumbles_gets_each_record_once_by_its_key(ready):
    seen = []

    def answer(request):
        key = request.headers["Idempotency-Key"]
        seen.append(key)
        return (503, b"") if seen.count(key) == 1 else (200, b"ok")

    with web_service(answer) as service:
        workspace = configure(
            ready, f'[external.erp]\nkind = "http"\nurl = "{service.url}"\nwait_seconds = 0.05\n'
        )
        report = export(workspace)
    assert len(report.done) == 5
    assert len(seen) == 10
    assert len(set(seen)) == 5


def test_a_filter_and_a_mapping_of_the_settings(ready):
    more = 'where = "invoice_id <= 2"\n[external.erp.columns]\nnr = "number"\namount = "total"\n'
    workspace, url = database(ready, more)
    report = export(workspace)
    assert len(report.done) == 2
    assert report.failed["reason"].str.contains("outside the filter").all()
    engine = sa.create_engine(url)
    with engine.connect() as connection:
        assert sorted(connection.execute(sa.text("SELECT invoice_id, nr FROM invoices")).all()) == [
            (1, "F2026-000001"),
            (2, "F2026-000002"),
        ]


def test_lines_travel_with_the_record(ready):
    with web_service(lambda _: (200, b"ok")) as service:
        workspace = configure(ready, f'[external.erp]\nkind = "http"\nurl = "{service.url}"\nlines = true\n')
        export(workspace)
    record = service.requests[0].json
    assert [line["name"] for line in record["lines"]] == ["Levering", "Vaste kosten"]
    assert record["lines"][0]["price"] == "50"
    assert record["total"] == "121.00"


def test_a_target_that_is_gone_when_the_run_begins_fails_every_row_by_name(ready):
    settings = (ready.root / "invoicebatch.toml").read_text()
    workspace, _ = database(ready)
    queued = workspace.runs.apply(workspace.select(all=True).plan("export.external"), background=True)
    (workspace.root / "invoicebatch.toml").write_text(settings)
    report = type(workspace)(workspace.root).runs.work_on(queued.run_id)
    assert report.failed["reason"].str.contains("no external system 'erp'").all()
    assert (report.state, len(report.failed)) == ("finished", 5)


def test_no_secret_reaches_the_journal(ready, monkeypatch):
    monkeypatch.setenv("ERP_KEY", "k3y-very-secret")
    with web_service(lambda _: (200, b"ok")) as service:
        workspace = configure(
            ready, f'[external.erp]\nkind = "http"\nurl = "{service.url}"\nsecret_env = "ERP_KEY"\n'
        )
        export(workspace)
    assert "k3y-very-secret" not in json.dumps(outbox(workspace).astype(str).to_dict("records"))


def test_a_target_may_take_checked_ubl_instead(sample_documents):
    with web_service(lambda _: (200, b"ok")) as service:
        text = f'[external.erp]\nkind = "http"\nurl = "{service.url}"\nbody = "ubl"\nwait_seconds = 0.05\n'
        workspace = configure(sample_documents, text + '[einvoice]\nprofile = "en16931"\n')
        report = workspace.runs.apply(workspace.select(where="status = 'created'").plan("export.external"))
    assert len(report.done) == len(service.requests) > 0
    request = service.requests[0]
    assert request.headers["Content-Type"] == "application/xml"
    assert b"CustomizationID" in request.body
