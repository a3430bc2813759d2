"""The command `rules`: the decision table of actions and facts, and the rule sets of electronic invoices."""

import sys
from pathlib import Path
from typing import Annotated, Literal

import pandas as pd
from cyclopts import Parameter

from invoicebatch.engine.plan.records import records
from invoicebatch.interfaces.api import Workspace
from invoicebatch.interfaces.cli.common import (
    JsonOption,
    WorkspaceOption,
    opened,
    print_json,
    print_table,
)


def rules(
    topic: Annotated[
        Literal["einvoice"] | None, Parameter(help="einvoice: the rule sets of electronic invoices instead")
    ] = None,
    /,
    *,
    xlsx: Annotated[Path | None, Parameter(help="Write the table to an Excel file")] = None,
    json: JsonOption = False,
    workspace: WorkspaceOption = None,
) -> int:
    """What each action asks of a row, or the rule sets of electronic invoices."""
    if topic == "einvoice":
        return _einvoice(opened(workspace), json)
    found = opened(workspace).base.rules
    table = found.decision_table()
    if xlsx is not None:
        from invoicebatch.interfaces.sheet.rules import write_rules

        write_rules(found, xlsx)
        print(f"Written: {xlsx}")
    elif json:
        print_json(records(table.reset_index()))
    else:
        print_table(_by_action(table), title="What each action asks of a row", limit=200)
        facts = found.fact_table()[["fact", "when", "reason"]]
        print_table(facts, title="The facts, and what is said where one does not hold", limit=200)
    for note in found.notes:
        print(note, file=sys.stderr)
    return 0


def _einvoice(workspace: Workspace, json: bool) -> int:
    """Every rule set: its days, its identifier and where its schematrons come from."""
    from invoicebatch.formats.validation.rule_set_table import rule_set_table

    table = rule_set_table(workspace.root, workspace.base.settings.einvoice.schematrons)
    if json:
        print_json(records(table))
    else:
        shown = ["id", "from", "until", "syntax", "schematron"]
        print_table(table[shown], title="Rule sets of electronic invoices", limit=200)
        print(
            "A schematron that no package ships is named under [einvoice.schematrons] in invoicebatch.toml."
        )
    return 0


def _by_action(table: pd.DataFrame) -> pd.DataFrame:
    """The decision table with one line an action: `part` facts and facts of the selection are marked."""
    rows = [
        {
            "action": action,
            "asks for": ", ".join(
                str(fact) if mark == "yes" else f"{fact} ({mark})" for fact, mark in marks.items() if mark
            )
            or "nothing",
        }
        for action, marks in zip(table.index, table.to_dict("records"), strict=True)
    ]
    return pd.DataFrame(rows)
