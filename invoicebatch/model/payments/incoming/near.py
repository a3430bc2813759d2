"""Numbers that a slip of the pen makes of one another: a digit wrong, lost, doubled, or two swapped."""

from typing import Final

import pandas as pd

from invoicebatch.model.payments.incoming.texts import PIECE, without_zeros

SAME: Final = ["customer_id", "account_iban", "currency", "outstanding_cents"]
_MOST: Final = 50


def is_near(one: str, other: str) -> bool:
    """Whether one number may be a slip for the other; neither holds anything but letters and digits.

    >>> is_near("F202612", "F202621"), is_near("F202612", "F20261"), is_near("F202612", "F202653")
    (True, True, False)
    """
    if len(one) == len(other):
        off = [place for place in range(len(one)) if one[place] != other[place]]
        swapped = len(off) == 2 and (one[off[0]], one[off[1]]) == (other[off[1]], other[off[0]])
        return len(off) == 1 or swapped
    short, long = sorted((one, other), key=len)
    return len(long) - len(short) == 1 and any(
        long[:place] + long[place + 1 :] == short for place in range(len(long))
    )


def mistakable(hits: pd.DataFrame, documents: pd.DataFrame) -> "pd.Series[bool]":
    """Which named documents a slip could have meant another of: one of the customer with the same open amount.

    Args:
        hits: payment_id, invoice_id, `SAME` and number of named documents.
        documents: invoice_id, `SAME`, number of all open ones of their customers.
    """
    pairs = hits[["payment_id", "invoice_id", "number", *SAME]].reset_index(names="row")
    many = documents.groupby(SAME)["invoice_id"].transform("size").gt(_MOST)
    crowded = hits["invoice_id"].isin(documents.loc[many, "invoice_id"])
    others = documents.loc[~many, ["invoice_id", "number", *SAME]]
    both = pairs.merge(others, on=SAME, suffixes=("", "_other"))
    both = both[both["invoice_id"].ne(both["invoice_id_other"])]
    near = [
        is_near(_plain(one), _plain(other)) or is_near(_short(one), _short(other))
        for one, other in zip(both["number"], both["number_other"], strict=True)
    ]
    named = pd.MultiIndex.from_frame(hits[["payment_id", "invoice_id"]])
    also = pd.MultiIndex.from_frame(both[["payment_id", "invoice_id_other"]]).isin(named)
    rows = both.loc[pd.Series(near, index=both.index, dtype="bool") & ~also, "row"]
    return crowded | hits.index.to_series().isin(rows)


def _plain(number: str) -> str:
    return "".join(c for c in number.upper() if c.isalnum())


def _short(number: str) -> str:
    """A number as people write it without its zeros."""
    pieces = PIECE.findall(number.upper())
    return ".".join(without_zeros(piece) if piece.isdigit() else piece for piece in pieces)
