"""The command `outbox`: the messages, and what a person decides about those in doubt or failed."""

import sys
from pathlib import Path
from typing import Annotated, Final

import pandas as pd
from cyclopts import App, Parameter

from invoicebatch.actions import find
from invoicebatch.engine.imports.delivery_reports import FAILURES
from invoicebatch.engine.outbox import Outbox
from invoicebatch.engine.plan.records import records
from invoicebatch.errors import ConfirmationError, InvoicebatchError, NothingEligibleError, UsageError
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
from invoicebatch.model.counted import counted
from invoicebatch.model.status import OutboxStatus

app = App(
    name="outbox",
    help="Messages to customers and other systems: list, resend, mark-sent, poll, import-bounces, accept-address.",
    help_format="plaintext",
)

_NAMED: Final = 20
"""Documents named one by one."""

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
    numbers = messages["number"].map(_first_numbers, na_action="ignore")
    shown = messages[_SHOWN].assign(message_id=messages["message_id"].str[:8], number=numbers)
    title = counted(len(messages), "message") + (f": {summary}" if summary else "")
    print_rows(messages, json=json, shown=shown, title=title, limit=limit)
    return 0


def _first_numbers(numbers: str) -> str:
    """The first of a message's documents, and how many more there are."""
    first, *more = numbers.split(", ")
    return f"{first} and {len(more)} more" if more else first


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
    """Send messages again: doubtful and failed ones, or a sent one once more, each with the document it had."""
    ws = opened(workspace)
    chosen = _chosen(ws.outbox, ids, status, run)
    if not chosen:
        return _nothing(json=json)
    about = ws.outbox.about(chosen)
    newer = _newer(about)
    if not yes:
        raise ConfirmationError(
            f"{counted(about['message_id'].nunique(), 'message')} would be sent again: {_carried(about)}.{_doubt(about)}{newer}",
            "Confirm with --yes.",
        )
    if newer:
        print(f"Sending again: {_carried(about)}.{newer}", file=sys.stderr)
    sent = ws.outbox.resend(chosen, progress=not json)
    arrived = sent["state"].isin([OutboxStatus.SENT, OutboxStatus.ACCEPTED])
    if json:
        print_json(records(sent))
    else:
        print(f"{counted(int(arrived.sum()), 'message')} sent again")
        if not arrived.all():
            _show(sent[~arrived], json=False)
    return 0 if arrived.all() else SOME_NOT_DONE


def _doubt(about: pd.DataFrame) -> str:
    return " One in doubt may have arrived already." if about["state"].eq(OutboxStatus.IN_DOUBT).any() else ""


def _carried(about: pd.DataFrame) -> str:
    """Which version of which document goes out, in words; many are counted by version."""
    known = about[about["version"].notna()]
    if known.empty:
        return "as they were"
    if len(known) <= _NAMED:
        return ", ".join(f"{row.number} in version {row.version}" for row in known.itertuples())
    counts = known["version"].value_counts()
    return ", ".join(f"{count:,} in version {version}" for version, count in counts.items())


def _newer(about: pd.DataFrame) -> str:
    """Where a newer document is there: that it is, and how to send that one."""
    older = about[(about["version"] < about["newest"]).fillna(value=False)]
    offers = []
    for name, rows in older.groupby("action", sort=False):
        if again := find(str(name)).waives:
            ids = ",".join(map(str, rows["invoice_id"].head(_NAMED)))
            chosen = f"--ids {ids}" if len(rows) <= _NAMED else '--where "changed_since_sent"'
            offers.append(f"invoicebatch run {name} {chosen} --{next(iter(again))}")
    if older.empty:
        return ""
    told = f" {len(older):,} of them {'has' if len(older) == 1 else 'have'} a newer document"
    return f"{told}; it is sent with: {'; '.join(offers)}" if offers else f"{told}."


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
    """Ask what became of messages: letters, e-invoices, mails that bounced; take buyers' answers from the hot folder."""
    found = opened(workspace)
    answers = found.poll_answers()
    if len(answers) and not json:
        print_table(answers, title=f"{counted(len(answers), 'answer')} of buyers", limit=200)
    news = found.outbox.poll()
    try:
        reports = found.poll_bounces(progress=not json)
    except InvoicebatchError:
        _show(news, json=json)  # what the others said is booked, whatever is wrong with the mailbox
        raise
    if len(reports) and not json:
        _show_reports(reports)
    bounced = reports["message_id"][reports["outcome"].isin(FAILURES)]
    messages = found.outbox.list()
    return _show(messages[messages["message_id"].isin([*news["message_id"], *bounced])], json=json)


@app.command(name="import-bounces")
def import_bounces(
    files: Annotated[
        list[Path],
        Parameter(help="Reports of mail servers: mails (.eml), folders, Maildirs", negative=""),
    ],
    *,
    json: JsonOption = False,
    workspace: WorkspaceOption = None,
) -> int:
    """Read bounces from files; a mail that did not arrive becomes failed, and its address is marked."""
    reports = opened(workspace).import_bounces(files)
    if json:
        print_json(records(reports))
    else:
        _show_reports(reports)
    return 0


def _show_reports(reports: pd.DataFrame) -> None:
    failed = reports["message_id"][reports["outcome"].isin(FAILURES)].nunique()
    title = f"{counted(len(reports), 'report')} of mail servers, {counted(failed, 'mail')} bounced"
    print_table(reports.drop(columns="message_id"), title=title, limit=200)


@app.command(name="accept-address")
def accept_address(
    addresses: Annotated[list[str] | None, Parameter(help="Addresses that are good after all")] = None,
    *,
    json: JsonOption = False,
    workspace: WorkspaceOption = None,
) -> int:
    """Mail to bounced addresses again; without an address: list those that nothing is mailed to."""
    found = opened(workspace)
    marks = found.accept_addresses(addresses) if addresses else found.bounced_addresses()
    what = "mailed to again" if addresses else "not mailed to"
    title = f"{counted(len(marks), 'bounced address', 'bounced addresses')} {what}"
    shown = marks.drop(columns="message_id")
    print_rows(marks, json=json, shown=shown, title=title, limit=None)
    return 0
