"""The command `rules`: the decision table of actions and facts."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from invoicebatch.interfaces.cli.common import (
    JsonOption,
    WorkspaceOption,
    opened,
    print_json,
    print_table,
    records,
)


def rules(
    *,
    xlsx: Annotated[Path | None, Parameter(help="Write the table to an Excel file")] = None,
    json: JsonOption = False,
    workspace: WorkspaceOption = None,
) -> int:
    """What each action asks of a row."""
    found = opened(workspace).rules
    table = found.decision_table()
    if xlsx is not None:
        from invoicebatch.interfaces.sheet.rules import write_rules

        write_rules(found, xlsx)
        print(f"Written: {xlsx}")
    elif json:
        print_json(records(table.reset_index()))
    else:
        print_table(table.reset_index() if table.index.name else table, title="Rules", limit=200)
    return 0
