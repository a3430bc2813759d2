"""Which characters the bytes of a text file stand for; a wrong guess is worse than an error."""

import codecs
import re

from invoicebatch.errors import InputFileError

BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
SAMPLE = 4096


def decode(data: bytes, name: str, encoding: str | None = None) -> tuple[str, str]:
    """The text of a file and the encoding it was read in.

    Tried in turn: a byte order mark, UTF-16 without one, UTF-8, Windows-1252.

    Raises:
        InputFileError: damaged text, no text at all, or not in the given encoding.
    """
    chosen = encoding or _by_mark(data) or _utf16_without_mark(data) or _eight_bit(data, name)
    try:
        text = data.decode(chosen)
    except LookupError as error:
        raise InputFileError(f"{name}: there is no encoding {chosen}") from error
    except UnicodeDecodeError as error:
        raise InputFileError(
            f"{name} can't be read as {chosen}: byte {error.start} is {data[error.start]:#04x}",
            "Save it as CSV UTF-8, or name its encoding in a mapping.",
        ) from error
    if "\x00" in text[:SAMPLE]:
        raise InputFileError(
            f"{name} is no text file",
            "CSV, Parquet and Excel workbooks can be read; save it as one of these.",
        )
    return text, chosen


def _by_mark(data: bytes) -> str | None:
    return next((name for mark, name in BOMS if data.startswith(mark)), None)


def _utf16_without_mark(data: bytes) -> str | None:
    head = data[:SAMPLE]
    pairs = len(head) // 2
    if pairs < 2:
        return None
    if head[1::2].count(0) > 0.7 * pairs and head[::2].count(0) == 0:
        return "utf-16-le"
    if head[::2].count(0) > 0.7 * pairs and head[1::2].count(0) == 0:
        return "utf-16-be"
    return None


def _eight_bit(data: bytes, name: str) -> str:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        if len(re.findall(rb"[\xc3-\xf4][\x80-\xbf]", data)) > 2 * _damaged_characters(data):
            line = data[: error.start].count(b"\n") + 1
            raise InputFileError(
                f"{name} is UTF-8 with damaged characters, the first in line {line}",
                "Export it again; two encodings in one file can't be told apart.",
            ) from error
        return "cp1252"
    return "utf-8"


def _damaged_characters(data: bytes) -> int:
    return data.decode("utf-8", errors="replace").count("\ufffd")
