"""What may go to the bank: the payment each invoice row would be, and why one may not go.

Frames in, frames out; collections and refunds are separate payments and never netted.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Final

import numpy as np
import pandas as pd

from invoicebatch.model.distinct import of_distinct
from invoicebatch.model.money import format_cents
from invoicebatch.model.payments.address import COLUMNS, address_faults, addresses
from invoicebatch.model.payments.calendar import next_banking_days
from invoicebatch.model.payments.iban import EEA, iban_faults
from invoicebatch.model.payments.reference import carried
from invoicebatch.model.payments.sepa import (
    MANDATE_LIFE_MONTHS,
    MAX_CENTS,
    MAX_NAME,
    MAX_REMITTANCE,
    are_sepa_ids,
    creditor_id_fault,
    creditor_id_warning,
    sepa_texts,
)
from invoicebatch.model.status import BundlePart, LocalInstrument, MandateStatus, SequenceType

COLLECTIONS: Final = BundlePart.COLLECTIONS.value
REFUNDS: Final = BundlePart.REFUNDS.value

Check = tuple["pd.Series[bool]", "pd.Series[str] | str | Callable[[], pd.Series[str]]"]
"""Which rows fail, and what is said of them; a text for each row is best made only where one does."""

WATCHED: Final = (
    "customer_iban",
    "mandate_id",
    "mandate_iban",
    "mandate_status",
    "mandate_scheme",
    "account_iban",
    "account_creditor_id",
)
"""Overview columns that say where money goes; a change between plan and claim makes a row stale."""


@dataclass(frozen=True, slots=True)
class Terms:
    """What the person asked for.

    Attributes:
        dates: the date of each part; the earliest one where collections go on their due date.
        description: text for the statement.
        on_due_date: collections go on the due date of their document, moved to a banking day.
        early: collections may go before it.
        latest: no payment is planned after that day.
        instant: refunds are instant credit transfers.
        combine: the invoices of one mandate and date are one debit.
        today: no mandate may be signed after it.
    """

    dates: dict[str, date]
    description: str = ""
    on_due_date: bool = False
    early: bool = False
    latest: date | None = None
    today: date | None = None
    instant: bool = False
    combine: bool = False


def with_part(invoices: pd.DataFrame) -> pd.DataFrame:
    """The rows with `part` (str): the eligibility's, or by the sign of the outstanding amount."""
    by_sign = np.where(invoices["outstanding_cents"] > 0, COLLECTIONS, REFUNDS)
    part = invoices["part"] if "part" in invoices else pd.Series("", index=invoices.index)
    known = part.isin([COLLECTIONS, REFUNDS])
    return invoices.assign(part=part.astype(object).where(known, by_sign).astype("str"))


def candidates(invoices: pd.DataFrame, terms: Terms) -> pd.DataFrame:
    """One row an invoice: the payment it would be, and `reason`, empty where nothing is against it.

    Args:
        invoices: overview columns and `part`.
        terms: dates by part; a part without a date is not asked for.

    Returns:
        invoice_id int64, part, company_account_id, collection_date datetime64[s], amount_cents int64
        (positive), name, iban, bic, the columns of an address, creditor_reference, mandate_id, mandate_signed_on,
        sequence_type, scheme, previous_mandate_id, previous_iban, remittance, reason (str).
    """
    collecting = invoices["part"] == COLLECTIONS
    rows = pd.DataFrame(
        {
            "invoice_id": invoices["invoice_id"].astype("int64"),
            "part": invoices["part"],
            "company_account_id": invoices["company_account_id"].astype("str"),
            "collection_date": _dates(invoices, collecting, terms),
            "amount_cents": invoices["outstanding_cents"].astype("int64").where(
                collecting, -invoices["outstanding_cents"].astype("int64")
            ),
            **_party(invoices, collecting),
            **_mandate(invoices, collecting),
            "creditor_reference": _references(invoices, collecting, terms),
            "remittance": sepa_texts(
                invoices["number"].fillna("").astype("str") + f" {terms.description}".rstrip(), MAX_REMITTANCE
            ),
        }
    )  # fmt: skip
    waits = invoices["mandate_waits"].fillna(False).astype(bool)
    if terms.instant:
        rows["scheme"] = rows["scheme"].mask(~collecting, LocalInstrument.INST.value)
    rows["reason"] = first_reason(
        rows.index, [*_date_checks(rows, invoices, terms), *_checks(rows, invoices)]
    )
    rows.loc[rows["reason"] == "", "reason"] = _repeated_mandates(rows, terms)
    found = _sequenced(rows, waits)
    return _combined(found) if terms.combine else found


def _dates(invoices: pd.DataFrame, collecting: "pd.Series[bool]", terms: Terms) -> "pd.Series[pd.Timestamp]":
    asked = invoices["part"].map({part: pd.Timestamp(day) for part, day in terms.dates.items()})
    asked = asked.astype("datetime64[s]")
    if not terms.on_due_date or COLLECTIONS not in terms.dates:
        return asked
    due, first = invoices["due_date"], pd.Timestamp(terms.dates[COLLECTIONS])
    moved = next_banking_days(due.mask(due.lt(first), first))
    return asked.mask(collecting & moved.notna(), moved)


def _date_checks(rows: pd.DataFrame, invoices: pd.DataFrame, terms: Terms) -> Iterable[Check]:
    day = rows["collection_date"]
    due = invoices["due_date"]
    yield day.isna(), "its part was not asked for"
    before = rows["part"].eq(COLLECTIONS) & due.gt(day)
    yield (
        before & (not terms.early),
        lambda: (
            "due on "
            + _days(due)
            + ", after the collection date "
            + _days(day)
            + "; early = true collects it"
        ),
    )
    if terms.today is not None:
        signed = rows["mandate_signed_on"]
        yield (
            rows["part"].eq(COLLECTIONS) & signed.gt(pd.Timestamp(terms.today)),
            lambda: (
                "mandate "
                + _text(rows, "mandate_id")
                + " is signed on "
                + _days(signed)
                + ", which lies ahead"
            ),
        )
    if terms.latest is not None:
        yield (
            day.gt(pd.Timestamp(terms.latest)),
            lambda: "its date " + _days(day) + " is more than a year ahead",
        )


def _days(days: "pd.Series[pd.Timestamp]") -> "pd.Series[str]":
    return days.dt.strftime("%Y-%m-%d").fillna("").astype("str")


def _party(invoices: pd.DataFrame, collecting: "pd.Series[bool]") -> dict[str, "pd.Series[str]"]:
    own = invoices["customer_iban"].fillna("") != ""
    from_mandate = collecting | ~own
    chosen = {
        name: invoices[f"customer_{name}"].where(~from_mandate, invoices[f"mandate_{name}"])
        for name in ("iban", "bic", "account_holder")
    }
    holder = chosen["account_holder"]
    name = holder.where(holder.fillna("") != "", invoices["customer_name"])
    return {
        "name": sepa_texts(name, MAX_NAME),
        "iban": chosen["iban"],
        "bic": chosen["bic"],
        **{str(column): values for column, values in addresses(invoices).items()},
    }


def _references(invoices: pd.DataFrame, collecting: "pd.Series[bool]", terms: Terms) -> "pd.Series[str]":
    """The structured reference of each document; a text that a person gave goes before it (EPC130-08: one of both)."""
    if terms.description:
        return pd.Series("", index=invoices.index, dtype="str")
    texts = invoices["remittance_reference"].fillna("").astype("str")
    there = collecting & texts.ne("")
    countries = invoices["account_country"].astype("str").fillna("")
    found = pd.Series("", index=invoices.index, dtype="str")
    for country in countries[there].unique():
        of_country = there & countries.eq(country)
        found[of_country] = of_distinct(texts[of_country], partial(carried, country=country))
    return found


def _mandate(invoices: pd.DataFrame, collecting: "pd.Series[bool]") -> dict[str, pd.Series]:
    # the payment that waits already carries the amendment
    told = collecting & ~invoices["mandate_waits"].fillna(False).astype(bool)
    changed = told & invoices["mandate_previous_iban"].ne(invoices["mandate_iban"])
    renamed = told & invoices["mandate_previous_mandate_id"].ne(invoices["mandate_id"])
    return {
        "mandate_id": invoices["mandate_id"].where(collecting),
        "mandate_signed_on": invoices["mandate_signed_on"].where(collecting),
        "sequence_type": invoices["mandate_sequence_type"].astype("str").where(collecting),
        "scheme": invoices["mandate_scheme"].astype("str").where(collecting),
        "previous_mandate_id": invoices["mandate_previous_mandate_id"].where(renamed),
        "previous_iban": invoices["mandate_previous_iban"].where(changed),
    }


def first_reason(index: pd.Index, checks: Iterable[Check]) -> "pd.Series[str]":
    """The text of the first check that holds for each row, or an empty string."""
    reason = pd.Series("", index=index, dtype="str")
    for failed, text in checks:
        hit = failed.fillna(False).astype(bool) & (reason == "")
        if hit.any():
            reason = reason.mask(hit, text() if callable(text) else text)
    return reason


def _checks(rows: pd.DataFrame, invoices: pd.DataFrame) -> Iterable[Check]:
    faults = iban_faults(rows["iban"])
    own_faults = iban_faults(invoices["account_iban"])
    foreign = ~rows["iban"].str[:2].isin(EEA)
    address = address_faults(rows[list(COLUMNS)])
    incomplete = (rows["bic"].fillna("") == "") | (rows["city"] == "") | (rows["country"].fillna("") == "")
    currency = invoices["currency"]
    yield (
        invoices["payment_bundle_id"].notna(),
        lambda: "already in payment bundle " + _text(invoices, "payment_bundle_id"),
    )
    yield currency.ne("EUR"), lambda: "currency is " + currency.astype("str") + ", SEPA takes EUR only"
    yield rows["amount_cents"].eq(0), "nothing outstanding: a payment of zero is not sent"
    yield (
        rows["amount_cents"].lt(0),
        lambda: "outstanding amount " + _amounts(invoices) + " does not fit the part " + rows["part"],
    )
    yield rows["amount_cents"].gt(MAX_CENTS), "more than EUR 999,999,999.99 in one payment"
    yield own_faults.ne(""), lambda: "company account: " + own_faults
    yield from _mandate_checks(rows, invoices)
    yield faults.ne(""), faults
    yield rows["name"].eq(""), "the account holder's name has no letters that SEPA can carry"
    yield address.ne(""), address
    yield foreign & incomplete, "an account outside the EEA needs BIC, town and country of its holder"


def _mandate_checks(rows: pd.DataFrame, invoices: pd.DataFrame) -> Iterable[Check]:
    collecting = rows["part"] == COLLECTIONS
    last = invoices["mandate_last_used_on"]  # where it is not known, the rules ask
    used_up = last.notna() & rows["sequence_type"].eq(SequenceType.OOFF)
    creditor = of_distinct(
        invoices["account_creditor_id"], lambda one: creditor_id_fault(one) or creditor_id_warning(one or "")
    )
    yield collecting & creditor.ne(""), creditor
    yield collecting & rows["mandate_id"].isna(), "the customer has no mandate"
    yield (
        collecting & invoices["mandate_status"].astype("str").ne(MandateStatus.ACTIVE),
        lambda: _mandate_text(rows) + " is " + invoices["mandate_status"].astype("str"),
    )
    yield (
        collecting & ~are_sepa_ids(rows["mandate_id"]),
        lambda: "mandate reference " + _text(rows, "mandate_id") + " holds characters that banks refuse",
    )
    yield (
        collecting & (last + pd.DateOffset(months=MANDATE_LIFE_MONTHS)).lt(rows["collection_date"]),
        lambda: _mandate_text(rows) + " will have lapsed: not used for 36 months",
    )
    waits = invoices["mandate_waits"].fillna(False).astype(bool)
    yield (
        collecting & waits & rows["sequence_type"].eq(SequenceType.OOFF),
        lambda: _mandate_text(rows) + " is for one collection, and that waits in a payment bundle already",
    )
    yield collecting & used_up, lambda: _mandate_text(rows) + " was for one collection and is used"
    yield (
        collecting & rows["scheme"].eq("B2B") & ~invoices["customer_is_business"].fillna(False).astype(bool),
        lambda: "B2B " + _mandate_text(rows) + " of a private person",
    )


_ONE_DEBIT: Final = ["company_account_id", "mandate_id", "collection_date"]


def _repeated_mandates(rows: pd.DataFrame, terms: Terms) -> "pd.Series[str]":
    """A one-off mandate serves one payment; a second one in the same selection is refused."""
    good = rows[rows["reason"] == ""]
    further = good.duplicated("mandate_id")
    if terms.combine:
        first = good[~further].set_index("mandate_id")["collection_date"]
        further &= good["collection_date"].ne(good["mandate_id"].map(first.to_dict()))
    again = good["sequence_type"].eq(SequenceType.OOFF) & further
    text = "mandate " + _text(good, "mandate_id") + " is for one collection, another row has it"
    return pd.Series("", index=good.index, dtype="str").mask(again, text)


def _sequenced(rows: pd.DataFrame, waits: "pd.Series[bool]") -> pd.DataFrame:
    """First and final apply to one payment of a mandate: the first or last by date; the others recur.

    An amendment goes along with the first payment after it. Where one `waits` already, that is the first.
    """
    good = rows["reason"].eq("") & rows["mandate_id"].notna()
    by_date = rows[good].sort_values("collection_date", kind="stable")
    first = good & ~by_date.duplicated("mandate_id").reindex(rows.index, fill_value=True)
    last = good & ~by_date.duplicated("mandate_id", keep="last").reindex(rows.index, fill_value=True)
    recurs = (rows["sequence_type"].eq(SequenceType.FRST) & (~first | waits)) | (
        rows["sequence_type"].eq(SequenceType.FNAL) & ~last
    )
    told = {name: rows[name].where(first) for name in ("previous_mandate_id", "previous_iban")}
    sequence = rows["sequence_type"].mask(good & recurs, SequenceType.RCUR.value)
    return rows.assign(sequence_type=sequence, **told)


def _combined(rows: pd.DataFrame) -> pd.DataFrame:
    """The items of a debit say the same of their mandate, and are no more than one payment may be."""
    good = rows["reason"].eq("") & rows["mandate_id"].notna()
    by_debit = rows[good].groupby(_ONE_DEBIT)
    special = rows["sequence_type"].astype("str").where(rows["sequence_type"].ne(SequenceType.RCUR))
    shared = special[good].groupby([rows.loc[good, name] for name in _ONE_DEBIT]).transform("first")
    sequence = rows["sequence_type"].astype("str").mask(good, shared.fillna(SequenceType.RCUR.value))
    told = {name: by_debit[name].transform("first") for name in ("previous_mandate_id", "previous_iban")}
    much = by_debit["amount_cents"].transform("sum").gt(MAX_CENTS).reindex(rows.index, fill_value=False)
    return rows.assign(
        sequence_type=sequence,
        **{name: rows[name].mask(good, values) for name, values in told.items()},
        reason=rows["reason"].mask(much, "more than EUR 999,999,999.99 in one debit of its mandate"),
    )


def _mandate_text(rows: pd.DataFrame) -> "pd.Series[str]":
    return "mandate " + _text(rows, "mandate_id")


def _text(frame: pd.DataFrame, column: str) -> "pd.Series[str]":
    return frame[column].astype(object).where(frame[column].notna(), "").astype("str")


def _amounts(invoices: pd.DataFrame) -> "pd.Series[str]":
    return invoices["outstanding_cents"].map(format_cents).astype("str")
