"""Approval checks: a document whose sums are built from its lines passes; any cent that is off is named."""

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from invoicebatch.model.changes import Batch
from invoicebatch.model.documents.approval import approval_faults
from invoicebatch.model.money import tax_cents
from invoicebatch.model.schema import TABLES
from tests.examples import examples

DATE = pd.Timestamp("2026-11-22")
LINE = st.tuples(st.integers(-10_000_00, 10_000_00), st.sampled_from([0, 600, 900, 2100]))
AMOUNTS = (
    "line_total", "allowance_total", "charge_total", "net_total", "vat_total", "total", "prepaid", "rounding", "paid",
    "credited", "outstanding",
)  # fmt: skip


def batch_of(documents: list[list[tuple[int, int]]]) -> Batch:
    """Documents whose totals are right by construction."""
    ids = np.repeat(np.arange(1, len(documents) + 1), [len(lines) for lines in documents])
    flat = [line for lines in documents for line in lines]
    lines = pd.DataFrame(
        {
            "invoice_id": ids,
            "net_cents": [n for n, _ in flat],
            "vat_rate_bp": [r for _, r in flat],
            "vat_category": "S",
        }
    )
    vat = lines.groupby(["invoice_id", "vat_category", "vat_rate_bp"], as_index=False)["net_cents"].sum()
    vat = vat.rename(columns={"net_cents": "taxable_cents"})
    vat["tax_cents"] = tax_cents(vat["taxable_cents"], vat["vat_rate_bp"])
    invoices = pd.DataFrame({f"{name}_cents": 0 for name in AMOUNTS}, index=range(len(documents)))
    invoices["invoice_id"] = np.arange(1, len(documents) + 1)
    net = invoices["invoice_id"].map(lines.groupby("invoice_id")["net_cents"].sum()).astype("int64")
    tax = invoices["invoice_id"].map(vat.groupby("invoice_id")["tax_cents"].sum()).astype("int64")
    invoices["line_total_cents"] = invoices["net_total_cents"] = net
    invoices["vat_total_cents"] = tax
    invoices["total_cents"] = invoices["outstanding_cents"] = net + tax
    invoices = invoices.assign(kind="invoice", customer_id="K", company_account_id="A", currency="EUR")
    invoices = invoices.assign(number=None, preceding_date=pd.NaT)
    address = {"name": "N", "street": "S", "postcode": "P", "city": "C", "country": "NL"}
    return Batch(
        invoices,
        {
            "lines": lines,
            "vat_breakdown": vat,
            "allowance_charges": TABLES["allowance_charges"].empty(),
            "customers": pd.DataFrame([{"customer_id": "K", **address}]),
            "company_accounts": pd.DataFrame([{"company_account_id": "A", "currency": "EUR"}]),
            "number_ranges": TABLES["number_ranges"].empty(),
            "number_counters": TABLES["number_counters"].empty(),
        },
    )


DOCUMENTS = st.lists(st.lists(LINE, min_size=1, max_size=6), min_size=1, max_size=5)


@settings(max_examples=examples(60), deadline=None)
@given(DOCUMENTS)
def test_right_documents_have_no_fault(documents: list[list[tuple[int, int]]]) -> None:
    assert approval_faults(batch_of(documents), DATE).empty


@settings(max_examples=examples(30), deadline=None)
@given(DOCUMENTS, st.sampled_from(AMOUNTS), st.integers(-500, 500).filter(bool), st.data())
def test_any_amount_that_is_off_is_named_on_its_own_document_only(
    documents: list[list[tuple[int, int]]], name: str, by: int, data: st.DataObject
) -> None:
    batch = batch_of(documents)
    row = data.draw(st.integers(0, len(documents) - 1))
    batch.invoices.loc[row, f"{name}_cents"] += by
    faults = approval_faults(batch, DATE)
    assert set(faults["invoice_id"]) == {row + 1}


def test_every_fault_of_one_document_is_carried() -> None:
    batch = batch_of([[(10_000, 2100)], [(5_000, 900)]])
    batch.invoices.loc[0, ["customer_id", "currency"]] = [None, "USD"]
    batch.invoices.loc[0, "line_total_cents"] = 1
    reasons = approval_faults(batch, DATE)["reason"].tolist()
    assert reasons == [
        "no customer is named on the invoice: import it with one",
        "currency: USD, but the company account invoices in EUR",
        "the total of the lines does not add up: it is 0.01, the lines make 100.00",
        "the net total does not add up: it is 100.00, lines, allowances and charges make 0.01",
    ]


def test_an_incomplete_customer_is_named_with_all_it_lacks_and_what_to_do() -> None:
    batch = batch_of([[(10_000, 2100)]])
    customers = batch["customers"]
    customers["street"], customers["city"] = "", None
    assert approval_faults(batch, DATE)["reason"].tolist() == [
        f"complete customer {customers['customer_id'].iloc[0]}: street, city, then approve again"
    ]


def test_a_note_is_not_approved_with_a_date_before_the_invoice_it_credits() -> None:
    batch = batch_of([[(10_000, 2100)], [(10_000, 2100)]])
    batch.invoices["preceding_date"] = [DATE + pd.Timedelta(days=1), DATE]
    faults = approval_faults(batch, DATE)
    assert faults["invoice_id"].tolist() == [1]
    assert "lies before that of the invoice" in faults["reason"].item()


def test_amounts_with_decimals_that_their_currency_lacks_are_named() -> None:
    batch = batch_of([[(1381_00, 900)]])
    batch.invoices["currency"] = batch["company_accounts"]["currency"] = "JPY"
    faults = approval_faults(batch, DATE)["reason"]
    assert faults.str.contains("the total is 1,505.29, but JPY has no decimals").any()


def test_an_allowance_without_vat_is_named() -> None:
    batch = batch_of([[(1000_00, 2100)]])
    allowance = {"invoice_id": 1, "allowance_no": 1, "is_charge": False, "amount_cents": 100_00}
    batch.tables["allowance_charges"] = TABLES["allowance_charges"].empty().reindex([0]).assign(**allowance)
    faults = approval_faults(batch, DATE)["reason"]
    assert faults.str.contains("one on the document has no VAT category").any()
