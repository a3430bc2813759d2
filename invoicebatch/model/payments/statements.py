"""Whole account statements: whose account they are of, whether they add up, which one is missing."""

from collections.abc import Collection
from typing import Final

import pandas as pd

from invoicebatch.model.money import format_cents

_LEAST_DIGITS: Final = 6
"""Fewer digits of a national account number could be any account's end."""


def own_account(account: str, ours: Collection[str]) -> str:
    """Our IBAN that a statement's account means, or the account as it is.

    Some banks give the national number, or the IBAN with its currency.
    """
    if account in ours or len(account) < _LEAST_DIGITS:
        return account
    return next((iban for iban in ours if iban.endswith(account) or account[:-3] == iban), account)


def foreign(statements: pd.DataFrame, ours: Collection[str]) -> pd.DataFrame:
    """Statements of accounts that are not ours: end_to_end_id (the statement's id), reason."""
    rows = statements[~statements["account_iban"].isin(ours)]
    account = rows["account_iban"].mask(rows["account_iban"].eq(""), "without a number")
    reason = "the statement is of account " + account + ", which is none of ours; nothing of it was kept"
    return pd.DataFrame({"end_to_end_id": rows["statement_id"], "reason": reason})


def unbalanced(statements: pd.DataFrame) -> pd.DataFrame:
    """Statements whose opening balance and entries do not make the closing one: end_to_end_id, reason."""
    opening, closing, sums = (statements[f"{name}_cents"] for name in ("opening", "closing", "sum"))
    rows = statements[(opening + sums).ne(closing).fillna(False).astype(bool)]
    texts = {
        name: rows[f"{name}_cents"].map(format_cents).astype("str") for name in ("opening", "closing", "sum")
    }
    reason = (
        "statement of " + rows["account_iban"] + ": opening balance " + texts["opening"] + " and entries of "
        + texts["sum"] + " do not make the closing balance " + texts["closing"]
    )  # fmt: skip
    return pd.DataFrame({"end_to_end_id": rows["statement_id"], "reason": reason})


def gaps(known: pd.DataFrame, new: pd.DataFrame) -> list[str]:
    """A sentence for each gap in the numbers of an account's statements that a new one shows.

    A number that is not above the one before it begins a new sequence.

    Args:
        known: rows of `bank_statements` read before.
        new: rows read now.
    """
    columns = ["account_iban", "made_at", "statement_no"]
    both = pd.concat([known[columns].assign(new=False), new[columns].assign(new=True)], ignore_index=True)
    rows = both[both["statement_no"].notna()].sort_values(columns, kind="stable")
    before = rows.groupby("account_iban")["statement_no"].shift()
    shown = rows["new"] | rows.groupby("account_iban")["new"].shift(fill_value=False)
    number = rows["statement_no"]
    first = (before + 1).where(number > before, 1)
    hit = (shown & before.notna() & number.ne(before) & (first < number)).fillna(False).astype(bool)
    return [
        f"statement {a} of {account} is missing"
        if a == b
        else f"statements {a} to {b} of {account} are missing"
        for account, a, b in zip(rows["account_iban"][hit], first[hit], number[hit] - 1, strict=True)
    ]
