"""The messages of a plan on a terminal: as they will look, and as tests to oneself."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from invoicebatch.engine.plan.messages import PlannedMessage, described
from invoicebatch.engine.plan.plan import Plan
from invoicebatch.engine.plan.records import records
from invoicebatch.errors import NothingEligibleError, UsageError
from invoicebatch.interfaces.cli.common import SOME_NOT_DONE, print_json, print_table
from invoicebatch.model.status import OutboxStatus


def show_messages(
    plan: Plan, *, at: int | None, number: str | None, customer: str | None, json: bool, folder: Path | None
) -> int:
    """Print messages of a plan, or write them into a folder.

    Args:
        plan: whose messages.
        at: which one, from 1; without it and the next two, the first.
        number: those that carry this document.
        customer: those to this customer.
        json: print JSON.
        folder: where they are written, as `.eml`; None: nowhere.
    """
    if not len(plan.messages):
        raise NothingEligibleError(
            f"{plan.action.label} would send no message for these {plan.selected:,} rows.",
            f"Why: invoicebatch why {plan.action.name}, with the same selection.",
        )
    chosen = [plan.messages[place] for place in _places(plan, at, number, customer)]
    if folder is not None:
        for path in (path for each in chosen for path in each.save(folder)):
            print(path)
    elif json:
        print_json([{**each.to_dict(), "of": len(plan.messages)} for each in chosen])
    else:
        for each in chosen:
            _show(each)
        channels = ", ".join(f"{count:,} by {channel}" for channel, count in plan.messages.by_channel.items())
        shown = ", ".join(f"{each.at:,}" for each in chosen)
        print(f"Shown: {shown} of {plan.counted}: {channels}. Others: --mail N, --number or --customer.")
    return SOME_NOT_DONE if any(each.problem for each in chosen) else 0


def _places(plan: Plan, at: int | None, number: str | None, customer: str | None) -> Sequence[int]:
    if sum(each is not None for each in (at, number, customer)) > 1:
        raise UsageError("Say which message in one way.", "Either --mail, --number or --customer.")
    if number or customer:
        return plan.messages.places(number=number or "", customer=customer or "")
    place = 1 if at is None else at
    if not 1 <= place <= len(plan.messages):
        raise UsageError(
            f"There is no message {place}.", f"They are numbered from 1 to {len(plan.messages):,}."
        )
    return [place - 1]


def _show(message: PlannedMessage) -> None:
    for title, text in message.head.items():
        print(f"{title}: {text}")
    print()
    if message.text:
        print(message.text.strip(), end="\n\n")
    for file in message.enclosures:
        print(f"  {described(file)}")


def send_test(plan: Plan, to: str, limit: int, *, json: bool) -> int:
    """Send the plan's first mails to a person and print what became of them."""
    told = plan.send_test(to, limit)
    if json:
        print_json(records(told))
    else:
        print_table(told[["at", "number", "recipient", "subject", "outcome", "answer"]], title=_title(told))
    return 0 if (told["outcome"] == OutboxStatus.SENT.value).all() else SOME_NOT_DONE


def _title(told: pd.DataFrame) -> str:
    return f"Tests to {told['to'].iloc[0]}; nothing was changed"
