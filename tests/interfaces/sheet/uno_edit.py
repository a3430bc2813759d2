"""Drives a real LibreOffice over a sheet; run by the system's Python, which has the `uno` module.

`uno_edit.py check IN` prints, as JSON, what LibreOffice's own validation says of each drop-down;
`uno_edit.py edit IN OUT` edits the sheet as an analyst would and saves it.
"""

import json
import subprocess
import sys
import tempfile
import time
import uuid
from pathlib import Path

import uno
from com.sun.star.beans import PropertyValue
from com.sun.star.connection import NoConnectException
from com.sun.star.table import TableSortField

FIRST = 6


def prop(name, value):
    made = PropertyValue()
    made.Name, made.Value = name, value
    return made


def connect(starts=3):
    profile, pipe = tempfile.mkdtemp(), f"ib{uuid.uuid4().hex}"
    office = subprocess.Popen(
        [
            "soffice",
            f"-env:UserInstallation=file://{profile}",
            "--headless",
            "--norestore",
            f"--accept=pipe,name={pipe};urp;",
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    local = uno.getComponentContext()
    resolver = local.ServiceManager.createInstanceWithContext("com.sun.star.bridge.UnoUrlResolver", local)
    while office.poll() is None:
        try:
            context = resolver.resolve(f"uno:pipe,name={pipe};urp;StarOffice.ComponentContext")
            break
        except NoConnectException:
            time.sleep(0.2)
    else:  # on a busy machine it breaks off now and then as it starts
        return connect(starts - 1) if starts > 1 else sys.exit(f"LibreOffice ended with {office.returncode}")
    return office, context.ServiceManager.createInstanceWithContext("com.sun.star.frame.Desktop", context)


def valid(sheet, address, text):
    """Whether LibreOffice's "mark invalid data" leaves a cell with that text unmarked."""
    page = sheet.DrawPage
    while page.Count:
        page.remove(page.getByIndex(0))
    cell = sheet.getCellRangeByName(address)
    cell.String = text
    sheet.showInvalid()
    cell.String = ""
    return page.Count == 0


def check(doc):
    sheet, lists = doc.Sheets.getByName("Invoices"), doc.Sheets.getByName("_lists")
    every = set()
    for column in range(50):
        for row in range(1, 40):
            every.add(lists.getCellByPosition(column, row).String)
    answer = {}
    for row in (FIRST, FIRST + 4):
        profile = int(sheet.getCellRangeByName(f"Y{row}").Value)
        count = int(lists.getCellByPosition(profile - 1, 0).Value)
        offered = [lists.getCellByPosition(profile - 1, 1 + i).String for i in range(count)]
        words = sorted((every | {"Nonsense"}) - {""})
        accepted = [word for word in words if valid(sheet, f"B{row}", word)]
        answer[row] = {"offered": sorted(offered), "accepted": accepted, "tried": words}
    print(json.dumps(answer))


def edit(doc, out):
    sheet = doc.Sheets.getByName("Invoices")

    def cell(address):
        return sheet.getCellRangeByName(address)

    cell("A10").setFormula("TRUE")
    cell("A11").setFormula("=TRUE()")
    cell("A12").setFormula("x")
    cell("A13").setFormula("=FALSE()")
    cell("A14").setFormula("later")
    for row in (10, 11, 12, 13, 14):
        cell(f"B{row}").setFormula("Approve")
    cell("T12").setFormula("invoice_date=2026-11-05")
    page = doc.Sheets.getByName("Parameters")
    for row in range(1, 40):
        if page.getCellByPosition(1, row).String == "invoice_date":
            page.getCellByPosition(2, row).setFormula("2026-11-03")
    sheet.unprotect("")
    sheet.Rows.insertByIndex(15, 1)
    source = sheet.getCellRangeByName("A12:X12").getRangeAddress()
    sheet.copyRange(cell("A16").getCellAddress(), source)
    sheet.Rows.removeByIndex(FIRST - 1, 1)
    field = TableSortField()
    field.Field, field.IsAscending = 20, False
    block = sheet.getCellRangeByName("A6:Z15")
    block.sort(
        (
            prop("SortFields", uno.Any("[]com.sun.star.table.TableSortField", (field,))),
            prop("ContainsHeader", False),
        )
    )
    sheet.Rows.getByIndex(8).IsVisible = False
    doc.storeToURL(Path(out).resolve().as_uri(), (prop("FilterName", "Calc MS Excel 2007 XML"),))


def main():
    office, desktop = connect()
    try:
        doc = desktop.loadComponentFromURL(
            Path(sys.argv[2]).resolve().as_uri(), "_blank", 0, (prop("Hidden", True),)
        )
        if sys.argv[1] == "check":
            check(doc)
        else:
            edit(doc, sys.argv[3])
        doc.close(True)
    finally:
        office.terminate()
        office.wait(30)


if __name__ == "__main__":
    main()
