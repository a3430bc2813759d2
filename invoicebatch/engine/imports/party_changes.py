"""What an import changes of a party that documents go to or are paid from: kept, for the review to tell."""

from datetime import datetime

import pandas as pd

from invoicebatch.engine.imports.same import same

_ADDRESS = ("street", "street_extra", "postcode", "city", "country")


def with_changes(table: str, frame: pd.DataFrame, current: pd.DataFrame, now: datetime) -> pd.DataFrame:
    """The changed rows of customers or mandates, with the address and account they had before, and the day.

    Args:
        table: others are given back as they are.
        frame: the rows as imported.
        current: the same rows as stored.
        now: of the import.
    """
    if table not in ("customers", "mandates"):
        return frame
    frame, stored = frame.copy(), current.reset_index(drop=True)
    day = pd.Series(pd.Timestamp(now).normalize().tz_localize(None).as_unit("s"), frame.index)
    watched = {"iban": ("iban",), "address": _ADDRESS if table == "customers" else ()}
    for name, columns in watched.items():
        given = [column for column in columns if column in frame.columns]
        other = pd.Series(False, frame.index)
        for column in given:
            other |= ~same(frame[column], stored[column])
        if not other.any():
            continue
        before = stored[list(columns)].apply(lambda row: ", ".join(row.dropna()), axis=1)
        other &= before != ""
        frame[f"{name}_changed_on"] = day.where(other, stored[f"{name}_changed_on"])
        frame[f"{name}_before"] = before.where(other, stored[f"{name}_before"])
    return frame
