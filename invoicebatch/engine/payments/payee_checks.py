"""What a bank's status report says of payees' names (verification of payee), kept with each payment.

Codes: ISO 20022 external code sets, ExternalPaymentTransactionStatus1Code (RCVC complete without mismatching data,
RVMC matching closely, RVNM and RVCM mismatching, RVNA not applicable, RVNC not yet completed) and
ExternalPaymentGroupStatus1Code (RCVC, RVCM and RVNC alone).
"""

from typing import TYPE_CHECKING, Final

import pandas as pd

from invoicebatch.store import Session

if TYPE_CHECKING:
    from invoicebatch.ingest.bank.report import BankReport

_OF_GROUP: Final = {"RCVC": "match", "RVMC": "close", "RVNM": "none", "RVNA": "impossible"}
PAYEE_CHECKS: Final = {**_OF_GROUP, "RVCM": "none"}
"""What was found of a name and its account, by status of a payment; a group of RVCM holds one, its payments say which."""

OF_WHOLE: Final = (*PAYEE_CHECKS, "RVNC")
"""Statuses that decide nothing of the payment itself, of whatever level."""

DOUBTED: Final = ("close", "none")
_LEVELS: Final = {
    "transaction": ("end_to_end_id", PAYEE_CHECKS),
    "group": ("payment_information_id", _OF_GROUP),
}


def keep_payee_checks(session: Session, report: "BankReport", now: pd.Timestamp) -> list[str]:
    """Note on our payments what the report says of their names; a sentence a result.

    A payment's own status goes before its group's.
    """
    entries = report.entries[report.entries["status"].isin(PAYEE_CHECKS)]
    if entries.empty or not report.message.startswith("pain.002"):
        return []
    found = []
    for level, (key, words) in _LEVELS.items():
        rows = (
            entries[entries["level"].eq(level) & entries["status"].isin(words)]
            .drop_duplicates(key, keep="last")
            .set_index(key)
        )
        items = session.rows_of("bundle_items", key, rows.index.to_series())[["bundle_id", "item_no", key]]
        said = rows["status"].map(words) + (": " + rows["reason"]).where(rows["reason"].ne(""), "")
        found.append(items.assign(payee_check=items[key].map(said))[["bundle_id", "item_no", "payee_check"]])
    checks = pd.concat(found).drop_duplicates(["bundle_id", "item_no"]).reset_index(drop=True)
    session.update("bundle_items", checks, now.to_pydatetime())
    results = checks["payee_check"].str.extract("^([^:]*)", expand=False).value_counts(sort=False)
    return [f"names of payees: {count:,} {result}" for result, count in results.items()]


def doubted(items: pd.DataFrame) -> pd.DataFrame:
    """Waiting payments whose name is close to the account's or does not match it."""
    found = items["payee_check"].fillna("").astype("str")
    return items[found.str.match(f"({'|'.join(DOUBTED)})(:|$)")]
