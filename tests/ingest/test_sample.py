"""The sample: the same for a seed, consistent to the cent, with identifiers that pass their checks."""

from datetime import date

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stdnum.eu import at_02
from stdnum.eu import vat as european_vat
from stdnum.fr import siret

from invoicebatch.ingest.sample import CHUNK, Frames, generate
from invoicebatch.model.money import tax_cents
from invoicebatch.model.payments.iban import iban_faults
from invoicebatch.model.payments.sepa import is_sepa_id
from invoicebatch.model.schema import TABLES
from invoicebatch.model.status import Status

TODAY = date(2026, 11, 22)


@pytest.fixture(scope="module")
def sample() -> Frames:
    (frames,) = generate(4_000, seed=3, today=TODAY)
    return frames


def test_frames_have_the_declared_columns_and_dtypes(sample: Frames) -> None:
    for name, frame in sample.items():
        table = TABLES[name]
        assert set(frame.columns) <= set(table.frame_names)
        assert {c.frame_name for c in table.columns if c.required and c.default is None} <= set(frame.columns)
        for column in frame.columns:
            assert frame[column].dtype == table.column(column).dtype, f"{name}.{column}"
        key = [c.frame_name for c in table.columns if c.name in table.key]
        assert not frame.duplicated(key).any()


def test_every_status_and_kind_occurs(sample: Frames) -> None:
    invoices = sample["invoices"]
    assert set(invoices["status"].cat.categories) == set(invoices["status"].unique())
    assert set(invoices["kind"].cat.categories) == set(invoices["kind"].unique())
    share = (invoices["status"] == Status.EMPTY.value).mean()
    assert 0.5 < share < 0.65


def test_line_amounts_are_quantity_times_price_rounded_once(sample: Frames) -> None:
    lines = sample["lines"]
    exact = [
        int((q * p).quantize(q.__class__("0.01"), rounding="ROUND_HALF_UP").scaleb(2))
        for q, p in zip(lines["quantity"], lines["price"], strict=True)
    ]
    assert lines["net_cents"].tolist() == exact


def test_totals_add_up_but_where_a_fault_is_meant(sample: Frames) -> None:
    invoices, breakdown = sample["invoices"], sample["vat_breakdown"]
    sums = sample["lines"].groupby("invoice_id")["net_cents"].sum().reindex(invoices["invoice_id"]).to_numpy()
    tax = breakdown.groupby("invoice_id")["tax_cents"].sum().reindex(invoices["invoice_id"]).to_numpy()
    assert (invoices["net_total_cents"] == sums).all()
    assert (invoices["vat_total_cents"] == tax).all()
    assert (breakdown["tax_cents"] == tax_cents(breakdown["taxable_cents"], breakdown["vat_rate_bp"])).all()
    wrong = invoices["total_cents"] != sums + tax
    assert set(invoices.loc[wrong, "status"]) == {Status.EMPTY.value, Status.APPROVAL_FAILED.value}
    assert 0 < wrong.mean() < 0.05
    due = invoices["total_cents"] - invoices["prepaid_cents"] - invoices["paid_cents"]
    assert (invoices["outstanding_cents"] == due - invoices["credited_cents"]).all()


def test_a_credit_note_takes_its_original_back_to_the_cent(sample: Frames) -> None:
    invoices = sample["invoices"].set_index("invoice_id")
    notes = invoices[invoices["credit_of"].notna()]
    originals = invoices.loc[notes["credit_of"].astype("int64")]
    assert len(notes) > 20
    assert (notes["total_cents"].to_numpy() == -originals["total_cents"].to_numpy()).all()
    assert (originals["credited_by"].astype("int64").to_numpy() == notes.index).all()
    assert (notes["preceding_number"].to_numpy() == originals["number"].to_numpy()).all()
    assert (notes["customer_id"].to_numpy() == originals["customer_id"].to_numpy()).all()
    owed = notes["outstanding_cents"].to_numpy() + originals["outstanding_cents"].to_numpy()
    assert (owed == -originals["paid_cents"].to_numpy()).all()


def test_a_final_note_deducts_the_advance_before_it(sample: Frames) -> None:
    lines = sample["lines"]
    deductions = lines[lines["advance_of"].notna()]
    advances = lines[lines["invoice_id"].isin(deductions["advance_of"])].set_index("invoice_id")
    expected = -advances["net_cents"].reindex(deductions["advance_of"].astype("int64")).to_numpy()
    assert len(deductions) > 20
    assert (deductions["net_cents"].to_numpy() == expected).all()


def test_numbers_have_no_gap_and_rise_with_the_dates(sample: Frames) -> None:
    invoices = sample["invoices"].set_index("invoice_id")
    issued = sample["issued_numbers"]
    key = ["company_account_id", "series", "period"]
    for _, part in issued.groupby(key):
        assert sorted(part["seq"]) == list(range(1, len(part) + 1))
        dates = invoices.loc[part.sort_values("seq")["invoice_id"], "invoice_date"]
        assert dates.is_monotonic_increasing
    counters = sample["number_counters"].set_index(key)["next_seq"]
    assert (issued.groupby(key)["seq"].max() + 1).sort_index().equals(counters.sort_index())
    numbered = invoices["number"].notna()
    assert (numbered == invoices["status"].isin([Status.CREATED.value, Status.GENERATION_FAILED.value])).all()
    assert invoices["number"].dropna().is_unique


def test_payments_are_what_the_invoices_say_was_paid(sample: Frames) -> None:
    paid = sample["payments"].groupby("invoice_id")["amount_cents"].sum()
    invoices = sample["invoices"].set_index("invoice_id")
    assert (invoices["paid_cents"] == paid.reindex(invoices.index).fillna(0)).all()
    assert (sample["payments"]["booked_on"] <= pd.Timestamp(TODAY)).all()


def test_identifiers_pass_their_checks(sample: Frames) -> None:
    accounts, people, mandates = sample["company_accounts"], sample["customers"], sample["mandates"]
    for ibans in (accounts["iban"], people["iban"].dropna(), mandates["iban"]):
        assert (iban_faults(ibans) == "").all()
    assert all(at_02.is_valid(value) for value in accounts["creditor_id"])
    for vat_ids in (accounts["vat_id"], people["vat_id"].dropna()):
        assert all(european_vat.is_valid(value) for value in vat_ids)
    assert all(siret.is_valid(value) for value in people["siret"].dropna())
    assert people["service_code"].notna().sum() == people["siret"].notna().sum() > 0
    assert all(is_sepa_id(value) for value in mandates["mandate_id"])
    assert set(mandates["status"]) == {"active", "cancelled"}
    lapsed = mandates["last_used_on"] < pd.Timestamp(TODAY) - pd.DateOffset(months=36)
    assert 0 < lapsed.sum() < len(mandates) / 10


def test_readings_make_the_quantity_of_their_line(sample: Frames) -> None:
    readings, lines = sample["measurements"], sample["lines"]
    usage = readings.groupby(["invoice_id", "line_no"])["usage"].sum()
    quantity = lines.set_index(["invoice_id", "line_no"])["quantity"].reindex(usage.index)
    assert (usage.astype(object) == quantity.astype(object).abs()).all()
    differences = readings["value_to"] - readings["value_from"]
    assert (differences.astype(object) == readings["usage"].astype(object)).all()
    assert (readings["date_from"] <= readings["date_to"]).all()


def test_a_meter_is_read_once_a_period(sample: Frames) -> None:
    readings = sample["measurements"]
    assert not readings.duplicated(["invoice_id", "meter_id", "register", "date_from"]).any()


@settings(max_examples=15, deadline=None)
@given(size=st.integers(1, 60), seed=st.integers(0, 10_000))
def test_any_size_and_seed_works_and_repeats(size: int, seed: int) -> None:
    (first,) = generate(size, seed=seed, today=TODAY)
    (again,) = generate(size, seed=seed, today=TODAY)
    assert first["invoices"]["invoice_id"].tolist() == list(range(1, size + 1))
    for name, frame in first.items():
        assert frame.equals(again[name])


def test_another_seed_is_another_sample() -> None:
    (one,), (other,) = generate(100, seed=1, today=TODAY), generate(100, seed=2, today=TODAY)
    assert not one["invoices"]["total_cents"].equals(other["invoices"]["total_cents"])


def test_a_fresh_billing_run_is_empty_throughout() -> None:
    (frames,) = generate(300, today=TODAY, fresh=True)
    assert set(frames["invoices"]["status"]) == {Status.EMPTY.value}
    assert frames["invoices"]["number"].isna().all()
    assert len(frames["issued_numbers"]) == len(frames["payments"]) == 0


def test_chunks_join_into_one_sample() -> None:
    chunks = list(generate(CHUNK + 1_000, today=TODAY))
    assert [len(chunk["invoices"]) for chunk in chunks] == [CHUNK, 1_000]
    assert "customers" in chunks[0]
    assert "customers" not in chunks[1]
    issued = pd.concat([chunk["issued_numbers"] for chunk in chunks])
    assert not issued["number"].duplicated().any()
    invoices = pd.concat([chunk["invoices"] for chunk in chunks])
    assert np.array_equal(invoices["invoice_id"], np.arange(1, CHUNK + 1_001))
    assert "number_counters" in chunks[1]
