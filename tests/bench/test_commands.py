"""Whole commands, as a person starts them, on growing workspaces, beside what one would write by hand.

`SIZES=10000,100000 make bench` chooses the workspaces; the table goes to the folder `BENCH` (`bench`), as Markdown and
JSON. CPU seconds are user and system, of a command and all processes that it started; memory is the peak of the largest.
"""

import json
import math
import os
import shutil
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

import pytest

from tests.bench.measured import Measured, measured
from tests.copies import copy_workspace

pytestmark = pytest.mark.bench

SIZES: Final = tuple(map(int, os.environ.get("SIZES", "10000,100000,1000000").split(",")))
OURS: Final = (sys.executable, "-m", "invoicebatch")
COMMANDS: Final[Mapping[str, Sequence[str]]] = {
    "actions --all, the first look": ("actions", "--all"),
    "list --limit 1": ("list", "--limit", "1"),
    "actions --all": ("actions", "--all"),
    "snapshot": ("snapshot", "snapshot"),
    "run mark_as.exported, one row": ("run", "mark_as.exported", "--ids", "1", "--yes"),
    "export.invoices, csv": ("run", "export.invoices", "--all", "-p", "format=csv"),
    "export.invoices, xlsx": ("run", "export.invoices", "--all"),
    "export.invoices, parquet": ("run", "export.invoices", "--all", "-p", "format=parquet"),
    "export.lines, csv": ("run", "export.lines", "--all", "-p", "format=csv"),
    "export.lines, xlsx": ("run", "export.lines", "--all"),
    "export.lines, parquet": ("run", "export.lines", "--all", "-p", "format=parquet"),
    "export.ubl": ("run", "export.ubl", "--all"),
    "sheet write": ("sheet", "write", "sheet.xlsx", "--all"),
    "sheet check": ("sheet", "check", "sheet.xlsx"),
    "credit, on a copy": ("run", "credit", "--all", "--yes", "-p", "reason=a trial"),
    "approve, all that can": ("run", "approve", "--all", "--yes"),
    "create, on a copy": ("run", "create", "--all", "--yes"),
    "credit, all that can": ("run", "credit", "--all", "--yes", "-p", "reason=a trial"),
}
"""In the order that they are run: the first look reviews what was never judged, and those that change much come last."""

UP_TO: Final[Mapping[str, int]] = {"export.ubl": 100_000, "create, on a copy": 10_000}
"""Commands that are not waited for with more invoices."""

BESIDE: Final[Mapping[str, tuple[str, str, int]]] = {
    "export.invoices, csv": ("pandas to_csv", 'rows("invoices").to_csv("x.csv")', 1_000_000),
    "export.invoices, xlsx": ("pandas to_excel (openpyxl)", 'rows("invoices").to_excel("x.xlsx")', 100_000),
    "export.invoices, parquet": ("pandas to_parquet", 'rows("invoices").to_parquet("x.parquet")', 1_000_000),
    "export.lines, csv": ("pandas to_csv", 'rows("lines").to_csv("x.csv")', 1_000_000),
    "export.lines, parquet": ("pandas to_parquet", 'rows("lines").to_parquet("x.parquet")', 1_000_000),
    "sheet check": (
        "openpyxl read_only",
        'print(sum(1 for row in openpyxl.load_workbook("sheet.xlsx", read_only=True)["Invoices"].values))',
        100_000,
    ),
}
"""By command: what one would write by hand instead, and up to how many invoices it is waited for."""
BY_HAND: Final = (
    "import openpyxl, pandas as pd\n"
    "def rows(table): return pd.read_parquet(f'snapshot/{table}.parquet').merge("
    "pd.read_parquet('snapshot/customers.parquet'), on='customer_id', how='left', suffixes=('', '_customer')"
    ") if table == 'invoices' else pd.read_parquet(f'snapshot/{table}.parquet').merge("
    "pd.read_parquet('snapshot/invoices.parquet'), on='invoice_id', suffixes=('', '_invoice'))\n"
)


@dataclass(frozen=True)
class Line:
    """A command, or what stands beside it, by the number of invoices."""

    command: str
    by_hand: str
    of: dict[int, Measured]

    @property
    def exponent(self) -> float | None:
        """How CPU grows over the last step: 1 is in proportion to the invoices."""
        sizes = sorted(self.of)[-2:]
        if len(sizes) < 2:
            return None
        smaller, larger = (self.of[size].cpu for size in sizes)
        return math.log(larger / smaller) / math.log(sizes[1] / sizes[0])


def test_commands(tmp_path: Path) -> None:
    lines = {name: Line(name, "", {}) for name in COMMANDS}
    beside = {name: Line(name, title, {}) for name, (title, _, _) in BESIDE.items()}
    for size in SIZES:
        folder = tmp_path / str(size)
        measured([*OURS, "init", str(folder), "--sample", "--invoices", str(size)], tmp_path)
        for name, arguments in COMMANDS.items():
            if size <= UP_TO.get(name, size):
                at = copy_workspace(folder, tmp_path / "copy") if name.endswith("on a copy") else folder
                lines[name].of[size] = measured([*OURS, *arguments], at)
                shutil.rmtree(tmp_path / "copy", ignore_errors=True)
            _, script, most = BESIDE.get(name, ("", "", 0))
            if size <= most:
                beside[name].of[size] = measured([sys.executable, "-c", BY_HAND + script], folder)
    every = [line for name in COMMANDS for line in (lines[name], beside.get(name)) if line]
    out = Path(os.environ.get("BENCH", "bench"))
    out.mkdir(exist_ok=True)
    found = [asdict(line) | {"exponent": line.exponent} for line in every]
    (out / "commands.json").write_text(json.dumps(found, indent=1), encoding="utf-8")
    (out / "commands.md").write_text(table(every), encoding="utf-8")
    print("\n" + table(every))


def table(lines: Sequence[Line]) -> str:
    """The lines as Markdown."""
    sizes = [f"{size:,}" for size in SIZES]
    rows = [["command", *sizes, "grows"], ["---", *("---:" for _ in sizes), "---:"]]
    for line in lines:
        shown = [str(line.of[size]) if size in line.of else "–" for size in SIZES]
        title = f"beside: {line.by_hand}" if line.by_hand else f"`{line.command}`"
        rows.append([title, *shown, "–" if line.exponent is None else f"{line.exponent:.2f}"])
    return "\n".join("| " + " | ".join(row) + " |" for row in rows) + "\n"
