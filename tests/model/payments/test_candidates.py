"""Which payments may go to the bank, and why the others may not."""

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from invoicebatch.model.payments.bundles import Making, bundle_frames
from invoicebatch.model.payments.candidates import COLLECTIONS, REFUNDS, Terms, candidates, with_part
from invoicebatch.model.payments.combined import debits
from invoicebatch.model.schema import OVERVIEW, TABLES

DAY = date(2026, 12, 1)
TERMS = Terms({COLLECTIONS: DAY, REFUNDS: DAY}, "Energy", today=date(2026, 11, 26))

GOOD: dict[str, Any] = {
    "invoice_id": 1, "number": "F1", "company_account_id": "NL", "customer_id": "K1", "currency": "EUR",
    "outstanding_cents": 12_100, "payment_bundle_id": None, "customer_name": "Müller & Co", "customer_is_business": False,
    "customer_iban": "NL91ABNA0417164300", "customer_bic": None, "customer_account_holder": None, "customer_postcode": "1000",
    "customer_city": "Gent", "customer_country": "BE", "mandate_id": "M-1", "mandate_scheme": "CORE",
    "mandate_sequence_type": "RCUR", "mandate_status": "active", "mandate_iban": "BE68539007547034", "mandate_bic": None,
    "mandate_account_holder": None, "mandate_signed_on": "2025-01-01", "mandate_last_used_on": None,
    "mandate_previous_iban": None, "mandate_previous_mandate_id": None, "mandate_waits": False, "account_name": "Stroom BV", "account_iban": "DE89370400440532013000",
    "account_bic": None, "account_creditor_id": "DE98ZZZ09999999999", "due_date": "2026-12-01",
    "customer_street": "Kade 1", "customer_street_extra": None, "remittance_reference": None, "account_country": "BE",
}  # fmt: skip


def overview(*rows: dict[str, Any]) -> pd.DataFrame:
    frame = pd.DataFrame([GOOD | {"invoice_id": n + 1} | row for n, row in enumerate(rows)])
    columns = {name: OVERVIEW[name].column for name in frame.columns}
    return pd.DataFrame({name: frame[name].astype(column.dtype) for name, column in columns.items()})


def reasons(*rows: dict[str, Any], terms: Terms = TERMS) -> list[str]:
    return candidates(with_part(overview(*rows)), terms)["reason"].tolist()


def test_a_collection_goes_never_before_its_due_date_unless_asked() -> None:
    later = {"due_date": "2026-12-09"}
    assert reasons(later) == [
        "due on 2026-12-09, after the collection date 2026-12-01; early = true collects it"
    ]
    assert reasons(later, terms=replace(TERMS, early=True)) == [""]
    assert reasons(later | {"outstanding_cents": -1}) == [""]


def test_on_the_due_date_each_goes_on_a_banking_day_of_its_own() -> None:
    """The 25th and 26th are closed, the 27th is a Sunday; what is late goes on the first day there is."""
    rows = [{"due_date": day} for day in ("2026-12-25", "2026-12-09", "2026-11-01", None, "2028-01-03")]
    terms = replace(TERMS, on_due_date=True, latest=date(2027, 11, 30))
    found = candidates(with_part(overview(*rows)), terms)
    assert found["collection_date"].dt.strftime("%m-%d").tolist() == [
        "12-28",
        "12-09",
        "12-01",
        "12-01",
        "01-03",
    ]
    assert found["reason"].tolist() == [""] * 4 + ["its date 2028-01-03 is more than a year ahead"]


def test_the_first_collection_of_a_mandate_is_the_earliest_by_date() -> None:
    rows = [{"due_date": day, "mandate_sequence_type": "FRST"} for day in ("2026-12-10", "2026-12-09")]
    found = candidates(with_part(overview(*rows)), replace(TERMS, on_due_date=True))
    assert found["sequence_type"].astype("str").tolist() == ["RCUR", "FRST"]


@pytest.mark.parametrize(
    ("street", "extra", "wanted"),
    [
        ("Kade 1", None, ["Kade", "1", "", ""]),
        ("Rue de la Loi 16 B", None, ["Rue de la Loi", "16 B", "", ""]),
        ("12 bis, rue de Rivoli", None, ["rue de Rivoli", "12 bis", "", ""]),
        ("Plein 1940-1945 3", None, ["", "", "Plein 1940-1945 3", ""]),
        ("Kade 1", "Hinterhaus", ["", "", "Kade 1", "Hinterhaus"]),
        ("De Hoeve", None, ["", "", "De Hoeve", ""]),
        (None, None, ["", "", "", ""]),
    ],
)
def test_an_address_is_structured_or_hybrid(street: str | None, extra: str | None, wanted: list[str]) -> None:
    rows = overview({"customer_street": street, "customer_street_extra": extra})
    payment = candidates(with_part(rows), TERMS).iloc[0]
    assert [payment[name] for name in ("street", "building", "free_line", "free_line_2")] == wanted
    assert payment["reason"] == ""


def test_the_structured_reference_goes_along_where_there_is_one() -> None:
    rows = [
        {"remittance_reference": text} for text in ("RF46 2026 0001 23", "+++202/6000/12320+++", "F1", None)
    ]
    plain = replace(TERMS, description="")
    assert candidates(with_part(overview(*rows)), plain)["creditor_reference"].tolist() == [
        "RF462026000123", "202600012320", "", "",
    ]  # fmt: skip
    assert set(candidates(with_part(overview(*rows)), TERMS)["creditor_reference"]) == {""}


def test_an_amendment_goes_along_with_the_first_collection_after_it() -> None:
    changed = {"mandate_previous_iban": "NL91ABNA0417164300", "mandate_previous_mandate_id": "OLD-1"}
    found = candidates(with_part(overview(changed, changed)), TERMS)
    assert (
        found["previous_mandate_id"].notna().tolist()
        == found["previous_iban"].notna().tolist()
        == [True, False]
    )
    waiting = candidates(
        with_part(overview(changed | {"mandate_waits": True, "mandate_sequence_type": "FRST"})), TERMS
    )
    assert waiting["previous_iban"].isna().all()
    assert waiting["sequence_type"].astype("str").tolist() == ["RCUR"]


def test_a_good_collection_goes() -> None:
    payment = candidates(with_part(overview({})), TERMS).iloc[0]
    assert payment["reason"] == ""
    assert (payment["amount_cents"], payment["iban"], payment["name"]) == (
        12_100,
        "BE68539007547034",
        "Muller + Co",
    )
    assert payment["remittance"] == "F1 Energy"


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ({"mandate_id": None, "mandate_iban": None, "mandate_signed_on": None}, "has no mandate"),
        ({"mandate_status": "cancelled"}, "mandate M-1 is cancelled"),
        ({"mandate_signed_on": "2020-01-01", "mandate_last_used_on": "2023-11-30"}, "will have lapsed: not used for 36 months"),
        ({"mandate_scheme": "B2B"}, "B2B mandate M-1 of a private person"),
        ({"mandate_sequence_type": "OOFF", "mandate_last_used_on": "2026-01-01"}, "was for one collection and is used"),
        ({"mandate_sequence_type": "OOFF", "mandate_waits": True}, "is for one collection, and that waits"),
        ({"mandate_id": "M_1"}, "holds characters that banks refuse"),
        ({"mandate_iban": "BE68539007547035"}, "wrong checksum"),
        ({"mandate_iban": "TR330006100519786457841326"}, "outside SEPA"),
        ({"mandate_iban": "CH9300762011623852957"}, "needs BIC, town and country"),
        ({"customer_country": None}, "address has no country"),
        ({"customer_country": "Belgium"}, "address has no country"),
        ({"customer_city": None}, "address has no town"),
        ({"currency": "SEK"}, "currency is SEK"),
        ({"payment_bundle_id": "B1"}, "already in payment bundle B1"),
        ({"outstanding_cents": 0}, "nothing outstanding"),
        ({"outstanding_cents": 100_000_000_000}, "more than EUR 999,999,999.99"),
        ({"account_iban": None}, "company account: no IBAN"),
        ({"account_creditor_id": None}, "no creditor identifier"),
        ({"account_creditor_id": "0000"}, "not of the form"),
        ({"account_creditor_id": "DE99ZZZ09999999999"}, "check digits of creditor identifier DE99ZZZ09999999999 are wrong"),
        ({"mandate_signed_on": "2026-11-30"}, "is signed on 2026-11-30, which lies ahead"),
        ({"customer_name": "😀"}, "no letters that SEPA can carry"),
        ({"outstanding_cents": -1, "customer_iban": "NL00ABNA0417164300"}, "wrong checksum"),
        ({"outstanding_cents": -1, "customer_iban": None, "mandate_iban": None, "mandate_id": None}, "no IBAN"),
    ],
)  # fmt: skip
def test_a_payment_that_may_not_go_is_named(row: dict[str, Any], reason: str) -> None:
    bad, good = reasons(row, {})
    assert reason in bad
    assert good == ""


@pytest.mark.parametrize(
    "row",
    [
        {"mandate_signed_on": "2023-12-01"},
        {"mandate_signed_on": "2010-01-01", "mandate_last_used_on": "2023-12-01"},
        {"mandate_scheme": "B2B", "customer_is_business": True},
        {"mandate_iban": "CH9300762011623852957", "mandate_bic": "POFICHBE"},
        {"outstanding_cents": -1, "customer_iban": None},
        {"outstanding_cents": -1, "mandate_id": None, "mandate_iban": None, "account_creditor_id": None},
    ],
)
def test_a_payment_at_the_edge_goes(row: dict[str, Any]) -> None:
    assert reasons(row) == [""]


def test_a_part_that_is_not_asked_for_is_named() -> None:
    only = Terms({REFUNDS: DAY})
    assert reasons({}, {"outstanding_cents": -5}, terms=only) == ["its part was not asked for", ""]


def test_sequences_of_one_mandate() -> None:
    rows = candidates(
        with_part(
            overview(
                {"mandate_sequence_type": "FRST"}, {"mandate_sequence_type": "FRST"},
                {"mandate_id": "M-2", "mandate_sequence_type": "FNAL"}, {"mandate_id": "M-2", "mandate_sequence_type": "FNAL"},
                {"mandate_id": "M-3", "mandate_sequence_type": "OOFF"}, {"mandate_id": "M-3", "mandate_sequence_type": "OOFF"},
            )
        ),
        TERMS,
    )  # fmt: skip
    assert rows["sequence_type"].tolist()[:5] == ["FRST", "RCUR", "RCUR", "FNAL", "OOFF"]
    assert "is for one collection" in rows["reason"].iloc[5]


ROWS = st.fixed_dictionaries(
    {
        "outstanding_cents": st.integers(-(10**12), 10**12),
        "company_account_id": st.sampled_from(["NL", "BE", "DE"]),
        "mandate_id": st.sampled_from(["M-1", "M-2", "M-3", "M_4"]),
        "mandate_sequence_type": st.sampled_from(["FRST", "RCUR", "OOFF", "FNAL"]),
        "mandate_scheme": st.sampled_from(["CORE", "B2B"]),
        "customer_is_business": st.booleans(),
        "customer_name": st.text(min_size=1, max_size=90),
        "currency": st.sampled_from(["EUR", "EUR", "EUR", "USD"]),
        "mandate_iban": st.sampled_from(["BE68539007547034", "BE68539007547035", "NL91ABNA0417164300"]),
    }
)


@settings(max_examples=40, deadline=None)
@given(st.lists(ROWS, min_size=1, max_size=25), st.integers(0, 4), st.booleans())
def test_every_row_is_bundled_once_or_named_and_sums_hold(
    rows: list[dict[str, Any]], most: int, combine: bool
) -> None:
    invoices = overview(*rows)
    found = candidates(with_part(invoices), replace(TERMS, combine=combine))
    good = found[found["reason"] == ""]
    assert found["invoice_id"].tolist() == invoices["invoice_id"].tolist()
    if good.empty:
        return
    making = Making("run", datetime(2026, 11, 22, tzinfo=UTC), most=most, combine=combine)
    bundles, items = bundle_frames(good, invoices, making)
    assert bundles["message_id"].is_unique
    assert not most or bundles["items"].max() <= most
    assert not items.drop_duplicates(["bundle_id", "scheme"])["bundle_id"].duplicated().any()
    assert sorted(items["invoice_id"]) == sorted(good["invoice_id"])
    sent = debits(items)
    assert sent["end_to_end_id"].is_unique
    assert sent["amount_cents"].sum() == items["amount_cents"].sum()
    assert combine or len(sent) == len(items)
    alike = items.drop_duplicates(["end_to_end_id", "mandate_id", "sequence_type", "iban"])
    assert alike["end_to_end_id"].is_unique
    assert (items["amount_cents"] > 0).all()
    signs = np.sign(invoices.set_index("invoice_id")["outstanding_cents"])
    part = items["bundle_id"].map(bundles.set_index("bundle_id")["part"])
    assert ((signs[items["invoice_id"]].to_numpy() > 0) == (part == COLLECTIONS).to_numpy()).all()
    sums = items.groupby("bundle_id")["amount_cents"].agg(["sum", "size"])
    assert bundles.set_index("bundle_id")["total_cents"].to_dict() == sums["sum"].to_dict()
    assert bundles.set_index("bundle_id")["items"].to_dict() == sums["size"].to_dict()
    if not combine:
        ones = items[items["sequence_type"].isin(["FRST", "OOFF", "FNAL"])]
        assert not ones.duplicated(["mandate_id", "sequence_type"]).any()
    TABLES["bundle_items"].conform(items)
    TABLES["payment_bundles"].conform(bundles)
