"""The command `history`: what happened to one invoice."""

from collections.abc import Hashable, Mapping
from typing import Any

import pandas as pd

from invoicebatch.engine.plan.records import records
from invoicebatch.interfaces.cli.common import JsonOption, WorkspaceOption, opened, print_json, print_table


def history(invoice: str, *, json: JsonOption = False, workspace: WorkspaceOption = None) -> int:
    """Who did what to an invoice, when, and what it changed; NUMBER or id."""
    events = opened(workspace).history(invoice)
    if json:
        print_json(records(events))
        return 0
    print_table(
        pd.DataFrame(
            {
                "at": events["at"].dt.strftime("%Y-%m-%d %H:%M:%S"),
                "who": events["user"] + " (" + events["known_by"] + ", " + events["host"] + ")",
                "what": events["event"],
                "changed": [_changed(row) for row in events.to_dict("records")],
                "left": [_left(row) for row in events.to_dict("records")],
                "run": events["run_id"].str[:8],
            }
        ),
        title=f"History of {invoice}",
        limit=len(events) or 1,
    )
    return 0


def _changed(event: Mapping[Hashable, Any]) -> str:
    """Each changed column with its value before and after, and what was said about it."""
    pairs = event["changes"].items()
    changed = [f"{name}: {_shown(both['before'])} → {_shown(both['after'])}" for name, both in pairs]
    return "\n".join(changed + [f"{name}: {value}" for name, value in event["details"].items()])


def _shown(value: str | None) -> str:
    return "–" if value is None else value


def _left(event: Mapping[Hashable, Any]) -> str:
    """The files and messages that came of it."""
    messages = [f"{m['channel']} to {m['recipient']}: {m['status']}" for m in event["messages"]]
    return "\n".join([file["path"] for file in event["files"]] + messages)
