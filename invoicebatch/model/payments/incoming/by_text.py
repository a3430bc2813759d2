"""What speaks for the documents that a payment's text names, and whether it is certain."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from invoicebatch.model.payments.incoming import rules
from invoicebatch.model.payments.incoming.near import mistakable
from invoicebatch.model.payments.incoming.numbers import PLAIN, REFERENCE, exact
from invoicebatch.model.payments.incoming.payers import name_key

OF_PAYMENT = [
    "payment_id",
    "account_iban",
    "currency",
    "booked_on",
    "amount_cents",
    "payer",
    "customers",
    "owner",
]
LEDGER = ["customer_id", "account_iban", "currency"]


@dataclass(frozen=True, slots=True)
class Open:
    """What payments are matched with.

    Attributes:
        documents: open ones: invoice_id, number, remittance_reference, account_iban,
            customer_id, customer_name, currency, outstanding_cents, invoice_date, due_date, payment_plan_id,
            debit (what is known of its direct debit, in words; empty: there is none); all of the payers'
            customers, and of the customers of named documents.
        payers: iban, customer_id, see `payers.known_payers`.
        instalments: of their plans: plan_id, instalment_no, amount_cents, paid_cents.
        namesakes: names that several customers bear.
    """

    documents: pd.DataFrame
    payers: pd.DataFrame
    instalments: pd.DataFrame
    namesakes: frozenset[str] = frozenset()


def hits_of(payments: pd.DataFrame, pairs: pd.DataFrame, around: Open) -> pd.DataFrame:
    """Open documents that payments name, of the payment's currency and company account; a row a pair.

    Args:
        payments: `OF_PAYMENT`; customers int64: how many customers' the payer's account is, owner: that one.
        pairs: see `numbers.named`.
        around: see `Open`.

    Returns:
        payment and document, kind, by_reference bool, tokens (how many references name the payment's documents),
        stranger (the payer is known as another customer), backed (the payer is known as this one).
    """
    named = pairs.merge(around.documents, on="invoice_id")
    named = pd.concat([exact(named[named["kind"].eq(REFERENCE)]), named[named["kind"].ne(REFERENCE)]])
    better = named.loc[named["kind"].ne(PLAIN), "payment_id"]
    named = named[named["kind"].ne(PLAIN) | ~named["payment_id"].isin(better)]
    rows = named.merge(payments[OF_PAYMENT], on=["payment_id", "account_iban", "currency"])
    rows = rows.assign(by_reference=rows["kind"].eq(REFERENCE))
    tokens = rows[rows["by_reference"]].groupby("payment_id")["token"].nunique()
    rows = rows.sort_values("by_reference", ascending=False, kind="stable")
    rows = rows.drop_duplicates(["payment_id", "invoice_id"]).assign(
        tokens=rows["payment_id"].map(tokens).fillna(0)
    )
    his = rows["owner"].eq(rows["customer_id"]).fillna(False).astype(bool)
    nobody = rows["customers"].eq(0)
    unheard = rows[nobody & ~rows["customer_name"].isin(around.namesakes)]
    alike = _alike(unheard).reindex(rows.index, fill_value=False)
    return _in_order(rows.assign(stranger=~nobody & ~his, backed=his | alike))


def _alike(rows: pd.DataFrame) -> "pd.Series[bool]":
    names = [
        rows[name].map({text: name_key(text) for text in rows[name].dropna().unique()}).astype("str")
        for name in ("payer", "customer_name")
    ]
    return names[0].eq(names[1]) & names[0].fillna("").ne("")


def _in_order(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.sort_values(["payment_id", "due_date", "invoice_id"], kind="stable", ignore_index=True)


def filled(rows: pd.DataFrame, key: list[str]) -> "pd.Series[int]":
    """What of a payment's amount each of its documents takes, the first ones in full."""
    before = rows.groupby(key)["outstanding_cents"].cumsum() - rows["outstanding_cents"]
    return (
        (rows["amount_cents"] - before).clip(lower=0).combine(rows["outstanding_cents"], min).astype("int64")
    )


def by_text(hits: pd.DataFrame, unknown: "pd.Series[bool]", around: Open, tolerance: int) -> pd.DataFrame:
    """One proposal a payment: the documents it names.

    Args:
        hits: see `hits_of`.
        unknown: by payment id, whether its text has a reference that no open document prints.
        around: see `Open`.
        tolerance: cents by which an amount may be short of what is open.

    Returns:
        payment_id, invoice_id, cents int64, rule, certain bool, beyond bool, remark str.
    """
    counted = hits.groupby("payment_id")
    referred = counted["by_reference"].transform("sum")
    of_reference = hits[(referred == 0) | hits["by_reference"]].copy()
    of_reference["others"] = (counted["invoice_id"].transform("size") - referred).where(referred > 0, 0)
    rows = of_reference.reset_index(drop=True)
    groups = rows.groupby("payment_id")
    total, size = groups["outstanding_cents"].transform("sum"), groups["invoice_id"].transform("size")
    equal = (total - rows["amount_cents"]).between(0, tolerance)
    backed, stranger = groups["backed"].transform("all"), groups["stranger"].transform("any")
    reference = rows["by_reference"]
    numbered = rows[~reference]
    slips = numbered.loc[mistakable(numbered, around.documents), "payment_id"]
    slip = rows["payment_id"].isin(slips)
    clear = ~stranger & ~rows["payment_id"].map(unknown).astype(bool) & rows["others"].eq(0)
    sole = size.eq(rows["tokens"]) & (size.eq(1) | equal)
    rule = np.select(
        [reference, rows["kind"].eq(PLAIN), equal & backed & ~slip, equal],
        [rules.REFERENCE, rules.PLAIN_REFERENCE, rules.NUMBERS_AND_PAYER, rules.NUMBERS_AND_AMOUNT],
        rules.NUMBERS,
    )
    alone = rows.merge(around.documents.groupby(LEDGER, as_index=False).size(), on=LEDGER, how="left")[
        "size"
    ].eq(1)
    beyond = reference & sole & size.eq(1) & alone & rows["amount_cents"].gt(rows["outstanding_cents"])
    cents = filled(rows, ["payment_id"]).mask(beyond, rows["amount_cents"])
    collected = rows["debit"].ne("").groupby(rows["payment_id"]).transform("any")
    certain = clear & (~reference | sole) & ~(slip & ~reference) & ~collected
    found = rows[["payment_id", "invoice_id"]].assign(
        cents=cents,
        rule=pd.Series(rule, dtype="str"),
        certain=certain,
        beyond=beyond,
        remark=_remark(rows, stranger),
    )
    return found[found["cents"].gt(0)]


def _remark(rows: pd.DataFrame, stranger: "pd.Series[bool]") -> "pd.Series[str]":
    """What speaks against it."""
    who = "the payer is known as customer " + rows["owner"].fillna("").astype("str")
    many = rows["customers"].gt(1)
    words = who.mask(many, "the payer's account is of several customers")
    text = words.where(stranger, "")
    more = rows["others"].gt(0)
    text = text.mask(more & text.eq(""), "its text names other documents too")
    return with_debit(text, rows["debit"])


def with_debit(remark: "pd.Series[str]", debit: "pd.Series[str]") -> "pd.Series[str]":
    """A remark, and what is known of the direct debit."""
    return debit.mask(debit.eq(""), remark).mask(debit.ne("") & remark.ne(""), remark + "; " + debit)
