"""`payments match run`: what a planned matching sheet says is booked and set aside."""

from dataclasses import replace

from invoicebatch.engine.payments.allocations import allocate
from invoicebatch.engine.workspace import Workspace
from invoicebatch.interfaces.matching_sheet.plan import MatchingPlan


def run_matching(workspace: Workspace, plan: MatchingPlan) -> MatchingPlan:
    """Do what a plan says; the same sheet again changes nothing.

    Returns:
        The plan with what became of its rows.

    Raises:
        BusyError: the workspace is in another process's hands.
    """
    for row in plan.aside.to_dict("records"):
        workspace.payments.set_aside(row["payment_id"], row["reason"])
    _, refused = allocate(workspace.base, plan.wanted)
    lost = dict(zip(refused["payment_id"], refused["reason"], strict=True))
    done = plan.rows["outcome"].replace({"would book": "booked", "would set aside": "set aside"})
    failed = plan.rows["payment"].isin(lost) & done.eq("booked")
    reason = plan.rows["reason"].mask(failed, plan.rows["payment"].map(lost))
    return replace(plan, rows=plan.rows.assign(outcome=done.mask(failed, "refused"), reason=reason))
