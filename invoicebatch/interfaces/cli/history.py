"""The command `history`: what happened to one invoice."""

from collections.abc import Mapping
from typing import Any

from invoicebatch.engine import history as engine
from invoicebatch.engine.history_words import called
from invoicebatch.engine.plan.records import records
from invoicebatch.interfaces.cli.common import (
    JsonOption,
    WorkspaceOption,
    looked_at,
    print_json,
    print_table,
)


def history(invoice: str, *, json: JsonOption = False, workspace: WorkspaceOption = None) -> int:
    """Who did what to an invoice, when, and what it changed; NUMBER or id."""
    events = engine.history(looked_at(workspace), invoice)
    if json:
        print_json(records({name: [event[name] for event in events] for name in engine.COLUMNS}))
        return 0
    shown = {
        "at": [f"{event['at']:%Y-%m-%d %H:%M:%S}" for event in events],
        "who": [f"{event['user']} ({event['known_by']}, {event['host']})" for event in events],
        "what": [called(event["event"]) for event in events],
        "changed": ["\n".join(event["told"]) for event in events],
        "left": [_left(event) for event in events],
        "run": [event["run_id"][:8] for event in events],
    }
    print_table(shown, title=f"History of {invoice}", limit=len(events) or 1)
    return 0


def _left(event: Mapping[str, Any]) -> str:
    """The files and messages that came of it."""
    messages = [f"{m['channel']} to {m['recipient']}: {m['status']}" for m in event["messages"]]
    return "\n".join([file["path"] for file in event["files"]] + messages)
