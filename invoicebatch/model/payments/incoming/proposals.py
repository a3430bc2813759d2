"""Which open documents incoming payments pay, by which evidence, and which are booked by themselves.

Pure: payments and open documents in, proposals out. What is booked by itself must never be wrong, so whatever
speaks against it, or for something else as well, makes it a proposal.
"""

from typing import Final

import pandas as pd

from invoicebatch.model.payments.incoming import rules as evidence
from invoicebatch.model.payments.incoming.by_payer import by_payer
from invoicebatch.model.payments.incoming.by_text import Open, by_text, hits_of
from invoicebatch.model.payments.incoming.numbers import REFERENCE
from invoicebatch.model.payments.incoming.payers import iban_key
from invoicebatch.model.payments.incoming.texts import is_loose, whole_texts

COLUMNS: Final = {
    "payment_id": "str", "proposal": "int64", "invoice_id": "int64", "number": "str", "cents": "int64",
    "rule": "str", "evidence": "str", "books": "bool", "beyond": "bool",
}  # fmt: skip


def propose(
    payments: pd.DataFrame,
    keys: pd.DataFrame,
    pairs: pd.DataFrame,
    around: Open,
    rules: evidence.Rules,
    tolerance: int = 0,
) -> pd.DataFrame:
    """What incoming payments may pay, the best first.

    Args:
        payments: payment_id, account_iban, booked_on, currency, amount_cents (what is left of it), payer,
            payer_iban and the texts of `incoming_payments`; repeated bool, see `payers.repeated`.
        keys: what their texts name, see `numbers.keys_of`.
        pairs: which documents that is, see `numbers.named`.
        around: see `by_text.Open`.
        rules: see `rules.Evidence`.
        tolerance: cents by which an amount may be short.

    Returns:
        `COLUMNS`: a row a payment, proposal (from 1, the best first) and document; cents: what it pays of it;
        books: it is certain, and may be booked by itself; beyond: more than is open, the rest is the customer's
        credit. No document is in two proposals that book: the others wait until the first ones are booked.
    """
    whole = _with_payer(payments, around.payers)
    hits = hits_of(whole, pairs, around)
    named = by_text(hits, _unknown(keys, hits, whole), around, tolerance).assign(choice=1)
    texts = whole_texts(payments)
    loose = texts.index.map(dict(zip(texts.index, map(is_loose, texts), strict=True)))
    sure = named.loc[named["certain"], "payment_id"]
    rest = whole.assign(named=whole["payment_id"].isin(hits["payment_id"]), loose=loose.astype(bool))
    unnamed = by_payer(rest[~rest["payment_id"].isin(sure)], around, rules[evidence.SUM].most)
    taken = unnamed["invoice_id"].isin(hits["invoice_id"])
    spoiled = unnamed.loc[taken, "payment_id"]
    unnamed = unnamed.assign(certain=unnamed["certain"] & ~unnamed["payment_id"].isin(spoiled))
    found = pd.concat([named, unnamed], ignore_index=True).drop_duplicates(
        ["payment_id", "rule", "choice", "invoice_id"]
    )
    return _ranked(found, hits, whole, around, rules)


def _with_payer(payments: pd.DataFrame, payers: pd.DataFrame) -> pd.DataFrame:
    """The payments, with how many customers' the payer's account is, and whose where it is one's."""
    ibans = iban_key(payments["payer_iban"])
    owners = payers.groupby("iban")["customer_id"].agg(["nunique", "first"])
    customers = ibans.map(owners["nunique"]).fillna(0).astype("int64")
    owner = ibans.map(owners["first"]).where(customers.eq(1))
    return payments.assign(iban=ibans, customers=customers, owner=owner.astype("str"))


def _unknown(keys: pd.DataFrame, hits: pd.DataFrame, payments: pd.DataFrame) -> "pd.Series[bool]":
    """By payment id: whether it has a reference, right by its check digits, that no open document prints."""
    tokens = keys.loc[keys["kind"].eq(REFERENCE), ["payment_id", "token"]].drop_duplicates()
    known = pd.MultiIndex.from_frame(hits.loc[hits["by_reference"], ["payment_id", "token"]])
    lost = tokens.loc[~pd.MultiIndex.from_frame(tokens).isin(known), "payment_id"]
    ids = payments["payment_id"]
    return pd.Series(ids.isin(lost).to_numpy(), index=ids)


def _ranked(
    found: pd.DataFrame, hits: pd.DataFrame, payments: pd.DataFrame, around: Open, rules: evidence.Rules
) -> pd.DataFrame:
    """Proposals in order, those that book marked."""
    order = found["rule"].map({name: rule.order for name, rule in rules.items()})
    rows = found.assign(order=order).sort_values(
        ["payment_id", "order", "choice"], kind="stable", ignore_index=True
    )
    group = rows.groupby("payment_id")
    rule_no = rows["rule"].ne(group["rule"].shift()) | rows["choice"].ne(group["choice"].shift())
    rows = rows.assign(proposal=rule_no.astype("int64").groupby(rows["payment_id"]).cumsum())
    same = rows.groupby(["payment_id", "rule"])["choice"].transform("nunique").eq(1)
    books = rows["rule"].map({name: rule.books for name, rule in rules.items()}).astype(bool)
    rows = rows.assign(books=books & rows["certain"] & rows["proposal"].eq(1) & same)
    rows = rows.assign(books=_first_of_document(rows, payments))
    rows = rows.merge(around.documents[["invoice_id", "number"]], on="invoice_id")
    token = hits[hits["by_reference"]].set_index(["payment_id", "invoice_id"])["token"]
    rows = rows.assign(evidence=_words(rows, token))
    rows = rows.sort_values(["payment_id", "proposal"], kind="stable", ignore_index=True)
    return rows[list(COLUMNS)].astype(COLUMNS)


def _first_of_document(rows: pd.DataFrame, payments: pd.DataFrame) -> "pd.Series[bool]":
    """Of proposals that book and share a document only the one with the best evidence does now, then the oldest."""
    booking = rows[rows["books"]].merge(payments[["payment_id", "booked_on"]], on="payment_id")
    booking = booking.sort_values(["order", "booked_on", "payment_id"], kind="stable")
    first = booking.groupby("invoice_id")["payment_id"].transform("first").eq(booking["payment_id"])
    late = booking.loc[~first, "payment_id"]
    return rows["books"] & ~rows["payment_id"].isin(late)


def _words(rows: pd.DataFrame, token: "pd.Series[str]") -> "pd.Series[str]":
    """The evidence as people read it, with what speaks against it."""
    words = rows["rule"].map(dict(evidence.WORDS)).astype("str")
    key = pd.MultiIndex.from_frame(rows[["payment_id", "invoice_id"]])
    tokens = pd.Series(token.reindex(key).to_numpy(), index=rows.index, dtype="str")
    told = (" " + tokens).where(rows["rule"].eq(evidence.REFERENCE), "").fillna("")
    but = ("; but " + rows["remark"]).where(rows["remark"].ne(""), "")
    return words + told + but
