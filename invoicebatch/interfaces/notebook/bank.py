"""Steps of the notebook on customers' payments: reports read, payments matched, what is open, pictures."""

from collections.abc import Sequence
from typing import Final

import pandas as pd
from markupsafe import Markup

from invoicebatch.interfaces.api import Workspace
from invoicebatch.interfaces.notebook import steps
from invoicebatch.model.counted import counted

_SHOWN: Final = ["payment_id", "booked_on", "amount_cents", "currency", "payer", "text"]


def read(workspace: Workspace, files: Sequence[str] | None, *, dry_run: bool) -> None:
    """Read bank reports, each once, unless it is a dry run; what has no effect is shown."""
    for file in files or ():
        if dry_run:
            steps.html(Markup("<b>{}</b>: a dry run reads no report.").format(file))
            continue
        done = workspace.payments.read(file)
        head = Markup("<b>{}</b>: {}, {} read")
        steps.html(head.format(file, done.message, counted(done.read, "entry", "entries")))
        for frame in (done.booked, done.refused):
            if len(frame):
                steps.show_table(frame)
        for note in done.notes:
            steps.html(Markup("{}").format(note))


def match(workspace: Workspace, *, dry_run: bool) -> None:
    """Book what is certain, and show what is proposed."""
    done = workspace.payments.match(book=not dry_run)
    for title, frame in (("Booked", done.booked), ("Proposed", done.proposed), ("Refused", done.refused)):
        count = counted(frame["payment_id"].nunique(), "payment")
        steps.html(Markup("<b>{}</b>: {}").format(title, count))
        if len(frame):
            steps.show_table(frame.assign(payment_id=frame["payment_id"].str[:8]))
    booked, proposed = (frame["payment_id"].nunique() for frame in (done.booked, done.proposed))
    steps.record(
        {
            "action": "matching",
            "state": "planned" if dry_run else "finished",
            "selected": booked + proposed + len(done.open),
            "done": booked,
            "proposed": proposed,
        }
    )


def show_open(workspace: Workspace) -> None:
    """The payments that nobody knows a document for."""
    found = workspace.payments.incoming()
    rows = found[found["status"].eq("open")]
    steps.html(Markup("<b>Open</b>: {}").format(counted(len(rows), "payment")))
    if len(rows):
        steps.show_table(rows[_SHOWN].assign(payment_id=rows["payment_id"].str[:8]))


def by_evidence(payments: pd.DataFrame) -> "pd.Series[int]":
    """What came in, in whole units of money, by the evidence it was booked by, proposed for, or open.

    Args:
        payments: as `payments.incoming` gives them.
    """
    words = [
        (booked or proposed or [{"evidence": status.replace("_", " ")}])[0]["evidence"]
        .partition(" RF")[0]
        .rstrip(" 0123456789")
        for booked, proposed, status in zip(
            payments["booked"], payments["proposals"], payments["status"], strict=True
        )
    ]
    label = pd.Series(words, index=payments.index, dtype="str")
    label = label.mask(payments["status"].eq("proposed"), "proposed: " + label)
    sums = payments["amount_cents"].groupby(label).sum().sort_values(ascending=False)
    return (sums // 100).astype("int64")


def show_evidence(workspace: Workspace) -> None:
    """A picture of how much came in by which evidence."""
    payments = workspace.payments.incoming()
    for currency, rows in payments.groupby("currency"):
        steps.bar_chart(by_evidence(rows), f"Came in, {currency}, by evidence")
    if payments.empty:
        steps.html(Markup("No payment of a customer is known yet."))
