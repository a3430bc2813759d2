"""A person's filter can filter, and nothing else."""

from collections.abc import Callable
from datetime import date

import pytest

from invoicebatch.errors import FilterError
from invoicebatch.interfaces.api import Workspace

TODAY = date(2026, 11, 22)


def find(workspace: Workspace, condition: str) -> list[int]:
    with workspace.store.read() as session:
        return session.matching(condition, TODAY).tolist()


def test_amounts_are_decimals_under_their_stored_name(make_workspace: Callable[..., Workspace]) -> None:
    workspace = make_workspace(4)
    assert find(workspace, "total = 121.00 and customer_name = 'Klant 1'") == [1, 4]
    assert find(workspace, "payment_status = 'open' and invoice_id in (2, 3)") == [2, 3]
    assert find(workspace, "total > 121") == []
    assert find(workspace, "\"customer_id\" = 'K0' and note is null") == [3]
    assert find(workspace, "external_id like '%0004' -- a comment") == [4]


@pytest.mark.parametrize(
    "condition",
    [
        "",
        "status =",
        "1=1; drop table invoices",
        "1=1) union select 1 from (values (1)",
        "exists (select * from read_text('/etc/hostname'))",
        "exists (select * from '/etc/hostname')",
        "invoice_id in (select customer_id from customers)",
        "(copy invoices to '/tmp/x')",
        "no_such_column = 1",
        "number = 'a' or getenv('HOME') = 'x' or no_such()",
    ],
)
def test_anything_but_filtering_is_refused_and_changes_nothing(
    make_workspace: Callable[..., Workspace], condition: str
) -> None:
    workspace = make_workspace(2)
    with pytest.raises(FilterError):
        find(workspace, condition)
    assert find(workspace, "true") == [1, 2]


def test_a_misspelt_column_gets_a_suggestion(make_workspace: Callable[..., Workspace]) -> None:
    workspace = make_workspace(1)
    with pytest.raises(FilterError) as caught:
        find(workspace, "statu = 'empty' and not (number = 'totl' or note is null)")
    assert caught.value.hint.startswith("Did you mean status")
    assert "note" not in caught.value.hint
    assert "total" not in caught.value.hint
    with pytest.raises(FilterError) as caught:
        find(workspace, "zzzz = 1")
    assert caught.value.hint.startswith("Columns: ")
    assert "total" in caught.value.hint
