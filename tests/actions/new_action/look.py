"""What each face of the product in the working directory shows of its actions: one JSON text."""

import contextlib
import io
import json
import runpy
import shlex
import sys
from pathlib import Path

from openpyxl import load_workbook

from invoicebatch.interfaces.api import open_workspace
from invoicebatch.interfaces.cli.main import run

PLACE = Path("books")


def call(*words):
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = run([*words, "-w", str(PLACE)] if words[:2] != ("run", "--help") else list(words))
    return {"code": code, "out": out.getvalue(), "err": err.getvalue()}


def as_json(*words):
    return json.loads(call(*words, "--json")["out"])


def sheet():
    call("sheet", "write", "choices.xlsx", "--all")
    book = load_workbook("choices.xlsx")
    page = book["Parameters"]
    lists = {
        place: rule.formula1
        for rule in page.data_validations.dataValidation
        for place in str(rule.sqref).split()
    }
    parameters = {
        f"{page.cell(row, 7).value} {page.cell(row, 2).value}": lists.get(f"C{row}", "")
        for row in range(2, page.max_row + 1)
    }
    titles = {cell.value for row in book["_lists"].iter_rows(min_row=2) for cell in row if cell.value}
    return {"titles": sorted(titles), "parameters": parameters}


def bar():
    grid = open_workspace(PLACE).overview(poll_seconds=0)
    grid.wait()
    grid.selection = [1, 2]
    grid.close()
    return grid.bar["actions"]


with contextlib.redirect_stdout(sys.stderr):
    run(["init", str(PLACE), "--sample", "--invoices", "30"])
everything = ["--where", "status = 'empty'"]
seen = {
    "actions": as_json("actions", *everything),
    "run": call("run", "--help")["out"],
    "help": call("run", "export.csv_for_accountant", "--help")["out"],
    "bar": bar(),
    "sheet": sheet(),
    "tagged": as_json("run", "archive.tag", *everything),
    "notebook": as_json("run", "archive.tag", *everything, "-p", "tag=again", "--notebook"),
    "group notebook": as_json("run", "export.csv_for_accountant", *everything, "-p", "account=NL", "--notebook"),
    "job": call("run", "export.job", *everything, "--name", "Monthly", "--export", "export.csv_for_accountant",
                "-p", 'parameters={"account": "NL"}'),
    "no job": call("run", "export.job", *everything, "--export", "archive.tag"),
    "worker": call("worker", "--once"),
    "table": runpy.run_path("docs/generate.py")["actions_table"](),
    "page": runpy.run_path("docs/pages.py")["generated"]()["actions/archive.tag.md"],
}  # fmt: skip
following = seen["tagged"]["next"][0]["command"]
seen["following"] = as_json(*shlex.split(following)[1:], "--account", "NL")
seen["refused"] = call(*shlex.split(following)[1:], "--account", "MARS")
json.dump(seen, sys.stdout)
