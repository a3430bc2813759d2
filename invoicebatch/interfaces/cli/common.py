"""What every command shares: the workspace and selection options, tables and JSON on standard output."""

import json
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from numbers import Number
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter, validators

from invoicebatch.engine.base.folder import Folder, found_folder
from invoicebatch.engine.plan.records import Columns, columns_of, records
from invoicebatch.errors import InputFileError, ParameterError, SelectionError
from invoicebatch.files.limits import LIST_BYTES, open_bounded
from invoicebatch.model.money import amount_texts

if TYPE_CHECKING:  # what only looks imports no frames
    import numpy as np
    import numpy.typing as npt
    import pandas as pd

    from invoicebatch.engine.plan.selection import Selection
    from invoicebatch.interfaces.api import Workspace

SOME_NOT_DONE = 3
"""Exit code where some rows were refused or failed, or an audit found something."""

MANY = 1_000
"""From so many ids on, a notebook gets a file instead of a list."""

TABLE_ROWS = 50
"""Rows of a table on the screen, where no other number is asked for."""

WorkspaceOption = Annotated[
    Path | None,
    Parameter(name=["--workspace", "-w"], help="The workspace; else INVOICEBATCH_WORKSPACE, else here"),
]
JsonOption = Annotated[bool, Parameter(name="--json", negative="", help="Print JSON")]
LimitOption = Annotated[
    int | None,
    Parameter(
        validator=validators.Number(gte=1), help="Rows at most; without it a table is cut, JSON has all"
    ),
]

ParameterOption = Annotated[list[str] | None, Parameter(name=["--parameter", "-p"], help="NAME=VALUE")]


def opened(workspace: Path | None) -> "Workspace":
    """The workspace of a command; what the command makes is for those alone that the settings name."""
    from invoicebatch.interfaces.api import open_workspace

    found = open_workspace(_asked(workspace))
    os.umask(found.settings.umask)
    return found


def looked_at(workspace: Path | None) -> Folder:
    """The workspace of a command that only looks; see `opened`."""
    found = Folder(found_folder(_asked(workspace)))
    found.check()
    os.umask(found.settings.umask)
    return found


def _asked(workspace: Path | None) -> Path | str:
    return workspace or os.environ.get("INVOICEBATCH_WORKSPACE") or "."


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Select:
    """Which invoices: exactly one of these."""

    ids: Annotated[str | None, Parameter(help="Invoice ids: 1,2,3 or @FILE")] = None
    numbers: Annotated[str | None, Parameter(help="Invoice numbers: A,B")] = None
    where: Annotated[str | None, Parameter(help="A condition: \"status = 'created' and total > 100\"")] = None
    sheet: Annotated[Path | None, Parameter(help="Ticked rows of a selection sheet")] = None
    run: Annotated[str | None, Parameter(help="Rows done by a run")] = None
    made_by: Annotated[str | None, Parameter(help="Invoices that a run made, such as credit notes")] = None
    all: Annotated[bool, Parameter(negative="", help="Every invoice")] = False
    archived: Annotated[
        bool, Parameter(negative="", help="Among those in the archive, instead of the live ones")
    ] = False

    def of(self, workspace: "Workspace", *, default_all: bool = False) -> "Selection":
        """The selection.

        Raises:
            SelectionError: none or several ways, or an id that is no number.
        """
        ways = (self.ids, self.numbers, self.where, self.sheet, self.run, self.made_by)
        nothing = not (any(ways) or self.all)
        return workspace.select(
            where=self.where,
            ids=whole_numbers(self.ids) if self.ids is not None else None,
            numbers=_split(self.numbers) if self.numbers is not None else None,
            sheet=self.sheet,
            run=self.run,
            made_by=self.made_by,
            all=self.all or (nothing and default_all),
            archived=self.archived,
        )

    def seen_in(self, folder: Folder) -> Folder:
        """The workspace with the documents that are asked for: live or archived ones."""
        return folder.with_archive() if self.archived else folder

    def ids_in(self, folder: Folder) -> "npt.NDArray[np.int64] | None":
        """The ids of the selection, for a command that only looks; None: every invoice, as where nothing is said.

        Raises:
            SelectionError: several ways, or an id that is no number.
        """
        live = replace(self, archived=False)
        if (self.all and live == Select(all=True)) or live == Select():
            return None
        if self.sheet is not None:
            return self.of(opened(folder.root)).ids
        from invoicebatch.engine.plan.choose import choose

        ids = whole_numbers(self.ids) if self.ids is not None else None
        numbers = _split(self.numbers) if self.numbers is not None else None
        return choose(
            folder, self.where, ids=ids, numbers=numbers, run=self.run, made_by=self.made_by, all=self.all
        ).ids

    def parameters(self, workspace: "Workspace") -> dict[str, Any]:
        """The selection as a notebook's parameters; many ids travel as a file."""
        if self.archived:
            raise SelectionError(
                "A notebook takes live documents.", "Leave --notebook out, or bring them back."
            )
        if self.where is not None:
            return {"where": self.where}
        if self.numbers is not None:
            return {"numbers": _split(self.numbers)}
        if self.sheet is not None:
            return {"sheet": str(self.sheet.resolve())}
        if self.all:
            return {"where": "true"}
        ids = [int(value) for value in self.of(workspace).ids]
        return {"ids": ids if len(ids) <= MANY else str(workspace.write_ids(ids))}


def _split(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def whole_numbers(text: str) -> list[int]:
    """Ids of an option: `1,2,3`, or `@FILE` with one a line."""
    try:
        if text.startswith("@"):
            with open_bounded(Path(text[1:]), LIST_BYTES) as file:
                return [int(part) for part in file.read().decode().split()]
        return [int(part) for part in _split(text)]
    except InputFileError as error:
        raise SelectionError(f"--ids: {error.message}", error.hint) from error
    except ValueError as error:
        raise SelectionError(f"--ids takes whole numbers, separated by commas; got {text!r}.") from error


def print_json(value: Any) -> None:
    """JSON on standard output."""
    json.dump(value, sys.stdout, ensure_ascii=False, indent=2, default=str)
    print()


def pairs(texts: list[str] | None, options: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The values of `-p`, and those of an action's own options.

    Raises:
        ParameterError: a text is no NAME=VALUE, or a name is given twice.
    """
    values = dict(options or {})
    for text in texts or []:
        name, equals, value = text.partition("=")
        name = name.strip().replace("-", "_")
        if not equals:
            raise ParameterError(f"-p takes NAME=VALUE; got {text!r}.")
        if name in values:
            raise ParameterError(f"{name} is given twice.", "Give it once; values of a list by commas.")
        values[name] = value
    return values


def print_rows(
    rows: "pd.DataFrame | Columns",
    *,
    json: bool,
    shown: "pd.DataFrame | Columns | None" = None,
    title: str = "",
    limit: int | None,
    total: int | None = None,
) -> None:
    """A list: as JSON, or as a table of what is shown of it; both hold at most `limit` rows.

    Args:
        rows: a frame, or plain values by column.
        json: as JSON.
        shown: what of them the table has; None: all.
        title: of the table.
        limit: of rows; None: `TABLE_ROWS` in the table.
        total: rows there are, where the first of them alone are given.
    """
    if json:
        print_json(records(columns_of(rows) if limit is None else _first(columns_of(rows), limit)))
    else:
        print_table(rows if shown is None else shown, title=title, limit=limit or TABLE_ROWS, total=total)


def print_table(
    rows: "pd.DataFrame | Columns", *, title: str = "", limit: int = TABLE_ROWS, total: int | None = None
) -> None:
    """Rows as a table for people; amounts and counts to the right, the rest cut at `limit` rows.

    Where there are none only the title is printed.
    """
    count = _rows(rows)
    if not count:
        print(title, end="\n" if title else "")
        return
    from rich import box
    from rich.console import Console
    from rich.table import Table

    console = Console(width=None if sys.stdout.isatty() else 160)
    table = Table(title=title or None, box=box.SIMPLE_HEAD, title_justify="left", show_edge=False)
    shown = columns_of(_first(rows, limit))
    for name, values in shown.items():
        title_words = name.removesuffix("_cents").replace("_", " ")  # wraps between words
        table.add_column(title_words, justify="right" if _numeric(values) else "left", overflow="fold")
    texts = [_texts(name, values, shown.get("currency")) for name, values in shown.items()]
    for row in zip(*texts, strict=True):
        table.add_row(*row)
    console.print(table)
    there = count if total is None else total
    if there > limit:
        console.print(f"… and {there - limit:,} more")


def _rows(rows: "pd.DataFrame | Columns") -> int:
    return len(next(iter(rows.values()), ())) if isinstance(rows, Mapping) else len(rows)


def _first(rows: Any, limit: int) -> Any:
    """At most so many rows."""
    if isinstance(rows, Mapping):
        return {name: values[:limit] for name, values in rows.items()}
    return rows.head(limit)


def _numeric(values: Sequence[Any]) -> bool:
    given = [value for value in values if value is not None]
    return bool(given) and all(isinstance(value, Number) and not isinstance(value, bool) for value in given)


def _texts(name: str, values: Sequence[Any], currencies: Sequence[Any] | None) -> list[str]:
    if name.endswith("_cents"):
        return amount_texts(values, currencies)
    grouped = not name.endswith("_id")
    return ["" if value is None else _text(value, grouped=grouped) for value in values]


def _text(value: Any, *, grouped: bool) -> str:
    from rich.markup import escape

    if isinstance(value, date):
        return f"{value:%Y-%m-%d %H:%M:%S}" if isinstance(value, datetime) else value.isoformat()
    if grouped and isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    return escape(str(value))
