"""CSV, the one place where it is written: no text in it can become a formula where the file is opened.

RFC 4180, UTF-8. Which columns a file has, and where it goes, is others' business.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

CHUNK_ROWS: Final = 8_192
"""Rows built at once; bounds memory whatever the table's length."""

BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"
"""What Excel asks for before it reads UTF-8."""

_BLANKS: Final = (
    r"[\p{Z}\p{Cc}\p{Cf}\x{034f}\x{115f}\x{1160}\x{17b4}\x{17b5}\x{2800}\x{3164}\x{fe00}-\x{fe0f}\x{ffa0}]*"
)
"""What a program may trim or never show: white space, control and format characters, fillers."""

_FORMULA: Final = rf"'*(?:{_BLANKS}[=+\-@＝＋－＠﹦﹢﹣﹫]|[\t\r\n])"
"""What a spreadsheet may take for the beginning of a formula (OWASP, CSV injection).

Apostrophes before it belong to it: so the one that the guard puts there can be told from the text's own.
"""


def guard(texts: pa.Array) -> pa.Array:
    """Texts with an apostrophe before whatever a spreadsheet could read as a formula; null stays null."""
    if not pc.any(pc.match_substring_regex(texts, f"^{_FORMULA}")).as_py():
        return texts
    return pc.replace_substring_regex(texts, f"^({_FORMULA})", r"'\1", max_replacements=1)


def unguard(texts: pa.Array) -> pa.Array:
    """The texts as they were before `guard`."""
    return pc.replace_substring_regex(texts, f"^'({_FORMULA})", r"\1", max_replacements=1)


def csv_bytes(
    columns: Mapping[str, Any] | pd.DataFrame, plain: Collection[str] = (), *, mark: bool = False
) -> bytes:
    """A whole small CSV file with its header.

    Args:
        columns: values by title: sequences or frame columns, all of one length.
        plain: titles of columns of text that hold numbers or dates by their type: not guarded.
        mark: begin with the byte order mark.
    """
    table = pa.table({str(title): pa.array(values, from_pandas=True) for title, values in columns.items()})
    places = [place for place, title in enumerate(table.column_names) if title in plain]
    return b"".join([BYTE_ORDER_MARK if mark else b"", table_bytes(table, places)])


def table_bytes(table: pa.Table, plain: Collection[int] = ()) -> bytes:
    """An Arrow table as a whole CSV file with its header; `plain` as of `csv_lines`."""
    header = csv_lines([pa.array([title]) for title in table.column_names])
    batches = table.combine_chunks().to_batches(CHUNK_ROWS)
    return b"".join([header, *(csv_lines(batch.columns, plain=plain) for batch in batches)])


def csv_lines(cells: Sequence[pa.Array], delimiter: str = ",", plain: Collection[int] = ()) -> memoryview:
    """Lines of CSV: texts guarded and quoted, all else as it is, a missing value empty.

    Args:
        cells: one array a column, all of one length.
        delimiter: between the values.
        plain: places of columns of text that hold numbers or dates by their type: not guarded.
    """
    pieces: list[Any] = []
    for place, values in enumerate(cells):
        texts = values.cast(pa.string())
        shown = _quoted(texts) if _is_text(values.type) and place not in plain else texts
        pieces += [pc.fill_null(shown, ""), delimiter]
    return joined_bytes(pc.binary_join_element_wise(*pieces[:-1], "\r\n", ""))


def _is_text(kind: pa.DataType) -> bool:
    tests = (pa.types.is_string, pa.types.is_large_string, pa.types.is_dictionary)
    return any(test(kind) for test in tests)


def _quoted(texts: pa.Array) -> pa.Array:
    return pc.binary_join_element_wise('"', pc.replace_substring(guard(texts), '"', '""'), '"', "")


def joined_bytes(texts: pa.Array) -> memoryview:
    """All texts of an array of strings as one piece of memory."""
    offsets = np.frombuffer(texts.buffers()[1], np.int32)
    first, last = (int(offsets[at]) for at in (texts.offset, texts.offset + len(texts)))
    return memoryview(texts.buffers()[2])[first:last]
