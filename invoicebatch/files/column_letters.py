"""Names of a spreadsheet's columns: A, B … Z, AA."""

import re
from functools import lru_cache
from typing import Final

from invoicebatch.errors import InputFileError

_LETTERS: Final = re.compile(r"[A-Z]{1,3}")


def column_letter(index: int) -> str:
    """Letters of a column, from 0.

    >>> column_letter(0), column_letter(25), column_letter(26), column_letter(701), column_letter(702)
    ('A', 'Z', 'AA', 'ZZ', 'AAA')
    """
    letters = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


@lru_cache(maxsize=1 << 15)
def column_number(letters: str) -> int:
    """Number of a column, from 1.

    Raises:
        InputFileError: these are no letters of a column.

    >>> column_number("A"), column_number("AAA")
    (1, 703)
    """
    if not _LETTERS.fullmatch(letters):
        raise InputFileError(f"A cell has the strange reference {letters[:20]!r}")
    found = 0
    for letter in letters:
        found = found * 26 + ord(letter) - 64
    return found
