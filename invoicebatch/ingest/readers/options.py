"""How a file is to be read, where it does not say so itself."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Options:
    """Reading options of a mapping's `[file]` section; empty: found out from the file.

    Attributes:
        encoding: of a text file.
        delimiter: of a text file.
        sheet: of a workbook.
        header_row: the row that holds the column names.
    """

    encoding: str | None = None
    delimiter: str | None = None
    sheet: str | None = None
    header_row: int = 1
