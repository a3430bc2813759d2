"""The command `outbox`: the messages, and what a person decides about those in doubt or failed."""

from pathlib import Path
from typing import Annotated

import pandas as pd
from cyclopts import App, Parameter

from invoicebatch.engine.outbox import Outbox
from invoicebatch.engine.plan.records import records
from invoicebatch.errors import ConfirmationError, NothingEligibleError, UsageError
from invoicebatch.interfaces.cli.common import (
    SOME_NOT_DONE,
    JsonOption,
    LimitOption,
    WorkspaceOption,
    opened,
    print_json,
    print_rows,
    print_table,
)
from invoicebatch.interfaces.cli.run_action import exit_code, show_report
from invoicebatch.model.counted import counted

app = App(
    name="outbox",
    help="Messages to customers and other systems: list, resend, mark-sent, poll, import-bounces.",
    help_format="plaintext",
)

_SHOWN = ["message_id", "number", "channel", "recipient", "state", "attempts", "answer", "updated_at"]

Ids = Annotated[list[str] | None, Parameter(help="Message ids, or their first characters")]
State = Annotated[str, Parameter(help="All messages in this state: in_doubt, failed, accepted, sent …")]
InRun = Annotated[str, Parameter(name="--run", help="Only messages of this run")]
Yes = Annotated[bool, Parameter(name=["--yes", "-y"], negative="", help="Confirm")]


@app.command(name="list")
def list_messages(
    *,
    status: State = "",
    channel: Annotated[str, Parameter(help="email, post, einvoice or external")] = "",
    run: InRun = "",
    limit: LimitOption = None,
    json: JsonOption = False,
    workspace: WorkspaceOption = None,
) -> int:
    """List messages, newest first."""
    messages = opened(workspace).outbox.list(status=status.replace("-", "_"), channel=channel, run=run)
    return _show(messages, json=json, limit=limit)


def _show(messages: pd.DataFrame, *, json: bool, limit: int | None = None) -> int:
    counts = messages["state"].astype("str").value_counts()
    summary = ", ".join(f"{count:,} {state}" for state, count in counts.items())
    shown = messages[_SHOWN].assign(message_id=messages["message_id"].str[:8])
    title = counted(len(messages), "message") + (f": {summary}" if summary else "")
    print_rows(messages, json=json, shown=shown, title=title, limit=limit)
    return 0


def _chosen(outbox: Outbox, ids: list[str] | None, status: str, run: str) -> list[str]:
    if bool(ids) == bool(status):
        raise UsageError(
            "Say which messages: their ids, or --status.", "See them with: invoicebatch outbox list"
        )
    if ids:
        return [str(message_id) for message_id in outbox.find(ids)["message_id"]]
    return [str(m) for m in outbox.list(status=status.replace("-", "_"), run=run)["message_id"]]


@app.command
def resend(
    ids: Ids = None,
    *,
    status: State = "",
    run: InRun = "",
    yes: Yes = False,
    json: JsonOption = False,
    workspace: WorkspaceOption = None,
) -> int:
    """Send messages again: doubtful and failed ones, or a sent one once more."""
    ws = opened(workspace)
    chosen = _chosen(ws.outbox, ids, status, run)
    if not chosen:
        return _nothing(json=json)
    if not yes:
        raise ConfirmationError(
            f"{counted(len(chosen), 'message')} would be sent again; one in doubt may have arrived already.",
            "Confirm with --yes.",
        )
    reports = ws.outbox.resend(chosen, progress=not json)
    if json:
        print_json([report.to_dict() for report in reports])
    else:
        for report in reports:
            show_report(report, json=False)
    states = ws.outbox.list()
    unsent = states[
        states["message_id"].isin(chosen) & states["state"].isin(["failed", "in_doubt", "pending"])
    ]
    return SOME_NOT_DONE if len(unsent) or any(exit_code(r) not in (0, SOME_NOT_DONE) for r in reports) else 0


def _nothing(*, json: bool) -> int:
    print_json([]) if json else print("There is no such message.")
    return NothingEligibleError.exit_code


@app.command(name="mark-sent")
def mark_sent(
    ids: Ids = None,
    *,
    status: State = "",
    run: InRun = "",
    json: JsonOption = False,
    workspace: WorkspaceOption = None,
) -> int:
    """Note that messages arrived; nothing is sent."""
    outbox = opened(workspace).outbox
    chosen = _chosen(outbox, ids, status, run)
    return _show(outbox.mark_sent(chosen), json=json) if chosen else _nothing(json=json)


@app.command
def poll(*, json: JsonOption = False, workspace: WorkspaceOption = None) -> int:
    """Ask what became of accepted messages: letters, e-invoices."""
    return _show(opened(workspace).outbox.poll(), json=json)


@app.command(name="import-bounces")
def import_bounces(
    folder: Annotated[Path, Parameter(help="Folder or Maildir with delivery status notifications")],
    *,
    json: JsonOption = False,
    workspace: WorkspaceOption = None,
) -> int:
    """Read bounces; a mail that did not arrive becomes failed."""
    bounces = opened(workspace).outbox.import_bounces(folder)
    if json:
        print_json(records(bounces))
    else:
        failed = int((bounces["outcome"] == "failed").sum())
        print_table(
            bounces.drop(columns="message_id"),
            title=f"{counted(len(bounces), 'bounce')}, {counted(failed, 'mail')} failed",
        )
    return 0
