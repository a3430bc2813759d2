"""What a document says, how it says it, and what happens where it can't."""

import dataclasses
import hashlib
import io
from datetime import date
from decimal import Decimal
from typing import Any

import page
import pikepdf
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from invoicebatch.formats.pdf.compare import amounts_in, document_text
from invoicebatch.formats.pdf.render import Rendered, render_documents, render_jobs
from invoicebatch.formats.pdf.template import LAYOUTS
from invoicebatch.formats.pdf.text import rows
from invoicebatch.model.changes import RowFailure
from tests.examples import examples
from tests.formats.pdf import samples

LANGUAGES = ("en", "nl", "fr", "de")


def rendered(*invoices: dict[str, Any]) -> list[Any]:
    batch = samples.batch(*invoices)
    return [result for job in render_jobs(batch, {}, "en") for result in render_documents(job)]


def one(**values: Any) -> Rendered:
    [result] = rendered(samples.invoice(**values))
    assert isinstance(result, Rendered), result
    return result


def text_of(**values: Any) -> str:
    return document_text(one(**values).pdf).replace("\u00a0", " ")


def reason_of(**values: Any) -> str:
    [result] = rendered(samples.invoice(**values))
    assert isinstance(result, RowFailure)
    return result.reason


@pytest.mark.parametrize("kind", LAYOUTS)
def test_every_layout_is_pdfa_3a_and_accessible(kind: str) -> None:
    pdf = one(kind=kind, readings=samples.monthly_readings(3)).pdf
    for profile in ("3a", "ua1"):
        report = page.validate_pdf_bytes(pdf, profile=profile)
        assert not [f.rule_id for f in report.failures if not f.rule_id.endswith("STREAM-LENGTH-001")]


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_words_are_the_customers(language: str) -> None:
    words = {"en": "Invoice", "nl": "Factuur", "fr": "Facture", "de": "Rechnung"}
    amounts = {"en": "€1,526.35", "nl": "€ 1.526,35", "fr": "1\u202f526,35 €", "de": "1.526,35 €"}
    text = text_of(customer={"language": language})
    assert f"{words[language]} 2026-000001" in text
    assert amounts[language] in text


def test_the_same_data_gives_the_same_bytes() -> None:
    first, second = one(), one()
    assert hashlib.sha256(first.pdf).digest() == hashlib.sha256(second.pdf).digest()
    assert first.content_sha256 == second.content_sha256
    assert one(note="Thank you").content_sha256 != first.content_sha256


def test_a_document_carries_what_the_law_asks() -> None:
    text = text_of(order_reference="PO-77", buyer_reference="Dept 4")
    for wanted in (
        "2026-000001", "22 Nov 2026", "6 Dec 2026", "1 Oct 2026 – 31 Oct 2026", "J. de Vries", "Kerkstraat 1",
        "3511 LX Utrecht", "Noordlicht Energie B.V.", "Zuiderkade 12", "NL001234567B01", "PO-77", "Dept 4",
        "Electricity high tariff", "1,120 kWh", "0.2489", "278.77", "VAT 21 % on 1,261.45", "264.90",
        "NL91 ABNA 0417 1643 00", "Page 1 of",
    ):  # fmt: skip
        assert wanted in text, wanted


def test_a_credit_says_what_the_customer_gets() -> None:
    lines = [samples.line("Electricity", -100, "0.25")]
    text = text_of(kind="credit_note", lines=lines, preceding_number="2026-000007")
    assert "is for invoice 2026-000007" in text
    assert "−30.25" in text
    assert "We will transfer €30.25 to your account NL20 •••• 4567" in " ".join(text.split())


def flat(**values: Any) -> str:
    return " ".join(text_of(**values).split())


CREDIT: dict[str, Any] = {
    "kind": "credit_note", "lines": [samples.line("Electricity", -100, "0.25")], "credited_cents": -3_025,
    "outstanding_cents": 0, "preceding_number": "2026-000007",
}  # fmt: skip


@pytest.mark.parametrize(
    ("language", "whole", "part", "refund"),
    [
        ("en", "€30.25 is set off against invoice 2026-000007. Nothing is left",
         "€10.25 is set off against invoice 2026-000007.", "We will transfer €20.00 to"),
        ("nl", "€ 30,25 wordt verrekend met factuur 2026-000007. Er blijft niets",
         "€ 10,25 wordt verrekend met factuur 2026-000007.", "Wij maken € 20,00 over"),
        ("fr", "30,25 € sont imputés sur la facture 2026-000007. Il ne reste rien",
         "10,25 € sont imputés sur la facture 2026-000007.", "Nous verserons 20,00 € sur"),
        ("de", "30,25 € werden mit Rechnung 2026-000007 verrechnet. Damit ist nichts mehr",
         "10,25 € werden mit Rechnung 2026-000007 verrechnet.", "Wir überweisen 20,00 € auf"),
    ],
)  # fmt: skip
def test_a_credit_note_names_what_is_set_off_and_what_is_paid_back(
    language: str, whole: str, part: str, refund: str
) -> None:
    customer = {"customer": {"language": language}}
    text = flat(**CREDIT | customer)
    assert whole in text
    assert refund.split()[1] not in text.split()
    text = flat(**CREDIT | customer | {"credited_cents": -1_025, "outstanding_cents": -2_000})
    assert part in text
    assert refund in text


@pytest.mark.parametrize("kind", ["invoice", "advance", "final_note"])
def test_a_document_partly_paid_before_it_was_made_asks_for_the_rest(kind: str) -> None:
    found = one(kind=kind, outstanding_cents=100_000)
    text = " ".join(document_text(found.pdf).split()).replace("\u00a0", " ")
    assert "€526.35 has been paid or set off before. Please transfer €1,000.00 by 6 December 2026." in text
    assert "Amount due €1,526.35" in text
    assert "Still to pay 1,000.00" in text
    assert "EUR1000.00" in found.content["payment"]["code"]
    assert "€1,000.00" in found.content["payment"]["qr_alt"]


def test_a_document_paid_before_it_was_made_asks_for_nothing() -> None:
    found = one(outstanding_cents=0)
    assert "Nothing to pay" in found.content["payment"]["sentence"]
    assert not found.content["payment"]["code"]
    assert "Due date" not in document_text(found.pdf)


def test_a_final_note_with_a_credit_pays_it_back() -> None:
    advance = samples.line("Advance 2026-000003", -1, "500.00", unit="C62", advance_of=3)
    text = flat(kind="final_note", lines=[samples.line("Electricity", 1000, "0.25"), advance])
    assert "We will transfer €302.50 to your account NL20 •••• 4567" in text
    assert "To pay" not in text


def test_payments_booked_since_change_nothing_of_what_a_document_says() -> None:
    paid = {"outstanding_cents": 0, "due_at_issue_cents": 152_635}
    assert one(**paid).content_sha256 == one().content_sha256


def test_a_debit_that_cannot_be_made_is_not_promised() -> None:
    assert "Please transfer" in text_of(**samples.MANDATE | {"mandate_iban": None})
    assert "Please transfer" in text_of(**samples.MANDATE | {"currency": "GBP"})


def test_direct_debit_names_mandate_creditor_and_date() -> None:
    text = text_of(**samples.MANDATE)
    sentence = "We will collect €1,526.35 from your account NL20 •••• 4567 on or about 6 December 2026"
    assert sentence in " ".join(text.split())
    assert "M-2024-000815" in text
    assert "NL98ZZZ123456780001" in text
    assert "Scan to pay" not in text


def test_a_cancelled_mandate_asks_for_a_transfer() -> None:
    assert "Please transfer" in text_of(**samples.MANDATE | {"mandate_status": "cancelled"})


def test_a_final_note_lists_and_deducts_the_advances() -> None:
    advance = samples.line("Advance 2026-000003", -1, "100.00", unit="C62", advance_of=3)
    text = text_of(kind="final_note", lines=[samples.line("Electricity", 1000, "0.25"), advance])
    assert "Advances invoiced earlier" in text
    assert "−100.00" in text
    assert "€181.50" in text


@pytest.mark.parametrize(
    ("category", "reason", "shown"),
    [
        ("AE", None, "Reverse charge"),
        ("E", "Exempt under article 11", "Exempt under article 11"),
        ("Z", None, "Zero-rated"),
    ],
)
def test_zero_vat_says_why(category: str, reason: str | None, shown: str) -> None:
    lines = [samples.line("Advice", 1, "50", 0, vat_category=category, exemption_reason=reason)]
    assert shown in text_of(lines=lines, customer={"vat_id": "NL009999999B01"})


def test_two_reasons_for_no_vat_are_told_apart() -> None:
    lines = [samples.line("Advice", 1, "50", 0, vat_category=c) for c in ("AE", "E")]
    text = text_of(lines=lines, customer={"vat_id": "NL009999999B01"})
    assert "VAT 0 % (AE) on 50.00" in text
    assert "0 % (E): Exempt from VAT" in text


def test_many_rates_are_each_shown() -> None:
    lines = [samples.line(f"Item {rate}", 1, "100", rate) for rate in (2100, 900, 600, 550, 210, 0)]
    text = text_of(lines=lines)
    for shown in ("21 %", "9 %", "6 %", "5.5 %", "2.1 %", "0 %"):
        assert f"VAT {shown} on 100.00" in text


def test_prepaid_rounding_discount_and_surcharge_add_up() -> None:
    allowances = [
        {"is_charge": False, "amount_cents": 1000, "rate_bp": 500, "reason": "Loyalty", "vat_category": "S",
         "vat_rate_bp": 2100},
        {"is_charge": True, "amount_cents": 250, "vat_category": "S", "vat_rate_bp": 2100},
        {"is_charge": False, "amount_cents": 99, "line_no": 1, "reason": "Friend price"},
    ]  # fmt: skip
    text = text_of(allowances=allowances, prepaid_cents=10000, rounding_cents=-2)
    for shown in ("Loyalty (5 %)", "−10.00", "Surcharge", "2.50", "Friend price: −0.99", "Already paid",
                  "−100.00", "Rounding", "−0.02"):  # fmt: skip
        assert shown in text, shown


def test_five_hundred_lines_repeat_the_header_and_carry_the_total() -> None:
    lines = [samples.line(f"Delivery point {n}", n, "0.25") for n in range(1, 501)]
    text = text_of(lines=lines)
    pages = int(text.rpartition("of ")[2][:2])
    assert pages > 10
    assert text.count("Description") == text.count("Brought forward") + 1
    assert text.count("Carried forward") == text.count("Brought forward")
    carried = [part.split()[0] for part in text.split("Carried forward")[1:]]
    brought = [part.split()[0] for part in text.split("Brought forward")[1:]]
    assert carried == brought
    sums = {Decimal(n * (n + 1)) / 8 for n in range(1, 501)}
    assert all(min(abs(Decimal(c.replace(",", "")) - s) for s in sums) < Decimal("1.3") for c in carried)


def test_readings_and_chart_are_there_only_with_readings() -> None:
    text = text_of(readings=samples.monthly_readings())
    assert "Your meter readings" in text
    assert "Your usage (kWh)" in text
    assert "10,450" in text
    assert "Your meter readings" not in text_of()


@pytest.mark.parametrize("name", ["مرحبا بالعالم", "שלום עולם", "漢字 カタカナ 한국어", "Ελληνικά Łódź"])
def test_names_of_other_scripts_are_shown(name: str) -> None:
    assert one(customer={"name": name}).pdf


def test_a_character_without_font_names_field_and_character() -> None:
    reason = reason_of(customer={"name": "ไทย"})
    assert "buyer.name" in reason
    assert "U+0E44 THAI CHARACTER" in reason


def test_direction_marks_cannot_reorder_a_page() -> None:
    assert "\u202e" not in text_of(customer={"name": "Anna\u202e 00.1 RUE"})


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"customer": {"name": None}}, "customers.name"),
        ({"customer": {"city": None}}, "customers.city"),
        ({"account": {"vat_id": None}}, "company_accounts.vat_id"),
        ({"account": {"iban": None}}, "company_accounts.iban"),
        ({"number": None}, "invoices.number"),
        ({"lines": [], "vat": [{"vat_category": "Z", "vat_rate_bp": 0, "taxable_cents": 1, "tax_cents": 0}]},
         "lines"),
    ],
)  # fmt: skip
def test_a_missing_field_is_named(values: dict[str, Any], field: str) -> None:
    assert field in reason_of(**values)


def test_one_bad_row_does_not_stop_the_others() -> None:
    results = rendered(*(samples.invoice(n, customer={"name": None} if n == 2 else {}) for n in (1, 2, 3)))
    assert [type(r) for r in results] == [Rendered, RowFailure, Rendered]


def test_data_that_cannot_be_written_fails_its_own_row_only() -> None:
    batch = samples.batch(*(samples.invoice(n) for n in (1, 2, 3)))
    lines = batch["lines"]
    lines["price"] = lines["price"].where(lines["invoice_id"] != 2)
    results = [r for job in render_jobs(batch, {}, "en") for r in render_documents(job)]
    assert [type(r) for r in results] == [Rendered, RowFailure, Rendered]
    assert "can't be written" in results[1].reason  # type: ignore[union-attr]


def test_markup_in_data_stays_text() -> None:
    assert "*bold* #raw [x] $1$ {number}" in text_of(note="*bold* #raw [x] $1$ {number}")


def test_long_words_stay_inside_the_page() -> None:
    import io

    import pikepdf

    long = "W" * 60
    pdf = one(customer={"name": long, "street": long}, lines=[samples.line(long, 1, "1")]).pdf
    text = document_text(pdf).replace("\n", "").replace("\u200b", "")
    assert text.count("W" * 60) >= 3
    assert len(pikepdf.open(io.BytesIO(pdf)).pages) == 1


@settings(max_examples=examples(20), deadline=None)
@given(st.integers(0, 10**9))
def test_text_of_the_pdf_equals_the_numbers_of_the_row(seed: int) -> None:
    check_numbers(seed)


@pytest.mark.full
@pytest.mark.parametrize("hundred", range(10))
def test_text_of_a_thousand_pdfs_equals_the_numbers_of_their_rows(hundred: int) -> None:
    for seed in range(hundred * 100, hundred * 100 + 100):
        check_numbers(seed)


def check_numbers(seed: int) -> None:
    row = samples.random_invoice(1, seed)
    batch = samples.batch(row)
    [job] = render_jobs(batch, {}, "en")
    [result] = render_documents(job)
    assert isinstance(result, Rendered)
    text = document_text(result.pdf)
    found = amounts_in(text)
    [invoice] = rows(batch.invoices)
    expected = [invoice["net_total_cents"], invoice["total_cents"], invoice["outstanding_cents"]]
    expected += batch["lines"]["net_cents"].tolist() + batch["vat_breakdown"]["tax_cents"].tolist()
    assert {abs(cents) for cents in expected} <= found
    assert invoice["number"] in text


def test_jobs_hold_just_their_own_rows() -> None:
    invoices = [samples.invoice(n, lines=[samples.line(f"Line of {n}", n, "1")]) for n in (9, 3, 7, 1, 5)]
    batch = samples.batch(*invoices)
    shuffled = dataclasses.replace(
        batch, tables={**batch.tables, "lines": batch["lines"].sample(frac=1, random_state=1)}
    )
    jobs = list(render_jobs(shuffled, {}, "en", size=2))
    assert [job.batch.invoices["invoice_id"].tolist() for job in jobs] == [[9, 3], [7, 1], [5]]
    for job in jobs:
        assert sorted(job.batch["lines"]["invoice_id"]) == sorted(job.batch.invoices["invoice_id"])
        assert len(job.batch["customers"]) == len(job.batch.invoices)


def test_the_date_inside_the_pdf_is_the_documents() -> None:
    pdf = one(invoice_date=date(2026, 11, 22)).pdf
    with pikepdf.open(io.BytesIO(pdf)) as opened:
        assert str(opened.docinfo.CreationDate).startswith("D:20261122")
