"""Reading a selection sheet back: by header, never by position; every doubt is named by its cell.

What the choices mean in a workspace is `plan`'s.
"""

from pathlib import Path

from invoicebatch.interfaces.sheet.file import SheetFile
from invoicebatch.interfaces.sheet.read_csv import read_csv_sheet
from invoicebatch.interfaces.sheet.read_xlsx import read_xlsx_sheet


def read_sheet(path: str | Path) -> SheetFile:
    """Read a sheet, .xlsx or .csv.

    Raises:
        InputFileError: no selection sheet, damaged, malicious, or of a kind that is not read.
    """
    file = Path(path)
    return read_csv_sheet(file) if file.suffix.lower() == ".csv" else read_xlsx_sheet(file)
