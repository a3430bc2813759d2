"""Checks of number ranges: a known series, and a pattern whose every number can be printed."""

import numpy as np
import pandas as pd

from invoicebatch.ingest.cells import Refusals
from invoicebatch.ingest.draft import Typed
from invoicebatch.ingest.ranges import PATTERNS
from invoicebatch.model.documents.number_patterns import pattern_fault
from invoicebatch.model.status import Series


def check_ranges(typed: Typed, refused: Refusals) -> None:
    """Refuse rows of an unknown series or with a pattern that can't be used, in place."""
    known = typed.frame["series"].isin([series.value for series in Series])
    reason = f"is no series; there are: {', '.join(Series)}"
    typed.refuse(typed.frame["series"].notna() & ~known, "series", reason, refused)
    _refuse_patterns(typed, "pattern", refused)


def check_patterns_of_accounts(typed: Typed, refused: Refusals) -> None:
    """Refuse accounts that name a pattern that can't be used, or whose id makes the usual one too long."""
    for column, usual in PATTERNS.values():
        if column in typed.frame:
            _refuse_patterns(typed, column, refused)
        given = typed.frame[column] if column in typed.frame else pd.Series(pd.NA, typed.frame.index)
        accounts = typed.frame["company_account_id"].fillna("")
        unfit = given.isna() & pd.Series([bool(pattern_fault(usual, a)) for a in accounts], given.index)
        reason = f"makes numbers too long: name a {column} of your own"
        typed.refuse(unfit, "company_account_id", reason, refused)


def _refuse_patterns(typed: Typed, column: str, refused: Refusals) -> None:
    patterns, accounts = typed.frame[column].fillna(""), typed.frame["company_account_id"].fillna("")
    faults = [
        pattern_fault(pattern, account) if pattern else ""
        for pattern, account in zip(patterns, accounts, strict=True)
    ]
    typed.refuse(np.array(faults, dtype=object) != "", column, faults, refused)
