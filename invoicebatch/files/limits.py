"""What may come in from outside at most, said in words; every door asks here before it reads.

A bound is far above what a month of invoices needs, and far below what stops a machine.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Final

from invoicebatch.errors import InputFileError

TABLE_BYTES: Final = 8 << 30
"""A file that holds a table."""
UNPACKED_BYTES: Final = 16 << 30
"""A table once it is unpacked."""
TABLE_ROWS: Final = 50_000_000
TABLE_COLUMNS: Final = 2_000
SMALL_BYTES: Final = 50 << 20
"""So much may come of any file, however tightly it is packed."""
RATIO: Final = 300
"""Bytes that one byte may unfold to, past `SMALL_BYTES`; a table is packed 10 to 60 times."""
DOCUMENT_BYTES: Final = 64 << 20
"""An XML document that is parsed as a whole."""
ELEMENT_BYTES: Final = 8 << 20
"""What may go by in a stream of XML before the next wanted element ends."""
DOCUMENT_TAGS: Final = 2_000_000
"""Tags of one document: an invoice of 10,000 lines has half as many."""
ARCHIVE_DOCUMENTS: Final = 200_000
ARCHIVE_RATIO: Final = 200
"""Bytes that one byte of an archived document may unfold to, past the first megabyte."""
UNREADABLE_DOCUMENTS: Final = 1_000
"""One after the other: what holds so many is no delivery of invoices."""
BANK_FILE_BYTES: Final = 1 << 30
LIST_BYTES: Final = 64 << 20
"""A file of ids, one a line."""
SHEET_BYTES: Final = 512 << 20
"""A selection sheet as CSV."""

TEMPLATE_SECONDS: Final = 20
"""Computing time of one document; one of 1,000 lines takes a second."""
TEMPLATE_MEMORY: Final = 2 << 30
TEMPLATE_SHARE: Final = 100_000
"""Bytes of a document's data, some 600 lines; each such share of it may take 15 seconds and 1 GB more."""

MAIL_TURNS: Final = 1_000_000
"""Turns of loops and calls of macros in one mail; a letter of 10,000 documents takes some 40,000."""


def words(size: int) -> str:
    """A number of bytes as people say it.

    >>> words(8 << 30), words(64 << 20)
    ('8 GB', '64 MB')
    """
    return f"{size >> 30} GB" if size >= 1 << 30 else f"{size >> 20} MB"


def of_template(data: int) -> tuple[int, int]:
    """Computing time (seconds) and memory (bytes) that a document with so many bytes of data may take.

    >>> of_template(2_000), of_template(810_000)  # 5,000 lines take 18 seconds and 5 GB
    ((20, 2147483648), (140, 10737418240))
    """
    shares = data // TEMPLATE_SHARE
    return TEMPLATE_SECONDS + 15 * shares, TEMPLATE_MEMORY + (shares << 30)


@contextmanager
def open_bounded(path: Path, most: int = TABLE_BYTES) -> Iterator[BinaryIO]:
    """A plain file, open for reading; its size is looked at first.

    Args:
        path: the file.
        most: bytes.

    Raises:
        InputFileError: missing, a folder, a device, unreadable, or larger than `most`.
    """
    check_file(path)
    try:
        if path.stat().st_size > most:
            raise InputFileError(f"{path} is larger than {words(most)}", "Split it into smaller files.")
        with path.open("rb") as file:
            yield file
    except FileNotFoundError as error:
        raise InputFileError(f"There is no file {path}") from error
    except OSError as error:
        raise InputFileError(f"{path} can't be read: {error.strerror}") from error


def check_file(path: Path) -> None:
    """A path is a plain file, or nothing at all: a device may have no end.

    Raises:
        InputFileError: a folder, a device or a pipe.
    """
    if path.is_dir():
        raise InputFileError(f"{path} is a folder", f"Name the files in it, such as {path}/*.csv")
    if path.exists() and not path.is_file():
        raise InputFileError(f"{path} is no file, but a device or a pipe", "Save it as a file first.")


def check_table(name: str, rows: int, columns: int) -> None:
    """A table has no more rows and columns than may come in.

    Raises:
        InputFileError: it has.
    """
    if columns > TABLE_COLUMNS:
        raise InputFileError(
            f"{name} has {columns:,} columns; at most {TABLE_COLUMNS:,} are read",
            "Keep the columns that are wanted; a wrong delimiter can look like this too.",
        )
    if rows > TABLE_ROWS:
        raise InputFileError(
            f"{name} has {rows:,} rows; at most {TABLE_ROWS:,} are read", "Split it into smaller files."
        )


def check_unpacked(name: str, packed: int, unpacked: int) -> None:
    """A file does not unfold to far more than it holds.

    Args:
        name: of the file.
        packed: bytes that it has.
        unpacked: bytes that come of it.

    Raises:
        InputFileError: it does.
    """
    if unpacked > min(UNPACKED_BYTES, max(SMALL_BYTES, RATIO * packed)):
        raise InputFileError(
            f"{name} unpacks to {unpacked:,} bytes from {packed:,}; at most {RATIO} times its size is read,"
            f" and {words(UNPACKED_BYTES)}",
            "Save the table as CSV and import that, if you trust the file; split it where it is large.",
        )


def check_tags(name: str, data: bytes) -> None:
    """A document has no more tags than may be parsed.

    Raises:
        InputFileError: it has.
    """
    if data.count(b"<") > DOCUMENT_TAGS:
        raise InputFileError(
            f"{name} has more than {DOCUMENT_TAGS:,} tags, more than any invoice", "Split the document."
        )
