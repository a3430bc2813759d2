"""One condition over a frame, for filters that stand in settings; the language is that of the rules."""

from datetime import date

import pandas as pd

from invoicebatch.errors import SettingsError
from invoicebatch.expressions import OVERVIEW_WORDS, Bools, ExpressionError, FrameRows, compile_expression


def holds(condition: str, frame: pd.DataFrame, today: date) -> "pd.Series[bool]":
    """Which rows a condition holds for; all where it is empty. Same index as the frame.

    Args:
        condition: such as ``kind != 'statement' and total > 0``.
        frame: overview rows with the columns it names.
        today: the date `today` means.

    Raises:
        SettingsError: not a condition of the language.
    """
    if not condition.strip():
        return pd.Series(data=True, index=frame.index)
    try:
        compiled = compile_expression(condition, OVERVIEW_WORDS)
    except ExpressionError as error:
        raise SettingsError(f"The filter {condition!r} can't be used: {error}") from error
    found: Bools = compiled.run(FrameRows(frame, today))
    return pd.Series(found, index=frame.index, dtype="bool")
