"""Collection cases from opening to their end, on a real workspace."""

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from invoicebatch.engine.base import clock
from invoicebatch.errors import ParameterError, UsageError
from invoicebatch.interfaces.api import Workspace
from tests.delivery.mail.mailserver import Script, mail_server
from tests.examples import in_sweeps

Make = Callable[..., Workspace]


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Makes it another day."""

    def move(day: str) -> None:
        monkeypatch.setattr(clock, "today", lambda: pd.Timestamp(day).date())
        monkeypatch.setattr(clock, "now", lambda: pd.Timestamp(day + " 09:00").to_pydatetime())

    return move


@pytest.fixture
def collecting(money_workspace: Make, monkeypatch: pytest.MonkeyPatch) -> Make:
    monkeypatch.setenv("INVOICEBATCH_INTEGRATIONS__COLLECTION", "true")
    monkeypatch.setenv("INVOICEBATCH_MAIL__TRANSPORT", "folder")

    def make(count: int = 3, **columns: object) -> Workspace:
        ws = money_workspace(count, **columns)
        update = pd.DataFrame({"company_account_id": ["NL"], "email": ["billing@example.com"]})
        with ws.store.write() as session:
            session.update("company_accounts", update, pd.Timestamp("2026-01-01").to_pydatetime())
        return ws

    return make


def table(ws: Workspace, name: str) -> pd.DataFrame:
    with ws.store.read() as session:
        return session.whole(name)


def test_a_case_is_opened_once_with_its_first_step(collecting: Make, at: Callable[[str], None]) -> None:
    at("2026-02-01")
    ws = collecting(3)
    plan = ws.select(all=True).plan("assign.collection_case")
    assert plan.preview["steps"]["days_after_due_date"].tolist() == [7, 21, 37, 57]
    plan.apply()
    cases = table(ws, "collection_cases")
    assert cases["next_step_on"].dt.strftime("%Y-%m-%d").tolist() == ["2026-02-07"] * 3
    again = ws.select(all=True).plan("assign.collection_case")
    assert again.eligible == 0
    assert "already in a collection case" in again.refused["reason"].iloc[0]
    assert ws.select(all=True).plan("assign.collection_step").eligible == 0


def test_a_flow_runs_through_its_steps_and_ends(collecting: Make, at: Callable[[str], None]) -> None:
    at("2026-03-15")
    ws = collecting(2)
    ws.select(all=True).plan("assign.collection_case").apply()
    seen = []
    for day in ("2026-03-15", "2026-03-29", "2026-04-14", "2026-05-04"):
        at(day)
        plan = ws.select(all=True).plan("assign.collection_step")
        assert plan.eligible == 2
        seen.append(plan.preview["steps"]["step_name"].iloc[0])
        report = plan.apply()
        assert report.failed.empty, report.failed["reason"].tolist()
        assert ws.select(all=True).plan("assign.collection_step").eligible == 0
    assert seen == ["Reminder", "Second reminder", "Notice of default", "Hand over to a collection agency"]
    cases = table(ws, "collection_cases")
    assert cases["costs_cents"].tolist() == [750 + 4000] * 2
    assert set(cases["status"].astype("str")) == {"closed"}
    assert set(cases["closed_reason"]) == {"the flow is completed"}
    assert len(table(ws, "collection_steps")) == 8
    assert len(table(ws, "outbox")) == 4
    assert ws.select(all=True).plan("assign.collection_case").eligible == 2


def test_a_reminder_says_what_is_open_in_the_customers_language(
    collecting: Make, at: Callable[[str], None]
) -> None:
    at("2026-03-15")
    ws = collecting(1)
    with ws.store.write() as session:
        session.update("customers", pd.DataFrame({"customer_id": ["K1"], "language": ["nl"]}), clock.now())
    ws.select(all=True).plan("assign.collection_case").apply()
    ws.select(all=True).plan("assign.collection_step").apply()
    payload = table(ws, "outbox")["payload"].iloc[0]
    assert "Volgens onze administratie is factuur F2026-000001" in payload
    assert "121,00" in payload
    assert ws.select(all=True).columns(["shipping_status"])["shipping_status"].astype("str").tolist() == [
        "to_send"
    ]


@pytest.mark.parametrize(
    ("language", "settled", "left"),
    [
        ("en", "Paid or set off before: €60.50", "Open amount: €60.50"),
        ("nl", "Al betaald of verrekend: € 60,50", "Openstaand bedrag: € 60,50"),
        *in_sweeps(
            ("fr", "Déjà payé ou imputé: 60,50 €", "Montant ouvert: 60,50 €"),
            ("de", "Bereits bezahlt oder verrechnet: 60,50 €", "Offener Betrag: 60,50 €"),
        ),
    ],
)
def test_a_reminder_of_a_partly_credited_invoice_asks_for_the_rest(
    collecting: Make, at: Callable[[str], None], language: str, settled: str, left: str
) -> None:
    at("2026-03-15")
    ws = collecting(1)
    with ws.store.write() as session:
        session.update(
            "customers", pd.DataFrame({"customer_id": ["K1"], "language": [language]}), clock.now()
        )
    ws.select(ids=[1]).plan("assign.collection_case").apply()
    ws.select(ids=[1]).plan("credit", lines="2").apply()
    [text] = ws.select(ids=[1]).plan("assign.collection_step").preview["letters"]["text"]
    text = " ".join(text.replace("\u202f", " ").split())
    assert settled in text
    assert left in text
    assert "121" not in text


def test_a_reminder_that_failed_is_sent_again_and_leaves_the_documents_shipping_alone(
    collecting: Make, at: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    at("2026-03-15")
    script = Script(rcpt={"k1@example.com": ["550 no such user"]})
    with mail_server(script) as port:
        for name, value in {
            "TRANSPORT": "smtp",
            "HOST": "127.0.0.1",
            "PORT": port,
            "SECURITY": "none",
        }.items():
            monkeypatch.setenv(f"INVOICEBATCH_MAIL__{name}", str(value))
        ws = collecting(1, shipping_status="sent")
        ws.select(all=True).plan("assign.collection_case").apply()
        ws.select(all=True).plan("assign.collection_step").apply()
        ws.outbox.resend(ws.outbox.list(status="failed")["message_id"].tolist())
    assert script.recipients() == ["k1@example.com"]
    assert ws.outbox.list()["state"].tolist() == ["sent"]
    assert ws.select(all=True).columns(["shipping_status"])["shipping_status"].astype("str").tolist() == [
        "sent"
    ]


def test_a_letter_by_post_is_a_pdf_in_the_runs_folder(collecting: Make, at: Callable[[str], None]) -> None:
    at("2026-03-15")
    ws = collecting(3)
    ws.select(all=True).plan("assign.collection_case", flow="business").apply()
    ws.select(all=True).plan("assign.collection_step").apply()
    at("2026-03-25")
    report = ws.select(all=True).plan("assign.collection_step").apply()
    assert len(report.files) == 3
    path = report.files["path"].iloc[0]
    from pypdf import PdfReader

    text = PdfReader(Path(path)).pages[0].extract_text()
    assert "Notice of default" in text
    assert "161.00" in text
    assert "1011 AA Amsterdam" in text


def test_a_row_that_can_not_be_reached_is_named_and_stays_due(
    collecting: Make, at: Callable[[str], None]
) -> None:
    at("2026-03-15")
    ws = collecting(3)
    with ws.store.write() as session:
        session.update(
            "customers", pd.DataFrame({"customer_id": ["K1"], "email": ["not an address"]}), clock.now()
        )
    ws.select(all=True).plan("assign.collection_case").apply()
    plan = ws.select(all=True).plan("assign.collection_step")
    assert plan.eligible == 2
    report = plan.apply()
    assert report.refused["invoice_id"].tolist() == [1]
    assert "not an e-mail address" in report.refused["reason"].iloc[0]
    assert ws.select(all=True).plan("assign.collection_step").refused["invoice_id"].tolist() == [1, 2, 3]


def test_pause_resume_close(collecting: Make, at: Callable[[str], None]) -> None:
    at("2026-03-15")
    ws = collecting(2)
    ws.select(all=True).plan("assign.collection_case").apply()
    planned = lambda ids, what: ws.select(ids=ids).plan("assign.collection_status", change=what)  # noqa: E731
    change = lambda ids, what: planned(ids, what).apply()  # noqa: E731
    change([1], "pause")
    assert ws.select(all=True).plan("assign.collection_step").eligible == 1
    assert planned([1], "pause").refused["reason"].tolist() == ["its collection case is paused"]
    at("2026-04-01")
    change([1], "resume")
    cases = table(ws, "collection_cases").set_index("invoice_id")
    assert cases.loc[1, "next_step_on"] == pd.Timestamp("2026-04-01")
    change([2], "close")
    assert table(ws, "collection_cases").set_index("invoice_id").loc[2, "status"] == "closed"
    assert ws.select(all=True).plan("assign.collection_case").eligible == 1


def test_a_credited_invoice_leaves_its_case(collecting: Make, at: Callable[[str], None]) -> None:
    at("2026-03-15")
    ws = collecting(1)
    ws.select(all=True).plan("assign.collection_case").apply()
    ws.select(all=True).plan("credit").apply()
    case = table(ws, "collection_cases").iloc[0]
    assert (case["status"], case["closed_reason"]) == ("closed", "credited")


def test_an_unknown_flow_is_refused_with_those_there_are(collecting: Make) -> None:
    with pytest.raises(ParameterError, match="flow: there is no 'nope'") as error:
        collecting(1).select(all=True).plan("assign.collection_case", flow="nope")
    assert "standard, business" in error.value.hint


def with_plan(ws: Workspace, invoice_id: int, status: str, first: str) -> None:
    """Puts an invoice into a payment plan of three instalments."""
    days = pd.date_range(first, periods=3, freq="MS")
    plan = {"plan_id": "P1", "customer_id": "K1", "company_account_id": "NL", "currency": "EUR", "status": status,
            "total_cents": 12_100, "instalments": 3, "interval": "monthly", "first_date": days[0],
            "created_at": clock.now(), "updated_at": clock.now()}  # fmt: skip
    parts = pd.DataFrame(
        {"instalment_no": [1, 2, 3], "due_date": days, "amount_cents": [4_033, 4_033, 4_034]}
    )
    with ws.store.write() as session:
        session.insert("payment_plans", pd.DataFrame([plan]))
        session.insert("instalments", parts.assign(plan_id="P1", paid_cents=0))
        session.update(
            "invoices", pd.DataFrame({"invoice_id": [invoice_id], "payment_plan_id": ["P1"]}), clock.now()
        )


@pytest.mark.parametrize("status", ["active", "draft"])
def test_what_is_arranged_is_not_dunned_and_the_case_says_so(
    collecting: Make, at: Callable[[str], None], status: str
) -> None:
    at("2026-03-15")
    ws = collecting(3)
    ws.select(ids=[1]).plan("assign.bank_file").apply()
    with_plan(ws, 2, status, "2026-04-01")
    plan = ws.select(all=True).plan("assign.collection_case")
    assert plan.eligible == 3
    arranged = plan.preview["arranged"]
    assert arranged["cases"].tolist() == [1, 1]
    assert sorted(what.partition(":")[0] for what in arranged["what"]) == [
        "in a payment plan that is kept",
        "with the bank",
    ]
    plan.apply()
    step = ws.select(all=True).plan("assign.collection_step")
    refused = step.refused.set_index("invoice_id")["reason"]
    assert refused[1].startswith("already in payment bundle")
    assert refused[2] == "in payment plan P1, which is kept: next instalment on 2026-04-01"
    assert step.apply().done["invoice_id"].tolist() == [3]
    assert table(ws, "outbox")["invoice_id"].tolist() == [3]


def test_a_plan_in_arrears_is_dunned_until_its_instalment_is_paid(
    collecting: Make, at: Callable[[str], None]
) -> None:
    at("2026-03-15")
    ws = collecting(1)
    with_plan(ws, 1, "active", "2026-04-01")
    ws.select(all=True).plan("assign.collection_case").apply()
    at("2026-04-01")
    assert ws.select(all=True).plan("assign.collection_step").eligible == 0
    at("2026-04-02")
    assert ws.select(all=True).plan("assign.collection_step").eligible == 1
    paid = pd.DataFrame({"plan_id": ["P1"], "instalment_no": [1], "paid_cents": [4_033]})
    with ws.store.write() as session:
        session.update("instalments", paid, clock.now())
    plan = ws.select(all=True).plan("assign.collection_step")
    assert plan.refused["reason"].item().endswith("next instalment on 2026-05-01")


def test_a_reminder_is_not_sent_again_once_the_invoice_is_with_the_bank(
    collecting: Make, at: Callable[[str], None]
) -> None:
    at("2026-03-15")
    ws = collecting(1)
    ws.select(all=True).plan("assign.collection_case").apply()
    ws.select(all=True).plan("assign.collection_step").apply()
    ws.select(all=True).plan("assign.bank_file").apply()
    with pytest.raises(UsageError, match="no longer holds: already in payment bundle"):
        ws.outbox.resend(ws.outbox.list()["message_id"].tolist())
    assert len(table(ws, "outbox")) == 1
