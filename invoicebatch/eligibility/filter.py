"""One condition over a frame, for filters that stand in settings; the language is that of the rules."""

from datetime import date

import pandas as pd

from invoicebatch.eligibility.columns import Columns
from invoicebatch.eligibility.compute import Setting, bind
from invoicebatch.eligibility.expression import ExpressionError, parse
from invoicebatch.errors import SettingsError


def holds(condition: str, frame: pd.DataFrame, today: date) -> "pd.Series[bool]":
    """Which rows a condition holds for; all where it is empty. Same index as the frame.

    Args:
        condition: such as ``kind != 'statement' and total_cents > 0``.
        frame: overview rows with the columns it names.
        today: the date `today` means.

    Raises:
        SettingsError: not a condition of the language.
    """
    if not condition.strip():
        return pd.Series(data=True, index=frame.index)
    try:
        bound = bind(parse(condition), Columns(frame), Setting(today, {}))
    except ExpressionError as error:
        raise SettingsError(f"The filter {condition!r} can't be used: {error}") from error
    return pd.Series(bound(slice(0, len(frame))), index=frame.index, dtype="bool")
