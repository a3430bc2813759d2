"""A person's filter can filter, and nothing else."""

from collections.abc import Callable

import numpy as np
import pyarrow as pa
import pytest

from invoicebatch.engine.plan.choose import matching
from invoicebatch.errors import FilterError
from invoicebatch.interfaces.api import Workspace
from invoicebatch.store import filters


def find(workspace: Workspace, condition: str) -> list[int]:
    return matching(workspace.base, condition).tolist()


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
        "(select count(*) from range(1000000000000)) > 0",
        "(with recursive n(i) as (select 1 union all select i + 1 from n) select max(i) from n) > 0",
        "repeat('x', 2000000000) = note",
        "unnest(range(300000000)) > 0",
        "list_sum(range(300000000)) > 0",
        "replace(replace(note, 'x', 'xxxxxxxx'), 'x', 'xxxxxxxx') = ''",
        "row_number() over () > 1",
        "sum(total) > 1",
        "columns(*) is not null",
        "total = ?",
        "true) order by 1 limit (1",
        "true) group by invoice_id having (true",
        "other.total = 1",
        "(" * 5000 + "true" + ")" * 5000,
        "not " * 5000 + "true",
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


@pytest.mark.parametrize(
    "condition",
    [
        "Total between 100 and 200 and lower(customer_name) like 'klant%'",
        "invoices.total >= 121.00 and (due_date > invoice_date or invoice_date is null)",
        "coalesce(note, '') = '' and coalesce(year(invoice_date), 2000) >= 2000",
        "(invoice_date < current_date + interval 10 years) is null and not (status in ('deleted'))",
        "case when total > 0 then true else false end and cast(invoice_id as varchar) ~ '[0-9]+'",
        "customer_name ilike '%KLANT%' and customer_name not like '%x%' escape '!'",
        "starts_with(external_id, '') is not distinct from true or external_id is null",
    ],
)
def test_what_people_filter_by_is_taken(make_workspace: Callable[..., Workspace], condition: str) -> None:
    assert find(make_workspace(2), condition) == [1, 2]


def test_a_filter_that_takes_too_long_is_ended(
    make_workspace: Callable[..., Workspace], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(filters, "MAX_SECONDS", 0.0)
    rows = pa.table({"invoice_id": pa.array(np.arange(5_000_000))})
    slow = filters.parse(
        " and ".join(f"strftime(current_date + to_days(invoice_id % {n}), '%x') != ''" for n in range(1, 40))
    )
    with pytest.raises(FilterError, match="takes longer than"):
        slow.matching(rows)


def test_nobody_waits_for_a_filter(
    make_workspace: Callable[..., Workspace], monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = make_workspace(1)
    evaluated = filters.Filter.matching

    def beside_a_writer(self: filters.Filter, rows: pa.Table) -> object:
        with workspace.store.write():
            return evaluated(self, rows)

    monkeypatch.setattr(filters.Filter, "matching", beside_a_writer)
    assert find(workspace, "true") == [1]
