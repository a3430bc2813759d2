"""One row found by the first characters of its key, as people type them from a list."""

import pandas as pd

from invoicebatch.errors import UnknownNameError


def only_match(frame: pd.DataFrame, column: str, text: str, what: str, command: str = "") -> "pd.Series[str]":
    """The one row whose key is `text`, or else begins with it.

    Args:
        frame: where to look.
        column: its key, str.
        text: the key or its first characters; no characters match nothing.
        what: a row in words, such as `payment bundle`.
        command: the command that lists them, for the message.

    Raises:
        UnknownNameError: none, or several.
    """
    keys = frame[column].astype("str")
    found = frame[keys == text]
    if found.empty and text:
        found = frame[keys.str.startswith(text)]
    if len(found) != 1:
        count = f"No {what} begins" if found.empty else f"{len(found)} {what}s begin"
        raise UnknownNameError(f"{count} with {text!r}.", f"List them with: {command}" if command else "")
    return found.iloc[0]
