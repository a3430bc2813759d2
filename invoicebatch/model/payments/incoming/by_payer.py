"""What speaks for the open documents of a payer who names none that is found: its account and the amount."""

from typing import Final

import pandas as pd

from invoicebatch.model.payments.incoming import rules
from invoicebatch.model.payments.incoming.by_text import LEDGER, Open, filled, with_debit
from invoicebatch.model.payments.incoming.sums import parts_of

_MOST_ALIKE: Final = 5
"""Documents of one amount that are proposed for one payment."""


def by_payer(payments: pd.DataFrame, around: Open, most: int) -> pd.DataFrame:
    """Proposals for payments whose payer is known by its account.

    Args:
        payments: as of `hits_of`, with `named` and `loose` bool: its text names documents, or may; repeated:
            see `payers.repeated`.
        around: see `Open`.
        most: of so many open documents sums are tried.

    Returns:
        as `by_text`, with choice int64: which of a payment's proposals by one rule it is.
    """
    known = payments[payments["iban"].ne("")].merge(around.payers, on="iban")
    documents = around.documents.sort_values(["due_date", "invoice_id"], kind="stable", ignore_index=True)
    debited = documents.assign(debited=documents["debit"].ne(""))
    ledgers = debited.groupby(LEDGER, as_index=False).agg(
        total=("outstanding_cents", "sum"), size=("invoice_id", "size"), newest=("invoice_date", "max"),
        debited=("debited", "any"), plans=("payment_plan_id", "nunique"),
        planned=("payment_plan_id", "count"),
    )  # fmt: skip
    rows = known.merge(ledgers, on=LEDGER)
    sure = rows["customers"].eq(1) & ~rows["named"] & ~rows["loose"] & ~rows["repeated"] & ~rows["debited"]
    rows = rows.assign(certain=sure & ~rows["newest"].gt(rows["booked_on"]))
    whole = rows[rows["total"].eq(rows["amount_cents"]) & ~rows["newest"].gt(rows["booked_on"])]
    found = [_taken(whole, documents, rules.ALL_OPEN), _instalments(rows, documents, around.instalments)]
    found.append(
        _amounts(rows[rows["size"].gt(1) | ~rows["payment_id"].isin(whole["payment_id"])], documents)
    )
    done = pd.concat([part["payment_id"] for part in found])
    found.append(_sums(rows[~rows["payment_id"].isin(done) & rows["size"].gt(1) & rows["total"].gt(rows["amount_cents"])], documents, most))  # fmt: skip
    return pd.concat(found, ignore_index=True)


def _rows(found: pd.DataFrame, rule: "str | pd.Series[str]", cents: "pd.Series[int]") -> pd.DataFrame:
    none = pd.Series("", index=found.index, dtype="str")
    remark = with_debit(found.get("remark", none), found["debit"])
    choice = found.get("choice", 1)
    rows = found[["payment_id", "invoice_id", "certain"]]
    return rows.assign(cents=cents.astype("int64"), rule=rule, beyond=False, remark=remark, choice=choice)


def _taken(rows: pd.DataFrame, documents: pd.DataFrame, rule: str) -> pd.DataFrame:
    """All open documents of the ledger."""
    both = rows.merge(documents, on=LEDGER)
    return _rows(both, rule, both["outstanding_cents"])


def _instalments(rows: pd.DataFrame, documents: pd.DataFrame, instalments: pd.DataFrame) -> pd.DataFrame:
    """The instalment that is due next, over the documents of its plan."""
    left = instalments.assign(open_cents=instalments["amount_cents"] - instalments["paid_cents"])
    due = left[left["open_cents"].gt(0)].sort_values(["plan_id", "instalment_no"]).drop_duplicates("plan_id")
    due = due[["plan_id", "open_cents"]].rename(
        columns={"plan_id": "payment_plan_id", "open_cents": "amount_cents"}
    )
    both = rows.merge(documents[documents["payment_plan_id"].notna()], on=LEDGER)
    both = both.merge(due, on=["payment_plan_id", "amount_cents"])
    only = both["plans"].eq(1) & both["planned"].eq(both["size"])
    cents = filled(both, ["payment_id", "payment_plan_id"])
    rule = only.map({True: rules.ONLY_INSTALMENT, False: rules.INSTALMENT}).astype("str")
    choice = both.groupby("payment_id")["payment_plan_id"].transform(lambda plans: pd.factorize(plans)[0] + 1)
    found = _rows(both.assign(choice=choice.astype("int64")), rule, cents)
    return found[found["cents"].gt(0)]


def _amounts(rows: pd.DataFrame, documents: pd.DataFrame) -> pd.DataFrame:
    """Each document of which exactly the amount is open."""
    same = documents.assign(amount_cents=documents["outstanding_cents"])
    same = same[same.groupby([*LEDGER, "amount_cents"]).cumcount().lt(_MOST_ALIKE)]
    both = rows.merge(same, on=[*LEDGER, "amount_cents"])
    both = both[~both["invoice_date"].gt(both["booked_on"])]
    choice = both.groupby("payment_id").cumcount() + 1
    return _rows(both.assign(choice=choice), rules.AMOUNT, both["outstanding_cents"])


def _sums(rows: pd.DataFrame, documents: pd.DataFrame, most: int) -> pd.DataFrame:
    """Some documents that together are open with exactly the amount."""
    of_payers = documents.merge(rows[LEDGER].drop_duplicates(), on=LEDGER)
    oldest = of_payers[of_payers.groupby(LEDGER).cumcount().lt(most)]
    lists = {
        key: (part["outstanding_cents"].tolist(), part["invoice_id"].tolist())
        for key, part in oldest.groupby(LEDGER)
    }
    found = [
        (payment, ids[place], cents[place], choice, size > most)
        for payment, size, amount, *key in zip(
            *(rows[name] for name in ("payment_id", "size", "amount_cents", *LEDGER)), strict=True
        )
        for cents, ids in (lists[tuple(key)],)
        for choice, places in enumerate(parts_of(amount, cents), 1)
        for place in places
    ]
    table = pd.DataFrame(found, columns=["payment_id", "invoice_id", "cents", "choice", "cut"])
    table = table.merge(rows[["payment_id", "certain"]].drop_duplicates("payment_id"), on="payment_id")
    table = table.merge(documents[["invoice_id", "debit"]], on="invoice_id")
    remark = table["cut"].map({True: f"of the {most} oldest documents only", False: ""}).astype("str")
    return _rows(table.assign(remark=remark), rules.SUM, table["cents"])
