"""What stands before a workbook is read: other kinds of file, locked ones and ZIP bombs are refused.

Nothing is unpacked here; the file's first bytes and the archive's directory are enough.
"""

import zipfile
from pathlib import Path
from typing import Final

from invoicebatch.errors import InputFileError

MAX_PARTS: Final = 2_000
MAX_PART_BYTES: Final = 1 << 30
MAX_STRINGS_BYTES: Final = 512 << 20
MAX_RATIO: Final = 200
"""Most bytes that one compressed byte of a larger part may become; real sheets reach about 40."""

_SMALL_PART: Final = 10 << 20

SAVE_AS: Final = "Save it as an Excel workbook (.xlsx) without macros or password, and try again."


def refuse_other_kinds(path: Path) -> None:
    """Say what a file is, where it is no ZIP archive.

    Raises:
        InputFileError: it is something else, or can't be read.
    """
    try:
        with path.open("rb") as file:
            head = file.read(8)
            old = head == b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
            locked = old and "EncryptedPackage".encode("utf-16-le") in file.read(64 << 20)
    except OSError as error:
        raise InputFileError(f"{path} can't be read: {error.strerror}") from error
    if head.startswith(b"PK\x03\x04"):
        return
    if old:
        what = "is protected by a password" if locked else "is an old .xls workbook"
    elif not head:
        what = "is empty"
    elif head.lstrip()[:1] == b"<":
        what = "is a web page or XML file, not a workbook"
    elif head.startswith(b"%PDF"):
        what = "is a PDF, not a workbook"
    else:
        what = "is not a workbook; perhaps a CSV file that was renamed"
    raise InputFileError(f"{path.name} {what}", SAVE_AS)


def check_parts(archive: zipfile.ZipFile, path: Path) -> None:
    """Refuse an archive that would unpack to more than any workbook, before anything is unpacked.

    Raises:
        InputFileError: too many, too large, doubled or locked parts.
    """
    parts = archive.infolist()
    names = [part.filename for part in parts]
    if len(parts) > MAX_PARTS or len(set(names)) < len(names):
        raise InputFileError(f"{path.name} has more parts than a workbook has, or one of them twice")
    for part in parts:
        swollen = part.file_size > _SMALL_PART and part.file_size > MAX_RATIO * max(part.compress_size, 1)
        if swollen or part.file_size > MAX_PART_BYTES:
            raise InputFileError(
                f"{path.name} would unpack to {part.file_size >> 20:,} MB: it looks like a ZIP bomb",
                "Write a new sheet, and copy the choices over.",
            )
        if part.flag_bits & 1:
            raise InputFileError(f"{path.name} is protected by a password", SAVE_AS)


def damaged(path: Path, error: Exception) -> InputFileError:
    """The error for a file that can't be unpacked or parsed."""
    return InputFileError(f"{path.name} is damaged: {error}", "Open it in Excel and save it again.")
