"""One row found by the first characters of its key, as people type them from a list."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from invoicebatch.errors import UnknownNameError

if TYPE_CHECKING:
    import pandas as pd


def only_match(
    frame: "pd.DataFrame", column: str, text: str, what: str, command: str = ""
) -> "pd.Series[str]":
    """The one row whose key is `text`, or else begins with it; see `only_key`.

    Args:
        frame: where to look.
        column: its key, str.
        text: the key or its first characters.
        what: a row in words, such as `payment bundle`.
        command: the command that lists them, for the message.

    Raises:
        UnknownNameError: none, or several.
    """
    keys = frame[column].astype("str")
    return frame[keys == only_key(keys.tolist(), text, what, command)].iloc[0]


def only_key(keys: Sequence[str], text: str, what: str, command: str = "") -> str:
    """The one key that is `text`, or else begins with it; no characters match nothing.

    Raises:
        UnknownNameError: none, or several.
    """
    found = [key for key in keys if key == text] or [key for key in keys if text and key.startswith(text)]
    if len(found) != 1:
        count = f"{len(found)} {what}s begin" if found else f"No {what} begins"
        raise UnknownNameError(f"{count} with {text!r}.", f"List them with: {command}" if command else "")
    return found[0]
