"""What must hold before a document may be approved: checks over whole frames, each fault in words.

A check gives one row a fault; a document carries all of its faults, never the first alone.
"""

from collections.abc import Iterable
from itertools import compress
from typing import Final

import numpy as np
import pandas as pd

from invoicebatch.model.changes import Batch
from invoicebatch.model.documents import number_series
from invoicebatch.model.money import format_cents, tax_cents, unit_cents

_FIELDS = {
    "line_total": "total of the lines",
    "net_total": "net total",
    "vat_total": "VAT total",
    "total": "total",
    "outstanding": "outstanding amount",
}

_VAT_KEY = ["invoice_id", "vat_category", "vat_rate_bp"]
_ADDRESS = ("street", "postcode", "city", "country")

LINES: Final = (*_VAT_KEY, "net_cents")
VAT_BREAKDOWN: Final = (*_VAT_KEY, "taxable_cents", "tax_cents")
CUSTOMERS: Final = ("customer_id", "name", *_ADDRESS)
"""The columns that the checks need of these tables."""


def approval_faults(batch: Batch, invoice_date: pd.Timestamp) -> pd.DataFrame:
    """Every fault of every document of a batch.

    Args:
        batch: invoices with their lines (`LINES`), vat_breakdown (`VAT_BREAKDOWN`), allowance_charges,
            customers (`CUSTOMERS`), company_accounts, number_ranges and number_counters.
        invoice_date: the date the documents would get.

    Returns:
        invoice_id int64, reason str: one row a fault, in the order of the checks.
    """
    invoices = batch.invoices
    checks = (
        _customer(invoices, batch["customers"]),
        _account(invoices, batch["company_accounts"]),
        _lines(invoices, batch["lines"]),
        _decimals(invoices),
        _totals(invoices),
        _vat(invoices, batch),
        _preceding(invoices, invoice_date),
        _series(invoices, batch["number_ranges"], batch["number_counters"], invoice_date),
    )
    found = pd.concat([fault for check in checks for fault in check], ignore_index=True)
    return found.astype({"invoice_id": "int64", "reason": "str"})


def _fault(ids: pd.Series, reason: "pd.Series | str") -> pd.DataFrame:
    return pd.DataFrame({"invoice_id": ids, "reason": reason})


def _customer(invoices: pd.DataFrame, customers: pd.DataFrame) -> Iterable[pd.DataFrame]:
    known = customers[["customer_id"]].assign(lacking=_lacking(customers))
    rows = invoices[["invoice_id", "customer_id"]].merge(known, on="customer_id", how="left")
    missing = rows["customer_id"].isna()
    yield _fault(rows["invoice_id"][missing], "no customer is named on the invoice: import it with one")
    unknown = rows[~missing & rows["lacking"].isna()]
    text = "customer " + unknown["customer_id"] + " is not known: import it, then approve again"
    yield _fault(unknown["invoice_id"], text)
    bare = rows[~missing & rows["lacking"].fillna("").ne("")]
    text = "complete customer " + bare["customer_id"] + ": " + bare["lacking"] + ", then approve again"
    yield _fault(bare["invoice_id"], text)


def _lacking(customers: pd.DataFrame) -> "pd.Series[str]":
    """What is missing of a name and an address, by commas; empty: nothing."""
    fields = ("name", *_ADDRESS)
    blank = np.column_stack([_blank(customers[field]) for field in fields])
    lacking = np.full(len(customers), "", dtype=object)
    some = np.flatnonzero(blank.any(axis=1))
    lacking[some] = [", ".join(compress(fields, row)) for row in blank[some]]
    return pd.Series(lacking, index=customers.index, dtype="str")


def _blank(values: pd.Series) -> np.ndarray:
    return (values.isna() | (values.str.strip() == "")).to_numpy(bool)


def _account(invoices: pd.DataFrame, accounts: pd.DataFrame) -> Iterable[pd.DataFrame]:
    named = accounts[["company_account_id", "currency"]].rename(columns={"currency": "expected"})
    rows = invoices[["invoice_id", "company_account_id", "currency"]].merge(
        named, on="company_account_id", how="left"
    )
    unknown = rows["expected"].isna()
    yield _fault(
        rows["invoice_id"][unknown],
        "company account "
        + rows["company_account_id"][unknown]
        + " is not known: import it, then approve again",
    )
    wrong = ~unknown & (rows["currency"] != rows["expected"])
    yield _fault(
        rows["invoice_id"][wrong],
        "currency: "
        + rows["currency"][wrong]
        + ", but the company account invoices in "
        + rows["expected"][wrong],
    )


def _lines(invoices: pd.DataFrame, lines: pd.DataFrame) -> Iterable[pd.DataFrame]:
    sums = lines.groupby("invoice_id")["net_cents"].sum()
    found = invoices["invoice_id"].map(sums)
    none = found.isna()
    yield _fault(invoices["invoice_id"][none], "lines: there is none")
    off = ~none & (found != invoices["line_total_cents"])
    yield _amounts_differ(invoices, off, "line_total", invoices["line_total_cents"], found, "the lines make")


def _amounts_differ(
    invoices: pd.DataFrame, where: pd.Series, field: str, have: pd.Series, want: pd.Series, what: str
) -> pd.DataFrame:
    texts = [
        f"the {_FIELDS[field]} does not add up: it is {format_cents(a)}, {what} {format_cents(b)}"
        for a, b in zip(have[where], want[where].astype("int64"), strict=True)
    ]
    return _fault(invoices["invoice_id"][where], pd.Series(texts, index=invoices.index[where], dtype="str"))


def _decimals(invoices: pd.DataFrame) -> Iterable[pd.DataFrame]:
    """Amounts have the decimals of their currency (ISO 4217)."""
    unit = unit_cents(invoices["currency"].astype("str"))
    for field in ("net_total", "vat_total", "total", "outstanding"):
        have = invoices[f"{field}_cents"]
        broken = have % unit != 0
        shown = have[broken].map(format_cents).astype("str")
        currency = invoices["currency"][broken].astype("str")
        texts = f"the {_FIELDS[field]} is " + shown + ", but " + currency + " has no decimals"
        yield _fault(invoices["invoice_id"][broken], texts)


def _totals(invoices: pd.DataFrame) -> Iterable[pd.DataFrame]:
    net = invoices["line_total_cents"] - invoices["allowance_total_cents"] + invoices["charge_total_cents"]
    gross = invoices["net_total_cents"] + invoices["vat_total_cents"]
    due = (
        invoices["total_cents"] - invoices["prepaid_cents"] + invoices["rounding_cents"]
        - invoices["paid_cents"] - invoices["credited_cents"]
    )  # fmt: skip
    for field, want, what in (
        ("net_total", net, "lines, allowances and charges make"),
        ("total", gross, "net total and VAT make"),
        ("outstanding", due, "total, prepaid, rounding and payments make"),
    ):
        have = invoices[f"{field}_cents"]
        yield _amounts_differ(invoices, have != want, field, have, want, what)


def _vat(invoices: pd.DataFrame, batch: Batch) -> Iterable[pd.DataFrame]:
    """VAT per category and rate: taxable amounts, rates and their sum (BR-CO-14, BR-CO-17, BR-S-08)."""
    charges = batch["allowance_charges"]
    untaxed = charges["line_no"].isna() & charges["vat_category"].isna()
    yield _fault(
        charges["invoice_id"][untaxed].drop_duplicates(),
        "allowances: one on the document has no VAT category (BR-32, BR-37)",
    )
    expected = _taxable(batch["lines"], charges)
    given = batch["vat_breakdown"][list(VAT_BREAKDOWN)]
    has_breakdown = expected["invoice_id"].isin(given["invoice_id"])
    both = (
        expected[has_breakdown]
        .merge(given, on=_VAT_KEY, how="outer")
        .fillna({"expected_cents": 0, "taxable_cents": 0, "tax_cents": 0, "lines": 1})
    )
    off = both[both["expected_cents"] != both["taxable_cents"]]
    yield _fault(
        off["invoice_id"],
        _vat_texts(off, "taxable_cents", "expected_cents", "taxable amount", "the lines make"),
    )
    currencies = invoices.set_index("invoice_id")["currency"].astype("str")
    unit = unit_cents(both["invoice_id"].map(currencies).astype("str"))
    both["want_cents"] = tax_cents(both["taxable_cents"], both["vat_rate_bp"], unit)
    off = both[(both["tax_cents"] - both["want_cents"]).abs() > both["lines"] * unit]
    yield _fault(
        off["invoice_id"],
        _vat_texts(off, "tax_cents", "want_cents", "VAT", "rate times taxable amount makes"),
    )
    computed = expected[~has_breakdown]
    unit = unit_cents(computed["invoice_id"].map(currencies).astype("str"))
    tax = tax_cents(computed["expected_cents"], computed["vat_rate_bp"], unit)
    computed = computed.assign(tax_cents=tax, slack=computed["lines"] * unit)
    yield from _vat_sum(invoices, pd.concat([both.assign(slack=0), computed]))


def _taxable(lines: pd.DataFrame, allowance_charges: pd.DataFrame) -> pd.DataFrame:
    """Taxable amount per document, category and rate: invoice_id, …, expected_cents, lines int64."""
    amounts = lines[list(LINES)]
    document = allowance_charges[allowance_charges["line_no"].isna()]
    sign = np.where(document["is_charge"], 1, -1)
    extra = document.assign(net_cents=document["amount_cents"] * sign)[[*_VAT_KEY, "net_cents"]]
    extra = extra.assign(vat_rate_bp=extra["vat_rate_bp"].fillna(0).astype("int64"))
    both = pd.concat([amounts, extra], ignore_index=True)
    grouped = both.groupby(_VAT_KEY, as_index=False, dropna=False)["net_cents"].agg(["sum", "size"])
    return grouped.rename(columns={"sum": "expected_cents", "size": "lines"})


def _vat_texts(rows: pd.DataFrame, have: str, want: str, noun: str, what: str) -> pd.Series:
    texts = [
        f"the {noun} at VAT {rate / 100:g} % (category {category}) does not add up:"
        f" it is {format_cents(a)}, {what} {format_cents(b)}"
        for category, rate, a, b in zip(
            rows["vat_category"], rows["vat_rate_bp"], rows[have], rows[want], strict=True
        )
    ]
    return pd.Series(texts, index=rows.index, dtype="str")


def _vat_sum(invoices: pd.DataFrame, rates: pd.DataFrame) -> Iterable[pd.DataFrame]:
    sums = rates.groupby("invoice_id")[["tax_cents", "slack"]].sum()
    tax = invoices["invoice_id"].map(sums["tax_cents"])
    slack = invoices["invoice_id"].map(sums["slack"]).fillna(0)
    off = tax.notna() & ((invoices["vat_total_cents"] - tax.fillna(0)).abs() > slack)
    yield _amounts_differ(
        invoices, off, "vat_total", invoices["vat_total_cents"], tax, "VAT per rate adds up to (BR-CO-14)"
    )


def _preceding(invoices: pd.DataFrame, invoice_date: pd.Timestamp) -> Iterable[pd.DataFrame]:
    """A credit or correction note is not older than the invoice it names (BT-26)."""
    early = invoices[invoices["preceding_date"] > invoice_date]
    text = f"invoice_date: {invoice_date:%Y-%m-%d} lies before that of the invoice it credits or corrects, "
    yield _fault(early["invoice_id"], text + early["preceding_date"].dt.strftime("%Y-%m-%d"))


def _series(
    invoices: pd.DataFrame, ranges: pd.DataFrame, counters: pd.DataFrame, invoice_date: pd.Timestamp
) -> Iterable[pd.DataFrame]:
    """A series whose dates must ascend takes no date before its last one."""
    wanted = number_series.requests(invoices.assign(invoice_date=invoice_date), ranges)
    rows = number_series.in_series(wanted, ranges, counters)
    early = rows[rows["dates_ascend"].eq(True) & (rows["last_date"] > invoice_date)]
    text = f"invoice_date: {invoice_date:%Y-%m-%d} lies before the last date of its number series, "
    yield _fault(early["invoice_id"], text + early["last_date"].dt.strftime("%Y-%m-%d"))
