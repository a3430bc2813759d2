"""One reminder a customer: what goes together, what it asks, what goes along, and what becomes of its rows."""

import io
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import zxingcpp
from pypdf import PdfReader, PdfWriter

from invoicebatch.engine.base import clock
from invoicebatch.engine.payments.allocations import allocate
from invoicebatch.errors import ParameterError
from invoicebatch.files.publish import sha256_of
from invoicebatch.formats.mail import LANGUAGES, Letters
from invoicebatch.formats.pdf.copies import MARK, InvoiceCopy, copy_pdf
from invoicebatch.interfaces.api import Workspace, open_workspace
from tests.conftest import money_workspace_in
from tests.copies import copy_workspace
from tests.delivery.mail.mailserver import Script, mail_server
from tests.engine.payments.received import credit, outstanding, read
from tests.engine.sending import configure

DUE = ["2026-01-31", "2026-02-05", "2026-01-20", "2026-01-15", "2026-02-01", "2026-02-02", "2025-12-20", "2026-01-31", "2026-01-31"]  # fmt: skip
FIRST, LATER = "2026-03-15T09:00", "2026-03-29T09:00"
OF = {"K0": [3, 9, 6], "K1": [7, 4, 1], "K2": [5, 8, 2]}
"""Invoices of each customer, the oldest first but for those of one day; K0 is a business."""


@pytest.fixture(scope="module")
def month() -> Iterator[pytest.MonkeyPatch]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("INVOICEBATCH_INTEGRATIONS__COLLECTION", "true")
        patch.setenv("INVOICEBATCH_NOW", FIRST)
        yield patch


@pytest.fixture(scope="module")
def base(month: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Nine invoices with documents and cases; number 4 is half paid since, number 6 was reminded of before."""
    ws = money_workspace_in(tmp_path_factory.mktemp("reminders") / "base", 9, due_date=pd.to_datetime(DUE))
    people = {"payment_method": "credit_transfer", "language": ["de", "nl", "fr"]}
    rules = ws.root / "rules/collection_flows.toml"
    asks = 'cost = { type = "statutory" }\ninterest = "statutory"\n'
    rules.write_text(rules.read_text().replace('cost = { type = "fixed", amount = "7.50" }\n', asks))
    with ws.store.write() as session:
        session.update("customers", pd.DataFrame({"customer_id": list(OF), **people}), clock.now())
        account = {"company_account_id": ["NL"], "email": ["billing@example.com"]}
        session.update("company_accounts", pd.DataFrame(account), clock.now())
    for action, ids in (
        ("regenerate", None),
        ("assign.collection_case", None),
        ("assign.collection_step", [6]),
    ):
        report = ws.select(ids=ids, all=ids is None).plan(action).apply()
        assert report.failed.empty
    half = {"invoice_id": [4], "paid_cents": [6_050], "outstanding_cents": [6_050]}
    with ws.store.write() as session:
        session.update("invoices", pd.DataFrame(half), clock.now())
    month.setenv("INVOICEBATCH_NOW", LATER)
    return ws.root


@pytest.fixture
def workspace(base: Path, tmp_path: Path) -> Workspace:
    return open_workspace(copy_workspace(base, tmp_path / "ws"))


def shared(ws: Workspace) -> pd.DataFrame:
    """The messages that carry several invoices."""
    with ws.store.read() as session:
        box = session.whole("outbox")
    return box[box["also"].notna()]


def payloads(ws: Workspace) -> dict[str, dict]:
    """The mails of several invoices by recipient."""
    box = shared(ws)
    return {to: json.loads(text) for to, text in zip(box["recipient"], box["payload"], strict=True)}


def remind(ws: Workspace, **params):
    return ws.select(all=True).plan("assign.collection_step", combine="customer", **params).apply()


def code_of(pdf: bytes) -> list[str]:
    import pypdfium2

    picture = pypdfium2.PdfDocument(pdf)[0].render(scale=3).to_numpy()
    return zxingcpp.read_barcodes(np.ascontiguousarray(picture[:, :, 0]))[0].bytes.decode().split("\n")


def test_a_customers_cases_share_a_reminder_that_asks_what_is_open(workspace: Workspace) -> None:
    before = workspace.select(all=True).frame.set_index("invoice_id")["document_path"]
    hashes = {path: sha256_of(workspace.data / path) for path in before}
    plan = workspace.select(all=True).plan("assign.collection_step", combine="customer")
    asked = plan.preview["messages"].iloc[0].to_dict()
    assert (asked["messages"], asked["cases"], asked["costs_cents"]) == (3, 9, 4_000)
    assert asked["interest_cents"] == 185  # 121.00 for 55 days at 2.15 + 8 %
    assert asked["total_cents"] == 9 * 12_100 - 6_050 + 4_000 + 185
    report = plan.apply()
    assert report.failed.empty
    assert report.totals["reminders"] == 3
    box = shared(workspace)
    with workspace.store.read() as session:
        steps = session.whole("collection_steps")
    carried = {(first, *json.loads(also)) for first, also in zip(box["invoice_id"], box["also"], strict=True)}
    assert carried == {(3, 9, 6), (7, 4, 1), (8, 5, 2)}
    assert steps["cost_cents"].sum() == 4_000
    assert {path: sha256_of(workspace.data / path) for path in before} == hashes
    mails = payloads(workspace)
    text = mails["k1@example.com"]["text"]
    assert text.index("F2026-000007") < text.index("F2026-000004") < text.index("F2026-000001")
    assert "Openstaand bedrag: € 302,50" in text.replace("\xa0", " ")
    business = mails["k0@example.com"]
    assert business["subject"] == "Zweite Mahnung: 3 Rechnungen"
    assert [name in business["text"] for name in ("Zahlungserinnerung", "Kosten: 40,00", "1,85")] == [
        True
    ] * 3
    page, *copies = (workspace.data / file["path"] for file in business["attachments"])
    code = code_of(page.read_bytes())
    assert (code[6], code[7]) == ("NL91ABNA0417164300", "EUR404.85")
    assert code[-1] == "Kunde K0: F2026-000003, F2026-000009, F2026-000006"
    assert len(copies) == 3
    assert all("KOPIE" in PdfReader(copy).pages[0].extract_text() for copy in copies)
    assert workspace.doctor().empty


def test_reminders_on_paper_have_the_copies_behind_them(workspace: Workspace) -> None:
    rules = workspace.root / "rules/collection_flows.toml"
    rules.write_text(rules.read_text().replace('channel = "email"', 'channel = "post"'))
    with workspace.store.write() as session:
        session.update("customers", pd.DataFrame({"customer_id": ["K2"], "city": [""]}), clock.now())
    plan = workspace.select(all=True).plan("assign.collection_step", combine="customer")
    assert set(plan.refused["reason"]) == {"the customer's postal address is not complete"}
    assert sorted(plan.refused["invoice_id"]) == [2, 5, 8]
    report = plan.apply()
    files = sorted(Path(path).name for path in report.files["path"])
    assert files == ["F2026-000003_F2026-000006_step2.pdf", "F2026-000007_F2026-000001_step1.pdf"]
    pages = PdfReader(Path(report.files["path"].min())).pages
    texts = [page.extract_text() for page in pages if page.extract_text()]
    assert len(pages) == 2 * 4  # each on a sheet of its own
    assert "404,85" in texts[0]
    assert ["KOPIE" in text for text in texts[1:]] == [True] * 3


def test_one_bad_row_or_text_does_not_hold_back_the_others(workspace: Workspace) -> None:
    path = workspace.select(ids=[9]).frame["document_path"].item()
    (workspace.data / path).unlink()
    own = workspace.root / "templates/mail/reminder-several/fr/text.txt"
    own.parent.mkdir(parents=True)
    own.write_text("{{ no_such_value }}")
    report = remind(workspace)
    reasons = dict(zip(report.failed["invoice_id"], report.failed["reason"], strict=True))
    assert sorted(reasons) == [2, 5, 8, 9]
    assert "'no_such_value' is undefined" in reasons[2]
    assert sorted(payloads(workspace)) == ["k0@example.com", "k1@example.com"]
    assert "2 Rechnungen" in payloads(workspace)["k0@example.com"]["subject"]
    assert workspace.select(all=True).plan("assign.collection_step").eligible == 4


def test_a_reminder_whose_way_changes_under_way_is_asked_again_whether_it_may_go(
    workspace: Workspace,
) -> None:
    """Of a letter that three cases share the leading one drops out: the others would go by mail, to a marked address."""
    rules = workspace.root / "rules/collection_flows.toml"
    text = rules.read_text().replace(
        'after_days = 14\nchannel = "email"', 'after_days = 14\nchannel = "post"', 1
    )
    rules.write_text(text)
    rows = workspace.select(ids=OF["K0"]).frame.set_index("invoice_id")
    mark = {"address": [rows["customer_email"][3].lower()], "message_id": "0", "words": "550 5.1.1 no such user",
            "bounced_on": pd.Timestamp("2026-03-16")}  # fmt: skip
    with workspace.store.write() as session:
        session.insert("bounced_addresses", pd.DataFrame(mark))
    plan = workspace.select(ids=OF["K0"]).plan("assign.collection_step", combine="customer")
    assert plan.eligible == 3
    document = workspace.data / rows["document_path"][6]
    document.chmod(0o600)
    document.write_bytes(b"x")
    report = plan.apply()
    assert sorted(report.failed["invoice_id"]) == [3, 6, 9]
    assert report.failed.set_index("invoice_id")["reason"][3].startswith("customer: ")
    assert workspace.outbox.list().query("run_id == @plan.run_id").empty


def test_a_message_that_fails_fails_all_its_rows_and_one_address_gets_a_message_a_customer(
    workspace: Workspace,
) -> None:
    with workspace.store.write() as session:
        same = pd.DataFrame({"customer_id": ["K0", "K2"], "email": ["k0@example.com"] * 2})
        session.update("customers", same, clock.now())
    script = Script(rcpt={"k1@example.com": ["550 no such user"]})
    with mail_server(script) as port:
        mail = f'[mail]\ntransport = "smtp"\nhost = "127.0.0.1"\nport = {port}\nsecurity = "none"\n'
        report = remind(configure(workspace, mail))
    assert sorted(report.failed["invoice_id"]) == sorted(OF["K1"])
    assert script.recipients() == ["k0@example.com"] * 2


def test_what_can_not_be_told_is_refused_by_name(workspace: Workspace) -> None:
    with pytest.raises(ParameterError, match="combine"):
        workspace.select(all=True).plan("assign.collection_step", combine="person")
    with workspace.store.write() as session:
        people = pd.DataFrame({"customer_id": ["K1"], "email": [""]})
        session.update("customers", people, clock.now())
    rules = workspace.root / "rules/collection_flows.toml"
    gone = "\n".join(line for line in rules.read_text().splitlines() if "half_year = 2026-01-01" not in line)
    rules.write_text(gone)
    plan = workspace.select(all=True).plan("assign.collection_step", combine="customer")
    reasons = dict(zip(plan.refused["invoice_id"], plan.refused["reason"], strict=True))
    assert sorted(reasons) == [1, 4, 6, 7]
    assert reasons[1].startswith("customer: no e-mail address")
    assert reasons[6] == "no rate for 2026-01-01 in rules/collection_flows.toml: late_payment.rates.ecb"


def test_a_copy_is_made_the_same_twice_upright_and_takes_no_data_along(
    workspace: Workspace, tmp_path: Path
) -> None:
    writer = PdfWriter(clone_from=workspace.data / workspace.select(ids=[1]).frame["document_path"].item())
    writer.add_attachment("factur-x.xml", b"<invoice/>")
    writer.pages[0].rotate(90)
    file = tmp_path / "hybrid.pdf"
    writer.write(file)
    assert PdfReader(file).attachments
    once, again = (copy_pdf(InvoiceCopy(file, "fr")) for _ in range(2))
    assert once == again
    reader = PdfReader(io.BytesIO(once))
    page = reader.pages[0]
    assert "DUPLICATA" in page.extract_text()
    assert "F2026-000001" in page.extract_text()
    assert page.rotation == 0
    assert page.mediabox.width > page.mediabox.height
    assert not reader.attachments


def test_a_payment_of_all_that_was_asked_is_proposed_and_the_costs_stay_the_customers(
    workspace: Workspace,
) -> None:
    remind(workspace)
    text = "Kunde K0: F2026-000003, F2026-000009, F2026-000006"
    read(workspace, credit("404.85", text, name="Klant 0", iban="BE68539007547034"))
    [payment] = workspace.payments.incoming().to_dict("records")
    assert payment["status"] == "proposed"
    assert {each["number"]: each["amount"] for each in payment["proposals"]} == dict.fromkeys(
        ("F2026-000003", "F2026-000009", "F2026-000006"), "121.00"
    )
    numbers = [each["number"] for each in payment["proposals"]]
    wanted = pd.DataFrame({"number": numbers, "invoice_id": [int(number[-6:]) for number in numbers]})
    wanted = wanted.assign(
        payment_id=payment["payment_id"], cents=12_100, rule="number", evidence="", beyond=False
    )
    allocate(workspace.base, wanted)
    assert [outstanding(workspace)[row - 1] for row in OF["K0"]] == [0, 0, 0], "costs are not of the invoices"
    assert workspace.payments.incoming()["left_cents"].tolist() == [4_185]
    assert workspace.doctor().empty


def test_each_language_has_every_word() -> None:
    words = [Letters("reminder-several").words(language).keys() for language in LANGUAGES]
    assert all(own == words[0] for own in words)
    assert MARK.keys() == set(LANGUAGES)
