"""The command `review`: what is odd about a billing run before it is approved."""

from invoicebatch.engine.plan.records import records
from invoicebatch.interfaces.cli.common import (
    JsonOption,
    LimitOption,
    Select,
    WorkspaceOption,
    opened,
    print_json,
    print_table,
)

WAITING = "status in ('empty', 'approval_failed')"
"""What is reviewed where no selection is given."""


def review(
    select: Select | None = None,
    *,
    limit: LimitOption = None,
    json: JsonOption = False,
    workspace: WorkspaceOption = None,
) -> int:
    """What is odd about invoices, and why; without a selection: about all that wait for approval."""
    ws = opened(workspace)
    chosen = ws.select(WAITING) if select in (None, Select()) else select.of(ws)
    found = ws.review(chosen)
    if json:
        print_json(
            {
                "reviewed": found.reviewed,
                **found.counts,
                "no_history": records(found.no_history),
                "findings": records(found.findings if limit is None else found.findings.head(limit)),
            }
        )
        return 0
    print(found.summary)
    print_table(found.findings.drop(columns="invoice_id"), limit=limit or 50)
    return 0
