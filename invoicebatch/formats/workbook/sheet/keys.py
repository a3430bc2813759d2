"""The check value of a sheet's row: shows that a row's key and what it shows still belong together.

It guards against accidents (a key overwritten, columns sorted apart), not against forgery: whether
an action is allowed is judged anew when a sheet runs.
"""

import hashlib
from collections.abc import Iterable
from typing import Any


def row_checks(selection_id: str, rows: Iterable[tuple[Any, ...]]) -> list[str]:
    """Check values of rows of (invoice_id, version, number, customer_id, total in cents).

    The number and customer id count without the leading zeros that spreadsheets like to drop.
    """
    start = hashlib.blake2b(selection_id.encode(), digest_size=5)
    checks = []
    for invoice_id, version, number, customer_id, cents in rows:
        digest = start.copy()
        digest.update(f"|{invoice_id}|{version}|{plain(number)}|{plain(customer_id)}|{cents}".encode())
        checks.append("k" + digest.hexdigest())
    return checks


def plain(value: Any) -> str:
    """A text as the check sees it: missing is empty, without leading zeros and outer space."""
    if value is None or value != value:  # noqa: PLR0124  (NaN)
        return ""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return str(value).strip().lstrip("0")
