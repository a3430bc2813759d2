"""What the bank answered to recalls: said of each payment, whatever level it was said at. Frames in, frames out."""

from typing import Final

import pandas as pd

ACCEPTED: Final = "ACCR"
REFUSED: Final = "RJCR"
PENDING: Final = "PDCR"
ANSWERS: Final = (ACCEPTED, REFUSED, PENDING)
"""ISO 20022 CancellationIndividualStatus1Code; a group may also be PACR, in part: its payments say which."""

RECALLED: Final = "recalled"
"""Why a payment left its bundle that the bank gave back."""

NOT_RECALLED: Final = "nothing of it is recalled"

_DEBIT: Final = "end_to_end_id"
_LEVELS: Final = (("group", "payment_information_id"), ("message", "message_id"))


def of_payments(entries: pd.DataFrame, items: pd.DataFrame) -> pd.DataFrame:
    """The entries of an answer, each about a payment: what is said of a group or message is about what was recalled of it.

    The nearest level that answers counts. An answer that names nothing of ours stays, to be named. Nothing else
    follows a recall than that the payment is free: a reason is kept in words only.

    Args:
        entries: of a `BankReport` that answers recalls.
        items: rows of `bundle_items` it may be about, with the message_id of their bundle.
    """
    words = (entries["reason_code"] + " " + entries["reason"]).str.strip()
    taken = entries["status"].eq(ACCEPTED)
    rows = entries.assign(reason=words.mask(taken, (RECALLED + " " + words).str.strip()), reason_code="")
    answers = rows[rows["status"].isin(ANSWERS)]
    found = [answers[answers["level"].eq("transaction")]]
    recalled = items[items["recalled_at"].notna()].drop_duplicates(_DEBIT)
    for level, key in _LEVELS:
        whole = answers[answers["level"].eq(level)]
        none = whole[key].isin(items[key]) & ~whole[key].isin(recalled[key])
        strange = whole.assign(fault=whole["fault"].mask(none, NOT_RECALLED), level="transaction")
        rest = recalled.loc[~recalled[_DEBIT].isin(pd.concat(found)[_DEBIT]), [_DEBIT, key]]
        found += [
            strange[~whole[key].isin(recalled[key])],
            whole.drop(columns=_DEBIT).merge(rest, on=key).assign(level="transaction"),
        ]
    answered = pd.concat([part for part in found if len(part)] or found[:1], ignore_index=True)
    return answered[entries.columns].assign(position=answered.index.astype("int64"))
