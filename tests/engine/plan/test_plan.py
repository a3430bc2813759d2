from collections.abc import Callable

import pandas as pd

from invoicebatch.engine.base import clock
from invoicebatch.interfaces.api import Workspace


def test_a_plan_and_its_report_are_told_under_the_same_keys(make_workspace: Callable[..., Workspace]) -> None:
    plan = make_workspace(2).select(ids=[1, 2]).plan("mark_as.exported")
    told = plan.to_dict()
    assert list(plan.apply().to_dict()) == [key for key in told if key != "preview"]


def test_a_plan_without_an_eligible_row_says_so_and_names_no_run(
    make_workspace: Callable[..., Workspace],
) -> None:
    told = make_workspace(1).select(ids=[1]).plan("create").to_dict()
    assert (told["run_id"], told["state"], told["eligible"]) == (None, "nothing_eligible", 0)
    assert [row["invoice_id"] for row in told["refused"]] == [1]


def test_amounts_of_a_plan_have_the_decimals_of_their_currency(
    make_workspace: Callable[..., Workspace],
) -> None:
    workspace = make_workspace(2)
    with workspace.store.write() as session:
        yen = pd.DataFrame({"invoice_id": [2], "currency": "JPY"})
        session.update("invoices", yen, clock.now())
    plan = workspace.select(all=True).plan("mark_as.reviewed", reason="looked at").to_dict()
    assert plan["totals"] == {"EUR": "121.00", "JPY": "121"}
