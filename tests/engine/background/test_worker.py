from threading import Event, Thread

import pandas as pd
import pytest

from invoicebatch.engine.background import worker
from invoicebatch.engine.background.worker import Worker
from invoicebatch.engine.base.workspace_base import WorkspaceBase
from invoicebatch.errors import BusyError, FilterError, ParameterError
from tests.engine.sending import configure, outbox, with_documents
from tests.waiting import LIMIT, until


@pytest.fixture
def ready(make_workspace):
    return with_documents(make_workspace(count=6, status="created"))


def work(workspace):
    lines = []
    Worker(workspace.base, lines.append).run(Event(), once=True)
    return lines


def job(workspace, **params):
    workspace.runs.apply(workspace.select(all=True).plan("export.job", **params))
    return workspace.jobs.list().iloc[0]


def at(monkeypatch, moment):
    monkeypatch.setenv("INVOICEBATCH_NOW", moment)


def test_a_background_run_is_queued_at_once_and_done_by_the_worker(ready):
    report = ready.runs.apply(ready.select(all=True).plan("export.invoices", format="csv"), background=True)
    assert report.state == "queued"
    assert len(report.done) == 0
    assert ready.select(all=True).plan("send_via.email").refused["reason"].str.contains("busy in run").all()
    lines = work(ready)
    report = ready.runs.report(report.run_id)
    assert (report.state, len(report.done)) == ("finished", 6)
    assert any("6 of 6 done" in line for line in lines)
    assert work(ready) == []


def test_a_job_without_schedule_runs_once(ready):
    made = job(
        ready, name="To the accountant", parameters='{"format": "csv"}', mark_as_exported=True, target="out"
    )
    assert made["enabled"]
    work(ready)
    work(ready)
    done = ready.jobs.find("To the accountant")
    assert not done["enabled"]
    runs = ready.runs.list()
    assert (runs["action"] == "export.invoices").sum() == 1
    assert len(list((ready.root / "out").rglob("*.csv"))) == 1
    with ready.store.read() as session:
        assert set(session.whole("invoices")["export_status"]) == {"exported"}


def test_a_job_without_filter_keeps_to_the_rows_chosen(ready):
    """They are the rows of the run that made it: no list of ids is stored beside them."""
    ready.runs.apply(ready.select(ids=[2, 5]).plan("export.job", name="Two", parameters='{"format": "csv"}'))
    made = ready.jobs.find("Two")
    assert made["where"] == ""
    assert ready.select(run=made["run_id"]).ids.tolist() == [2, 5]
    work(ready)
    run = ready.runs.report(ready.jobs.find("Two")["last_run_id"])
    assert (run.action, run.done["invoice_id"].tolist()) == ("export.invoices", [2, 5])


def test_a_scheduled_job_runs_each_time_it_is_due_and_never_twice(ready, monkeypatch):
    at(monkeypatch, "2026-11-22T05:00:00+00:00")
    job(
        ready,
        name="Weekly",
        filter="status = 'created'",
        schedule="0 6 * * 1",
        parameters='{"format": "csv"}',
    )
    monkeypatch.setenv("TZ", "UTC")
    count = []
    for moment in ("22T06:30", "23T06:30", "23T07:30", "30T05:00", "30T06:01"):
        at(monkeypatch, f"2026-11-{moment}:00+00:00")
        work(ready)
        count.append(int((ready.runs.list()["action"] == "export.invoices").sum()))
    assert count[0] == 0
    assert count[-1] == 2
    assert ready.jobs.find("Weekly")["enabled"]


def test_a_job_that_can_not_run_says_why_and_goes_on(ready, monkeypatch):
    job(ready, name="Broken", filter="customer_name::int = 1", parameters='{"format": "csv"}')
    work(ready)
    assert "customer_name" in ready.jobs.find("Broken")["failure"]
    assert work(ready) == []


def test_jobs_are_cancelled_resumed_and_deleted(ready):
    made = job(ready, name="One", parameters='{"format": "csv"}')
    ready.jobs.cancel("One")
    work(ready)
    assert (ready.runs.list()["action"] == "export.invoices").sum() == 0
    ready.jobs.resume(made["job_id"][:8])
    work(ready)
    assert (ready.runs.list()["action"] == "export.invoices").sum() == 1
    ready.jobs.delete("One")
    assert ready.jobs.list().empty


@pytest.mark.parametrize(
    ("params", "words"),
    [({"schedule": "every day"}, "cron"), ({"schedule": "61 * * * *"}, "cron"), ({"notify": "a@b, c@d"}, "more than one"),
     ({"export": "delete"}, "export.invoices"), ({"filter": "no_such_column = 1"}, "no_such_column"),
     ({"filter": "total >"}, "can't be read"), ({"filter": "total > 'much'"}, "much"),
     ({"filter": "invoice_date > '2026-13-01'"}, "2026-13-01"), ({"parameters": '{"formt": "csv"}'}, "no parameter .formt."),
     ({"parameters": '{"format": "cvs"}'}, "'xlsx', 'csv' or 'parquet'")],
)  # fmt: skip
def test_a_job_that_makes_no_sense_is_refused_at_once(ready, params, words):
    with pytest.raises((ParameterError, FilterError), match=words):
        ready.select(all=True).plan("export.job", **params)


def test_who_asked_is_told_by_mail(ready):
    job(ready, name="Told", parameters='{"format": "csv"}', notify="ada@example.org")
    work(ready)
    box = outbox(ready)
    assert box["recipient"].tolist() == ["ada@example.org"]
    assert box["status"].astype(str).tolist() == ["sent"]
    (mail,) = (ready.data / "mail/new").iterdir()
    assert "6 of 6 done" in mail.read_text()


def test_two_workers_never_take_one_job(ready):
    for number in range(3):
        job(ready, name=f"Job {number}", parameters='{"format": "csv"}')
    stop = Event()
    workspace = configure(ready, "[worker]\npoll_seconds = 0.05\n")
    threads = [
        Thread(target=Worker(WorkspaceBase(workspace.root)).run, args=(stop,), daemon=True) for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    try:
        until(lambda: (workspace.runs.list()["status"] == "finished").sum() >= 6)
        with pytest.raises(BusyError, match="Another worker"):
            Worker(workspace.base).run(Event(), once=True)
    finally:
        stop.set()
        for thread in threads:
            thread.join(LIMIT)
    runs = workspace.runs.list()
    exports = runs[runs["action"] == "export.invoices"]
    assert len(exports) == 3
    assert set(exports["status"]) == {"finished"}
    with workspace.store.read() as session:
        events = session.whole("events")
    assert (events["event"] == "export.invoices").sum() == 18


def test_only_background_runs_are_the_workers(ready):
    plan = ready.select(all=True).plan("export.invoices", format="csv")
    stop = Event()
    stop.set()
    ready.runs.apply(plan, cancel=stop)
    assert ready.runs.report(plan.run_id).state == "interrupted"
    work(ready)
    assert ready.runs.report(plan.run_id).state == "interrupted"


def test_events_name_each_export_once(ready):
    job(ready, name="One", parameters='{"format": "csv"}')
    work(ready)
    with ready.store.read() as session:
        events = session.whole("events")
    assert events.groupby(["invoice_id", "event"]).size().max() == 1
    assert isinstance(events, pd.DataFrame)


def test_a_notice_waits_for_whoever_works_on_the_run(ready, monkeypatch):
    """Handing over asks for the run's lock: two at once would send the same message twice."""
    held = []
    original = worker.deliver

    def watched(workspace, run_id, *rest):
        held.append(workspace.at_work(run_id))
        return original(workspace, run_id, *rest)

    monkeypatch.setattr(worker, "deliver", watched)
    job(ready, name="Told", parameters='{"format": "csv"}', notify="ada@example.org")
    work(ready)
    assert held == [True]
    assert set(outbox(ready)["status"].astype(str)) == {"sent"}
